"""Answers that others recorded from the real platforms, read as if we had collected them.

What is expected was read from the recordings by eye; `recorded/*/SOURCE.md` says whence they come.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.warehouse.lake import Lake, Sighting

RECORDED = Path(__file__).parent / "recorded"
NOON = datetime(2021, 8, 20, 12, 0, tzinfo=UTC)


def read(
    folder: Path,
    recording: str,
    endpoint: str,
    *,
    status: int = 200,
    params: dict[str, str] | None = None,
) -> dict[tuple[str, str], Sighting]:
    """The sightings of one recording, `platform/file`, landed under an endpoint's label."""
    platform = recording.partition("/")[0]
    lake = Lake(folder)
    body = (RECORDED / f"{recording}.json").read_text(encoding="utf-8")
    lake.answer(NOON, body, platform=platform, endpoint=endpoint, status=status, params=params)
    return lake.read()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def retweeted(retweets: int, replies: int, likes: int, quotes: int) -> dict[str, int]:
    return {"retweet_count": retweets, "reply_count": replies, "like_count": likes, "quote_count": quotes}


# X --------------------------------------------------------------------------------------------------------


def test_a_recorded_timeline_of_x(tmp_path: Path) -> None:
    seen = read(tmp_path, "x/timeline_tweets", "timeline")
    assert {key: (one.created_at, one.counters) for key, one in seen.items()} == {
        ("post", "1364275610764201984"): (moment("2021-02-23T18:07:07"), retweeted(10, 2, 37, 1)),
        ("post", "1362876655061073928"): (moment("2021-02-19T21:28:10"), retweeted(21, 7, 58, 1)),
        ("post", "1362439338978467841"): (moment("2021-02-18T16:30:25"), retweeted(0, 2, 9, 0)),
        ("post", "1362439338169016324"): (moment("2021-02-18T16:30:25"), retweeted(1, 2, 8, 0)),
        ("post", "1362439336910675970"): (moment("2021-02-18T16:30:25"), retweeted(16, 9, 74, 3)),
    }
    first = seen["post", "1364275610764201984"]
    assert first.text is not None
    assert first.text.startswith("If you're newly approved for the Academic Research product track")
    assert first.text.endswith("Join us on Twitch! 👀\nhttps://t.co/SQziibOD9P")
    assert first.permalink == "https://x.com/i/status/1364275610764201984"
    # Nobody asked for the author or the media.
    assert (first.account_id, first.media_ids, first.state) == (None, [], "present")


def test_recorded_posts_of_x_and_the_accounts_beside_them(tmp_path: Path) -> None:
    seen = read(tmp_path, "x/tweets_resp", "posts")
    assert set(seen) == {
        ("post", "1261326399320715264"),
        ("post", "1278347468690915330"),
        ("account", "2244994945"),
        ("account", "783214"),
    }
    post = seen["post", "1278347468690915330"]
    assert (post.account_id, post.created_at) == ("783214", moment("2020-07-01T15:19:21"))
    assert post.text == "Good news and bad news: \n\n2020 is half over"
    assert post.counters == {}
    assert (seen["account", "783214"].handle, seen["account", "783214"].name) == ("Twitter", "Twitter")


def test_recorded_accounts_of_x(tmp_path: Path) -> None:
    seen = read(tmp_path, "x/users_resp", "users")
    assert {key: (one.handle, one.counters) for key, one in seen.items()} == {
        ("account", "783214"): ("Twitter", {"followers_count": 58677711}),
        ("account", "2244994945"): ("TwitterDev", {"followers_count": 514020}),
    }


def test_recorded_counts_of_x_are_whole_utc_days(tmp_path: Path) -> None:
    asked = {"query": "#TwitterDev", "granularity": "day"}
    seen = read(tmp_path, "x/tweets_counts_all_resp", "counts", params=asked)
    (key,) = seen
    assert key == ("hashtag", "#twitterdev")
    values = [
        18392,
        46914,
        20441,
        33500,
        21046,
        48095,
        26190,
        48977,
        49339,
        13753,
        44699,
        19848,
        161169,
        85194,
    ]
    days = [date(2021, 1, 1) + number * timedelta(days=1) for number in range(14)]
    assert seen[key].periods == {
        ("tweet_count/day", "", day, day): (value, True) for day, value in zip(days, values, strict=True)
    }
    assert sum(value for value, _ in seen[key].periods.values()) == 637557


