"""Building: it costs what is new, it survives whatever it finds, and readers never see half of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import warehouse.build
from tests.warehouse.lake import Lake, campaign, x_post
from warehouse.batches import committed
from warehouse.build import BuildRefused, BuildReport, build
from warehouse.known import known_posts
from warehouse.landed_files import landed_files
from warehouse.landing import COLUMNS
from warehouse.publish import NoWarehouse, open_published

START = datetime(2019, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

FILM = campaign(assets={"film": ["x:1"]})
CLIP = campaign(assets={"clip": ["x:1"]})

Rows = list[tuple[object, ...]]

# No file may grow beyond so many bytes: to the program that is a full disk. Each lake has a limit of its own.
CRAMPED = """
import resource, signal, sys
from pathlib import Path
from warehouse.build import BuildRefused, build
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for argument in sys.argv[1:]:
    root = Path(argument)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(root.name), hard))
    try:
        build(root / "landing", root / "readings", root / "warehouse.duckdb", full=True)
    except BuildRefused as refusal:
        print(refusal)
"""
READING = """
import sys
from pathlib import Path
from warehouse.publish import open_published
with open_published(Path(sys.argv[1])) as con:
    print(con.execute("select sum(retweets)::bigint from marts.asset_totals").fetchone()[0])
"""
HOLDING = """
import fcntl, sys
lock = open(sys.argv[1], "a")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def poll(lake: Lake, number: int) -> None:
    """Land the reading of the numbered day: as many retweets as days."""
    lake.answer(START + number * DAY, {"data": [x_post("1", retweets=number, created_at=START - HOUR)]})


def new_lake(root: Path, *, polls: int = 3) -> Lake:
    lake = Lake(root)
    lake.register(FILM)
    for number in range(1, polls + 1):
        poll(lake, number)
    return lake


def retweets(lake: Lake) -> Rows:
    return lake.query("select asset_id, retweets from marts.asset_totals order by all")


def rebuilt(lake: Lake, root: Path) -> dict[str, Rows]:
    """The tables of a first build of the same landing, somewhere else."""
    fresh = Lake(root)
    shutil.copytree(lake.landing, fresh.landing)
    fresh.build()
    return fresh.tables()


