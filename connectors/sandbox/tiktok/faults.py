"""What goes wrong on request on TikTok, beside what goes wrong anywhere (`faults.py`).

| fault | answer |
|---|---|
| rate_limited | 429, with `Retry-After` where `seconds` are given |
| token_expired | 401 |
| forbidden | 401 of a missing scope |
| error_200 | status 200 with the error code `code` (internal_error) |
| gone | a query without any video |
| empty_page | the right answer without its videos, and still with more to come |
| duplicate_items | the right answer with every video twice |
| repeated_page | the right answer, whose cursor is the one that was sent |
| rotated_refresh_token | a sign-in that replaces the refresh token |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.faults import Fault, Maker
from connectors.sandbox.tiktok import envelope, token_refused, too_often


def _rate_limited(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    made = too_often(asked)
    if "seconds" in fault.options:
        made.headers["retry-after"] = str(fault.options["seconds"])
    return made


def _forbidden(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    words = "The user did not authorize the scope required for completing this request."
    return envelope(asked, 401, "scope_not_authorized", words, {})


def _error_200(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    return envelope(asked, 200, str(fault.options.get("code", "internal_error")), "Something is wrong", {})


def _changed(change: Callable[[dict[str, Any], Asked], None]) -> Maker:
    def make(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
        right = true_answer()
        body = orjson.loads(right.body)
        change(body, asked)
        return Answer(right.status, orjson.dumps(body), right.headers)

    return make


def _without_videos(body: dict[str, Any], asked: Asked) -> None:
    body["data"]["videos"] = []


def _without_videos_yet(body: dict[str, Any], asked: Asked) -> None:
    # The cursor stays where the list began: what was left out comes on the next page.
    sent = orjson.loads(asked.body or b"{}").get("cursor")
    body["data"] |= {"videos": [], "has_more": True, "cursor": sent or int(asked.now.epoch * 1000) + 1}


def _with_videos_twice(body: dict[str, Any], asked: Asked) -> None:
    body["data"]["videos"] *= 2


def _with_the_cursor_sent(body: dict[str, Any], asked: Asked) -> None:
    sent = orjson.loads(asked.body or b"{}").get("cursor")
    body["data"] |= {"has_more": True, "cursor": sent or body["data"]["cursor"]}


def _with_another_refresh_token(body: dict[str, Any], asked: Asked) -> None:
    body["refresh_token"] = f"{body['refresh_token']}-next"


FAULTS: dict[str, Maker] = {
    "rate_limited": _rate_limited,
    "token_expired": lambda fault, asked, true_answer: token_refused(asked),
    "forbidden": _forbidden,
    "error_200": _error_200,
    "gone": _changed(_without_videos),
    "empty_page": _changed(_without_videos_yet),
    "duplicate_items": _changed(_with_videos_twice),
    "repeated_page": _changed(_with_the_cursor_sent),
    "rotated_refresh_token": _changed(_with_another_refresh_token),
}
