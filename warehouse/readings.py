"""Readings: bringing them up to date with what landed.

What landed and no batch was made from is split into jobs (`warehouse.batch_jobs`), which are done here or
wherever the caller sends them. A compacted file is read when those that it stands for are. Exports come after
the answers: a post that they name otherwise than the platform's API gets the API's name once an answer has
shown both, and then their batch is made again. As known at a moment, it has the name that the answers until
then gave it (`warehouse.export_names`). Deleting the folder loses nothing.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from warehouse.batch_jobs import BatchJob, MadeBatch, Over, here, make_batch, split
from warehouse.batches import MAKING, Batch, drop, drop_damaged, drop_uncommitted
from warehouse.durable import removed, removed_below, write_whole
from warehouse.export_names import are_renamed, shown
from warehouse.landed_files import landed_files
from warehouse.opening import connect
from warehouse.progress import Progress, Step
from warehouse.sightings import SIGHTING, fingerprint, is_export, platforms
from warehouse.unread import not_read_yet


@dataclass(frozen=True)
class Digest:
    """What bringing the readings up to date did: responses read, those of them with status 200 that are no
    JSON, sightings written, landed files that cannot be read (they are left alone and named); and every batch
    that is there now.
    """

    responses: int
    not_json: int
    sightings: int
    unreadable: tuple[Path, ...]
    batches: tuple[Batch, ...] = field(default=())

    @property
    def files(self) -> frozenset[str]:
        """The readings files of every batch, relative to their folder."""
        return frozenset(name for batch in self.batches for name in batch.files)

    def then(self, later: Digest) -> Digest:
        """This and what was read after it: what is there now is what is there then."""
        return replace(
            later,
            responses=self.responses + later.responses,
            not_json=self.not_json + later.not_json,
            sightings=self.sightings + later.sightings,
        )


def update(landing: Path, root: Path, *, full: bool, progress: Progress, over: Over = here) -> Digest:
    """Read what landed and has not been read yet; with `full`, or after a change of the SQL, everything.

    `over` does the jobs. Must not run twice at a time on one folder: `warehouse.build` holds the lock.
    """
    try:
        return _update(landing, root, progress, over, full=full)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        # What exports are held against are the readings made before.
        if not drop_damaged(root):
            raise
        return _update(landing, root, progress, over, full=False)


def _update(landing: Path, root: Path, progress: Progress, over: Over, *, full: bool) -> Digest:
    stamp = root / "fingerprint"
    if full or not stamp.exists() or stamp.read_bytes() != fingerprint().encode():
        # First, so that whatever of the rest is left, when this is killed or refused, does not count.
        removed([stamp])
        removed_below(root)
        write_whole(stamp, fingerprint())
    batches = drop_uncommitted(root)
    landed = {platform: landed_files(landing, platform) for platform in platforms()}
    answers: list[BatchJob] = []
    waiting: dict[str, set[Path]] = {}
    for platform, paths in landed.items():
        fresh, batches = not_read_yet(landing, root, paths, batches)
        waiting[platform] = {path for path in fresh if is_export(str(path.relative_to(landing)))}
        answers += split(landing, root, platform, [path for path in fresh if path not in waiting[platform]])
    made = _done(answers, over, progress)
    for batch in _renamed(root, batches, _committed(made)):
        drop(root, batch)
        batches.remove(batch)
        waiting[batch.platform] |= {landing / name for name in batch.landed}
    batches += _committed(made)
    files: dict[str, list[str]] = defaultdict(list)
    for batch in batches:
        if not batch.is_of_exports:
            files[batch.platform] += batch.files
    exports: list[BatchJob] = []
    for platform, again in waiting.items():
        exports += split(landing, root, platform, sorted(again), files[platform])
    of_exports = _done(exports, over, progress)
    batches += _committed(of_exports)
    made += of_exports
    shutil.rmtree(root / MAKING, ignore_errors=True)
    return Digest(
        sum(one.responses for one in made),
        sum(one.not_json for one in made),
        sum(one.sightings for one in made),
        tuple(sorted(landing / name for one in made for name in one.unreadable)),
        tuple(sorted(batches, key=_name)),
    )


def _name(batch: Batch) -> str:
    return batch.name


def _committed(made: Iterable[MadeBatch]) -> list[Batch]:
    return [one.batch for one in made if one.batch is not None]


def _done(jobs: Sequence[BatchJob], over: Over, progress: Progress) -> list[MadeBatch]:
    """What the jobs made. A job of which nothing is heard is done here: no answer may be left out."""
    files: Counter[str] = Counter()
    for job in jobs:
        files[job.platform] += len(job.landed)
    for platform, count in files.items():
        progress(f"reading {count} files of {platform}")
    made: list[MadeBatch] = []
    for one in over(make_batch, jobs) if jobs else ():
        made.append(one)
        read = sum(len(each.landed) for each in made)
        progress(Step("reading landed files", read, files.total()))
    heard = {one.landed for one in made}
    return [*made, *(make_batch(job) for job in jobs if job.landed not in heard)]


def _renamed(root: Path, before: Sequence[Batch], fresh: Sequence[Batch]) -> list[Batch]:
    """The batches of exports that fresh answers give other names to: what an export calls by its address has
    been shown with the API's name."""
    renamed = []
    for platform in sorted({batch.platform for batch in fresh if batch.files}):
        ours = [batch for batch in before if batch.platform == platform]
        exports = [batch for batch in ours if batch.is_of_exports and batch.files]
        if not exports:
            continue
        new = _files(root, (batch for batch in fresh if batch.platform == platform))
        old = _files(root, (batch for batch in ours if not batch.is_of_exports))
        with connect() as con:
            con.execute(f"create table sightings ({SIGHTING})")
            con.execute(f"create table fresh as {shown(new)}")
            candidates = [batch for batch in exports if are_renamed(con, _files(root, [batch]), "fresh")]
            if not candidates:
                continue
            # An older answer may have shown one of the names already, and the first name decides.
            con.execute(f"create table shown as {shown([*old, *new])}")
            renamed += [batch for batch in candidates if are_renamed(con, _files(root, [batch]), "shown")]
    return renamed


def _files(root: Path, batches: Iterable[Batch]) -> list[Path]:
    return [root / name for batch in batches for name in batch.files]
