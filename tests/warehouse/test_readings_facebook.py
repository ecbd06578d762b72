"""What the Graph API's answers say, in each of their shapes, and that nothing it may answer stops a build."""

from __future__ import annotations

import csv
import tomllib
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from connectors import facebook
from connectors.asking import AccountDays, Ask, AudienceReach, Mentions, PostDays, Walk
from connectors.facebook.days import PAGE_METRICS
from connectors.facebook.post_days import POST_DAY_METRICS
from connectors.sandbox.growth import Moment
from connectors.sandbox.server import Sandbox
from connectors.wire import WireSession
from tests.warehouse.lake import Lake, Sighting, campaign, fb_batch, fb_insights, fb_post, fb_video
from warehouse import sightings
from warehouse.landing import LandingWriter

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)

GONE = {
    "error": {
        "message": "Unsupported get request. Object with ID '111_404' does not exist, cannot be loaded due "
        "to missing permissions, or does not support this operation",
        "type": "GraphMethodException",
        "code": 100,
        "error_subcode": 33,
        "fbtrace_id": "AbC",
    }
}
WITHOUT_PERMISSION = {
    "error": {
        "message": "(#100) Object does not exist, cannot be loaded due to missing permission or reviewable "
        "feature, or does not support this operation.",
        "type": "OAuthException",
        "code": 100,
        "fbtrace_id": "AbC",
    }
}


def seen(
    folder: Path, *bodies: object, endpoint: str, status: int = 200, params: dict[str, str] | None = None
) -> dict[tuple[str, str], Sighting]:
    """What answers that arrived at noon say, by (type, id)."""
    lake = Lake(folder)
    lake.answers(
        [(NOON, body) for body in bodies],
        platform="facebook",
        endpoint=endpoint,
        status=status,
        params=params,
    )
    return lake.read()


def test_a_post_of_a_listing_is_read_whole(tmp_path: Path) -> None:
    post = fb_post(
        "111_222",
        created_at=MORNING,
        shares=57,
        reactions=940,
        comments=81,
        by_type={"like": 800, "love": 100, "wow": 10, "haha": 9, "sad": 1, "angry": 20},
        text="Vote",
        permalink="https://www.facebook.com/111/posts/222",
    )
    paging = {
        "cursors": {"before": "QVFI", "after": "QVFJ"},
        "next": "https://graph.facebook.com/v26.0/111/posts?after=QVFJ",
    }
    assert seen(tmp_path, {"data": [post], "paging": paging}, endpoint="page_posts") == {
        ("post", "111_222"): Sighting(
            response_id="run-00001-00000",
            observed_at=NOON,
            state="present",
            account_id="111",
            created_at=MORNING,
            text="Vote",
            permalink="https://www.facebook.com/111/posts/222",
            aliases={"111_222", "111/222"},
            media_ids=[],
            post_ids=[],
            handle=None,
            name=None,
            counters={
                "shares": 57,
                "reactions": 940,
                "comments": 81,
                "reactions_like": 800,
                "reactions_love": 100,
                "reactions_wow": 10,
                "reactions_haha": 9,
                "reactions_sad": 1,
                "reactions_angry": 20,
            },
        )
    }


def test_posts_looked_up_come_as_a_map_and_are_read_alike(tmp_path: Path) -> None:
    one, two = fb_post("111_1", shares=3, reactions=4), fb_post("111_2", shares=5, reactions=6)
    looked_up = seen(tmp_path / "map", {"111_1": one, "111_2": two}, endpoint="posts")
    listed = seen(tmp_path / "list", {"data": [one, two]}, endpoint="page_posts")
    assert looked_up == listed
    assert looked_up["post", "111_2"].counters == {"shares": 5, "reactions": 6}


def test_ids_that_answer_nothing_leave_the_rest_of_the_map_alone(tmp_path: Path) -> None:
    found = seen(
        tmp_path,
        {"111_1": None, "111_2": False, "111_3": [], "111_4": fb_post("111_4", reactions=1)},
        endpoint="posts",
    )
    assert set(found) == {("post", "111_4")}


def test_a_page_shows_its_name_handle_and_followers(tmp_path: Path) -> None:
    page = {"name": "Clean Water", "username": "CleanWaterNow"}
    found = seen(
        tmp_path,
        {"id": "111", **page, "fan_count": 900, "followers_count": 1000},
        {"id": "222", **page, "fan_count": 900},
        {"id": "333", **page},
        endpoint="pages",
    )
    for sighting in found.values():
        assert (sighting.handle, sighting.name) == ("CleanWaterNow", "Clean Water")
    assert {page_id: sighting.counters for (_, page_id), sighting in found.items()} == {
        "111": {"followers_count": 1000},
        "222": {"followers_count": 900},
        "333": {},
    }


