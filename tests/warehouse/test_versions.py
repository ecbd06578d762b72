"""Versions: what was published before is kept and can be gone back to, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tests.killing import ROOT
from warehouse.publish import open_published, publish
from warehouse.versions import RollbackRefused, kept_versions, roll_back, tidy

FIRST = datetime(2026, 11, 1, 6, 0, tzinfo=UTC).timestamp()

# Runs publish or roll_back in forked processes, one for each folder named. The Nth is killed when it is about
# to write, name or remove something for the Nth time; the last line tells how many came to their end.
KILLED = """
import os, sys
from pathlib import Path
from tests.killing import die_before_naming
from warehouse.publish import publish
from warehouse.versions import roll_back
what, has_links, *folders = sys.argv[1:]
def refuse_links(event, arguments):
    if event == "os.link" and has_links == "without links":
        raise PermissionError(1, "no links here")
ended = 0
for number, folder in enumerate(folders):
    child = os.fork()
    if child == 0:
        warehouse = Path(folder) / "warehouse.duckdb"
        die_before_naming(number)
        sys.addaudithook(refuse_links)
        if what == "publish":
            publish(Path(folder) / ".warehouse.duckdb.1.part", warehouse, 2)
        else:
            roll_back(warehouse)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        assert os.WEXITSTATUS(status) == 0
        ended += 1
print(ended)
"""
# No file may grow beyond 64 KiB, and there are no links: to the program that is a full disk of a simple kind.
CRAMPED = """
import resource, signal, sys
from pathlib import Path
from warehouse.publish import publish
from warehouse.versions import RollbackRefused, roll_back
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
def hook(event, arguments):
    if event == "os.link":
        raise PermissionError(1, "no links here")
sys.addaudithook(hook)
root = Path(sys.argv[1])
try:
    publish(root / ".warehouse.duckdb.1.part", root / "warehouse.duckdb", 2)
except OSError as error:
    print(error.strerror)
try:
    roll_back(root / "warehouse.duckdb")
except RollbackRefused as refusal:
    print(refusal)
"""
HOLDING = """
import fcntl, sys
lock = open(sys.argv[1], "a")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def make(file: Path, number: int) -> Path:
    """A warehouse in small: a numbered build, made at an hour of its own, on as many readings."""
    with duckdb.connect(file) as con:
        for schema in ("ops", "summaries", "marts"):
            con.execute(f"create schema {schema}")
        con.execute("create table ops.basis (made integer)")
        con.execute(f"create table summaries.counter_days as select {number} as polls")
        con.execute(f"create table marts.asset_totals as select {number} as build, {number * 1000} as views")
    os.utime(file, (FIRST + number * 3600,) * 2)
    return file


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("builds")
    return [make(folder / f"{number}.duckdb", number) for number in range(7)]


