"""The over-performing score against a slow, plain reading of its published definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.warehouse.lake import Lake, campaign, x_post
from warehouse import sql
from warehouse.publish import open_published

(MODEL,) = [model for model in sql.models("marts") if model.name == "over_performing"]
(FIRST_DAYS,) = [model for model in sql.models("facts") if model.name == "first_days"]
ZONE = ZoneInfo("Europe/London")
OF_A_POST = ("views", "shares", "retweets", "reactions", "comments")
INTERACTIONS = ("shares", "retweets", "reactions", "comments", "quotes")
# The clocks go back in the night to the 27th.
FIRST = datetime(2019, 10, 24, 22, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Post:
    """A post and its days: (metric, age) to the total at the end of the day and how well it is known."""

    account: str | None
    created_at: datetime | None
    days: dict[tuple[str, int], tuple[int | None, str]]


def published_on(created_at: datetime) -> date:
    return created_at.astimezone(ZONE).date()


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with nothing but the tables that the score is made from."""
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'; set threads = 1")
        con.execute("create schema marts; create schema registry; create schema facts; create schema scope")
        con.execute(
            "create table registry.campaigns as select 'water' as campaign_id, 'Europe/London' as timezone"
        )
        con.execute(
            "create table marts.posts (campaign_id varchar, platform varchar, post_id varchar, "
            "account_id varchar, created_at timestamptz)"
        )
        con.execute("create view facts.posts as select platform, post_id, created_at from marts.posts")
        con.execute("create view facts.assignments as select campaign_id, platform, post_id from marts.posts")
        con.execute(
            "create table facts.campaign_counters (campaign_id varchar, platform varchar, post_id varchar, "
            "metric varchar, counter_id integer)"
        )
        con.execute(
            "create table facts.gains (counter_id integer, day date, total bigint, completeness varchar)"
        )
        con.execute("create view scope.days as select distinct 'water' as campaign_id, day from facts.gains")
        con.execute("set variable days_from = '-infinity'::date")
        con.execute(f"create view facts.first_days as {FIRST_DAYS.query}")
        con.execute(f"create view marts.over_performing as {MODEL.query}")
        yield con


def fill(con: duckdb.DuckDBPyConnection, posts: list[Post]) -> None:
    """Put these posts in the place of those that were there. A day without a total is one that the platform
    told itself: no counter has it."""
    con.execute("truncate marts.posts; truncate facts.campaign_counters; truncate facts.gains")
    insert(
        con,
        "marts.posts",
        [("water", "x", name(number), post.account, post.created_at) for number, post in enumerate(posts)],
    )
    counters = sorted({(number, metric) for number, post in enumerate(posts) for metric, _ in post.days})
    insert(
        con,
        "facts.campaign_counters",
        [("water", "x", name(number), metric, place) for place, (number, metric) in enumerate(counters)],
    )
    insert(
        con,
        "facts.gains",
        [
            (
                counters.index((number, metric)),
                published_on(post.created_at or FIRST) + timedelta(days=age),
                total,
                known,
            )
            for number, post in enumerate(posts)
            for (metric, age), (total, known) in post.days.items()
            if total is not None
        ],
    )


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute(f"insert into {table} select {', '.join('unnest(?)' for _ in columns)}", columns)


def name(number: int) -> str:
    return f"{number:04d}"


def figure_of(post: Post, metric: str, age: int) -> int | None:
    """The post's total at the end of a day; None where it is not told or the day is open."""
    told = [post.days[one, age] for one in parts(metric) if (one, age) in post.days]
    known = [(total, completeness) for total, completeness in told if total is not None]
    if not known or any(completeness == "open" for _, completeness in known):
        return None
    return sum(total for total, _ in known)


def told_of(post: Post, metric: str, age: int) -> tuple[str, ...]:
    """The parts that have a total at the end of that day, by name."""
    return tuple(sorted(one for one in parts(metric) if post.days.get((one, age), (None, ""))[0] is not None))


def parts(metric: str) -> tuple[str, ...]:
    return INTERACTIONS if metric == "interactions" else (metric,)


