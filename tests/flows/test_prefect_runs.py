"""The flows under Prefect: without a server, and with one, its deployments and a worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from flows.settings import CREDENTIALS
from tests.flows.conftest import FACEBOOK_TOKEN, REGISTRY, X_TOKEN, Vendor, answer, serving

CHECKOUT = Path(__file__).parents[2]
PREFECT = Path(sys.executable).with_name("prefect")
CAMPAIGN = Path(sys.executable).with_name("campaign")

# All in one process: an ephemeral server takes seconds to start.
UNSERVED = """
import fcntl, os
from datetime import datetime
from flows.build import build, recorded_build
from flows.collect import collect
from warehouse.build import AnotherBuild
for state in (
    collect(["x"], as_of=datetime.fromisoformat("2026-05-20T12:00Z"), return_state=True),
    collect(["x"], as_of=datetime.fromisoformat("2026-05-20T12:00"), return_state=True),
    collect(besides=["x", "facebook"], as_of=datetime.fromisoformat("2026-05-20T12:00Z"), return_state=True),
    build(return_state=True),
):
    print(state.type.value, state.message, sep=": ")
with open(os.environ["CAMPAIGN_HOME"] + "/.collect-x.lock", "a") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    state = collect(["x"], as_of=datetime.fromisoformat("2026-05-21T12:00Z"), return_state=True)
    print(state.type.value, state.message, sep=": ")
with open(os.environ["CAMPAIGN_HOME"] + "/.build.lock", "a") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    state = build(return_state=True)
    print(state.type.value, state.name, state.message, sep=": ")
    try:
        recorded_build(False, None)
    except AnotherBuild as refusal:
        print(type(refusal).__name__, refusal, sep=": ")
