"""How far a command is: bars on a terminal, a line now and then elsewhere, and never anything on standard
output."""

from __future__ import annotations

import errno
import io
import os
import pty
import re
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from flows.progress import Lines, is_terminal, left_of, logged, shown
from tests.flows.conftest import Said, Vendor
from tests.flows.test_collecting import prepared
from warehouse.build import build
from warehouse.progress import Step, nobody_watches

# Not of a second: whatever is done, the first second shows nothing.
WORK = """
import sys, threading
from flows import progress
from flows.console import complain
from warehouse.progress import Step
progress.AFTER_S = float(sys.argv[1])
with progress.shown("work", in_lines=True) as tell:
    tell(Step("windows", 12, 40, whom="x"))
    tell(Step("reading [red]a\\x1b]0;b", 3, whom="y"))
    sys.stdin.readline()
    complain("something is told meanwhile")
    sys.stdin.readline()
print("the answer")
"""


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Terminal:
    """A process whose standard input and error are a terminal; standard output is a pipe."""

    process: subprocess.Popen[bytes]
    own: int
    drawn: bytes = b""
    _moved: threading.Condition = field(default_factory=threading.Condition)

    def read(self) -> None:
        while True:
            try:
                more = os.read(self.own, 65536)
            except OSError as error:
                assert error.errno == errno.EIO  # noqa: PT017  (its end on Linux)
                return
            with self._moved:
                self.drawn += more
                self._moved.notify_all()

    def shows(self, pattern: bytes) -> bool:
        with self._moved:
            return self._moved.wait_for(lambda: re.search(pattern, self.drawn) is not None, timeout=30)

    def answer(self) -> bytes:
        os.write(self.own, b"\n")
        out, _ = self.process.communicate(timeout=30)
        return out


@contextmanager
def on_a_terminal(*command: str, **settings: str) -> Iterator[Terminal]:
    own, theirs = pty.openpty()
    modes = termios.tcgetattr(theirs)
    # What is typed is not to be seen: the lines on the screen are those of the program.
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        [sys.executable, *command],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**environment, "TERM": "xterm", "COLUMNS": "100", **settings},
    ) as process:
        os.close(theirs)
        terminal = Terminal(process, own)
        reading = threading.Thread(target=terminal.read)
        reading.start()
        try:
            yield terminal
        finally:
            process.kill()
            reading.join()
            os.close(own)


def test_on_a_terminal_it_is_seen_how_far_each_is_and_at_the_end_nothing_is_left() -> None:
    with on_a_terminal("-c", WORK, "0.05", NO_COLOR="1") as terminal:
        assert terminal.shows(rb"work: x: windows, 12 of 40 ")
        # Neither markup nor a control of what comes from outside is obeyed.
        assert terminal.shows("reading \\[red\\]a\ufffd\\]0;b, 3 ".encode())
        os.write(terminal.own, b"\n")
        assert terminal.shows(rb"campaign: something is told meanwhile")
        assert terminal.answer() == b"the answer\n"
    lines = on_the_screen(terminal.drawn.decode())
    assert [line for line in lines if line] == ["campaign: something is told meanwhile"]
    # Nor would the cursor be, where a process is killed.
    assert b"\x1b[?25l" not in terminal.drawn


