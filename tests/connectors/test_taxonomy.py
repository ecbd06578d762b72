"""Whole rounds of each connector against the sandbox while something goes wrong in the middle: what lands,
what is told, that nothing else is lost and that it comes to an end.

Each round is compared with the same one without faults; the sandbox gives the same bodies for the same
moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

import connectors
from connectors import sandbox
from connectors.asking import Ask, Walk, Wanted
from connectors.errors import Trouble
from connectors.sandbox import faults
from connectors.sandbox.server import Sandbox
from connectors.wire import WireSession
from tests.connectors.loopback import Answer, Loopback
from tests.warehouse.lake import Lake
from warehouse.landing import LandingWriter

AT = datetime(2019, 12, 10, 12, tzinfo=UTC)
SINCE = datetime(2019, 10, 29, tzinfo=UTC)
# Before all that the sandbox has: lists are walked to their end.
EVER = datetime(2011, 1, 1, tzinfo=UTC)
CONNECTORS = connectors.discover()


@dataclass(frozen=True)
class Case:
    """A round of a platform. Things go wrong at its first request of the endpoint `target`; `dependent`
    endpoints ask for what that one showed, all others for something else."""

    ask: Ask
    target: str
    dependent: tuple[str, ...] = ()


CASES = {
    "x": Case(Ask("x", walks=(Walk("c", SINCE, "jeremycorbyn"), Walk("c", SINCE, "UKLabour"))), "timeline"),
    "facebook": Case(
        Ask("facebook", walks=(Walk("c", SINCE, "uklabour"),)), "page_posts", ("posts", "insights", "videos")
    ),
    "instagram": Case(
        Ask("instagram", walks=(Walk("c", SINCE, "uklabour"), Walk("c", SINCE, "conservatives"))),
        "account_media",
        ("insights", "media"),
    ),
    "youtube": Case(
        Ask("youtube", walks=(Walk("c", EVER, "UKLabour"), Walk("c", EVER, "Conservatives"))),
        "uploads",
        ("videos",),
    ),
    "tiktok": Case(Ask("tiktok", walks=(Walk("c", EVER, "uklabour"),)), "list"),
}
PLATFORMS = [name for name in CASES if name in CONNECTORS and name in sandbox.faces()]
every_platform = pytest.mark.parametrize("platform", PLATFORMS)


@dataclass
class Round:
    """What came of one round."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    troubles: list[tuple[str, str, int]] = field(default_factory=list)
    retries: int = 0
    ended_by: Trouble | None = None
    requests: list[str] = field(default_factory=list)

    @property
    def good(self) -> Counter[tuple[str, ...]]:
        """The answers with status 200, as (endpoint, address, parameters, body)."""
        return Counter(
            tuple(str(row[name]) for name in ("endpoint", "url", "params", "body"))
            for row in self.rows
            if row["status"] == 200
        )

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.troubles]


@pytest.fixture(scope="module")
def double() -> Iterator[Sandbox]:
    with Sandbox(now=AT) as running:
        yield running


Run = Callable[..., Round]


@pytest.fixture(scope="module")
def run(double: Sandbox) -> Run:
    """Runs a platform's round; faults are programmed for its target."""

    def take(platform: str, *programme: dict[str, Any], **changes: Any) -> Round:
        connector: ModuleType = CONNECTORS[platform]
        case, settings, took = CASES[platform], double.settings, Round()
        double.program(*programme)
        before = len(double.requests)
        with WireSession(
            platform,
            **{
                "run_id": "r",
                "sdk_url": connector.SDK_URL,
                "base_url": f"{double.url}/{platform}",
                "more_hosts": getattr(connector, "MORE_HOSTS", ()),
                "secrets": [settings[connector.CREDENTIAL]],
                "judge": connector.judge,
                "land": took.rows.append,
                "as_of": AT,
                "now": lambda: AT,
                "sleep": took.slept.append,
                **changes,
            },
        ) as session:
            try:
                connector.collect(case.ask, session, settings[connector.CREDENTIAL])
            except Trouble as trouble:
                took.ended_by = trouble
        took.troubles, took.retries = session.report.troubles, session.report.retries
        took.requests = double.requests[before:]
        double.program()
        return took

    return take


@pytest.fixture(scope="module")
def whole(run: Run) -> Callable[[str], Round]:
    """The round of a platform in which nothing goes wrong."""

    @cache
    def take(platform: str) -> Round:
        return run(platform)

    return take


def target_of(whole: Round, platform: str) -> str:
    """The address of the request at which things go wrong, as the sandbox sees it."""
    endpoints = [row["endpoint"] for row in whole.rows]
    return whole.requests[endpoints.index(CASES[platform].target)].partition(" ")[2]


