"""How often Python looks for cycles among objects while answers are read.

It does so whenever 700 more objects were made than freed, and a page of 100 posts makes 5,000, all without
cycles and freed when the next one comes: looking through them, and through everything else that the process
keeps, took longer than all that is done with an answer.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

# Ten pages' worth.
OBJECTS_BETWEEN = 50_000

_lock = threading.Lock()
_asked_by = 0
_before: tuple[int, int, int] = gc.get_threshold()


def look_seldom() -> Callable[[], None]:
    """Lets Python look for cycles seldom, until what is returned was called by all who asked for it."""
    global _asked_by, _before
    with _lock:
        if _asked_by == 0:
            _before = gc.get_threshold()
            # 0 means never, which is rarer still.
            if 0 < _before[0] < OBJECTS_BETWEEN:
                gc.set_threshold(OBJECTS_BETWEEN, *_before[1:])
        _asked_by += 1

    def as_before() -> None:
        global _asked_by
        with _lock:
            _asked_by -= 1
            if _asked_by == 0:
                gc.set_threshold(*_before)

    return as_before
