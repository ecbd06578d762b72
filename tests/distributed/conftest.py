"""A real cluster of worker processes on loopback, and homes whose rounds and builds are handed to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from connectors.sandbox.server import Sandbox
from flows.cli import main
from flows.settings import CREDENTIALS
from tests.flows.backfill_world import Gate, gate
from tests.flows.conftest import Said, commands

# Every worker collects these tests, and one runs them.
if TYPE_CHECKING:
    import distributed

FIRST, SECOND = "2019-10-30T12:00Z", "2019-10-31T12:00Z"
PLATFORMS = ("facebook", "x", "youtube")

REGISTRY = """\
id = "uk-2019"
name = "UK 2019"
starts = 2019-10-29
ends = 2019-12-12
timezone = "Europe/London"

[[sides]]
id = "ours"
ours = true
""" + "".join(
    f'\n[[accounts]]\nside = "ours"\nplatform = "{platform}"\nhandle = "{handle}"\n'
    for platform, handle in zip(PLATFORMS, ("uklabour", "UKLabour", "@UKLabour"), strict=True)
)


@dataclass(frozen=True)
class Cluster:
    """A scheduler, and a client that looks at its workers."""

    address: str
    client: distributed.Client

    def processes(self) -> dict[str, int]:
        """The workers' process ids, by address."""
        found: dict[str, int] = self.client.run(os.getpid)
        return found

    def asking(self, door: Gate, number: int) -> list[int]:
        """The process, if it is a worker's, that waits for the answer to a request which the gate holds back:
        it is in mid-round, whatever the scheduler has heard of it."""
        return [
            process_id
            for process_id in self.processes().values()
            for found in psutil.Process(process_id).net_connections("tcp")
            if found.laddr.port == door.ports[number]
        ]


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(now=datetime.fromisoformat(FIRST)) as running:
        yield running


@pytest.fixture(scope="package")
def door(sandbox: Sandbox) -> Iterator[Gate]:
    """The one way to the sandbox, which counts what is asked."""
    with gate(sandbox.url) as found:
        yield found


@pytest.fixture(scope="package")
def world(sandbox: Sandbox, door: Gate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The settings of every home here but for CAMPAIGN_HOME; they are in the environment."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "uk.toml").write_text(REGISTRY)
    settings = {
        **{name: value.replace(sandbox.url, door.url) for name, value in sandbox.settings.items()},
        "CAMPAIGN_REGISTRY": str(folder / "uk.toml"),
        "CAMPAIGN_HOME": str(folder / "data"),
        "PREFECT_HOME": str(folder / "prefect"),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("CAMPAIGN_") or name.partition("_")[0].lower() in CREDENTIALS:
                patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.delenv("PREFECT_API_URL", raising=False)
        yield settings


@pytest.fixture(scope="package")
def cluster(world: dict[str, str]) -> Iterator[Cluster]:
    """Two processes with one thread each. One that is killed is started again."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            memory_limit=0,
        ) as running,
        distributed.Client(running, set_as_default=False) as client,
    ):
        yield Cluster(running.scheduler_address, client)


@pytest.fixture(scope="package")
def alone(world: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two rounds of each platform and a build, all in this process."""
    home = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMPAIGN_HOME", str(home))
        for arguments in (("collect", "--as-of", FIRST), ("collect", "--as-of", SECOND), ("build",)):
            with pytest.raises(SystemExit) as left:
                main(arguments)
            assert not left.value.code
    return home


@pytest.fixture
def home(world: dict[str, str], cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of a test, whose rounds and builds are handed to the cluster."""
    monkeypatch.setenv("CAMPAIGN_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("CAMPAIGN_DASK", cluster.address)
    cluster.client.run(take_over, {"CAMPAIGN_HOME": str(tmp_path / "data")})
    return tmp_path / "data"


@pytest.fixture
def campaign(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command in this process: campaign("collect", "--all")."""
    return commands(capfd)


def take_over(settings: dict[str, str]) -> None:
    """Let a worker have these settings from now on."""
    os.environ.update(settings)


def kill(process_id: int) -> None:
    os.kill(process_id, signal.SIGKILL)
