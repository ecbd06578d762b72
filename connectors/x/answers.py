"""What X's answers mean: judged whole, and taken apart in both vocabularies.

`errors` beside `data` come with status 200; their `type` is an address on either of X's hosts, whose last
segment tells the kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.errors import (
    BadRequest,
    BudgetSpent,
    Gone,
    NotOffered,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Transient,
    Trouble,
    Unreadable,
)
from connectors.pace import moment_of

if TYPE_CHECKING:
    import requests

# Named here and not imported: `connectors.x` imports this module.
_X = "x"
CREDENTIAL = "X_BEARER_TOKEN"
# Parameters of `collect` and the settings that hold them: OAuth 1.0a keys of an account of our own.
FURTHER_CREDENTIALS = {
    "consumer_key": "X_CONSUMER_KEY",
    "consumer_secret": "X_CONSUMER_SECRET",
    "access_token": "X_ACCESS_TOKEN",
    "access_token_secret": "X_ACCESS_TOKEN_SECRET",
}


def problems(document: object) -> Iterator[dict[str, Any]]:
    """The problem objects of an answer: the body itself and what its `errors` lists."""
    if isinstance(document, dict):
        yield document
        errors = document.get("errors")
        if isinstance(errors, list):
            yield from (error for error in errors if isinstance(error, dict))


def kind_of(problem: dict[str, Any]) -> str:
    """The last path segment of a problem's type, which comes with both hosts and more than one path."""
    return str(problem.get("type", "")).rstrip("/").rpartition("/")[2]


def said(document: object) -> str:
    """What X gave as the reason, short."""
    for name in ("detail", "message", "title"):
        for problem in problems(document):
            if isinstance(problem.get(name), str):
                return str(problem[name])[:200]
    return "no reason given"


def _used_up(document: object) -> str | None:
    """What is used up, when an answer says so: X sends this with 402, 403 and 429."""
    for problem in problems(document):
        if kind_of(problem) == "usage-capped" or problem.get("title") == "UsageCapExceeded":
            return (
                "the month's usage cap is reached; raise it in the developer console or wait for next month"
            )
        if kind_of(problem) == "credits" or problem.get("title") == "CreditsDepleted":
            return "the account has no credits; buy some in the developer console"
    return None


def judge(response: requests.Response) -> Trouble | None:
    """What an answer of X means; None when it is what was asked for, even with some ids under `errors`.

    Every question of this connector is answered with a list under `data`, which is absent when it is empty;
    only the token's own user comes as one object.
    """
    status = response.status_code
    try:
        document: object = response.json()
    except (ValueError, RecursionError):
        document = None
    if (status >= 500 and status != 501) or status == 408:
        return Transient(_X, f"x: the platform answered {status} ({said(document)}); try again later")
    if status < 400:
        is_named = isinstance(document, dict) and document.keys() & {"data", "errors", "meta"}
        if (
            isinstance(document, dict)
            and is_named
            and isinstance(document.get("data", []), dict if _is_about_me(response) else list)
        ):
            return None
        text = "x: the answer is not the promised JSON; check that X_API_URL is X's API"
        return Unreadable(_X, text, status)
    spent = _used_up(document)
    if spent or status == 402:
        unpaid = f"X asks for payment ({said(document)}); buy credits in the developer console"
        return BudgetSpent(_X, f"x: {spent or unpaid}")
    if status == 401:
        if _is_users(response):
            named = ", ".join(FURTHER_CREDENTIALS.values())
            text = f"x: the user's keys were refused ({said(document)}); make new ones and set {named}"
            return TokenInvalid(_X, text)
        return TokenInvalid(
            _X, f"x: the token was refused ({said(document)}); make a new one and set {CREDENTIAL}"
        )
    if status == 403:
        return PermissionMissing(
            _X, f"x: not allowed ({said(document)}); check the app's access in the developer console"
        )
    if status == 429:
        until = moment_of(response.headers.get("x-rate-limit-reset"))
        return RateLimited(_X, f"x: asked too often ({said(document)}); start again later", until)
    if status in (404, 405, 410, 501) and _is_about_counts(response):
        text = f"x: posts are not counted here ({said(document)}); check that X_API_URL is X's API"
        return NotOffered(_X, text)
    if status in (404, 410):
        return Gone(_X, f"x: not found ({said(document)}); check the names and numbers in the registry")
    return BadRequest(_X, f"x: the request was not understood ({said(document)}); report this")


