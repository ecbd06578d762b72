"""The truth behind the sandbox's Instagram face: accounts, media and stories, and how they grow.

The files lie in `worlds/instagram/`; everything that they leave open is drawn from hashes of names, so the
same files always give the same world.
"""

from __future__ import annotations

import tomllib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

from connectors.sandbox.growth import DAY_S, Count, Growth, Moment, apportion, curves, draw, heavy

STORY_LIFE_S = DAY_S
_NEVER = float("inf")

# What a caption may do to whoever prints, joins or opens it; by the number of the post.
_AWKWARD_CAPTIONS = {
    2: "Post 2 🌹🗳️ 👩‍👩‍👧‍👦 #VoteLabour",
    3: "منشور 3 ‏(post 3) صوّتوا",
    5: '<img src=x onerror="alert(5)"> Post 5 & more',
    6: "=HYPERLINK(1) Post 6",
    8: "Post 8: \u202eright to left\u202c, https://vote.example.org/register?from=ig.",
    9: "Post 9 '); DROP TABLE posts; --",
    10: "Post 10\nsecond line\tand a tab",
}


class InstagramWorldError(ValueError):
    """A world file that contradicts itself; says where."""


@dataclass(slots=True, eq=False)
class Account:
    """A professional account. `media` and `stories` are in order of creation; `page` is its Facebook Page."""

    id: str
    handle: str
    name: str
    page: str
    is_own: bool
    followers: int
    media: list[Medium] = field(default_factory=list)
    stories: list[Medium] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Medium:
    """A reel, a picture, an album or a story. `product` and `kind` are spelled as `media_product_type` and
    `media_type`.
    """

    id: str
    account: Account
    number: int
    shortcode: str
    created: float
    caption: str
    product: str
    kind: str
    growth: Growth
    views: Count
    likes: Count
    comments: Count
    saved: Count
    shares: Count
    reposts: Count
    hides_likes: bool = False
    gone_at: float = _NEVER

    def is_there(self, now: Moment) -> bool:
        return self.created <= now.epoch < self.gone_at


class InstagramWorld:
    """Everything that the face knows, looked up as the API looks it up. Immutable once built."""

    def __init__(self, sources: Iterable[Mapping[str, Any]]) -> None:
        self.accounts: dict[str, Account] = {}
        self.media: dict[str, Medium] = {}
        for source in sources:
            self._add(source)
        self._handles = {account.handle.lower(): account for account in self.accounts.values()}

    def account(self, handle: str) -> Account | None:
        return self._handles.get(handle.lower())

    def medium(self, media_id: str, now: Moment) -> Medium | None:
        """A medium or a living story."""
        medium = self.media.get(media_id)
        return medium if medium is not None and medium.is_there(now) else None

    def _add(self, source: Mapping[str, Any]) -> None:
        world, starts, ends = source["id"], source["starts"].timestamp(), source["ends"].timestamp()
        for settings in source["accounts"]:
            account = Account(
                settings["id"],
                settings["handle"],
                settings["name"],
                settings["page"],
                settings["own"],
                settings["followers"],
            )
            self.accounts[account.id] = account
            kinds = [("REELS", "VIDEO")] * settings["reels"] + [("FEED", "IMAGE")] * settings["pictures"]
            kinds += [("FEED", "CAROUSEL_ALBUM")] * settings["albums"]
            keys = [f"{world}/instagram/{account.handle}/{n}" for n in range(len(kinds))]
            kinds = [kind for _, kind in sorted(zip(keys, kinds, strict=True), key=lambda one: draw(one[0]))]
            weights = [heavy("views", key) for key in keys]
            views = apportion(settings["views"], weights, settings["ceiling"])
            for n, (kind, key, total) in enumerate(zip(kinds, keys, views, strict=True), start=1):
                created = _moment(n - 1, len(kinds), starts, ends, key)
                life_s = (4 + 14 * draw("life", key)) * DAY_S
                medium = _medium(account, n, key, kind, created, min(created + life_s, ends), total)
                account.media.append(medium)
            for n in range(settings["stories"]):
                key = f"{world}/instagram/{account.handle}/story {n}"
                created = _moment(n, settings["stories"], starts, ends - STORY_LIFE_S, key)
                total = int(account.followers * (0.02 + 0.05 * draw("views", key)))
                dies = created + STORY_LIFE_S
                story = _medium(account, n + 1, key, ("STORY", "IMAGE"), created, dies, total)
                story.gone_at = dies
                account.stories.append(story)
            account.media.sort(key=lambda medium: (medium.created, medium.id))
            self.media.update({medium.id: medium for medium in (*account.media, *account.stories)})
        for deletion in source.get("deletions", ()):
            self._named(deletion).gone_at = deletion["at"].timestamp()
        for hiding in source.get("hidden_likes", ()):
            self._named(hiding).hides_likes = True

    def _named(self, reference: Mapping[str, Any]) -> Medium:
        for account in self.accounts.values():
            for medium in account.media:
                if (account.handle, medium.number) == (reference["account"], reference["post"]):
                    return medium
        raise InstagramWorldError(f"{reference['account']} has no post {reference['post']}")


def _moment(n: int, count: int, starts: float, ends: float, key: str) -> float:
    """The n-th moment of posting of `count`, each in a stretch of its own (epoch seconds)."""
    return float(int(starts + (ends - starts - 3_600) * (n + 0.9 * draw("when", key)) / max(1, count)))


def _medium(
    account: Account, number: int, key: str, kind: tuple[str, str], begins: float, ends: float, views: int
) -> Medium:
    shapes = curves()
    digest = blake2b(key.encode(), digest_size=8).digest()
    is_story = kind[0] == "STORY"
    plain = f"{'Story' if is_story else 'Post'} {number}"
    return Medium(
        id=str(int(1.78e16 + 2.9e14 * draw("id", key))),
        account=account,
        number=number,
        shortcode="B" + urlsafe_b64encode(digest).decode()[:10],
        created=begins,
        caption=plain if is_story else _AWKWARD_CAPTIONS.get(number, plain),
        product=kind[0],
        kind=kind[1],
        growth=Growth(begins, ends, shapes[int(draw("curve", key) * len(shapes))]),
        views=Count(views),
        likes=Count(int(views * (0.02 + 0.07 * draw("likes", key)))),
        comments=Count(int(views * (0.0005 + 0.002 * draw("comments", key)))),
        saved=Count(int(views * (0.001 + 0.004 * draw("saved", key)))),
        shares=Count(int(views * (0.002 + 0.01 * draw("shares", key)))),
        reposts=Count(int(views * 0.001 * draw("reposts", key))),
    )


@cache
def shipped_instagram_world() -> InstagramWorld:
    """The worlds that come with the sandbox, as one."""
    folder = files("connectors.sandbox").joinpath("worlds", "instagram")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return InstagramWorld(tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in names)
