"""Marks: files by which a worker sees that it has the folder that was meant, and that its work is wanted.

A mark is held by whoever hands out work, for as long as the work is wanted, and goes with that process.
"""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = ".workers"


@contextmanager
def marked(folder: Path) -> Iterator[str]:
    """Leave a mark in a folder while the block runs; gives its name. Raises OSError where nothing can be
    written."""
    place = folder / _FOLDER
    place.mkdir(parents=True, exist_ok=True)
    _drop_left_over(place)
    while True:
        name = secrets.token_hex(16)
        with (place / name).open("x") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if not (place / name).exists():
                # Somebody tidied up between the two lines before.
                continue
            try:
                yield name
            finally:
                for path in place.glob(f"{name}*"):
                    path.unlink(missing_ok=True)
        return


def is_there(folder: Path, name: str) -> bool:
    """Whether it is the folder in which the mark was left."""
    return (folder / _FOLDER / name).exists()


def is_held(folder: Path, name: str) -> bool:
    """Whether whoever left the mark still wants the work. For processes of one machine."""
    try:
        with (folder / _FOLDER / name).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


@contextmanager
def begun(folder: Path, name: str, work: str) -> Iterator[bool]:
    """Note that a piece of work goes on while the block does; gives whether it was begun before by a worker
    that was lost over it. What ended, however it did, may be begun again by whoever likes."""
    note = folder / _FOLDER / f"{name}.{work}"
    is_again = note.exists()
    note.touch()
    try:
        yield is_again
    finally:
        note.unlink(missing_ok=True)


def _drop_left_over(place: Path) -> None:
    """Remove what killed processes left."""
    for path in place.glob("?" * 32):
        with suppress(FileNotFoundError), path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            for each in place.glob(f"{path.name}*"):
                each.unlink(missing_ok=True)
