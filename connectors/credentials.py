"""What a platform itself tells of a credential: whether it is valid, how long, and what it may not see.

A connector may offer `credential_health(session, credential, **options)`, with the options of its `collect`;
it asks as little as it can, changes nothing (it renews no token) and costs nothing. With `TELLS_EXPIRY` it is
asked once a day by a collect, else by `campaign check` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class CredentialHealth:
    """What is known of one credential; `expires_at` (aware) is None where that is not told.

    `never_expires` where the platform says so. `lives` is how long a credential of its kind lives from its
    making, where only that is known. `missing` are permissions that the collects need and it lacks. `told` is
    one plain line beside it: why it is not valid, or why nothing is known.
    """

    is_valid: bool | None = None
    expires_at: datetime | None = None
    never_expires: bool = False
    lives: timedelta | None = None
    missing: tuple[str, ...] = ()
    told: str = ""
