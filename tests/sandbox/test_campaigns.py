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


@pytest.mark.parametrize("asset", campaign(NAMES[1])["assets"], ids=lambda asset: asset["id"])
def test_every_listed_post_exists_and_is_the_assets(plain: Plain, asset: dict[str, Any]) -> None:
    for link in asset["posts"]:
        assert read_post(plain, link) == f"Film: {asset['title']}"


def test_every_appearance_is_listed_once() -> None:
    listed = {asset["id"]: len(asset["posts"]) for asset in campaign(NAMES[1])["assets"]}
    world = {asset["id"]: len(asset["appearances"]) for asset in truth(NAMES[1])["assets"]}
    assert listed == world
    links = [link for asset in campaign(NAMES[1])["assets"] for link in asset["posts"]]
    assert len(set(links)) == len(links)


@pytest.mark.parametrize("name", NAMES)
def test_every_account_exists(plain: Plain, name: str) -> None:
    for account in campaign(name)["accounts"]:
        if account["platform"] == "x":
            (user,) = plain.x("/users/by", usernames=account["handle"]).json()["data"]
            assert user["username"] == account["handle"]
        else:
            assert plain.graph(account["handle"], fields="username").json()["username"] == account["handle"]


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
