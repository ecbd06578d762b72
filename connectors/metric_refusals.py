"""Which metrics objects of a platform were refused in one run, and so of which they are asked no more.

The refusal of one object speaks of that object alone: it may be odd. What two of the same account and kind
are refused, and none of them was given, is asked of no more of them. Other accounts are not concerned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.errors import MetricWithdrawn

REFUSALS_TO_GIVE_UP = 2
_NAMED = 3

Group = tuple[str, str]
"""(account, kind): the objects of one kind that belong to one account, such as a Page's reels."""


@dataclass(frozen=True)
class Refused:
    """A metric that `objects` of a group were refused, none of the others being given it if `is_of_all`."""

    group: Group
    metric: str
    objects: tuple[str, ...]
    is_of_all: bool
    trouble: MetricWithdrawn

    @property
    def shown_objects(self) -> str:
        """For a message: "this object: 1_2", "these objects: 1_2, 1_3, 1_4 and 5 more"."""
        what = "this object" if len(self.objects) == 1 else "these objects"
        more = f" and {len(self.objects) - _NAMED} more" if len(self.objects) > _NAMED else ""
        return f"{what}: {', '.join(self.objects[:_NAMED])}{more}"


class MetricRefusals:
    """What one run learned of the metrics that it may ask."""

    def __init__(self) -> None:
        self._given: set[tuple[Group, str]] = set()
        self._refused: dict[tuple[Group, str], dict[str, MetricWithdrawn]] = {}
        self._told: set[tuple[Group, str]] = set()

    def give(self, group: Group, metrics: Iterable[str]) -> None:
        """An object of the group was answered for these metrics."""
        self._given.update((group, metric) for metric in metrics)

    def refuse(self, group: Group, one: str, metrics: Iterable[str], trouble: MetricWithdrawn) -> None:
        """The object `one` of the group was refused these metrics."""
        for metric in metrics:
            self._refused.setdefault((group, metric), {}).setdefault(one, trouble)

    def still_asked(self, group: Group, one: str, metrics: Iterable[str]) -> tuple[str, ...]:
        """Which of the metrics the object may still be asked for."""
        return tuple(metric for metric in metrics if not self._is_left_out(group, one, metric))

    def _is_left_out(self, group: Group, one: str, metric: str) -> bool:
        refused = self._refused.get((group, metric), {})
        is_given_up = len(refused) >= REFUSALS_TO_GIVE_UP and (group, metric) not in self._given
        return one in refused or is_given_up

    def is_given(self, metric: str) -> bool:
        """Whether any object of any group was answered for the metric."""
        return any(given == metric for _, given in self._given)

    def not_told(self, account: str | None = None) -> Iterator[Refused]:
        """What was refused, of one account or of all, and has not been told yet, in the order of first
        appearance.
        """
        for (group, metric), refused in self._refused.items():
            if (group, metric) in self._told or account not in (None, group[0]):
                continue
            self._told.add((group, metric))
            is_of_all = (group, metric) not in self._given
            yield Refused(group, metric, tuple(refused), is_of_all, next(iter(refused.values())))
