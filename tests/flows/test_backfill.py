"""Backfills over real HTTP: only holes are asked, once, beside collects, and never beyond the budget."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.sandbox.server import Sandbox
from connectors.spending import Ledger
from flows.collecting.round import PlatformReport
from flows.collecting.turns import collects_turn
from flows.history.backfilling import Silent
from flows.history.holes import Window
from flows.home import LEDGER
from flows.refresh import refresh
from flows.refused import Refused
from flows.settings import Settings
from tests.flows.backfill_world import NOON, REGISTRY, Gate, Home
from warehouse.publish import open_published
from warehouse.told import told

DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path, sandbox: Sandbox, door: Gate, monkeypatch: pytest.MonkeyPatch) -> Home:
    return home_in(tmp_path, sandbox, door, monkeypatch)


def home_in(
    folder: Path, sandbox: Sandbox, door: Gate, monkeypatch: pytest.MonkeyPatch, registry: str = REGISTRY
) -> Home:
    """A home whose credentials are in the environment, where further ones are looked for."""
    for name in list(os.environ):
        if name.startswith(("CAMPAIGN_", "FACEBOOK_", "X_", "YOUTUBE_", "INSTAGRAM_", "TIKTOK_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    for name, value in sandbox.settings.items():
        monkeypatch.setenv(name, value.replace(sandbox.url, door.url))
    return Home(folder, door, registry)


class Watching(Silent):
    """Keeps what a backfill tells of itself."""

    def __init__(self) -> None:
        self.ended_windows: list[Window] = []
        self.waits = threading.Event()

    def ended(self, platform: str, window: Window, report: PlatformReport) -> None:
        self.ended_windows.append(window)

    def waiting(self, platform: str) -> None:
        self.waits.set()


def days_of(asked: list[dict[str, str]]) -> set[tuple[date, date]]:
    """The Pacific days between the bounds that insights were asked for."""

    def day(epoch: str) -> date:
        return (datetime.fromtimestamp(int(epoch), UTC) - timedelta(hours=8)).date()

    return {(day(one["since"]), day(one["until"]) - DAY) for one in asked}


def test_days_that_landed_are_not_asked_again_built_or_not(home: Home, door: Gate) -> None:
    fifth = datetime(2019, 11, 5, 12, tzinfo=UTC)
    assert home.collect("facebook", fifth).outcome == "ok"
    assert home.collect("x", fifth).outcome == "ok"
    door.asked.clear()
    report = home.fill("2019-11-01", "2019-11-08", "facebook", "x")
    assert report.is_success
    # The fourth was over for the platform when it was told; the fifth was running.
    insights = [one for one in door.of("/insights") if one.get("period") == "day"]
    assert days_of(insights) == {(date(2019, 11, 5), date(2019, 11, 8))}
    assert {one["start_time"][:10] for one in door.of("/2/tweets/counts")} == {"2019-11-05"}
    # What the collect listed up to its moment is not listed again.
    assert {one["since"] for one in door.of("/posts")} == {
        str(int(datetime(2019, 11, 5, tzinfo=UTC).timestamp()))
    }


def test_posts_that_the_listing_finds_have_their_days_asked_in_the_same_run(home: Home) -> None:
    report = home.fill("2019-11-04", "2019-11-10", "facebook")
    (fill,) = report.platforms
    assert (fill.outcome, fill.windows) == ("ok", fill.planned)
    assert {"page_posts", "page_insights", "post_days"} <= set(fill.responses)


def test_what_was_asked_to_its_end_is_not_asked_again(home: Home, door: Gate) -> None:
    assert home.fill("2019-11-04", "2019-11-10").is_success
    first = len(door.asked)
    assert first > 20
    report = home.fill("2019-11-04", "2019-11-10")
    assert len(door.asked) == first
    assert {each.outcome for each in report.platforms} == {"nothing to ask"}


def test_a_longer_window_asks_only_what_is_new_in_it(home: Home, door: Gate) -> None:
    assert home.fill("2019-11-04", "2019-11-10", "x").is_success
    door.asked.clear()
    assert home.fill("2019-11-04", "2019-11-12", "x").is_success
    assert {one["start_time"][:10] for one in door.of("/2/tweets/counts")} == {"2019-11-11"}
    assert {one["start_time"][:10] for one in door.of("/tweets") if "max_results" in one} == {"2019-11-11"}


def test_days_that_were_not_final_are_asked_again_after_some_hours_or_when_that_is_wanted(
    home: Home, door: Gate
) -> None:
    # Reports are complete three days after a day's end.
    assert home.fill("2019-11-18", "2019-11-19", "youtube").is_success
    (report,) = door.of("/v2/reports")
    assert home.fill("2019-11-18", "2019-11-19", "youtube").is_success
    assert door.of("/v2/reports") == [report]
    assert home.backfill("2019-11-18", "2019-11-19", "youtube", again=True).take_all().is_success
    assert len(door.of("/v2/reports")) == 2
    assert home.fill("2019-11-18", "2019-11-19", "youtube", clock=NOON + timedelta(hours=7)).is_success
    assert len(door.of("/v2/reports")) == 3


def test_a_dry_run_asks_nothing_and_leaves_nothing(home: Home, door: Gate) -> None:
    dry = home.backfill("2019-11-04", "2019-11-10", is_dry=True)
    facebook, x, youtube = dry.forecasts()
    assert facebook.calls["page_posts"] >= 1
    assert facebook.calls["page_insights"] == 2
    # A week of an account's retweets, of a hashtag's mentions, and the account itself at a cent each.
    assert x.calls["counts"] == 2
    assert x.usd is not None
    assert x.usd >= Decimal("0.03")
    assert youtube.usd is None
    whys = {(one.platform, one.object_type, metric): one.why for one in dry.lost() for metric in one.metrics}
    assert "lifetime counter" in whys["x", "post", "retweets"]
    assert whys["facebook", "post of others", "views"] == "told to an account's owners alone"
    assert ("youtube", "post", "shares") not in whys
    assert door.asked == []
    assert not list((home.folder).glob("data/**/*"))


def test_a_platform_without_a_credential_is_named_and_skipped(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FACEBOOK_ACCESS_TOKEN")
    home.settings = Settings(CAMPAIGN_HOME=home.folder / "data")
    report = home.fill("2019-11-04", "2019-11-05", "facebook", "x")
    facebook, x = report.platforms
    assert (facebook.outcome, facebook.message) == (
        "skipped",
        "facebook: no credential; set FACEBOOK_ACCESS_TOKEN",
    )
    assert (x.outcome, report.is_success) == ("ok", True)
    assert not home.fill("2019-11-04", "2019-11-05", "facebook").is_success


def test_a_collect_takes_its_turn_between_two_windows(home: Home, door: Gate) -> None:
    watching = Watching()
    inside, may_go_on = threading.Event(), threading.Event()

    def hold(number: int) -> None:
        if number == 1:
            inside.set()
            may_go_on.wait(30)

    door.before = hold
    filling = threading.Thread(
        target=lambda: home.fill("2019-11-04", "2019-11-10", "x", progress=watching), name="filling"
    )
    filling.start()
    assert inside.wait(30)
    reports: list[PlatformReport] = []
    collecting = threading.Thread(target=lambda: reports.append(home.collect("x", NOON)))
    collecting.start()
    turn = home.folder / "data" / ".collect-x.turn"
    deadline = threading.Event()
    for _ in range(300):
        if turn.exists() and _is_locked(turn):
            break
        deadline.wait(0.05)
    may_go_on.set()
    collecting.join(60)
    before_the_rest = len(watching.ended_windows)
    filling.join(60)
    assert reports[0].outcome == "ok"
    assert before_the_rest < len(watching.ended_windows)


def _is_locked(path: Path) -> bool:
    with path.open("a") as file, suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    return True


def test_a_backfill_that_meets_a_collect_waits_and_says_so(home: Home) -> None:
    watching = Watching()
    with collects_turn(home.folder / "data", "x"):
        filling = threading.Thread(
            target=lambda: home.fill("2019-11-04", "2019-11-05", "x", progress=watching)
        )
        filling.start()
        assert watching.waits.wait(30)
        assert watching.ended_windows == []
    filling.join(60)
    assert watching.ended_windows


def test_a_second_backfill_is_refused_in_one_line(home: Home, door: Gate) -> None:
    inside, may_go_on = threading.Event(), threading.Event()

    def hold(number: int) -> None:
        inside.set()
        may_go_on.wait(30)

    door.before = hold
    filling = threading.Thread(target=lambda: home.fill("2019-11-04", "2019-11-05", "x"))
    filling.start()
    try:
        assert inside.wait(30)
        with pytest.raises(Refused, match="another backfill is running; let it finish"):
            home.fill("2019-11-04", "2019-11-05", "x")
    finally:
        may_go_on.set()
        filling.join(60)


def test_a_budget_holds_and_the_next_day_goes_on(
    tmp_path: Path, sandbox: Sandbox, door: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = '\n[[budgets]]\nplatform = "x"\nusd_per_day = 0.04\n'
    home = home_in(tmp_path, sandbox, door, monkeypatch, REGISTRY + budget)
    (forecast,) = home.backfill("2019-10-31", "2019-11-18", "x", is_dry=True).forecasts()
    assert "0.040 are left" in forecast.message
    spent = []
    outcomes = []
    for day in range(12):
        clock = NOON + day * DAY
        report = home.fill("2019-10-31", "2019-11-18", "x", clock=clock)
        with Ledger(tmp_path / "data" / LEDGER) as ledger:
            spent.append(ledger.spent("x", "uk-2019", clock.date(), clock.date()).usd)
        outcomes.append(report.platforms[0].outcome)
        if report.is_success:
            break
        assert "usd_per_day" in report.complaints[0]
        assert "windows are left" in report.complaints[0]
    assert outcomes[0] == "partial"
    assert outcomes[-1] == "ok"
    assert all(usd <= Decimal("0.04") for usd in spent)


def test_after_a_build_the_holes_are_filled(home: Home) -> None:
    assert home.fill("2019-11-11", "2019-11-17", "facebook", "x").is_success
    landed = told_in(home)
    refresh(home.settings, home.registry)
    # Whatever is built of it, the answers tell the same.
    assert told_in(home) == landed
    with open_published(home.settings.warehouse) as con:
        found = con.execute(
            "select platform, object_type, count(distinct day) from marts.platform_daily "
            "where is_whole and day between '2019-11-11' and '2019-11-17' group by all"
        ).fetchall()
        mentions = con.execute("select count(mentions) from marts.hashtag_daily").fetchone()
    days = {(platform, kind): count for platform, kind, count in found}
    assert set(days.values()) == {7}
    assert set(days) == {
        ("facebook", "account"),
        ("facebook", "post"),
        ("x", "account"),
        ("x", "hashtag"),
    }
    assert mentions == (7,)
    # And what the tables know is not asked either, without the record of what was asked.
    for record in (home.settings.home / ".backfills").iterdir():
        record.unlink()
    report = home.fill("2019-11-11", "2019-11-17", "x")
    assert report.platforms[0].outcome == "nothing to ask"
    # A build that makes the readings again takes them away first.
    next((home.settings.readings / "platform=x").glob("*/*.parquet")).unlink()
    assert told_in(home) == landed
    for counts in home.settings.landing.glob("platform=x/endpoint=counts/*/*.parquet"):
        counts.write_bytes(counts.read_bytes()[:100])
    assert not {kind for kind, _ in told_in(home)} & {"hashtag", "account"}


def told_in(home: Home) -> dict[tuple[str, str], frozenset[date]]:
    """The days of X that are told as whole."""
    first, last = date(2019, 11, 1), date(2019, 11, 30)
    return told(home.settings.landing, home.settings.readings, "x", first, last).days
