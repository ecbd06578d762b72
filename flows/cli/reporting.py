"""`campaign report`."""

from __future__ import annotations

import typer

from flows.cli.explaining import ANSWERS, Explained, examples
from flows.cli.running import Out, Published, is_recorded, now, plain_errors, read_settings

commands = typer.Typer()


@commands.command(
    cls=Explained,
    rich_help_panel=ANSWERS,
    epilog=examples(
        ("campaign report", "Each campaign's page and tables, in reports/ of CAMPAIGN_HOME."),
        (
            "campaign report --campaign uk-general-election-2019 --out /srv/reports",
            "One campaign's, where a web server shows them.",
        ),
    ),
)
def report(
    out: Out = None,
    campaign: Published = None,
) -> None:
    """Write each campaign's report: one page that opens anywhere, and every mart as CSV and Parquet.

    The page needs no network, holds no script and prints: leaderboard, days by platform, the sides, retweets,
    gaps and warnings, and what each number means. It lies in CAMPAIGN/DAY/report.html, the tables beside it;
    `latest` is the newest day. The same day once more takes the place of what was there. With
    PREFECT_API_URL set this is a recorded flow run.
    """
    from flows.answers.reporting import done_line, keep_reports
    from flows.console import say
    from flows.progress import shown
    from flows.refused import Refused
    from warehouse.publish import NoWarehouse

    with plain_errors(NoWarehouse, Refused):
        settings = read_settings()
        folder = out or settings.reports
        if is_recorded():
            from flows.report import recorded_report

            written = recorded_report(folder, campaign)
        else:
            with shown("report") as progress:
                written = keep_reports(settings, folder, now(), campaign, progress)
        for each in written:
            say(done_line(each))
        if not written:
            say("The tables hold no campaign; put one into the registry and run campaign build.")
