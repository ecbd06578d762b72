"""The SQL of a layer: a folder is a schema, a file is a table, and files run after the tables they read.

Each file is read, put in its place among the others and parsed once in a process, and so is the list of a
folder's files. A fingerprint of them is of what was read, never of what lies there now: a process that stays
up while another release is installed goes on with what it has, and must say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import duckdb

FOLDER = Path(__file__).parent

# Statements by the text that they were parsed from. They belong to no connection.
_parsed: dict[str, tuple[duckdb.Statement, ...]] = {}

Made = Literal["anew", "view", "counters", "days"]


@dataclass(frozen=True)
class Model:
    """One SQL file: the table that it makes and the columns that name one of its rows.

    `made`: anew by every build; as a view (`-- Made: view`); or kept from build to build and made again for
    the counters or the campaign days that changed (`-- Kept: counters`, `-- Kept: days`).
    """

    layer: str
    name: str
    text: str
    grain: tuple[str, ...]
    made: Made = "anew"

    @property
    def table(self) -> str:
        """The table's full name, as `marts.asset_daily`."""
        return f"{self.layer}.{self.name}"

    @property
    def query(self) -> str:
        """The statement without its last semicolon."""
        return self.text.strip().removesuffix(";")


@cache
def models(layer: str, folder: Path = FOLDER) -> tuple[Model, ...]:
    """The models of a layer, each after the ones that it reads.

    Raises ValueError when a file has no `-- Grain:` line, graphlib.CycleError when tables read each other
    in a circle.
    """
    found = {}
    for path in files_of(folder / layer):
        text = text_of(path)
        grain = re.search(r"^-- Grain: (.+)$", text, re.MULTILINE)
        if grain is None:
            raise ValueError(f"{path.name} has no line '-- Grain: column, column'")
        found[path.stem] = Model(
            layer, path.stem, text, tuple(name.strip() for name in grain[1].split(",")), _made(path, text)
        )
    reads = {
        name: sorted(
            {
                other
                for other in re.findall(rf"\b{layer}\.(\w+)", re.sub(r"--.*", "", model.text))
                if other in found and other != name
            }
        )
        for name, model in found.items()
    }
    return tuple(found[name] for name in TopologicalSorter(reads).static_order())


def _made(path: Path, text: str) -> Made:
    said = re.search(r"^-- (Made: view|Kept: counters|Kept: days)$", text, re.MULTILINE)
    if said is None:
        if re.search(r"^-- (Made|Kept):", text, re.MULTILINE):
            raise ValueError(f"{path.name} says neither 'Made: view', 'Kept: counters' nor 'Kept: days'")
        return "anew"
    ways: dict[str, Made] = {"Made: view": "view", "Kept: counters": "counters", "Kept: days": "days"}
    return ways[said[1]]


@cache
def checks(folder: Path = FOLDER) -> Mapping[str, str]:
    """The checks by name: queries that must return nothing."""
    return MappingProxyType({path.stem: text_of(path) for path in files_of(folder / "checks")})


@cache
def files_of(folder: Path, ending: str = ".sql") -> tuple[Path, ...]:
    """The files of a folder by name, as they were when first asked for."""
    return tuple(sorted(folder.glob(f"*{ending}")))


@cache
def text_of(path: Path) -> str:
    """What a file said when first asked for."""
    return path.read_text(encoding="utf-8")


def run(con: duckdb.DuckDBPyConnection, text: str) -> duckdb.DuckDBPyConnection:
    """Run statements that later builds of a process run again, and return the last one's result.

    For texts that hold no path and no value of their own: each is kept, parsed, as long as the process runs.
    """
    statements = _parsed.get(text)
    if statements is None:
        statements = _parsed[text] = tuple(con.extract_statements(text))
    for statement in statements:
        con.execute(statement)
    return con


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """How many rows a table, view or query in parentheses has."""
    row = con.execute(f"select count(*) from {relation}").fetchone()
    assert row is not None
    return int(row[0])


def parquet(paths: Iterable[Path], *, hive: bool = False) -> str:
    """The relation of some Parquet files, as SQL."""
    listed = ", ".join(literal(str(path)) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = {str(hive).lower()})"


def literal(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
