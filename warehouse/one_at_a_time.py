"""A lock that one process holds at a time, and that a killed process lets go."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# In the folder of the lake and in that of the warehouse, while a build or a rollback changes them.
BUILD_LOCK = ".build.lock"


class Busy(Exception):
    """Another process holds the lock."""


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Hold the lock; its folder must exist. Raises Busy at once when somebody else holds it."""
    with lock.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{lock} is held by another process") from None
        yield
