"""Trying it out without any account: `campaign demo` and `campaign sandbox`."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import typer

from flows.cli.running import moment_of, plain_errors, read_settings

commands = typer.Typer()


@commands.command(epilog="Example: campaign demo")
def demo() -> None:
    """42 days of a simulated campaign, from start to leaderboard, without any credential.

    The sandbox plays the platforms over real HTTP; the real SDKs ask it; the answers are landed, built and
    ranked. The data goes to CAMPAIGN_HOME (default ./data).
    """
    from flows.demo import demo as run_demo
    from flows.refused import Refused
    from warehouse.build import BuildRefused

    with plain_errors(Refused, BuildRefused):
        run_demo(read_settings())


@commands.command(epilog="Example: campaign sandbox --port 8800 --now 2019-11-20T12:00Z")
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
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

    def announce(taken: int) -> None:
        say("# The sandbox is serving; Ctrl-C stops it. In another terminal:")
        for name, value in SETTINGS(taken).items():
            say(f"export {name}={shlex.quote(value)}")
        say("export CAMPAIGN_HOME=./sandbox-data")
        say("# then, for any moment of its two campaigns:")
        say("# campaign collect --as-of 2019-11-20T12:00Z && campaign build")
        sys.stdout.flush()

    with suppress(KeyboardInterrupt):
        serve(port, now=now, announce=announce)
