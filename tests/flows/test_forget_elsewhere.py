"""What `campaign forget` does where reports lie outside of the home: it looks where they were written to,
names where it could not look, and touches nothing else."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

import connectors
from flows.answers.tables import LOCK
from flows.keeping.forgetting import Forgetting, forget
from flows.refused import Refused
from flows.registry import load
from flows.settings import Settings
from tests.flows.conftest import Said, everything_written
from tests.flows.terminal import in_a_terminal
from tests.unprivileged import unreadable
from warehouse.forgetting import Post, has_text_of
from warehouse.landed_files import landed_files
from warehouse.landing import LandingWriter
from warehouse.one_at_a_time import BUILD_LOCK, one_at_a_time

Campaign = Callable[..., Said]

# Of the post nothing is known but its name, so what names it goes.
POST = "x:987654321"
NAMED = "see https://x.com/i/status/987654321\n"
# One whose words landed.
SAYING = Post("x", "101", frozenset({"101"}))
TABLES = ("export", "--format", "csv", "--mart", "assets", "--out")


@pytest.fixture
def data(built: Path) -> Path:
    """A home of one campaign, water-2026."""
    return built.parent


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outside")


def lay(campaign: Path) -> Path:
    """Lay a file that names the post into the folder of a campaign, as its reports have it; gives it."""
    page = campaign / "2026-05-20" / "csv" / "posts.csv"
    page.parent.mkdir(parents=True, exist_ok=True)
    (campaign / LOCK).touch()
    page.write_text(NAMED)
    return page


def line(folder: Path, *campaigns: str, machine: str | None = None) -> str:
    said = {"machine": machine or platform.node(), "folder": str(folder), "campaigns": campaigns}
    return f"{json.dumps(said)}\n"


def line_of_file(file: object, machine: str | None = None) -> str:
    return f"{json.dumps({'machine': machine or platform.node(), 'warehouse': str(file)})}\n"


def remember(data: Path, *lines: str) -> Path:
    (data / ".written-elsewhere").write_text("".join(lines))
    return data / ".written-elsewhere"


def test_reports_that_lie_on_another_disk_by_a_link_are_looked_through_and_waited_for_once(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    (data / "reports").symlink_to(outside)
    assert campaign(*TABLES, "data/reports").code == 0
    assert not (data / ".written-elsewhere").exists()
    page = lay(outside / "water-2026")
    assert campaign("forget", POST).code == 0
    assert not page.exists()
    # As it was written to before the link was laid, and by another mount of the disk: one lock, three names.
    page = lay(outside / "water-2026")
    (outside / "mount" / "water-2026").mkdir(parents=True)
    (outside / "mount" / "water-2026" / LOCK).hardlink_to(outside / "water-2026" / LOCK)
    remember(data, line(outside, "water-2026"), line(outside / "mount", "water-2026"))
    dry = campaign("forget", POST, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert "1 files of reports" in dry.out
    said = campaign("forget", POST)
    assert (said.code, said.err) == (0, "")
    assert "1 files of reports removed" in said.out
    assert not page.exists()


def test_in_a_folder_of_many_only_campaigns_that_were_written_there_are_touched(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    assert campaign(*TABLES, str(outside)).code == 0
    ours, theirs = lay(outside / "water-2026"), lay(outside / "theirs")
    mine = outside / "mine"
    mine.write_text("mine")
    (outside / "theirs" / LOCK).unlink()
    (outside / "theirs" / LOCK).symlink_to(mine)
    said = campaign("forget", POST)
    assert (said.code, said.err) == (0, "")
    assert not ours.exists()
    assert theirs.read_text() == NAMED
    assert mine.read_text() == "mine"


def test_a_lock_or_a_folder_that_somebody_made_a_link_leads_nowhere(
    campaign: Campaign, data: Path, outside: Path, tmp_path: Path
) -> None:
    assert campaign(*TABLES, str(outside)).code == 0
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (outside / "water-2026" / LOCK).unlink()
    (outside / "water-2026" / LOCK).symlink_to(mine)
    assert campaign("forget", POST).code == 0
    refused = campaign(*TABLES, str(outside))
    assert refused.code == 1
    assert "a lock must not be a link; remove it" in refused.err
    assert len(refused.err.splitlines()) == 1
    assert mine.read_text() == "mine"
    shutil.rmtree(outside / "water-2026")
    page = lay(tmp_path / "private")
    (outside / "water-2026").symlink_to(tmp_path / "private")
    said = campaign("forget", POST)
    assert said.code == 1
    assert said.err.startswith(f"campaign: nobody looked into {outside}, where ")
    assert page.read_text() == NAMED


def test_a_folder_into_which_the_person_may_not_look_is_named(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    """As when another user's reports are nobody else's to read; the rest is done all the same."""
    closed, open_to_all = lay(outside / "closed"), lay(outside / "open")
    remember(data, line(outside, "closed", "open"))
    # Nobody writes either where a lock may be written and not be read.
    (outside / "closed" / LOCK).chmod(0o200)
    for folder in (outside / "closed", closed.parent):
        with unreadable(folder):
            said = campaign("forget", POST)
        assert said.code == 1
        (complaint,) = said.err.splitlines()
        assert complaint.startswith(f"campaign: nobody looked into {outside}, where {platform.node()} wrote ")
        assert not open_to_all.exists()
        assert closed.exists()
    assert campaign("forget", POST).code == 0
    assert not closed.exists()


def test_reports_of_the_home_into_which_the_person_may_not_look_are_not_passed_over(
    campaign: Campaign, data: Path
) -> None:
    folder = lay(data / "reports" / "water-2026").parent
    with unreadable(folder):
        said = campaign("forget", POST)
    assert said.code == 1
    assert "data/reports/water-2026/2026-05-20/csv: Permission denied" in said.err
    assert len(said.err.splitlines()) == 1


def test_where_nobody_could_look_is_said_in_a_line_and_the_command_fails(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    assert campaign(*TABLES, str(outside / "gone")).code == 0
    shutil.rmtree(outside / "gone")
    # As a copy of another machine's home has it.
    places = data / ".written-elsewhere"
    remember(data, places.read_text(), line(outside / "theirs", "water-2026", machine="another"))
    said = campaign("forget", POST)
    assert said.code == 1
    here, there = said.err.splitlines()
    assert here.startswith(f"campaign: nobody looked into {outside / 'gone'}, where {platform.node()} wrote ")
    assert there.startswith(f"campaign: nobody looked into {outside / 'theirs'}, where another wrote ")
    assert all("take its line out of .written-elsewhere" in each for each in (here, there))


def test_a_line_that_somebody_damaged_stays_and_is_told_of_until_it_is_mended(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    damaged = ['{"machine": "a", "folder": "/srv/x",}\n', "{}\n", line(outside, "../mine"), line(outside)]
    damaged += [
        line(Path("here"), "water-2026"),
        line(outside).replace("[]", '"water-2026"'),
        "[" * 9999 + "\n",
    ]
    places = remember(data, *damaged)
    assert campaign(*TABLES, str(outside / "new")).code == 0
    assert places.read_text() == "".join(damaged) + line(outside / "new", "water-2026")
    said = campaign("forget", POST)
    assert said.code == 1
    assert [each.split()[1:3] for each in said.err.splitlines()] == [
        ["line", str(number)] for number in range(1, len(damaged) + 1)
    ]
    assert all("put it right, or take it out" in each for each in said.err.splitlines())
    remember(data, line(outside / "new", "water-2026"))
    assert campaign("forget", POST).code == 0


def test_two_machines_that_write_to_folders_of_one_name_keep_a_line_each(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    theirs = line(outside, "water-2026", machine="another")
    places = remember(data, theirs, line(outside, "older"))
    lay(outside / "older")
    for _ in range(2):
        assert campaign(*TABLES, str(outside)).code == 0
        assert places.read_text() == theirs + line(outside, "older", "water-2026")
    said = campaign("forget", POST)
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert "where another wrote" in said.err


def test_an_export_that_was_never_written_is_not_remembered(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    assert campaign("export", "--mart", "none", "--out", str(outside / "no")).code == 2
    assert not (data / ".written-elsewhere").exists()


def test_a_warehouse_that_went_elsewhere_is_named_with_the_command_that_makes_it_again_without_the_words(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    file = outside / "as we saw it.duckdb"
    for _ in range(2):
        assert campaign("build", "--as-known-at", "2026-05-21", "--out", str(file)).code == 0
        assert (data / ".written-elsewhere").read_text() == line_of_file(file)
    assert has_text_of(file, SAYING)
    # As a killed build leaves it.
    left = outside / f".{file.name}.4242.part"
    left.write_text("Water")
    said = campaign("forget", "x:101")
    assert said.code == 1
    assert not left.exists()
    (complaint,) = said.err.splitlines()
    assert complaint.startswith(f"campaign: {file} still holds the words; run `campaign build --full ")
    (command,) = re.findall("`campaign (.*)`", complaint)
    assert shlex.split(command)[1:] == [
        *("--full", "--as-known-at", "2026-05-21T00:00:00+00:00", "--out", str(file)),
    ]
    assert campaign(*shlex.split(command)).code == 0
    assert not has_text_of(file, SAYING)
    assert (campaign("forget", "x:101").err, file.exists()) == ("", True)
    # The lock beside it says that its disk is there.
    file.unlink()
    assert campaign("forget", "x:101").code == 0
    (outside / BUILD_LOCK).unlink()
    # Without the lock nobody knows whether a build goes on.
    left.write_text("Water")
    said = campaign("forget", "x:101")
    assert (said.code, said.err.count("\n")) == (1, 2)
    gone, unfinished = said.err.splitlines()
    assert gone.startswith(f"campaign: nobody looked into {file}, where {platform.node()} wrote ")
    assert unfinished.startswith(f"campaign: {left} is what a build was making, and may hold the words; ")


def test_a_warehouse_of_what_was_known_then_is_made_again_with_the_numbers_of_then(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    file, archived = outside / "may.duckdb", outside / "archive" / "may.duckdb"
    assert campaign("build", "--out", str(file)).code == 0
    handed_over = numbers_in(file)
    # Moved since, with a link in its place.
    archived.parent.mkdir()
    file.rename(archived)
    file.symlink_to(archived)
    land_a_day_later(data)
    dry = campaign("forget", "x:101", "--dry-run")
    assert "still holds the words; when the words are forgotten, run `campaign build --full " in dry.err
    said = campaign("forget", "x:101")
    (complaint,) = said.err.splitlines()
    assert complaint.startswith(f"campaign: {archived} still holds the words; run `campaign build --full ")
    (command,) = re.findall("`campaign (.*)`", complaint)
    assert numbers_in(data / "warehouse.duckdb") != handed_over
    assert campaign(*shlex.split(command)).code == 0
    assert not has_text_of(archived, SAYING)
    assert numbers_in(archived) == handed_over
    assert campaign("forget", "x:101").err == ""
    # Of a release that writes no such moment down, and from whose tables nobody can tell the words.
    with duckdb.connect(str(archived)) as con:
        con.execute("alter table ops.basis drop column newest_at")
        con.execute("update ops.basis set as_known_at = null")
        con.execute("drop schema summaries cascade")
    os.utime(archived, (0, datetime(2026, 5, 31, tzinfo=UTC).timestamp()))
    said = campaign("forget", "x:101")
    assert said.err.splitlines() == [
        f"campaign: {archived} may hold the words; run `campaign build --full --as-known-at "
        f"2026-05-31T00:00:00+00:00 --out {archived}`, which makes it again without them, as known when it "
        "was written, or delete it"
    ]
    # Its disk is away.
    archived.unlink()
    said = campaign("forget", "x:101")
    assert f"nobody looked into {archived}, where {platform.node()} wrote a warehouse" in said.err


def land_a_day_later(data: Path) -> None:
    """Land all that X answered once more, a day later."""
    with LandingWriter(data / "landing") as writer:
        for path in landed_files(data / "landing", "x"):
            for row in pq.ParquetFile(path).read().to_pylist():
                later = {name: row[name] + timedelta(days=1) for name in ("observed_at", "requested_at")}
                writer.add({**row, **later, "run_id": "later", "response_id": f"{row['response_id']}-later"})


def numbers_in(warehouse: Path) -> dict[str, list[str]]:
    """The rows of each table that people read, without the texts in them."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        columns = con.execute(
            """
            select schema_name || '.' || table_name, string_agg(format('"{}"', column_name), ', ')
            from duckdb_columns()
            where schema_name in ('marts', 'facts') and regexp_matches(data_type, '^[A-Z ]+$')
                and data_type <> 'VARCHAR'
            group by all
            """
        ).fetchall()
        return {
            table: sorted(map(str, con.execute(f"select {named} from {table}").fetchall()))
            for table, named in columns
        }


