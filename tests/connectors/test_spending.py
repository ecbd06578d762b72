"""The spending ledger: a budget is never exceeded, whatever dies and however many spend at once."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import OverBudget, Transient
from connectors.spending import Ledger, LedgerError, Limit, Line, Purse, Spent
from tests.unprivileged import unwritable

DAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
POST, USER = Decimal("0.005"), Decimal("0.010")
ONE_DOLLAR = Limit("c1", Decimal(1), None)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "spending.sqlite") as ledger:
        yield ledger


def posts(*ids: str, count: int = 0) -> Line:
    return Line("post", POST, ids, count)


def purse(ledger: Ledger, *limits: Limit, now: datetime = NOON) -> Purse:
    return Purse(ledger, "x", limits, lambda: now)


def buy(purse: Purse, *lines: Line, campaign: str = "c1") -> None:
    """A call that costs what it might."""
    with purse.buying(campaign, *lines) as receipt:
        receipt.got(*lines)


def spent(ledger: Ledger, campaign: str | None = "c1", first: date = DAY, last: date = DAY) -> Spent:
    return ledger.spent("x", campaign, first, last)


def test_what_a_call_showed_is_charged_and_counted(ledger: Ledger) -> None:
    with purse(ledger).buying("c1", posts(count=100), Line("user", USER, ("9",))) as receipt:
        receipt.got(posts("1", "2"), Line("user", USER, ("9",)))
    assert spent(ledger) == Spent(Decimal("0.02"), {"post": 2, "user": 1}, 1)


def test_a_resource_is_charged_once_a_utc_day_whichever_campaign_reads_it(ledger: Ledger) -> None:
    midnight = datetime(2026, 11, 3, tzinfo=UTC)
    buy(purse(ledger), posts("1", "2"))
    buy(purse(ledger), posts("2", "1", "1"))
    buy(purse(ledger, now=midnight - timedelta(seconds=1)), posts("2", "3"), campaign="c2")
    buy(purse(ledger, now=midnight), posts("1"))
    assert spent(ledger) == Spent(Decimal("0.010"), {"post": 2}, 2)
    assert spent(ledger, "c2") == Spent(Decimal("0.005"), {"post": 1}, 1)
    assert spent(ledger, None, DAY, date(2026, 11, 3)) == Spent(Decimal("0.020"), {"post": 4}, 4)


def test_requests_are_charged_each(ledger: Ledger) -> None:
    line = Line("counts/all", USER, count=1)
    buy(purse(ledger), line)
    buy(purse(ledger), line)
    assert spent(ledger) == Spent(Decimal("0.02"), {"counts/all": 2}, 2)


def test_platforms_do_not_share_a_budget_or_a_resource(ledger: Ledger) -> None:
    buy(purse(ledger, ONE_DOLLAR), posts("1"))
    buy(Purse(ledger, "y", [ONE_DOLLAR], lambda: NOON), posts("1"))
    assert ledger.spent("y", "c1", DAY, DAY).usd == Decimal("0.005")


def test_another_name_of_a_resource_costs_nothing_the_next_time(ledger: Ledger) -> None:
    purse_ = purse(ledger, Limit("c1", Decimal("0.010"), None))
    with purse_.buying("c1", Line("user", USER, ("@us",))) as receipt:
        receipt.got(Line("user", USER, ("9",), 0, ("@us",)))
    buy(purse_, Line("user", USER, ("@us",)))
    assert purse_.unpaid("user", ["@us", "9", "8"]) == ["8"]
    assert spent(ledger).usd == Decimal("0.010")


def test_a_failed_call_is_free(ledger: Ledger) -> None:
    with pytest.raises(Transient), purse(ledger).buying("c1", posts(count=100)):
        raise Transient("x", "down")
    assert spent(ledger) == Spent(Decimal(0))


def test_a_call_that_shows_nothing_is_a_request_all_the_same(ledger: Ledger) -> None:
    with purse(ledger).buying("c1", posts(count=100)):
        pass
    assert spent(ledger) == Spent(Decimal(0), {}, 1)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_an_interrupted_call_stays_counted_on_its_day(ledger: Ledger, interruption: type) -> None:
    with pytest.raises(interruption), purse(ledger, ONE_DOLLAR).buying("c1", posts(count=100)):
        raise interruption
    assert spent(ledger) == Spent(Decimal("0.5"), {}, 0, Decimal("0.5"))
    with pytest.raises(OverBudget), purse(ledger, ONE_DOLLAR).buying("c1", posts(count=101)):
        pass
    tomorrow = purse(ledger, ONE_DOLLAR, now=NOON + timedelta(days=1))
    assert tomorrow.room("c1") == 1


def test_a_call_that_might_cost_too_much_is_not_made(ledger: Ledger) -> None:
    buy(purse(ledger), posts(*map(str, range(150))))
    limited = purse(ledger, ONE_DOLLAR)
    with pytest.raises(OverBudget) as refused, limited.buying("c1", posts(count=51)):
        pytest.fail("the call was made")
    assert str(refused.value) == (
        "x: c1 may spend 1.000 USD a day and has spent 0.750: too much for a call of 0.255; "
        "raise usd_per_day under [[budgets]] or wait for the next day (UTC)"
    )
    assert spent(ledger).unsettled_usd == 0
    assert limited.room("c1") == Decimal("0.25")
    # What was read today costs nothing again.
    buy(limited, posts(*map(str, range(200))))
    assert (spent(ledger).usd, limited.room("c1")) == (Decimal(1), Decimal(0))


def test_a_month_is_a_calendar_month_and_another_campaigns_budget_is_its_own(ledger: Ledger) -> None:
    monthly = Limit("c1", None, Decimal(1))
    buy(purse(ledger, monthly, now=NOON - timedelta(days=2)), posts(count=200))
    assert purse(ledger, monthly).room("c1") == 1
    buy(purse(ledger, monthly), posts(count=150))
    end = purse(ledger, monthly, now=datetime(2026, 11, 30, 23, tzinfo=UTC))
    with pytest.raises(OverBudget, match="usd_per_month"), end.buying("c1", posts(count=51)):
        pass
    assert purse(ledger, monthly).room("c2") is None
    buy(purse(ledger, monthly), posts(count=1000), campaign="c2")


def test_a_budget_of_nothing_buys_nothing(ledger: Ledger) -> None:
    with pytest.raises(OverBudget), purse(ledger, Limit("c1", Decimal(0), None)).buying("c1", posts("1")):
        pass


def test_the_clock_of_another_zone_spends_on_the_utc_day(ledger: Ledger) -> None:
    buy(purse(ledger, now=datetime.fromisoformat("2026-11-03T01:30:00+02:00")), posts("1"))
    assert spent(ledger).usd == POST


def test_a_ledger_outlives_its_process(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "spending.sqlite"
    with Ledger(path) as ledger:
        buy(purse(ledger), posts("1"))
    with Ledger(path) as ledger:
        buy(purse(ledger), posts("1", "2"))
        assert spent(ledger).usd == Decimal("0.010")
    assert [file.name for file in path.parent.iterdir()] == ["spending.sqlite"]


def test_a_damaged_ledger_says_so_and_spends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "spending.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(LedgerError, match=r"spending ledger .* cannot be used .* mend it"):
        Ledger(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError):
        Ledger(tmp_path / "file" / "spending.sqlite")


def test_a_ledger_can_be_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "home" / "spending.sqlite"
    with pytest.raises(LedgerError):
        Ledger(path, only_to_read=True)
    assert not path.parent.exists()
    with Ledger(path) as ledger:
        buy(purse(ledger), posts("1"))
        # Beside a process that writes.
        with Ledger(path, only_to_read=True) as reader:
            assert spent(reader).usd == Decimal("0.005")
            with pytest.raises(LedgerError, match="readonly"):
                buy(purse(reader), posts("2"))
    with unwritable(path.parent):
        with pytest.raises(LedgerError):
            Ledger(path)
        with Ledger(path, only_to_read=True) as reader:
            assert spent(reader).usd == Decimal("0.005")
    assert [file.name for file in path.parent.iterdir()] == ["spending.sqlite"]


def test_a_ledger_whose_last_calls_cannot_be_read_is_not_read_without_them(tmp_path: Path) -> None:
    path = tmp_path / "spending.sqlite"
    copied = tmp_path / "copied"
    copied.mkdir()
    with Ledger(path) as ledger:
        buy(purse(ledger), posts("1"))
        # As a backup of a running machine has it.
        for name in ("spending.sqlite", "spending.sqlite-wal"):
            shutil.copyfile(tmp_path / name, copied / name)
    with unwritable(copied), pytest.raises(LedgerError, match="cannot be used"):
        Ledger(copied / "spending.sqlite", only_to_read=True)
    with Ledger(copied / "spending.sqlite", only_to_read=True) as reader:
        assert spent(reader).usd == Decimal("0.005")


def test_days_long_past_keep_their_sums_and_lose_their_resources(ledger: Ledger, tmp_path: Path) -> None:
    buy(purse(ledger), posts("1"))
    buy(purse(ledger, now=NOON + timedelta(days=2)), posts("1"))
    with sqlite3.connect(tmp_path / "spending.sqlite") as con:
        kept = con.execute("select distinct day from paid").fetchall()
    con.close()
    assert kept == [("2026-11-04",)]
    assert spent(ledger).usd == POST


# -- whatever happens

A_MONTH_ON = NOON + timedelta(days=30)

CALLS = st.lists(
    st.tuples(
        st.sampled_from(["c1", "c2"]),
        st.sampled_from([NOON, NOON + timedelta(hours=11), NOON + timedelta(days=1), A_MONTH_ON]),
        st.lists(st.integers(1, 12).map(str), max_size=6, unique=True),
        st.integers(0, 4),
        st.sampled_from(["settled", "partly", "failed", "killed"]),
    ),
    max_size=30,
    # Runs side by side may be a day apart at midnight, and no more: what was read is known for so long.
).map(lambda calls: sorted(calls, key=lambda call: call[1] == A_MONTH_ON))


class Killed(BaseException):
    """What a kill leaves behind: a reservation that nobody settles."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=CALLS, daily=st.integers(0, 12), monthly=st.integers(0, 20))
