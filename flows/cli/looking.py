"""Looking after it: `campaign check` and `campaign status`."""

from __future__ import annotations

import typer

from flows.cli.running import FAILED, now, plain_errors, read_registry, read_settings

commands = typer.Typer()


@commands.command(epilog="Example: campaign check")
def check() -> None:
    """Read the registry and the settings and say what is wrong with them; look at the folders and tables.

    Lists what an active campaign's assets leave out: posts that nobody listed, most viewed first, each with
    the asset that it resembles and the line to add; and rules that catch nothing. Secrets are never shown,
    only whether they are there. Nothing is asked of a platform. The exit code is 0 when collect and build
    could run.
    """
    from flows.examine import examine

    with plain_errors():
        if not examine(read_settings(), now()):
            raise typer.Exit(FAILED)


@commands.command(epilog="Example: campaign status")
def status() -> None:
    """How fresh each platform is, and what reading has cost: last collect, newest reading, posts known and
    gone, spending of today and of this month against the budgets.

    Read from the data folder alone; nothing is asked of a platform.
    """
    from flows.standing import tell_standing

    with plain_errors():
        settings = read_settings()
        if not tell_standing(settings, read_registry(settings), now()):
            raise typer.Exit(FAILED)
