"""What is wrong with a registry, said so that whoever wrote it can mend it."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

# Directional overrides and isolates: they make text read otherwise than it is stored.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Mistake:
    """One thing to mend: in which file, at which key, what is wrong, and the cure."""

    file: str
    key: str
    problem: str
    cure: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return on_one_line(f"{place}: {self.problem}; {self.cure}")


class RegistryError(Exception):
    """The registry cannot be used; `str()` lists every mistake, one a line."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


def unwelcome_character(text: str, welcome: str = "") -> str:
    """The first character that no title needs and that could forge a line, a log or a page; "" when none."""
    for character in text:
        forges = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _REORDERING
        if forges and character not in welcome:
            return f"U+{ord(character):04X}"
    return ""


def shown(text: str) -> str:
    return f'"{text}"' if len(text) <= 60 else f'"{text[:60]}…"'


def shown_number(number: float | Decimal) -> str:
    text = str(number)
    return text if len(text) <= 30 else f"{text[:30]}…"


def on_one_line(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def did_you_mean(text: str, choices: Iterable[str], otherwise: str) -> str:
    folded = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(text[:60].casefold(), folded, n=1)
    return f'did you mean "{folded[close[0]]}"?' if close else otherwise