def test_no_sequence_of_calls_exceeds_a_limit_and_what_was_read_today_is_free(
    tmp_path: Path, calls: Sequence[tuple[str, datetime, list[str], int, str]], daily: int, monthly: int
) -> None:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
    limits = [Limit("c1", daily * POST, monthly * POST), Limit("c2", None, monthly * POST)]
    charged: set[tuple[date, str]] = set()
    sure: dict[tuple[str, date], int] = {}
    with Ledger(path) as ledger:
        for campaign, now, ids, unknown, end in calls:
            today = now.date()
            before = spent(ledger, campaign, today, today).usd
            is_free = not unknown and {(today, one) for one in ids} <= charged
            with (
                suppress(OverBudget, Transient, Killed),
                purse(ledger, *limits, now=now).buying(campaign, posts(*ids, count=unknown)) as receipt,
            ):
                if end == "failed":
                    raise Transient("x", "down")
                if end == "killed":
                    raise Killed
                got = ids if end == "settled" else ids[::2]
                new = {(today, one) for one in got} - charged
                receipt.got(posts(*got))
                charged |= new
                sure[campaign, today] = sure.get((campaign, today), 0) + len(new)
            after = spent(ledger, campaign, today, today)
            assert not is_free or after.usd == before
            # Never less than what the platform charged for certain.
            assert after.usd >= sure.get((campaign, today), 0) * POST
            for limit in limits:
                for usd, first, last in (
                    (limit.usd_per_day, today, today),
                    (limit.usd_per_month, today.replace(day=1), today.replace(day=28) + timedelta(days=3)),
                ):
                    window = ledger.spent("x", limit.campaign_id, first, last)
                    assert usd is None or window.usd <= usd


