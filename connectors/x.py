"""X: public counters of posts, through tweepy 4.17, which speaks the API's old vocabulary (`retweet`).

A look-up takes at most 100 ids. Deleted and protected posts come back under `errors` with status 200, so a
short `data` list is no failure; a page may hold fewer posts than asked for, even none, and still name a next
one. Views of a video are counted on its media, over every post that carries it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import requests
import tweepy

from connectors.addresses import web_address
from connectors.asking import Ask, Walk, in_parts
from connectors.errors import (
    BadRequest,
    BudgetSpent,
    Gone,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Transient,
    Trouble,
    Unreadable,
    UnusableReference,
)
from connectors.wire import WireSession, moment_of

PLATFORM = "x"
CREDENTIAL = "X_BEARER_TOKEN"
SDK_URL = "https://api.twitter.com"
API_URL = "https://api.x.com"

IDS_PER_REQUEST = 100
POSTS_PER_PAGE = 100
# X refuses earlier start times.
_EARLIEST = datetime(2010, 11, 6, 0, 0, 1, tzinfo=UTC)
_POST_FIELDS: dict[str, list[str]] = {
    "tweet_fields": [
        "created_at",
        "public_metrics",
        "author_id",
        "attachments",
        "edit_history_tweet_ids",
        "referenced_tweets",
    ],
    "expansions": ["attachments.media_keys", "author_id"],
    "media_fields": ["public_metrics", "duration_ms", "type"],
    "user_fields": ["username", "name", "public_metrics"],
}

_HOSTS = {
    f"{prefix}{domain}" for domain in ("x.com", "twitter.com") for prefix in ("", "www.", "mobile.", "m.")
}
_ID = re.compile(r"[1-9][0-9]{0,18}")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_POST_PATH = re.compile(r"/status(?:es)?/([1-9][0-9]{0,18})(?:/|$)", re.IGNORECASE)
_NOT_HANDLES = {
    "i",
    "home",
    "explore",
    "search",
    "hashtag",
    "intent",
    "share",
    "messages",
    "notifications",
    "settings",
}
_POST_CURE = "open the post, copy its address (https://x.com/NAME/status/NUMBER) and paste that"
_HANDLE_CURE = 'give the name as shown after the @, such as handle = "UKLabour"'


def _place(url: str) -> tuple[str, str] | None:
    """Host (lower case) and path of a pasted address, with or without scheme; None when it is not an
    address.
    """
    parts = web_address(url)
    if parts is None:
        return None
    # Addresses copied before 2012 carry the path behind "#!".
    path = parts.fragment[1:] if parts.fragment.startswith("!/") else parts.path
    return (parts.hostname or "").rstrip("."), unquote(path)


def parse_post_url(url: str) -> str | None:
    """The post's id in any usual form of its address; None when the address is not X's.

    Raises UnusableReference for X addresses that name no post.
    """
    place = _place(url)
    if place is None:
        return None
    host, path = place
    if host == "t.co":
        raise UnusableReference("t.co links hide the post", _POST_CURE)
    if host not in _HOSTS:
        return None
    found = _POST_PATH.search(path)
    if found:
        return found[1]
    if "/status" in path.lower():
        raise UnusableReference("the address has no post number after /status/", _POST_CURE)
    segments = [segment for segment in path.split("/") if segment]
    if len(segments) == 1 and segments[0].lower() not in _NOT_HANDLES:
        raise UnusableReference("the address names an account, not a post", _POST_CURE)
    raise UnusableReference("the address names no post", _POST_CURE)


def parse_post_id(text: str) -> str:
    """The post's id, as written behind `x:`. Raises UnusableReference when it is not a post number."""
    alias = text.strip()
    if not _ID.fullmatch(alias):
        raise UnusableReference(f"{alias!r} is not an X post number", 'write it as "x:1786512345678901234"')
    return alias


def parse_handle(text: str) -> str:
    """The account's name without @ and address, its case kept. Raises UnusableReference."""
    handle = text.strip()
    if "/" in handle:
        place = _place(handle)
        if place is None or place[0] not in _HOSTS:
            raise UnusableReference(f"{handle!r} is not an X account", _HANDLE_CURE)
        segments = [segment for segment in place[1].split("/") if segment]
        handle = segments[0] if segments else ""
        if handle.lower() in _NOT_HANDLES:
            raise UnusableReference(f"{text.strip()!r} names no X account", _HANDLE_CURE)
    handle = handle.removeprefix("@")
    if not _HANDLE.fullmatch(handle):
        raise UnusableReference(f"{handle!r} is not an X account name", _HANDLE_CURE)
    return handle


def _problems(document: object) -> Iterator[dict[str, Any]]:
    """The problem objects of an answer: the body itself and what its `errors` lists."""
    if isinstance(document, dict):
        yield document
        errors = document.get("errors")
        if isinstance(errors, list):
            yield from (error for error in errors if isinstance(error, dict))