def expected_of(earlier: list[int]) -> float | None:
    """The mean of the middle half."""
    if len(earlier) < 4:
        return None
    middle = sorted(earlier)
    for _ in range(len(earlier) // 4):
        middle = middle[1:-1]
    return sum(middle) / len(middle)


def score_of(actual: int, expected: float | None) -> float | None:
    """As published: -400 for nothing against 200, -2 for 100 against 200, 2 for 400 against 200."""
    if expected is None or expected == 0:
        return None
    if actual >= expected:
        return actual / expected
    return -2 * expected if actual == 0 else -expected / actual


def slowly(posts: list[Post]) -> set[tuple[object, ...]]:
    """(post, metric, age, actual, expected, compared with, score, what is added up) of every post."""
    found: set[tuple[object, ...]] = set()
    for metric in (*OF_A_POST, "interactions"):
        for age in {age for post in posts for _, age in post.days if 0 <= age <= 30}:
            for account in {post.account for post in posts if post.account is not None}:
                line = sorted(
                    (post.created_at, name(number), actual)
                    for number, post in enumerate(posts)
                    if post.account == account
                    and post.created_at is not None
                    and (actual := figure_of(post, metric, age)) is not None
                )
                for place, (_, post_id, actual) in enumerate(line):
                    told = told_of(posts[int(post_id)], metric, age)
                    earlier = [before for _, _, before in line[max(0, place - 100) : place]]
                    expected = expected_of(earlier)
                    score = score_of(actual, expected)
                    found.add((post_id, metric, age, actual, expected, len(earlier), score, told))
    return found


def in_sql(con: duckdb.DuckDBPyConnection) -> set[tuple[object, ...]]:
    rows = con.execute(
        "select post_id, metric, age_days, actual, expected, benchmark_posts, score, parts "
        "from marts.over_performing"
    ).fetchall()
    found = {(*row, tuple(told)) for *row, told in rows}
    assert len(found) == len(rows)
    return found


# Few days, so that posts have the same ones.
DAYS = st.dictionaries(
    st.sampled_from(
        [
            *(("views", age) for age in (-1, 0, 1, 30, 31)),
            *(
                (metric, 1)
                for metric in ("shares", "retweets", "reactions", "comments", "quotes", "bookmarks")
            ),
        ]
    ),
    st.tuples(
        st.one_of(st.none(), st.integers(0, 4), st.integers(0, 10**12)),
        st.sampled_from(("complete", "complete", "estimated", "open")),
    ),
    min_size=3,
)
POSTS = st.lists(
    st.builds(
        Post,
        account=st.sampled_from(("1", "1", "1", "2", None)),
        created_at=st.one_of(
            st.none(), st.integers(0, 6000).map(lambda minutes: FIRST + timedelta(minutes=minutes))
        ),
        days=DAYS,
    ),
    max_size=20,
)


@given(posts=POSTS)
def test_the_score_is_that_of_the_plain_reference(con: duckdb.DuckDBPyConnection, posts: list[Post]) -> None:
    fill(con, posts)
    assert in_sql(con) == slowly(posts)


def test_only_the_last_hundred_posts_are_compared_with_and_the_outer_quarters_left_out(
    con: duckdb.DuckDBPyConnection,
) -> None:
    posts = [
        Post("1", FIRST + timedelta(hours=hour), {("views", 1): (1000 + hour * hour % 97, "complete")})
        for hour in range(130)
    ]
    fill(con, posts)
    assert in_sql(con) == slowly(posts)
    assert con.execute("select max(benchmark_posts) from marts.over_performing").fetchone() == (100,)


@pytest.mark.parametrize(("actual", "score"), [(400, 2.0), (200, 1.0), (100, -2.0), (1, -200.0), (0, -400.0)])
def test_the_examples_of_the_published_definition(
    con: duckdb.DuckDBPyConnection, actual: int, score: float
) -> None:
    totals = [1, 200, 200, 9000, actual]
    posts = [
        Post("1", FIRST + timedelta(hours=hour), {("shares", 0): (total, "complete")})
        for hour, total in enumerate(totals)
    ]
    fill(con, posts)
    rows = con.execute(
        "select expected, score from marts.over_performing where post_id = '0004' and metric = 'shares'"
    ).fetchall()
    assert rows == [(200.0, score)]


def test_interactions_say_which_parts_they_add_up(con: duckdb.DuckDBPyConnection) -> None:
    likes_hidden = {("comments", 1): (5, "complete"), ("reactions", 1): (None, "complete")}
    posts = [
        Post("1", FIRST, {("comments", 1): (5, "complete"), ("reactions", 1): (90, "complete")}),
        Post("1", FIRST + timedelta(hours=1), {**likes_hidden, ("views", 1): (800, "complete")}),
    ]
    fill(con, posts)
    rows = con.execute(
        "select post_id, actual, parts from marts.over_performing where metric = 'interactions' order by all"
    ).fetchall()
    assert rows == [("0000", 95, ["comments", "reactions"]), ("0001", 5, ["comments"])]


def test_a_viral_post_of_a_built_warehouse_leads_its_campaign(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(starts=date(2026, 11, 1), ends=date(2026, 11, 30)))
    retweets = {"101": 10, "102": 20, "103": 20, "104": 40, "105": 100, "106": 4}
    for day in range(1, 7):
        for number, (post_id, rate) in enumerate(retweets.items()):
            created_at = datetime(2026, 11, 1, 1 + number, tzinfo=UTC)
            post = x_post(post_id, retweets=rate * day, created_at=created_at)
            lake.answer(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day), {"data": [post]})
    lake.build()
    with open_published(lake.warehouse) as con:
        rows = con.execute(
            "select rank, post_id, actual, expected, benchmark_posts, score, parts "
            "from over_performing_at(' ReTweets', 2)"
        ).fetchall()
    # At the age of two days each has three times its rate; the first four have nothing to be compared with.
    assert rows == [
        (1, "105", 300, 60.0, 4, 5.0, ["retweets"]),
        (2, "106", 12, 80.0, 5, pytest.approx(-80 / 12), ["retweets"]),
    ]
