"""Files that appear whole or not at all, and stay."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO

from warehouse.mirrored import LakeOutOfReach, Mirror, place_of

# What an unfinished file's name ends with; it begins with a dot.
UNFINISHED = ".part"


@contextmanager
def written_whole(final: Path, *, survives_power_cuts: bool = True) -> Iterator[BinaryIO]:
    """What the block writes to, and may read again; the file gets its name when the block ends well.

    Its folder must exist. Until then it is a hidden sibling, locked by this process: a lock goes with its
    process, so `drop_unfinished` knows what a killed one left behind, in whichever container it ran. A file
    of a mirror is where the lake lies before it has its name here.

    Raises OSError that names the folder, for instance where the disk is full, and LakeOutOfReach; nothing is
    left here then.
    """
    with written_here(final, survives_power_cuts=survives_power_cuts) as part:
        yield part
        if (place := place_of(final)) is not None:
            part.flush()
            place.mirror.push(place.name, part)


@contextmanager
def written_here(final: Path, *, survives_power_cuts: bool = True) -> Iterator[BinaryIO]:
    """The same, also of a mirror's file only in the folder here."""
    hidden = hidden_sibling(final)
    part = locked(hidden)
    try:
        with part:
            yield part
            part.flush()
            if survives_power_cuts:
                os.fsync(part.fileno())
            # While it is locked: nobody takes it for left behind.
            hidden.replace(final)
    except LakeOutOfReach:
        raise
    except OSError as error:
        if error.filename is None:
            raise OSError(error.errno, error.strerror or str(error), str(final.parent)) from error
        raise
    finally:
        hidden.unlink(missing_ok=True)
    if survives_power_cuts:
        sync_folder(final.parent)


def locked(hidden: Path, mode: int = 0o666) -> BinaryIO:
    """A new file, locked. Whoever clears the folder may have taken it away before the lock was ours."""
    while True:
        part = os.fdopen(os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode), "w+b")
        fcntl.flock(part, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(part.fileno()), hidden.stat()):
                part.truncate(0)
                return part
        part.close()


def drop_unfinished(folder: Path, pattern: str) -> None:
    """Remove what `written_whole` was writing in processes that are no more.

    `pattern` is that of the finished files, a glob below the folder, such as `date=*/*.parquet`.
    """
    above, _, name = pattern.rpartition("/")
    for hidden in folder.glob(f"{above}/.{name}.*{UNFINISHED}" if above else f".{name}.*{UNFINISHED}"):
        drop_if_left(hidden)


def drop_if_left(hidden: Path) -> None:
    """Remove a hidden file unless somebody is writing it. Raises PermissionError where it is not ours."""
    with suppress(FileNotFoundError), _to_lock(hidden) as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        hidden.unlink()


def _to_lock(hidden: Path) -> BinaryIO:
    try:
        # NFS locks only what is open for writing (flock(2)).
        return hidden.open("r+b")
    except PermissionError:
        return hidden.open("rb")


def publish_file(hidden: Path, final: Path) -> None:
    """Rename a finished hidden sibling to its final name, with file and folder synced to disk; of a mirror,
    after it is where the lake lies."""
    with hidden.open("rb") as written:
        os.fsync(written.fileno())
        if (place := place_of(final)) is not None:
            place.mirror.push(place.name, written)
    hidden.replace(final)
    sync_folder(final.parent)


def removed(files: Iterable[Path]) -> None:
    """Remove finished files, of a mirror first where the lake lies. Those that are gone already do not
    matter."""
    files = list(files)
    places: dict[Mirror, list[str]] = {}
    for place in filter(None, map(place_of, files)):
        places.setdefault(place.mirror, []).append(place.name)
    for mirror, names in places.items():
        mirror.remove(names)
    for file in files:
        file.unlink(missing_ok=True)


def removed_below(folder: Path) -> None:
    """Remove a folder with all that is in it, of a mirror first where the lake lies."""
    if (place := place_of(folder)) is not None:
        place.mirror.remove_below(place.name)
    if folder.exists():
        shutil.rmtree(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(final: Path, text: str) -> None:
    """Write a small file whole or not at all, and its folder where missing. A power cut may lose it.

    What a killed process left of an earlier writing goes.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    drop_unfinished(final.parent, escape(final.name))
    with written_whole(final, survives_power_cuts=False) as file:
        file.write(text.encode("utf-8"))


def hidden_sibling(final: Path) -> Path:
    """Where a file is written before it gets its name; readers of the lake skip names with a leading dot."""
    return final.with_name(f".{final.name}.{os.getpid()}{UNFINISHED}")
