"""What the published warehouse knows of readings that were missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from warehouse.publish import Published, ask


@dataclass(frozen=True)
class Missed:
    """A stretch in which nothing of a platform was read though posts were due, as `marts.gaps` has it."""

    campaign_id: str
    platform: str
    starts_at: datetime
    ends_at: datetime
    hours: float
    polls: int
    posts: int
    is_over: bool


def missed_since(warehouse: Published, moment: datetime) -> list[Missed]:
    """The gaps that reach beyond a moment, latest first; none when nothing is published yet.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    rows = ask(
        warehouse,
        "select campaign_id, platform, starts_at, ends_at, hours, polls_expected, posts_affected, is_over "
        "from marts.gaps where ends_at > ? order by starts_at desc, campaign_id, platform",
        [moment],
    )
    return [Missed(*row) for row in rows]


def late_posts(warehouse: Published) -> dict[str, int | None]:
    """How many posts of each platform have missed a poll since they were read last; None where nobody knows
    what was due.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    return dict(ask(warehouse, "select platform, posts_late from marts.freshness"))
