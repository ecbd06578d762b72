"""Facebook: counters of Page posts, reels and videos, through facebook-sdk 3.1.0.

Views and video lists are given only for Pages on which the token's person has a role; of other Pages, posts
with their shares, reactions and comments. Reels are not among a Page's posts and are listed apart; their
posts are then looked up. One bad id fails a whole look-up of 50, and one withdrawn metric a whole insights
question. A page of a listing may be empty and still name a next one. Errors are told apart by code, never by
HTTP status.

A server that offers less (no list of roles, no video edges, no batches) is asked for what it does offer; what
it does not is noted as NotOffered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import facebook
import requests

from connectors.asking import Ask, Walk, Wanted, in_parts
from connectors.errors import (
    ENDS_THE_RUN,
    BadRequest,
    Gone,
    MetricWithdrawn,
    NotOffered,
    PermissionMissing,
    TokenInvalid,
    TooMuchAsked,
    Transient,
    Trouble,
    Unreadable,
)
from connectors.facebook_addresses import DIGITS, PFBID, POST_ID, parse_handle, parse_post_id, parse_post_url
from connectors.graph_answers import GraphAnswers
from connectors.wire import WireSession

__all__ = [
    "API_URL",
    "CREDENTIAL",
    "PLATFORM",
    "SDK_URL",
    "collect",
    "judge",
    "parse_handle",
    "parse_post_id",
    "parse_post_url",
]

PLATFORM = "facebook"
CREDENTIAL = "FACEBOOK_ACCESS_TOKEN"
SDK_URL = "https://graph.facebook.com"
API_URL = "https://graph.facebook.com"

_ANSWERS = GraphAnswers(PLATFORM, CREDENTIAL)

IDS_PER_REQUEST = 50
QUESTIONS_PER_BATCH = 50
ITEMS_PER_PAGE = 100

_PAGE_FIELDS = "id,name,username,fan_count,followers_count"
_BARE_POST_FIELDS = (
    "id,from,created_time,updated_time,message,permalink_url,status_type,is_published,"
    "attachments{media_type,type,url,title,target},shares"
)
_POST_FIELDS = ",".join(
    [
        _BARE_POST_FIELDS,
        "reactions.summary(total_count).limit(0)",
        *(
            f"reactions.type({kind.upper()}).limit(0).summary(total_count).as(r_{kind})"
            for kind in ("like", "love", "wow", "haha", "sad", "angry")
        ),
        "comments.summary(true).filter(stream).limit(0)",
    ]
)
_VIDEO_FIELDS = "id,from,post_id,created_time,title,description,length,permalink_url,views,post_views,status"
_VIDEO_POST_METRICS = ("post_video_views", "post_media_view")
_POST_METRICS = ("post_media_view",)
_VIDEO_METRICS = ("total_video_views",)
_REEL_METRICS = ("blue_reels_play_count",)
# What of `paging.next` leads on. Its other parameters hold the token, or are ours to say.
_PAGING = ("after", "until", "offset", "__paging_token")


def _moment(value: object) -> datetime | None:
    """A Graph time (`2026-11-01T09:30:00+0000`) as an aware moment; None when it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _items(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = document.get("data")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _after(document: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that lead to the next page; empty at the end, which is where `paging.next` is absent."""
    paging = document.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(paging, dict) or not isinstance(following, str):
        return {}
    found = {name: value for name, value in parse_qsl(urlsplit(following).query) if name in _PAGING}
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return {"after": after} if isinstance(after, str) and after else found


def _owner(item: Mapping[str, Any]) -> str:
    """The id of the Page that an object is from."""
    author = item.get("from")
    if isinstance(author, dict) and author.get("id"):
        return str(author["id"])
    return str(item.get("id", "")).partition("_")[0]


def _attachments(post: Mapping[str, Any]) -> list[dict[str, Any]]:
    attachments = post.get("attachments")
    return _items(attachments) if isinstance(attachments, dict) else []


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


def _is_refusal(trouble: Trouble) -> bool:
    """Whether the platform declines the question itself, rather than failing in passing to answer it."""
    if isinstance(trouble, Unreadable):
        return trouble.status >= 400
    return isinstance(trouble, BadRequest | Gone | PermissionMissing)


def _reason(trouble: Trouble) -> str:
    """A trouble's message without its cure, which may not be the cure here."""
    text = trouble.message.removeprefix(f"{PLATFORM}: ")
    return text.rpartition("; ")[0] or text


def _not_offered(what: str, refused: Trouble, cure: str = "the rest goes on") -> NotOffered:
    return NotOffered(PLATFORM, f"facebook: {what} ({_reason(refused)}); {cure}")


def _roles_not_told(refused: Trouble) -> NotOffered:
    return _not_offered(
        "which Pages are the token's own is not told",
        refused,
        "give the token's person a role on the Page, or set a Page token",
    )


@contextmanager
def _optional(what: str) -> Iterator[None]:
    """Tells apart a question that is declined, which raises NotOffered, from one that fails."""
    try:
        yield
    except ENDS_THE_RUN:
        raise
    except Trouble as trouble:
        if not _is_refusal(trouble):
            raise
        raise _not_offered(f"{what} not offered here", trouble) from None


@dataclass(frozen=True)
class _Question:
    """Insights asked of one object: `path` is `{post}/insights` or `{video}/video_insights`."""

    path: str
    metrics: tuple[str, ...]
    campaign_id: str
    page_id: str
    was_repeated: bool = False


class _Asker:
    """One run's questions to Facebook."""

    def __init__(self, session: WireSession, credential: str, version: str) -> None:
        self._session = session
        self._credential = credential
        self._version = version
        # Token by Page, for the Pages on which the credential's person has a role.
        self._own: dict[str, str] = {}
        # Why there is no list of such Pages, where there is none; then the walked Pages are taken for own
        # until their insights are refused.
        self._roles_refused: Trouble | None = None
        self._guessed: set[str] = set()
        self._told_not_own: set[str] = set()
        self._is_batching = True
        # Pages of looked-up posts, with a campaign that wants them.
        self._authors: dict[str, str] = {}
        self._pages: dict[str, str | None] = {}
        self._seen: set[str] = set()
        self._links: list[str] = []
        self._lookups: dict[str, str] = {}
        self._questions: dict[str, _Question] = {}
        # Tokens to which reactions and comments are refused.
        self._bare: set[str] = set()
        self._withdrawn: set[str] = set()

    def carry_out(self, ask: Ask) -> None:
        campaigns = [walk.campaign_id for walk in ask.walks] + [post.campaign_id for post in ask.posts]
        if not campaigns:
            return
        self._learn_roles(campaigns[0])
        walks = self._walks(ask.walks)
        self._guess_roles(walks, ask.posts)
        for page_id, walk in walks.items():
            self._walk(page_id, walk)
        self._look_up_videos(ask.posts)
        self._want_posts(ask.posts)
        self._look_up_posts()
        self._look_up_authors()
        self._ask_insights()

    def _graph(self, token: str) -> facebook.GraphAPI:
        graph = facebook.GraphAPI(access_token=token, session=self._session)
        # The constructor admits no version later than 3.1.
        graph.version = self._version
        return graph

    def _get(self, path: str, token: str, **parameters: str) -> dict[str, Any]:
        answer = self._graph(token).request(f"{self._version}/{path}", dict(parameters))
        if not isinstance(answer, dict):
            raise Unreadable(PLATFORM, f"facebook: {path or 'ids'} was answered with a list; report this")
        return answer

    @contextmanager
    def _trusting(self, page_id: str, token: str) -> Iterator[None]:
        """Costs a Page its insights when only the Page's own token is refused, not the settings'."""
        try:
            with self._session.costing_only_this():
                yield
        except TokenInvalid as refused:
            if token == self._credential:
                raise
            self._own.pop(page_id, None)
            self._session.note(refused)

    def _list(
        self,
        path: str,
        token: str,
        fields: str,
        take: Callable[[list[dict[str, Any]]], bool],
        **parameters: str,
    ) -> None:
        """Gives the items of each page to `take`, to the end or until it answers False.

        Where the platform cannot put together a page of 100, it is asked for half as many, and half again.
        """
        limit = ITEMS_PER_PAGE
        position: dict[str, str] = {}
        positions: list[dict[str, str]] = []
        while True:
            try:
                document = self._get(
                    path, token, fields=fields, limit=str(limit), **{**parameters, **position}
                )
            except TooMuchAsked:
                if limit == 1:
                    raise
                limit //= 2
                continue
            if not isinstance(document.get("data"), list):
                raise Unreadable(PLATFORM, f"facebook: {path} was not answered with a list; report this")
            if not take(_items(document)):
                return
            position = _after(document)
            if not position:
                return
            if position in positions:
                raise Unreadable(PLATFORM, f"facebook: {path} repeats a page; the rest was not listed")
            positions.append(position)

    # -- who we are, and which Pages

    def _learn_roles(self, campaign_id: str) -> None:
        """The Pages on which the token's person has a role, with their tokens. A Page token has itself.

        A Page has no `accounts`, which the platform calls a bad request.
        """

        def take(accounts: list[dict[str, Any]]) -> bool:
            for account in accounts:
                if account.get("id") and account.get("access_token"):
                    self._own[str(account["id"])] = str(account["access_token"])
            return True

        with self._session.asking("roles", campaign_id):
            try:
                self._list("me/accounts", self._credential, "id,name,access_token", take)
            except ENDS_THE_RUN:
                raise
            except Trouble as trouble:
                if self._own or isinstance(trouble, Transient):
                    self._session.note(trouble)
                else:
                    self._roles_refused = trouble
            if not self._own:
                self._learn_own_name()

    def _learn_own_name(self) -> None:
        try:
            me = self._get("me", self._credential, fields="id,name")
            if not me.get("id"):
                raise Unreadable(PLATFORM, "facebook: me was answered without an id; report this")
        except ENDS_THE_RUN:
            raise
        except Trouble as trouble:
            is_passing = isinstance(trouble, Transient)
            self._session.note(trouble if is_passing else _roles_not_told(self._roles_refused or trouble))
        else:
            self._own[str(me["id"])] = self._credential

    def _guess_roles(self, pages: Iterable[str], posts: Iterable[Wanted]) -> None:
        """Where no list of roles is offered, takes the walked Pages for own, with the settings' token."""
        asked_about = {*pages, *(post.alias.partition("_")[0] for post in posts)}
        if self._roles_refused is None or asked_about & self._own.keys():
            return
        if self._own and pages:
            # Otherwise `me` was refused too, which is noted.
            self._session.note(_roles_not_told(self._roles_refused))
        for page_id in pages:
            self._own[page_id] = self._credential
            self._guessed.add(page_id)

    def _page_id(self, name: str, campaign_id: str) -> str | None:
        """The id of a Page by its name or id; None (noted once) when there is no such Page."""
        key = name.lower()
        if key not in self._pages:
            self._pages[key] = None
            token = self._own.get(name, self._credential)
            with self._session.asking("pages", campaign_id), self._trusting(name, token):
                try:
                    page = self._get(quote(name, safe=""), token, fields=_PAGE_FIELDS)
                except Gone:
                    text = (
                        f"facebook: no Page {name} (deleted, hidden or renamed); correct it in the registry"
                    )
                    self._session.note(Gone(PLATFORM, text))
                else:
                    page_id = str(page.get("id", ""))
                    self._pages.update({key: page_id, page_id: page_id})
                    if page.get("username"):
                        self._pages[str(page["username"]).lower()] = page_id
        return self._pages[key]

    def _walks(self, walks: Iterable[Walk]) -> dict[str, Walk]:
        """The walks by Page id, each Page once and from the earliest moment that any campaign needs."""
        found: dict[str, Walk] = {}
        for walk in walks:
            page_id = self._page_id(walk.account_id or walk.handle or "", walk.campaign_id)
            if page_id and (page_id not in found or walk.since < found[page_id].since):
                found[page_id] = walk
        return found

    def _walk(self, page_id: str, walk: Walk) -> None:
        token = self._own.get(page_id)
        if token is not None:
            with self._trusting(page_id, token):
                self._list_posts(page_id, walk, token)
            for list_videos in (self._list_reels, self._list_uploads):
                if page_id in self._own:
                    with self._trusting(page_id, token):
                        list_videos(page_id, walk, token)
        if page_id not in self._own:
            with self._session.costing_only_this():
                self._list_posts(page_id, walk, self._credential)

    def _list_posts(self, page_id: str, walk: Walk, token: str) -> None:
        def take(posts: list[dict[str, Any]]) -> bool:
            for post in posts:
                self._saw_post(post, page_id, walk.campaign_id)
            return True

        def list_with(fields: str) -> None:
            self._list(f"{page_id}/posts", token, fields, take, since=str(int(walk.since.timestamp())))

        with self._session.asking("page_posts", walk.campaign_id):
            if token in self._bare:
                list_with(_BARE_POST_FIELDS)
                return
            try:
                list_with(_POST_FIELDS)
                return
            except PermissionMissing as trouble:
                refused = trouble
            # The counters of reactions and comments need a permission of their own; shares do not.
            list_with(_BARE_POST_FIELDS)
            self._bare.add(token)
            self._session.note(refused)

    def _list_reels(self, page_id: str, walk: Walk, token: str) -> None:
        def take(reels: list[dict[str, Any]]) -> bool:
            for reel in reels:
                self._saw_video(reel, walk.campaign_id, page_id, is_reel=True)
            return True

        since = str(int(walk.since.timestamp()))
        with (
            self._session.asking("page_reels", walk.campaign_id),
            _optional(f"the reels of Page {page_id} are"),
        ):
            self._list(f"{page_id}/video_reels", token, _VIDEO_FIELDS, take, since=since)

    def _list_uploads(self, page_id: str, walk: Walk, token: str) -> None:
        """Newest first and without a `since`: goes on until a page ends before the walk's beginning."""

        def take(videos: list[dict[str, Any]]) -> bool:
            ages = [_moment(video.get("created_time")) for video in videos]
            for video, created_at in zip(videos, ages, strict=True):
                if created_at is None or created_at >= walk.since:
                    self._saw_video(video, walk.campaign_id, page_id)
            return not (ages and ages[-1] is not None and ages[-1] < walk.since)

        what = f"the videos of Page {page_id} are"
        with self._session.asking("page_videos", walk.campaign_id), _optional(what):
            self._list(f"{page_id}/videos", token, _VIDEO_FIELDS, take, type="uploaded")

    def _saw_post(self, post: Mapping[str, Any], page_id: str, campaign_id: str) -> None:
        post_id = str(post.get("id", ""))
        self._seen.add(post_id)
        self._lookups.pop(post_id, None)
        self._links += [
            str(post.get("permalink_url", "")),
            *(str(a.get("url", "")) for a in _attachments(post)),
        ]
        if page_id in self._own:
            metrics = _VIDEO_POST_METRICS if _has_video(post) else _POST_METRICS
            path = f"{post_id}/insights"
            self._questions.setdefault(path, _Question(path, metrics, campaign_id, page_id))

    def _saw_video(
        self, video: Mapping[str, Any], campaign_id: str, page_id: str, is_reel: bool | None = None
    ) -> None:
        """Remembers a video, wants its post, and asks its insights. Uploads list reels too: the first word
        counts.
        """
        video_id = str(video.get("id", ""))
        self._seen.add(video_id)
        link = str(video.get("permalink_url", ""))
        self._links.append(link)
        post_id = _post_of(video, page_id)
        if post_id and post_id not in self._seen:
            self._lookups.setdefault(post_id, campaign_id)
        if page_id in self._own:
            metrics = _REEL_METRICS if is_reel or "/reel" in link else _VIDEO_METRICS
            path = f"{video_id}/video_insights"
            self._questions.setdefault(path, _Question(path, metrics, campaign_id, page_id))

    def _look_up_videos(self, posts: Iterable[Wanted]) -> None:
        """Wanted posts that are known by their video's number: the video first, which names its post."""
        wanted: dict[str, dict[str, None]] = {}
        for post in posts:
            if DIGITS.fullmatch(post.alias) and post.alias not in self._seen:
                wanted.setdefault(post.campaign_id, {})[post.alias] = None
        for campaign_id, ids in wanted.items():
            with self._session.asking("videos", campaign_id):
                for some in in_parts([one for one in ids if one not in self._seen], IDS_PER_REQUEST):
                    for video in self._by_ids(some, self._credential, _VIDEO_FIELDS):
                        page_id = _owner(video) if video.get("from") else ""
                        self._authors.setdefault(page_id, campaign_id)
                        self._saw_video(video, campaign_id, page_id)

    def _want_posts(self, posts: Iterable[Wanted]) -> None:
        """Puts the wanted posts that no listing showed among the look-ups; says which cannot be looked up."""
        for post in posts:
            if DIGITS.fullmatch(post.alias):
                continue
            if PFBID.fullmatch(post.alias):
                if not any(post.alias in link for link in self._links):
                    text = (
                        f"facebook: {post.alias} is not among the posts listed now and cannot be looked up; "
                        "paste the post's address with its number, or put its Page under [[accounts]]"
                    )
                    self._session.note(Gone(PLATFORM, text))
                continue
            post_id: str | None = post.alias
            name, slash, number = post.alias.partition("/")
            if slash:
                page_id = self._page_id(name, post.campaign_id)
                post_id = page_id and f"{page_id}_{number}"
            if post_id and post_id not in self._seen:
                self._lookups.setdefault(post_id, post.campaign_id)

    def _look_up_posts(self) -> None:
        groups: dict[tuple[str, str, str], list[str]] = {}
        for post_id, campaign_id in self._lookups.items():
            page_id = post_id.partition("_")[0]
            token = self._own.get(page_id, self._credential)
            # Posts of other Pages share their calls; each own Page has a token of its own.
            owner = page_id if token != self._credential else ""
            groups.setdefault((campaign_id, owner, token), []).append(post_id)
        for (campaign_id, owner, token), ids in groups.items():
            with self._session.asking("posts", campaign_id):
                for some in in_parts(ids, IDS_PER_REQUEST):
                    with self._trusting(owner, token):
                        for post in self._by_ids(some, token, _POST_FIELDS):
                            page_id = _owner(post)
                            self._authors.setdefault(page_id, campaign_id)
                            self._saw_post(post, page_id, campaign_id)

    def _look_up_authors(self) -> None:
        """Asks the Pages of looked-up posts for their names, each that was not asked for its walk."""
        for page_id, campaign_id in self._authors.items():
            if not DIGITS.fullmatch(page_id) or page_id in self._pages:
                continue
            token = self._own.get(page_id, self._credential)
            with (
                self._session.asking("pages", campaign_id),
                self._trusting(page_id, token),
                _optional(f"the name of Page {page_id} is"),
            ):
                self._get(page_id, token, fields=_PAGE_FIELDS)

    def _by_ids(self, ids: list[str], token: str, fields: str) -> Iterator[dict[str, Any]]:
        """The objects with these ids. A call that one bad id fails is repeated in halves, down to that id."""
        if token in self._bare and fields == _POST_FIELDS:
            fields = _BARE_POST_FIELDS
        try:
            answer = self._get("", token, ids=",".join(ids), fields=fields)
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
        if len(ids) > 1:
            middle = len(ids) // 2
            yield from self._by_ids(ids[:middle], token, fields)
            yield from self._by_ids(ids[middle:], token, fields)
        elif isinstance(refused, PermissionMissing) and fields == _POST_FIELDS:
            found = list(self._by_ids(ids, token, _BARE_POST_FIELDS))
            if found:
                self._bare.add(token)
                self._session.note(refused)
            yield from found
        else:
            self._session.note(_gone(ids[0]) if isinstance(refused, Gone) else refused)

    def _ask_insights(self) -> None:
        groups: dict[tuple[str, str], list[_Question]] = {}
        for question in self._questions.values():
            groups.setdefault((question.campaign_id, question.page_id), []).append(question)
        for (campaign_id, page_id), questions in groups.items():
            token = self._own.get(page_id)
            if token is None:
                continue
            with self._session.asking("insights", campaign_id), self._trusting(page_id, token):
                self._ask_all(questions, token)

    def _ask_all(self, questions: list[_Question], token: str) -> None:
        waiting = questions
        while waiting:
            size = QUESTIONS_PER_BATCH if self._is_batching else 1
            some = [self._still_given(one) for one in waiting[:size]]
            some = [question for question in some if question.metrics and question.page_id in self._own]
            waiting = waiting[size:]
            if some:
                with self._session.costing_only_this():
                    self._ask_batch(some, token)

    def _still_given(self, question: _Question) -> _Question:
        return replace(
            question, metrics=tuple(metric for metric in question.metrics if metric not in self._withdrawn)
        )

    def _ask_batch(self, questions: list[_Question], token: str) -> None:
        """Asks up to 50 questions in one call, and again those of them that another call may answer.

        Each repetition drops a metric, splits a question or marks it as repeated, so there is an end.
        """
        again: list[_Question] = []
        unclear: list[_Question] = []
        troubles = self._troubles(questions, token)
        if troubles is None:
            self._ask_all(questions, token)
            return
        answered = zip(questions, troubles, strict=True)
        self._guessed -= {question.page_id for question, trouble in answered if trouble is None}
        for question, trouble in zip(questions, troubles, strict=True):
            match trouble:
                case None:
                    continue
                case MetricWithdrawn(metric=metric) if metric in question.metrics:
                    self._withdraw(metric, trouble)
                    again.append(question)
                case MetricWithdrawn() if len(question.metrics) == 1:
                    self._withdraw(question.metrics[0], trouble)
                case MetricWithdrawn():
                    unclear.append(question)
                case Transient() | TooMuchAsked() if self._is_batching and not question.was_repeated:
                    again.append(replace(question, was_repeated=True))
                case _ if question.page_id in self._guessed and _is_refusal(trouble):
                    self._doubt(question.page_id, trouble)
                case BadRequest():
                    edge = question.path.partition("/")[2]
                    self._session.note(_not_offered(f"{edge} of some objects are not offered", trouble))
                case _:
                    self._session.note(trouble)
        if unclear:
            # The platform does not say which metric it means: one object is asked for each alone.
            known = len(self._withdrawn)
            self._ask_all(_one_by_one(unclear[:1]), token)
            again += unclear[1:] if len(self._withdrawn) > known else _one_by_one(unclear[1:])
        self._ask_all(again, token)

    def _withdraw(self, metric: str, trouble: MetricWithdrawn) -> None:
        if metric not in self._withdrawn:
            self._withdrawn.add(metric)
            self._session.note(MetricWithdrawn(PLATFORM, f"{trouble.message} [{metric}]", metric))

    def _doubt(self, page_id: str, refused: Trouble) -> None:
        """A Page that was taken for own seems not to be. A single post that is gone proves nothing."""
        if page_id not in self._told_not_own:
            self._told_not_own.add(page_id)
            cure = "if the Page is ours, set a Page token"
            self._session.note(_not_offered(f"the views of Page {page_id} are not given", refused, cure))
        if not isinstance(refused, Gone):
            self._own.pop(page_id, None)

    def _troubles(self, questions: list[_Question], token: str) -> list[Trouble | None] | None:
        """What went wrong with each question, in their order; None when batches prove not to be offered."""
        if not self._is_batching:
            return [self._trouble_with(question, token) for question in questions]
        try:
            return self._troubles_in_batch(questions, token)
        except NotOffered as trouble:
            refused: Trouble = trouble
        except (BadRequest, Gone, PermissionMissing, Unreadable) as trouble:
            if not _is_refusal(trouble):
                raise
            refused = _not_offered("batches are not offered", trouble, "insights are asked one by one")
        self._is_batching = False
        self._session.note(refused)
        return None

    def _trouble_with(self, question: _Question, token: str) -> Trouble | None:
        """What went wrong with one question, asked in a call of its own."""
        try:
            self._get(question.path, token, metric=",".join(question.metrics), period="lifetime")
        except ENDS_THE_RUN:
            raise
        except Trouble as trouble:
            return trouble
        return None

    def _troubles_in_batch(self, questions: list[_Question], token: str) -> list[Trouble | None]:
        batch = [
            {
                "method": "GET",
                "relative_url": f"{self._version}/{question.path}"
                f"?metric={','.join(question.metrics)}&period=lifetime",
            }
            for question in questions
        ]
        form = {"batch": json.dumps(batch, separators=(",", ":")), "include_headers": "false"}
        answers = self._graph(token).request(f"{self._version}/", post_args=form)
        if not isinstance(answers, list):
            text = "facebook: batches are not offered (no list came back); insights are asked one by one"
            raise NotOffered(PLATFORM, text)
        answers += [None] * (len(questions) - len(answers))
        return [_ANSWERS.trouble_in(answer, {}) for answer in answers[: len(questions)]]


def _one_by_one(questions: Iterable[_Question]) -> list[_Question]:
    return [replace(question, metrics=(metric,)) for question in questions for metric in question.metrics]


def _gone(object_id: str) -> Gone:
    text = f"facebook: {object_id} is deleted, hidden or not visible to this token; check it in the registry"
    return Gone(PLATFORM, text)


def judge(response: requests.Response) -> Trouble | None:
    """What an answer of the Graph API means; None when it is what was asked for."""
    return _ANSWERS.judge(response)


def collect(
    ask: Ask, session: WireSession, credential: str, version: str = "v26.0", **_options: object
) -> None:
    """Lists the posts and videos of the Pages to walk, looks up what was not among them, and asks insights.

    `credential` is the token of a person or system user with a role on the own Pages, or a Page's own token.
    Raises TokenInvalid, BudgetSpent and RateLimited, which end the run; other troubles are noted in the
    session.
    """
    _Asker(session, credential, version).carry_out(ask)
