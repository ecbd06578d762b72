"""One batch of readings is a job that any process can do, once or twice, with a copy of the lake."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from tests.warehouse.lake import Lake, campaign, x_post
from warehouse import batch_jobs
from warehouse.batch_jobs import (
    BYTES_PER_BATCH,
    BatchJob,
    Job,
    OtherRelease,
    Outlived,
    Result,
    here,
    make_batch,
    split,
)
from warehouse.batches import MAKING, committed, drop_uncommitted
from warehouse.build import BuildRefused
from warehouse.landed_files import landed_files
from warehouse.one_at_a_time import BUILD_LOCK, one_at_a_time
from warehouse.opening import connect
from warehouse.sightings import show_landed, tell_alike

NOON = datetime(2019, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Answers of the last two days of November and the first of December, of which one is no JSON."""
    lake = Lake(tmp_path)
    lake.register(campaign())
    for day in range(3):
        lake.answer(NOON + timedelta(days=day - 1), {"data": [x_post("1", impression_count=100 * day)]})
    lake.answer(NOON, "no JSON")
    return lake


def jobs_of(lake: Lake) -> list[BatchJob]:
    return split(lake.landing, lake.readings, "x", landed_files(lake.landing, "x"))


def files_of(readings: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(readings)): path.read_bytes() for path in readings.rglob("*") if path.is_file()
    }


def test_a_job_done_twice_at_the_same_time_makes_the_batch_once(lake: Lake) -> None:
    jobs = jobs_of(lake)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        made = list(workers.map(make_batch, [*jobs, *jobs]))
    assert made[: len(jobs)] == made[len(jobs) :]
    there = committed(lake.readings)
    assert sorted(one.batch.name for one in made[: len(jobs)] if one.batch) == [each.name for each in there]
    files = {str(path.relative_to(lake.readings)) for path in lake.readings.glob("platform=*/*/*")}
    assert files == {name for batch in there for name in batch.files}
    assert list((lake.readings / MAKING).iterdir()) == []


def test_a_worker_with_a_copy_of_the_lake_makes_the_same_batch(lake: Lake, tmp_path: Path) -> None:
    landing, readings = tmp_path / "elsewhere" / "landing", tmp_path / "elsewhere" / "readings"
    shutil.copytree(lake.landing, landing)
    for job in jobs_of(lake):
        there = replace(pickle.loads(pickle.dumps(job)), landing=landing, readings=readings)
        assert make_batch(there) == make_batch(job)
    assert files_of(readings) == files_of(lake.readings)


def test_a_batch_is_of_one_month_and_tells_what_is_no_json(lake: Lake) -> None:
    made = [make_batch(job) for job in jobs_of(lake)]
    months = [{Path(name).parts[1] for name in one.batch.files} for one in made if one.batch]
    assert months == [{"month=2019-11"}, {"month=2019-12"}]
    assert [(one.responses, one.sightings, one.not_json) for one in made] == [(3, 2, 1), (1, 1, 0)]


def test_a_worker_of_another_release_refuses_in_words(lake: Lake) -> None:
    (job, *_) = jobs_of(lake)
    with pytest.raises(OtherRelease, match="install the same everywhere"):
        make_batch(replace(job, sql="of another release"))
    assert committed(lake.readings) == []


def test_jobs_side_by_side_make_what_jobs_one_after_the_other_make(lake: Lake) -> None:
    jobs = jobs_of(lake)
    assert len(jobs) > 1
    assert list(here(make_batch, jobs)) == [make_batch(job) for job in jobs]


def test_what_a_job_raises_comes_out_and_the_jobs_that_wait_are_not_begun(lake: Lake) -> None:
    begun = []

    def refusing(number: int) -> int:
        begun.append(number)
        raise OtherRelease(f"job {number}")

    with pytest.raises(OtherRelease, match="job 0"):
        list(here(refusing, range(10_000)))
    assert len(begun) < 10_000


