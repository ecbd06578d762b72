from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from connectors import errors, instagram
from connectors.asking import AccountDays, Ask, Mentions, Walk, Wanted
from connectors.instagram import insights
from connectors.sandbox.instagram import APP_SECRET, LOGIN_TOKEN, PAGE_TOKEN_PREFIX
from connectors.sandbox.instagram.world import shipped_instagram_world
from connectors.sandbox.server import Sandbox
from tests.connectors.conftest import TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback

Connect = Callable[..., Wire]

V = "/v26.0"
ROLES, ME, IDS = f"{V}/me/accounts", f"{V}/me", f"{V}/"
PAGE_TOKEN = "EAAP-page-token-0987654321"
SINCE = datetime(2026, 10, 1, tzinfo=UTC)
EMPTY = Answer({"data": []})
PAGE = {
    "id": "111",
    "name": "Labour",
    "access_token": PAGE_TOKEN,
    "instagram_business_account": {"id": "17841", "username": "uklabour"},
}
OWN = Answer({"data": [{"id": "110", "name": "No Instagram", "access_token": "EAAP-other-page"}, PAGE]})
ABOUT = Answer({"id": "17841", "username": "uklabour", "followers_count": 5})
GONE = {
    "message": "Unsupported get request. Object with ID '9' does not exist",
    "code": 100,
    "error_subcode": 33,
}
COUNTED = {
    "view_count": 9,
    "like_count": 5,
    "comments_count": 1,
    "saved_count": 2,
    "shares_count": 3,
    "reposts_count": 0,
}


def refusal(error: dict[str, Any], status: int = 400, **headers: str) -> Answer:
    return Answer({"error": error}, status=status, headers=headers)


def unsupported(names: str) -> dict[str, Any]:
    text = f"(#100) The Media Insights API does not support the {names} metric for this media product type."
    return {"message": text, "code": 100}


def medium(media_id: str, **more: Any) -> dict[str, Any]:
    shown = {
        "id": media_id,
        "permalink": f"https://www.instagram.com/p/C{media_id}/",
        "media_product_type": "FEED",
        "timestamp": "2026-10-15T09:30:00+0000",
        "owner": {"id": "17841"},
    }
    return {**shown, **more}


def listing(*items: dict[str, Any], after: str | None = None) -> Answer:
    body: dict[str, Any] = {"data": list(items)}
    if after:
        body["paging"] = {
            "cursors": {"before": "b", "after": after},
            "next": f"https://graph.facebook.com/v26.0/1/media?access_token={TOKEN}&after={after}",
        }
    return Answer(body)


def discovered(*items: dict[str, Any], after: str | None = None, name: str = "rival") -> Answer:
    media: dict[str, Any] = {"data": list(items)}
    if after:
        media["paging"] = {"cursors": {"after": after}}
    about = {"id": "17842", "username": name, "followers_count": 7, "media": media}
    return Answer({"business_discovery": about, "id": "17841"})


def serve(server: Loopback, *media: Answer, about: Any = ABOUT) -> None:
    server.on(ROLES, OWN)
    server.on(f"{V}/17841", about)
    server.on(f"{V}/17841/media", *(media or (EMPTY,)))
    server.on(f"{V}/17841/stories", EMPTY)


def walk(handle: str | None = "uklabour", **more: Any) -> Walk:
    return Walk("water", **{"since": SINCE, "handle": handle, **more})


def wanted(*aliases: str, **more: Any) -> list[Wanted]:
    return [Wanted("water", alias, **more) for alias in aliases]


def collect(
    wire: Wire, *walks: Walk, token: str = TOKEN, app_secret: str | None = None, **asked: Iterable[Any]
) -> None:
    more: dict[str, Any] = {name: tuple(things) for name, things in asked.items()}
    instagram.collect(Ask("instagram", walks=walks, **more), wire.session, token, app_secret=app_secret)


def batches(server: Loopback) -> list[list[tuple[str, str]]]:
    """The questions of each batch: whose insights, and which metrics."""
    found = []
    for asked in server.of(IDS):
        if asked.method == "POST":
            urls = [part["relative_url"] for part in json.loads(asked.parameters["batch"])]
            found.append(
                [
                    (url.split("/")[1], url.split("metric=")[1].removesuffix("&period=lifetime"))
                    for url in urls
                ]
            )
    return found


class Insights:
    """Answers batches of insights: `refused` by metric, or `error` for all."""

    def __init__(
        self,
        refused: Iterable[str] = (),
        is_naming: bool = True,
        error: dict[str, Any] | None = None,
        nulls: int = 0,
    ) -> None:
        self.refused, self.is_naming, self.error, self.nulls = set(refused), is_naming, error, nulls

    def __call__(self, asked: Asked) -> Answer:
        return Answer([self._part(part["relative_url"]) for part in json.loads(asked.parameters["batch"])])

    def _part(self, url: str) -> dict[str, Any] | None:
        if self.nulls:
            self.nulls -= 1
            return None
        metrics = url.split("metric=")[1].split("&")[0].split(",")
        refused = [metric for metric in metrics if metric in self.refused]
        error = self.error
        if refused:
            unclear = {"message": "(#100) metric[0] must be one of the following values: a, b", "code": 100}
            error = unsupported(", ".join(refused)) if self.is_naming else unclear
        if error:
            return {"code": 400, "body": json.dumps({"error": error})}
        return {"code": 200, "body": '{"data":[]}'}


# The sandbox's world


NOW = datetime(2019, 12, 1, 18, tzinfo=UTC)
STARTS = datetime(2019, 10, 29, tzinfo=UTC)
OWN_WALKS = tuple(walk(handle, since=STARTS) for handle in ("uklabour", "jeremycorbyn"))
RIVAL_WALK = walk("conservatives", since=STARTS)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def enter(sandbox: Sandbox, connect: Connect) -> Iterator[Callable[..., Wire]]:
    """Opens a session on the sandbox, with faults programmed."""

    def open_one(*faults: dict[str, Any], as_of: datetime | None = NOW, token: str | None = None) -> Wire:
        sandbox.program(*faults)
        settings = sandbox.settings
        return connect(
            instagram,
            base_url=settings["INSTAGRAM_API_URL"],
            more_hosts=instagram.MORE_HOSTS,
            secrets=[token or settings["INSTAGRAM_ACCESS_TOKEN"]],
            as_of=as_of,
        )

    yield open_one
    sandbox.program()


