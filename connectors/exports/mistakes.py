"""What is wrong with a file that was handed in: one plain line a mistake, with the place and the cure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Names and cells come from outside: in a line of ours they are cut after so many characters.
SHOWN = 60


@dataclass(frozen=True)
class Mistake:
    """One mistake of one file. `line` counts from 1 as an editor does; `column` is the column's own name."""

    file: str
    what: str
    cure: str
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        place = on_one_line(self.file)
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", column {shown(self.column)}"
        return f"{place}: {self.what}; {self.cure}"


class NotAnExport(Exception):
    """A file that cannot be read as an export; `mistakes` are at least one."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


class CellError(ValueError):
    """A cell that cannot be read for certain: what is wrong with it, and the cure."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what, cure)
        self.what = what
        self.cure = cure


def shown(text: str) -> str:
    """A text from outside as it stands in a line of ours: quoted, on one line, not too long."""
    text = on_one_line(text)
    return f'"{text if len(text) <= SHOWN else text[:SHOWN] + "…"}"'


def on_one_line(text: str) -> str:
    """A text without its line ends; a file's name may have some."""
    return " ".join(text.split())
