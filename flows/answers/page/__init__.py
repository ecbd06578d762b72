"""The page of a report: what stands on it, and the template that makes it HTML, every text escaped.

The page asks for nothing: no script, no picture, no font, no address; its style lies in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.console import plain

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Column:
    """A column's head; numbers are set flush right, and what `is_whole` is never broken into lines."""

    label: str
    is_number: bool = False
    is_whole: bool = False


@dataclass(frozen=True)
class Cell:
    """A value as text; `mark` says how well it is known."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Table:
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str
    note: str
    tables: Sequence[Table]


@dataclass(frozen=True)
class Page:
    """`day` is the report's own; `facts` stand at its head."""

    title: str
    day: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]


def render(page: Page) -> str:
    """The page as HTML. Names and texts come from outside: none becomes markup or hides the order of its
    letters."""
    # Everything is escaped: no template and no value is marked as safe but the style, a file of ours.
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    return environment.get_template("report.html").render(page=page)
