from __future__ import annotations

import http.client
import json
import logging
import socket
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

import facebook as facebook_sdk
import pytest
import requests
import tweepy
from requests.adapters import HTTPAdapter

from connectors import facebook, x
from connectors.errors import BadRequest, BudgetSpent, RateLimited, Transient, Trouble, Unreadable
from tests.connectors.conftest import NOW, TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback, dripping
from warehouse.landed_files import landed_files
from warehouse.landing import SECONDS_PER_FILE, LandingWriter

Connect = Callable[..., Wire]

POSTS = "/2/tweets"
GOOD = Answer({"data": [{"id": "1", "text": "x"}]})
COLUMNS = {
    "response_id": str,
    "run_id": str,
    "platform": str,
    "endpoint": str,
    "campaign_id": str,
    "observed_at": datetime,
    "requested_at": datetime,
    "method": str,
    "url": str,
    "params": str,
    "status": int,
    "headers": str,
    "body": str,
    "page": int,
    "elapsed_ms": int,
    "schema_version": int,
}


def ask_x(wire: Wire, ids: str = "1", token: str = TOKEN) -> requests.Response:
    """One look-up through tweepy."""
    client = tweepy.Client(bearer_token=token, return_type=requests.Response)
    client.session = wire.session
    with wire.session.asking("posts", "c1"):
        return client.get_tweets([ids])


def ask_graph(wire: Wire, path: str = "111", token: str = TOKEN) -> object:
    """One look-up through facebook-sdk."""
    graph = facebook_sdk.GraphAPI(access_token=token, session=wire.session)
    graph.version = "v26.0"
    with wire.session.asking("pages", "c1"):
        return graph.request(f"v26.0/{path}", {"fields": "id"})


def in_short(value: object) -> str:
    """The name of a case that may have thousands of digits."""
    text = str(value)
    return text if len(text) < 40 else f"{text[:5]}...{len(text)}"


def everything_in(error: BaseException) -> str:
    """All that a log or a report could show of an exception."""
    texts = ["".join(traceback.format_exception(error))]
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None:
            texts += [str(one), repr(one), repr(one.args), repr(vars(one))]
            waiting += [one.__cause__, one.__context__]
    return "\n".join(texts)


# Where requests go, and what is landed of the answers


def test_tweepy_reaches_the_configured_host_under_its_path_prefix(server: Loopback, connect: Connect):
    server.on("/proxy/x/2/tweets", GOOD)
    wire = connect(x, base_url=f"{server.url}/proxy/x/")
    assert ask_x(wire).json()["data"][0]["id"] == "1"
    assert server.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert wire.rows[0]["url"] == f"{server.url}/proxy/x/2/tweets?ids=1"


def test_facebook_sdk_reaches_the_configured_host_under_its_path_prefix(server: Loopback, connect: Connect):
    server.on("/graph/v26.0/111", Answer({"id": "111"}))
    wire = connect(facebook, base_url=f"{server.url}/graph")
    assert ask_graph(wire) == {"id": "111"}
    assert server.asked[0].parameters == {"fields": "id", "access_token": TOKEN}


@pytest.mark.parametrize("content_type", ["text/javascript; charset=UTF-8", "text/html", None])
def test_json_under_another_content_type_reaches_facebook_sdk_as_json(
    server: Loopback, connect: Connect, content_type: str | None
):
    server.on("/v26.0/111", Answer({"id": "111"}, content_type=content_type))
    assert ask_graph(connect(facebook)) == {"id": "111"}


def test_a_response_lands_with_every_column_and_its_type(server: Loopback, connect: Connect):
    server.on(POSTS, Answer({"data": [{"id": "1", "text": "ä"}]}, headers={"x-rate-limit-limit": "3500"}))
    wire = connect(x)
    ask_x(wire)
    [row] = wire.rows
    assert {name: type(value) for name, value in row.items()} == COLUMNS
    assert row["response_id"] == "run1-00001"
    assert (row["run_id"], row["platform"], row["endpoint"], row["campaign_id"]) == (
        "run1",
        "x",
        "posts",
        "c1",
    )
    assert (row["method"], row["status"], row["page"], row["schema_version"]) == ("GET", 200, 1, 1)
    assert row["observed_at"] == row["requested_at"] == NOW
    assert json.loads(row["params"]) == {"ids": "1"}
    assert json.loads(row["headers"])["x-rate-limit-limit"] == "3500"
    assert json.loads(row["body"])["data"][0]["text"] == "ä"
    assert row["elapsed_ms"] >= 0


def test_a_compressed_answer_lands_as_text(server: Loopback, connect: Connect):
    server.on(POSTS, Answer(GOOD.body, is_gzipped=True))
    wire = connect(x)
    assert ask_x(wire).json() == GOOD.body
    assert json.loads(wire.rows[0]["body"]) == GOOD.body


