"""The clock, determinism, faults and the process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any
from urllib.parse import quote_plus

import pytest
import requests

from connectors import sandbox
from connectors.sandbox import SETTINGS, faults
from connectors.sandbox.server import Sandbox
from connectors.sandbox.world import World, shipped_world
from tests.sandbox.plain import END_2019, GRAPH_POST, POST_FIELDS, Plain, at, truth

FILM_POST = "118273904551_8097613241034693"


def test_two_servers_give_the_same_answers() -> None:
    names = ("oddities", "uk-general-election-2017", "uk-general-election-2019")
    rebuilt = World(truth(name) for name in names)
    assert rebuilt is not shipped_world()
    found = []
    for world in (None, rebuilt):
        with Sandbox(world=world) as sandbox:
            client = Plain(sandbox)
            with client.session:
                answers = [
                    client.x("/users/117946023/tweets", at(20, 11, 6), max_results="100", **POST_FIELDS),
                    client.graph("uklabour/posts", at(20, 11, 6), fields=GRAPH_POST, limit="100"),
                    client.graph("nosuchpage", at(20, 11, 6)),
                ]
            found.append([(answer.status_code, dict(answer.headers), answer.content) for answer in answers])
    assert found[0] == found[1]


def test_the_date_header_wins_over_the_clock(own: Plain) -> None:
    own.sandbox.set_clock(at(10, 11))
    by_clock = own.graph("uklabour/posts", fields=GRAPH_POST)
    assert own.graph("uklabour/posts", at(10, 11), fields=GRAPH_POST).content == by_clock.content
    assert own.graph("uklabour/posts", at(11, 11), fields=GRAPH_POST).content != by_clock.content
    assert by_clock.headers["date"] == "Sun, 10 Nov 2019 00:00:00 GMT"


def test_the_clock_is_read_and_set_over_http(own: Plain) -> None:
    clock = f"{own.sandbox.url}/clock"
    assert own.session.get(clock, timeout=10).json() == {"now": END_2019.isoformat()}
    moved = own.session.put(clock, data="2019-11-10T00:00:00Z", timeout=10)
    assert moved.json() == {"now": "2019-11-10T00:00:00+00:00"}
    assert own.session.get(clock, timeout=10).json() == moved.json()
    assert own.session.put(clock, data="yesterday", timeout=10).status_code == 400
    assert own.session.put(clock, data="2019-11-10T00:00:00", timeout=10).status_code == 400


def test_an_unreadable_date_is_refused(plain: Plain) -> None:
    answer = plain.session.get(f"{plain.sandbox.x_url}/2/tweets", headers={"Date": "soon"}, timeout=10)
    assert answer.status_code == 400


def test_requests_are_remembered(own: Plain) -> None:
    own.x("/tweets", ids="20")
    assert own.sandbox.requests == ["GET /x/2/tweets?ids=20"]


X_FAULTS: list[tuple[dict[str, Any], int, Any]] = [
    (
        {"fault": "rate_limited_future"},
        429,
        lambda a: int(a.headers["x-rate-limit-reset"]) == END_2019.timestamp() + 30,
    ),
    ({"fault": "rate_limited_future", "reset": 99}, 429, lambda a: a.headers["x-rate-limit-reset"] == "99"),
    (
        {"fault": "rate_limited_past"},
        429,
        lambda a: int(a.headers["x-rate-limit-reset"]) == END_2019.timestamp() - 30,
    ),
    (
        {"fault": "rate_limited_without_reset"},
        429,
        lambda a: "x-rate-limit-reset" not in a.headers and a.json()["errors"][0]["code"] == 88,
    ),
    (
        {"fault": "usage_capped"},
        429,
        lambda a: a.json()["type"].endswith("/usage-capped") and int(a.headers["x-rate-limit-remaining"]) > 0,
    ),
    ({"fault": "credits_depleted"}, 402, lambda a: a.json()["title"] == "CreditsDepleted"),
    ({"fault": "token_expired"}, 401, lambda a: a.json()["title"] == "Unauthorized"),
    ({"fault": "html_502"}, 502, lambda a: a.headers["content-type"].startswith("text/html")),
    ({"fault": "html_503"}, 503, lambda a: a.content.startswith(b"<!DOCTYPE html>")),
    ({"fault": "html_200"}, 200, lambda a: a.content.startswith(b"<!DOCTYPE html>")),
    ({"fault": "false_200"}, 200, lambda a: a.json() is False),
    ({"fault": "empty_200"}, 200, lambda a: a.content == b""),
    ({"fault": "no_content_type"}, 200, lambda a: "content-type" not in a.headers and "data" in a.json()),
    ({"fault": "gone"}, 200, lambda a: set(a.json()) == {"errors"}),
]
GRAPH_FAULTS: list[tuple[dict[str, Any], int, Any]] = [
    ({"fault": "token_expired"}, 400, lambda a: (error(a)["code"], error(a)["error_subcode"]) == (190, 463)),
    ({"fault": "graph_throttled"}, 403, lambda a: error(a)["code"] == 4 and "x-app-usage" in a.headers),
    (
        {"fault": "graph_throttled", "code": 17},
        400,
        lambda a: error(a)["code"] == 17 and "x-app-usage" in a.headers,
    ),
    (
        {"fault": "graph_throttled", "code": 32, "headers": False},
        400,
        lambda a: error(a)["code"] == 32 and "x-app-usage" not in a.headers,
    ),
    (
        {"fault": "graph_throttled", "code": 80001, "minutes": 7},
        400,
        lambda a: '"estimated_time_to_regain_access":7' in a.headers["x-business-use-case-usage"],
    ),
    (
        {"fault": "reduce_data"},
        500,
        lambda a: error(a)["code"] == 1 and "reduce the amount of data" in error(a)["message"],
    ),
    ({"fault": "transient"}, 500, lambda a: error(a)["code"] == 2 and error(a)["is_transient"]),
    ({"fault": "permission_lost"}, 403, lambda a: error(a)["code"] == 10),
    ({"fault": "metric_refused"}, 400, lambda a: "valid insights metric" in error(a)["message"]),
    ({"fault": "gone"}, 400, lambda a: (error(a)["code"], error(a)["error_subcode"]) == (100, 33)),
    ({"fault": "false_200"}, 200, lambda a: a.json() is False),
    ({"fault": "html_502"}, 502, lambda a: a.headers["content-type"].startswith("text/html")),
    ({"fault": "reactions_withheld"}, 200, lambda a: "reactions" not in a.json() and "message" in a.json()),
]


def error(answer: requests.Response) -> dict[str, Any]:
    return dict(answer.json()["error"])


@pytest.fixture(scope="module")
def faulty() -> Any:
    with Sandbox() as sandbox:
        client = Plain(sandbox)
        with client.session:
            yield client


@pytest.mark.parametrize(
    ("fault", "status", "is_right"), X_FAULTS, ids=lambda value: "" if callable(value) else str(value)[:60]
)
def test_x_faults_have_their_documented_shape(
    faulty: Plain, fault: dict[str, Any], status: int, is_right: Any
) -> None:
    faulty.sandbox.program({"match": "/x/2/tweets", **fault})
    post = "1194306645128129448"
    answer = faulty.x("/tweets", ids=post)
    assert answer.status_code == status
    assert is_right(answer)
    assert faulty.x("/tweets", ids=post).json()["data"][0]["id"] == post


@pytest.mark.parametrize(
    ("fault", "status", "is_right"),
    GRAPH_FAULTS,
    ids=lambda value: "" if callable(value) else str(value)[:60],
)
def test_graph_faults_have_their_documented_shape(
    faulty: Plain, fault: dict[str, Any], status: int, is_right: Any
) -> None:
    faulty.sandbox.program({"match": FILM_POST, **fault})
    answer = faulty.graph(FILM_POST, fields=GRAPH_POST)
    assert answer.status_code == status
    assert is_right(answer)
    assert "reactions" in faulty.graph(FILM_POST, fields=GRAPH_POST).json()


def test_truncated_json_cannot_be_read(faulty: Plain) -> None:
    faulty.sandbox.program({"match": "", "fault": "truncated_json"})
    with pytest.raises(requests.exceptions.JSONDecodeError):
        faulty.graph("uklabour").json()


def test_an_empty_page_may_have_a_next_one(faulty: Plain) -> None:
    faulty.sandbox.program(
        {"match": "/posts", "fault": "empty_page"}, {"match": "/x/", "fault": "empty_page"}
    )
    graph = faulty.graph("uklabour/posts", limit="5").json()
    assert graph["data"] == []
    assert "next" in graph["paging"]
    x = faulty.x("/users/117946023/tweets").json()
    assert set(x["meta"]) == {"result_count", "next_token"}


def test_a_stalled_request_runs_into_the_clients_timeout(faulty: Plain) -> None:
    faulty.sandbox.program({"match": "uklabour", "fault": "stalled"})
    with pytest.raises(requests.exceptions.ReadTimeout):
        faulty.session.get(f"{faulty.sandbox.facebook_url}/v26.0/uklabour", timeout=0.05)


def test_a_cut_off_answer_breaks_the_connection(faulty: Plain) -> None:
    faulty.sandbox.program({"match": "uklabour", "fault": "cut_off"})
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        faulty.graph("uklabour")


def test_faults_reach_into_batches(faulty: Plain) -> None:
    faulty.sandbox.program(
        {"match": FILM_POST, "fault": "null_item"}, {"match": FILM_POST, "fault": "transient"}
    )
    batch = json.dumps([{"method": "GET", "relative_url": f"{FILM_POST}?fields=id"}] * 3)
    items = faulty.batch(batch).json()
    assert items[0] is None
    assert json.loads(items[1]["body"])["error"]["code"] == 2
    assert json.loads(items[2]["body"]) == {"id": FILM_POST}


def test_rows_come_twice(faulty: Plain) -> None:
    faulty.sandbox.program({"match": "uklabour/posts", "fault": "doubled_rows"})
    twice = faulty.graph("uklabour/posts", limit="5").json()["data"]
    once = faulty.graph("uklabour/posts", limit="5").json()["data"]
    assert [row["id"] for row in twice] == [row["id"] for row in once for _ in range(2)]


def test_a_page_names_itself_as_the_next_one(faulty: Plain) -> None:
    first = faulty.graph("uklabour/posts", limit="5").json()
    after = first["paging"]["cursors"]["after"]
    faulty.sandbox.program({"match": "uklabour/posts", "fault": "repeated_cursor", "times": 2})
    for _ in range(2):
        page = faulty.graph("uklabour/posts", limit="5", after=after).json()
        assert page["data"] != first["data"]
        assert page["paging"]["cursors"]["after"] == after
        assert f"after={quote_plus(after)}" in page["paging"]["next"]


@pytest.mark.parametrize("platform", sandbox.faces())
def test_what_goes_wrong_nowhere_else_is_refused_there(own: Plain, platform: str) -> None:
    others = {name for face in sandbox.faces() for name in faults.known_on(face)}
    foreign = sorted(others - faults.known_on(platform))[0]
    own.sandbox.program({"match": f"/{platform}/", "fault": foreign})
    answer = own.session.get(f"{own.sandbox.url}/{platform}/anything", timeout=10)
    assert (answer.status_code, answer.text) == (400, f"{foreign} does not happen on {platform}\n")


def test_every_token_that_was_sent_or_given_out_is_remembered(own: Plain) -> None:
    own.x("/tweets", ids="20")
    pages = own.graph("me/accounts", fields="access_token").json()["data"]
    settings = own.sandbox.settings
    assert own.sandbox.tokens == {
        settings["X_BEARER_TOKEN"],
        settings["FACEBOOK_ACCESS_TOKEN"],
        *(page["access_token"] for page in pages),
    }


def test_faults_are_programmed_over_http_and_run_out(own: Plain) -> None:
    door = f"{own.sandbox.url}/faults"
    programme = [{"match": "ids=20", "fault": "html_502", "times": 2}]
    assert own.session.put(door, json=programme, timeout=10).json() == programme
    assert [own.x("/tweets", ids=ids).status_code for ids in ("20", "21", "20", "20")] == [502, 200, 502, 200]
    assert own.session.get(door, timeout=10).json()[0]["times"] == 0
    assert own.session.put(door, json=[{"fault": "nonsense"}], timeout=10).status_code == 400
    assert own.session.put(door, data="nonsense", timeout=10).status_code == 400
    assert own.session.put(door, json=[], timeout=10).json() == []


def test_the_process_says_in_one_line_where_it_listens() -> None:
    command = [sys.executable, "-m", "connectors.sandbox", "--port", "0", "--now", "2019-11-10T00:00:00Z"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert line["settings"] == SETTINGS(line["port"])
        clock = requests.get(f"{line['url']}/clock", timeout=10).json()
        assert clock == {"now": "2019-11-10T00:00:00+00:00"}
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == ""
    assert process.returncode in (0, -signal.SIGTERM)
