"""Serve: a Prefect server, the deployments of prefect.yaml, a worker for their runs and the pages of the
reports, in one process tree.

The server is a child, which Ctrl-C does not reach before the runs have told it how they ended; this process
deploys and works, and each run is a child of it. Prefect is imported only after its settings are in the
environment, while the server starts.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard
from uuid import UUID

import httpx

from flows.children import END_WITH_PARENT
from flows.cli.stopping import ENDING, THE_SAME_S
from flows.console import say, show
from flows.progress import shown
from flows.scheduled.mistakes import mistakes_in
from warehouse.one_at_a_time import Busy, one_at_a_time

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.responses import DeploymentResponse

    from flows.settings import Settings

HOST = "127.0.0.1"
# How many runs of the pool go on at once; the others wait their turn. A run takes some 200 MB.
RUNS_AT_ONCE = 4
# The first start makes Prefect's database, on a slow disk for a minute or more.
START_UP_S = 300.0
# What a run that is stopped has to land what arrived.
WIND_UP_S = 30.0

# In the folder of Prefect's records, while a server of ours keeps them.
SERVE_LOCK = ".serve.lock"

_FRAME = re.compile("[\u2500-\u257f]+")


class ServeRefused(Exception):
    """Serving cannot begin or go on; one plain line that names the fix."""


@dataclass(frozen=True)
class Planned:
    """A deployment of prefect.yaml. Several flows may have one of the same name."""

    name: str
    entrypoint: str
    pool: str


def serve_until_stopped(settings: Settings, prefect_yaml: Path, port: int, reports_port: int) -> None:
    """Serve until Ctrl-C or SIGTERM; returns when everything it started has ended. With `reports_port` 0 the
    reports are not served. Raises `ServeRefused`."""
    started_s = time.monotonic()
    deployments = _deployments_in(prefect_yaml)
    planned = [_plan_of(each) for each in deployments]
    pools = sorted({each.pool for each in planned})
    api = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    with _stops_are_noted() as stops, suppress(KeyboardInterrupt), ExitStack() as running:
        server = None
        if api:
            say(f"Using the server of PREFECT_API_URL, {api}; none is started.")
        else:
            running.enter_context(_alone_in(_settle_prefect(settings.home)))
            server = running.enter_context(_server(port))
            api = os.environ["PREFECT_API_URL"] = f"http://{HOST}:{port}/api"
        reports = running.enter_context(_reports(settings, reports_port)) if reports_port else None
        sys.stdout.flush()
        starting = running.enter_context(ExitStack())
        progress = starting.enter_context(shown("serve"))
        progress("the server starts")
        # Takes seconds, in which the server starts.
        from prefect.client.orchestration import get_client

        for mistake in mistakes_in(deployments):
            raise ServeRefused(f"{prefect_yaml}: {mistake}; mend it there")
        _wait_until_it_answers(api, server)
        with get_client(sync_client=True) as client:
            if server is not None:
                _end_what_was_killed(client)
            for pool in pools:
                _make_pool(client, pool)
            progress("the deployments are put in")
            _deploy(prefect_yaml, stops)
            starting.close()
            _announce(client, planned, api, reports, time.monotonic() - started_s)
        asyncio.run(_work(pools, server))


def _deployments_in(prefect_yaml: Path) -> list[dict[str, Any]]:
    """The deployments of the file; each has a name, an entrypoint and a work pool. Raises `ServeRefused`."""
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
        for each in deployments:
            _plan_of(each)
        return list(deployments)
    except (KeyError, TypeError):
        raise ServeRefused(
            f"{prefect_yaml}: a deployment lacks its name, its entrypoint or its work_pool; add what is "
            "missing (`work_pool: {name: campaign}`)"
        ) from None


def _plan_of(deployment: dict[str, Any]) -> Planned:
    return Planned(
        str(deployment["name"]), str(deployment["entrypoint"]), str(deployment["work_pool"]["name"])
    )


def _settle_prefect(home: Path) -> Path:
    """Prefect's settings where the user has none: everything below CAMPAIGN_HOME, and safe in a crash.
    Returns the folder of its records, which is there and can be written. Raises OSError."""
    folder = home.absolute() / "prefect"
    for name, value in {
        "PREFECT_HOME": str(folder),
        # Prefect writes its pages where it is installed, which a service may only read.
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(folder / "pages"),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # The newer pages have the browser ask a company that measures use for its settings, and take no
        # setting against it (Prefect 3.8.8); the older ones ask nobody. Who prefers the newer can switch.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
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
    kept = Path(os.environ["PREFECT_HOME"]).expanduser()
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        TemporaryFile(dir=kept).close()
    except OSError as error:
        # Not the name of a file that nobody knows.
        raise OSError(error.errno, error.strerror, str(kept)) from None
    return kept


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold Prefect's records for one server of ours: a second one would take the first one's runs for what a
    killed one left. Raises `ServeRefused`."""
    with ExitStack() as held:
        try:
            held.enter_context(one_at_a_time(folder / SERVE_LOCK))
        except Busy as busy:
            raise ServeRefused(
                f"campaign serve already runs on this home ({busy.holder}); stop it, or set PREFECT_API_URL="
                f"http://{HOST}:PORT/api, with the port of its pages, to use its server"
            ) from None
        yield


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
                f"(campaign serve --port {port + 2}), or set PREFECT_API_URL to use the server that is there"
            ) from None
    # A session of its own: Ctrl-C is for this process, which lets the runs tell the server how they ended.
    process = subprocess.Popen(  # noqa: S603  (nothing in it comes from outside)
        [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)],
        env=_server_environment(port),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=END_WITH_PARENT,
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


