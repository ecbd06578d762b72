"""What the landed answers of one platform tell, built or not: which days are known whole, and which posts.

The published warehouse may lie behind what has landed, by hours or by a failed build. Here the readings are
read, and through the readings' SQL the landed files that no readings were made from yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from warehouse import sql
from warehouse.batches import committed
from warehouse.known import KnownPost
from warehouse.opening import connect
from warehouse.readable import whole
from warehouse.sightings import sight_answers
from warehouse.unread import answers_among

# A compaction takes files away in moments, and never the same ones twice.
_TRIES = 3

_DAYS = Path(__file__).with_name("told_days.sql")
_POSTS = Path(__file__).with_name("found_posts.sql")


@dataclass(frozen=True)
class Told:
    """`days` that are known whole, by (object type, name as in the readings); `posts` of landed files that
    no readings were made from yet.
    """

    days: dict[tuple[str, str], frozenset[date]]
    posts: tuple[KnownPost, ...]


def told(landing: Path, readings: Path, platform: str, first_day: date, last_day: date) -> Told:
    """What a platform's answers tell of the days of its calendar from `first_day` to `last_day`, inclusive.

    Raises OSError when the landing cannot be read. A landed file that is damaged is left out; the build
    names it.
    """
    window = (first_day, last_day)
    # Either may fail because a build makes the readings again or a compaction takes files away meanwhile, the
    # first also for good, when a fresh file is damaged. Landing alone, the slowest, is the truth.
    for made, only_whole in ((readings, False), (readings, True), *[(None, True)] * _TRIES):
        try:
            return _told(landing, made, platform, window, only_whole=only_whole)
        except duckdb.InterruptException:
            raise
        except (duckdb.Error, FileNotFoundError) as error:
            trouble = error
    raise OSError(f"{landing} cannot be read ({str(trouble).splitlines()[0]}); try again") from trouble


def _told(
    landing: Path, readings: Path | None, platform: str, window: tuple[date, date], *, only_whole: bool
) -> Told:
    batches = [] if readings is None else [one for one in committed(readings) if one.is_whole(readings)]
    done = {name for batch in batches for name in batch.landed}
    fresh = answers_among(landing, platform, done)
    days: dict[tuple[str, str], set[date]] = defaultdict(set)
    posts: list[KnownPost] = []
    with connect() as con:
        con.execute("set TimeZone = 'UTC'")
        sight_answers(con, platform, whole(fresh) if only_whole else fresh)
        posts += _posts(con, platform)
        _add_days(con, window, days)
    if readings is not None:
        made = [readings / name for batch in batches if batch.platform == platform for name in batch.files]
        if made:
            with connect() as con:
                con.execute(f"create view sightings as from {sql.parquet(made)}")
                _add_days(con, window, days)
    return Told({name: frozenset(found) for name, found in days.items()}, tuple(posts))


def _add_days(
    con: duckdb.DuckDBPyConnection, window: tuple[date, date], days: dict[tuple[str, str], set[date]]
) -> None:
    parameters = {"first_day": window[0], "last_day": window[1]}
    for kind, name, day in con.execute(sql.text_of(_DAYS), parameters).fetchall():
        days[kind, name].add(day)


def _posts(con: duckdb.DuckDBPyConnection, platform: str) -> list[KnownPost]:
    rows = con.execute(sql.text_of(_POSTS)).fetchall()
    return [
        KnownPost(
            platform, post_id, account_id, tuple(aliases), created_at, seen_at, False, handle, has_media=has
        )
        for post_id, account_id, aliases, created_at, seen_at, handle, has in rows
    ]


def with_found(known: Sequence[KnownPost], found: Sequence[KnownPost]) -> list[KnownPost]:
    """The known posts, and those of the found ones that are not among them."""
    names = {(post.platform, post.post_id) for post in known}
    return [*known, *(post for post in found if (post.platform, post.post_id) not in names)]
