"""Batches of a build on workers. Who builds hands them out, merges what they made and publishes it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from flows.settings import Settings
from flows.workers.cluster import (
    Hiring,
    as_they_come,
    handing_out,
    needs,
    plain_hands,
    refuse_deaf,
    scheduler_of,
)
from flows.workers.terms import Terms, refuse_unfit, terms_of
from warehouse.batch_jobs import BatchJob, MadeBatch, Over, here
from warehouse.mirrored import fetch

# Landed bytes from which on starting processes of our own is less work than what they take over.
WORTH_STARTING = 32 * 1024 * 1024
# How long batches that go on have to end once a build breaks off.
WIND_UP_S = 20.0


@dataclass(frozen=True)
class Handed:
    """A job for a worker, which puts its own folders in."""

    terms: Terms
    function: Callable[[BatchJob], MadeBatch]
    job: BatchJob = field(repr=False)

    def done(self) -> MadeBatch:
        """Do the job on this worker. Raises UnfitWorker when its lake is another, and what the function
        raises."""
        settings = self.terms.checked()
        fetch(
            settings.landing.parent,
            [
                *(f"landing/{name}" for name in self.job.landed),
                *(f"readings/{name}" for name in self.job.shown_by),
            ],
        )
        # One task of Dask's is one thread.
        return self.function(
            replace(self.job, landing=settings.landing, readings=settings.readings, threads=1)
        )


def over_workers(settings: Settings, hiring: Hiring = plain_hands) -> Over:
    """How a build does its jobs: on the workers that the settings name, here where they name none, or where
    processes would be started for less than it costs to start them.

    Raises NoCluster when Dask is not installed or nothing listens at the address; a build that uses it may
    raise that, and UnfitWorker.
    """
    if settings.workers is None:
        return here
    needs("distributed")
    if isinstance(settings.workers, str):
        refuse_deaf(settings.workers)
    return partial(_spread, settings, hiring)


def _spread(
    settings: Settings,
    hiring: Hiring,
    function: Callable[[BatchJob], MadeBatch],
    jobs: Sequence[BatchJob],
    /,
) -> Iterable[MadeBatch]:
    workers = settings.workers
    assert workers is not None, "CAMPAIGN_DASK is set"
    if isinstance(workers, int) and (len(jobs) < 2 or sum(map(_size, jobs)) < WORTH_STARTING):
        yield from here(function, jobs)
        return
    with (
        scheduler_of(workers, jobs=len(jobs), threads=1) as scheduler,
        hiring(scheduler) as hands,
        terms_of(settings, asks_platforms=False) as terms,
        handing_out(hands.client, WIND_UP_S) as futures,
    ):
        refuse_unfit(hands.client, terms)
        for job in jobs:
            handed = Handed(terms, function, job)
            futures[hands.hand_out(_named(job), handed.done)] = job
        for future in as_they_come(hands.client, futures):
            made = hands.given(future)
            _fetch_made(settings, made)
            yield made


def _fetch_made(settings: Settings, made: MadeBatch) -> None:
    """Have what a worker made where the build reads it."""
    if made.batch is not None:
        files = [*made.batch.files, f"batches/{made.batch.name}.json"]
        fetch(settings.readings.parent, [f"readings/{name}" for name in files])


def _size(job: BatchJob) -> int:
    return sum((job.landing / name).stat().st_size for name in job.landed)


def _named(job: BatchJob) -> str:
    """A job for people: the platform, the days, how many files."""
    days = sorted({Path(name).parent.name.removeprefix("date=") for name in job.landed})
    return f"{job.platform} {days[0]} to {days[-1]}, {len(job.landed)} files"
