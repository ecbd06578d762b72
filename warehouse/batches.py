"""Committed batches of readings: which landed files each was made from, and the files it wrote.

`readings/platform=P/month=YYYY-MM/BATCH-CONTENT.parquet` hold sightings; `readings/batches/BATCH.json` names
the landed files that a batch was made from and the files it wrote. It is written last, so files that no batch
names do not count. Deleting the folder loses nothing.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse import sql
from warehouse.durable import removed
from warehouse.opening import connect
from warehouse.readable import whole
from warehouse.sightings import is_export

# Where batches are being made, each in a folder of its own.
MAKING = ".making"


@dataclass(frozen=True)
class Batch:
    """A committed batch: the landed files it was made from (answers of an API, or exports) and the readings
    files it wrote, with their sizes in bytes."""

    name: str
    landed: tuple[str, ...]
    sizes: Mapping[str, int]

    @property
    def is_of_exports(self) -> bool:
        """Whether it was made from exports."""
        return any(is_export(name) for name in self.landed)

    @property
    def platform(self) -> str:
        """The platform whose answers it was made from; empty where there were none."""
        return next((Path(name).parts[0].removeprefix("platform=") for name in self.landed), "")

    @property
    def files(self) -> tuple[str, ...]:
        """The readings files, relative to their folder."""
        return tuple(self.sizes)

    def is_whole(self, root: Path) -> bool:
        """Whether every file is there, as long as it was written."""
        return all(
            (root / name).exists() and (root / name).stat().st_size == size
            for name, size in self.sizes.items()
        )


def committed(root: Path) -> list[Batch]:
    """The batches of a readings folder, by name."""
    batches = []
    for path in sorted((root / "batches").glob("*.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            batches.append(Batch(path.stem, tuple(found["landed"]), dict(found["sizes"])))
        except (ValueError, TypeError, KeyError):
            # Damaged by somebody else: what it named counts as not read yet, and is read again.
            continue
    return batches


def drop_uncommitted(root: Path) -> list[Batch]:
    """Remove what a killed build left behind, and batches that somebody has damaged or that
    have read the same: they are made again. The batches that stay."""
    there = committed(root)
    read = Counter(name for batch in there for name in batch.landed)
    # Of two that have read the same file none is believed: each answer counts once.
    batches = [
        batch for batch in there if batch.is_whole(root) and all(read[name] == 1 for name in batch.landed)
    ]
    stays = {batch.name for batch in batches}
    removed(root / "batches" / f"{batch.name}.json" for batch in there if batch.name not in stays)
    known = {root / name for batch in batches for name in batch.files}
    removed(path for path in root.glob("platform=*/month=*/*") if path not in known)
    for path in (root / "batches").glob(".*.part"):
        path.unlink()
    shutil.rmtree(root / MAKING, ignore_errors=True)
    return batches


def drop_damaged(root: Path) -> bool:
    """Take back the batches with a file that cannot be read to its end; whether there were any."""
    damaged = []
    for batch in committed(root):
        files = [root / name for name in batch.files]
        if whole(files) != files:
            damaged.append(batch)
    for batch in damaged:
        drop(root, batch)
    return bool(damaged)


def drop(root: Path, batch: Batch) -> None:
    """Take a batch back; its landed files count as not read."""
    removed([root / "batches" / f"{batch.name}.json"])
    removed(root / name for name in batch.files)


def texts_of(root: Path, platform: str, names: Sequence[str]) -> set[str]:
    """Every text that the readings have of the objects of some names."""
    files = [
        root / file
        for batch in committed(root)
        if batch.platform == platform and batch.is_whole(root)
        for file in batch.files
    ]
    if not files:
        return set()
    with connect() as con:
        rows = con.execute(
            f"select distinct text from {sql.parquet(files)} "
            "where text <> '' and list_contains(?, object_id)",
            [list(names)],
        ).fetchall()
    return {str(row[0]) for row in rows}