def test_pages_are_counted_within_a_block_and_a_retry_keeps_its_number(server: Loopback, connect: Connect):
    server.on(POSTS, GOOD, Answer("busy", status=503), GOOD)
    wire = connect(x)
    client = tweepy.Client(bearer_token=TOKEN, return_type=requests.Response)
    client.session = wire.session
    with wire.session.asking("posts", "c1"):
        client.get_tweets(["1"])
        client.get_tweets(["2"])
        client.get_tweets(["3"])
    with wire.session.asking("posts", "c2"):
        client.get_tweets(["4"])
    assert [(row["page"], row["status"]) for row in wire.rows] == [
        (1, 200),
        (2, 503),
        (2, 200),
        (3, 200),
        (1, 200),
    ]
    assert [row["response_id"][-5:] for row in wire.rows] == ["00001", "00002", "00003", "00004", "00005"]


def test_the_parameters_of_a_form_land_too(server: Loopback, connect: Connect):
    server.on("/v26.0/", Answer([]))
    wire = connect(facebook)
    graph = facebook_sdk.GraphAPI(access_token=TOKEN, session=wire.session)
    graph.version = "v26.0"
    with wire.session.asking("insights", "c1"):
        graph.request("v26.0/", post_args={"batch": '[{"method":"GET"}]'})
    assert wire.rows[0]["method"] == "POST"
    assert json.loads(wire.rows[0]["params"]) == {"batch": '[{"method":"GET"}]', "access_token": "[secret]"}


def test_the_runs_clock_is_stamped_and_sent_as_the_date_header(server: Loopback, connect: Connect):
    server.on(POSTS, GOOD)
    as_of = datetime(2019, 12, 9, 7, 30, tzinfo=UTC)
    wire = connect(x, as_of=as_of)
    ask_x(wire)
    assert server.asked[0].headers["Date"] == "Mon, 09 Dec 2019 07:30:00 GMT"
    assert wire.rows[0]["observed_at"] == as_of
    assert wire.rows[0]["requested_at"] == NOW


def test_no_date_header_is_sent_without_a_clock_of_the_run(server: Loopback, connect: Connect):
    server.on(POSTS, GOOD)
    ask_x(connect(x))
    assert "Date" not in server.asked[0].headers


def test_connections_are_kept_and_cookies_are_not(server: Loopback, connect: Connect):
    server.on(POSTS, Answer(GOOD.body, headers={"Set-Cookie": "guest=abc123; Path=/"}))
    wire = connect(x)
    ask_x(wire)
    ask_x(wire)
    assert "Cookie" not in server.asked[1].headers
    assert json.loads(wire.rows[0]["headers"])["Set-Cookie"] == "[secret]"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/2/tweets",
        "http://api.twitter.com/2/tweets",
        "https://api.twitter.com.example.org/2/tweets",
        "https://api.twitter.com@example.org/2/tweets",
        "https://api.twitter.com:8443/2/tweets",
        "ftp://api.twitter.com/2/tweets",
        "nonsense",
    ],
)
def test_any_other_host_is_refused_and_nothing_is_sent(server: Loopback, connect: Connect, url: str):
    wire = connect(x)
    with wire.session.asking("posts", "c1"), pytest.raises(BadRequest) as refused:
        wire.session.get(url, params={"access_token": TOKEN})
    assert TOKEN not in everything_in(refused.value)
    assert server.asked == []


def test_a_redirect_is_not_followed(server: Loopback, connect: Connect):
    server.on(POSTS, Answer({}, status=302, headers={"Location": f"https://example.org/steal?t={TOKEN}"}))
    wire = connect(x)
    with pytest.raises(Unreadable, match=r"redirects to example\.org; set X_API_URL") as refused:
        ask_x(wire)
    assert TOKEN not in everything_in(refused.value)
    assert TOKEN not in wire.rows[0]["headers"]
    assert wire.slept == []


@pytest.mark.parametrize("address", ["http://[bad", "https://[::1", "//", "\\"])
def test_a_redirect_to_no_address_at_all_is_one_too(server: Loopback, connect: Connect, address: str):
    server.on(POSTS, Answer({}, status=302, headers={"Location": address}))
    with pytest.raises(Unreadable, match=r"redirects to another address; set X_API_URL"):
        ask_x(connect(x))


@pytest.mark.parametrize("token", ["\ud800", "b26v\udfff"])
def test_half_a_character_costs_the_call_that_it_was_to_be_asked_with(
    server: Loopback, connect: Connect, token: str
):
    wire = connect(x)
    with wire.session.asking("posts", "c1"), pytest.raises(BadRequest, match="a malformed request") as raised:
        wire.session.get(f"{x.SDK_URL}/2/tweets", params={"next_token": token})
    assert token not in everything_in(raised.value)
    assert server.asked == []


def test_lists_in_a_query_are_sent_and_landed_with_their_commas(server: Loopback, connect: Connect):
    server.on("/v26.0/", Answer({"1": {}}))
    wire = connect(facebook)
    asked = {"ids": "1,2", "fields": "id,from{a b},ä/~", "limit": 5, "empty": ""}
    with wire.session.asking("posts", "c1"):
        wire.session.get(f"{facebook.SDK_URL}/v26.0/", params=asked)
    read = {name: str(value) for name, value in asked.items()}
    assert server.asked[0].parameters == read == json.loads(wire.rows[0]["params"])
    query = "ids=1,2&fields=id,from%7Ba+b%7D,%C3%A4%2F~&limit=5&empty="
    assert wire.rows[0]["url"] == f"{server.url}/v26.0/?{query}"


