"""What to ask a platform now: a pure function of the registry, what is known, and a clock.

Nothing here reads a file, the network or the time of day, so every decision can be shown as a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connectors.asking import Ask, Walk, Wanted

if TYPE_CHECKING:
    from flows.registry import Account, Campaign
    from warehouse.known import KnownPost

# How often a post is read, by its age: (younger than, read every). Most of what a post will ever gain comes
# in its first two days; X charges a post once per UTC day, however often it is read.
READ_EVERY = (
    (timedelta(hours=48), timedelta(hours=1)),
    (timedelta(days=14), timedelta(hours=6)),
    (timedelta(days=30), timedelta(days=1)),
)
READ_OLDER_EVERY = timedelta(days=7)

# A schedule that fires a little early still reads.
EARLY = timedelta(minutes=5)

# A campaign's posts go on gaining after its last day; this long they are read.
AFTERMATH = timedelta(days=30)

# Listings are walked at least this far back: the hourly readings of young posts come from them, and a post
# that was published late, or listed late, is found.
OVERLAP = timedelta(days=2)

# A deleted post may come back (a suspension lifted, a page unpublished for an evening). One that an asset
# lists is looked for as long as it is listed: it may have been listed ahead of its time.
GONE_ASKED_EVERY = timedelta(days=1)
GONE_ASKED_FOR = timedelta(days=3)
GONE_LISTED_ASKED_EVERY = timedelta(days=7)


def begins_at(campaign: Campaign) -> datetime:
    """The local midnight that begins the campaign's first day, in UTC."""
    return _midnight(campaign.starts, campaign.timezone)


def idle_after(campaign: Campaign) -> datetime:
    """The local midnight after which the campaign's posts are no longer read, in UTC."""
    return _midnight(campaign.ends + AFTERMATH + timedelta(days=1), campaign.timezone)


def idle_reason(campaign: Campaign, clock: datetime) -> str | None:
    """Why nothing is asked for this campaign at `clock`; None while it is active."""
    if clock < begins_at(campaign):
        return f"{campaign.id} has not begun: it starts on {campaign.starts} ({campaign.timezone})"
    if clock >= idle_after(campaign):
        last = campaign.ends + AFTERMATH
        return f"{campaign.id} ended on {campaign.ends} and its posts were read until {last}"
    return None


def is_due(created_at: datetime | None, last_seen_at: datetime | None, clock: datetime) -> bool:
    """Whether a post of that age, last read then, is read again at `clock`. What is unknown is due."""
    if created_at is None or last_seen_at is None:
        return True
    age = clock - created_at
    every = next((every for younger, every in READ_EVERY if age < younger), READ_OLDER_EVERY)
    return clock - last_seen_at >= every - EARLY


def is_gone_due(
    gone_at: datetime | None, last_seen_at: datetime | None, clock: datetime, *, is_listed: bool
) -> bool:
    """Whether a post that the platform does not show is asked again at `clock`. What is unknown is due.

    `gone_at` is when the platform last said so, `last_seen_at` when it last showed the post; None when it
    never did. Daily for three days after it was last seen; then weekly while an asset lists it, else never. A
    listed post that was never seen at all is asked daily.
    """
    if gone_at is None:
        return True
    if last_seen_at is None:
        every = GONE_ASKED_EVERY if is_listed else None
    elif clock - last_seen_at < GONE_ASKED_FOR:
        every = GONE_ASKED_EVERY
    else:
        every = GONE_LISTED_ASKED_EVERY if is_listed else None
    return every is not None and clock - gone_at >= every - EARLY


def plan(
    campaigns: Iterable[Campaign],
    known: Iterable[KnownPost],
    clock: datetime,
    platform: str,
    everything: bool,
) -> Ask:
    """What one run asks of `platform` at `clock` (aware); `everything` ignores due-ness and activity.

    The order of `known` does not matter. Posts are named by their id where it is known, else by the alias
    that the registry gives them; no post is named twice, and no account is walked twice.
    """
    asked = [campaign for campaign in campaigns if everything or idle_reason(campaign, clock) is None]
    knowledge = _Knowledge(platform, known)
    return Ask(
        platform=platform,
        walks=tuple(_walks(asked, knowledge, clock, everything)),
        posts=tuple(_wanted(asked, knowledge, clock, everything)),
    )


