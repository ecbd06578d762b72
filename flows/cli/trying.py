"""Trying it out without any account: `campaign demo` and `campaign sandbox`."""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack
from datetime import datetime
from typing import Annotated

import typer

from flows.cli.explaining import BEGIN, Explained, examples
from flows.cli.running import moment_of, plain_errors, read_settings

commands = typer.Typer()


@commands.command(
    cls=Explained,
    rich_help_panel=BEGIN,
    epilog=examples(
        ("campaign demo", "The data goes to ./data; campaign sql and campaign report answer from it."),
        ("CAMPAIGN_HOME=/tmp/demo campaign demo", "The same elsewhere."),
    ),
)
def demo() -> None:
    """Two simulated campaigns of 45 and 52 days, from start to leaderboard, without any credential.

    The sandbox plays the platforms over real HTTP; the real SDKs ask it; the answers are landed, built and
    ranked. The data goes to CAMPAIGN_HOME (default ./data).
    """
    from flows.demo import demo as run_demo
    from flows.refused import Refused
    from warehouse.build import BuildRefused

    with plain_errors(Refused, BuildRefused):
        run_demo(read_settings())


@commands.command(
    cls=Explained,
    rich_help_panel=BEGIN,
    epilog=examples(
        ("campaign sandbox", "On a free port, at the sandbox's own moment."),
        (
            "campaign sandbox --port 8800 --now 2019-11-20T12:00Z",
            "At a moment of 2019; what it prints goes into another terminal.",
        ),
    ),
)
def sandbox(
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 0,
    now: Annotated[
        str | None,
        typer.Option(metavar="ISO-TIME", help="The moment that is simulated; default: the sandbox's own."),
    ] = None,
) -> None:
    """Serve a double of every platform until Ctrl-C, and print the settings that point collect at it."""
    with plain_errors():
        _serve_sandbox(port, None if now is None else moment_of(now, "--now"))


def _serve_sandbox(port: int, now: datetime | None) -> None:
    from connectors.sandbox import SETTINGS
    from connectors.sandbox.server import serve
    from flows.console import say
    from flows.progress import shown

    announced: list[int] = []

    def announce(taken: int) -> None:
        starting.close()
        announced.append(taken)
        say("# The sandbox is serving; Ctrl-C stops it. In another terminal:")
        for name, value in SETTINGS(taken).items():
            say(f"export {name}={shlex.quote(value)}")
        say("export CAMPAIGN_HOME=./sandbox-data")
        say("# then, for any moment of its two campaigns:")
        say("# campaign collect --as-of 2019-11-20T12:00Z && campaign build")
        sys.stdout.flush()

    with ExitStack() as starting:
        starting.enter_context(shown("sandbox starts"))
        try:
            serve(port, now=now, announce=announce)
        except KeyboardInterrupt:
            # What serves until it is stopped has done what it was told.
            if not announced:
                raise
