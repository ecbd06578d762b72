"""What a platform itself tells of a credential: whether it is valid, how long, and what it may not see.

A connector may offer `credential_health(session, credential, **options)`, with the options of its `collect`;
it asks as little as it can, changes nothing (it renews no token) and costs nothing. With `TELLS_EXPIRY` it is
asked once a day by a collect, else by `campaign check` alone. And it may offer `own_accounts`, called alike:
the accounts that the credential may see from within, which `campaign check` asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class CredentialHealth:
    """What is known of one credential; `expires_at` (aware) is None where that is not told.

    `never_expires` where the platform says so. `lives` is how long a credential of its kind lives from its
    making, where only that is known. `missing` are permissions that the collects need and it lacks,
    `missing_for_audiences` those that only campaigns with audiences need. `told` is one plain line beside it:
    why it is not valid, or why nothing is known.
    """

    is_valid: bool | None = None
    expires_at: datetime | None = None
    never_expires: bool = False
    lives: timedelta | None = None
    missing: tuple[str, ...] = ()
    missing_for_audiences: tuple[str, ...] = ()
    told: str = ""


@dataclass(frozen=True)
class OwnAccount:
    """An account that a credential may see from within: a page, profile or channel, by its public names.

    `handle` is empty where it is not told. `lacks` is what its role there does not allow, in plain words.
    """

    id: str
    name: str
    handle: str = ""
    lacks: str = ""
