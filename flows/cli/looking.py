"""Looking after it: `campaign check` and `campaign status`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from flows.cli.explaining import BEGIN, EVERY_DAY, Explained, examples
from flows.cli.running import FAILED, now, plain_errors, read_settings

commands = typer.Typer()


class Shape(StrEnum):
    """How status is written."""

    table = "table"
    json = "json"


@commands.command(
    cls=Explained,
    rich_help_panel=BEGIN,
    epilog=examples(
        ("campaign check", "After every change of the registry or of a credential."),
        ("campaign check --offline", "The same without asking a platform."),
        (
            "CAMPAIGN_REGISTRY=next-year campaign check --offline",
            "Another registry than the one that is set.",
        ),
    ),
)
def check(
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nothing of a platform: say what the files tell.")
    ] = False,
) -> None:
    """Say how everything stands and what to do next: registry, settings, credentials, money, folders, tables.

    Each platform is asked whether it takes the credential and for whom, how long it lives and which
    permissions it lacks; nothing is renewed and nothing costs. What blocks comes first, then what limits,
    then what can be had besides, each with the page or the command that mends it; the last line is the next
    step. Lists what an active campaign's assets leave out: posts that nobody listed, most viewed first, each
    with the asset that it resembles and the line to add; and rules that catch nothing. Secrets are never
    shown, only whether they are there. The exit code is 0 when collect and build could run.
    """
    from flows.health.examine import examine

    with plain_errors():
        if not examine(read_settings(), now(), asks_platforms=not offline):
            raise typer.Exit(FAILED)


@commands.command(
    cls=Explained,
    rich_help_panel=EVERY_DAY,
    epilog=examples(
        ("campaign status", "For people."),
        ("campaign status --format json", "For programs."),
        ("campaign status --alert > /dev/null", "Hourly from cron: whoever is to know is told."),
    ),
)
def status(
    shape: Annotated[Shape, typer.Option("--format", help="What to write to standard output.")] = Shape.table,
    alert: Annotated[
        bool,
        typer.Option(
            "--alert",
            help="Send what is wrong, and what is over, by CAMPAIGN_ALERT_WEBHOOK and CAMPAIGN_ALERT_EMAIL: "
            "once, then daily.",
        ),
    ] = False,
) -> None:
    """How everything stands: last reading and success of each platform, gaps, budgets, credentials, tables.

    Read from the data folder alone; nothing is asked of a platform. The exit code is 1 when somebody has
    something to mend, with one line for each thing on standard error: a platform that an active campaign
    needs and that was not asked for 2.5 hours, a last round that failed, tables 6 hours older than what has
    landed, a credential that lacks a permission, has expired or has less than 7 days left, a budget that is
    spent, a gap that goes on, a maintain, report or export that failed.
    """
    from flows.console import complain, say
    from flows.health.alerts import tell_people
    from flows.health.status import as_json, tell
    from flows.health.watching import look

    with plain_errors():
        settings, clock = read_settings(), now()
        found = look(settings, clock)
        if found.facts is not None and shape is Shape.json:
            say(as_json(found.facts, found.problems))
        elif found.facts is not None:
            tell(found.facts)
        for problem in found.problems:
            complain(str(problem))
        alerted = tell_people(settings, found.problems, clock) if alert else None
        for line in alerted.failed if alerted else ():
            complain(line)
    if found.problems or (alerted and alerted.failed):
        raise typer.Exit(FAILED)
