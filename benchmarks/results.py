"""What a whole run found, as tables and as targets that are met or not. Everything is taken from the JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DLT_PLAIN = "dlt as documented"
DLT_TUNED = ("dlt, Parquet", "dlt, Arrow")
SHAPES = {"x": "X", "graph": "Graph"}
# The backfill whose memory is bounded.
MOST_ITEMS = 1_000_000
_KINDS = {"polls": "polls", "walk": "one walk"}

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table as it is shown: all cells are text, those of `numbers` flush right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """What is wanted, at most or at least, and what was measured; None where it was not, and then why."""

    name: str
    measured: float | None
    wanted: float
    is_at_most: bool
    unit: str
    why_not: str = ""

    @property
    def is_met(self) -> bool | None:
        if self.measured is None:
            return None
        return self.measured <= self.wanted if self.is_at_most else self.measured >= self.wanted


def targets(results: Results) -> list[Target]:
    """Every target of what was run; those that could not be measured too."""
    return list(_targets(results))


def _targets(results: Results) -> Iterator[Target]:
    for shape, label in SHAPES.items():
        compared = _largest(results, shape, "polls", "ours")
        if compared is None:
            continue
        at = f"{label}, {compared['items']:,} items"
        ours = compared["sides"]["ours"]
        for name, sides_of, wanted in (
            ("times dlt as documented", (DLT_PLAIN,), 10),
            ("times the fastest tuned dlt", DLT_TUNED, 4),
        ):
            rate, behind = _fastest(results, shape, sides_of, compared)
            yield Target(
                f"{name} ({at}{behind})",
                _ratio(ours["items_per_s"], rate),
                wanted,
                False,
                "×",
                "" if rate else _why_not(results, compared, sides_of),
            )
        # What was stopped had not come to its peak.
        peers = [
            side["peak_mb"]
            for name, side in compared["sides"].items()
            if name in (DLT_PLAIN, *DLT_TUNED) and "stopped_after_s" not in side
        ]
        yield Target(
            f"peak memory, of the least of dlt's ({at})",
            _ratio(ours["peak_mb"], min(peers, default=None)),
            1,
            True,
            "×",
            "" if peers else _why_not(results, compared, (DLT_PLAIN, *DLT_TUNED)),
        )
        sides = compared["sides"]
        if "land" in sides and "requests" in sides:
            ratio = sides["land"]["seconds"] / sides["requests"]["seconds"]
            yield Target(f"fetch and land, of a requests loop ({at})", ratio, 1.3, True, "×")
        if "rebuild" in sides:
            yield Target(f"full rebuild ({at})", sides["rebuild"]["items_per_s"], 150_000, False, "items/s")
        yield from _memory(results, shape, label)
    growth = {row["days"]: row for row in results.get("growth", ())}
    if len(growth) > 1:
        first, last = min(growth), max(growth)
        yield Target(
            f"one more poll at {last} days, of that at {first}",
            growth[last]["poll_s"] / growth[first]["poll_s"],
            1.2,
            True,
            "×",
        )
    queries = results.get("queries", ())
    if queries:
        slowest = max(queries, key=lambda query: float(query["median_ms"]))
        at = "{assets:,} assets, {days} days".format(**results["queried"])
        name = f"the slowest query of the README, {slowest['query']} ({at})"
        yield Target(name, slowest["median_ms"], 50, True, "ms")


def _memory(results: Results, shape: str, label: str) -> Iterator[Target]:
    """The largest backfill's peak, and how it stands to that of the next smaller one."""
    sizes = sorted(
        (one for one in results.get("compared", ()) if one["shape"] == shape and one["kind"] == "polls"),
        key=lambda one: int(one["items"]),
    )
    sizes = [one for one in sizes if "ours" in one["sides"]]
    if sizes and sizes[-1]["items"] < MOST_ITEMS:
        why_not = "only --all collects so many"
        yield Target(f"peak memory ({label}, {MOST_ITEMS:,} items)", None, 500, True, "MB", why_not)
    elif sizes:
        largest = sizes[-1]
        peak = largest["sides"]["ours"]["peak_mb"]
        yield Target(f"peak memory ({label}, {largest['items']:,} items)", peak, 500, True, "MB")
        for before in sizes[-2:-1]:
            name = f"peak memory at {largest['items']:,} items, of that at {before['items']:,} ({label})"
            yield Target(name, peak / before["sides"]["ours"]["peak_mb"], 1.2, True, "×")


