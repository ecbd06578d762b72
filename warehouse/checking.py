"""Checking: what must hold before a warehouse is published, and what people should look at afterwards.

A check is a file of `checks/`: a claim for its name, its severity in its header, and a query that returns
whatever breaks the claim. An error keeps the warehouse from being published. A warning goes into
`marts.warnings` and is published with the rest.

Checks look at what a build made anew, which `scope` names: `scope.counters (counter_id, first_day,
last_day)`, `scope.days (campaign_id, day)`. The rest was checked when it was made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from warehouse import sql
from warehouse.publish import Published, ask
from warehouse.refusals import BuildRefused

ERROR, WARNING = "error", "warning"

_AGAIN = "run `campaign build --full`, and report this line if it comes again"

# The rows of a kept table that a build made anew.
_TOUCHED = {
    "counters": "semi join scope.counters using (counter_id) where day >= getvariable('gains_from')",
    "days": "semi join scope.days using (campaign_id, day) where day >= getvariable('days_from')",
}

# What a check of the severity "warning" returns, after its name; `weight` is larger for what matters more.
_OFFENDERS = """
    create or replace temp table offenders (
        check_name varchar,
        campaign_id varchar,
        platform varchar,
        subject varchar,
        detail varchar,
        first_day date,
        last_day date,
        weight hugeint
    )
"""


@dataclass(frozen=True)
class Warned:
    """One row of `marts.warnings`: what a check found, and that it found `found` such things in all."""

    check_name: str
    position: int
    campaign_id: str | None
    platform: str | None
    subject: str
    detail: str
    first_day: date | None
    last_day: date | None
    found: int


_WARNED = (
    f"select {', '.join(Warned.__dataclass_fields__)} from marts.warnings "
    "order by check_name, campaign_id, position"
)


def severity(name: str, query: str) -> str:
    """The severity that a check's header names. Raises ValueError when it names none."""
    named = re.search(r"^-- Severity: (error|warning)$", query, re.MULTILINE)
    if named is None:
        raise ValueError(f"{name}.sql has no line '-- Severity: error' or '-- Severity: warning'")
    return named[1]


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make what `marts.warnings` reads: no offenders, until `check` has looked for them."""
    con.execute(_OFFENDERS)


def check(con: duckdb.DuckDBPyConnection) -> tuple[Warned, ...]:
    """Run every check and the grain of every fact and mart; fill `marts.warnings` and return its rows.

    Raises BuildRefused naming the first check of the severity "error", or the first table, that has
    offenders.
    """
    checks = sql.checks()
    for name, query in checks.items():
        if severity(name, query) == ERROR:
            _refuse_offenders(con, name, query)
    con.execute("delete from offenders")
    # In one statement: what several of them ask alike is worked out once.
    looking = " union all by name ".join(
        f"(select {sql.literal(name)} as check_name, * from ({query}))"
        for name, query in checks.items()
        if severity(name, query) == WARNING
    )
    if looking:
        sql.run(con, f"insert into offenders by name {looking}")
    for model in sql.models("marts"):
        if model.table == "marts.warnings":
            sql.run(
                con,
                f"delete from {model.table};"
                f"insert into {model.table} select * from ({model.query}) order by {', '.join(model.grain)}",
            )
    # A view has the grain of what it reads.
    stored = [model for model in [*sql.models("facts"), *sql.models("marts")] if model.made != "view"]
    for model in _out_of_order(con, stored):
        _refuse_doubled_rows(con, model)
    return warned(con)


def warned(con: duckdb.DuckDBPyConnection) -> tuple[Warned, ...]:
    """The rows of `marts.warnings`, in their order."""
    return tuple(Warned(*row) for row in sql.run(con, _WARNED).fetchall())


def published_warnings(warehouse: Published) -> tuple[Warned, ...]:
    """What the build that is published warned of; nothing when nothing is published yet.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    return tuple(Warned(*row) for row in ask(warehouse, _WARNED))


def _refuse_offenders(con: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    found = sql.run(con, query)
    columns = [column[0] for column in found.description or ()]
    offender = found.fetchone()
    if offender is not None:
        raise BuildRefused(
            f"check {name} found offenders, for example {_in_words(columns, offender)}, and the warehouse "
            f"stays as it was; {_AGAIN}"
        )


def _out_of_order(con: duckdb.DuckDBPyConnection, models: Sequence[sql.Model]) -> list[sql.Model]:
    """The tables with rows, among those to look at, that do not come after the one before.

    Tables are written in the order of their grain. Rows that each come after the one before cannot be there
    twice, whatever order they are read in; this takes one pass, and the grouping only what is out of order.
    """
    counts = sql.run(
        con,
        " union all ".join(
            f"select {number}, count(*) "
            f"from (select {_comes_after(_order(model))} as is_later from {_touched(model)}) "
            "where is_later is not true"
            for number, model in enumerate(models)
        ),
    ).fetchall()
    # The first row comes after none.
    return [models[number] for number, count in sorted(counts) if count > 1]


def _refuse_doubled_rows(con: duckdb.DuckDBPyConnection, model: sql.Model) -> None:
    grain = ", ".join(model.grain)
    doubled = con.execute(
        f"select {grain} from {_touched(model)} group by all having count(*) > 1 limit 1"
    ).fetchone()
    if doubled is not None:
        raise BuildRefused(
            f"{model.table} has more than one row for {_in_words(model.grain, doubled)}, and the warehouse "
            f"stays as it was; {_AGAIN}"
        )


def _touched(model: sql.Model) -> str:
    """The rows of a table that a build made anew, as SQL."""
    return f"{model.table} {_TOUCHED.get(model.made, '')}"


def _order(model: sql.Model) -> tuple[str, ...]:
    """The columns in whose order the rows of a table were written."""
    if model.made in ("counters", "days"):
        return ("day", *(name for name in model.grain if name != "day"))
    return model.grain


def _comes_after(grain: tuple[str, ...]) -> str:
    """Whether a row's grain is greater than that of the row before, its columns compared in their order."""
    named = f"row({', '.join(grain)})"
    return f"{named} > lag({named}) over ()"


def _in_words(columns: list[str] | tuple[str, ...], row: tuple[object, ...]) -> str:
    words = ", ".join(
        f"{column} = {'null' if value is None else value}" for column, value in zip(columns, row, strict=True)
    )
    return " ".join(words.split())
