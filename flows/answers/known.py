"""How well a number is known: from the best to the worst, and the sign beside it."""

from __future__ import annotations

from collections.abc import Iterable

COMPLETENESS = ("complete", "estimated", "open")
MARKS = {"estimated": "~", "open": "…"}


def worst_of(found: Iterable[str]) -> str:
    """How well a sum is known: as well as the worst of its parts. Empty of nothing."""
    return max(found, key=COMPLETENESS.index, default="")
