"""Which landed files no batch was made from, under their own names or under those that they stand for."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from warehouse.batches import Batch, committed, drop
from warehouse.landed import StandsFor, is_compacted, stands_for
from warehouse.landed_files import landed_files
from warehouse.sightings import is_export


def not_read_yet(
    landing: Path, root: Path, landed: Sequence[Path], batches: list[Batch]
) -> tuple[list[Path], list[Batch]]:
    """The landed files of a platform that no batch was made from, under their own names or under those that
    they stand for; and the batches that stay. A batch that has read a part of such a file is taken back: the
    file is read whole."""
    while True:
        done = {name for batch in batches for name in batch.landed}
        unread = [path for path in landed if str(path.relative_to(landing)) not in done]
        # Footers are read only where something is new beside them.
        beside = {path.parent for path in unread}
        standing = {path: _standing(landing, path) for path in landed if path.parent in beside}
        # What a killed compaction left beside the file that stands for it.
        left_over = {
            name
            for path, found in standing.items()
            for name in found.names()
            if name != str(path.relative_to(landing))
        }
        fresh = [
            path
            for path in unread
            if not standing[path].is_within(done) and str(path.relative_to(landing)) not in left_over
        ]
        in_part = {name for path in fresh for name in standing[path].names()} & done
        if not in_part:
            return fresh, batches
        for batch in batches:
            if in_part.intersection(batch.landed):
                drop(root, batch)
        batches = [batch for batch in batches if not in_part.intersection(batch.landed)]


def is_read(landing: Path, path: Path, done: Container[str]) -> bool:
    """Whether every row of a landed file stands in a batch, of which `done` are all the landed files."""
    return _standing(landing, path).is_within(done)


def answers_among(landing: Path, platform: str, done: Container[str]) -> list[Path]:
    """A platform's landed files of answers that are not `done`, which are named as batches name them."""
    found = []
    for path in landed_files(landing, platform):
        name = str(path.relative_to(landing))
        if name in done or is_export(name) or (is_compacted(path) and is_read(landing, path, done)):
            continue
        found.append(path)
    return found


def take_back(landing: Path, root: Path, files: Iterable[Path]) -> None:
    """Make the next build read some landed files again: the batches made from them, or from what they stand
    for, are dropped.

    Must not run beside a build; the caller holds its lock.
    """
    names = {name for path in files for name in _standing(landing, path).names()}
    for batch in committed(root):
        if names.intersection(batch.landed):
            drop(root, batch)


def _standing(landing: Path, path: Path) -> StandsFor:
    """What a landed file stands for, by places in the landing."""
    folder = path.parent.relative_to(landing)

    def placed(found: StandsFor) -> StandsFor:
        return StandsFor(str(folder / found.name), tuple(map(placed, found.parts)))

    return placed(stands_for(path)) if is_compacted(path) else StandsFor(str(folder / path.name))
