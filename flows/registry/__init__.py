"""The campaigns as data: what the team writes in TOML (and `assets.csv`), checked at the door.

Everything here is hostile input until it passed. Ids become names in paths and SQL, so they keep to
`a-z0-9-`. Every mistake of every file is collected and raised at once, so that one sitting mends them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from flows.registry.draft import Draft
from flows.registry.files import campaign_files, read_campaign
from flows.registry.mistakes import Mistake, RegistryError, shown
from flows.registry.model import (
    Account,
    Asset,
    Audience,
    Budget,
    Cadence,
    Campaign,
    Match,
    PostReference,
    Registry,
    Side,
)
from flows.registry.spreadsheet import ASSETS_CSV, add_spreadsheet
from flows.registry.table import Door

__all__ = [
    "Account",
    "Asset",
    "Audience",
    "Budget",
    "Cadence",
    "Campaign",
    "Match",
    "Mistake",
    "PostReference",
    "Registry",
    "RegistryError",
    "Side",
    "load",
]


def load(path: Path, connectors: Mapping[str, ModuleType]) -> Registry:
    """Read a folder of campaign TOML files, or one such file, and the `assets.csv` beside it.

    `connectors` (by platform) say what a pasted URL, id or handle means. Raises `RegistryError` with every
    mistake of every file.
    """
    door = Door(connectors)
    files, in_folder = campaign_files(path, door)
    drafts = [draft for file in files if (draft := read_campaign(file, door)) is not None]
    first_of: dict[str, Draft] = {}
    for draft in drafts:
        first = first_of.setdefault(draft.id, draft) if draft.id else draft
        if first is not draft:
            problem = f"{shown(draft.id)} is already the id of {first.source}"
            door.refuse(str(draft.source), "id", problem, "rename one")
    if files:
        spreadsheet = files[0].parent / ASSETS_CSV
        all_read = len(drafts) == in_folder and all(draft.id for draft in drafts)
        if spreadsheet.exists():
            add_spreadsheet(spreadsheet, door, first_of, several=in_folder > 1, all_read=all_read)
    if door.mistakes:
        raise RegistryError(tuple(door.mistakes))
    return Registry(tuple(draft.campaign() for draft in drafts), tuple(door.notices()))