def gather(wire: Wire, *walks: Walk, token: str = "sandbox-instagram-user-token", **asked: Any) -> None:
    collect(wire, *walks, token=token, **asked)


def bodies(wire: Wire, endpoint: str) -> list[Any]:
    return [json.loads(row["body"]) for row in wire.rows if row["endpoint"] == endpoint]


def rival_media(wire: Wire) -> list[dict[str, Any]]:
    found = [body["business_discovery"] for body in bodies(wire, "discovery") if "error" not in body]
    return [one for account in found for one in account["media"]["data"]]


def test_a_run_reads_own_media_stories_and_rivals_in_few_calls(enter: Callable[..., Wire]):
    wire = enter()
    gather(wire, *OWN_WALKS, RIVAL_WALK)
    assert Counter(wire.endpoints()) == {
        "roles": 1,
        "accounts": 2,
        "account_media": 2,
        "stories": 2,
        "discovery": 1,
        "insights": 2,
    }
    assert wire.session.report.troubles == []
    listed = [medium for body in bodies(wire, "account_media") for medium in body["data"]]
    assert len(listed) == len({medium["id"] for medium in listed}) > 30
    reel = next(medium for medium in listed if medium["media_product_type"] == "REELS")
    assert all(name in reel for name in COUNTED)


def test_insights_are_asked_of_media_that_lack_a_counter_and_of_no_other(enter: Callable[..., Wire]):
    wire = enter()
    gather(wire, OWN_WALKS[0])
    (listed,) = bodies(wire, "account_media")
    lacking = {medium["id"] for medium in listed["data"] if "view_count" not in medium}
    assert 0 < len(lacking) < len(listed["data"])
    answered = [json.loads(part["body"])["data"] for body in bodies(wire, "insights") for part in body]
    assert {row["id"].split("/")[0] for rows in answered for row in rows} == lacking
    assert all({row["name"] for row in rows} == set(insights._FEED_METRICS) for rows in answered)


def test_rivals_views_are_told_for_reels_alone_and_nothing_is_filled_in(enter: Callable[..., Wire]):
    wire = enter()
    gather(wire, RIVAL_WALK)
    media = rival_media(wire)
    assert {one["media_product_type"] for one in media if "view_count" in one} == {"REELS"}
    assert any("view_count" not in one for one in media)
    assert all("shares_count" not in one and "saved_count" not in one for one in media)
    assert [one["caption"] for one in media if "like_count" not in one] == ["Post 4"]
    assert "insights" not in wire.endpoints()


def test_stories_are_read_while_they_live_and_vanish_after_a_day(enter: Callable[..., Wire]):
    wire = enter()
    gather(wire, OWN_WALKS[0])
    living = [
        datetime.fromisoformat(story["timestamp"])
        for body in bodies(wire, "stories")
        for story in body["data"]
    ]
    assert all(NOW - timedelta(days=1) < created <= NOW for created in living)
    counts = []
    for day in range(40):
        at = STARTS + timedelta(days=day, hours=18)
        wire = enter(as_of=at)
        gather(wire, walk("uklabour", since=at))
        stories = [story for body in bodies(wire, "stories") for story in body["data"]]
        asked = [
            part["id"].split("/")[0]
            for body in bodies(wire, "insights")
            for answer in body
            for part in json.loads(answer["body"]).get("data", [])
            if part["name"] == "navigation"
        ]
        assert set(asked) == {story["id"] for story in stories}
        counts.append(len(stories))
    assert sum(counts) == 6
    assert max(counts) == 1


def test_a_story_that_few_have_seen_is_told_and_is_no_failure(enter: Callable[..., Wire]):
    account = shipped_instagram_world().account("uklabour")
    assert account is not None
    moment = datetime.fromtimestamp(account.stories[2].created + 1, UTC)
    wire = enter(as_of=moment)
    gather(wire, walk("uklabour", since=moment))
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert "missing, not 0" in message


def day_questions(wire: Wire) -> list[dict[str, str]]:
    """The parameters of every question for a day, in a batch or alone."""
    found: list[dict[str, str]] = []
    for row in wire.rows:
        if row["endpoint"] == "account_insights":
            params = json.loads(row["params"])
            parts = json.loads(params.pop("batch", "[]"))
            found += [dict(parse_qsl(part["relative_url"].partition("?")[2])) for part in parts] or [params]
    return found


def test_an_accounts_days_are_one_window_each_by_the_documented_mapping(enter: Callable[..., Wire]):
    wire = enter()
    days = AccountDays("water", date(2019, 11, 26), date(2019, 11, 28), handle="UKLabour")
    gather(wire, days=[days])
    assert Counter(wire.endpoints()) == {"roles": 1, "account_insights": 1}
    asked = day_questions(wire)
    windows = list(dict.fromkeys((int(each["since"]), int(each["until"])) for each in asked))
    assert windows == [insights.window_of(date(2019, 11, day)) for day in (28, 27, 26)]
    midnight = datetime(2019, 11, 29, tzinfo=UTC).timestamp()
    assert windows[0] == (midnight, midnight + 86_400)
    assert {each["metric_type"] for each in asked} == {"total_value"}
    (parts,) = bodies(wire, "account_insights")
    split = [json.loads(part["body"])["data"][0]["total_value"] for part in parts[::2]]
    assert all(total["breakdowns"][0]["dimension_keys"] == ["media_product_type"] for total in split)
    assert wire.session.report.troubles == []


def test_days_of_rivals_and_mentions_are_not_offered_and_not_asked(enter: Callable[..., Wire]):
    wire = enter()
    days = AccountDays("water", date(2019, 11, 26), date(2019, 11, 28), handle="conservatives")
    hashtag = Mentions("water", "hashtag", "votelabour", date(2019, 11, 1), date(2019, 11, 2))
    gather(wire, days=[days], mentions=[hashtag])
    assert wire.endpoints() == ["roles"]
    wire = enter()
    gather(wire, mentions=[hashtag])
    assert wire.rows == []


def test_days_go_back_ninety_at_most(enter: Callable[..., Wire]):
    wire = enter()
    days = AccountDays("water", date(2019, 1, 1), date(2019, 11, 29), handle="uklabour")
    gather(wire, days=[days])
    assert len(day_questions(wire)) == 2 * insights.MOST_DAYS
    assert wire.endpoints().count("account_insights") == 4


