"""X's awkward answers, over HTTP from the sandbox: vocabularies, edits, private counters, limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from connectors import x
from connectors.asking import Wanted
from connectors.errors import BudgetSpent, RateLimited
from connectors.sandbox.server import Sandbox
from connectors.x.calls import _ForAskedHost
from tests.connectors.x_run import KEYS, OWN_ID, Run, walk
from tests.warehouse.lake import Lake, Sighting

NOW = datetime(2019, 11, 20, 12, tzinfo=UTC)
END = datetime(2019, 12, 1, tzinfo=UTC)


@pytest.fixture
def run() -> Iterator[Run]:
    with Sandbox(now=NOW) as sandbox:
        yield Run(sandbox, NOW)


@pytest.fixture
def at_the_end() -> Iterator[Run]:
    with Sandbox(now=END) as sandbox:
        yield Run(sandbox, END)


def readings(folder: Path, run: Run) -> dict[tuple[str, str], Sighting]:
    """What the readings make of everything that the run landed."""
    lake = Lake(folder)
    for row in run.rows:
        lake.answer(
            row["observed_at"],
            row["body"],
            endpoint=row["endpoint"],
            status=row["status"],
            params=json.loads(row["params"]),
        )
    return lake.read()


# -- vocabularies


def test_an_answer_in_the_newer_words_to_a_question_in_the_older_is_read_alike(
    run: Run, tmp_path: Path
) -> None:
    posts = [Wanted("c1", one) for one in ("1193978965129795438", "99")]
    run.collect(walk("jeremycorbyn"), posts=posts)
    older = readings(tmp_path / "older", run)
    again = Run(run.sandbox, NOW)
    run.sandbox.program({"match": "/x/2/", "fault": "new_vocabulary", "times": 99})
    again.collect(walk("jeremycorbyn"), posts=posts)
    newer = readings(tmp_path / "newer", again)
    assert "repost_count" in again.rows[1]["body"]
    assert "retweet_count" not in again.rows[1]["body"]
    assert {name: sighting.counters for name, sighting in newer.items()} == {
        name: sighting.counters for name, sighting in older.items()
    }
    assert newer["post", "99"].state == "gone"
    assert again.troubles == run.troubles


# -- edits


def edited(run: Run) -> dict[str, Any]:
    """The one post of the account's timeline that was edited."""
    [post] = [
        post
        for body in run.bodies("timeline")
        for post in body.get("data", ())
        if len(post["edit_history_tweet_ids"]) > 1
    ]
    return dict(post)


def test_an_edited_post_keeps_its_first_id_and_counts_under_its_newest(run: Run, tmp_path: Path) -> None:
    run.collect(walk("UKLabour"))
    post = edited(run)
    first, _, newest = post["edit_history_tweet_ids"]
    assert post["id"] == newest
    found = readings(tmp_path, run)
    assert ("post", newest) not in found
    assert found["post", first].counters["retweet_count"] == post["public_metrics"]["retweet_count"] > 0
    assert found["post", first].aliases == set(post["edit_history_tweet_ids"])


def test_a_post_listed_by_an_older_edit_is_asked_again_under_its_newest(run: Run, tmp_path: Path) -> None:
    run.collect(walk("UKLabour"))
    post = edited(run)
    first, middle, newest = post["edit_history_tweet_ids"]
    other = Run(run.sandbox, NOW).collect(posts=[Wanted("c1", first), Wanted("c1", middle)])
    assert [asked["ids"] for asked in other.asked("posts")] == [f"{first},{middle}", newest]
    stale, current = other.bodies("posts")
    assert (
        stale["data"][0]["public_metrics"]["like_count"] < current["data"][0]["public_metrics"]["like_count"]
    )
    found = readings(tmp_path, other)
    assert {object_id for kind, object_id in found if kind == "post"} == {first}
    assert found["post", first].counters["like_count"] == post["public_metrics"]["like_count"]
    assert other.troubles == []


def test_a_post_whose_newest_edit_was_asked_too_is_not_asked_again(run: Run) -> None:
    run.collect(walk("UKLabour"))
    ids = edited(run)["edit_history_tweet_ids"]
    other = Run(run.sandbox, NOW).collect(posts=[Wanted("c1", one) for one in ids])
    assert len(other.of("posts")) == 1


# -- media, retweets, figures


def test_a_video_of_several_posts_has_one_counter(tmp_path: Path) -> None:
    now = datetime(2019, 12, 12, tzinfo=UTC)
    with Sandbox(now=now) as sandbox:
        run = Run(sandbox, now).collect(walk("UKLabour"), walk("jeremycorbyn"))
    found = readings(tmp_path, run)
    carriers: dict[str, set[str]] = {}
    for (kind, post_id), sighting in found.items():
        for key in sighting.media_ids if kind == "post" else ():
            carriers.setdefault(key, set()).add(post_id)
    [shared] = [key for key, posts in carriers.items() if len(posts) > 1]
    assert found["media", shared].counters["view_count"] > 0
    assert len(carriers[shared]) == 2


