"""How a full rebuild shortens over Dask's worker processes.

    python -m benchmarks.workers [--items N] [--rounds N] [--json FILE]

Polls of posts as X shows them are landed once; then everything is read and built again from landing, in one
process and over 1, 2 and 4 workers with one thread each, in turns. Starting the workers is part of it. What
can be gained is bounded by the cores of the machine, and by what is not shared out: the tables are made and
published by one process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.comparing import Unequal
from benchmarks.ours import settings_of, write_registry
from benchmarks.pages import EVERY, Task, looked_up, poll_at
from benchmarks.running import Failed, run
from connectors import discover
from flows.collecting.round import land_registry_in_force
from flows.console import complain, show
from flows.registry import load
from flows.settings import Settings
from flows.workers.batches import WORTH_STARTING, over_workers
from warehouse.batch_jobs import Over
from warehouse.build import build
from warehouse.landed_files import landed_files
from warehouse.landing import SCHEMA_VERSION, LandingWriter

WORKERS = (0, 1, 2, 4)
POLLS = 10


def land(task: Task) -> None:
    """Land the registry and every poll, a file each, as collects would."""
    settings = settings_of(task)
    land_registry_in_force(settings, write_registry(task), as_of=poll_at(0) - EVERY)
    writers = [LandingWriter(settings.landing) for _ in range(task.polls)]
    for number, (ids, pages) in enumerate(looked_up(task.shape, task.posts, task.polls)):
        for poll, (writer, page) in enumerate(zip(writers, pages, strict=True)):
            moment = poll_at(poll)
            writer.add(
                {
                    "response_id": f"{poll:06d}-{number:06d}",
                    "run_id": f"poll-{poll:06d}",
                    "platform": "x",
                    "endpoint": "posts",
                    "campaign_id": "benchmark",
                    "observed_at": moment,
                    "requested_at": moment - timedelta(milliseconds=80),
                    "method": "GET",
                    "url": "https://api.x.com/2/tweets",
                    "params": json.dumps({"ids": ids}),
                    "status": 200,
                    "headers": "{}",
                    "body": page.body.decode("utf-8"),
                    "page": 1,
                    "elapsed_ms": 80,
                    "schema_version": SCHEMA_VERSION,
                }
            )
    for writer in writers:
        writer.flush()


class _Timed:
    """A way to do jobs that notes how long that took."""

    def __init__(self, over: Over) -> None:
        self.seconds = 0.0
        self.jobs = 0
        self._over = over

    def __call__(self, function: Callable[[Any], Any], jobs: Sequence[Any], /) -> Iterable[Any]:
        began = time.perf_counter()
        results = list(self._over(function, jobs))
        self.seconds += time.perf_counter() - began
        self.jobs += len(jobs)
        return results


def rebuild() -> None:
    """Read and build everything again with the settings of this process, and print what it took as JSON."""
    settings = Settings()
    land_registry_in_force(settings, load(settings.registry, discover()), as_of=poll_at(0) - EVERY)
    over = _Timed(over_workers(settings))
    began = time.perf_counter()
    report = build(settings.landing, settings.readings, settings.warehouse, full=True, keep=0, over=over)
    seconds = time.perf_counter() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    told = {
        "readings_s": over.seconds,
        "jobs": over.jobs,
        "whole_s": seconds,
        "cpu_s": sum(each.ru_utime + each.ru_stime for each in used),
        "readings": report.readings,
    }
    sys.stdout.write(json.dumps(told))


def _rebuilt(task: Task, workers: int) -> dict[str, Any]:
    settings = {
        "CAMPAIGN_LAKE": "",
        "CAMPAIGN_HOME": task.home,
        "CAMPAIGN_REGISTRY": str(Path(task.home) / "campaign.toml"),
        "CAMPAIGN_DASK": str(workers or ""),
    }
    return dict(run("benchmarks.workers", ["--here"], environment=settings).told)


def measure(items: int, rounds: int, folder: Path | None) -> list[dict[str, Any]]:
    """A row for each number of workers: medians of seconds, and how many times as fast as one process.

    Raises Failed where so little lands that no worker would be started, and Unequal.
    """
    with tempfile.TemporaryDirectory(dir=folder) as home:
        task = Task("http://127.0.0.1:9", "x", "polls", items // POLLS, POLLS, home)
        land(task)
        landed = sum(file.stat().st_size for file in landed_files(settings_of(task).landing, "x"))
        if landed < WORTH_STARTING:
            raise Failed(
                f"{items:,} items are {landed:,} landed bytes, for which no worker is started; take "
                f"{-(-items * WORTH_STARTING // landed):,} items or more"
            )
        runs: dict[int, list[dict[str, Any]]] = {workers: [] for workers in WORKERS}
        for _ in range(rounds):
            for workers in WORKERS:
                runs[workers].append(_rebuilt(task, workers))
    if len({run["readings"] for found in runs.values() for run in found}) != 1:
        raise Unequal("rebuilds over workers do not hold what one process holds")
    rows: list[dict[str, Any]] = []
    for workers, found in runs.items():
        medians = {
            name: statistics.median(run[name] for run in found) for name in ("readings_s", "whole_s", "cpu_s")
        }
        alone = rows[0] if rows else None
        rows.append(
            {
                "rebuild over": f"{workers} workers" if workers else "one process, no Dask",
                "items": items,
                "batches": found[0]["jobs"],
                "readings s": medians["readings_s"],
                "× as fast": alone["readings s"] / medians["readings_s"] if alone else 1.0,
                "whole s": medians["whole_s"],
                "whole × as fast": alone["whole s"] / medians["whole_s"] if alone else 1.0,
                "CPU s": medians["cpu_s"],
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--items", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        rebuild()
        return
    try:
        rows = measure(given.items, given.rounds, None)
    except (Failed, Unequal) as wrong:
        complain(str(wrong))
        sys.exit(1)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    columns = list(rows[0])
    cells = [
        [f"{value:.2f}" if isinstance(value, float) else f"{value}" for value in row.values()] for row in rows
    ]
    show(None, columns, cells, numbers=columns[1:])


if __name__ == "__main__":
    main()