@pytest.mark.parametrize("endpoint", ["page_reels", "page_videos"])
def test_a_video_is_joined_to_its_post_by_page_and_number(tmp_path: Path, endpoint: str) -> None:
    videos = [fb_video("555", views=690, post_id="222"), fb_video("556", post_id="111_333")]
    found = seen(tmp_path, {"data": videos}, endpoint=endpoint)
    assert found["media", "555"].post_ids == ["111_222"]
    assert found["media", "555"].counters == {"views": 690}
    assert found["media", "555"].account_id == "111"
    assert found["media", "556"].post_ids == ["111_333"]


def test_videos_looked_up_come_as_a_map(tmp_path: Path) -> None:
    found = seen(tmp_path, {"555": fb_video("555", views=690, post_id="222")}, endpoint="videos")
    assert found["media", "555"].post_ids == ["111_222"]


def test_a_video_that_does_not_name_its_post_is_joined_to_none(tmp_path: Path) -> None:
    videos = [fb_video("555", views=1), fb_video("556", views=1, post_id="222", page=None)]
    found = seen(tmp_path, {"data": videos}, endpoint="page_reels")
    assert [sighting.post_ids for sighting in found.values()] == [[], []]


def test_absent_shares_are_zero_where_reactions_or_comments_are_shown_and_missing_where_nothing_is(
    tmp_path: Path,
) -> None:
    posts = {
        "111_1": fb_post("111_1", reactions=0, comments=0),
        "111_2": fb_post("111_2", reactions=3),
        "111_3": fb_post("111_3", comments=0),
        "111_4": fb_post("111_4"),
        "111_5": fb_post("111_5", shares=4),
        "111_6": fb_post("111_6", shares=0, reactions=3),
    }
    found = seen(tmp_path, posts, endpoint="posts")
    shares = {post: found["post", post].counters.get("shares") for post in posts}
    assert shares == {"111_1": 0, "111_2": 0, "111_3": 0, "111_4": None, "111_5": 4, "111_6": 0}


def test_lost_permission_shows_as_missing_reactions_and_comments_not_as_zero(tmp_path: Path) -> None:
    assert seen(tmp_path, {"data": [fb_post("111_1")]}, endpoint="page_posts")["post", "111_1"].counters == {}


def test_insights_of_a_batch_are_read_past_a_part_that_timed_out_and_one_that_failed(tmp_path: Path) -> None:
    refused = {
        "error": {
            "message": "(#100) The value must be a valid insights metric",
            "type": "OAuthException",
            "code": 100,
        }
    }
    batch = [
        *fb_batch(fb_insights("111_1", post_video_views=340, post_media_view=900), None),
        {"code": 400, "body": '{"error": {"code": 100}}'},
        {"code": 500, "body": None},
        {"code": 200},
        *fb_batch(refused, "<html>", "", fb_insights("555", total_video_views=77)),
    ]
    found = seen(tmp_path, batch, endpoint="insights")
    assert {name: sighting.counters for name, sighting in found.items()} == {
        ("post", "111_1"): {"post_video_views": 340, "post_media_view": 900},
        ("media", "555"): {"total_video_views": 77},
    }


def test_insights_of_a_single_call_are_read_alike(tmp_path: Path) -> None:
    found = seen(tmp_path, fb_insights("111_1", post_media_view=900), endpoint="insights")
    assert found["post", "111_1"].counters == {"post_media_view": 900}


def test_only_lifetime_rows_are_counters(tmp_path: Path) -> None:
    mixed = {
        "data": [
            *fb_insights("111_1", post_video_views=340)["data"],  # type: ignore[misc]
            *fb_insights("111_1", period="day", post_video_views=12, post_media_view=9)["data"],  # type: ignore[misc]
        ]
    }
    assert seen(tmp_path, mixed, endpoint="insights")["post", "111_1"].counters == {"post_video_views": 340}


def test_metrics_whose_value_is_no_whole_number_are_left_out(tmp_path: Path) -> None:
    values: list[object] = [{"like": 3, "love": 1}, {}, [], None, "many", 1.5, True]
    answers = [
        fb_insights(f"111_{number}", post_reactions_by_type_total=value, post_media_view=900)
        for number, value in enumerate(values)
    ]
    found = seen(tmp_path, fb_batch(*answers), endpoint="insights")
    assert [sighting.counters for sighting in found.values()] == [{"post_media_view": 900}] * len(values)


def test_a_metric_without_values_is_missing(tmp_path: Path) -> None:
    row = {
        "name": "post_media_view",
        "period": "lifetime",
        "values": [],
        "id": "111_1/insights/post_media_view/lifetime",
    }
    assert seen(tmp_path, {"data": [row]}, {"data": []}, endpoint="insights") == {}


