"""Changes that reach further than the days of new readings: the warehouse that was brought up to date says
what a full build says.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.warehouse.lake import campaign, periods
from tests.warehouse.together import Steps, Together, World

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

together = Together(compared=True)


def post_seen(world: World, moment: datetime, **shown: object) -> None:
    """Put one sighting of a Facebook post into the readings."""
    world.see("facebook", {"object_type": "post", "object_id": "111_1", "observed_at": moment, **shown})


@together.test
def test_days_that_the_platform_gives_after_the_last_reading_stay_right_when_the_post_goes(
    world: World,
) -> Steps:
    world.register(campaign(assets={"film": ["facebook:111_1"]}))
    post_seen(world, NOON, account_id="111", counters=[{"metric": "reactions", "value": 5}])
    yield
    days = {(NOON + back * DAY).date(): 100 for back in range(1, 5)}
    post_seen(world, NOON + 5 * DAY, periods=periods("post_video_views/day", days))
    yield
    assert world.unlike_a_full_build == {}
    post_seen(world, NOON + 6 * DAY, state="gone")
    yield
    assert world.unlike_a_full_build == {}


@together.test
def test_two_campaigns_that_swap_their_zones_are_counted_anew(world: World) -> Steps:
    listed = {"film": ["facebook:111_1"]}
    zones = ["Europe/London", "America/Los_Angeles"]
    days = {(NOON - back * DAY).date(): 100 for back in range(2, 6)}
    post_seen(
        world,
        NOON,
        account_id="111",
        counters=[{"metric": "reactions", "value": 5}],
        periods=periods("post_video_views/day", days),
    )
    for number, (here, there) in enumerate((zones, zones[::-1], zones)):
        world.register(
            campaign("here", timezone=here, assets=listed), campaign("there", timezone=there, assets=listed)
        )
        yield
        assert world.unlike_a_full_build == ({} if number else None)


@together.test
def test_a_counter_and_the_platforms_days_may_come_in_any_order(world: World) -> Steps:
    world.register(campaign(assets={"film": ["facebook:111_1"]}))
    days = periods("post_video_views/day", {(NOON - back * DAY).date(): 100 for back in range(2, 6)})
    restated = periods("post_video_views/day", {(NOON - back * DAY).date(): 7 for back in range(4, 8)})
    told: list[tuple[datetime, dict[str, object]]] = [
        (NOON, {"periods": days}),
        (NOON + DAY, {"account_id": "111", "counters": [{"metric": "reactions", "value": 4}]}),
        (NOON - 4 * DAY, {"counters": [{"metric": "post_video_views", "value": 4}]}),
        (NOON + 4 * DAY, {"counters": [{"metric": "post_video_views", "value": 40}]}),
        (NOON + 9 * DAY, {"periods": restated}),
    ]
    for number, (moment, shown) in enumerate(told):
        post_seen(world, moment, **shown)
        yield
        assert world.unlike_a_full_build == ({} if number else None)


@together.test
def test_what_a_post_had_at_each_age_follows_when_its_creation_is_told_late(world: World) -> Steps:
    world.register(campaign(assets={"film": ["facebook:111_1"]}))
    for day in range(5):
        counters = [{"metric": "reactions", "value": 5 * day}]
        post_seen(world, NOON + day * DAY, account_id="111", counters=counters)
    yield
    assert world.query("from facts.first_days") == []
    # Behind the first reading, so that no counter gets another zero.
    late = NOON + DAY / 24
    post_seen(world, NOON + 5 * DAY, account_id="111", created_at=late)
    yield
    assert world.unlike_a_full_build == {}
    ages = [row[0] for row in world.query("select age_days from facts.first_days order by day")]
    assert ages == [0, 1, 2, 3, 4]
