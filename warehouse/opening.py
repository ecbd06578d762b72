"""Opening a warehouse file for reading: the file that has the name at that moment, whatever had it before."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

import duckdb

from warehouse import sql

# The connections of this process whose queries may take long.
_open: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()
_opening = threading.Lock()


def break_queries_off() -> None:
    """Have the queries that go on raise duckdb.InterruptException. DuckDB lets a thread that works on a query
    hear of nothing else before its end."""
    with _opening:
        going_on = list(_open)
    for con in going_on:
        with suppress(duckdb.ConnectionException):
            con.interrupt()


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory, whose queries can be broken off."""
    con = duckdb.connect()
    with _opening:
        _open.add(con)
    return con


def open_to_read(file: Path) -> duckdb.DuckDBPyConnection:
    """A connection to what the file holds now, read-only, times shown in UTC.

    DuckDB knows the databases of a process by their paths: while one is open, a second connection to its path
    gets the same one, also when the file has been replaced. Here each connection is a database of its own
    with the file attached, so nothing is shared, and nothing is written beside the file.

    Raises duckdb.Error when it is missing, damaged, of another version of DuckDB or being written.
    """
    con = connect()
    try:
        con.execute("set TimeZone = 'UTC'")
        attach_to_read(con, file)
    except duckdb.Error:
        con.close()
        raise
    return con


def attach_to_read(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Have a connection ask what the file holds now, read-only. Raises duckdb.Error as `open_to_read` does;
    the connection may be of no use afterwards."""
    con.execute(f"attach {sql.literal(str(file))} as warehouse (read_only, type duckdb)")
    con.execute("use warehouse")


def detach(con: duckdb.DuckDBPyConnection) -> None:
    """Have a connection let go of what `attach_to_read` attached, where it did."""
    con.execute("use memory")
    con.execute("detach database if exists warehouse")


def attach_to_make(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Have a connection to a database in memory make a file that is new or a copy, for whoever makes it whole
    or throws it away.

    Nothing is written ahead of it: what is made is in the file after a checkpoint, and lost before. Raises
    duckdb.Error when it is damaged or cannot be written.
    """
    # Of its own accord, a database in memory would put what does not fit there into the current folder.
    con.execute(f"set temp_directory = {sql.literal(f'{file}.tmp')}")
    con.execute(f"attach {sql.literal(str(file))} as made (type duckdb, recovery_mode no_wal_writes)")
    con.execute("use made")


def holds_warehouse(file: Path) -> bool:
    """Whether a file can be opened, and a build of this pipeline made it."""
    if not _is_database(file):
        return False
    try:
        with open_to_read(file) as con:
            return is_warehouse(con)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return False


def _is_database(file: Path) -> bool:
    """Whether a file begins as DuckDB's do: after a checksum. To have DuckDB find out takes far longer."""
    try:
        with file.open("rb") as opened:
            return opened.read(12)[8:] == b"DUCK"
    except OSError:
        return False


def is_damaged(file: Path) -> bool:
    """Whether a database file is there and cannot be read to its end."""
    if not file.exists():
        return False
    try:
        with open_to_read(file) as con:
            read_to_the_end(con)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return True
    return False


def read_to_the_end(con: duckdb.DuckDBPyConnection) -> None:
    """Read every table of what is open, for what can be opened may be damaged further in. Raises
    duckdb.Error where it is."""
    for schema, table in con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse'"
    ).fetchall():
        con.execute(f'select bit_xor(hash(stored)) from "{schema}"."{table}" as stored').fetchall()


def is_warehouse(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a build of this pipeline, of whatever release, made what is open."""
    try:
        # Listing all tables takes longer than what most readers have to ask.
        con.execute("select 1 from warehouse.ops.basis limit 0")
    except duckdb.CatalogException:
        return False
    return True
