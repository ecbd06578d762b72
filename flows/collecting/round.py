"""Collect: one round per platform, from the plan to landed responses. Plain functions; no scheduler is
needed.

A round asks one platform what the plan says, through the platform's connector and SDK, and lands every
answer. Rounds of several platforms run side by side and fail apart: what one landed stays, whatever became of
the others.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from traceback import walk_tb
from types import ModuleType
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from requests import RequestException

from connectors import discover
from connectors.asking import Ask
from connectors.clock import utc_now
from connectors.errors import (
    BadRequest,
    Gone,
    MetricWithdrawn,
    NotOffered,
    OtherVersion,
    OverBudget,
    Transient,
    Trouble,
)
from connectors.pace import SharedPace
from connectors.spending import Ledger, LedgerError, Limit, Purse
from connectors.wire import WireSession
from flows.collecting.attempts import read_attempts, record_attempts, subjects_in
from flows.collecting.landing_aside import LandingAside
from flows.collecting.plan import Offer, idle_reason, plan
from flows.collecting.platforms import (
    base_url,
    campaigns_of,
    further_credentials,
    is_on_this_machine,
    no_credential,
    platforms_of,
)
from flows.collecting.schedule import reading_of
from flows.collecting.turns import PATIENCE_S, NotOurTurn, collects_turn
from flows.collecting.walked import read_walked, record_walked
from flows.health.last_runs import record_run, round_of
from flows.health.tokens import ask_of_credential, is_due, missing_line, record_token, tokens_of, warning_of
from flows.home import ATTEMPTS, DEMO_MARKER, LEDGER, PACE, WALKS
from flows.refused import Refused, UnknownName
from flows.settings import CREDENTIALS
from warehouse.forgetting import Forgotten
from warehouse.known import KnownPost, KnownSubject, known_posts, known_subjects
from warehouse.landing import LandingWriter, land_registry
from warehouse.mirrored import bring_up_to_date
from warehouse.one_at_a_time import Busy, one_at_a_time
from warehouse.progress import Progress, Step, nobody_watches
from warehouse.publish import NoWarehouse, opened
from warehouse.vacuum import drop_left_behind

if TYPE_CHECKING:
    from flows.registry import Registry
    from flows.settings import Settings

Outcome = Literal["ok", "nothing due", "skipped", "partial", "failed"]

# How far a run's clock may lie from the real one before a vendor's answers would be stamped with a wrong
# moment.
CLOCK_TOLERANCE = timedelta(hours=1)

_SOURCES = Path(__file__).parents[2]

# Troubles that are told and are no failure: nobody here can mend them, and the rest was read.
TOLD_ONLY = (MetricWithdrawn.__name__, NotOffered.__name__, OtherVersion.__name__)

# Troubles after which the next run asks for the same.
ASKED_AGAIN_SOON = (Transient.__name__, OverBudget.__name__)


# A shorter wait is over before anybody has read of it.
WORTH_TELLING_S = 2.0

# Landing the registry takes milliseconds, on a slow disk a second.
REGISTRY_WAITS_S = 60.0


@dataclass(frozen=True)
class PlatformReport:
    """What became of one platform's round."""

    platform: str
    outcome: Outcome
    # One plain line: why it was skipped, failed or had nothing to do; empty when there is nothing to say.
    message: str = ""
    run_id: str | None = None
    # Responses landed, by endpoint; errors and retried ones count too.
    responses: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    # Seconds spent waiting for the platform's limits.
    waits_s: float = 0.0
    # (kind, message, how often)
    troubles: tuple[tuple[str, str, int], ...] = ()
    seconds: float = 0.0
    # US dollars that every campaign together spent on the platform on this UTC day, this round and earlier
    # ones; None where asking costs nothing.
    spent_today_usd: Decimal | None = None
    # Skipped because another collect of it runs, which reads what was due.
    is_read_by_another: bool = False
    # Skipped because a backfill has it, which reads nothing of what was due.
    is_kept_by_backfill: bool = False
    # What it asked for that the next run lets be, read or refused: days, mentions and audiences, by type and
    # name.
    asked: tuple[tuple[str, str], ...] = ()

    @property
    def troubles_in_short(self) -> str:
        """How often each kind of trouble was met, as `Gone 11, Unreadable 1`."""
        kinds: Counter[str] = Counter()
        for kind, _, count in self.troubles:
            kinds[kind] += count
        return ", ".join(f"{kind} {count:,}" for kind, count in kinds.items())

    @property
    def is_asked_again_soon(self) -> bool:
        """Whether something failed that the next run asks for at once."""
        return any(kind in ASKED_AGAIN_SOON for kind, _, _ in self.troubles)

    @property
    def is_transient(self) -> bool:
        """Whether trying again in a while may mend it."""
        return any(kind == "Transient" for kind, _, _ in self.troubles)


