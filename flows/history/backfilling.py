"""Backfill: fill what history the platforms still give, window by window. Plain functions; no scheduler is
needed.

What is asked follows from what has landed (`flows.history.holes`), so a run that is broken off, or killed,
goes on where it was: a window that came to its end is not asked again. Between windows a scheduled collect
of the platform gets its turn (`flows.collecting.turns`); budgets and the pace are those of a collect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Literal, Protocol
from zoneinfo import ZoneInfo

from connectors import discover
from connectors.clock import utc_now
from connectors.history import History, Part, history_of
from connectors.spending import Ledger, LedgerError, Limit
from flows.collecting.plan import AFTERMATH, Offer
from flows.collecting.platforms import campaigns_of, no_credential
from flows.collecting.round import (
    Collection,
    PlatformReport,
    Stopping,
    prepare,
)
from flows.collecting.turns import backfills_turn
from flows.collecting.walked import read_walked
from flows.history.forecast import Forecast, Lost, Reach, forecast, lost
from flows.history.holes import Findings, Span, Window, holes
from flows.history.windows_asked import FOLDER, days_between, read_asked, write_asked
from flows.home import LEDGER
from flows.refused import CalledWrongly, Refused
from warehouse.mirrored import bring_up_to_date
from warehouse.one_at_a_time import Busy, one_at_a_time
from warehouse.progress import Progress, nobody_watches
from warehouse.told import told, with_found

if TYPE_CHECKING:
    from flows.registry import Campaign, Registry
    from flows.settings import Settings

Outcome = Literal["ok", "nothing to ask", "skipped", "partial", "failed"]

LOCK = ".backfill.lock"

# Listings come first: posts that they find have days of their own to ask for.
_PHASES: tuple[tuple[Part, ...], ...] = (("walks",), ("days", "post_days", "mentions"))


class Follower(Protocol):
    """Is told how far a backfill is. Called from the threads of several platforms."""

    def planned(self, platform: str, windows: int) -> None:
        """So many windows more are to be asked of the platform."""

    def began(self, platform: str, window: Window) -> None:
        """The window has its turn."""

    def ended(self, platform: str, window: Window, report: PlatformReport) -> None:
        """What became of the window is known."""

    def waiting(self, platform: str) -> None:
        """A collect of the platform is running or waits; the backfill goes on after it."""


class Silent:
    """Nobody follows."""

    def planned(self, platform: str, windows: int) -> None: ...

    def began(self, platform: str, window: Window) -> None: ...

    def ended(self, platform: str, window: Window, report: PlatformReport) -> None: ...

    def waiting(self, platform: str) -> None: ...


@dataclass(frozen=True)
class PlatformFill:
    """What became of one platform's backfill. `windows` were asked to their ends, of `planned`; `message` is
    one plain line, empty when there is nothing to say; `troubles` are (kind, message, how often).
    """

    platform: str
    outcome: Outcome
    message: str = ""
    windows: int = 0
    planned: int = 0
    responses: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    waits_s: float = 0.0
    troubles: tuple[tuple[str, str, int], ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class BackfillReport:
    """What became of a backfill of the local days from `start` to `end`, inclusive. `lost` is what no
    backfill brings back; `notes` what else should be known, one plain line each.
    """

    start: date
    end: date
    platforms: tuple[PlatformFill, ...]
    lost: tuple[Lost, ...]
    notes: tuple[str, ...] = ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """One plain line for each thing that somebody must see to; none when all was fetched that could
        be."""
        wanting = [one.message for one in self.platforms if one.outcome in ("partial", "failed")]
        if not wanting and self.platforms and all(one.outcome == "skipped" for one in self.platforms):
            return tuple(one.message for one in self.platforms)
        return tuple(wanting)

    @property
    def is_success(self) -> bool:
        """Whether everything that could be fetched was. A platform without a credential is no failure unless
        all lack theirs."""
        return not self.complaints


@dataclass(frozen=True)
class Backfill:
    """One backfill, made by `prepare_backfill`."""

    collection: Collection
    campaigns: tuple[Campaign, ...]
    span: Span
    # Whether what was asked before and not told is asked once more.
    is_again: bool = False

    @property
    def platforms(self) -> tuple[str, ...]:
        return self.collection.platforms

    # -- what it will take

    def forecasts(self) -> tuple[Forecast, ...]:
        """What each platform's windows will take, as far as they are known before the listings were read."""
        return tuple(self._forecast(platform) for platform in self.platforms)

    def _forecast(self, platform: str) -> Forecast:
        connector = self.collection.connectors.get(platform)
        if connector is None:
            return Forecast(platform, message=f"{platform}: this release does not collect it yet")
        message = "" if self._has_credential(connector) else no_credential(connector)
        windows = [] if message else self._windows(platform, (*_PHASES[0], *_PHASES[1]))
        rooms = self._rooms(connector, windows)
        found = forecast(windows, connector, self._history(connector), self._today, rooms, message)
        least = min((room for room in rooms.values() if room is not None), default=None)
        if found.usd is not None and least is not None and found.usd > least:
            text = f"{platform}: about {found.usd:.3f} USD are needed and {least:.3f} are left"
            cure = "what does not fit is left for the next run; raise usd_per_day under [[budgets]] for more"
            return replace(found, message=f"{text}; {cure}")
        return found

    def lost(self) -> tuple[Lost, ...]:
        """What no backfill brings back, by platform."""
        found: list[Lost] = []
        for platform in self.platforms:
            connector = self.collection.connectors.get(platform)
            if connector is None:
                continue
            history = history_of(connector)
            missing: dict[Part | None, list[str]] = {
                part: unset for part, one in history.items() if (unset := self._unset(connector, one))
            }
            if not self._has_credential(connector):
                missing[None] = [connector.CREDENTIAL]
            reach = Reach(
                self.span.first_day,
                self.span.last_day,
                self._today,
                history,
                missing,
                has_others=self._watches_others(platform),
            )
            found += lost(platform, reach)
        return tuple(found)

    def _watches_others(self, platform: str) -> bool:
        ours = {(campaign.id, side.id) for campaign in self.campaigns for side in campaign.sides if side.ours}
        return any(
            account.platform == platform and account.watch and (campaign.id, account.side) not in ours
            for campaign in self.campaigns
            for account in campaign.accounts
        )

    def _is_set(self, connector: ModuleType, name: str) -> bool:
        return self.collection.settings.credential(connector.PLATFORM, name) is not None

    def _has_credential(self, connector: ModuleType) -> bool:
        return self._is_set(connector, connector.CREDENTIAL)

    def _rooms(self, connector: ModuleType, windows: Iterable[Window]) -> dict[str, Decimal | None]:
        """What each campaign that pays for a window may still spend today."""
        if not hasattr(connector, "PRICES"):
            return {}
        today = self.collection.clock.astimezone(UTC).date()
        payers = {window.campaign_id for window in windows}
        rooms: dict[str, Decimal | None] = {}
        for campaign in self.campaigns:
            if campaign.id not in payers:
                continue
            for budget in campaign.budgets:
                if budget.platform == connector.PLATFORM:
                    limit = Limit(campaign.id, budget.usd_per_day, budget.usd_per_month)
                    rooms[campaign.id] = _room(
                        self.collection.settings.home / LEDGER, budget.platform, today, limit
                    )
            rooms.setdefault(campaign.id, None)
        return rooms

    @property
    def _today(self) -> date:
        return self.collection.clock.astimezone(UTC).date()

    def _history(self, connector: ModuleType) -> Mapping[Part, History]:
        """What the platform still tells to the credentials that are set."""
        declared = history_of(connector)
        return {part: one for part, one in declared.items() if not self._unset(connector, one)}

    def _unset(self, connector: ModuleType, history: History) -> list[str]:
        return [name for name in history.needs if not self._is_set(connector, name)]

    # -- what is asked

    def _windows(self, platform: str, parts: Sequence[Part]) -> list[Window]:
        connector = self.collection.connectors[platform]
        settings, clock = self.collection.settings, self.collection.clock
        # A day of any calendar that the span reaches into.
        first, last = self.span.first_day - timedelta(days=2), self.span.last_day + timedelta(days=2)
        answered = told(settings.landing, settings.readings, platform, first, last)
        asked = read_asked(self._record_of(platform), clock)
        if self.is_again:
            asked = {
                subject: {day: None for day, at in days.items() if at is None}
                for subject, days in asked.items()
            }
        findings = Findings(
            posts=with_found(self.collection.known, answered.posts),
            days=answered.days,
            walked=read_walked(self.collection.walks_of(platform)),
            asked=asked,
        )
        return holes(
            self.campaigns,
            findings,
            clock,
            platform,
            self.span,
            offer=Offer.of(connector),
            history=self._history(connector),
            parts=parts,
        )

    def _record_of(self, platform: str) -> Path:
        return self.collection.settings.home / FOLDER / f"{platform}.json"

    def take_all(self, follower: Follower | None = None, stopping: Stopping | None = None) -> BackfillReport:
        """Ask every platform, side by side, one thread each.

        Raises Refused when another backfill runs, and OSError when the lake cannot be written; a platform's
        trouble is in the report.
        """
        follower, stopping = follower or Silent(), stopping or Stopping()
        with _only_one(self.collection.settings.home):
            fills: list[PlatformFill] = []
            if self.platforms:
                with ThreadPoolExecutor(len(self.platforms), thread_name_prefix="backfill") as threads:
                    rounds = [
                        threads.submit(self._take, platform, follower, stopping)
                        for platform in self.platforms
                    ]
                    try:
                        fills = [each.result() for each in rounds]
                    except BaseException:
                        stopping.ask()
                        raise
        return BackfillReport(
            self.span.first_day, self.span.last_day, tuple(fills), self.lost(), self.collection.notes
        )

    def _take(self, platform: str, follower: Follower, stopping: Stopping) -> PlatformFill:
        began = perf_counter()
        connector = self.collection.connectors.get(platform)
        if connector is None:
            return PlatformFill(platform, "skipped", f"{platform}: this release does not collect it yet")
        if not self._has_credential(connector):
            return PlatformFill(platform, "skipped", no_credential(connector))
        planned = 0
        reports: list[PlatformReport] = []
        for parts in _PHASES:
            windows = self._windows(platform, parts)
            planned += len(windows)
            follower.planned(platform, len(windows))
            for window in windows:
                report = self._take_window(window, follower, stopping)
                reports.append(report)
                if _is_the_end(report):
                    return _summed(platform, reports, planned, perf_counter() - began)
        return _summed(platform, reports, planned, perf_counter() - began)

    def _take_window(self, window: Window, follower: Follower, stopping: Stopping) -> PlatformReport:
        """Ask one window in the platform's turn. Broken off at any instant, it is asked again as a whole."""
        platform, collection = window.platform, self.collection
        with backfills_turn(
            collection.settings.home,
            platform,
            lake=collection.settings.landing.parent,
            waiting=lambda: follower.waiting(platform),
            sleep=stopping.sleep,
        ):
            stopping.check()
            follower.began(platform, window)
            self._note(window, None)
            report = collection.carry_out(window.ask, stopping)
            self._note(window, collection.clock, is_whole=report.outcome == "ok")
        follower.ended(platform, window, report)
        return report

    def _note(self, window: Window, at: datetime | None, *, is_whole: bool = True) -> None:
        """Write down that the window is being asked (`at` None), or was asked to its end or in part."""
        path = self._record_of(window.platform)
        asked = read_asked(path, self.collection.clock)
        for piece in window.pieces:
            days = asked.setdefault((window.part, piece.name), {})
            others = [asked.get((window.part, name), {}) for name in piece.other_names if name != piece.name]
            for day in days_between(piece.first_day, piece.last_day):
                for other in others:
                    other.pop(day, None)
                if is_whole:
                    days[day] = at
                else:
                    days.pop(day, None)
        write_asked(path, asked)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    try:
        with one_at_a_time(home / LOCK):
            yield
    except Busy:
        raise Refused("another backfill is running; let it finish, then start again") from None


