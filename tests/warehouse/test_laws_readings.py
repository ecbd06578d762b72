"""What happens to the daily numbers when the readings change in a known way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.warehouse.compare import by_name
from tests.warehouse.histories import START, ZONES, History, answers_of, listing, many
from tests.warehouse.lake import Lake, campaign, x_post
from tests.warehouse.reference import local_midnight, without_glitches
from warehouse.publish import open_published

# Gain, total and completeness of a post's day.
Known = tuple[int, int, str]


def built(root: Path, each: Sequence[History], *zones: str) -> Lake:
    """A warehouse of posts numbered from 1, with a campaign for each zone over all of them."""
    lake = Lake(root)
    listed = listing(range(1, len(each) + 1))
    lake.register(*(campaign(zone, timezone=zone, assets=listed) for zone in zones or ["Europe/London"]))
    lake.answers(answers_of(each))
    lake.build()
    return lake


def days_of(lake: Lake, zone: str = "Europe/London") -> dict[int, dict[date, Known]]:
    """Each post's days of retweets in the campaign of a zone."""
    days: dict[int, dict[date, Known]] = {}
    with open_published(lake.warehouse) as con:
        rows = con.execute(
            "select post_id::integer, day, gain, total, completeness from marts.post_daily "
            "where metric = 'retweets' and campaign_id = ?",
            [zone],
        ).fetchall()
    for post, day, gain, total, completeness in rows:
        days.setdefault(post, {})[day] = (gain, total, completeness)
    return days


def sums_of(lake: Lake, zone: str = "Europe/London") -> dict[int, int]:
    """What each post gained over all its days."""
    return {post: sum(gain for gain, _, _ in days.values()) for post, days in days_of(lake, zone).items()}


def polls_and_glitches(lake: Lake) -> dict[int, tuple[int, int]]:
    with open_published(lake.warehouse) as con:
        rows = con.execute(f"""
            select object_id::integer, sum(polls)::bigint, sum(glitches)::bigint
            from {by_name(con, "summaries.counter_days")}
            where metric = 'retweet_count'
            group by all
        """).fetchall()
    return {post: (polls, glitches) for post, polls, glitches in rows}


def is_steady(history: History) -> bool:
    """Whether none of its readings is a glitch."""
    return without_glitches(history.by_moment) == history.by_moment


def steady(seed: int, how_many: int) -> list[History]:
    """Histories of one reading a moment, without glitches, nor what looks like one once those are gone."""
    kept = [
        History(tuple(without_glitches(history.by_moment).items()), history.created_at)
        for history in many(seed, how_many)
    ]
    return [history for history in kept if is_steady(history)]


def test_thinned_polls_move_gains_between_days_and_never_their_sum(tmp_path: Path) -> None:
    chance = random.Random(21)
    pairs = []
    for whole in steady(21, 700):
        last = len(whole.readings) - 1
        kept = [
            reading
            for place, reading in enumerate(whole.readings)
            if place in (0, last) or chance.random() < 0.5
        ]
        thinned = History(tuple(kept), whole.created_at)
        if is_steady(thinned) and thinned != whole:
            pairs.append((whole, thinned))
    lake = built(tmp_path, [whole for whole, _ in pairs] + [thinned for _, thinned in pairs])
    sums = sums_of(lake)
    assert len(pairs) > 200
    for number in range(1, len(pairs) + 1):
        assert sums[number] == sums[number + len(pairs)], pairs[number - 1]


def test_a_zero_between_two_equal_readings_is_a_glitch_more_and_no_gain_less(tmp_path: Path) -> None:
    chance = random.Random(23)
    without_zero, with_zero = [], []
    for history in steady(23, 600):
        (moment, value) = chance.choice(history.readings)
        rest = dict(history.readings)
        if value == 0 or moment + timedelta(minutes=50) >= min(
            (later for later in rest if later > moment), default=moment + timedelta(hours=1)
        ):
            continue
        rest[moment + timedelta(minutes=50)] = value
        plain = History(tuple(sorted(rest.items())), history.created_at)
        rest[moment + timedelta(minutes=chance.randint(1, 49))] = 0
        dipped = History(tuple(sorted(rest.items())), history.created_at)
        if is_steady(plain):
            without_zero.append(plain)
            with_zero.append(dipped)
    lake = built(tmp_path, without_zero + with_zero)
    days, counted = days_of(lake), polls_and_glitches(lake)
    count = len(without_zero)
    assert count > 200
    for number in range(1, count + 1):
        assert days[number] == days[number + count], without_zero[number - 1]
        polls, glitches = counted[number]
        assert counted[number + count] == (polls + 1, glitches + 1)
        assert glitches == 0