@dataclass(frozen=True)
class CollectReport:
    """What became of one collect. `idle` says why campaigns asked nothing; `notes` what else should be known
    and stopped nothing, one plain line each."""

    clock: datetime
    platforms: tuple[PlatformReport, ...]
    idle: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """One plain line for each thing that somebody must see to; none when the collect succeeded."""
        wanting = [
            report.message
            for report in self.platforms
            if report.outcome in ("partial", "failed") or report.is_kept_by_backfill
        ]
        is_nothing_read = all(r.outcome == "skipped" and not r.is_read_by_another for r in self.platforms)
        if not wanting and self.platforms and is_nothing_read:
            return tuple(report.message for report in self.platforms)
        return tuple(wanting)

    @property
    def is_success(self) -> bool:
        """Whether everything that was due was read. A skipped platform is no failure unless all were
        skipped, or a backfill kept one, and none because another collect reads it."""
        return not self.complaints


class Stopping:
    """Ends the rounds of other threads soon, once this one was interrupted: while they wait, and between
    answers."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        self._asked.set()

    def sleep(self, seconds: float) -> None:
        if self._asked.wait(seconds):
            raise KeyboardInterrupt

    def check(self) -> None:
        if self._asked.is_set():
            raise KeyboardInterrupt


@dataclass(frozen=True)
class Collection:
    """The rounds of one collect and what they share. Made by `prepare`.

    `clock` is the moment for which is planned; `as_of`, when given, is also stamped on what is read (else
    each answer is stamped with its arrival).
    """

    settings: Settings
    registry: Registry
    connectors: Mapping[str, ModuleType]
    platforms: tuple[str, ...]
    clock: datetime
    as_of: datetime | None
    campaign: str | None
    everything: bool
    known: Sequence[KnownPost]
    subjects: Sequence[KnownSubject]
    notes: tuple[str, ...]
    now: Callable[[], datetime]
    # Whether more is asked than posts: what platforms themselves tell per day, mentions, audiences.
    beyond_posts: bool = True
    # Told how many answers each platform has given.
    progress: Progress = nobody_watches

    def take_all(self, stopping: Stopping | None = None) -> CollectReport:
        """Take a round of each platform, side by side, one thread each.

        Raises OSError when the lake cannot be written; a platform's trouble is in its report.
        """
        if not self.platforms:
            return self.report(())
        stopping = stopping or Stopping()
        with ThreadPoolExecutor(len(self.platforms), thread_name_prefix="collect") as threads:
            rounds = [threads.submit(self.take, platform, stopping) for platform in self.platforms]
            try:
                return self.report([round_.result() for round_ in rounds])
            except KeyboardInterrupt:
                stopping.ask()
                raise

    def take(self, platform: str, stopping: Stopping | None = None) -> PlatformReport:
        """Ask one platform what is due and land every answer.

        Raises OSError when the lake cannot be written; the platform's own trouble, and a connector's bug, is
        in the report.
        """
        report = self._take(platform, stopping)
        self.progress(Step(report.outcome, sum(report.responses.values()), whom=platform))
        # Whom nobody asked says nothing of how asking goes.
        if report.outcome != "skipped":
            record_run(
                round_of(self.settings.home, platform),
                planned_for=self.clock,
                ended_at=self._moment(),
                outcome=report.outcome,
                message=report.message,
                kinds=[kind for kind, _, _ in report.troubles],
                asked=report.asked,
            )
        return report

    def _take(self, platform: str, stopping: Stopping | None) -> PlatformReport:
        began = perf_counter()
        if platform not in self.connectors:
            return PlatformReport(platform, "skipped", f"{platform}: this release does not collect it yet")
        connector = self.connectors[platform]
        campaigns = campaigns_of(self.registry, self.campaign)
        ask = plan(
            campaigns,
            self.known,
            self.clock,
            platform,
            self.everything,
            subjects=self.subjects,
            walked=read_walked(self.walks_of(platform)),
            attempts=read_attempts(self._attempts_of(platform)),
            offer=Offer.of(connector)
            if self.beyond_posts
            else Offer(is_charged=hasattr(connector, "PRICES")),
        )
        if not ask:
            named = platform in platforms_of(campaigns, self.connectors)
            why = "" if named else f"{platform}: the registry names no account and no post of it"
            return PlatformReport(platform, "nothing due", why)
        if self.settings.credential(platform, connector.CREDENTIAL) is None:
            return PlatformReport(platform, "skipped", no_credential(connector))
        stopping = stopping or Stopping()
        try:
            with collects_turn(
                self.settings.home, platform, lake=self.settings.landing.parent, sleep=stopping.sleep
            ):
                report = self.carry_out(ask, stopping)
                # Of a run that broke off nobody knows what was asked; what failed in passing is asked again
                # soon.
                if report.outcome != "failed" and not report.is_asked_again_soon:
                    record_attempts(self._attempts_of(platform), ask, self.clock)
                    report = replace(report, asked=tuple(subjects_in(ask)))
                return replace(report, seconds=perf_counter() - began)
        except NotOurTurn as other:
            if not other.is_backfill:
                text = f"{platform}: another collect of it is running; let it finish"
                return PlatformReport(platform, "skipped", text, is_read_by_another=True)
            text = (
                f"{platform}: nothing was read, a window of a backfill has it for more than "
                f"{PATIENCE_S / 60:.0f} minutes; let it finish, the next collect reads what is due"
            )
            return PlatformReport(platform, "skipped", text, is_kept_by_backfill=True)

    def carry_out(self, ask: Ask, stopping: Stopping) -> PlatformReport:
        """Ask a platform of this release what is given, and land every answer. The caller has the turn, and
        the platform its credential.

        Raises OSError when the lake cannot be written; the platform's own trouble, and a connector's bug, is
        in the report.
        """
        began = perf_counter()
        connector = self.connectors[ask.platform]
        credential = self.settings.credential(ask.platform, connector.CREDENTIAL)
        if credential is None:
            return PlatformReport(ask.platform, "skipped", no_credential(connector))
        try:
            with self._purse(connector) as purse:
                report = self._ask(ask, connector, credential.get_secret_value(), purse, stopping)
        except LedgerError as error:
            # Nothing more is bought; what cost nothing goes on being read.
            report = PlatformReport(ask.platform, "failed", str(error))
        return replace(report, seconds=perf_counter() - began)

    def _ask(
        self,
        ask: Ask,
        connector: ModuleType,
        credential: str,
        purse: Purse | None,
        stopping: Stopping,
    ) -> PlatformReport:
        platform = ask.platform
        run_id = f"{self.clock.astimezone(UTC):%Y%m%dT%H%M%SZ}-{platform}-{secrets.token_hex(4)}"
        version = getattr(self.settings, f"{platform}_api_version", None)
        more = further_credentials(self.settings, connector)
        options = {
            **({} if version is None else {"version": version}),
            **({} if purse is None else {"purse": purse}),
            **more,
        }
        ended_by: Trouble | None = None
        bring_up_to_date(self.settings.landing.parent, "forgotten/")
        forgotten = Forgotten.read(self.settings.landing)
        with (
            LandingWriter(self.settings.landing) as writer,
            LandingAside(writer, forgotten.redacted) as landing,
        ):
            answers = 0

            def land(row: dict[str, object]) -> None:
                nonlocal answers
                answers += 1
                self.progress(Step("answers", answers, whom=platform))
                landing.add(row)
                stopping.check()

            def sleep(seconds: float) -> None:
                if seconds >= WORTH_TELLING_S:
                    self.progress(Step(f"waits {seconds:,.0f} s; answers", answers, whom=platform))
                stopping.sleep(seconds)

            with WireSession(
                platform,
                run_id=run_id,
                sdk_url=connector.SDK_URL,
                base_url=base_url(self.settings, connector),
                more_hosts=getattr(connector, "MORE_HOSTS", ()),
                secrets=[credential, *more.values()],
                judge=connector.judge,
                land=land,
                as_of=self.as_of,
                now=self.now,
                sleep=sleep,
                # A wait for a limit takes up to a quarter of an hour; what has arrived is safe by then.
                before_pause=landing.flush,
                pace=SharedPace(self.settings.home / PACE, credential),
                calls=getattr(connector, "CALLS", None),
                in_flight=getattr(connector, "IN_FLIGHT", 1),
            ) as session:
                try:
                    self._ask_of_credential(ask, connector, session, credential, options)
                    connector.collect(ask, session, credential, **options)
                except Trouble as trouble:
                    ended_by = trouble
                # The one place that takes any exception: whatever a platform's answer makes of a connector,
                # the other platforms' reports are shown.
                except Exception as error:
                    if isinstance(error, OSError) and not isinstance(error, RequestException):
                        # Of the lake: it is everybody's.
                        raise
                    ended_by = BadRequest(platform, session.redact(_bug(platform, error)))
        # After the landing is closed: what was listed is on disk by then.
        listed = session.report
        for setting, health in listed.credentials.items():
            record_token(self.settings, connector, setting, health, self._moment())
        record_walked(self.walks_of(platform), listed.walked, self.clock, listed.walked_back)
        troubles = tuple(session.report.troubles)
        outcome, message = _judged(ask, ended_by, troubles, is_nothing_landed=not writer.rows)
        if ended_by is not None:
            troubles += ((ended_by.kind, ended_by.message, 1),)
        return PlatformReport(
            platform=platform,
            outcome=outcome,
            message=message,
            run_id=run_id,
            responses=dict(sorted(writer.rows.items())),
            retries=session.report.retries,
            waits_s=session.report.waits_s,
            troubles=troubles,
            spent_today_usd=None if purse is None else self._spent_today(platform),
        )

    def _ask_of_credential(
        self,
        ask: Ask,
        connector: ModuleType,
        session: WireSession,
        credential: str,
        options: Mapping[str, object],
    ) -> None:
        """Learn once a day how long the credential lives, so that somebody hears of it before it dies."""
        moment = self._moment()
        if is_due(self.settings, connector, moment):
            health = ask_of_credential(connector, session, credential, options, ask.campaign_id)
            record_token(self.settings, connector, connector.CREDENTIAL, health, moment)

    def _notes_on_tokens(self) -> Iterator[str]:
        for connector in (self.connectors[name] for name in self.platforms if name in self.connectors):
            for token in tokens_of(self.settings, connector):
                # That it is refused is what the round itself says.
                warning = None if token.is_valid is False else warning_of(token, self._moment())
                yield from (line for line in (warning, missing_line(token)) if line is not None)

    def _attempts_of(self, platform: str) -> Path:
        return self.settings.home / ATTEMPTS / f"{platform}.json"

    def walks_of(self, platform: str) -> Path:
        """The record of what was listed of a platform's accounts."""
        return self.settings.home / WALKS / f"{platform}.json"

    @contextmanager
    def _purse(self, connector: ModuleType) -> Iterator[Purse | None]:
        """What the round may spend, while the block runs; None where asking costs nothing."""
        if not hasattr(connector, "PRICES"):
            yield None
            return
        # Every campaign's, asked or not: an answer that is paid for by one may serve another.
        limits = [
            Limit(campaign.id, budget.usd_per_day, budget.usd_per_month)
            for campaign in self.registry.campaigns
            for budget in campaign.budgets
            if budget.platform == connector.PLATFORM
        ]
        with Ledger(self.settings.home / LEDGER) as ledger:
            yield Purse(ledger, connector.PLATFORM, limits, self._moment)

    def _moment(self) -> datetime:
        """The clock by which the platform charges."""
        return self.as_of or self.now()

    def _spent_today(self, platform: str) -> Decimal:
        today = self._moment().astimezone(UTC).date()
        with Ledger(self.settings.home / LEDGER) as ledger:
            return ledger.spent(platform, None, today, today).usd

    def report(self, reports: Iterable[PlatformReport]) -> CollectReport:
        """The rounds' reports as one."""
        campaigns = campaigns_of(self.registry, self.campaign)
        reasons = [] if self.everything else [idle_reason(campaign, self.clock) for campaign in campaigns]
        return CollectReport(
            clock=self.clock,
            platforms=tuple(reports),
            idle=tuple(reason for reason in reasons if reason),
            notes=(*self.notes, *self._notes_on_tokens()),
        )