@pytest.mark.parametrize(
    ("moment", "newest"),
    [("2019-11-12T00:00", 10), ("2019-11-12T12:00", 10), ("2019-11-12T23:59", 10), ("2019-11-13T00:00", 11)],
)
def test_no_window_that_is_not_over_is_asked_for(enter: Callable[..., Wire], moment: str, newest: int):
    wire = enter(as_of=datetime.fromisoformat(f"{moment}+00:00"))
    gather(wire, days=[AccountDays("water", date(2019, 11, 9), date(2019, 11, 13), handle="uklabour")])
    windows = dict.fromkeys((int(each["since"]), int(each["until"])) for each in day_questions(wire))
    assert list(windows) == [insights.window_of(date(2019, 11, day)) for day in range(newest, 8, -1)]


def test_without_a_clock_of_its_own_a_run_goes_by_the_platforms(sandbox: Sandbox, enter: Callable[..., Wire]):
    sandbox.set_clock(datetime(2019, 11, 12, 12, tzinfo=UTC))
    wire = enter(as_of=None)
    gather(wire, days=[AccountDays("water", date(2019, 11, 9), date(2019, 11, 12), handle="uklabour")])
    newest = max(int(each["until"]) for each in day_questions(wire))
    assert datetime.fromtimestamp(newest, UTC) == datetime(2019, 11, 12, tzinfo=UTC)


def test_days_whose_windows_are_all_to_come_are_not_asked(enter: Callable[..., Wire]):
    wire = enter(as_of=datetime(2019, 11, 12, 12, tzinfo=UTC))
    gather(wire, days=[AccountDays("water", date(2019, 11, 11), date(2019, 11, 12), handle="uklabour")])
    assert wire.endpoints() == ["roles"]


def test_days_that_the_platform_does_not_keep_are_told(enter: Callable[..., Wire]):
    wire = enter()
    gather(wire, days=[AccountDays("water", date(2019, 7, 25), date(2019, 8, 1), handle="uklabour")])
    assert wire.endpoints().count("account_insights") == 1
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("BadRequest", 16)
    assert "90 days" in message


def test_instagram_login_knows_one_account_and_asks_insights_one_by_one(enter: Callable[..., Wire]):
    wire = enter(token=LOGIN_TOKEN)
    gather(wire, *OWN_WALKS, RIVAL_WALK, token=LOGIN_TOKEN)
    counts = Counter(wire.endpoints())
    assert (counts["account_media"], counts["discovery"]) == (1, 1)
    assert counts["insights"] > 3
    assert {row["method"] for row in wire.rows} == {"GET"}
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert "Facebook Login" in message


def test_no_token_is_left_in_anything_that_landed(enter: Callable[..., Wire]):
    wire = enter()
    gather(wire, *OWN_WALKS, RIVAL_WALK, days=[AccountDays("w", NOW.date(), NOW.date(), handle="uklabour")])
    text = json.dumps(wire.rows, default=str)
    assert "sandbox-instagram-user-token" not in text
    assert PAGE_TOKEN_PREFIX not in text


# What goes wrong on the way


