"""`campaign serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.explaining import KEEPING, Explained, examples
from flows.cli.running import is_recorded, plain_errors, read_settings

commands = typer.Typer()


@commands.command(
    cls=Explained,
    rich_help_panel=KEEPING,
    epilog=examples(
        ("campaign serve", "Everything by the clock; its pages are at http://127.0.0.1:4200."),
        ("campaign serve --port 4300 --reports-port 0", "Another port, and no reports beside it."),
        (
            "PREFECT_API_URL=http://127.0.0.1:4200/api campaign serve --file mine.yaml",
            "A worker of a server that runs elsewhere, with deployments of your own.",
        ),
    ),
)
def serve(
    port: Annotated[
        int, typer.Option(metavar="N", min=1, max=65535, help="Port of the server on 127.0.0.1.")
    ] = 4200,
    reports_port: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=65535,
            help="Port of the reports on 127.0.0.1, 0 for none. Default: the one after --port; none with "
            "PREFECT_API_URL set.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What runs when; default: prefect.yaml of the working folder."),
    ] = None,
) -> None:
    """Run every schedule of prefect.yaml until Ctrl-C, with a Prefect server and its pages on this machine.

    The server keeps its records in CAMPAIGN_HOME/prefect (or PREFECT_HOME) and answers on 127.0.0.1 only.
    With PREFECT_API_URL set none is started: that server gets the deployments, and their runs run here.
    The reports in CAMPAIGN_HOME/reports are served beside it, read-only, on 127.0.0.1 too.
    """
    from flows.scheduled.serving import ServeRefused, serve_until_stopped

    if reports_port is None:
        # Somebody else's server has a port of its own: nobody knows what lies beside that.
        reports_port = 0 if is_recorded() else port + 1 if port < 65535 else port - 1
    with plain_errors(ServeRefused):
        serve_until_stopped(
            read_settings(), Path("prefect.yaml") if file is None else file, port, reports_port
        )
