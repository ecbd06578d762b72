"""README has every command and every table, and its example of a registry is one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors import discover
from flows.registry import load
from tests.docs.pages import ROOT, pages

TEXT = pages()["README.md"].text


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
        "export",
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
