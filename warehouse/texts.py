"""Texts: where answers hold words that people wrote, and answers without them.

`readings/<platform>.toml` beside the SQL of a platform, and `exports.toml`, declare it by the names of JSON
fields: `name` wherever it stands, `parent.name` only where the object is the value of `parent` (or in its
list), `.name` only at the top of an answer.

- `texts`: what people wrote, their names, and what the platform repeats of it.
- `links`: addresses that were written; they stay as long as nobody asks for the post to be forgotten.
- `stays`: fields of those names that are no such words.
- `ids`: by which an object says which post it is or belongs to (`target.id`: the `id` of its `target`).
- `repeats`: lists of other posts, and by which `type` of them an object repeats their words.
- `received`: fields that say everything once more; they go as soon as anything goes.

What lies inside an object belongs to it: the attachments of a post, JSON inside a text of a batch. A field is
left out whole, as platforms leave out what they do not tell; every number stays.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DECLARATIONS = Path(__file__).parent / "readings"
OF_EXPORTS = Path(__file__).with_name("exports.toml")

# The endpoint under which exports land.
EXPORT = "export"


@dataclass(frozen=True)
class Declaration:
    """Where the answers of a platform hold words, as its file says."""

    texts: frozenset[str]
    ids: tuple[tuple[str, ...], ...]
    links: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()
    received: frozenset[str] = frozenset()
    repeats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Changes when the file does.
    fingerprint: str = ""


@cache
def declaration(platform: str, endpoint: str) -> Declaration:
    """Where the answers of a platform and endpoint hold words. Raises OSError when nobody declared it."""
    path = OF_EXPORTS if endpoint == EXPORT else DECLARATIONS / f"{platform}.toml"
    content = path.read_bytes()
    found: dict[str, Any] = tomllib.loads(content.decode("utf-8"))
    return Declaration(
        texts=frozenset(found["texts"]),
        ids=tuple(tuple(name.split(".")) for name in found["ids"]),
        links=frozenset(found.get("links", ())),
        stays=frozenset(found.get("stays", ())),
        received=frozenset(found.get("received", ())),
        repeats={name: tuple(types) for name, types in found.get("repeats", {}).items()},
        fingerprint=hashlib.sha256(content).hexdigest()[:16],
    )


def without_texts_of(body: str, declared: Declaration, names: frozenset[str]) -> str:
    """The body without the words, and the links, of the posts of some names; the same where it has none.

    One that is no JSON, and names such a post, tells no number: it becomes empty.
    """
    if not any(name in body for name in names):
        return body
    taking = _Taking(declared, declared.texts | declared.links, of=names, is_all=False)
    return _rewritten(body, taking)


def without_texts(body: str, declared: Declaration, kept: frozenset[str]) -> tuple[str, frozenset[str]]:
    """The body without any words but those of the posts of some names (`kept`), and which of those are in it.

    One that is no JSON tells no number, and nobody knows what else it says: it becomes empty.
    """
    taking = _Taking(declared, declared.texts, of=kept, is_all=True)
    return _rewritten(body, taking), frozenset(taking.met)


def _rewritten(body: str, taking: _Taking) -> str:
    try:
        document = taking.walk(json.loads(body, strict=False))
    except (ValueError, RecursionError):
        return ""
    return _written(document) if taking.is_changed else body


def _written(document: object) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # Half a character, which can be written only as it came.
        return json.dumps(document, separators=(",", ":"))
    return text


class _Taking:
    """Takes fields out of a document: of the objects of some posts, or of all but theirs (`is_all`)."""

    def __init__(
        self, declared: Declaration, fields: frozenset[str], *, of: frozenset[str], is_all: bool
    ) -> None:
        self.is_changed = False
        # The names of `of` that were met.
        self.met: set[str] = set()
        self._declared = declared
        self._fields = fields
        self._of = of
        self._is_all = is_all

    def walk(self, document: object) -> object:
        """The document without what is taken out; it is changed in place."""
        found = self._value(document, "", self._is_all)
        if self.is_changed and isinstance(found, dict):
            for name in self._declared.received.intersection(found):
                del found[name]
        return found

    def _value(self, value: object, parent: str, takes: bool) -> object:
        match value:
            case dict():
                self._object(value, parent, takes)
            case list():
                for place, part in enumerate(value):
                    value[place] = self._value(part, parent, takes)
            case str() if value[:1] in ("{", "["):
                return self._text(value, takes)
        return value

    def _object(self, found: dict[str, object], parent: str, takes: bool) -> None:
        if self._is_of_them(found):
            takes = not self._is_all
        for name in list(found):
            if takes and self._is_taken(name, parent):
                del found[name]
                self.is_changed = True
                continue
            # A map of id to object.
            below = found[name]
            is_theirs = name in self._of and isinstance(below, dict)
            if is_theirs:
                self.met.add(name)
            found[name] = self._value(below, name, (not self._is_all) if is_theirs else takes)

    def _text(self, text: str, takes: bool) -> str:
        """A text that may be JSON itself, as the answers of a batch are."""
        inner = _Taking(self._declared, self._fields, of=self._of, is_all=self._is_all)
        try:
            document = inner._value(json.loads(text, strict=False), "", takes)
        except (ValueError, RecursionError):
            return text
        self.met |= inner.met
        if not inner.is_changed:
            return text
        self.is_changed = True
        return _written(document)

    def _is_taken(self, name: str, parent: str) -> bool:
        placed = f"{parent}.{name}"
        return (name in self._fields or placed in self._fields) and placed not in self._declared.stays

    def _is_of_them(self, found: Mapping[str, object]) -> bool:
        named = {name for path in self._declared.ids for name in _named(found, path)}
        named |= {name for field_ in self._declared.repeats for name in self._repeated(found, field_)}
        theirs = named & self._of
        self.met |= theirs
        return bool(theirs)

    def _repeated(self, found: Mapping[str, object], name: str) -> Iterator[str]:
        others = found.get(name)
        for other in others if isinstance(others, list) else ():
            if isinstance(other, dict) and other.get("type") in self._declared.repeats[name]:
                yield str(other.get("id"))


def _named(found: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    """The ids that an object has at a path, of one or in a list."""
    value: object = found
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str | int):
            yield str(one)
