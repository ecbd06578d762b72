"""Texts as the two files hold them. Python reads TOML and has nothing that writes it."""

from __future__ import annotations

import re
from io import StringIO

from dotenv import dotenv_values

from flows.beginning.answers import Unusable

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
# Beside the two that end a string and its escapes: what TOML 1.0 allows in none ("String").
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')
_BARE = re.compile(r"[A-Za-z0-9_./~:@%+=-]+")


def in_toml(text: str) -> str:
    """The text as a TOML basic string, on one line. It holds no lone surrogate."""
    return '"' + _ESCAPED.sub(lambda found: _SHORT.get(found[0], f"\\u{ord(found[0]):04X}"), text) + '"'


def in_env(name: str, text: str) -> str:
    """The line that sets a name in `.env`, as python-dotenv reads it back. Raises Unusable, without the text,
    where no line does: it takes ${…} for another setting's value."""
    quoted = text if _BARE.fullmatch(text) else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    line = f"{name}={quoted}"
    if "\n" in line or "\r" in line or dotenv_values(stream=StringIO(f"{line}\n")) != {name: text}:
        raise Unusable(f"{name} holds what .env cannot; choose another, or set it in the environment alone")
    return line
