"""Whose turn it is to ask a platform: one process at a time, and hourly collects between the windows of a
backfill.

`.collect-P.lock` is held while a platform is asked. A backfill holds `.collect-P.backfill` beside it, by
which a collect sees that the wait is worth it: a window takes seconds, or as long as a platform's limit.
Who waits holds `.collect-P.turn`, so that a backfill cannot take the next window before the collect that
waits. All of them go with their process. Where the lake lies in a bucket, whoever asks holds a lease there
too, against other machines.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from warehouse.mirrored import place_of
from warehouse.one_at_a_time import Busy, holder_of, one_at_a_time

# How long a collect waits for the window of a backfill, which may wait for a platform's limit itself, for
# nearly a quarter of an hour.
PATIENCE_S = 1200.0
_PAUSE_S = 0.1


# Who waits for another machine goes on waiting for as long as it takes.
_FOR_EVER_S = 1e9


class NotOurTurn(Exception):
    """Another process asks the platform; `is_backfill`: it goes on asking beyond our patience."""

    def __init__(self, *, is_backfill: bool) -> None:
        super().__init__()
        self.is_backfill = is_backfill


def _locks(home: Path, platform: str) -> tuple[Path, Path, Path]:
    home.mkdir(parents=True, exist_ok=True)
    return (
        home / f".collect-{platform}.lock",
        home / f".collect-{platform}.backfill",
        home / f".collect-{platform}.turn",
    )


@contextmanager
def collects_turn(
    home: Path,
    platform: str,
    *,
    lake: Path | None = None,
    patience_s: float = PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
    elapsed_s: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Hold the platform while the block runs, and that of a lake in a bucket. A backfill's window is waited
    for; raises NotOurTurn at once when another collect holds it, or another machine.
    """
    lock, backfill, turn = _locks(home, platform)
    until_s = elapsed_s() + patience_s
    with ExitStack() as held:
        waiting = held.enter_context(ExitStack())
        has_turn = False
        while not _takes(held, lock):
            if not _is_held(backfill):
                # The backfill may have gone this moment; else a collect has it.
                if _takes(held, lock):
                    break
                raise NotOurTurn(is_backfill=False)
            if elapsed_s() >= until_s:
                raise NotOurTurn(is_backfill=True)
            has_turn = has_turn or _takes(waiting, turn)
            sleep(_PAUSE_S)
        waiting.close()
        for lease in _leases(lake, platform):
            if not _takes(held, lease):
                raise NotOurTurn(is_backfill=False)
        yield


@contextmanager
def backfills_turn(
    home: Path,
    platform: str,
    *,
    lake: Path | None = None,
    waiting: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the platform for one window, after whoever has it or waits for it. `waiting` is called once when
    there is somebody.
    """
    lock, backfill, turn = _locks(home, platform)
    with ExitStack() as held:
        queued = held.enter_context(ExitStack())
        has_told = False
        # Nobody keeps the third: others only look whether it is held.
        for stack, path in ((queued, turn), (held, lock), (held, backfill)):
            while not _takes(stack, path):
                if not has_told and path != backfill:
                    waiting()
                    has_told = True
                sleep(_PAUSE_S)
        for lease in _leases(lake, platform):
            tell = (lambda _: None) if has_told else (lambda _: waiting())
            held.enter_context(one_at_a_time(lease, wait_s=_FOR_EVER_S, waiting=tell, sleep=sleep))
        queued.close()
        yield


@contextmanager
def forgets_turn(
    home: Path,
    platform: str,
    *,
    lake: Path | None = None,
    wait_s: float,
    waiting: Callable[[str], None] = lambda holder: None,
    sleep: Callable[[float], None] = time.sleep,
    elapsed_s: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Hold the platform while the block runs, after whoever has it or waits for it. `waiting` is told once
    for whom ("a backfill of x (process 4242)"); raises Busy with the same when `wait_s` seconds were not
    enough.
    """
    lock, backfill, turn = _locks(home, platform)
    until_s = elapsed_s() + wait_s
    with ExitStack() as held:
        queued = held.enter_context(ExitStack())
        has_told = False
        for stack, path in ((queued, turn), (held, lock)):
            while not _takes(stack, path):
                what = "backfill" if _is_held(backfill) else "collect"
                holder = f"a {what} of {platform} ({holder_of(lock)})"
                if elapsed_s() >= until_s:
                    raise Busy(lock, holder)
                if not has_told:
                    waiting(holder)
                    has_told = True
                sleep(_PAUSE_S)
        for lease in _leases(lake, platform):

            def named(holder: str) -> str:
                return f"a collect or backfill of {platform} ({holder})"

            try:
                left_s = max(0.0, until_s - elapsed_s())
                tell = (lambda _: None) if has_told else (lambda holder: waiting(named(holder)))
                held.enter_context(one_at_a_time(lease, wait_s=left_s, waiting=tell, sleep=sleep))
            except Busy as busy:
                raise Busy(lease, named(busy.holder)) from None
        queued.close()
        yield


def _leases(lake: Path | None, platform: str) -> list[Path]:
    """The lock by which other machines are kept away; none where the lake is in a folder."""
    lock = None if lake is None else lake / f".collect-{platform}.lock"
    if lock is None or place_of(lock) is None:
        return []
    lock.parent.mkdir(parents=True, exist_ok=True)
    return [lock]


def _takes(stack: ExitStack, lock: Path) -> bool:
    """Whether the lock is ours now, until the stack is closed."""
    try:
        stack.enter_context(one_at_a_time(lock))
    except Busy:
        return False
    return True


def _is_held(lock: Path) -> bool:
    """Whether another process holds a lock."""
    with ExitStack() as probe:
        return not _takes(probe, lock)
