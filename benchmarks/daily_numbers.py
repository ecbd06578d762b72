"""How builds grow with history: a full build and one more poll, over generated readings.

    python -m benchmarks.daily_numbers --build HOME

Each post has six counters that grow and are read four times a day, as many days as asked; a tenth of the
posts belong in fives to assets. Readings are written as a build leaves them, so that what is timed begins
there: reading answers is another matter. Builds run in processes of their own (which is what the command line
is for), whose largest memory is told.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from warehouse import sightings, sql
from warehouse.build import build
from warehouse.landing import land_registry

GENERATED = Path(__file__).with_name("generated_readings.sql")

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
POLLS_PER_DAY = 4
ACCOUNTS = 20
CAMPAIGN = "generated"
# How often one more poll is built, each after the other.
POLLS_MORE = 3


def write_readings(home: Path, posts: int, polls: range, name: str) -> None:
    """Write one batch of readings, as `warehouse.readings` does, a file a month."""
    root = home / "readings"
    sizes = {}
    by_month: dict[str, list[int]] = {}
    for poll in polls:
        moment = FIRST + timedelta(hours=24 // POLLS_PER_DAY) * poll
        by_month.setdefault(f"{moment:%Y-%m}", []).append(poll)
    for month, chosen in by_month.items():
        with duckdb.connect() as con:
            con.execute("set TimeZone = 'UTC'")
            con.execute(f"create table sightings ({sightings.SIGHTING})")
            con.execute(
                f"insert into sightings by name {GENERATED.read_text(encoding='utf-8')}",
                {
                    "posts": posts,
                    "accounts": ACCOUNTS,
                    "first_poll": chosen[0],
                    "last_poll": chosen[-1],
                    "every_hours": 24 // POLLS_PER_DAY,
                    "first": FIRST,
                },
            )
            final = root / "platform=x" / f"month={month}" / f"{name}.parquet"
            final.parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"copy sightings to {sql.literal(str(final))} (format parquet, compression zstd)")
            sizes[str(final.relative_to(root))] = final.stat().st_size
    (root / "batches").mkdir(exist_ok=True)
    (root / "batches" / f"{name}.json").write_text(json.dumps({"landed": [], "sizes": sizes}))
    (root / "fingerprint").write_text(sightings.fingerprint())


def land_campaign(home: Path, posts: int) -> None:
    """Land a registry that watches every account and lists a tenth of the posts."""
    side = {"id": "ours", "name": "Ours", "ours": True}
    account = {"side": "ours", "platform": "x", "handle": None, "name": None, "watch": True}
    asset: dict[str, object] = {"side": "ours", "kind": "video", "tags": [], "tone": None}
    made = {
        "id": CAMPAIGN,
        "name": "Generated",
        "starts": str(FIRST.date() - timedelta(days=2)),
        "ends": str(FIRST.date() + timedelta(days=730)),
        "timezone": "Europe/London",
        "sides": [side],
        "accounts": [account | {"id": str(number)} for number in range(ACCOUNTS)],
        "assets": [
            asset
            | {
                "id": f"asset-{number}",
                "title": f"Asset {number}",
                "posts": [
                    {"platform": "x", "alias": str(1_000_000_000_000 + 5 * number + place)}
                    for place in range(5)
                ],
            }
            for number in range(posts // 50)
        ],
        "audiences": [],
    }
    land_registry(home / "landing", [(CAMPAIGN, json.dumps(made, sort_keys=True))], FIRST, FIRST)


def build_here(home: Path) -> None:
    """Build, and print what it took as JSON: seconds, CPU seconds, largest memory in MB, readings."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    report = build(home / "landing", home / "readings", home / "warehouse.duckdb", keep=0)
    after = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "mode": report.mode,
        "seconds": report.seconds,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "memory": after.ru_maxrss / 1024,
        "readings": report.readings,
        "rows": report.tables,
    }
    sys.stdout.write(json.dumps(told))


def built(home: Path) -> dict[str, float]:
    """Build in a process of its own; what it took."""
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.daily_numbers", "--build", str(home)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    found: dict[str, float] = json.loads(run.stdout)
    return found


def grow(
    posts: int, days: Sequence[int], folder: Path | None, say: Callable[[str], None]
) -> list[dict[str, float]]:
    """For each number of days of history: the full build, and the median of the builds of one more poll."""
    rows = []
    for many in days:
        with tempfile.TemporaryDirectory(dir=folder) as made:
            rows.append(_at(Path(made), posts, many))
        row = rows[-1]
        say(f"{many} days: full {row['full_s']:.1f} s, one more poll {row['poll_s']:.2f} s")
    return rows


def _at(home: Path, posts: int, days: int) -> dict[str, float]:
    land_campaign(home, posts)
    write_readings(home, posts, range(POLLS_PER_DAY * days), "past")
    full = built(home)
    polls = []
    for more in range(POLLS_MORE):
        number = POLLS_PER_DAY * days + more
        write_readings(home, posts, range(number, number + 1), f"poll-{more}")
        polls.append(built(home))
    return {
        "posts": posts,
        "days": days,
        "readings": full["readings"],
        "full_s": full["seconds"],
        "full_mb": full["memory"],
        "poll_s": statistics.median(poll["seconds"] for poll in polls),
        "poll_cpu_s": statistics.median(poll["cpu"] for poll in polls),
        "poll_mb": max(poll["memory"] for poll in polls),
        "warehouse_bytes": (home / "warehouse.duckdb").stat().st_size,
    }


def main() -> None:
    """Build the home that the command line names."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="the home to build")
    build_here(parser.parse_args().build)


if __name__ == "__main__":
    main()