@pytest.mark.parametrize("recording", ["tweet_resp", "usage_tweets_resp"])
@pytest.mark.parametrize("endpoint", ["posts", "timeline", "counts"])
def test_a_recorded_answer_of_another_shape_shows_no_post(
    tmp_path: Path, recording: str, endpoint: str
) -> None:
    seen = read(tmp_path, f"x/{recording}", endpoint, params={"query": "#a", "granularity": "day"})
    assert [key for key in seen if key[0] != "media"] == []
    assert [one.counters for one in seen.values() if one.counters] == []


# Facebook -------------------------------------------------------------------------------------------------


def test_a_recorded_listing_of_a_page(tmp_path: Path) -> None:
    seen = read(tmp_path, "facebook/feeds_default_fields_p1", "page_posts")
    counted = {
        key: tuple(one.counters[name] for name in ("shares", "reactions", "comments"))
        for key, one in seen.items()
    }
    assert counted == {
        ("post", "19292868552_10158349356748553"): (10, 125, 13),
        ("post", "19292868552_10158347294088553"): (6, 131, 17),
        ("post", "19292868552_10158345715593553"): (15, 143, 15),
        ("post", "19292868552_10158343840773553"): (16, 178, 23),
        ("post", "19292868552_10158333323653553"): (15, 179, 49),
    }
    assert {one.account_id for one in seen.values()} == {"19292868552"}
    assert {one.state for one in seen.values()} == {"present"}
    film = seen["post", "19292868552_10158333323653553"]
    assert film.created_at == moment("2021-06-30T21:21:18")
    assert film.media_ids == ["1192957457884299"]
    assert {"1192957457884299", "19292868552_10158333323653553"} <= film.aliases
    assert film.permalink == "https://www.facebook.com/19292868552/posts/10158333323653553/"
    # Photographs and links are no videos.
    assert [key[1] for key, one in seen.items() if one.media_ids] == ["19292868552_10158333323653553"]


def test_recorded_posts_without_counters_have_none_and_not_zero(tmp_path: Path) -> None:
    listed = read(tmp_path / "listed", "facebook/feed_fields_p1", "page_posts")
    assert {key[1]: one.created_at for key, one in listed.items()} == {
        "4_10113477241177441": moment("2021-07-04T19:50:58"),
        "4_10113449068715281": moment("2021-07-02T13:42:21"),
        "4_10113400535556121": moment("2021-06-29T01:34:06"),
        "4_10113332572050531": moment("2021-06-23T17:39:46"),
        "4_10113319652002411": moment("2021-06-22T18:06:08"),
    }
    assert listed["post", "4_10113477241177441"].text == "Happy July 4th! 🇺🇸"
    by_id = read(tmp_path / "by-id", "facebook/multi_posts_data_fields", "posts")
    assert set(by_id) == {
        ("post", "19292868552_10158347294088553"),
        ("post", "19292868552_10158345715593553"),
    }
    assert {len(one.counters) for one in (*listed.values(), *by_id.values())} == {0}
    assert {one.account_id for one in by_id.values()} == {"19292868552"}


@pytest.mark.parametrize(
    ("recording", "endpoint", "videos"),
    [
        ("videos_info_fields", "videos", ["1192957457884299", "334712884667245"]),
        ("videos_p1", "page_videos", ["1002065083862711", "1192957457884299", "334712884667245"]),
    ],
)
def test_recorded_videos_that_show_no_views_have_none(
    tmp_path: Path, recording: str, endpoint: str, videos: list[str]
) -> None:
    seen = read(tmp_path, f"facebook/{recording}", endpoint)
    assert sorted(set(seen) & {("media", video) for video in videos}) == [
        ("media", video) for video in videos
    ]
    film = seen["media", "1192957457884299"]
    assert film.created_at == moment("2021-06-30T21:19:07")
    assert film.text is not None
    assert film.text.startswith("iCook Success Story")
    assert [one.counters for one in seen.values() if one.counters] == []


def test_a_recorded_page_says_its_name_and_followers(tmp_path: Path) -> None:
    seen = read(tmp_path, "facebook/single_fields_page", "pages")
    (key,) = seen
    assert key == ("account", "20531316728")
    assert (seen[key].handle, seen[key].name) == ("facebookapp", "Facebook")
    assert seen[key].counters == {"followers_count": 214507731}


@pytest.mark.parametrize("recording", ["error", "error_data"])
@pytest.mark.parametrize("endpoint", ["posts", "videos", "page_posts", "pages", "insights"])
def test_a_recorded_refusal_of_permission_is_no_sign_that_a_post_is_gone(
    tmp_path: Path, recording: str, endpoint: str
) -> None:
    asked = {"ids": "19292868552_10158347294088553"}
    assert read(tmp_path, f"facebook/{recording}", endpoint, status=400, params=asked) == {}
