"""X asked side by side: the same posts at the same price as one after the other, and no budget overdrawn."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors import x
from connectors.asking import Ask, Walk, Wanted
from connectors.errors import TokenInvalid
from connectors.sandbox.server import Sandbox
from connectors.spending import Ledger, Limit, Line, Purse, Spent
from connectors.wire import Report
from tests.connectors.conftest import TOKEN
from tests.connectors.loopback import Answer, Asked, Loopback
from tests.connectors.test_side_by_side import PATIENCE_S, Connect
from tests.connectors.x_run import Run, walk

NOW = datetime(2019, 11, 20, 12, tzinfo=UTC)
TODAY = date(2019, 11, 20)
HANDLES = ("UKLabour", "Conservatives", "jeremycorbyn", "LibDems")
POST, USER = Decimal("0.005"), Decimal("0.010")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(now=NOW) as sandbox:
        yield sandbox


def purse(ledger: Ledger, usd: str | None) -> Purse:
    limits = [] if usd is None else [Limit("c1", Decimal(usd), None)]
    return Purse(ledger, "x", limits, lambda: NOW)


def counters(run: Run) -> dict[str, str]:
    """What the answers told of each post."""
    return {
        post["id"]: json.dumps(post.get("public_metrics"), sort_keys=True)
        for row in run.rows
        if row["status"] == 200 and row["endpoint"] in ("timeline", "posts")
        for post in json.loads(row["body"]).get("data", [])
    }


@pytest.mark.parametrize("usd", [None, "40", "0.62"])
def test_side_by_side_reads_the_same_posts_for_the_same_money(
    sandbox: Sandbox, tmp_path: Path, usd: str | None
) -> None:
    found: list[tuple[Any, ...]] = []
    for in_flight in (1, 4):
        sandbox.program()
        with Ledger(tmp_path / f"{in_flight}.sqlite") as ledger:
            run = Run(sandbox, NOW, in_flight=in_flight).collect(
                *(walk(handle) for handle in HANDLES), purse=purse(ledger, usd)
            )
            spent = ledger.spent("x", None, TODAY, TODAY)
            found.append(
                (
                    counters(run),
                    spent.usd,
                    spent.unsettled_usd,
                    sorted(run.troubles),
                    sorted(str(one) for one in run.listed.walked),
                    sorted(str(one) for one in run.listed.walked_back),
                )
            )
    assert found[0] == found[1]
    assert found[0][0]
    assert found[0][2] == 0


@dataclass
class Timelines:
    """X with endless timelines: each page has half as many new posts as are asked for. The first pages come
    when `together` are on their way, and each asks the ledger what is spent before it is answered.
    """

    together: int
    ledger: Ledger
    served: int = 0
    inside: int = 0
    most: int = 0
    spent: list[Decimal] = field(default_factory=list)
    change: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, asked: Asked) -> Answer:
        author = asked.path.split("/")[3]
        size = int(asked.parameters["max_results"]) // 2
        with self.change:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.change.notify_all()
            self.change.wait_for(lambda: self.most >= self.together, PATIENCE_S)
            self.spent.append(self.ledger.spent("x", "c1", TODAY, TODAY).usd)
            first, self.served = self.served, self.served + size
            self.inside -= 1
        posts = [
            {
                "id": str(10**6 + number),
                "author_id": author,
                "created_at": "2019-11-10T10:00:00.000Z",
                "edit_history_tweet_ids": [str(10**6 + number)],
                "public_metrics": {"retweet_count": 0, "impression_count": 1},
            }
            for number in range(first, first + size)
        ]
        users = [{"id": author, "username": f"account{author}"}]
        meta = {"next_token": f"t{first}", "result_count": size}
        return Answer({"data": posts, "includes": {"users": users}, "meta": meta})


@pytest.mark.parametrize(("usd", "together"), [("6.00", 4), ("2.07", 1), ("0.53", 1)])
def test_requests_on_their_way_never_overdraw_a_budget(
    server: Loopback, connect: Connect, tmp_path: Path, usd: str, together: int
) -> None:
    with Ledger(tmp_path / "spending.sqlite") as ledger:
        timelines = Timelines(together, ledger)
        for author in range(6):
            server.on(f"/2/users/{author}/tweets", timelines.answer)
        wire = connect(x, in_flight=4, now=lambda: NOW, as_of=NOW)
        walks = tuple(
            Walk("c1", datetime(2019, 10, 29, tzinfo=UTC), account_id=str(author)) for author in range(6)
        )
        x.collect(Ask("x", walks), wire.session, TOKEN, purse=purse(ledger, usd))
        after = ledger.spent("x", "c1", TODAY, TODAY)
    assert timelines.most == together
    # What is set aside for those on their way counts as spent.
    assert max(timelines.spent) <= Decimal(usd)
    assert after.usd <= Decimal(usd)
    assert after.unsettled_usd == 0
    # Nobody makes do with a small page while money comes back from others.
    sizes = [int(asked.parameters["max_results"]) for asked in server.asked]
    assert sizes == sorted(sizes, reverse=True)
    # And all of it was used, as far as the smallest page allows.
    assert Decimal(usd) - after.usd < 5 * POST + USER
    assert after.usd == timelines.served * POST + len({a.path for a in server.asked}) * USER
    assert wire.kinds() == ["OverBudget"]
    # Every one of them has a next page.
    assert wire.session.report.walked == []


@dataclass
class Ended:
    """A run of two accounts in which the second is refused while the first waits to ask again."""

    asked: list[str]
    report: Report
    spent: Spent


def end_while_one_waits(
    server: Loopback, connect: Connect, tmp_path: Path, change: Callable[[Answer], Answer]
) -> Ended:
    """`change` makes the first account's answer of its page, after which ten minutes' calls are used up."""
    is_sent, is_waiting, is_refused = threading.Event(), threading.Event(), threading.Event()

    def refuse(asked: Asked) -> Answer:
        is_sent.set()
        is_waiting.wait(PATIENCE_S)
        return Answer({"title": "Unauthorized"}, status=401)

    def sleep(_seconds: float) -> None:
        if wire.session.report.waits_s > 300:
            is_waiting.set()
            is_refused.wait(PATIENCE_S)

    def land(row: dict[str, Any]) -> None:
        if row["status"] == 401:
            is_refused.set()

    with Ledger(tmp_path / "spending.sqlite") as ledger:
        timelines = Timelines(1, ledger)

        def page(asked: Asked) -> Answer:
            # Asked after this answer, the second would wait too, and nobody would be refused.
            is_sent.wait(PATIENCE_S)
            reset = str(int((NOW + timedelta(minutes=10)).timestamp()))
            headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
            return change(replace(timelines.answer(asked), headers=headers))

        server.on("/2/users/1/tweets", page)
        server.on("/2/users/2/tweets", refuse)
        wire = connect(x, in_flight=2, now=lambda: NOW, as_of=NOW, sleep=sleep, land=land)
        walks = tuple(Walk("c1", datetime(2019, 10, 29, tzinfo=UTC), account_id=one) for one in "12")
        with pytest.raises(TokenInvalid):
            x.collect(Ask("x", walks), wire.session, TOKEN, purse=purse(ledger, None))
        spent = ledger.spent("x", None, TODAY, TODAY)
    return Ended(sorted(server.paths()), wire.session.report, spent)


def test_a_call_that_was_not_sent_costs_nothing(server: Loopback, connect: Connect, tmp_path: Path) -> None:
    """What was set aside for the next page, which nobody asked for, is free again."""
    run = end_while_one_waits(server, connect, tmp_path, lambda answer: answer)
    assert run.asked == ["/2/users/1/tweets", "/2/users/2/tweets"]
    assert (run.spent.usd, run.spent.unsettled_usd) == (50 * POST + USER, Decimal(0))
    assert [walk.account_id for walk, _ in run.report.walked_back] == ["1"]


def test_a_call_that_was_sent_once_stays_counted_though_it_is_not_sent_again(
    server: Loopback, connect: Connect, tmp_path: Path
) -> None:
    run = end_while_one_waits(server, connect, tmp_path, lambda answer: replace(answer, body="[not json"))
    assert run.asked == ["/2/users/1/tweets", "/2/users/2/tweets"]
    assert run.report.unsure == 1
    # X may have charged for the page.
    assert (run.spent.usd, run.spent.unsettled_usd) == (100 * POST + USER, 100 * POST + USER)
    assert run.report.walked == []


def test_a_look_up_that_was_answered_is_not_asked_again_because_another_was_put_off(
    server: Loopback, connect: Connect, tmp_path: Path
) -> None:
    """The first hundred use up what may be used before the listing; the second are paid for already."""
    strangers, paid = [str(10**6 + n) for n in range(100)], [str(10**7 + n) for n in range(100)]

    def look_up(asked: Asked) -> Answer:
        ids = asked.parameters["ids"].split(",")
        if ids[0] in paid:
            gone = "https://api.twitter.com/2/problems/resource-not-found"
            return Answer({"errors": [{"resource_id": one, "type": gone, "title": "Gone"} for one in ids]})
        posts = [{"id": one, "author_id": f"9{one}", "edit_history_tweet_ids": [one]} for one in ids]
        return Answer({"data": posts, "includes": {"users": [{"id": f"9{one}"} for one in ids]}})

    server.on("/2/tweets", look_up)
    server.on("/2/users/1/tweets", Answer({"data": [], "meta": {"result_count": 0}}))
    with Ledger(tmp_path / "spending.sqlite") as ledger:
        with purse(ledger, None).buying("c2") as receipt:
            receipt.got(Line("post", POST, tuple(paid)))
        wire = connect(x, in_flight=2, now=lambda: NOW, as_of=NOW)
        walks = (Walk("c1", datetime(2019, 10, 29, tzinfo=UTC), account_id="1"),)
        posts = tuple(Wanted("c1", one) for one in (*strangers, *paid))
        x.collect(Ask("x", walks, posts), wire.session, TOKEN, purse=purse(ledger, "1.55"))
    asked = Counter(one for call in server.of("/2/tweets") for one in call.parameters["ids"].split(","))
    assert {asked[one] for one in paid} == {1}
    # More of the first were asked for in the end.
    assert 68 < sum(asked[one] for one in strangers) <= 100
