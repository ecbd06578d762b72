from __future__ import annotations

import json
import pickle
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from flows.registry import (
    Account,
    Asset,
    Audience,
    Budget,
    Match,
    PostReference,
    Registry,
    RegistryError,
    Side,
    load,
)
from tests.registry.conftest import HEAD, Folder

WHOLE = (
    HEAD
    + """
[[sides]]
id = "big-sewage"
name = "Big Sewage"
color = " #0A7 "

[[accounts]]
side = "clean-water"
platform = "x"
handle = "@CleanWaterNow"

[[accounts]]
side = "big-sewage"
platform = "facebook"
id = "111222333"
name = "Big Sewage plc"
watch = false

[[assets]]
id = "launch-film"
title = "  Launch film 💧 "
side = "clean-water"
kind = "video"
tags = ["favourite", "first", "favourite"]
tone = "positive"
posts = ["https://x.com/someone/status/1786512345678901234", "facebook:111222333_444555666"]
match.text = ["clean water", "clean water"]
match.hashtags = ["CleanWater"]
match.links = ["https://water.example/film"]
match.same_video = true

[[assets]]
id = "find-your-river"
title = "Find your river"
side = "clean-water"
kind = "site"
url = "https://river.example/find"

[[assets]]
id = "vote-water"
title = "#VoteWater"
side = "clean-water"
kind = "hashtag"
hashtag = "#VoteWater"

[[audiences]]
id = "hallam-18-25"
label = "Sheffield Hallam, 18–25"
ad_account = "act_123"
targeting = { geo_locations = { cities = [{ key = "2421", radius = 17.5 }] }, age_min = 18, age_max = 25 }
ad_campaigns = ["601", "602", "601"]
ad_sets = ["701"]
breakdown = "age"
bucket = "18-24"

[[budgets]]
platform = "x"
usd_per_day = 2.5
usd_per_month = 60

[cadence]
x = "by age"
facebook = "daily"
"""
)


def test_a_whole_campaign_is_read_as_written(folder: Folder) -> None:
    source = folder.write("water.toml", WHOLE)

    (campaign,) = folder.load().campaigns

    assert (campaign.id, campaign.name, campaign.timezone) == (
        "water-2026",
        "Clean Water 2026",
        "Europe/London",
    )
    assert (campaign.starts, campaign.ends) == (date(2026, 4, 1), date(2026, 6, 30))
    assert campaign.source == source
    assert campaign.sides == (
        Side("clean-water", "clean-water", ours=True),
        Side("big-sewage", "Big Sewage", ours=False, color="#00aa77"),
    )
    assert campaign.accounts == (
        Account("clean-water", "x", "CleanWaterNow", None, None, watch=True),
        Account("big-sewage", "facebook", None, "111222333", "Big Sewage plc", watch=False),
    )
    film, site, hashtag = campaign.assets
    assert film == Asset(
        id="launch-film",
        title="Launch film 💧",
        side="clean-water",
        kind="video",
        tags=("favourite", "first"),
        tone="positive",
        posts=(PostReference("x", "1786512345678901234"), PostReference("facebook", "111222333_444555666")),
        match=Match(("clean water",), ("CleanWater",), ("https://water.example/film",), same_video=True),
    )
    assert (site.url, site.posts, site.tone) == ("https://river.example/find", (), None)
    assert hashtag.hashtag == "VoteWater"
    assert campaign.audiences == (
        Audience(
            id="hallam-18-25",
            label="Sheffield Hallam, 18–25",
            platform="facebook",
            ad_account="act_123",
            targeting='{"age_max":25,"age_min":18,"geo_locations":{"cities":[{"key":"2421","radius":17.5}]}}',
            filtering='[{"field":"campaign.id","operator":"IN","value":["601","602"]},'
            '{"field":"adset.id","operator":"IN","value":["701"]}]',
            breakdown="age",
            bucket="18-24",
        ),
    )
    assert campaign.budgets == (Budget("x", Decimal("2.5"), Decimal(60)),)
    assert campaign.cadence == {"x": "by age", "facebook": "daily"}


def test_a_campaign_needs_no_accounts_assets_or_audiences(folder: Folder) -> None:
    folder.write("a.toml", HEAD)

    (campaign,) = folder.load().campaigns

    assert (campaign.accounts, campaign.assets, campaign.audiences) == ((), (), ())
    assert (campaign.budgets, campaign.cadence) == ((), {})