def _kind(problem: dict[str, Any]) -> str:
    """The last path segment of a problem's type, which comes with both hosts and more than one path."""
    return str(problem.get("type", "")).rstrip("/").rpartition("/")[2]


def _said(document: object) -> str:
    """What X gave as the reason, short."""
    for name in ("detail", "message", "title"):
        for problem in _problems(document):
            if isinstance(problem.get(name), str):
                return str(problem[name])[:200]
    return "no reason given"


def _is_spent(document: object) -> str | None:
    """What is used up, when an answer says so: X sends this with 402, 403 and 429."""
    for problem in _problems(document):
        if _kind(problem) == "usage-capped" or problem.get("title") == "UsageCapExceeded":
            return (
                "the month's usage cap is reached; raise it in the developer console or wait for next month"
            )
        if _kind(problem) == "credits" or problem.get("title") == "CreditsDepleted":
            return "the account has no credits; buy some in the developer console"
    return None


def judge(response: requests.Response) -> Trouble | None:
    """What an answer of X means; None when it is what was asked for, even with some ids under `errors`.

    Every question of this connector is answered with a list under `data`, which is absent when it is empty.
    """
    status = response.status_code
    try:
        document: object = response.json()
    except (ValueError, RecursionError):
        document = None
    if (status >= 500 and status != 501) or status == 408:
        return Transient(PLATFORM, f"x: the platform answered {status} ({_said(document)}); try again later")
    if status < 400:
        is_named = isinstance(document, dict) and document.keys() & {"data", "errors", "meta"}
        if isinstance(document, dict) and is_named and isinstance(document.get("data", []), list):
            return None
        text = "x: the answer is not the promised JSON; check that X_API_URL is X's API"
        return Unreadable(PLATFORM, text, status)
    spent = _is_spent(document)
    if spent or status == 402:
        return BudgetSpent(PLATFORM, f"x: {spent or _said(document)}")
    if status == 401:
        return TokenInvalid(
            PLATFORM, f"x: the token was refused ({_said(document)}); make a new one and set {CREDENTIAL}"
        )
    if status == 403:
        return PermissionMissing(
            PLATFORM, f"x: not allowed ({_said(document)}); check the app's access in the developer console"
        )
    if status == 429:
        until = moment_of(response.headers.get("x-rate-limit-reset"))
        return RateLimited(PLATFORM, f"x: asked too often ({_said(document)}); start again later", until)
    if status in (404, 410):
        return Gone(
            PLATFORM, f"x: not found ({_said(document)}); check the names and numbers in the registry"
        )
    return BadRequest(PLATFORM, f"x: the request was not understood ({_said(document)}); report this")


