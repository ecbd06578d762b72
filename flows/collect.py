"""The collect flow: rounds of `flows.collecting.round` under Prefect's schedule, each run recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.tasks import Task

from connectors import discover
from flows.collecting.round import Collection, CollectReport, PlatformReport, Refused, Stopping, prepare
from flows.cures import in_one_line
from flows.moments import NotAMoment, with_zone
from flows.registry import RegistryError, load
from flows.scheduled.after_runs import TELLING_PEOPLE
from flows.scheduled.missed_slots import give_way
from flows.scheduled.recording import given_by, recorded, scheduled_at, tell_the_run_what_landed
from flows.settings import Settings, SettingsError

RETRIES = 2
# A platform that was down is asked again while the hour is young.
RETRY_DELAYS_S = [60.0, 300.0]

ARTIFACT = "collect-report"


def _run_name() -> str:
    parameters = flow_run.parameters
    everyone = "others" if parameters.get("besides") else "all"
    platforms = ",".join(parameters.get("platforms") or [everyone])
    as_of = parameters.get("as_of")
    clock = as_of.astimezone(UTC) if isinstance(as_of, datetime) and as_of.tzinfo else scheduled_at()
    return f"collect {platforms} {clock:%Y-%m-%dT%H:%MZ}"


@flow(
    name="collect",
    flow_run_name=_run_name,
    description="Ask the platforms what is due and land every answer.",
    **TELLING_PEOPLE,
)
def collect(
    platforms: list[str] | None = None,
    campaign: str | None = None,
    as_of: datetime | None = None,
    everything: bool = False,
    besides: list[str] | None = None,
) -> State[CollectReport]:
    """Take a round of each platform, side by side.

    Without `platforms` that is every one that the registry names, but for those `besides` which this
    deployment runs: they have deployments of their own.

    The run plans for its scheduled moment, so that a late run asks what was due then and nothing twice; what
    it reads is stamped with the moment of each answer, because a late answer says nothing about an earlier
    moment. Only `as_of`, meant for sandboxes that simulate time, replaces both.

    The run is Failed when a platform was not read as asked, with one plain line for its message; what was
    landed, by that platform too, stays. A platform that another collect is reading is left to it.
    """
    if (skipped := give_way()) is not None:
        return skipped
    tell_the_run_what_landed()
    try:
        settings = Settings()
        moment = None if as_of is None else with_zone(as_of)
        collection = prepare(
            platforms,
            settings=settings,
            registry=load(settings.registry, discover()),
            clock=moment or scheduled_at(),
            as_of=moment,
            campaign=campaign,
            everything=everything,
            besides=besides,
        )
        report = collection.report(_take_rounds(collection))
    except (Refused, RegistryError, SettingsError, NotAMoment) as refusal:
        return Failed(message="; ".join(str(refusal).splitlines()), data=refusal)
    except OSError as error:
        return Failed(message=in_one_line(error), data=error)
    create_table_artifact(
        key=ARTIFACT,
        table=[_artifact_row(each) for each in report.platforms],
        description="; ".join(
            (f"Planned for {report.clock:%Y-%m-%d %H:%M} UTC", *report.idle, *report.notes)
        ),
    )
    if report.is_success:
        elsewhere = [each.message for each in report.platforms if each.is_read_by_another]
        return Completed(message="; ".join(elsewhere) or "everything that was due was read", data=report)
    return Failed(message="; ".join(report.complaints), data=report)


def recorded_collect(
    platforms: list[str] | None, campaign: str | None, as_of: datetime | None, everything: bool
) -> CollectReport:
    """Run the flow here and now, recorded by the server of PREFECT_API_URL. Raises what refused it, and
    `flows.scheduled.recording.NoServer`."""
    return recorded(lambda: collect(platforms, campaign, as_of, everything, return_state=True), CollectReport)


def _take_rounds(collection: Collection) -> list[PlatformReport]:
    stopping = Stopping()
    take = _round_task(collection, stopping)
    rounds = [take.submit(platform) for platform in collection.platforms]
    try:
        for each in rounds:
            each.wait()
    except BaseException:
        # Cancelled or killed politely: what has arrived is landed before the process ends.
        stopping.ask()
        raise
    return [given_by(each.state, PlatformReport) for each in rounds]


def may_mend_itself(task_: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Whether a round is taken again: only when the network or the platform failed in passing."""
    report = state.data
    return isinstance(report, PlatformReport) and report.is_transient


def _round_task(collection: Collection, stopping: Stopping) -> Task[[str], State[PlatformReport]]:
    @task(
        name="round",
        task_run_name="round {platform}",
        retries=RETRIES,
        retry_delay_seconds=RETRY_DELAYS_S,
        retry_condition_fn=may_mend_itself,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    def take_round(platform: str) -> State[PlatformReport]:
        report = collection.take(platform, stopping)
        if report.outcome in ("partial", "failed"):
            return Failed(message=report.message, data=report)
        return Completed(message=report.message or report.outcome, data=report)

    return take_round


def _artifact_row(report: PlatformReport) -> dict[str, object]:
    return {
        "platform": report.platform,
        "outcome": report.outcome,
        "answers landed": ", ".join(f"{endpoint} {count}" for endpoint, count in report.responses.items()),
        "retries": report.retries,
        "waited s": round(report.waits_s, 1),
        "troubles": report.troubles_in_short,
        "spent today, USD": "" if report.spent_today_usd is None else f"{report.spent_today_usd:.3f}",
        "message": report.message,
        "seconds": round(report.seconds, 1),
        "run": report.run_id or "",
    }
