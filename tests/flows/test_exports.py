"""The tables as files for other programs: what they say, where they lie, and what their manifest promises."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.answers.exporting import export_table
from flows.answers.exports import done_line, where_they_lie, write_exports
from flows.answers.query import as_text
from flows.answers.reports import Reports
from flows.answers.tables import FORMATS, LOCK, MANIFEST, TABLES_KEPT, Asked, Tables, read_manifest
from flows.refused import UnknownName
from tests.flows.conftest import Said
from tests.unprivileged import unwritable
from tests.warehouse.lake import Lake, campaign, x_post
from warehouse.one_at_a_time import one_at_a_time
from warehouse.publish import ask, open_published

FORMULA = '=HYPERLINK("https://evil.example","\'")'
RETWEETS = 700
# A program whose numbers are all floating-point has no such number.
EXACT = 2**53 + 1
MADE_AT = datetime(2026, 11, 9, 6, tzinfo=UTC)
MARK = b"\xef\xbb\xbf"
EVERYTHING = Asked(FORMATS)


def november(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=UTC)


def read_posts(lake: Lake, day: int, retweets: int) -> None:
    answer = {
        "data": [
            x_post("101", retweets=retweets, created_at=november(1), impression_count=2000 * day),
            x_post("102", retweets=day, created_at=november(1), text=FORMULA),
        ]
    }
    lake.answer(november(day), answer)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two campaigns; of one a post with a formula for its text, and one that is retweeted."""
    lake = Lake(tmp_path_factory.mktemp("exports"))
    water = campaign(starts=date(2026, 11, 1), ends=date(2026, 11, 30), assets={"film": ["x:101"]})
    lake.register(water, campaign("milk", starts=date(2026, 10, 1), ends=date(2026, 10, 5)))
    for day in (2, 3, 4):
        read_posts(lake, day, RETWEETS - 4 + day)
    lake.build()
    return lake


