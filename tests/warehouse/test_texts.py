"""Where answers hold words: what goes, what stays, and that every number is told all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.warehouse.lake import fb_batch, fb_insights, fb_post, x_post
from warehouse.texts import declaration, without_texts, without_texts_of

WORDS = "Our wonderful NHS 🌹"
OTHER = "Something else entirely"


def forgotten(platform: str, body: object, *names: str, endpoint: str = "posts") -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return json.loads(without_texts_of(text, declaration(platform, endpoint), frozenset(names)))


def stripped(platform: str, body: object, *kept: str, endpoint: str = "posts") -> Any:
    text, _ = without_texts(json.dumps(body), declaration(platform, endpoint), frozenset(kept))
    return json.loads(text)


def test_a_post_loses_its_words_and_its_neighbours_keep_theirs() -> None:
    said = x_post("1", retweets=5, text=WORDS) | {
        "entities": {"urls": [{"expanded_url": "https://nhs.example"}], "hashtags": [{"tag": "NHS"}]}
    }
    answer = {
        "data": [said, x_post("2", retweets=6, text=OTHER)],
        "includes": {"users": [{"id": "9", "name": "N"}]},
    }
    first, second = forgotten("x", answer, "1")["data"]
    assert first == {
        "id": "1",
        "author_id": "9",
        "edit_history_tweet_ids": ["1"],
        "public_metrics": {"retweet_count": 5},
        "entities": {},
    }
    assert second == answer["data"][1]  # type: ignore[index]
    assert forgotten("x", answer, "1")["includes"] == answer["includes"]


def test_an_edit_and_a_native_retweet_lose_the_words_they_repeat_and_a_quotation_keeps_its_own() -> None:
    edit = x_post("3", text=f"{WORDS}!") | {"edit_history_tweet_ids": ["1", "3"]}
    retweet = x_post("4", text=f"RT @us: {WORDS}") | {"referenced_tweets": [{"type": "retweeted", "id": "1"}]}
    quote = x_post("5", text=OTHER) | {"referenced_tweets": [{"type": "quoted", "id": "1"}]}
    found = forgotten("x", {"data": [edit, retweet, quote]}, "1")["data"]
    assert ["text" in post for post in found] == [False, False, True]


def test_what_is_attached_to_another_post_and_shows_the_forgotten_one_goes_too() -> None:
    video = {"id": "77", "post_id": "222", "title": WORDS, "description": WORDS, "views": 9}
    share = fb_post("111_333", text=OTHER, videos=["77"], shares=2)
    share["attachments"]["data"][0]["title"] = WORDS  # type: ignore[index]
    by_id = {"111_222": {"message": WORDS, "shares": {"count": 3}}, "77": video, "111_333": share}
    found = forgotten("facebook", by_id, "111_222", "77")
    assert WORDS not in json.dumps(found, ensure_ascii=False)
    assert found["111_333"]["message"] == OTHER
    assert (found["111_222"]["shares"], found["77"]["views"]) == ({"count": 3}, 9)


def test_words_in_the_parts_of_a_batch_go_and_its_numbers_stay() -> None:
    batch = fb_batch(
        fb_post("111_222", text=WORDS, shares=4), fb_insights("111_222", post_video_views=8), None
    )
    found = forgotten("facebook", batch, "111_222")
    assert WORDS not in json.dumps([json.loads(part["body"]) for part in found[:2]], ensure_ascii=False)
    assert json.loads(found[0]["body"])["shares"] == {"count": 4}
    assert found[1:] == batch[1:]


@pytest.mark.parametrize(
    ("platform", "endpoint", "answer", "name"),
    [
        (
            "instagram",
            "discovery",
            {"business_discovery": {"media": {"data": [{"id": "8", "caption": WORDS}]}}},
            "8",
        ),
        (
            "youtube",
            "videos",
            {"items": [{"id": "v", "snippet": {"title": WORDS, "localized": {"title": WORDS}}}]},
            "v",
        ),
        (
            "tiktok",
            "list",
            {"data": {"videos": [{"id": "6", "title": WORDS, "video_description": WORDS}]}},
            "6",
        ),
        (
            "x",
            "export",
            {"rows": [{"names": ["1", "i/1"], "text": WORDS}], "lines": f"1,{WORDS}\n", "header": "id"},
            "1",
        ),
    ],
)
def test_every_platform_and_exports_have_words_where_they_say(
    platform: str, endpoint: str, answer: object, name: str
) -> None:
    for found in (
        forgotten(platform, answer, name, endpoint=endpoint),
        stripped(platform, answer, endpoint=endpoint),
    ):
        assert WORDS not in json.dumps(found, ensure_ascii=False)
    untouched = forgotten(platform, answer, "another", endpoint=endpoint)
    assert (
        untouched == answer == stripped(platform, untouched, name, endpoint=endpoint)
        or platform == "instagram"
    )


def test_what_the_readings_need_is_no_text() -> None:
    gone = {"error": {"code": 100, "message": "Object with ID '1' does not exist", "error_subcode": 33}}
    assert stripped("facebook", gone) == gone
    insights = fb_insights("111_222", post_video_views=8)
    assert stripped("facebook", insights) == insights == stripped("instagram", insights)
    report = {"columnHeaders": [{"name": "day"}, {"name": "views"}], "rows": [["2019-11-20", 5]]}
    assert stripped("youtube", report) == report
    links = {
        "data": [{"id": "1", "text": WORDS, "entities": {"urls": [{"expanded_url": "https://a.example"}]}}]
    }
    assert stripped("x", links)["data"][0]["entities"] == links["data"][0]["entities"]  # type: ignore[index]


def test_a_post_that_keeps_its_words_is_named() -> None:
    answer = {"data": [x_post("1", text=WORDS), x_post("2", text=OTHER)]}
    text, met = without_texts(json.dumps(answer), declaration("x", "posts"), frozenset({"1", "7"}))
    assert met == {"1"}
    assert [post.get("text") for post in json.loads(text)["data"]] == [WORDS, None]


def test_what_has_nothing_to_take_stays_as_it_came() -> None:
    declared, odd = declaration("x", "posts"), '{ "data": [ {"id":"2", "n": 1.50} ] }'
    assert without_texts_of(odd, declared, frozenset({"1"})) == odd
    assert without_texts_of(odd, declared, frozenset({"2"})) == odd
    # No JSON: nobody knows what it says, but that it tells no number.
    assert without_texts("<html>2</html>", declared, frozenset()) == ("", frozenset())


def test_what_is_no_json_and_names_the_post_is_emptied_and_half_a_character_is_no_hindrance() -> None:
    declared = declaration("x", "posts")
    assert without_texts_of(f'{{"data": [{{"id": "1", "text": "{WORDS}', declared, frozenset({"1"})) == ""
    half = r'{"data": [{"id": "1", "text": "a"}, {"id": "2", "text": "cut \ud83c"}]}'
    found = without_texts_of(half, declared, frozenset({"1"}))
    assert json.loads(found)["data"] == [{"id": "1"}, {"id": "2", "text": "cut \ud83c"}]
    found.encode()
