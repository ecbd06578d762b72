"""What the pages show is what a demo's home answers: every query runs, every answer is the one that stands
there, and every command that changes nothing is given.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors import discover
from flows.answers.query import QueryRefused
from tests.docs.answers import QUERIES, of
from tests.docs.commands import calls_in, lines_of
from tests.docs.pages import ROOT, SHELL, Block, pages
from tests.flows.conftest import Said
from tests.flows.conftest import commands as commands_of

# Pages whose blocks have tests of their own: they are asked elsewhere than of a demo's tables.
ASKED_ELSEWHERE = ("docs/analysis.md", "docs/adding-a-platform.md")

QUESTIONS = [
    block
    for page in pages().values()
    if page.name not in ASKED_ELSEWHERE
    for block in page.blocks
    if block.language == "sql"
]


def is_harmless(call: list[str]) -> bool:
    """Whether a call changes nothing, asks nobody outside and is quick."""
    name, *options = call
    if name == "status":
        return "--alert" not in options
    if name == "sql":
        return bool(options) and not options[0].startswith("-")
    if name == "check":
        return "--offline" in options
    if name == "build":
        return not options
    return "--dry-run" in options and name in ("backfill", "maintain")


TYPED = sorted(
    {
        tuple(call)
        for page in pages().values()
        if page.name not in ASKED_ELSEWHERE
        for call in calls_in(lines_of(page))
        if is_harmless(call)
    }
)


# What the pages show below a single such command.
SHOWN: dict[tuple[str, ...], list[str]] = {}
for _page in pages().values():
    for _block in _page.blocks:
        _calls = calls_in(_block.text.splitlines()) if _block.language in SHELL else []
        if _block.answer is not None and len(_calls) == 1:
            SHOWN.setdefault(tuple(_calls[0]), []).append(_block.answer)


def steady(text: str) -> str:
    """What is printed, without how long it took and where the data lies."""
    text = re.sub(r"\b\d+(\.\d+)? s\b", "… s", text)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


@pytest.fixture(scope="module")
def demo_copy(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo's home to write to; answers and readings are never changed in place, so they are linked."""
    copy = tmp_path_factory.mktemp("copy") / "data"
    copy.mkdir()
    for name in ("campaigns", "docs"):
        (copy.parent / name).symlink_to(ROOT / name)
    for found in demo_home.iterdir():
        if found.name in ("landing", "readings"):
            shutil.copytree(found, copy / found.name, copy_function=os.link)
        elif found.is_dir():
            shutil.copytree(found, copy / found.name)
        else:
            shutil.copyfile(found, copy / found.name)
    return copy


@pytest.fixture
def commands(
    demo_copy: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], wide: None
) -> Callable[..., Said]:
    """Runs a command in this process, in a checkout that holds the copy as its `data/`."""
    for name in list(os.environ):
        if name.startswith(
            ("CAMPAIGN_", "PREFECT_API", *(f"{platform.upper()}_" for platform in discover()))
        ):
            monkeypatch.delenv(name)
    monkeypatch.chdir(demo_copy.parent)
    return commands_of(capfd)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as a terminal shows them that is wider than they are."""
    monkeypatch.setenv("COLUMNS", "10000")


@pytest.mark.parametrize("block", QUESTIONS, ids=str)
def test_every_query_of_a_page_answers_what_the_page_says(block: Block, demo_home: Path, wide: None) -> None:
    answered = of(block, demo_home)
    assert answered
    if block.answer is not None:
        assert answered == block.answer.strip()


def test_a_query_with_another_answer_is_found_out(demo_home: Path, wide: None) -> None:
    wrong = replace(QUESTIONS[0], text="SELECT count(*) AS assets FROM marts.assets", answer="12")
    assert of(wrong, demo_home) != "12"
    with pytest.raises(QueryRefused):
        of(replace(wrong, text="SELECT gone FROM marts.assets"), demo_home)


def test_queries_of_the_docs_stand_in_the_pages_as_they_lie_there() -> None:
    shown = {block.marker.removeprefix("query: "): block.text for block in QUESTIONS if block.marker}
    for path in QUERIES.glob("*.sql"):
        if path.stem in shown:
            assert shown[path.stem].strip() == path.read_text(encoding="utf-8").strip()
    assert len(shown) > 10


@pytest.mark.parametrize("call", TYPED, ids=" ".join)
def test_a_command_of_the_pages_that_changes_nothing_runs(
    call: tuple[str, ...], commands: Callable[..., Said]
) -> None:
    said = commands(*call)
    assert said.code == 0, said.err
    assert "Traceback" not in said.err
    for shown in SHOWN.get(call, []):
        assert steady(said.out) == steady(shown)
