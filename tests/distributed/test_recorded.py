"""The flows under Prefect with CAMPAIGN_DASK: their task runs go to workers, and no secret does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import SHUT_RDWR, create_connection, socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

import pytest
import requests

from tests.distributed.conftest import FIRST, PLATFORMS, Cluster, kill, take_over
from tests.flows.backfill_world import Gate
from tests.flows.listeners import free_port
from tests.flows.test_prefect_runs import PREFECT, wait_until

# As a worker of Prefect's loads the flows of prefect.yaml: from their files.
FLOWS = """
import sys
from datetime import datetime
from prefect.flows import load_flow_from_entrypoint
collect = load_flow_from_entrypoint("flows/collect.py:collect")
build = load_flow_from_entrypoint("flows/build.py:build")
for state in (
    collect(as_of=datetime.fromisoformat(sys.argv[1]), return_state=True),
    build(return_state=True),
):
    print(state.type.value, state.message, sep=": ")
"""


@dataclass(frozen=True)
class Recorded:
    """What became of a collect and a build, their task runs by name (state and message), and every byte that
    went between the flows and Dask's scheduler."""

    said: list[str]
    tasks: dict[str, tuple[str, str]]
    wire: bytes
    killed: int
    artifacts: set[str]


@contextmanager
def overheard(address: str) -> Iterator[tuple[str, list[bytes]]]:
    """Another address of a scheduler, and what goes through it."""
    parts = urlsplit(address)
    heard: list[bytes] = []

    def pass_on(one: socket, other: socket) -> None:
        with suppress(OSError):
            while content := one.recv(65536):
                heard.append(content)
                other.sendall(content)
        # Whichever of the two has gone, the other is let go.
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(SHUT_RDWR)

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with create_connection((parts.hostname, parts.port)) as behind:
                back = threading.Thread(target=pass_on, args=(behind, self.request))
                back.start()
                pass_on(self.request, behind)
                back.join()

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}", heard
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def recorded(
    world: dict[str, str], cluster: Cluster, door: Gate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorded]:
    """A collect of which a worker is killed in mid-round, and a build."""
    folder = tmp_path_factory.mktemp("recorded")
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    # Without the address each would start a server of its own, which outlives it.
    theirs = {"CAMPAIGN_HOME": str(folder / "data"), "PREFECT_API_URL": api}
    cluster.client.run(take_over, theirs)
    killed: list[int] = []
    lock = threading.Lock()

    def strike(number: int) -> None:
        with lock:
            if not killed and number > asked + 5:
                killed.extend(cluster.asking(door, number))
                for process_id in killed:
                    kill(process_id)

    environment = {
        **os.environ,
        "CAMPAIGN_HOME": str(folder / "data"),
        "PREFECT_LOGGING_LEVEL": "WARNING",
        # What nobody here asks for, and takes seconds.
        "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    }
    serve = [str(PREFECT), "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    with (
        pytest.MonkeyPatch.context() as patch,
        (folder / "server.log").open("w") as log,
        subprocess.Popen(serve, env=environment, stdout=log, stderr=log) as server,
        overheard(cluster.address) as (address, heard),
        requests.Session() as session,
    ):
        # A worker that is started again has the environment of this process.
        for name, value in theirs.items():
            patch.setenv(name, value)

        def is_up() -> bool:
            try:
                return session.get(f"{api}/health", timeout=60).ok
            except requests.ConnectionError:
                return False

        def tasks() -> dict[str, tuple[str, str]]:
            found = session.post(f"{api}/task_runs/filter", json={}, timeout=60).json()
            return {run["name"]: (run["state"]["type"], run["state"]["message"] or "") for run in found}

        try:
            wait_until(is_up)
            asked = len(door.asked)
            door.before = strike
            ran = subprocess.run(
                [sys.executable, "-c", FLOWS, FIRST],
                env={**environment, "PREFECT_API_URL": api, "CAMPAIGN_DASK": address},
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            door.before = lambda number: None
            assert ran.returncode == 0, ran.stderr
            # The server writes task runs down a moment after it hears of them.
            wait_until(lambda: [state for state, _ in tasks().values()] == ["COMPLETED"] * 6)
            left = session.post(f"{api}/artifacts/latest/filter", json={}, timeout=60).json()
            keys = {artifact["key"] for artifact in left}
            yield Recorded(ran.stdout.splitlines(), tasks(), b"".join(heard), len(killed), keys)
        finally:
            door.before = lambda number: None
            server.terminate()


def test_each_round_and_each_batch_is_a_task_run_that_a_worker_carries_out(recorded: Recorded) -> None:
    assert recorded.said == [
        "COMPLETED: everything that was due was read",
        "COMPLETED: published (full)",
    ]
    kinds = sorted(tuple(name.split()[:2]) for name in recorded.tasks)
    assert kinds == sorted((kind, platform) for kind in ("batch", "round") for platform in PLATFORMS)


def test_a_build_by_workers_leaves_how_the_campaigns_stand(recorded: Recorded) -> None:
    assert {"build-report", "campaign-uk-2019", "leaderboard-uk-2019", "gaps-uk-2019"} <= recorded.artifacts


def test_the_state_of_a_round_says_that_its_first_worker_was_lost(recorded: Recorded) -> None:
    assert recorded.killed == 1
    told = [
        message
        for _, message in recorded.tasks.values()
        if "the worker that had its round was lost" in message
    ]
    assert len(told) == 1


def test_no_secret_goes_to_the_scheduler_or_stays_with_prefect(
    recorded: Recorded, world: dict[str, str]
) -> None:
    secrets = [value.encode() for name, value in world.items() if name.endswith(("_TOKEN", "_KEY"))]
    assert len(secrets) >= 5
    kept = b"".join(path.read_bytes() for path in Path(world["PREFECT_HOME"]).rglob("*") if path.is_file())
    for bytes_ in (recorded.wire, kept):
        assert b"round youtube" in bytes_ or b"take_round" in bytes_
        assert not [secret for secret in secrets if secret in bytes_]
