"""`campaign build`, `sql`, `check`, `sandbox` and `--help`, as a person at a terminal meets them."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import requests

from flows.settings import CREDENTIALS
from tests.flows.conftest import X_TOKEN, Said, Vendor, answer
from tests.unprivileged import unwritable

Campaign = Callable[..., Said]
CAMPAIGN = Path(sys.executable).with_name("campaign")
QUERIES = Path(__file__).parents[2] / "docs" / "queries"
COMMANDS = ("demo", "sandbox", "check", "status", "collect", "build", "sql")


def test_build_says_what_it_made(campaign: Campaign, home: Path, x_only: Vendor) -> None:
    campaign("collect", "--as-of", "2026-05-20T12:00Z")
    said = campaign("build")
    assert (said.code, said.err) == (0, "")
    assert re.search(r"facts\.group_days\W+\d", said.out)
    assert "4 new answers" in said.out
    assert (home / "data" / "warehouse.duckdb").exists()


def test_build_with_out_leaves_the_published_warehouse_alone(
    built: Path, campaign: Campaign, home: Path, x_only: Vendor
) -> None:
    before = built.stat().st_mtime_ns
    campaign("collect", "--as-of", "2026-05-21T12:00Z")
    said = campaign("build", "--as-known-at", "2026-05-20T18:00Z", "--out", "then.duckdb")
    assert (said.code, built.stat().st_mtime_ns) == (0, before)
    with duckdb.connect(home / "then.duckdb", read_only=True) as then:
        last_seen = then.execute("select max(last_seen_at)::date from marts.asset_totals").fetchall()
    assert last_seen == [(date(2026, 5, 20),)]


@pytest.mark.parametrize("command", ["build", "collect"])
def test_a_folder_that_cannot_be_written_is_one_line_with_its_cure(
    campaign: Campaign, home: Path, x_only: Vendor, command: str
) -> None:
    (home / "data").mkdir()
    with unwritable(home / "data"):
        said = campaign(command)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "data/.registry.lock" in said.err
    assert "set CAMPAIGN_HOME and CAMPAIGN_LAKE to other folders" in said.err


def test_a_build_that_changes_nothing_does_not_speak_of_new_answers(
    built: Path, campaign: Campaign, home: Path
) -> None:
    assert ": unchanged; 0 new answers, " in campaign("build").out
    # As a full build that was killed leaves it.
    shutil.rmtree(home / "data" / "readings")
    said = campaign("build")
    assert ": unchanged; 4 answers were read and change nothing, " in said.out
    assert "new answers" not in said.out


def test_build_without_anything_landed_says_so(campaign: Campaign, home: Path) -> None:
    (home / "campaigns" / "water.toml").unlink()
    said = campaign("build")
    assert (said.code, said.err.count("\n")) == (1, 1)


def test_a_build_sees_the_registry_of_now(built: Path, campaign: Campaign, home: Path) -> None:
    toml = home / "campaigns" / "water.toml"
    toml.write_text(toml.read_text().replace('title = "Launch film"', 'title = "The launch"'))
    campaign("build")
    said = campaign("sql", "select asset_title from marts.asset_totals order by 1", "--format", "csv")
    assert said.out.splitlines() == ["asset_title", "The launch", "Water"]


def test_build_and_sql_before_anything_is_there(campaign: Campaign, home: Path) -> None:
    said = campaign("sql", "select 1")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "campaign build" in said.err


def test_sql_shows_a_table(built: Path, campaign: Campaign) -> None:
    said = campaign("sql", "select 1234567 as views, null as shares, '[red]x' as title, true as listed")
    assert said.code == 0
    assert re.search(r"1,234,567 │ ·\s+│ \[red\]x │ true", said.out)


def test_sql_cuts_a_long_table_and_says_so(built: Path, campaign: Campaign) -> None:
    said = campaign("sql", "select range as n from range(1001)")
    assert "Only the first 1,000 rows are shown" in said.out
    assert len(campaign("sql", "select range as n from range(1001)", "--format", "csv").out.split()) == 1002


def test_sql_shows_no_control_characters(built: Path, campaign: Campaign) -> None:
    said = campaign("sql", "select chr(27) || '[2J' || chr(8238) as title")
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out


def test_sql_gives_csv_that_spreadsheets_read_as_text(built: Path, campaign: Campaign) -> None:
    said = campaign(
        "sql",
        """select 'a,"b' as t, '=1+1' as f, -5 as n, null as missing, 1000000::hugeint as big, true as yes,
           timestamptz '2026-05-20 12:00+00' as at, date '2026-05-20' as day, ['a'] as tags""",
        "--format",
        "csv",
    )
    assert said.out.endswith("\r\n")
    header, row = csv.reader(io.StringIO(said.out, newline=""))
    assert header == ["t", "f", "n", "missing", "big", "yes", "at", "day", "tags"]
    assert row == [
        *('a,"b', "'=1+1", "-5", "", "1000000", "true", "2026-05-20T12:00:00Z", "2026-05-20", '["a"]')
    ]


def test_sql_gives_json(built: Path, campaign: Campaign) -> None:
    query = """select sum(n) as n, null as missing, 1.5 as half, 'é' as t, 'nan'::double as nan, 1 as n,
               {'a': [date '2026-05-20']} as nested from range(3) t(n)"""
    assert json.loads(campaign("sql", query, "--format", "json").out) == [
        {
            "n": 3,
            "missing": None,
            "half": 1.5,
            "t": "é",
            "nan": None,
            "n_1": 1,
            "nested": {"a": ["2026-05-20"]},
        }
    ]
    assert json.loads(campaign("sql", "select 1 as n where false", "--format", "json").out) == []


def test_sql_gives_parquet_and_reads_the_query_from_standard_input(built: Path, home: Path) -> None:
    ran = subprocess.run(
        [CAMPAIGN, "sql", "-", "--format", "parquet"],
        input=b"select sum(views) as views, any_value(side_id) as side from marts.asset_totals",
        capture_output=True,
        cwd=home,
        check=True,
    )
    table = pq.read_table(io.BytesIO(ran.stdout))
    assert table.schema.field("views").type == "int64"
    assert table.to_pylist() == [{"views": 1800, "side": "ours"}]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("selec 1", "syntax error"),
        ("select viewz from marts.asset_totals", "viewz"),
        ("select * from '/etc/passwd'", "/etc/passwd"),
        ("select * from read_text('/etc/passwd')", "disabled"),
        ("copy (select 1) to 'stolen.csv'", "disabled"),
        ("attach 'other.duckdb'", "disabled"),
        ("set enable_external_access = true", "Cannot"),
        ("create table marts.mine (n int)", "read-only"),
        ("drop table marts.asset_totals", "read-only"),
        (" ", "no query"),
    ],
)
def test_sql_only_reads_and_fails_in_one_line(
    built: Path, campaign: Campaign, home: Path, query: str, says: str
) -> None:
    for form in ("csv", "parquet"):
        said = campaign("sql", query, "--format", form)
        assert said.code != 0
        assert said.err.startswith("campaign: ")
        assert said.err.count("\n") == 1
        assert says in said.err
    assert not (home / "stolen.csv").exists()


@pytest.mark.parametrize("before", [[], ["--format", "csv"], ["--format", "csv", "--"]])
def test_sql_takes_a_query_that_begins_with_a_comment(
    built: Path, campaign: Campaign, before: list[str]
) -> None:
    said = campaign("sql", *before, "-- Which film?\n-- Ours.\nselect asset_title from marts.asset_totals")
    assert (said.code, said.err) == (0, "")
    assert "Launch film" in said.out
    said = campaign("sql", "--\nselect 7 as n", "--format", "json")
    assert json.loads(said.out) == [{"n": 7}]
    said = campaign("sql", "--frmat", "csv", "select 1")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "--frmat" in said.err


def test_every_query_of_the_docs_can_be_an_argument(built: Path, campaign: Campaign) -> None:
    for file in sorted(QUERIES.glob("*.sql")):
        said = campaign("sql", file.read_text())
        # Some ask for a campaign that is not in this warehouse; none is taken for a wrong call.
        assert said.code in (0, 1), (file.name, said.err)


def test_sql_that_nobody_reads_to_the_end_is_quiet(built: Path, home: Path) -> None:
    with subprocess.Popen(
        [CAMPAIGN, "sql", "select range from range(1000000)", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_check_tells_the_whole_state(built: Path, campaign: Campaign, x_only: Vendor) -> None:
    said = campaign("check")
    assert (said.code, said.err) == (0, "")
    assert "Clean Water 2026" in said.out
    assert "X_BEARER_TOKEN is set" in said.out
    assert "none: set FACEBOOK_ACCESS_TOKEN" in said.out
    assert "never seen: facebook:111_222 (water-2026, launch-film)" in said.out
    assert "x 4" in said.out
    assert X_TOKEN not in said.out


def test_check_lists_every_mistake_of_the_registry(campaign: Campaign, home: Path) -> None:
    toml = home / "campaigns" / "water.toml"
    text = toml.read_text().replace('kind = "video"', 'kind = "vidio"')
    toml.write_text(text.replace('"x:101"', '"https://fb.watch/abc/"'))
    said = campaign("check")
    assert said.code == 1
    assert said.err.count("campaign: ") == said.err.count("\n") == 2


def test_a_post_that_was_only_ever_refused_was_never_seen(campaign: Campaign, x_only: Vendor) -> None:
    problem = "https://api.twitter.com/2/problems/resource-not-found"
    missing = {"value": "101", "detail": "Could not find [101].", "type": problem, "resource_id": "101"}
    x_only.answers["/2/tweets"] = answer({"errors": [missing]})
    campaign("collect", "--as-of", "2026-05-20T12:00Z")
    campaign("build")
    asked = len(x_only.asked)
    assert campaign("collect", "--as-of", "2026-05-20T13:00Z").code == 0
    assert not any(path.startswith("/2/tweets?ids=") for path in x_only.asked[asked:])
    said = campaign("check")
    assert "never seen: x:101 (water-2026, launch-film)" in said.out


@pytest.mark.parametrize("command", ["collect", "build"])
def test_every_mistake_of_the_registry_is_a_line(campaign: Campaign, home: Path, command: str) -> None:
    toml = home / "campaigns" / "water.toml"
    text = toml.read_text().replace('kind = "video"', 'kind = "vidio"')
    toml.write_text(text.replace('"x:101"', '"https://fb.watch/abc/"'))
    said = campaign(command)
    assert said.code == 1
    assert said.err.count("campaign: ") == said.err.count("\n") == 2


def test_check_says_which_folder_cannot_be_used(
    campaign: Campaign, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").touch()
    monkeypatch.setenv("CAMPAIGN_HOME", str(home / "file" / "data"))
    said = campaign("check")
    assert said.code == 1
    assert "CAMPAIGN_HOME" in said.err
    assert "Traceback" not in said.err


def test_check_says_that_a_warehouse_is_of_another_release(campaign: Campaign, home: Path) -> None:
    (home / "data").mkdir()
    duckdb.connect(home / "data" / "warehouse.duckdb").close()
    said = campaign("check")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "run `campaign build --full`" in said.err


def test_check_says_that_a_warehouse_is_broken(built: Path, campaign: Campaign, home: Path) -> None:
    built.write_bytes(b"this is no database" * 1000)
    said = campaign("check")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "campaign build" in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(campaign: Campaign, command: str) -> None:
    said = campaign(command, "--help")
    assert said.code == 0
    assert f"Examples:\n  campaign {command}" in said.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["colect"], "did you mean 'collect'"),
        (["sql", "select 1", "--format", "xml"], "xml"),
        (["sandbox", "--port", "70000"], "--port"),
        (["build", "--as-known-at", "never"], "--as-known-at: 'never' is not a moment"),
    ],
)
def test_a_slip_is_one_line(campaign: Campaign, arguments: list[str], says: str) -> None:
    said = campaign(*arguments)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert says in said.err.replace("Did", "did")


@pytest.fixture
def served(home: Path) -> Iterator[dict[str, str]]:
    """The settings that `campaign sandbox` prints, while it serves."""
    with subprocess.Popen(
        [CAMPAIGN, "sandbox", "--now", "2019-11-20T12:00Z"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
    ) as process:
        assert process.stdout is not None
        settings: dict[str, str] = {}
        for line in process.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                settings[name] = value
            if "campaign collect" in line:
                break
        try:
            yield settings
        finally:
            process.terminate()


def test_the_sandbox_prints_settings_that_work(
    served: dict[str, str], campaign: Campaign, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = {f"{platform.upper()}_API_URL" for platform in CREDENTIALS} | set(CREDENTIALS.values())
    assert set(served) >= needed | {"CAMPAIGN_HOME"}
    for name, value in served.items():
        monkeypatch.setenv(name, value)
    reply = requests.get(
        f"{served['X_API_URL']}/2/tweets?ids=1",
        headers={"Authorization": f"Bearer {served['X_BEARER_TOKEN']}"},
        timeout=10,
    )
    assert reply.status_code == 200
