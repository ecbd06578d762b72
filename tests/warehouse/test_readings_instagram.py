"""What Instagram's answers say, in each of their shapes, and that nothing they may hold stops a build."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.instagram.insights import window_of
from tests.warehouse.lake import Lake, Sighting, campaign

RECORDED = Path(__file__).parent / "recorded" / "instagram"
NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
MEDIA_URL = "https://graph.facebook.com/v26.0/17841/media?limit=100"
GONE = {
    "error": {
        "message": "Unsupported get request. Object with ID '17904' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation",
        "type": "GraphMethodException",
        "code": 100,
        "error_subcode": 33,
    }
}
PLAIN = {
    "view_count": 900,
    "like_count": 80,
    "comments_count": 7,
    "saved_count": 6,
    "shares_count": 5,
    "reposts_count": 4,
    "total_views_count": 1000,
    "total_like_count": 90,
    "total_comments_count": 8,
}


def seen(
    folder: Path,
    *bodies: object,
    endpoint: str,
    status: int = 200,
    params: dict[str, str] | None = None,
    url: str = MEDIA_URL,
    at: datetime = NOON,
) -> dict[tuple[str, str], Sighting]:
    """What answers that arrived at `at` say, by (type, id)."""
    lake = Lake(folder)
    lake.answers(
        [(at, body) for body in bodies],
        platform="instagram",
        endpoint=endpoint,
        status=status,
        params=params,
        url=url,
    )
    return lake.read()


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.json").read_text(encoding="utf-8")


def medium(media_id: str, **more: object) -> dict[str, object]:
    return {"id": media_id, "permalink": f"https://www.instagram.com/p/C{media_id}/", **more}


def insight(object_id: str, *, period: str = "lifetime", **metrics: object) -> dict[str, object]:
    return {
        "data": [
            {
                "name": name,
                "period": period,
                "values": [{"value": value}],
                "id": f"{object_id}/insights/{name}/{period}",
            }
            for name, value in metrics.items()
        ]
    }


def day_total(account: str, name: str, value: object, **split: int) -> dict[str, list[dict[str, object]]]:
    total: dict[str, object] = {"value": value}
    if split:
        results = [{"dimension_values": [kind], "value": part} for kind, part in split.items()]
        total["breakdowns"] = [{"dimension_keys": ["media_product_type"], "results": results}]
    row: dict[str, object] = {
        "name": name,
        "period": "day",
        "total_value": total,
        "id": f"{account}/insights/{name}/day",
    }
    return {"data": [row]}


def window(day: date) -> dict[str, str]:
    since, until = window_of(day)
    return {"since": str(since), "until": str(until)}


def test_an_own_medium_is_read_whole(tmp_path: Path) -> None:
    shown = medium(
        "17901",
        caption="Vote! 🗳️ https://vote.example.org/register?a=1. And (http://b.example.org/x) #x",
        shortcode="C17901",
        timestamp="2026-10-31T09:30:00+0000",
        media_product_type="REELS",
        owner={"id": "17841"},
        **PLAIN,
    )
    assert seen(tmp_path, {"data": [shown], "paging": {}}, endpoint="account_media") == {
        ("post", "17901"): Sighting(
            response_id="run-00001-00000",
            observed_at=NOON,
            state="present",
            account_id="17841",
            created_at=datetime(2026, 10, 31, 9, 30, tzinfo=UTC),
            text="Vote! 🗳️ https://vote.example.org/register?a=1. And (http://b.example.org/x) #x",
            permalink="https://www.instagram.com/p/C17901/",
            aliases={"17901", "C17901"},
            media_ids=[],
            post_ids=[],
            handle=None,
            name=None,
            counters=PLAIN,  # type: ignore[arg-type]
            links=["https://vote.example.org/register?a=1", "http://b.example.org/x"],
        )
    }


def test_a_medium_is_the_accounts_in_whose_list_it_stands(tmp_path: Path) -> None:
    listed = seen(tmp_path / "a", {"data": [medium("17901")]}, endpoint="account_media")
    story = "https://graph.instagram.com/v26.0/17842/stories?limit=100"
    stories = seen(tmp_path / "b", {"data": [medium("17902")]}, endpoint="stories", url=story)
    looked_up = {"17903": medium("17903", owner={"id": "17843"}), "17904": medium("17904")}
    by_id = seen(tmp_path / "c", looked_up, endpoint="media")
    found = {**listed, **stories, **by_id}
    assert {name: one.account_id for (_, name), one in found.items()} == {
        "17901": "17841",
        "17902": "17842",
        "17903": "17843",
        "17904": None,
    }


def test_a_post_answers_to_the_code_in_its_address(tmp_path: Path) -> None:
    links = {
        "1": "https://www.instagram.com/p/B_a-Cd9xZq1/",
        "2": "https://www.instagram.com/reel/CSr71Gzlqo4/",
        "3": "https://www.instagram.com/tv/CSr71Gzlqo5/?x=1",
        "4": "https://www.instagram.com/stories/uklabour/2421224614649404224",
        "5": "",
    }
    media = [{"id": name, "permalink": link} for name, link in links.items()]
    found = seen(tmp_path, {"data": media}, endpoint="account_media")
    assert {name: one.aliases - {name} for (_, name), one in found.items()} == {
        "1": {"B_a-Cd9xZq1"},
        "2": {"CSr71Gzlqo4"},
        "3": {"CSr71Gzlqo5"},
        "4": set(),
        "5": set(),
    }


def test_what_a_rival_does_not_tell_is_missing_and_never_zero(tmp_path: Path) -> None:
    media = {
        "data": [
            medium("17901", media_product_type="REELS", view_count=70, like_count=0, comments_count=1),
            medium("17902", media_product_type="FEED", comments_count=0),
        ]
    }
    about = {"id": "17842", "username": "rival", "name": "Rival", "followers_count": 9, "media": media}
    found = seen(tmp_path, {"business_discovery": about, "id": "17841"}, endpoint="discovery")
    assert found["post", "17901"].counters == {"view_count": 70, "like_count": 0, "comments_count": 1}
    assert found["post", "17902"].counters == {"comments_count": 0}
    assert {one.account_id for one in found.values()} == {"17842"}
    account = found["account", "17842"]
    assert (account.handle, account.name, account.counters) == ("rival", "Rival", {"followers_count": 9})


def test_an_own_account_shows_its_handle_and_followers(tmp_path: Path) -> None:
    about = {"id": "17841", "username": "uklabour", "name": "Labour", "followers_count": 1000}
    found = seen(tmp_path, about, {"id": "17842"}, endpoint="accounts")
    assert found["account", "17841"].counters == {"followers_count": 1000}
    assert found["account", "17841"].handle == "uklabour"
    assert found["account", "17842"].counters == {}


def test_insights_of_a_batch_and_of_a_single_call_are_read_alike(tmp_path: Path) -> None:
    feed = insight("17901", views=500, reach=300, likes=9, saved=2, follows=1, ig_reels_avg_watch_time=6400)
    story = insight("17902", views=50, replies=2, navigation=70)
    parts = [
        {"code": 200, "body": json.dumps(feed)},
        None,
        {"code": 400, "body": '{"error": {"code": 10}}'},
        {"code": 200, "body": "<html>"},
        {"code": 200},
        {"code": 200, "body": '{"data": []}'},
        {"code": 200, "body": json.dumps(story)},
    ]
    batch = seen(tmp_path / "batch", parts, endpoint="insights")
    single = seen(tmp_path / "single", feed, story, endpoint="insights")
    for found in (batch, single):
        assert {name: one.counters for (_, name), one in found.items()} == {
            # An average is no total and never becomes a gain.
            "17901": {"views": 500, "reach": 300, "likes": 9, "saved": 2, "follows": 1},
            "17902": {"views": 50, "replies": 2, "navigation": 70},
        }


def test_insights_that_are_empty_or_no_whole_numbers_are_missing(tmp_path: Path) -> None:
    values: list[object] = [{"a": 1}, [], None, "many", 1.5, True]
    bodies = [insight(f"1790{n}", views=value, reach=3) for n, value in enumerate(values)]
    found = seen(tmp_path, *bodies, {"data": []}, {"data": [{"name": "views"}]}, endpoint="insights")
    assert [one.counters for one in found.values()] == [{"reach": 3}] * len(values)


def test_a_days_total_is_of_the_day_whose_window_was_asked(tmp_path: Path) -> None:
    day = date(2026, 10, 28)
    rows = [
        *day_total("17841", "reach", 900, AD=500, REEL=400)["data"],
        *day_total("17841", "likes", 12)["data"],
        *day_total("17841", "follower_count", 12)["data"],
    ]
    found = seen(tmp_path, {"data": rows}, endpoint="account_insights", params=window(day))
    assert found["account", "17841"].periods == {
        ("reach/day", "", day, day): (900, True),
        ("reach/day", "media_product_type=AD", day, day): (500, True),
        ("reach/day", "media_product_type=REEL", day, day): (400, True),
        ("likes/day", "", day, day): (12, True),
    }


def test_in_a_batch_each_day_is_the_one_that_its_question_names(tmp_path: Path) -> None:
    days = [date(2026, 10, 20), date(2026, 10, 21), date(2026, 10, 22), date(2026, 10, 23)]
    urls = []
    for day in days:
        since, until = window_of(day)
        urls.append(f"v26.0/17841/insights?metric=views&period=day&since={since}&until={until}")
    bodies = [json.dumps(day_total("17841", "views", value)) for value in (1, 2, 3)]
    answer = [{"code": 200, "body": bodies[0]}, None, {"code": 200, "body": bodies[2]}]
    params = {"batch": json.dumps([{"method": "GET", "relative_url": url} for url in urls])}
    found = seen(tmp_path, answer, endpoint="account_insights", params=params)
    assert found["account", "17841"].periods == {
        ("views/day", "", days[0], days[0]): (1, True),
        ("views/day", "", days[2], days[2]): (3, True),
    }


def test_a_day_is_whole_when_its_values_can_come_no_later(tmp_path: Path) -> None:
    day = date(2026, 10, 28)
    ends = datetime.fromtimestamp(window_of(day)[1], UTC)
    for hours, is_whole in ((-5, False), (0, False), (47, False), (48, True), (500, True)):
        found = seen(
            tmp_path / str(hours),
            day_total("17841", "views", 7),
            endpoint="account_insights",
            params=window(day),
            at=ends + timedelta(hours=hours),
        )
        assert found["account", "17841"].periods == {("views/day", "", day, day): (7, is_whole)}


@pytest.mark.parametrize(
    "params",
    [{}, {"since": "1699257550", "until": "1699430350"}, {"since": "x", "until": "y"}, {"since": "0"}],
)
def test_a_total_of_no_whole_day_is_no_day(tmp_path: Path, params: dict[str, str]) -> None:
    assert seen(tmp_path, day_total("17841", "views", 7), endpoint="account_insights", params=params) == {}


@pytest.mark.parametrize(
    ("end", "day"),
    [
        ("2026-10-31T07:00:00+0000", date(2026, 10, 30)),
        # Clocks go back on 1 November 2026.
        ("2026-11-02T08:00:00+0000", date(2026, 11, 1)),
    ],
)
def test_in_a_series_a_day_is_the_one_that_its_end_time_ends(tmp_path: Path, end: str, day: date) -> None:
    row = {
        "name": "reach",
        "period": "day",
        "values": [{"value": 3, "end_time": end}],
        "id": "17841/insights/reach/day",
    }
    found = seen(tmp_path, {"data": [row]}, endpoint="account_insights", at=NOON + timedelta(days=9))
    assert found["account", "17841"].periods == {("reach/day", "", day, day): (3, True)}


def test_error_100_33_to_a_call_for_one_medium_says_that_it_is_gone(tmp_path: Path) -> None:
    found = seen(tmp_path, GONE, endpoint="media", status=400, params={"ids": "17904", "fields": "id"})
    assert {name: one.state for name, one in found.items()} == {("post", "17904"): "gone"}


def test_a_refusal_of_several_or_for_another_reason_calls_none_gone(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for body, ids in ((GONE, "17904,17905"), ({"error": {"code": 190, "error_subcode": 33}}, "17904")):
        lake.answer(NOON, body, platform="instagram", endpoint="media", status=400, params={"ids": ids})
    lake.answer(NOON, GONE, platform="instagram", endpoint="account_media", status=400)
    lake.answer(NOON, {"error": {"code": 110}}, platform="instagram", endpoint="discovery", status=400)
    assert lake.read() == {}


def test_captions_and_huge_numbers_are_kept_to_the_last_sign(tmp_path: Path) -> None:
    captions = [
        "🗳️ Vote! 👩‍👩‍👧",
        "صوّتوا يوم الخميس",
        "\u202eright to left\u202c",
        "'; drop table x; --",
        None,
    ]
    media = [medium(str(n), caption=text, view_count=10**12) for n, text in enumerate(captions)]
    found = seen(tmp_path, {"data": media}, endpoint="account_media")
    assert [found["post", str(n)].text for n in range(len(captions))] == captions
    assert {one.counters["view_count"] for one in found.values()} == {10**12}


@pytest.mark.parametrize("value", ["many", {}, [], 10**30, 2**63, -3, 1.5, "0x10", True, None])
def test_a_counter_that_is_no_number_is_missing(tmp_path: Path, value: object) -> None:
    found = seen(
        tmp_path, {"data": [medium("17901", view_count=value, like_count=1)]}, endpoint="account_media"
    )
    assert found["post", "17901"].counters == {"like_count": 1}


GOOD = {
    "account_media": {"data": [medium("17901")]},
    "stories": {"data": [medium("17901")]},
    "media": {"17901": medium("17901")},
    "discovery": {"business_discovery": {"id": "17842", "media": {"data": [medium("17901")]}}},
    "insights": insight("17901", views=1),
    "account_insights": day_total("17841", "views", 7),
    "accounts": {"id": "17841"},
}
BAD = [
    "<!DOCTYPE html><html></html>",
    '{"data": [{"id": "17909", "like_cou',
    "",
    "false",
    "null",
    "[]",
    "{}",
    "7",
    '"text"',
    "[null, false, 7, [], {}]",
    '[{"body": 7}, {"body": "[]"}, {"body": "null"}]',
    '{"data": 7}',
    '{"data": [null, 7, [], {}]}',
    '{"business_discovery": 7}',
    '{"business_discovery": {"media": {"data": 7}}}',
    '{"error": 7}',
]


@pytest.mark.parametrize("endpoint", GOOD)
def test_answers_that_are_not_the_promised_json_cost_no_other_answer(tmp_path: Path, endpoint: str) -> None:
    params = window(date(2026, 10, 28))
    alone = seen(tmp_path / "alone", GOOD[endpoint], endpoint=endpoint, params=params)
    among = seen(tmp_path / "among", GOOD[endpoint], *BAD, endpoint=endpoint, params=params)
    assert alone
    assert among == alone


# Recorded answers of the platform


def test_recorded_media_of_an_account(tmp_path: Path) -> None:
    url = "https://graph.facebook.com/v6.0/17841406338772941/media"
    found = seen(tmp_path, recorded("account_media"), endpoint="account_media", url=url)
    assert {
        name: (one.account_id, one.created_at, one.aliases - {name}, one.counters)
        for (_, name), one in found.items()
    } == {
        "17895731045244887": (
            "17841406338772941",
            datetime(2021, 8, 13, 8, 25, 28, tzinfo=UTC),
            {"CSgf9BChwVq"},
            {"like_count": 0, "comments_count": 0},
        ),
        "17896622936197745": (
            "17841406338772941",
            datetime(2021, 8, 13, 8, 2, 40, tzinfo=UTC),
            {"CSgdWACBeKr"},
            {"like_count": 2, "comments_count": 6},
        ),
    }


def test_recorded_discovery_of_another_account(tmp_path: Path) -> None:
    found = seen(tmp_path, recorded("discovery_media"), recorded("discovery_user"), endpoint="discovery")
    assert found["account", "17841407673135339"].handle == "facebookfordevelopers"
    assert found["account", "17841407673135339"].counters == {"followers_count": 64976}
    posts = {name: one.counters for (kind, name), one in found.items() if kind == "post"}
    assert posts == {
        "17885103395504675": {"like_count": 87, "comments_count": 11},
        "17886271043461692": {"like_count": 186, "comments_count": 16},
    }
    assert found["post", "17885103395504675"].account_id == "17841407673135339"


def test_recorded_stories_by_list_and_by_id(tmp_path: Path) -> None:
    url = "https://graph.facebook.com/v8.0/17841406338772941/stories"
    listed = seen(tmp_path / "list", recorded("stories"), endpoint="stories", url=url)
    by_id = seen(tmp_path / "map", recorded("media_by_ids"), endpoint="media")
    assert set(listed) == set(by_id)
    assert {one.account_id for one in listed.values()} == {"17841406338772941"}
    story = by_id["post", "17876166859931045"]
    assert (story.account_id, story.text) == ("17841406338772941", "Nice")
    assert story.created_at == datetime(2020, 10, 16, 12, 48, 2, tzinfo=UTC)
    assert story.aliases == {"17876166859931045", "CGZ6vV1nBtA"}


def test_recorded_insights_of_media(tmp_path: Path) -> None:
    found = seen(tmp_path, recorded("media_insights"), recorded("media_insights_split"), endpoint="insights")
    # Impressions were removed by the platform, and are not read.
    assert {name: one.counters for (_, name), one in found.items()} == {
        "17846368219941692": {"reach": 5, "saved": 0}
    }


def test_recorded_account(tmp_path: Path) -> None:
    found = seen(tmp_path, recorded("account"), endpoint="accounts")
    assert found["account", "17841407673135339"].counters == {"followers_count": 64363}


def test_recorded_account_insights(tmp_path: Path) -> None:
    series = seen(tmp_path / "series", recorded("account_insights_series"), endpoint="account_insights")
    third, fourth = date(2017, 5, 3), date(2017, 5, 4)
    assert series["account", "17841400008460056"].periods == {
        ("reach/day", "", third, third): (3, True),
        ("reach/day", "", fourth, fourth): (36, True),
    }
    day = date(2023, 11, 6)
    split = seen(
        tmp_path / "split",
        recorded("account_insights_split"),
        endpoint="account_insights",
        params=window(day),
    )
    found = split["account", "17841454149711910"].periods
    assert found["reach/day", "", day, day] == (14516883, True)
    by_ads = "media_product_type=AD,follow_type=NON_FOLLOWER"
    assert found["reach/day", by_ads, day, day] == (14357147, True)
    assert len(found) == 1 + 14


# Through to the marts


def test_plain_counters_and_insights_of_one_post_are_never_added(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(accounts=[("instagram", "17841")]))
    noon = datetime(2019, 11, 1, 12, tzinfo=UTC)
    created = "2019-11-01T06:00:00+0000"
    for days in range(3):
        at = noon + timedelta(days=days)
        plain = {**PLAIN, "view_count": 100 * (days + 1), "total_views_count": 150 * (days + 1)}
        body = {"data": [medium("17901", timestamp=created, **plain), medium("17902", timestamp=created)]}
        lake.answer(at, body, platform="instagram", endpoint="account_media", url=MEDIA_URL)
        for name in ("17901", "17902"):
            shown = insight(name, views=1000 * (days + 1), shares=10 * (days + 1))
            lake.answer(at, shown, platform="instagram", endpoint="insights")
    lake.build()
    totals = lake.query("select asset_id, views, shares from marts.asset_totals order by all")
    assert totals == [("instagram:17901", 300, 5), ("instagram:17902", 3000, 30)]