def test_native_retweets_are_not_asked_for_and_not_read(run: Run, tmp_path: Path) -> None:
    run.collect(walk("UKLabour"))
    assert {asked["exclude"] for asked in run.asked("timeline")} == {"retweets"}
    assert not any((sighting.text or "").startswith("RT @") for sighting in readings(tmp_path, run).values())


def test_the_largest_ids_and_counters_are_read_to_the_unit(at_the_end: Run, tmp_path: Path) -> None:
    at_the_end.collect(walk("OddHuge"), posts=[Wanted("c1", "9223372036854775807")])
    huge = readings(tmp_path, at_the_end)["post", "9223372036854775806"]
    assert huge.counters["retweet_count"] == huge.counters["like_count"] == 10**12
    assert huge.permalink == "https://x.com/i/status/9223372036854775806"
    assert at_the_end.kinds() == ["Gone"]


def test_awkward_texts_arrive_whole(run: Run, tmp_path: Path) -> None:
    run.collect(walk("UKLabour"))
    texts = {sighting.text for sighting in readings(tmp_path, run).values()}
    assert {"Post 3 🌹✊🏽 👨‍👩‍👧‍👦", "منشور 5 ‏(post 5)", "=1+1"} <= texts


def test_links_are_those_of_the_text_and_not_of_its_media(run: Run, tmp_path: Path) -> None:
    run.collect(walk("UKLabour"))
    with_links = [sighting for sighting in readings(tmp_path, run).values() if sighting.links]
    assert len(with_links) > 3
    assert {link for sighting in with_links for link in sighting.links} == {"https://canvass.example.org/"}
    assert any(sighting.media_ids for sighting in with_links)


# -- limits


@pytest.mark.parametrize("status", [402, 403, 429])
def test_a_reached_cap_is_not_waited_for_with_any_status(run: Run, status: int) -> None:
    run.sandbox.program({"match": "/tweets", "fault": "usage_capped", "status": status, "times": 9})
    with pytest.raises(BudgetSpent, match="usage cap is reached"):
        run.collect(walk("UKLabour"), walk("jeremycorbyn"))
    assert len(run.of("timeline")) == 1
    assert run.slept == []


def test_spent_credits_end_the_run_at_once(run: Run) -> None:
    run.sandbox.program({"match": "/tweets", "fault": "credits_depleted", "times": 9})
    with pytest.raises(BudgetSpent, match="no credits"):
        run.collect(walk("UKLabour"))
    assert (len(run.of("timeline")), run.slept) == (1, [])


def test_a_reset_ahead_is_waited_for_and_the_run_goes_on(run: Run) -> None:
    run.sandbox.program({"match": "/tweets", "fault": "rate_limited_future", "seconds": 40, "times": 1})
    run.collect(walk("jessi"))
    assert run.slept == [41.0]
    assert [row["status"] for row in run.of("timeline")] == [429, 200]


@pytest.mark.parametrize("fault", ["rate_limited_past", "rate_limited_without_reset"])
def test_without_a_reset_ahead_little_is_waited_and_not_without_end(run: Run, fault: str) -> None:
    run.sandbox.program({"match": "/tweets", "fault": fault, "times": 99})
    with pytest.raises(RateLimited):
        run.collect(walk("jessi"), walk("UKLabour"))
    assert 1 < len(run.of("timeline")) < 10
    assert sum(run.slept) < 60


def test_a_cursor_that_repeats_costs_one_walk(run: Run) -> None:
    run.sandbox.program({"match": "pagination_token", "fault": "repeated_cursor", "times": 99})
    run.collect(walk("jeremycorbyn"), walk("jessi"))
    assert len(run.of("timeline")) == 3
    assert run.kinds() == ["Unreadable"]


# -- what only the author sees


def test_the_private_counters_of_young_own_posts_are_read_apart(run: Run, tmp_path: Path) -> None:
    run.collect(walk("UKLabour"), walk("jessi"), keys=KEYS)
    assert "/2/users/me" not in run.paths()
    own = [post["id"] for body in run.bodies("timeline")[:1] for post in body["data"]]
    assert sorted(",".join(asked["ids"] for asked in run.asked("private")).split(",")) == sorted(own)
    assert {"public_metrics"} & set(run.asked("private")[0]["tweet.fields"].split(",")) == set()
    found = readings(tmp_path, run)
    shown = [sighting for sighting in found.values() if "organic_impression_count" in sighting.counters]
    assert {sighting.account_id for sighting in shown} == {OWN_ID}
    assert len(shown) == len(own)
    names = set(shown[0].counters)
    assert {"non_public_impression_count", "non_public_url_link_clicks", "organic_retweet_count"} <= names
    assert run.troubles == []


