"""Files that appear whole or not at all, and stay."""

from __future__ import annotations

import os
from pathlib import Path


def publish_file(hidden: Path, final: Path) -> None:
    """Rename a finished hidden sibling to its final name, with file and folder synced to disk."""
    with hidden.open("rb") as written:
        os.fsync(written.fileno())
    hidden.replace(final)
    sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(final: Path, text: str) -> None:
    """Write a small file whole or not at all, and its folder where missing. A power cut may lose it."""
    final.parent.mkdir(parents=True, exist_ok=True)
    hidden = hidden_sibling(final)
    hidden.write_text(text, encoding="utf-8")
    hidden.replace(final)


def hidden_sibling(final: Path) -> Path:
    """Where a file is written before it gets its name; readers of the lake skip names with a leading dot."""
    return final.with_name(f".{final.name}.{os.getpid()}.part")
