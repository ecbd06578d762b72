from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors import errors, facebook
from connectors.asking import Ask, Walk, Wanted
from connectors.facebook import graph as facebook_graph
from connectors.facebook import listing as facebook_listing
from connectors.facebook import pages as facebook_pages
from connectors.pace import SharedPace
from tests.connectors.conftest import NOW, TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback, Reply

Connect = Callable[..., Wire]

V = "/v26.0"
ROLES, ME, IDS = f"{V}/me/accounts", f"{V}/me", f"{V}/"
PAGE_TOKEN = "EAAP-page-token-0987654321"
SINCE = datetime(2026, 10, 1, tzinfo=UTC)
EMPTY = Answer({"data": []})
OWN = Answer({"data": [{"id": "111", "name": "Labour", "access_token": PAGE_TOKEN}]})
GONE = {
    "message": "Unsupported get request. Object with ID '9' does not exist",
    "code": 100,
    "error_subcode": 33,
}
NO_METRIC = {
    "message": "(#100) The value must be a valid insights metric",
    "code": 100,
    "type": "OAuthException",
}
NO_REACTIONS = {"message": "(#10) Requires pages_read_user_content", "code": 10, "type": "OAuthException"}


def refusal(error: dict[str, Any], status: int = 400) -> Answer:
    return Answer({"error": error}, status=status)


def listing(*items: dict[str, Any], after: str | None = None) -> Answer:
    body: dict[str, Any] = {"data": list(items)}
    if after:
        following = f"https://graph.facebook.com/v26.0/1/posts?access_token={TOKEN}&limit=100&after={after}"
        body["paging"] = {"cursors": {"before": "b", "after": after}, "next": following}
    return Answer(body)


def post(post_id: str, **more: Any) -> dict[str, Any]:
    return {"id": post_id, "from": {"id": post_id.split("_")[0]}, **more}


def video(video_id: str, page: str = "111", **more: Any) -> dict[str, Any]:
    return {"id": video_id, "from": {"id": page}, "created_time": "2026-10-15T09:30:00+0000", **more}


def serve_person(server: Loopback) -> None:
    """The token of somebody without a role on any Page."""
    server.on(ROLES, EMPTY)
    server.on(ME, Answer({"id": "7", "name": "Keir"}))


def serve_page(server: Loopback, page: str, name: str, *posts: Reply) -> None:
    about = Answer({"id": page, "name": name.title(), "username": name, "fan_count": 5, "followers_count": 6})
    server.on(f"{V}/{name}", about)
    server.on(f"{V}/{page}", about)
    server.on(f"{V}/{page}/posts", *(posts or (EMPTY,)))
    server.on(f"{V}/{page}/video_reels", EMPTY)
    server.on(f"{V}/{page}/videos", EMPTY)


class Objects:
    """Answers look-ups by id and batches of insights, as the platform does."""

    def __init__(
        self,
        objects: Iterable[dict[str, Any]] = (),
        *,
        dead: Iterable[str] = (),
        error: dict[str, Any] = GONE,
        withdrawn: Iterable[str] = (),
        is_naming: bool = False,
        nulls: Iterable[str] = (),
        refused: Callable[[str], set[str]] = lambda one: set(),
    ) -> None:
        self.objects = {item["id"]: item for item in objects}
        self.dead, self.error, self.withdrawn, self.is_naming = set(dead), error, set(withdrawn), is_naming
        self.nulls = list(nulls)
        # Metrics by the object that is refused them, and objects by the metric that they were given.
        self.refused = refused
        self.given: dict[str, set[str]] = {}
        self.ids: list[list[str]] = []
        self.questions: list[list[tuple[str, str]]] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            return self._batch(asked)
        ids = asked.parameters["ids"].split(",")
        self.ids.append(ids)
        if self.dead & set(ids):
            return refusal(self.error)
        return Answer({one: self.objects.get(one, post(one)) for one in ids})

    def _batch(self, asked: Asked) -> Answer:
        assert asked.parameters["include_headers"] == "false"
        urls = [item["relative_url"] for item in json.loads(asked.parameters["batch"])]
        questions = [
            (url.split("?")[0].removeprefix("v26.0/"), url.split("metric=")[1].split("&")[0]) for url in urls
        ]
        assert all(url.startswith("v26.0/") and url.endswith("&period=lifetime") for url in urls)
        self.questions.append(questions)
        return Answer([self._insights(path, metrics.split(",")) for path, metrics in questions])

    def _insights(self, path: str, metrics: list[str]) -> dict[str, Any] | None:
        if path in self.nulls:
            self.nulls.remove(path)
            return None
        one = path.partition("/")[0]
        dead = [metric for metric in metrics if metric in self.withdrawn | self.refused(one)]
        if dead:
            naming = (
                {**NO_METRIC, "message": f"{NO_METRIC['message']}: {dead[0]}"}
                if self.is_naming
                else NO_METRIC
            )
            return {"code": 400, "body": json.dumps({"error": naming})}
        for metric in metrics:
            self.given.setdefault(metric, set()).add(one)
        data = [{"name": metric, "values": [{"value": 1}]} for metric in metrics]
        return {"code": 200, "body": json.dumps({"data": data})}


def walk(handle: str | None = None, account_id: str | None = None, since: datetime = SINCE) -> Walk:
    return Walk("c1", since, handle, account_id)


def wanted(*aliases: str) -> tuple[Wanted, ...]:
    return tuple(Wanted("c1", alias) for alias in aliases)


def collect(wire: Wire, *walks: Walk, posts: tuple[Wanted, ...] = ()) -> None:
    facebook.collect(Ask("facebook", walks, posts), wire.session, TOKEN)


# Roles and Pages


def test_an_own_page_is_read_with_its_own_token_and_none_lands(server: Loopback, connect: Connect):
    objects = Objects()
    server.on(ROLES, OWN)
    server.on(IDS, objects)
    serve_page(server, "111", "labour", listing(post("111_1")))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert wire.endpoints() == ["roles", "pages", "page_posts", "page_reels", "page_videos", "insights"]
    tokens = {asked.path: asked.parameters["access_token"] for asked in server.asked}
    assert tokens[f"{V}/labour"] == TOKEN
    assert {tokens[f"{V}/111/{edge}"] for edge in ("posts", "video_reels", "videos")} == {PAGE_TOKEN}
    assert tokens[IDS] == PAGE_TOKEN
    assert PAGE_TOKEN not in repr(wire.rows)
    assert TOKEN not in repr(wire.rows)
    assert wire.session.report.troubles == []


