"""Making one batch of readings: a job that any process can do, here or on another machine.

A job names landed files and the readings they are held against by their places in the two folders of the
lake, which stand beside them: a worker with a copy of the lake puts its own folders in
(`dataclasses.replace(job, landing=…, readings=…)`). What it made is told by places too.

Each making works in a hidden folder of its own and names its files by what is in them; the batch counts
from the moment at which its `batches/BATCH.json` is there. So the same job done twice, also at the same time,
makes the same batch, and one that is killed leaves nothing that counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import duckdb

from warehouse import sql
from warehouse.batches import MAKING, Batch
from warehouse.durable import publish_file, sync_folder, written_whole
from warehouse.export_names import shown
from warehouse.one_at_a_time import BUILD_LOCK, last_taking
from warehouse.opening import connect
from warehouse.readable import has_landing_columns, whole
from warehouse.refusals import BuildRefused
from warehouse.sightings import (
    SIGHTING,
    WITHOUT_WHAT_IS_NOT_SAID,
    fingerprint,
    read_exports,
    show_landed,
    told_by_answers,
)

# A batch holds at most so much that landed, and of one month: there are jobs for several workers, and memory
# stays flat however much is rebuilt.
FILES_PER_BATCH = 1000
BYTES_PER_BATCH = 8 * 1024 * 1024

# What the database may hold in memory for one batch; the rest lies in the job's folder.
MEMORY_MB = 256

# Jobs side by side in one process, where there are so many cores: each takes its memory.
SIDE_BY_SIDE = 4

Job = TypeVar("Job")
Result = TypeVar("Result")


class Over(Protocol):
    """Does jobs with a function, here or elsewhere; the results in any order."""

    def __call__(
        self, function: Callable[[BatchJob], MadeBatch], jobs: Sequence[BatchJob], /
    ) -> Iterable[MadeBatch]:
        """Yield the result of each job, or raise what the function raised."""
        ...


def here(function: Callable[[Job], Result], jobs: Sequence[Job], /) -> Iterable[Result]:
    """Do the jobs in this process, side by side on its cores: most of what a job does takes one."""
    at_once = min(len(jobs), os.cpu_count() or 1, SIDE_BY_SIDE)
    if at_once < 2:
        yield from map(function, jobs)
        return
    with ThreadPoolExecutor(at_once, thread_name_prefix="job") as threads:
        given = [threads.submit(function, job) for job in jobs]
        try:
            for each in given:
                yield each.result()
        finally:
            threads.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class BatchJob:
    """A batch to make: landed files of one platform, either answers of its API or exports.

    Exports are held against the readings of the platform's answers, `shown_by`. `sql` is the fingerprint of
    the SQL that is to read them.
    """

    landing: Path
    readings: Path
    platform: str
    # By their places in `landing`.
    landed: tuple[str, ...]
    # By their places in `readings`.
    shown_by: tuple[str, ...]
    is_of_exports: bool
    sql: str
    # The taking of the build lock under which it is handed out; a job that outlives that makes nothing.
    taking: str = ""
    # How many cores the database may use; None for all that there are.
    threads: int | None = None


@dataclass(frozen=True)
class MadeBatch:
    """What a job made: the committed batch, None where no file could be read; responses read, those of them
    with status 200 that are no JSON, and sightings written; landed files that cannot be read, by place."""

    landed: tuple[str, ...]
    batch: Batch | None
    responses: int = 0
    not_json: int = 0
    sightings: int = 0
    unreadable: tuple[str, ...] = ()


class Outlived(BuildRefused):
    """Somebody has taken the build lock since the job was handed out, and may have changed what landed."""


class OtherRelease(RuntimeError):
    """A worker's release reads answers by other SQL than the one that wants them read."""


def split(
    landing: Path, readings: Path, platform: str, fresh: Iterable[Path], shown_by: Sequence[str] | None = None
) -> list[BatchJob]:
    """The jobs that read some landed files of a platform: answers or, where the readings files of its answers
    are given, exports. Jobs of which there are several take one core each."""
    chunks = list(_chunks(fresh))
    taking = last_taking(readings.with_name(BUILD_LOCK)) if chunks else ""
    return [
        BatchJob(
            landing,
            readings,
            platform,
            tuple(str(path.relative_to(landing)) for path in chunk),
            tuple(shown_by or ()),
            shown_by is not None,
            fingerprint(),
            taking,
            threads=None if len(chunks) == 1 else 1,
        )
        for chunk in chunks
    ]


def _chunks(paths: Iterable[Path]) -> Iterator[list[Path]]:
    chunk: list[Path] = []
    size = 0
    # One endpoint's days after another's, so that months are few in each platform.
    for path in sorted(paths, key=lambda path: (_month(str(path)), path)):
        is_of_another = chunk and _month(str(path)) != _month(str(chunk[0]))
        if is_of_another or len(chunk) >= FILES_PER_BATCH or size >= BYTES_PER_BATCH:
            yield chunk
            chunk, size = [], 0
        chunk.append(path)
        size += path.stat().st_size
    if chunk:
        yield chunk


def make_batch(job: BatchJob) -> MadeBatch:
    """Read the landed files of a job and commit what they say as a batch. Files that are damaged are left out
    and named.

    Raises BuildRefused when a file is not there, Outlived, OtherRelease, duckdb.Error where readings that
    exports are held against are damaged, and OSError, as on a full disk.
    """
    if job.sql != fingerprint():
        raise OtherRelease(
            "a worker has another release of the pipeline than the build; install the same everywhere"
        )
    for name in job.landed:
        if not (job.landing / name).exists():
            raise BuildRefused(
                f"the build stopped ({name} has landed and is not there any more, or not on a worker); what "
                "was published stays as it was; see that every worker has the same lake, and build again"
            )
    readable = [name for name in job.landed if has_landing_columns(job.landing / name)]
    try:
        made = _made_within(job, readable)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        # A footer can be whole and the pages behind it not: find the culprits, read the rest.
        readable = [name for name in readable if whole([job.landing / name])]
        made = _made_within(job, readable)
    unreadable = tuple(sorted(set(job.landed).difference(readable)))
    return MadeBatch(job.landed, made.batch, made.responses, made.not_json, made.sightings, unreadable)


