"""The command line: `campaign …`. Every command calls the same plain functions as the scheduled flows.

What a command needs is imported when it runs, so that `campaign --help` answers at once.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer._click import Context
from typer._click.exceptions import ClickException
from typer.core import TyperCommand

if TYPE_CHECKING:
    from flows.importing import Imported
    from flows.registry import Registry
    from flows.round import CollectReport, PlatformReport
    from flows.settings import Settings
    from warehouse.build import BuildReport
    from warehouse.versions import RolledBack

FAILED = 1
USED_WRONGLY = 2
INTERRUPTED = 130

# How many troubles are told one by one; in an election a hundred listed posts may be deleted.
MOST_TROUBLES = 10

app = typer.Typer(
    name="campaign",
    help="""Daily views, shares and retweets of a campaign's posts: from the platforms' APIs to SQL.

Two verbs carry it: **collect** asks the platforms and keeps every answer, **build** makes
the answers into tables. Begin with `campaign demo`, which needs no account anywhere; then write your registry
into campaigns/ and let `campaign check` read it.

Settings come from the environment or from .env in the working folder.
""",
    epilog="Each command explains itself: campaign collect --help",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


# What mends an error of a file or a folder.
_UNWRITABLE = "; mend its permissions, or set CAMPAIGN_HOME and CAMPAIGN_LAKE to other folders"
_CURES = {
    errno.EROFS: _UNWRITABLE,
    errno.EACCES: _UNWRITABLE,
    errno.EPERM: _UNWRITABLE,
    errno.ENOSPC: "; make room there",
    errno.ENOENT: "; see that it is there and its name is right",
}


class _TakesComments(TyperCommand):
    """A command whose argument may begin as an SQL comment does, with `--` and a blank; an option never
    does."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        # After a line end, which SQL passes over, the text is no option any more.
        return super().parse_args(ctx, [f"\n{each}" if re.match(r"--\s", each) else each for each in args])


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code: 0 success, 1 it failed, 2 it was called wrongly."""
    from flows.console import complain

    command = typer.main.get_command(app)
    try:
        code = command.main(args=arguments, prog_name="campaign", standalone_mode=False)
    except ClickException as mistake:
        said = mistake.format_message().rstrip(".")
        # Called without a command, the help was already shown.
        if said:
            complain(f"{said[:1].lower()}{said[1:]}{'' if said.endswith('?') else ';'} see campaign --help")
        code = USED_WRONGLY
    except typer.Abort:
        code = INTERRUPTED
    if code == INTERRUPTED:
        complain("stopped; what had arrived is kept")
    sys.exit(code or 0)


@app.command(epilog="Example: campaign demo")
def demo() -> None:
    """42 days of a simulated campaign, from start to leaderboard, without any credential.

    The sandbox plays the platforms over real HTTP; the real SDKs ask it; the answers are landed, built and
    ranked. The data goes to CAMPAIGN_HOME (default ./data).
    """
    from flows.demo import demo as run_demo
    from flows.round import Refused
    from warehouse.build import BuildRefused

    with _plain_errors(Refused, BuildRefused):
        run_demo(_settings())


@app.command(epilog="Example: campaign sandbox --port 8800 --now 2019-11-20T12:00Z")
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    now: Annotated[
        str | None,
        typer.Option(metavar="ISO-TIME", help="The moment that is simulated; default: the sandbox's own."),
    ] = None,
) -> None:
    """Serve a double of every platform until Ctrl-C, and print the settings that point collect at it."""
    with _plain_errors():
        _serve_sandbox(port, None if now is None else _moment(now, "--now"))


@app.command(epilog="Example: campaign check")
def check() -> None:
    """Read the registry and the settings and say what is wrong with them; look at the folders and tables.

    Lists what an active campaign's assets leave out: posts that nobody listed, most viewed first, each with
    the asset that it resembles and the line to add; and rules that catch nothing. Secrets are never shown,
    only whether they are there. Nothing is asked of a platform. The exit code is 0 when collect and build
    could run.
    """
    from flows.examine import examine

    with _plain_errors():
        if not examine(_settings(), _now()):
            raise typer.Exit(FAILED)


@app.command(epilog="Example: campaign status")
def status() -> None:
    """How fresh each platform is, and what reading has cost: last collect, newest reading, posts known and
    gone, spending of today and of this month against the budgets.

    Read from the data folder alone; nothing is asked of a platform.
    """
    from flows.standing import tell_standing

    with _plain_errors():
        settings = _settings()
        if not tell_standing(settings, _registry(settings), _now()):
            raise typer.Exit(FAILED)


@app.command(
    epilog="Example: campaign collect --platform x --campaign election-2019 --as-of 2019-11-20T12:00Z",
)
def collect(
    platform: Annotated[
        list[str] | None,
        typer.Option(metavar="P", help="Ask only this platform; may be given several times. Default: all."),
    ] = None,
    campaign: Annotated[
        str | None, typer.Option(metavar="ID", help="Ask only for this campaign. Default: all active ones.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="ISO-TIME",
            help="The run's clock, stamped on what is read: 2019-11-20T12:00Z, or a day for its midnight "
            "UTC. For sandboxes that simulate time. Default: now.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Read every post and walk every account, due or not.")
    ] = False,
) -> None:
    """Ask the platforms what is due, and land every answer as it came.

    New posts of watched accounts are found; posts are read hourly while young, less often as they age, and
    once a day where the platform charges for them (or as the registry's [cadence] says). A
    platform without a credential is named and skipped. The exit code is 1 when something was not read as
    asked, or when every platform asked lacks its credential. With PREFECT_API_URL set this is a recorded flow
    run.
    """
    from flows.round import Refused, prepare

    with _plain_errors(Refused), _stopped_by_sigterm():
        moment = None if as_of is None else _moment(as_of, "--as-of")
        if _is_recorded():
            from flows.collect import recorded_collect

            report = recorded_collect(platform or None, campaign, moment, everything)
        else:
            settings = _settings()
            report = prepare(
                platform,
                settings=settings,
                registry=_registry(settings),
                clock=moment or _now(),
                as_of=moment,
                campaign=campaign,
                everything=everything,
            ).take_all()
        _show_collect(report)
    if not report.is_success:
        raise typer.Exit(FAILED)


@app.command(
    epilog="Example: campaign build --as-known-at 2019-12-01 --out as-we-saw-it.duckdb",
)
def build(
    full: Annotated[bool, typer.Option("--full", help="Rebuild everything from landing.")] = False,
    as_known_at: Annotated[
        str | None,
        typer.Option(metavar="ISO-TIME", help="Leave out what was read later: the tables as they were then."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the warehouse to this file and leave the published one alone."
        ),
    ] = None,
    rollback: Annotated[
        bool,
        typer.Option(
            "--rollback",
            help="Make nothing: publish the build before this one again. Once more goes one further back.",
        ),
    ] = False,
) -> None:
    """Make the landed answers into tables and publish them, whole or not at all.

    It costs what is new since the last build: only the days on which something changed are made again.
    Whoever reads goes on with the old tables until the new ones are checked. The last CAMPAIGN_KEEP_BUILDS
    builds (3) are kept for --rollback. With PREFECT_API_URL set this is a recorded flow run.
    """
    from flows.round import Refused
    from warehouse.build import BuildRefused
    from warehouse.versions import RollbackRefused, roll_back

    with _plain_errors(BuildRefused, Refused, RollbackRefused):
        if rollback:
            if full or as_known_at is not None or out is not None:
                _fail("--rollback makes nothing; leave the other options out", USED_WRONGLY)
            warehouse = _settings().warehouse
            _show_rollback(roll_back(warehouse), warehouse)
            return
        moment = None if as_known_at is None else _moment(as_known_at, "--as-known-at")
        settings = _settings()
        if _is_recorded() and out is None:
            from flows.build import recorded_build

            report = recorded_build(full, moment)
        else:
            from flows.refresh import refresh

            report = refresh(settings, _registry(settings), full=full, as_known_at=moment, out=out)
        _show_build(report, out or settings.warehouse)
        if moment is not None and out is None:
            _show_that_it_is_of_then(moment)


@app.command(
    cls=_TakesComments,
    epilog='Example: campaign sql "SELECT asset_title, views FROM marts.asset_totals ORDER BY views DESC"',
)
def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="The query, or - to read it from standard input.")
    ],
    form: Annotated[
        Format,
        typer.Option("--format", help="parquet goes to a file or pipe; table shows at most 1,000 rows."),
    ] = Format.table,
) -> None:
    """Ask the published tables, read-only. · marks what is not known, which is never the same as 0.

    In csv, text that a spreadsheet would run as a formula has an apostrophe before it; json and parquet are
    exact.
    """
    from flows.query import QueryRefused, answer
    from warehouse.publish import NoWarehouse

    with _plain_errors(QueryRefused, NoWarehouse):
        question = sys.stdin.read() if query == "-" else query
        if not question.strip():
            _fail('no query; write campaign sql "SELECT …"', USED_WRONGLY)
        answer(_settings().warehouse, question, form.value)


@app.command(
    name="import",
    epilog="Example: campaign import Dec-01-2019_Dec-12-2019.csv --observed-at 2019-12-13T09:00Z "
    "--timezone America/Los_Angeles",
)
def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="CSV exports, as they were downloaded.")
    ],
    observed_at: Annotated[
        str | None,
        typer.Option(
            metavar="ISO-TIME", help="When the files were exported, where their names do not tell it."
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="The zone of times that name none, such as America/Los_Angeles."),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            metavar="PLATFORM:ACCOUNT",
            help="Whose days the files hold, where they do not tell it: x:@NAME, facebook:ID, instagram:ID.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge the files and land nothing.")] = False,
) -> None:
    """Land exports made by hand: Meta Business Suite, X Analytics, CrowdTangle (docs/imports.md).

    Every file is read and judged first: where one cell of one file cannot be read for certain, nothing lands.
    A file that was imported before lands nothing new, and with other options than then it is refused. Their
    numbers take part from the next build on, marked as exported.
    """
    from connectors.exports.judging import Options
    from flows.importing import ImportRefused, import_exports, parse_account, parse_zone

    with _plain_errors():
        try:
            options = Options(
                observed_at=None if observed_at is None else _moment(observed_at, "--observed-at"),
                zone=None if timezone is None else parse_zone(timezone),
                account=None if account is None else parse_account(account),
            )
        except ValueError as mistake:
            _fail(str(mistake), USED_WRONGLY)
        try:
            imported = import_exports(_settings(), files, options, now=_now, dry_run=dry_run)
        except ImportRefused as refused:
            from flows.console import complain

            for line in refused.mistakes:
                complain(line)
            raise typer.Exit(FAILED) from None
        _show_imported(imported)


def _settings() -> Settings:
    from flows.settings import Settings

    return Settings()


def _registry(settings: Settings) -> Registry:
    from connectors import discover
    from flows.registry import load

    return load(settings.registry, discover())


def _now() -> datetime:
    return datetime.now(UTC)


def _is_recorded() -> bool:
    """Whether runs are to be recorded by a Prefect server. Without one, Prefect would start its own for each
    run."""
    return bool(os.environ.get("PREFECT_API_URL"))


def _moment(text: str, option: str) -> datetime:
    from flows.moments import NotAMoment, parse_moment

    try:
        return parse_moment(text)
    except NotAMoment as mistake:
        _fail(f"{option}: {mistake}", USED_WRONGLY)


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


def _fail(line: str, code: int = FAILED) -> NoReturn:
    from flows.console import complain

    complain(line)
    raise typer.Exit(code)


@contextmanager
def _plain_errors(*more: type[Exception]) -> Iterator[None]:
    """Turn what is expected to go wrong into one plain line (a registry's mistakes into one each); anything
    else is our bug and keeps its traceback."""
    from flows.console import complain
    from flows.registry import RegistryError
    from flows.settings import SettingsError

    expected: tuple[type[Exception], ...] = (SettingsError, *more)
    try:
        yield
    except BrokenPipeError:
        raise
    except RegistryError as error:
        for mistake in error.mistakes:
            complain(str(mistake))
        raise typer.Exit(FAILED) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}{_CURES.get(error.errno or 0, '')}")
    except expected as error:
        _fail(str(error), USED_WRONGLY if type(error).__name__ == "UnknownName" else FAILED)


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """A polite kill is like Ctrl-C: what has arrived is landed before the process ends."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
    for complaint in report.complaints:
        complain(complaint)


def _is_a_complaint(message: str, report: CollectReport) -> bool:
    """Whether the report's complaints say it already, alone or with a count of others."""
    return any(said == message or said.startswith(f"{message} (and ") for said in report.complaints)


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
