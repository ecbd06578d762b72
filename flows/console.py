"""How the command line speaks: tables and lines on standard output, one plain line on standard error.

On a terminal, and wherever COLUMNS says how wide it is, a table has a frame that fits the width. Elsewhere,
as in a pipe or a file, it is plain: a row is one line however long, and columns are two blanks apart.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from flows.output import as_shown

# A plain column is padded to its widest cell, but no further: what is longer moves the rest of its row.
WIDEST_COLUMN = 48

# C0 and C1 controls except tab and line feed, and the marks that reverse the order of letters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


# Who draws on the terminal meanwhile, and takes lines in above that.
drawing: list[Callable[[str], None]] = []


def plain(text: str) -> str:
    """The text without controls: names and titles come from outside, and a terminal obeys escape
    sequences."""
    return _CONTROLS.sub("\ufffd", text)


def say(line: str = "") -> None:
    """One line on standard output, as it is."""
    sys.stdout.write(f"{line}\n")


def complain(line: str) -> None:
    """One line on standard error, naming the program."""
    told = f"campaign: {plain(' '.join(line.split()))}"
    if drawing:
        drawing[-1](told)
        return
    sys.stderr.write(f"{told}\n")


def show(
    title: str | None,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Iterable[str] = (),
) -> None:
    """A table on standard output; the columns named in `numbers` are set flush right."""
    flush_right = [column in set(numbers) for column in columns]
    head = [as_shown(plain(column)) for column in columns]
    body = [[as_shown(plain(cell)) for cell in row] for row in rows]
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        _show_framed(as_shown(title or ""), head, body, flush_right)
        return
    if title:
        say(as_shown(title))
    for line in aligned([head, *body], flush_right):
        say(line)


def _show_framed(
    title: str, head: Sequence[str], body: Sequence[Sequence[str]], flush_right: Sequence[bool]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title, style="bold") if title else None, title_justify="left", header_style="bold"
    )
    for column, is_flush_right in zip(head, flush_right, strict=True):
        table.add_column(Text(column), justify="right" if is_flush_right else "left", overflow="fold")
    for row in body:
        table.add_row(*map(Text, row))
    Console(file=sys.stdout, highlight=False).print(table)


def aligned(rows: Sequence[Sequence[str]], flush_right: Sequence[bool]) -> Iterator[str]:
    """A plain table, a line for each row."""
    from rich.cells import cell_len

    flat = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [min(max(map(cell_len, column)), WIDEST_COLUMN) for column in zip(*flat, strict=True)]
    for row in flat:
        line = []
        for cell, width, is_flush_right in zip(row, widths, flush_right, strict=True):
            padding = " " * (width - cell_len(cell))
            line.append(f"{padding}{cell}" if is_flush_right else f"{cell}{padding}")
        yield "  ".join(line).rstrip()
