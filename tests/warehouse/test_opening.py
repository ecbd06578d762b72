"""What is opened as a warehouse: DuckDB's own files, and nothing that would have it look elsewhere."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.lake import Lake, campaign, x_post
from warehouse.opening import break_queries_off, is_damaged
from warehouse.publish import ask
from warehouse.readable import whole

# Goes on for hours.
ENDLESS = "select sum(one.range * other.range) from range(1000000) one, range(1000000) other"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)

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


@contextmanager
def breaking_off() -> Iterator[None]:
    """Breaks off whatever query goes on, as Ctrl-C does until its command ends."""
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.wait(0.001):
            break_queries_off()

    breaker = threading.Thread(target=go_on)
    breaker.start()
    try:
        yield
    finally:
        is_over.set()
        breaker.join()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A whole database and a whole Parquet file that take a while to read, and a published warehouse."""
    folder = tmp_path_factory.mktemp("large")
    rows = "select range as n, md5(range::text) as words from range(300000)"
    with duckdb.connect(folder / "large.duckdb") as con:
        con.execute(f"create table large as {rows}")
        con.execute(f"copy large to '{folder / 'large.parquet'}'")
    lake = Lake(folder / "home")
    lake.register(campaign())
    lake.answer(NOON, {"data": [x_post("1", created_at=NOON)]})
    lake.build()
    return {
        "database": folder / "large.duckdb",
        "parquet": folder / "large.parquet",
        "warehouse": lake.warehouse,
    }


@pytest.mark.parametrize(
    ("what", "read"),
    [
        ("parquet", lambda file: whole([file])),
        ("database", is_damaged),
        ("warehouse", lambda file: ask(file, ENDLESS)),
    ],
    ids=["files", "a database", "a question"],
)
def test_a_reading_that_is_broken_off_says_nothing_of_damage(
    large: dict[str, Path], what: str, read: Callable[[Path], object]
) -> None:
    with breaking_off(), pytest.raises(duckdb.InterruptException):
        read(large[what])
