"""From Vega-Lite to the SVG of a page: two widths of each chart, small, and silent but for its one sentence.

Vega writes a path with a label and eight attributes for each mark. Here marks of one look become one path,
and what a page gives anyway (fonts) is left out: a tenth of the bytes, and nothing for a screen reader to
stumble through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any
from xml.etree import ElementTree

import vl_convert
from markupsafe import Markup

from flows.answers.page import Figure
from flows.answers.page.charts.wording import FONT_SIZE, cut, one_line, room_of

Spec = dict[str, Any]

INK, QUIET, LINE, GROUND = "var(--ink)", "var(--quiet)", "var(--line)", "var(--ground)"
OURS, NOBODYS = "var(--ours)", "var(--nobodys)"
SERIES = tuple(f"var(--series-{number})" for number in range(1, 9))

# How well a day is known, by filling and edge; `gap` is the band behind days in which nothing was read.
LOOKS: dict[str, Spec] = {
    "complete": {"fillOpacity": 1},
    "some_open": {"fillOpacity": 0.75, "strokeWidth": 1},
    "estimated": {"fillOpacity": 0.3, "strokeWidth": 1},
    "open": {"fillOpacity": 0, "strokeWidth": 1, "strokeDash": [2, 2]},
    "partly": {"fillOpacity": 0.6, "strokeWidth": 1, "strokeDash": [5, 3]},
    "gap": {"fill": QUIET, "fillOpacity": 0.2},
}
SAID = {
    "complete": "complete",
    "some_open": "open in part",
    "estimated": "estimated",
    "open": "open: its end is not seen",
    "partly": "some days of the week are not known",
    "gap": "nothing was read",
}

# Part of a line on days that are estimated or open.
DOTTED: Spec = {"strokeDash": [2, 2]}

_GAP = 28

_SVG = "{http://www.w3.org/2000/svg}"
_LOUD = ("aria-", "role", "class", "stroke-miterlimit", "pointer-events", "font-family")
_PANEL = re.compile(r"concat_\d+_group")
_PLACES = ("d", "transform", "x2", "y2")
_NUMBER = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
_MOVED = re.compile(r"translate\(([-\d.]+),([-\d.]+)\)")

_CONFIG: Spec = {
    "aria": False,
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "gridColor": LINE,
        "labelColor": QUIET,
        "labelFontSize": FONT_SIZE,
        # What is too long is cut before; to be looked at for it again takes a tenth of all the time.
        "labelLimit": 0,
        "labelPadding": 4,
        "tickColor": LINE,
        "tickSize": 4,
        "title": None,
    },
    "text": {"color": INK, "fontSize": FONT_SIZE, "align": "left", "baseline": "alphabetic", "limit": 0},
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": FONT_SIZE + 1,
        "fontWeight": 600,
        "frame": "group",
        "limit": 0,
        "offset": 8,
    },
}


WIDE, NARROW = 760, 350
WIDEST = 3 * NARROW + 2 * _GAP

# A panel is drawn for the pixels it has from left to right, its margins among them.
Panel = Callable[[int], Spec]


# From the left and the upper edge, to the right and the lower one.
Place = tuple[float, float, float, float]


@dataclass(frozen=True)
class Margins:
    """Pixels of a panel around its plot, for its axes and its title."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def plot(self, width: int) -> int:
        """How wide the plot of a panel is."""
        return width - self.left - self.right


def figure(
    anchor: str,
    caption: str,
    description: str,
    panels: Sequence[Panel],
    margins: Margins,
    legend: Sequence[tuple[str, Spec]] = (),
    looks: frozenset[str] = frozenset(),
) -> Figure:
    """Panels of one chart under their legend: side by side on a screen, below each other on a phone.

    Several are drawn for a phone; two of those stand side by side on a screen, three on a large one. One or
    two are drawn once more, as wide as a large screen has room for.
    """
    description = one_line(description)
    columns = min(len(panels), 2)
    widths = [
        NARROW,
        WIDE if len(panels) == 1 else NARROW,
        NARROW if len(panels) > 2 else (WIDEST + _GAP) // columns - _GAP,
    ]
    # At once: to begin a drawing takes as long as many a panel does.
    different = list(dict.fromkeys(widths))
    drawn = _drawn([panel(width) for width in different for panel in panels])
    narrow, wide, large = (drawn[different.index(width) * len(panels) :][: len(panels)] for width in widths)
    return Figure(
        anchor,
        caption,
        description,
        _sheet(wide, WIDE, columns, margins, legend, description),
        _sheet(narrow, NARROW, 1, margins, legend, description),
        _sheet(large, WIDEST, min(len(panels), 3), margins, legend, description),
        looks=looks,
    )


