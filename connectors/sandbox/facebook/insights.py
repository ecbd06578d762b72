"""The sandbox's insights: rows of metrics for pages, posts and videos, as the Graph API words them.

Lifetime rows carry one value and no `end_time`. Daily rows are the platform's own buckets: a day ends at
midnight US Pacific (07:00Z or 08:00Z), and `end_time` is that instant, so it names the day before it. Without
`period`, every period a metric has is answered at once. With a breakdown there is a row for each part that is
not zero, with the part's name beside the value. The figures of the last two days are not final: they are
too low and are put right later. Days of a post are of what truly happened: what a lifetime counter shows too
much or for a moment not at all is no part of them. A name that is dead, unknown or of another kind of object
fails the whole call; a metric that is known but was not collected for the object gives no row at all.

`post_media_view` did not exist in the years of the shipped worlds, and therefore has no rows; of pages, its
like are invented, as a multiple of plays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from connectors.sandbox.growth import DAY_S, Moment, draw
from connectors.sandbox.world import REACTIONS, FacebookPost, FacebookVideo, Page

PACIFIC = ZoneInfo("America/Los_Angeles")
PERIODS = ("day", "week", "days_28", "month", "lifetime", "total_over_range")
LONGEST_RANGE_S = 90 * DAY_S
_ROLLING_DAYS = {"day": 1, "week": 7, "days_28": 28}

Thing = TypeVar("Thing", Page, FacebookPost, FacebookVideo)
Value = int | dict[str, int]


class InvalidMetric(ValueError):
    """A name that the platform refuses for this object."""


class InvalidBreakdown(ValueError):
    """A breakdown that one of the metrics does not have."""


@dataclass(frozen=True)
class Metric(Generic[Thing]):
    """`total` is the figure at a moment, counted from the beginning; None: never collected for this object.
    Rows of a day or of several days are differences of two totals (of two `by_day` where that is another
    count), unless `is_running`: then they are the total at the day's end. `breakdowns` has, for each, the
    parts with their shares of the whole in percent.
    """

    periods: tuple[str, ...]
    total: Callable[[Thing, Moment], Value | None]
    is_running: bool = False
    breakdowns: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    by_day: Callable[[Thing, Moment], Value | None] | None = None


def reactions_of(post: FacebookPost, now: Moment) -> dict[str, int]:
    """The reactions of a post, by kind."""
    share = post.growth.share(now)
    return {kind: count.at(share, now) for kind, count in post.reactions.items()}


def video_views(video: FacebookVideo, now: Moment) -> int:
    return video.views.at(video.growth.share(now), now)


def _post_views(post: FacebookPost, now: Moment) -> int | None:
    # Plays of a reel are counted on the reel alone.
    return None if post.video is None or post.video.is_reel else video_views(post.video, now)


def _true_post_views(times: int) -> Callable[[FacebookPost, Moment], int | None]:
    """So many times the plays of a post's video."""

    def counted(post: FacebookPost, now: Moment) -> int | None:
        if post.video is None or post.video.is_reel:
            return None
        return post.video.views.true(post.video.growth.share(now)) * times

    return counted


def _activity(post: FacebookPost, now: Moment) -> dict[str, int]:
    """Kinds of which nothing happened are left out, so it may be empty."""
    share = post.growth.share(now)
    found = {
        "like": sum(reactions_of(post, now).values()),
        "comment": post.comments.at(share, now),
        "share": post.shares.at(share, now),
    }
    return {kind: value for kind, value in found.items() if value}


def _nothing(thing: object, now: Moment) -> None:
    return None


def _zero(thing: object, now: Moment) -> int:
    return 0


def _reaction(kind: str) -> Callable[[FacebookPost, Moment], int]:
    return lambda post, now: post.reactions[kind].at(post.growth.share(now), now)


_LIFETIME = ("lifetime",)
_LIFETIME_DAY = ("lifetime", "day")
_INSIGHT_NAMES = dict(zip(REACTIONS, ("like", "love", "wow", "haha", "sorry", "anger"), strict=True))

POST_METRICS: dict[str, Metric[FacebookPost]] = {
    "post_media_view": Metric(_LIFETIME, _nothing),
    "post_total_media_view_unique": Metric(_LIFETIME, _nothing),
    "post_clicks": Metric(_LIFETIME, lambda post, now: sum(_activity(post, now).values()) * 3),
    "post_reactions_by_type_total": Metric(
        _LIFETIME,
        lambda post, now: {
            _INSIGHT_NAMES[kind]: value for kind, value in reactions_of(post, now).items() if value
        },
    ),
    "post_activity_by_action_type": Metric(_LIFETIME, _activity),
    **{
        f"post_reactions_{name}_total": Metric(_LIFETIME, _reaction(kind))
        for kind, name in _INSIGHT_NAMES.items()
    },
}

