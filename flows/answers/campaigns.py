"""The published build that answers are made from, and the campaigns that it has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import duckdb

from flows.refused import Refused, UnknownName
from warehouse import sql
from warehouse.publish import NothingPublished, open_published

QUERIES = sql.FOLDER / "report"

Made = TypeVar("Made")


class Replaced(Exception):
    """Another build was published since this one was opened."""


@dataclass(frozen=True)
class Build:
    """A published build: two are the same when all of this is. `readings` counts those that it rests on;
    `as_known_at` is None unless it leaves out what was read later."""

    published_at: datetime
    size_bytes: int
    readings: int | None
    as_known_at: datetime | None


@dataclass(frozen=True)
class Campaign:
    """A campaign of the tables. `last_day` is the local day that its newest reading ends, `closed_day` the
    last one that is over by then; None while nothing was read."""

    campaign_id: str
    name: str
    starts: date
    ends: date
    timezone: str
    newest_reading_at: datetime | None
    last_day: date | None
    closed_day: date | None

    @property
    def day(self) -> date:
        """The day that an answer about it is of: it follows from the readings, so the same tables give the
        same one."""
        return self.last_day or self.starts


@dataclass(frozen=True)
class Published:
    """An open build and its campaigns; `status` is that of the file that it was opened by."""

    warehouse: Path
    status: os.stat_result
    connection: duckdb.DuckDBPyConnection
    build: Build
    campaigns: Sequence[Campaign]

    def chosen(self, campaign_id: str | None) -> list[Campaign]:
        """All campaigns, or one. Raises UnknownName."""
        found = [each for each in self.campaigns if campaign_id in (None, each.campaign_id)]
        if campaign_id is not None and not found:
            known = ", ".join(each.campaign_id for each in self.campaigns) or "none"
            raise UnknownName(f"the tables have no campaign {campaign_id!r}; they have: {known}")
        return found

    def look_again(self) -> None:
        """Raises Replaced where this is not the build that is published now."""
        try:
            now = self.warehouse.stat()
        except FileNotFoundError:
            raise Replaced from None
        # A file's number may be given to the next one.
        if _marks(now) != _marks(self.status):
            raise Replaced


def of_each_campaign(
    warehouse: Path, campaign: str | None, make: Callable[[Published, Campaign], Made], *, for_what: str
) -> list[Made]:
    """What is made of every campaign that is published, or of one; all of it again where `make` raises
    Replaced, of the build that is published then.

    Raises NoWarehouse, UnknownName, Refused as `published` does, and what `make` raises.
    """
    while True:
        with suppress(Replaced), published(warehouse, for_what=for_what) as found:
            return [make(found, each) for each in found.chosen(campaign)]


@contextmanager
def published(warehouse: Path, *, for_what: str) -> Iterator[Published]:
    """What is published, open as long as the block; `for_what` is what must be done again after a cure.

    Raises NoWarehouse, and Refused when the tables were made by another release.
    """
    connection, status = _opened_as_it_is(warehouse)
    with connection:
        try:
            readings, as_known_at = connection.execute(_query("build")).fetchall()[0]
            campaigns = [Campaign(*row) for row in connection.execute(_query("campaigns")).fetchall()]
            published_at = datetime.fromtimestamp(status.st_mtime, UTC)
            build = Build(published_at, status.st_size, readings, as_known_at)
            yield Published(warehouse, status, connection, build, campaigns)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise Refused(
                f"{warehouse} does not answer as this release expects ({str(error).splitlines()[0]}); "
                f"run `campaign build --full`, then {for_what} again"
            ) from error


def _opened_as_it_is(warehouse: Path) -> tuple[duckdb.DuckDBPyConnection, os.stat_result]:
    """A connection and the file that it reads: a build may swap in another one at any moment."""
    while True:
        try:
            before = warehouse.stat()
        except FileNotFoundError:
            raise NothingPublished(warehouse) from None
        connection = open_published(warehouse)
        if warehouse.exists() and os.path.samestat(before, warehouse.stat()):
            return connection, before
        connection.close()


def _marks(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _query(name: str) -> str:
    return sql.text_of(QUERIES / f"{name}.sql")
