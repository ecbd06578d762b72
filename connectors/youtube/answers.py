"""What the answers of Google's APIs mean, by `reason`, never by HTTP status alone.

Reasons stand in `error.errors[].reason` (older shape) and in `error.details[].reason` (newer), often in both.
A refused sign-in answers in OAuth's own shape: `{"error": "invalid_grant", "error_description": "…"}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.errors import (
    BadRequest,
    BudgetSpent,
    Gone,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Transient,
    Trouble,
    Unreadable,
)

if TYPE_CHECKING:
    import requests

# Not the platform's own module: discovery goes by the public name.
_PLATFORM = "youtube"
_CREDENTIAL = "YOUTUBE_API_KEY"
OAUTH_SETTINGS = "YOUTUBE_CLIENT_ID, YOUTUBE_CLIENT_SECRET and YOUTUBE_REFRESH_TOKEN"

_SPENT = {"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"}
_TOO_OFTEN = {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_KEY_REFUSED = {"keyInvalid", "keyExpired", "API_KEY_INVALID", "API_KEY_EXPIRED"}
_NOT_FOUND = {"notFound", "videoNotFound", "channelNotFound", "playlistNotFound"}
_TRANSIENT = {"backendError", "internalError", "processingFailure"}
# The method or the function is not there; asking again does not bring it.
_NOT_IMPLEMENTED = (405, 501)


def _document(response: requests.Response) -> object:
    try:
        document: object = response.json()
    except (ValueError, RecursionError):
        return None
    return document


def _reasons(error: dict[str, Any]) -> set[str]:
    """Every reason that an error object gives, in either shape."""
    entries = [entry for name in ("errors", "details") for entry in _listed(error.get(name))]
    return {str(entry["reason"]) for entry in entries if isinstance(entry, dict) and "reason" in entry}


def _listed(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _sign_in_refused(error: str, described: object) -> Trouble:
    told = f"{error}: {described}" if isinstance(described, str) else error
    if error in ("invalid_grant", "invalid_client", "unauthorized_client", "deleted_client", "invalid_scope"):
        text = f"youtube: Google refused the sign-in for daily reports ({told[:200]})"
        return PermissionMissing(_PLATFORM, f"{text}; make a new refresh token and set {OAUTH_SETTINGS}")
    return BadRequest(_PLATFORM, f"youtube: the request was not understood ({told[:200]}); report this")


def judge(response: requests.Response) -> Trouble | None:
    """What an answer of Google means; None when it is what was asked for, even an empty list."""
    status, document = response.status_code, _document(response)
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, str) and isinstance(document, dict) and status < 500:
        return _sign_in_refused(error, document.get("error_description"))
    reasons = _reasons(error) if isinstance(error, dict) else set()
    message = error.get("message") if isinstance(error, dict) else None
    said = f"{status}: {message}"[:300] if isinstance(message, str) else f"{status}"
    if reasons & _SPENT:
        cure = "it is reset at midnight Pacific time; ask for more in the Google Cloud console"
        return BudgetSpent(_PLATFORM, f"youtube: the day's quota is used up; {cure}")
    if reasons & _TOO_OFTEN or status == 429:
        return RateLimited(_PLATFORM, f"youtube: asked too often ({said}); start again later")
    if reasons & _KEY_REFUSED:
        return TokenInvalid(
            _PLATFORM, f"youtube: the key was refused ({said}); make a new one and set {_CREDENTIAL}"
        )
    if status == 401:
        cure = f"check {_CREDENTIAL}; for daily reports, check {OAUTH_SETTINGS}"
        return TokenInvalid(_PLATFORM, f"youtube: the sign-in was refused ({said}); {cure}")
    if (status >= 500 and status not in _NOT_IMPLEMENTED) or status == 408 or reasons & _TRANSIENT:
        return Transient(_PLATFORM, f"youtube: the platform failed ({said}); try again later")
    if reasons & _NOT_FOUND or (status in (404, 410) and isinstance(error, dict)):
        return Gone(_PLATFORM, f"youtube: not found ({said}); check the names and ids in the registry")
    if status == 403 and isinstance(error, dict):
        cure = "switch on the YouTube APIs for the key's project, and allow the key to be used from here"
        return PermissionMissing(_PLATFORM, f"youtube: not allowed ({said}); {cure}")
    if status >= 400 and isinstance(error, dict):
        return BadRequest(_PLATFORM, f"youtube: the request was not understood ({said}); report this")
    if status >= 400 or not _is_promised(document):
        text = f"youtube: the answer ({status}) is not the promised JSON; check YOUTUBE_API_URL"
        return Unreadable(_PLATFORM, text, status)
    return None


def _is_promised(document: object) -> bool:
    """A list of items, a table of a report, or a sign-in."""
    if not isinstance(document, dict) or "error" in document or document.get("errors"):
        return False
    if isinstance(document.get("access_token"), str):
        return True
    return isinstance(document.get("kind"), str) and all(
        isinstance(document.get(name, []), list) for name in ("items", "rows", "columnHeaders")
    )


def items_of(response: requests.Response) -> list[dict[str, Any]]:
    """The objects of a list answer; an empty list leaves `items` out now and then."""
    document = _document(response)
    found = document.get("items") if isinstance(document, dict) else None
    return [item for item in _listed(found) if isinstance(item, dict)]


def told(found: object, *names: str) -> str | None:
    """The text at `names`, one inside the other; None when it is not there."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found else None


def text_in(response: requests.Response, *names: str) -> str | None:
    """The text at `names` in an answer; None when it is not there."""
    return told(_document(response), *names)


def number_in(response: requests.Response, name: str) -> int | None:
    """The whole number under `name` in an answer; None when it is not there."""
    document = _document(response)
    number = document.get(name) if isinstance(document, dict) else None
    return number if isinstance(number, int) else None
