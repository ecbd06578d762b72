"""What has come together since the beginning, as lines: a side or a campaign each, named at its end.

Where a name has no room there it stands above all panels with a number, and the number at the line's end:
colours alone do not tell lines apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from flows.answers.page import Figure
from flows.answers.page.charts import drawing, key
from flows.answers.page.charts.days import LOOKS, SURE
from flows.answers.page.charts.drawing import Spec
from flows.answers.page.charts.wording import cut, listed, one_line, room_of, short
from flows.console import counted

_HEIGHT = 104
_NAME_APART = 14
_STEPS = 4
_NAMED_AT_ENDS = drawing.Margins(left=42, right=102, top=28, bottom=26)
_NAMED_ABOVE = drawing.Margins(left=42, right=24, top=28, bottom=26)


@dataclass(frozen=True)
class Line:
    """A name and what each day since the beginning brought: (number of the day from 0, gain, how well known).
    A day without a gain is left out of the line, not taken for 0."""

    name: str
    days: Sequence[tuple[int, int, str]]
    colour: str = drawing.OURS

    @property
    def total(self) -> int:
        return sum(gain for _, gain, _ in self.days)

    @property
    def sums(self) -> list[int]:
        """From 0 on, one more than days."""
        return list(accumulate((gain for _, gain, _ in self.days), initial=0))


def together(
    anchor: str,
    caption: str,
    panels: Sequence[tuple[str, Sequence[Line]]],
    ticks: Sequence[tuple[float, str]],
    days: int,
) -> Figure | None:
    """Sums since the beginning over so many days, whose ticks are (days since the beginning, name); None of
    nothing. Where days are estimated or open a line is dotted, but not where they are so of some posts."""
    told = [(title, [line for line in lines if line.days]) for title, lines in panels]
    told = [(title, lines) for title, lines in told if lines]
    if not told:
        return None
    description = " ".join(
        f"{one_line(title)}: "
        + listed(
            [
                f"{one_line(line.name)} {short(line.total)} in {counted(len(line.days), 'day')}"
                for line in lines
            ]
        )
        + "."
        for title, lines in told
    )
    known = {each for _, lines in told for line in lines for _, _, each in line.days}
    weak = [each for each in LOOKS if each in known and each not in SURE]
    if weak:
        drawn = [each for _, lines in told for line in lines for _, _, each in line.days]
        unsure = sum(each in weak for each in drawn)
        of_all = " of all lines" if sum(len(lines) for _, lines in told) > 1 else ""
        days_drawn = counted(len(drawn), "day")
        description += f" Dotted where days are {' or '.join(weak)}: {unsure:,} of {days_drawn}{of_all}."
    colours = {line.name: line.colour for _, lines in told for line in lines}
    fits = all(room_of(one_line(name)) <= _NAMED_AT_ENDS.right - 6 for name in colours)
    margins = _NAMED_AT_ENDS if fits else _NAMED_ABOVE
    called = {name: one_line(name) if fits else str(place) for place, name in enumerate(colours, 1)}
    legend = (
        [] if fits else [(f"{called[name]} {name}", {"fill": colour}) for name, colour in colours.items()]
    )
    if weak:
        legend.append((" or ".join(weak), {"stroke": drawing.QUIET, **drawing.DOTTED}))
    panels_of = [_panel(title, lines, ticks, days, margins, called) for title, lines in told]
    looks = key.named(key.LINE, weak)
    return drawing.figure(anchor, caption, description, panels_of, margins, legend, looks)


def _panel(
    title: str,
    lines: Sequence[Line],
    ticks: Sequence[tuple[float, str]],
    days: int,
    margins: drawing.Margins,
    called: Mapping[str, str],
) -> drawing.Panel:
    lines = sorted(lines, key=lambda line: -line.total)

    def draw(width: int) -> Spec:
        room = margins.plot(width)
        low = min(min(line.sums) for line in lines)
        high = max(max(line.sums) for line in lines)
        # The place of a name is reckoned here, so the scale must not be rounded by Vega.
        ends = drawing.rounded_out(low, high if high > low else low + 1, _STEPS)
        x: Spec = {
            "field": "x",
            "type": "quantitative",
            "scale": {"domain": [0, days], "nice": False},
            "axis": _axis(ticks, room),
        }
        y: Spec = {
            "field": "y",
            "type": "quantitative",
            "scale": {"domain": list(ends), "nice": False},
            "axis": drawing.numbers(*ends, _STEPS),
        }
        layers: list[Spec] = []
        for line in lines:
            colour = line.colour
            for is_sure in (True, False):
                values = [
                    {"x": day, "y": before, "x2": day + 1, "y2": after}
                    for (day, _, known), (before, after) in zip(line.days, pairwise(line.sums), strict=True)
                    if (known in SURE) == is_sure
                ]
                if values:
                    look = {} if is_sure else drawing.DOTTED
                    layers.append(
                        {
                            "data": {"values": values},
                            "mark": {"type": "rule", "stroke": colour, "strokeWidth": 2, **look},
                            "encoding": {"x": x, "y": y, "x2": {"field": "x2"}, "y2": {"field": "y2"}},
                        }
                    )
        layers.append(_names([(called[line.name], line.total) for line in lines], room, ends))
        return {
            "width": room,
            "height": _HEIGHT,
            "title": {"text": cut(title, width), "dx": -margins.left},
            "layer": layers,
        }

    return draw


def _names(lines: Sequence[tuple[str, int]], room: int, domain: tuple[float, float]) -> Spec:
    """What lines of so much in all are called, right of the plot at the height of their ends, moved apart
    where they would meet."""
    low, high = domain
    places: list[tuple[float, str]] = []
    for name, total in lines:
        wanted = (high - total) / (high - low) * _HEIGHT + 4
        # Never above the one before, and with room below for those that follow.
        lowest = _HEIGHT + 6 - _NAME_APART * (len(lines) - len(places) - 1)
        place = max(min(wanted, lowest), places[-1][0] + _NAME_APART if places else 0)
        places.append((place, name))
    return drawing.words([(room + 6, place, text) for place, text in places])


def _axis(ticks: Sequence[tuple[float, str]], room: int) -> Spec:
    """As many of the ticks as there is room for."""
    every = max(1, -(-len(ticks) * 52 // room))
    names = dict(ticks[::every])
    told = " : ".join(f"datum.value === {place} ? '{name}'" for place, name in names.items())
    return {
        "values": list(names),
        "labelExpr": f"{told} : ''",
        "grid": False,
        "labelFlush": False,
        "labelOverlap": False,
    }
