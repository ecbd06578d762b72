"""From an export's records to what they say of posts, accounts and days, in the API's words if it has any.

A post is named as the platform's API names it, where the export tells that: Facebook's by Page and post, X's
by its number, Instagram's by the API's number. Where an export names a post by its address alone, it is named
by that, and the readings put the API's name in its place once an answer of the API has shown both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.errors import UnusableReference
from connectors.exports.cells import (
    Calendar,
    Mark,
    day,
    identifier,
    moment,
    order_of,
    whole_number,
)
from connectors.exports.files import Record
from connectors.exports.headers import Export, Header
from connectors.exports.mistakes import CellError, Mistake, shown
from connectors.facebook import addresses as facebook
from connectors.instagram import addresses as instagram
from connectors.x import addresses as x

# What `Date` holds where a row is of all days together, in the languages whose exports are known.
LIFETIME = frozenset({"lifetime", "livstid", "gesamte laufzeit", ""})

# Whose midnight ends the days of an export.
META_DAYS = ZoneInfo("America/Los_Angeles")
X_DAYS = ZoneInfo("UTC")

# X numbers its posts by the millisecond since this moment, since late 2010; older numbers are below the
# least.
X_EPOCH_MS = 1_288_834_974_657
LEAST_X_ID_WITH_TIME = 30_000_000_000

_VANITY = re.compile(r"facebook\.com/([A-Za-z0-9.]{2,75})/(?:posts|videos)/", re.IGNORECASE)
_PFBID = re.compile(r"pfbid[A-Za-z0-9]{1,100}")


@dataclass(frozen=True)
class Period:
    """A value of one day of the platform's calendar."""

    metric: str
    day: date
    is_whole: bool
    value: int


