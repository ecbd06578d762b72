"""Table macros: questions with arguments, as `FROM totals_between('2019-10-29', '2019-12-12')`.

A file of `warehouse/macros` is a macro. Its header lists the arguments, one a line:

    -- Arguments:
    --   first_day: first local day of the window

A mistaken argument ends the query with error(), in the argument of a range() that else gives one row: a table
function's arguments are worked out whatever the query around it asks for. A condition would be dropped with
the rows that it is asked of, when the optimiser proves that there are none. Constant arguments are worked out
before the query runs, so that the days of a window still narrow what is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from warehouse import sql

# The marts' schema is where they belong; the main one is where they are found without naming a schema.
SCHEMAS = ("marts", "main")

_ARGUMENT = re.compile(r"--   (\w+): (.+)")


@dataclass(frozen=True)
class Macro:
    """A table macro: the query that it stands for, and what each argument means, in their order."""

    name: str
    text: str
    arguments: dict[str, str]

    @property
    def query(self) -> str:
        """The statement without its last semicolon."""
        return self.text.strip().removesuffix(";")

    @property
    def signature(self) -> str:
        """How it is called, as `totals_between(first_day, last_day)`."""
        return f"{self.name}({', '.join(self.arguments)})"


@cache
def macros(folder: Path = sql.FOLDER) -> tuple[Macro, ...]:
    """The macros by name.

    Raises ValueError when a file does not list its arguments.
    """
    return tuple(
        Macro(path.stem, text, _arguments(path.name, text))
        for path in sql.files_of(folder / "macros")
        for text in [sql.text_of(path)]
    )


def make_macros(con: duckdb.DuckDBPyConnection, *, are_some_there: bool = True) -> None:
    """Make every macro anew in a warehouse that has its marts, and where an earlier build left some, drop
    those that have no file any more."""
    found = macros()
    if are_some_there:
        _drop_others(con, {macro.name for macro in found})
    for macro in found:
        arguments = ", ".join(macro.arguments)
        sql.run(con, f"create or replace macro marts.{macro.name}({arguments}) as table {macro.query}")
        sql.run(
            con,
            f"create or replace macro main.{macro.name}({arguments}) as table "
            f"select * from marts.{macro.name}({arguments})",
        )


def _drop_others(con: duckdb.DuckDBPyConnection, kept: set[str]) -> None:
    there = con.execute(
        "select schema_name, function_name from duckdb_functions() "
        "where function_type = 'table_macro' and not internal and database_name = current_database()"
    ).fetchall()
    for schema, name in there:
        if schema in SCHEMAS and name not in kept:
            con.execute(f'drop macro table {schema}."{name}"')


def _arguments(file: str, text: str) -> dict[str, str]:
    lines = iter(text.splitlines())
    if "-- Arguments:" not in lines:
        raise ValueError(f"{file} has no line '-- Arguments:' with the arguments of the macro under it")
    found = {}
    for line in lines:
        argument = _ARGUMENT.fullmatch(line)
        if argument is None:
            break
        found[argument[1]] = argument[2]
    if not found:
        raise ValueError(f"{file} lists no argument; write one a line, '--   name: what it means'")
    return found
