"""A checked registry: frozen, and plain enough to be landed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

KINDS = ("video", "image", "text", "site", "hashtag")


@dataclass(frozen=True)
class PostReference:
    """One post, by the name that its platform's connector gave it."""

    platform: str
    alias: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.alias}"


@dataclass(frozen=True)
class Side:
    """Who campaigns. `name` is the id where none was given."""

    id: str
    name: str
    ours: bool


@dataclass(frozen=True)
class Account:
    """A page, profile or channel; at least one of `handle` (without @) and `id` is there."""

    side: str
    platform: str
    handle: str | None
    id: str | None
    name: str | None
    watch: bool


@dataclass(frozen=True)
class Asset:
    """One piece of content and the posts that show it. `url` belongs to a site, `hashtag` (without #) to a
    hashtag."""

    id: str
    title: str
    side: str
    kind: str
    tags: tuple[str, ...]
    tone: str | None
    posts: tuple[PostReference, ...]
    url: str | None = None
    hashtag: str | None = None


@dataclass(frozen=True)
class Audience:
    """Whom a reach share is measured against; `settings` is every other key, as values that JSON has."""

    id: str
    label: str
    settings: Mapping[str, object]


@dataclass(frozen=True)
class Campaign:
    """A period with the time zone whose midnight ends a day; `ends` is its last day."""

    id: str
    name: str
    starts: date
    ends: date
    timezone: str
    sides: tuple[Side, ...]
    accounts: tuple[Account, ...]
    assets: tuple[Asset, ...]
    audiences: tuple[Audience, ...]
    source: Path


@dataclass(frozen=True)
class Registry:
    """Every campaign, and in `notices` what was kept out without being a mistake."""

    campaigns: tuple[Campaign, ...]
    notices: tuple[str, ...]

    @staticmethod
    def as_json(campaign: Campaign) -> str:
        """The campaign as canonical JSON, which is what gets landed: equal campaigns give equal text."""
        content = {
            "id": campaign.id,
            "name": campaign.name,
            "starts": campaign.starts.isoformat(),
            "ends": campaign.ends.isoformat(),
            "timezone": campaign.timezone,
            "sides": [vars(side) for side in campaign.sides],
            "accounts": [vars(account) for account in campaign.accounts],
            "assets": [
                vars(asset) | {"tags": list(asset.tags), "posts": [vars(post) for post in asset.posts]}
                for asset in campaign.assets
            ],
            "audiences": [vars(audience) for audience in campaign.audiences],
        }
        return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