def test_half_a_character_in_a_json_body_lands_as_a_mark(server: Loopback, connect: Connect):
    server.on(POSTS, GOOD)
    wire = connect(x)
    with wire.session.asking("posts", "c1"):
        wire.session.post(f"{x.SDK_URL}/2/tweets", json={"cursor": "a\ud800"})
    assert json.loads(wire.rows[0]["params"]) == {"body": {"cursor": "a?"}}


def test_a_request_outside_a_labelled_block_is_a_mistake(connect: Connect):
    with pytest.raises(RuntimeError, match="asking"):
        connect(x).session.get("https://api.twitter.com/2/tweets")


@pytest.mark.parametrize(
    "base_url", ["", "localhost:80", "ftp://h", "http://u:p@h", "https://h/?a=1", "https://h/#f"]
)
def test_an_impossible_base_url_is_refused_without_repeating_it(connect: Connect, base_url: str):
    with pytest.raises(ValueError, match="X_API_URL must"):
        connect(x, base_url=base_url)


def test_no_netrc_and_no_proxy_stand_between_us_and_loopback(
    server: Loopback, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.on("/v26.0/111", Answer({"id": "111"}))
    ask_graph(connect(facebook))
    assert "Authorization" not in server.asked[0].headers


def test_the_environments_proxy_and_certificates_serve_the_vendors_host(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/bundle.pem")
    session = connect(x, base_url="https://api.x.com").session
    assert session.proxies["https"] == "http://proxy.example:3128"
    assert session.verified_by == "/etc/bundle.pem"


# What is retried, and for how long


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_passing_failure_is_retried_and_every_answer_lands_once(
    server: Loopback, connect: Connect, status: int
):
    html = Answer("<html>Bad gateway</html>", status=status, content_type="text/html")
    server.on(POSTS, html, html, GOOD)
    wire = connect(x)
    assert ask_x(wire).status_code == 200
    assert [row["status"] for row in wire.rows] == [status, status, 200]
    assert wire.rows[0]["body"] == "<html>Bad gateway</html>"
    assert wire.session.report.retries == 2
    assert wire.session.report.responses == 3
    assert wire.session.report.waits_s == sum(wire.slept)


def test_waits_between_retries_double(server: Loopback, connect: Connect):
    server.on(POSTS, Answer("busy", status=503))
    wire = connect(x, attempts=5)
    with pytest.raises(Transient, match="503"):
        ask_x(wire)
    assert len(wire.rows) == 5
    assert [
        round(seconds / 2**n, 1) >= 0.7 and seconds / 2**n <= 1.25 for n, seconds in enumerate(wire.slept)
    ] == [True] * 4


def test_retry_after_is_honoured_in_seconds_and_as_a_date(server: Loopback, connect: Connect):
    later = format_datetime(NOW + timedelta(seconds=90), usegmt=True)
    server.on(
        POSTS,
        Answer("busy", status=503, headers={"Retry-After": "40"}),
        Answer("busy", status=503, headers={"Retry-After": later}),
        Answer("busy", status=503, headers={"Retry-After": "soon"}),
        GOOD,
    )
    wire = connect(x)
    ask_x(wire)
    assert wire.slept[:2] == [40.0, 90.0]
    assert wire.slept[2] < 6


def test_a_retry_after_beyond_patience_ends_the_call(server: Loopback, connect: Connect):
    server.on(POSTS, Answer("busy", status=503, headers={"Retry-After": "86400"}))
    wire = connect(x)
    with pytest.raises(Transient):
        ask_x(wire)
    assert wire.slept == []


@pytest.mark.parametrize(
    "value",
    [
        "9" * 400,
        "9" * 5000,
        "-1",
        "-" + "9" * 400,
        str(10**8),
        "1e400",
        "NaN",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 9999 23:59:59 -9999",
        "Mon, 02 Nov 2026 12:00:00 +99999999999999999999",
        "Mon, 02 Nov 2026 99:99:99 GMT",
        "Sat, 01 Jan 0001 00:00:00 +2359",
    ],
    ids=in_short,
)
@pytest.mark.parametrize("status", [503, 429])
def test_a_retry_after_that_nobody_can_mean_is_as_good_as_none(
    server: Loopback, connect: Connect, status: int, value: str
):
    server.on(POSTS, Answer({}, status=status, headers={"Retry-After": value}), GOOD)
    wire = connect(x)
    ask_x(wire)
    assert len(wire.slept) == 1
    assert 0 <= wire.slept[0] < 2


@pytest.mark.parametrize(
    "reset",
    ["9" * 400, "9" * 5000, "253402300799", "99999999999", "-1", "-" + "9" * 400, "nan", "1e400"],
    ids=in_short,
)
@pytest.mark.parametrize("status", [200, 429])
def test_a_reset_that_nobody_can_mean_is_as_good_as_none(
    server: Loopback, connect: Connect, status: int, reset: str
):
    told = {"x-rate-limit-reset": reset, "x-rate-limit-remaining": "0"}
    server.on(POSTS, Answer(GOOD.body, status=status, headers=told), GOOD)
    wire = connect(x)
    ask_x(wire)
    ask_x(wire)
    assert len(wire.slept) == (status == 429)
    assert sum(wire.slept) < 2


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "-7", "9" * 400, "9" * 5000], ids=in_short)
@pytest.mark.parametrize("name", ["estimated_time_to_regain_access", "reset_time_duration", "call_count"])
@pytest.mark.parametrize("status", [200, 400])
def test_usage_that_nobody_can_mean_is_as_good_as_none(
    server: Loopback, connect: Connect, status: int, name: str, number: str
):
    usage = f'{{"111":[{{"{name}":{number}}}]}}'
    headers = {"X-Business-Use-Case-Usage": usage, "X-Ad-Account-Usage": usage}
    limit = {"error": {"code": 80001, "message": "Page limit"}}
    body = limit if status == 400 else {"id": "111"}
    server.on("/v26.0/111", Answer(body, status=status, headers=headers), Answer({"id": "111"}))
    wire = connect(facebook)
    ask_graph(wire)
    ask_graph(wire)
    assert sum(wire.slept) < 2


