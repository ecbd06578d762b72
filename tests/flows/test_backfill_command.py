"""`campaign backfill` as an operator sees it: one plain line for each mistake, lines without a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.server import Sandbox
from tests.flows.backfill_world import REGISTRY
from tests.flows.conftest import Said

WINDOW = ("--start", "2019-11-04", "--end", "2019-11-05", "--as-of", "2019-11-20T12:00Z")


@pytest.fixture
def run(
    campaign: Callable[..., Said], home: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """The command, with the sandbox's settings and a campaign of 2019."""
    (home / "campaigns" / "water.toml").write_text(REGISTRY)
    for name, value in sandbox.settings.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: campaign("backfill", *arguments)


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (
            ("--start", "2019-11-05", "--end", "2019-11-04"),
            2,
            "campaign: the start, 2019-11-05, is after the end, 2019-11-04; exchange them",
        ),
        (
            ("--start", "2019-11-05", "--end", "2019-11-21"),
            2,
            "campaign: 2019-11-21 is in the future: today is 2019-11-20 (Europe/London); end the backfill "
            "there",
        ),
        (
            ("--start", "2018-11-05", "--end", "2018-11-06"),
            2,
            "campaign: no campaign has days from 2018-11-05 to 2018-11-06; give days of one, aftermath and "
            "all: uk-2019 (2019-10-29 to 2020-01-11)",
        ),
        (
            ("--start", "5 November", "--end", "2019-11-06"),
            2,
            "campaign: --start: '5 November' is no day; write it as 2019-11-01",
        ),
        (
            ("--start", "2019-11-05", "--end", "2019-11-06", "--platform", "myspace"),
            2,
            "campaign: no platform is called 'myspace'; write one of facebook, instagram, tiktok, x, youtube",
        ),
        (
            ("--start", "2019-11-05", "--end", "2019-11-06", "--campaign", "fire"),
            2,
            "campaign: no campaign is called 'fire'; write one of uk-2019",
        ),
    ],
)
def test_a_mistake_is_one_plain_line(
    run: Callable[..., Said], arguments: tuple[str, ...], code: int, line: str, home: Path
) -> None:
    said = run(*arguments, "--as-of", "2019-11-20T12:00Z")
    assert (said.code, said.out, said.err) == (code, "", f"{line}\n")
    assert not (home / "data" / "landing").exists()


def test_a_forecast_comes_first_and_then_what_became_of_the_windows(run: Callable[..., Said]) -> None:
    said = run(*WINDOW, "--platform", "x")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("What it takes, about")
    assert any("│ x        │ ok      │ 3 of 3  │" in line for line in lines)
    assert lines[-1].startswith("Run campaign build to take it in")
    assert "nothing to ask" in run(*WINDOW, "--platform", "x").out


def test_a_dry_run_tells_calls_dollars_and_what_cannot_come(run: Callable[..., Said]) -> None:
    said = run(*WINDOW, "--dry-run")
    assert (said.code, said.err) == (0, "")
    facebook, lost = said.out.split("What no backfill brings back")
    assert "page_insights 2" in facebook
    assert "a lifetime counter" in lost
    assert "told to an account's owners alone" in lost


def test_without_any_credential_the_platform_is_named_and_nothing_was_fetched(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("X_BEARER_TOKEN")
    said = run(*WINDOW, "--platform", "x")
    assert (said.code, said.err) == (1, "campaign: x: no credential; set X_BEARER_TOKEN\n")


def test_a_platform_that_fails_is_one_line_and_the_others_are_filled(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", "a-token-that-nobody-knows")
    said: Any = run(*WINDOW, "--platform", "facebook", "--platform", "x")
    assert said.code == 1
    assert said.err.startswith("campaign: facebook: ")
    assert said.err.count("\n") == 1
    assert "windows are left; the same command goes on there" in said.err
    assert "│ x        │ ok      │ 3 of 3" in said.out
