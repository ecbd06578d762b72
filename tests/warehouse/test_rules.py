"""Rules that take posts into assets: what each kind catches, who wins, and that nothing counts twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.warehouse.lake import Lake, campaign, x_media, x_post
from tests.warehouse.together import Steps, Together, World

MOMENT = datetime(2019, 11, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

together = Together()


def rule(
    *,
    text: tuple[str, ...] = (),
    hashtags: tuple[str, ...] = (),
    links: tuple[str, ...] = (),
    same_video: bool = False,
) -> dict[str, object]:
    """An asset's `match`, as the registry lands it."""
    return {"text": text, "hashtags": hashtags, "links": links, "same_video": same_video}


def ruled(
    rules: Mapping[str, Mapping[str, object] | None],
    *,
    listed: Mapping[str, tuple[str, ...]] | None = None,
    **options: object,
) -> dict[str, object]:
    """A campaign whose assets have rules, in the registry's order."""
    made = campaign(assets={asset: (listed or {}).get(asset, ()) for asset in rules}, **options)  # type: ignore[arg-type]
    assets = [asset | {"match": rules[str(asset["id"])]} for asset in made["assets"]]  # type: ignore[attr-defined]
    return made | {"assets": assets}


def assigned(lake: Lake | World) -> dict[object, tuple[object, object]]:
    """(asset, assigned_by) of each post."""
    rows = lake.query("select post_id, asset_id, assigned_by from marts.posts")
    return {post: (asset, by) for post, asset, by in rows}


def post(post_id: str, text: str | None = None, **shown: object) -> dict[str, object]:
    """A sighting of a post of our account, 9."""
    return {
        "object_type": "post",
        "object_id": post_id,
        "observed_at": MOMENT,
        "account_id": "9",
        "text": text,
        "counters": [{"metric": "retweet_count", "value": 1}],
        **shown,
    }


CAUGHT_BY_TEXT = [
    "Our wonderful NHS",
    "our  WONDERFUL\n\tnhs!",
    "Watch: “our\u00a0wonderful\u2003NHS”, please",
    "not to be parted: your wonderful NHSs",
]
NOT_CAUGHT_BY_TEXT = ["Our NHS is wonderful", "ourwonderful NHS", "Our wonderful N.H.S.", "", None]

CAUGHT_BY_HASHTAG = [
    "#VoteLabour",
    "go #votelabour!",
    "(#VOTELABOUR)",
    "vote.#VoteLabour-now",
    "#one#VoteLabour#two",
    "＃VoteLabour",
]
NOT_CAUGHT_BY_HASHTAG = [
    "#VoteLabourNow",
    "#VoteLabour2019",
    "#IVoteLabour",
    "VoteLabour",
    "#Vote Labour",
    "#VoteLabour_",
    "#VoteLabouré",
    "https://labour.example/page#VoteLabour",
]

CAUGHT_BY_LINK = [
    "https://myplan.example/find",
    "http://www.myplan.example/find/",
    "Go to MyPlan.example/find.",
    "(myplan.example/find)",
    "https://myplan.example/find?utm_source=x&fbclid=1#top",
    "https://myplan.example/find?seat=hallam",
]
NOT_CAUGHT_BY_LINK = [
    "https://myplan.example/finder",
    "https://myplan.example/",
    "https://myplan.example/Find",
    "https://notmyplan.example/find",
    "https://evil.example/myplan.example/find",
    "myplan.example find",
]


def catches(
    world: World, match: Mapping[str, object], caught: list[str], missed: list[str | None], by: str
) -> Steps:
    world.register(ruled({"film": match}))
    shown = [post(f"caught {text!r}", text) for text in caught]
    shown += [post(f"missed {text!r}", text) for text in missed]
    world.see("x", *shown)
    yield
    found = assigned(world)
    assert {name: found[name] for name in found if str(name).startswith("caught")} == {
        f"caught {text!r}": ("film", by) for text in caught
    }
    assert {by for name, (_, by) in found.items() if str(name).startswith("missed")} == {"itself"}


@together.test
def test_a_rule_of_words_catches_them_and_nothing_that_only_looks_like_them(world: World) -> Steps:
    yield from catches(world, rule(text=("our  wonderful NHS",)), CAUGHT_BY_TEXT, NOT_CAUGHT_BY_TEXT, "text")


@together.test
def test_a_rule_of_a_hashtag_catches_it_and_nothing_that_only_looks_like_it(world: World) -> Steps:
    match = rule(hashtags=("VoteLabour",))
    yield from catches(world, match, CAUGHT_BY_HASHTAG, [*NOT_CAUGHT_BY_HASHTAG], "hashtag")


@together.test
def test_a_rule_of_a_link_catches_it_and_nothing_that_only_looks_like_it(world: World) -> Steps:
    match = rule(links=("https://www.myplan.example/find/",))
    yield from catches(world, match, CAUGHT_BY_LINK, [*NOT_CAUGHT_BY_LINK], "link")


