"""What a person should know of `.env`: whether it was read, who else can read it, and what in it is
mistyped."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from flows.health.findings import Finding, Rank
from flows.settings import ENV_FILE, setting_names

if TYPE_CHECKING:
    from flows.settings import Settings

# How many folders above the working one are looked into.
FOLDERS_ABOVE = 3

# Settings of others that may stand in it.
_OF_OTHERS = ("PREFECT_", "DASK_", "AWS_", "REQUESTS_", "CURL_", "SSL_")


def names_in_env_file() -> frozenset[str]:
    """The names that the `.env` of the working folder sets to something; empty without one."""
    return frozenset(name for name, value in dotenv_values(ENV_FILE).items() if value and value.strip())


def env_line() -> str:
    """One line: where the settings of this run came from."""
    folder = Path.cwd()
    if not Path(ENV_FILE).is_file():
        return f"Settings: no {ENV_FILE} in {folder}; the environment alone"
    names = names_in_env_file()
    shadowed = sorted(name for name in names if os.environ.get(name, "").strip())
    wins = f"; the environment wins for {', '.join(shadowed)}" if shadowed else ""
    counted = f"{len(names)} {'name' if len(names) == 1 else 'names'}"
    return f"Settings: {folder / ENV_FILE} ({counted}), then nothing else{wins}"


def env_findings(settings: Settings, connectors: Mapping[str, ModuleType]) -> Iterator[Finding]:
    """What is wrong with `.env`, or with not having one here."""
    file = Path(ENV_FILE)
    if not file.is_file():
        for other in _elsewhere(settings):
            yield Finding(
                Rank.limits,
                f"{other} is not read: {ENV_FILE} counts in the folder where campaign is run; run it in "
                f"{other.parent}, or copy the file here",
            )
        return
    mode = stat.S_IMODE(file.stat().st_mode) if os.name == "posix" else 0
    if mode & (stat.S_IRWXO | stat.S_IRWXG):
        whose = "everybody on this machine" if mode & stat.S_IRWXO else "the file's group"
        yield Finding(
            Rank.limits,
            f"{whose} can read or change the credentials in {ENV_FILE}; run chmod 600 {ENV_FILE}",
        )
    yield from _mistyped(names_in_env_file(), setting_names(connectors))


def _mistyped(names: Collection[str], known: Collection[str]) -> Iterator[Finding]:
    for name in sorted(names):
        if name in known or name.startswith(_OF_OTHERS):
            continue
        close = get_close_matches(name, known, n=1, cutoff=0.7)
        if close:
            yield Finding(
                Rank.limits, f"{name} in {ENV_FILE} is no setting and counts nowhere; write {close[0]}"
            )


def _elsewhere(settings: Settings) -> Iterator[Path]:
    """The `.env` that somebody may think is read."""
    here = Path.cwd()
    registry = settings.registry.absolute()
    folders = [*here.parents[:FOLDERS_ABOVE], registry, registry.parent, settings.home.absolute()]
    for folder in dict.fromkeys(folders):
        if folder != here and (folder / ENV_FILE).is_file():
            yield folder / ENV_FILE
