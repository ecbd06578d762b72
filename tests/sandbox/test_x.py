"""The X face against X's own description of its answers (an extract of OpenAPI 2.166) and its manners."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.sandbox.plain import END_2019, POST_FIELDS, Plain, at

EXTRACT = json.loads((Path(__file__).parent / "x-openapi-2.166-extract.json").read_text(encoding="utf-8"))
SCHEMAS = EXTRACT["components"]["schemas"]
START = {"start_time": "2019-10-29T00:00:00Z"}
EVERYTHING = {
    "tweet.fields": (
        "attachments,author_id,conversation_id,created_at,in_reply_to_user_id,lang,possibly_sensitive,public_metrics,"
        "referenced_tweets"
    ),
    "expansions": "attachments.media_keys,author_id,referenced_tweets.id,referenced_tweets.id.author_id",
    "media.fields": "public_metrics,duration_ms,type,url,preview_image_url,width,height",
    "user.fields": "public_metrics,created_at,protected,verified",
}
DELETED, PROTECTED = "1193978965129795438", "1190316586956002693"


def check(body: Any, name: str) -> None:
    """Raises when `body` is not of the schema, or has a property that the schema does not know."""
    jsonschema.validate(
        body, {"$ref": f"#/components/schemas/{name}", "components": {"schemas": closed(SCHEMAS)}}
    )


def closed(schema: Any) -> Any:
    """The same schemas, refusing properties that they do not name; `allOf` parts and problems stay open."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(part) if key != "allOf" else part for key, part in schema.items()}
    if (
        shut.get("type") == "object"
        and "properties" in shut
        and not {"title", "media_key"} & set(shut["properties"])
    ):
        shut.setdefault("additionalProperties", False)
    return shut


@pytest.mark.parametrize("exclude", [{}, {"exclude": "retweets"}, {"exclude": "replies"}])
def test_timelines_are_of_the_schema(plain: Plain, exclude: dict[str, str]) -> None:
    uid = plain.x_id("UKLabour")
    body = plain.x(f"/users/{uid}/tweets", max_results="100", **EVERYTHING, **START, **exclude).json()
    check(body, "Get2UsersIdTweetsResponse")
    for medium in body["includes"]["media"]:
        check(medium, "Video" if medium["type"] == "video" else "Photo")


def test_posts_with_partial_errors_are_of_the_schema(plain: Plain) -> None:
    alive = next(plain.timeline("UKLabour", END_2019, **START))["data"][0]["id"]
    body = plain.x("/tweets", ids=f"{alive},{DELETED},{PROTECTED},99", **EVERYTHING).json()
    check(body, "Get2TweetsResponse")
    assert [post["id"] for post in body["data"]] == [alive]
    by_id = {error["resource_id"]: error for error in body["errors"]}
    assert by_id[DELETED]["type"].endswith("/resource-not-found")
    assert by_id["99"]["type"].endswith("/resource-not-found")
    assert by_id[PROTECTED]["type"].endswith("/not-authorized-for-resource")
    check(by_id[DELETED], "ResourceNotFoundProblem")
    check(by_id[PROTECTED], "ResourceUnauthorizedProblem")


def test_users_are_of_the_schema_and_unknown_names_are_errors(plain: Plain) -> None:
    body = plain.x(
        "/users/by", usernames="uklabour,NoSuchName", user__fields="public_metrics,created_at"
    ).json()
    check(body, "Get2UsersByResponse")
    assert [user["username"] for user in body["data"]] == ["UKLabour"]
    assert body["errors"][0]["value"] == "NoSuchName"


def test_a_deleted_post_was_there_before(plain: Plain) -> None:
    assert plain.x("/tweets", at(20, 11, 10), ids=DELETED).json()["data"][0]["id"] == DELETED
    gone = plain.x("/tweets", at(20, 11, 11), ids=DELETED)
    assert gone.status_code == 200
    assert set(gone.json()) == {"errors"}


def test_a_post_to_come_is_not_there_yet(plain: Plain) -> None:
    newest = next(plain.timeline("jeremycorbyn", END_2019, **START))["data"][0]["id"]
    assert "data" not in plain.x("/tweets", at(1, 11), ids=newest).json()
    assert "data" not in plain.x(f"/users/{plain.x_id('jeremycorbyn')}/tweets", at(1, 1, year=2017)).json()