def _largest(results: Results, shape: str, kind: str, side: str) -> dict[str, Any] | None:
    """The comparison of the most items, up to 100,000 where there is one, that a side came to the end of."""
    ended = [
        one
        for one in results.get("compared", ())
        if one["shape"] == shape and one["kind"] == kind and "items_per_s" in one["sides"].get(side, {})
    ]
    usual = [one for one in ended if one["items"] <= 100_000] or ended
    return max(usual, key=lambda one: int(one["items"]), default=None)


def _fastest(
    results: Results, shape: str, sides: Sequence[str], compared: Mapping[str, Any]
) -> tuple[float | None, str]:
    """Items per second of the fastest of some sides, and in words the size at which that was, where it is not
    the size of ours: it may not have come to the end of what we did."""
    found = [
        (float(at["sides"][side]["items_per_s"]), int(at["items"]))
        for side in sides
        if (at := _largest(results, shape, "polls", side)) is not None
    ]
    if not found:
        return None, ""
    rate, items = max(found)
    return rate, "" if items == compared["items"] else f", dlt's rate at {items:,}"


def _why_not(results: Results, compared: Mapping[str, Any], sides: Sequence[str]) -> str:
    """Why nothing was measured of any of some peers."""
    stopped = [
        one["stopped_after_s"]
        for side in sides
        if "stopped_after_s" in (one := compared["sides"].get(side, {}))
    ]
    if stopped:
        return f"dlt was stopped after {max(stopped):.0f} s, or not begun"
    begun = (side in one["sides"] for one in results.get("compared", ()) for side in sides)
    return "dlt was not begun at this size, it would be stopped" if any(begun) else "dlt was not run"


def _ratio(one: float, other: float | None) -> float | None:
    return one / other if other else None


def tables(results: Results) -> list[Table]:
    """Every table of the results, the targets last."""
    found = [_machine(results)]
    for kind in _KINDS:
        found += [_compared(one) for one in results.get("compared", ()) if one["kind"] == kind]
    found.append(_by_size(results.get("compared", ())))
    if results.get("stages"):
        found.append(_stages(results["stages"]))
    if results.get("growth"):
        found.append(_growth(results["growth"]))
    if results.get("queries"):
        found.append(_queries(results["queries"], results["queried"]))
    if results.get("start_up"):
        found.append(_start_up(results["start_up"]))
    if results.get("workers"):
        found.append(_workers(results["workers"]))
    found.append(_of_targets(targets(results)))
    return [table for table in found if table.rows]


def _machine(results: Results) -> Table:
    machine = results.get("machine", {})
    return Table(
        "The machine",
        ("what", "is"),
        tuple((name.replace("_", " "), str(value)) for name, value in machine.items()),
    )


def _compared(compared: Mapping[str, Any]) -> Table:
    shape, kind = SHAPES[compared["shape"]], _KINDS[compared["kind"]]
    title = f"{shape}, {kind}, {compared['items']:,} items ({compared['posts']:,} posts)"
    ours = compared["sides"].get("ours", {}).get("items_per_s")
    rows = []
    sides = compared["sides"]
    for side, found in ((side, sides[side]) for side in _NAMES if side in sides):
        rate = found.get("items_per_s")
        if rate is None:
            stopped = f"stopped after {found['stopped_after_s']:.0f} s"
            rows.append((_NAMES[side], stopped, "", "", "", f"{found['peak_mb']:,.0f}"))
            continue
        rows.append(
            (
                _NAMES[side],
                f"{found['seconds']:.2f}",
                f"{rate:,.0f}",
                f"{ours / rate:.2f}" if ours else "",
                f"{found['cpu_s']:.1f}",
                f"{found['peak_mb']:,.0f}",
            )
        )
    columns = ("side", "seconds", "items/s", "ours is × this", "CPU s", "peak MB")
    return Table(title, columns, tuple(rows), columns[1:])


_NAMES = {
    "socket": "pages by raw socket, unpacked by nobody",
    "requests": "pages by a requests loop, thrown away",
    "land": "ours, fetch and land",
    "ours": "ours, to published daily tables",
    "rebuild": "ours, full rebuild from landing",
    "dlt as documented": "dlt as documented, to loaded tables",
    "dlt, Parquet": "dlt tuned, Parquet, to loaded tables",
    "dlt, Arrow": "dlt tuned, Arrow, to loaded tables",
}


