"""The sandbox's X face: the posts, timelines, users and counts of API v2.

Written from X's OpenAPI description 2.166 (xdevplatform/docs; the X Developer Agreement applies) and from
recorded answers, not from any client. Both vocabularies are served: a request with `post.fields` is answered
with `repost_count`, `referenced_posts` and `includes.posts`, as description 2.167 has it, any other with the
older words.

An app's token sees what is public. The keys of the user `OWN_HANDLE` (OAuth 1.0a; the sandbox looks at the
keys that are named, not at the signature) also see the private counters of that user's posts, for thirty
days.

What a reader has to cope with here: partial errors beside `data` with status 200; no `data` at all when
everything failed; fields that are absent unless asked for, or empty; pages shorter than `max_results` that
still have a `next_token` (`exclude` takes posts out after the page was cut); native retweets, whose
`retweet_count` is the original's; `impression_count` 0 on posts older than the metric (January 2023); posts
that were edited. Guessed of those: that a timeline shows the newest edit alone, that every edit names the
whole history, and that the counters of an older edit stand still from the next one on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import unquote

import orjson

from connectors.sandbox.exchange import Answer, Asked, words
from connectors.sandbox.growth import Count, Moment
from connectors.sandbox.world import World, XAccount, XMedia, XPost
from connectors.sandbox.x.counts import Counts
from connectors.sandbox.x.problems import (
    PRIVATE_METRICS,
    Refused,
    field_refused,
    invalid,
    not_authorized,
    not_found,
    problem,
    together,
    unsupported_authentication,
)
from connectors.sandbox.x.questions import (
    check_id,
    choice,
    id_of,
    instant,
    know,
    list_of,
    number,
    page_bound,
    page_token,
)

PLATFORM = "x"
BEARER_TOKEN = "sandbox-x-bearer-token"  # noqa: S105 -- the sandbox's own, worth nothing elsewhere
OWN_HANDLE = "UKLabour"
# The user's keys; an access token begins with its user's id.
CONSUMER_KEY = "sandbox-x-consumer-key"
ACCESS_TOKEN = "21406518-sandbox-x-access-token"  # noqa: S105
SECRETS = {
    "X_BEARER_TOKEN": BEARER_TOKEN,
    "X_CONSUMER_KEY": CONSUMER_KEY,
    "X_CONSUMER_SECRET": "sandbox-x-consumer-secret",
    "X_ACCESS_TOKEN": ACCESS_TOKEN,
    "X_ACCESS_TOKEN_SECRET": "sandbox-x-access-token-secret",
}

# Requests per endpoint in 15 minutes with an app's own token, from X's rate limit table.
WINDOW_S = 900
LIMITS = {"posts": 3_500, "timeline": 10_000, "users": 300, "counts": 300, "archive": 300, "me": 75}
# Where a user's keys are allowed, and where an app's token is.
_FOR_USERS = ("posts", "timeline", "users", "me")
_FOR_APPS = ("posts", "timeline", "users", "counts", "archive")
_PRIVATE_S = 30 * 86_400
_OAUTH_PART = re.compile(r'(oauth_\w+)="([^"]*)"')

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
        self._counts = Counts(world)
        self._used: dict[tuple[str, int], int] = {}
        self._wordings: dict[tuple[str, ...], _Wording] = {}

    def answer(self, asked: Asked) -> Answer:
        """Never raises for what a client can send."""
        try:
            user = _user_of(asked)
            endpoint, carry_out = self._route(asked, user)
            if endpoint not in (_FOR_APPS if user is None else _FOR_USERS):
                kind = "OAuth 2.0 Application-Only" if user is None else "OAuth 1.0a User Context"
                raise Refused(unsupported_authentication(kind))
            limits, is_spent = self._count(endpoint, asked.now)
            answer = problem(429, "Too Many Requests") if is_spent else carry_out()
        except Refused as refused:
            return refused.answer
        answer.headers.update(limits)
        return answer

    def _route(self, asked: Asked, user: str | None) -> tuple[str, Callable[[], Answer]]:
        parts = asked.path.strip("/").split("/")
        if asked.method != "GET":
            raise Refused(problem(405, "Method Not Allowed"))
        match parts:
            case ["2", "tweets"]:
                return "posts", lambda: self._guard(lambda again: self._posts(again, user), asked)
            case ["2", "tweets", "counts", "recent"]:
                return "counts", lambda: self._guard(self._counts.recent, asked)
            case ["2", "tweets", "counts", "all"]:
                return "archive", lambda: self._guard(self._counts.all, asked)
            case ["2", "users", "by"]:
                return "users", lambda: self._guard(self._users_by, asked)
            case ["2", "users", "me"]:
                return "me", lambda: self._guard(self._me, asked)
            case ["2", "users", account_id, "tweets"]:
                return "timeline", lambda: self._guard(
                    lambda again: self._timeline(account_id, again, user), asked
                )
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
        know(asked, {"usernames"} | _FIELD_PARAMETERS)
        names = list_of(asked, "usernames", 100)
        wording = self._wording(asked, _USER_EXPANSIONS)
        data: list[dict[str, object]] = []
        errors: list[dict[str, object]] = []
        for name in names:
            if not (0 < len(name) <= 15 and name.replace("_", "a").isalnum() and name.isascii()):
                raise Refused(
                    invalid(
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

    def _me(self, asked: Asked) -> dict[str, object]:
        know(asked, _FIELD_PARAMETERS)
        account = self._world.x_account(OWN_HANDLE)
        if account is None:
            raise Refused(problem(401, "Unauthorized"))
        return {"data": self._user(self._wording(asked, _USER_EXPANSIONS), account)}

    def _posts(self, asked: Asked, user: str | None) -> dict[str, object]:
        know(asked, {"ids"} | _FIELD_PARAMETERS)
        ids = list_of(asked, "ids", 100)
        for post_id in ids:
            check_id("ids", post_id)
        if len(set(ids)) != len(ids):
            raise Refused(
                invalid("ids", asked.query["ids"], "The `ids` query parameter values must be unique")
            )
        wording = self._wording(asked, _POST_EXPANSIONS)
        posts: list[tuple[XPost, str]] = []
        errors: list[dict[str, object]] = []
        for post_id in ids:
            post = self._world.x_post(post_id, asked.now)
            if post is None:
                errors.append(not_found("tweet", "ids", post_id))
            elif post.author.is_protected:
                errors.append(not_authorized("tweet", "ids", post_id))
            else:
                posts.append((post, post_id))
        return self._page(wording, posts, errors, None, asked.now, user)

    def _timeline(self, account_id: str, asked: Asked, user: str | None) -> dict[str, object]:
        known = {
            "max_results",
            "pagination_token",
            "start_time",
            "end_time",
            "since_id",
            "until_id",
            "exclude",
        }
        know(asked, known | _FIELD_PARAMETERS)
        check_id("id", account_id)
        wanted = number(asked, "max_results", 10, 5, 100)
        account = self._world.x_accounts.get(account_id)
        if account is None:
            return {"errors": [not_found("user", "id", account_id)]}
        if account.is_protected:
            return {"errors": [not_authorized("user", "id", account_id)]}
        wording = self._wording(asked, _POST_EXPANSIONS)
        since, until = instant(asked, "start_time"), instant(asked, "end_time")
        # An id takes precedence over a time.
        lowest, highest = id_of(asked, "since_id"), id_of(asked, "until_id")
        before = page_bound(asked, "pagination_token")
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
            meta["newest_id"] = shown[0].latest_id(asked.now)
            meta["oldest_id"] = shown[-1].latest_id(asked.now)
        if len(cut) > wanted:
            meta["next_token"] = page_token(int(cut[wanted - 1].id))
        versions = [(post, post.latest_id(asked.now)) for post in shown]
        return self._page(wording, versions, [], meta, asked.now, user)

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
            older.get(name, name) for name in choice(asked, named, _POST_FIELDS | set(_NEWER.values()))
        }
        allowed = expansions | set(_NEWER_EXPANSIONS)
        expanded = {_NEWER_EXPANSIONS.get(name, name) for name in choice(asked, "expansions", allowed)}
        # What is expanded is named in the post as well, asked for or not.
        if "attachments.media_keys" in expanded:
            post_fields.add("attachments")
        if "author_id" in expanded:
            post_fields.add("author_id")
        if any(name.startswith("referenced_tweets.id") for name in expanded):
            post_fields.add("referenced_tweets")
        wording = _Wording(
            frozenset(post_fields),
            frozenset(choice(asked, "media.fields", _MEDIA_FIELDS)),
            frozenset(choice(asked, "user.fields", _USER_FIELDS)),
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
        versions: Sequence[tuple[XPost, str]],
        errors: list[dict[str, object]],
        meta: dict[str, object] | None,
        now: Moment,
        user: str | None,
    ) -> dict[str, object]:
        includes: dict[str, object] = {}
        posts = [post for post, _ in versions]
        data = [self._post(wording, post, now, post_id) for post, post_id in versions]
        private = [name for name in PRIVATE_METRICS if name in wording.post_fields]
        if private:
            for n, (post, post_id) in enumerate(versions):
                data[n], refused = _with_private(data[n], wording, post, post_id, private, now, user)
                errors.extend(refused)
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
                includes[name] = [self._post(wording, other, now, other.id) for other in referenced.values()]
        authors: dict[str, XAccount] = {}
        if "author_id" in expansions:
            authors.update((post.author.id, post.author) for post in posts)
        if "referenced_tweets.id.author_id" in expansions:
            authors.update((post.author.id, post.author) for post in referenced.values())
        if authors:
            includes["users"] = [self._user(wording, account) for account in authors.values()]
        return together(data, errors, includes, meta)

    def _post(self, wording: _Wording, post: XPost, now: Moment, post_id: str) -> dict[str, object]:
        if post.edits:
            lasting = _lasting_fields(wording, post, post_id, now)
        else:
            found = wording.rendered.get(post.id)
            if found is None:
                found = wording.rendered[post.id] = _lasting_fields(wording, post, post_id, now)
            lasting = found
        if "public_metrics" not in wording.post_fields:
            return lasting
        now = post.stood_still_at(post_id, now)
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


def _user_of(asked: Asked) -> str | None:
    """The handle whose keys the request names; None for the app's own token."""
    said = asked.headers.get("authorization", "")
    if said == f"Bearer {BEARER_TOKEN}":
        return None
    parts = {name: unquote(value) for name, value in _OAUTH_PART.findall(said)}
    if said.startswith("OAuth ") and (parts.get("oauth_consumer_key"), parts.get("oauth_token")) == (
        CONSUMER_KEY,
        ACCESS_TOKEN,
    ):
        return OWN_HANDLE
    raise Refused(problem(401, "Unauthorized", "Unauthorized"))


