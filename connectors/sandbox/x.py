"""The sandbox's X face: the posts, timelines and users of API v2.

Written from X's OpenAPI description 2.166 (xdevplatform/docs; the X Developer Agreement applies) and from
recorded answers, not from any client. Both vocabularies are served: a request with `post.fields` is answered
with `repost_count`, `referenced_posts` and `includes.posts`, as description 2.167 has it, any other with the
older words.

What a reader has to cope with here: partial errors beside `data` with status 200; no `data` at all when
everything failed; fields that are absent unless asked for, or empty; pages shorter than `max_results` that
still have a `next_token` (`exclude` takes posts out after the page was cut); native retweets, whose
`retweet_count` is the original's; `impression_count` 0 on posts older than the metric (January 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

import orjson

from connectors.sandbox.exchange import Answer, Asked, words
from connectors.sandbox.growth import Count, Moment
from connectors.sandbox.world import World, XAccount, XMedia, XPost

PLATFORM = "x"
BEARER_TOKEN = "sandbox-x-bearer-token"  # noqa: S105 -- the sandbox's own, worth nothing elsewhere
SECRETS = {"X_BEARER_TOKEN": BEARER_TOKEN}

# Requests per endpoint in 15 minutes with an app's own token, from X's rate limit table.
WINDOW_S = 900
LIMITS = {"posts": 3_500, "timeline": 10_000, "users": 300}

_PROBLEMS = "https://api.twitter.com/2/problems/"
_PAGE_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
# Recorded tokens are base 36 and all begin alike.
_TOKEN_PREFIX = "7140dibdnow9c7btw"  # noqa: S105 -- marks a page, opens nothing
_EARLIEST = datetime(2010, 11, 6, tzinfo=UTC).timestamp()
_IMPRESSIONS_SINCE = datetime(2023, 1, 1, tzinfo=UTC).timestamp()

_POST_FIELDS = words(
    """
    article attachments author_id card_uri community_id context_annotations conversation_id created_at
    display_text_range edit_controls edit_history_tweet_ids entities geo id in_reply_to_user_id lang
    matched_media_notes media_metadata non_public_metrics note_request_suggestions note_tweet
    organic_metrics paid_partnership possibly_sensitive promoted_metrics public_metrics referenced_tweets
    reply_settings scopes source suggested_source_links suggested_source_links_with_counts text withheld
    """
)
_PRIVATE_FIELDS = ("non_public_metrics", "organic_metrics", "promoted_metrics")
_MEDIA_FIELDS = words(
    """
    alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url
    promoted_metrics public_metrics type url variants width
    """
)
_USER_FIELDS = words(
    """
    affiliation confirmed_email connection_status created_at description entities id is_identity_verified
    location most_recent_tweet_id name parody pinned_tweet_id profile_banner_url profile_image_url
    protected public_metrics receives_your_dm subscription subscription_type url username verified
    verified_followers_count verified_type withheld
    """
)
_POST_EXPANSIONS = words(
    """
    article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet
    attachments.poll_ids author_id edit_history_tweet_ids entities.mentions.username geo.place_id
    in_reply_to_user_id entities.note.mentions.username referenced_tweets.id
    referenced_tweets.id.attachments.media_keys referenced_tweets.id.author_id
    """
)
_USER_EXPANSIONS = frozenset(("affiliation.user_id", "most_recent_tweet_id", "pinned_tweet_id"))
_FIELD_PARAMETERS = frozenset(
    (
        "tweet.fields",
        "post.fields",
        "expansions",
        "media.fields",
        "user.fields",
        "poll.fields",
        "place.fields",
    )
)

# The newer vocabulary (description 2.167), by the older.
_NEWER = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
}
_NEWER_EXPANSIONS = {
    "referenced_posts": "referenced_tweets.id",
    "referenced_posts.id": "referenced_tweets.id",
    "edit_history_post_ids": "edit_history_tweet_ids",
}


class Refused(Exception):
    """A request that is answered with an error; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(slots=True)
