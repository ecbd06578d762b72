"""The sandbox's insights: rows of metrics for pages, posts and videos, as the Graph API words them.

Lifetime rows carry one value and no `end_time`. Daily rows are the platform's own buckets: a day ends at
midnight US Pacific (07:00Z or 08:00Z), and `end_time` is that instant, so it names the day before it. Without
`period`, every period a metric has is answered at once. A name that is dead, unknown or of another kind of
object fails the whole call; a metric that is known but was not collected for the object gives no row at all.

`post_media_view` and its like did not exist in the years of the shipped worlds, and therefore have no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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


@dataclass(frozen=True)
class Metric(Generic[Thing]):
    """`total` is the figure at a moment, counted from the beginning; None: never collected for this object.
    Rows of a day or of several days are differences of two totals."""

    periods: tuple[str, ...]
    total: Callable[[Thing, Moment], Value | None]


def reactions_of(post: FacebookPost, now: Moment) -> dict[str, int]:
    """The reactions of a post, by kind."""
    share = post.growth.share(now)
    return {kind: count.at(share, now) for kind, count in post.reactions.items()}


def video_views(video: FacebookVideo, now: Moment) -> int:
    return video.views.at(video.growth.share(now), now)


def _post_views(post: FacebookPost, now: Moment) -> int | None:
    # Plays of a reel are counted on the reel alone.
    return None if post.video is None or post.video.is_reel else video_views(post.video, now)


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
    "post_video_views": Metric(_LIFETIME_DAY, _post_views),
    "post_video_views_organic": Metric(_LIFETIME_DAY, _post_views),
    "post_video_views_paid": Metric(_LIFETIME_DAY, _zero),
    "post_video_view_time": Metric(_LIFETIME_DAY, lambda post, now: (_post_views(post, now) or 0) * 11_000),
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


def _page_views(page: Page, now: Moment) -> int:
    """Plays of reels are no part of page insights."""
    return sum(_post_views(post, now) or 0 for post in page.posts if post.is_there(now))


def _page_reactions(page: Page, now: Moment) -> int:
    return sum(sum(reactions_of(post, now).values()) for post in page.posts if post.is_there(now))


def _page_engagements(page: Page, now: Moment) -> int:
    return sum(sum(_activity(post, now).values()) for post in page.posts if post.is_there(now))


def _follows(page: Page, now: Moment) -> int:
    """New followers since the world began; invented, near 0.04 % of the followers a day."""
    return int(page.followers * 0.0004 * (0.5 + draw("follows", page.id)) * now.felt / DAY_S)


_ROLLING = ("day", "week", "days_28")

PAGE_METRICS: dict[str, Metric[Page]] = {
    "page_video_views": Metric(_ROLLING, _page_views),
    "page_video_views_organic": Metric(_ROLLING, _page_views),
    "page_video_views_paid": Metric(_ROLLING, _zero),
    "page_post_engagements": Metric(_ROLLING, _page_engagements),
    "page_actions_post_reactions_total": Metric(("day",), _page_reactions),
    "page_daily_follows": Metric(("day",), _follows),
    "page_media_view": Metric(_ROLLING, _nothing),
    "page_total_media_view_unique": Metric(_ROLLING, _nothing),
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
) -> list[dict[str, object]]:
    """The rows of an insights answer. `days` are the ends of days (epoch seconds) that daily rows are given
    for.

    Raises InvalidMetric when any of `names` is not in `known`.
    """
    if any(name not in known for name in names):
        raise InvalidMetric
    found: list[dict[str, object]] = []
    for name in names:
        metric = known[name]
        for each in metric.periods:
            if period not in (None, each):
                continue
            values = list(_values(metric, thing, each, days, now))
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
    metric: Metric[Thing], thing: Thing, period: str, days: Sequence[float], now: Moment
) -> Iterator[dict[str, object]]:
    if period == "lifetime":
        total = metric.total(thing, now)
        if total is not None:
            yield {"value": total}
        return
    for end in days:
        before = day_end(end, -_ROLLING_DAYS[period])
        last, first = metric.total(thing, Moment.at(end)), metric.total(thing, Moment.at(before))
        if isinstance(last, int) and isinstance(first, int):
            written = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
            yield {"value": last - first, "end_time": written}


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
