"""How people write Instagram's posts and accounts: pasted addresses, numbers, names.

An alias is a medium's number (as the API gives it) or the short code of its address. The code says nothing to
the API: a post named by it is found among what its account lists.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from connectors.addresses import web_address
from connectors.errors import UnusableReference

DIGITS = re.compile(r"[0-9]{5,25}")
SHORTCODE = re.compile(r"[A-Za-z0-9_-]{3,60}")
_HANDLE = re.compile(r"[A-Za-z0-9._]{1,30}")
_PERMALINK = re.compile(r"/(?:p|reels?|tv)/([A-Za-z0-9_-]{3,60})/?(?:[?#]|$)")
_POST_CURE = "open the post, copy its link and paste that (https://www.instagram.com/p/CODE/ or …/reel/CODE/)"
_HANDLE_CURE = 'give the name as in the account\'s address, such as handle = "uklabour"'
_HOSTS = {"instagram.com", "www.instagram.com", "m.instagram.com", "instagr.am", "www.instagr.am"}
_POST_WORDS = ("p", "reel", "reels", "tv")
_REFUSED = {
    "stories": "stories and highlights give no counters after a day",
    "s": "stories and highlights give no counters after a day",
    "share": "share links hide the post",
    "explore": "the address names no post",
    "accounts": "the address leads to the log-in page, not to a post",
    "direct": "a message is not a post",
    "audio": "a sound is not a post",
}
_NOT_HANDLES = {*_REFUSED, *_POST_WORDS, "about", "developer", "legal", "popular", "web"}


def shortcode_of(permalink: str) -> str | None:
    """The short code in a post's address as the API gives it; None when there is none."""
    found = _PERMALINK.search(permalink)
    return found[1] if found else None


def _segments(path: str) -> list[str]:
    return [unquote(segment) for segment in path.split("/") if segment]


def parse_post_url(url: str) -> str | None:
    """The short code of the post in any usual form of its address; None when the address is not Instagram's.

    Raises UnusableReference for Instagram addresses that name no post.
    """
    address = web_address(url)
    if address is None:
        return None
    host = (address.hostname or "").lower().rstrip(".")
    if host == "l.instagram.com":
        raise UnusableReference("l.instagram.com links hide where they lead", _POST_CURE)
    if host not in _HOSTS:
        return None
    segments = _segments(address.path)
    words = [segment.lower() for segment in segments]
    # …/p/CODE, or with the account's name before it.
    for at in (0, 1):
        is_name = at == 0 or (words and words[0] not in _NOT_HANDLES)
        if is_name and len(words) > at + 1 and words[at] in _POST_WORDS:
            if words[at + 1] not in _REFUSED and SHORTCODE.fullmatch(segments[at + 1]):
                return segments[at + 1]
            if words[at + 1] in _REFUSED:
                raise UnusableReference(_REFUSED[words[at + 1]], _POST_CURE)
    for word in words[:1]:
        if word in _REFUSED:
            raise UnusableReference(_REFUSED[word], _POST_CURE)
    if len(words) == 1 and words[0] not in _NOT_HANDLES:
        raise UnusableReference("the address names an account, not a post", _POST_CURE)
    raise UnusableReference("the address names no post", _POST_CURE)


def parse_post_id(text: str) -> str:
    """The post's alias, as written behind `instagram:`. Raises UnusableReference when it is none."""
    alias = text.strip()
    if not DIGITS.fullmatch(alias) and not SHORTCODE.fullmatch(alias):
        raise UnusableReference(
            f"{alias!r} is not an Instagram post",
            'write it as "instagram:17912345678901234" (the API\'s number) or "instagram:CODE", '
            "or paste its address",
        )
    return alias


def parse_handle(text: str) -> str:
    """The account's name without @ and address, its case kept. Raises UnusableReference."""
    handle = text.strip()
    if "/" in handle:
        address = web_address(handle)
        host = "" if address is None else (address.hostname or "").lower().rstrip(".")
        if address is None or host not in _HOSTS:
            raise UnusableReference(f"{handle!r} is not an Instagram account", _HANDLE_CURE)
        segments = _segments(address.path)
        handle = segments[0] if segments else ""
        if handle.lower() in _NOT_HANDLES:
            raise UnusableReference(f"{text.strip()!r} names no Instagram account", _HANDLE_CURE)
    handle = handle.removeprefix("@")
    if not _HANDLE.fullmatch(handle):
        raise UnusableReference(f"{handle!r} is not an Instagram account name", _HANDLE_CURE)
    return handle
