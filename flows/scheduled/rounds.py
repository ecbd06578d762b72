"""A round as a task run, in this process or on a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed
from prefect.tasks import Task

from flows.collecting.round import PlatformReport
from flows.refused import Refused
from flows.scheduled.recording import tell_the_run_what_landed

RETRIES = 2
# A platform that was down is asked again while the hour is young.
RETRY_DELAYS_S = [60.0, 300.0]


def may_mend_itself(task_: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Whether a round is taken again: only when the network or the platform failed in passing."""
    report = state.data
    return isinstance(report, PlatformReport) and report.is_transient


@task(
    name="round",
    task_run_name="round {named}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=may_mend_itself,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def take_round(named: str, work: Callable[[], PlatformReport]) -> State[PlatformReport]:
    """Take the round of the platform of that name by `work`."""
    context = FlowRunContext.get()
    if context is not None and context.detached:
        # On a worker, which knows nothing of the flow's log yet.
        tell_the_run_what_landed()
    try:
        report = work()
    except Refused as refusal:
        return Failed(message=str(refusal), data=refusal)
    if report.outcome in ("partial", "failed"):
        return Failed(message=report.message, data=report)
    return Completed(message=report.message or report.outcome, data=report)
