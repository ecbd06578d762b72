"""What to ask a platform now: a pure function of the registry, what is known, and a clock.

Nothing here reads a file, the network or the time of day, so every decision can be shown as a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from connectors.asking import AccountDays, Ask, AudienceReach, Mentions, PostDays, Walk, Wanted
from flows.collecting.walked import Walked, walked_of

if TYPE_CHECKING:
    from flows.registry import Account, Asset, Cadence, Campaign
    from warehouse.known import KnownPost, KnownSubject

# By age: how often a post is read, (younger than, read every). Most of what a post will ever gain comes in
# its first two days.
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
# At the daily cadence that is done once a day; in between only what is new is looked for, and what was listed
# a little late.
SHORT_OVERLAP = timedelta(hours=1)

# A deleted post may come back: a suspension lifted, a page unpublished for an evening. Refused on so many
# days, it is taken for gone. One that an asset lists is asked on, weekly; it may have been listed ahead of
# its time, so that is given up only when it had been there once, or the campaign is over. What is given up is
# asked again at long intervals, and as soon as another post of its account has come back.
CONFIRMED = 3
CONFIRMED_LISTED = 8
GONE_ASKED_EVERY = timedelta(days=1)
GONE_LISTED_ASKED_EVERY = timedelta(days=7)
GIVEN_UP_ASKED_EVERY = timedelta(days=30)

# What platforms themselves tell per day is brought up to date by and by, and restated for some days.
ACCOUNT_DAYS_EVERY = timedelta(hours=6)
CHARGED_ACCOUNT_DAYS_EVERY = timedelta(days=1)
ACCOUNT_DAYS_RESTATED = 3
# Page insights answer for ninety days at a time.
ACCOUNT_DAYS_AT_MOST = 90
_AT_MOST = timedelta(days=ACCOUNT_DAYS_AT_MOST - 1)
# A post has its days from the platform from its first one on, until so many are final: by then hardly anybody
# looks. Of one that is older when it is first known, what is final is asked once, two years back at most.
POST_DAYS_EVERY = timedelta(hours=6)
POST_DAYS_KEPT_UP = timedelta(days=60)
POST_DAYS_AT_MOST = timedelta(days=730)
_RESTATED = timedelta(days=ACCOUNT_DAYS_RESTATED)
MENTIONS_RESTATED = 1
# Mentions count inside the campaign only; so long after it they are asked, for a week is as far back as X
# counts for everybody.
MENTIONS_AFTERMATH = timedelta(days=7)
# A site has only lifetime counters on some platforms, whose days come from reading them often; a hashtag has
# its days from the platform.
MENTIONS_EVERY: dict[Literal["hashtag", "site"], timedelta] = {
    "site": timedelta(hours=3),
    "hashtag": timedelta(hours=6),
}


@dataclass(frozen=True)
class Offer:
    """What a platform gives beyond listings and posts, by what its connector declares.

    `is_charged`: reading costs money, by resource and UTC day (`PRICES`). `account_days` (`ACCOUNT_DAYS`),
    `post_days` (`POST_DAYS`, of posts that carry a video or an image), `mentions` (`MENTIONS`, the kinds of
    subjects) and `audiences` (`AUDIENCES`) are what `collect` can do with the parts of an `Ask` of that name.
    """

    is_charged: bool = False
    account_days: bool = False
    mentions: tuple[str, ...] = ()
    audiences: bool = False
    post_days: bool = False

    @classmethod
    def of(cls, connector: ModuleType) -> Offer:
        return cls(
            is_charged=hasattr(connector, "PRICES"),
            account_days=bool(getattr(connector, "ACCOUNT_DAYS", False)),
            mentions=tuple(getattr(connector, "MENTIONS", ())),
            audiences=bool(getattr(connector, "AUDIENCES", False)),
            post_days=bool(getattr(connector, "POST_DAYS", False)),
        )


def cadence_of(campaign: Campaign, platform: str, offer: Offer) -> Cadence:
    """How often the campaign's posts are read: as the registry says, else daily where reading is charged by
    the day, and by age elsewhere."""
    return campaign.cadence.get(platform) or ("daily" if offer.is_charged else "by age")


def begins_at(campaign: Campaign) -> datetime:
    """The local midnight that begins the campaign's first day, in UTC."""
    return midnight_of(campaign.starts, campaign.timezone)


