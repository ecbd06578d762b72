"""What happens to the daily numbers when campaigns, assets, platforms and names of metrics change in a known
way.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.warehouse.compare import Rows
from tests.warehouse.histories import History, answers_of, listing, many
from tests.warehouse.lake import Lake, campaign, fb_insights, fb_post, fb_video, x_media, x_post
from tests.warehouse.random_world import World
from tests.warehouse.reference import daily_gains
from warehouse.publish import open_published

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")


def of_campaign(lake: Lake, campaign_id: str) -> dict[str, Rows]:
    """Every mart's rows of a campaign; a warning says how many offenders there are over all campaigns."""
    with open_published(lake.warehouse) as con:
        marts = con.execute(
            "select table_name from information_schema.columns "
            "where table_schema = 'marts' and column_name = 'campaign_id' and table_name <> 'warnings' "
            "order by all"
        ).fetchall()
        return {
            mart: con.execute(
                f"select * from marts.{mart} where campaign_id = ? order by all", [campaign_id]
            ).fetchall()
            for (mart,) in marts
        }


def a_world(root: Path, seed: int) -> World:
    """Posts on two platforms, read for some days, and not built yet."""
    world = World(Lake(root), seed, posts=40)
    for act in [
        world.posts_are_read_in_order,
        world.an_asset_gets_a_rule,
        world.an_account_is_named,
        world.platform_days_arrive,
        world.an_answer_comes_late,
        world.posts_are_read_in_order,
    ]:
        act()
    return world


def test_a_second_campaign_that_comes_later_changes_nothing_of_the_first(tmp_path: Path) -> None:
    world = a_world(tmp_path, 31)
    world.lake.build()
    before = of_campaign(world.lake, "water")
    world.a_campaign_in_another_zone_comes()
    world.lake.build()
    assert len(world.lake.query("select distinct campaign_id from marts.post_daily")) == 2
    assert of_campaign(world.lake, "water") == before
    assert len(before["post_daily"]) > 100


def test_a_campaign_that_goes_takes_only_its_own_rows_along(tmp_path: Path) -> None:
    world = a_world(tmp_path, 32)
    world.a_campaign_in_another_zone_comes()
    world.a_campaign_in_another_zone_comes()
    world.lake.build()
    kept, *gone = list(world.campaigns)
    before = of_campaign(world.lake, kept)
    for campaign_id in gone:
        del world.campaigns[campaign_id]
    world.a_post_appears()
    world.an_asset_is_renamed()
    world.lake.build()
    for campaign_id in gone:
        assert not any(of_campaign(world.lake, campaign_id).values())
    assert len(of_campaign(world.lake, kept)["post_daily"]) >= len(before["post_daily"]) > 100


