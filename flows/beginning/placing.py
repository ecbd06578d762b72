"""Both files in their places, or none; what is there is never written over."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from flows.refused import Refused
from flows.registry import RegistryError, load
from flows.registry.spreadsheet import ASSETS_CSV
from warehouse.durable import UNFINISHED, drop_if_left, locked, sync_folder

# In the names of hidden files, so that nobody else's are taken for them.
_OURS = "init"
# What file systems answer that have no hard links, as exFAT and some network mounts.
_HAS_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Occupied(Refused):
    """There is something where a new file was to go; one plain line that says what to do."""


@dataclass(frozen=True)
class NewFile:
    """A file to write, and who may read it."""

    path: Path
    text: str
    mode: int = 0o666


def see_that_it_loads(file: NewFile, connectors: Mapping[str, ModuleType]) -> None:
    """Read the new registry file with what lies beside it, as every command is going to.

    Raises RegistryError as `load` does, with the names that the files will have.
    """
    folder = file.path.parent
    with tempfile.TemporaryDirectory(prefix="campaign-init-") as aside:
        staged = Path(aside)
        for beside in [*folder.glob("[!.]*.toml"), folder / ASSETS_CSV]:
            if beside.is_file():
                shutil.copyfile(beside, staged / beside.name)
        (staged / file.path.name).write_text(file.text, encoding="utf-8")
        try:
            load(staged, connectors)
        except RegistryError as error:
            raise RegistryError(
                tuple(
                    replace(
                        mistake,
                        file=mistake.file.replace(aside, str(folder)),
                        problem=mistake.problem.replace(aside, str(folder)),
                    )
                    for mistake in error.mistakes
                )
            ) from None


def drop_unplaced(folders: Iterable[Path]) -> None:
    """Remove what killed ones were writing into some folders, credentials among it. What another one is
    writing now is locked and stays, as does what is not ours to remove."""
    for folder in folders:
        for hidden in folder.glob(f".*.{_OURS}.*{UNFINISHED}"):
            with suppress(PermissionError):
                drop_if_left(hidden)


def place(files: Sequence[NewFile], *, link: Callable[[Path, Path], None] = os.link) -> None:
    """Write the files, each whole; where one cannot be, or Ctrl-C comes, none is left, nor a folder made for
    it. Killed, it may leave hidden files, for `drop_unplaced`, and an empty one where `link` cannot give one
    a second name.

    Raises Occupied and OSError.
    """
    # All that may come to be is known before any of it is there, so that it can be taken away at any moment.
    ways = [
        (file.path.with_name(f".{file.path.name}.{_OURS}.{uuid4().hex}{UNFINISHED}"), file) for file in files
    ]
    folders = [each for file in files for each in (file.path.parent, *file.path.parent.parents)]
    missing = [folder for folder in dict.fromkeys(folders) if not folder.exists()]
    reserved: set[Path] = set()
    is_done = False
    writing = ExitStack()
    try:
        for hidden, file in ways:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            _write(hidden, file, writing)
        for hidden, file in ways:
            try:
                _give_name(hidden, file, link, reserved)
            except FileExistsError:
                raise Occupied(f"{file.path} is there by now and is not written over; start again") from None
        for folder in {file.path.parent for file in files}:
            sync_folder(folder)
        is_done = True
    finally:
        for hidden, file in ways:
            with suppress(FileNotFoundError):
                if not is_done and _is_ours(hidden, file.path, reserved):
                    file.path.unlink()
            hidden.unlink(missing_ok=True)
        # What was not written has been told of.
        with suppress(OSError):
            writing.close()
        for folder in [] if is_done else missing:
            with suppress(OSError):
                folder.rmdir()


def _give_name(hidden: Path, file: NewFile, link: Callable[[Path, Path], None], reserved: set[Path]) -> None:
    """Raises FileExistsError where the name is taken, and OSError."""
    try:
        # Unlike a renaming, it fails where the name is taken.
        link(hidden, file.path)
        return
    except OSError as error:
        if error.errno not in _HAS_NO_LINKS:
            raise
    reserved.add(file.path)
    try:
        # An empty file takes the name, which then is ours to write over.
        os.close(os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, file.mode))
    except OSError:
        reserved.discard(file.path)
        raise
    hidden.replace(file.path)


def _is_ours(hidden: Path, final: Path, reserved: set[Path]) -> bool:
    """Whether a file got its name by us. Raises FileNotFoundError where one of them is missing."""
    if final in reserved and (not hidden.exists() or not final.stat().st_size):
        return True
    return os.path.samefile(hidden, final)


def _write(hidden: Path, file: NewFile, writing: ExitStack) -> None:
    """Write it, and keep it locked for as long as the stack is open."""
    try:
        part = writing.enter_context(locked(hidden, file.mode))
        part.write(file.text.encode("utf-8"))
        part.flush()
        os.fsync(part.fileno())
    except OSError as error:
        # By the name that it was to have.
        raise OSError(error.errno, error.strerror or str(error), str(file.path)) from error