def idle_after(campaign: Campaign) -> datetime:
    """The local midnight after which the campaign's posts are no longer read, in UTC."""
    return midnight_of(campaign.ends + AFTERMATH + timedelta(days=1), campaign.timezone)


def idle_reason(campaign: Campaign, clock: datetime) -> str | None:
    """Why nothing is asked for this campaign at `clock`; None while it is active."""
    if clock < begins_at(campaign):
        return f"{campaign.id} has not begun: it starts on {campaign.starts} ({campaign.timezone})"
    if clock >= idle_after(campaign):
        last = campaign.ends + AFTERMATH
        return f"{campaign.id} ended on {campaign.ends} and its posts were read until {last}"
    return None


def is_over(campaign: Campaign, clock: datetime) -> bool:
    """Whether the campaign's last local day has ended."""
    return clock >= midnight_of(campaign.ends + timedelta(days=1), campaign.timezone)


def is_due(created_at: datetime | None, last_seen_at: datetime | None, clock: datetime) -> bool:
    """Whether a post of that age, last read then, is read again at `clock`, by age. What is unknown is
    due."""
    if created_at is None or last_seen_at is None:
        return True
    age = clock - created_at
    every = next((every for younger, every in READ_EVERY if age < younger), READ_OLDER_EVERY)
    return clock - last_seen_at >= every - EARLY


def is_due_today(last_seen_at: datetime | None, clock: datetime, zone: str) -> bool:
    """Whether what was last read then was not read on the local day of `clock` yet. The first run after
    midnight reads, so that the day before is whole."""
    return last_seen_at is None or last_seen_at < midnight_before(clock, zone)


def is_gone_due(
    gone_at: datetime | None,
    last_seen_at: datetime | None,
    refusals: int,
    clock: datetime,
    *,
    is_listed: bool,
    is_campaign_over: bool,
    is_account_back: bool = False,
) -> bool:
    """Whether a post that the platform does not show is asked again at `clock`. What is unknown is due.

    `gone_at` is when the platform last said so, `last_seen_at` when it last showed the post; None when it
    never did. `refusals` is on how many days it has said so since. Daily until it is confirmed; then weekly
    while an asset lists it, until that is confirmed too; then monthly. `is_account_back` means that the
    account was away with all its posts: then at once, as when nothing was confirmed.
    """
    if gone_at is None:
        return True
    if not is_listed and last_seen_at is None:
        return False
    if refusals < CONFIRMED or is_account_back:
        every = GONE_ASKED_EVERY
    elif is_listed and (refusals < CONFIRMED_LISTED or (last_seen_at is None and not is_campaign_over)):
        every = GONE_LISTED_ASKED_EVERY
    else:
        every = GIVEN_UP_ASKED_EVERY
    return clock - gone_at >= every - EARLY