def on_the_screen(drawn: str) -> list[str]:
    """What a terminal shows in the end of what was written there."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[(?:\?25[lh]|\d*[AK]|[\d;]*m)|\r|\n|[^\x1b\r\n]+", drawn):
        if part.endswith("A") and part.startswith("\x1b"):
            row -= int(part[2:-1] or 1)
        elif part.endswith("K") and part.startswith("\x1b"):
            lines[row] = ""
        elif part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part[0] not in "\x1b\r":
            lines[row] += part
    return lines


def test_what_ends_soon_draws_nothing() -> None:
    with on_a_terminal("-c", WORK, "3600") as terminal:
        os.write(terminal.own, b"\n")
        assert terminal.shows(rb"something is told meanwhile")
        assert terminal.answer() == b"the answer\n"
    assert terminal.drawn == b"campaign: something is told meanwhile\r\n"


@pytest.mark.parametrize("settings", [{"TERM": "dumb"}, {"TERM": ""}], ids=["dumb", "none"])
def test_a_terminal_that_cannot_draw_over_gets_lines(settings: dict[str, str]) -> None:
    with on_a_terminal("-c", WORK, "0", **settings) as terminal:
        os.write(terminal.own, b"\n")
        assert terminal.answer() == b"the answer\n"
    assert b"\x1b" not in terminal.drawn


def test_elsewhere_a_line_comes_every_ten_seconds() -> None:
    clock, out = Clock(), io.StringIO()
    lines = Lines(out, "build", clock)
    for second in range(36):
        clock.now_s = second
        lines.tell(Step("reading files", second, 100))
    assert out.getvalue().splitlines() == [
        "campaign: build: reading files, 10 of 100",
        "campaign: build: reading files, 20 of 100",
        "campaign: build: reading files, 30 of 100",
    ]


def test_what_is_left_is_reckoned_by_all_that_was_done_and_from_a_tenth_on() -> None:
    assert left_of(9.0, 9, 100) is None
    assert left_of(10.0, 10, 100) == 90
    # A minute of building between two polls is spread over the whole.
    assert left_of(70.0, 70, 100) == 30
    assert left_of(130.0, 70, 100) == pytest.approx(55.7, abs=0.1)
    assert left_of(5.0, 3, 0) is None
    assert left_of(5.0, 100, 100) is None


def test_a_line_tells_of_all_who_work_side_by_side() -> None:
    clock, out = Clock(), io.StringIO()
    lines = Lines(out, "backfill", clock)
    lines.tell(Step("windows", 3, 12, whom="facebook"))
    clock.now_s = 11
    lines.tell(Step("windows", 4, 9, whom="x"))
    assert out.getvalue() == "campaign: backfill: facebook: windows, 3 of 12; x: windows, 4 of 9\n"


def test_a_stream_that_cannot_be_written_fails_nothing() -> None:
    clock = Clock()
    with Path("/dev/full").open("w") as full:
        lines = Lines(full, "build", clock)
        clock.now_s = 11
        lines.tell("publishing")
        assert clock.now_s == 11
        # Nor does what is left in its buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


def test_in_a_pipe_nothing_is_said_of_what_is_not_meant_to_take_long(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert not is_terminal(sys.stderr)
    with shown("status") as progress:
        assert progress is nobody_watches
    with shown("backfill", in_lines=True, is_told=True) as progress:
        assert progress is nobody_watches
    assert capfd.readouterr() == ("", "")


def test_the_log_of_a_run_tells_what_is_begun_and_not_each_file() -> None:
    told: list[str] = []
    tell = logged(told.append)
    for step in ("reading 40 files of x", *(Step("reading files", n, 40) for n in range(1, 41)), "checking"):
        tell(step)
    assert told == ["reading 40 files of x", "checking"]


@pytest.mark.parametrize(
    "command",
    [("build", "--full"), ("report",), ("export",), ("maintain",), ("sql", "SELECT 1"), ("status",)],
    ids=lambda command: command[0],
)
def test_what_goes_quickly_says_nothing_of_it_in_a_pipe(
    campaign: Callable[..., Said], built: Path, command: tuple[str, ...]
) -> None:
    said = campaign(*command)
    assert " of " not in said.err


def test_a_collect_tells_how_many_answers_each_platform_gave(x_only: Vendor, home: Path) -> None:
    steps: list[str] = []
    replace(prepared("x"), progress=steps.append).take_all()
    assert steps[0] == "x: answers, 1"
    assert "x: answers, 2" in steps
    assert steps[-1].startswith("x: ok, ")


def test_a_build_tells_how_many_files_it_has_read_and_which_table_it_makes(built: Path) -> None:
    steps: list[str] = []
    data = built.parent
    build(data / "landing", data / "readings", built, full=True, progress=steps.append)
    read = [step for step in steps if isinstance(step, Step) and step.what == "reading landed files"]
    assert read[-1].done == read[-1].of > 0
    assert steps[-2:] == ["checking", "publishing"]
    tables = [step for step in steps if isinstance(step, Step) and step.what == "making marts.asset_daily"]
    assert 0 < tables[0].done < tables[0].of
