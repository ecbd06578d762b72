"""How many posts X counts per day: with a hashtag, with a link, and retweets of an account.

Days are UTC. `counts/recent` reaches seven days back, in one page; `counts/all` to 2006, 31 days a page,
newest page first, but not in every plan. Both are charged per request. The first and the last bucket may be
cut: whoever reads them has to look at their ends. Keyword counts have held no retweets since 4 May 2026, and
whether `retweets_of:` still counts any is not known: it is a cross-check, never the series.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.asking import AccountDays, Mentions
from connectors.errors import (
    ENDS_THE_RUN,
    BadRequest,
    Gone,
    NotOffered,
    OverBudget,
    PermissionMissing,
    Trouble,
    Unreadable,
)
from connectors.x.addresses import HANDLE
from connectors.x.answers import count_in, items
from connectors.x.calls import Calls

RECENT = timedelta(days=7)
DAYS_PER_PAGE = 31
RECENT_QUERY, ALL_QUERY = 512, 1024
# X wants an end at least ten seconds past; a minute more for a clock that differs.
_SETTLED = timedelta(minutes=1)


@dataclass(frozen=True)
class _Window:
    """What is counted on which UTC days, inclusive."""

    campaign_id: str
    query: str
    first_day: date
    last_day: date


class Counts:
    """One run's counts, each asked once. `mentions` are what a campaign is about, `days` a cross-check."""

    def __init__(self, calls: Calls, mentions: Iterable[Mentions], days: Iterable[AccountDays]) -> None:
        self._calls = calls
        self._has_archive = True
        self._are_offered = True
        self._counts_retweets = True
        self._mentioned = _by_query(self._mentions(mentions))
        self._retweeted = _by_query(self._retweets(days))

    def count_mentions(self, campaign_ids: Collection[str]) -> None:
        """Counts what these campaigns ask for and was not counted yet."""
        waiting = [(q, window) for q, window in self._mentioned.items() if window.campaign_id in campaign_ids]
        self._first_one_then_all(self._count_mention, waiting)

    def _first_one_then_all(
        self, count: Callable[[tuple[str, _Window]], None], waiting: list[tuple[str, _Window]]
    ) -> None:
        """The first answer tells whether X counts at all, how far back, and what time it is there."""
        self._calls.side_by_side(count, waiting[:1], lambda one: one[1].campaign_id)
        self._calls.side_by_side(count, waiting[1:], lambda one: one[1].campaign_id)

    def _count_mention(self, one: tuple[str, _Window]) -> None:
        query, window = one
        if self._calls.is_over(window.campaign_id) or not self._are_offered:
            return
        before = self._calls.session.answered
        with self._part(window):
            try:
                self._count(window)
            except Trouble as trouble:
                if not _is_of_all_counts(trouble):
                    raise
                if self._are_offered:
                    self._are_offered = False
                    self._calls.session.note(_not_offered(trouble))
        is_asked = self._calls.session.answered > before
        if is_asked or not self._calls.is_put_off(window.campaign_id):
            del self._mentioned[query]

    def cross_check(self, retweeted: Mapping[str, Collection[date]]) -> None:
        """Counts the accounts' retweets. `retweeted` has, by an account's handle in lower case, the UTC days
        on which it made posts that were retweeted.
        """

        def count(one: tuple[str, _Window]) -> None:
            _, window = one
            is_asked = self._are_offered and self._counts_retweets
            if is_asked and not self._calls.is_over(window.campaign_id):
                with self._part(window):
                    self._count_retweets(window, retweeted)

        self._first_one_then_all(count, list(self._retweeted.items()))

    @contextmanager
    def _part(self, window: _Window) -> Iterator[None]:
        with (
            self._calls.part(window.campaign_id),
            self._calls.session.asking("counts", window.campaign_id),
        ):
            yield

    def _mentions(self, mentions: Iterable[Mentions]) -> Iterable[tuple[str, _Window]]:
        for mention in mentions:
            if mention.kind == "hashtag":
                query, is_usable = f"#{mention.subject}", _is_tag(mention.subject)
            else:
                # A quotation mark would end the operand, and the rest would be read as operators.
                query, is_usable = f'url:"{mention.subject}"', not re.search(r'["\\\s]', mention.subject)
            if not is_usable or len(query) > ALL_QUERY:
                text = f"x: {mention.subject[:80]!r} cannot be searched for; correct it in the registry"
                self._calls.session.note(BadRequest("x", text))
                continue
            yield (
                query.lower() if mention.kind == "hashtag" else query,
                _Window(mention.campaign_id, query, mention.first_day, mention.last_day),
            )

    def _retweets(self, days: Iterable[AccountDays]) -> Iterable[tuple[str, _Window]]:
        for account in days:
            handle = (account.handle or "").removeprefix("@")
            if not HANDLE.fullmatch(handle):
                text = (
                    f"x: retweets of {handle or account.account_id} are counted by its handle; give it in the"
                )
                self._calls.session.note(NotOffered("x", f"{text} registry"))
                continue
            query = f"retweets_of:{handle}"
            yield query.lower(), _Window(account.campaign_id, query, account.first_day, account.last_day)

    def _count(self, window: _Window) -> list[dict[str, Any]]:
        """The buckets of the window, from the endpoint that reaches far enough."""
        learned: list[dict[str, Any]] | None = None
        if self._calls.moment is None and len(window.query) <= RECENT_QUERY:
            # Nothing was answered yet: X's own default is right whatever time it is there.
            learned = self._count_recent(window, None)
        moment = self._calls.moment or _midnight(window.last_day + timedelta(days=1))
        # Of the seventh day back only a part is left.
        recent_from = (moment - RECENT).astimezone(UTC).date() + timedelta(days=1)
        if (window.first_day < recent_from or len(window.query) > RECENT_QUERY) and self._has_archive:
            try:
                return self._count_all(window, moment)
            except (PermissionMissing, NotOffered) as trouble:
                text = f"x: no counts from before {recent_from} ({trouble.message.removeprefix('x: ')})"
                if self._has_archive:
                    self._has_archive = False
                    self._calls.session.note(NotOffered("x", text))
        if learned is not None:
            return learned
        clipped = replace(window, first_day=max(window.first_day, recent_from))
        if clipped.first_day > clipped.last_day or len(clipped.query) > RECENT_QUERY:
            return []
        return self._count_recent(clipped, moment)

    def _count_recent(self, window: _Window, moment: datetime | None) -> list[dict[str, Any]]:
        """The last seven days; without a moment all of them, else those of the window."""
        calls = self._calls
        bounds: dict[str, datetime] = {}
        if moment is not None:
            bounds = {"start_time": _midnight(window.first_day), **_ending(window, moment)}
        with calls.paying_each(window.campaign_id, "counts/recent"):
            document = calls.ask(
                calls.client.get_recent_tweets_count,
                window.query,
                granularity="day",
                **bounds,
            )
        return items(document)

    def _count_all(self, window: _Window, moment: datetime) -> list[dict[str, Any]]:
        calls = self._calls
        found: list[dict[str, Any]] = []
        token: str | None = None
        tokens: set[str] = set()
        while True:
            with calls.paying_each(window.campaign_id, "counts/all"):
                document = calls.ask(
                    calls.client.get_all_tweets_count,
                    window.query,
                    granularity="day",
                    start_time=_midnight(window.first_day),
                    next_token=token,
                    **_ending(window, moment),
                )
            found += items(document)
            meta = document.get("meta")
            token = meta.get("next_token") if isinstance(meta, dict) else None
            if not token:
                return found
            if token in tokens or len(tokens) > _most_pages(window):
                told = "repeat a page" if token in tokens else "have no end"
                text = f"x: the counts of {window.query} {told}; report this, earlier days are missing"
                raise Unreadable("x", text)
            tokens.add(token)

    def _count_retweets(self, window: _Window, retweeted: Mapping[str, Collection[date]]) -> None:
        """Counts retweets of an account, which cost nothing when they cannot be had.

        Tells once when X counts none although there were some: posts of the window have them.
        """
        try:
            buckets = self._count(window)
        except (*ENDS_THE_RUN, OverBudget):
            raise
        except Trouble as refused:
            self._counts_retweets = False
            reason = refused.message.removeprefix("x: ").rpartition("; ")[0] or refused.message
            text = f"x: retweets are not counted as a cross-check ({reason}); they come from the posts"
            self._calls.session.note(NotOffered("x", text))
            return
        if not buckets:
            return
        days = retweeted.get(window.query.partition(":")[2].lower(), ())
        were_there = any(window.first_day <= day <= window.last_day for day in days)
        if not were_there or any(map(count_in, buckets)):
            return
        self._counts_retweets = False
        text = f"x: X counts no {window.query} though posts were retweeted; retweets come from their counters"
        self._calls.session.note(NotOffered("x", f"{text} alone"))


