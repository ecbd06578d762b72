"""The sandbox's YouTube face: lists of the Data API v3, reports of the Analytics API v2, Google's sign-in.

Written from Google's discovery documents (youtube v3, youtubeAnalytics v2), the error reference and recorded
answers, not from any client. Three hosts of the platform lie below one address here: `/youtube/v3/…`,
`/v2/reports` and `/token`.

What a reader has to cope with: counters written as texts; likes and comments that are left out; ids that are
not among the items because the video is private, deleted or to come; `items` missing from an empty list of
channels; a place in the uploads for a private video, without its date; reports without the most recent days,
and without `rows` when there are none.

Where the documents are silent, a guess was made: that private videos keep their place among the uploads, that
a report lacks days that ended less than sixty hours ago and a video's days without views, and what is
answered to more than 50 ids.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.growth import Count, Moment
from connectors.sandbox.world import World
from connectors.sandbox.youtube.world import Channel, Video, YouTubeWorld, youtube_world

PLATFORM = "youtube"
API_KEY = "sandbox-youtube-api-key"
CLIENT_ID = "sandbox-youtube-client-id"
CLIENT_SECRET = "sandbox-youtube-client-secret"  # noqa: S105 -- the sandbox's own, worth nothing elsewhere
REFRESH_TOKEN = "sandbox-youtube-refresh-token"  # noqa: S105 -- as above
ACCESS_TOKEN = "ya29.sandbox-youtube-access-token"  # noqa: S105 -- as above
SECRETS = {
    "YOUTUBE_API_KEY": API_KEY,
    "YOUTUBE_CLIENT_ID": CLIENT_ID,
    "YOUTUBE_CLIENT_SECRET": CLIENT_SECRET,
    "YOUTUBE_REFRESH_TOKEN": REFRESH_TOKEN,
}

UNITS_PER_DAY = 10_000
MOST_AT_ONCE = 50
_PACIFIC = ZoneInfo("America/Los_Angeles")
_REPORT_DELAY_S = 60 * 3600.0

_PARTS = {
    "videos": {"id", "snippet", "statistics", "contentDetails", "status", "player"},
    "channels": {"id", "snippet", "statistics", "contentDetails", "brandingSettings", "status"},
    "playlistItems": {"id", "snippet", "contentDetails", "status"},
}
_COMMON = {"part", "key", "pageToken", "maxResults", "fields", "prettyPrint", "alt", "quotaUser"}
_FILTERS = {
    "videos": {"id", "hl", "locale"},
    "channels": {"id", "forHandle", "forUsername", "mine", "hl"},
    "playlistItems": {"playlistId", "id", "videoId"},
}
_METRICS = ("views", "likes", "shares", "comments", "estimatedMinutesWatched", "subscribersGained")


class _Refused(Exception):
    """A request that is answered with an error; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def failure(
    code: int,
    reason: str,
    message: str,
    domain: str = "youtube.parameter",
    status: str | None = None,
    detail: str | None = None,
) -> Answer:
    """An error as Google words it: `detail` is the reason in the newer shape."""
    error: dict[str, object] = {
        "code": code,
        "message": message,
        "errors": [{"message": message, "domain": domain, "reason": reason}],
    }
    if status is not None:
        error["status"] = status
    if detail is not None:
        error["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": detail,
                "domain": "googleapis.com",
            }
        ]
    return Answer(code, orjson.dumps({"error": error}))


def quota_exceeded() -> Answer:
    """The day's units are used up."""
    link = '<a href="/youtube/v3/getting-started#quota">quota</a>'
    words = f"The request cannot be completed because you have exceeded your {link}."
    return failure(403, "quotaExceeded", words, "youtube.quota")


def key_refused() -> Answer:
    """The key is none, or no longer one."""
    return failure(
        400,
        "badRequest",
        "API key not valid. Please pass a valid API key.",
        "global",
        "INVALID_ARGUMENT",
        "API_KEY_INVALID",
    )


def signed_out() -> Answer:
    """The token of a sign-in has expired or is none."""
    words = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    return failure(401, "authError", words, "global", "UNAUTHENTICATED")


