"""Releases after one another: what a process makes bears the mark of what it ran, not of what came since."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import warehouse.build
from tests.warehouse.lake import Lake, campaign, x_post
from warehouse.batch_jobs import split
from warehouse.build import BuildRefused
from warehouse.landed_files import landed_files

RELEASE = Path(warehouse.__file__).parent
NOON = datetime(2019, 11, 30, 12, tzinfo=UTC)

# Builds and, where another release is given, has that installed in the place of its own and builds again.
STAYING_UP = """
import json, pickle, shutil, sys
from datetime import date
from pathlib import Path
import warehouse
from flows.answers.campaign_state import state_pages
from flows.answers.reports import Reports
from warehouse.batch_jobs import OtherRelease, make_batch
from warehouse.build import build
from warehouse.known import known_posts, known_subjects
from warehouse.publish import open_published
from warehouse.suggestions import unassigned
from warehouse.told import told as told_of
root = Path(sys.argv[1])
def built(**options):
    report = build(root / "landing", root / "readings", root / "warehouse.duckdb", **options)
    with open_published(root / "warehouse.duckdb") as con:
        basis = con.execute("select summaries, derived from ops.basis").fetchone()
        said = con.execute("select platform, definition from marts.metrics order by all").fetchall()
    return {"basis": basis, "readings": (root / "readings" / "fingerprint").read_text(), "said": said}
def asked():
    tables, days = root / "warehouse.duckdb", (date(2019, 11, 1), date(2019, 12, 1))
    found = [known_posts(tables), known_subjects(tables), unassigned(tables)]
    found += [state_pages(tables, Reports(root)), told_of(root / "landing", root / "readings", "x", *days)]
    return str(found)
told = {"from": warehouse.__file__, "before": built()}
if len(sys.argv) > 2:
    told["asked"] = asked()
    for folder in (".", "report"):
        for query in Path(warehouse.__file__).parent.joinpath(folder).glob("*.sql"):
            query.unlink()
    told["asked_again"] = asked()
    shutil.copytree(sys.argv[2], Path(warehouse.__file__).parent, dirs_exist_ok=True)
    told["unchanged"] = build(root / "landing", root / "readings", root / "warehouse.duckdb").mode
    told["after"] = built(full=True)
    try:
        make_batch(pickle.load(sys.stdin.buffer))
    except OtherRelease as refusal:
        told["refusal"] = str(refusal)
print(json.dumps(told))
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """One answer, not built yet."""
    lake = Lake(tmp_path / "lake")
    lake.register(campaign())
    lake.answer(NOON, {"data": [x_post("1", retweets=7)]})
    return lake


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A copy of the package, to make another release of."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(RELEASE, tmp_path / "older" / RELEASE.name, ignore=ignored))


def stays_up(release: Path, *arguments: Path, given: bytes = b"") -> dict[str, Any]:
    """What a process of that release tells."""
    told = subprocess.run(
        [sys.executable, "-c", STAYING_UP, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(release.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=release.parent,
        input=given,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    found: dict[str, Any] = json.loads(told)
    assert Path(found["from"]).is_relative_to(release)
    return found


def test_a_process_that_stays_up_while_its_release_is_replaced_is_of_the_old_one(
    lake: Lake, older: Path
) -> None:
    for path in older.rglob("*.sql"):
        path.write_text(path.read_text(encoding="utf-8").replace("-- ", "-- Once: ", 1), encoding="utf-8")
    dictionary = older / "dictionary" / "x.csv"
    dictionary.write_text(
        dictionary.read_text(encoding="utf-8").replace("Retweets", "Echoes"), encoding="utf-8"
    )
    for added_since in ("readings/tiktok.sql", "dictionary/tiktok.csv", "checks/a_listing_always_wins.sql"):
        (older / added_since).unlink()
    (job,) = split(lake.landing, lake.readings, "x", landed_files(lake.landing, "x"))
    told = stays_up(older, lake.root, RELEASE, given=pickle.dumps(job))
    assert "install the same everywhere" in told["refusal"]
    assert told["asked_again"] == told["asked"]
    assert told["unchanged"] == "unchanged"
    assert told["after"] == told["before"]
    # The new release finds what it has to make again.
    assert "Echoes" in str(told["after"]["said"])
    assert lake.build().mode == "full"
    said = lake.query("select platform, definition from marts.metrics order by all")
    assert "Echoes" not in str(said)
    assert (lake.readings / "fingerprint").read_text() == job.sql != told["after"]["readings"]


def test_a_release_that_only_words_its_comments_otherwise_says_them_anew(lake: Lake, older: Path) -> None:
    commenting = older / "commenting.py"
    commenting.write_text(
        commenting.read_text(encoding="utf-8").replace("One row per ", "A row for each "), encoding="utf-8"
    )
    stays_up(older, lake.root)
    comments = "select count(*) filter (contains(comment, '{}'))::integer from duckdb_tables()"
    assert lake.query(comments.format("One row per ")) == [(0,)]
    assert lake.query(comments.format("A row for each ")) != [(0,)]
    assert lake.build().mode == "incremental"
    assert lake.query(comments.format("One row per ")) != [(0,)]
    assert lake.query(comments.format("A row for each ")) == [(0,)]


def test_a_release_that_only_words_its_dictionary_otherwise_says_it_anew(
    lake: Lake, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dictionary = older / "dictionary" / "x.csv"
    dictionary.write_text(
        dictionary.read_text(encoding="utf-8").replace("Retweets", "Echoes"), encoding="utf-8"
    )
    basis = "select summaries, derived from ops.basis"
    said = "select platform, definition from marts.metrics order by all"
    with monkeypatch.context() as patch:
        patch.setattr(warehouse.build, "DICTIONARY", dictionary.parent)
        lake.build()
    ((summaries, derived),) = lake.query(basis)
    assert "Echoes" in str(lake.query(said))
    # What is said of a metric is no reason to merge its readings again.
    assert lake.build().mode == "incremental"
    ((summaries_now, derived_now),) = lake.query(basis)
    assert (summaries_now == summaries, derived_now == derived) == (True, False)
    assert "Echoes" not in str(lake.query(said))


def test_a_line_of_the_dictionary_that_is_no_metric_is_refused_in_words(
    lake: Lake, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dictionary = older / "dictionary" / "x.csv"
    dictionary.write_text(f"{dictionary.read_text(encoding='utf-8')}\nx,post,stray\n", encoding="utf-8")
    monkeypatch.setattr(warehouse.build, "DICTIONARY", dictionary.parent)
    with pytest.raises(BuildRefused, match=r"x\.csv has a line of 3 values and not 12: x,post,stray;"):
        lake.build()
