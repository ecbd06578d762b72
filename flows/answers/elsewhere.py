"""Where pages, tables and whole warehouses were written to outside of the home, as the home remembers it:
words that are to be forgotten stand there too.

A line of JSON for each machine and folder: `machine`, by its network name, `folder`, whole, and `campaigns`,
whose folders were written below it; or for each warehouse: `machine` and `warehouse`, its file. What else
lies there is not ours, whatever it is called. People may edit the lines; one that cannot be read stays as it
is until they mend it or take it out.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flows.home import ELSEWHERE
from warehouse.durable import drop_unfinished, written_whole
from warehouse.one_at_a_time import BUILD_LOCK, Busy, one_at_a_time

if TYPE_CHECKING:
    from flows.settings import Settings

# Somebody else writes a line meanwhile.
WAIT_S = 60.0
_MAY_NOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS)
# Never a way out of the folder.
_CAMPAIGN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Place:
    """A folder that was given by --out, the machine that wrote there, and the campaigns it wrote."""

    machine: str
    folder: str
    campaigns: tuple[str, ...]

    @property
    def is_here(self) -> bool:
        """Whether it can be looked into from here: this machine wrote there, and it is there."""
        return self.machine == platform.node() and os.path.exists(self.folder)

    def folder_of(self, campaign: str) -> Path:
        """Where the pages and tables of a campaign lie. Raises OSError where that is not a folder itself: a
        link leads to what is not ours."""
        folder = Path(self.folder) / campaign
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        return folder


@dataclass(frozen=True)
class Warehouse:
    """A file that was given by --out of `campaign build`, and the machine that wrote it."""

    machine: str
    warehouse: str

    @property
    def file(self) -> Path:
        return Path(self.warehouse)

    @property
    def is_of_here(self) -> bool:
        return self.machine == platform.node()

    @property
    def is_here(self) -> bool:
        """Whether it can be looked into from here: this machine wrote it, and it is there."""
        return self.is_of_here and os.path.exists(self.warehouse)

    @property
    def target(self) -> Path:
        """Where the words stand if it was moved and a link left in its place."""
        return self.file.resolve() if self.file.is_symlink() else self.file

    @property
    def is_deleted(self) -> bool:
        """Whether somebody deleted it: the lock that a build leaves beside it says that its disk is there."""
        # A link that leads nowhere may lead to a disk that is not there.
        return self.is_of_here and not os.path.lexists(self.file) and self.file.with_name(BUILD_LOCK).exists()


@dataclass(frozen=True)
class Remembered:
    """What the home remembers; `unread` are the numbers of the lines that nobody can read, from 1."""

    places: tuple[Place, ...]
    warehouses: tuple[Warehouse, ...]
    unread: tuple[int, ...]


def remember_place(settings: Settings, out: Path, campaign: str) -> None:
    """Write down that something of a campaign is going to be written to `out`, unless that lies in the home
    or is where its reports lie. Who may only read the home leaves no trace in it. Raises OSError."""
    home, place = settings.home, out.resolve()
    if place.is_relative_to(home.resolve()) or place == settings.reports.resolve():
        return
    try:
        _remember(home, Place(platform.node(), str(place), (campaign,)))
    except OSError as trouble:
        if trouble.errno not in _MAY_NOT_WRITE:
            raise


def remember_warehouse(settings: Settings, out: Path) -> None:
    """Write down that a warehouse is going to be written to the file `out`, unless that lies in the home.
    Raises OSError."""
    # A link there is replaced, not followed.
    file = out.parent.resolve() / out.name
    if not file.is_relative_to(settings.home.resolve()):
        _remember(settings.home, Warehouse(platform.node(), str(file)))


def _remember(home: Path, new: Place | Warehouse) -> None:
    if _is_said(new, [_read(line) for line in _lines(home)]):
        return
    try:
        with one_at_a_time(home / f".{ELSEWHERE}.lock", wait_s=WAIT_S):
            lines = _lines(home)
            read = [_read(line) for line in lines]
            before = _beside(new, read)
            if isinstance(new, Place):
                campaigns = {*new.campaigns, *(one for each in before for one in each.campaigns)}
                new = replace(new, campaigns=tuple(sorted(campaigns)))
            kept = [line for line, each in zip(lines, read, strict=True) if each not in (new, *before)]
            drop_unfinished(home, ELSEWHERE)
            with written_whole(home / ELSEWHERE) as file:
                text = "".join(f"{each}\n" for each in (*kept, json.dumps(asdict(new))))
                file.write(text.encode(errors="surrogateescape"))
    except Busy as busy:
        raise TimeoutError(f"{home / ELSEWHERE} is being written by {busy.holder}; try again") from None


def _is_said(new: Place | Warehouse, known: Sequence[Place | Warehouse | None]) -> bool:
    return new in known or any(
        isinstance(new, Place) and set(new.campaigns) <= set(each.campaigns) for each in _beside(new, known)
    )


def _beside(new: Place | Warehouse, known: Sequence[Place | Warehouse | None]) -> list[Place]:
    """The lines of the same machine and folder."""
    return [
        each
        for each in known
        if isinstance(new, Place)
        and isinstance(each, Place)
        and (each.machine, each.folder) == (new.machine, new.folder)
    ]


def remembered(home: Path) -> Remembered:
    """All that is written down. Raises OSError."""
    read = [_read(line) for line in _lines(home)]
    return Remembered(
        tuple(each for each in read if isinstance(each, Place)),
        tuple(each for each in read if isinstance(each, Warehouse)),
        tuple(number for number, each in enumerate(read, start=1) if each is None),
    )


def _lines(home: Path) -> Sequence[str]:
    """As they are, whatever their letters; the empty ones at the end are none."""
    file = home / ELSEWHERE
    text = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
    return text.rstrip().split("\n") if text.strip() else []


def _read(line: str) -> Place | Warehouse | None:
    """None where it says neither."""
    try:
        said = json.loads(line)
        machine = str(said["machine"])
        if "warehouse" in said:
            file = str(said["warehouse"])
            return Warehouse(machine, file) if os.path.isabs(file) else None
        if not isinstance(said["campaigns"], list):
            return None
        place = Place(machine, str(said["folder"]), tuple(map(str, said["campaigns"])))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_whole = os.path.isabs(place.folder) and place.campaigns
    return place if is_whole and all(map(_CAMPAIGN.fullmatch, place.campaigns)) else None