def _is_the_end(report: PlatformReport) -> bool:
    """Whether the next window would meet the same: the platform, its limits or the budget say no."""
    return report.outcome in ("failed", "skipped") or report.is_asked_again_soon


def _summed(platform: str, reports: Sequence[PlatformReport], planned: int, seconds: float) -> PlatformFill:
    responses: Counter[str] = Counter()
    troubles: Counter[tuple[str, str]] = Counter()
    for report in reports:
        responses.update(report.responses)
        for kind, message, count in report.troubles:
            troubles[kind, message] += count
    wanting = [report for report in reports if report.outcome not in ("ok", "nothing due")]
    outcome: Outcome = "ok" if reports else "nothing to ask"
    if wanting:
        outcome = "failed" if wanting[-1].outcome == "failed" else "partial"
    ended = len(reports) - len(wanting)
    message = next((report.message for report in reversed(wanting)), "")
    if wanting and ended < planned:
        left = planned - ended
        message = f"{message} ({left} of {planned} windows are left; the same command goes on there)"
    return PlatformFill(
        platform=platform,
        outcome=outcome,
        message=message,
        windows=ended,
        planned=planned,
        responses=dict(sorted(responses.items())),
        retries=sum(report.retries for report in reports),
        waits_s=sum(report.waits_s for report in reports),
        troubles=tuple((kind, message, count) for (kind, message), count in troubles.items()),
        seconds=seconds,
    )


