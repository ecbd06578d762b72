"""`campaign maintain` and `campaign forget`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.explaining import KEEPING, Explained, examples
from flows.cli.running import (
    FAILED,
    is_recorded,
    moment_of,
    now,
    plain_errors,
    read_registry,
    read_settings,
)

if TYPE_CHECKING:
    from flows.keeping.forgetting import Forgetting
    from flows.keeping.maintaining import Maintenance

commands = typer.Typer()


@commands.command(
    cls=Explained,
    rich_help_panel=KEEPING,
    epilog=examples(
        ("campaign maintain --dry-run", "What would be done."),
        ("campaign maintain", "Do it; campaign serve does it every night."),
    ),
)
def maintain(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="ISO-TIME", help="The clock by which days are old. Default: now."),
    ] = None,
) -> None:
    """Keep the data folder small, nightly; no number changes.

    The small files of answers of days that are over are put together, compared row by row before the old
    ones go. Texts leave the answers that are older than CAMPAIGN_KEEP_TEXTS_DAYS days (default: they are
    kept for ever). Builds beyond CAMPAIGN_KEEP_BUILDS and what killed processes left are removed. Killed
    anywhere, it is finished by running it again. With PREFECT_API_URL set this is a recorded flow run.
    """
    from flows.console import complain
    from flows.refused import Refused

    with plain_errors(Refused):
        moment = None if as_of is None else moment_of(as_of, "--as-of")
        if is_recorded():
            from flows.maintain import recorded_maintain

            done = recorded_maintain(moment, dry_run)
        else:
            from flows.keeping.maintaining import maintain as maintain_home
            from flows.progress import shown

            with shown("maintain", in_lines=True) as progress:
                done = maintain_home(
                    read_settings(),
                    clock=moment or now(),
                    dry_run=dry_run,
                    progress=progress,
                    waiting=complain,
                )
        _show(done)
        if done.complaints:
            raise typer.Exit(FAILED)


def _show(done: Maintenance) -> None:
    from flows.console import complain, say, show

    show(None, ["what", "how many"], [list(row) for row in done.rows()], numbers=["how many"])
    say(done.line + (" (--dry-run: nothing was done)" if done.is_dry_run else ""))
    for note in done.notes:
        say(f"note: {note}")
    for line in done.complaints:
        complain(line)


@commands.command(
    cls=Explained,
    rich_help_panel=KEEPING,
    epilog=examples(
        (
            "campaign forget --dry-run https://x.com/someone/status/1786512345678901234",
            "In how many answers the words stand.",
        ),
        (
            "campaign forget https://x.com/someone/status/1786512345678901234 \\\nfacebook:111_222",
            "Remove the words of two posts.",
        ),
    ),
)
def forget(
    posts: Annotated[
        list[str], typer.Argument(metavar="POST…", help="Addresses, or platform:id as the registry has them.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say in how many answers the words stand, and change nothing.")
    ] = False,
) -> None:
    """Remove the words of posts everywhere; their numbers stay.

    Text, title, links and what others' answers repeat of them leave every landed answer and export, the
    tables with all earlier builds (so there is nothing to roll back to afterwards) and the reports; where the
    words are not all known any more, also reports that only name the post. The posts are written down in the
    lake, so that later answers land without their words. Then the tables are made anew. A post that only a
    rule on its words holds in an asset is refused, with the line that lists it.

    Reports and exports that --out wrote outside of CAMPAIGN_HOME are looked through too; a warehouse that
    --out wrote is named with the command that makes it again without the words. Where a file still holds
    them, or nobody could look, the command ends with 1 though all else is done.
    """
    from connectors import discover
    from flows.console import complain
    from flows.keeping.forgetting import forget as forget_posts
    from flows.progress import shown
    from flows.refused import Refused
    from warehouse.build import BuildRefused
    from warehouse.publish import NoWarehouse

    with plain_errors(Refused, NoWarehouse, BuildRefused):
        settings = read_settings()
        with shown("forget", in_lines=True) as progress:
            done = forget_posts(
                settings,
                read_registry(settings),
                discover(),
                posts,
                dry_run=dry_run,
                progress=progress,
                waiting=complain,
            )
        _show_forgotten(done, dry_run)
        if done.complaints and not dry_run:
            raise typer.Exit(FAILED)


def _show_forgotten(done: Forgetting, is_dry: bool) -> None:
    from flows.console import complain, say

    for post in done.posts:
        if not post.is_known:
            say(f"note: {post} is not in the tables; it was looked for by that id alone")
    if done.others:
        say(f"note: the very same words stand in other posts, which keep them: {', '.join(done.others)}")
    named = ", ".join(map(str, done.posts))
    if is_dry:
        say(
            f"{named}: words stand in {done.responses:,} answers ({done.files:,} files) and "
            f"{len(done.reports):,} files of reports; nothing was changed (--dry-run)"
        )
    elif done.built is None:
        say(
            f"{named}: no words of it have landed; what lands from now on lands without them, and the tables "
            f"and earlier builds are as they were ({len(done.reports):,} files of reports removed)"
        )
    else:
        say(
            f"{named}: words removed from {done.responses:,} answers ({done.files:,} files), "
            f"{len(done.reports):,} files of reports removed; the tables were made anew in "
            f"{done.built.seconds:.1f} s, and no earlier build is kept"
        )
    for line in done.complaints:
        complain(line)
