"""How the Graph API refuses: errors with a code, told apart by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import orjson

from connectors.sandbox.exchange import Answer


class Refused(Exception):
    """A request that is answered with an error; carries the answer's parts."""

    def __init__(
        self, status: int, error: dict[str, object], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(str(error.get("message")))
        self.status = status
        self.error = error
        self.headers = headers or {}


def refusal(
    code: int,
    message: str,
    *,
    subcode: int | None = None,
    kind: str = "OAuthException",
    status: int = 400,
    **more: object,
) -> Refused:
    error: dict[str, object] = {"message": message, "type": kind, "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    error.update(more)
    error["fbtrace_id"] = "A" + blake2b(f"{code}/{subcode}/{message}".encode(), digest_size=11).hexdigest()
    return Refused(status, error)


def unseen(object_id: str) -> Refused:
    """Deleted, hidden and never there are one answer."""
    message = (
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to"
        " missing permissions, or does not support this operation. Please read the Graph API documentation at"
        " https://developers.facebook.com/docs/graph-api"
    )
    return refusal(100, message, subcode=33, kind="GraphMethodException")


def permission_missing(permission: str, code: int = 10) -> Refused:
    message = (
        f"(#{code}) This endpoint requires the '{permission}' permission or the 'Page Public Content Access'"
        " feature. Refer to https://developers.facebook.com/docs/apps/review/login-permissions#manage-pages"
        " and https://developers.facebook.com/docs/apps/review/feature#reference-PAGES_ACCESS for details."
    )
    return refusal(code, message, status=403)


def graph_answer(status: int, body: object, headers: Mapping[str, str]) -> Answer:
    # Graph writes slashes as \/; none occurs outside a string.
    written = orjson.dumps(body).replace(b"/", b"\\/")
    return Answer(status, written, {"content-type": "application/json; charset=UTF-8", **headers})


def error_answer(refused: Refused, headers: Mapping[str, str]) -> Answer:
    return graph_answer(refused.status, {"error": refused.error}, {**headers, **refused.headers})
