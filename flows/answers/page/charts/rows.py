"""Rows below each other, each with its name and number in words above it: bars, intervals, and what was
expected beside what came. Where names have no room beside their numbers they have a line of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10

from flows.answers.page import Figure
from flows.answers.page.charts import drawing
from flows.answers.page.charts.drawing import Spec
from flows.answers.page.charts.wording import cut, listed, one_line, room_of, short

_ROW, _LINE = 36, 16
_TEXT_AT, _BAR_AT, _BAR = 12, 18, 10
_AIR = 12
_TITLED = drawing.Margins(top=28, bottom=2)
_WITH_AXIS = drawing.Margins(left=6, right=6, top=2, bottom=24)
_DOT = 5


@dataclass(frozen=True)
class Bar:
    """A row with one number, None when nobody knows it; `said` is the number in words."""

    name: str
    value: int | None
    said: str
    colour: str = drawing.OURS


@dataclass(frozen=True)
class Interval:
    """A row with a number that is known as lying between two."""

    name: str
    low: float
    high: float
    said: str


@dataclass(frozen=True)
class Surprise:
    """A row with what came and what was expected, neither below 0; `source` is where it did, and is never cut
    for the name's sake."""

    name: str
    source: str
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
    # Panels stand side by side: their rows have one height.
    texts = [_Text(row.name, row.said) for row in everything]
    drawn = [_bars(title, rows, _ends(everything if on_one_scale else rows), texts) for title, rows in told]
    return drawing.figure(anchor, caption, description, drawn, _TITLED)


def intervals(anchor: str, caption: str, rows: Sequence[Interval]) -> Figure | None:
    """Intervals on one scale of per cent, which ends at 100 unless one goes beyond; None of nothing."""
    if not rows:
        return None
    description = " ".join(f"{one_line(row.name)}: {row.said}." for row in rows)
    return drawing.figure(anchor, caption, description, [_intervals(rows)], _WITH_AXIS)


def surprises(anchor: str, caption: str, rows: Sequence[Surprise]) -> Figure | None:
    """What came (a dot) beside what was expected (a ring) on a scale of times as many; None of nothing."""
    if not rows:
        return None
    description = " ".join(
        f"{one_line(row.name)}, {one_line(row.source)}: {short(row.actual)}, "
        f"expected {short(round(row.expected))}."
        for row in rows
    )
    legend = [
        ("what came", {"fill": drawing.OURS}),
        ("what was expected", {"fill": drawing.GROUND, "stroke": drawing.INK}),
    ]
    return drawing.figure(anchor, caption, description, [_surprises(rows)], _WITH_AXIS, legend)


def _ends(rows: Iterable[Bar]) -> tuple[int, int]:
    values = [row.value for row in rows if row.value is not None]
    return min(0, *values, 0), max(0, *values, 0)


def _bars(title: str, rows: Sequence[Bar], ends: tuple[int, int], every: Sequence[_Text]) -> drawing.Panel:
    def draw(width: int) -> Spec:
        low, high = ends
        grid = _Grid.of(every, width)
        scale = width / ((high - low) or 1)
        zero = -low * scale
        boxes: dict[str, list[drawing.Place]] = {}
        for place, row in enumerate(rows):
            if row.value is not None:
                left, right = sorted((zero, zero + row.value * scale))
                top = grid.bar(place)
                boxes.setdefault(row.colour, []).append((left, top, right, top + _BAR))
        lines = [(zero, top - 2, zero, bottom + 2) for each in boxes.values() for _, top, _, bottom in each]
        return {
            "width": width,
            "height": grid.row * len(rows),
            "title": cut(title, width),
            "layer": [
                *grid.labels([_Text(row.name, row.said) for row in rows], width),
                *(drawing.shapes("rect", each, fill=colour) for colour, each in boxes.items()),
                drawing.shapes("rule", lines, stroke=drawing.QUIET),
            ],
        }

    return draw


def _intervals(rows: Sequence[Interval]) -> drawing.Panel:
    def draw(width: int) -> Spec:
        room = _WITH_AXIS.plot(width)
        most = max(1.0, *(row.high for row in rows), 1.0)
        texts = [_Text(row.name, row.said) for row in rows]
        grid = _Grid.of(texts, room)
        height = grid.row * len(rows)
        step = next((each for each in (0.25, 0.5, 1, 2, 5, 10, 100) if most / each <= 4), most)
        ticks = [(number * step / most * room, number * step) for number in range(int(most / step) + 1)]
        middles = [grid.bar(place) + _BAR / 2 for place in range(len(rows))]
        spans = [(row.low / most * room, row.high / most * room) for row in rows]
        boxes = [(low, y - 5, high, y + 5) for y, (low, high) in zip(middles, spans, strict=True)]
        edges = [(end, y - 8, end, y + 8) for y, span in zip(middles, spans, strict=True) for end in span]
        return {
            "width": room,
            "height": height,
            "layer": [
                *grid.labels(texts, room),
                *_axis([(x, f"{share:.0%}") for x, share in ticks], middles, (room, height)),
                drawing.shapes("rect", boxes, fill=drawing.OURS, fillOpacity=0.3),
                drawing.shapes("rule", edges, stroke=drawing.OURS, strokeWidth=2),
            ],
        }

    return draw