@dataclass(frozen=True)
class Made:
    """A lake that was built once, and nobody writes to: what the build told and what the warehouse holds."""

    lake: Lake
    report: BuildReport
    steps: list[str]
    tables: dict[str, Rows]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three polls under a name that is awkward everywhere."""
    lake = new_lake(tmp_path_factory.mktemp("made") / "it's a lake; drop table x --")
    steps: list[str] = []
    report = lake.build(progress=steps.append)
    return Made(lake, report, steps, lake.tables())


@pytest.fixture
def before(made: Made) -> dict[str, Rows]:
    """What the warehouse of `lake` holds."""
    return made.tables


@pytest.fixture(scope="module")
def polled_again(made: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """The tables of a first build of that lake and a fourth poll."""
    lake = Lake(tmp_path_factory.mktemp("polled-again"), runs=made.lake.runs)
    shutil.copytree(made.lake.landing, lake.landing)
    poll(lake, 4)
    lake.build()
    return lake.tables()


@pytest.fixture
def lake(made: Made, tmp_path: Path) -> Lake:
    """A lake of three polls, and its warehouse."""
    return copied(made, tmp_path / "lake")


def copied(made: Made, root: Path) -> Lake:
    return Lake(Path(shutil.copytree(made.lake.root, root)), runs=made.lake.runs)


# What a build costs, and what makes it see something new --------------------------------------------------


def test_a_build_says_what_it_did_and_does_only_what_is_new(lake: Lake, made: Made) -> None:
    first = made.report
    assert (first.mode, first.responses, first.sightings, first.readings, first.failed) == (
        "full",
        3,
        3,
        3,
        (),
    )
    assert first.tables["marts.asset_totals"] == 1
    assert first.seconds > 0
    published = lake.warehouse.stat()
    again = lake.build()
    assert (again.mode, again.responses, again.readings, again.tables) == ("unchanged", 0, 3, first.tables)
    assert (lake.warehouse.stat().st_ino, lake.warehouse.stat().st_mtime_ns) == (
        published.st_ino,
        published.st_mtime_ns,
    )
    poll(lake, 4)
    more = lake.build()
    assert (more.mode, more.responses, more.sightings, more.readings) == ("incremental", 1, 1, 4)


def test_the_steps_of_a_build_are_told_as_they_begin(made: Made) -> None:
    steps = made.steps
    assert steps[0] == "reading 3 files of x"
    assert steps[-2:] == ["checking", "publishing"]
    begun = [step.partition(", ")[0] for step in steps]
    assert "merging summaries.counter_days" in begun
    assert "making marts.asset_daily" in begun


def test_answers_that_hold_nothing_new_do_not_count_as_a_change(lake: Lake) -> None:
    lake.answer(START + 9 * DAY, "<html>", status=503)
    report = lake.build()
    assert (report.responses, report.sightings) == (1, 0)
    assert retweets(lake) == [("film", 3)]


def test_a_changed_registry_alone_is_seen_and_an_empty_one_gives_empty_tables(lake: Lake) -> None:
    lake.register(CLIP)
    assert lake.build().mode == "incremental"
    assert retweets(lake) == [("clip", 3)]
    lake.register()
    lake.build()
    assert retweets(lake) == []
    lake.register(FILM)
    lake.build()
    assert retweets(lake) == [("film", 3)]


def test_a_new_time_zone_makes_the_days_again(lake: Lake, tmp_path: Path) -> None:
    zones = "select distinct timezone from summaries.counters order by all"
    tokyo = campaign("east", timezone="Asia/Tokyo", assets={"film": ["x:1"]})
    lake.register(FILM, tokyo)
    assert lake.build().mode == "full"
    assert lake.tables() == rebuilt(lake, tmp_path / "fresh")
    assert lake.query(zones) == [("Asia/Tokyo",), ("Europe/London",)]
    lake.register(FILM)
    lake.build()
    assert lake.query(zones) == [("Europe/London",)]


def test_a_warehouse_as_known_at_a_moment_knows_nothing_later_and_the_next_build_does(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.register(FILM, moment=START)
    for number in (1, 2, 3, 4):
        poll(lake, number)
    moment = START + 3 * DAY
    lake.answer(moment + timedelta(microseconds=1), {"data": [x_post("1", retweets=3_000)]})
    lake.register(CLIP, moment=START + 3 * DAY + HOUR)
    lake.build()
    now = lake.tables()
    assert retweets(lake) == [("clip", 4)]
    lake.build(as_known_at=moment)
    assert retweets(lake) == [("film", 3)]
    assert lake.build().mode == "full"
    assert lake.tables() == now
    assert lake.build().mode == "unchanged"


def test_without_a_registry_nothing_is_built(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    poll(lake, 1)
    with pytest.raises(BuildRefused, match="no registry has landed") as refusal:
        lake.build()
    assert "\n" not in str(refusal.value)
    assert not lake.warehouse.exists()


# Readers, and builds at the same time ---------------------------------------------------------------------


def test_an_open_reader_keeps_the_old_tables_and_a_new_process_sees_the_new_ones(lake: Lake) -> None:
    with open_published(lake.warehouse) as reader:
        poll(lake, 4)
        assert lake.build().mode == "incremental"
        assert reader.execute("select retweets from marts.asset_totals").fetchall() == [(3,)]
        other = subprocess.run(
            [sys.executable, "-c", READING, str(lake.warehouse)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert other.stdout.strip() == "4"
        assert reader.execute("select retweets from marts.asset_totals").fetchall() == [(3,)]


def test_a_build_is_not_misled_by_an_old_file_that_its_process_still_reads(lake: Lake) -> None:
    with open_published(lake.warehouse) as reader:
        lake.register(CLIP)
        lake.build()
        lake.register(FILM)
        lake.build()
        assert reader.execute("select asset_id from marts.asset_totals").fetchall() == [("film",)]
    assert retweets(lake) == [("film", 3)]


def test_a_second_build_at_the_same_time_is_refused_in_one_line(lake: Lake, before: dict[str, Rows]) -> None:
    holder = [sys.executable, "-c", HOLDING, str(lake.root / ".build.lock")]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BuildRefused, match="another build is running") as refusal:
            lake.build()
        process.stdin.close()
        process.wait(60)
    assert "\n" not in str(refusal.value)
    assert lake.tables() == before
    assert lake.build().mode == "unchanged"


def test_a_build_of_another_warehouse_from_the_same_readings_waits_its_turn(
    lake: Lake, tmp_path: Path
) -> None:
    poll(lake, 4)
    refused: list[str] = []

    def build_another(step: str) -> None:
        try:
            build(lake.landing, lake.readings, tmp_path / "elsewhere" / "other.duckdb")
        except BuildRefused as refusal:
            refused.append(str(refusal))

    report = lake.build(progress=build_another)
    assert report.mode == "incremental"
    assert refused, "two builds would drop each other's unfinished readings"
    assert "another build is running" in refused[0]


# What a build may find ------------------------------------------------------------------------------------


def test_leftovers_of_a_killed_build_are_cleared_away_and_count_for_nothing(
    lake: Lake, polled_again: dict[str, Rows]
) -> None:
    (batch, *_) = committed(lake.readings)
    whole = lake.readings / batch.files[0]
    landed = landed_files(lake.landing, "x")[0]
    leftovers = [
        lake.root / ".warehouse.duckdb.4711.part",
        lake.root / ".warehouse.duckdb.4711.part.wal",
        whole.with_name("0123456789abcdef-0.parquet"),
        lake.readings / ".making" / "month=2019-11" / "data_0.parquet",
    ]
    leftovers[3].parent.mkdir(parents=True)
    for path in leftovers:
        shutil.copyfile(whole, path)
    landed.with_name(f".{landed.name}.4711.part").write_bytes(landed.read_bytes()[:50])
    poll(lake, 4)
    assert lake.build().failed == ()
    assert [path for path in leftovers if path.exists()] == []
    assert lake.tables() == polled_again


def zeroed(path: Path) -> None:
    size = path.stat().st_size
    path.write_bytes(bytes(size))


def zeroed_in_its_pages(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(len(whole) // 3) + whole[4 + len(whole) // 3 :])


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    pq.write_table(pa.table({"day": ["2019-11-01"], "views": [12]}), path)


def not_text(path: Path) -> None:
    """A landed file whose bodies are no text: its pages are whole, and yet it cannot be read."""
    table = pq.ParquetFile(path).read()
    body = pa.Array.from_buffers(
        pa.string(), len(table), pa.array([b"\xff\xfe\xfa"] * len(table), pa.binary()).buffers()
    )
    place = COLUMNS.get_field_index("body")
    pq.write_table(table.set_column(place, COLUMNS.field("body"), body), path)


def misnamed(path: Path) -> None:
    """The footer calls a column by a name that is no text."""
    path.write_bytes(path.read_bytes().replace(b"endpoint", b"endp\xb7int"))


def footless(path: Path) -> None:
    """The footer is as long as it says, and noise."""
    whole = bytearray(path.read_bytes())
    length = int.from_bytes(whole[-8:-4], "little")
    whole[-8 - length : -8] = b"\xff" * length
    path.write_bytes(whole)


DAMAGES = [truncated, zeroed, zeroed_in_its_pages, emptied, foreign, not_text, misnamed, footless]


def test_damaged_landed_files_are_named_the_rest_is_built_and_mended_ones_are_read(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", polls=len(DAMAGES) + 2)
    files = sorted(landed_files(lake.landing, "x"))
    damaged = files[1:-1]
    whole = {path: path.read_bytes() for path in damaged}
    for path, damage in zip(damaged, DAMAGES, strict=True):
        damage(path)
    report = lake.build()
    assert sorted(report.failed) == damaged
    assert report.responses == 2
    assert lake.query("select sum(polls) from summaries.counter_days") == [(2,)]
    assert sorted(lake.build().failed) == damaged
    for path, content in whole.items():
        path.write_bytes(content)
    report = lake.build()
    assert (report.failed, report.responses) == ((), len(damaged))
    assert lake.tables() == rebuilt(lake, tmp_path / "fresh")


def test_a_damaged_registry_file_is_named_and_the_registry_before_it_stays_in_force(lake: Lake) -> None:
    lake.register(CLIP)
    damaged = landed_files(lake.landing, "registry")[-1]
    whole = damaged.read_bytes()
    truncated(damaged)
    assert lake.build().failed == (damaged,)
    assert retweets(lake) == [("film", 3)]
    damaged.write_bytes(whole)
    assert lake.build().failed == ()
    assert retweets(lake) == [("clip", 3)]


def test_a_full_disk_refuses_the_build_in_one_line_and_leaves_the_published_tables(
    made: Made, tmp_path: Path
) -> None:
    lakes = [copied(made, tmp_path / str(most)) for most in (100, 4_000, 100_000, 1_000_000)]
    command = [sys.executable, "-c", CRAMPED, *(str(lake.root) for lake in lakes)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    refusals = run.stdout.splitlines()
    assert len(refusals) == len(lakes)
    for lake, refusal in zip(lakes, refusals, strict=True):
        assert refusal.startswith("the build stopped")
        assert lake.warehouse.read_bytes() == made.lake.warehouse.read_bytes()
        assert lake.build().mode in ("full", "incremental", "unchanged")
        assert lake.tables() == made.tables


def test_all_is_built_again_though_it_takes_more_memory_than_was_meant_for_it(
    lake: Lake, before: dict[str, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse.build, "MEMORY_AT_LEAST", 1024 * 1024)
    steps: list[str] = []
    everything = build(lake.landing, lake.readings, lake.warehouse, full=True, progress=steps.append)
    assert (everything.mode, everything.responses, everything.readings) == ("full", 3, 3)
    assert steps.count("beginning again with more memory") == 1
    assert lake.tables() == before
    assert list(lake.root.glob(".*.part*")) == []


def text_instead(path: Path) -> None:
    path.write_text("This is not a database, it is a letter to one. " * 2000)


def somebody_elses(path: Path) -> None:
    path.unlink()
    with duckdb.connect(path) as con:
        con.execute("create table ours (number integer)")


@pytest.mark.parametrize("damage", [text_instead, emptied, halved, somebody_elses])
def test_a_published_file_that_is_no_warehouse_is_replaced(
    lake: Lake, before: dict[str, Rows], damage: Callable[[Path], None]
) -> None:
    damage(lake.warehouse)
    assert lake.build().mode == "full"
    assert lake.tables() == before


def test_a_warehouse_and_readings_of_an_earlier_release_are_made_again(
    lake: Lake, before: dict[str, Rows]
) -> None:
    with duckdb.connect(lake.warehouse) as con:
        con.execute("update ops.basis set summaries = 'of an earlier release', derived = summaries")
        con.execute("drop table summaries.periods")
        con.execute("alter table summaries.sightings drop column refused_at")
        con.execute("drop table marts.posts")
    with pytest.raises(NoWarehouse, match=r"run `campaign build --full`") as refusal:
        known_posts(lake.warehouse)
    assert "\n" not in str(refusal.value)
    (lake.readings / "fingerprint").write_text("of an earlier release")
    report = lake.build()
    assert (report.mode, report.responses) == ("full", 3)
    assert lake.tables() == before


@pytest.mark.parametrize(
    "damage", [shutil.rmtree, Path.unlink, truncated], ids=["folder", "file", "half a file"]
)
def test_readings_that_were_lost_or_damaged_are_made_again(
    lake: Lake, polled_again: dict[str, Rows], damage: Callable[[Path], None]
) -> None:
    (batch, *_) = committed(lake.readings)
    damage(lake.readings if damage is shutil.rmtree else lake.readings / batch.files[0])
    poll(lake, 4)
    lake.build()
    assert lake.tables() == polled_again


def test_names_with_quotes_and_spaces_are_names_like_others(made: Made) -> None:
    assert "'" in made.lake.root.name
    assert retweets(made.lake) == [("film", 3)]


# Killed at any instant ------------------------------------------------------------------------------------
