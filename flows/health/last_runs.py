"""How each platform's last round and the last build ended, kept in small files of the home.

Landing tells what was answered, the warehouse when it was made; neither knows of a round that had nothing to
ask, or of a build that was refused. The files are no truth about numbers: without them `campaign status` says
less, and the next run writes them again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.clock import utc_now
from flows.cures import in_one_line
from warehouse.durable import write_whole

ROUNDS = ".rounds"
LAST_BUILD = ".last-build.json"
RUNS = ".runs"

SUCCEEDED = ("ok", "nothing due")
PARTIAL = "partial"
FAILED = "failed"

# Longer than anything is let be before it is asked for again; what was not by then has left the campaigns.
LET_BE = timedelta(days=8)


@dataclass(frozen=True)
class Refusal:
    """A round that read only a part, as long as what it asked for has not been asked for again: days of an
    account or a post, mentions and audiences are let be for hours or a day, so the rounds between succeed and
    prove nothing. `subjects` are those not asked for since, by type and name."""

    at: datetime
    message: str
    kinds: tuple[str, ...]
    subjects: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LastRun:
    """How a run ended: `planned_for` is its clock, `message` one plain line without secrets, `kinds` the
    troubles that it met (`Gone`). `succeeded_at` is when one last succeeded, None where none is known to
    have. `refused` is what an earlier round, or this one, was refused and nobody has asked for again."""

    planned_for: datetime
    ended_at: datetime
    outcome: str
    message: str = ""
    kinds: tuple[str, ...] = ()
    succeeded_at: datetime | None = None
    refused: Refusal | None = None

    @property
    def is_success(self) -> bool:
        return self.outcome in SUCCEEDED


def round_of(home: Path, platform: str) -> Path:
    """The file of a platform's last round."""
    return home / ROUNDS / f"{platform}.json"


def run_of(home: Path, flow_name: str) -> Path:
    """The file of a further flow's last run: one that knows of a home writes it itself (maintain, report,
    export), of the others its scheduler does."""
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
            refused=None if content.get("refused") is None else _refusal(content["refused"]),
        )
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return None
    refused_at = None if found.refused is None else found.refused.at
    moments = (found.planned_for, found.ended_at, found.succeeded_at, refused_at)
    return found if all(moment is None or moment.tzinfo is not None for moment in moments) else None


def record_run(
    path: Path,
    *,
    planned_for: datetime,
    ended_at: datetime,
    outcome: str,
    message: str = "",
    kinds: Iterable[str] = (),
    asked: Iterable[tuple[str, str]] = (),
) -> None:
    """Put how a run ended in place of how the one before did; when one last succeeded is carried on, and what
    was refused until a round that `asked` for it again read it."""
    before = read_run(path)
    is_success = outcome in SUCCEEDED
    succeeded_at = ended_at if is_success else before.succeeded_at if before else None
    kinds = tuple(dict.fromkeys(kinds))
    refused = before.refused if before else None
    if refused is not None and ended_at - refused.at > LET_BE:
        refused = None
    now_asked = set(asked)
    if outcome == PARTIAL and now_asked:
        subjects = now_asked | set(refused.subjects if refused else ())
        refused = Refusal(ended_at, message, kinds, tuple(sorted(subjects)))
    elif refused is not None and is_success:
        left = tuple(subject for subject in refused.subjects if subject not in now_asked)
        refused = replace(refused, subjects=left) if left else None
    content = {
        "planned_for": planned_for.isoformat(),
        "ended_at": ended_at.isoformat(),
        "outcome": outcome,
        "message": message,
        "kinds": kinds,
        "succeeded_at": None if succeeded_at is None else succeeded_at.isoformat(),
        "refused": refused and {**asdict(refused), "at": refused.at.isoformat()},
    }
    write_whole(path, json.dumps(content))


@contextmanager
def written_down(
    home: Path, flow_name: str, *refusals: type[Exception], now: Callable[[], datetime] = utc_now
) -> Iterator[list[str]]:
    """Keep how the block ended, however it was started: it failed with one of `refusals`, with an OSError, or
    by what it adds to the list, a plain line each."""
    began = now()
    foreseen: tuple[type[Exception], ...] = (OSError, *refusals)
    complaints: list[str] = []

    def write() -> None:
        record_run(
            run_of(home, flow_name),
            planned_for=began,
            ended_at=now(),
            outcome=FAILED if complaints else SUCCEEDED[0],
            message=" ".join("; ".join(complaints).split()),
        )

    try:
        yield complaints
    except foreseen as refusal:
        complaints.append(in_one_line(refusal) if isinstance(refusal, OSError) else str(refusal))
        # Where not even that can be written, the refusal says so.
        with suppress(OSError):
            write()
        raise
    write()


def _refusal(content: Mapping[str, Any]) -> Refusal:
    return Refusal(
        at=datetime.fromisoformat(content["at"]),
        message=str(content["message"]),
        kinds=tuple(str(kind) for kind in content["kinds"]),
        subjects=tuple((str(kind), str(name)) for kind, name in content["subjects"]),
    )