def _by_query(found: Iterable[tuple[str, _Window]]) -> dict[str, _Window]:
    windows: dict[str, _Window] = {}
    for query, window in found:
        windows[query] = _joined(windows[query], window) if query in windows else window
    return windows


def _is_of_all_counts(trouble: Trouble) -> bool:
    """Whether no other count would be given either: this API, or this plan of X's, has none."""
    return isinstance(trouble, NotOffered | PermissionMissing | Gone) or (
        isinstance(trouble, Unreadable) and trouble.status >= 400
    )


def _not_offered(trouble: Trouble) -> NotOffered:
    reason, _, cure = trouble.message.removeprefix("x: ").rpartition("; ")
    return NotOffered("x", f"x: hashtags and sites are not counted ({reason or cure}); {cure}")


def _most_pages(window: _Window) -> int:
    """Twice what X needs for the window."""
    return 2 * ((window.last_day - window.first_day).days // DAYS_PER_PAGE + 1)


def _joined(one: _Window, other: _Window) -> _Window:
    """Two campaigns count the same: one question over both windows, under the first one's name."""
    return replace(
        one, first_day=min(one.first_day, other.first_day), last_day=max(one.last_day, other.last_day)
    )


def _ending(window: _Window, moment: datetime) -> dict[str, datetime]:
    """The end of the window, left out while its last day is running: X then counts up to now."""
    end = _midnight(window.last_day + timedelta(days=1))
    return {"end_time": end} if end <= moment - _SETTLED else {}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _is_tag(word: str) -> bool:
    """Whether it is letters and their marks, numbers and _."""
    letters = unicodedata.normalize("NFC", word)
    return word != "" and all(one == "_" or unicodedata.category(one)[0] in "LMN" for one in letters)
