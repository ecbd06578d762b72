"""The Instagram face against the vendor's lists of fields and the Graph API's manners."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.exchange import Asked
from connectors.sandbox.growth import Moment
from connectors.sandbox.instagram import LOGIN_TOKEN, PAGE_TOKEN_PREFIX, USER_TOKEN, face, proof_of
from connectors.sandbox.instagram.world import InstagramWorld, InstagramWorldError, shipped_instagram_world
from connectors.sandbox.server import Sandbox
from connectors.sandbox.world import shipped_world
from tests.sandbox.plain import END_2019, at, truth

# Names of the node IGMedia in the vendor's Python SDK 26.0.3
# (github.com/facebook/facebook-python-business-sdk; the Meta Platform Terms apply).
IG_MEDIA = {
    "caption",
    "comments_count",
    "id",
    "like_count",
    "media_product_type",
    "media_type",
    "owner",
    "permalink",
    "reposts_count",
    "saved_count",
    "shares_count",
    "shortcode",
    "timestamp",
    "total_comments_count",
    "total_like_count",
    "total_views_count",
    "username",
    "view_count",
}
LABOUR, CORBYN = "17841401118273904", "17841403302503438"
LABOUR_TOKEN = PAGE_TOKEN_PREFIX + "118273904551"
RIVAL_FIELDS = (
    "id,caption,timestamp,permalink,media_type,media_product_type,like_count,comments_count,view_count"
)


class Client:
    """Plain requests to the face, paging by hand."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(
        self, path: str, moment: datetime = END_2019, *, token: str = USER_TOKEN, **params: str
    ) -> requests.Response:
        return self.session.get(
            f"{self.sandbox.url}/instagram/v26.0/{path}",
            params={"access_token": token, **params},
            headers={"Date": format_datetime(moment, usegmt=True)},
            timeout=10,
        )

    def listed(self, path: str, moment: datetime = END_2019, **params: str) -> Iterator[dict[str, Any]]:
        page = self.ask(path, moment, **params).json()
        while True:
            yield from page["data"]
            following = page.get("paging", {}).get("next")
            if following is None:
                return
            address = urlsplit(following)
            assert (address.scheme, address.netloc) == ("https", "graph.facebook.com")
            query = dict(parse_qsl(address.query))
            rest = address.path.removeprefix("/v26.0/")
            page = self.ask(rest, moment, token=query.pop("access_token"), **query).json()

    def discovered(self, handle: str, moment: datetime = END_2019, limit: int = 50) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            media = f"media.limit({limit}){after}{{{RIVAL_FIELDS}}}"
            fields = f"business_discovery.username({handle}){{followers_count,media_count,{media}}}"
            account = self.ask(LABOUR, moment, fields=fields).json()["business_discovery"]
            found += account["media"]["data"]
            cursor = account["media"].get("paging", {}).get("cursors", {}).get("after")
            if cursor is None:
                return found
            after = f".after({cursor})"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Sandbox() as sandbox:
        one = Client(sandbox)
        with one.session:
            yield one


