"""Landed files with other bodies: the only way in which a landed file is ever changed.

The file with the new bodies is written beside the old one, read back from disk and compared: every row and
every other column is the same, and what the readings make of it is the same but for texts, links and the
names of people. Then it takes the old one's name, in one step. Before that, the readings made from the old
one are dropped, so that the next build makes them of the new one.

Killed at any instant, each file is the old one or the new one, and doing it again finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.durable import hidden_sibling, written_whole
from warehouse.landed import NotTheSame, WithoutTexts, stands_for, with_footer, without_texts
from warehouse.landing import COLUMNS
from warehouse.sealed import DAMAGED, is_as_sealed, write_sealed
from warehouse.sightings import tell_alike
from warehouse.unread import take_back

# What becomes of the bodies of a file, in their order, and what its footer says of that.
Change = Callable[[Path, list[str]], tuple[list[str], WithoutTexts | None]]

# Held open and compared together, at most.
FILES_AT_ONCE = 64
BYTES_AT_ONCE = 16 * 1024 * 1024


def rewrite(landing: Path, readings: Path, files: Sequence[Path], change: Change) -> int:
    """Give landed files of one platform and endpoint other bodies; returns how many responses have one now.

    Only for whoever holds the build lock of the lake's folder. Raises NotTheSame when numbers would change or
    a file is damaged; all files are as they were then. OSError when one cannot be written; each file is the
    old one or the new one then, and no readings are left of those that changed.
    """
    changed: list[Path] = []
    responses = 0
    with ExitStack() as written:
        for path in files:
            table = _read(path)
            before: list[str] = table["body"].to_pylist()
            after, mark = change(path, before)
            differing = sum(one != other for one, other in zip(before, after, strict=True))
            if not differing and mark == without_texts(path):
                continue
            if differing:
                changed.append(path)
                responses += differing
            place = COLUMNS.get_field_index("body")
            made = table.set_column(place, COLUMNS.field(place), pa.array(after, pa.string()))
            file = written.enter_context(written_whole(path))
            write_sealed(with_footer(made, stands_for(path).parts, mark), file)
            read_back = pq.ParquetFile(hidden_sibling(path)).read()
            others = [name for name in COLUMNS.names if name != "body"]
            if not read_back.equals(made) or not read_back.select(others).equals(table.select(others)):
                raise NotTheSame(
                    f"{path} did not come out as it should; it stays as it was, look at the disk"
                )
        if changed:
            _refuse_other_numbers(changed)
            take_back(landing, readings, changed)
    return responses


def _read(path: Path) -> pa.Table:
    with suppress(*DAMAGED):
        if is_as_sealed(path):
            return pq.ParquetFile(path).read().cast(COLUMNS)
    raise NotTheSame(f"{path} is damaged and stays as it is; restore it from a copy, or delete it")


def in_portions(files: Iterable[Path]) -> Iterator[list[Path]]:
    """Files of one endpoint in portions to rewrite at once: comparing costs the same for one or many."""
    portion: list[Path] = []
    size = 0
    for path in files:
        portion.append(path)
        size += path.stat().st_size
        if len(portion) == FILES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _refuse_other_numbers(changed: Sequence[Path]) -> None:
    """Raise NotTheSame when the files beside some landed files do not tell the numbers that those tell."""
    platform = changed[0].parts[-4].removeprefix("platform=")
    made = [hidden_sibling(path) for path in changed]
    try:
        is_alike = tell_alike(platform, changed, made)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise NotTheSame(
            f"{_place(changed)} cannot be read ({str(error).splitlines()[0]}); it stays as it was, "
            "`campaign build` names the damaged file"
        ) from error
    if not is_alike:
        raise NotTheSame(
            f"{_place(changed)}: without texts its numbers would be others; it stays as it was, report it"
        )


def _place(files: Sequence[Path]) -> str:
    first, last = files[0].parent, files[-1].parent
    return str(first) if first == last else f"{first} to {last.name}"
