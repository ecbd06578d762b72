"""The registry in force is landed by each collect and each build, and what it listed once is not lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.health.examine import examine
from flows.settings import Settings
from tests.flows.conftest import REGISTRY, Said, Vendor

Campaign = Callable[..., Said]


def landed_titles(home: Path) -> list[str]:
    """The title of the first asset in each landed registry, in the order of landing."""
    rows = [
        row
        for path in (home / "data" / "landing" / "platform=registry").rglob("*.parquet")
        for row in pq.ParquetFile(path).read(columns=["requested_at", "body"]).to_pylist()
    ]
    bodies = [row["body"] for row in sorted(rows, key=lambda row: row["requested_at"])]
    return [json.loads(body)["campaigns"][0]["assets"][0]["title"] for body in bodies]


def test_each_collect_and_each_build_lands_the_registry_that_it_finds_when_it_changed(
    campaign: Campaign, home: Path, x_only: Vendor
) -> None:
    toml = home / "campaigns" / "water.toml"
    assert campaign("collect", "--as-of", "2026-05-20T12:00Z").code == 0
    assert landed_titles(home) == ["Launch film"]
    toml.write_text(REGISTRY.replace("Launch film", "Second title"))
    assert campaign("collect", "--as-of", "2026-05-20T12:01Z").code == 0
    assert campaign("collect", "--as-of", "2026-05-20T12:02Z").code == 0
    assert campaign("build").code == 0
    assert landed_titles(home) == ["Launch film", "Second title"]
    toml.write_text(REGISTRY.replace("Launch film", "Third title"))
    assert campaign("build").code == 0
    assert landed_titles(home) == ["Launch film", "Second title", "Third title"]


def test_a_removed_asset_is_found_under_unassigned_named_by_check_and_ignored_on_demand(
    built: Path, campaign: Campaign, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def assigned() -> str:
        query = "select post_id, asset_id from marts.posts order by post_id"
        return campaign("sql", query, "--format", "csv").out.replace("\r\n", " ")

    toml = home / "campaigns" / "water.toml"
    toml.write_text(REGISTRY.replace('id = "launch-film"', 'id = "other"').replace('"x:101", ', ""))
    assert campaign("build").code == 0
    assert assigned() == "post_id,asset_id 100,x:100 101,unassigned "
    assert examine(Settings(), datetime(2026, 5, 21, tzinfo=UTC))
    told = (
        "under unassigned: 1 post that no asset lists any more (water-2026), last listed by launch-film (1)"
    )
    assert told in capfd.readouterr().out
    toml.write_text('ignore = ["https://x.com/CleanWaterNow/status/101"]\n' + toml.read_text())
    assert campaign("build").code == 0
    assert assigned() == "post_id,asset_id 100,x:100 "
    assert examine(Settings(), datetime(2026, 5, 21, tzinfo=UTC))
    assert "under unassigned" not in capfd.readouterr().out