def test_the_questions_have_the_documented_parameters(server: Loopback, connect: Connect):
    server.on(ROLES, OWN)
    serve_page(server, "111", "labour")
    collect(connect(facebook), walk("labour"))
    asked = {
        one.path: {k: v for k, v in one.parameters.items() if k != "access_token"} for one in server.asked
    }
    assert asked[ROLES] == {"fields": "id,name,access_token", "limit": "100"}
    assert asked[f"{V}/labour"] == {"fields": "id,name,username,fan_count,followers_count"}
    since = str(int(SINCE.timestamp()))
    fields = asked[f"{V}/111/posts"].pop("fields")
    assert asked[f"{V}/111/posts"] == {"limit": "100", "since": since}
    for part in (
        "shares",
        "reactions.summary(total_count).limit(0)",
        "comments.summary(true).filter(stream).limit(0)",
    ):
        assert part in fields
    assert "reactions.type(SAD).limit(0).summary(total_count).as(r_sad)" in fields
    assert asked[f"{V}/111/video_reels"] == {
        "fields": facebook_listing.VIDEO_FIELDS,
        "limit": "100",
        "since": since,
    }
    assert asked[f"{V}/111/videos"] == {
        "fields": facebook_listing.VIDEO_FIELDS,
        "limit": "100",
        "type": "uploaded",
    }


def test_a_page_without_a_role_is_read_as_the_public_reads_it(server: Loopback, connect: Connect):
    serve_person(server)
    serve_page(server, "222", "rival", listing(post("222_1", status_type="added_video")))
    wire = connect(facebook)
    collect(wire, walk("rival"))
    assert wire.endpoints() == ["roles", "roles", "pages", "page_posts"]
    assert server.of(f"{V}/222/posts")[0].parameters["access_token"] == TOKEN


def test_a_page_token_serves_its_own_page(server: Loopback, connect: Connect):
    field_error = {
        "message": "(#100) Tried accessing nonexisting field (accounts) on node type (Page)",
        "code": 100,
    }
    server.on(ROLES, refusal(field_error))
    server.on(ME, Answer({"id": "111", "name": "Labour"}))
    server.on(IDS, Objects())
    serve_page(server, "111", "labour", listing(post("111_1")))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert wire.endpoints()[-1] == "insights"
    assert wire.session.report.troubles == []


def test_a_token_without_any_role_still_reads_public_posts(server: Loopback, connect: Connect):
    server.on(ROLES, refusal({"message": "(#200) pages_show_list needed", "code": 200}, status=403))
    server.on(ME, refusal({"message": "An active access token must be used", "code": 2500}))
    server.on(IDS, Refused(10))
    serve_page(server, "222", "rival", listing(post("222_1")))
    wire = connect(facebook)
    collect(wire, walk("rival"))
    assert server.of(f"{V}/222/posts")[0].parameters["access_token"] == TOKEN
    assert set(wire.kinds()) == {"NotOffered"}


def test_a_page_token_serves_its_own_page_where_its_roles_are_an_empty_list(
    server: Loopback, connect: Connect
):
    server.on(ROLES, EMPTY)
    server.on(ME, Answer({"id": "111", "name": "Labour"}))
    objects = Objects()
    server.on(IDS, objects)
    serve_page(server, "111", "labour", listing(post("111_1")))
    serve_page(server, "222", "rival", listing(post("222_1")))
    wire = connect(facebook)
    collect(wire, walk("labour"), walk("rival"))
    assert objects.questions == [[("111_1/insights", "post_media_view")]]
    assert wire.session.report.troubles == []


def test_a_person_without_roles_is_not_taken_for_an_owner(server: Loopback, connect: Connect):
    serve_person(server)
    serve_page(server, "222", "rival", listing(post("222_1")))
    wire = connect(facebook)
    collect(wire, walk("rival"))
    assert wire.endpoints() == ["roles", "roles", "pages", "page_posts"]
    assert wire.session.report.troubles == []


REFUSED_ROLES = pytest.mark.parametrize(
    "refused",
    [
        Answer("<html>", status=404, content_type="text/html"),
        Answer({"message": "no such address"}, status=404),
        Answer("<html>", status=501, content_type="text/html"),
        refusal(GONE),
        refusal({"message": "Unknown path components: /accounts", "code": 2500}),
        refusal({"message": "(#200) pages_show_list needed", "code": 200}, status=403),
        Answer({"data": 7}),
    ],
)


@REFUSED_ROLES
@pytest.mark.parametrize("is_known", [True, False])
def test_where_roles_are_not_told_the_walked_pages_are_asked_for_views_with_the_settings_token(
    server: Loopback, connect: Connect, refused: Answer, is_known: bool
):
    server.on(ROLES, refused)
    server.on(ME, Answer({"id": "7", "name": "Test"}) if is_known else refused)
    objects = Objects()
    server.on(IDS, objects)
    serve_page(server, "111", "labour", listing(post("111_1")))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert objects.questions == [[("111_1/insights", "post_media_view")]]
    assert {asked.parameters["access_token"] for asked in server.asked} == {TOKEN}
    [(kind, message, count)] = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert message.endswith("give the token's person a role on the Page, or set a Page token")
    assert "registry" not in message
    assert len(server.asked) <= 10


class Refused:
    """Refuses every insights question, as the platform does for the Pages of others."""

    def __init__(self, code: int, subcode: int | None = None) -> None:
        error = {"message": "(#10) not for you", "code": code, "error_subcode": subcode}
        self.part = {"code": 403, "body": json.dumps({"error": error})}

    def __call__(self, asked: Asked) -> Answer:
        return Answer([self.part] * len(json.loads(asked.parameters["batch"])))


@pytest.mark.parametrize(("code", "subcode"), [(10, None), (200, None), (299, None), (190, 2069032)])
def test_a_page_that_was_taken_for_own_and_is_not_is_told_once_and_asked_no_more(
    server: Loopback, connect: Connect, code: int, subcode: int | None
):
    server.on(ROLES, Answer("<html>", status=404))
    server.on(ME, Answer("<html>", status=404))
    server.on(IDS, Refused(code, subcode))
    serve_page(server, "222", "rival", listing(*(post(f"222_{n}") for n in range(60))))
    wire = connect(facebook)
    collect(wire, walk("rival"))
    assert len(server.of(IDS)) == 1
    [_, (kind, message, count)] = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert message.startswith("facebook: the views of Page 222 are not given")


def test_a_refused_post_does_not_disown_a_page_whose_views_were_given(server: Loopback, connect: Connect):
    server.on(ROLES, Answer("<html>", status=404))
    server.on(ME, Answer("<html>", status=404))
    given = {"code": 200, "body": '{"data":[]}'}
    server.on(IDS, Answer([Refused(10).part, *[given] * 49]), Answer([given] * 10))
    serve_page(server, "111", "labour", listing(*(post(f"111_{n}") for n in range(60))))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert len(server.of(IDS)) == 2
    assert wire.kinds() == ["NotOffered", "PermissionMissing"]


