"""What Facebook tells of a Page per day, of the token's own Pages only.

A day is one of US Pacific time and ends with `end_time`, at 07:00 or 08:00 UTC. At most 90 days are answered
at once, two years back; the latest two days are still restated. Which metrics exist moves and differs per
Page: one that is not given fails the whole question, so then each is asked alone. Answers always name a next
page, also after the last: they are followed to the end of what was asked and no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connectors.asking import AccountDays
from connectors.errors import ENDS_THE_RUN, MetricWithdrawn, NotOffered, TooMuchAsked, Trouble
from connectors.facebook.graph import FACEBOOK, Graph, is_refusal, items, next_parameters, optional
from connectors.facebook.pages import Pages

PACIFIC = ZoneInfo("America/Los_Angeles")
# One less than the platform takes: across the end of summer time a day more than 24 hours would be too long.
DAYS_PER_REQUEST = 89
# A next page that leads on by less is none: days have 23 hours at least.
_SHORTEST_STEP_S = 23 * 3600
# Python refuses to read numbers of thousands of digits.
_SECONDS = re.compile("[0-9]{1,12}")
LEAST_LIKES = 100


@dataclass(frozen=True)
class PageMetric:
    """A metric of Page insights by day. `status`: "given" (seen to work on a live Page of late),
    "documented", "moving" (given to some, refused to others) or "withdrawn" (refused in every version: not
    asked). `breakdown` is asked beside the total.
    """

    name: str
    status: Literal["given", "documented", "moving", "withdrawn"]
    breakdown: str = ""


PAGE_METRICS = (
    PageMetric("page_media_view", "given", "is_from_ads"),
    PageMetric("page_total_media_view_unique", "given"),
    PageMetric("page_post_engagements", "given"),
    PageMetric("page_total_actions", "given"),
    PageMetric("page_views_total", "moving"),
    PageMetric("page_video_views", "documented"),
    PageMetric("page_video_views_paid", "documented"),
    PageMetric("page_video_views_organic", "documented"),
    PageMetric("page_video_view_time", "documented"),
    PageMetric("page_video_views_by_uploaded_hosted", "documented"),
    PageMetric("page_daily_follows", "given"),
    PageMetric("page_daily_follows_unique", "moving"),
    PageMetric("page_daily_unfollows_unique", "given"),
    PageMetric("page_follows", "given"),
    PageMetric("page_actions_post_reactions_total", "documented"),
    PageMetric("page_actions_post_reactions_like_total", "documented"),
    PageMetric("page_actions_post_reactions_love_total", "documented"),
    PageMetric("page_actions_post_reactions_wow_total", "documented"),
    PageMetric("page_actions_post_reactions_haha_total", "documented"),
    PageMetric("page_actions_post_reactions_sorry_total", "documented"),
    PageMetric("page_actions_post_reactions_anger_total", "documented"),
    # March and September 2024.
    PageMetric("page_engaged_users", "withdrawn"),
    PageMetric("page_consumptions", "withdrawn"),
    PageMetric("page_content_activity", "withdrawn"),
    # November 2025.
    PageMetric("page_impressions", "withdrawn"),
    PageMetric("page_fans", "withdrawn"),
    PageMetric("page_fan_adds", "withdrawn"),
    PageMetric("page_fan_removes", "withdrawn"),
    # June 2026.
    PageMetric("page_impressions_unique", "withdrawn"),
    PageMetric("page_posts_impressions", "withdrawn"),
    PageMetric("page_video_views_unique", "withdrawn"),
)


@dataclass(frozen=True)
class _Window:
    """Days of one Page; `since` and `until` in epoch seconds, both at a Pacific midnight."""

    page_id: str
    token: str
    since: int
    until: int


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), PACIFIC).timestamp())


def windows(first_day: date, last_day: date) -> Iterator[tuple[int, int]]:
    """The days in parts that the platform takes, as (since, until) in epoch seconds."""
    start = first_day
    while start <= last_day:
        end = min(start + timedelta(days=DAYS_PER_REQUEST), last_day + timedelta(days=1))
        yield _midnight(start), _midnight(end)
        start = end


def leads_on_to(document: Mapping[str, Any], since: int, until: int) -> int | None:
    """Where an answer about the days from `since` to `until` says that it goes on; None at the end of them.

    Raises Unreadable when its next page has no address.
    """
    following = next_parameters(document).get("since", "")
    if not _SECONDS.fullmatch(following) or not since + _SHORTEST_STEP_S <= int(following) < until:
        return None
    return int(following)


class PageDays:
    """The daily questions of one run."""

    def __init__(self, graph: Graph, pages: Pages) -> None:
        self._graph = graph
        self._session = graph.session
        self._pages = pages
        # Metrics that some Page was refused, and which Page was refused which.
        self._doubtful: set[str] = set()
        self._refused: set[tuple[str, str]] = set()

    def ask(self, days: Iterable[AccountDays]) -> None:
        def ask_page(one: tuple[str, AccountDays]) -> None:
            page_id, wanted = one
            token = self._pages.own.get(page_id)
            if token is not None:
                with (
                    self._session.asking("page_insights", wanted.campaign_id),
                    self._pages.trusting(page_id, token),
                ):
                    self._ask_page(page_id, token, wanted)

        asked = list(self._by_page(days).items())
        # The first tells which metrics are refused.
        self._session.side_by_side(ask_page, asked[:1])
        self._session.side_by_side(ask_page, asked[1:])

    def _by_page(self, days: Iterable[AccountDays]) -> dict[str, AccountDays]:
        """What is asked of each Page, once, over all the days that any campaign needs."""
        found: dict[str, AccountDays] = {}
        for one in days:
            page_id = self._pages.id_of(one.account_id or one.handle or "", one.campaign_id)
            if page_id and page_id in found:
                other = found[page_id]
                first, last = min(one.first_day, other.first_day), max(one.last_day, other.last_day)
                found[page_id] = replace(other, first_day=first, last_day=last)
            elif page_id:
                found[page_id] = one
        return found

    def _ask_page(self, page_id: str, token: str, wanted: AccountDays) -> None:
        asked = [metric for metric in PAGE_METRICS if metric.status != "withdrawn"]
        breakdowns = sorted({metric.breakdown for metric in asked if metric.breakdown})
        rows = 0
        for since, until in windows(wanted.first_day, wanted.last_day):
            window = _Window(page_id, token, since, until)
            try:
                rows += self._ask_metrics([metric.name for metric in asked], window)
            except ENDS_THE_RUN:
                raise
            except Trouble as trouble:
                if not (self._pages.is_guessed(page_id) and is_refusal(trouble)):
                    raise
                self._pages.doubt(page_id, trouble)
                return
            for breakdown in breakdowns:
                names = [metric.name for metric in asked if metric.breakdown == breakdown]
                with (
                    self._session.costing_only_this(),
                    optional(f"the days of Page {page_id} by {breakdown} are"),
                ):
                    self._ask_metrics(names, window, breakdown)
        likes = self._pages.likes.get(page_id)
        if rows == 0 and likes is not None and likes < LEAST_LIKES:
            text = f"facebook: Page {page_id} has {likes} likes and figures by day begin at {LEAST_LIKES}"
            self._session.note(NotOffered(FACEBOOK, f"{text}; its posts are counted all the same"))

    def _ask_metrics(self, names: Sequence[str], window: _Window, breakdown: str = "") -> int:
        """The number of rows that came. What another Page was refused may be given here: it is asked
        alone.
        """
        given = [name for name in names if (window.page_id, name) not in self._refused]
        rows = self._ask_some([name for name in given if name not in self._doubtful], window, breakdown)
        for name in given:
            if name in self._doubtful and (window.page_id, name) not in self._refused:
                rows += self._ask_some([name], window, breakdown)
        return rows

    def _ask_some(self, names: list[str], window: _Window, breakdown: str) -> int:
        if not names:
            return 0
        try:
            return self._read(names, window, breakdown)
        except MetricWithdrawn as refused:
            if refused.metric in names:
                self._withdraw(refused.metric, window.page_id, refused)
                return self._ask_some([name for name in names if name != refused.metric], window, breakdown)
            if len(names) == 1:
                self._withdraw(names[0], window.page_id, refused)
                return 0
            parts = [[name] for name in names]
        except TooMuchAsked:
            if len(names) == 1:
                raise
            parts = [names[: len(names) // 2], names[len(names) // 2 :]]
        return sum(self._ask_some(part, window, breakdown) for part in parts)

    def _withdraw(self, name: str, page_id: str, refused: MetricWithdrawn) -> None:
        self._refused.add((page_id, name))
        if name not in self._doubtful:
            self._doubtful.add(name)
            self._session.note(MetricWithdrawn(FACEBOOK, f"{refused.message} [{name}]", name))

    def _read(self, names: list[str], window: _Window, breakdown: str) -> int:
        parameters = {"metric": ",".join(names), "period": "day", "until": str(window.until)}
        if breakdown:
            parameters["breakdown"] = breakdown
        since: int | None = window.since
        rows = 0
        while since is not None:
            document = self._graph.get(
                f"{window.page_id}/insights", window.token, since=str(since), **parameters
            )
            self._pages.believe([window.page_id])
            rows += len(items(document))
            since = leads_on_to(document, since, window.until)
        return rows
