"""Days as bars, a panel each platform: complete, estimated and open days look different, a day that nobody
knows has no bar and no base line, and a fall stands below it.

The tables call a day open where the end of one post's day is not seen: the post is gone, an account's
credential is refused, or old posts are read once a week. Where later days are better known, others were read
beyond it, and a whole side's day drawn hollow would say that nothing is known of it. So it has a look of its
own, `some_open`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from flows.answers.dates import in_words
from flows.answers.known import COMPLETENESS
from flows.answers.page import Figure
from flows.answers.page.charts import drawing, key
from flows.answers.page.charts.drawing import Spec
from flows.answers.page.charts.wording import cut, listed, one_line, room_of, short
from flows.console import counted

# Above so many days a bar is a week: on a phone a day would be less than three pixels.
MOST_DAYS = 92

# A campaign that has just begun is not drawn as one bar from edge to edge.
_LEAST_DAYS = 7

HEIGHT = 76
MARGINS = drawing.Margins(left=42, right=16, top=28, bottom=26)

_STEPS = (1, 2, 3, 7, 14, 28, 56, 91, 182, 364)
# A week of which some days are not known is no whole week, however well its other days are known.
PARTLY = "partly"
# Of some posts the day's end is not seen, of others it is known what came later.
SOME_OPEN = "some_open"
# From the best known to the worst.
LOOKS = ("complete", SOME_OPEN, "estimated", "open", PARTLY)
# Where there is room for two looks only, these have the first.
SURE = ("complete", SOME_OPEN)

Known = tuple[date, int | None, str]
"""A day, what it brought (None when nobody knows), and how well that is known."""

# A day is a date, or counted from the first of a campaign.
Day = TypeVar("Day", date, int)
Gain = TypeVar("Gain", int, int | None)

Gap = tuple[datetime, datetime]
"""From when to when nothing was read, by the campaign's clocks (no zone)."""


@dataclass(frozen=True)
class Stretch:
    """A bar: days from `first` until before `until`; of a week the days that lie in the campaign."""

    first: date
    until: date
    value: int | None
    known: str


