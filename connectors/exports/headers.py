"""The known exports, and which of them a header is.

`headers/*.toml` has a table an export: its columns and what each becomes, their other names (earlier years,
other languages), and the columns that are known and not read. An export is known by the columns that it must
have; further columns come and go from month to month, and one that nobody knows is told and not read.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "headers"

# No known export has a fifth as many; what has more is no export.
MOST_COLUMNS = 1000

OVERVIEW = "business-suite-overview"


@dataclass(frozen=True)
class Sum:
    """A counter that adds up others: given where each of `all_of` is there, with those of `further` that
    are."""

    all_of: tuple[str, ...]
    further: tuple[str, ...]


@dataclass(frozen=True)
class Export:
    """A known export of rows: posts with counters, or an account's days.

    `columns` maps a column to its part (post, account, text …), `counters` and `days` to the native name of
    its values, `also` another name of a column to the first one. Names are as the platform writes them.
    """

    id: str
    title: str
    platform: str
    required: tuple[str, ...]
    one_of: tuple[str, ...]
    columns: Mapping[str, str]
    counters: Mapping[str, str]
    days: Mapping[str, str]
    also: Mapping[str, str]
    unread: tuple[str, ...]
    unread_beginnings: tuple[str, ...]
    organic: Mapping[str, str]
    sums: Mapping[str, Sum]
    # Every name by which a column is known, as compared, and the column's own name.
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def metrics(self) -> set[str]:
        """The native name of everything that it tells."""
        return {*self.counters.values(), *self.days.values(), *self.organic.values(), *self.sums}

    @property
    def is_of_days(self) -> bool:
        """Whether its rows are an account's days."""
        return not self.counters


@dataclass(frozen=True)
class Series:
    """A titled series by day; a platform where the title tells it."""

    title: str
    platform: str | None
    metric: str


@dataclass(frozen=True)
class Header:
    """A header compared with an export.

    `places` maps a column's own name to its place in the row, `names` to the name it has in this file.
    `missing` are required columns that are not there (with `one_of`, as one), `twice` columns that are there
    under two names, `unknown` names that nobody knows.
    """

    export: Export
    places: Mapping[str, int]
    names: Mapping[str, str]
    missing: tuple[str, ...]
    twice: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def recognised(self) -> int:
        return len(self.places)

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.twice


def compared(name: str) -> str:
    """A column's name as names are compared: without what differs from one release or program to another."""
    text = unicodedata.normalize("NFKC", name.replace("\ufeff", "")).casefold()
    return re.sub(r"[\s_]+", " ", re.sub(r"[\u2010-\u2015]", "-", text)).strip()


@cache
def exports() -> tuple[Export, ...]:
    """Every known export of rows, by id."""
    return tuple(_export(table) for table in _tables() if table["id"] != OVERVIEW)


@cache
def series() -> Mapping[str, Series]:
    """The known titles of series by day, as compared."""
    (table,) = (table for table in _tables() if table["id"] == OVERVIEW)
    return {
        compared(title): Series(title, entry.get("platform"), entry["metric"])
        for entry in table["series"]
        for title in entry["titles"]
    }


def metrics_of(platform: str) -> frozenset[str]:
    """The native name of everything that some export tells of a platform."""
    titled = series().values()
    of_rows = {metric for each in exports() if each.platform == platform for metric in each.metrics}
    if platform not in {each.platform for each in titled}:
        return frozenset(of_rows)
    return frozenset(of_rows | {each.metric for each in titled if each.platform in (None, platform)})


@cache
def overview_title() -> str:
    """What the export of series by day is called."""
    (table,) = (table for table in _tables() if table["id"] == OVERVIEW)
    return str(table["title"])


@cache
def _tables() -> tuple[Mapping[str, Any], ...]:
    return tuple(tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml")))


def _export(table: Mapping[str, Any]) -> Export:
    read = {**table["columns"], **table.get("counters", {}), **table.get("days", {})}
    unread = table["unread"]
    known = {compared(name): name for name in (*read, *unread["columns"])}
    known |= {compared(other): name for other, name in table["also"].items()}
    return Export(
        id=table["id"],
        title=table["title"],
        platform=table["platform"],
        required=tuple(table["required"]),
        one_of=tuple(table["one_of"]),
        columns=table["columns"],
        counters=table.get("counters", {}),
        days=table.get("days", {}),
        also=table["also"],
        unread=tuple(unread["columns"]),
        unread_beginnings=tuple(compared(beginning) for beginning in unread["beginnings"]),
        organic=table.get("organic", {}),
        sums={
            name: Sum(tuple(each["all_of"]), tuple(each["and"]))
            for name, each in table.get("sums", {}).items()
        },
        known=known,
    )


def compare(names: Sequence[str], export: Export) -> Header:
    """A file's header beside what an export has."""
    places: dict[str, int] = {}
    given: dict[str, str] = {}
    twice, unknown = [], []
    there: set[str] = set()
    for place, name in enumerate(names):
        column = export.known.get(compared(name))
        there |= {column} if column else set()
        if column in export.unread:
            continue
        if column is None:
            is_empty = not compared(name)
            if not is_empty and not compared(name).startswith(export.unread_beginnings):
                unknown.append(name)
        elif column in places:
            twice.append(column)
        else:
            places[column], given[column] = place, name
    missing = [column for column in export.required if column not in there]
    if not there.intersection(export.one_of):
        missing.append(" or ".join(export.one_of))
    return Header(export, places, given, tuple(missing), tuple(twice), tuple(unknown))


def nearest(names: Sequence[str]) -> Header:
    """The known export that a header is, or that it is nearest to: see `is_whole`."""
    return max(
        (compare(names, export) for export in exports()),
        key=lambda header: (header.is_whole, header.recognised, -len(header.missing), -len(header.unknown)),
    )


def is_series_header(names: Iterable[str]) -> bool:
    """Whether these are the columns of a series by day."""
    return [compared(name) for name in names][:2] == ["date", "primary"]