def test_posts_of_more_than_thirty_days_are_not_asked_for_private_counters() -> None:
    now = datetime(2019, 12, 12, tzinfo=UTC)
    with Sandbox(now=now) as sandbox:
        run = Run(sandbox, now).collect(walk("UKLabour"), keys=KEYS)
    made_at = {
        post["id"]: datetime.fromisoformat(post["created_at"])
        for body in run.bodies("timeline")
        for post in body["data"]
    }
    asked = {one for question in run.asked("private") for one in question["ids"].split(",")}
    assert asked == {one for one, moment in made_at.items() if (now - moment).days < 30}
    assert 0 < len(asked) < len(made_at)


def test_own_posts_that_were_looked_up_are_asked_too(run: Run) -> None:
    run.collect(walk("UKLabour"))
    own = run.bodies("timeline")[0]["data"][0]["id"]
    other = Run(run.sandbox, NOW).collect(posts=[Wanted("c1", own), Wanted("c1", "20")], keys=KEYS)
    assert [asked["ids"] for asked in other.asked("private")] == [own]


def test_the_owner_of_a_token_that_does_not_tell_is_asked_once(run: Run) -> None:
    run.sandbox.program({"match": "/users/me", "fault": "html_503", "times": 1})
    keys = {name: run.sandbox.settings[x.FURTHER_CREDENTIALS[name]] for name in KEYS}
    # The sandbox refuses a token that it does not know: one request, and the rest goes on without the keys.
    run.collect(walk("UKLabour"), walk("jessi"), **{**keys, "access_token": "an-opaque-token"})
    assert run.paths().count("/2/users/me") == 2
    assert run.kinds() == ["TokenInvalid"]
    assert "X_CONSUMER_KEY" in run.troubles[0][1]
    assert len(run.of("timeline")) == 2
    assert run.of("private") == []


def test_keys_that_x_refuses_cost_no_public_counter(run: Run) -> None:
    settings = run.sandbox.settings
    keys = {name: settings[x.FURTHER_CREDENTIALS[name]] for name in KEYS} | {"consumer_key": "another"}
    run.collect(walk("UKLabour"), walk("jessi"), **keys)
    assert [row["status"] for row in run.of("timeline")] == [401, 200, 200]
    assert run.kinds() == ["TokenInvalid"]
    assert run.of("private") == []


def test_a_user_who_may_not_see_costs_no_public_counter(run: Run) -> None:
    run.sandbox.program({"match": "/tweets?max_results", "fault": "not_in_plan", "times": 1})
    run.collect(walk("UKLabour"), walk("jessi"), keys=KEYS)
    assert [row["status"] for row in run.of("timeline")] == [403, 200, 200]
    assert run.kinds() == ["PermissionMissing"]


def test_some_of_the_keys_are_told_once_and_not_used(run: Run) -> None:
    run.collect(walk("UKLabour"), keys=KEYS[:2])
    [(kind, message, _)] = run.troubles
    assert kind == "BadRequest"
    assert message.endswith("set X_ACCESS_TOKEN, X_ACCESS_TOKEN_SECRET too")
    assert run.of("private") == []


def test_a_refused_private_field_is_told_and_costs_no_public_counter(run: Run, tmp_path: Path) -> None:
    run.collect(walk("UKLabour"), keys=KEYS)
    public = {name: s.counters.get("retweet_count") for name, s in readings(tmp_path / "a", run).items()}
    refused = Run(run.sandbox, NOW)
    run.sandbox.program({"match": "non_public_metrics", "fault": "field_refused", "times": 9})
    refused.collect(walk("UKLabour"), keys=KEYS)
    found = readings(tmp_path / "b", refused)
    assert {name: s.counters.get("retweet_count") for name, s in found.items()} == public
    assert not any("non_public_impression_count" in s.counters for s in found.values())
    assert refused.kinds() == ["NotOffered"]


def test_a_users_request_is_signed_for_xs_own_host(run: Run) -> None:
    """X checks the signature against the address that it was asked under, not the one tweepy has built in."""

    def signature(url: str, auth: Any) -> str:
        request = requests.Request("GET", url, auth=auth).prepare()
        assert request.url == url
        header = request.headers["Authorization"]
        text = header.decode() if isinstance(header, bytes) else header
        return next(part for part in text.split(", ") if "oauth_signature=" in part)

    fixed = {"nonce": "n", "timestamp": "1"}
    auth = OAuth1("ck", "cs", "at", "ats", decoding=None, **fixed)
    ours = signature("https://api.twitter.com/2/tweets?ids=1", _ForAskedHost(auth))
    assert ours == signature("https://api.x.com/2/tweets?ids=1", auth)
    assert ours != signature("https://api.twitter.com/2/tweets?ids=1", auth)


def test_no_key_lands_or_is_told(run: Run) -> None:
    run.sandbox.program({"match": "/tweets?ids", "fault": "token_expired", "times": 9})
    run.collect(walk("UKLabour"), keys=KEYS)
    everything = f"{run.rows} {run.troubles}"
    for name in x.FURTHER_CREDENTIALS.values():
        assert run.sandbox.settings[name] not in everything