@pytest.fixture(scope="module")
def exported(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the day of one campaign, in every format; nobody changes it."""
    return export(lake, tmp_path_factory.mktemp("exported"), EVERYTHING).folder


def export(lake: Lake, out: Path, asked: Asked, made_at: datetime = MADE_AT) -> Tables:
    (written,) = write_exports(lake.warehouse, out, made_at, asked, "water")
    return written


def marts_of(lake: Lake) -> dict[str, int]:
    """Every mart, and how many rows of it are the campaign's."""
    found = ask(
        lake.warehouse,
        "select table_name, 'campaign_id' in list(column_name) from information_schema.columns "
        "where table_schema = 'marts' and table_catalog = 'warehouse' group by table_name",
    )
    counts = {}
    for mart, is_campaigns in found:
        where = " where campaign_id = 'water'" if is_campaigns else ""
        ((counts[mart],),) = ask(lake.warehouse, f"select count(*) from marts.{mart}{where}")
    return counts


def rows_in(path: Path) -> int:
    if path.suffix == ".parquet":
        return int(pq.ParquetFile(path).metadata.num_rows)
    if path.suffix == ".json":
        return len(json.loads(path.read_text(encoding="utf-8")))
    with path.open(newline="", encoding="utf-8-sig") as lines:
        return sum(1 for _ in csv.reader(lines)) - 1


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def assert_that_the_manifest_is_true(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest is not None
    there = files_in(folder)
    assert {each.path for each in manifest.files} == there.keys()
    for each in manifest.files:
        assert each.bytes == len(there[each.path])
        assert each.sha256 == hashlib.sha256(there[each.path]).hexdigest()
        assert each.rows == rows_in(folder / each.path), each.path


def test_every_mart_is_there_in_every_format_with_the_campaigns_rows(lake: Lake, exported: Path) -> None:
    marts = marts_of(lake)
    for form in FORMATS:
        assert {path.stem: rows_in(path) for path in (exported / form).glob(f"*.{form}")} == marts
    assert exported.parent.name == "water"
    assert exported.name == "2026-11-03"
    assert os.readlink(exported.with_name("latest-tables")) == "2026-11-03"


def test_the_manifest_says_what_lies_there_and_which_build_it_is_from(lake: Lake, exported: Path) -> None:
    assert_that_the_manifest_is_true(exported)
    manifest = read_manifest(exported)
    assert manifest is not None
    assert (manifest.campaign, manifest.day, manifest.made_at) == ("water", date(2026, 11, 3), MADE_AT)
    published = lake.warehouse.stat()
    assert manifest.build.published_at == datetime.fromtimestamp(published.st_mtime, UTC)
    assert manifest.build.size_bytes == published.st_size
    assert (
        manifest.build.readings
        == ask(lake.warehouse, "select sum(polls)::bigint from summaries.counter_days")[0][0]
    )
    said = json.loads((exported / MANIFEST).read_text(encoding="utf-8"))
    assert said["files"][0].keys() == {"path", "rows", "bytes", "sha256"}


@pytest.mark.parametrize("mart", ["assets", "posts", "post_daily", "asset_totals", "coverage", "gaps"])
def test_the_json_is_what_campaign_sql_says(
    lake: Lake, exported: Path, said_by_sql: Callable[..., bytes], mart: str
) -> None:
    said = said_by_sql(f"from marts.{mart} where campaign_id = 'water'", "--format", "json")
    wrote = (exported / "json" / f"{mart}.json").read_bytes()
    assert sorted(line.rstrip(b",") for line in wrote.splitlines()) == sorted(
        line.rstrip(b",") for line in said.splitlines()
    )
    assert wrote.startswith(b"[\n")
    assert wrote.endswith(b"\n]\n")


def test_json_says_null_day_and_moment_as_they_are(exported: Path) -> None:
    totals = json.loads((exported / "json" / "asset_totals.json").read_text(encoding="utf-8"))
    (film,) = [row for row in totals if row["asset_id"] == "film"]
    assert (film["retweets"], film["shares"]) == (RETWEETS, None)
    assert film["last_seen_at"] == "2026-11-04T00:00:00Z"
    days = json.loads((exported / "json" / "asset_daily.json").read_text(encoding="utf-8"))
    assert min(row["day"] for row in days if row["asset_id"] == "film") == "2026-11-01"
    assert json.loads((exported / "json" / "reach_share.json").read_text(encoding="utf-8")) == []


def test_integers_are_exact_in_every_format(
    lake: Lake, said_by_sql: Callable[..., bytes], tmp_path: Path
) -> None:
    query = (
        f"select {EXACT}::bigint as n, {2**62 + 1}::bigint as more, [{EXACT}] as many, 0.1::double as part"
    )
    with ExitStack() as files:
        wrote = {form: files.enter_context((tmp_path / form).open("w+b")) for form in FORMATS}
        with open_published(lake.warehouse) as connection:
            assert export_table(connection, query, [], wrote) == 1
    line = f'{{"n": {EXACT}, "more": {2**62 + 1}, "many": [{EXACT}], "part": 0.1}}'
    assert (tmp_path / "json").read_text() == f"[\n{line}\n]\n"
    assert said_by_sql(query, "--format", "json").decode() == f"[\n{line}\n]\n"
    assert (tmp_path / "csv").read_text().splitlines()[1] == f'{EXACT},{2**62 + 1},"[{EXACT}]",0.1'
    assert pq.read_table(tmp_path / "parquet").to_pylist()[0]["more"] == 2**62 + 1


def test_parquet_has_the_types_of_the_tables_and_texts_as_they_are(exported: Path) -> None:
    daily = pq.read_schema(exported / "parquet" / "asset_daily.parquet")
    assert daily.field("day").type == pa.date32()
    assert daily.field("views").type == pa.int64()
    totals = pq.read_table(exported / "parquet" / "asset_totals.parquet")
    assert totals.schema.field("last_seen_at").type == pa.timestamp("us", "UTC")
    assert RETWEETS in totals["retweets"].to_pylist()
    assert FORMULA in pq.read_table(exported / "parquet" / "posts.parquet")["title"].to_pylist()


def test_a_page_of_a_scheduler_leads_to_each_table_where_the_reports_are_served(
    lake: Lake, exported: Path
) -> None:
    out, day = exported.parent.parent, exported.name
    tables = Tables(exported, read_manifest(exported), is_new=True)  # type: ignore[arg-type]
    at = f"https://ok.example/reports/water/{day}"
    reports = Reports(out, "https://ok.example/reports")
    page = where_they_lie([tables], reports.holding(out))
    assert f"[{exported}]({at}/manifest.json)" in page
    linked = f"[CSV]({at}/csv/asset_daily.csv), [JSON]({at}/json/asset_daily.json)"
    assert f"- asset_daily: {linked}, [Parquet]({at}/parquet/asset_daily.parquet)\n" in page
    assert page.count("[CSV]") == len(tables.rows_by_mart)
    # Where nobody serves them, and where they lie elsewhere, there is nothing to follow.
    for elsewhere in (Reports(out).holding(out), reports.holding(out / "water")):
        assert str(exported) in where_they_lie([tables], elsewhere)
        assert "](" not in where_they_lie([tables], elsewhere)


def test_no_spreadsheet_runs_what_a_csv_says_and_json_leaves_it_as_it_is(exported: Path) -> None:
    with (exported / "csv" / "posts.csv").open(newline="", encoding="utf-8") as lines:
        titles = {row["title"] for row in csv.DictReader(lines)}
    assert f"'{FORMULA}" in titles
    assert FORMULA not in titles
    posts = json.loads((exported / "json" / "posts.json").read_text(encoding="utf-8"))
    assert FORMULA in {row["title"] for row in posts}


# As a text, and how a CSV has it. LibreOffice 7.4 made formulas of those with a NUL and, with semicolons
# between cells, of those with a second line.
HOSTILE = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(1)": "'@SUM(1)",
    "\t=1+1": "'\t'=1+1",
    "\r=1+1": "'\r'=1+1",
    "\nplain": "'\nplain",
    "\x00=1+1": "'\x00=1+1",
    " =1+1": "' =1+1",
    "\uff1d1+1": "'\uff1d1+1",
    "plain\r\n=1+1": "plain\r\n'=1+1",
    "plain\n@you": "plain\n'@you",
    "plain;=1+1;;-1": "plain;'=1+1;;'-1",
    'x;"=1+1;y': """x;'"=1+1;y""",
    'x\n"@you': """x\n'"@you""",
    "plain, =1+1; so - it @ is": "plain, =1+1; so - it @ is",
}


@pytest.mark.parametrize(("text", "safe"), HOSTILE.items(), ids=ascii)
def test_no_cell_of_a_csv_begins_like_a_formula_wherever_a_spreadsheet_ends_it(text: str, safe: str) -> None:
    wrote = io.BytesIO()
    with duckdb.connect() as connection:
        export_table(connection, "select $1::varchar as t, [$1::varchar] as l", [text], {"csv": wrote})
    _, (cell, of_a_list) = csv.reader(io.StringIO(wrote.getvalue().decode(), newline=""))
    assert cell == as_text(text) == safe
    assert of_a_list == as_text([text])


# What ends a cell, what hides a sign from whom, and signs.
_TEXTS = st.text(st.sampled_from(';,\t\n\r"\x00 x=-\uff1d'), max_size=10)
_LIVE = re.compile("[\\x00-\\x20]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@given(rows=st.lists(st.tuples(_TEXTS, _TEXTS), min_size=1, max_size=20))
def test_no_cell_begins_with_a_sign_whatever_somebody_takes_for_the_end_of_one(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[str, str]]
) -> None:
    made = [(1, one, other, [one, other]) for one, other in rows]
    exported, asked = io.BytesIO(), io.StringIO(newline="")
    query = "select 1 as n, r[1] as a, r[2] as b, r as l from (select unnest($1::varchar[][]) as r)"
    export_table(connection, query, [[list(row) for row in rows]], {"csv": exported})
    csv.writer(asked).writerows([as_text(value) for value in row] for row in made)
    lines = exported.getvalue().decode()
    # Two programs search for the signs, and find the same.
    assert _read(lines, ",")[1:] == _read(asked.getvalue(), ",")
    for separator in ",;\t":
        for written in (lines, asked.getvalue()):
            assert not [cell for row in _read(written, separator) for cell in row if _LIVE.match(cell)]


def _read(lines: str, separator: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(lines, newline=""), delimiter=separator)]


