"""CAMPAIGN_DASK=2: worker processes for the length of a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import requests

from tests.distributed.conftest import FIRST
from tests.flows.backfill_world import Gate
from tests.flows.test_prefect_runs import AUDITOR, _processes_with

CAMPAIGN = Path(sys.executable).with_name("campaign")


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """A command that starts two processes for its rounds; whoever reaches for another machine is noted."""
    (home / "auditor").mkdir(parents=True)
    (home / "auditor" / "sitecustomize.py").write_text(AUDITOR)
    return subprocess.Popen(
        [CAMPAIGN, *arguments],
        cwd=home,
        env={
            **os.environ,
            "CAMPAIGN_HOME": str(home / "data"),
            "CAMPAIGN_DASK": "2",
            "PYTHONPATH": str(home / "auditor"),
            "CALLED_ABROAD": str(home / "called-abroad"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def once(look: Callable[[], None]) -> Callable[[int], None]:
    """What a gate calls before it hands on a request, for the first one only."""
    lock = threading.Lock()
    seen: list[int] = []

    def before(number: int) -> None:
        with lock:
            if not seen:
                seen.append(number)
                look()

    return before


def test_they_listen_on_loopback_show_no_pages_call_nobody_and_end_with_the_run(
    world: dict[str, str], door: Gate, tmp_path: Path
) -> None:
    listening: set[tuple[str, int]] = set()
    shown: list[str] = []
    processes: list[int] = []

    def look() -> None:
        family = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
        processes.extend(each.pid for each in family)
        for each in family:
            for found in each.net_connections("inet"):
                if found.status == psutil.CONN_LISTEN:
                    listening.add((found.laddr.ip, found.laddr.port))
        for host, port in listening:
            for page in ("/status", "/json/identity.json", "/info/main/workers.html", "/metrics", "/health"):
                try:
                    answer = requests.get(f"http://{host}:{port}{page}", timeout=10)
                except requests.RequestException:
                    continue
                if answer.ok:
                    shown.append(page)

    door.before = once(look)
    run = started(tmp_path, "collect", "--verbose", "--as-of", FIRST)
    try:
        out, err = run.communicate(timeout=120)
    finally:
        door.before = lambda number: None
    assert run.returncode == 0, err
    # Nothing but the receipts, which the processes give.
    landed = {str(path) for path in (tmp_path / "data" / "landing").glob("platform=*/*/*/*.parquet")}
    assert sorted(landed) == sorted(line.partition(" landed ")[2].split()[0] for line in err.splitlines())
    assert out.count(" ok ") == 3
    # The command, its two workers at least, and nobody of them afterwards.
    assert len(processes) >= 3
    assert _processes_with(f"CAMPAIGN_HOME={tmp_path / 'data'}") == []
    assert listening
    assert {host for host, _ in listening} == {"127.0.0.1"}
    assert shown == []
    assert not (tmp_path / "called-abroad").exists()
    assert not list((tmp_path / "data" / ".workers").iterdir())


def test_a_run_that_is_stopped_lands_what_arrived_and_leaves_no_process(
    world: dict[str, str], door: Gate, tmp_path: Path
) -> None:
    door.before = once(lambda: run.send_signal(signal.SIGTERM))
    run = started(tmp_path, "collect", "--as-of", FIRST)
    try:
        _, err = run.communicate(timeout=120)
    finally:
        door.before = lambda number: None
    assert run.returncode != 0
    assert "Traceback" not in err
    assert list((tmp_path / "data" / "landing").glob("platform=*/endpoint=*/*/*.parquet"))
    assert _processes_with(f"CAMPAIGN_HOME={tmp_path / 'data'}") == []
