"""The sandbox's TikTok face: the Display API v2 (list and query of videos, the user) and its sign-in.

Written from TikTok's descriptions of these endpoints, not from any client. Every answer carries an `error`
object, whose code is "ok" when all is well.

What a reader has to cope with here: moments in seconds, but a cursor in milliseconds; ids that a query leaves
out without a word, because the video is private, deleted or another account's; fields that come only when
asked for.

Where the descriptions are silent, a guess was made: that a list's cursor is the moment of its last video,
that a call without known fields is refused, and the wording of messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b

import orjson

from connectors.sandbox.exchange import Answer, Asked, words
from connectors.sandbox.growth import Moment
from connectors.sandbox.tiktok.world import Clip, TikTokWorld, tiktok_world
from connectors.sandbox.world import World

PLATFORM = "tiktok"
ACCESS_TOKEN = "act.sandbox-tiktok-access-token"  # noqa: S105 -- the sandbox's own, worth nothing elsewhere
RENEWED_TOKEN = "act.sandbox-tiktok-renewed-token"  # noqa: S105 -- as above
CLIENT_KEY = "sandbox-tiktok-client-key"
CLIENT_SECRET = "sandbox-tiktok-client-secret"  # noqa: S105 -- as above
REFRESH_TOKEN = "rft.sandbox-tiktok-refresh-token"  # noqa: S105 -- as above
SECRETS = {
    "TIKTOK_ACCESS_TOKEN": ACCESS_TOKEN,
    "TIKTOK_CLIENT_KEY": CLIENT_KEY,
    "TIKTOK_CLIENT_SECRET": CLIENT_SECRET,
    "TIKTOK_REFRESH_TOKEN": REFRESH_TOKEN,
}

REQUESTS_PER_MINUTE = 600
MOST_AT_ONCE = 20
_VIDEO_FIELDS = words(
    """
    id create_time cover_image_url share_url video_description duration height width title embed_html
    embed_link like_count comment_count share_count view_count
    """
)
_USER_FIELDS = words(
    """
    open_id union_id avatar_url display_name bio_description profile_deep_link is_verified username
    follower_count following_count likes_count video_count
    """
)


class _Refused(Exception):
    """A request that is answered with an error; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _log_id(asked: Asked) -> str:
    moment = datetime.fromtimestamp(asked.now.epoch, UTC)
    digest = blake2b(asked.path.encode() + asked.body, digest_size=9).hexdigest().upper()
    return f"{moment:%Y%m%d%H%M%S}{digest}"


def envelope(asked: Asked, status: int, code: str, message: str, data: Mapping[str, object]) -> Answer:
    """An answer as TikTok wraps it."""
    error = {"code": code, "message": message, "log_id": _log_id(asked)}
    return Answer(status, orjson.dumps({"data": data, "error": error}))


def token_refused(asked: Asked) -> Answer:
    """The access token has expired or is none."""
    told = "The access token is invalid or not found in the request."
    return envelope(asked, 401, "access_token_invalid", told, {})


def too_often(asked: Asked) -> Answer:
    """More requests than a minute admits."""
    told = "The API rate limit was exceeded. Please try again later."
    return envelope(asked, 429, "rate_limit_exceeded", told, {})


