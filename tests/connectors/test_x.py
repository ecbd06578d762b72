from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors import x
from connectors.asking import Ask, Walk, Wanted
from connectors.errors import BudgetSpent, RateLimited, TokenInvalid
from tests.connectors.conftest import NOW, TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback

Connect = Callable[..., Wire]

USERS, POSTS = "/2/users/by", "/2/tweets"
SINCE = datetime(2026, 10, 1, tzinfo=UTC)
NOTHING = Answer({"meta": {"result_count": 0}})


def timeline(*ids: str, following: str | None = None, status: int = 200) -> Answer:
    posts = [{"id": one, "text": "t", "edit_history_tweet_ids": [one]} for one in ids]
    meta = {"result_count": len(ids), **({"next_token": following} if following else {})}
    return Answer({**({"data": posts} if posts else {}), "meta": meta}, status=status)


def not_found(one: str) -> dict[str, str]:
    return {
        "value": one,
        "detail": f"Could not find tweet with ids: [{one}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": one,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }


def walk(
    handle: str | None = None, account_id: str | None = None, campaign: str = "c1", since: datetime = SINCE
) -> Walk:
    return Walk(campaign, since, handle, account_id)


def wanted(*ids: str, campaign: str = "c1") -> tuple[Wanted, ...]:
    return tuple(Wanted(campaign, one) for one in ids)


def collect(wire: Wire, *walks: Walk, posts: tuple[Wanted, ...] = ()) -> None:
    x.collect(Ask("x", walks, posts), wire.session, TOKEN)


def test_handles_are_resolved_a_hundred_at_a_time(server: Loopback, connect: Connect):
    def users(asked: Asked) -> Answer:
        names = asked.parameters["usernames"].split(",")
        return Answer(
            {"data": [{"id": name.removeprefix("user"), "username": name.upper()} for name in names]}
        )

    server.on(USERS, users)
    for n in range(150):
        server.on(f"/2/users/{1000 + n}/tweets", NOTHING)
    wire = connect(x)
    collect(wire, *(walk(f"user{1000 + n}") for n in range(150)))
    asked = server.of(USERS)
    assert [len(one.parameters["usernames"].split(",")) for one in asked] == [100, 50]
    assert asked[0].parameters["user.fields"] == "public_metrics,created_at"
    assert len([path for path in server.paths() if path.endswith("/tweets")]) == 150
    assert wire.session.report.troubles == []


def test_an_account_whose_number_is_known_is_walked_without_a_look_up(server: Loopback, connect: Connect):
    server.on("/2/users/9/tweets", NOTHING)
    collect(connect(x), walk("UKLabour", "9"))
    assert server.paths() == ["/2/users/9/tweets"]


def test_a_timeline_is_asked_for_counters_from_the_walks_beginning(server: Loopback, connect: Connect):
    server.on("/2/users/9/tweets", NOTHING)
    collect(connect(x), walk(account_id="9"))
    assert server.asked[0].parameters == {
        "max_results": "100",
        "exclude": "retweets",
        "start_time": "2026-10-01T00:00:00Z",
        "tweet.fields": "created_at,public_metrics,author_id,attachments,"
        "edit_history_tweet_ids,referenced_tweets,entities",
        "expansions": "attachments.media_keys,author_id",
        "media.fields": "public_metrics,duration_ms,type",
        "user.fields": "username,name,public_metrics",
    }


def test_a_beginning_before_x_admits_any_is_moved(server: Loopback, connect: Connect):
    server.on("/2/users/9/tweets", NOTHING)
    collect(connect(x), walk(account_id="9", since=datetime(2000, 1, 1, tzinfo=UTC)))
    assert server.asked[0].parameters["start_time"] == "2010-11-06T00:00:01Z"


def test_a_timeline_is_walked_to_its_end_over_short_and_empty_pages(server: Loopback, connect: Connect):
    server.on(
        "/2/users/9/tweets",
        timeline("5", "4", following="p2"),
        timeline(following="p3"),
        timeline("3", following="p4"),
        timeline("2", "1"),
    )
    wire = connect(x)
    collect(wire, walk(account_id="9"))
    assert [asked.parameters.get("pagination_token") for asked in server.asked] == [None, "p2", "p3", "p4"]
    assert [(row["endpoint"], row["page"]) for row in wire.rows] == [("timeline", n) for n in (1, 2, 3, 4)]
    assert wire.session.report.troubles == []


