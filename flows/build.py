"""The build flow: `flows.refresh` under Prefect's schedule, each run recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from connectors import discover
from flows.answers.first_things import NOTHING_READ
from flows.answers.markdown import words
from flows.moments import NotAMoment, with_zone
from flows.progress import logged
from flows.refresh import done_line, refresh, warning_line
from flows.registry import RegistryError, load
from flows.scheduled.after_runs import TELLING_PEOPLE
from flows.scheduled.artifacts import leave_state
from flows.scheduled.batches import make_batch
from flows.scheduled.missed_slots import give_way
from flows.scheduled.recording import recorded, scheduled_at
from flows.settings import Settings, SettingsError
from flows.workers.cluster import Hiring
from warehouse.build import AnotherBuild, BuildElsewhere, BuildRefused, BuildReport
from warehouse.versions import kept_versions

ARTIFACT = "build-report"


def _run_name() -> str:
    return f"build {scheduled_at():%Y-%m-%dT%H:%MZ}"


@flow(
    name="build",
    flow_run_name=_run_name,
    description="Make the landed answers into tables and publish them.",
    **TELLING_PEOPLE,
)
def build(
    full: bool = False, as_known_at: datetime | None = None, wait_s: float | None = None
) -> State[BuildReport]:
    """Land the registry in force, then bring the published warehouse up to date.

    `full` makes everything again from landing; `as_known_at` leaves out what was read later. With
    CAMPAIGN_DASK set its workers read the landed answers. The run is Failed, with one plain line for its
    message, when nothing was published; readers then keep the tables they had. A full build waits for another
    that is running, ten minutes where `wait_s` does not say how long; a run that still finds one, or that
    does not wait, is Completed under the name Skipped: the schedules of the deployments may overlap, and the
    next hour takes in what the other build came too early for.
    """
    if (skipped := give_way()) is not None:
        return skipped
    logger = get_run_logger()
    try:
        settings = Settings()
        report = refresh(
            settings,
            load(settings.registry, discover()),
            full=full,
            as_known_at=None if as_known_at is None else with_zone(as_known_at),
            wait_s=wait_s,
            hiring=None if settings.workers is None else recorded_batches(),
            progress=logged(logger.info),
            waiting=logger.info,
        )
    except AnotherBuild as other:
        return Completed(
            name="Skipped",
            message=f"skipped: {other}"
            if isinstance(other, BuildElsewhere)
            else "skipped: another build is running, it takes in what has landed",
            data=other,
        )
    except (BuildRefused, RegistryError, SettingsError, NotAMoment) as refusal:
        return Failed(message="; ".join(str(refusal).splitlines()), data=refusal)
    create_table_artifact(
        key=ARTIFACT,
        table=[{"table": table, "rows": rows} for table, rows in report.tables.items()],
        description="\n".join(f"- {words(line)}" for line in _told(report, settings, as_known_at)),
    )
    leave_state(settings)
    is_empty = not report.readings and as_known_at is None
    told = f"published ({report.mode})" + (f"; {NOTHING_READ}" if is_empty else "")
    return Completed(message=told, data=report)


def recorded_batches() -> Hiring:
    """Workers to whom each batch is handed as a task run."""
    from flows.workers.recorded import recorded_hands

    return recorded_hands(make_batch, lambda state: state.result())


def _told(report: BuildReport, settings: Settings, as_known_at: datetime | None) -> Iterator[str]:
    """What a run published and what somebody should look at, a line each."""
    yield done_line(report, settings.warehouse)
    if not report.readings and as_known_at is None:
        yield NOTHING_READ
    if as_known_at is not None:
        yield f"as known at {as_known_at.isoformat()}; the next build publishes what is known now"
    kept = [
        f"{version.made_at:%Y-%m-%d %H:%M} UTC" for version in reversed(kept_versions(settings.warehouse))
    ]
    yield f"earlier builds kept: {', '.join(kept) or 'none'}"
    for warned in report.warnings:
        if warned.position == 1:
            yield f"warning: {warning_line(warned)}"
    for file in report.failed:
        yield f"{file} cannot be read and was left out"


def recorded_build(full: bool, as_known_at: datetime | None, wait_s: float | None = None) -> BuildReport:
    """Run the flow here and now, recorded by the server of PREFECT_API_URL. Raises what refused it, and
    `flows.scheduled.recording.NoServer`."""
    return recorded(lambda: build(full, as_known_at, wait_s, return_state=True), BuildReport)
