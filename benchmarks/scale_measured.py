"""What an item costs on this machine: rounds over the sandbox's campaign of 2019, builds, a compaction.

`python -m benchmarks.scale --measure` writes what is found into `measured.toml`. The sandbox runs in a
process of its own and is not counted. CPU seconds are those of the process, so other work on the machine does
little.

A build of a campaign as small as that is nearly all fixed cost. What an item adds to it comes from builds of
two sizes over the pages of the benchmarks, a poll a day: the slope between them; the campaign, with its five
platforms, then says what is fixed.
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
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import process_time

from benchmarks.pages import Shape
from benchmarks.running import run, serving
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

# The sizes whose slope is taken: so many posts, read daily. A case of the model reads a post some hundred
# times.
SMALL, LARGE = 200, 2_000
POLLS = 100
# What stands for X, and what for every other platform, whose answers are as long as Graph's.
SHAPES: Mapping[str, Shape] = {"x": "x", "others": "graph"}

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


@dataclass(frozen=True)
class Built:
    """CPU seconds of a full build of so many items and of the build of one more poll, of so many posts; the
    full one's largest memory in MB."""

    items: int
    posts: int
    full_s: float
    full_mb: float
    more_s: float


@dataclass(frozen=True)
class Slope:
    """What an item adds to a full build and to the build after a round, in CPU seconds."""

    full_s: float
    more_s: float

    @staticmethod
    def between(small: Built, large: Built) -> Slope:
        return Slope(
            max(0.0, large.full_s - small.full_s) / (large.items - small.items),
            max(0.0, large.more_s - small.more_s) / (large.posts - small.posts),
        )


def built(shape: Shape, posts: int, polls: int = POLLS) -> Built:
    """Land daily polls of posts, build them anew, then one poll more."""
    with (
        tempfile.TemporaryDirectory() as home,
        serving(shape, "polls", posts, polls + 1) as server,
    ):
        one_more = replace(server.task, home=home, hours=24)
        task = replace(one_more, polls=polls)
        run("benchmarks.ours", ["land", task.text()])
        full = run("benchmarks.ours", ["rebuild", task.text()])
        more = run("benchmarks.ours", ["more", one_more.text()])
    if (full.told["mode"], more.told["mode"]) != ("full", "incremental"):
        raise AssertionError(f"built {full.told['mode']} and {more.told['mode']}, not full and incremental")
    return Built(
        task.items, posts, float(full.told["build_cpu_s"]), full.peak_mb, float(more.told["build_cpu_s"])
    )


def measure() -> str:
    """The text of `measured.toml`."""
    sizes_of = {name: (built(shape, SMALL), built(shape, LARGE)) for name, shape in SHAPES.items()}
    slopes = {name: Slope.between(*pair) for name, pair in sizes_of.items()}
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
        files = landed_counts(settings.landing)
        sizes = Counter[str]()
        for file in landed_files(settings.landing):
            sizes[file.relative_to(settings.landing).parts[0].partition("=")[2]] += file.stat().st_size
        rebuild = _full_build(settings)
        (post_days,) = ask(settings.warehouse, "select count(*) from marts.coverage")[0]
        held = sum(file.stat().st_size for file in settings.readings.rglob("*.parquet"))
        packed = compact(settings.landing, settings.readings, before=date.max)
        in_all = sum(items.values())
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
            build=_by_name({name: slope.more_s for name, slope in slopes.items()}),
            build_at_least=_beside(one_round, items - before, {n: s.more_s for n, s in slopes.items()}),
            rebuild=_by_name({name: slope.full_s for name, slope in slopes.items()}),
            rebuild_at_least=_beside(rebuild, items, {n: s.full_s for n, s in slopes.items()}),
            rebuild_mb=[round(max(pair[at].full_mb for pair in sizes_of.values())) for at in (0, 1)],
            of_items=[each.items for each in sizes_of["x"]],
            call=SECONDS_A_CALL,
            texts=REAL_TEXTS,
        )


def _by_name(figures: Mapping[str, float]) -> str:
    return "\n".join(f"{name} = {figure:.7f}" for name, figure in figures.items())


def _beside(seconds: float, items: Mapping[str, int], each_s: Mapping[str, float]) -> float:
    """What is fixed of the CPU seconds of a build of so many items of each platform."""
    added = sum(count * each_s.get(name, each_s["others"]) for name, count in items.items())
    return max(0.0, seconds - added)


def _cpu_of(work: object) -> float:
    assert callable(work)
    began = process_time()
    work()
    return process_time() - began


def _full_build(settings: Settings) -> float:
    """CPU seconds of a full build in a process of its own, its start included."""
    command = [sys.executable, "-c", "from flows.cli import main; main(['build', '--full'])"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, "CAMPAIGN_HOME": str(settings.home), "CAMPAIGN_REGISTRY": str(CAMPAIGN)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, cwd=settings.home, check=True, capture_output=True)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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

# Seconds of one core. `…_at_least` is what a build of the campaign above takes beside its items.
[cpu]
fetch_s_an_item = {fetch:.6f}
build_s_at_least = {build_at_least:.2f}
rebuild_s_at_least = {rebuild_at_least:.2f}

# What an item adds, from builds of two sizes.
[cpu.build_s_an_item]
{build}

[cpu.rebuild_s_an_item]
{rebuild}

# The largest memory of full builds of two sizes.
[memory]
rebuild_mb = {rebuild_mb}
of_items = {of_items}

# Not measured: how long a platform takes to answer, how long real texts are against the sandbox's.
[assumed]
seconds_a_call = {call}
real_texts = {texts}
"""
