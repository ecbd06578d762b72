"""Table macros answer for any window of days, by name alone, from a warehouse that nobody may write."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.lake import Lake, campaign, connect, fb_post, x_post
from warehouse import sql
from warehouse.commenting import output_columns
from warehouse.data_dictionary import empty_warehouse
from warehouse.macros import Macro, macros, make_macros
from warehouse.publish import open_published

MACROS = {macro.name: macro for macro in macros()}


def november(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """An asset on two platforms and a post of its own, read every midnight of a week, and once after."""
    lake = Lake(tmp_path_factory.mktemp("macros"))
    registered = campaign(
        starts=date(2026, 11, 1),
        ends=date(2026, 11, 30),
        assets={"film": ["x:101", "facebook:111_1"]},
    )
    lake.register(registered)
    lake.answer(november(1), {"data": [{"id": "9", "username": "CleanWater"}]}, endpoint="users")
    for day in range(2, 9):
        lake.answer(
            november(day),
            {
                "data": [
                    x_post("101", retweets=100 * (day - 1), created_at=november(1), like_count=7 * (day - 1)),
                    x_post("102", retweets=10 * (day - 1), created_at=november(1, 6)),
                ]
            },
        )
        page = fb_post(
            "111_1",
            created_at=november(1),
            shares=3 * (day - 1),
            reactions=5 * (day - 1),
            by_type={"love": 4 * (day - 1), "angry": day - 1},
        )
        lake.answer(november(day), {"data": [page]}, platform="facebook", endpoint="page_posts")
    lake.answer(
        november(8, 9), {"data": [x_post("101", retweets=750, created_at=november(1), like_count=52)]}
    )
    lake.build()
    return lake


@pytest.fixture(scope="module")
def con(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(lake.warehouse) as con:
        yield con


def test_a_window_of_days_is_added_up_for_each_asset(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select asset_id, views, shares, retweets, reactions, days, retweets_per_day, "
        "days_complete, completeness "
        "from totals_between('2026-11-03', '2026-11-06') order by asset_id"
    ).fetchall()
    assert rows == [
        ("film", None, 12, 400, 48, 4, 100.0, 4, "complete"),
        ("x:102", None, None, 40, None, 4, 10.0, 4, "complete"),
    ]


def test_days_may_be_dates_or_text_and_the_schema_named_or_not(con: duckdb.DuckDBPyConnection) -> None:
    asked = [
        "totals_between('2026-11-03', '2026-11-06')",
        "marts.totals_between(date '2026-11-03', date '2026-11-06')",
        "totals_between(last_day := date '2026-11-06', first_day := '2026-11-03')",
    ]
    answers = [con.execute(f"select * from {one} order by all").fetchall() for one in asked]
    assert answers[0] == answers[1] == answers[2] != []


def test_windows_side_by_side_add_up_to_the_window_of_both(con: duckdb.DuckDBPyConnection) -> None:
    for macro in ("totals_between", "sides_between"):
        apart = con.execute(
            f"select sum(retweets), sum(shares) from (from {macro}('2026-11-01', '2026-11-03') "
            f"union all from {macro}('2026-11-04', '2026-11-08'))"
        ).fetchall()
        whole = con.execute(
            f"select sum(retweets), sum(shares) from {macro}('2026-11-01', '2026-11-08')"
        ).fetchall()
        assert apart == whole == [(820, 21)]


def test_a_window_is_as_complete_as_its_worst_day_and_says_how_many_days_are(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = con.execute(
        "select days, days_complete, days_estimated, days_open, completeness "
        "from totals_between('2026-11-01', '2026-11-10') where asset_id = 'film'"
    ).fetchall()
    assert rows == [(10, 7, 0, 1, "open")]


@pytest.mark.parametrize("account", ["'@CLEANWATER'", "'cleanwater'", "'9'", "9"])
def test_an_accounts_retweets_are_found_by_any_of_its_names(
    con: duckdb.DuckDBPyConnection, account: str
) -> None:
    rows = con.execute(
        "select platform, account_id, retweets, days, retweets_per_day, days_with_readings, completeness "
        f"from retweets_between({account}, '2026-11-01', '2026-11-05')"
    ).fetchall()
    assert rows == [("x", "9", 550, 5, 110.0, 5, "complete")]


MISTAKES = {
    "totals_between('2026-11-06', '2026-11-03')": "2026-11-06 to 2026-11-03 ends before it begins",
    "sides_between('2099-11-06', '2019-11-03')": "give the first day first",
    "retweets_between('9', '2026-11-06', '2026-11-03')": "give the first day first",
    "totals_between(null, '2026-11-03')": "give the first and the last, as '2019-10-29', '2019-12-09'",
    "retweets_between('cleanwasser', '2026-11-01', '2026-11-05')": "is known; the nearest names: cleanwater",
    "retweets_between('nobody', '2099-11-01', '2099-11-05')": "no account of the name or id 'nobody'",
    "retweets_between(null, '2026-11-01', '2026-11-05')": "give an account: its name or the platform's id",
    "over_performing_at('likes', 1)": "no metric is called 'likes': give views, shares, retweets,",
    "over_performing_at(null, 1)": "give views, shares, retweets, reactions, comments or interactions",
    "over_performing_at('retweets', 31)": "at an age of 31 days: give whole days from 0 to 30",
    "over_performing_at('retweets', -1)": "give whole days from 0 to 30",
    "over_performing_at('retweets', 1.5)": "give whole days from 0 to 30",
    "over_performing_at('retweets', null)": "give whole days from 0 to 30",
    "leaderboard(0)": "a leaderboard has 1 place or more, not 0: give how many",
    "leaderboard(null)": "a leaderboard has 1 place or more, not NULL: give how many",
}


@pytest.mark.parametrize(("call", "cure"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistaken_argument_is_said_and_not_answered_with_nothing(
    con: duckdb.DuckDBPyConnection, call: str, cure: str
) -> None:
    for question in (f"from {call}", f"select count(*) from marts.{call}", f"select 1 from {call} limit 1"):
        with pytest.raises(duckdb.InvalidInputException, match=re.escape(cure)):
            con.execute(question).fetchall()


@pytest.mark.parametrize(
    ("call", "right", "wrong"),
    [
        ("totals_between(?, ?)", ["2026-11-03", "2026-11-06"], ["2026-11-06", "2026-11-03"]),
        ("sides_between(?, ?)", [date(2026, 11, 3), date(2026, 11, 6)], [date(2026, 11, 6), None]),
        ("retweets_between(?, ?, ?)", ["9", "2026-11-03", "2026-11-06"], ["8", "2026-11-03", "2026-11-06"]),
        ("over_performing_at(?, ?)", ["retweets", 1], ["retweets", 40]),
        ("leaderboard(?)", [1], [0]),
    ],
)
def test_arguments_of_a_prepared_query_are_looked_at_too(
    con: duckdb.DuckDBPyConnection, call: str, right: list[object], wrong: list[object]
) -> None:
    con.execute(f"from {call}", right).fetchall()
    with pytest.raises(duckdb.InvalidInputException, match=r"give|known"):
        con.execute(f"from {call}", wrong).fetchall()


def test_a_window_may_come_from_a_query(con: duckdb.DuckDBPyConnection) -> None:
    asked = "(select date '2026-11-03' + days), (select date '2026-11-06')"
    for days, found in ((0, 1), (4, None)):
        question = (
            f"select retweets from totals_between({asked.replace('days', str(days))}) where asset_id = 'film'"
        )
        if found:
            assert con.execute(question).fetchall() == [(400,)]
        else:
            with pytest.raises(duckdb.InvalidInputException, match="give the first day first"):
                con.execute(question).fetchall()


def test_what_is_known_and_gained_nothing_in_a_window_is_no_mistake(con: duckdb.DuckDBPyConnection) -> None:
    for call in (
        "retweets_between('cleanwater', '2031-01-01', '2031-01-31')",
        "totals_between('2031-01-01', '2031-01-01')",
        "over_performing_at('comments', 30)",
    ):
        assert con.execute(f"from {call}").fetchall() == []


def test_an_empty_warehouse_has_no_answers_and_no_account(tmp_path: Path) -> None:
    with open_published(empty_warehouse(tmp_path)) as con:
        for call in (
            "totals_between('2026-11-03', '2026-11-06')",
            "sides_between('2026-11-03', '2026-11-06')",
            "over_performing_at('Interactions', 0)",
            "leaderboard(10)",
        ):
            assert con.execute(f"from {call}").fetchall() == []
        with pytest.raises(duckdb.InvalidInputException, match="give the first day first"):
            con.execute("from totals_between('2026-11-06', '2026-11-03')").fetchall()
        with pytest.raises(
            duckdb.InvalidInputException, match="is known; list it in the registry and collect"
        ):
            con.execute("from retweets_between('cleanwater', '2026-11-03', '2026-11-06')").fetchall()


def test_an_account_of_the_registry_is_known_before_its_first_post(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    named = {"side": "ours", "platform": "x", "handle": "BlueWater", "id": None, "name": None, "watch": True}
    numbered = named | {"handle": None, "id": "77"}
    lake.register(campaign() | {"accounts": [named, numbered]})
    lake.build()
    for account in ("@bluewater", "77"):
        assert lake.query(f"from retweets_between('{account}', '2019-11-03', '2019-11-06')") == []


def test_a_window_over_the_campaign_gives_the_totals_of_its_sides(con: duckdb.DuckDBPyConnection) -> None:
    columns = "campaign_id, side_id, platform, views, shares, retweets, reactions, comments, quotes"
    window = con.execute(
        f"select {columns} from sides_between('2026-11-01', '2026-11-30') order by all"
    ).fetchall()
    assert window == con.execute(f"select {columns} from marts.side_totals order by all").fetchall() != []


def test_the_leaderboard_shows_the_most_viewed_and_where_they_appeared(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(
        campaign(starts=date(2026, 11, 1), ends=date(2026, 11, 30), assets={"film": ["x:1", "x:2"]})
    )
    views = {"1": 600, "2": 300, "3": 500, "4": 500, "5": 20}
    posts = [x_post(one, impression_count=many, created_at=november(1)) for one, many in views.items()]
    lake.answer(november(2), {"data": [*posts, x_post("6", retweets=1, created_at=november(1))]})
    lake.build()
    rows = lake.query("select rank, asset_id, views, platforms, is_listed from leaderboard(2)")
    assert rows == [
        (1, "film", 900, ["x"], True),
        (2, "x:3", 500, ["x"], False),
        (2, "x:4", 500, ["x"], False),
    ]


def test_reactions_by_type_are_one_query_away(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select asset_id, platform, reaction, sum(reactions) from marts.asset_reactions_daily "
        "where day between '2026-11-02' and '2026-11-03' group by all order by all"
    ).fetchall()
    assert rows == [("film", "facebook", "angry", 2), ("film", "facebook", "love", 8)]


def test_a_video_that_two_posts_share_counts_once_for_its_sides_day(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(starts=date(2026, 11, 1), ends=date(2026, 11, 30)))
    for day in (2, 3):
        lake.answer(
            november(day),
            {
                "data": [
                    x_post(one, created_at=november(1), media=["7_1"], retweets=day) for one in ("1", "2")
                ],
                "includes": {
                    "media": [
                        {
                            "media_key": "7_1",
                            "type": "video",
                            "public_metrics": {"view_count": 100 * (day - 1)},
                        }
                    ]
                },
            },
        )
    lake.build()
    assert lake.query(
        "select day, views, retweets, completeness from marts.side_daily "
        "where day < '2026-11-03' order by day"
    ) == [
        (date(2026, 11, 1), 100, 4, "complete"),
        (date(2026, 11, 2), 100, 2, "complete"),
    ]


def test_the_teams_words_on_an_asset_are_beside_its_numbers(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select asset_id, kind, tags, tone, posts, platforms, side_name, is_ours from marts.assets"
    ).fetchall()
    assert rows == [("film", "video", [], None, 2, ["facebook", "x"], "Ours", True)]


def test_the_command_line_asks_macros(lake: Lake) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from flows.cli import main; main()",
            "sql",
            "SELECT retweets FROM totals_between('2026-11-03', '2026-11-06') WHERE asset_id = 'film'",
            "--format",
            "csv",
        ],
        env={"CAMPAIGN_HOME": str(lake.root), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines() == ["retweets", "400"]


def test_the_command_line_says_a_mistake_in_one_line(lake: Lake) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from flows.cli import main; main()",
            "sql",
            "FROM retweets_between('nobody', '2026-11-01', '2026-11-05')",
        ],
        env={"CAMPAIGN_HOME": str(lake.root), "PATH": "/usr/bin:/bin", "COLUMNS": "400"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (run.returncode != 0, run.stdout) == (True, "")
    (line,) = run.stderr.splitlines()
    assert "no account of the name or id 'nobody' is known; the nearest names: " in line
    assert line.endswith("; mend the query")


def test_a_macro_without_a_file_is_gone_with_the_next_build(lake: Lake, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(lake.warehouse.read_bytes())
    with connect(copy) as con:
        con.execute(
            "create macro main.former(n) as table select n; create macro marts.former(n) as table select n"
        )
        make_macros(con)
        rows = con.execute(
            "select distinct function_name from duckdb_functions() "
            "where function_type = 'table_macro' and not internal order by all"
        ).fetchall()
    assert [name for (name,) in rows] == sorted(MACROS)


@pytest.mark.parametrize("macro", MACROS.values(), ids=MACROS)
def test_every_macro_explains_its_columns_and_keeps_its_grain(
    macro: Macro, con: duckdb.DuckDBPyConnection
) -> None:
    (model,) = [model for model in sql.models("macros") if model.name == macro.name]
    chosen = {"first_day": "'2026-11-01'", "last_day": "'2026-11-08'", "account": "'9'", "n": "99"}
    chosen |= {"of_metric": "'retweets'", "at_age": "2"}
    call = f"{macro.name}({', '.join(chosen[name] for name in macro.arguments)})"
    there = [name for name, *_ in con.execute(f"describe from {call}").fetchall()]
    found = output_columns(macro.text)
    assert [name for _, name in found] == there
    assert [name for comments, name in found if not comments or not comments[-1].endswith((".", "…"))] == []
    assert set(model.grain) <= set(there)
    twice = f"select {', '.join(model.grain)} from {call} group by all having count(*) > 1"
    assert con.execute(twice).fetchall() == []


@pytest.mark.parametrize(
    ("header", "said"), [("", "has no line '-- Arguments:'"), ("-- Arguments:\n", "lists no argument")]
)
def test_a_macro_that_does_not_list_its_arguments_is_refused(tmp_path: Path, header: str, said: str) -> None:
    (tmp_path / "macros").mkdir()
    text = f"-- A week.\n{header}-- Grain: day\nselect day\nfrom marts.asset_daily\n"
    (tmp_path / "macros" / "week.sql").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"week\.sql {said}"):
        macros(tmp_path)
