"""How counters grow: shares of a final figure, as pure functions of the moment.

The curves are normalised from real ones: Moniz & Torgo 2018, "News Popularity in Multiple Social Media
Platforms", UCI Machine Learning Repository, CC BY 4.0; `growth_curves.csv` says what was changed. They
covered 48 hours; here one is stretched over the life of a post, days or weeks, and follows the clock of its
readers: much in the evening, little at night.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from importlib.resources import files

DAY_S = 86_400.0

# Attention swings between 0.4 and 1.6 times its mean over a day; the peak is at 20:00 UTC.
_SWING = 0.6
_PEAK_S = 20 * 3_600.0
_TURN = 2 * math.pi / DAY_S


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, in seconds since 1970, and the same instant on the clock of attention, which runs fast in
    the evening."""

    epoch: float
    felt: float

    @classmethod
    def at(cls, epoch: float) -> Moment:
        return cls(epoch, epoch + _SWING / _TURN * math.sin(_TURN * (epoch - _PEAK_S)))

    @classmethod
    def of(cls, instant: datetime) -> Moment:
        """`instant` is aware."""
        return cls.at(instant.timestamp())

    @property
    def instant(self) -> datetime:
        return datetime.fromtimestamp(self.epoch, UTC)


@cache
def curves() -> tuple[tuple[float, ...], ...]:
    """The shipped curves; each starts at 0, never falls, and ends at 1."""
    text = files(__package__).joinpath("growth_curves.csv").read_text(encoding="utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    next(rows)
    return tuple(tuple(float(cell) for cell in row[1:]) for row in rows)


def draw(*key: object) -> float:
    """A number from 0 up to 1 that depends on `key` alone, on every machine and in every version."""
    digest = blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def heavy(*key: object) -> float:
    """A weight for how much one post outdoes another: mostly near 1, now and then 20."""
    return min(20.0, math.pow(1.0 - 0.97 * draw(*key), -0.75))


def apportion(total: int, weights: Sequence[float], ceiling: int | None = None) -> list[int]:
    """Splits `total` by `weights` into whole numbers that add up to it exactly, none above `ceiling`.

    Raises ValueError when the ceiling leaves no room for the total.
    """
    if ceiling is not None and ceiling * len(weights) < total:
        raise ValueError(f"{total} cannot be split into {len(weights)} parts of at most {ceiling}")
    if not weights:
        if total:
            raise ValueError(f"{total} cannot be split into no parts")
        return []
    capped: set[int] = set()
    while True:
        rest = total - (ceiling or 0) * len(capped)
        free = sum(weight for n, weight in enumerate(weights) if n not in capped)
        exact = [float(ceiling or 0) if n in capped else rest * w / free for n, w in enumerate(weights)]
        above = {n for n, part in enumerate(exact) if ceiling is not None and part > ceiling} - capped
        if not above:
            break
        capped |= above
    parts = [math.floor(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    missing = total - sum(parts)
    for n in by_remainder:
        if missing and (ceiling is None or parts[n] < ceiling):
            parts[n] += 1
            missing -= 1
    return parts


class Growth:
    """The life of one thing that people look at: from `begins` to `ends` (epoch seconds), along one curve."""

    __slots__ = ("_curve", "_felt_begin", "_per_felt_s", "begins", "ends")

    def __init__(self, begins: float, ends: float, curve: tuple[float, ...]) -> None:
        self.begins = begins
        self.ends = ends
        self._curve = curve
        self._felt_begin = Moment.at(begins).felt
        self._per_felt_s = (len(curve) - 1) / (Moment.at(ends).felt - self._felt_begin)

    def share(self, now: Moment) -> float:
        """How much of the final figure is there at `now`: 0 before the beginning, exactly 1 from the end on,
        never falling."""
        if now.epoch <= self.begins:
            return 0.0
        if now.epoch >= self.ends:
            return 1.0
        place = (now.felt - self._felt_begin) * self._per_felt_s
        step = int(place)
        if step >= len(self._curve) - 1:
            return 1.0
        low, high = self._curve[step], self._curve[step + 1]
        # min: rounding must not lift the end of one step above the start of the next.
        return min(high, low + (high - low) * (place - step))


@dataclass(frozen=True, slots=True)
class Revision:
    """An over-count that builds up from `begins` and is taken back at `ends` (epoch seconds): the counter
    falls by `excess`."""

    begins: float
    ends: float
    excess: int

    def at(self, epoch: float) -> int:
        if epoch < self.begins or epoch >= self.ends:
            return 0
        return int(self.excess * (epoch - self.begins) / (self.ends - self.begins))


@dataclass(frozen=True, slots=True)
class Glitch:
    """A spell in which the platform answers 0 for a counter; `ends` is not included (epoch seconds)."""

    begins: float
    ends: float


class Count:
    """One lifetime counter: whole numbers, never falling but for its revisions and glitches, and `final` at
    the end of its growth.

    `pinned` = (share of the growth, value): the counter is exactly that value when the growth has reached
    that share, so that figures published for an instant in mid-growth can be met to the unit.
    """

    __slots__ = ("_glitches", "_is_plain", "_pinned", "_revisions", "final")

    def __init__(self, final: int, pinned: tuple[float, int] | None = None) -> None:
        self.final = final
        self._pinned = pinned
        self._revisions: tuple[Revision, ...] = ()
        self._glitches: tuple[Glitch, ...] = ()
        self._is_plain = pinned is None

    def disturb(self, happening: Revision | Glitch) -> None:
        """Adds a revision or a glitch; for the construction of a world only."""
        if isinstance(happening, Revision):
            self._revisions += (happening,)
        else:
            self._glitches += (happening,)
        self._is_plain = False

    def at(self, share: float, now: Moment) -> int:
        """The counter at `now`, when its growth has reached `share`."""
        if self._is_plain:
            return int(self.final * share)
        for glitch in self._glitches:
            if glitch.begins <= now.epoch < glitch.ends:
                return 0
        value = self.true(share)
        for revision in self._revisions:
            value += revision.at(now.epoch)
        return value

    def true(self, share: float) -> int:
        """The counter without its disturbances."""
        if self._pinned is None:
            return int(self.final * share)
        pin, value = self._pinned
        if share < pin:
            return int(value * (share / pin))
        if pin >= 1.0:
            return value
        # The quotient first: it is exactly 1 at the end, which a rounded product divided again need not be.
        return value + int((self.final - value) * ((share - pin) / (1.0 - pin)))
