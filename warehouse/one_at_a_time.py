"""A lock that one process holds at a time, and that a killed process lets go."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import TextIO

from warehouse.mirrored import LeaseHeld, place_of

# In the folder of the lake and in that of the warehouse, while a build or a rollback changes them.
BUILD_LOCK = ".build.lock"
# In the folder of the lake, while exports land by the list of what is forgotten, or that list is changed.
IMPORT_LOCK = ".import.lock"

_BOOT = Path("/proc/sys/kernel/random/boot_id")

# A file lock cannot be waited for with a bound, so it is asked for again: soon at first, then once a second.
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class Busy(Exception):
    """Another process holds the lock; `holder` names it as far as it is known ("process 4242", of another
    machine "process 4242 on host"), and `is_elsewhere` says that it is another machine's."""

    def __init__(self, lock: Path, holder: str, *, is_elsewhere: bool = False) -> None:
        super().__init__(lock, holder)
        self.lock = lock
        self.holder = holder
        self.is_elsewhere = is_elsewhere

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
    `waiting` is told once for whom. Raises Busy when that was not enough, at once without `wait_s`.

    A lock in the folder of a mirror is held where the lake lies too, against other machines; raises
    LakeOutOfReach then. A link is no lock, since it is somebody's file that would be written to; raises
    OSError.
    """
    with _opened(lock) as held, ExitStack() as beyond:
        until_s, pause_s = elapsed_s() + wait_s, FIRST_PAUSE_S
        has_told = False
        while (busy := _busy(lock, held.fileno(), beyond)) is not None:
            left_s = until_s - elapsed_s()
            if left_s <= 0:
                raise busy
            if not has_told:
                waiting(busy.holder)
                has_told = True
            sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        # Only for those who wait to read; a full disk must not cost the lock. Nothing is left in a buffer,
        # which closing the file would write.
        with suppress(OSError):
            os.ftruncate(held.fileno(), 0)
            os.write(held.fileno(), f"{os.getpid()} {token_hex(8)}\n".encode())
            # Another machine may see the file too.
            os.fsync(held.fileno())
        yield


def _opened(lock: Path) -> TextIO:
    if lock.is_symlink():
        raise OSError(errno.ELOOP, "a lock must not be a link; remove it", str(lock))
    # One that was put there since.
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(lock, flags, 0o666), "a+")


def holder_of(lock: Path) -> str:
    """Who holds a lock, for people: the process that took it last."""
    try:
        written = lock.read_text(encoding="ascii").partition(" ")[0].strip()
    except (OSError, ValueError):
        written = ""
    return f"process {written}" if written.isdigit() else "another process"


def this_machine() -> str:
    """A name of this machine as long as it runs; containers on it are the same one, a clone is not."""
    return _BOOT.read_text(encoding="ascii").strip() if _BOOT.exists() else platform.node()


def last_taking(lock: Path) -> str:
    """A name of the last taking of a lock, of one in a mirror where the lake lies; empty where there was
    none. As long as it is the same nobody else has held the lock since. Raises LakeOutOfReach."""
    place = place_of(lock)
    if place is not None:
        return place.mirror.last_taking(place.name)
    try:
        return lock.read_text(encoding="ascii").strip()
    except (FileNotFoundError, ValueError):
        return ""


def _busy(lock: Path, descriptor: int, beyond: ExitStack) -> Busy | None:
    """That somebody else holds the lock; None when it is ours now, where the lake lies until the stack is
    closed."""
    if not _is_taken(descriptor):
        return Busy(lock, holder_of(lock))
    place = place_of(lock)
    # What lies deeper is of this machine alone.
    if place is not None and "/" not in place.name:
        try:
            beyond.enter_context(place.mirror.hold(place.name))
        except LeaseHeld as other:
            return Busy(lock, str(other), is_elsewhere=True)
    return None


def _is_taken(descriptor: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