def test_with_a_mark_every_csv_begins_with_it_and_nothing_else_changes(
    lake: Lake, exported: Path, tmp_path: Path
) -> None:
    plain = files_in(exported)
    marked = files_in(export(lake, tmp_path, Asked(FORMATS, has_mark=True)).folder)
    assert marked == {
        path: MARK + content if path.startswith("csv/") else content for path, content in plain.items()
    }
    # Who does not say leaves it, and who says no takes it off; the others are not written again.
    before = (tmp_path / "water" / "2026-11-03" / "json" / "posts.json").stat()
    left = export(lake, tmp_path, EVERYTHING)
    assert not left.is_new
    assert files_in(left.folder) == marked
    assert files_in(export(lake, tmp_path, Asked(FORMATS, has_mark=False)).folder) == plain
    assert os.path.samestat(before, (left.folder / "json" / "posts.json").stat())
    assert_that_the_manifest_is_true(left.folder)


def test_what_lies_there_of_the_same_build_is_not_written_again(lake: Lake, tmp_path: Path) -> None:
    first = export(lake, tmp_path, EVERYTHING)
    before = {path: path.stat() for path in tmp_path.rglob("*") if path.is_file() and path.name != LOCK}
    again = export(lake, tmp_path, EVERYTHING, MADE_AT + timedelta(hours=1))
    assert (first.is_new, again.is_new) == (True, False)
    assert done_line(again).endswith("; unchanged since 2026-11-09 06:00:00 UTC, nothing was written")
    assert again.manifest == first.manifest
    for path, status in before.items():
        assert os.path.samestat(status, path.stat())