@dataclass(frozen=True)
class Row:
    """What one record says of one object. `names` are the object's, the API's own form first."""

    line: int
    object_type: str
    names: tuple[str, ...]
    account_id: str | None = None
    handle: str | None = None
    name: str | None = None
    created_at: datetime | None = None
    # Where it is another moment than the export's.
    observed_at: datetime | None = None
    permalink: str | None = None
    text: str | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    periods: tuple[Period, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The row as it is landed; what is not told is left out."""
        told: dict[str, Any] = {
            "line": self.line,
            "object_type": self.object_type,
            "names": list(self.names),
            "account_id": self.account_id,
            "handle": self.handle,
            "name": self.name,
            "created_at": _iso(self.created_at),
            "observed_at": _iso(self.observed_at),
            "permalink": self.permalink,
            "text": self.text,
            "counters": dict(self.counters),
            "periods": [
                {
                    "metric": each.metric,
                    "day": each.day.isoformat(),
                    "is_whole": each.is_whole,
                    "value": each.value,
                }
                for each in self.periods
            ],
        }
        return {key: value for key, value in told.items() if value not in (None, {}, [])}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


@dataclass(frozen=True)
class Reader:
    """How the records of one file are read.

    `observed_at` is the moment of the export, `account` the object whose days a file tells that does not say
    whose they are, `thousands` the file's mark of thousands.
    """

    file: str
    header: Header
    observed_at: datetime
    calendar: Calendar
    thousands: Mark | None
    account: str | None = None

    @property
    def export(self) -> Export:
        return self.header.export

    @property
    def export_id(self) -> str:
        return self.header.export.id

    def rows(self, record: Record, mistakes: list[Mistake]) -> tuple[Row, ...]:
        """What a record says; what cannot be read is put to the mistakes. Nothing where the record names an
        object that no API has."""
        cells = Cells(self, record, mistakes)
        return tuple(_READ[self.export.id](cells))


@dataclass
class Cells:
    """The cells of one record by their columns' own names."""

    reader: Reader
    record: Record
    mistakes: list[Mistake]

    def text(self, part: str) -> str | None:
        """The first cell of a part (post, account, text …) that tells something."""
        return next((text for column in self._columns(part) if (text := self._cell(column).strip())), None)

    def longest(self, *parts: str) -> str | None:
        """The longest text of some parts: which of title and description holds the text differs by post."""
        texts = [text for part in parts if (text := self.text(part))]
        return max(texts, key=len, default=None)

    def read(self, part: str, how: Callable[[str], Any]) -> Any:
        """A cell read by a function that raises CellError; None where it cannot be read."""
        column = self._columns(part)[0]
        return self._read(column, how)

    def numbers(self, columns: Mapping[str, str]) -> dict[str, int]:
        """The numbers of some columns by their native names, without those that are not told."""
        found = {}
        for column, metric in columns.items():
            if column in self.reader.header.places:
                value = self._read(column, lambda cell: whole_number(cell, self.reader.thousands))
                if value is not None:
                    found[metric] = value
        return found

    def complain(self, part: str, what: str, cure: str) -> None:
        self._complain(self._columns(part)[0], CellError(what, cure))

    def _columns(self, part: str) -> list[str]:
        places = self.reader.header.places
        return [
            column for column, its in self.reader.export.columns.items() if its == part and column in places
        ]

    def _cell(self, column: str) -> str:
        return self.record.cells[self.reader.header.places[column]]

    def _read(self, column: str, how: Callable[[str], Any]) -> Any:
        try:
            return how(self._cell(column))
        except CellError as error:
            self._complain(column, error)
            return None

    def _complain(self, column: str, error: CellError) -> None:
        name = self.reader.header.names[column]
        self.mistakes.append(Mistake(self.reader.file, error.what, error.cure, self.record.line, name))


def order_in(header: Header, records: Iterable[Record]) -> Calendar:
    """How a file writes its dates. Raises CellError where it does so in two ways."""
    columns = [column for column, part in header.export.columns.items() if part in ("created", "date")]
    places = [header.places[column] for column in columns if column in header.places]

    def cells() -> Iterator[str]:
        for record in records:
            for place in places:
                if place < len(record.cells):
                    yield record.cells[place]

    return Calendar(order_of(cells()))


def is_over(ended: date, zone: ZoneInfo, observed_at: datetime) -> bool:
    """Whether a day of a zone had ended at a moment."""
    return datetime.combine(ended + timedelta(days=1), time(), zone) <= observed_at


def _created(cells: Cells) -> datetime | None:
    created: datetime | None = cells.read("created", lambda cell: moment(cell, cells.reader.calendar))
    if created is not None and created > cells.reader.observed_at:
        cells.complain(
            "created",
            f"the post was made at {created:%Y-%m-%d %H:%M} UTC, after the export",
            "give the right --observed-at, and the right --timezone",
        )
    return created


def _days(cells: Cells, columns: Mapping[str, str], zone: ZoneInfo) -> tuple[Period, ...]:
    of: date | None = cells.read("date", lambda cell: day(cell, cells.reader.calendar))
    values = cells.numbers(columns)
    if of is None:
        return ()
    if datetime.combine(of, time(), zone) > cells.reader.observed_at:
        cells.complain("date", f"the day {of} began after the export", "give the right --observed-at")
    is_whole = is_over(of, zone, cells.reader.observed_at)
    return tuple(Period(metric, of, is_whole, value) for metric, value in values.items())


def _is_lifetime(cells: Cells) -> bool:
    return (cells.text("date") or "").casefold() in LIFETIME


def _business_suite_facebook(cells: Cells) -> Iterator[Row]:
    page = cells.read("account", identifier)
    post = cells.read("post", _facebook_post)
    created_at = _created(cells)
    permalink = cells.text("permalink")
    counters: Mapping[str, int] = {}
    periods: tuple[Period, ...] = ()
    if _is_lifetime(cells):
        counters = cells.numbers(cells.reader.export.counters)
    else:
        periods = _days(cells, cells.reader.export.days, META_DAYS)
    if page is None or post is None:
        return
    number = post.split("_")[-1]
    yield Row(
        cells.record.line,
        "post",
        _distinct([post if "_" in post else f"{page}_{post}", *_facebook_names(permalink, number)]),
        account_id=page,
        created_at=created_at,
        permalink=permalink,
        text=cells.longest("text", "more text"),
        counters=counters,
        periods=periods,
    )
    if name := cells.text("name"):
        yield Row(cells.record.line, "account", (page,), account_id=page, name=name)


def _facebook_post(cell: str) -> str:
    """A post's own number, or its Page's and its own."""
    text = cell.strip()
    return text if facebook.POST_ID.fullmatch(text) else identifier(text)


def _facebook_names(permalink: str | None, number: str) -> list[str]:
    """Other names of a post: as its address gives it, and with the Page's name in place of its number."""
    names = []
    try:
        alias = facebook.parse_post_url(permalink or "")
        names += [alias] if alias else []
    except UnusableReference:
        pass
    vanity = _VANITY.search(permalink or "")
    if vanity and not vanity[1].isdigit():
        names.append(f"{vanity[1].lower()}/{number}")
    token = _PFBID.search(permalink or "")
    return [*names, *([token[0]] if token else [])]


def _crowdtangle_facebook(cells: Cells) -> Iterator[Row]:
    page = cells.read("account", identifier)
    created_at = _created(cells)
    counters = cells.numbers(cells.reader.export.counters)
    followers = cells.numbers({"Followers at Posting": "followers_count"})
    permalink = cells.text("permalink")
    try:
        alias = facebook.parse_post_url(permalink or "")
    except UnusableReference:
        alias = None
    if page is None:
        return
    if alias is not None and facebook.POST_ID.fullmatch(alias):
        for name, parts in cells.reader.export.sums.items():
            if all(part in counters for part in parts.all_of):
                counters[name] = sum(counters.get(part, 0) for part in (*parts.all_of, *parts.further))
        yield Row(
            cells.record.line,
            "post",
            (alias,),
            account_id=page,
            created_at=created_at,
            permalink=permalink,
            text=cells.longest("text") or cells.text("more text"),
            counters=counters,
        )
    if created_at is not None:
        yield Row(
            cells.record.line,
            "account",
            (page,),
            account_id=page,
            handle=cells.text("handle"),
            name=cells.text("name"),
            # The followers are those of the moment at which the post was made.
            observed_at=created_at,
            counters=followers,
        )


def _business_suite_instagram(cells: Cells) -> Iterator[Row]:
    account = cells.read("account", identifier)
    post = cells.read("post", identifier)
    created_at = _created(cells)
    counters = cells.numbers(cells.reader.export.counters)
    permalink = cells.text("permalink")
    if not _is_lifetime(cells):
        cells.complain(
            "date",
            f"{shown(cells.text('date') or '')} is a day, and days of Instagram posts are no known export",
            "export the posts with their lifetime values",
        )
    if account is None or post is None:
        return
    code = instagram.shortcode_of(permalink or "")
    yield Row(
        cells.record.line,
        "post",
        _distinct([post, code]),
        account_id=account,
        created_at=created_at,
        permalink=permalink,
        text=cells.text("text"),
        counters=counters,
    )
    handle, name = cells.text("handle"), cells.text("name")
    if handle or name:
        yield Row(cells.record.line, "account", (account,), account_id=account, handle=handle, name=name)


def _crowdtangle_instagram(cells: Cells) -> Iterator[Row]:
    created_at = _created(cells)
    counters = cells.numbers(cells.reader.export.counters)
    permalink = cells.text("permalink")
    code = instagram.shortcode_of(permalink or "")
    if code is not None:
        yield Row(
            cells.record.line,
            "post",
            (code,),
            created_at=created_at,
            permalink=permalink,
            text=cells.text("text"),
            counters=counters,
        )


def made_at(post_id: str) -> datetime | None:
    """When an X post was made, to the second, from its number; None for the numbers of 2010 and before."""
    if int(post_id) < LEAST_X_ID_WITH_TIME:
        return None
    return datetime.fromtimestamp(((int(post_id) >> 22) + X_EPOCH_MS) // 1000, UTC)


def _x_posts(cells: Cells) -> Iterator[Row]:
    post = cells.read("post", identifier)
    export = cells.reader.export
    counters = cells.numbers(export.counters)
    promoted = [c for c, part in export.columns.items() if part == "promoted"]
    if any(cells.numbers({column: column for column in promoted}).values()):
        counters = {export.organic.get(metric, metric): value for metric, value in counters.items()}
    if post is None:
        return
    permalink = cells.text("permalink")
    try:
        shown_as = x.parse_post_url(permalink or "")
    except UnusableReference:
        shown_as = None
    if shown_as is not None and shown_as != post:
        cells.complain(
            "post",
            f"the id {post} is not the one in the post's address, {shown_as}",
            "a spreadsheet has rounded it: export the file again and hand it in as downloaded",
        )
        return
    created_at = made_at(post)
    if created_at is None and cells.text("created"):
        created_at = _created(cells)
    elif created_at is not None and created_at > cells.reader.observed_at:
        cells.complain(
            "post",
            f"the post was made at {created_at:%Y-%m-%d %H:%M} UTC, after the export",
            "give the right --observed-at",
        )
    yield Row(
        cells.record.line,
        "post",
        (post,),
        created_at=created_at,
        permalink=permalink,
        text=cells.text("text"),
        counters=counters,
    )


def _x_days(cells: Cells) -> Iterator[Row]:
    periods = _days(cells, cells.reader.export.days, X_DAYS)
    account = cells.reader.account
    if account is not None:
        handle = account[1:] if account.startswith("@") else None
        yield Row(cells.record.line, "account", (account.lower(),), handle=handle, periods=periods)


def _distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


_READ: Mapping[str, Callable[[Cells], Iterable[Row]]] = {
    "business-suite-facebook": _business_suite_facebook,
    "business-suite-instagram": _business_suite_instagram,
    "crowdtangle-facebook": _crowdtangle_facebook,
    "crowdtangle-instagram": _crowdtangle_instagram,
    "x-content": _x_posts,
    "x-tweets": _x_posts,
    "x-overview": _x_days,
    "x-tweet-days": _x_days,
}
