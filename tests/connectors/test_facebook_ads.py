"""Advertising and web addresses, asked of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors import facebook
from connectors.asking import Ask, AudienceReach, Mentions
from connectors.errors import RateLimited
from connectors.sandbox.server import Sandbox
from tests.connectors.conftest import Wire

Connect = Callable[..., Wire]

NOW = datetime(2019, 12, 13, tzinfo=UTC)
ACCOUNT = "act_1700420191212"
HALLAM = '{"geo_locations":{"places":[{"key":"107654312019"}]}}'
YOUNG = '{"age_max":24,"age_min":18,"geo_locations":{"places":[{"key":"107654312019"}]}}'
CAMPAIGN = '[{"field":"campaign.id","operator":"IN","value":["6140017420191"]}]'
LOCAL = AudienceReach("c1", ACCOUNT, HALLAM, CAMPAIGN, "", date(2019, 10, 29), date(2019, 12, 12))
BY_AGE = replace(LOCAL, targeting=YOUNG, breakdown="age")
SITE = "https://canvass.example.org/"


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


def ask(sandbox: Sandbox, connect: Connect, *audiences: AudienceReach, **parts: Any) -> Wire:
    secret = sandbox.settings["FACEBOOK_ACCESS_TOKEN"]
    wire = connect(facebook, base_url=sandbox.facebook_url, as_of=NOW, secrets=[secret])
    facebook.collect(Ask("facebook", audiences=audiences, **parts), wire.session, secret)
    return wire


def site(address: str, campaign: str = "c1") -> Mentions:
    return Mentions(campaign, "site", address, date(2019, 12, 12), date(2019, 12, 12))


def test_reach_is_asked_in_one_piece_and_each_question_once(sandbox: Sandbox, connect: Connect):
    older = replace(BY_AGE, targeting=YOUNG.replace("24", "34"))
    wire = ask(sandbox, connect, LOCAL, BY_AGE, older, replace(LOCAL, campaign_id="c2"))
    assert wire.endpoints() == ["ad_insights"] * 2 + ["audience_estimates"] * 3
    assert wire.session.report.troubles == []
    parameters = [json.loads(row["params"]) for row in wire.rows]
    assert {key: value for key, value in parameters[0].items() if key not in ("access_token", "limit")} == {
        "level": "account",
        "fields": "reach,impressions,frequency,date_start,date_stop",
        "time_range": '{"since":"2019-10-29","until":"2019-12-12"}',
        "filtering": CAMPAIGN,
    }
    assert parameters[1]["breakdowns"] == "age"
    assert all("time_increment" not in each for each in parameters)
    assert [each["targeting_spec"] for each in parameters[2:]] == [HALLAM, YOUNG, older.targeting]


def test_all_advertisements_are_asked_without_a_filter(sandbox: Sandbox, connect: Connect):
    wire = ask(sandbox, connect, replace(LOCAL, filtering=""))
    assert "filtering" not in wire.rows[0]["params"]
    assert json.loads(wire.rows[0]["body"])["data"]


@pytest.mark.parametrize(
    "refused",
    [
        {"code": 100, "message": "(#100) nothing of the kind"},
        {"code": 3, "message": "(#3) no capability"},
        {"code": 2500, "message": "Unknown path components: /reachestimate"},
        {"code": 100, "subcode": 33, "message": "Unsupported get request"},
    ],
)
def test_where_one_way_of_estimating_is_refused_the_other_is_asked_and_remembered(
    sandbox: Sandbox, connect: Connect, refused: dict[str, Any]
):
    sandbox.program({"match": "/reachestimate", "fault": "refused", "times": 9, **refused})
    wire = ask(sandbox, connect, LOCAL, BY_AGE)
    edges = [row["url"].split("?")[0].rpartition("/")[2] for row in wire.rows[2:]]
    assert edges == ["reachestimate", "delivery_estimate", "delivery_estimate"]
    assert '"optimization_goal": "REACH"' in wire.rows[-1]["params"]
    assert wire.session.report.troubles == []


def test_when_both_ways_are_refused_the_first_refusal_is_told(sandbox: Sandbox, connect: Connect):
    permission = {"code": 200, "message": "(#200) Ad account owner has NOT grant ads_read", "status": 403}
    sandbox.program({"match": ACCOUNT, "fault": "refused", "times": 99, **permission})
    wire = ask(sandbox, connect, LOCAL, mentions=(site(SITE),))
    assert wire.kinds() == ["PermissionMissing"]
    assert wire.session.report.troubles[0][2] == 2
    assert wire.endpoints()[0] == "sites"
    assert wire.rows[0]["status"] == 200


def test_an_estimate_that_is_not_ready_is_told(sandbox: Sandbox, connect: Connect):
    sandbox.program({"match": "estimate", "fault": "estimate_not_ready", "times": 9})
    wire = ask(sandbox, connect, LOCAL, BY_AGE)
    assert wire.session.report.troubles == [
        (
            "NotOffered",
            "facebook: the size of an audience is not worked out yet; it is asked again next time",
            2,
        )
    ]


@pytest.mark.parametrize("code", [17, 613, 80000, 80003, 80004])
@pytest.mark.parametrize(("form", "waited"), [("ads", 121.0), ("business", 121.0), ("none", None)])
def test_a_reached_limit_of_advertising_is_waited_out(
    sandbox: Sandbox, connect: Connect, code: int, form: str, waited: float | None
):
    fault = {"match": f"{ACCOUNT}/insights", "fault": "graph_throttled", "times": 1}
    sandbox.program({**fault, "code": code, "form": form, "minutes": 2})
    wire = ask(sandbox, connect, LOCAL)
    assert [row["status"] for row in wire.rows] == [400, 200, 200]
    assert wire.slept == [waited] if waited else len(wire.slept) == 1
    assert wire.session.report.troubles == []


def test_a_limit_that_is_not_lifted_ends_the_run_after_all_else(sandbox: Sandbox, connect: Connect):
    fault = {"match": ACCOUNT, "fault": "graph_throttled", "times": 99, "code": 80004, "minutes": 600}
    sandbox.program(fault)
    with pytest.raises(RateLimited, match="start again after 2026"):
        ask(sandbox, connect, LOCAL, mentions=(site(SITE),))
    assert any("canvass" in request for request in sandbox.requests)


def test_no_ad_account_is_told_and_costs_no_other(sandbox: Sandbox, connect: Connect):
    wire = ask(sandbox, connect, replace(LOCAL, ad_account="act_1"), LOCAL)
    assert set(wire.kinds()) == {"Gone"}
    assert [row["status"] for row in wire.rows] == [400, 200, 400, 400, 200]


def test_an_ad_account_cannot_lead_out_of_its_place_in_the_path(sandbox: Sandbox, connect: Connect):
    wire = ask(sandbox, connect, replace(LOCAL, ad_account="../me?x="))
    assert all("/v26.0/..%2Fme%3Fx%3D/" in row["url"] for row in wire.rows)


def test_web_addresses_are_asked_once_each_and_hashtags_not_at_all(sandbox: Sandbox, connect: Connect):
    other = "https://mynearestmarginal.example.org/?a=1&b=ü"
    tag = Mentions("c1", "hashtag", "VoteLabour", date(2019, 12, 12), date(2019, 12, 12))
    wire = ask(sandbox, connect, mentions=(site(SITE), tag, site(other), site(SITE, "c2")))
    assert wire.endpoints() == ["sites", "sites"]
    assert [json.loads(row["params"])["id"] for row in wire.rows] == [SITE, other]
    assert json.loads(wire.rows[0]["body"])["engagement"]["share_count"] > 0
    assert wire.session.report.troubles == []


def test_an_address_that_is_refused_costs_only_itself(sandbox: Sandbox, connect: Connect):
    sandbox.program({"match": "canvass", "fault": "permission_lost"})
    wire = ask(sandbox, connect, LOCAL, mentions=(site(SITE), site("https://nobody.example.org/")))
    assert wire.kinds() == ["NotOffered"]
    assert "the shares of web addresses are not offered here" in wire.session.report.troubles[0][1]
    assert [row["status"] for row in wire.rows] == [403, 200, 200, 200]
