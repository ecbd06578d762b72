"""What the pages show as answered, asked of a demo's home.

    python -m tests.docs.answers data

writes the answers into the pages; tests hold the pages against a demo.
"""

from __future__ import annotations

import io
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

import duckdb
import pytest

from flows.answers.query import answer, as_cell
from flows.console import show
from tests.docs.pages import ROOT, Block, Page, pages

QUERIES = ROOT / "docs" / "queries"

# Above a query of the files in the data folder, which the published tables do not see.
ASKS_FILES = "asks the files"

# A place in which a file of docs/queries stands, with its answer.
_PLACE = re.compile(
    r"<!-- query: (?P<name>[\w-]+) -->\n(?:\n?```sql\n.*?```\n\n?```text\n.*?```\n)?", re.DOTALL
)
_ANSWERED = re.compile(
    r"(?P<asked>```sql\n(?P<query>.*?)^```\n+)```text\n.*?^```\n", re.DOTALL | re.MULTILINE
)


def shown(question: str, home: Path, *, asks_files: bool = False) -> str:
    """A query's answer as a terminal shows it, without the blanks at the ends of lines."""
    told = io.StringIO()
    with redirect_stdout(told), pytest.MonkeyPatch.context() as patched:
        # Wide enough for every column.
        patched.setenv("COLUMNS", "10000")
        if asks_files:
            _ask_files(question, home)
        else:
            answer(home / "warehouse.duckdb", question, "table")
    return "\n".join(line.rstrip() for line in told.getvalue().splitlines()).strip()


def _ask_files(question: str, home: Path) -> None:
    """What any DuckDB client answers in the folder that holds `data/`."""
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(question.replace("'data/", f"'{home}/"))
        described = con.description or []
        numbers = [str(name) for name, kind, *_ in described if "INT" in str(kind)]
        rows = [[as_cell(value) for value in row] for row in con.fetchall()]
    show(None, [str(name) for name, *_ in described], rows, numbers)


def of(block: Block, home: Path) -> str:
    """What a block of SQL answers."""
    return shown(block.text, home, asks_files=block.marker == ASKS_FILES)


def filled(page: Page, home: Path) -> str:
    """The page with every query of docs/queries in its place, and every answer that it shows as it is."""

    def put(place: re.Match[str]) -> str:
        question = (QUERIES / f"{place['name']}.sql").read_text(encoding="utf-8").strip()
        marker = f"<!-- query: {place['name']} -->"
        return f"{marker}\n```sql\n{question}\n```\n```text\n```\n"

    text = _PLACE.sub(put, page.text)

    def fill(found: re.Match[str]) -> str:
        asks_files = text[: found.start()].rstrip().endswith(f"<!-- {ASKS_FILES} -->")
        return f"{found['asked']}```text\n{shown(found['query'], home, asks_files=asks_files)}\n```\n"

    return _ANSWERED.sub(fill, text)


if __name__ == "__main__":
    for each in pages().values():
        (ROOT / each.name).write_text(filled(each, Path(sys.argv[1]).resolve()), encoding="utf-8")
