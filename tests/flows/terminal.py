"""A terminal with the program in it, for tests: what is shown, what is typed, Ctrl-C, and its end."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CAMPAIGN = Path(sys.executable).with_name("campaign")
BOUND_S = 60

# A session of its own with this terminal, so that Ctrl-C and questions for secrets reach it.
_TAKE_TERMINAL = """
import fcntl, os, signal, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if sys.argv.pop(1):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""
_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class Terminal:
    """The side of a terminal at which a person sits."""

    def __init__(self, process: subprocess.Popen[bytes], side: int) -> None:
        self._process, self._side = process, side
        self._raw = b""
        self._answered = 0
        self._is_there = True

    @property
    def shown(self) -> str:
        """Everything so far, without the codes of colours and cursors."""
        return _CODES.sub("", self._raw.decode("utf-8", "replace")).replace("\r\n", "\n")

    @property
    def raw(self) -> str:
        """Everything so far, as it came."""
        return self._raw.decode("utf-8", "replace")

    def press(self, keys: str) -> None:
        """Type without waiting for anything."""
        os.write(self._side, keys.encode())

    def wait_for(self, text: str) -> None:
        """Wait until the text is shown below what was answered last."""
        while text not in self.shown[self._answered :]:
            assert self._read(), f"no {text!r} in {self.shown!r}"
        self._answered = self.shown.index(text, self._answered) + len(text)

    def answer(self, question: str, text: str) -> None:
        """Type a line when the question is shown."""
        self.wait_for(question)
        os.write(self._side, f"{text}\n".encode())

    def interrupt(self, question: str) -> None:
        """Press Ctrl-C when the question is shown."""
        self.wait_for(question)
        os.write(self._side, b"\x03")

    def end(self, question: str) -> None:
        """Press Ctrl-D when the question is shown."""
        self.wait_for(question)
        os.write(self._side, b"\x04")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self._process.send_signal(number)

    def leave(self) -> None:
        """Have the terminal go away, as when its window is closed."""
        os.close(self._side)
        self._is_there = False

    @property
    def echoes(self) -> bool:
        """Whether what is typed is seen."""
        return bool(termios.tcgetattr(self._side)[3] & termios.ECHO)

    def left(self) -> int:
        """The exit code, when it has ended by itself."""
        while self._is_there and self._read():
            pass
        return self._process.wait(BOUND_S)

    def close(self) -> None:
        """Have it end at once."""
        self._process.kill()
        self._process.wait()
        if self._is_there:
            self.leave()

    def _read(self) -> bytes:
        if not select.select([self._side], [], [], BOUND_S)[0]:
            return b""
        try:
            found = os.read(self._side, 65_536)
        except OSError:
            # Nobody has the other side open any more.
            return b""
        self._raw += found
        return found


@contextmanager
def in_a_terminal(
    *command: str, cwd: Path, program: Path = CAMPAIGN, stays: bool = False, **settings: str
) -> Iterator[Terminal]:
    """A command in a terminal of 80 columns; it `stays` when that goes away, as by nohup."""
    side, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, "stays" if stays else "", str(program), *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env={**_plain_environment(), **settings},
    )
    os.close(theirs)
    terminal = Terminal(process, side)
    try:
        yield terminal
    finally:
        terminal.close()


def _plain_environment() -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
