"""Everything published says what it means, and the data dictionary says the same."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.lake import connect
from warehouse import sql
from warehouse.commenting import Description, comment, descriptions, told, told_of_macro
from warehouse.data_dictionary import data_dictionary, empty_warehouse
from warehouse.macros import macros, make_macros
from warehouse.publish import open_published

ROOT = Path(__file__).parents[2]
PUBLISHED = ("dictionary", "facts", "marts", "ops", "registry", "summaries")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse without campaigns, with every table, macro and comment."""
    return empty_warehouse(tmp_path_factory.mktemp("commented"))


@pytest.fixture(scope="module")
def con(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(warehouse) as con:
        yield con


def test_every_published_table_and_column_has_its_comment(con: duckdb.DuckDBPyConnection) -> None:
    silent = con.execute(
        """
        select schema_name, name, part
        from (
            select schema_name, table_name as name, '' as part, comment from duckdb_tables()
            union all
            select schema_name, view_name, '', comment from duckdb_views()
            union all
            select schema_name, table_name, column_name, comment from duckdb_columns()
        )
        where comment is null and schema_name in $layers
        """,
        {"layers": list(PUBLISHED)},
    ).fetchall()
    assert silent == []


def test_the_comments_are_what_the_files_say(con: duckdb.DuckDBPyConnection) -> None:
    tables = {
        f"{schema}.{name}": text
        for schema, name, text in con.execute(
            """
            select schema_name, table_name, comment from duckdb_tables() where comment is not null
            union all
            select schema_name, view_name, comment from duckdb_views() where comment is not null
            """
        ).fetchall()
    }
    said = descriptions()
    assert tables == {table: told(description) for table, description in said.items()}
    columns = con.execute(
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() "
        "where not internal and comment is not null"
    ).fetchall()
    assert sorted(columns) == sorted(
        (table, column, text)
        for table, description in said.items()
        for column, text in description.columns.items()
        if text
    )


def test_a_macros_comment_says_how_it_is_called(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select schema_name, function_name, comment from duckdb_functions() "
        "where function_type = 'table_macro' and not internal"
    ).fetchall()
    assert sorted(rows) == sorted(
        (schema, macro.name, told_of_macro(macro)) for macro in macros() for schema in ("main", "marts")
    )


def test_saying_it_again_changes_nothing(warehouse: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(warehouse.read_bytes())
    everything = (
        "select schema_name, table_name, column_name, comment from duckdb_columns() "
        "where not internal order by all"
    )
    with connect(copy) as con:
        before = con.execute(everything).fetchall()
        make_macros(con)
        comment(con)
        assert con.execute(everything).fetchall() == before


def test_what_the_database_holds_and_no_file_makes_is_left_alone(warehouse: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(warehouse.read_bytes())
    with connect(copy) as con:
        con.execute("create table marts.mine (views bigint); drop table marts.metrics")
        comment(con)
        rows = con.execute(
            "select comment from duckdb_columns() "
            "where table_name in ('mine', 'metrics') and schema_name = 'marts'"
        ).fetchall()
    assert rows == [(None,)]


def test_the_data_dictionary_is_that_of_this_release(con: duckdb.DuckDBPyConnection) -> None:
    written = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert written == data_dictionary(con), "run `make dictionary` and commit what it writes"


def test_make_writes_the_data_dictionary_anew() -> None:
    """What a failing test tells to run is there and writes the file that the test reads."""
    told_to_run = subprocess.run(
        ["make", "--dry-run", "dictionary"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "-m warehouse.data_dictionary docs/data-dictionary.md" in told_to_run
    assert "make dictionary" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_data_dictionary_has_every_mart_fact_macro_and_metric(con: duckdb.DuckDBPyConnection) -> None:
    written = data_dictionary(con)
    for layer in ("marts", "facts", "registry"):
        for model in sql.models(layer):
            assert f"### `{model.table}`" in written
    for macro in macros():
        assert f"### `{macro.signature}`" in written
    for (name,) in con.execute("select distinct native_name from marts.metrics").fetchall():
        assert f"`{name}`" in written


HEADED = """\
-- What each post gained,
-- day by day.
-- Grain: post_id, day
--
-- A fall is
-- kept.
--
-- So is a dip.
with days as (
    select 1
)

select
    -- The post,
    -- by its id.
    post_id,
    -- Local day.
    coalesce(
        day, -- not this
        'a, b'
    ) as day
from days
"""

CREATED = """\
-- Accounts.
-- Grain: platform
create table if not exists summaries.accounts (
    platform varchar,
    -- What it showed.
    latest struct(
        at timestamptz,
        name varchar
    ),
    since date -- not this
);
select 1
"""


def test_a_header_has_a_purpose_a_grain_and_notes() -> None:
    described = Description(HEADED)
    assert described.purpose == "What each post gained, day by day."
    assert described.grain == ("post_id", "day")
    assert described.notes == ["A fall is kept.", "So is a dip."]
    assert described.columns == {"post_id": "The post, by its id.", "day": "Local day."}


def test_a_tables_columns_are_read_where_it_is_created() -> None:
    assert Description(CREATED).columns == {"platform": "", "latest": "What it showed.", "since": ""}
