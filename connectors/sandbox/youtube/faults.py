"""What goes wrong on request on YouTube, beside what goes wrong anywhere (`faults.py`).

| fault | answer |
|---|---|
| quota_exceeded | 403: the day's units are used up |
| rate_limited | 403 in the older shape: asked too often |
| rate_limited_429 | 429 in the newer shape, with `Retry-After` where `seconds` are given |
| token_expired | 400, the key is not valid; of a report, 401 |
| forbidden | 403 |
| gone | 404 |
| empty_page | the right answer without its items, and still with a next page |
| duplicate_items | the right answer with every item twice |
| repeated_page | the right answer, whose next page is itself |
| invalid_grant | the sign-in has been revoked |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.faults import Fault, Maker
from connectors.sandbox.youtube import failure, key_refused, quota_exceeded, signed_out


def _rate_limited(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    return failure(403, "rateLimitExceeded", "Rate Limit Exceeded", "usageLimits")


def _rate_limited_429(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    words = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'."
    made = failure(429, "rateLimitExceeded", words, "global", "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED")
    if "seconds" in fault.options:
        made.headers["retry-after"] = str(fault.options["seconds"])
    return made


def _token_expired(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    return signed_out() if asked.path.endswith("/reports") else key_refused()


def _forbidden(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    return failure(403, "forbidden", "Access forbidden.", "global", "PERMISSION_DENIED")


def _gone(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    return failure(404, "playlistNotFound", "The playlist cannot be found.", "youtube.playlistItem")


def _changed(change: Callable[[dict[str, Any], Asked], None]) -> Maker:
    def make(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
        right = true_answer()
        body = orjson.loads(right.body)
        change(body, asked)
        return Answer(right.status, orjson.dumps(body), right.headers)

    return make


def _without_items(body: dict[str, Any], asked: Asked) -> None:
    body["items"] = []


def _with_items_twice(body: dict[str, Any], asked: Asked) -> None:
    body["items"] = [*body.get("items", []), *body.get("items", [])]


def _with_itself_next(body: dict[str, Any], asked: Asked) -> None:
    body["nextPageToken"] = asked.query.get("pageToken", "EAEAAAAA")


def _invalid_grant(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    body = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
    return Answer(400, orjson.dumps(body))


FAULTS: dict[str, Maker] = {
    "quota_exceeded": lambda fault, asked, true_answer: quota_exceeded(),
    "rate_limited": _rate_limited,
    "rate_limited_429": _rate_limited_429,
    "token_expired": _token_expired,
    "forbidden": _forbidden,
    "gone": _gone,
    "empty_page": _changed(_without_items),
    "duplicate_items": _changed(_with_items_twice),
    "repeated_page": _changed(_with_itself_next),
    "invalid_grant": _invalid_grant,
}
