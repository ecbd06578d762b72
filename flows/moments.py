"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time


class NotAMoment(ValueError):
    """A text or datetime that names no moment; one plain line that says how to write one."""


def parse_moment(text: str) -> datetime:
    """An ISO 8601 moment with its offset, or a bare day, which means that day's midnight UTC; the result is
    in UTC.

    Raises `NotAMoment`.
    """
    try:
        if len(text) <= len("2019-11-20"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotAMoment(
            f"{text!r} is not a moment; write 2019-11-20T12:00Z, or 2019-11-20 for midnight UTC"
        ) from None
    return with_zone(moment, text)


def with_zone(moment: datetime, text: str | None = None) -> datetime:
    """The moment in UTC. Raises `NotAMoment` when it has no time zone: guessing one would misdate
    readings."""
    if moment.tzinfo is None:
        shown = repr(text or moment.isoformat())
        raise NotAMoment(f"{shown} names no time zone; add Z or an offset such as +01:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise NotAMoment(
            f"{text or moment.isoformat()!r} is out of range; write a year from 2 to 9998"
        ) from None
