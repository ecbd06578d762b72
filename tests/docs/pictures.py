"""The pictures of the documents, taken of a real run.

    python -m tests.docs.pictures HOME [NAME]…

serves a copy of a demo's home on spare ports, has its deployments run against the sandbox, and writes
docs/pictures/NAME.png with Debian's Chromium: all of them, or those that are named.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import requests
from playwright.sync_api import Page, Request, ViewportSize, sync_playwright
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from connectors.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
CAMPAIGN = Path(sys.executable).with_name("campaign")
CHROMIUM = Path("/usr/bin/chromium")
# It asks nobody but the pages that it is led to.
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
SCREEN: ViewportSize = {"width": 1280, "height": 800}
LARGEST_BYTES = 250_000

SHOWN = "uk-general-election-2019"
# In the last hours of the campaign that the demo replays.
THEN = datetime(2019, 12, 12, 22, tzinfo=UTC)
PATIENCE_S = 600


@dataclass
class Scene:
    """A served home and a browser that looks at it."""

    pages: str
    reports: str
    page: Page
    strangers: list[str] = field(default_factory=list)

    def ask(self, path: str, **body: object) -> Any:
        return _asked("POST", f"{self.pages}/api{path}", json=body)

    def open(self, path: str, expected: str) -> None:
        """A page of the scheduler, once a text is to be seen on it."""
        self.page.goto(f"{self.pages}{path}")
        self.page.get_by_text(expected).first.wait_for()
        self.page.wait_for_load_state("networkidle")

    def newest_run(self, flow: str) -> str:
        """The id of a flow's last run that is over."""
        (run,) = self.ask(
            "/flow_runs/filter",
            flows={"name": {"any_": [flow]}},
            flow_runs={"state": {"type": {"any_": ["COMPLETED"]}}},
            sort="END_TIME_DESC",
            limit=1,
        )
        return str(run["id"])

    def artifact(self, key: str) -> str:
        """The id of the newest artifact under a key."""
        (found,) = self.ask("/artifacts/latest/filter", artifacts={"key": {"any_": [key]}})
        return str(found["latest_id"])


def prefect_runs(scene: Scene) -> None:
    scene.open("/runs", "build")


def prefect_deployments(scene: Scene) -> None:
    scene.open("/deployments", "after-collect")


def prefect_build_run(scene: Scene) -> None:
    scene.open(f"/runs/flow-run/{scene.newest_run('build')}", "Artifacts")
    scene.page.get_by_text("Artifacts", exact=True).first.click()
    scene.page.get_by_text(f"campaign-{SHOWN}").first.wait_for()


def prefect_artifacts(scene: Scene) -> None:
    scene.open("/artifacts", f"campaign-{SHOWN}")


def prefect_campaign(scene: Scene) -> None:
    scene.open(f"/artifacts/artifact/{scene.artifact(f'campaign-{SHOWN}')}", "Known gaps")


def prefect_leaderboard(scene: Scene) -> None:
    scene.open(f"/artifacts/artifact/{scene.artifact(f'leaderboard-{SHOWN}')}", "Lifetime totals")


def prefect_gaps(scene: Scene) -> None:
    scene.open(f"/artifacts/artifact/{scene.artifact(f'gaps-{SHOWN}')}", "polls missed")


def reports_index(scene: Scene) -> None:
    scene.page.goto(scene.reports)
    scene.page.get_by_text(SHOWN).first.wait_for()


def report_wide(scene: Scene) -> None:
    _show_report(scene, 1280, 1600, "light")


def report_dark(scene: Scene) -> None:
    _show_report(scene, 1280, 1600, "dark")


def report_phone(scene: Scene) -> None:
    _show_report(scene, 390, 844, "light")


def _show_report(scene: Scene, width: int, height: int, scheme: Literal["light", "dark"]) -> None:
    scene.page.set_viewport_size({"width": width, "height": height})
    scene.page.emulate_media(color_scheme=scheme)
    scene.page.goto(f"{scene.reports}/{SHOWN}/latest/report.html")


