"""A lake of one post that is polled again and again, its retweets being the number of the poll."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.warehouse.lake import Lake, campaign, x_post

START = datetime(2019, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Polls:
    """Hourly polls, each landed as a run of its own."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(folder)
        self.number = 0
        self.lake.register(campaign(assets={"film": ["x:1"]}))

    def land(self, count: int = 1) -> None:
        """The next polls."""
        for _ in range(count):
            self.number += 1
            post = x_post("1", retweets=self.number, created_at=START)
            self.lake.answer(START + self.number * HOUR, {"data": [post]})
