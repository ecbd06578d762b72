"""The laws of the daily numbers, over invented histories, against the slow reference."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.histories import ZONES, History, histories
from tests.warehouse.lake import Lake, campaign, x_post
from tests.warehouse.reference import Day, daily_gains, without_glitches

many_histories = st.lists(histories(), min_size=20, max_size=30)


def new_lake(folder: str) -> Lake:
    return Lake(Path(folder))


def answers_of(each: Sequence[History]) -> list[tuple[datetime, object]]:
    """One answer for each moment, with every post that was read then; posts are numbered from 1."""
    moments: dict[datetime, list[object]] = {}
    for number, history in enumerate(each, start=1):
        for moment, value in history.readings:
            moments.setdefault(moment, []).append(
                x_post(str(number), retweets=value, created_at=history.created_at)
            )
    return [(moment, {"data": posts}) for moment, posts in sorted(moments.items())]


def register(lake: Lake, zone: str, posts: int) -> None:
    """A campaign that lists every post, so that all count whenever they were posted."""
    lake.register(campaign(timezone=zone, assets={f"asset-{n}": [f"x:{n}"] for n in range(1, posts + 1)}))


def retweets_daily(lake: Lake) -> dict[str, dict[date, Day]]:
    days: dict[str, dict[date, Day]] = {}
    for post, day, gain, total, completeness in lake.query(
        "select post_id, day, gain, total, completeness from marts.post_daily where metric = 'retweets'"
    ):
        days.setdefault(str(post), {})[day] = Day(gain, total, completeness)  # type: ignore[index,arg-type]
    return days


@settings(max_examples=25)
@given(many_histories, st.sampled_from(ZONES))
def test_every_day_is_what_the_slow_reference_says(each: list[History], zone: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = new_lake(folder)
        register(lake, zone, len(each))
        lake.answers(answers_of(each))
        lake.build()
        found = retweets_daily(lake)
    for number, history in enumerate(each, start=1):
        assert found.get(str(number), {}) == daily_gains(
            history.by_moment, history.created_at, ZoneInfo(zone)
        )


@settings(max_examples=10)
@given(many_histories, st.randoms(use_true_random=False), st.integers(2, 5))
def test_files_in_any_order_in_any_portions_and_twice_give_the_tables_of_one_full_build(
    each: list[History], chance: random.Random, portions: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = new_lake(folder)
        register(lake, "Europe/London", len(each))
        waiting = answers_of(each)
        chance.shuffle(waiting)
        size = len(waiting) // portions + 1
        for start in range(0, len(waiting), size):
            portion = waiting[start : start + size]
            lake.answers(portion)
            if chance.random() < 0.3:
                lake.answers(portion[:3])
            lake.build()
        incremental = lake.tables()
        assert lake.build(full=True).mode == "full"
        assert lake.tables() == incremental

        once = new_lake(folder + "/once")
        register(once, "Europe/London", len(each))
        once.answers(sorted(waiting, key=lambda answer: answer[0]))
        once.build()
        for table, rows in once.tables().items():
            if table.startswith("marts."):
                assert rows == incremental[table], table


@settings(max_examples=10)
@given(many_histories, st.randoms(use_true_random=False))
def test_dropping_readings_moves_gains_between_days_and_never_their_sum(
    each: list[History], chance: random.Random
) -> None:
    # Revisions that look like glitches once their neighbours are gone are another law's matter.
    steady = [
        History(tuple(without_glitches(history.by_moment).items()), history.created_at) for history in each
    ]
    thinned = [
        History(
            tuple(
                reading
                for place, reading in enumerate(history.readings)
                if place in (0, len(history.readings) - 1) or chance.random() < 0.5
            ),
            history.created_at,
        )
        for history in steady
    ]
    comparable = [
        (whole, thin)
        for whole, thin in zip(steady, thinned, strict=True)
        if without_glitches(whole.by_moment) == whole.by_moment
        and without_glitches(thin.by_moment) == thin.by_moment
    ]
    sums = []
    for chosen in zip(*comparable, strict=True):
        with tempfile.TemporaryDirectory() as folder:
            lake = new_lake(folder)
            register(lake, "Europe/London", len(chosen))
            lake.answers(answers_of(chosen))
            lake.build()
            sums.append(
                lake.query(
                    "select post_id, sum(gain) from marts.post_daily where metric = 'retweets' "
                    "group by all order by all"
                )
            )
    assert all(one == sums[0] for one in sums)


def test_days_of_23_and_25_hours_are_whole_days(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(starts=date(2019, 3, 1), assets={"film": ["x:1"]}))
    hour = datetime.fromisoformat("2019-03-29T00:00:00+00:00")
    lake.answers([(hour + timedelta(hours=n), {"data": [x_post("1", retweets=n)]}) for n in range(24 * 5)])
    autumn = datetime.fromisoformat("2019-10-26T00:00:00+00:00")
    lake.answers([(autumn + timedelta(hours=n), {"data": [x_post("2", retweets=n)]}) for n in range(24 * 4)])
    lake.register(campaign(assets={"film": ["x:1"], "clip": ["x:2"]}))
    lake.build()
    gains = {
        (post, day): gain
        for post, day, gain in lake.query(
            "select post_id, day, gain from marts.post_daily where metric = 'retweets'"
        )
    }
    assert gains["1", date(2019, 3, 30)] == 24
    assert gains["1", date(2019, 3, 31)] == 23
    assert gains["1", date(2019, 4, 1)] == 24
    assert gains["2", date(2019, 10, 27)] == 25


def test_the_same_landing_gives_the_same_tables_after_everything_else_is_deleted(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"film": ["x:1"]}))
    hour = datetime.fromisoformat("2019-11-01T00:00:00+00:00")
    for n in range(8):
        lake.answer(hour + timedelta(hours=5 * n), {"data": [x_post("1", retweets=n * n, created_at=hour)]})
        lake.build()
    before = lake.tables()
    shutil.rmtree(lake.readings)
    lake.warehouse.unlink()
    lake.build()
    assert lake.tables() == before
