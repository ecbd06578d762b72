"""The watch flow and what follows the other flows, under Prefect, in one process without a server; and the
automations for those who have one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore

from flows.health.last_runs import build_of, read_run, round_of, run_of
from flows.watch import UNHEALTHY
from tests.flows.conftest import Vendor
from tests.flows.listeners import SECRET_PATH, webhook

# One process for all: an ephemeral server takes seconds to start.
RUNS = """
import asyncio, json, os
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Completed, Crashed
from flows.scheduled.after_runs import tell_people_after
from flows.build import build
from flows.collect import collect
from flows.maintain import maintain
from flows.report import report
from flows.scheduled.missed_slots import SKIPPED
from flows.watch import watch

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

async def artifacts():
    async with get_client() as client:
        return [[each.key, each.data] for each in await client.read_artifacts()]

print(json.dumps({"told": told, "artifacts": asyncio.run(artifacts())}))
"""


def test_the_watch_tells_what_is_wrong_and_what_is_over_and_leaves_pages(
    home: Path, x_only: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = home / "a-file"
    broken.write_text("no folder")
    for name, value in {
        "BROKEN": str(broken),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }.items():
        monkeypatch.setenv(name, value)
    with webhook() as hook:
        monkeypatch.setenv("CAMPAIGN_ALERT_WEBHOOK", hook.url)
        ran = subprocess.run(
            [sys.executable, "-c", RUNS], capture_output=True, text=True, timeout=120, check=False
        )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])

    before, collected, built, again, well, late, elsewhere = found["told"]
    assert before == ["COMPLETED", "Unhealthy", "x: never collected; run campaign collect"]
    assert (collected[0], built[0]) == ("COMPLETED", "COMPLETED")
    assert again[2] == "published (unchanged)"
    assert well == ["COMPLETED", "Completed", "all is well"]
    assert late[:2] == ["COMPLETED", "Unhealthy"]
    assert late[2].startswith("x: nothing was asked since 2026-05-20 12:00 UTC; run campaign collect")
    assert elsewhere[0] == "FAILED"
    assert "is a file" in elsewhere[2]

    pages = [data for key, data in found["artifacts"] if key == "health"]
    assert len(pages) == 3
    assert any(page.startswith("**All is well**") for page in pages)
    # Of two builds that say the same the first alone does.
    (board,) = [data for key, data in found["artifacts"] if key == "leaderboard-water-2026"]
    post = "https://x.com/i/status/101"
    assert f"| 1 | [Launch film]({post}) | 900 | · | 5 | [x]({post}) | ours |" in board
    assert [key for key, _ in found["artifacts"]].count("campaign-water-2026") == 1

    # The collect's own end tells that it is over, whoever told that it was not.
    assert [message["text"].splitlines()[0] for message in hook.received[:3]] == [
        "campaign: 1 new: x: never collected",
        "campaign: 1 over: x: never collected",
        "campaign: 1 new: x: nothing was asked since 2026-05-20 12:00 UTC",
    ]
    kept = b"".join(path.read_bytes() for path in (home / "prefect").rglob("*") if path.is_file())
    assert SECRET_PATH.encode() not in kept

    # What a killed run could not write down itself, its scheduler does.
    round_, build = read_run(round_of(home / "data", "x")), read_run(build_of(home / "data"))
    assert round_ is not None
    assert (round_.outcome, round_.message) == (
        "failed",
        "the run was killed before its end; the next one goes on, see the log of lively-otter",
    )
    assert build is not None
    assert build.is_success
    maintain, report = (read_run(run_of(home / "data", name)) for name in ("maintain", "report"))
    assert maintain is not None
    assert not maintain.is_success
    assert report is None


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
