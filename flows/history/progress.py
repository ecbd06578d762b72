"""How far a backfill is, in words: its windows, platform by platform."""

from __future__ import annotations

from collections import Counter

from flows.collecting.round import PlatformReport
from flows.history.holes import Window
from warehouse.progress import Progress, Step

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


class Windows:
    """Tells of each platform which window is asked, and how many there are."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._planned: Counter[str] = Counter()
        self._done: Counter[str] = Counter()

    def planned(self, platform: str, windows: int) -> None:
        """See `flows.history.backfilling.Follower`."""
        self._planned[platform] += windows
        self._tell(platform, "windows")

    def began(self, platform: str, window: Window) -> None:
        """See `flows.history.backfilling.Follower`."""
        self._tell(platform, named(window))

    def ended(self, platform: str, window: Window, report: PlatformReport) -> None:
        """See `flows.history.backfilling.Follower`."""
        self._done[platform] += 1
        self._tell(platform, named(window))

    def waiting(self, platform: str) -> None:
        """See `flows.history.backfilling.Follower`."""
        self._progress(Step("waits for a collect of it", whom=platform))

    def _tell(self, platform: str, what: str) -> None:
        self._progress(Step(what, self._done[platform], self._planned[platform], whom=platform))