def items(document: object, key: str = "data") -> list[dict[str, Any]]:
    found = document.get(key) if isinstance(document, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def ids_of(posts: Iterable[dict[str, Any]]) -> set[str]:
    """The posts' ids and those of their earlier edits, whose counters live on under the newest."""
    found: set[str] = set()
    for post in posts:
        found.add(str(post.get("id")))
        for name in ("edit_history_tweet_ids", "edit_history_post_ids"):
            history = post.get(name)
            if isinstance(history, list):
                found.update(map(str, history))
    return found


def subject(problem: dict[str, Any]) -> str:
    """The id of what an entry of `errors` is about."""
    return str(problem.get("resource_id") or problem.get("value") or "?")


def hidden_post(problem: dict[str, Any]) -> Trouble:
    """What an entry of `errors` about a looked-up post means."""
    post_id = subject(problem)
    if kind_of(problem) in ("resource-not-found", "not-authorized-for-resource"):
        text = f"x: post {post_id} is deleted or hidden ({said(problem)}); check it in the registry"
        return Gone(_X, text)
    text = (
        f"x: post {post_id} is not given ({said(problem)}); check the app's access in the developer console"
    )
    return PermissionMissing(_X, text)


def _is_about_counts(response: requests.Response) -> bool:
    return urlsplit(response.url or "").path.endswith(("/2/tweets/counts/recent", "/2/tweets/counts/all"))


def _is_about_me(response: requests.Response) -> bool:
    return urlsplit(response.url or "").path.endswith("/2/users/me")


def _is_users(response: requests.Response) -> bool:
    """Whether the request was signed by a user and not the app's alone."""
    request = getattr(response, "request", None)
    written = "" if request is None else request.headers.get("Authorization", "")
    # requests-oauthlib writes the header as bytes.
    text = written.decode("latin-1") if isinstance(written, bytes) else str(written)
    return text.startswith("OAuth ")


def posts_in(document: object) -> list[dict[str, Any]]:
    """Every post that an answer shows, those beside its data too."""
    includes = document.get("includes") if isinstance(document, dict) else None
    return [*items(document), *items(includes, "tweets"), *items(includes, "posts")]


def users_in(document: object) -> list[dict[str, Any]]:
    """The accounts that an answer shows beside its data."""
    return items(document.get("includes") if isinstance(document, dict) else None, "users")


def newest_id(post: dict[str, Any]) -> str:
    """The id of a post's latest edit, which is where its counters live."""
    for name in ("edit_history_tweet_ids", "edit_history_post_ids"):
        history = post.get(name)
        if isinstance(history, list) and history:
            return str(history[-1])
    return str(post.get("id"))


def instant_of(text: object) -> datetime | None:
    """An instant as X writes it (`2026-11-01T10:00:00.000Z`); None when it is none."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def count_in(bucket: dict[str, Any]) -> int:
    """The posts in a bucket of a count, in either vocabulary; 0 when none is given."""
    for name in ("tweet_count", "post_count"):
        if isinstance(bucket.get(name), int):
            return int(bucket[name])
    return 0


def repeats_in(post: dict[str, Any]) -> int:
    """A post's retweets, in either vocabulary; 0 when none are given."""
    metrics = post.get("public_metrics")
    for name in ("retweet_count", "repost_count"):
        if isinstance(metrics, dict) and isinstance(metrics.get(name), int):
            return int(metrics[name])
    return 0


def answered_at(response: requests.Response) -> datetime | None:
    """The platform's own clock, by which it judges the age of posts and windows: its Date header."""
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
