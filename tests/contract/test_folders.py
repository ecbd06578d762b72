"""What the tests themselves leave on a disk, and what they say of one that is too small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

OF_THE_RUN = """
import pytest
import tests.folders

# However long the names of folders above this one are.
tests.folders.SOCKET_NAME = 10**6

@pytest.fixture(scope="session")
def of_the_run(tmp_path_factory):
    return tmp_path_factory.mktemp("run")

@pytest.fixture(scope="session")
def handed_out(tmp_path_factory):
    made = []
    def hand_out():
        if not made:
            made.append(tmp_path_factory.mktemp("handed-out"))
        return made[0]
    return hand_out
"""

FIRST = """
import shutil, subprocess, sys, tempfile
import pytest

@pytest.fixture(scope="module")
def of_the_module(request, handed_out, tmp_path_factory):
    folder = tmp_path_factory.mktemp("module")
    # Both are first made here.
    request.getfixturevalue("of_the_run")
    handed_out()
    yield folder
    # Its own end sees what was made.
    assert (folder / "big").exists()

@pytest.fixture(scope="module")
def gone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gone")
    yield folder
    # pytest's link to it leads nowhere now.
    shutil.rmtree(folder)

@pytest.fixture
def of_the_test(tmp_path_factory):
    return tmp_path_factory.mktemp("test")

def test_it(of_the_module, of_the_run, handed_out, of_the_test, gone):
    for folder in (of_the_run, of_the_module, handed_out(), of_the_test):
        (folder / "big").write_text("big")
    make = [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"]
    made = subprocess.check_output(make, text=True).strip()
    told = (of_the_module, of_the_test, made, tempfile.mkdtemp())
    (of_the_run / "told").write_text("\\n".join(map(str, told)))

def test_after_it(of_the_run, of_the_module):
    module, test, *_ = (of_the_run / "told").read_text().splitlines()
    assert [path.name for path in of_the_module.iterdir()] == ["big"]
    assert list(of_the_module.with_name("test0").iterdir()) == []
"""

SECOND = """
from pathlib import Path

def test_what_is_left(of_the_run, handed_out, tmp_path_factory):
    module, test, *temporary = map(Path, (of_the_run / "told").read_text().splitlines())
    assert (of_the_run / "big").exists()
    assert (handed_out() / "big").exists()
    assert list(module.iterdir()) == []
    assert list(test.iterdir()) == []
    assert tmp_path_factory.mktemp("module") != module
    for folder in temporary:
        assert folder.is_relative_to(tmp_path_factory.getbasetemp())
"""

# Its test passes, and one failed before it.
PASSING = """
import pytest

@pytest.fixture(scope="module")
def passing(tmp_path_factory):
    return tmp_path_factory.mktemp("passing")

def test_it(passing):
    (passing / "big").write_text("big")
"""

ENDING_BADLY = """
import pytest

@pytest.fixture(scope="module")
def ending_badly(tmp_path_factory):
    yield tmp_path_factory.mktemp("ending-badly")
    assert False

def test_it(ending_badly):
    (ending_badly / "big").write_text("big")
"""


# Whether what those made is there after a run with failures.
LEFT = {"module": True, "passing": False, "ending-badly": True}


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """pytest with these folders' rules in a folder, whose temporary one is there too."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.folders", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        # The disk may be fuller by now than when our own run began.
        env={**kept, "PYTHONPATH": str(ROOT), "TESTS_TAKE_BYTES": "0", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def refused(said: subprocess.CompletedProcess[str]) -> str:
    """The one line by which a run was refused."""
    assert (said.returncode, said.stdout) == (4, "")
    (line,) = said.stderr.strip().splitlines()
    return line


def test_what_a_fixture_made_goes_with_it_and_nothing_lies_in_the_systems_folder(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(OF_THE_RUN)
    (tmp_path / "test_first.py").write_text(FIRST)
    (tmp_path / "test_second.py").write_text(SECOND)
    said = run(tmp_path, "--basetemp", str(tmp_path / "base"))
    assert said.returncode == 0, said.stdout
    assert "3 passed" in said.stdout


def test_what_a_fixture_made_stays_where_one_of_its_tests_or_its_own_end_failed(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(OF_THE_RUN)
    (tmp_path / "test_first.py").write_text(FIRST + "    assert False\n")
    (tmp_path / "test_passing.py").write_text(PASSING)
    (tmp_path / "test_worse.py").write_text(ENDING_BADLY)
    said = run(tmp_path, "--basetemp", str(tmp_path / "base"))
    assert "1 failed, 3 passed, 1 error" in said.stdout
    left = {folder: (tmp_path / "base" / f"{folder}0" / "big").exists() for folder in LEFT}
    assert left == LEFT


def test_a_disk_that_is_too_small_is_one_line_that_names_the_fix(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_nothing(): pass")
    other = {"TESTS_TAKE_BYTES": str(10**18), "TMPDIR": str(ROOT), "PYTEST_DEBUG_TEMPROOT": str(tmp_path)}
    line = refused(run(tmp_path, **other))
    assert line.startswith(f"ERROR: a whole run of the tests needs 1000000000.0 GB in {tmp_path}, where ")
    assert line.endswith(
        "are free; make room there, set TMPDIR to a folder that has it, or TESTS_TAKE_BYTES to fewer bytes"
    )
    # A few tests need little, and what runs none needs nothing.
    for few in (["test_nothing.py"], ["-k", "nothing"], ["--fixtures"]):
        assert run(tmp_path, *few, **other).returncode == 0


def test_a_setting_that_is_no_number_is_one_line(tmp_path: Path) -> None:
    assert refused(run(tmp_path, TESTS_TAKE_BYTES="2GB")) == (
        "ERROR: TESTS_TAKE_BYTES is '2GB'; give it a number of bytes, as 2000000000"
    )
