"""The questions of a report, `warehouse/report/*.sql`, asked of one campaign; answers as rows or a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from flows.answers.campaigns import QUERIES, Campaign
from flows.answers.page import Cell, Column, Table
from flows.answers.page.charts.days import Gap, Window
from flows.answers.query import as_cell

# Of a campaign that lists thousands the page has those that people ask about; the files beside it have all.
MOST_ASSETS = 50

_PARAMETER = re.compile(r"\$(campaign|closed_day|most_assets)\b")
_NUMERIC = ("INT", "DECIMAL", "FLOAT", "DOUBLE")
_MARKS = {"estimated": "~", "open": "…"}

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
        """The last day that is over."""
        return self.campaign.closed_day or self.campaign.starts

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
        query = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
        given = {
            "campaign": self.campaign.campaign_id,
            "closed_day": self.closed_day,
            "most_assets": MOST_ASSETS,
        }
        self.connection.execute(query, {name: given[name] for name in set(_PARAMETER.findall(query))})
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
        return Table(caption, columns, [[self.cell(value) for value in row] for row in rows])

    def cell(self, value: object) -> Cell:
        if isinstance(value, datetime):
            return Cell(f"{value.astimezone(self.zone):%Y-%m-%d %H:%M}")
        return Cell(as_cell(value))

    def of_all(self, columns: Sequence[Column], rows: Sequence[Row], caption: str, which: str) -> Table:
        """A table of the first of many: how many there are in all stands in the last column of each row, and
        belongs above them."""
        if rows:
            shown, found = len(rows), rows[0][-1]
            if found > shown:
                caption = f"{caption}: the {which} {shown:,} of {found:,}"
        return self.as_table(caption, columns[:-1], [row[:-1] for row in rows])


def marked(value: int | None, completeness: str) -> Cell:
    """A number, and how well it is known."""
    return Cell(as_cell(value), "" if value is None else _MARKS.get(completeness, ""))


def sum_of(values: Sequence[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
