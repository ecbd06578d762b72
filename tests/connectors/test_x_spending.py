"""What a run on X costs, and that no budget is exceeded: the bill is worked out again from what landed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors import x
from connectors.asking import Ask, Mentions, Wanted
from connectors.sandbox.server import Sandbox
from connectors.spending import Ledger, Limit, Purse, Spent
from tests.connectors.conftest import TOKEN
from tests.connectors.loopback import Answer, Loopback
from tests.connectors.test_x import Connect
from tests.connectors.x_run import KEYS, OWN_ID, Run, walk

NOW = datetime(2019, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
POST, USER = Decimal("0.005"), Decimal("0.010")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(now=NOW) as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    sandbox.program()
    return Run(sandbox, NOW)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "spending.sqlite") as ledger:
        yield ledger


def purse(ledger: Ledger, now: datetime = NOW, **per_day: str) -> Purse:
    limits = [Limit(campaign, Decimal(usd), None) for campaign, usd in per_day.items()]
    return Purse(ledger, "x", limits, lambda: now)


def spent(ledger: Ledger, campaign: str | None = "c1", day: date = TODAY) -> Spent:
    return ledger.spent("x", campaign, day, day)


def bill(*runs: Run) -> Decimal:
    """What X would charge for the runs of one UTC day, from the answers alone."""
    bought: dict[tuple[str, str], Decimal] = {}
    for run in runs:
        for row in run.rows:
            if row["status"] != 200:
                continue
            body = json.loads(row["body"])
            if row["endpoint"] == "counts":
                archive = "/counts/all" in row["url"]
                bought["request", f"{id(run)} {row['response_id']}"] = Decimal(10 if archive else 5) / 1000
                continue
            shown = body.get("data", [])
            kind = "user" if row["endpoint"] == "users" else "post"
            for one in shown:
                bought.setdefault((kind, one["id"]), USER if kind == "user" else POST)
            for user in body.get("includes", {}).get("users", ()):
                bought.setdefault(("user", user["id"]), USER)
    return sum(bought.values(), Decimal(0))


def wanted(run: Run, count: int, campaign: str = "c1", *, is_author_known: bool = False) -> list[Wanted]:
    """Posts of Labour's timeline, found by a run of its own."""
    found = Run(run.sandbox, NOW).collect(walk("UKLabour")).bodies("timeline")[0]["data"]
    author = OWN_ID if is_author_known else None
    return [Wanted(campaign, post["id"], account_id=author) for post in found[:count]]


def test_a_run_costs_the_posts_and_accounts_that_it_shows_and_its_counts(run: Run, ledger: Ledger) -> None:
    mention = Mentions("c1", "hashtag", "VoteLabour", date(2019, 11, 1), date(2019, 11, 19))
    run.collect(walk("UKLabour"), walk("jessi"), mentions=[mention], purse=purse(ledger))
    assert spent(ledger).usd == bill(run)
    assert spent(ledger).resources["user"] == 2
    assert spent(ledger).resources["counts/all"] == 1
    assert spent(ledger).requests == len(run.rows)


def test_reading_again_within_a_utc_day_costs_nothing_and_on_the_next_all_of_it(
    run: Run, ledger: Ledger
) -> None:
    posts = wanted(run, 30)
    run.collect(walk("jessi"), posts=posts, purse=purse(ledger))
    once = spent(ledger)
    later = NOW + timedelta(hours=1)
    again = Run(run.sandbox, later).collect(walk("jessi"), posts=posts, purse=purse(ledger, later))
    assert spent(ledger).usd == once.usd == bill(run, again)
    assert spent(ledger).requests == once.requests + len(again.rows)
    tomorrow = NOW + timedelta(days=1)
    next_day = Run(run.sandbox, tomorrow).collect(posts=posts, purse=purse(ledger, tomorrow))
    assert spent(ledger, day=tomorrow.date()).usd == bill(next_day) == 30 * POST + USER


