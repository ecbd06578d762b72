"""Serve: a Prefect server, the deployments of prefect.yaml and a worker for their runs, in one process tree.

The server is a child, which Ctrl-C does not reach before the runs have told it how they ended; this process
deploys and works, and each run is a child of it. Prefect is imported only after its settings are in the
environment, while the server starts.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard
from uuid import UUID

import httpx

from flows.console import say, show

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

    from flows.settings import Settings

HOST = "127.0.0.1"
# How many runs of the pool go on at once; the others wait their turn. A run takes some 200 MB.
RUNS_AT_ONCE = 4
# The first start makes Prefect's database, on a slow disk for a minute or more.
START_UP_S = 300.0
# What a run that is stopped has to land what arrived.
WIND_UP_S = 30.0

_PR_SET_PDEATHSIG = 1


class ServeRefused(Exception):
    """Serving cannot begin or go on; one plain line that names the fix."""


def serve_until_stopped(settings: Settings, prefect_yaml: Path, port: int) -> None:
    """Serve until Ctrl-C or SIGTERM; returns when everything it started has ended. Raises `ServeRefused`."""
    started_s = time.monotonic()
    pools = _pools_of(prefect_yaml)
    api = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    with _sigterm_is_an_interrupt(), suppress(KeyboardInterrupt), ExitStack() as running:
        server = None
        if api:
            say(f"Using the server of PREFECT_API_URL, {api}; none is started.")
        else:
            _settle_prefect(settings.home)
            server = running.enter_context(_server(port))
            api = os.environ["PREFECT_API_URL"] = f"http://{HOST}:{port}/api"
        sys.stdout.flush()
        # Takes seconds, in which the server starts.
        from prefect.client.orchestration import get_client

        _wait_until_it_answers(api, server)
        with get_client(sync_client=True) as client:
            if server is not None:
                _end_what_was_killed(client)
            for pool in pools:
                _make_pool(client, pool)
            _deploy(prefect_yaml)
            _announce(client, api, time.monotonic() - started_s)
        asyncio.run(_work(pools, server))


def _pools_of(prefect_yaml: Path) -> list[str]:
    """The work pools that the deployments name."""
    import yaml

    try:
        document = yaml.safe_load(prefect_yaml.read_text())
    except FileNotFoundError:
        raise ServeRefused(
            f"there is no {prefect_yaml} here, and it says what runs when; go to the folder of the checkout, "
            "or name the file: campaign serve --file FILE"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ServeRefused(f"{prefect_yaml} is no YAML: {error}; mend it there") from None
    deployments = document.get("deployments") if isinstance(document, dict) else None
    if not deployments:
        raise ServeRefused(f"{prefect_yaml} has no deployments; restore the file, or name another by --file")
    try:
        return sorted({each["work_pool"]["name"] for each in deployments})
    except (KeyError, TypeError):
        raise ServeRefused(
            f"{prefect_yaml}: a deployment names no work_pool; add `work_pool: {{name: campaign}}`"
        ) from None


def _settle_prefect(home: Path) -> None:
    """Prefect's settings where the user has none: everything below CAMPAIGN_HOME, and safe in a crash."""
    folder = home.absolute() / "prefect"
    for name, value in {
        "PREFECT_HOME": str(folder),
        # Prefect writes its pages where it is installed, which a service may only read.
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(folder / "pages"),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # Leases in memory would be forgotten at a crash, and the slots that they hold never freed.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # Many runs begin in the same minute, on a machine that may be slow: better wait than give up.
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        "PREFECT_CLIENT_MAX_RETRIES": "10",
        # A year of hourly runs; what they did stays in the lake.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }.items():
        os.environ.setdefault(name, value)


@contextmanager
def _server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Prefect server on loopback, for the time of the block."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ServeRefused(
                f"port {port} cannot be had ({error.strerror}), another server has it; name another port "
                f"(campaign serve --port {port + 1}), or set PREFECT_API_URL to use the server that is there"
            ) from None
    # A session of its own: Ctrl-C is for this process, which lets the runs tell the server how they ended.
    process = subprocess.Popen(  # noqa: S603  (nothing in it comes from outside)
        [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)],
        # The pages ask for the port of the settings, whatever the server was started with.
        env={**os.environ, "PREFECT_SERVER_API_HOST": HOST, "PREFECT_SERVER_API_PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(WIND_UP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    """In the child: ask the kernel for a SIGTERM when the parent is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_it_answers(api: str, server: subprocess.Popen[bytes] | None) -> None:
    """Raises `ServeRefused` when a server that is ours ends, or whoever's it is says nothing."""
    until_s = time.monotonic() + (START_UP_S if server else 10.0)
    while True:
        with suppress(httpx.TransportError):
            # A refusal for want of a password is an answer too; the client has one.
            if httpx.get(f"{api}/health", timeout=5).status_code < 500:
                return
        if server is not None and server.poll() is not None:
            raise ServeRefused(
                f"the Prefect server ended with code {server.returncode} while it started; mend what it says "
                "above"
            )
        if time.monotonic() > until_s:
            raise ServeRefused(
                "the Prefect server of PREFECT_API_URL does not answer; start it (prefect server start), or "
                "unset PREFECT_API_URL to have one started here"
                if server is None
                else f"the Prefect server did not answer within {START_UP_S:.0f} s; start again"
            )
        time.sleep(0.1)


def _end_what_was_killed(client: SyncPrefectClient) -> None:
    """Runs that a killed predecessor left as if they went on: nobody would ever end them, and each holds its
    deployment's one place."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    going_on = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    for run in client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=going_on)))
    ):
        if run.deployment_id is not None:
            client.set_flow_run_state(
                run.id,
                Crashed(
                    message="campaign serve was killed while this run went on; the next run goes on from it"
                ),
            )


def _make_pool(client: SyncPrefectClient, pool: str) -> None:
    """A pool for runs on this machine, unless it is there, with whatever limits somebody gave it."""
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    with suppress(ObjectAlreadyExists):
        client.create_work_pool(
            WorkPoolCreate(
                name=pool,
                type=ProcessWorker.type,
                base_job_template=ProcessWorker.get_default_base_job_template(),
                concurrency_limit=RUNS_AT_ONCE,
            )
        )


def _deploy(prefect_yaml: Path) -> None:
    """`prefect deploy --all`, by the command itself, so that the file means here what it means there. Raises
    `ServeRefused`."""
    from prefect.cli import app

    told, complained = StringIO(), StringIO()
    ours = sys.argv
    # It is called as a program is, without the seconds that another process takes to import it.
    sys.argv = ["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(prefect_yaml)]
    try:
        with redirect_stdout(told), redirect_stderr(complained):
            app()
        code: object = 0
    except SystemExit as left:
        code = left.code
    finally:
        sys.argv = ours
    if code:
        said = (complained.getvalue() or told.getvalue()).strip() or "Prefect gave no reason"
        raise ServeRefused(f"{prefect_yaml} cannot be deployed: {said.splitlines()[-1]}; mend it there")


def _announce(client: SyncPrefectClient, api: str, took_s: float) -> None:
    """Say what runs when, what was missed, and where the pages are. Slots that were missed are cancelled, but
    for the newest of each deployment."""
    from flows.scheduled.missed_slots import leave_the_newest

    flows = {flow.id: flow.name for flow in client.read_flows()}
    rows, missed = [], []
    for deployment in client.read_deployments():
        name = f"{flows[deployment.flow_id]}/{deployment.name}"
        newest, cancelled = leave_the_newest(client, deployment.id)
        if newest is not None:
            missed.append(f"{name}: missed {cancelled + 1:,}, the newest runs now")
        rows.append([name, _when(deployment), _next_run(client, deployment)])
    show(None, ["deployment", "when", "next run, UTC"], sorted(rows))
    for line in sorted(missed):
        say(line)
    say(f"Pages at {api.removesuffix('/api')}; ready after {took_s:.0f} s. Ctrl-C stops.")
    sys.stdout.flush()


def _when(deployment: DeploymentResponse) -> str:
    """The deployment's crons, each with its time zone."""
    from prefect.client.schemas.schedules import CronSchedule

    times = [each.schedule for each in deployment.schedules if each.active]
    if deployment.paused or (deployment.schedules and not times):
        return "paused"
    crons = [f"{time.cron}, {time.timezone}" for time in times if isinstance(time, CronSchedule)]
    return "; ".join(crons) or "by hand"


def _next_run(client: SyncPrefectClient, deployment: DeploymentResponse) -> str:
    """When the server has it run next. The server schedules every few seconds of its own accord; this
    asks it to do so at once."""
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterDeploymentId,
        FlowRunFilterExpectedStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    if deployment.paused or not deployment.schedules:
        return ""
    now = datetime.now(UTC)
    client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment.id}, json={})
    coming = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime.model_validate({"after_": now}),
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=1,
    )
    return "".join(f"{run.expected_start_time:%Y-%m-%d %H:%M}" for run in coming)