def test_a_failing_network_is_not_taken_for_roles_that_are_not_offered(server: Loopback, connect: Connect):
    server.on(ROLES, Answer("busy", status=503))
    server.on(ME, Answer({"id": "7", "name": "Keir"}))
    serve_page(server, "222", "rival", listing(post("222_1")))
    wire = connect(facebook)
    collect(wire, walk("rival"))
    assert wire.kinds() == ["Transient"]
    assert IDS not in server.paths()
    # It may be an own Page, whose reels are still to be listed.
    assert wire.session.report.walked == []


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ({"message": "Session has expired", "code": 190, "error_subcode": 463}, errors.TokenInvalid),
        ({"message": "User request limit reached", "code": 17}, errors.RateLimited),
    ],
)
def test_a_refused_token_or_a_reached_limit_ends_the_run(
    server: Loopback, connect: Connect, error: dict[str, Any], trouble: type[errors.Trouble]
):
    server.on(ROLES, refusal(error))
    with pytest.raises(trouble):
        collect(connect(facebook), walk("labour"))
    assert set(server.paths()) == {ROLES}


def test_a_refused_page_token_costs_that_page_its_insights_only(server: Loopback, connect: Connect):
    server.on(ROLES, OWN)
    serve_page(server, "111", "labour")

    def posts(asked: Asked) -> Answer:
        if asked.parameters["access_token"] == PAGE_TOKEN:
            return refusal({"message": "No role any more", "code": 190, "error_subcode": 492})
        return listing(post("111_1"))

    server.on(f"{V}/111/posts", posts)
    serve_page(server, "222", "rival", listing(post("222_1")))
    wire = connect(facebook)
    collect(wire, walk("labour"), walk("rival"))
    assert wire.kinds() == ["TokenInvalid"]
    assert wire.endpoints() == ["roles", "pages", "pages", "page_posts", "page_posts", "page_posts"]
    assert [row["status"] for row in wire.rows[3:]] == [400, 200, 200]
    # The Page's reels and uploads are still to be listed.
    assert wire.session.report.walked == [walk("rival")]


def test_an_unknown_page_is_noted_with_its_cure_and_costs_no_other(server: Loopback, connect: Connect):
    serve_person(server)
    server.on(
        f"{V}/nobody", refusal({"message": "(#803) Some of the aliases do not exist: nobody", "code": 803})
    )
    serve_page(server, "222", "rival")
    wire = connect(facebook)
    collect(wire, walk("nobody"), walk("rival"))
    assert wire.session.report.troubles == [
        ("Gone", "facebook: no Page nobody (deleted, hidden or renamed); correct it in the registry", 1)
    ]
    assert len(server.of(f"{V}/222/posts")) == 1


def test_a_page_is_walked_once_however_it_is_named(server: Loopback, connect: Connect):
    serve_person(server)
    serve_page(server, "222", "rival")
    early = datetime(2026, 9, 1, tzinfo=UTC)
    collect(connect(facebook), walk("rival"), walk("Rival", since=early), walk(account_id="222"))
    [asked] = server.of(f"{V}/222/posts")
    assert asked.parameters["since"] == str(int(early.timestamp()))
    assert len(server.of(f"{V}/rival")) == 1


def test_a_name_cannot_lead_out_of_its_place_in_the_path(server: Loopback, connect: Connect):
    serve_person(server)
    collect(connect(facebook), walk("../me?fields=email"))
    assert all(not path.startswith(f"{V}/me?") for path in server.paths())
    assert server.paths()[-1] == f"{V}/..%2Fme%3Ffields%3Demail"


# Listings


def test_a_listing_is_walked_to_its_end_over_short_and_empty_pages(server: Loopback, connect: Connect):
    serve_person(server)
    pages = (
        listing(post("222_3"), after="A"),
        listing(after="B"),
        listing(post("222_2"), after="C"),
        listing(post("222_1")),
    )
    serve_page(server, "222", "rival", *pages)
    wire = connect(facebook)
    collect(wire, walk("rival"))
    asked = server.of(f"{V}/222/posts")
    assert [one.parameters.get("after") for one in asked] == [None, "A", "B", "C"]
    assert {one.parameters["limit"] for one in asked} == {"100"}
    assert [row["page"] for row in wire.rows if row["endpoint"] == "page_posts"] == [1, 2, 3, 4]


def test_a_cursor_without_a_next_page_is_the_end(server: Loopback, connect: Connect):
    serve_person(server)
    serve_page(
        server, "222", "rival", Answer({"data": [post("222_1")], "paging": {"cursors": {"after": "A"}}})
    )
    collect(connect(facebook), walk("rival"))
    assert len(server.of(f"{V}/222/posts")) == 1


def test_a_listing_paged_by_time_is_followed_too(server: Loopback, connect: Connect):
    serve_person(server)
    following = "https://graph.facebook.com/v26.0/222/posts?access_token=x&until=1760000000&__paging_token=tok&fields=evil"
    serve_page(
        server, "222", "rival", Answer({"data": [post("222_1")], "paging": {"next": following}}), EMPTY
    )
    collect(connect(facebook), walk("rival"))
    second = server.of(f"{V}/222/posts")[1].parameters
    assert (second["until"], second["__paging_token"]) == ("1760000000", "tok")
    assert second["fields"] == facebook_listing.POST_FIELDS
    assert second["access_token"] == TOKEN


def test_a_repeated_cursor_ends_that_listing_and_no_other(server: Loopback, connect: Connect):
    serve_person(server)
    serve_page(server, "222", "rival", listing(post("222_1"), after="A"))
    serve_page(server, "333", "third", listing(post("333_1")))
    wire = connect(facebook)
    collect(wire, walk("rival"), walk("third"))
    assert len(server.of(f"{V}/222/posts")) == 2
    assert len(server.of(f"{V}/333/posts")) == 1
    assert wire.kinds() == ["Unreadable"]