def land_registry_in_force(
    settings: Settings,
    registry: Registry,
    as_of: datetime | None,
    now: Callable[[], datetime] = utc_now,
    connectors: Mapping[str, ModuleType] | None = None,
) -> None:
    """Land the registry, with how often its posts are read, unless it is what was landed last. Several
    processes may do so at the same minute."""
    connectors = discover() if connectors is None else connectors
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        with one_at_a_time(settings.home / ".registry.lock", wait_s=REGISTRY_WAITS_S):
            # Every collect and every build comes by here.
            drop_left_behind(settings.home, settings.landing)
            bring_up_to_date(settings.landing.parent, "landing/platform=registry/")
            land_registry(
                settings.landing,
                [
                    (campaign.id, registry.as_json(campaign, reading_of(campaign, connectors)))
                    for campaign in registry.campaigns
                ],
                moment=as_of or now(),
                requested_at=now(),
            )
    except Busy as busy:
        raise Refused(
            f"{busy} since {REGISTRY_WAITS_S:.0f} s, which lands the registry in less than one; end it if it "
            "hangs"
        ) from None


def prepare(
    platforms: Iterable[str] | None,
    *,
    settings: Settings,
    registry: Registry,
    clock: datetime,
    as_of: datetime | None = None,
    campaign: str | None = None,
    everything: bool = False,
    besides: Iterable[str] | None = None,
    connectors: Mapping[str, ModuleType] | None = None,
    lands_registry: bool = True,
    now: Callable[[], datetime] = utc_now,
    progress: Progress = nobody_watches,
) -> Collection:
    """Check what was asked, land the registry in force (unless it is only to be told what would be asked),
    and look up what is known.

    `platforms` None means every platform that the registry names, but for those in `besides`, which others
    take care of. Raises `UnknownName` for a platform or
    campaign that nobody knows, and `Refused` when answers would be stamped with a wrong moment or mixed with
    demo data. A warehouse that cannot be read costs no reading: everything is due then, and a note says so.
    """
    connectors = discover() if connectors is None else connectors
    campaigns = campaigns_of(registry, campaign)
    asked = tuple(dict.fromkeys(platforms)) if platforms else platforms_of(campaigns, connectors)
    left_out = set(besides or ())
    for platform in (*asked, *sorted(left_out)):
        if platform not in connectors and platform not in CREDENTIALS:
            raise UnknownName(f"no platform is called {platform!r}; write one of {', '.join(connectors)}")
    asked = tuple(platform for platform in asked if platform not in left_out)
    for platform in asked:
        if platform in connectors and settings.credential(platform, connectors[platform].CREDENTIAL):
            _refuse_wrong_data(settings, connectors[platform], as_of, now)
    if lands_registry:
        land_registry_in_force(settings, registry, as_of, now, connectors)
    known, subjects, notes = _known(settings)
    return Collection(
        settings=settings,
        registry=registry,
        connectors=connectors,
        platforms=asked,
        clock=clock,
        as_of=as_of,
        campaign=campaign,
        everything=everything,
        known=known,
        subjects=subjects,
        notes=(*notes, *registry.notices),
        now=now,
        progress=progress,
    )


