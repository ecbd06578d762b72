"""Versions: what was published before, kept for a number of builds, and the way back to it.

`versions/warehouse-000007.duckdb` beside the published file is the seventh that another took the place of;
the file's own time is when it was made. A version is a hard link, so keeping it copies nothing; it is a copy
where the file system has no links. `…-000008.rolled-back.duckdb` is what a rollback took away; it stays until
the next build has published.

Nothing is moved: a file gets a second name before it loses the first, and every name appears whole, by a
rename. So whoever is killed at any instant leaves the published file whole. What it may leave too, a hidden
part or a version that is still published, is cleared away by `tidy`, which a build and a rollback begin with.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

import duckdb

from warehouse.durable import hidden_sibling, publish_file
from warehouse.one_at_a_time import BUILD_LOCK, Busy, one_at_a_time
from warehouse.opening import holds_warehouse, open_to_read, read_to_the_end

FOLDER = "versions"


class RollbackRefused(Exception):
    """Nothing was rolled back; the message says why in one line. What is published stays as it was."""


@dataclass(frozen=True)
class Version:
    """A warehouse that was published before; `made_at` is when it was."""

    path: Path
    number: int

    @property
    def made_at(self) -> datetime:
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did: when the tables that are published now were made, on how many readings (None when
    another release counted them in another way), how many versions are left to go further back to, and where
    the file that it took away lies (None when there was none).
    """

    made_at: datetime
    readings: int | None
    left: int
    set_aside: Path | None


def kept_versions(warehouse: Path) -> list[Version]:
    """The versions that a rollback can go back to, oldest first."""
    return [each for each in _holdings(warehouse).versions if not _is_same_file(each.path, warehouse)]


def is_among_versions(file: Path, warehouse: Path) -> bool:
    """Whether a file lies, or would lie, in the folder of the versions."""
    return file.resolve().parent == _folder(warehouse.resolve())


def tidy(warehouse: Path, keep: int | None = None) -> None:
    """Drop what a killed build or rollback left behind, and with `keep` the oldest versions beyond so many.

    Only for whoever holds the lock of the warehouse's folder and has made nothing there yet.
    """
    for path in warehouse.parent.glob(f".{escape(warehouse.name)}.*.part*"):
        # The database has a folder for what does not fit into memory.
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for path in _holdings(warehouse).parts:
        path.unlink()
    _drop_versions(warehouse, keep)


def _drop_versions(warehouse: Path, keep: int | None) -> None:
    """Drop the oldest versions beyond `keep`, and those that are published still or again."""
    versions = _holdings(warehouse).versions
    current = [version for version in versions if _is_same_file(version.path, warehouse)]
    previous = [version for version in versions if version not in current]
    surplus = [] if keep is None else previous[: max(len(previous) - keep, 0)]
    for version in (*current, *surplus):
        version.path.unlink()


def keep_version(warehouse: Path, keep: int, *, was_read: bool = False) -> None:
    """Give the published file a second name among the versions, where it stays when another takes its place;
    there are never more than `keep`.

    What is no warehouse is not kept: nobody could go back to it. `was_read` says that it is one. Raises
    OSError, for instance on a full disk.
    """
    _drop_versions(warehouse, max(keep - 1, 0))
    if keep == 0 or not (was_read or holds_warehouse(warehouse)):
        return
    _folder(warehouse).mkdir(exist_ok=True)
    _name_too(warehouse, _numbered(warehouse, _next_number(warehouse)))


def drop_every_version(warehouse: Path) -> None:
    """Forget every earlier build, for what stands in them must not be kept.

    Only for whoever holds the lock of the warehouse's folder.
    """
    found = _holdings(warehouse)
    for path in (*(version.path for version in found.versions), *found.set_aside, *found.parts):
        path.unlink()


def drop_set_aside(warehouse: Path) -> None:
    """Forget what rollbacks took away."""
    for path in _holdings(warehouse).set_aside:
        path.unlink()


