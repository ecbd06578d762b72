"""Builds that are killed: whoever reads finds whole tables throughout, and the next build makes those that a
build from nothing makes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crashes.conftest import Chance, Home
from tests.crashes.polls import Polls
from tests.warehouse.compare import differences, everything_held
from tests.warehouse.lake import Lake
from warehouse.publish import NoWarehouse, open_published

BUILD = "tests.crashes.operations:build"

# Two marts say how many retweets the newest poll that the build knew had.
QUESTION = """
    select
        (select max(retweets) from marts.asset_totals)::bigint,
        (select sum(gain) from marts.post_daily where metric = 'retweets')::bigint
"""


def published(warehouse: Path) -> int:
    """The number of the newest poll in the tables, whichever of them is asked."""
    with open_published(warehouse) as con:
        row = con.execute(QUESTION).fetchone()
    assert row is not None
    total, gained = row
    assert total == gained, "half of one build and half of another"
    return int(total)


@contextmanager
def somebody_reads(warehouse: Path) -> Iterator[None]:
    """Open the warehouse over and over for the time of the block: it always opens, its marts agree, and
    nothing that was known is forgotten."""
    seen: list[int] = []
    failed: list[str] = []
    has_ended = threading.Event()

    def read() -> None:
        while not has_ended.wait(0.5) or len(seen) + len(failed) < 2:
            try:
                seen.append(published(warehouse))
            except (NoWarehouse, AssertionError) as trouble:
                failed.append(str(trouble))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        has_ended.set()
        reader.join()
    assert failed == []
    assert seen == sorted(seen)
    assert len(seen) > 1


def test_killed_builds_are_unseen_by_readers_and_undone_by_the_next_build(home: Home, chance: Chance) -> None:
    polls = Polls(home.folder)
    polls.land()
    measured = {"full": home.run(BUILD, home.folder, "full")}
    polls.land()
    measured["new"] = home.run(BUILD, home.folder, "new")
    assert [run.code for run in measured.values()] == [0, 0]
    known = polls.number
    with somebody_reads(home.warehouse):
        for left in range(chance.kills(9), 0, -1):
            polls.land()
            mode = chance.random.choice(["new", "new", "full"])
            usual = measured[mode]
            if left % 3:
                run = home.run(BUILD, home.folder, mode, after_s=chance.instant(usual.seconds))
            else:
                run = home.run(BUILD, home.folder, mode, before_naming=chance.random.randrange(usual.named))
            told = published(home.warehouse)
            # Whether it was killed before it published or after.
            assert told in (known, polls.number)
            known = told
            if left % 4 == 0 and run.is_killed:
                again = home.run(BUILD, home.folder, "new")
                assert again.code == 0, again.said
                assert home.unfinished() == []
                known = published(home.warehouse)
                assert known == polls.number
    assert home.run(BUILD, home.folder, "new").code == 0
    assert home.unfinished() == []
    home.check_landing()
    fresh = Lake(home.folder.with_name("fresh"))
    shutil.copytree(home.landing, fresh.landing)
    fresh.build()
    assert differences(everything_held(home.warehouse), everything_held(fresh.warehouse)) == {}
