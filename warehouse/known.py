"""What the published warehouse knows of each post: enough to decide whether it is due again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.publish import NoWarehouse, open_published

_QUERY = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class KnownPost:
    """A post that has been seen or refused, with every name it has been seen under.

    `gone_at` is the last time the platform said that there is no such post, or that we may not see it. A
    post that was never seen has no account, creation or `last_seen_at`.
    """

    platform: str
    post_id: str
    account_id: str | None
    aliases: tuple[str, ...]
    created_at: datetime | None
    last_seen_at: datetime | None
    is_gone: bool
    handle: str | None = None
    gone_at: datetime | None = None


def known_posts(warehouse: Path) -> list[KnownPost]:
    """Every post of the published warehouse, by platform and id; none when nothing is published yet.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    if not warehouse.exists():
        return []
    with open_published(warehouse) as con:
        try:
            rows = con.execute(_QUERY.read_text(encoding="utf-8")).fetchall()
        except duckdb.Error as error:
            # Damaged inside, or made by another release.
            raise NoWarehouse(
                f"{warehouse} cannot be read ({str(error).splitlines()[0]}); run `campaign build --full`"
            ) from error
    return [KnownPost(row[0], row[1], row[2], tuple(row[3]), *row[4:]) for row in rows]
