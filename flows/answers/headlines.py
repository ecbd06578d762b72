"""What the last day that is over brought our side, in large letters at the head of the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flows.answers.known import MARKS, worst_of
from flows.answers.page import Headline

# Places of the numbers in a row of `sections.days.of_our_side`.
_NUMBERS = {2: "Views", 3: "Shares", 4: "Retweets"}
# So many places behind a number stands how well it is known.
_KNOWN = 3
_DAYS_BEFORE = 7


def headlines(rows: Sequence[tuple[Any, ...]], day: date) -> list[Headline]:
    """Of (day, platform, views, shares, retweets, how well each of the three is known) the sums of a day, a
    headline for each number that is known of it, beside the mean of the days before."""
    found = []
    for place, name in _NUMBERS.items():
        told = [(row[0], row[place], row[place + _KNOWN]) for row in rows if row[place] is not None]
        today = [(value, known) for when, value, known in told if when == day]
        if not today:
            continue
        worst = worst_of(known for _, known in today)
        found.append(
            Headline(
                f"{name} on {day:%A}",
                f"{sum(value for value, _ in today):,}",
                _before([(when, value) for when, value, _ in told], day),
                MARKS.get(worst, ""),
            )
        )
    return found


def _before(told: Sequence[tuple[date, int]], day: date) -> str:
    """The mean of up to seven days before a day, of those that are known."""
    first = day - timedelta(_DAYS_BEFORE)
    earlier = [(when, value) for when, value in told if first <= when < day]
    days = len({when for when, _ in earlier})
    if not days:
        return "nothing is known of the days before"
    mean = round(sum(value for _, value in earlier) / days)
    return f"{mean:,} a day in the {'week' if days == _DAYS_BEFORE else f'{days} known days'} before"
