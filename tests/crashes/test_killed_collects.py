"""Collects that are killed: what their logs called landed is there, and the numbers are those of collects
that came to their ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.spending import Ledger
from flows.home import LEDGER
from tests.crashes.conftest import Chance, Home
from tests.warehouse.compare import differences, everything_said

FIRST = datetime(2019, 11, 1, tzinfo=UTC)
HOURS = timedelta(hours=3)
KILLS = 16
# Kills of a collect before it is let run to its end.
AT_MOST = 2


def arguments(number: int) -> list[str]:
    """The numbered collect: every other one reads everything, due or not."""
    due_or_not = ["--all"] if number % 2 == 0 else []
    return ["collect", "--verbose", "--as-of", (FIRST + number * HOURS).isoformat(), *due_or_not]


def test_nothing_that_a_killed_collect_called_landed_is_lost_and_nothing_counts_twice(
    home: Home, unharmed: Home, chance: Chance
) -> None:
    unharmed.succeeds(*arguments(0))
    home.succeeds(*arguments(0))
    number, left = 0, chance.kills(KILLS)
    while left > 0:
        number += 1
        usual = unharmed.succeeds(*arguments(number))
        for _ in range(chance.random.randint(1, AT_MOST)):
            if left % 2:
                home.campaign(*arguments(number), before_naming=chance.random.randrange(usual.named))
            else:
                home.campaign(*arguments(number), after_s=chance.instant(usual.seconds))
            left -= 1
            home.check_landing()
        home.succeeds(*arguments(number))
        home.check_landing()
    # Some come to their ends before they are to be killed.
    assert home.kills > chance.kills(KILLS) / 8
    unharmed.succeeds("build")
    home.succeeds("build")
    assert differences(everything_said(unharmed.warehouse), everything_said(home.warehouse)) == {}
    # What a killed collect had set aside stays counted: a budget is never exceeded, and never forgotten.
    first, last = FIRST.date(), (FIRST + (number + 1) * HOURS).date()
    with Ledger(unharmed.folder / LEDGER) as due, Ledger(home.folder / LEDGER) as paid:
        spent = paid.spent("x", None, first, last)
        assert spent.usd - spent.unsettled_usd >= due.spent("x", None, first, last).usd
