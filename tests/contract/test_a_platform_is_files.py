"""A platform is added by adding files, and by editing none.

A copy of the repository's packages gets the files of an invented platform, which docs/adding-a-platform.md
holds. In it, the page is followed step by step, the platform is collected and built like any other, and the
contract's checks name what is missing when a file is left out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.follow import PAGE, REGISTRY, files, steps

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
CAMPAIGN = "from flows.cli import main; main()"
PACKAGES = ("connectors", "flows", "warehouse")
TESTS = (
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/folders.py",
    "tests/connectors/__init__.py",
    "tests/connectors/test_contract.py",
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
    for file, text in files().items():
        assert not (ROOT / file).exists(), f"{file} is not added but edited"
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        (copy / file).write_text(text, encoding="utf-8")
    return copy


def environment(copy: Path) -> dict[str, str]:
    """The copy's packages and no settings of the tester's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(copy),
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def found(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What three days of collecting and a build of the copy gave."""
    home = tmp_path_factory.mktemp("home")
    ran = run(copy, str(HERE / "collect_and_build.py"), str(home), str(copy / REGISTRY))
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    assert Path(found["from"]).is_relative_to(copy)
    return found


@pytest.fixture
def double(copy: Path) -> Iterator[str]:
    """The port of the copy's sandbox, started as the page says but for the port."""
    with subprocess.Popen(
        [sys.executable, "-u", "-c", CAMPAIGN, "sandbox", "--now", "2026-05-04T12:00Z"],
        env=environment(copy),
        cwd=copy,
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        try:
            told = (
                re.search(r"PIGEON_API_URL=http://127.0.0.1:(\d+)/pigeon", line) for line in serving.stdout
            )
            yield next(found[1] for found in told if found)
        finally:
            serving.terminate()


def test_the_page_followed_step_by_step_gives_what_it_shows(copy: Path, double: str) -> None:
    page = steps()
    assert "8800" in page.text
    assert page.answer
    program = f'campaign() {{ {shlex.quote(sys.executable)} -c {shlex.quote(CAMPAIGN)} "$@"; }}; set -e\n'
    ran = subprocess.run(
        ["bash", "-c", program + page.text.replace("8800", double)],
        env={**environment(copy), "COLUMNS": "200"},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    printed = "\n".join(line.rstrip() for line in ran.stdout.splitlines())
    assert printed.endswith(page.answer.strip()), printed


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


def test_the_page_explains_everything_that_is_looked_for_in_a_connector() -> None:
    looked_for = re.compile(r"(?:getattr|hasattr)\(\s*(?:connector|connectors\[\w+\]), \"(\w+)\"")
    names = {
        name
        for package in ("connectors", "flows")
        for path in (ROOT / package).rglob("*.py")
        for name in looked_for.findall(path.read_text(encoding="utf-8"))
    }
    assert len(names) > 10
    assert names - {word for code in PAGE.inline for word in re.findall(r"\w+", code)} == set()


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
