"""Rounds and batches on several processes say what one process says, whoever is killed on the way."""

from __future__ import annotations

import threading
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest

from flows.cli import main
from tests.distributed.conftest import FIRST, SECOND, Cluster, kill, take_over
from tests.flows.backfill_world import Gate
from tests.killing import die_before_naming
from tests.warehouse.compare import differences, everything_held, everything_said


@dataclass
class Struck:
    """A home, what its commands said, and the workers that were killed in its collects and in its build."""

    home: Path
    said: list[str] = field(default_factory=list)
    killed: list[int] = field(default_factory=list)
    killed_building: list[int] = field(default_factory=list)

    def run(self, *arguments: str) -> None:
        with redirect_stdout(StringIO()) as out, pytest.raises(SystemExit) as left:
            main(arguments)
        assert not left.value.code
        self.said.append(out.getvalue())


@pytest.fixture(scope="module")
def struck(
    world: dict[str, str], cluster: Cluster, door: Gate, tmp_path_factory: pytest.TempPathFactory
) -> Struck:
    """Two rounds of each platform and a build on workers, of which one is killed in mid-round and all in the
    middle of the batches that they make."""
    home = tmp_path_factory.mktemp("struck") / "data"
    found = Struck(home)
    lock = threading.Lock()

    def strike(number: int) -> None:
        with lock:
            if not found.killed and number > asked + 5:
                found.killed.extend(cluster.asking(door, number))
                for process_id in found.killed:
                    kill(process_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMPAIGN_HOME", str(home))
        patch.setenv("CAMPAIGN_DASK", cluster.address)
        cluster.client.run(take_over, {"CAMPAIGN_HOME": str(home)})
        asked = len(door.asked)
        door.before = strike
        try:
            found.run("collect", "--as-of", FIRST)
        finally:
            door.before = lambda number: None
        found.run("collect", "--as-of", SECOND)
        before = set(cluster.processes().values())
        cluster.client.run(die_before_naming, 3)
        found.run("build")
        cluster.client.wait_for_workers(len(before), timeout=60)
        found.killed_building.extend(before - set(cluster.processes().values()))
    return found


def test_workers_killed_in_mid_round_and_mid_build_change_no_table(struck: Struck, alone: Path) -> None:
    assert len(struck.killed) == 1
    assert struck.killed_building
    ours, theirs = (everything_said(home / "warehouse.duckdb") for home in (struck.home, alone))
    assert differences(ours, theirs) == {}


def test_nothing_unfinished_is_left_of_those_that_were_killed(struck: Struck) -> None:
    assert not [path for path in struck.home.rglob("*") if ".part" in path.name]
    assert not list(struck.home.glob("readings/.making/*"))
    assert not list(struck.home.glob(".workers/*"))


def test_whose_round_was_taken_again_is_told(struck: Struck) -> None:
    first, second, _ = struck.said
    assert first.count("the worker that had its round was lost; another took it again, whole") == 1
    assert "was lost" not in second


def test_a_rebuild_over_workers_says_what_was_said_before(
    struck: Struck, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything_held(struck.home / "warehouse.duckdb")
    monkeypatch.setenv("CAMPAIGN_HOME", str(struck.home))
    monkeypatch.setenv("CAMPAIGN_DASK", cluster.address)
    cluster.client.run(take_over, {"CAMPAIGN_HOME": str(struck.home)})
    struck.run("build", "--full")
    assert differences(everything_held(struck.home / "warehouse.duckdb"), before) == {}
