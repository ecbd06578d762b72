"""Cells of an export: whole numbers, ids, days and moments, read for certain or refused.

A spreadsheet between the platform and us damages three things without a word: long ids (1.23E+17), numbers
(a mark of thousands becomes one of decimals) and dates (month and day change places). So nothing is guessed:
what has two meanings is refused with its cure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

from connectors.exports.mistakes import CellError, shown

# What the platforms write where they tell nothing. An empty cell is never 0.
NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "nan", "null", "none"})

_SPACES = " \u00a0\u2009\u202f"
_GROUPED_BY_SPACE = re.compile(rf"[0-9]{{1,3}}(?:[{_SPACES}'’][0-9]{{3}})+")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d*)?[eE][+]?\d+")
_SHORTENED = re.compile(r"\d[\d.,]*\s*(?:k|m|b|bn|mn|tsd\.?|mio\.?)", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,25}")
MOST = 10**15

Mark = Literal[",", "."]
Order = Literal["month first", "day first"]

# The file was shown by a spreadsheet, which keeps fifteen digits of a number.
ID_CURE = (
    "a spreadsheet has rounded it: export the file again and hand it in as downloaded, without opening and "
    "saving it in a spreadsheet"
)

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}

# Stamps that mean one offset wherever they are written. Others, as BST, CST and IST, mean several.
OFFSET_HOURS: dict[str, float] = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "MST": -7, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8,
    "HST": -10, "BRT": -3, "NDT": -2.5, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "AWST": 8, "NZST": 12,
    "NZDT": 13,
}  # fmt: skip

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d{1,9})?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_ZONE = r"(?:\s*(?P<zone>Z|[+-]\d{2}:?\d{2}|[A-Z]{2,5}))?"
_DAYS = {
    "iso": r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
    "slashes": r"(?P<first>\d{1,2})/(?P<second_part>\d{1,2})/(?P<year>\d{4})",
    "dots": r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
    "words": r"(?:[A-Za-z]{3,9},\s*)?(?P<name>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2}),\s*(?P<year>\d{4})",
}
_AS_MOMENT = {form: re.compile(rf"{day}(?:[T ]|,\s*){_CLOCK}{_ZONE}") for form, day in _DAYS.items()}
_AS_DAY = {form: re.compile(rf"{day}(?:[T ]00:00(?::00)?)?") for form, day in _DAYS.items()}


def is_nothing(cell: str) -> bool:
    """Whether the cell tells nothing, which is never 0."""
    return cell.strip().casefold() in NOTHING


def whole_number(cell: str, thousands: Mark | None) -> int | None:
    """The whole number in a cell; None when the cell tells nothing.

    `thousands` is the mark that the file's own delimiter makes certain: a comma where commas part the cells,
    a dot where semicolons do (spreadsheets write those where the comma is the mark of decimals), None where
    tabs do.
    Raises CellError for what is no whole number from 0 on, or means two.
    """
    text = cell.strip()
    if is_nothing(text):
        return None
    if text.isascii() and text.isdigit():
        return _bounded(int(text), cell)
    if _GROUPED_BY_SPACE.fullmatch(text):
        return _bounded(int(re.sub(r"\D", "", text)), cell)
    if _SCIENTIFIC.fullmatch(text):
        raise CellError(f"{shown(cell)} has lost its last digits", ID_CURE)
    if _SHORTENED.fullmatch(text):
        raise CellError(f"{shown(cell)} is rounded", "write the whole number, or leave the cell empty")
    if text.startswith("-") and text[1:].replace(",", "").replace(".", "").isdigit():
        raise CellError(
            f"{shown(cell)} is below 0", "no counter is; leave the cell empty where it is not known"
        )
    if re.fullmatch(r"[0-9]+(?:[.,][0-9]+)+", text):
        return _bounded(_with_marks(text, cell, thousands), cell)
    raise CellError(f"{shown(cell)} is no number", "write the whole number, or leave the cell empty")


def _with_marks(text: str, cell: str, thousands: Mark | None) -> int:
    """A number with commas or dots in it, whose last mark may be one of decimals."""
    marks = re.findall(r"[.,]", text)
    parts = re.split(r"[.,]", text)
    is_grouped = 1 <= len(parts[0]) <= 3 and parts[0] != "0" and all(len(part) == 3 for part in parts[1:])
    if is_grouped and len(set(marks)) == 1 and (len(marks) > 1 or marks[0] == thousands):
        return int("".join(parts))
    # The last part is a fraction, of a whole number of nothing but zeros; before it may stand groups.
    before, fraction = parts[:-1], parts[-1]
    groups_are_sound = len(before) == 1 or (
        len(set(marks[:-1])) == 1
        and marks[-1] != marks[0]
        and 1 <= len(before[0]) <= 3
        and all(len(part) == 3 for part in before[1:])
    )
    is_fraction_for_certain = len(marks) > 1 or len(fraction) != 3 or not is_grouped
    if groups_are_sound and is_fraction_for_certain and not fraction.strip("0"):
        return int("".join(before))
    raise CellError(
        f"{shown(cell)} may mean a number with thousands or with decimals",
        "write the whole number without marks, or export the file again",
    )


def _bounded(number: int, cell: str) -> int:
    if number > MOST:
        raise CellError(f"{shown(cell)} is more than any platform counts", "export the file again")
    return number


def identifier(cell: str) -> str:
    """The digits of an id. Raises CellError where a spreadsheet has been at it, or where it is none."""
    text = cell.strip()
    if _DIGITS.fullmatch(text):
        return text
    if _SCIENTIFIC.fullmatch(text) or re.fullmatch(r"[0-9]{1,25}[.,]0*", text):
        raise CellError(f"the id {shown(cell)} has lost its last digits", ID_CURE)
    if not text:
        raise CellError("the id is missing", "export the file again")
    raise CellError(f"{shown(cell)} is no id, which is of digits alone", "export the file again")


def are_rounded(ids: Iterable[str]) -> bool:
    """Whether ids that are longer than a spreadsheet's fifteen digits all end in zeros from there on, which
    chance gives one time in a million or less."""
    further = [text[15:] for text in ids if len(text) > 15]
    return sum(map(len, further)) >= 6 and not any(text.strip("0") for text in further)


@dataclass
class Calendar:
    """How a file writes days: which of 3/4/2026 is the month, and the zone of times that name none.

    `has_used_zone` says whether a moment that was read would have been another one, or none, without it.
    """

    order: Order = "month first"
    zone: ZoneInfo | None = None
    has_used_zone: bool = field(default=False, compare=False)


def order_of(cells: Iterable[str]) -> Order:
    """Which part of dates with slashes is the month: the first, as the platforms write them, unless a file
    shows otherwise by a first part above 12, as one saved again by a spreadsheet elsewhere does.

    Raises CellError when it shows both.
    """
    most_first = most_second = 0
    for cell in cells:
        found = re.match(r"\s*(\d{1,2})/(\d{1,2})/\d{4}", cell)
        if found:
            most_first = max(most_first, int(found[1]))
            most_second = max(most_second, int(found[2]))
    if most_first > 12 and most_second > 12:
        raise CellError(
            "dates of this column have the month first and the day first",
            "export the file again and hand it in as downloaded",
        )
    return "day first" if most_first > 12 else "month first"


def day(cell: str, calendar: Calendar) -> date:
    """The day in a cell. Raises CellError."""
    for pattern in _AS_DAY.values():
        found = pattern.fullmatch(cell.strip())
        if found:
            return _date(found, cell, calendar)
    raise CellError(f"{shown(cell)} is no day", "write it as 2019-11-20, or export the file again")


def moment(cell: str, calendar: Calendar) -> datetime:
    """The moment in a cell, in UTC. Raises CellError where no zone is known, or the clocks show it never or
    twice."""
    for pattern in _AS_MOMENT.values():
        found = pattern.fullmatch(cell.strip())
        if found:
            return _moment(found, cell, calendar)
    raise CellError(
        f"{shown(cell)} is no moment", "write it as 2019-11-20 12:00 +00:00, or export the file again"
    )


def _moment(found: re.Match[str], cell: str, calendar: Calendar) -> datetime:
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise CellError(f"{shown(cell)} is no moment", "export the file again")
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    try:
        clock = time(hour, int(found["minute"]), int(found["second"] or 0))
    except ValueError:
        raise CellError(f"{shown(cell)} is no moment", "export the file again") from None
    local = datetime.combine(_date(found, cell, calendar), clock)
    zone = found["zone"]
    if zone is None:
        calendar.has_used_zone |= calendar.zone is not None
        return _in_zone(local, cell, calendar.zone)
    return _at_offset(local, zone, cell, calendar)


def _date(found: re.Match[str], cell: str, calendar: Calendar) -> date:
    parts = found.groupdict()
    year, month_number, day_number = int(parts["year"]), parts.get("month"), parts.get("day")
    if parts.get("name") is not None:
        month_number = str(_MONTHS.get(parts["name"][:3].lower(), 0))
    elif parts.get("first") is not None:
        first, second = parts["first"], parts["second_part"]
        month_number, day_number = (first, second) if calendar.order == "month first" else (second, first)
    try:
        return date(year, int(month_number or 0), int(day_number or 0))
    except ValueError:
        raise CellError(
            f"{shown(cell)} is no day of the calendar",
            "write it as 2019-11-20 (English month names alone are known), or export the file again",
        ) from None


def _at_offset(local: datetime, zone: str, cell: str, calendar: Calendar) -> datetime:
    """A local time with its offset, or with the stamp of a zone: EST and EDT tell apart the hour that comes
    twice when the clocks go back."""
    signed = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", zone)
    if signed:
        offset = timedelta(hours=int(signed[2]), minutes=int(signed[3]))
        if offset >= timedelta(hours=24):
            raise CellError(f"{shown(cell)} has an impossible offset", "export the file again")
        return _utc(local, -offset if signed[1] == "-" else offset, cell)
    known = calendar.zone
    for fold in (0, 1):
        if known is not None and local.replace(tzinfo=known, fold=fold).tzname() == zone:
            offset = local.replace(tzinfo=known, fold=fold).utcoffset() or timedelta()
            hours = OFFSET_HOURS.get(zone)
            calendar.has_used_zone |= hours is None or timedelta(hours=hours) != offset
            return _utc(local, offset, cell)
    if zone in OFFSET_HOURS:
        return _utc(local, timedelta(hours=OFFSET_HOURS[zone]), cell)
    raise CellError(
        f"{shown(cell)} has the stamp {zone}, which means several zones or none",
        "give the zone that it means as --timezone, such as --timezone Europe/London",
    )


def _in_zone(local: datetime, cell: str, zone: ZoneInfo | None) -> datetime:
    if zone is None:
        raise CellError(
            f"{shown(cell)} names no time zone, and the export does not tell it",
            "give the zone in which the page that made the export shows its times as --timezone, such as "
            "--timezone America/Los_Angeles",
        )
    earlier, later = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() == later.utcoffset():
        return _utc(local, earlier.utcoffset() or timedelta(), cell)
    is_skipped = earlier.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
    raise CellError(
        f"{shown(cell)} comes {'never' if is_skipped else 'twice'} in {zone.key}, when the clocks change",
        "give another --timezone if that is not the export's, or write the time's offset behind it, as "
        "01:30 -05:00",
    )


def _utc(local: datetime, offset: timedelta, cell: str) -> datetime:
    try:
        return local.replace(tzinfo=timezone(offset)).astimezone(UTC)
    except OverflowError:
        raise CellError(f"{shown(cell)} is out of range", "export the file again") from None
