"""What an item costs on this machine: rounds over the sandbox's campaign of 2019, builds, a compaction.

`python -m benchmarks.scale --measure` writes what is found into `measured.toml`. The sandbox runs in a
process of its own and is not counted. CPU seconds are those of the process, so other work on the machine does
little.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import process_time

from connectors import discover
from flows.collecting.round import CollectReport, prepare
from flows.refresh import refresh
from flows.registry import Registry, load
from flows.settings import Settings
from warehouse.compacting import compact
from warehouse.landed_files import landed_counts, landed_files
from warehouse.publish import ask

ROOT = Path(__file__).parents[1]
CAMPAIGN = ROOT / "campaigns" / "uk-general-election-2019.toml"
FIRST = datetime(2019, 11, 16, 12, tzinfo=UTC)
EVERY = timedelta(hours=6)
ROUNDS = 24

# Nobody can measure these here: how long a platform takes to answer, how long real texts are against the
# sandbox's.
SECONDS_A_CALL = 0.3
REAL_TEXTS = 3.0


@contextmanager
def sandbox() -> Iterator[Mapping[str, str]]:
    """The platforms' double in a process of its own; the settings that point at it."""
    with subprocess.Popen(
        [sys.executable, "-m", "connectors.sandbox", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_PROXY": "*"},
        cwd=ROOT,
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["settings"]
        finally:
            process.terminate()


def take_round(
    settings: Settings, registry: Registry, moment: datetime, platforms: list[str] | None = None
) -> CollectReport:
    """Everything that a round can ask of posts, at a moment of the sandbox's time."""
    return prepare(
        platforms, settings=settings, registry=registry, clock=moment, as_of=moment, everything=True
    ).take_all()


def polls(settings: Settings) -> Counter[str]:
    """Items of each platform: how many rounds showed each post, added up."""
    query = "select platform, sum(polls_got)::bigint from marts.coverage group by platform"
    return Counter(dict(ask(settings.warehouse, query)))


def measure() -> str:
    """The text of `measured.toml`."""
    registry = load(CAMPAIGN, discover())
    with tempfile.TemporaryDirectory() as folder, sandbox() as served:
        settings = Settings(CAMPAIGN_HOME=folder, CAMPAIGN_LAKE="", CAMPAIGN_KEEP_BUILDS="0", **served)
        moments = [FIRST + EVERY * number for number in range(ROUNDS)]
        fetching = 0.0
        for moment in moments[:-1]:
            fetching += _cpu_of(lambda moment=moment: take_round(settings, registry, moment))
        refresh(settings, registry)
        before = polls(settings)
        take_round(settings, registry, moments[-1])
        one_round = _cpu_of(lambda: refresh(settings, registry))
        items = polls(settings)
        take_round(settings, registry, moments[-1] + timedelta(hours=1), ["tiktok"])
        at_least = _cpu_of(lambda: refresh(settings, registry))
        files = landed_counts(settings.landing)
        sizes = Counter[str]()
        for file in landed_files(settings.landing):
            sizes[file.relative_to(settings.landing).parts[0].partition("=")[2]] += file.stat().st_size
        rebuild, rebuild_mb = _full_build(settings)
        (post_days,) = ask(settings.warehouse, "select count(*) from marts.coverage")[0]
        held = sum(file.stat().st_size for file in settings.readings.rglob("*.parquet"))
        packed = compact(settings.landing, settings.readings, before=date.max)
        in_all, in_round = sum(items.values()), sum(items.values()) - sum(before.values())
        asked = [platform for platform in items if platform in files]
        return _TEMPLATE.format(
            items=in_all,
            rounds=ROUNDS,
            by_platform="\n".join(
                f"{name} = {sizes[name] / items[name]:.0f}" for name in sorted(asked) if items[name]
            ),
            compacted=packed.bytes_after / packed.bytes_before,
            files=sum(files[name] for name in asked) / len(asked) / ROUNDS,
            readings=held / in_all,
            warehouse=settings.warehouse.stat().st_size / post_days,
            fetch=fetching / sum(before.values()),
            build=max(0.0, one_round - at_least) / in_round,
            at_least=at_least,
            rebuild=max(0.0, rebuild - at_least) / in_all,
            rebuild_mb=rebuild_mb,
            call=SECONDS_A_CALL,
            texts=REAL_TEXTS,
        )


def _cpu_of(work: object) -> float:
    assert callable(work)
    began = process_time()
    work()
    return process_time() - began


def _full_build(settings: Settings) -> tuple[float, float]:
    """CPU seconds and the largest memory, in MB, of a full build in a process of its own."""
    command = [sys.executable, "-c", "from flows.cli import main; main(['build', '--full'])"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, "CAMPAIGN_HOME": str(settings.home), "CAMPAIGN_REGISTRY": str(CAMPAIGN)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, cwd=settings.home, check=True, capture_output=True)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024


_TEMPLATE = """\
# What benchmarks/scale.py reckons with. Written by: python -m benchmarks.scale --measure
# Measured on {items} items in {rounds} rounds over the sandbox's campaign of 2019.
# An item is a post that a round shows.

[landing]
# What compaction leaves of a byte; four rounds lie in a day here, and more would leave less.
compacted = {compacted:.2f}
files_a_platform_and_round = {files:.1f}

# As they land, with everything that a round asks beside the posts.
[landing.bytes_an_item]
{by_platform}

[readings]
bytes_an_item = {readings:.0f}

# After a full build. A day of a post has some six counters.
[warehouse]
bytes_a_post_day = {warehouse:.0f}

# Seconds of one core. A build of hardly anything takes `build_s_at_least`.
[cpu]
fetch_s_an_item = {fetch:.6f}
build_s_an_item = {build:.6f}
build_s_at_least = {at_least:.2f}
rebuild_s_an_item = {rebuild:.6f}

# The largest memory of a full build of so many items.
[memory]
rebuild_mb = {rebuild_mb:.0f}
of_items = {items}

# Not measured: how long a platform takes to answer, how long real texts are against the sandbox's.
[assumed]
seconds_a_call = {call}
real_texts = {texts}
"""
