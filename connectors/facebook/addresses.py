"""How people write Facebook's posts and Pages: pasted addresses, numbers, names.

An alias is `{page}_{post}`, a bare video or reel number, `name/{post}` where only the Page's name is known,
or the `pfbid…` token that Facebook shows in place of a number.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote

from connectors.addresses import web_address
from connectors.errors import UnusableReference

DIGITS = re.compile(r"[0-9]{1,25}")
POST_ID = re.compile(r"[0-9]{1,25}_[0-9]{1,25}")
PFBID = re.compile(r"pfbid[A-Za-z0-9]{1,100}")
_VANITY = re.compile(r"[A-Za-z0-9.]{2,75}")
# Pages without a name of their own are addressed as Some-Words-100012345678901; names cannot hold a hyphen.
_SLUG_AND_ID = re.compile(r"[^/]*-([0-9]{8,25})")
_POST_CURE = (
    "open the post, click its date and paste the address that then shows "
    "(https://www.facebook.com/PAGE/posts/NUMBER or …/PAGE/videos/NUMBER)"
)
_HANDLE_CURE = (
    'give the Page\'s name as in its address, such as handle = "labourparty", or its number as id = "…"'
)
_SHORT_HOSTS = {
    "fb.watch": "fb.watch links",
    "fb.me": "fb.me links",
    "l.facebook.com": "l.facebook.com links",
}
_REFUSED = {
    "share": "share links hide the post",
    "groups": "posts in groups give no counters to an API",
    "photo": "a photo's address does not name its post",
    "photo.php": "a photo's address does not name its post",
    "photos": "a photo's address does not name its post",
    "media": "an album's address does not name its post",
    "stories": "stories give no counters after a day",
    "events": "an event is not a post",
    "hashtag": "a hashtag is not a post",
    "marketplace": "the address names no post",
    "login": "the address leads to the log-in page, not to a post",
    "login.php": "the address leads to the log-in page, not to a post",
    "ads": "the address names an ad, not a post",
}
_NOT_PAGES = {
    *_REFUSED,
    "watch",
    "reel",
    "reels",
    "permalink.php",
    "story.php",
    "video.php",
    "video",
    "videos",
    "posts",
}


def _is_facebook(host: str) -> bool:
    return host in ("facebook.com", "fb.com", "www.fb.com") or host.endswith(".facebook.com")


def _page_name(segment: str) -> str:
    """The name or number of a Page by which the API can be asked."""
    numbered = _SLUG_AND_ID.fullmatch(segment)
    return numbered[1] if numbered else segment


def _post_alias(page: str, post: str) -> str | None:
    """The alias of the post part of an address under its Page; None when that part names no post."""
    if PFBID.fullmatch(post):
        return post
    if not DIGITS.fullmatch(post):
        return None
    page = _page_name(page)
    if DIGITS.fullmatch(page):
        return f"{page}_{post}"
    return f"{page.lower()}/{post}" if _VANITY.fullmatch(page) else None


def _alias(segments: list[str], query: dict[str, list[str]]) -> str | None:
    """The alias of the post at a path of facebook.com; None when the path names no post."""

    def asked(name: str) -> str:
        return query.get(name, [""])[0].strip()

    match [segment.lower() for segment in segments]:
        case ["watch", *_] | ["video.php"] | ["video", "video.php"]:
            return asked("v") if DIGITS.fullmatch(asked("v")) else None
        case ["reel" | "reels", _, *_]:
            return segments[1] if DIGITS.fullmatch(segments[1]) else None
        case ["permalink.php" | "story.php"]:
            # Without the Page's number a numeric story cannot be asked for; a token needs none.
            page, story = asked("id"), asked("story_fbid")
            return _post_alias(page, story) if DIGITS.fullmatch(page) or PFBID.fullmatch(story) else None
        case [page, *_] if page in _REFUSED:
            return None
        case [_, "videos", *_]:
            numbers = [part for part in segments[2:4] if DIGITS.fullmatch(part)]
            return numbers[-1] if numbers else None
        case [_, "posts", _, *_]:
            # …/posts/a-title/NUMBER has the number last; a title may be a number too.
            aliases = [_post_alias(segments[0], part) for part in segments[2:4]]
            return next((alias for alias in reversed(aliases) if alias), None)
        case [only] if POST_ID.fullmatch(only):
            return segments[0]
    return None


def parse_post_url(url: str) -> str | None:
    """The post's alias in any usual form of its address; None when the address is not Facebook's.

    An alias is `{page}_{post}`, a bare video or reel number, `name/{post}` where only the Page's name is
    known, or the `pfbid…` token that Facebook shows in place of the number. Raises UnusableReference for
    Facebook addresses from which no post can be known.
    """
    address = web_address(url)
    if address is None:
        return None
    host = (address.hostname or "").lower().rstrip(".").removeprefix("www.")
    if host in _SHORT_HOSTS:
        raise UnusableReference(f"{_SHORT_HOSTS[host]} hide the post", _POST_CURE)
    if not _is_facebook(host):
        return None
    segments = [unquote(segment) for segment in address.path.split("/") if segment]
    alias = _alias(segments, parse_qs(address.query))
    if alias:
        return alias
    for segment in segments[:2]:
        if segment.lower() in _REFUSED:
            raise UnusableReference(_REFUSED[segment.lower()], _POST_CURE)
    if len(segments) == 1 and segments[0].lower() not in _NOT_PAGES:
        raise UnusableReference("the address names a Page or profile, not a post", _POST_CURE)
    raise UnusableReference("the address names no post", _POST_CURE)


def parse_post_id(text: str) -> str:
    """The post's alias, as written behind `facebook:`. Raises UnusableReference when it is none."""
    alias = text.strip()
    if not any(form.fullmatch(alias) for form in (POST_ID, DIGITS, PFBID)):
        raise UnusableReference(
            f"{alias!r} is not a Facebook post",
            'write it as "facebook:PAGE_POST" or "facebook:VIDEO" (numbers), or paste its address',
        )
    return alias


def parse_handle(text: str) -> str:
    """The Page's name (its case kept) or number, without @ and address. Raises UnusableReference."""
    handle = text.strip()
    if "/" in handle:
        address = web_address(handle)
        if address is None or not _is_facebook((address.hostname or "").lower().rstrip(".")):
            raise UnusableReference(f"{handle!r} is not a Facebook Page", _HANDLE_CURE)
        segments = [unquote(segment) for segment in address.path.split("/") if segment]
        match [segment.lower() for segment in segments]:
            case ["profile.php", *_]:
                handle = parse_qs(address.query).get("id", [""])[0]
            case ["pages" | "people", _, _, *_]:
                handle = segments[2]
            case ["p" | "pg", _, *_]:
                handle = segments[1]
            case [first, *_] if first not in _NOT_PAGES:
                handle = segments[0]
            case _:
                raise UnusableReference(f"{text.strip()!r} names no Facebook Page", _HANDLE_CURE)
    handle = _page_name(handle.removeprefix("@"))
    if not _VANITY.fullmatch(handle):
        raise UnusableReference(f"{handle!r} is not a Facebook Page's name", _HANDLE_CURE)
    return handle
