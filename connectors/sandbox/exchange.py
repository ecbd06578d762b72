"""One request and one answer, as the faces see them: no socket, no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from connectors.sandbox.growth import Moment

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request below a face's prefix. `path` begins with `/`; `query` holds the first value of each name;
    header names are in lower case; `now` is the moment for which it is answered."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: Moment

    def form(self) -> dict[str, str]:
        """The body as a web form; multipart is not understood."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": JSON_TYPE})


def parse_query(text: str) -> dict[str, str]:
    """The first value of each name, as both platforms read a query."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, value)
    return found


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())
