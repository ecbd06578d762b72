"""Root without its power over permissions, so that a folder that cannot be written, or read, is one for every
tester."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Of linux/capability.h: the third version of the calls, and the powers to pass permissions over, the second
# of them for reading and searching alone.
_VERSION = 0x20080522
_DAC_OVERRIDE = 1 << 1
_DAC_READ_SEARCH = 1 << 2


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """A folder in which nothing can be made, for the time of the block and for the thread that runs it."""
    with _with_mode(folder, 0o555):
        yield


@contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """A folder of which nothing can be seen, for the time of the block and for the thread that runs it."""
    with _with_mode(folder, 0o000):
        yield


@contextmanager
def _with_mode(folder: Path, permissions: int) -> Iterator[None]:
    mode = folder.stat().st_mode
    folder.chmod(permissions)
    try:
        with _obeying_permissions():
            yield
    finally:
        folder.chmod(mode)


@contextmanager
def _obeying_permissions() -> Iterator[None]:
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    # Effective, permitted and inheritable powers, twice 32 of each.
    powers = (ctypes.c_uint32 * 6)()

    def do(call: str) -> None:
        if getattr(libc, call)(header, powers):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), call)

    do("capget")
    effective = powers[0]
    powers[0] = effective & ~(_DAC_OVERRIDE | _DAC_READ_SEARCH)
    do("capset")
    try:
        yield
    finally:
        powers[0] = effective
        do("capset")
