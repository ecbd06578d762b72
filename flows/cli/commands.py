"""The command line: `campaign …`. Every command calls the same plain functions as the scheduled flows.

What a command needs is imported when it runs, so that `campaign --help` answers at once.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer._completion_classes import completion_init

from flows.cli import (
    backfilling,
    beginning,
    building,
    collecting,
    completing,
    exporting,
    importing,
    keeping,
    looking,
    querying,
    reporting,
    serving,
    trying,
)
from flows.cli.explaining import ExplainedGroup, examples

# What a shell asks for at TAB is answered before any option is looked at.
completion_init()

app = typer.Typer(
    name="campaign",
    cls=ExplainedGroup,
    epilog=examples(
        ("campaign demo", "See it all work, with a simulated campaign and without any account."),
        ("campaign init", "Begin your own: a few questions, then campaign check leads on."),
        ("campaign collect && campaign build && campaign report", "Ask, make tables, show them."),
        ("campaign collect --help", "What a command does, with examples."),
    ),
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        from flows.console import say

        say(f"campaign {version('campaign-pipeline')}")
        raise typer.Exit


@app.callback()
def campaign(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which release it is."),
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            callback=completing.switch_on,
            is_eager=True,
            help="Have the shell that you are in complete commands, options and names at TAB.",
        ),
    ] = False,
    show_completion: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            callback=completing.show_script,
            is_eager=True,
            help="Show the script that does so, to put it in place yourself.",
        ),
    ] = False,
) -> None:
    """Daily views, shares and retweets of a campaign's posts: from the platforms' APIs to SQL.

    Two verbs carry it: `collect` asks the platforms and keeps every answer, `build` makes the answers into
    tables. Settings come from the environment, or from .env in the working folder; .env.example explains
    each. Errors are one line that says what to do.

    Exit codes: 0 success; 1 something failed, or somebody has something to mend; 2 called wrongly; 130 and
    143 stopped by Ctrl-C or SIGTERM; 141 nobody reads what it writes.
    """


# The help lists them in this order, group by group.
for _module in (
    trying,
    beginning,
    collecting,
    building,
    backfilling,
    importing,
    looking,
    querying,
    reporting,
    exporting,
    serving,
    keeping,
):
    app.add_typer(_module.commands)
