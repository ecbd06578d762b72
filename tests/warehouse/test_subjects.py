"""What platforms give for days of their own: accounts, hashtags, sites, and the reach of advertising."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import warehouse.sightings
from tests.warehouse.elsewhere import in_the_dictionary
from tests.warehouse.lake import Lake, campaign, period, periods
from tests.warehouse.together import Steps, Together, World
from warehouse.known import KnownSubject, known_subjects

SITE = "https://Vote.example/find?x=1"
NOON = datetime(2019, 11, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = date(2019, 11, 1)

together = Together(around=in_the_dictionary)

PERIOD_COLUMNS = "object_id, metric, breakdown, first_day, last_day, latest.is_whole, latest.value"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake whose builds know the platform `elsewhere`."""
    with in_the_dictionary(tmp_path / "dictionary"):
        yield Lake(tmp_path)


def subjects(
    *,
    starts: date = FIRST,
    ends: date = date(2019, 11, 30),
    timezone: str = "Europe/London",
    campaign_id: str = "water",
    audiences: tuple[Mapping[str, object], ...] = (),
) -> dict[str, object]:
    """A campaign of a hashtag, a site and a film without posts."""
    made = campaign(
        campaign_id,
        timezone=timezone,
        starts=starts,
        ends=ends,
        assets={"tag": [], "site": [], "film": [], "bare-tag": [], "bare-site": []},
    )
    further: dict[str, dict[str, object]] = {
        "tag": {"kind": "hashtag", "hashtag": "VoteÉlan"},
        "site": {"kind": "site", "url": SITE},
        "bare-tag": {"kind": "hashtag", "hashtag": None},
        "bare-site": {"kind": "site", "url": None},
    }
    assets = [asset | further.get(str(asset["id"]), {}) for asset in made["assets"]]  # type: ignore[attr-defined]
    return made | {"assets": assets, "audiences": list(audiences)}


def audience(audience_id: str, **differently: object) -> dict[str, object]:
    base = {"platform": "elsewhere", "ad_account": "act_1", "targeting": '{"age_max":24}', "filtering": ""}
    return (
        {"id": audience_id, "label": audience_id.title(), "breakdown": "", "bucket": ""} | base | differently
    )


def told(object_type: str, object_id: str, moment: datetime = NOON, **shown: object) -> dict[str, object]:
    return {"object_type": object_type, "object_id": object_id, "observed_at": moment, **shown}


# The best value known -------------------------------------------------------------------------------------


def observations(chance: random.Random, *tags: str) -> list[dict[str, Any]]:
    """Values of a few subjects' days, whole and partial, seen at a few moments."""
    made = []
    for _ in range(chance.randint(10, 60)):
        day = FIRST + chance.randint(0, 2) * DAY
        one = period(
            chance.choice(["said/day", "heard/day"]),
            day,
            day + chance.randint(0, 1) * DAY,
            chance.choice([0, 1, chance.randint(0, 10**12)]),
            chance.choice(["", "age=18-24"]),
            is_whole=chance.random() < 0.5,
        )
        moment = NOON + chance.randint(0, 5) * DAY
        made.append(told("hashtag", chance.choice(tags), moment, periods=[one]))
    return made


