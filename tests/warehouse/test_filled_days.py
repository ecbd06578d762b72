"""Days that platforms themselves give stand in where no counter covers, say so, and are added to none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.warehouse.elsewhere import in_the_dictionary
from tests.warehouse.lake import Lake, campaign, periods
from tests.warehouse.together import Steps, Together, World

FIRST = date(2019, 11, 1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2019, 11, 1, tzinfo=UTC)

together = Together(around=in_the_dictionary, compared=True)

Said = dict[date, tuple[int, int | None, str, str]]


def day(number: int) -> date:
    return FIRST + (number - 1) * DAY


def midnight(number: int) -> datetime:
    """The midnight that begins a day of November, in London."""
    return MIDNIGHT + (number - 1) * DAY


def told(moment: datetime, **shown: object) -> dict[str, object]:
    """A sighting of the one post."""
    post = {"object_type": "post", "object_id": "1", "account_id": "9", "permalink": "https://elsewhere/1"}
    return {"observed_at": moment, **post, **shown}


def plays(value: int) -> list[dict[str, object]]:
    return [{"metric": "plays", "value": value}]


def read(lake: Lake | World) -> None:
    """A post that was read from the midnight of the 5th to that of the 8th, nobody knows since when it is
    there."""
    lake.register(campaign(assets={"film": ["elsewhere:1"]}, accounts=[("elsewhere", "9")]))
    for number, value in ((5, 1000), (6, 1100), (7, 1250), (8, 1260)):
        lake.see("elsewhere", told(midnight(number), counters=plays(value)))


def said(lake: Lake | World, metric: str = "views") -> Said:
    rows = lake.query(
        "select day, gain, total, completeness, source from marts.post_daily "
        f"where metric = '{metric}' order by day"
    )
    return {row[0]: row[1:] for row in rows}  # type: ignore[misc]


COUNTED: Said = {
    day(5): (100, 1100, "estimated", "counter"),
    day(6): (150, 1250, "complete", "counter"),
    day(7): (10, 1260, "complete", "counter"),
    day(8): (0, 1260, "open", "counter"),
}


@together.test
def test_the_platforms_days_stand_in_before_and_after_what_the_counter_covers(world: World) -> Steps:
    read(world)
    given = {day(number): 70 + number for number in range(1, 11)}
    world.see("elsewhere", told(midnight(12), periods=periods("plays/day", given)))
    yield
    filled: Said = {day(number): (70 + number, None, "estimated", "platform") for number in (1, 2, 3, 9, 10)}
    # The platform's 4th lasts until eight in the morning of the 5th, which the counter has counted.
    assert said(world) == COUNTED | filled


@together.test
def test_a_platforms_day_before_a_post_was_made_is_not_added_to_what_its_counter_gained(
    world: World,
) -> Steps:
    world.register(campaign(assets={"film": ["elsewhere:1"]}, accounts=[("elsewhere", "9")]))
    # Made at seven in the morning, when it is the day before in California.
    made = midnight(5) + 7 * HOUR
    for number, value in ((6, 100), (7, 300)):
        world.see("elsewhere", told(midnight(number), created_at=made, counters=plays(value)))
    world.see("elsewhere", told(midnight(9), periods=periods("plays/day", {day(4): 40, day(5): 90})))
    yield
    assert {each: found[0] for each, found in said(world).items()} == {day(5): 100, day(6): 200, day(7): 0}


@together.test
def test_what_stands_in_counts_for_asset_account_and_side_and_is_marked(world: World) -> Steps:
    read(world)
    world.see("elsewhere", told(midnight(12), periods=periods("plays/day", {day(2): 72, day(6): 9999})))
    yield
    for mart in ("asset_daily", "asset_platform_daily", "account_daily", "side_daily"):
        rows = world.query(f"select day, views, completeness, is_filled from marts.{mart} order by day")
        assert rows == [
            (day(2), 72, "estimated", True),
            *((each, gain, known, False) for each, (gain, _, known, _) in COUNTED.items()),
        ]
    assert world.query("select views from marts.side_totals") == [(72 + 260,)]
    # The lifetime total is the counter's own.
    assert world.query("select views from marts.asset_totals") == [(1260,)]


@together.test
def test_a_restated_day_takes_the_latest_observation(world: World) -> Steps:
    read(world)
    world.see("elsewhere", told(midnight(3), periods=periods("plays/day", {day(2): 60})))
    yield
    assert said(world)[day(2)][0] == 60
    world.see("elsewhere", told(midnight(4), periods=periods("plays/day", {day(2): 75})))
    yield
    assert said(world)[day(2)][0] == 75
    world.see("elsewhere", told(midnight(3) + HOUR, periods=periods("plays/day", {day(2): 61})))
    yield
    assert said(world)[day(2)][0] == 75


@together.test
def test_a_counter_that_comes_to_cover_a_day_takes_it_back(world: World) -> Steps:
    read(world)
    world.see("elsewhere", told(midnight(12), periods=periods("plays/day", {day(2): 72, day(9): 79})))
    yield
    assert said(world)[day(2)] == (72, None, "estimated", "platform")
    world.see("elsewhere", told(midnight(2), counters=plays(900)), told(midnight(10), counters=plays(1300)))
    yield
    days = said(world)
    assert days[day(2)][2:] == ("estimated", "counter")
    assert days[day(9)][2:] == ("estimated", "counter")
    # Conservation: the counter's days and nothing beside them.
    assert sum(gain for gain, *_ in days.values()) == 1300 - 900
    assert world.unlike_a_full_build == {}


@together.test
def test_a_platforms_day_is_complete_where_its_midnight_is_the_campaigns_and_open_while_it_lasts(
    world: World,
) -> Steps:
    made = campaign(
        timezone="America/Los_Angeles", assets={"film": ["elsewhere:1"]}, accounts=[("elsewhere", "9")]
    )
    world.register(made)
    part = periods("plays/day", {day(3): 5}, is_whole=False)
    world.see("elsewhere", told(midnight(4), periods=[*periods("plays/day", {day(2): 72}), *part]))
    yield
    assert said(world) == {
        day(2): (72, None, "complete", "platform"),
        day(3): (5, None, "open", "platform"),
    }


@together.test
def test_a_breakdown_is_no_day_of_the_post(world: World) -> Steps:
    read(world)
    world.see("elsewhere", told(midnight(12), periods=periods("plays/day", {day(2): 30}, breakdown="paid=1")))
    yield
    assert said(world) == COUNTED


@together.test
def test_imported_readings_extend_a_counters_history_and_are_named(world: World) -> Steps:
    read(world)
    exported = {"source": "export", "known_at": midnight(20)}
    for number, value in ((2, 400), (3, 700)):
        world.see("elsewhere", told(midnight(number), counters=plays(value), **exported))
    yield
    assert said(world) == COUNTED | {
        # From the first reading on; where an export and the platform's API meet, both are named.
        day(2): (300, 700, "estimated", "export"),
        day(3): (150, 850, "estimated", "counter and export"),
        day(4): (150, 1000, "estimated", "counter and export"),
        day(5): (100, 1100, "complete", "counter and export"),
    }


def test_what_was_imported_later_was_not_known_then(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    read(lake)
    exported = {"source": "export", "known_at": midnight(20)}
    lake.see("elsewhere", told(midnight(2), counters=plays(400), **exported))
    lake.see("elsewhere", told(midnight(2), periods=periods("plays/day", {day(0): 7}), **exported))
    with in_the_dictionary(tmp_path / "dictionary"):
        lake.build(as_known_at=midnight(19))
        assert said(lake) == COUNTED
        lake.build(as_known_at=midnight(20))
        assert {each: days[3] for each, days in said(lake).items() if each < day(5)} == {
            day(0): "platform",
            day(2): "counter and export",
            day(3): "counter and export",
            day(4): "counter and export",
        }


@together.test
def test_a_post_that_comes_to_share_a_counter_no_longer_takes_the_platforms_days(world: World) -> Steps:
    world.register(
        campaign(assets={"film": ["elsewhere:1", "elsewhere:2"]}, accounts=[("elsewhere", "9")]),
    )
    # The video's plays speak for every post that carries it.
    video = {"object_type": "media", "object_id": "V", "account_id": "9"}
    for number, value in ((5, 100), (9, 500)):
        world.see("elsewhere", {"observed_at": midnight(number), "counters": plays(value), **video})
    world.see("elsewhere", told(midnight(5), media_ids=["V"]))
    other = {"object_id": "2", "permalink": "https://elsewhere/2"}
    world.see("elsewhere", told(midnight(9), periods=periods("plays/day", {day(6): 50, day(7): 60}), **other))
    yield
    assert world.query("select sum(views), bool_or(is_filled) from marts.asset_daily") == [(510, True)]
    # That the other post carries it becomes known, and no new number.
    world.see("elsewhere", told(midnight(9), media_ids=["V"], **other))
    yield
    assert world.unlike_a_full_build == {}
    assert world.query("select sum(views), bool_or(is_filled) from marts.asset_daily") == [(400, False)]
