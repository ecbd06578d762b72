"""The real pages of a real Prefect server, with the state of a campaign whose every name is hostile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from flows.answers.markdown import UNSEEN_SPACE
from flows.scheduled.pages import reports_served
from flows.scheduled.serving import _server, _settle_prefect, _wait_until_it_answers
from tests.flows.listeners import free_port
from tests.flows.test_artifacts import HOSTILE, hostile_lake, one_line

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

CAMPAIGN = Path(sys.executable).with_name("campaign")
# Prefect's two sets of pages; the first is what campaign serve shows.
OLDER, NEWER = "", "/v2"


@dataclass(frozen=True)
class Running:
    """A server's pages and the reports, by their addresses."""

    pages: str
    reports: str

    def newest(self, key: str) -> str:
        """The newest artifact of a key, by its id."""
        body = {"artifacts": {"key": {"any_": [key]}}}
        (found,) = requests.post(f"{self.pages}/api/artifacts/latest/filter", json=body, timeout=60).json()
        return str(found["latest_id"])


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server as campaign serve starts it, after a `campaign report` that it recorded."""
    hostile_lake(tmp_path)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    quiet = {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # What nobody here asks for, and takes seconds.
        "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    }
    monkeypatch.setattr(os, "environ", {**kept, **quiet, "CAMPAIGN_HOME": str(tmp_path)})
    _settle_prefect(tmp_path)
    port = free_port()
    pages = f"http://127.0.0.1:{port}"
    with _server(port) as server, reports_served(tmp_path / "reports", 0) as reports:
        _wait_until_it_answers(f"{pages}/api", server)
        said = subprocess.run(
            [CAMPAIGN, "report"],
            env={**os.environ, "PREFECT_API_URL": f"{pages}/api", "CAMPAIGN_REPORTS_URL": reports},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        yield Running(pages, reports)


def test_whoever_opens_the_pages_sees_how_a_campaign_stands_and_its_report(
    browser: Browser, running: Running
) -> None:
    asked: dict[str, set[str | None]] = {OLDER: set(), NEWER: set()}

    def refuse_strangers(route: Route) -> None:
        host = urlsplit(route.request.url).hostname
        asked[pages].add(host)
        if host == "127.0.0.1":
            route.continue_()
        else:
            route.abort()

    for pages in (OLDER, NEWER):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.route("**/*", refuse_strangers)
        page = context.new_page()
        page.goto(f"{running.pages}{pages}/artifacts/artifact/{running.newest('campaign-water')}")
        page.get_by_role("heading", name="Leaderboard").wait_for()
        page.get_by_text("11-04 to 11-05, split").first.wait_for()
        page.get_by_text("Warnings", exact=True).first.wait_for()
        shown = page.inner_text("body").replace(UNSEEN_SPACE, "")
        # As a heading; in the label of a link the older pages show the escapes too.
        assert one_line(HOSTILE) in shown
        assert "11-04 to 11-05, split" in shown
        links = [
            (each.inner_text().replace(UNSEEN_SPACE, "").replace("\\", ""), each.get_attribute("href") or "")
            for each in page.get_by_role("link").all()
        ]
        assert [label for label, href in links if href == "https://x.com/i/status/1"] == [
            one_line(HOSTILE),
            "x",
        ]
        assert [href for _, href in links if "evil" in href] == []
        to_report = page.get_by_role("link", name="The newest report")
        assert to_report.get_attribute("href") == f"{running.reports}/water/latest/report.html"
        reading = context.new_page()
        reading.goto(to_report.get_attribute("href") or "")
        assert one_line(HOSTILE) in reading.get_by_role("heading", level=1).inner_text()
        context.close()
    assert asked[OLDER] == {"127.0.0.1"}
