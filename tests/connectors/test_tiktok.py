"""TikTok's connector: what it asks, what it makes of answers, and what each trouble costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import tiktok
from connectors.asking import Ask, Walk, Wanted
from connectors.errors import BudgetSpent, RateLimited, TokenInvalid, UnusableReference
from connectors.sandbox.server import Sandbox
from connectors.sandbox.tiktok import RENEWED_TOKEN
from tests.connectors.conftest import TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback

Connect = Callable[..., Wire]

LIST, QUERY, USER = "/v2/video/list/", "/v2/video/query/", "/v2/user/info/"
SIGN_IN = "/v2/oauth/token/"
ID = "6768504823336815877"
SINCE = datetime(2026, 10, 1, tzinfo=UTC)
OCTOBER, SEPTEMBER = 1_792_000_000, 1_788_300_000
RENEWAL = {"client_key": "a-key-12345", "client_secret": "a-secret-12345", "refresh_token": "a-refresh-12345"}
FINE = {"code": "ok", "message": "", "log_id": "1"}


def said(data: object, code: str = "ok", status: int = 200) -> Answer:
    return Answer({"data": data, "error": {**FINE, "code": code}}, status=status)


def user(**shown: object) -> Answer:
    return said({"user": {"open_id": "o-1", "username": "uklabour", **shown}})


def videos(*ids: str, at: int = OCTOBER, name: str = "uklabour", **more: object) -> Answer:
    shown = [
        {"id": one, "create_time": at, "share_url": f"https://www.tiktok.com/@{name}/video/{one}"}
        for one in ids
    ]
    return said({"videos": shown, **more})


def walk(handle: str | None = "UKLabour", account_id: str | None = None, campaign: str = "c1") -> Walk:
    return Walk(campaign, SINCE, handle, account_id)


def wanted(*ids: str) -> tuple[Wanted, ...]:
    return tuple(Wanted("c1", one) for one in ids)


def collect(wire: Wire, *walks: Walk, posts: tuple[Wanted, ...] = (), **renewal: str) -> None:
    tiktok.collect(Ask("tiktok", walks, posts), wire.session, TOKEN, **renewal)


def bodies(wire: Wire, endpoint: str) -> list[Any]:
    """What was sent, as it landed."""
    return [json.loads(row["params"]).get("body") for row in wire.rows if row["endpoint"] == endpoint]


# -- addresses


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.tiktok.com/@uklabour/video/{ID}",
        f"https://www.tiktok.com/@uk.labour_1/video/{ID}?is_from_webapp=1&sender_device=pc",
        f"tiktok.com/@uklabour/photo/{ID}",
        f"https://m.tiktok.com/v/{ID}.html",
        f"https://www.tiktok.com/embed/v2/{ID}",
        f"https://www.tiktok.com/player/v1/{ID}",
        f"https://m.tiktok.com/@uklabour/video/{ID}/",
    ],
)
def test_a_videos_address_in_any_form_gives_its_number(url: str) -> None:
    assert tiktok.parse_post_url(url) == ID


@pytest.mark.parametrize(
    "url",
    [
        "https://vm.tiktok.com/ZMabcdef/",
        "https://vt.tiktok.com/ZSabcdef",
        "https://www.tiktok.com/t/ZTabcdef/",
        "https://www.tiktok.com/@uklabour",
        "https://www.tiktok.com/@uklabour/video/",
        "https://www.tiktok.com/tag/votelabour",
        "https://www.tiktok.com/",
    ],
)
def test_an_address_of_tiktok_without_a_video_is_refused_with_a_cure(url: str) -> None:
    with pytest.raises(UnusableReference) as refused:
        tiktok.parse_post_url(url)
    assert refused.value.reason
    assert "paste" in refused.value.cure


def test_a_video_is_a_number() -> None:
    assert tiktok.parse_post_id(f" {ID} ") == ID
    for text in ("", "12", "abc", f"{ID}x", "0" * 19):
        with pytest.raises(UnusableReference):
            tiktok.parse_post_id(text)


@pytest.mark.parametrize("text", ["uklabour", "@uklabour", "https://www.tiktok.com/@uklabour?lang=en"])
def test_an_account_is_known_by_its_name(text: str) -> None:
    assert tiktok.parse_handle(text) == "uklabour"


@pytest.mark.parametrize("text", ["", "a b", "https://x.com/@uklabour", "https://www.tiktok.com/uklabour"])
def test_what_names_no_account_is_refused(text: str) -> None:
    with pytest.raises(UnusableReference):
        tiktok.parse_handle(text)


@given(
    st.sampled_from(
        ["https://www.tiktok.com/", "https://vm.tiktok.com/", "tiktok.com/@", "https://m.tiktok.com/v/", ""]
    ),
    st.text(max_size=30),
)
def test_anything_pasted_is_read_or_refused(beginning: str, text: str) -> None:
    for read in (tiktok.parse_post_url, tiktok.parse_post_id, tiktok.parse_handle):
        with suppress(UnusableReference):
            read(beginning + text)


# -- what is asked


def test_an_accounts_videos_are_listed_with_their_counters(server: Loopback, connect: Connect) -> None:
    server.on(USER, user())
    server.on(LIST, videos(ID, has_more=False))
    wire = connect(tiktok)
    collect(wire, walk())
    [who, page] = server.asked
    assert (who.method, who.parameters) == ("GET", {"fields": "open_id,display_name,username,follower_count"})
    assert page.method == "POST"
    assert page.parameters["fields"] == (
        "id,create_time,share_url,title,duration,view_count,like_count,comment_count,share_count"
    )
    assert {one.headers["Authorization"] for one in server.asked} == {f"Bearer {TOKEN}"}
    assert bodies(wire, "list") == [{"max_count": 20}]
    assert wire.session.report.troubles == []


def test_a_list_is_walked_by_its_cursor_until_it_is_older_than_the_walk(
    server: Loopback, connect: Connect
) -> None:
    server.on(USER, user())
    server.on(
        LIST,
        videos("11111111", cursor=1_792_000_000_000, has_more=True),
        videos(cursor=1_791_000_000_000, has_more=True),
        videos("11111112", at=SEPTEMBER, cursor=1_788_300_000_000, has_more=True),
    )
    wire = connect(tiktok)
    collect(wire, walk())
    cursors = [body.get("cursor") for body in bodies(wire, "list")]
    assert cursors == [None, 1_792_000_000_000, 1_791_000_000_000]
    assert wire.session.report.troubles == []


@pytest.mark.parametrize("cursor", [1_792_000_000_000, None, "later"])
def test_a_cursor_that_leads_nowhere_ends_the_list(
    server: Loopback, connect: Connect, cursor: object
) -> None:
    server.on(USER, user())
    server.on(LIST, videos("11111111", cursor=cursor, has_more=True))
    wire = connect(tiktok)
    collect(wire, walk())
    assert len(server.of(LIST)) <= 2
    assert wire.kinds() == ["Unreadable"]


def test_videos_that_were_not_listed_are_looked_up_twenty_at_a_time(
    server: Loopback, connect: Connect
) -> None:
    ids = [str(10_000_000 + n) for n in range(31)]
    server.on(USER, user())
    server.on(LIST, videos(ids[0]))
    server.on(QUERY, videos(*ids[1:21]), videos(*ids[21:30]))
    wire = connect(tiktok)
    collect(wire, walk(), posts=wanted(*ids, ids[5], "no number"))
    asked = [body["filters"]["video_ids"] for body in bodies(wire, "query")]
    assert asked == [ids[1:21], ids[21:]]
    [bad, gone] = wire.session.report.troubles
    assert bad[0] == "BadRequest"
    assert gone[0] == "Gone"
    assert ids[30] in gone[1]


def test_another_account_is_told_and_not_walked(server: Loopback, connect: Connect) -> None:
    server.on(USER, user())
    wire = connect(tiktok)
    collect(wire, walk("conservatives"))
    assert server.paths() == [USER]
    [(kind, text, _)] = wire.session.report.troubles
    assert kind == "NotOffered"
    assert "conservatives is not the token's account" in text
    assert "watch = false" in text


def test_the_account_may_be_named_by_its_open_id(server: Loopback, connect: Connect) -> None:
    server.on(USER, user())
    server.on(LIST, videos(ID))
    wire = connect(tiktok)
    collect(wire, walk(None, "o-1"))
    assert wire.session.report.troubles == []


def test_without_the_scope_for_the_name_the_list_says_whose_it_is(server: Loopback, connect: Connect) -> None:
    server.on(USER, said({}, "scope_not_authorized", 401))
    server.on(LIST, videos(ID))
    wire = connect(tiktok)
    collect(wire, walk("uklabour"), walk("conservatives"))
    assert len(server.of(LIST)) == 1
    assert wire.kinds() == ["NotOffered", "NotOffered"]
    assert "conservatives" in wire.session.report.troubles[1][1]


def test_a_list_that_never_ends_is_broken_off(
    server: Loopback, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiktok, "MOST_PAGES", 5)

    def another(asked: Asked) -> Answer:
        cursor = len(server.of(LIST))
        return videos(f"{int(ID) + cursor}", has_more=True, cursor=cursor)

    server.on(USER, user())
    server.on(LIST, another)
    wire = connect(tiktok)
    collect(wire, walk())
    assert len(server.of(LIST)) == 6
    [(kind, text, _)] = wire.session.report.troubles
    assert (kind, "does not end" in text) == ("Unreadable", True)
    assert wire.session.report.walked == []


def test_what_tiktok_does_not_offer_is_not_asked_for(server: Loopback, connect: Connect) -> None:
    wire = connect(tiktok)
    collect(wire)
    assert server.asked == []


# -- the token


def test_a_refused_token_is_renewed_once_and_the_call_made_again(server: Loopback, connect: Connect) -> None:
    server.on(USER, said({}, "access_token_invalid", 401), user())
    server.on(
        SIGN_IN, Answer({"access_token": "act.renewed-token", "refresh_token": RENEWAL["refresh_token"]})
    )
    server.on(LIST, videos(ID))
    wire = connect(tiktok, secrets=[TOKEN, *RENEWAL.values()])
    collect(wire, walk(), **RENEWAL)
    [sign_in] = server.of(SIGN_IN)
    assert sign_in.parameters == {**RENEWAL, "grant_type": "refresh_token"}
    assert server.of(LIST)[0].headers["Authorization"] == "Bearer act.renewed-token"
    assert wire.endpoints() == ["user", "token", "user", "list"]
    assert wire.session.report.troubles == []
    landed = json.dumps(wire.rows, default=str)
    assert [one for one in (TOKEN, "act.renewed-token", *RENEWAL.values()) if one in landed] == []


def test_a_token_that_is_refused_after_its_renewal_ends_the_run(server: Loopback, connect: Connect) -> None:
    server.on(USER, user())
    server.on(LIST, said({}, "access_token_invalid", 401))
    server.on(SIGN_IN, Answer({"access_token": "act.renewed-token"}))
    with pytest.raises(TokenInvalid):
        collect(connect(tiktok), walk(), **RENEWAL)
    assert server.paths() == [USER, LIST, SIGN_IN, LIST]


@pytest.mark.parametrize("renewal", [{}, {"refresh_token": "a-refresh-12345"}])
def test_a_refused_token_that_cannot_be_renewed_ends_the_run(
    server: Loopback, connect: Connect, renewal: dict[str, str]
) -> None:
    server.on(USER, said({}, "access_token_invalid", 401))
    with pytest.raises(TokenInvalid, match="set TIKTOK_ACCESS_TOKEN, or set TIKTOK_CLIENT_KEY"):
        collect(connect(tiktok), walk(), **renewal)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_refused_renewal_ends_the_run(server: Loopback, connect: Connect, status: int) -> None:
    server.on(USER, said({}, "access_token_invalid", 401))
    refused = {"error": "invalid_grant", "error_description": "Refresh token is invalid or expired."}
    server.on(SIGN_IN, Answer(refused, status=status))
    with pytest.raises(TokenInvalid, match="invalid_grant"):
        collect(connect(tiktok), walk(), **RENEWAL)


# -- troubles


@pytest.mark.parametrize("status", [200, 429])
def test_a_reached_limit_ends_the_run(server: Loopback, connect: Connect, status: int) -> None:
    server.on(USER, user())
    server.on(LIST, said({}, "rate_limit_exceeded", status))
    with pytest.raises(RateLimited):
        collect(connect(tiktok), walk())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said({}, "scope_not_authorized", 401), "PermissionMissing"),
        (said({}, "scope_permission_missed", 400), "PermissionMissing"),
        (said({}, "invalid_params", 400), "BadRequest"),
        (said({}, "internal_error", 500), "Transient"),
        (said({}, "internal_error", 200), "Transient"),
        (said({}, "a_code_to_come", 200), "BadRequest"),
        (said({}, "a_code_to_come", 404), "Gone"),
        (Answer("<html>", status=502, content_type="text/html"), "Transient"),
        (Answer("<html>", status=404, content_type="text/html"), "Unreadable"),
        (Answer("false"), "Unreadable"),
        (Answer("{}"), "Unreadable"),
        (Answer({"error": FINE}), "Unreadable"),
    ],
)
def test_what_one_call_meets_costs_that_call(
    server: Loopback, connect: Connect, answer: Answer, kind: str
) -> None:
    server.on(USER, user())
    server.on(LIST, answer)
    server.on(QUERY, videos(ID))
    wire = connect(tiktok)
    collect(wire, walk(), posts=wanted(ID))
    assert wire.kinds() == [kind]
    assert wire.endpoints()[-1] == "query"


# -- against the sandbox


@pytest.fixture(scope="module")
def one_sandbox() -> Iterator[Sandbox]:
    with Sandbox(now=datetime(2019, 12, 5, 9, tzinfo=UTC)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(one_sandbox: Sandbox) -> Sandbox:
    """The module's sandbox, with nothing going wrong yet."""
    one_sandbox.program()
    return one_sandbox


