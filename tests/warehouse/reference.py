"""Daily gains computed slowly and obviously, in whole numbers, for one counter. What the SQL must agree
with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

NEAR_MIDNIGHT = timedelta(hours=3)


@dataclass(frozen=True)
class Day:
    """A local day of one counter."""

    gain: int
    total: int
    completeness: str


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
    """The gain, closing total and completeness of each local day on which the counter is known."""
    kept = without_glitches(readings)
    if not kept:
        return {}
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
        days[day] = Day(end - start, end, completeness)
        day += timedelta(days=1)
    return days