def _known(settings: Settings) -> tuple[list[KnownPost], list[KnownSubject], tuple[str, ...]]:
    """What the published warehouse knows, or nothing and the line that says why."""
    try:
        with opened(settings.warehouse) as published:
            return known_posts(published), known_subjects(published), ()
    except NoWarehouse as trouble:
        reason = str(trouble.__cause__ or trouble).splitlines()[0]
        note = f"the warehouse cannot be read ({reason}); everything is taken as due"
        return [], [], (f"{note}; run `campaign build --full`",)


def _bug(platform: str, error: Exception) -> str:
    """One plain line about an exception that nobody expected: its type and its place, for its text may hold
    what a platform sent."""
    place = ""
    for frame, line in walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        named = path.relative_to(_SOURCES).as_posix() if path.is_relative_to(_SOURCES) else path.name
        # The innermost line of a connector; what it called is told by the type.
        if not place or named.startswith("connectors/") or not place.startswith("connectors/"):
            place = f"{named}:{line}"
    return f"{platform}: unexpected {type(error).__name__} at {place}; this is a bug, report it"


def _judged(
    ask: Ask,
    ended_by: Trouble | None,
    troubles: Sequence[tuple[str, str, int]],
    *,
    is_nothing_landed: bool,
) -> tuple[Outcome, str]:
    if isinstance(ended_by, OverBudget):
        # What was paid for was read, and what was not is as it should be.
        return "partial", ended_by.message
    if ended_by is not None:
        return "failed", ended_by.message
    serious = [
        (message, count)
        for kind, message, count in troubles
        if kind not in TOLD_ONLY and (kind != Gone.__name__ or not _is_about_a_post(message, ask))
    ]
    if not serious:
        return "ok", ""
    # A budget is for somebody to raise; whatever else went wrong may be of its making.
    over_budget = [(message, count) for kind, message, count in troubles if kind == OverBudget.__name__]
    message, _ = (*over_budget, *serious)[0]
    others = sum(count for _, count in serious) - 1
    said = message if others == 0 else f"{message} (and {others} more)"
    return ("failed" if is_nothing_landed and not over_budget else "partial"), said


