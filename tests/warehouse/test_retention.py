"""Retention: words leave old answers, and every number stays whose it was."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.warehouse.compare import Rows, differences, everything_held
from tests.warehouse.lake import Lake, fb_insights, fb_post, x_post
from tests.warehouse.test_rules import rule, ruled
from warehouse.compacting import compact
from warehouse.forgetting import held_by_words, is_behind
from warehouse.landed import NotTheSame
from warehouse.landed_files import landed_files
from warehouse.retention import Retention, take_out_texts
from warehouse.rewriting import rewrite

START = datetime(2019, 11, 20, 12, tzinfo=UTC)
BEFORE = date(2019, 11, 23)
FILM, SONG, SAID = "Watch the wonderful film", "Sing along with us", "Message of our page"


def lay(lake: Lake, *listed: str) -> None:
    """A registry: the film's asset takes posts in by their words."""
    lake.register(ruled({"film": rule(text=("wonderful film",)), "song": None}, listed={"film": listed}))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Four days of posts, one of which a rule on its words holds in an asset."""
    lake = Lake(tmp_path_factory.mktemp("made"))
    lay(lake, "facebook:111_222")
    for day in range(4):
        moment, made_at = START + timedelta(days=day), START - timedelta(hours=1)
        shown = [
            x_post(post, retweets=day * 10, created_at=made_at, text=text)
            for post, text in (("1", FILM), ("2", SONG))
        ]
        lake.answer(moment, {"data": shown, "includes": {"users": [{"id": "9", "name": "Jane Doe"}]}})
        on_facebook = {"111_222": fb_post("111_222", created_at=made_at, shares=day, text=SAID)}
        lake.answer(moment, on_facebook, platform="facebook")
        told = fb_insights("111_222", post_video_views=1000 + day)
        lake.answer(moment, told, platform="facebook", endpoint="insights")
        lake.answer(moment, {"error": {"code": 100, "message": "Object does not exist"}}, status=400,
                    platform="facebook", params={"ids": "111_999"})  # fmt: skip
    lake.build()
    return lake


@pytest.fixture(scope="module")
def before(made: Lake) -> dict[str, Rows]:
    """What its warehouse holds."""
    return everything_held(made.warehouse)


@pytest.fixture
def lake(made: Lake, tmp_path: Path) -> Lake:
    """A copy of it."""
    shutil.copytree(made.root, tmp_path / "lake")
    return Lake(tmp_path / "lake", made.runs)


def retain(lake: Lake, **options: Any) -> Retention:
    kept = held_by_words(lake.warehouse)
    return take_out_texts(lake.landing, lake.readings, before=BEFORE, kept=kept, **options)


def words(lake: Lake) -> dict[str, set[str]]:
    """The days on which each text stands in a landed answer."""
    found: dict[str, set[str]] = {text: set() for text in (FILM, SONG, SAID, "Jane Doe")}
    for path in landed_files(lake.landing):
        for body in pq.read_table(path)["body"].to_pylist():
            for text in found:
                if text in body and "registry" not in str(path):
                    found[text].add(path.parent.name[-2:])
    return found


def test_words_leave_what_is_old_and_no_number_of_any_table_changes(
    lake: Lake, before: dict[str, Rows]
) -> None:
    done = retain(lake)
    assert (done.waiting, done.refused) == (0, ())
    assert done.responses == 6
    # A post that only a rule on its words holds in its asset keeps them.
    days = {"20", "21", "22", "23"}
    assert words(lake) == {FILM: days, SONG: {"23"}, SAID: {"23"}, "Jane Doe": {"23"}}
    assert is_behind(lake.warehouse, lake.readings)
    assert lake.build().mode == "full"
    assert differences(before, everything_held(lake.warehouse)) == {}
    assert retain(lake) == Retention()
    # The readings forget them with the landing.
    with duckdb.connect() as con:
        told = con.execute(
            "select distinct strftime(observed_at, '%d') from read_parquet(?) where text in (?, ?)",
            [str(lake.readings / "platform=*/month=*/*.parquet"), SONG, SAID],
        ).fetchall()
    assert told == [("23",)]


def test_a_post_that_is_listed_meanwhile_loses_its_words_with_the_next_run(lake: Lake) -> None:
    retain(lake)
    lay(lake, "facebook:111_222", "x:1")
    lake.build()
    before = everything_held(lake.warehouse)
    assert retain(lake).responses == 3
    assert words(lake)[FILM] == {"23"}
    lake.build()
    assert differences(before, everything_held(lake.warehouse)) == {}


def test_what_no_build_has_read_waits(lake: Lake) -> None:
    lake.answer(START, {"data": [x_post("7", text="Nobody knows yet")]})
    assert retain(lake).waiting == 1
    assert "Nobody knows yet" in str(
        [pq.read_table(path)["body"] for path in landed_files(lake.landing, "x")]
    )


def test_compaction_and_retention_go_together_in_either_order(lake: Lake, before: dict[str, Rows]) -> None:
    lake.answer(START, {"data": [x_post("2", retweets=0, text=SONG)]})
    lake.build()
    compact(lake.landing, lake.readings, before=date(2019, 11, 22))
    assert retain(lake).responses == 7
    lake.answer(START, {"data": [x_post("2", retweets=0, text=SONG)]})
    lake.build()
    # A late answer has its words yet, and is not put together with those that have none.
    folder = lake.landing / "platform=x/endpoint=posts/date=2019-11-20"
    compact(lake.landing, lake.readings, before=date(2019, 11, 22))
    assert len(list(folder.glob("*"))) == 2
    assert retain(lake).responses == 1
    lake.build()
    compact(lake.landing, lake.readings, before=date(2019, 11, 22))
    assert len(list(folder.glob("*"))) == 1
    assert retain(lake) == Retention()
    assert lake.build().mode == "unchanged"
    numbers = ("marts.asset_totals", "marts.posts", "facts.gains")
    assert not set(numbers) & differences(before, everything_held(lake.warehouse)).keys()


def test_a_file_whose_numbers_would_change_stays_as_it_was(lake: Lake) -> None:
    (path,) = (lake.landing / "platform=x/endpoint=posts/date=2019-11-20").glob("*")
    before, batches = path.read_bytes(), sorted((lake.readings / "batches").glob("*"))

    with pytest.raises(NotTheSame, match="its numbers would be others"):
        rewrite(
            lake.landing,
            lake.readings,
            [path],
            lambda _, bodies: (
                [body.replace('"retweet_count": 0', '"retweet_count": 1') for body in bodies],
                None,
            ),
        )
    assert path.read_bytes() == before
    assert sorted((lake.readings / "batches").glob("*")) == batches
    assert list(path.parent.glob(".*")) == []


def test_a_damaged_file_is_named_and_costs_no_other_its_turn(lake: Lake) -> None:
    first, *_ = sorted(lake.landing.glob("platform=x/endpoint=posts/date=*/*"))
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(content)
    done = retain(lake)
    assert (done.damaged, done.refused) == ((first,), ())
    assert first.read_bytes() == content
    assert done.responses == 5


def test_a_dry_run_changes_nothing(lake: Lake) -> None:
    before = {path: path.read_bytes() for path in lake.root.rglob("*") if path.is_file()}
    assert retain(lake, dry_run=True).files == 12
    assert {path: path.read_bytes() for path in lake.root.rglob("*") if path.is_file()} == before