class YouTubeFace:
    """Answers requests below `/youtube`. Keeps the count of the day's units, nothing else."""

    def __init__(self, world: YouTubeWorld) -> None:
        self._world = world
        self._units: dict[date, int] = {}

    def answer(self, asked: Asked) -> Answer:
        """Never raises for what a client can send."""
        try:
            return self._answer(asked)
        except _Refused as refused:
            return refused.answer

    def _answer(self, asked: Asked) -> Answer:
        parts = asked.path.strip("/").split("/")
        lists: dict[str, Callable[[Asked], dict[str, object]]] = {
            "videos": self._videos,
            "channels": self._channels,
            "playlistItems": self._playlist_items,
        }
        match parts:
            case ["token"] if asked.method == "POST":
                return self._token(asked)
            case ["v2", "reports"] if asked.method == "GET":
                return Answer(200, orjson.dumps(self._report(asked)))
            case ["youtube", "v3", resource] if asked.method == "GET" and resource in lists:
                self._check_key(asked)
                self._spend(asked.now)
                self._know(asked, resource)
                return Answer(200, orjson.dumps(lists[resource](asked)))
        return Answer(
            404, b"<!DOCTYPE html><title>Error 404 (Not Found)</title>", {"content-type": "text/html"}
        )

    # -- who asks

    def _check_key(self, asked: Asked) -> None:
        if _bearer(asked) is not None:
            if _bearer(asked) != ACCESS_TOKEN:
                raise _Refused(signed_out())
            return
        key = asked.query.get("key")
        if key is None:
            words = "Method doesn't allow unregistered callers. Please use API Key."
            raise _Refused(failure(403, "forbidden", words, "global", "PERMISSION_DENIED"))
        if key != API_KEY:
            raise _Refused(key_refused())

    def _spend(self, now: Moment) -> None:
        """Every request costs a unit, refused ones too; the day ends at midnight Pacific time."""
        day = now.instant.astimezone(_PACIFIC).date()
        if len(self._units) > 400:
            self._units = {}
        self._units[day] = self._units.get(day, 0) + 1
        if self._units[day] > UNITS_PER_DAY:
            raise _Refused(quota_exceeded())

    def _token(self, asked: Asked) -> Answer:
        form = asked.form()
        if form.get("grant_type") != "refresh_token":
            return _sign_in_refused(400, "unsupported_grant_type", "Invalid grant_type: ")
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _sign_in_refused(401, "invalid_client", "The OAuth client was not found.")
        if form.get("refresh_token") != REFRESH_TOKEN:
            return _sign_in_refused(400, "invalid_grant", "Token has been expired or revoked.")
        scope = "https://www.googleapis.com/auth/yt-analytics.readonly"
        body = {"access_token": ACCESS_TOKEN, "expires_in": 3599, "scope": scope, "token_type": "Bearer"}
        return Answer(200, orjson.dumps(body))

    # -- lists

    def _know(self, asked: Asked, resource: str) -> None:
        for name in asked.query:
            if name not in _COMMON | _FILTERS[resource]:
                words = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
                raise _Refused(failure(400, "badRequest", words, "global", "INVALID_ARGUMENT"))
        if not asked.query.get("part"):
            raise _Refused(failure(400, "missingRequiredParameter", "No part specified."))
        for part in _parts(asked):
            if part not in _PARTS[resource]:
                raise _Refused(failure(400, "unknownPart", f"'{part}'", "youtube.part"))

    def _videos(self, asked: Asked) -> dict[str, object]:
        ids = _ids(asked)
        if "maxResults" in asked.query:
            raise _Refused(failure(400, "incompatibleParameters", "Incompatible parameters: id, maxResults"))
        found = [self._world.videos[one] for one in dict.fromkeys(ids) if one in self._world.videos]
        shown = [_video(video, _parts(asked), asked.now) for video in found if video.is_public(asked.now)]
        return _list("video", shown, len(shown), max(1, len(shown)))

    def _channels(self, asked: Asked) -> dict[str, object]:
        query = asked.query
        found: list[Channel] = []
        if "forHandle" in query:
            channel = self._world.channel_called(query["forHandle"])
            found = [channel] if channel else []
        elif "id" in query:
            found = [
                self._world.channels[one] for one in dict.fromkeys(_ids(asked)) if one in self._world.channels
            ]
        elif query.get("mine") == "true":
            if _bearer(asked) is None:
                raise _Refused(signed_out())
            found = [channel for channel in self._world.channels.values() if channel.is_own]
        else:
            raise _Refused(failure(400, "missingRequiredParameter", "No filter selected."))
        shown = [_channel(one, _parts(asked)) for one in found if one.created <= asked.now.epoch]
        body = _list("channel", shown, len(shown), 5)
        if not shown:
            body.pop("items")
        return body

    def _playlist_items(self, asked: Asked) -> dict[str, object]:
        playlist = asked.query.get("playlistId")
        if playlist is None:
            raise _Refused(failure(400, "playlistIdRequired", "The request does not specify a playlist."))
        channel = next((one for one in self._world.channels.values() if one.uploads == playlist), None)
        if channel is None:
            words = "The playlist that <code>playlistId</code> names cannot be found."
            raise _Refused(failure(404, "playlistNotFound", words, "youtube.playlistItem"))
        size = _number(asked, "maxResults", 5)
        start = _place(asked.query.get("pageToken"))
        listed = [video for video in reversed(channel.videos) if video.is_listed(asked.now)]
        shown = [
            _playlist_item(video, place, _parts(asked), asked.now)
            for place, video in enumerate(listed[start : start + size], start=start)
        ]
        body = _list("playlistItem", shown, len(listed), size)
        if start + size < len(listed):
            body["nextPageToken"] = _page_token(start + size)
        if start:
            body["prevPageToken"] = _page_token(max(0, start - size))
        return body

    # -- reports

    def _report(self, asked: Asked) -> dict[str, object]:
        if _bearer(asked) != ACCESS_TOKEN:
            raise _Refused(signed_out())
        query = asked.query
        first, last = _day(asked, "startDate"), _day(asked, "endDate")
        metrics = query.get("metrics", "").split(",")
        dimensions = tuple(name for name in query.get("dimensions", "").split(",") if name)
        kind, _, ids = query.get("filters", "").partition("==")
        videos = ids.split(",") if kind == "video" else []
        is_known = all(metric in _METRICS for metric in metrics) and last >= first
        # Videos may be told apart where the filter names them.
        is_supported = dimensions == ("day",) or (dimensions == ("day", "video") and videos)
        if not is_known or not is_supported or kind not in ("", "video") or len(videos) > 500:
            words = "The query is not supported. Check the documentation for supported queries."
            raise _Refused(failure(400, "badRequest", words, "global", "INVALID_ARGUMENT"))
        channel = self._reported_channel(query.get("ids", ""))
        mine = [video for video in channel.videos if not videos or video.id in videos]
        last = min(last, _last_reported(asked.now))
        days = [first + timedelta(days=n) for n in range(min((last - first).days + 1, 800))]
        rows: list[list[object]] = []
        for day in days:
            if dimensions == ("day",):
                rows.append([day.isoformat(), *_values(metrics, mine, day)])
                continue
            for video in mine:
                values = _values(metrics, [video], day)
                if any(values):
                    rows.append([day.isoformat(), video.id, *values])
        headers = [{"name": name, "columnType": "DIMENSION", "dataType": "STRING"} for name in dimensions]
        headers += [{"name": name, "columnType": "METRIC", "dataType": "INTEGER"} for name in metrics]
        body: dict[str, object] = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers}
        if rows:
            body["rows"] = rows
        return body

    def _reported_channel(self, ids: str) -> Channel:
        kind, _, name = ids.partition("==")
        own = [channel for channel in self._world.channels.values() if channel.is_own]
        found = [channel for channel in own if name in ("MINE", channel.id)]
        if kind != "channel" or not found:
            raise _Refused(failure(403, "forbidden", "Forbidden", "global", "PERMISSION_DENIED"))
        return found[0]


