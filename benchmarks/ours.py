"""Our side, in a process of its own: collects, each with its own clock, then a build; or a build alone.

    python -m benchmarks.ours all|land|rebuild|more TASK

`all` collects and builds, `land` only collects, `rebuild` makes everything again from what has landed, `more`
collects the last poll alone and builds what it brought.
Printed is a JSON object: seconds by step, and what is held at the end. It goes the product's own way:
`prepare`, `Collection.take`, `build`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from benchmarks.pages import COUNTER, TOKEN, Task, account_id, poll_at, post_id
from connectors import discover
from flows.collecting.round import PlatformReport, prepare
from flows.registry import Registry, load
from flows.settings import Settings
from warehouse import sql
from warehouse.build import build
from warehouse.landed_files import landed_files

PLATFORM = {"x": "x", "graph": "facebook"}
POSTS_PER_ASSET = 10


class Wrong(Exception):
    """The run did not do what it was to be timed for."""


class Steps:
    """Seconds by step: what the builder calls its steps, and what `step` is given."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: tuple[str, float] | None = None

    def begin(self, step: str) -> None:
        """The step before has ended."""
        now = time.perf_counter()
        if self._running is not None:
            name, since = self._running
            self.seconds[name] = self.seconds.get(name, 0.0) + now - since
        self._running = (step, now)

    def end(self) -> None:
        self.begin("")
        self._running = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def settings_of(task: Task) -> Settings:
    """The settings of a run: everything below its home, every platform at the page server."""
    return Settings(
        CAMPAIGN_HOME=task.home,
        CAMPAIGN_REGISTRY=str(Path(task.home) / "campaign.toml"),
        X_BEARER_TOKEN=TOKEN,
        FACEBOOK_ACCESS_TOKEN=TOKEN,
        X_API_URL=task.base,
        FACEBOOK_API_URL=task.base,
    )


def write_registry(task: Task) -> Registry:
    """The campaign of a run: assets that list the posts to look up, or accounts to walk."""
    platform = PLATFORM[task.shape]
    lines = [
        'id = "benchmark"\nname = "Benchmark"\nstarts = 2026-04-01\nends = 2026-12-31',
        'timezone = "Europe/London"\n\n[[sides]]\nid = "ours"\nname = "Ours"\nours = true',
    ]
    if task.kind == "walk":
        lines += [
            f'[[accounts]]\nside = "ours"\nplatform = "{platform}"\nid = "{account_id(task.shape, account)}"'
            for account in range(task.accounts)
        ]
    else:
        for first in range(0, task.posts, POSTS_PER_ASSET):
            numbers = range(first, min(first + POSTS_PER_ASSET, task.posts))
            posts = ", ".join(f'"{platform}:{post_id(task.shape, number)}"' for number in numbers)
            number = first // POSTS_PER_ASSET
            lines.append(
                f'[[assets]]\nid = "asset-{number}"\ntitle = "Asset {number}"\nside = "ours"\n'
                f'kind = "video"\nposts = [{posts}]'
            )
    path = Path(task.home) / "campaign.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return load(path, discover())


def take(task: Task, settings: Settings, registry: Registry, poll: int) -> PlatformReport:
    """One collect of everything. Raises Wrong when anything was not read."""
    platform = PLATFORM[task.shape]
    moment = poll_at(poll, task.hours)
    collection = prepare(
        [platform], settings=settings, registry=registry, clock=moment, as_of=moment, everything=True
    )
    # Days, mentions and the like are asked once or by the day; here posts are counted.
    report = replace(collection, beyond_posts=False).take(platform)
    if report.outcome != "ok":
        raise Wrong(f"poll {poll}: {report.outcome}: {report.message}")
    return report


def land(task: Task, registry: Registry, steps: Steps) -> dict[str, object]:
    """Every poll of a task, each a collect of its own."""
    settings = settings_of(task)
    answers = 0
    with steps.step("fetch and land"):
        for poll in range(task.polls):
            answers += sum(take(task, settings, registry, poll).responses.values())
    files = landed_files(settings.landing, PLATFORM[task.shape])
    return {
        "answers": answers,
        "landed_bytes": sum(path.stat().st_size for path in files),
        "files": len(files),
    }


def make(task: Task, steps: Steps, *, full: bool = False) -> dict[str, object]:
    """A build, its steps, and what the tables then rest on."""
    settings = settings_of(task)
    with steps.step("build"):
        report = build(
            settings.landing, settings.readings, settings.warehouse, full=full, keep=0, progress=steps.begin
        )
        steps.end()
    return {
        "mode": report.mode,
        "answers_read": report.responses,
        "readings": report.readings,
        "rows": report.tables,
        "warehouse_bytes": settings.warehouse.stat().st_size,
    }


def held(task: Task) -> dict[str, int]:
    """How many posts the readings show, over all polls, the sum of their counter, and what its days add up to
    in the published table."""
    settings = settings_of(task)
    name, metric = COUNTER[task.shape]
    files = list(settings.readings.glob("platform=*/month=*/*.parquet"))
    with duckdb.connect() as con:
        row = con.execute(
            f"""
            select
                count(*),
                sum(list_sum(list_transform(
                    list_filter(counters, lambda counter: counter.metric = ?), lambda counter: counter.value
                )))
            from {sql.parquet(files)}
            where object_type = 'post' and state = 'present'
            """,
            [name],
        ).fetchone()
    assert row is not None
    with duckdb.connect(settings.warehouse, read_only=True) as con:
        days = con.execute("select sum(gain) from marts.post_daily where metric = ?", [metric]).fetchone()
    assert days is not None
    return {"items": int(row[0]), "counted": int(row[1] or 0), "gained": int(days[0] or 0)}


def main() -> None:
    what, task = sys.argv[1], Task.of(sys.argv[2])
    steps = Steps()
    told: dict[str, object] = {}
    # Read once a process, as its modules are.
    registry = write_registry(task)
    began = time.perf_counter()
    if what in ("all", "land"):
        told |= land(task, registry, steps)
    if what == "more":
        take(task, settings_of(task), registry, task.polls - 1)
    before_s = time.process_time()
    if what != "land":
        told |= make(task, steps, full=what == "rebuild")
        told["build_cpu_s"] = time.process_time() - before_s
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    told |= {"seconds": seconds, "cpu_s": used.ru_utime + used.ru_stime, "own_peak_mb": used.ru_maxrss / 1024}
    if what != "land":
        told |= held(task)
    sys.stdout.write(json.dumps({**told, "steps": steps.seconds}) + "\n")


if __name__ == "__main__":
    main()
