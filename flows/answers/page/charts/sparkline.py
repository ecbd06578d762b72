"""The days of one asset in the space of a word. Drawn by hand: by Vega it costs forty times as much, and
a table has many."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from markupsafe import Markup

from flows.answers.dates import in_words
from flows.answers.page.charts import drawing
from flows.answers.page.charts.days import SURE, Known, Window, not_known
from flows.answers.page.charts.wording import short
from flows.console import counted

WIDTH, HEIGHT = 96, 24


def sparkline(days: Sequence[Known], window: Window, what: str, colour: str = drawing.OURS) -> Markup | None:
    """Bars on one scale from the first day of the window to its last, paler where days are estimated, open
    (but not of some posts alone) or in part not known; None when none is known."""
    bars = [bar for bar in window.stretches(days) if bar.value is not None]
    if not bars:
        return None
    values = [bar.value or 0 for bar in bars]
    low, high = min(0, *values, 0), max(0, *values, 0)
    scale = HEIGHT / ((high - low) or 1)
    zero = high * scale
    day = WIDTH / window.days
    paths = {True: "", False: ""}
    for bar, value in zip(bars, values, strict=True):
        left = (bar.first - window.first).days * day
        across = (bar.until - bar.first).days * day * 0.86
        # What is not zero is seen, and what is has its place on the line.
        high_as = max(abs(value) * scale, 0.8)
        top = zero - high_as if value >= 0 else zero
        paths[bar.known in SURE] += f"M{left:.1f},{top:.1f}h{across:.1f}v{high_as:.1f}h-{across:.1f}Z"
    best = max(bars, key=lambda bar: bar.value or 0)
    begins = "in the week of " if window.is_by_week else "on "
    said = f"{what} a {window.a_bar}, most {begins}{in_words(best.first)}: {short(best.value or 0)}"
    if lost := not_known(days, window):
        said += f"; {counted(lost, 'day')} not known"
    sheet = drawing.picture(said)
    for is_sure, look in ((True, {}), (False, {"fill-opacity": "0.4"})):
        if paths[is_sure]:
            ElementTree.SubElement(sheet, "path", {"fill": colour, **look, "d": paths[is_sure]})
    return drawing.as_markup(sheet, WIDTH, HEIGHT)
