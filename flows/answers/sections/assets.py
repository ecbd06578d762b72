"""The assets: the leaderboard, what the last day brought each, and the last seven days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from flows.answers.dates import in_words
from flows.answers.known import worst_of
from flows.answers.page import Cell, Column, Section, Table
from flows.answers.page.charts import drawing, key
from flows.answers.page.charts.days import SURE, Known
from flows.answers.page.charts.sparkline import sparkline
from flows.answers.page.colours import Colours
from flows.answers.query import as_cell
from flows.answers.sections.questions import Questions, Row, marked, sum_of

# How well a number is known stands in a column of the number's name and this.
_WORD = "_completeness"


def leaderboard(questions: Questions, colours: Colours) -> Section:
    others = questions.linked("Most viewed posts that no asset lists", *questions.ask("unlisted"), "post")
    if not questions.shows_listed:
        return Section("leaderboard", "Leaderboard", _nothing_listed(questions), [others])
    others = replace(others, is_aside=True)
    days: dict[str, list[Known]] = {}
    for asset_id, *known in questions.rows("asset_days"):
        day, views, completeness = known
        days.setdefault(asset_id, []).append((day, views, completeness))
    return Section(
        "leaderboard",
        "Leaderboard",
        "Lifetime totals of the listed assets at their last readings, over all platforms; a title leads to "
        "the asset's first post. Ranks count posts that no asset lists too, so some are missing here. "
        "The small bars are views on each day of the campaign so far, each asset on a scale of its own.",
        [_assets(questions, colours, days), others],
        looks=key.named(key.SMALL, _unsure(questions, days)),
    )


def last_day(questions: Questions) -> Section:
    closed = questions.closed_day
    columns, rows, words = _of_last_day(questions)
    what = _what(questions)
    columns = [replace(column, label=what) if column.label == "asset" else column for column in columns]
    table = questions.of_all(columns, rows, "Gains of the day", "largest", what)
    when = "on the campaign's last day that is over" if questions.is_day_over else "on its first day so far"
    return Section(
        "day",
        f"What {closed:%A}, {in_words(closed)} brought",
        f"Gains of {_whose(questions)} {when}, by platform.",
        [
            replace(
                table,
                rows=[
                    [
                        marked(value, known[column.label]) if column.label in known else cell
                        for column, cell, value in zip(table.columns, cells, row[: len(cells)], strict=True)
                    ]
                    for cells, row, known in zip(table.rows, rows, words, strict=True)
                ],
                # Folded away, it would leave the section without a number.
                is_open=True,
            )
        ],
        short=f"{closed:%A}",
    )


def _of_last_day(questions: Questions) -> tuple[list[Column], list[Row], list[dict[str, str | None]]]:
    """What each asset gained, and how well each of its numbers is known, by the number's name."""
    columns, rows = questions.ask("day")
    words = {
        place: column.label.removesuffix(_WORD)
        for place, column in enumerate(columns)
        if column.label.endswith(_WORD)
    }
    shown = [place for place in range(len(columns)) if place not in words]
    return (
        [columns[place] for place in shown],
        [tuple(row[place] for place in shown) for row in rows],
        [{number: row[place] for place, number in words.items()} for row in rows],
    )


def last_week(questions: Questions) -> Section:
    return Section(
        "week",
        "The last seven days",
        f"Views of {_whose(questions)} on each day up to {in_words(questions.closed_day)}.",
        _week(questions),
        short="Last week",
    )


def _what(questions: Questions) -> str:
    """What a row of those tables is of."""
    return "asset" if questions.shows_listed else "post"


def _whose(questions: Questions) -> str:
    """What tables of assets are of: our side's posts, as long as no asset can be shown."""
    return "the listed assets" if questions.shows_listed else "our side's posts, which no asset lists yet,"


def _nothing_listed(questions: Questions) -> str:
    listed, _ = questions.listed
    if listed:
        they = "The one listed asset has" if listed == 1 else f"None of the {listed:,} listed assets has"
        return (
            f"{they} {'not ' if listed == 1 else ''}been read yet; the warnings below say what is missing. "
            "Here and in the next two sections stand posts that no asset lists."
        )
    return (
        "No asset is listed yet, so here and in the next two sections stand single posts. To follow a film "
        "or picture over all platforms, put its posts into the campaign's TOML file as an asset; campaign "
        "check proposes the lines."
    )


def _unsure(questions: Questions, days: Mapping[str, Sequence[Known]]) -> set[str]:
    """How days of some asset are known that are drawn faint."""
    bars = [bar for each in days.values() for bar in questions.window.stretches(each)]
    return {bar.known for bar in bars if bar.value is not None} - {*SURE}


def _assets(questions: Questions, colours: Colours, days: Mapping[str, Sequence[Known]]) -> Table:
    """The leaderboard with the days of each asset beside its views."""
    columns, rows = questions.ask("leaderboard")
    found = rows[0][1] if rows else 0
    caption = "Assets" if found <= len(rows) else f"Assets: the most viewed {len(rows):,} of {found:,}"
    # Before those stand the asset's id, how many there are, and its side's id.
    table = questions.linked(caption, columns[3:], [row[3:] for row in rows], "asset")
    # Behind the views, before what comes of them.
    place = [column.label for column in table.columns].index("views") + 1
    sparks = [
        sparkline(
            days.get(row[0], []), questions.window, "Views", colours.by_side.get(row[2], drawing.NOBODYS)
        )
        for row in rows
    ]
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
    assets = dict.fromkeys((row[0], row[1], row[5]) for row in rows)
    known: dict[tuple[str, date], tuple[int | None, str]] = {
        (row[0], row[2]): (row[3], row[4]) for row in rows
    }
    nothing = (None, "")
    table = Table(
        "Views a day",
        [
            Column(_what(questions)),
            *(Column(f"{day:%a} {day.day}\u00a0{day:%b}", True) for day in days),
            Column("together", True),
        ],
        [
            [
                Cell(title, address=address),
                *(marked(*known.get((asset_id, day), nothing)) for day in days),
                _together([known.get((asset_id, day), nothing) for day in days]),
            ]
            for asset_id, title, address in assets
        ],
    )
    return [table] if rows else []


def _together(days: Sequence[tuple[int | None, str]]) -> Cell:
    """The sum of some days, as well known as the worst of those that are known."""
    known = [how for value, how in days if value is not None]
    return marked(sum_of([value for value, _ in days]), worst_of(known))
