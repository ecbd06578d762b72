"""What campaign serve refuses before it serves, in one line. No server is started."""

from __future__ import annotations

import copy
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from flows.scheduled.mistakes import mistakes_in
from flows.scheduled.serving import SERVE_LOCK, _server_environment
from tests.flows.conftest import Said
from tests.flows.listeners import free_port
from tests.unprivileged import unwritable
from warehouse.one_at_a_time import one_at_a_time

CHECKOUT = Path(__file__).parents[2]
PREFECT_YAML = CHECKOUT / "prefect.yaml"
CAMPAIGN = Path(sys.executable).with_name("campaign")

Serve = Callable[[], Said]


@pytest.fixture
def serve(campaign: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Runs campaign serve in this process, on a port that is taken: further it cannot come."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    monkeypatch.setattr(os, "environ", kept)

    def run() -> Said:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            return campaign("serve", "--file", str(PREFECT_YAML), "--port", str(taken.getsockname()[1]))

    return run


def changed(**values: Any) -> list[dict[str, Any]]:
    """The deployments of prefect.yaml, one of them with other values."""
    deployments: list[dict[str, Any]] = copy.deepcopy(yaml.safe_load(PREFECT_YAML.read_text())["deployments"])
    deployments[3] |= values
    return deployments


def test_a_home_is_served_by_one_at_a_time(serve: Serve, home: Path) -> None:
    records = home / "data" / "prefect"
    records.mkdir(parents=True)
    with one_at_a_time(records / SERVE_LOCK):
        said = serve()
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert f"campaign serve already runs on this home (process {os.getpid()}); stop it, or " in said.err
    assert "set PREFECT_API_URL=" in said.err
    assert "name another port" not in said.err


def test_a_killed_one_keeps_no_home_and_a_home_that_is_not_there_is_made(serve: Serve, home: Path) -> None:
    assert "name another port" in serve().err
    assert (home / "data" / "prefect").is_dir()
    # The file of its lock is left, as a killed one leaves it.
    assert (home / "data" / "prefect" / SERVE_LOCK).is_file()
    assert "name another port" in serve().err


def test_a_home_that_cannot_be_written_is_one_line_with_its_cure(serve: Serve, home: Path) -> None:
    (home / "data").mkdir()
    with unwritable(home / "data"):
        said = serve()
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "data/prefect: Permission denied; mend its permissions, or set CAMPAIGN_HOME" in said.err


def test_records_that_cannot_be_written_are_one_line_with_its_cure(serve: Serve, home: Path) -> None:
    records = home / "data" / "prefect"
    records.mkdir(parents=True)
    (records / SERVE_LOCK).touch()
    with unwritable(records):
        said = serve()
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert f"{records}: Permission denied; mend its permissions, or set CAMPAIGN_HOME" in said.err


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            {"schedules": [{"cron": "99 * * * *", "timezone": "UTC"}]},
            "cron '99 * * * *': Invalid cron string: \"99 * * * *\"",
        ),
        (
            {"schedules": [{"cron": "5 * * * *", "timezone": "Europe/Lndon"}]},
            "timezone 'Europe/Lndon': Invalid timezone",
        ),
        (
            {"concurrency_limit": {"limit": 1, "collision_strategy": "QUEUE"}},
            "collision_strategy 'QUEUE': Input should be 'ENQUEUE' or 'CANCEL_NEW'",
        ),
        (
            {"triggers": [{"expect": ["prefect.flow-run.Completed"], "threshold": "many"}]},
            "threshold 'many': Input should be a valid integer, unable to parse string as an integer",
        ),
    ],
)
def test_a_value_that_prefect_refuses_is_told_with_its_deployment(value: dict[str, Any], told: str) -> None:
    (mistake,) = mistakes_in(changed(**value))
    assert mistake.startswith(f"deployment youtube of flows/collect.py:collect: {told}")


