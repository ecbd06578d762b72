"""README tells the truth: its queries run and answer what it says, and every command, table and setting is
there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors import discover
from flows.registry import load
from flows.settings import Settings
from tests.docs.readme import QUERIES, README, ROOT

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "leaderboard",
        "favourites",
        "views-by-side",
        "retweets-of-two-campaigns",
        "totals-of-a-week",
        "sides-per-day",
        "over-performing",
        "reactions-by-type",
        "tones",
        "asset-by-day",
        "reach-shares",
        "mentions-by-day",
        "site-by-day",
        "gaps",
    ],
)
def test_the_readme_shows_the_queries_of_the_docs(name: str) -> None:
    assert (QUERIES / f"{name}.sql").read_text(encoding="utf-8").strip() in TEXT


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "sandbox",
        "check",
        "status",
        "collect",
        "backfill",
        "build",
        "import",
        "maintain",
        "forget",
        "sql",
        "report",
    ],
)
def test_every_command_is_in_the_readme_and_explains_itself(command: str) -> None:
    assert f"campaign {command}" in TEXT or f"make {command}" in TEXT
    shown = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "Example" in shown.stdout


def test_every_option_that_the_readme_uses_exists() -> None:
    for command, options in re.findall(r"^campaign (\w+)([^#\n]*)", TEXT, re.MULTILINE):
        shown = subprocess.run(
            [sys.executable, "-c", "from flows.cli import main; main()", command, "--help"],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
        for option in re.findall(r"--[\w-]+", options):
            assert option in shown, f"campaign {command} {option}"


def test_every_setting_is_in_the_example_file() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    for field in Settings.model_fields.values():
        assert str(field.validation_alias) in example


def test_the_registry_of_the_readme_is_one(tmp_path: Path) -> None:
    (tables,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    campaign = """
        id = "clean-water"
        name = "Clean water"
        starts = 2026-04-01
        ends = 2026-06-30
        timezone = "Europe/London"
        [[sides]]
        id = "clean-water"
        ours = true
    """
    (tmp_path / "water.toml").write_text(campaign + tables, encoding="utf-8")
    (loaded,) = load(tmp_path, discover()).campaigns
    assert [asset.match is not None for asset in loaded.assets] == [True, False]
    assert (len(loaded.budgets), len(loaded.audiences), loaded.cadence) == (1, 1, {"x": "by age"})


def test_every_mart_is_in_the_readme() -> None:
    for path in (ROOT / "warehouse" / "marts").glob("*.sql"):
        assert f"`{path.stem}`" in TEXT


def test_the_names_of_files_in_the_readme_exist() -> None:
    for name in re.findall(r"`((?:flows|connectors|warehouse|docs|campaigns)/[\w./-]+)`", TEXT):
        assert (ROOT / name).exists(), name
