"""What happens after every recorded run: people are told of what is wrong, and of what is over.

@flow(name="maintain", **TELLING_PEOPLE)
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, TypedDict

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import FlowStateHook
from prefect.logging.loggers import flow_run_logger

from flows.health.alerts import NotSent, channels_of
from flows.health.last_runs import FAILED, SUCCEEDED, build_of, read_run, record_run, round_of, run_of
from flows.health.watching import look_and_tell
from flows.scheduled.missed_slots import SKIPPED
from flows.settings import Settings, SettingsError

COLLECT, BUILD = "collect", "build"
# These keep how they ended themselves, whoever started them.
WITHOUT_US = ("maintain", "report", "export")


class Hooks(TypedDict):
    """Arguments of `prefect.flow`."""

    on_completion: list[FlowStateHook[..., Any]]
    on_failure: list[FlowStateHook[..., Any]]
    on_crashed: list[FlowStateHook[..., Any]]


def tell_people_after(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Keep how the run ended where it could not do so itself, then look and tell. Never fails the run."""
    logger = flow_run_logger(flow_run, flow)
    try:
        settings = Settings()
        ended_at = datetime.now(UTC)
        _keep(settings, flow.name, flow_run, state, ended_at)
        if not channels_of(settings):
            return
        _, alerted = look_and_tell(settings, ended_at)
    except (SettingsError, NotSent, OSError) as trouble:
        logger.warning("no alert was sent: %s", trouble)
        return
    for line in alerted.failed:
        logger.log(logging.WARNING, line)


TELLING_PEOPLE: Hooks = {
    "on_completion": [tell_people_after],
    "on_failure": [tell_people_after],
    "on_crashed": [tell_people_after],
}


def _keep(
    settings: Settings, flow_name: str, flow_run: FlowRun, state: State[Any], ended_at: datetime
) -> None:
    """Rounds, builds, maintain, report and export write down themselves how they ended, unless they were
    killed or could not begin; of the other flows only Prefect knows."""
    if state.name == SKIPPED:
        # It did nothing.
        return
    planned_for = flow_run.expected_start_time or ended_at
    started_at = flow_run.start_time or planned_for
    if flow_name == COLLECT:
        platforms = flow_run.parameters.get("platforms") or []
        places = [round_of(settings.home, platform) for platform in platforms]
    elif flow_name == BUILD:
        places = [build_of(settings.home)]
    else:
        places = [run_of(settings.home, flow_name)]
    for place in places:
        if flow_name in (COLLECT, BUILD, *WITHOUT_US):
            if state.is_completed() or (flow_name not in WITHOUT_US and not state.is_crashed()):
                continue
            before = read_run(place)
            if before is not None and before.ended_at >= started_at:
                continue
        is_success = state.is_completed()
        told = state.message or "no reason given"
        if state.is_crashed():
            told = "the run was killed before its end; the next one goes on"
        record_run(
            place,
            planned_for=datetime.fromtimestamp(planned_for.timestamp(), UTC),
            ended_at=ended_at,
            outcome=SUCCEEDED[0] if is_success else FAILED,
            message="" if is_success else f"{told}, see the log of {flow_run.name}",
        )
