"""How people write YouTube's videos and channels: pasted addresses, ids, names."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qs, unquote

from connectors.addresses import web_address
from connectors.errors import UnusableReference

VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
CHANNEL_ID = re.compile(r"UC[A-Za-z0-9_-]{22}")
# Letters of any script, digits and . _ - ·; how long a name may be differs by script.
_HANDLE = re.compile(r"[\w.·-]{2,60}")
_HOSTS = {
    f"{prefix}{domain}"
    for domain in ("youtube.com", "youtube-nocookie.com")
    for prefix in ("", "www.", "m.", "music.", "gaming.", "kids.")
}
_SHORT_HOSTS = {"youtu.be", "www.youtu.be"}
_BEFORE_VIDEO_ID = ("shorts", "live", "embed", "v", "e", "vi")
_REFUSED = {
    "playlist": "the address names a playlist, not a video",
    "channel": "the address names a channel, not a video",
    "c": "the address names a channel, not a video",
    "user": "the address names a channel, not a video",
    "clip": "a clip hides the video that it is cut from",
    "post": "posts in a channel's community tab give no counters to an API",
    "results": "the address is a search, not a video",
    "hashtag": "a hashtag is not a video",
}
_POST_CURE = "open the video, copy its address (https://www.youtube.com/watch?v=ID) and paste that"
_HANDLE_CURE = 'give the name as shown after the @, such as handle = "UKLabour"'


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _segments(parts: SplitResult) -> list[str]:
    return [segment for segment in unquote(parts.path).split("/") if segment]


def _video_id(text: str) -> str:
    if not VIDEO_ID.fullmatch(text):
        raise UnusableReference("the address holds no video id of eleven characters", _POST_CURE)
    return text


def parse_post_url(url: str) -> str | None:
    """The video's id in any usual form of its address; None when the address is not YouTube's.

    Raises UnusableReference for YouTube addresses that name no video.
    """
    parts = web_address(url)
    if parts is None:
        return None
    segments = _segments(parts)
    if _host(parts) in _SHORT_HOSTS:
        return _video_id(segments[0] if segments else "")
    if _host(parts) not in _HOSTS:
        return None
    first = segments[0].lower() if segments else ""
    if first == "watch":
        # Old players wrote /watch/ID.
        found = parse_qs(parts.query).get("v", segments[1:2] or [""])
        return _video_id(found[0].strip())
    if first in _BEFORE_VIDEO_ID:
        return _video_id(segments[1] if len(segments) > 1 else "")
    if first.startswith("@"):
        raise UnusableReference("the address names a channel, not a video", _POST_CURE)
    raise UnusableReference(_REFUSED.get(first, "the address names no video"), _POST_CURE)


def parse_post_id(text: str) -> str:
    """The video's id, as written behind `youtube:`. Raises UnusableReference when it is none."""
    alias = text.strip()
    if not VIDEO_ID.fullmatch(alias):
        cure = 'write the eleven characters after v= in its address, as in "youtube:dQw4w9WgXcQ"'
        raise UnusableReference(f"{alias!r} is not a YouTube video id", cure)
    return alias


def parse_account_id(text: str) -> str | None:
    """The channel's id, of an address that has one or the id itself; None where a handle is looked for."""
    channel = text.strip()
    parts = web_address(channel) if "/" in channel else None
    if parts is not None and _host(parts) in _HOSTS:
        segments = _segments(parts)
        channel = segments[1] if len(segments) > 1 and segments[0].lower() == "channel" else ""
    return channel if CHANNEL_ID.fullmatch(channel) else None


def parse_handle(text: str) -> str:
    """The channel's name without @ and address, its case kept. Raises UnusableReference, also for a UC… id:
    the answers name a channel by its handle, so that a handle that is an id would match no video.
    """
    handle = text.strip()
    if "/" in handle:
        parts = web_address(handle)
        if parts is None or _host(parts) not in _HOSTS:
            raise UnusableReference(f"{handle!r} is not a YouTube channel", _HANDLE_CURE)
        segments = _segments(parts)
        if len(segments) > 1 and segments[0].lower() == "channel" and CHANNEL_ID.fullmatch(segments[1]):
            handle = segments[1]
        elif segments and segments[0].startswith("@"):
            handle = segments[0]
        else:
            # /c/NAME and /user/NAME are older names, which need not be the handle.
            raise UnusableReference(f"{text.strip()!r} names no channel by its @name", _HANDLE_CURE)
    if CHANNEL_ID.fullmatch(handle):
        raise UnusableReference(f"{handle!r} is a channel's id", f'write id = "{handle}" in place of handle')
    handle = handle.removeprefix("@")
    if not _HANDLE.fullmatch(handle):
        raise UnusableReference(f"{handle!r} is not a YouTube channel's name", _HANDLE_CURE)
    return handle
