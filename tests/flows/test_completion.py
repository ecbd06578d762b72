"""Completion at TAB: asked as shells ask, and in a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import connectors
from tests.flows.conftest import REGISTRY, Said
from tests.flows.terminal import in_a_terminal
from tests.flows.test_start_up import ASKING, FILES, OFFERED, SCHEDULER, TABLES, imported_by

Campaign = Callable[..., Said]
Complete = Callable[..., list[str]]
FOLDER = Path(sys.executable).parent


def as_bash(*words: str) -> dict[str, str]:
    """What bash's function passes when the last word is being written."""
    return {
        "_CAMPAIGN_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(("campaign", *words)),
        "COMP_CWORD": str(len(words)),
    }


@pytest.fixture
def complete(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """What is offered after these words, of which the last is not finished."""

    def asked(*words: str) -> list[str]:
        for name, value in as_bash(*words).items():
            monkeypatch.setenv(name, value)
        said = campaign()
        assert (said.code, said.err) == (0, "")
        return said.out.split()

    return asked


def test_commands_and_options_are_completed(complete: Complete) -> None:
    assert complete("c") == ["collect", "check"]
    assert complete("backfill", "--a") == ["--again", "--as-of"]
    assert complete("sql", "--format", "") == ["table", "csv", "json", "parquet"]


@pytest.mark.parametrize("command", ["collect", "backfill"])
def test_platforms_are_completed(complete: Complete, command: str) -> None:
    assert complete(command, "--platform", "") == list(connectors.discover())
    assert complete(command, "--all", "--platform", "x", "--platform", "t") == ["tiktok"]


def test_campaigns_are_completed_from_the_registry_and_from_the_tables(
    complete: Complete, built: Path, home: Path
) -> None:
    other = REGISTRY.replace("water-2026", "air-2026").replace("Clean Water", "Clean Air")
    (home / "campaigns" / "air.toml").write_text(other)
    (home / "campaigns" / "water.toml").rename(home / "campaigns" / "water.toml.away")
    assert complete("collect", "--campaign", "") == ["air-2026"]
    assert complete("report", "--campaign", "") == ["air-2026", "water-2026"]
    assert complete("export", "--campaign", "w") == ["water-2026"]


def test_tables_and_time_zones_are_completed(complete: Complete) -> None:
    assert complete("export", "--mart", "asset_t") == ["asset_totals"]
    assert complete("init", "--timezone", "Europe/Lo") == ["Europe/London"]
    assert complete("import", "--timezone", "America/Los") == ["America/Los_Angeles"]


@pytest.mark.parametrize(
    "broken",
    [
        'id = "water',
        "id = 7",
        'id = "$(touch stolen)"',
        f"id = {'7' * 5000}",
        f"id = {'[' * 5000}",
        "\udcff",
    ],
)
def test_of_a_broken_registry_nothing_is_offered_and_nothing_said(
    complete: Complete, home: Path, broken: str
) -> None:
    (home / "campaigns" / "water.toml").write_bytes(broken.encode("utf-8", "surrogateescape"))
    assert complete("collect", "--campaign", "") == []
    assert complete("report", "--campaign", "") == []


def test_without_settings_registry_or_tables_nothing_is_offered_and_nothing_said(
    complete: Complete, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "data").mkdir()
    (home / "data" / "warehouse.duckdb").write_bytes(b"no database")
    assert complete("report", "--campaign", "") == ["water-2026"]
    monkeypatch.setenv("CAMPAIGN_REGISTRY", "nowhere")
    assert complete("report", "--campaign", "") == []
    (home / ".env").write_bytes(b"\xff")
    assert complete("report", "--campaign", "") == []
    monkeypatch.setenv("X_API_URL", "no address")
    assert complete("collect", "--campaign", "") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_answered_in_their_own_way(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("_CAMPAIGN_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "campaign collect --platform ")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    said = campaign()
    assert (said.code, said.err) == (0, "")
    offered = said.out.replace('"', " ").replace("(", " ").replace(")", " ").split()
    assert set(connectors.discover()) <= set(offered)
    monkeypatch.setenv("_CAMPAIGN_COMPLETE", f"source_{shell}")
    assert f"_CAMPAIGN_COMPLETE=complete_{shell}" in campaign().out


def test_what_is_typed_is_answered_without_what_is_slow_to_import(home: Path) -> None:
    slow = SCHEDULER | ASKING | FILES | OFFERED | TABLES
    for words, not_for in (
        (("c",), slow),
        (("collect", "--platform", ""), slow),
        (("collect", "--campaign", ""), slow),
        (("report", "--campaign", ""), slow - TABLES),
    ):
        code, imported = imported_by(home, **as_bash(*words))
        assert code == 0
        assert "flows" in imported
        assert sorted(not_for & imported) == [], words


def test_bash_completes_what_is_written_in_it(home: Path) -> None:
    path = f"{FOLDER}{os.pathsep}{os.environ['PATH']}"
    shell = ("--noprofile", "--norc", "-i")
    with in_a_terminal(*shell, program=Path("/bin/bash"), cwd=home, PATH=path, PS1="ready> ") as terminal:
        terminal.answer("ready> ", 'eval "$(_CAMPAIGN_COMPLETE=source_bash campaign)"')
        terminal.wait_for("ready> ")
        terminal.press("campaign collect --platform youtu\t")
        terminal.wait_for("--platform youtube ")
        terminal.press("--campaign wa\t")
        terminal.wait_for("--campaign water-2026 ")
        terminal.press("--hel\t\n")
        terminal.wait_for("Usage: campaign collect")
        terminal.answer("ready> ", "exit")
        assert terminal.left() == 0


def installed(home: Path, shell: str) -> subprocess.CompletedProcess[str]:
    """`--install-completion`, called by a shell whose home folder that is."""
    return subprocess.run(
        # Something must follow, or bash would become the program.
        ["/bin/bash", "-c", f"{shell}; exit $?"],
        env={"PATH": f"{FOLDER}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_switched_on_for_the_shell_that_asks(home: Path) -> None:
    ran = installed(home, "campaign --install-completion")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ".bash_completions/campaign.sh" in (home / ".bashrc").read_text()
    shown = installed(home, "campaign --show-completion")
    assert shown.stdout.strip() == (home / ".bash_completions" / "campaign.sh").read_text().strip()


def test_where_it_cannot_be_switched_on_one_line_says_what_to_do(home: Path) -> None:
    (home / ".bashrc").mkdir()
    ran = installed(home, "campaign --install-completion")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert ran.stderr.startswith(f"campaign: {home}/.bashrc: ")
    assert "put what --show-completion writes where your shell reads it" in ran.stderr
    (home / ".bashrc").rmdir()
    (home / ".bashrc").write_bytes(b"\xff")
    ran = installed(home, "campaign --install-completion")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert (home / ".bashrc").read_bytes() == b"\xff"
