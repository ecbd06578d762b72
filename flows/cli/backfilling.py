"""`campaign backfill`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import completing
from flows.cli.explaining import EVERY_DAY, WHAT, WHEN, Explained, examples
from flows.cli.running import (
    FAILED,
    MOST_TROUBLES,
    USED_WRONGLY,
    Platforms,
    Verbose,
    fail,
    is_recorded,
    log_landed,
    moment_of,
    now,
    plain_errors,
    read_registry,
    read_settings,
)

if TYPE_CHECKING:
    from flows.history.backfilling import BackfillReport, PlatformFill
    from flows.history.forecast import Forecast, Lost

commands = typer.Typer()


@commands.command(
    cls=Explained,
    rich_help_panel=EVERY_DAY,
    epilog=examples(
        (
            "campaign backfill --start 2019-11-01 --end 2019-11-05 --dry-run",
            "First look: calls, cost, time, and what cannot come back.",
        ),
        ("campaign backfill --start 2019-11-01 --end 2019-11-05", "Then do it; afterwards campaign build."),
        (
            "campaign backfill --start 2019-11-01 --end 2019-11-05 \\\n--platform facebook --again",
            "Once more after a permission was granted.",
        ),
    ),
)
def backfill(
    start: Annotated[
        str,
        typer.Option(
            metavar="DAY",
            help="First day to fill, of the campaign's calendar: 2019-11-01.",
            rich_help_panel=WHEN,
        ),
    ],
    end: Annotated[
        str, typer.Option(metavar="DAY", help="Last day to fill, inclusive.", rich_help_panel=WHEN)
    ],
    platform: Platforms = None,
    campaign: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Ask only for this campaign. Default: all.",
            rich_help_panel=WHAT,
            autocompletion=completing.campaigns,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nothing; tell what it would take and what cannot come.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Also ask what was asked before and not told, as after new permissions.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="ISO-TIME",
            help="The run's clock, for sandboxes that simulate time. Default: now.",
            rich_help_panel=WHEN,
        ),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Fill what history the platforms still give for a stretch of days.

    Asked is only what has not landed: listings of watched accounts, days of accounts and posts, mentions per
    day. Broken off or killed, the same command goes on where it was. Lifetime counters have no history; what
    cannot come back is told, by platform and metric. A platform without a credential is named and skipped.
    The exit code is 1 when something that could be fetched was not. With PREFECT_API_URL set this is a
    recorded flow run.
    """
    from flows.history.backfilling import prepare_backfill
    from flows.refused import Refused

    first, last = _day(start, "--start"), _day(end, "--end")
    log_landed(verbose)
    with plain_errors(Refused):
        moment = None if as_of is None else moment_of(as_of, "--as-of")
        if is_recorded() and not dry_run:
            from flows.backfill import recorded_backfill

            report = recorded_backfill(first, last, platform or None, campaign, again, moment)
        else:
            from flows.history.progress import Windows
            from flows.progress import shown

            settings = read_settings()
            with shown("backfill") as progress:
                prepared = prepare_backfill(
                    first,
                    last,
                    platform,
                    settings=settings,
                    registry=read_registry(settings),
                    clock=moment or now(),
                    as_of=moment,
                    campaign=campaign,
                    is_dry=dry_run,
                    is_again=again,
                    progress=progress,
                )
            forecasts = prepared.forecasts()
            _show_forecasts(forecasts)
            if dry_run:
                _show_lost(prepared.lost())
                return
            with shown("backfill", in_lines=True, is_told=verbose) as progress:
                report = prepared.take_all(Windows(progress))
        _show_report(report)
    if not report.is_success:
        raise typer.Exit(FAILED)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{option}: {text!r} is no day; write it as 2019-11-01", USED_WRONGLY)


def _show_forecasts(forecasts: tuple[Forecast, ...]) -> None:
    from flows.console import say, show
    from flows.history.forecast import COLUMNS, cells_of

    rows = [cells_of(one) for one in forecasts]
    if rows:
        show("What it takes, about", COLUMNS, rows, numbers=[COLUMNS[1], *COLUMNS[3:5]])
    for one in forecasts:
        if one.message:
            say(one.message)
    if not rows:
        say("The registry names no account and no post; add some to campaigns/ (campaign check).")


def _show_lost(lost: tuple[Lost, ...]) -> None:
    from flows.console import show

    show(
        "What no backfill brings back",
        ["platform", "of", "metrics", "why"],
        [[one.platform, one.object_type, ", ".join(one.metrics), one.why] for one in lost],
    )


def _show_report(report: BackfillReport) -> None:
    from flows.console import complain, plain, say, show

    if report.platforms:
        show(
            None,
            [
                "platform",
                "outcome",
                "windows",
                "answers",
                "retries",
                "waited s",
                "troubles",
                "seconds",
            ],
            [_row(each) for each in report.platforms],
            numbers=["answers", "retries", "waited s", "seconds"],
        )
    complaints = set(report.complaints)
    for each in report.platforms:
        if each.message and each.message not in complaints:
            say(plain(each.message))
    met = list(dict.fromkeys(message for each in report.platforms for _, message, _ in each.troubles))
    told = [message for message in met if not any(message in complaint for complaint in complaints)]
    for message in told[:MOST_TROUBLES]:
        say(plain(message))
    if len(told) > MOST_TROUBLES:
        say(f"… and {len(told) - MOST_TROUBLES:,} more of the kind")
    for note in report.notes:
        say(f"note: {plain(note)}")
    if any(each.responses for each in report.platforms):
        say("Run campaign build to take it in; what no backfill brings back: the same with --dry-run")
    for complaint in report.complaints:
        complain(complaint)


def _row(each: PlatformFill) -> list[str]:
    kinds: dict[str, int] = {}
    for kind, _, count in each.troubles:
        kinds[kind] = kinds.get(kind, 0) + count
    return [
        each.platform,
        each.outcome,
        f"{each.windows:,} of {each.planned:,}",
        f"{sum(each.responses.values()):,}",
        f"{each.retries:,}",
        f"{each.waits_s:.0f}",
        ", ".join(f"{kind} {count:,}" for kind, count in kinds.items()) or "none",
        f"{each.seconds:.1f}",
    ]
