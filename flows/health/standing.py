"""How everything stands: facts from files alone. Nothing is asked of a platform and nothing is written.

What they mean is judged in `flows.health.problems`, how they are shown is in `flows.health.status`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import duckdb

from connectors import discover
from connectors.spending import LedgerError
from flows.collecting.plan import idle_reason
from flows.collecting.platforms import platforms_of
from flows.health.lake_check import lake_note
from flows.health.last_runs import RUNS, LastRun, build_of, read_run, round_of
from flows.health.spent import Spending, spendings
from flows.health.tokens import Token, tokens_of
from flows.registry import Registry
from warehouse.checking import Warned, published_warnings
from warehouse.known import KnownPost, known_posts
from warehouse.landed_files import REGISTRY
from warehouse.missed import Missed, late_posts, missed_since
from warehouse.opening import connect
from warehouse.publish import NoWarehouse, opened
from warehouse.texts import EXPORT

if TYPE_CHECKING:
    from flows.settings import Settings

# Older gaps are in the tables for whoever asks.
GAPS_OF = timedelta(days=7)


@dataclass(frozen=True)
class Standing:
    """How far one platform has come.

    `refused` counts the answers of the last collect that were no success; `last_round` is how it ended, None
    where that was not written down. `last_success` is when a collect last read everything that was due.
    `newest_reading` is the last answer in the tables that showed a post; `late` counts the posts that had
    missed a poll when the tables were made, None where that is not known. `landed_at` is when the newest
    answers were written. `lacks` is the setting of its credential where that is not set.
    """

    platform: str
    is_active: bool = True
    last_collect: datetime | None = None
    answers: int = 0
    refused: int = 0
    last_round: LastRun | None = None
    newest_reading: datetime | None = None
    posts: int = 0
    gone: int = 0
    late: int | None = None
    landed_at: datetime | None = None
    lacks: str | None = None

    @property
    def last_success(self) -> datetime | None:
        if self.last_round is not None:
            return self.last_round.succeeded_at
        # Before rounds were written down, or where that was lost: answers without a refusal.
        return self.last_collect if self.last_collect and not self.refused else None


@dataclass(frozen=True)
class LastImport:
    """When exports were imported last, and how many responses of each platform; `is_waiting`: the tables do
    not have them yet."""

    at: datetime
    responses: tuple[tuple[str, int], ...]
    is_waiting: bool


@dataclass(frozen=True)
class Facts:
    """Everything that is known at the moment `clock` without asking anybody.

    `built_at` is when the tables were last found to be as the lake is, `published_at` when they last changed.
    `runs` has how the last run of each further flow ended (maintain, report, export), by name. `unreadable`
    says why the tables cannot be read, `notes` what else could not be found out.
    """

    clock: datetime
    platforms: tuple[Standing, ...] = ()
    warehouse: str = ""
    published_at: datetime | None = None
    built_at: datetime | None = None
    last_build: LastRun | None = None
    warned: int = 0
    gaps: tuple[Missed, ...] = ()
    last_import: LastImport | None = None
    spendings: tuple[Spending, ...] = ()
    tokens: tuple[Token, ...] = ()
    runs: tuple[tuple[str, LastRun], ...] = ()
    unreadable: str | None = None
    notes: tuple[str, ...] = ()


def gather(
    settings: Settings,
    registry: Registry,
    clock: datetime,
    connectors: Mapping[str, ModuleType] | None = None,
) -> Facts:
    """The facts of a home."""
    connectors = discover() if connectors is None else connectors
    known: list[KnownPost] = []
    late: dict[str, int | None] = {}
    gaps: list[Missed] = []
    warnings: tuple[Warned, ...] = ()
    unreadable = None
    try:
        with opened(settings.warehouse) as published:
            known = known_posts(published)
            late = late_posts(published)
            gaps = missed_since(published, clock - GAPS_OF)
            warnings = published_warnings(published)
    except NoWarehouse as trouble:
        unreadable = str(trouble)
    notes: list[str] = []
    if (note := lake_note(settings)) is not None:
        notes.append(note)
    spent: list[Spending] = []
    try:
        spent = spendings(settings, registry, connectors, clock)
    except LedgerError as trouble:
        notes.append(str(trouble))
    published_at = _changed_at(settings.warehouse)
    last_build = read_run(build_of(settings.home))
    active = [campaign for campaign in registry.campaigns if idle_reason(campaign, clock) is None]
    asked = set(platforms_of(active, connectors))
    names = {*platforms_of(registry.campaigns, connectors), *_landed_platforms(settings.landing)}
    with connect() as con:
        con.execute("set TimeZone = 'UTC'")
        return Facts(
            clock=clock,
            platforms=tuple(
                _standing_of(
                    settings,
                    con,
                    connectors.get(platform),
                    platform,
                    known,
                    platform in asked,
                    late.get(platform),
                )
                for platform in sorted(names)
            ),
            warehouse=str(settings.warehouse),
            published_at=published_at,
            built_at=_built_at(published_at, last_build),
            last_build=last_build,
            warned=sum(warned.found for warned in warnings if warned.position == 1),
            gaps=tuple(gaps),
            last_import=_last_import(con, settings.landing, _built_at(published_at, last_build)),
            spendings=tuple(spent),
            tokens=tuple(
                token
                for platform in sorted(names & connectors.keys())
                for token in tokens_of(settings, connectors[platform])
            ),
            runs=tuple(
                (path.stem, run)
                for path in sorted((settings.home / RUNS).glob("[!.]*.json"))
                if (run := read_run(path)) is not None
            ),
            unreadable=unreadable,
            notes=tuple(notes),
        )


def _built_at(published_at: datetime | None, last_build: LastRun | None) -> datetime | None:
    """When a build last took in what had landed: one that changes nothing publishes nothing."""
    if published_at is None or last_build is None or not last_build.is_success:
        return published_at
    # What landed while it ran may have come too late for it.
    return max(published_at, last_build.planned_for)


def _standing_of(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    connector: ModuleType | None,
    platform: str,
    known: Iterable[KnownPost],
    is_active: bool,
    late: int | None,
) -> Standing:
    """What landing, the last round and the published tables say of a platform."""
    posts = [post for post in known if post.platform == platform]
    seen = [post.last_seen_at for post in posts if post.last_seen_at is not None]
    files = _newest_run(settings.landing / f"platform={platform}")
    answers = _rows_of(con, files, "observed_at", "status")
    last_round = read_run(round_of(settings.home, platform))
    collected = [observed_at for observed_at, _ in answers]
    if last_round is not None:
        # A round that had nothing to ask lands nothing.
        collected.append(last_round.ended_at)
    has_credential = connector is not None and settings.credential(platform, connector.CREDENTIAL) is not None
    return Standing(
        platform=platform,
        is_active=is_active,
        last_collect=max(collected, default=None),
        answers=len(answers),
        refused=sum(not 200 <= (status or 0) < 300 for _, status in answers),
        last_round=last_round,
        newest_reading=max(seen, default=None),
        posts=len(seen),
        gone=sum(post.is_gone for post in posts),
        late=late,
        landed_at=max((moment for file in files if (moment := _changed_at(file))), default=None),
        lacks=None if connector is None or has_credential else connector.CREDENTIAL,
    )


def _last_import(
    con: duckdb.DuckDBPyConnection, landing: Path, built_at: datetime | None
) -> LastImport | None:
    """What was imported last; None where nothing was."""
    files = list(landing.glob(f"platform=*/endpoint={EXPORT}/date=*/[!.]*.parquet"))
    last = max((_imported_at(file) for file in files), default="")
    counted: dict[str, int] = {}
    moments: list[datetime] = []
    is_waiting = False
    for file in files:
        if _imported_at(file) != last:
            continue
        requested = [moment for (moment,) in _rows_of(con, [file], "requested_at")]
        if not requested:
            continue
        platform = file.relative_to(landing).parts[0].partition("=")[2]
        counted[platform] = counted.get(platform, 0) + len(requested)
        moments += requested
        changed_at = _changed_at(file)
        is_waiting |= changed_at is not None and (built_at is None or built_at < changed_at)
    if not moments:
        return None
    return LastImport(max(moments), tuple(sorted(counted.items())), is_waiting)


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


def _rows_of(con: duckdb.DuckDBPyConnection, files: Sequence[Path], *columns: str) -> list[tuple[Any, ...]]:
    """Columns of landed files; nothing of one that cannot be read, which a build names."""
    if not files:
        return []
    try:
        named = [str(file) for file in files]
        return con.execute(f"select {', '.join(columns)} from read_parquet(?)", [named]).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        halves = (files[: len(files) // 2], files[len(files) // 2 :]) if len(files) > 1 else ()
        return [row for half in halves for row in _rows_of(con, half, *columns)]


def _changed_at(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
