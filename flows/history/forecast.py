"""What a backfill will take and what it cannot bring back, told before anything is asked.

Calls and dollars follow from the windows and from what connectors declare of them (`HISTORY`, `PRICES`,
`CALLS`); what cannot come from the dictionary of metrics and from how far back each platform answers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from pathlib import Path
from types import ModuleType

from connectors.exports.headers import metrics_of
from connectors.history import CallsFor, History, Part
from flows.history.holes import Window

DICTIONARY = Path(__file__).parents[2] / "warehouse" / "dictionary"

# What one call takes beside the limits: half a second to answer is usual.
SECONDS_PER_CALL = 0.5

COUNTER = "a lifetime counter: nobody tells what it was then; days between two readings stay estimated"
BY_EXPORT = "only an export has it: campaign import"


@dataclass(frozen=True)
class Forecast:
    """What the windows of one platform take. `calls` by kind of question; `usd` is None where asking costs
    nothing; `rooms` what each campaign that pays may still spend today, None without a budget.
    """

    platform: str
    windows: int = 0
    calls: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    usd: Decimal | None = None
    rooms: Mapping[str, Decimal | None] = field(default_factory=dict)
    # One plain line: why nothing is asked, or what will stop it half-way; empty when there is nothing to say.
    message: str = ""


@dataclass(frozen=True)
class Lost:
    """Metrics (canonical names) of a platform's objects that no backfill brings back, and why."""

    platform: str
    object_type: str
    metrics: tuple[str, ...]
    why: str


def forecast(
    windows: Sequence[Window],
    connector: ModuleType,
    history: Mapping[Part, History],
    today: date,
    rooms: Mapping[str, Decimal | None],
    message: str = "",
) -> Forecast:
    """What the windows take, at most; a listing as many posts as its account usually makes, or as
    `flows.history.holes.POSTS_A_DAY` says of one of which nothing is known."""
    prices: Mapping[str, Decimal] = getattr(connector, "PRICES", {})
    calls: dict[str, int] = {}
    rates: dict[str, tuple[int, float]] = {}
    usd = Decimal(0)
    for window in windows:
        for one in history[window.part].calls:
            days_back = (today - window.first_day).days
            if days_back < one.from_days_back or (
                one.to_days_back is not None and days_back >= one.to_days_back
            ):
                continue
            units = _units(one, window)
            made = ceil(units / one.size)
            calls[one.endpoint] = calls.get(one.endpoint, 0) + made
            if one.rate is not None:
                rates[one.endpoint] = one.rate
            if one.price:
                usd += prices[one.price] * (units if one.is_charged_each else made)
    total = sum(calls.values())
    seconds = total * SECONDS_PER_CALL
    waits = [waited(calls[endpoint], rate) for endpoint, rate in rates.items()]
    if hasattr(connector, "CALLS"):
        waits.append(waited(total, connector.CALLS))
    return Forecast(
        platform=connector.PLATFORM,
        windows=len(windows),
        calls={endpoint: count for endpoint, count in calls.items() if count},
        seconds=max([seconds, *waits]),
        usd=usd if prices else None,
        rooms=dict(rooms),
        message=message,
    )


def waited(calls: int, rate: tuple[int, float]) -> float:
    """Seconds that a platform's limit spreads so many calls over."""
    most, per_s = rate
    return max(0, ceil(calls / most) - 1) * per_s


def _units(one: CallsFor, window: Window) -> int:
    match one.each:
        case "window":
            return 1 if window.expected else 0
        case "subject":
            return len(window.expected)
        case "day":
            return sum((piece.last_day - piece.first_day).days + 1 for piece in window.expected)
        case "post":
            return sum(piece.posts for piece in window.expected)


# -- what cannot come


@dataclass(frozen=True)
class Reach:
    """How far one platform is asked: `first_day` and `last_day` of the backfill, `today` by the run's clock,
    which parts are `offered`, and in `missing` the credentials that are not set, by part; the platform's own
    under None. `has_others`: accounts of other sides are watched.
    """

    first_day: date
    last_day: date
    today: date
    offered: Mapping[Part, History]
    missing: Mapping[Part | None, Sequence[str]] = field(default_factory=dict)
    has_others: bool = False


