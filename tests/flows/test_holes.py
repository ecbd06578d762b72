"""The windows of a backfill, from the registry, what is known, and a clock; no network."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import discover
from connectors.asking import Walk
from connectors.history import PARTS, CallsFor, History, Part, history_of
from flows.collecting.plan import Offer
from flows.collecting.walked import Walked, read_walked, record_walked
from flows.history.forecast import COUNTER, Reach, forecast, lost
from flows.history.holes import Findings, Span, Window, holes
from flows.history.windows_asked import KEPT, days_between, read_asked, runs_of, write_asked
from flows.registry import Account, Asset, Campaign, Side
from warehouse.known import KnownPost

CLOCK = datetime(2026, 7, 1, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 4, 1), date(2026, 6, 30)
OURS, THEIRS = "111", "222"

EVERYTHING = Offer(account_days=True, post_days=True, mentions=("hashtag",))
HISTORY: dict[Part, History] = {
    "walks": History(30, 2),
    "days": History(20, 2, is_of_owners=True),
    "post_days": History(20, 3, is_of_owners=True),
    "mentions": History(7),
}


NOTHING = Findings()


def campaign(**changes: Any) -> Campaign:
    made: dict[str, Any] = {
        "id": "water",
        "name": "Water",
        "starts": FIRST,
        "ends": LAST,
        "timezone": "Europe/London",
        "sides": (Side("ours", "Us", True), Side("theirs", "Them", False)),
        "accounts": (
            Account("ours", "p", None, OURS, None, True),
            Account("theirs", "p", None, THEIRS, None, True),
        ),
        "assets": (Asset("tag", "Tag", "ours", "hashtag", (), None, (), hashtag="Water"),),
        "audiences": (),
        "source": Path("a.toml"),
    }
    return Campaign(**made | changes)


def post(number: int, account: str = OURS, **changes: Any) -> KnownPost:
    made: dict[str, Any] = {
        "platform": "p",
        "post_id": f"{account}_{number}",
        "account_id": account,
        "aliases": (),
        "created_at": datetime(2026, 5, 10, 12, tzinfo=UTC),
        "last_seen_at": CLOCK,
        "is_gone": False,
        "has_media": True,
    }
    return KnownPost(**made | changes)


def found(
    start: date,
    end: date,
    findings: Findings = NOTHING,
    *,
    campaigns: Iterable[Campaign] | None = None,
    clock: datetime = CLOCK,
    history: dict[Part, History] = HISTORY,
    offer: Offer = EVERYTHING,
) -> list[Window]:
    chosen = [campaign()] if campaigns is None else campaigns
    return holes(chosen, findings, clock, "p", Span(start, end), offer=offer, history=history)


def stretches(windows: list[Window], part: Part) -> list[tuple[str, date, date]]:
    return [
        (piece.name, piece.first_day, piece.last_day)
        for window in windows
        if window.part == part
        for piece in window.pieces
    ]


def test_a_windows_days_are_cut_to_what_the_platform_answers_at_once() -> None:
    windows = found(date(2026, 5, 1), date(2026, 6, 9))
    # The span begins at London's midnight, which is still the day before in UTC.
    assert stretches(windows, "days") == [
        (OURS, date(2026, 4, 30), date(2026, 5, 19)),
        (OURS, date(2026, 5, 20), date(2026, 6, 8)),
        (OURS, date(2026, 6, 9), date(2026, 6, 9)),
    ]
    assert all((last - first).days < 7 for _, first, last in stretches(windows, "mentions"))
    # A listing has local days, and each account its own.
    assert stretches(windows, "walks") == [
        (OURS, date(2026, 5, 1), date(2026, 5, 30)),
        (THEIRS, date(2026, 5, 1), date(2026, 5, 30)),
        (OURS, date(2026, 5, 31), date(2026, 6, 9)),
        (THEIRS, date(2026, 5, 31), date(2026, 6, 9)),
    ]


def test_a_window_has_as_many_subjects_as_its_connector_says() -> None:
    findings = Findings(posts=[post(number) for number in range(7)])
    windows = found(date(2026, 5, 1), date(2026, 5, 12), findings)
    assert [len(one.pieces) for one in windows if one.part == "post_days"] == [3, 3, 1]
    assert {day for _, day, _ in stretches(windows, "post_days")} == {date(2026, 5, 10)}


def test_only_own_accounts_and_those_that_were_told_of_are_asked_for_days() -> None:
    both = Findings(
        posts=[post(1), post(2, THEIRS)], days={("account", THEIRS): frozenset({date(2026, 5, 20)})}
    )
    day = date(2026, 5, 11)
    only_ours = Findings(posts=[post(1), post(2, THEIRS)])
    assert {name for name, _, _ in stretches(found(day, day, only_ours), "days")} == {OURS}
    assert {name for name, _, _ in stretches(found(day, day, only_ours), "post_days")} == {f"{OURS}_1"}
    assert {name for name, _, _ in stretches(found(day, day, both), "days")} == {OURS, THEIRS}
    assert len(stretches(found(day, day, both), "post_days")) == 2
    # A connector that knows whose they are is told of all; the forecast counts on the own ones.
    knowing: dict[Part, History] = {"days": History(is_of_owners=True, leaves_out_others=True)}
    (window,) = found(day, day, only_ours, history=knowing)
    assert [(piece.name, piece.is_expected) for piece in window.pieces] == [(OURS, True), (THEIRS, False)]


def test_days_that_are_told_or_were_asked_are_no_holes() -> None:
    told = {("account", OURS): frozenset(days_between(date(2026, 5, 3), date(2026, 5, 5)))}
    asked = {("days", OURS): {date(2026, 5, 8): CLOCK - timedelta(days=20), date(2026, 5, 4): None}}
    windows = found(date(2026, 5, 2), date(2026, 5, 9), Findings(days=told, asked=asked))  # type: ignore[arg-type]
    assert stretches(windows, "days") == [
        (OURS, date(2026, 5, 1), date(2026, 5, 2)),
        # Broken off: it may have come in part.
        (OURS, date(2026, 5, 4), date(2026, 5, 4)),
        (OURS, date(2026, 5, 6), date(2026, 5, 7)),
        (OURS, date(2026, 5, 9), date(2026, 5, 9)),
    ]


def test_a_listing_that_was_walked_is_not_walked_again() -> None:
    walked = {OURS: Walked(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 6, 12, tzinfo=UTC))}
    windows = found(date(2026, 5, 1), date(2026, 5, 8), Findings(walked=walked))
    assert [one for one in stretches(windows, "walks") if one[0] == OURS] == [
        # London's first of May began an hour before UTC's.
        (OURS, date(2026, 5, 1), date(2026, 5, 1)),
        (OURS, date(2026, 5, 6), date(2026, 5, 8)),
    ]


def test_no_day_that_runs_or_lies_too_far_back_is_asked() -> None:
    short = {**HISTORY, "days": History(90, reaches_back=10)}
    windows = found(date(2026, 6, 1), date(2026, 7, 1), history=short)
    assert stretches(windows, "days") == [
        (OURS, date(2026, 6, 21), date(2026, 6, 30)),
        (THEIRS, date(2026, 6, 21), date(2026, 6, 30)),
    ]
    # Listings go on up to now.
    (walk,) = found(date(2026, 7, 1), date(2026, 7, 1), history={"walks": History(None)})[0].ask.walks[:1]
    assert walk.until is None


def test_days_are_those_of_the_platforms_calendar() -> None:
    pacific = {**HISTORY, "days": History(90, zone="America/Los_Angeles")}
    windows = found(date(2026, 5, 4), date(2026, 5, 4), history=pacific)
    # London's fourth begins and ends at four in the afternoon in California.
    assert stretches(windows, "days")[0][1:] == (date(2026, 5, 3), date(2026, 5, 4))


def test_posts_come_with_their_accounts_days_where_the_platform_tells_them_so() -> None:
    history: dict[Part, History] = {"days": History(90, with_posts=True)}
    told = {("account", OURS): frozenset(days_between(date(2026, 5, 1), date(2026, 5, 31)))}
    first = post(1)
    told["post", first.post_id] = frozenset({date(2026, 5, 10), date(2026, 5, 12)})
    accounts = campaign().accounts[:1]
    windows = found(
        date(2026, 5, 9),
        date(2026, 5, 12),
        Findings(posts=[first], days=told),
        campaigns=[campaign(accounts=accounts)],
        history=history,
    )
    assert stretches(windows, "days") == [(OURS, date(2026, 5, 11), date(2026, 5, 11))]
    assert [one.alias for one in windows[0].ask.posts] == [first.post_id]


def test_two_campaigns_ask_for_the_same_once() -> None:
    other = campaign(id="rivers", starts=date(2026, 5, 1))
    day = date(2026, 5, 20)
    windows = found(day, day, Findings(posts=[post(1)]), campaigns=[campaign(), other])
    for part in PARTS:
        names = [(name, first) for name, first, _ in stretches(windows, part)]
        assert 0 < len(names) == len(set(names)), part


def test_a_part_without_history_is_never_asked() -> None:
    assert found(date(2026, 5, 1), date(2026, 5, 2), history={}) == []


DAYS = st.dates(date(2026, 3, 20), date(2026, 8, 10))


@given(
    st.tuples(DAYS, DAYS).map(sorted),
    st.frozensets(DAYS, max_size=20),
    st.dictionaries(DAYS, st.none() | st.just(CLOCK - timedelta(days=100)), max_size=20),
    st.integers(1, 30),
)
def test_whatever_is_known_each_hole_is_asked_once_and_nothing_else(
    span: list[date], told: frozenset[date], asked: dict[date, datetime | None], most: int
) -> None:
    findings = Findings(days={("account", OURS): told}, asked={("days", OURS): asked})
    history: dict[Part, History] = {"days": History(most, 2, is_of_owners=True)}
    accounts = campaign().accounts[:1]
    windows = found(span[0], span[1], findings, campaigns=[campaign(accounts=accounts)], history=history)
    pieces = stretches(windows, "days")
    days = [day for _, first, last in pieces for day in days_between(first, last)]
    assert len(days) == len(set(days))
    assert all((last - first).days < most for _, first, last in pieces)
    # A connector asks for an account once.
    assert all(len({piece.name for piece in one.pieces}) == len(one.pieces) for one in windows)
    for day in days:
        assert day < CLOCK.date()
        assert FIRST - timedelta(days=1) <= day <= LAST + timedelta(days=30)
        assert asked.get(day, "never") is None or day not in told
    again = set(days)
    done = {("days", OURS): dict.fromkeys(again, CLOCK + timedelta(days=1))}
    after = Findings(days={("account", OURS): told}, asked=done)  # type: ignore[arg-type]
    later = found(span[0], span[1], after, campaigns=[campaign(accounts=accounts)], history=history)
    assert not again & {
        day for _, first, last in stretches(later, "days") for day in days_between(first, last)
    }


# -- the record


def test_the_record_is_read_as_it_was_written_and_forgets_after_thirty_days(tmp_path: Path) -> None:
    path = tmp_path / ".backfills" / "p.json"
    day = date(2026, 5, 1)
    asked: Any = {("days", OURS): {day: CLOCK, day + timedelta(days=1): CLOCK, day + timedelta(days=5): None}}
    write_asked(path, asked)
    assert read_asked(path, CLOCK) == asked
    later = read_asked(path, CLOCK + KEPT + timedelta(days=1))
    # What was broken off stays broken off.
    assert later == {("days", OURS): {day + timedelta(days=5): None}}


@pytest.mark.parametrize("text", ["", "{}", "[[1]]", '[["days", "1", "x", "y", null]]', "[" * 5000, "null"])
def test_a_damaged_record_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text, encoding="utf-8")
    assert read_asked(tmp_path / "p.json", CLOCK) == {}


@given(st.sets(DAYS))
def test_runs_have_every_day_once(days: set[date]) -> None:
    runs = list(runs_of(days))
    assert [day for first, last in runs for day in days_between(first, last)] == sorted(days)
    assert all(second[0] > first[1] + timedelta(days=1) for first, second in pairwise(runs))


def test_days_that_were_listed_apart_cost_no_walk_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    begin, gap = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 10, tzinfo=UTC)
    record_walked(path, [Walk("water", begin, account_id=OURS)], gap)
    apart = Walk(
        "water", datetime(2026, 5, 1, tzinfo=UTC), account_id=OURS, until=datetime(2026, 5, 3, tzinfo=UTC)
    )
    record_walked(path, [apart], CLOCK)
    assert read_walked(path) == {OURS: Walked(begin, gap)}


# -- the forecast


def test_calls_dollars_and_time_follow_from_what_the_connector_declares() -> None:
    prices = {"count": 1, "post": 2}
    history: dict[Part, History] = {
        "walks": History(30, 2, calls=(CallsFor("list", "post", 100, price="post", is_charged_each=True),)),
        "mentions": History(
            7,
            calls=(
                CallsFor("count", "subject", price="count", from_days_back=30, rate=(2, 900.0)),
                CallsFor("recent", "subject", to_days_back=30),
            ),
        ),
    }
    windows = found(date(2026, 5, 1), date(2026, 5, 28), history=history)
    connector: Any = SimpleNamespace(PLATFORM="p", PRICES=prices, CALLS=(600, 60.0))
    made = forecast(windows, connector, history, CLOCK.date(), {})
    # Ten posts a day of two accounts unknown; four weeks and the evening before of one hashtag.
    assert made.calls == {"list": 6, "count": 5}
    assert made.usd == 2 * 560 + 5
    # Five calls of which two may be made in a quarter of an hour.
    assert made.seconds == 2 * 900


def dictionary_row(**changes: str) -> dict[str, str]:
    made = {
        "platform": "p",
        "object_type": "account",
        "native_name": "seen/day",
        "canonical_name": "impressions",
        "kind": "daily",
        "since": "",
        "until": "",
        "source": "P API, by day",
    }
    return made | changes


@pytest.mark.parametrize(
    ("changes", "reach", "why"),
    [
        ({}, {}, None),
        ({"kind": "counter"}, {}, COUNTER),
        ({"until": "2026-04-30"}, {}, "withdrawn: the platform told it until 2026-04-30"),
        ({"since": "2026-05-05"}, {}, "not told of days before 2026-05-05"),
        ({"source": "P Studio, export by day"}, {}, "only an export has it: campaign import"),
        ({"object_type": "post"}, {}, "the platform tells no days of it"),
        ({}, {"missing": {None: ["P_TOKEN"]}}, "no credential: set P_TOKEN"),
        ({}, {"missing": {"days": ["P_SECRET", "P_KEY"]}}, "no credential: set P_SECRET, P_KEY"),
        (
            {},
            {"offered": {"days": History(reaches_back=10)}},
            "the platform answers for the last 10 days, from 2026-06-21 on",
        ),
        (
            {},
            {"offered": {"days": History(reaches_back=60)}},
            "days before 2026-05-02: the platform answers for the last 60 days",
        ),
    ],
)
def test_what_cannot_come_is_told_with_its_reason(
    changes: dict[str, str], reach: dict[str, Any], why: str | None
) -> None:
    asked: dict[str, Any] = {
        "first_day": date(2026, 5, 1),
        "last_day": date(2026, 5, 10),
        "today": CLOCK.date(),
        "offered": {"days": History()},
    }
    made = lost("p", Reach(**asked | reach), [dictionary_row(**changes)])
    assert [one.why for one in made] == ([] if why is None else [why])


def test_a_counter_that_the_platform_also_tells_by_day_is_not_lost() -> None:
    rows = [
        dictionary_row(object_type="media", native_name="plays", canonical_name="views", kind="counter"),
        dictionary_row(object_type="post", native_name="plays/day", canonical_name="views"),
    ]
    reach = Reach(date(2026, 5, 1), date(2026, 5, 2), CLOCK.date(), {"post_days": History()})
    assert lost("p", reach, rows) == []


@pytest.mark.parametrize("platform", sorted(discover()))
def test_every_connectors_history_is_one_that_it_can_carry_out(platform: str) -> None:
    connector = discover()[platform]
    offer = Offer.of(connector)
    history = history_of(connector)
    assert "walks" in history
    assert ("days" in history) <= offer.account_days
    assert ("post_days" in history) <= offer.post_days
    assert ("mentions" in history) <= bool(offer.mentions)
    prices = getattr(connector, "PRICES", {})
    for one in history.values():
        assert one.days_per_window is None or 0 < one.days_per_window <= 90
        assert one.subjects_per_window > 0
        assert all(calls.price in prices or not calls.price for calls in one.calls)
        assert set(one.needs) <= set(getattr(connector, "FURTHER_CREDENTIALS", {}).values())
        assert one.calls
