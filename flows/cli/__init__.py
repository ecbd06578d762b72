"""The command line: `campaign …`. Every command calls the same plain functions as the scheduled flows.

What a command needs is imported when it runs, so that `campaign --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer._click.exceptions import ClickException

from flows.cli import (
    backfilling,
    building,
    collecting,
    importing,
    keeping,
    looking,
    querying,
    reporting,
    serving,
    trying,
)
from flows.cli.running import USED_WRONGLY

INTERRUPTED = 130

app = typer.Typer(
    name="campaign",
    help="""Daily views, shares and retweets of a campaign's posts: from the platforms' APIs to SQL.

Two verbs carry it: **collect** asks the platforms and keeps every answer, **build** makes
the answers into tables. Begin with `campaign demo`, which needs no account anywhere; then write your registry
into campaigns/ and let `campaign check` read it.

Settings come from the environment or from .env in the working folder.
""",
    epilog="Each command explains itself: campaign collect --help",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

# The help lists them in this order.
for _module in (
    trying,
    looking,
    collecting,
    backfilling,
    building,
    querying,
    reporting,
    importing,
    keeping,
    serving,
):
    app.add_typer(_module.commands)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code: 0 success, 1 it failed, 2 it was called wrongly."""
    from flows.console import complain

    # Prefect, where a command uses it, would tell its makers of every use.
    for name, value in {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}.items():
        os.environ.setdefault(name, value)
    command = typer.main.get_command(app)
    try:
        code = command.main(args=arguments, prog_name="campaign", standalone_mode=False)
    except ClickException as mistake:
        said = mistake.format_message().rstrip(".")
        # Called without a command, the help was already shown.
        if said:
            complain(f"{said[:1].lower()}{said[1:]}{'' if said.endswith('?') else ';'} see campaign --help")
        code = USED_WRONGLY
    except typer.Abort:
        code = INTERRUPTED
    if code == INTERRUPTED:
        complain("stopped; what had arrived is kept")
    sys.exit(code or 0)
