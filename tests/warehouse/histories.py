"""Reading histories that Hypothesis invents: growing counters with revisions, dips, gaps, midnights and
clock changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

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
    """One counter: its readings by moment, and when its post was created if that is known."""

    readings: tuple[tuple[datetime, int], ...]
    created_at: datetime | None

    @property
    def by_moment(self) -> dict[datetime, int]:
        return dict(self.readings)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A counter read up to 25 times in eleven days."""
    minutes = draw(
        st.lists(
            st.one_of(
                st.integers(0, HOURS * 60),
                # Hours as polls fall, local midnights among them.
                st.integers(0, HOURS).map(lambda hour: hour * 60),
            ),
            min_size=1,
            max_size=25,
            unique=True,
        )
    )
    value = draw(st.sampled_from([0, 1, 7, 1000, 10**12]))
    readings = []
    for minute in sorted(minutes):
        step = draw(st.sampled_from(["grow", "grow", "grow", "rest", "fall", "zero", "dip"]))
        if step == "grow":
            value += draw(st.integers(0, 5000))
        elif step == "fall":
            value -= value * draw(st.integers(0, 100)) // 100
        shown = {"zero": 0, "dip": value // draw(st.integers(8, 14))}.get(step, value)
        readings.append((START + timedelta(minutes=minute), shown))
    hours_before = draw(st.one_of(st.none(), st.integers(-30, 80)))
    created_at = None if hours_before is None else readings[0][0] - timedelta(hours=hours_before)
    return History(tuple(readings), created_at)
