"""What tests that share their builds rely on: a world is told of itself alone, and no failure is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.warehouse.lake import campaign, x_post
from tests.warehouse.together import Steps, Together, World

MOMENT = datetime(2019, 11, 2, 12, tzinfo=UTC)

together = Together()


def fill(world: World, retweets: int) -> None:
    world.register(campaign(assets={"film": ["x:1"]}))
    world.answer(MOMENT, {"data": [x_post("1", retweets=retweets)]})


@together.test
def test_a_world_is_told_of_its_own_rows_alone_whatever_it_asks(world: World) -> Steps:
    fill(world, 7)
    yield
    assert world.query("select campaign_id, asset_id, retweets from marts.asset_totals") == [
        ("water", "film", 7)
    ]
    assert world.query("select post_id, account_id from facts.posts") == [("1", "9")]
    assert world.query("select campaign_id from registry.campaigns") == [("water",)]
    joined = "marts.asset_totals as totals join registry.assets as assets using (campaign_id, asset_id)"
    assert world.query(f"select totals.retweets, assets.asset_id from {joined}") == [(7, "film")]
    for table in ("marts.metrics", "summaries.platform_hours"):
        with pytest.raises(LookupError, match="whose its rows are"):
            world.query(f"from {table}")


@together.test
def test_what_was_not_compared_is_not_like_a_full_build(world: World) -> Steps:
    fill(world, 1000)
    for _ in range(2):
        yield
        assert world.unlike_a_full_build != {}


def test_a_build_that_fails_ends_all_tests_that_wait_for_it_and_no_other(tmp_path: Path) -> None:
    among = Together()
    asked = []

    @among.test
    def done(world: World) -> Steps:
        fill(world, 7)
        yield

    @among.test
    def wrong(world: World) -> Steps:
        fill(world, 7)
        yield
        pytest.fail("this is wrong")

    @among.test
    def of_a_new_zone(world: World) -> Steps:
        fill(world, 7)
        yield
        world.register(campaign(timezone="Pacific/Auckland"))
        yield

    @among.test
    def waiting(world: World) -> Steps:
        asked.append(world)
        yield
        yield

    done(tmp_path)
    with pytest.raises(pytest.fail.Exception, match="this is wrong"):
        wrong(tmp_path)
    for test in (of_a_new_zone, waiting):
        with pytest.raises(AssertionError, match="brought a time zone") as raised:
            test(tmp_path)
        assert "102~ is of_a_new_zone, 103~ is waiting" in raised.value.__notes__[0]
    # They were run once.
    assert len(asked) == 1
