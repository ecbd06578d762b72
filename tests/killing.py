"""Processes that are killed, for whoever looks at what they leave behind.

`Forge` starts one process that has everything imported and forks a child for each run asked of it, so that a
run costs its own time and no import. A child runs a command of the command line, or a function by its name,
and is left alone or killed by SIGKILL: some time after it began, or right before the Nth time that it makes,
names or removes a file or a folder.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]

# The audit events of Python that change what a folder holds. What libraries of C++ do raises none.
_NAMING = ("os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "os.utime", "os.truncate")

# What commands load when they need it, so that no child does: some of it takes longer than what is asked of
# the child. pyarrow looks for pandas, and the X connector for tweepy, at their first use.
_LOADED_ONCE = (
    "boto3",
    "flows.answers.exporting",
    "flows.answers.exports",
    "flows.answers.reporting",
    "flows.cli.commands",
    "flows.collecting.importing",
    "flows.collecting.round",
    "flows.history.backfilling",
    "flows.keeping.forgetting",
    "flows.keeping.maintaining",
    "flows.refresh",
    "flows.registry",
    "pandas",
    "pyarrow.dataset",
    "tweepy",
    "warehouse.build",
)

# What no run here lives longer than; one that does hangs, and the test fails.
_LONGEST_S = 120.0

# Bytes that a run may write on standard output and standard error.
MOST_SAID = 1024 * 1024

# An exit code from here on is that of a child that broke or was ended by something else than our signal.
NO_EXIT_OF_OURS = 99


def die_before_naming(number: int | None) -> Callable[[], int]:
    """From here on this process kills itself before it changes the names in a folder for the Nth time, N
    counted from 0, or never. What is returned tells how often it has done so."""
    named = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal named
        if event in _NAMING or (event == "open" and _creates(arguments)):
            if named == number:
                os.kill(os.getpid(), signal.SIGKILL)
            named += 1

    sys.addaudithook(hook)
    return lambda: named


def _creates(arguments: tuple[Any, ...]) -> bool:
    """Whether an `open` may make a file: by its mode, or by its flags where there is no mode."""
    _, mode, flags = arguments
    return mode[0] in "wax" if isinstance(mode, str) else bool(flags & os.O_CREAT)


@dataclass(frozen=True)
class Run:
    """What became of a run: its exit code, None where it was killed; how long it took; how often it made,
    named or removed something (0 where it was killed); what it wrote on standard output and standard error
    together."""

    code: int | None
    seconds: float
    named: int
    said: str

    @property
    def is_killed(self) -> bool:
        return self.code is None


class Forge:
    """One process with everything imported, which forks a child for each run."""

    def __init__(self, environment: Mapping[str, str], *, before: Sequence[str] = ()) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self._process = subprocess.Popen(
            [*before, sys.executable, "-m", "tests.killing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**kept, "DO_NOT_TRACK": "1", **environment},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=_LONGEST_S)

    @property
    def pid(self) -> int:
        """The process that forks; `/proc/PID/root` is the file system as its children see it."""
        return self._process.pid

    def run(
        self,
        *arguments: object,
        call: str = "flows.cli:main",
        after_s: float | None = None,
        before_naming: int | None = None,
        most_bytes: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Run:
        """Run a function in a child: `campaign` with these arguments, unless another is named.

        `after_s` and `before_naming` say when it is killed, if it lives so long; no file may grow beyond
        `most_bytes`, which is a full disk to the program.
        """
        asked = {
            "call": call,
            "arguments": [str(argument) for argument in arguments],
            "after_s": after_s,
            "before_naming": before_naming,
            "most_bytes": most_bytes,
            "environment": dict(environment or {}),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline()
        assert told, "the forge is gone"
        run = Run(**json.loads(told))
        assert run.code is None or run.code < NO_EXIT_OF_OURS, run.said
        return run


def _serve() -> None:
    """Fork a child for each line of standard input and tell what became of it."""
    for module in _LOADED_ONCE:
        importlib.import_module(module)
    importlib.import_module("connectors").discover()
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.monotonic()
        pipes = [os.pipe(), os.pipe()]
        child = os.fork()
        if child == 0:
            _live(asked, *(told for _, told in pipes))
        code, seconds = _end_of(child, asked["after_s"]), time.monotonic() - began
        said, named = (_drained(*pipe) for pipe in pipes)
        run = Run(code, seconds, int(named or 0), said)
        sys.stdout.write(json.dumps(asdict(run)) + "\n")
        sys.stdout.flush()


def _drained(pipe: int, told: int) -> str:
    """What a child wrote into a pipe and nobody has read, killed or not."""
    os.close(told)
    with os.fdopen(pipe, "rb") as written:
        return written.read().decode("utf-8", "replace")


def _end_of(child: int, after_s: float | None) -> int | None:
    """The exit code of a child, which is killed when it lives longer than it may; None when it was killed."""
    descriptor = os.pidfd_open(child)
    try:
        ready, _, _ = select.select([descriptor], [], [], _LONGEST_S if after_s is None else after_s)
        if not ready:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(descriptor)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status)
    killed = os.WTERMSIG(status) == signal.SIGKILL and (ready or after_s is not None)
    return None if killed else NO_EXIT_OF_OURS + os.WTERMSIG(status)


def _live(asked: Mapping[str, Any], said: int, counted: int) -> None:
    """Be the child; never comes back."""
    code = NO_EXIT_OF_OURS
    try:
        # Nobody reads before the end: a pipe holds it all, also where no file may grow.
        fcntl.fcntl(said, fcntl.F_SETPIPE_SZ, MOST_SAID)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        # The parent's streams take the pipe for what they were opened on.
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        os.environ.update(asked["environment"])
        module, _, name = asked["call"].partition(":")
        function: Callable[..., object] = getattr(importlib.import_module(module), name)
        if asked["most_bytes"] is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["most_bytes"], asked["most_bytes"]))
        named = die_before_naming(asked["before_naming"])
        try:
            function(asked["arguments"])
        finally:
            os.write(counted, str(named()).encode())
        code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