def _server_environment(port: int) -> dict[str, str]:
    """The settings of a server of ours on a port of loopback."""
    return {
        # Its words go to this process's standard error.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": "flows.scheduled.server_words.ServerWords",
        **os.environ,
        # The pages ask for the port of the settings, whatever the server was started with.
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
    }


@contextmanager
def _reports(settings: Settings, port: int) -> Iterator[str]:
    """The pages of the reports, for the time of the block; gives their address, to which the runs link unless
    the settings name another. Raises `ServeRefused`."""
    from flows.scheduled.pages import reports_served

    with ExitStack() as served:
        try:
            address = served.enter_context(reports_served(settings.reports, port))
        except OSError as error:
            raise ServeRefused(
                f"port {port}, for the reports, cannot be had ({error.strerror}); name another port "
                f"(campaign serve --reports-port {port + 1}), or serve none (--reports-port 0)"
            ) from None
        if settings.reports_url is None:
            os.environ["CAMPAIGN_REPORTS_URL"] = address
        yield address


def _wait_until_it_answers(api: str, server: subprocess.Popen[bytes] | None) -> None:
    """Raises `ServeRefused` when a server that is ours ends, or whoever's it is says nothing."""
    until_s = time.monotonic() + (START_UP_S if server else 10.0)
    # One client: each reads all the certificates of the machine.
    with httpx.Client(timeout=5) as client:
        while True:
            with suppress(httpx.TransportError):
                # A refusal for want of a password is an answer too; the client has one.
                if client.get(f"{api}/health").status_code < 500:
                    return
            if server is not None and server.poll() is not None:
                raise ServeRefused(
                    f"the Prefect server ended with code {server.returncode} while it started; mend what it "
                    "says above"
                )
            if time.monotonic() > until_s:
                raise ServeRefused(
                    "the Prefect server of PREFECT_API_URL does not answer; start it (prefect server start), "
                    "or unset PREFECT_API_URL to have one started here"
                    if server is None
                    else f"the Prefect server did not answer within {START_UP_S:.0f} s; start again"
                )
            time.sleep(0.1)


def _end_what_was_killed(client: SyncPrefectClient) -> None:
    """Runs that a killed predecessor left as if they went on: nobody would ever end them, and each holds its
    deployment's one place. Those that do go on are told to end first, and land what has arrived."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    going_on = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=going_on)))
    )
    left = [run for run in found if run.deployment_id is not None]
    _end_processes(left)
    message = "campaign serve was killed while this run went on; the next run goes on from it"
    for run in left:
        client.set_flow_run_state(run.id, Crashed(message=message))


def _end_processes(runs: Sequence[FlowRun]) -> None:
    """End the processes of these runs that go on on this machine, within `WIND_UP_S`."""
    until_s = time.monotonic() + WIND_UP_S
    for process_id in filter(None, map(_process_of, runs)):
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGTERM)
    while left := [*filter(None, map(_process_of, runs))]:
        if time.monotonic() > until_s:
            for process_id in left:
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)
            return
        time.sleep(0.1)


def _process_of(run: FlowRun) -> int | None:
    """The run's process, if it goes on here. Its number alone may be that of another process by now."""
    named = run.infrastructure_pid or ""
    if named.isdigit():
        with suppress(OSError):
            environment = Path("/proc", named, "environ").read_bytes().split(b"\0")
            return int(named) if f"PREFECT__FLOW_RUN_ID={run.id}".encode() in environment else None
    return None


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


def _deploy(prefect_yaml: Path, stops: Sequence[int]) -> None:
    """`prefect deploy --all`, by the command itself, so that the file means here what it means there. Raises
    `ServeRefused`, and KeyboardInterrupt after a stop, of which the command makes an exit code."""
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
    if stops:
        raise KeyboardInterrupt
    if code:
        said = _reason_in(complained.getvalue()) or _reason_in(told.getvalue()) or "Prefect gave no reason"
        raise ServeRefused(f"{prefect_yaml} cannot be deployed: {said}; mend it there")


def _reason_in(output: str) -> str:
    """The last paragraph of Prefect's output in one line, without frames and hints at other commands; of a
    traceback the last line. Where it passed over fields of the file, the rest is beside the point."""
    lines = [_FRAME.sub("", line).strip() for line in output.splitlines()]
    said = [line for line in lines if not line.startswith(("$ prefect", "For further information"))]
    if fields := [line.removeprefix("• ") for line in said if line.startswith("• ")]:
        return f"invalid fields: {', '.join(fields)}"
    reason = "\n".join(said).strip().rpartition("\n\n")[2]
    if reason.startswith("Traceback"):
        reason = reason.splitlines()[-1]
    return " ".join(reason.split()).rstrip(".")