def run(sandbox: Sandbox, connect: Connect) -> Wire:
    """Everything that a run can ask, at 9 o'clock on 5 December 2019."""
    settings = sandbox.settings
    more = {name: settings[setting] for name, setting in tiktok.FURTHER_CREDENTIALS.items()}
    wire = connect(
        tiktok,
        base_url=settings["TIKTOK_API_URL"],
        secrets=[settings["TIKTOK_ACCESS_TOKEN"], *more.values()],
    )
    ask = Ask("tiktok", (Walk("c1", datetime(2019, 1, 1, tzinfo=UTC), "uklabour"),), wanted(ID))
    try:
        tiktok.collect(ask, wire.session, settings["TIKTOK_ACCESS_TOKEN"], **more)
    except (BudgetSpent, RateLimited, TokenInvalid) as trouble:
        wire.session.note(trouble)
    return wire


def read(wire: Wire) -> set[str]:
    """The videos that the run's good answers show."""
    answers = [
        json.loads(row["body"])
        for row in wire.rows
        if row["endpoint"] == "list" and row["body"].startswith("{") and row["body"].endswith("}")
    ]
    return {video["id"] for answer in answers for video in answer["data"].get("videos", ())}


def test_a_run_lists_every_public_video_over_its_pages(sandbox: Sandbox, connect: Connect) -> None:
    wire = run(sandbox, connect)
    assert wire.endpoints() == ["user", "list", "list", "query"]
    assert wire.kinds() == ["Gone"]
    assert len(read(wire)) > 20


