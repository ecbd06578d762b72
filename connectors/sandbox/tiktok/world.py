"""What the sandbox's TikTok knows: accounts, their videos, and the counters as functions of the moment.

Its worlds are TOML files of its own (`worlds/tiktok/`). What a file leaves open (ids, moments, titles, how a
total splits) is drawn from hashes of names, so the same files always give the same world.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from connectors.sandbox.growth import DAY_S, Count, Growth, Moment, apportion, curves, draw, heavy

_NEVER = float("inf")

_AWKWARD_TITLES = {
    2: "Clip 2 🌹✊🏽 👨‍👩‍👧‍👦 #VoteLabour",
    4: "مقطع 4 ‏(clip 4)",
    6: "<b>Clip 6</b> & <script>alert(6)</script>",
    8: "=1+1",
    10: "Clip 10 '); DROP TABLE videos; --",
}


@dataclass(slots=True, eq=False)
class Account:
    """An account; `videos` in order of creation. `is_own`: the sandbox's token is this account's."""

    open_id: str
    username: str
    name: str
    followers: int
    is_own: bool
    videos: list[Clip] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Clip:
    """A video; `gone_at` is when it was deleted or made private, which the API does not tell apart."""

    id: str
    account: Account
    created: float
    title: str
    duration_s: int
    growth: Growth
    views: Count
    likes: Count
    comments: Count
    shares: Count
    gone_at: float = _NEVER

    def is_public(self, now: Moment) -> bool:
        return self.created <= now.epoch < self.gone_at

    def count(self, counter: Count, now: Moment) -> int:
        return counter.at(self.growth.share(now), now)


@dataclass(slots=True)
class TikTokWorld:
    """Accounts by name, videos by id."""

    accounts: dict[str, Account] = field(default_factory=dict)
    videos: dict[str, Clip] = field(default_factory=dict)

    @property
    def own(self) -> Account:
        """The account of the sandbox's token."""
        return next(account for account in self.accounts.values() if account.is_own)


@cache
def tiktok_world() -> TikTokWorld:
    """The worlds that come with the sandbox, as one."""
    world = TikTokWorld()
    folder = files("connectors.sandbox").joinpath("worlds", "tiktok")
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml"):
            _add(world, tomllib.loads(path.read_text("utf-8")))
    return world


def _add(world: TikTokWorld, source: Mapping[str, Any]) -> None:
    starts, ends = source["starts"].timestamp(), source["ends"].timestamp()
    for settings in source["accounts"]:
        account = Account(
            open_id=settings["open_id"],
            username=settings["username"],
            name=settings["name"],
            followers=settings["followers"],
            is_own=settings.get("own", False),
        )
        world.accounts[account.username] = account
        earlier, number = settings.get("earlier_videos", 0), settings["videos"]
        keys = [(source["id"], account.username, n) for n in range(1, number + 1)]
        weights = [heavy("tiktok", *key) ** 0.8 for key in keys]
        views = apportion(settings["views"], weights, settings.get("ceiling"))
        for n, (key, final) in enumerate(zip(keys, views, strict=True), start=1):
            # The first ones are older than the world; the others are spread over it.
            if n <= earlier:
                created = starts - (earlier - n + 1) * 4 * DAY_S - int(DAY_S * draw("earlier", *key))
            else:
                step = (ends - starts - DAY_S) / (number - earlier)
                created = starts + int((n - earlier - 1 + draw("moment", *key)) * step)
            special = source.get("special", {}).get(account.username, {}).get(str(n), {})
            clip = _clip(account, key, created, ends, final, special)
            account.videos.append(clip)
            world.videos[clip.id] = clip


def _clip(
    account: Account,
    key: tuple[object, ...],
    created: float,
    ends: float,
    views: int,
    special: Mapping[str, Any],
) -> Clip:
    n = key[-1]
    chosen = curves()[int(draw("curve", *key) * len(curves()))]
    lasts = (2 + 8 * draw("life", *key)) * DAY_S
    return Clip(
        # Ids begin with the second of creation, shifted by 32 bits.
        id=str((int(created) << 32) + int(draw("clip", *key) * 2**32)),
        account=account,
        created=float(created),
        title=_AWKWARD_TITLES.get(int(str(n)), f"Clip {n} #VoteLabour"),
        duration_s=int(9 + 50 * draw("length", *key)),
        # Counters stand still at the world's end.
        growth=Growth(float(created), max(created + 60.0, min(created + lasts, ends)), chosen),
        views=Count(views),
        likes=Count(int(views * (0.03 + 0.09 * draw("likes", *key)))),
        comments=Count(int(views * 0.008 * draw("comments", *key))),
        shares=Count(int(views * 0.02 * draw("shares", *key))),
        gone_at=special["gone_at"].timestamp() if "gone_at" in special else _NEVER,
    )