def _made_within(job: BatchJob, readable: Sequence[str]) -> MadeBatch:
    """Make the batch within the memory meant for it; of answers that are larger, with what there is."""
    if not readable:
        return MadeBatch(job.landed, None)
    try:
        return _make(job, readable, memory_mb=MEMORY_MB)
    except duckdb.OutOfMemoryException:
        return _make(job, readable, memory_mb=None)


def _make(job: BatchJob, readable: Sequence[str], memory_mb: int | None) -> MadeBatch:
    landed = sorted(readable)
    (job.readings / MAKING).mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=job.readings / MAKING))
    try:
        with connect() as con:
            con.execute("set TimeZone = 'UTC'")
            # In a worker process DuckDB takes itself for a shell, and draws on standard output.
            con.execute("set enable_progress_bar = false")
            if job.threads is not None:
                con.execute(f"set threads = {job.threads}")
            con.execute(f"set temp_directory = {sql.literal(str(making / 'spilled'))}")
            if memory_mb is not None:
                con.execute(f"set memory_limit = '{memory_mb}MB'")
            show_landed(con, [job.landing / name for name in landed])
            responses = sql.count(con, "landed")
            if job.is_of_exports:
                con.execute(f"create table sightings ({SIGHTING})")
                names = read_exports(con, job.platform, shown([job.readings / name for name in job.shown_by]))
                con.execute(
                    f"""
                    copy (
                        select {WITHOUT_WHAT_IS_NOT_SAID}, strftime(observed_at, '%Y-%m') as month
                        from sightings
                    )
                    to {sql.literal(str(making))}
                    (format parquet, compression zstd, partition_by (month), overwrite_or_ignore)
                    """
                )
                sightings = sql.count(con, "sightings")
                not_json = sql.count(con, "(from landed where status = 200 and not json_valid(body))")
            else:
                names = []
                sightings, not_json = _write_answers(con, job.platform, making / _month(landed[0]))
        parts = sorted(making.glob("month=*/*.parquet"))
        if sightings and not parts:
            raise FileNotFoundError(f"{making} was tidied away by another build")
        batch = _commit(job, landed, names, parts)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return MadeBatch(job.landed, batch, responses, not_json, sightings)


def _month(landed: str) -> str:
    """The partition of the readings of answers that landed there: answers of a UTC day lie together."""
    return re.sub(r"^.*/date=(\d{4}-\d{2})-\d{2}/[^/]*$", r"month=\1", landed)


def _write_answers(con: duckdb.DuckDBPyConnection, platform: str, folder: Path) -> tuple[int, int]:
    """Write what the answers say; how many sightings, and how many answers with status 200 are no JSON."""
    folder.mkdir()
    made = folder / "made.parquet"
    # A variable, so that the text is the same for every batch: parsing it takes as long as reading an answer.
    con.execute(f"set variable made = {sql.literal(str(made))}")
    con.execute(f"create table sightings ({SIGHTING})")
    answers = told_by_answers(con, platform)
    row = sql.run(
        con,
        f"""
        copy (select {WITHOUT_WHAT_IS_NOT_SAID} from ({answers}))
        to (getvariable('made')) (format parquet, compression zstd)
        """,
    ).fetchone()
    assert row is not None
    sightings = int(row[0])
    # Whatever told something is JSON: only the others are looked at again.
    sql.run(
        con,
        """
        create table silent as
        select response_id
        from landed
        anti join (select distinct response_id from read_parquet(getvariable('made'))) using (response_id)
        where status = 200
        """,
    )
    if sightings == 0:
        made.unlink()
    if sql.count(con, "silent") == 0:
        return sightings, 0
    not_json = (
        "(from landed semi join silent using (response_id) where status = 200 and not json_valid(body))"
    )
    return sightings, sql.count(con, not_json)


def _commit(job: BatchJob, landed: Sequence[str], names: Sequence[str], parts: Sequence[Path]) -> Batch:
    """Give the files that were made their names, then the batch its own."""
    _refuse_outlived(job)
    # Under other names the same exports are another batch, and so are files that lost their texts.
    read = [f"{place} {(job.landing / place).stat().st_size}" for place in landed]
    name = hashlib.sha256("\n".join([*read, *names]).encode()).hexdigest()[:16]
    sizes = {}
    for part in parts:
        content = part.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:16]
        place = f"platform={job.platform}/{part.parent.name}/{name}-{digest}.parquet"
        final = job.readings / place
        final.parent.mkdir(parents=True, exist_ok=True)
        publish_file(part, final)
        sizes[place] = len(content)
    commit = job.readings / "batches" / f"{name}.json"
    commit.parent.mkdir(exist_ok=True)
    _refuse_outlived(job)
    with written_whole(commit) as file:
        file.write(json.dumps({"landed": landed, "sizes": sizes}).encode("utf-8"))
    sync_folder(job.readings)
    return Batch(name, tuple(landed), sizes)


def _refuse_outlived(job: BatchJob) -> None:
    """What landed is changed, as for a post that is to be forgotten, only under the build lock."""
    if last_taking(job.readings.with_name(BUILD_LOCK)) != job.taking:
        raise Outlived(
            "another build, or somebody who changes the lake, has begun since this one handed out its work; "
            "build again"
        )