def _items(document: object, key: str = "data") -> list[dict[str, Any]]:
    found = document.get(key) if isinstance(document, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _ids_of(post: dict[str, Any]) -> set[str]:
    """A post's id and those of its earlier edits, whose counters live on under the newest."""
    found = {str(post.get("id"))}
    for name in ("edit_history_tweet_ids", "edit_history_post_ids"):
        history = post.get(name)
        if isinstance(history, list):
            found |= {str(edit) for edit in history}
    return found


def _subject(problem: dict[str, Any]) -> str:
    """The id of what an entry of `errors` is about."""
    return str(problem.get("resource_id") or problem.get("value") or "?")


def _hidden_post(problem: dict[str, Any]) -> Trouble:
    """What an entry of `errors` about a looked-up post means."""
    post_id = _subject(problem)
    if _kind(problem) in ("resource-not-found", "not-authorized-for-resource"):
        text = f"x: post {post_id} is deleted or hidden ({_said(problem)}); check it in the registry"
        return Gone(PLATFORM, text)
    text = (
        f"x: post {post_id} is not given ({_said(problem)}); check the app's access in the developer console"
    )
    return PermissionMissing(PLATFORM, text)


class _Asker:
    """One run's questions to X."""

    def __init__(self, session: WireSession, credential: str) -> None:
        self._session = session
        # Never wait_on_rate_limit: without a future reset time tweepy then asks without end (seen in 4.17.0).
        self._client = tweepy.Client(bearer_token=credential, return_type=requests.Response)
        self._client.session = session
        self._seen: set[str] = set()

    def carry_out(self, ask: Ask) -> None:
        for user_id, walk in self._accounts(ask.walks).items():
            with self._session.costing_only_this():
                self._walk(user_id, walk)
        wanted: dict[str, dict[str, None]] = {}
        asked: set[str] = set()
        for post in ask.posts:
            if not _ID.fullmatch(post.alias):
                self._session.note(
                    BadRequest(PLATFORM, f"x: {post.alias!r} is not a post number; report this")
                )
            elif post.alias not in asked and post.alias not in self._seen:
                asked.add(post.alias)
                wanted.setdefault(post.campaign_id, {})[post.alias] = None
        for campaign_id, ids in wanted.items():
            self._look_up(campaign_id, list(ids))

    def _accounts(self, walks: Iterable[Walk]) -> dict[str, Walk]:
        """The walks by user id, each account once and from the earliest moment that any campaign needs."""
        found: dict[str, Walk] = {}
        named: dict[str, Walk] = {}

        def keep(walks: dict[str, Walk], key: str, walk: Walk) -> None:
            if key not in walks or walk.since < walks[key].since:
                walks[key] = walk

        for walk in walks:
            handle = (walk.handle or "").removeprefix("@")
            if walk.account_id:
                keep(found, walk.account_id, walk)
            elif _HANDLE.fullmatch(handle):
                keep(named, handle.lower(), walk)
            else:
                # One impossible name would make X refuse the other 99 with it.
                text = f"x: {handle!r} cannot be an account's name; correct the handle in the registry"
                self._session.note(BadRequest(PLATFORM, text))
        for campaign_id in dict.fromkeys(walk.campaign_id for walk in named.values()):
            names = [name for name, walk in named.items() if walk.campaign_id == campaign_id]
            with self._session.asking("users", campaign_id):
                for some in in_parts(names, IDS_PER_REQUEST):
                    with self._session.costing_only_this():
                        for name, user_id in self._resolve([named[name].handle or "" for name in some]):
                            keep(found, user_id, named[name])
        return found

    def _resolve(self, handles: list[str]) -> Iterator[tuple[str, str]]:
        """(handle in lower case, user id) of each account that there is; the others are noted."""
        names = [handle.removeprefix("@") for handle in handles]
        document = self._client.get_users(
            usernames=names, user_fields=["public_metrics", "created_at"]
        ).json()
        ids = {str(user.get("username", "")).lower(): str(user.get("id")) for user in _items(document)}
        for name in names:
            if name.lower() in ids:
                yield name.lower(), ids[name.lower()]
            else:
                text = f"x: no account @{name} (deleted, suspended or renamed); correct it in the registry"
                self._session.note(Gone(PLATFORM, text))

    def _walk(self, user_id: str, walk: Walk) -> None:
        """Lists an account's posts to the end. Retweets are left out: they repeat the original's counter."""
        token: str | None = None
        tokens: set[str] = set()
        with self._session.asking("timeline", walk.campaign_id):
            while True:
                document = self._client.get_users_tweets(
                    user_id,
                    max_results=POSTS_PER_PAGE,
                    exclude=["retweets"],
                    start_time=max(walk.since, _EARLIEST),
                    pagination_token=token,
                    **_POST_FIELDS,
                ).json()
                posts = _items(document)
                for post in posts:
                    self._seen |= _ids_of(post)
                if not posts:
                    for problem in _items(document, "errors"):
                        name = walk.handle or user_id
                        text = f"x: the account {name} is protected, suspended or gone ({_said(problem)})"
                        self._session.note(
                            PermissionMissing(PLATFORM, f"{text}; set watch = false in the registry")
                        )
                meta = document.get("meta")
                token = meta.get("next_token") if isinstance(meta, dict) else None
                if not token:
                    return
                if token in tokens:
                    text = (
                        f"x: the timeline of {walk.handle or user_id} repeats a page; older posts are missing"
                    )
                    raise Unreadable(PLATFORM, text)
                tokens.add(token)

    def _look_up(self, campaign_id: str, ids: list[str]) -> None:
        with self._session.asking("posts", campaign_id):
            for some in in_parts(ids, IDS_PER_REQUEST):
                with self._session.costing_only_this():
                    document = self._client.get_tweets(some, **_POST_FIELDS).json()
                    unanswered = dict.fromkeys(some)
                    for post in _items(document):
                        for post_id in _ids_of(post):
                            unanswered.pop(post_id, None)
                    for problem in _items(document, "errors"):
                        # The author or the media of a post that is given may be hidden too.
                        if _subject(problem) in some or problem.get("resource_type") not in ("user", "media"):
                            self._session.note(_hidden_post(problem))
                        unanswered.pop(_subject(problem), None)
                    for post_id in unanswered:
                        text = f"x: post {post_id} is missing from the answer; check it in the registry"
                        self._session.note(Gone(PLATFORM, text))


def collect(ask: Ask, session: WireSession, credential: str, **_options: object) -> None:
    """Lists the posts of the accounts to walk and looks up the wanted posts that were not among them.

    Raises TokenInvalid, BudgetSpent and RateLimited, which end the run; other troubles are noted.
    """
    _Asker(session, credential).carry_out(ask)
