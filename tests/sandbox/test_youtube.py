"""The YouTube face: what Google's documents promise, asked over HTTP with plain requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.exchange import Asked
from connectors.sandbox.growth import Moment
from connectors.sandbox.server import Sandbox
from connectors.sandbox.youtube import ACCESS_TOKEN, API_KEY, UNITS_PER_DAY, YouTubeFace
from connectors.sandbox.youtube.world import youtube_world
from tests.sandbox.plain import END_2019, at

OWN, RIVAL, HUGE = "UCsandboxUKLabour0000001", "UCsandboxConservative-_2", "UCsandboxOddHuge00000003"
PARTS = "snippet,statistics,contentDetails"
EXTRACT = json.loads((Path(__file__).parent / "youtube-discovery-extract.json").read_text(encoding="utf-8"))
SCHEMAS = EXTRACT["schemas"]
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def check(found: Any, schema: str) -> None:
    """Raises when `found` has a property that Google's description does not know, or one of another type."""
    assert set(found) <= set(SCHEMAS[schema])
    for name, value in found.items():
        described = SCHEMAS[schema][name]
        if "$ref" in described:
            if described["$ref"] in SCHEMAS:
                check(value, described["$ref"])
            continue
        assert isinstance(value, TYPES[described["type"]]), f"{schema}.{name}"
        if described.get("format") in ("uint64", "int64"):
            assert value.isdigit()
        inner = described.get("items", {}).get("$ref")
        for item in value if inner in SCHEMAS else ():
            check(item, inner)


class Client:
    """Asks the sandbox's YouTube."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.settings = sandbox.settings
        self.url = self.settings["YOUTUBE_API_URL"]
        self.session = requests.Session()
        self.session.trust_env = False

    def get(
        self, path: str, moment: datetime | None = None, token: str | None = None, **query: str
    ) -> requests.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if moment is not None:
            headers["Date"] = format_datetime(moment, usegmt=True)
        if token is None:
            query.setdefault("key", self.settings["YOUTUBE_API_KEY"])
        return self.session.get(f"{self.url}{path}", params=query, headers=headers, timeout=10)

    def list(self, resource: str, moment: datetime | None = None, **query: str) -> dict[str, Any]:
        answer = self.get(f"/youtube/v3/{resource}", moment, **query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def uploads(self, channel: str, moment: datetime | None = None, size: str = "50") -> list[dict[str, Any]]:
        """Everything in a channel's list of uploads, over its pages."""
        query = {"part": "snippet,contentDetails", "playlistId": "UU" + channel[2:], "maxResults": size}
        found: list[dict[str, Any]] = []
        while True:
            page = self.list("playlistItems", moment, **query)
            found += page["items"]
            if "nextPageToken" not in page:
                return found
            query["pageToken"] = page["nextPageToken"]

    def videos(self, channel: str, moment: datetime | None = None) -> dict[str, dict[str, Any]]:
        ids = [item["contentDetails"]["videoId"] for item in self.uploads(channel, moment)]
        items = self.list("videos", moment, part=PARTS, id=",".join(ids))["items"]
        return {item["id"]: item for item in items}

    def token(self, **changes: str) -> requests.Response:
        names = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")
        form = {name.lower(): self.settings[f"YOUTUBE_{name}"] for name in names}
        form |= {"grant_type": "refresh_token", **changes}
        return self.session.post(f"{self.url}/token", data=form, timeout=10)

    def report(self, moment: datetime | None = None, **changes: str) -> requests.Response:
        query = {
            "ids": "channel==MINE",
            "startDate": "2019-11-20",
            "endDate": "2019-11-30",
            "metrics": "views,likes",
            "dimensions": "day",
        }
        token = str(self.token().json()["access_token"])
        return self.get("/v2/reports", moment, token=token, **{**query, **changes})


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Sandbox(now=END_2019) as sandbox:
        client = Client(sandbox)
        with client.session:
            yield client


def reason(answer: requests.Response) -> str:
    return str(answer.json()["error"]["errors"][0]["reason"])


def test_numbers_are_texts_and_moments_are_utc(client: Client) -> None:
    [channel] = client.list("channels", part=PARTS, forHandle="@uklabour")["items"]
    assert channel["id"] == OWN
    assert channel["snippet"]["customUrl"] == "@uklabour"
    assert channel["statistics"]["subscriberCount"] == "61400"
    assert channel["contentDetails"]["relatedPlaylists"]["uploads"] == "UU" + OWN[2:]
    video = next(iter(client.videos(OWN).values()))
    assert all(isinstance(count, str) for count in video["statistics"].values())
    assert datetime.fromisoformat(video["snippet"]["publishedAt"]).tzinfo == UTC