def test_a_page_token_that_dies_in_mid_run_is_replaced_by_the_settings_own(enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": "token_expired", "times": 1})
    gather(wire, *OWN_WALKS)
    assert wire.kinds() == ["TokenInvalid"]
    assert len([row for row in wire.rows if row["endpoint"] == "account_media" and row["status"] == 200]) == 2


def test_a_token_that_dies_in_mid_run_ends_it_and_keeps_what_was_read(enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": "token_expired", "times": 9})
    with pytest.raises(errors.TokenInvalid, match="set INSTAGRAM_ACCESS_TOKEN"):
        gather(wire, *OWN_WALKS)
    assert "accounts" in wire.endpoints()


def test_a_permission_lost_in_mid_run_costs_that_call_and_no_other(enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": "permission_lost", "times": 1})
    gather(wire, *OWN_WALKS, RIVAL_WALK)
    assert wire.kinds() == ["PermissionMissing"]
    assert wire.endpoints().count("stories") == 2
    assert len(rival_media(wire)) > 10


@pytest.mark.parametrize("match", ["/media?", "business_discovery"])
def test_an_empty_page_with_a_next_one_is_walked_past(
    match: str, enter: Callable[..., Wire], monkeypatch: pytest.MonkeyPatch
):
    def listed(*faults: dict[str, Any]) -> tuple[set[str], set[str]]:
        wire = enter(*faults)
        gather(wire, OWN_WALKS[0], RIVAL_WALK)
        assert wire.session.report.troubles == []
        own = [one["id"] for body in bodies(wire, "account_media") for one in body["data"]]
        rivals = [one["id"] for one in rival_media(wire)]
        assert (len(own), len(rivals)) == (len(set(own)), len(set(rivals)))
        return set(own), set(rivals)

    whole = listed()
    monkeypatch.setattr(instagram, "ITEMS_PER_PAGE", 5)
    monkeypatch.setattr(instagram, "DISCOVERED_PER_PAGE", 5)
    assert listed() == whole
    some = listed({"match": match, "fault": "empty_page", "times": 1})
    missing = [len(every - found) for every, found in zip(whole, some, strict=True)]
    assert missing == ([5, 0] if match == "/media?" else [0, 5])


@pytest.mark.parametrize("match", ["/media?", "business_discovery"])
def test_a_cursor_that_repeats_ends_the_listing_and_is_told(match: str, enter: Callable[..., Wire]):
    wire = enter({"match": match, "fault": "repeated_page", "times": 50})
    gather(wire, OWN_WALKS[0], RIVAL_WALK)
    ((kind, message, _),) = wire.session.report.troubles
    assert kind == "Unreadable"
    assert "repeats a page" in message
    assert max(Counter(wire.endpoints()).values()) <= 3


def test_an_unknown_field_is_left_out_told_once_and_the_rest_is_listed(enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": "field_unknown", "field": "shares_count", "times": 99})
    gather(wire, *OWN_WALKS)
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("MetricWithdrawn", 1)
    assert "shares_count" in message
    listed = [row for row in wire.rows if row["endpoint"] == "account_media"]
    assert [row["status"] for row in listed] == [400, 200, 200]
    # Every medium now lacks a counter, and its insights have it.
    assert sum(len(body) for body in bodies(wire, "insights")) >= sum(
        len(body["data"]) for body in bodies(wire, "account_media") if "data" in body
    )


def test_a_field_that_discovery_does_not_know_is_left_out_there_alone(enter: Callable[..., Wire]):
    wire = enter({"match": "business_discovery", "fault": "field_unknown", "times": 99})
    gather(wire, OWN_WALKS[0], RIVAL_WALK)
    assert wire.kinds() == ["MetricWithdrawn"]
    assert all("view_count" not in one for one in rival_media(wire))
    assert any("view_count" in one for body in bodies(wire, "account_media") for one in body["data"])


def test_a_limit_is_waited_out_for_as_long_as_the_usage_header_says(enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": "instagram_throttled", "times": 1, "minutes": 2})
    gather(wire, OWN_WALKS[0])
    assert wire.slept == [121.0]
    assert wire.session.report.troubles == []


def test_a_limit_without_headers_is_backed_off_from_and_then_ends_the_run(enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": "instagram_throttled", "times": 9, "headers": False})
    with pytest.raises(errors.RateLimited, match="80002"):
        gather(wire, OWN_WALKS[0])
    assert len(wire.slept) == 3


@pytest.mark.parametrize("fault", ["html_502", "truncated_json", "transient", "false_200", "cut_off"])
def test_what_fails_in_passing_is_asked_again(fault: str, enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": fault, "times": 1})
    gather(wire, OWN_WALKS[0])
    assert wire.session.report.troubles == []
    assert wire.session.report.retries == 1


def test_posts_that_were_deleted_land_as_refusals_of_their_own(enter: Callable[..., Wire]):
    world = shipped_instagram_world()
    deleted: list[Wanted] = []
    for handle in ("uklabour", "conservatives"):
        account = world.account(handle)
        assert account is not None
        for one in account.media:
            created_at = datetime.fromtimestamp(one.created, UTC)
            if one.gone_at < NOW.timestamp():
                deleted += wanted(one.id, handle=handle, account_id=account.id, created_at=created_at)
    assert len(deleted) == 2
    wire = enter()
    gather(wire, walk("uklabour", since=NOW), walk("conservatives", since=NOW), posts=deleted)
    refused = [json.loads(row["params"])["ids"] for row in wire.rows if row["endpoint"] == "media"]
    assert refused == [post.alias for post in deleted]
    assert [row["status"] for row in wire.rows if row["endpoint"] == "media"] == [400, 400]
    assert {kind for kind, _, _ in wire.session.report.troubles} == {"Gone"}


def test_what_keeps_failing_costs_only_its_listing(enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": "html_502", "times": 4})
    gather(wire, *OWN_WALKS)
    assert wire.kinds() == ["Transient"]
    assert wire.endpoints().count("stories") == 2


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("metric_unsupported", ["NotOffered"]),
        ("too_few_viewers", ["NotOffered"]),
        ("before_business", ["NotOffered"]),
        ("gone", ["Gone"]),
        ("permission_lost", ["PermissionMissing"]),
        ("null_item", []),
        ("transient", []),
        ("html_502", []),
        ("truncated_json", ["Unreadable"]),
    ],
)
def test_what_goes_wrong_inside_a_batch_costs_its_part(
    fault: str, kinds: list[str], enter: Callable[..., Wire]
):
    wire = enter({"match": "/insights?metric=views", "fault": fault, "times": 1})
    gather(wire, *OWN_WALKS)
    assert wire.kinds() == kinds
    answered = {
        row["id"].split("/")[0]
        for body in bodies(wire, "insights")
        for part in body
        if part and part["code"] == 200 and fault != "truncated_json"
        for row in json.loads(part["body"])["data"]
    }
    lacking_views = {
        one["id"] for body in bodies(wire, "account_media") for one in body["data"] if "view_count" not in one
    }
    if fault in ("metric_unsupported", "null_item", "transient", "html_502"):
        assert answered == lacking_views


def test_too_large_a_page_is_asked_for_by_half(enter: Callable[..., Wire]):
    wire = enter({"match": "/media?", "fault": "reduce_data", "times": 2})
    gather(wire, OWN_WALKS[0])
    limits = [json.loads(row["params"])["limit"] for row in wire.rows if row["endpoint"] == "account_media"]
    assert limits == ["100", "50", "25"]


# Who we are


def test_without_a_professional_account_nothing_is_asked_and_the_cure_is_named(
    server: Loopback, connect: Connect
):
    server.on(ROLES, Answer({"data": [{"id": "110", "name": "A Page", "access_token": PAGE_TOKEN}]}))
    server.on(ME, refusal({"code": 100, "message": "(#100) Tried accessing nonexisting field (x)"}))
    wire = connect(instagram)
    collect(wire, walk(), posts=wanted("17911111111111111"))
    assert server.paths() == [ROLES, ME]
    ((kind, message, _),) = wire.session.report.troubles
    assert kind == "PermissionMissing"
    assert "link the professional account to a Page" in message


def test_a_page_token_has_its_own_account(server: Loopback, connect: Connect):
    serve(server)
    nonexisting = {"code": 100, "message": "(#100) Tried accessing nonexisting field (accounts) on node type"}
    server.on(ROLES, refusal(nonexisting))
    server.on(
        ME, Answer({"id": "111", "instagram_business_account": {"id": "17841", "username": "uklabour"}})
    )
    wire = connect(instagram)
    collect(wire, walk())
    assert server.of(f"{V}/17841/media")[0].parameters["access_token"] == TOKEN
    assert wire.session.report.troubles == []


def test_roles_are_paged_and_each_accounts_own_page_token_is_used(server: Loopback, connect: Connect):
    serve(server)
    server.on(ROLES, listing({"id": "110"}, after="QQ"), OWN)
    wire = connect(instagram)
    collect(wire, walk())
    assert [asked.parameters.get("after") for asked in server.of(ROLES)] == [None, "QQ"]
    assert "instagram_business_account{id,username}" in server.of(ROLES)[0].parameters["fields"]
    assert server.of(f"{V}/17841/media")[0].parameters["access_token"] == PAGE_TOKEN
    assert PAGE_TOKEN not in json.dumps(wire.rows, default=str)


def test_roles_that_cannot_be_listed_in_passing_are_told(server: Loopback, connect: Connect):
    server.on(ROLES, Answer("busy", status=503))
    wire = connect(instagram)
    collect(wire, walk())
    assert wire.kinds() == ["Transient"]


def test_instagram_login_asks_its_own_host_who_it_is(server: Loopback, connect: Connect):
    server.on(ME, Answer({"user_id": "17841", "username": "uklabour", "id": "9"}))
    server.on(f"{V}/17841", ABOUT)
    server.on(f"{V}/17841/media", listing(medium("1790000000", **COUNTED)))
    server.on(f"{V}/17841/stories", EMPTY)
    wire = connect(instagram, more_hosts=instagram.MORE_HOSTS)
    collect(wire, walk(), token="IGAA-token-of-instagram-login")
    assert server.asked[0].parameters["fields"] == "user_id,username"
    assert wire.session.report.troubles == []
    assert wire.rows[2]["endpoint"] == "account_media"


def test_an_account_is_walked_once_from_the_earliest_moment(server: Loopback, connect: Connect):
    serve(server)
    early = SINCE - timedelta(days=3)
    collect(connect(instagram), walk("UKLabour"), walk(None, account_id="17841", since=early))
    (asked,) = server.of(f"{V}/17841/media")
    assert asked.parameters["since"] == str(int(early.timestamp()))


def test_another_account_without_a_name_is_told(server: Loopback, connect: Connect):
    serve(server)
    wire = connect(instagram)
    collect(wire, walk(None, account_id="99"))
    ((kind, message, _),) = wire.session.report.troubles
    assert kind == "NotOffered"
    assert "give its handle in the registry" in message


# Listings and look-ups


def test_a_server_that_ignores_since_is_not_walked_to_its_beginning(server: Loopback, connect: Connect):
    old = medium("1790000002", timestamp="2026-09-01T00:00:00+0000", **COUNTED)
    serve(server, listing(medium("1790000001", **COUNTED), old, after="A"), listing(old, after="B"))
    collect(connect(instagram), walk())
    assert len(server.of(f"{V}/17841/media")) == 1


def test_a_page_of_nothing_but_another_cursor_is_walked_on(server: Loopback, connect: Connect):
    serve(server, listing(after="A"), listing(after="B"), listing(medium("1790000001", **COUNTED)))
    wire = connect(instagram)
    collect(wire, walk())
    assert [asked.parameters.get("after") for asked in server.of(f"{V}/17841/media")] == [None, "A", "B"]
    assert wire.session.report.troubles == []


def test_a_next_page_without_a_cursor_is_told(server: Loopback, connect: Connect):
    serve(server, Answer({"data": [], "paging": {"next": "https://graph.facebook.com/v26.0/1/media?x=1"}}))
    wire = connect(instagram)
    collect(wire, walk())
    assert wire.kinds() == ["Unreadable"]


@pytest.mark.parametrize("body", [{"data": 7}, {"data": [1, None, {}], "paging": 7}, {"paging": []}, []])
def test_answers_of_the_wrong_shape_cost_only_themselves(server: Loopback, connect: Connect, body: Any):
    serve(server, Answer(body))
    wire = connect(instagram)
    collect(wire, walk())
    assert set(wire.kinds()) <= {"Unreadable"}
    assert wire.endpoints()[-1] == "stories"


def test_wanted_numbers_are_looked_up_by_fifty_and_not_when_they_were_listed(
    server: Loopback, connect: Connect
):
    serve(server, listing(medium("1790000000", **COUNTED)))
    server.on(
        IDS, lambda asked: Answer({one: medium(one, **COUNTED) for one in asked.parameters["ids"].split(",")})
    )
    numbers = [str(1790000000 + n) for n in range(61)]
    wire = connect(instagram)
    collect(wire, walk(), posts=[*wanted(*numbers), *wanted("C1790000000", numbers[5])])
    assert [len(asked.parameters["ids"].split(",")) for asked in server.of(IDS)] == [50, 10]
    assert wire.session.report.troubles == []


@pytest.mark.parametrize(
    ("named", "most"),
    [("17905", 3), ("9", 7), ("17905' or '17906", 9), ("' '".join(map(str, range(17900, 17908))), 7)],
)
def test_one_bad_number_costs_the_others_nothing(server: Loopback, connect: Connect, named: str, most: int):
    serve(server)
    error = {**GONE, "message": f"Unsupported get request. Object with ID '{named}' does not exist"}

    def look_up(asked: Asked) -> Answer:
        ids = asked.parameters["ids"].split(",")
        return refusal(error) if "17905" in ids else Answer({one: medium(one, **COUNTED) for one in ids})

    server.on(IDS, look_up)
    wire = connect(instagram)
    collect(wire, posts=wanted(*(str(17900 + n) for n in range(8)), account_id="17841"))
    read = [
        one for row in wire.rows if row["status"] == 200 for one in json.loads(row["body"]) if one != "data"
    ]
    assert {str(17900 + n) for n in range(8)} - set(read) == {"17905"}
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("Gone", 1)
    assert "17905" in message
    # Alone in a call, so that the readings know whom the refusal means.
    assert "17905" in [asked.parameters["ids"] for asked in server.of(IDS)]
    assert len(server.of(IDS)) <= most


def test_a_code_is_found_among_the_listed_or_told_with_its_cure(server: Loopback, connect: Connect):
    serve(
        server, listing(medium("1790000000", **COUNTED), medium("1790000001", shortcode="Cshort", **COUNTED))
    )
    wire = connect(instagram)
    collect(wire, walk(), posts=wanted("C1790000000", "Cshort", "Cunseen", "Cunseen"))
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("Gone", 1)
    assert "Cunseen is not among the posts listed now" in message
    assert "[[accounts]]" in message
    assert IDS not in server.paths()


# Rivals


def discovering(server: Loopback, *pages: Answer) -> list[str]:
    """Serves pages of a rival, in order; gives the list of what was asked, which grows."""
    waiting, asked_fields = list(pages), []

    def answer(asked: Asked) -> Answer:
        if "business_discovery" not in asked.parameters["fields"]:
            return ABOUT
        asked_fields.append(asked.parameters["fields"])
        return waiting.pop(0)

    serve(server, about=answer)
    return asked_fields


def test_rivals_are_paged_inside_the_nested_listing(server: Loopback, connect: Connect):
    old = medium("17803", timestamp="2026-09-01T00:00:00+0000")
    fields = discovering(
        server, discovered(medium("17801"), after="A=="), discovered(after="B"), discovered(old, after="C")
    )
    wire = connect(instagram)
    collect(wire, walk("Rival"))
    places = [re.search(r"media\.limit\(50\)([^{]*)\{", text) for text in fields]
    assert [place and place[1] for place in places] == ["", ".after(A==)", ".after(B)"]
    assert fields[0].startswith("business_discovery.username(Rival){id,username,name,followers_count,")
    assert wire.endpoints() == ["roles", "discovery", "discovery", "discovery"]
    assert wire.session.report.troubles == []


def test_an_unknown_or_personal_account_is_told_with_its_cure(server: Loopback, connect: Connect):
    error = {"message": "Invalid user id", "code": 110, "error_user_title": "Cannot find User"}
    discovering(server, refusal(error), discovered(name="other"))
    wire = connect(instagram)
    collect(wire, walk("nobody"), walk("other"))
    ((kind, message, _),) = wire.session.report.troubles
    assert kind == "Gone"
    assert "no professional account nobody" in message
    assert wire.endpoints().count("discovery") == 2
    assert [one.handle for one in wire.session.report.walked] == ["other"]


def test_a_known_post_of_a_rival_is_walked_back_to_and_asked_by_number_only_when_missing(
    server: Loopback, connect: Connect
):
    first = medium("17801", timestamp="2026-09-20T00:00:00+0000")
    second = medium("17802", timestamp="2026-09-10T00:00:00+0000")
    third = medium("17803", timestamp="2026-09-01T00:00:00+0000")
    fields = discovering(
        server, discovered(first, after="A"), discovered(second, after="B"), discovered(third, after="C")
    )
    server.on(IDS, refusal(GONE))
    created_at = datetime(2026, 9, 5, tzinfo=UTC)
    wire = connect(instagram)
    posts = wanted("17802", "17899", handle="rival", account_id="17842", created_at=created_at)
    collect(wire, walk("rival"), posts=posts)
    assert len(fields) == 3
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("Gone", 1)
    assert "17899" in message
    # What is missing from its author's list is asked for alone: the refusal lands as the platform's word.
    assert [asked.parameters["ids"] for asked in server.of(IDS)] == ["17899"]
    assert (wire.rows[-1]["endpoint"], wire.rows[-1]["status"]) == ("media", 400)


def test_a_rival_is_walked_back_for_known_posts_no_further_than_allowed(server: Loopback, connect: Connect):
    pages = [discovered(medium(str(17800 + n)), after=f"A{n}") for n in range(60)]
    fields = discovering(server, *pages)
    posts = wanted("17899", handle="rival", created_at=datetime(2020, 1, 1, tzinfo=UTC))
    wire = connect(instagram)
    collect(wire, posts=posts)
    assert len(fields) == 20
    # It may lie further back: nothing is said of it that could be read as its deletion.
    assert IDS not in server.paths()
    assert wire.kinds() == ["Gone"]


def test_a_rivals_code_of_unknown_age_is_sought_on_the_newest_page(server: Loopback, connect: Connect):
    fields = discovering(server, discovered(medium("17801"), after="A"))
    wire = connect(instagram)
    collect(wire, posts=wanted("C17801", handle="rival"))
    assert len(fields) == 1
    assert wire.session.report.troubles == []


@pytest.mark.parametrize("cursor", ["A){id},x(", "A B", "\u202e"])
def test_a_cursor_that_would_change_the_question_is_not_sent(server: Loopback, connect: Connect, cursor: str):
    discovering(server, discovered(medium("17801"), after=cursor))
    wire = connect(instagram)
    collect(wire, walk("rival"))
    assert wire.kinds() == ["Unreadable"]


def test_a_handle_that_would_change_the_question_is_not_sent(server: Loopback, connect: Connect):
    serve(server)
    wire = connect(instagram)
    collect(wire, walk("a){id}"))
    assert server.paths() == [ROLES]
    assert wire.kinds() == ["Gone"]


# Insights


def lacking(count: int, **more: Any) -> list[dict[str, Any]]:
    return [medium(str(1790000000 + n), like_count=1, **more) for n in range(count)]


def test_insights_are_asked_in_batches_of_fifty_by_product_type(server: Loopback, connect: Connect):
    reels = [medium("1780000001", media_product_type="REELS")]
    serve(server, listing(*lacking(60), *reels))
    server.on(IDS, Insights())
    wire = connect(instagram)
    collect(wire, walk())
    first, second = batches(server)
    assert (len(first), len(second)) == (50, 11)
    assert dict(second)["1780000001"] == ",".join(insights._REEL_METRICS)
    assert first[0] == ("1790000000", ",".join(insights._FEED_METRICS))
    assert "access_token" not in server.of(IDS)[0].query


@pytest.mark.parametrize("is_naming", [True, False])
def test_a_metric_that_a_product_type_lacks_is_dropped_and_told_once(
    server: Loopback, connect: Connect, is_naming: bool
):
    serve(server, listing(*lacking(60)))
    server.on(IDS, Insights(refused=["follows", "profile_visits"], is_naming=is_naming))
    wire = connect(instagram)
    collect(wire, walk())
    rest = ",".join(name for name in insights._FEED_METRICS if name not in ("follows", "profile_visits"))
    whole = {name for batch in batches(server) for name, metrics in batch if metrics == rest}
    assert len(whole) >= 58
    assert set(wire.kinds()) == {"MetricWithdrawn"}
    text = " ".join(message for _, message, _ in wire.session.report.troubles)
    assert "follows" in text
    assert "profile_visits" in text
    assert all(count == 1 for _, _, count in wire.session.report.troubles)
    assert len(batches(server)) <= 5


class OddOnes(Insights):
    """Refuses `follows` to the media with these ids alone."""

    def __init__(self, *ids: str, is_naming: bool) -> None:
        super().__init__(is_naming=is_naming)
        self.ids = ids

    def _part(self, url: str) -> dict[str, Any] | None:
        self.refused = {"follows"} if url.split("/")[1] in self.ids else set()
        return super()._part(url)


@pytest.mark.parametrize("is_naming", [True, False])
def test_media_that_are_refused_a_metric_cost_no_other_theirs(
    server: Loopback, connect: Connect, is_naming: bool
):
    odd = ["1790000000", "1790000001", "1790000055"]
    serve(server, listing(*lacking(60)))
    server.on(IDS, OddOnes(*odd, is_naming=is_naming))
    wire = connect(instagram)
    collect(wire, walk())
    whole = {
        name
        for batch in batches(server)
        for name, metrics in batch
        if metrics == ",".join(insights._FEED_METRICS)
    }
    assert whole == {str(1790000000 + n) for n in range(60)}
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert f"follows is not given for these objects: {', '.join(odd)} (" in message


def test_when_every_metric_is_refused_nothing_more_is_asked(server: Loopback, connect: Connect):
    serve(server, listing(*lacking(60)))
    server.on(IDS, Insights(refused=insights._FEED_METRICS))
    wire = connect(instagram)
    collect(wire, walk())
    assert [len(batch) for batch in batches(server)] == [50]


def test_parts_that_were_not_answered_are_asked_once_more(server: Loopback, connect: Connect):
    serve(server, listing(*lacking(3)))
    server.on(IDS, Insights(nulls=4))
    wire = connect(instagram)
    collect(wire, walk())
    assert [len(batch) for batch in batches(server)] == [3, 3]
    assert wire.session.report.troubles == [
        ("Transient", "instagram: a part of a batch was not answered; try again later", 1)
    ]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 10, "message": "(#10) Not enough viewers for the media to show insights"}, "NotOffered"),
        ({"code": 100, "error_subcode": 2108006, "message": "Media posted before"}, "NotOffered"),
        (GONE, "Gone"),
    ],
)
def test_what_one_medium_is_refused_costs_no_other(
    server: Loopback, connect: Connect, error: dict[str, Any], kind: str
):
    serve(server, listing(*lacking(60)))
    server.on(IDS, Insights(error=error))
    wire = connect(instagram)
    collect(wire, walk())
    assert [len(batch) for batch in batches(server)] == [50, 10]
    ((found, _, count),) = wire.session.report.troubles
    assert (found, count) == (kind, 60)


def test_an_object_without_insights_costs_no_other_its_metrics(server: Loopback, connect: Connect):
    serve(server, listing(*lacking(60)))
    error = {"code": 100, "message": "(#100) Tried accessing nonexisting field (insights) on node type (X)"}
    answering = Insights(error=error)
    server.on(IDS, answering)
    wire = connect(instagram)
    collect(wire, walk())
    assert [len(batch) for batch in batches(server)] == [50, 10]
    assert wire.session.report.troubles[0][::2] == ("NotOffered", 60)


def test_a_whole_batch_that_fails_in_passing_costs_only_its_fifty(server: Loopback, connect: Connect):
    serve(server, listing(*lacking(60)))
    server.on(IDS, *[Answer("busy", status=503)] * 4, Insights())
    wire = connect(instagram)
    collect(wire, walk())
    assert [len(batch) for batch in batches(server)] == [50] * 4 + [10]
    assert wire.kinds() == ["Transient"]


def test_a_missing_permission_ends_the_accounts_insights(server: Loopback, connect: Connect):
    serve(server, listing(*lacking(60)))
    server.on(IDS, Insights(error={"code": 10, "message": "(#10) Application does not have permission"}))
    wire = connect(instagram)
    collect(wire, walk())
    assert [len(batch) for batch in batches(server)] == [50]
    assert wire.session.report.troubles[0][::2] == ("PermissionMissing", 1)


def test_without_batches_insights_are_asked_one_by_one(server: Loopback, connect: Connect):
    serve(server, listing(*lacking(2)))
    server.on(IDS, Answer("<html>", status=501))
    for n in range(2):
        server.on(f"{V}/{1790000000 + n}/insights", EMPTY)
    wire = connect(instagram)
    collect(wire, walk())
    assert len(server.of(IDS)) == 1
    (asked,) = server.of(f"{V}/1790000001/insights")
    assert asked.parameters["metric"] == ",".join(insights._FEED_METRICS)
    assert wire.kinds() == ["NotOffered"]


def test_a_limit_reached_inside_a_batch_ends_the_run(server: Loopback, connect: Connect):
    serve(server, listing(*lacking(2)))
    server.on(IDS, Insights(error={"code": 80002, "message": "too many calls"}))
    with pytest.raises(errors.RateLimited):
        collect(connect(instagram), walk())


# Account insights


IN_NOVEMBER = datetime(2026, 11, 2, 12, tzinfo=UTC)


def days(count: int) -> list[AccountDays]:
    last = date(2026, 10, 30)
    return [AccountDays("water", last - timedelta(days=count - 1), last, handle="uklabour")]


class Days(Insights):
    """Answers batches of an account's days: `no_split` refuses every question that has a breakdown."""

    no_split = False
    asked: list[str]

    def _part(self, url: str) -> dict[str, Any] | None:
        self.asked = [*getattr(self, "asked", []), url]
        if self.no_split and "breakdown" in url:
            error = {"code": 100, "message": "(#100) The breakdown media_product_type is not supported"}
            return {"code": 400, "body": json.dumps({"error": error})}
        return super()._part(url)


def test_a_refused_account_metric_is_dropped_for_all_days_and_told_once(server: Loopback, connect: Connect):
    serve(server)
    answering = Days(refused=["reposts"], is_naming=False)
    server.on(IDS, answering)
    wire = connect(instagram, as_of=IN_NOVEMBER)
    collect(wire, days=days(4))
    rest = ",".join(name for name in insights._ACCOUNT_METRICS if name != "reposts")
    asked = [url.split("metric=")[1].split("&")[0] for url in answering.asked]
    assert asked.count("reposts") == 1
    assert asked.count(rest) == 3
    assert len(server.of(IDS)) == 3
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("MetricWithdrawn", 1)
    assert "reposts" in message


def test_days_that_cannot_be_split_are_asked_whole_and_that_is_told(server: Loopback, connect: Connect):
    serve(server)
    answering = Days()
    answering.no_split = True
    server.on(IDS, answering)
    wire = connect(instagram, as_of=IN_NOVEMBER)
    collect(wire, days=days(3))
    assert ["breakdown" in url for url in answering.asked] == [True, False] * 3 + [False] * 3
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert "they hold ads too" in message


def test_days_end_where_the_permission_is_missing(server: Loopback, connect: Connect):
    serve(server)
    server.on(IDS, Answer("<html>", status=501))
    server.on(f"{V}/17841/insights", refusal({"code": 10, "message": "(#10) no"}))
    wire = connect(instagram, as_of=IN_NOVEMBER)
    collect(wire, days=days(30))
    (asked,) = server.of(f"{V}/17841/insights")
    since, until = insights.window_of(date(2026, 10, 30))
    assert asked.parameters == {
        "metric": "reach,views",
        "period": "day",
        "metric_type": "total_value",
        "since": str(since),
        "until": str(until),
        "breakdown": "media_product_type",
        "access_token": PAGE_TOKEN,
    }
    assert wire.kinds() == ["NotOffered", "PermissionMissing"]


# Hostile content


def test_hostile_captions_and_huge_counters_land_as_they_came(server: Loopback, connect: Connect):
    caption = "صوّتوا \u202eevil\u202c 🗳️ <script>'; drop table posts; -- =1+1 \x00"
    serve(
        server, listing(medium("17912345678901234567", caption=caption, **{**COUNTED, "view_count": 10**12}))
    )
    wire = connect(instagram)
    collect(wire, walk())
    (row,) = [row for row in wire.rows if row["endpoint"] == "account_media"]
    assert json.loads(row["body"])["data"][0]["caption"] == caption
    assert json.loads(row["body"])["data"][0]["view_count"] == 10**12
    assert wire.session.report.troubles == []


def test_only_counters_are_asked_for_never_people():
    fields = {*instagram._OWN_FIELDS, *instagram._STORY_FIELDS, *instagram._RIVAL_FIELDS}
    assert not fields & {"comments", "likes", "collaborators", "children", "tags", "media_url"}


@pytest.mark.parametrize("address", ["http://[bad?after=1", "https://graph.facebook.com/?before=1"])
def test_a_next_page_at_no_address_breaks_off_the_walk(server: Loopback, connect: Connect, address: str):
    serve(server, Answer({"data": [medium("1", **COUNTED)], "paging": {"next": address}}))
    wire = connect(instagram)
    collect(wire, walk())
    assert wire.kinds() == ["Unreadable"]
    assert wire.session.report.walked == []
    assert wire.endpoints()[-1] == "stories"


# The proof and the version


def proof(token: str) -> str:
    return hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


def test_every_call_carries_its_tokens_proof_and_none_lands(enter: Callable[..., Wire], sandbox: Sandbox):
    wire = enter({"match": "/v26.0/", "fault": "proof_required", "times": 1000})
    gather(
        wire,
        *OWN_WALKS,
        RIVAL_WALK,
        days=[AccountDays("water", date(2019, 11, 26), date(2019, 11, 28), handle="uklabour")],
        app_secret=APP_SECRET,
    )
    assert wire.session.report.troubles == []
    assert {row["status"] for row in wire.rows} == {200}
    assert {"insights", "account_insights", "discovery"} <= set(wire.endpoints())
    landed = repr(wire.rows)
    token = sandbox.settings["INSTAGRAM_ACCESS_TOKEN"]
    assert any(proof(token) in request for request in sandbox.requests)
    assert proof(token) not in landed
    assert "appsecret_proof" in wire.rows[0]["params"]
    assert APP_SECRET not in landed


def test_a_secret_that_is_not_the_apps_ends_the_run_with_its_cure(enter: Callable[..., Wire]):
    with pytest.raises(errors.TokenInvalid, match="INSTAGRAM_APP_SECRET, which belong together"):
        gather(enter(), OWN_WALKS[0], app_secret="another")


@pytest.mark.parametrize("token", ["sandbox-instagram-user-token", LOGIN_TOKEN])
def test_no_proof_is_sent_without_a_secret_nor_by_instagrams_own_door(
    enter: Callable[..., Wire], sandbox: Sandbox, token: str
):
    more = {"app_secret": APP_SECRET} if token == LOGIN_TOKEN else {}
    wire = enter(token=token)
    gather(wire, OWN_WALKS[0], token=token, **more)
    assert not any("appsecret_proof" in row["params"] for row in wire.rows)


def test_another_version_than_was_asked_is_told_once(server: Loopback, connect: Connect):
    serve(server)
    server.on(ROLES, Answer(OWN.body, headers={"facebook-api-version": "v25.0"}))
    server.on(f"{V}/17841", Answer(ABOUT.body, headers={"facebook-api-version": "v25.0"}))
    wire = connect(instagram)
    collect(wire, walk())
    text = "instagram: v26.0 was asked and v25.0 served; use a newer release of this pipeline"
    assert wire.session.report.troubles == [("OtherVersion", text, 1)]


# What errors mean


def judged(body: object, status: int = 400, **headers: str) -> errors.Trouble | None:
    response = requests.Response()
    response.status_code, response.encoding = status, "utf-8"
    response._content = json.dumps(body).encode()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return instagram.judge(response)


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ({"code": 110}, errors.Gone),
        (GONE, errors.Gone),
        ({"code": 10, "message": "(#10) Not enough viewers for the media"}, errors.NotOffered),
        ({"code": 10, "message": "(#10) Application does not have permission"}, errors.PermissionMissing),
        ({"code": 100, "error_subcode": 2108006}, errors.NotOffered),
        (unsupported("follows"), errors.MetricWithdrawn),
        ({"code": 100, "message": "Tried accessing nonexisting field (view_count)"}, errors.MetricWithdrawn),
        ({"code": 100, "message": "(#100) metric[0] must be one of the following"}, errors.MetricWithdrawn),
        ({"code": 100, "message": "The value must be a valid insights metric"}, errors.MetricWithdrawn),
        ({"code": 100, "message": "(#100) Param since is wrong"}, errors.BadRequest),
        ({"code": 80002}, errors.RateLimited),
        ({"code": 4}, errors.RateLimited),
        ({"code": 190, "error_subcode": 463}, errors.TokenInvalid),
        ({"code": 200}, errors.PermissionMissing),
        ({"code": 2, "is_transient": True}, errors.Transient),
        ({"code": 1, "message": "reduce the amount of data"}, errors.TooMuchAsked),
        ("words", errors.Unreadable),
    ],
)
def test_an_error_is_told_by_its_code_whatever_the_status(
    status: int, error: object, trouble: type[errors.Trouble]
):
    found = judged({"error": error}, status)
    assert type(found) is trouble
    assert found.platform == "instagram"
    assert found.message.startswith("instagram: ")
    assert "; " in found.message


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("follows", "follows"),
        ("follows, profile_visits", "follows,profile_visits"),
        ("follows and profile_visits", "follows,profile_visits"),
    ],
)
def test_every_metric_that_a_refusal_names_is_known(names: str, found: str):
    trouble = judged({"error": unsupported(names)})
    assert isinstance(trouble, errors.MetricWithdrawn)
    assert trouble.metric == found


@pytest.mark.parametrize("body", [{"id": "1"}, {"data": []}, [None]])
def test_good_answers_are_no_trouble(body: object):
    assert judged(body, 200) is None
