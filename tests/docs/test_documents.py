"""Every page tells the truth about what it names: commands, links, files, settings, columns,
tests."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from connectors import discover
from flows.settings import Settings
from tests.docs.commands import PROGRAMS, REFUSALS, calls_in, lines_of
from tests.docs.pages import ROOT, Page, linked, pages
from tests.warehouse.lake import Lake, campaign

every_page = pytest.mark.parametrize("page", pages().values(), ids=pages().keys())

PLATFORMS = tuple(discover())
SETTINGS = {str(field.validation_alias) for field in Settings.model_fields.values()} | {
    name
    for connector in discover().values()
    for name in (connector.CREDENTIAL, *getattr(connector, "FURTHER_CREDENTIALS", {}).values())
}
Tables = dict[str, set[str]]

IGNORED = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()

TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}

FILE = re.compile(
    r"(?:flows|connectors|warehouse|docs|campaigns|tests|benchmarks|operations|\.ci)/[\w./-]*"
    r"|(?:prefect\.yaml|pyproject\.toml|requirements\.lock|Makefile|\.env\.example)"
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The columns of every table of a warehouse."""
    lake = Lake(tmp_path_factory.mktemp("tables"))
    lake.register(campaign())
    lake.build()
    found: Tables = {}
    for table, column in lake.query(
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
    ):
        found.setdefault(str(table), set()).add(str(column))
    for macro, columns in lake.query(
        "select function_name, parameters from duckdb_functions() where schema_name = 'marts'"
    ):
        found[f"marts.{macro}"] = set(columns)
    return found


def refused_calls(page: Page) -> list[str]:
    """The calls of a page that their programs do not take, each with the reason."""
    return [
        f"{page.name}: {program} {' '.join(call)}: {why}"
        for program in PROGRAMS
        for call in calls_in(lines_of(page), program)
        if (why := REFUSALS[program](call))
    ]


def dead_links(page: Page) -> list[str]:
    return [why for target in page.links if (why := linked(page, target))]


def unknown_names(page: Page, tables: Tables) -> list[str]:
    """What the page's code names and is not there: files, settings, tables, columns, tests."""
    found: list[str] = []
    spoken = [*page.inline, *(line for block in page.blocks for line in block.text.splitlines())]
    # Files that the page itself holds, or that a run writes.
    elsewhere = {*IGNORED, *(block.file for block in page.blocks)}
    for code in page.inline:
        if (
            FILE.fullmatch(code)
            and code not in elsewhere
            and not any((above / code).exists() for above in (ROOT, page.folder))
        ):
            found.append(f"there is no file {code}")
        found += [
            f"there is no test {name}"
            for name in re.findall(r"\btest_\w+(?![\w<{*])", code)
            if code not in elsewhere and _is_unknown(name)
        ]
    platforms = "|".join(name.upper() for name in PLATFORMS)
    for line in spoken:
        for name in re.findall(rf"(?<![\w{{])(?:CAMPAIGN|{platforms})_[A-Z_]*[A-Z]\b(?!\*)", line):
            if name not in SETTINGS:
                found.append(f"there is no setting {name}")
    for code in [*page.inline, *(block.text for block in page.blocks if block.language == "sql")]:
        for schema, table, column in re.findall(
            r"(?<![\w./-])(registry|summaries|facts|marts)\.([a-z_]+)\b(?:\.([a-z_]+)\b)?", code
        ):
            name = f"{schema}.{table}"
            if name not in tables:
                found.append(f"there is no table {name}")
            elif column and column not in tables[name] and column not in ("sql", "toml"):
                found.append(f"{name} has no column {column}")
    return found


def _is_unknown(name: str) -> bool:
    """Whether a test's name, or a module's, is nobody's."""
    return name not in TESTS and not any((ROOT / "tests").rglob(f"{name}.py"))