"""


class Scene:
    """A home, a platform, and a Prefect that live as long as this module's tests."""

    def __init__(self, folder: Path, vendor: Vendor) -> None:
        self.folder = folder
        self.vendor = vendor
        (folder / "campaigns").mkdir()
        (folder / "campaigns" / "water.toml").write_text(REGISTRY)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = kept | {
            "CAMPAIGN_HOME": str(folder / "data"),
            "CAMPAIGN_REGISTRY": str(folder / "campaigns"),
            "X_API_URL": vendor.url,
            "X_BEARER_TOKEN": X_TOKEN,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "DO_NOT_TRACK": "1",
        }
        self.api = ""

    def run(self, *command: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=CHECKOUT,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ask(self, path: str, **body: object) -> Any:
        response = requests.post(f"{self.api}{path}", json=body, timeout=10)
        response.raise_for_status()
        return response.json()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with serving() as vendor:
        vendor.plays_x()
        yield Scene(tmp_path_factory.mktemp("prefect"), vendor)


@pytest.fixture(scope="module")
def unserved(scene: Scene) -> list[str]:
    """The final states of flow runs without a server; leaves Prefect's database made, for the server."""
    ran = scene.run(sys.executable, "-c", UNSERVED)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


@pytest.fixture(scope="module")
def server(scene: Scene, unserved: list[str]) -> Iterator[Scene]:
    """The scene with a Prefect server on loopback, a work pool and everything that prefect.yaml deploys."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    scene.api = scene.environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    command = [str(PREFECT), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (
        (scene.folder / "server.log").open("w") as log,
        subprocess.Popen(
            [*command, "--no-services", "--no-ui"], env=scene.environment, stdout=log, stderr=log
        ) as process,
    ):
        try:
            _wait_until_healthy(scene)
            for arguments in (
                ["work-pool", "create", "campaign", "--type", "process", "--overwrite"],
                ["--no-prompt", "deploy", "--all"],
            ):
                done = scene.run(PREFECT, *arguments)
                assert done.returncode == 0, done.stdout + done.stderr
            yield scene
        finally:
            process.terminate()


def _wait_until_healthy(scene: Scene) -> None:
    patient = Retry(total=None, connect=400, backoff_factor=0.05, backoff_max=0.2)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=patient))
        session.get(f"{scene.api}/health", timeout=10).raise_for_status()


def test_flows_run_without_a_server(unserved: list[str]) -> None:
    collected, naive, others, built, _, _, _ = unserved
    assert collected == others == "COMPLETED: everything that was due was read"
    assert naive == ("FAILED: '2026-05-20T12:00:00' names no time zone; add Z or an offset such as +01:00")
    assert built.startswith("COMPLETED: published (")


def test_a_collect_that_meets_another_leaves_the_platform_to_it(unserved: list[str]) -> None:
    assert unserved[-3] == "COMPLETED: x: another collect of it is running; let it finish"


def test_a_build_that_meets_another_is_skipped_and_whoever_ordered_it_is_told(unserved: list[str]) -> None:
    skipped, told = unserved[-2:]
    assert skipped == ("COMPLETED: Skipped: skipped: another build is running, it takes in what has landed")
    assert told.startswith("AnotherBuild: another build is running")


def test_every_platform_that_a_deployment_asks_has_a_connector() -> None:
    import connectors

    deployments = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())["deployments"]
    asked = {name for entry in deployments for name in entry["parameters"].get("platforms", [])}
    assert set(CREDENTIALS) <= asked <= set(connectors.discover())


def test_every_platform_is_asked_by_one_deployment_whether_it_has_one_of_its_own_or_not() -> None:
    deployments = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())["deployments"]
    collecting = [entry["parameters"] for entry in deployments if "collect.py" in entry["entrypoint"]]
    own = [name for parameters in collecting for name in parameters.get("platforms", [])]
    (others,) = [parameters["besides"] for parameters in collecting if "besides" in parameters]
    assert sorted(own) == sorted(set(own)) == sorted(others)


def test_what_prefect_yaml_names_is_deployed(server: Scene) -> None:
    deployed = {entry["name"]: entry for entry in server.ask("/deployments/filter")}
    collecting = {*CREDENTIALS, "others"}
    assert set(deployed) == {*collecting, "after-collect", "nightly"}
    for name, strategy in {
        **dict.fromkeys(collecting, "CANCEL_NEW"),
        "after-collect": "ENQUEUE",
        "nightly": "ENQUEUE",
    }.items():
        entry = deployed[name]
        assert entry["concurrency_options"]["collision_strategy"] == strategy
        assert entry["global_concurrency_limit"]["limit"] == 1
        assert [each["schedule"]["timezone"] for each in entry["schedules"]] == ["Europe/London"]
        assert entry["description"]


def test_a_worker_runs_a_deployment_and_leaves_a_report(server: Scene) -> None:
    ordered = server.run(PREFECT, "deployment", "run", "collect/x", "-p", "as_of=2026-05-21T12:00Z")
    assert ordered.returncode == 0, ordered.stderr
    worked = server.run(PREFECT, "worker", "start", "--pool", "campaign", "--run-once")
    assert worked.returncode == 0, worked.stderr
    runs = server.ask("/flow_runs/filter", sort="START_TIME_DESC")
    run = next(run for run in runs if run["deployment_id"])
    assert run["state"]["type"] == "COMPLETED", run["state"]
    assert run["name"] == "collect x 2026-05-21T12:00Z"
    reports = server.ask("/artifacts/filter")
    report = next(report for report in reports if report["flow_run_id"] == run["id"])
    assert report["key"] == "collect-report"
    assert "timeline 1" in str(report["data"])
    assert "spent today, USD" in str(report["data"])
    landed = server.folder / "data" / "landing" / "platform=x" / "endpoint=timeline" / "date=2026-05-21"
    assert len(list(landed.glob("*.parquet"))) == 1


def test_a_build_leaves_a_report_of_what_it_published(server: Scene) -> None:
    report = next(report for report in server.ask("/artifacts/filter") if report["key"] == "build-report")
    assert "facts.group_days" in str(report["data"])
    told = report["description"].splitlines()
    assert told[0].startswith(f"- {server.folder / 'data' / 'warehouse.duckdb'}: full; ")
    assert told[1] == "- earlier builds kept: none"


def test_a_failed_platform_fails_the_recorded_run_and_keeps_the_other(server: Scene) -> None:
    refusal = {"error": {"message": f"Malformed {FACEBOOK_TOKEN}", "type": "OAuthException", "code": 190}}
    server.vendor.answers["/graph"] = answer(refusal, 400)
    said = server.run(
        CAMPAIGN,
        "collect",
        "--as-of",
        "2026-05-22T12:00Z",
        FACEBOOK_API_URL=f"{server.vendor.url}/graph",
        FACEBOOK_ACCESS_TOKEN=FACEBOOK_TOKEN,
    )
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].startswith("campaign: facebook: the token was refused")
    (run,) = server.ask("/flow_runs/filter", flow_runs={"name": {"like_": "2026-05-22"}})
    assert run["state"]["type"] == "FAILED"
    assert run["state"]["message"].startswith("facebook: the token was refused")
    landed = server.folder / "data" / "landing"
    assert list(landed.glob("platform=x/*/date=2026-05-22/*.parquet"))
    assert list(landed.glob("platform=facebook/*/date=2026-05-22/*.parquet"))


def test_prefect_keeps_no_secret(server: Scene) -> None:
    kept = b"".join(path.read_bytes() for path in server.folder.rglob("*") if path.is_file())
    assert X_TOKEN.encode() not in kept
    assert FACEBOOK_TOKEN.encode() not in kept


def test_a_server_that_is_not_there_is_one_line(scene: Scene) -> None:
    said = scene.run(CAMPAIGN, "build", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].startswith("campaign: the Prefect server of PREFECT_API_URL")