def lost(whole: Round, took: Round) -> set[str]:
    """The endpoints of which a good answer is missing."""
    return {endpoint for endpoint, *_ in whole.good - took.good}


def costs_only(platform: str, whole: Round, took: Round) -> bool:
    """Whether the target's list and what hangs on it is all that is missing."""
    case = CASES[platform]
    target = target_of(whole, platform).partition("?")[0]
    missing = {
        (endpoint, urlsplit(url).path)
        for endpoint, url, *_ in whole.good - took.good
        if endpoint not in case.dependent
    }
    return missing == {(case.target, target)}


@every_platform
def test_nothing_is_wrong_in_the_round_that_the_others_are_compared_with(
    platform: str, whole: Callable[[str], Round]
) -> None:
    took = whole(platform)
    assert (took.troubles, took.ended_by, took.slept) == ([], None, [])
    assert len(took.rows) == len(took.requests) > 2
    # On X another account's list comes after; on TikTok there is none but our own.
    assert took.rows[-1]["endpoint"] != CASES[platform].target or platform in ("x", "tiktok")


PASSING = [
    "html_502",
    "html_503",
    "html_200",
    "false_200",
    "empty_200",
    "truncated_json",
    "cut_off",
    "stalled",
]


@every_platform
@pytest.mark.parametrize("fault", PASSING)
def test_what_goes_wrong_once_costs_nothing(
    platform: str, fault: str, run: Run, whole: Callable[[str], Round]
) -> None:
    expected = whole(platform)
    programme = {"match": target_of(expected, platform), "fault": fault}
    took = run(platform, programme, timeout=(5, 0.8) if fault == "stalled" else (5, 10))
    assert (took.troubles, took.ended_by) == ([], None)
    assert lost(expected, took) == set()
    if fault == "stalled":
        # On a busy machine a good answer may be late, too.
        assert took.retries >= 1
        return
    assert took.retries == 1
    assert len(took.rows) == len(expected.rows) + (fault != "cut_off")
    assert len(took.slept) == 1
    assert took.slept[0] <= 1.25


LASTING = {
    **dict.fromkeys(["html_502", "html_503"], ("Transient", 4)),
    **dict.fromkeys(["html_200", "false_200", "empty_200", "truncated_json"], ("Unreadable", 3)),
    "cut_off": ("Transient", 4),
}


@every_platform
@pytest.mark.parametrize("fault", LASTING)
def test_what_stays_wrong_costs_only_its_own_call(
    platform: str, fault: str, run: Run, whole: Callable[[str], Round]
) -> None:
    expected = whole(platform)
    target = target_of(expected, platform)
    took = run(platform, {"match": target, "fault": fault, "times": 99})
    kind, tries = LASTING[fault]
    assert took.ended_by is None
    assert took.kinds == [kind]
    assert costs_only(platform, expected, took)
    assert sum(target in asked for asked in took.requests) == tries
    assert sum(took.slept) < 20


@every_platform
def test_an_unlabelled_answer_is_as_good(platform: str, run: Run, whole: Callable[[str], Round]) -> None:
    programme = {"match": target_of(whole(platform), platform), "fault": "no_content_type"}
    took = run(platform, programme)
    assert (took.troubles, took.ended_by) == ([], None)
    assert took.good == whole(platform).good


@every_platform
def test_a_token_that_dies_ends_the_round_and_what_landed_stays(
    platform: str, run: Run, whole: Callable[[str], Round], double: Sandbox
) -> None:
    expected = whole(platform)
    rows: list[dict[str, Any]] = []

    def land(row: dict[str, Any]) -> None:
        rows.append(row)
        if len(rows) == 2:
            double.program({"match": "/", "fault": "token_expired", "times": 999})

    took = run(platform, land=land)
    assert took.ended_by is not None
    assert took.ended_by.kind == "TokenInvalid"
    assert took.slept == []
    assert len(rows) == len(took.requests) <= len(expected.rows)
    assert [row["body"] for row in rows[:2]] == [row["body"] for row in expected.rows[:2]]
    assert [row["status"] >= 400 for row in rows] == [False, False, *[True] * (len(rows) - 2)]
    # Where every page has a token of its own, one that dies costs its page first.
    assert len(rows) - 2 <= (1 if platform == "x" else 4)


def named(platform: str, *names: str) -> str:
    """The first of the faults that the platform's sandbox has."""
    return next(name for name in names if name in faults.known_on(platform))


@every_platform
def test_a_permission_that_is_lost_costs_only_its_own_call(
    platform: str, run: Run, whole: Callable[[str], Round]
) -> None:
    expected = whole(platform)
    fault = named(platform, "permission_lost", "forbidden", "not_in_plan")
    took = run(platform, {"match": target_of(expected, platform), "fault": fault, "times": 99})
    assert (took.ended_by, took.slept) == (None, [])
    assert took.kinds == ["PermissionMissing"]
    assert costs_only(platform, expected, took)


