"""What has landed is told whatever lies beside it, and whatever is put together meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import warehouse.told
from tests.warehouse.lake import Lake
from tests.warehouse.test_readings_x import counted
from warehouse.compacting import compact
from warehouse.landed_files import landed_files
from warehouse.readable import whole
from warehouse.readings import update
from warehouse.told import told

NAME = ("hashtag", "#water")


def count(lake: Lake, day: int, hour: int = 12) -> None:
    """The mentions of one whole day."""
    bucket = (f"10-{day:02d}T00:00:00", f"10-{day + 1:02d}T00:00:00", 7)
    body, params = counted("#Water", bucket)
    lake.answer(datetime(2026, 10, day + 1, hour, tzinfo=UTC), body, endpoint="counts", params=params)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two days that were read, one that was not, and a fresh file that somebody cut in half."""
    lake = Lake(tmp_path)
    count(lake, 1)
    count(lake, 2)
    update(lake.landing, lake.readings, full=False, progress=lambda step: None)
    count(lake, 3)
    count(lake, 4)
    last = landed_files(lake.landing)[-1]
    last.write_bytes(last.read_bytes()[:100])
    return lake


def days(lake: Lake) -> set[int]:
    found = told(lake.landing, lake.readings, "x", date(2026, 10, 1), date(2026, 10, 31))
    return {day.day for day in found.days.get(NAME, ())}


def test_a_damaged_file_costs_its_own_days_alone_and_what_was_read_is_not_read_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def looking(paths: Iterable[Path]) -> list[Path]:
        read.extend(paths)
        return whole(read)

    monkeypatch.setattr(warehouse.told, "whole", looking)
    assert days(lake) == {1, 2, 3}
    assert read == landed_files(lake.landing)[-2:]


def test_damaged_readings_are_passed_by(lake: Lake) -> None:
    for path in lake.readings.glob("platform=*/month=*/*"):
        path.write_bytes(bytes(path.stat().st_size))
    assert days(lake) == {1, 2, 3}


def test_files_that_are_put_together_while_it_looks_are_read_where_they_are_then(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(lake, 1, hour=13)
    update(lake.landing, lake.readings, full=False, progress=lambda step: None)
    count(lake, 4)
    for path in lake.readings.glob("platform=*/month=*/*"):
        path.write_bytes(bytes(path.stat().st_size))
    compacted = []

    def looking(paths: Iterable[Path]) -> list[Path]:
        found = whole(paths)
        # At the look at the landing alone.
        if len(found) > 2:
            compacted.append(compact(lake.landing, lake.readings, before=date(2026, 10, 4)).files_after)
        return found

    monkeypatch.setattr(warehouse.told, "whole", looking)
    assert days(lake) == {1, 2, 3, 4}
    assert len(compacted) == 2
