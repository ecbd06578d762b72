"""The colours of sides in charts: those that the campaign chose, as far as they are seen, and for the others
those of the page's palette that nobody has.

Contrast is that of WCAG 2.2, from 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio), reckoned from
the relative luminance of sRGB (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance). What carries meaning in
a picture needs 3 (criterion 1.4.11).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, floor

from flows.answers.page import FOLDER, Variable
from flows.answers.page.vision import least_apart, light

LEAST_CONTRAST = 3.0

# Of two colours nearer to each other than this, to whoever sees them nearest, one is taken for the other
# where they do not touch; those of the palette are all further apart.
_ALIKE = 0.09

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Style:
    """What the page's own style says of one scheme: what marks lie on, and the palette in its order."""

    grounds: tuple[str, ...]
    series: tuple[str, ...]


@dataclass(frozen=True)
class Colours:
    """What a side's marks are drawn in, by its id, and the page's variables that make it so."""

    by_side: dict[str, str]
    variables: tuple[Variable, ...] = ()


def of_sides(sides: Sequence[tuple[str, str | None, bool]]) -> Colours:
    """Colours of (side, its own colour if it chose one, whether it is ours), the most important first where
    there are more than the palette has.

    A chosen colour is the side's on every ground, however like another's; palettes give way to it as it is
    shown, light and dark.
    """
    on_light, on_dark = style()
    chosen = {side: colour for side, colour, _ in sides if colour and _COLOUR.fullmatch(colour)}
    variables = [
        Variable(f"--side-{place}", legible(colour, on_light.grounds), legible(colour, on_dark.grounds))
        for place, colour in enumerate(chosen.values(), 1)
    ]
    taken = [
        any(are_alike(pale, each.light) or are_alike(bright, each.dark) for each in variables)
        for pale, bright in zip(on_light.series, on_dark.series, strict=True)
    ]
    by_side = {side: f"var({each.name})" for side, each in zip(chosen, variables, strict=True)}
    left = [side for side, _, _ in sides if side not in by_side]
    # Where so many chose that too few are free, those come that are like a chosen one: names tell them apart.
    places = sorted(range(len(taken)), key=taken.__getitem__)
    names = [f"var(--series-{place + 1})" for place in places]
    by_side |= {side: names[number % len(names)] for number, side in enumerate(left)}
    ours = next((by_side[side] for side, _, is_ours in sides if is_ours), None)
    if ours:
        variables.append(Variable("--ours", ours, ours))
    if chosen:
        # The first of the palette that is left is orange, which reads as a warning.
        spare = names[len(left) : taken.count(False)] or names[len(left) :] or names
        nobodys = spare[1 % len(spare)]
        variables.append(Variable("--nobodys", nobodys, nobodys))
    return Colours(by_side, tuple(variables))


def legible(colour: str, grounds: Sequence[str]) -> str:
    """A colour (#rrggbb) on grounds that are all light or all dark: itself where it has the contrast that it
    needs, and otherwise darker or lighter by the least amount of light that gives it, of the same hue."""
    if all(contrast(colour, ground) >= LEAST_CONTRAST for ground in grounds):
        return colour
    amounts, own = light(colour), luminance(colour)
    others = [luminance(ground) for ground in grounds]
    if (1 + 0.05) / (max(others) + 0.05) < (min(others) + 0.05) / 0.05:
        # Black stands out from these grounds more than white does.
        most = (min(others) + 0.05) / LEAST_CONTRAST - 0.05
        return "#" + "".join(f"{floor(_shown(part * most / own)):02x}" for part in amounts)
    least = (max(others) + 0.05) * LEAST_CONTRAST - 0.05
    white = (least - own) / (1 - own)
    return "#" + "".join(f"{ceil(_shown(part + (1 - part) * white)):02x}" for part in amounts)


def contrast(one: str, other: str) -> float:
    """Of two colours (#rrggbb), whichever is the lighter."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = light(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def are_alike(one: str, other: str) -> bool:
    return least_apart(one, other) < _ALIKE


@cache
def style() -> tuple[Style, Style]:
    """Of light and paper, and of dark, as the page's style has them."""
    text = (FOLDER / "style.css").read_text(encoding="utf-8")
    declared, dark, paper = (
        dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    )
    return (
        Style((declared["--ground"], declared["--band"], paper["--band"]), _series(declared)),
        Style((dark["--ground"], dark["--band"]), _series(dark)),
    )


def _series(declared: dict[str, str]) -> tuple[str, ...]:
    return tuple(colour for name, colour in sorted(declared.items()) if name.startswith("--series-"))


def _shown(amount: float) -> float:
    """An amount of light as sRGB has it, from 0 to 255."""
    part = amount * 12.92 if amount <= 0.0031308 else 1.055 * amount ** (1 / 2.4) - 0.055
    return min(max(part, 0.0), 1.0) * 255
