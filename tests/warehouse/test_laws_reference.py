"""Every day of thousands of invented counters is what the slow reference says."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.compare import by_name
from tests.warehouse.histories import ZONES, History, answers_of, histories, listing, many
from tests.warehouse.lake import Lake, campaign
from tests.warehouse.reference import Day, daily_gains
from warehouse.publish import open_published

# (campaign, post) of each counter, and what is known of its days.
Days = Mapping[tuple[str, str], Mapping[date, object]]


def built(root: Path, each: Sequence[History], zones: Sequence[str]) -> Lake:
    """A warehouse with a campaign for each zone over the same posts."""
    lake = Lake(root)
    lake.register(*(campaign(zone, timezone=zone, assets=listing(range(1, len(each) + 1))) for zone in zones))
    lake.answers(answers_of(each))
    lake.build()
    return lake


def days_of(lake: Lake) -> Days:
    """Every day of every post's retweets in every campaign."""
    days: dict[tuple[str, str], dict[date, object]] = {}
    with open_published(lake.warehouse) as con:
        rows = con.execute(f"""
            select campaign_id, post_id, day, gain, total, completeness,
                coalesce(observed.polls, 0), coalesce(observed.glitches, 0), post_daily.source
            from marts.post_daily
            left join (
                select timezone as campaign_id, object_id as post_id, day, polls, glitches
                from {by_name(con, "summaries.counter_days")}
                where platform = 'x' and object_type = 'post' and metric = 'retweet_count'
            ) as observed using (campaign_id, post_id, day)
            where metric = 'retweets'
        """).fetchall()
    for zone, post, day, *known in rows:
        days.setdefault((zone, post), {})[day] = Day(*known)
    return days


def expected_days(each: Sequence[History], zones: Sequence[str]) -> Days:
    return {
        (zone, str(number)): daily_gains(history.by_moment, history.created_at, ZoneInfo(zone))
        for number, history in enumerate(each, start=1)
        for zone in zones
    }


def assert_equal(found: Days, expected: Days, each: Sequence[History]) -> None:
    """Equal, or told of the first counter that is not."""
    for counter in sorted(found.keys() | expected.keys()):
        history = each[int(counter[1]) - 1]
        assert found.get(counter) == expected.get(counter), (counter, history)


@pytest.mark.parametrize(
    ("seed", "zones"),
    [(1, ZONES[:3]), (2, ZONES[3:6]), (3, ZONES[6:])],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
def test_every_day_of_a_thousand_counters_is_what_the_slow_reference_says(
    tmp_path: Path, seed: int, zones: list[str]
) -> None:
    each = many(seed, 1000)
    assert_equal(days_of(built(tmp_path, each, zones)), expected_days(each, zones), each)


@settings(max_examples=2)
@given(st.lists(histories(), min_size=1, max_size=40), st.sampled_from(ZONES))
def test_every_day_is_what_the_slow_reference_says(each: list[History], zone: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = days_of(built(Path(folder), each, [zone]))
    assert_equal(found, expected_days(each, [zone]), each)
