"""What a page tells people to type, held against the programs themselves: nothing is run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from uuid import UUID

import typer
from typer._click.exceptions import ClickException, MissingParameter
from typer.core import TyperGroup

from flows.cli.commands import app
from tests.docs.pages import ROOT, SHELL, Page

COMMANDS = typer.main.get_command(app)

PROGRAMS = ("campaign", "make", "prefect")
# Stands for < and > where they are not quoted.
_GOES = "\N{SYMBOL FOR RECORD SEPARATOR}"
# What may stand before a program's name.
_BEFORE = r"(?:[A-Z][A-Z_]*=\S+ +|run +|podman exec campaign +|sudo +|nice +|exec +)*(?:[\w./-]*/bin/)?"


def lines_of(page: Page) -> list[str]:
    """What a page shows to be typed: the lines of its blocks, and the code in its prose."""
    lines: list[str] = []
    for block in page.blocks:
        if block.language in SHELL:
            lines += block.text.replace("\\\n", " ").splitlines()
    return [*lines, *page.inline]


def calls_in(lines: Iterable[str], program: str = "campaign") -> list[list[str]]:
    """What follows the program wherever a line calls it."""
    found = []
    for line in lines:
        for part in _parts(re.sub(r"(^|\s)#.*", "", line)):
            called = re.match(rf"\s*{_BEFORE}{program}(?=\s)(.*)", part)
            if called and (words := _words(called[1])):
                found.append(words)
    return found


def _words(part: str) -> list[str]:
    """The words of a command, without where its input and output go."""
    words, goes = [], False
    for word in shlex.split(part):
        if not goes and not re.fullmatch(rf"\d?{_GOES}.*", word):
            words.append(word)
        goes = bool(re.fullmatch(rf"\d?{_GOES}+", word))
    return words


def _parts(line: str) -> list[str]:
    """The commands of a line; quotes hold together, and what redirects outside them is marked."""
    if re.fullmatch(r"\s*[\d*/]+( +[\d*/-]+){4} +\w+ +.*", line):
        # A line of cron: five times and a user come first.
        line = line.split(maxsplit=6)[6]
    parts, quote = [""], ""
    for letter in line:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "&|;":
            parts.append("")
            continue
        parts[-1] += _GOES if letter in "<>" and not quote else letter
    return [] if quote else parts


def refusal_of(call: list[str]) -> str | None:
    """Why `campaign` does not take a call; None when it does."""
    assert isinstance(COMMANDS, TyperGroup)
    name, *arguments = call
    if name.startswith("-"):
        return (
            None if name in ("--help", "--install-completion", "--show-completion") else f"no option {name}"
        )
    command = COMMANDS.commands.get(name)
    if command is None:
        return f"there is no command {name}"
    if "--help" in arguments:
        return None
    try:
        command.make_context(name, list(arguments))
    except MissingParameter as mistake:
        # A command that is only named, with an option at most.
        is_named = len(arguments) <= 2 and all(word.startswith("-") for word in arguments[:1])
        return None if is_named else mistake.format_message()
    except ClickException as mistake:
        return mistake.format_message()
    return None


@cache
def targets() -> frozenset[str]:
    """What `make` can make."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def refusal_of_make(call: list[str]) -> str | None:
    """Why `make` does not take a call; files that it makes are taken by their names."""
    made = [word for word in call if "=" not in word and not word.startswith("-")]
    unknown = [
        word for word in made if word not in targets() and not Path(word).name.startswith(".installed")
    ]
    return f"make has no target {unknown[0]}" if unknown else None


def refusal_of_prefect(call: list[str]) -> str | None:
    """Why `prefect` does not take a call."""
    from cyclopts import CycloptsError
    from prefect.cli._app import _app as prefect

    if "--help" in call:
        return None
    # What a reader puts a number of their own in the place of.
    filled = [str(UUID(int=0)) if word == "ID" else word for word in call]
    try:
        prefect.parse_args(filled, exit_on_error=False, print_error=False)
    except CycloptsError as mistake:
        return str(mistake).splitlines()[0]
    return None


REFUSALS = {"campaign": refusal_of, "make": refusal_of_make, "prefect": refusal_of_prefect}
