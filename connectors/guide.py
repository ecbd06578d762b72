"""What a platform tells people who are to make a credential for it: where, what each permission is for, and
what comes of whose accounts.

A connector may declare a `GUIDE`; `campaign check` leads by it. Vendors move their pages: the address leads
to the right site at least, and the way says what to look for there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """A page of a vendor's, and the way through its menus."""

    address: str
    way: str

    def __str__(self) -> str:
        return f"{self.address} ({self.way})"


@dataclass(frozen=True)
class Further:
    """Credentials beside the first one that are of use only together. `brings` completes "they bring …";
    `is_needed` where the first one alone soon does not do."""

    settings: Sequence[str]
    brings: str
    made_at: Place
    is_needed: bool = False


@dataclass(frozen=True)
class Guide:
    """What to tell of one platform.

    `own` and `others` name what is read of accounts that the credential may see from within, and of all
    others; `others` is empty where nothing comes of them, `withheld` what stays NULL of them. `permissions`
    says by name what is missing without each; those in `for_audiences` are needed for audiences alone.
    `untold` is why nothing tells whether the credential is taken, where the platform is not asked. `name` is
    how the platform writes itself.
    """

    made_at: Place
    own: str
    others: str = ""
    withheld: str = ""
    permissions: Mapping[str, str] = field(default_factory=dict)
    granted_at: Place | None = None
    for_audiences: Sequence[str] = ()
    further: Sequence[Further] = ()
    untold: str = ""
    name: str = ""

    @property
    def grants(self) -> Place:
        """Where permissions are granted; usually where the credential is made."""
        return self.granted_at or self.made_at