def test_a_listing_that_does_not_end_is_broken_off(
    server: Loopback, connect: Connect, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(facebook_graph, "MOST_PAGES", 7)
    serve_person(server)
    serve_page(server, "222", "rival", lambda asked: listing(after=f"A{len(server.asked)}"))
    serve_page(server, "333", "third", listing(post("333_1")))
    wire = connect(facebook)
    collect(wire, walk("rival"), walk("third"))
    assert len(server.of(f"{V}/222/posts")) == 8
    ((kind, message, _),) = wire.session.report.troubles
    assert (kind, message) == (
        "Unreadable",
        f"facebook: 222/posts does not end, so {errors.NOT_LISTED}",
    )
    assert wire.session.report.walked == [walk("third")]


def test_a_next_page_whose_address_is_none_costs_that_listing_alone(server: Loopback, connect: Connect):
    serve_person(server)
    broken = {"data": [post("222_1")], "paging": {"next": "http://[bad?after=1"}}
    serve_page(server, "222", "rival", Answer(broken))
    serve_page(server, "333", "third", listing(post("333_1")))
    wire = connect(facebook)
    collect(wire, walk("rival"), walk("third"))
    assert wire.kinds() == ["Unreadable"]
    assert wire.session.report.walked == [walk("third")]


def test_too_large_a_page_is_asked_for_in_halves(server: Loopback, connect: Connect):
    serve_person(server)
    too_much = {
        "message": "Please reduce the amount of data you're asking for, then retry your request",
        "code": 1,
    }

    def posts(asked: Asked) -> Answer:
        return (
            refusal(too_much, status=500) if int(asked.parameters["limit"]) > 25 else listing(post("222_1"))
        )

    serve_page(server, "222", "rival", posts)
    wire = connect(facebook)
    collect(wire, walk("rival"))
    assert [one.parameters["limit"] for one in server.of(f"{V}/222/posts")] == ["100", "50", "25"]
    assert wire.slept == []
    assert wire.session.report.troubles == []


def test_a_page_that_is_too_large_even_for_one_item_is_given_up(server: Loopback, connect: Connect):
    serve_person(server)
    serve_page(
        server,
        "222",
        "rival",
        refusal({"message": "Please reduce the amount of data", "code": 1}, status=500),
    )
    wire = connect(facebook)
    collect(wire, walk("rival"))
    assert [one.parameters["limit"] for one in server.of(f"{V}/222/posts")] == [
        "100",
        "50",
        "25",
        "12",
        "6",
        "3",
        "1",
    ]
    assert wire.kinds() == ["TooMuchAsked"]


def test_refused_reactions_cost_only_reactions_and_comments(server: Loopback, connect: Connect):
    serve_person(server)

    def posts(asked: Asked) -> Answer:
        return (
            refusal(NO_REACTIONS, status=403)
            if "reactions" in asked.parameters["fields"]
            else listing(post("222_1"))
        )

    serve_page(server, "222", "rival", posts)
    serve_page(server, "333", "third", posts)
    wire = connect(facebook)
    collect(wire, walk("rival"), walk("third"))
    assert wire.kinds() == ["PermissionMissing"]
    assert [len(server.of(f"{V}/{page}/posts")) for page in ("222", "333")] == [2, 1]
    assert "shares" in server.of(f"{V}/222/posts")[1].parameters["fields"]


def test_uploads_are_listed_until_they_are_older_than_the_walk(server: Loopback, connect: Connect):
    server.on(ROLES, OWN)
    objects = Objects()
    server.on(IDS, objects)
    serve_page(server, "111", "labour")
    old = video("901", created_time="2026-08-01T00:00:00+0000")
    server.on(
        f"{V}/111/videos",
        listing(video("903"), after="A"),
        listing(video("902"), old, after="B"),
        listing(video("900", created_time="2026-07-01T00:00:00+0000"), after="C"),
    )
    collect(connect(facebook), walk("labour"))
    assert len(server.of(f"{V}/111/videos")) == 2
    assert objects.questions == [
        [("903/video_insights", "total_video_views"), ("902/video_insights", "total_video_views")]
    ]


def test_a_failed_edge_of_a_page_does_not_cost_the_next(server: Loopback, connect: Connect):
    server.on(ROLES, OWN)
    objects = Objects()
    server.on(IDS, objects)
    serve_page(server, "111", "labour")
    server.on(f"{V}/111/posts", Answer("<html>", status=502, content_type="text/html"))
    server.on(f"{V}/111/video_reels", refusal(NO_REACTIONS))
    server.on(f"{V}/111/videos", listing(video("903")))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert wire.kinds() == ["Transient", "PermissionMissing"]
    assert len(objects.questions) == 1


@pytest.mark.parametrize(
    "refused",
    [
        Answer("<html>", status=404, content_type="text/html"),
        Answer({"detail": "Not Found"}, status=404),
        Answer("no", status=501),
        refusal({"message": "(#100) Tried accessing nonexisting field (video_reels)", "code": 100}),
        refusal({"message": "Unknown path components: /video_reels", "code": 2500}),
        refusal(GONE),
    ],
)
def test_a_server_without_video_edges_still_gives_the_views_of_posts(
    server: Loopback, connect: Connect, refused: Answer
):
    server.on(ROLES, OWN)
    objects = Objects()
    server.on(IDS, objects)
    serve_page(server, "111", "labour", listing(post("111_1")))
    server.on(f"{V}/111/video_reels", refused)
    server.on(f"{V}/111/videos", refused)
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert objects.questions == [[("111_1/insights", "post_media_view")]]
    assert wire.kinds() == ["NotOffered", "NotOffered"]
    reels, uploads = (message for _, message, _ in wire.session.report.troubles)
    assert reels.startswith("facebook: the reels of Page 111 are not offered here (")
    assert uploads.startswith("facebook: the videos of Page 111 are not offered here (")
    assert len(server.of(f"{V}/111/video_reels")) == 1


# Look-ups


def test_the_posts_of_reels_are_looked_up_as_listings_lack_them(server: Loopback, connect: Connect):
    server.on(ROLES, OWN)
    objects = Objects()
    server.on(IDS, objects)
    serve_page(server, "111", "labour", listing(post("111_1")))
    server.on(f"{V}/111/video_reels", listing(video("801", post_id="5"), video("802", post_id="111_6")))
    server.on(f"{V}/111/videos", listing(video("801", post_id="5"), video("903", post_id="1")))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert objects.ids == [["111_5", "111_6"]]
    assert server.of(IDS)[0].parameters["access_token"] == PAGE_TOKEN
    assert dict(objects.questions[0]) == {
        "111_1/insights": "post_media_view",
        "801/video_insights": "blue_reels_play_count",
        "802/video_insights": "blue_reels_play_count",
        "903/video_insights": "total_video_views",
        "111_5/insights": "post_media_view",
        "111_6/insights": "post_media_view",
    }


def test_wanted_posts_are_looked_up_by_fifty_unless_a_listing_showed_them(server: Loopback, connect: Connect):
    serve_person(server)
    objects = Objects()
    server.on(IDS, objects)
    serve_page(server, "222", "rival", listing(post("222_3")))
    wire = connect(facebook)
    collect(wire, walk("rival"), posts=wanted(*(f"222_{n}" for n in range(61)), "222_7"))
    assert [len(ids) for ids in objects.ids] == [50, 10]
    assert "222_3" not in objects.ids[0]
    assert wire.session.report.troubles == []


def test_one_deleted_post_among_fifty_costs_only_itself(server: Loopback, connect: Connect):
    serve_person(server)
    objects = Objects(dead=["222_13"])
    server.on(IDS, objects)
    serve_page(server, "222", "rival")
    wire = connect(facebook)
    collect(wire, posts=wanted(*(f"222_{n}" for n in range(50))))
    good = [one for ids in objects.ids if "222_13" not in ids for one in ids]
    assert sorted(good) == sorted(f"222_{n}" for n in range(50) if n != 13)
    assert objects.ids[-1] != ["222_13"]
    assert ["222_13"] in objects.ids
    assert len(objects.ids) <= 13
    assert wire.session.report.troubles == [
        (
            "Gone",
            "facebook: 222_13 is deleted, hidden or not visible to this token; check it in the registry",
            1,
        )
    ]


def test_an_id_that_is_missing_from_the_answer_is_noted(server: Loopback, connect: Connect):
    serve_person(server)
    server.on(IDS, Answer({"222_1": post("222_1")}))
    serve_page(server, "222", "rival")
    wire = connect(facebook)
    collect(wire, posts=wanted("222_1", "222_2"))
    assert wire.kinds() == ["Gone"]


def test_refused_reactions_cost_a_look_up_no_more_than_reactions(server: Loopback, connect: Connect):
    serve_person(server)
    found: list[str] = []

    def by_ids(asked: Asked) -> Answer:
        if "reactions" in asked.parameters["fields"]:
            return refusal(NO_REACTIONS)
        ids = asked.parameters["ids"].split(",")
        found.extend(ids)
        return Answer({one: post(one) for one in ids})

    server.on(IDS, by_ids)
    wire = connect(facebook)
    ids = [f"222_{n}" for n in range(50)]
    collect(wire, posts=wanted(*ids))
    assert sorted(found) == sorted(ids)
    assert len(server.of(IDS)) < 20
    assert wire.session.report.troubles[0][2] == 1


def test_a_videos_number_leads_to_its_post(server: Loopback, connect: Connect):
    serve_person(server)
    objects = Objects([video("900", page="222", post_id="5")])
    server.on(IDS, objects)
    wire = connect(facebook)
    collect(wire, posts=wanted("900"))
    assert objects.ids == [["900"], ["222_5"]]
    assert wire.endpoints() == ["roles", "roles", "videos", "posts", "pages"]


def test_the_pages_of_looked_up_posts_are_asked_once_for_their_names(server: Loopback, connect: Connect):
    serve_person(server)
    server.on(IDS, Objects([video("900", page="444")]))
    for page, name in (("222", "rival"), ("333", "third"), ("444", "fourth")):
        serve_page(server, page, name)
    wire = connect(facebook)
    collect(wire, walk("rival"), posts=wanted("222_1", "333_1", "333_2", "900"))
    asked = [len(server.of(f"{V}/{page}")) for page in ("222", "333", "444")]
    assert asked == [0, 1, 1]
    assert server.of(f"{V}/333")[0].parameters["fields"] == "id,name,username,fan_count,followers_count"
    assert wire.endpoints().count("pages") == 3
    assert wire.session.report.troubles == []


@pytest.mark.parametrize("refused", [refusal(GONE), refusal(NO_REACTIONS), Answer("<html>", status=404)])
def test_a_name_of_a_page_that_is_refused_is_no_failure(server: Loopback, connect: Connect, refused: Answer):
    serve_person(server)
    server.on(IDS, Objects())
    server.on(f"{V}/222", refused)
    wire = connect(facebook)
    collect(wire, posts=wanted("222_1", "222_2"))
    assert len(server.of(f"{V}/222")) == 1
    assert wire.kinds() == ["NotOffered"]


def test_a_wanted_reel_of_an_own_page_has_its_insights_asked(server: Loopback, connect: Connect):
    server.on(ROLES, OWN)
    objects = Objects(
        [video("900", post_id="5", permalink_url="/reel/900/"), post("111_5", status_type="added_video")]
    )
    server.on(IDS, objects)
    collect(connect(facebook), posts=wanted("900"))
    assert dict(objects.questions[0]) == {
        "900/video_insights": "blue_reels_play_count",
        "111_5/insights": "post_video_views,post_media_view",
    }


def test_a_pages_name_in_an_alias_is_looked_up_once(server: Loopback, connect: Connect):
    serve_person(server)
    objects = Objects()
    server.on(IDS, objects)
    serve_page(server, "222", "rival")
    server.on(f"{V}/nobody", refusal(GONE))
    wire = connect(facebook)
    collect(wire, walk("rival"), posts=wanted("rival/5", "rival/6", "nobody/7", "nobody/8"))
    assert objects.ids == [["222_5", "222_6"]]
    assert len(server.of(f"{V}/nobody")) == 1
    assert wire.kinds() == ["Gone"]


def test_a_pfbid_is_found_among_the_listed_posts_or_noted_with_its_cure(server: Loopback, connect: Connect):
    serve_person(server)
    link = "https://www.facebook.com/rival/posts/pfbid0Seen"
    serve_page(server, "222", "rival", listing(post("222_1", permalink_url=link)))
    wire = connect(facebook)
    collect(wire, walk("rival"), posts=wanted("pfbid0Seen", "pfbid0Unseen"))
    [(kind, message, count)] = wire.session.report.troubles
    assert (kind, count) == ("Gone", 1)
    assert "pfbid0Unseen" in message
    assert "paste the post's address with its number" in message
    assert IDS not in server.paths()


# Insights


def own_posts(server: Loopback, objects: Objects, *posts: dict[str, Any]) -> None:
    server.on(ROLES, OWN)
    server.on(IDS, objects)
    serve_page(server, "111", "labour", listing(*posts))


def videos(count: int, page: str = "111") -> list[dict[str, Any]]:
    return [
        post(f"{page}_{n}", attachments={"data": [{"media_type": "video", "type": "video_inline"}]})
        for n in range(count)
    ]


def test_insights_are_asked_in_batches_of_fifty(server: Loopback, connect: Connect):
    objects = Objects()
    own_posts(server, objects, *videos(60))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert [len(batch) for batch in objects.questions] == [50, 10]
    assert {metrics for batch in objects.questions for _, metrics in batch} == {
        "post_video_views,post_media_view"
    }
    assert wire.rows[-1]["method"] == "POST"
    assert "access_token" not in server.asked[-1].query


@pytest.mark.parametrize("is_naming", [True, False])
def test_a_withdrawn_metric_is_dropped_for_the_run_and_the_others_are_read(
    server: Loopback, connect: Connect, is_naming: bool
):
    objects = Objects(withdrawn=["post_video_views"], is_naming=is_naming)
    own_posts(server, objects, *videos(60))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    read = {path for batch in objects.questions for path, metrics in batch if metrics == "post_media_view"}
    assert read == {f"111_{n}/insights" for n in range(60)}
    # The second fifty is asked without it from the start.
    assert objects.questions[-1] == [(f"111_{n}/insights", "post_media_view") for n in range(50, 60)]
    assert len(objects.questions) <= 4
    [(kind, message, count)] = wire.session.report.troubles
    assert (kind, count) == ("MetricWithdrawn", 1)
    assert "post_video_views" in message


def test_when_every_metric_is_withdrawn_nothing_more_is_asked(server: Loopback, connect: Connect):
    objects = Objects(withdrawn=["post_video_views", "post_media_view"])
    own_posts(server, objects, *videos(60))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert [len(batch) for batch in objects.questions] == [50, 4]
    assert wire.kinds() == ["MetricWithdrawn", "MetricWithdrawn"]


def two_pages(server: Loopback, objects: Objects, first: int, second: int) -> None:
    """Two own Pages, 111 and 222, with so many posts with videos."""
    tokens = (("111", PAGE_TOKEN), ("222", f"{PAGE_TOKEN}-2"))
    server.on(ROLES, Answer({"data": [{"id": page, "access_token": token} for page, token in tokens]}))
    server.on(IDS, objects)
    serve_page(server, "111", "labour", listing(*videos(first)))
    serve_page(server, "222", "party", listing(*videos(second, "222")))


@pytest.mark.parametrize("is_naming", [True, False])
@pytest.mark.parametrize("count", [1, 60])
def test_what_one_page_is_refused_is_still_asked_of_the_next(
    server: Loopback, connect: Connect, is_naming: bool, count: int
):
    objects = Objects(refused=lambda one: {"post_video_views"} if one.startswith("111_") else set())
    objects.is_naming = is_naming
    two_pages(server, objects, count, 60)
    wire = connect(facebook)
    collect(wire, walk("labour"), walk("party"))
    assert objects.given["post_video_views"] == {f"222_{n}" for n in range(60)}
    assert objects.given["post_media_view"] == {
        *(f"111_{n}" for n in range(count)),
        *(f"222_{n}" for n in range(60)),
    }
    assert len(objects.questions) <= 6
    ((kind, message, times),) = wire.session.report.troubles
    assert (kind, times) == ("NotOffered", 1)
    assert "post_video_views is not given for the posts with videos of Page 111" in message


@pytest.mark.parametrize("is_naming", [True, False])
@pytest.mark.parametrize("odd", [["111_0"], ["111_0", "111_1", "111_3", "111_55", "111_58"]])
def test_objects_that_are_refused_a_metric_cost_no_other_object_theirs(
    server: Loopback, connect: Connect, is_naming: bool, odd: list[str]
):
    refused = {"post_video_views", "post_media_view"}
    objects = Objects(refused=lambda one: refused if one in odd else set())
    objects.is_naming = is_naming
    own_posts(server, objects, *videos(60))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    for metric in refused:
        assert objects.given[metric] == {f"111_{n}" for n in range(60)} - set(odd)
    assert {(kind, times) for kind, _, times in wire.session.report.troubles} == {("NotOffered", 1)}
    for _, message, _ in wire.session.report.troubles:
        assert ("is not given for this object: 111_0 (" in message) == (len(odd) == 1)
        assert ("is not given for these objects: 111_0, 111_1, 111_3 and 2 more (" in message) == (
            len(odd) > 1
        )


@pytest.mark.parametrize("is_naming", [True, False])
def test_a_metric_that_half_of_fifty_objects_are_refused_takes_few_calls(
    server: Loopback, connect: Connect, is_naming: bool
):
    even = {f"111_{n}" for n in range(0, 50, 2)}
    objects = Objects(refused=lambda one: set() if one in even else {"post_video_views"})
    objects.is_naming = is_naming
    own_posts(server, objects, *videos(50))
    collect(connect(facebook), walk("labour"))
    assert len(objects.questions) <= 4
    assert objects.given["post_video_views"] == even
    assert objects.given["post_media_view"] == {f"111_{n}" for n in range(50)}


def test_without_batches_a_refused_object_costs_no_other(server: Loopback, connect: Connect):
    own_posts(server, Objects(), *videos(4))
    server.on(IDS, Answer("<html>", status=501))
    for n in range(4):
        server.on(f"{V}/111_{n}/insights", Answer({"data": []}) if n else refusal(NO_METRIC))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert [len(server.of(f"{V}/111_{n}/insights")) for n in range(4)] == [3, 1, 1, 1]
    assert wire.kinds() == ["NotOffered"] * 3


def test_an_unanswered_part_of_a_batch_is_asked_once_more(server: Loopback, connect: Connect):
    objects = Objects(nulls=["111_1/insights", "111_2/insights", "111_2/insights"])
    own_posts(server, objects, *videos(4))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert [[path for path, _ in batch] for batch in objects.questions][1:] == [
        ["111_1/insights", "111_2/insights"]
    ]
    assert wire.kinds() == ["Transient"]


def test_a_short_batch_counts_its_missing_parts_as_unanswered(server: Loopback, connect: Connect):
    own_posts(server, Objects(), *videos(2))
    server.on(IDS, Answer([]))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert len(server.of(IDS)) == 2
    assert wire.session.report.troubles == [
        ("Transient", "facebook: a part of a batch was not answered; try again later", 2)
    ]


def test_a_deleted_post_in_a_batch_costs_only_itself(server: Loopback, connect: Connect):
    own_posts(server, Objects(), *videos(2))
    gone = {"code": 400, "body": json.dumps({"error": GONE})}
    server.on(IDS, Answer([gone, {"code": 200, "body": '{"data":[]}'}]))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert wire.kinds() == ["Gone"]
    assert len(server.of(IDS)) == 1


def test_an_object_without_the_insights_edge_is_told_and_is_no_failure(server: Loopback, connect: Connect):
    own_posts(server, Objects(), *videos(2))
    error = {"message": "(#100) Tried accessing nonexisting field (video_insights)", "code": 100}
    server.on(IDS, Answer([{"code": 400, "body": json.dumps({"error": error})}] * 2))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    ((kind, message, count),) = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 2)
    assert "insights of some objects are not offered" in message


