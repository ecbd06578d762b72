"""How well a campaign was read: of the polls due on a day, how many were got; a strip each platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flows.answers.dates import in_words
from flows.answers.page import Figure
from flows.answers.page.charts import days, drawing, key
from flows.answers.page.charts.days import Gap, Window
from flows.answers.page.charts.drawing import Spec
from flows.answers.page.charts.wording import cut, one_line

_HEIGHT = 40


@dataclass(frozen=True)
class Read:
    """A platform: (day, polls due, of these got), and the gaps."""

    name: str
    days: Sequence[tuple[date, int, int]]
    gaps: Sequence[Gap] = ()

    @property
    def share(self) -> str:
        return _per_cent(sum(got for _, _, got in self.days), sum(due for _, due, _ in self.days))


def by_day(anchor: str, caption: str, panels: Sequence[Read], window: Window) -> Figure | None:
    """A strip each platform; a day on which nothing was due has no bar. None where nothing was ever due."""
    told = [panel for panel in panels if any(due for _, due, _ in panel.days)]
    if not told:
        return None
    description = " ".join(_said(panel) for panel in told)
    colour = drawing.NOBODYS
    legend: list[tuple[str, Spec]] = [
        ("polls got", {"fill": colour}),
        ("polls due and missed", {"fill": colour, "fillOpacity": 0.15}),
    ]
    gaps = ["gap"] if any(days.bands(panel.gaps, window, _HEIGHT) for panel in told) else []
    legend += [(drawing.SAID[gap], drawing.LOOKS[gap]) for gap in gaps]
    return drawing.figure(
        anchor,
        f"{caption} a {window.a_bar}",
        description,
        [_panel(panel, window) for panel in told],
        days.MARGINS,
        legend,
        key.named(key.BAR, gaps),
    )


def _said(panel: Read) -> str:
    said = f"{one_line(panel.name)}: {panel.share} of the polls due were got"
    _, day, got, due = min((got / due, day, got, due) for day, due, got in panel.days if due)
    return f"{said}, least on {in_words(day)} ({_per_cent(got, due)})."


def _per_cent(got: int, due: int) -> str:
    """To a tenth; only what was read whole was read to 100 per cent."""
    share = 100 * got / due if due else 100.0
    return f"{share if got == due else min(share, 99.9):.1f} %"


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
        look = {"type": "rect", "fill": drawing.NOBODYS}
        encoding = {"x": x, "x2": {"field": "to"}, "y": y}
        return {
            "width": room,
            "height": _HEIGHT,
            "title": {
                "text": f"{cut(panel.name, width - 76)}: {panel.share}",
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
