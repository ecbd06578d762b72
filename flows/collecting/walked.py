"""Which posts have been listed, so that a listing that was cut short is continued.

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
from warehouse.durable import write_whole

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
    return next((walked[name] for name in names_of(account.id, account.handle) if name in walked), None)


def read_walked(path: Path) -> dict[str, Walked]:
    """The record of one platform by account; empty when it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = {
            name: Walked(datetime.fromisoformat(since), datetime.fromisoformat(until))
            for name, (since, until) in content.items()
        }
        return {name: one for name, one in found.items() if one.since.tzinfo and one.until.tzinfo}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {}


def record_walked(
    path: Path, walks: Iterable[Walk], until: datetime, walked_back: Iterable[tuple[Walk, datetime]] = ()
) -> None:
    """Add walks that came to their ends, and as far as they came those that did not (`walked_back`, each with
    the moment down to which everything was listed), of a run planned for `until`. The caller holds the
    platform's lock.
    """
    walked = read_walked(path)
    before = dict(walked)
    # The new posts of an account are joined on before its older ones.
    listed = [*((walk, walk.since) for walk in walks), *walked_back]
    for walk, since in sorted(listed, key=lambda each: each[0].until is not None):
        since = max(since, walk.since)
        whole = Walked(since, max(since, until if walk.until is None else min(until, walk.until)))
        for name in names_of(walk.account_id, walk.handle):
            before_it = walked.get(name)
            # The days that somebody filled apart must not cost what is covered from the beginning on.
            is_apart = before_it is not None and walk.until is not None and whole.since > before_it.until
            if not is_apart:
                walked[name] = whole if before_it is None else before_it.joined(whole)
    if walked == before:
        return
    content = {name: [one.since.isoformat(), one.until.isoformat()] for name, one in sorted(walked.items())}
    write_whole(path, json.dumps(content))


def names_of(account_id: str | None, handle: str | None) -> list[str]:
    """The names under which an account is kept: its id, and its handle behind an @."""
    return [name for name in (account_id, handle and f"@{handle.casefold()}") if name]
