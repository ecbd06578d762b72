"""Backfills and forgetting that are killed, again and again, come to the same end as those that nobody
kills."""

from __future__ import annotations

import shutil

import pytest

from tests.crashes.conftest import Chance, Home, copied
from tests.warehouse.compare import differences, everything_said

BACKFILL = ["backfill", "--verbose", "--start", "2019-10-29", "--end", "2019-11-10"]
BACKFILL += ["--as-of", "2019-11-12T06:00Z"]
# Of the backfills, so many are built and compared.
BUILT = 1


@pytest.fixture
def begun(collected: Home, home: Home) -> Home:
    """A copy of it."""
    shutil.copytree(collected.folder, home.folder)
    return home


def test_a_backfill_killed_again_and_again_fills_what_one_that_is_let_run_fills(
    begun: Home, chance: Chance
) -> None:
    unharmed = copied(begun, "unharmed")
    measured = unharmed.succeeds(*BACKFILL)
    assert unharmed.acknowledged.total() > 10
    unharmed.succeeds("build")
    due = everything_said(unharmed.warehouse)
    for number in range(chance.kills(1)):
        one = copied(begun, f"{number}")
        for left in range(6):
            if left % 2:
                one.campaign(*BACKFILL, before_naming=chance.random.randrange(measured.named))
            else:
                one.campaign(*BACKFILL, after_s=chance.instant(measured.seconds))
            one.check_landing()
        one.succeeds(*BACKFILL)
        one.check_landing()
        assert one.succeeds(*BACKFILL).said.count(" landed ") == 0, "a finished window was asked again"
        begun.add(one)
        if number < BUILT:
            one.succeeds("build")
            assert differences(due, everything_said(one.warehouse)) == {}


def test_forgetting_that_is_killed_is_finished_by_doing_it_again(begun: Home, chance: Chance) -> None:
    ((post,),) = begun.ask("select min('x:' || post_id) from marts.posts where platform = 'x'")
    unharmed = copied(begun, "unharmed")
    responses = unharmed.check_landing()
    measured = unharmed.succeeds("forget", post)
    due = everything_said(unharmed.warehouse)
    one = copied(begun, "killed")
    for left in range(chance.kills(4)):
        if left % 2:
            one.campaign("forget", post, before_naming=chance.random.randrange(measured.named))
        else:
            one.campaign("forget", post, after_s=chance.instant(measured.seconds))
        assert one.check_landing() >= responses
        one.ask("select count(*) from marts.asset_totals")
    one.succeeds("forget", post)
    begun.add(one)
    assert differences(due, everything_said(one.warehouse)) == {}
