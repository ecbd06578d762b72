"""`campaign export`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from flows.cli import completing
from flows.cli.explaining import ANSWERS, WHAT, Explained, examples
from flows.cli.running import (
    USED_WRONGLY,
    Out,
    Published,
    fail,
    is_recorded,
    now,
    plain_errors,
    read_settings,
)

commands = typer.Typer()


class Format(StrEnum):
    csv = "csv"
    parquet = "parquet"
    json = "json"


@commands.command(
    cls=Explained,
    rich_help_panel=ANSWERS,
    epilog=examples(
        ("campaign export", "Every table of each campaign, as CSV and Parquet."),
        ("campaign export --format csv --bom --mart asset_daily", "One table for Excel."),
        (
            "campaign export --format json \\\n--campaign uk-general-election-2019 --out /srv/tables",
            "One campaign's, for other programs.",
        ),
    ),
)
def export(
    out: Out = None,
    campaign: Published = None,
    mart: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only this table, as asset_daily; repeat it for more.",
            rich_help_panel=WHAT,
            autocompletion=completing.marts,
        ),
    ] = None,
    form: Annotated[
        list[Format] | None,
        typer.Option("--format", help="Repeat it for more; default: csv and parquet."),
    ] = None,
    bom: Annotated[
        bool | None,
        typer.Option(
            "--bom/--no-bom",
            help="Let the CSV begin with a byte order mark, for Excel. Default: as the CSV there, else none.",
        ),
    ] = None,
) -> None:
    """Write each campaign's tables for other programs: CSV, Parquet, JSON, one file a table.

    They lie in CAMPAIGN/DAY/csv/TABLE.csv (parquet/, json/) beside the report, and `latest-tables` is the
    newest day; manifest.json names all of them with rows, size, SHA-256 and the build that they are from. The
    day is that of the newest reading: the same day once more takes the place of what was there, and what is
    there already of the same build is not written again. All tables of a day are of one build, so those that
    lie there and were not asked for are brought up to date too. With PREFECT_API_URL set this is a recorded
    flow run.
    """
    from flows.answers.exports import NOTHING_THERE, done_line, keep_exports
    from flows.answers.tables import Asked
    from flows.console import complain, say
    from flows.progress import shown
    from flows.refused import Refused
    from warehouse.publish import NoWarehouse

    formats = [each.value for each in form or (Format.csv, Format.parquet)]
    if bom is not None and Format.csv.value not in formats:
        fail("--bom is for CSV; add --format csv, or leave it out", USED_WRONGLY)
    asked = Asked(formats, mart or [], bom)
    with plain_errors(NoWarehouse, Refused):
        settings = read_settings()
        folder = out or settings.reports
        if is_recorded():
            from flows.export import recorded_export

            written = recorded_export(folder, campaign, asked)
        else:
            with shown("export") as progress:
                written = keep_exports(
                    settings, folder, now(), asked, campaign, progress=progress, waiting=complain
                )
        for each in written:
            say(done_line(each))
        if not written:
            say(f"{NOTHING_THERE[:1].upper()}{NOTHING_THERE[1:]}.")