def test_a_post_reference_reads_as_platform_and_alias() -> None:
    assert str(PostReference("x", "123")) == "x:123"


def test_campaigns_come_in_the_order_of_their_files_and_hidden_files_are_left_alone(folder: Folder) -> None:
    folder.write("b.toml", HEAD)
    folder.write("a.toml", HEAD.replace("water-2026", "zebra"))
    folder.write(".#a.toml", "an editor's own")
    folder.write("notes.txt", "not a campaign")

    assert [campaign.id for campaign in folder.load().campaigns] == ["zebra", "water-2026"]


def test_a_path_to_one_file_loads_that_file_alone(folder: Folder) -> None:
    folder.write("a.toml", HEAD)
    folder.write("b.toml", "broken [")

    assert [campaign.id for campaign in folder.load("a.toml").campaigns] == ["water-2026"]


def test_a_byte_order_mark_and_windows_line_ends_are_welcome(folder: Folder) -> None:
    folder.write("a.toml", b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())

    assert folder.load().campaigns[0].id == "water-2026"


def test_a_pasted_address_needs_no_scheme_and_the_same_post_twice_in_one_asset_counts_once(
    folder: Folder,
) -> None:
    folder.write(
        "a.toml",
        HEAD + asset('posts = ["x.com/a/status/20", "x:20", "https://twitter.com/b/status/20?s=20"]'),
    )

    assert folder.load().campaigns[0].assets[0].posts == (PostReference("x", "20"),)


def asset(more: str = "", asset_id: str = "film") -> str:
    return f'[[assets]]\nid = "{asset_id}"\ntitle = "Film"\nside = "clean-water"\nkind = "video"\n{more}\n'


def test_what_a_platform_without_a_connector_would_need_is_kept_out_with_a_notice(
    tmp_path: Path, platforms: dict[str, ModuleType]
) -> None:
    file = tmp_path / "a.toml"
    posts = '["x:20", "instagram:Cabc", "https://www.instagram.com/reel/Cabc/", "m.youtube.com/watch?v=abc", "https://vm.tiktok.com/x"]'
    account = '[[accounts]]\nside = "clean-water"\nplatform = "instagram"\nhandle = "cleanwater"\n'
    file.write_text(HEAD + account + asset(f"posts = {posts}"))
    only_x = {"x": platforms["x"]}

    registry = load(file, only_x)

    assert registry.campaigns[0].accounts == ()
    assert registry.campaigns[0].assets[0].posts == (PostReference("x", "20"),)
    later = "this release does not collect it yet"
    assert registry.notices == (
        f"{file}: instagram: {later}; "
        "accounts[0], assets[0].posts[1], assets[0].posts[2] are kept in the file and not read",
        f"{file}: youtube: {later}; assets[0].posts[3] is kept in the file and not read",
        f"{file}: tiktok: {later}; assets[0].posts[4] is kept in the file and not read",
    )


def test_a_connector_that_is_not_among_the_promised_five_is_known_by_its_module(tmp_path: Path) -> None:
    mastodon = ModuleType("mastodon")
    mastodon.__dict__.update(
        parse_post_url=lambda url: "7" if "mastodon.example" in url else None,
        parse_post_id=lambda text: text,
        parse_handle=lambda text: text,
    )
    file = tmp_path / "a.toml"
    file.write_text(HEAD + asset('posts = ["https://mastodon.example/@a/7", "mastodon:8"]'))

    (campaign,) = load(file, {"mastodon": mastodon}).campaigns

    assert campaign.assets[0].posts == (PostReference("mastodon", "7"), PostReference("mastodon", "8"))


def test_equal_audiences_are_landed_as_equal_text_however_they_are_written(folder: Folder) -> None:
    audience = '[[audiences]]\nid = "{id}"\nlabel = "A"\nad_account = "act_1"\n'
    one = audience.format(id="a") + 'targeting = { geo_locations = { countries = ["GB"] }, age_min = 18 }\n'
    two = audience.format(id="b") + 'targeting.age_min = 18\ntargeting.geo_locations.countries = ["GB"]\n'
    folder.write("a.toml", HEAD + one + two)

    first, second = folder.load().campaigns[0].audiences

    assert first.targeting == second.targeting == '{"age_min":18,"geo_locations":{"countries":["GB"]}}'
    assert (first.filtering, first.breakdown, first.bucket) == ("", "", "")


