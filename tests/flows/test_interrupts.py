"""Ctrl-C and SIGTERM, sent to real processes: one plain line, the documented exit code, and nothing left."""

from __future__ import annotations

import os
import random
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from flows.cli import stopping
from tests.flows.conftest import Vendor
from warehouse.one_at_a_time import one_at_a_time

# Of a query that goes on for an hour.
ENDLESS = (
    "SELECT sum(one.range * other.range) FROM range(1000000) AS one, range(1000000) AS other "
    "WHERE (one.range + other.range) % 7 = 3"
)

HOW_FAR = re.compile("campaign: (build|forget|demo): ")

# The command, which says on standard error when it minds signals: all else is imported from then on.
BEGIN = """
import os, signal, sys, threading
from flows.cli import main


def tell():
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        threading.Event().wait(0.001)
    os.write(2, b"begun\\n")


threading.Thread(target=tell, daemon=True).start()
main()
"""

# The same, and Ctrl-C is pressed while it imports the database, inside of what nothing can be raised out of.
BEGIN_AND_LOSE = """
import ctypes, signal, sys, threading, weakref


def press():
    signal.raise_signal(signal.SIGINT)


class Ending:
    def __del__(self):
        press()


class WaitingToEnd:
    def __del__(self):
        threading.Event().wait(60)


def twice():
    Ending()
    # Meanwhile it is raised once more.
    WaitingToEnd()


class Unspeakable(Exception):
    def __str__(self):
        press()
        return "told of by the hook"


class Failing:
    def __del__(self):
        raise Unspeakable


def in_a_weak_reference():
    class Nothing: ...
    seen = Nothing()
    watching = weakref.ref(seen, lambda gone: press())
    del seen


places = {
    "end of an object": Ending,
    "ends of two objects": twice,
    "hook": Failing,
    "weak reference": in_a_weak_reference,
    "callback of C": ctypes.CFUNCTYPE(None)(press),
}
lose = places[sys.argv.pop(1)]


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "duckdb":
            lose()
            threading.Event().wait(60)
            sys.stderr.write("nobody heard of it\\n")


sys.meta_path.insert(0, Finder())
from flows.cli import main
main()
"""


@dataclass
class Running:
    process: subprocess.Popen[str]

    @property
    def err(self) -> IO[str]:
        assert self.process.stderr is not None
        return self.process.stderr

    def ended(self) -> tuple[int, str]:
        """The exit code and what was said on standard error after it had begun."""
        _, err = self.process.communicate(timeout=60)
        # A busy machine takes long enough for a line of how far it is.
        lines = [line for line in err.splitlines(keepends=True) if not HOW_FAR.match(line)]
        return self.process.returncode, "".join(lines)


@contextmanager
def started(*command: str, **settings: str) -> Iterator[Running]:
    """A command that has begun, with its own process group."""
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **settings},
        start_new_session=True,
    ) as process:
        running = Running(process)
        try:
            assert running.err.readline() == "begun\n"
            yield running
        finally:
            process.kill()


