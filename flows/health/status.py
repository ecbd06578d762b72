"""How everything stands, shown: tables and lines for people, one JSON document for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from flows.answers.markdown import words
from flows.console import plain, say, show
from flows.health.problems import Problem, state_of, usd
from flows.health.spent import Spending
from flows.health.standing import GAPS_OF, Facts, Standing
from flows.health.tokens import Token
from warehouse.missed import Missed

GAPS_SHOWN = 10
UNKNOWN = "·"


def tell(facts: Facts) -> None:
    """Write the facts to standard output."""
    clock = facts.clock
    show(
        None,
        [
            "platform",
            "last collect",
            "last success",
            "answers",
            "refused",
            "newest reading",
            "posts",
            "gone",
            "late",
            "state",
        ],
        [_row(standing, facts) for standing in facts.platforms],
        numbers=["answers", "refused", "posts", "gone", "late"],
    )
    if facts.published_at is None:
        has_landed = any(standing.landed_at for standing in facts.platforms) or facts.last_import is not None
        first = "" if has_landed else "campaign collect, then "
        say(f"Tables {facts.warehouse}: nothing yet; run {first}campaign build")
    else:
        say(f"Tables {facts.warehouse}: published {_moment(facts.published_at, clock)}{_last_build(facts)}")
    if facts.last_import is not None:
        told = ", ".join(f"{platform} {count:,}" for platform, count in facts.last_import.responses)
        waits = "; campaign build takes them in" if facts.last_import.is_waiting else ""
        say(f"Last import: {_moment(facts.last_import.at, clock)}, {told} (responses){waits}")
    _tell_gaps(facts.gaps)
    if facts.warned:
        say(
            f'Warnings of the last build: {facts.warned:,}; read them with campaign sql "FROM marts.warnings"'
        )
    tell_tokens(facts.tokens, clock)
    tell_spending(facts.spendings, clock)
    for note in facts.notes:
        say(f"note: {plain(note)}")


def as_json(facts: Facts, problems: Sequence[Problem]) -> str:
    """The facts and what is wrong as one JSON document; moments in ISO 8601, money as decimal texts."""
    document = {
        "is_healthy": not problems,
        "problems": [{**asdict(problem), "key": problem.key} for problem in problems],
        **asdict(facts),
        "platforms": [
            {
                **asdict(standing),
                "last_success": standing.last_success,
                "state": state_of(standing, facts),
            }
            for standing in facts.platforms
        ],
        "tokens": [{**asdict(token), "days_left": token.days_left(facts.clock)} for token in facts.tokens],
    }
    return json.dumps(document, default=_written, indent=2, ensure_ascii=False)


def as_markdown(facts: Facts, problems: Sequence[Problem]) -> str:
    """What is wrong and how each platform stands, for the page of a scheduler."""
    lines = [f"**{len(problems)} to mend**" if problems else "**All is well**", ""]
    lines += [f"- {words(str(problem))}" for problem in problems]
    lines += ["", "| platform | last success | newest reading | state |", "|---|---|---|---|"]
    for standing in facts.platforms:
        cells = (
            standing.platform,
            _moment(standing.last_success, facts.clock),
            _moment(standing.newest_reading, facts.clock),
            state_of(standing, facts),
        )
        lines.append(f"| {' | '.join(words(cell) for cell in cells)} |")
    lines += ["", f"Tables: published {_moment(facts.published_at, facts.clock)}"]
    return "\n".join(lines)


def tell_tokens(tokens: Iterable[Token], clock: datetime) -> None:
    """Write what is known of the credentials to standard output; nothing where nothing is."""
    rows = [
        [
            token.platform,
            token.setting,
            {True: "valid", False: "refused", None: "not known"}[token.is_valid],
            expiry_of(token, clock),
            ", ".join(token.missing) or "none",
            ago_of(clock - token.asked_at),
        ]
        for token in tokens
    ]
    if rows:
        show("Credentials", ["platform", "setting", "state", "expires", "permissions missing", "asked"], rows)


def tell_spending(spendings: Sequence[Spending], clock: datetime) -> None:
    """Write what reading has cost to standard output; nothing where nothing costs."""
    if spendings:
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
            [_spending_row(spent) for spent in spendings],
            numbers=["today", "day's budget", "this month", "month's budget"],
        )


def _row(standing: Standing, facts: Facts) -> list[str]:
    clock = facts.clock
    return [
        standing.platform,
        _age(standing.last_collect, clock),
        _age(standing.last_success, clock),
        f"{standing.answers:,}",
        f"{standing.refused:,}",
        _age(standing.newest_reading, clock),
        f"{standing.posts:,}",
        f"{standing.gone:,}",
        UNKNOWN if standing.late is None else f"{standing.late:,}",
        state_of(standing, facts),
    ]


def _last_build(facts: Facts) -> str:
    """How the last build ended, where it published nothing."""
    build = facts.last_build
    if build is None or facts.published_at is None or build.ended_at <= facts.published_at:
        return ""
    if not build.is_success:
        return f"; the build of {_moment(build.ended_at, facts.clock)} failed"
    if build.planned_for > facts.published_at:
        return f"; still so by the build of {_moment(build.ended_at, facts.clock)}"
    return ""


def _tell_gaps(gaps: Sequence[Missed]) -> None:
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


def expiry_of(token: Token, clock: datetime) -> str:
    """When a credential expires, in a few words."""
    if token.expires_at is None:
        return "never" if token.never_expires else "not told"
    days = token.days_left(clock)
    at = f"{token.expires_at.astimezone(UTC):%Y-%m-%d}"
    if days is not None and days < 0:
        return f"expired ({at})"
    return f"in {days} {'day' if days == 1 else 'days'} ({at}{' at the latest' if token.is_latest else ''})"


def _spending_row(spent: Spending) -> list[str]:
    return [
        spent.campaign_id,
        spent.platform,
        usd(spent.day_usd),
        _bound(spent.day_budget),
        usd(spent.month_usd),
        _bound(spent.month_budget),
        ", ".join(f"{kind} {count:,}" for kind, count in spent.resources) or "nothing",
    ]


def _bound(amount: Decimal | None) -> str:
    return "no budget" if amount is None else usd(amount)


def _moment(moment: datetime | None, clock: datetime) -> str:
    if moment is None:
        return "never"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({ago_of(clock - moment)})"


def _age(moment: datetime | None, clock: datetime) -> str:
    return "never" if moment is None else ago_of(clock - moment)


def ago_of(span: timedelta) -> str:
    """How long ago something was, in a few words."""
    if span < timedelta(0):
        return "ahead of the clock"
    if span < timedelta(hours=1):
        return f"{span // timedelta(minutes=1)} min ago"
    if span < timedelta(days=2):
        return f"{span // timedelta(hours=1)} h ago"
    return f"{span.days:,} days ago"


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
