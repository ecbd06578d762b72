"""What every command needs to run: settings, registry, clock, and errors in one plain line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from flows.cli import FAILED as FAILED
from flows.cli import USED_WRONGLY as USED_WRONGLY
from flows.cli import completing, stopping
from flows.cli.explaining import WHAT

if TYPE_CHECKING:
    from flows.registry import Registry
    from flows.settings import Settings

# How many troubles are told one by one; in an election a hundred listed posts may be deleted.
MOST_TROUBLES = 10

Platforms = Annotated[
    list[str] | None,
    typer.Option(
        metavar="P",
        help="Ask only this platform; may be given several times. Default: all.",
        rich_help_panel=WHAT,
        autocompletion=completing.platforms,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Where they are written; default: reports/ in CAMPAIGN_HOME."),
]
Published = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="Only this campaign of the tables; default: each of them.",
        rich_help_panel=WHAT,
        autocompletion=completing.reported,
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Tell on standard error of each file of answers once it is safe.")
]
"""An option of commands that land; `log_landed` does what it says."""


def read_settings() -> Settings:
    from flows.settings import Settings

    return Settings()


def read_registry(settings: Settings) -> Registry:
    from connectors import discover
    from flows.registry import load

    return load(settings.registry, discover())


def now() -> datetime:
    return datetime.now(UTC)


def is_recorded() -> bool:
    """Whether runs are to be recorded by a Prefect server. Without one, Prefect would start its own for each
    run."""
    return bool(os.environ.get("PREFECT_API_URL"))


def moment_of(text: str, option: str) -> datetime:
    from flows.moments import NotAMoment, parse_moment

    try:
        return parse_moment(text)
    except NotAMoment as mistake:
        fail(f"{option}: {mistake}", USED_WRONGLY)


def fail(line: str, code: int = FAILED) -> NoReturn:
    from flows.console import complain

    complain(line)
    raise typer.Exit(code)


@contextmanager
def plain_errors(*more: type[Exception]) -> Iterator[None]:
    """Turn what is expected to go wrong into one plain line (a registry's mistakes into one each); anything
    else is our bug and keeps its traceback."""
    from flows.console import complain
    from flows.cures import in_one_line
    from flows.registry import RegistryError
    from flows.settings import SettingsError

    expected: tuple[type[Exception], ...] = (OSError, RegistryError, SettingsError, *more)
    try:
        yield
    except expected as error:
        if stopping.has_come():
            # Whatever fails by then fails for that.
            raise stopping.Stopped from error
        if isinstance(error, RegistryError):
            for mistake in error.mistakes:
                complain(str(mistake))
            raise typer.Exit(FAILED) from None
        if isinstance(error, OSError):
            if isinstance(error, BrokenPipeError):
                # Nobody is there to be told.
                raise
            fail(in_one_line(error))
        fail(_with_what_comes_first(error), USED_WRONGLY if getattr(error, "is_misuse", False) else FAILED)


def _with_what_comes_first(error: Exception) -> str:
    if not hasattr(error, "missing"):
        return str(error)
    from flows.answers.first_things import first_things_first
    from warehouse.publish import NoWarehouse

    try:
        with first_things_first(read_settings()):
            raise error
    except NoWarehouse as told:
        return str(told)


def log_landed(verbose: bool) -> None:
    """Write the log of what landed on standard error, where that is asked for."""
    if not verbose:
        return
    import logging

    from warehouse.landing import LOG

    told = logging.StreamHandler()
    told.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(told)
    LOG.setLevel(logging.INFO)
