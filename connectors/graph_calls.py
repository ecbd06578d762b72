"""What every call to the Graph API has in common, whatever the platform: the token's proof, and the version
in which it is answered.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from connectors.graph_answers import GraphAnswers

if TYPE_CHECKING:
    import requests

    from connectors.wire import WireSession


class Proofs:
    """The `appsecret_proof` of each token: its hex HMAC-SHA256 under the app's secret, which proves that the
    app itself uses the token. Without a secret there are none.
    """

    def __init__(self, session: WireSession, app_secret: str | None) -> None:
        self._session = session
        self._app_secret = app_secret
        self._known: dict[str, str] = {}

    def of(self, token: str) -> dict[str, str]:
        """The parameter to send along with the token; empty without a secret."""
        if not self._app_secret:
            return {}
        if token not in self._known:
            proof = hmac.new(self._app_secret.encode(), token.encode(), sha256).hexdigest()
            self._session.keep_secret(proof)
            self._known[token] = proof
        return {"appsecret_proof": self._known[token]}


@contextmanager
def minding_the_version(session: WireSession, answers: GraphAnswers, version: str) -> Iterator[None]:
    """Notes once that another version is served inside the block than `version`, which is asked."""
    has_told = False

    def see(response: requests.Response, *_: object, **__: object) -> None:
        nonlocal has_told
        other = None if has_told else answers.other_version(response.headers, version)
        if other is not None:
            has_told = True
            session.note(other)

    hooks = session.hooks["response"]
    hooks.append(see)
    try:
        yield
    finally:
        hooks.remove(see)
