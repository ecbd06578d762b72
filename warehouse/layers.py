"""Making the tables of a layer: anew, as views, or only for what a build changed.

A small table is made anew by every build. A table of days, which grows with the campaign, is kept, and a
build makes again only the rows in its *scope*: `scope.counters` names the days of counters whose readings
changed, `scope.days` the days of campaigns on which anything changed that is added up. The files of
`warehouse/scope/` work both out by comparing with `before`, what the published warehouse held.
"""

from __future__ import annotations

import duckdb

from warehouse import sql
from warehouse.progress import Progress, Step

SCOPE = sql.FOLDER / "scope"
INSTANTS = sql.FOLDER / "instants.sql"

# What the scope is worked out against.
_COMPARED = (
    "registry.campaigns",
    "facts.posts",
    "facts.counters",
    "facts.campaign_counters",
    "facts.group_counters",
    "facts.assignments",
)


def begin(con: duckdb.DuckDBPyConnection, *, keeps: bool, keeps_registry: bool = False) -> None:
    """Clear what is made anew, and remember what the scope is compared with where the rest is kept; with
    `keeps_registry`, the registry is."""
    sql.run(con, sql.text_of(INSTANTS))
    con.execute("attach ':memory:' as scope")
    con.execute("attach ':memory:' as before")
    con.execute("create table scope.days (campaign_id varchar, day date)")
    if not keeps:
        for layer in ("marts", "facts", "registry"):
            con.execute(f"drop schema if exists {layer} cascade")
            con.execute(f"create schema {layer}")
        return
    for table in _COMPARED:
        con.execute(f"create table before.{table.split('.')[1]} as from {table}")
    # Views stay: they name the tables that they read, and find the new ones.
    sql.run(con, ";".join(f"drop table {table}" for table in made_anew(keeps_registry=keeps_registry)))


def made_anew(*, keeps_registry: bool) -> list[str]:
    """The tables that a build makes anew which keeps the rest."""
    return [
        model.table
        for layer in ("marts", "facts", *(() if keeps_registry else ("registry",)))
        for model in sql.models(layer)
        if model.made == "anew"
    ]


def make(con: duckdb.DuckDBPyConnection, layer: str, progress: Progress, *, keeps: bool = False) -> None:
    """Make the tables of a layer, rows in the order of their grain; with `keeps`, kept ones for their scope
    alone."""
    # What is added up by days comes last: which days, hangs on the rest.
    models = sorted(sql.models(layer), key=lambda model: model.made == "days")
    begun = False
    for number, model in enumerate(models):
        progress(Step(f"making {model.table}", number, len(models)))
        if model.made == "view":
            if not keeps:
                sql.run(con, f"create view {model.table} as {model.query}")
            continue
        if model.made == "anew":
            grain = ", ".join(model.grain)
            sql.run(con, f"create table {model.table} as select * from ({model.query}) order by {grain}")
            continue
        if model.made == "counters":
            _scope(con, "counters" if keeps else "everything")
        elif keeps and not begun:
            _scope(con, "days")
            begun = True
        _make_in_scope(con, model, keeps)


def nothing_merged(con: duckdb.DuckDBPyConnection) -> None:
    """Have the scope worked out from no changed day, where a build has nothing to merge."""
    _scope(con, "unchanged")


def _scope(con: duckdb.DuckDBPyConnection, name: str) -> None:
    sql.run(con, sql.text_of(SCOPE / f"{name}.sql"))


def _make_in_scope(con: duckdb.DuckDBPyConnection, model: sql.Model, keeps: bool) -> None:
    """Put the scope's rows of a kept table in the place of those it had.

    Days come first in the order of rows: those that change lie together, at the end.
    """
    order = ", ".join(["day", *(name for name in model.grain if name != "day")])
    if not keeps:
        sql.run(con, f"create table {model.table} as select * from ({model.query}) order by {order}")
        return
    if model.made == "counters":
        _scope(con, "remade")
        sql.run(
            con,
            f"delete from {model.table} as kept using scope.counters "
            "where kept.counter_id = counters.counter_id and kept.day >= getvariable('gains_from') "
            "and kept.day between counters.first_day and counters.last_day",
        )
    else:
        sql.run(
            con,
            f"delete from {model.table} as kept using scope.days "
            "where kept.campaign_id = days.campaign_id and kept.day = days.day "
            "and kept.day >= getvariable('days_from')",
        )
        for campaign_id in _campaigns_gone(con):
            con.execute(f"delete from {model.table} where campaign_id = ?", [campaign_id])
    sql.run(con, f"insert into {model.table} by name select * from ({model.query}) order by {order}")
    if model.made == "counters":
        _scope(con, "remade")


def _campaigns_gone(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The campaigns that have left the registry since the build before."""
    rows = con.execute(
        "select campaign_id from before.campaigns anti join registry.campaigns using (campaign_id)"
    ).fetchall()
    return [str(row[0]) for row in rows]