@pytest.fixture(scope="module")
def both_platforms(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A warehouse of posts on two platforms."""
    world = a_world(tmp_path_factory.mktemp("both-platforms"), 33)
    world.lake.build()
    return world.lake


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_a_platform_that_is_left_out_takes_only_its_own_rows_along(
    tmp_path: Path, both_platforms: Lake, platform: str
) -> None:
    one = Lake(tmp_path)
    shutil.copytree(
        both_platforms.landing, one.landing, ignore=shutil.ignore_patterns(f"platform={platform}")
    )
    one.build()

    def of_others(lake: Lake) -> dict[str, Rows]:
        with open_published(lake.warehouse) as con:
            said = {
                mart: con.execute(
                    f"select * from marts.{mart} where platform <> '{platform}' order by all"
                ).fetchall()
                for mart in ["post_daily", "asset_platform_daily", "account_daily", "side_totals", "posts"]
            }
            # Assets without a post there are what they were, over all platforms.
            said["asset_daily"] = con.execute(
                f"""
                select * from marts.asset_daily
                where asset_id not in ('film', 'clip', 'image')
                    and asset_id not in (
                        select asset_id from marts.asset_platform_daily where platform = '{platform}'
                    )
                order by all
                """
            ).fetchall()
            return said

    expected, found = of_others(both_platforms), of_others(one)
    assert all(len(rows) > 0 for mart, rows in expected.items())
    for mart, rows in expected.items():
        assert found[mart] == rows, mart
    gone = one.query(f"select count(*) from marts.post_daily where platform = '{platform}'")
    assert gone == [(0,)]


def test_an_asset_split_in_two_adds_up_to_the_whole(tmp_path: Path) -> None:
    posts = 300
    each = many(34, posts)
    chance = random.Random(34)
    whole: dict[str, list[str]] = {f"asset-{number}": [] for number in range(40)}
    halves: dict[str, list[str]] = {f"{asset}{half}": [] for asset in whole for half in "ab"}
    for number in range(1, posts + 1):
        asset = chance.choice(list(whole))
        whole[asset].append(f"x:{number}")
        halves[asset + chance.choice("ab")].append(f"x:{number}")
    lake = Lake(tmp_path)
    lake.register(campaign("whole", assets=whole), campaign("halves", assets=halves))
    lake.answers(answers_of(each))
    lake.build()
    added = {
        campaign_id: lake.query(
            "select regexp_extract(asset_id, 'asset-[0-9]+') as asset, day, sum(retweets)::bigint "
            f"from marts.asset_daily where campaign_id = '{campaign_id}' group by all order by all"
        )
        for campaign_id in ("whole", "halves")
    }
    assert added["whole"] == added["halves"]
    assert len(added["whole"]) > 300
    totals = {
        campaign_id: lake.query(
            "select regexp_extract(asset_id, 'asset-[0-9]+') as asset, sum(retweets)::bigint, "
            "min(first_seen_at), max(last_seen_at) "
            f"from marts.asset_totals where campaign_id = '{campaign_id}' group by all order by all"
        )
        for campaign_id in ("whole", "halves")
    }
    assert totals["whole"] == totals["halves"]


def shared_videos(root: Path, each: Sequence[History], lists: Mapping[str, Sequence[str]]) -> Lake:
    """Videos numbered from 0 whose views are these histories; posts 10·n and on, as listed, carry video n."""
    lake = Lake(root)
    lake.register(campaign(assets=lists))
    posts = [post.removeprefix("x:") for listed in lists.values() for post in listed]
    bodies: list[tuple[datetime, object]] = []
    for number, history in enumerate(each):
        carrying = [post for post in posts if int(post) // 10 == number]
        for moment, views in history.readings:
            shown = [
                x_post(post, media=[f"video-{number}"], created_at=history.created_at) for post in carrying
            ]
            body = {"data": shown, "includes": {"media": [x_media(f"video-{number}", views)]}}
            bodies.append((moment, body))
    lake.answers(bodies)
    lake.build()
    return lake


def test_a_video_that_several_posts_share_counts_once_for_its_asset_and_shows_with_each(
    tmp_path: Path,
) -> None:
    chance = random.Random(35)
    each = many(35, 40)
    lists = {
        f"asset-{number}": [f"x:{10 * number + post}" for post in range(chance.randint(2, 4))]
        for number in range(len(each))
    }
    lake = shared_videos(tmp_path, each, lists)
    shown: dict[str, dict[date, tuple[object, ...]]] = {}
    for name, day, *known in lake.query("""
        select asset_id, day, views, completeness from marts.asset_daily
        union all
        select post_id, day, gain, completeness from marts.post_daily where metric = 'views'
    """):
        shown.setdefault(str(name), {})[day] = tuple(known)  # type: ignore[index]
    for number, history in enumerate(each):
        expected = {
            day: (known.gain, known.completeness)
            for day, known in daily_gains(history.by_moment, history.created_at, LONDON).items()
        }
        asset = f"asset-{number}"
        assert shown[asset] == expected, history
        for post in lists[asset]:
            assert shown[post.removeprefix("x:")] == expected, history
    # Nor does the side or the account count it once a post.
    once = lake.query("select sum(views) from marts.asset_totals where is_listed")
    for statement in (
        "select sum(last_value) from facts.counters where object_type = 'media'",
        "select sum(total) from (select arg_max(total, day) as total from marts.post_daily "
        "where metric = 'views' group by (post_id::integer // 10))",
    ):
        assert lake.query(statement) == once
    assert lake.query("select sum(views) from marts.account_daily") == lake.query(
        "select sum(views) from marts.asset_daily"
    )


def test_campaigns_whose_windows_overlap_each_count_their_own_days_whole(tmp_path: Path) -> None:
    each = many(36, 200)
    listed = listing(range(1, 201))
    windows = {
        "early": (date(2019, 10, 25), date(2019, 10, 31), "Europe/London"),
        "late": (date(2019, 10, 29), date(2019, 11, 4), "Europe/London"),
        "abroad": (date(2019, 10, 29), date(2019, 11, 4), "Pacific/Auckland"),
        "within": (date(2019, 10, 30), date(2019, 10, 30), "Europe/London"),
    }
    lake = Lake(tmp_path)
    lake.register(
        *(
            campaign(campaign_id, timezone=zone, starts=starts, ends=ends, assets=listed)
            for campaign_id, (starts, ends, zone) in windows.items()
        )
    )
    lake.answers(answers_of(each))
    lake.build()
    for campaign_id, (starts, ends, zone) in windows.items():
        expected = sum(
            known.gain
            for history in each
            for day, known in daily_gains(history.by_moment, history.created_at, ZoneInfo(zone)).items()
            if starts <= day <= ends
        )
        found = lake.query(f"select retweets from marts.side_totals where campaign_id = '{campaign_id}'")
        assert found == [(expected,)], campaign_id
    days = {
        campaign_id: lake.query(
            "select post_id, day, gain, total, completeness from marts.post_daily "
            f"where campaign_id = '{campaign_id}' order by all"
        )
        for campaign_id in windows
    }
    assert days["early"] == days["late"] == days["within"] != days["abroad"]


# Videos read at noon of days: (day from the first, its views field, its post's post_video_views); None where
# the platform did not tell. What counts for four days is withdrawn; from the fifth on another field is told.
TO_BETTER: list[tuple[int, int | None, int | None]] = [
    (back, 100 * back + 50 if back < 4 else None, 90 * back + 40 if back >= 4 else None) for back in range(9)
]
TO_LESSER: list[tuple[int, int | None, int | None]] = [
    (back, 100 * back + 50 if back >= 4 else None, 90 * back + 40 if back < 4 else None) for back in range(9)
]


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A warehouse of three posts with a video each, of an asset each, whose metric is renamed midway."""
    noon = datetime(2019, 11, 1, 12, tzinfo=UTC)
    lake = Lake(tmp_path_factory.mktemp("renamed"))
    posts = {"dated": "111_1", "undated": "111_2", "lesser": "111_3"}
    lake.register(campaign(assets={asset: [f"facebook:{post}"] for asset, post in posts.items()}))
    for asset, post in posts.items():
        video = f"90{post[-1]}"
        for back, views, plays in TO_LESSER if asset == "lesser" else TO_BETTER:
            moment = noon + back * DAY
            created_at = None if asset == "undated" else noon
            seen = {post: fb_post(post, created_at=created_at, reactions=5, videos=[video])}
            lake.answer(moment, seen, platform="facebook")
            if views is not None:
                seen = {video: fb_video(video, views=views)}
                lake.answer(moment, seen, platform="facebook", endpoint="videos")
            if plays is not None:
                insights = fb_insights(post, post_video_views=plays)
                lake.answer(moment, insights, platform="facebook", endpoint="insights")
    lake.build()
    return lake


def views_of_post(lake: Lake, asset: str) -> Rows:
    return lake.query(
        "select day, gain, total, completeness, native_name from marts.post_daily "
        f"where metric = 'views' and asset_id = '{asset}' order by day"
    )


@pytest.mark.parametrize("dated", [True, False])
def test_a_metric_that_is_renamed_midway_is_neither_doubled_nor_added_up(renamed: Lake, dated: bool) -> None:
    """The field that counted for four days is withdrawn; from the fifth on a better ranked one is told."""
    asset = "dated" if dated else "undated"
    days = views_of_post(renamed, asset)
    assert {row[4] for row in days} == {"post_video_views"}
    assert len({row[0] for row in days}) == len(days)
    moved = sum(int(str(row[1])) for row in days)
    assert moved == 90 * 8 + 40 - (0 if dated else 90 * 4 + 40)
    # What was not seen of the first days is said not to be.
    change = next(row for row in days if row[0] == date(2019, 11, 5))
    assert change[3] == "estimated"
    assert all(row[3] != "complete" for row in days if str(row[0]) < "2019-11-05")
    of_asset = f"where asset_id = '{asset}'"
    assert renamed.query(f"select views from marts.asset_totals {of_asset}") == [(90 * 8 + 40,)]
    assert renamed.query(f"select sum(views) from marts.asset_daily {of_asset}") == [(moved,)]


def test_a_metric_that_is_withdrawn_for_a_lesser_one_keeps_its_days_and_adds_none_of_the_other(
    renamed: Lake,
) -> None:
    days = views_of_post(renamed, "lesser")
    assert {row[4] for row in days} == {"post_video_views"}
    assert [row[0] for row in days] == [date(2019, 11, 1) + back * DAY for back in range(4)]
    assert days[-1][1:4] == (90 * 3 + 40 - int(str(days[-2][2])), 90 * 3 + 40, "open")
    total = "select views from marts.asset_totals where asset_id = 'lesser'"
    assert renamed.query(total) == [(90 * 3 + 40,)]
