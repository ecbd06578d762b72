"""The SQL keeps its rules: headers, grains, a comment on every column, layers that read what lies before."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import connectors
from connectors.exports.headers import exports, series
from tests.warehouse.lake import Lake, campaign
from warehouse import sightings, sql
from warehouse.commenting import output_columns

MODELS = {
    model.table: model for layer in ("registry", "summaries", "facts", "marts") for model in sql.models(layer)
}
COMMENTED = [table for table in MODELS if not table.startswith("summaries.")]
CHECKS = sql.checks()
READINGS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(sightings.SQL.glob("*.sql"))}
ALL_SQL = sorted(sql.FOLDER.rglob("*.sql"))
DICTIONARY = [
    {**row, "file": path.stem}
    for path in sorted((sql.FOLDER / "dictionary").glob("*.csv"))
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
]

CONNECTORS = Path(connectors.__file__ or "").parent
OBJECT_TYPES = ("post", "media", "account", "hashtag", "site", "audience", "advertising")

# What each layer may read. A layer's own tables are read in an order that `warehouse.sql` works out.
READS = {
    "registry": {"registry"},
    "summaries": {"readings", "registry", "summaries"},
    "facts": {"summaries", "registry", "dictionary", "facts", "scope"},
    "marts": {"summaries", "registry", "dictionary", "facts", "marts"},
    "macros": {"registry", "marts"},
    "checks": {"scope", "registry", "summaries", "facts", "marts"},
}
PLATFORMS = re.compile(r"\b(x|twitter|facebook|instagram|youtube|tiktok)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The columns of every table of a built warehouse, in order."""
    lake = Lake(tmp_path_factory.mktemp("sql-style"))
    lake.register(campaign())
    lake.build()
    return {table: [str(row[0]) for row in lake.query(f"describe {table}")] for table in MODELS}


def without_comments(text: str) -> str:
    return re.sub(r"--.*", "", text)


def schemas_read(text: str) -> set[str]:
    """The schemas whose tables a statement reads or writes."""
    named = r"\b(?:(?<!distinct )from|join|into|table|table if not exists|exists)\s+([a-z_]+)\.[a-z_]+"
    return set(re.findall(named, without_comments(text), re.IGNORECASE))


def connector_trees(platform: str) -> list[ast.Module]:
    """The platform's connector, a module or a package, parsed."""
    paths = sorted(CONNECTORS.glob(f"{platform}.py")) + sorted(CONNECTORS.glob(f"{platform}/*.py"))
    assert paths
    return [ast.parse(path.read_text(encoding="utf-8")) for path in paths]


def emitted(platform: str) -> set[str]:
    """Every native metric that a platform's readings write out by name."""
    return set(re.findall(r"'metric': '([\w/]+)'", READINGS[platform]))


def asked(platform: str) -> set[str]:
    """Every metric that a connector asks for from a plain list of names, `…METRICS = ("views", …)`."""
    found: set[str] = set()
    for tree in connector_trees(platform):
        for node in tree.body:
            if isinstance(node, ast.Assign) and str(getattr(node.targets[0], "id", "")).endswith("METRICS"):
                parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                for part in parts:
                    if isinstance(part, ast.Constant):
                        found |= set(str(part.value).split(","))
    return found


def exported(platform: str) -> set[str]:
    """Every native metric that the known exports of a platform become."""
    of_rows = {metric for each in exports() if each.platform == platform for metric in each.metrics}
    titled = series().values()
    if platform not in {each.platform for each in titled}:
        return of_rows
    return of_rows | {each.metric for each in titled if each.platform in (None, platform)}


