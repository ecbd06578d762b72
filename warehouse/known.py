"""What the published warehouse knows of each post and of each further subject: enough to decide whether it is
due again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from warehouse import sql
from warehouse.publish import Published, ask

_POSTS = Path(__file__).with_suffix(".sql")
_SUBJECTS = Path(__file__).with_name("known_subjects.sql")


@dataclass(frozen=True)
class KnownPost:
    """A post that has been seen or refused, with every name it has been seen under.

    `gone_at` is the last time the platform said that there is no such post, or that we may not see it, and
    `refusals` the number of UTC days (30 at most) on which it said so since it last showed the post. A post
    that was never seen has no account, creation or `last_seen_at`. `has_media`: it is known to carry a video
    or an image.
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
    refusals: int = 0
    has_media: bool = False


@dataclass(frozen=True)
class KnownSubject:
    """Something beyond a post's counters of which a platform gave values: an account's or a post's own days,
    a hashtag, a site, an audience or advertising; `object_id` as in the readings.

    `seen_at` is when values were last observed, `whole_until` the last day, in the platform's calendar, that
    is known whole.
    """

    platform: str
    object_type: str
    object_id: str
    seen_at: datetime
    whole_until: date | None


def known_posts(warehouse: Published) -> list[KnownPost]:
    """Every post of the published warehouse, by platform and id; none when nothing is published yet.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    rows = ask(warehouse, sql.text_of(_POSTS))
    return [KnownPost(row[0], row[1], row[2], tuple(row[3]), *row[4:]) for row in rows]


def known_subjects(warehouse: Published) -> list[KnownSubject]:
    """Every subject of the published warehouse, by platform, type and id; none when nothing is published yet.

    An account or a post is one only by the days that its platform gave of it.

    Raises NoWarehouse when the file is there and cannot be read.
    """
    return [KnownSubject(*row) for row in ask(warehouse, sql.text_of(_SUBJECTS))]