def test_a_counter_so_many_times_as_large_gains_so_many_times_as_much(tmp_path: Path) -> None:
    chance = random.Random(24)
    midnights = [
        local_midnight((START + back * timedelta(days=1)).date(), ZoneInfo("Europe/London"))
        for back in range(1, 10)
    ]
    # Read at every midnight, no boundary lies between readings, and nothing is rounded.
    small = []
    for _ in range(200):
        first, last = sorted(chance.sample(range(len(midnights)), 2))
        moments = set(midnights[first : last + 1])
        span = int((midnights[last] - midnights[first]).total_seconds())
        moments |= {midnights[first] + timedelta(seconds=chance.randrange(span)) for _ in range(6)}
        value, readings = chance.randint(0, 1000), []
        for moment in sorted(moments):
            value = max(value + chance.randint(-20, 400), 0)
            readings.append((moment, value))
        history = History(tuple(readings), None)
        if is_steady(history):
            small.append(history)
    times = 997
    large = [
        History(tuple((moment, value * times) for moment, value in each.readings), None) for each in small
    ]
    days = days_of(built(tmp_path, small + large))
    assert len(small) > 100
    for number in range(1, len(small) + 1):
        assert days[number + len(small)] == {
            day: (gain * times, total * times, completeness)
            for day, (gain, total, completeness) in days[number].items()
        }


IN_EVERY_ZONE = many(25, 300)


@pytest.fixture(scope="module")
def in_every_zone(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same posts counted by a campaign of each zone."""
    return built(tmp_path_factory.mktemp("in-every-zone"), IN_EVERY_ZONE, *ZONES)


def test_the_days_of_a_post_add_up_to_what_its_counter_moved(in_every_zone: Lake) -> None:
    sums = sums_of(in_every_zone)
    for number, history in enumerate(IN_EVERY_ZONE, start=1):
        kept = list(without_glitches(history.by_moment).items())
        born = history.created_at is not None and history.created_at < kept[0][0]
        assert sums[number] == kept[-1][1] - (0 if born else kept[0][1]), history


def test_another_zone_moves_midnights_and_never_the_sum(in_every_zone: Lake) -> None:
    sums = sums_of(in_every_zone)
    assert len(sums) == len(IN_EVERY_ZONE)
    for zone in ZONES[1:]:
        assert sums_of(in_every_zone, zone) == sums, zone


def test_every_day_that_lost_more_than_it_gained_is_marked(in_every_zone: Lake) -> None:
    """Nothing is clamped."""
    fallen = in_every_zone.query(
        "select campaign_id, count(*) filter (gain < 0) > 50, bool_and(was_revised_down = (gain < 0)) "
        "from marts.post_daily group by all order by all"
    )
    assert fallen == [(zone, True, True) for zone in sorted(ZONES)]


def test_zones_agree_on_the_days_whose_midnights_they_share(tmp_path: Path) -> None:
    lake = built(tmp_path, many(26, 400), "Europe/London", "UTC")
    london, utc = days_of(lake, "Europe/London"), days_of(lake, "UTC")
    # London's clocks went back on 27 October 2019: from then on its midnights are UTC's.
    change = date(2019, 10, 28)
    compared = 0
    for number in london.keys() | utc.keys():
        before = [
            sum(gain for day, (gain, _, _) in days[number].items() if day < change) for days in (london, utc)
        ]
        after = [
            {day: known for day, known in days[number].items() if day >= change} for days in (london, utc)
        ]
        assert before[0] == before[1]
        assert after[0] == after[1]
        compared += len(after[0])
    assert compared > 1000
    # Before, an hour of each day is another day's in the other zone.
    assert london != utc


def test_each_zone_has_its_days_of_23_and_25_hours(tmp_path: Path) -> None:
    springs = {
        "Europe/London": (date(2019, 3, 31), date(2019, 10, 27)),
        "America/New_York": (date(2019, 3, 10), date(2019, 11, 3)),
        "Pacific/Auckland": (date(2019, 9, 29), date(2019, 4, 7)),
        "America/Havana": (date(2019, 3, 10), date(2019, 11, 3)),
        "Asia/Kolkata": (None, None),
    }
    moments = [
        datetime.combine(around, datetime.min.time(), UTC) + timedelta(hours=hour)
        for around in sorted({day for days in springs.values() for day in days if day is not None})
        for hour in range(-60, 84)
    ]
    # One more each hour, wherever it is read.
    hours = [(moment, int((moment - moments[0]).total_seconds()) // 3600) for moment in sorted(set(moments))]
    lake = Lake(tmp_path)
    lake.register(*(campaign(zone, timezone=zone, assets=listing([1])) for zone in springs))
    lake.answers([(moment, {"data": [x_post("1", retweets=value)]}) for moment, value in hours])
    lake.build()
    for zone, (short, long) in springs.items():
        days = days_of(lake, zone)[1]
        ends = {min(days), max(days)}
        lengths = {day: gain for day, (gain, _, _) in days.items() if day not in ends}
        unusual = {day: length for day, length in lengths.items() if length != 24}
        expected = {short: 23, long: 25} if short is not None else {}
        assert unusual == expected, zone
