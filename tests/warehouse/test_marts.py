"""What the marts say: which posts count, for whom, in which metric, on which local day, how whole it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.lake import (
    Lake,
    campaign,
    fb_batch,
    fb_insights,
    fb_post,
    fb_video,
    x_media,
    x_post,
)
from tests.warehouse.together import Steps, Together, World
from warehouse.known import known_posts
from warehouse.publish import open_published

HOUR = timedelta(hours=1)

together = Together()

DAY_COLUMNS = {
    "views": "BIGINT",
    "shares": "BIGINT",
    "retweets": "BIGINT",
    "reactions": "BIGINT",
    "comments": "BIGINT",
}
FIXED_COLUMNS = {
    "asset_daily": {
        "campaign_id": "VARCHAR",
        "side_id": "VARCHAR",
        "asset_id": "VARCHAR",
        "asset_title": "VARCHAR",
        "day": "DATE",
        **DAY_COLUMNS,
        "quotes": "BIGINT",
        "completeness": "VARCHAR",
    },
    "asset_platform_daily": {
        "campaign_id": "VARCHAR",
        "side_id": "VARCHAR",
        "asset_id": "VARCHAR",
        "asset_title": "VARCHAR",
        "platform": "VARCHAR",
        "day": "DATE",
        **DAY_COLUMNS,
        "quotes": "BIGINT",
        "completeness": "VARCHAR",
    },
    "asset_totals": {
        "campaign_id": "VARCHAR",
        "side_id": "VARCHAR",
        "asset_id": "VARCHAR",
        "asset_title": "VARCHAR",
        "views": "BIGINT",
        "shares": "BIGINT",
        "retweets": "BIGINT",
        "views_rank": "BIGINT",
        "first_seen_at": "TIMESTAMP WITH TIME ZONE",
        "last_seen_at": "TIMESTAMP WITH TIME ZONE",
    },
    "post_daily": {
        "campaign_id": "VARCHAR",
        "platform": "VARCHAR",
        "post_id": "VARCHAR",
        "account_id": "VARCHAR",
        "asset_id": "VARCHAR",
        "metric": "VARCHAR",
        "day": "DATE",
        "gain": "BIGINT",
        "total": "BIGINT",
        "completeness": "VARCHAR",
        "source": "VARCHAR",
    },
    "account_daily": {
        "campaign_id": "VARCHAR",
        "side_id": "VARCHAR",
        "account_id": "VARCHAR",
        "platform": "VARCHAR",
        "handle": "VARCHAR",
        "day": "DATE",
        "posts": "BIGINT",
        **DAY_COLUMNS,
    },
    "side_totals": {
        "campaign_id": "VARCHAR",
        "side_id": "VARCHAR",
        "platform": "VARCHAR",
        **DAY_COLUMNS,
        "quotes": "BIGINT",
    },
    "posts": {
        "campaign_id": "VARCHAR",
        "platform": "VARCHAR",
        "post_id": "VARCHAR",
        "account_id": "VARCHAR",
        "handle": "VARCHAR",
        "side_id": "VARCHAR",
        "asset_id": "VARCHAR",
        "asset_title": "VARCHAR",
        "assigned_by": "VARCHAR",
        "created_at": "TIMESTAMP WITH TIME ZONE",
        "permalink": "VARCHAR",
        "title": "VARCHAR",
        "first_seen_at": "TIMESTAMP WITH TIME ZONE",
        "last_seen_at": "TIMESTAMP WITH TIME ZONE",
        "is_gone": "BOOLEAN",
    },
    "platform_daily": {
        "platform": "VARCHAR",
        "object_type": "VARCHAR",
        "object_id": "VARCHAR",
        "native_name": "VARCHAR",
        "breakdown": "VARCHAR",
        "day": "DATE",
        "canonical_name": "VARCHAR",
        "handle": "VARCHAR",
        "day_boundary": "VARCHAR",
        "value": "BIGINT",
        "is_whole": "BOOLEAN",
        "observed_at": "TIMESTAMP WITH TIME ZONE",
    },
    "hashtag_daily": {
        "campaign_id": "VARCHAR",
        "side_id": "VARCHAR",
        "asset_id": "VARCHAR",
        "asset_title": "VARCHAR",
        "day": "DATE",
        "mentions": "BIGINT",
        "completeness": "VARCHAR",
        "day_boundary": "VARCHAR",
    },
    "site_daily": {
        "campaign_id": "VARCHAR",
        "side_id": "VARCHAR",
        "asset_id": "VARCHAR",
        "asset_title": "VARCHAR",
        "day": "DATE",
        "shares": "BIGINT",
        "reactions": "BIGINT",
        "comments": "BIGINT",
        "mentions": "BIGINT",
        "completeness": "VARCHAR",
    },
    "reach_share": {
        "campaign_id": "VARCHAR",
        "audience_id": "VARCHAR",
        "audience_label": "VARCHAR",
        "platform": "VARCHAR",
        "metric": "VARCHAR",
        "kind": "VARCHAR",
        "reach": "BIGINT",
        "audience_low": "BIGINT",
        "audience_high": "BIGINT",
        "share_low": "DOUBLE",
        "share_high": "DOUBLE",
        "as_of": "DATE",
    },
    "metrics": {
        "platform": "VARCHAR",
        "native_name": "VARCHAR",
        "canonical_name": "VARCHAR",
        "definition": "VARCHAR",
        "kind": "VARCHAR",
        "day_boundary": "VARCHAR",
        "since": "DATE",
        "until": "DATE",
        "is_comparable": "BOOLEAN",
        "source": "VARCHAR",
    },
}


def november(day: int, hour: int = 0) -> datetime:
    """An instant of November 2026, when London's midnight is UTC's."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def account(
    side: str, platform: str, *, id: str | None = None, handle: str | None = None, watch: bool = True
) -> dict[str, object]:
    return {"side": side, "platform": platform, "handle": handle, "id": id, "name": None, "watch": watch}


def contest(
    *accounts: Mapping[str, object],
    campaign_id: str = "water",
    timezone: str = "Europe/London",
    starts: date = date(2026, 11, 1),
    ends: date = date(2026, 11, 30),
    assets: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, object]:
    """A campaign of two sides, ours and theirs."""
    sides = [{"id": "ours", "name": "Ours", "ours": True}, {"id": "theirs", "name": "Theirs", "ours": False}]
    made = campaign(campaign_id, timezone=timezone, starts=starts, ends=ends, assets=assets, accounts=())
    return {**made, "sides": sides, "accounts": list(accounts)}