@together.test
def test_a_link_is_found_among_the_posts_own_links_and_its_parameters_tell_videos_apart(
    world: World,
) -> Steps:
    world.register(ruled({"film": rule(links=("https://video.example/watch?v=aB1&utm_source=mail",))}))
    links = {
        "1": ["https://short.example/x", "https://www.video.example/watch?t=3&v=aB1"],
        "2": ["https://video.example/watch?v=other"],
        "3": ["https://video.example/watch"],
        "4": [],
    }
    world.see("x", *(post(post_id, "Look", links=each) for post_id, each in links.items()))
    yield
    assert assigned(world) == {
        "1": ("film", "link"),
        "2": ("x:2", "itself"),
        "3": ("x:3", "itself"),
        "4": ("x:4", "itself"),
    }


@together.test
def test_letters_and_signs_are_the_same_however_they_are_encoded(world: World) -> Steps:
    world.register(ruled({"film": rule(text=("Health & café",)), "tag": rule(hashtags=("Café",))}))
    world.see(
        "x",
        post("1", "HEALTH &amp; CAFE\u0301"),
        post("2", "#cafe\u0301"),
        post("3", "Health &amp;amp; café"),
    )
    yield
    assert assigned(world) == {"1": ("film", "text"), "2": ("tag", "hashtag"), "3": ("x:3", "itself")}


@together.test
def test_what_people_write_into_a_rule_is_never_a_pattern_or_sql(world: World) -> Steps:
    hostile = ("50% off_", ".*", "'; drop table facts.posts; --", "(a+)+$", "\\", " \u00a0 ")
    world.register(
        ruled({"film": rule(text=hostile, hashtags=(".*", "", "#"), links=("https://", "?", "%"))})
    )
    world.see("x", post("1", "50% OFF_ today"), post("2", "50x offs"), post("3", "aaaa . *"), post("4", "#a"))
    yield
    assert assigned(world) == {
        "1": ("film", "text"),
        "2": ("x:2", "itself"),
        "3": ("x:3", "itself"),
        "4": ("x:4", "itself"),
    }


@together.test
def test_the_same_video_draws_in_posts_one_step_from_a_listed_or_caught_one(world: World) -> Steps:
    world.register(
        ruled(
            {"film": rule(text=("the film",), same_video=True), "clip": None, "still": rule(same_video=True)},
            listed={"film": ("x:1", "x:v-standing"), "clip": ("x:20",)},
        )
    )
    world.see(
        "x",
        post("1", media_ids=["13_1"]),
        post("2", media_ids=["13_1", "13_2"]),
        # Two steps away: shares a video with a post that only the same video drew in.
        post("3", media_ids=["13_2"]),
        post("4", "See the film", media_ids=["13_4"]),
        post("5", media_ids=["13_4"]),
        # A copy of the video under another id, known by the key of its content.
        {**post("13_4"), "object_type": "media", "content_keys": ["universal-4"], "post_ids": ["4"]},
        {**post("13_6"), "object_type": "media", "content_keys": ["universal-4"], "post_ids": ["6"]},
        post("6", media_ids=["13_6"]),
        # A video that stands for its post, and the post that shows it under the same key.
        {**post("v-standing"), "object_type": "media", "content_keys": ["universal-7"]},
        post("7", content_keys=["universal-7"]),
        # Without the rule, a listed post's video draws in nothing; with it and without posts, neither.
        post("20", media_ids=["13_20"]),
        post("21", media_ids=["13_20"]),
    )
    yield
    assert assigned(world) == {
        "1": ("film", "listed"),
        "2": ("film", "same video"),
        "3": ("x:3", "itself"),
        "4": ("film", "text"),
        "5": ("film", "same video"),
        "6": ("film", "same video"),
        "7": ("film", "same video"),
        "v-standing": ("film", "listed"),
        "20": ("clip", "listed"),
        "21": ("x:21", "itself"),
    }


@together.test
def test_a_listing_wins_over_rules_and_among_rules_the_first_asset_of_the_registry(world: World) -> Steps:
    world.register(
        ruled(
            {
                "zebra": rule(hashtags=("nhs",), same_video=True),
                "film": rule(text=("wonderful",), hashtags=("nhs",)),
            },
            listed={"film": ("x:1",), "zebra": ("x:8",)},
        )
    )
    world.see(
        "x",
        post("1", "Wonderful #nhs", media_ids=["13_8"]),
        post("2", "Wonderful #nhs"),
        post("3", "Wonderful"),
        # The same video of the first asset goes before the words of the second.
        post("4", "Wonderful", media_ids=["13_8"]),
        post("8", "Hello", media_ids=["13_8"]),
    )
    yield
    assert assigned(world) == {
        "1": ("film", "listed"),
        "2": ("zebra", "hashtag"),
        "3": ("film", "text"),
        "4": ("zebra", "same video"),
        "8": ("zebra", "listed"),
    }


