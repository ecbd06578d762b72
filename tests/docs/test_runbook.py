"""The runbook has an entry for every line that an alert can say, and for every warning of a build."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from flows.health.problems import BUILD_LATE_AFTER, LATE_AFTER, Kind, Problem, problems_in
from flows.health.standing import Standing
from flows.health.tokens import Token
from flows.health.watching import look
from flows.settings import Settings
from tests.docs.pages import pages
from tests.flows.conftest import home  # noqa: F401
from tests.flows.test_health import FINE, HOUR, NOW, X, ended, failed, gap, spent
from warehouse import checking, sql

TEXT = pages()["docs/runbook.md"].text

# What an entry says, with … for what changes.
ENTRIES = re.findall(r"^> `(.+)`$", TEXT, re.MULTILINE)


def entry_of(line: str) -> list[str]:
    """The entries that a line is one of."""
    return [
        entry
        for entry in ENTRIES
        if re.match(".*".join(re.escape(part) for part in entry.split("…")), line, re.DOTALL)
    ]


@pytest.fixture
def said(tmp_path: Path, home: Path) -> list[Problem]:  # noqa: F811
    """Every way in which the pipeline says that something is wrong."""
    x_late = replace(X, last_collect=NOW - LATE_AFTER - HOUR)
    token = Token("x", "X_BEARER_TOKEN", NOW, NOW, is_valid=True)
    half = tmp_path / ".rounds" / "x.json"
    ended(half, -2, "partial", "us")
    behind = replace(FINE, built_at=NOW - 2 * HOUR - BUILD_LATE_AFTER)
    waiting = replace(X, landed_at=NOW - BUILD_LATE_AFTER - HOUR)
    dear = (
        "x: c1 may spend 0.100 USD a day and has spent 0.097: too much for a call of 0.01; raise usd_per_day"
    )
    refused = failed("x: the token was refused (401); make a new one", "TokenInvalid")
    facts = [
        replace(FINE, platforms=(x_late,)),
        replace(FINE, platforms=(replace(x_late, lacks="X_BEARER_TOKEN"),)),
        replace(FINE, platforms=(Standing("x"),)),
        replace(FINE, platforms=(replace(X, last_round=failed("x: no; mend it")),)),
        replace(FINE, platforms=(replace(X, last_round=failed("x: no; mend it", outcome="partial")),)),
        replace(FINE, platforms=(replace(X, last_round=ended(half, -1, "ok")),)),
        replace(FINE, platforms=(replace(X, last_round=refused),)),
        replace(FINE, platforms=(replace(X, last_round=failed(dear, "OverBudget", outcome="partial")),)),
        replace(FINE, tokens=(replace(token, expires_at=NOW + timedelta(days=3)),)),
        replace(FINE, tokens=(replace(token, expires_at=NOW - HOUR),)),
        replace(FINE, tokens=(replace(token, is_valid=False, told="no"),)),
        replace(FINE, tokens=(replace(token, missing=("read_insights",)),)),
        replace(FINE, spendings=(spent("2.5", "30"),)),
        replace(FINE, spendings=(spent("2.5", "60"),)),
        replace(FINE, gaps=(gap(),)),
        replace(FINE, last_build=failed("check c found offenders; report it")),
        behind,
        replace(behind, platforms=(waiting,), built_at=None, published_at=None),
        replace(FINE, unreadable="data/warehouse.duckdb cannot be opened (torn); run it"),
        replace(FINE, runs=(("maintain", failed("no room; make some")),)),
    ]
    # A registry that cannot be read.
    (home / "campaigns" / "water.toml").write_text("id =")
    return [*(problem for each in facts for problem in problems_in(each)), *look(Settings(), NOW).problems]


def test_every_line_of_an_alert_has_its_entry(said: list[Problem]) -> None:
    assert [str(problem) for problem in said if not entry_of(str(problem))] == []
    # Every kind there is was said.
    assert {problem.kind for problem in said} == set(Kind.__args__)  # type: ignore[attr-defined]


def test_a_budget_that_does_not_reach_leads_to_the_entry_of_budgets(said: list[Problem]) -> None:
    (line,) = [str(problem) for problem in said if "may spend" in str(problem)]
    assert entry_of(line) == ["…: the budget does not reach: …"]


def test_every_entry_is_of_a_line_that_can_be_said(said: list[Problem]) -> None:
    lines = [str(problem) for problem in said]
    assert set(ENTRIES) - {entry for line in lines for entry in entry_of(line)} == set()


def test_a_line_that_nobody_wrote_of_has_no_entry() -> None:
    assert entry_of("x: something else; do that") == []


def test_every_warning_of_a_build_has_its_row() -> None:
    warnings = {
        name for name, text in sql.checks().items() if checking.severity(name, text) == checking.WARNING
    }
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert warnings - named == set()
    assert named & set(sql.checks()) == warnings
