"""What YouTube's answers say, and that nothing it may answer stops a build.

Recorded answers lie in `recorded/youtube/`, with their source and licence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.lake import Lake, Sighting

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
RECORDED = Path(__file__).parent / "recorded" / "youtube"
ONE, TWO = "D-lhorsDlUQ", "ovdbrdCIP7U"
CHANNEL = "UC_x5XG1OV2P6uZZ5FSM9Ttw"

VIDEO: dict[str, Any] = {
    "kind": "youtube#video",
    "id": ONE,
    "snippet": {
        "publishedAt": "2026-11-01T09:30:00Z",
        "channelId": CHANNEL,
        "title": "Vote <b>🌹</b> \u200fצוות",
        "description": "See https://example.org/a?b=1. And (https://example.org/c), twice: https://example.org/c!",
        "channelTitle": "Ours",
    },
    "statistics": {
        "viewCount": "1000000000000",
        "likeCount": "234",
        "favoriteCount": "0",
        "commentCount": "5",
    },
}


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


def listed(*items: object, kind: str = "video") -> dict[str, object]:
    return {"kind": f"youtube#{kind}ListResponse", "items": list(items), "pageInfo": {"totalResults": 1}}


def seen(
    folder: Path,
    *bodies: object,
    endpoint: str = "videos",
    status: int = 200,
    params: Mapping[str, str] | None = None,
) -> dict[tuple[str, str], Sighting]:
    """What answers that arrived at noon say, by (type, id)."""
    lake = Lake(folder)
    lake.answers(
        [(NOON, body) for body in bodies],
        platform="youtube",
        endpoint=endpoint,
        status=status,
        params=params or {"id": f"{ONE},{TWO}"},
    )
    return lake.read()


def report(*rows: list[object], columns: tuple[str, ...]) -> dict[str, object]:
    headers = [{"name": name, "columnType": "METRIC", "dataType": "INTEGER"} for name in columns]
    return {"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers, "rows": list(rows)}


def test_a_video_is_read_with_the_counters_that_are_written_as_texts(tmp_path: Path) -> None:
    found = seen(tmp_path, listed(VIDEO), params={"id": ONE})
    assert set(found) == {("post", ONE)}
    video = found["post", ONE]
    assert video.counters == {"viewCount": 1_000_000_000_000, "likeCount": 234, "commentCount": 5}
    assert (video.state, video.account_id) == ("present", CHANNEL)
    assert video.created_at == datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    assert video.permalink == f"https://www.youtube.com/watch?v={ONE}"
    assert (video.text or "").splitlines()[0] == "Vote <b>🌹</b> \u200fצוות"
    assert video.aliases == {ONE}
    assert sorted(video.links) == ["https://example.org/a?b=1", "https://example.org/c"]


def test_hidden_likes_and_comments_are_missing_not_zero(tmp_path: Path) -> None:
    hidden = {**VIDEO, "statistics": {"viewCount": "7", "favoriteCount": "0"}}
    assert seen(tmp_path, listed(hidden))["post", ONE].counters == {"viewCount": 7}


def test_a_video_that_was_asked_for_and_is_not_among_the_items_is_gone(tmp_path: Path) -> None:
    found = seen(tmp_path, listed(VIDEO))
    assert {name: one.state for name, one in found.items()} == {
        ("post", ONE): "present",
        ("post", TWO): "gone",
    }
    assert found["post", TWO].counters == {}


@pytest.mark.parametrize("body", [{"kind": "youtube#videoListResponse"}, listed()])
def test_an_empty_list_says_that_every_video_is_gone(tmp_path: Path, body: object) -> None:
    assert {one.state for one in seen(tmp_path, body).values()} == {"gone"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "false",
        "null",
        "[]",
        "{}",
        "<html>Bad Gateway</html>",
        json.dumps(listed(VIDEO))[:-40],
        {"items": []},
        {"error": {"code": 403, "errors": [{"reason": "quotaExceeded"}]}},
    ],
)
def test_what_is_no_whole_list_says_nothing(tmp_path: Path, body: object) -> None:
    assert seen(tmp_path, body) == {}


@pytest.mark.parametrize(("name", "status"), [("error_key.json", 400), ("error_permission.json", 403)])
def test_a_refused_answer_says_nothing_of_its_videos(tmp_path: Path, name: str, status: int) -> None:
    assert seen(tmp_path, recorded(name), status=status) == {}


@pytest.mark.parametrize("items", [{"id": ONE}, "text", [None, 3, []], [{"id": None}], [{"statistics": []}]])
def test_items_of_another_shape_stop_nothing(tmp_path: Path, items: object) -> None:
    found = seen(tmp_path, {"kind": "youtube#videoListResponse", "items": items})
    assert {one.state for one in found.values()} <= {"gone"}


def test_a_video_that_comes_twice_is_read_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.answer(NOON, listed(VIDEO, VIDEO), platform="youtube", endpoint="videos", params={"id": ONE})
    assert set(lake.read()) == {("post", ONE)}


@pytest.mark.parametrize("count", ["18446744073709551615", "-", "1.5e3x", None, {"a": 1}])
def test_a_counter_that_is_no_number_is_missing(tmp_path: Path, count: object) -> None:
    odd = {**VIDEO, "statistics": {"viewCount": count, "likeCount": "3"}}
    assert seen(tmp_path, listed(odd))["post", ONE].counters == {"likeCount": 3}


@pytest.mark.parametrize("count", ["9223372036854775808", "-3", "1.5", "0x10", "true", "NaN"])
def test_a_video_is_kept_when_its_only_counter_is_no_count(tmp_path: Path, count: str) -> None:
    odd = {**VIDEO, "statistics": {"viewCount": count}}
    video = seen(tmp_path, listed(odd), params={"id": ONE})["post", ONE]
    assert (video.state, video.counters) == ("present", {})


@pytest.mark.parametrize("count", [10**18, 10**17, 2**63, -3, 1.5])
def test_a_day_without_a_count_costs_no_other_value(tmp_path: Path, count: float) -> None:
    table = report(["2026-10-20", count, 3.0], columns=("day", "estimatedMinutesWatched", "views"))
    params = {"ids": f"channel=={CHANNEL}", "dimensions": "day"}
    channel = seen(tmp_path, table, endpoint="channel_days", params=params)["account", CHANNEL]
    assert [(key[0], value[0]) for key, value in channel.periods.items()] == [("views/day", 3)]


def test_recorded_videos_are_read(tmp_path: Path) -> None:
    found = seen(tmp_path, recorded("videos.json"))
    assert {name: one.state for name, one in found.items()} == {
        ("post", ONE): "present",
        ("post", TWO): "present",
    }
    video = found["post", ONE]
    assert video.account_id == CHANNEL
    assert (video.text or "").startswith("What are Actions on Google")
    assert "https://bit.ly/googledevs" in video.links
    # They were recorded without the part that holds the counters.
    assert video.counters == {}


def test_recorded_channels_are_read_by_the_name_in_their_address(tmp_path: Path) -> None:
    found = seen(tmp_path / "many", recorded("channels.json"), endpoint="channels")
    assert found["account", CHANNEL].handle == "googledevelopers"
    assert found["account", CHANNEL].counters == {"subscriberCount": 2_260_000}
    assert found["account", "UCK8sQmJBp8GCxrOtXWBpyEA"].name == "Google"
    older = seen(tmp_path / "one", recorded("channel.json"), endpoint="channels")
    assert older["account", CHANNEL].counters == {"subscriberCount": 1_927_873}


def test_hidden_subscribers_are_missing(tmp_path: Path) -> None:
    statistics = {"subscriberCount": "0", "hiddenSubscriberCount": True}
    found = seen(tmp_path, listed({"id": CHANNEL, "statistics": statistics}), endpoint="channels")
    assert found["account", CHANNEL].counters == {}


def test_a_list_of_uploads_is_not_a_list_of_videos(tmp_path: Path) -> None:
    item = {"id": "UEx", "contentDetails": {"videoId": ONE}}
    assert seen(tmp_path, listed(item, kind="playlistItem"), endpoint="uploads", params={"part": "x"}) == {}


def test_days_of_a_channel_are_its_own_and_whole_three_days_after_their_end(tmp_path: Path) -> None:
    body = report(
        ["2026-10-29", 10, 2, 3, 4, 5, 6],
        ["2026-10-30", 11, 0, 0, 0, 0, 0],
        columns=(
            "day",
            "views",
            "likes",
            "shares",
            "comments",
            "estimatedMinutesWatched",
            "subscribersGained",
        ),
    )
    params = {"ids": f"channel=={CHANNEL}", "dimensions": "day"}
    found = seen(tmp_path, body, endpoint="channel_days", params=params)
    first, second = date(2026, 10, 29), date(2026, 10, 30)
    periods = found["account", CHANNEL].periods
    # The 29th ended on the 30th at 07:00 UTC; three days later it is 2 November, 07:00.
    assert periods["views/day", "", first, first] == (10, True)
    assert periods["views/day", "", second, second] == (11, False)
    assert periods["shares/day", "", first, first] == (3, True)
    assert periods["estimatedMinutesWatched/day", "", first, first] == (300_000, True)
    assert len(periods) == 12


def test_a_day_ends_at_midnight_pacific_on_either_side_of_the_clocks_change(tmp_path: Path) -> None:
    # 1 November 2026 has 25 hours there and ends at 08:00 UTC.
    body = report(["2026-11-01", 1], columns=("day", "views"))
    for hour, is_whole in ((7, False), (8, True)):
        lake = Lake(tmp_path / str(hour))
        moment = datetime(2026, 11, 5, hour, tzinfo=UTC)
        params = {"ids": f"channel=={CHANNEL}"}
        lake.answer(moment, body, platform="youtube", endpoint="channel_days", params=params)
        day = date(2026, 11, 1)
        assert lake.read()["account", CHANNEL].periods == {("views/day", "", day, day): (1, is_whole)}


def test_days_of_videos_belong_to_the_video_of_their_row(tmp_path: Path) -> None:
    body = report(["2026-10-29", ONE, 10], ["2026-10-29", TWO, 20], columns=("day", "video", "views"))
    params = {"ids": f"channel=={CHANNEL}", "dimensions": "day,video"}
    found = seen(tmp_path, body, endpoint="video_days", params=params)
    day = date(2026, 10, 29)
    assert {name: one.periods for name, one in found.items()} == {
        ("post", ONE): {("views/day", "", day, day): (10, True)},
        ("post", TWO): {("views/day", "", day, day): (20, True)},
    }


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "youtubeAnalytics#resultTable", "columnHeaders": []},
        report(columns=("day", "views")),
        report(["no day", 1], columns=("day", "views")),
        report(["2026-10-29"], columns=("day", "views")),
        report([], [None, None], columns=("day", "views")),
        report(["2026-10-29", 1], columns=()),
        {"rows": "text", "columnHeaders": {}},
        "false",
    ],
)
def test_a_table_without_days_says_nothing(tmp_path: Path, body: object) -> None:
    params = {"ids": f"channel=={CHANNEL}"}
    assert seen(tmp_path, body, endpoint="channel_days", params=params) == {}