def _bearer(asked: Asked) -> str | None:
    kind, _, token = asked.headers.get("authorization", "").partition(" ")
    return token if kind == "Bearer" else None


def _sign_in_refused(status: int, error: str, described: str) -> Answer:
    return Answer(status, orjson.dumps({"error": error, "error_description": described}))


def _parts(asked: Asked) -> list[str]:
    return asked.query.get("part", "").split(",")


def _ids(asked: Asked) -> list[str]:
    ids = [one for one in asked.query.get("id", "").split(",") if one]
    if not ids:
        raise _Refused(failure(400, "missingRequiredParameter", "No filter selected."))
    if len(ids) > MOST_AT_ONCE:
        words = "The request specifies an invalid filter parameter."
        raise _Refused(failure(400, "invalidFilters", words))
    return ids


def _number(asked: Asked, name: str, usual: int) -> int:
    text = asked.query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= MOST_AT_ONCE):
        words = f"Invalid value '{text}'. Values must be within the range: [0, 50]"
        raise _Refused(failure(400, "invalidParameter", words))
    return max(1, int(text))


def _day(asked: Asked, name: str) -> date:
    try:
        return date.fromisoformat(asked.query.get(name, ""))
    except ValueError:
        words = f"Invalid value for field {name}."
        raise _Refused(failure(400, "invalid", words, "global", "INVALID_ARGUMENT")) from None


def _page_token(place: int) -> str:
    return urlsafe_b64encode(b"\x10\x01" + place.to_bytes(4, "big")).decode().rstrip("=")


def _place(token: str | None) -> int:
    if token is None:
        return 0
    try:
        told = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (NotBase64, ValueError):
        told = b""
    if len(told) != 6 or told[:2] != b"\x10\x01":
        words = "The request specifies an invalid page token."
        raise _Refused(failure(400, "invalidPageToken", words))
    return int.from_bytes(told[2:], "big")


def _etag(content: object) -> str:
    return urlsafe_b64encode(blake2b(orjson.dumps(content), digest_size=20).digest()).decode().rstrip("=")


