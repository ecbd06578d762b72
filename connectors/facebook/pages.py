"""Facebook's Pages: their ids by name, and which of them are the token's own, each with a token of its own.

A person's or system user's token gives Page tokens through `me/accounts`; a Page's own token serves that
Page. A server that gives no list of roles is asked for insights with the settings' token until it refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from urllib.parse import quote

from connectors.errors import (
    ENDS_THE_RUN,
    Gone,
    NotOffered,
    RateLimited,
    TokenInvalid,
    Transient,
    Trouble,
    Unreadable,
)
from connectors.facebook.graph import FACEBOOK, Graph, not_offered, optional

PAGE_FIELDS = "id,name,username,fan_count,followers_count"


def _roles_not_told(refused: Trouble) -> NotOffered:
    return not_offered(
        "which Pages are the token's own is not told",
        refused,
        "give the token's person a role on the Page, or set a Page token",
    )


class Pages:
    """What one run knows of Pages. `own` holds the token by Page id, for the Pages on which the credential's
    person has a role; `likes` the number of a Page's likes, where it was told.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._session = graph.session
        self.own: dict[str, str] = {}
        self.likes: dict[str, int] = {}
        # Why there is no list of roles, where there is none; then the asked Pages are taken for own until
        # their insights are refused.
        self._roles_refused: Trouble | None = None
        self._guessed: set[str] = set()
        # Own Pages whose tokens were refused in this run, or that were asked too often.
        self._lost: set[str] = set()
        self._limited: set[str] = set()
        self._are_roles_unknown = False
        self._told_not_own: set[str] = set()
        self._ids: dict[str, str | None] = {}

    @contextmanager
    def trusting(self, page_id: str, token: str) -> Iterator[None]:
        """Costs a Page what only its own token gives when that is refused, not the settings'; costs a Page
        the rest of the run when only the calls in its name are used up, which are counted by Page.
        """
        is_the_pages = token != self._graph.credential
        try:
            with (
                self._session.costing_only_this(),
                self._session.pacing_as(f"Page {page_id}") if is_the_pages else nullcontext(),
            ):
                yield
        except TokenInvalid as refused:
            if not is_the_pages:
                raise
            self.own.pop(page_id, None)
            self._lost.add(page_id)
            self._session.note(refused)
        except RateLimited as limited:
            if not limited.part:
                raise
            self.own.pop(page_id, None)
            self._limited.add(page_id)
            text = limited.message.removeprefix(f"{FACEBOOK}: ")
            self._session.note(RateLimited(FACEBOOK, f"{FACEBOOK}: {limited.part}: {text}", limited.until))

    def is_resting(self, page_id: str) -> bool:
        """Whether a Page was asked too often, and is asked no more in this run."""
        return page_id in self._limited

    def may_be_own(self, page_id: str) -> bool:
        """Whether a Page that is not among `own` may be the token's all the same, if only this run did not
        fail to learn or to use its token.
        """
        is_lost = page_id in self._lost or page_id in self._limited
        return page_id not in self.own and (is_lost or self._are_roles_unknown)

    def learn_roles(self, campaign_id: str) -> None:
        """The Pages on which the token's person has a role, with their tokens. A Page token has itself.

        A Page has no `accounts`, which the platform calls a bad request.
        """

        def take(accounts: list[dict[str, Any]]) -> bool:
            for account in accounts:
                if account.get("id") and account.get("access_token"):
                    self.own[str(account["id"])] = str(account["access_token"])
            return True

        with self._session.asking("roles", campaign_id):
            try:
                self._graph.walk("me/accounts", self._graph.credential, "id,name,access_token", take)
            except ENDS_THE_RUN:
                raise
            except Trouble as trouble:
                if self.own or isinstance(trouble, Transient):
                    self._are_roles_unknown = True
                    self._session.note(trouble)
                else:
                    self._roles_refused = trouble
            if not self.own:
                self._learn_own_name()

    def _learn_own_name(self) -> None:
        try:
            me = self._graph.get("me", self._graph.credential, fields="id,name")
            if not me.get("id"):
                raise Unreadable(FACEBOOK, "facebook: me was answered without an id; report this")
        except ENDS_THE_RUN:
            raise
        except Trouble as trouble:
            is_passing = isinstance(trouble, Transient)
            self._session.note(trouble if is_passing else _roles_not_told(self._roles_refused or trouble))
        else:
            self.own[str(me["id"])] = self._graph.credential

    def guess_roles(self, asked: Iterable[str], mentioned: Iterable[str]) -> None:
        """Where no list of roles is offered, takes the asked Pages for own, with the settings' token.
        `mentioned` are ids that may be of the token's own Page.
        """
        page_ids = list(asked)
        if self._roles_refused is None or {*page_ids, *mentioned} & self.own.keys():
            return
        if self.own and page_ids:
            # Otherwise `me` was refused too, which is noted.
            self._session.note(_roles_not_told(self._roles_refused))
        for page_id in page_ids:
            self.own[page_id] = self._graph.credential
            self._guessed.add(page_id)

    def is_guessed(self, page_id: str) -> bool:
        return page_id in self._guessed

    def believe(self, page_ids: Iterable[str]) -> None:
        """The Pages' insights were given: they are the token's own."""
        self._guessed.difference_update(page_ids)

    def doubt(self, page_id: str, refused: Trouble) -> None:
        """A Page that was taken for own seems not to be. A single post that is gone proves nothing."""
        if page_id not in self._told_not_own:
            self._told_not_own.add(page_id)
            cure = "if the Page is ours, set a Page token"
            self._session.note(not_offered(f"the views of Page {page_id} are not given", refused, cure))
        if not isinstance(refused, Gone):
            self.own.pop(page_id, None)

    def learn_ids(self, named: Iterable[tuple[str, str]]) -> None:
        """Asks the ids of Pages, given by (name or id, campaign) of those that will be asked for."""
        first: dict[str, tuple[str, str]] = {}
        for name, campaign_id in named:
            first.setdefault(name.lower(), (name, campaign_id))

        def learn(one: tuple[str, str]) -> None:
            self.id_of(*one)

        self._session.side_by_side(learn, first.values())

    def id_of(self, name: str, campaign_id: str) -> str | None:
        """The id of a Page by its name or id; None (noted once) when there is no such Page."""
        key = name.lower()
        if key not in self._ids:
            self._ids[key] = None
            token = self.own.get(name, self._graph.credential)
            with self._session.asking("pages", campaign_id), self.trusting(name, token):
                try:
                    page = self._graph.get(quote(name, safe=""), token, fields=PAGE_FIELDS)
                except Gone:
                    text = (
                        f"facebook: no Page {name} (deleted, hidden or renamed); correct it in the registry"
                    )
                    self._session.note(Gone(FACEBOOK, text))
                else:
                    self._learn(key, page)
        return self._ids[key]

    def _learn(self, key: str, page: dict[str, Any]) -> None:
        page_id = str(page.get("id", ""))
        self._ids.update({key: page_id, page_id: page_id})
        if page.get("username"):
            self._ids[str(page["username"]).lower()] = page_id
        if isinstance(page.get("fan_count"), int):
            self.likes[page_id] = page["fan_count"]

    def look_up_name(self, page_id: str, campaign_id: str) -> None:
        """Asks the name and followers of a Page that was not asked before."""
        if page_id in self._ids:
            return
        token = self.own.get(page_id, self._graph.credential)
        with (
            self._session.asking("pages", campaign_id),
            self.trusting(page_id, token),
            optional(f"the name of Page {page_id} is"),
        ):
            self._graph.get(page_id, token, fields=PAGE_FIELDS)