@together.test
def test_rules_take_only_posts_that_count_through_an_account_of_the_assets_side(world: World) -> Steps:
    made = ruled({"film": rule(text=("film",)), "rival": rule(text=("film",))}, listed={"film": ("x:5",)})
    accounts = [
        {"side": side, "platform": "x", "handle": None, "id": account, "name": None, "watch": watch}
        for side, account, watch in (("ours", "9", True), ("theirs", "8", True), ("ours", "7", False))
    ]
    sides = [{"id": "ours", "name": "Ours", "ours": True}, {"id": "theirs", "name": "Theirs", "ours": False}]
    assets = [made["assets"][0], made["assets"][1] | {"side": "theirs"}]  # type: ignore[index]
    world.register(made | {"sides": sides, "accounts": accounts, "assets": assets})
    world.see(
        "x",
        post("1", "our film"),
        post("2", "our film", account_id="8"),
        post("3", "our film", account_id="7"),
        post("4", "our film", created_at=datetime(2019, 1, 1, tzinfo=UTC)),
        post("5", "our film", account_id="6"),
        post("6", "our film", account_id="6"),
    )
    yield
    assert assigned(world) == {
        "1": ("film", "text"),
        "2": ("rival", "text"),
        "5": ("film", "listed"),
    }
    assert world.query("select post_id, side_id from marts.posts order by all") == [
        ("1", "ours"),
        ("2", "theirs"),
        ("5", "ours"),
    ]


def test_a_video_that_a_rule_puts_twice_into_an_asset_counts_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(ruled({"film": rule(same_video=True)}, listed={"film": ("x:1",)}))
    born = MOMENT - 6 * HOUR
    for hour, views in ((1, 300), (30, 700)):
        posts = [
            x_post(post_id, media=["13_5"], created_at=born, retweets=views // 100) for post_id in ("1", "2")
        ]
        body = {"data": posts, "includes": {"media": [x_media("13_5", views)]}}
        lake.answer(MOMENT + hour * HOUR, body, endpoint="timeline")
    lake.build()
    assert assigned(lake) == {"1": ("film", "listed"), "2": ("film", "same video")}
    assert lake.query("select asset_id, views, retweets from marts.asset_totals") == [("film", 700, 14)]
    assert lake.query("select sum(views), sum(retweets) from marts.asset_daily") == [(700, 14)]
    assert lake.query("select views from marts.side_totals") == [(700,)]


def test_a_rule_follows_the_latest_text_the_registry_in_force_and_every_edit_of_the_post(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    with_rule, without = ruled({"film": rule(text=("film",))}), ruled({"film": None})
    lake.register(with_rule)
    lake.answer(MOMENT, {"data": [x_post("1", text="A film"), x_post("2", text="Nothing")]})
    lake.build()
    assert assigned(lake) == {"1": ("film", "text"), "2": ("x:2", "itself")}
    edited = {**x_post("50", text="No more"), "edit_history_tweet_ids": ["1", "50"]}
    lake.answer(MOMENT + HOUR, {"data": [edited, x_post("2", text="The film")]})
    lake.build()
    assert assigned(lake) == {"1": ("x:1", "itself"), "2": ("film", "text")}
    lake.register(without)
    lake.build()
    assert assigned(lake) == {"1": ("x:1", "itself"), "2": ("x:2", "itself")}


@together.test
def test_a_registry_landed_by_an_earlier_release_has_no_rules_and_still_builds(world: World) -> Steps:
    old = campaign(assets={"film": ["x:1"]}) | {
        "audiences": [{"id": "young", "label": "Young", "settings": {"age": [18, 24]}}]
    }
    assert "match" not in json.dumps(old)
    world.register(old)
    world.see("x", post("1", "a"), post("2", "b"))
    yield
    assert assigned(world) == {"1": ("film", "listed"), "2": ("x:2", "itself")}
    assert world.query("select audience_id, reach, share_low from marts.reach_share") == [
        ("young", None, None)
    ]


def test_posts_say_whose_they_are_and_how_they_came_to_their_asset(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(ruled({"film": rule(text=("film",))}))
    lake.answer(MOMENT - HOUR, {"data": [{"id": "9", "username": "CleanWater"}]}, endpoint="users")
    lake.answer(MOMENT, {"data": [x_post("1", text="Our film\nhere", created_at=MOMENT - HOUR)]})
    lake.answer(MOMENT + HOUR, {"data": [x_post("1", text="Our film\nhere", created_at=MOMENT - HOUR)]})
    lake.build()
    assert lake.query("from marts.posts") == [
        (
            "water",
            "x",
            "1",
            "9",
            "CleanWater",
            "ours",
            "film",
            "Film",
            "text",
            MOMENT - HOUR,
            "https://x.com/i/status/1",
            "Our film",
            MOMENT,
            MOMENT + HOUR,
            False,
        )
    ]
    assert lake.query("select day, sum(posts) from marts.account_daily group by all order by all")[0] == (
        date(2019, 11, 2),
        1,
    )
