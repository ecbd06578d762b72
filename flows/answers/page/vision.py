"""How far apart people see two colours, also those who lack one kind of cone.

Distances are those of OKLab (Björn Ottosson, 2020, https://bottosson.github.io/posts/oklab/), in which black
and white are 1 apart and equal steps look equally large. What somebody without red, green or blue cones sees
is reckoned from amounts of light by the matrices of Machado, Oliveira and Fernandes (2009,
https://doi.org/10.1109/TVCG.2009.113) for severity 1.
"""

from __future__ import annotations

from functools import cache
from math import cbrt, dist

Three = tuple[float, float, float]
Matrix = tuple[Three, Three, Three]

_USUAL: Matrix = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
VISIONS: dict[str, Matrix] = {
    "usual": _USUAL,
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_TO_CONES: Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB: Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def apart(one: str, other: str, vision: str = "usual") -> float:
    """How far two colours (#rrggbb) are from each other, from 0 to about 1."""
    return dist(seen(one, vision), seen(other, vision))


def least_apart(one: str, other: str) -> float:
    """The same for whoever of all sees them nearest to each other."""
    return min(apart(one, other, vision) for vision in VISIONS)


@cache
def seen(colour: str, vision: str) -> Three:
    """A colour as its place in OKLab: how light it is, from green to red, from blue to yellow."""
    shown = _times(VISIONS[vision], light(colour))
    # A screen cannot show less than no light, nor more than all.
    red, green, blue = _times(_TO_CONES, _within(shown))
    return _times(_TO_LAB, (cbrt(red), cbrt(green), cbrt(blue)))


def light(colour: str) -> Three:
    """Red, green and blue of a colour (#rrggbb) as amounts of light, from 0 to 1."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    )
    return red, green, blue


def _times(matrix: Matrix, amounts: Three) -> Three:
    first, second, third = (
        sum(weight * amount for weight, amount in zip(row, amounts, strict=True)) for row in matrix
    )
    return first, second, third


def _within(amounts: Three) -> Three:
    red, green, blue = (min(max(each, 0.0), 1.0) for each in amounts)
    return red, green, blue