def words(platform: str) -> set[str]:
    """Every word in quotes in a platform's readings and connector, and in the tables of its exports."""
    quoted = [*re.findall(r"['\"]([^'\"\n]+)['\"]", READINGS[platform]), *exported(platform)]
    for tree in connector_trees(platform):
        quoted += [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    return {word for text in quoted for word in re.findall(r"\w+", text)}


def bare(native_name: str) -> str:
    """The platform's name, without what the readings add for values of days and windows."""
    return native_name.removesuffix("/day").removesuffix("/window")


@pytest.mark.parametrize("path", ALL_SQL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_file_begins_by_saying_what_it_is_for(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert re.fullmatch(r"-- [A-Z].{20,}[.]", first), first


@pytest.mark.parametrize("table", MODELS)
def test_every_grain_names_columns_of_its_table(table: str, columns: dict[str, list[str]]) -> None:
    assert MODELS[table].grain
    assert set(MODELS[table].grain) <= set(columns[table])


@pytest.mark.parametrize("table", COMMENTED)
def test_every_column_of_a_table_has_its_comment(table: str, columns: dict[str, list[str]]) -> None:
    found = output_columns(MODELS[table].text)
    assert [name for _, name in found] == columns[table]
    assert [name for comments, name in found if not comments] == []
    assert [comments for comments, _ in found if not comments[-1].endswith((".", "…"))] == []


@pytest.mark.parametrize(
    "path",
    [path for path in ALL_SQL if path.parent.name != "readings"],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_no_platform_is_named_outside_the_readings(path: Path) -> None:
    assert PLATFORMS.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("table", MODELS)
def test_a_table_reads_only_layers_that_lie_before_it(table: str) -> None:
    assert schemas_read(MODELS[table].text) <= READS[MODELS[table].layer]


@pytest.mark.parametrize("macro", sql.models("macros"), ids=lambda model: model.name)
def test_a_macro_reads_only_what_is_published(macro: sql.Model) -> None:
    assert schemas_read(macro.text)
    assert schemas_read(macro.text) <= READS["macros"]


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_reads_only_what_is_published(check: str) -> None:
    assert schemas_read(CHECKS[check])
    assert schemas_read(CHECKS[check]) <= READS["checks"]


@pytest.mark.parametrize("platform", READINGS)
def test_readings_read_only_what_landed(platform: str) -> None:
    assert schemas_read(READINGS[platform]) == set()
    assert re.search(r"\bfrom landed\b", READINGS[platform])


@pytest.mark.parametrize("platform", READINGS)
def test_every_metric_that_is_read_or_asked_for_is_in_the_dictionary_and_no_other(platform: str) -> None:
    defined = {row["native_name"] for row in DICTIONARY if row["platform"] == platform}
    assert emitted(platform) - defined == set()
    assert exported(platform) - defined == set()
    assert asked(platform) - {bare(name) for name in defined} == set()
    # Values of days carry the names that were asked for.
    named = words(platform)
    assert {name for name in defined if bare(name) not in named} == set()


def test_every_dictionary_row_is_unique_and_lies_in_its_platforms_file() -> None:
    names = ("platform", "object_type", "native_name", "canonical_name")
    counted = Counter(tuple(row[name] for name in names) for row in DICTIONARY)
    assert [row for row, count in counted.items() if count > 1] == []
    assert [row for row in DICTIONARY if row["platform"] != row["file"]] == []
    assert {row["platform"] for row in DICTIONARY} == set(READINGS)


def test_no_two_counters_of_one_canonical_name_have_the_same_rank() -> None:
    # Two of one rank would be added up for a post and its media, and they do not count the same thing.
    ranks = Counter(
        (row["platform"], row["canonical_name"], row["priority"])
        for row in DICTIONARY
        if row["kind"] == "counter" and row["object_type"] in ("post", "media")
    )
    assert [rank for rank, count in ranks.items() if count > 1] == []


def test_every_dictionary_row_is_whole() -> None:
    for row in DICTIONARY:
        assert row["object_type"] in OBJECT_TYPES, row
        assert row["kind"] in ("counter", "daily", "window", "estimate"), row
        assert (row["kind"] == "daily") == row["native_name"].endswith("/day"), row
        assert (row["kind"] == "window") == row["native_name"].endswith("/window"), row
        # A platform's own day is nobody's until its boundary is named.
        assert row["day_boundary"] or row["kind"] != "daily", row
        assert not row["day_boundary"] or row["kind"] != "counter", row
        # A post's days stand in for a counter's, whose instants they are held against.
        assert row["object_type"] != "post" or row["kind"] != "daily" or ZoneInfo(row["day_boundary"]), row
        assert row["is_comparable"] in ("true", "false"), row
        assert row["definition"], row
        assert row["source"], row
        assert int(row["priority"]) >= 1, row


def test_a_model_without_a_grain_is_refused(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "posts.sql").write_text("-- Posts.\nselect 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"posts.sql has no line '-- Grain"):
        sql.models("facts", tmp_path)


def test_tables_are_made_after_the_tables_they_read(tmp_path: Path) -> None:
    (tmp_path / "marts").mkdir()
    for name, reads in {
        "adder": "marts.zebra",
        "zebra": "facts.posts",
        "owl": "marts.adder join marts.zebra",
    }.items():
        text = f"-- A table.\n-- Grain: day\nselect day\nfrom {reads} -- not marts.owl\n"
        (tmp_path / "marts" / f"{name}.sql").write_text(text, encoding="utf-8")
    assert [model.name for model in sql.models("marts", tmp_path)] == ["zebra", "adder", "owl"]
