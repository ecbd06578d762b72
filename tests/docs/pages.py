"""The repository's Markdown pages, taken apart: blocks of code, headings, links, and what the prose names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MARKER = re.compile(r"<!-- (.+?) -->\n+\Z")
_FILE = re.compile(r"^\*\*`([\w./-]+)`\*\*\n+\Z", re.MULTILINE)
_ANSWER = re.compile(r"\A\n+```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# Blocks without a language are what somebody types, or a drawing.
SHELL = ("", "sh", "bash")


@dataclass(frozen=True)
class Block:
    """A block of code. `marker` is the comment above it, `answer` the block of text right below it, `file`
    the name of the file that it is."""

    page: str
    line: int
    language: str
    text: str
    marker: str | None = None
    answer: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """One page. `name` is its path from the repository's root."""

    name: str
    text: str

    @property
    def folder(self) -> Path:
        return (ROOT / self.name).parent

    @property
    def blocks(self) -> list[Block]:
        return [self._block(found) for found in _FENCE.finditer(self.text)]

    def _block(self, found: re.Match[str]) -> Block:
        before, after = self.text[: found.start()], self.text[found.end() :]
        marker, file, answer = _MARKER.search(before), _FILE.search(before), _ANSWER.match(after)
        return Block(
            page=self.name,
            line=before.count("\n") + 1,
            language=found[1],
            text=found[2],
            marker=marker[1] if marker else None,
            answer=answer[1] if answer else None,
            file=file[1] if file else None,
        )

    @property
    def prose(self) -> str:
        """The text without its blocks."""
        return _FENCE.sub("", self.text)

    @property
    def inline(self) -> list[str]:
        """The code that stands in the prose."""
        return re.findall(r"`([^`\n]+)`", self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link may point at, as GitHub names headings."""
        seen: dict[str, int] = {}
        found = set()
        for heading in re.findall(r"^#+ +(.*)$", self.prose, re.MULTILINE):
            shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            slug = re.sub(r"[^\w -]", "", shown).strip().lower().replace(" ", "-")
            times = seen.get(slug, 0)
            seen[slug] = times + 1
            found.add(f"{slug}-{times}" if times else slug)
        return found

    @property
    def links(self) -> list[str]:
        """The addresses of links and pictures."""
        return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", self.prose))


@cache
def pages() -> dict[str, Page]:
    """Every page for readers: README and all of docs/."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {
        path.relative_to(ROOT).as_posix(): Page(
            path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        )
        for path in found
    }


def linked(page: Page, target: str) -> str | None:
    """Why a link of a page leads nowhere; None when it leads somewhere, or out of the repository."""
    if re.match(r"[a-z]+:", target):
        return None
    path, _, anchor = target.partition("#")
    there = (page.folder / path).resolve() if path else ROOT / page.name
    if path and not there.exists():
        return f"{page.name}: {target}: there is no such file"
    if not anchor:
        return None
    other = pages().get(there.relative_to(ROOT).as_posix()) if path else page
    if other is None or anchor not in other.anchors:
        return f"{page.name}: {target}: there is no such heading"
    return None
