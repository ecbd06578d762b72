"""One run's way of asking X: the client, the user's keys, the budget, and X's own clock.

Prices are those of pay-per-use since February 2026, in USD: a post, an account, or a request for counts; the
posts of the signed-in owner's own timeline are cheaper. A resource is charged once per UTC day, a request
each time, a refusal (status 400 and above) never. Of an answer that did not arrive whole or cannot be read
nobody knows: it counts with the most that it can cost, a request for counts as often as it was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.errors import (
    BadRequest,
    OverBudget,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Trouble,
)
from connectors.spending import Line, Purse, Receipt
from connectors.x.answers import FURTHER_CREDENTIALS, answered_at, posts_in, users_in

if TYPE_CHECKING:
    import requests
    from requests.auth import AuthBase

    from connectors.wire import WireSession

SDK_URL = "https://api.twitter.com"
API_URL = "https://api.x.com"
PRICES = {
    "post": Decimal("0.005"),
    "owned post": Decimal("0.001"),
    "user": Decimal("0.010"),
    "counts/recent": Decimal("0.005"),
    "counts/all": Decimal("0.010"),
}
OWN_USER = "users/me"
# A full page of posts, and the account that made them.
_FULL_PAGE = 100 * PRICES["post"] + PRICES["user"]

_Thing = TypeVar("_Thing")


class _PutOff(OverBudget):
    """A call would use what is left aside for others; it may fit later in the run."""


class Calls:
    """What every question to X goes through. `moment` is the run's clock where it is given, else X's own as
    of its latest answer, None before it; `own_id` is the user whose keys were given, None without them (or
    once X refused them).
    """

    def __init__(
        self, session: WireSession, credential: str, keys: Mapping[str, str], purse: Purse | None
    ) -> None:
        self.session = session
        self.moment = session.as_of
        self._purse = purse
        self._over: set[str] = set()
        self._aside: Mapping[str, Decimal] = {}
        self._put_off: set[str] = set()
        # By campaign: the paid calls that are on their way.
        self._under_way: Counter[str] = Counter()
        self._has_keys = set(keys) == set(FURTHER_CREDENTIALS)
        self._own_id: str | None = None
        if keys and not self._has_keys:
            missing = ", ".join(name for key, name in FURTHER_CREDENTIALS.items() if key not in keys)
            text = f"x: private counters need all four keys of the user; set {missing} too"
            session.note(BadRequest("x", text))
        import requests
        import tweepy

        # Never wait_on_rate_limit: without a future reset time tweepy then asks without end (seen in 4.17.0).
        self.client = tweepy.Client(
            bearer_token=credential,
            return_type=requests.Response,
            **(dict(keys) if self._has_keys else {}),
        )
        self.client.session = _Signing(session)

    def ask(self, question: Callable[..., requests.Response], *args: object, **more: object) -> Any:
        """The answer of one of the client's methods, as JSON."""
        response = question(*args, **more)
        self.moment = self.session.as_of or answered_at(response) or self.moment
        return response.json()

    # -- the user's keys

    @property
    def has_keys(self) -> bool:
        """Whether a user's keys were given, and X has not refused them."""
        return self._has_keys

    def own_id(self, campaign_id: str) -> str | None:
        """The id of the user whose keys were given; asked of X when the access token does not tell it."""
        if not self._has_keys:
            return None
        if self._own_id is None:
            # An OAuth 1.0a access token begins with its user's id.
            prefix, dash, _ = str(self.client.access_token).partition("-")
            self._own_id = prefix if dash and prefix.isascii() and prefix.isdigit() else None
        if self._own_id is None:
            with (
                self.part(campaign_id),
                self.as_user(),
                self.unless_too_often(),
                self.session.asking("users", campaign_id),
            ):
                worst = Line("user", PRICES["user"], (OWN_USER,))
                with self.paying(campaign_id, worst) as receipt:
                    document = self.ask(self.client.get_me, user_auth=True)
                    own_id = str(document["data"].get("id") or "")
                    receipt.got(Line("user", PRICES["user"], (own_id,), 0, (OWN_USER,)))
                self._own_id = own_id or None
            # Once a run: without an answer the keys are of no use.
            self._has_keys = self._has_keys and self._own_id is not None
        return self._own_id if self._has_keys else None

    @contextmanager
    def as_user(self) -> Iterator[None]:
        """Calls that the user signs: keys that X refuses are noted once and not used again. What is public
        is still read with the app's own token.
        """
        try:
            yield
        except (TokenInvalid, PermissionMissing) as trouble:
            self._has_keys = False
            self.session.note(trouble)

    @contextmanager
    def unless_too_often(self) -> Iterator[None]:
        """Calls that the user signs: X counts them apart, so that they are used up costs only what they are
        for.
        """
        try:
            yield
        except RateLimited as trouble:
            self.session.note(trouble)

    # -- the budget

    def is_over(self, campaign_id: str) -> bool:
        """Whether the campaign's budget is used up, so that no further paid call is made for it."""
        return campaign_id in self._over or campaign_id in self._put_off

    def is_put_off(self, campaign_id: str) -> bool:
        """Whether a call of the campaign did not fit beside what is left aside for others."""
        return campaign_id in self._put_off

    @contextmanager
    def leaving(self, aside: Mapping[str, Decimal]) -> Iterator[None]:
        """Calls inside leave so many dollars of each campaign's budget unspent. What does not fit beside them
        is put off without a word: it is for somebody to ask again.
        """
        self._aside, self._put_off = aside, set()
        try:
            yield
        finally:
            self._aside, self._put_off = {}, set()

    @contextmanager
    def part(self, campaign_id: str) -> Iterator[None]:
        """Notes what goes wrong inside and goes on, unless every other call would meet it too. That a budget
        is used up is noted once per campaign; it breaks off every walk that meets it.
        """
        with self.session.costing_only_this():
            try:
                yield
            except _PutOff:
                self._put_off.add(campaign_id)
                self.session.breaks_off()
            except OverBudget:
                if campaign_id not in self._over:
                    self._over.add(campaign_id)
                    raise
                self.session.breaks_off()

    def side_by_side(
        self, work: Callable[[_Thing], None], things: Iterable[_Thing], payer: Callable[[_Thing], str]
    ) -> None:
        """Does the work on each thing, several at once; but one after the other on those of a campaign whose
        budget is short, so that the first of them have what is left.
        """
        lanes: list[list[_Thing]] = []
        of_short: dict[str, list[_Thing]] = {}
        for thing in things:
            campaign_id = payer(thing)
            if campaign_id not in of_short and self._has_plenty(campaign_id):
                lanes.append([thing])
            elif campaign_id in of_short:
                of_short[campaign_id].append(thing)
            else:
                of_short[campaign_id] = [thing]
                lanes.append(of_short[campaign_id])

        def work_through(lane: list[_Thing]) -> None:
            for thing in lane:
                work(thing)

        self.session.side_by_side(work_through, lanes)

    def _has_plenty(self, campaign_id: str) -> bool:
        """Whether calls on their way at once, each set aside at its worst, leave the campaign enough."""
        room = self.room(campaign_id)
        return room is None or room >= self.session.in_flight * _FULL_PAGE

    def wait_for_change(self, campaign_id: str) -> None:
        """Lets the campaign's calls that are on their way arrive where its budget is short: what was set
        aside for them at their worst comes back for the most part.
        """
        self.session.wait_until(lambda: not self._under_way[campaign_id] or self._has_plenty(campaign_id))

    @contextmanager
    def paying(self, campaign_id: str, *worst: Line) -> Iterator[Receipt]:
        """A paid call inside the block, at most as dear as `worst`. Raises OverBudget."""
        if self._purse is None:
            yield Receipt()
            return
        self.wait_for_change(campaign_id)
        room = self.room(campaign_id)
        if self._aside.get(campaign_id) and room is not None and self._purse.cost(*worst) > room:
            raise _PutOff("x", "x: put off; ask again when the others have had their share")
        unsure = self.session.unsure
        with self._purse.buying(campaign_id, *worst) as receipt:
            self._under_way[campaign_id] += 1
            try:
                yield receipt
            except Trouble:
                if self.session.unsure > unsure:
                    receipt.may_be_charged()
                raise
            finally:
                self._under_way[campaign_id] -= 1

    @contextmanager
    def paying_each(self, campaign_id: str, kind: str) -> Iterator[None]:
        """One request that is charged each time it is sent, as often as the budget allows. Raises
        OverBudget.
        """
        self.wait_for_change(campaign_id)
        price, room = PRICES[kind], self.room(campaign_id)
        attempts = self.session.attempts
        if room is not None:
            attempts = max(1, min(attempts, int(room // price)))
        unsure = self.session.unsure
        with (
            self.session.trying(attempts),
            self.paying(campaign_id, Line(kind, price, count=attempts)) as receipt,
        ):
            yield
            receipt.got(Line(kind, price, count=1 + self.session.unsure - unsure))

    def room(self, campaign_id: str) -> Decimal | None:
        """How many dollars the campaign can still spend now; None without a limit."""
        room = None if self._purse is None else self._purse.room(campaign_id)
        return None if room is None else max(Decimal(0), room - self._aside.get(campaign_id, Decimal(0)))

    def unpaid(self, kind: str, ids: list[str]) -> set[str]:
        """Those of the resources that would be charged now."""
        return set(ids) if self._purse is None else set(self._purse.unpaid(kind, ids))

    def fitting(self, campaign_id: str, costs: Mapping[str, Decimal]) -> list[str]:
        """As many of the things, in their order, as the campaign can still pay at their worst; the first one
        at least, so that the refusal names it.
        """
        room = self.room(campaign_id)
        if room is None:
            return list(costs)
        chosen: list[str] = []
        for thing, usd in costs.items():
            room -= usd
            if room < 0 and chosen:
                break
            chosen.append(thing)
        return chosen


def bought(document: object, *, is_owned: bool = False) -> list[Line]:
    """What an answer about posts charges: the posts and the accounts that it shows."""
    posts = tuple(str(post.get("id")) for post in posts_in(document))
    users = tuple(str(user.get("id")) for user in users_in(document))
    price = PRICES["owned post" if is_owned else "post"]
    return [Line("post", price, posts), Line("user", PRICES["user"], users)]


class _Signing:
    """The session as tweepy sees it. tweepy signs a user's request for the host that it has built in, but X
    checks the signature against the host that was asked.
    """

    def __init__(self, session: WireSession) -> None:
        self._session = session

    def request(self, *args: Any, auth: AuthBase | None = None, **more: Any) -> requests.Response:
        return self._session.request(*args, auth=None if auth is None else _ForAskedHost(auth), **more)


class _ForAskedHost:
    """Signs for X's own address, whatever host tweepy has built in."""

    def __init__(self, auth: AuthBase) -> None:
        self._auth = auth

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        request.url = API_URL + url.removeprefix(SDK_URL)
        signed: requests.PreparedRequest = self._auth(request)
        signed.url = url
        return signed