def test_answers_are_as_googles_documents_describe_them(client: Client) -> None:
    check(client.list("channels", part=PARTS, id=f"{OWN},{HUGE}"), "ChannelListResponse")
    for channel in (OWN, RIVAL, HUGE):
        query = {"part": "snippet,contentDetails,status", "playlistId": "UU" + channel[2:], "maxResults": "9"}
        check(client.list("playlistItems", at(5, 12), **query), "PlaylistItemListResponse")
        ids = ",".join(client.videos(channel))
        check(client.list("videos", part=f"{PARTS},status", id=ids), "VideoListResponse")
    check(client.report().json(), "QueryResponse")


def test_a_channel_that_hides_its_subscribers_has_a_counter_beyond_32_bits(client: Client) -> None:
    [channel] = client.list("channels", part="statistics", id=HUGE)["items"]
    assert channel["statistics"]["hiddenSubscriberCount"] is True
    assert "subscriberCount" not in channel["statistics"]
    [video] = client.videos(HUGE).values()
    assert video["statistics"]["viewCount"] == "1000000000000"


def test_an_unknown_channel_leaves_the_items_out(client: Client) -> None:
    assert "items" not in client.list("channels", part="id", forHandle="nobody")


def test_hidden_likes_and_comments_are_left_out(client: Client) -> None:
    keys = [set(video["statistics"]) for video in client.videos(OWN).values()]
    assert {"viewCount", "favoriteCount"} in keys
    assert {"viewCount", "favoriteCount", "commentCount"} in keys


def test_private_and_deleted_videos_are_not_among_the_items(client: Client) -> None:
    before, after = client.videos(OWN, at(1, 12, 11)), client.videos(OWN, at(1, 12, 13))
    [private] = set(before) - set(after)
    kept = [item for item in client.uploads(OWN, at(1, 12, 13)) if private in str(item["contentDetails"])]
    assert kept[0]["snippet"]["title"] == "Private video"
    assert "videoPublishedAt" not in kept[0]["contentDetails"]
    gone = set(client.videos(RIVAL, at(25, 11, 17))) - set(client.videos(RIVAL, at(25, 11, 19)))
    assert len(gone) == 1
    uploads = client.uploads(RIVAL, at(25, 11, 19))
    assert not gone & {item["contentDetails"]["videoId"] for item in uploads}


def test_uploads_come_newest_first_over_their_pages(client: Client) -> None:
    whole, paged = client.uploads(OWN), client.uploads(OWN, size="7")
    assert [item["id"] for item in paged] == [item["id"] for item in whole]
    moments = [item["snippet"]["publishedAt"] for item in whole]
    assert moments == sorted(moments, reverse=True)
    assert moments[-1] < "2019-10-29"


def test_counters_grow_to_the_worlds_figures_and_stay_below_a_million(client: Client) -> None:
    early, late = client.videos(OWN, at(20, 11)), client.videos(OWN)
    for name, video in early.items():
        if name in late:
            assert int(video["statistics"]["viewCount"]) <= int(late[name]["statistics"]["viewCount"])
    views = [
        int(video["statistics"]["viewCount"]) for one in (OWN, RIVAL) for video in client.videos(one).values()
    ]
    assert max(views) < 1_000_000


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"part": "statistics", "id": ",".join(["x"] * 51)}, "invalidFilters"),
        ({"part": "statistics", "id": "x", "maxResults": "5"}, "incompatibleParameters"),
        ({"part": "statistics"}, "missingRequiredParameter"),
        ({"id": "x"}, "missingRequiredParameter"),
        ({"part": "nonsense", "id": "x"}, "unknownPart"),
        ({"part": "id", "id": "x", "nonsense": "1"}, "badRequest"),
    ],
)
def test_what_the_documents_forbid_is_refused(client: Client, query: dict[str, str], told: str) -> None:
    answer = client.get("/youtube/v3/videos", **query)
    assert answer.status_code == 400
    assert reason(answer) == told


def test_an_unknown_playlist_and_an_unknown_page_are_refused(client: Client) -> None:
    unknown = client.get("/youtube/v3/playlistItems", part="id", playlistId="UUnobody")
    assert (unknown.status_code, reason(unknown)) == (404, "playlistNotFound")
    query = {"part": "id", "playlistId": "UU" + OWN[2:], "pageToken": "elsewhere"}
    page = client.get("/youtube/v3/playlistItems", **query)
    assert (page.status_code, reason(page)) == (400, "invalidPageToken")


def test_other_keys_are_refused(client: Client) -> None:
    wrong = client.get("/youtube/v3/videos", part="id", id="x", key="another")
    assert wrong.status_code == 400
    assert wrong.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert client.get("/youtube/v3/videos", part="id", id="x", key="").status_code == 400
    assert client.get("/youtube/v3/videos", token="ya29.another", part="id", id="x").status_code == 401


def test_a_sign_in_needs_its_three_parts(client: Client) -> None:
    assert client.token().json()["token_type"] == "Bearer"
    revoked = client.token(refresh_token="another")
    assert (revoked.status_code, revoked.json()["error"]) == (400, "invalid_grant")
    assert client.token(client_secret="another").status_code == 401