def test_a_repeated_page_ends_that_walk_and_no_other(server: Loopback, connect: Connect):
    server.on("/2/users/8/tweets", timeline("5", following="p2"))
    server.on("/2/users/9/tweets", timeline("4"))
    wire = connect(x)
    collect(wire, walk(account_id="8"), walk(account_id="9"))
    assert server.paths() == ["/2/users/8/tweets"] * 2 + ["/2/users/9/tweets"]
    assert wire.kinds() == ["Unreadable"]


def test_an_unknown_handle_is_noted_with_its_cure_and_costs_no_other(server: Loopback, connect: Connect):
    errors = [
        {
            "value": "nobody",
            "detail": "Could not find user with usernames: [nobody].",
            "title": "Not Found Error",
        }
    ]
    server.on(USERS, Answer({"data": [{"id": "9", "username": "uklabour"}], "errors": errors}))
    server.on("/2/users/9/tweets", NOTHING)
    wire = connect(x)
    collect(wire, walk("nobody"), walk("UKLabour"), walk("not a name"))
    [impossible, unknown] = wire.session.report.troubles
    assert impossible[0] == "BadRequest"
    assert unknown == (
        "Gone",
        "x: no account @nobody (deleted, suspended or renamed); correct it in the registry",
        1,
    )
    assert server.of(USERS)[0].parameters["usernames"] == "nobody,UKLabour"
    assert len(server.of("/2/users/9/tweets")) == 1


def test_an_account_of_two_campaigns_is_walked_once_from_the_earlier_beginning(
    server: Loopback, connect: Connect
):
    server.on(USERS, Answer({"data": [{"id": "9", "username": "UKLabour"}]}))
    server.on("/2/users/9/tweets", NOTHING)
    early = SINCE - timedelta(days=30)
    collect(
        connect(x),
        walk("UKLabour"),
        walk("uklabour", campaign="c2", since=early),
        walk(account_id="9", campaign="c3"),
    )
    [asked] = server.of("/2/users/9/tweets")
    assert asked.parameters["start_time"] == "2026-09-01T00:00:00Z"
    assert len(server.of(USERS)) == 1


def test_an_account_that_fails_does_not_cost_the_others(server: Loopback, connect: Connect):
    server.on(
        "/2/users/7/tweets", Answer({"title": "Forbidden", "detail": "no access", "status": 403}, status=403)
    )
    server.on("/2/users/8/tweets", Answer("<html>", status=503))
    server.on("/2/users/9/tweets", timeline("1"))
    wire = connect(x)
    collect(wire, walk(account_id="7"), walk(account_id="8"), walk(account_id="9"))
    assert wire.kinds() == ["PermissionMissing", "Transient"]
    assert wire.rows[-1]["status"] == 200


def test_a_protected_account_is_noted(server: Loopback, connect: Connect):
    problem = {
        "title": "Authorization Error",
        "detail": "Sorry, you are not authorized to see the user with id: [9].",
        "type": "https://api.x.com/2/problems/not-authorized-for-resource",
    }
    server.on("/2/users/9/tweets", Answer({"errors": [problem]}))
    wire = connect(x)
    collect(wire, walk(account_id="9"))
    assert wire.kinds() == ["PermissionMissing"]


def test_wanted_posts_are_looked_up_by_the_hundred_unless_a_walk_showed_them(
    server: Loopback, connect: Connect
):
    edited = {"id": "51", "text": "t", "edit_history_tweet_ids": ["49", "51"]}
    server.on("/2/users/9/tweets", Answer({"data": [edited], "meta": {}}))
    server.on(POSTS, Answer({"data": []}))
    wire = connect(x)
    ids = [str(n) for n in range(1, 203)]
    collect(wire, walk(account_id="9"), posts=wanted(*ids, "7"))
    asked = [one.parameters["ids"].split(",") for one in server.of(POSTS)]
    assert [len(some) for some in asked] == [100, 100]
    assert sorted((one for some in asked for one in some), key=int) == [
        one for one in ids if one not in ("49", "51")
    ]
    assert server.of(POSTS)[0].parameters["expansions"] == "attachments.media_keys,author_id"
    assert server.of(POSTS)[0].parameters["user.fields"] == "username,name,public_metrics"


