"""What goes wrong on request: answers that the platforms are known to give instead of the right one.

A programme is a list of faults; each waits for requests whose path and query contain `match`
(`/x/2/tweets?ids=`; for requests inside a batch, the `relative_url`) and answers the next `times` of them.
Options go beside the names. What can go wrong on one platform only is in `<platform>_faults.py`, as `FAULTS`;
the same name may mean a different answer on each. Here is what can go wrong anywhere:

| fault | answer |
|---|---|
| null_item | inside a batch: null, as for a request that ran out of time |
| html_502, html_503, html_200 | a web page |
| false_200 | `false` |
| empty_200 | nothing at all |
| no_content_type | the right answer, unlabelled |
| truncated_json | the first half of the right answer, as if it were whole |
| cut_off | the connection closes in mid-answer |
| stalled | nothing, until the client gives up or `seconds` (30) have passed |
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

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
        known = sorted(
            {*_ANYWHERE, *_OUTSIDE_HTTP, *(name for platform in faces() for name in _faults_of(platform))}
        )
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
    name = f"{__package__}.{platform}_faults"
    if importlib.util.find_spec(name) is None:
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


_ANYWHERE: dict[str, Maker] = {
    "html_502": _html(502, b"Bad Gateway"),
    "html_503": _html(503, b"Over capacity"),
    "html_200": _html(200, b"Please log in"),
    "false_200": _instead(b"false"),
    "empty_200": _instead(b""),
    "no_content_type": _unlabelled,
    "truncated_json": _truncated,
}