class TikTokFace:
    """Answers requests below `/tiktok`. Keeps the minute's count of requests, nothing else."""

    def __init__(self, world: TikTokWorld) -> None:
        self._world = world
        self._used: dict[tuple[str, int], int] = {}

    def answer(self, asked: Asked) -> Answer:
        """Never raises for what a client can send."""
        try:
            return self._answer(asked)
        except _Refused as refused:
            return refused.answer

    def _answer(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "POST", "/v2/oauth/token/":
                return self._token(asked)
            case "POST", "/v2/video/list/":
                carry_out = self._list
            case "POST", "/v2/video/query/":
                carry_out = self._query
            case "GET", "/v2/user/info/":
                carry_out = self._user
            case _:
                return Answer(404, b"404 page not found", {"content-type": "text/plain"})
        if asked.headers.get("authorization") not in (f"Bearer {ACCESS_TOKEN}", f"Bearer {RENEWED_TOKEN}"):
            return token_refused(asked)
        self._count(asked)
        return envelope(asked, 200, "ok", "", carry_out(asked))

    def _count(self, asked: Asked) -> None:
        minute = int(asked.now.epoch // 60)
        if len(self._used) > 64:
            self._used = {key: count for key, count in self._used.items() if key[1] == minute}
        used = self._used[asked.path, minute] = self._used.get((asked.path, minute), 0) + 1
        if used > REQUESTS_PER_MINUTE:
            raise _Refused(too_often(asked))

    def _token(self, asked: Asked) -> Answer:
        form = asked.form()
        if (form.get("client_key"), form.get("client_secret")) != (CLIENT_KEY, CLIENT_SECRET):
            return _sign_in_refused(asked, "invalid_client", "Client key or secret is incorrect.")
        if (form.get("grant_type"), form.get("refresh_token")) != ("refresh_token", REFRESH_TOKEN):
            return _sign_in_refused(asked, "invalid_grant", "Refresh token is invalid or expired.")
        body = {
            "access_token": RENEWED_TOKEN,
            "expires_in": 86_400,
            "open_id": self._world.own.open_id,
            "refresh_expires_in": 31_536_000,
            "refresh_token": REFRESH_TOKEN,
            "scope": "user.info.basic,user.info.profile,user.info.stats,video.list",
            "token_type": "Bearer",
        }
        return Answer(200, orjson.dumps(body))

    def _user(self, asked: Asked) -> dict[str, object]:
        fields = _fields(asked, _USER_FIELDS)
        own = self._world.own
        shown: dict[str, object] = {
            "open_id": own.open_id,
            "display_name": own.name,
            "username": own.username,
            "is_verified": True,
            "follower_count": own.followers,
            "video_count": sum(clip.is_public(asked.now) for clip in own.videos),
        }
        return {"user": {name: shown[name] for name in fields if name in shown}}

    def _list(self, asked: Asked) -> dict[str, object]:
        fields, body = _fields(asked, _VIDEO_FIELDS), _body(asked)
        wanted, cursor = body.get("max_count", 10), body.get("cursor")
        if not isinstance(wanted, int) or not 1 <= wanted <= MOST_AT_ONCE:
            raise _Refused(_invalid(asked, "max_count is not in the range 1 to 20"))
        if cursor is not None and not isinstance(cursor, int):
            raise _Refused(_invalid(asked, "cursor is not a number"))
        # Milliseconds; what was made before that moment.
        before = asked.now.epoch * 1000 + 1 if cursor is None else cursor
        public = [clip for clip in reversed(self._world.own.videos) if clip.is_public(asked.now)]
        inside = [clip for clip in public if clip.created * 1000 < before]
        page = inside[:wanted]
        return {
            "videos": [_shown(clip, fields, asked.now) for clip in page],
            "cursor": int(page[-1].created * 1000) if page else int(before),
            "has_more": len(inside) > len(page),
        }

    def _query(self, asked: Asked) -> dict[str, object]:
        fields, filters = _fields(asked, _VIDEO_FIELDS), _body(asked).get("filters")
        ids = filters.get("video_ids") if isinstance(filters, dict) else None
        if not isinstance(ids, list) or not 0 < len(ids) <= MOST_AT_ONCE:
            raise _Refused(_invalid(asked, "video_ids must name 1 to 20 videos"))
        own = self._world.own
        found = [self._world.videos[one] for one in map(str, ids) if one in self._world.videos]
        shown = [clip for clip in found if clip.account is own and clip.is_public(asked.now)]
        return {"videos": [_shown(clip, fields, asked.now) for clip in dict.fromkeys(shown)]}


def _invalid(asked: Asked, message: str) -> Answer:
    return envelope(asked, 400, "invalid_params", message, {})


def _sign_in_refused(asked: Asked, error: str, described: str) -> Answer:
    # The sign-in says what is wrong in its body, with status 200.
    body = {"error": error, "error_description": described, "log_id": _log_id(asked)}
    return Answer(200, orjson.dumps(body))


def _fields(asked: Asked, known: frozenset[str]) -> list[str]:
    fields = [name.strip() for name in asked.query.get("fields", "").split(",") if name.strip()]
    if not fields or not set(fields) <= known:
        raise _Refused(_invalid(asked, "Fields is missing or invalid"))
    return fields


def _body(asked: Asked) -> dict[str, object]:
    try:
        body = orjson.loads(asked.body or b"{}")
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise _Refused(_invalid(asked, "The request body is not a valid JSON object"))
    return body


def _shown(clip: Clip, fields: list[str], now: Moment) -> dict[str, object]:
    address = f"https://www.tiktok.com/@{clip.account.username}/video/{clip.id}"
    shown: dict[str, object] = {
        "id": clip.id,
        "create_time": int(clip.created),
        "share_url": f"{address}?utm_campaign=tt4d_open_api&utm_source=sandbox",
        "title": clip.title,
        "video_description": clip.title,
        "duration": clip.duration_s,
        "view_count": clip.count(clip.views, now),
        "like_count": clip.count(clip.likes, now),
        "comment_count": clip.count(clip.comments, now),
        "share_count": clip.count(clip.shares, now),
    }
    return {name: shown[name] for name in fields if name in shown}


def face(world: World, intercept: Callable[[str], Answer | None]) -> TikTokFace:
    """The face, of TikTok's own world; it has no batches to intercept."""
    return TikTokFace(tiktok_world())
