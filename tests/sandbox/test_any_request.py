"""Whatever a client sends is answered with something that the platform would say."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.exchange import Asked
from connectors.sandbox.facebook import USER_TOKEN, FacebookFace
from connectors.sandbox.growth import Moment
from connectors.sandbox.world import shipped_world
from connectors.sandbox.x import BEARER_TOKEN, XFace
from tests.sandbox.plain import END_2019, GRAPH_POST

NOW = Moment.of(END_2019)
TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "0",
        "-1",
        "1e400",
        "9" * 30,
        "2019-13-01",
        "2019-11-12T00:00:00Z",
        "x{y.z(1)}",
        "a,b",
        "MTIz",
        "117946023",
        GRAPH_POST,
    ]
)
X_BOUNDS = ["max_results", "pagination_token", "start_time", "end_time", "since_id", "until_id", "exclude"]
X_FIELDS = ["tweet.fields", "post.fields", "expansions", "media.fields", "user.fields"]
X_NAMES = st.sampled_from(["ids", "usernames", *X_BOUNDS, *X_FIELDS, "other"])
GRAPH_BOUNDS = ["limit", "since", "until", "after", "before", "period"]
GRAPH_NAMES = st.sampled_from(
    ["ids", "id", "fields", "metric", "type", "batch", "input_token", *GRAPH_BOUNDS]
)
X_PATHS = (
    st.sampled_from(["/2/tweets", "/2/users/by", "/2/users/117946023/tweets", "/2/users/7/tweets"]) | TEXT
)
FILM = "118273904551_8097613241034693"
NODES = ["", "me", "me/accounts", "uklabour", "uklabour/posts", "uklabour/videos", "118273904551/insights"]
GRAPH_PATHS = st.sampled_from([*NODES, FILM, f"{FILM}/insights", "663207813267942/video_insights"]) | TEXT


@given(X_PATHS, st.dictionaries(X_NAMES, TEXT, max_size=4), st.sampled_from(["GET", "POST", "DELETE"]))
def test_x_answers_any_request(path: str, query: dict[str, str], method: str) -> None:
    headers = {"authorization": f"Bearer {BEARER_TOKEN}"}
    answer = XFace(shipped_world()).answer(Asked(method, path, query, headers, b"", NOW))
    assert answer.status in (200, 400, 404, 405)
    assert isinstance(json.loads(answer.body), dict)


@given(
    GRAPH_PATHS,
    st.dictionaries(GRAPH_NAMES, TEXT, max_size=4),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from([USER_TOKEN, "sandbox-page-token-118273904551"]),
    st.sampled_from(["/v26.0/", "/v2.8/", "/", "/v²/", "/v1.1.1/"]),
)
def test_graph_answers_any_request(
    path: str, query: dict[str, str], method: str, token: str, version: str
) -> None:
    asked = Asked(method, version + path, {**query, "access_token": token}, {}, b"", NOW)
    answer = FacebookFace(shipped_world()).answer(asked)
    assert answer.status in (200, 400, 403)
    assert isinstance(json.loads(answer.body), dict | list)
