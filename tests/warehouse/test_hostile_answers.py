"""Nothing that an answer holds stops a build, and one absurd value costs itself alone."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.lake import Lake, campaign, fb_insights, fb_post, fb_video, x_media, x_post
from warehouse.build import BuildRefused, build

NOON = datetime(2019, 11, 2, 12, 0, tzinfo=UTC)
ADS = "https://graph.facebook.com/v26.0/act_1"

# Shapes that break readers: every JSON type, numbers and moments at and past the ends of their types.
HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e300,
    2**31,
    10**15 + 1,
    2**63 - 1,
    2**63,
    -(2**63),
    2**64 - 1,
    10**30,
    "",
    "x",
    "\x00",
    "%",
    "%ff",
    "https://l.facebook.com/l.php?u=%ff%fe",
    "9223372036854775807",
    "18446744073709551615",
    "1e400",
    "infinity",
    "-infinity",
    "0001-01-01",
    "294247-01-10",
    "5000000-01-10",
    "-290000-01-01T00:00:00Z",
    "294246-12-31T23:59:59Z",
    "2019-11-01T00:00:00+99:99",
    "2019-02-30",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": 1},
    [1, "x", None, {}],
    {"id": {"id": []}},
]

MOMENT = "2019-11-01T10:00:00+0000"
ANALYTICS = {
    "kind": "youtubeAnalytics#resultTable",
    "columnHeaders": [{"name": name} for name in ("day", "video", "views", "estimatedMinutesWatched")],
    "rows": [["2019-11-01", "abcdefghijk", 5, 9]],
}
INSTAGRAM = {
    "id": "17",
    "caption": "A reel",
    "timestamp": MOMENT,
    "owner": {"id": "1784"},
    "username": "us",
    "permalink": "https://www.instagram.com/reel/Cabc/",
    "media_product_type": "REELS",
    "like_count": 4,
    "comments_count": 5,
    "view_count": 6,
}

# (platform, endpoint, body, params, url), each as the platform would answer.
ANSWERS: list[tuple[str, str, Any, dict[str, str], str]] = [
    (
        "x",
        "posts",
        {
            "data": [
                x_post("1", retweets=3, media=["13_1"], impression_count=7)
                | {
                    "created_at": "2019-11-01T10:00:00.000Z",
                    "entities": {"urls": [{"expanded_url": "https://a.example/"}]},
                }
            ],
            "includes": {
                "media": [x_media("13_1", 9)],
                "users": [
                    {"id": "9", "username": "us", "name": "Us", "public_metrics": {"followers_count": 1}}
                ],
            },
            "errors": [
                {"resource_type": "tweet", "resource_id": "4", "type": "https://x/resource-not-found"}
            ],
        },
        {"ids": "1,4"},
        "",
    ),
    (
        "x",
        "counts",
        {"data": [{"start": "2019-11-01T00:00:00Z", "end": "2019-11-02T00:00:00Z", "tweet_count": 3}]},
        {"query": "#a", "granularity": "day"},
        "",
    ),
    (
        "facebook",
        "page_posts",
        {
            "data": [
                fb_post(
                    "111_2",
                    created_at=NOON,
                    shares=3,
                    reactions=4,
                    comments=5,
                    by_type={"love": 1},
                    videos=["7"],
                )
            ]
        },
        {},
        "",
    ),
    ("facebook", "page_videos", {"data": [fb_video("7", views=9, post_id="2")]}, {}, ""),
    ("facebook", "pages", {"id": "111", "name": "Us", "username": "us", "followers_count": 4}, {}, ""),
    ("facebook", "insights", fb_insights("111_2", post_media_view=4), {}, ""),
    (
        "facebook",
        "page_insights",
        {
            "data": [
                {
                    "id": "111/insights/page_media_view/day",
                    "name": "page_media_view",
                    "period": "day",
                    "values": [
                        {"value": 3, "end_time": "2019-11-01T07:00:00+0000", "is_from_ads": "1"},
                        {"value": {"like": 3}, "end_time": "2019-11-01T07:00:00+0000"},
                    ],
                }
            ]
        },
        {},
        "",
    ),
    (
        "facebook",
        "sites",
        {"id": "https://a.example/", "engagement": {"share_count": 1, "reaction_count": 2}},
        {"id": "https://a.example/"},
        "",
    ),
    (
        "facebook",
        "ad_insights",
        {
            "data": [
                {
                    "reach": "3",
                    "impressions": "4",
                    "date_start": "2019-11-01",
                    "date_stop": "2019-11-30",
                    "age": "18-24",
                }
            ]
        },
        {"filtering": "[]"},
        f"{ADS}/insights",
    ),
    (
        "facebook",
        "audience_estimates",
        {"data": {"users_lower_bound": 5, "users_upper_bound": 6, "estimate_ready": True}},
        {"targeting_spec": "{}"},
        f"{ADS}/reachestimate",
    ),
    ("instagram", "account_media", {"data": [INSTAGRAM]}, {}, "https://graph.facebook.com/v26.0/1784/media"),
    ("instagram", "media", {"17": INSTAGRAM}, {"ids": "17"}, ""),
    (
        "instagram",
        "discovery",
        {
            "business_discovery": {
                "id": "1784",
                "username": "us",
                "followers_count": 4,
                "media": {"data": [INSTAGRAM]},
            }
        },
        {},
        "",
    ),
    ("instagram", "insights", fb_insights("17", reach=4, views=5), {}, ""),
    (
        "instagram",
        "account_insights",
        {
            "data": [
                {
                    "id": "1784/insights/views/day",
                    "name": "views",
                    "period": "day",
                    "values": [{"value": 3, "end_time": "2019-11-01T07:00:00+0000"}],
                    "total_value": {
                        "value": 5,
                        "breakdowns": [
                            {
                                "dimension_keys": ["age"],
                                "results": [{"dimension_values": ["18-24"], "value": 5}],
                            }
                        ],
                    },
                }
            ]
        },
        {"since": "1572591600", "until": "1572678000"},
        "",
    ),
    (
        "youtube",
        "videos",
        {
            "kind": "youtube#videoListResponse",
            "items": [
                {
                    "id": "abcdefghijk",
                    "snippet": {
                        "channelId": "UC1",
                        "title": "t",
                        "description": "d",
                        "publishedAt": "2019-11-01T00:00:00Z",
                    },
                    "statistics": {"viewCount": "5", "likeCount": "3", "commentCount": "1"},
                }
            ],
        },
        {"id": "abcdefghijk"},
        "",
    ),
    (
        "youtube",
        "channels",
        {
            "kind": "youtube#channelListResponse",
            "items": [
                {
                    "id": "UC1",
                    "snippet": {"title": "Us", "customUrl": "@us"},
                    "statistics": {"viewCount": "5", "subscriberCount": "3", "hiddenSubscriberCount": False},
                }
            ],
        },
        {"id": "UC1"},
        "",
    ),
    ("youtube", "video_days", ANALYTICS, {"ids": "channel==UC1"}, ""),
    ("youtube", "channel_days", ANALYTICS, {"ids": "channel==UC1"}, ""),
    (
        "tiktok",
        "list",
        {
            "data": {
                "videos": [
                    {
                        "id": "7",
                        "create_time": 1572602400,
                        "share_url": "https://www.tiktok.com/@us/video/7",
                        "title": "t",
                        "view_count": 5,
                        "like_count": 4,
                        "share_count": 2,
                    }
                ]
            },
            "error": {"code": "ok"},
        },
        {},
        "",
    ),
    (
        "tiktok",
        "user",
        {"data": {"user": {"open_id": "o", "username": "us", "follower_count": 5}}, "error": {"code": "ok"}},
        {},
        "",
    ),
]
PLATFORMS = sorted({platform for platform, *_ in ANSWERS})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value, by the keys that lead there."""
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from places(each, (*path, number))


