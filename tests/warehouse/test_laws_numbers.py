"""How well each number of a day is known hangs on the counters of that number alone, whatever is known of the
day's others.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.warehouse.histories import START, ZONES, History, many
from tests.warehouse.lake import Lake, campaign, fb_post, fb_video, x_post
from tests.warehouse.reference import Day, daily_gains, days_together

NUMBERS = ("views", "shares", "retweets")
POSTS = 100
LATER = START + timedelta(days=20)
NOT_FOUND = "https://api.x.com/2/problems/resource-not-found"

# Marts and their columns that name what the days are of.
WHOLES = {
    "asset_daily": ("asset_id",),
    "asset_platform_daily": ("asset_id", "platform"),
    "account_daily": ("account_id", "platform"),
    "side_daily": ("side_id", "platform"),
}


@dataclass(frozen=True)
class Counter:
    """A number of a post as it was read, and whether more is to be heard of it."""

    asset: str
    platform: str
    account: str
    number: str
    history: History
    is_live: bool = True

    def named(self, names: Sequence[str]) -> tuple[str, ...]:
        known = {
            "asset_id": self.asset,
            "platform": self.platform,
            "account_id": self.account,
            "side_id": "ours",
        }
        return (*(known[name] for name in names), self.number)

    def days(self, zone: ZoneInfo) -> tuple[dict[date, Day], date | None]:
        """What is known of its days, and the last of them unless nothing is missed after it."""
        # Only X was asked when a post was made.
        created_at = self.history.created_at if self.platform == "x" else None
        last = max(self.history.by_moment).astimezone(zone).date()
        return daily_gains(self.history.by_moment, created_at, zone), last if self.is_live else None


def read_apart(lake: Lake) -> list[Counter]:
    """Posts of few assets, each of their numbers read at times of its own; of X's some are gone at last."""
    chance, spare = random.Random(69), iter(many(69, 2 * POSTS))
    assets: dict[str, list[str]] = {}
    counters = []
    answers: dict[tuple[str, str], list[tuple[datetime, object]]] = {}
    for number in range(1, POSTS + 1):
        asset, history = f"asset-{chance.randrange(POSTS // 3)}", next(spare)
        if chance.random() < 0.5:
            assets.setdefault(asset, []).append(f"x:{number}")
            is_gone = chance.random() < 0.3
            counters.append(Counter(asset, "x", "9", "retweets", history, not is_gone))
            told = answers.setdefault(("x", "posts"), [])
            for moment, value in history.readings:
                post = x_post(str(number), retweets=value, created_at=history.created_at)
                told.append((moment, {"data": [post]}))
            if is_gone:
                refusal = {"resource_type": "tweet", "resource_id": str(number), "type": NOT_FOUND}
                told.append((LATER, {"errors": [refusal]}))
            continue
        page = chance.choice(["111", "222"])
        post_id, video = f"{page}_{number}", f"90{number}"
        assets.setdefault(asset, []).append(f"facebook:{post_id}")
        counters.append(Counter(asset, "facebook", page, "shares", history))
        answers.setdefault(("facebook", "page_posts"), []).extend(
            (moment, {"data": [fb_post(post_id, page=page, shares=value, videos=[video])]})
            for moment, value in history.readings
        )
        if chance.random() < 0.8:
            views = next(spare)
            counters.append(Counter(asset, "facebook", page, "views", views))
            answers.setdefault(("facebook", "videos"), []).extend(
                (moment, {video: fb_video(video, views=value, page=page)}) for moment, value in views.readings
            )
    lake.register(*(campaign(zone, timezone=zone, assets=assets) for zone in ZONES[:3]))
    for (platform, endpoint), bodies in answers.items():
        lake.answers(bodies, platform=platform, endpoint=endpoint)
    lake.build()
    return counters


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("numbers"))


@pytest.fixture(scope="module")
def counters(lake: Lake) -> list[Counter]:
    return read_apart(lake)


@pytest.mark.parametrize("zone", ZONES[:3])
def test_each_number_of_a_day_is_as_well_known_as_the_worst_of_its_own_counters(
    lake: Lake, counters: list[Counter], zone: str
) -> None:
    days = [counter.days(ZoneInfo(zone)) for counter in counters]
    for mart, names in WHOLES.items():
        grouped: dict[tuple[str, ...], list[tuple[dict[date, Day], date | None]]] = {}
        for counter, known in zip(counters, days, strict=True):
            grouped.setdefault(counter.named(names), []).append(known)
        found: dict[tuple[str, ...], dict[date, tuple[int, str]]] = {}
        for number in NUMBERS:
            for *whole, day, gain, word in lake.query(
                f"select {', '.join(names)}, day, {number}, {number}_completeness "
                f"from marts.{mart} where campaign_id = '{zone}' "
                f"and ({number} is not null or {number}_completeness is not null)"
            ):
                found.setdefault((*map(str, whole), number), {})[day] = (gain, word)  # type: ignore[index, assignment]
        assert found == {whole: days_together(each) for whole, each in grouped.items()}, mart
        assert len({word for each in found.values() for _, word in each.values()}) > 1


def test_a_day_is_as_well_known_as_the_worst_of_all_its_numbers(lake: Lake, counters: list[Counter]) -> None:
    """The one word of a day means what it meant; numbers that are better known stand beside it."""
    assert counters
    ((better, *apart),) = lake.query("""
        with words as (select ['complete', 'estimated', 'open'] as list),

        known as (
            select
                list_position(list, completeness) as day,
                list_position(list, views_completeness) as views,
                list_position(list, shares_completeness) as shares
            from marts.asset_platform_daily, words
        )

        select
            count(*) filter (day < greatest(views, shares)),
            count(*) filter (day = 3 and views = 1),
            count(*) filter (day = 2 and shares = 1)
        from known
    """)
    assert better == 0
    assert 0 not in apart
