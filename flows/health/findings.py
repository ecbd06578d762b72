"""What a check has found: what blocks, what limits, what can be had besides, in that order, and what to do
next."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from flows.console import complain, plain, say


class Rank(IntEnum):
    """How much it matters; the most first."""

    blocks = 0
    limits = 1
    optional = 2


HEADINGS = {
    Rank.blocks: "What blocks",
    Rank.limits: "What limits",
    Rank.optional: "What can be had besides",
}


@dataclass(frozen=True)
class Finding:
    """One plain line, which ends in what to do; empty where it was told when it was met.

    `is_error`: collect or build would fail of it. `is_urgent`: it is told on standard error too, as errors
    are. `next_step` is what to do now, where this is what comes first; `may_wait`, where work goes on without
    it.
    """

    rank: Rank
    line: str
    is_error: bool = False
    is_urgent: bool = False
    next_step: str = ""
    may_wait: bool = False


def tell(findings: Sequence[Finding]) -> None:
    """Write the findings, what blocks first; errors and what is urgent on standard error too, unless both
    are the one terminal."""
    for rank, heading in HEADINGS.items():
        lines = [one.line for one in _sorted(findings) if one.rank is rank and one.line]
        if lines:
            say(f"{heading}:")
        for line in dict.fromkeys(lines):
            say(plain(f"- {line}"))
    if sys.stdout.isatty() and sys.stderr.isatty():
        return
    for finding in _sorted(findings):
        if finding.line and (finding.is_error or finding.is_urgent):
            complain(finding.line)


def next_of(findings: Iterable[Finding], *, may_wait: bool = False) -> str:
    """What to do about the finding that comes first among those that stand in the way, or among those that
    may wait; empty where none does."""
    standing = (found for found in _sorted(findings) if found.next_step and found.may_wait is may_wait)
    return next((found.next_step for found in standing), "")


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then by rank, each in the order in which they were found."""
    return sorted(findings, key=lambda found: (not found.is_error, found.rank))
