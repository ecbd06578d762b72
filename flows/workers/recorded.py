"""Hands under Prefect: each piece of work a task run, on the workers by `prefect_dask`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from flows.workers.cluster import ANSWERS_WITHIN_S, Hands, Hiring, answering, needs

if TYPE_CHECKING:
    from distributed import Future, LocalCluster

# How long a worker that is about to end may take to tell the server what it has not told yet.
_TELLS_WITHIN_S = 10.0


def recorded_hands(task: Task[[str, Callable[[], Any]], Any], given: Callable[[State[Any]], Any]) -> Hiring:
    """Hands of which each piece of work is a run of `task`, which takes its name and the work; `given` gives
    the result of a state. For use in a flow."""

    def hire(scheduler: LocalCluster | str) -> AbstractContextManager[Hands]:
        return _hired(scheduler, task, given)

    return hire


@contextmanager
def _hired(
    scheduler: LocalCluster | str,
    task: Task[[str, Callable[[], Any]], Any],
    given: Callable[[State[Any]], Any],
) -> Iterator[Hands]:
    runner_of = needs("prefect_dask").DaskTaskRunner
    if isinstance(scheduler, str):
        runner = runner_of(address=scheduler, client_kwargs={"timeout": ANSWERS_WITHIN_S})
    else:
        runner = runner_of(cluster=scheduler)

    def hand_out(named: str, work: Callable[[], Any]) -> Future[Any]:
        with _flow_by_name():
            handed = runner.submit(task, {"named": named, "work": work})
        future: Future[Any] = handed.wrapped_future
        return future

    with runner:
        with answering(scheduler):
            client = runner.client
        try:
            yield Hands(client, hand_out, lambda future: given(future.result()))
        finally:
            if not isinstance(scheduler, str):
                # They end with the block, and would take with them what they have not told the server yet.
                with suppress(OSError, RuntimeError):
                    client.run(_tell_the_rest)


async def _tell_the_rest() -> None:
    for teller in (EventsWorker, APILogWorker):
        telling: Any = teller.drain_all(timeout=_TELLS_WITHIN_S)
        await telling


@contextmanager
def _flow_by_name() -> Iterator[None]:
    """Let task runs of the block find their flow where every process can import it: the file of a
    deployment's flow is loaded by Prefect under a name that no other process knows."""
    context = FlowRunContext.get()
    assert context is not None, "it is called by a flow"
    assert context.flow is not None, "a running flow is known"
    name = context.flow.fn.__name__
    flow: Any = getattr(importlib.import_module(f"flows.{name}"), name)
    with context.model_copy(update={"flow": flow}):
        yield