class _Knowledge:
    """What is known of one platform's posts, by the names that the registry may use for them."""

    def __init__(self, platform: str, known: Iterable[KnownPost]) -> None:
        self.platform = platform
        self.posts: dict[str, KnownPost] = {}
        for post in sorted((post for post in known if post.platform == platform), key=_oldest_first):
            self.posts.setdefault(post.post_id, post)
        self._by_alias: dict[str, KnownPost] = {}
        # A name under which a post was refused may be another name of one that was seen since.
        for post in sorted(self.posts.values(), key=lambda post: post.last_seen_at is None):
            for alias in post.aliases:
                self._by_alias.setdefault(alias, post)
        # The registry mostly names accounts by handle; posts belong to the platform's id of the account.
        self._account_ids: dict[str, str] = {}
        self._newest: dict[str, datetime] = {}
        for post in self.posts.values():
            if post.account_id is None:
                continue
            if post.handle is not None:
                self._account_ids[post.handle.casefold()] = post.account_id
            if post.created_at is not None:
                newest = self._newest.get(post.account_id, post.created_at)
                self._newest[post.account_id] = max(newest, post.created_at)

    def post(self, alias: str) -> KnownPost | None:
        by_id = self.posts.get(alias)
        if by_id is not None and by_id.last_seen_at is not None:
            return by_id
        return self._by_alias.get(alias, by_id)

    def identity(self, account: Account) -> str:
        """One name per account, however the registry names it; an @ marks a handle whose id is unknown."""
        if account.id is not None:
            return account.id
        handle = (account.handle or "").casefold()
        return self._account_ids.get(handle, f"@{handle}")

    def newest_of(self, identity: str) -> datetime | None:
        return self._newest.get(identity)


def _oldest_first(post: KnownPost) -> tuple[object, ...]:
    unknown = datetime.min.replace(tzinfo=UTC)
    last_seen_at = post.last_seen_at or unknown
    return (
        post.created_at or unknown,
        post.post_id,
        last_seen_at,
        post.aliases,
        post.is_gone,
        post.gone_at or unknown,
        post.account_id or "",
        post.handle or "",
    )


def _walks(
    campaigns: Iterable[Campaign], knowledge: _Knowledge, clock: datetime, everything: bool
) -> Iterable[Walk]:
    walks: dict[str, Walk] = {}
    for campaign in campaigns:
        beginning = begins_at(campaign)
        if beginning > clock:
            continue  # `everything` also names campaigns to come; platforms refuse a listing from the future.
        for account in campaign.accounts:
            if account.platform != knowledge.platform or not account.watch:
                continue
            identity = knowledge.identity(account)
            newest = knowledge.newest_of(identity)
            if everything or newest is None:
                since = beginning
            else:
                since = max(beginning, min(newest, clock) - OVERLAP)
            walk = Walk(campaign.id, since, handle=account.handle, account_id=account.id)
            walks[identity] = _joined(walks[identity], walk) if identity in walks else walk
    return walks.values()


def _joined(first: Walk, second: Walk) -> Walk:
    """Two campaigns watch one account: one walk, from the earlier moment, under that campaign's name."""
    earlier, later = (second, first) if second.since < first.since else (first, second)
    return replace(
        earlier,
        handle=earlier.handle or later.handle,
        account_id=earlier.account_id or later.account_id,
    )


def _wanted(
    campaigns: list[Campaign], knowledge: _Knowledge, clock: datetime, everything: bool
) -> Iterable[Wanted]:
    wanted: dict[str, Wanted] = {}
    for campaign_id, alias, post in _listed(campaigns, knowledge):
        name = alias if post is None else post.post_id
        if name not in wanted and (everything or _is_post_due(post, clock, is_listed=True)):
            wanted[name] = Wanted(campaign_id, name)
    for campaign_id, post in _posts_of_accounts(campaigns, knowledge):
        if post.post_id not in wanted and (everything or _is_post_due(post, clock, is_listed=False)):
            wanted[post.post_id] = Wanted(campaign_id, post.post_id)
    return wanted.values()


def _is_post_due(post: KnownPost | None, clock: datetime, *, is_listed: bool) -> bool:
    if post is None:
        return True
    if post.is_gone:
        return is_gone_due(post.gone_at, post.last_seen_at, clock, is_listed=is_listed)
    return is_due(post.created_at, post.last_seen_at, clock)


def _listed(
    campaigns: Iterable[Campaign], knowledge: _Knowledge
) -> Iterator[tuple[str, str, KnownPost | None]]:
    for campaign in campaigns:
        for asset in campaign.assets:
            for reference in asset.posts:
                if reference.platform == knowledge.platform:
                    yield campaign.id, reference.alias, knowledge.post(reference.alias)


def _posts_of_accounts(
    campaigns: Iterable[Campaign], knowledge: _Knowledge
) -> Iterator[tuple[str, KnownPost]]:
    """Known posts of the campaigns' accounts that are not older than a campaign that names the account."""
    accounts = [
        (knowledge.identity(account), begins_at(campaign), campaign.id)
        for campaign in campaigns
        for account in campaign.accounts
        if account.platform == knowledge.platform
    ]
    for post in knowledge.posts.values():
        for identity, beginning, campaign_id in accounts:
            if post.account_id == identity and (post.created_at is None or post.created_at >= beginning):
                yield campaign_id, post
                break


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
