"""Reading histories that chance invents: growing counters with revisions, dips, gaps, midnights, clock
changes and stale answers.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.warehouse.lake import x_post

# The hours around a European and an American clock change, and ordinary days.
START = datetime(2019, 10, 25, 0, 0, tzinfo=UTC)
HOURS = 11 * 24

# Azores and Havana have a midnight that comes twice in these days.
ZONES = [
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "Atlantic/Azores",
    "America/Havana",
    "UTC",
]


@dataclass(frozen=True)
class History:
    """One counter: its readings in the order of their moments, several at one moment among them, and when
    its post was created if that is known.
    """

    readings: tuple[tuple[datetime, int], ...]
    created_at: datetime | None

    @property
    def by_moment(self) -> dict[datetime, int]:
        """One reading a moment: of several answers the highest, because stale caches answer low."""
        highest: dict[datetime, int] = {}
        for moment, value in self.readings:
            highest[moment] = max(value, highest.get(moment, value))
        return highest


def invented(chance: random.Random) -> History:
    """A counter read up to 25 times in eleven days."""
    # Hours as polls fall, local midnights among them, and any minute.
    minutes = {
        chance.randint(0, HOURS) * 60 if chance.random() < 0.5 else chance.randint(0, HOURS * 60)
        for _ in range(chance.randint(1, 25))
    }
    value = chance.choice([0, 1, 7, 1000, 10**12])
    readings = []
    for minute in sorted(minutes):
        moment = START + timedelta(minutes=minute)
        step = chance.choice(["grow", "grow", "grow", "rest", "fall", "zero", "dip"])
        if step == "grow":
            value += chance.randint(0, 5000)
        elif step == "fall":
            value -= value * chance.randint(0, 100) // 100
        shown = {"zero": 0, "dip": value // chance.randint(8, 14)}.get(step, value)
        readings.append((moment, shown))
        if chance.random() < 0.05:
            readings.append((moment, shown * chance.randint(0, 100) // 100))
    created_at = None
    if chance.random() < 0.5:
        created_at = readings[0][0] - timedelta(minutes=chance.randint(-30 * 60, 80 * 60))
    return History(tuple(readings), created_at)


def many(seed: int, how_many: int) -> list[History]:
    """So many histories; the same for the same seed."""
    chance = random.Random(seed)
    return [invented(chance) for _ in range(how_many)]


def histories() -> st.SearchStrategy[History]:
    """One history, whose chances Hypothesis can shrink to the smallest that still fails."""
    return st.randoms(use_true_random=False).map(invented)


def answers_of(each: Sequence[History], first: int = 1) -> list[tuple[datetime, object]]:
    """One answer for each moment, with every post that was read then, and another where some were read twice;
    posts are numbered from `first`.
    """
    moments: dict[tuple[datetime, int], list[object]] = {}
    for number, history in enumerate(each, start=first):
        before = None
        for moment, value in history.readings:
            again = int(moment == before)
            before = moment
            moments.setdefault((moment, again), []).append(
                x_post(str(number), retweets=value, created_at=history.created_at)
            )
    return [(moment, {"data": posts}) for (moment, _), posts in sorted(moments.items())]


def listing(posts: Iterable[int]) -> dict[str, list[str]]:
    """Assets of one post each, so that all count whenever they were posted."""
    return {f"asset-{number}": [f"x:{number}"] for number in posts}
