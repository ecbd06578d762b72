"""What the Graph API's answers mean, by `code` and `error_subcode`, never by HTTP status alone.

Codes and wordings are of Meta's error reference and of recorded answers. Throttling shows as an error body;
how long to wait stands in the usage headers, when they are there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import requests

from connectors.errors import (
    ENDS_THE_RUN,
    BadRequest,
    Gone,
    MetricWithdrawn,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    TooMuchAsked,
    Transient,
    Trouble,
    Unreadable,
)

# The method or the function is not there; asking again does not bring it.
_NOT_IMPLEMENTED = (405, 501)
_METRIC = re.compile(r"\b(?:post|page|total|blue|fb)_[a-z0-9_]+\b")


def _minutes_to_regain(usage: object) -> float:
    """The longest `estimated_time_to_regain_access` (minutes) in a usage header of either form."""
    match usage:
        case dict():
            told = usage.get("estimated_time_to_regain_access")
            mine = float(told) if isinstance(told, int | float) else 0.0
            return max([mine, *(_minutes_to_regain(value) for value in usage.values())])
        case list():
            return max((_minutes_to_regain(value) for value in usage), default=0.0)
    return 0.0


def _seconds_to_regain(headers: Mapping[str, str]) -> float | None:
    longest = 0.0
    for name in ("X-Business-Use-Case-Usage", "X-App-Usage", "X-Page-Usage"):
        try:
            longest = max(longest, _minutes_to_regain(json.loads(headers.get(name, "null"))))
        except (ValueError, RecursionError):
            continue
    return longest * 60 or None


@dataclass(frozen=True)
class GraphAnswers:
    """How a platform that speaks Graph reads its answers; `credential` is the setting that holds its token."""

    platform: str
    credential: str

    def trouble_of(self, error: object, status: int, headers: Mapping[str, str]) -> Trouble:
        """What the `error` object of an answer, or of one answer in a batch, means. By its code, then by the
        status.
        """
        if not isinstance(error, dict):
            return Unreadable(
                self.platform,
                f"{self.platform}: an error without a code; check {self.platform.upper()}_API_URL",
                status,
            )
        code, subcode = error.get("code"), error.get("error_subcode")
        said = str(error.get("message", "no reason given"))[:300]
        told = f"code {code}" if subcode is None else f"code {code}/{subcode}"
        words = said.lower()
        match code:
            case 4 | 17 | 32 | 341 | 368 | 613:
                is_limit = True
            case int():
                is_limit = 80000 <= code <= 80014
            case _:
                is_limit = False
        if is_limit or (status == 429 and code is None):
            text = f"{self.platform}: asked too often ({told}: {said}); start again later"
            return RateLimited(self.platform, text, wait_s=_seconds_to_regain(headers))
        if code in (1, 2) and "reduce the amount of data" in words:
            return TooMuchAsked(
                self.platform, f"{self.platform}: too much asked ({told}: {said}); ask for fewer items"
            )
        if code == 190 and subcode == 2069032:
            cure = "give the token's person a role on the Page"
            text = f"{self.platform}: a Page token is needed ({told}: {said}); {cure}"
            return PermissionMissing(self.platform, text)
        if code in (102, 104, 190) or (status == 401 and code is None):
            cure = f"make a new one and set {self.credential}"
            return TokenInvalid(
                self.platform, f"{self.platform}: the token was refused ({told}: {said}); {cure}"
            )
        if (code in (1, 2) or error.get("is_transient") is True) and status not in _NOT_IMPLEMENTED:
            return Transient(
                self.platform, f"{self.platform}: the platform failed ({told}: {said}); try again later"
            )
        if code == 100 and "valid insights metric" in words:
            named = _METRIC.search(said)
            cure = "take it out of the connector's list"
            text = f"{self.platform}: a metric is withdrawn ({told}: {said}); {cure}"
            return MetricWithdrawn(self.platform, text, named[0] if named else "")
        # Worded so for Pages without Page Public Content Access (recorded), with code 100 and no subcode.
        if code in (3, 10) or (isinstance(code, int) and 200 <= code <= 299) or "reviewable feature" in words:
            text = f"{self.platform}: not allowed ({told}: {said}); grant the token that permission"
            return PermissionMissing(self.platform, text)
        # 803: none of the names or ids is known.
        if code == 803 or (code == 100 and (subcode == 33 or "does not exist" in words)):
            text = (
                f"{self.platform}: deleted, hidden or never there ({told}: {said}); check it in the registry"
            )
            return Gone(self.platform, text)
        if status >= 500 and status not in _NOT_IMPLEMENTED and not isinstance(code, int):
            return Transient(
                self.platform, f"{self.platform}: the platform answered {status} ({said}); try again later"
            )
        return BadRequest(
            self.platform, f"{self.platform}: the request was not understood ({told}: {said}); report this"
        )

    def trouble_in(self, item: object, headers: Mapping[str, str]) -> Trouble | None:
        """What is wrong with one answer of a batch: `{"code": 200, "body": "<JSON>"}`, null when it timed out."""
        if not isinstance(item, dict):
            return Transient(
                self.platform, f"{self.platform}: a part of a batch was not answered; try again later"
            )
        code = item.get("code")
        status = code if isinstance(code, int) else 0
        try:
            document: object = json.loads(item.get("body") or "null")
        except (ValueError, TypeError, RecursionError):
            document = None
        if isinstance(document, dict) and document.get("error"):
            return self.trouble_of(document["error"], status, headers)
        if status >= 500 and status not in _NOT_IMPLEMENTED:
            return Transient(
                self.platform, f"{self.platform}: a part of a batch was answered {status}; try again later"
            )
        if not isinstance(document, dict) or status >= 400:
            text = f"{self.platform}: a part of a batch is not the promised JSON; report this"
            return Unreadable(self.platform, text, status)
        return None

    def judge(self, response: requests.Response) -> Trouble | None:
        """What an answer of the Graph API means; None when it is what was asked for.

        A batch is fine whatever its parts say, unless one says what holds for all: a refused token, a reached
        limit.
        """
        status, headers = response.status_code, response.headers
        try:
            document: object = response.json()
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict) and document.get("error"):
            return self.trouble_of(document["error"], status, headers)
        if status in (401, 429):
            return self.trouble_of({"message": f"status {status}"}, status, headers)
        if (status >= 500 and status not in _NOT_IMPLEMENTED) or status == 408:
            return Transient(
                self.platform, f"{self.platform}: the platform answered {status}; try again later"
            )
        if status >= 400 or not isinstance(document, dict | list):
            cure = f"check {self.platform.upper()}_API_URL"
            text = f"{self.platform}: the answer ({status}) is not the promised JSON; {cure}"
            return Unreadable(self.platform, text, status)
        if isinstance(document, list):
            troubles = (self.trouble_in(item, headers) for item in document)
            return next((trouble for trouble in troubles if isinstance(trouble, ENDS_THE_RUN)), None)
        return None
