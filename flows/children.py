"""Processes that end with the one that started them."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """In the child: ask the kernel for a SIGTERM when the parent is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


# For `preexec_fn`. Elsewhere a child outlives a parent that is killed.
END_WITH_PARENT: Callable[[], None] | None = _end_with_parent if sys.platform == "linux" else None
