"""An export judged whole before anything of it lands: which one it is, when it was made, and what it says.

A file is read three times: to see how it writes its dates, to judge every cell, and to land it. A known
export with one cell that cannot be read for certain is refused whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.exports.cells import ID_CURE, Calendar, Mark, are_rounded, moment, whole_number
from connectors.exports.cells import day as day_in
from connectors.exports.files import DELIMITER_NAMES, ReceivedFile, Record
from connectors.exports.headers import (
    MOST_COLUMNS,
    OVERVIEW,
    Header,
    Series,
    compared,
    is_series_header,
    nearest,
    overview_title,
    series,
)
from connectors.exports.mistakes import CellError, Mistake, NotAnExport, shown
from connectors.exports.rows import META_DAYS, Period, Reader, Row, is_over, order_in

# A chunk is one landed response.
ROWS_PER_CHUNK = 2000
CHARACTERS_PER_CHUNK = 4 * 1024 * 1024

# So many mistakes of a file are told, and so many columns of a header.
MOST_MISTAKES = 20
MOST_NAMES = 8

THOUSANDS: Mapping[str, Mark | None] = {",": ",", ";": ".", "\t": None}

# CrowdTangle begins the names of its files with the moment of the export.
_STAMPED = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d{2})-(\d{2})-(\d{2})-([A-Z]{2,5})-")
# X Analytics named the account in the file's name alone.
_NAMED_DAYS = re.compile(r"daily_tweet_activity_metrics_([A-Za-z0-9_]{1,15})_\d{8}_\d{8}_", re.IGNORECASE)


@dataclass(frozen=True)
class Options:
    """What a user says of the files: when they were exported, the zone of times that name none, and
    (platform, id or @name) of the account whose days a file holds that does not say whose they are."""

    observed_at: datetime | None = None
    zone: ZoneInfo | None = None
    account: tuple[str, str] | None = None


@dataclass(frozen=True)
class Chunk:
    """Some records of an export: what they say, and their lines as received."""

    rows: tuple[Mapping[str, Any], ...]
    lines: str


@dataclass(frozen=True)
class Judgement:
    """A known export of which every cell can be read. `header_lines` as received; `left` counts the records
    that name no object of an API, `unknown` are columns that nobody knows. Both are landed and not read.
    """

    file: ReceivedFile
    export_id: str
    title: str
    platform: str
    observed_at: datetime
    reader: Reader | _SeriesReader
    header_lines: str
    records: int
    posts: int
    days: int
    left: int
    unknown: tuple[str, ...]

    def chunks(self) -> Iterator[Chunk]:
        """The export in parts, read once more."""
        rows: list[Mapping[str, Any]] = []
        lines: list[str] = []
        size = records = 0
        for record in _read_by(self.reader, self.file):
            rows += [row.as_json() for row in self.reader.rows(record, [])]
            lines.append(record.raw)
            size += len(record.raw)
            records += 1
            if records >= ROWS_PER_CHUNK or size >= CHARACTERS_PER_CHUNK:
                yield Chunk(tuple(rows), "".join(lines))
                rows, lines, size, records = [], [], 0, 0
        if lines:
            yield Chunk(tuple(rows), "".join(lines))


def judge(file: ReceivedFile, options: Options, now: datetime) -> Judgement:
    """Judge a file whole. Raises NotAnExport with every mistake found, up to a number."""
    first = next(file.records(), None)
    if first is None:
        raise NotAnExport([Mistake(file.name, "the file has no header", "export it again")])
    if len(first.cells) > MOST_COLUMNS:
        raise NotAnExport(
            [
                Mistake(
                    file.name,
                    f"the header has {len(first.cells):,} columns, and no known export has a thousand",
                    "hand in an export as downloaded",
                    first.line,
                )
            ]
        )
    if _is_overview(file):
        return _judge_overview(file, options, now)
    header = nearest(first.cells)
    if not header.is_whole:
        raise NotAnExport([_unknown_header(file, first, header)])
    observed_at = _observed_at(file, header.export.id, options, now)
    try:
        calendar = order_in(header, _body(file))
    except CellError as error:
        raise NotAnExport([Mistake(file.name, error.what, error.cure)]) from None
    reader = Reader(
        file=file.name,
        header=header,
        observed_at=observed_at,
        calendar=Calendar(calendar.order, options.zone),
        thousands=THOUSANDS[file.delimiter],
        account=_account_of(file, header, options) if header.export.is_of_days else None,
    )
    return _judged(file, reader, header.export.title, header.export.platform, first, header.unknown)


def _judged(
    file: ReceivedFile,
    reader: Reader | _SeriesReader,
    title: str,
    platform: str,
    first: Record,
    unknown: tuple[str, ...],
) -> Judgement:
    """Read every record and tell what it says, or what is wrong."""
    width = len(first.cells)
    mistakes: list[Mistake] = []
    posts: set[str] = set()
    days: set[object] = set()
    records = left = 0
    for record in _read_by(reader, file):
        if isinstance(reader, Reader) and not _fits(record, width):
            cells = f"{len(record.cells)} cells under {width} columns"
            mistakes.append(Mistake(file.name, cells, "export the file again", record.line))
        elif isinstance(reader, Reader) or reader.is_data(record):
            rows = reader.rows(record, mistakes)
            posts |= {row.names[0] for row in rows if row.object_type == "post"}
            days |= {period.day for row in rows for period in row.periods}
            records += 1
            left += not any(row.object_type == "post" or row.periods for row in rows)
        else:
            reader.rows(record, mistakes)
        if len(mistakes) >= MOST_MISTAKES:
            break
    if not mistakes and are_rounded(name.split("_")[-1] for name in posts if name.replace("_", "").isdigit()):
        what = "the ids of all posts end in zeros: a spreadsheet has rounded them"
        mistakes.append(Mistake(file.name, what, ID_CURE.partition(": ")[2]))
    if not mistakes and not records:
        mistakes.append(Mistake(file.name, "the export has a header and no rows", "export a longer time"))
    if mistakes:
        raise NotAnExport(mistakes)
    return Judgement(
        file=file,
        export_id=reader.export_id,
        title=title,
        platform=platform,
        observed_at=reader.observed_at,
        reader=reader,
        header_lines=first.raw if isinstance(reader, Reader) else "",
        records=records,
        posts=len(posts),
        days=len(days),
        left=left,
        unknown=unknown,
    )


def _fits(record: Record, width: int) -> bool:
    return len(record.cells) == width or (
        len(record.cells) > width and not any(cell.strip() for cell in record.cells[width:])
    )


def _read_by(reader: Reader | _SeriesReader, file: ReceivedFile) -> Iterator[Record]:
    """The records that a reader reads: below a header, or the titles of series too."""
    return _body(file) if isinstance(reader, Reader) else file.records()


def _body(file: ReceivedFile) -> Iterator[Record]:
    """The records below the header."""
    records = file.records()
    next(records, None)
    return records


def _unknown_header(file: ReceivedFile, first: Record, header: Header) -> Mistake:
    """A header that is no known export's: which is the nearest, and what differs."""
    parts = []
    if header.missing:
        parts.append(f"{_listed(header.missing)} missing")
    if header.twice:
        parts.append(f"{_listed(header.twice)} there twice")
    if header.unknown:
        parts.append(f"{_listed(header.unknown)} not known")
    parted = DELIMITER_NAMES[file.delimiter]
    return Mistake(
        file.name,
        f"no known export has this header (cells parted by {parted}s); "
        f"the nearest is {header.export.title}, with {', '.join(parts)}",
        "export it again in English, or see docs/imports.md for the exports that are known",
        first.line,
    )


