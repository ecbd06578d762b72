"""What was due against what was read: by post and day, by platform, and how far each platform has come."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.answers.query import answer
from tests.warehouse.coverage_reference import HOUR, Post, PostDay, Tier, gaps, post_days
from tests.warehouse.histories import ZONES, answers_of, histories, listing
from tests.warehouse.lake import Lake, campaign, x_media, x_post
from tests.warehouse.reference import local_midnight

# As they land: (younger than so many hours, every so many).
Tiers = list[tuple[int | None, int]]

BY_AGE: Tiers = [(48, 1), (336, 6), (720, 24), (None, 168)]
DAILY: Tiers = [(None, 24)]
# Of both cadences; the reference has no tiers for the daily one.
TIERS = [
    Tier(0 * HOUR, 48 * HOUR, HOUR),
    Tier(48 * HOUR, 336 * HOUR, 6 * HOUR),
    Tier(336 * HOUR, 720 * HOUR, 24 * HOUR),
    Tier(720 * HOUR, None, 168 * HOUR),
]
LONDON = ZoneInfo("Europe/London")
NOON = datetime(2019, 11, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def scheduled(
    each: dict[str, object],
    cadences: dict[str, Tiers],
    read_until: date = date(2020, 1, 30),
) -> dict[str, object]:
    """A campaign with its schedule, as it lands."""
    return each | {
        "read_until": read_until.isoformat(),
        "reading": [
            {
                "platform": platform,
                "cadence": "daily" if tiers == DAILY else "by age",
                "younger_than_hours": younger,
                "every_hours": every,
            }
            for platform, tiers in cadences.items()
            for younger, every in tiers
        ],
    }


def hourly(first: datetime, hours: int, *left_out: range) -> list[datetime]:
    """So many moments an hour apart, but for some of them."""
    return [first + n * HOUR for n in range(hours) if not any(n in each for each in left_out)]


def post_read(
    moments: Iterable[datetime], created_at: datetime | None, number: int = 1
) -> list[tuple[datetime, object]]:
    """Answers that show one post of X, whose retweets grow."""
    return [
        (moment, {"data": [x_post(str(number), retweets=10 + n, created_at=created_at)]})
        for n, moment in enumerate(moments)
    ]


def seen_elsewhere(
    moments: Iterable[datetime], created_at: datetime, **more: object
) -> list[dict[str, object]]:
    """Sightings of one post of another platform."""
    return [
        {
            "object_type": "post",
            "object_id": "111_1",
            "account_id": "111",
            "created_at": created_at,
            "observed_at": moment,
            "counters": [{"metric": "shares", "value": 5 + n}],
            "source": "api",
            "known_at": moment,
            **more,
        }
        for n, moment in enumerate(moments)
    ]


def gaps_of(lake: Lake, platform: str = "x") -> list[tuple[object, ...]]:
    return lake.query(
        "select starts_at, ends_at, hours, polls_expected, polls_got, posts_affected, is_over "
        f"from marts.gaps where platform = '{platform}' order by starts_at"
    )


def days_of(lake: Lake, columns: str, post: str = "1") -> list[tuple[object, ...]]:
    return lake.query(f"select {columns} from marts.coverage where post_id = '{post}' order by day")


@settings(max_examples=2)
@given(
    st.lists(histories(), min_size=6, max_size=12),
    st.lists(
        st.tuples(
            st.sampled_from(ZONES),
            st.sampled_from([BY_AGE, DAILY]),
            st.dates(date(2019, 10, 28), date(2019, 11, 9)),
        ),
        min_size=2,
        max_size=2,
    ),
)
def test_polls_and_gaps_are_what_the_slow_reference_says(
    each: list[Any], campaigns: list[tuple[str, Tiers, date]]
) -> None:
    begins = date(2019, 10, 27)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        listed = listing(range(1, len(each) + 1))
        lake.register(
            *(
                scheduled(
                    campaign(f"c{place}", timezone=zone, starts=begins, assets=listed),
                    {"x": cadence},
                    read_until,
                )
                for place, (zone, cadence, read_until) in enumerate(campaigns)
            )
        )
        lake.answers(answers_of(each))
        lake.build()
        found: dict[tuple[object, object], dict[date, PostDay]] = {}
        for campaign_id, number, day, *told in lake.query(
            "select campaign_id, post_id, day, polls_expected, polls_got, longest_gap_hours, "
            "gap_starts_at, gap_ends_at from marts.coverage"
        ):
            found.setdefault((campaign_id, number), {})[day] = PostDay(*told)  # type: ignore[index,arg-type]
        stretches = lake.query(
            "select campaign_id, starts_at, ends_at, polls_expected, posts_affected from marts.gaps"
        )

    newest = max(moment for history in each for moment in history.by_moment)
    for place, (zone, cadence, read_until) in enumerate(campaigns):
        local = ZoneInfo(zone)
        tiers = None if cadence == DAILY else TIERS
        posts = []
        for number, history in enumerate(each, start=1):
            born_at = history.created_at or min(history.by_moment)
            post = Post(
                born_at,
                max(born_at, local_midnight(begins, local)),
                local_midnight(read_until + DAY, local),
            )
            posts.append(post)
            shown = found.get((f"c{place}", str(number)), {})
            assert shown == post_days(post, sorted(history.by_moment), tiers, newest, local)
        moments = (moment for history in each for moment in history.by_moment)
        told_of = {row[1]: row[2:] for row in stretches if row[0] == f"c{place}"}
        assert told_of == gaps(posts, moments, tiers, newest, local)


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two posts that were read for two days but for twelve polls, the first of them at 21:00."""
    lake = Lake(tmp_path_factory.mktemp("outage"))
    lake.register(scheduled(campaign(), {"x": BY_AGE}))
    moments = hourly(NOON, 47, range(9, 21))
    lake.answers(post_read(moments, NOON) + post_read(moments[1:], NOON + HOUR, 2))
    lake.build()
    return lake


