"""Landing: fixed columns; a file for each run, endpoint and UTC day, whole or absent, never changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.landed_files import landed_files
from warehouse.landing import (
    BYTES_PER_FILE,
    ROWS_PER_FILE,
    SECONDS_PER_FILE,
    LandingWriter,
    land_registry,
)

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)

FIXED_COLUMNS = {
    "response_id": pa.string(),
    "run_id": pa.string(),
    "platform": pa.string(),
    "endpoint": pa.string(),
    "campaign_id": pa.string(),
    "observed_at": pa.timestamp("us", tz="UTC"),
    "requested_at": pa.timestamp("us", tz="UTC"),
    "method": pa.string(),
    "url": pa.string(),
    "params": pa.string(),
    "status": pa.int32(),
    "headers": pa.string(),
    "body": pa.string(),
    "page": pa.int32(),
    "elapsed_ms": pa.int32(),
    "schema_version": pa.int32(),
}


def response(number: int = 1, **changed: object) -> dict[str, object]:
    """One response as the wire hands it over."""
    return {
        "response_id": f"run-1-{number:05d}",
        "run_id": "run-1",
        "platform": "x",
        "endpoint": "posts",
        "campaign_id": "water",
        "observed_at": NOON,
        "requested_at": NOON + timedelta(seconds=number),
        "method": "GET",
        "url": "https://api.x.com/2/tweets?ids=1",
        "params": '{"ids": "1"}',
        "status": 200,
        "headers": "{}",
        "body": '{"data": []}',
        "page": number,
        "elapsed_ms": 12,
        "schema_version": 1,
        **changed,
    }


def rows_of(root: Path) -> list[dict[str, object]]:
    """Every landed row, file by file."""
    return [row for path in landed_files(root) for row in pq.ParquetFile(path).read().to_pylist()]


def registries(root: Path) -> list[str]:
    """The bodies of the landed registries, in the order of landing."""
    rows = [row for path in landed_files(root, "registry") for row in pq.ParquetFile(path).read().to_pylist()]
    return [
        str(row["body"]) for row in sorted(rows, key=lambda row: (row["requested_at"], row["response_id"]))
    ]


def test_a_landed_file_has_the_fixed_columns_and_types_in_zstd(tmp_path: Path) -> None:
    with LandingWriter(tmp_path) as writer:
        writer.add(response())
    found = pq.ParquetFile(writer.files[0])
    assert {field.name: field.type for field in found.schema_arrow} == FIXED_COLUMNS
    assert list(found.schema_arrow.names) == list(FIXED_COLUMNS)
    chunk = found.metadata.row_group(0).column(0)
    assert chunk.compression == "ZSTD"


def test_what_comes_back_is_what_was_landed_to_the_microsecond(tmp_path: Path) -> None:
    row = response(
        observed_at=NOON + timedelta(microseconds=1), body='{"text": "🗳️ صوّتوا \\u0000"}', status=503
    )
    with LandingWriter(tmp_path) as writer:
        writer.add(row)
    assert rows_of(tmp_path) == [row]


def test_a_file_lies_under_its_platform_endpoint_and_utc_day(tmp_path: Path) -> None:
    late_in_new_york = datetime(2026, 10, 31, 21, 30, tzinfo=timezone(timedelta(hours=-4)))
    with LandingWriter(tmp_path) as writer:
        writer.add(response(observed_at=late_in_new_york))
        writer.add(response(platform="facebook", endpoint="page_posts", observed_at=NOON - timedelta(days=1)))
    folders = [str(path.parent.relative_to(tmp_path)) for path in landed_files(tmp_path)]
    assert folders == [
        "platform=facebook/endpoint=page_posts/date=2026-10-31",
        "platform=x/endpoint=posts/date=2026-11-01",
    ]


def test_rows_of_one_endpoint_and_day_share_a_file_and_are_counted(tmp_path: Path) -> None:
    with LandingWriter(tmp_path) as writer:
        for number in range(3):
            writer.add(response(number))
        writer.add(response(4, endpoint="users"))
    assert len(writer.files) == 2
    assert writer.rows == {"posts": 3, "users": 1}
    assert sorted(writer.files) == landed_files(tmp_path)


def test_many_or_large_answers_are_on_disk_before_the_run_ends(tmp_path: Path) -> None:
    with LandingWriter(tmp_path) as writer:
        for number in range(ROWS_PER_FILE):
            writer.add(response(number))
        assert len(landed_files(tmp_path)) == 1
        writer.add(response(ROWS_PER_FILE, body="x" * BYTES_PER_FILE))
        assert len(landed_files(tmp_path)) == 2
        writer.add(response(ROWS_PER_FILE + 1))
    assert len(rows_of(tmp_path)) == ROWS_PER_FILE + 2
    assert len({path.name for path in landed_files(tmp_path)}) == 3


def test_what_was_heard_is_on_disk_when_a_run_breaks(tmp_path: Path) -> None:
    def run_that_breaks() -> None:
        with LandingWriter(tmp_path) as writer:
            writer.add(response(1))
            writer.add(response(2, endpoint="users"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_that_breaks()
    assert len(rows_of(tmp_path)) == 2


def test_a_run_id_used_twice_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with LandingWriter(tmp_path) as writer:
        writer.add(response(body="first"))
    second = LandingWriter(tmp_path)
    second.__enter__()
    second.add(response(body="second"))
    with pytest.raises(FileExistsError, match="a run id was used twice"):
        second.__exit__(None, None, None)
    assert [row["body"] for row in rows_of(tmp_path)] == ["first"]


def test_a_refused_file_costs_no_other_file_of_the_run(tmp_path: Path) -> None:
    with LandingWriter(tmp_path) as writer:
        writer.add(response())
    second = LandingWriter(tmp_path)
    second.__enter__()
    second.add(response(2))
    second.add(response(3, endpoint="users"))
    with pytest.raises(FileExistsError):
        second.__exit__(None, None, None)
    assert [row["response_id"] for row in rows_of(tmp_path)] == ["run-1-00001", "run-1-00003"]


def test_a_moment_without_a_zone_is_refused(tmp_path: Path) -> None:
    with LandingWriter(tmp_path) as writer:
        for moment in (NOON.replace(tzinfo=None), "2026-11-01T12:00:00Z", None):
            with pytest.raises(ValueError, match="time zone"):
                writer.add(response(observed_at=moment))
    assert landed_files(tmp_path) == []


def test_a_row_without_one_of_the_columns_is_refused(tmp_path: Path) -> None:
    row = response()
    del row["elapsed_ms"]
    with LandingWriter(tmp_path) as writer, pytest.raises(KeyError, match="elapsed_ms"):
        writer.add(row)
    assert landed_files(tmp_path) == []


def test_files_that_are_still_being_written_are_not_seen(tmp_path: Path) -> None:
    with LandingWriter(tmp_path) as writer:
        writer.add(response())
    (whole,) = writer.files
    whole.with_name(f".{whole.name}.123.part").write_bytes(b"PAR1")
    whole.with_name(".hidden.parquet").write_bytes(whole.read_bytes())
    assert landed_files(tmp_path) == [whole]
    assert landed_files(tmp_path, "x") == [whole]
    assert landed_files(tmp_path, "facebook") == []


def test_nothing_hidden_is_left_behind(tmp_path: Path) -> None:
    with LandingWriter(tmp_path) as writer:
        writer.add(response())
    assert [path for path in tmp_path.rglob("*") if path.name.startswith(".")] == []


def test_a_landed_file_is_readable_under_its_final_name_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[int] = []
    synced = os.fsync

    def look_then_sync(descriptor: int) -> None:
        states.append(len(landed_files(tmp_path)))
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", look_then_sync)
    with LandingWriter(tmp_path) as writer:
        writer.add(response())
    assert states[0] == 0, "the contents are synced before the file has its name"
    assert states[-1] == 1, "the folder is synced after"


def test_a_registry_lands_when_it_changes_and_only_then(tmp_path: Path) -> None:
    first, second = [("water", '{"id": "water"}')], [("water", '{"id": "water", "name": "Water"}')]
    landed = [
        land_registry(tmp_path, registry, NOON, NOON + timedelta(minutes=minute))
        for minute, registry in enumerate([first, first, second, second, first])
    ]
    assert landed == [1, 0, 1, 0, 1]
    assert registries(tmp_path) == [
        '{"campaigns":[{"id": "water"}]}',
        '{"campaigns":[{"id": "water", "name": "Water"}]}',
        '{"campaigns":[{"id": "water"}]}',
    ]


def test_a_clock_that_was_ahead_once_neither_freezes_the_registry_nor_lands_it_again_and_again(
    tmp_path: Path,
) -> None:
    first, second = [("water", '{"id": "water"}')], [("water", '{"id": "water", "name": "Water"}')]
    ahead = NOON + timedelta(days=1)
    moments = [ahead, *(NOON + timedelta(minutes=minute) for minute in range(4))]
    landed = [
        land_registry(tmp_path, registry, moment, moment)
        for moment, registry in zip(moments, [first, first, second, second, first], strict=True)
    ]
    assert landed == [1, 0, 1, 0, 1]
    rows = sorted(rows_of(tmp_path), key=lambda row: row["requested_at"])
    assert [row["requested_at"] - ahead for row in rows] == [timedelta(microseconds=n) for n in range(3)]
    assert json.loads(rows[-1]["body"])["campaigns"] == [{"id": "water"}]
    assert len({row["response_id"] for row in rows}) == 3


def test_the_order_in_which_campaigns_are_listed_is_no_change(tmp_path: Path) -> None:
    air, water = ("air", '{"id": "air"}'), ("water", '{"id": "water"}')
    assert land_registry(tmp_path, [water, air], NOON, NOON) == 1
    assert land_registry(tmp_path, [air, water], NOON, NOON + timedelta(minutes=1)) == 0
    assert [campaign["id"] for campaign in json.loads(registries(tmp_path)[0])["campaigns"]] == [
        "air",
        "water",
    ]


def test_a_campaign_that_left_lands_a_registry_without_it(tmp_path: Path) -> None:
    land_registry(tmp_path, [("air", '{"id": "air"}'), ("water", '{"id": "water"}')], NOON, NOON)
    assert land_registry(tmp_path, [("air", '{"id": "air"}')], NOON, NOON + timedelta(minutes=1)) == 1
    assert land_registry(tmp_path, [], NOON, NOON + timedelta(minutes=2)) == 1
    assert registries(tmp_path)[-1] == '{"campaigns":[]}'


def test_a_landed_registry_is_a_response_like_any_other(tmp_path: Path) -> None:
    land_registry(tmp_path, [("water", '{"id": "water"}')], NOON, NOON + timedelta(hours=1))
    (path,) = landed_files(tmp_path)
    assert path.parent == tmp_path / "platform=registry" / "endpoint=campaigns" / "date=2026-11-01"
    (row,) = rows_of(tmp_path)
    assert set(row) == set(FIXED_COLUMNS)
    assert (row["observed_at"], row["requested_at"]) == (NOON, NOON + timedelta(hours=1))


def test_what_waits_is_written_when_it_has_waited_long_or_is_asked_for(tmp_path: Path) -> None:
    elapsed_s = iter([0.0, SECONDS_PER_FILE - 1, SECONDS_PER_FILE, SECONDS_PER_FILE + 1])
    with LandingWriter(tmp_path, lambda: next(elapsed_s)) as writer:
        writer.add(response(1))
        writer.add(response(2))
        assert rows_of(tmp_path) == []
        writer.add(response(3, endpoint="timeline"))
        assert len(rows_of(tmp_path)) == 3
        writer.add(response(4))
        writer.flush()
        assert len(rows_of(tmp_path)) == 4
    assert len(rows_of(tmp_path)) == 4


CRAMPED = """
import json, resource, signal, sys
from datetime import datetime
from pathlib import Path
from warehouse.landing import LandingWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
row = json.loads(sys.stdin.read())
row |= {name: datetime.fromisoformat(row[name]) for name in ("observed_at", "requested_at")}
try:
    with LandingWriter(Path(sys.argv[1])) as writer:
        writer.add(row)
except OSError as full:
    print(full.strerror or full)
"""


def test_a_full_disk_raises_and_leaves_no_half_file(tmp_path: Path) -> None:
    # No file may grow beyond 1,000 bytes: to the program that is a full disk.
    run = subprocess.run(
        [sys.executable, "-c", CRAMPED, str(tmp_path)],
        input=json.dumps(response(), default=str),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "File too large" in run.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
