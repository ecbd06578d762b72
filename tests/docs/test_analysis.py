"""docs/analysis.md tells the truth: its Python runs as it stands, on a demo, and prints what stands below it.

    python -m tests.docs.test_analysis data/warehouse.duckdb

writes what it prints into the document.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.answers.exports import write_exports
from flows.answers.tables import FORMATS, Asked
from tests.docs.pages import ROOT, Block, Page

PAGE = ROOT / "docs" / "analysis.md"
NAMES = ["pandas", "pandas, of the exports", "polars", "SQLAlchemy", "a file of views"]


def page() -> Page:
    return Page(PAGE.relative_to(ROOT).as_posix(), PAGE.read_text(encoding="utf-8"))


def examples() -> list[Block]:
    return [block for block in page().blocks if block.language == "python"]


def open_home(folder: Path, warehouse: Path) -> Path:
    """A folder in which the examples find a demo's tables and their exports."""
    (folder / "data").mkdir()
    (folder / "data" / "warehouse.duckdb").symlink_to(warehouse.absolute())
    write_exports(warehouse, folder / "data" / "reports", datetime.now(UTC), Asked(FORMATS))
    return folder


def printed(example: Block, home: Path) -> str:
    """What an example prints, run as somebody runs it."""
    ran = subprocess.run(
        [sys.executable, "-c", example.text],
        cwd=home,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return "".join(f"{line.rstrip()}\n" for line in ran.stdout.splitlines())


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_home(tmp_path_factory.mktemp("analysis"), demo_home / "warehouse.duckdb")


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_every_example_runs_and_prints_what_stands_below_it(home: Path, number: int) -> None:
    example = examples()[number]
    assert printed(example, home) == example.answer, str(example)


def test_every_example_is_run() -> None:
    assert len(examples()) == len(NAMES)


def test_every_line_of_rs_answer_has_numbers_of_the_demo(home: Path) -> None:
    """R is not installed here; what its example printed must still be what the tables say."""
    import polars as pl

    (base, *_) = [block for block in page().blocks if block.language == "r"]
    assert base.answer is not None
    folder = home / "data" / "reports" / "uk-general-election-2019" / "latest-tables" / "csv"
    totals = pl.read_csv(folder / "asset_totals.csv").sort("views_rank").head(3)
    days = (
        pl.read_csv(folder / "asset_daily.csv", infer_schema_length=None)
        .filter(pl.col("completeness") != "open")
        .group_by("day")
        .agg(pl.col("views").sum())
        .sort("day")
        .tail(3)
    )
    lines = [re.split(r"\s{1,}", line.strip()) for line in base.answer.splitlines()]
    assert [line[-2:] for line in lines[1:4]] == [
        [str(views), str(retweets)] for views, retweets in totals.select("views", "retweets").rows()
    ]
    assert lines[5:] == [[str(day), str(views)] for day, views in days.rows()]


def fill_in(home: Path) -> None:
    """Write what the examples print below them."""
    text = PAGE.read_text(encoding="utf-8")
    for example in examples():
        above = f"```python\n{example.text}```\n```text\n"
        before, found, after = text.partition(above)
        assert found, str(example)
        text = f"{before}{above}{printed(example, home)}```{after.partition('```')[2]}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        fill_in(open_home(Path(made), Path(sys.argv[1])))