def test_a_limit_reached_inside_a_batch_ends_the_run(server: Loopback, connect: Connect):
    own_posts(server, Objects(), *videos(2))
    limited = {"code": 400, "body": json.dumps({"error": {"message": "User request limit", "code": 17}})}
    server.on(IDS, Answer([limited, limited]))
    with pytest.raises(errors.RateLimited):
        collect(connect(facebook), walk("labour"))


def test_a_pages_limit_reached_inside_a_batch_costs_that_page_alone(server: Loopback, connect: Connect):
    objects = Objects()
    two_pages(server, objects, 60, 2)
    limited = {"code": 400, "body": json.dumps({"error": {"message": "Page limit", "code": 80001}})}
    server.on(IDS, *[Answer([limited] * 50)] * 4, objects)
    wire = connect(facebook)
    collect(wire, walk("labour"), walk("party"))
    assert objects.given["post_video_views"] == {"222_0", "222_1"}
    assert wire.kinds() == ["RateLimited"]
    assert wire.session.report.walked == [walk("labour"), walk("party")]


USED_UP = {
    "X-Business-Use-Case-Usage": json.dumps(
        {"111": [{"type": "pages", "call_count": 101, "estimated_time_to_regain_access": 70}]}
    )
}
PAGE_LIMIT = Answer(
    {"error": {"message": "There have been too many calls to this Page account.", "code": 80001}},
    status=400,
    headers=USED_UP,
)