def lost(platform: str, reach: Reach, rows: Iterable[Mapping[str, str]] | None = None) -> list[Lost]:
    """What of a platform's metrics no backfill brings back; `rows` are those of its dictionary.

    What the platform itself gives by day of an object makes up for its counter of the same name.
    """
    whys: dict[tuple[str, str], list[str]] = {}
    for row in _dictionary(platform) if rows is None else rows:
        key = _day_of(row["object_type"]), row["canonical_name"]
        whys.setdefault(key, []).append(_why(row, _part_of(row), reach))
    grouped: dict[tuple[str, str], list[str]] = {}
    for (object_type, metric), found in whys.items():
        # Of several native names of one metric, one that comes is enough; an export says least.
        if all(found):
            why = next((why for why in found if why not in (BY_EXPORT, COUNTER)), min(found, key=len))
            why = COUNTER if COUNTER in found and why == BY_EXPORT else why
            grouped.setdefault((object_type, why), []).append(metric)
    return [
        *(Lost(platform, kind, tuple(metrics), why) for (kind, why), metrics in grouped.items()),
        *_of_others(platform, reach, [metric for metric, found in whys.items() if not all(found)]),
    ]


def _of_others(platform: str, reach: Reach, given: Iterable[tuple[str, str]]) -> Iterable[Lost]:
    """What comes of own accounts alone, where the registry names others."""
    owned = {
        kind: part
        for kind, part in (("account", "days"), ("post", "post_days"))
        if any(reach.offered[one].is_of_owners for one in reach.offered if one in ("days", part))
    }
    for kind in owned if reach.has_others else ():
        metrics = tuple(metric for object_type, metric in given if object_type == kind)
        if metrics:
            yield Lost(platform, f"{kind} of others", metrics, "told to an account's owners alone")


def _day_of(object_type: str) -> str:
    """A video's counter is its post's to whoever looks at days."""
    return "post" if object_type == "media" else object_type


def _dictionary(platform: str) -> list[dict[str, str]]:
    path = DICTIONARY / f"{platform}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _part_of(row: Mapping[str, str]) -> Part | None:
    """The part of an ask that brings a metric's days; None for what has no days."""
    if row["kind"] != "daily":
        return None
    parts: dict[str, Part] = {
        "account": "days",
        "post": "post_days",
        "hashtag": "mentions",
        "site": "mentions",
    }
    return parts.get(row["object_type"])


def _why_never(row: Mapping[str, str]) -> str:
    """Why a metric has no past in the API, whatever is set; empty when it has one."""
    is_of_export = row["native_name"] in metrics_of(row["platform"]) and "API" not in row["source"]
    if is_of_export or "export" in row["source"].lower():
        return BY_EXPORT
    if row["kind"] == "counter":
        return COUNTER
    if row["kind"] in ("window", "estimate"):
        return "one figure for the whole campaign, which collect asks"
    return ""


def _why(row: Mapping[str, str], part: Part | None, reach: Reach) -> str:
    """Why a metric does not come for the days asked; empty when it does."""
    never = _why_never(row)
    if never:
        return never
    if None in reach.missing:
        return f"no credential: set {_named(reach.missing[None])}"
    if part == "post_days" and part not in reach.offered:
        # It comes with its account's days.
        part = "days" if "days" in reach.offered and reach.offered["days"].with_posts else part
    if part is None or part not in reach.offered:
        return "the platform tells no days of it"
    if reach.missing.get(part):
        return f"no credential: set {_named(reach.missing[part])}"
    if row["until"] and date.fromisoformat(row["until"]) < reach.first_day:
        return f"withdrawn: the platform told it until {row['until']}"
    if row["since"] and date.fromisoformat(row["since"]) > reach.first_day:
        return f"not told of days before {row['since']}"
    back = reach.offered[part].reaches_back
    if back is not None:
        earliest = reach.today - timedelta(days=back)
        if earliest > reach.last_day:
            return f"the platform answers for the last {back} days, from {earliest} on"
        if earliest > reach.first_day:
            return f"days before {earliest}: the platform answers for the last {back} days"
    return ""


def _named(settings: Sequence[str]) -> str:
    return ", ".join(settings)


# -- how it is told

COLUMNS = ["platform", "windows", "calls", "time", "USD", "budget left today"]


def cells_of(one: Forecast) -> list[str]:
    """A platform's forecast as cells of a table with those `COLUMNS`."""
    calls = ", ".join(f"{endpoint} {count:,}" for endpoint, count in sorted(one.calls.items()))
    left = "; ".join(
        f"{campaign}: {'no limit' if room is None else f'{room:.3f}'}"
        for campaign, room in sorted(one.rooms.items())
    )
    return [
        one.platform,
        f"{one.windows:,}",
        calls or "none",
        _duration(one.seconds),
        "" if one.usd is None else f"{one.usd:.3f}",
        left,
    ]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
