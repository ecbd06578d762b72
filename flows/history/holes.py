"""What a backfill asks of a platform: the days of a window that are not known yet, in windows of work.

A pure function of the registry, what is known and has landed, the record of windows asked before, and a
clock. Nothing here reads a file, the network or the time of day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connectors.asking import AccountDays, Ask, Mentions, PostDays, Walk, Wanted
from connectors.history import PARTS, History, Part
from flows.collecting.plan import (
    ACCOUNT_DAYS_EVERY,
    AFTERMATH,
    MENTIONS_AFTERMATH,
    Knowledge,
    Moment,
    Offer,
    begins_at,
    is_ours,
    listed,
    midnight_of,
    posts_of_accounts,
    subjects_of,
    watched,
)
from flows.collecting.walked import Walked, walked_of
from flows.history.windows_asked import Asked, days_between, runs_of
from warehouse.known import KnownPost

if TYPE_CHECKING:
    from flows.registry import Campaign

_ONE = timedelta(days=1)

# How many posts a day a listing is taken to show of an account of which nothing is known.
POSTS_A_DAY = 10.0

Item = Walk | AccountDays | PostDays | Mentions


@dataclass(frozen=True)
class Piece:
    """One subject's stretch of days in a window; `name` as in the readings, days both inclusive.

    `posts` is how many posts asking for it is expected to show or to read; `is_expected` whether the platform
    is expected to tell of the subject at all; `other_names` are names under which it may have been asked for.
    """

    name: str
    first_day: date
    last_day: date
    item: Item
    posts: int = 0
    read_first: tuple[Wanted, ...] = ()
    is_expected: bool = True
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """A unit of work: what is asked of a platform in one turn, and kept or done again as a whole."""

    platform: str
    part: Part
    pieces: tuple[Piece, ...]

    @property
    def first_day(self) -> date:
        return min(piece.first_day for piece in self.pieces)

    @property
    def last_day(self) -> date:
        return max(piece.last_day for piece in self.pieces)

    @property
    def expected(self) -> tuple[Piece, ...]:
        """The pieces of which the platform is expected to tell."""
        return tuple(piece for piece in self.pieces if piece.is_expected)

    @property
    def campaign_id(self) -> str:
        """The campaign that pays for it, if anything is to be paid."""
        return self.pieces[0].item.campaign_id

    @property
    def ask(self) -> Ask:
        """What is asked in it."""
        items = [piece.item for piece in self.pieces]
        return Ask(
            platform=self.platform,
            walks=tuple(item for item in items if isinstance(item, Walk)),
            posts=tuple(dict.fromkeys(one for piece in self.pieces for one in piece.read_first)),
            days=tuple(item for item in items if isinstance(item, AccountDays)),
            post_days=tuple(item for item in items if isinstance(item, PostDays)),
            mentions=tuple(item for item in items if isinstance(item, Mentions)),
        )


@dataclass(frozen=True)
class Span:
    """The local days, both inclusive, that a backfill is to fill."""

    first_day: date
    last_day: date

    def within(self, zone: str, calendar: str) -> tuple[date, date]:
        """The days of a platform's calendar that the span, of the campaign's zone, reaches into."""
        begins, ends = midnight_of(self.first_day, zone), midnight_of(self.last_day + _ONE, zone)
        first = begins.astimezone(ZoneInfo(calendar)).date()
        return first, (ends - timedelta(microseconds=1)).astimezone(ZoneInfo(calendar)).date()


@dataclass(frozen=True)
class Findings:
    """What is known of one platform when a backfill is planned: `posts` (of the warehouse and of what has
    landed since), the `days` told as whole by (object type, name), the listings `walked`, and what was
    `asked` by backfills before.
    """

    posts: Sequence[KnownPost] = ()
    days: Mapping[tuple[str, str], AbstractSet[date]] = field(default_factory=dict)
    walked: Mapping[str, Walked] = field(default_factory=dict)
    asked: Asked = field(default_factory=dict)


def holes(
    campaigns: Iterable[Campaign],
    findings: Findings,
    clock: datetime,
    platform: str,
    span: Span,
    *,
    offer: Offer,
    history: Mapping[Part, History],
    parts: Sequence[Part] = PARTS,
) -> list[Window]:
    """The windows to ask of `platform` at `clock` (aware) so that the days of `span` become known as far as
    the platform tells them, in the order of asking.

    Only days that are over, that the platform still tells of, and that are in a campaign or its aftermath are
    asked; listings also up to now. A part that the connector declares no history of gives none.
    """
    campaigns = list(campaigns)
    knowledge = Knowledge(platform, findings.posts)
    moment = Moment(platform, clock, everything=True, offer=offer)
    seeker = _Seeker(campaigns, knowledge, moment, findings, span)
    found: list[Window] = []
    for part in parts:
        if part in history:
            pieces = list(seeker.pieces(part, history[part]))
            size = history[part].subjects_per_window
            pieces.sort(
                key=lambda piece: (piece.item.campaign_id, piece.first_day, piece.last_day, piece.name)
            )
            found += [Window(platform, part, some) for some in _bundled(pieces, size)]
    return found


def _bundled(pieces: Iterable[Piece], most: int) -> Iterator[tuple[Piece, ...]]:
    """Pieces of one campaign to a window, and of each subject one: a connector asks for an account once."""
    some: list[Piece] = []
    for piece in pieces:
        is_other = bool(some) and piece.item.campaign_id != some[0].item.campaign_id
        if is_other or len(some) >= most or piece.name in {one.name for one in some}:
            yield tuple(some)
            some = []
        some.append(piece)
    if some:
        yield tuple(some)


def reach_of(campaign: Campaign, span: Span, history: History, clock: datetime) -> tuple[date, date] | None:
    """The days of the platform's calendar that can be asked for a campaign; None when there are none."""
    first, last = span.within(campaign.timezone, history.zone)
    today = clock.astimezone(ZoneInfo(history.zone)).date()
    last = min(last, today - _ONE)
    if history.reaches_back is not None:
        first = max(first, today - timedelta(days=history.reaches_back))
    return None if first > last else (first, last)


