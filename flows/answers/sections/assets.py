"""The assets: the leaderboard, what the last day brought each, and the last seven days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from flows.answers.page import Cell, Column, Section, Table
from flows.answers.page.charts.days import Known
from flows.answers.page.charts.sparkline import sparkline
from flows.answers.page.charts.wording import in_words
from flows.answers.query import as_cell
from flows.answers.sections.questions import Questions, marked, sum_of


def leaderboard(questions: Questions) -> Section:
    return Section(
        "leaderboard",
        "Leaderboard",
        "Lifetime totals of the listed assets at their last readings, over all platforms. The small bars are "
        "views on each day of the campaign so far, each asset on a scale of its own; pale days are estimated "
        "or open.",
        [
            _assets(questions),
            questions.table("unlisted", "Most viewed posts that no asset lists"),
        ],
    )


def last_day(questions: Questions) -> Section:
    closed = questions.closed_day
    columns, rows = questions.ask("day")
    return Section(
        "day",
        f"What {closed:%A}, {in_words(closed)} brought",
        "Gains of the listed assets on the last day that is over, by platform.",
        [questions.of_all(columns, rows, "Gains of the day", "largest")],
        short=f"{closed:%A}",
    )


def last_week(questions: Questions) -> Section:
    return Section(
        "week",
        "The last seven days",
        "Views that each listed asset gained on each day that is over.",
        _week(questions),
        short="Last week",
    )


def _assets(questions: Questions) -> Table:
    """The leaderboard with the days of each asset beside its views."""
    days: dict[str, list[Known]] = {}
    for asset_id, *known in questions.rows("asset_days"):
        day, views, completeness = known
        days.setdefault(asset_id, []).append((day, views, completeness))
    columns, rows = questions.ask("leaderboard")
    # Behind the views, before what comes of them.
    place = next(number for number, column in enumerate(columns) if column.label == "views") + 1 - 2
    found = rows[0][1] if rows else 0
    caption = "Assets" if found <= len(rows) else f"Assets: the most viewed {len(rows):,} of {found:,}"
    table = questions.as_table(caption, columns[2:], [row[2:] for row in rows])
    sparks = [sparkline(days.get(row[0], []), questions.window, "Views") for row in rows]
    every = questions.window.a_bar
    return replace(
        table,
        columns=[*table.columns[:place], Column(f"views a {every}"), *table.columns[place:]],
        rows=[
            [*cells[:place], Cell("" if spark else as_cell(None), spark=spark), *cells[place:]]
            for cells, spark in zip(table.rows, sparks, strict=True)
        ],
        is_open=True,
    )


def _week(questions: Questions) -> list[Table]:
    """One table with the days as columns; none of nothing."""
    rows = questions.rows("week")
    days = sorted({row[2] for row in rows})
    assets = dict.fromkeys((row[0], row[1]) for row in rows)
    known: dict[tuple[str, date], tuple[int | None, str]] = {
        (row[0], row[2]): (row[3], row[4]) for row in rows
    }
    nothing = (None, "")
    table = Table(
        "Views a day",
        [
            Column("asset"),
            *(Column(f"{day:%a} {day.day}\u00a0{day:%b}", True) for day in days),
            Column("together", True),
        ],
        [
            [
                Cell(title),
                *(marked(*known.get((asset_id, day), nothing)) for day in days),
                Cell(as_cell(sum_of([known.get((asset_id, day), nothing)[0] for day in days]))),
            ]
            for asset_id, title in assets
        ],
    )
    return [table] if rows else []
