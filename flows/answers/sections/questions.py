"""The questions of a report, `warehouse/report/*.sql`, asked of one campaign; answers as rows or a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from flows.answers.campaigns import QUERIES, Campaign
from flows.answers.known import MARKS
from flows.answers.page import Cell, Column, Table
from flows.answers.page.charts.days import Gap, Window
from flows.answers.platforms import platform_name
from flows.answers.query import as_cell
from warehouse import sql

# Of a campaign that lists thousands the page has those that people ask about; the files beside it have all.
MOST_ASSETS = 50

_PARAMETER = re.compile(r"\$(\w+)")
_NUMERIC = ("INT", "DECIMAL", "FLOAT", "DOUBLE")

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Questions:
    """A campaign of a published build, to be asked about. Each question may raise duckdb.Error."""

    connection: duckdb.DuckDBPyConnection
    campaign: Campaign

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.campaign.timezone)

    @property
    def closed_day(self) -> date:
        """The campaign's last day that is over; its first while none is, and its last once all are."""
        campaign = self.campaign
        return max(campaign.starts, min(campaign.closed_day or campaign.starts, campaign.ends))

    @property
    def is_day_over(self) -> bool:
        """Whether any of the campaign's days is over."""
        closed = self.campaign.closed_day
        return closed is not None and closed >= self.campaign.starts

    @cached_property
    def listed(self) -> tuple[int, int]:
        """How many assets with posts the team lists, and how many of them were read."""
        (found,) = self.rows("listed")
        return found[0], found[1]

    @property
    def shows_listed(self) -> bool:
        """Whether tables of assets are of the listed ones; where none was read, our side's other posts are
        shown in their place."""
        return self.listed[1] > 0

    @property
    def window(self) -> Window:
        """The days that charts span: those of the campaign so far."""
        last = min(self.campaign.ends, self.campaign.day)
        return Window(self.campaign.starts, max(last, self.campaign.starts))

    @cached_property
    def gaps(self) -> dict[str, list[Gap]]:
        """Of each platform the stretches of more than half a day in which nothing was read."""
        found: dict[str, list[Gap]] = {}
        for platform, starts, ends in self.rows("long_gaps"):
            found.setdefault(platform, []).append((starts, ends))
        return found

    def ask(self, name: str) -> tuple[list[Column], list[Row]]:
        """The answer to a question, and what its columns are."""
        query = sql.text_of(QUERIES / f"{name}.sql")
        # Worked out where it is asked for: one of them is itself the answer to a question.
        given: dict[str, Callable[[], object]] = {
            "campaign": lambda: self.campaign.campaign_id,
            "closed_day": lambda: self.closed_day,
            "most_assets": lambda: MOST_ASSETS,
            "shows_listed": lambda: self.shows_listed,
        }
        self.connection.execute(query, {name: given[name]() for name in set(_PARAMETER.findall(query))})
        columns = [
            Column(
                str(name),
                is_number=not str(kind).endswith("]")
                and any(part in str(kind).split("(")[0] for part in _NUMERIC),
                is_whole=str(kind).startswith(("DATE", "TIME")),
            )
            for name, kind, *_ in self.connection.description or []
        ]
        return columns, self.connection.fetchall()

    def rows(self, name: str) -> list[Row]:
        return self.ask(name)[1]

    def table(self, name: str, caption: str) -> Table:
        columns, rows = self.ask(name)
        return self.as_table(caption, columns, rows)

    def as_table(self, caption: str, columns: Sequence[Column], rows: Sequence[Row]) -> Table:
        """A table; under "platform" stand the names of platforms."""
        return Table(
            caption,
            columns,
            [
                [
                    Cell(platform_name(value)) if column.label == "platform" and value else self.cell(value)
                    for column, value in zip(columns, row, strict=True)
                ]
                for row in rows
            ],
        )

    def linked(self, caption: str, columns: Sequence[Column], rows: Sequence[Row], label: str) -> Table:
        """A table whose last column is no column: the address that the cell under `label` leads to."""
        place = next(place for place, column in enumerate(columns) if column.label == label)
        table = self.as_table(caption, columns[:-1], [row[:-1] for row in rows])
        return replace(
            table,
            rows=[
                [*cells[:place], replace(cells[place], address=row[-1]), *cells[place + 1 :]]
                for cells, row in zip(table.rows, rows, strict=True)
            ],
        )

    def cell(self, value: object) -> Cell:
        if isinstance(value, datetime):
            return Cell(f"{value.astimezone(self.zone):%Y-%m-%d %H:%M}")
        return Cell(as_cell(value))

    def of_all(
        self, columns: Sequence[Column], rows: Sequence[Row], caption: str, which: str, label: str = ""
    ) -> Table:
        """A table of the first of many: how many there are in all stands in the last column of each row, and
        belongs above them. With a label the last column but one is the address of the cells under that."""
        if rows:
            shown, found = len(rows), rows[0][-1]
            if found > shown:
                caption = f"{caption}: the {which} {shown:,} of {found:,}"
        columns, rows = columns[:-1], [row[:-1] for row in rows]
        return self.linked(caption, columns, rows, label) if label else self.as_table(caption, columns, rows)


def marked(value: int | None, completeness: str | None) -> Cell:
    """A number, and how well it is known."""
    return Cell(as_cell(value), "" if value is None else MARKS.get(completeness or "", ""))


def sum_of(values: Sequence[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
