"""How each platform's last round and the last build ended, kept in small files of the home.

Landing tells what was answered, the warehouse when it was made; neither knows of a round that had nothing to
ask, or of a build that was refused. The files are no truth about numbers: without them `campaign status` says
less, and the next run writes them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from warehouse.durable import write_whole

ROUNDS = ".rounds"
LAST_BUILD = ".last-build.json"
RUNS = ".runs"

SUCCEEDED = ("ok", "nothing due")
FAILED = "failed"


@dataclass(frozen=True)
class LastRun:
    """How a run ended: `planned_for` is its clock, `message` one plain line without secrets, `kinds` the
    troubles that it met (`Gone`). `succeeded_at` is when one last succeeded, None where none is known to
    have."""

    planned_for: datetime
    ended_at: datetime
    outcome: str
    message: str = ""
    kinds: tuple[str, ...] = ()
    succeeded_at: datetime | None = None

    @property
    def is_success(self) -> bool:
        return self.outcome in SUCCEEDED


def round_of(home: Path, platform: str) -> Path:
    """The file of a platform's last round."""
    return home / ROUNDS / f"{platform}.json"


def run_of(home: Path, flow_name: str) -> Path:
    """The file of a further flow's last run, which its scheduler writes."""
    return home / RUNS / f"{flow_name}.json"


def build_of(home: Path) -> Path:
    """The file of the last build."""
    return home / LAST_BUILD


def read_run(path: Path) -> LastRun | None:
    """The record; None when it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        succeeded_at = content["succeeded_at"]
        found = LastRun(
            planned_for=datetime.fromisoformat(content["planned_for"]),
            ended_at=datetime.fromisoformat(content["ended_at"]),
            outcome=str(content["outcome"]),
            message=str(content["message"]),
            kinds=tuple(str(kind) for kind in content["kinds"]),
            succeeded_at=None if succeeded_at is None else datetime.fromisoformat(succeeded_at),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    moments = (found.planned_for, found.ended_at, found.succeeded_at)
    return found if all(moment is None or moment.tzinfo is not None for moment in moments) else None


def record_run(
    path: Path,
    *,
    planned_for: datetime,
    ended_at: datetime,
    outcome: str,
    message: str = "",
    kinds: Iterable[str] = (),
) -> None:
    """Put how a run ended in place of how the one before did; when one last succeeded is carried on."""
    before = read_run(path)
    is_success = outcome in SUCCEEDED
    succeeded_at = ended_at if is_success else before.succeeded_at if before else None
    content = {
        "planned_for": planned_for.isoformat(),
        "ended_at": ended_at.isoformat(),
        "outcome": outcome,
        "message": message,
        "kinds": list(dict.fromkeys(kinds)),
        "succeeded_at": None if succeeded_at is None else succeeded_at.isoformat(),
    }
    write_whole(path, json.dumps(content))
