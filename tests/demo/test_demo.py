"""The whole road: the demo's tables hold, through the pipeline's arithmetic alone, what the sandbox's world
was set to.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from markupsafe import escape

from flows.demo import DOWN_FROM, DOWN_UNTIL
from tests.sandbox.plain import truth
from warehouse.build import build
from warehouse.publish import open_published

ROOT = Path(__file__).parents[2]
CAMPAIGN = "uk-general-election-2019"

# The truth is told by the sandbox's worlds alone; nothing else in the product knows its figures.
WORLD = truth(CAMPAIGN)
VIEWS = {asset["title"]: asset["views"] for asset in WORLD["assets"]}
TOTALS = [
    total["total"] for name in (CAMPAIGN, "uk-general-election-2017") for total in truth(name)["totals"]
]


def total_of(world: dict[str, Any], *accounts: str) -> int:
    """The published total of some accounts."""
    (found,) = [total["total"] for total in world["totals"] if sorted(total["accounts"]) == sorted(accounts)]
    return int(found)


@pytest.fixture(scope="module")
def tables(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(demo_home / "warehouse.duckdb") as con:
        yield con


def test_the_ten_most_viewed_videos_come_out_in_order(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.execute(
        "select asset_title, views from marts.asset_totals where campaign_id = ? "
        "order by views_rank limit 10",
        [CAMPAIGN],
    ).fetchall()
    assert rows == sorted(VIEWS.items(), key=lambda asset: -asset[1])[:10]


def test_the_added_favourite_is_tagged_and_counted(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.execute(
        "select asset_title from marts.asset_totals where list_contains(tags, 'favourite') and views > 0"
    ).fetchall()
    assert rows == [("Emeli Sandé, You are not alone",)]


def test_facebook_views_by_side(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.execute(
        "select side_id, views from marts.side_totals where campaign_id = ? and platform = 'facebook' "
        "order by side_id",
        [CAMPAIGN],
    ).fetchall()
    assert rows == [
        ("conservatives", total_of(WORLD, "conservatives", "borisjohnson")),
        ("labour", total_of(WORLD, "uklabour", "jeremycorbynmp")),
    ]


def test_the_day_and_a_half_on_which_the_machine_was_down_is_a_gap(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.execute(
        "select starts_at < ?, ends_at between ? and ? + interval 1 hour, polls_expected > 0, polls_got "
        "from marts.gaps where platform = 'facebook' and starts_at < ? and ends_at > ?",
        [DOWN_FROM, DOWN_UNTIL, DOWN_UNTIL, DOWN_UNTIL, DOWN_FROM],
    ).fetchall()
    assert rows == [(True, True, True, 0)]


@pytest.mark.parametrize(
    ("world", "first_day", "last_day", "days"),
    [
        (CAMPAIGN, date(2019, 10, 29), date(2019, 12, 9), 42),
        ("uk-general-election-2017", date(2017, 4, 18), date(2017, 6, 8), 52),
    ],
)
def test_retweets_of_the_leader_in_both_campaigns(
    tables: duckdb.DuckDBPyConnection, world: str, first_day: date, last_day: date, days: int
) -> None:
    row = tables.execute(
        "select count(distinct day), sum(retweets) from marts.account_daily "
        "where handle = 'jeremycorbyn' and platform = 'x' and day between ? and ?",
        [first_day, last_day],
    ).fetchone()
    assert row == (days, total_of(truth(world), "jeremycorbyn"))


def test_missed_polls_leave_estimated_days_and_the_others_are_complete(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    rows = tables.execute(
        "select completeness, count(*) from marts.asset_daily where campaign_id = ? group by all", [CAMPAIGN]
    ).fetchall()
    assert {completeness for completeness, _ in rows} == {"complete", "estimated", "open"}


def test_counters_were_revised_down_and_glitched_and_nothing_was_clamped(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    assert tables.execute(
        "select count(*) from marts.post_daily where gain < 0 and was_revised_down"
    ).fetchone() != (0,)
    assert tables.execute("select sum(glitches) from marts.post_daily").fetchone() != (0,)


def test_the_days_that_a_platform_tells_of_a_post_are_there_beside_what_its_counter_gained(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    rows = tables.execute(
        "select sum(value), any_value(total) from marts.platform_daily "
        "join (select post_id as object_id, max(total) as total from marts.post_daily "
        "where platform = 'facebook' and metric = 'views' group by all) using (object_id) "
        "where platform = 'facebook' and object_type = 'post' and canonical_name = 'views' group by object_id"
    ).fetchall()
    assert len(rows) > 100
    # The last days are put right later, and the last evening's day had not ended.
    assert all(0 < told <= total for told, total in rows)


def test_views_that_no_platform_tells_are_unknown_and_not_zero(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.execute(
        """
        select distinct metric from marts.post_daily
        where platform = 'facebook' and asset_id = 'our-wonderful-nhs'
            and account_id not in (select account_id from marts.account_daily where views is not null)
        """
    ).fetchall()
    assert rows
    assert ("views",) not in rows


def test_a_rebuild_from_landing_gives_the_same_tables(demo_home: Path, tmp_path: Path) -> None:
    again = tmp_path / "warehouse.duckdb"
    assert build(demo_home / "landing", tmp_path / "readings", again, full=True).mode == "full"
    with open_published(demo_home / "warehouse.duckdb") as con:
        names = [
            name
            for (name,) in con.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]
        before = {name: con.execute(f"select * from marts.{name} order by all").fetchall() for name in names}
    with open_published(again) as con:
        for name, rows in before.items():
            assert con.execute(f"select * from marts.{name} order by all").fetchall() == rows, name


def test_no_secret_is_in_any_landed_row(demo_home: Path) -> None:
    with duckdb.connect() as con:
        bodies = con.execute(
            "select count(*), count(*) filter (concat(url, params, headers, body) like '%sandbox-%-token%') "
            f"from read_parquet('{demo_home}/landing/**/*.parquet', hive_partitioning = false)"
        ).fetchone()
    assert bodies is not None
    assert bodies[0] > 1000
    assert bodies[1] == 0


def test_no_code_outside_the_sandbox_knows_the_published_figures() -> None:
    figures = {*VIEWS.values(), *TOTALS}
    spelled = {spelling for figure in figures for spelling in (str(figure), f"{figure:,}", f"{figure:_}")}
    # Microseconds of an hour begin like one of them.
    world = re.compile(rf"(?<![\d,_])(?:{'|'.join(map(re.escape, spelled))})(?![\d,_])")
    outside = [
        path
        for folder in ("flows", "connectors", "warehouse", "campaigns", "docs/queries", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".toml", ".csv"} and "sandbox" not in path.parts
    ]
    assert outside
    for path in outside:
        assert not world.search(path.read_text(encoding="utf-8")), path


def test_the_world_covers_the_registrys_assets() -> None:
    registry = tomllib.loads((ROOT / "campaigns" / f"{CAMPAIGN}.toml").read_text(encoding="utf-8"))
    assert {asset["title"] for asset in registry["assets"] if "posts" in asset} == set(VIEWS)


def test_the_report_is_written_and_says_where(
    demo_run: tuple[Path, str], tables: duckdb.DuckDBPyConnection
) -> None:
    home, told = demo_run
    page = home / "reports" / CAMPAIGN / "2019-12-12" / "report.html"
    assert str(page) in told
    html = page.read_text(encoding="utf-8")
    rows = re.findall(r"<tr.*?</tr>", html, re.DOTALL)
    for title, views in VIEWS.items():
        assert any(str(escape(title)) in row and f">{views:,}<" in row for row in rows), title
    ((gaps,),) = tables.execute(
        "select count(*) from marts.gaps where campaign_id = ?", [CAMPAIGN]
    ).fetchall()
    assert f"Known gaps: the longest 15 of {gaps}" in html