def _listed(names: tuple[str, ...]) -> str:
    told = ", ".join(shown(name) for name in names[:MOST_NAMES])
    return told if len(names) <= MOST_NAMES else f"{told} and {len(names) - MOST_NAMES:,} more"


def _observed_at(file: ReceivedFile, export_id: str, options: Options, now: datetime) -> datetime:
    """When the export was made: as its name says, where it does, else as the user says."""
    stamped = _STAMPED.match(file.name) if export_id.startswith("crowdtangle") else None
    observed_at = options.observed_at
    if stamped:
        text = f"{stamped[1]} {stamped[2]}:{stamped[3]}:{stamped[4]} {stamped[5]}"
        try:
            observed_at = moment(text, Calendar(zone=options.zone))
        except CellError as error:
            if observed_at is None:
                what = f"the file's name: {error.what}"
                cure = f"{error.cure}, or give the moment of the export as --observed-at"
                raise NotAnExport([Mistake(file.name, what, cure)]) from None
    if observed_at is None:
        what = "neither the file nor its name tells when it was exported"
        cure = "give that moment as --observed-at, such as --observed-at 2019-12-09T18:00Z"
        raise NotAnExport([Mistake(file.name, what, cure)])
    if observed_at > now:
        what = f"the export would have been made at {observed_at:%Y-%m-%d %H:%M} UTC, which is still to come"
        raise NotAnExport([Mistake(file.name, what, "give the right --observed-at")])
    return observed_at.astimezone(UTC)


