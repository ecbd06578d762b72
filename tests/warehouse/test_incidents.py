"""Revisions, glitches, withdrawn metrics and posts that are gone: told apart, and nothing clamped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.warehouse.lake import Lake, campaign, x_post

NIGHT = datetime(2019, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def november(number: int) -> date:
    return date(2019, 11, number)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Five days, a reading every six hours, of posts to which different things happen."""
    lake = Lake(tmp_path_factory.mktemp("incidents"))
    posts = ["steady", "revised", "dipping", "gone", "story"]
    lake.register(campaign(assets={"film": [f"x:{post}" for post in posts], "quiet": ["x:hidden"]}))
    for number in range(20):
        moment, value = NIGHT + 6 * HOUR * number, 1000 + 100 * number
        # 40 are taken back within a day that grows all the same, 1,500 for good overnight.
        revised = value - 140 * (number >= 7) - 1500 * (number >= 12)
        dipping = 0 if number in (6, 14) else value
        shown = [
            x_post("steady", retweets=value, created_at=NIGHT - HOUR),
            x_post("revised", retweets=revised, created_at=NIGHT - HOUR),
            x_post("dipping", retweets=dipping, created_at=NIGHT - HOUR),
            x_post("hidden", retweets=value, created_at=NIGHT - HOUR)
            | {"public_metrics": {"retweet_count": value} | ({"like_count": 7} if number < 8 else {})},
        ]
        if number < 10:
            shown.append(x_post("gone", retweets=value, created_at=NIGHT - HOUR))
        lake.answer(moment, {"data": shown})
    problem = "https://api.x.com/2/problems/resource-not-found"
    lake.answer(
        NIGHT + 61 * HOUR, {"errors": [{"resource_type": "tweet", "resource_id": "gone", "type": problem}]}
    )
    told = {
        "object_type": "post",
        "object_id": "story",
        "account_id": "9",
        "permalink": "https://x.com/story",
    }
    lake.see(
        "x",
        {
            "observed_at": NIGHT + 20 * HOUR,
            "created_at": NIGHT,
            "ends_at": NIGHT + 24 * HOUR,
            "counters": [{"metric": "retweet_count", "value": 3}],
            **told,
        },
    )
    lake.build()
    return lake


def incidents(lake: Lake, post: str) -> list[tuple[object, ...]]:
    return lake.query(
        f"select metric, day, kind, amount from marts.incidents where post_id = '{post}' order by all"
    )


def test_nothing_is_told_of_a_post_that_only_grows(lake: Lake) -> None:
    assert incidents(lake, "steady") == []


def test_a_revision_is_told_on_its_day_whether_or_not_the_day_grew_all_the_same(lake: Lake) -> None:
    assert incidents(lake, "revised") == [
        ("retweets", november(2), "revised down", 40),
        # The reading of midnight tells of the day that it ends.
        ("retweets", november(3), "revised down", 1400),
    ]
    gains = lake.query(
        "select day, gain, was_revised_down from marts.post_daily "
        "where post_id = 'revised' and day in ('2019-11-02', '2019-11-03') order by day"
    )
    assert gains == [(november(2), 260, False), (november(3), -1100, True)]


def test_a_dip_that_is_undone_is_a_glitch_and_no_revision(lake: Lake) -> None:
    assert incidents(lake, "dipping") == [
        ("retweets", november(2), "glitch set aside", 1),
        ("retweets", november(4), "glitch set aside", 1),
    ]
    same = "select day, gain from marts.post_daily where metric = 'retweets' and post_id = '{}' order by day"
    assert lake.query(same.format("dipping")) == lake.query(same.format("steady"))


def test_a_metric_that_is_told_no_more_is_withdrawn_and_keeps_no_day_open(lake: Lake) -> None:
    assert incidents(lake, "hidden") == [("reactions", november(2), "metric withdrawn", 7)]
    assert lake.query(
        "select day, completeness from marts.asset_daily "
        "where asset_id = 'quiet' and day > '2019-11-01' order by day"
    ) == [
        # The last likes were told on the 2nd.
        (november(2), "open"),
        (november(3), "complete"),
        (november(4), "complete"),
        (november(5), "open"),
    ]


def test_a_post_that_is_refused_and_a_story_whose_day_is_over_are_gone(lake: Lake) -> None:
    assert incidents(lake, "gone") == [("", november(3), "post gone", None)]
    assert incidents(lake, "story") == [("", november(1), "post gone", None)]


def test_nothing_is_clamped(lake: Lake) -> None:
    assert lake.query(
        "select sum(gain) from marts.post_daily where post_id = 'revised' and metric = 'retweets'"
    ) == [(1000 + 1900 - 140 - 1500,)]


def test_a_fall_just_at_midnight_is_told_once_in_every_zone(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    zones = ["Europe/London", "America/Havana", "Asia/Kolkata"]
    lake.register(*(campaign(zone, timezone=zone, assets={"film": ["x:1"]}) for zone in zones))
    for number, value in enumerate([500, 600, 200, 300]):
        lake.answer(NIGHT + 12 * HOUR * number, {"data": [x_post("1", retweets=value)]})
    lake.build()
    assert lake.query("select campaign_id, day, amount from marts.incidents order by all") == [
        ("America/Havana", november(1), 400),
        ("Asia/Kolkata", november(2), 400),
        ("Europe/London", november(1), 400),
    ]


def test_numbers_that_come_by_other_answers_and_fail_to_come_are_a_gap_and_not_withdrawn(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"film": ["x:1"]}))
    for number in range(12):
        moment = NIGHT + 12 * HOUR * number
        shown: list[dict[str, object]] = [{"counters": [{"metric": "retweet_count", "value": number}]}]
        if number < 4:
            shown.append({"counters": [{"metric": "impression_count", "value": 10 * number}]})
        post = {"object_type": "post", "object_id": "1", "account_id": "9", "created_at": NIGHT}
        lake.see("x", *({"observed_at": moment, **post, **each} for each in shown))
    lake.build()
    assert incidents(lake, "1") == []
    assert lake.query(
        "select completeness from marts.asset_daily where day between '2019-11-03' and '2019-11-05'"
    ) == [("open",), ("open",), ("open",)]


def test_an_export_withdraws_nothing_and_brings_no_post_back(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"film": ["x:1"], "other": ["x:2"]}))
    for number in range(3):
        posts = [x_post(post, retweets=number, like_count=number, created_at=NIGHT) for post in ("1", "2")]
        lake.answer(NIGHT + 12 * HOUR * number, {"data": posts})
    problem = "https://api.x.com/2/problems/resource-not-found"
    gone = {"errors": [{"resource_type": "tweet", "resource_id": "2", "type": problem}]}
    lake.answer(NIGHT + 48 * HOUR, gone)
    exported = {"source": "export", "observed_at": NIGHT + 240 * HOUR, "known_at": NIGHT + 240 * HOUR}
    for post in ("1", "2"):
        counters = [{"metric": "retweet_count", "value": 9}]
        lake.see("x", {"object_type": "post", "object_id": post, "counters": counters, **exported})
    lake.build()
    assert incidents(lake, "1") == []
    assert [kind for _, _, kind, _ in incidents(lake, "2")] == ["post gone"]