def plan(
    campaigns: Iterable[Campaign],
    known: Iterable[KnownPost],
    clock: datetime,
    platform: str,
    everything: bool,
    *,
    subjects: Iterable[KnownSubject] = (),
    walked: Mapping[str, Walked] | None = None,
    attempts: Mapping[tuple[str, str], datetime] | None = None,
    offer: Offer = Offer(),
) -> Ask:
    """What one run asks of `platform` at `clock` (aware); `everything` ignores due-ness and activity.

    `walked` is the record of listings that came to their ends (`flows.collecting.walked`): an account without
    one is walked from the campaign's beginning. Where reading is charged, one that was listed only in part is
    walked twice: what is new since, and what is older than that part. The order of `known` and `subjects`
    does not matter. `attempts` is when subjects were asked for last, told of or not
    (`flows.collecting.attempts`). Posts are named by their id where it is known, else by the alias that the
    registry gives them; no post is named twice, and no part of an account is walked twice.
    """
    asked = [campaign for campaign in campaigns if everything or idle_reason(campaign, clock) is None]
    moment = Moment(platform, clock, everything, offer)
    knowledge = Knowledge(platform, known)
    told = _Told(platform, subjects, attempts or {}, clock)
    return Ask(
        platform=platform,
        walks=tuple(_walks(asked, knowledge, walked or {}, moment)),
        posts=tuple(_wanted(asked, knowledge, moment)),
        days=tuple(_account_days(asked, knowledge, told, moment)) if offer.account_days else (),
        mentions=tuple(_mentions(asked, told, moment)),
        audiences=tuple(_audiences(asked, told, moment)) if offer.audiences else (),
        post_days=tuple(_post_days(asked, knowledge, told, moment)) if offer.post_days else (),
    )


@dataclass(frozen=True)
class Moment:
    """What a run is planned for."""

    platform: str
    clock: datetime
    everything: bool
    offer: Offer

    def cadence_of(self, campaign: Campaign) -> Cadence:
        return cadence_of(campaign, self.platform, self.offer)


class Knowledge:
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
        self._seen: dict[str, datetime] = {}
        self._away: dict[str, datetime] = {}
        for post in self.posts.values():
            if post.account_id is None:
                continue
            if (
                post.gone_at is not None
                and post.last_seen_at is not None
                and post.gone_at < post.last_seen_at
            ):
                away = self._away.get(post.account_id, post.gone_at)
                self._away[post.account_id] = max(away, post.gone_at)
            if post.last_seen_at is not None:
                seen = self._seen.get(post.account_id, post.last_seen_at)
                self._seen[post.account_id] = max(seen, post.last_seen_at)
            if post.handle is not None:
                self._account_ids[post.handle.casefold()] = post.account_id
            if post.created_at is not None:
                newest = self._newest.get(post.account_id, post.created_at)
                self._newest[post.account_id] = max(newest, post.created_at)

    def post(self, alias: str) -> KnownPost | None:
        by_id = self.posts.get(alias)
        if by_id is not None and by_id.last_seen_at is not None:
            return by_id
        return self._by_alias.get(alias) or by_id or self._of_account(alias)

    def _of_account(self, alias: str) -> KnownPost | None:
        """The post of an alias that is the account's handle and a number: a post that was never shown is
        known only as it was asked for, by the ids of both."""
        handle, slash, number = alias.rpartition("/")
        account_id = self._account_ids.get(handle.casefold()) if slash else None
        return None if account_id is None else self.posts.get(f"{account_id}_{number}")

    def identity(self, account: Account) -> str:
        """One name per account, however the registry names it; an @ marks a handle whose id is unknown."""
        if account.id is not None:
            return account.id
        handle = (account.handle or "").casefold()
        return self._account_ids.get(handle, f"@{handle}")

    def newest_of(self, identity: str) -> datetime | None:
        """When the newest known post of the account was made."""
        return self._newest.get(identity)

    def seen_of(self, identity: str) -> datetime | None:
        """When any post of the account was read last."""
        return self._seen.get(identity)

    def is_account_back(self, post: KnownPost) -> bool:
        """Whether another post of the account, refused when this one was refused last or later, has been
        shown since: the account was away and is back, perhaps with this post. Not so for a post that was
        deleted while its account stayed, nor for one that was refused again after the return.
        """
        away = self._away.get(post.account_id or "")
        return away is not None and post.gone_at is not None and post.gone_at <= away + GONE_ASKED_EVERY


