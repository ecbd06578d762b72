"""A checked registry: frozen, and plain enough to be landed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

KINDS = ("video", "image", "text", "site", "hashtag")

# What the warehouse calls the posts of assets that were removed; of other sides, with a colon and the side.
UNASSIGNED = "unassigned"

Cadence = Literal["by age", "daily"]


@dataclass(frozen=True)
class PostReference:
    """One post, by the name that its platform's connector gave it."""

    platform: str
    alias: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.alias}"


@dataclass(frozen=True)
class Side:
    """Who campaigns. `name` is the id where none was given; `color` is #rrggbb in small letters."""

    id: str
    name: str
    ours: bool
    color: str | None = None


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
class Match:
    """Which posts belong to an asset without being listed: those whose text has one of `text`, or that carry
    one of `hashtags` (without #) or `links`; with `same_video` also those that show the video of a post that
    belongs already."""

    text: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    same_video: bool = False


@dataclass(frozen=True)
class Asset:
    """One piece of content, the posts that show it, and the rule that finds more. `url` belongs to a site,
    `hashtag` (without #) to a hashtag."""

    id: str
    title: str
    side: str
    kind: str
    tags: tuple[str, ...]
    tone: str | None
    posts: tuple[PostReference, ...]
    url: str | None = None
    hashtag: str | None = None
    match: Match | None = None


@dataclass(frozen=True)
class Audience:
    """Whom a reach share is measured against, in the words of an ad account (`act_` and its number).

    `targeting` (who belongs to the audience) and `filtering` (which campaigns and ad sets count; empty for
    all of the account's) are canonical JSON, so that equal ones are equal text. `breakdown` and `bucket` pick
    one row of a broken-down answer; both are empty or neither.
    """

    id: str
    label: str
    platform: str
    ad_account: str
    targeting: str
    filtering: str = ""
    breakdown: str = ""
    bucket: str = ""


@dataclass(frozen=True)
class Budget:
    """What reading one platform may cost per UTC day and per UTC month, in US dollars; None is unbounded, and
    one of the two is there."""

    platform: str
    usd_per_day: Decimal | None
    usd_per_month: Decimal | None


@dataclass(frozen=True)
class Campaign:
    """A period with the time zone whose midnight ends a day; `ends` is its last day.

    `cadence` has the platforms whose posts are read at another cadence than the plan's default; `ignored`
    are posts that must not count, whoever posted them.
    """

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
    budgets: tuple[Budget, ...] = ()
    cadence: Mapping[str, Cadence] = field(default_factory=dict)
    ignored: tuple[PostReference, ...] = ()


@dataclass(frozen=True)
class Registry:
    """Every campaign, and in `notices` what was kept out without being a mistake."""

    campaigns: tuple[Campaign, ...]
    notices: tuple[str, ...]

    @staticmethod
    def as_json(campaign: Campaign, beside: Mapping[str, object] | None = None) -> str:
        """The campaign as canonical JSON, which is what gets landed: equal campaigns give equal text.

        `beside` is what lands with it and is not in the registry: how often its posts are read.
        """
        content = {
            "id": campaign.id,
            "name": campaign.name,
            "starts": campaign.starts.isoformat(),
            "ends": campaign.ends.isoformat(),
            "timezone": campaign.timezone,
            "sides": [vars(side) for side in campaign.sides],
            "accounts": [vars(account) for account in campaign.accounts],
            "assets": [
                vars(asset)
                | {
                    "tags": list(asset.tags),
                    "posts": [vars(post) for post in asset.posts],
                    "match": asset.match and vars(asset.match),
                }
                for asset in campaign.assets
            ],
            "audiences": [vars(audience) for audience in campaign.audiences],
            "budgets": [
                {
                    "platform": budget.platform,
                    "usd_per_day": None if budget.usd_per_day is None else float(budget.usd_per_day),
                    "usd_per_month": None if budget.usd_per_month is None else float(budget.usd_per_month),
                }
                for budget in campaign.budgets
            ],
            "cadence": dict(campaign.cadence),
            "ignore": [vars(post) for post in campaign.ignored],
        }
        return canonical_json({**content, **(beside or {})})


def canonical_json(content: object) -> str:
    """The one JSON text of a value: keys sorted, nothing between them that could be left out."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