@pytest.mark.parametrize(
    "body", ["<html>Log in to the hotel's network</html>", '{"data":[{"id":"1"', "", "true", "null"]
)
def test_an_answer_that_is_not_json_is_retried_twice_and_then_unreadable(
    server: Loopback, connect: Connect, body: str
):
    server.on(POSTS, Answer(body))
    wire = connect(x)
    with pytest.raises(Unreadable, match="X_API_URL"):
        ask_x(wire)
    assert len(wire.rows) == 3
    assert [row["body"] for row in wire.rows] == [body] * 3


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_refusal_that_is_not_json_is_not_asked_again(server: Loopback, connect: Connect, status: int):
    server.on("/v26.0/111", Answer("<html>", status=status))
    wire = connect(facebook)
    with pytest.raises(Unreadable) as refused:
        ask_graph(wire)
    assert refused.value.status == status
    assert len(wire.rows) == 1


def test_what_goes_wrong_costs_only_its_block_unless_every_call_would_meet_it(connect: Connect):
    wire = connect(x)
    with wire.session.costing_only_this():
        raise Unreadable("x", "x: half an answer")
    assert wire.kinds() == ["Unreadable"]
    with pytest.raises(BudgetSpent), wire.session.costing_only_this():
        raise BudgetSpent("x", "x: no credits")
    assert wire.kinds() == ["Unreadable"]


def test_a_false_from_the_graph_is_unreadable(server: Loopback, connect: Connect):
    server.on("/v26.0/111", Answer(False))
    wire = connect(facebook)
    with pytest.raises(Unreadable, match="FACEBOOK_API_URL"):
        ask_graph(wire)
    assert [row["body"] for row in wire.rows] == ["false"] * 3


def test_truncated_json_that_comes_whole_the_next_time_costs_nothing(server: Loopback, connect: Connect):
    server.on("/v26.0/111", Answer('{"id":"1'), Answer({"id": "111"}))
    wire = connect(facebook)
    assert ask_graph(wire) == {"id": "111"}
    assert len(wire.slept) == 1


