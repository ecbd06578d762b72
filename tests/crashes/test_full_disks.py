"""A disk that is full while answers land, while they are read and while tables are published: one line that
names the folder and the cure, nothing lost, nothing half, and the next run goes on once there is room.

The disk is a small tmpfs in a mount namespace of the test's own; where no namespace may be made, no file may
grow beyond a limit, which the program meets in the same places.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.sandbox.server import Sandbox
from tests.crashes.conftest import REGISTRY, Home
from tests.killing import Forge, Run
from tests.warehouse.compare import Rows, differences, everything_said

MEBIBYTE = 1024 * 1024
SIZE = 48 * MEBIBYTE
MOUNTING = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
MOUNT = f'mount -t tmpfs -o size={SIZE} tmpfs "$0" && exec "$@"'


class Disk:
    """A data folder on a disk that can be filled up, and a forge whose runs see it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.seen_by_runs = folder / "disk"
        self.seen_by_runs.mkdir()
        probe = subprocess.run(
            [*MOUNTING, MOUNT, str(self.seen_by_runs), "true"], capture_output=True, check=False
        )
        self.is_mounted = probe.returncode == 0
        before = [*MOUNTING, MOUNT, str(self.seen_by_runs)] if self.is_mounted else []
        self.forge = Forge(environment, before=before)
        self._most_bytes: int | None = None

    @property
    def folder(self) -> Path:
        """The disk as this process sees it."""
        if self.is_mounted:
            return Path(f"/proc/{self.forge.pid}/root{self.seen_by_runs}")
        return self.seen_by_runs

    def campaign(self, *arguments: object) -> Run:
        run = self.forge.run(
            *arguments,
            most_bytes=self._most_bytes,
            environment={"CAMPAIGN_HOME": str(self.seen_by_runs / "home")},
        )
        assert self.unfinished() == []
        return run

    def unfinished(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if ".part" in path.name]

    def tables(self) -> dict[str, Rows]:
        """What the published warehouse says. The database finds no file through another process's root."""
        copy = self.seen_by_runs.with_name("copy.duckdb")
        shutil.copyfile(self.folder / "home" / "warehouse.duckdb", copy)
        return everything_said(copy)

    @contextmanager
    def with_room_for(self, left: int) -> Iterator[None]:
        """Leave so many bytes for the time of the block."""
        if not self.is_mounted:
            self._most_bytes = left
            yield
            self._most_bytes = None
            return
        filling = self.folder / "filling"
        used = sum(
            -(-path.stat().st_size // 4096) * 4096 for path in self.folder.rglob("*") if path.is_file()
        )
        filling.write_bytes(bytes(max(0, SIZE - used - left)))
        try:
            yield
        finally:
            filling.unlink()


@pytest.fixture
def disk(sandbox: Sandbox, tmp_path: Path) -> Iterator[Disk]:
    (tmp_path / "registry.toml").write_text(REGISTRY)
    environment = {**sandbox.settings, "CAMPAIGN_REGISTRY": str(tmp_path / "registry.toml")}
    made = Disk(tmp_path, environment)
    with made.forge:
        # The forge has mounted the disk before it takes the first run.
        assert made.forge.run("--help").code == 0
        yield made


def complaints(run: Run) -> list[str]:
    return re.findall(r"^campaign: (.*)\n", run.said, re.MULTILINE)


def said_to_make_room(run: Run, disk: Disk) -> None:
    """One line, which names the folder or a file in it and the cure."""
    assert run.code == 1, run.said
    (complaint,) = complaints(run)
    assert str(disk.seen_by_runs / "home") in complaint
    assert "make room" in complaint
    assert "Traceback" not in run.said


def collect(number: int) -> list[str]:
    return ["collect", "--all", "--verbose", "--as-of", f"2019-11-{number + 1:02d}T00:00Z"]


def test_a_disk_that_is_full_costs_no_answer_and_no_table(disk: Disk, unharmed: Home) -> None:
    home = Home(disk.folder / "home", disk.forge)
    # So little that nothing lands, that some of it does, and that the tables do not fit.
    number = refused = 0
    for left in (0, 12_000, 24_000, 100_000):
        number += 1
        unharmed.succeeds(*collect(number))
        with disk.with_room_for(left):
            run = disk.campaign(*collect(number))
            if run.code != 0:
                said_to_make_room(run, disk)
                refused += 1
        home.acknowledge(run)
        home.check_landing()
        assert disk.campaign(*collect(number)).code == 0
        home.check_landing()
    assert refused > 1
    for left in (0, 4 * MEBIBYTE):
        with disk.with_room_for(left):
            said_to_make_room(disk.campaign("build"), disk)
    assert disk.campaign("build").code == 0
    before = disk.tables()
    number += 1
    assert disk.campaign(*collect(number)).code == 0
    unharmed.succeeds(*collect(number))
    unharmed.succeeds("build")
    for left, how in ((MEBIBYTE, ["--full"]), (4 * MEBIBYTE, [])):
        with disk.with_room_for(left):
            said_to_make_room(disk.campaign("build", *how), disk)
            assert disk.tables() == before
    assert disk.campaign("build").code == 0
    assert differences(everything_said(unharmed.warehouse), disk.tables()) == {}
