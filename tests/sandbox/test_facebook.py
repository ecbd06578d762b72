"""The Facebook face against the vendor's lists of fields (an extract) and the Graph API's manners."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.plain import END_2019, GRAPH_POST, GRAPH_VIDEO, REACTIONS, Plain, at, truth

EXTRACT = json.loads((Path(__file__).parent / "meta-v26-extract.json").read_text(encoding="utf-8"))
LABOUR, RIVAL_PAGE = "118273904551", "10214770963"
RIVAL_POST, RIVAL_VIDEO = "10214770963_2864950776862990", "403439759788842"
FILM_POST, FILM_VIDEO = "118273904551_8097613241034693", "663207813267942"
REEL = "249437810370497"
DELETED = "118273904551_4212326202065773"


def error_of(answer: Any) -> dict[str, Any]:
    error = answer.json()["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(error)
    return dict(error)


def names_of(kind: str) -> set[str]:
    return set(EXTRACT[kind]["fields"]) | {edge.strip("/") for edge in EXTRACT[kind]["edges"]}


@pytest.mark.parametrize(
    ("path", "kind"),
    [("uklabour", "Page"), (FILM_POST, "PagePost"), (FILM_VIDEO, "AdVideo"), (REEL, "AdVideo")],
)
def test_served_fields_are_the_vendors_own(plain: Plain, path: str, kind: str) -> None:
    everything = ",".join(EXTRACT[kind]["fields"])
    body = plain.graph(path, fields=everything).json()
    assert set(body) <= names_of(kind)
    # All but the parts of the extract that depend on who asks.
    assert len(set(EXTRACT[kind]["fields"]) - set(body)) <= 1


def test_post_rows_have_what_the_vendor_names(plain: Plain) -> None:
    aliases = {f"r_{kind.lower()}" for kind in REACTIONS}
    for post in plain.listed("uklabour/posts", END_2019, fields=GRAPH_POST, limit="100"):
        assert set(post) - aliases <= names_of("PagePost")
        assert (
            sum(post[alias]["summary"]["total_count"] for alias in aliases)
            == post["reactions"]["summary"]["total_count"]
        )


def test_insight_rows_have_what_the_vendor_names(plain: Plain) -> None:
    body = plain.graph(
        f"{FILM_POST}/insights", token=plain.page_token(LABOUR), metric="post_video_views"
    ).json()
    for row in body["data"]:
        assert set(row) <= set(EXTRACT["InsightsResult"]["fields"])
        assert row["period"] in EXTRACT["InsightsResult"]["periods"]
        for value in row["values"]:
            assert set(value) <= set(EXTRACT["InsightsValue"]["fields"])


def test_shares_are_absent_at_zero(plain: Plain) -> None:
    posts = list(plain.listed("oddquiet/posts", END_2019, fields="shares"))
    without = [post for post in posts if "shares" not in post]
    assert without
    assert len(without) < len(posts)
    assert all(post["shares"]["count"] > 0 for post in posts if "shares" in post)


def test_lists_page_through_everything_once_newest_first(plain: Plain) -> None:
    whole = [post["id"] for post in plain.listed("uklabour/posts", END_2019, fields="id", limit="100")]
    by_seven = list(plain.listed("uklabour/posts", END_2019, fields="id,created_time", limit="7"))
    assert [post["id"] for post in by_seven] == whole
    assert len(whole) == len(set(whole)) == 46 - 7 + 15 - 1
    times = [post["created_time"] for post in by_seven]
    assert times == sorted(times, reverse=True)
    assert times[0].endswith("+0000")


def test_cursors_lead_back(plain: Plain) -> None:
    first = plain.graph("uklabour/posts", fields="id", limit="5").json()
    second = plain.graph(
        "uklabour/posts", fields="id", limit="5", after=first["paging"]["cursors"]["after"]
    ).json()
    back = plain.graph(
        "uklabour/posts", fields="id", limit="5", before=second["paging"]["cursors"]["before"]
    ).json()
    assert back["data"] == first["data"]
    assert "previous" not in first["paging"]
    assert "previous" in second["paging"]


def test_since_and_until_bound_a_list(plain: Plain) -> None:
    since, until = at(20, 11), at(22, 11)
    params = {"since": str(int(since.timestamp())), "until": str(int(until.timestamp()))}
    rows = list(plain.listed("uklabour/posts", END_2019, fields="created_time", limit="1", **params))
    assert rows
    assert all("2019-11-20" <= row["created_time"] < "2019-11-22" for row in rows)


def test_the_next_page_is_an_absolute_address_with_the_token_in_it(plain: Plain) -> None:
    answer = plain.graph("uklabour/posts", fields="id", limit="5")
    following = answer.json()["paging"]["next"]
    assert following.startswith("https://graph.facebook.com/v26.0/118273904551/posts?")
    assert f"access_token={plain.user_token}" in following
    assert b"https:\\/\\/graph.facebook.com\\/" in answer.content


def test_reels_are_only_among_reels(plain: Plain) -> None:
    reels = list(plain.listed("uklabour/video_reels", END_2019, fields="id,post_id,permalink_url"))
    assert len(reels) == 7
    uploaded = {
        video["id"] for video in plain.listed("uklabour/videos", END_2019, type="uploaded", fields="id")
    }
    posts = {post["id"] for post in plain.listed("uklabour/posts", END_2019, fields="id")}
    for reel in reels:
        assert reel["id"] not in uploaded
        assert reel["permalink_url"].startswith("/reel/")
        post_id = f"{LABOUR}_{reel['post_id']}"
        assert post_id not in posts
        assert plain.graph(post_id, END_2019, fields="id").json() == {"id": post_id}


def test_views_agree_wherever_they_are_shown(plain: Plain) -> None:
    token, moment = plain.page_token(LABOUR), at(1, 12, 11)
    video = plain.graph(FILM_VIDEO, moment, fields=GRAPH_VIDEO).json()
    post = plain.graph(
        f"{FILM_POST}/insights", moment, token=token, metric="post_video_views", period="lifetime"
    ).json()
    node = plain.graph(f"{FILM_VIDEO}/video_insights", moment, token=token, metric="total_video_views").json()
    assert f"{LABOUR}_{video['post_id']}" == FILM_POST
    assert video["views"] == video["post_views"] > 0
    assert post["data"][0]["values"] == [{"value": video["views"]}]
    assert node["data"][0]["values"] == [{"value": video["views"]}]
    reel = plain.graph(REEL, END_2019, fields="views").json()
    plays = plain.graph(
        f"{REEL}/video_insights", END_2019, token=token, metric="blue_reels_play_count"
    ).json()
    assert plays["data"][0]["values"] == [{"value": reel["views"]}]


def test_a_reel_answers_metrics_of_videos_with_nothing(plain: Plain) -> None:
    token = plain.page_token(LABOUR)
    assert plain.graph(f"{REEL}/video_insights", token=token, metric="total_video_views").json()["data"] == []
    refused = plain.graph(f"{FILM_VIDEO}/video_insights", token=token, metric="blue_reels_play_count")
    assert error_of(refused)["code"] == 100


def test_media_views_did_not_exist_yet(plain: Plain) -> None:
    token = plain.page_token(LABOUR)
    answer = plain.graph(f"{FILM_POST}/insights", token=token, metric="post_media_view", period="lifetime")
    assert (answer.status_code, answer.json()["data"]) == (200, [])


@pytest.mark.parametrize(
    "metric", ["post_impressions", "post_video_views,post_impressions_unique", "nonsense"]
)
def test_one_bad_metric_fails_the_whole_call(plain: Plain, metric: str) -> None:
    answer = plain.graph(
        f"{FILM_POST}/insights", token=plain.page_token(LABOUR), metric=metric, period="lifetime"
    )
    assert error_of(answer)["message"] == "(#100) The value must be a valid insights metric"


def test_a_metric_of_videos_fails_on_a_picture(plain: Plain) -> None:
    picture = next(
        post["id"]
        for post in plain.listed("uklabour/posts", END_2019, fields="status_type")
        if post["status_type"] == "added_photos"
    )
    answer = plain.graph(f"{picture}/insights", token=plain.page_token(LABOUR), metric="post_video_views")
    assert error_of(answer)["code"] == 100


def test_without_a_period_lifetime_and_day_come_together(plain: Plain) -> None:
    token = plain.page_token(LABOUR)
    rows = plain.graph(f"{FILM_POST}/insights", at(1, 12, 12), token=token, metric="post_video_views").json()[
        "data"
    ]
    assert [row["period"] for row in rows] == ["lifetime", "day"]
    assert "end_time" not in rows[0]["values"][0]
    assert "end_time" in rows[1]["values"][0]


def test_insights_always_have_a_next_page(plain: Plain) -> None:
    params = {"metric": "page_video_views", "period": "day", "since": "2019-12-01", "until": "2019-12-03"}
    for _ in range(8):
        body = plain.graph(f"{LABOUR}/insights", token=plain.page_token(LABOUR), **params).json()
        query = dict(part.split("=", 1) for part in body["paging"]["next"].partition("?")[2].split("&"))
        params = {**params, "since": query["since"], "until": query["until"]}
    assert body["data"] == []


def test_days_of_a_page_end_at_midnight_pacific_and_add_up(plain: Plain) -> None:
    token = plain.page_token(LABOUR)
    body = plain.graph(
        f"{LABOUR}/insights",
        at(16, 12),
        token=token,
        metric="page_video_views",
        period="day",
        since="2019-10-29",
        until="2019-12-13",
    ).json()
    (row,) = body["data"]
    ends = [value["end_time"][10:] for value in row["values"]]
    assert ends[0] == "T07:00:00+0000"
    assert ends[-1] == "T08:00:00+0000"
    assert len(ends) == 45
    reels = sum(
        video["views"] for video in plain.listed("uklabour/video_reels", at(13, 12, 8), fields="views")
    )
    everything = sum(video["views"] for video in plain.videos("uklabour", at(13, 12, 8)))
    assert sum(value["value"] for value in row["values"]) == everything - reels


def test_longer_than_ninety_days_is_refused(plain: Plain) -> None:
    answer = plain.graph(
        f"{LABOUR}/insights",
        token=plain.page_token(LABOUR),
        metric="page_video_views",
        period="day",
        since="2019-09-01",
        until="2019-12-12",
    )
    assert error_of(answer)["code"] == 100


def test_insights_take_a_page_token_and_a_metric(plain: Plain) -> None:
    as_person = plain.graph(f"{FILM_POST}/insights", metric="post_video_views", period="lifetime")
    assert (error_of(as_person)["code"], error_of(as_person)["error_subcode"]) == (190, 2069032)
    nothing = plain.graph(f"{FILM_POST}/insights", token=plain.page_token(LABOUR))
    assert (error_of(nothing)["code"], error_of(nothing)["error_subcode"]) == (3001, 1504028)


def test_a_page_without_a_role_shows_posts_and_nothing_more(plain: Plain) -> None:
    post = plain.graph(RIVAL_POST, fields=GRAPH_POST).json()
    assert post["shares"]["count"] > 0
    assert post["attachments"]["data"][0]["target"]["id"] == RIVAL_VIDEO
    assert error_of(plain.graph(f"{RIVAL_POST}/insights", metric="post_video_views"))["code"] == 10
    assert error_of(plain.graph(f"{RIVAL_PAGE}/insights", metric="page_video_views"))["code"] == 200
    assert error_of(plain.graph(RIVAL_VIDEO, fields="views"))["code"] == 10
    assert error_of(plain.graph(f"{RIVAL_PAGE}/video_reels", fields="id"))["code"] == 10
    assert error_of(plain.graph(f"{RIVAL_PAGE}/videos", type="uploaded"))["code"] == 10
    assert plain.graph(RIVAL_VIDEO, fields="title").json()["title"] == "Our wonderful NHS"


def test_a_page_token_is_worth_nothing_on_another_page(plain: Plain) -> None:
    other = plain.page_token("8761205449")
    assert (
        error_of(plain.graph(f"{FILM_POST}/insights", token=other, metric="post_video_views"))["code"] == 10
    )


def test_roles_come_with_page_tokens(plain: Plain) -> None:
    rows = list(plain.listed("me/accounts", None, fields="id,name,access_token", limit="2"))
    names = {row["name"] for row in rows}
    assert {"The Labour Party", "Jeremy Corbyn", "Conservatives", "Boris Johnson"} <= names
    assert "rob delaney" not in names
    for row in rows:
        assert set(row) == {"id", "name", "access_token"}
        assert plain.graph("me", token=row["access_token"]).json()["id"] == row["id"]


@pytest.mark.parametrize(
    ("asked", "served"), [("v26.0", "v26.0"), ("v22.0", "v22.0"), ("v2.8", "v21.0"), ("v20.0", "v21.0")]
)
def test_retired_versions_are_served_as_the_oldest_usable(plain: Plain, asked: str, served: str) -> None:
    answer = plain.graph("uklabour", version=asked)
    assert answer.headers["facebook-api-version"] == served
    assert answer.json() == {"name": "The Labour Party", "id": LABOUR}


def test_versions_to_come_are_unknown(plain: Plain) -> None:
    assert error_of(plain.graph("uklabour", version="v99.0"))["message"].startswith("Unknown path components")


@pytest.mark.parametrize("path", [DELETED, "118273904551_1", "999999", "nosuchpage"])
def test_gone_and_never_there_are_one_answer(plain: Plain, path: str) -> None:
    error = error_of(plain.graph(path, fields="id"))
    assert (error["code"], error["error_subcode"], error["type"]) == (100, 33, "GraphMethodException")


def test_a_deleted_post_was_there_before(plain: Plain) -> None:
    assert plain.graph(DELETED, at(22, 11, 13), fields="id").json() == {"id": DELETED}


def test_several_ids_come_as_a_map_and_one_bad_one_fails_all(plain: Plain) -> None:
    both = plain.graph("", ids=f"{FILM_POST},{RIVAL_POST}", fields="id,shares").json()
    assert set(both) == {FILM_POST, RIVAL_POST}
    assert error_of(plain.graph("", ids=f"{FILM_POST},{DELETED}", fields="id"))["error_subcode"] == 33
    assert error_of(plain.graph("", ids=",".join(str(n) for n in range(51))))["code"] == 100


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (FILM_POST, "id,nonsense"),
        (FILM_VIDEO, "shares"),
        (FILM_VIDEO, "reactions.summary(true)"),
        ("uklabour", "views"),
        (FILM_POST, "attachments{nonsense}"),
    ],
)
def test_fields_that_a_node_lacks_are_refused(plain: Plain, path: str, fields: str) -> None:
    error = error_of(plain.graph(path, fields=fields))
    assert error["code"] == 100
    assert "Tried accessing nonexisting field (" in error["message"]


@pytest.mark.parametrize("fields", ["id{", "comments.limit(", "id}", "id.,x", "{id}"])
def test_broken_field_lists_are_refused(plain: Plain, fields: str) -> None:
    assert error_of(plain.graph(FILM_POST, fields=fields))["code"] == 2500


def test_more_than_a_hundred_rows_are_refused(plain: Plain) -> None:
    assert error_of(plain.graph("uklabour/posts", limit="101"))["code"] == 100


def test_nested_insights_are_answered(plain: Plain) -> None:
    body = plain.graph(
        FILM_POST,
        token=plain.page_token(LABOUR),
        fields="id,insights.metric(post_video_views).period(lifetime)",
    ).json()
    assert body["insights"]["data"][0]["name"] == "post_video_views"


def test_a_batch_answers_in_order_with_bodies_as_text(plain: Plain) -> None:
    urls = [
        f"v26.0/{FILM_POST}?fields=id",
        f"{DELETED}?fields=id",
        f"/v26.0/{FILM_VIDEO}/video_insights?metric=total_video_views",
    ]
    batch = json.dumps([{"method": "GET", "relative_url": url} for url in urls])
    answer = plain.batch(batch, token=plain.page_token(LABOUR))
    assert answer.status_code == 200
    assert [item["code"] for item in answer.json()] == [200, 400, 200]
    bodies = [json.loads(item["body"]) for item in answer.json()]
    assert bodies[0] == {"id": FILM_POST}
    assert bodies[1]["error"]["error_subcode"] == 33
    assert bodies[2]["data"][0]["values"][0]["value"] > 0
    assert all(set(item) == {"code", "body"} for item in answer.json())
    with_headers = plain.batch(batch, token=plain.page_token(LABOUR), include_headers="true").json()
    assert {"name": "facebook-api-version", "value": "v26.0"} in with_headers[0]["headers"]


def test_a_batch_takes_fifty(plain: Plain) -> None:
    one = {"method": "GET", "relative_url": f"{FILM_POST}?fields=id"}
    assert len(plain.batch(json.dumps([one] * 50)).json()) == 50
    assert error_of(plain.batch(json.dumps([one] * 51)))["type"] == "GraphBatchException"
    assert error_of(plain.batch("nonsense"))["code"] == 100


@pytest.mark.parametrize("token", ["wrong", "sandbox-page-token-10214770963", "sandbox-page-token-1"])
def test_other_tokens_are_refused(plain: Plain, token: str) -> None:
    assert error_of(plain.graph("uklabour", token=token))["code"] == 190


def test_no_token_is_refused(plain: Plain) -> None:
    answer = plain.session.get(f"{plain.sandbox.facebook_url}/v26.0/me", timeout=10)
    assert error_of(answer)["code"] == 104


def test_usage_is_told_after_some_calls_in_headers_by_kind_of_token(own: Plain) -> None:
    plain = own
    page_token = plain.page_token(LABOUR)
    first = plain.graph("uklabour").headers
    assert not any(name.lower().endswith("-usage") for name in first)
    for _ in range(10):
        plain.graph("uklabour")
        plain.graph("uklabour", token=page_token)
    person = plain.graph("uklabour").headers
    assert set(json.loads(person["x-app-usage"])) == {"call_count", "total_time", "total_cputime"}
    page = plain.graph("uklabour", token=page_token).headers
    (case,) = json.loads(page["x-business-use-case-usage"])[LABOUR]
    assert case["type"] == "pages"
    assert case["estimated_time_to_regain_access"] == 0


def test_tokens_tell_about_themselves(plain: Plain) -> None:
    known = plain.graph("debug_token", input_token=plain.user_token).json()["data"]
    assert known["is_valid"]
    assert "read_insights" in known["scopes"]
    assert not plain.graph("debug_token", input_token="other").json()["data"]["is_valid"]
    granted = plain.graph("me/permissions").json()["data"]
    assert {"permission": "pages_read_engagement", "status": "granted"} in granted


def test_permalinks_come_in_the_forms_people_paste(plain: Plain) -> None:
    links = [
        post["permalink_url"]
        for post in plain.listed("jeremycorbynmp/posts", END_2019, fields="permalink_url")
    ]
    assert any("/videos/" in link for link in links)
    assert any("/posts/pfbid0" in link for link in links)
    assert any("/330250343871206/posts/" in link for link in links)
    assert len(set(links)) == len(links)


def test_a_crossposted_video_is_another_video_on_each_page(plain: Plain) -> None:
    fields = "id,views,is_crosspost_video,universal_video_id"
    shared = [
        video
        for name in ("uklabour", "jeremycorbynmp")
        for video in plain.listed(f"{name}/videos", END_2019, type="uploaded", fields=fields, limit="100")
        if "universal_video_id" in video
    ]
    assert len({video["universal_video_id"] for video in shared}) == 1
    assert len({video["id"] for video in shared}) == len({video["views"] for video in shared}) == 2
    assert sorted(video["is_crosspost_video"] for video in shared) == [False, True]


def test_the_latest_two_days_are_restated(plain: Plain) -> None:
    def days(moment: datetime) -> list[int]:
        params = {"metric": "page_video_views", "period": "day", "since": "2019-11-20", "until": "2019-11-24"}
        body = plain.graph(f"{LABOUR}/insights", moment, token=plain.page_token(LABOUR), **params).json()
        return [value["value"] for value in body["data"][0]["values"]]

    early, late = days(at(24, 11, 9)), days(at(30, 11))
    assert len(early) == len(late) == 4
    assert early[:2] == late[:2]
    assert early[2] < late[2]
    assert early[3] < late[3]


def days_of(plain: Plain, post_id: str, moment: datetime, **params: str) -> dict[str, list[tuple[str, int]]]:
    """What is told of a post by day: (end, value), by metric."""
    asked = {"metric": "post_video_views", "period": "day", **params}
    token = plain.page_token(post_id.partition("_")[0])
    body = plain.graph(f"{post_id}/insights", moment, token=token, **asked).json()
    return {
        row["name"]: [(value["end_time"][:13], value["value"]) for value in row["values"]]
        for row in body["data"]
    }


def lifetime_of(plain: Plain, post_id: str, moment: datetime) -> int:
    token = plain.page_token(post_id.partition("_")[0])
    params = {"metric": "post_video_views", "period": "lifetime"}
    body = plain.graph(f"{post_id}/insights", moment, token=token, **params).json()
    return int(body["data"][0]["values"][0]["value"])


def test_days_of_a_post_are_what_its_video_gained_between_two_pacific_midnights(plain: Plain) -> None:
    posts = plain.sandbox.service.world.pages["8761205449"].posts
    for post in [post for post in posts if post.video and not post.video.is_reel][:3]:
        (told,) = days_of(plain, post.id, END_2019, since="2019-10-30", until="2019-11-07").values()
        assert [end for end, _ in told] == [
            *(f"2019-{stop}" for stop in ("10-31T07", "11-01T07", "11-02T07", "11-03T07")),
            # The third has twenty-five hours.
            *(f"2019-11-0{day}T08" for day in range(4, 8)),
        ]
        midnights = [at(30, 10, 7), *(datetime.fromisoformat(f"{end}:00+00:00") for end, _ in told)]
        totals = [
            0 if moment.timestamp() < post.created else lifetime_of(plain, post.id, moment)
            for moment in midnights
        ]
        assert [value for _, value in told] == [b - a for a, b in pairwise(totals)]
        assert totals[-1] > 0


def test_days_of_a_post_hold_no_recount_and_no_moment_at_zero(plain: Plain) -> None:
    pages = plain.sandbox.service.world.pages
    disturbed = [
        post.id
        for page in pages.values()
        for post in page.posts
        if page.has_role and post.video and not post.video.is_reel and not post.video.views._is_plain
    ]
    assert len(disturbed) > 2
    for post_id in disturbed:
        (told,) = days_of(plain, post_id, at(20, 12), since="2019-10-29", until="2019-12-13").values()
        assert all(value >= 0 for _, value in told)
        assert sum(value for _, value in told) == lifetime_of(plain, post_id, at(13, 12, 8))


def test_days_of_a_post_come_for_all_its_metrics_and_are_restated_for_two_days(plain: Plain) -> None:
    metrics = [
        "post_video_views",
        "post_video_views_organic",
        "post_video_views_paid",
        "post_video_view_time",
    ]
    params = {"metric": ",".join(metrics), "since": "2019-11-19", "until": "2019-11-23"}
    early, late = (days_of(plain, FILM_POST, moment, **params) for moment in (at(23, 11, 9), at(30, 11)))
    assert list(early) == list(late) == metrics
    views, organic, paid, watched = ([value for _, value in late[name]] for name in metrics)
    assert views == [a + b for a, b in zip(organic, paid, strict=True)]
    assert watched == [11_000 * value for value in views]
    first, then = ([value for _, value in each["post_video_views"]] for each in (early, late))
    assert first[:2] == then[:2]
    assert all(0 < before < after for before, after in zip(first[2:], then[2:], strict=True))


def test_days_of_a_post_have_the_limits_of_a_pages_and_no_last_page(plain: Plain) -> None:
    token = plain.page_token(LABOUR)
    params = {"metric": "post_video_views", "period": "day", "since": "2019-09-01"}
    refused = plain.graph(f"{FILM_POST}/insights", END_2019, token=token, until="2019-12-01", **params)
    assert "90 days" in error_of(refused)["message"]
    params |= {"since": "2019-12-01", "until": "2019-12-11"}
    for _ in range(5):
        body = plain.graph(f"{FILM_POST}/insights", END_2019, token=token, **params).json()
        query = dict(part.split("=", 1) for part in body["paging"]["next"].partition("?")[2].split("&"))
        assert query["since"] != params["since"]
        params |= {"since": query["since"], "until": query["until"]}
    assert body["data"] == []
    # Plays of a reel are told of the reel alone.
    reel = plain.sandbox.service.world.facebook_videos[REEL].post.id
    assert days_of(plain, reel, END_2019, since="2019-12-01", until="2019-12-11") == {}


def test_days_of_a_page_are_broken_down_flat(plain: Plain) -> None:
    params = {"metric": "page_media_view", "period": "day", "since": "2019-11-20", "until": "2019-11-21"}
    token = plain.page_token(LABOUR)
    whole = plain.graph(f"{LABOUR}/insights", END_2019, token=token, **params).json()["data"][0]["values"]
    parts = plain.graph(
        f"{LABOUR}/insights", END_2019, token=token, breakdown="is_from_ads", **params
    ).json()["data"][0]["values"]
    assert {value["is_from_ads"] for value in parts} == {"0", "1"}
    assert sum(value["value"] for value in parts) == whole[0]["value"]
    for value in parts:
        assert set(value) <= set(EXTRACT["InsightsValue"]["fields"])
    params["metric"] = "page_media_view,page_video_views"
    refused = plain.graph(f"{LABOUR}/insights", token=token, breakdown="is_from_ads", **params)
    assert error_of(refused)["code"] == 100


def test_a_page_that_few_like_has_no_days(plain: Plain) -> None:
    page = plain.graph("oddtiny", fields="id,fan_count").json()
    assert page["fan_count"] < 100
    token = plain.page_token(page["id"])
    body = plain.graph(
        "me/insights", END_2019, token=token, metric="page_video_views", period="day", since="2019-11-20"
    ).json()
    assert body["data"] == []


def test_a_web_address_tells_its_engagement_and_unknown_ones_none(plain: Plain) -> None:
    address = truth("uk-general-election-2019")["sites"][0]
    early, late = (
        plain.graph("", moment, id=address["url"], fields="engagement").json()
        for moment in (at(20, 11), END_2019)
    )
    assert late["id"] == address["url"]
    assert 0 < early["engagement"]["share_count"] < late["engagement"]["share_count"] == address["shares"]
    nothing = plain.graph("", id="https://nobody.example.org/", fields="engagement").json()
    assert set(nothing["engagement"].values()) == {0}
    assert error_of(plain.graph("", id=address["url"], fields="views"))["code"] == 100


def test_a_proof_must_belong_to_its_token(plain: Plain) -> None:
    def proof(token: str) -> str:
        secret = plain.sandbox.settings["FACEBOOK_APP_SECRET"]
        return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()

    token = plain.page_token(LABOUR)
    assert plain.graph("me", appsecret_proof=proof(plain.user_token)).ok
    assert plain.graph("me", token=token, appsecret_proof=proof(token)).ok
    refused = error_of(plain.graph("me", token=token, appsecret_proof=proof(plain.user_token)))
    assert (refused["code"], refused["type"]) == (100, "GraphMethodException")
    one = json.dumps([{"method": "GET", "relative_url": "me?fields=id"}])
    assert plain.batch(one, token=token, appsecret_proof=proof(token)).json()[0]["code"] == 200


@pytest.mark.parametrize(
    ("first", "ends"),
    [("2019-03-09", ["10T08", "11T07", "12T07"]), ("2019-11-02", ["03T07", "04T08", "05T08"])],
)
def test_days_follow_both_changes_of_the_clocks(plain: Plain, first: str, ends: list[str]) -> None:
    params = {
        "metric": "page_follows",
        "period": "day",
        "since": first,
        "until": f"{first[:8]}{ends[-1][:2]}",
    }
    body = plain.graph(f"{LABOUR}/insights", END_2019, token=plain.page_token(LABOUR), **params).json()
    assert [value["end_time"][8:13] for value in body["data"][0]["values"]] == ends


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("app", "x-app-usage"),
        ("page", "x-page-usage"),
        ("business", "x-business-use-case-usage"),
        ("ads", "x-ad-account-usage"),
        ("none", None),
    ],
)
def test_usage_can_be_told_in_every_form_and_in_none(own: Plain, form: str, name: str | None) -> None:
    own.sandbox.program({"match": "uklabour", "fault": "usage", "form": form, "percent": 99})
    answer = own.graph("uklabour")
    assert answer.ok
    told = {header.lower(): value for header, value in answer.headers.items() if header.endswith("-usage")}
    assert set(told) == ({name} if name else set())
    assert all("99" in value for value in told.values())


@pytest.mark.parametrize(
    ("code", "form", "names"),
    [
        (4, None, {"x-app-usage"}),
        (32, None, {"x-app-usage"}),
        (80001, None, {"x-business-use-case-usage"}),
        (80001, "page", {"x-page-usage"}),
        (80004, None, {"x-ad-account-usage"}),
        (17, "none", set()),
    ],
)
def test_a_reached_limit_is_told_in_its_codes_form_or_in_another(
    own: Plain, code: int, form: str | None, names: set[str]
) -> None:
    more = {} if form is None else {"form": form}
    own.sandbox.program({"match": "uklabour", "fault": "graph_throttled", "code": code, **more})
    answer = own.graph("uklabour")
    assert error_of(answer)["code"] == code
    assert {name.lower() for name in answer.headers if name.endswith("-usage")} == names


def test_a_served_version_a_missing_proof_and_a_null_can_be_had(own: Plain) -> None:
    own.sandbox.program(
        {"match": "uklabour", "fault": "other_version", "version": "v24.0"},
        {"match": "ids=", "fault": "null_object"},
        {"match": "/me?", "fault": "proof_required"},
    )
    assert own.graph("uklabour").headers["facebook-api-version"] == "v24.0"
    assert own.graph("", ids=f"{FILM_POST},{RIVAL_POST}", fields="id").json()[FILM_POST] is None
    assert error_of(own.graph("me"))["code"] == 100