def test_a_pages_limit_costs_that_page_alone_until_it_is_over(
    server: Loopback, connect: Connect, tmp_path: Path
):
    two_pages(server, Objects(), 2, 2)
    server.on(f"{V}/111/posts", PAGE_LIMIT, listing(*videos(2)))
    wire = connect(facebook, pace=SharedPace(tmp_path, TOKEN))
    collect(wire, walk("labour"), walk("party"))
    ((kind, message, _),) = wire.session.report.troubles
    assert kind == "RateLimited"
    assert message.startswith("facebook: Page 111: asked too often (code 80001")
    assert message.endswith("start again after 2026-11-02 13:10:00 UTC")
    # Not even as the public reads it; it is still to be walked.
    assert len(server.of(f"{V}/111/posts")) == 1
    assert f"{V}/111/video_reels" not in server.paths()
    assert wire.session.report.walked == [walk("party")]

    server.asked.clear()
    again = connect(facebook, pace=SharedPace(tmp_path, TOKEN))
    collect(again, walk("labour"), walk("party"))
    assert again.kinds() == ["RateLimited"]
    assert again.slept == []
    assert not any("/111/" in path for path in server.paths())
    assert again.session.report.walked == [walk("party")]

    later = connect(facebook, pace=SharedPace(tmp_path, TOKEN), now=lambda: NOW + timedelta(minutes=71))
    collect(later, walk("labour"), walk("party"))
    assert later.kinds() == []
    assert later.session.report.walked == [walk("labour"), walk("party")]