def _room(path: Path, platform: str, today: date, limit: Limit) -> Decimal | None:
    """What a campaign may still spend on a day in US dollars; None without a limit."""
    full = min((usd for usd in (limit.usd_per_day, limit.usd_per_month) if usd is not None), default=None)
    if not path.exists():
        return full
    try:
        with Ledger(path, only_to_read=True) as ledger:
            micros = ledger.room(platform, today, limit)
    except LedgerError:
        return full
    return None if micros is None else Decimal(micros) / 1_000_000


def prepare_backfill(
    start: date,
    end: date,
    platforms: Iterable[str] | None = None,
    *,
    settings: Settings,
    registry: Registry,
    clock: datetime,
    as_of: datetime | None = None,
    campaign: str | None = None,
    connectors: Mapping[str, ModuleType] | None = None,
    is_dry: bool = False,
    is_again: bool = False,
    now: Callable[[], datetime] = utc_now,
    progress: Progress = nobody_watches,
) -> Backfill:
    """Check what was asked and look up what is known; lands the registry in force unless `is_dry`.

    `start` and `end` are the campaign's local days, inclusive; `clock` and the rest as in
    `flows.collecting.round.prepare`. Raises Refused, or CalledWrongly for days and names that cannot
    be, with one plain line.
    """
    if start > end:
        raise CalledWrongly(f"the start, {start}, is after the end, {end}; exchange them")
    campaigns = campaigns_of(registry, campaign)
    for one in campaigns:
        today = clock.astimezone(ZoneInfo(one.timezone)).date()
        if end > today:
            raise CalledWrongly(
                f"{end} is in the future: today is {today} ({one.timezone}); end the backfill there"
            )
    if not any(start <= one.ends + AFTERMATH and end >= one.starts for one in campaigns):
        known = ", ".join(f"{one.id} ({one.starts} to {one.ends + AFTERMATH})" for one in campaigns) or "none"
        raise CalledWrongly(
            f"no campaign has days from {start} to {end}; give days of one, aftermath and all: {known}"
        )
    # What is known whole already is not asked for again.
    bring_up_to_date(settings.landing.parent, progress=progress)
    collection = prepare(
        platforms,
        settings=settings,
        registry=registry,
        clock=clock,
        as_of=as_of,
        campaign=campaign,
        everything=True,
        connectors=discover() if connectors is None else connectors,
        lands_registry=not is_dry,
        now=now,
    )
    return Backfill(collection, campaigns, Span(start, end), is_again)