def test_fields_come_as_asked_for(plain: Plain) -> None:
    uid = plain.x_id("jeremycorbyn")
    usual = plain.x(f"/users/{uid}/tweets").json()
    assert all(set(post) == {"id", "text", "edit_history_tweet_ids"} for post in usual["data"])
    assert len(usual["data"]) == 10
    assert "includes" not in usual
    some = plain.x(f"/users/{uid}/tweets", tweet__fields="public_metrics").json()
    assert set(some["data"][0]) == {"id", "text", "edit_history_tweet_ids", "public_metrics"}


def test_posts_older_than_the_metric_have_no_impressions(plain: Plain) -> None:
    for page in plain.timeline("jeremycorbyn", END_2019, **START):
        assert {post["public_metrics"]["impression_count"] for post in page["data"]} == {0}


def test_retweets_show_the_counter_of_the_original(plain: Plain) -> None:
    rows = [
        post
        for page in plain.timeline("UKLabour", END_2019, exclude="replies", **START)
        for post in page["data"]
        if any(other["type"] == "retweeted" for other in post.get("referenced_tweets", ()))
    ]
    assert len(rows) == 8
    (original,) = plain.x(
        "/tweets", ids=rows[0]["referenced_tweets"][0]["id"], tweet__fields="public_metrics"
    ).json()["data"]
    assert rows[0]["public_metrics"]["retweet_count"] == original["public_metrics"]["retweet_count"]
    assert rows[0]["public_metrics"]["like_count"] == 0
    assert rows[0]["text"].startswith("RT @")


def test_pages_follow_each_other_newest_first_without_gaps(plain: Plain) -> None:
    whole = [post["id"] for page in plain.timeline("UKLabour", END_2019, **START) for post in page["data"]]
    pages = list(plain.timeline("UKLabour", END_2019, max_results="7", **START))
    assert [post["id"] for page in pages for post in page.get("data", ())] == whole
    assert whole == sorted(whole, key=int, reverse=True)
    assert len(set(whole)) == len(whole) == 199
    # Retweets are taken out after the page was cut.
    assert any(page["meta"]["result_count"] < 7 for page in pages[:-1])
    for page in pages:
        if page["meta"]["result_count"]:
            assert page["meta"]["newest_id"] == page["data"][0]["id"]
            assert page["meta"]["oldest_id"] == page["data"][-1]["id"]


def test_times_and_ids_bound_a_timeline(plain: Plain) -> None:
    uid = plain.x_id("jeremycorbyn")
    day = plain.x(
        f"/users/{uid}/tweets",
        start_time="2019-11-12T00:00:00Z",
        end_time="2019-11-13T00:00:00Z",
        tweet__fields="created_at",
    ).json()["data"]
    assert day
    assert {post["created_at"][:10] for post in day} == {"2019-11-12"}
    newer = plain.x(
        f"/users/{uid}/tweets", since_id=day[1]["id"], until_id=str(int(day[0]["id"]) + 1)
    ).json()["data"]
    assert [post["id"] for post in newer] == [day[0]["id"]]
    nothing = plain.x(f"/users/{uid}/tweets", since_id=str(2**62)).json()
    assert nothing == {"meta": {"result_count": 0}}


def test_ids_agree_with_moments_of_creation(plain: Plain) -> None:
    for post in next(plain.timeline("BorisJohnson", END_2019, **START))["data"]:
        ms = (int(post["id"]) >> 22) + 1_288_834_974_657
        assert (
            END_2019.fromtimestamp(ms / 1000, END_2019.tzinfo).strftime("%Y-%m-%dT%H:%M:%S")
            == post["created_at"][:19]
        )
        assert int(post["id"]) < 2**63


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/tweets", {"ids": ",".join(str(n) for n in range(1, 102))}),
        ("/tweets", {"ids": "20,20"}),
        ("/tweets", {"ids": ""}),
        ("/tweets", {}),
        ("/tweets", {"ids": "20,abc"}),
        ("/tweets", {"ids": "20", "tweet.fields": "public_metrics,nonsense"}),
        ("/tweets", {"ids": "20", "nonsense": "1"}),
        ("/users/by", {"usernames": ",".join(f"u{n}" for n in range(101))}),
        ("/users/by", {"usernames": "not a name"}),
        ("/users/117946023/tweets", {"max_results": "101"}),
        ("/users/117946023/tweets", {"max_results": "4"}),
        ("/users/117946023/tweets", {"pagination_token": "elsewhere"}),
        ("/users/117946023/tweets", {"start_time": "yesterday"}),
        ("/users/117946023/tweets", {"start_time": "2010-01-01T00:00:00Z"}),
        ("/users/jeremycorbyn/tweets", {}),
    ],
)
def test_what_the_specification_forbids_is_refused(plain: Plain, path: str, params: dict[str, str]) -> None:
    answer = plain.x(path, **params)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    check(answer.json(), "InvalidRequestProblem")


