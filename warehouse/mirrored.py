"""Which folders are mirrors of a lake that lies elsewhere, and what that asks of whoever works on them.

The code of the pipeline works on folders. Where the lake lies in a bucket, its folder here is a mirror: a
copy that may be deleted at any time. It is attached by its path, and whoever writes, removes, locks or reads
files below it by `warehouse.durable`, `warehouse.one_at_a_time` or `bring_up_to_date` does the same in the
bucket. For a lake in a folder nothing is attached, and all of this does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from warehouse.progress import Progress, nobody_watches


class LakeOutOfReach(OSError):
    """The lake cannot be read or written where it lies; the text is one plain line that names the cure."""


class LeaseHeld(Exception):
    """Another machine holds the lock; the text names who ("process 4242 on host")."""


class Mirror(Protocol):
    """A folder whose files lie elsewhere. Files have names relative to it, with slashes.

    Every method raises LakeOutOfReach when the lake cannot be reached or refuses.
    """

    def push(self, name: str, made: BinaryIO) -> None:
        """Put a file there, whole or not at all. It appears here after."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove files there; those that are not there are gone already."""

    def remove_below(self, folder: str) -> None:
        """Remove every file below a folder there."""

    def pull(self, folders: Sequence[str], progress: Progress = nobody_watches) -> None:
        """Make some folders here, or all, what they are there."""

    def fetch(self, names: Sequence[str]) -> None:
        """Make some files here what they are there."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold a lock there while the block runs. Raises LeaseHeld. For whoever holds the file of that name
        here, so that what a killed process of this home held is known to be free."""

    def last_taking(self, name: str) -> str:
        """A name of the last taking of a lock there; empty where there was none."""

    def try_out(self) -> None:
        """Do there what the pipeline does, with a file for trying."""

    def seen_at(self) -> datetime | None:
        """When what landed was last brought up to date here; None where it never was."""


class Place(NamedTuple):
    """A file of a mirror."""

    mirror: Mirror
    name: str


_attached: dict[Path, Mirror] = {}


def attach(root: Path, mirror: Mirror) -> None:
    """Let a folder be a mirror from now on, under every path that leads to it."""
    for path in (Path(os.path.abspath(root)), root.resolve()):
        _attached[path] = mirror


def attached(root: Path) -> Mirror | None:
    """The mirror that a folder is, if it is one."""
    return _attached.get(Path(os.path.abspath(root)))


def place_of(path: Path) -> Place | None:
    """The place of a file or folder in its mirror; None where it is in none."""
    if not _attached:
        return None
    path = Path(os.path.abspath(path))
    for root in path.parents:
        if root in _attached:
            return Place(_attached[root], path.relative_to(root).as_posix())
    return None


def bring_up_to_date(lake: Path, *folders: str, progress: Progress = nobody_watches) -> None:
    """Make the folder of a lake, or only some folders of it such as `landing/platform=registry/`, what it is
    where the lake lies. Raises LakeOutOfReach, and OSError for instance on a full disk."""
    place = place_of(lake / "landing")
    if place is not None:
        place.mirror.pull(folders, progress)


def fetch(lake: Path, names: Iterable[str]) -> None:
    """Make some files of a lake what they are where it lies, by their names below its folder, without a look
    at anything else. Raises LakeOutOfReach, and OSError for instance on a full disk."""
    place = place_of(lake / "landing")
    if place is not None:
        place.mirror.fetch(list(names))