def error_of(answer: requests.Response) -> dict[str, Any]:
    error = answer.json()["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(error)
    return dict(error)


def test_the_persons_pages_lead_to_the_own_accounts(client: Client) -> None:
    fields = "id,name,access_token,instagram_business_account{id,username}"
    pages = list(client.listed("me/accounts", fields=fields, limit="1"))
    accounts = {page["instagram_business_account"]["username"] for page in pages if len(page) == 4}
    assert accounts == {"uklabour", "jeremycorbyn"}
    assert len(pages) == 3
    assert all("instagram_business_account" not in page for page in pages if len(page) == 3)


def test_instagram_login_knows_one_account_and_no_page(client: Client) -> None:
    me = client.ask("me", token=LOGIN_TOKEN, fields="user_id,username").json()
    assert (me["user_id"], me["username"]) == (LABOUR, "uklabour")
    assert me["id"] != LABOUR
    assert client.ask(f"{LABOUR}/media", token=LOGIN_TOKEN).json()["data"]
    assert error_of(client.ask(f"{CORBYN}/media", token=LOGIN_TOKEN))["code"] == 100
    fields = "business_discovery.username(conservatives){id}"
    assert "nonexisting field" in error_of(client.ask(LABOUR, token=LOGIN_TOKEN, fields=fields))["message"]


def test_media_page_through_everything_once_newest_first(client: Client) -> None:
    whole = [one["id"] for one in client.listed(f"{LABOUR}/media", fields="id", limit="100")]
    by_seven = list(client.listed(f"{LABOUR}/media", fields=",".join(sorted(IG_MEDIA)), limit="7"))
    assert [one["id"] for one in by_seven] == whole
    # One was deleted.
    assert len(whole) == len(set(whole)) == 34 - 1
    times = [one["timestamp"] for one in by_seven]
    assert times == sorted(times, reverse=True)
    assert all(re.fullmatch(r"1[0-9]{16,17}", one) for one in whole)
    assert set().union(*by_seven) == IG_MEDIA


def test_since_and_until_bound_a_list(client: Client) -> None:
    since, until = at(10, 11), at(20, 11)
    params = {"since": str(int(since.timestamp())), "until": str(int(until.timestamp()))}
    rows = list(client.listed(f"{LABOUR}/media", fields="timestamp", limit="2", **params))
    assert rows
    assert all("2019-11-10" <= row["timestamp"] < "2019-11-20" for row in rows)


def test_views_are_a_plain_field_of_reels_alone(client: Client) -> None:
    rows = list(client.listed(f"{LABOUR}/media", fields="media_product_type,view_count,shares_count"))
    assert {row["media_product_type"] for row in rows if "view_count" in row} == {"REELS"}
    assert all("shares_count" in row for row in rows)


def test_a_field_that_is_not_there_fails_the_call_and_is_named(client: Client) -> None:
    error = error_of(client.ask(f"{LABOUR}/media", fields="id,views"))
    assert error["code"] == 100
    assert "nonexisting field (views)" in error["message"]


def test_counters_never_fall_and_stand_still_at_the_end(client: Client) -> None:
    def counted(moment: datetime) -> dict[str, int]:
        rows = client.listed(f"{CORBYN}/media", moment, fields="like_count")
        return {row["id"]: row["like_count"] for row in rows}

    before = counted(at(20, 11))
    after = counted(at(5, 12))
    assert all(after[name] >= value for name, value in before.items())
    assert counted(END_2019) == counted(END_2019 + timedelta(days=30))


@pytest.mark.parametrize(
    ("product", "metric"),
    [("REELS", "follows"), ("REELS", "profile_visits"), ("FEED", "replies"), ("STORY", "likes")],
)
def test_a_metric_that_the_product_type_lacks_fails_the_call_and_is_named(
    client: Client, product: str, metric: str
) -> None:
    account = shipped_instagram_world().accounts[LABOUR]
    medium = next(one for one in (*account.stories, *account.media) if one.product == product)
    moment = datetime.fromtimestamp(medium.created + 40_000, UTC)
    error = error_of(client.ask(f"{medium.id}/insights", moment, metric=f"views,{metric}"))
    assert error["code"] == 100
    assert f"does not support the {metric} metric for this media product type" in error["message"]
    (row,) = client.ask(f"{medium.id}/insights", moment, metric="views").json()["data"]
    assert row["period"] == "lifetime"
    assert row["values"][0]["value"] > 0
    assert row["id"] == f"{medium.id}/insights/views/lifetime"


def test_insights_agree_with_the_plain_fields(client: Client) -> None:
    fields = "media_product_type,view_count,like_count,saved_count"
    reel = next(row for row in client.listed(f"{LABOUR}/media", fields=fields) if "view_count" in row)
    rows = client.ask(f"{reel['id']}/insights", metric="views,likes,saved").json()["data"]
    values = {row["name"]: row["values"][0]["value"] for row in rows}
    assert values == {
        "views": reel["view_count"],
        "likes": reel["like_count"],
        "saved": reel["saved_count"],
    }


def test_insights_of_a_new_medium_are_an_empty_list_not_zero(client: Client) -> None:
    medium = shipped_instagram_world().accounts[LABOUR].media[3]
    moment = datetime.fromtimestamp(medium.created + 60, UTC)
    assert client.ask(f"{medium.id}/insights", moment, metric="views").json() == {"data": []}


def test_an_unknown_metric_is_refused_otherwise(client: Client) -> None:
    medium = shipped_instagram_world().accounts[LABOUR].media[0]
    assert (
        "metric[1] must be one of"
        in error_of(client.ask(f"{medium.id}/insights", metric="views,plays"))["message"]
    )
    assert error_of(client.ask(f"{medium.id}/insights"))["code"] == 3001


def test_stories_are_there_for_a_day_and_have_no_insights_before_five_have_seen_them(client: Client) -> None:
    story = shipped_instagram_world().accounts[LABOUR].stories[1]
    posted = datetime.fromtimestamp(story.created, UTC)
    error = error_of(client.ask(f"{story.id}/insights", posted + timedelta(seconds=1), metric="views"))
    assert (error["code"], "Not enough viewers" in error["message"]) == (10, True)
    for hours, is_there in ((23, True), (24, False)):
        moment = posted + timedelta(hours=hours)
        shown = client.ask(f"{LABOUR}/stories", moment, fields="id").json()["data"]
        assert ({"id": story.id} in shown) is is_there
        assert client.ask(story.id, moment).ok is is_there
    assert story.id not in {one["id"] for one in client.listed(f"{LABOUR}/media", posted)}


def test_rivals_are_discovered_by_nested_pages_and_tell_little(client: Client) -> None:
    whole = client.discovered("conservatives")
    assert client.discovered("Conservatives", limit=4) == whole
    assert len(whole) == 25 - 1
    assert {one["media_product_type"] for one in whole if "view_count" in one} == {"REELS"}
    assert [one["caption"] for one in whole if "like_count" not in one] == ["Post 4"]


def test_rivals_shares_and_saves_are_no_fields_and_their_media_no_objects(client: Client) -> None:
    for name in ("shares_count", "saved_count", "insights"):
        fields = f"business_discovery.username(conservatives){{media{{{name}}}}}"
        assert "nonexisting field" in error_of(client.ask(LABOUR, fields=fields))["message"]
    media_id = client.discovered("conservatives")[0]["id"]
    error = error_of(client.ask(media_id))
    assert (error["code"], error["error_subcode"]) == (100, 33)


def test_an_unknown_name_is_error_110(client: Client) -> None:
    assert error_of(client.ask(LABOUR, fields="business_discovery.username(nobody){id}"))["code"] == 110


def test_one_deleted_medium_fails_a_whole_look_up(client: Client) -> None:
    media = shipped_instagram_world().accounts[LABOUR].media
    deleted = next(one for one in media if one.number == 12)
    other = next(one for one in media if one.number == 3)
    ids = f"{other.id},{deleted.id}"
    early = client.ask("", datetime.fromtimestamp(deleted.created + 60, UTC), ids=deleted.id)
    assert set(early.json()) == {deleted.id}
    assert error_of(client.ask("", ids=ids))["error_subcode"] == 33
    assert set(client.ask("", ids=other.id, fields="caption").json()[other.id]) == {"id", "caption"}


def insights_of_day(client: Client, day: datetime, now: datetime, **more: str) -> dict[str, Any]:
    since = day + timedelta(days=1)
    params = {
        "metric": "reach,views",
        "period": "day",
        "metric_type": "total_value",
        "since": str(int(since.timestamp())),
        "until": str(int((since + timedelta(days=1)).timestamp())),
    }
    body: dict[str, Any] = client.ask(f"{LABOUR}/insights", now, **{**params, **more}).json()
    return body


def test_days_are_totals_that_add_up_and_split_by_kind(client: Client) -> None:
    total = 0
    for number in range(46):
        day = at(28, 10) + timedelta(days=number)
        body = insights_of_day(client, day, END_2019 + timedelta(days=3), breakdown="media_product_type")
        for row in body["data"]:
            parts = row["total_value"]["breakdowns"][0]
            assert parts["dimension_keys"] == ["media_product_type"]
            assert sum(part["value"] for part in parts["results"]) == row["total_value"]["value"]
            assert "values" not in row
            total += row["total_value"]["value"] if row["name"] == "views" else 0
    world = shipped_instagram_world().accounts[LABOUR]
    assert total == sum(medium.views.final for medium in (*world.media, *world.stories))


def test_a_days_values_arrive_late(client: Client) -> None:
    day = at(20, 11)
    ends = day + timedelta(days=1, hours=8)
    views = [
        insights_of_day(client, day, ends + timedelta(hours=hours), metric="views")["data"][0]["total_value"]
        for hours in (0, 6, 12, 48)
    ]
    assert views[0]["value"] < views[1]["value"] < views[2]["value"] == views[3]["value"]


def test_days_before_there_was_anything_are_an_empty_list(client: Client) -> None:
    assert insights_of_day(client, at(20, 10), END_2019)["data"] == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"metric_type": ""}, "metric_type=total_value"),
        ({"metric": "impressions"}, "metric[0] must be one of"),
        ({"metric": "accounts_engaged", "breakdown": "media_product_type"}, "breakdown"),
        ({"period": "lifetime"}, "period must be one of"),
        ({"since": "1500000000"}, "90 days"),
        ({"until": "1500000000"}, "before until"),
    ],
)
def test_what_account_insights_refuse(client: Client, more: dict[str, str], words: str) -> None:
    body = insights_of_day(client, at(20, 11), END_2019, **more)
    assert body["error"]["code"] == 100
    assert words in body["error"]["message"]


