"""The Graph API's `fields` syntax: `name.modifier(argument)…{subfields}`, with commas between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class FieldSyntaxError(ValueError):
    """Text that Graph answers with code 2500."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field as asked for. `shown_as` is its name in the answer (`.as(…)`); `subfields` is None where none
    were named."""

    name: str
    modifiers: Mapping[str, str]
    subfields: tuple[Field, ...] | None

    @property
    def shown_as(self) -> str:
        return self.modifiers.get("as", self.name)


@lru_cache(maxsize=64)
def parse_fields(text: str) -> tuple[Field, ...]:
    """Raises FieldSyntaxError."""
    fields, end = _parse_list(text, 0)
    if end != len(text):
        raise FieldSyntaxError(f"Syntax error: unexpected {text[end]!r} at character {end + 1}")
    return fields


def _parse_list(text: str, at: int) -> tuple[tuple[Field, ...], int]:
    fields: list[Field] = []
    while True:
        while at < len(text) and text[at] in ", \n":
            at += 1
        if at == len(text) or text[at] == "}":
            return tuple(fields), at
        field, at = _parse_field(text, at)
        fields.append(field)
        if at < len(text) and text[at] not in ",} \n":
            raise FieldSyntaxError(f"Syntax error: unexpected {text[at]!r} at character {at + 1}")


def _parse_field(text: str, at: int) -> tuple[Field, int]:
    name, at = _parse_name(text, at)
    modifiers: dict[str, str] = {}
    while at < len(text) and text[at] == ".":
        modifier, at = _parse_name(text, at + 1)
        if at == len(text) or text[at] != "(":
            raise FieldSyntaxError(f"Syntax error: expected '(' after {modifier!r}")
        closing = text.find(")", at)
        if closing < 0:
            raise FieldSyntaxError("Syntax error: expected ')' at the end of the string")
        modifiers[modifier] = text[at + 1 : closing]
        at = closing + 1
    subfields: tuple[Field, ...] | None = None
    if at < len(text) and text[at] == "{":
        subfields, at = _parse_list(text, at + 1)
        if at == len(text):
            raise FieldSyntaxError("Syntax error: expected '}' at the end of the string")
        at += 1
    return Field(name, modifiers, subfields), at


def _parse_name(text: str, at: int) -> tuple[str, int]:
    end = at
    while end < len(text) and text[end] in _NAME:
        end += 1
    if end == at:
        raise FieldSyntaxError(f"Syntax error: expected a name at character {at + 1}")
    return text[at:end], end
