"""Parts of a whole by day, on top of each other: reactions by type. What was taken back stands below zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from flows.answers.page import Figure
from flows.answers.page.charts import days, drawing, key
from flows.answers.page.charts.days import Known, Window
from flows.answers.page.charts.drawing import Spec
from flows.answers.page.charts.wording import cut, listed, one_line, room_of, short
from flows.console import counted

# As many as there are colours; what is rarer is put together as the last.
MOST_PARTS = len(drawing.SERIES)
OTHERS = "others"

_HEIGHT = 110


def by_day(
    anchor: str,
    caption: str,
    panels: Sequence[tuple[str, Mapping[str, Sequence[Known]]]],
    window: Window,
) -> Figure | None:
    """Panels of parts, each part its days; the largest lies at the bottom. None of nothing."""
    told = [(title, _largest_first(parts)) for title, parts in panels]
    told = [(title, parts) for title, parts in told if parts]
    if not told:
        return None
    # A part has one colour in all panels: the order is that of its largest sum anywhere.
    sizes: dict[str, int] = {}
    for _, parts in told:
        for name, known in parts.items():
            sizes[name] = max(sizes.get(name, 0), _total(known))
    order = [*sorted(sizes, key=lambda name: (-sizes[name], name))]
    kept = [name for name in order if name != OTHERS][: MOST_PARTS - 1 if len(order) > MOST_PARTS else None]
    panels_of = [(title, _folded(parts, kept)) for title, parts in told]
    names = [*kept, OTHERS] if any(OTHERS in parts for _, parts in panels_of) else kept
    description = " ".join(
        f"{one_line(title)}: "
        + listed([f"{one_line(name)} {short(_total(parts[name]))}" for name in names if name in parts])
        + "."
        for title, parts in panels_of
    )
    lost = sum(
        days.not_known([each for part in parts.values() for each in part], window) for _, parts in panels_of
    )
    if lost:
        description += f" {counted(lost, 'day')} not known."
    legend = [(name, {"fill": drawing.SERIES[place]}) for place, name in enumerate(names)]
    bars = [bar for _, parts in panels_of for part in parts.values() for bar in window.stretches(part)]
    weak = {bar.known for bar in bars if bar.value}
    legend += [
        (drawing.SAID[known], {"fill": drawing.QUIET, "stroke": drawing.QUIET, **drawing.LOOKS[known]})
        for known in days.LOOKS[1:]
        if known in weak
    ]
    return drawing.figure(
        anchor,
        f"{caption} a {window.a_bar}",
        description,
        [_panel(title, parts, names, window) for title, parts in panels_of],
        days.MARGINS,
        legend,
        key.named(key.BAR, weak),
    )


def _panel(
    title: str, parts: Mapping[str, Sequence[Known]], names: Sequence[str], window: Window
) -> drawing.Panel:
    def draw(width: int) -> Spec:
        room = days.MARGINS.plot(width)
        over: dict[date, int] = {}
        under: dict[date, int] = {}
        looks: dict[tuple[int, str], list[dict[str, int]]] = {}
        for place, name in enumerate(names):
            for bar in window.stretches(parts.get(name, ())):
                if not bar.value:
                    continue
                side = over if bar.value > 0 else under
                start = side.get(bar.first, 0)
                side[bar.first] = start + bar.value
                looks.setdefault((place, bar.known), []).append(
                    {**days.placed(bar), "value": start, "end": start + bar.value}
                )
        x = days.across(window, room)
        y = days.upright(days.reach_of([*over.values(), *under.values()]))
        layers: list[Spec] = []
        for (place, known), values in looks.items():
            colour = drawing.SERIES[place % len(drawing.SERIES)]
            look = {"fill": colour, **drawing.LOOKS[known]}
            if known != "complete":
                look |= {"stroke": colour, "strokeWidth": 0.5}
            layers.append(
                {
                    "data": {"values": values},
                    "mark": {"type": "rect", **look},
                    "encoding": {"x": x, "x2": {"field": "to"}, "y": y, "y2": {"field": "end"}},
                }
            )
        total = short(sum(_total(known) for known in parts.values()))
        return {
            "width": room,
            "height": _HEIGHT,
            "title": {
                "text": f"{cut(title, width - room_of(total) - 30)}: {total}",
                "dx": -days.MARGINS.left,
            },
            "layer": layers,
        }

    return draw


def _total(known: Sequence[Known]) -> int:
    return sum(value for _, value, _ in known if value is not None)


def _largest_first(parts: Mapping[str, Sequence[Known]]) -> dict[str, Sequence[Known]]:
    """The parts that brought anything."""
    told = {name: known for name, known in parts.items() if any(value for _, value, _ in known)}
    return dict(sorted(told.items(), key=lambda part: (-_total(part[1]), part[0])))


def _folded(parts: Mapping[str, Sequence[Known]], kept: Sequence[str]) -> dict[str, Sequence[Known]]:
    """The parts that have a colour, and the others put together day by day."""
    rest: dict[date, list[Known]] = {}
    for name, known in parts.items():
        if name not in kept:
            for each in known:
                rest.setdefault(each[0], []).append(each)
    folded: dict[str, Sequence[Known]] = {name: parts[name] for name in kept if name in parts}
    if rest:
        folded[OTHERS] = [(day, *days.summed(each)) for day, each in sorted(rest.items())]
    return folded
