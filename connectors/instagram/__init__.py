"""Instagram: counters of professional accounts' media, through the Graph API with `requests`.

Own media are listed with their plain counter fields; insights are asked only of media that lack some of them,
and of stories, which live for a day. Rivals are read through business discovery: likes and comments, and the
views of reels; nothing else of them is given, and what is not given is missing, never 0.

There are two doors. Tokens of Instagram Login begin with IG, ask graph.instagram.com and know one account.
All others ask graph.facebook.com, where a person's accounts hang on their Pages, whose tokens are used.

A field or a metric that the platform refuses is left out and the rest is asked again; a page of a listing may
be empty and still name a next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.asking import AccountDays, Ask, Walk, Wanted, in_parts
from connectors.credentials import CredentialHealth, OwnAccount
from connectors.errors import (
    ENDS_THE_RUN,
    BadRequest,
    Gone,
    MetricWithdrawn,
    NotOffered,
    PermissionMissing,
    TooMuchAsked,
    Transient,
    Trouble,
    Unreadable,
)
from connectors.graph_calls import minding_the_version
from connectors.graph_credentials import health_in
from connectors.history import CallsFor, History
from connectors.instagram.addresses import (
    DIGITS,
    parse_handle,
    parse_post_id,
    parse_post_url,
    shortcode_of,
)
from connectors.instagram.answers import InstagramAnswers
from connectors.instagram.graph import (
    FACEBOOK_LOGIN,
    INSTAGRAM_LOGIN,
    Graph,
    Own,
    cursor_of,
    dicts_in,
    is_older,
    reason,
)
from connectors.instagram.guide import GUIDE
from connectors.instagram.insights import (
    MOST_DAYS,
    QUESTIONS_PER_BATCH,
    Insights,
    Question,
    media_question,
)

if TYPE_CHECKING:
    import requests

    from connectors.wire import WireSession

__all__ = [
    "ACCOUNT_DAYS",
    "API_URL",
    "CREDENTIAL",
    "FURTHER_CREDENTIALS",
    "GUIDE",
    "HISTORY",
    "IN_FLIGHT",
    "MORE_HOSTS",
    "PLATFORM",
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

PLATFORM = "instagram"
CREDENTIAL = "INSTAGRAM_ACCESS_TOKEN"
FURTHER_CREDENTIALS = {"app_secret": "INSTAGRAM_APP_SECRET"}
SDK_URL = FACEBOOK_LOGIN
API_URL = "https://graph.facebook.com"
MORE_HOSTS = (INSTAGRAM_LOGIN,)
# `collect` answers an Ask's `days`.
ACCOUNT_DAYS = True
TELLS_EXPIRY = True
# An account's calls are limited by the day and by how many people saw it, which the pace keeps; no number of
# calls on their way at once is named (developers.facebook.com, "Rate Limits"): a few.
IN_FLIGHT = 4
# What the collects need of a token of Facebook Login.
NEEDED_PERMISSIONS = ("instagram_basic", "instagram_manage_insights", "pages_read_engagement")
# A token of Instagram Login; it can be refreshed from its second day on.
LOGIN_TOKEN_LIVES = timedelta(days=60)
# Account insights are kept for 90 days and asked a day at a time, by two questions; their windows are not
# longer than 30 days. Others' media are discovered from the newest on.
HISTORY = {
    "walks": History(
        None,
        calls=(
            CallsFor("roles", "window"),
            CallsFor("accounts", "subject"),
            CallsFor("account_media", "post", 100),
            CallsFor("stories", "subject"),
        ),
    ),
    "days": History(
        30,
        subjects_per_window=5,
        zone="America/Los_Angeles",
        reaches_back=MOST_DAYS,
        settles_after=3,
        is_of_owners=True,
        leaves_out_others=True,
        calls=(CallsFor("roles", "window"), CallsFor("account_insights", "day", QUESTIONS_PER_BATCH // 2)),
    ),
}

_ANSWERS = InstagramAnswers(PLATFORM, CREDENTIAL, FURTHER_CREDENTIALS["app_secret"])

ITEMS_PER_PAGE = 100
DISCOVERED_PER_PAGE = 50
IDS_PER_REQUEST = 50
# How far a rival's media are walked back for known posts alone: a thousand media.
_MOST_PAGES_BACK = 20

_ABOUT_FIELDS = ("id", "username", "name", "followers_count", "media_count")
_SHOWN_FIELDS = ("id", "caption", "permalink", "media_type", "media_product_type", "timestamp")
# Whether a `total_…` field holds what advertising brought too is told in two ways by the platform itself.
_COUNTER_FIELDS = (
    "view_count",
    "like_count",
    "comments_count",
    "saved_count",
    "shares_count",
    "reposts_count",
    "total_views_count",
    "total_like_count",
    "total_comments_count",
)
_OWN_FIELDS = (*_SHOWN_FIELDS, "shortcode", "owner", "username", *_COUNTER_FIELDS)
_STORY_FIELDS = (*_SHOWN_FIELDS, "shortcode", "owner", "username")
_RIVAL_FIELDS = (*_SHOWN_FIELDS, "like_count", "comments_count", "view_count")
# A medium that shows all of these needs no insights.
_ENOUGH = ("view_count", "like_count", "comments_count", "saved_count", "shares_count")

_CURSOR = re.compile(r"[A-Za-z0-9_=+/%.:|-]+")
# "Object with ID '17895731045244887' does not exist"
_NAMED = re.compile(r"'([0-9]+)'")
_LOGIN_CURE = (
    "link the professional account to a Page on which the token's person has a role, and grant "
    "instagram_basic and pages_show_list"
)


@dataclass
class _Rival:
    """Whose media to discover: those that `walk` asks for (None: none are listed), and known ones since
    `known_since`, by their names; `dated` are those of which it is known when they were posted.
    """

    handle: str
    campaign_id: str
    known_since: datetime | None = None
    walk: Walk | None = None
    wanted: tuple[str, ...] = ()
    dated: tuple[str, ...] = ()


class _Asker:
    """One run's questions to Instagram."""

    def __init__(
        self, session: WireSession, credential: str, version: str, app_secret: str | None = None
    ) -> None:
        self._session = session
        self._graph = Graph(session, credential, version, app_secret)
        self._insights = Insights(self._graph, _ANSWERS)
        self._own: list[Own] = []
        # Names of the media that were shown: their ids and short codes.
        self._seen: set[str] = set()
        self._questions: dict[str, dict[str, Question]] = {}
        self._is_discovering = True

    def carry_out(self, ask: Ask) -> None:
        campaigns = [walk.campaign_id for walk in ask.walks]
        campaigns += [post.campaign_id for post in ask.posts] + [days.campaign_id for days in ask.days]
        if not campaigns:
            return
        self._learn_accounts(campaigns[0])
        if not self._own:
            return
        self._session.side_by_side(self._list_own, self._own_walks(ask.walks))
        self._look_up(ask.posts)
        rivals = self._rivals(ask.walks, ask.posts)
        # The first tells whether others are shown at all.
        self._session.side_by_side(self._discover_if_shown, rivals[:1])
        self._session.side_by_side(self._discover_if_shown, rivals[1:])
        self._note_unfound(ask.posts)
        self._session.side_by_side(lambda own: self._graph.trusting(own, self._ask_insights, own), self._own)
        days_of: dict[str, tuple[Own, list[AccountDays]]] = {}
        for days in ask.days:
            found = self._own_account(days.account_id, days.handle)
            if found is not None:
                days_of.setdefault(found.id, (found, []))[1].append(days)
        self._session.side_by_side(self._ask_days, days_of.values())

    def _list_own(self, one: tuple[Own, Walk]) -> None:
        own, walk = one
        with self._session.walking(walk):
            self._graph.trusting(own, self._walk, own, walk)

    def _discover_if_shown(self, rival: _Rival) -> None:
        if self._is_discovering:
            with self._session.walking(rival.walk) if rival.walk else nullcontext():
                self._graph.trusting(self._own[0], self._discover, self._own[0], rival)

    def _ask_days(self, one: tuple[Own, list[AccountDays]]) -> None:
        own, wanted = one
        for days in wanted:
            self._graph.trusting(own, self._insights.ask_days, own, days)

    # -- who we are

    def _learn_accounts(self, campaign_id: str) -> None:
        """The token's own professional accounts. Notes why there are none, where there are none."""
        refused: Trouble | None = None
        with self._session.asking("roles", campaign_id):
            try:
                if self._graph.is_instagram_login:
                    self._learn_login()
                else:
                    self._learn_roles()
            except ENDS_THE_RUN:
                raise
            except Trouble as trouble:
                refused = trouble
            is_passing = isinstance(refused, Transient)
            if not self._own and not is_passing and not self._graph.is_instagram_login:
                self._learn_page()
        if refused is not None and (is_passing or not self._own):
            self._session.note(refused)
        elif not self._own:
            text = f"instagram: the token leads to no professional account; {_LOGIN_CURE}"
            self._session.note(PermissionMissing(PLATFORM, text))

    def _learn_login(self) -> None:
        me = self._graph.get("me", self._graph.credential, fields="user_id,username")
        own_id = me.get("user_id") or me.get("id")
        if not own_id:
            raise Unreadable(PLATFORM, "instagram: me was answered without an id; report this")
        self._own.append(Own(str(own_id), str(me.get("username", "")), self._graph.credential))

    def _learn_roles(self) -> None:
        fields = ("id", "name", "access_token", "instagram_business_account{id,username}")
        for pages in self._graph.list_all(
            "me/accounts", self._graph.credential, fields, "roles", ITEMS_PER_PAGE
        ):
            for page in pages:
                self._take_own(page)

    def _learn_page(self) -> None:
        """A Page token has no accounts of its own; its Page has one."""
        fields = "id,instagram_business_account{id,username}"
        with self._session.costing_only_this():
            try:
                self._take_own(self._graph.get("me", self._graph.credential, fields=fields))
            except (BadRequest, MetricWithdrawn):
                # A person has no such field: the token is none of a Page.
                return

    def _take_own(self, page: Mapping[str, Any]) -> None:
        account = page.get("instagram_business_account")
        if isinstance(account, dict) and account.get("id"):
            token = page.get("access_token") or self._graph.credential
            self._own.append(Own(str(account["id"]), str(account.get("username", "")), str(token)))

    def _own_account(self, account_id: str | None, handle: str | None) -> Own | None:
        for own in self._own:
            if own.id == account_id or (handle and own.username.casefold() == handle.casefold()):
                return own
        return None

    # -- own media

    def _own_walks(self, walks: Iterable[Walk]) -> Iterator[tuple[Own, Walk]]:
        """The walks of own accounts, each account once and from the earliest moment that is needed."""
        found: dict[str, Walk] = {}
        for walk in walks:
            own = self._own_account(walk.account_id, walk.handle)
            if own is not None and (own.id not in found or walk.since < found[own.id].since):
                found[own.id] = walk
        for own in self._own:
            if own.id in found:
                yield own, found[own.id]

    def _walk(self, own: Own, walk: Walk) -> None:
        with (
            self._session.asking("accounts", walk.campaign_id),
            self._session.costing_only_this(),
        ):
            self._graph.with_fields(
                "account", _ABOUT_FIELDS, lambda names: self._graph.get(own.id, own.token, fields=names)
            )
        with (
            self._session.asking("account_media", walk.campaign_id),
            self._session.costing_only_this(),
        ):
            bounds = {"since": str(int(walk.since.timestamp()))}
            if walk.until is not None:
                bounds["until"] = str(int(walk.until.timestamp()))
            for media in self._graph.list_all(
                f"{own.id}/media", own.token, _OWN_FIELDS, "media", ITEMS_PER_PAGE, **bounds
            ):
                for medium in media:
                    self._saw(own, medium, walk.campaign_id)
                # A server that does not know `since` lists everything, newest first.
                if is_older(media, walk.since):
                    break
        with self._session.asking("stories", walk.campaign_id), self._session.costing_only_this():
            for stories in self._graph.list_all(
                f"{own.id}/stories", own.token, _STORY_FIELDS, "stories", ITEMS_PER_PAGE
            ):
                for story in stories:
                    self._saw(own, {"media_product_type": "STORY", **story}, walk.campaign_id)

    def _saw(self, own: Own, medium: Mapping[str, Any], campaign_id: str) -> None:
        """Remembers an own medium, and asks its insights where its plain counters do not say enough."""
        media_id = str(medium.get("id", ""))
        self._remember(medium)
        if not DIGITS.fullmatch(media_id) or all(name in medium for name in _ENOUGH):
            return
        kind = str(medium.get("media_product_type") or "FEED")
        question = media_question(media_id, kind, campaign_id)
        self._questions.setdefault(own.id, {}).setdefault(media_id, question)

    def _remember(self, medium: Mapping[str, Any]) -> None:
        code = medium.get("shortcode") or shortcode_of(str(medium.get("permalink", "")))
        self._seen |= {str(name) for name in (medium.get("id"), code) if name}

    def _look_up(self, posts: Iterable[Wanted]) -> None:
        """Wanted media by their numbers. Those of others are not answered by number, and are discovered."""
        groups: dict[tuple[str, str], list[str]] = {}
        for post in posts:
            own = self._own_account(post.account_id, post.handle)
            is_others = own is None and bool(post.account_id or post.handle)
            if not DIGITS.fullmatch(post.alias) or post.alias in self._seen or is_others:
                continue
            ids = groups.setdefault((post.campaign_id, "" if own is None else own.id), [])
            if post.alias not in ids:
                ids.append(post.alias)
        for (campaign_id, own_id), ids in groups.items():
            # Whose a number is may be unknown: the settings' token sees the media of all own accounts.
            whose = self._own_account(own_id, None) or Own("", "", self._graph.credential)

            def look_up(some: list[str], whose: Own = whose, campaign_id: str = campaign_id) -> None:
                self._graph.trusting(whose, self._look_up_some, some, whose, campaign_id)

            with self._session.asking("media", campaign_id):
                self._session.side_by_side(look_up, in_parts(ids, IDS_PER_REQUEST))

    def _look_up_some(self, ids: list[str], whose: Own, campaign_id: str) -> None:
        for medium in self._by_ids(ids, whose):
            owner = medium.get("owner")
            owner_id = str(owner.get("id", "")) if isinstance(owner, dict) else whose.id
            own = self._own_account(owner_id, str(medium.get("username") or ""))
            self._saw(own or self._own[0], medium, campaign_id)

    def _by_ids(self, ids: list[str], whose: Own) -> Iterator[dict[str, Any]]:
        """The media with these ids. A call that one bad id fails is repeated without it, and the bad one is
        asked for alone, so that what the platform says of it lands. Where it is not named, the call is
        repeated in halves.
        """
        try:
            answer = self._graph.with_fields(
                "media",
                _OWN_FIELDS,
                lambda names: self._graph.get("", whose.token, ids=",".join(ids), fields=names),
            )
        except (Gone, PermissionMissing, BadRequest, TooMuchAsked) as refused:
            trouble: Trouble = _gone(ids[0]) if isinstance(refused, Gone) else refused
            named = set(_NAMED.findall(refused.message)) if isinstance(refused, Gone) else set()
        else:
            for one in ids:
                if isinstance(answer.get(one), dict):
                    yield answer[one]
                else:
                    self._session.note(_gone(one))
            return
        if len(ids) == 1:
            self._session.note(trouble)
            return
        bad = [one for one in ids if one in named]
        if not 0 < len(bad) < len(ids):
            bad = ids[: len(ids) // 2]
        yield from self._by_ids(bad, whose)
        yield from self._by_ids([one for one in ids if one not in bad], whose)

    # -- rivals

    def _rivals(self, walks: Iterable[Walk], posts: Iterable[Wanted]) -> list[_Rival]:
        """Whom to discover, each once: accounts to walk, and authors of known posts that were not shown."""
        found: dict[str, _Rival] = {}
        nameless: set[str] = set()
        for walk in walks:
            if self._own_account(walk.account_id, walk.handle) is not None:
                continue
            if not walk.handle:
                nameless.add(walk.account_id or "")
                continue
            rival = found.setdefault(walk.handle.casefold(), _Rival(walk.handle, walk.campaign_id))
            if rival.walk is None or walk.since < rival.walk.since:
                rival.walk = walk
        for post in posts:
            is_own = self._own_account(post.account_id, post.handle) is not None
            if not post.handle or is_own or post.alias in self._seen:
                continue
            rival = found.setdefault(post.handle.casefold(), _Rival(post.handle, post.campaign_id))
            rival.wanted += (post.alias,)
            if post.created_at is not None:
                rival.dated += (post.alias,)
                known = rival.known_since or post.created_at
                rival.known_since = min(known, post.created_at)
        for account_id in sorted(nameless):
            text = (
                f"instagram: account {account_id} is not the token's own, and others are found by name alone"
            )
            self._session.note(NotOffered(PLATFORM, f"{text}; give its handle in the registry"))
        return list(found.values())

    def _discover(self, own: Own, rival: _Rival) -> None:
        try:
            handle = parse_handle(rival.handle)
        except ValueError:
            text = f"instagram: {rival.handle!r} is not an account name; correct it in the registry"
            raise Gone(PLATFORM, text) from None

        def page(limit: int, after: str) -> tuple[list[dict[str, Any]], str]:
            place = f".after({after})" if after else ""

            def ask(names: str) -> dict[str, Any]:
                about = ",".join(_ABOUT_FIELDS)
                nested = f"{about},media.limit({limit}){place}{{{names}}}"
                fields = f"business_discovery.username({handle}){{{nested}}}"
                return self._graph.get(own.id, own.token, fields=fields)

            answer = self._graph.with_fields("discovery", _RIVAL_FIELDS, ask).get("business_discovery")
            if not isinstance(answer, dict):
                raise Unreadable(PLATFORM, f"instagram: {handle} was not discovered; report this")
            media = answer.get("media")
            if not isinstance(media, dict):
                return [], ""
            following = cursor_of(media)
            if following and not _CURSOR.fullmatch(following):
                raise Unreadable(
                    PLATFORM, f"instagram: the media of {handle} have an odd cursor; report this"
                )
            items = dicts_in(media.get("data"))
            # Nothing behind the cursor that led here: the end, though it is named again.
            return items, "" if not items and following == after else following

        with self._session.asking("discovery", rival.campaign_id):
            try:
                pages = self._graph.pages(f"the media of {handle}", DISCOVERED_PER_PAGE, page)
                is_searched = self._walk_rival(rival, pages)
            except BadRequest as refused:
                if not self._graph.is_instagram_login:
                    raise
                # Instagram Login does not know discovery, which it says as of any unknown field.
                self._is_discovering = is_searched = False
                text = (
                    f"instagram: no other account is shown to a token of Instagram Login ({reason(refused)})"
                )
                cure = "set a token of Facebook Login to read them"
                self._session.note(NotOffered(PLATFORM, f"{text}; {cure}"))
            except Gone as refused:
                text = f"instagram: no professional account {handle} ({reason(refused)})"
                cure = "correct its handle in the registry, or take it out"
                raise Gone(PLATFORM, f"{text}; {cure}") from None
        if is_searched:
            self._confirm_missing(own, rival)

    def _walk_rival(self, rival: _Rival, pages: Iterable[list[dict[str, Any]]]) -> bool:
        """Whether every dated post of the rival would have been shown, had it been there."""
        for number, media in enumerate(pages, start=1):
            for medium in media:
                self._remember(medium)
            if self._is_discovered(rival, media, number):
                return rival.known_since is not None and is_older(media, rival.known_since)
        return True

    def _confirm_missing(self, own: Own, rival: _Rival) -> None:
        """Asks by number for known posts that their author's list no longer shows. The refusal, which holds
        for any medium of others, then lands as the platform's word that they are gone.
        """
        with self._session.asking("media", rival.campaign_id):
            for alias in rival.dated:
                if DIGITS.fullmatch(alias) and alias not in self._seen:
                    self._seen.add(alias)
                    for medium in self._by_ids([alias], own):
                        self._remember(medium)

    def _is_discovered(self, rival: _Rival, media: list[dict[str, Any]], number: int) -> bool:
        """Whether enough of a rival's media were shown, `number` pages of them."""
        if rival.walk is not None and not is_older(media, rival.walk.since):
            # An empty page says nothing about how old the next one is.
            return False
        if self._seen.issuperset(rival.wanted) or number >= _MOST_PAGES_BACK:
            return True
        return rival.known_since is None or is_older(media, rival.known_since)

    def _note_unfound(self, posts: Iterable[Wanted]) -> None:
        for post in posts:
            if post.alias in self._seen:
                continue
            self._seen.add(post.alias)
            own = self._own_account(post.account_id, post.handle)
            is_looked_up = DIGITS.fullmatch(post.alias) and (
                own is not None or not (post.account_id or post.handle)
            )
            if is_looked_up:
                continue
            text = (
                f"instagram: {post.alias} is not among the posts listed now and cannot be looked up; put its "
                "account under [[accounts]], or take it out if it was deleted"
            )
            self._session.note(Gone(PLATFORM, text))

    # -- insights

    def _ask_insights(self, own: Own) -> None:
        by_campaign: dict[str, list[Question]] = {}
        for question in self._questions.get(own.id, {}).values():
            by_campaign.setdefault(question.campaign_id, []).append(question)
        for campaign_id, questions in by_campaign.items():
            with self._session.asking("insights", campaign_id):
                self._insights.ask_all(questions, own)


def _gone(media_id: str) -> Gone:
    text = f"instagram: {media_id} is deleted, hidden or not of an own account; check it in the registry"
    return Gone(PLATFORM, text)


def judge(response: requests.Response) -> Trouble | None:
    """What an answer of the Graph API means; None when it is what was asked for."""
    return _ANSWERS.judge(response)


def collect(
    ask: Ask,
    session: WireSession,
    credential: str,
    version: str = "v26.0",
    *,
    app_secret: str | None = None,
    **_options: object,
) -> None:
    """Lists the media and stories of own accounts, discovers those of others, looks up what was not among
    them, and asks insights of media and of days.

    `credential` is a token of Facebook Login (a person's, a system user's or a Page's) or of Instagram Login;
    with `app_secret`, calls by Facebook Login carry its proof.
    Raises TokenInvalid, BudgetSpent and RateLimited, which end the run; other troubles are noted in the
    session.
    """
    with minding_the_version(session, _ANSWERS, version):
        _Asker(session, credential, version, app_secret).carry_out(ask)


def credential_health(
    session: WireSession,
    credential: str,
    *,
    version: str = "v26.0",
    app_secret: str | None = None,
    **_options: object,
) -> CredentialHealth:
    """What the platform tells of the token: one call, which changes nothing. Raises Trouble.

    Instagram Login tells when a token expires only by making a new one; that is left to people.
    """
    graph = Graph(session, credential, version, app_secret)
    if graph.is_instagram_login:
        graph.get("me", credential, fields="user_id")
        return CredentialHealth(is_valid=True, lives=LOGIN_TOKEN_LIVES)
    return health_in(
        graph.get("debug_token", credential, input_token=credential), NEEDED_PERMISSIONS, PLATFORM
    )


def own_accounts(
    session: WireSession,
    credential: str,
    *,
    version: str = "v26.0",
    app_secret: str | None = None,
    **_options: object,
) -> tuple[OwnAccount, ...]:
    """The professional accounts to which the token leads: of its person's Pages, of its Page, or its own.
    Raises Trouble.
    """
    graph = Graph(session, credential, version, app_secret)
    if graph.is_instagram_login:
        me = graph.get("me", credential, fields="user_id,username")
        return _own_accounts([{**me, "id": me.get("user_id") or me.get("id")}])
    linked = "instagram_business_account{id,username}"
    try:
        pages = [
            page
            for some in graph.list_all("me/accounts", credential, ("id", linked), "roles", ITEMS_PER_PAGE)
            for page in some
        ]
    except BadRequest:
        # A Page has no list of roles.
        pages = [graph.get("me", credential, fields=f"id,{linked}")]
    return _own_accounts(page.get("instagram_business_account") for page in pages)


def _own_accounts(found: Iterable[object]) -> tuple[OwnAccount, ...]:
    accounts = [account for account in found if isinstance(account, dict) and account.get("id")]
    return tuple(
        OwnAccount(str(each["id"]), f"@{each.get('username', '')}", str(each.get("username", "")))
        for each in accounts
    )