def rounded_out(low: float, high: float, most: int = 3) -> tuple[float, float]:
    """The ends of an axis: the ticks around two numbers, between which lie `most` steps."""
    step = _step(low, high, most)
    return floor(low / step) * step, ceil(high / step) * step


def numbers(low: float, high: float, most: int = 3) -> Spec:
    """An axis of whole numbers of things, with a tick at each of its ends where those are rounded."""
    step = _step(low, high, most)
    values = [number * step for number in range(ceil(low / step), floor(high / step) + 1)]
    return {
        "values": values,
        # Of more than it would choose itself, Vega keeps the first and the last alone.
        "tickCount": len(values),
        "ticks": False,
        # Thousands of millions are billions here, not giga.
        "labelExpr": "replace(format(datum.value, '~s'), 'G', 'B')",
    }


def _step(low: float, high: float, most: int) -> int:
    """The smallest of 1, 2, 5, 10 … that goes so many times at most into what lies between two numbers."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if (high - low) / step <= most:
                return step
        power *= 10


def words(placed: Iterable[tuple[float, float, str]], **look: object) -> Spec:
    """Texts at places, in pixels from the panel's upper left."""
    return {
        "data": {"values": [{"x": x, "y": y, "text": text} for x, y, text in placed]},
        "mark": {"type": "text", **look},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "scale": None, "axis": None},
            "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
            "text": {"field": "text", "type": "nominal"},
        },
    }


def shapes(kind: str, placed: Iterable[Place], **look: object) -> Spec:
    """Rectangles ("rect") or lines ("rule") from a place to another, in pixels from the upper left."""
    return {
        "data": {"values": [dict(zip(("x", "y", "x2", "y2"), each, strict=True)) for each in placed]},
        "mark": {"type": kind, **look},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "scale": None, "axis": None},
            "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
            "x2": {"field": "x2"},
            "y2": {"field": "y2"},
        },
    }


def spec_of(panels: Sequence[Spec]) -> Spec:
    """Panels in Vega-Lite's words, one below the other."""
    return {"config": _CONFIG, "vconcat": panels, "bounds": "flush"}


def _drawn(panels: Sequence[Spec]) -> list[tuple[int, ElementTree.Element]]:
    """Each panel's height and what Vega drew in it, its place left out."""
    drawing = vl_convert.vegalite_to_svg(_printable(spec_of(panels)), allowed_base_urls=[])
    svg = ElementTree.fromstring(drawing)  # noqa: S314  Vega wrote it
    groups = [each for each in svg.iter(f"{_SVG}g") if _PANEL.search(each.attrib.get("class", ""))]
    drawn = []
    for panel, group in zip(panels, groups, strict=True):
        (frame,) = group
        small = ElementTree.Element("g")
        for child in frame:
            _put(small, child)
        drawn.append((panel["height"], small))
    return drawn


def _printable(part: Any) -> Any:
    """The same with every text in it on one line and without controls: of a letter that XML does not know,
    the converter does not raise but ends the process."""
    if isinstance(part, str):
        return one_line(part)
    if isinstance(part, dict):
        return {name: _printable(each) for name, each in part.items()}
    if isinstance(part, list | tuple):
        return [_printable(each) for each in part]
    return part