def test_what_prefect_takes_or_fills_in_is_no_mistake() -> None:
    template = "{{ prefect.variables.when }}"
    assert list(mistakes_in(changed())) == []
    assert list(mistakes_in(changed(schedules=[{"cron": template, "timezone": "UTC"}]))) == []
    assert list(mistakes_in(changed(schedules=[{"interval": 600}], concurrency_limit=2))) == []
    assert list(mistakes_in(changed(schedules=None, concurrency_limit={"limit": template}))) == []


def test_a_mistake_in_prefect_yaml_is_told_before_anything_is_deployed(home: Path) -> None:
    (home / "prefect.yaml").write_text(
        yaml.safe_dump({"deployments": changed(schedules=[{"cron": "99 * * * *"}])})
    )
    said = subprocess.run(
        [CAMPAIGN, "serve"],
        # Nobody is there: what is told is told without asking.
        env={
            **os.environ,
            "PREFECT_API_URL": "http://127.0.0.1:9/api",
            "PREFECT_HOME": str(home / "prefect"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 1
    assert said.stderr == (
        "campaign: prefect.yaml: deployment youtube of flows/collect.py:collect: "
        "cron '99 * * * *': Invalid cron string: \"99 * * * *\"; mend it there\n"
    )


def test_a_run_has_a_session_of_its_own_which_a_ctrl_c_does_not_reach(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment = {
            **os.environ,
            "PREFECT_API_URL": f"http://127.0.0.1:{server.getsockname()[1]}/api",
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT__FLOW_RUN_ID": str(uuid4()),
            "PYTHONPATH": str(CHECKOUT),
        }
        with subprocess.Popen([sys.executable, "-m", "flows.scheduled.engine"], env=environment) as run:
            try:
                server.settimeout(120)
                # It asks what it is to run, and gets no answer.
                server.accept()[0].close()
                assert os.getsid(run.pid) == run.pid
            finally:
                run.kill()


def test_a_run_begins_in_one_process_unless_somebody_said_how(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.schemas.objects import FlowRun

    from flows.scheduled.worker import OneProcess

    run = FlowRun(id=uuid4(), flow_id=uuid4())
    ours, theirs = OneProcess(), OneProcess(command="python -m prefect.engine", env={"PYTHONPATH": "theirs"})
    monkeypatch.chdir(home / "campaigns")
    for each in (ours, theirs):
        each.prepare_for_flow_run(run)
    assert ours.command == f"{sys.executable} -m flows.scheduled.engine"
    # Its flows import what lies beside them.
    assert (ours.env["PYTHONPATH"] or "").split(os.pathsep)[0] == str(home / "campaigns")
    assert (theirs.command, theirs.env["PYTHONPATH"]) == ("python -m prefect.engine", "theirs")


def test_prefect_still_finds_its_own_worker_by_the_type_of_the_pool() -> None:
    from prefect.workers.base import BaseWorker
    from prefect.workers.process import ProcessWorker

    from flows.scheduled.worker import RunWorker

    assert BaseWorker.get_worker_class_from_type(RunWorker.type) is ProcessWorker


def said_by_the_server(raised: str) -> str:
    """What a server of ours says when an error is logged with its traceback."""
    code = f"""
import logging, sqlite3
import prefect
from prefect.logging.configuration import setup_logging
setup_logging()
try:
    {raised}
except Exception:
    logging.getLogger("prefect.server.utilities.worker_channel").exception("A heartbeat failed: pool=%s", "a")
"""
    environment = _server_environment(free_port())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stderr


def test_records_of_the_server_that_were_busy_are_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(home / "prefect"))
    busy = 'raise RuntimeError("(sqlite3) ...") from sqlite3.OperationalError("database is locked")'
    said = said_by_the_server(busy)
    assert said.count("\n") == 1
    assert "| WARNING | " in said
    assert "A heartbeat failed: pool=a: Prefect's records were busy; it is tried again" in said


def test_every_other_error_of_the_server_is_said_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(home / "prefect"))
    said = said_by_the_server('raise sqlite3.OperationalError("disk I/O error")')
    assert "| ERROR   | " in said
    assert "Traceback (most recent call last)" in said
    assert "sqlite3.OperationalError: disk I/O error" in said
