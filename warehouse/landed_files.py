"""Where the landed files lie, by their names alone: nothing is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# What the registry in force is landed under; it is no platform.
REGISTRY = "registry"


def landed_files(root: Path, platform: str = "*") -> list[Path]:
    """Every landed file (of one platform), in name order; hidden files are unfinished and are left out."""
    platforms = _platforms(root) if platform == "*" else [platform]
    return [
        Path(folder, name)
        for each in platforms
        for folder in _days(root, each)
        for name in sorted(filter(_is_landed, _names(folder)))
    ]


def landed_counts(root: Path) -> dict[str, int]:
    """How many files have landed of each platform, by its name. A year of hourly rounds can be a hundred
    thousand."""
    return {
        platform: sum(sum(map(_is_landed, _names(folder))) for folder in _days(root, platform))
        for platform in _platforms(root)
    }


def answers_have_landed(root: Path) -> bool:
    """Whether a platform was ever read, or an export handed in: a build lands the registry by itself."""
    return any(count for platform, count in landed_counts(root).items() if platform != REGISTRY)


def _platforms(root: Path) -> list[str]:
    return [name.partition("=")[2] for name in sorted(_names(str(root))) if name.startswith("platform=")]


def _days(root: Path, platform: str) -> Iterator[str]:
    for endpoint in _folders(f"{root}/platform={platform}", "endpoint="):
        yield from _folders(endpoint, "date=")


def _folders(above: str, beginning: str) -> Iterator[str]:
    return (f"{above}/{name}" for name in sorted(_names(above)) if name.startswith(beginning))


def _is_landed(name: str) -> bool:
    return name.endswith(".parquet") and name[0] != "."


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        # Nothing has landed yet; or something else lies among the folders.
        return []
