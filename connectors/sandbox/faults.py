"""What goes wrong on request: answers that the platforms are known to give instead of the right one.

A programme is a list of faults; each waits for requests whose path and query contain `match`
(`/x/2/tweets?ids=`; for requests inside a batch, the `relative_url`) and answers the next `times` of them.
Options go beside the names. What can go wrong on one platform only is in `<platform>/faults.py`, as `FAULTS`;
the same name may mean a different answer on each. Here is what can go wrong anywhere:

| fault | answer |
|---|---|
| null_item | inside a batch: null, as for a request that ran out of time |
| html_502, html_503, html_200 | a web page |
| false_200 | `false` |
| empty_200 | nothing at all |
| no_content_type | the right answer, unlabelled |
| truncated_json | the first half of the right answer, as if it were whole |
| doubled_rows | the right answer with every row twice |
| repeated_cursor | the right answer, which names itself as the next page (on Graph also a list's only page) |
| cut_off | the connection closes in mid-answer |
| stalled | nothing, until the client gives up or `seconds` (30) have passed |
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import orjson

from connectors.sandbox import faces
from connectors.sandbox.exchange import Answer, Asked

# Faults that no answer can express: the server carries them out.
_OUTSIDE_HTTP = ("stalled", "cut_off", "null_item")

NULL_ITEM = Answer(0, b"null")
_HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>%s</h1></body></html>"


class UnknownFault(ValueError):
    """A programme that names no fault of the table above, or is no programme."""


@dataclass
class Fault:
    """`times` left to happen; `options` as in the table."""

    match: str
    name: str
    times: int = 1
    options: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"match": self.match, "fault": self.name, "times": self.times, **self.options}


class Faults:
    """The programme in force."""

    def __init__(self) -> None:
        self._programme: list[Fault] = []

    def program(self, programme: Iterable[Mapping[str, Any]]) -> None:
        """Replaces the programme by `[{"match": …, "fault": …, "times": …}]`. Raises UnknownFault."""
        known = sorted({name for platform in faces() for name in known_on(platform)})
        faults = []
        for item in programme:
            name = item.get("fault") if isinstance(item, Mapping) else None
            if name not in known:
                raise UnknownFault(f"no such fault: {item!r}; known: {', '.join(known)}")
            options = {name: value for name, value in item.items() if name not in ("match", "fault", "times")}
            faults.append(Fault(str(item.get("match", "")), str(name), int(item.get("times", 1)), options))
        self._programme = faults

    def take(self, address: str) -> Fault | None:
        """The first fault that waits for `address`; one less of it remains."""
        for fault in self._programme:
            if fault.times > 0 and fault.match in address:
                fault.times -= 1
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        return [fault.as_json() for fault in self._programme]


def known_on(platform: str) -> frozenset[str]:
    """The names of the faults that can happen on a platform."""
    return frozenset({*_ANYWHERE, *_OUTSIDE_HTTP, *_faults_of(platform)})


def answer(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    """What `platform` answers in place of `true_answer()`; not for faults that no answer can express.

    Raises UnknownFault when this cannot go wrong on the platform.
    """
    maker = {**_ANYWHERE, **_faults_of(platform)}.get(fault.name)
    if maker is None:
        raise UnknownFault(f"{fault.name} does not happen on {platform}")
    return maker(fault, asked, true_answer)


Maker = Callable[[Fault, Asked, Callable[[], Answer]], Answer]


@cache
def _faults_of(platform: str) -> Mapping[str, Maker]:
    """What can go wrong on one platform only; nothing for a face without a file of faults."""
    name = f"{__package__}.{platform}.faults"
    if not hasattr(faces()[platform], "__path__") or importlib.util.find_spec(name) is None:
        return {}
    faults: Mapping[str, Maker] = importlib.import_module(name).FAULTS
    return faults


def _html(status: int, words: bytes) -> Maker:
    return lambda fault, asked, true_answer: Answer(
        status, _HTML % words, {"content-type": "text/html; charset=utf-8"}
    )


def _instead(body: bytes) -> Maker:
    return lambda fault, asked, true_answer: Answer(200, body)


def _truncated(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    return Answer(right.status, right.body[: len(right.body) // 2], right.headers)


def _unlabelled(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    return Answer(
        right.status, right.body, {name: v for name, v in right.headers.items() if name != "content-type"}
    )


def _rewritten(change: Callable[[Any, Asked], None]) -> Maker:
    """The right answer after `change` has been at its document."""

    def make(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
        right = true_answer()
        document = orjson.loads(right.body)
        # A batch is a list of answers, each with a text inside.
        if isinstance(document, dict):
            change(document, asked)
        return Answer(right.status, orjson.dumps(document), right.headers)

    return make


def _double_rows(document: Any, asked: Asked) -> None:
    """Rows stand under `data` or `items`, TikTok's under `data.videos`."""
    inner = document.get("data")
    for holder, name in ((document, "data"), (document, "items"), (inner, "videos")):
        if isinstance(holder, dict) and isinstance(holder.get(name), list):
            holder[name] = [row for row in holder[name] for _ in range(2)]


def _cursor_asked(asked: Asked) -> str | None:
    """The place from which a later page was asked for, in any platform's way."""
    for name in ("pagination_token", "next_token", "pageToken", "after", "cursor"):
        if name in asked.query:
            return asked.query[name]
    nested = re.search(r"\.after\(([^)]+)\)", asked.query.get("fields", ""))
    if nested:
        return nested[1]
    try:
        sent = orjson.loads(asked.body or b"null")
    except orjson.JSONDecodeError:
        return None
    return str(sent["cursor"]) if isinstance(sent, dict) and sent.get("cursor") else None


def _repeat_cursor(document: Any, asked: Asked) -> None:
    used, data = _cursor_asked(asked), document.get("data")
    if "meta" in document or "kind" in document or "has_more" in (data or ()):
        if used is None:
            return
        if "meta" in document:
            document["meta"]["next_token"] = used
        elif "kind" in document:
            document["nextPageToken"] = used
        else:
            data |= {"cursor": int(used), "has_more": True}
        return
    # Graph names a place even on its last page, and takes one that is behind the last row.
    for paged in _paged(document):
        place = used or paged.get("paging", {}).get("cursors", {}).get("after")
        if place:
            following = f"https://graph.facebook.com{asked.path}?{urlencode({**asked.query, 'after': place})}"
            paged["paging"] = {"cursors": {"before": place, "after": place}, "next": following}


def _paged(document: Any) -> Iterator[dict[str, Any]]:
    """Whatever in a document of the Graph API is a page: the document itself, or what it holds with
    cursors."""
    if isinstance(document, dict):
        if isinstance(document.get("data"), list):
            yield document
            return
        for value in document.values():
            if isinstance(value, dict) and not isinstance(value.get("summary"), dict):
                yield from _paged(value)


_ANYWHERE: dict[str, Maker] = {
    "html_502": _html(502, b"Bad Gateway"),
    "html_503": _html(503, b"Over capacity"),
    "html_200": _html(200, b"Please log in"),
    "false_200": _instead(b"false"),
    "empty_200": _instead(b""),
    "no_content_type": _unlabelled,
    "truncated_json": _truncated,
    "doubled_rows": _rewritten(_double_rows),
    "repeated_cursor": _rewritten(_repeat_cursor),
}
