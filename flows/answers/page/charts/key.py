"""What the signs beside numbers and the looks of bars and lines mean: a line each, of those that occur."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from markupsafe import Markup

from flows.answers.known import MARKS
from flows.answers.page import Headline, Key, Section
from flows.answers.page.charts import drawing
from flows.answers.query import NOTHING

# How a day that is known so looks, and what that is called: as a bar, as a part of a line, as a bar in the
# space of a word. What a figure or a section has of it, it says by these names (see `Figure.looks`).
BAR, LINE, SMALL = "bar", "line", "small"

_SIDE = 12
_FAINT = "faint bar"

# (how well it is known, that in words, what its bar is called, what it means).
_WORDS = (
    ("estimated", "estimated", _FAINT, "exact over a gap between readings, shared out evenly within it"),
    (
        "open",
        "open",
        "hollow bar",
        "the end of the day has not been read for every post; for a lost one it never will be",
    ),
    (
        "some_open",
        "open in part",
        "bar a shade fainter",
        "the end of the day has not been read for some posts; for others later days are known",
    ),
    ("partly", "part of a week", "bar with a broken edge", "some of its days are not known"),
    ("gap", "gap", "grey band", "nothing was read for more than twelve hours"),
)


def named(kind: str, known: Iterable[str]) -> frozenset[str]:
    """Days that are known so, drawn as a kind of thing."""
    return frozenset(f"{kind} {each}" for each in known)


def key_of(sections: Sequence[Section], headlines: Sequence[Headline]) -> list[Key]:
    """The key of a page, in which nothing stands that the page does not have."""
    cells = [cell for section in sections for table in section.tables for cell in table.cells]
    signs = {cell.mark for cell in cells} | {headline.mark for headline in headlines}
    looks = frozenset[str]().union(
        *(section.looks for section in sections),
        *(figure.looks for section in sections for figure in section.figures),
    )
    found = []
    for known, name, called, meaning in _WORDS:
        names, samples = [], []
        if f"{BAR} {known}" in looks:
            names.append(called)
            samples.append(_bar(known))
        if f"{LINE} {known}" in looks:
            names.append("dotted line")
            samples.append(_line())
        # Only where the large bar is called faint too has the small one been spoken of.
        if f"{SMALL} {known}" in looks and _FAINT not in names:
            names.append("faint small bar")
        # A table has one sign for a day that is open, of all posts or of some.
        mark = MARKS.get("open" if known == "some_open" and names else known, "")
        sign = mark if mark in signs else ""
        if sign or names:
            drawn = f" ({', '.join(names)})" if names else ""
            found.append(Key(sign, samples, f"{name}{drawn}: {meaning}"))
    if any(cell.text == NOTHING for cell in cells):
        found.append(Key(NOTHING, [], "not known, which is not 0"))
    return found


def _bar(known: str) -> Markup:
    """A square as a day's bar looks."""
    look = {"fill": drawing.OURS, **drawing.LOOKS[known]}
    drawn = {
        "d": f"M.5.5h{_SIDE - 1}v{_SIDE - 1}h-{_SIDE - 1}Z",
        "fill": str(look["fill"]),
        "fill-opacity": str(look["fillOpacity"]),
    }
    if "strokeWidth" in look:
        drawn |= {"stroke": drawing.OURS}
    if "strokeDash" in look:
        drawn |= {"stroke-dasharray": ",".join(map(str, look["strokeDash"]))}
    return _sample(_SIDE, drawn)


def _line() -> Markup:
    dashes = ",".join(map(str, drawing.DOTTED["strokeDash"]))
    drawn = {
        "d": f"M0 6h{2 * _SIDE}",
        "stroke": drawing.OURS,
        "stroke-width": "2",
        "stroke-dasharray": dashes,
    }
    return _sample(2 * _SIDE, drawn)


def _sample(width: int, drawn: dict[str, str]) -> Markup:
    """A picture of one path; the words beside it say the same."""
    sheet = ElementTree.Element("svg", {"aria-hidden": "true"})
    ElementTree.SubElement(sheet, "path", drawn)
    return drawing.as_markup(sheet, width, _SIDE)
