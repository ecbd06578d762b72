"""`campaign build` with `--rollback` and `--out`, as a person at a terminal meets them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.flows.conftest import Said
from tests.unprivileged import unwritable
from warehouse.publish import open_published

Campaign = Callable[..., Said]
TITLES = "select asset_title from marts.asset_totals where is_listed order by all"


def rename(home: Path, title: str) -> None:
    toml = home / "campaigns" / "water.toml"
    toml.write_text(re.sub('title = ".*"', f'title = "{title}"', toml.read_text()))


def titles(warehouse: Path) -> list[tuple[object, ...]]:
    with open_published(warehouse) as con:
        return con.execute(TITLES).fetchall()


@pytest.fixture
def renamed(built: Path, campaign: Campaign, home: Path) -> Path:
    """A home with two builds: the film was renamed between them."""
    rename(home, "Second title")
    assert campaign("build").code == 0
    assert titles(built) == [("Second title",)]
    return built


def test_a_rollback_needs_no_lake_and_tells_to_which_build_it_went(
    renamed: Path, campaign: Campaign, home: Path
) -> None:
    for folder in ("landing", "readings"):
        shutil.rmtree(home / "data" / folder)
    shutil.rmtree(home / "campaigns")
    version = home / "data" / "versions" / "warehouse-000001.duckdb"
    made_at = datetime.fromtimestamp(version.stat().st_mtime, UTC)
    said = campaign("build", "--rollback")
    assert (said.code, said.err) == (0, "")
    assert f"back to the build of {made_at:%Y-%m-%d %H:%M:%S} UTC, on" in " ".join(said.out.split())
    assert titles(renamed) == [("Launch film",)]
    said = campaign("build", "--rollback")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "no earlier build to go back to" in said.err
    assert titles(renamed) == [("Launch film",)]


def test_the_next_build_makes_the_tables_of_what_has_landed_again(
    renamed: Path, campaign: Campaign, home: Path
) -> None:
    assert campaign("build", "--rollback").code == 0
    assert campaign("build").code == 0
    assert titles(renamed) == [("Second title",)]
    assert [path.name for path in (home / "data" / "versions").iterdir()] == ["warehouse-000001.duckdb"]


def test_the_setting_says_how_many_builds_are_kept(
    renamed: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_KEEP_BUILDS", "0")
    assert campaign("build").code == 0
    said = campaign("build", "--rollback")
    assert (said.code, said.err.count("\n")) == (1, 1)
    monkeypatch.setenv("CAMPAIGN_KEEP_BUILDS", "-1")
    said = campaign("build")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "CAMPAIGN_KEEP_BUILDS must be a whole number from 0 to 999" in said.err


def test_a_build_that_has_nothing_to_change_forgets_what_a_rollback_took_away(
    built: Path, campaign: Campaign, home: Path
) -> None:
    assert campaign("build", "--as-known-at", "2026-05-21").code == 0
    assert "lies in" in campaign("build", "--rollback").out
    (set_aside,) = (home / "data" / "versions").iterdir()
    assert "rolled-back" in set_aside.name
    assert ": unchanged; " in campaign("build").out
    assert list((home / "data" / "versions").iterdir()) == []


@pytest.mark.parametrize("other", [["--full"], ["--out", "then.duckdb"], ["--as-known-at", "2026-05-20"]])
def test_a_rollback_makes_nothing(built: Path, campaign: Campaign, other: list[str]) -> None:
    said = campaign("build", "--rollback", *other)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "--rollback makes nothing" in said.err


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("data/warehouse.duckdb", "is the published warehouse; name another file"),
        ("link.duckdb", "is the published warehouse; name another file"),
        ("data/versions/warehouse-000009.duckdb", "lies where earlier builds are kept"),
        ("data/landing/mine.duckdb", "lies among the answers that are kept"),
        ("data/forgotten/mine.duckdb", "lies among the answers that are kept"),
        ("data/readings/mine.duckdb", "lies among the answers that are kept"),
        ("data", "is a folder"),
        ("letter.txt", "is there already, and no build made it"),
        ("nowhere/then.duckdb", "there is no folder nowhere; make it, or name another file"),
        ("letter.txt/then.duckdb", "there is no folder letter.txt"),
        ("shut/then.duckdb", "nothing can be written in shut (Permission denied); name a file elsewhere"),
        ("/proc/then.duckdb", "nothing can be written in /proc ("),
    ],
)
def test_out_takes_the_place_of_nothing_but_its_like(
    built: Path, campaign: Campaign, home: Path, out: str, says: str
) -> None:
    (home / "link.duckdb").symlink_to(built)
    (home / "letter.txt").write_text("Dear voter")
    (home / "shut").mkdir()
    before = built.read_bytes()
    with unwritable(home / "shut"):
        said = campaign("build", "--out", out)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert says in said.err
    assert built.read_bytes() == before
    assert (home / "letter.txt").read_text() == "Dear voter"
    assert not (home / "nowhere").exists()


def test_without_out_everybody_is_told_that_the_tables_are_of_then_and_rollback_ends_it(
    renamed: Path, campaign: Campaign, home: Path
) -> None:
    (home / "new").mkdir()
    said = campaign("build", "--as-known-at", "2026-05-21", "--out", "new/then.duckdb")
    assert (said.code, "every reader" in said.out) == (0, False)
    assert titles(renamed) == [("Second title",)]
    assert titles(home / "new" / "then.duckdb") == [("Launch film",)]
    said = campaign("build", "--as-known-at", "2026-05-21")
    assert said.code == 0
    assert "every reader now sees the tables as they were known at 2026-05-21T00:00:00+00:00" in " ".join(
        said.out.split()
    )
    assert titles(renamed) == [("Launch film",)]
    assert campaign("build", "--rollback").code == 0
    assert titles(renamed) == [("Second title",)]


def test_a_moment_before_anything_landed_is_one_line(built: Path, campaign: Campaign) -> None:
    said = campaign("build", "--as-known-at", "2019-01-01", "--out", "then.duckdb")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "nothing had been read by 2019-01-01T00:00:00+00:00" in said.err
