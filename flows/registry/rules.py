"""`match`: the rule by which an asset catches posts that nobody listed."""

from __future__ import annotations

import unicodedata

from flows.registry.mistakes import shown
from flows.registry.model import Match
from flows.registry.references import http_host, refuse_credentials
from flows.registry.table import Table

MATCH_KEYS = ("text", "hashtags", "links", "same_video")

# "NHS" tells something; two letters are in nearly every post.
SHORTEST_TEXT = 3

LONGEST_HASHTAG = 100

_EXAMPLE = 'match = { text = ["…"], hashtags = ["…"], links = ["https://…"], same_video = true }'


def read_match(asset: Table) -> Match | None:
    """The asset's rule; None when it has none or it was refused."""
    table = asset.table("match", f"write {_EXAMPLE}")
    if table is None:
        return None
    before = len(table.door.mistakes)
    table.only(MATCH_KEYS, "match")
    match = Match(
        text=_texts(table), hashtags=_hashtags(table), links=_links(table), same_video=_same_video(table)
    )
    if len(table.door.mistakes) > before:
        return None
    if match == Match():
        asset.refuse("match", "has no condition, and would match nothing", f"write {_EXAMPLE}, or remove it")
        return None
    return match


def _texts(table: Table) -> tuple[str, ...]:
    for key, text in table.texts("text"):
        if len(text) < SHORTEST_TEXT:
            problem = f"{shown(text)} is in too many posts"
            table.refuse(key, problem, f"write at least {SHORTEST_TEXT} characters")
    return _distinct(table, "text")


def hashtag_word(text: str) -> str:
    """The word of a hashtag without #: letters and their marks, numbers and _, in the one form in which what
    can be written in two is compared; "" when it is none."""
    word = unicodedata.normalize("NFC", text)
    is_word = all(letter == "_" or unicodedata.category(letter)[0] in "LMN" for letter in word)
    return word if is_word and len(word) <= LONGEST_HASHTAG else ""


def _hashtags(table: Table) -> tuple[str, ...]:
    for key, text in table.texts("hashtags"):
        if text.startswith("#") and hashtag_word(text[1:]):
            table.refuse(key, f"{shown(text)} begins with #", f"write {shown(text[1:])}")
        elif not hashtag_word(text):
            table.refuse(key, f"{shown(text)} is not a hashtag", 'write one word without #, as in "OurNHS"')
    return tuple(dict.fromkeys(hashtag_word(text) for text in _distinct(table, "hashtags")))


def _links(table: Table) -> tuple[str, ...]:
    for key, text in table.texts("links"):
        host = http_host(text)
        if refuse_credentials(table, key, text):
            continue
        if host is None or "." not in host:
            table.refuse(key, f"{shown(text)} is not a web address", 'write it whole, as in "https://…"')
    return _distinct(table, "links")


def _same_video(table: Table) -> bool:
    return table.flag("same_video", default=False)


def _distinct(table: Table, name: str) -> tuple[str, ...]:
    value = table.content.get(name, [])
    texts = [item.strip() for item in value if isinstance(item, str)] if isinstance(value, list) else []
    return tuple(dict.fromkeys(texts))