def replaced(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with another value at one place."""
    if not path:
        return value
    body = copy.deepcopy(body)
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return body


def land(lake: Lake, platform: str, hostile: list[Any]) -> int:
    """Land every answer of a platform with every value in every place; returns how many that are."""
    landed = 0
    for number, (of, endpoint, body, params, url) in enumerate(ANSWERS):
        if of == platform:
            bodies = [
                (NOON + timedelta(seconds=number), replaced(body, path, value))
                for path in places(body)
                for value in hostile
            ]
            bodies.append((NOON + timedelta(hours=1), body))
            lake.answers(
                bodies, platform=platform, endpoint=endpoint, params=params, url=url or "https://a.example/"
            )
            landed += len(bodies)
    return landed


def campaign_of_all() -> dict[str, object]:
    accounts = [("x", "9"), ("facebook", "111"), ("instagram", "1784"), ("youtube", "UC1"), ("tiktok", "us")]
    return campaign(accounts=accounts)


def test_no_value_in_any_place_of_an_answer_stops_a_build(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign_of_all())
    landed = sum(land(lake, platform, HOSTILE) for platform in PLATFORMS)
    report = lake.build()
    assert report.responses == landed
    first = "select min(day) >= date '2004-01-01' from marts.post_daily"
    assert lake.query(first) == [(True,)]


any_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        st.dates().map(str),
        st.sampled_from(HOSTILE),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=3)
@given(st.lists(any_json, min_size=20, max_size=40), st.randoms(use_true_random=False))
def test_no_answer_with_several_odd_values_stops_the_readings(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], chance: random.Random
) -> None:
    lake = Lake(tmp_path_factory.mktemp("odd"))
    for platform, endpoint, body, params, url in ANSWERS:
        odd = body
        bodies = []
        for value in values:
            odd = replaced(odd, chance.choice(list(places(odd))), value)
            bodies.append((NOON, odd))
            if not isinstance(odd, (dict, list)) or len(json.dumps(odd)) < 20:
                odd = body
        lake.answers(
            bodies, platform=platform, endpoint=endpoint, params=params, url=url or "https://a.example/"
        )
    lake.read()


# One gate for what cannot be -------------------------------------------------------------------------------


def test_a_count_that_cannot_be_is_no_reading_and_costs_no_other(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign())
    odd = {"1": 10**15 + 1, "2": 2**63 - 1, "3": -1}
    shown = [x_post(post, retweets=4, impression_count=count) for post, count in odd.items()]
    lake.answer(NOON, {"data": [*shown, x_post("4", retweets=10**15, impression_count=7)]})
    seen = lake.read()
    for post in odd:
        assert seen["post", post].counters == {"retweet_count": 4}
    assert seen["post", "4"].counters == {"retweet_count": 10**15, "impression_count": 7}
    lake.build()
    assert lake.query("select asset_id, views from marts.asset_totals order by all") == [
        *((f"x:{post}", None) for post in odd),
        ("x:4", 7),
    ]


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("-infinity", None),
        ("infinity", None),
        ("0001-01-01T00:00:00Z", None),
        ("-290000-01-01T00:00:00Z", None),
        ("2003-12-31T23:59:59Z", None),
        ("2004-01-01T00:00:00Z", datetime(2004, 1, 1, tzinfo=UTC)),
        ("2019-11-04T12:00:00Z", NOON + timedelta(days=2)),
        ("2019-11-04T12:00:01Z", None),
    ],
)
def test_a_moment_that_cannot_be_is_not_when_a_post_was_made(
    tmp_path: Path, said: str, known: datetime | None
) -> None:
    lake = Lake(tmp_path)
    lake.answer(NOON, {"data": [x_post("1", retweets=4) | {"created_at": said}]})
    assert lake.read()["post", "1"].created_at == known


def test_days_that_cannot_be_are_no_days(tmp_path: Path) -> None:
    def bucket(day: date) -> dict[str, object]:
        return {"start": f"{day}T00:00:00Z", "end": f"{day + timedelta(days=1)}T00:00:00Z", "tweet_count": 3}

    lake = Lake(tmp_path)
    days = [date(1, 1, 1), date(2003, 12, 31), date(2019, 11, 1), date(2019, 11, 4), date(2019, 11, 5)]
    asked = {"query": "#a", "granularity": "day"}
    lake.answer(NOON, {"data": [bucket(day) for day in days]}, endpoint="counts", params=asked)
    shown = lake.read()["hashtag", "#a"].periods
    assert [day for _, _, day, _ in shown] == [date(2019, 11, 1), date(2019, 11, 4)]


def test_a_report_may_be_asked_to_the_end_of_a_campaign_and_not_of_time(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = [
        {"reach": "5", "date_start": "2019-11-01", "date_stop": stop} for stop in ("2020-11-01", "infinity")
    ]
    for number, row in enumerate(rows):
        lake.answer(
            NOON + timedelta(hours=number),
            {"data": [row]},
            platform="facebook",
            endpoint="ad_insights",
            url=f"{ADS}{number}/insights",
        )
    seen = {key: list(one.periods) for key, one in lake.read().items()}
    assert seen["advertising", "act_10?"] == [("reach/window", "", date(2019, 11, 1), date(2020, 11, 1))]
    assert seen["advertising", "act_11?"] == []


def test_what_the_database_cannot_work_out_refuses_the_build_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"film": ["x:1"]}))
    lake.answer(NOON, {"data": [x_post("1", retweets=4)]})
    lake.build()
    before = lake.tables()
    odd = {
        "object_type": "post",
        "object_id": "2",
        "account_id": "9",
        "created_at": NOON - timedelta(hours=1),
    }
    count = [{"metric": "retweet_count", "value": 2**63 - 1}]
    lake.see("x", *({**odd, "object_id": post, "observed_at": NOON, "counters": count} for post in "234"))
    with pytest.raises(BuildRefused) as refusal:
        build(lake.landing, lake.readings, lake.warehouse)
    assert isinstance(refusal.value.__cause__, duckdb.Error)
    assert "\n" not in str(refusal.value)
    assert "campaign build --full" in str(refusal.value)
    assert lake.tables() == before


# Halves of characters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"cut \ud83d", "cut "),
        (r"cut \uD83D\n", "cut \n"),
        (r"\ude00 first", " first"),
        (r"\ud83d\ud83d\ude00", "😀"),
        (r"\ud83d\ude00\ude00", "😀"),
        (r"\uD83D\uDE00 whole", "😀 whole"),
        (r"\\ud83d is written", r"\ud83d is written"),
        (r"\\\ud83d", "\\"),
        (r"é \u00e9 \ud7ff", "é é \ud7ff"),
    ],
)
def test_half_a_character_costs_itself_and_not_its_answer(tmp_path: Path, written: str, text: str) -> None:
    lake = Lake(tmp_path)
    body = json.dumps({"data": [x_post("1", retweets=4, text="TEXT"), x_post("2", retweets=5)]})
    lake.answer(NOON, body.replace("TEXT", written))
    seen = lake.read()
    assert seen["post", "1"].text == text
    assert seen["post", "2"].counters == {"retweet_count": 5}


def test_answers_of_status_200_that_are_no_json_are_counted(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign())
    for status, body in ((200, "<html>"), (200, '{"data": ['), (503, "<html>"), (200, '{"data": []}')):
        lake.answer(NOON, body, status=status)
    lake.answer(NOON, r'{"data": [{"id": "1", "text": "\ud83d"}]}')
    assert lake.build().not_json == 2
    assert lake.build().not_json == 0
