"""Numbers and names as a chart has room for them; the tables have them whole."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from flows.console import plain

FONT_SIZE = 12

# A letter of a wide font is so wide; those of Chinese and smileys twice that.
_LETTER = 0.6 * FONT_SIZE

_UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))

# XML knows no such letters, and no font draws them.
_NO_LETTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")


def short(value: float) -> str:
    """Three digits and a unit: 940, 13.4M, -1.2k."""
    for size, unit in _UNITS:
        # From 999,500 on three digits are those of a million.
        if abs(value) >= size - size / 2000:
            return f"{float(f'{value / size:.3g}'):,.10g}{unit}"
    return f"{value:,.3g}" if isinstance(value, float) else f"{value:,}"


def one_line(text: str) -> str:
    """A name from outside on one line, without controls."""
    return " ".join(_NO_LETTERS.sub("\ufffd", plain(text)).split())


def room_of(text: str) -> float:
    """How wide a text is, in pixels, about."""
    return _LETTER * sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def cut(text: str, room: float) -> str:
    """A name from outside, on one line and cut to so many pixels. Its end stays: there stand years and
    numbers, by which names differ."""
    whole = one_line(text)
    if room_of(whole) <= room:
        return whole
    kept = len(whole)
    while kept:
        kept -= 1
        tail = kept // 3
        shorter = f"{whole[: kept - tail].rstrip()}…{whole[len(whole) - tail :].lstrip()}"
        if room_of(shorter) <= room:
            return shorter
    return "…"


def listed(parts: Sequence[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