def on_x(
    lake: Lake | World, moment: datetime, *posts: Mapping[str, object], media: Mapping[str, int] | None = None
) -> None:
    """Land what X shows of some posts and of the videos beside them."""
    videos = [x_media(key, views) for key, views in (media or {}).items()]
    lake.answer(moment, {"data": list(posts), "includes": {"media": videos}}, endpoint="timeline")


def on_facebook(lake: Lake | World, moment: datetime, *posts: Mapping[str, object]) -> None:
    """Land what a Page's listing shows."""
    lake.answer(moment, {"data": list(posts)}, platform="facebook", endpoint="page_posts")


def users(lake: Lake | World, moment: datetime, **ids: str) -> None:
    """Land which X account has which handle."""
    lake.answer(
        moment, {"data": [{"id": one, "username": handle} for handle, one in ids.items()]}, endpoint="users"
    )


# A video that three of our posts and one of theirs carry --------------------------------------------------


@pytest.fixture(scope="module")
def shared_video(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Views 0 at the start of 1 November, 300 at its end, 700 at the end of the 2nd."""
    lake = Lake(tmp_path_factory.mktemp("shared-video"))
    ours = [account("ours", "x", id="9"), account("ours", "x", id="7")]
    lake.register(contest(*ours, account("theirs", "x", id="8"), assets={"film": ["x:1", "x:2"]}))
    for moment, views in ((november(2), 300), (november(3), 700)):
        posts = [
            x_post(post, author=author, media=["13_5"], created_at=november(1), retweets=views // 100)
            for post, author in (("1", "9"), ("2", "9"), ("3", "7"), ("4", "8"))
        ]
        on_x(lake, moment, *posts, media={"13_5": views})
    lake.build()
    return lake


def test_a_video_shared_by_posts_of_an_asset_counts_once_for_it(shared_video: Lake) -> None:
    assert shared_video.query(
        "select day, views, retweets from marts.asset_daily where asset_id = 'film' order by day"
    ) == [
        (date(2026, 11, 1), 300, 6),
        (date(2026, 11, 2), 400, 8),
        (date(2026, 11, 3), 0, 0),
    ]
    assert shared_video.query("select views, retweets from marts.asset_totals where asset_id = 'film'") == [
        (700, 14)
    ]


def test_a_video_shared_by_posts_of_an_account_counts_once_for_it(shared_video: Lake) -> None:
    daily = (
        "select account_id, day, posts, views, retweets from marts.account_daily "
        "where day < '2026-11-03' order by all"
    )
    assert shared_video.query(daily) == [
        ("7", date(2026, 11, 1), 1, 300, 3),
        ("7", date(2026, 11, 2), 0, 400, 4),
        ("8", date(2026, 11, 1), 1, 300, 3),
        ("8", date(2026, 11, 2), 0, 400, 4),
        ("9", date(2026, 11, 1), 2, 300, 6),
        ("9", date(2026, 11, 2), 0, 400, 8),
    ]


def test_a_video_shared_by_posts_of_a_side_counts_once_for_it(shared_video: Lake) -> None:
    assert shared_video.query(
        "select side_id, platform, views, retweets from marts.side_totals order by all"
    ) == [
        ("ours", "x", 700, 21),
        ("theirs", "x", 700, 7),
    ]


def test_every_post_that_carries_a_video_shows_its_views(shared_video: Lake) -> None:
    gains = (
        "select post_id, gain, total from marts.post_daily "
        "where metric = 'views' and day = '2026-11-02' order by all"
    )
    assert shared_video.query(gains) == [("1", 400, 700), ("2", 400, 700), ("3", 400, 700), ("4", 400, 700)]


@pytest.fixture(scope="module")
def posted_again(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A video that was posted twice, and a post that was edited, each two days after the first time."""
    lake = Lake(tmp_path_factory.mktemp("posted-again"))
    lake.register(contest(account("ours", "x", id="9"), assets={"edited": ["x:10"]}))
    edits = {"edit_history_tweet_ids": ["10", "50"]}
    first_version = {**x_post("10", created_at=november(1)), **edits}
    first = x_post("1", media=["13_5"], created_at=november(1))
    again = x_post("2", media=["13_5"], created_at=november(3))
    on_x(lake, november(3), first_version)
    second_version = {**x_post("50", retweets=600, created_at=november(3)), **edits}
    on_x(lake, november(4), again, first, second_version, media={"13_5": 600})
    lake.build()
    return lake


def test_a_videos_views_began_with_the_first_post_that_carries_it(posted_again: Lake) -> None:
    assert posted_again.query(
        "select day, views from marts.asset_daily where asset_id = 'x:1' order by day"
    ) == [
        (date(2026, 11, 1), 200),
        (date(2026, 11, 2), 200),
        (date(2026, 11, 3), 200),
        (date(2026, 11, 4), 0),
    ]


def test_an_edited_post_began_with_its_first_version(posted_again: Lake) -> None:
    assert posted_again.query("select created_at from facts.posts where post_id = '10'") == [(november(1),)]
    assert posted_again.query(
        "select day, retweets from marts.asset_daily where asset_id = 'edited' order by day"
    ) == [
        (date(2026, 11, 1), 200),
        (date(2026, 11, 2), 200),
        (date(2026, 11, 3), 200),
        (date(2026, 11, 4), 0),
    ]


@together.test
def test_two_videos_of_one_post_add_up(world: World) -> Steps:
    world.register(contest(assets={"film": ["x:1"]}))
    for moment, factor in ((november(2), 1), (november(3), 2)):
        both = {"13_5": 100 * factor, "13_6": 10 * factor}
        on_x(world, moment, x_post("1", media=["13_5", "13_6"], created_at=november(1)), media=both)
    yield
    gains = (
        "select day, gain, total from marts.post_daily "
        "where metric = 'views' and day < '2026-11-03' order by all"
    )
    assert world.query(gains) == [(date(2026, 11, 1), 110, 110), (date(2026, 11, 2), 110, 220)]
    assert world.query("select views from marts.asset_totals") == [(220,)]


# One asset on two platforms, and posts that nobody listed -------------------------------------------------

LONG_TITLE = (
    "Nine hundred kilometres of river and not one of them fit to swim in, says the water watchdog today"
)


@pytest.fixture(scope="module")
def two_platforms(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A film on X and Facebook, and posts of ours and theirs that no asset lists."""
    lake = Lake(tmp_path_factory.mktemp("two-platforms"))
    watched = contest(
        account("ours", "x", handle="US"),
        account("ours", "facebook", id="111"),
        account("theirs", "facebook", id="222"),
        assets={"film": ["x:1", "facebook:111_1"], "never-posted": [], "unheard-of": ["x:404"]},
    )
    film = {**watched["assets"][0], "tags": ["favourite", "nhs"], "title": "The film"}  # type: ignore[index]
    lake.register({**watched, "assets": [film, *watched["assets"][1:]]})  # type: ignore[index]
    users(lake, november(1), Us="9")
    born = november(1)
    for moment, times in ((november(2), 1), (november(3), 3)):
        on_x(
            lake,
            moment,
            x_post(
                "1",
                retweets=10 * times,
                quote_count=2 * times,
                like_count=5 * times,
                reply_count=times,
                created_at=born,
            ),
            x_post("2", retweets=7 * times, created_at=born, text=f"  {LONG_TITLE}\nSecond line"),
            x_post("3", retweets=times, created_at=born, text=" \n "),
        )
        on_facebook(
            lake,
            moment,
            fb_post("111_1", created_at=born, shares=20 * times, reactions=50 * times, comments=3 * times),
            fb_post(
                "222_1",
                page="222",
                created_at=born,
                shares=9 * times,
                reactions=times,
                comments=0,
                text="Theirs",
            ),
        )
        batch = fb_batch(fb_insights("111_1", post_video_views=1000 * times))
        lake.answer(moment, batch, platform="facebook", endpoint="insights")
    lake.build()
    return lake


def test_an_asset_adds_its_platforms_up(two_platforms: Lake) -> None:
    columns = "views, shares, retweets, reactions, comments, quotes"
    where = "where asset_id = 'film' and day = '2026-11-02'"
    assert two_platforms.query(f"select {columns} from marts.asset_daily {where}") == [
        (2000, 40, 20, 110, 8, 4)
    ]
    assert two_platforms.query(
        f"select platform, {columns} from marts.asset_platform_daily {where} order by all"
    ) == [
        ("facebook", 2000, 40, None, 100, 6, None),
        ("x", None, None, 20, 10, 2, 4),
    ]


def test_a_retweet_is_not_a_share(two_platforms: Lake) -> None:
    assert two_platforms.query(
        "select views, shares, retweets from marts.asset_totals where asset_id = 'film'"
    ) == [(3000, 60, 30)]


def test_a_post_that_nobody_listed_is_an_asset_of_its_own_named_by_its_first_words(
    two_platforms: Lake,
) -> None:
    unlisted = (
        "select side_id, asset_id, asset_title from marts.asset_totals where not is_listed order by asset_id"
    )
    assert two_platforms.query(unlisted) == [
        ("theirs", "facebook:222_1", "Theirs"),
        ("ours", "x:2", LONG_TITLE[:80]),
        ("ours", "x:3", "x:3"),
    ]


def test_views_that_no_platform_tells_are_missing_and_never_zero(two_platforms: Lake) -> None:
    unseen = "asset_id in ('x:2', 'x:3', 'facebook:222_1')"
    for mart in ("asset_daily", "asset_platform_daily", "asset_totals"):
        assert two_platforms.query(f"select distinct views from marts.{mart} where {unseen}") == [(None,)], (
            mart
        )
    assert two_platforms.query("select distinct views from marts.account_daily where account_id = '222'") == [
        (None,)
    ]
    assert two_platforms.query(
        "select views, shares, retweets from marts.side_totals where side_id = 'theirs'"
    ) == [(None, 27, None)]
    assert two_platforms.query(
        f"select count(*) from marts.post_daily where metric = 'views' and {unseen}"
    ) == [(0,)]


def test_assets_are_ranked_by_views_and_those_without_come_last(two_platforms: Lake) -> None:
    ranked = "select asset_id, views, views_rank from marts.asset_totals order by views_rank, asset_id"
    assert two_platforms.query(ranked) == [
        ("film", 3000, 1),
        ("facebook:222_1", None, 2),
        ("x:2", None, 2),
        ("x:3", None, 2),
    ]


def test_the_teams_tags_are_beside_the_totals(two_platforms: Lake) -> None:
    assert two_platforms.query(
        "select asset_title, tags, is_listed from marts.asset_totals where asset_id = 'film'"
    ) == [("The film", ["favourite", "nhs"], True)]
    assert two_platforms.query(
        "select asset_id from marts.asset_totals where list_contains(tags, 'favourite')"
    ) == [("film",)]


def test_an_account_is_found_by_its_handle_and_shown_as_the_registry_spells_it(two_platforms: Lake) -> None:
    daily = (
        "select side_id, account_id, handle, day, posts, retweets from marts.account_daily "
        "where platform = 'x' and day < '2026-11-03' order by day"
    )
    assert two_platforms.query(daily) == [
        ("ours", "9", "US", date(2026, 11, 1), 3, 18),
        ("ours", "9", "US", date(2026, 11, 2), 0, 36),
    ]


def test_totals_say_when_the_asset_was_read_first_and_last(two_platforms: Lake) -> None:
    seen = "select first_seen_at, last_seen_at from marts.asset_totals where asset_id = 'film'"
    assert two_platforms.query(seen) == [(november(2), november(3))]


@pytest.mark.parametrize("mart", FIXED_COLUMNS)
def test_every_mart_has_its_fixed_columns_and_types(two_platforms: Lake, mart: str) -> None:
    found = {str(row[0]): row[1] for row in two_platforms.query(f"describe marts.{mart}")}
    assert {name: found.get(name) for name in FIXED_COLUMNS[mart]} == FIXED_COLUMNS[mart]
    assert list(found)[: len(FIXED_COLUMNS[mart])] == list(FIXED_COLUMNS[mart])


def test_every_metric_that_a_post_shows_has_its_definition(two_platforms: Lake) -> None:
    undefined = (
        "select distinct platform, metric, native_name from marts.post_daily anti join marts.metrics "
        "on metrics.platform = post_daily.platform and canonical_name = metric "
        "and metrics.native_name = post_daily.native_name"
    )
    assert two_platforms.query(undefined) == []


# Which counter speaks for views ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many_views(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Posts with each mixture of the counters that a platform calls views."""
    lake = Lake(tmp_path_factory.mktemp("many-views"))
    lake.register(contest(account("ours", "x", id="9"), account("ours", "facebook", id="111")))
    born, moment = november(1), november(2)
    on_x(
        lake,
        moment,
        x_post("1", media=["13_1"], impression_count=1000, created_at=born),
        x_post("2", impression_count=1000, created_at=born),
        x_post("3", media=["3_3"], impression_count=1000, created_at=born),
        x_post("4", impression_count=0, created_at=born),
        media={"13_1": 7},
    )
    on_facebook(
        lake,
        moment,
        fb_post("111_1", created_at=born, videos=["501"]),
        fb_post("111_2", created_at=born, videos=["502"]),
        fb_post("111_3", created_at=born),
        fb_post("111_4", created_at=born, reactions=1),
        fb_post("111_5", created_at=born),
        fb_post("111_6", created_at=born, videos=["506"]),
    )
    videos = [fb_video("501", views=20), fb_video("502", views=20), fb_video("505", post_id="5")]
    lake.answer(moment, {"data": videos}, platform="facebook", endpoint="page_videos")
    insights = fb_batch(
        fb_insights("111_1", post_video_views=10, post_media_view=99),
        fb_insights("501", total_video_views=30),
        fb_insights("111_2", post_media_view=99),
        fb_insights("502", total_video_views=30),
        fb_insights("111_3", post_media_view=99),
        fb_insights("505", blue_reels_play_count=40),
        fb_insights("111_5", post_media_view=99),
        fb_insights("506", total_video_views=30),
        fb_insights("111_6", post_media_view=99),
    )
    lake.answer(moment, insights, platform="facebook", endpoint="insights")
    lake.build()
    return lake


def test_views_are_the_best_counter_that_a_post_has(many_views: Lake) -> None:
    chosen = (
        "select post_id, native_name, total from marts.post_daily "
        "where metric = 'views' and day = '2026-11-01' order by post_id"
    )
    assert many_views.query(chosen) == [
        ("1", "view_count", 7),
        ("111_1", "post_video_views", 10),
        ("111_2", "views", 20),
        ("111_3", "post_media_view", 99),
        ("111_5", "blue_reels_play_count", 40),
        ("111_6", "total_video_views", 30),
        ("2", "impression_count", 1000),
        ("3", "impression_count", 1000),
        ("4", "impression_count", 0),
    ]


def test_impressions_stay_impressions_where_they_do_not_stand_for_views(many_views: Lake) -> None:
    shown = (
        "select post_id, total from marts.post_daily "
        "where metric = 'impressions' and day = '2026-11-01' and post_id in ('1', '111_1') order by all"
    )
    assert many_views.query(shown) == [("1", 1000), ("111_1", 99)]


@together.test
def test_a_post_takes_one_counter_for_all_its_days(world: World) -> Steps:
    world.register(contest(account("ours", "facebook", id="111")))
    told: list[tuple[int, dict[str, Any]]] = [
        (2, {"post_media_view": 900}),
        (3, {"post_media_view": 950, "post_video_views": 400}),
    ]
    for day, insights in told:
        on_facebook(world, november(day), fb_post("111_1", created_at=november(1), videos=["501"]))
        world.answer(
            november(day), fb_insights("111_1", **insights), platform="facebook", endpoint="insights"
        )
    yield
    assert world.query("select distinct native_name from marts.post_daily where metric = 'views'") == [
        ("post_video_views",)
    ]
    assert world.query("select views from marts.asset_totals") == [(400,)]


# Which posts count ----------------------------------------------------------------------------------------


@together.test
def test_posts_of_watched_accounts_count_inside_the_campaign_and_listed_posts_always(world: World) -> Steps:
    summer = contest(
        account("ours", "x", id="9"),
        account("theirs", "x", id="8", watch=False),
        starts=date(2026, 7, 1),
        ends=date(2026, 7, 31),
        assets={"listed": ["x:1", "x:20", "x:30"]},
    )
    world.register(summer)
    # London is an hour ahead of UTC: its July begins at 23:00 on 30 June.
    created = {
        "1": datetime(2026, 6, 1, tzinfo=UTC),
        "2": datetime(2026, 6, 30, 22, 59, 59, tzinfo=UTC),
        "3": datetime(2026, 6, 30, 23, 0, tzinfo=UTC),
        "4": datetime(2026, 7, 31, 22, 59, 59, tzinfo=UTC),
        "5": datetime(2026, 7, 31, 23, 0, tzinfo=UTC),
    }
    posts = [x_post(post, retweets=1, created_at=moment) for post, moment in created.items()]
    undated = x_post("6", retweets=1)
    unwatched = [x_post(post, retweets=1, author="8", created_at=created["3"]) for post in ("20", "21")]
    strangers = [x_post(post, retweets=1, author="5", created_at=created["3"]) for post in ("30", "31")]
    on_x(world, datetime(2026, 8, 2, tzinfo=UTC), *posts, undated, *unwatched, *strangers)
    yield
    assert world.query("select asset_id, post_id, side_id from facts.assignments order by post_id") == [
        ("listed", "1", "ours"),
        ("listed", "20", "ours"),
        ("x:3", "3", "ours"),
        ("listed", "30", "ours"),
        ("x:4", "4", "ours"),
        ("x:6", "6", "ours"),
    ]
    assert {row[0] for row in world.query("select account_id from marts.account_daily")} == {"9", "8", "5"}
    assert world.query("select distinct side_id from marts.account_daily where account_id = '5'") == [(None,)]


@together.test
def test_moving_or_dropping_an_asset_changes_history_on_the_next_build(world: World) -> Steps:
    watched = account("ours", "x", id="9")

    def gained() -> list[tuple[object, ...]]:
        return world.query("select asset_id, sum(retweets) from marts.asset_daily group by all order by all")

    world.register(contest(watched, assets={"film": ["x:1", "x:2"], "clip": []}))
    for moment, times in ((november(2), 1), (november(3), 2)):
        on_x(
            world,
            moment,
            *(x_post(p, retweets=int(p) * 10 * times, created_at=november(1)) for p in ("1", "2")),
        )
    yield
    assert gained() == [("film", 60)]
    world.register(contest(watched, assets={"film": ["x:1"], "clip": ["x:2"]}))
    yield
    assert gained() == [("clip", 40), ("film", 20)]
    world.register(contest(watched, assets={"clip": ["x:2"]}))
    yield
    assert gained() == [("clip", 40), ("unassigned", 20)]
    world.register(contest(assets={"clip": ["x:2"]}))
    yield
    assert gained() == [("clip", 40), ("unassigned", 20)]


def test_a_post_is_found_by_every_name_that_people_paste(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    names = {
        "by-video": "facebook:501",
        "by-reel": "facebook:502",
        "by-token": "facebook:pfbid02AbC",
        "by-link": "facebook:cleanwater/4",
        "by-page-name": "facebook:cleanwaternow/5",
        "by-number": "facebook:111_6",
        "by-edit": "x:190",
    }
    lake.register(contest(assets={asset: [name] for asset, name in names.items()}))
    on_facebook(
        lake,
        november(2),
        fb_post("111_1", shares=1, videos=["501"]),
        fb_post("111_2", shares=1),
        fb_post("111_3", shares=1, permalink="https://www.facebook.com/cleanwater/posts/pfbid02AbC"),
        fb_post("111_4", shares=1, permalink="https://www.facebook.com/CleanWater/posts/4"),
        fb_post("111_5", shares=1, permalink="https://www.facebook.com/111/posts/5"),
        fb_post("111_6", shares=1),
        fb_post("111_7", shares=1),
    )
    lake.answer(
        november(2), {"data": [fb_video("502", post_id="2")]}, platform="facebook", endpoint="page_reels"
    )
    page = {"id": "111", "username": "CleanWaterNow", "name": "Clean Water"}
    lake.answer(november(2), page, platform="facebook", endpoint="pages")
    edited = {**x_post("190", retweets=1), "edit_history_tweet_ids": ["100", "190"]}
    on_x(lake, november(2), edited)
    lake.build()
    assert lake.query("select asset_id, post_id from facts.assignments order by post_id") == [
        ("by-edit", "100"),
        ("by-video", "111_1"),
        ("by-reel", "111_2"),
        ("by-token", "111_3"),
        ("by-link", "111_4"),
        ("by-page-name", "111_5"),
        ("by-number", "111_6"),
    ]


@together.test
def test_a_post_listed_under_two_of_its_names_belongs_to_the_first_asset(world: World) -> Steps:
    world.register(
        contest(assets={"zebra": ["facebook:501"], "adder": ["facebook:111_1"], "owl": ["facebook:us/1"]})
    )
    permalink = "https://www.facebook.com/us/posts/1"
    on_facebook(world, november(2), fb_post("111_1", shares=4, videos=["501"], permalink=permalink))
    yield
    assert world.query("select asset_id, shares from marts.asset_totals") == [("zebra", 4)]


@together.test
def test_an_account_named_by_handle_and_again_by_number_is_one_account(world: World) -> Steps:
    world.register(contest(account("ours", "x", handle="us"), account("ours", "x", id="9")))
    users(world, november(1), us="9")
    on_x(world, november(2), x_post("1", retweets=4, created_at=november(1)))
    yield
    assert world.query(
        "select account_id, side_id, posts, retweets from marts.account_daily where day = '2026-11-01'"
    ) == [("9", "ours", 1, 4)]


POSTS_AND_SIDES = "select post_id, side_id from marts.posts order by post_id"


def test_an_account_that_was_renamed_keeps_its_posts_under_its_old_name(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(contest(account("ours", "x", handle="Nine"), account("theirs", "x", handle="ninehq")))
    users(lake, november(1), Nine="9")
    on_x(lake, november(2), x_post("1", retweets=4, created_at=november(1)))
    lake.build()
    assert lake.query(POSTS_AND_SIDES) == [("1", "ours")]
    users(lake, november(3), NineHQ="9")
    on_x(lake, november(3, 1), x_post("1", retweets=6, created_at=november(1)))
    lake.register(contest(account("ours", "x", handle="Nine")))
    lake.build()
    assert lake.query(POSTS_AND_SIDES) == [("1", "ours")]
    assert lake.query("select distinct handle, side_id from marts.account_daily") == [("Nine", "ours")]
    before = lake.tables()
    lake.build(full=True)
    assert lake.tables() == before


@together.test
def test_a_name_that_another_account_has_taken_over_is_that_accounts(world: World) -> Steps:
    world.register(contest(account("ours", "x", handle="Nine"), account("theirs", "x", id="9")))
    users(world, november(1), Nine="9")
    users(world, november(2), NineHQ="9", nine="8")
    posts = [x_post(one, retweets=4, created_at=november(1), author=one) for one in ("8", "9")]
    on_x(world, november(3), *posts)
    yield
    assert world.query(POSTS_AND_SIDES) == [("8", "ours"), ("9", "theirs")]


def test_a_post_listed_under_the_old_name_of_its_page_is_found(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(contest(assets={"film": ["facebook:oldname/1"]}))
    for day, handle in ((1, "OldName"), (2, "NewName")):
        page = {"object_type": "account", "object_id": "111", "observed_at": november(day), "handle": handle}
        lake.see("facebook", page)
    shares = [{"metric": "shares", "value": 4}]
    post = {"object_type": "post", "object_id": "111_1", "observed_at": november(2), "account_id": "111"}
    lake.see("facebook", post | {"counters": shares})
    lake.build()
    assert lake.query("select post_id, asset_id from marts.posts") == [("111_1", "film")]


def test_a_listed_post_counts_although_no_answer_says_whose_it_is(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(contest(account("ours", "x", id="9"), assets={"film": ["x:1"]}))
    told = {"object_type": "post", "counters": [{"metric": "retweet_count", "value": 4}]}
    address = "https://short.example/1"
    for number, moment in enumerate((november(1), november(2))):
        lake.see(
            "x",
            told | {"object_id": "1", "observed_at": moment, "permalink": address},
            told | {"object_id": "2", "observed_at": moment, "permalink": "https://short.example/2"},
            # What only counts names no post.
            told | {"object_id": f"3{number}", "observed_at": moment},
        )
        lake.build()
    assert lake.query("select post_id, account_id, asset_id, permalink from marts.posts") == [
        ("1", None, "film", address)
    ]
    assert lake.query("select asset_id, retweets from marts.asset_totals") == [("film", 4)]
    assert lake.query("select count(*) from marts.account_daily") == [(0,)]
    assert {post.post_id: post.account_id for post in known_posts(lake.warehouse)} == {"1": None, "2": None}
    # Once an answer says whose it is, that stays, whatever later ones leave out.
    said = {"observed_at": november(3), "account_id": "9", "permalink": address, "text": "A film"}
    lake.see("x", told | said | {"object_id": "1"})
    lake.see("x", told | {"object_id": "1", "observed_at": november(4), "permalink": address})
    lake.build()
    assert lake.query("select post_id, account_id, title from marts.posts") == [("1", "9", "A film")]


# Windows, zones and campaigns -----------------------------------------------------------------------------


@together.test
def test_side_totals_take_only_what_was_gained_inside_the_window(world: World) -> Steps:
    world.register(
        contest(
            account("ours", "x", id="9"),
            starts=date(2026, 11, 3),
            ends=date(2026, 11, 4),
            assets={"old": ["x:1"]},
        )
    )
    for day, retweets in ((1, 5), (2, 15), (3, 115), (4, 1115), (5, 11115), (6, 111115)):
        on_x(world, november(day), x_post("1", retweets=retweets))
    yield
    assert world.query("select side_id, platform, retweets from marts.side_totals") == [("ours", "x", 11000)]
    assert world.query("select sum(retweets)::bigint from marts.asset_daily") == [(111110,)]


@together.test
def test_two_campaigns_see_the_same_posts_in_their_own_days(world: World) -> Steps:
    watched = account("ours", "x", id="9")
    world.register(
        contest(watched, campaign_id="london"),
        contest(watched, campaign_id="new-york", timezone="America/New_York"),
        contest(watched, campaign_id="kolkata", timezone="Asia/Kolkata"),
    )
    hours = [november(2) + hour * HOUR for hour in range(73)]
    posts = [x_post("1", retweets=hour, created_at=november(2) - HOUR) for hour in range(73)]
    world.answers((moment, {"data": [post]}) for moment, post in zip(hours, posts, strict=True))
    yield
    gained: dict[object, dict[object, object]] = {}
    for campaign_id, day, retweets in world.query(
        "select campaign_id, day, retweets from marts.asset_daily order by all"
    ):
        gained.setdefault(campaign_id, {})[day] = retweets
    second, third, fourth, fifth = (date(2026, 11, day) for day in (2, 3, 4, 5))
    assert gained["london"] == {date(2026, 11, 1): 0, second: 24, third: 24, fourth: 24, fifth: 0}
    # Midnight in New York is 05:00 in UTC, in Kolkata 18:30.
    assert gained["new-york"] == {date(2026, 11, 1): 5, second: 24, third: 24, fourth: 19}
    assert sum(gained["kolkata"].values()) == 72  # type: ignore[arg-type]
    assert gained["kolkata"][third] == 24


def test_an_account_in_two_campaigns_is_compared_over_windows_of_different_length(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    watched = account("ours", "x", id="9")
    lake.register(
        contest(watched, campaign_id="election-2017", starts=date(2017, 4, 18), ends=date(2017, 6, 8)),
        contest(watched, campaign_id="election-2019", starts=date(2019, 10, 29), ends=date(2019, 12, 9)),
    )
    for post, first, days, rate in (("1", date(2017, 4, 18), 55, 100), ("2", date(2019, 10, 29), 45, 1000)):
        zone = timedelta(hours=1 if first.year == 2017 else 0)
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - zone
        lake.answers(
            (begin + timedelta(days=day), {"data": [x_post(post, retweets=day * rate, created_at=begin)]})
            for day in range(days)
        )
    lake.build()
    assert lake.query("select campaign_id, retweets from marts.side_totals order by all") == [
        ("election-2017", 52 * 100),
        ("election-2019", 42 * 1000),
    ]
    assert lake.query("select distinct campaign_id, post_id from marts.post_daily order by all") == [
        ("election-2017", "1"),
        ("election-2019", "2"),
    ]
    window = (
        "select campaign_id, sum(account_daily.retweets)::bigint "
        "from marts.account_daily join registry.campaigns using (campaign_id) "
        "where day between starts and ends group by all order by all"
    )
    assert lake.query(window) == [("election-2017", 5200), ("election-2019", 42000)]


@together.test
def test_an_account_gains_what_its_posts_gain_and_its_posts_are_counted_on_their_days(world: World) -> Steps:
    world.register(contest(account("ours", "facebook", id="111")))
    born = {"111_1": november(1, 8), "111_2": november(1, 9), "111_3": november(3, 8)}
    for day in (2, 3, 4):
        posts = [
            fb_post(post, created_at=moment, shares=10 * day, reactions=100 * day, comments=day)
            for post, moment in born.items()
            if moment < november(day)
        ]
        on_facebook(world, november(day), *posts)
    yield
    assert world.query(
        "select day, posts, shares, reactions, comments, retweets from marts.account_daily order by day"
    ) == [
        (date(2026, 11, 1), 2, 40, 400, 4, None),
        (date(2026, 11, 2), 0, 20, 200, 2, None),
        (date(2026, 11, 3), 1, 60, 600, 6, None),
        (date(2026, 11, 4), 0, 0, 0, 0, None),
    ]


# How whole a day is ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def half_read(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Assets of two posts, one of which answers to the end; the other stops, or is gone or withheld."""
    lake = Lake(tmp_path_factory.mktemp("half-read"))
    assets = {
        "silent": ["x:1", "x:2"],
        "gone": ["x:3", "x:4"],
        "withheld": ["x:7", "x:8"],
        "daily": ["x:5"],
        "all-gone": ["x:6"],
        "shared": ["x:9", "x:10", "x:11"],
    }
    lake.register(contest(assets=assets))
    refusals = [
        {"resource_type": "tweet", "resource_id": post, "type": f"https://api.x.com/2/problems/{problem}"}
        for post, problem in (
            ("4", "resource-not-found"),
            ("6", "resource-not-found"),
            ("8", "not-authorized-for-resource"),
            ("10", "resource-not-found"),
        )
    ]
    for hour in range(0, 97, 2):
        moment = november(1) + hour * HOUR
        is_whole = moment <= november(2, 12)
        read = [
            "1",
            "3",
            "7",
            *(["2", "4", "6", "8"] if is_whole else []),
            *(["5"] if hour % 24 == 12 else []),
        ]
        posts = [x_post(post, retweets=hour, created_at=november(1) - HOUR) for post in read]
        posts.append(x_post("11", retweets=hour, created_at=november(1) - HOUR))
        if is_whole:
            posts += [x_post(post, media=["13_9"], created_at=november(1) - HOUR) for post in ("9", "10")]
        media = [x_media("13_9", hour)] if is_whole else []
        errors = [] if is_whole else refusals
        lake.answer(moment, {"data": posts, "includes": {"media": media}, "errors": errors})
    lake.build()
    return lake


def completeness(lake: Lake | World, mart: str, asset: str) -> dict[int, object]:
    rows = lake.query(
        f"select day, completeness from marts.{mart} where asset_id = '{asset}' and day >= '2026-11-01'"
    )
    return {day.day: word for day, word in rows}  # type: ignore[attr-defined]


@pytest.mark.parametrize("mart", ["asset_daily", "asset_platform_daily"])
def test_days_after_a_post_stopped_being_read_are_open(half_read: Lake, mart: str) -> None:
    assert completeness(half_read, mart, "silent") == {
        1: "complete",
        2: "open",
        3: "open",
        4: "open",
        5: "open",
    }


@pytest.mark.parametrize("asset", ["gone", "withheld"])
@pytest.mark.parametrize("mart", ["asset_daily", "asset_platform_daily"])
def test_days_after_a_post_was_deleted_or_hidden_are_not_open(half_read: Lake, mart: str, asset: str) -> None:
    found = completeness(half_read, mart, asset)
    assert (found[1], found[3], found[4], found[5]) == ("complete", "complete", "complete", "open")


def test_a_video_is_gone_only_with_the_last_post_that_carries_it(half_read: Lake) -> None:
    assert completeness(half_read, "asset_daily", "shared") == {
        1: "complete",
        2: "open",
        3: "open",
        4: "open",
        5: "open",
    }


def test_days_whose_midnights_lie_far_from_any_reading_are_estimated(half_read: Lake) -> None:
    assert completeness(half_read, "asset_daily", "daily") == {
        1: "estimated",
        2: "estimated",
        3: "estimated",
        4: "open",
    }


@together.test
def test_an_asset_on_two_platforms_is_as_whole_as_the_worse_of_them(world: World) -> Steps:
    world.register(contest(assets={"film": ["x:1", "facebook:111_1"]}))
    for day in (2, 3, 4, 5):
        on_x(world, november(day), x_post("1", retweets=day, created_at=november(1)))
    for day in (1, 2, 3):
        on_facebook(
            world, november(day, 12), fb_post("111_1", created_at=november(1), shares=day, reactions=0)
        )
    yield
    assert completeness(world, "asset_daily", "film") == {
        1: "estimated",
        2: "estimated",
        3: "open",
        4: "open",
        5: "open",
    }
    on_x_alone = world.query(
        "select day, completeness from marts.asset_platform_daily where platform = 'x' order by day"
    )
    assert [word for _, word in on_x_alone] == ["complete", "complete", "complete", "complete", "open"]


@together.test
def test_likes_that_were_hidden_keep_no_later_day_open(world: World) -> Steps:
    world.register(contest(account("ours", "x", id="9"), assets={"film": ["x:1", "x:2"]}))
    told: dict[int, dict[int, object]] = {}
    for day in range(2, 10):
        # Hidden on the fifth, and shown again on the ninth.
        film, other = (x_post(one, retweets=day, created_at=november(1)) for one in ("1", "2"))
        likes = {} if 5 <= day <= 8 else {"like_count": 10 * day}
        on_x(world, november(day), film | {"public_metrics": {"retweet_count": day} | likes}, other)
        if day in (5, 6, 8, 9):
            yield
            told[day] = completeness(world, "asset_daily", "film")
            assert told[day] == completeness(world, "asset_platform_daily", "film")
            of_account = world.query("select day, completeness from marts.account_daily order by day")
            assert list(told[day].values()) == [word for _, word in of_account]
    whole = dict.fromkeys(range(1, 4), "complete")
    assert told[5] == whole | {4: "open", 5: "open"}
    # Two days on, it is no gap; the last day on which they were told is never whole.
    assert told[6] == whole | {4: "open", 5: "complete", 6: "open"}
    assert told[8] == whole | {4: "open", 5: "complete", 6: "complete", 7: "complete", 8: "open"}
    # What comes back closes it; the midnights between lie far from any reading of them.
    assert (told[9][4], told[9][5], told[9][8], told[9][9]) == ("estimated", "estimated", "estimated", "open")


def test_what_a_post_gained_is_kept_after_it_is_gone(half_read: Lake) -> None:
    assert half_read.query("select retweets from marts.asset_totals where asset_id = 'all-gone'") == [(36,)]
    assert half_read.query("select post_id from facts.posts where is_gone order by all") == [
        ("10",),
        ("4",),
        ("6",),
        ("8",),
    ]


# Falls and glitches ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A counter that falls for good on the 2nd, and one that dips to zero for one reading."""
    lake = Lake(tmp_path_factory.mktemp("fallen"))
    lake.register(contest(account("ours", "x", id="9"), assets={"fallen": ["x:1"], "glitch": ["x:2"]}))
    falling = {1: 100, 2: 1000, 3: 600, 4: 700}
    dipping = {1: 100, 2: 200, 3: 0, 4: 400}
    for day in falling:
        on_x(lake, november(day), x_post("1", retweets=falling[day]), x_post("2", retweets=dipping[day]))
    lake.build()
    return lake


def test_a_day_on_which_a_counter_fell_is_kept_and_marked(fallen: Lake) -> None:
    days = (
        "select day, gain, total, was_revised_down from marts.post_daily "
        "where post_id = '1' and day <= '2026-11-04' order by day"
    )
    assert fallen.query(days) == [
        (date(2026, 11, 1), 900, 1000, False),
        (date(2026, 11, 2), -400, 600, True),
        (date(2026, 11, 3), 100, 700, False),
        (date(2026, 11, 4), 0, 700, False),
    ]
    assert fallen.query(
        "select retweets from marts.asset_daily where asset_id = 'fallen' and day = '2026-11-02'"
    ) == [(-400,)]
    for mart in ("asset_daily", "asset_platform_daily"):
        assert fallen.query(
            f"select day from marts.{mart} where asset_id = 'fallen' and was_revised_down"
        ) == [(date(2026, 11, 2),)]
    assert fallen.query("select day from marts.account_daily where was_revised_down") == [
        (date(2026, 11, 2),)
    ]
    assert fallen.query("select retweets from marts.side_totals") == [(600 + 300,)]


def test_a_dip_that_the_next_reading_undoes_is_set_aside_counted_and_shown(fallen: Lake) -> None:
    days = "select gain, total from marts.post_daily where post_id = '2' and day < '2026-11-04' order by day"
    assert fallen.query(days) == [(100, 200), (100, 300), (100, 400)]
    assert fallen.query(
        "select object_id, sum(polls), sum(glitches) from summaries.counter_days "
        "join facts.counters using (counter_id) group by all order by all"
    ) == [
        ("1", 4, 0),
        ("2", 4, 1),
    ]


# Retweets at four hours in a row, and how many of the four are glitches.
ODD_SERIES = {
    "1": ([100, 10, 90, 95], 1),
    "2": ([100, 11, 100, 100], 0),
    "3": ([100, 10, 89, 100], 0),
    "4": ([0, 100, 100, 100], 0),
    "5": ([100, 100, 100, 0], 0),
    "6": ([100, 0, 0, 100], 0),
    "7": ([0, 0, 0, 0], 0),
    "8": ([10**13, 10**12, 9 * 10**12, 10**13], 1),
}


@pytest.fixture(scope="module")
def odd_counters(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Counters at the edges of what is a glitch, a number, or a reading."""
    lake = Lake(tmp_path_factory.mktemp("odd-counters"))
    lake.register(
        contest(assets={"odd": [f"x:{post}" for post in ODD_SERIES], "sure": ["x:20"], "large": ["x:30"]})
    )
    for place in range(4):
        posts = [x_post(post, retweets=values[place]) for post, (values, _) in ODD_SERIES.items()]
        on_x(lake, november(2) + place * HOUR, *posts)
    for retweets in (40, 50, 45, -60):
        on_x(lake, november(2), x_post("20", retweets=retweets))
    on_x(lake, november(1), x_post("30", retweets=10**12 + 1))
    on_x(lake, november(3), x_post("30", retweets=2 * 10**12 + 4), x_post("20", retweets=-1))
    lake.build()
    return lake


def test_a_glitch_is_a_tenth_or_less_that_comes_back_to_nine_tenths_or_more(odd_counters: Lake) -> None:
    found = odd_counters.query(
        "select object_id, sum(polls), sum(glitches) from summaries.counter_days "
        "join facts.counters using (counter_id) group by all order by all"
    )
    assert [row for row in found if row[0] in ODD_SERIES] == [
        (post, 4, glitches) for post, (_, glitches) in ODD_SERIES.items()
    ]


def test_of_several_answers_at_one_instant_the_highest_counts_and_none_below_zero(odd_counters: Lake) -> None:
    assert odd_counters.query("select total from marts.post_daily where post_id = '20'") == [(50,)]
    assert odd_counters.query(
        "select polls from summaries.counter_days join facts.counters using (counter_id) "
        "where object_id = '20' and day = '2026-11-02'"
    ) == [(1,)]


@together.test
def test_counters_of_a_post_a_video_and_an_account_of_one_id_and_name_stay_apart(world: World) -> Steps:
    world.register(contest(assets={"film": ["x:7"]}))
    for day, factor in ((2, 1), (3, 2)):
        world.see(
            "x",
            *(
                {
                    "object_type": kind,
                    "object_id": "7",
                    "observed_at": november(day),
                    "account_id": "7" if kind == "post" else None,
                    "created_at": november(1) if kind == "post" else None,
                    "counters": [{"metric": "retweet_count", "value": value * factor}],
                }
                for kind, value in (("post", 10), ("media", 500), ("account", 9000))
            ),
        )
    yield
    assert world.query("select retweets from marts.asset_totals") == [(20,)]
    assert world.query("select sum(retweets) from marts.asset_daily") == [(20,)]
    assert world.query("select sum(retweets) from marts.account_daily") == [(20,)]
    assert world.query("select retweets from marts.side_totals") == [(20,)]
    assert world.query(
        "select object_type, last_value, zero_at is null from facts.counters "
        "where timezone = 'Europe/London' order by object_type"
    ) == [("account", 18000, True), ("media", 1000, True), ("post", 20, False)]


def test_numbers_beyond_32_bits_stay_whole(odd_counters: Lake) -> None:
    assert odd_counters.query(
        "select retweets from marts.asset_daily where asset_id = 'large' order by day"
    ) == [
        (500000000002,),
        (500000000001,),
        (0,),
    ]


def test_the_published_tables_can_be_read_twice_at_a_time(fallen: Lake) -> None:
    with open_published(fallen.warehouse) as first, open_published(fallen.warehouse) as second:
        counted = [con.execute("select count(*) from marts.post_daily").fetchone() for con in (first, second)]
    assert counted[0] == counted[1]


# Videos whose posts we are not shown ----------------------------------------------------------------------


def test_a_video_whose_post_is_not_shown_stands_for_it_until_the_post_appears(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(
        contest(
            account("ours", "facebook", id="111"),
            assets={"film": ["facebook:9001"], "reel": ["facebook:9002"]},
        )
    )
    for day in (1, 2):
        found = {
            "9001": {**fb_video("9001", views=1000 * day), "created_time": "2026-11-01T00:00:00+0000"},
            "9002": fb_video("9002", views=10 * day, post_id="8"),
        }
        lake.answer(november(day, 12), found, platform="facebook", endpoint="videos")
    lake.build()
    totals = "select asset_id, views, shares from marts.asset_totals order by asset_id"
    assert lake.query(totals) == [("film", 2000, None), ("reel", 20, None)]
    assert lake.query("select sum(views) from marts.asset_daily where asset_id = 'film'") == [(2000,)]

    lake.answer(november(2, 13), {"111_8": fb_post("111_8", shares=4)}, platform="facebook", endpoint="posts")
    lake.build()
    assert lake.query(totals) == [("film", 2000, None), ("reel", 20, 4)]
    assert lake.query("select post_id from facts.posts order by post_id") == [("111_8",), ("9001",)]
    incremental = lake.tables()
    lake.build(full=True)
    assert lake.tables() == incremental
