"""Compaction: the many small files of a day that is over become one, with the same rows.

An hourly collect leaves some dozens of files for each platform, endpoint and day. Of a day that is over, and
that is not the newest of its folder's endpoint, they are written into one hidden sibling, read back from disk
and compared row by row; it gets its name, and only then do the old ones go. Killed in between, some responses
lie in two files for a while: that changes no table, and the next run takes the old ones away after comparing
again. A damaged file is left where it is and named. The registry and exports land rarely, and stay as they
are.

Only files that are read already are put together (`warehouse.unread` knows by the footer what is in them),
so nothing is read twice.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse import sql
from warehouse.batches import committed
from warehouse.durable import hidden_sibling, removed, sync_folder, written_whole
from warehouse.landed import (
    COMPACTED,
    NotTheSame,
    WithoutTexts,
    is_compacted,
    stands_for,
    with_footer,
    without_texts,
)
from warehouse.landing import COLUMNS
from warehouse.opening import connect
from warehouse.progress import Progress, Step, nobody_watches
from warehouse.readable import has_landing_columns
from warehouse.sealed import DAMAGED, write_sealed
from warehouse.sightings import platforms
from warehouse.texts import EXPORT

# A compacted file holds about so much, counted before compression: it is held in memory twice to compare it.
LARGEST_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True)
class Compaction:
    """What a compaction did: files and bytes of the landing before and after (of days that it may touch),
    responses that were moved, the damaged files, which are left alone, and a line for whatever else stayed as
    it was."""

    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    responses: int = 0
    seconds: float = 0.0
    damaged: tuple[Path, ...] = ()
    refused: tuple[str, ...] = ()


def compact(
    landing: Path,
    readings: Path,
    *,
    before: date,
    dry_run: bool = False,
    progress: Progress = nobody_watches,
) -> Compaction:
    """Put the landed files of each platform, endpoint and UTC day before `before` together.

    Only for whoever holds the build lock of the lake's folder. With `dry_run` nothing is written, and what is
    said of bytes after is what is there before. Raises OSError, for instance on a full disk; no response is
    lost then.
    """
    started = time.monotonic()
    done: dict[str, set[str]] = {}
    for batch in committed(readings):
        for name in batch.landed:
            place, _, file = name.rpartition("/")
            done.setdefault(place, set()).add(file)
    damaged: list[Path] = []
    refused: list[str] = []
    folders = list(_folders(landing, before))
    files_before, bytes_before = _size(folders)
    responses = saved = 0
    for number, folder in enumerate(folders):
        progress(Step("days of landed files looked at", number, len(folders)))
        if not dry_run:
            _finish(folder, damaged)
        for chosen in _bins(_candidates(folder, done.get(str(folder.relative_to(landing)), set()), damaged)):
            moved = sum(pq.read_metadata(path).num_rows for path in chosen)
            if not dry_run:
                progress(f"{len(chosen)} files of {folder.relative_to(landing)} become one")
                try:
                    _put_together(folder, chosen, damaged)
                except NotTheSame as trouble:
                    # Of one folder; the others, and what is kept how long, do not wait for it.
                    refused.append(str(trouble))
                    continue
            saved += len(chosen) - 1
            responses += moved
    files_after, bytes_after = (files_before - saved, bytes_before) if dry_run else _size(folders)
    return Compaction(
        files_before,
        files_after,
        bytes_before,
        bytes_after,
        responses,
        time.monotonic() - started,
        tuple(damaged),
        tuple(refused),
    )


def _folders(landing: Path, before: date) -> Iterator[Path]:
    """The folders of days that are over; not the newest of an endpoint, whose files tell of its last run."""
    for platform in platforms():
        for endpoint in sorted(landing.glob(f"platform={platform}/endpoint=*")):
            if endpoint.name == f"endpoint={EXPORT}":
                continue
            days = sorted(endpoint.glob("date=*"))
            yield from (day for day in days[:-1] if day.name < f"date={before.isoformat()}")


def _files(folder: Path) -> list[Path]:
    """The landed files of a folder: what was put together before first, then by name."""
    found = [path for path in folder.glob("*.parquet") if path.name[0] != "."]
    return sorted(found, key=lambda path: (not is_compacted(path), path.name))


def _size(folders: Iterable[Path]) -> tuple[int, int]:
    sizes = [path.stat().st_size for folder in folders for path in _files(folder)]
    return len(sizes), sum(sizes)


def _finish(folder: Path, damaged: list[Path]) -> None:
    """Take away what a killed compaction left beside the file that stands for it, after comparing again."""
    for path in _files(folder):
        if not is_compacted(path):
            continue
        beside = {name for name in stands_for(path).names() if name != path.name}
        left = [folder / name for name in sorted(beside) if (folder / name).exists()]
        if not left:
            continue
        if _holds_all_rows(path, left):
            _remove(folder, left)
        else:
            damaged += [path, *left]


def _holds_all_rows(path: Path, left: Sequence[Path]) -> bool:
    """Whether each row of some files is in one, as often as in them together."""
    with connect() as con:
        try:
            missing = f"(from {sql.parquet(left)} except all from {sql.parquet([path])})"
            return sql.count(con, missing) == 0
        except duckdb.InterruptException:
            raise
        except duckdb.Error:
            return False


def _candidates(folder: Path, done: set[str], damaged: list[Path]) -> list[list[Path]]:
    """The readable files of a folder that may be put together, apart by what was taken out of them; only
    those that were read (`done`), unless none was."""
    found = []
    there = _files(folder)
    if len(there) < 2:
        return []
    for path in there:
        if path in damaged:
            continue
        if not has_landing_columns(path):
            damaged.append(path)
        elif not is_compacted(path) or _raw_bytes(path) < LARGEST_BYTES / 2:
            found.append(path)
    read = [path for path in found if stands_for(path).is_within(done)] if done else found
    apart: dict[str, list[Path]] = {}
    for path in read:
        taken = without_texts(path)
        apart.setdefault(taken.declared if taken else "", []).append(path)
    return list(apart.values())


def _bins(groups: Iterable[list[Path]]) -> Iterator[list[Path]]:
    """Runs of files, in order, that make one file; none of a single file."""
    for group in groups:
        chosen: list[Path] = []
        size = 0
        for path in group:
            raw = _raw_bytes(path)
            if chosen and size + raw > LARGEST_BYTES:
                if len(chosen) > 1:
                    yield chosen
                chosen, size = [], 0
            chosen.append(path)
            size += raw
        if len(chosen) > 1:
            yield chosen


def _raw_bytes(path: Path) -> int:
    footer = pq.read_metadata(path)
    return sum(int(footer.row_group(number).total_byte_size) for number in range(footer.num_row_groups))


def _put_together(folder: Path, chosen: Sequence[Path], damaged: list[Path]) -> None:
    """Write one file with the rows of some, in their order, and remove those when it is on disk and the
    same. Raises NotTheSame where it is not, or something has its name."""
    tables = []
    whole = []
    for path in chosen:
        try:
            tables.append(pq.ParquetFile(path).read().cast(COLUMNS))
        except DAMAGED:
            # Its footer is whole and its pages are not.
            damaged.append(path)
            continue
        whole.append(path)
    if len(whole) < 2:
        return
    together = pa.concat_tables(tables)
    digest = hashlib.sha256("\n".join(path.name for path in whole).encode()).hexdigest()[:16]
    final = folder / f"{COMPACTED}{digest}.parquet"
    if final.exists():
        raise NotTheSame(f"{final} is there already and holds other rows; move it away and run again")
    with written_whole(final) as file:
        marked = with_footer(together, map(stands_for, whole), _taken_together(whole))
        write_sealed(marked, file)
        read_back = pq.ParquetFile(hidden_sibling(final)).read()
        if not read_back.equals(together):
            raise NotTheSame(
                f"{final} did not come out as its parts are; nothing was removed, look at the disk"
            )
    _remove(folder, whole)


def _taken_together(files: Iterable[Path]) -> WithoutTexts | None:
    """What was taken out of files that lost their texts by the same declaration, or not at all."""
    found = [taken for path in files if (taken := without_texts(path))]
    if not found:
        return None
    return WithoutTexts(found[0].declared, tuple(sorted({name for taken in found for name in taken.kept})))


def _remove(folder: Path, files: Iterable[Path]) -> None:
    removed(files)
    sync_folder(folder)
