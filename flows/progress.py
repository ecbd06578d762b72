"""How far a command is, on standard error: bars on a terminal, a line now and then elsewhere.

    with shown("build", in_lines=True) as progress:
        refresh(..., progress=progress)

On a terminal nothing is drawn in the first second, and nothing is left at the end. Elsewhere work that is
meant to take long (`in_lines`) says a plain line every ten seconds, from the tenth on. Under a scheduler
nobody calls this: its runs have logs.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from warehouse.progress import Progress, Step, nobody_watches

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

# What ends sooner needs no bar.
AFTER_S = 1.0
# Enough for a clock that shows seconds, and costs next to nothing.
DRAWN_EVERY_S = 0.5
# Logs of cron and CI stay short.
LINE_EVERY_S = 10.0
# What is left is told from this part of the whole on: by less it cannot be reckoned.
RECKONED_FROM = 0.1

_HIDE_CURSOR = "\x1b[?25l"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at what is written there, and a line can be drawn over."""
    return (
        stream is not None and stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    )


@contextmanager
def shown(
    command: str,
    *,
    in_lines: bool = False,
    is_told: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """Show how far the work of the block is, as it tells by the callable that this gives; nothing where it
    `is_told` otherwise, as by --verbose.

    `clock` gives seconds. What cannot be drawn or written fails nothing.
    """
    if is_told:
        yield nobody_watches
    elif is_terminal(sys.stderr):
        with _Screen(sys.stderr, command) as screen:
            yield screen.tell
    elif in_lines and sys.stderr is not None:
        yield Lines(sys.stderr, command, clock).tell
    else:
        yield nobody_watches


def logged(log: Callable[[str], object]) -> Progress:
    """Tells a log of what is begun, and not how far each thing is."""

    def tell(step: str) -> None:
        if not (isinstance(step, Step) and step.done):
            log(step)

    return tell


class Lines:
    """A plain line every ten seconds, the first after ten."""

    def __init__(self, stream: TextIO, command: str, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._command = command
        self._clock = clock
        self._said_at = clock()
        self._steps: dict[str, str] = {}
        self._saying = threading.Lock()

    def tell(self, step: str) -> None:
        """Take how far somebody is. Raises nothing."""
        self._steps[_whom(step)] = step
        if self._clock() - self._said_at < LINE_EVERY_S:
            return
        with self._saying:
            if self._clock() - self._said_at < LINE_EVERY_S:
                return
            self._said_at = self._clock()
            told = "; ".join(list(self._steps.values()))
        # Nobody reads it any more, or the disk of the log is full.
        with suppress(OSError, ValueError):
            self._stream.write(f"campaign: {self._command}: {_plain(told)}\n")
            self._stream.flush()


def _whom(step: str) -> str:
    return step.whom if isinstance(step, Step) else ""


def _plain(text: str) -> str:
    """Names of files come from outside."""
    from flows.console import plain

    return plain(" ".join(text.split()))


class _Deaf:
    """A stream whose troubles are nobody's: what is drawn there is gone in a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            # A process that is killed could not show the cursor again.
            self._stream.write(text.replace(_HIDE_CURSOR, ""))
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()


class _Screen:
    """Bars on a terminal, drawn by a thread of their own: the work only leaves word how far it is."""

    def __init__(self, stream: TextIO, command: str) -> None:
        self._stream = _Deaf(stream)
        self._command = command
        self._steps: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="progress", daemon=True)

    def __enter__(self) -> _Screen:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._ended.set()
        self._thread.join()

    def tell(self, step: str) -> None:
        """Take how far somebody is. Raises nothing."""
        self._steps[_whom(step)] = step

    def _draw(self) -> None:
        if self._ended.wait(AFTER_S):
            return
        from flows.console import drawing

        bars = _bars(self._stream, time.monotonic() - AFTER_S)
        tasks: dict[str, TaskID] = {}

        def say_above(line: str) -> None:
            bars.console.print(line, markup=False, soft_wrap=True)

        with bars:
            drawing.append(say_above)
            try:
                while not self._ended.is_set():
                    self._take_over(bars, tasks)
                    bars.refresh()
                    self._ended.wait(DRAWN_EVERY_S)
            finally:
                drawing.remove(say_above)

    def _take_over(self, bars: Bars, tasks: dict[str, TaskID]) -> None:
        steps = dict(self._steps) or {"": self._command}
        for whom in [whom for whom in tasks if whom not in steps]:
            bars.remove_task(tasks.pop(whom))
        for whom, step in steps.items():
            done, of = (step.done, step.of) if isinstance(step, Step) else (0, 0)
            told = f"{self._command}: {_plain(step)}" if steps != {"": self._command} else step
            if whom not in tasks:
                tasks[whom] = bars.add_task("", total=None)
            task = bars.tasks[bars.task_ids.index(tasks[whom])]
            if task.total != (of or None) or task.completed > done:
                # Something else, of which nobody knows yet how quickly it goes.
                bars.reset(tasks[whom])
                task.total = of or None
            bars.update(tasks[whom], completed=done, description=told)


def _bars(stream: _Deaf, began_s: float) -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
    from rich.table import Column
    from rich.text import Text

    class Elapsed(ProgressColumn):
        """How long the command has worked, and how long it has yet to, where that can be reckoned."""

        def render(self, task: Task) -> Text:
            left_s = left_of(task.elapsed or 0.0, task.completed, task.total or 0.0)
            told = _minutes(time.monotonic() - began_s)
            return Text(told if left_s is None else f"{told}, about {_minutes(left_s)} left")

    class BarWithAnEnd(BarColumn):
        """A bar where it is known how much there is."""

        def render(self, task: Task) -> Any:
            return Text() if task.total is None else super().render(task)

    one_line = Column(no_wrap=True, overflow="ellipsis")
    return Progress(
        SpinnerColumn("line"),
        TextColumn("{task.description}", markup=False, table_column=one_line),
        BarWithAnEnd(bar_width=20),
        Elapsed(table_column=Column(no_wrap=True)),
        console=Console(file=cast(TextIO, stream), force_terminal=True, highlight=False),
        auto_refresh=False,
        transient=True,
        # Whoever else catches what is written there would not get it back.
        redirect_stdout=False,
        redirect_stderr=False,
    )


def left_of(elapsed_s: float, done: float, of: float) -> float | None:
    """How many seconds something has yet to go, by all that it took until now: what it did last may be a
    build between two polls. None before a tenth is done, and where nobody knows how much there is."""
    if not of or done >= of or done < of * RECKONED_FROM:
        return None
    return elapsed_s * (of - done) / done


def _minutes(seconds: float) -> str:
    minutes, left = divmod(int(seconds), 60)
    return f"{minutes}:{left:02d}"
