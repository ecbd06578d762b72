"""`campaign build`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.explaining import EVERY_DAY, WHAT, Explained, examples
from flows.cli.running import (
    USED_WRONGLY,
    fail,
    is_recorded,
    moment_of,
    plain_errors,
    read_registry,
    read_settings,
)

if TYPE_CHECKING:
    from warehouse.build import BuildReport
    from warehouse.versions import RolledBack

commands = typer.Typer()


@commands.command(
    cls=Explained,
    rich_help_panel=EVERY_DAY,
    epilog=examples(
        ("campaign build", "After every collect; it costs what is new."),
        ("campaign build --full", "Everything again from landing: nightly, and after an upgrade."),
        (
            "campaign build --as-known-at 2019-12-01 --out as-we-saw-it.duckdb",
            "The tables of then, beside the published ones.",
        ),
        ("campaign build --rollback", "The numbers are wrong: publish the build before."),
    ),
)
def build(
    full: Annotated[
        bool, typer.Option("--full", help="Rebuild everything from landing.", rich_help_panel=WHAT)
    ] = False,
    as_known_at: Annotated[
        str | None,
        typer.Option(
            metavar="ISO-TIME",
            help="Leave out what was read later: the tables as they were then.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the warehouse to this file and leave the published one alone.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    rollback: Annotated[
        bool,
        typer.Option(
            "--rollback",
            help="Make nothing: publish the build before this one again. Once more goes one further back.",
        ),
    ] = False,
    wait: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="How long to wait for another build that is running. Default: 600 with --full, else 0.",
        ),
    ] = None,
) -> None:
    """Make the landed answers into tables and publish them, whole or not at all.

    It costs what is new since the last build: only the days on which something changed are made again. The
    tables are in warehouse.duckdb in CAMPAIGN_HOME; CAMPAIGN_DASK gives the reading of answers to workers.
    Whoever reads goes on with the old tables until the new ones are checked. The last CAMPAIGN_KEEP_BUILDS
    builds (3) are kept for --rollback. One build runs at a time: a full one waits for another, any other ends
    at once, unless --wait says how long. With PREFECT_API_URL set this is a recorded flow run.
    """
    from flows.console import complain
    from flows.health.last_runs import build_of
    from flows.refused import Refused
    from flows.workers.cluster import plain_hands
    from warehouse.build import BuildRefused
    from warehouse.versions import RollbackRefused, roll_back

    with plain_errors(BuildRefused, Refused, RollbackRefused):
        if rollback:
            if full or as_known_at is not None or out is not None or wait is not None:
                fail("--rollback makes nothing; leave the other options out", USED_WRONGLY)
            settings = read_settings()
            warehouse = settings.warehouse
            _show_rollback(roll_back(warehouse), warehouse)
            # It told of tables that are not published any more.
            build_of(settings.home).unlink(missing_ok=True)
            return
        moment = None if as_known_at is None else moment_of(as_known_at, "--as-known-at")
        settings = read_settings()
        if is_recorded() and out is None:
            from flows.build import recorded_build

            report = recorded_build(full, moment, wait)
        else:
            from flows.progress import shown
            from flows.refresh import refresh

            with shown("build", in_lines=full) as progress:
                report = refresh(
                    settings,
                    read_registry(settings),
                    full=full,
                    as_known_at=moment,
                    out=out,
                    wait_s=wait,
                    hiring=plain_hands,
                    progress=progress,
                    waiting=complain,
                )
        _show_build(report, out or settings.warehouse)
        if not report.readings and moment is None:
            _show_that_nothing_was_read()
        if moment is not None and out is None:
            _show_that_it_is_of_then(moment)


def _show_that_nothing_was_read() -> None:
    from flows.answers.first_things import NOTHING_READ
    from flows.console import say

    say(NOTHING_READ)


def _show_that_it_is_of_then(moment: datetime) -> None:
    from flows.console import say

    say(
        f"note: every reader now sees the tables as they were known at {moment.isoformat()}; "
        "`campaign build` publishes what is known now; --out FILE leaves the published tables alone"
    )


def _show_rollback(done: RolledBack, warehouse: Path) -> None:
    from flows.console import say

    readings = "" if done.readings is None else f", on {done.readings:,} readings"
    say(
        f"{warehouse}: back to the build of {done.made_at:%Y-%m-%d %H:%M:%S} UTC{readings}; "
        f"{done.left:,} still earlier kept"
    )
    if done.set_aside is not None:
        say(f"What was published until now lies in {done.set_aside} until the next build.")
    say("The next build makes the tables from what has landed again: mend first what was wrong with them.")


def _show_build(report: BuildReport, warehouse: Path) -> None:
    from flows.console import complain, plain, say, show
    from flows.refresh import done_line, warning_line

    show(
        None,
        ["table", "rows"],
        [[table, f"{rows:,}"] for table, rows in report.tables.items()],
        numbers=["rows"],
    )
    say(done_line(report, warehouse))
    for warned in report.warnings:
        if warned.position == 1:
            say(f"warning: {plain(warning_line(warned))}")
    if report.not_json:
        complain(
            f"{report.not_json:,} of the new answers came with status 200 and are no JSON; they stay landed, "
            "and tell nothing"
        )
    for file in report.failed:
        complain(f"{file} cannot be read and was left out; restore it from a copy, or delete it")
