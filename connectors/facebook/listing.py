"""Facebook's posts, reels and videos: those of a walked Page by its lists, others by their ids.

Reels are not among a Page's posts: they are listed apart, and their posts are then looked up. Lists of videos
are given only for own Pages. One bad id fails a whole look-up of 50, which is then repeated in halves.
A video that is crossposted is another video on each Page, with views of its own; what they have in common is
`universal_video_id`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.asking import Walk, Wanted, in_parts
from connectors.errors import ENDS_THE_RUN, BadRequest, Gone, PermissionMissing, TooMuchAsked, Trouble
from connectors.facebook.addresses import DIGITS, PFBID, POST_ID
from connectors.facebook.graph import FACEBOOK, Graph, items, not_offered, optional
from connectors.facebook.insights import (
    POST_METRICS,
    REEL_METRICS,
    VIDEO_METRICS,
    VIDEO_POST_METRICS,
    Insights,
)
from connectors.facebook.pages import Pages

IDS_PER_REQUEST = 50

BARE_POST_FIELDS = (
    "id,from,created_time,updated_time,message,permalink_url,status_type,is_published,"
    "attachments{media_type,type,url,title,target},shares"
)
POST_FIELDS = ",".join(
    [
        BARE_POST_FIELDS,
        "reactions.summary(total_count).limit(0)",
        *(
            f"reactions.type({kind.upper()}).limit(0).summary(total_count).as(r_{kind})"
            for kind in ("like", "love", "wow", "haha", "sad", "angry")
        ),
        "comments.summary(true).filter(stream).limit(0)",
    ]
)
BARE_VIDEO_FIELDS = (
    "id,from,post_id,created_time,title,description,length,permalink_url,views,post_views,status"
)
_CROSSPOSTING = ("is_crosspost_video", "universal_video_id")
VIDEO_FIELDS = ",".join([BARE_VIDEO_FIELDS, *_CROSSPOSTING])


def _moment(value: object) -> datetime | None:
    """A Graph time (`2026-11-01T09:30:00+0000`) as an aware moment; None when it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _owner(item: Mapping[str, Any]) -> str:
    """The id of the Page that an object is from."""
    author = item.get("from")
    if isinstance(author, dict) and author.get("id"):
        return str(author["id"])
    return str(item.get("id", "")).partition("_")[0]


def _attachments(post: Mapping[str, Any]) -> list[dict[str, Any]]:
    attachments = post.get("attachments")
    return items(attachments) if isinstance(attachments, dict) else []


def _has_video(post: Mapping[str, Any]) -> bool:
    return post.get("status_type") == "added_video" or any(
        attachment.get("media_type") == "video" or "video" in str(attachment.get("type"))
        for attachment in _attachments(post)
    )


def _post_of(video: Mapping[str, Any], page_id: str) -> str | None:
    """The id of the post that shows a Page's video; the video gives only the part behind the Page's id."""
    post_id = str(video.get("post_id") or "")
    if POST_ID.fullmatch(post_id):
        return post_id
    return f"{page_id}_{post_id}" if DIGITS.fullmatch(post_id) and DIGITS.fullmatch(page_id) else None


def _bounds(walk: Walk) -> dict[str, str]:
    """The moments between which a walk lists, as parameters of a Graph list."""
    bounds = {"since": walk.since, "until": walk.until}
    return {name: str(int(moment.timestamp())) for name, moment in bounds.items() if moment is not None}


def _is_wanted(created_at: datetime, walk: Walk) -> bool:
    return walk.since <= created_at and (walk.until is None or created_at <= walk.until)


def _gone(object_id: str) -> Gone:
    text = f"facebook: {object_id} is deleted, hidden or not visible to this token; check it in the registry"
    return Gone(FACEBOOK, text)


