"""`campaign report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.running import is_recorded, now, plain_errors, read_settings

commands = typer.Typer()


@commands.command(epilog="Example: campaign report --out /srv/reports --campaign uk-general-election-2019")
def report(
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the reports go; default: reports/ in CAMPAIGN_HOME."),
    ] = None,
    campaign: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only this campaign of the tables; default: each of them."),
    ] = None,
) -> None:
    """Write each campaign's report: one page that opens anywhere, and every mart as CSV and Parquet.

    The page needs no network, holds no script and prints: leaderboard, days by platform, the sides, retweets,
    gaps and warnings, and what each number means. It lies in CAMPAIGN/DAY/report.html, the tables beside it;
    `latest` is the newest day. The same day once more takes the place of what was there. With
    PREFECT_API_URL set this is a recorded flow run.
    """
    from flows.answers.reporting import done_line, keep_reports
    from flows.console import say
    from flows.refused import Refused
    from warehouse.publish import NoWarehouse

    with plain_errors(NoWarehouse, Refused):
        settings = read_settings()
        folder = out or settings.reports
        if is_recorded():
            from flows.report import recorded_report

            written = recorded_report(folder, campaign)
        else:
            written = keep_reports(settings, folder, now(), campaign)
        for each in written:
            say(done_line(each))
        if not written:
            say("The tables hold no campaign; put one into the registry and run campaign build.")
