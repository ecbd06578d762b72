"""Compaction: fewer files, the same rows, the same tables, and nothing read twice."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.warehouse.compare import Rows, differences, everything_held
from tests.warehouse.lake import Lake, campaign, x_post
from warehouse.batches import committed
from warehouse.build import build
from warehouse.compacting import Compaction, compact
from warehouse.landed_files import landed_files
from warehouse.readings import update

START = datetime(2019, 11, 20, tzinfo=UTC)
AFTER = date(2019, 11, 22)


def poll(lake: Lake, hour: int) -> None:
    """One hourly collect: two endpoints, a file each."""
    moment = START + timedelta(hours=hour)
    shown = [x_post(f"{n}", retweets=10 * hour + n, created_at=START, text=f"Post {n}") for n in (1, 2)]
    lake.answer(moment, {"data": shown})
    lake.answer(moment, {"data": shown[:1], "meta": {"result_count": 1}}, endpoint="timeline")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three days of an hourly collect, built; two of the days are over."""
    lake = Lake(tmp_path_factory.mktemp("made"))
    lake.register(campaign(assets={"film": ["x:1"]}))
    for hour in range(0, 72, 4):
        poll(lake, hour)
    lake.build()
    return lake


@pytest.fixture(scope="module")
def before(made: Lake) -> dict[str, Rows]:
    """What its warehouse holds."""
    return everything_held(made.warehouse)


@pytest.fixture
def lake(made: Lake, tmp_path: Path) -> Lake:
    """A copy of it."""
    shutil.copytree(made.root, tmp_path / "lake")
    return Lake(tmp_path / "lake", made.runs)


def compacted(lake: Lake, before: date = AFTER, **options: Any) -> Compaction:
    return compact(lake.landing, lake.readings, before=before, **options)


def rows(lake: Lake) -> list[dict[str, object]]:
    """Every landed row, of which there may be two."""
    found = [row for path in landed_files(lake.landing) for row in pq.ParquetFile(path).read().to_pylist()]
    return sorted(found, key=lambda row: str(row["response_id"]))


def names(lake: Lake, folder: str) -> list[str]:
    return sorted(path.name for path in (lake.landing / folder).glob("*"))


def sightings(lake: Lake) -> int:
    return sum(
        pq.read_metadata(lake.readings / file).num_rows
        for batch in committed(lake.readings)
        for file in batch.files
    )


def unlike(lake: Lake, before: dict[str, Any]) -> dict[str, Any]:
    return differences(before, everything_held(lake.warehouse))


def test_a_day_that_is_over_becomes_one_file_with_the_same_rows_in_their_order(lake: Lake) -> None:
    before, folder = rows(lake), lake.landing / "platform=x/endpoint=posts/date=2019-11-20"
    order = [
        row["response_id"] for path in sorted(folder.glob("*")) for row in pq.read_table(path).to_pylist()
    ]
    done = compacted(lake)
    assert (done.files_before, done.files_after, done.damaged) == (24, 4, ())
    assert done.bytes_after < done.bytes_before
    (file,) = folder.glob("*")
    assert pq.read_table(file)["response_id"].to_pylist() == order
    assert rows(lake) == before


def test_running_days_and_the_newest_day_the_registry_and_exports_stay_as_they_are(lake: Lake) -> None:
    lake.answer(START, {"rows": []}, endpoint="export")
    lake.answer(START, {"rows": []}, endpoint="export")
    before = {path for path in landed_files(lake.landing) if "date=2019-11-20" not in str(path)}
    exports = names(lake, "platform=x/endpoint=export/date=2019-11-20")
    compacted(lake, date(2019, 11, 21))
    assert before <= set(landed_files(lake.landing))
    assert names(lake, "platform=x/endpoint=export/date=2019-11-20") == exports
    # However late it is: the newest day tells of the last run.
    newest = names(lake, "platform=x/endpoint=posts/date=2019-11-22")
    compacted(lake, date(2030, 1, 1))
    assert names(lake, "platform=x/endpoint=posts/date=2019-11-22") == newest
    assert len(newest) == 6


def test_the_next_build_reads_nothing_and_a_full_one_gives_the_same_tables(
    lake: Lake, before: dict[str, Rows]
) -> None:
    then = START + timedelta(hours=30)
    known = lake.root / "then.duckdb"
    build(lake.landing, lake.readings, known, as_known_at=then)
    before_then = everything_held(known)
    compacted(lake)
    again = lake.build()
    assert (again.mode, again.responses) == ("unchanged", 0)
    poll(lake, 73)
    assert (lake.build().mode, lake.build().mode) == ("incremental", "unchanged")
    for path in landed_files(lake.landing):
        if "date=2019-11-23" in str(path):
            path.unlink()
    assert lake.build(full=True).mode == "full"
    assert unlike(lake, before) == {}
    build(lake.landing, lake.readings, known, as_known_at=then)
    assert differences(before_then, everything_held(known)) == {}
    assert lake.build().mode == "unchanged"


def test_a_second_compaction_has_nothing_to_do(lake: Lake) -> None:
    compacted(lake)
    files = landed_files(lake.landing)
    again = compacted(lake)
    assert (again.files_before, again.files_after, again.responses) == (4, 4, 0)
    assert landed_files(lake.landing) == files


