"""Folders that the tests write to: room for them before the first test, and nothing left that no test needs.

pytest deletes the folder of a test that passed. What a fixture made goes with the fixture,
and what the started processes put into the system's temporary folder lies in one of ours.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

# What a whole run takes at once, which is 1.1 GB, and room beside it; another number by TESTS_TAKE_BYTES.
MOST_BYTES = 2 * 1000**3

# Linux: sockaddr_un of unix(7), without the NUL at its end.
SOCKET_NAME = 107
# The longest that anybody lays into the temporary folder: Chromium's.
LONGEST_SOCKET = len("/.org.chromium.Chromium.XXXXXX/SingletonSocket")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to begin a whole run where the disk would be full before its end: hundreds of tests would fail
    then."""
    config = session.config
    # A worker's disk is that of whoever started it.
    if hasattr(config, "workerinput") or not _is_whole(config):
        return
    given = os.environ.get("TESTS_TAKE_BYTES", str(MOST_BYTES))
    if not given.isdecimal():
        raise pytest.UsageError(f"TESTS_TAKE_BYTES is {given!r}; give it a number of bytes, as {MOST_BYTES}")
    # Where pytest looks, in its order.
    folder = Path(
        config.getoption("basetemp") or os.environ.get("PYTEST_DEBUG_TEMPROOT") or tempfile.gettempdir()
    ).absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    needed = int(given)
    if free < needed:
        raise pytest.UsageError(
            f"a whole run of the tests needs {_shown(needed)} in {folder}, where {_shown(free)} are free; "
            "make room there, set TMPDIR to a folder that has it, or TESTS_TAKE_BYTES to fewer bytes"
        )


def _is_whole(config: pytest.Config) -> bool:
    """Whether all tests are to run; who collects knows how many, but that are workers, each for itself."""
    if any(map(config.getoption, ("collectonly", "showfixtures", "show_fixtures_per_test"))):
        return False
    is_narrowed = any(map(config.getoption, ("keyword", "markexpr")))
    return config.args_source is not pytest.Config.ArgsSource.ARGS and not is_narrowed


def _shown(size: int) -> str:
    return f"{size / 1000**3:.1f} GB"


@dataclass
class _Made:
    """What a fixture has made, and how many tests had failed before."""

    code: CodeType | None
    failed: int
    folders: list[Path] = field(default_factory=list)


# By the fixtures that are being set up, the innermost last.
_BEING_MADE: list[_Made] = []
# By those that have ended during this test.
_OVER: list[_Made] = []


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[Any]:
    """Note what a fixture makes with `tmp_path_factory`. What it makes for the whole run stays with that."""
    made = _Made(getattr(fixturedef.func, "__code__", None), request.session.testsfailed)
    _BEING_MADE.append(made)
    try:
        return (yield)
    finally:
        _BEING_MADE.pop()
        if made.folders and fixturedef.scope != "session":
            fixturedef.addfinalizer(partial(_OVER.append, made))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Empty what is over, once it is known how it ended: where a test has failed since it was made, or the
    fixture's own end, somebody may look into it."""
    result = yield
    for made in _OVER:
        if item.session.testsfailed == made.failed:
            for folder in made.folders:
                emptied(folder)
    _OVER.clear()
    return result


def emptied(folder: Path) -> None:
    """Delete what a folder holds. It stays, so that no later one gets its name: processes remember by name
    what they have open."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)


@pytest.fixture(scope="session", autouse=True)
def noted_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder belongs to the fixture that itself asks for it while it is set up; what is made later, or by
    what another fixture handed out, may be in use for longer and stays with the run."""
    make = tmp_path_factory.mktemp

    def mktemp(basename: str, numbered: bool = True) -> Path:
        folder = make(basename, numbered)
        if _BEING_MADE and _BEING_MADE[-1].code is sys._getframe(1).f_code:
            _BEING_MADE[-1].folders.append(folder)
        return folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tmp_path_factory, "mktemp", mktemp)
        yield


@pytest.fixture(scope="session", autouse=True)
def temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where the tests and all that they start put what is temporary, for it goes with the run; the system's
    own where names of sockets would become too long below ours."""
    folder = tmp_path_factory.getbasetemp() / "t"
    if len(str(folder)) + LONGEST_SOCKET > SOCKET_NAME:
        yield
        return
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        # Python looks once.
        patch.setattr(tempfile, "tempdir", None)
        yield
    shutil.rmtree(folder, ignore_errors=True)
