from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from connectors.wire import WireSession
from tests.connectors.loopback import Loopback, serving

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
TOKEN = "EAAB-main-token-1234567890"


@dataclass
class Wire:
    """A session with what came out of it: the landed rows and the seconds that it would have slept."""

    session: WireSession
    rows: list[dict[str, Any]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.session.report.troubles]

    def endpoints(self) -> list[str]:
        return [row["endpoint"] for row in self.rows]


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


@pytest.fixture
def connect(server: Loopback) -> Iterator[Callable[..., Wire]]:
    """Opens a session for a connector, on the loopback server unless told otherwise."""
    opened: list[WireSession] = []

    def open_one(connector: ModuleType, **changes: Any) -> Wire:
        rows: list[dict[str, Any]] = []
        slept: list[float] = []
        settings: dict[str, Any] = {
            "run_id": "run1",
            "sdk_url": connector.SDK_URL,
            "base_url": server.url,
            "secrets": [TOKEN],
            "judge": connector.judge,
            "land": rows.append,
            "now": lambda: NOW,
            "sleep": slept.append,
            "timeout": (2, 2),
        }
        session = WireSession(connector.PLATFORM, **{**settings, **changes})
        opened.append(session)
        return Wire(session, rows, slept)

    yield open_one
    for session in opened:
        session.close()
