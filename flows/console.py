"""How the command line speaks: tables and lines on standard output, one plain line on standard error.

On a terminal, and wherever COLUMNS says how wide it is, a table has a frame that fits the width; where that
is too narrow for it, each row is a block of lines, one for each of its cells. No word is folded but one that
is wider than the whole width. Elsewhere, as in a pipe or a file, it is plain: a row is one line however long,
and columns are two blanks apart.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Literal

from flows.cli.stopping import has_come
from flows.output import as_shown

# A plain column is padded to its widest cell, but no further: what is longer moves the rest of its row.
WIDEST_COLUMN = 48

# A framed row of more lines is easier to read as a block.
MOST_LINES = 4
# A column that must give way keeps this much, or all that it has.
NARROWEST_COLUMN = 12

# C0 and C1 controls except tab and line feed, and the marks that reverse the order of letters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


# Who draws on the terminal meanwhile, and takes lines in above that.
drawing: list[Callable[[str], None]] = []


def plain(text: str) -> str:
    """The text without controls: names and titles come from outside, and a terminal obeys escape
    sequences."""
    return _CONTROLS.sub("\ufffd", text)


def counted(number: int, thing: str) -> str:
    """A number of things: 1 table, 2,000 tables."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def say(line: str = "") -> None:
    """One line on standard output, as it is."""
    sys.stdout.write(f"{line}\n")


def complain(line: str) -> None:
    """One line on standard error, naming the program; none once it is being stopped, for whatever fails by
    then fails for that, also inside of the database, which says something else of it."""
    if has_come():
        return
    told = f"campaign: {plain(' '.join(line.split()))}"
    if drawing:
        drawing[-1](told)
        return
    # What was said before stands before it, also on a terminal; what cannot be written is met at the end.
    with suppress(OSError, ValueError):
        sys.stdout.flush()
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

    console = Console(file=sys.stdout, highlight=False)
    widths = framed_widths([head, *body], console.width)
    if widths is None:
        if title:
            console.print(Text(title, style="bold"))
        lines = blocks(head, body, console.width) if body else aligned([head], flush_right)
        for line in lines:
            console.print(Text(line, style="" if line.startswith(" ") else "bold"), soft_wrap=True)
        return
    table = Table(
        title=Text(title, style="bold") if title else None, title_justify="left", header_style="bold"
    )
    for column, is_flush_right, width in zip(head, flush_right, widths, strict=True):
        justify: Literal["left", "right"] = "right" if is_flush_right else "left"
        table.add_column(Text(column), justify=justify, overflow="fold", width=width)
    for row in body:
        table.add_row(*map(Text, row))
    console.print(table)


def framed_widths(rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """How wide the columns of a framed table are, so that it fits `width` and folds no word; None where it
    cannot, or where a row would take more than `MOST_LINES` lines."""
    from rich.cells import cell_len

    columns = [[cell or " " for cell in column] for column in zip(*rows, strict=True)]
    widths = [max(cell_len(line) for cell in column for line in cell.splitlines()) for column in columns]
    if len(columns) == 1:
        # There is nothing that a block would tell apart.
        return [max(min(widths[0], width - 4), 1)]
    words = [max(cell_len(word) for cell in column for word in (*cell.split(), " ")) for column in columns]
    least = [
        max(longest, min(natural, NARROWEST_COLUMN)) for longest, natural in zip(words, widths, strict=True)
    ]
    room = width - 3 * len(columns) - 1
    if sum(least) > room:
        return None
    while (excess := sum(widths) - room) > 0:
        # The widest gives way first, down to the one after it.
        widest = max((have for have, need in zip(widths, least, strict=True) if have > need))
        next_widest = max((have for have in widths if have < widest), default=0)
        for place, (have, need) in enumerate(zip(widths, least, strict=True)):
            if have == widest and have > need and excess > 0:
                taken = min(excess, max(have - max(need, next_widest), 1))
                widths[place] -= taken
                excess -= taken
    is_high = any(
        sum(-(-cell_len(line) // max(have, 1)) for line in cell.splitlines()) > MOST_LINES
        for column, have in zip(columns, widths, strict=True)
        for cell in column
    )
    return None if is_high else widths


def blocks(head: Sequence[str], body: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Rows as blocks of lines: the first cell, then each other cell behind the name of its column. What is
    empty is left out."""
    import textwrap

    label = min(max(len(name) for name in head[1:]), width // 3)
    for row in body:
        yield plain(" ".join(row[0].split())) or head[0]
        for name, cell in zip(head[1:], row[1:], strict=True):
            told = " ".join(cell.split())
            if told:
                yield from textwrap.wrap(
                    told,
                    max(width, label + 24),
                    initial_indent=f"  {name:<{label}}  ",
                    subsequent_indent=" " * (label + 4),
                    break_on_hyphens=False,
                    break_long_words=False,
                )


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
