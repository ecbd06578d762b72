"""How people name X's posts and accounts: addresses, numbers, handles."""

from __future__ import annotations

import re
from urllib.parse import unquote

from connectors.addresses import web_address
from connectors.errors import UnusableReference

_HOSTS = {
    f"{prefix}{domain}" for domain in ("x.com", "twitter.com") for prefix in ("", "www.", "mobile.", "m.")
}
POST_ID = re.compile(r"[1-9][0-9]{0,18}")
HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
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
    if not POST_ID.fullmatch(alias):
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
    if not HANDLE.fullmatch(handle):
        raise UnusableReference(f"{handle!r} is not an X account name", _HANDLE_CURE)
    return handle
