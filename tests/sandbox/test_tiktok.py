"""The TikTok face: what the Display API's descriptions promise, asked over HTTP with plain requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.exchange import Asked
from connectors.sandbox.growth import Moment
from connectors.sandbox.server import Sandbox
from connectors.sandbox.tiktok import ACCESS_TOKEN, REQUESTS_PER_MINUTE, TikTokFace
from connectors.sandbox.tiktok.world import tiktok_world
from tests.sandbox.plain import END_2019, at

FIELDS = "id,create_time,share_url,title,duration,view_count,like_count,comment_count,share_count"


class Client:
    """Asks the sandbox's TikTok."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.settings = sandbox.settings
        self.url = self.settings["TIKTOK_API_URL"]
        self.token = self.settings["TIKTOK_ACCESS_TOKEN"]
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(
        self, path: str, body: object = None, moment: datetime | None = None, fields: str | None = FIELDS
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        if moment is not None:
            headers["Date"] = format_datetime(moment, usegmt=True)
        method = "GET" if path.startswith("/v2/user") else "POST"
        query = {} if fields is None else {"fields": fields}
        return self.session.request(
            method, f"{self.url}{path}", params=query, json=body, headers=headers, timeout=10
        )

    def videos(self, moment: datetime | None = None, size: int = 20) -> list[dict[str, Any]]:
        """Every video of the account, over the list's pages."""
        body: dict[str, object] = {"max_count": size}
        found: list[dict[str, Any]] = []
        while True:
            data = self.ask("/v2/video/list/", body, moment).json()["data"]
            found += data["videos"]
            if not data["has_more"]:
                return found
            body["cursor"] = data["cursor"]

    def sign_in(self, **changes: str) -> requests.Response:
        names = ("CLIENT_KEY", "CLIENT_SECRET", "REFRESH_TOKEN")
        form = {name.lower(): self.settings[f"TIKTOK_{name}"] for name in names}
        form |= {"grant_type": "refresh_token", **changes}
        return self.session.post(f"{self.url}/v2/oauth/token/", data=form, timeout=10)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Sandbox(now=END_2019) as sandbox:
        client = Client(sandbox)
        with client.session:
            yield client


def code(answer: requests.Response) -> str:
    return str(answer.json()["error"]["code"])


def test_a_good_answer_carries_an_error_that_says_ok(client: Client) -> None:
    answer = client.ask("/v2/video/list/", {"max_count": 1})
    assert answer.status_code == 200
    assert set(answer.json()["error"]) == {"code", "message", "log_id"}
    assert code(answer) == "ok"


def test_moments_are_seconds_and_cursors_milliseconds(client: Client) -> None:
    data = client.ask("/v2/video/list/", {"max_count": 3}).json()["data"]
    assert data["has_more"] is True
    assert data["cursor"] == data["videos"][-1]["create_time"] * 1000
    older = client.ask("/v2/video/list/", {"max_count": 3, "cursor": data["cursor"]}).json()["data"]
    assert older["videos"][0]["create_time"] < data["videos"][-1]["create_time"]


def test_a_list_gives_every_public_video_newest_first_whatever_the_page(client: Client) -> None:
    whole = [video["id"] for video in client.videos()]
    assert [video["id"] for video in client.videos(size=7)] == whole
    assert len(set(whole)) == len(whole) == 25
    assert whole == sorted(whole, key=int, reverse=True)
    assert int(client.videos()[-1]["create_time"]) < at(29, 10).timestamp()


def test_a_query_leaves_out_what_is_gone_and_what_is_anothers(client: Client) -> None:
    before, after = client.videos(at(3, 12, 8)), client.videos(at(3, 12, 10))
    [gone] = {video["id"] for video in before} - {video["id"] for video in after}
    alive = after[0]["id"]
    body = {"filters": {"video_ids": [gone, alive, "6768504823336815877"]}}
    shown = client.ask("/v2/video/query/", body, at(3, 12, 10)).json()["data"]["videos"]
    assert [video["id"] for video in shown] == [alive]


def test_counters_grow_and_stay_below_a_million(client: Client) -> None:
    early = {video["id"]: video for video in client.videos(at(20, 11))}
    late = {video["id"]: video for video in client.videos()}
    for name in early.keys() & late.keys():
        assert early[name]["view_count"] <= late[name]["view_count"]
    assert max(video["view_count"] for video in late.values()) < 1_000_000
    assert client.videos() == client.videos()


def test_the_user_is_the_tokens_and_shows_what_is_asked_for(client: Client) -> None:
    user = client.ask("/v2/user/info/", fields="username,follower_count").json()["data"]["user"]
    assert user == {"username": "uklabour", "follower_count": 8120}


def test_texts_are_awkward(client: Client) -> None:
    titles = {video["title"] for video in client.videos()}
    assert "=1+1" in titles
    assert any("🌹" in title for title in titles)
    assert any("\u200f" in title for title in titles)
    assert any(title.startswith("<b>") for title in titles)


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("/v2/video/list/", {"max_count": 21}, FIELDS),
        ("/v2/video/list/", {"max_count": 0}, FIELDS),
        ("/v2/video/list/", {"cursor": "later"}, FIELDS),
        ("/v2/video/list/", [], FIELDS),
        ("/v2/video/list/", {}, None),
        ("/v2/video/list/", {}, "id,nonsense"),
        ("/v2/video/query/", {"filters": {"video_ids": []}}, FIELDS),
        ("/v2/video/query/", {"filters": {"video_ids": ["1"] * 21}}, FIELDS),
        ("/v2/video/query/", {"filters": 3}, FIELDS),
        ("/v2/user/info/", None, "nonsense"),
    ],
)
def test_what_the_descriptions_forbid_is_refused(
    client: Client, path: str, body: object, fields: str | None
) -> None:
    answer = client.ask(path, body, fields=fields)
    assert (answer.status_code, code(answer)) == (400, "invalid_params")