def _sheet(
    panels: Sequence[tuple[int, ElementTree.Element]],
    width: int,
    columns: int,
    margins: Margins,
    legend: Sequence[tuple[str, Spec]],
    description: str,
) -> Markup:
    """Panels in rows and columns under their legend, as one picture with one sentence."""
    sheet = picture(description)
    top = _put_legend(sheet, legend, width)
    across = (width + _GAP) // columns
    for start in range(0, len(panels), columns):
        row = panels[start : start + columns]
        for column, (_, drawn) in enumerate(row):
            place = f"translate({column * across + margins.left},{top + margins.top})"
            placed = ElementTree.SubElement(sheet, "g", {"transform": place})
            placed.extend(drawn)
        top += margins.top + max(height for height, _ in row) + margins.bottom
    return as_markup(sheet, width, top)


def picture(description: str) -> ElementTree.Element:
    """An SVG that is one thing to a screen reader, and says what it shows."""
    return ElementTree.Element("svg", {"xmlns": _SVG[1:-1], "role": "img", "aria-label": description})


def as_markup(sheet: ElementTree.Element, width: int, height: int) -> Markup:
    """The SVG as text of so many pixels, every word in it escaped."""
    sheet.attrib |= {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
    return Markup(ElementTree.tostring(sheet, "unicode"))  # noqa: S704  escaped by ElementTree


def _put_legend(sheet: ElementTree.Element, entries: Sequence[tuple[str, Spec]], width: int) -> int:
    """Squares, or what has no filling as a line, with their words at the head of a picture; gives how high it
    is."""
    left, top = 0.0, 0
    for text, look in entries:
        words = cut(text, width - 20)
        room = 30 + room_of(words)
        if left and left + room > width:
            left, top = 0.0, top + 20
        dashes = {"stroke-dasharray": ",".join(map(str, look["strokeDash"]))} if "strokeDash" in look else {}
        ElementTree.SubElement(
            sheet,
            "path",
            {
                "d": f"M{left + 0.5:.1f},{top + 2.5}h12v12h-12Z"
                if "fill" in look
                else f"M{left},{top + 8.5}h14",
                "fill": look.get("fill", "none"),
                "fill-opacity": str(look.get("fillOpacity", 1)),
                "stroke": look.get("stroke", "none"),
                **dashes,
            },
        )
        said = {"x": f"{left + 19:.1f}", "y": str(top + 13), "fill": QUIET, "font-size": f"{FONT_SIZE}px"}
        ElementTree.SubElement(sheet, "text", said).text = words
        left += room
    return top + 22 if entries else 0


def _put(into: ElementTree.Element, element: ElementTree.Element) -> None:
    """Copy an element without what only Vega's own pages need, and groups of nothing not at all."""
    tag = element.tag.removeprefix(_SVG)
    kept = {
        name: _rounded(value) if name in _PLACES else value
        for name, value in element.attrib.items()
        if not name.startswith(_LOUD) and value not in ("", "translate(0,0)")
    }
    if tag == "path" and element.attrib.get("class") in ("background", "foreground"):
        return
    if tag == "line":
        tag, kept = "path", _as_path(kept)
    if tag == "g":
        group = ElementTree.Element("g", kept)
        for child in element:
            _put(group, child)
        if len(group):
            # A group that says nothing of its own is not one.
            into.extend(group if not kept else [group])
        return
    if tag == "path":
        alike = kept | {"d": ""}
        for before in into:
            if before.tag == "path" and before.attrib | {"d": ""} == alike and "transform" not in kept:
                before.attrib["d"] += kept["d"]
                return
    copy = ElementTree.SubElement(into, tag, kept)
    copy.text = element.text


def _rounded(places: str) -> str:
    """To tenths of a pixel."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), places)


def _as_path(line: dict[str, str]) -> dict[str, str]:
    """A line from a place to another as a path, so that lines of one look can be put together."""
    moved = _MOVED.fullmatch(line.get("transform", "translate(0,0)"))
    if moved is None:
        raise ValueError(f"Vega placed a line by {line['transform']!r}")
    drawn = {name: value for name, value in line.items() if name not in ("transform", "x2", "y2")}
    return {**drawn, "d": f"M{moved[1]},{moved[2]}l{line.get('x2', '0')},{line.get('y2', '0')}"}
