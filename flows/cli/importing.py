"""`campaign import`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import completing
from flows.cli.explaining import EVERY_DAY, UNTOLD, Explained, examples
from flows.cli.running import (
    FAILED,
    USED_WRONGLY,
    Verbose,
    fail,
    log_landed,
    moment_of,
    now,
    plain_errors,
    read_settings,
)

if TYPE_CHECKING:
    from flows.collecting.importing import Imported

commands = typer.Typer()


@commands.command(
    name="import",
    cls=Explained,
    rich_help_panel=EVERY_DAY,
    epilog=examples(
        ("campaign import Dec-01-2019_Dec-12-2019.csv --dry-run", "Judge a file, and land nothing."),
        (
            "campaign import Dec-01-2019_Dec-12-2019.csv \\\n"
            "--observed-at 2019-12-13T09:00Z --timezone America/Los_Angeles",
            "Say what the file does not tell.",
        ),
        (
            "campaign import posts.csv days.csv --account x:@UKLabour",
            "Several files at once, all or none; whose days they hold.",
        ),
    ),
)
def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="CSV exports, as they were downloaded.")
    ],
    observed_at: Annotated[
        str | None,
        typer.Option(
            metavar="ISO-TIME",
            help="When the files were exported, where their names do not tell it.",
            rich_help_panel=UNTOLD,
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="The zone of times that name none, such as America/Los_Angeles.",
            rich_help_panel=UNTOLD,
            autocompletion=completing.zones,
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            metavar="PLATFORM:ACCOUNT",
            help="Whose days the files hold, where they do not tell it: x:@NAME, facebook:ID, instagram:ID.",
            rich_help_panel=UNTOLD,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge the files and land nothing.")] = False,
    verbose: Verbose = False,
) -> None:
    """Land exports made by hand: Meta Business Suite, X Analytics, CrowdTangle.

    docs/imports.md says which files are known and how to get them. Every file is read and judged first: where
    one cell of one file cannot be read for certain, nothing lands. A file that was imported before lands
    nothing new, and with other options than then it is refused. Their numbers take part from the next build
    on, marked as exported.
    """
    from connectors.exports.judging import Options
    from flows.collecting.importing import ImportRefused, import_exports, parse_account, parse_zone
    from flows.console import complain
    from flows.progress import shown

    log_landed(verbose)
    with plain_errors():
        try:
            options = Options(
                observed_at=None if observed_at is None else moment_of(observed_at, "--observed-at"),
                zone=None if timezone is None else parse_zone(timezone),
                account=None if account is None else parse_account(account),
            )
        except ValueError as mistake:
            fail(str(mistake), USED_WRONGLY)
        try:
            with shown("import", in_lines=True, is_told=verbose) as progress:
                imported = import_exports(
                    read_settings(),
                    files,
                    options,
                    now=now,
                    dry_run=dry_run,
                    progress=progress,
                    waiting=complain,
                )
        except ImportRefused as refused:
            for line in refused.mistakes:
                complain(line)
            raise typer.Exit(FAILED) from None
        _show_imported(imported)


def _show_imported(imported: Sequence[Imported]) -> None:
    from flows.console import plain, say, show

    show(
        None,
        ["file", "export", "platform", "rows", "posts", "days", "observed at"],
        [
            [
                each.file,
                each.title,
                each.platform,
                f"{each.records:,}",
                f"{each.posts:,}",
                f"{each.days:,}",
                f"{each.observed_at:%Y-%m-%d %H:%M:%S} UTC",
            ]
            for each in imported
        ],
        numbers=["rows", "posts", "days"],
    )
    for each in imported:
        for note in each.notes:
            say(plain(f"{each.file}: {note}"))
    responses = sum(each.responses for each in imported)
    say(
        f"{responses:,} {'response' if responses == 1 else 'responses'} landed"
        + ("; campaign build takes them in" if responses else "")
    )
