"""Status: how fresh each platform is and what reading has cost, read from files alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from connectors import discover
from connectors.spending import Ledger, LedgerError, Spent
from flows.console import complain, say, show
from flows.plan import idle_reason
from flows.registry import Budget, Campaign, Registry
from flows.round import LEDGER, platforms_of
from warehouse.checking import Warned, published_warnings
from warehouse.known import KnownPost, known_posts
from warehouse.missed import Missed, late_posts, missed_since
from warehouse.publish import NoWarehouse
from warehouse.readings import EXPORT

if TYPE_CHECKING:
    from flows.settings import Settings

# The schedules ask hourly. A platform that missed one run may have waited for a limit; two are a fault.
LATE_AFTER = timedelta(hours=2, minutes=30)

# Older gaps are in the tables for whoever asks.
GAPS_OF = timedelta(days=7)
GAPS_SHOWN = 10

# What the registry in force is landed under; it is no platform.
REGISTRY = "registry"


@dataclass(frozen=True)
class Standing:
    """How far one platform has come. `refused` counts the answers of the last collect that were no success;
    `newest_reading` is the last answer in the tables that showed a post; `late` counts the posts that had
    missed a poll when the tables were made, None where that is not known."""

    platform: str
    last_collect: datetime | None = None
    answers: int = 0
    refused: int = 0
    newest_reading: datetime | None = None
    posts: int = 0
    gone: int = 0
    late: int | None = None
    state: str = ""


def tell_standing(settings: Settings, registry: Registry, clock: datetime) -> bool:
    """Write it to standard output; whether everything could be read."""
    connectors = discover()
    is_readable = True
    known: list[KnownPost] = []
    warnings: tuple[Warned, ...] = ()
    late: dict[str, int | None] = {}
    gaps: list[Missed] = []
    published_at = _changed_at(settings.warehouse)
    try:
        known = known_posts(settings.warehouse)
        late = late_posts(settings.warehouse)
        gaps = missed_since(settings.warehouse, clock - GAPS_OF)
        warnings = published_warnings(settings.warehouse)
    except NoWarehouse as trouble:
        complain(str(trouble))
        is_readable = False
    active = [campaign for campaign in registry.campaigns if idle_reason(campaign, clock) is None]
    asked = set(platforms_of(active, connectors))
    platforms = sorted({*platforms_of(registry.campaigns, connectors), *_landed_platforms(settings.landing)})
    show(
        None,
        [
            "platform",
            "last collect",
            "answers",
            "refused",
            "newest reading",
            "posts",
            "gone",
            "late",
            "state",
        ],
        [
            _row(
                standing_of(
                    platform,
                    settings.landing,
                    known,
                    published_at,
                    clock,
                    platform in asked,
                    late.get(platform),
                ),
                clock,
            )
            for platform in platforms
        ],
        numbers=["answers", "refused", "posts", "gone", "late"],
    )
    if published_at is None:
        say(f"Tables {settings.warehouse}: nothing yet; run campaign build")
    else:
        say(f"Tables {settings.warehouse}: published {_moment(published_at, clock)}")
    _tell_last_import(settings.landing, published_at, clock)
    _tell_gaps(gaps)
    found = sum(warned.found for warned in warnings if warned.position == 1)
    if found:
        say(f'Warnings of the last build: {found:,}; read them with campaign sql "FROM marts.warnings"')
    tell_spending(settings, registry, connectors, clock)
    return is_readable


def standing_of(
    platform: str,
    landing: Path,
    known: Iterable[KnownPost],
    published_at: datetime | None,
    clock: datetime,
    is_active: bool,
    late: int | None = None,
) -> Standing:
    """What landing and the published tables say of a platform."""
    posts = [post for post in known if post.platform == platform]
    seen = [post.last_seen_at for post in posts if post.last_seen_at is not None]
    files = _newest_run(landing / f"platform={platform}")
    answers = [row for file in files for row in _answers(file)]
    last = max((observed_at for observed_at, _ in answers), default=None)
    landed_at = max((moment for file in files if (moment := _changed_at(file))), default=None)
    if not is_active:
        state = "idle: no campaign asks now"
    elif last is None:
        state = "never collected; run campaign collect"
    elif clock - last > LATE_AFTER:
        state = "late; is campaign collect still running?"
    elif landed_at and (published_at is None or published_at < landed_at):
        state = "answers wait for campaign build"
    else:
        state = "fresh"
    return Standing(
        platform=platform,
        last_collect=last,
        answers=len(answers),
        refused=sum(not 200 <= status < 300 for _, status in answers),
        newest_reading=max(seen, default=None),
        posts=len(seen),
        gone=sum(post.is_gone for post in posts),
        late=late,
        state=state,
    )


def _tell_gaps(gaps: list[Missed]) -> None:
    if not gaps:
        return
    show(
        f"Gaps of the last {GAPS_OF.days} days, latest first",
        ["campaign", "platform", "from", "to", "hours", "polls missed", "posts"],
        [
            [
                gap.campaign_id,
                gap.platform,
                f"{gap.starts_at:%Y-%m-%d %H:%M} UTC",
                f"{gap.ends_at:%Y-%m-%d %H:%M} UTC" if gap.is_over else "not over",
                f"{gap.hours:,.1f}",
                f"{gap.polls:,}",
                f"{gap.posts:,}",
            ]
            for gap in gaps[:GAPS_SHOWN]
        ],
        numbers=["hours", "polls missed", "posts"],
    )
    if len(gaps) > GAPS_SHOWN:
        say(f"and {len(gaps) - GAPS_SHOWN:,} more; ask campaign sql for marts.gaps")


def _tell_last_import(landing: Path, published_at: datetime | None, clock: datetime) -> None:
    """When exports were imported last, and what; nothing where none were."""
    files = list(landing.glob(f"platform=*/endpoint={EXPORT}/date=*/[!.]*.parquet"))
    last = max((_imported_at(file) for file in files), default="")
    counted: dict[str, int] = {}
    moments: list[datetime] = []
    is_waiting = False
    for file in files:
        if _imported_at(file) != last:
            continue
        try:
            requested = pq.ParquetFile(file).read(columns=["requested_at"])["requested_at"].to_pylist()
        except (OSError, ValueError):
            continue
        platform = file.relative_to(landing).parts[0].partition("=")[2]
        counted[platform] = counted.get(platform, 0) + len(requested)
        moments += requested
        changed_at = _changed_at(file)
        is_waiting |= changed_at is not None and (published_at is None or published_at < changed_at)
    if moments:
        told = ", ".join(f"{platform} {count:,}" for platform, count in sorted(counted.items()))
        say(
            f"Last import: {_moment(max(moments), clock)}, {told} (responses)"
            + ("; campaign build takes them in" if is_waiting else "")
        )


def _imported_at(file: Path) -> str:
    """The moment with which the names of an import's files begin."""
    return file.name.partition("-")[0]


