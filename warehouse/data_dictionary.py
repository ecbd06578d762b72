"""The data dictionary: what the rows and columns of every mart, macro and fact mean, what a number counts.

    python -m warehouse.data_dictionary docs/data-dictionary.md

writes it from the comments and types that an empty warehouse of this release has.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.build import build
from warehouse.commenting import Description, descriptions
from warehouse.landing import land_registry
from warehouse.macros import Macro, macros

_LAYERS = {
    "marts": "Marts: to be asked",
    "facts": "Facts: what the marts rest on",
    "registry": "Registry: what the campaigns' files say",
}
# Any moment will do: nothing is known of an empty warehouse at any.
_MOMENT = datetime(2020, 1, 1, tzinfo=UTC)

_INTRODUCTION = """\
# Data dictionary

Made from the SQL by `make dictionary`; a test holds it against a warehouse. Every warehouse has the same
words as comments, for tools that show them and for SQL:

```sql
SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'asset_daily'
```

The columns in bold name one row. Gains, what a counter moved in a day, have the bare name (`views`). NULL is
not known, never 0.
"""

_MACROS = """
## Macros: questions with arguments

Asked as `FROM totals_between('2019-10-29', '2019-12-12')`, or with their schema as `marts.totals_between(…)`.
"""

_METRICS = """
## Metrics: what every number counts

By the name under which the marts show it. Where a post has several counters of one name, the one of the
lowest rank speaks for it, on all its days. *Comparable*: it means the same wherever the name is told.
"""


def data_dictionary(con: duckdb.DuckDBPyConnection) -> str:
    """The dictionary of a warehouse that has its macros and comments, as Markdown."""
    said = descriptions()
    lines = [_INTRODUCTION]
    for layer, title in _LAYERS.items():
        lines.append(f"\n## {title}\n")
        for name, text, columns in _relations(con, layer):
            lines.append(f"\n### `{layer}.{name}`\n\n{text}\n\n")
            grain = said[f"{layer}.{name}"].grain
            lines += _table(("column", "type", "meaning"), _columns(columns, grain))
        if layer == "marts":
            lines.append(_MACROS)
            for macro in macros():
                lines += _macro(con, macro)
    lines.append(_METRICS)
    lines += _metrics(con)
    return "".join(lines)


def empty_warehouse(folder: Path) -> Path:
    """A warehouse of a registry without campaigns, made in a folder: tables, and nothing in them."""
    land_registry(folder / "landing", [], _MOMENT, _MOMENT)
    warehouse = folder / "warehouse.duckdb"
    build(folder / "landing", folder / "readings", warehouse)
    return warehouse


def _relations(
    con: duckdb.DuckDBPyConnection, layer: str
) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """(name, comment, columns as name, type, comment) of each table and view of a schema."""
    named = con.execute(
        """
        select table_name, coalesce(comment, '') from duckdb_tables() where schema_name = $layer
        union all
        select view_name, coalesce(comment, '') from duckdb_views() where schema_name = $layer
        order by all
        """,
        {"layer": layer},
    ).fetchall()
    for name, text in named:
        columns = con.execute(
            "select column_name, data_type, coalesce(comment, '') from duckdb_columns() "
            "where schema_name = ? and table_name = ? order by column_index",
            [layer, name],
        ).fetchall()
        yield name, text, columns


def _columns(columns: Iterable[tuple[str, str, str]], grain: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Rows of a table of columns; those that name a row stand in bold."""
    for name, kind, text in columns:
        shown = f"`{name}`"
        yield f"**{shown}**" if name in grain else shown, _type(kind), text


def _macro(con: duckdb.DuckDBPyConnection, macro: Macro) -> Iterator[str]:
    description = Description(macro.text)
    grain = f"One row per {', '.join(description.grain)}."
    yield f"\n### `{macro.signature}`\n\n{' '.join([description.purpose, grain, *description.notes])}\n\n"
    yield from _table(
        ("argument", "meaning"), ((f"`{name}`", meaning) for name, meaning in macro.arguments.items())
    )
    yield "\n"
    # A bare null is a mistake as soon as the macro is described; that of a query is one when it runs.
    nothing = ", ".join("(select null)" for _ in macro.arguments)
    found = con.execute(f"describe from marts.{macro.name}({nothing})").fetchall()
    columns = [(name, kind, description.columns.get(name, "")) for name, kind, *_ in found]
    yield from _table(("column", "type", "meaning"), _columns(columns, description.grain))


def _metrics(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    rows = con.execute(
        """
        select
            canonical_name, platform, object_type, kind, native_name, priority, is_comparable, definition,
            day_boundary, since, until, source
        from marts.metrics
        order by canonical_name, platform, object_type, kind, priority, native_name
        """
    ).fetchall()
    shown = []
    for (
        canonical,
        platform,
        of,
        kind,
        native,
        rank,
        comparable,
        definition,
        boundary,
        since,
        until,
        source,
    ) in rows:
        spans = [f"days end at midnight in {boundary}"] if boundary else []
        spans += [f"since {since}"] if since else []
        spans += [f"until {until}"] if until else []
        meaning = f"{definition} ({'; '.join([source, *spans])})"
        shown.append(
            (
                f"**{canonical}**",
                platform,
                of,
                kind,
                f"`{native}`",
                str(rank),
                "yes" if comparable else "no",
                meaning,
            )
        )
    yield "\n"
    yield from _table(
        ("name", "platform", "of", "kind", "native name", "rank", "comparable", "what it counts (source)"),
        shown,
    )


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n"
    for row in rows:
        yield f"| {' | '.join(_cell(text) for text in row)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _type(kind: str) -> str:
    return kind.lower().replace("timestamp with time zone", "timestamptz")


def write(path: Path) -> None:
    """Write the dictionary of this release."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = empty_warehouse(Path(folder))
        with duckdb.connect(warehouse, read_only=True) as con:
            path.write_text(data_dictionary(con), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
