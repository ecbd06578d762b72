"""What the machine tells of itself: its time zone, and whether git would take up a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from flows.registry.zones import time_zones

# Where nothing is known, or only that the machine keeps the time of no place, as servers do.
USUAL_ZONE = "Europe/London"
_ZONE_FILES = "/zoneinfo/"
_LINK = Path("/etc/localtime")
_NAME = Path("/etc/timezone")
_GIT_TAKES = 1


def local_zone(link: Path = _LINK, name: Path = _NAME) -> str:
    """The time zone of this machine by its name, where it has the one of a place (`TZ`, then the files that
    systemd and Debian keep); else Europe/London."""
    told = [os.environ.get("TZ", "").removeprefix(":")]
    try:
        told.append(os.path.realpath(link).partition(_ZONE_FILES)[2])
        told.append(name.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        pass
    known = time_zones()
    return next((zone for zone in told if zone in known and _is_a_place(zone)), USUAL_ZONE)


def taken_up_by_git(paths: Sequence[Path]) -> list[Path]:
    """Those that lie in a git repository and are not ignored there: a commit of everything would hold
    them."""
    found: list[Path] = []
    git = shutil.which("git")
    if git is None:
        return found
    for path in paths:
        folder = next((each for each in path.absolute().parents if each.is_dir()), None)
        asked = subprocess.run(  # noqa: S603
            # A pattern that ends in / holds for folders, and this one may not be there yet.
            [git, "check-ignore", "--quiet", "--", f"{path.absolute()}{'' if path.is_file() else '/'}"],
            cwd=folder,
            check=False,
            capture_output=True,
        )
        if asked.returncode == _GIT_TAKES:
            found.append(path)
    return found


def _is_a_place(zone: str) -> bool:
    area, _, place = zone.partition("/")
    return bool(place) and area != "Etc"
