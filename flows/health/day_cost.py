"""What a day of reading a platform that charges will cost, before anything was bought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from types import ModuleType
from typing import TYPE_CHECKING

from connectors.asking import Mentions
from connectors.history import History
from flows.collecting.plan import MENTIONS_EVERY, Offer, begins_at, is_over, plan
from flows.history.holes import POSTS_A_DAY

if TYPE_CHECKING:
    from flows.registry import Campaign
    from warehouse.known import KnownPost

_DAY = timedelta(days=1)
# A budget that leaves room for a busy day.
_ROOM = Decimal("1.5")


@dataclass(frozen=True)
class DayCost:
    """What a day costs now and on the campaign's last day, in US dollars, with so many posts each; a post is
    charged once a day. `is_guessed`: how much the accounts post is not known yet."""

    usd_now: Decimal
    posts_now: int
    usd_at_end: Decimal
    posts_at_end: int
    is_guessed: bool = False

    @property
    def suggested_usd_per_day(self) -> Decimal:
        """A day's budget that both fit, with some room, in whole dollars."""
        return (max(self.usd_now, self.usd_at_end) * _ROOM).quantize(Decimal(1), ROUND_UP)


def day_cost(
    campaign: Campaign, connector: ModuleType, known: Iterable[KnownPost], clock: datetime
) -> DayCost:
    """By what the connector declares of its prices (`HISTORY`, `PRICES`) and what the plan would ask when
    everything is due. Accounts of which nothing is known are taken to make
    `flows.history.holes.POSTS_A_DAY` posts a day from the campaign's beginning on."""
    platform, offer = connector.PLATFORM, Offer.of(connector)
    posts = [post for post in known if post.platform == platform and post.last_seen_at is not None]
    asked = plan([campaign], posts, clock, platform, everything=True, offer=offer)
    accounts = {walk.account_id or walk.handle for walk in asked.walks}
    first = begins_at(campaign)
    days_so_far = max((clock - first) / _DAY, 0.0)
    days = max((campaign.ends - campaign.starts).days + 1, 1)
    per_day = POSTS_A_DAY * len(accounts)
    is_known = bool(posts) and days_so_far >= 1
    if is_known:
        per_day = len(posts) / days_so_far
        posts_now = len(posts)
    else:
        posts_now = len(asked.posts) + round(per_day * days_so_far)
    left = 0.0 if is_over(campaign, clock) else days - min(days_so_far, float(days))
    posts_at_end = posts_now + round(per_day * left)
    fixed = _fixed(connector, offer, asked.mentions, len(accounts))
    price = _price(connector, "walks", "post")
    return DayCost(
        usd_now=fixed + posts_now * price,
        posts_now=posts_now,
        usd_at_end=fixed + posts_at_end * price,
        posts_at_end=posts_at_end,
        is_guessed=bool(accounts) and not is_known,
    )


def _fixed(connector: ModuleType, offer: Offer, mentions: Sequence[Mentions], accounts: int) -> Decimal:
    """What a day costs whatever is posted: accounts by name, their days, and mentions."""
    every = {kind: _DAY / span for kind, span in MENTIONS_EVERY.items()}
    asked = sum(round(every[one.kind]) for one in mentions)
    usd = accounts * _price(connector, "walks", "subject")
    if offer.account_days:
        usd += accounts * _price(connector, "days", "subject")
    return usd + asked * _price(connector, "mentions", "subject")


def _price(connector: ModuleType, part: str, each: str) -> Decimal:
    """What a question of today costs for each thing, in US dollars."""
    history: Mapping[str, History] = connector.HISTORY
    prices: Mapping[str, Decimal] = connector.PRICES
    calls = history[part].calls if part in history else ()
    return sum(
        (prices[one.price] for one in calls if one.price and one.each == each and not one.from_days_back),
        Decimal(0),
    )
