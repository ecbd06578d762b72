"""`--help` of every command: read at 80 columns, the same in a pipe, with examples that the program takes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer._click import Command
from typer.core import TyperGroup

from flows.cli.commands import app
from flows.cli.explaining import examples
from tests.docs.commands import calls_in, refusal_of
from tests.flows.conftest import Said
from tests.flows.terminal import in_a_terminal

Campaign = Callable[..., Said]

PROGRAM = typer.main.get_command(app)
assert isinstance(PROGRAM, TyperGroup)
COMMANDS: dict[str, Command] = PROGRAM.commands
BOX = re.compile("[\u2500-\u257f]")
ESCAPE = "\x1b"


def example_lines(epilog: str) -> list[str]:
    """The command lines of a help's examples, each on one line."""
    lines = epilog.replace("\\\n", " ").split("\n")
    return [line.strip() for line in lines if re.match(r"  \S", line)]


def examples_of(name: str) -> list[str]:
    return example_lines(COMMANDS[name].epilog or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_examples_of_itself_that_the_program_takes(name: str) -> None:
    lines = examples_of(name)
    assert len(lines) >= 2
    for line in lines:
        ((command, *arguments),) = calls_in([line])
        assert (command, refusal_of([command, *arguments])) == (name, None)


def test_the_examples_of_the_program_are_taken_too() -> None:
    calls = calls_in(example_lines(PROGRAM.epilog or ""))
    assert [call[0] for call in calls] == ["demo", "init", "collect", "build", "report", "collect"]
    assert [refusal_of(call) for call in calls] == [None] * len(calls)


def test_an_example_that_is_none_is_found() -> None:
    (call,) = calls_in(example_lines(examples(("campaign build \\\n--fulll", "A slip."))))
    assert "--fulll" in (refusal_of(call) or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_in_a_pipe_help_is_plain_and_fits_80_columns(
    campaign: Campaign, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    said = campaign(name, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: campaign {name} ")
    assert not BOX.search(said.out)
    assert ESCAPE not in said.out
    assert "<bool>" not in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    for line in (COMMANDS[name].epilog or "").splitlines():
        assert line in said.out.splitlines()


def test_on_a_terminal_help_is_drawn_and_the_examples_can_be_copied(tmp_path: Path) -> None:
    with in_a_terminal("export", "--help", cwd=tmp_path, NO_COLOR="1") as terminal:
        assert terminal.left() == 0
    assert BOX.search(terminal.shown)
    assert max(map(len, terminal.shown.splitlines())) <= 80
    for line in (COMMANDS["export"].epilog or "").splitlines():
        assert line in terminal.shown.splitlines()
    assert "<bool>" not in terminal.shown
    # Bold and dim are no colours.
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|38;|9[0-7])[0-9;]*m", terminal.raw)
    with in_a_terminal("export", "--help", cwd=tmp_path, TERM="dumb") as terminal:
        assert terminal.left() == 0
    assert ESCAPE not in terminal.raw
    assert not BOX.search(terminal.raw)


def test_the_help_of_the_program_names_every_command_and_what_exit_codes_mean(campaign: Campaign) -> None:
    said = campaign("--help")
    told = " ".join(said.out.split())
    for name in COMMANDS:
        assert re.search(rf"(?m)^  {name}  +\w", said.out), name
    for code, means in (
        (0, "success"),
        (1, "something failed"),
        (2, "called wrongly"),
        (130, "and 143 stopped"),
    ):
        assert f"{code} {means}" in told
    # What somebody new needs stands first.
    assert said.out.index("\n  demo ") < said.out.index("\n  init ") < said.out.index("\n  collect ")
    # Sentences, not their beginnings.
    assert "..." not in said.out.partition("\n\n")[2]
    assert campaign().out == said.out


def test_options_that_belong_together_stand_together(campaign: Campaign) -> None:
    told = campaign("init", "--help").out
    assert re.findall(r"(?m)^(\S.*):$", told) == [
        *("The campaign", "Who campaigns", "Where things go", "Options", "Examples")
    ]
    assert "Arguments:\n  QUERY  The query" in campaign("sql", "--help").out
    assert "[default: table]" in campaign("sql", "--help").out


def test_no_option_takes_a_secret() -> None:
    options = [option for command in COMMANDS.values() for param in command.params for option in param.opts]
    assert "--timezone" in options
    assert [option for option in options if re.search("token|secret|key|password", option)] == []


def test_it_says_which_release_it_is(campaign: Campaign) -> None:
    assert campaign("--version") == Said(0, f"campaign {version('campaign-pipeline')}\n", "")


def test_a_command_called_in_somebodys_process_sets_no_threads_there(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert campaign("--version").code == 0
    assert "OPENBLAS_NUM_THREADS" not in os.environ


# What an example needs that no test has: the network, other files, root's folders, another campaign.
ELSEWHERE = re.compile(r"/srv|uk-general-election|2019-12-01| < |CAMPAIGN_|PREFECT_|https://x.com")
LOOKS = ("check", "status", "build", "sql", "report", "export", "maintain")


@pytest.mark.parametrize(
    "line",
    [
        line
        for name in LOOKS
        for line in examples_of(name)
        if not ELSEWHERE.search(line) and line not in ("campaign check", "campaign build --full")
    ],
)
def test_an_example_that_can_be_run_here_runs(built: Path, campaign: Campaign, line: str) -> None:
    (arguments,) = calls_in([line])
    said = campaign(*arguments)
    # Nobody collects for this home, which status says; and it has one build, so there is none before it.
    expected = (0, 1) if arguments[0] == "status" or "--rollback" in arguments else (0,)
    assert said.code in expected, said
    assert said.out or "--rollback" in arguments
