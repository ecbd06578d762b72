"""Files that somebody else damaged: what landed is named and left out, everything made from it is made again
without a word, and what a run only remembers is forgotten."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.crashes.conftest import Chance
from tests.crashes.polls import Polls
from tests.killing import Forge
from tests.warehouse.compare import Rows, differences, everything_held
from warehouse.build import build
from warehouse.landed_files import landed_files
from warehouse.sealed import DAMAGED, is_as_sealed

Damage = Callable[[bytes, random.Random], bytes]


def halved(content: bytes, chance: random.Random) -> bytes:
    return content[: len(content) // 2]


def zeroed(content: bytes, chance: random.Random) -> bytes:
    return bytes(len(content))


def zeroed_inside(content: bytes, chance: random.Random) -> bytes:
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


def with_a_bit_turned(content: bytes, chance: random.Random) -> bytes:
    turned = bytearray(content)
    turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
    return bytes(turned)


def with_bits_turned(content: bytes, chance: random.Random) -> bytes:
    turned = bytearray(content)
    for _ in range(max(3, len(content) // 1000)):
        turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
    return bytes(turned)


DAMAGES: list[Damage] = [halved, zeroed, zeroed_inside, with_bits_turned]

READINGS = "platform=*/month=*/*.parquet"
DERIVED = [
    *((READINGS, damage) for damage in (zeroed, zeroed_inside, with_bits_turned)),
    ("batches/*.json", halved),
    ("batches/*.json", with_bits_turned),
    ("fingerprint", with_bits_turned),
]


@dataclass
class Built:
    """A lake with its warehouse, one poll that landed since, and the tables with and without it."""

    polls: Polls
    without: dict[str, Rows]
    tables: dict[str, Rows]

    @property
    def folder(self) -> Path:
        return self.polls.lake.root


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("damaged")
    polls = Polls(folder / "lake")
    polls.land(30)
    polls.lake.build()
    without = everything_held(polls.lake.warehouse)
    polls.land()
    later = folder / "later"
    shutil.copytree(polls.lake.root, later)
    build(later / "landing", later / "readings", later / "warehouse.duckdb")
    return Built(polls, without, everything_held(later / "warehouse.duckdb"))


@pytest.fixture
def lake(original: Built, tmp_path: Path) -> Path:
    shutil.copytree(original.folder, tmp_path / "lake")
    return tmp_path / "lake"


def built(lake: Path) -> tuple[dict[str, Rows], tuple[Path, ...]]:
    """The tables after a build, and the files that it named."""
    report = build(lake / "landing", lake / "readings", lake / "warehouse.duckdb")
    return everything_held(lake / "warehouse.duckdb"), report.failed


@pytest.mark.parametrize(("pattern", "damage"), DERIVED)
def test_damaged_readings_and_what_says_of_which_answers_they_are_are_made_again(
    original: Built, lake: Path, pattern: str, damage: Damage, chance: Chance
) -> None:
    damaged = list((lake / "readings").glob(pattern))
    assert damaged
    for path in damaged:
        path.write_bytes(damage(path.read_bytes(), chance.random))
    tables, named = built(lake)
    assert named == ()
    assert differences(original.tables, tables) == {}


@pytest.mark.parametrize("damage", [zeroed_inside, with_bits_turned])
def test_a_damaged_warehouse_is_made_again(
    original: Built, lake: Path, damage: Damage, chance: Chance
) -> None:
    warehouse = lake / "warehouse.duckdb"
    whole = warehouse.read_bytes()
    # Its beginning is whole, so that it can be opened.
    headers = 1024 * 1024
    warehouse.write_bytes(whole[:headers] + damage(whole[headers:], chance.random))
    tables, named = built(lake)
    assert named == ()
    assert differences(original.tables, tables) == {}


@pytest.mark.parametrize("damage", [halved, with_a_bit_turned])
def test_a_damaged_answer_is_named_and_counts_as_not_landed(
    original: Built, lake: Path, damage: Damage, chance: Chance
) -> None:
    newest = max(landed_files(lake / "landing", "x"), key=lambda path: path.name)
    whole = newest.read_bytes()
    newest.write_bytes(damage(whole, chance.random))
    tables, named = built(lake)
    assert named == (newest,)
    assert differences(original.without, tables) == {}
    newest.write_bytes(whole)
    tables, named = built(lake)
    assert named == ()
    assert differences(original.tables, tables) == {}


def test_no_turned_bit_of_an_answer_goes_unseen(original: Built, tmp_path: Path, chance: Chance) -> None:
    newest = landed_files(original.polls.lake.landing, "x")[-1]
    whole, rows = newest.read_bytes(), pq.ParquetFile(newest).read()
    assert is_as_sealed(newest)
    file = tmp_path / "turned.parquet"
    unseen = []
    for _ in range(300):
        file.write_bytes(with_a_bit_turned(whole, chance.random))
        # A bit beside the sum may hide it, and then no reader finds its way.
        with suppress(*DAMAGED):
            if is_as_sealed(file):
                unseen.append(pq.ParquetFile(file).read())
    # The name under which the sum is kept is a few bytes of some thousands; the rows are whole then.
    assert len(unseen) < 10
    assert all(table.equals(rows) for table in unseen)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_a_run_remembers_is_forgotten_where_it_is_damaged(
    forge: Forge, tmp_path: Path, damage: Damage, chance: Chance
) -> None:
    environment = {"CAMPAIGN_HOME": str(tmp_path / "home")}
    arguments = ["collect", "--as-of"]
    assert forge.run(*arguments, "2019-11-01T00:00Z", environment=environment).code == 0
    remembered = [path for path in (tmp_path / "home").glob(".*/*") if path.is_file()]
    assert {path.parent.name for path in remembered} >= {".pace", ".walks", ".attempts"}
    for path in remembered:
        path.write_bytes(damage(path.read_bytes(), chance.random))
    run = forge.run(*arguments, "2019-11-02T00:00Z", environment=environment)
    assert run.code == 0, run.said
    assert "campaign:" not in run.said


def test_a_damaged_ledger_stops_the_platform_that_is_paid_and_no_other(forge: Forge, tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {"CAMPAIGN_HOME": str(home)}
    arguments = ["collect", "--verbose", "--as-of"]
    assert forge.run(*arguments, "2019-11-01T00:00Z", environment=environment).code == 0
    ledger = home / "spending.sqlite"
    ledger.write_bytes(bytes(ledger.stat().st_size))
    run = forge.run(*arguments, "2019-11-02T00:00Z", environment=environment)
    assert run.code == 1
    (complaint,) = [line for line in run.said.splitlines() if line.startswith("campaign: ")]
    assert str(ledger) in complaint
    assert "may be moved away, which forgets what was spent" in complaint
    assert list((home / "landing" / "platform=youtube").glob("endpoint=*/date=2019-11-02/*.parquet"))
    assert re.search(r"^youtube +ok ", run.said, re.MULTILINE)
    ledger.unlink()
    assert forge.run(*arguments, "2019-11-02T00:00Z", environment=environment).code == 0
