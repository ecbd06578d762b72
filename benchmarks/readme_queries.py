"""How long the queries take that README shows, as they stand there, and every macro.

    python -m benchmarks.readme_queries [--assets 10000] [--days 365] [--folder DIR]

They are read from docs/queries, whence README has them too, and asked of an invented campaign with the names
and days that they ask for: so many assets, each of them read on so many days. A tenth of the assets is
listed, with a post on X and one on Facebook; the others are posts that nobody listed. An answer without rows
ends the run: it would say nothing of the time that one with rows takes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from flows.console import say, show
from warehouse import sightings, sql
from warehouse.build import build
from warehouse.landing import land_registry
from warehouse.publish import open_published

ROOT = Path(__file__).parents[1]
QUERIES = ROOT / "docs" / "queries"
WORLD = Path(__file__).with_name("readme_world.sql")

CAMPAIGN = "uk-general-election-2019"
LAST = date(2019, 12, 13)
MISSED = date(2019, 11, 24)
ACCOUNTS = 20
PLATFORMS = ("x", "facebook")
TIMES = 7

# Of the macros those calls that no file of docs/queries has.
MACROS = {
    "leaderboard(10)": "FROM leaderboard(10)",
    "retweets_between(…) of a week": "FROM retweets_between('jeremycorbyn', '2019-12-06', '2019-12-12')",
    "over_performing_at(views, 7)": "FROM over_performing_at('views', 7)",
}


@dataclass(frozen=True)
class Asked:
    """A query: milliseconds of the first answer in its process and of the median one, and how many rows."""

    query: str
    first_ms: float
    median_ms: float
    rows: int


def queries() -> dict[str, str]:
    """README's queries by name, and calls of the macros that it names beside them."""
    shown = {path.stem: path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob("*.sql"))}
    return shown | MACROS


def make_world(home: Path, assets: int, days: int) -> None:
    """Land the registry and write the readings, as a build leaves them, of which the queries are asked."""
    pairs = assets // 10
    first = LAST - timedelta(days=days - 1)
    _land(home / "landing", pairs, first)
    root = home / "readings"
    sizes = {}
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("set preserve_insertion_order = false")
        con.execute(f"create table sightings ({sightings.SIGHTING})")
        con.execute(
            f"insert into sightings by name {WORLD.read_text(encoding='utf-8')}",
            {
                "first": first,
                "last": LAST,
                "missed": MISSED,
                "pairs": pairs,
                "posts": assets,
                "accounts": ACCOUNTS,
            },
        )
        for platform in PLATFORMS:
            final = root / f"platform={platform}" / "month=2019-01" / "world.parquet"
            final.parent.mkdir(parents=True)
            con.execute(
                f"copy (from sightings where platform = '{platform}') to {sql.literal(str(final))} "
                "(format parquet, compression zstd)"
            )
            sizes[str(final.relative_to(root))] = final.stat().st_size
    (root / "batches").mkdir()
    (root / "batches" / "world.json").write_text(json.dumps({"landed": [], "sizes": sizes}))
    (root / "fingerprint").write_text(sightings.fingerprint())


def _land(landing: Path, pairs: int, first: date) -> None:
    sides = [
        {"id": "labour", "name": "Labour", "ours": True},
        {"id": "conservatives", "name": "Conservatives", "ours": False},
    ]
    accounts = [
        {
            "side": "labour" if number < ACCOUNTS // 2 else "conservatives",
            "platform": platform,
            "id": str(number),
            "handle": "jeremycorbyn" if number == 0 else f"account{number}",
            "watch": True,
        }
        for platform in PLATFORMS
        for number in range(ACCOUNTS)
    ]
    assets = [
        {
            "id": "our-wonderful-nhs" if number == 0 else f"asset-{number}",
            "title": f"Asset {number}",
            "side": "labour",
            "kind": "video",
            "tags": ["favourite"] if number % 50 == 0 else [],
            "tone": ("positive", "critical", "humorous")[number % 3],
            "posts": [
                {"platform": "x", "alias": str(1_000_000_000_000 + number)},
                {"platform": "facebook", "alias": f"100{number % ACCOUNTS:02d}_{2_000_000 + number}"},
            ],
        }
        for number in range(pairs)
    ]
    assets += [
        {"id": "tag", "title": "The hashtag", "side": "labour", "kind": "hashtag", "hashtag": "VoteLabour"},
        {
            "id": "site",
            "title": "The site",
            "side": "labour",
            "kind": "site",
            "url": "https://marginal.example",
        },
    ]
    campaign = {
        "id": CAMPAIGN,
        "name": "UK general election 2019",
        # The first posts are a day older than the first reading.
        "starts": str(first - timedelta(days=2)),
        "ends": str(LAST - timedelta(days=1)),
        "timezone": "Europe/London",
        "sides": sides,
        "accounts": accounts,
        "assets": assets,
        "audiences": [
            {"id": "uk", "label": "The UK", "platform": "facebook", "ad_account": "act_1", "targeting": "uk"}
        ],
        "read_until": str(LAST),
        "reading": [{"platform": platform, "cadence": "daily", "every_hours": 24} for platform in PLATFORMS],
    }
    moment = datetime(first.year, first.month, first.day, tzinfo=UTC)
    land_registry(landing, [(CAMPAIGN, json.dumps(campaign, sort_keys=True))], moment, moment)


def asked(home: Path) -> list[Asked]:
    """Ask each query of a connection of its own, as `campaign sql` does, and then again and again.

    Raises SystemExit when one is answered without rows.
    """
    found = []
    for name, query in queries().items():
        times = []
        rows = 0
        with open_published(home / "warehouse.duckdb") as con:
            for _ in range(TIMES):
                began = time.perf_counter()
                rows = len(con.execute(query).fetchall())
                times.append(1000 * (time.perf_counter() - began))
        if not rows:
            raise SystemExit(f"{name} has no rows: give the invented campaign what it asks for")
        found.append(Asked(name, times[0], statistics.median(times), rows))
    return found


def measured(home: Path, assets: int, days: int) -> list[Asked]:
    """Make the world in an empty folder, build, and ask; builds and queries run in processes of their own."""
    make_world(home, assets, days)
    for step in ("--build", "--ask"):
        run = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "benchmarks.readme_queries", step, str(home)],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
    return [Asked(**row) for row in json.loads(run.stdout)]


def main() -> None:
    """Run what the command line asks for and print a table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--folder", type=Path, help="where the invented lake goes; default: a temporary one")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.build:
        build(chosen.build / "landing", chosen.build / "readings", chosen.build / "warehouse.duckdb", keep=0)
        return
    if chosen.ask:
        sys.stdout.write(json.dumps([asdict(row) for row in asked(chosen.ask)]))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as home:
        found = measured(Path(home), chosen.assets, chosen.days)
        size = (Path(home) / "warehouse.duckdb").stat().st_size / 2**20
    say(f"{chosen.assets:,} assets, {chosen.days} days, a warehouse of {size:,.0f} MB")
    show(
        "README's queries and the macros",
        ["query", "first ms", "median ms", "rows"],
        [[row.query, f"{row.first_ms:.0f}", f"{row.median_ms:.0f}", f"{row.rows:,}"] for row in found],
        numbers=["first ms", "median ms", "rows"],
    )


if __name__ == "__main__":
    main()
