"""The published warehouse: one DuckDB file, swapped in whole, read by anybody.

A process that has the file open keeps seeing the old one; whoever opens it after the swap sees the new one.
Nobody waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.durable import publish_file
from warehouse.opening import is_warehouse, open_to_read
from warehouse.versions import drop_set_aside, keep_version


class NoWarehouse(Exception):
    """There is nothing published to read."""


class NothingPublished(NoWarehouse):
    """Nothing was built yet; `then` is what is to be done again after that. `missing` says so without a
    cure: whoever knows that nothing has landed either has a better one."""

    def __init__(self, warehouse: Path, then: str = "") -> None:
        self.missing = f"there is no warehouse at {warehouse} yet"
        super().__init__(f"{self.missing}; run `campaign build`{then}")


def publish(made: Path, warehouse: Path, keep: int = 0, *, was_read: bool = False) -> None:
    """Put a finished and closed database file in the place of the published one, which stays as a version:
    the newest `keep` of them do. `was_read` says that the published one is a warehouse, so that it is not
    asked again.

    Killed at any instant, it leaves the published file whole, the old one or the new one. Raises OSError, for
    instance on a full disk; what was published stays then.
    """
    keep_version(warehouse, keep, was_read=was_read)
    publish_file(made, warehouse)
    drop_set_aside(warehouse)


def open_published(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """The published warehouse as it is now, read-only, without access to other files or the network, times
    shown in UTC.

    Raises NoWarehouse when there is none or it cannot be opened.
    """
    if not warehouse.exists():
        raise NothingPublished(warehouse)
    try:
        con = open_to_read(warehouse)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        cure = (
            "close the program that has it open for writing, or open it there read-only"
            if "onflicting lock" in said
            else "run `campaign build --full`, which makes it again"
        )
        raise NoWarehouse(f"{warehouse} cannot be opened ({said}); {cure}") from error
    if not is_warehouse(con):
        con.close()
        raise NoWarehouse(
            f"{warehouse} is a database, but no build made it; move it away and run `campaign build --full`"
        )
    # It cannot be switched on again while the file is open.
    con.execute("set enable_external_access = false")
    return con


@dataclass(frozen=True)
class Opened:
    """A published warehouse that is open: all questions see the same build."""

    file: Path
    con: duckdb.DuckDBPyConnection


Published = Path | Opened
"""Where a question goes: to the file as it is then, or to what is open. Opening takes longer than most
questions."""


@contextmanager
def opened(warehouse: Path) -> Iterator[Published]:
    """The published warehouse open for several questions; nothing is opened when nothing is published yet.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    if not warehouse.exists():
        yield warehouse
        return
    with open_published(warehouse) as con:
        yield Opened(warehouse, con)


def ask(
    warehouse: Published, query: str, parameters: Sequence[object] | Mapping[str, object] = ()
) -> list[tuple[Any, ...]]:
    """The rows that the published warehouse answers with; none when nothing is published yet.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    if isinstance(warehouse, Path):
        with opened(warehouse) as published:
            return [] if isinstance(published, Path) else ask(published, query, parameters)
    try:
        return warehouse.con.execute(query, parameters).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        # Damaged inside, or made by another release.
        raise NoWarehouse(
            f"{warehouse.file} cannot be read ({str(error).splitlines()[0]}); run `campaign build --full`"
        ) from error