class _Told:
    """What one platform has told of days of accounts and posts, hashtags, sites and audiences, and when it
    was asked."""

    def __init__(
        self,
        platform: str,
        subjects: Iterable[KnownSubject],
        attempts: Mapping[tuple[str, str], datetime],
        clock: datetime,
    ) -> None:
        # A run that was planned for the future says nothing about the present.
        self._attempts = {subject: moment for subject, moment in attempts.items() if moment <= clock}
        self._seen: dict[tuple[str, str], datetime] = {}
        self._whole: dict[tuple[str, str], date] = {}
        self._newest: dict[str, datetime] = {}
        for subject in subjects:
            if subject.platform == platform:
                kind, key = subject.object_type, (subject.object_type, subject.object_id)
                self._seen[key] = max(self._seen.get(key, subject.seen_at), subject.seen_at)
                self._newest[kind] = max(self._newest.get(kind, subject.seen_at), subject.seen_at)
                if subject.whole_until is not None:
                    self._whole[key] = max(self._whole.get(key, subject.whole_until), subject.whole_until)

    def seen_at(self, object_type: str, *names: str) -> datetime | None:
        return max(
            (self._seen[key] for name in names if (key := (object_type, name)) in self._seen), default=None
        )

    def asked_at(self, object_type: str, *names: str) -> datetime | None:
        """When it was told or asked for last; None when neither is known."""
        asked = (self._attempts.get((object_type, name)) for name in names)
        moments = [moment for moment in (self.seen_at(object_type, *names), *asked) if moment is not None]
        return max(moments, default=None)

    def tried_at(self, object_type: str, *names: str) -> datetime | None:
        """As `asked_at`; of what was never told or asked for, when anything of its kind was told. They are
        asked together."""
        return self.asked_at(object_type, *names) or self._newest.get(object_type)

    def whole_until(self, object_type: str, *names: str) -> date | None:
        """The last day that the platform has told as over."""
        return max(
            (self._whole[key] for name in names if (key := (object_type, name)) in self._whole), default=None
        )


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
    campaigns: Iterable[Campaign], knowledge: Knowledge, walked: Mapping[str, Walked], moment: Moment
) -> Iterable[Walk]:
    walks: dict[str, Walk] = {}
    backlogs: dict[str, Walk] = {}
    for campaign, account, identity in watched(campaigns, knowledge, moment):
        beginning = begins_at(campaign)
        newest = knowledge.newest_of(identity)
        covered = walked_of(walked, account)
        if moment.everything or covered is None:
            since = beginning
        elif covered.since > beginning and moment.offer.is_charged:
            # Listing again what was listed would use up what the older posts are to be paid from.
            since = max(covered.since, min(covered.until, moment.clock) - SHORT_OVERLAP)
            older = Walk(campaign.id, beginning, account.handle, account.id, until=covered.since)
            backlogs[identity] = _joined(backlogs[identity], older) if identity in backlogs else older
        elif newest is None or covered.since > beginning:
            since = beginning
        else:
            is_short = moment.cadence_of(campaign) == "daily" and not is_due_today(
                knowledge.seen_of(identity), moment.clock, campaign.timezone
            )
            overlap = SHORT_OVERLAP if is_short else OVERLAP
            since = max(beginning, min(newest, covered.until, moment.clock) - overlap)
        walk = Walk(campaign.id, since, handle=account.handle, account_id=account.id)
        walks[identity] = _joined(walks[identity], walk) if identity in walks else walk
    # What one campaign lists whole, another does not ask for again in parts.
    return [
        *walks.values(),
        *(walk for identity, walk in backlogs.items() if walk.since < walks[identity].since),
    ]


def watched(
    campaigns: Iterable[Campaign], knowledge: Knowledge, moment: Moment
) -> Iterator[tuple[Campaign, Account, str]]:
    """The watched accounts of campaigns that have begun, each with its identity."""
    for campaign in campaigns:
        # `everything` also names campaigns to come; platforms refuse a listing from the future.
        if begins_at(campaign) <= moment.clock:
            for account in campaign.accounts:
                if account.platform == moment.platform and account.watch:
                    yield campaign, account, knowledge.identity(account)


