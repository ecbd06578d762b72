"""`campaign serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.running import plain_errors, read_settings

commands = typer.Typer()


@commands.command(epilog="Example: campaign serve --port 4201")
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the server on 127.0.0.1.")] = 4200,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What runs when; default: prefect.yaml of the working folder."),
    ] = None,
) -> None:
    """Run every schedule of prefect.yaml until Ctrl-C, with a Prefect server and its pages on this machine.

    The server keeps its records in CAMPAIGN_HOME/prefect (or PREFECT_HOME) and answers on 127.0.0.1 only.
    With PREFECT_API_URL set none is started: that server gets the deployments, and their runs run here.
    """
    from flows.scheduled.serving import ServeRefused, serve_until_stopped

    with plain_errors(ServeRefused):
        serve_until_stopped(read_settings(), Path("prefect.yaml") if file is None else file, port)