def roll_back(warehouse: Path) -> RolledBack:
    """Publish the version before the published one again, whole or not at all; the lake is not needed.

    Each further call goes one version further back. What was published until now is set aside.

    Raises RollbackRefused when no version is kept, the one before is damaged, a build is running, or the
    folder cannot be written.
    """
    if not kept_versions(warehouse):
        raise RollbackRefused(
            f"there is no earlier build to go back to in {_folder(warehouse)}; `campaign build` makes the "
            "tables from what has landed, and CAMPAIGN_KEEP_BUILDS says how many builds are kept"
        )
    try:
        with one_at_a_time(warehouse.parent / BUILD_LOCK):
            return _roll_back(warehouse)
    except Busy:
        raise RollbackRefused("a build is running; let it finish, then roll back") from None
    except OSError as error:
        raise RollbackRefused(
            f"the rollback stopped ({error}); make room in {warehouse.parent}, see that it may be written, "
            "and roll back again"
        ) from error


def _roll_back(warehouse: Path) -> RolledBack:
    tidy(warehouse)
    *earlier, last = kept_versions(warehouse)
    made_at, readings = last.made_at, _readings_in(last.path)
    set_aside = None
    if warehouse.exists():
        set_aside = _numbered(warehouse, _next_number(warehouse), ".rolled-back")
        _name_too(warehouse, set_aside)
    _name_too(last.path, warehouse)
    last.path.unlink()
    return RolledBack(made_at=made_at, readings=readings, left=len(earlier), set_aside=set_aside)


def _name_too(file: Path, name: Path) -> None:
    """Let a file appear under a second name, at once and whole; what had the name before loses it."""
    hidden = hidden_sibling(name)
    hidden.unlink(missing_ok=True)
    try:
        try:
            hidden.hardlink_to(file.resolve())
        except OSError:
            # Not every file system has links, and none reaches into another. The file's time goes along.
            shutil.copy2(file, hidden)
        publish_file(hidden, name)
    finally:
        # Also there after a rename onto a link to the same file, which does nothing.
        hidden.unlink(missing_ok=True)


def _readings_in(version: Path) -> int | None:
    """How many readings a version rests on. Raises RollbackRefused when it is damaged."""
    try:
        with open_to_read(version) as con:
            try:
                row = con.execute("select sum(polls)::bigint from summaries.counter_days").fetchone()
            except (duckdb.CatalogException, duckdb.BinderException):
                return None
            read_to_the_end(con)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise RollbackRefused(
            f"{version} is damaged ({str(error).splitlines()[0]}); delete it and roll back again, to the one "
            "before it"
        ) from error
    return (row[0] if row else None) or 0


def _is_same_file(version: Path, warehouse: Path) -> bool:
    """Whether a version is what is published, by a link, or by a copy, which has the length and the time."""
    try:
        one, other = version.stat(), warehouse.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(one, other) or (one.st_size, one.st_mtime_ns) == (
        other.st_size,
        other.st_mtime_ns,
    )


def _next_number(warehouse: Path) -> int:
    return max((version.number for version in _holdings(warehouse).versions), default=0) + 1


def _numbered(warehouse: Path, number: int, mark: str = "") -> Path:
    return _folder(warehouse) / f"{warehouse.stem}-{number:06d}{mark}{warehouse.suffix}"


@dataclass(frozen=True)
class _Holdings:
    """What the folder of versions has of one warehouse: the versions, oldest first, what rollbacks took away,
    and the hidden parts that a killed process left."""

    versions: tuple[Version, ...]
    set_aside: tuple[Path, ...]
    parts: tuple[Path, ...]


def _holdings(warehouse: Path) -> _Holdings:
    stem, suffix = re.escape(warehouse.stem), re.escape(warehouse.suffix)
    named = re.compile(rf"{stem}-(\d{{6,}})(\.rolled-back)?{suffix}")
    versions, set_aside, parts = [], [], []
    for path in sorted(_folder(warehouse).glob("*")):
        match = named.fullmatch(path.name)
        if match and match[2]:
            set_aside.append(path)
        elif match:
            versions.append(Version(path, int(match[1])))
        elif path.name.startswith(f".{warehouse.stem}-") and path.suffix == ".part":
            parts.append(path)
    versions.sort(key=lambda version: version.number)
    return _Holdings(tuple(versions), tuple(set_aside), tuple(parts))


def _folder(warehouse: Path) -> Path:
    return warehouse.with_name(FOLDER)
