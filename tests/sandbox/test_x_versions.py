"""What the X face shows to whom and of which version: private counters, edits, entities, extremes."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from connectors.sandbox.x import OWN_HANDLE
from tests.sandbox.plain import END_2019, POST_FIELDS, Plain, at, truth
from tests.sandbox.test_x import START, check

PRIVATE = {"tweet.fields": "non_public_metrics,organic_metrics,public_metrics,entities,created_at"}
MOMENT = at(1, 12)


def signed(plain: Plain, path: str, moment: Any = MOMENT, **params: str) -> requests.Response:
    """Asked with the user's keys."""
    names = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
    auth = OAuth1(*(plain.sandbox.settings[f"X_{name}"] for name in names))
    params = {name.replace("__", "."): value for name, value in params.items()}
    headers = plain._headers(moment)
    return requests.get(
        f"{plain.sandbox.x_url}/2{path}", params=params, headers=headers, auth=auth, timeout=10
    )


def newest(plain: Plain, handle: str, moment: Any = MOMENT) -> list[dict[str, Any]]:
    return list(next(plain.timeline(handle, moment, **START))["data"])


def test_the_keys_user_is_told(plain: Plain) -> None:
    body = signed(plain, "/users/me", user__fields="public_metrics").json()
    check(body, "Get2UsersMeResponse")
    assert body["data"]["username"] == OWN_HANDLE
    assert plain.sandbox.settings["X_ACCESS_TOKEN"].startswith(f"{body['data']['id']}-")


def test_each_kind_of_token_has_its_endpoints(plain: Plain) -> None:
    for answer in (plain.x("/users/me"), signed(plain, "/tweets/counts/recent", query="#a")):
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/unsupported-authentication")


def test_other_keys_are_refused(plain: Plain) -> None:
    for parts in ("", 'oauth_consumer_key="a", oauth_token="b"', 'oauth_token="21406518-x"'):
        headers = {"Authorization": f"OAuth {parts}"}
        answer = requests.get(f"{plain.sandbox.x_url}/2/users/me", headers=headers, timeout=10)
        assert answer.status_code == 401


def test_the_author_sees_private_counters_of_the_last_thirty_days(plain: Plain) -> None:
    posts = [post for page in plain.timeline(OWN_HANDLE, MOMENT, **START) for post in page["data"]]
    young, old = posts[0], posts[-1]
    body = signed(plain, "/tweets", ids=f"{young['id']},{old['id']}", **PRIVATE).json()
    check(body, "Get2TweetsResponse")
    shown = {post["id"]: post for post in body["data"]}
    assert (
        shown[young["id"]]["organic_metrics"]["retweet_count"]
        == (shown[young["id"]]["public_metrics"]["retweet_count"])
    )
    assert "non_public_metrics" not in shown[old["id"]]
    refused = [error for error in body["errors"] if error["resource_id"] == old["id"]]
    # One entry for each counter.
    assert len(refused) == len(body["errors"]) == 9
    check(refused[0], "FieldUnauthorizedProblem")


def test_nobody_sees_anothers_private_counters(plain: Plain) -> None:
    other = newest(plain, "jeremycorbyn")[0]["id"]
    own = newest(plain, OWN_HANDLE)[0]["id"]
    for answer in (
        signed(plain, "/tweets", ids=other, **PRIVATE),
        plain.x("/tweets", MOMENT, ids=own, **PRIVATE),
    ):
        body = answer.json()
        assert "organic_metrics" not in body["data"][0]
        assert "public_metrics" in body["data"][0]
        assert {error["type"].rpartition("/")[2] for error in body["errors"]} == {"not-authorized-for-field"}


def test_a_timeline_read_with_the_users_keys_is_the_same(plain: Plain) -> None:
    path = f"/users/{plain.x_id(OWN_HANDLE)}/tweets"
    params = {"max_results": "100", **POST_FIELDS}
    assert signed(plain, path, **params).content == plain.x(path, MOMENT, **params).content


