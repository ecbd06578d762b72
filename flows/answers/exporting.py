"""Tables as files: CSV that no spreadsheet runs, Parquet as it is. Written in pieces, so that a long table
costs no more memory than a short one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from flows.answers.query import FORMULA_STARTS, as_text
from warehouse.durable import written_whole

ROWS_AT_ONCE = 100_000

_FORMULA = "^([" + "".join(rf"\x{ord(sign):02x}" for sign in FORMULA_STARTS) + "])"


def export_table(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object], csv: Path, parquet: Path
) -> int:
    """Write the answer to a query as CSV and as Parquet; gives the number of rows. Each file appears whole.

    The CSV says what `campaign sql --format csv` says. Raises duckdb.Error and OSError.
    """
    rows = 0
    reader = connection.sql(query, params=list(parameters)).to_arrow_reader(ROWS_AT_ONCE)
    plain = pa.schema([(field.name, _plain_type(field.type)) for field in reader.schema])
    with (
        written_whole(csv, survives_power_cuts=False) as csv_file,
        written_whole(parquet, survives_power_cuts=False) as parquet_file,
        pa.csv.CSVWriter(csv_file, plain) as lines,
        pq.ParquetWriter(parquet_file, reader.schema, compression="zstd") as columns,
    ):
        for batch in reader:
            rows += batch.num_rows
            columns.write_batch(batch)
            lines.write_batch(pa.record_batch([_plain(each) for each in batch.columns], schema=plain))
    return rows


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Numbers, truths and days stay what they are; everything else is text in a CSV."""
    stays = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_date)
    return kind if any(of(kind) for of in stays) else pa.string()


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return pc.replace_substring_regex(column, _FORMULA, r"'\1")
    if _plain_type(column.type) == column.type:
        return column
    # Many rows of few values: moments, labels, shares.
    known: dict[str, str] = {}
    return pa.array([_text_of(value, known) for value in column.to_pylist()], pa.string())


def _text_of(value: object, known: dict[str, str]) -> str | None:
    if value is None:
        return None
    key = repr(value)
    if key not in known:
        known[key] = as_text(value)
    return known[key]
