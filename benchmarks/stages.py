"""Each stage alone, against what the machine gives at that place: from what one run of ours has left.

    python -m benchmarks.stages TASK

Rows are landed again from memory and measured against one Parquet write of the bodies, readings against a
scan of the bodies by DuckDB, publishing against a copy of the file.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.ours import PLATFORM, settings_of
from benchmarks.pages import Task
from warehouse import sql
from warehouse.landed_files import landed_files
from warehouse.landing import LandingWriter

# As many answers as are held in memory at once.
MOST_ANSWERS = 2_000

# The steps of a build, by what its progress calls them.
STEPS = {
    "reading": "readings",
    "merging": "summaries",
    "making registry": "registry",
    "making scope": "registry",
    "making facts": "facts",
    "making marts": "marts",
    "checking": "checks",
    "publishing": "publish",
}


def by_stage(steps: Mapping[str, float]) -> dict[str, float]:
    """The seconds of a build by stage, from those by step; `rest` is what no step names."""
    found: dict[str, float] = {}
    for step, seconds in steps.items():
        if step in ("build", "fetch and land"):
            continue
        stage = next((name for begins, name in STEPS.items() if step.startswith(begins)), "rest")
        found[stage] = found.get(stage, 0.0) + seconds
    named = sum(found.values())
    found["rest"] = found.get("rest", 0.0) + max(0.0, steps.get("build", named) - named)
    return found


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(task: Task) -> dict[str, float]:
    """Seconds of landing the rows again, and of the limits, for all of a task's items."""
    settings = settings_of(task)
    files = landed_files(settings.landing, PLATFORM[task.shape])
    scratch = Path(task.home) / "scratch"
    rows: list[dict[str, Any]] = []
    for path in files:
        rows += pq.ParquetFile(path).read().to_pylist()
        if len(rows) >= MOST_ANSWERS:
            break
    with duckdb.connect() as con:
        answers = con.execute(f"select count(*) from {sql.parquet(files)}").fetchone()
        assert answers is not None
        scan_s = _seconds(
            lambda: con.execute(f"select sum(strlen(body)) from {sql.parquet(files)}").fetchone()
        )

    def land() -> None:
        with LandingWriter(scratch / "landing") as writer:
            for row in rows:
                writer.add(row)

    scale = answers[0] / len(rows)
    land_s = scale * _seconds(land)
    bodies = pa.table({"body": [row["body"] for row in rows]})
    written = scratch / "bodies.parquet"
    write_s = scale * _seconds(lambda: pq.write_table(bodies, written, compression="zstd"))
    copy_s = _seconds(lambda: shutil.copyfile(settings.warehouse, scratch / "copy.duckdb"))
    return {"land_s": land_s, "write_s": write_s, "scan_s": scan_s, "copy_s": copy_s}


def table(compared: Mapping[str, Any], alone: Mapping[str, float]) -> list[dict[str, Any]]:
    """The stages of a compared shape and size: stage, seconds, and the limit with its seconds."""
    sides, items = compared["sides"], compared["items"]
    loop_s, land_s = sides["requests"]["seconds"], sides["land"]["seconds"]
    build = by_stage(sides["rebuild"]["runs"][-1]["steps"])
    record_s = max(0.0, land_s - loop_s - alone["land_s"])
    rows: list[tuple[str, float, str, float | None]] = [
        ("fetch, by requests alone", loop_s, "raw loopback read", sides["socket"]["seconds"]),
        ("record, plan and pace", record_s, "", None),
        ("Parquet", alone["land_s"], "Parquet write of the bodies", alone["write_s"]),
        ("readings", build.get("readings", 0.0), "DuckDB scan of the bodies", alone["scan_s"]),
        ("registry", build.get("registry", 0.0), "", None),
        ("summaries", build.get("summaries", 0.0), "", None),
        ("facts", build.get("facts", 0.0), "", None),
        ("marts", build.get("marts", 0.0), "", None),
        ("checks", build.get("checks", 0.0), "", None),
        ("publish", build.get("publish", 0.0), "copy of the file", alone["copy_s"]),
        ("rest of the build", build["rest"], "", None),
    ]
    return [
        {
            "shape": compared["shape"],
            "items": items,
            "stage": stage,
            "seconds": seconds,
            "items_per_s": items / seconds if seconds > 0 else None,
            "limit": limit,
            "limit_s": limit_s,
        }
        for stage, seconds, limit, limit_s in rows
    ]


def main() -> None:
    sys.stdout.write(json.dumps({"seconds": 0.0, **measure(Task.of(sys.argv[1]))}) + "\n")


if __name__ == "__main__":
    main()
