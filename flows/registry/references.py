"""What a pasted post means: a web address in any of its usual forms, or `platform:id`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flows.registry.mistakes import did_you_mean, shown
from flows.registry.model import PostReference
from flows.registry.table import Door, Table

_PLATFORM_AND_ID = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?!//)(.*)")

# Where pasted URLs of platforms lead whose connector may not be in this release.
_HOSTS = {
    "instagram.com": "instagram",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "tiktok.com": "tiktok",
}
_NICKNAMES = {"twitter": "x", "fb": "facebook", "meta": "facebook", "ig": "instagram", "yt": "youtube"}


def read_reference(entry: Table, key: str, text: str) -> PostReference | None:
    """The post that the text names; None when it was refused or is kept out.

    Raises `UnusableReference` when the platform's connector can make no post of it.
    """
    if named := _PLATFORM_AND_ID.fullmatch(text):
        return _by_id(entry, key, platform=named[1], post_id=named[2].strip())
    return _by_url(entry, key, text)


def platform_meant(door: Door, text: str, otherwise: str) -> str:
    """A cure that names the platform most like `text`."""
    nickname = _NICKNAMES.get(text.casefold())
    return f'did you mean "{nickname}"?' if nickname else did_you_mean(text, door.platforms, otherwise)


def read_platform(table: Table, default: str = "") -> str:
    """The platform that the table names, of those that have a connector or will; "" when it was refused."""
    cure = f"write one of {', '.join(table.door.platforms)}"
    text = table.text("platform", cure, required=not default) or default
    if text and text not in table.door.platforms:
        problem = f"{shown(text)} is not a known platform"
        table.refuse("platform", problem, platform_meant(table.door, text, cure))
        return ""
    return text


def http_host(url: str) -> str | None:
    """The host of a web address, lower case; None when it is none."""
    if any(character.isspace() or not character.isprintable() for character in url):
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return None
    return (parts.hostname or "").rstrip(".") or None if usable else None


def refuse_credentials(entry: Table, key: str, url: str) -> bool:
    """Whether a web address holds a user name or password; says so, without repeating it."""
    try:
        netloc = urlsplit(url).netloc
    except ValueError:
        return False
    if "@" not in netloc:
        return False
    entry.refuse(key, "holds a user name or password", "take it out, for this is kept and sent")
    return True


def _by_id(entry: Table, key: str, platform: str, post_id: str) -> PostReference | None:
    door = entry.door
    if platform in door.connectors:
        return PostReference(platform, door.connectors[platform].parse_post_id(post_id))
    if platform in door.platforms:
        door.keep_out(entry.file, entry.key(key), platform)
    else:
        otherwise = f"write one of {', '.join(door.platforms)} before the colon"
        problem = f"{shown(platform)} is not a known platform"
        entry.refuse(key, problem, platform_meant(door, platform, otherwise))
    return None


def _by_url(entry: Table, key: str, text: str) -> PostReference | None:
    door = entry.door
    url = text if "://" in text else f"https://{text}"
    host = http_host(url)
    if host is None or "." not in host:
        cure = 'paste the post\'s URL, or write platform:id as in "x:1786512345678901234"'
        entry.refuse(key, f"{shown(text)} is neither a web address nor platform:id", cure)
        return None
    for platform, connector in door.connectors.items():
        alias = connector.parse_post_url(url)
        if alias is not None:
            return PostReference(platform, alias)
    domain = ".".join(host.split(".")[-2:])
    platform_of_host = _HOSTS.get(domain)
    if platform_of_host and platform_of_host not in door.connectors:
        door.keep_out(entry.file, entry.key(key), platform_of_host)
        return None
    cure = f"paste the post's own URL on {', '.join(door.platforms)}, or write platform:id"
    entry.refuse(key, f"{shown(host)} belongs to no known platform", cure)
    return None