def test_a_429_is_waited_out_until_its_reset(server: Loopback, connect: Connect):
    reset = int((NOW + timedelta(seconds=300)).timestamp())
    body = {"title": "Too Many Requests", "type": "about:blank", "status": 429}
    server.on(POSTS, Answer(body, status=429, headers={"x-rate-limit-reset": str(reset)}), GOOD)
    wire = connect(x)
    assert ask_x(wire).status_code == 200
    assert wire.slept == [301.0]
    assert [row["status"] for row in wire.rows] == [429, 200]


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-rate-limit-reset": "1000"}, {"x-rate-limit-reset": "soon"}, {"x-rate-limit-reset": "9" * 30}],
)
def test_a_429_without_a_future_reset_is_retried_a_few_times_with_growing_waits(
    server: Loopback, connect: Connect, headers: dict[str, str]
):
    server.on(
        POSTS,
        Answer({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, status=429, headers=headers),
    )
    wire = connect(x)
    with pytest.raises(RateLimited) as limited:
        ask_x(wire)
    assert limited.value.until is None
    assert str(limited.value).endswith("; start again later")
    assert len(wire.rows) == 4
    assert len(wire.slept) == 3
    assert sum(wire.slept) < 10


def test_a_reset_beyond_patience_ends_the_run_and_says_when_to_return(server: Loopback, connect: Connect):
    reset = NOW + timedelta(seconds=901)
    server.on(POSTS, Answer({}, status=429, headers={"x-rate-limit-reset": str(int(reset.timestamp()))}))
    wire = connect(x)
    with pytest.raises(RateLimited) as limited:
        ask_x(wire)
    assert limited.value.until == reset
    said = "no reason given"
    assert str(limited.value) == f"x: asked too often ({said}); start again after 2026-11-02 12:15:01 UTC"
    assert limited.value.args[1] == str(limited.value)
    assert wire.slept == []
    assert len(wire.rows) == 1


def test_a_limit_that_names_its_minutes_says_when_to_return(server: Loopback, connect: Connect):
    usage = '{"111":[{"estimated_time_to_regain_access":70}]}'
    limit = {"error": {"code": 80001, "message": "Page limit"}}
    server.on("/v26.0/111", Answer(limit, status=400, headers={"X-Business-Use-Case-Usage": usage}))
    wire = connect(facebook)
    with pytest.raises(RateLimited) as limited:
        ask_graph(wire)
    assert str(limited.value).endswith("(code 80001: Page limit); start again after 2026-11-02 13:10:00 UTC")


def test_what_has_landed_is_written_before_every_retry(server: Loopback, connect: Connect):
    done: list[object] = []
    server.on(
        POSTS, Answer("busy", status=503), Answer("busy", status=503, headers={"Retry-After": "6"}), GOOD
    )
    wire = connect(
        x,
        before_pause=lambda: done.append("written"),
        sleep=lambda seconds: done.append(seconds > 5),
        land=lambda row: done.append(row["status"]),
    )
    ask_x(wire)
    assert done == [503, "written", False, 503, "written", True, 200]


def test_what_has_landed_is_written_before_a_long_pause_and_not_before_a_short_one(
    server: Loopback, connect: Connect
):
    done: list[object] = []
    usage = [json.dumps({"call_count": used}) for used in (95, 100)]
    server.on("/v26.0/111", *(Answer({"id": "111"}, headers={"X-App-Usage": one}) for one in usage))
    wire = connect(facebook, before_pause=lambda: done.append("written"), sleep=done.append)
    for _ in range(3):
        ask_graph(wire)
    assert done == [3.0, "written", 18.0]


def test_what_waits_to_be_written_is_on_disk_while_the_platform_stalls(
    server: Loopback, connect: Connect, tmp_path: Path
):
    on_disk: list[int] = []

    def stall(asked: Asked) -> Answer:
        on_disk.append(len(landed_files(tmp_path)))
        return GOOD

    seconds = 0.0
    server.on(POSTS, stall)
    with LandingWriter(tmp_path, lambda: seconds) as writer:
        wire = connect(x, land=writer.add, before_request=writer.flush_what_is_old)
        ask_x(wire)
        seconds = SECONDS_PER_FILE - 1
        ask_x(wire)
        seconds = SECONDS_PER_FILE
        ask_x(wire)
    assert on_disk == [0, 0, 1]


@pytest.mark.parametrize(
    "kind", ["https://api.twitter.com/2/problems/usage-capped", "https://api.x.com/2/problems/usage-capped/"]
)
@pytest.mark.parametrize("status", [402, 403, 429])
def test_a_usage_cap_is_not_waited_for_though_it_names_a_reset(
    server: Loopback, connect: Connect, status: int, kind: str
):
    reset = str(int((NOW + timedelta(seconds=60)).timestamp()))
    body = {"title": "UsageCapExceeded", "period": "Monthly", "type": kind, "detail": "Usage cap exceeded"}
    server.on(
        POSTS,
        Answer(body, status=status, headers={"x-rate-limit-reset": reset, "x-rate-limit-remaining": "5"}),
    )
    wire = connect(x)
    with pytest.raises(BudgetSpent, match="usage cap"):
        ask_x(wire)
    assert wire.slept == []
    assert len(wire.rows) == 1


def test_the_last_call_of_a_window_makes_the_next_one_wait(server: Loopback, connect: Connect):
    reset = str(int((NOW + timedelta(seconds=120)).timestamp()))
    used_up = Answer(GOOD.body, headers={"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset})
    server.on(POSTS, used_up, GOOD)
    wire = connect(x)
    ask_x(wire)
    assert wire.slept == []
    ask_x(wire)
    assert wire.slept == [120.0]


def test_a_window_that_reopens_too_late_ends_the_run_without_another_call(server: Loopback, connect: Connect):
    reset = str(int((NOW + timedelta(hours=1)).timestamp()))
    server.on(POSTS, Answer(GOOD.body, headers={"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}))
    wire = connect(x)
    ask_x(wire)
    with pytest.raises(RateLimited, match="start again"):
        ask_x(wire)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("X-App-Usage", {"call_count": 96, "total_time": 25, "total_cputime": 25}),
        (
            "X-Business-Use-Case-Usage",
            {"111": [{"type": "pages", "call_count": 1, "total_cputime": 96, "total_time": 2}]},
        ),
    ],
)
def test_graph_calls_are_spread_when_the_allowance_is_nearly_used(
    server: Loopback, connect: Connect, name: str, usage: object
):
    server.on("/v26.0/111", Answer({"id": "111"}, headers={name: json.dumps(usage)}), Answer({"id": "111"}))
    wire = connect(facebook)
    ask_graph(wire)
    ask_graph(wire)
    ask_graph(wire)
    assert wire.slept == [6.0]


@pytest.mark.parametrize("usage", ["{", "[]", "7", '{"call_count":"many"}', '{"call_count":94.9}'])
def test_odd_or_low_usage_headers_cost_no_time(server: Loopback, connect: Connect, usage: str):
    server.on("/v26.0/111", Answer({"id": "111"}, headers={"X-App-Usage": usage}))
    wire = connect(facebook)
    ask_graph(wire)
    ask_graph(wire)
    assert wire.slept == []


# When the network fails


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_refused_connection_is_retried_and_then_named_with_host_and_cause(connect: Connect):
    wire = connect(facebook, base_url=f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(
        Transient, match=r"127\.0\.0\.1:\d+ cannot be read \(connection refused\).*FACEBOOK_API_URL"
    ) as lost:
        ask_graph(wire)
    assert len(wire.slept) == 3
    assert wire.rows == []
    shown = everything_in(lost.value)
    assert TOKEN not in shown
    assert quote(TOKEN) not in shown
    assert lost.value.__context__ is None


def test_a_silent_server_is_given_up_in_time(server: Loopback, connect: Connect):
    server.on("/v26.0/111", Answer(is_silent=True))
    wire = connect(facebook, attempts=2)
    with pytest.raises(Transient, match="the connection broke before the whole answer") as lost:
        ask_graph(wire)
    assert TOKEN not in everything_in(lost.value)


def test_a_server_that_never_answers_is_timed_out(connect: Connect):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wire = connect(
            facebook, base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", attempts=1, timeout=(1, 0.05)
        )
        with pytest.raises(Transient, match="no answer in time") as lost:
            ask_graph(wire)
        assert TOKEN not in everything_in(lost.value)


@pytest.mark.parametrize("length", [b"", b"Content-Length: 1000000\r\n"])
def test_a_body_that_drips_for_ever_is_given_up(connect: Connect, length: bytes):
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + length + b"\r\n{") as url:
        wire = connect(facebook, base_url=url, attempts=1, longest_answer_s=0.3)
        with pytest.raises(Transient, match="no answer in time") as lost:
            ask_graph(wire)
    assert wire.rows == []
    assert TOKEN not in everything_in(lost.value)


def test_a_body_in_chunks_is_read_to_its_end(connect: Connect):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with dripping(head + b'7\r\n{"id":1\r\n1\r\n}\r\n0\r\n\r\n') as url:
        assert ask_graph(connect(facebook, base_url=url)) == {"id": 1}


def test_an_unknown_host_is_named(connect: Connect):
    wire = connect(facebook, base_url="http://graph.invalid", attempts=1)
    wire.session.proxies = {}
    with pytest.raises(
        Transient, match=r"graph\.invalid cannot be read \(the host name is not known\)"
    ) as lost:
        ask_graph(wire)
    assert TOKEN not in everything_in(lost.value)


def test_a_body_that_breaks_off_is_asked_for_again(server: Loopback, connect: Connect):
    server.on("/v26.0/111", Answer({"id": "111", "name": "n" * 500}, is_cut=True), Answer({"id": "111"}))
    wire = connect(facebook)
    assert ask_graph(wire) == {"id": "111"}
    assert [row["status"] for row in wire.rows] == [200]


def test_damaged_compression_is_a_passing_failure(server: Loopback, connect: Connect):
    broken = Answer(b"not gzip at all", headers={"Content-Encoding": "gzip"})
    server.on("/v26.0/111", broken, Answer({"id": "111"}))
    assert ask_graph(connect(facebook)) == {"id": "111"}


def test_after_two_lost_calls_the_network_is_taken_for_down_until_it_answers(
    server: Loopback, connect: Connect
):
    server.on(POSTS, Answer("busy", status=503))
    wire = connect(x)
    answers = []
    for _ in range(3):
        before = len(wire.rows)
        with pytest.raises(Transient):
            ask_x(wire)
        answers.append(len(wire.rows) - before)
    assert answers == [4, 4, 1]
    server.on(POSTS, GOOD)
    ask_x(wire)
    server.on(POSTS, Answer("busy", status=503), GOOD)
    ask_x(wire)


def test_a_failure_to_land_is_not_taken_for_the_networks(server: Loopback, connect: Connect):
    def full(row: dict[str, object]) -> None:
        raise OSError(28, "No space left on device")

    server.on(POSTS, GOOD)
    with pytest.raises(OSError, match="No space left"):
        ask_x(connect(x, land=full))
    assert len(server.asked) == 1


# Secrets


AWKWARD = "app|,sec/ret&ä=\"quote\"'x'%41 +z"


def forms_of(secret: str) -> list[str]:
    return [
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
    ]


def test_a_secret_is_replaced_in_url_parameters_headers_and_body(server: Loopback, connect: Connect):
    echo = {"error_log": AWKWARD, "plain": f"token={AWKWARD}", "quoted": quote(AWKWARD, safe=""), "id": "1"}
    body = json.dumps(echo).replace("/", "\\/")
    server.on(
        "/v26.0/111", Answer(body, headers={"X-Echo": quote(AWKWARD, safe=""), "Location": quote(AWKWARD)})
    )
    wire = connect(facebook, secrets=[AWKWARD])
    ask_graph(wire, token=AWKWARD)
    landed = repr(wire.rows) + json.dumps(wire.rows, default=str, ensure_ascii=False)
    for form in forms_of(AWKWARD):
        assert form not in landed
    assert json.loads(wire.rows[0]["body"]) == {
        "error_log": "[secret]",
        "plain": "token=[secret]",
        "quoted": "[secret]",
        "id": "1",
    }
    assert json.loads(wire.rows[0]["params"]) == {"fields": "id", "access_token": "[secret]"}
    assert wire.rows[0]["url"].endswith("access_token=[secret]")
    assert json.loads(wire.rows[0]["headers"])["X-Echo"] == "[secret]"


def test_a_secret_with_a_comma_is_replaced_under_any_name_in_a_query(server: Loopback, connect: Connect):
    server.on("/v26.0/", Answer({"1": {}}))
    wire = connect(facebook, secrets=[AWKWARD])
    with wire.session.asking("posts", "c1"):
        wire.session.get(f"{facebook.SDK_URL}/v26.0/", params={"a": AWKWARD, "b": "1"})
    assert server.asked[0].parameters == {"a": AWKWARD, "b": "1"}
    assert wire.rows[0]["url"] == f"{server.url}/v26.0/?a=[secret]&b=1"


def test_the_token_in_paging_next_does_not_land_but_reaches_the_sdk(server: Loopback, connect: Connect):
    following = f"https://graph.facebook.com/v26.0/111/posts?access_token={TOKEN}&limit=100&after=QVFJ"
    server.on(
        "/v26.0/111", Answer(json.dumps({"data": [], "paging": {"next": following}}).replace("/", "\\/"))
    )
    wire = connect(facebook)
    assert ask_graph(wire)["paging"]["next"] == following
    assert TOKEN not in repr(wire.rows)
    assert "after=QVFJ" in wire.rows[0]["body"]


@pytest.mark.parametrize(
    "body",
    [
        '{"data":[{"id":"1","access_token":"PAGE|tok\\/en-42"}]}',
        '{"access_token" : "PAGE|tok\\/en-42"}',
        '{"paging":{"next":"https:\\/\\/graph.facebook.com\\/v26.0\\/1?access_token=PAGE%7Ctok%2Fen-42&after=x"}}',
        '[{"code":200,"body":"{\\"access_token\\":\\"PAGE|tok\\\\/en-42\\"}"}]',
        '[{"code":200,"body":"{\\"next\\":\\"https://h/?access_token=PAGE%7Ctok%2Fen-42\\"}"}]',
    ],
)
def test_a_token_that_an_answer_carries_is_learned_and_replaced_everywhere(
    server: Loopback, connect: Connect, body: str
):
    token = "PAGE|tok/en-42"
    server.on("/v26.0/111", Answer(body), Answer({"note": token, "quoted": quote(token, safe="")}))
    wire = connect(facebook)
    ask_graph(wire)
    ask_graph(wire, token=token)
    landed = repr(wire.rows)
    for form in ("tok/en-42", "tok\\/en-42", "tok%2Fen-42"):
        assert form not in landed
    assert wire.session.redact(f"see {token}") == "see [secret]"


@pytest.mark.parametrize("name", ["refresh_token", "id_token", "access_token"])
def test_the_tokens_of_an_oauth_answer_are_learned(server: Loopback, connect: Connect, name: str):
    server.on("/v26.0/111", Answer({"expires_in": 3599, name: "ya29/new+token"}))
    wire = connect(facebook)
    ask_graph(wire)
    assert json.loads(wire.rows[0]["body"]) == {"expires_in": 3599, name: "[secret]"}
    assert wire.session.redact(f"see {quote('ya29/new+token', safe='')}") == "see [secret]"


def test_what_a_run_derives_can_be_kept_secret(server: Loopback, connect: Connect):
    server.on("/v26.0/111", Answer({"echo": "proof-of-it"}))
    wire = connect(facebook)
    wire.session.keep_secret("proof-of-it")
    wire.session.note(Transient("facebook", "lost with proof-of-it"))
    ask_graph(wire, "111?x=proof-of-it")
    assert "proof-of-it" not in repr(wire.rows) + repr(wire.session.report.troubles)


def test_secrets_in_a_json_or_form_body_do_not_land(server: Loopback, connect: Connect):
    server.on("/v26.0/token", Answer({"id": "1"}))
    wire = connect(facebook, secrets=["client's/secret\u00e9"])
    given = {"client_secret": "client's/secret\u00e9", "refresh_token": "never-told-1", "grant_type": "x"}
    with wire.session.asking("token", "c1"):
        wire.session.post("https://graph.facebook.com/v26.0/token", json=given)
        wire.session.post("https://graph.facebook.com/v26.0/token", data=given)
    kept = {"client_secret": "[secret]", "refresh_token": "[secret]", "grant_type": "x"}
    assert [json.loads(row["params"]) for row in wire.rows] == [{"body": kept}, kept]
    assert wire.session.redact("never-told-1") == "[secret]"


def test_a_derived_secret_in_an_address_is_learned_from_its_name(server: Loopback, connect: Connect):
    server.on("/v26.0/111", Answer({"echo": "0123456789abcdef"}))
    wire = connect(facebook)
    ask_graph(wire, "111?appsecret_proof=0123456789abcdef")
    assert "0123456789abcdef" not in repr(wire.rows)


def test_the_authorization_header_does_not_land(server: Loopback, connect: Connect):
    server.on(POSTS, GOOD)
    wire = connect(x, secrets=[])
    ask_x(wire)
    assert TOKEN not in repr(wire.rows)


def test_a_token_in_an_answer_that_broke_off_is_replaced_too(server: Loopback, connect: Connect):
    server.on(
        "/v26.0/111",
        Answer('{"data":[{"id":"1","access_token":"EAAPAGETOKEN42"},{"id":"2","access_token":"EAAHALF'),
    )
    wire = connect(facebook)
    with pytest.raises(Unreadable):
        ask_graph(wire)
    assert "EAA" not in repr(wire.rows)


def test_a_platforms_message_that_repeats_the_token_is_raised_without_it(server: Loopback, connect: Connect):
    error = {"message": f"Malformed access token {TOKEN}", "type": "OAuthException", "code": 190}
    server.on("/v26.0/111", Answer({"error": error}, status=400))
    with pytest.raises(Trouble, match=r"Malformed access token \[secret\]") as refused:
        ask_graph(connect(facebook))
    assert TOKEN not in everything_in(refused.value)


def test_a_message_that_is_quoted_in_part_shows_no_part_of_the_token(server: Loopback, connect: Connect):
    for length in range(255, 300, 3):
        error = {"message": f"{'x' * length} {TOKEN}", "type": "OAuthException", "code": 190}
        server.on("/v26.0/111", Answer({"error": error}, status=400))
        with pytest.raises(Trouble) as refused:
            ask_graph(connect(facebook))
        assert TOKEN[:5] not in everything_in(refused.value)


def test_a_noted_trouble_is_counted_without_its_secrets(connect: Connect):
    wire = connect(x)
    for _ in range(2):
        wire.session.note(Transient("x", f"lost with {TOKEN}"))
    assert wire.session.report.troubles == [("Transient", "lost with [secret]", 2)]


def test_no_library_logs_the_token_at_any_level(
    server: Loopback, connect: Connect, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "tweepy", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.on("/v26.0/111", Answer({"id": "111", "paging": {"next": f"https://h/?access_token={TOKEN}"}}))
    server.on(POSTS, Answer({"data": [], "echo": TOKEN}))
    ask_graph(connect(facebook))
    ask_x(connect(x))
    dead = connect(facebook, base_url=f"http://127.0.0.1:{closed_port()}", attempts=1)
    with pytest.raises(Transient):
        ask_graph(dead)
    assert "v26.0/111" in caplog.text
    assert "Bearer [secret]" in caplog.text
    assert TOKEN not in caplog.text
    assert all(TOKEN not in repr(record.args) and TOKEN not in str(record.msg) for record in caplog.records)


@pytest.mark.parametrize(
    "other", [{"verify": False}, {"cert": ("a.pem", "a.key")}, {"proxies": {"https": "http://127.0.0.1:9"}}]
)
def test_a_connection_is_kept_for_a_host_and_a_way_of_asking_it(connect: Connect, other: dict[str, object]):
    adapter = connect(facebook).session.get_adapter(f"{facebook.SDK_URL}/1")
    assert isinstance(adapter, HTTPAdapter)
    asked = requests.Request("GET", f"{facebook.SDK_URL}/1").prepare()
    way = {"verify": True, "proxies": None, "cert": None}
    first, again, otherwise = (
        adapter.get_connection_with_tls_context(asked, **one) for one in (way, way, way | other)
    )
    assert first is again
    assert first is not otherwise


def test_signing_by_oauth_1_logs_no_token(
    server: Loopback, connect: Connect, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    server.on(POSTS, GOOD)
    keys = ("the-consumer-key/1", "the-consumer-secret", "7-the-access-token", "the-token's-secret")
    wire = connect(x, secrets=keys)
    client = tweepy.Client(None, *keys, return_type=requests.Response)
    client.session = wire.session
    with wire.session.asking("posts", "c1"):
        client.get_tweets(["1"], user_auth=True)
    assert "signature base string" in caplog.text
    landed = repr(wire.rows)
    for key in keys:
        for form in (key, quote(key, safe=""), quote(quote(key, safe=""), safe="")):
            assert form not in caplog.text + landed


def test_a_log_record_with_a_traceback_loses_both_token_and_traceback(
    connect: Connect, caplog: pytest.LogCaptureFixture
):
    connect(facebook)
    log = logging.getLogger("urllib3.connectionpool")
    try:
        raise http.client.HTTPException(f"bad header in /?access_token={TOKEN}")
    except http.client.HTTPException:
        log.warning("Failed to parse headers (url=%s)", f"http://h/?access_token={TOKEN}", exc_info=True)
    assert TOKEN not in caplog.text
    assert "Failed to parse headers (url=http://h/?access_token=[secret])" in caplog.text


def test_a_closed_session_leaves_the_loggers_as_they_were(connect: Connect):
    log = logging.getLogger("urllib3.connectionpool")
    before = list(log.filters)
    wire = connect(x)
    assert len(log.filters) == len(before) + 1
    wire.session.close()
    assert log.filters == before
