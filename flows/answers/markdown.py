"""Markdown for the pages of a scheduler, of words that come from outside.

What is written as words stays words: no markup, no HTML, no link, no line of its own. Prefect has two sets
of pages, which read it by different rules. Both take a backslash before a sign, and the older ones take no
entities (`&#42;`). The newer ones make links of whatever looks like an address when all else is read, also
where its signs are escaped; so a space without width stands inside of those. In the label of a link the
older ones show the backslashes too: none stands there that need not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from urllib.parse import quote

from flows.console import plain

# An address does not go across it.
UNSEEN_SPACE = "\u200b"

# Signs that are markup wherever they stand, and those that are in some places: a backslash before a sign,
# underscores that are not inside of a word, a bracket that begins a tag, an ampersand that begins an entity.
_MARKUP = re.compile(
    r"[`*\[\]|~]|\\(?=[!-/:-@\[-`{-~]|$)|(?<![A-Za-z0-9_])_+|(?<=[A-Za-z0-9])_+(?![A-Za-z0-9_])"
    r"|<(?=[A-Za-z/!?]|$)|&(?=#?[A-Za-z0-9]+;)"
)
# A heading, a list, a quotation, a line under a heading or in place of one, at the beginning of a line alone.
_BEGINS_A_BLOCK = re.compile(r"([0-9]{1,9}(?=[.)])|(?=[-+=#>]))")
# A scheme, `www.`, somebody's mail.
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)

_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][^\s\x00-\x1f\x7f]*)?")
# Of an address, beside letters, digits and `_.-~`; the others are written as %XX. No entity is without `;`.
_PLAIN_IN_ADDRESSES = "/:?#@$&'+,=%"


def words(text: str) -> str:
    """A text from outside as plain words on one line."""
    line = _inside_a_line(text)
    begins = _BEGINS_A_BLOCK.match(line)
    return line if begins is None else f"{begins[0]}\\{line[begins.end() :]}"


def link(label: str, address: str | None) -> str:
    """The words of a label, as a link where the address is one of the web; nothing else becomes a link."""
    if address is None or not _WEB_ADDRESS.fullmatch(address):
        return words(label)
    target = quote(address, safe=_PLAIN_IN_ADDRESSES)
    return f"[{_inside_a_line(label) or _inside_a_line(target)}]({target})"


def _inside_a_line(text: str) -> str:
    line = _ADDRESS.sub(UNSEEN_SPACE, " ".join(plain(text).split()))
    return _MARKUP.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), line)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()) -> list[str]:
    """The lines of a table. The heads are words, the cells Markdown; columns named in `numbers` are set
    flush right."""
    return [
        f"| {' | '.join(map(words, columns))} |",
        f"|{'|'.join('--:' if column in numbers else '---' for column in columns)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
