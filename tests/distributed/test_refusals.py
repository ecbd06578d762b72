"""What cannot be handed to workers, or would be done wrongly there, is refused in one plain line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.settings import Settings, SettingsError
from flows.workers import cluster as clusters
from tests.distributed.conftest import FIRST, SECOND, Cluster, take_over
from tests.flows.backfill_world import Gate
from tests.flows.conftest import Said
from tests.killing import die_before_naming
from tests.warehouse.compare import everything_held

if TYPE_CHECKING:
    import distributed

WITHOUT_DASK = """
import sys
sys.modules["dask"] = sys.modules["distributed"] = sys.modules["prefect_dask"] = None
from flows.cli import main
main(sys.argv[1:])
"""


def only_line(said: Said) -> str:
    assert said.code == 1
    assert said.err.count("\n") == 1, said.err
    return said.err


@pytest.mark.parametrize("given", ["4", "1", "999", "tcp://127.0.0.1:8786", "tls://dask.example:8786"])
def test_a_number_of_processes_or_an_address_is_taken(world: dict[str, str], given: str) -> None:
    assert str(Settings(CAMPAIGN_DASK=given).workers) == given


@pytest.mark.parametrize(
    "given",
    ["0", "-1", "1000", "two", "127.0.0.1:8786", "tcp://127.0.0.1", "http://127.0.0.1:8786", "tcp://a:1/b"],
)
def test_anything_else_is_refused_by_name(world: dict[str, str], given: str) -> None:
    with pytest.raises(SettingsError, match=r"^CAMPAIGN_DASK must be the address of a Dask scheduler"):
        Settings(CAMPAIGN_DASK=given)


@pytest.mark.parametrize("command", ["collect", "build"])
def test_an_address_where_nothing_listens_is_one_line(
    home: Path, door: Gate, monkeypatch: pytest.MonkeyPatch, campaign: Callable[..., Said], command: str
) -> None:
    asked = len(door.asked)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("CAMPAIGN_DASK", address)
    told = only_line(campaign(command))
    assert told.startswith(
        f"campaign: no Dask scheduler answers at {address} (CAMPAIGN_DASK); start one there"
    )
    assert len(door.asked) == asked


def test_an_address_where_something_else_listens_is_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, campaign: Callable[..., Said]
) -> None:
    monkeypatch.setattr(clusters, "ANSWERS_WITHIN_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("CAMPAIGN_DASK", f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        assert "no Dask scheduler answers at tcp://127.0.0.1" in only_line(campaign("collect"))


def test_a_scheduler_without_a_worker_is_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, campaign: Callable[..., Said]
) -> None:
    monkeypatch.setattr(clusters, "FIRST_WORKER_WITHIN_S", 0.5)
    with idle_scheduler() as idle:
        monkeypatch.setenv("CAMPAIGN_DASK", idle.scheduler_address)
        assert "has no worker; start one (dask worker ADDRESS)" in only_line(campaign("collect"))


@pytest.mark.parametrize("command", ["collect", "build"])
def test_dask_that_is_not_installed_is_one_line_that_installs_it(
    world: dict[str, str], tmp_path: Path, command: str
) -> None:
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT_DASK, command],
        env={**os.environ, "CAMPAIGN_HOME": str(tmp_path), "CAMPAIGN_DASK": "2"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1
    assert said.stderr.count("\n") == 1, said.stderr
    assert "run pip install 'campaign-pipeline[dask]'" in said.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CAMPAIGN_HOME", "elsewhere"),
        ("X_BEARER_TOKEN", "spare-token-1"),
        ("X_API_URL", "http://127.0.0.1:9"),
    ],
)
def test_workers_with_other_settings_than_the_run_take_no_round(
    home: Path,
    cluster: Cluster,
    door: Gate,
    monkeypatch: pytest.MonkeyPatch,
    campaign: Callable[..., Said],
    setting: str,
    value: str,
) -> None:
    asked, ours = len(door.asked), os.environ[setting]
    cluster.client.run(take_over, {setting: str(home.with_name(value)) if "HOME" in setting else value})
    try:
        told = only_line(campaign("collect"))
    finally:
        cluster.client.run(take_over, {setting: ours})
    assert f"has another {setting}" in told
    assert value not in told
    assert len(door.asked) == asked


def test_workers_with_another_lake_read_nothing_for_a_build(
    home: Path, cluster: Cluster, campaign: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert campaign("collect", "--platform", "x", "--as-of", FIRST).code == 0
    cluster.client.run(take_over, {"CAMPAIGN_LAKE": str(home.with_name("lake"))})
    try:
        assert "has another lake; give it the same CAMPAIGN_HOME and CAMPAIGN_LAKE" in only_line(
            campaign("build")
        )
    finally:
        cluster.client.run(take_over, {"CAMPAIGN_LAKE": ""})


def test_when_the_last_worker_is_lost_the_build_ends_in_one_line_and_yesterdays_tables_stay(
    home: Path, campaign: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert campaign("collect", "--platform", "x", "--as-of", FIRST).code == 0
    assert campaign("build").code == 0
    published = everything_held(home / "warehouse.duckdb")
    assert campaign("collect", "--platform", "x", "--as-of", SECOND).code == 0
    from distributed import Client

    monkeypatch.setattr(clusters, "WORKERS_WITHIN_S", 0.0)
    with idle_scheduler() as scheduler, lonely_worker(scheduler.scheduler_address):
        monkeypatch.setenv("CAMPAIGN_DASK", scheduler.scheduler_address)
        with Client(scheduler, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
            client.run(die_before_naming, 3)
        told = only_line(campaign("build", "--full"))
    assert "no Dask worker is there" in told or "the Dask scheduler is gone" in told
    assert "what was published" in told
    assert everything_held(home / "warehouse.duckdb") == published
    monkeypatch.delenv("CAMPAIGN_DASK")
    assert campaign("build").code == 0


def idle_scheduler() -> distributed.LocalCluster:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=0,
        host="127.0.0.1",
        dashboard_address=None,
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
    )


@contextmanager
def lonely_worker(address: str) -> Iterator[None]:
    """A worker that nothing starts again, for the time of the block."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "distributed.cli.dask_worker", address, "--host", "127.0.0.1"),
            *("--no-nanny", "--no-dashboard", "--nthreads", "1"),
        ],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
    ) as worker:
        try:
            yield
        finally:
            worker.kill()