def test_a_warehouse_that_cannot_be_opened_here_is_named_and_the_command_fails(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    (outside / "damaged.duckdb").write_text("was a warehouse")
    theirs = line_of_file(outside / "theirs.duckdb", machine="another")
    remember(data, theirs, line_of_file(outside / "damaged.duckdb"), line_of_file("then.duckdb"))
    said = campaign("forget", POST)
    assert said.code == 1
    there, damaged, unread = said.err.splitlines()
    assert there.startswith(f"campaign: nobody looked into {outside / 'theirs.duckdb'}, where another wrote ")
    assert damaged.startswith(f"campaign: nobody looked into {outside / 'damaged.duckdb'}, where ")
    assert "run `campaign forget` there, or delete it and take its line out of" in there
    assert damaged.endswith(
        "it is damaged, or something has it open for writing; delete it, or close it there and forget again"
    )
    assert unread.startswith("campaign: line 3 of .written-elsewhere in CAMPAIGN_HOME cannot be read")


def test_a_report_elsewhere_that_hangs_is_named_and_nothing_is_forgotten_yet(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    assert campaign(*TABLES, str(outside)).code == 0
    page = lay(outside / "water-2026")
    before = everything_written(data / "landing"), (data / "warehouse.duckdb").read_bytes()
    ours = lay(data / "reports" / "water-2026").parents[2]
    refusals = []
    with one_at_a_time(outside / "water-2026" / LOCK), ExitStack() as more:
        for hangs_too in (False, True):
            if hangs_too:
                more.enter_context(one_at_a_time(ours / LOCK))
            with pytest.raises(Refused, match="nothing is forgotten yet") as refused:
                forget_here(data, "x:101")
            refusals.append(str(refused.value))
    hangs = f"is still running after 0 s in {outside / 'water-2026'}; "
    assert f"{hangs}let it finish or end it" in refusals[0]
    assert hangs in refusals[1]
    assert f"is still running after 0 s in {ours}; " in refusals[1]
    assert "; let them finish or end them, then" in refusals[1]
    assert before == (everything_written(data / "landing"), (data / "warehouse.duckdb").read_bytes())
    assert page.exists()
    assert not (data / "forgotten").exists()


def test_a_report_that_begins_to_hang_meanwhile_is_named_and_all_else_is_forgotten(
    campaign: Campaign, data: Path, outside: Path
) -> None:
    for name in ("one", "other"):
        assert campaign(*TABLES, str(outside / name)).code == 0
    pages: list[Path] = []
    with ExitStack() as hanging:

        def hang(step: str) -> None:
            if step == "making the tables anew":
                for place in (data / "reports", outside / "one", outside / "other"):
                    pages.append(lay(place / "water-2026"))
                    pages[-1].write_text("see https://x.com/i/status/101\n")
                for place in (data / "reports", outside / "one"):
                    hanging.enter_context(one_at_a_time(place / "water-2026" / LOCK))

        done = forget_here(data, "x:101", progress=hang)
    assert [page.exists() for page in pages] == [True, True, False]
    *named, ours, theirs = done.complaints
    assert [each.partition(" names a post")[0] for each in named] == [str(page) for page in pages[:2]]
    for hangs in (ours, theirs):
        assert hangs.startswith("a report or an export (process ")
    assert {hangs.partition(" in ")[2] for hangs in (ours, theirs)} == {
        f"{place / 'water-2026'}, and may put the words back; end it, then forget again"
        for place in (data / "reports", outside / "one")
    }
    assert forget_here(data, "x:101").complaints == ()
    assert not any(page.exists() for page in pages)


def test_who_waits_for_a_report_sees_it(campaign: Campaign, data: Path, home: Path, outside: Path) -> None:
    assert campaign(*TABLES, str(outside)).code == 0
    lock = outside / "water-2026" / LOCK
    with one_at_a_time(lock), in_a_terminal("forget", POST, cwd=home) as terminal:
        terminal.wait_for("waiting for it, ")
        # And as long as it lasts.
        terminal.wait_for("forget: a report or an export to ")
        terminal.press("\x03")
        assert terminal.left() == 130
    assert "campaign: stopped; " in terminal.shown


def forget_here(
    data: Path, reference: str, *, progress: Callable[[str], None] = lambda step: None
) -> Forgetting:
    """Forget a post, and wait for nobody."""
    return forget(
        Settings(CAMPAIGN_HOME=data),
        load(data.parent / "campaigns", connectors.discover()),
        connectors.discover(),
        [reference],
        wait_s=0.0,
        progress=progress,
    )
