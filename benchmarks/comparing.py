"""The same pages through us and through the peers, in turns, and what fetching them costs at the least.

A run that holds other posts than it was served, or was served others than the next, is an error: then the
figures would mean nothing.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.pages import Kind, Shape, Task, counted
from benchmarks.running import PEERS, Failed, Run, Server, run, serving

# The peers tell nobody of themselves, and ask nothing but the page server.
_QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DO_NOT_TRACK": "1"}

Say = Callable[[str], None]

FLOORS = ("socket", "requests")
OURS = ("land", "ours")
PEER_MODULES = {
    "dlt as documented": "benchmarks.peers.dlt_plain",
    "dlt, Parquet": "benchmarks.peers.dlt_tuned",
    "dlt, Arrow": "benchmarks.peers.dlt_arrow",
}


class Unequal(Exception):
    """The sides were not served, or do not hold, the same."""


def compare(
    shape: Shape,
    kind: Kind,
    posts: int,
    polls: int,
    sides: Iterable[str],
    *,
    rounds: Mapping[str, int],
    usual_rounds: int,
    at_most_s: float,
    folder: Path | None,
    say: Say,
) -> dict[str, Any]:
    """Run every side in turns over one server; `rounds` says how often where it is not `usual_rounds`. What
    a peer does not end in `at_most_s` seconds is stopped, told, and not tried again.

    Raises Unequal, and Failed when a side ends with an error.
    """
    turns = list(sides)
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in turns}
    served: dict[str, int] = {}
    with serving(shape, kind, posts, polls) as server:
        say(f"{shape}, {kind}, {posts * polls:,} items")
        for number in range(usual_rounds):
            # Every other round backwards: whoever comes first finds other caches than whoever comes last.
            for side in turns[:: -1 if number % 2 else 1]:
                is_over = number >= rounds.get(side, usual_rounds)
                if is_over or any(taken.get("is_stopped") for taken in found[side]):
                    continue
                with tempfile.TemporaryDirectory(dir=folder) as home:
                    task = replace(server.task, home=home)
                    for name, taken in _take(side, task, server, at_most_s, served):
                        found.setdefault(name, []).append(taken)
                        say(f"  {name}: {_told_of(taken, task)}")
    return {
        "shape": shape,
        "kind": kind,
        "posts": posts,
        "polls": polls,
        "items": posts * polls,
        "served": served,
        "sides": {side: _together(taken, posts * polls) for side, taken in found.items() if taken},
    }


def _take(
    side: str, task: Task, server: Server, at_most_s: float, served: dict[str, int]
) -> Iterable[tuple[str, dict[str, Any]]]:
    """Run one side once; after ours, what it has landed is built again from the beginning."""
    server.reset()
    if side in FLOORS:
        taken = run("benchmarks.floors", [side, task.text()])
    elif side in OURS:
        taken = run("benchmarks.ours", ["all" if side == "ours" else side, task.text()])
    else:
        taken = run(PEER_MODULES[side], [task.text()], python=PEERS, environment=_QUIET, at_most_s=at_most_s)
    if taken.is_stopped:
        yield side, {"is_stopped": True, "after_s": at_most_s, "peak_mb": taken.peak_mb}
        return
    check_served(side, task, server.counts(), served)
    check_held(side, task, taken, served)
    yield side, _figures(taken)
    if side == "ours":
        again = run("benchmarks.ours", ["rebuild", task.text()])
        check_held("rebuild", task, again, served)
        yield "rebuild", _figures(again) | {"alone": dict(run("benchmarks.stages", [task.text()]).told)}


def check_served(side: str, task: Task, counts: dict[str, int], served: dict[str, int]) -> None:
    """Raises Unequal when a side was not served what every side is."""
    if counts.get("items") != task.items or counts.get("refused"):
        raise Unequal(f"{side} was served {counts}, not the {task.items} items of the task")
    if not served:
        served.update(counts)
    if counts != served:
        raise Unequal(f"{side} was served {counts}, others {served}")


def check_held(side: str, task: Task, taken: Run, served: dict[str, int]) -> None:
    """Raises Unequal when what a side holds is not what it was served, or its days are not what the counters
    moved."""
    told = taken.told
    for name in ("items", "counted"):
        if name in told and told[name] != served[name]:
            raise Unequal(f"{side} holds {name} {told[name]}, and was served {served[name]}")
    if "gained" in told:
        # Each post was seen from its making on, where its counter stood at 0.
        moved = sum(counted(task.shape, number, task.polls - 1) for number in range(task.posts))
        if told["gained"] != moved:
            raise Unequal(f"{side}: the days add up to {told['gained']}, and the counters moved {moved}")


def _figures(taken: Run) -> dict[str, Any]:
    return {
        "seconds": taken.seconds,
        "whole_s": taken.whole_s,
        "cpu_s": taken.cpu_s,
        "peak_mb": taken.peak_mb,
        "steps": taken.told.get("steps", {}),
        **{name: taken.told[name] for name in _TOLD if name in taken.told},
    }


_TOLD = ("landed_bytes", "warehouse_bytes", "readings", "rows", "version")


def _together(runs: list[dict[str, Any]], items: int) -> dict[str, Any]:
    """The runs of a side and their medians."""
    ended = [taken for taken in runs if not taken.get("is_stopped")]
    stopped = [taken["after_s"] for taken in runs if taken.get("is_stopped")]
    found: dict[str, Any] = {"runs": runs, "peak_mb": max(taken["peak_mb"] for taken in runs)}
    if stopped:
        found["stopped_after_s"] = stopped[0]
    if ended:
        for name in ("seconds", "whole_s", "cpu_s"):
            found[name] = statistics.median(taken[name] for taken in ended)
        found["items_per_s"] = items / found["seconds"]
    return found


def _told_of(taken: Mapping[str, Any], task: Task) -> str:
    if taken.get("is_stopped"):
        return f"stopped after {taken['after_s']:.0f} s, at {taken['peak_mb']:,.0f} MB"
    return (
        f"{taken['seconds']:.2f} s, {task.items / taken['seconds']:,.0f} items/s, "
        f"{taken['cpu_s']:.2f} CPU s, {taken['peak_mb']:,.0f} MB"
    )


def alone(compared: Mapping[str, Any]) -> Mapping[str, float]:
    """What the stages took alone after the last of our runs, in seconds."""
    found: Mapping[str, float] = compared["sides"]["rebuild"]["runs"][-1]["alone"]
    return found


def peers_are_there() -> bool:
    """Whether the environment of the peers is installed. Raises Failed when it is broken."""
    if not PEERS.exists():
        return False
    if not PEERS.resolve().exists():
        raise Failed(f"{PEERS} leads nowhere; remove .venv-bench and run make bench again")
    return True