VIDEO_POST_METRICS: dict[str, Metric[FacebookPost]] = {
    "post_video_views": Metric(_LIFETIME_DAY, _post_views, by_day=_true_post_views(1)),
    "post_video_views_organic": Metric(_LIFETIME_DAY, _post_views, by_day=_true_post_views(1)),
    "post_video_views_paid": Metric(_LIFETIME_DAY, _zero, by_day=_true_post_views(0)),
    "post_video_view_time": Metric(
        _LIFETIME_DAY,
        lambda post, now: (_post_views(post, now) or 0) * 11_000,
        by_day=_true_post_views(11_000),
    ),
    "post_video_avg_time_watched": Metric(
        _LIFETIME, lambda post, now: 11_000 if _post_views(post, now) else 0
    ),
}

UPLOADED_VIDEO_METRICS: dict[str, Metric[FacebookVideo]] = {
    "total_video_views": Metric(_LIFETIME, video_views),
    "total_video_views_organic": Metric(_LIFETIME, video_views),
    "total_video_views_paid": Metric(_LIFETIME, _zero),
    "total_video_complete_views": Metric(_LIFETIME, lambda video, now: video_views(video, now) // 6),
    "total_video_view_total_time": Metric(_LIFETIME, lambda video, now: video_views(video, now) * 11_000),
    "total_video_reactions_by_type_total": Metric(
        _LIFETIME,
        lambda video, now: {
            _INSIGHT_NAMES[kind]: value for kind, value in reactions_of(video.post, now).items() if value
        },
    ),
    "total_video_stories_by_action_type": Metric(_LIFETIME, lambda video, now: _activity(video.post, now)),
}

REEL_METRICS: dict[str, Metric[FacebookVideo]] = {
    "blue_reels_play_count": Metric(_LIFETIME, video_views),
    "fb_reels_replay_count": Metric(_LIFETIME, lambda video, now: video_views(video, now) // 9),
    "fb_reels_total_plays": Metric(
        _LIFETIME, lambda video, now: video_views(video, now) + video_views(video, now) // 9
    ),
    "post_video_view_time": Metric(_LIFETIME, lambda video, now: video_views(video, now) * 7_000),
    "post_video_likes_by_reaction_type": Metric(
        _LIFETIME,
        lambda video, now: {
            f"REACTION_{kind}": value for kind, value in reactions_of(video.post, now).items() if value
        },
    ),
    "post_video_social_actions": Metric(
        _LIFETIME,
        lambda video, now: {
            kind.upper(): value for kind, value in _activity(video.post, now).items() if kind != "like"
        },
    ),
    # Asked of a reel these answer with an empty list rather than an error.
    **{name: Metric(_LIFETIME, _nothing) for name in UPLOADED_VIDEO_METRICS},
}


@dataclass(frozen=True, slots=True)
class _Sums:
    """What all posts of a page have together at a moment. Plays of reels are no part of page insights."""

    views: int
    reactions: Mapping[str, int]
    engagements: int


# A client asks many metrics of the same few ends of days.
@lru_cache(maxsize=1024)
def _sums(page: Page, now: Moment) -> _Sums:
    there = [post for post in page.posts if post.is_there(now)]
    reactions = [reactions_of(post, now) for post in there]
    return _Sums(
        views=sum(_post_views(post, now) or 0 for post in there),
        reactions={kind: sum(each[kind] for each in reactions) for kind in REACTIONS},
        engagements=sum(sum(_activity(post, now).values()) for post in there),
    )


def _page_views(page: Page, now: Moment) -> int:
    return _sums(page, now).views


def _page_reactions(page: Page, now: Moment) -> int:
    return sum(_sums(page, now).reactions.values())


def _page_engagements(page: Page, now: Moment) -> int:
    return _sums(page, now).engagements


def _follows(page: Page, now: Moment) -> int:
    """New followers since the world began; invented, near 0.04 % of the followers a day."""
    return int(page.followers * 0.0004 * (0.5 + draw("follows", page.id)) * now.felt / DAY_S)


def _unfollows(page: Page, now: Moment) -> int:
    return _follows(page, now) // 9


def _followers(page: Page, now: Moment) -> int:
    return page.followers + (_follows(page, now) - _unfollows(page, now)) // 50


def _displays(page: Page, now: Moment) -> int:
    return _page_views(page, now) * 3


def _page_reactions_of(kind: str) -> Callable[[Page, Moment], int]:
    return lambda page, now: _sums(page, now).reactions[kind]


def _by_host(page: Page, now: Moment) -> dict[str, int]:
    views = _page_views(page, now)
    return {"page_uploaded": views, "page_hosted": views // 50, "crossposted": views // 20}


_ROLLING = ("day", "week", "days_28")
_DAY = ("day",)

PAGE_METRICS: dict[str, Metric[Page]] = {
    "page_media_view": Metric(
        _ROLLING,
        _displays,
        breakdowns={"is_from_ads": {"0": 78, "1": 22}, "is_from_followers": {"0": 64, "1": 36}},
    ),
    "page_total_media_view_unique": Metric(_ROLLING, lambda page, now: _displays(page, now) // 4),
    "page_video_views": Metric(_ROLLING, _page_views),
    "page_video_views_organic": Metric(_ROLLING, _page_views),
    "page_video_views_paid": Metric(_ROLLING, _zero),
    "page_video_views_by_uploaded_hosted": Metric(_ROLLING, _by_host),
    "page_video_view_time": Metric(_DAY, lambda page, now: _page_views(page, now) * 11_000),
    "page_post_engagements": Metric(_ROLLING, _page_engagements),
    "page_total_actions": Metric(_ROLLING, lambda page, now: _page_engagements(page, now) // 400),
    "page_views_total": Metric(_ROLLING, lambda page, now: _page_engagements(page, now) // 9),
    "page_actions_post_reactions_total": Metric(_DAY, _page_reactions),
    **{
        f"page_actions_post_reactions_{name}_total": Metric(_DAY, _page_reactions_of(kind))
        for kind, name in _INSIGHT_NAMES.items()
    },
    "page_daily_follows": Metric(_DAY, _follows),
    "page_daily_follows_unique": Metric(_DAY, _follows),
    "page_daily_unfollows_unique": Metric(_DAY, _unfollows),
    "page_follows": Metric(_DAY, _followers, is_running=True),
}


def metrics_of_post(post: FacebookPost) -> Mapping[str, Metric[FacebookPost]]:
    return POST_METRICS | VIDEO_POST_METRICS if post.video is not None else POST_METRICS


def metrics_of_video(video: FacebookVideo) -> Mapping[str, Metric[FacebookVideo]]:
    return REEL_METRICS if video.is_reel else UPLOADED_VIDEO_METRICS


def rows(
    thing: Thing,
    thing_id: str,
    known: Mapping[str, Metric[Thing]],
    names: Sequence[str],
    period: str | None,
    days: Sequence[float],
    now: Moment,
    breakdown: str = "",
) -> list[dict[str, object]]:
    """The rows of an insights answer. `days` are the ends of days (epoch seconds) that daily rows are given
    for.

    Raises InvalidMetric when any of `names` is not in `known`, InvalidBreakdown when any lacks `breakdown`.
    """
    if any(name not in known for name in names):
        raise InvalidMetric
    if breakdown and any(breakdown not in known[name].breakdowns for name in names):
        raise InvalidBreakdown
    found: list[dict[str, object]] = []
    for name in names:
        metric = known[name]
        for each in metric.periods:
            if period not in (None, each):
                continue
            values = list(_values(metric, thing, each, days, now, breakdown))
            if values:
                found.append(
                    {
                        "name": name,
                        "period": each,
                        "values": values,
                        "title": name.replace("_", " ").capitalize(),
                        "description": f"{each}: {name.replace('_', ' ')}",
                        "id": f"{thing_id}/insights/{name}/{each}",
                    }
                )
    return found


def _values(
    metric: Metric[Thing], thing: Thing, period: str, days: Sequence[float], now: Moment, breakdown: str
) -> Iterator[dict[str, object]]:
    if period == "lifetime":
        total = metric.total(thing, now)
        if total is not None:
            yield {"value": total}
        return
    counted = metric.by_day or metric.total
    for end in days:
        before = day_end(end, -_ROLLING_DAYS[period])
        last, first = counted(thing, Moment.at(end)), counted(thing, Moment.at(before))
        written = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        if isinstance(last, dict) and isinstance(first, dict):
            parts = {name: _so_far(value - first.get(name, 0), end, now) for name, value in last.items()}
            yield {"value": parts, "end_time": written}
        elif isinstance(last, int) and isinstance(first, int):
            value = last if metric.is_running else _so_far(last - first, end, now)
            for named, part in _parts(metric, breakdown, value):
                yield {"value": part, "end_time": written, **named}


def _so_far(value: int, end: float, now: Moment) -> int:
    """What of a day's figure is known at `now`: the last of it comes within two days of the day's end."""
    missing = 70 if now.epoch - end < DAY_S else 20 if now.epoch - end < 2 * DAY_S else 0
    return value - value * missing // 1000


def _parts(metric: Metric[Thing], breakdown: str, value: int) -> Iterator[tuple[dict[str, str], int]]:
    if not breakdown:
        yield {}, value
        return
    shares = metric.breakdowns[breakdown]
    first, *others = shares
    parts = {name: value * shares[name] // 100 for name in others}
    for name, part in {first: value - sum(parts.values()), **parts}.items():
        if part:
            yield {breakdown: name}, part


@lru_cache(maxsize=4096)
def day_end(epoch: float, later_days: int = 0) -> float:
    """The Pacific midnight at or before `epoch`, or one some days later or earlier (epoch seconds)."""
    local = datetime.fromtimestamp(epoch, PACIFIC)
    midnight = datetime(local.year, local.month, local.day, tzinfo=PACIFIC) + timedelta(days=later_days)
    return midnight.timestamp()


def day_ends(since: float, until: float, now: Moment) -> list[float]:
    """The ends of the Pacific days from the one that holds `since` to the one before `until`, as far as they
    have ended."""
    ends: list[float] = []
    end = day_end(since, 1)
    while end <= min(until, now.epoch):
        ends.append(end)
        end = day_end(end, 1)
    return ends
