"""Tables as files: CSV that no spreadsheet runs, Parquet as it is, JSON exact. Written in pieces, so that a
long table costs no more memory than a short one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from flows.answers.query import AS_TEXT, BYTE_ORDER_MARK, DROPPED, FORMULA, as_json, as_text

# Rows that a piece has, and of those how many are Python's objects at once.
ROWS_AT_ONCE = 100_000
OBJECTS_AT_ONCE = 5_000

_DROPPED = f"^([{''.join(DROPPED)}])"

_Write = Callable[[pa.RecordBatch], object]


def export_table(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    parameters: Sequence[object],
    files: Mapping[str, BinaryIO],
    *,
    has_mark: bool = False,
) -> int:
    """Write the answer to a query to a file of each format (csv, parquet, json); gives the number of rows.

    CSV and JSON say what `campaign sql` says in those formats. `has_mark` lets the CSV begin with a byte
    order mark. Raises duckdb.Error and OSError.
    """
    rows = 0
    reader = connection.sql(query, params=list(parameters)).to_arrow_reader(ROWS_AT_ONCE)
    with ExitStack() as open_:
        if has_mark and "csv" in files:
            files["csv"].write(BYTE_ORDER_MARK.encode())
        writers = [open_.enter_context(_WRITERS[form](file, reader.schema)) for form, file in files.items()]
        for batch in reader:
            rows += batch.num_rows
            for write in writers:
                write(batch)
    return rows


@contextmanager
def _parquet(file: BinaryIO, schema: pa.Schema) -> Iterator[_Write]:
    with pq.ParquetWriter(file, schema, compression="zstd") as columns:
        yield columns.write_batch


@contextmanager
def _csv(file: BinaryIO, schema: pa.Schema) -> Iterator[_Write]:
    plain = pa.schema([(field.name, _plain_type(field.type)) for field in schema])
    with pa.csv.CSVWriter(file, plain) as lines:

        def write(batch: pa.RecordBatch) -> None:
            lines.write_batch(pa.record_batch([_plain(each) for each in batch.columns], schema=plain))

        yield write


@contextmanager
def _json(file: BinaryIO, schema: pa.Schema) -> Iterator[_Write]:
    """An array of objects, a row a line. Keys are made once, and so is the text of a value that comes
    again."""
    keys = [f"{json.dumps(name, ensure_ascii=False)}: " for name in schema.names]
    separator = "\n"

    def write(batch: pa.RecordBatch) -> None:
        nonlocal separator
        for start in range(0, batch.num_rows, OBJECTS_AT_ONCE):
            columns = [_in_json(each) for each in batch.slice(start, OBJECTS_AT_ONCE).columns]
            keyed = [[f"{key}{value}" for value in column] for key, column in zip(keys, columns, strict=True)]
            lines = ",\n".join(f"{{{', '.join(row)}}}" for row in zip(*keyed, strict=True))
            file.write(f"{separator}{lines}".encode())
            separator = ",\n"

    file.write(b"[")
    yield write
    file.write(b"\n]\n")


_WRITERS: Mapping[str, Callable[[BinaryIO, pa.Schema], AbstractContextManager[_Write]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
}


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Numbers, truths and days stay what they are; everything else is text in a CSV."""
    stays = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_date)
    return kind if any(of(kind) for of in stays) else pa.string()


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        coded = column.dictionary_encode()
        marked = pc.replace_substring_regex(coded.dictionary, FORMULA, AS_TEXT)
        return pc.replace_substring_regex(marked, _DROPPED, r"'\1").take(coded.indices)
    if _plain_type(column.type) == column.type:
        return column
    return pa.array(_texts(column, as_text), pa.string())


def _in_json(column: pa.Array) -> list[str]:
    """The values of a column as JSON has them."""
    return [
        "null" if text is None else text
        for text in _texts(
            column, lambda value: json.dumps(as_json(value), ensure_ascii=False, allow_nan=False)
        )
    ]


def _texts(column: pa.Array, text_of: Callable[[object], str]) -> list[str | None]:
    """The text of each value; None stays. Long tables have few different values: days, names, small
    numbers, lists of names."""
    if pa.types.is_nested(column.type):
        spelled = text_of if not _is_of_names(column.type) else _once_each(text_of)
        return [None if value is None else spelled(value) for value in column.to_pylist()]
    coded = column.dictionary_encode()
    texts = [text_of(value) for value in coded.dictionary.to_pylist()]
    return [None if place is None else texts[place] for place in coded.indices.to_pylist()]


def _is_of_names(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_string(kind.value_type))


def _once_each(text_of: Callable[[object], str]) -> Callable[[Sequence[str | None]], str]:
    texts: dict[tuple[str | None, ...], str] = {}

    def spelled(names: Sequence[str | None]) -> str:
        key = tuple(names)
        text = texts.get(key)
        if text is None:
            text = texts[key] = text_of(names)
        return text

    return spelled
