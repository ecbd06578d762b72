"""A registry to write campaigns into, read with the connectors of this release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import connectors
from flows.registry import Registry, RegistryError, load

HEAD = """\
id = "water-2026"
name = "Clean Water 2026"
starts = 2026-04-01
ends = 2026-06-30
timezone = "Europe/London"

[[sides]]
id = "clean-water"
ours = true
"""


@pytest.fixture(scope="session")
def platforms() -> dict[str, ModuleType]:
    return connectors.discover()


class Folder:
    """A folder of campaigns; messages are given relative to it."""

    def __init__(self, path: Path, platforms: dict[str, ModuleType]) -> None:
        self.path, self.platforms = path, platforms

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def load(self, name: str = "") -> Registry:
        return load(self.path / name, self.platforms)

    def mistakes(self, name: str = "") -> list[str]:
        with pytest.raises(RegistryError) as caught:
            self.load(name)
        return str(caught.value).replace(f"{self.path}/", "").splitlines()

    def notices(self) -> list[str]:
        return [notice.replace(f"{self.path}/", "") for notice in self.load().notices]


@pytest.fixture
def folder(tmp_path: Path, platforms: dict[str, ModuleType]) -> Folder:
    return Folder(tmp_path, platforms)


@pytest.fixture
def mistakes_in(folder: Folder) -> Callable[[str], list[str]]:
    """The mistakes of one campaign, each without the file's name."""

    def mistakes(text: str) -> list[str]:
        folder.write("a.toml", text)
        return [line.removeprefix("a.toml: ") for line in folder.mistakes()]

    return mistakes
