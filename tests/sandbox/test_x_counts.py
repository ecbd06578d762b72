"""The X face's counts per day against X's description, its recordings, and the world that it counts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.exchange import Asked
from connectors.sandbox.growth import Moment
from connectors.sandbox.world import shipped_world
from connectors.sandbox.x import BEARER_TOKEN, CONSUMER_KEY, XFace
from tests.sandbox.plain import END_2019, Plain, at, truth
from tests.sandbox.test_x import START, check

RECENT, ALL = "/tweets/counts/recent", "/tweets/counts/all"
NOW = at(4, 12, 19, 18)


def counts(plain: Plain, path: str, moment: datetime = NOW, **params: str) -> Any:
    return plain.x(path, moment, **{"query": "#VoteLabour", "granularity": "day", **params}).json()


def total(body: Any) -> int:
    return sum(bucket["tweet_count"] for bucket in body["data"])


def test_recent_counts_are_of_the_schema_and_cut_at_both_ends(plain: Plain) -> None:
    body = counts(plain, RECENT)
    check(body, "Get2TweetsCountsRecentResponse")
    assert body["data"][0]["start"] == "2019-11-27T19:18:00.000Z"
    assert body["data"][-1]["end"] == "2019-12-04T19:17:50.000Z"
    assert len(body["data"]) == 8
    for before, after in zip(body["data"], body["data"][1:], strict=False):
        assert before["end"] == after["start"]
        assert after["start"].endswith("T00:00:00.000Z")
    assert body["meta"] == {"total_tweet_count": total(body)}


def test_the_archive_gives_31_days_a_page_newest_page_first(plain: Plain) -> None:
    window = {"start_time": "2019-10-01T00:00:00Z", "end_time": "2019-12-04T00:00:00Z"}
    newest = counts(plain, ALL, **window)
    check(newest, "Get2TweetsCountsAllResponse")
    middle = counts(plain, ALL, next_token=newest["meta"]["next_token"], **window)
    oldest = counts(plain, ALL, next_token=middle["meta"]["next_token"], **window)
    pages = [newest, middle, oldest]
    assert [len(page["data"]) for page in pages] == [31, 31, 2]
    assert [page["meta"]["total_tweet_count"] for page in pages] == [total(page) for page in pages]
    assert "next_token" not in oldest["meta"]
    starts = [bucket["start"] for page in reversed(pages) for bucket in page["data"]]
    assert starts == sorted(starts)
    assert (starts[0][:10], starts[-1][:10]) == ("2019-10-01", "2019-12-03")
    # Before the campaign nobody said it.
    assert {bucket["tweet_count"] for bucket in oldest["data"]} == {0}


def test_the_archive_begins_thirty_days_back_at_midnight_unless_told(plain: Plain) -> None:
    body = counts(plain, ALL)
    assert body["data"][0]["start"] == "2019-11-04T00:00:00.000Z"
    assert body["data"][-1]["end"] == "2019-12-04T19:17:50.000Z"
    assert "next_token" not in body["meta"]


def test_hours_and_minutes_add_up_to_the_day(plain: Plain) -> None:
    day = {"start_time": "2019-12-01T00:00:00Z", "end_time": "2019-12-02T00:00:00Z"}
    by_day = counts(plain, RECENT, **day)
    assert by_day["meta"]["total_tweet_count"] > 1000
    for granularity, buckets in (("hour", 24), ("minute", 1440)):
        finer = counts(plain, RECENT, granularity=granularity, **day)
        assert (len(finer["data"]), total(finer)) == (buckets, total(by_day))


@pytest.mark.parametrize("mention", truth("uk-general-election-2019")["mentions"], ids=str)
def test_what_the_world_mentions_adds_up_over_its_days(plain: Plain, mention: dict[str, Any]) -> None:
    query = f"#{mention['hashtag']}" if "hashtag" in mention else f'url:"{mention["site"]}"'
    window = {"start_time": "2019-10-29T00:00:00Z", "end_time": "2019-12-13T00:00:00Z"}
    later = END_2019 + timedelta(minutes=1)
    newest = counts(plain, ALL, later, query=query, **window)
    oldest = counts(plain, ALL, later, query=query, next_token=newest["meta"]["next_token"], **window)
    assert total(newest) + total(oldest) == mention["posts"]


def test_hashtags_are_counted_in_any_case_and_other_questions_match_nothing(plain: Plain) -> None:
    assert total(counts(plain, RECENT, query="#votelabour")) == total(counts(plain, RECENT)) > 0
    for query in ("#nobodysaysthis", "from:UKLabour", 'url:"https://example.com/"', "retweets_of:nobody"):
        assert total(counts(plain, RECENT, query=query)) == 0


def test_retweets_are_counted_gross_of_those_taken_back(plain: Plain) -> None:
    window = {"start_time": "2019-10-29T00:00:00Z", "end_time": "2019-12-12T00:00:00Z"}
    moment = at(12, 12, 0, 1)
    newest = counts(plain, ALL, moment, query="retweets_of:BorisJohnson", **window)
    rest = counts(
        plain,
        ALL,
        moment,
        query="retweets_of:BorisJohnson",
        next_token=newest["meta"]["next_token"],
        **window,
    )
    counted = total(newest) + total(rest)
    shown = sum(
        post["public_metrics"]["retweet_count"]
        for page in plain.timeline("BorisJohnson", at(12, 12), **START)
        for post in page["data"]
    )
    assert 1.0 < counted / shown < 1.03
    assert all(bucket["tweet_count"] >= 0 for bucket in newest["data"])


def test_nothing_is_counted_of_a_protected_account(plain: Plain) -> None:
    assert total(counts(plain, ALL, query="retweets_of:OddProtected")) == 0


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (RECENT, {"start_time": "2019-11-27T19:17:59Z"}),
        (RECENT, {"end_time": "2019-12-04T19:17:55Z"}),
        (RECENT, {"start_time": "2019-12-02T00:00:00Z", "end_time": "2019-12-02T00:00:00Z"}),
        (RECENT, {"query": "#" + "a" * 512}),
        (ALL, {"query": "#" + "a" * 1024}),
        (RECENT, {"query": ""}),
        (RECENT, {"granularity": "week"}),
        (RECENT, {"next_token": "b26v89c19zqg8o3fo7e"}),
        (ALL, {"next_token": "elsewhere"}),
        (ALL, {"start_time": "2010-01-01T00:00:00Z"}),
        (ALL, {"tweet.fields": "id"}),
        (ALL, {"search_count.fields": "likes"}),
    ],
)
def test_what_the_counts_do_not_take_is_refused(plain: Plain, path: str, params: dict[str, str]) -> None:
    answer = plain.x(path, NOW, **{"query": "#VoteLabour", "granularity": "day", **params})
    assert answer.status_code == 400
    check(answer.json(), "InvalidRequestProblem")


def test_counts_come_in_the_newer_words_when_asked_for(plain: Plain) -> None:
    older = counts(plain, RECENT)
    newer = counts(plain, RECENT, **{"search_count.fields": "start,end,post_count"})
    assert [bucket["post_count"] for bucket in newer["data"]] == [
        bucket["tweet_count"] for bucket in older["data"]
    ]
    assert newer["meta"] == {"total_post_count": older["meta"]["total_tweet_count"]}


def test_counts_have_limits_of_their_own(own: Plain) -> None:
    for path in (RECENT, ALL):
        answer = own.x(path, NOW, query="#a")
        assert (answer.headers["x-rate-limit-limit"], answer.headers["x-rate-limit-remaining"]) == (
            "300",
            "299",
        )


def test_a_world_says_where_its_sites_are_mentioned(plain: Plain) -> None:
    world = truth("uk-general-election-2019")
    mentioned = {mention["site"] for mention in world["mentions"] if "site" in mention}
    named = {account["site"] for account in world["accounts"] if "site" in account}
    assert named <= mentioned


TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "day",
        "minute",
        "#VoteLabour",
        "retweets_of:jessi",
        'url:"x"',
        "2019-12-01T00:00:00Z",
        "2019-12-03T00:00:00Z",
    ]
)
NAMES = st.sampled_from(
    ["query", "granularity", "start_time", "end_time", "next_token", "pagination_token", "since_id", "other"]
)


@given(
    st.sampled_from(["/2/tweets/counts/recent", "/2/tweets/counts/all", "/2/users/me"]),
    st.dictionaries(NAMES, TEXT, max_size=5),
    st.sampled_from([f"Bearer {BEARER_TOKEN}", f'OAuth oauth_consumer_key="{CONSUMER_KEY}"', "OAuth", ""])
    | TEXT,
)
def test_any_request_is_answered(path: str, query: dict[str, str], token: str) -> None:
    asked = Asked("GET", path, query, {"authorization": token}, b"", Moment.of(NOW))
    answer = XFace(shipped_world()).answer(asked)
    assert answer.status in (200, 400, 401, 403)
    assert isinstance(json.loads(answer.body), dict)