def test_a_whole_value_beats_a_part_and_a_later_one_an_earlier_in_whatever_portions_they_come(
    tmp_path: Path,
) -> None:
    chance = random.Random(21)
    # Ten histories of two subjects each, in one lake.
    seen = [one for number in range(10) for one in observations(chance, f"#a{number}", f"#b{number}")]
    best: dict[tuple[object, ...], tuple[bool, int, datetime, str, int]] = {}
    for number, sighting in enumerate(seen):
        sighting["response_id"] = f"answer-{number:03d}"
        one = sighting["periods"][0]
        key = (
            sighting["object_id"],
            *(one[name] for name in ("metric", "breakdown", "first_day", "last_day")),
        )
        # Of two parts of a day the larger saw more of it.
        part = 0 if one["is_whole"] else one["value"]
        value = (one["is_whole"], part, sighting["observed_at"], sighting["response_id"], one["value"])
        best[key] = max(best.get(key, value), value)
    expected = sorted((*key, value[0], value[4]) for key, value in best.items())
    assert 100 < len(expected) < len(seen) - 100

    lake = Lake(tmp_path)
    lake.register(campaign())
    chance.shuffle(seen)
    half = len(seen) // 2
    for portion in (seen[:half], seen[half:], seen[: half // 2]):
        lake.see("elsewhere", *portion)
        lake.build()
    found = lake.query(f"select {PERIOD_COLUMNS} from summaries.periods order by all")
    assert found == expected
    lake.warehouse.unlink()
    lake.build()
    assert lake.query(f"select {PERIOD_COLUMNS} from summaries.periods order by all") == expected


ODD_PERIODS = """
-- Values as an answer may leave them.
select
    'hashtag' as object_type, '#a' as object_id, observed_at, response_id, 'present' as state,
    null::varchar[] as links, ['b', 'b', null] as content_keys,
    [{'metric': 'nothing', 'value': null::bigint}, {'metric': 'none', 'value': 0}] as counters,
    [
        {'metric': 'said/day', 'breakdown': null, 'first_day': day, 'last_day': day, 'is_whole': null,
         'value': 7},
        {'metric': 'said/day', 'breakdown': 'a', 'first_day': day, 'last_day': day, 'is_whole': true,
         'value': null},
        {'metric': 'said/day', 'breakdown': 'b', 'first_day': null, 'last_day': day, 'is_whole': true,
         'value': 1},
        {'metric': 'said/day', 'breakdown': 'c', 'first_day': day + 1, 'last_day': day, 'is_whole': true,
         'value': 1}
    ] as periods
from (select *, date '2019-11-01' as day from landed)
"""


def test_what_an_answer_leaves_out_is_no_reading(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lake.root / "sql"
    folder.mkdir()
    (folder / "elsewhere.sql").write_text(ODD_PERIODS)
    monkeypatch.setattr(warehouse.sightings, "SQL", folder)
    lake.answer(NOON, "{}", platform="elsewhere")
    (seen,) = lake.read().values()
    assert seen.counters == {"none": 0}
    assert (seen.links, seen.content_keys, seen.media_ids) == ([], ["b"], [])
    # What does not say that it is whole may be a part.
    assert seen.periods == {("said/day", "", FIRST, FIRST): (7, False)}


# The platform's own days ----------------------------------------------------------------------------------


@together.test
def test_an_accounts_own_days_are_shown_in_the_platforms_calendar_and_add_to_nothing(world: World) -> Steps:
    world.register(subjects())
    days = [
        *periods("page_views/day", {FIRST: 10, FIRST + DAY: 20}),
        *periods("page_views/day", {FIRST: 4}, breakdown="is_from_ads=1"),
        *periods("page_views/day", {FIRST + 2 * DAY: 3}, is_whole=False),
        # Two days at once are no day, and a name that the dictionary lacks has no meaning.
        period("page_views/day", FIRST, FIRST + DAY, 30),
        *periods("unheard_of/day", {FIRST: 1}),
    ]
    world.see("elsewhere", told("account", "77", handle="CleanWater", periods=days))
    yield
    columns = "object_id, native_name, breakdown, day, canonical_name, handle, day_boundary, value, is_whole"
    shared = ("views", "CleanWater", "America/Los_Angeles")
    assert world.query(f"select {columns} from marts.platform_daily order by day, breakdown") == [
        ("77", "page_views/day", "", FIRST, *shared, 10, True),
        ("77", "page_views/day", "is_from_ads=1", FIRST, *shared, 4, True),
        ("77", "page_views/day", "", FIRST + DAY, *shared, 20, True),
        ("77", "page_views/day", "", FIRST + 2 * DAY, *shared, 3, False),
    ]
    assert world.query("select count(*) from marts.asset_daily") == [(0,)]
    assert world.query("select count(*) from marts.account_daily") == [(0,)]


@together.test
def test_answers_that_do_not_name_an_account_take_no_name_away(world: World) -> Steps:
    watched = {
        "side": "ours",
        "platform": "x",
        "handle": "CleanWater",
        "id": None,
        "name": None,
        "watch": True,
    }
    world.register(campaign() | {"accounts": [watched]})
    world.see("x", told("account", "77", handle="CleanWater", name="Clean Water"))
    world.see("x", told("account", "77", NOON + DAY, periods=periods("tweet_count/day", {FIRST: 1})))
    world.see("x", told("account", "77", NOON + 2 * DAY, name="Cleaner Water"))
    world.see("x", told("post", "1", NOON, account_id="77"))
    yield
    assert world.query("select post_id, handle from marts.posts") == [("1", "CleanWater")]
    assert world.query("select handle from marts.platform_daily") == [("CleanWater",)]


@together.test
def test_a_counter_that_shares_its_canonical_name_with_a_daily_value_still_speaks_alone(
    world: World,
) -> Steps:
    world.register(campaign(assets={"film": ["elsewhere:1"]}))
    for day, plays in ((0, 100), (1, 150)):
        counters = [{"metric": "plays", "value": plays}, {"metric": "plays/day", "value": 7}]
        world.see("elsewhere", told("post", "1", NOON + day * DAY, account_id="9", counters=counters))
    yield
    assert world.query("select views from marts.asset_totals") == [(150,)]


# Hashtags and sites ---------------------------------------------------------------------------------------


@together.test
def test_a_hashtags_mentions_are_counted_once_on_the_platforms_days_of_the_campaign(world: World) -> Steps:
    world.register(subjects(timezone="Pacific/Auckland", ends=FIRST + 2 * DAY))
    mentions = periods("said/day", {FIRST + number * DAY: number for number in range(-1, 3)})
    running = periods("said/day", {FIRST + 2 * DAY: 1, FIRST + 3 * DAY: 9}, is_whole=False)
    world.see(
        "elsewhere",
        told("hashtag", "#voteélan", periods=[*mentions[:3], *running]),
        # The same day counted less well by the same platform, and another hashtag.
        told("hashtag", "#voteélan", periods=periods("heard/day", {FIRST: 500})),
        told("hashtag", "#voteélannow", periods=periods("said/day", {FIRST: 700})),
    )
    yield
    columns = "asset_id, asset_title, side_id, day, mentions, completeness, day_boundary, hashtag"
    assert world.query(f"select {columns} from marts.hashtag_daily order by day") == [
        ("tag", "Tag", "ours", FIRST, 0, "complete", "UTC", "#voteélan"),
        ("tag", "Tag", "ours", FIRST + DAY, 1, "complete", "UTC", "#voteélan"),
        ("tag", "Tag", "ours", FIRST + 2 * DAY, 1, "open", "UTC", "#voteélan"),
    ]
    world.see("elsewhere", told("hashtag", "#voteélan", NOON + 5 * DAY, periods=mentions))
    yield
    assert world.query("select mentions, completeness from marts.hashtag_daily order by day")[-1] == (
        2,
        "complete",
    )


@together.test
def test_a_sites_shares_are_what_its_counter_gained_on_the_campaigns_days(world: World) -> Steps:
    world.register(subjects(starts=FIRST + DAY))
    for hours, shares in ((0, 1000), (12, 1100), (36, 1400), (60, 1350)):
        counters = [
            {"metric": "share_count", "value": shares},
            {"metric": "share_plugin_count", "value": 5 * shares},
            {"metric": "reaction_count", "value": 2 * shares},
        ]
        world.see("elsewhere", told("site", SITE, NOON + timedelta(hours=hours), counters=counters))
    world.see(
        "elsewhere", told("site", SITE, periods=periods("said/day", {FIRST + DAY: 7, FIRST + 5 * DAY: 8}))
    )
    # Another address, however alike.
    world.see("elsewhere", told("site", SITE.lower(), periods=periods("said/day", {FIRST + DAY: 900})))
    yield
    columns = "asset_id, day, shares, reactions, comments, mentions, completeness, was_revised_down"
    assert world.query(f"select {columns} from marts.site_daily order by day") == [
        ("site", FIRST + DAY, 300, 600, None, 7, "complete", False),
        ("site", FIRST + 2 * DAY, -50, -100, None, None, "complete", True),
        ("site", FIRST + 3 * DAY, 0, 0, None, None, "open", False),
        ("site", FIRST + 5 * DAY, None, None, None, 8, "complete", False),
    ]


def test_assets_of_hashtags_and_sites_without_posts_break_no_mart(lake: Lake) -> None:
    lake.register(subjects())
    report = lake.build()
    assert {table for table, rows in report.tables.items() if rows} == {"marts.metrics"}


# The reach of advertising ---------------------------------------------------------------------------------


def estimate(object_id: str, day: date, low: int, high: int, moment: datetime = NOON) -> dict[str, object]:
    bounds = [period("least", day, day, low), period("most", day, day, high)]
    return told("audience", object_id, moment, periods=bounds)


SHARES = "audience_id, reach, audience_low, audience_high, share_low, share_high, as_of, first_day, last_day"


@together.test
def test_the_share_of_an_audience_is_an_interval_of_the_latest_window(world: World) -> Steps:
    world.register(
        subjects(
            audiences=(
                audience("nation", targeting="{}"),
                audience("young", breakdown="age", bucket="18-24"),
                audience("film-only", filtering='["film"]'),
                audience("unmeasured", ad_account="act_2"),
            )
        )
    )
    last = FIRST + 9 * DAY
    world.see(
        "elsewhere",
        estimate('act_1?{"age_max":24}', FIRST + 8 * DAY, 80, 100),
        estimate("act_1?{}", FIRST + 10 * DAY, 1000, 1250),
        estimate("act_1?{}", FIRST + 20 * DAY, 1, 2),
        # Only one bound is no interval.
        told("audience", "act_1?{}", periods=[period("least", last, last, 5)]),
        told(
            "advertising",
            "act_1?",
            periods=[
                period("reach/window", FIRST, last, 500),
                period("reach/window", FIRST, last, 90, "age=18-24"),
                period("reach/window", FIRST, last, 999, "age=25-34"),
                # Older, shorter, outside the campaign, and of single days: never the answer, never added up.
                period("reach/window", FIRST, last - DAY, 450),
                period("reach/window", FIRST + DAY, last, 480),
                period("reach/window", FIRST - DAY, last + 90 * DAY, 10**6),
                *periods("reach/day", {FIRST: 300, last: 400}),
            ],
        ),
    )
    yield
    assert world.query(f"select {SHARES} from marts.reach_share order by audience_id") == [
        ("film-only", None, 80, 100, None, None, FIRST + 8 * DAY, None, None),
        ("nation", 500, 1000, 1250, 0.4, 0.5, FIRST + 10 * DAY, FIRST, last),
        ("unmeasured", None, None, None, None, None, None, None, None),
        # Never clamped: accounts active there are not residents.
        ("young", 90, 80, 100, 0.9, 1.125, FIRST + 8 * DAY, FIRST, last),
    ]
    assert world.query("select distinct metric, kind, platform from marts.reach_share") == [
        ("reach", "paid", "elsewhere")
    ]
    assert world.query("select reach_as_of from marts.reach_share where audience_id = 'young'") == [(NOON,)]


@together.test
def test_two_campaigns_on_one_account_each_take_their_own_window_and_the_nearest_estimate(
    world: World,
) -> Steps:
    world.register(
        subjects(audiences=(audience("young"),)),
        subjects(
            campaign_id="earlier",
            starts=date(2017, 4, 18),
            ends=date(2017, 6, 8),
            audiences=(audience("young"),),
        ),
    )
    object_id = 'act_1?{"age_max":24}'
    old = date(2017, 6, 8)
    world.see(
        "elsewhere",
        estimate(object_id, old, 10, 20),
        estimate(object_id, FIRST, 100, 200),
        told(
            "advertising",
            "act_1?",
            periods=[
                period("reach/window", date(2017, 4, 18), old, 5),
                period("reach/window", FIRST, FIRST + DAY, 50),
            ],
        ),
    )
    yield
    assert world.query(f"select campaign_id, {SHARES} from marts.reach_share order by campaign_id") == [
        ("earlier", "young", 5, 10, 20, 0.25, 0.5, old, date(2017, 4, 18), old),
        ("water", "young", 50, 100, 200, 0.25, 0.5, FIRST, FIRST, FIRST + DAY),
    ]


@together.test
def test_a_campaign_never_takes_the_window_of_another_that_lies_inside_it(world: World) -> Steps:
    inner = FIRST + 10 * DAY
    world.register(
        subjects(audiences=(audience("young"),)),
        subjects(campaign_id="inner", starts=inner, ends=FIRST + 20 * DAY, audiences=(audience("young"),)),
    )
    last = inner + 4 * DAY
    columns = "campaign_id, reach, first_day, last_day"
    world.see("elsewhere", told("advertising", "act_1?", periods=[period("reach/window", inner, last, 60)]))
    yield
    assert world.query(f"select {columns} from marts.reach_share order by campaign_id") == [
        ("inner", 60, inner, last),
        ("water", None, None, None),
    ]
    # The day after, only the other campaign's question was answered.
    both = [period("reach/window", FIRST, last, 100), period("reach/window", inner, last + DAY, 65)]
    world.see("elsewhere", told("advertising", "act_1?", periods=both))
    yield
    assert world.query(f"select {columns} from marts.reach_share order by campaign_id") == [
        ("inner", 65, inner, last + DAY),
        ("water", 100, FIRST, last),
    ]


@together.test
def test_an_audience_of_nobody_has_no_share(world: World) -> Steps:
    world.register(subjects(audiences=(audience("young"),)))
    world.see(
        "elsewhere",
        estimate('act_1?{"age_max":24}', FIRST, 0, 0),
        told("advertising", "act_1?", periods=[period("reach/window", FIRST, FIRST, 5)]),
    )
    yield
    assert world.query("select reach, audience_high, share_low, share_high from marts.reach_share") == [
        (5, 0, None, None)
    ]


# From the platforms' own answers --------------------------------------------------------------------------


def test_answers_of_the_real_platforms_reach_the_marts(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    young = audience(
        "young", platform="facebook", targeting='{"age_max":24}', breakdown="age", bucket="18-24"
    )
    lake.register(subjects(audiences=(young,)))
    counted = {
        "data": [
            {"start": "2019-11-01T00:00:00.000Z", "end": "2019-11-02T00:00:00.000Z", "tweet_count": 57},
            {"start": "2019-11-02T00:00:00.000Z", "end": "2019-11-02T12:00:00.000Z", "tweet_count": 21},
        ]
    }
    noon = NOON + DAY
    for query in ("#VoteÉlan", f'url:"{SITE}"'):
        asked = {"query": query, "granularity": "day"}
        lake.answer(noon, counted, endpoint="counts", params=asked)
    for days, shares in ((0, 100), (1, 160)):
        engagement = {"engagement": {"share_count": shares, "reaction_count": 9, "comment_count": 3}}
        lake.answer(NOON + days * DAY, engagement, platform="facebook", endpoint="sites", params={"id": SITE})
    window = {"date_start": "2019-11-01", "date_stop": "2019-11-30"}
    bands = [{"age": "18-24", "reach": "30", **window}, {"age": "25-34", "reach": "70", **window}]
    lake.answer(
        noon,
        {"data": bands},
        platform="facebook",
        endpoint="ad_insights",
        url="https://graph.facebook.com/v26.0/act_1/insights",
        params={"breakdowns": "age"},
    )
    lake.answer(
        noon,
        {"data": {"users_lower_bound": 50, "users_upper_bound": 60, "estimate_ready": True}},
        platform="facebook",
        endpoint="audience_estimates",
        url="https://graph.facebook.com/v26.0/act_1/reachestimate",
        params={"targeting_spec": '{"age_max":24}'},
    )
    lake.build()
    assert lake.query(
        "select asset_id, day, mentions, completeness from marts.hashtag_daily order by day"
    ) == [
        ("tag", FIRST, 57, "complete"),
        ("tag", FIRST + DAY, 21, "open"),
    ]
    assert lake.query(
        "select day, shares, reactions, comments, mentions, completeness from marts.site_daily order by day"
    ) == [
        (FIRST, 30, 0, 0, 57, "estimated"),
        (FIRST + DAY, 30, 0, 0, 21, "open"),
    ]
    assert lake.query(f"select {SHARES} from marts.reach_share") == [
        ("young", 30, 50, 60, 0.5, 0.6, FIRST + DAY, FIRST, date(2019, 11, 30))
    ]


# What is known, for the next run --------------------------------------------------------------------------


def test_subjects_say_when_they_were_seen_and_until_which_day_they_are_whole(lake: Lake) -> None:
    lake.register(subjects())
    later = NOON + 3 * DAY
    lake.see(
        "elsewhere",
        told("account", "77", periods=periods("page_views/day", {FIRST: 1, FIRST + DAY: 2})),
        # Seen beside a post, which says nothing of its days.
        told("account", "77", later, handle="CleanWater"),
        told("account", "78", later, counters=[{"metric": "followers", "value": 5}]),
        told("hashtag", "#voteélan", periods=periods("said/day", {FIRST: 1})),
        told("hashtag", "#voteélan", later, periods=periods("said/day", {FIRST + DAY: 1}, is_whole=False)),
        told("site", SITE, counters=[{"metric": "share_count", "value": 5}]),
        estimate("act_1?{}", FIRST, 10, 20),
        told("advertising", "act_1?", periods=[period("reach/window", FIRST, FIRST + 2 * DAY, 5)]),
        told("post", "1", account_id="9", periods=periods("plays/day", {FIRST: 3})),
        # Seen since, which says nothing of its days.
        told("post", "1", later, account_id="9", counters=[{"metric": "plays", "value": 5}]),
        told("post", "2", account_id="9", counters=[{"metric": "plays", "value": 5}]),
    )
    lake.build()
    assert known_subjects(lake.warehouse) == [
        KnownSubject("elsewhere", "account", "77", NOON, FIRST + DAY),
        KnownSubject("elsewhere", "advertising", "act_1?", NOON, FIRST + 2 * DAY),
        KnownSubject("elsewhere", "audience", "act_1?{}", NOON, FIRST),
        KnownSubject("elsewhere", "hashtag", "#voteélan", later, FIRST),
        KnownSubject("elsewhere", "post", "1", NOON, FIRST),
        KnownSubject("elsewhere", "site", SITE, NOON, None),
    ]


def test_no_subjects_are_known_before_the_first_build(tmp_path: Path) -> None:
    assert known_subjects(tmp_path / "warehouse.duckdb") == []