@pytest.mark.parametrize("damage", ["gone", "cut", "no manifest", "manifest cut"])
def test_what_is_not_whole_is_written_again(lake: Lake, exported: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "water" / exported.name
    shutil.copytree(exported, folder)
    if damage == "gone":
        (folder / "csv" / "posts.csv").unlink()
    elif damage == "cut":
        os.truncate(folder / "json" / "posts.json", 10)
    elif damage == "no manifest":
        (folder / MANIFEST).unlink()
    else:
        os.truncate(folder / MANIFEST, 100)
    assert export(lake, tmp_path, EVERYTHING).is_new
    assert files_in(folder) == files_in(exported)
    assert_that_the_manifest_is_true(folder)


def test_only_what_is_asked_for_is_written(lake: Lake, tmp_path: Path) -> None:
    one = export(lake, tmp_path, Asked(["json"], ["asset_daily"]))
    assert set(files_in(one.folder)) == {"json/asset_daily.json"}
    more = export(lake, tmp_path, Asked(["csv"], ["posts", "gaps"]))
    assert set(files_in(more.folder)) == {"csv/gaps.csv", "csv/posts.csv", "json/asset_daily.json"}
    assert_that_the_manifest_is_true(more.folder)
    assert "; 3 tables with " in done_line(more)
    assert " as CSV and JSON, " in done_line(more)


def test_after_a_build_all_that_lies_there_is_of_it_though_less_was_asked_for(
    lake: Lake, tmp_path: Path
) -> None:
    here = Lake(tmp_path / "home")
    shutil.copytree(lake.root, here.root, dirs_exist_ok=True)
    out = tmp_path / "out"
    before = export(here, out, EVERYTHING)
    # Nobody left it: neither a run that was killed nor a mart that is no more.
    (before.folder / "csv" / ".posts.csv.999999.part").write_text("half")
    (before.folder / "parquet" / "gone.parquet").write_text("old")
    read_posts(here, 4, RETWEETS + 1)
    here.build()
    after = export(here, out, Asked(["parquet"], ["asset_totals"]), MADE_AT + timedelta(hours=1))
    assert after.folder == before.folder
    assert {each.path for each in after.manifest.files} == {each.path for each in before.manifest.files}
    assert after.manifest.build != before.manifest.build
    assert_that_the_manifest_is_true(after.folder)
    for form in ("csv", "json"):
        assert str(RETWEETS + 1) in (after.folder / form / f"asset_totals.{form}").read_text(encoding="utf-8")
    totals = pq.read_table(after.folder / "parquet" / "asset_totals.parquet")
    assert RETWEETS + 1 in totals["retweets"].to_pylist()


def test_who_waited_for_another_run_writes_what_is_published_then(lake: Lake, tmp_path: Path) -> None:
    here = Lake(tmp_path / "home")
    shutil.copytree(lake.root, here.root, dirs_exist_ok=True)
    out = tmp_path / "out"
    (out / "water").mkdir(parents=True)
    with ExitStack() as other_run:
        other_run.enter_context(one_at_a_time(out / "water" / LOCK))

        def publish_another_and_let_go(_: str) -> None:
            read_posts(here, 4, RETWEETS + 1)
            here.build()
            other_run.close()

        (written,) = write_exports(
            here.warehouse, out, MADE_AT, EVERYTHING, "water", waiting=publish_another_and_let_go
        )
    assert written.manifest.build.size_bytes == here.warehouse.stat().st_size
    assert written.manifest.build.published_at == datetime.fromtimestamp(here.warehouse.stat().st_mtime, UTC)
    assert_that_the_manifest_is_true(written.folder)
    assert str(RETWEETS + 1) in (written.folder / "csv" / "asset_totals.csv").read_text(encoding="utf-8")


def test_what_was_written_of_a_build_that_is_replaced_meanwhile_gets_no_names(
    lake: Lake, tmp_path: Path
) -> None:
    here = Lake(tmp_path / "home")
    shutil.copytree(lake.root, here.root, dirs_exist_ok=True)
    before = export(here, tmp_path / "out", EVERYTHING)
    read_posts(here, 4, RETWEETS + 1)
    here.build()
    told: list[object] = []

    def publish_another(step: object) -> None:
        if not told:
            read_posts(here, 4, RETWEETS + 2)
            here.build()
        elif told[0] == step:
            # It begins anew.
            assert read_manifest(before.folder) == before.manifest
            assert_that_the_manifest_is_true(before.folder)
        told.append(step)

    (written,) = write_exports(
        here.warehouse, tmp_path / "out", MADE_AT, EVERYTHING, "water", progress=publish_another
    )
    assert told.count(told[0]) == 2
    assert str(RETWEETS + 2) in (written.folder / "csv" / "asset_totals.csv").read_text(encoding="utf-8")
    assert_that_the_manifest_is_true(written.folder)


def test_old_days_lose_their_tables_and_their_manifest_at_once(lake: Lake, tmp_path: Path) -> None:
    written = export(lake, tmp_path, Asked(["csv"], ["assets"]))
    for number in range(TABLES_KEPT):
        shutil.copytree(written.folder, written.folder.with_name(f"2026-10-{number + 1:02d}"))
    (written.folder.with_name("2026-10-01") / "report.html").write_text("a page")
    shutil.rmtree(written.folder)
    written = export(lake, tmp_path, Asked(["csv"], ["assets"]))
    days = sorted(path for path in written.folder.parent.iterdir() if path.name.startswith("2026"))
    assert [day.name for day in days if not (day / MANIFEST).exists()] == ["2026-10-01"]
    assert [path.name for path in days[0].iterdir()] == ["report.html"]
    shutil.copytree(written.folder, written.folder.with_name("2026-11-20"))
    export(lake, tmp_path, Asked(["csv"], ["posts"]))
    # Of two days that are past the newest seven one has a page, and goes on with that alone.
    assert not written.folder.with_name("2026-10-02").exists()
    assert os.readlink(written.folder.with_name("latest-tables")) == "2026-11-20"


def test_the_newest_tables_get_their_name_though_whoever_wrote_them_was_killed_before(
    lake: Lake, tmp_path: Path
) -> None:
    asked = Asked(["csv"], ["assets"])
    written = export(lake, tmp_path, asked)
    latest = written.folder.with_name("latest-tables")
    latest.unlink()
    assert not export(lake, tmp_path, asked).is_new
    assert os.readlink(latest) == written.folder.name


def test_a_table_that_is_not_there_is_one_line_that_names_those_that_are(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as refused:
        export(lake, tmp_path, Asked(["csv"], ["asset_daly"]))
    assert str(refused.value).startswith("the tables have no mart 'asset_daly'; they have: account_daily, ")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def said_by_sql(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, campaign: Callable[..., Said]
) -> Callable[..., bytes]:
    monkeypatch.setenv("CAMPAIGN_HOME", str(lake.root))

    def run(*arguments: str) -> bytes:
        said = campaign("sql", *arguments)
        assert said.code == 0, said.err
        return said.out.encode()

    return run


def test_campaign_sql_gives_its_csv_the_mark_too(said_by_sql: Callable[..., bytes]) -> None:
    query = ("select asset_id from marts.asset_totals where asset_id = 'film'", "--format", "csv")
    assert said_by_sql(*query, "--bom") == MARK + said_by_sql(*query) == MARK + b"asset_id\r\nfilm\r\n"


def test_a_mark_for_anything_but_csv_is_refused(built: Path, campaign: Callable[..., Said]) -> None:
    for said in (
        campaign("sql", "select 1", "--format", "json", "--bom"),
        campaign("export", "--format", "json", "--bom"),
    ):
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert "--format csv" in said.err


def test_the_command_writes_beside_the_reports_and_says_when_nothing_changed(
    built: Path, home: Path, campaign: Callable[..., Said]
) -> None:
    said = campaign("export")
    assert said.code == 0
    assert said.out.startswith("data/reports/water-2026/2026-05-20: water-2026 on 2026-05-20; ")
    assert " as CSV and Parquet, " in said.out
    folder = home / "data" / "reports" / "water-2026"
    assert (folder / "latest-tables" / "csv" / "asset_daily.csv").is_file()
    assert "nothing was written" in campaign("export").out
    # The report finds its tables there, and lets them lie.
    before = (folder / "latest-tables" / MANIFEST).read_bytes()
    assert campaign("report").code == 0
    assert (folder / "latest" / MANIFEST).read_bytes() == before
    elsewhere = ("--out", "elsewhere", "--campaign", "water-2026", "--mart", "assets", "--format", "json")
    assert campaign("export", *elsewhere).code == 0
    assert list(files_in(home / "elsewhere" / "water-2026" / "2026-05-20")) == ["json/assets.json"]


def test_what_cannot_be_exported_is_one_line_and_told_by_status(
    built: Path, home: Path, campaign: Callable[..., Said]
) -> None:
    for unknown in (("--campaign", "milk"), ("--mart", "milk")):
        said = campaign("export", *unknown)
        assert (said.code, said.err.count("\n")) == (2, 1)
    assert "campaign: export: " not in campaign("status").err
    (home / "locked").mkdir()
    with unwritable(home / "locked"):
        refused = campaign("export", "--out", "locked")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "locked" in refused.err
    assert "campaign: export: the run of " in campaign("status").err
    assert campaign("export").code == 0
    assert "campaign: export: " not in campaign("status").err
    built.unlink()
    nothing = campaign("export")
    assert (nothing.code, nothing.err.count("\n")) == (1, 1)
    assert "run `campaign build`" in nothing.err