@dataclass(frozen=True)
class Window:
    """The days that a chart spans, both inclusive."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return max((self.last - self.first).days + 1, _LEAST_DAYS)

    @property
    def is_by_week(self) -> bool:
        return self.days > MOST_DAYS

    @property
    def a_bar(self) -> str:
        return "week" if self.is_by_week else "day"

    @property
    def ends(self) -> tuple[int, int]:
        """From the first midnight to the last, in milliseconds, as if clocks never changed."""
        return _instant(self.first), _instant(self.first + timedelta(self.days))

    def axis(self, room: float) -> Spec:
        """Days with their names in the middle of their bars, as many as there is room for."""
        step = next((each for each in _STEPS if self.days / each * 52 <= room), _STEPS[-1])
        # A name is some forty pixels wide, and one at the very edge would be cut off.
        last = (1 - 6 / room) * self.days
        shown = [self.first + timedelta(number) for number in range(0, self.days, step) if number < last]
        return {
            "values": [_instant(day) + 12 * 60 * 60 * 1000 for day in shown],
            "format": "%-d %b",
            "grid": False,
            "labelFlush": False,
            "labelOverlap": False,
        }

    def inside(self, days: Iterable[Known]) -> list[Known]:
        return [each for each in settled(days) if self.first <= each[0] <= self.last]

    def stretches(self, days: Iterable[Known]) -> list[Stretch]:
        """The days, or the weeks from Monday that they lie in."""
        inside = self.inside(days)
        if not self.is_by_week:
            return [Stretch(day, day + timedelta(1), value, known) for day, value, known in inside]
        weeks: dict[date, list[Known]] = {}
        for each in inside:
            weeks.setdefault(each[0] - timedelta(each[0].weekday()), []).append(each)
        # Before its first row nothing of it was there; from then on a day without one is not known.
        born = min((day for day, _, _ in inside), default=self.first)
        stretches = []
        for monday, week in sorted(weeks.items()):
            first, until = max(monday, self.first), min(monday + timedelta(7), self.last + timedelta(1))
            value, known = summed(week)
            told = sum(each is not None for _, each, _ in week)
            is_whole = told == (until - max(first, born)).days
            stretches.append(Stretch(first, until, value, known if is_whole else PARTLY))
        return stretches


@dataclass(frozen=True)
class Daily:
    """One panel: its name, its days, and the gaps behind them."""

    name: str
    days: Sequence[Known]
    gaps: Sequence[Gap] = ()


def settled(days: Iterable[tuple[Day, Gain, str]]) -> list[tuple[Day, Gain, str]]:
    """Days with those whose end is not seen of some posts told from those whose end nobody has seen: where a
    later day is better known, something was read beyond them."""
    every = list(days)
    seen = max((day for day, value, known in every if value is not None and known != "open"), default=None)
    return [
        (day, value, SOME_OPEN if known == "open" and seen is not None and day < seen else known)
        for day, value, known in every
    ]


def by_day(anchor: str, caption: str, what: str, panels: Sequence[Daily], window: Window) -> Figure | None:
    """What each day brought; `what` names the number ("views"). None when no day of any panel is known."""
    told = [panel for panel in panels if any(value is not None for _, value, _ in window.inside(panel.days))]
    if not told:
        return None
    return drawing.figure(
        anchor,
        f"{caption} a {window.a_bar}",
        describe(what, told, window),
        [_panel_of(panel, window) for panel in told],
        MARGINS,
        legend_of(told, window),
        key.named(key.BAR, looks_of(told, window)),
    )


def describe(what: str, panels: Sequence[Daily], window: Window) -> str:
    """The chart in sentences: totals, best days, and how many are how well known."""
    said = []
    for panel in panels:
        bars = [bar for bar in window.stretches(panel.days) if bar.value is not None]
        if not bars:
            continue
        best = max(bars, key=lambda bar: bar.value or 0)
        total = sum(bar.value or 0 for bar in bars)
        begins = "in the week of " if window.is_by_week else "on "
        said.append(
            f"{one_line(panel.name)}: {short(total)} {what} in all, "
            f"most {begins}{in_words(best.first)} ({short(best.value or 0)})."
        )
    drawn = [known for panel in panels for _, value, known in window.inside(panel.days) if value is not None]
    weak = [f"{drawn.count(known):,} {known}" for known in COMPLETENESS[1:] if known in drawn]
    if SOME_OPEN in drawn:
        weak.append(f"{drawn.count(SOME_OPEN):,} open in part")
    if weak:
        said.append(f"Of {counted(len(drawn), 'day')} drawn {listed(weak)}.")
    lost = sum(not_known(panel.days, window) for panel in panels)
    if lost:
        said.append(f"{counted(lost, 'day')} not known.")
    return " ".join(said)


def not_known(days: Iterable[Known], window: Window) -> int:
    """How many days of the window are not known, from the first on of which there is a row."""
    inside = window.inside(days)
    born = min((day for day, _, _ in inside), default=window.last + timedelta(1))
    return (window.last - born).days + 1 - len({day for day, value, _ in inside if value is not None})


def legend_of(panels: Sequence[Daily], window: Window) -> list[tuple[str, Spec]]:
    """What the looks of the bars mean, as far as they occur."""
    found = looks_of(panels, window)
    return [] if found == ["complete"] else [(drawing.SAID[known], _look(known)) for known in found]


def looks_of(panels: Sequence[Daily], window: Window) -> list[str]:
    """The looks that occur, from the best known to the worst; behind them the gaps."""
    bars = [bar for panel in panels for bar in window.stretches(panel.days) if bar.value is not None]
    found = [known for known in LOOKS if any(bar.known == known for bar in bars)]
    if any(_inside(panel.gaps, window) for panel in panels):
        found.append("gap")
    return found


def bands(gaps: Sequence[Gap], window: Window, height: int) -> list[Spec]:
    """Gaps from top to bottom behind everything else."""
    values = [{"from": _instant(starts), "to": _instant(ends)} for starts, ends in _inside(gaps, window)]
    if not values:
        return []
    return [
        {
            "data": {"values": values},
            "mark": {"type": "rect", **drawing.LOOKS["gap"]},
            "encoding": {
                "x": {"field": "from", "type": "temporal"},
                "x2": {"field": "to"},
                "y": {"value": 0},
                "y2": {"value": height},
            },
        }
    ]


def placed(bar: Stretch) -> dict[str, int]:
    """Where a bar stands, with a little air at both sides."""
    starts, ends = _instant(bar.first), _instant(bar.until)
    air = (ends - starts) * 8 // 100
    return {"from": starts + air, "to": ends - air}


def across(window: Window, room: float) -> Spec:
    """The days of the window from left to right."""
    return {
        "field": "from",
        "type": "temporal",
        "scale": {"type": "utc", "domain": list(window.ends), "nice": False, "zero": False},
        "axis": window.axis(room),
    }


def upright(domain: tuple[float, float]) -> Spec:
    """Numbers of things from bottom to top."""
    ends = drawing.rounded_out(*domain)
    return {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": list(ends), "nice": False},
        "axis": drawing.numbers(*ends),
    }


def reach_of(values: Iterable[int]) -> tuple[float, float]:
    """The numbers that an axis must span: from zero, or below it where something fell."""
    known = list(values)
    low, high = min(0, *known, 0), max(0, *known, 0)
    return (low, high) if low < high else (0, 1)


def _panel_of(panel: Daily, window: Window) -> drawing.Panel:
    def draw(width: int) -> Spec:
        room = MARGINS.plot(width)
        bars = [bar for bar in window.stretches(panel.days) if bar.value is not None]
        x, y = across(window, room), upright(reach_of(bar.value or 0 for bar in bars))
        layers = bands(panel.gaps, window, HEIGHT)
        for known in LOOKS:
            values = [{**placed(bar), "value": bar.value} for bar in bars if bar.known == known]
            if values:
                layers.append(
                    {
                        "data": {"values": values},
                        "mark": {"type": "rect", **_look(known)},
                        "encoding": {"x": x, "x2": {"field": "to"}, "y": y, "y2": {"datum": 0}},
                    }
                )
        layers.append(_base_line(bars))
        total = short(sum(bar.value or 0 for bar in bars))
        name = cut(panel.name, width - room_of(total) - 30)
        return {
            "width": room,
            "height": HEIGHT,
            "title": {"text": f"{name}: {total}", "dx": -MARGINS.left},
            "layer": layers,
        }

    return draw


def _base_line(bars: Sequence[Stretch]) -> Spec:
    """A line at zero under every day that is known, and only there: a day without one is not zero."""
    runs: list[list[date]] = []
    for bar in bars:
        if runs and runs[-1][1] == bar.first:
            runs[-1][1] = bar.until
        else:
            runs.append([bar.first, bar.until])
    values = [{"from": _instant(first), "to": _instant(until), "value": 0} for first, until in runs]
    return {
        "data": {"values": values},
        "mark": {"type": "rule", "stroke": drawing.QUIET, "strokeWidth": 1},
        "encoding": {
            "x": {"field": "from", "type": "temporal"},
            "x2": {"field": "to"},
            "y": {"field": "value", "type": "quantitative"},
        },
    }


def _look(known: str) -> Spec:
    if known == "gap":
        return drawing.LOOKS[known]
    look = {"fill": drawing.OURS, **drawing.LOOKS[known]}
    return look | {"stroke": drawing.OURS} if "strokeWidth" in look else look


def summed(week: Sequence[Known]) -> tuple[int | None, str]:
    """The sum of what is known of some days, and how well the worst of them is."""
    known = [(value, how) for _, value, how in week if value is not None]
    if not known:
        return None, "complete"
    return sum(value for value, _ in known), max((how for _, how in known), key=LOOKS.index)


def _inside(gaps: Sequence[Gap], window: Window) -> list[Gap]:
    """The parts of gaps that lie in the window."""
    first = datetime.combine(window.first, datetime.min.time())
    last = first + timedelta(window.days)
    cut = [(max(starts, first), min(ends, last)) for starts, ends in gaps]
    return [(starts, ends) for starts, ends in cut if starts < ends]


def _instant(moment: date | datetime) -> int:
    """Milliseconds at which a clock that is never changed shows a day or moment."""
    shown = moment if isinstance(moment, datetime) else datetime.combine(moment, datetime.min.time())
    return round(shown.replace(tzinfo=UTC).timestamp() * 1000)