@every_platform
def test_rows_that_come_twice_cost_no_further_call(
    platform: str, run: Run, whole: Callable[[str], Round]
) -> None:
    expected = whole(platform)
    path = target_of(expected, platform).partition("?")[0]
    took = run(platform, {"match": path, "fault": "doubled_rows", "times": 99})
    assert (took.troubles, took.ended_by) == ([], None)
    assert took.requests == expected.requests


@every_platform
def test_a_cursor_that_repeats_ends_the_list_and_is_told(
    platform: str, run: Run, whole: Callable[[str], Round]
) -> None:
    expected = whole(platform)
    path = target_of(expected, platform).partition("?")[0]
    fault = named(platform, "repeated_page", "repeated_cursor")
    took = run(platform, {"match": path, "fault": fault, "times": 99})
    assert took.ended_by is None
    assert set(took.kinds) == {"Unreadable"}
    # Two channels on YouTube have the same path.
    assert sum(path in asked for asked in took.requests) <= 4
    assert lost(expected, took) <= {CASES[platform].target, *CASES[platform].dependent}


@every_platform
def test_an_empty_page_does_not_end_a_list(platform: str, run: Run, whole: Callable[[str], Round]) -> None:
    expected = whole(platform)
    target = target_of(expected, platform)
    path = target.partition("?")[0]
    took = run(platform, {"match": target, "fault": "empty_page"})
    assert took.ended_by is None
    asked = [sum(path in one for one in round_.requests) for round_ in (expected, took)]
    # Where pages are told by the moment of their last row, an empty one costs a request.
    assert asked[0] <= asked[1] <= asked[0] + 1
    assert sum((expected.good - took.good).values()) == 1 or CASES[platform].dependent


# What only one platform says


@dataclass(frozen=True)
class Limit:
    platform: str
    fault: dict[str, Any]
    waits: list[float] | None
    ends_by: str | None
    times: int = 1


LIMITS = [
    Limit("x", {"fault": "rate_limited_future", "seconds": 300}, [301.0], None),
    Limit("x", {"fault": "rate_limited_future", "seconds": 901}, [], "RateLimited"),
    Limit("x", {"fault": "rate_limited_past"}, None, None),
    Limit("x", {"fault": "rate_limited_past"}, None, "RateLimited", times=99),
    Limit("x", {"fault": "rate_limited_without_reset"}, None, None),
    Limit("x", {"fault": "rate_limited_without_reset"}, None, "RateLimited", times=99),
    Limit("x", {"fault": "usage_capped"}, [], "BudgetSpent"),
    Limit("x", {"fault": "credits_depleted"}, [], "BudgetSpent"),
    *(
        Limit("facebook", {"fault": "graph_throttled", "code": code, "headers": False}, None, ends, times)
        for code in (4, 17, 32)
        for ends, times in ((None, 1), ("RateLimited", 99))
    ),
    Limit("facebook", {"fault": "graph_throttled", "code": 80001, "headers": False}, None, None),
    Limit("instagram", {"fault": "instagram_throttled", "headers": False}, None, "RateLimited", times=99),
    Limit("instagram", {"fault": "instagram_throttled", "minutes": 5}, [301.0], None),
    Limit("instagram", {"fault": "instagram_throttled", "minutes": 70}, [], "RateLimited"),
    Limit("youtube", {"fault": "quota_exceeded"}, [], "BudgetSpent"),
    Limit("youtube", {"fault": "rate_limited"}, None, None),
    Limit("youtube", {"fault": "rate_limited"}, None, "RateLimited", times=99),
    Limit("youtube", {"fault": "rate_limited_429", "seconds": 30}, [31.0], None),
    Limit("tiktok", {"fault": "rate_limited"}, None, None),
    Limit("tiktok", {"fault": "rate_limited"}, None, "RateLimited", times=99),
    Limit("tiktok", {"fault": "rate_limited", "seconds": 30}, [31.0], None),
    Limit("facebook", {"fault": "graph_throttled", "code": 80001, "minutes": 5}, [301.0], None),
]


