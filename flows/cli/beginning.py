"""`campaign init`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows.cli import completing
from flows.cli.explaining import BEGIN, Explained, examples
from flows.cli.running import USED_WRONGLY, fail, plain_errors, read_settings

commands = typer.Typer()

_CAMPAIGN, _SIDES, _FILES = "The campaign", "Who campaigns", "Where things go"


@commands.command(
    cls=Explained,
    rich_help_panel=BEGIN,
    epilog=examples(
        ("campaign init", "Asks everything, on a terminal."),
        (
            'campaign init --name "Clean Water 2026" --side "Clean Water" \\\n'
            "--starts 2026-04-01 --ends 2026-06-30",
            "Asks only for what is left.",
        ),
        (
            'campaign init --yes --name "Clean Water 2026" --side "Clean Water" \\\n'
            "--starts 2026-04-01 --ends 2026-06-30 --timezone Europe/London \\\n"
            "--account https://x.com/CleanWaterNow --account facebook:cleanwater \\\n"
            '--rival "Big Soap" --rival-account "Big Soap=https://x.com/BigSoap" \\\n'
            "--registry our-campaigns --home campaign-data --save-credentials",
            "Asks nothing: for scripts.",
        ),
    ),
)
def init(
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The campaign's name, for people.", rich_help_panel=_CAMPAIGN),
    ] = None,
    campaign_id: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="ID",
            help="Its name in tables and paths: a-z, 0-9 and hyphens. Default: made from the name.",
            rich_help_panel=_CAMPAIGN,
        ),
    ] = None,
    starts: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="First day that counts: 2026-04-01.", rich_help_panel=_CAMPAIGN),
    ] = None,
    ends: Annotated[
        str | None, typer.Option(metavar="DAY", help="Last day that counts.", rich_help_panel=_CAMPAIGN)
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="Whose midnight ends a day, as in Europe/London. Default: this machine's, where it has one.",
            rich_help_panel=_CAMPAIGN,
            autocompletion=completing.zones,
        ),
    ] = None,
    side: Annotated[
        str | None, typer.Option(metavar="NAME", help="Your own side's name.", rich_help_panel=_SIDES)
    ] = None,
    rival: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A rival's; may be given several times.", rich_help_panel=_SIDES),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ACCOUNT",
            help="An account of yours: its profile's address, or PLATFORM:NAME. May be given several times.",
            rich_help_panel=_SIDES,
        ),
    ] = None,
    rival_account: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RIVAL=ACCOUNT",
            help="A rival's account, likewise; with one rival ACCOUNT is enough.",
            rich_help_panel=_SIDES,
        ),
    ] = None,
    home: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the data goes (CAMPAIGN_HOME). Default: what is set, else data.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the campaign's file goes (CAMPAIGN_REGISTRY). Default: what is set, else campaigns.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    save_credentials: Annotated[
        bool,
        typer.Option(
            "--save-credentials",
            help="Write credentials and addresses of platforms that the environment holds into .env.",
            rich_help_panel=_FILES,
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; take the default of what is not given.")
    ] = False,
) -> None:
    """Begin a campaign of your own: writes its registry file and .env, explained, from a few answers.

    On a terminal it asks for what no option gives. No option takes a credential, which others could read:
    type it when asked, unseen, or leave it for later. What exists is never changed: a file of that campaign
    is refused, and of a .env that is there you are told what it lacks. The new file is read as every command
    reads it before it gets its place. Ctrl-C leaves everything as it was.
    """
    from flows.beginning.answers import Unusable
    from flows.cli.interview import Given, begin
    from flows.cli.stopping import has_come
    from flows.cli.talking import Talk
    from flows.console import say
    from flows.refused import Refused

    is_asking = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    needed = {"--name": name, "--starts": starts, "--ends": ends, "--side": side}
    missing = [option for option, value in needed.items() if value is None]
    if missing and not is_asking:
        fail(f"{', '.join(missing)}: needed where nobody is asked; see campaign init --help", USED_WRONGLY)
    given = Given(
        name=name,
        id=campaign_id,
        starts=starts,
        ends=ends,
        timezone=timezone,
        side=side,
        rivals=rival or None,
        accounts=account or None,
        rival_accounts=rival_account or None,
        home=home,
        registry=registry,
        saves_credentials=save_credentials,
    )
    try:
        with plain_errors(Refused, Unusable):
            begin(Talk(is_asking), read_settings(), given)
    except typer.Abort:
        # The question stands there without a line end.
        say()
        if has_come():
            raise
        fail("the input ended and nothing was written; start again, or give options (campaign init --help)")