def test_a_late_file_joins_its_day_and_is_read_once(lake: Lake) -> None:
    compacted(lake)
    lake.answer(START + timedelta(hours=5), {"data": [x_post("1", retweets=52)]})
    # What no build has read stays apart, for else its day would be read again.
    compacted(lake)
    assert len(names(lake, "platform=x/endpoint=posts/date=2019-11-20")) == 2
    report = lake.build()
    assert (report.mode, report.responses) == ("incremental", 1)
    before, count = everything_held(lake.warehouse), sightings(lake)
    compacted(lake)
    assert len(names(lake, "platform=x/endpoint=posts/date=2019-11-20")) == 1
    assert lake.build().mode == "unchanged"
    lake.build(full=True)
    assert unlike(lake, before) == {}
    assert sightings(lake) == count
    # The full build named the file itself; a later one takes its place all the same.
    lake.answer(START + timedelta(hours=7), {"data": [x_post("1", retweets=71)]})
    lake.build()
    compacted(lake)
    assert lake.build().mode == "unchanged"


def leave_behind(lake: Lake, keep: Callable[[Path], bool]) -> None:
    """As a compaction leaves it that was killed while it removed the old files."""
    before = Path(shutil.copytree(lake.landing, lake.root / "before"))
    compacted(lake)
    for path in landed_files(before):
        if keep(path):
            shutil.copy2(path, lake.landing / path.relative_to(before))
    shutil.rmtree(before)


def test_what_a_killed_compaction_left_changes_no_table_and_is_cleared(
    lake: Lake, before: dict[str, Rows]
) -> None:
    count = sightings(lake)
    files = len(landed_files(lake.landing))
    leave_behind(lake, lambda path: "date=2019-11-22" not in str(path) and path.name[:8] < "run-0001")
    assert files - 20 < len(landed_files(lake.landing)) < files
    assert lake.build().mode == "unchanged"
    lake.build(full=True)
    assert unlike(lake, before) == {}
    assert sightings(lake) == count
    compacted(lake)
    assert len(landed_files(lake.landing)) == files - 20
    assert lake.build().mode == "unchanged"


def test_an_old_file_is_not_removed_when_the_new_one_does_not_hold_its_rows(lake: Lake) -> None:
    folder = lake.landing / "platform=x/endpoint=posts/date=2019-11-20"
    first = min(folder.glob("*"))
    compacted(lake)
    (file,) = folder.glob("*")
    table = pq.read_table(file)
    other = table.slice(0, 1).set_column(table.schema.get_field_index("body"), "body", [["something else"]])
    pq.write_table(other.cast(table.schema.remove_metadata()), first)
    done = compacted(lake)
    assert set(done.damaged) == {file, first}
    assert first.exists()
    assert file.exists()


def test_a_damaged_file_is_named_and_left_alone_and_the_rest_is_put_together(lake: Lake) -> None:
    first, second, *_ = sorted((lake.landing / "platform=x/endpoint=posts/date=2019-11-20").glob("*"))
    first.write_bytes(b"")
    content = bytearray(second.read_bytes())
    content[4:80] = bytes(76)
    second.write_bytes(content)
    bytes_before = [first.read_bytes(), second.read_bytes()]
    done = compacted(lake)
    assert set(done.damaged) == {first, second}
    assert [first.read_bytes(), second.read_bytes()] == bytes_before
    assert done.files_after == 6


def test_a_batch_of_readings_that_was_lost_is_made_again_without_doubles(lake: Lake) -> None:
    poll(lake, 1)
    lake.build()
    before, count = everything_held(lake.warehouse), sightings(lake)
    compacted(lake)
    # Of the two batches that a compacted file stands in, one is lost.
    small = min(committed(lake.readings), key=lambda batch: len(batch.landed))
    (lake.readings / "batches" / f"{small.name}.json").unlink()
    lake.build()
    assert unlike(lake, before) == {}
    assert sightings(lake) == count
    assert lake.build().mode == "unchanged"


def test_a_lake_that_was_never_read_may_be_put_together_too(lake: Lake, before: dict[str, Rows]) -> None:
    count = sightings(lake)
    shutil.rmtree(lake.readings)
    assert compacted(lake).files_after == 4
    digest = update(lake.landing, lake.readings, full=False, progress=lambda step: None)
    assert digest.responses == 36
    lake.build()
    assert unlike(lake, before) == {}
    assert sightings(lake) == count


def test_a_dry_run_says_what_would_be_and_changes_nothing(lake: Lake) -> None:
    before = {path: path.read_bytes() for path in lake.root.rglob("*") if path.is_file()}
    said = compacted(lake, dry_run=True)
    assert (said.files_before, said.files_after, said.responses) == (24, 4, 24)
    assert {path: path.read_bytes() for path in lake.root.rglob("*") if path.is_file()} == before


def test_a_name_that_is_taken_costs_no_other_folder_its_turn(lake: Lake) -> None:
    place = "platform=x/endpoint=posts/date=2019-11-20"
    digest = hashlib.sha256("\n".join(names(lake, place)).encode()).hexdigest()[:16]
    taken = lake.landing / place / f"compacted-{digest}.parquet"
    taken.write_bytes(b"somebody's")
    before = names(lake, place)
    done = compacted(lake)
    assert [line.split()[0] for line in done.refused] == [str(taken)]
    assert (done.files_before, done.files_after) == (25, 10)
    assert taken.read_bytes() == b"somebody's"
    assert names(lake, place) == before
