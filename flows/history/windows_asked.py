"""Which windows of a backfill were asked to their ends, and which one was being asked.

What landed tells most of it by itself; not where the platform had nothing to tell (a day without views has no
row, a rival's page no figures), nor that a window was broken off between two of its answers. Where the record
is lost, that is asked once more. `.backfills/P.json`, written whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from connectors.history import Part
from warehouse.durable import write_whole

FOLDER = ".backfills"

# What was not told then is asked again: a page may have come under the token since.
KEPT = timedelta(days=30)
_ONE = timedelta(days=1)

Subject = tuple[Part, str]
"""The part and the name of what is asked for."""

Asked = dict[Subject, dict[date, datetime | None]]
"""When each day of a subject was asked to its end; None: it was being asked, and may have come in part."""


def read_asked(path: Path, moment: datetime) -> Asked:
    """The record of one platform as it counts at `moment` (aware); empty when it is missing or damaged."""
    asked: Asked = {}
    try:
        for part, name, first, last, at in json.loads(path.read_text(encoding="utf-8")):
            when = None if at is None else datetime.fromisoformat(at)
            if when is None or (when.tzinfo is not None and abs(moment - when) <= KEPT):
                days = days_between(date.fromisoformat(first), date.fromisoformat(last))
                asked.setdefault((part, name), {}).update(dict.fromkeys(days, when))
    except (FileNotFoundError, ValueError, AttributeError, TypeError, RecursionError):
        return {}
    return asked


def write_asked(path: Path, asked: Mapping[Subject, Mapping[date, datetime | None]]) -> None:
    """Write the record of one platform. The caller holds the backfill's lock."""
    rows = [
        [part, name, first.isoformat(), last.isoformat(), None if at is None else at.isoformat()]
        for (part, name), days in sorted(asked.items())
        for first, last, at in _alike(days)
    ]
    write_whole(path, json.dumps(rows))


def days_between(first: date, last: date) -> list[date]:
    """The days from one to another, both inclusive."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def runs_of(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """The days as stretches without gaps, (first, last), in order."""
    first: date | None = None
    last: date | None = None
    for day in sorted(days):
        if first is None or last is None or day > last + _ONE:
            if first is not None and last is not None:
                yield first, last
            first = day
        last = day
    if first is not None and last is not None:
        yield first, last


def _alike(days: Mapping[date, datetime | None]) -> Iterator[tuple[date, date, datetime | None]]:
    """Stretches of days that were asked at the same moment."""
    for at in sorted(set(days.values()), key=lambda at: "" if at is None else at.isoformat()):
        for first, last in runs_of(day for day, when in days.items() if when == at):
            yield first, last, at
