"""The files of docs/adding-a-platform.md, and what it tells people to type, as the page has them."""

from __future__ import annotations

from pathlib import Path

from tests.docs.pages import Block, pages

PAGE = pages()["docs/adding-a-platform.md"]
REGISTRY = "coo/coo-2026.toml"


def files() -> dict[Path, str]:
    """What each file of the page holds, by its path from the repository's root."""
    return {Path(block.file): block.text for block in PAGE.blocks if block.file is not None}


def steps() -> Block:
    """What the page has people type once the files are there, with what it shows."""
    (block,) = (block for block in PAGE.blocks if block.marker == "steps")
    return block
