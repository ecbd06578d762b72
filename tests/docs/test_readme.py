"""README leads a newcomer from a picture to a first answer, and names every command and table; what is longer
has pages of its own, and the example of a registry is one."""

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
COMMANDS = pages()["docs/commands.md"].text

# What a line of prose may be, tables and what programs print apart.
WIDTH = 140


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
    assert f"campaign {command}" in COMMANDS
    shown = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "Example" in shown.stdout


def test_the_registry_of_the_docs_is_one(tmp_path: Path) -> None:
    (tables,) = re.findall(r"```toml\n(.*?)```", pages()["docs/registry.md"].text, re.DOTALL)
    campaign = """
        id = "clean-water"
        name = "Clean water"
        starts = 2026-04-01
        ends = 2026-06-30
        timezone = "Europe/London"
    """
    (tmp_path / "water.toml").write_text(campaign + tables, encoding="utf-8")
    (loaded,) = load(tmp_path, discover()).campaigns
    assert [side.color for side in loaded.sides] == ["#00798c"]
    assert [asset.match is not None for asset in loaded.assets] == [True, False]
    assert (len(loaded.budgets), len(loaded.audiences), loaded.cadence) == (1, 1, {"x": "by age"})


def test_a_newcomer_meets_in_order_what_it_is_how_to_start_and_what_it_means() -> None:
    headings = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    order = [
        "Quick start",
        "Schedules",
        "Backfills",
        "SQL",
        "Adding a platform",
        "What the numbers mean, and what they do not",
    ]
    assert [heading for heading in headings if heading in order] == order
    opening, _, rest = TEXT.partition("## Quick start")
    assert "docs/pictures/report-wide.png" in opening
    assert "](docs/README.md)" in opening
    assert len(opening.splitlines()) < 50
    start = rest.partition("\n## ")[0]
    assert "data/reports/uk-general-election-2019/latest/report.html" in start
    assert "```text\n\u250f" in start
    assert len(TEXT.splitlines()) < 520


@pytest.mark.parametrize("name", ["README.md", "docs/commands.md", "docs/registry.md", "docs/settings.md"])
def test_lines_of_prose_fit_a_screen(name: str) -> None:
    long = [line for line in pages()[name].prose.splitlines() if len(line) > WIDTH]
    assert [line for line in long if not line.startswith(("|", "<img "))] == []


def test_the_demo_of_the_readme_leaves_the_report_that_it_names(demo_home: Path) -> None:
    assert (demo_home / "reports" / "uk-general-election-2019" / "latest" / "report.html").is_file()


def test_every_mart_is_in_the_readme() -> None:
    for path in (ROOT / "warehouse" / "marts").glob("*.sql"):
        assert f"`{path.stem}`" in TEXT