def _by_size(compared: Sequence[Mapping[str, Any]]) -> Table:
    """How ours and its full rebuild grow with what is collected."""
    rows = []
    for one in sorted(compared, key=lambda one: (one["shape"], one["kind"], int(one["items"]))):
        ours, again = (one["sides"].get(side) for side in ("ours", "rebuild"))
        if ours and again:
            rows.append(
                (
                    f"{SHAPES[one['shape']]}, {_KINDS[one['kind']]}",
                    f"{one['items']:,}",
                    f"{ours['items_per_s']:,.0f}",
                    f"{ours['peak_mb']:,.0f}",
                    f"{again['seconds']:.2f}",
                    f"{again['items_per_s']:,.0f}",
                    f"{again['peak_mb']:,.0f}",
                    f"{ours['runs'][-1]['landed_bytes'] / one['items']:,.0f}",
                    f"{ours['runs'][-1]['warehouse_bytes'] / 2**20:,.0f}",
                )
            )
    columns = (
        "pages",
        "items",
        "ours, items/s",
        "its MB",
        "rebuild s",
        "rebuild items/s",
        "rebuild MB",
        "landed bytes an item",
        "warehouse MB",
    )
    return Table("Growth with size", columns, tuple(rows), columns[1:])


def _stages(stages: Sequence[Mapping[str, Any]]) -> Table:
    rows = tuple(
        (
            SHAPES[row["shape"]],
            row["stage"],
            f"{row['seconds']:.2f}",
            f"{row['items_per_s']:,.0f}" if row["items_per_s"] else "",
            row["limit"],
            f"{row['limit_s']:.3f}" if row["limit_s"] is not None else "",
            f"{row['seconds'] / row['limit_s']:.1f}" if row["limit_s"] else "",
        )
        for row in stages
    )
    columns = ("shape", "stage", "seconds", "items/s", "limit", "its seconds", "× limit")
    items = max(int(row["items"]) for row in stages)
    return Table(
        f"Stages alone, {items:,} items", columns, rows, ("seconds", "items/s", "its seconds", "× limit")
    )


def _growth(growth: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        "days",
        "readings",
        "full s",
        "readings/s",
        "full MB",
        "one more poll s",
        "its CPU s",
        "its MB",
        "file MB",
    )
    rows = tuple(
        (
            f"{row['days']}",
            f"{row['readings']:,}",
            f"{row['full_s']:.1f}",
            f"{row['readings'] / row['full_s']:,.0f}",
            f"{row['full_mb']:,.0f}",
            f"{row['poll_s']:.2f}",
            f"{row['poll_cpu_s']:.2f}",
            f"{row['poll_mb']:,.0f}",
            f"{row['warehouse_bytes'] / 2**20:,.0f}",
        )
        for row in growth
    )
    posts = growth[0]["posts"]
    return Table(f"Growth with history, {posts:,} posts, 6 counters, 4 polls a day", columns, rows, columns)


def _queries(queries: Sequence[Mapping[str, Any]], queried: Mapping[str, int]) -> Table:
    rows = tuple(
        (row["query"], f"{row['first_ms']:.1f}", f"{row['median_ms']:.1f}", f"{row['rows']:,}")
        for row in queries
    )
    columns = ("query", "first ms", "median ms", "rows")
    title = "Queries of the README and macros, {assets:,} assets, {days} days".format(**queried)
    return Table(title, columns, rows, columns[1:])


def _start_up(started: Sequence[Mapping[str, Any]]) -> Table:
    rows = tuple(
        (
            row["command"],
            row["home"],
            f"{row['seconds']:.2f}",
            f"{row['cpu_s']:.2f}",
            f"{row['times_python']:.1f}",
        )
        for row in started
    )
    columns = ("command", "home", "seconds", "CPU s", "× a bare python")
    return Table("Start of commands", columns, rows, columns[2:])


def _workers(workers: Sequence[Mapping[str, Any]]) -> Table:
    columns = tuple(str(name) for name in workers[0])
    rows = tuple(
        tuple(f"{value:,.2f}" if isinstance(value, float) else f"{value}" for value in row.values())
        for row in workers
    )
    return Table("Dask workers", columns, rows, columns[1:])


def _judged(target: Target) -> str:
    if target.measured is None:
        return f"not measured: {target.why_not}"
    return "met" if target.is_met else "not met"


def _of_targets(found: Sequence[Target]) -> Table:
    rows = tuple(
        (
            target.name,
            f"{'at most' if target.is_at_most else 'at least'} {target.wanted:,g} {target.unit}",
            "" if target.measured is None else f"{target.measured:,.2f} {target.unit}",
            _judged(target),
        )
        for target in found
    )
    return Table("Targets", ("target", "wanted", "measured", ""), rows, ("wanted", "measured"))


def markdown(results: Results) -> str:
    """The tables as Markdown."""
    parts = []
    for table in tables(results):
        rule = ["---:" if column in table.numbers else "---" for column in table.columns]
        lines = [table.columns, rule, *table.rows]
        text = "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
        )
        parts.append(f"**{table.title}**\n\n{text}")
    return "\n\n".join(parts) + "\n"