def test_a_post_of_two_campaigns_is_looked_up_once(server: Loopback, connect: Connect):
    server.on(POSTS, Answer({"data": []}))
    wire = connect(x)
    collect(wire, posts=wanted("1", "2") + wanted("2", "3", campaign="c2"))
    assert [one.parameters["ids"] for one in server.of(POSTS)] == ["1,2", "3"]
    assert [row["campaign_id"] for row in wire.rows] == ["c1", "c2"]


def test_deleted_and_protected_posts_are_noted_and_the_rest_land(server: Loopback, connect: Connect):
    protected = {
        **not_found("3"),
        "type": "https://api.x.com/2/problems/not-authorized-for-resource",
        "detail": "Sorry.",
    }
    server.on(POSTS, Answer({"data": [{"id": "1", "text": "t"}], "errors": [not_found("2"), protected]}))
    wire = connect(x)
    collect(wire, posts=wanted("1", "2", "3"))
    assert wire.kinds() == ["Gone", "Gone"]
    assert all(
        post in message for post, (_, message, _) in zip("23", wire.session.report.troubles, strict=True)
    )
    assert [row["status"] for row in wire.rows] == [200]


def test_posts_that_all_failed_are_no_failure_of_the_call(server: Loopback, connect: Connect):
    server.on(POSTS, Answer({"errors": [not_found("2")]}))
    wire = connect(x)
    collect(wire, posts=wanted("2"))
    assert wire.kinds() == ["Gone"]
    assert wire.slept == []


def test_an_alias_that_is_no_number_does_not_spoil_the_hundred(server: Loopback, connect: Connect):
    server.on(POSTS, Answer({"data": [{"id": "1", "text": "t"}]}))
    wire = connect(x)
    collect(wire, posts=wanted("1", "abc,2"))
    assert server.asked[0].parameters["ids"] == "1"
    assert wire.kinds() == ["BadRequest"]


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (Answer({"title": "Unauthorized", "type": "about:blank", "status": 401}, status=401), TokenInvalid),
        (Answer("<html>", status=401), TokenInvalid),
        (
            Answer({"title": "CreditsDepleted", "type": "https://api.x.com/2/problems/credits"}, status=402),
            BudgetSpent,
        ),
        (Answer({}, status=402), BudgetSpent),
        (Answer({"title": "UsageCapExceeded"}, status=429), BudgetSpent),
        (Answer({"code": 88, "message": "Rate limit exceeded"}, status=429), RateLimited),
    ],
)
def test_what_holds_for_every_call_ends_the_run(
    server: Loopback, connect: Connect, answer: Answer, trouble: type
):
    server.on("/2/users/8/tweets", answer)
    wire = connect(x)
    with pytest.raises(trouble):
        collect(wire, walk(account_id="8"), walk(account_id="9"), posts=wanted("1"))
    assert set(server.paths()) == {"/2/users/8/tweets"}


def test_a_rate_limit_inside_a_walk_is_waited_out_where_it_stood(server: Loopback, connect: Connect):
    reset = str(int((NOW + timedelta(seconds=60)).timestamp()))
    server.on(
        "/2/users/9/tweets",
        timeline("5", following="p2"),
        Answer({"title": "Too Many Requests"}, status=429, headers={"x-rate-limit-reset": reset}),
        timeline("4"),
    )
    wire = connect(x)
    collect(wire, walk(account_id="9"))
    assert [asked.parameters.get("pagination_token") for asked in server.asked] == [None, "p2", "p2"]
    assert [(row["page"], row["status"]) for row in wire.rows] == [(1, 200), (2, 429), (2, 200)]
    assert wire.slept == [61.0]


def test_nothing_asked_is_nothing_sent(server: Loopback, connect: Connect):
    collect(connect(x))
    assert server.asked == []


def test_entries_of_the_wrong_shape_end_a_walk_quietly(server: Loopback, connect: Connect):
    document = {"data": [1, None], "meta": []}
    server.on(USERS, Answer({"data": [{"id": "9", "username": "a"}]}))
    server.on("/2/users/9/tweets", Answer(document))
    server.on(POSTS, Answer(document))
    collect(connect(x), walk("a"), posts=wanted("1"))
    assert server.paths() == [USERS, "/2/users/9/tweets", POSTS]


