"""What `campaign status` finds wrong, and what it leaves to the next run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from flows.answers.markdown import words
from flows.health.last_runs import LastRun, build_of, read_run, record_run, round_of, run_of
from flows.health.problems import BUILD_LATE_AFTER, LATE_AFTER, Problem, problems_in, state_of
from flows.health.spent import Spending
from flows.health.standing import Facts, Standing
from flows.health.status import as_markdown
from flows.health.tokens import Token
from flows.health.watching import look
from flows.settings import Settings
from tests.flows.conftest import FACEBOOK_TOKEN, X_TOKEN, Said, Vendor, answer
from warehouse.missed import Missed

Campaign = Callable[..., Said]

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OK = LastRun(NOW - HOUR, NOW - HOUR, "ok", succeeded_at=NOW - HOUR)
X = Standing("x", last_collect=NOW - HOUR, last_round=OK, landed_at=NOW - HOUR)
FINE = Facts(NOW, (X,), published_at=NOW - HOUR / 2, built_at=NOW - HOUR / 2)


def failed(message: str, *kinds: str, outcome: str = "failed") -> LastRun:
    return LastRun(NOW - HOUR, NOW - HOUR, outcome, message, kinds, succeeded_at=NOW - 5 * HOUR)


def lines_in(facts: Facts) -> list[str]:
    return [str(problem) for problem in problems_in(facts)]


def test_a_home_that_is_collected_and_built_has_no_problem() -> None:
    assert problems_in(FINE) == ()
    assert state_of(X, FINE) == "fresh"


@pytest.mark.parametrize(
    ("late", "is_told"), [(LATE_AFTER, False), (LATE_AFTER + timedelta(minutes=1), True)]
)
def test_a_platform_that_nobody_asked_for_long_is_stale(late: timedelta, is_told: bool) -> None:
    standing = replace(X, last_collect=NOW - late, last_round=None)
    found = lines_in(replace(FINE, platforms=(standing,)))
    assert bool(found) is is_told
    if is_told:
        assert found == [
            "x: nothing was asked since 2026-05-20 09:29 UTC; run campaign collect, and see why its schedule "
            "does not (campaign serve, or the worker)"
        ]


def test_a_platform_that_no_campaign_asks_has_no_problem() -> None:
    standing = replace(
        X, is_active=False, last_collect=NOW - timedelta(days=90), last_round=failed("x: no; y")
    )
    token = Token("x", "X_BEARER_TOKEN", NOW, NOW, is_valid=False)
    assert problems_in(replace(FINE, platforms=(standing,), tokens=(token,))) == ()


def test_a_platform_that_never_had_a_credential_is_no_problem_and_one_that_lost_it_is() -> None:
    never = Standing("x", lacks="X_BEARER_TOKEN")
    assert problems_in(replace(FINE, platforms=(never,))) == ()
    assert state_of(never, FINE) == "no credential; set X_BEARER_TOKEN"
    lost = replace(X, lacks="X_BEARER_TOKEN", last_collect=NOW - timedelta(days=1))
    (line,) = lines_in(replace(FINE, platforms=(lost,)))
    assert line.endswith("; set X_BEARER_TOKEN")
    (line,) = lines_in(replace(FINE, platforms=(Standing("x"),)))
    assert line == "x: never collected; run campaign collect"


def test_a_round_that_failed_is_told_with_its_cure_and_the_last_success() -> None:
    standing = replace(X, last_round=failed("x: not allowed (403: Forbidden); grant the app that right"))
    facts = replace(FINE, platforms=(standing,))
    assert lines_in(facts) == [
        "x: the last round failed, the last success was at 2026-05-20 07:00 UTC: "
        "not allowed (403: Forbidden); grant the app that right"
    ]
    assert state_of(standing, facts) == "the last round failed"
    partial = replace(X, last_round=failed("x: gone (404); check it", outcome="partial"))
    (line,) = lines_in(replace(FINE, platforms=(partial,)))
    assert line.startswith("x: the last round read only a part, the last success")


def test_a_round_that_had_nothing_to_ask_is_a_success() -> None:
    nothing = LastRun(NOW - HOUR, NOW - HOUR, "nothing due", succeeded_at=NOW - HOUR)
    old = replace(X, last_round=nothing, landed_at=NOW - timedelta(days=3))
    assert problems_in(replace(FINE, platforms=(old,))) == ()
    assert old.last_success == NOW - HOUR


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(days=7), None),
        (
            timedelta(days=6, hours=23),
            "facebook: FACEBOOK_ACCESS_TOKEN expires in 6 days (2026-05-27 11:00 UTC); make a new one "
            "and set FACEBOOK_ACCESS_TOKEN; the steps are in docs/operations.md#facebook",
        ),
        (timedelta(hours=3), "facebook: FACEBOOK_ACCESS_TOKEN expires in less than a day"),
        (timedelta(0), "facebook: FACEBOOK_ACCESS_TOKEN has expired (2026-05-20 12:00 UTC)"),
        (-timedelta(days=40), "facebook: FACEBOOK_ACCESS_TOKEN has expired (2026-04-10 12:00 UTC)"),
    ],
)
def test_a_token_is_told_from_its_last_seven_days_on(left: timedelta, told: str | None) -> None:
    token = Token("facebook", "FACEBOOK_ACCESS_TOKEN", NOW, NOW, is_valid=True, expires_at=NOW + left)
    facebook = replace(X, platform="facebook")
    found = problems_in(replace(FINE, platforms=(facebook,), tokens=(token,)))
    assert [problem.kind for problem in found] == ([] if told is None else ["token"])
    if told is not None:
        assert str(found[0]).startswith(told)


def test_a_refused_token_is_told_once_whoever_found_it_out() -> None:
    refusal = failed("x: the token was refused (401); make a new one and set X_BEARER_TOKEN", "TokenInvalid")
    standing = replace(X, last_round=refusal)
    (by_round,) = problems_in(replace(FINE, platforms=(standing,)))
    assert by_round.kind == "token"
    assert by_round.fix == "make a new one and set X_BEARER_TOKEN"
    token = Token("x", "X_BEARER_TOKEN", NOW, NOW, is_valid=False, told="x: the token was refused (401); no")
    (by_token,) = problems_in(replace(FINE, platforms=(standing,), tokens=(token,)))
    assert by_token.line == "x: X_BEARER_TOKEN is refused (the token was refused (401))"


def test_a_permission_that_a_token_lacks_is_a_problem_until_it_is_there() -> None:
    token = Token("x", "X_BEARER_TOKEN", NOW, NOW, is_valid=True, missing=("read_insights",))
    (problem,) = problems_in(replace(FINE, tokens=(token,)))
    assert (problem.kind, problem.line) == (
        "token",
        "x: X_BEARER_TOKEN lacks the permission read_insights",
    )
    assert problem.fix.startswith("make one that has them and set it")
    expiring = replace(token, expires_at=NOW + HOUR)
    assert len({problem.key for problem in problems_in(replace(FINE, tokens=(expiring,)))}) == 2


def ended(place: Path, hours: int, outcome: str, *asked: str) -> LastRun:
    """A round that ended after so many hours, having asked for the days of these accounts."""
    at = NOW + hours * HOUR
    record_run(
        place,
        planned_for=at,
        ended_at=at,
        outcome=outcome,
        message="" if outcome == "ok" else "x: refused (403); grant it",
        asked=[("account", name) for name in asked],
    )
    found = read_run(place)
    assert found is not None
    return found


def test_what_is_asked_daily_and_refused_is_one_problem_until_it_was_asked_again_and_read(
    tmp_path: Path,
) -> None:
    place = round_of(tmp_path, "x")

    def keys(hours: int, outcome: str, *asked: str) -> list[str]:
        last = ended(place, hours, outcome, *asked)
        at = NOW + hours * HOUR
        standing = replace(X, last_collect=at, last_round=last, landed_at=at)
        facts = Facts(at, (standing,), published_at=at, built_at=at)
        assert (state_of(standing, facts) == "fresh") is (problems_in(facts) == ())
        return [problem.key for problem in problems_in(facts)]

    refused = ["round/x/"]
    assert keys(0, "partial", "us", "them") == refused
    assert [keys(hour, "ok") for hour in range(1, 24)] == [refused] * 23
    # Half of it is asked again, and in the next hour the half that is refused.
    assert keys(24, "ok", "us") == refused
    assert keys(25, "partial", "them") == refused
    assert keys(26, "failed") == refused
    assert keys(27, "nothing due") == refused
    assert keys(49, "ok", "us") == refused
    assert keys(50, "ok", "them") == []


def test_what_was_refused_and_is_asked_for_no_more_is_over_after_a_week(tmp_path: Path) -> None:
    place = round_of(tmp_path, "x")
    ended(place, 0, "partial", "us")
    assert ended(place, 24 * 8, "ok").refused is not None
    assert ended(place, 24 * 8 + 1, "ok").refused is None


def test_the_line_of_what_waits_to_be_asked_again_names_the_round_and_the_cure(tmp_path: Path) -> None:
    place = round_of(tmp_path, "x")
    ended(place, -2, "partial", "us")
    last = ended(place, -1, "ok")
    assert lines_in(replace(FINE, platforms=(replace(X, last_round=last),))) == [
        "x: the round of 2026-05-20 10:00 UTC read only a part, not all of which was asked again: "
        "refused (403); grant it"
    ]


def spent(day: str, month: str) -> Spending:
    return Spending(
        "water", "x", Decimal(day), Decimal("2.5"), Decimal(month), Decimal(60), (), Decimal("0.005")
    )


def test_a_budget_is_spent_when_not_even_the_cheapest_call_fits() -> None:
    assert problems_in(replace(FINE, spendings=(spent("2.495", "30"),))) == ()
    (line,) = lines_in(replace(FINE, spendings=(spent("2.496", "30"),)))
    assert line == (
        "x: the budget of water is spent ($2.496 of $2.500, usd_per_day); raise usd_per_day in its "
        "[[budgets]], or wait for midnight UTC"
    )
    (line,) = lines_in(replace(FINE, spendings=(spent("2.5", "60"),)))
    assert "wait for the next month" in line


def test_a_round_that_a_spent_budget_cut_short_is_told_as_the_budget() -> None:
    short = failed("x: the budget does not admit it; raise it", "OverBudget", outcome="partial")
    facts = replace(FINE, platforms=(replace(X, last_round=short),))
    assert [problem.kind for problem in problems_in(facts)] == ["budget"]
    facts = replace(facts, spendings=(spent("2.5", "30"),))
    assert [problem.kind for problem in problems_in(facts)] == ["budget"]


def test_tables_that_stay_behind_what_has_landed_are_told() -> None:
    behind = replace(FINE, built_at=NOW - HOUR - BUILD_LATE_AFTER, published_at=NOW - 20 * HOUR)
    assert problems_in(behind) == ()
    (line,) = lines_in(replace(behind, built_at=NOW - 2 * HOUR - BUILD_LATE_AFTER))
    assert line.startswith(
        "the tables are of 2026-05-20 04:00 UTC and answers have landed until 2026-05-20 11"
    )
    assert line.endswith("run campaign build, and see why its schedule does not")
    # Nothing came since, and still nobody built.
    old = replace(X, landed_at=NOW - 7 * HOUR)
    (line,) = lines_in(replace(behind, platforms=(old,), built_at=None, published_at=None))
    assert line.startswith("answers have waited for a build since 2026-05-20 05:00 UTC; run campaign build")


def test_a_build_that_failed_is_told_until_one_succeeds() -> None:
    facts = replace(FINE, last_build=failed("check no_gain_twice found offenders; report it"))
    assert lines_in(facts) == [
        "the build of 2026-05-20 11:00 UTC failed: check no_gain_twice found offenders; report it"
    ]


def gap(**more: object) -> Missed:
    told = {"campaign_id": "water", "platform": "x", "starts_at": NOW - 9 * HOUR, "ends_at": NOW - HOUR}
    counted = {"hours": 8.0, "polls": 7, "posts": 1, "is_over": False}
    return Missed(**{**told, **counted, **more})  # type: ignore[arg-type]


def test_a_gap_is_told_while_it_goes_on_and_nothing_else_explains_it() -> None:
    assert lines_in(replace(FINE, gaps=(gap(),))) == [
        "x: nothing of water was read since 2026-05-20 03:00 UTC (7 polls of 1 post missed); see what "
        "campaign collect says of it"
    ]
    assert problems_in(replace(FINE, gaps=(gap(is_over=True),))) == ()
    # A build will show whether it is over.
    assert problems_in(replace(FINE, gaps=(gap(),), built_at=NOW - 2 * HOUR)) == ()
    stale = replace(X, last_collect=NOW - 9 * HOUR, landed_at=NOW - 9 * HOUR)
    found = problems_in(replace(FINE, gaps=(gap(),), platforms=(stale,)))
    assert [problem.kind for problem in found] == ["stale"]


def test_tables_that_cannot_be_read_and_a_failed_run_of_another_flow_are_told() -> None:
    unreadable = "data/warehouse.duckdb cannot be opened (torn); run `campaign build --full`, which makes it"
    maintain = failed("no room; make some")
    found = problems_in(replace(FINE, unreadable=unreadable, runs=(("maintain", maintain), ("report", OK))))
    assert [(problem.kind, problem.fix) for problem in found] == [
        ("tables", "run `campaign build --full`, which makes it"),
        ("run", "make some"),
    ]


def test_every_problem_has_a_key_that_its_words_do_not_change() -> None:
    one = Problem("token", "x", "expires in 3 days", "renew it", "X_BEARER_TOKEN")
    assert one.key == replace(one, line="expires in 2 days").key == "token/x/X_BEARER_TOKEN"


def test_a_round_writes_down_how_it_ended(
    campaign: Campaign, home: Path, x_only: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = home / "data"
    assert campaign("collect", "--as-of", "2026-05-20T12:00Z").code == 0
    first = read_run(round_of(data, "x"))
    assert first is not None
    assert (first.outcome, first.message, first.ended_at) == ("ok", "", NOW)
    # Without a credential nobody was asked.
    assert read_run(round_of(data, "facebook")) is None

    refusal = {"error": {"message": f"Malformed {FACEBOOK_TOKEN}", "type": "OAuthException", "code": 190}}
    x_only.answers["/graph"] = answer(refusal, 400)
    x_only.answers["/2/tweets"] = answer({"title": "Forbidden", "status": 403}, 403)
    monkeypatch.setenv("FACEBOOK_API_URL", f"{x_only.url}/graph")
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", FACEBOOK_TOKEN)
    assert campaign("collect", "--as-of", "2026-05-21T12:00Z").code == 1
    x, facebook = (read_run(round_of(data, platform)) for platform in ("x", "facebook"))
    assert x is not None
    assert facebook is not None
    assert (x.outcome, x.succeeded_at) == ("partial", NOW)
    assert (facebook.outcome, facebook.kinds, facebook.succeeded_at) == ("failed", ("TokenInvalid",), None)
    kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert FACEBOOK_TOKEN.encode() not in kept
    assert X_TOKEN.encode() not in kept

    found = look(Settings(), NOW + timedelta(days=1, minutes=30)).problems
    assert [(problem.kind, problem.platform) for problem in found] == [("token", "facebook"), ("round", "x")]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"outcome": 1}', '{"planned_for": "2026-05-20"}'])
def test_a_damaged_record_of_a_run_is_none(tmp_path: Path, content: str) -> None:
    place = round_of(tmp_path, "x")
    place.parent.mkdir()
    place.write_text(content)
    assert read_run(place) is None
    record_run(place, planned_for=NOW, ended_at=NOW, outcome="ok")
    assert read_run(place) == LastRun(NOW, NOW, "ok", succeeded_at=NOW)


def test_a_build_that_changes_nothing_brings_the_tables_up_to_date_all_the_same(
    built: Path, home: Path, campaign: Campaign
) -> None:
    long_ago = datetime(2026, 5, 20, 13, tzinfo=UTC).timestamp()
    os.utime(built, (long_ago, long_ago))
    said = campaign("build")
    assert "unchanged" in said.out
    facts = look(Settings(), datetime.now(UTC)).facts
    assert facts is not None
    assert facts.published_at is not None
    assert facts.built_at is not None
    assert facts.built_at > facts.published_at
    assert "; still so by the build of " in campaign("status").out

    campaign("build", "--full")
    assert campaign("build", "--rollback").code == 0
    assert not build_of(home / "data").exists()


def test_a_refused_build_is_told_by_status_until_it_is_mended(
    built: Path, home: Path, campaign: Campaign
) -> None:
    toml = home / "campaigns" / "water.toml"
    kept = toml.read_text()
    record_run(
        build_of(home / "data"), planned_for=NOW, ended_at=NOW, outcome="failed", message="no room; make some"
    )
    said = campaign("status")
    assert said.code == 1
    assert said.err == "campaign: the build of 2026-05-20 12:00 UTC failed: no room; make some\n"
    assert campaign("build").code == 0
    assert campaign("status").code == 0
    toml.write_text(kept.replace("id =", "idea =", 1))
    said = campaign("status")
    assert said.code == 1
    assert said.err.startswith("campaign: the registry cannot be read: campaigns/water.toml")


def test_status_is_also_a_document_for_programs(built: Path, home: Path, campaign: Campaign) -> None:
    record_run(
        run_of(home / "data", "maintain"), planned_for=NOW, ended_at=NOW, outcome="failed", message="no; do"
    )
    said = campaign("status", "--format", "json")
    document = json.loads(said.out)
    assert said.code == 1
    assert document["is_healthy"] is False
    assert [(found["key"], found["fix"]) for found in document["problems"]] == [("run//maintain", "do")]
    (x,) = [standing for standing in document["platforms"] if standing["platform"] == "x"]
    assert (x["last_success"], x["posts"]) == ("2026-05-20T12:00:00+00:00", 2)
    assert document["tokens"] == []


def test_the_health_page_holds_nothing_but_words() -> None:
    hostile = "x: <img src=x> [click](https://evil.example) | *now* `rm` @channel"
    page = as_markdown(FINE, [Problem("round", "x", hostile, "see\nto it")])
    assert page.splitlines()[0] == "**1 to mend**"
    (line,) = [line for line in page.splitlines() if line.startswith("- ")]
    assert line.startswith(f"- {words(hostile)}; ")
    assert "\\<img src=x>" in line
    assert line.endswith("see to it")
    assert "| x | 2026-05-20 11:00 UTC (1 h ago) | never | fresh |" in page
    assert as_markdown(FINE, []).startswith("**All is well**")