TAKEN: dict[str, Callable[[Scene], None]] = {
    "prefect-runs": prefect_runs,
    "prefect-deployments": prefect_deployments,
    "prefect-build-run": prefect_build_run,
    "prefect-artifacts": prefect_artifacts,
    "prefect-campaign": prefect_campaign,
    "prefect-leaderboard": prefect_leaderboard,
    "prefect-gaps": prefect_gaps,
    "reports-index": reports_index,
    "report-wide": report_wide,
    "report-dark": report_dark,
    "report-phone": report_phone,
}


def take(home: Path, names: list[str]) -> None:
    """Take the pictures. Raises AssertionError when a page called another machine or a picture is too
    large."""
    PICTURES.mkdir(exist_ok=True)
    with served(home) as (pages, reports), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        page = browser.new_page(viewport=SCREEN, color_scheme="light", locale="en-GB", timezone_id="UTC")
        scene = Scene(pages, reports, page)
        page.on("request", lambda request: _note(scene, request))
        for name in names:
            page.set_viewport_size(SCREEN)
            page.emulate_media(color_scheme="light")
            TAKEN[name](scene)
            file = PICTURES / f"{name}.png"
            page.screenshot(path=file, animations="disabled")
            assert file.stat().st_size < LARGEST_BYTES, f"{file} has {file.stat().st_size:,} bytes"
        browser.close()
    assert scene.strangers == []


def _note(scene: Scene, request: Request) -> None:
    if not request.url.startswith((f"{scene.pages}/", f"{scene.reports}/", "data:", "blob:")):
        scene.strangers.append(request.url)


@contextmanager
def served(home: Path) -> Iterator[tuple[str, str]]:
    """A copy of a demo's home under `campaign serve`, after every platform was asked, a build and a report;
    the addresses of the scheduler's pages and of the reports."""
    with TemporaryDirectory() as folder, Sandbox(now=THEN) as sandbox:
        copied = Path(folder) / "data"
        shutil.copytree(home, copied, symlinks=True)
        port, reports_port = _free_ports(2)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        environment = {**kept, **sandbox.settings, "CAMPAIGN_HOME": str(copied)}
        command = [str(CAMPAIGN), "serve", "--port", str(port), "--reports-port", str(reports_port)]
        log = Path(folder) / "serve.log"
        with log.open("w") as said:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        try:
            _wait_for(lambda: "Pages at" in log.read_text() or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            pages = f"http://127.0.0.1:{port}"
            _have_everything_run(pages)
            yield pages, f"http://127.0.0.1:{reports_port}"
        finally:
            process.terminate()
            process.wait()


def _have_everything_run(pages: str) -> None:
    platforms = re.findall(r"platforms: \[(\w+)\]", (ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    as_of = THEN.isoformat()
    _run(pages, {f"collect/{name}": {"as_of": as_of, "everything": True} for name in platforms})
    _run(pages, {"build/after-collect": {}})
    _run(pages, {"report/daily": {}, "watch/hourly": {"as_of": as_of}})


def _run(pages: str, ordered: dict[str, dict[str, object]]) -> None:
    """Has deployments run, and waits until they have."""
    runs = []
    for name, parameters in ordered.items():
        found = _asked("GET", f"{pages}/api/deployments/name/{name}")
        given = {"parameters": found["parameters"] | parameters}
        made = _asked("POST", f"{pages}/api/deployments/{found['id']}/create_flow_run", json=given)
        runs.append(made["id"])

    def are_over() -> bool:
        states = [_asked("GET", f"{pages}/api/flow_runs/{run}")["state"] for run in runs]
        failed = [state["message"] for state in states if state["type"] in ("FAILED", "CRASHED")]
        assert failed == []
        return all(state["type"] == "COMPLETED" for state in states)

    _wait_for(are_over)


def _asked(method: str, address: str, **body: object) -> Any:
    """What the server answers; while its database is locked it says 503."""
    with requests.Session() as session:
        patient = Retry(8, backoff_factor=0.1, status_forcelist=[503], allowed_methods=None)
        session.mount("http://", HTTPAdapter(max_retries=patient))
        answer = session.request(method, address, timeout=60, **body)  # type: ignore[arg-type]
        answer.raise_for_status()
        return answer.json()


def _wait_for(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s, "it did not come to that"
        time.sleep(0.5)


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


if __name__ == "__main__":
    take(Path(sys.argv[1]), sys.argv[2:] or [*TAKEN])