def test_a_page_is_only_as_large_as_the_budget_allows(run: Run, ledger: Ledger) -> None:
    # An account's name, then 23 posts and no more.
    run.collect(walk("UKLabour"), purse=purse(ledger, c1="0.128"))
    assert run.asked("timeline")[0]["max_results"] == "23"
    assert bill(run) == spent(ledger).usd <= Decimal("0.128")
    [(kind, message, count)] = run.troubles
    assert (kind, count) == ("OverBudget", 1)
    assert "raise usd_per_day" in message


def test_a_look_up_takes_as_many_posts_as_the_budget_allows(run: Run, ledger: Ledger) -> None:
    posts = wanted(run, 40, is_author_known=True)
    run.collect(posts=posts, purse=purse(ledger, c1="0.110"))
    assert [len(asked["ids"].split(",")) for asked in run.asked("posts")] == [20]
    assert spent(ledger).usd == bill(run) == Decimal("0.110")
    assert run.kinds() == ["OverBudget"]


def test_an_author_nobody_knows_is_reckoned_with_before_and_not_charged_twice_after(
    run: Run, ledger: Ledger
) -> None:
    run.collect(posts=wanted(run, 40), purse=purse(ledger, c1="0.150"))
    # At worst a post and its author each; what turned out cheaper was spent on more posts.
    assert len(run.asked("posts")[0]["ids"].split(",")) == 10
    assert len(run.asked("posts")) > 1
    assert spent(ledger).usd == bill(run) <= Decimal("0.150")


def test_a_used_up_budget_costs_its_campaign_alone(run: Run, ledger: Ledger) -> None:
    mention = Mentions("c1", "hashtag", "VoteLabour", date(2019, 11, 18), date(2019, 11, 19))
    run.collect(
        walk("UKLabour"),
        walk("BorisJohnson"),
        walk("jessi", campaign="c2"),
        posts=[*wanted(run, 3), *wanted(run, 3, "c2")],
        mentions=[mention],
        purse=purse(ledger, c1="0", c2="5"),
    )
    assert {row["campaign_id"] for row in run.rows} == {"c2"}
    assert run.kinds() == ["OverBudget"]
    assert spent(ledger) == Spent(Decimal(0))
    assert spent(ledger, "c2").usd == bill(run)


@pytest.mark.parametrize("usd", ["0.01", "0.02", "0.04", "0.06", "0.3", "0.611", "1.2", "2"])
def test_no_budget_is_exceeded_at_any_size(run: Run, ledger: Ledger, usd: str) -> None:
    mention = Mentions("c1", "hashtag", "VoteLabour", date(2019, 8, 1), date(2019, 11, 19))
    runs = [
        Run(run.sandbox, NOW).collect(
            walk("UKLabour"),
            walk("robdelaney"),
            posts=[*wanted(run, 9), Wanted("c1", "20")],
            mentions=[mention],
            purse=purse(ledger, c1=usd),
        )
        for _ in range(2)
    ]
    assert bill(*runs) == spent(ledger).usd <= Decimal(usd)
    assert spent(ledger).unsettled_usd == 0


def test_a_process_that_dies_in_a_call_leaves_it_counted(run: Run, ledger: Ledger) -> None:
    class Killed(BaseException):
        pass

    def die(row: dict[str, object]) -> None:
        raise Killed

    dying = Run(run.sandbox, NOW)
    dying.rows = type("Dying", (list,), {"append": lambda self, row: die(row)})()
    with pytest.raises(Killed):
        dying.collect(posts=[Wanted("c1", "20"), Wanted("c1", "21")], purse=purse(ledger, c1="0.040"))
    assert spent(ledger).unsettled_usd == Decimal("0.030")
    run.collect(posts=wanted(run, 9, is_author_known=True), purse=purse(ledger, c1="0.040"))
    assert run.kinds() == ["OverBudget"]
    assert run.rows == []


def test_failed_calls_are_free(run: Run, ledger: Ledger) -> None:
    run.sandbox.program({"match": "/tweets", "fault": "html_503", "times": 99})
    run.collect(walk("UKLabour"), purse=purse(ledger, c1="1"))
    assert spent(ledger) == Spent(USER, {"user": 1}, 1)