def _with_private(
    shown: dict[str, object],
    wording: _Wording,
    post: XPost,
    post_id: str,
    private: Sequence[str],
    now: Moment,
    user: str | None,
) -> tuple[dict[str, object], list[dict[str, object]]]:
    """A post with the private counters that its author sees, and what is refused."""
    is_shown = post.author.handle == user and post.original is None and now.epoch - post.created < _PRIVATE_S
    refused = []
    for name in private:
        # No post here was ever promoted.
        if not is_shown or name == "promoted_metrics":
            refused += [field_refused(post_id, name, metric) for metric in PRIVATE_METRICS[name]]
            continue
        at = post.stood_still_at(post_id, now)
        share = post.growth.share(at)
        likes, seen = post.likes.at(share, at), _impressions(post.likes, share, at)
        counts = {
            "impression_count": seen,
            "retweet_count": post.retweets.at(share, at),
            "reply_count": post.replies.at(share, at),
            "like_count": likes,
            "user_profile_clicks": likes // 20,
            "url_link_clicks": likes // 12 if post.links else 0,
        }
        words_ = {metric: counts[metric] for metric in PRIVATE_METRICS[name]}
        if wording.is_newer and "retweet_count" in words_:
            words_["repost_count"] = words_.pop("retweet_count")
        shown = {**shown, name: words_}
    return shown, refused


