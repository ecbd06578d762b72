"""The advertising edges of the Facebook face: reach that does not add up, and estimates of audiences."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.exchange import Asked
from connectors.sandbox.facebook import USER_TOKEN, FacebookFace
from connectors.sandbox.growth import Moment
from connectors.sandbox.world import shipped_world
from tests.sandbox.plain import END_2019, Plain, at, truth

WORLD = truth("uk-general-election-2019")
(ACCOUNT,) = WORLD["ad_accounts"]
WHOLE, LOCAL = ACCOUNT["reached"]
BRITAIN, HALLAM = ACCOUNT["areas"]
FIRST, LAST = date(2019, 10, 29), date(2019, 12, 12)
IN_HALLAM = {"geo_locations": {"places": [{"key": HALLAM["place"]}]}}
IN_BRITAIN = {"geo_locations": {"countries": ["GB"]}}


def insights(
    plain: Plain, first: date = FIRST, last: date = LAST, moment: datetime = END_2019, **params: str
) -> Any:
    window = json.dumps({"since": first.isoformat(), "until": last.isoformat()})
    asked = {"level": "account", "fields": "reach,impressions,frequency,date_start,date_stop", **params}
    return plain.graph(f"{ACCOUNT['id']}/insights", moment, time_range=window, **asked).json()


def reach(plain: Plain, first: date = FIRST, last: date = LAST, **params: str) -> int:
    rows = insights(plain, first, last, **params)["data"]
    return sum(int(row["reach"]) for row in rows)


def estimate(plain: Plain, targeting: dict[str, Any], edge: str = "reachestimate", **params: str) -> Any:
    spec = json.dumps(targeting)
    return plain.graph(f"{ACCOUNT['id']}/{edge}", END_2019, targeting_spec=spec, **params).json()


def only(campaign: str) -> str:
    return json.dumps([{"field": "campaign.id", "operator": "IN", "value": [campaign]}])


def test_the_last_day_has_the_figures_of_the_world_as_text(plain: Plain) -> None:
    (row,) = insights(plain)["data"]
    assert row["reach"] == str(WHOLE["people"])
    assert (row["date_start"], row["date_stop"]) == ("2019-10-29", "2019-12-12")
    assert all(isinstance(value, str) for value in row.values())
    by_age = insights(plain, filtering=only(LOCAL["campaign"]), breakdowns="age")["data"]
    assert {row["age"]: int(row["reach"]) for row in by_age} == LOCAL["age"]


def test_reach_grows_and_days_do_not_add_up_to_it(plain: Plain) -> None:
    whole, seen = 0, []
    for n in range(45):
        day = FIRST + timedelta(days=n)
        whole += reach(plain, day, day)
        if n % 9 == 8:
            seen.append(reach(plain, FIRST, day))
    assert seen == sorted(seen)
    assert len(set(seen)) == len(seen)
    assert seen[-1] == WHOLE["people"] < whole


def test_a_window_that_has_not_begun_has_no_row(plain: Plain) -> None:
    assert insights(plain, date(2019, 12, 1), LAST, moment=at(20, 11))["data"] == []
    so_far = insights(plain, moment=at(20, 11))["data"]
    passed = insights(plain, last=date(2019, 11, 19), moment=at(20, 11))["data"]
    assert so_far[0]["reach"] == passed[0]["reach"]


@pytest.mark.parametrize(
    ("targeting", "people", "published"),
    [
        (IN_BRITAIN, WHOLE["people"], BRITAIN["published"]["all"]),
        (IN_HALLAM, LOCAL["people"], HALLAM["published"]["all"]),
        (
            {**IN_HALLAM, "age_min": 18, "age_max": 24},
            LOCAL["age"]["18-24"],
            HALLAM["published"]["18-24"],
        ),
    ],
)
def test_the_share_of_an_audience_lies_tightly_around_the_published_one(
    plain: Plain, targeting: dict[str, Any], people: int, published: float
) -> None:
    size = estimate(plain, targeting)["data"]
    low, high = people / size["users_upper_bound"], people / size["users_lower_bound"]
    assert published * 0.95 <= low < published < high <= published * 1.05
    assert size["estimate_ready"] is True


def test_both_edges_estimate_alike_in_words_of_their_own(plain: Plain) -> None:
    first = estimate(plain, IN_HALLAM)["data"]
    (second,) = estimate(plain, IN_HALLAM, "delivery_estimate", optimization_goal="REACH")["data"]
    assert second["estimate_mau_lower_bound"] == first["users_lower_bound"]
    assert second["estimate_mau_upper_bound"] == first["users_upper_bound"]
    assert estimate(plain, IN_HALLAM, "delivery_estimate")["error"]["code"] == 100


@pytest.mark.parametrize(
    "params",
    [
        {"time_range": "{}"},
        {"time_range": "[1]"},
        {"filtering": "x"},
        {"filtering": '[{"field":"spend"}]'},
        {"breakdowns": "age,region"},
        {"fields": "nonsense"},
        {"level": "galaxy"},
        {"limit": "101"},
    ],
)
def test_what_is_not_understood_is_refused(plain: Plain, params: dict[str, str]) -> None:
    usual = {"time_range": '{"since":"2019-11-01","until":"2019-11-02"}', "fields": "reach"}
    answer = plain.graph(f"{ACCOUNT['id']}/insights", **{**usual, **params})
    assert answer.json()["error"]["code"] == 100


@pytest.mark.parametrize(
    "targeting", [{}, {"geo_locations": {"countries": ["FR"]}}, {**IN_HALLAM, "age_min": 40, "age_max": 20}]
)
def test_an_audience_that_makes_no_sense_is_refused(plain: Plain, targeting: dict[str, Any]) -> None:
    assert estimate(plain, targeting)["error"]["code"] == 100


def test_an_ad_account_is_the_persons_and_others_are_not_there(plain: Plain) -> None:
    as_page = plain.graph(f"{ACCOUNT['id']}/insights", token=plain.page_token("118273904551"))
    assert as_page.json()["error"]["code"] == 200
    assert plain.graph("act_1/insights").json()["error"]["error_subcode"] == 33
    assert plain.graph(ACCOUNT["id"]).json()["id"] == ACCOUNT["id"]


def test_bands_come_in_pages(plain: Plain) -> None:
    first = insights(plain, breakdowns="age", limit="4")
    after = first["paging"]["cursors"]["after"]
    second = insights(plain, breakdowns="age", limit="4", after=after)
    ages = [row["age"] for row in first["data"] + second["data"]]
    assert ages == list(WHOLE["age"])
    assert "next" in first["paging"]
    assert "next" not in second["paging"]


def test_usage_of_an_ad_account_is_told_in_headers_of_its_own(own: Plain) -> None:
    for _ in range(11):
        headers = own.graph(ACCOUNT["id"]).headers
    assert set(json.loads(headers["x-ad-account-usage"])) == {
        "acc_id_util_pct",
        "reset_time_duration",
        "ads_api_access_tier",
    }
    ((case,),) = json.loads(headers["x-business-use-case-usage"]).values()
    assert case["type"] == "ads_insights"


TEXT = st.text(max_size=8) | st.sampled_from(
    [
        "{}",
        "[]",
        "null",
        "[[]]",
        '{"since":"0001-01-01","until":"9999-12-31"}',
        '{"geo_locations":{}}',
        "reach",
    ]
)
NAMES = st.sampled_from(
    [
        *("time_range", "filtering", "breakdowns", "fields", "level", "limit", "after"),
        *("targeting_spec", "optimization_goal", "appsecret_proof", "id"),
    ]
)


@given(
    st.sampled_from(["", "/insights", "/reachestimate", "/delivery_estimate", "/insights/more"]),
    st.dictionaries(NAMES, TEXT, max_size=4),
)
def test_any_request_is_answered(edge: str, query: dict[str, str]) -> None:
    path = f"/v26.0/{ACCOUNT['id']}{edge}"
    asked = Asked("GET", path, {**query, "access_token": USER_TOKEN}, {}, b"", Moment.of(END_2019))
    answer = FacebookFace(shipped_world()).answer(asked)
    assert answer.status in (200, 400, 403)
    assert isinstance(json.loads(answer.body), dict)
