"""README's queries and their answers, filled in from a demo's warehouse.

    python -m tests.docs.readme data/warehouse.duckdb

writes them into README.md; a test holds README against a demo of its own.
"""

from __future__ import annotations

import io
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from flows.answers.query import answer

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
QUERIES = ROOT / "docs" / "queries"

_PLACE = re.compile(
    r"<!-- query: (?P<name>[\w-]+) -->\n(?:\n?```sql\n.*?```\n\n?```text\n.*?```\n)?", re.DOTALL
)


def filled(readme: str, warehouse: Path) -> str:
    """The text with every query and its answer in place."""

    def fill(place: re.Match[str]) -> str:
        question = (QUERIES / f"{place['name']}.sql").read_text(encoding="utf-8")
        shown = io.StringIO()
        with redirect_stdout(shown):
            answer(warehouse, question, "table")
        rows = "\n".join(line.rstrip() for line in shown.getvalue().splitlines()).strip()
        return f"<!-- query: {place['name']} -->\n```sql\n{question.strip()}\n```\n```text\n{rows}\n```\n"

    return _PLACE.sub(fill, readme)


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8"), Path(sys.argv[1])), encoding="utf-8")
