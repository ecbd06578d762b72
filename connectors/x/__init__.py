"""X: public counters of posts, through tweepy 4.17, which speaks the API's old vocabulary (`retweet`).

A look-up takes at most 100 ids. Deleted and protected posts come back under `errors` with status 200, so a
short `data` list is no failure; a page may hold fewer posts than asked for, even none, and still name a next
one. Views of a video are counted on its media, over every post that carries it. An edit gives a post a new
id, under which its counters live from then on.

With the four keys of a user (OAuth 1.0a) that user's own timeline is read with them, which is cheaper, and
the private counters of its posts, which X shows to their author for thirty days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.asking import Ask, Walk, Wanted, in_parts
from connectors.errors import (
    NOT_LISTED,
    BadRequest,
    Gone,
    NotOffered,
    PermissionMissing,
    RateLimited,
    Unreadable,
)
from connectors.history import CallsFor, History
from connectors.spending import Line, Purse
from connectors.x.addresses import HANDLE, POST_ID, parse_handle, parse_post_id, parse_post_url
from connectors.x.answers import (
    CREDENTIAL,
    FURTHER_CREDENTIALS,
    hidden_post,
    ids_of,
    instant_of,
    items,
    judge,
    kind_of,
    newest_id,
    repeats_in,
    said,
    subject,
    users_in,
)
from connectors.x.calls import API_URL, PRICES, SDK_URL, Calls, bought
from connectors.x.counts import DAYS_PER_PAGE, RECENT, Counts
from connectors.x.guide import GUIDE

if TYPE_CHECKING:
    from connectors.wire import WireSession

__all__ = [
    "ACCOUNT_DAYS",
    "API_URL",
    "CREDENTIAL",
    "FURTHER_CREDENTIALS",
    "GUIDE",
    "HISTORY",
    "IN_FLIGHT",
    "MENTIONS",
    "PLATFORM",
    "PRICES",
    "SDK_URL",
    "collect",
    "judge",
    "parse_handle",
    "parse_post_id",
    "parse_post_url",
]

PLATFORM = "x"
# What `collect` can do beyond listings and posts.
ACCOUNT_DAYS = True
MENTIONS = ("hashtag", "site")
# X limits the calls of an endpoint in a quarter of an hour, which the pace keeps, and names no number of
# those on their way at once (docs.x.com, "Rate limits"): a few.
IN_FLIGHT = 4
_QUARTER_HOUR_S = 900.0
# counts/recent reaches seven days back, counts/all to 2006, 31 days a page; each request is charged.
_COUNTS = History(
    DAYS_PER_PAGE,
    settles_after=1,
    calls=(
        CallsFor(
            "counts",
            "subject",
            price="counts/recent",
            to_days_back=RECENT.days,
            rate=(300, _QUARTER_HOUR_S),
        ),
        CallsFor(
            "counts",
            "subject",
            price="counts/all",
            from_days_back=RECENT.days,
            rate=(300, _QUARTER_HOUR_S),
        ),
    ),
)
HISTORY = {
    "walks": History(
        DAYS_PER_PAGE,
        # As many as are listed side by side.
        subjects_per_window=IN_FLIGHT,
        calls=(
            CallsFor(
                "users", "subject", 100, price="user", is_charged_each=True, rate=(300, _QUARTER_HOUR_S)
            ),
            CallsFor(
                "timeline", "post", 100, price="post", is_charged_each=True, rate=(10_000, _QUARTER_HOUR_S)
            ),
        ),
    ),
    # Retweets of an account as X counts them, a cross-check.
    "days": _COUNTS,
    "mentions": _COUNTS,
}

IDS_PER_REQUEST = 100
POSTS_PER_PAGE = 100
FEWEST_PER_PAGE = 5
# X lists an account's newest 3,200 posts, and pages may be half empty.
MOST_ASKED_FOR = 2 * 3200
PRIVATE_FOR = timedelta(days=30)
# X refuses earlier start times.
_EARLIEST = datetime(2010, 11, 6, 0, 0, 1, tzinfo=UTC)
_POST_FIELDS: dict[str, list[str]] = {
    "tweet_fields": [
        "created_at",
        "public_metrics",
        "author_id",
        "attachments",
        "edit_history_tweet_ids",
        "referenced_tweets",
        "entities",
    ],
    "expansions": ["attachments.media_keys", "author_id"],
    "media_fields": ["public_metrics", "duration_ms", "type"],
    "user_fields": ["username", "name", "public_metrics"],
}
# What tells which post it is comes along, so that the answer can be read by itself.
_PRIVATE_FIELDS = [
    *(name for name in _POST_FIELDS["tweet_fields"] if name != "public_metrics"),
    "non_public_metrics",
    "organic_metrics",
]


_Asked = TypeVar("_Asked", Walk, Wanted)


class _Asker:
    """One run's questions to X."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._session = calls.session
        self._client = calls.client
        # What is asked for by name, and what of it was shown: listings may be of a million posts.
        self._named: frozenset[str] = frozenset()
        self._seen: set[str] = set()
        self._asked: set[str] = set()
        # By campaign: newer edits that are still to be looked up, with their authors.
        self._edited: dict[str, dict[str, str | None]] = {}
        # By author: the latest ids of its posts, and when each was made.
        self._made_at: dict[str, dict[str, datetime]] = {}
        self._handles: dict[str, str] = {}
        # By author: the UTC days on which posts were made that were retweeted; kept where days are asked.
        self._retweeted: dict[str, set[date]] = {}
        self._are_days_asked = False

    def carry_out(self, ask: Ask) -> None:
        """Where a campaign has a limit, a third of what is left is there for counts, then a third for posts
        that are asked for by name; listings have the rest, and what they leave is for whatever was put off.
        So no backlog, however long, keeps the others from being read, nor they it.
        """
        self._named = frozenset(post.alias for post in ask.posts)
        self._are_days_asked = bool(ask.days)
        walks, wanted = self._paid_by_whoever_can(ask)
        named: list[Walk | Wanted] = [*walks, *(post for posts in wanted.values() for post in posts.values())]
        campaigns = list(dict.fromkeys(each.campaign_id for each in (*named, *ask.mentions)))
        counts = Counts(self._calls, ask.mentions, ask.days)
        rooms = {one: room for one in campaigns if (room := self._calls.room(one)) is not None}
        listing = {walk.campaign_id for walk in walks}
        with self._calls.leaving(
            {one: _share(room, one in listing, one in wanted) for one, room in rooms.items()}
        ):
            counts.count_mentions(rooms)
        with self._calls.leaving({one: _share(room, one in listing, False) for one, room in rooms.items()}):
            self._look_up_wanted({one: posts for one, posts in wanted.items() if one in rooms})
        accounts = sorted(self._accounts(walks), key=lambda each: each[1].until is not None)
        for _, walk in accounts:
            if not self._calls.is_over(walk.campaign_id):
                # Once, before several ask for it.
                self._calls.own_id(walk.campaign_id)
                break
        self._calls.side_by_side(self._list_account, accounts, lambda each: each[1].campaign_id)
        self._look_up_wanted(wanted)
        counts.count_mentions(campaigns)
        counts.cross_check(
            {
                self._handles[author]: days
                for author, days in self._retweeted.items()
                if author in self._handles
            }
        )
        if named:
            self._read_private(named[0].campaign_id)

    def _list_account(self, account: tuple[str, Walk]) -> None:
        user_id, walk = account
        if not self._calls.is_over(walk.campaign_id):
            with self._session.walking(walk), self._calls.part(walk.campaign_id):
                self._walk(user_id, walk)

    def _paid_by_whoever_can(self, ask: Ask) -> tuple[list[Walk], dict[str, dict[str, Wanted]]]:
        """The walks, and the posts to look up by campaign and id: each under the name of the first campaign
        that wants it and has money left, else of the first.
        """
        rooms: dict[str, Decimal | None] = {}

        def paid(each: _Asked, least: Decimal) -> _Asked:
            for one in (each.campaign_id, *each.others):
                if one not in rooms:
                    rooms[one] = self._calls.room(one)
                room = rooms[one]
                if room is not None and room < least:
                    continue
                if room is not None:
                    rooms[one] = room - least
                return each if one == each.campaign_id else replace(each, campaign_id=one)
            return each

        walks = [paid(walk, _SMALLEST_PAGE) for walk in ask.walks]
        return walks, self._wanted(paid(post, _LOOK_UP) for post in ask.posts)

    def _wanted(self, posts: Iterable[Wanted]) -> dict[str, dict[str, Wanted]]:
        """The posts to look up by campaign and id, each post once."""
        wanted: dict[str, dict[str, Wanted]] = {}
        named: set[str] = set()
        for post in posts:
            if not POST_ID.fullmatch(post.alias):
                self._session.note(
                    BadRequest(PLATFORM, f"x: {post.alias!r} is not a post number; report this")
                )
            elif post.alias not in named:
                named.add(post.alias)
                wanted.setdefault(post.campaign_id, {})[post.alias] = post
        return wanted

    def _look_up_wanted(self, wanted: dict[str, dict[str, Wanted]]) -> None:
        """Looks up what was neither asked for nor shown yet."""
        for campaign_id, posts in wanted.items():
            authors = {
                one: post.account_id
                for one, post in posts.items()
                if one not in self._asked and one not in self._seen
            }
            with self._session.asking("posts", campaign_id):
                edited = self._edited.pop(campaign_id, {}) | self._look_up(campaign_id, authors)
                self._look_up(campaign_id, edited)
            self._edited[campaign_id] = {
                one: author for one, author in edited.items() if one not in self._asked | self._seen
            }

    # -- accounts

    def _accounts(self, walks: Iterable[Walk]) -> list[tuple[str, Walk]]:
        """The walks with their user ids: of each account what is new, and apart from it what is older than
        some moment, each once and from the earliest moment that any campaign needs.
        """
        found: dict[tuple[str, bool], Walk] = {}
        named: dict[tuple[str, bool], Walk] = {}

        def keep(walks: dict[tuple[str, bool], Walk], name: str, walk: Walk) -> None:
            key = name, walk.until is None
            if key not in walks or walk.since < walks[key].since:
                walks[key] = walk

        for walk in walks:
            handle = (walk.handle or "").removeprefix("@")
            if walk.account_id:
                keep(found, walk.account_id, walk)
            elif HANDLE.fullmatch(handle):
                keep(named, handle.lower(), walk)
            else:
                # One impossible name would make X refuse the other 99 with it.
                text = f"x: {handle!r} cannot be an account's name; correct the handle in the registry"
                self._session.note(BadRequest(PLATFORM, text))
        handles: dict[str, str] = {}
        for (name, _), walk in named.items():
            handles.setdefault(name, walk.handle or "")
        ids: dict[str, str] = {}
        for campaign_id in dict.fromkeys(walk.campaign_id for walk in named.values()):
            names = list(
                dict.fromkeys(name for (name, _), walk in named.items() if walk.campaign_id == campaign_id)
            )
            names = [name for name in names if name not in ids]
            with self._session.asking("users", campaign_id):
                for some in in_parts(names, IDS_PER_REQUEST):
                    while some and not self._calls.is_over(campaign_id):
                        unpaid = self._calls.unpaid("user", [f"@{name}" for name in some])
                        costs = {
                            name: PRICES["user"] if f"@{name}" in unpaid else Decimal(0) for name in some
                        }
                        now = self._calls.fitting(campaign_id, costs)
                        some = some[len(now) :]
                        with self._calls.part(campaign_id):
                            ids |= self._resolve(campaign_id, [handles[name] for name in now])
        for (name, _), walk in named.items():
            if name in ids:
                keep(found, ids[name], walk)
        return [(user_id, walk) for (user_id, _), walk in found.items()]

    def _resolve(self, campaign_id: str, handles: list[str]) -> dict[str, str]:
        """The user id of each account that there is, by its handle in lower case; the others are noted."""
        names = [handle.removeprefix("@") for handle in handles]
        price = PRICES["user"]
        with self._calls.paying(
            campaign_id, Line("user", price, tuple(f"@{name.lower()}" for name in names))
        ) as receipt:
            document = self._calls.ask(
                self._client.get_users, usernames=names, user_fields=["public_metrics", "created_at"]
            )
            ids = {str(user.get("username", "")).lower(): str(user.get("id")) for user in items(document)}
            receipt.got(Line("user", price, tuple(ids.values()), 0, tuple(f"@{name}" for name in ids)))
        for name in names:
            if name.lower() not in ids:
                text = f"x: no account @{name} (deleted, suspended or renamed); correct it in the registry"
                self._session.note(Gone(PLATFORM, text))
        return ids

    # -- posts

    def _walk(self, user_id: str, walk: Walk) -> None:
        """Lists an account's posts to the end. Retweets are left out: they repeat the original's counter."""
        token: str | None = None
        tokens: set[str] = set()
        asked_for = 0
        made: list[datetime | None] = []
        is_own = self._calls.own_id(walk.campaign_id) == user_id
        with self._session.asking("timeline", walk.campaign_id):
            while True:
                document = None
                if is_own:
                    with self._calls.as_user():
                        try:
                            size, document = self._page(user_id, walk, token, is_own=True)
                        except RateLimited as trouble:
                            text = trouble.message.removeprefix("x: ").replace("; ", ", ")
                            text = f"x: the own timeline is read as anybody's ({text}); it costs more"
                            self._session.note(NotOffered(PLATFORM, text))
                    is_own = document is not None
                if document is None:
                    size, document = self._page(user_id, walk, token, is_own=False)
                asked_for += size
                posts = items(document)
                self._remember(document)
                made += [instant_of(post.get("created_at")) for post in posts]
                oldest = made[-1] if made else None
                # An order that X does not promise would tell of nothing.
                if (
                    oldest is not None
                    and None not in made
                    and made == sorted(filter(None, made), reverse=True)
                ):
                    # Others of the same second may stand on the next page.
                    self._session.reached(oldest.replace(microsecond=0) + timedelta(seconds=1))
                if not posts:
                    for problem in items(document, "errors"):
                        name = walk.handle or user_id
                        text = f"x: the account {name} is protected, suspended or gone ({said(problem)})"
                        self._session.note(
                            PermissionMissing(PLATFORM, f"{text}; set watch = false in the registry")
                        )
                meta = document.get("meta")
                token = meta.get("next_token") if isinstance(meta, dict) else None
                if not token:
                    return
                if token in tokens:
                    text = f"x: the timeline of {walk.handle or user_id} repeats a page, so {NOT_LISTED}"
                    raise Unreadable(PLATFORM, text)
                tokens.add(token)
                if asked_for > MOST_ASKED_FOR:
                    text = f"x: the timeline of {walk.handle or user_id} has no end, so {NOT_LISTED}"
                    raise Unreadable(PLATFORM, text)

    def _page(self, user_id: str, walk: Walk, token: str | None, *, is_own: bool) -> tuple[int, Any]:
        """How many posts were asked for, and one page of a timeline, smaller when the budget ends."""
        price = PRICES["owned post" if is_own else "post"]
        self._calls.wait_for_change(walk.campaign_id)
        room = self._calls.room(walk.campaign_id)
        wanted = POSTS_PER_PAGE
        if room is not None:
            if self._calls.unpaid("user", [user_id]):
                room -= PRICES["user"]
            wanted = max(FEWEST_PER_PAGE, min(wanted, int(room // price)))
        worst = (Line("post", price, count=wanted), Line("user", PRICES["user"], (user_id,)))
        with self._calls.paying(walk.campaign_id, *worst) as receipt:
            document = self._calls.ask(
                self._client.get_users_tweets,
                user_id,
                max_results=wanted,
                exclude=["retweets"],
                start_time=max(walk.since, _EARLIEST),
                end_time=walk.until,
                pagination_token=token,
                user_auth=is_own,
                **_POST_FIELDS,
            )
            receipt.got(*bought(document, is_owned=is_own))
        return wanted, document

    def _remember(self, document: object) -> None:
        """Keeps what later questions need of the posts that an answer showed."""
        for user in users_in(document):
            self._handles[str(user.get("id"))] = str(user.get("username", "")).lower()
        posts = items(document)
        self._seen |= ids_of(posts) & self._named
        if not self._calls.has_keys and not self._are_days_asked:
            return
        for post in posts:
            is_retweeted = self._are_days_asked and repeats_in(post) > 0
            if not is_retweeted and not self._calls.has_keys:
                continue
            author, made_at = str(post.get("author_id", "")), instant_of(post.get("created_at"))
            if made_at is None:
                continue
            if self._calls.has_keys and str(post.get("id")) == newest_id(post):
                self._made_at.setdefault(author, {})[newest_id(post)] = made_at
            if is_retweeted:
                self._retweeted.setdefault(author, set()).add(made_at.astimezone(UTC).date())

    def _look_up(self, campaign_id: str, authors: dict[str, str | None]) -> dict[str, str | None]:
        """Looks posts up, given by id with the author's id where it is known. Returns the newest edits, not
        asked yet, of those that were given under an older id: only under the newest do the counters live.
        """
        newer: dict[str, str | None] = {}

        def look_up(some: list[str]) -> None:
            while some and not self._calls.is_over(campaign_id):
                self._calls.wait_for_change(campaign_id)
                now = some
                if self._calls.room(campaign_id) is not None:
                    now = self._calls.fitting(campaign_id, self._worst(some, authors))
                some = some[len(now) :]
                before = self._session.answered
                with self._calls.part(campaign_id):
                    for newest, author in self._read_posts(campaign_id, now, authors).items():
                        if newest not in self._seen and newest not in authors and POST_ID.fullmatch(newest):
                            newer[newest] = author
                # What was put off may be another's call.
                if self._session.answered > before or not self._calls.is_put_off(campaign_id):
                    self._asked |= set(now)

        parts = in_parts(list(authors), IDS_PER_REQUEST)
        self._calls.side_by_side(look_up, parts, lambda _: campaign_id)
        return newer

    def _worst(self, ids: list[str], authors: dict[str, str | None]) -> dict[str, Decimal]:
        """The most that each post's look-up can cost: the post, and its author where nobody was charged."""
        posts = self._calls.unpaid("post", ids)
        users = self._calls.unpaid("user", sorted({authors[one] or "" for one in ids if authors[one]}))
        costs: dict[str, Decimal] = {}
        for one in ids:
            author = authors[one]
            costs[one] = PRICES["post"] if one in posts else Decimal(0)
            if (author is None and one in posts) or author in users:
                costs[one] += PRICES["user"]
                users.discard(author or "")
        return costs

    def _read_posts(
        self, campaign_id: str, ids: list[str], authors: dict[str, str | None]
    ) -> dict[str, str | None]:
        """One look-up; what is missing from the answer is noted. Gives the newest edits, with their authors,
        of the posts that were shown under an older id.
        """
        strangers = self._calls.unpaid("post", [one for one in ids if authors[one] is None])
        worst = (
            Line("post", PRICES["post"], tuple(ids)),
            Line(
                "user",
                PRICES["user"],
                tuple(dict.fromkeys(author for one in ids if (author := authors[one]))),
                len(strangers),
            ),
        )
        with self._calls.paying(campaign_id, *worst) as receipt:
            document = self._calls.ask(self._client.get_tweets, ids, **_POST_FIELDS)
            receipt.got(*bought(document))
        posts = items(document)
        shown = ids_of(posts)
        unanswered = dict.fromkeys(one for one in ids if one not in shown)
        for problem in items(document, "errors"):
            # The author or the media of a post that is given may be hidden too.
            if subject(problem) in ids or problem.get("resource_type") not in ("user", "media"):
                self._session.note(hidden_post(problem))
            unanswered.pop(subject(problem), None)
        for post_id in unanswered:
            text = f"x: post {post_id} is missing from the answer; check it in the registry"
            self._session.note(Gone(PLATFORM, text))
        latest = {str(post.get("id")) for post in posts}
        newer = {
            newest: str(post.get("author_id", "")) or None
            for post in posts
            if (newest := newest_id(post)) not in latest
        }
        self._remember(document)
        self._seen -= newer.keys()
        return newer

    # -- what only the author sees

    def _read_private(self, campaign_id: str) -> None:
        """The private counters of the user's own young posts, asked apart: that X refuses them costs no
        public counter.
        """
        own_id = self._calls.own_id(campaign_id)
        moment = self._calls.moment
        if own_id is None or moment is None:
            return
        young = [
            one for one, made_at in self._made_at.get(own_id, {}).items() if moment - made_at < PRIVATE_FOR
        ]
        refused: set[str] = set()
        with self._session.asking("private", campaign_id):
            for some in in_parts(young, IDS_PER_REQUEST):
                if self._calls.is_over(campaign_id):
                    return
                with (
                    self._calls.part(campaign_id),
                    self._calls.as_user(),
                    self._calls.unless_too_often(),
                ):
                    worst = Line("post", PRICES["post"], tuple(some))
                    with self._calls.paying(campaign_id, worst) as receipt:
                        document = self._calls.ask(
                            self._client.get_tweets, some, tweet_fields=_PRIVATE_FIELDS, user_auth=True
                        )
                        receipt.got(*bought(document))
                    refused |= {
                        subject(problem)
                        for problem in items(document, "errors")
                        if kind_of(problem) == "not-authorized-for-field"
                    }
                if self._calls.own_id(campaign_id) is None:
                    return
        if refused:
            text = f"x: X keeps some private counters of {len(refused)} of {len(young)} own posts to itself"
            self._session.note(NotOffered(PLATFORM, text))


# What a look-up of one post can cost, and the smallest page of a timeline.
_LOOK_UP = PRICES["post"] + PRICES["user"]
_SMALLEST_PAGE = FEWEST_PER_PAGE * PRICES["post"] + 2 * PRICES["user"]


def _share(room: Decimal, is_listing: bool, is_looking_up: bool) -> Decimal:
    """What is left aside of a budget for those who come later: a third for each, and at least what one call
    costs.
    """
    least = is_listing * _SMALLEST_PAGE + is_looking_up * _LOOK_UP
    return min(room, max(room * (is_listing + is_looking_up) / 3, least))


def collect(
    ask: Ask,
    session: WireSession,
    credential: str,
    *,
    consumer_key: str | None = None,
    consumer_secret: str | None = None,
    access_token: str | None = None,
    access_token_secret: str | None = None,
    purse: Purse | None = None,
    **_options: object,
) -> None:
    """Lists the posts of the accounts to walk, looks up the wanted posts that were not among them, and counts
    mentions and retweets per day. The four keys are a user's, all or none; `purse` is what may be spent.

    Raises TokenInvalid, BudgetSpent and RateLimited, which end the run; other troubles are noted.
    """
    keys = {
        "consumer_key": consumer_key,
        "consumer_secret": consumer_secret,
        "access_token": access_token,
        "access_token_secret": access_token_secret,
    }
    given = {name: key for name, key in keys.items() if key}
    _Asker(Calls(session, credential, given, purse)).carry_out(ask)