def _surprises(rows: Sequence[Surprise]) -> drawing.Panel:
    def draw(width: int) -> Spec:
        room = _WITH_AXIS.plot(width)
        texts = [_Text(row.name, row.said, row.source) for row in rows]
        grid = _Grid.of(texts, room)
        height = grid.row * len(rows)
        # A post in ten brings ten times as many as the next: only powers of ten have room for both.
        came, due = (
            [log10(max(value, 1)) for value in values]
            for values in ([row.actual for row in rows], [row.expected for row in rows])
        )
        least = floor(min(came + due))
        most = max(*came, *due, least + 1)
        came, due = ([(power - least) / (most - least) * room for power in each] for each in (came, due))
        ticks = [
            ((power - least) / (most - least) * room, short(10**power))
            for power in range(least, floor(most) + 1)
        ]
        middles = [grid.bar(place) + _BAR / 2 for place in range(len(rows))]
        ways = [(x, y, x2, y) for x, x2, y in zip(due, came, middles, strict=True)]
        return {
            "width": room,
            "height": height,
            "layer": [
                *grid.labels(texts, room),
                *_axis(ticks, middles, (room, height)),
                drawing.shapes("rule", [(0, y, room, y) for y in middles], stroke=drawing.LINE),
                drawing.shapes("rule", ways, stroke=drawing.OURS, strokeWidth=3),
                _dots(due, middles, fill=drawing.GROUND, stroke=drawing.INK, strokeWidth=1.5),
                _dots(came, middles, fill=drawing.OURS, stroke=drawing.OURS),
            ],
        }

    return draw


@dataclass(frozen=True)
class _Text:
    """The words of a row: its name, where that is from, its number."""

    name: str
    said: str
    source: str = ""

    @property
    def whole(self) -> str:
        return f"{self.name}, {self.source}" if self.source else self.name

    @property
    def room(self) -> float:
        # The number is bold.
        return room_of(one_line(self.whole)) + 1.1 * room_of(self.said) + _AIR


@dataclass(frozen=True)
class _Grid:
    """Rows of one height: a line of words above each bar, or two."""

    has_two_lines: bool

    @classmethod
    def of(cls, texts: Iterable[_Text], width: float) -> _Grid:
        """Two lines where one has no room for all words of some row."""
        return cls(any(text.room > width for text in texts))

    @property
    def row(self) -> int:
        return _ROW + _LINE * self.has_two_lines

    def bar(self, place: int) -> int:
        """Where the bar of a row begins."""
        return place * self.row + _BAR_AT + _LINE * self.has_two_lines

    def labels(self, texts: Sequence[_Text], width: float) -> list[Spec]:
        """The name at the left, the number at the right; of two lines the second has the number, and
        before it what the name is from, if that is told."""
        names: list[tuple[float, float, str]] = []
        numbers: dict[str, list[tuple[float, float, str]]] = {}
        for place, text in enumerate(texts):
            top = place * self.row + _TEXT_AT
            if not self.has_two_lines:
                names.append((0.0, top, text.whole))
                numbers.setdefault("right", []).append((width, top, text.said))
                continue
            names.append((0.0, top, cut(text.name, width)))
            if not text.source:
                numbers.setdefault("left", []).append((0.0, top + _LINE, text.said))
                continue
            left = width - 1.1 * room_of(text.said) - _AIR
            names.append((0.0, top + _LINE, cut(text.source, left)))
            numbers.setdefault("right", []).append((width, top + _LINE, text.said))
        return [
            drawing.words(names),
            *(drawing.words(each, align=align, fontWeight=600) for align, each in numbers.items()),
        ]


def _axis(
    ticks: Sequence[tuple[float, str]], middles: Sequence[float], size: tuple[float, float]
) -> Iterator[Spec]:
    """Short lines behind every bar at the ticks, and their names below all. Those near an edge stand inside
    the plot, so that they are not cut off."""
    width, height = size
    lines = [(x, middle - 9, x, middle + 9) for middle in middles for x, _ in ticks]
    yield drawing.shapes("rule", lines, stroke=drawing.LINE)
    named: dict[str, list[tuple[float, float, str]]] = {}
    for x, name in ticks:
        half = room_of(name) / 2
        align = "left" if x < half else "right" if x > width - half else "center"
        named.setdefault(align, []).append((x, height + 16, name))
    for align, words in named.items():
        yield drawing.words(words, align=align, color=drawing.QUIET)


def _dots(across: Sequence[float], down: Sequence[float], **look: object) -> Spec:
    return {
        "data": {"values": [{"x": x, "y": y} for x, y in zip(across, down, strict=True)]},
        "mark": {"type": "point", "shape": "circle", "size": 3.14 * _DOT**2, "opacity": 1, **look},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "scale": None, "axis": None},
            "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
        },
    }
