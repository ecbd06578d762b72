"""What a platform still tells of days that are over: how far back, in which parts, and by how many calls.

A connector declares it as `HISTORY`, by part of an `Ask`. A part that is not named there has no history: a
lifetime counter, for one, says nothing of what it was on a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Part = Literal["walks", "days", "post_days", "mentions"]
"""A field of `Ask`: listings of accounts, days of accounts, days of posts, mentions per day."""

PARTS: tuple[Part, ...] = ("walks", "days", "post_days", "mentions")


@dataclass(frozen=True)
class CallsFor:
    """How many calls a window takes of one kind of question, for a forecast: one for every `size` of its
    windows (that is one), subjects, days of subjects, or posts; rounded up.

    `price` is the key in `PRICES` of what is charged, once a call, or once each subject or post where
    `is_charged_each`. It holds for windows whose first day is at least `from_days_back` days back, and less
    than `to_days_back`. `rate` is the platform's limit, so many calls in so many seconds.
    """

    endpoint: str
    each: Literal["window", "subject", "day", "post"]
    size: int = 1
    price: str = ""
    is_charged_each: bool = False
    from_days_back: int = 0
    to_days_back: int | None = None
    rate: tuple[int, float] | None = None


@dataclass(frozen=True)
class History:
    """One part's history.

    `days_per_window` is the most days that are asked at once, None where cutting saves nothing;
    `subjects_per_window` how many accounts, posts, hashtags or sites make one window. `zone` is whose
    midnight ends the platform's days. `reaches_back` is how many days back the platform answers, None without
    a limit; `settles_after` how many days after its end a day is told for good. `is_of_owners`: only the
    owners of an account are told; `leaves_out_others`: the connector knows by itself whose they are, and asks
    nothing of others. `needs` are further credentials without which nothing is told.
    `with_posts`: what is told of an account holds its posts too, as far as the same run reads them.
    """

    days_per_window: int | None = 30
    subjects_per_window: int = 10
    zone: str = "UTC"
    reaches_back: int | None = None
    settles_after: int = 2
    is_of_owners: bool = False
    leaves_out_others: bool = False
    needs: tuple[str, ...] = ()
    with_posts: bool = False
    calls: tuple[CallsFor, ...] = ()


def history_of(connector: object) -> Mapping[Part, History]:
    """What a connector declares. Every connector lists accounts, so that has a history without a word."""
    declared: Mapping[Part, History] = getattr(connector, "HISTORY", {})
    return {"walks": History(None, 1, calls=(CallsFor("listing", "subject"),)), **declared}
