"""Folders that nobody may write to: one line that names the place and the cure, and nothing changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.exports.samples import X_CONTENT, content_row, table
from tests.killing import Forge

COLLECT = ["collect", "--all", "--as-of", "2019-11-02T00:00Z"]
EXPORT = "content.csv"
IMPORT = [
    "import",
    EXPORT,
    "--account",
    "x:@jeremycorbyn",
    "--observed-at",
    "2019-12-10",
    "--timezone",
    "UTC",
]


@pytest.fixture(scope="module")
def used(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, and a lake elsewhere, after a collect and a build."""
    folder = tmp_path_factory.mktemp("used")
    for command in ([*COLLECT[:-1], "2019-11-01T00:00Z"], ["build"]):
        assert forge.run(*command, environment=environment(folder)).code == 0
    (folder / EXPORT).write_text(table(X_CONTENT, content_row(1194306645128129448)))
    return folder


def environment(folder: Path) -> dict[str, str]:
    return {"CAMPAIGN_HOME": str(folder / "home"), "CAMPAIGN_LAKE": str(folder / "lake")}


def files_in(folder: Path) -> dict[str, bytes]:
    """What lies there; a lock tells only who held it last."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.mark.parametrize(
    ("shut", "command"),
    [
        *((shut, command) for shut in ("home", "lake") for command in (COLLECT, ["build", "--full"])),
        ("lake/landing", COLLECT),
        ("lake/landing", IMPORT),
        ("lake/readings", ["build", "--full"]),
    ],
)
def test_a_folder_that_cannot_be_written_is_one_line_and_changes_nothing(
    forge: Forge, used: Path, tmp_path: Path, shut: str, command: list[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(used, folder)
    before = files_in(folder / shut)
    command = [str(folder / part) if part == EXPORT else part for part in command]
    run = forge.run(
        folder / shut,
        *command,
        call="tests.crashes.operations:campaign_without_power",
        environment=environment(folder),
    )
    assert run.code == 1, run.said
    (complaint,) = [line for line in run.said.splitlines() if line.startswith("campaign: ")]
    assert str(folder / shut) in complaint
    assert "Traceback" not in run.said
    assert "mend its permissions" in complaint or "may be written" in complaint
    assert files_in(folder / shut) == before
    assert forge.run(*command, environment=environment(folder)).code == 0
