"""What TikTok's answers say, and that nothing it may answer stops a build."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.lake import Lake, Sighting

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ONE, TWO = "6768504823336815877", "9223372036854775807"
VIDEO: dict[str, Any] = {
    "id": ONE,
    "create_time": 1_793_525_400,
    "share_url": f"https://www.tiktok.com/@UkLabour/video/{ONE}?utm_campaign=tt4d",
    "title": "Vote <b>🌹</b> \u200fצוות #VoteLabour",
    "duration": 12,
    "view_count": 1_000_000_000_000,
    "like_count": 234,
    "comment_count": 5,
    "share_count": 6,
}


def said(data: object, code: str = "ok") -> dict[str, object]:
    return {"data": data, "error": {"code": code, "message": "", "log_id": "1"}}


def videos(*shown: object) -> dict[str, object]:
    return said({"videos": list(shown), "cursor": 1, "has_more": False})


def seen(
    folder: Path, *bodies: object, endpoint: str = "list", status: int = 200, asked: tuple[str, ...] = ()
) -> dict[tuple[str, str], Sighting]:
    """What answers that arrived at noon say, by (type, id)."""
    lake = Lake(folder)
    params: dict[str, Any] = {"fields": "id", "body": {"filters": {"video_ids": list(asked)}}}
    lake.answers(
        [(NOON, body) for body in bodies], platform="tiktok", endpoint=endpoint, status=status, params=params
    )
    return lake.read()


@pytest.mark.parametrize("endpoint", ["list", "query"])
def test_a_video_is_read_with_its_counters_and_the_account_of_its_address(
    tmp_path: Path, endpoint: str
) -> None:
    found = seen(tmp_path, videos(VIDEO), endpoint=endpoint)
    assert set(found) == {("post", ONE), ("account", "uklabour")}
    video = found["post", ONE]
    assert video.counters == {
        "view_count": 1_000_000_000_000,
        "like_count": 234,
        "comment_count": 5,
        "share_count": 6,
    }
    assert (video.state, video.account_id, video.text) == ("present", "uklabour", VIDEO["title"])
    assert video.created_at == datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    assert video.permalink == f"https://www.tiktok.com/@UkLabour/video/{ONE}"
    assert video.aliases == {ONE}
    assert found["account", "uklabour"].handle == "uklabour"


def test_a_video_that_a_query_leaves_out_is_gone(tmp_path: Path) -> None:
    found = seen(tmp_path, videos(VIDEO), endpoint="query", asked=(ONE, TWO))
    assert {name: one.state for name, one in found.items() if name[0] == "post"} == {
        ("post", ONE): "present",
        ("post", TWO): "gone",
    }


def test_a_list_says_nothing_of_the_videos_that_are_not_in_it(tmp_path: Path) -> None:
    assert ("post", TWO) not in seen(tmp_path, videos(VIDEO), asked=(TWO,))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "false",
        "null",
        "{}",
        "<html>",
        json.dumps(videos(VIDEO))[:-60],
        said({}, "internal_error"),
        {"data": {"videos": []}},
        {"error": {"code": "ok"}},
    ],
)
def test_what_is_no_good_answer_says_nothing(tmp_path: Path, body: object) -> None:
    assert seen(tmp_path, body, endpoint="query", asked=(ONE,)) == {}


def test_a_refused_answer_says_nothing(tmp_path: Path) -> None:
    assert seen(tmp_path, said({}, "access_token_invalid"), endpoint="query", status=401, asked=(ONE,)) == {}


def test_a_good_query_without_videos_says_that_all_are_gone(tmp_path: Path) -> None:
    assert seen(tmp_path, said({}), endpoint="query", asked=(ONE,))["post", ONE].state == "gone"


@pytest.mark.parametrize("shown", [None, 3, [], {"id": None}, {"title": []}])
def test_videos_of_another_shape_stop_nothing(tmp_path: Path, shown: object) -> None:
    assert seen(tmp_path, videos(shown)) == {}


def test_counters_that_are_not_shown_are_missing_not_zero(tmp_path: Path) -> None:
    bare = {"id": ONE, "create_time": 10**17, "view_count": None, "like_count": "x"}
    video = seen(tmp_path, videos(bare))["post", ONE]
    assert video.counters == {}
    assert video.created_at is None
    assert video.permalink == f"https://www.tiktok.com/video/{ONE}"


@pytest.mark.parametrize("count", [2**63, 2**64, -3, 1.5, "0x10", True])
def test_a_video_is_kept_without_a_counter_that_is_no_count(tmp_path: Path, count: object) -> None:
    video = seen(tmp_path, videos({"id": ONE, "view_count": count}))["post", ONE]
    assert (video.state, video.counters) == ("present", {})


def test_a_video_that_comes_twice_is_read_once(tmp_path: Path) -> None:
    assert set(seen(tmp_path, videos(VIDEO, VIDEO))) == {("post", ONE), ("account", "uklabour")}


def test_the_account_is_read_with_its_followers(tmp_path: Path) -> None:
    user = {"open_id": "o", "display_name": "Labour", "username": "UkLabour", "follower_count": 8120}
    account = seen(tmp_path, said({"user": user}), endpoint="user")["account", "uklabour"]
    assert (account.handle, account.name) == ("UkLabour", "Labour")
    assert account.counters == {"follower_count": 8120}


def test_an_account_without_its_name_is_nobodys(tmp_path: Path) -> None:
    assert seen(tmp_path, said({"user": {"open_id": "o", "display_name": "Labour"}}), endpoint="user") == {}
