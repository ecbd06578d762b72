"""Facebook: counters of Page posts, reels and videos, days of Pages and of video posts, shares of web
addresses, and the reach of advertising, through facebook-sdk 3.1.0.

Views and video lists are given only for Pages on which the token's person has a role; of other Pages, posts
with their shares, reactions and comments. A page of a listing may be empty and still name a next one. Errors
are told apart by code, never by HTTP status.

A server that offers less (no list of roles, no video edges, no batches) is asked for what it does offer; what
it does not is noted as NotOffered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from connectors.asking import AccountDays, Ask, PostDays, Walk, Wanted
from connectors.credentials import CredentialHealth, OwnAccount
from connectors.errors import BadRequest, Trouble
from connectors.facebook.addresses import parse_handle, parse_post_id, parse_post_url
from connectors.facebook.ads import Audiences
from connectors.facebook.days import DAYS_PER_REQUEST, PACIFIC, PageDays
from connectors.facebook.graph import ANSWERS, APP_SECRET, Graph
from connectors.facebook.guide import GUIDE
from connectors.facebook.insights import Insights
from connectors.facebook.listing import Listing
from connectors.facebook.pages import Pages
from connectors.facebook.post_days import ask_post_days
from connectors.facebook.sites import ask_sites
from connectors.graph_credentials import health_in
from connectors.history import CallsFor, History

if TYPE_CHECKING:
    import requests

    from connectors.wire import WireSession

__all__ = [
    "ACCOUNT_DAYS",
    "API_URL",
    "AUDIENCES",
    "CREDENTIAL",
    "FURTHER_CREDENTIALS",
    "GUIDE",
    "HISTORY",
    "IN_FLIGHT",
    "MENTIONS",
    "PLATFORM",
    "POST_DAYS",
    "SDK_URL",
    "TELLS_EXPIRY",
    "collect",
    "credential_health",
    "judge",
    "own_accounts",
    "parse_handle",
    "parse_post_id",
    "parse_post_url",
]

PLATFORM = "facebook"
CREDENTIAL = "FACEBOOK_ACCESS_TOKEN"
FURTHER_CREDENTIALS = {"app_secret": APP_SECRET}
SDK_URL = "https://graph.facebook.com"
API_URL = "https://graph.facebook.com"
# Which further parts of an Ask are carried out.
ACCOUNT_DAYS = True
POST_DAYS = True
MENTIONS = ("site",)
AUDIENCES = True
TELLS_EXPIRY = True
# A Page's calls are limited by the day and by how many people it engages, which the pace keeps; no number of
# calls on their way at once is named (developers.facebook.com, "Rate Limits"): a few. Advertising and the
# shares of web addresses bear less, and are asked one after the other.
IN_FLIGHT = 4
# What the collects need; `ads_read` is asked for audiences alone, which not every campaign has.
NEEDED_PERMISSIONS = ("pages_read_engagement", "pages_read_user_content", "read_insights")
# Page insights go back two years and answer for 90 days at a time; shares of web addresses are lifetime
# counters and have no history.
HISTORY = {
    "walks": History(
        subjects_per_window=5,
        calls=(
            CallsFor("roles", "window"),
            CallsFor("page_posts", "post", 100),
            CallsFor("page_reels", "subject"),
            CallsFor("page_videos", "post", 100),
            CallsFor("insights", "post", 25),
        ),
    ),
    "days": History(
        DAYS_PER_REQUEST,
        zone=PACIFIC.key,
        reaches_back=730,
        settles_after=3,
        is_of_owners=True,
        leaves_out_others=True,
        # Once for the totals, once for what advertising did of them.
        calls=(
            CallsFor("roles", "window"),
            CallsFor("page_insights", "subject"),
            CallsFor("page_insights", "subject"),
        ),
    ),
    "post_days": History(
        DAYS_PER_REQUEST,
        subjects_per_window=200,
        zone=PACIFIC.key,
        reaches_back=730,
        settles_after=3,
        is_of_owners=True,
        leaves_out_others=True,
        calls=(CallsFor("roles", "window"), CallsFor("post_days", "subject", 50)),
    ),
}


def judge(response: requests.Response) -> Trouble | None:
    """What an answer of the Graph API means; None when it is what was asked for."""
    return ANSWERS.judge(response)


def _by_page(pages: Pages, walks: Iterable[Walk]) -> dict[str, Walk]:
    """The walks by Page id, each Page once and from the earliest moment that any campaign needs."""
    found: dict[str, Walk] = {}
    for walk in walks:
        page_id = pages.id_of(walk.account_id or walk.handle or "", walk.campaign_id)
        if page_id and (page_id not in found or walk.since < found[page_id].since):
            found[page_id] = walk
    return found


def _collect_pages(graph: Graph, ask: Ask, session: WireSession) -> None:
    everything: tuple[Walk | Wanted | AccountDays | PostDays, ...]
    everything = (*ask.walks, *ask.posts, *ask.days, *ask.post_days)
    campaigns = [one.campaign_id for one in everything]
    if not campaigns:
        return
    pages = Pages(graph)
    insights = Insights(graph, pages)
    listing = Listing(graph, pages, insights, ask.posts)
    pages.learn_roles(campaigns[0])
    for named in (ask.walks, ask.days):
        pages.learn_ids((one.account_id or one.handle or "", one.campaign_id) for one in named)
    walks = _by_page(pages, ask.walks)
    days = (pages.id_of(one.account_id or one.handle or "", one.campaign_id) for one in ask.days)
    asked = dict.fromkeys([*walks, *(page_id for page_id in days if page_id)])
    aliases = [*(post.alias for post in ask.posts), *(post.alias for post in ask.post_days)]
    pages.guess_roles(asked, (alias.partition("_")[0] for alias in aliases))

    def list_page(one: tuple[str, Walk]) -> None:
        page_id, walk = one
        with session.walking(walk):
            listing.walk(page_id, walk)

    session.side_by_side(list_page, walks.items())
    listing.look_up(ask.posts)
    insights.ask()
    PageDays(graph, pages).ask(ask.days)
    ask_post_days(pages, insights, ask.post_days)


def collect(
    ask: Ask,
    session: WireSession,
    credential: str,
    version: str = "v26.0",
    app_secret: str | None = None,
    **_options: object,
) -> None:
    """Lists the posts and videos of the Pages to walk, looks up what was not among them, and asks insights;
    then days of own Pages and of their video posts, web addresses and audiences. What serves the day's
    figures least comes last, as a reached limit ends the run.

    `credential` is the token of a person or system user with a role on the own Pages, or a Page's own token;
    `app_secret`, when the app's settings ask for a proof with each call, is the app's. Raises TokenInvalid,
    BudgetSpent and RateLimited, which end the run; other troubles are noted in the session.
    """
    graph = Graph(session, credential, version, app_secret)
    with graph.minding_the_version():
        _collect_pages(graph, ask, session)
        ask_sites(graph, ask.mentions)
        Audiences(graph).ask(ask.audiences)


def credential_health(
    session: WireSession,
    credential: str,
    *,
    version: str = "v26.0",
    app_secret: str | None = None,
    **_options: object,
) -> CredentialHealth:
    """What the platform tells of the token: one call, which changes nothing. Raises Trouble."""
    graph = Graph(session, credential, version, app_secret)
    answer = graph.get("debug_token", credential, input_token=credential)
    return health_in(answer, NEEDED_PERMISSIONS, PLATFORM, GUIDE.for_audiences)


def own_accounts(
    session: WireSession,
    credential: str,
    *,
    version: str = "v26.0",
    app_secret: str | None = None,
    **_options: object,
) -> tuple[OwnAccount, ...]:
    """The Pages on which the token's person has a role; a Page token has itself alone. Raises Trouble."""
    graph = Graph(session, credential, version, app_secret)
    found: list[OwnAccount] = []

    def take(pages: list[dict[str, Any]]) -> bool:
        found.extend(_own_page(page) for page in pages if page.get("id"))
        return True

    try:
        graph.walk("me/accounts", credential, "id,name,username,tasks", take)
    except BadRequest:
        # A Page has no list of roles.
        found.append(_own_page(graph.get("me", credential, fields="id,name,username")))
    return tuple(found)


def _own_page(page: Mapping[str, Any]) -> OwnAccount:
    tasks = page.get("tasks")
    may_look = not isinstance(tasks, list) or "ANALYZE" in tasks
    return OwnAccount(
        id=str(page.get("id", "")),
        name=str(page.get("name", "")),
        handle=str(page.get("username") or ""),
        lacks="" if may_look else "the task ANALYZE, without which a page's insights are not told",
    )