def platform(name: str, **constants: object) -> ModuleType:
    """A connector that knows no post, for what the registry asks of connectors besides."""
    module = ModuleType(name)
    module.__dict__.update(parse_post_url=lambda url: None, **constants)
    return module


def test_what_a_platform_cannot_do_for_a_table_is_told_and_is_no_mistake(tmp_path: Path) -> None:
    budget = '[[budgets]]\nplatform = "{}"\nusd_per_day = 1\n'
    audience = (
        '[[audiences]]\nid = "{}"\nlabel = "A"\nplatform = "{}"\nad_account = "act_1"\n'
        'targeting = {{ geo_locations = {{ countries = ["GB"] }} }}\n'
    )
    file = tmp_path / "a.toml"
    file.write_text(
        HEAD
        + budget.format("x")
        + budget.format("facebook")
        + audience.format("a", "x")
        + audience.format("b", "facebook")
        + audience.format("c", "tiktok")
        + asset().replace("video", "site")
        + '[cadence]\nyoutube = "daily"\n'
    )

    registry = load(
        file, {"x": platform("x", PRICES={"post": 1}), "facebook": platform("facebook", AUDIENCES=True)}
    )

    later = "this release does not collect it yet"
    assert registry.notices == (
        f"{file}: assets[0]: is a site without url, so nobody counts how often it is mentioned; "
        'write url = "…" in the TOML',
        f"{file}: audiences[0]: x tells no reach of audiences here; it is kept and not read",
        f"{file}: budgets[1]: asking facebook costs no money, so there is nothing to bound",
        f"{file}: tiktok: {later}; audiences[2] is kept in the file and not read",
        f"{file}: youtube: {later}; cadence.youtube is kept in the file and not read",
    )
    assert [audience.id for audience in registry.campaigns[0].audiences] == ["a", "b"]


@pytest.mark.parametrize(
    ("targeting", "more", "told"),
    [
        ('countries = ["GB"]', "", []),
        ('regions = [{ key = "1" }]', "", ["narrows the place,"]),
        ('regions = [{ key = "1" }]', 'ad_sets = ["7"]', []),
        ('countries = ["GB"] }, age_max = 24, x = {', "", ["narrows the age,"]),
        ('cities = [{ key = "1" }] }, age_min = 35, x = {', "", ["narrows the place and the age,"]),
        ('countries = ["GB"] }, age_min = 18, x = {', "", []),
        (
            'countries = ["GB"] }, age_min = 18, age_max = 24, x = {',
            'breakdown = "age"\nbucket = "18-24"',
            [],
        ),
        ('countries = ["GB"] }, age_min = 65, x = {', 'breakdown = "age"\nbucket = "65+"', []),
        ('countries = ["GB"]', 'breakdown = "age"\nbucket = "18-24"', ["bucket is 18-24 and"]),
    ],
)
def test_an_audience_that_the_reach_is_not_of_is_told(
    tmp_path: Path, targeting: str, more: str, told: list[str]
) -> None:
    file = tmp_path / "a.toml"
    audience = '[[audiences]]\nid = "a"\nlabel = "A"\nad_account = "act_1"\n'
    places = f"targeting = {{ geo_locations = {{ {targeting} }} }}\n{more}\n"
    file.write_text(HEAD + audience + places)
    notices = load(file, {"facebook": platform("facebook", AUDIENCES=True)}).notices
    assert len(notices) == len(told)
    assert all(part in notice for part, notice in zip(told, notices, strict=True))