@pytest.mark.parametrize("data", [7, {"id": "1"}, "1", None])
def test_an_answer_without_a_list_is_unreadable_and_shows_nothing_silently(
    server: Loopback, connect: Connect, data: object
):
    server.on("/2/users/9/tweets", Answer({"data": data, "meta": {}}))
    server.on(POSTS, Answer({"data": data}))
    wire = connect(x)
    collect(wire, walk(account_id="9"), posts=wanted("1"))
    assert [trouble[::2] for trouble in wire.session.report.troubles] == [("Unreadable", 2)]


def test_a_looked_up_post_that_is_neither_given_nor_refused_is_noted(server: Loopback, connect: Connect):
    edited = {"id": "51", "text": "t", "edit_history_tweet_ids": ["49", "51"]}
    server.on(POSTS, Answer({"data": [edited], "errors": [not_found("2")]}))
    wire = connect(x)
    collect(wire, posts=wanted("49", "2", "3"))
    [refused, missing] = wire.session.report.troubles
    assert "2 is deleted" in refused[1]
    assert missing == ("Gone", "x: post 3 is missing from the answer; check it in the registry", 1)


def test_a_hidden_author_of_a_given_post_is_no_hidden_post(server: Loopback, connect: Connect):
    hidden = {**not_found("77"), "resource_type": "user", "parameter": "author_id"}
    server.on(POSTS, Answer({"data": [{"id": "1", "text": "t", "author_id": "77"}], "errors": [hidden]}))
    wire = connect(x)
    collect(wire, posts=wanted("1"))
    assert wire.session.report.troubles == []


@pytest.mark.parametrize("status", [405, 501])
def test_what_is_not_implemented_is_asked_once(server: Loopback, connect: Connect, status: int):
    server.on(POSTS, Answer("<html>", status=status))
    wire = connect(x)
    collect(wire, posts=wanted("1"))
    assert len(server.asked) == 1
    assert wire.kinds() == ["BadRequest"]


def test_a_timeline_without_an_end_is_given_up(server: Loopback, connect: Connect):
    pages = iter(range(1000))
    server.on("/2/users/9/tweets", lambda asked: Answer({"meta": {"next_token": f"t{next(pages)}"}}))
    wire = connect(x)
    collect(wire, walk(account_id="9"))
    assert wire.kinds() == ["Unreadable"]
    assert len(server.asked) < 100
    assert wire.session.report.walked == []


def test_what_is_older_than_a_moment_is_listed_apart_from_what_is_new(server: Loopback, connect: Connect):
    server.on("/2/users/9/tweets", NOTHING)
    wire = connect(x)
    older = Walk("c1", SINCE, None, "9", until=SINCE + timedelta(days=3))
    new = walk(account_id="9", since=SINCE + timedelta(days=8))
    collect(wire, older, new)
    bounds = [(one.parameters["start_time"], one.parameters.get("end_time")) for one in server.asked]
    assert bounds == [
        ("2026-10-09T00:00:00Z", None),
        ("2026-10-01T00:00:00Z", "2026-10-04T00:00:00Z"),
    ]
    assert wire.session.report.walked == [new, older]


def test_a_payment_that_is_due_names_its_cure_even_without_a_readable_body(
    server: Loopback, connect: Connect
):
    server.on(POSTS, Answer("<html>pay</html>", status=402))
    with pytest.raises(BudgetSpent, match=r"X asks for payment .*; buy credits in the developer console"):
        collect(connect(x), posts=wanted("1"))


def test_a_users_own_limit_leaves_the_timeline_to_the_apps_token(server: Loopback, connect: Connect):
    def signed(asked: Asked) -> Answer:
        if asked.headers["Authorization"].startswith("OAuth "):
            reset = str(int((NOW + timedelta(hours=2)).timestamp()))
            return Answer({"title": "Too Many Requests"}, status=429, headers={"x-rate-limit-reset": reset})
        return timeline("1")

    server.on("/2/users/9/tweets", signed)
    wire = connect(x)
    keys = {name: f"9-{name}-secret" for name in x.FURTHER_CREDENTIALS}
    x.collect(Ask("x", (walk(account_id="9"),)), wire.session, TOKEN, **keys)
    assert [row["status"] for row in wire.rows] == [429, 200]
    assert wire.kinds() == ["NotOffered"]
    assert len(wire.session.report.walked) == 1
