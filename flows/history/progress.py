"""How far a backfill is, for people who watch it: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import threading
from collections import Counter
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from flows.collecting.round import PlatformReport
from flows.console import say
from flows.history.holes import Window

_WORDS = {
    "walks": "listings",
    "days": "days of accounts",
    "post_days": "days of posts",
    "mentions": "mentions",
}


def named(window: Window) -> str:
    """A window in words."""
    subjects = len({piece.name for piece in window.pieces})
    return f"{_WORDS[window.part]} ({subjects}), {window.first_day} to {window.last_day}"


def waiting_line(platform: str) -> str:
    """What is said while a collect has its turn."""
    return f"{platform}: a collect of it is running; the backfill goes on after it"


class Bars:
    """A bar for each platform, counting its windows."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.fields[platform]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def planned(self, platform: str, windows: int) -> None:
        with self._lock:
            if platform not in self._tasks:
                self._tasks[platform] = self._bars.add_task("", total=0, platform=platform)
            task = self._tasks[platform]
            before = next(one.total or 0 for one in self._bars.tasks if one.id == task)
            self._bars.update(task, total=before + windows)

    def began(self, platform: str, window: Window) -> None:
        self._bars.update(self._tasks[platform], description=named(window))

    def ended(self, platform: str, window: Window, report: PlatformReport) -> None:
        self._bars.update(self._tasks[platform], advance=1, description=report.message)

    def waiting(self, platform: str) -> None:
        self._bars.update(self._tasks[platform], description="waits for a collect")


class Lines:
    """A line for each window that came to its end."""

    def __init__(self) -> None:
        self._planned: Counter[str] = Counter()
        self._done: Counter[str] = Counter()

    def planned(self, platform: str, windows: int) -> None:
        self._planned[platform] += windows

    def began(self, platform: str, window: Window) -> None:
        """A line when it ended is enough."""

    def ended(self, platform: str, window: Window, report: PlatformReport) -> None:
        self._done[platform] += 1
        place = f"{self._done[platform]} of {self._planned[platform]}"
        answers = f"{sum(report.responses.values()):,} answers in {report.seconds:.1f} s"
        said = "" if report.outcome == "ok" else f"; {report.outcome}"
        say(f"{platform} {place}: {named(window)}: {answers}{said}")

    def waiting(self, platform: str) -> None:
        say(waiting_line(platform))
