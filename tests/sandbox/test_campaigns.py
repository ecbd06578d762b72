"""The example campaigns against the world they are about."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.plain import END_2019, Plain, truth

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
NAMES = ("uk-general-election-2017", "uk-general-election-2019")


def campaign(name: str) -> dict[str, Any]:
    return tomllib.loads((CAMPAIGNS / f"{name}.toml").read_text(encoding="utf-8"))


def read_post(plain: Plain, link: str) -> str:
    """What the world says at `link`: the text of its post. The link is read here in the plainest way."""
    numbers = re.findall(r"\d{5,}", link)
    if "twitter.com" in link or "x.com" in link or link.startswith("x:"):
        (post,) = plain.x("/tweets", END_2019, ids=numbers[0]).json()["data"]
        return str(post["text"])
    if "/posts/pfbid" in link:
        page = link.split("/")[3]
        return next(
            str(post["message"])
            for post in plain.listed(f"{page}/posts", END_2019, fields="message,permalink_url")
            if post["permalink_url"] == link
        )
    if "story_fbid=" in link:
        story, page = numbers
        return str(plain.graph(f"{page}_{story}", END_2019, fields="message").json()["message"])
    if link.startswith("facebook:"):
        return str(plain.graph(link.removeprefix("facebook:"), END_2019, fields="message").json()["message"])
    if "/posts/" in link:
        name = link.split("/")[3]
        page_id = plain.graph(name, fields="id").json()["id"]
        return str(plain.graph(f"{page_id}_{numbers[-1]}", END_2019, fields="message").json()["message"])
    return str(plain.graph(numbers[0], END_2019, fields="description").json()["description"])


LISTED = [asset for asset in campaign(NAMES[1])["assets"] if "posts" in asset]


@pytest.mark.parametrize("asset", LISTED, ids=lambda asset: asset["id"])
def test_every_listed_post_exists_and_is_the_assets(plain: Plain, asset: dict[str, Any]) -> None:
    for link in asset["posts"]:
        assert read_post(plain, link) == f"Film: {asset['title']}"


def test_every_appearance_is_listed_once() -> None:
    listed = {asset["id"]: len(asset["posts"]) for asset in LISTED}
    world = {asset["id"]: len(asset["appearances"]) for asset in truth(NAMES[1])["assets"]}
    assert listed == world
    links = [link for asset in LISTED for link in asset["posts"]]
    assert len(set(links)) == len(links)


def test_the_hashtag_the_sites_and_the_ad_account_are_the_worlds() -> None:
    assets, world = campaign(NAMES[1])["assets"], truth(NAMES[1])
    hashtags = {asset["hashtag"] for asset in assets if asset["kind"] == "hashtag"}
    sites = {asset["url"] for asset in assets if asset["kind"] == "site"}
    assert hashtags == {each["hashtag"] for each in world["mentions"] if "hashtag" in each}
    assert sites == {each["site"] for each in world["mentions"] if "site" in each}
    assert sites == {each["url"] for each in world["sites"]}
    accounts = {audience["ad_account"] for audience in campaign(NAMES[1])["audiences"]}
    assert accounts == {f"act_{str(each['id']).removeprefix('act_')}" for each in world["ad_accounts"]}


def shown_name(plain: Plain, platform: str, handle: str) -> str:
    """The name of an account as its platform's face shows it."""
    match platform:
        case "x":
            return str(plain.x("/users/by", usernames=handle).json()["data"][0]["username"])
        case "facebook":
            return str(plain.graph(handle, fields="username").json()["username"])
        case "instagram":
            mine = plain.instagram("me/accounts", fields="instagram_business_account{id,username}")
            accounts = {
                each["instagram_business_account"]["username"]: each["instagram_business_account"]["id"]
                for each in mine["data"]
                if "instagram_business_account" in each
            }
            if handle in accounts:
                return handle
            found = plain.instagram(
                next(iter(accounts.values())), fields=f"business_discovery.username({handle}){{username}}"
            )
            return str(found["business_discovery"]["username"])
        case "youtube":
            (channel,) = plain.youtube("channels", part="snippet", forHandle=f"@{handle}")["items"]
            return str(channel["snippet"]["customUrl"]).removeprefix("@")
        case _:
            return str(plain.tiktok("user/info", fields="username")["data"]["user"]["username"])


@pytest.mark.parametrize("name", NAMES)
def test_every_account_exists(plain: Plain, name: str) -> None:
    for account in campaign(name)["accounts"]:
        shown = shown_name(plain, account["platform"], account["handle"])
        assert shown.casefold() == account["handle"].casefold()


@pytest.mark.parametrize("name", NAMES)
def test_windows_agree(name: str) -> None:
    from zoneinfo import ZoneInfo

    local = ZoneInfo(campaign(name)["timezone"])
    world = truth(name)
    assert world["starts"].astimezone(local).date() == campaign(name)["starts"]
    assert (world["ends"].astimezone(local).date() - campaign(name)["ends"]).days == 1
    assert world["ends"].astimezone(local).hour == world["starts"].astimezone(local).hour == 0


def test_the_example_knows_no_figure_of_the_world() -> None:
    text = "".join((CAMPAIGNS / f"{name}.toml").read_text(encoding="utf-8") for name in NAMES)
    figures = [asset["views"] for asset in truth(NAMES[1])["assets"]]
    figures += [total["total"] for name in NAMES for total in truth(name)["totals"]]
    for figure in figures:
        assert str(figure) not in text
        assert f"{figure:,}" not in text
        assert f"{figure:_}" not in text
