"""Runs on a lake in a bucket that are killed: what their logs called landed is in the bucket, whole; the next
run needs no hand, on this machine or on another; the numbers are those of runs on a folder that nobody
killed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from tests.crashes.conftest import Chance, Home
from tests.killing import Forge
from tests.s3.conftest import Bucket, Machine
from tests.warehouse.compare import differences, everything_said
from tests.warehouse.lake import Lake, x_post

FIRST = datetime(2019, 11, 1, tzinfo=UTC)
HOURS = timedelta(hours=3)
WORDS = "Words that one day nobody may read any more"


def collect(number: int) -> list[str]:
    return ["collect", "--verbose", "--all", "--as-of", (FIRST + number * HOURS).isoformat()]


def test_killed_collects_lose_nothing_and_another_machine_builds_the_same_tables(
    machine: Callable[[str], Machine], unharmed: Home, chance: Chance
) -> None:
    one, other = machine("one"), machine("other")
    unharmed.succeeds(*collect(0))
    one.succeeds(*collect(0))
    for number in range(1, chance.kills(2) + 1):
        usual = unharmed.succeeds(*collect(number))
        one.campaign(*collect(number), before_naming=chance.random.randrange(usual.named))
        one.check_landing()
        one.campaign(*collect(number), after_s=chance.instant(2 * usual.seconds))
        one.check_landing()
        one.succeeds(*collect(number))
        one.check_landing()
    assert one.kills > 0
    for home in (unharmed, other):
        home.succeeds("build")
    assert differences(everything_said(unharmed.warehouse), everything_said(other.warehouse)) == {}


@pytest.fixture(scope="module")
def landed(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake in a folder, in which a post with words was polled for two days, and its tables."""
    lake = Lake(tmp_path_factory.mktemp("landed"))
    for hour in range(0, 48, 4):
        post = x_post("1", retweets=hour, created_at=FIRST, text=WORDS)
        lake.answer(FIRST + timedelta(hours=hour), {"data": [post]}, run_id=f"run-{hour:02d}")
    home = Home(lake.root, forge)
    home.succeeds("build")
    return lake


@pytest.mark.parametrize(
    ("arguments", "built_before"),
    [
        (["build", "--full"], False),
        (["maintain", "--as-of", "2019-11-10"], True),
        (["forget", "x:1"], True),
    ],
    ids=["build", "maintain", "forget"],
)
def test_what_changes_the_lake_may_be_killed_at_any_instant_and_another_machine_finishes_it(
    machine: Callable[[str], Machine],
    bucket: Bucket,
    unharmed: Home,
    landed: Lake,
    chance: Chance,
    arguments: list[str],
    built_before: bool,
) -> None:
    one, other = machine("one"), machine("other")
    shutil.copytree(landed.root, unharmed.folder)
    bucket.take_in(landed.root)
    if built_before:
        one.succeeds("build")
        # A copy of a data folder is another machine.
        shutil.copytree(one.folder, other.folder)
    responses = one.check_landing()
    measured = unharmed.succeeds(*arguments)
    steps = chance.steps(measured.named, 1)
    for number in range(2 * len(steps)):
        if number % 2:
            one.campaign(*arguments, after_s=chance.instant(1.5 * measured.seconds))
        else:
            one.campaign(*arguments, before_naming=steps[number // 2])
        assert one.check_landing() >= responses
    # Once a run has come to its end, the next ones have little to do and may not live to their kill.
    assert one.kills > 0
    # The lease of the last that was killed has to expire first.
    other.succeeds(*arguments)
    assert other.check_landing() >= responses
    for home in (unharmed, one, other):
        home.succeeds("build")
    said = everything_said(unharmed.warehouse)
    for home in (one, other):
        assert differences(said, everything_said(home.warehouse)) == {}
        assert one.mirrored() == {name: bucket.content(name) for name in bucket.names()}
    count = len(list((unharmed.folder / "landing" / "platform=x").rglob("*.parquet")))
    assert len(bucket.names("landing/platform=x/")) == count
    assert holds_words(bucket) is (arguments[0] != "forget")


def holds_words(bucket: Bucket) -> bool:
    """Whether the words stand in a file of the lake."""
    files = [bucket.content(name) for name in bucket.names() if name.endswith(".parquet")]
    return any(WORDS in str(pq.ParquetFile(io.BytesIO(file)).read().to_pylist()) for file in files)
