"""How well a campaign was read: of the polls due on a day, how many were got; a strip each platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flows.answers.page import Figure
from flows.answers.page.charts import days, drawing
from flows.answers.page.charts.days import Gap, Window
from flows.answers.page.charts.drawing import Spec
from flows.answers.page.charts.wording import cut, in_words, one_line

_HEIGHT = 40


@dataclass(frozen=True)
class Read:
    """A platform: (day, polls due, of these got), and the gaps."""

    name: str
    days: Sequence[tuple[date, int, int]]
    gaps: Sequence[Gap] = ()

    @property
    def in_per_cent(self) -> int:
        """Rounded down: only what was read whole was read to 100 per cent."""
        due = sum(each for _, each, _ in self.days)
        return 100 * sum(got for _, _, got in self.days) // due if due else 100


def by_day(anchor: str, caption: str, panels: Sequence[Read], window: Window) -> Figure | None:
    """A strip each platform; a day on which nothing was due has no bar. None where nothing was ever due."""
    told = [panel for panel in panels if any(due for _, due, _ in panel.days)]
    if not told:
        return None
    description = " ".join(_said(panel) for panel in told)
    colour = drawing.SERIES[0]
    legend: list[tuple[str, Spec]] = [
        ("polls got", {"fill": colour}),
        ("polls due and missed", {"fill": colour, "fillOpacity": 0.15}),
    ]
    if any(days.bands(panel.gaps, window, _HEIGHT) for panel in told):
        legend.append((drawing.SAID["gap"], drawing.LOOKS["gap"]))
    return drawing.figure(
        anchor,
        f"{caption} a {window.a_bar}",
        description,
        [_panel(panel, window) for panel in told],
        days.MARGINS,
        legend,
    )


def _said(panel: Read) -> str:
    said = f"{one_line(panel.name)}: {panel.in_per_cent} % of the polls due were got"
    due = [(got / due, day) for day, due, got in panel.days if due]
    least, day = min(due)
    return f"{said}, least on {in_words(day)} ({least:.0%})."


def _panel(panel: Read, window: Window) -> drawing.Panel:
    def draw(width: int) -> Spec:
        room = days.MARGINS.plot(width)
        due = window.stretches([(day, due or None, "complete") for day, due, _ in panel.days])
        got = window.stretches([(day, got if due else None, "complete") for day, due, got in panel.days])
        x = days.across(window, room)
        y = {
            "field": "value",
            "type": "quantitative",
            "scale": {"domain": [0, 1]},
            "axis": {"values": [0, 1], "format": "%", "ticks": False},
        }
        bars = [
            {**days.placed(one), "value": other.value / one.value}
            for one, other in zip(due, got, strict=True)
            if one.value and other.value is not None
        ]
        look = {"type": "rect", "fill": drawing.SERIES[0]}
        encoding = {"x": x, "x2": {"field": "to"}, "y": y}
        return {
            "width": room,
            "height": _HEIGHT,
            "title": {
                "text": f"{cut(panel.name, width - 60)}: {panel.in_per_cent} %",
                "dx": -days.MARGINS.left,
            },
            "layer": [
                *days.bands(panel.gaps, window, _HEIGHT),
                {
                    "data": {"values": bars},
                    "mark": {**look, "fillOpacity": 0.15},
                    "encoding": {**encoding, "y2": {"datum": 1}},
                },
                {
                    "data": {"values": bars},
                    "mark": look,
                    "encoding": {**encoding, "y2": {"datum": 0}},
                },
            ],
        }

    return draw
