"""The backfill flow: `flows.history.backfilling` as a recorded run, its progress as an artifact."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID

from prefect import flow
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from connectors import discover
from flows.answers.markdown import words
from flows.collecting.round import PlatformReport, Stopping
from flows.history.backfilling import Backfill, BackfillReport, PlatformFill, prepare_backfill
from flows.history.forecast import COLUMNS, cells_of
from flows.history.holes import Window
from flows.history.progress import named, waiting_line
from flows.moments import NotAMoment, with_zone
from flows.refused import Refused
from flows.registry import RegistryError, load
from flows.scheduled.recording import recorded, tell_the_run_what_landed
from flows.settings import Settings, SettingsError

FORECAST, PROGRESS, REPORT, LOST = (
    "backfill-forecast",
    "backfill-progress",
    "backfill-report",
    "backfill-lost",
)
_EVERY_S = 1.0


def _run_name() -> str:
    parameters = flow_run.parameters
    platforms = ",".join(parameters.get("platforms") or ["all"])
    return f"backfill {platforms} {parameters.get('start')} to {parameters.get('end')}"


@flow(
    name="backfill",
    flow_run_name=_run_name,
    description="Fill what history the platforms still give for a stretch of days.",
)
def backfill(
    start: date,
    end: date,
    platforms: list[str] | None = None,
    campaign: str | None = None,
    dry_run: bool = False,
    again: bool = False,
    as_of: datetime | None = None,
) -> State[BackfillReport]:
    """Ask what has not landed of the campaign's local days from `start` to `end`, inclusive.

    `dry_run` asks nothing and leaves the forecast, and what no backfill brings back, as artifacts; `again`
    also asks what was asked before and not told. The run is Failed, with one plain line for its message, when
    something that could be fetched was not; what landed stays, and the next run goes on there.
    """
    tell_the_run_what_landed()
    try:
        settings = Settings()
        moment = None if as_of is None else with_zone(as_of)
        prepared = prepare_backfill(
            start,
            end,
            platforms,
            settings=settings,
            registry=load(settings.registry, discover()),
            clock=moment or datetime.now(UTC),
            as_of=moment,
            campaign=campaign,
            is_dry=dry_run,
            is_again=again,
        )
        _tell_plan(prepared)
        if dry_run:
            return Completed(message="nothing was asked: a dry run", data=None)
        report = _take(prepared)
    except (Refused, RegistryError, SettingsError, NotAMoment) as refusal:
        return Failed(message="; ".join(str(refusal).splitlines()), data=refusal)
    create_table_artifact(
        key=REPORT,
        table=[_row(each) for each in report.platforms],
        description="; ".join((f"{start} to {end}", *map(words, report.notes))),
    )
    if report.is_success:
        return Completed(message="everything that could be fetched was fetched", data=report)
    return Failed(message="; ".join(report.complaints), data=report)


def recorded_backfill(
    start: date,
    end: date,
    platforms: list[str] | None,
    campaign: str | None,
    again: bool,
    as_of: datetime | None,
) -> BackfillReport:
    """Run the flow here and now, recorded by the server of PREFECT_API_URL. Raises what refused it, and
    `flows.scheduled.recording.NoServer`."""
    return recorded(
        lambda: backfill(start, end, platforms, campaign, again=again, as_of=as_of, return_state=True),
        BackfillReport,
    )


def _tell_plan(prepared: Backfill) -> None:
    forecasts = prepared.forecasts()
    create_table_artifact(
        key=FORECAST,
        table=[dict(zip(COLUMNS, cells_of(one), strict=True)) for one in forecasts],
        description="; ".join(words(one.message) for one in forecasts if one.message)
        or "What it takes, about.",
    )
    create_table_artifact(
        key=LOST,
        table=[
            {
                "platform": one.platform,
                "of": one.object_type,
                "metrics": ", ".join(one.metrics),
                "why": one.why,
            }
            for one in prepared.lost()
        ],
        description="What no backfill brings back.",
    )


def _take(prepared: Backfill) -> BackfillReport:
    """Ask in threads, while this one, which the server knows, tells how far it is."""
    stopping = Stopping()
    followed = _Followed()
    artifact = create_progress_artifact(progress=0.0, key=PROGRESS, description="Windows asked")
    assert isinstance(artifact, UUID)
    told = 0.0
    with ThreadPoolExecutor(1, thread_name_prefix="backfill") as thread:
        taken = thread.submit(prepared.take_all, followed, stopping)
        try:
            while not taken.done():
                followed.moved.wait(_EVERY_S)
                followed.moved.clear()
                if followed.percent != told:
                    told = followed.percent
                    update_progress_artifact(artifact, progress=told, description=words(followed.line))
        except BaseException:
            # Cancelled or killed politely: what has arrived is landed before the process ends.
            stopping.ask()
            raise
        report = taken.result()
    if report.is_success:
        update_progress_artifact(artifact, progress=100.0, description="All windows asked")
    return report


class _Followed:
    """A progress that keeps how far it is, and writes a line in the run's log for each window."""

    def __init__(self) -> None:
        self.moved = threading.Event()
        self.line = ""
        self._planned: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._logger = get_run_logger()

    @property
    def percent(self) -> float:
        """How much of what is planned by now is done."""
        planned = self._planned.total()
        return 0.0 if planned == 0 else round(100.0 * self._done.total() / planned, 1)

    def planned(self, platform: str, windows: int) -> None:
        self._planned[platform] += windows
        self.moved.set()

    def began(self, platform: str, window: Window) -> None:
        self.line = f"{platform}: {named(window)}"

    def ended(self, platform: str, window: Window, report: PlatformReport) -> None:
        self._done[platform] += 1
        answers = sum(report.responses.values())
        self._logger.info("%s: %s: %s, %s answers", platform, named(window), report.outcome, answers)
        self.moved.set()

    def waiting(self, platform: str) -> None:
        self._logger.info("%s", waiting_line(platform))


def _row(each: PlatformFill) -> dict[str, object]:
    return {
        "platform": each.platform,
        "outcome": each.outcome,
        "windows": f"{each.windows} of {each.planned}",
        "answers landed": ", ".join(f"{endpoint} {count}" for endpoint, count in each.responses.items()),
        "retries": each.retries,
        "waited s": round(each.waits_s, 1),
        "troubles": "; ".join(message for _, message, _ in each.troubles),
        "message": each.message,
        "seconds": round(each.seconds, 1),
    }
