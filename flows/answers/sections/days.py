"""What each day brought: the sides, our side by platform, as tables and as charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flows.answers.known import worst_of
from flows.answers.page import Cell, Column, Figure, Section, Table
from flows.answers.page.charts import days as drawn
from flows.answers.platforms import platform_name
from flows.answers.sections.questions import Questions, Row, marked, sum_of

NUMBERS = ("views", "shares", "retweets")


@dataclass(frozen=True)
class Gained:
    """What the posts of a side gained on a platform on a day, and how well each number of it is known."""

    day: date
    side_id: str
    side: str
    is_ours: bool
    platform: str
    views: int | None
    shares: int | None
    retweets: int | None
    views_known: str | None
    shares_known: str | None
    retweets_known: str | None

    def number(self, name: str) -> int | None:
        return {"views": self.views, "shares": self.shares, "retweets": self.retweets}[name]

    def known(self, name: str) -> str:
        """How well a number is known; empty where it is not known at all."""
        known = {"views": self.views_known, "shares": self.shares_known, "retweets": self.retweets_known}
        return known[name] or ""


def gained(questions: Questions) -> list[Gained]:
    """Every day of every side and platform, the sides in the order of the registry."""
    return [Gained(*row) for row in questions.rows("days")]


def of_our_side(rows: Sequence[Gained]) -> list[Row]:
    """(day, platform, views, shares, retweets) of all sides that are ours together, and behind those how well
    each of the three is known."""
    groups: dict[tuple[date, str], list[Gained]] = {}
    for row in rows:
        if row.is_ours:
            groups.setdefault((row.day, row.platform), []).append(row)
    return [
        (
            *key,
            *(sum_of([row.number(name) for row in group]) for name in NUMBERS),
            *(_worst(group, name) for name in NUMBERS),
        )
        for key, group in sorted(groups.items())
    ]


def section(questions: Questions, rows: Sequence[Gained]) -> Section:
    return Section(
        "days",
        "Day by day",
        "What the sides gained, and our side by platform, on local days. A platform has a scale of its own, "
        "for each counts in its own way.",
        [*_by_side(rows), *_by_platform(rows)],
        list(_figures(questions, of_our_side(rows))),
    )


def _figures(questions: Questions, rows: Sequence[Row]) -> Iterator[Figure]:
    for place, number in enumerate(NUMBERS, 2):
        panels = [
            drawn.Daily(
                platform_name(platform),
                [(row[0], row[place], row[place + len(NUMBERS)]) for row in rows if row[1] == platform],
                questions.gaps.get(platform, ()),
            )
            for platform in sorted({row[1] for row in rows})
        ]
        caption = f"{number.capitalize()} of our side by platform,"
        figure = drawn.by_day(f"daily-{number}", caption, number, panels, questions.window)
        if figure:
            yield replace(figure, is_further=number != NUMBERS[0])


def _by_platform(rows: Sequence[Gained]) -> Iterator[Table]:
    """A table a number with the platforms of our side as columns, and, where there are several, their sum."""
    ours = [row for row in rows if row.is_ours]
    for number in NUMBERS:
        told = sorted({row.platform for row in ours if row.number(number) is not None})
        columns = [
            (platform_name(name), [row for row in ours if row.platform == name], number) for name in told
        ]
        if len(told) > 1:
            columns.append(("all platforms", [row for row in ours if row.platform in told], number))
        if told:
            yield _grid(f"{number.capitalize()} of our side", columns)


def _by_side(rows: Sequence[Gained]) -> Iterator[Table]:
    """One table, a column a number and side."""
    sides: dict[tuple[str, str], list[Gained]] = {}
    for row in rows:
        sides.setdefault((row.side_id, row.side), []).append(row)
    columns = [
        (f"{number}, {side}", found, number)
        for number in NUMBERS
        for (_, side), found in sides.items()
        if any(row.number(number) is not None for row in found)
    ]
    if columns:
        yield _grid("The sides", columns)


def _grid(caption: str, columns: Sequence[tuple[str, Sequence[Gained], str]]) -> Table:
    """A row a day and at the end their sum; a column adds up one number of some rows, and a day of it is as
    well known as the worst of them."""
    days = sorted({row.day for _, rows, _ in columns for row in rows})
    by_day: list[dict[date, list[Gained]]] = []
    for _, rows, number in columns:
        found: dict[date, list[Gained]] = {}
        for row in rows:
            if row.number(number) is not None:
                found.setdefault(row.day, []).append(row)
        by_day.append(found)

    def cell(day: date, place: int) -> Cell:
        found = by_day[place].get(day, [])
        number = columns[place][2]
        return marked(sum_of([row.number(number) for row in found]), _worst(found, number))

    return Table(
        caption,
        [Column("day", is_whole=True), *(Column(label, True) for label, _, _ in columns)],
        [
            [Cell(f"{day:%a} {day.isoformat()}"), *(cell(day, place) for place in range(len(columns)))]
            for day in days
        ],
        total=[
            Cell("all days"),
            *(marked(sum_of([row.number(number) for row in rows]), "") for _, rows, number in columns),
        ],
    )


def _worst(rows: Sequence[Gained], number: str) -> str:
    return worst_of(row.known(number) for row in rows if row.number(number) is not None)
