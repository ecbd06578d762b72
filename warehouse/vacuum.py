"""Vacuum: what nobody needs any more leaves the home and the lake.

Earlier builds beyond the number that is kept, hidden files that killed processes were writing, and records of
pace that no credential has used for a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from warehouse.durable import UNFINISHED, drop_unfinished
from warehouse.forgetting import FOLDER as FORGOTTEN
from warehouse.landing import drop_unfinished_files
from warehouse.versions import FOLDER as VERSIONS
from warehouse.versions import kept_versions, tidy

PACE = ".pace"
PACE_IS_OF_USE = timedelta(days=30)

# What a home remembers: hidden small files that are written whole, in it and in its hidden folders.
RECORDS = (".*", ".*/*")


@dataclass(frozen=True)
class Vacuum:
    """How many files were removed, of how many bytes."""

    files: int
    bytes: int


def drop_left_behind(home: Path, landing: Path) -> None:
    """Remove what killed processes were writing into the lake and into what the home remembers: there may be
    nobody who writes those files again. What others are writing now stays, so no lock is needed.

    What killed builds were making goes by `warehouse.versions.tidy`, which only the next build may do.
    """
    drop_unfinished_files(landing)
    drop_unfinished(landing.with_name(FORGOTTEN), "platform=*/*")
    for pattern in RECORDS:
        drop_unfinished(home, pattern)


def vacuum(
    home: Path, landing: Path, warehouse: Path, *, keep: int, clock: datetime, dry_run: bool = False
) -> Vacuum:
    """Remove it. With `dry_run` only count what is known to be too much without looking who writes.

    Only for whoever holds the build locks of the lake's and the warehouse's folders. Raises OSError.
    """
    old = [path for path in _files(home / PACE) if _age(path, clock) > PACE_IS_OF_USE]
    if dry_run:
        versions = [version.path for version in kept_versions(warehouse)]
        surplus = [*versions[: max(len(versions) - keep, 0)], *old]
        return Vacuum(len(surplus), sum(path.stat().st_size for path in surplus))
    before = _sizes(home, landing, warehouse)
    tidy(warehouse, keep)
    drop_left_behind(home, landing)
    for path in old:
        path.unlink(missing_ok=True)
    after = _sizes(home, landing, warehouse)
    gone = before.keys() - after.keys()
    return Vacuum(len(gone), sum(before[path] for path in gone))


def _sizes(home: Path, landing: Path, warehouse: Path) -> dict[Path, int]:
    """The files that a vacuum may remove, and their sizes; a version that is a link to another file counts
    nothing."""
    found = [path for folder in (warehouse.with_name(VERSIONS), home / PACE) for path in _files(folder)]
    found += [path for path in _files(home) if path.name.endswith(UNFINISHED)]
    found += [path for path in home.glob(f".*/.*{UNFINISHED}") if path.parent.name != PACE]
    found += list(landing.glob(f"platform=*/endpoint=*/date=*/.*{UNFINISHED}"))
    found += list(landing.with_name(FORGOTTEN).glob(f"platform=*/.*{UNFINISHED}"))
    return {path: 0 if path.stat().st_nlink > 1 else path.stat().st_size for path in found if path.exists()}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*")) if path.is_file())


def _age(path: Path, clock: datetime) -> timedelta:
    return timedelta(seconds=clock.timestamp() - path.stat().st_mtime)