def _spend(path: Path, number: int, start: Callable[[], object]) -> None:
    """Buys until the budget is used up; the first of them is killed in the middle of a call."""
    with Ledger(path) as ledger:
        if number:
            start()
        for n in range(1000):
            try:
                with purse(ledger, ONE_DOLLAR).buying(
                    "c1", posts(*(f"{number}-{n}-{k}" for k in range(4)))
                ) as receipt:
                    if number == 0:
                        start()
                        os.kill(os.getpid(), signal.SIGKILL)
                    receipt.got(posts(f"{number}-{n}-0"))
            except OverBudget:
                return


def test_processes_that_spend_at_once_stay_within_one_budget_though_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "spending.sqlite"
    processes = multiprocessing.get_context("spawn")
    barrier = processes.Barrier(3)
    spenders = [processes.Process(target=_spend, args=(path, n, barrier.wait)) for n in range(3)]
    for spender in spenders:
        spender.start()
    for spender in spenders:
        spender.join(60)
    assert [spender.exitcode for spender in spenders] == [-9, 0, 0]
    with Ledger(path) as ledger:
        found = spent(ledger)
    assert found.unsettled_usd == 4 * POST
    # What is left pays for no call of four posts.
    assert 1 - 4 * POST < found.usd <= 1
    assert found.usd - found.unsettled_usd == found.resources["post"] * POST
