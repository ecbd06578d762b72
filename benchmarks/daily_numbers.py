"""How long the daily numbers take: a full build, one more poll and queries, over generated readings.

    python -m benchmarks.daily_numbers [--posts 10000] [--days 90] [--growth] [--folder DIR]

Each post has six counters that grow and are read four times a day, as many days as asked; a tenth of the
posts belong in fives to assets. Readings are written as a build leaves them, so that what is timed begins
there: reading answers is another matter. `--growth` repeats it at 30, 90, 180 and 365 days. Builds run in
processes of their own, whose largest memory is told.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from flows.console import say, show
from warehouse import readings, sql
from warehouse.build import build
from warehouse.landing import land_registry
from warehouse.publish import open_published

GENERATED = Path(__file__).with_name("generated_readings.sql")

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
POLLS_PER_DAY = 4
COUNTERS = 6
ACCOUNTS = 20
CAMPAIGN = "generated"

# What the README asks, of a campaign that has no asset of a name: the same shapes over these.
QUERIES = {
    "leaderboard": "FROM leaderboard(10)",
    "one asset by day": "SELECT day, views, retweets, completeness FROM marts.asset_daily "
    "WHERE asset_id = 'asset-7' ORDER BY day",
    "sides": "SELECT side_id, platform, views, shares, retweets FROM marts.side_totals",
    "retweets of an account in a window": "FROM retweets_between('3', '{middle}', '{last}')",
    "totals of a week": "SELECT asset_id, views FROM totals_between('{week}', '{last}') "
    "ORDER BY views DESC LIMIT 10",
    "a post by day": "SELECT day, metric, gain, total FROM marts.post_daily WHERE post_id = '1000000000007'",
    "all assets of a day": "SELECT asset_id, views FROM marts.asset_daily WHERE day = '{last}' "
    "ORDER BY views DESC LIMIT 10",
    "the campaign by day": "SELECT day, sum(views), sum(retweets) FROM marts.asset_daily GROUP BY day",
    "gaps": "FROM marts.gaps",
}


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
            con.execute(f"create table sightings ({readings.SIGHTING})")
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
    (root / "fingerprint").write_text(readings.fingerprint())


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


def timed_queries(home: Path, days: int) -> Iterator[tuple[str, float, int]]:
    """(query, milliseconds of the best of five, rows) of each."""
    last = FIRST.date() + timedelta(days=days - 1)
    dates = {
        "last": last,
        "week": last - timedelta(days=6),
        "middle": last - timedelta(days=min(41, days // 2)),
    }
    with open_published(home / "warehouse.duckdb") as con:
        for name, query in QUERIES.items():
            best, rows = float("inf"), 0
            for _ in range(5):
                began = time.perf_counter()
                rows = len(con.execute(query.format(**dates)).fetchall())
                best = min(best, time.perf_counter() - began)
            yield name, 1000 * best, rows


def run(home: Path, posts: int, days: int) -> list[str]:
    """One size: write, build, poll once more twice, and a row of the table."""
    land_campaign(home, posts)
    write_readings(home, posts, range(POLLS_PER_DAY * days), "past")
    full = built(home)
    polls = []
    for more in range(2):
        number = POLLS_PER_DAY * days + more
        write_readings(home, posts, range(number, number + 1), f"poll-{more}")
        polls.append(built(home))
    poll = min(polls, key=lambda found: found["seconds"])
    size = (home / "warehouse.duckdb").stat().st_size / 2**20
    show(
        f"Queries at {days} days",
        ["query", "ms", "rows"],
        [[name, f"{ms:.0f}", f"{rows:,}"] for name, ms, rows in timed_queries(home, days)],
        numbers=["ms", "rows"],
    )
    return [
        f"{days}",
        f"{full['readings']:,}",
        f"{full['seconds']:.1f}",
        f"{full['readings'] / full['seconds']:,.0f}",
        f"{full['memory']:,.0f}",
        f"{poll['seconds']:.1f}",
        f"{poll['memory']:,.0f}",
        f"{size:,.0f}",
    ]


def main() -> None:
    """Run what the command line asks for and print a table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--growth", action="store_true", help="30, 90, 180 and 365 days, one after the other")
    parser.add_argument("--folder", type=Path, help="where the generated lakes go; default: a temporary one")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.build:
        build_here(asked.build)
        return
    rows = []
    for days in (30, 90, 180, 365) if asked.growth else (asked.days,):
        with tempfile.TemporaryDirectory(dir=asked.folder) as home:
            rows.append(run(Path(home), asked.posts, days))
    say(f"{os.cpu_count()} cores, {date.today()}")  # noqa: DTZ011
    titles = ["days", "readings", "full s", "readings/s", "full MB", "one more poll s", "its MB", "file MB"]
    show(
        f"{asked.posts:,} posts, {COUNTERS} counters, {POLLS_PER_DAY} polls a day",
        titles,
        rows,
        numbers=titles,
    )


if __name__ == "__main__":
    main()
