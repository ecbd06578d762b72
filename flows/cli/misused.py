"""What a command says that was called wrongly: in one line of our own words, with where to read on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer._click.exceptions import ClickException

# Typer lets pydantic look at values, whose words these are, and what we say for them.
_IN_OUR_WORDS = (
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be a valid (integer|number)\b.*"), r"must be a whole \1"),
    (re.compile(r"Input should be a valid (\w+)\b.*"), r"must be a \1"),
    (re.compile(r"Input should be (less|greater) than or equal to "), r"must be not \1 than "),
    (re.compile(r"Input should be "), "must be "),
    (re.compile(r"must be a whole integer"), "must be a whole number"),
    (re.compile(r"not less than"), "at most"),
    (re.compile(r"not greater than"), "at least"),
)


def line_of(mistake: ClickException) -> str:
    """What was wrong and the command whose help explains it; empty where the help was shown already."""
    said = mistake.format_message().rstrip(".")
    if not said:
        return ""
    for theirs, ours in _IN_OUR_WORDS:
        said = theirs.sub(ours, said)
    context = getattr(mistake, "ctx", None)
    command = "campaign" if context is None else context.command_path
    end = "" if said.endswith("?") else ";"
    return f"{said[:1].lower()}{said[1:]}{end} see {command} --help"
