"""Which listings were walked to their ends, so that one that was cut short is walked again.

Listings show the newest posts first: a walk that breaks off has seen the new and missed the old. Where the
record is lost, every account is walked from the campaign's beginning once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.asking import Walk
from warehouse.durable import hidden_sibling, publish_file

if TYPE_CHECKING:
    from flows.registry import Account


@dataclass(frozen=True)
class Walked:
    """Every post of an account that was made from `since` to `until` (aware) has been listed."""

    since: datetime
    until: datetime

    def joined(self, later: Walked) -> Walked:
        """What is covered after another walk; with a gap between the two, it is the newer of them."""
        if later.since > self.until:
            return later
        if later.until < self.since:
            return self
        return Walked(min(self.since, later.since), max(self.until, later.until))


def walked_of(walked: Mapping[str, Walked], account: Account) -> Walked | None:
    """What is covered of an account, by its id or its handle."""
    return next((walked[name] for name in _names(account.id, account.handle) if name in walked), None)


def read_walked(path: Path) -> dict[str, Walked]:
    """The record of one platform by account; empty when it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: Walked(datetime.fromisoformat(since), datetime.fromisoformat(until))
            for name, (since, until) in content.items()
        }
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {}


def record_walked(path: Path, walks: Iterable[Walk], until: datetime) -> None:
    """Add walks that came to their ends, of a run planned for `until`. The caller holds the platform's
    lock.
    """
    walked = read_walked(path)
    before = dict(walked)
    for walk in walks:
        for name in _names(walk.account_id, walk.handle):
            whole = Walked(walk.since, max(walk.since, until))
            walked[name] = walked[name].joined(whole) if name in walked else whole
    if walked == before:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = hidden_sibling(path)
    content = {name: [one.since.isoformat(), one.until.isoformat()] for name, one in sorted(walked.items())}
    hidden.write_text(json.dumps(content), encoding="utf-8")
    publish_file(hidden, path)


def _names(account_id: str | None, handle: str | None) -> list[str]:
    return [name for name in (account_id, handle and f"@{handle.casefold()}") if name]