def _landed_platforms(landing: Path) -> Iterator[str]:
    for folder in landing.glob("platform=*"):
        platform = folder.name.partition("=")[2]
        if platform != REGISTRY:
            yield platform


def _newest_run(landed: Path) -> list[Path]:
    """The files of a platform's last run: of those of the newest day, the ones whose names begin with the
    newest run's moment."""
    days: dict[str, list[Path]] = {}
    for endpoint in landed.glob("endpoint=*"):
        # Exports are handed in by people and count for moments long past.
        if endpoint.name == f"endpoint={EXPORT}":
            continue
        newest = max((day.name for day in endpoint.glob("date=*")), default=None)
        if newest is not None:
            days.setdefault(newest, []).append(endpoint / newest)
    if not days:
        return []
    files = [file for folder in days[max(days)] for file in folder.glob("*.parquet") if file.name[0] != "."]
    last = max((_run(file) for file in files), default="")
    return [file for file in files if _run(file) == last]


def _run(file: Path) -> str:
    return file.stem.rpartition("-")[0]


def _answers(file: Path) -> Iterator[tuple[datetime, int]]:
    """When each answer counts, and its HTTP status; none when the file cannot be read, which a build
    names."""
    try:
        table = pq.ParquetFile(file).read(columns=["observed_at", "status"])
    except (OSError, ValueError):
        return
    for row in table.to_pylist():
        yield row["observed_at"], row["status"] or 0


