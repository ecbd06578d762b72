"""One run of the X connector against the sandbox, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors import x
from connectors.asking import AccountDays, Ask, Mentions, Walk, Wanted
from connectors.sandbox.server import Sandbox
from connectors.spending import Purse
from connectors.wire import Report, WireSession

KEYS = tuple(x.FURTHER_CREDENTIALS)
OWN_ID = "21406518"
BEGINNING = datetime(2019, 10, 29, tzinfo=UTC)


@dataclass
class Run:
    """What a run landed and noted. Its clock is the sandbox's; a live run does not tell the connector."""

    sandbox: Sandbox
    now: datetime
    rows: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[tuple[str, str, int]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    is_live: bool = False
    in_flight: int = 1
    listed: Report = field(default_factory=Report)

    def collect(
        self,
        *walks: Walk,
        posts: Sequence[Wanted] = (),
        mentions: Sequence[Mentions] = (),
        days: Sequence[AccountDays] = (),
        keys: Sequence[str] = (),
        purse: Purse | None = None,
        **other_keys: str,
    ) -> Run:
        settings = self.sandbox.settings
        given = {key: settings[x.FURTHER_CREDENTIALS[key]] for key in keys} | other_keys
        ask = Ask("x", walks, tuple(posts), tuple(days), tuple(mentions))
        session = WireSession(
            "x",
            run_id="run1",
            sdk_url=x.SDK_URL,
            base_url=self.sandbox.x_url,
            secrets=[settings["X_BEARER_TOKEN"], *given.values()],
            judge=x.judge,
            land=self.rows.append,
            as_of=None if self.is_live else self.now,
            now=lambda: self.now,
            sleep=self.slept.append,
            timeout=(5, 5),
            in_flight=self.in_flight,
        )
        with session:
            try:
                x.collect(ask, session, settings["X_BEARER_TOKEN"], purse=purse, **given)
            finally:
                self.troubles = session.report.troubles
                self.listed = session.report
        return self

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.troubles]

    def of(self, endpoint: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["endpoint"] == endpoint]

    def asked(self, endpoint: str) -> list[dict[str, str]]:
        return [json.loads(row["params"]) for row in self.of(endpoint)]

    def bodies(self, endpoint: str) -> list[dict[str, Any]]:
        return [json.loads(row["body"]) for row in self.of(endpoint)]

    def paths(self) -> list[str]:
        """What was asked, without parameters, as `/2/tweets`."""
        return [row["url"].partition("?")[0].removeprefix(self.sandbox.x_url) for row in self.rows]


def walk(handle: str, campaign: str = "c1", since: datetime = BEGINNING) -> Walk:
    return Walk(campaign, since, handle)
