"""How often a campaign's posts are read, as data that lands beside the registry.

The plan decides what is due from its own constants, the connectors and `[cadence]`. The tables must know the
outcome, or they could not tell a day that was missed from one on which nothing was due.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING

from flows.collecting.plan import AFTERMATH, READ_EVERY, READ_OLDER_EVERY, Offer, cadence_of

if TYPE_CHECKING:
    from flows.registry import Campaign

HOUR = timedelta(hours=1)


def reading_of(campaign: Campaign, connectors: Mapping[str, ModuleType]) -> dict[str, object]:
    """What is added to a campaign as it lands.

    `read_until` is the last local day on which its posts are read. `reading` has, for each platform of which
    it has posts, one row a stretch of a post's age, youngest first: `younger_than_hours` (null without end)
    and `every_hours`. At the cadence `daily` there is one row: once a local day. A platform without a
    connector is not read and has none.
    """
    named = {account.platform for account in campaign.accounts}
    named |= {post.platform for asset in campaign.assets for post in asset.posts}
    return {
        "read_until": (campaign.ends + AFTERMATH).isoformat(),
        "reading": [
            row
            for platform in sorted(named & connectors.keys())
            for row in _rows(campaign, platform, Offer.of(connectors[platform]))
        ],
    }


def _rows(campaign: Campaign, platform: str, offer: Offer) -> list[dict[str, object]]:
    cadence = cadence_of(campaign, platform, offer)
    tiers: list[tuple[timedelta | None, timedelta]] = (
        [(None, timedelta(days=1))] if cadence == "daily" else [*READ_EVERY, (None, READ_OLDER_EVERY)]
    )
    return [
        {
            "platform": platform,
            "cadence": cadence,
            "younger_than_hours": None if younger is None else younger // HOUR,
            "every_hours": every // HOUR,
        }
        for younger, every in tiers
    ]