def test_another_token_is_refused_and_a_renewed_one_is_not(client: Client) -> None:
    client.token, kept = "act.another", client.token
    try:
        refused = client.ask("/v2/video/list/", {})
        assert (refused.status_code, code(refused)) == (401, "access_token_invalid")
        client.token = client.sign_in().json()["access_token"]
        assert code(client.ask("/v2/video/list/", {})) == "ok"
    finally:
        client.token = kept


def test_a_sign_in_says_what_is_wrong_in_oauths_own_shape(client: Client) -> None:
    assert client.sign_in(refresh_token="another").json()["error"] == "invalid_grant"
    assert client.sign_in(client_key="another").json()["error"] == "invalid_client"


def test_requests_are_counted_by_endpoint_and_minute() -> None:
    with Sandbox(now=at(20, 11)) as sandbox:
        client = Client(sandbox)
        face = sandbox.service._faces["tiktok"]
        with client.session:
            client.ask("/v2/user/info/", fields="open_id")
            [counted] = face._used
            face._used[counted] = REQUESTS_PER_MINUTE
            late = client.ask("/v2/user/info/", fields="open_id")
            assert (late.status_code, code(late)) == (429, "rate_limit_exceeded")
            assert code(client.ask("/v2/video/list/", {})) == "ok"
            assert code(client.ask("/v2/user/info/", moment=at(20, 11, 0, 1), fields="open_id")) == "ok"


BODY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["max_count", "cursor", "filters", "video_ids"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PATHS = ["/v2/video/list/", "/v2/video/query/", "/v2/user/info/", "/v2/oauth/token/", "/v2/video/list"]


@given(
    st.sampled_from(PATHS) | st.text(max_size=9),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from([FIELDS, "open_id", "", "nonsense"]),
    BODY.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=9),
)
def test_any_request_is_answered(path: str, method: str, fields: str, body: bytes) -> None:
    headers = {"authorization": f"Bearer {ACCESS_TOKEN}"}
    asked = Asked(method, path, {"fields": fields}, headers, body, Moment.of(END_2019))
    answer = TikTokFace(tiktok_world()).answer(asked)
    assert answer.status in (200, 400, 404)
    assert answer.status == 404 or isinstance(json.loads(answer.body), dict)
