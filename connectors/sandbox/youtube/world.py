"""What the sandbox's YouTube knows: channels, their videos, and the counters as functions of the moment.

Its worlds are TOML files of its own (`worlds/youtube/`). What a file leaves open (ids, moments, titles, how a
total splits) is drawn from hashes of names, so the same files always give the same world.
"""

from __future__ import annotations

import tomllib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

from connectors.sandbox.growth import DAY_S, Count, Growth, Moment, apportion, curves, draw, heavy

_NEVER = float("inf")

_AWKWARD_TITLES = {
    2: "Film 2 🌹✊🏽 👨‍👩‍👧‍👦",
    4: "فيلم 4 ‏(film 4)",
    6: "<b>Film 6</b> & <script>alert(6)</script>",
    8: "=1+1",
    10: "Film 10 '); DROP TABLE videos; --",
}


@dataclass(slots=True, eq=False)
class Channel:
    """A channel; `videos` in order of publication. `is_own`: the sandbox's sign-in is its owner's."""

    id: str
    handle: str
    name: str
    created: float
    subscribers: int
    hides_subscribers: bool
    is_own: bool
    videos: list[Video] = field(default_factory=list)

    @property
    def uploads(self) -> str:
        """The playlist of what it uploads."""
        return "UU" + self.id[2:]


@dataclass(slots=True, eq=False)
class Video:
    """A video. `likes` is None where the owner hides them, `comments` where they are switched off."""

    id: str
    channel: Channel
    created: float
    title: str
    description: str
    duration_s: int
    growth: Growth
    views: Count
    shares: Count
    subscribers: Count
    likes: Count | None
    comments: Count | None
    private_from: float = _NEVER
    deleted_at: float = _NEVER

    def is_listed(self, now: Moment) -> bool:
        """Whether it has its place among the uploads, private or not."""
        return self.created <= now.epoch < self.deleted_at

    def is_public(self, now: Moment) -> bool:
        return self.is_listed(now) and now.epoch < self.private_from

    def count(self, counter: Count, now: Moment) -> int:
        return counter.at(self.growth.share(now), now)


@dataclass(slots=True)
class YouTubeWorld:
    """Channels and videos by id."""

    channels: dict[str, Channel] = field(default_factory=dict)
    videos: dict[str, Video] = field(default_factory=dict)

    def channel_called(self, handle: str) -> Channel | None:
        wanted = handle.removeprefix("@").casefold()
        return next((one for one in self.channels.values() if one.handle.casefold() == wanted), None)


@cache
def youtube_world() -> YouTubeWorld:
    """The worlds that come with the sandbox, as one."""
    world = YouTubeWorld()
    folder = files("connectors.sandbox").joinpath("worlds", "youtube")
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml"):
            _add(world, tomllib.loads(path.read_text("utf-8")))
    return world


def _video_id(*key: object) -> str:
    """Eleven characters of the platform's alphabet."""
    digest = blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return urlsafe_b64encode(digest).decode()[:11]


def _add(world: YouTubeWorld, source: Mapping[str, Any]) -> None:
    starts, ends = source["starts"].timestamp(), source["ends"].timestamp()
    for settings in source["channels"]:
        channel = Channel(
            id=settings["id"],
            handle=settings["handle"],
            name=settings["name"],
            created=settings["created"].timestamp(),
            subscribers=settings["subscribers"],
            hides_subscribers=settings.get("hides_subscribers", False),
            is_own=settings.get("own", False),
        )
        world.channels[channel.id] = channel
        earlier, number = settings.get("earlier_videos", 0), settings["videos"]
        keys = [(source["id"], channel.handle, n) for n in range(1, number + 1)]
        weights = [heavy("youtube", *key) ** 0.8 for key in keys]
        views = apportion(settings["views"], weights, settings.get("ceiling"))
        for n, (key, final) in enumerate(zip(keys, views, strict=True), start=1):
            # The first ones are older than the world; the others are spread over it.
            if n <= earlier:
                created = starts - (earlier - n + 1) * 3 * DAY_S - int(DAY_S * draw("earlier", *key))
            else:
                step = (ends - starts - DAY_S) / (number - earlier)
                created = starts + int((n - earlier - 1 + draw("moment", *key)) * step)
            special = source.get("special", {}).get(channel.handle, {}).get(str(n), {})
            video = _video(channel, key, created, ends, final, special)
            channel.videos.append(video)
            world.videos[video.id] = video


def _video(
    channel: Channel,
    key: tuple[object, ...],
    created: float,
    ends: float,
    views: int,
    special: Mapping[str, Any],
) -> Video:
    n = key[-1]
    likes = None if special.get("hides_likes") else Count(int(views * (0.01 + 0.04 * draw("likes", *key))))
    comments = None if special.get("comments_off") else Count(int(views * 0.004 * draw("comments", *key)))
    chosen = curves()[int(draw("curve", *key) * len(curves()))]
    lasts = (3 + 11 * draw("life", *key)) * DAY_S
    return Video(
        id=_video_id("video", *key),
        channel=channel,
        created=float(created),
        title=str(special.get("title", _AWKWARD_TITLES.get(int(str(n)), f"Film {n}"))),
        description=str(special.get("description", f"Film {n} of {channel.name}.")),
        duration_s=int(15 + 240 * draw("length", *key)),
        # Counters stand still at the world's end.
        growth=Growth(float(created), max(created + 60.0, min(created + lasts, ends)), chosen),
        views=Count(views),
        shares=Count(int(views * 0.01 * draw("shares", *key))),
        subscribers=Count(int(views * 0.002 * draw("subscribers", *key))),
        likes=likes,
        comments=comments,
        private_from=special["private_from"].timestamp() if "private_from" in special else _NEVER,
        deleted_at=special["deleted_at"].timestamp() if "deleted_at" in special else _NEVER,
    )
