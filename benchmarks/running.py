"""Processes of the benchmark: the page server, and a measured run with the memory of its whole tree."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.pages import Kind, Shape, Task

ROOT = Path(__file__).parents[1]
OURS = Path(sys.executable)
PEERS = ROOT / ".venv-bench" / "bin" / "python"

_SAMPLES_PER_S = 20
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Failed(Exception):
    """A run that ended with an error; the text is its last lines."""


@dataclass(frozen=True)
class Run:
    """What a run told and took. `seconds` is the work alone, without the start of the interpreter and its
    imports; `whole_s` the life of the process; `cpu_s` that of it and its children; `peak_mb` the largest sum
    of their memory. `is_stopped`: it was ended after its time, and `told` is empty.
    """

    told: Mapping[str, Any]
    whole_s: float
    cpu_s: float
    peak_mb: float
    is_stopped: bool = False

    @property
    def seconds(self) -> float:
        return float(self.told["seconds"])


@dataclass(frozen=True)
class Server:
    """A running page server."""

    task: Task
    pid: int

    def reset(self) -> None:
        """Forget what was asked: the next poll is the first."""
        self._get("reset")

    def counts(self) -> dict[str, int]:
        """What was served since: requests, items, bytes, the sum of the counter; what was refused."""
        return {str(name): int(count) for name, count in self._get("counts").items()}

    def _get(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.task.base}/bench/{what}", timeout=60) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def serving(shape: Shape, kind: Kind, posts: int, polls: int) -> Iterator[Server]:
    """A page server of its own process, ready when the block begins."""
    asked = Task("", shape, kind, posts, polls, "")
    command = [sys.executable, "-m", "benchmarks.server", asked.text()]
    with subprocess.Popen(  # noqa: S603
        # Of its own session: Ctrl-C is for whoever ends it.
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            base = process.stdout.readline().strip()
            if process.stdout.readline().strip() != "READY":
                raise Failed("the page server did not start")
            yield Server(Task(base, shape, kind, posts, polls, ""), process.pid)
        finally:
            process.kill()


def run(
    module: str,
    arguments: Sequence[str],
    *,
    python: Path = OURS,
    environment: Mapping[str, str] | None = None,
    at_most_s: float | None = None,
) -> Run:
    """Run a module in a process of its own; the last line that it prints is a JSON object.

    Raises Failed when it ends with an error.
    """
    began = time.perf_counter()
    before = os.times()
    process = subprocess.Popen(  # noqa: S603
        [str(python), "-m", module, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    is_stopped = False
    with _watching(process.pid) as peak:
        try:
            out, complaints = process.communicate(timeout=at_most_s)
        except subprocess.TimeoutExpired:
            is_stopped = True
            _end(process)
            out, complaints = process.communicate()
        except BaseException:
            _end(process)
            process.communicate()
            raise
    whole_s = time.perf_counter() - began
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    if is_stopped:
        return Run({}, whole_s, cpu_s, peak[0], is_stopped=True)
    if process.returncode:
        raise Failed(
            f"{module} ended with {process.returncode}:\n" + "\n".join(complaints.splitlines()[-15:])
        )
    told: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return Run(told, whole_s, cpu_s, peak[0])


def _end(process: subprocess.Popen[str]) -> None:
    """Kill a process and its workers, which are of its own session."""
    os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _watching(pid: int) -> Iterator[list[float]]:
    """Sample the memory of a process and its children, in MB, while the block runs; the largest sum is the
    list's only entry."""
    peak = [0.0]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(1 / _SAMPLES_PER_S):
            peak[0] = max(peak[0], sum(map(held_bytes, _tree(pid))) / 2**20)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        is_over.set()
        thread.join()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = listed.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child))


def held_bytes(pid: int) -> int:
    """The memory of a process, of pages that several share its part; all its resident pages where the system
    does not tell that. 0 for a process that has ended."""
    proc = Path("/proc") / str(pid)
    try:
        told = (proc / "smaps_rollup").read_text()
        return next(int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith("Pss:"))
    except (OSError, StopIteration):
        pass
    try:
        return int((proc / "statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
