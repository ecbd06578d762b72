"""What tables and columns mean, out of the SQL files that make them and into the database, by COMMENT ON.

A file's header says what its table is for and what names one of its rows; a comment stands above each column,
of the last select or, where rows are merged into it, of the CREATE TABLE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import duckdb

from warehouse import sql
from warehouse.macros import SCHEMAS, Macro, macros

COMMENTED = ("registry", "summaries", "facts", "marts", "ops")

# The dictionary is loaded from CSV files; the mart that shows it says what its columns mean.
_SHOWN_BY = {"dictionary.metrics": "marts.metrics"}


@dataclass(frozen=True)
class Description:
    """What a file says of the table, view or macro that it makes."""

    text: str
    kind: str = "table"

    @cached_property
    def purpose(self) -> str:
        """The header's first sentences, before its grain and arguments."""
        return " ".join(_until_keyword(self._header))

    @cached_property
    def notes(self) -> list[str]:
        """The paragraphs of the header after its first empty line."""
        paragraphs = "\n".join(self._header).split("\n\n")[1:]
        return [" ".join(paragraph.split("\n")) for paragraph in paragraphs]

    @cached_property
    def grain(self) -> tuple[str, ...]:
        """The columns that name one row; empty when the header has none."""
        for line in self._header:
            if line.startswith("Grain: "):
                return tuple(name.strip() for name in line.removeprefix("Grain: ").split(","))
        return ()

    @cached_property
    def columns(self) -> dict[str, str]:
        """The comment of each column, in order; empty where a column has none."""
        found = created_columns(self.text) or output_columns(self.text)
        return {name: " ".join(comments) for comments, name in found}

    @cached_property
    def _header(self) -> list[str]:
        """The comment lines with which the file begins, bare."""
        lines: list[str] = []
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            lines.append(line.removeprefix("--").strip())
        return lines


@cache
def descriptions() -> dict[str, Description]:
    """What is said of every table and view, by its full name, as `marts.asset_daily`; the files are read once
    in a process."""
    found = {
        model.table: Description(model.text, "view" if model.made == "view" else "table")
        for layer in COMMENTED
        for model in sql.models(layer)
    }
    shown = {table: Description(found[shown_by].text) for table, shown_by in _SHOWN_BY.items()}
    return found | shown


def comment_on_new(con: duckdb.DuckDBPyConnection, tables: Collection[str], *, macros_too: bool) -> None:
    """Put what the files say into the database: on tables and views that were made just now and bear no
    comment yet, and on every macro with `macros_too`."""
    _say(con, _statements_on(tables), macros_too)


def everything_said() -> str:
    """What the files say of every table, view, column and macro: `comment` puts it there where it changed."""
    return ";\n".join([*_statements_on(descriptions()), *_statements_on_macros()])


def _statements_on(tables: Collection[str]) -> list[str]:
    said = {table: description for table, description in descriptions().items() if table in tables}
    statements = [
        f"comment on {description.kind} {table} is {sql.literal(told(description))}"
        for table, description in said.items()
    ]
    statements += [
        f'comment on column {table}."{column}" is {sql.literal(text)}'
        for table, description in said.items()
        for column, text in description.columns.items()
        if text
    ]
    return statements


def _statements_on_macros() -> list[str]:
    return [
        f"comment on macro table {schema}.{macro.name} is {sql.literal(told_of_macro(macro))}"
        for macro in macros()
        for schema in SCHEMAS
    ]


def comment(con: duckdb.DuckDBPyConnection, *, macros_too: bool = True) -> None:
    """Put what the files say into the database: on every table, view and column that is there, and on every
    macro with `macros_too`. What is said already is not said again."""
    said = descriptions()
    statements = [
        f"comment on {kind} {schema}.{table} is {sql.literal(text)}"
        for schema, table, kind, before in _tables(con)
        if (description := said.get(f"{schema}.{table}")) and (text := told(description)) != before
    ]
    statements += [
        f'comment on column {schema}.{table}."{column}" is {sql.literal(text)}'
        for schema, table, column, before in _columns(con)
        if (description := said.get(f"{schema}.{table}"))
        and (text := description.columns.get(column, ""))
        and text != before
    ]
    _say(con, statements, macros_too)


def _say(con: duckdb.DuckDBPyConnection, statements: list[str], macros_too: bool) -> None:
    if macros_too:
        statements = statements + _statements_on_macros()
    sql.run(con, ";\n".join(["begin", *statements, "commit"]))


def told(description: Description) -> str:
    """The comment of a table: what it is for, what names a row, what else its header says."""
    grain = f"One row per {', '.join(description.grain)}."
    return " ".join([description.purpose, grain, *description.notes])


def told_of_macro(macro: Macro) -> str:
    """The comment of a macro, which has no columns to carry comments of their own: how it is called, too."""
    description = Description(macro.text)
    arguments = "; ".join(f"{name}: {meaning}" for name, meaning in macro.arguments.items())
    return f"{macro.signature}. {told(description)} Arguments: {arguments}."


def output_columns(text: str) -> list[tuple[list[str], str]]:
    """(comment lines, name) of each column of a file's last select, whose columns stand four spaces in."""
    _, _, body = text.rpartition("\nselect\n")
    body, _, _ = body.partition("\nfrom ")
    return list(_commented(body, _name_of))


def created_columns(text: str) -> list[tuple[list[str], str]]:
    """(comment lines, name) of each column of the CREATE TABLE of a summary's file; else empty."""
    created = re.search(r"^create table if not exists [\w.]+ \(\n(.*?)^\);", text, re.MULTILINE | re.DOTALL)
    return list(_commented(created[1], lambda code: code.split()[0])) if created else []


def _commented(body: str, name_of: Callable[[str], str]) -> Iterator[tuple[list[str], str]]:
    """(comment lines, name) of each entry of a list of columns: the last has no comma after it."""
    comments: list[str] = []
    code = ""
    for line in body.splitlines():
        if line.startswith("    -- ") and not code:
            comments.append(line.strip().removeprefix("-- "))
            continue
        code = f"{code} {line.split(' -- ')[0].strip()}"
        if code.endswith(",") and _is_closed(code):
            yield comments, name_of(code)
            comments, code = [], ""
    if code:
        yield comments, name_of(code)


def _is_closed(code: str) -> bool:
    opened = re.sub(r"'[^']*'", "", code)
    return opened.count("(") == opened.count(")") and opened.count("[") == opened.count("]")


def _name_of(code: str) -> str:
    """The name that an expression of a select list gets."""
    name = re.search(r"(\w+)\"?,?$", code.strip())
    if name is None:
        raise ValueError(f"a column has no name; write `as name` after {code.strip()!r}")
    return name[1]


def _until_keyword(header: list[str]) -> Iterator[str]:
    for line in header:
        if not line or re.match(r"(Grain|Arguments):", line):
            return
        yield line


def _tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str | None]]:
    """(schema, name, table or view, comment) of what is stored in the database."""
    return con.execute(
        """
        select schema_name, table_name, 'table', comment from duckdb_tables()
        where database_name = current_database() and not internal and not temporary
        union all
        select schema_name, view_name, 'view', comment from duckdb_views()
        where database_name = current_database() and not internal and not temporary
        order by all
        """
    ).fetchall()


def _columns(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str | None]]:
    return con.execute(
        """
        select schema_name, table_name, column_name, comment from duckdb_columns()
        where database_name = current_database() and not internal
        order by schema_name, table_name, column_index
        """
    ).fetchall()