# -- edits


def edited(plain: Plain, moment: Any) -> dict[str, Any]:
    [post] = [
        post
        for page in plain.timeline(OWN_HANDLE, moment, **START)
        for post in page["data"]
        if len(post["edit_history_tweet_ids"]) > 1
    ]
    return dict(post)


def test_an_edited_post_has_a_new_id_under_which_it_goes_on_counting(plain: Plain) -> None:
    ids = edited(plain, MOMENT)["edit_history_tweet_ids"]
    assert len(ids) == len(set(ids)) == 3
    assert ids == sorted(ids, key=int)
    assert edited(plain, MOMENT)["id"] == ids[-1]
    body = plain.x("/tweets", MOMENT, ids=",".join(ids), **POST_FIELDS).json()
    check(body, "Get2TweetsResponse")
    assert [post["id"] for post in body["data"]] == ids
    assert {tuple(post["edit_history_tweet_ids"]) for post in body["data"]} == {tuple(ids)}
    likes = [post["public_metrics"]["like_count"] for post in body["data"]]
    assert likes == sorted(likes)
    assert likes[1] < likes[2]
    assert [post["text"].partition(" (")[2] for post in body["data"]] == ["", "edited 1)", "edited 2)"]
    later = plain.x("/tweets", END_2019, ids=",".join(ids), **POST_FIELDS).json()["data"]
    assert [post["public_metrics"]["like_count"] for post in later][:2] == likes[:2]


def test_an_edit_to_come_is_not_there_yet(plain: Plain) -> None:
    post = edited(plain, MOMENT)
    ids = post["edit_history_tweet_ids"]
    created = at(1, 11).fromisoformat(post["created_at"])
    assert edited_at(plain, created, ids) == 1
    for post_id in ids[1:]:
        answer = plain.x("/tweets", created, ids=post_id).json()
        assert answer["errors"][0]["type"].endswith("/resource-not-found")


def edited_at(plain: Plain, moment: Any, ids: list[str]) -> int:
    """How many versions there are at a moment."""
    return len(plain.x("/tweets", moment, ids=ids[0]).json()["data"][0]["edit_history_tweet_ids"])


# -- texts and figures


def test_addresses_and_hashtags_are_taken_out_of_texts(plain: Plain) -> None:
    site = next(a["site"] for a in truth("uk-general-election-2019")["accounts"] if a["handle"] == OWN_HANDLE)
    params = {"tweet.fields": "entities,attachments", "expansions": "attachments.media_keys"}
    body = plain.x(f"/users/{plain.x_id(OWN_HANDLE)}/tweets", MOMENT, max_results="100", **params).json()
    check(body, "Get2UsersIdTweetsResponse")
    addresses, tags = set(), set()
    for post in body["data"]:
        for url in post.get("entities", {}).get("urls", ()):
            if "media_key" in url:
                assert url["media_key"] in post["attachments"]["media_keys"]
                assert (
                    f"/status/{post['id']}/" in url["expanded_url"] or len(post["edit_history_tweet_ids"]) > 1
                )
            else:
                assert post["text"][url["start"] : url["end"]] == url["url"]
                addresses.add(url["unwound_url"])
        for tag in post.get("entities", {}).get("hashtags", ()):
            assert post["text"][tag["start"] : tag["end"]] == f"#{tag['tag']}"
            tags.add(tag["tag"])
    assert addresses == {site}
    assert "VoteLabour" in tags


@pytest.mark.parametrize("moment", [MOMENT, END_2019])
def test_the_largest_id_and_counter_are_served(plain: Plain, moment: Any) -> None:
    body = plain.x("/tweets", moment, ids="9223372036854775806", **POST_FIELDS).json()
    check(body, "Get2TweetsResponse")
    assert body["data"][0]["public_metrics"]["retweet_count"] == 10**12
    assert newest(plain, "OddHuge", moment)[0]["id"] == "9223372036854775806"
