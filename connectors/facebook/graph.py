"""How Facebook is asked, whatever the question: one call, or a list to its end, with the token's proof.

facebook-sdk 3.1.0 knows neither today's versions nor `appsecret_proof`; both are put in here. Its own way of
walking lists is not used, as it has no end where a platform always names a next page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from connectors.errors import (
    ENDS_THE_RUN,
    NOT_LISTED,
    BadRequest,
    Gone,
    NotOffered,
    PermissionMissing,
    TooMuchAsked,
    Trouble,
    Unreadable,
)
from connectors.graph_answers import GraphAnswers
from connectors.graph_calls import Proofs, minding_the_version

if TYPE_CHECKING:
    import facebook

    from connectors.wire import WireSession

FACEBOOK = "facebook"
APP_SECRET = "FACEBOOK_APP_SECRET"  # noqa: S105  (the name of the setting)
ANSWERS = GraphAnswers(FACEBOOK, "FACEBOOK_ACCESS_TOKEN", APP_SECRET)

ITEMS_PER_PAGE = 100
# More than any Page posts in a campaign; a listing that goes on names ever new pages and has no end.
MOST_PAGES = 1000
# What of `paging.next` leads on. Its other parameters hold the token, or are ours to say.
_PAGING = ("after", "until", "offset", "__paging_token")


def items(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of an answer's list, without what is none."""
    found = document.get("data")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def next_parameters(document: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of an answer's next page; empty at the end, which is where `paging.next` is absent.

    Raises Unreadable when that is no address.
    """
    paging = document.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(following, str):
        return {}
    try:
        query = urlsplit(following).query
    except ValueError:
        # Not raised here: the error's context would hold the address, and with it a token.
        query = None
    if query is None:
        raise Unreadable(FACEBOOK, f"facebook: a next page's address is none, so {NOT_LISTED}")
    return dict(parse_qsl(query))


def _after(document: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that lead to the next page of a list; empty at the end."""
    following = next_parameters(document)
    if not following:
        return {}
    cursors = document["paging"].get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if isinstance(after, str) and after:
        return {"after": after}
    return {name: value for name, value in following.items() if name in _PAGING}


def is_refusal(trouble: Trouble) -> bool:
    """Whether the platform declines the question itself, rather than failing in passing to answer it."""
    if isinstance(trouble, Unreadable):
        return trouble.status >= 400
    return isinstance(trouble, BadRequest | Gone | PermissionMissing)


def reason(trouble: Trouble) -> str:
    """A trouble's message without its cure, which may not be the cure here."""
    text = trouble.message.removeprefix(f"{FACEBOOK}: ")
    return text.rpartition("; ")[0] or text


def not_offered(what: str, refused: Trouble, cure: str = "the rest goes on") -> NotOffered:
    return NotOffered(FACEBOOK, f"facebook: {what} ({reason(refused)}); {cure}")


@contextmanager
def optional(what: str, *, is_permitted: bool = False) -> Iterator[None]:
    """Tells apart a question that is declined, which raises NotOffered, from one that fails.

    Where the role of the token's person permits it (`is_permitted`), a missing permission is no decline: it
    was lost, and somebody must see to it.
    """
    try:
        yield
    except ENDS_THE_RUN:
        raise
    except Trouble as trouble:
        if not is_refusal(trouble) or (is_permitted and isinstance(trouble, PermissionMissing)):
            raise
        raise not_offered(f"{what} not offered here", trouble) from None


class Graph:
    """One run's calls. `credential` is the settings' token; `app_secret`, where it is set, proves that each
    token is used by its app.
    """

    def __init__(
        self, session: WireSession, credential: str, version: str, app_secret: str | None = None
    ) -> None:
        self.session = session
        self.credential = credential
        self.version = version
        self._proofs = Proofs(session, app_secret)

    def minding_the_version(self) -> AbstractContextManager[None]:
        """Tells once when another version is served than was asked."""
        return minding_the_version(self.session, ANSWERS, self.version)

    def _sdk(self, token: str) -> facebook.GraphAPI:
        import facebook

        graph = facebook.GraphAPI(access_token=token, session=self.session)
        # The constructor admits no version later than 3.1.
        graph.version = self.version
        return graph

    def get(self, path: str, token: str, **parameters: str) -> dict[str, Any]:
        """One object, list or map of objects. Raises what `judge` finds in the answer."""
        answer = self._sdk(token).request(f"{self.version}/{path}", {**parameters, **self._proofs.of(token)})
        if not isinstance(answer, dict):
            raise Unreadable(FACEBOOK, f"facebook: {path or 'ids'} was answered with a list; report this")
        return answer

    def batch(self, relative_urls: Sequence[str], token: str) -> object:
        """Several questions in one call; the answer is a list in their order, where batches are offered."""
        batch = [{"method": "GET", "relative_url": f"{self.version}/{url}"} for url in relative_urls]
        form = {"batch": json.dumps(batch, separators=(",", ":")), "include_headers": "false"}
        return self._sdk(token).request(f"{self.version}/", post_args={**form, **self._proofs.of(token)})

    def walk(
        self,
        path: str,
        token: str,
        fields: str,
        take: Callable[[list[dict[str, Any]]], bool],
        **parameters: str,
    ) -> None:
        """Gives the items of each page of a list to `take`, to the end or until it answers False.

        Where the platform cannot put together a page of 100, it is asked for half as many, and half again.
        """
        limit = ITEMS_PER_PAGE
        position: dict[str, str] = {}
        positions: list[dict[str, str]] = []
        while True:
            try:
                document = self.get(
                    path, token, fields=fields, limit=str(limit), **{**parameters, **position}
                )
            except TooMuchAsked:
                if limit == 1:
                    raise
                limit //= 2
                continue
            if not isinstance(document.get("data"), list):
                raise Unreadable(FACEBOOK, f"facebook: {path} was not answered with a list; report this")
            if not take(items(document)):
                return
            position = _after(document)
            if not position:
                return
            if len(positions) >= MOST_PAGES:
                raise Unreadable(FACEBOOK, f"facebook: {path} does not end, so {NOT_LISTED}")
            if position in positions:
                raise Unreadable(FACEBOOK, f"facebook: {path} repeats a page, so {NOT_LISTED}")
            positions.append(position)
