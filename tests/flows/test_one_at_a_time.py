"""Two of a kind, from different processes: the second waits with a bound, or is refused in a plain line."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.refresh import FULL_WAITS_S
from tests.flows.conftest import Said, Vendor
from warehouse.one_at_a_time import BUILD_LOCK, Busy, holder_of, one_at_a_time

CAMPAIGN = Path(sys.executable).with_name("campaign")

# Takes the lock, says so, and keeps it until its input ends.
HOLDER = """
import sys
from pathlib import Path
from warehouse.one_at_a_time import one_at_a_time
with one_at_a_time(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock for the time of the block, or until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=30)


def test_whoever_does_not_wait_is_told_at_once_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / BUILD_LOCK
    with held_elsewhere(lock) as other:
        with pytest.raises(Busy) as busy, one_at_a_time(lock):
            pytest.fail("two hold it")
        assert busy.value.holder == f"process {other.pid}"


def test_whoever_waits_gets_it_as_soon_as_it_is_free(tmp_path: Path) -> None:
    lock = tmp_path / BUILD_LOCK
    told: list[str] = []
    pauses: list[float] = []
    with held_elsewhere(lock) as other:

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                let_go(other)

        with one_at_a_time(lock, wait_s=600, waiting=told.append, sleep=pause):
            assert holder_of(lock) == f"process {os.getpid()}"
    assert told == [f"process {other.pid}"]
    assert len(pauses) == 3
    assert pauses == sorted(pauses)


def test_waiting_ends_at_its_bound(tmp_path: Path) -> None:
    lock = tmp_path / BUILD_LOCK
    clock = 100.0

    def pass_by(seconds: float) -> None:
        nonlocal clock
        clock += seconds

    with (
        held_elsewhere(lock),
        pytest.raises(Busy),
        one_at_a_time(lock, wait_s=7.5, elapsed_s=lambda: clock, sleep=pass_by),
    ):
        pytest.fail("two hold it")
    assert clock == pytest.approx(107.5)


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    lock = tmp_path / BUILD_LOCK
    with held_elsewhere(lock) as other:
        other.kill()
        other.wait(timeout=30)
        with one_at_a_time(lock):
            assert holder_of(lock) == f"process {os.getpid()}"


def test_a_link_is_no_lock_and_nothing_is_written_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / BUILD_LOCK).symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="must not be a link"), one_at_a_time(tmp_path / BUILD_LOCK):
        pytest.fail("it is held")
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_lock_file_of_anything_names_nobody(tmp_path: Path) -> None:
    lock = tmp_path / BUILD_LOCK
    lock.write_bytes(b"\xff\x00 what is that")
    assert holder_of(lock) == "another process"
    assert holder_of(tmp_path / "none") == "another process"


def test_two_builds_in_two_processes_run_one_after_the_other(
    built: Path, home: Path, campaign: Callable[..., Said]
) -> None:
    lock = home / "data" / BUILD_LOCK
    with held_elsewhere(lock) as first:
        at_once = campaign("build")
        assert at_once.code == 1
        assert at_once.err == (
            f"campaign: another build is running on this lake (process {first.pid}); let it finish, its "
            "result holds what has landed\n"
        )
        bounded = campaign("build", "--wait", "0.2")
        assert bounded.code == 1
        waits, gives_up = bounded.err.splitlines()
        assert waits == (
            f"campaign: another build is running (process {first.pid}); waiting for it, 0.2 s at most"
        )
        assert gives_up.startswith(
            "campaign: another build is running on this lake still after 0.2 s (process"
        )

        with subprocess.Popen(
            [CAMPAIGN, "build", "--full"], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as second:
            assert second.stderr is not None
            said = second.stderr.readline()
            assert said == (
                f"campaign: another build is running (process {first.pid}); waiting for it, "
                f"{FULL_WAITS_S:g} s at most\n"
            )
            assert second.poll() is None
            let_go(first)
            out, err = second.communicate(timeout=120)
        assert (second.returncode, err) == (0, "")
        assert "data/warehouse.duckdb: full; " in out


def test_a_rollback_takes_no_wait(campaign: Callable[..., Said]) -> None:
    said = campaign("build", "--rollback", "--wait", "5")
    assert said.code == 2
    assert "--rollback makes nothing" in said.err


def test_two_collects_of_one_platform_in_two_processes_ask_once(
    home: Path, x_only: Vendor, campaign: Callable[..., Said]
) -> None:
    meanwhile: list[subprocess.CompletedProcess[str]] = []

    def collect_meanwhile(path: str) -> None:
        if not meanwhile and path.startswith("/2/users/by"):
            meanwhile.append(
                subprocess.run(
                    [CAMPAIGN, "collect", "--platform", "x", "--as-of", "2026-05-20T12:00Z"],
                    cwd=home,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
            )

    x_only.before = collect_meanwhile
    first = campaign("collect", "--platform", "x", "--as-of", "2026-05-20T12:00Z")
    assert (first.code, first.err) == (0, "")
    (second,) = meanwhile
    assert second.returncode == 0
    assert "x: another collect of it is running; let it finish" in second.stdout
    assert len([path for path in x_only.asked if path.startswith("/2/users/by")]) == 1
    landed = list((home / "data" / "landing" / "platform=x").rglob("*.parquet"))
    assert len({path.name.rpartition("-")[0] for path in landed}) == 1


def test_the_lock_of_other_programs_counts_too(tmp_path: Path) -> None:
    lock = tmp_path / BUILD_LOCK
    with lock.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Busy), one_at_a_time(lock):
            pytest.fail("two hold it")