def _entities(post: XPost) -> dict[str, object]:
    """The addresses and hashtags in a post's text, those of its own media among them."""
    urls: list[dict[str, object]] = []
    for short, address in post.links:
        start = post.text.index(short)
        shown = address.removeprefix("https://")
        urls.append(
            {
                "start": start,
                "end": start + len(short),
                "url": short,
                "expanded_url": address,
                "display_url": shown,
                "status": 200,
                "unwound_url": address,
            }
        )
    for n, medium in enumerate(post.media, start=1):
        kind = "video" if medium.is_video else "photo"
        length = len(post.text)
        urls.append(
            {
                "start": length,
                "end": length + 23,
                "url": f"https://t.co/{medium.key[-10:]}",
                "expanded_url": f"https://x.com/{post.author.handle}/status/{post.id}/{kind}/{n}",
                "display_url": f"pic.x.com/{medium.key[-10:]}",
                "media_key": medium.key,
            }
        )
    tags = [
        {"start": found.start(), "end": found.end(), "tag": found[1]}
        for found in re.finditer(r"#(\w+)", post.text)
    ]
    return {name: value for name, value in (("urls", urls), ("hashtags", tags)) if value}


def _lasting_fields(wording: _Wording, post: XPost, post_id: str, now: Moment) -> dict[str, object]:
    fields = wording.post_fields
    edits = "edit_history_post_ids" if wording.is_newer else "edit_history_tweet_ids"
    versions = post.edit_ids(now)
    text = post.text if post_id == post.id else f"{post.text} (edited {versions.index(post_id)})"
    shown: dict[str, object] = {"id": post_id, "text": text, edits: versions}
    if "entities" in fields and (entities := _entities(post)):
        shown["entities"] = entities
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


def _exclusions(asked: Asked) -> frozenset[str]:
    allowed = frozenset(("replies", "retweets", "reposts"))
    chosen = choice(asked, "exclude", allowed)
    return frozenset("retweets" if name == "reposts" else name for name in chosen)


def _is_excluded(post: XPost, exclude: frozenset[str]) -> bool:
    return (post.original is not None and "retweets" in exclude) or (
        post.replied_to is not None and "replies" in exclude
    )


def face(world: World, intercept: Callable[[str], Answer | None]) -> XFace:
    """X's face of a world; X has no requests inside requests to intercept."""
    return XFace(world)
