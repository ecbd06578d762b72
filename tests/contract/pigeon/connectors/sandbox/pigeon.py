"""The sandbox's Pigeon face, with a world of its own: each post gains so many views an hour."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.world import World

PLATFORM = "pigeon"
SECRETS = {"PIGEON_ACCESS_TOKEN": "sandbox-pigeon-token"}


class PigeonFace:
    """Answers requests below `/pigeon`."""

    def __init__(self, posts: list[Mapping[str, Any]]) -> None:
        self._posts = posts

    def answer(self, asked: Asked) -> Answer:
        """The posts of an account, or the one with an id."""
        if asked.headers.get("authorization") != f"Bearer {SECRETS['PIGEON_ACCESS_TOKEN']}":
            return Answer(401, b'{"error": "who are you"}')
        shown = []
        for post in self._posts:
            age_s = asked.now.epoch - post["posted"].timestamp()
            if age_s >= 0 and asked.query.get("account", post["id"]) in (
                post["account"],
                asked.query.get("id"),
            ):
                views = int(age_s / 3600 * post["views_per_hour"])
                shown.append({**post, "posted": post["posted"].isoformat(), "views": views})
        return Answer(200, orjson.dumps({"posts": shown}))


def face(world: World, intercept: Callable[[str], Answer | None]) -> PigeonFace:
    """The face, of Pigeon's own world."""
    text = files("connectors.sandbox").joinpath("worlds", "pigeon", "loft.toml").read_text("utf-8")
    return PigeonFace(tomllib.loads(text)["posts"])
