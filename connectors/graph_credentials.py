"""What the Graph API tells of a token: `GET /debug_token?input_token=…`.

`expires_at` and `data_access_expires_at` are Unix seconds, 0 for never; the second is when the person has to
consent again before the app may read on (90 days after the last time). Answered are a token's own app's
developers and the app itself; anybody else gets an error, and the token may be good all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from connectors.credentials import CredentialHealth


def health_in(
    document: Mapping[str, object], needs: Iterable[str], platform: str, for_audiences: Iterable[str] = ()
) -> CredentialHealth:
    """What an answer of `/debug_token` says of a token that needs the permissions `needs`, and for audiences
    alone `for_audiences`."""
    data = document.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("is_valid"), bool):
        return CredentialHealth(told=f"{platform}: the platform says nothing of the token")
    if not data["is_valid"]:
        error = data.get("error")
        said = error.get("message") if isinstance(error, dict) else None
        return CredentialHealth(is_valid=False, told=f"{said or 'no reason given'}"[:300])
    ends = [data.get(name) for name in ("expires_at", "data_access_expires_at")]
    moments = [moment for end in ends if (moment := _moment(end)) is not None]
    scopes = data.get("scopes")
    granted = {str(scope) for scope in scopes} if isinstance(scopes, list) else None
    return CredentialHealth(
        is_valid=True,
        expires_at=min(moments, default=None),
        never_expires=not moments and 0 in ends,
        missing=_lacking(needs, granted),
        missing_for_audiences=_lacking(for_audiences, granted),
    )


def _lacking(needed: Iterable[str], granted: Collection[str] | None) -> tuple[str, ...]:
    """The permissions that are not granted; none where it is not told which are."""
    return () if granted is None else tuple(scope for scope in needed if scope not in granted)


def _moment(seconds: object) -> datetime | None:
    """A moment in Unix seconds; None for 0, which is never, and for what is no moment."""
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