def test_hashtags_of_every_script_are_read_in_one_form(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    rule = 'match = { hashtags = ["हिन्दी", "cafe\\u0301", "caf\u00e9", "２०２６_ok"] }\n'
    file.write_text(HEAD + asset(rule + 'hashtag = "#cafe\\u0301"\n').replace("video", "hashtag"))
    (read,) = load(file, {}).campaigns[0].assets
    assert read.hashtag == "caf\u00e9"
    assert read.match is not None
    assert read.match.hashtags == ("हिन्दी", "caf\u00e9", "２०２６_ok")


def test_an_account_is_named_by_its_handle_where_an_id_finds_no_posts(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    account = '[[accounts]]\nside = "clean-water"\nplatform = "{}"\nid = "abc"\n'
    known = {"x": platform("x"), "tiktok": platform("tiktok", ACCOUNTS_BY_HANDLE_ONLY=True)}
    file.write_text(HEAD + account.format("x"))
    assert [one.id for one in load(file, known).campaigns[0].accounts] == ["abc"]
    file.write_text(HEAD + account.format("tiktok"))
    with pytest.raises(RegistryError, match="does not find the posts of an account of tiktok; write handle"):
        load(file, known)


def test_what_is_landed_is_canonical_and_complete(folder: Folder) -> None:
    folder.write("a.toml", WHOLE)
    registry = folder.load()
    text = registry.as_json(registry.campaigns[0])

    assert text == json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    content = json.loads(text)
    assert content["starts"] == "2026-04-01"
    assert content["sides"][0] == {
        "id": "clean-water",
        "name": "clean-water",
        "ours": True,
        "color": None,
    }
    assert content["sides"][1]["color"] == "#00aa77"
    assert content["accounts"][0] == {
        "side": "clean-water",
        "platform": "x",
        "handle": "CleanWaterNow",
        "id": None,
        "name": None,
        "watch": True,
    }
    assert content["assets"][0] == {
        "id": "launch-film",
        "title": "Launch film 💧",
        "side": "clean-water",
        "kind": "video",
        "tags": ["favourite", "first"],
        "tone": "positive",
        "posts": [
            {"platform": "x", "alias": "1786512345678901234"},
            {"platform": "facebook", "alias": "111222333_444555666"},
        ],
        "url": None,
        "hashtag": None,
        "match": {
            "text": ["clean water"],
            "hashtags": ["CleanWater"],
            "links": ["https://water.example/film"],
            "same_video": True,
        },
    }
    assert content["assets"][1]["match"] is None
    (audience,) = content["audiences"]
    assert json.loads(audience["targeting"])["age_min"] == 18
    assert sorted(audience) == sorted(
        ["id", "label", "platform", "ad_account", "targeting", "filtering", "breakdown", "bucket"]
    )
    assert content["budgets"] == [{"platform": "x", "usd_per_day": 2.5, "usd_per_month": 60.0}]
    assert content["cadence"] == {"x": "by age", "facebook": "daily"}
    assert "source" not in content


def test_posts_to_ignore_are_landed_by_the_names_of_their_platforms_each_once(folder: Folder) -> None:
    head = 'ignore = ["https://x.com/a/status/20", "x:20", "facebook:111_6"]\n' + HEAD
    folder.write("a.toml", head)
    registry = folder.load()
    content = json.loads(registry.as_json(registry.campaigns[0]))
    assert content["ignore"] == [
        {"platform": "x", "alias": "20"},
        {"platform": "facebook", "alias": "111_6"},
    ]


def test_a_name_that_only_begins_like_that_of_removed_assets_is_free(folder: Folder) -> None:
    folder.write("a.toml", WHOLE.replace("launch-film", "unassigned-film"))
    assert folder.load().campaigns[0].assets[0].id == "unassigned-film"


def test_where_the_file_lies_and_the_order_of_its_keys_do_not_change_what_is_landed(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(HEAD)
    lines = HEAD.splitlines(keepends=True)
    (tmp_path / "two.toml").write_text("".join([*reversed(lines[:5]), *lines[5:]]))
    one, two = (load(tmp_path / name, {}).campaigns[0] for name in ("one.toml", "two.toml"))

    assert Registry.as_json(one) == Registry.as_json(two)


def test_mistakes_survive_being_sent_to_another_process(folder: Folder) -> None:
    folder.write("a.toml", "id = 1")
    with pytest.raises(RegistryError) as caught:
        folder.load()

    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_thousand_assets_load_in_a_moment(folder: Folder) -> None:
    folder.write("a.toml", HEAD + "".join(asset(f'posts = ["x:{n + 1}"]', f"film-{n}") for n in range(1000)))
    began = time.process_time()

    assert len(folder.load().campaigns[0].assets) == 1000
    assert time.process_time() - began < 2


def test_every_committed_campaign_loads_alone_and_with_the_others(platforms: dict[str, ModuleType]) -> None:
    folder = Path(__file__).parents[2] / "campaigns"
    alone = [load(file, platforms).campaigns[0].id for file in sorted(folder.glob("*.toml"))]

    assert alone
    assert [campaign.id for campaign in load(folder, platforms).campaigns] == alone