@pytest.mark.parametrize("limit", [limit for limit in LIMITS if limit.platform in PLATFORMS], ids=str)
def test_a_limit_is_waited_for_as_the_platform_says_or_ends_the_round(
    limit: Limit, run: Run, whole: Callable[[str], Round]
) -> None:
    expected = whole(limit.platform)
    target = target_of(expected, limit.platform)
    took = run(limit.platform, {"match": target, "times": limit.times, **limit.fault})
    assert took.troubles == []
    if limit.ends_by is None:
        assert took.ended_by is None
        assert lost(expected, took) == set()
        assert took.retries == 1
    else:
        assert took.ended_by is not None
        assert took.ended_by.kind == limit.ends_by
        assert target in took.requests[-1]
        before = [row["body"] for row in expected.rows]
        good = [row["body"] for row in took.rows if row["status"] == 200]
        assert good == before[: len(good)]
    if limit.waits is None:
        assert len(took.slept) == (1 if limit.ends_by is None else 3)
        assert sum(took.slept) < 10
    else:
        assert took.slept == limit.waits


@pytest.mark.parametrize(("more", "pauses"), [({"headers": False}, 3), ({"minutes": 70}, 0)])
def test_a_limit_of_one_page_costs_that_page_alone(
    more: dict[str, Any], pauses: int, run: Run, whole: Callable[[str], Round]
) -> None:
    target = target_of(whole("facebook"), "facebook")
    took = run("facebook", {"match": target, "fault": "graph_throttled", "code": 80001, "times": 99, **more})
    assert took.ended_by is None
    assert took.kinds == ["RateLimited"]
    assert len(took.slept) == pauses
    assert sum(target in request for request in took.requests) == pauses + 1


# What is right and odd

ODD_ID = str(2**63 - 1)
ODD_TEXT = "🌹✊🏽👨‍👩‍👧 مرحبا \u202eabc\u202c =1+1 <b>&amp;</b>"
TRILLION = 10**12
ODD_ANSWERS: dict[str, tuple[str, Any]] = {
    "x": (
        "/2/tweets",
        {
            "id": ODD_ID,
            "text": ODD_TEXT,
            "author_id": str(2**62),
            "created_at": "2019-12-01T10:00:00.000Z",
            "edit_history_tweet_ids": [ODD_ID],
            "public_metrics": {"retweet_count": TRILLION, "impression_count": 10**15},
        },
    ),
    "facebook": (
        "/v26.0/",
        {
            "id": f"111_{ODD_ID}",
            "from": {"id": "111", "name": "A page"},
            "created_time": "2019-12-01T10:00:00+0000",
            "message": ODD_TEXT,
            "shares": {"count": TRILLION},
            "reactions": {"data": [], "summary": {"total_count": TRILLION}},
            "comments": {"data": [], "summary": {"total_count": 1}},
        },
    ),
    "youtube": (
        "/youtube/v3/videos",
        {
            "kind": "youtube#video",
            "id": "csD8UgW2DK0",
            "snippet": {"publishedAt": "2019-12-01T10:00:00Z", "channelId": "UC1", "title": ODD_TEXT},
            "statistics": {"viewCount": str(TRILLION), "likeCount": str(10**15)},
        },
    ),
}


def odd_document(platform: str, row: dict[str, Any]) -> Any:
    """The row, twice in one answer where the platform gives lists."""
    match platform:
        case "x":
            return {"data": [row, row], "meta": {"result_count": 2}}
        case "youtube":
            return {"kind": "youtube#videoListResponse", "items": [row, row]}
    return {row["id"]: row}


@pytest.mark.parametrize("platform", [one for one in ODD_ANSWERS if one in CONNECTORS])
def test_huge_numbers_odd_texts_and_rows_that_come_twice_reach_the_readings_as_they_are(
    platform: str, server: Loopback, tmp_path: Path
) -> None:
    path, row = ODD_ANSWERS[platform]
    document = odd_document(platform, row)
    server.on(path, lambda asked: Answer(document if asked.method == "GET" else []))
    connector, lake, post_id = CONNECTORS[platform], Lake(tmp_path), row["id"]
    with (
        LandingWriter(lake.landing) as writer,
        WireSession(
            platform,
            run_id="r",
            sdk_url=connector.SDK_URL,
            base_url=server.url,
            secrets=["secret-token"],
            judge=connector.judge,
            land=writer.add,
            as_of=AT,
            now=lambda: AT,
            sleep=lambda seconds: None,
        ) as session,
    ):
        connector.collect(Ask(platform, posts=(Wanted("c", post_id),)), session, "secret-token")
    shown = {kind: one for (kind, object_id), one in lake.read().items() if object_id == post_id}
    counted = {value for one in shown.values() for value in one.counters.values()}
    assert counted >= ({TRILLION} if platform == "facebook" else {TRILLION, 10**15})
    assert shown["post"].text == ODD_TEXT
    rows = [
        one
        for file in lake.readings.rglob("*.parquet")
        for one in pq.ParquetFile(file).read().to_pylist()
        if (one["object_type"], one["object_id"]) == ("post", post_id)
    ]
    for one in rows:
        metrics = [counter["metric"] for counter in one["counters"]]
        assert len(metrics) == len(set(metrics))
