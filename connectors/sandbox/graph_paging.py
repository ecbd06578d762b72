"""How the Graph API bounds and pages a list: `limit`, `since`, `until` and cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from connectors.sandbox.facebook.insights import PACIFIC
from connectors.sandbox.graph_errors import refusal

GRAPH = "https://graph.facebook.com"
_MOST_ROWS = 100


def limit_of(parameters: Mapping[str, str]) -> int:
    text = parameters.get("limit", "25")
    if not (text.isascii() and text.isdigit()):
        raise refusal(100, "(#100) Param limit must be an integer")
    if int(text) > _MOST_ROWS:
        raise refusal(100, f"(#100) The limit parameter must be at most {_MOST_ROWS}")
    return max(1, int(text))


def instant_of(text: str | None, name: str) -> float | None:
    """Epoch seconds, a date (of Pacific time) or an ISO time."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 11:
        return float(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise refusal(100, f"(#100) Invalid parameter: {name} is not a time") from None
    if len(text) == 10:
        return instant.replace(tzinfo=PACIFIC).timestamp()
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def cursor_of(text: str | None) -> str | None:
    """The place that a cursor names."""
    if not text:
        return None
    try:
        return base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, UnicodeEncodeError):
        raise refusal(100, "(#100) Invalid parameter: the cursor is not valid") from None


def paging(
    path: str,
    parameters: Mapping[str, str],
    token: str,
    places: Sequence[str],
    has_previous: bool,
    has_next: bool,
) -> dict[str, object]:
    """The `paging` of a list whose rows have `places`; the addresses in it hold the token."""
    if not places:
        return {}
    before, after = (
        base64.urlsafe_b64encode(place.encode()).decode().rstrip("=") for place in (places[0], places[-1])
    )
    ours = ("access_token", "appsecret_proof", "after", "before")
    asked = {name: value for name, value in parameters.items() if name not in ours}
    found: dict[str, object] = {"cursors": {"before": before, "after": after}}
    for name, is_there, place in (
        ("next", has_next, {"after": after}),
        ("previous", has_previous, {"before": before}),
    ):
        if is_there:
            query = urlencode({"access_token": token, "pretty": "0", **asked, **place})
            found[name] = f"{GRAPH}/{path}?{query}"
    return {"paging": found}
