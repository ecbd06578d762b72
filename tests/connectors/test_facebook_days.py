"""Days of Pages, asked of the sandbox and, where it would take years, of a programmed server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from connectors import facebook
from connectors.asking import AccountDays, Ask
from connectors.facebook.days import PAGE_METRICS
from connectors.sandbox.server import Sandbox
from tests.connectors.conftest import TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback

Connect = Callable[..., Wire]

NOW = datetime(2019, 11, 24, 18, tzinfo=UTC)
LABOUR = "118273904551"
PAGE_TOKEN = "EAAP-page-token-0987654321"
ASKED = [metric.name for metric in PAGE_METRICS if metric.status != "withdrawn"]


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


def days(handle: str, first: date, last: date, campaign: str = "c1") -> AccountDays:
    return AccountDays(campaign, first, last, handle=handle)


def ask(sandbox: Sandbox, connect: Connect, *wanted: AccountDays, **options: Any) -> Wire:
    secret = sandbox.settings["FACEBOOK_ACCESS_TOKEN"]
    wire = connect(facebook, base_url=sandbox.facebook_url, as_of=NOW, secrets=[secret])
    facebook.collect(Ask("facebook", days=wanted), wire.session, secret, **options)
    return wire


def test_the_days_of_an_own_page_are_asked_whole_and_by_advertising(sandbox: Sandbox, connect: Connect):
    wire = ask(sandbox, connect, days("uklabour", date(2019, 11, 1), date(2019, 11, 5)))
    assert wire.endpoints() == ["roles", "pages", "page_insights", "page_insights"]
    assert wire.session.report.troubles == []
    whole, parts = wire.rows[2:]
    for name in ASKED:
        assert name in whole["body"]
    assert '"is_from_ads":"1"' in parts["body"]
    # From the Pacific midnight that begins the first day; the third of November ended summer time.
    assert '"since": "1572591600"' in whole["params"]
    assert '"until": "1573027200"' in whole["params"]
    assert '"period": "day"' in whole["params"]
    ends = [
        stop for stop in ("02T07", "03T07", "04T08", "05T08", "06T08") if f"2019-11-{stop}" in whole["body"]
    ]
    assert len(ends) == 5


def test_one_page_is_asked_once_over_all_the_days_that_campaigns_want(sandbox: Sandbox, connect: Connect):
    wire = ask(
        sandbox,
        connect,
        days("uklabour", date(2019, 11, 4), date(2019, 11, 9)),
        days("UKLabour", date(2019, 11, 2), date(2019, 11, 5), "c2"),
    )
    assert wire.endpoints().count("page_insights") == 2
    assert '"since": "1572678000"' in wire.rows[2]["params"]


def test_the_pages_of_others_are_not_asked(sandbox: Sandbox, connect: Connect):
    wire = ask(sandbox, connect, days("robdelaney", date(2019, 11, 4), date(2019, 11, 9)))
    assert wire.endpoints() == ["roles", "pages"]
    assert wire.session.report.troubles == []


def test_more_than_ninety_days_are_asked_in_parts(sandbox: Sandbox, connect: Connect):
    wire = ask(sandbox, connect, days("uklabour", date(2019, 5, 1), date(2019, 11, 23)))
    asked = [row for row in wire.rows if row["endpoint"] == "page_insights"]
    assert len(asked) == 2 * 3
    assert {row["status"] for row in asked} == {200}
    assert wire.session.report.troubles == []


@pytest.mark.parametrize("name", ["page_views_total", "page_media_view"])
def test_a_withdrawn_metric_is_told_once_and_the_others_keep_coming(
    sandbox: Sandbox, connect: Connect, name: str
):
    sandbox.program({"match": name, "fault": "metric_refused", "times": 1000})
    wire = ask(
        sandbox,
        connect,
        days("uklabour", date(2019, 11, 1), date(2019, 11, 5)),
        days("conservatives", date(2019, 11, 1), date(2019, 11, 5)),
    )
    assert wire.kinds() == ["MetricWithdrawn"]
    ((_, message, count),) = wire.session.report.troubles
    assert name in message
    assert count == 1
    for page in (LABOUR, "8761205449"):
        bodies = [
            row["body"] for row in wire.rows if f"/{page}/insights" in row["url"] and row["status"] == 200
        ]
        read = {each for each in ASKED if any(f'"name":"{each}"' in body for body in bodies)}
        assert read == set(ASKED) - {name}
    # The second Page is asked for the others at once, and for the doubtful one alone.
    assert sum("/8761205449/insights" in row["url"] for row in wire.rows) <= 3


def test_a_page_that_few_like_is_told(sandbox: Sandbox, connect: Connect):
    wire = ask(sandbox, connect, days("oddtiny", date(2019, 11, 1), date(2019, 11, 5)))
    ((kind, message, _),) = wire.session.report.troubles
    assert kind == "NotOffered"
    assert "has 37 likes and figures by day begin at 100" in message


def test_a_lost_permission_costs_the_days_alone(sandbox: Sandbox, connect: Connect):
    sandbox.program({"match": f"{LABOUR}/insights", "fault": "permission_lost", "times": 100})
    wire = ask(
        sandbox,
        connect,
        days("uklabour", date(2019, 11, 1), date(2019, 11, 5)),
        days("conservatives", date(2019, 11, 1), date(2019, 11, 5)),
    )
    assert wire.kinds() == ["PermissionMissing"]
    assert [row["status"] for row in wire.rows if "8761205449/insights" in row["url"]] == [200, 200]


def test_too_many_metrics_at_once_are_asked_in_halves(sandbox: Sandbox, connect: Connect):
    sandbox.program({"match": f"{LABOUR}/insights", "fault": "reduce_data", "times": 3})
    wire = ask(sandbox, connect, days("uklabour", date(2019, 11, 1), date(2019, 11, 5)))
    assert wire.session.report.troubles == []
    bodies = "".join(row["body"] for row in wire.rows if row["status"] == 200)
    assert all(f'"name":"{name}"' in bodies for name in ASKED)
    assert wire.slept == []


# A server that answers less at once, or leads on for ever.


def programmed(server: Loopback, insights: Callable[[Asked], Answer]) -> None:
    server.on(
        "/v26.0/me/accounts", Answer({"data": [{"id": "111", "name": "L", "access_token": PAGE_TOKEN}]})
    )
    server.on("/v26.0/labour", Answer({"id": "111", "name": "L", "username": "labour", "fan_count": 500}))
    server.on("/v26.0/111/insights", insights)


def leading_on(asked: Asked, by_s: int) -> Answer:
    since = int(asked.parameters["since"]) + by_s
    following = f"https://graph.facebook.com/v26.0/111/insights?access_token={TOKEN}&since={since}&until=9"
    row = {"id": "111/insights/page_follows/day", "name": "page_follows", "period": "day", "values": []}
    return Answer({"data": [row], "paging": {"next": following}})


@pytest.mark.parametrize(
    ("by_s", "calls"), [(0, 1), (-86_400, 1), (60, 1), (2 * 86_400, 5), (90 * 86_400, 1)]
)
def test_the_pager_ends_with_what_was_asked(server: Loopback, connect: Connect, by_s: int, calls: int):
    programmed(server, lambda asked: leading_on(asked, by_s))
    wire = connect(facebook)
    wanted = days("labour", date(2026, 10, 1), date(2026, 10, 10))
    facebook.collect(Ask("facebook", days=(wanted,)), wire.session, TOKEN)
    assert len(server.of("/v26.0/111/insights")) == 2 * calls
    assert wire.session.report.troubles == []


def test_no_part_is_longer_than_ninety_days_in_seconds(server: Loopback, connect: Connect):
    programmed(server, lambda asked: Answer({"data": []}))
    wanted = days("labour", date(2024, 1, 1), date(2025, 12, 31))
    facebook.collect(Ask("facebook", days=(wanted,)), connect(facebook).session, TOKEN)
    spans = [
        (int(asked.parameters["since"]), int(asked.parameters["until"]))
        for asked in server.of("/v26.0/111/insights")
        if "breakdown" not in asked.parameters
    ]
    assert max(until - since for since, until in spans) <= 90 * 86_400
    assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))
    assert (spans[0][0], spans[-1][1]) == (1_704_096_000, 1_767_254_400)


def test_a_guessed_page_that_refuses_its_days_is_told_as_not_ours(server: Loopback, connect: Connect):
    programmed(server, lambda asked: Answer({"error": {"message": "(#200) no", "code": 200}}, status=403))
    server.on("/v26.0/me/accounts", Answer("<html>", status=404))
    server.on("/v26.0/me", Answer({"id": "7"}))
    wire = connect(facebook)
    wanted = days("labour", date(2026, 10, 1), date(2026, 10, 2))
    facebook.collect(Ask("facebook", days=(wanted,)), wire.session, TOKEN)
    assert set(wire.kinds()) == {"NotOffered"}
    assert len(server.of("/v26.0/111/insights")) == 1


@pytest.mark.parametrize("body", [{"data": 7}, {"paging": {"next": 7}}, {"paging": []}, {}])
def test_answers_of_the_wrong_shape_end_the_days_quietly(server: Loopback, connect: Connect, body: Any):
    programmed(server, lambda asked: Answer(body))
    wire = connect(facebook)
    wanted = days("labour", date(2026, 10, 1), date(2026, 10, 2))
    facebook.collect(Ask("facebook", days=(wanted,)), wire.session, TOKEN)
    assert len(server.of("/v26.0/111/insights")) == 2


def test_metrics_have_each_one_row_and_withdrawn_ones_are_kept_to_tell():
    names = [metric.name for metric in PAGE_METRICS]
    assert len(names) == len(set(names))
    assert any(metric.status == "withdrawn" for metric in PAGE_METRICS)
