"""A lock that one process holds at a time, and that a killed process lets go."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# In the folder of the lake and in that of the warehouse, while a build or a rollback changes them.
BUILD_LOCK = ".build.lock"
# In the folder of the lake, while exports land by the list of what is forgotten, or that list is changed.
IMPORT_LOCK = ".import.lock"

# A file lock cannot be waited for with a bound, so it is asked for again: soon at first, then once a second.
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class Busy(Exception):
    """Another process holds the lock; `holder` names it as far as it is known ("process 4242")."""

    def __init__(self, lock: Path, holder: str) -> None:
        super().__init__(lock, holder)
        self.lock = lock
        self.holder = holder

    def __str__(self) -> str:
        return f"{self.lock} is held by {self.holder}"


@contextmanager
def one_at_a_time(
    lock: Path,
    *,
    wait_s: float = 0.0,
    waiting: Callable[[str], None] = lambda holder: None,
    elapsed_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the lock; its folder must exist. While somebody else holds it, wait up to `wait_s` seconds;
    `waiting` is told once for whom. Raises Busy when that was not enough, at once without `wait_s`."""
    with lock.open("a+") as held:
        until_s, pause_s = elapsed_s() + wait_s, FIRST_PAUSE_S
        has_told = False
        while not _is_taken(held.fileno()):
            left_s = until_s - elapsed_s()
            if left_s <= 0:
                raise Busy(lock, holder_of(lock))
            if not has_told:
                waiting(holder_of(lock))
                has_told = True
            sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        # Only for those who wait to read; a full disk must not cost the lock. Nothing is left in a buffer,
        # which closing the file would write.
        with suppress(OSError):
            os.ftruncate(held.fileno(), 0)
            os.write(held.fileno(), f"{os.getpid()}\n".encode())
        yield


def holder_of(lock: Path) -> str:
    """Who holds a lock, for people: the process that took it last."""
    try:
        written = lock.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        written = ""
    return f"process {written}" if written.isdigit() else "another process"


def _is_taken(descriptor: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
