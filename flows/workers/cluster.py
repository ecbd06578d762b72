"""Dask's scheduler and workers of a run: found at an address, or started for the length of the run.

What is started here is bound to loopback, shows no pages, and speaks TLS with a certificate of its own, so
that nobody else on the machine can hand its workers anything.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flows.refused import Refused

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

HOST = "127.0.0.1"
# How long an address may take to answer.
ANSWERS_WITHIN_S = 5.0
# How long its first worker may take to be there.
FIRST_WORKER_WITHIN_S = 5.0
# How long no worker may be there: one that was killed is started again within that, by whatever started it.
WORKERS_WITHIN_S = 60.0

_QUIETLY = {
    # What is wrong is said in a line of our own.
    "logging": {"distributed": "critical", "distributed.client": "critical"},
    # Pages of numbers that a scheduler and its workers serve to whoever comes.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


class NoCluster(Refused):
    """There are no workers to be had; one plain line that names the cure."""


class WorkersLost(NoCluster):
    """The workers went in the middle of the work."""


def needs(module: str) -> Any:
    """A package that CAMPAIGN_DASK needs, imported. Raises NoCluster when it is not installed."""
    try:
        importlib.import_module("dask").config.set(_QUIETLY)
        return importlib.import_module(module)
    except ImportError:
        raise NoCluster(
            "CAMPAIGN_DASK is set, and Dask is not installed; run pip install 'campaign-pipeline[dask]', or "
            "leave CAMPAIGN_DASK out"
        ) from None


@contextmanager
def scheduler_of(workers: int | str, *, jobs: int, threads: int) -> Iterator[LocalCluster | str]:
    """What a client connects to: the address that was given, once something listens there, or a cluster of so
    many processes, not more than `jobs`, with `threads` each. Raises NoCluster."""
    distributed = needs("distributed")
    if isinstance(workers, str):
        refuse_deaf(workers)
        yield workers
        return
    with _deaf_to_ctrl_c():
        cluster = distributed.LocalCluster(
            n_workers=max(1, min(workers, jobs)),
            threads_per_worker=threads,
            processes=True,
            host=HOST,
            security=distributed.Security.temporary(),
            # Each job bounds what it holds; a worker that is killed for a guess of it would only do it again.
            memory_limit=0,
            silence_logs=logging.CRITICAL,
            dashboard_address=None,
            # Without pages it still listens; the usual port may be somebody's.
            scheduler_kwargs={"dashboard": False, "dashboard_address": f"{HOST}:0"},
        )
    with cluster:
        yield cluster


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Have the threads that are begun in the block, and the processes that those start, not hear of Ctrl-C,
    which a terminal sends to everybody: who started the workers ends them."""
    # Begun by the first process, it would have its thread hear again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True)
class Hands:
    """Workers, and how work is handed to them and its result taken: plainly, or as task runs of Prefect.

    `hand_out` takes a name for people and the work, which is pickled. `given` gives what the work of a future
    gave, or raises what it raised.
    """

    client: Client
    hand_out: Callable[[str, Callable[[], Any]], Future[Any]]
    given: Callable[[Future[Any]], Any]


# Hands on a scheduler, for a block. Raises NoCluster when none answers at its address.
Hiring = Callable[["LocalCluster | str"], AbstractContextManager[Hands]]


