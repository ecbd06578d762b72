"""What X's answers say, in both of its vocabularies, and that nothing it may answer stops a build."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.warehouse.lake import Lake, Sighting, x_media, x_post

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)

OLD_POST: dict[str, object] = {
    "id": "100",
    "text": "Vote",
    "edit_history_tweet_ids": ["100"],
    "author_id": "9",
    "created_at": "2026-11-01T09:30:00.000Z",
    "attachments": {"media_keys": ["13_55"]},
    "public_metrics": {
        "retweet_count": 57143,
        "reply_count": 12,
        "like_count": 234,
        "quote_count": 5,
        "bookmark_count": 8,
        "impression_count": 543200,
    },
}
NEW_POST: dict[str, object] = {
    "id": "100",
    "text": "Vote",
    "edit_history_post_ids": ["100"],
    "author_id": "9",
    "created_at": "2026-11-01T09:30:00.000Z",
    "attachments": {"media_keys": ["13_55"]},
    "public_metrics": {
        "repost_count": 57143,
        "reply_count": 12,
        "like_count": 234,
        "quote_count": 5,
        "bookmark_count": 8,
        "impression_count": 543200,
    },
}
NOT_FOUND = {
    "value": "101",
    "detail": "Could not find tweet with ids: [101].",
    "title": "Not Found Error",
    "resource_type": "tweet",
    "parameter": "ids",
    "resource_id": "101",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
}
NOT_AUTHORISED = {
    "resource_id": "102",
    "parameter": "ids",
    "resource_type": "tweet",
    "section": "data",
    "title": "Authorization Error",
    "value": "102",
    "detail": "Sorry, you are not authorized to see the Tweet with ids: [102].",
    "type": "https://api.twitter.com/2/problems/not-authorized-for-resource",
}


def seen(
    folder: Path, *bodies: object, endpoint: str = "posts", status: int = 200
) -> dict[tuple[str, str], Sighting]:
    """What answers that arrived at noon say, by (type, id)."""
    lake = Lake(folder)
    lake.answers([(NOON, body) for body in bodies], endpoint=endpoint, status=status)
    return lake.read()


def renamed(problem: Mapping[str, str]) -> dict[str, str]:
    """A problem as the newer vocabulary and host word it."""
    kind = problem["type"].rsplit("/", 1)[1]
    return {**problem, "resource_type": "post", "type": f"https://api.x.com/2/problems/{kind}"}


@pytest.mark.parametrize("post", [OLD_POST, NEW_POST], ids=["tweet vocabulary", "post vocabulary"])
@pytest.mark.parametrize("endpoint", ["posts", "timeline"])
def test_a_post_is_read_alike_in_both_vocabularies(
    tmp_path: Path, post: dict[str, object], endpoint: str
) -> None:
    found = seen(tmp_path, {"data": [post]}, endpoint=endpoint)
    assert found == {
        ("post", "100"): Sighting(
            response_id="run-00001-00000",
            observed_at=NOON,
            state="present",
            account_id="9",
            created_at=MORNING,
            text="Vote",
            permalink="https://x.com/i/status/100",
            aliases={"100"},
            media_ids=["13_55"],
            post_ids=[],
            handle=None,
            name=None,
            counters={
                "retweet_count": 57143,
                "reply_count": 12,
                "like_count": 234,
                "quote_count": 5,
                "bookmark_count": 8,
                "impression_count": 543200,
            },
        )
    }


@pytest.mark.parametrize("word", [dict, renamed], ids=["tweet vocabulary", "post vocabulary"])
def test_a_deleted_post_is_gone_and_a_protected_one_withheld_beside_those_that_answer(
    tmp_path: Path, word: type
) -> None:
    found = seen(tmp_path, {"data": [OLD_POST], "errors": [word(NOT_FOUND), word(NOT_AUTHORISED)]})
    assert {name: sighting.state for name, sighting in found.items()} == {
        ("post", "100"): "present",
        ("post", "101"): "gone",
        ("post", "102"): "withheld",
    }
    assert found["post", "101"].counters == found["post", "102"].counters == {}


def test_an_answer_in_which_every_post_failed_has_no_data_and_is_read(tmp_path: Path) -> None:
    found = seen(tmp_path, {"errors": [NOT_FOUND, NOT_AUTHORISED]})
    assert {name: sighting.state for name, sighting in found.items()} == {
        ("post", "101"): "gone",
        ("post", "102"): "withheld",
    }


def test_a_refusal_that_names_its_post_only_as_value_is_read(tmp_path: Path) -> None:
    problem = {name: text for name, text in NOT_FOUND.items() if name != "resource_id"}
    assert seen(tmp_path, {"errors": [problem]})["post", "101"].state == "gone"


def test_a_refused_field_or_a_missing_author_says_nothing_of_the_post(tmp_path: Path) -> None:
    refused_field = {
        "resource_type": "tweet",
        "field": "non_public_metrics.impression_count",
        "parameter": "id",
        "resource_id": "100",
        "title": "Field Authorization Error",
        "section": "data",
        "detail": "Sorry, you are not authorized to access 'non_public_metrics' on the Tweet.",
        "value": "100",
        "type": "https://api.twitter.com/2/problems/not-authorized-for-field",
    }
    missing_author = {
        **NOT_FOUND,
        "resource_type": "user",
        "resource_id": "9",
        "value": "9",
        "parameter": "author_id",
    }
    found = seen(tmp_path, {"data": [OLD_POST], "errors": [refused_field, missing_author]})
    assert {name: sighting.state for name, sighting in found.items()} == {("post", "100"): "present"}


def test_a_native_retweet_is_no_post_of_its_own(tmp_path: Path) -> None:
    old = {**OLD_POST, "referenced_tweets": [{"type": "retweeted", "id": "5"}]}
    new = {**NEW_POST, "referenced_posts": [{"type": "reposted", "id": "5"}]}
    mixed = {**NEW_POST, "referenced_posts": [{"type": "retweeted", "id": "5"}]}
    assert seen(tmp_path, {"data": [old]}, {"data": [new]}, {"data": [mixed]}) == {}


def test_a_quoting_or_replying_post_is_a_post_of_its_own(tmp_path: Path) -> None:
    references = [{"type": "quoted", "id": "5"}, {"type": "replied_to", "id": "6"}]
    found = seen(tmp_path, {"data": [{**OLD_POST, "referenced_tweets": references}]})
    assert found["post", "100"].counters["retweet_count"] == 57143


@pytest.mark.parametrize("history", ["edit_history_tweet_ids", "edit_history_post_ids"])
def test_an_edited_post_keeps_its_first_id_and_takes_counters_from_its_newest(
    tmp_path: Path, history: str
) -> None:
    edits = ["100", "150", "190"]
    metrics = {"like_count": 40}
    newest = {"id": "190", "text": "Vote!", "author_id": "9", history: edits, "public_metrics": metrics}
    found = seen(tmp_path, {"data": [newest]})
    assert set(found) == {("post", "100")}
    assert found["post", "100"].counters == {"like_count": 40}
    assert found["post", "100"].aliases == {"100", "150", "190"}
    assert found["post", "100"].text == "Vote!"


def test_an_older_id_of_an_edited_post_gives_no_counters_and_not_what_the_post_says(tmp_path: Path) -> None:
    stale = {
        "id": "100",
        "author_id": "9",
        "text": "Vot",
        "entities": {"urls": [{"expanded_url": "https://vote.example/old"}]},
        "edit_history_tweet_ids": ["100", "150"],
        "public_metrics": {"like_count": 3},
    }
    found = seen(tmp_path, {"data": [stale]})
    shown = found["post", "100"]
    assert (shown.counters, shown.text, shown.permalink, shown.links) == ({}, None, None, [])
    assert shown.account_id == "9"
    assert shown.aliases == {"100", "150"}


def test_impressions_of_zero_are_missing_for_posts_from_before_they_were_counted(tmp_path: Path) -> None:
    cases = [
        ("2022-12-31T23:59:59.000Z", 0, None),
        ("2022-12-31T23:59:59.000Z", 7, 7),
        (None, 0, None),
        ("2023-01-01T00:00:00.000Z", 0, 0),
        ("2026-11-01T09:30:00.000Z", 12, 12),
    ]
    posts = [
        {"id": str(number), "public_metrics": {"impression_count": shown, "like_count": 0}}
        | ({} if created_at is None else {"created_at": created_at})
        for number, (created_at, shown, _) in enumerate(cases)
    ]
    found = seen(tmp_path, {"data": posts})
    for number, (_, _, read) in enumerate(cases):
        counters = found["post", str(number)].counters
        assert (counters.get("impression_count"), counters["like_count"]) == (read, 0)


def test_the_views_of_a_video_are_the_mediums_and_a_photo_has_none(tmp_path: Path) -> None:
    photo = {"media_key": "3_77", "type": "photo"}
    post = x_post("1", media=["13_55", "3_77"])
    found = seen(
        tmp_path,
        {"data": [post], "includes": {"media": [x_media("13_55", 690926), photo]}},
        endpoint="timeline",
    )
    assert found["media", "13_55"].counters == {"view_count": 690926}
    assert found["media", "3_77"].counters == {}
    assert found["post", "1"].media_ids == ["13_55", "3_77"]


def test_a_post_with_nothing_but_its_id_is_seen_without_counters(tmp_path: Path) -> None:
    found = seen(tmp_path, {"data": [{"id": "1"}]})["post", "1"]
    assert (found.state, found.account_id, found.created_at, found.text) == ("present", None, None, None)
    assert (found.counters, found.media_ids, found.aliases) == ({}, [], {"1"})


def test_numbers_are_read_as_numbers_or_as_text_and_what_is_none_is_missing(tmp_path: Path) -> None:
    read: list[tuple[object, int | None]] = [
        ("12", 12),
        (10**12, 10**12),
        ("1000000000000", 10**12),
        (0, 0),
        (None, None),
        ("many", None),
        ({}, None),
        ([5], None),
        (10**30, None),
    ]
    posts = [
        {"id": str(number), "public_metrics": {"like_count": shown}} for number, (shown, _) in enumerate(read)
    ]
    found = seen(tmp_path, {"data": posts})
    for number, (_, value) in enumerate(read):
        assert found["post", str(number)].counters == ({} if value is None else {"like_count": value})


def test_texts_are_kept_to_the_last_sign(tmp_path: Path) -> None:
    texts = [
        "🗳️ Vote! 👩‍👩‍👧",
        "صوّتوا يوم الخميس",
        "הצביעו",
        "\u202eright to left\u202c",
        "one\ntwo",
        "'; drop table posts; --",
    ]
    found = seen(tmp_path, {"data": [x_post(str(number), text=text) for number, text in enumerate(texts)]})
    assert [found["post", str(number)].text for number in range(len(texts))] == texts


@pytest.mark.parametrize("endpoint", ["posts", "timeline", "users"])
def test_answers_that_are_not_the_promised_json_give_no_rows_and_cost_no_other_answer(
    tmp_path: Path, endpoint: str
) -> None:
    good = {"data": [{"id": "1", "username": "us"}]}
    bad = [
        "<html><body>502 Bad Gateway</body></html>",
        '{"data": [{"id": "5", "public_metrics": {"like_cou',
        "",
        "false",
        "true",
        "null",
        "[]",
        "{}",
        "7",
        '"text"',
        '{"data": null}',
        '{"data": []}',
        '{"data": {}}',
        '{"data": "text"}',
        '{"data": [null, false, 7, "text", [], {}]}',
        '{"data": [{"id": null}]}',
        '{"includes": [], "errors": {}}',
        '{"includes": {"media": {}, "users": "text"}, "errors": [null, 7, {}]}',
        '{"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429}',
        '{"errors": [{"code": 88, "message": "Rate limit exceeded"}]}',
        '{"code": 88, "message": "Rate limit exceeded"}',
        "\x00\x01",
        "[" * 500,
    ]
    found = seen(tmp_path, *bad, good, *bad, endpoint=endpoint)
    assert [identity for _, identity in found] == ["1"]


def test_an_odd_item_costs_only_itself(tmp_path: Path) -> None:
    odd = {
        "id": "2",
        "created_at": "yesterday",
        "attachments": [],
        "public_metrics": "none",
        "referenced_tweets": {},
    }
    found = seen(tmp_path, {"data": [None, odd, {"id": {}}, OLD_POST]})
    assert found["post", "100"].counters["retweet_count"] == 57143
    assert found["post", "2"].counters == {}
    assert found["post", "2"].created_at is None


def test_a_failed_call_gives_no_rows_whatever_it_says(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for status in (400, 402, 403, 429, 500, 503):
        lake.answer(NOON, {"data": [OLD_POST], "errors": [NOT_FOUND]}, status=status)
    assert lake.read() == {}


def test_accounts_show_their_name_handle_and_followers_asked_for_or_included(tmp_path: Path) -> None:
    user = {
        "id": "9",
        "username": "CleanWaterNow",
        "name": "Clean Water 💧",
        "public_metrics": {"followers_count": 4100},
    }
    asked = seen(tmp_path / "asked", {"data": [user]}, endpoint="users")
    included = seen(tmp_path / "included", {"data": [OLD_POST], "includes": {"users": [user]}})
    for found in (asked["account", "9"], included["account", "9"]):
        assert (found.handle, found.name, found.account_id) == ("CleanWaterNow", "Clean Water 💧", "9")
        assert found.counters == {"followers_count": 4100}


def test_answers_of_other_endpoints_are_not_taken_for_posts(tmp_path: Path) -> None:
    counts = {
        "data": [
            {"start": "2026-11-01T00:00:00.000Z", "end": "2026-11-02T00:00:00.000Z", "tweet_count": 57143}
        ]
    }
    assert seen(tmp_path, counts, {"data": [OLD_POST]}, endpoint="counts") == {}


# -- counts per day


def counted(
    query: str, *buckets: tuple[str, str, int], word: str = "tweet_count"
) -> tuple[object, dict[str, str]]:
    """An answer of the counts endpoint to a question, and the question."""
    data = [
        {"start": f"2026-{start}.000Z", "end": f"2026-{end}.000Z", word: count}
        for start, end, count in buckets
    ]
    body = {"data": data, "meta": {f"total_{word}": sum(count for *_, count in buckets)}}
    return body, {"query": query, "granularity": "day"}


WEEK = (
    ("10-30T19:18:24", "10-31T00:00:00", 7),
    ("10-31T00:00:00", "11-01T00:00:00", 0),
    ("11-01T00:00:00", "11-01T11:59:50", 57143),
)


@pytest.mark.parametrize("word", ["tweet_count", "post_count"])
@pytest.mark.parametrize(
    ("query", "identity"),
    [
        ("#VoteLabour", ("hashtag", "#votelabour")),
        ("#ÉlectionsÉ", ("hashtag", "#électionsé")),
        ('url:"https://app.example.org/Canvass?a=1"', ("site", "https://app.example.org/Canvass?a=1")),
        ("retweets_of:JeremyCorbyn", ("account", "@jeremycorbyn")),
    ],
)
def test_counts_are_values_of_utc_days_of_what_was_asked_for(
    tmp_path: Path, query: str, identity: tuple[str, str], word: str
) -> None:
    lake = Lake(tmp_path)
    body, params = counted(query, *WEEK, word=word)
    lake.answer(NOON, body, endpoint="counts", params=params)
    found = lake.read()
    assert set(found) == {identity}
    assert found[identity].counters == {}
    assert found[identity].periods == {
        ("tweet_count/day", "", date(2026, 10, 30), date(2026, 10, 30)): (7, False),
        ("tweet_count/day", "", date(2026, 10, 31), date(2026, 10, 31)): (0, True),
        ("tweet_count/day", "", date(2026, 11, 1), date(2026, 11, 1)): (57143, False),
    }


def test_a_day_that_was_still_running_when_it_was_counted_is_not_whole(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    body, params = counted("#a", ("11-01T00:00:00", "11-02T00:00:00", 5))
    lake.answer(NOON, body, endpoint="counts", params=params)
    [(_, is_whole)] = lake.read()["hashtag", "#a"].periods.values()
    assert not is_whole


@pytest.mark.parametrize(
    ("query", "granularity"),
    [("from:someone", "day"), ("", "day"), ("#a", "hour"), ("#a", ""), ('url:"unfinished', "day")],
)
def test_counts_of_anything_else_give_no_rows(tmp_path: Path, query: str, granularity: str) -> None:
    lake = Lake(tmp_path)
    body, params = counted(query, *WEEK)
    lake.answer(NOON, body, endpoint="counts", params={**params, "granularity": granularity})
    assert lake.read() == {}


def test_odd_buckets_cost_only_themselves(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    good = {"start": "2026-10-31T00:00:00.000Z", "end": "2026-11-01T00:00:00.000Z", "tweet_count": 3}
    odd = [None, {}, "x", {"start": "never", "end": "x", "tweet_count": 1}, {**good, "tweet_count": "many"}]
    params = {"query": "#a", "granularity": "day"}
    for body in (
        {"data": [*odd, good]},
        {"data": odd},
        {"data": {}},
        {"data": "x"},
        {"meta": {}},
        "",
        "[]",
        "nul",
    ):
        lake.answer(NOON, body, endpoint="counts", params=params)
    assert [value for value, _ in lake.read()["hashtag", "#a"].periods.values()] == [3]


# -- what only the author sees, and links


def test_private_counters_have_names_of_their_own(tmp_path: Path) -> None:
    metrics = {"impression_count": 9, "user_profile_clicks": 2, "url_link_clicks": 1}
    organic = {**metrics, "retweet_count": 4, "reply_count": 3, "like_count": 5}
    post = {"id": "100", "author_id": "9", "non_public_metrics": metrics, "organic_metrics": organic}
    newer = {**post, "id": "101", "organic_metrics": {"repost_count": 4}}
    found = seen(tmp_path, {"data": [post, newer]}, endpoint="private")
    assert found["post", "100"].counters == {
        "non_public_impression_count": 9,
        "non_public_user_profile_clicks": 2,
        "non_public_url_link_clicks": 1,
        "organic_impression_count": 9,
        "organic_retweet_count": 4,
        "organic_reply_count": 3,
        "organic_like_count": 5,
        "organic_user_profile_clicks": 2,
        "organic_url_link_clicks": 1,
    }
    assert found["post", "101"].counters["organic_retweet_count"] == 4


def test_links_are_whole_addresses_of_others(tmp_path: Path) -> None:
    urls = [
        {
            "url": "https://t.co/a",
            "expanded_url": "https://bit.ly/x",
            "unwound_url": "https://example.org/long",
        },
        {"url": "https://t.co/b", "expanded_url": "https://example.org/plain"},
        {"url": "https://t.co/b2", "expanded_url": "https://example.org/plain"},
        {
            "url": "https://t.co/c",
            "expanded_url": "https://x.com/us/status/100/video/1",
            "media_key": "13_55",
        },
        {"url": "https://t.co/d", "expanded_url": "https://twitter.com/us/status/100/photo/1"},
        {"url": "https://t.co/e", "expanded_url": "https://x.com/them/status/200"},
        {"url": "https://t.co/f"},
    ]
    found = seen(tmp_path, {"data": [{**OLD_POST, "entities": {"urls": urls}}]})
    # A rule may name the short address that was pasted, or where it leads.
    assert sorted(found["post", "100"].links) == [
        "https://bit.ly/x",
        "https://example.org/long",
        "https://example.org/plain",
        "https://x.com/them/status/200",
    ]


@pytest.mark.parametrize("entities", [{}, [], "x", None, {"urls": {}}, {"urls": [None, 7, {}]}])
def test_odd_entities_give_no_links(tmp_path: Path, entities: object) -> None:
    found = seen(tmp_path, {"data": [{**OLD_POST, "entities": entities}]})
    assert found["post", "100"].links == []
    assert found["post", "100"].counters["retweet_count"] == 57143
