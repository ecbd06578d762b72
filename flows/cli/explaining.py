"""`--help`: what a command does, its options in groups, and worked examples that can be copied.

On a terminal Typer draws it; everywhere else it is plain text of 80 columns at most, without boxes or codes.
"""

from __future__ import annotations

import os
import sys

from typer import Exit
from typer._click import Command, Context, HelpFormatter
from typer.core import MarkupMode, TyperArgument, TyperCommand, TyperGroup, TyperOption

from flows.cli import USED_WRONGLY
from flows.console import say

# The parts of the help of `campaign`: what somebody new needs comes first.
BEGIN = "Begin"
EVERY_DAY = "Every day"
ANSWERS = "Answers"
KEEPING = "Keep it running"

# What options of several commands are about.
WHAT = "What"
WHEN = "When"
UNTOLD = "What the files do not tell"

_INDENT = "  "


def examples(*each: tuple[str, str]) -> str:
    """The end of a command's help: pairs of a command line and what it does. A line may go on after a
    backslash, as a shell takes it."""
    told = ["Examples:"]
    for line, does in each:
        first, *more = line.split("\n")
        told += [f"{_INDENT}{first}", *(f"{_INDENT * 3}{part.strip()}" for part in more)]
        told.append(f"{_INDENT * 2}{does}")
    return "\n".join(told)


class _Explaining(Command):
    """Help that ends in its epilog as it was written, and is plain where nobody sees it drawn."""

    rich_markup_mode: MarkupMode

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        for param in self.get_params(ctx):
            # Its name says what it is; <list[Path]> is Python's word for it.
            if isinstance(param, TyperArgument):
                param.display_type_rich = _untold  # type: ignore[method-assign]
        if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
            self.rich_markup_mode = None
            super().format_help(ctx, formatter)
            return
        for param in self.get_params(ctx):
            # Else <bool> stands behind an option that takes nothing.
            if isinstance(param, TyperOption) and param.is_flag and param.metavar is None:
                param.metavar = ""
        formatter.write("\n")
        # Drawn, its lines would become one paragraph.
        told, self.epilog = self.epilog, None
        super().format_help(ctx, formatter)
        self.epilog = told
        self.format_epilog(ctx, formatter)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                otherwise = "Options" if isinstance(param, TyperOption) else "Arguments"
                title = getattr(param, "rich_help_panel", None) or otherwise
                groups.setdefault(title, []).append(record)
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        if self.epilog:
            formatter.write_paragraph()
            formatter.write(f"{self.epilog}\n")


def _untold(ctx: Context) -> None:
    """No type."""


class Explained(_Explaining, TyperCommand):
    """A command that explains itself."""


class ExplainedGroup(_Explaining, TyperGroup):
    """The program, with its commands in their groups and the whole of what each is for. Called alone, it
    explains itself, and was called wrongly."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            say(ctx.get_help())
            raise Exit(USED_WRONGLY)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                title = getattr(command, "rich_help_panel", None) or "Commands"
                groups.setdefault(title, []).append((name, command.get_short_help_str(limit=1_000)))
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl(rows)
