"""Where pages and tables were written to outside of the home, as the home remembers it: words that are to be
forgotten stand there too.

A line of JSON for each machine and folder: `machine`, by its network name, `folder`, whole, and `campaigns`,
whose folders were written below it. What else lies there is not ours, whatever it is called. People may edit
the lines; one that cannot be read stays as it is until they mend it or take it out.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.home import ELSEWHERE
from warehouse.durable import drop_unfinished, written_whole
from warehouse.one_at_a_time import Busy, one_at_a_time

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
class Remembered:
    """What the home remembers; `unread` are the numbers of the lines that nobody can read, from 1."""

    places: tuple[Place, ...]
    unread: tuple[int, ...]


def remember_place(settings: Settings, out: Path, campaign: str) -> None:
    """Write down that something of a campaign is going to be written to `out`, unless that lies in the home
    or is where its reports lie. Who may only read the home leaves no trace in it. Raises OSError."""
    home, place = settings.home, out.resolve()
    if place.is_relative_to(home.resolve()) or place == settings.reports.resolve():
        return
    try:
        _remember(home, place, campaign)
    except OSError as trouble:
        if trouble.errno not in _MAY_NOT_WRITE:
            raise


def _remember(home: Path, place: Path, campaign: str) -> None:
    machine, folder = platform.node(), str(place)

    def is_ours(each: Place | None) -> bool:
        return each is not None and (each.machine, each.folder) == (machine, folder)

    if any(is_ours(each) and campaign in each.campaigns for each in remembered(home).places):
        return
    try:
        with one_at_a_time(home / f".{ELSEWHERE}.lock", wait_s=WAIT_S):
            lines = _lines(home)
            read = [_read(line) for line in lines]
            known = {one for each in read if each is not None and is_ours(each) for one in each.campaigns}
            line = json.dumps(asdict(Place(machine, folder, tuple(sorted({*known, campaign})))))
            others = [line for line, each in zip(lines, read, strict=True) if not is_ours(each)]
            drop_unfinished(home, ELSEWHERE)
            with written_whole(home / ELSEWHERE) as file:
                file.write("".join(f"{each}\n" for each in (*others, line)).encode(errors="surrogateescape"))
    except Busy as busy:
        raise TimeoutError(f"{home / ELSEWHERE} is being written by {busy.holder}; try again") from None


def remembered(home: Path) -> Remembered:
    """All that is written down. Raises OSError."""
    read = [_read(line) for line in _lines(home)]
    return Remembered(
        tuple(each for each in read if each is not None),
        tuple(number for number, each in enumerate(read, start=1) if each is None),
    )


def _lines(home: Path) -> Sequence[str]:
    """As they are, whatever their letters; the empty ones at the end are none."""
    file = home / ELSEWHERE
    text = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
    return text.rstrip().split("\n") if text.strip() else []


def _read(line: str) -> Place | None:
    """None where it says no place."""
    try:
        said = json.loads(line)
        if not isinstance(said["campaigns"], list):
            return None
        place = Place(str(said["machine"]), str(said["folder"]), tuple(map(str, said["campaigns"])))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_whole = os.path.isabs(place.folder) and place.campaigns
    return place if is_whole and all(map(_CAMPAIGN.fullmatch, place.campaigns)) else None
