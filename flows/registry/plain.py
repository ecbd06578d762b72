"""Values of free keys, as JSON and the warehouse can hold them."""

from __future__ import annotations

import math
from datetime import date, time

from flows.registry.mistakes import unwelcome_character
from flows.registry.table import Table

_LARGEST_INTEGER = 2**63 - 1
_DEEPEST_SETTING = 8


def plain(entry: Table, name: str, value: object, depth: int = 1) -> object:
    """The value of a free key as JSON has it; what JSON or the warehouse cannot hold is refused."""
    if unwelcome_character(name):
        entry.refuse(name, "holds a control character in its name", "rename it")
    if depth > _DEEPEST_SETTING:
        entry.refuse(name, "is nested too deeply", "flatten it")
        return None
    if isinstance(value, dict):
        return {key: plain(entry, f"{name}.{key}", item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(entry, f"{name}[{n}]", item, depth + 1) for n, item in enumerate(value)]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, str) and (culprit := unwelcome_character(value, welcome="\n\t")):
        entry.refuse(name, f"holds a control character ({culprit})", "remove it")
    elif isinstance(value, float) and not math.isfinite(value):
        entry.refuse(name, f"{value} is not a number that can be kept", "write a number, or remove the key")
        return None
    elif isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        entry.refuse(name, "is larger than any whole number that can be kept", "put it in quotes")
    return value