class _Seeker:
    """Looks for the pieces of each part."""

    def __init__(
        self,
        campaigns: list[Campaign],
        knowledge: Knowledge,
        moment: Moment,
        findings: Findings,
        span: Span,
    ) -> None:
        self._campaigns = campaigns
        self._knowledge = knowledge
        self._moment = moment
        self._findings = findings
        self._span = span

    def pieces(self, part: Part, history: History) -> Iterator[Piece]:
        match part:
            case "walks":
                yield from self._walks(history)
            case "days" if self._moment.offer.account_days:
                yield from self._account_days(history)
            case "post_days" if self._moment.offer.post_days:
                yield from self._post_days(history)
            case "mentions":
                yield from self._mentions(history)

    # -- listings

    def _walks(self, history: History) -> Iterator[Piece]:
        done: dict[str, set[date]] = {}
        for campaign, account, identity in watched(self._campaigns, self._knowledge, self._moment):
            zone, handle = campaign.timezone, (account.handle or "").casefold()
            covered = walked_of(self._findings.walked, account)
            wanted: set[date] = set()
            for day in days_between(*self._inside(campaign, AFTERMATH)):
                begins, ends = midnight_of(day, zone), midnight_of(day + _ONE, zone)
                if begins >= self._moment.clock:
                    break
                is_listed = covered is not None and covered.since <= begins and ends <= covered.until
                names = (identity, f"@{handle}")
                if self._is_hole("walks", history, names, day, is_told=is_listed):
                    wanted.add(day)
            wanted -= done.get(identity, set())
            done.setdefault(identity, set()).update(wanted)
            for first, last in _cut(wanted, history.days_per_window):
                until = midnight_of(last + _ONE, zone)
                walk = Walk(
                    campaign.id,
                    midnight_of(first, zone),
                    account.handle,
                    account.id,
                    None if until >= self._moment.clock else until,
                )
                posts = self._expected(campaign, identity, first, last)
                yield Piece(identity, first, last, walk, posts, other_names=(f"@{handle}",))

    def _expected(self, campaign: Campaign, identity: str, first: date, last: date) -> int:
        """How many posts the account will show of those days, as it posted on the days that are known."""
        made = [
            post.created_at
            for post in self._knowledge.posts.values()
            if post.account_id == identity and post.created_at is not None
        ]
        rate = POSTS_A_DAY
        if made:
            seen = (min(self._moment.clock, max(made) + _ONE) - max(min(made), begins_at(campaign))) / _ONE
            rate = len(made) / max(seen, 1.0)
        return max(1, round(rate * ((last - first).days + 1)))

    # -- days

    def _account_days(self, history: History) -> Iterator[Piece]:
        done: dict[str, set[date]] = {}
        for campaign, account, identity in watched(self._campaigns, self._knowledge, self._moment):
            handle = f"@{(account.handle or '').casefold()}"
            names = (identity, handle)
            told = self._told("account", *names)
            is_expected = not history.is_of_owners or is_ours(campaign, account) or bool(told)
            if not (is_expected or history.leaves_out_others):
                continue
            if self._moment.offer.is_charged and not is_ours(campaign, account):
                continue
            within = self._asked_days(campaign, history, AFTERMATH)
            posts = self._posts_of(campaign, identity) if history.with_posts else []
            wanted = {
                day
                for day in within
                if self._is_hole("days", history, names, day, is_told=day in told)
                or any(self._is_untold(history, post, day, names) for post in posts)
            }
            wanted -= done.get(identity, set())
            done.setdefault(identity, set()).update(wanted)
            for first, last in _cut(wanted, history.days_per_window):
                ours = is_ours(campaign, account)
                days = AccountDays(campaign.id, first, last, account.handle, account.id, is_ours=ours)
                read = tuple(
                    Wanted(
                        campaign.id,
                        post.post_id,
                        post.handle or account.handle,
                        post.account_id,
                        post.created_at,
                    )
                    for post in posts
                    if _born(post, history) <= last
                )
                yield Piece(identity, first, last, days, len(read), read, is_expected, (handle,))

    def _is_untold(self, history: History, post: KnownPost, day: date, names: tuple[str, ...]) -> bool:
        """Whether a day of a post that comes with its account's is still to be asked."""
        is_told = day < _born(post, history) or day in self._told("post", post.post_id)
        return not is_told and self._is_hole("days", history, names, day, is_told=False)

    def _posts_of(self, campaign: Campaign, identity: str) -> list[KnownPost]:
        return [
            post
            for _, _, post in posts_of_accounts([campaign], self._knowledge)
            if post.account_id == identity and not post.is_gone and post.created_at is not None
        ]

    def _post_days(self, history: History) -> Iterator[Piece]:
        owners = {
            identity
            for campaign, account, identity in watched(self._campaigns, self._knowledge, self._moment)
            if is_ours(campaign, account) or self._told("account", identity)
        }
        asked: set[str] = set()
        for campaign in self._campaigns:
            posts = [post for _, _, post in listed([campaign], self._knowledge)]
            posts += [post for _, _, post in posts_of_accounts([campaign], self._knowledge)]
            within = self._asked_days(campaign, history, AFTERMATH)
            for post in posts:
                if post is None or post.post_id in asked or not post.has_media or post.created_at is None:
                    continue
                told = self._told("post", post.post_id)
                is_expected = not history.is_of_owners or post.account_id in owners or bool(told)
                if post.is_gone or not (is_expected or history.leaves_out_others):
                    continue
                asked.add(post.post_id)
                born = _born(post, history)
                wanted = {
                    day
                    for day in within
                    if day >= born
                    and self._is_hole("post_days", history, (post.post_id,), day, is_told=day in told)
                }
                for first, last in _cut(wanted, history.days_per_window):
                    days = PostDays(campaign.id, post.post_id, first, last, post.account_id, post.created_at)
                    yield Piece(post.post_id, first, last, days, is_expected=is_expected)

    def _mentions(self, history: History) -> Iterator[Piece]:
        asked: set[tuple[str, str, date]] = set()
        for campaign in self._campaigns:
            within = self._asked_days(campaign, history, MENTIONS_AFTERMATH)
            for asset in campaign.assets:
                for kind, subject, name in subjects_of(asset):
                    if kind not in self._moment.offer.mentions:
                        continue
                    told = self._told(kind, name)
                    wanted = {
                        day
                        for day in within
                        if (kind, name, day) not in asked
                        and self._is_hole("mentions", history, (name,), day, is_told=day in told)
                    }
                    asked |= {(kind, name, day) for day in wanted}
                    for first, last in _cut(wanted, history.days_per_window):
                        yield Piece(name, first, last, Mentions(campaign.id, kind, subject, first, last))

    # -- what is known

    def _inside(self, campaign: Campaign, aftermath: timedelta) -> tuple[date, date]:
        """The span's days in a campaign and its aftermath; the first after the last where there are none."""
        first = max(self._span.first_day, campaign.starts)
        return first, min(self._span.last_day, campaign.ends + aftermath)

    def _asked_days(self, campaign: Campaign, history: History, aftermath: timedelta) -> list[date]:
        first, last = self._inside(campaign, aftermath)
        if first > last:
            return []
        reach = reach_of(campaign, Span(first, last), history, self._moment.clock)
        return [] if reach is None else days_between(*reach)

    def _told(self, kind: str, *names: str) -> AbstractSet[date]:
        found: set[date] = set()
        for name in names:
            found |= self._findings.days.get((kind, name), frozenset())
        return found

    def _is_hole(
        self, part: Part, history: History, names: Iterable[str], day: date, *, is_told: bool
    ) -> bool:
        """Whether a day is still to be asked. One that was asked to its end is not, once it was told for
        good, nor for some hours; one that was broken off always is; any other when nothing tells it.
        """
        for name in names:
            days = self._findings.asked.get((part, name), {})
            if day in days:
                at = days[day]
                if at is None:
                    return True
                settled = day + timedelta(days=history.settles_after)
                was_final = at.astimezone(ZoneInfo(history.zone)).date() > settled
                if was_final or self._moment.clock - at < ACCOUNT_DAYS_EVERY:
                    return False
        return not is_told


def _born(post: KnownPost, history: History) -> date:
    """The day of the platform's calendar on which a post was made."""
    assert post.created_at is not None
    return post.created_at.astimezone(ZoneInfo(history.zone)).date()


def _cut(days: Iterable[date], most: int | None) -> Iterator[tuple[date, date]]:
    """The stretches of days, none longer than `most`."""
    for first, last in runs_of(days):
        start = first
        while start <= last:
            end = last if most is None else min(last, start + timedelta(days=most - 1))
            yield start, end
            start = end + _ONE
