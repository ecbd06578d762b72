"""How often Facebook's people shared, commented and reacted to a web address: `GET /?id=<address>`.

Lifetime counters over the whole of Facebook, without saying by whom. Any token may ask, an app's too;
whether ordinary apps are still answered is not sure, so a refusal is told and costs nothing else. The
platform is said to bear about four such calls a minute: each address is asked once a run, after the others.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.asking import Mentions
from connectors.facebook.graph import Graph, optional


def ask_sites(graph: Graph, mentions: Iterable[Mentions]) -> None:
    """Asks the addresses among `mentions`, each once; hashtags are not told by the platform."""
    campaigns: dict[str, str] = {}
    for one in mentions:
        if one.kind == "site":
            campaigns.setdefault(one.subject, one.campaign_id)
    for address, campaign_id in campaigns.items():
        with (
            graph.session.asking("sites", campaign_id),
            graph.session.costing_only_this(),
            optional("the shares of web addresses are"),
        ):
            graph.get("", graph.credential, id=address, fields="engagement")
