"""Every benchmark, as tables and JSON. `make bench` runs the default.

    python -m benchmarks [--quick | --all] [--only NAME]... [--json FILE] [--markdown FILE] [--from FILE]

What is measured and how is told in docs/benchmarks.md. The exit code is 0 also where a target is not met: a
table says so. It is 1 when the sides were not served, or do not hold, the same, and 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks import comparing, results, stages
from benchmarks.comparing import FLOORS, OURS, PEER_MODULES, compare, peers_are_there
from benchmarks.daily_numbers import grow
from benchmarks.pages import Shape
from benchmarks.running import Failed
from flows.console import complain, say, show

HERE = Path(__file__).parent
SHAPES: tuple[Shape, ...] = ("x", "graph")
POSTS = 10_000
# What a shell says of a process that Ctrl-C ended.
STOPPED = 130
BEGINS, ENDS = "<!-- results -->", "<!-- end of results -->"


@dataclass(frozen=True)
class Size:
    """How much a run measures. A peer that takes longer than `at_most_s` is stopped."""

    items: tuple[int, ...]
    walk_items: int
    growth_posts: int
    growth_days: tuple[int, ...]
    query_assets: int
    query_days: int
    rounds: int
    at_most_s: float
    # Of fewer items no worker would be started.
    worker_items: int
    worker_rounds: int


QUICK = Size((10_000,), 10_000, 2_000, (7, 30), 500, 60, 3, 60, 500_000, 1)
USUAL = Size((10_000, 100_000), 100_000, 10_000, (30, 365), 10_000, 365, 3, 150, 500_000, 1)
ALL = Size(
    (10_000, 100_000, 1_000_000), 100_000, 10_000, (30, 90, 180, 365), 10_000, 365, 3, 600, 1_000_000, 3
)


def _compared(size: Size, folder: Path | None) -> dict[str, Any]:
    peers = tuple(PEER_MODULES) if peers_are_there() else ()
    if not peers:
        complain("the peers are not installed and left out; run make bench, which installs them")
    found: list[dict[str, Any]] = []
    for items in size.items:
        # What takes minutes is not repeated; of a million items nothing is.
        rounds = size.rounds if items < 1_000_000 else 1
        for shape in SHAPES:
            slow = {side for side in peers if _takes_s(found, shape, side, items) > size.at_most_s}
            for side in sorted(slow):
                say(f"{shape}, {items:,} items: {side} is left out, it would be stopped")
            found.append(
                compare(
                    shape,
                    "polls",
                    min(items, POSTS),
                    max(1, items // POSTS),
                    (*FLOORS, *OURS, *(side for side in peers if side not in slow)),
                    rounds={} if items <= POSTS else {"dlt as documented": 1},
                    usual_rounds=rounds,
                    at_most_s=size.at_most_s,
                    folder=folder,
                    say=say,
                )
            )
    staged = [one for one in found if one["items"] == min(max(size.items), 100_000)]
    return {
        "compared": found,
        "stages": [row for one in staged for row in stages.table(one, comparing.alone(one))],
    }


def _takes_s(found: list[dict[str, Any]], shape: Shape, side: str, items: int) -> float:
    """How long a side would take at the rate that it had before; 0 where it had none. dlt as documented takes
    gigabytes too, the more the longer.
    """
    before = [one["sides"].get(side, {}) for one in found if one["shape"] == shape]
    rates = [float(one["items_per_s"]) for one in before if "items_per_s" in one]
    return items / rates[-1] if rates else 0.0


def _walked(size: Size, folder: Path | None) -> dict[str, Any]:
    peers = tuple(PEER_MODULES) if peers_are_there() else ()
    return {
        "compared": [
            compare(
                shape,
                "walk",
                size.walk_items,
                1,
                (*FLOORS, *OURS, *peers),
                rounds={},
                usual_rounds=1,
                at_most_s=size.at_most_s,
                folder=folder,
                say=say,
            )
            for shape in SHAPES
        ]
    }


def _growth(size: Size, folder: Path | None) -> dict[str, Any]:
    return {"growth": grow(size.growth_posts, size.growth_days, folder, say)}


def _queried(size: Size, folder: Path | None) -> dict[str, Any]:
    from benchmarks.readme_queries import measured

    with tempfile.TemporaryDirectory(dir=folder) as home:
        found = measured(Path(home), size.query_assets, size.query_days)
    return {
        "queries": [asdict(each) for each in found],
        "queried": {"assets": size.query_assets, "days": size.query_days},
    }


def _over_workers(size: Size, folder: Path | None) -> dict[str, Any]:
    if find_spec("distributed") is None:
        complain("Dask is not installed and left out; run pip install 'campaign-pipeline[dask]'")
        return {}
    from benchmarks.workers import measure as over_workers

    return {"workers": over_workers(size.worker_items, size.worker_rounds, folder)}


def _started(size: Size, folder: Path | None) -> dict[str, Any]:
    from benchmarks.start_up import measure

    with tempfile.TemporaryDirectory(dir=folder) as made:
        return {"start_up": [asdict(each) for each in measure(Path(made) / "start-up", size.rounds)]}


SECTIONS: dict[str, Callable[[Size, Path | None], dict[str, Any]]] = {
    "polls": _compared,
    "walk": _walked,
    "growth": _growth,
    "queries": _queried,
    "workers": _over_workers,
    "start-up": _started,
}


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    info = Path("/proc/cpuinfo")
    models = (
        [line for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": f"{os.cpu_count()} of {models[0].partition(': ')[2] if models else platform.machine()}",
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "DuckDB_and_PyArrow": f"{duckdb.__version__}, {pa.__version__}",
        "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "load_before": "{:.1f} {:.1f} {:.1f}".format(*os.getloadavg()),
    }


def measure(names: list[str], size: Size, folder: Path | None) -> dict[str, Any]:
    """Run the named sections. Raises Failed and Unequal."""
    found: dict[str, Any] = {"machine": machine(), "compared": []}
    for name in names:
        section = SECTIONS[name](size, folder)
        found["compared"] += section.pop("compared", [])
        found |= section
    found["machine"]["load_after"] = "{:.1f} {:.1f} {:.1f}".format(*os.getloadavg())
    return found


def tell(found: results.Results) -> None:
    """The tables on standard output."""
    for table in results.tables(found):
        show(table.title, table.columns, table.rows, numbers=table.numbers)


def put_between(path: Path, text: str) -> None:
    """Write the tables into a Markdown file between its two marks, or into a new file."""
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        return
    before, mark, rest = path.read_text(encoding="utf-8").partition(BEGINS)
    _, end, after = rest.partition(ENDS)
    if not mark or not end:
        raise Failed(f"{path} has no lines {BEGINS} and {ENDS}; put them where the tables go")
    path.write_text(f"{before}{mark}\n\n{text}\n{end}{after}", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=str(__doc__).splitlines()[0])
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quick", action="store_true", help="a few minutes: 10,000 items, short histories")
    how_much.add_argument("--all", action="store_true", help="also 1,000,000 items, and growth in four steps")
    parser.add_argument("--only", action="append", choices=list(SECTIONS), help="may be given several times")
    parser.add_argument("--folder", type=Path, help="where the homes are made; default: a temporary one")
    parser.add_argument("--json", type=Path, help="default: a file of this moment in benchmarks/results/")
    parser.add_argument("--markdown", type=Path, help="write the tables there too, between its marks")
    parser.add_argument(
        "--from", type=Path, dest="read", help="measure nothing: the tables of such a JSON file"
    )
    asked = parser.parse_args(arguments)
    size = QUICK if asked.quick else ALL if asked.all else USUAL
    try:
        if asked.read:
            found = json.loads(asked.read.read_text(encoding="utf-8"))
        else:
            found = measure(asked.only or list(SECTIONS), size, asked.folder)
            found["targets"] = [{**asdict(each), "is_met": each.is_met} for each in results.targets(found)]
            path = asked.json or HERE / "results" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            say(f"{path}: written")
        tell(found)
        if asked.markdown:
            put_between(asked.markdown, results.markdown(found))
    except (Failed, comparing.Unequal) as wrong:
        complain(str(wrong))
        return 1
    except KeyboardInterrupt:
        complain("stopped; nothing was written")
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
