"""`campaign collect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import completing
from flows.cli.explaining import EVERY_DAY, WHAT, WHEN, Explained, examples
from flows.cli.running import (
    FAILED,
    MOST_TROUBLES,
    Platforms,
    Verbose,
    is_recorded,
    log_landed,
    moment_of,
    now,
    plain_errors,
    read_registry,
    read_settings,
)

if TYPE_CHECKING:
    from flows.collecting.round import CollectReport, PlatformReport

commands = typer.Typer()


@commands.command(
    cls=Explained,
    rich_help_panel=EVERY_DAY,
    epilog=examples(
        ("campaign collect", "What is due now, all platforms side by side: run it every hour."),
        ("campaign collect --platform x --all", "One platform, due or not."),
        (
            "campaign collect --campaign clean-water-2026 --platform facebook --platform x",
            "One campaign on two platforms.",
        ),
        (
            "campaign collect --all --as-of 2019-11-20T12:00Z",
            "From campaign sandbox, at a moment that it simulates.",
        ),
    ),
)
def collect(
    platform: Platforms = None,
    campaign: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Ask only for this campaign. Default: all active ones.",
            rich_help_panel=WHAT,
            autocompletion=completing.campaigns,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="ISO-TIME",
            help="The run's clock, stamped on what is read: 2019-11-20T12:00Z, or a day for its midnight "
            "UTC. For sandboxes that simulate time. Default: now.",
            rich_help_panel=WHEN,
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Read every post and walk every account, due or not.", rich_help_panel=WHEN
        ),
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Ask the platforms what is due, and land every answer as it came.

    New posts of the accounts in the registry (CAMPAIGN_REGISTRY) are found; posts are read hourly while
    young, less often as they age, and once a day where the platform charges for them (or as the registry's
    [cadence] says). A platform without a credential is named and skipped. The answers go to CAMPAIGN_HOME, or
    to CAMPAIGN_LAKE where it is set. The exit code is 1 when something was not read as
    asked, or when every platform asked lacks its credential. With PREFECT_API_URL set this is a recorded flow
    run.
    """
    from flows.collecting.round import prepare
    from flows.refused import Refused
    from flows.workers.rounds import take_all

    log_landed(verbose)
    with plain_errors(Refused):
        moment = None if as_of is None else moment_of(as_of, "--as-of")
        if is_recorded():
            from flows.collect import recorded_collect

            report = recorded_collect(platform or None, campaign, moment, everything)
        else:
            from flows.progress import shown

            settings = read_settings()
            with shown("collect", is_told=verbose) as progress:
                prepared = prepare(
                    platform,
                    settings=settings,
                    registry=read_registry(settings),
                    clock=moment or now(),
                    as_of=moment,
                    campaign=campaign,
                    everything=everything,
                    progress=progress,
                )
                report = take_all(prepared)
        _show_collect(report)
    if not report.is_success:
        raise typer.Exit(FAILED)


def _show_collect(report: CollectReport) -> None:
    from flows.console import complain, plain, say, show

    if report.platforms:
        show(
            None,
            ["platform", "outcome", "answers landed", "retries", "waited s", "troubles", "seconds"],
            [_collect_row(each) for each in report.platforms],
            numbers=["retries", "waited s", "seconds"],
        )
    # What is a complaint too is said once, on standard error.
    skipped = [each.message for each in report.platforms if each.outcome in ("skipped", "nothing due")]
    for message in skipped:
        if message and not _is_a_complaint(message, report):
            say(message)
    met = [message for each in report.platforms for _, message, _ in each.troubles]
    messages = [message for message in met if not _is_a_complaint(message, report)]
    for message in messages[:MOST_TROUBLES]:
        say(plain(message))
    if len(messages) > MOST_TROUBLES:
        say(f"… and {len(messages) - MOST_TROUBLES:,} more of the kind")
    for each in report.platforms:
        if each.spent_today_usd is not None:
            say(f"{each.platform}: {each.spent_today_usd:.3f} USD spent today (UTC); see campaign status")
    for reason in report.idle:
        say(f"idle: {reason}")
    for note in report.notes:
        say(f"note: {plain(note)}")
    if not report.platforms:
        say("The registry names no account and no post; add some to campaigns/ (campaign check).")
    for line in report.complaints:
        complain(f"{line}{_page_of(line, report)}")


def _is_a_complaint(message: str, report: CollectReport) -> bool:
    """Whether the report's complaints say it already, alone or with a count of others."""
    return any(said == message or said.startswith(f"{message} (and ") for said in report.complaints)


def _page_of(complaint: str, report: CollectReport) -> str:
    """Where it is written how a credential is made, after a complaint about one; else empty."""
    from connectors.errors import TokenInvalid
    from flows.health.tokens import STEPS

    for each in report.platforms:
        for kind, message, _ in each.troubles:
            if kind == TokenInvalid.__name__ and complaint.startswith(message):
                return f"; {STEPS}#{each.platform}"
    return ""


def _collect_row(report: PlatformReport) -> list[str]:
    answers = ", ".join(f"{endpoint} {count:,}" for endpoint, count in report.responses.items())
    return [
        report.platform,
        report.outcome,
        answers or "none",
        f"{report.retries:,}",
        f"{report.waits_s:.0f}",
        report.troubles_in_short or "none",
        f"{report.seconds:.1f}",
    ]