def test_a_batch_answers_each_part_by_itself(client: Client) -> None:
    media = shipped_instagram_world().accounts[LABOUR].media
    reel = next(one for one in media if one.product == "REELS" and one.number != 12)
    paths = [f"v26.0/{reel.id}/insights?metric=views", f"{reel.id}/insights?metric=follows", "17800/insights"]
    batch = json.dumps([{"method": "GET", "relative_url": path} for path in paths])
    form = {"access_token": LABOUR_TOKEN, "batch": batch, "include_headers": "false"}
    headers = {"Date": format_datetime(END_2019, usegmt=True)}
    url = f"{client.sandbox.url}/instagram/v26.0/"
    parts = client.session.post(url, data=form, headers=headers, timeout=10).json()
    assert [part["code"] for part in parts] == [200, 400, 400]
    assert json.loads(parts[0]["body"])["data"][0]["values"][0]["value"] == reel.views.final


def test_usage_shows_by_token_and_the_limit_is_error_80002(client: Client) -> None:
    person = client.ask("me")
    assert set(json.loads(person.headers["x-app-usage"])) == {"call_count", "total_time", "total_cputime"}
    page = client.ask(LABOUR, token=LABOUR_TOKEN)
    ((case,),) = json.loads(page.headers["x-business-use-case-usage"]).values()
    assert case["type"] == "instagram"
    one = face(shipped_world(), lambda path: None)
    now = Moment.of(END_2019)
    asked = Asked("GET", f"/v26.0/{LABOUR}", {"access_token": LABOUR_TOKEN}, {}, b"", now)
    answer = next(answer for answer in (one.answer(asked) for _ in range(10_001)) if answer.status != 200)
    assert json.loads(answer.body)["error"]["code"] == 80002
    usage = json.loads(answer.headers["x-business-use-case-usage"])
    assert usage[LABOUR][0]["estimated_time_to_regain_access"] > 0