def test_answers_too_large_for_the_memory_meant_for_a_batch_are_read_all_the_same(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [make_batch(job) for job in jobs_of(lake)]
    monkeypatch.setattr(batch_jobs, "MEMORY_MB", 1)
    assert [make_batch(job) for job in jobs_of(lake)] == expected


def test_a_build_counts_what_was_made_elsewhere_and_makes_what_was_lost(lake: Lake) -> None:
    lake.build()
    expected = lake.tables()

    def backwards_and_only_half(
        function: Callable[[Job], Result], jobs: Sequence[Job], /
    ) -> Iterable[Result]:
        return [function(job) for job in reversed(jobs[::2])]

    lake.build(full=True, over=backwards_and_only_half)
    assert lake.tables() == expected


def test_a_landed_file_that_is_not_there_is_not_called_damaged_and_yesterdays_tables_stay(lake: Lake) -> None:
    lake.build()
    before = lake.warehouse.read_bytes()
    lake.answer(NOON + timedelta(days=5), {"data": [x_post("1", impression_count=900)]})

    def without_the_last(function: Callable[[Job], Result], jobs: Sequence[Job], /) -> Iterable[Result]:
        landed_files(lake.landing, "x")[-1].unlink()
        return here(function, jobs)

    with pytest.raises(BuildRefused, match=r"has landed and is not there any more.*build again"):
        lake.build(over=without_the_last)
    assert lake.warehouse.read_bytes() == before


def test_a_job_that_outlives_its_build_makes_nothing(lake: Lake) -> None:
    with one_at_a_time(lake.root / BUILD_LOCK):
        job, other = jobs_of(lake)
        make_batch(job)
    # The lock is free, and nobody had it meanwhile.
    make_batch(job)
    before = files_of(lake.readings)
    with one_at_a_time(lake.root / BUILD_LOCK), pytest.raises(Outlived, match="build again"):
        make_batch(other)
    with pytest.raises(Outlived, match="build again"):
        make_batch(other)
    assert files_of(lake.readings) == before


def test_a_making_that_is_tidied_away_commits_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    job, _ = jobs_of(lake)
    made = make_batch(job)
    before = files_of(lake.readings)
    write_answers = batch_jobs._write_answers

    def tidied_away(*given: Any) -> tuple[int, int]:
        told = write_answers(*given)
        drop_uncommitted(lake.readings)
        return told

    monkeypatch.setattr(batch_jobs, "_write_answers", tidied_away)
    with pytest.raises(FileNotFoundError, match="was tidied away by another build"):
        make_batch(job)
    assert files_of(lake.readings) == before
    assert committed(lake.readings) == [made.batch]


def test_of_two_batches_that_have_read_the_same_file_none_counts(lake: Lake) -> None:
    job, other = jobs_of(lake)
    for each in (job, other, replace(job, landed=job.landed[:1])):
        make_batch(each)
    kept = drop_uncommitted(lake.readings)
    assert [batch.landed for batch in kept] == [other.landed]
    assert committed(lake.readings) == kept


@pytest.mark.parametrize(("times", "kind"), [(1, "BASE TABLE"), (2, "VIEW")], ids=["a batch", "a landing"])
def test_small_files_are_read_once_but_a_landing_of_them_is_not_held_in_memory(
    tmp_path: Path, times: int, kind: str
) -> None:
    lake = Lake(tmp_path)
    lake.answer(NOON, Random(1).randbytes(20_000).hex())
    (file,) = landed_files(lake.landing, "x")
    files = [file] * (times * BYTES_PER_BATCH // file.stat().st_size)
    with connect() as con:
        show_landed(con, files)
        assert con.execute("select table_type from information_schema.tables").fetchall() == [(kind,)]


def test_a_landed_file_that_went_away_is_an_error_of_reading(tmp_path: Path) -> None:
    with connect() as con, pytest.raises(duckdb.IOException, match=r"gone\.parquet"):
        show_landed(con, [tmp_path / "gone.parquet"])
    with pytest.raises(duckdb.IOException, match=r"gone\.parquet"):
        tell_alike("x", [tmp_path / "gone.parquet"], [])