def _joined(first: Walk, second: Walk) -> Walk:
    """Two campaigns watch one account: one walk, from the earlier moment, under that campaign's name."""
    earlier, later = (second, first) if second.since < first.since else (first, second)
    return replace(
        earlier,
        handle=earlier.handle or later.handle,
        account_id=earlier.account_id or later.account_id,
        others=_without(earlier.campaign_id, *earlier.others, later.campaign_id, *later.others),
        until=None if earlier.until is None or later.until is None else max(earlier.until, later.until),
    )


def _without(campaign_id: str, *others: str) -> tuple[str, ...]:
    """The other campaigns, each once."""
    return tuple(one for one in dict.fromkeys(others) if one != campaign_id)


def _wanted(campaigns: list[Campaign], knowledge: Knowledge, moment: Moment) -> Iterable[Wanted]:
    wanted: dict[str, Wanted] = {}
    for campaign, alias, post in listed(campaigns, knowledge):
        name = alias if post is None else post.post_id
        if name in wanted:
            wanted[name] = _wanted_too(wanted[name], campaign)
        elif _is_post_due(post, campaign, knowledge, moment, is_listed=True):
            wanted[name] = _as_known(campaign, name, post)
    found = list(posts_of_accounts(campaigns, knowledge))
    if moment.offer.is_charged:
        # A budget may end in the middle: then another post's turn comes the next time.
        found.sort(key=lambda each: each[2].last_seen_at or datetime.min.replace(tzinfo=UTC))
    for campaign, account, post in found:
        if post.post_id in wanted:
            wanted[post.post_id] = _wanted_too(wanted[post.post_id], campaign)
        elif _is_post_due(post, campaign, knowledge, moment, is_listed=False):
            one = _as_known(campaign, post.post_id, post)
            wanted[post.post_id] = replace(one, handle=one.handle or account.handle)
    return wanted.values()


def _wanted_too(one: Wanted, campaign: Campaign) -> Wanted:
    return replace(one, others=_without(one.campaign_id, *one.others, campaign.id))


def _as_known(campaign: Campaign, name: str, post: KnownPost | None) -> Wanted:
    if post is None:
        return Wanted(campaign.id, name)
    return Wanted(
        campaign.id, name, handle=post.handle, account_id=post.account_id, created_at=post.created_at
    )


def _is_post_due(
    post: KnownPost | None, campaign: Campaign, knowledge: Knowledge, moment: Moment, *, is_listed: bool
) -> bool:
    if moment.everything or post is None:
        return True
    if post.is_gone:
        return is_gone_due(
            post.gone_at,
            post.last_seen_at,
            post.refusals,
            moment.clock,
            is_listed=is_listed,
            is_campaign_over=is_over(campaign, moment.clock),
            is_account_back=knowledge.is_account_back(post),
        )
    if moment.cadence_of(campaign) == "daily":
        return is_due_today(post.last_seen_at, moment.clock, campaign.timezone)
    return is_due(post.created_at, post.last_seen_at, moment.clock)


def listed(
    campaigns: Iterable[Campaign], knowledge: Knowledge
) -> Iterator[tuple[Campaign, str, KnownPost | None]]:
    for campaign in campaigns:
        for asset in campaign.assets:
            for reference in asset.posts:
                if reference.platform == knowledge.platform:
                    yield campaign, reference.alias, knowledge.post(reference.alias)


