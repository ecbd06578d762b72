"""The published warehouse: read by anybody, written by nobody, and no way out of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.lake import Lake, campaign, fb_post, fb_video, x_post
from warehouse.known import KnownPost, known_posts
from warehouse.publish import NoWarehouse, open_published

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Posts on two platforms, one of them deleted since."""
    lake = Lake(tmp_path_factory.mktemp("published"))
    lake.register(campaign(assets={"film": ["facebook:555"]}))
    edited = {**x_post("5", retweets=1, created_at=NOON), "edit_history_tweet_ids": ["1", "5"]}
    lake.answer(NOON + timedelta(hours=1), {"data": [edited, x_post("2")]})
    gone = {
        "resource_type": "tweet",
        "resource_id": "2",
        "type": "https://api.x.com/2/problems/resource-not-found",
    }
    lake.answer(NOON + timedelta(hours=2), {"errors": [gone]})
    lake.answer(NOON, {"data": [{"id": "9", "username": "CleanWaterNow"}]}, endpoint="users")
    reel = fb_video("555", views=3, post_id="7")
    lake.answer(NOON, {"data": [reel]}, platform="facebook", endpoint="page_reels")
    lake.answer(NOON, {"111_7": fb_post("111_7", shares=1)}, platform="facebook", endpoint="posts")
    lake.build()
    return lake


@pytest.mark.parametrize(
    "statement",
    [
        "insert into marts.metrics select * from marts.metrics",
        "drop table marts.asset_daily",
        "create table marts.ours (day date)",
        "update marts.asset_totals set views = 0",
    ],
)
def test_a_reader_changes_nothing(lake: Lake, statement: str) -> None:
    with open_published(lake.warehouse) as con, pytest.raises(duckdb.Error, match="read-only"):
        con.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/hostname')",
        "select * from read_text('{folder}/secret.txt')",
        "select * from '{folder}/landing/*/*/*/*.parquet'",
        "copy (select 1) to '{folder}/out.csv'",
        "attach '{folder}/other.duckdb'",
        "install httpfs",
        "load '{folder}/evil.duckdb_extension'",
        "set enable_external_access = true",
    ],
)
def test_a_reader_reaches_no_other_file(lake: Lake, statement: str) -> None:
    (lake.root / "secret.txt").write_text("secret")
    with open_published(lake.warehouse) as con, pytest.raises(duckdb.Error):
        con.execute(statement.format(folder=lake.root)).fetchall()
    assert not (lake.root / "out.csv").exists()
    assert not (lake.root / "other.duckdb").exists()


def test_moments_are_shown_in_utc(lake: Lake) -> None:
    with open_published(lake.warehouse) as con:
        shown = con.execute("select first_seen_at::varchar from facts.posts where post_id = '1'").fetchone()
    assert shown == ("2026-11-01 13:00:00+00",)


def test_without_a_warehouse_the_way_to_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoWarehouse, match=r"there is no warehouse at .* run `campaign build`"):
        open_published(tmp_path / "warehouse.duckdb")


def test_a_file_that_is_no_warehouse_is_refused_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "warehouse.duckdb"
    broken.write_text("no database at all " * 1000)
    with pytest.raises(NoWarehouse, match=r"run `campaign build --full`") as refusal:
        open_published(broken)
    assert "\n" not in str(refusal.value)


def test_a_post_that_was_only_ever_refused_is_known_as_gone(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"film": ["x:404"]}))
    gone = {
        "resource_type": "tweet",
        "resource_id": "404",
        "type": "https://api.x.com/2/problems/resource-not-found",
    }
    lake.answer(NOON, {"errors": [gone]})
    lake.build()
    assert known_posts(lake.warehouse) == [
        KnownPost("x", "404", None, ("404",), None, None, True, None, NOON, 1)
    ]


def test_known_posts_have_all_their_names_and_say_which_are_gone(lake: Lake) -> None:
    hour = timedelta(hours=1)
    assert known_posts(lake.warehouse) == [
        KnownPost("facebook", "111_7", "111", ("111_7", "555"), None, NOON, False, None, has_media=True),
        KnownPost("x", "1", "9", ("1", "5"), NOON, NOON + hour, False, "cleanwaternow"),
        KnownPost("x", "2", "9", ("2",), None, NOON + hour, True, "cleanwaternow", NOON + 2 * hour, 1),
    ]


def test_refusals_are_days_since_the_post_was_last_seen_in_whatever_order_they_are_learned(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign())
    hour, day = timedelta(hours=1), timedelta(days=1)

    def refused(post_id: str, *moments: datetime, state: str = "gone") -> None:
        lake.see("x", *(sighting(post_id, moment, state) for moment in moments))

    def sighting(post_id: str, moment: datetime, state: str) -> dict[str, object]:
        account = "9" if state == "present" else None
        shown = {"state": state, "account_id": account}
        return {"object_type": "post", "object_id": post_id, "observed_at": moment, **shown}

    # Twice in one day, then again after a gap; learned late and twice over.
    refused("never", NOON + 5 * day, NOON)
    lake.build()
    refused("never", NOON, NOON + hour, NOON + 5 * day)
    # Seen in between: what was refused before counts no more.
    refused("back", NOON, NOON + day)
    refused("back", NOON + 2 * day, state="present")
    # Refused later on the day on which it was seen, and on the next, first as hidden and then as deleted.
    refused("lost", NOON, state="present")
    refused("lost", NOON + hour, state="withheld")
    refused("lost-twice", NOON, state="present")
    refused("lost-twice", NOON + day, state="withheld")
    refused("lost-twice", NOON + 2 * day)
    # Twice on the day on which it was seen and again later: two days, though the last was another.
    refused("between", NOON - 2 * hour, state="present")
    refused("between", NOON + 2 * day)
    refused("between", NOON + 11 * hour, NOON - hour)
    # Refused, then seen, on one day.
    refused("found", NOON)
    refused("found", NOON + hour, state="present")
    refused("long", *(NOON + number * day for number in range(60)))
    lake.build()
    assert {post.post_id: (post.is_gone, post.refusals) for post in known_posts(lake.warehouse)} == {
        "never": (True, 2),
        "back": (False, 0),
        "lost": (True, 1),
        "lost-twice": (True, 2),
        "between": (True, 2),
        "found": (False, 0),
        "long": (True, 30),
    }
    kept = lake.query("select refused_at from summaries.sightings where object_id = 'long'")
    lake.see("x", sighting("long", NOON, "gone"))
    lake.build()
    assert lake.query("select refused_at from summaries.sightings where object_id = 'long'") == kept


def test_nothing_is_known_before_the_first_build(tmp_path: Path) -> None:
    assert known_posts(tmp_path / "warehouse.duckdb") == []
