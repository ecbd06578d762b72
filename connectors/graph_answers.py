"""What the Graph API's answers mean, by `code` and `error_subcode`, never by HTTP status alone.

Codes and wordings are of Meta's error reference and of recorded answers. Throttling shows as an error body;
how long to wait stands in the usage headers, when they are there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.errors import (
    ENDS_THE_RUN,
    BadRequest,
    Gone,
    MetricWithdrawn,
    OtherVersion,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    TooMuchAsked,
    Transient,
    Trouble,
    Unreadable,
)
from connectors.pace import seconds_to_regain

if TYPE_CHECKING:
    import requests

# The method or the function is not there; asking again does not bring it.
_NOT_IMPLEMENTED = (405, 501)
_METRIC = re.compile(r"\b(?:post|page|total|blue|fb)_[a-z0-9_]+\b")


# What each subcode of 102 and 190 asks for; any other asks for a new token.
_TOKEN_CURES = {
    458: "its person has removed the app: let them grant it again",
    459: "its person has to pass a security check on facebook.com",
    460: "its person has changed the password: make a new one",
    463: "it has expired: make a new one",
    464: "its person has to confirm the account on facebook.com",
    467: "it was withdrawn: make a new one",
    492: "its person has no role on the Page any more: give the role back",
}

_NO_PROOF = "let the app ask for no proof of its secret, in its settings"


def _is_limit(code: object) -> bool:
    """4, 17, 32, 341: of the app, the person, the Page; 368: a block; 613: of a call of its own; 80000 to
    80014: of a business's use case (80000, 80003, 80004 advertising, 80001 Pages, 80002 Instagram).
    """
    return isinstance(code, int) and (code in (4, 17, 32, 341, 368, 613) or 80000 <= code <= 80014)


def _is_permission(code: object, words: str) -> bool:
    """3: the app lacks a capability; 10 and 200 to 299: a permission is missing or was taken away. Pages
    without Page Public Content Access say so in words alone (recorded, with code 100 and no subcode).
    """
    if isinstance(code, int) and (code in (3, 10) or 200 <= code <= 299):
        return True
    return "reviewable feature" in words or "app secret proof" in words


@dataclass(frozen=True)
class GraphAnswers:
    """How a platform that speaks Graph reads its answers; `credential` is the setting that holds its
    token, `app_secret_setting` the one that holds the app's secret, where calls are proved by it.
    """

    platform: str
    credential: str
    app_secret_setting: str | None = None

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
        if _is_limit(code) or (status == 429 and code is None):
            why = "blocked for a while by the platform's policies" if code == 368 else "asked too often"
            text = f"{self.platform}: {why} ({told}: {said}); start again later"
            limited = RateLimited(self.platform, text, wait_s=seconds_to_regain(headers))
            # A business's use case is counted by Page; the app's and the person's limits are of all.
            limited.is_of_part = isinstance(code, int) and 80000 <= code <= 80014
            return limited
        if code in (1, 2) and "reduce the amount of data" in words:
            return TooMuchAsked(
                self.platform,
                f"{self.platform}: too much asked ({told}: {said}); the next run asks again, report this if "
                "it stays so",
            )
        if code == 190 and subcode == 2069032:
            cure = "give the token's person a role on the Page"
            text = f"{self.platform}: a Page token is needed ({told}: {said}); {cure}"
            return PermissionMissing(self.platform, text)
        if code in (102, 104, 190) or "appsecret_proof" in words or (status == 401 and code is None):
            text = f"{self.platform}: the token was refused ({told}: {said}); {self._token_cure(code, error)}"
            return TokenInvalid(self.platform, text)
        if (code in (1, 2) or error.get("is_transient") is True) and status not in _NOT_IMPLEMENTED:
            return Transient(
                self.platform, f"{self.platform}: the platform failed ({told}: {said}); try again later"
            )
        if code == 100 and "valid insights metric" in words:
            named = _METRIC.search(said)
            cure = "take it out of the connector's list"
            text = f"{self.platform}: a metric is refused ({told}: {said}); {cure}"
            return MetricWithdrawn(self.platform, text, named[0] if named else "")
        if _is_permission(code, words):
            cure = "grant the token that permission"
            if "app secret proof" in words:
                # Recorded, with code 100: asked with a person's token and without the proof.
                cure = _NO_PROOF if self.app_secret_setting is None else f"set {self.app_secret_setting}"
            text = f"{self.platform}: not allowed ({told}: {said}); {cure}"
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

    def _token_cure(self, code: object, error: Mapping[str, object]) -> str:
        subcode = error.get("error_subcode")
        if code == 104 or "appsecret_proof" in str(error.get("message")).lower():
            if self.app_secret_setting is None:
                return f"check {self.credential}; {_NO_PROOF}"
            return f"check {self.credential} and {self.app_secret_setting}, which belong together"
        cure = _TOKEN_CURES.get(subcode) if isinstance(subcode, int) else None
        if cure is None:
            return f"make a new one and set {self.credential}"
        return f"{cure} and set {self.credential}" if cure.endswith("make a new one") else cure

    def other_version(self, headers: Mapping[str, str], asked: str) -> OtherVersion | None:
        """What to tell when an answer's `facebook-api-version` is not the version that was asked (`v26.0`): a
        retired version is served as the oldest usable one, without an error. None where they agree or the
        answer does not say.
        """
        served = headers.get("facebook-api-version", "").strip()
        if not served or served.removeprefix("v") == asked.removeprefix("v"):
            return None
        setting = f"{self.platform.upper()}_API_VERSION"
        text = f"{self.platform}: {asked} was asked and {served[:20]} served; set {setting} to a current one"
        return OtherVersion(self.platform, text)

    def trouble_in(self, item: object, headers: Mapping[str, str]) -> Trouble | None:
        """What is wrong with one answer of a batch: `{"code": 200, "body": "<JSON>"}`, null when it timed
        out.
        """
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