def test_reports_of_days_add_up_to_the_channels_and_lack_the_last_days(client: Client) -> None:
    now = at(1, 12, 12)
    rows = client.report(now).json()["rows"]
    # Sixty hours before noon on 1 December, in California, the 28th had not ended.
    assert [row[0] for row in rows] == [f"2019-11-{day}" for day in range(20, 29 - 1)]
    # What has become private since is reported like the others.
    ids = ",".join(item["contentDetails"]["videoId"] for item in client.uploads(OWN, now))
    by_video = client.report(now, dimensions="day,video", filters=f"video=={ids}").json()
    assert [header["name"] for header in by_video["columnHeaders"]] == ["day", "video", "views", "likes"]
    by_day: dict[str, int] = {}
    for day, _, views, _ in by_video["rows"]:
        by_day[day] = by_day.get(day, 0) + views
    assert by_day == {row[0]: row[1] for row in rows}


def test_a_reports_day_is_what_the_counter_moved_between_pacific_midnights(client: Client) -> None:
    midnight = at(21, 11, 8)
    name = next(iter(client.videos(OWN, at(15, 11))))

    def views(moment: datetime) -> int:
        [video] = client.list("videos", moment, part="statistics", id=name)["items"]
        return int(video["statistics"]["viewCount"])

    report = client.report(filters=f"video=={name}", startDate="2019-11-21", endDate="2019-11-21").json()
    assert report["rows"][0][1] == views(midnight + timedelta(days=1)) - views(midnight)


def test_reports_are_given_to_owners_alone_and_without_rows_when_there_is_nothing(client: Client) -> None:
    assert client.report(ids=f"channel=={OWN}").status_code == 200
    assert client.report(ids=f"channel=={RIVAL}").status_code == 403
    assert client.get("/v2/reports", token="ya29.another").status_code == 401
    assert "rows" not in client.report(at(1, 11), startDate="2019-12-01", endDate="2019-12-02").json()


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": "nonsense"},
        {"dimensions": "day,video"},
        {"dimensions": "ageGroup"},
        {"startDate": "yesterday"},
        {"endDate": "2019-01-01"},
        {"filters": "country==GB"},
    ],
)
def test_reports_that_there_are_not_are_refused(client: Client, changes: dict[str, str]) -> None:
    assert client.report(**changes).status_code == 400


def test_every_request_costs_a_unit_of_the_pacific_day() -> None:
    with Sandbox(now=at(20, 11, 7)) as sandbox:
        client = Client(sandbox)
        face = sandbox.service._faces["youtube"]
        with client.session:
            client.list("channels", part="id", id=OWN)
            [day] = face._units
            assert (day.isoformat(), face._units[day]) == ("2019-11-19", 1)
            face._units[day] = UNITS_PER_DAY
            spent = client.get("/youtube/v3/channels", part="id", id=OWN)
            assert (spent.status_code, reason(spent)) == (403, "quotaExceeded")
            # Midnight in California is 8 o'clock.
            assert client.get("/youtube/v3/channels", at(20, 11, 8), part="id", id=OWN).status_code == 200


def test_a_page_is_the_same_bytes_at_the_same_moment(client: Client) -> None:
    ids = ",".join(client.videos(OWN, at(20, 11)))
    query = {"part": PARTS, "id": ids}
    one, two = (client.get("/youtube/v3/videos", at(20, 11), **query).content for _ in range(2))
    assert one == two
    assert one != client.get("/youtube/v3/videos", at(20, 11, 3), **query).content


TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "0",
        "-1",
        "9" * 30,
        "2019-11-12",
        "channel==MINE",
        "video==a,b",
        "day,video",
        "id,snippet",
        OWN,
        "UU" + OWN[2:],
    ]
)
NAMES = [
    "part",
    "id",
    "forHandle",
    "mine",
    "playlistId",
    "pageToken",
    "maxResults",
    "ids",
    "startDate",
    "endDate",
]
PATHS = ["videos", "channels", "playlistItems", "search"]


@given(
    st.sampled_from([f"/youtube/v3/{name}" for name in PATHS] + ["/v2/reports", "/token"]) | TEXT,
    st.dictionaries(st.sampled_from([*NAMES, "metrics", "dimensions", "filters", "other"]), TEXT, max_size=5),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from([{}, {"authorization": f"Bearer {ACCESS_TOKEN}"}]),
)
def test_any_request_is_answered(
    path: str, query: dict[str, str], method: str, headers: dict[str, str]
) -> None:
    now = Moment.of(END_2019)
    asked = Asked(method, path, {**query, "key": API_KEY}, headers, b"grant_type=x", now)
    answer = YouTubeFace(youtube_world()).answer(asked)
    assert answer.status in (200, 400, 401, 403, 404)
    assert answer.status == 404 or isinstance(json.loads(answer.body), dict)
