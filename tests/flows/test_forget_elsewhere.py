"""What `campaign forget` does where reports lie outside of the home: it looks where they were written to,
names where it could not look, and touches nothing else."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.answers.tables import LOCK
from tests.flows.conftest import Said
from tests.unprivileged import unreadable

Campaign = Callable[..., Said]

# Of the post nothing is known but its name, so what names it goes.
POST = "x:987654321"
NAMED = "see https://x.com/i/status/987654321\n"
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
