"""What is opened as a warehouse: DuckDB's own files, and nothing that would have it look elsewhere."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

OPEN = """
import sys
from pathlib import Path
import duckdb
from warehouse.opening import holds_warehouse, open_to_read
assert not holds_warehouse(Path(sys.argv[1]))
try:
    open_to_read(Path(sys.argv[1]))
except duckdb.Error as refusal:
    print(refusal)
"""


def test_a_database_of_another_kind_is_refused_without_looking_for_a_reader_of_it(tmp_path: Path) -> None:
    file, home = tmp_path / "warehouse.duckdb", tmp_path / "home"
    home.mkdir()
    with closing(sqlite3.connect(file)) as database:
        database.execute("create table posts (id text)")
        database.commit()
    ran = subprocess.run(
        [sys.executable, "-c", OPEN, str(file)],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    # The readers of other kinds are extensions, which DuckDB would fetch and keep in the home.
    assert "not a valid DuckDB database file" in ran.stdout
    assert list(home.iterdir()) == []