class Listing:
    """The posts and videos of one run. What is seen of own Pages has its insights wanted."""

    def __init__(self, graph: Graph, pages: Pages, insights: Insights, wanted: Iterable[Wanted] = ()) -> None:
        """`wanted` are the posts that will be looked up, of which some show only in addresses."""
        self._graph = graph
        self._session = graph.session
        self._pages = pages
        self._insights = insights
        # Pages of looked-up posts, with a campaign that wants them.
        self._authors: dict[str, str] = {}
        self._seen: set[str] = set()
        aliases = [post.alias for post in wanted]
        self._unnumbered = {alias for alias in aliases if PFBID.fullmatch(alias)}
        self._numbers = {alias.rpartition("/")[2].rpartition("_")[2] for alias in aliases}
        self._addressed: set[str] = set()
        self._lookups: dict[str, str] = {}
        # Tokens to which reactions and comments are refused.
        self._bare: set[str] = set()
        self._video_fields = VIDEO_FIELDS

    def walk(self, page_id: str, walk: Walk) -> None:
        """Lists what a Page has posted since the walk's beginning, as far as the token may see it."""
        token = self._pages.own.get(page_id)
        if token is not None:

            def list_all(edges: tuple[Callable[[str, Walk, str], None], ...]) -> None:
                for list_edge in edges:
                    if page_id in self._pages.own:
                        with self._pages.trusting(page_id, token):
                            list_edge(page_id, walk, token)

            # Uploads list reels too, after which they come: the first word about a video counts.
            edges = ((self._list_posts,), (self._list_reels, self._list_uploads))
            self._session.side_by_side(list_all, edges)
        if self._pages.may_be_own(page_id):
            # The public sees a Page's posts, but not its reels and uploads.
            self._session.breaks_off()
        if page_id not in self._pages.own and not self._pages.is_resting(page_id):
            with self._session.costing_only_this():
                self._list_posts(page_id, walk, self._graph.credential)

    def look_up(self, posts: Iterable[Wanted]) -> None:
        """Reads the wanted posts that no list showed, and those of listed videos; then their Pages' names."""
        wanted = list(posts)
        self._look_up_videos(wanted)
        self._want_posts(wanted)
        self._look_up_posts()

        def look_up_name(one: tuple[str, str]) -> None:
            page_id, campaign_id = one
            if DIGITS.fullmatch(page_id):
                self._pages.look_up_name(page_id, campaign_id)

        self._session.side_by_side(look_up_name, self._authors.items())

    # -- lists

    def _list_posts(self, page_id: str, walk: Walk, token: str) -> None:
        def take(posts: list[dict[str, Any]]) -> bool:
            for post in posts:
                self._saw_post(post, page_id, walk.campaign_id)
            return True

        def list_with(fields: str) -> None:
            self._graph.walk(f"{page_id}/posts", token, fields, take, **_bounds(walk))

        with self._session.asking("page_posts", walk.campaign_id):
            if token in self._bare:
                list_with(BARE_POST_FIELDS)
                return
            try:
                list_with(POST_FIELDS)
                return
            except PermissionMissing as trouble:
                refused = trouble
            # The counters of reactions and comments need a permission of their own; shares do not.
            list_with(BARE_POST_FIELDS)
            self._bare.add(token)
            self._session.note(refused)

    def _list_reels(self, page_id: str, walk: Walk, token: str) -> None:
        def take(reels: list[dict[str, Any]]) -> bool:
            for reel in reels:
                self._saw_video(reel, walk.campaign_id, page_id, is_reel=True)
            return True

        with (
            self._session.asking("page_reels", walk.campaign_id),
            self._optional(f"the reels of Page {page_id} are", page_id),
        ):
            self._list_videos(f"{page_id}/video_reels", token, take, **_bounds(walk))

    def _list_uploads(self, page_id: str, walk: Walk, token: str) -> None:
        """Newest first and without a `since`: goes on until a page ends before the walk's beginning."""

        def take(videos: list[dict[str, Any]]) -> bool:
            ages = [_moment(video.get("created_time")) for video in videos]
            for video, created_at in zip(videos, ages, strict=True):
                if created_at is None or _is_wanted(created_at, walk):
                    self._saw_video(video, walk.campaign_id, page_id)
            return not (ages and ages[-1] is not None and ages[-1] < walk.since)

        what = f"the videos of Page {page_id} are"
        with self._session.asking("page_videos", walk.campaign_id), self._optional(what, page_id):
            self._list_videos(f"{page_id}/videos", token, take, type="uploaded")

    def _optional(self, what: str, page_id: str) -> AbstractContextManager[None]:
        return optional(what, is_permitted=not self._pages.is_guessed(page_id))

    def _list_videos(
        self, path: str, token: str, take: Callable[[list[dict[str, Any]]], bool], **parameters: str
    ) -> None:
        fields = self._video_fields
        try:
            self._graph.walk(path, token, fields, take, **parameters)
            return
        except BadRequest as refused:
            if not self._drops_crossposting(refused, fields):
                raise
        self._graph.walk(path, token, self._video_fields, take, **parameters)

    def _drops_crossposting(self, refused: BadRequest, fields: str) -> bool:
        """Whether a refusal of `fields` means those about crossposting, which are then asked no more."""
        means_them = any(f"({name})" in refused.message for name in _CROSSPOSTING)
        if fields == BARE_VIDEO_FIELDS or not means_them:
            return False
        if self._video_fields != BARE_VIDEO_FIELDS:
            self._video_fields = BARE_VIDEO_FIELDS
            self._session.note(not_offered("which videos are crossposted is not told", refused))
        return True

    def _saw_post(self, post: Mapping[str, Any], page_id: str, campaign_id: str) -> None:
        post_id = str(post.get("id", ""))
        # A listing may be of a million posts; those of own Pages may be asked for by their videos.
        if page_id in self._pages.own or post_id.rpartition("_")[2] in self._numbers:
            self._seen.add(post_id)
        self._lookups.pop(post_id, None)
        if self._unnumbered:
            self._saw_address(post.get("permalink_url"))
            for attachment in _attachments(post):
                self._saw_address(attachment.get("url"))
        # Insights are of own Pages alone.
        if page_id in self._pages.own:
            metrics = VIDEO_POST_METRICS if _has_video(post) else POST_METRICS
            self._insights.want(f"{post_id}/insights", metrics, campaign_id, page_id)

    def _saw_video(
        self, video: Mapping[str, Any], campaign_id: str, page_id: str, is_reel: bool | None = None
    ) -> None:
        """Remembers a video, wants its post, and asks its insights. Uploads list reels too: the first word
        counts.
        """
        video_id = str(video.get("id", ""))
        self._seen.add(video_id)
        link = str(video.get("permalink_url", ""))
        self._saw_address(link)
        post_id = _post_of(video, page_id)
        if post_id and post_id not in self._seen:
            self._lookups.setdefault(post_id, campaign_id)
        metrics = REEL_METRICS if is_reel or "/reel" in link else VIDEO_METRICS
        self._insights.want(f"{video_id}/video_insights", metrics, campaign_id, page_id)

    def _saw_address(self, address: object) -> None:
        self._addressed |= {alias for alias in self._unnumbered if alias in str(address)}

    # -- look-ups

    def _look_up_videos(self, posts: Iterable[Wanted]) -> None:
        """Wanted posts that are known by their video's number: the video first, which names its post."""
        wanted: dict[str, dict[str, None]] = {}
        for post in posts:
            if DIGITS.fullmatch(post.alias) and post.alias not in self._seen:
                wanted.setdefault(post.campaign_id, {})[post.alias] = None
        for campaign_id, ids in wanted.items():

            def look_up(some: list[str], campaign_id: str = campaign_id) -> None:
                for video in self._by_ids(some, self._graph.credential, self._video_fields):
                    page_id = _owner(video) if video.get("from") else ""
                    self._authors.setdefault(page_id, campaign_id)
                    self._saw_video(video, campaign_id, page_id)

            with self._session.asking("videos", campaign_id):
                unseen = [one for one in ids if one not in self._seen]
                self._session.side_by_side(look_up, in_parts(unseen, IDS_PER_REQUEST))

    def _want_posts(self, posts: Iterable[Wanted]) -> None:
        """Puts the wanted posts that no listing showed among the look-ups; says which cannot be looked up."""
        for post in posts:
            if DIGITS.fullmatch(post.alias):
                continue
            if PFBID.fullmatch(post.alias):
                if post.alias not in self._addressed:
                    text = (
                        f"facebook: {post.alias} is not among the posts listed now and cannot be looked up; "
                        "paste the post's address with its number, or put its Page under [[accounts]]"
                    )
                    self._session.note(Gone(FACEBOOK, text))
                continue
            post_id: str | None = post.alias
            name, slash, number = post.alias.partition("/")
            if slash:
                page_id = self._pages.id_of(name, post.campaign_id)
                post_id = page_id and f"{page_id}_{number}"
            if post_id and post_id not in self._seen:
                self._lookups.setdefault(post_id, post.campaign_id)

    def _look_up_posts(self) -> None:
        groups: dict[tuple[str, str, str], list[str]] = {}
        for post_id, campaign_id in self._lookups.items():
            page_id = post_id.partition("_")[0]
            token = self._pages.own.get(page_id, self._graph.credential)
            # Posts of other Pages share their calls; each own Page has a token of its own.
            owner = page_id if token != self._graph.credential else ""
            groups.setdefault((campaign_id, owner, token), []).append(post_id)

        def look_up_group(group: tuple[tuple[str, str, str], list[str]]) -> None:
            (campaign_id, owner, token), ids = group

            def look_up(some: list[str]) -> None:
                if owner and owner not in self._pages.own:
                    return
                with self._pages.trusting(owner, token):
                    for post in self._by_ids(some, token, POST_FIELDS):
                        page_id = _owner(post)
                        self._authors.setdefault(page_id, campaign_id)
                        self._saw_post(post, page_id, campaign_id)

            with self._session.asking("posts", campaign_id):
                self._session.side_by_side(look_up, in_parts(ids, IDS_PER_REQUEST))

        self._session.side_by_side(look_up_group, groups.items())

    def _by_ids(self, ids: list[str], token: str, fields: str) -> Iterator[dict[str, Any]]:
        """The objects with these ids. A call that one bad id fails is repeated in halves, down to that id."""
        if token in self._bare and fields == POST_FIELDS:
            fields = BARE_POST_FIELDS
        try:
            answer = self._graph.get("", token, ids=",".join(ids), fields=fields)
        except (Gone, PermissionMissing, BadRequest, TooMuchAsked) as trouble:
            refused: Trouble = trouble
        except ENDS_THE_RUN:
            raise
        except Trouble as trouble:
            self._session.note(trouble)
            return
        else:
            for one in ids:
                if isinstance(answer.get(one), dict):
                    yield answer[one]
                else:
                    self._session.note(_gone(one))
            return
        if isinstance(refused, BadRequest) and self._drops_crossposting(refused, fields):
            yield from self._by_ids(ids, token, BARE_VIDEO_FIELDS)
        elif len(ids) > 1:
            middle = len(ids) // 2
            halves: list[dict[str, Any]] = []

            def look_up(half: list[str]) -> None:
                halves.extend(self._by_ids(half, token, fields))

            self._session.side_by_side(look_up, (ids[:middle], ids[middle:]))
            yield from halves
        elif isinstance(refused, PermissionMissing) and fields == POST_FIELDS:
            found = list(self._by_ids(ids, token, BARE_POST_FIELDS))
            if found:
                self._bare.add(token)
                self._session.note(refused)
            yield from found
        else:
            self._session.note(_gone(ids[0]) if isinstance(refused, Gone) else refused)
