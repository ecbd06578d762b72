"""Mentions and retweets per day, asked of the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from connectors import x
from connectors.asking import AccountDays, Ask, Mentions
from connectors.sandbox.server import Sandbox
from tests.connectors.conftest import TOKEN
from tests.connectors.loopback import Answer, Loopback
from tests.connectors.test_x import Connect
from tests.connectors.test_x import walk as walk_by_id
from tests.connectors.x_run import Run, walk

NOW = datetime(2019, 12, 10, 15, 30, tzinfo=UTC)
SITE = "https://mynearestmarginal.example.org/"


@pytest.fixture
def run() -> Iterator[Run]:
    with Sandbox(now=NOW) as sandbox:
        yield Run(sandbox, NOW)


def hashtag(first: date, last: date, tag: str = "VoteLabour", campaign: str = "c1") -> Mentions:
    return Mentions(campaign, "hashtag", tag, first, last)


def site(first: date, last: date, address: str = SITE) -> Mentions:
    return Mentions("c1", "site", address, first, last)


def retweets(first: date, last: date, handle: str | None = "jeremycorbyn") -> AccountDays:
    return AccountDays("c1", first, last, handle, None if handle else "9")


def days_of(run: Run) -> list[str]:
    return [bucket["start"][:10] for body in run.bodies("counts") for bucket in body["data"]]


def test_the_last_week_is_counted_by_whole_utc_days_in_one_request(run: Run) -> None:
    run.collect(walk("jessi"), mentions=[hashtag(date(2019, 12, 5), date(2019, 12, 9))])
    assert run.paths()[-1] == "/2/tweets/counts/recent"
    assert run.asked("counts") == [
        {
            "query": "#VoteLabour",
            "granularity": "day",
            "start_time": "2019-12-05T00:00:00Z",
            "end_time": "2019-12-10T00:00:00Z",
        }
    ]
    assert days_of(run) == ["2019-12-05", "2019-12-06", "2019-12-07", "2019-12-08", "2019-12-09"]
    assert run.troubles == []


def test_a_running_day_has_no_end_and_is_cut_where_it_stands(run: Run) -> None:
    run.collect(walk("jessi"), mentions=[site(date(2019, 12, 8), date(2019, 12, 10))])
    [asked] = run.asked("counts")
    assert asked["query"] == f'url:"{SITE}"'
    assert "end_time" not in asked
    [body] = run.bodies("counts")
    assert body["data"][-1]["end"] == "2019-12-10T15:29:50.000Z"


def test_an_earlier_beginning_is_counted_in_the_archive_over_all_its_pages(run: Run) -> None:
    run.collect(walk("jessi"), mentions=[hashtag(date(2019, 10, 29), date(2019, 12, 9))])
    assert run.paths()[-2:] == ["/2/tweets/counts/all"] * 2
    newest, oldest = run.bodies("counts")
    assert (len(newest["data"]), len(oldest["data"])) == (31, 11)
    assert newest["data"][-1]["start"][:10] == "2019-12-09"
    assert oldest["data"][0]["start"][:10] == "2019-10-29"
    assert run.asked("counts")[1]["next_token"] == newest["meta"]["next_token"]
    assert [row["page"] for row in run.of("counts")] == [1, 2]


def test_the_seventh_day_back_is_no_longer_whole_in_recent_counts(run: Run) -> None:
    run.collect(
        walk("jessi"),
        mentions=[hashtag(date(2019, 12, 3), date(2019, 12, 9)), site(date(2019, 12, 4), date(2019, 12, 9))],
    )
    assert run.paths()[-2:] == ["/2/tweets/counts/all", "/2/tweets/counts/recent"]


def test_a_plan_without_the_archive_is_told_once_and_recent_days_are_counted(run: Run) -> None:
    run.sandbox.program({"match": "/counts/all", "fault": "not_in_plan", "times": 9})
    run.collect(
        walk("jessi"),
        mentions=[
            hashtag(date(2019, 10, 29), date(2019, 12, 9)),
            site(date(2019, 10, 29), date(2019, 12, 9)),
            hashtag(date(2019, 11, 1), date(2019, 11, 5), "NHS"),
        ],
    )
    assert run.paths()[1:] == [
        "/2/users/48120937716/tweets",
        "/2/tweets/counts/all",
        "/2/tweets/counts/recent",
        "/2/tweets/counts/recent",
    ]
    assert {asked.get("start_time") for asked in run.asked("counts")[1:]} == {"2019-12-04T00:00:00Z"}
    [(kind, message, count)] = run.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert message.startswith("x: no counts from before 2019-12-04 (not allowed (")


def test_before_xs_clock_is_known_the_first_count_takes_xs_own_window(run: Run) -> None:
    run.is_live = True
    run.collect(
        mentions=[
            hashtag(date(2019, 11, 1), date(2019, 11, 5)),
            site(date(2019, 12, 8), date(2019, 12, 9)),
        ]
    )
    assert run.paths() == ["/2/tweets/counts/recent", "/2/tweets/counts/all", "/2/tweets/counts/recent"]
    assert run.asked("counts")[0] == {"query": "#VoteLabour", "granularity": "day"}
    assert run.troubles == []


def test_a_subject_of_two_campaigns_is_counted_once_over_both_windows(run: Run) -> None:
    run.collect(
        walk("jessi"),
        mentions=[
            hashtag(date(2019, 12, 7), date(2019, 12, 8)),
            hashtag(date(2019, 12, 5), date(2019, 12, 9), "votelabour", campaign="c2"),
        ],
    )
    [asked] = run.asked("counts")
    assert (asked["start_time"], asked["end_time"]) == ("2019-12-05T00:00:00Z", "2019-12-10T00:00:00Z")


@pytest.mark.parametrize(
    "mention",
    [
        hashtag(date(2019, 12, 8), date(2019, 12, 9), "a OR from:b"),
        hashtag(date(2019, 12, 8), date(2019, 12, 9), ""),
        site(date(2019, 12, 8), date(2019, 12, 9), 'https://example.org/" OR "b'),
        site(date(2019, 12, 8), date(2019, 12, 9), "https://example.org/" + "a" * 1024),
    ],
)
def test_what_would_be_another_question_is_not_asked(run: Run, mention: Mentions) -> None:
    run.collect(mentions=[mention])
    assert run.rows == []
    assert run.kinds() == ["BadRequest"]


def test_an_address_too_long_for_recent_counts_is_counted_in_the_archive(run: Run) -> None:
    run.collect(mentions=[site(date(2019, 12, 8), date(2019, 12, 9), "https://example.org/" + "a" * 600)])
    assert run.paths() == ["/2/tweets/counts/all"]
    assert run.troubles == []


def test_retweets_of_an_account_are_counted_near_what_its_counters_gain(run: Run) -> None:
    run.collect(walk("jeremycorbyn"), days=[retweets(date(2019, 10, 29), date(2019, 12, 9))])
    counted = sum(bucket["tweet_count"] for body in run.bodies("counts") for bucket in body["data"])
    shown = sum(
        post["public_metrics"]["retweet_count"] for body in run.bodies("timeline") for post in body["data"]
    )
    assert 0.98 < counted / shown < 1.03
    assert run.troubles == []


def test_counts_without_retweets_are_told_once_and_not_asked_again(run: Run) -> None:
    run.sandbox.program({"match": "retweets_of", "fault": "no_counts", "times": 9})
    window = (date(2019, 12, 6), date(2019, 12, 9))
    run.collect(
        walk("jeremycorbyn"),
        walk("UKLabour"),
        days=[retweets(*window), retweets(*window, handle="UKLabour")],
    )
    assert len(run.of("counts")) == 1
    [(kind, message, _)] = run.troubles
    assert kind == "NotOffered"
    assert "X counts no retweets_of:jeremycorbyn though posts were retweeted" in message


def test_no_retweets_of_an_account_that_posted_nothing_are_no_surprise(run: Run) -> None:
    run.sandbox.program({"match": "retweets_of", "fault": "no_counts", "times": 9})
    run.collect(days=[retweets(date(2019, 12, 6), date(2019, 12, 9), handle="robdelaney")])
    assert run.troubles == []


def test_an_account_without_a_handle_cannot_be_counted(run: Run) -> None:
    run.collect(days=[retweets(date(2019, 12, 6), date(2019, 12, 9), handle=None)])
    assert run.kinds() == ["NotOffered"]


def test_both_vocabularies_are_understood(run: Run) -> None:
    run.sandbox.program({"match": "/x/2/", "fault": "new_vocabulary", "times": 99})
    run.collect(walk("jeremycorbyn"), days=[retweets(date(2019, 12, 6), date(2019, 12, 9))])
    assert "post_count" in run.bodies("counts")[0]["data"][0]
    # Counted in the newer words too: nothing is missed, so nothing is told.
    assert run.troubles == []


def test_counts_that_repeat_a_page_end(run: Run) -> None:
    run.sandbox.program({"match": "next_token", "fault": "repeated_cursor", "times": 9})
    run.collect(walk("jessi"), mentions=[hashtag(date(2019, 8, 1), date(2019, 12, 9))])
    assert len(run.of("counts")) == 2
    assert run.kinds() == ["Unreadable"]


def test_which_counts_are_asked_follows_xs_own_clock(server: Loopback, connect: Connect) -> None:
    server.on("/2/users/9/tweets", Answer({"meta": {}}))
    server.on("/2/tweets/counts/all", Answer({"meta": {"total_tweet_count": 0}}))
    wire = connect(x, now=lambda: datetime(2020, 1, 2, tzinfo=UTC))
    mention = hashtag(date(2020, 1, 1), date(2020, 1, 2))
    x.collect(Ask("x", (walk_by_id(account_id="9"),), mentions=(mention,)), wire.session, TOKEN)
    assert server.paths()[-1] == "/2/tweets/counts/all"
    assert wire.session.report.troubles == []


@pytest.mark.parametrize("fault", ["not_in_plan", "html_502", "truncated_json"])
def test_a_cross_check_that_cannot_be_had_is_told_and_is_no_failure(run: Run, fault: str) -> None:
    run.sandbox.program({"match": "retweets_of", "fault": fault, "times": 99})
    run.collect(walk("jeremycorbyn"), days=[retweets(date(2019, 12, 6), date(2019, 12, 9))])
    assert run.kinds() == ["NotOffered"]
    assert run.of("timeline")


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_an_api_without_counts_is_told_once_and_is_no_failure(
    server: Loopback, connect: Connect, status: int
) -> None:
    for endpoint in ("recent", "all"):
        server.on(f"/2/tweets/counts/{endpoint}", Answer({"title": "Not here"}, status=status))
    wire = connect(x, as_of=NOW)
    mentions = (hashtag(date(2019, 12, 8), date(2019, 12, 9)), hashtag(date(2019, 12, 1), NOW.date(), "NHS"))
    x.collect(
        Ask("x", days=(retweets(date(2019, 12, 6), date(2019, 12, 9)),), mentions=mentions),
        wire.session,
        TOKEN,
    )
    [(kind, message, count)] = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert message.startswith("x: hashtags and sites are not counted (")
    assert "; check " in message
    assert len(server.asked) == 1


def test_counts_follow_the_runs_clock_whatever_the_server_says_it_is(
    server: Loopback, connect: Connect
) -> None:
    server.on(
        "/2/tweets/counts/recent",
        Answer({"meta": {}}, headers={"Date": "Fri, 02 Oct 2026 12:00:00 GMT"}),
    )
    wire = connect(x, as_of=NOW)
    mentions = (
        hashtag(date(2019, 12, 8), date(2019, 12, 9)),
        hashtag(date(2019, 12, 8), NOW.date(), "NHS"),
    )
    x.collect(Ask("x", mentions=mentions), wire.session, TOKEN)
    assert [one.parameters.get("end_time") for one in server.asked] == ["2019-12-10T00:00:00Z", None]
    assert wire.session.report.troubles == []


def test_counts_without_an_end_are_given_up(server: Loopback, connect: Connect) -> None:
    pages = iter(range(1000))
    server.on("/2/tweets/counts/all", lambda asked: Answer({"meta": {"next_token": f"t{next(pages)}"}}))
    wire = connect(x, as_of=NOW)
    mention = hashtag(date(2019, 8, 1), date(2019, 12, 9))
    x.collect(Ask("x", mentions=(mention,)), wire.session, TOKEN)
    assert wire.kinds() == ["Unreadable"]
    assert len(server.asked) < 20