def test_the_own_timeline_is_cheaper_when_its_user_asks(run: Run, ledger: Ledger) -> None:
    run.collect(walk("UKLabour"), walk("jessi"), keys=KEYS, purse=purse(ledger))
    own = len(run.bodies("timeline")[0]["data"])
    jessis = len(run.bodies("timeline")[1].get("data", ()))
    # The private counters are of posts that were read already.
    assert len(run.of("private")) == 1
    assert spent(ledger).usd == own * Decimal("0.001") + jessis * POST + 2 * USER
    assert spent(ledger).resources["post"] == own + jessis


def test_without_a_purse_nothing_is_recorded_and_nothing_left_out(run: Run, ledger: Ledger) -> None:
    run.collect(walk("UKLabour"))
    assert spent(ledger, None) == Spent(Decimal(0))
    assert run.troubles == []


def test_prices_are_those_of_pay_per_use() -> None:
    prices = {name: str(usd) for name, usd in x.PRICES.items()}
    assert prices.pop("owned post") == "0.001"
    assert prices == {"post": "0.005", "user": "0.010", "counts/recent": "0.005", "counts/all": "0.010"}


def test_an_answer_that_cannot_be_read_counts_with_the_most_that_it_can_cost(
    run: Run, ledger: Ledger
) -> None:
    run.sandbox.program({"match": "/2/tweets?", "fault": "truncated_json", "times": 99})
    run.collect(posts=[Wanted("c1", "20", account_id="12")], purse=purse(ledger, c1="0.020"))
    assert run.kinds() == ["Unreadable"]
    assert spent(ledger).unsettled_usd == POST + USER
    run.sandbox.program()
    # It is not taken for paid, for perhaps it was not.
    run.collect(posts=wanted(run, 9, is_author_known=True), purse=purse(ledger, c1="0.020"))
    assert "OverBudget" in run.kinds()


def test_a_count_is_paid_each_time_it_was_sent_and_never_sent_more_often_than_there_is_money(
    run: Run, ledger: Ledger
) -> None:
    mention = Mentions("c1", "hashtag", "VoteLabour", date(2019, 11, 18), date(2019, 11, 19))
    run.sandbox.program({"match": "/counts/", "fault": "truncated_json", "times": 1})
    run.collect(mentions=[mention], purse=purse(ledger, c1="1"))
    assert len(run.of("counts")) == 2
    assert spent(ledger) == Spent(Decimal("0.010"), {"counts/recent": 2}, 1)
    run.sandbox.program({"match": "/counts/", "fault": "truncated_json", "times": 99})
    poor = Run(run.sandbox, NOW).collect(mentions=[mention], purse=purse(ledger, c2="0", c1="0.021"))
    assert len(poor.of("counts")) == 2
    assert spent(ledger).usd == Decimal("0.020")


def test_a_call_that_never_left_is_free_and_one_that_broke_off_is_not(
    server: Loopback, connect: Connect, ledger: Ledger
) -> None:
    server.on("/2/tweets", Answer({"data": []}, is_cut=True))
    ask = Ask("x", posts=(Wanted("c1", "20", account_id="12"),))
    x.collect(ask, connect(x, base_url="http://127.0.0.1:9").session, TOKEN, purse=purse(ledger))
    assert spent(ledger) == Spent(Decimal(0))
    x.collect(ask, connect(x).session, TOKEN, purse=purse(ledger))
    assert spent(ledger).unsettled_usd == POST + USER


def test_what_two_campaigns_want_is_paid_by_the_one_that_can(run: Run, ledger: Ledger) -> None:
    walks = [replace(walk("UKLabour"), others=("c2",))]
    posts = [replace(one, others=("c2",)) for one in wanted(run, 1)]
    run.collect(*walks, posts=[*posts, Wanted("c1", "20")], purse=purse(ledger, c1="0.02", c2="5"))
    assert spent(ledger, "c1").usd <= Decimal("0.02")
    assert run.of("timeline")
    assert {row["campaign_id"] for row in run.of("timeline")} == {"c2"}