async def _work(pools: list[str], server: subprocess.Popen[bytes] | None) -> None:
    """Take the pools' runs until this process is told to stop. Raises `ServeRefused` when the server ends."""
    from prefect.workers.process import ProcessWorker

    workers = [ProcessWorker(work_pool_name=pool, name="campaign serve") for pool in pools]
    working = [asyncio.create_task(worker.start(printer=lambda line: None)) for worker in workers]
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        while not stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 1.0)
            if server is not None and server.poll() is not None:
                raise ServeRefused(
                    f"the Prefect server ended with code {server.returncode}; start campaign serve again"
                )
            for each in working:
                if each.done():
                    each.result()
        say("Stopping: runs that go on are told to end, and what has arrived is kept.")
        await _end_runs()
    finally:
        for each in working:
            each.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def _end_runs() -> None:
    """Tell the runs that are children of this process to end, and wait until they have told the server so. A
    worker that is stopped would kill them where they are."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    going_on = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    those = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=going_on)))
    told: dict[int, UUID] = {}
    until_s = time.monotonic() + WIND_UP_S
    async with get_client() as client:
        while True:
            for run in await client.read_flow_runs(flow_run_filter=those):
                if _is_child(run.infrastructure_pid) and int(run.infrastructure_pid) not in told:
                    os.kill(int(run.infrastructure_pid), signal.SIGTERM)
                    told[int(run.infrastructure_pid)] = run.id
            left = [run_id for process_id, run_id in told.items() if _is_child(str(process_id))]
            if not left or time.monotonic() > until_s:
                break
            await asyncio.sleep(0.1)
        for run_id in left:
            message = f"it was told to end, did not within {WIND_UP_S:.0f} s, and was killed"
            await client.set_flow_run_state(run_id, Crashed(message=message))


def _is_child(process_id: str | None) -> TypeGuard[str]:
    """Whether a process that Prefect names, perhaps one of another machine, is a child that goes on."""
    if process_id is None or not process_id.isdigit():
        return False
    try:
        return os.waitid(os.P_PID, int(process_id), os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


@contextmanager
def _sigterm_is_an_interrupt() -> Iterator[None]:
    """A service manager's SIGTERM ends everything as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
