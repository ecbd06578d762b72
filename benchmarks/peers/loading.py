"""What the variants of dlt share: a pipeline into a DuckDB file, timed, and what is held at the end."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt  # type: ignore[import-not-found]
import duckdb

from benchmarks.pages import Task


def run(make: Callable[[Task], Any], counted: dict[str, str], **options: Any) -> None:
    """Load what `make` yields of the task that the command line gives, in one run of a pipeline, and print
    what it took as JSON. `counted` is the SQL of the compared counter, by shape.
    """
    task = Task.of(sys.argv[1])
    home = Path(task.home)
    pipeline = dlt.pipeline(
        pipeline_name="benchmark",
        pipelines_dir=str(home / "dlt"),
        destination=dlt.destinations.duckdb(str(home / "dlt.duckdb")),
        dataset_name="landed",
    )
    began = time.perf_counter()
    steps = {}
    steps["extract"] = _timed(lambda: pipeline.extract(make(task), **options))
    steps["normalize"] = _timed(lambda: pipeline.normalize())
    steps["load"] = _timed(lambda: pipeline.load())
    seconds = time.perf_counter() - began
    with duckdb.connect(str(home / "dlt.duckdb"), read_only=True) as con:
        row = con.execute(f"select count(*), sum({counted[task.shape]}) from landed.posts").fetchone()
        assert row is not None
        tables = con.execute(
            "select table_name, estimated_size from duckdb_tables() where schema_name = 'landed'"
        ).fetchall()
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "seconds": seconds,
        "steps": steps,
        "items": int(row[0]),
        "counted": int(row[1] or 0),
        "rows": dict(tables),
        "own_peak_mb": used.ru_maxrss / 1024,
        "version": dlt.__version__,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
