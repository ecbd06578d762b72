"""Rows below each other, each with its name and number in words above it: bars, intervals, and what was
expected beside what came. Long names have the whole width of a phone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10

from flows.answers.page import Figure
from flows.answers.page.charts import drawing
from flows.answers.page.charts.drawing import Spec
from flows.answers.page.charts.wording import cut, listed, one_line, room_of, short

_ROW = 36
_TEXT_AT, _BAR_AT, _BAR = 12, 18, 10
_TITLED = drawing.Margins(top=30, bottom=4)
_UNTITLED = drawing.Margins(left=6, right=6, top=2, bottom=2)
_DOT = 5


@dataclass(frozen=True)
class Bar:
    """A row with one number, None when nobody knows it; `said` is the number in words."""

    name: str
    value: int | None
    said: str
    series: int = 0


@dataclass(frozen=True)
class Interval:
    """A row with a number that is known as lying between two."""

    name: str
    low: float
    high: float
    said: str


@dataclass(frozen=True)
class Surprise:
    """A row with what came and what was expected, neither below 0."""

    name: str
    actual: int
    expected: float
    said: str


def bars(
    anchor: str, caption: str, panels: Sequence[tuple[str, Sequence[Bar]]], *, on_one_scale: bool = False
) -> Figure | None:
    """Bars in panels that have a title, and a scale of their own unless all have one; None of nothing."""
    told = [(title, rows) for title, rows in panels if any(row.value is not None for row in rows)]
    if not told:
        return None
    description = " ".join(
        f"{one_line(title)}: {listed([f'{one_line(row.name)} {row.said}' for row in rows])}."
        for title, rows in told
    )
    everything = [row for _, rows in told for row in rows]
    drawn = [_bars(title, rows, _ends(everything if on_one_scale else rows)) for title, rows in told]
    return drawing.figure(anchor, caption, description, drawn, _TITLED)


def intervals(anchor: str, caption: str, rows: Sequence[Interval]) -> Figure | None:
    """Intervals on one scale of per cent, which ends at 100 unless one goes beyond; None of nothing."""
    if not rows:
        return None
    description = " ".join(f"{one_line(row.name)}: {row.said}." for row in rows)
    margins = drawing.Margins(left=_UNTITLED.left, right=_UNTITLED.right, top=2, bottom=24)
    return drawing.figure(anchor, caption, description, [_intervals(rows)], margins)


def surprises(anchor: str, caption: str, rows: Sequence[Surprise]) -> Figure | None:
    """What came (a dot) beside what was expected (a ring) on a scale of times as many; None of nothing."""
    if not rows:
        return None
    description = " ".join(
        f"{one_line(row.name)}: {short(row.actual)}, expected {short(round(row.expected))}." for row in rows
    )
    legend = [
        ("what came", {"fill": drawing.SERIES[0]}),
        ("what was expected", {"fill": drawing.GROUND, "stroke": drawing.INK}),
    ]
    return drawing.figure(anchor, caption, description, [_surprises(rows)], _UNTITLED, legend)


def _ends(rows: Iterable[Bar]) -> tuple[int, int]:
    values = [row.value for row in rows if row.value is not None]
    return min(0, *values, 0), max(0, *values, 0)


def _bars(title: str, rows: Sequence[Bar], ends: tuple[int, int]) -> drawing.Panel:
    def draw(width: int) -> Spec:
        low, high = ends
        scale = width / ((high - low) or 1)
        zero = -low * scale
        boxes: dict[int, list[drawing.Place]] = {}
        for place, row in enumerate(rows):
            if row.value is not None:
                left, right = sorted((zero, zero + row.value * scale))
                top = place * _ROW + _BAR_AT
                boxes.setdefault(row.series, []).append((left, top, right, top + _BAR))
        lines = [(zero, top - 2, zero, bottom + 2) for each in boxes.values() for _, top, _, bottom in each]
        return {
            "width": width,
            "height": _ROW * len(rows),
            "title": cut(title, width),
            "layer": [
                *_labels([(row.name, row.said) for row in rows], width),
                *(drawing.shapes("rect", each, fill=_colour(series)) for series, each in boxes.items()),
                drawing.shapes("rule", lines, stroke=drawing.QUIET),
            ],
        }

    return draw


def _intervals(rows: Sequence[Interval]) -> drawing.Panel:
    def draw(width: int) -> Spec:
        room = _UNTITLED.plot(width)
        most = max(1.0, *(row.high for row in rows), 1.0)
        height = _ROW * len(rows)
        step = next((each for each in (0.25, 0.5, 1, 2, 5, 10, 100) if most / each <= 4), most)
        ticks = [(number * step / most * room, number * step) for number in range(int(most / step) + 1)]
        middles = [place * _ROW + _BAR_AT + _BAR / 2 for place in range(len(rows))]
        spans = [(row.low / most * room, row.high / most * room) for row in rows]
        lines = [(x, middle - 9, x, middle + 9) for middle in middles for x, _ in ticks]
        boxes = [(low, y - 5, high, y + 5) for y, (low, high) in zip(middles, spans, strict=True)]
        edges = [(end, y - 8, end, y + 8) for y, span in zip(middles, spans, strict=True) for end in span]
        # Names of the first and the last tick stand inside the plot, so that they are not cut off.
        named = {"left": ticks[:1], "center": ticks[1:-1], "right": ticks[-1:]}
        return {
            "width": room,
            "height": height,
            "layer": [
                *_labels([(row.name, row.said) for row in rows], room),
                drawing.shapes("rule", lines, stroke=drawing.LINE),
                drawing.shapes("rect", boxes, fill=_colour(0), fillOpacity=0.3),
                drawing.shapes("rule", edges, stroke=_colour(0), strokeWidth=2),
                *(
                    drawing.words(
                        [(x, height + 16, f"{share:.0%}") for x, share in each],
                        align=align,
                        color=drawing.QUIET,
                    )
                    for align, each in named.items()
                ),
            ],
        }

    return draw


def _surprises(rows: Sequence[Surprise]) -> drawing.Panel:
    def draw(width: int) -> Spec:
        room = _UNTITLED.plot(width)
        # A post in ten brings ten times as many as the next: only powers of ten have room for both.
        most = max(log10(max(row.actual, row.expected, 10)) for row in rows)
        middles = [place * _ROW + _BAR_AT + _BAR / 2 for place in range(len(rows))]
        came, due = (
            [log10(max(value, 1)) / most * room for value in values]
            for values in ([row.actual for row in rows], [row.expected for row in rows])
        )
        ways = [(x, y, x2, y) for x, x2, y in zip(due, came, middles, strict=True)]
        return {
            "width": room,
            "height": _ROW * len(rows),
            "layer": [
                *_labels([(row.name, row.said) for row in rows], room),
                drawing.shapes("rule", [(0, y, room, y) for y in middles], stroke=drawing.LINE),
                drawing.shapes("rule", ways, stroke=_colour(0), strokeWidth=3),
                _dots(due, middles, fill=drawing.GROUND, stroke=drawing.INK, strokeWidth=1.5),
                _dots(came, middles, fill=_colour(0), stroke=_colour(0)),
            ],
        }

    return draw


def _labels(rows: Sequence[tuple[str, str]], width: float) -> list[Spec]:
    """A line of text above each bar: its name at the left, its number at the right."""
    names = [
        (0, place * _ROW + _TEXT_AT, cut(name, width - 1.1 * room_of(said) - 12))
        for place, (name, said) in enumerate(rows)
    ]
    said = [(width, place * _ROW + _TEXT_AT, said) for place, (_, said) in enumerate(rows)]
    return [drawing.words(names), drawing.words(said, align="right", fontWeight=600)]


def _dots(across: Sequence[float], down: Sequence[float], **look: object) -> Spec:
    return {
        "data": {"values": [{"x": x, "y": y} for x, y in zip(across, down, strict=True)]},
        "mark": {"type": "point", "shape": "circle", "size": 3.14 * _DOT**2, "opacity": 1, **look},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "scale": None, "axis": None},
            "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
        },
    }


def _colour(series: int) -> str:
    return drawing.SERIES[series % len(drawing.SERIES)]
