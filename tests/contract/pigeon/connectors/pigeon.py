"""Pigeon: an invented platform. Posts of an account, or by their ids, with a counter of views."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from connectors.asking import Ask
from connectors.errors import TokenInvalid, Transient, Trouble, Unreadable, UnusableReference
from connectors.history import CallsFor, History
from connectors.wire import WireSession

PLATFORM = "pigeon"
CREDENTIAL = "PIGEON_ACCESS_TOKEN"
SDK_URL = API_URL = "https://api.pigeon.example"
# Two days of posts at a time.
HISTORY = {"walks": History(2, calls=(CallsFor("posts", "subject"),))}


def parse_post_url(url: str) -> str | None:
    """The post's number; None when the address is not Pigeon's. Raises UnusableReference."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parse_post_id(parts.path.removeprefix("/p/")) if parts.hostname == "pigeon.example" else None


def parse_post_id(text: str) -> str:
    """The post's number. Raises UnusableReference."""
    if not text.isdigit():
        raise UnusableReference(f"{text!r} is not a Pigeon post", 'write it as "pigeon:7"')
    return text


def parse_handle(text: str) -> str:
    """The account's name without @."""
    return text.strip().removeprefix("@")


def judge(response: requests.Response) -> Trouble | None:
    """What an answer means; None when it is what was asked for."""
    if response.status_code == 401:
        return TokenInvalid(PLATFORM, f"pigeon: the token was refused; set {CREDENTIAL}")
    if response.status_code >= 500:
        return Transient(PLATFORM, "pigeon: the platform failed; try again later")
    try:
        document = response.json()
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict) and isinstance(document.get("posts"), list):
        return None
    text = "pigeon: the answer is not the promised JSON; check PIGEON_API_URL"
    return Unreadable(PLATFORM, text, response.status_code)


def collect(ask: Ask, session: WireSession, credential: str, **_options: object) -> None:
    """Lists the posts of the accounts to walk, and looks up the wanted ones."""
    headers = {"Authorization": f"Bearer {credential}"}
    for walk in ask.walks:
        with session.asking("posts", walk.campaign_id), session.costing_only_this():
            session.get(f"{SDK_URL}/v1/posts", params={"account": walk.handle}, headers=headers)
    for post in ask.posts:
        with session.asking("posts", post.campaign_id), session.costing_only_this():
            session.get(f"{SDK_URL}/v1/posts", params={"id": post.alias}, headers=headers)
