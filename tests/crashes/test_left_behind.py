"""What killed runs were writing under hidden names: the next run of another kind clears it too, whoever may
write that file again or nobody; what a living process is writing stays."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crashes.conftest import COLLECT, Home, copied
from warehouse.durable import UNFINISHED, written_whole
from warehouse.publish import publish

# Finished files of a home, by who clears what was to become one.
LANDED = ("landing/platform=*/endpoint=*/date=*/*.parquet", "forgotten/platform=*/*.json")
REMEMBERED = (".last-build.json", ".rounds/*.json", ".runs/*.json", ".walks/*.json", ".attempts/*.json")
READINGS = ("readings/platform=*/month=*/*.parquet", "readings/batches/*.json")
TABLES = ("warehouse.duckdb", "versions/*.duckdb")
REPORTS = ("reports/*/2019-*/*.html", "reports/*/2019-*/*.json", "reports/*/2019-*/*/*.*")

# Larger than any that Linux gives a process.
NOBODY = 5_000_000


@pytest.fixture(scope="module")
def used(collected: Home) -> Home:
    """A home in which everything was written once."""
    home = copied(collected, "used")
    ((post,),) = home.ask("select min('x:' || post_id) from marts.posts where platform = 'x'")
    home.succeeds("forget", post)
    home.succeeds("report")
    # Forgetting has left no earlier build.
    publish(Path(shutil.copy2(home.warehouse, home.folder / ".made")), home.warehouse, 1)
    return home


def hidden(path: Path) -> Path:
    """Where a process that is no more was writing a file."""
    return path.with_name(f".{path.name}.{NOBODY}{UNFINISHED}")


def left_behind(home: Home, patterns: tuple[str, ...]) -> list[Path]:
    """What killed processes left of one file of each pattern, and of another that nobody writes any more."""
    left = []
    for pattern in patterns:
        finished = max(home.folder.glob(pattern))
        left.append(hidden(finished))
        if "*" in pattern:
            left.append(hidden(finished.with_stem(f"{finished.stem}9")))
    for path in left:
        path.write_bytes(b"half of it")
    return left


@pytest.mark.parametrize(
    ("arguments", "written", "made_by_builds"),
    [
        (COLLECT, (*LANDED, *REMEMBERED), ()),
        (["build"], (*LANDED, *REMEMBERED), (*READINGS, *TABLES)),
        (["maintain", "--as-of", "2019-11-02"], (*LANDED, *REMEMBERED), TABLES),
        (["report"], REPORTS, ()),
    ],
    ids=["collect", "build", "maintain", "report"],
)
def test_the_next_run_clears_what_killed_ones_left_of_any_file_and_nothing_of_a_living_one(
    used: Home, arguments: list[str], written: tuple[str, ...], made_by_builds: tuple[str, ...]
) -> None:
    left = left_behind(used, (*written, *made_by_builds))
    folders = {max(used.folder.glob(pattern)).parent for pattern in written}
    ours = [folder / ".living.json" for folder in sorted(folders)]
    links = [path for path in used.folder.glob("reports/*/*") if path.is_symlink()]
    assert len(links) == 2
    for link in links if written == REPORTS else ():
        hidden(link).symlink_to(link.readlink(), target_is_directory=True)
    with ExitStack() as parts:
        for final in ours:
            parts.enter_context(written_whole(final)).write(b"all of it")
        run = used.campaign(*arguments)
        assert run.code == 0, run.said
        assert not [path for path in (*left, *map(hidden, links)) if os.path.lexists(path)]
        assert not [final for final in ours if final.exists()]
    assert [final.read_bytes() for final in ours] == [b"all of it"] * len(ours)
    for final in ours:
        final.unlink()
    assert used.unfinished() == []


def test_forgetting_clears_what_a_killed_one_left_though_nothing_else_is_left_to_do(used: Home) -> None:
    (forgotten,) = used.folder.glob("forgotten/platform=x/*.json")
    left = left_behind(used, (*LANDED, *REMEMBERED, *TABLES))
    published_at = used.warehouse.stat().st_mtime_ns
    used.succeeds("forget", f"x:{forgotten.stem}")
    assert used.warehouse.stat().st_mtime_ns == published_at, "there was something else left to do"
    assert not [path for path in left if path.exists()]
