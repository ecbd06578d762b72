"""What is wrong and needs somebody, judged from the facts alone: the same words for `campaign status`, the
watch flow and the messages that they send.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from connectors.errors import OverBudget, TokenInvalid
from flows.health.last_runs import PARTIAL
from flows.health.standing import Facts, Standing
from flows.health.tokens import missing_line, warning_of

Kind = Literal["stale", "round", "token", "budget", "gap", "build", "tables", "registry", "run"]

# The schedules ask hourly. A platform that missed one run may have waited for a limit; two are a fault.
LATE_AFTER = timedelta(hours=2, minutes=30)
# Builds are hourly too, and the nightly one may take its time.
BUILD_LATE_AFTER = timedelta(hours=6)


@dataclass(frozen=True)
class Problem:
    """One thing that somebody must see to: `line` says what, `fix` what to do. `subject` tells two of a kind
    and platform apart: a setting, a campaign."""

    kind: Kind
    platform: str | None
    line: str
    fix: str
    subject: str = ""

    @property
    def key(self) -> str:
        """The same for as long as it is the same problem, whatever its words."""
        return "/".join((self.kind, self.platform or "", self.subject))

    def __str__(self) -> str:
        return f"{self.line}; {self.fix}"


def problems_in(facts: Facts) -> tuple[Problem, ...]:
    """Everything that is wrong, in the order of what to mend first; empty when all is well."""
    return (
        *_of_tables(facts),
        *_of_tokens(facts),
        *(problem for standing in facts.platforms for problem in _of_platform(standing, facts)),
        *_of_budgets(facts),
        *_of_gaps(facts),
        *_of_runs(facts),
    )


def state_of(standing: Standing, facts: Facts) -> str:
    """How a platform is doing, in a few words."""
    last = standing.last_collect
    if not standing.is_active:
        return "idle: no campaign asks now"
    if standing.lacks and (last is None or _is_stale(standing, facts.clock)):
        return f"no credential; set {standing.lacks}"
    if last is None:
        return "never collected; run campaign collect"
    if _is_stale(standing, facts.clock):
        return "late; is campaign collect still running?"
    if standing.last_round is not None and not standing.last_round.is_success:
        return f"the last round {_ended(standing.last_round.outcome)}"
    if standing.last_round is not None and standing.last_round.refused is not None:
        return "refused in part, not asked again yet"
    if _is_waiting(standing, facts):
        return "answers wait for campaign build"
    return "fresh"


def moment_in_words(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _of_tables(facts: Facts) -> Iterator[Problem]:
    if facts.unreadable is not None:
        line, _, fix = facts.unreadable.rpartition("; ")
        yield Problem("tables", None, line or facts.unreadable, fix if line else "run campaign build --full")
    build = facts.last_build
    if build is not None and not build.is_success:
        at = moment_in_words(build.ended_at)
        line, _, fix = build.message.rpartition("; ")
        yield Problem(
            "build",
            None,
            f"the build of {at} failed: {line or build.message}",
            fix if line else "mend that and run campaign build",
        )
        return
    waiting = [
        standing.landed_at
        for standing in facts.platforms
        if standing.is_active and standing.landed_at and _is_waiting(standing, facts)
    ]
    since = facts.built_at or min(waiting, default=facts.clock)
    if waiting and max(waiting) - since > BUILD_LATE_AFTER:
        line = f"the tables are of {moment_in_words(since)} and answers have landed until "
        yield Problem(
            "build",
            None,
            f"{line}{moment_in_words(max(waiting))}",
            "run campaign build, and see why its schedule does not",
        )
    elif waiting and facts.clock - min(waiting) > BUILD_LATE_AFTER:
        line = f"answers have waited for a build since {moment_in_words(min(waiting))}"
        yield Problem("build", None, line, "run campaign build, and see why its schedule does not")


def _of_tokens(facts: Facts) -> Iterator[Problem]:
    active = {standing.platform for standing in facts.platforms if standing.is_active}
    for token in facts.tokens:
        told = warning_of(token, facts.clock)
        if told is not None and token.platform in active:
            line, _, fix = told.partition("; ")
            yield Problem("token", token.platform, line, fix, token.setting)
        lacks = missing_line(token)
        if lacks is not None and token.platform in active:
            line, _, fix = lacks.partition("; ")
            yield Problem("token", token.platform, line, fix, f"{token.setting} permissions")


def _of_platform(standing: Standing, facts: Facts) -> Iterator[Problem]:
    if not standing.is_active:
        return
    platform, last = standing.platform, standing.last_collect
    if last is None:
        if standing.lacks is None:
            yield Problem("stale", platform, f"{platform}: never collected", "run campaign collect")
        return
    if _is_stale(standing, facts.clock):
        line = f"{platform}: nothing was asked since {moment_in_words(last)}"
        fix = (
            f"set {standing.lacks}"
            if standing.lacks
            else "run campaign collect, and see why its schedule does not (campaign serve, or the worker)"
        )
        yield Problem("stale", platform, line, fix)
    last_round = standing.last_round
    if last_round is None:
        return
    refused = last_round.refused if last_round.is_success else None
    if last_round.is_success and refused is None:
        return
    kinds, message = (refused.kinds, refused.message) if refused else (last_round.kinds, last_round.message)
    if OverBudget.__name__ in kinds and any(
        (spent.is_day_spent or spent.is_month_spent) and spent.platform == platform
        for spent in facts.spendings
    ):
        # Told as a budget that is spent.
        return
    if TokenInvalid.__name__ in kinds and any(
        token.platform == platform and warning_of(token, facts.clock) for token in facts.tokens
    ):
        return
    line, _, fix = message.removeprefix(f"{platform}: ").rpartition("; ")
    if set(kinds) == {OverBudget.__name__}:
        yield Problem("budget", platform, f"{platform}: the budget does not reach: {line or message}", fix)
        return
    since = f", the last success was at {moment_in_words(at)}" if (at := standing.last_success) else ""
    ended = (
        f"the round of {moment_in_words(refused.at)} {_ended(PARTIAL)}, not all of which was asked again"
        if refused
        else f"the last round {_ended(last_round.outcome)}{since}"
    )
    yield Problem(
        "token" if TokenInvalid.__name__ in kinds else "round",
        platform,
        f"{platform}: {ended}: {line or message}",
        fix if line else "see docs/errors.md",
    )


def _of_budgets(facts: Facts) -> Iterator[Problem]:
    active = {standing.platform for standing in facts.platforms if standing.is_active}
    for spent in facts.spendings:
        if spent.platform not in active:
            continue
        for is_spent, used, budget, setting, until in (
            (spent.is_month_spent, spent.month_usd, spent.month_budget, "usd_per_month", "the next month"),
            (spent.is_day_spent, spent.day_usd, spent.day_budget, "usd_per_day", "midnight UTC"),
        ):
            if is_spent and budget is not None:
                line = f"{spent.platform}: the budget of {spent.campaign_id} is spent"
                yield Problem(
                    "budget",
                    spent.platform,
                    f"{line} ({usd(used)} of {usd(budget)}, {setting})",
                    f"raise {setting} in its [[budgets]], or wait for {until}",
                    f"{spent.campaign_id} {setting}",
                )
                break


def _of_gaps(facts: Facts) -> Iterator[Problem]:
    """Gaps that go on, where no other problem says why and no build is needed to see."""
    standings = {standing.platform: standing for standing in facts.platforms}
    for gap in facts.gaps:
        standing = standings.get(gap.platform)
        if gap.is_over or standing is None or not standing.is_active or standing.lacks:
            continue
        if _is_waiting(standing, facts) or _is_stale(standing, facts.clock):
            continue
        polls = f"{gap.polls:,} {'poll' if gap.polls == 1 else 'polls'}"
        posts = f"{gap.posts:,} {'post' if gap.posts == 1 else 'posts'}"
        yield Problem(
            "gap",
            gap.platform,
            f"{gap.platform}: nothing of {gap.campaign_id} was read since {moment_in_words(gap.starts_at)} "
            f"({polls} of {posts} missed)",
            "see what campaign collect says of it",
            gap.campaign_id,
        )


def _of_runs(facts: Facts) -> Iterator[Problem]:
    for name, run in facts.runs:
        if not run.is_success:
            line, _, fix = run.message.rpartition("; ")
            at = moment_in_words(run.ended_at)
            told = f"{name}: the run of {at} failed: {line or run.message}"
            yield Problem("run", None, told, fix if line else "see its log", name)


def usd(amount: Decimal) -> str:
    # A post costs half a cent.
    return f"${amount:,.3f}"


def _ended(outcome: str) -> str:
    return "read only a part" if outcome == PARTIAL else outcome


def _is_stale(standing: Standing, clock: datetime) -> bool:
    return standing.last_collect is not None and clock - standing.last_collect > LATE_AFTER


def _is_waiting(standing: Standing, facts: Facts) -> bool:
    """Whether answers have landed that no build has taken in."""
    landed_at, built_at = standing.landed_at, facts.built_at
    return landed_at is not None and (built_at is None or built_at < landed_at)
