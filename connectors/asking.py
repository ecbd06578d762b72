"""What one run asks of one platform: the plan, as data.

Made by `flows.collecting.plan` from the registry, what is known and the clock; carried out by a connector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeVar

_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Walk:
    """List an account's posts that were created at or after `since`, newest first, to the end.

    `until` asks for those alone that were created before it, because the later ones were listed already; a
    platform that cannot begin there lists from the newest. `handle` is how people name the account (without
    @), `account_id` the platform's own id; at least one is given. `others` are further campaigns that want
    it.
    """

    campaign_id: str
    since: datetime
    handle: str | None = None
    account_id: str | None = None
    until: datetime | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """Read one post's counters.

    `alias` is any name that the platform's connector gave the post (its `parse_post_url`), most often the
    post's id. `handle`, `account_id` and `created_at` are what is known of it, for platforms that show
    others' posts only through their account. `others` are further campaigns that want it.
    """

    campaign_id: str
    alias: str
    handle: str | None = None
    account_id: str | None = None
    created_at: datetime | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccountDays:
    """Read what the platform itself tells of an account per day, from `first_day` to `last_day` inclusive.

    The days are those of the platform's calendar. Named as in `Walk`. `is_ours` is False of an account that
    campaigns have on other sides than their own alone: what only its owner is given is not missed of it.
    """

    campaign_id: str
    first_day: date
    last_day: date
    handle: str | None = None
    account_id: str | None = None
    is_ours: bool = True


@dataclass(frozen=True)
class PostDays:
    """Read what the platform itself tells of a post per day, from `first_day` to `last_day` inclusive.

    The days are those of the platform's calendar; the first may lie before the post's first day there, which
    `created_at` tells. `alias` and `account_id` as in `Wanted`.
    """

    campaign_id: str
    alias: str
    first_day: date
    last_day: date
    account_id: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Mentions:
    """Read how often a hashtag (`subject` without #) or a site (`subject` is its address) is mentioned or
    shared, per day where the platform tells it, from `first_day` to `last_day` inclusive (UTC).
    """

    campaign_id: str
    kind: Literal["hashtag", "site"]
    subject: str
    first_day: date
    last_day: date


@dataclass(frozen=True)
class AudienceReach:
    """Read how many people of an audience advertising reached in a window, and how large the audience is.

    `targeting` (the audience) and `filtering` (which advertisements; empty for all of the account) are
    canonical JSON, sent as they are; `breakdown` is empty, `age`, `gender` or `region`. The days are those of
    the ad account, inclusive.
    """

    campaign_id: str
    ad_account: str
    targeting: str
    filtering: str
    breakdown: str
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Ask:
    """Everything that one run asks of one platform. Posts that a walk already showed are not asked again;
    what a platform does not offer is left out without a word.
    """

    platform: str
    walks: tuple[Walk, ...] = ()
    posts: tuple[Wanted, ...] = ()
    days: tuple[AccountDays, ...] = ()
    mentions: tuple[Mentions, ...] = ()
    audiences: tuple[AudienceReach, ...] = ()
    post_days: tuple[PostDays, ...] = ()

    def __bool__(self) -> bool:
        return any((self.walks, self.posts, self.days, self.mentions, self.audiences, self.post_days))

    @property
    def campaign_id(self) -> str:
        """The first campaign that asks, for what is asked on behalf of all; empty where nothing is asked."""
        parts = (self.walks, self.posts, self.days, self.mentions, self.audiences, self.post_days)
        return next((one.campaign_id for part in parts for one in part), "")


def in_parts(things: list[_Thing], size: int) -> Iterator[list[_Thing]]:
    """The ids or questions, as many to a request as the platform takes."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
