"""Ctrl-C and SIGTERM: a command ends soon and in one plain line; a second of them ends it at once.

Python tells of a signal by an exception, between two of its instructions. A query of the database is one
instruction, however long it takes; so a thread waits for signals beside, which breaks queries off and hears
the second one.

An exception that comes inside of a `__del__`, a weak reference's callback or a callback of C ends there, and
all that Python does is tell `sys.unraisablehook`. Inside of that hook it would be lost as well, and told of
on standard error. So there it is only noted, and the thread sends the signal again until it comes elsewhere.
The same where a signal comes a moment before a wait that only a signal ends, as for an answer at a terminal.

Until all this is in place, Ctrl-C gives a traceback: little is imported before.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType, TracebackType

ENDING = (signal.SIGINT, signal.SIGTERM)

# `timeout` and some service managers send the same signal twice, to a process and to its group.
THE_SAME_S = 0.05
_LOOKS_EVERY_S = 0.05

# What is true of the data when a command was stopped anywhere; of the others it goes without saying.
_KEPT = {
    "collect": "what had arrived is kept",
    "backfill": "what had arrived is kept; the same command goes on there",
    "import": "what had landed is kept; the same command lands the rest",
    "build": "the published tables are whole",
    "report": "pages and tables that have their names are whole",
    "export": "tables that have their names are whole",
    "maintain": "nothing is lost; run it again to finish",
    "forget": "it may not be done; run it again to finish",
    "demo": "run it again to begin anew",
    "init": "nothing was written but what it told of",
}


class Stopped(KeyboardInterrupt):
    """Ctrl-C was pressed, or SIGTERM came."""


class _Stop:
    """The stop of this process: signals are the process's, not a caller's."""

    def __init__(self) -> None:
        self.number = 0
        self.came_s = 0.0
        # Whether Python has raised it by now.
        self.is_raised = False
        # Nothing is left to be stopped.
        self.is_over = False
        # Raised where it was lost, so it is to be raised once more.
        self.is_owed = False
        # Sent by ourselves and not heard yet, so that nobody pressed anything.
        self.is_own_on_its_way = False


_stop = _Stop()
# Who is told of the rest: who was before.
_hooks = sys.unraisablehook, threading.excepthook
_is_minded = False


def has_come() -> bool:
    """Whether this process was told to stop; whatever fails from then on fails for that."""
    return _stop.number != 0


def exit_code() -> int:
    """What shells say of a process that the signal ended: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (_stop.number or signal.SIGINT)


def line(given: Sequence[str]) -> str:
    """What is said of a command that was stopped, by its words."""
    # A dry run leaves everything as it was.
    kept = _KEPT.get(given[0]) if given and "--dry-run" not in given else None
    return f"stopped; {kept}" if kept else "stopped"


class Minded:
    """Has Ctrl-C and SIGTERM raise `Stopped` in the block, once, and a second one end the process there and
    then. A program minds them to its end: nobody else is there to. A block within such a block is minded by
    the outer one."""

    def __init__(self, *, is_program: bool) -> None:
        self._is_program = is_program
        self._is_ours = threading.current_thread() is threading.main_thread()
        self._is_within = False

    def __enter__(self) -> None:
        global _stop, _hooks, _is_minded
        self._is_within = _is_minded
        if self._is_within:
            return
        _stop = _Stop()
        if not self._is_ours:
            return
        _is_minded = True
        self._heard, self._told = os.pipe()
        os.set_blocking(self._told, False)
        self._woken = signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        _hooks = sys.unraisablehook, threading.excepthook
        sys.unraisablehook, threading.excepthook = _unraisable, _in_a_thread
        self._watch = threading.Thread(target=_watch, args=(self._heard,), name="stops", daemon=True)
        self._watch.start()
        # Who was started to pass over Ctrl-C, as in the background of a script, goes on doing so.
        self._before = {
            number: signal.getsignal(number)
            for number in ENDING
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        for number in self._before:
            signal.signal(number, _raise)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _is_minded
        if self._is_within:
            return
        _stop.is_over = True
        if self._is_program or not self._is_ours:
            return
        _is_minded = False
        signal.set_wakeup_fd(self._woken)
        os.close(self._told)
        self._watch.join()
        os.close(self._heard)
        # What the thread sent again comes to nothing, once it is over.
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook, threading.excepthook = _hooks


def _raise(number: int, frame: FrameType | None) -> None:
    """Python's own handler of a signal, in the main thread. Raises Stopped for the first one."""
    if _stop.is_over or (_stop.is_raised and not _stop.is_owed):
        return
    _stop.number = _stop.number or number
    _stop.is_owed = _is_in_the_hook(frame)
    if _stop.is_owed:
        return
    _stop.is_raised = True
    # What is left undone now is so on purpose, a coroutine that nobody awaits any more too.
    warnings.simplefilter("ignore")
    raise Stopped


def _is_in_the_hook(frame: FrameType | None) -> bool:
    """Whether what is raised now would be lost in `_unraisable`, which has nobody above it to raise to."""
    while frame is not None:
        if frame.f_code is _unraisable.__code__:
            return True
        frame = frame.f_back
    return False


def _watch(heard: int) -> None:
    """Read the numbers of the signals that have come, until nobody writes any."""
    import select

    while True:
        # Threads go from one query to the next until they hear of it.
        is_ending = has_come() and not _stop.is_over
        readable, _, _ = select.select([heard], [], [], _LOOKS_EVERY_S if is_ending else None)
        if is_ending:
            _break_queries_off()
            _send_again()
        if not readable:
            continue
        numbers = os.read(heard, 512)
        if not numbers:
            return
        for number in numbers:
            if number in ENDING:
                _hear(number)


def _hear(number: int) -> None:
    if _stop.is_own_on_its_way:
        _stop.is_own_on_its_way = False
    elif signal.getsignal(number) is not _raise:
        # Whoever took it over ends by it, as a server does.
        return
    elif not _stop.came_s:
        _stop.number, _stop.came_s = _stop.number or number, time.monotonic()
        _break_queries_off()
    elif time.monotonic() - _stop.came_s > THE_SAME_S:
        # Killed at any instant, nothing that had landed is lost.
        try:
            os.write(2, b"campaign: ended at once\n")
        finally:
            os._exit(exit_code())


def _send_again() -> None:
    """Send a stop that was lost, or that came just before the main thread began to wait for something else,
    to it once more, which breaks off what it waits for."""
    # Two of one number that wait to be delivered are one.
    if (_stop.is_owed or not _stop.is_raised) and not _stop.is_own_on_its_way:
        _stop.is_own_on_its_way = True
        signal.pthread_kill(threading.main_thread().ident or 0, _stop.number)


def _break_queries_off() -> None:
    # What was never imported has no query that goes on.
    opening = sys.modules.get("warehouse.opening")
    if opening is not None and not _stop.is_over:
        opening.break_queries_off()


def _unraisable(told: sys.UnraisableHookArgs) -> None:
    """A stop that came in a place that cannot raise is owed from then on; of the rest nothing is told while
    everything ends."""
    if issubclass(told.exc_type, Stopped):
        _stop.is_owed = True
    elif not has_come():
        _hooks[0](told)


def _in_a_thread(told: threading.ExceptHookArgs) -> None:
    if not has_come():
        _hooks[1](told)
