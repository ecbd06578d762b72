"""Every check has been seen to fail: a planted fault is found, named, and never published."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.elsewhere import in_the_dictionary
from tests.warehouse.lake import Lake, campaign, connect, fb_post, period, periods, x_media, x_post
from warehouse import sql
from warehouse.build import BuildRefused, refuse_offenders

START = datetime(2019, 11, 1, tzinfo=UTC)
SECOND_DAY = "day = '2019-11-02'"
RETWEETS = "metric = 'retweet_count'"

# For each check, statements that break what it guards; a check without one has not been seen to fail.
FAULTS: dict[str, list[str]] = {
    "a_day_begins_at_its_first_instant": [
        f"update facts.midnights set midnight = midnight + interval 1 hour where {SECOND_DAY}",
        f"update facts.midnights set midnight = midnight - interval 1 hour where {SECOND_DAY}",
    ],
    "a_listing_always_wins": [
        "update marts.posts set asset_id = 'clip' where post_id = '1'",
        "update marts.posts set assigned_by = 'text' where post_id = '1'",
        "update marts.posts set assigned_by = 'listed' where post_id = '4'",
        "update marts.posts set side_id = 'theirs' where post_id = '4'",
        "update marts.posts set asset_id = 'film' where post_id = '5'",
    ],
    "a_post_belongs_to_one_asset": [
        # As if the rules of two assets had caught it.
        "insert into marts.posts select * replace ('clip' as asset_id) from marts.posts where post_id = '4'",
        f"update marts.post_daily set asset_id = 'elsewhere' where post_id = '1' and {SECOND_DAY}",
    ],
    "assets_total_what_their_counters_say": [
        "update marts.asset_totals set views = views + 1 where asset_id = 'film'",
        "update marts.asset_totals set views = null where asset_id = 'film'",
        "update marts.asset_daily set views = null where asset_id = 'film'",
    ],
    "every_counter_has_its_days": [
        f"delete from facts.gains where {RETWEETS} and object_id = '1' and {SECOND_DAY}",
        f"delete from facts.gains where {RETWEETS} and object_id = '1'",
    ],
    "gains_add_up_to_what_the_counter_moved": [
        f"update facts.gains set gain = gain + 1 where {RETWEETS} and object_id = '1' and {SECOND_DAY}",
        f"update facts.counters set last_value = last_value - 1 where {RETWEETS} and object_id = '3'",
        f"update facts.counters set zero_at = null where {RETWEETS} and object_id = '1'",
    ],
    "hashtags_and_sites_are_assets_of_their_kind": [
        "update marts.hashtag_daily set asset_id = 'film'",
        "update marts.site_daily set asset_id = 'tag'",
        "update marts.site_daily set asset_id = 'nowhere'",
        "update marts.site_daily set day = '2020-02-01' where day = (select max(day) from marts.site_daily)",
    ],
    "periods_of_a_platform_are_days_with_a_boundary": [
        "insert into facts.platform_days select * from facts.platform_days limit 1",
        "update facts.platform_days set day_boundary = null where object_type = 'hashtag'",
        "update facts.platform_days set value = null where object_type = 'account'",
    ],
    "platforms_add_up_to_the_asset": [
        f"update marts.asset_daily set shares = shares + 1 where asset_id = 'film' and {SECOND_DAY}",
        f"update marts.asset_platform_daily set retweets = null where asset_id = 'film' and {SECOND_DAY}",
        "delete from marts.asset_platform_daily where asset_id = 'film' and platform = 'facebook'",
        f"delete from marts.asset_daily where asset_id = 'clip' and {SECOND_DAY}",
    ],
    "reach_is_of_one_window_inside_the_campaign": [
        "delete from marts.reach_share",
        "update marts.reach_share set first_day = '2019-09-30'",
        "update marts.reach_share set last_day = '2020-01-01'",
        "update marts.reach_share set last_day = first_day - 1",
        "update marts.reach_share set first_day = null",
        "update marts.reach_share set audience_id = 'nobody'",
    ],
    "reach_share_low_is_not_above_high": [
        "update marts.reach_share set share_low = share_high + 0.01",
        "update marts.reach_share set share_low = null",
        "update marts.reach_share set audience_low = null",
        "update marts.reach_share set reach = null, first_day = null",
    ],
    "views_are_those_of_the_assets_distinct_counters": [
        "update marts.asset_totals set views = 2 * views where asset_id = 'clip'",
        "update marts.asset_totals set views = 0 where views is null",
    ],
}

SITE = "https://vote.example/find"


def sound_campaign() -> dict[str, object]:
    """Assets of every kind, one with a rule, and an audience."""
    made = campaign(assets={"film": ["x:1", "x:2", "facebook:111_1"], "clip": ["x:3"], "tag": [], "site": []})
    further: dict[str, dict[str, object]] = {
        "film": {"match": {"text": ["the film"], "hashtags": [], "links": [], "same_video": False}},
        "tag": {"kind": "hashtag", "hashtag": "VoteNow"},
        "site": {"kind": "site", "url": SITE},
    }
    assets = [asset | further.get(str(asset["id"]), {}) for asset in made["assets"]]  # type: ignore[attr-defined]
    audience = {"id": "young", "label": "Young", "platform": "elsewhere", "ad_account": "act_1"}
    rest = {"targeting": "{}", "filtering": "", "breakdown": "", "bucket": ""}
    return made | {"assets": assets, "audiences": [audience | rest]}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A sound warehouse: a film on two platforms, and a clip first read long after it was posted."""
    lake = Lake(tmp_path_factory.mktemp("checks"))
    lake.register(sound_campaign())
    for day in range(1, 5):
        moment = START + timedelta(days=day)
        film = [x_post(post, retweets=day * 10, created_at=START, media=["13_5"]) for post in ("1", "2")]
        clip = x_post("3", retweets=1000 + day, media=["13_6"])
        unlisted = [x_post("4", text="See the FILM"), x_post("5", retweets=day, text="See something else")]
        media = [x_media("13_5", day * 100), x_media("13_6", 1000 + day)]
        lake.answer(moment, {"data": [*film, clip, *unlisted], "includes": {"media": media}})
        page_post = fb_post("111_1", created_at=START, shares=day, reactions=day, comments=day)
        lake.answer(moment, {"data": [page_post]}, platform="facebook", endpoint="page_posts")
        told = {"observed_at": moment, "object_type": "hashtag", "object_id": "#votenow"}
        site = {
            "object_type": "site",
            "object_id": SITE,
            "counters": [{"metric": "share_count", "value": day}],
        }
        account = {"object_type": "account", "object_id": "77"}
        lake.see(
            "elsewhere",
            told | {"periods": periods("said/day", {moment.date(): day})},
            told | site,
            told | account | {"periods": periods("page_views/day", {moment.date(): day})},
        )
    estimate = [
        period("least", START.date(), START.date(), 80),
        period("most", START.date(), START.date(), 100),
    ]
    reach = [period("reach/window", date(2019, 10, 1), START.date() + timedelta(days=3), 50)]
    asked = {"observed_at": START}
    lake.see(
        "elsewhere",
        asked | {"object_type": "audience", "object_id": "act_1?{}", "periods": estimate},
        asked | {"object_type": "advertising", "object_id": "act_1?", "periods": reach},
    )
    with in_the_dictionary(lake.root / "dictionary"):
        lake.build()
    return lake


