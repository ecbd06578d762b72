"""What a command writes where no terminal is: plain tables, any letter, closed pipes, full disks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from flows.console import WIDEST_COLUMN, aligned, blocks, framed_widths
from tests.flows.conftest import Said

CAMPAIGN = [sys.executable, "-c", "from flows.cli import main; main()"]
WORDS = ", ".join(f"metric_{number}" for number in range(40))


@pytest.fixture
def piped(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with tables, and no terminal whose width somebody told."""
    monkeypatch.delenv("COLUMNS")


def run(
    *command: str, out: int | None = None, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own; what it writes goes to `out`, or is kept."""
    return subprocess.run(
        [*CAMPAIGN, *command],
        stdout=subprocess.PIPE if out is None else out,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(settings or {})},
        check=False,
        timeout=120,
    )


@pytest.mark.usefixtures("piped")
def test_a_piped_table_is_a_line_a_row_without_a_frame(campaign: Callable[..., Said]) -> None:
    said = campaign(
        "sql", "SELECT * FROM (VALUES ('film', 1200, NULL), ('a longer name', 7, 'x')) AS t(a, views, c)"
    )
    assert said.out.splitlines() == [
        "a              views  c",
        "film           1,200  ·",
        "a longer name      7  x",
    ]


@pytest.mark.usefixtures("piped")
def test_a_long_cell_neither_folds_nor_widens_the_others(campaign: Callable[..., Said]) -> None:
    said = campaign("sql", f"SELECT * FROM (VALUES ('x', '{WORDS}', 1), ('y', 'few', 2)) AS t(a, words, n)")
    head, first, second = said.out.splitlines()
    assert WORDS in first
    assert first.endswith("1")
    assert len(second) < len("y  ") + WIDEST_COLUMN + len("  n") + 1
    assert second.split() == ["y", "few", "2"]
    assert head.split() == ["a", "words", "n"]


def test_a_cell_of_several_lines_stays_in_its_row() -> None:
    rows = [["text", "n"], ["one\ntwo\tthree", "1"]]
    assert list(aligned(rows, [False, True])) == ["text           n", "one two three  1"]


def test_columns_line_up_where_letters_are_two_wide() -> None:
    rows = [["name", "n"], ["日本", "1"], ["abcd", "2"]]
    assert list(aligned(rows, [False, True])) == ["name  n", "日本  1", "abcd  2"]


def test_a_framed_column_gives_way_at_blanks_alone() -> None:
    rows = [
        ["platform", "setting", "says"],
        ["youtube", "FACEBOOK_ACCESS_TOKEN", "one two three four five six"],
    ]
    assert framed_widths(rows, 80) == [8, 21, 27]
    assert framed_widths(rows, 60) == [8, 21, 21]
    # "says" keeps the twelve that it needs, and nothing of the others is folded.
    assert framed_widths(rows, 51) == [8, 21, 12]
    assert framed_widths(rows, 50) is None


def test_a_row_that_would_be_high_becomes_a_block() -> None:
    rows = [["n", "text"], ["1", "word " * 40]]
    assert framed_widths(rows, 80) == [1, 72]
    assert framed_widths(rows, 40) is None


def test_a_block_has_a_line_for_each_cell_and_none_for_an_empty_one() -> None:
    told = list(
        blocks(["platform", "state", "n", "why"], [["x", "late", "", "two words"], ["y", "", "1", ""]], 24)
    )
    assert told == ["x", "  state  late", "  why    two words", "y", "  n      1"]


@pytest.mark.usefixtures("piped")
@pytest.mark.parametrize("columns", ["80", "100", "140"])
@pytest.mark.parametrize("command", [("status",), ("check", "--offline")], ids=["status", "check"])
def test_on_any_terminal_no_word_of_status_and_check_is_folded(
    campaign: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, command: Sequence[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    said = campaign(*command).out
    tables = [line for line in said.splitlines() if line.startswith(("│", "  ", "facebook"))]
    words = {"facebook", "never"} if command == ("status",) else {"facebook", "FACEBOOK_ACCESS_TOKEN"}
    assert words <= set(re.findall(r"\w+", " ".join(tables)))
    assert max(map(len, tables)) <= int(columns)


@pytest.mark.usefixtures("piped")
def test_a_table_without_rows_that_is_too_wide_still_has_its_head(
    campaign: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    question = "SELECT 1 AS a_column_with_a_name, 2 AS another_column_with_a_name WHERE false"
    assert campaign("sql", question).out.split() == ["a_column_with_a_name", "another_column_with_a_name"]


@pytest.mark.usefixtures("piped")
def test_nothing_in_a_pipe_moves_a_cursor_or_has_a_colour() -> None:
    for command in (("status",), ("build", "--full")):
        ran = run(*command, settings={"TERM": "xterm-256color"})
        assert b"\x1b" not in ran.stdout + ran.stderr, command
        assert not any(sign in (ran.stdout + ran.stderr).decode() for sign in "│┃━─╭"), command
        assert max(map(len, ran.stdout.splitlines())) < 400, command


@pytest.mark.usefixtures("piped")
def test_columns_says_how_wide_a_frame_may_be() -> None:
    lines = (
        run("sql", "SELECT repeat('word ', 40) AS words", settings={"COLUMNS": "60"})
        .stdout.decode()
        .splitlines()
    )
    assert lines[0].startswith("┏")
    assert {len(line) for line in lines} == {60}


@pytest.mark.usefixtures("piped")
@pytest.mark.parametrize("settings", [{}, {"COLUMNS": "70"}], ids=["piped", "framed"])
def test_letters_that_the_output_lacks_are_written_another_way(settings: Mapping[str, str]) -> None:
    question = "SELECT 'Sandé · 日' AS name, NULL AS nothing, 1 AS n"
    ran = run("sql", question, settings={"PYTHONIOENCODING": "ascii", **settings})
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert rb"Sand\xe9 . \u65e5" in ran.stdout
    assert len({len(line) for line in ran.stdout.splitlines()}) <= (1 if settings else 2)
    for command in (("status",), ("--help",)):
        ran = run(*command, settings={"PYTHONIOENCODING": "ascii", **settings})
        assert b"Traceback" not in ran.stderr, ran.stderr
        assert (ran.stdout + ran.stderr).isascii()


@pytest.mark.usefixtures("piped")
def test_who_closes_the_pipe_hears_nothing() -> None:
    """As `campaign sql … | head -1` does, however much was to come."""
    for question in ("FROM range(100000)", "SELECT 1"):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            ran = run("sql", question, "--format", "csv", out=writer)
        finally:
            os.close(writer)
        assert (ran.returncode, ran.stderr) == (141, b"")


@pytest.mark.usefixtures("piped")
def test_a_full_disk_is_one_line_that_names_the_cure() -> None:
    for command in (("sql", "FROM range(100000)", "--format", "csv"), ("--help",)):
        with Path("/dev/full").open("wb") as full:
            ran = run(*command, out=full.fileno())
        told = ran.stderr.decode().splitlines()
        assert ran.returncode == 1
        assert told == ["campaign: standard output: No space left on device; make room there"]


@pytest.mark.usefixtures("piped")
def test_a_process_without_a_standard_output_works_all_the_same() -> None:
    ran = subprocess.run(
        ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *CAMPAIGN, "build"], check=False, timeout=120
    )
    assert ran.returncode == 0
