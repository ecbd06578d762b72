"""A data folder whose runs are killed, and what must be true of it whatever becomes of them."""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.sandbox.server import Sandbox
from tests.killing import Forge, Run
from warehouse.landed_files import landed_files
from warehouse.publish import open_published

COLLECT = ("collect", "--all", "--as-of", "2019-11-01T00:00Z")

KILLS = float(os.environ.get("CRASH_KILLS", "1"))

REGISTRY = """\
id = "uk-general-election-2019"
name = "UK general election 2019"
starts = 2019-10-29
ends = 2019-12-12
timezone = "Europe/London"

[[sides]]
id = "labour"
ours = true

[[accounts]]
side = "labour"
platform = "x"
handle = "jeremycorbyn"

[[accounts]]
side = "labour"
platform = "youtube"
handle = "uklabour"

[[assets]]
id = "hashtag"
title = "#VoteLabour"
side = "labour"
kind = "hashtag"
hashtag = "VoteLabour"

[[budgets]]
platform = "x"
usd_per_day = 5.00
"""

_LANDED = re.compile(r" landed (?P<file>.+) responses=(?P<responses>\d+)\n")

# Of a landed file: who asked, and where it lies.
Place = tuple[str, str]


def _run_and_place(file: Path) -> Place:
    return file.name.rpartition("-")[0], "/".join(file.parts[-4:-1])


@dataclass
class Home:
    """A data folder, and what its runs have said to have landed."""

    folder: Path
    forge: Forge
    # Responses that a run's log has called landed, by run and folder.
    acknowledged: Counter[Place] = field(default_factory=Counter)
    # Landed files that were read to their ends, and the responses in them.
    _read: dict[Path, list[tuple[Place, str]]] = field(default_factory=dict)
    kills: int = 0
    runs: int = 0

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def campaign(
        self, *arguments: object, after_s: float | None = None, before_naming: int | None = None
    ) -> Run:
        """Run a command in this folder, and kill it."""
        return self.run("flows.cli:main", *arguments, after_s=after_s, before_naming=before_naming)

    def run(
        self,
        call: str,
        *arguments: object,
        after_s: float | None = None,
        before_naming: int | None = None,
        most_bytes: int | None = None,
    ) -> Run:
        """Run a function, and kill it or leave it no room."""
        run = self.forge.run(
            *arguments,
            call=call,
            after_s=after_s,
            before_naming=before_naming,
            most_bytes=most_bytes,
            environment={"CAMPAIGN_HOME": str(self.folder)},
        )
        self.runs += 1
        self.kills += run.is_killed
        self.acknowledge(run)
        return run

    def acknowledge(self, run: Run) -> None:
        """Take the word of a run's log for what landed. The folder may have another name to the run."""
        for line in _LANDED.finditer(run.said):
            file = Path(line["file"])
            self.acknowledged[_run_and_place(file)] += int(line["responses"])

    def succeeds(self, *arguments: object) -> Run:
        """Run a command that must do what is asked, and leave nothing unfinished behind."""
        run = self.campaign(*arguments)
        assert run.code == 0, run.said
        assert self.unfinished() == []
        return run

    def unfinished(self) -> list[Path]:
        """What a run was still writing when it ended."""
        return [
            path
            for path in self.folder.rglob("*")
            if ".part" in path.name or path.name.endswith(".wal") or path.name == ".making"
        ]

    def add(self, other: Home) -> None:
        """Count the runs of a copy as ours."""
        self.kills += other.kills
        self.runs += other.runs

    def check_landing(self) -> set[str]:
        """Every landed file can be read, and each response that was acknowledged is there; the names of all
        that are."""
        files = landed_files(self.landing)
        for file in set(files) - self._read.keys():
            # All of it is read, and little is needed.
            rows = pq.ParquetFile(file).read().select(["run_id", "response_id"]).to_pylist()
            _, place = _run_and_place(file)
            self._read[file] = [((row["run_id"], place), row["response_id"]) for row in rows]
        there = {response for file in files for response in self._read[file]}
        found = Counter(place for place, _ in there)
        lost = {place: count for place, count in self.acknowledged.items() if found[place] < count}
        assert not lost, f"the log called landed what is not there: {lost}"
        return {response for _, response in there}

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """Rows of the published warehouse."""
        with open_published(self.warehouse) as con:
            return con.execute(question).fetchall()


def copied(home: Home, name: str) -> Home:
    """The same folder once more, beside it."""
    other = Home(home.folder.with_name(name), home.forge)
    shutil.copytree(home.folder, other.folder, symlinks=True)
    return other


@dataclass
class Chance:
    """When to kill: every choice follows from a seed, which is printed where a test fails."""

    random: random.Random

    def kills(self, usual: int) -> int:
        """How many kills are wanted where there are usually so many."""
        return max(1, round(usual * KILLS))

    def instant(self, seconds: float) -> float:
        """An instant of a run that takes so long."""
        return self.random.uniform(0.0, seconds)

    def steps(self, named: int, usual: int) -> list[int]:
        """Some of the steps of a run that makes, names or removes something so often, in order."""
        return sorted(self.random.sample(range(named), min(named, self.kills(usual))))


@pytest.fixture
def chance() -> Chance:
    seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(1_000_000)))
    sys.stdout.write(f"CRASH_SEED={seed} chooses the same\n")
    return Chance(random.Random(seed))


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="package")
def forge(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """Forks the runs of `campaign`, against the sandbox over loopback."""
    with Forge(environment_of(sandbox, tmp_path_factory.mktemp("forge"))) as running:
        yield running


def environment_of(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """The settings of runs against the sandbox, with the registry in a folder."""
    (folder / "registry.toml").write_text(REGISTRY)
    return {**sandbox.settings, "CAMPAIGN_REGISTRY": str(folder / "registry.toml")}


@pytest.fixture(scope="package")
def collected(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that was read on one day and built; for copies."""
    home = Home(tmp_path_factory.mktemp("collected") / "home", forge)
    home.succeeds(*COLLECT)
    home.succeeds("build")
    return home


@pytest.fixture
def home(forge: Forge, tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home", forge)
    yield made
    sys.stdout.write(f"{made.runs} runs, {made.kills} of them killed\n")


@pytest.fixture
def unharmed(forge: Forge, tmp_path: Path) -> Home:
    """A folder for runs that nobody kills."""
    return Home(tmp_path / "unharmed", forge)
