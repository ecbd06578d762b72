"""The export flow: `flows.answers.exports` after each build that published, each run recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from connectors.clock import utc_now
from flows.answers.exports import NOTHING_THERE, done_line, keep_exports, where_they_lie
from flows.answers.tables import Asked, Tables
from flows.cures import in_one_line
from flows.refused import Refused
from flows.scheduled.after_runs import TELLING_PEOPLE
from flows.scheduled.artifacts import reports_of
from flows.scheduled.missed_slots import give_way
from flows.scheduled.recording import recorded, scheduled_at
from flows.settings import Settings, SettingsError
from warehouse.publish import NoWarehouse

ARTIFACT = "export"

Form = Literal["csv", "parquet", "json"]


def _run_name() -> str:
    return f"export {scheduled_at():%Y-%m-%dT%H:%MZ}"


@flow(
    name="export",
    flow_run_name=_run_name,
    description="Write each campaign's tables for other programs.",
    **TELLING_PEOPLE,
)
def export(
    out: str | None = None,
    campaign: str | None = None,
    marts: Sequence[str] = (),
    formats: Sequence[Form] = ("csv", "parquet"),
    bom: bool | None = None,
) -> State[list[Tables]]:
    """Write the tables of every campaign, or of one, to `out` (default: reports/ in CAMPAIGN_HOME): all of
    them or some `marts`, in some `formats`; with `bom` the CSV begins with a byte order mark.

    Where the same build's tables lie there already nothing is written. The run is Failed, with one plain line
    for its message, when something could not be written; what was there stays.
    """
    if (skipped := give_way()) is not None:
        return skipped
    try:
        settings = Settings()
        folder = Path(out) if out else settings.reports
        asked = Asked(tuple(formats), tuple(marts), bom)
        written = keep_exports(settings, folder, utc_now(), asked, campaign, waiting=get_run_logger().info)
    except (NoWarehouse, Refused, SettingsError) as refusal:
        return Failed(message=str(refusal), data=refusal)
    except OSError as trouble:
        return Failed(message=in_one_line(trouble), data=trouble)
    create_markdown_artifact(
        key=ARTIFACT,
        markdown=where_they_lie(written, reports_of(settings).holding(folder)),
        description="Where the tables lie; manifest.json there names their files.",
    )
    return Completed(message="; ".join(map(done_line, written)) or NOTHING_THERE, data=written)


def recorded_export(out: Path, campaign: str | None, asked: Asked) -> list[Tables]:
    """Run the flow here and now, recorded by the server of PREFECT_API_URL. Raises what refused it, and
    `flows.scheduled.recording.NoServer`."""
    run = lambda: export(  # noqa: E731
        str(out), campaign, asked.marts, asked.formats, asked.has_mark, return_state=True
    )
    return recorded(run, list)
