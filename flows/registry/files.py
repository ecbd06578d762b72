"""The registry on disk: which files it has, and their text."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from flows.registry.draft import Draft
from flows.registry.table import Door, Table

_TOML_PLACE = re.compile(r"(.*) \(at (.*)\)", re.DOTALL)


def campaign_files(path: Path, door: Door) -> tuple[list[Path], int]:
    """The files to read, and how many campaigns the folder has in all."""
    cure = "give CAMPAIGN_REGISTRY a folder of campaign TOML files, or one such file"
    try:
        if path.is_dir():
            files = _toml_files(path)
            if not files:
                door.refuse(str(path), "", "holds no *.toml file", "campaign init writes the first")
            return files, len(files)
        if path.is_file():
            return [path], len({path.name, *(sibling.name for sibling in _toml_files(path.parent))})
        missing = not path.exists()
    except OSError as trouble:
        door.refuse(str(path), "", f"cannot be read ({trouble.strerror})", "mend its permissions")
        return [], 0
    if missing:
        cure = f"campaign init begins one, or {cure}"
        if not path.is_absolute() and not Path(".env").exists():
            told = f"does not exist, and there is no .env in {Path.cwd()} (are you in the right folder?)"
            door.refuse(str(path), "", told, f"go to your campaign's folder, or {cure}")
            return [], 0
    door.refuse(str(path), "", "does not exist" if missing else "is neither a file nor a folder", cure)
    return [], 0


def _toml_files(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.iterdir() if file.suffix == ".toml" and not file.name.startswith(".")
    )


def read_text(file: Path, door: Door, save_as: str) -> str | None:
    try:
        if file.exists() and not file.is_file():
            door.refuse(str(file), "", "is not a file", "remove it or rename it")
            return None
        # Windows editors and spreadsheets put a byte order mark in front.
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        line = trouble.object[: trouble.start].count(b"\n") + 1
        door.refuse(str(file), f"line {line}", "is not UTF-8 text", f"save the file as {save_as}")
    except OSError as trouble:
        door.refuse(str(file), "", f"cannot be read ({trouble.strerror})", "mend its permissions")
    return None


def read_campaign(file: Path, door: Door) -> Draft | None:
    text = read_text(file, door, "UTF-8")
    if text is None:
        return None
    cure = "correct the TOML there: texts stand in quotation marks, days as 2026-04-01"
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as trouble:
        place = _TOML_PLACE.fullmatch(str(trouble))
        problem, key = (place[1], place[2]) if place else (str(trouble), "")
        door.refuse(str(file), key, f"is not TOML: {problem}", cure)
    except ValueError:
        # tomllib passes on what int() says of thousands of digits.
        door.refuse(str(file), "", "holds a number too long to read", "shorten it or put it in quotes")
    except RecursionError:
        door.refuse(str(file), "", "is nested too deeply to read", "flatten it")
    else:
        return Draft(file, Table(door, str(file), content))
    return None