@pytest.fixture(scope="module")
def opened(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the sound warehouse, open for writing."""
    copied = shutil.copyfile(lake.warehouse, tmp_path_factory.mktemp("opened") / "broken.duckdb")
    with connect(copied) as con:
        yield con


@pytest.fixture
def con(opened: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The copy, to be broken; it is whole again after each test."""
    opened.begin()
    yield opened
    opened.rollback()


def test_a_sound_warehouse_passes(con: duckdb.DuckDBPyConnection) -> None:
    refuse_offenders(con)


@pytest.mark.parametrize("check", sorted(sql.checks()))
def test_every_check_has_a_fault_that_it_finds(check: str) -> None:
    assert FAULTS.get(check), f"plant a fault for {check} in FAULTS"


def test_every_fault_is_for_a_check_that_there_is() -> None:
    assert set(FAULTS) == set(sql.checks())


@pytest.mark.parametrize(
    ("check", "fault"), [(check, fault) for check, faults in FAULTS.items() for fault in faults]
)
def test_a_planted_fault_is_refused_by_the_check_that_guards_against_it(
    con: duckdb.DuckDBPyConnection, check: str, fault: str
) -> None:
    changed = con.execute(fault).fetchone()
    assert changed is not None
    assert changed[0] > 0, "the fault must change something"
    with pytest.raises(BuildRefused, match=f"check {check} found offenders") as refusal:
        refuse_offenders(con)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "table", [model.table for layer in ("facts", "marts") for model in sql.models(layer)]
)
def test_a_row_that_is_there_twice_is_refused_by_the_grain_of_its_table(
    con: duckdb.DuckDBPyConnection, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other checks may well see the doubled row first.
    monkeypatch.setattr(sql, "checks", dict)
    con.execute(f"insert into {table} select * from {table} limit 1")
    with pytest.raises(BuildRefused, match=f"{table} has more than one row for") as refusal:
        refuse_offenders(con)
    assert "\n" not in str(refusal.value)


def test_a_failed_check_leaves_the_published_file_as_it_was(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(Path(shutil.copytree(lake.root, tmp_path / "own")), runs=lake.runs)
    before, tables = hashlib.sha256(lake.warehouse.read_bytes()).hexdigest(), lake.tables()
    lake.answer(START + timedelta(days=9), {"data": [x_post("1", retweets=99)]})
    whole = sql.checks()
    always = {**whole, "nothing_is_ever_right": "select 'the reason' as why"}
    monkeypatch.setattr(sql, "checks", lambda: always)
    for full in (False, True):
        with pytest.raises(BuildRefused, match=r"check nothing_is_ever_right found offenders.*the reason"):
            lake.build(full=full)
        assert hashlib.sha256(lake.warehouse.read_bytes()).hexdigest() == before
        assert [path.name for path in lake.root.iterdir() if path.name.endswith((".part", ".wal"))] == []
    assert lake.tables() == tables
    monkeypatch.setattr(sql, "checks", lambda: whole)
    lake.build()
    assert lake.query(
        "select total from marts.post_daily "
        "where post_id = '1' and metric = 'retweets' and day = '2019-11-10'"
    ) == [(99,)]


def test_a_failed_check_publishes_nothing_where_nothing_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign())
    monkeypatch.setattr(sql, "checks", lambda: {"nothing_is_ever_right": "select 1"})
    with pytest.raises(BuildRefused):
        lake.build()
    assert not lake.warehouse.exists()
