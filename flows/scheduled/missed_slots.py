"""Slots of a schedule that passed while nothing ran: the newest runs, once; the older ones are cancelled.

Prefect keeps every slot that no worker took, and runs them all, oldest first, as soon as one comes back. Each
run reads the counters as they are now, so a pile of them would read the same numbers again and again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.context import FlowRunContext
from prefect.states import Cancelled, Completed

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

# How a run is named that never ran, or ended before it did anything.
SKIPPED = "Skipped"
# The most that Prefect tells in one answer.
PAGE = 200


def give_way() -> State[Any] | None:
    """What the running flow run ends with when a later slot of its deployment is due too; None when it is to
    go on. Called first thing by every scheduled flow.

    Older slots that wait are cancelled at the same time, so that of any pile at most one run does something
    besides looking. A run by hand, or without a deployment, always goes on and cancels nothing.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or run.deployment_id is None or not run.auto_scheduled or run.expected_start_time is None:
        return None
    with get_client(sync_client=True) as client:
        newest, _ = leave_the_newest(client, run.deployment_id, run)
    if newest is None or newest.id == run.id:
        return None
    # Cancelled, it would leave a traceback: Prefect's engine takes that for an error.
    return Completed(name=SKIPPED, message=_told(run, newest))


def leave_the_newest(
    client: SyncPrefectClient, deployment_id: UUID, running: FlowRun | None = None
) -> tuple[FlowRun | None, int]:
    """Cancel every slot of a deployment that is due and waits, but for the newest; gives that one and how
    many were cancelled. The run that is `running` takes part, and is not cancelled."""
    waiting = [run for run in _waiting(client, deployment_id) if running is None or run.id != running.id]
    newest = max([*waiting, *([running] if running else [])], key=_slot, default=None)
    older = [run for run in waiting if newest is not None and run.id != newest.id]
    for run in older:
        client.set_flow_run_state(run.id, Cancelled(name=SKIPPED, message=_told(run, newest)))
    return newest, len(older)


def _waiting(client: SyncPrefectClient, deployment_id: UUID) -> list[FlowRun]:
    """The slots of a schedule that are due and have not begun."""
    due: list[FlowRun] = []
    while len(due) % PAGE == 0:
        page = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
                expected_start_time=FlowRunFilterExpectedStartTime.model_validate(
                    {"before_": datetime.now(UTC)}
                ),
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=PAGE,
            offset=len(due),
        )
        due += page
        if not page:
            break
    return [run for run in due if run.auto_scheduled and run.expected_start_time is not None]


def _slot(run: FlowRun) -> datetime:
    assert run.expected_start_time is not None, "a slot of a schedule has a time"
    return run.expected_start_time


def _told(run: FlowRun, newest: FlowRun | None) -> str:
    assert newest is not None, "whatever is older than the newest has one"
    return (
        f"skipped: a later run of this deployment is due, that of {_slot(newest):%Y-%m-%d %H:%M} UTC, and "
        f"does what this one of {_slot(run):%Y-%m-%d %H:%M} UTC would have done"
    )
