"""Days of video posts, asked of the sandbox and, where it would take years, of a programmed server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors import facebook
from connectors.asking import Ask, PostDays, Wanted
from connectors.facebook.post_days import POST_DAY_METRICS
from connectors.sandbox.server import Sandbox
from tests.connectors.conftest import TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback

Connect = Callable[..., Wire]

NOW = datetime(2019, 11, 24, 18, tzinfo=UTC)
LABOUR = "118273904551"
FILM = "118273904551_8097613241034693"
DELETED = "118273904551_4212326202065773"
THEIRS = "10214770963_2864950776862990"
PAGE_TOKEN = "EAAP-page-token-0987654321"
FIRST, LAST = date(2019, 11, 1), date(2019, 11, 23)


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox(now=NOW) as one:
        yield one


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    """As if started for the test: without faults, and asked nothing yet."""
    served.program()
    served.service.requests.clear()
    return served


@pytest.fixture(scope="module")
def films(served: Sandbox) -> list[str]:
    """The posts of one own Page that carry an uploaded video, by now."""
    posts = served.service.world.pages[LABOUR].posts
    return [
        post.id for post in posts if post.created < NOW.timestamp() and post.video and not post.video.is_reel
    ]


def days(post_id: str, first: date = FIRST, last: date = LAST, created: datetime | None = None) -> PostDays:
    return PostDays("c1", post_id, first, last, post_id.partition("_")[0], created)


def ask(sandbox: Sandbox, connect: Connect, *wanted: PostDays, **more: Any) -> Wire:
    secret = sandbox.settings["FACEBOOK_ACCESS_TOKEN"]
    wire = connect(facebook, base_url=sandbox.facebook_url, as_of=NOW, secrets=[secret])
    facebook.collect(Ask("facebook", post_days=wanted, **more), wire.session, secret)
    return wire


def questions(row: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """What a landed batch asked: the paths, and the parameters of each."""
    batch = json.loads(json.loads(row["params"])["batch"])
    parts = [urlsplit(one["relative_url"]) for one in batch]
    return [(part.path.removeprefix("v26.0/"), dict(parse_qsl(part.query))) for part in parts]


def told(row: dict[str, Any]) -> dict[str, dict[str, list[tuple[int, str]]]]:
    """What a landed batch answered, by post and metric: (value, end of the day)."""
    found: dict[str, dict[str, list[tuple[int, str]]]] = {}
    for item in json.loads(row["body"]):
        for insight in json.loads(item["body"]).get("data", ()):
            assert insight["period"] == "day"
            days_of = found.setdefault(insight["id"].partition("/")[0], {})
            days_of.setdefault(insight["name"], []).extend(
                (value["value"], value["end_time"][:13]) for value in insight["values"]
            )
    return found


def test_days_are_asked_from_the_midnight_that_begins_the_first_to_the_one_that_ends_the_last(
    sandbox: Sandbox, connect: Connect
) -> None:
    wire = ask(sandbox, connect, days(FILM, date(2019, 11, 1), date(2019, 11, 5)))
    assert wire.endpoints() == ["roles", "post_days"]
    assert wire.session.report.troubles == []
    # The third of November ended summer time.
    metrics = ",".join(POST_DAY_METRICS)
    window = {"metric": metrics, "period": "day", "since": "1572591600", "until": "1573027200"}
    assert questions(wire.rows[1]) == [(f"{FILM}/insights", window)]
    answered = told(wire.rows[1])[FILM]
    assert set(answered) == set(POST_DAY_METRICS)
    for values in answered.values():
        assert [end for _, end in values] == [
            f"2019-11-{stop}" for stop in ("02T07", "03T07", "04T08", "05T08", "06T08")
        ]


def test_no_day_before_the_posts_first_in_california_is_asked(sandbox: Sandbox, connect: Connect) -> None:
    # Made on the fifth in London, on the fourth in California.
    created = datetime(2019, 11, 5, 3, tzinfo=UTC)
    wire = ask(sandbox, connect, days(FILM, date(2019, 10, 1), date(2019, 11, 5), created))
    ((_, asked),) = questions(wire.rows[1])
    assert asked["since"] == str(int(datetime(2019, 11, 4, 8, tzinfo=UTC).timestamp()))


def test_the_posts_of_others_and_videos_without_posts_are_not_asked(
    sandbox: Sandbox, connect: Connect
) -> None:
    wire = ask(sandbox, connect, days(THEIRS), days("663207813267942"), days(f"{LABOUR}_x/../1"))
    assert wire.endpoints() == ["roles"]
    assert wire.session.report.troubles == []


def refuse(sandbox: Sandbox, name: str) -> None:
    """The platform refuses one metric by day, beside others and alone."""
    last = name == POST_DAY_METRICS[-1]
    beside, alone = f",{name}&period=day" if last else f"{name},post_video", f"metric={name}&period=day"
    sandbox.program(*({"match": match, "fault": "metric_refused", "times": 99} for match in (beside, alone)))


@pytest.mark.parametrize("name", POST_DAY_METRICS)
def test_a_refused_metric_costs_itself_alone(
    sandbox: Sandbox, connect: Connect, films: list[str], name: str
) -> None:
    refuse(sandbox, name)
    wire = ask(sandbox, connect, *[days(one) for one in films])
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("MetricWithdrawn", 1)
    assert f"{name} is withdrawn" in message
    read: dict[str, set[str]] = {}
    for row in wire.rows[1:]:
        for post_id, metrics in told(row).items():
            read.setdefault(post_id, set()).update(metrics)
    assert read == dict.fromkeys(films, set(POST_DAY_METRICS) - {name})
    assert len(films) > 20
    assert wire.endpoints() == ["roles", *["post_days"] * 3]


def test_a_metric_that_is_refused_by_day_is_read_for_the_lifetime(sandbox: Sandbox, connect: Connect) -> None:
    refuse(sandbox, "post_video_views")
    wire = ask(sandbox, connect, days(FILM), posts=(Wanted("c1", FILM),))
    lifetime = next(row for row in wire.rows if row["endpoint"] == "insights")
    assert '\\"post_video_views\\"' in lifetime["body"]
    assert set(wire.kinds()) <= {"NotOffered", "MetricWithdrawn"}
    assert any(
        "post_video_views is not given for the days of posts with videos" in message
        for _, message, _ in wire.session.report.troubles
    )


def test_a_deleted_post_costs_itself_alone(sandbox: Sandbox, connect: Connect, films: list[str]) -> None:
    gone = next(post for post in sandbox.service.world.pages[LABOUR].posts if post.gone_at < NOW.timestamp())
    wire = ask(sandbox, connect, days(films[0]), days(gone.id), days(films[-1]))
    assert wire.kinds() == ["Gone"]
    assert set(told(wire.rows[1])) == {films[0], films[-1]}


def test_lost_insights_of_a_page_are_told_and_the_other_pages_go_on(
    sandbox: Sandbox, connect: Connect, films: list[str]
) -> None:
    sandbox.program({"match": f"{LABOUR}_", "fault": "permission_lost", "times": 1000})
    theirs = next(post.id for post in sandbox.service.world.pages["8761205449"].posts if post.video)
    wire = ask(sandbox, connect, days(films[0]), days(theirs))
    assert set(wire.kinds()) == {"PermissionMissing"}
    assert {row["status"] for row in wire.rows} == {200}
    assert [len(questions(row)) for row in wire.rows[1:]] == [1, 1]


# A server that remembers years, answers less at once, leads on for ever, or takes no batches.


class Insights:
    """Answers every part of a batch by `part`, from its path and parameters."""

    def __init__(self, server: Loopback, part: Callable[[str, dict[str, str]], Any]) -> None:
        roles = Answer({"data": [{"id": "111", "name": "L", "access_token": PAGE_TOKEN}]})
        server.on("/v26.0/me/accounts", roles)
        server.on("/v26.0/", self)
        self._part = part
        self.batches: list[list[tuple[str, dict[str, str]]]] = []

    def __call__(self, asked: Asked) -> Answer:
        assert asked.parameters["access_token"] == PAGE_TOKEN
        parts = [urlsplit(one["relative_url"]) for one in json.loads(asked.parameters["batch"])]
        batch = [(part.path.removeprefix("v26.0/"), dict(parse_qsl(part.query))) for part in parts]
        self.batches.append(batch)
        bodies = [self._part(*one) for one in batch]
        return Answer([body and {"code": 200, "body": json.dumps(body)} for body in bodies])


def collect(connect: Connect, *wanted: PostDays) -> Wire:
    wire = connect(facebook)
    facebook.collect(Ask("facebook", post_days=wanted), wire.session, TOKEN)
    return wire


def test_fifty_posts_share_a_call(server: Loopback, connect: Connect) -> None:
    insights = Insights(server, lambda path, asked: {"data": []})
    collect(connect, *(days(f"111_{n}") for n in range(120)))
    assert [len(batch) for batch in insights.batches] == [50, 50, 20]
    assert server.paths() == ["/v26.0/me/accounts", *["/v26.0/"] * 3]


def test_two_years_of_a_post_are_asked_in_parts_of_ninety_days(server: Loopback, connect: Connect) -> None:
    insights = Insights(server, lambda path, asked: {"data": []})
    wire = collect(connect, days("111_1", date(2024, 11, 2), date(2026, 11, 1)), days("111_2"))
    assert [len(batch) for batch in insights.batches] == [2, *[1] * 8]
    spans = [
        (int(asked["since"]), int(asked["until"]))
        for batch in insights.batches
        for path, asked in batch
        if path == "111_1/insights"
    ]
    assert max(until - since for since, until in spans) <= 90 * 86_400
    assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))
    assert spans[0][0] == int(datetime(2024, 11, 2, 7, tzinfo=UTC).timestamp())
    assert spans[-1][1] == int(datetime(2026, 11, 2, 8, tzinfo=UTC).timestamp())
    assert wire.session.report.troubles == []


def test_days_behind_a_part_that_failed_are_left_to_the_next_run(server: Loopback, connect: Connect) -> None:
    insights = Insights(server, lambda path, asked: None if path == "111_1/insights" else {"data": []})
    wire = collect(connect, *(days(one, date(2025, 1, 1), date(2025, 12, 31)) for one in ("111_1", "111_2")))
    paths = [path for batch in insights.batches for path, _ in batch]
    # Once more, as it may have failed in passing.
    assert paths.count("111_1/insights") == 2
    assert paths.count("111_2/insights") == 5
    assert wire.kinds() == ["Transient"]


@pytest.mark.parametrize(
    ("by_s", "calls"), [(0, 1), (-86_400, 1), (60, 1), (2 * 86_400, 5), (10 * 86_400, 1)]
)
def test_the_pages_of_an_answer_end_with_what_was_asked(
    server: Loopback, connect: Connect, by_s: int, calls: int
) -> None:
    def leading_on(path: str, asked: dict[str, str]) -> dict[str, Any]:
        following = f"https://graph.facebook.com/v26.0/{path}?access_token={TOKEN}&since="
        return {"data": [], "paging": {"next": f"{following}{int(asked['since']) + by_s}&until=9"}}

    insights = Insights(server, leading_on)
    wire = collect(connect, days("111_1", date(2026, 10, 1), date(2026, 10, 10)))
    assert [len(batch) for batch in insights.batches] == [1] * calls
    assert len({asked["until"] for batch in insights.batches for _, asked in batch}) == 1
    assert wire.session.report.troubles == []


def test_a_next_page_without_an_address_costs_that_post_alone(server: Loopback, connect: Connect) -> None:
    def odd(path: str, asked: dict[str, str]) -> dict[str, Any]:
        return {"data": [], "paging": {"next": "https://[" if path == "111_1/insights" else 7}}

    insights = Insights(server, odd)
    wire = collect(connect, days("111_1"), days("111_2"))
    assert [len(batch) for batch in insights.batches] == [2]
    assert wire.kinds() == ["Unreadable"]


def test_without_batches_posts_are_asked_one_by_one(server: Loopback, connect: Connect) -> None:
    roles = Answer({"data": [{"id": "111", "name": "L", "access_token": PAGE_TOKEN}]})
    server.on("/v26.0/me/accounts", roles)
    server.on("/v26.0/", Answer("<html>", status=404))
    for post_id in ("111_1", "111_2"):
        server.on(f"/v26.0/{post_id}/insights", Answer({"data": []}))
    wire = collect(connect, days("111_1"), days("111_2"))
    assert wire.kinds() == ["NotOffered"]
    (asked,) = server.of("/v26.0/111_2/insights")
    assert (asked.parameters["period"], asked.parameters["metric"]) == ("day", ",".join(POST_DAY_METRICS))
    assert int(asked.parameters["until"]) - int(asked.parameters["since"]) == 23 * 86_400 + 3_600
