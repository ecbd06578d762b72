"""How long commands take that have hardly anything to do, against a bare interpreter.

    python -m benchmarks.start_up [--repeats 5] [--folder DIR] [--json FILE]

Each command runs in a process of its own, all of them in turn, on three homes: an empty one; one of one whole
poll of the sandbox's campaigns (`--home` takes another, such as the demo's); and the same with a year of
landed files beside it, as hourly rounds of five platforms leave them where nothing compacts them. Nothing is
due in any of them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

from flows.console import say, show

COMMANDS = (
    ("--help",),
    ("sql", "SELECT 1"),
    ("check", "--offline"),
    ("status",),
    ("collect",),
)
HOMES = ("empty", "built", "a year landed")
FLOOR = "python"

YEAR = 365
ENDPOINTS = ("accounts", "listing", "posts", "days")
# More names than a file system gives one file.
LINKS_PER_FILE = 30_000


@dataclass(frozen=True)
class Start:
    """One command on one home: medians of its wall clock and CPU seconds, and how many times a bare
    interpreter's CPU that is."""

    command: str
    home: str
    seconds: float
    cpu_s: float
    times_python: float


def measure(folder: Path, repeats: int, home: Path | None = None) -> list[Start]:
    """Every command on every home."""
    homes = {"empty": folder / "empty", "built": home or folder / "built", "a year landed": folder / "year"}
    (folder / "empty").mkdir(parents=True)
    if home is None:
        fill(homes["built"])
    add_a_year(homes["built"], homes["a year landed"])
    took: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(repeats):
        took.setdefault((FLOOR, ""), []).append(timed([sys.executable, "-c", "pass"], folder, folder))
        for command in COMMANDS:
            for name in HOMES:
                run = [sys.executable, "-c", "from flows.cli import main; main()", *command]
                took.setdefault((" ".join(command), name), []).append(timed(run, folder, homes[name]))
    floor = median(cpu for _, cpu in took[FLOOR, ""])
    return [
        Start(
            command,
            name,
            round(median(wall for wall, _ in each), 3),
            round(median(cpu for _, cpu in each), 3),
            round(median(cpu for _, cpu in each) / floor, 1),
        )
        for (command, name), each in took.items()
    ]


def timed(command: list[str], folder: Path, home: Path) -> tuple[float, float]:
    """Wall clock and CPU seconds of a process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    settings = {"CAMPAIGN_HOME": str(home), "CAMPAIGN_REGISTRY": str(_ROOT / "campaigns")}
    before, began = os.times(), perf_counter()
    subprocess.run(command, cwd=folder, env={**kept, **settings}, capture_output=True, check=False)  # noqa: S603
    wall, after = perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


_ROOT = Path(__file__).parents[1]


def fill(home: Path) -> None:
    """One poll of everything that the sandbox plays, landed and built."""
    from connectors import discover
    from connectors.sandbox import SETTINGS
    from connectors.sandbox.server import Sandbox
    from flows.collecting.round import prepare
    from flows.refresh import refresh
    from flows.registry import load
    from flows.settings import Settings

    moment = datetime(2019, 11, 20, 12, tzinfo=UTC)
    registry = load(_ROOT / "campaigns", discover())
    with Sandbox(now=moment) as sandbox:
        settings = Settings(CAMPAIGN_HOME=home, **SETTINGS(sandbox.port))
        prepare(
            None, settings=settings, registry=registry, clock=moment, as_of=moment, everything=True
        ).take_all()
    refresh(settings, registry)


def add_a_year(built: Path, home: Path) -> None:
    """A copy of a home with a year of hourly files before the first landed day; each is one file's name
    more."""
    shutil.copytree(built, home, ignore=shutil.ignore_patterns("versions"))
    first = min(
        date.fromisoformat(day.name.partition("=")[2])
        for day in home.glob("landing/platform=*/endpoint=*/date=*")
    )
    file = next(home.glob("landing/platform=x/endpoint=*/date=*/*.parquet"))
    number = count()
    for folder, hour in _hours(home / "landing", first):
        if (taken := next(number)) % LINKS_PER_FILE == 0:
            file = Path(shutil.copy(file, home / f"landed-{taken}"))
        os.link(file, folder / f"{hour:%Y%m%dT%H%M%SZ}-{taken:08x}-0000.parquet")


def _hours(landing: Path, before: date) -> Iterator[tuple[Path, datetime]]:
    platforms = sorted(
        folder for folder in landing.glob("platform=*") if not folder.name.endswith("registry")
    )
    for past in range(1, YEAR + 1):
        day = before - timedelta(days=past)
        for platform in platforms:
            for endpoint in ENDPOINTS:
                folder = platform / f"endpoint={endpoint}" / f"date={day}"
                folder.mkdir(parents=True, exist_ok=True)
                for hour in range(24):
                    yield folder, datetime(day.year, day.month, day.day, hour, 5, tzinfo=UTC)


def main() -> None:
    """Measure, and show a table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the homes are made; default: a temporary one")
    parser.add_argument("--home", type=Path, help="a home with data, in the place of the second")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = measure(Path(folder) / "start-up", given.repeats, given.home)
    show(
        f"Start-up, median of {given.repeats}",
        ["command", "home", "seconds", "CPU s", "times a bare python"],
        [
            [each.command, each.home, f"{each.seconds:.2f}", f"{each.cpu_s:.2f}", f"{each.times_python:.1f}"]
            for each in found
        ],
        numbers=["seconds", "CPU s", "times a bare python"],
    )
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n", encoding="utf-8")
        say(f"{given.json}: written")


if __name__ == "__main__":
    main()