@pytest.mark.parametrize(
    ("fault", "match", "kinds", "reads_all"),
    [
        ("token_expired", "/video/list", [], True),
        ("token_expired", "/user/info", [], True),
        ("rotated_refresh_token", "/oauth/token", [], True),
        ("rate_limited", "/video/list", [], True),
        ("error_200", "/video/list", [], True),
        ("html_502", "/video/list", [], True),
        ("truncated_json", "/video/list", [], True),
        ("false_200", "/user/info", [], True),
        ("duplicate_items", "/video/list", [], True),
        ("empty_page", "/video/list", [], True),
        ("repeated_page", "/video/list", ["Unreadable"], True),
        ("forbidden", "/video/list", ["PermissionMissing"], False),
        ("forbidden", "/user/info", ["NotOffered"], True),
    ],
)
def test_each_fault_of_the_sandbox_costs_what_it_must(
    sandbox: Sandbox, connect: Connect, fault: str, match: str, kinds: list[str], reads_all: bool
) -> None:
    everything = read(run(sandbox, connect))
    sandbox.program({"match": match, "fault": fault, "times": 2 if fault == "repeated_page" else 1})
    wire = run(sandbox, connect)
    assert [kind for kind in wire.kinds() if kind != "Gone"] == kinds
    assert (read(wire) == everything) == reads_all
    assert RENEWED_TOKEN not in json.dumps(wire.rows, default=str)


def test_a_replaced_refresh_token_is_told(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.program(
        {"match": "/user/info", "fault": "token_expired"},
        {"match": "/oauth/token", "fault": "rotated_refresh_token"},
    )
    wire = run(sandbox, connect)
    assert wire.kinds() == ["NotOffered", "Gone"]
    assert "another refresh token" in wire.session.report.troubles[0][1]
