"""What one run asks of one platform: the plan, as data.

Made by `flows.plan` from the registry, what is known and the clock; carried out by a connector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Walk:
    """List an account's posts that were created at or after `since`, newest first, to the end.

    `handle` is how people name the account (without @), `account_id` the platform's own id; at least one is
    given.
    """

    campaign_id: str
    since: datetime
    handle: str | None = None
    account_id: str | None = None


@dataclass(frozen=True)
class Wanted:
    """Read one post's counters. `alias` is any name that the platform's connector gave the post (its
    `parse_post_url`), most often the post's id."""

    campaign_id: str
    alias: str


@dataclass(frozen=True)
class Ask:
    """Everything that one run asks of one platform. Posts that a walk already showed are not asked again."""

    platform: str
    walks: tuple[Walk, ...] = ()
    posts: tuple[Wanted, ...] = ()


def in_parts(ids: list[str], size: int) -> Iterator[list[str]]:
    """The ids, as many to a request as the platform takes."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
