"""What is written into the footer of a landed file when it takes the place of others, and what is read there.

A compacted file carries the names of the files whose rows it has, and theirs in turn, so that the readings
know which of its rows were read already. A file whose texts were taken out carries when, and whose stayed.
Both travel with the file: nothing beside the landing is needed to understand it.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.landing import COLUMNS
from warehouse.sealed import DAMAGED

COMPACTED = "compacted-"

_STANDS_FOR = b"campaign:stands_for"
_TEXTS = b"campaign:texts"


class NotTheSame(Exception):
    """What was written is not what it should be; nothing was replaced. The message names the file and what
    to do."""


@dataclass(frozen=True)
class StandsFor:
    """A file name, and those of the files, in the same folder, whose rows it took over."""

    name: str
    parts: tuple[StandsFor, ...] = ()

    def names(self) -> Iterator[str]:
        """Its own name and every name below."""
        yield self.name
        for part in self.parts:
            yield from part.names()

    def is_within(self, names: Container[str]) -> bool:
        """Whether each of its rows is in a file of one of the names."""
        return self.name in names or (bool(self.parts) and all(part.is_within(names) for part in self.parts))


@dataclass(frozen=True)
class WithoutTexts:
    """That texts were taken out of a file, by which declaration of what is text, and the posts that kept
    theirs."""

    declared: str
    kept: tuple[str, ...] = field(default=())


def is_compacted(path: Path) -> bool:
    """Whether a landed file took the place of others."""
    return path.name.startswith(COMPACTED)


def stands_for(path: Path) -> StandsFor:
    """The files that a landed file stands for; itself alone where its footer is damaged."""
    said = _footer(path).get(_STANDS_FOR)
    return StandsFor(path.name, _read(json.loads(said)) if said else ())


def without_texts(path: Path) -> WithoutTexts | None:
    """What was taken out of a landed file; None where nothing was."""
    said = _footer(path).get(_TEXTS)
    if said is None:
        return None
    found = json.loads(said)
    return WithoutTexts(found["declared"], tuple(found["kept"]))


def with_footer(table: pa.Table, parts: Iterable[StandsFor], texts: WithoutTexts | None) -> pa.Table:
    """The table, to be written with what its file stands for and what was taken out."""
    said: dict[bytes, str] = {}
    if names := _written(parts):
        said[_STANDS_FOR] = json.dumps(names)
    if texts is not None:
        said[_TEXTS] = json.dumps({"declared": texts.declared, "kept": texts.kept})
    return table.cast(COLUMNS).replace_schema_metadata(said)


def _footer(path: Path) -> Mapping[bytes, bytes]:
    try:
        return pq.read_schema(path).metadata or {}
    except DAMAGED:
        return {}


def _written(parts: Iterable[StandsFor]) -> dict[str, object]:
    return {part.name: _written(part.parts) for part in parts}


def _read(names: Mapping[str, Mapping[str, object]]) -> tuple[StandsFor, ...]:
    return tuple(StandsFor(name, _read(below)) for name, below in names.items())  # type: ignore[arg-type]
