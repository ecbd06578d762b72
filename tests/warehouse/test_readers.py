"""Readers in other processes while builds publish and are rolled back: they never notice."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.lake import Lake, campaign, x_post
from warehouse.publish import NoWarehouse, open_published, publish
from warehouse.versions import roll_back

START = datetime(2019, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BUILDS = 12

# Opens and asks until it has seen the build named; each build seen is a line, and so is whatever goes wrong.
# One connection is kept from the beginning and must go on telling what it told first.
READING = """
import sys
from pathlib import Path
from warehouse.publish import open_published
warehouse, last = Path(sys.argv[1]), int(sys.argv[2])
QUESTION = '''
    select
        (select made from ops.basis), (select sum(views) from marts.asset_totals),
        (select sum(views) from marts.side_totals)
'''
kept = open_published(warehouse)
first = kept.execute(QUESTION).fetchone()
seen = None
while seen != last:
    with open_published(warehouse) as con:
        build, assets, sides = con.execute(QUESTION).fetchone()
        again = con.execute(QUESTION).fetchone()
    if not (assets == sides == build * 500500) or again != (build, assets, sides):
        print("torn", build, assets, sides, again, flush=True)
    if kept.execute(QUESTION).fetchone() != first:
        print("moved", flush=True)
    if build != seen:
        print(build, flush=True)
    seen = build
"""


def make(file: Path, number: int) -> Path:
    """A warehouse in small of a numbered build: two marts that add up to the same."""
    with duckdb.connect(file) as con:
        con.execute("create schema ops; create schema marts; create schema summaries")
        con.execute(f"create table ops.basis as select {number} as made")
        con.execute(f"create table summaries.counter_days as select {number} as polls")
        con.execute(f"create table marts.asset_totals as select {number} * range as views from range(1001)")
        con.execute(f"create table marts.side_totals as select {number} * range as views from range(1001)")
    return file


def test_readers_never_fail_and_never_see_half_a_build(tmp_path: Path) -> None:
    warehouse, made = tmp_path / "warehouse.duckdb", tmp_path / ".warehouse.duckdb.1.part"
    publish(make(made, 1), warehouse)
    command = [sys.executable, "-c", READING, str(warehouse), str(BUILDS)]
    with ExitStack() as stack:
        readers = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            for _ in range(3)
        ]
        pipes = [reader.stdout for reader in readers]
        for pipe in pipes:
            assert pipe is not None
            assert pipe.readline() == "1\n"
        for number in range(2, BUILDS + 1):
            publish(make(made, number), warehouse, 2)
            if number % 5 == 0:
                roll_back(warehouse)
        told = [pipe.read().split("\n")[:-1] for pipe in pipes if pipe is not None]
    assert [reader.returncode for reader in readers] == [0, 0, 0]
    for lines in told:
        assert lines[-1] == str(BUILDS)
        assert all(line.isdigit() and 1 <= int(line) <= BUILDS for line in lines)


def land(lake: Lake, number: int) -> None:
    lake.answer(START + number * DAY, {"data": [x_post("1", retweets=number, created_at=START)]})


def retweets(lake: Lake) -> object:
    ((found,),) = lake.query("select retweets from marts.asset_totals")
    return found


def test_a_full_disk_while_the_version_is_copied_keeps_what_was_published(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"film": ["x:1"]}))
    for number in (1, 2):
        land(lake, number)
        lake.build()
    land(lake, 3)
    script = """
import errno, sys
from pathlib import Path
from warehouse.build import BuildRefused, build
def hook(event, arguments):
    if event == "os.link":
        raise PermissionError(errno.EPERM, "no links here")
    if event == "shutil.copyfile" and "versions" in str(arguments[1]):
        raise OSError(errno.ENOSPC, "No space left on device")
sys.addaudithook(hook)
root = Path(sys.argv[1])
try:
    build(root / "landing", root / "readings", root / "warehouse.duckdb")
except BuildRefused as refusal:
    print(refusal)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(lake.root)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("the build stopped ([Errno 28] No space left on device); what was published")
    assert ran.stdout.count("\n") == 1
    assert retweets(lake) == 2
    lake.build()
    assert retweets(lake) == 3


# What cannot be read --------------------------------------------------------------------------------------


def test_a_file_of_a_newer_database_is_one_line_that_names_the_fix(tmp_path: Path) -> None:
    warehouse = make(tmp_path / "warehouse.duckdb", 1)
    content = bytearray(warehouse.read_bytes())
    # After the checksum and the letters DUCK comes the version of the format.
    assert content[8:12] == b"DUCK"
    content[12:20] = (9999).to_bytes(8, "little")
    warehouse.write_bytes(content)
    with pytest.raises(NoWarehouse, match="run `campaign build --full`, which makes it again") as refusal:
        open_published(warehouse)
    assert "\n" not in str(refusal.value)


def test_a_database_that_no_build_made_is_one_line_that_names_the_fix(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    duckdb.connect(warehouse).close()
    with pytest.raises(NoWarehouse, match=r"no build made it; move it away and run `campaign build --full`"):
        open_published(warehouse)


def test_a_warehouse_that_a_program_has_open_for_writing_is_one_line_that_names_the_fix(
    tmp_path: Path,
) -> None:
    warehouse = make(tmp_path / "warehouse.duckdb", 1)
    script = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open'); sys.stdin.read()"
    command = [sys.executable, "-u", "-c", script, str(warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(NoWarehouse, match="close the program that has it open for writing") as refusal:
            open_published(warehouse)
        process.communicate()
    assert "\n" not in str(refusal.value)


def test_reading_writes_nothing_beside_the_warehouse(tmp_path: Path) -> None:
    warehouse = make(tmp_path / "warehouse.duckdb", 1)
    before = sorted(tmp_path.iterdir())
    with open_published(warehouse) as con:
        assert sorted(tmp_path.iterdir()) == before
        assert con.execute("select made from ops.basis").fetchone() == (1,)
    assert sorted(tmp_path.iterdir()) == before
