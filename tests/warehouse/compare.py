"""What a warehouse says, named by what the platforms and the registry call things, for holding two of them
against each other.

The small numbers that a warehouse gives its counters are its own affair: an incremental build may number
them otherwise than a full one. They are replaced by what they stand for.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from warehouse.build import build
from warehouse.publish import open_published

if TYPE_CHECKING:
    # The lake compares its warehouses with what is here.
    from tests.warehouse.lake import Lake

COUNTER = ("timezone", "platform", "object_type", "object_id", "metric")

Rows = list[tuple[object, ...]]


def columns_of(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """The columns of every table and view of the layers, by name."""
    found: dict[str, tuple[str, ...]] = {}
    for relation, column in con.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and schema_name in ('summaries', 'facts', 'marts') "
        "order by schema_name, table_name, column_index"
    ).fetchall():
        found[relation] = (*found.get(relation, ()), column)
    return found


def by_name(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    """The relation as SQL, with the counter's own names instead of its number."""
    return _by_name(relation, columns_of(con)[relation])


def _by_name(relation: str, columns: tuple[str, ...]) -> str:
    if "counter_id" not in columns:
        return relation
    if set(COUNTER) <= set(columns):
        return f"(select * exclude (counter_id) from {relation})"
    names = ", ".join(f"counters.{name}" for name in COUNTER)
    return (
        f"(select {names}, relation.* exclude (counter_id) "
        f"from {relation} as relation join facts.counters as counters using (counter_id))"
    )


def everything_said(warehouse: Path) -> dict[str, Rows]:
    """Every row of every fact and mart, and of what is summed up of counters' days, in one order."""
    return {
        relation: rows
        for relation, rows in everything_held(warehouse).items()
        if not relation.startswith("summaries.") or relation == "summaries.counter_days"
    }


def everything_held(warehouse: Path) -> dict[str, Rows]:
    """The same and every other summary: those name answers, which another lake may name otherwise."""
    with open_published(warehouse) as con:
        return {
            relation: con.execute(f"select * from {_by_name(relation, columns)} order by all").fetchall()
            for relation, columns in columns_of(con).items()
        }


def differences(one: dict[str, Rows], other: dict[str, Rows]) -> dict[str, tuple[Rows, Rows]]:
    """The tables that differ: up to five rows that only the first has, and that only the other has."""
    found = {}
    for relation in sorted(one.keys() | other.keys()):
        here, there = one.get(relation, []), other.get(relation, [])
        if here != there:
            # Rows may hold lists, which no set takes.
            known_here, known_there = set(map(repr, here)), set(map(repr, there))
            found[relation] = (
                [row for row in here if repr(row) not in known_there][:5],
                [row for row in there if repr(row) not in known_here][:5],
            )
    return found


def unlike_a_full_build(lake: Lake, *, from_landing: bool = False) -> dict[str, tuple[Rows, Rows]]:
    """Bring the warehouse up to date; where it differs from one made from nothing.

    The readings are made from each answer alone; `from_landing` makes them again too.
    """
    lake.build()
    again = lake.root / "again"
    readings = again / "readings" if from_landing else lake.readings
    assert build(lake.landing, readings, again / "warehouse.duckdb").mode == "full"
    found = differences(everything_held(lake.warehouse), everything_held(again / "warehouse.duckdb"))
    shutil.rmtree(again)
    return found
