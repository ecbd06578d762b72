"""Ctrl-C and SIGTERM, sent to real processes: one plain line, the documented exit code, and nothing left."""

from __future__ import annotations

import os
import random
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

from tests.flows.conftest import Vendor
from warehouse.one_at_a_time import one_at_a_time

# Of a query that goes on for an hour.
ENDLESS = (
    "SELECT sum(one.range * other.range) FROM range(1000000) AS one, range(1000000) AS other "
    "WHERE (one.range + other.range) % 7 = 3"
)

# Says on standard error when the command begins, then is the command.
BEGIN = """
import sys
sys.stderr.write("begun\\n")
sys.stderr.flush()
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
        return self.process.returncode, err


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
    chance = random.Random(command[0])
    with started(*command) as undisturbed:
        assert undisturbed.ended() == (0, "")
    for _ in range(2):
        with started(*command) as running:
            at_once(running, signal.SIGINT, chance.uniform(0.02, 0.8))
            code, err = running.ended()
        lines = err.splitlines()
        if code == 130:
            assert len(lines) == 1
            assert lines[0].startswith("campaign: stopped")
        else:
            # It had ended before, or everything but its process had.
            assert code in (0, -signal.SIGINT)
            assert err == ""


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
        at_once(running, signal.SIGINT, 0.3)
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