def _announce(
    client: SyncPrefectClient, planned: Sequence[Planned], api: str, reports: str | None, took_s: float
) -> None:
    """Say what runs when, what was missed, and where the pages are. Slots that were missed are cancelled, but
    for the newest of each deployment."""
    from flows.scheduled.missed_slots import leave_the_newest

    rows, missed = [], []
    for name, deployment in _deployed(client, planned):
        newest, cancelled = leave_the_newest(client, deployment.id)
        if newest is not None:
            missed.append(f"{name}: missed {cancelled + 1:,}, the newest runs now")
        rows.append([name, _when(client, deployment), _next_run(client, deployment)])
    show(None, ["deployment", "when", "next run, UTC"], sorted(rows))
    for line in sorted(missed):
        say(line)
    if reports is not None:
        say(f"Reports at {reports}")
    say(f"How each campaign stands at {api.removesuffix('/api')}/artifacts")
    say(f"Pages at {api.removesuffix('/api')}; ready after {took_s:.0f} s. Ctrl-C stops.")
    sys.stdout.flush()


def _deployed(
    client: SyncPrefectClient, planned: Sequence[Planned]
) -> Iterator[tuple[str, DeploymentResponse]]:
    """What the server has of the planned deployments, by their full names. A server may have deployments of
    other people too, which are none of our business."""
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterName,
        WorkPoolFilter,
        WorkPoolFilterName,
    )

    from flows.scheduled.missed_slots import PAGE

    flows: dict[UUID, str] = {}
    asked = 0
    while True:
        page = client.read_deployments(
            deployment_filter=DeploymentFilter(
                name=DeploymentFilterName(any_=sorted({each.name for each in planned}))
            ),
            work_pool_filter=WorkPoolFilter(
                name=WorkPoolFilterName(any_=sorted({each.pool for each in planned}))
            ),
            limit=PAGE,
            offset=asked,
        )
        for deployment in page:
            pool = deployment.work_pool_name or ""
            if Planned(deployment.name, deployment.entrypoint or "", pool) not in planned:
                continue
            if deployment.flow_id not in flows:
                flows[deployment.flow_id] = client.read_flow(deployment.flow_id).name
            yield f"{flows[deployment.flow_id]}/{deployment.name}", deployment
        asked += len(page)
        if len(page) < PAGE:
            return


def _when(client: SyncPrefectClient, deployment: DeploymentResponse) -> str:
    """The deployment's crons, each with its time zone, and what else starts it, as its triggers describe
    that."""
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.events.actions import RunDeployment

    times = [each.schedule for each in deployment.schedules if each.active]
    triggers = [
        each
        for each in client.read_resource_related_automations(f"prefect.deployment.{deployment.id}")
        # Somebody may have made another that watches the deployment, or pauses it.
        if any(isinstance(act, RunDeployment) and act.deployment_id == deployment.id for act in each.actions)
    ]
    awake = [each for each in triggers if each.enabled]
    if deployment.paused or ((deployment.schedules or triggers) and not times and not awake):
        return "paused"
    crons = [f"{time.cron}, {time.timezone}" for time in times if isinstance(time, CronSchedule)]
    return "; ".join([*crons, *(each.description or each.name for each in awake)]) or "by hand"


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
    from flows.scheduled.worker import RunWorker

    # Of a run that waits for its deployment's one place it says every few seconds that it is not submitted.
    logging.getLogger("prefect.flow_runs.worker").setLevel(logging.WARNING)
    workers = [RunWorker(work_pool_name=pool, name="campaign serve") for pool in pools]
    working = [asyncio.create_task(worker.start(printer=lambda line: None)) for worker in workers]
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    stopped_s = 0.0

    def stop(number: int) -> None:
        nonlocal stopped_s
        if not stopped.is_set():
            stopped_s = time.monotonic()
            stopped.set()
        elif time.monotonic() - stopped_s > THE_SAME_S:
            _end_at_once(number)

    for number in ENDING:
        loop.add_signal_handler(number, stop, number)
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


def _end_at_once(number: int) -> NoReturn:
    """End this process and all that it started, there and then. The next start tells the server so."""
    with suppress(OSError):
        for children in Path("/proc/self/task").glob("*/children"):
            for child in children.read_text().split():
                os.kill(int(child), signal.SIGKILL)
    os._exit(128 + number)


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
def _stops_are_noted() -> Iterator[Sequence[int]]:
    """A service manager's SIGTERM ends everything as Ctrl-C does. Tells which signals have come."""
    stops: list[int] = []

    first_s = 0.0

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal first_s
        if not stops:
            first_s = time.monotonic()
            stops.append(number)
            raise KeyboardInterrupt
        if time.monotonic() - first_s > THE_SAME_S:
            _end_at_once(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