@contextmanager
def plain_hands(scheduler: LocalCluster | str) -> Iterator[Hands]:
    """Hands without a record."""
    with answering(scheduler):
        client = needs("distributed").Client(scheduler, timeout=ANSWERS_WITHIN_S, set_as_default=False)

    def hand_out(named: str, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = client.submit(work, key=f"{named} {secrets.token_hex(8)}")
        return future

    with client:
        yield Hands(client, hand_out, lambda future: future.result())


@contextmanager
def answering(scheduler: LocalCluster | str) -> Iterator[None]:
    """Say in one line that no scheduler answers a client that is made in the block."""
    try:
        yield
    # Of TLS without certificates Dask says so by a TypeError, of an answer that is none of Dask's by whatever
    # reading it raises.
    except (OSError, TypeError, ValueError) as error:
        raise NoCluster(
            f"no Dask scheduler answers at {scheduler} (CAMPAIGN_DASK); start one there (dask scheduler), "
            "with the same certificates for tls://, or leave CAMPAIGN_DASK out"
        ) from error


def refuse_deaf(address: str) -> None:
    """Raises NoCluster where no scheduler answers within some seconds. Dask's client would go on trying where
    nothing listens, and would wait for ever for something else that does."""
    count_workers(address)


def count_workers(address: str) -> int:
    """How many workers the scheduler at an address has. Raises NoCluster where none answers within some
    seconds."""
    parts = urlsplit(address)
    needs("distributed")
    with answering(address):
        socket.create_connection((parts.hostname or "", parts.port or 0), ANSWERS_WITHIN_S).close()
        with ThreadPoolExecutor(1, thread_name_prefix="dask-probe") as thread:
            return thread.submit(asyncio.run, _asked(address)).result()


async def _asked(address: str) -> int:
    """Ask a scheduler who it is, and how many workers it has. Raises OSError, TypeError and ValueError when
    that gives nothing."""
    distributed, comm = needs("distributed"), needs("distributed.comm")
    arguments = distributed.Security().get_connection_args("client")
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        found = await comm.connect(address, timeout=ANSWERS_WITHIN_S, **arguments)
        try:
            await found.write({"op": "identity", "reply": True})
            told = await found.read()
        finally:
            found.abort()
    if told.get("type") != "Scheduler":
        raise ValueError(f"a {told.get('type')} answers")
    return int(told["n_workers"])


def needs_one(client: Client) -> None:
    """Raises NoCluster when no worker comes to the scheduler for a while."""
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER_WITHIN_S)
    except TimeoutError:
        raise NoCluster(
            "the Dask scheduler of CAMPAIGN_DASK has no worker; start one (dask worker ADDRESS), or leave "
            "CAMPAIGN_DASK out"
        ) from None


@contextmanager
def handing_out(client: Client, wind_up_s: float) -> Iterator[dict[Future[Any], Any]]:
    """A place for what is handed out in the block. When that breaks off, what waits for a worker is taken
    back, and what goes on has some time to end."""
    distributed = needs("distributed")
    found: Any = client
    futures: dict[Future[Any], Any] = {}
    try:
        yield futures
    except BaseException:
        with suppress(TimeoutError, distributed.CancelledError, OSError, RuntimeError):
            running = {key for keys in found.processing().values() for key in keys}
            found.cancel([future for future in futures if future.key not in running])
            _wait(client, [future for future in futures if future.key in running], wind_up_s, "ALL_COMPLETED")
        raise


def as_they_come(
    client: Client,
    futures: Iterable[Future[Any]],
    *,
    patience_s: float | None = None,
    elapsed_s: Callable[[], float] = time.monotonic,
) -> Iterator[Future[Any]]:
    """Futures whose work has ended, in the order in which it does. Work of a worker that is lost is handed to
    another by Dask. Raises WorkersLost when no worker is left for `patience_s` (60) seconds, the scheduler is
    gone, or each worker that took a piece of work was lost over it."""
    distributed = needs("distributed")
    patience_s = WORKERS_WITHIN_S if patience_s is None else patience_s
    left: set[Any] = set(futures)
    last_seen_s = elapsed_s()
    while left:
        try:
            done = _wait(client, left, 1.0, "FIRST_COMPLETED")
        except TimeoutError:
            done = set()
        except distributed.CancelledError:
            raise WorkersLost(_LOST.format("the Dask scheduler is gone")) from None
        for future in done:
            if future.status == "error" and isinstance(future.exception(), distributed.KilledWorker):
                raise WorkersLost(_LOST.format("every worker that took a piece of the work died over it"))
            yield future
        left -= done
        if done or _are_some_there(client):
            last_seen_s = elapsed_s()
        elif elapsed_s() - last_seen_s > patience_s:
            raise WorkersLost(_LOST.format(f"no Dask worker is there for {patience_s:g} s"))


_LOST = (
    "{}; what had been done stays, and what was published too: see the logs of the workers, start them "
    "again, and run this once more"
)


def _wait(client: Client, futures: Iterable[Future[Any]], seconds: float, until: str) -> set[Any]:
    """The futures that have ended. Raises TimeoutError, and CancelledError where the scheduler is gone."""
    with client.as_current():
        done: set[Any] = needs("distributed").wait(futures, timeout=seconds, return_when=until).done
    return done


def _are_some_there(client: Client) -> bool:
    try:
        found: Any = client
        return bool(found.nthreads())
    except (OSError, RuntimeError):
        # The scheduler does not answer.
        return False
