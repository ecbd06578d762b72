"""A question to the published warehouse, and its answer as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Literal, TextIO

import duckdb

from flows.console import say, show
from flows.progress import shown
from warehouse.publish import open_published

Format = Literal["table", "csv", "json", "parquet"]

MOST_TABLE_ROWS = 1000
NOTHING = "·"

# A spreadsheet runs a cell that begins with such a sign, in some languages with a wide one. What stands
# before it does not always save the text: LibreOffice drops a NUL, and where somebody opens the file with
# semicolons between cells, a cell ends at each of them and at each end of a line, and a quotation mark after
# one opens the next, whatever the quotes say. The pattern means the same to Python and to RE2.
FORMULA = '(^|[\t\n\r;])([\\x00-\\x08\x0b\x0c\\x0e-\\x20"]*[=+\\-@\uff1d\uff0b\uff0d\uff20])'
AS_TEXT = r"\1'\2"
# Some drop these before they look.
DROPPED = ("\t", "\n", "\r")

# Excel takes a CSV for UTF-8 only where it begins with this.
BYTE_ORDER_MARK = "\ufeff"

_NUMERIC = ("INT", "DECIMAL", "FLOAT", "DOUBLE")
_ROWS_AT_ONCE = 1000


class QueryRefused(Exception):
    """The question cannot be answered; the text is one plain line that says why."""


# Of a long list of proposals the first are enough.
LONGEST_REASON = 300

# By DuckDB's kinds of errors.
_CURES = {
    "Catalog": 'see what there is with campaign sql "SHOW ALL TABLES", or in docs/data-dictionary.md',
    "Permission": "only the published tables are read; write an answer by --format csv > FILE",
    "Out of Memory": "ask for less at once, or where there is more memory",
}


def answer(warehouse: Path, question: str, form: Format, *, has_mark: bool = False) -> None:
    """Run one query read-only and write the answer to standard output; with `has_mark` a CSV begins with a
    byte order mark.

    Raises `QueryRefused`, and `warehouse.publish.NoWarehouse` while nothing is published.
    """
    if form == "parquet" and sys.stdout.isatty():
        raise QueryRefused(
            "Parquet is not for screens; send it to a file: … --format parquet > answer.parquet"
        )
    connection = open_published(warehouse)
    try:
        if form == "parquet":
            _write_parquet(connection, question)
            return
        with shown("sql"):
            connection.execute(question)
        if not connection.description:
            raise QueryRefused("the query gives no rows; ask with SELECT …")
        if has_mark and form == "csv":
            _utf8_stdout().write(BYTE_ORDER_MARK)
        write = {"table": _write_table, "csv": _write_csv, "json": _write_json}[form]
        write(connection)
    except duckdb.Error as trouble:
        raise QueryRefused(_one_line(trouble)) from trouble
    finally:
        connection.close()


def _one_line(trouble: duckdb.Error) -> str:
    """DuckDB's message, with its own proposals, without the picture of the query under it; and what to do."""
    said = " ".join(str(trouble).split("\nLINE ")[0].split())
    kind, _, what = said.partition(" Error: ")
    if not what:
        kind, what = "", said
    what = re.sub(r"! Did you mean (.*)\?$", r" (did you mean \1?)", what)
    what = re.sub(r"! Candidate bindings: (.*)$", r" (there are \1)", what).rstrip("!")
    if len(what) > LONGEST_REASON:
        what = f"{what[:LONGEST_REASON].rstrip()} …"
    cure = _CURES.get(kind, "mend the query")
    if "read-only mode" in said:
        cure = "only questions are answered, ask with SELECT or FROM"
    return f"the query was refused: {what}; {cure}"


def _columns(connection: duckdb.DuckDBPyConnection) -> tuple[list[str], list[str]]:
    """Names, made different where two are the same, and types."""
    names: list[str] = []
    for name, *_ in connection.description or []:
        distinct, number = name, 0
        while distinct in names:
            number += 1
            distinct = f"{name}_{number}"
        names.append(distinct)
    return names, [str(kind) for _, kind, *_ in connection.description or []]


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    while rows := connection.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _write_table(connection: duckdb.DuckDBPyConnection) -> None:
    names, kinds = _columns(connection)
    rows = list(islice(_rows(connection), MOST_TABLE_ROWS + 1))
    numbers = [
        name
        for name, kind in zip(names, kinds, strict=True)
        if not kind.endswith("]") and any(part in kind.split("(")[0] for part in _NUMERIC)
    ]
    show(None, names, [[as_cell(value) for value in row] for row in rows[:MOST_TABLE_ROWS]], numbers)
    if len(rows) > MOST_TABLE_ROWS:
        say(f"Only the first {MOST_TABLE_ROWS:,} rows are shown; --format csv gives all, LIMIT fewer.")


def _write_csv(connection: duckdb.DuckDBPyConnection) -> None:
    names, _ = _columns(connection)
    writer = csv.writer(_utf8_stdout())
    writer.writerow([as_text(name) for name in names])
    for row in _rows(connection):
        writer.writerow(["" if value is None else as_text(value) for value in row])


def _write_json(connection: duckdb.DuckDBPyConnection) -> None:
    names, _ = _columns(connection)
    out = _utf8_stdout()
    out.write("[")
    separator = "\n"
    for row in _rows(connection):
        values = {name: as_json(value) for name, value in zip(names, row, strict=True)}
        out.write(separator + json.dumps(values, ensure_ascii=False, allow_nan=False))
        separator = ",\n"
    out.write("\n]\n")


def _write_parquet(connection: duckdb.DuckDBPyConnection, question: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    relation = connection.sql(question)
    if relation is None:
        raise QueryRefused("the query gives no rows; ask with SELECT …")
    table = relation.to_arrow_table()
    for position, kind in enumerate(relation.types):
        # DuckDB sums integers in 128 bits, which Parquet has no integer for.
        if str(kind) == "HUGEINT":
            try:
                narrow = table.column(position).cast(pa.int64())
            except pa.ArrowInvalid:
                continue
            table = table.set_column(position, table.column_names[position], narrow)
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd")
    sys.stdout.buffer.write(buffer.getvalue())


def _utf8_stdout() -> TextIO:
    """Standard output, with line ends left as they are written and text in UTF-8 whatever the terminal's
    habit."""
    reconfigure: Callable[..., None] | None = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", newline="")
    return sys.stdout


def as_cell(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.1f}"
    if isinstance(value, Decimal):
        return f"{value:,}"
    return as_plain(value)


def as_text(value: object) -> str:
    """A CSV field. What a spreadsheet would run as a formula gets an apostrophe, before it and within it
    wherever a cell might begin; numbers do not."""
    text = as_plain(value)
    if not isinstance(value, (str, list, tuple, dict)):
        return text
    text = re.sub(FORMULA, AS_TEXT, text)
    return f"'{text}" if text.startswith(DROPPED) else text


def as_plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return _as_moment(value)
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(as_json(value), ensure_ascii=False)
    return str(value)


def _as_moment(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_json(value: object) -> object:
    """A value as JSON has it: numbers exact, days and moments as ISO texts, moments in UTC."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return _as_moment(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [as_json(each) for each in value]
    return str(value)
