"""How the command line speaks: tables and lines on standard output, one plain line on standard error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Piped tables are not folded to a screen that is not there.
PIPED_WIDTH = 10_000

# C0 and C1 controls except tab and line feed, and the marks that reverse the order of letters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text without controls: names and titles come from outside, and a terminal obeys escape
    sequences."""
    return _CONTROLS.sub("\ufffd", text)


def say(line: str = "") -> None:
    """One line on standard output, as it is."""
    sys.stdout.write(f"{line}\n")


def complain(line: str) -> None:
    """One line on standard error, naming the program."""
    sys.stderr.write(f"campaign: {plain(' '.join(line.split()))}\n")


def show(
    title: str | None,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Iterable[str] = (),
) -> None:
    """A table on standard output; the columns named in `numbers` are set flush right."""
    table = Table(title=title and Text(title, style="bold"), title_justify="left", header_style="bold")
    flush_right = set(numbers)
    for column in columns:
        table.add_column(
            Text(plain(column)), justify="right" if column in flush_right else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    is_screen = sys.stdout.isatty() or "COLUMNS" in os.environ
    Console(file=sys.stdout, width=None if is_screen else PIPED_WIDTH, highlight=False).print(table)