def is_left(group: int) -> bool:
    """Whether a process of the group goes on."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def at_once(running: Running, number: signal.Signals, after_s: float) -> None:
    """Send a signal to the process at a moment of its life, if it lives so long."""
    with suppress(subprocess.TimeoutExpired):
        running.process.wait(after_s)
    running.process.send_signal(number)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_a_query_that_goes_on_for_hours_ends_at_once(built: Path, number: signal.Signals, code: int) -> None:
    """DuckDB hears of a signal between its tasks alone, which may be minutes apart."""
    with started("sql", ENDLESS) as running:
        wait_until_it_works(running.process.pid)
        running.process.send_signal(number)
        assert running.ended() == (code, "campaign: stopped\n")


@pytest.mark.parametrize("command", [("--help",), ("status",), ("build",), ("report",)], ids=lambda c: c[0])
def test_stopped_at_any_moment_also_while_it_is_imported_a_command_says_one_line(
    built: Path, command: tuple[str, ...]
) -> None:
    with started(*command) as undisturbed:
        began_s = time.monotonic()
        assert undisturbed.ended() == (0, "")
        takes_s = time.monotonic() - began_s
    # Another moment each time: a mistake that needs one of a thousand is found one day.
    after_s = random.uniform(0.0, takes_s)
    with started(*command) as running:
        at_once(running, signal.SIGINT, after_s)
        code, err = running.ended()
    lines = err.splitlines()
    if code == 130:
        assert len(lines) == 1, (after_s, err)
        assert lines[0].startswith("campaign: stopped")
    else:
        # It had ended before, or everything but its process had.
        assert code in (0, -signal.SIGINT), (after_s, code, err)
        assert err == ""


@pytest.mark.parametrize(
    "place", ["end of an object", "ends of two objects", "hook", "weak reference", "callback of C"]
)
def test_a_stop_that_comes_where_nothing_can_be_raised_is_raised_after_it(home: Path, place: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN_AND_LOSE, place, "status"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _, err = process.communicate(timeout=60)
    # What else is told of by the hook has its lines before.
    *before, last = err.splitlines()
    assert (process.returncode, last) == (130, "campaign: stopped")
    assert bool(before) == (place == "hook")
    assert "Stopped" not in err


def test_a_block_within_another_is_minded_by_the_outer_one() -> None:
    """As where a command runs another one in its own process."""
    before = sys.unraisablehook, threading.excepthook, signal.getsignal(signal.SIGINT)
    with stopping.Minded(is_program=False):
        outer = sys.unraisablehook, threading.excepthook, signal.getsignal(signal.SIGINT)
        with pytest.raises(stopping.Stopped), stopping.Minded(is_program=False):
            signal.raise_signal(signal.SIGINT)
        assert stopping.has_come()
        assert (sys.unraisablehook, threading.excepthook, signal.getsignal(signal.SIGINT)) == outer != before
        assert stopping.exit_code() == 130
    assert (sys.unraisablehook, threading.excepthook, signal.getsignal(signal.SIGINT)) == before
    # The next command begins anew.
    with stopping.Minded(is_program=False):
        assert not stopping.has_come()


def test_what_cannot_be_raised_within_two_blocks_is_told_of_once() -> None:
    told: list[object] = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda each: told.append(each.exc_type)
    try:
        with stopping.Minded(is_program=False), stopping.Minded(is_program=False):

            class Fails:
                def __del__(self) -> None:
                    raise ValueError

            Fails()
    finally:
        sys.unraisablehook = hook
    assert told == [ValueError]


def test_a_build_that_is_stopped_leaves_the_published_tables_and_says_so(x_only: Vendor, built: Path) -> None:
    before = built.read_bytes()

    def unfinished() -> list[Path]:
        return list(built.parent.glob(".warehouse.duckdb.*"))

    with started("build", "--full") as running:
        # From then on it merges and checks, for longer than it took to come there.
        assert is_soon(lambda: bool(unfinished()), within_s=60)
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == (130, "campaign: stopped; the published tables are whole\n")
    assert unfinished() == []
    assert built.read_bytes() == before


def test_a_build_that_is_stopped_while_it_waits_for_another_says_so_too(built: Path) -> None:
    with held(built.with_name(".build.lock")), started("build", "--full") as running:
        assert "another build is running" in running.err.readline()
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == (130, "campaign: stopped; the published tables are whole\n")


def test_a_dry_run_of_forget_that_is_stopped_has_changed_nothing_and_says_no_more(built: Path) -> None:
    lock = built.with_name(".build.lock")
    with held(lock), started("forget", "x:101") as running:
        assert "waiting for it" in running.err.readline()
        running.process.send_signal(signal.SIGINT)
        told = "campaign: stopped; it may not be done; run it again to finish\n"
        assert running.ended() == (130, told)
    with started("forget", "x:101", "--dry-run") as running:
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == (130, "campaign: stopped\n")


def test_a_collect_that_is_stopped_twice_ends_there_and_then(home: Path, x_only: Vendor) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def hold(path: str) -> None:
        is_asked.set()
        may_answer.wait()

    x_only.before = hold
    try:
        with started("collect", "--platform", "x", "--as-of", "2026-05-20T12:00Z") as running:
            assert is_asked.wait(30)
            running.process.send_signal(signal.SIGINT)
            # The answer that is awaited never comes.
            assert not ends_within(running.process, 0.5)
            running.process.send_signal(signal.SIGINT)
            assert running.ended() == (130, "campaign: ended at once\n")
    finally:
        may_answer.set()


def test_the_same_signal_sent_twice_over_is_one(built: Path) -> None:
    """As `timeout` does: to the process and to its group."""
    with started("sql", ENDLESS) as running:
        wait_until_it_works(running.process.pid)
        running.process.send_signal(signal.SIGTERM)
        running.process.send_signal(signal.SIGTERM)
        assert running.ended() == (143, "campaign: stopped\n")


def test_a_command_in_the_background_of_a_script_passes_over_ctrl_c(built: Path) -> None:
    script = f"trap '' INT; exec {shlex.join([sys.executable, '-c', BEGIN, 'status'])}"
    with subprocess.Popen(["sh", "-c", script], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode in (0, 1)


def test_a_sandbox_that_is_stopped_while_it_serves_has_done_what_it_was_told(home: Path) -> None:
    with started("sandbox") as running:
        assert running.process.stdout is not None
        assert "serving" in running.process.stdout.readline()
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == (0, "")


def test_a_demo_that_is_killed_leaves_no_sandbox_behind(home: Path) -> None:
    with started("demo") as running:
        assert running.process.stdout is not None
        assert "Polling" in running.process.stdout.readline()
        (sandbox,) = children_of(running.process.pid)
        running.process.kill()
        running.process.wait()
    assert is_soon(lambda: not Path("/proc", str(sandbox)).exists() or is_zombie(sandbox))


def test_a_demo_that_is_stopped_says_one_line_and_its_sandbox_nothing(home: Path) -> None:
    with started("demo") as running:
        assert running.process.stdout is not None
        assert "Polling" in running.process.stdout.readline()
        # As a terminal does: to everybody in the foreground.
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.ended() == (130, "campaign: stopped; run it again to begin anew\n")
    assert not is_left(running.process.pid)


def test_workers_of_a_build_end_with_it(built: Path) -> None:
    with started("build", "--full", CAMPAIGN_DASK="2") as running:
        at_once(running, signal.SIGINT, 1.0)
        os_group = running.process.pid
        code, err = running.ended()
    assert code in (0, 130)
    assert "Traceback" not in err
    assert is_soon(lambda: not is_left(os_group))


# -- what the tests wait for


def is_soon(is_so: Callable[[], bool], within_s: float = 20.0) -> bool:
    """Whether something comes to be so within a while."""
    waiting = threading.Event()
    until_s = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > until_s:
            return False
        waiting.wait(0.02)
    return True


def ends_within(process: subprocess.Popen[str], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def wait_until_it_works(process_id: int) -> None:
    """Until a process has worked for longer than it takes to import everything."""

    def worked_s() -> float:
        fields = Path("/proc", str(process_id), "stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / os.sysconf("SC_CLK_TCK")

    assert is_soon(lambda: worked_s() > 0.8, within_s=60)


def children_of(process_id: int) -> list[int]:
    found: list[int] = []
    for task in Path("/proc", str(process_id), "task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def is_zombie(process_id: int) -> bool:
    try:
        return Path("/proc", str(process_id), "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@contextmanager
def held(lock: Path) -> Iterator[None]:
    with one_at_a_time(lock):
        yield