def unreadable_blocks(page: Page) -> list[str]:
    """The blocks that are not what they say: Python, TOML or JSON that does not parse."""
    found = []
    for block in page.blocks:
        try:
            if block.language == "python":
                compile(block.text, str(block), "exec")
            elif block.language == "toml":
                tomllib.loads(block.text)
            elif block.language == "json":
                json.loads(block.text)
        except ValueError as mistake:
            found.append(f"{block}: {mistake}")
        except SyntaxError as mistake:
            found.append(f"{block}: {mistake}")
    return found


@every_page
def test_every_command_of_a_page_is_one_and_takes_what_stands_behind_it(page: Page) -> None:
    assert refused_calls(page) == []


@every_page
def test_every_link_of_a_page_leads_somewhere(page: Page) -> None:
    assert dead_links(page) == []


@every_page
def test_every_file_setting_table_column_and_test_that_a_page_names_is_there(
    page: Page, tables: Tables
) -> None:
    assert unknown_names(page, tables) == []


@every_page
def test_every_block_of_a_page_is_what_it_says(page: Page) -> None:
    assert unreadable_blocks(page) == []


def test_every_page_is_in_the_index() -> None:
    index = pages()["docs/README.md"]
    there = {(index.folder / target.partition("#")[0]).resolve() for target in index.links}
    assert [name for name in pages() if (ROOT / name).resolve() not in there and name != index.name] == []


def test_every_setting_is_in_the_example_file() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == SETTINGS


WRONG = """\
# A page that is wrong

[Gone](gone.md), [nowhere](#nowhere), [here](#a-page-that-is-wrong), `warehouse/gone.py`, `CAMPAIGN_GONE`,
`marts.gone`, `marts.posts.gone`, `test_of_something_that_is_gone`, `campaign gone`

```
campaign collect --gone && X_GONE=1 make gone   # not campaign this --way
run campaign collect --all > /dev/null
5 * * * *  campaign  cd /opt/campaign && campaign build --gone > /dev/null
prefect deploy --gone
```
```python
return return
```
"""


def test_a_page_that_is_wrong_is_found_out(tables: Tables) -> None:
    page = Page("docs/wrong.md", WRONG)
    refused = "\n".join(refused_calls(page))
    assert len(refused_calls(page)) == 5
    for call in ("campaign gone", "collect --gone", "make gone", "build --gone", "prefect deploy --gone"):
        assert call in refused
    assert [line.split(": ")[1] for line in dead_links(page)] == ["gone.md", "#nowhere"]
    assert unknown_names(page, tables) == [
        "there is no file warehouse/gone.py",
        "there is no test test_of_something_that_is_gone",
        "there is no setting CAMPAIGN_GONE",
        "there is no setting X_GONE",
        "there is no table marts.gone",
        "marts.posts has no column gone",
    ]
    assert len(unreadable_blocks(page)) == 1


@pytest.mark.parametrize(
    ("line", "calls"),
    [
        ("cd x && run campaign collect --all > /dev/null  # now", [["collect", "--all"]]),
        ("CAMPAIGN_DASK=2 campaign build --full", [["build", "--full"]]),
        (
            'campaign sql "SELECT 1 > 0; -- campaign x" --format csv',
            [["sql", "SELECT 1 > 0; -- campaign x", "--format", "csv"]],
        ),
        ("campaign sql - < docs/queries/leaderboard.sql", [["sql", "-"]]),
        ("campaign-serve.service campaigns/ the campaign is", []),
        ("campaign collect && campaign build", [["collect"], ["build"]]),
    ],
)
def test_a_command_is_found_wherever_a_line_calls_it(line: str, calls: list[list[str]]) -> None:
    assert calls_in([line]) == calls


def test_the_pages_tell_people_to_type_most_of_what_there_is() -> None:
    told = {call[0] for page in pages().values() for call in calls_in(lines_of(page))}
    assert told >= {"demo", "check", "collect", "build", "report", "status", "backfill", "import", "forget"}
