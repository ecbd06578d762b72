"""docs/analysis.md tells the truth: its Python runs as it stands, on a demo, and prints what stands below it.

    python -m tests.docs.test_analysis data/warehouse.duckdb

writes what it prints into the document.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
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
        .filter(pl.col("views_completeness") != "open")
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


def test_the_query_that_superset_asked_is_answered_by_the_file_of_views(home: Path) -> None:
    """Superset is not installed here; its SQL is kept as it sent it, but for the column of the filter."""
    assert printed(examples()[NAMES.index("a file of views")], home)
    (asked,) = [block for block in page().blocks if block.language == "sql"]
    with duckdb.connect(str(home / "campaign-views.duckdb"), read_only=True) as views:
        rows = views.execute(asked.text).fetchall()
        known = views.execute(
            "SELECT sum(views) FROM asset_daily WHERE views_completeness != 'open'"
        ).fetchone()
    assert known == (sum(views or 0 for _, _, views in rows),)
    # Superset's own limit: above it a chart would lose lines without a word.
    assert len(rows) < 10_000


def test_the_numbers_that_javascript_printed_are_the_demos(home: Path) -> None:
    """Node is not needed here; what its example printed must still be what the tables say."""
    (example,) = [block for block in page().blocks if block.language == "js"]
    assert example.answer is not None
    query = example.text.partition("`\n")[2].partition("`")[0]
    tables = home / "data" / "reports" / "uk-general-election-2019" / "latest-tables" / "parquet"
    with duckdb.connect() as connection:
        answer = connection.execute(query.replace("${tables}", str(tables))).fetchall()
    said = [[title, int(views), int(retweets)] for title, views, retweets in answer]
    printed_there = [list(row.values()) for row in json.loads(example.answer)]
    assert [[title, int(views), int(retweets)] for title, views, retweets in printed_there] == said


def test_what_rs_packages_printed_are_numbers_of_the_demo(home: Path) -> None:
    (_, packages, *_) = [block for block in page().blocks if block.language == "r"]
    assert packages.answer is not None
    folder = home / "data" / "reports" / "uk-general-election-2019" / "latest-tables" / "json"
    totals, posts = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("asset_totals", "posts")
    )
    views = sum(row["views"] or 0 for row in totals)
    assert packages.answer.split() == [str(views), str(max(len(row["post_id"]) for row in posts)), "Date"]


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
