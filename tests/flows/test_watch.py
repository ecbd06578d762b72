"""The flows, their watch and what follows them, under Prefect, in one process without a server; and the
automations for those who have one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore

from flows.health.last_runs import build_of, read_run, round_of, run_of
from flows.watch import UNHEALTHY
from tests.flows.conftest import REGISTRY, X_TOKEN, serving
from tests.flows.listeners import SECRET_PATH, webhook

READ = "everything that was due was read"

# One process for all: an ephemeral server takes seconds to start.
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
def tell(state):
    told.append([state.type.value, state.name, state.message])

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
        return [[each.key, each.data] for each in await client.read_artifacts()]

print(json.dumps({"told": told, "artifacts": asyncio.run(artifacts())}))
"""


@dataclass(frozen=True)
class Ran:
    """What became of those runs: state type, name and message of each, artifacts as key and text, messages
    sent, and where."""

    told: list[list[str]]
    artifacts: list[list[str]]
    sent: list[str]
    folder: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("watched")
    (folder / "campaigns").mkdir()
    (folder / "campaigns" / "water.toml").write_text(REGISTRY)
    (folder / "a-file").write_text("no folder")
    (folder / "another").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with serving() as vendor, webhook() as hook:
        vendor.plays_x()
        done = subprocess.run(
            [sys.executable, "-c", RUNS],
            env={
                **kept,
                "CAMPAIGN_HOME": str(folder / "data"),
                "CAMPAIGN_REGISTRY": str(folder / "campaigns"),
                "CAMPAIGN_ALERT_WEBHOOK": hook.url,
                "X_API_URL": vendor.url,
                "X_BEARER_TOKEN": X_TOKEN,
                "BROKEN": str(folder / "a-file"),
                "ANOTHER": str(folder / "another"),
                "PREFECT_HOME": str(folder / "prefect"),
                "PREFECT_LOGGING_LEVEL": "ERROR",
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
                "DO_NOT_TRACK": "1",
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    sent = [message["text"].splitlines()[0] for message in hook.received]
    return Ran(found["told"], found["artifacts"], sent, folder)


def test_the_watch_tells_what_is_wrong_and_what_is_over_and_leaves_pages(ran: Ran) -> None:
    before, collected, built, again, well, late, elsewhere, *_ = ran.told
    assert before == ["COMPLETED", "Unhealthy", "x: never collected; run campaign collect"]
    assert (collected[0], collected[2]) == ("COMPLETED", READ)
    assert built[0] == "COMPLETED"
    assert built[2].startswith("published (")
    assert again[2] == "published (unchanged)"
    assert well == ["COMPLETED", "Completed", "all is well"]
    assert late[:2] == ["COMPLETED", "Unhealthy"]
    assert late[2].startswith("x: nothing was asked since 2026-05-20 12:00 UTC; run campaign collect")
    assert elsewhere[0] == "FAILED"
    assert "is a file" in elsewhere[2]

    pages = [data for key, data in ran.artifacts if key == "health"]
    assert len(pages) == 3
    assert any(page.startswith("**All is well**") for page in pages)
    # Of two builds that say the same the first alone does.
    (board,) = [data for key, data in ran.artifacts if key == "leaderboard-water-2026"]
    post = "https://x.com/i/status/101"
    assert f"| 1 | [Launch film]({post}) | 900 | · | 5 | [x]({post}) | ours |" in board
    assert [key for key, _ in ran.artifacts].count("campaign-water-2026") == 1

    # The collect's own end tells that it is over, whoever told that it was not.
    assert ran.sent[:3] == [
        "campaign: 1 new: x: never collected",
        "campaign: 1 over: x: never collected",
        "campaign: 1 new: x: nothing was asked since 2026-05-20 12:00 UTC",
    ]
    kept = b"".join(path.read_bytes() for path in (ran.folder / "prefect").rglob("*") if path.is_file())
    assert SECRET_PATH.encode() not in kept

    # What a killed run could not write down itself, its scheduler does.
    round_, build = read_run(round_of(ran.folder / "data", "x")), read_run(build_of(ran.folder / "data"))
    assert round_ is not None
    assert (round_.outcome, round_.message) == (
        "failed",
        "the run was killed before its end; the next one goes on, see the log of lively-otter",
    )
    assert build is not None
    assert build.is_success
    maintain, report = (read_run(run_of(ran.folder / "data", name)) for name in ("maintain", "report"))
    assert maintain is not None
    assert not maintain.is_success
    assert report is None


def test_a_moment_without_a_zone_is_refused_and_a_platform_that_others_take_is_left_to_them(ran: Ran) -> None:
    naive, others = ran.told[7:9]
    assert naive[0] == "FAILED"
    assert naive[2] == "'2026-05-20T12:00:00' names no time zone; add Z or an offset such as +01:00"
    assert (others[0], others[2]) == ("COMPLETED", READ)


def test_a_collect_that_meets_another_leaves_the_platform_to_it(ran: Ran) -> None:
    met = ran.told[9]
    assert (met[0], met[2]) == ("COMPLETED", "x: another collect of it is running; let it finish")


def test_a_build_that_meets_another_is_skipped_and_whoever_ordered_it_is_told(ran: Ran) -> None:
    skipped, told = ran.told[10:]
    said = "skipped: another build is running, it takes in what has landed"
    assert skipped == ["COMPLETED", "Skipped", said]
    assert told[0] == "AnotherBuild"
    assert told[1].startswith("another build is running")


def test_the_automations_are_ones_that_prefect_takes_and_name_what_there_is() -> None:
    checkout = Path(__file__).parents[2]
    given = yaml.safe_load((checkout / "docs" / "operations" / "automations.yaml").read_text())["automations"]
    automations = [AutomationCore.model_validate(each) for each in given]
    assert len(automations) == 3
    deployed = yaml.safe_load((checkout / "prefect.yaml").read_text())["deployments"]
    flows = {entry["entrypoint"].partition(":")[2] for entry in deployed}
    for each in given:
        named = each["trigger"]["match_related"]["prefect.resource.name"]
        assert {named} <= flows if isinstance(named, str) else set(named) <= flows
    expected = {event for each in given for event in each["trigger"]["expect"]}
    assert f"prefect.flow-run.{UNHEALTHY}" in expected
