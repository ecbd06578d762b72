"""The sandbox's truth: accounts, posts and videos, and their counters as functions of the moment.

Worlds are TOML files (`worlds/`); several may be loaded into one `World`, and an account that occurs in two
of them is one account. Everything that a file leaves open (moments, texts, ids, how a total splits) is drawn
from hashes of names, so the same files always give the same world.

The 2019 world has one licence that reality did not take: the sandbox's user token has a role on the pages of
both sides. Today's Graph API gives a video's views only to people of its page, while the figures of 2019 were
public when they were published; a pipeline could not see them for the rival otherwise. `robdelaney` stands
for every page that we have no role on.

Ids look like the platforms' own: X ids are snowflakes (the moment of creation in milliseconds, shifted by 22
bits), Facebook's are decimal and tell nothing.
"""

from __future__ import annotations

import bisect
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from connectors.sandbox.advertising import AdAccount, read_ad_account
from connectors.sandbox.growth import (
    DAY_S,
    Count,
    Glitch,
    Growth,
    Moment,
    Revision,
    apportion,
    curves,
    draw,
    heavy,
)
from connectors.sandbox.mentions import Mentioned, read_mentions

# Kinds of reaction as the Graph API spells them, and how a crowd spreads over them (invented).
REACTIONS = {"LIKE": 0.62, "LOVE": 0.21, "WOW": 0.02, "HAHA": 0.06, "SAD": 0.04, "ANGRY": 0.05}

_X_EPOCH_MS = 1_288_834_974_657
_NEVER = float("inf")

# What text may do to whoever prints, joins or opens it; by the number of the post.
_AWKWARD_TEXTS = {
    3: "Post 3 🌹✊🏽 👨‍👩‍👧‍👦",
    5: "منشور 5 ‏(post 5)",
    7: "<b>Post 7</b> & <script>alert(7)</script>",
    9: "=1+1",
    11: '@SUM(1+1)*cmd|"/c calc"!A0',
    13: 'Post 13: "quoted", a comma;\na second line\tand a tab',
    15: "Post 15 '); DROP TABLE posts; --",
}


class WorldError(ValueError):
    """A world file that contradicts itself; says where."""


@dataclass(slots=True, eq=False)
class XAccount:
    """A profile on X. `posts` is in order of creation once the world is built."""

    id: str
    handle: str
    name: str
    created: float
    followers: int
    is_protected: bool
    posts: list[XPost] = field(default_factory=list)
    created_at: list[float] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class XMedia:
    """A video or a photo on X; its views are counted once, however many posts carry it."""

    key: str
    is_video: bool
    duration_ms: int
    growth: Growth
    views: Count


@dataclass(slots=True, eq=False)
class XPost:
    """A post on X. `original` is set on native retweets, `replied_to` on replies; `gone_at` is the moment of
    its deletion."""

    id: str
    author: XAccount
    created: float
    text: str
    media: tuple[XMedia, ...]
    growth: Growth
    retweets: Count
    replies: Count
    likes: Count
    quotes: Count
    bookmarks: Count
    original: XPost | None = None
    replied_to: XPost | None = None
    gone_at: float = _NEVER
    # (shortened, whole) addresses in the text.
    links: tuple[tuple[str, str], ...] = ()
    # (epoch seconds, the id that the post has from then on).
    edits: tuple[tuple[float, str], ...] = ()

    def is_there(self, now: Moment) -> bool:
        return self.created <= now.epoch < self.gone_at

    def edit_ids(self, now: Moment) -> list[str]:
        """The post's ids so far, oldest first."""
        return [self.id, *(edit_id for edited, edit_id in self.edits if edited <= now.epoch)]

    def latest_id(self, now: Moment) -> str:
        return self.edit_ids(now)[-1]

    def stood_still_at(self, post_id: str, now: Moment) -> Moment:
        """The moment whose counters a version shows: an older one stands still from the next edit on."""
        if not self.edits:
            return now
        begun = [self.id, *(edit_id for _, edit_id in self.edits)].index(post_id)
        later = [edited for edited, _ in self.edits[begun:] if edited <= now.epoch]
        return Moment.at(later[0]) if later else now


