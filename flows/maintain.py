"""The maintain flow: `flows.keeping.maintaining` under Prefect's schedule, each run recorded."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.answers.markdown import words
from flows.cures import in_one_line
from flows.keeping.maintaining import Maintenance
from flows.keeping.maintaining import maintain as maintain_home
from flows.moments import NotAMoment, with_zone
from flows.progress import logged
from flows.refused import Refused
from flows.scheduled.after_runs import TELLING_PEOPLE
from flows.scheduled.missed_slots import give_way
from flows.scheduled.recording import recorded, scheduled_at
from flows.settings import Settings, SettingsError

ARTIFACT = "maintain-report"


def _run_name() -> str:
    return f"maintain {scheduled_at():%Y-%m-%dT%H:%MZ}"


@flow(
    name="maintain",
    flow_run_name=_run_name,
    description="Put small landing files together and let go of what retention says.",
    **TELLING_PEOPLE,
)
def maintain(as_of: datetime | None = None, dry_run: bool = False) -> State[Maintenance]:
    """Put landed files of days that are over together, take out texts older than the settings keep them,
    remove old builds and what killed processes left. `as_of` is the clock by which days are old.

    The run is Failed, with one plain line for its message, when something of that could not be done; no
    response and no number is lost then.
    """
    if (skipped := give_way()) is not None:
        return skipped
    logger = get_run_logger()
    try:
        clock = datetime.now(UTC) if as_of is None else with_zone(as_of)
        done = maintain_home(
            Settings(), clock=clock, dry_run=dry_run, progress=logged(logger.info), waiting=logger.info
        )
    except (Refused, SettingsError, NotAMoment) as refusal:
        return Failed(message=" ".join(str(refusal).split()), data=refusal)
    except OSError as trouble:
        return Failed(message=in_one_line(trouble), data=trouble)
    create_table_artifact(
        key=ARTIFACT,
        table=[{"what": what, "how many": count} for what, count in done.rows()],
        description="\n".join(f"- {words(line)}" for line in (done.line, *done.notes, *done.complaints)),
    )
    if done.complaints:
        return Failed(message="; ".join(done.complaints), data=done)
    return Completed(message=done.line, data=done)


def recorded_maintain(as_of: datetime | None, dry_run: bool) -> Maintenance:
    """Run the flow here and now, recorded by the server of PREFECT_API_URL. Raises what refused it, and
    `flows.scheduled.recording.NoServer`."""
    return recorded(lambda: maintain(as_of, dry_run, return_state=True), Maintenance)
