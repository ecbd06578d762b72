"""The collect flow: rounds of `flows.collecting.round` under Prefect's schedule, each run recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from connectors import discover
from flows.answers.markdown import words
from flows.collecting.round import Collection, CollectReport, PlatformReport, Stopping, prepare
from flows.cures import in_one_line
from flows.moments import NotAMoment, with_zone
from flows.refused import Refused
from flows.registry import RegistryError, load
from flows.scheduled.after_runs import TELLING_PEOPLE
from flows.scheduled.missed_slots import give_way
from flows.scheduled.recording import given_by, recorded, scheduled_at, tell_the_run_what_landed
from flows.scheduled.rounds import take_round
from flows.settings import Settings, SettingsError

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

    With CAMPAIGN_DASK set the rounds are taken on its workers.
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
            (f"Planned for {report.clock:%Y-%m-%d %H:%M} UTC", *map(words, (*report.idle, *report.notes)))
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
    if collection.settings.workers is not None and collection.platforms:
        from flows.workers.recorded import recorded_hands
        from flows.workers.rounds import take_on_workers

        return take_on_workers(collection, recorded_hands(take_round, _report_of))
    stopping = Stopping()
    rounds = [
        take_round.submit(platform, partial(collection.take, platform, stopping))
        for platform in collection.platforms
    ]
    try:
        for each in rounds:
            each.wait()
    except BaseException:
        # Cancelled or killed politely: what has arrived is landed before the process ends.
        stopping.ask()
        raise
    return [_report_of(each.state) for each in rounds]


def _report_of(state: State[PlatformReport]) -> PlatformReport:
    return given_by(state, PlatformReport)


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