@pytest.mark.parametrize("header", [None, "Bearer None", "Bearer wrong", "sandbox-x-bearer-token"])
def test_other_tokens_are_refused(plain: Plain, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = plain.session.get(f"{plain.sandbox.x_url}/2/tweets?ids=20", headers=headers, timeout=10)
    assert answer.status_code == 401
    check(answer.json(), "Problem")
    assert answer.json()["title"] == "Unauthorized"


def test_a_protected_account_shows_nothing(plain: Plain) -> None:
    body = plain.x(f"/users/{plain.x_id('OddProtected')}/tweets").json()
    assert set(body) == {"errors"}
    assert body["errors"][0]["type"].endswith("/not-authorized-for-resource")


def test_private_metrics_are_refused_one_by_one(plain: Plain) -> None:
    body = plain.x(f"/users/{plain.x_id('UKLabour')}/tweets", tweet__fields="non_public_metrics").json()
    assert "non_public_metrics" not in body["data"][0]
    assert body["errors"][0]["type"].endswith("/not-authorized-for-field")
    check(body["errors"][0], "FieldUnauthorizedProblem")


def test_the_newer_vocabulary_is_answered_in_kind(plain: Plain) -> None:
    uid = plain.x_id("UKLabour")
    body = plain.x(
        f"/users/{uid}/tweets",
        max_results="100",
        expansions="referenced_posts",
        **START,
        **{"post.fields": "public_metrics"},
    ).json()
    assert "repost_count" in body["data"][0]["public_metrics"]
    assert "retweet_count" not in body["data"][0]["public_metrics"]
    assert body["data"][0]["edit_history_post_ids"] == [body["data"][0]["id"]]
    assert any("referenced_posts" in post for post in body["data"])
    assert "tweets" not in body["includes"]
    assert body["includes"]["posts"]


def test_requests_are_counted_by_endpoint_and_quarter_of_an_hour(own: Plain) -> None:
    first = own.x("/users/by", at(1, 12, 10, 3), usernames="jessi")
    assert first.headers["x-rate-limit-limit"] == "300"
    assert first.headers["x-rate-limit-remaining"] == "299"
    assert int(first.headers["x-rate-limit-reset"]) == at(1, 12, 10, 15).timestamp()
    for _ in range(299):
        last = own.x("/users/by", at(1, 12, 10, 4), usernames="jessi")
    assert (last.status_code, last.headers["x-rate-limit-remaining"]) == (200, "0")
    late = own.x("/users/by", at(1, 12, 10, 5), usernames="jessi")
    assert late.status_code == 429
    assert late.json() == {
        "title": "Too Many Requests",
        "type": "about:blank",
        "status": 429,
        "detail": "Too Many Requests",
    }
    assert own.x("/tweets", at(1, 12, 10, 5), ids="20").headers["x-rate-limit-remaining"] == "3499"
    assert own.x("/users/by", at(1, 12, 10, 15), usernames="jessi").status_code == 200


def test_texts_are_awkward(plain: Plain) -> None:
    texts = {
        post["text"] for page in plain.timeline("jeremycorbyn", END_2019, **START) for post in page["data"]
    }
    assert "=1+1" in texts
    assert any(text.startswith("<b>") for text in texts)
    assert any("\u200f" in text for text in texts)
    assert any("🌹" in text for text in texts)


def test_a_page_of_posts_is_the_same_bytes_at_the_same_moment(plain: Plain) -> None:
    path = f"/users/{plain.x_id('jeremycorbyn')}/tweets"
    one, two = (plain.x(path, at(9, 11, 6), max_results="100", **POST_FIELDS).content for _ in range(2))
    assert one == two
    assert one != plain.x(path, at(9, 11, 7), max_results="100", **POST_FIELDS).content
