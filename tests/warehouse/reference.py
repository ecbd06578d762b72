"""The daily numbers of one counter, computed slowly and obviously, in whole numbers. What the SQL must agree
with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

NEAR_MIDNIGHT = timedelta(hours=3)


@dataclass(frozen=True)
class Day:
    """A local day of one counter.

    `gain` is what it moved, `total` where it stood when the day ended (or was last read), `polls` how many
    readings were taken in the day and `glitches` how many of those were set aside. A day between two
    observed ones has no polls of its own.
    """

    gain: int
    total: int
    completeness: str
    polls: int
    glitches: int
    source: str = "counter"


def without_glitches(readings: dict[datetime, int]) -> dict[datetime, int]:
    """Leave out each reading at a tenth or less of the one before when the one after is back at nine tenths
    or more.
    """
    instants = sorted(readings)
    kept = {}
    for number, instant in enumerate(instants):
        value = readings[instant]
        if 0 < number < len(instants) - 1:
            before = readings[instants[number - 1]]
            after = readings[instants[number + 1]]
            if before > 0 and value * 10 <= before and after * 10 >= before * 9:
                continue
        kept[instant] = value
    return kept


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def daily_gains(
    readings: dict[datetime, int], created_at: datetime | None, zone: ZoneInfo
) -> dict[date, Day]:
    """What is known of each local day, from the day of the first reading (or of the creation, when the
    counter was zero) to that of the last.
    """
    kept = without_glitches(readings)
    if not kept:
        return {}
    polls: dict[date, int] = {}
    glitches: dict[date, int] = {}
    for instant in readings:
        day = instant.astimezone(zone).date()
        polls[day] = polls.get(day, 0) + 1
        glitches[day] = glitches.get(day, 0) + (instant not in kept)
    born = created_at is not None and created_at < min(kept)
    if created_at is not None and born:
        kept[created_at] = 0
    instants = sorted(kept)
    first_day = instants[0].astimezone(zone).date()
    last_day = instants[-1].astimezone(zone).date()

    def value_at(midnight: datetime) -> tuple[int, bool]:
        if midnight in kept:
            return kept[midnight], True
        before = max(instant for instant in instants if instant < midnight)
        after = min(instant for instant in instants if instant > midnight)
        span = (after - before) // timedelta(microseconds=1)
        weight = (midnight - before) // timedelta(microseconds=1)
        exact_times_span = kept[before] * (span - weight) + kept[after] * weight
        rounded_half_up = (2 * exact_times_span + span) // (2 * span)
        return rounded_half_up, min(midnight - before, after - midnight) <= NEAR_MIDNIGHT

    days = {}
    day = first_day
    while day <= last_day:
        if day == first_day:
            start, start_is_close = kept[instants[0]], born
        else:
            start, start_is_close = value_at(local_midnight(day, zone))
        if day == last_day:
            end, completeness = kept[instants[-1]], "open"
        else:
            end, end_is_close = value_at(local_midnight(day + timedelta(days=1), zone))
            completeness = "complete" if start_is_close and end_is_close else "estimated"
        days[day] = Day(end - start, end, completeness, polls.get(day, 0), glitches.get(day, 0))
        day += timedelta(days=1)
    return days


def taken_back(readings: dict[datetime, int], zone: ZoneInfo) -> dict[date, int]:
    """How much the platform visibly took back on each local day; days without a fall may be missing.

    This is the definition. A day's own readings show a fall of first − lowest and one of highest − last, and
    the larger of the two is what is sure. The fall from the last reading of the observed day before to the
    first of this one belongs to the day in which the time between them ends: a reading at midnight itself
    tells of the day before. The zero at creation is no fall, since nothing stood before it.
    """
    by_day: dict[date, list[datetime]] = {}
    kept = without_glitches(readings)
    for instant in sorted(kept):
        by_day.setdefault(instant.astimezone(zone).date(), []).append(instant)
    falls: dict[date, int] = {}
    stood = 0
    for day, instants in by_day.items():
        values = [kept[instant] for instant in instants]
        first, last = values[0], values[-1]
        told_of = (instants[0] - timedelta(microseconds=1)).astimezone(zone).date()
        falls[told_of] = falls.get(told_of, 0) + max(stood - first, 0)
        falls[day] = falls.get(day, 0) + max(first - min(values), max(values) - last, 0)
        stood = last
    return falls


def days_together(
    counters: Sequence[tuple[dict[date, Day], date | None]],
) -> dict[date, tuple[int, str]]:
    """What counters of one number gained together on each day that any of them knows, and how well that is
    known: as well as the worst of those days, and `open` after the last day of a counter that should answer
    still. Given are each counter's days and that last day, None of one that is to be heard of no more.
    """
    heard = [last for _, last in counters if last is not None]
    together: dict[date, tuple[int, str]] = {}
    for day in sorted({day for days, _ in counters for day in days}):
        known = [days[day] for days, _ in counters if day in days]
        words = {each.completeness for each in known}
        if any(day > last for last in heard):
            words.add("open")
        worst = next(word for word in ("open", "estimated", "complete") if word in words)
        together[day] = (sum(each.gain for each in known), worst)
    return together
