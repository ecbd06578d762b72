"""The watch flow: look hourly whether everything runs, and tell people when something does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.health.status import as_markdown
from flows.health.watching import look_and_tell
from flows.moments import NotAMoment, with_zone
from flows.scheduled.missed_slots import give_way
from flows.settings import Settings, SettingsError

ARTIFACT = "health"
UNHEALTHY = "Unhealthy"


@flow(
    name="watch",
    description="Look whether everything is collected and built as it should be, and tell people when not.",
)
def watch(as_of: datetime | None = None) -> State[Any]:
    """Judge what the files of the home say now (or at `as_of`, for homes of simulated time); ask no platform.

    The run is Completed whatever it finds, under the name Unhealthy where somebody has something to mend, so
    that an automation of the server can tell. It is Failed when it could not look. A message that cannot be
    sent is a warning in its log, and is sent by the next run.
    """
    if (skipped := give_way()) is not None:
        return skipped
    logger = get_run_logger()
    try:
        # Not the scheduled moment: a watch that comes late must not find late what has come since.
        clock = datetime.now(UTC) if as_of is None else with_zone(as_of)
        found, alerted = look_and_tell(Settings(), clock)
    except (SettingsError, NotAMoment, OSError) as trouble:
        return Failed(message=" ".join(str(trouble).split()))
    for line in alerted.failed:
        logger.warning(line)
    if found.facts is not None:
        create_markdown_artifact(
            key=ARTIFACT,
            markdown=as_markdown(found.facts, found.problems),
            description=f"Looked at {clock:%Y-%m-%d %H:%M} UTC",
        )
    if not found.problems:
        return Completed(message="all is well")
    return Completed(name=UNHEALTHY, message="; ".join(str(problem) for problem in found.problems))
