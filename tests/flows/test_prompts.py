"""Whoever asks at a terminal ends by Ctrl-C, SIGTERM or a terminal that goes away, at each kind of question;
and what asks nothing ends as anywhere else. In real terminals."""

from __future__ import annotations

import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.flows.terminal import Terminal, in_a_terminal
from warehouse.one_at_a_time import IMPORT_LOCK, one_at_a_time

GIVEN = (
    *("--name", "Clean Water 2027", "--id", "water", "--side", "Clean Water", "--timezone", "Europe/Lisbon"),
    *("--starts", "2027-04-01", "--ends", "2027-06-30", "--home", "d", "--registry", "r"),
)
SIDES = ("--rival", "Big Soap", "--account", "x:Water", "--rival-account", "x:Soap")

# What is given, what is answered before, and the question, of each kind that there is.
QUESTIONS = {
    "one answer": ((), (), "The campaign's name: "),
    "several answers": (GIVEN, (), "A rival's name (Enter: no more): "),
    "unseen": ((*GIVEN, *SIDES), (), "X_BEARER_TOKEN, unseen (Enter: later): "),
    "yes or no": ((*GIVEN, *SIDES), ("X_BEARER_TOKEN, unseen (Enter: later): ",), "and .env? [Y/n]: "),
}
STOPPED = "campaign: stopped; nothing was written but what it told of\n"

EXPORT = "Tweet id,Tweet permalink,impressions,likes\n101,https://x.com/i/status/101,5,1\n"
IMPORT = ("import", "posts.csv", "--observed-at", "2026-05-21T09:00Z")


def asked(terminal: Terminal, kind: str) -> str:
    """The question of a kind, when those before it are answered."""
    for question in QUESTIONS[kind][1]:
        terminal.answer(question, "")
    return QUESTIONS[kind][2]


@pytest.mark.parametrize("kind", QUESTIONS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_stopped_at_a_question_it_says_one_line_and_leaves_nothing(
    home: Path, kind: str, number: signal.Signals
) -> None:
    before = sorted(home.rglob("*"))
    with in_a_terminal("init", *QUESTIONS[kind][0], cwd=home) as terminal:
        if number == signal.SIGINT:
            terminal.interrupt(asked(terminal, kind))
        else:
            terminal.wait_for(asked(terminal, kind))
            terminal.send(number)
        assert terminal.left() == 128 + number
        assert terminal.echoes
    assert terminal.shown.endswith(f"\n{STOPPED}")
    assert "Traceback" not in terminal.shown
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("kind", QUESTIONS)
def test_it_ends_when_the_terminal_goes_away_at_a_question_even_if_it_may_stay(home: Path, kind: str) -> None:
    before = sorted(home.rglob("*"))
    with in_a_terminal("init", *QUESTIONS[kind][0], cwd=home, stays=True) as terminal:
        terminal.wait_for(asked(terminal, kind))
        terminal.leave()
        assert terminal.left() > 0
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_an_import_asks_nothing_and_is_stopped_while_it_waits(
    built: Path, home: Path, number: signal.Signals
) -> None:
    (home / "posts.csv").write_text(EXPORT)
    before = sorted((home / "data" / "landing").rglob("*"))
    with (
        one_at_a_time(built.with_name(IMPORT_LOCK)),
        in_a_terminal(*IMPORT, cwd=home) as terminal,
    ):
        terminal.wait_for("waiting for it")
        terminal.send(number)
        assert terminal.left() == 128 + number
    assert terminal.shown.endswith(
        "\ncampaign: stopped; what had landed is kept; the same command lands the rest\n"
    )
    assert sorted((home / "data" / "landing").rglob("*")) == before


def test_an_import_that_may_stay_when_its_terminal_goes_away_lands_all(built: Path, home: Path) -> None:
    (home / "posts.csv").write_text(EXPORT)
    with in_a_terminal(*IMPORT, cwd=home, stays=True) as terminal:
        with one_at_a_time(built.with_name(IMPORT_LOCK)):
            terminal.wait_for("waiting for it")
            terminal.leave()
        terminal.left()
    (landed,) = (home / "data" / "landing").glob("platform=x/endpoint=export/*/*.parquet")
    assert pq.read_table(landed).num_rows == 1