@pytest.mark.parametrize(
    ("token", "code"), [("", 104), ("wrong", 190), (PAGE_TOKEN_PREFIX + "8761205449", 190)]
)
def test_without_a_good_token_nothing_is_told(client: Client, token: str, code: int) -> None:
    assert error_of(client.ask("me", token=token))["code"] == code


def test_a_proof_that_is_sent_must_be_that_of_its_token(client: Client) -> None:
    good = client.ask(LABOUR, token=LABOUR_TOKEN, limit="1", appsecret_proof=proof_of(LABOUR_TOKEN))
    assert good.status_code == 200
    for token in (USER_TOKEN, LABOUR_TOKEN):
        error = error_of(client.ask(LABOUR, token=token, appsecret_proof=proof_of("another")))
        assert (error["code"], "appsecret_proof" in error["message"]) == (100, True)


# The world


def test_no_post_comes_near_the_published_list() -> None:
    tenth = sorted((asset["views"] for asset in truth("uk-general-election-2019")["assets"]), reverse=True)[9]
    finals = [medium.views.final for medium in shipped_instagram_world().media.values()]
    assert max(finals) < 1_200_000 < tenth / 2
    assert min(finals) > 0


def test_the_world_has_every_kind_and_awkward_captions() -> None:
    media = list(shipped_instagram_world().media.values())
    assert {(medium.product, medium.kind) for medium in media} == {
        ("REELS", "VIDEO"),
        ("FEED", "IMAGE"),
        ("FEED", "CAROUSEL_ALBUM"),
        ("STORY", "IMAGE"),
    }
    captions = "".join(medium.caption for medium in media)
    for sign in ("🗳️", "\u202e", "صوّتوا", "<img", "DROP TABLE", "=HYPERLINK"):
        assert sign in captions
    assert len({medium.shortcode for medium in media}) == len(media)


def test_a_world_file_that_names_no_post_is_refused() -> None:
    source = {
        "id": "w",
        "starts": at(1, 11),
        "ends": at(2, 11),
        "accounts": [],
        "deletions": [{"account": "nobody", "post": 1, "at": at(1, 11)}],
    }
    with pytest.raises(InstagramWorldError, match="nobody has no post 1"):
        InstagramWorld([source])


TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "0",
        "-1",
        "9" * 30,
        "x{y.z(1)}",
        "a,b",
        "MTIz",
        LABOUR,
        "media{id}",
        "day",
        "total_value",
        "reach,views",
    ]
)
NAMES = st.sampled_from(
    [
        "ids",
        "fields",
        "metric",
        "period",
        "metric_type",
        "breakdown",
        "since",
        "until",
        "after",
        "limit",
        "batch",
    ]
)
PATHS = st.sampled_from(["", "me", "me/accounts", LABOUR, f"{LABOUR}/media", f"{LABOUR}/stories"])
MORE_PATHS = st.sampled_from([f"{LABOUR}/insights", "118273904551", "v1/x/y/z"]) | TEXT


@given(
    PATHS | MORE_PATHS,
    st.dictionaries(NAMES, TEXT, max_size=5),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from([USER_TOKEN, LABOUR_TOKEN, LOGIN_TOKEN]),
)
def test_any_request_is_answered(path: str, query: dict[str, str], method: str, token: str) -> None:
    asked = Asked(method, f"/v26.0/{path}", {**query, "access_token": token}, {}, b"", Moment.of(END_2019))
    answer = face(shipped_world(), lambda relative: None).answer(asked)
    assert answer.status in (200, 400, 403)
    assert isinstance(json.loads(answer.body), dict | list)
