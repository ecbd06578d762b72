"""Whose turn it is: collects skip collects and wait for windows; a waiting collect comes before the next."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.collecting.turns import NotOurTurn, backfills_turn, collects_turn, forgets_turn
from warehouse.one_at_a_time import Busy, one_at_a_time


@contextmanager
def elsewhere(turn: object) -> Iterator[threading.Event]:
    """The turn is held by somebody else until the event is set, or the block ends."""
    has_it, lets_go = threading.Event(), threading.Event()

    def hold() -> None:
        with turn:  # type: ignore[attr-defined]
            has_it.set()
            lets_go.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert has_it.wait(30)
    try:
        yield lets_go
    finally:
        lets_go.set()
        thread.join()


def never(seconds: float) -> None:
    raise AssertionError("waited")


def test_a_collect_that_meets_a_collect_does_not_wait(tmp_path: Path) -> None:
    with (
        elsewhere(collects_turn(tmp_path, "x")),
        pytest.raises(NotOurTurn) as refused,
        collects_turn(tmp_path, "x", sleep=never),
    ):
        pass
    assert not refused.value.is_backfill


def test_a_collect_waits_for_the_window_of_a_backfill(tmp_path: Path) -> None:
    with elsewhere(backfills_turn(tmp_path, "x")) as lets_go:

        def pause(seconds: float) -> None:
            lets_go.set()

        with collects_turn(tmp_path, "x", sleep=pause):
            pass


def test_a_collect_does_not_wait_for_ever(tmp_path: Path) -> None:
    now = iter(range(0, 10_000, 100))
    with (
        elsewhere(backfills_turn(tmp_path, "x")),
        pytest.raises(NotOurTurn) as refused,
        collects_turn(tmp_path, "x", sleep=lambda seconds: None, elapsed_s=lambda: next(now)),
    ):
        pass
    assert refused.value.is_backfill


def test_a_collect_that_finds_another_in_the_place_of_the_window_is_skipped(tmp_path: Path) -> None:
    window, other = elsewhere(backfills_turn(tmp_path, "x")), elsewhere(collects_turn(tmp_path, "x"))
    has_gone = False

    def pause(seconds: float) -> None:
        nonlocal has_gone
        if not has_gone:
            has_gone = True
            window.__exit__(None, None, None)
            other.__enter__()

    window.__enter__()
    try:
        with pytest.raises(NotOurTurn) as refused, collects_turn(tmp_path, "x", sleep=pause):
            pass
    finally:
        other.__exit__(None, None, None)
    assert not refused.value.is_backfill


def test_a_backfill_waits_for_a_collect_and_says_so_once(tmp_path: Path) -> None:
    said = []
    with elsewhere(collects_turn(tmp_path, "x")) as lets_go:
        pauses = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                lets_go.set()

        with backfills_turn(tmp_path, "x", waiting=lambda: said.append("waits"), sleep=pause):
            pass
    assert said == ["waits"]


def test_platforms_have_turns_of_their_own(tmp_path: Path) -> None:
    with elsewhere(backfills_turn(tmp_path, "x")), collects_turn(tmp_path, "facebook", sleep=never):
        pass


def test_a_forgetting_comes_before_the_next_window_of_a_backfill_and_names_it(tmp_path: Path) -> None:
    said: list[str] = []
    with elsewhere(backfills_turn(tmp_path, "x")) as lets_go:

        def pause(seconds: float) -> None:
            # The next window waits for whoever holds this.
            with pytest.raises(Busy), one_at_a_time(tmp_path / ".collect-x.turn"):
                pass
            lets_go.set()

        with forgets_turn(tmp_path, "x", wait_s=30, waiting=said.append, sleep=pause):
            pass
    assert said == [f"a backfill of x (process {os.getpid()})"]


def test_a_forgetting_does_not_wait_for_ever_and_names_a_collect(tmp_path: Path) -> None:
    with (
        elsewhere(collects_turn(tmp_path, "x")),
        pytest.raises(Busy) as busy,
        forgets_turn(tmp_path, "x", wait_s=0, sleep=never),
    ):
        pass
    assert busy.value.holder == f"a collect of x (process {os.getpid()})"