class _Wording:
    """What a request asked to see, once for all requests that ask the same; `rendered` keeps what does not
    change with time."""

    post_fields: frozenset[str]
    media_fields: frozenset[str]
    user_fields: frozenset[str]
    expansions: frozenset[str]
    is_newer: bool
    rendered: dict[str, dict[str, object]] = field(default_factory=dict)
    users: dict[str, dict[str, object]] = field(default_factory=dict)


class XFace:
    """Answers requests below `/x`, as api.x.com would. Keeps the counts of the rate limits, nothing else."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._used: dict[tuple[str, int], int] = {}
        self._wordings: dict[tuple[str, ...], _Wording] = {}

    def answer(self, asked: Asked) -> Answer:
        """Never raises for what a client can send."""
        try:
            if asked.headers.get("authorization") != f"Bearer {BEARER_TOKEN}":
                raise Refused(problem(401, "Unauthorized", "Unauthorized"))
            endpoint, carry_out = self._route(asked)
            limits, is_spent = self._count(endpoint, asked.now)
            answer = problem(429, "Too Many Requests") if is_spent else carry_out()
        except Refused as refused:
            return refused.answer
        answer.headers.update(limits)
        return answer

    def _route(self, asked: Asked) -> tuple[str, Callable[[], Answer]]:
        parts = asked.path.strip("/").split("/")
        if asked.method != "GET":
            raise Refused(problem(405, "Method Not Allowed"))
        match parts:
            case ["2", "tweets"]:
                return "posts", lambda: self._guard(self._posts, asked)
            case ["2", "users", "by"]:
                return "users", lambda: self._guard(self._users_by, asked)
            case ["2", "users", account_id, "tweets"]:
                return "timeline", lambda: self._guard(lambda again: self._timeline(account_id, again), asked)
        raise Refused(problem(404, "Not Found"))

    def _guard(self, carry_out: Callable[[Asked], dict[str, object]], asked: Asked) -> Answer:
        """A refused request counts too: its answer gets the rate limit headers like any other."""
        try:
            return Answer(200, orjson.dumps(carry_out(asked)))
        except Refused as refused:
            return refused.answer

    def _count(self, endpoint: str, now: Moment) -> tuple[dict[str, str], bool]:
        """The rate limit headers after this request, and whether it came too late."""
        window = int(now.epoch // WINDOW_S)
        used = self._used.get((endpoint, window), 0) + 1
        if len(self._used) > 64:
            self._used = {key: count for key, count in self._used.items() if key[1] == window}
        self._used[endpoint, window] = used
        limit = LIMITS[endpoint]
        headers = {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(0, limit - used)),
            "x-rate-limit-reset": str((window + 1) * WINDOW_S),
        }
        return headers, used > limit

    # -- endpoints

    def _users_by(self, asked: Asked) -> dict[str, object]:
        self._know(asked, {"usernames"})
        names = _list_of(asked, "usernames", 100)
        wording = self._wording(asked, _USER_EXPANSIONS)
        data: list[dict[str, object]] = []
        errors: list[dict[str, object]] = []
        for name in names:
            if not (0 < len(name) <= 15 and name.replace("_", "a").isalnum() and name.isascii()):
                raise Refused(
                    _invalid(
                        "usernames",
                        name,
                        f"The `usernames` query parameter value [{name}] does not match [A-Za-z0-9_]{{1,15}}",
                    )
                )
            account = self._world.x_account(name)
            if account is None:
                errors.append(not_found("user", "usernames", name))
            else:
                data.append(self._user(wording, account))
        return together(data, errors, {}, None)

    def _posts(self, asked: Asked) -> dict[str, object]:
        self._know(asked, {"ids"})
        ids = _list_of(asked, "ids", 100)
        for post_id in ids:
            _check_id("ids", post_id)
        if len(set(ids)) != len(ids):
            raise Refused(
                _invalid("ids", asked.query["ids"], "The `ids` query parameter values must be unique")
            )
        wording = self._wording(asked, _POST_EXPANSIONS)
        posts: list[XPost] = []
        errors: list[dict[str, object]] = []
        for post_id in ids:
            post = self._world.x_post(post_id, asked.now)
            if post is None:
                errors.append(not_found("tweet", "ids", post_id))
            elif post.author.is_protected:
                errors.append(_not_authorized("tweet", "ids", post_id))
            else:
                posts.append(post)
        return self._page(wording, posts, errors, None, asked.now)

    def _timeline(self, account_id: str, asked: Asked) -> dict[str, object]:
        known = {
            "max_results",
            "pagination_token",
            "start_time",
            "end_time",
            "since_id",
            "until_id",
            "exclude",
        }
        self._know(asked, known)
        _check_id("id", account_id)
        wanted = _number(asked, "max_results", 10, 5, 100)
        account = self._world.x_accounts.get(account_id)
        if account is None:
            return {"errors": [not_found("user", "id", account_id)]}
        if account.is_protected:
            return {"errors": [_not_authorized("user", "id", account_id)]}
        wording = self._wording(asked, _POST_EXPANSIONS)
        since, until = _instant(asked, "start_time"), _instant(asked, "end_time")
        # An id takes precedence over a time.
        lowest, highest = _id(asked, "since_id"), _id(asked, "until_id")
        before = _page_bound(asked)
        exclude = _exclusions(asked)

        def is_inside(post: XPost) -> bool:
            number = int(post.id)
            if before is not None and number >= before:
                return False
            if lowest is not None:
                if number <= lowest:
                    return False
            elif since is not None and post.created < since:
                return False
            if highest is not None:
                return number < highest
            return until is None or post.created < until

        inside = (post for post in self._world.timeline(account, asked.now) if is_inside(post))
        cut = list(islice(inside, wanted + 1))
        shown = [post for post in cut[:wanted] if not _is_excluded(post, exclude)]
        meta: dict[str, object] = {"result_count": len(shown)}
        if shown:
            meta["newest_id"] = shown[0].id
            meta["oldest_id"] = shown[-1].id
        if len(cut) > wanted:
            meta["next_token"] = _page_token(cut[wanted - 1].id)
        return self._page(wording, shown, [], meta, asked.now)

    # -- what is shown

    def _wording(self, asked: Asked, expansions: frozenset[str]) -> _Wording:
        query = asked.query
        key = (
            query.get("tweet.fields", ""),
            query.get("post.fields", ""),
            query.get("media.fields", ""),
            query.get("user.fields", ""),
            query.get("expansions", ""),
            str(len(expansions)),
        )
        known = self._wordings.get(key)
        if known is not None:
            return known
        is_newer = "post.fields" in query
        named = "post.fields" if is_newer else "tweet.fields"
        older = {new: old for old, new in _NEWER.items()}
        post_fields = {
            older.get(name, name) for name in _choice(asked, named, _POST_FIELDS | set(_NEWER.values()))
        }
        allowed = expansions | set(_NEWER_EXPANSIONS)
        expanded = {_NEWER_EXPANSIONS.get(name, name) for name in _choice(asked, "expansions", allowed)}
        # What is expanded is named in the post as well, asked for or not.
        if "attachments.media_keys" in expanded:
            post_fields.add("attachments")
        if "author_id" in expanded:
            post_fields.add("author_id")
        if any(name.startswith("referenced_tweets.id") for name in expanded):
            post_fields.add("referenced_tweets")
        wording = _Wording(
            frozenset(post_fields),
            frozenset(_choice(asked, "media.fields", _MEDIA_FIELDS)),
            frozenset(_choice(asked, "user.fields", _USER_FIELDS)),
            frozenset(expanded),
            is_newer,
        )
        if len(self._wordings) >= 32:
            self._wordings.clear()
        self._wordings[key] = wording
        return wording

    def _page(
        self,
        wording: _Wording,
        posts: Sequence[XPost],
        errors: list[dict[str, object]],
        meta: dict[str, object] | None,
        now: Moment,
    ) -> dict[str, object]:
        includes: dict[str, object] = {}
        data = [self._post(wording, post, now) for post in posts]
        private = [name for name in _PRIVATE_FIELDS if name in wording.post_fields]
        errors.extend(_field_refused(post.id, name) for post in posts for name in private)
        expansions = wording.expansions
        if "attachments.media_keys" in expansions:
            media = {medium.key: medium for post in posts for medium in post.media}
            if media:
                includes["media"] = [self._medium(wording, medium, now) for medium in media.values()]
        referenced: dict[str, XPost] = {}
        if any(name.startswith("referenced_tweets.id") for name in expansions):
            for post in posts:
                other = post.original or post.replied_to
                if other is None:
                    continue
                if other.is_there(now):
                    referenced[other.id] = other
                else:
                    errors.append(not_found("tweet", "referenced_tweets.id", other.id))
            if referenced:
                name = "posts" if wording.is_newer else "tweets"
                includes[name] = [self._post(wording, other, now) for other in referenced.values()]
        authors: dict[str, XAccount] = {}
        if "author_id" in expansions:
            authors.update((post.author.id, post.author) for post in posts)
        if "referenced_tweets.id.author_id" in expansions:
            authors.update((post.author.id, post.author) for post in referenced.values())
        if authors:
            includes["users"] = [self._user(wording, account) for account in authors.values()]
        return together(data, errors, includes, meta)

    def _post(self, wording: _Wording, post: XPost, now: Moment) -> dict[str, object]:
        lasting = wording.rendered.get(post.id)
        if lasting is None:
            lasting = wording.rendered[post.id] = _lasting_fields(wording, post)
        if "public_metrics" not in wording.post_fields:
            return lasting
        share = post.growth.share(now)
        shown = lasting.copy()
        shown["public_metrics"] = {
            "repost_count" if wording.is_newer else "retweet_count": post.retweets.at(share, now),
            "reply_count": post.replies.at(share, now),
            "like_count": post.likes.at(share, now),
            "quote_count": post.quotes.at(share, now),
            "bookmark_count": post.bookmarks.at(share, now),
            "impression_count": 0
            if post.created < _IMPRESSIONS_SINCE
            else _impressions(post.likes, share, now),
        }
        return shown

    def _medium(self, wording: _Wording, media: XMedia, now: Moment) -> dict[str, object]:
        fields = wording.media_fields
        shown: dict[str, object] = {"media_key": media.key, "type": "video" if media.is_video else "photo"}
        if media.is_video and "duration_ms" in fields:
            shown["duration_ms"] = media.duration_ms
        if media.is_video and "public_metrics" in fields:
            shown["public_metrics"] = {"view_count": media.views.at(media.growth.share(now), now)}
        if "width" in fields:
            shown["width"] = 1280
        if "height" in fields:
            shown["height"] = 720
        if "url" in fields and not media.is_video:
            shown["url"] = f"https://pbs.twimg.com/media/{media.key}.jpg"
        if "preview_image_url" in fields and media.is_video:
            shown["preview_image_url"] = f"https://pbs.twimg.com/media/{media.key}.jpg"
        return shown

    def _user(self, wording: _Wording, account: XAccount) -> dict[str, object]:
        shown = wording.users.get(account.id)
        if shown is not None:
            return shown
        fields = wording.user_fields
        shown = {"id": account.id, "name": account.name, "username": account.handle}
        if "created_at" in fields:
            shown["created_at"] = _written(account.created)
        if "protected" in fields:
            shown["protected"] = account.is_protected
        if "verified" in fields:
            shown["verified"] = False
        if "public_metrics" in fields:
            shown["public_metrics"] = {
                "followers_count": account.followers,
                "following_count": 2_000 + len(account.handle),
                "tweet_count": 10_000 + len(account.posts),
                "listed_count": account.followers // 300,
            }
        wording.users[account.id] = shown
        return shown

    def _know(self, asked: Asked, names: set[str]) -> None:
        """X refuses parameters that it does not know, rather than ignoring them."""
        allowed = names | _FIELD_PARAMETERS
        for name, value in asked.query.items():
            if name not in allowed:
                listed = ",".join(sorted(allowed))
                raise Refused(_invalid(name, value, f"The query parameter [{name}] is not one of [{listed}]"))


def problem(status: int, title: str, detail: str | None = None, **more: object) -> Answer:
    """An RFC 7807 problem, as X words them; `more` may replace `type`."""
    body = {"title": title, "type": "about:blank", "status": status, "detail": detail or title, **more}
    return Answer(status, orjson.dumps(body), {"content-type": "application/problem+json"})


def _invalid(parameter: str, value: str, message: str) -> Answer:
    body = {
        "errors": [{"parameters": {parameter: [value]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": _PROBLEMS + "invalid-request",
    }
    return Answer(400, orjson.dumps(body), {"content-type": "application/problem+json"})


def not_found(kind: str, parameter: str, value: str) -> dict[str, object]:
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": _PROBLEMS + "resource-not-found",
    }


def _not_authorized(kind: str, parameter: str, value: str) -> dict[str, object]:
    noun = "Tweet" if kind == "tweet" else "User"
    return {
        "resource_id": value,
        "parameter": parameter,
        "resource_type": kind,
        "section": "data",
        "title": "Authorization Error",
        "value": value,
        "detail": f"Sorry, you are not authorized to see the {noun} with {parameter}: [{value}].",
        "type": _PROBLEMS + "not-authorized-for-resource",
    }


def _field_refused(post_id: str, name: str) -> dict[str, object]:
    """An app's own token never sees these; they need the author's."""
    metric = f"{name}.impression_count"
    return {
        "resource_type": "tweet",
        "field": metric,
        "parameter": "id",
        "resource_id": post_id,
        "title": "Field Authorization Error",
        "section": "data",
        "detail": f"Sorry, you are not authorized to access '{metric}' on the Tweet with id : [{post_id}].",
        "value": post_id,
        "type": _PROBLEMS + "not-authorized-for-field",
    }


def together(
    data: list[dict[str, object]],
    errors: list[dict[str, object]],
    includes: dict[str, object],
    meta: dict[str, object] | None,
) -> dict[str, object]:
    """Empty parts are left out, `data` too."""
    body: dict[str, object] = {}
    if data:
        body["data"] = data
    if includes:
        body["includes"] = includes
    if errors:
        body["errors"] = errors
    if meta is not None:
        body["meta"] = meta
    return body


def _lasting_fields(wording: _Wording, post: XPost) -> dict[str, object]:
    fields = wording.post_fields
    edits = "edit_history_post_ids" if wording.is_newer else "edit_history_tweet_ids"
    shown: dict[str, object] = {"id": post.id, "text": post.text, edits: [post.id]}
    if "author_id" in fields:
        shown["author_id"] = post.author.id
    if "created_at" in fields:
        shown["created_at"] = _written(post.created)
    if "conversation_id" in fields:
        shown["conversation_id"] = post.replied_to.id if post.replied_to else post.id
    if "lang" in fields:
        shown["lang"] = "en"
    if "possibly_sensitive" in fields:
        shown["possibly_sensitive"] = False
    if "attachments" in fields and post.media:
        shown["attachments"] = {"media_keys": [medium.key for medium in post.media]}
    if "in_reply_to_user_id" in fields and post.replied_to:
        shown["in_reply_to_user_id"] = post.replied_to.author.id
    if "referenced_tweets" in fields:
        name = "referenced_posts" if wording.is_newer else "referenced_tweets"
        if post.original:
            shown[name] = [{"type": "retweeted", "id": post.original.id}]
        elif post.replied_to:
            shown[name] = [{"type": "replied_to", "id": post.replied_to.id}]
    return shown


def _impressions(likes: Count, share: float, now: Moment) -> int:
    return likes.at(share, now) * 40


def _written(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _list_of(asked: Asked, name: str, most: int) -> list[str]:
    if not asked.query.get(name):
        raise Refused(_invalid(name, "", f"The `{name}` query parameter can not be empty"))
    values = asked.query[name].split(",")
    if len(values) > most:
        counted = f"The number of values in the `{name}` query parameter list [{len(values)}]"
        message = f"{counted} is not between 1 and {most}"
        raise Refused(_invalid(name, asked.query[name], message))
    return values


def _choice(asked: Asked, name: str, allowed: frozenset[str] | set[str]) -> list[str]:
    values = [value for value in asked.query.get(name, "").split(",") if value]
    for value in values:
        if value not in allowed:
            listed = ",".join(sorted(allowed))
            raise Refused(
                _invalid(
                    name, value, f"The `{name}` query parameter value [{value}] is not one of [{listed}]"
                )
            )
    return values


def _check_id(name: str, value: str) -> None:
    if not (value.isascii() and value.isdigit() and len(value) <= 19):
        raise Refused(_invalid(name, value, f"The `{name}` query parameter value [{value}] is not valid"))


def _id(asked: Asked, name: str) -> int | None:
    value = asked.query.get(name)
    if value is None:
        return None
    _check_id(name, value)
    return int(value)


def _number(asked: Asked, name: str, usual: int, least: int, most: int) -> int:
    value = asked.query.get(name)
    if value is None:
        return usual
    if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
        message = f"The `{name}` query parameter value [{value}] is not between {least} and {most}"
        raise Refused(_invalid(name, value, message))
    return int(value)


def _instant(asked: Asked, name: str) -> float | None:
    value = asked.query.get(name)
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or "T" not in value:
        raise Refused(
            _invalid(
                name, value, f"The `{name}` query parameter value [{value}] is not a valid RFC3339 date-time"
            )
        )
    if instant.timestamp() < _EARLIEST:
        message = f"The `{name}` query parameter value [{value}] must be on or after 2010-11-06T00:00Z"
        raise Refused(_invalid(name, value, message))
    return instant.timestamp()


def _exclusions(asked: Asked) -> frozenset[str]:
    allowed = frozenset(("replies", "retweets", "reposts"))
    chosen = _choice(asked, "exclude", allowed)
    return frozenset("retweets" if name == "reposts" else name for name in chosen)


def _is_excluded(post: XPost, exclude: frozenset[str]) -> bool:
    return (post.original is not None and "retweets" in exclude) or (
        post.replied_to is not None and "replies" in exclude
    )


def _page_token(post_id: str) -> str:
    """Opaque to clients; names the last post of the page."""
    number, digits = int(post_id), ""
    while number:
        number, digit = divmod(number, 36)
        digits = _PAGE_ALPHABET[digit] + digits
    return _TOKEN_PREFIX + digits


def _page_bound(asked: Asked) -> int | None:
    """The id below which the page begins."""
    token = asked.query.get("pagination_token")
    if token is None:
        return None
    digits = token.removeprefix(_TOKEN_PREFIX)
    if digits == token or not digits or not set(digits) <= set(_PAGE_ALPHABET) or len(digits) > 13:
        message = f"The `pagination_token` query parameter value [{token}] is not valid"
        raise Refused(_invalid("pagination_token", token, message))
    return int(digits, 36)


def face(world: World, intercept: Callable[[str], Answer | None]) -> XFace:
    """X's face of a world; X has no requests inside requests to intercept."""
    return XFace(world)
