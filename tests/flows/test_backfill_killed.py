"""A backfill is killed at any of its requests, and the same command goes on where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.server import Sandbox
from tests.flows.backfill_world import NOON, REGISTRY, Gate, Home, gate
from warehouse.landed_files import landed_files
from warehouse.told import told

START, END = "2019-11-04", "2019-11-14"
PLATFORMS = ("facebook", "x")


class Killed:
    """The command as an operator runs it, one platform after the other, ended by a signal at some request."""

    def __init__(self, folder: Path, sandbox: Sandbox, door: Gate) -> None:
        self.folder, self.door = folder, door
        (folder / "campaign.toml").write_text(REGISTRY, encoding="utf-8")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.environment = {
            **kept,
            **{name: value.replace(sandbox.url, door.url) for name, value in sandbox.settings.items()},
            "CAMPAIGN_HOME": str(folder / "data"),
            "CAMPAIGN_REGISTRY": str(folder / "campaign.toml"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }

    def run(
        self, platform: str, at: int | None, how: signal.Signals = signal.SIGKILL
    ) -> tuple[int, str, str]:
        """Exit code and what was said; the process gets the signal when its request of that number comes."""
        inside, is_over = threading.Event(), threading.Event()
        first = len(self.door.asked)

        def hold(number: int) -> None:
            if at is not None and number - first == at:
                inside.set()
                is_over.wait(30)

        self.door.before = hold
        command = ["backfill", "--start", START, "--end", END, "--platform", platform]
        with subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from flows.cli import main; main()",
                *command,
                "--as-of",
                NOON.isoformat(),
            ],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            if at is not None:
                assert inside.wait(60)
                process.send_signal(how)
                # A polite signal is heeded between two answers.
                is_over.set()
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def finished(self, platform: str) -> Counter[str]:
        """The days that the record says were asked to their ends, by part and subject."""
        return Counter(
            f"{part} {name} {first} {last}" for part, name, first, last, at in self.rows(platform) if at
        )

    def broken_off(self, platform: str) -> list[Any]:
        """What the record says was being asked."""
        return [row for row in self.rows(platform) if row[-1] is None]

    def rows(self, platform: str) -> list[Any]:
        path = self.folder / "data" / ".backfills" / f"{platform}.json"
        return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []


@pytest.fixture
def killed(tmp_path: Path, sandbox: Sandbox, door: Gate) -> Killed:
    return Killed(tmp_path, sandbox, door)


@pytest.fixture(scope="module")
def undisturbed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a backfill that nobody kills lands, by platform."""
    with gate(sandbox.url) as door:
        run = Killed(tmp_path_factory.mktemp("undisturbed"), sandbox, door)
        found = {}
        for platform in PLATFORMS:
            asked = len(door.asked)
            assert run.run(platform, None)[0] == 0
            found[platform] = (landed(run, platform), len(door.asked) - asked)
        return found


def landed(run: Killed, platform: str) -> tuple[dict[tuple[str, str], frozenset[Any]], set[str]]:
    """The days told as whole by subject, and the posts that were shown."""
    answered = told(
        run.folder / "data" / "landing",
        run.folder / "data" / "readings",
        platform,
        NOON.date().replace(day=1),
        NOON.date(),
    )
    return answered.days, {post.post_id for post in answered.posts}


@pytest.mark.parametrize(("platform", "at"), [("facebook", 9), ("facebook", 16), ("x", 3)])
def test_killed_at_any_request_the_same_command_goes_on_and_lands_the_same(
    killed: Killed, undisturbed: dict[str, Any], platform: str, at: int
) -> None:
    code, _, _ = killed.run(platform, at)
    assert code == -signal.SIGKILL
    assert killed.broken_off(platform)
    done = killed.finished(platform)
    asked = len(killed.door.asked)
    code, _, err = killed.run(platform, None)
    assert (code, err) == (0, "")
    subjects, most = undisturbed[platform]
    assert landed(killed, platform) == subjects
    # What was finished was not asked again: at most the window that was killed came twice.
    assert len(killed.door.asked) - asked <= most
    if done:
        assert len(killed.door.asked) - asked < most
        assert done <= killed.finished(platform)
    for file in landed_files(killed.folder / "data" / "landing"):
        assert file.stat().st_size > 0
    assert not killed.broken_off(platform)


def test_stopped_politely_what_arrived_is_landed_and_one_line_says_so(killed: Killed) -> None:
    code, _, err = killed.run("facebook", 9, signal.SIGTERM)
    told = "campaign: stopped; what had arrived is kept; the same command goes on there\n"
    assert (code, err) == (143, told)
    assert landed(killed, "facebook")[1]


def test_a_damaged_record_costs_calls_and_nothing_else(
    killed: Killed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in killed.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(killed.folder)
    home = Home(killed.folder, killed.door)
    assert home.fill(START, END, "x").is_success
    (home.settings.home / ".backfills" / "x.json").write_text("[[", encoding="utf-8")
    asked = len(killed.door.asked)
    assert home.fill(START, END, "x").is_success
    assert len(killed.door.asked) == asked
