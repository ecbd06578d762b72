"""How the sides stand: totals side by side, and how they came about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from flows.answers.page import Column, Figure, Section, Table
from flows.answers.page.charts import drawing, lines, rows
from flows.answers.page.charts.wording import short
from flows.answers.page.colours import Colours, of_sides
from flows.answers.platforms import platform_name
from flows.answers.sections.days import NUMBERS, Gained
from flows.answers.sections.questions import Questions, Row, sum_of

# More sides than colours are in the tables alone.
MOST_SIDES = len(drawing.SERIES)

_Sides = Sequence[tuple[str, str]]


def colours(questions: Questions, gained: Sequence[Gained]) -> Colours:
    """Those of the sides that are drawn; of more than there are colours for, the others have none."""
    told = {side_id: (colour, is_ours) for side_id, colour, is_ours in questions.rows("side_colours")}
    drawn = [side_id for side_id, _ in _shown(gained)]
    return of_sides([(side_id, *told.get(side_id, (None, False))) for side_id in drawn])


def section(questions: Questions, gained: Sequence[Gained], colours: Colours) -> Section:
    columns, found = questions.ask("sides")
    return Section(
        "sides",
        "How the sides stand",
        "Gained inside the campaign's window by every post of each side, listed as an asset or not. "
        "Platforms count views in several ways (see the end of the page): their sum is of unlike things, so "
        "the charts compare the sides on each platform. A day's views and retweets are means over the days "
        "of the window on which the side has figures of them.",
        _tables(questions, columns, found),
        list(_figures(questions, gained, colours)),
        short="Sides",
    )


def _tables(questions: Questions, columns: Sequence[Column], found: Sequence[Row]) -> list[Table]:
    """The sides over all platforms, and the sides by platform."""
    together = [(row[0], *row[2:]) for row in found if row[1] is None]
    return [
        questions.as_table("Sides", [columns[0], *columns[2:]], together),
        replace(
            questions.as_table("Sides by platform", columns, [row for row in found if row[1] is not None]),
            is_aside=True,
        ),
    ]


def _figures(questions: Questions, gained: Sequence[Gained], colours: Colours) -> Iterator[Figure]:
    shown, every = _shown(gained), len({row.side_id for row in gained})
    suffix = "" if len(shown) == every else f" ({len(shown)} of {every} sides, the most viewed)"
    totals = [
        rows.bars(
            "totals-views", f"Views by platform and side{suffix}", _totals(gained, shown, ["views"], colours)
        ),
        rows.bars(
            "totals-passed-on",
            f"Shares and retweets by platform and side{suffix}",
            _totals(gained, shown, ["shares", "retweets"], colours),
        ),
    ]
    yield from filter(None, totals)
    together = _together(questions, gained, shown, suffix, colours)
    if together:
        yield replace(together, is_further=True)


def _shown(gained: Sequence[Gained]) -> _Sides:
    """Ours and the most viewed others, as many as there are colours, in the order of the registry."""
    sides = list(dict.fromkeys((row.side_id, row.side) for row in gained))
    ours = {row.side_id for row in gained if row.is_ours}
    views = {side_id: sum(row.views or 0 for row in gained if row.side_id == side_id) for side_id, _ in sides}
    largest = sorted(views, key=lambda side_id: (side_id not in ours, -views[side_id]))[:MOST_SIDES]
    return [side for side in sides if side[0] in largest]


def _totals(
    gained: Sequence[Gained], sides: _Sides, numbers: Sequence[str], colours: Colours
) -> list[tuple[str, list[rows.Bar]]]:
    """A panel each number and platform, a bar each side that is on it."""
    panels = []
    for number in numbers:
        for platform in _by_size(gained, number):
            of_it = [row for row in gained if row.platform == platform]
            bars = []
            for side_id, side in sides:
                values = [row.number(number) for row in of_it if row.side_id == side_id]
                total = sum_of(values)
                if values:
                    said = "not known" if total is None else short(total)
                    bars.append(rows.Bar(side, total, said, colours.by_side[side_id]))
            name = platform_name(platform)
            panels.append((name if len(numbers) == 1 else f"{number.capitalize()} on {name}", bars))
    return panels


def _together(
    questions: Questions, gained: Sequence[Gained], sides: _Sides, suffix: str, colours: Colours
) -> Figure | None:
    """Views since the campaign's first day, a panel each platform and a line each side."""
    window = questions.window
    panels = [
        (
            platform_name(platform),
            [
                lines.Line(
                    side,
                    [
                        ((day - window.first).days, views, known)
                        for day, views, known in window.inside(
                            (row.day, row.views, row.known("views"))
                            for row in gained
                            if row.platform == platform and row.side_id == side_id
                        )
                        if views is not None
                    ],
                    colours.by_side[side_id],
                )
                for side_id, side in sides
            ],
        )
        for platform in _by_size(gained, "views")
    ]
    days = [window.first + timedelta(number) for number in range(window.days)]
    ticks = [(place + 0.5, f"{day.day} {day:%b}") for place, day in enumerate(days)]
    return lines.together(
        "views-together",
        f"Views since the campaign began, by platform and side{suffix}",
        panels,
        ticks,
        window.days,
    )


def _by_size(gained: Sequence[Gained], number: str) -> list[str]:
    """The platforms that tell a number, the largest first."""
    sizes: dict[str, int] = {}
    for row in gained:
        value = row.number(number) if number in NUMBERS else None
        if value is not None:
            sizes[row.platform] = sizes.get(row.platform, 0) + value
    return sorted(sizes, key=lambda platform: (-sizes[platform], platform))
