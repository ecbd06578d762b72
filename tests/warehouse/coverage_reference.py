"""What was due and what was missed, computed slowly and obviously. What the SQL must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.warehouse.reference import local_midnight

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Tier:
    """From `younger` on and until a post is `older` (None: for good), it is read every so often."""

    younger: timedelta
    older: timedelta | None
    every: timedelta


@dataclass(frozen=True)
class PostDay:
    """One post's local day: polls due and got, the longest gap in whole hours and its ends."""

    expected: int
    got: int
    longest_gap_hours: int
    gap_starts_at: datetime | None
    gap_ends_at: datetime | None


@dataclass(frozen=True, eq=False)
class Post:
    """When its age began, and the moments between which it could be due (the second excluded)."""

    born_at: datetime
    due_from: datetime
    due_until: datetime


def due_moments(born_at: datetime, tiers: Iterable[Tier], until: datetime) -> Iterator[datetime]:
    """Every moment before `until` at which a poll is due, by age."""
    for tier in tiers:
        moment = born_at + tier.younger + tier.every
        while moment < until and (tier.older is None or moment <= born_at + tier.older):
            yield moment
            moment += tier.every


def post_days(
    post: Post, readings: Sequence[datetime], tiers: Sequence[Tier] | None, newest: datetime, zone: ZoneInfo
) -> dict[date, PostDay]:
    """Each local day on which the post could be due, up to the newest reading of its platform; no `tiers` are
    the daily cadence."""
    until = min(post.due_until, newest + timedelta(microseconds=1))
    days: dict[date, PostDay] = {}
    day = post.due_from.astimezone(zone).date()
    while (begins := local_midnight(day, zone)) < until:
        ends = local_midnight(day + timedelta(days=1), zone)
        starts_at, ends_at = max(begins, post.due_from), min(ends, until)
        due = 1
        if tiers is not None:
            due = sum(starts_at <= moment < ends_at for moment in due_moments(post.born_at, tiers, ends_at))
        empty: list[datetime] = []
        longest: list[datetime] = []
        hour = begins
        while hour < ends:
            is_read = any(hour <= moment < hour + HOUR for moment in readings)
            is_whole = starts_at <= hour and hour + HOUR <= ends_at
            empty = [*empty, hour] if is_whole and not is_read else []
            longest = max(longest, empty, key=len)
            hour += HOUR
        days[day] = PostDay(
            expected=due,
            got=sum(begins <= moment < ends for moment in readings),
            longest_gap_hours=len(longest),
            gap_starts_at=longest[0] if longest else None,
            gap_ends_at=longest[-1] + HOUR if longest else None,
        )
        day += timedelta(days=1)
    return days


def missed_polls(
    post: Post, starts_at: datetime, ends_at: datetime, tiers: Sequence[Tier] | None, zone: ZoneInfo
) -> int:
    """How many polls the post missed between two readings of its platform."""
    first, last = max(starts_at, post.due_from), min(ends_at, post.due_until)
    if first >= last:
        return 0
    if tiers is None:
        return max((last.astimezone(zone).date() - first.astimezone(zone).date()).days - 1, 0)
    intervals = Fraction(0)
    for tier in tiers:
        since = max(first, post.born_at + tier.younger)
        until = last if tier.older is None else min(last, post.born_at + tier.older)
        if since < until:
            intervals += Fraction((until - since) // timedelta(microseconds=1)) / (
                tier.every // timedelta(microseconds=1)
            )
    return max(int(intervals + Fraction(1, 2)) - 1, 0)


def gaps(
    posts: Sequence[Post],
    readings: Iterable[datetime],
    tiers: Sequence[Tier] | None,
    newest: datetime,
    zone: ZoneInfo,
) -> dict[datetime, tuple[datetime, int, int]]:
    """By start: end, polls missed and posts that missed one, between readings of a platform; `newest` is the
    newest of any."""
    moments = sorted({moment.astimezone(UTC) for moment in readings})
    found: dict[datetime, tuple[datetime, int, int]] = {}
    for starts_at, ends_at in zip(moments, [*moments[1:], newest], strict=True):
        missed = {post: missed_polls(post, starts_at, ends_at, tiers, zone) for post in posts}
        affected = [post for post, polls in missed.items() if polls > 0]
        if affected:
            first = max(starts_at, min(post.due_from for post in affected))
            last = min(ends_at, max(post.due_until for post in affected))
            found[first] = (last, sum(missed.values()), len(affected))
    return found
