"""How Instagram's Graph is asked: by which door, page by page, and with no more fields than it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ParamSpec
from urllib.parse import parse_qs, urlsplit

from connectors.errors import (
    NOT_LISTED,
    BadRequest,
    MetricWithdrawn,
    TokenInvalid,
    TooMuchAsked,
    Trouble,
    Unreadable,
)
from connectors.graph_calls import Proofs

if TYPE_CHECKING:
    import requests

    from connectors.wire import WireSession

NAME = "instagram"
FACEBOOK_LOGIN = "https://graph.facebook.com"
INSTAGRAM_LOGIN = "https://graph.instagram.com"

# The platform lists an account's newest 10,000 media.
_MOST_PAGES = 1000

_Given = ParamSpec("_Given")


def reason(trouble: Trouble) -> str:
    """A trouble's message without its cure, which may not be the cure here."""
    text = trouble.message.removeprefix(f"{NAME}: ")
    return text.rpartition("; ")[0] or text


def moment_in(value: object) -> datetime | None:
    """A Graph time (`2026-11-01T09:30:00+0000`) as an aware moment; None when it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def dicts_in(found: object) -> list[dict[str, Any]]:
    """The objects of a list; none when it is no list."""
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def cursor_of(document: Mapping[str, Any]) -> str:
    """The cursor of what follows; empty when none is named."""
    paging = document.get("paging")
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) else ""


def next_cursor(document: Mapping[str, Any], what: str) -> str:
    """The cursor of a listing's next page; empty at the end, which is where `paging.next` is absent."""
    paging = document.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(following, str):
        return ""
    try:
        after = cursor_of(document) or parse_qs(urlsplit(following).query).get("after", [""])[0]
    except ValueError:
        # It is no address.
        after = ""
    if not after:
        raise Unreadable(NAME, f"instagram: {what} names a next page without a cursor; report this")
    return after


def is_older(items: list[dict[str, Any]], since: datetime) -> bool:
    """Whether a page ends before `since`. Newest come first; an empty page proves nothing."""
    moment = moment_in(items[-1].get("timestamp")) if items else None
    return moment is not None and moment < since


@dataclass
class Own:
    """A professional account of the token's own; `token` is its Page's where one is given."""

    id: str
    username: str
    token: str


class Graph:
    """One run's calls by the door that the credential opens.

    `refused` holds what the platform does not know: fields by what is listed, metrics by product type or
    `account days`.
    """

    def __init__(
        self, session: WireSession, credential: str, version: str, app_secret: str | None = None
    ) -> None:
        self.session = session
        self.credential = credential
        self.version = version
        self.is_instagram_login = credential.startswith("IG")
        self.refused: dict[str, set[str]] = {}
        self._host = INSTAGRAM_LOGIN if self.is_instagram_login else FACEBOOK_LOGIN
        # The secret is that of the Facebook app. Whether the other door takes its proof is not documented.
        self._proofs = Proofs(session, None if self.is_instagram_login else app_secret)
        self._answered_at: datetime | None = None

    def get(self, path: str, token: str, **parameters: str) -> dict[str, Any]:
        """The object that a path is answered with. Raises Trouble."""
        address = f"{self._host}/{self.version}/{path}"
        signed = {**parameters, "access_token": token, **self._proofs.of(token)}
        answer = self._read(self.session.get(address, params=signed))
        if not isinstance(answer, dict):
            raise Unreadable(NAME, f"instagram: {path or 'ids'} was answered with a list; report this")
        return answer

    def trusting(
        self, own: Own, work: Callable[_Given, None], *given: _Given.args, **named: _Given.kwargs
    ) -> None:
        """Does what costs only itself when it fails. Where the account's Page token is refused, does it again
        with the settings' own, which stands in from then on.
        """
        with self.session.costing_only_this():
            token = own.token
            try:
                work(*given, **named)
                return
            except TokenInvalid as refused:
                if token == self.credential:
                    raise
                if own.token == token:
                    own.token = self.credential
                    self.session.note(refused)
            work(*given, **named)

    def with_fields(
        self, kind: str, fields: Iterable[str], ask: Callable[[str], dict[str, Any]]
    ) -> dict[str, Any]:
        """Asks with the fields' names, and again without each that the platform does not know."""
        refused = self.refused.setdefault(kind, set())
        while True:
            names = [name for name in fields if name not in refused]
            try:
                return ask(",".join(names))
            except MetricWithdrawn as trouble:
                unknown = (set(trouble.metric.split(",")) & set(names)) - {"id"}
                if not unknown:
                    text = f"instagram: what was asked of {kind} is not understood ({reason(trouble)})"
                    raise BadRequest(NAME, f"{text}; report this") from None
                if not unknown <= refused:
                    # Who asked at the same time is refused the same.
                    self.session.note(trouble)
                refused |= unknown

    def pages(
        self, what: str, limit: int, page: Callable[[int, str], tuple[list[dict[str, Any]], str]]
    ) -> Iterator[list[dict[str, Any]]]:
        """The items of each page, to the end. `page` takes a limit and a cursor and gives the next cursor.

        Where the platform cannot put together a page, it is asked for half as many, and half again.
        """
        after = ""
        cursors: set[str] = set()
        for _ in range(_MOST_PAGES):
            try:
                items, following = page(limit, after)
            except TooMuchAsked:
                if limit == 1:
                    raise
                limit //= 2
                continue
            yield items
            if not following:
                return
            if following in cursors:
                raise Unreadable(NAME, f"instagram: {what} repeats a page, so {NOT_LISTED}")
            cursors.add(following)
            after = following
        raise Unreadable(NAME, f"instagram: {what} does not end, so {NOT_LISTED}")

    def list_all(
        self, path: str, token: str, fields: Iterable[str], kind: str, limit: int, **parameters: str
    ) -> Iterator[list[dict[str, Any]]]:
        """The items of each page of an edge, `limit` to a page, with the fields that are known there."""

        def page(most: int, after: str) -> tuple[list[dict[str, Any]], str]:
            more = {**parameters, **({"after": after} if after else {})}

            def ask(names: str) -> dict[str, Any]:
                return self.get(path, token, fields=names, limit=str(most), **more)

            document = self.with_fields(kind, fields, ask)
            if not isinstance(document.get("data"), list):
                raise Unreadable(NAME, f"instagram: {path} was not answered with a list; report this")
            return dicts_in(document["data"]), next_cursor(document, path)

        return self.pages(path, limit, page)

    def post_batch(self, batch: str, token: str) -> object:
        """What a batch is answered with; `batch` is its JSON."""
        form = {"batch": batch, "include_headers": "false", "access_token": token, **self._proofs.of(token)}
        return self._read(self.session.post(f"{self._host}/{self.version}/", data=form))

    @property
    def moment(self) -> datetime | None:
        """The run's clock, else the platform's own as its latest answer told it; None when neither is
        known.
        """
        return self.session.as_of or self._answered_at

    def _read(self, response: requests.Response) -> object:
        # A proxy may leave it out: an earlier answer's is as good.
        with suppress(ValueError, OverflowError):
            moment = parsedate_to_datetime(response.headers.get("Date", ""))
            self._answered_at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        answer: object = response.json()
        return answer
