"""The page of a report: what stands on it, and the template that makes it HTML, every text escaped.

The page asks for nothing: no script, no picture, no font, no address; its style lies in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from flows.console import plain

FOLDER = Path(__file__).parent

# A screen of a phone, about; what is longer pushes the next thing out of reach.
MOST_UNFOLDED_ROWS = 12

# Where rows are cards, so many of them fill a screen; the style has it as `most_cards`.
MOST_CARDS = 5

_LONGEST_WORD = 16

# More columns than these have no room for two tables side by side on paper.
_MOST_ABREAST = 8

_ADDRESS = re.compile(r"https://[^\s/?#@]+([/?#]\S*)?")


@dataclass(frozen=True)
class Column:
    """A column's head; numbers are set flush right, and what `is_whole` is never broken into lines."""

    label: str
    is_number: bool = False
    is_whole: bool = False


@dataclass(frozen=True)
class Cell:
    """A value as text; `mark` says how well it is known, `spark` draws the days behind it (SVG of ours), and
    `address` is where it leads, if it is one of the web's (https)."""

    text: str
    mark: str = ""
    spark: Markup | None = None
    address: str | None = None

    @property
    def leads_to(self) -> str | None:
        """Addresses come from platforms: what is no page of the web is no link."""
        return self.address if self.address is not None and _ADDRESS.fullmatch(self.address) else None


@dataclass(frozen=True)
class Table:
    """Rows under heads. A long one is folded under its caption, and so is one that is looked up (`is_aside`),
    because a chart says the same or hardly anybody asks; none that `is_open` is, and none on paper."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None
    is_open: bool = False
    is_aside: bool = False

    @property
    def head(self) -> int | None:
        """The column that says what each row is of: the first that holds no numbers."""
        return next((place for place, column in enumerate(self.columns) if not column.is_number), None)

    @property
    def texts(self) -> frozenset[int]:
        """The columns that hold sentences or titles, and want room for more than a word in a line."""
        return frozenset(
            place
            for place, column in enumerate(self.columns)
            if not column.is_number
            and not column.is_whole
            and any(len(row[place].text) > _LONGEST_WORD for row in self.rows)
        )

    @property
    def cells(self) -> Iterator[Cell]:
        for row in (*self.rows, self.total or ()):
            yield from row

    @property
    def is_by_day(self) -> bool:
        """Whether its rows are of moments, to be compared from one to the next; those of things are set as
        cards on a narrow screen."""
        return self.head is not None and self.columns[self.head].is_whole

    @property
    def is_folded(self) -> bool:
        return not self.is_open and (
            len(self.rows) > MOST_UNFOLDED_ROWS or (self.is_aside and bool(self.rows))
        )

    @property
    def more(self) -> int:
        """Rows that a narrow screen keeps back until they are asked for. Two or three of them would take no
        more room than the line that has them shown."""
        rest = len(self.rows) - MOST_CARDS
        return rest if rest > 2 and not self.is_by_day and not self.is_folded else 0


@dataclass(frozen=True)
class Figure:
    """A chart, drawn for a screen, a phone and a large screen; `description` says in sentences and figures
    what it shows.

    The drawings are SVG of ours, in which every text is escaped; a page shows one of them. `anchor` is
    unique in its page. One that `is_further` is shown on a phone when it is asked for. `looks` says in which
    ways it draws days that are not complete, by the names of `charts.key`.
    """

    anchor: str
    caption: str
    description: str
    wide: Markup
    narrow: Markup
    widest: Markup
    is_further: bool = False
    looks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Section:
    """`short` is its name in the list of sections, where the title is long; `looks` are those of what its
    tables draw."""

    anchor: str
    title: str
    note: str
    tables: Sequence[Table]
    figures: Sequence[Figure] = ()
    short: str = ""
    looks: frozenset[str] = frozenset()

    @property
    def says_something(self) -> bool:
        return bool(self.figures) or any(table.rows for table in self.tables)

    @property
    def is_two_abreast(self) -> bool:
        """Whether all it has are slim tables of days, of which paper takes two side by side."""
        return bool(self.tables) and all(
            table.is_by_day and len(table.columns) <= _MOST_ABREAST for table in self.tables
        )


@dataclass(frozen=True)
class Headline:
    """One number in large letters; `note` says what to hold it against."""

    label: str
    value: str
    note: str
    mark: str = ""


@dataclass(frozen=True)
class Key:
    """What a sign beside numbers means, and days that are drawn like these samples (SVG of ours)."""

    sign: str
    samples: Sequence[Markup]
    said: str


@dataclass(frozen=True)
class Variable:
    """A variable of the page's style that this page has otherwise, in light and on paper, and in dark; none
    of its parts comes from outside."""

    name: str
    light: str
    dark: str


@dataclass(frozen=True)
class Page:
    """`day` is the report's own; `headlines` stand at its head, `facts` are what it was made from. `unread`
    says what to do while nothing was read. `colours` are those that this page's sides have; `key` explains
    the marks that it has."""

    title: str
    day: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    headlines: Sequence[Headline] = ()
    unread: str = ""
    colours: Sequence[Variable] = ()
    key: Sequence[Key] = ()


def render(page: Page) -> str:
    """The page as HTML. Names and texts come from outside: none becomes markup or hides the order of its
    letters."""
    return template("report.html").render(page=page)


def template(name: str) -> Template:
    """A page of this folder, to be filled in."""
    # Everything is escaped: no template and no value is marked as safe but the style, a file of ours.
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    environment.globals["most_cards"] = MOST_CARDS
    return environment.get_template(name)
