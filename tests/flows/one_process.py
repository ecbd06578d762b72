"""The flows, their watch and what follows them, called as functions in one process, which a server
records."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.flows.conftest import REGISTRY, X_TOKEN, serving
from tests.flows.listeners import webhook

# One process for all: each takes seconds to import Prefect.
RUNS = """
import asyncio, fcntl, json, os
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Completed, Crashed
from flows.scheduled.after_runs import tell_people_after
from flows.build import build, recorded_build
from flows.collect import collect
from flows.maintain import maintain
from flows.report import report
from flows.scheduled.missed_slots import SKIPPED
from flows.watch import watch
from warehouse.build import AnotherBuild

told = []
ours = set()
def tell(state):
    told.append([state.type.value, state.name, state.message])
    ours.add(state.state_details.flow_run_id)

tell(watch(as_of=datetime.fromisoformat("2026-05-20T11:00Z"), return_state=True))
tell(collect(["x"], as_of=datetime.fromisoformat("2026-05-20T12:00Z"), return_state=True))
tell(build(return_state=True))
tell(build(return_state=True))
tell(watch(as_of=datetime.fromisoformat("2026-05-20T13:00Z"), return_state=True))
tell(watch(as_of=datetime.fromisoformat("2026-05-20T18:00Z"), return_state=True))
moment = datetime.now(UTC)
killed = FlowRun(
    flow_id=uuid4(), name="lively-otter", parameters={"platforms": ["x"]},
    expected_start_time=moment, start_time=moment,
)
tell_people_after(collect, killed, Crashed(message="exit code -9"))
tell_people_after(build, killed.model_copy(update={"start_time": moment - timedelta(days=1)}), Crashed())
tell_people_after(maintain, killed, Crashed())
tell_people_after(maintain, killed, Completed(name=SKIPPED, message="skipped: a later run is due"))
tell_people_after(report, killed, Completed(message="it writes down itself how it ended"))
os.environ["CAMPAIGN_HOME"] = os.environ["BROKEN"]
tell(watch(return_state=True))

# In a home of which nothing is known, and where others are at it.
del os.environ["CAMPAIGN_ALERT_WEBHOOK"]
os.environ["CAMPAIGN_HOME"] = os.environ["ANOTHER"]
tell(collect(["x"], as_of=datetime.fromisoformat("2026-05-20T12:00"), return_state=True))
tell(collect(besides=["x", "facebook"], as_of=datetime.fromisoformat("2026-05-20T12:00Z"), return_state=True))
with open(os.environ["ANOTHER"] + "/.collect-x.lock", "a") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    tell(collect(["x"], as_of=datetime.fromisoformat("2026-05-21T12:00Z"), return_state=True))
with open(os.environ["ANOTHER"] + "/.build.lock", "a") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    tell(build(return_state=True))
    try:
        recorded_build(False, None)
    except AnotherBuild as refusal:
        told.append([type(refusal).__name__, str(refusal)])

async def artifacts():
    async with get_client() as client:
        left = await client.read_artifacts()
        return [[each.key, each.data] for each in left if each.flow_run_id in ours]

print(json.dumps({"told": told, "artifacts": asyncio.run(artifacts())}))
"""


@dataclass(frozen=True)
class Ran:
    """What became of those runs: state type, name and message of each, their artifacts as key and text,
    messages sent, and where."""

    told: list[list[str]]
    artifacts: list[list[str]]
    sent: list[str]
    folder: Path


def ran_in_one_process(folder: Path, environment: Mapping[str, str]) -> Ran:
    """Run them in homes of a folder of their own; `environment` names the server."""
    (folder / "campaigns").mkdir(parents=True)
    (folder / "campaigns" / "water.toml").write_text(REGISTRY)
    (folder / "a-file").write_text("no folder")
    (folder / "another").mkdir()
    with serving() as vendor, webhook() as hook:
        vendor.plays_x()
        done = subprocess.run(
            [sys.executable, "-c", RUNS],
            env={
                **environment,
                "CAMPAIGN_HOME": str(folder / "data"),
                "CAMPAIGN_REGISTRY": str(folder / "campaigns"),
                "CAMPAIGN_ALERT_WEBHOOK": hook.url,
                "X_API_URL": vendor.url,
                "X_BEARER_TOKEN": X_TOKEN,
                "BROKEN": str(folder / "a-file"),
                "ANOTHER": str(folder / "another"),
                "PREFECT_LOGGING_LEVEL": "ERROR",
            },
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    sent = [message["text"].splitlines()[0] for message in hook.received]
    return Ran(found["told"], found["artifacts"], sent, folder)
