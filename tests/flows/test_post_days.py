"""Days of posts from the plan to the warehouse and back: what one run was told, the next does not ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import pytest

import connectors
from connectors.sandbox.server import Sandbox
from flows.collecting.round import PlatformReport, prepare
from flows.refresh import refresh
from flows.registry import load
from flows.settings import Settings

REGISTRY = """\
id = "quiet-2019"
name = "A quiet page"
starts = 2019-10-29
ends = 2019-12-12
timezone = "Europe/London"

[[sides]]
id = "ours"
ours = true

[[accounts]]
side = "ours"
platform = "facebook"
handle = "oddquiet"
"""
NOON = datetime(2019, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Home:
    """A folder in which one campaign is collected from a sandbox and built."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        (folder / "campaign.toml").write_text(REGISTRY, encoding="utf-8")
        self._registry = load(folder / "campaign.toml", connectors.discover())
        # The others are nobody's here.
        named = {name: value for name, value in sandbox.settings.items() if name.startswith("FACEBOOK_")}
        self._settings = Settings(CAMPAIGN_HOME=folder / "data", **named)
        self._landing = folder / "data" / "landing"

    def collect(self, clock: datetime) -> PlatformReport:
        prepared = prepare(
            ["facebook"], settings=self._settings, registry=self._registry, clock=clock, as_of=clock
        )
        (report,) = prepared.take_all().platforms
        return report

    def build(self) -> None:
        refresh(self._settings, self._registry)

    def asked(self, clock: datetime) -> dict[str, tuple[datetime, datetime]]:
        """From when to when the days of each post were asked in the run of that moment."""
        found: dict[str, tuple[datetime, datetime]] = {}
        for file in self._landing.glob("platform=facebook/endpoint=post_days/*/*.parquet"):
            for row in pq.ParquetFile(file).read().to_pylist():
                if row["observed_at"] != clock:
                    continue
                for part in json.loads(json.loads(row["params"])["batch"]):
                    address = urlsplit(part["relative_url"])
                    query = parse_qs(address.query)
                    since, until = (
                        datetime.fromtimestamp(int(query[name][0]), UTC) for name in ("since", "until")
                    )
                    found[address.path.split("/")[1]] = since, until
        return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.chdir(tmp_path)
    with Sandbox(now=NOON) as sandbox:
        yield Home(tmp_path, sandbox)


def test_a_posts_days_are_asked_whole_once_then_every_six_hours_what_is_not_final(home: Home) -> None:
    assert home.collect(NOON).outcome == "ok"
    # Nothing is known of any post before the first build.
    assert home.asked(NOON) == {}
    home.build()
    second = NOON + HOUR
    assert home.collect(second).outcome == "ok"
    whole = home.asked(second)
    assert len(whole) > 3
    tonight = datetime(2019, 11, 21, 8, tzinfo=UTC)
    assert {until for _, until in whole.values()} == {tonight}
    assert min(since for since, _ in whole.values()) < NOON - 15 * 24 * HOUR
    home.build()
    # What was told is not asked again for six hours, and what was not told neither.
    assert home.collect(NOON + 6 * HOUR).outcome == "ok"
    assert home.asked(NOON + 6 * HOUR) == {}
    third = NOON + 7 * HOUR
    assert home.collect(third).outcome == "ok"
    again = home.asked(third)
    assert set(again) == set(whole)
    assert {until for _, until in again.values()} == {tonight}
    # The nineteenth is whole; of the days before it two may still be restated.
    lately = datetime(2019, 11, 17, 8, tzinfo=UTC)
    told = {post_id for post_id, (since, _) in again.items() if since >= lately}
    reels = set(again) - told
    assert len(told) > len(reels)
    assert all(again[post_id] == whole[post_id] for post_id in reels)
