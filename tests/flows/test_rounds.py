"""What a round gives to a connector, and which platforms a collect asks: shown with a platform that this test
makes up, and with X over a loopback."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests

import connectors
from connectors.asking import Ask
from connectors.errors import Gone, OverBudget, RateLimited, Transient, Unreadable
from connectors.spending import Ledger, Line, Purse
from connectors.wire import WireSession
from flows.collecting.round import Collection, prepare
from flows.collecting.turns import backfills_turn, collects_turn
from flows.health.last_runs import read_run, round_of
from flows.home import LEDGER, PACE
from flows.refused import Refused, UnknownName
from flows.registry import load
from flows.settings import Settings
from tests.flows.conftest import REGISTRY, Vendor, answer
from warehouse.one_at_a_time import one_at_a_time

SECRET = "secret-of-bluebird"
CLOCK = datetime(2026, 5, 20, 12, tzinfo=UTC)

BLUEBIRD = """
[[accounts]]
side = "ours"
platform = "bluebird"
handle = "water"
"""
HASHTAG = (
    '\n[[assets]]\nid = "vote"\ntitle = "Vote"\nside = "ours"\nkind = "hashtag"\nhashtag = "VoteWater"\n'
)
BUDGET = '\n[[budgets]]\nplatform = "{}"\nusd_per_day = {}\n'
AUDIENCE = """
[[audiences]]
id = "gb"
label = "GB"
platform = "bluebird"
ad_account = "act_1"
targeting = { geo_locations = { countries = ["GB"] } }
"""


@dataclass
class Bluebird:
    """A platform that nobody has heard of; `given` is what its connector was called with."""

    constants: dict[str, object] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)
    price: Decimal = Decimal("0.25")
    notes: list[Any] = field(default_factory=list)
    # What its connector fails with once it has been answered.
    fails_with: BaseException | None = None
    misjudges_with: Exception | None = None

    def module(self) -> ModuleType:
        def judge(response: requests.Response) -> None:
            if self.misjudges_with is not None:
                raise self.misjudges_with

        def collect(ask: Ask, session: WireSession, credential: str, **options: Any) -> None:
            self.asks.append(ask)
            self.given = options
            for trouble in self.notes:
                session.note(trouble)
            purse: Purse | None = options.get("purse")
            with session.asking("timeline", "water-2026"):
                if purse is None:
                    session.get("https://bluebird.example/timeline")
                else:
                    with purse.buying("water-2026", Line("post", self.price, count=1)) as receipt:
                        session.get("https://bluebird.example/timeline")
                        receipt.got(Line("post", self.price, count=1))
            if self.fails_with is not None:
                raise self.fails_with

        module = ModuleType("bluebird")
        module.__dict__.update(
            PLATFORM="bluebird",
            CREDENTIAL="BLUEBIRD_ACCESS_TOKEN",
            SDK_URL="https://bluebird.example",
            API_URL="https://bluebird.example",
            parse_post_url=lambda url: None,
            parse_post_id=lambda text: text,
            parse_handle=lambda text: text,
            judge=judge,
            **{"collect": collect, **self.constants},
        )
        return module


@pytest.fixture
def bluebird(home: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Bluebird:
    vendor.answers["/timeline"] = answer({})
    monkeypatch.setenv("BLUEBIRD_API_URL", vendor.url)
    monkeypatch.setenv("BLUEBIRD_ACCESS_TOKEN", SECRET)
    return Bluebird()


def prepared(bluebird: Bluebird, registry: str, *platforms: str, **options: Any) -> Collection:
    (Path("campaigns") / "water.toml").write_text(registry)
    settings = Settings()
    known = {**connectors.discover(), "bluebird": bluebird.module()}
    given = {"clock": CLOCK, "as_of": CLOCK, **options}
    return prepare(
        platforms or None,
        settings=settings,
        registry=load(settings.registry, known),
        connectors=known,
        **given,
    )


def test_a_platform_that_costs_nothing_gets_no_purse(bluebird: Bluebird) -> None:
    report = prepared(bluebird, REGISTRY + BLUEBIRD).take("bluebird")
    assert (report.outcome, report.responses, report.spent_today_usd) == ("ok", {"timeline": 1}, None)
    assert bluebird.given == {}


def test_mentions_that_are_refused_are_a_trouble_until_they_are_asked_again(bluebird: Bluebird) -> None:
    bluebird.constants["MENTIONS"] = ("hashtag",)
    bluebird.notes = [Unreadable("bluebird", "bluebird: mentions refused; grant it")]

    def refused(hours: int) -> bool:
        clock = CLOCK + timedelta(hours=hours)
        given = prepared(bluebird, REGISTRY + BLUEBIRD + HASHTAG, clock=clock, as_of=clock, now=lambda: clock)
        given.take("bluebird")
        last = read_run(round_of(Settings().home, "bluebird"))
        assert last is not None
        return last.refused is not None

    assert refused(0)
    bluebird.notes = []
    assert [refused(hours) for hours in (1, 5, 6)] == [True, True, False]
    assert [bool(ask.mentions) for ask in bluebird.asks] == [True, False, False, True]


def test_a_platform_that_a_backfill_keeps_was_not_read_and_the_collect_says_so(
    bluebird: Bluebird, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = partial(collects_turn, patience_s=0.0)
    monkeypatch.setattr("flows.collecting.round.collects_turn", impatient)
    collection = prepared(bluebird, REGISTRY + BLUEBIRD, "bluebird")
    with backfills_turn(Settings().home, "bluebird"):
        report = collection.take_all()
    assert (report.platforms[0].outcome, bluebird.asks) == ("skipped", [])
    assert not report.is_success
    assert report.complaints == (
        "bluebird: nothing was read, a window of a backfill has it for more than 20 minutes; let it finish, "
        "the next collect reads what is due",
    )
    # It does not pass for a round.
    assert read_run(round_of(Settings().home, "bluebird")) is None
    with collects_turn(Settings().home, "bluebird"):
        assert collection.take_all().is_success


def test_a_registry_that_somebody_else_lands_for_ever_is_not_waited_for_for_ever(
    bluebird: Bluebird, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.collecting.round.REGISTRY_WAITS_S", 0.1)
    home = Settings().home
    home.mkdir(parents=True, exist_ok=True)
    with (
        one_at_a_time(home / ".registry.lock"),
        pytest.raises(Refused, match=r"\.registry\.lock is held by process \d+ since .*; end it if it hangs"),
    ):
        prepared(bluebird, REGISTRY + BLUEBIRD)


def test_a_platform_with_prices_is_given_what_it_may_spend(bluebird: Bluebird) -> None:
    bluebird.constants["PRICES"] = {"post": bluebird.price}
    collection = prepared(bluebird, REGISTRY + BLUEBIRD + BUDGET.format("bluebird", 0.5))
    reports = [collection.take("bluebird") for _ in range(3)]
    assert [report.outcome for report in reports] == ["ok", "ok", "partial"]
    assert [report.responses for report in reports] == [{"timeline": 1}, {"timeline": 1}, {}]
    assert [report.spent_today_usd for report in reports] == [Decimal("0.25"), Decimal("0.5"), Decimal("0.5")]
    assert reports[2].message.startswith("bluebird: water-2026 may spend 0.500 USD a day")
    assert "raise usd_per_day" in reports[2].message
    with Ledger(Path("data") / LEDGER) as ledger:
        spent = ledger.spent("bluebird", "water-2026", date(2026, 5, 20), date(2026, 5, 20))
    assert spent.usd == Decimal("0.5")


def test_a_budget_that_is_met_is_told_before_other_troubles(bluebird: Bluebird) -> None:
    bluebird.notes = [
        Unreadable("bluebird", "bluebird: something else; look"),
        OverBudget("bluebird", "bluebird: too dear; raise it"),
        Gone("bluebird", "bluebird: nothing there; see"),
    ]
    report = prepared(bluebird, REGISTRY + BLUEBIRD).take("bluebird")
    assert (report.outcome, report.message) == ("partial", "bluebird: too dear; raise it (and 2 more)")


@pytest.mark.parametrize(
    "error",
    [
        KeyError(SECRET),
        OverflowError(SECRET),
        UnicodeEncodeError("utf-8", SECRET, 0, 1, SECRET),
        RecursionError(SECRET),
        # An OSError by its family, as every exception of requests is.
        requests.exceptions.JSONDecodeError(SECRET, SECRET, 0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_bug_of_one_connector_is_told_without_values_and_costs_no_other_platform(
    bluebird: Bluebird, x_only: Vendor, error: Exception
) -> None:
    bluebird.fails_with = error
    report = prepared(bluebird, REGISTRY + BLUEBIRD, "bluebird", "x").take_all()
    failed, read = report.platforms
    assert (failed.outcome, read.outcome) == ("failed", "ok")
    (complaint,) = report.complaints
    place = rf"test_rounds\.py:{_line_of('raise self.fails_with')}"
    said = rf"bluebird: unexpected {type(error).__name__} at \S*{place}; this is a bug, report it"
    assert re.fullmatch(said, complaint)
    assert SECRET not in str(report)
    assert failed.responses == {"timeline": 1}
    assert list(Path("data/landing/platform=bluebird").rglob("*.parquet"))


def test_a_bug_is_placed_at_the_connectors_own_line(bluebird: Bluebird) -> None:
    bluebird.misjudges_with = ZeroDivisionError()
    (complaint,) = prepared(bluebird, REGISTRY + BLUEBIRD, "bluebird").take_all().complaints
    assert re.search(r" ZeroDivisionError at connectors/wire\.py:\d+; ", complaint)


def test_a_round_of_which_nothing_landed_has_failed(bluebird: Bluebird) -> None:
    unread = Unreadable("bluebird", "bluebird: it cannot be read; look")
    bluebird.notes = [unread]
    assert prepared(bluebird, REGISTRY + BLUEBIRD).take("bluebird").outcome == "partial"

    def collect(ask: Ask, session: WireSession, credential: str) -> None:
        session.note(unread)

    bluebird.constants["collect"] = collect
    assert prepared(bluebird, REGISTRY + BLUEBIRD, everything=True).take("bluebird").outcome == "failed"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_concerns_every_platform_ends_the_collect(bluebird: Bluebird, error: BaseException) -> None:
    bluebird.fails_with = error
    with pytest.raises(type(error)):
        prepared(bluebird, REGISTRY + BLUEBIRD, "bluebird").take_all()


def _line_of(code: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == code)


def test_x_is_asked_nothing_that_its_budget_does_not_pay(x_only: Vendor) -> None:
    report = prepared(Bluebird(), REGISTRY + BUDGET.format("x", 0.001)).take("x")
    assert (report.outcome, x_only.asked) == ("partial", [])
    assert report.message.startswith("x: water-2026 may spend 0.001 USD a day")


def test_runs_of_one_credential_share_their_pace_in_a_file_that_does_not_name_it(bluebird: Bluebird) -> None:
    prepared(bluebird, REGISTRY + BLUEBIRD).take("bluebird")
    (file,) = (Path("data") / PACE).iterdir()
    assert hashlib.sha256(SECRET.encode()).hexdigest().startswith(file.stem)
    assert SECRET not in file.read_text()


@pytest.mark.parametrize(
    ("registry", "constants", "platforms"),
    [
        (REGISTRY, {}, ("facebook", "x")),
        (REGISTRY + BLUEBIRD, {}, ("bluebird", "facebook", "x")),
        (REGISTRY + AUDIENCE, {}, ("bluebird", "facebook", "x")),
        (REGISTRY, {"MENTIONS": ("hashtag",)}, ("facebook", "x")),
        (REGISTRY + HASHTAG, {"MENTIONS": ("site",)}, ("facebook", "x")),
        (REGISTRY + HASHTAG, {"MENTIONS": ("site", "hashtag")}, ("bluebird", "facebook", "x")),
    ],
)
def test_a_platform_is_asked_when_the_registry_names_it_or_it_tells_of_what_the_registry_names(
    bluebird: Bluebird, registry: str, constants: dict[str, object], platforms: tuple[str, ...]
) -> None:
    bluebird.constants = constants
    assert prepared(bluebird, registry).platforms == platforms


def test_what_a_connector_offers_is_in_its_ask(bluebird: Bluebird) -> None:
    bluebird.constants = {"MENTIONS": ("hashtag",), "ACCOUNT_DAYS": True, "AUDIENCES": True}
    prepared(bluebird, REGISTRY + BLUEBIRD + HASHTAG + AUDIENCE).take("bluebird")
    (ask,) = bluebird.asks
    assert [len(part) for part in (ask.walks, ask.posts, ask.days, ask.mentions, ask.audiences)] == [
        *(1, 0, 1, 1, 1)
    ]


def test_what_was_asked_and_not_told_is_asked_again_after_its_time(bluebird: Bluebird) -> None:
    bluebird.constants |= {"ACCOUNT_DAYS": True, "MENTIONS": ("hashtag",), "AUDIENCES": True}
    bluebird.notes = [Gone("bluebird", "bluebird: nothing there; see")]
    registry = REGISTRY + BLUEBIRD + HASHTAG + AUDIENCE
    for hours in (0, 1, 6, 24):
        clock = CLOCK + timedelta(hours=hours)
        prepared(bluebird, registry, clock=clock, as_of=clock).take("bluebird")
    parts = [(len(ask.days), len(ask.mentions), len(ask.audiences)) for ask in bluebird.asks]
    assert parts == [(1, 1, 1), (0, 0, 0), (1, 1, 0), (1, 1, 1)]


@pytest.mark.parametrize("how", ["in passing", "over budget", "broken off"])
def test_what_failed_in_passing_is_asked_again_at_once(bluebird: Bluebird, how: str) -> None:
    bluebird.constants |= {"ACCOUNT_DAYS": True, "MENTIONS": ("hashtag",)}
    if how == "broken off":
        bluebird.fails_with = RateLimited("bluebird", "bluebird: too often; wait")
    else:
        kind = Transient if how == "in passing" else OverBudget
        bluebird.notes = [kind("bluebird", "bluebird: not now; later")]
    for _ in range(2):
        prepared(bluebird, REGISTRY + BLUEBIRD + HASHTAG).take("bluebird")
    assert [(len(ask.days), len(ask.mentions)) for ask in bluebird.asks] == [(1, 1), (1, 1)]


def test_all_platforms_but_those_that_others_take_care_of(bluebird: Bluebird) -> None:
    registry = REGISTRY + BLUEBIRD
    assert prepared(bluebird, registry, besides=["x", "facebook", "youtube"]).platforms == ("bluebird",)
    nobody = prepared(bluebird, REGISTRY, besides=["x", "facebook"]).take_all()
    assert (nobody.platforms, nobody.is_success) == ((), True)
    with pytest.raises(UnknownName, match="no platform is called 'facebok'"):
        prepared(bluebird, registry, besides=["facebok"])
