"""Typed access to what a file says, which collects mistakes and reads on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from types import ModuleType

from flows.registry.mistakes import (
    Mistake,
    did_you_mean,
    on_one_line,
    shown,
    shown_number,
    unwelcome_character,
)
from flows.settings import CREDENTIALS

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_ID_CURE = 'use lower-case letters, digits and hyphens, at most 100, as in "launch-film"'
_YEARS = range(2000, 2100)
# TOML gives a key below [[…]] to that table, however far above the campaign's own keys stand.
_CAMPAIGN_ONLY = ("starts", "ends", "timezone", "ignore")
_KIND_NAMES: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
    date: "a day",
    datetime: "a date with a time",
    time: "a time",
}


class Door:
    """What all files share: who may come in, what was refused, what was kept out."""

    def __init__(self, connectors: Mapping[str, ModuleType]) -> None:
        self.connectors = connectors
        self.platforms = tuple(sorted({*CREDENTIALS, *connectors}))
        self.mistakes: list[Mistake] = []
        self._kept_out: dict[tuple[str, str], list[str]] = {}
        self._told: list[str] = []

    def refuse(self, file: str, key: str, problem: str, cure: str) -> None:
        self.mistakes.append(Mistake(file, key, problem, cure))

    def keep_out(self, file: str, key: str, platform: str) -> None:
        self._kept_out.setdefault((file, platform), []).append(key)

    def tell(self, file: str, key: str, notice: str) -> None:
        """What is no mistake and yet will not do what it seems to."""
        self._told.append(on_one_line(f"{file}: {key}: {notice}"))

    def notices(self) -> Iterator[str]:
        yield from self._told
        for (file, platform), keys in self._kept_out.items():
            are = "is" if len(keys) == 1 else "are"
            yield on_one_line(
                f"{file}: {platform}: this release does not collect it yet; "
                f"{', '.join(keys)} {are} kept in the file and not read"
            )


class Table:
    """One table (or one spreadsheet row) being read: typed access that reports what is wrong.

    After a refusal the accessors return a stand-in ("" or the like): the load fails anyway, and reading on
    finds the other mistakes.
    """

    def __init__(self, door: Door, file: str, content: Mapping[str, object], prefix: str = "") -> None:
        self.door, self.file, self.content, self.prefix = door, file, content, prefix

    @property
    def where(self) -> str:
        return self.prefix.rstrip("., ")

    def key(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def refuse(self, name: str, problem: str, cure: str) -> None:
        self.door.refuse(self.file, self.key(name), problem, cure)

    def write(self, name: str) -> str:
        """The cure for a text that is not there."""
        return f'write {name} = "…"'

    def only(self, known: Sequence[str], what: str) -> None:
        """Refuse every key that is not known."""
        for name in self.content:
            if name not in known:
                keys = f"its keys are {', '.join(known)}"
                above = "write it at the top of the file, above the first [[…]]"
                cure = above if name in _CAMPAIGN_ONLY else did_you_mean(name, known, keys)
                self.refuse(name, f"is not a key of {what}", cure)

    def text(self, name: str, cure: str = "", *, required: bool = True) -> str:
        """The text, stripped; "" when it is absent or refused."""
        cure = cure or self.write(name)
        if name not in self.content:
            if required:
                self.refuse(name, "is missing", cure)
            return ""
        return self.checked_text(name, self.content[name], cure)

    def checked_text(self, name: str, value: object, cure: str) -> str:
        if not isinstance(value, str):
            self.refuse(name, f"must be text in quotes, not {_kind_of(value)}", cure)
            return ""
        if culprit := unwelcome_character(value):
            self.refuse(name, f"holds a control character ({culprit})", "remove it")
            return ""
        if not value.strip():
            self.refuse(name, "is empty", cure)
        return value.strip()

    def id(self) -> str:
        text = self.text("id")
        if text and not _ID.fullmatch(text):
            self.refuse("id", f"{shown(text)} cannot be an id", _ID_CURE)
            return ""
        return text

    def choice(self, name: str, choices: Sequence[str]) -> str:
        cure = f"write one of {', '.join(choices)}"
        text = self.text(name, cure)
        if text and text not in choices:
            self.refuse(
                name, f"{shown(text)} is not one of {', '.join(choices)}", did_you_mean(text, choices, cure)
            )
            return ""
        return text

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.content.get(name, default)
        if not isinstance(value, bool):
            self.refuse(name, f"must be true or false, not {_kind_of(value)}", f"write {name} = true")
            return default
        return value

    def day(self, name: str) -> date:
        cure = f"write {name} = 2026-04-01, without quotes"
        value = self.content.get(name)
        if name not in self.content:
            self.refuse(name, "is missing", cure)
        elif isinstance(value, datetime) or not isinstance(value, date):
            self.refuse(name, f"must be a day, not {_kind_of(value)}", cure)
        elif value.year not in _YEARS:
            self.refuse(name, f"{value} is not in the years {_YEARS[0]} to {_YEARS[-1]}", "correct the year")
        else:
            return value
        return date.min

    def number(self, name: str, cure: str) -> Decimal | None:
        """The number that is neither negative nor infinite; None when it is absent or refused."""
        value = self.content.get(name)
        if name not in self.content:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(name, f"must be a number, not {_kind_of(value)}", cure)
        elif isinstance(value, float) and not math.isfinite(value):
            self.refuse(name, f"{value} is not a number that can be kept", cure)
        elif value < 0:
            self.refuse(name, f"{shown_number(value)} is negative", cure)
        else:
            return Decimal(repr(value))
        return None

    def table(self, name: str, cure: str) -> Table | None:
        """The table under that key; None when it is absent or refused."""
        value = self.content.get(name)
        if isinstance(value, dict):
            return Table(self.door, self.file, value, f"{self.key(name)}.")
        if name in self.content:
            self.refuse(name, f"must be a table, not {_kind_of(value)}", cure)
        return None

    def texts(self, name: str) -> list[tuple[str, str]]:
        """The list's texts, each with its key."""
        value = self.content.get(name, [])
        if not isinstance(value, list):
            self.refuse(name, f"must be a list, not {_kind_of(value)}", f'write {name} = ["…"]')
            return []
        found = [
            (key := f"{name}[{n}]", self.checked_text(key, item, "write text in quotes, or remove it"))
            for n, item in enumerate(value)
        ]
        return [(key, text) for key, text in found if text]

    def tables(self, name: str) -> list[Table]:
        """The `[[name]]` tables."""
        value = self.content.get(name, [])
        cure = f"begin each with a line [[{name}]]"
        if not isinstance(value, list):
            self.refuse(name, f"must be a list of tables, not {_kind_of(value)}", cure)
            return []
        found = []
        for n, item in enumerate(value):
            if isinstance(item, dict):
                found.append(Table(self.door, self.file, item, f"{self.key(name)}[{n}]."))
            else:
                self.refuse(f"{name}[{n}]", f"must be a table, not {_kind_of(item)}", cure)
        return found


class Row(Table):
    """One row of the spreadsheet: blank cells are absent."""

    def __init__(self, door: Door, file: str, cells: Mapping[str, str], line: int) -> None:
        content: dict[str, object] = {name: cell for name, cell in cells.items() if cell.strip()}
        if "tags" in content:
            content["tags"] = [tag for tag in cells["tags"].split(";") if tag.strip()]
        super().__init__(door, file, content, f"line {line}, ")

    def write(self, name: str) -> str:
        return f"fill in the column {name}"


def refuse_repeated(entry: Table, value: str, seen: dict[str, str]) -> None:
    first = seen.setdefault(value, entry.where) if value else entry.where
    if first != entry.where:
        entry.refuse("id", f"{shown(value)} is already the id of {first}", "rename one")


def _kind_of(value: object) -> str:
    return _KIND_NAMES.get(type(value), "that")