def _changed_at(file: Path) -> datetime | None:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None


def _row(standing: Standing, clock: datetime) -> list[str]:
    return [
        standing.platform,
        _moment(standing.last_collect, clock),
        f"{standing.answers:,}",
        f"{standing.refused:,}",
        _moment(standing.newest_reading, clock),
        f"{standing.posts:,}",
        f"{standing.gone:,}",
        "·" if standing.late is None else f"{standing.late:,}",
        standing.state,
    ]


def _moment(moment: datetime | None, clock: datetime) -> str:
    if moment is None:
        return "never"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({_ago(clock - moment)})"


def _ago(span: timedelta) -> str:
    if span < timedelta(0):
        return "ahead of the clock"
    if span < timedelta(hours=1):
        return f"{span // timedelta(minutes=1)} min ago"
    if span < timedelta(days=2):
        return f"{span // timedelta(hours=1)} h ago"
    return f"{span.days:,} days ago"


def tell_spending(
    settings: Settings, registry: Registry, connectors: Mapping[str, ModuleType], clock: datetime
) -> None:
    """Write what reading has cost to standard output; nothing where nothing costs, one note where that cannot
    be read."""
    try:
        rows = spending_rows(settings, registry, connectors, clock)
    except LedgerError as trouble:
        say(f"note: {trouble}")
        return
    if rows:
        show(
            f"Spending by {clock.astimezone(UTC):%Y-%m-%d} (UTC days)",
            [
                "campaign",
                "platform",
                "today",
                "day's budget",
                "this month",
                "month's budget",
                "charged today",
            ],
            rows,
            numbers=["today", "day's budget", "this month", "month's budget"],
        )


def spending_rows(
    settings: Settings, registry: Registry, connectors: Mapping[str, ModuleType], clock: datetime
) -> list[list[str]]:
    """What reading has cost in US dollars, by campaign and platform that charges, against the budgets.

    Raises LedgerError.
    """
    charging = [name for name, connector in connectors.items() if hasattr(connector, "PRICES")]
    path = settings.home / LEDGER
    if not charging or not path.exists():
        return [
            _spending_row(campaign, platform, Spent(Decimal(0)), Spent(Decimal(0)))
            for platform in charging
            for campaign in registry.campaigns
            if any(budget.platform == platform for budget in campaign.budgets)
        ]
    today = clock.astimezone(UTC).date()
    rows = []
    with Ledger(path, only_to_read=True) as ledger:
        for platform in charging:
            for campaign in registry.campaigns:
                day, month = _spent(ledger, platform, campaign.id, today)
                if month.usd or any(budget.platform == platform for budget in campaign.budgets):
                    rows.append(_spending_row(campaign, platform, day, month))
    return rows


def _spent(ledger: Ledger, platform: str, campaign_id: str, today: date) -> tuple[Spent, Spent]:
    return (
        ledger.spent(platform, campaign_id, today, today),
        ledger.spent(platform, campaign_id, today.replace(day=1), today),
    )


def _spending_row(campaign: Campaign, platform: str, day: Spent, month: Spent) -> list[str]:
    budget = next(
        (budget for budget in campaign.budgets if budget.platform == platform), Budget(platform, None, None)
    )
    return [
        campaign.id,
        platform,
        _usd(day.usd),
        _bound(budget.usd_per_day),
        _usd(month.usd),
        _bound(budget.usd_per_month),
        ", ".join(f"{kind} {count:,}" for kind, count in day.resources.items()) or "nothing",
    ]


def _usd(usd: Decimal) -> str:
    # A post costs half a cent.
    return f"${usd:,.3f}"


def _bound(usd: Decimal | None) -> str:
    return "no budget" if usd is None else _usd(usd)