def _account_of(file: ReceivedFile, header: Header, options: Options) -> str:
    """Whose days the file holds."""
    platform = header.export.platform
    named = _NAMED_DAYS.match(file.name)
    if options.account is not None:
        if options.account[0] != platform:
            what = f"--account names {options.account[0]}, and this is {header.export.title}"
            raise NotAnExport([Mistake(file.name, what, f"give --account {platform}:@NAME")])
        return options.account[1]
    if named:
        return f"@{named[1]}"
    what = "the file does not tell whose days these are"
    raise NotAnExport([Mistake(file.name, what, f"give the account as --account {platform}:@NAME")])


# Series by day: a title, then the columns Date and Primary, then a row a day, then perhaps the next title.


@dataclass
class _SeriesReader:
    """How the records of an overview are read; it remembers under which title a record stands."""

    file: str
    platform: str
    account: str
    observed_at: datetime
    calendar: Calendar
    thousands: Mark | None
    title: Series | None = None
    export_id: str = OVERVIEW

    def is_data(self, record: Record) -> bool:
        """Whether a record is a day, and neither a title nor a header."""
        return len(record.cells) > 1 and not is_series_header(record.cells)

    def rows(self, record: Record, mistakes: list[Mistake]) -> tuple[Row, ...]:
        """What a day's record says; a title's is kept in mind."""
        if is_series_header(record.cells):
            return ()
        if not self.is_data(record):
            self._begin(record, mistakes)
            return ()
        if self.title is None:
            return ()
        column = "Date"
        try:
            of = day_in(record.cells[0], self.calendar)
            column = "Primary"
            value = whole_number(record.cells[1], self.thousands)
        except CellError as error:
            mistakes.append(Mistake(self.file, error.what, error.cure, record.line, column))
            return ()
        is_whole = is_over(of, META_DAYS, self.observed_at)
        periods = () if value is None else (Period(self.title.metric, of, is_whole, value),)
        return (Row(record.line, "account", (self.account,), periods=periods),)

    def _begin(self, record: Record, mistakes: list[Mistake]) -> None:
        title = record.cells[0]
        self.title = series().get(compared(title))
        if self.title is None:
            what = f"no known series is called {shown(title)}"
            cure = f"export one that is known: {', '.join(shown(each.title) for each in series().values())}"
            mistakes.append(Mistake(self.file, what, cure, record.line))
        elif self.title.platform not in (None, self.platform):
            what = f"{shown(title)} is {self.title.platform}'s, and --account names {self.platform}"
            mistakes.append(Mistake(self.file, what, f"give --account {self.title.platform}:ID", record.line))


def _is_overview(file: ReceivedFile) -> bool:
    records = file.records()
    first, second = next(records, None), next(records, None)
    return (
        first is not None and second is not None and len(first.cells) == 1 and is_series_header(second.cells)
    )


def _judge_overview(file: ReceivedFile, options: Options, now: datetime) -> Judgement:
    observed_at = _observed_at(file, OVERVIEW, options, now)
    if options.account is None or options.account[0] not in ("facebook", "instagram"):
        what = "the file does not tell whose days these are"
        cure = (
            "give the Page or account by the API's number, as --account facebook:ID or --account instagram:ID"
        )
        raise NotAnExport([Mistake(file.name, what, cure)])
    reader = _SeriesReader(
        file=file.name,
        platform=options.account[0],
        account=options.account[1],
        observed_at=observed_at,
        calendar=Calendar(zone=options.zone),
        thousands=THOUSANDS[file.delimiter],
    )
    return _judged(file, reader, overview_title(), options.account[0], next(file.records()), ())
