"""How many people Facebook's advertising reached, and how many there are to reach.

Reach does not add up: not over days, bands or regions. It is asked in one piece for the whole window, a row a
band, never by day. The size of an audience is an estimate between two bounds: accounts active of late in an
area, not residents. There are two ways to ask it, of which an ad account may offer only one. Numbers come as
text. The token needs `ads_read` on the ad account.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from connectors.asking import AudienceReach
from connectors.errors import BadRequest, Gone, NotOffered, PermissionMissing, Trouble
from connectors.facebook.graph import FACEBOOK, Graph

_REACH_FIELDS = "reach,impressions,frequency,date_start,date_stop"
_WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("reachestimate", {}),
    ("delivery_estimate", {"optimization_goal": "REACH"}),
)


class Audiences:
    """The questions of one run about advertising."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._session = graph.session
        # Ad accounts that were refused the first way and answered the second.
        self._second_way: set[str] = set()

    def ask(self, audiences: Iterable[AudienceReach]) -> None:
        """Asks each reach and each size once, however many audiences share it."""
        wanted = list(audiences)
        reaches = {
            (one.ad_account, one.filtering, one.breakdown, one.first_day, one.last_day): one for one in wanted
        }
        for one in reaches.values():
            with self._session.asking("ad_insights", one.campaign_id), self._session.costing_only_this():
                self._ask_reach(one)
        for one in {(one.ad_account, one.targeting): one for one in wanted}.values():
            with (
                self._session.asking("audience_estimates", one.campaign_id),
                self._session.costing_only_this(),
            ):
                self._ask_size(one)

    def _ask_reach(self, one: AudienceReach) -> None:
        window = {"since": one.first_day.isoformat(), "until": one.last_day.isoformat()}
        parameters = {"level": "account", "time_range": json.dumps(window, separators=(",", ":"))}
        if one.filtering:
            parameters["filtering"] = one.filtering
        if one.breakdown:
            parameters["breakdowns"] = one.breakdown
        path = f"{quote(one.ad_account, safe='')}/insights"
        self._graph.walk(path, self._graph.credential, _REACH_FIELDS, lambda rows: True, **parameters)

    def _ask_size(self, one: AudienceReach) -> None:
        ways = _WAYS[1:] if one.ad_account in self._second_way else _WAYS
        refused: Trouble | None = None
        for edge, more in ways:
            path = f"{quote(one.ad_account, safe='')}/{edge}"
            try:
                answer = self._graph.get(path, self._graph.credential, targeting_spec=one.targeting, **more)
            except (BadRequest, Gone, PermissionMissing) as trouble:
                refused = refused or trouble
                continue
            if refused is not None:
                self._second_way.add(one.ad_account)
            if not _is_ready(answer):
                text = "facebook: the size of an audience is not worked out yet; it is asked again next time"
                self._session.note(NotOffered(FACEBOOK, text))
            return
        assert refused is not None
        raise refused


def _is_ready(answer: dict[str, Any]) -> bool:
    """Whether an estimate holds figures: `{"data": {…}}` the first way, `{"data": [{…}]}` the second."""
    found = answer.get("data")
    estimates = found if isinstance(found, list) else [found]
    return any(isinstance(one, dict) and one.get("estimate_ready") is not False for one in estimates)