def _is_about_a_post(message: str, ask: Ask) -> bool:
    """Whether what is gone is a post that was asked for by name. A deleted post is everyday; an account, or
    the whole API under a mistyped address, is not: nothing would be read from then on."""
    names = {post.alias for post in ask.posts} | {post.alias for post in ask.post_days}
    # A number may be asked for behind the account's name, and told behind its id.
    names |= {last for name in names if (last := re.split("[/_]", name)[-1]).isdigit()}
    told = set(re.findall(r"[\w-]+", message))
    told |= {last for word in told if (last := word.rpartition("_")[2]).isdigit()}
    return not told.isdisjoint(names)


def _refuse_wrong_data(
    settings: Settings, connector: ModuleType, as_of: datetime | None, now: Callable[[], datetime]
) -> None:
    own_hosts = (connector.API_URL, connector.SDK_URL, *getattr(connector, "MORE_HOSTS", ()))
    vendors = {urlsplit(url).hostname for url in own_hosts}
    host = urlsplit(base_url(settings, connector)).hostname or ""
    if host in vendors and as_of is not None and abs(as_of - now()) > CLOCK_TOLERANCE:
        raise Refused(
            f"{host} answers for today: --as-of {as_of:%Y-%m-%dT%H:%MZ} would stamp today's counters with "
            f"another moment; leave --as-of out, or point {connector.PLATFORM.upper()}_API_URL at a sandbox"
        )
    # A proxy or mirror elsewhere leads to the vendor too; only this machine can be the demo's sandbox.
    if (settings.home / DEMO_MARKER).exists() and not is_on_this_machine(host):
        raise Refused(
            f"{settings.home} holds demo data; set CAMPAIGN_HOME to another folder before reading {host}"
        )