def test_a_page_whose_calls_are_nearly_used_up_slows_no_other(
    server: Loopback, connect: Connect, tmp_path: Path
):
    two_pages(server, Objects(), 0, 0)
    used_up = Answer({"data": []}, headers=USED_UP)
    server.on(f"{V}/111/videos", used_up)
    wire = connect(facebook, pace=SharedPace(tmp_path, TOKEN))
    collect(wire, walk("labour"), walk("party"))
    again = connect(facebook, pace=SharedPace(tmp_path, TOKEN))
    collect(again, walk("labour"), walk("party"))
    assert wire.slept == again.slept == []
    assert wire.session.report.walked == [walk("labour"), walk("party")]
    assert again.session.report.walked == [walk("party")]


@pytest.mark.parametrize("code", [4, 17, 32, 341, 613])
def test_the_apps_and_the_persons_limits_end_the_run_whoever_meets_them(
    server: Loopback, connect: Connect, code: int
):
    two_pages(server, Objects(), 2, 2)
    server.on(f"{V}/111/posts", refusal({"message": "request limit reached", "code": code}))
    with pytest.raises(errors.RateLimited):
        collect(connect(facebook), walk("labour"), walk("party"))
    assert f"{V}/222/posts" not in server.paths()


def test_a_pages_limit_met_with_the_settings_token_ends_the_run(server: Loopback, connect: Connect):
    serve_person(server)
    serve_page(server, "222", "rival", PAGE_LIMIT)
    with pytest.raises(errors.RateLimited):
        collect(connect(facebook), walk("rival"))


def test_a_broken_part_of_a_batch_is_noted(server: Loopback, connect: Connect):
    own_posts(server, Objects(), *videos(3))
    server.on(IDS, Answer([{"code": 200, "body": "<html>"}, {"code": 200, "body": 7}, {"body": "{}"}]))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert wire.session.report.troubles[0][::2] == ("Unreadable", 2)


def test_too_large_a_batch_is_asked_in_halves_and_the_next_is_smaller(server: Loopback, connect: Connect):
    objects = Objects()
    sizes: list[int] = []

    def batch(asked: Asked) -> Answer:
        sizes.append(len(json.loads(asked.parameters["batch"])))
        if sizes[-1] > 20:
            return refusal({"message": "Please reduce the amount of data", "code": 1}, status=500)
        return objects(asked)

    own_posts(server, objects, *videos(60))
    server.on(IDS, batch)
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert sizes[:3] == [50, 25, 12]
    assert max(sizes[3:]) <= 12
    assert sum(size for size in sizes if size <= 20) == 60
    assert wire.session.report.troubles == []


def test_a_question_that_is_too_large_is_asked_by_metric(server: Loopback, connect: Connect):
    too_much = {
        "code": 500,
        "body": json.dumps({"error": {"message": "reduce the amount of data", "code": 1}}),
    }

    def batch(asked: Asked) -> Answer:
        urls = [item["relative_url"] for item in json.loads(asked.parameters["batch"])]
        return Answer([too_much if "," in url else {"code": 200, "body": '{"data":[]}'} for url in urls])

    own_posts(server, Objects(), *videos(2))
    server.on(IDS, batch)
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert len(server.of(IDS)) == 2
    assert wire.session.report.troubles == []


def test_a_whole_batch_that_fails_in_passing_costs_only_its_fifty(server: Loopback, connect: Connect):
    own_posts(server, Objects(), *videos(60))
    failed = Answer("busy", status=503)
    server.on(IDS, *[failed] * 4, Answer([{"code": 200, "body": "{}"}] * 10))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert len(server.of(IDS)) == 5
    assert wire.kinds() == ["Transient"]


@pytest.mark.parametrize(
    "refused",
    [
        Answer("<html>", status=400, content_type="text/html"),
        Answer("<html>", status=404, content_type="text/html"),
        Answer("<html>", status=405, content_type="text/html"),
        Answer("<html>", status=501, content_type="text/html"),
        Answer({"error": {"message": "Not implemented", "code": 1}}, status=501),
        Answer({"error": {"message": "Method not allowed", "is_transient": True}}, status=405),
        refusal({"message": "Unsupported post request", "code": 100}),
        refusal({"message": "Unsupported post request. It does not exist", "code": 100, "error_subcode": 33}),
        refusal({"message": "(#3) no capability", "code": 3}),
        Answer({"success": True}),
    ],
)
def test_without_batches_insights_are_asked_one_by_one(server: Loopback, connect: Connect, refused: Answer):
    own_posts(server, Objects(), *videos(52))
    server.on(IDS, refused)
    for n in range(52):
        server.on(f"{V}/111_{n}/insights", Answer({"data": [{"name": "post_media_view"}]}))
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert len(server.of(IDS)) == 1
    assert wire.endpoints().count("insights") == 1 + 52
    [asked] = server.of(f"{V}/111_51/insights")
    assert asked.method == "GET"
    assert asked.parameters == {
        "metric": "post_video_views,post_media_view",
        "period": "lifetime",
        "access_token": PAGE_TOKEN,
    }
    [(kind, message, count)] = wire.session.report.troubles
    assert (kind, count) == ("NotOffered", 1)
    assert message.startswith("facebook: batches are not offered (")


