"""What is done to a lake that is read already, killed: publishing, rolling back, compaction. No response and
no number is lost, and nothing is left behind that piles up."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.crashes.conftest import Chance, Home, copied
from tests.crashes.polls import Polls
from tests.warehouse.compare import differences, everything_held
from tests.warehouse.test_versions import make
from warehouse.build import build
from warehouse.landed_files import landed_files
from warehouse.publish import publish
from warehouse.versions import tidy

MAINTAIN = ["maintain", "--as-of", "2019-11-10"]
PUBLISH = "tests.crashes.operations:publish"
ROLL_BACK = "tests.crashes.operations:roll_back"
DAYS = 2
# Of the copies, so many are built between a kill and the next compaction.
BUILT_IN_BETWEEN = 1


def files_by_day(home: Home) -> Counter[str]:
    return Counter(file.parent.name for file in landed_files(home.landing, "x"))


def test_a_killed_compaction_loses_no_response_and_no_number(home: Home, chance: Chance) -> None:
    polls = Polls(home.folder)
    polls.land(24 * DAYS)
    polls.lake.build()
    before = everything_held(home.warehouse)
    responses = home.check_landing()
    first = copied(home, "measured")
    measured = first.succeeds(*MAINTAIN)
    compacted = files_by_day(first)
    assert compacted.total() < files_by_day(home).total() / 10
    for number in range(chance.kills(5)):
        one = copied(home, f"{number}")
        for _ in range(2):
            if number % 2:
                one.campaign(*MAINTAIN, after_s=chance.instant(measured.seconds))
            else:
                step = chance.random.randrange(measured.named)
                one.campaign(*MAINTAIN, before_naming=step)
            assert one.check_landing() == responses
        if number < BUILT_IN_BETWEEN:
            build(one.landing, one.folder / "readings", one.warehouse)
            assert differences(before, everything_held(one.warehouse)) == {}
        one.succeeds(*MAINTAIN)
        assert one.check_landing() == responses
        assert files_by_day(one) == compacted
        home.add(one)
    assert build(one.landing, one.folder / "readings", one.warehouse).mode == "unchanged"
    build(one.landing, one.folder / "readings", one.warehouse, full=True)
    assert differences(before, everything_held(one.warehouse)) == {}


@pytest.mark.parametrize(("call", "after"), [(PUBLISH, 4), (ROLL_BACK, 2)])
def test_a_killed_publication_or_rollback_leaves_a_whole_warehouse_and_the_next_one_succeeds(
    home: Home, chance: Chance, tmp_path: Path, call: str, after: int
) -> None:
    builds = [make(tmp_path / f"{number}.duckdb", number) for number in range(6)]
    home.folder.mkdir()
    made = home.folder / ".warehouse.duckdb.1.part"

    def begin(name: str) -> Home:
        for number in (1, 2, 3, 4):
            shutil.copy2(builds[number], made)
            if number < 4:
                publish(made, home.warehouse, 2)
        one = copied(home, name)
        shutil.rmtree(home.folder)
        home.folder.mkdir()
        return one

    def attempt(one: Home, after_s: float | None = None) -> float:
        unpublished = one.folder / made.name
        run = one.run(call, unpublished, one.warehouse, after_s=after_s)
        assert run.is_killed or run.code == 0, run.said
        return run.seconds

    seconds = attempt(begin("measured"))
    for number in range(chance.kills(8)):
        one = begin(f"{number}")
        attempt(one, chance.instant(seconds))
        assert one.ask("select build from marts.asset_totals") in ([(3,)], [(after,)])
        shutil.copy2(builds[5], one.folder / made.name)
        assert one.run(PUBLISH, one.folder / made.name, one.warehouse).code == 0
        assert one.ask("select build from marts.asset_totals") == [(5,)]
        # As the next build begins.
        tidy(one.warehouse, 2)
        assert one.unfinished() == []
        home.add(one)
