"""Exports that are killed: each file stays whole, and a manifest that stands is true."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from flows.answers.campaigns import Build
from flows.answers.tables import MANIFEST, read_manifest
from tests.crashes.conftest import Chance, Home, copied
from tests.crashes.polls import Polls

EXPORT = ["export", "--format", "csv", "--format", "parquet", "--format", "json"]
RENAMES = 70
CSV_MARK = b"\xef\xbb\xbf"


def told(folder: Path) -> Build | None:
    """The build that the manifest of a folder names, all of whose files are as it says; None without one."""
    manifest = read_manifest(folder)
    if manifest is None:
        assert not (folder / MANIFEST).exists()
        return None
    for each in manifest.files:
        assert hashlib.sha256((folder / each.path).read_bytes()).hexdigest() == each.sha256, each.path
    return manifest.build


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("[!.]*")
        if path.is_file() and path.name != MANIFEST
    }


def test_a_killed_export_leaves_every_file_whole_and_no_manifest_that_lies(
    home: Home, chance: Chance
) -> None:
    polls = Polls(home.folder)
    polls.land(12)
    polls.lake.build()
    home.succeeds(*EXPORT)
    (folder,) = home.folder.glob("reports/water/2019-*")
    old, old_build = contents(folder), told(folder)
    # What it is now asked for differs in every file from what lies there, or in its build.
    polls.land(5)
    polls.lake.build()
    first = copied(home, "measured")
    measured = first.succeeds(*EXPORT, "--bom")
    (folder,) = first.folder.glob("reports/water/2019-*")
    new, new_build = contents(folder), told(folder)
    assert old_build != new_build is not None
    assert all(content.startswith(CSV_MARK) for path, content in new.items() if path.startswith("csv"))
    builds_seen = set()
    # Before the very first step nothing has changed. Among the last are the renames: the manifest goes before
    # them, and is written after them.
    early = chance.steps(measured.named - RENAMES, 1)
    late = [measured.named - RENAMES + step for step in chance.steps(RENAMES, 2)]
    for step in sorted({0, *early, *late, measured.named - RENAMES // 2}):
        one = copied(home, f"{step}")
        assert one.campaign(*EXPORT, "--bom", before_naming=step).is_killed
        (folder,) = one.folder.glob("reports/water/2019-*")
        for path, content in contents(folder).items():
            assert content in (old[path], new[path]), path
        build = told(folder)
        builds_seen.add(build)
        if build is not None:
            assert contents(folder) == (old if build == old_build else new)
        one.succeeds(*EXPORT, "--bom")
        assert contents(folder) == new
        assert os.path.samestat(folder.stat(), (folder.parent / "latest-tables").stat())
        home.add(one)
    assert builds_seen >= {None, old_build}