def posts_of_accounts(
    campaigns: Iterable[Campaign], knowledge: Knowledge
) -> Iterator[tuple[Campaign, Account, KnownPost]]:
    """Known posts of the campaigns' accounts that are not older than the campaign that names the account, nor
    ignored by it."""
    accounts: dict[str, list[tuple[Campaign, Account, datetime]]] = {}
    for campaign in campaigns:
        for account in campaign.accounts:
            if account.platform == knowledge.platform:
                identity = knowledge.identity(account)
                accounts.setdefault(identity, []).append((campaign, account, begins_at(campaign)))
    ignored = {
        (campaign.id, reference.alias)
        for campaign in campaigns
        for reference in campaign.ignored
        if reference.platform == knowledge.platform
    }
    for post in knowledge.posts.values():
        for campaign, account, beginning in accounts.get(post.account_id or "", ()):
            if any((campaign.id, name) in ignored for name in (post.post_id, *post.aliases)):
                continue
            if post.created_at is None or post.created_at >= beginning:
                yield campaign, account, post


def _account_days(
    campaigns: Iterable[Campaign], knowledge: Knowledge, told: _Told, moment: Moment
) -> Iterable[AccountDays]:
    asked: dict[str, AccountDays] = {}
    for campaign, account, identity in watched(campaigns, knowledge, moment):
        # What nobody would pay for: the days of a rival's account are a cross-check at best.
        if moment.offer.is_charged and not is_ours(campaign, account):
            continue
        # Where nothing in an answer tells the id, the account is known by its handle.
        called = (identity, f"@{(account.handle or '').casefold()}")
        every = CHARGED_ACCOUNT_DAYS_EVERY if moment.offer.is_charged else ACCOUNT_DAYS_EVERY
        if not _is_told_due(told.tried_at("account", *called), every, moment):
            continue
        first, last = _days(campaign, moment, AFTERMATH)
        whole = told.whole_until("account", *called)
        if whole is not None and not moment.everything:
            first = max(first, whole + timedelta(days=1 - ACCOUNT_DAYS_RESTATED))
        first = max(first, last - _AT_MOST)
        if first > last:
            continue
        days = AccountDays(
            campaign.id, first, last, account.handle, account.id, is_ours=is_ours(campaign, account)
        )
        before = asked.setdefault(identity, days)
        asked[identity] = replace(
            before,
            first_day=max(min(before.first_day, first), max(before.last_day, last) - _AT_MOST),
            last_day=max(before.last_day, last),
            handle=before.handle or account.handle,
            account_id=before.account_id or account.id,
            is_ours=before.is_ours or days.is_ours,
        )
    return asked.values()


def _post_days(
    campaigns: Iterable[Campaign], knowledge: Knowledge, told: _Told, moment: Moment
) -> Iterable[PostDays]:
    campaigns = list(campaigns)
    posts = [(campaign, post) for campaign, _, post in listed(campaigns, knowledge)]
    posts += [(campaign, post) for campaign, _, post in posts_of_accounts(campaigns, knowledge)]
    asked: dict[str, PostDays] = {}
    for campaign, post in posts:
        if post is None or post.is_gone or not post.has_media or post.created_at is None:
            continue
        # A calendar that ends its days later than UTC is a day behind at most.
        born = post.created_at.astimezone(UTC).date() - timedelta(days=1)
        whole = None if moment.everything else told.whole_until("post", post.post_id)
        today = moment.clock.astimezone(UTC).date()
        if today <= born + POST_DAYS_KEPT_UP + _RESTATED:
            last, every = min(today, born + POST_DAYS_KEPT_UP), POST_DAYS_EVERY
        elif whole is None or whole < born + POST_DAYS_KEPT_UP:
            last, every = today - _RESTATED, READ_OLDER_EVERY
        else:
            continue
        if not _is_told_due(told.asked_at("post", post.post_id), every, moment):
            continue
        last = min(last, campaign.ends + AFTERMATH)
        first = max(born, last - POST_DAYS_AT_MOST)
        if whole is not None:
            first = max(first, whole + timedelta(days=1) - _RESTATED)
        if first > last:
            continue
        days = PostDays(campaign.id, post.post_id, first, last, post.account_id, post.created_at)
        before = asked.setdefault(post.post_id, days)
        asked[post.post_id] = replace(
            before, first_day=min(before.first_day, first), last_day=max(before.last_day, last)
        )
    return asked.values()


