"""A platform is added by adding files, and by editing none.

A copy of the repository's packages gets the files of an invented platform (`pigeon/`, laid out as they lie in
the repository). In it, the platform is collected and built like any other, and the contract's checks name
what is missing when a file is left out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PIGEON = HERE / "pigeon"
PACKAGES = ("connectors", "flows", "warehouse")
TESTS = (
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/connectors/__init__.py",
    "tests/connectors/test_contract.py",
)


def files_of(folder: Path) -> list[Path]:
    """The files under a folder, relative to it; nothing that Python left there."""
    return sorted(
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with one platform more."""
    copy = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*TESTS, "pyproject.toml", ".env.example"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    for file in files_of(PIGEON):
        assert not (copy / file).exists(), f"{file} is not added but edited"
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PIGEON / file, copy / file)
    return copy


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, with the copy's packages and no settings of the tester's."""
    kept = ("PATH", "HOME", "LANG")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**environment, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def found(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What three days of collecting and a build of the copy gave."""
    ran = run(copy, str(HERE / "collect_and_build.py"), str(tmp_path_factory.mktemp("home")))
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    assert Path(found["from"]).is_relative_to(copy)
    return found


def test_the_platform_is_collected_like_any_other(found: dict[str, Any]) -> None:
    assert {tuple(outcome) for outcome in found["outcomes"]} == {("pigeon", "ok", "")}


def test_its_posts_gain_views_by_day_listed_or_not(found: dict[str, Any]) -> None:
    views = {(title, day): views for title, day, views in found["asset_daily"]}
    # Ten an hour; London is an hour ahead, so the post's first day has 14 hours and the others 24.
    assert views["First flight", "2026-05-01"] == 140
    assert views["First flight", "2026-05-02"] == views["First flight", "2026-05-03"] == 240
    assert views["Coo again", "2026-05-03"] == 72


def test_its_history_is_filled_in_the_windows_that_it_declares(found: dict[str, Any]) -> None:
    assert found["filled"] == [
        [{"posts": 2}, "ok", 2, {"posts": 2}],
        [{}, "nothing to ask", 0, {}],
    ]


def test_its_metrics_are_in_the_dictionary(found: dict[str, Any]) -> None:
    assert found["metrics"] == [["seen", "views", "Times a pigeon was seen to carry the post"]]


def test_its_files_pass_the_contract(copy: Path) -> None:
    ran = run(copy, "-m", "pytest", "-q", "-k", "pigeon", "tests/connectors", "tests/warehouse")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_file_that_is_left_out_is_named(copy: Path) -> None:
    ran = run(copy, str(HERE / "leave_out.py"))
    assert ran.returncode == 0, ran.stderr
    said: dict[str, str] = json.loads(ran.stdout)
    assert len(said) >= 5
    for sibling, words in said.items():
        assert words.startswith(f"pigeon has a connector but no {sibling}: "), words
        assert "pigeon" in words.rpartition("/")[2]
