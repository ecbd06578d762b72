"""How people write TikTok's videos and accounts: pasted addresses, numbers, names."""

from __future__ import annotations

import re
from urllib.parse import unquote

from connectors.addresses import web_address
from connectors.errors import UnusableReference

VIDEO_ID = re.compile(r"[1-9][0-9]{7,19}")
_USERNAME = re.compile(r"[A-Za-z0-9_.]{2,24}")
_HOSTS = {"tiktok.com", "www.tiktok.com", "m.tiktok.com", "us.tiktok.com"}
_SHORT_HOSTS = {"vm.tiktok.com", "vt.tiktok.com"}
_VIDEO_PATHS = (
    re.compile(r"/@[^/]+/(?:video|photo)/([0-9]+)/?"),
    re.compile(r"/v/([0-9]+)(?:\.html)?/?"),
    re.compile(r"/(?:embed|embed/v[0-9]|player/v[0-9]|share/video)/([0-9]+)/?"),
)
_POST_CURE = "open the video, copy its address (https://www.tiktok.com/@NAME/video/NUMBER) and paste that"
_HANDLE_CURE = 'give the name as shown after the @, such as handle = "uklabour"'


def parse_post_url(url: str) -> str | None:
    """The video's number in any usual form of its address; None when the address is not TikTok's.

    Raises UnusableReference for TikTok addresses that name no video.
    """
    parts = web_address(url)
    if parts is None:
        return None
    host, path = (parts.hostname or "").rstrip("."), unquote(parts.path)
    if host in _SHORT_HOSTS or (host in _HOSTS and path.startswith("/t/")):
        cure = "open the link in a browser and paste the address that it leads to"
        raise UnusableReference("short TikTok links hide the video", cure)
    if host not in _HOSTS:
        return None
    for form in _VIDEO_PATHS:
        found = form.fullmatch(path)
        if found and VIDEO_ID.fullmatch(found[1]):
            return found[1]
    if "/video" in path or "/photo" in path:
        raise UnusableReference("the address has no video number", _POST_CURE)
    if re.fullmatch(r"/@[^/]+/?", path):
        raise UnusableReference("the address names an account, not a video", _POST_CURE)
    raise UnusableReference("the address names no video", _POST_CURE)


def parse_post_id(text: str) -> str:
    """The video's number, as written behind `tiktok:`. Raises UnusableReference when it is none."""
    alias = text.strip()
    if not VIDEO_ID.fullmatch(alias):
        cure = 'write it as "tiktok:6768504823336815877"'
        raise UnusableReference(f"{alias!r} is not a TikTok video number", cure)
    return alias


def parse_handle(text: str) -> str:
    """The account's name without @ and address, its case kept. Raises UnusableReference."""
    handle = text.strip()
    if "/" in handle:
        parts = web_address(handle)
        segments = [segment for segment in unquote(parts.path).split("/") if segment] if parts else []
        is_ours = parts is not None and (parts.hostname or "").rstrip(".") in _HOSTS
        if not is_ours or not segments or not segments[0].startswith("@"):
            raise UnusableReference(f"{handle!r} is not a TikTok account", _HANDLE_CURE)
        handle = segments[0]
    handle = handle.removeprefix("@")
    if not _USERNAME.fullmatch(handle):
        raise UnusableReference(f"{handle!r} is not a TikTok account's name", _HANDLE_CURE)
    return handle