@dataclass(slots=True, eq=False)
class Page:
    """A Facebook page. Lists are in order of creation once the world is built."""

    id: str
    username: str
    name: str
    created: float
    followers: int
    has_role: bool
    posts: list[FacebookPost] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class FacebookVideo:
    id: str
    page: Page
    title: str
    length_s: float
    is_reel: bool
    growth: Growth
    views: Count
    # What the appearances of one crossposted upload share; each counts its own views.
    universal_id: str | None = None
    is_crosspost: bool = False
    post: FacebookPost = field(init=False)


@dataclass(slots=True, eq=False)
class FacebookPost:
    """A post of a page; `number` is the part of its id after the page's. `link` is its permalink's form."""

    number: str
    page: Page
    created: float
    message: str
    kind: str  # "video", "photo" or "text"
    link: str  # "plain" or "pfbid"
    video: FacebookVideo | None
    growth: Growth
    shares: Count
    reactions: dict[str, Count]
    comments: Count
    gone_at: float = _NEVER

    @property
    def id(self) -> str:
        return f"{self.page.id}_{self.number}"

    def is_there(self, now: Moment) -> bool:
        return self.created <= now.epoch < self.gone_at


@dataclass(slots=True, eq=False)
class Site:
    """A web address, and what Facebook's people do with it."""

    address: str
    growth: Growth
    shares: Count
    reactions: Count
    comments: Count


class World:
    """Everything the sandbox knows, looked up the ways the APIs look things up. Immutable once built."""

    def __init__(self, sources: Iterable[Mapping[str, Any]]) -> None:
        self.ends = 0.0
        self.x_accounts: dict[str, XAccount] = {}
        self.x_posts: dict[str, XPost] = {}
        # By "#hashtag" in lower case, or by address.
        self.mentions: dict[str, Mentioned] = {}
        self.pages: dict[str, Page] = {}
        self.facebook_posts: dict[str, FacebookPost] = {}
        self.facebook_videos: dict[str, FacebookVideo] = {}
        self.sites: dict[str, Site] = {}
        self.ad_accounts: dict[str, AdAccount] = {}
        for source in sources:
            _Builder(self, source).build()
        self._handles = {account.handle.lower(): account for account in self.x_accounts.values()}
        self._usernames = {page.username.lower(): page for page in self.pages.values()}
        for account in self.x_accounts.values():
            account.posts.sort(key=lambda post: (post.created, int(post.id)))
            account.created_at = [post.created for post in account.posts]
        for page in self.pages.values():
            page.posts.sort(key=lambda post: (post.created, post.id))

    def x_account(self, handle: str) -> XAccount | None:
        return self._handles.get(handle.lower())

    def x_post(self, post_id: str, now: Moment) -> XPost | None:
        """By any id that the post has had so far."""
        post = self.x_posts.get(post_id)
        return post if post is not None and post.is_there(now) and post_id in post.edit_ids(now) else None

    def timeline(self, account: XAccount, now: Moment) -> Iterator[XPost]:
        """The account's posts that exist at `now`, newest first."""
        last = bisect.bisect_right(account.created_at, now.epoch)
        return (post for post in reversed(account.posts[:last]) if now.epoch < post.gone_at)

    def page(self, name: str) -> Page | None:
        """By id or by vanity name."""
        return self.pages.get(name) or self._usernames.get(name.lower())

    def facebook_post(self, post_id: str, now: Moment) -> FacebookPost | None:
        post = self.facebook_posts.get(post_id)
        return post if post is not None and post.is_there(now) else None

    def facebook_video(self, video_id: str, now: Moment) -> FacebookVideo | None:
        video = self.facebook_videos.get(video_id)
        return video if video is not None and video.post.is_there(now) else None

    def page_posts(self, page: Page, now: Moment) -> Iterator[FacebookPost]:
        """The page's posts that exist at `now`, newest first; reels among them."""
        return (post for post in reversed(page.posts) if post.is_there(now))