def test_an_outage_is_a_gap_with_its_ends_and_the_polls_that_were_missed(outage: Lake) -> None:
    begins, ends = NOON + 8 * HOUR, NOON + 21 * HOUR
    assert gaps_of(outage) == [(begins, ends, 13.0, 24, 0, 2, True)]
    assert outage.query("select campaign_id, first_day, last_day from marts.gaps") == [
        ("water", date(2019, 11, 4), date(2019, 11, 5))
    ]
    told = "day, polls_expected, polls_got, longest_gap_hours, gap_starts_at, gap_ends_at, is_gap"
    midnight = datetime(2019, 11, 5, tzinfo=UTC)
    assert days_of(outage, told) == [
        (date(2019, 11, 4), 11, 9, 3, begins + HOUR, midnight, False),
        (date(2019, 11, 5), 24, 15, 9, midnight, ends, False),
        (date(2019, 11, 6), 11, 11, 0, None, None, False),
    ]


def test_a_day_that_was_missed_at_the_daily_cadence_is_a_gap(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(scheduled(campaign(), {"x": DAILY}))
    midnight = datetime(2019, 11, 4, 0, 5, tzinfo=UTC)
    # On the fifth it was read late, which misses nothing; on the seventh and eighth not at all.
    moments = [midnight, midnight + DAY + 20 * HOUR, *(midnight + n * DAY for n in (2, 5, 6))]
    lake.answers(post_read(moments, midnight - 90 * HOUR))
    lake.build()
    assert gaps_of(lake) == [(midnight + 2 * DAY, midnight + 5 * DAY, 72.0, 2, 0, 1, True)]
    unread = days_of(lake, "day, polls_expected, polls_got, completeness")[3:]
    assert unread == [
        (date(2019, 11, 3), 1, 0, "estimated"),
        (date(2019, 11, 4), 1, 1, "estimated"),
        (date(2019, 11, 5), 1, 1, "estimated"),
        (date(2019, 11, 6), 1, 1, "estimated"),
        (date(2019, 11, 7), 1, 0, "estimated"),
        (date(2019, 11, 8), 1, 0, "estimated"),
        (date(2019, 11, 9), 1, 1, "complete"),
        (date(2019, 11, 10), 1, 1, "open"),
    ]


def test_a_day_has_as_many_polls_as_hours(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(scheduled(campaign(starts=date(2019, 1, 1)), {"x": BY_AGE}))
    days = {date(2019, 3, 31): 23, date(2019, 4, 5): 24, date(2019, 10, 27): 25}
    for number, day in enumerate(days, start=1):
        created_at = local_midnight(day, LONDON) - 10 * HOUR
        lake.answers(post_read(hourly(created_at + HOUR, 45), created_at, number))
    lake.build()
    for number, (day, polls) in enumerate(days.items(), start=1):
        told = days_of(lake, "day, polls_expected, polls_got, longest_gap_hours", str(number))
        assert told[1] == (day, polls, polls, 0)


def test_of_the_newest_day_only_the_part_that_is_over_was_due(outage: Lake) -> None:
    told = days_of(outage, "day, polls_expected, polls_got, longest_gap_hours, completeness")
    assert told[-1] == (date(2019, 11, 6), 11, 11, 0, "open")


def test_nothing_is_due_before_the_campaign_after_its_aftermath_and_of_what_is_gone(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    of_both = campaign(
        starts=date(2019, 11, 2), ends=date(2019, 11, 4), assets={"film": ["x:1"], "other": ["x:2"]}
    )
    lake.register(scheduled(of_both, {"x": BY_AGE}, date(2019, 11, 6)))
    created_at = NOON - 10 * DAY
    moments = [NOON + n * 6 * HOUR for n in range(-12, 13)]
    lake.answers(post_read(moments, created_at) + post_read(moments[:8], created_at, 2))
    lake.answer(NOON, {"errors": [{"value": "2", "title": "Not Found Error", "type": ".../not-found"}]})
    lake.answer(
        NOON,
        {
            "errors": [
                {
                    "resource_type": "tweet",
                    "resource_id": "2",
                    "value": "2",
                    "type": "https://api.twitter.com/2/problems/resource-not-found",
                }
            ]
        },
    )
    lake.build()
    assert days_of(lake, "day, polls_expected") == [(date(2019, 11, n), 4) for n in range(2, 7)]
    assert days_of(lake, "day, polls_expected", "2") == [
        (date(2019, 11, 2), 4),
        # Last shown at six in the morning.
        (date(2019, 11, 3), 2),
    ]


def test_where_no_schedule_landed_nobody_knows_what_was_due(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign())
    lake.answers(post_read(hourly(NOON, 40, range(5, 37)), NOON))
    lake.build()
    assert days_of(lake, "polls_expected, polls_got, is_gap") == [
        (None, 5, False),
        (None, 0, None),
        (None, 3, False),
    ]
    assert gaps_of(lake) == []
    assert lake.query("select posts_late from marts.freshness") == [(None,)]


def test_a_gap_that_lasts_ends_for_now_at_the_newest_reading_of_any_platform(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(scheduled(campaign(), {"x": BY_AGE, "facebook": BY_AGE}))
    lake.answers(post_read(hourly(NOON, 10), NOON))
    lake.see("facebook", *seen_elsewhere(hourly(NOON, 30), NOON))
    lake.build()
    newest = NOON + 29 * HOUR
    # Of the twenty hours the last poll may still come.
    assert gaps_of(lake) == [(NOON + 9 * HOUR, newest, 20.0, 19, 0, 1, False)]
    assert gaps_of(lake, "facebook") == []
    freshness = (
        "select platform, newest_reading_at, newest_sighting_at, hours_behind, posts_counted, "
        "posts_read_last_day, posts_due, posts_late from marts.freshness order by platform"
    )
    assert lake.query(freshness) == [
        ("facebook", newest, newest, 0.0, 1, 1, 1, 0),
        ("x", NOON + 9 * HOUR, NOON + 9 * HOUR, 20.0, 1, 1, 1, 1),
    ]


def test_one_post_that_was_passed_over_is_no_gap_of_its_platform(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(scheduled(campaign(), {"x": BY_AGE}))
    lake.answers(post_read(hourly(NOON, 40), NOON) + post_read(hourly(NOON, 5), NOON, 2))
    lake.build()
    assert gaps_of(lake) == []
    assert days_of(lake, "day, polls_expected, polls_got, is_gap, completeness", "2") == [
        (date(2019, 11, 4), 11, 5, False, "open"),
        (date(2019, 11, 5), 24, 0, True, "unobserved"),
        (date(2019, 11, 6), 4, 0, True, "unobserved"),
    ]
    assert lake.query("select posts_counted, posts_due, posts_late from marts.freshness") == [(2, 2, 1)]


def test_an_export_that_was_imported_later_shows_in_the_gap_that_it_fills(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(scheduled(campaign(), {"facebook": BY_AGE}))
    lake.see("facebook", *seen_elsewhere(hourly(NOON, 40, range(5, 25)), NOON))
    lake.build()
    (gap,) = gaps_of(lake, "facebook")
    assert gap == (NOON + 4 * HOUR, NOON + 25 * HOUR, 21.0, 20, 0, 1, True)

    filled = [NOON + 8 * HOUR, NOON + 20 * HOUR]
    lake.see("facebook", *seen_elsewhere(filled, NOON, source="export", known_at=NOON + 9 * DAY))
    lake.build()
    (gap,) = gaps_of(lake, "facebook")
    assert gap == (NOON + 4 * HOUR, NOON + 25 * HOUR, 21.0, 20, 2, 1, True)
    assert days_of(lake, "polls_expected, polls_got", "111_1") == [(11, 6), (24, 12), (4, 4)]


def test_readings_in_any_portions_and_twice_give_the_gaps_of_one_build(tmp_path: Path) -> None:
    tables = []
    answers = post_read(hourly(NOON, 60, range(7, 12), range(30, 44)), NOON)
    for name, portions in (
        ("at-once", [answers]),
        ("in-portions", [answers[30:], answers[:36]]),
    ):
        lake = Lake(tmp_path / name)
        lake.register(scheduled(campaign(), {"x": BY_AGE}))
        for portion in portions:
            lake.answers(portion)
            lake.build()
        tables.append(
            [
                lake.query(f"select * from {table} order by all")
                for table in ("summaries.platform_hours", "marts.coverage", "marts.gaps", "marts.freshness")
            ]
        )
    assert tables[0] == tables[1]
    assert len(tables[0][2]) == 2


def test_a_post_has_one_row_a_day_in_each_campaign_and_a_gap_one_in_its_platform(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first, second = (
        scheduled(campaign(name, timezone=zone, assets={"film": ["x:1"]}), {"x": cadence})
        for name, zone, cadence in (
            ("water", "Europe/London", BY_AGE),
            ("wells", "America/New_York", DAILY),
        )
    )
    lake.register(first, second)
    # One video, shown by two posts: a counter of each, and one of both.
    posts = [x_post(str(n), retweets=5, created_at=NOON, media=["7_1"]) for n in (1, 2)]
    for moment in hourly(NOON, 90, range(10, 80)):
        lake.answer(moment, {"data": posts, "includes": {"media": [x_media("7_1", 900)]}})
    lake.build()
    for table, grain in (
        ("marts.coverage", "campaign_id, platform, post_id, day"),
        ("marts.gaps", "campaign_id, platform, starts_at"),
        ("marts.freshness", "platform"),
    ):
        ((rows, distinct),) = lake.query(f"select count(*), count(distinct ({grain})) from {table}")
        assert rows == distinct
    begins, ends = NOON + 9 * HOUR, NOON + 80 * HOUR
    told = (
        "select campaign_id, starts_at, ends_at, polls_expected, posts_affected from marts.gaps order by all"
    )
    assert lake.query(told) == [
        # Of each post 39 hours until it is two days old, then 32 hours at every six: 44 polls, or nearly.
        ("water", begins, ends, 2 * 43, 2),
        # The local days of 5 and 6 November.
        ("wells", begins, ends, 2 * 2, 2),
    ]


def test_coverage_is_exported_whole(outage: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    answer(outage.warehouse, "FROM marts.coverage ORDER BY post_id, day", "csv")
    rows: Sequence[dict[str, str]] = list(csv.DictReader(capfd.readouterr().out.splitlines()))
    assert len(rows) == 6
    assert [(row["day"], row["polls_expected"], row["polls_got"]) for row in rows[:3]] == [
        ("2019-11-04", "11", "9"),
        ("2019-11-05", "24", "15"),
        ("2019-11-06", "11", "11"),
    ]
    assert rows[0]["gap_starts_at"].startswith("2019-11-04")
    assert rows[0]["longest_gap_hours"] == "3"
    assert (rows[2]["gap_starts_at"], rows[2]["longest_gap_hours"]) == ("", "0")
