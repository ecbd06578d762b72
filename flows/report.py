"""The report flow: `flows.answers.reporting` under Prefect's schedule, each run recorded."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from connectors.clock import utc_now
from flows.answers.markdown import link, table, words
from flows.answers.reporting import Written, done_line, keep_reports
from flows.cures import in_one_line
from flows.refused import Refused
from flows.scheduled.after_runs import TELLING_PEOPLE
from flows.scheduled.artifacts import leave_state, reports_of
from flows.scheduled.missed_slots import give_way
from flows.scheduled.recording import recorded, scheduled_at
from flows.settings import Settings, SettingsError
from warehouse.publish import NoWarehouse

ARTIFACT = "report"


def _run_name() -> str:
    return f"report {scheduled_at():%Y-%m-%dT%H:%MZ}"


@flow(
    name="report",
    flow_run_name=_run_name,
    description="Write each campaign's page, and every mart as CSV and Parquet.",
    **TELLING_PEOPLE,
)
def report(out: str | None = None, campaign: str | None = None) -> State[list[Written]]:
    """Write the report of every campaign of the published tables, or of one, to `out` (default: reports/ in
    CAMPAIGN_HOME).

    The run is Failed, with one plain line for its message, when nothing could be written; a page that was
    there stays whole.
    """
    if (skipped := give_way()) is not None:
        return skipped
    try:
        settings = Settings()
        folder = Path(out) if out else settings.reports
        written = keep_reports(settings, folder, utc_now(), campaign)
    except (NoWarehouse, Refused, SettingsError) as refusal:
        return Failed(message=str(refusal), data=refusal)
    except OSError as trouble:
        return Failed(message=in_one_line(trouble), data=trouble)
    create_markdown_artifact(
        key=ARTIFACT,
        markdown=_where_they_lie(written, settings, folder),
        description=f"The reports that were written, {len(written):,} in all, and where they lie.",
    )
    leave_state(settings)
    return Completed(
        message="; ".join(map(done_line, written)) or "the tables hold no campaign", data=written
    )


def _where_they_lie(written: list[Written], settings: Settings, folder: Path) -> str:
    reports = reports_of(settings).holding(folder)
    return "\n".join(
        table(
            ["campaign", "day", "report", "tables", "rows"],
            [
                [
                    words(each.campaign_id),
                    each.day.isoformat(),
                    link(str(each.page), reports.page(each.campaign_id, each.day.isoformat())),
                    f"{each.tables:,}",
                    f"{each.rows:,}",
                ]
                for each in written
            ],
            numbers=("tables", "rows"),
        )
    )


def recorded_report(out: Path, campaign: str | None) -> list[Written]:
    """Run the flow here and now, recorded by the server of PREFECT_API_URL. Raises what refused it, and
    `flows.scheduled.recording.NoServer`."""
    return recorded(lambda: report(str(out), campaign, return_state=True), list)
