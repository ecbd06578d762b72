"""Which posts belong to no asset although many saw them, and where they may belong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from warehouse import sql
from warehouse.publish import Published, ask

_QUERY = Path(__file__).with_suffix(".sql")

# A post resembles an asset that has at least this share of its words.
ALIKE = 0.5


@dataclass(frozen=True)
class Unassigned:
    """A post that no asset lists and no rule catches; `views` are None where the platform tells none.

    `suggested_asset` is the asset of the same side that it resembles, and `why` says in words what makes it
    so. `title` and `why` hold text and ids of the platforms: escape them before they are shown.
    """

    campaign_id: str
    side_id: str
    is_ours: bool
    platform: str
    post_id: str
    permalink: str | None
    title: str | None
    views: int | None
    suggested_asset: str | None
    why: str


def unassigned(warehouse: Published, campaign_id: str | None = None, limit: int = 10) -> list[Unassigned]:
    """The unassigned posts of one campaign, or of all together, our side's first and the most viewed first;
    none when nothing is published yet. Posts of a rival for whom nobody lists assets are left out.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    rows = ask(
        warehouse,
        sql.text_of(_QUERY),
        {"campaign": campaign_id, "most": limit, "alike": ALIKE},
    )
    return [Unassigned(*row) for row in rows]
