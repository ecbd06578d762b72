"""Which files can be read: by their seal and their columns, or to their ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse import sql
from warehouse.landing import COLUMNS as LANDING_COLUMNS
from warehouse.opening import connect
from warehouse.sealed import DAMAGED, is_as_sealed


def has_landing_columns(path: Path) -> bool:
    """Whether a file is what was written, and its footer says that it is a landed file."""
    try:
        return is_as_sealed(path) and bool(pq.read_schema(path).equals(LANDING_COLUMNS))
    except DAMAGED:
        return False


def whole(paths: Iterable[Path]) -> list[Path]:
    """The files that can be read to their ends, by the reader that will read them."""
    files = list(paths)
    if not files or _are_whole(files):
        return files
    return [path for path in files if _are_whole([path])]


def are_whole(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> bool:
    """Whether all of some files can be read to their ends. Where not, the connection may be of no use
    afterwards: one damaged file may leave a database that refuses whatever comes after it."""
    try:
        con.execute(f"select bit_xor(hash(stored)) from {sql.parquet(files)} as stored").fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return False
    return True


def _are_whole(files: Sequence[Path]) -> bool:
    with connect() as con:
        return are_whole(con, files)
