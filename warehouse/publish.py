"""The published warehouse: one DuckDB file, swapped in whole, read by anybody.

A process that has the file open keeps seeing the old one; a process that opens it after the swap sees the new
one. Nobody waits.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.durable import publish_file


class NoWarehouse(Exception):
    """There is nothing published to read."""


def publish(made: Path, warehouse: Path) -> None:
    """Put a finished and closed database file in the place of the published one."""
    publish_file(made, warehouse)


def open_published(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """The published warehouse, read-only, without access to other files or the network, times shown in UTC.

    Raises NoWarehouse when there is none or it cannot be opened.
    """
    if not warehouse.exists():
        raise NoWarehouse(f"there is no warehouse at {warehouse} yet; run `campaign build`")
    try:
        con = duckdb.connect(warehouse, read_only=True)
    except duckdb.Error as error:
        raise NoWarehouse(
            f"{warehouse} cannot be opened ({str(error).splitlines()[0]}); run `campaign build --full`"
        ) from error
    con.execute("set TimeZone = 'UTC'")
    # It cannot be switched on again while the file is open.
    con.execute("set enable_external_access = false")
    return con