def test_without_batches_a_withdrawn_metric_is_asked_for_twice_and_a_gone_post_costs_itself(
    server: Loopback, connect: Connect
):
    own_posts(server, Objects(), *videos(4))
    server.on(IDS, Answer("<html>", status=501))

    def insights(asked: Asked) -> Answer:
        naming = {**NO_METRIC, "message": f"{NO_METRIC['message']}: post_video_views"}
        is_refused = "post_video_views" in asked.parameters["metric"]
        return refusal(naming) if is_refused else Answer({"data": []})

    for n in range(4):
        server.on(f"{V}/111_{n}/insights", refusal(GONE) if n == 2 else insights)
    wire = connect(facebook)
    collect(wire, walk("labour"))
    assert [len(server.of(f"{V}/111_{n}/insights")) for n in range(4)] == [2, 2, 1, 1]
    assert wire.kinds() == ["NotOffered", "Gone", "MetricWithdrawn"]


def test_without_roles_batches_and_insights_a_collect_has_no_failure(server: Loopback, connect: Connect):
    for path in (ROLES, ME, IDS):
        server.on(path, Answer("<html>", status=404))
    serve_page(server, "222", "rival", listing(post("222_1"), post("222_2")))
    for edge in ("222/video_reels", "222/videos", "222_1/insights", "222_2/insights"):
        server.on(f"{V}/{edge}", Answer("<html>", status=404))
    wire = connect(facebook)
    collect(wire, walk("rival"))
    assert set(wire.kinds()) == {"NotOffered"}
    assert len(server.asked) == len(wire.rows) == len(set(server.paths())) == 8
    assert f"{V}/222_2/insights" not in server.paths()


def test_nothing_asked_is_nothing_sent(server: Loopback, connect: Connect):
    collect(connect(facebook))
    assert server.asked == []


def test_only_counters_are_asked_for_never_people():
    fields = ",".join(
        [facebook_listing.POST_FIELDS, facebook_listing.VIDEO_FIELDS, facebook_pages.PAGE_FIELDS]
    )
    for edge in ("sharedposts", "likes", "likes.", "comments{", "reactions{", "message_tags", "to"):
        assert f",{edge}," not in f",{fields},"
    assert fields.count("reactions.") == fields.count("limit(0)") - 1


@pytest.mark.parametrize(
    "document", [{"data": 7, "paging": []}, {"data": [1, None, {}], "paging": {"next": 7, "cursors": 1}}]
)
def test_answers_of_the_wrong_shape_end_a_listing_quietly(
    server: Loopback, connect: Connect, document: dict[str, Any]
):
    server.on(ROLES, OWN)
    server.on(IDS, Answer({"data": 1}))
    serve_page(server, "111", "labour")
    for edge in ("posts", "video_reels", "videos"):
        server.on(f"{V}/111/{edge}", Answer(document))
    collect(connect(facebook), walk("labour"))
    assert len(server.of(f"{V}/111/videos")) == 1


# What errors mean


def judged(body: object, status: int = 400, **headers: str) -> errors.Trouble | None:
    response = requests.Response()
    response.status_code, response.encoding = status, "utf-8"
    response._content = json.dumps(body).encode()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return facebook.judge(response)


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ({"code": 1}, errors.Transient),
        ({"code": 2, "is_transient": True}, errors.Transient),
        ({"code": 1, "message": "Please reduce the amount of data you're asking for"}, errors.TooMuchAsked),
        ({"code": 3}, errors.PermissionMissing),
        ({"code": 4, "is_transient": True}, errors.RateLimited),
        ({"code": 17, "error_subcode": 2446079}, errors.RateLimited),
        ({"code": 32}, errors.RateLimited),
        ({"code": 341}, errors.RateLimited),
        ({"code": 368}, errors.RateLimited),
        ({"code": 613}, errors.RateLimited),
        ({"code": 80001}, errors.RateLimited),
        ({"code": 80004}, errors.RateLimited),
        ({"code": 10}, errors.PermissionMissing),
        ({"code": 200}, errors.PermissionMissing),
        ({"code": 299}, errors.PermissionMissing),
        ({"code": 102}, errors.TokenInvalid),
        ({"code": 104}, errors.TokenInvalid),
        ({"code": 190}, errors.TokenInvalid),
        ({"code": 190, "error_subcode": 463}, errors.TokenInvalid),
        ({"code": 190, "error_subcode": 2069032}, errors.PermissionMissing),
        (
            {"code": 100, "message": "(#100) The value must be a valid insights metric"},
            errors.MetricWithdrawn,
        ),
        ({"code": 100, "message": "Tried accessing nonexisting field (shares)"}, errors.BadRequest),
        (GONE, errors.Gone),
        ({"code": 803}, errors.Gone),
        ({"code": 2500}, errors.BadRequest),
        ({"code": 3001, "error_subcode": 1504028}, errors.BadRequest),
        ({"code": "many"}, None),
        ("words", errors.Unreadable),
    ],
)
def test_an_error_is_told_by_its_code_whatever_the_status(
    status: int, error: object, trouble: type[errors.Trouble] | None
):
    found = judged({"error": error}, status)
    assert found is not None
    assert trouble is None or type(found) is trouble
    assert found.platform == "facebook"
    assert "\n" not in found.message


def test_a_rival_page_without_public_access_is_a_missing_permission():
    message = (
        "(#100) Object does not exist, cannot be loaded due to missing permission or reviewable feature, "
        "or does not support this operation. This endpoint requires the 'pages_read_engagement' permission"
    )
    assert isinstance(judged({"error": {"message": message, "code": 100}}), errors.PermissionMissing)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Business_Use_Case_Usage": '{"111":[{"call_count":100,"estimated_time_to_regain_access":7}]}'},
        {"X_App_Usage": '{"call_count":100,"estimated_time_to_regain_access":7}'},
    ],
)
def test_the_time_to_wait_is_read_from_both_usage_headers(headers: dict[str, str]):
    limited = judged({"error": {"code": 80001, "message": "limit"}}, **headers)
    assert isinstance(limited, errors.RateLimited)
    assert limited.wait_s == 420


@pytest.mark.parametrize("usage", ["", "{", "7", '{"111":[{"estimated_time_to_regain_access":0}]}', "[[]]"])
def test_without_a_time_to_wait_none_is_invented(usage: str):
    limited = judged({"error": {"code": 4}}, X_App_Usage=usage)
    assert isinstance(limited, errors.RateLimited)
    assert (limited.until, limited.wait_s) == (None, None)


def test_a_limit_that_names_its_minutes_is_waited_out(server: Loopback, connect: Connect):
    usage = '{"111":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":2}]}'
    limit = Answer({"error": {"code": 80001}}, status=400, headers={"X-Business-Use-Case-Usage": usage})
    serve_person(server)
    server.on(ROLES, limit, EMPTY)
    wire = connect(facebook)
    collect(wire, posts=wanted("pfbid0A"))
    assert wire.slept == [121.0]


@pytest.mark.parametrize(
    "body", [{"id": "1"}, {"data": []}, [], [None], [{"code": 400, "body": '{"error":{"code":100}}'}]]
)
def test_good_answers_are_no_trouble(body: object):
    assert judged(body, 200) is None