class Home:
    """A folder with a published warehouse."""

    def __init__(self, folder: Path, builds: list[Path]) -> None:
        self.folder = folder
        self.builds = builds
        self.warehouse = folder / "warehouse.duckdb"

    @property
    def next(self) -> Path:
        return self.folder / ".warehouse.duckdb.1.part"

    def publish(self, *numbers: int, keep: int = 3) -> None:
        for number in numbers:
            shutil.copy2(self.builds[number], self.next)
            publish(self.next, self.warehouse, keep)

    @property
    def published(self) -> int:
        """The number of the published build: the file is that build's, byte for byte."""
        content = self.warehouse.read_bytes()
        (number,) = [n for n, build in enumerate(self.builds) if build.read_bytes() == content]
        return number

    @property
    def kept(self) -> list[int]:
        """The numbers of the builds that are kept, by the hours at which they were made."""
        made = [version.made_at.timestamp() for version in kept_versions(self.warehouse)]
        return [int((moment - FIRST) // 3600) for moment in made]

    @property
    def files(self) -> list[str]:
        """The names of all files but the lock, the folder of versions' too."""
        return sorted(
            path.name for path in self.folder.rglob("*") if path.is_file() and path.name != ".build.lock"
        )


def build_in(file: Path) -> int:
    with open_published(file) as con:
        row = con.execute("select build, views from marts.asset_totals").fetchone()
    assert row is not None
    assert row[1] == row[0] * 1000
    return int(row[0])


@pytest.fixture
def home(tmp_path: Path, builds: list[Path]) -> Home:
    return Home(tmp_path, builds)


# What is kept ---------------------------------------------------------------------------------------------


def test_the_builds_before_are_kept_and_never_more_than_set(home: Home) -> None:
    seen = []
    for number in range(1, 6):
        home.publish(number, keep=2)
        seen.append((home.published, home.kept))
    assert seen == [(1, []), (2, [1]), (3, [1, 2]), (4, [2, 3]), (5, [3, 4])]
    assert home.files == ["warehouse-000003.duckdb", "warehouse-000004.duckdb", "warehouse.duckdb"]


def test_none_is_kept_where_none_is_wanted(home: Home) -> None:
    home.publish(1, 2, 3, keep=0)
    assert home.files == ["warehouse.duckdb"]
    with pytest.raises(RollbackRefused, match=r"no earlier build .* CAMPAIGN_KEEP_BUILDS"):
        roll_back(home.warehouse)


def test_a_lowered_setting_drops_the_oldest(home: Home) -> None:
    home.publish(1, 2, 3, 4)
    tidy(home.warehouse, 2)
    assert (home.published, home.kept) == (4, [2, 3])
    home.publish(5, keep=1)
    assert (home.published, home.kept) == (5, [4])
    tidy(home.warehouse, 0)
    assert (home.published, home.kept) == (5, [])


def test_what_no_build_made_is_not_kept(home: Home) -> None:
    home.warehouse.write_text("a letter")
    home.publish(1)
    assert (home.published, home.kept) == (1, [])


def test_versions_of_another_warehouse_in_the_folder_are_left_alone(home: Home) -> None:
    home.publish(1, 2)
    other = Home(home.folder, home.builds)
    other.warehouse = home.folder / "warehouse-000001.duckdb"
    other.publish(3, 4, keep=0)
    tidy(other.warehouse, 0)
    assert (home.kept, other.kept) == ([1], [])


# The way back ---------------------------------------------------------------------------------------------


def test_each_rollback_goes_one_build_further_back_and_says_to_which(home: Home) -> None:
    home.publish(1, 2, 3)
    told = roll_back(home.warehouse)
    assert (home.published, home.kept) == (2, [1])
    assert (told.made_at, told.readings, told.left) == (datetime(2026, 11, 1, 8, tzinfo=UTC), 2, 1)
    told = roll_back(home.warehouse)
    assert (home.published, home.kept) == (1, [])
    assert (told.made_at, told.readings, told.left) == (datetime(2026, 11, 1, 7, tzinfo=UTC), 1, 0)
    with pytest.raises(RollbackRefused, match="no earlier build to go back to") as refusal:
        roll_back(home.warehouse)
    assert "\n" not in str(refusal.value)
    assert home.published == 1


def test_what_a_rollback_takes_away_lies_aside_until_the_next_build(home: Home) -> None:
    home.publish(1, 2, 3)
    asides = [roll_back(home.warehouse).set_aside, roll_back(home.warehouse).set_aside]
    assert [build_in(path) for path in asides if path] == [3, 2]
    home.publish(4)
    assert (home.published, home.kept) == (4, [1])
    assert home.files == ["warehouse-000001.duckdb", "warehouse.duckdb"]


def test_a_lost_warehouse_is_brought_back(home: Home) -> None:
    home.publish(1, 2)
    home.warehouse.unlink()
    assert roll_back(home.warehouse).set_aside is None
    assert home.published == 1


@pytest.mark.parametrize("damage", ["cut short", "overwritten inside"])
def test_a_damaged_version_is_refused_by_name_and_the_one_before_it_can_be_reached(
    home: Home, damage: str
) -> None:
    home.publish(1, 2, 3)
    newest = kept_versions(home.warehouse)[-1].path
    whole = newest.read_bytes()
    half = len(whole) // 2
    newest.write_bytes(whole[:half] if damage == "cut short" else whole[:16384] + bytes(len(whole) - 16384))
    with pytest.raises(RollbackRefused, match=rf"{newest} is damaged .*; delete it") as refusal:
        roll_back(home.warehouse)
    assert "\n" not in str(refusal.value)
    assert home.published == 3
    newest.unlink()
    roll_back(home.warehouse)
    assert home.published == 1


def test_a_version_of_a_release_that_counted_otherwise_can_be_gone_back_to(home: Home) -> None:
    home.publish(1, 2)
    version = kept_versions(home.warehouse)[-1]
    with duckdb.connect(version.path) as con:
        con.execute("drop table summaries.counter_days")
    assert roll_back(home.warehouse).readings is None
    assert build_in(home.warehouse) == 1


def test_a_rollback_does_not_meet_a_build(home: Home) -> None:
    home.publish(1, 2)
    holder = [sys.executable, "-c", HOLDING, str(home.folder / ".build.lock")]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RollbackRefused, match="a build is running; let it finish"):
            roll_back(home.warehouse)
        process.stdin.close()
        process.wait(60)
    assert home.published == 2


def test_an_open_reader_keeps_its_tables_through_builds_and_rollbacks(home: Home) -> None:
    home.publish(1, 2)
    with open_published(home.warehouse) as reader:
        home.publish(3)
        assert home.published == 3
        roll_back(home.warehouse)
        roll_back(home.warehouse)
        assert home.published == 1
        home.publish(4, 5, keep=0)
        assert reader.execute("select build from marts.asset_totals").fetchall() == [(2,)]
    assert home.published == 5


# Killed, and out of room ----------------------------------------------------------------------------------


@pytest.mark.parametrize("links", ["with links", "without links"])
@pytest.mark.parametrize(("what", "after", "kept"), [("publish", 4, 2), ("roll back", 2, 2)])
def test_killed_before_any_step_it_leaves_a_whole_warehouse_and_nothing_that_stays(
    tmp_path: Path, builds: list[Path], what: str, after: int, kept: int, links: str
) -> None:
    first = Home(tmp_path / "0", builds)
    first.folder.mkdir()
    first.publish(1, 2, 3, keep=kept)
    shutil.copy2(builds[4], first.next)
    homes = [first, *(Home(tmp_path / f"{number}", builds) for number in range(1, 18))]
    for home in homes[1:]:
        shutil.copytree(first.folder, home.folder)
    command = [sys.executable, "-c", KILLED, what, links, *(str(home.folder) for home in homes)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    assert 0 < int(ran.stdout) < len(homes) - 3
    found = []
    for home in homes:
        found.append(home.published)
        assert len([name for name in home.files if name.startswith("warehouse-0")]) <= kept + 1
        before = home.kept
        assert before == sorted(before)
        assert home.published not in before
        assert len(before) <= kept
        tidy(home.warehouse, kept)
        home.publish(5, keep=kept)
        assert home.kept == [*before, found[-1]][-kept:]
        assert len(home.files) == len(home.kept) + 1
    assert home.published == 5
    assert found == sorted(found, reverse=after < 3)
    assert set(found) == {3, after}


def test_a_full_disk_leaves_what_was_published(home: Home) -> None:
    home.publish(1, 2, 3, keep=2)
    shutil.copy2(home.builds[4], home.next)
    ran = subprocess.run(
        [sys.executable, "-c", CRAMPED, str(home.folder)], capture_output=True, text=True, check=True
    )
    full, refused = ran.stdout.splitlines()
    assert full == "File too large"
    assert "make room in" in refused
    assert home.published == 3
    home.publish(4, keep=2)
    assert (home.published, home.kept) == (4, [2, 3])
    assert len(home.files) == 3