def is_ours(campaign: Campaign, account: Account) -> bool:
    return any(side.id == account.side and side.ours for side in campaign.sides)


def _mentions(campaigns: Iterable[Campaign], told: _Told, moment: Moment) -> Iterable[Mentions]:
    asked: dict[tuple[str, str], Mentions] = {}
    for campaign in campaigns:
        first_day, last_day = _days(campaign, moment, MENTIONS_AFTERMATH)
        if last_day == campaign.ends + MENTIONS_AFTERMATH and not moment.everything:
            continue
        for asset in campaign.assets:
            for kind, subject, object_id in subjects_of(asset):
                if kind not in moment.offer.mentions:
                    continue
                if not _is_told_due(told.tried_at(kind, object_id), MENTIONS_EVERY[kind], moment):
                    continue
                first = first_day
                whole = told.whole_until(kind, object_id)
                if whole is not None and not moment.everything:
                    first = max(first, whole - timedelta(days=MENTIONS_RESTATED))
                if first > last_day:
                    continue
                before = asked.setdefault(
                    (kind, object_id), Mentions(campaign.id, kind, subject, first, last_day)
                )
                asked[kind, object_id] = replace(
                    before, first_day=min(before.first_day, first), last_day=max(before.last_day, last_day)
                )
    return asked.values()


def subjects_of(asset: Asset) -> Iterator[tuple[Literal["hashtag", "site"], str, str]]:
    """What of the asset can be mentioned: its kind, the subject to ask for, and the name under which the
    answers are known."""
    if asset.kind == "hashtag" and asset.hashtag:
        yield "hashtag", asset.hashtag, f"#{asset.hashtag.lower()}"
    elif asset.kind == "site" and asset.url:
        yield "site", asset.url, asset.url


def _audiences(campaigns: Iterable[Campaign], told: _Told, moment: Moment) -> Iterable[AudienceReach]:
    asked: dict[AudienceReach, None] = {}
    for campaign in campaigns:
        today = moment.clock.astimezone(ZoneInfo(campaign.timezone)).date()
        last = min(today - timedelta(days=1), campaign.ends)
        for audience in campaign.audiences:
            if audience.platform != moment.platform or last < campaign.starts:
                continue
            estimate = ("audience", f"{audience.ad_account}?{audience.targeting}")
            reached = ("advertising", f"{audience.ad_account}?{audience.filtering}")
            asked_at = [told.asked_at(*estimate)]
            # Reach has no figure before the first advertisement ran.
            if told.seen_at(*reached) is not None:
                asked_at.append(told.asked_at(*reached))
            if moment.everything or any(is_due_today(at, moment.clock, campaign.timezone) for at in asked_at):
                reach = AudienceReach(
                    campaign_id=campaign.id,
                    ad_account=audience.ad_account,
                    targeting=audience.targeting,
                    filtering=audience.filtering,
                    breakdown=audience.breakdown,
                    first_day=campaign.starts,
                    last_day=last,
                )
                asked[reach] = None
    return asked


def _days(campaign: Campaign, moment: Moment, aftermath: timedelta) -> tuple[date, date]:
    """The days of the platform's calendar, taken for UTC, about which a campaign asks."""
    return campaign.starts, min(moment.clock.astimezone(UTC).date(), campaign.ends + aftermath)


def _is_told_due(seen_at: datetime | None, every: timedelta, moment: Moment) -> bool:
    return moment.everything or seen_at is None or moment.clock - seen_at >= every - EARLY


def midnight_before(clock: datetime, zone: str) -> datetime:
    """The local midnight that begins the day of `clock`, in UTC."""
    return midnight_of(clock.astimezone(ZoneInfo(zone)).date(), zone)


def midnight_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