@pytest.mark.parametrize(
    ("endpoint", "identity", "kind"), [("posts", "111_404", "post"), ("videos", "555", "media")]
)
def test_error_100_33_to_a_call_for_one_id_says_that_it_is_gone(
    tmp_path: Path, endpoint: str, identity: str, kind: str
) -> None:
    found = seen(tmp_path, GONE, endpoint=endpoint, status=400, params={"ids": identity, "fields": "id"})
    assert {name: sighting.state for name, sighting in found.items()} == {(kind, identity): "gone"}


def test_a_refusal_of_several_ids_or_for_another_reason_calls_none_gone(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for body, ids in (
        (GONE, "111_404,111_2"),
        (WITHOUT_PERMISSION, "111_404"),
        ({"error": {"code": 190, "error_subcode": 33}}, "111_404"),
    ):
        lake.answer(NOON, body, platform="facebook", endpoint="posts", status=400, params={"ids": ids})
    lake.answer(NOON, GONE, platform="facebook", endpoint="page_posts", status=400)
    assert lake.read() == {}


def test_a_post_answers_to_the_names_that_its_address_shows(tmp_path: Path) -> None:
    names = {
        "https://www.facebook.com/LabourParty/posts/{number}": {"labourparty/{number}"},
        "https://www.facebook.com/labourparty/posts/a-title/{number}?__cft__=1": {"labourparty/{number}"},
        "https://www.facebook.com/Labour.Party/videos/555/": {"labour.party/{number}"},
        "https://www.facebook.com/111/posts/{number}/": {"111/{number}"},
        "https://www.facebook.com/labourparty/posts/pfbid02AbCdEfG": {"pfbid02AbCdEfG"},
        "https://www.facebook.com/permalink.php?story_fbid=pfbid0XyZ&id=111": {"pfbid0XyZ"},
        "": set(),
        "/labourparty/videos/555/": set(),
        "https://www.facebook.com/reel/555/": set(),
        "https://example.org/a/posts/{number}": set(),
    }
    posts = [
        fb_post(f"111_{number}", permalink=link.format(number=number)) for number, link in enumerate(names)
    ]
    found = seen(tmp_path, {"data": posts}, endpoint="page_posts")
    for number, aliases in enumerate(names.values()):
        expected = {f"111_{number}", *(alias.format(number=number) for alias in aliases)}
        assert found["post", f"111_{number}"].aliases == expected


def test_a_post_answers_to_its_video_and_carries_it(tmp_path: Path) -> None:
    found = seen(tmp_path, {"data": [fb_post("111_222", videos=["555", "556"])]}, endpoint="page_posts")
    assert found["post", "111_222"].aliases == {"111_222", "555", "556"}
    assert found["post", "111_222"].media_ids == ["555", "556"]


def test_a_photo_or_a_link_is_no_video_of_the_post(tmp_path: Path) -> None:
    attachments = {
        "data": [
            {"media_type": "photo", "type": "photo", "target": {"id": "701"}},
            {"media_type": "link", "type": "share", "target": {"url": "https://example.org"}},
            {"media_type": "video", "type": "video_inline"},
            {"target": {"id": "702"}},
        ]
    }
    found = seen(
        tmp_path, {"data": [{**fb_post("111_222"), "attachments": attachments}]}, endpoint="page_posts"
    )
    assert found["post", "111_222"].media_ids == []
    assert found["post", "111_222"].aliases == {"111_222"}


def test_a_post_without_message_takes_the_title_of_what_it_shows(tmp_path: Path) -> None:
    found = seen(tmp_path, {"data": [fb_post("111_222", text=None, videos=["555"])]}, endpoint="page_posts")
    assert found["post", "111_222"].text == "A film"


def test_a_post_without_from_belongs_to_the_page_in_its_id(tmp_path: Path) -> None:
    post = {name: value for name, value in fb_post("111_222").items() if name != "from"}
    assert seen(tmp_path, {"data": [post]}, endpoint="page_posts")["post", "111_222"].account_id == "111"


def test_numbers_are_read_as_numbers_or_as_text_and_what_is_none_is_missing(tmp_path: Path) -> None:
    read: list[tuple[object, int | None]] = [
        ("12", 12),
        (10**12, 10**12),
        ("many", None),
        (None, None),
        ({}, None),
        (10**30, None),
    ]
    lake = Lake(tmp_path)
    for number, (shown, _) in enumerate(read):
        post = {
            "id": f"111_{number}",
            "comments": {"summary": {"total_count": shown}},
            "shares": {"count": shown},
        }
        lake.answer(NOON, {"data": [post]}, platform="facebook", endpoint="page_posts")
        video = {"id": str(number), "views": shown}
        lake.answer(NOON, {"data": [video]}, platform="facebook", endpoint="page_videos")
    found = lake.read()
    for number, (_, value) in enumerate(read):
        post_counters = found["post", f"111_{number}"].counters
        assert (post_counters.get("comments"), post_counters.get("shares")) == (value, value)
        assert found["media", str(number)].counters.get("views") == value


def test_texts_are_kept_to_the_last_sign(tmp_path: Path) -> None:
    texts = ["🗳️ Vote! 👩‍👩‍👧", "صوّتوا يوم الخميس", "\u202eright to left\u202c", "'; drop table posts; --"]
    posts = [fb_post(f"111_{number}", text=text) for number, text in enumerate(texts)]
    found = seen(tmp_path, {"data": posts}, endpoint="page_posts")
    assert [found["post", f"111_{number}"].text for number in range(len(texts))] == texts


@pytest.mark.parametrize(
    ("endpoint", "good", "identity"),
    [
        ("page_posts", {"data": [fb_post("111_1")]}, ("post", "111_1")),
        ("posts", {"111_1": fb_post("111_1")}, ("post", "111_1")),
        ("page_reels", {"data": [fb_video("555")]}, ("media", "555")),
        ("page_videos", {"data": [fb_video("555")]}, ("media", "555")),
        ("videos", {"555": fb_video("555")}, ("media", "555")),
        ("pages", {"id": "111"}, ("account", "111")),
        ("insights", fb_batch(fb_insights("111_1", post_media_view=1)), ("post", "111_1")),
    ],
)
def test_answers_that_are_not_the_promised_json_give_no_rows_and_cost_no_other_answer(
    tmp_path: Path, endpoint: str, good: object, identity: tuple[str, str]
) -> None:
    bad = [
        "<!DOCTYPE html><html><body>Sorry, something went wrong.</body></html>",
        '{"data": [{"id": "111_9", "shares": {"cou',
        "",
        "false",
        "true",
        "null",
        "[]",
        "{}",
        "7",
        '"text"',
        "[null, false, 7, [], {}]",
        '[{"body": 7}, {"body": {}}, {"body": "[]"}, {"body": "null"}]',
        '{"data": null}',
        '{"data": []}',
        '{"data": {}}',
        '{"data": "text"}',
        '{"data": [null, false, 7, "text", [], {}]}',
        '{"data": [{"id": null, "from": null, "attachments": null, "values": null, "period": "lifetime"}]}',
        '{"error": {"message": "An unknown error has occurred.", "type": "OAuthException", "code": 1}}',
        '{"error": {"message": "Session has expired", "code": 190, "error_subcode": 463}}',
        '{"error": "text"}',
        "\x00\x01",
        "[" * 500,
    ]
    assert set(seen(tmp_path, *bad, good, *bad, endpoint=endpoint)) == {identity}


def test_an_odd_item_costs_only_itself(tmp_path: Path) -> None:
    odd = {
        "id": "111_2",
        "created_time": "yesterday",
        "from": "us",
        "attachments": [],
        "shares": 3,
        "reactions": [1],
    }
    found = seen(
        tmp_path, {"data": [None, odd, {"id": {}}, fb_post("111_1", reactions=9)]}, endpoint="page_posts"
    )
    assert found["post", "111_1"].counters == {"reactions": 9, "shares": 0}
    assert (found["post", "111_2"].counters, found["post", "111_2"].created_at) == ({}, None)


def test_a_failed_call_gives_no_rows_whatever_it_says(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for endpoint in ("page_posts", "page_reels", "page_videos"):
        lake.answer(
            NOON,
            {"data": [fb_post("111_1", reactions=9)]},
            platform="facebook",
            endpoint=endpoint,
            status=500,
        )
    lake.answer(
        NOON, {"111_1": fb_post("111_1", reactions=9)}, platform="facebook", endpoint="posts", status=500
    )
    assert lake.read() == {}


def test_the_pages_on_which_we_have_a_role_say_nothing_of_posts(tmp_path: Path) -> None:
    accounts = {"data": [{"id": "111", "name": "Clean Water", "access_token": "[secret]"}]}
    assert seen(tmp_path, accounts, endpoint="roles") == {}


# Days of Pages, web addresses, advertising

REACH_URL = "https://graph.facebook.com/v26.0/act_7/insights?level=account"
SIZE_URL = "https://graph.facebook.com/v26.0/act_7/reachestimate?x=1"


def page_insight(
    metric: str, *values: dict[str, object], period: str = "day", of: str = "111"
) -> dict[str, object]:
    return {
        "id": f"{of}/insights/{metric}/{period}",
        "name": metric,
        "period": period,
        "values": list(values),
    }


def value(amount: object, end_time: str, **parts: str) -> dict[str, object]:
    return {"value": amount, "end_time": end_time, **parts}


def test_a_day_of_a_page_is_the_one_before_the_pacific_midnight_that_ends_it(tmp_path: Path) -> None:
    rows = page_insight(
        "page_video_views",
        value(1, "2026-03-08T08:00:00+0000"),
        # On the eighth of March the clocks go forward, on the first of November back.
        value(2, "2026-03-09T07:00:00+0000"),
        value(3, "2026-11-01T07:00:00+0000"),
        value(4, "2026-11-02T08:00:00+0000"),
    )
    found = seen(tmp_path, {"data": [rows]}, endpoint="page_insights")["account", "111"]
    assert found.periods == {
        ("page_video_views/day", "", date(2026, 3, 7), date(2026, 3, 7)): (1, True),
        ("page_video_views/day", "", date(2026, 3, 8), date(2026, 3, 8)): (2, True),
        ("page_video_views/day", "", date(2026, 10, 31), date(2026, 10, 31)): (3, True),
        # Still running at noon UTC of the first.
        ("page_video_views/day", "", date(2026, 11, 1), date(2026, 11, 1)): (4, False),
    }
    assert (found.account_id, found.handle, found.counters) == ("111", None, {})


def test_parts_of_a_day_are_told_flat_or_as_a_map(tmp_path: Path) -> None:
    ends = "2026-10-31T07:00:00+0000"
    flat = page_insight(
        "page_media_view", value(25, ends, is_from_ads="0"), value(900, ends, is_from_ads="1")
    )
    mapped = page_insight(
        "page_video_views_by_uploaded_hosted", value({"uploaded": 7, "odd'\" key": 1}, ends)
    )
    empty = page_insight("page_actions_post_reactions_total", value([], ends), value({}, ends))
    found = seen(tmp_path, {"data": [flat, mapped, empty]}, endpoint="page_insights")["account", "111"]
    day = date(2026, 10, 30)
    assert found.periods == {
        ("page_media_view/day", "is_from_ads=0", day, day): (25, True),
        ("page_media_view/day", "is_from_ads=1", day, day): (900, True),
        ("page_video_views_by_uploaded_hosted/day", "uploaded", day, day): (7, True),
        ("page_video_views_by_uploaded_hosted/day", "odd'\" key", day, day): (1, True),
    }


def test_rows_of_other_periods_and_odd_values_are_no_days(tmp_path: Path) -> None:
    ends = "2026-10-31T07:00:00+0000"
    rows = [
        page_insight("page_video_views", value(1, ends), period="week"),
        page_insight("page_follows", {"value": 3}, value("many", ends), value(None, ends), value(1, "soon")),
        {**page_insight("page_follows", value(1, ends)), "values": 7},
        {"values": [value(1, ends)], "period": "day"},
        page_insight("page_follows", value(10**12, ends)),
    ]
    found = seen(tmp_path, {"data": rows}, endpoint="page_insights")
    assert [found["account", "111"].periods[key][0] for key in found["account", "111"].periods] == [10**12]


def test_a_day_of_a_post_is_the_one_before_the_pacific_midnight_that_ends_it(tmp_path: Path) -> None:
    one = page_insight(
        "post_video_views",
        value(1, "2026-03-08T08:00:00+0000"),
        # On the eighth of March the clocks go forward, on the first of November back.
        value(2, "2026-03-09T07:00:00+0000"),
        value(3, "2026-11-01T07:00:00+0000"),
        value(4, "2026-11-02T08:00:00+0000"),
        of="111_1",
    )
    two = page_insight("post_video_view_time", value(11_000, "2026-10-31T07:00:00+0000"), of="111_2")
    batch = [*fb_batch({"data": [one]}, {"data": [two]}), None, {"code": 400, "body": '{"error": {}}'}]
    found = seen(tmp_path / "batch", batch, endpoint="post_days")
    assert found["post", "111_1"].periods == {
        ("post_video_views/day", "", date(2026, 3, 7), date(2026, 3, 7)): (1, True),
        ("post_video_views/day", "", date(2026, 3, 8), date(2026, 3, 8)): (2, True),
        ("post_video_views/day", "", date(2026, 10, 31), date(2026, 10, 31)): (3, True),
        # Still running at noon UTC of the first.
        ("post_video_views/day", "", date(2026, 11, 1), date(2026, 11, 1)): (4, False),
    }
    day = date(2026, 10, 30)
    assert found["post", "111_2"].periods == {("post_video_view_time/day", "", day, day): (11_000, True)}
    assert all(each.counters == {} and each.account_id is None for each in found.values())
    alone = seen(tmp_path / "alone", {"data": [two]}, endpoint="post_days")
    assert alone["post", "111_2"].periods == found["post", "111_2"].periods
    assert len(found) == 2


def test_days_that_come_beside_a_lifetime_value_are_told_apart_from_it(tmp_path: Path) -> None:
    both = {
        "data": [
            *fb_insights("111_1", post_video_views=340)["data"],  # type: ignore[misc]
            page_insight("post_video_views", value(12, "2026-10-31T07:00:00+0000"), of="111_1"),
        ]
    }
    day = date(2026, 10, 30)
    for endpoint in ("insights", "post_days"):
        lake = Lake(tmp_path / endpoint)
        lake.answer(NOON, fb_batch(both), platform="facebook", endpoint=endpoint)
        lake.register(campaign("c"))
        lake.build()
        assert lake.query("select metric, latest.value, first_day from summaries.periods") == [
            ("post_video_views/day", 12, day)
        ]
        assert lake.query("select metric, last_value from facts.counters") == [("post_video_views", 340)]


def test_a_restated_day_of_a_post_is_what_was_told_last(tmp_path: Path) -> None:
    days = [f"2019-11-0{day}T{hour}:00:00+0000" for day, hour in ((2, "07"), (3, "07"), (4, "08"))]
    told = [
        # The last of them runs still; what was told of a part of a day counts until the whole is told.
        (datetime(2019, 11, 3, 12, tzinfo=UTC), (90, 80, 70)),
        (datetime(2019, 11, 5, 12, tzinfo=UTC), (100, 85, 60)),
        (datetime(2019, 11, 4, 12, tzinfo=UTC), (95, 99, 65)),
    ]
    lake = Lake(tmp_path)
    for moment, values in told:
        rows = [value(amount, end) for amount, end in zip(values, days, strict=True)]
        body = fb_batch({"data": [page_insight("post_video_views", *rows, of="111_1")]})
        lake.answer(moment, body, platform="facebook", endpoint="post_days")
        # Whatever it is told beside them, its counter is another number.
        lake.answer(
            moment, fb_insights("111_1", post_video_views=900), platform="facebook", endpoint="insights"
        )
    lake.register(campaign("c"))
    lake.build()
    assert lake.query(
        "select object_type, object_id, native_name, canonical_name, day, day_boundary, value, is_whole "
        "from marts.platform_daily order by day"
    ) == [
        ("post", "111_1", "post_video_views/day", "views", day, "America/Los_Angeles", amount, True)
        for day, amount in (
            (date(2019, 11, 1), 100),
            (date(2019, 11, 2), 85),
            (date(2019, 11, 3), 60),
        )
    ]
    (views,) = lake.query("select distinct last_value from facts.counters where metric = 'post_video_views'")
    assert views == (900,)


def test_a_web_address_is_named_as_it_was_asked_for(tmp_path: Path) -> None:
    asked = "https://Canvass.example.org/?a=1&b=ü"
    engagement = {"reaction_count": 1, "comment_count": 2, "share_count": 3, "comment_plugin_count": 0}
    body = {"engagement": engagement, "id": "https://canvass.example.org/"}
    found = seen(tmp_path, body, endpoint="sites", params={"id": asked, "fields": "engagement"})
    assert found["site", asked].counters == engagement
    assert list(found) == [("site", asked)]


def reach(folder: Path, body: object, **params: str) -> dict[tuple[str, str], Sighting]:
    lake = Lake(folder)
    lake.answer(NOON, body, platform="facebook", endpoint="ad_insights", url=REACH_URL, params=params)
    return lake.read()


def test_reach_is_of_a_window_and_of_its_bands(tmp_path: Path) -> None:
    window = {"date_start": "2026-10-01", "date_stop": "2026-10-31"}
    rows = [
        {"age": "18-24", "reach": "1234", "impressions": "5000", "frequency": "4.05", **window},
        {"age": "65+", "reach": "7", "impressions": "8", **window},
        {"age": "25-34", "reach": "many", **window},
        None,
    ]
    filtering = '[{"field":"campaign.id","operator":"IN","value":["1"]}]'
    found = reach(tmp_path, {"data": rows}, filtering=filtering)[("advertising", f"act_7?{filtering}")]
    days = date(2026, 10, 1), date(2026, 10, 31)
    assert found.periods == {
        ("reach/window", "age=18-24", *days): (1234, True),
        ("impressions/window", "age=18-24", *days): (5000, True),
        ("reach/window", "age=65+", *days): (7, True),
        ("impressions/window", "age=65+", *days): (8, True),
    }


def test_a_window_that_runs_is_not_whole_and_all_advertisements_have_no_filter(tmp_path: Path) -> None:
    rows = [{"reach": "9", "date_start": "2026-10-01", "date_stop": "2026-11-01"}]
    found = reach(tmp_path, {"data": rows})["advertising", "act_7?"]
    assert found.periods == {("reach/window", "", date(2026, 10, 1), date(2026, 11, 1)): (9, False)}


@pytest.mark.parametrize(
    "data",
    [
        {"users_lower_bound": 74300, "users_upper_bound": 87500, "estimate_ready": True},
        [{"estimate_mau_lower_bound": 74300, "estimate_mau_upper_bound": 87500, "estimate_ready": True}],
        [{"estimate_mau_lower_bound": "74300", "estimate_mau_upper_bound": "87500"}],
    ],
)
def test_the_size_of_an_audience_has_one_name_whichever_edge_told_it(tmp_path: Path, data: object) -> None:
    targeting = '{"geo_locations":{"countries":["GB"]}}'
    lake = Lake(tmp_path)
    params = {"targeting_spec": targeting}
    lake.answer(
        NOON, {"data": data}, platform="facebook", endpoint="audience_estimates", url=SIZE_URL, params=params
    )
    day = NOON.date()
    assert lake.read()["audience", f"act_7?{targeting}"].periods == {
        ("users_lower_bound", "", day, day): (74300, True),
        ("users_upper_bound", "", day, day): (87500, True),
    }


def test_an_estimate_that_is_not_ready_is_no_figure(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    body = {"data": {"users_lower_bound": 0, "users_upper_bound": 1000, "estimate_ready": False}}
    lake.answer(
        NOON,
        body,
        platform="facebook",
        endpoint="audience_estimates",
        url=SIZE_URL,
        params={"targeting_spec": "{}"},
    )
    assert lake.read() == {}


@pytest.mark.parametrize(
    "endpoint", ["page_insights", "post_days", "sites", "ad_insights", "audience_estimates"]
)
@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "",
        "null",
        "7",
        "[]",
        "{}",
        '{"data": 7}',
        '{"data": [7, null, "x", []]}',
        '{"data": [{"values": [7, null]}]}',
        '{"engagement": 7}',
        '{"engagement": {"share_count": "many"}}',
        '{"error": {"code": 10}}',
        '[7, null, {"code": 200}, {"code": 200, "body": "\\"day\\" {"}, {"body": {"period": "day"}}]',
        '[{"code": 200, "body": "{\\"data\\": [{\\"period\\": \\"day\\", \\"values\\": [7]}]}"}]',
    ],
)
def test_other_answers_about_days_sites_and_audiences_give_no_figures(
    tmp_path: Path, endpoint: str, body: str
) -> None:
    url = REACH_URL if endpoint == "ad_insights" else SIZE_URL
    lake = Lake(tmp_path)
    params = {"id": "https://a.example", "targeting_spec": "{}"}
    lake.answer(NOON, body, platform="facebook", endpoint=endpoint, url=url, params=params)
    assert not any(each.periods or each.counters for each in lake.read().values())


def test_a_video_names_what_other_pages_showings_of_it_share(tmp_path: Path) -> None:
    crossposted = {**fb_video("555"), "universal_video_id": "9001", "is_crosspost_video": True}
    found = seen(tmp_path, {"data": [crossposted, fb_video("556")]}, endpoint="page_videos")
    assert found["media", "555"].content_keys == ["9001"]
    assert found["media", "556"].content_keys == []


def test_a_posts_links_are_those_it_leads_to(tmp_path: Path) -> None:
    post = fb_post("111_1", text="Join us: https://canvass.example.org/now, see you")
    guarded = "https://l.facebook.com/l.php?u=https%3A%2F%2Fmarginal.example.org%2F%3Fa%3D1&h=AT0"
    post["attachments"] = {
        "data": [
            {"media_type": "link", "type": "share", "url": guarded},
            {"media_type": "photo", "type": "photo", "url": "https://www.facebook.com/photo/?fbid=1"},
            {"media_type": "link", "type": "share", "url": "https://canvass.example.org/plain"},
        ]
    }
    found = seen(tmp_path, {"data": [post]}, endpoint="page_posts")["post", "111_1"]
    assert set(found.links) == {
        "https://marginal.example.org/?a=1",
        "https://canvass.example.org/plain",
        "https://canvass.example.org/now",
    }


# What the sandbox tells, through the connector


def test_what_is_collected_of_a_campaign_is_read(tmp_path: Path) -> None:
    clock = datetime(2019, 12, 13, 6, tzinfo=UTC)
    world = tomllib.loads(
        files("connectors.sandbox").joinpath("worlds", "uk-general-election-2019.toml").read_text("utf-8")
    )
    (account,), address = world["ad_accounts"], world["sites"][0]["url"]
    whole = account["reached"][0]["people"]
    targeting = '{"geo_locations":{"countries":["GB"]}}'
    window = date(2019, 10, 29), date(2019, 12, 12)
    lake = Lake(tmp_path)
    with Sandbox(now=clock) as sandbox, LandingWriter(lake.landing) as writer:
        token, secret = (sandbox.settings[name] for name in ("FACEBOOK_ACCESS_TOKEN", "FACEBOOK_APP_SECRET"))
        session = WireSession(
            "facebook",
            run_id="run",
            sdk_url=facebook.SDK_URL,
            base_url=sandbox.facebook_url,
            secrets=[token, secret],
            judge=facebook.judge,
            land=writer.add,
            as_of=clock,
        )
        ask = Ask(
            "facebook",
            walks=(Walk("c", datetime(2019, 11, 18, tzinfo=UTC), handle="robdelaney"),),
            days=(AccountDays("c", date(2019, 12, 8), date(2019, 12, 11), handle="uklabour"),),
            mentions=(Mentions("c", "site", address, *window),),
            audiences=(AudienceReach("c", account["id"], targeting, "", "gender", *window),),
        )
        with session:
            facebook.collect(ask, session, token, app_secret=secret)
        assert session.report.troubles == []
    lake.register(campaign("c"))
    lake.build()
    days = lake.query(
        "select metric, breakdown, first_day, latest.is_whole from summaries.periods "
        "where object_type = 'account' and object_id = '118273904551'"
    )
    assert {row[2] for row in days} == {date(2019, 12, day) for day in (8, 9, 10, 11)}
    assert all(row[3] for row in days)
    asked = {f"{metric.name}/day" for metric in PAGE_METRICS if metric.status != "withdrawn"}
    assert {row[0] for row in days} == asked
    assert sum(row[:2] == ("page_media_view/day", "is_from_ads=1") for row in days) == 4
    found = lake.read()
    assert found["site", address].counters["share_count"] == world["sites"][0]["shares"]
    reached = found["advertising", f"{account['id']}?"].periods
    assert sum(value for key, (value, _) in reached.items() if key[0] == "reach/window") == whole
    sizes = found["audience", f"{account['id']}?{targeting}"].periods
    low, high = sorted(value for value, _ in sizes.values())
    assert whole / high < account["areas"][0]["published"]["all"] < whole / low
    # Nobody of ours works on that page: what is not told is missing, not zero.
    rival = [each for (_, name), each in found.items() if name.startswith("10214770963_")]
    assert any(each.media_ids for each in rival)
    assert all("shares" in each.counters for each in rival)
    assert not any("view" in metric for each in rival for metric in each.counters)
    assert not any(kind == "media" for kind, _ in found)


def test_what_is_collected_of_posts_by_day_adds_up_to_what_their_videos_gained(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first, last = date(2019, 11, 1), date(2019, 11, 20)
    with Sandbox(now=datetime(2019, 11, 30, tzinfo=UTC)) as sandbox:
        token = sandbox.settings["FACEBOOK_ACCESS_TOKEN"]
        page = sandbox.service.world.pages["8761205449"]
        posts = [post for post in page.posts if post.video and not post.video.is_reel]
        wanted = tuple(
            PostDays("c", post.id, first, last, page.id, datetime.fromtimestamp(post.created, UTC))
            for post in posts
        )
        # What is told too early is put right later.
        for clock in (datetime(2019, 11, 20, 9, tzinfo=UTC), datetime(2019, 11, 30, tzinfo=UTC)):
            with LandingWriter(lake.landing) as writer:
                session = WireSession(
                    "facebook",
                    run_id=f"run-{clock:%d}",
                    sdk_url=facebook.SDK_URL,
                    base_url=sandbox.facebook_url,
                    secrets=[token],
                    judge=facebook.judge,
                    land=writer.add,
                    as_of=clock,
                )
                with session:
                    facebook.collect(Ask("facebook", post_days=wanted), session, token)
                assert {kind for kind, _, _ in session.report.troubles} <= {"Gone"}
        ends = datetime(2019, 11, 21, 8, tzinfo=UTC)
        truth = {
            post.id: post.video.views.true(post.video.growth.share(Moment.of(ends)))
            for post in posts
            if post.video
            and datetime(2019, 11, 1, 7, tzinfo=UTC).timestamp() < post.created < ends.timestamp()
        }
    lake.register(campaign("c"))
    lake.build()
    told = lake.query(
        "select object_id, sum(value)::bigint from marts.platform_daily "
        "where native_name = 'post_video_views/day' group by all"
    )
    assert len(truth) > 5
    assert {post_id: total for post_id, total in told if post_id in truth} == truth
    names = {row[0] for row in lake.query("select distinct native_name from marts.platform_daily")}
    assert names == {f"{metric}/day" for metric in POST_DAY_METRICS}
    assert lake.query("select min(day), max(day) from marts.platform_daily") == [(first, last)]


def test_every_metric_of_posts_by_day_is_in_the_dictionary() -> None:
    with (Path(sightings.SQL).parent / "dictionary" / "facebook.csv").open(encoding="utf-8") as file:
        known = {row["native_name"]: row for row in csv.DictReader(file) if row["object_type"] == "post"}
    canonical = ["views", "video_views_organic", "video_views_paid", "watch_time"]
    assert [known[f"{metric}/day"]["canonical_name"] for metric in POST_DAY_METRICS] == canonical
    assert {known[f"{metric}/day"]["kind"] for metric in POST_DAY_METRICS} == {"daily"}


def test_every_metric_of_pages_by_day_is_in_the_dictionary() -> None:
    with (Path(sightings.SQL).parent / "dictionary" / "facebook.csv").open(encoding="utf-8") as file:
        known = {row["native_name"]: row for row in csv.DictReader(file)}
    for metric in PAGE_METRICS:
        assert (f"{metric.name}/day" in known) == (metric.status != "withdrawn")
    assert {row["day_boundary"] for row in known.values() if row["kind"] == "daily"} == {
        "America/Los_Angeles"
    }
