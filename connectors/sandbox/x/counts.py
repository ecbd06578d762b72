"""Counts of posts per minute, hour or day: `/2/tweets/counts/recent` and `/2/tweets/counts/all`.

As recorded: buckets ascend within a page; the first and the last one of a window are cut where the window is;
`total_tweet_count` is of the page; without a start, `all` begins at a UTC midnight thirty days back. The
archive gives 31 days a page. Guessed: that the newest page comes first (documented for searches only), that
the end is at least ten seconds past, and that a query which the sandbox does not understand matches nothing.

Answered in the newer words (`post_count`) when `search_count.fields` asks for them.

Understood are `#hashtag`, `url:"address"` and `retweets_of:name`. Retweets are counted gross: those taken
back later and those of posts deleted later stay in, so they add up to a little more than the counters show.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from connectors.sandbox.exchange import Asked
from connectors.sandbox.growth import DAY_S, Moment
from connectors.sandbox.world import World
from connectors.sandbox.x.problems import Refused, invalid
from connectors.sandbox.x.questions import choice, instant, know, page_bound, page_token

_PARAMETERS = frozenset(
    ("query", "start_time", "end_time", "since_id", "until_id", "granularity", "search_count.fields")
)
_STEPS = {"minute": 60.0, "hour": 3_600.0, "day": DAY_S}
_RECENT_S, _PAGE_S, _LATEST_S = 7 * DAY_S, 31 * DAY_S, 10.0
_TAKEN_BACK = 1.012
_RETWEETS_OF = re.compile(r"retweets_of:@?(\w+)", re.IGNORECASE)
_URL = re.compile(r'url:"([^"]+)"')


class Counts:
    """The two endpoints over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def recent(self, asked: Asked) -> dict[str, object]:
        know(asked, _PARAMETERS)
        now = float(int(asked.now.epoch))
        earliest = now - _RECENT_S
        query, step = _query(asked, 512), _step(asked)
        start, end = self._window(asked, now, earliest)
        if start < earliest:
            message = f"'start_time' must be on or after {_written(earliest)}. You passed {_written(start)}"
            raise Refused(invalid("start_time", asked.query.get("start_time", ""), message))
        return self._page(query, step, start, end, None, _word(asked))

    def all(self, asked: Asked) -> dict[str, object]:
        know(asked, _PARAMETERS | {"next_token", "pagination_token"})
        now = float(int(asked.now.epoch))
        query, step = _query(asked, 1024), _step(asked)
        start, end = self._window(asked, now, now - now % DAY_S - 30 * DAY_S)
        bound = page_bound(asked, "next_token", "pagination_token")
        end = end if bound is None else min(end, float(bound))
        begins = max(start, end - end % DAY_S - (_PAGE_S - DAY_S) if end % DAY_S else end - _PAGE_S)
        return self._page(query, step, begins, end, begins if begins > start else None, _word(asked))

    def _window(self, asked: Asked, now: float, usual_start: float) -> tuple[float, float]:
        """Start and end as asked for, in whole seconds."""
        asked_start, asked_end = instant(asked, "start_time"), instant(asked, "end_time")
        latest = now - _LATEST_S
        end = latest if asked_end is None else float(int(asked_end))
        if end > latest:
            message = (
                f"'end_time' must be a minimum of 10 seconds prior to the request time, {_written(latest)}"
            )
            raise Refused(invalid("end_time", asked.query["end_time"], message))
        start = usual_start if asked_start is None else float(int(asked_start))
        if start >= end:
            message = f"'end_time' [{_written(end)}] must be after 'start_time' [{_written(start)}]"
            raise Refused(invalid("start_time", asked.query.get("start_time", ""), message))
        return start, end

    def _page(
        self, query: str, step: float, start: float, end: float, following: float | None, word: str
    ) -> dict[str, object]:
        until = self._counted(query)
        edges = [start]
        while edges[-1] < end:
            edges.append(min(end, edges[-1] - edges[-1] % step + step))
        totals = [until(edge) for edge in edges]
        data = [
            {"start": _written(begun), "end": _written(ended), word: after - before}
            for begun, ended, before, after in zip(edges, edges[1:], totals, totals[1:], strict=False)
        ]
        meta: dict[str, object] = {f"total_{word}": totals[-1] - totals[0]}
        if following is not None:
            meta["next_token"] = page_token(int(following))
        return {"data": data, "meta": meta}

    def _counted(self, query: str) -> Callable[[float], int]:
        """How many posts match a query before an instant."""
        retweets_of = _RETWEETS_OF.fullmatch(query)
        if retweets_of:
            account = self._world.x_account(retweets_of[1])
            own = [post for post in account.posts if post.original is None] if account else []
            if account and account.is_protected:
                own = []

            def retweets(epoch: float) -> int:
                now = Moment.at(epoch)
                return sum(int(post.retweets.true(post.growth.share(now)) * _TAKEN_BACK) for post in own)

            return retweets
        url = _URL.fullmatch(query)
        mentioned = self._world.mentions.get(url[1] if url else query.lower())
        return mentioned.until if mentioned else lambda epoch: 0


def _query(asked: Asked, longest: int) -> str:
    query = asked.query.get("query", "").strip()
    if not query:
        raise Refused(invalid("query", "", "The `query` query parameter can not be empty"))
    if len(query) > longest:
        message = f"Rules must be at most {longest} characters long; this one has {len(query)}"
        raise Refused(invalid("query", query, message))
    return query


def _word(asked: Asked) -> str:
    """What a count is called, in the vocabulary that was asked in."""
    fields = choice(asked, "search_count.fields", {"start", "end", "tweet_count", "post_count"})
    return "post_count" if "post_count" in fields else "tweet_count"


def _step(asked: Asked) -> float:
    granularity = asked.query.get("granularity", "hour")
    if granularity not in _STEPS:
        message = f"The `granularity` query parameter value [{granularity}] is not one of [minute,hour,day]"
        raise Refused(invalid("granularity", granularity, message))
    return _STEPS[granularity]


def _written(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
