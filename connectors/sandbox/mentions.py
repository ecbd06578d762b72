"""How many posts a day name something: a hashtag or the address of a site."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from connectors.sandbox.growth import DAY_S, Moment, apportion, draw


class Mentioned:
    """The posts that name one thing, between `starts` and `ends` (epoch seconds), `total` in all. More every
    week, and most in the evening.
    """

    def __init__(self, name: str, starts: float, ends: float, total: int) -> None:
        self.name = name
        self._midnights = [starts - starts % DAY_S]
        while self._midnights[-1] < ends:
            self._midnights.append(self._midnights[-1] + DAY_S)
        days = len(self._midnights) - 1
        weights = [(1 + n / 14) * (0.6 + 0.8 * draw("mentions", name, n)) for n in range(days)]
        self._before = [0, *accumulate(apportion(total, weights))]

    def until(self, epoch: float) -> int:
        """How many there were before an instant."""
        day = bisect.bisect_right(self._midnights, epoch) - 1
        if day < 0:
            return 0
        if day >= len(self._midnights) - 1:
            return self._before[-1]
        begun, ended = Moment.at(self._midnights[day]), Moment.at(self._midnights[day + 1])
        share = (Moment.at(epoch).felt - begun.felt) / (ended.felt - begun.felt)
        return self._before[day] + int((self._before[day + 1] - self._before[day]) * share)


def read_mentions(settings: Mapping[str, Any], starts: float, ends: float) -> Mentioned:
    """One `[[mentions]]` of a world file: `hashtag` (without #) or `site` (an address), and all `posts`."""
    name = f"#{settings['hashtag']}".lower() if "hashtag" in settings else settings["site"]
    return Mentioned(name, starts, ends, settings["posts"])
