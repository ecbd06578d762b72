"""An advertising account of the sandbox: how many people its advertisements reached in any window of time,
and how many people there are to reach.

Reach is that of a crowd whose members see advertisements by chance: who has seen one may see the next as
well. So it grows ever more slowly, windows do not add up, and the last day's figure is the world file's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.growth import Growth, Moment

OLDEST = 65

# Spending rises towards the end.
_SPENDING = tuple((n / 20) ** 1.4 for n in range(21))


@dataclass(frozen=True, slots=True)
class Reached:
    """People reached by some advertisements from beginning to end, in all and by band of each breakdown.
    `campaign` is empty for all advertisements of the account.
    """

    campaign: str
    ad_sets: tuple[str, ...]
    people: int
    frequency: float
    bands: Mapping[str, Mapping[str, int]]

    def within(self, part: float, people: int) -> tuple[int, int]:
        """(reach, impressions) of a window that holds `part` of all impressions, of `people` in the end."""
        shown = people * self.frequency
        crowd = people * _crowd(self.frequency)
        return round(crowd * -math.expm1(-part * shown / crowd)), round(part * shown)


def _crowd(frequency: float) -> float:
    """How many times the people reached in the end the crowd is of which `frequency` impressions for each
    reached that many: the c with c * (1 - exp(-frequency / c)) = 1.
    """
    low, high = 1.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        if middle * -math.expm1(-frequency / middle) < 1.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Area:
    """Where people live: the lower and the upper estimate of how many, in all and by band of age."""

    countries: tuple[str, ...]
    place: str
    people: tuple[int, int]
    ages: Mapping[str, tuple[int, int]]

    def of_age(self, youngest: int, oldest: int) -> tuple[int, int]:
        """The bounds of those from `youngest` to `oldest`, where 65 means 65 and older. A band that is only
        partly asked for counts by its years.
        """
        if youngest <= 18 and oldest >= OLDEST:
            return self.people
        low = high = 0.0
        for band, (least, most) in self.ages.items():
            first = int(band[:2])
            last = OLDEST if band.endswith("+") else int(band[3:])
            years = min(last, oldest) - max(first, youngest) + 1
            share = max(0, years) / (last - first + 1)
            low, high = low + least * share, high + most * share
        return int(low), int(high)


@dataclass(frozen=True, slots=True)
class AdAccount:
    """An account (`act_…`): its advertisements begin and end with its world."""

    id: str
    name: str
    timezone: ZoneInfo
    growth: Growth
    reached: tuple[Reached, ...]
    areas: tuple[Area, ...]

    def part(self, first: date, last: date, now: Moment) -> float:
        """The part of all impressions that fell on the account's days from `first` to `last`, as far as they
        have passed.
        """
        begins = datetime.combine(first, time(), self.timezone).timestamp()
        ends = datetime.combine(last + timedelta(days=1), time(), self.timezone).timestamp()
        begins, ends = min(begins, now.epoch), min(ends, now.epoch)
        return self.growth.share(Moment.at(ends)) - self.growth.share(Moment.at(begins))

    def reached_by(self, campaigns: Sequence[str], ad_sets: Sequence[str]) -> Reached | None:
        """What some advertisements reached; all of them when none are named. None where they reached nobody.

        Of several campaigns, people reached by one are as likely as others to be reached by the next.
        """
        whole = next(one for one in self.reached if not one.campaign)
        if not campaigns and not ad_sets:
            return whole
        found = [
            one
            for one in self.reached
            if one.campaign and (one.campaign in campaigns or set(one.ad_sets) & set(ad_sets))
        ]
        if len(found) < 2:
            return found[0] if found else None

        def together(total: int, parts: Sequence[int]) -> int:
            missed = math.prod(1 - part / total for part in parts) if total else 1.0
            return round(total * (1 - missed))

        shown = sum(one.people * one.frequency for one in found)
        people = together(whole.people, [one.people for one in found])
        bands = {
            name: {
                band: together(total, [one.bands.get(name, {}).get(band, 0) for one in found])
                for band, total in bands.items()
            }
            for name, bands in whole.bands.items()
        }
        return Reached("", (), people, shown / people, bands)


def read_ad_account(settings: Mapping[str, Any], starts: float, ends: float) -> AdAccount:
    """An account of a world file; `starts` and `ends` are the world's, in epoch seconds."""
    return AdAccount(
        id=settings["id"],
        name=settings["name"],
        timezone=ZoneInfo(settings["timezone"]),
        growth=Growth(starts, ends, _SPENDING),
        reached=tuple(
            Reached(
                campaign=one.get("campaign", ""),
                ad_sets=tuple(one.get("ad_sets", ())),
                people=one["people"],
                frequency=one["frequency"],
                bands={name: one[name] for name in ("age", "gender", "region")},
            )
            for one in settings["reached"]
        ),
        areas=tuple(
            Area(
                countries=tuple(one.get("countries", ())),
                place=one.get("place", ""),
                people=(one["people"][0], one["people"][1]),
                ages={band: (low, high) for band, (low, high) in one["age"].items()},
            )
            for one in settings["areas"]
        ),
    )