def _list(kind: str, items: Sequence[Mapping[str, object]], total: int, size: int) -> dict[str, object]:
    return {
        "kind": f"youtube#{kind}ListResponse",
        "etag": _etag(items),
        "items": items,
        "pageInfo": {"totalResults": total, "resultsPerPage": size},
    }


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _item(kind: str, name: str, shown: Mapping[str, object], parts: Sequence[str]) -> dict[str, object]:
    chosen = {part: shown[part] for part in parts if part in shown}
    return {"kind": f"youtube#{kind}", "etag": _etag([name, chosen]), "id": name, **chosen}


def _video(video: Video, parts: Sequence[str], now: Moment) -> dict[str, object]:
    statistics = {"viewCount": str(video.count(video.views, now))}
    if video.likes is not None:
        statistics["likeCount"] = str(video.count(video.likes, now))
    statistics["favoriteCount"] = "0"
    if video.comments is not None:
        statistics["commentCount"] = str(video.count(video.comments, now))
    minutes, seconds = divmod(video.duration_s, 60)
    shown: dict[str, object] = {
        "snippet": {
            "publishedAt": _time(video.created),
            "channelId": video.channel.id,
            "title": video.title,
            "description": video.description,
            "channelTitle": video.channel.name,
            "categoryId": "25",
            "liveBroadcastContent": "none",
        },
        "contentDetails": {
            "duration": f"PT{minutes}M{seconds}S",
            "dimension": "2d",
            "definition": "hd",
            "caption": "false",
            "licensedContent": False,
            "projection": "rectangular",
        },
        "statistics": statistics,
        "status": {"uploadStatus": "processed", "privacyStatus": "public"},
    }
    return _item("video", video.id, shown, parts)


def _channel(channel: Channel, parts: Sequence[str]) -> dict[str, object]:
    statistics: dict[str, object] = {"viewCount": str(sum(video.views.final for video in channel.videos))}
    if not channel.hides_subscribers:
        # Rounded down to three figures.
        last = 10 ** max(0, len(str(channel.subscribers)) - 3)
        statistics["subscriberCount"] = str(channel.subscribers // last * last)
    statistics |= {"hiddenSubscriberCount": channel.hides_subscribers, "videoCount": str(len(channel.videos))}
    shown: dict[str, object] = {
        "snippet": {
            "title": channel.name,
            "description": "",
            "customUrl": f"@{channel.handle.lower()}",
            "publishedAt": _time(channel.created),
        },
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": channel.uploads}},
        "statistics": statistics,
    }
    return _item("channel", channel.id, shown, parts)


def _playlist_item(video: Video, place: int, parts: Sequence[str], now: Moment) -> dict[str, object]:
    is_public = video.is_public(now)
    details = {"videoId": video.id}
    if is_public:
        details["videoPublishedAt"] = _time(video.created)
    shown: dict[str, object] = {
        "snippet": {
            "publishedAt": _time(video.created),
            "channelId": video.channel.id,
            "title": video.title if is_public else "Private video",
            "description": video.description if is_public else "This video is private.",
            "channelTitle": video.channel.name,
            "playlistId": video.channel.uploads,
            "position": place,
            "resourceId": {"kind": "youtube#video", "videoId": video.id},
        },
        "contentDetails": details,
        "status": {"privacyStatus": "public" if is_public else "private"},
    }
    name = urlsafe_b64encode(f"{video.channel.uploads}.{video.id}".encode()).decode().rstrip("=")
    return _item("playlistItem", name, shown, parts)


def _midnight(day: date) -> Moment:
    return Moment.of(datetime.combine(day, time(), _PACIFIC))


def _last_reported(now: Moment) -> date:
    """The last day of which reports are out."""
    out = datetime.fromtimestamp(now.epoch - _REPORT_DELAY_S, UTC).astimezone(_PACIFIC)
    return out.date() - timedelta(days=1)


def _values(metrics: Sequence[str], videos: Sequence[Video], day: date) -> list[int]:
    begins, ends = _midnight(day), _midnight(day + timedelta(days=1))

    def gained(video: Video, counter: Count | None) -> int:
        return 0 if counter is None else video.count(counter, ends) - video.count(counter, begins)

    found: list[int] = []
    for metric in metrics:
        match metric:
            case "estimatedMinutesWatched":
                found.append(sum(gained(one, one.views) * one.duration_s // 150 for one in videos))
            case "subscribersGained":
                found.append(sum(gained(one, one.subscribers) for one in videos))
            case "likes":
                found.append(sum(gained(one, one.likes) for one in videos))
            case "comments":
                found.append(sum(gained(one, one.comments) for one in videos))
            case "shares":
                found.append(sum(gained(one, one.shares) for one in videos))
            case _:
                found.append(sum(gained(one, one.views) for one in videos))
    return found


def face(world: World, intercept: Callable[[str], Answer | None]) -> YouTubeFace:
    """The face, of YouTube's own world; it has no batches to intercept."""
    return YouTubeFace(youtube_world())