@cache
def shipped_world() -> World:
    """The worlds that come with the sandbox, as one."""
    folder = files(__package__).joinpath("worlds")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return World(tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in names)


def load_world(paths: Sequence[Path]) -> World:
    """A world from files of one's own."""
    return World(tomllib.loads(path.read_text(encoding="utf-8")) for path in paths)


def snowflake(created: float, *key: object) -> str:
    """An X id made at `created` (epoch seconds); `key` settles the lowest 22 bits."""
    return str(((int(created * 1000) - _X_EPOCH_MS) << 22) | int(draw("snowflake", *key) * (1 << 22)))


@dataclass(slots=True)
class _Draft:
    """An appearance or an ordinary post, before totals are split."""

    created: float
    key: str
    text: str
    asset: str | None = None
    number: int | None = None
    kind: str = "video"
    link: str = "plain"
    views: int | None = None
    crossposted: str | None = None
    same_media_as: str | None = None
    links: tuple[tuple[str, str], ...] = ()


class _Builder:
    """Turns one world file into accounts and posts."""

    def __init__(self, world: World, source: Mapping[str, Any]) -> None:
        self.world = world
        self.source = source
        self.id: str = source["id"]
        self.starts: float = source["starts"].timestamp()
        self.ends: float = source["ends"].timestamp()
        self.listed: dict[tuple[str, str], list[_Draft]] = {}
        self.x_media: dict[tuple[str, str], XMedia] = {}
        self.x_by_name: dict[tuple[str, str], XPost] = {}
        self.facebook_by_name: dict[tuple[str, str], FacebookPost] = {}
        world.ends = max(world.ends, self.ends)

    def build(self) -> None:
        for asset in self.source.get("assets", ()):
            self._list_appearances(asset)
        accounts = self.source["accounts"]
        for settings in accounts:
            if settings["platform"] == "x":
                self._build_x(settings)
        self._build_reposts([settings for settings in accounts if settings["platform"] == "x"])
        self._build_facebook([settings for settings in accounts if settings["platform"] == "facebook"])
        for settings in self.source.get("sites", ()):
            self._add_site(settings)
        for settings in self.source.get("ad_accounts", ()):
            account = read_ad_account(settings, self.starts, self.ends)
            self.world.ad_accounts[account.id] = account
        for settings in self.source.get("mentions", ()):
            mentioned = read_mentions(settings, self.starts, self.ends)
            self.world.mentions[mentioned.name] = mentioned
        for edit in self.source.get("edits", ()):
            self._edit(edit)
        for extreme in self.source.get("extremes", ()):
            self._exaggerate(extreme)
        for deletion in self.source.get("deletions", ()):
            self._named(deletion).gone_at = deletion["at"].timestamp()
        for revision in self.source.get("revisions", ()):
            count, growth = self._counter(revision)
            begins, ends = revision["from"].timestamp(), revision["until"].timestamp()
            peak = count.true(growth.share(Moment.at(ends)))
            count.disturb(Revision(begins, ends, int(peak * revision["share"])))
        for glitch in self.source.get("glitches", ()):
            count, _ = self._counter(glitch)
            count.disturb(Glitch(glitch["from"].timestamp(), glitch["until"].timestamp()))

    def _list_appearances(self, asset: Mapping[str, Any]) -> None:
        counted = [appearance for appearance in asset["appearances"] if "weight" in appearance]
        # A little off the round weights, for no platform ever shows round figures.
        weights = [
            appearance["weight"] * (0.97 + 0.06 * draw("weight", asset["id"], n))
            for n, appearance in enumerate(counted)
        ]
        parts = iter(apportion(asset["views"], weights))
        for appearance in asset["appearances"]:
            draft = _Draft(
                created=appearance["at"].timestamp(),
                key=f"{self.id}/{appearance['platform']}/{appearance['account']}/{asset['id']}",
                text=f"Film: {asset['title']}",
                asset=asset["id"],
                kind=appearance.get("kind", "video"),
                link=appearance.get("link", "plain"),
                views=next(parts) if "weight" in appearance else appearance.get("unread_views"),
                same_media_as=appearance.get("same_media_as"),
                crossposted=appearance.get("crossposted"),
            )
            self.listed.setdefault((appearance["platform"], appearance["account"]), []).append(draft)

    def _growth(self, created: float, least_days: float, most_days: float, *key: object) -> Growth:
        life_s = (least_days + (most_days - least_days) * draw("life", *key)) * DAY_S
        shapes = curves()
        curve = shapes[int(draw("curve", *key) * len(shapes))]
        return Growth(created, min(created + life_s, self.ends), curve)

    def _moments(self, count: int, *key: object) -> list[float]:
        """Moments of posting, spread over the days of the window, between 7 and 22 o'clock UTC."""
        days = (self.ends - self.starts) / DAY_S
        first_midnight = self.starts - self.starts % DAY_S
        moments = []
        for n in range(count):
            day = int(n * (days - 1) / max(1, count - 1) + draw("day", n, *key) * 0.9)
            clock_s = (7 + 15 * draw("clock", n, *key)) * 3_600
            moments.append(float(int(first_midnight + min(day, int(days) - 1) * DAY_S + clock_s)))
        return sorted(max(moment, self.starts + 60 * (n + 1)) for n, moment in enumerate(moments))

    # -- X

    def _build_x(self, settings: Mapping[str, Any]) -> None:
        account = self.world.x_accounts.get(settings["id"])
        if account is None:
            account = XAccount(
                id=settings["id"],
                handle=settings["handle"],
                name=settings["name"],
                created=settings["created"].timestamp(),
                followers=settings["followers"],
                is_protected=settings.get("protected", False),
            )
            self.world.x_accounts[account.id] = account
        handle = account.handle
        drafts = list(self.listed.get(("x", handle), ()))
        ordinary = settings["posts"] - len(drafts)
        for n, created in enumerate(self._moments(ordinary, self.id, "x", handle), start=1):
            key = f"{self.id}/x/{handle}/{n}"
            shape = draw("shape", key)
            kind = "video" if shape < 0.4 else "photo" if shape < 0.6 else "text"
            text = _AWKWARD_TEXTS.get(n, f"Post {n}")
            links: tuple[tuple[str, str], ...] = ()
            if n % 17 == 4 and "site" in settings:
                short = f"https://t.co/{int(1e9 + 9e9 * draw('t.co', key))}"
                text, links = f"{text} {short}", ((short, settings["site"]),)
            if n % 17 == 10 and "hashtag" in settings:
                text = f"{text} #{settings['hashtag']}"
            drafts.append(_Draft(created, key, text, number=n, kind=kind, links=links))
        filmed = [draft for draft in drafts if draft.kind == "video" and draft.asset is None]
        views = apportion(settings["views"], [heavy("views", draft.key) for draft in filmed])
        for draft, final in zip(filmed, views, strict=True):
            draft.views = final
        growths = [self._growth(draft.created, 3, 12, draft.key) for draft in drafts]
        weights = [heavy("retweets", draft.key) * (25 if draft.asset else 1) for draft in drafts]
        retweets = self._retweets(settings, weights, growths)
        reply_every = len(drafts) // max(1, settings["replies"]) + 1
        previous: XPost | None = None
        for n, (draft, growth, retweeted) in enumerate(zip(drafts, growths, retweets, strict=True)):
            final = retweeted.final
            post = XPost(
                id=snowflake(draft.created, draft.key),
                author=account,
                created=draft.created,
                text=draft.text,
                media=self._media_of(draft, handle),
                growth=growth,
                retweets=retweeted,
                replies=Count(int(final * (0.08 + 0.3 * draw("replies", draft.key)))),
                likes=Count(int(final * (1.6 + 1.8 * draw("likes", draft.key)))),
                quotes=Count(int(final * (0.03 + 0.1 * draw("quotes", draft.key)))),
                bookmarks=Count(int(final * 0.04 * draw("bookmarks", draft.key))),
                replied_to=previous if draft.asset is None and n % reply_every == reply_every - 1 else None,
                links=draft.links,
            )
            previous = post
            self.world.x_posts[post.id] = post
            account.posts.append(post)
            self.x_by_name[handle, draft.asset or str(draft.number)] = post

    def _media_of(self, draft: _Draft, handle: str) -> tuple[XMedia, ...]:
        if draft.kind == "text":
            return ()
        if draft.same_media_as is not None:
            return (self._shared_media(draft, draft.same_media_as),)
        if draft.asset is not None and (handle, draft.asset) in self.x_media:
            return (self.x_media[handle, draft.asset],)
        is_video = draft.kind == "video"
        # Media is uploaded before the post that carries it.
        number = snowflake(draft.created - 90, "media", draft.key)
        media = XMedia(
            key=f"{'13' if is_video else '3'}_{number}",
            is_video=is_video,
            duration_ms=int(9_000 + 120_000 * draw("duration", draft.key)) if is_video else 0,
            growth=self._growth(draft.created, 4, 14, "media", draft.key),
            views=Count(draft.views or 0),
        )
        if draft.asset is not None:
            self.x_media[handle, draft.asset] = media
        return (media,)

    def _shared_media(self, draft: _Draft, handle: str) -> XMedia:
        """The media of another account's appearance of the same asset; made here when that account is built
        later."""
        for other in self.listed.get(("x", handle), ()):
            if other.asset == draft.asset and other.same_media_as is None:
                return self._media_of(other, handle)[0]
        raise WorldError(f"{self.id}: {draft.key} shares the media of {handle}, which has no such appearance")

    def _retweets(
        self, settings: Mapping[str, Any], weights: Sequence[float], growths: Sequence[Growth]
    ) -> list[Count]:
        """One counter a post: by a total that holds at an instant where the file gives one, else by the
        account's `retweets`."""
        for total in self.source.get("totals", ()):
            if total["metric"] == "retweets" and settings["handle"] in total["accounts"]:
                if total["accounts"] != [settings["handle"]]:
                    raise WorldError(f"{self.id}: a total of retweets names one account")
                instant = Moment.of(total["at"])
                shares = [growth.share(instant) for growth in growths]
                reached = [weight * share for weight, share in zip(weights, shares, strict=True)]
                pinned = apportion(total["total"], reached)
                scale = total["total"] / sum(reached)
                return [
                    Count(value)
                    if share >= 1.0
                    else Count(max(value, round(weight * scale)), (share, value) if share > 0.0 else None)
                    for value, share, weight in zip(pinned, shares, weights, strict=True)
                ]
        return [Count(final) for final in apportion(settings["retweets"], weights)]

    def _build_reposts(self, accounts: Sequence[Mapping[str, Any]]) -> None:
        """Native retweets: rows of an account's timeline that show the counters of someone else's post."""
        for settings in accounts:
            account = self.world.x_accounts[settings["id"]]
            public = [other["handle"] for other in accounts if not other.get("protected", False)]
            others = [handle for handle in public if handle != account.handle] or [account.handle]
            for n in range(settings["reposts"]):
                key = (self.id, "repost", account.handle, n)
                handle = others[int(draw("whom", *key) * len(others))]
                originals = [post for (name, _), post in self.x_by_name.items() if name == handle]
                original = originals[int(draw("which", *key) * len(originals))]
                created = float(int(min(original.created + 600 + 7_200 * draw("when", *key), self.ends - 60)))
                nothing = Count(0)
                post = XPost(
                    id=snowflake(created, *key),
                    author=account,
                    created=created,
                    text=f"RT @{original.author.handle}: {original.text}",
                    media=original.media,
                    growth=original.growth,
                    retweets=original.retweets,
                    replies=nothing,
                    likes=nothing,
                    quotes=nothing,
                    bookmarks=nothing,
                    original=original,
                )
                self.world.x_posts[post.id] = post
                account.posts.append(post)

    def _x_named(self, reference: Mapping[str, Any]) -> XPost:
        post = self._named({"platform": "x", **reference})
        assert isinstance(post, XPost)
        return post

    def _edit(self, settings: Mapping[str, Any]) -> None:
        """A post that was edited `after_s` seconds after its creation, each time; ids as of those moments."""
        post = self._x_named(settings)
        moments = [post.created + after_s for after_s in settings["after_s"]]
        post.edits = tuple((edited, snowflake(edited, "edit", post.id)) for edited in moments)
        for _, edit_id in post.edits:
            self.world.x_posts[edit_id] = post

    def _exaggerate(self, settings: Mapping[str, Any]) -> None:
        """A post with an id or with counters at the edge of what a reader can hold."""
        post = self._x_named(settings)
        del self.world.x_posts[post.id]
        post.id = settings["id"]
        self.world.x_posts[post.id] = post
        post.retweets = post.likes = Count(settings["counters"])
        for medium in post.media:
            medium.views = Count(settings["counters"])

    # -- Facebook

    def _build_facebook(self, accounts: Sequence[Mapping[str, Any]]) -> None:
        pages: dict[str, list[_Draft]] = {}
        for settings in accounts:
            page = Page(
                id=settings["id"],
                username=settings["handle"],
                name=settings["name"],
                created=settings["created"].timestamp(),
                followers=settings["followers"],
                has_role=settings["has_role"],
            )
            if page.id in self.world.pages:
                raise WorldError(f"{self.id}: page {page.id} belongs to another world file")
            self.world.pages[page.id] = page
            pages[page.username] = self._facebook_drafts(settings)
        for settings in accounts:
            if "views" in settings:
                self._split_views(settings["views"], pages[settings["handle"]], None)
        for total in self.source.get("totals", ()):
            if total["metric"] == "views" and total["platform"] == "facebook":
                drafts = [draft for handle in total["accounts"] for draft in pages[handle]]
                listed = sum(draft.views or 0 for draft in drafts if draft.asset is not None)
                self._split_views(total["total"] - listed, drafts, total.get("ceiling"))
        for settings in accounts:
            page = self.world.pages[settings["id"]]
            for draft in pages[page.username]:
                self._add_facebook_post(page, draft)

    def _facebook_drafts(self, settings: Mapping[str, Any]) -> list[_Draft]:
        handle = settings["handle"]
        drafts = list(self.listed.get(("facebook", handle), ()))
        listed_reels = sum(draft.kind == "reel" for draft in drafts)
        videos = settings["videos"] - len(drafts)
        reels = settings["reels"] - listed_reels
        if videos < 0 or reels < 0:
            raise WorldError(f"{self.id}: {handle} has fewer videos than appearances")
        every = videos // reels if reels else videos + 1
        for n, created in enumerate(self._moments(videos, self.id, "facebook", handle), start=1):
            key = f"{self.id}/facebook/{handle}/{n}"
            is_reel = n % every == 0 and n // every <= reels
            drafts.append(_Draft(created, key, f"Video {n}", number=n, kind="reel" if is_reel else "video"))
        for n, created in enumerate(self._moments(settings["photos"], self.id, "photo", handle), start=1):
            key = f"{self.id}/facebook/{handle}/photo {n}"
            kind = "text" if n % 4 == 0 else "photo"
            link = "pfbid" if n % 2 else "plain"
            drafts.append(
                _Draft(created, key, _AWKWARD_TEXTS.get(n, f"Post {n}"), number=-n, kind=kind, link=link)
            )
        return drafts

    def _split_views(self, total: int, drafts: Sequence[_Draft], ceiling: int | None) -> None:
        ordinary = [draft for draft in drafts if draft.asset is None and draft.kind in ("video", "reel")]
        views = apportion(total, [heavy("views", draft.key) ** 0.8 for draft in ordinary], ceiling)
        for draft, final in zip(ordinary, views, strict=True):
            draft.views = final

    def _add_facebook_post(self, page: Page, draft: _Draft) -> None:
        growth = self._growth(draft.created, 5, 21, draft.key)
        if draft.views is not None:
            attention = float(draft.views)
        else:
            attention = page.followers * 0.02 * heavy("attention", draft.key)
        # Now and then nobody passes a picture on: the platform then leaves `shares` out of its answer.
        nobody_shares = draft.kind == "text" and draft.number is not None and draft.number % 8 == 0
        reactions = int(attention * (0.008 + 0.03 * draw("reactions", draft.key)))
        spread = [share * (0.5 + draw("reaction", kind, draft.key)) for kind, share in REACTIONS.items()]
        video: FacebookVideo | None = None
        if draft.kind in ("video", "reel"):
            video = FacebookVideo(
                id=str(int(2e14 + 7e14 * draw("video", draft.key))),
                page=page,
                title=draft.text.removeprefix("Film: "),
                length_s=round(9 + 170 * draw("length", draft.key), 3),
                is_reel=draft.kind == "reel",
                growth=self._growth(draft.created, 6, 28, "video", draft.key),
                views=Count(draft.views or 0),
                universal_id=str(int(3e14 + 6e14 * draw("universal", self.id, draft.asset)))
                if draft.crossposted
                else None,
                is_crosspost=draft.crossposted == "copy",
            )
        post = FacebookPost(
            number=str(int(1e15 + 8e15 * draw("post", draft.key))),
            page=page,
            created=draft.created,
            message=draft.text,
            kind="video" if video else draft.kind,
            link=draft.link,
            video=video,
            growth=growth,
            shares=Count(
                0 if nobody_shares else int(attention * (0.004 + 0.012 * draw("shares", draft.key)))
            ),
            reactions={
                kind: Count(final)
                for kind, final in zip(REACTIONS, apportion(reactions, spread), strict=True)
            },
            comments=Count(int(attention * (0.001 + 0.006 * draw("comments", draft.key)))),
        )
        if video is not None:
            video.post = post
            self.world.facebook_videos[video.id] = video
        page.posts.append(post)
        self.world.facebook_posts[post.id] = post
        self.facebook_by_name[page.username, draft.asset or str(draft.number)] = post

    def _add_site(self, settings: Mapping[str, Any]) -> None:
        address = settings["url"]
        self.world.sites[address] = Site(
            address,
            # A site is passed on until the last day: slowly first, then more and more.
            Growth(settings["at"].timestamp(), self.ends, tuple((n / 24) ** 1.6 for n in range(25))),
            shares=Count(settings["shares"]),
            reactions=Count(settings["reactions"]),
            comments=Count(settings["comments"]),
        )

    # -- disturbances

    def _named(self, reference: Mapping[str, Any]) -> XPost | FacebookPost:
        if "photo" in reference:
            name = str(-reference["photo"])
        else:
            name = str(reference.get("asset") or reference["post"])
        posts: Mapping[tuple[str, str], XPost | FacebookPost] = (
            self.x_by_name if reference["platform"] == "x" else self.facebook_by_name
        )
        try:
            return posts[reference["account"], name]
        except KeyError:
            raise WorldError(f"{self.id}: {reference['account']} has no post {name}") from None

    def _counter(self, reference: Mapping[str, Any]) -> tuple[Count, Growth]:
        post = self._named(reference)
        metric = reference["metric"]
        if isinstance(post, XPost) and metric == "retweets":
            return post.retweets, post.growth
        if isinstance(post, XPost) and metric == "views" and post.media:
            return post.media[0].views, post.media[0].growth
        if isinstance(post, FacebookPost) and metric == "shares":
            return post.shares, post.growth
        if isinstance(post, FacebookPost) and metric == "views" and post.video is not None:
            return post.video.views, post.video.growth
        raise WorldError(f"{self.id}: {reference['account']} has no {metric} to disturb there")
