"""The flows under Prefect: with a server and a worker, and under campaign serve."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from connectors.sandbox.server import Sandbox
from flows.health.last_runs import build_of, read_run, round_of, run_of
from flows.scheduled.serving import SERVE_LOCK
from flows.settings import CREDENTIALS
from tests.flows.conftest import FACEBOOK_TOKEN, REGISTRY, X_TOKEN, Vendor, answer, serving
from tests.flows.listeners import SECRET_PATH, free_port
from tests.flows.one_process import Ran, ran_in_one_process
from warehouse.one_at_a_time import BUILD_LOCK, one_at_a_time

CHECKOUT = Path(__file__).parents[2]
PREFECT = Path(sys.executable).with_name("prefect")
CAMPAIGN = Path(sys.executable).with_name("campaign")

DEPLOYMENTS = {
    *(f"collect/{platform}" for platform in (*CREDENTIALS, "others")),
    "build/after-collect",
    "build/nightly",
    "report/daily",
    "export/after-build",
    "maintain/nightly",
    "watch/hourly",
    "backfill/manual",
}

# Put on the path of every process: writes down who reaches for another machine.
AUDITOR = """
import os, sys

def note(event, arguments):
    if event not in ("socket.connect", "socket.getaddrinfo"):
        return
    address = arguments[1] if event == "socket.connect" else arguments
    if not isinstance(address, tuple):
        return
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if host and host not in ("localhost", "0.0.0.0", "::", "::1") and not host.startswith("127."):
        with open(os.environ["CALLED_ABROAD"], "a") as file:
            file.write(f"{event} {address} {sys.argv}\\n")

sys.addaudithook(note)
"""

# One account a platform, the day after the campaign began: a round of each asks for something, and little.
SANDBOXED = """\
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
    for platform, handle in {
        "facebook": "uklabour",
        "instagram": "uklabour",
        "tiktok": "uklabour",
        "x": "UKLabour",
        "youtube": "@UKLabour",
    }.items()
)
THEN = "2019-10-30T12:00Z"
BUILDS = ("build/after-collect", "build/nightly")
AFTER_ANOTHER = ("build/after-collect", "export/after-build")
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
READ = "everything that was due was read"


class Scene:
    """A home, a platform, and a Prefect that live as long as this module's tests."""

    worker: subprocess.Popen[bytes]

    def __init__(self, folder: Path, vendor: Vendor) -> None:
        self.folder = folder
        self.vendor = vendor
        (folder / "campaigns").mkdir()
        (folder / "campaigns" / "water.toml").write_text(REGISTRY)
        (folder / "auditor").mkdir()
        (folder / "auditor" / "sitecustomize.py").write_text(AUDITOR)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.environment = kept | {
            "CAMPAIGN_HOME": str(folder / "data"),
            "CAMPAIGN_REGISTRY": str(folder / "campaigns"),
            "X_API_URL": vendor.url,
            "X_BEARER_TOKEN": X_TOKEN,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            # What nobody here asks for, and takes seconds.
            "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
            "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
            "PREFECT_CLIENT_MAX_RETRIES": "10",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
            "DO_NOT_TRACK": "1",
            "PYTHONPATH": str(folder / "auditor"),
            "CALLED_ABROAD": str(folder / "called-abroad"),
        }
        self.api = ""
        # Of the runs that are ordered: how each begins, where that is not the worker's to say.
        self.job_variables: dict[str, str] = {}
        # As Prefect's own client: a server whose database is locked for a moment answers 503.
        self.session = requests.Session()
        self.session.mount(
            "http://",
            HTTPAdapter(
                max_retries=Retry(8, backoff_factor=0.1, status_forcelist=[503], allowed_methods=None)
            ),
        )

    def run(self, *command: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=CHECKOUT,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    @contextmanager
    def running(self, log: str, *command: object, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """A program for the time of the block, its output in a file of the folder."""
        with (
            (self.folder / log).open("w") as file,
            subprocess.Popen(
                [str(part) for part in command],
                cwd=CHECKOUT,
                env=self.environment | more,
                stdout=file,
                stderr=file,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()

    def ask(self, path: str, **body: object) -> Any:
        response = self.session.post(f"{self.api}{path}", json=body, timeout=60)
        response.raise_for_status()
        return response.json()

    def newest_artifact(self, key: str) -> dict[str, Any]:
        """The newest version of an artifact."""
        (found,) = self.ask("/artifacts/latest/filter", artifacts={"key": {"any_": [key]}})
        return dict(found)

    def deployment(self, name: str) -> str:
        response = self.session.get(f"{self.api}/deployments/name/{name}", timeout=60)
        response.raise_for_status()
        return str(response.json()["id"])

    def order(self, name: str, **parameters: object) -> None:
        """What `prefect deployment run` does, without the seconds that another process takes."""
        self.ask(
            f"/deployments/{self.deployment(name)}/create_flow_run",
            parameters=parameters,
            job_variables=self.job_variables,
        )

    def deploy_for_others(self, name: str) -> str:
        """A deployment of somebody else, in a pool of their own, that nobody works for; its id."""
        flow, _, deployment = name.partition("/")
        self.ask("/work_pools/", name=flow, type="process")
        made = self.ask(
            "/deployments/",
            name=deployment,
            flow_id=self.ask("/flows/", name=flow)["id"],
            entrypoint="theirs.py:theirs",
            work_pool_name=flow,
            schedules=[{"schedule": {"cron": "0 * * * *", "timezone": "UTC"}, "active": True}],
        )
        return str(made["id"])

    def miss(self, name: str, slots: int) -> None:
        """Has the schedule's last so many slots scheduled, as if nothing had run since."""
        now = datetime.now(UTC)
        self.ask(
            f"/deployments/{self.deployment(name)}/schedule",
            start_time=(now - timedelta(hours=slots)).isoformat(),
            end_time=now.isoformat(),
            min_runs=slots,
        )

    def runs_of(self, name: str) -> list[dict[str, Any]]:
        """A deployment's runs that are due or were, oldest first."""
        found: list[dict[str, Any]] = self.ask(
            "/flow_runs/filter",
            deployments={"id": {"any_": [self.deployment(name)]}},
            flow_runs={"expected_start_time": {"before_": datetime.now(UTC).isoformat()}},
            sort="EXPECTED_START_TIME_ASC",
        )
        return found

    def slots_of(self, name: str) -> list[dict[str, Any]]:
        """The same, of the schedule alone."""
        return [run for run in self.runs_of(name) if run["auto_scheduled"]]

    def wait_for(self, *names: str) -> None:
        """Until every run of these deployments has ended."""

        going_on = {
            "deployments": {"id": {"any_": [self.deployment(name) for name in names]}},
            "flow_runs": {"state": {"type": {"not_any_": list(ENDED)}}},
        }

        def have_ended() -> bool:
            now = datetime.now(UTC)
            waiting = [run["expected_start_time"] for run in self.ask("/flow_runs/filter", **going_on)]
            return not any(datetime.fromisoformat(slot) <= now for slot in waiting)

        wait_until(have_ended)


def wait_until(holds: Callable[[], bool], seconds: float = 1200) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(1)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with serving() as vendor:
        vendor.plays_x()
        scene = Scene(tmp_path_factory.mktemp("prefect"), vendor)
        with scene.session:
            yield scene


@pytest.fixture(scope="module")
def sandboxed(scene: Scene) -> Iterator[dict[str, str]]:
    """Settings of a home of its own, which asks the sandbox."""
    (scene.folder / "2019").mkdir()
    (scene.folder / "2019" / "uk.toml").write_text(SANDBOXED)
    with Sandbox(now=datetime.fromisoformat(THEN)) as sandbox:
        yield {
            **sandbox.settings,
            "CAMPAIGN_HOME": str(scene.folder / "2019" / "data"),
            "CAMPAIGN_REGISTRY": str(scene.folder / "2019" / "uk.toml"),
        }


@pytest.fixture(scope="module")
def server(scene: Scene, sandboxed: dict[str, str]) -> Iterator[Scene]:
    """The scene with a Prefect server on loopback, a worker, which makes the work pool, and everything that
    prefect.yaml deploys. The worker's runs ask the sandbox."""
    port = free_port()
    scene.api = scene.environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    start = (PREFECT, "server", "start", "--host", "127.0.0.1", "--port", port, "--no-services", "--no-ui")
    work = (PREFECT, "worker", "start", "--pool", "campaign", "--type", "process")
    with scene.running("server.log", *start):
        _wait_until_healthy(scene)
        with scene.running("worker.log", *work, **sandboxed) as scene.worker:
            wait_until(lambda: scene.session.get(f"{scene.api}/work_pools/campaign", timeout=60).ok)
            # SQLite takes few writers, and a test machine few processes.
            limited = scene.session.patch(
                f"{scene.api}/work_pools/campaign", json={"concurrency_limit": 2}, timeout=60
            )
            limited.raise_for_status()
            done = scene.run(PREFECT, "--no-prompt", "deploy", "--all")
            assert done.returncode == 0, done.stdout + done.stderr
            yield scene


@pytest.fixture(scope="module")
def worked(server: Scene) -> Scene:
    """The server, after its worker ran every deployment that does not follow another, and one of which four
    slots were missed. The worker has gone."""
    server.miss("collect/others", 4)
    days = {"start": "2019-10-29", "end": "2019-10-29", "as_of": "2019-10-30T18:00Z"}
    given = [f"-p{name}={value}" for name, value in days.items()]
    # Its log is looked at.
    given += ["--job-variable", 'env={"PREFECT_LOGGING_LEVEL": "INFO"}']
    ordered = server.run(PREFECT, "deployment", "run", "backfill/manual", *given)
    assert ordered.returncode == 0, ordered.stdout + ordered.stderr
    # A worker of Prefect's prepares those of the above in one process and runs them in another. The others
    # begin as the page on operations has it.
    server.job_variables = {"command": f"{sys.executable} -m prefect.engine"}
    for platform in CREDENTIALS:
        server.order(f"collect/{platform}", platforms=[platform], as_of=THEN)
    server.wait_for(*(f"collect/{each}" for each in (*CREDENTIALS, "others")), "backfill/manual")
    for names in (
        ("build/nightly", "maintain/nightly"),
        ("report/daily", "watch/hourly"),
    ):
        for name in names:
            server.order(name)
        server.wait_for(*names)
    # Its runs have ended; how long Prefect's worker takes to leave is not looked at.
    server.worker.kill()
    server.worker.wait(60)
    return server


@pytest.fixture(scope="module")
def ran(server: Scene) -> Ran:
    """Flows that a process of its own calls, and the server records."""
    return ran_in_one_process(server.folder / "watched", server.environment)


@dataclass(frozen=True)
class Served:
    """What `campaign serve` did between its start and a SIGTERM."""

    said: str
    log: str
    second: str
    holders: set[int]
    page: str
    pages_ask: str
    is_only_on_loopback: bool
    missed: list[dict[str, Any]]
    theirs: list[dict[str, Any]]
    killed: dict[str, Any]
    killed_code: int
    builds: list[dict[str, Any]]
    exports: list[dict[str, Any]]
    reports: str
    reports_page: str
    state: str
    code: int
    left_over: list[str]


@pytest.fixture(scope="module")
def served(worked: Scene, sandboxed: dict[str, str]) -> Served:
    """`campaign serve`, started where another was killed a while ago: three slots of a deployment were
    missed, and a run of another was going on, its process still alive."""
    home = worked.folder / "served"
    (home / "prefect").mkdir(parents=True)
    worked.miss("collect/tiktok", 3)
    worked.order("watch/hourly")
    theirs = worked.deploy_for_others("elsewhere/hourly")
    worked.miss("elsewhere/hourly", 3)
    left = [*worked.slots_of("collect/tiktok"), worked.runs_of("watch/hourly")[-1]]
    worked.ask(f"/flow_runs/{left[-1]['id']}/set_state", state={"type": "RUNNING"}, force=True)
    alive = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={"PREFECT__FLOW_RUN_ID": left[-1]["id"]},
    )
    named = worked.session.patch(
        f"{worked.api}/flow_runs/{left[-1]['id']}", json={"infrastructure_pid": str(alive.pid)}, timeout=60
    )
    named.raise_for_status()
    with (
        closing(sqlite3.connect(worked.folder / "prefect" / "prefect.db")) as records,
        closing(sqlite3.connect(home / "prefect" / "prefect.db")) as copied,
    ):
        records.backup(copied)
    for run in left:
        worked.session.delete(f"{worked.api}/flow_runs/{run['id']}", timeout=60).raise_for_status()
    worked.session.delete(f"{worked.api}/deployments/{theirs}", timeout=60).raise_for_status()

    port, reports_port = free_port(), free_port()
    reports = f"http://127.0.0.1:{reports_port}"
    here = copy(worked)
    here.api = f"http://127.0.0.1:{port}/api"
    here.job_variables = {}
    here.environment = {
        name: value
        for name, value in {**worked.environment, **sandboxed, "CAMPAIGN_HOME": str(home)}.items()
        if name not in ("PREFECT_API_URL", "PREFECT_HOME", "PREFECT_SERVER_ANALYTICS_ENABLED", "DO_NOT_TRACK")
    }
    for name in ("PREFECT_LOGGING_LEVEL", "PREFECT_API_BLOCKS_REGISTER_ON_START"):
        del here.environment[name]
    log = worked.folder / "serve.log"
    serve = (CAMPAIGN, "serve", "--port", port, "--reports-port", reports_port)
    with here.running(log.name, *serve) as process:
        wait_until(lambda: "Pages at" in log.read_text() or process.poll() is not None)
        said = log.read_text()
        assert process.poll() is None, said
        here.wait_for("collect/tiktok")
        earlier = {run["id"] for run in here.runs_of("build/nightly")}

        def built() -> list[dict[str, Any]]:
            # Those of the schedule may come meanwhile.
            return [run for name in BUILDS for run in here.runs_of(name) if run["id"] not in earlier]

        def have_followed() -> bool:
            builds, exports = built(), here.runs_of("export/after-build")
            published = [run for run in builds if run["state_name"] == "Completed"]
            have_ended = all(run["state_type"] in ENDED for run in (*builds, *exports))
            return have_ended and len(exports) == len(published) > 0

        # Nobody takes the first of the two, which is skipped, for a build.
        with one_at_a_time(home / BUILD_LOCK):
            here.order("build/after-collect")
            here.wait_for("build/after-collect")
        here.order("build/after-collect")
        wait_until(have_followed)
        builds, exports = built(), here.runs_of("export/after-build")
        found = Served(
            said=said,
            log="",
            second=here.run(CAMPAIGN, "serve", "--port", free_port()).stderr,
            holders=_processes_that_have_open(home / "prefect" / SERVE_LOCK),
            page=here.session.get(f"http://127.0.0.1:{port}", timeout=60).text,
            pages_ask=here.session.get(f"http://127.0.0.1:{port}/ui-settings", timeout=60).json()["api_url"],
            is_only_on_loopback=_can_bind("127.0.0.2", port),
            missed=here.slots_of("collect/tiktok"),
            theirs=here.slots_of("elsewhere/hourly"),
            killed=here.ask("/flow_runs/filter", flow_runs={"id": {"any_": [left[-1]["id"]]}})[0],
            killed_code=alive.wait(400),
            builds=builds,
            exports=exports,
            reports=reports,
            reports_page=here.session.get(reports, timeout=60).text,
            state=here.newest_artifact("campaign-uk-2019")["data"],
            code=0,
            left_over=[],
        )
        process.terminate()
        code = process.wait(400)
        found = replace(found, holders=found.holders - {process.pid})
    return replace(found, code=code, log=log.read_text(), left_over=_processes_with(f"CAMPAIGN_HOME={home}"))


def _can_bind(host: str, port: int) -> bool:
    """Whether an address is free: none is, of a port that somebody has on every address."""
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _processes_with(setting: str) -> list[str]:
    """The command lines of the processes that have this setting in their environment."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if setting.encode() in environment.read_bytes().split(b"\0"):
                found.append(environment.with_name("cmdline").read_text())
    return found


def _processes_that_have_open(path: Path) -> set[int]:
    found = set()
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if opened.samefile(path):
                found.add(int(opened.parts[2]))
    return found


def _wait_until_healthy(scene: Scene) -> None:
    # Prefect's database is made first.
    patient = Retry(total=None, connect=2000, backoff_factor=0.05, backoff_max=0.2)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=patient))
        session.get(f"{scene.api}/health", timeout=60).raise_for_status()


def test_every_platform_that_a_deployment_asks_has_a_connector() -> None:
    import connectors

    deployments = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())["deployments"]
    asked = {name for entry in deployments for name in entry["parameters"].get("platforms", [])}
    assert set(CREDENTIALS) <= asked <= set(connectors.discover())


def test_every_platform_is_asked_by_one_deployment_whether_it_has_one_of_its_own_or_not() -> None:
    deployments = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())["deployments"]
    collecting = [entry["parameters"] for entry in deployments if "collect.py" in entry["entrypoint"]]
    own = [name for parameters in collecting for name in parameters.get("platforms", [])]
    (others,) = [parameters["besides"] for parameters in collecting if "besides" in parameters]
    assert sorted(own) == sorted(set(own)) == sorted(others)


def test_what_prefect_yaml_names_is_deployed(server: Scene) -> None:
    flows = {flow["id"]: flow["name"] for flow in server.ask("/flows/filter")}
    deployed = {
        f"{flows[entry['flow_id']]}/{entry['name']}": entry for entry in server.ask("/deployments/filter")
    }
    assert set(deployed) == DEPLOYMENTS
    for entry in deployed.values():
        assert entry["concurrency_options"]["collision_strategy"] == "ENQUEUE"
        assert entry["global_concurrency_limit"]["limit"] == 1
        assert entry["description"]
    assert {name for name, entry in deployed.items() if not entry["schedules"]} == {
        "backfill/manual",
        "export/after-build",
    }


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_every_deployment_runs_end_to_end(worked: Scene, served: Served, name: str) -> None:
    under_serve = dict(zip(AFTER_ANOTHER, (served.builds, served.exports), strict=True))
    *_, run = under_serve[name] if name in under_serve else worked.runs_of(name)
    assert run["state"]["type"] == "COMPLETED", run["state"]
    assert run["state"]["message"]


def test_the_runs_of_a_worker_leave_answers_tables_and_a_page(
    worked: Scene, sandboxed: dict[str, str]
) -> None:
    home = Path(sandboxed["CAMPAIGN_HOME"])
    for platform in CREDENTIALS:
        assert list(home.glob(f"landing/platform={platform}/*/date=2019-10-30/*.parquet")), platform
    assert (home / "warehouse.duckdb").is_file()
    assert list(home.glob("reports/**/*.html"))


def test_a_worker_leaves_a_report(worked: Scene) -> None:
    (run,) = worked.runs_of("collect/x")
    assert run["name"] == "collect x 2019-10-30T12:00Z"
    reports = worked.ask("/artifacts/filter")
    report = next(report for report in reports if report["flow_run_id"] == run["id"])
    assert report["key"] == "collect-report"
    assert "timeline 1" in str(report["data"])
    assert "spent today, USD" in str(report["data"])


def test_of_the_slots_that_a_worker_finds_missed_the_newest_runs_and_the_others_are_cancelled(
    worked: Scene,
) -> None:
    *missed, newest = worked.slots_of("collect/others")
    # The hour's own slot may have come meanwhile.
    assert len(missed) >= 3
    assert {run["state_name"] for run in missed} == {"Skipped"}
    assert newest["state_name"] == "Completed"
    slots = [datetime.fromisoformat(run["expected_start_time"]) for run in (*missed, newest)]
    for number, run in enumerate(missed):
        said = re.match(
            r"skipped: a later run of this deployment is due, that of (\S+ \S+) UTC, and does ",
            run["state"]["message"],
        )
        assert said is not None
        assert said[1] in [f"{slot:%Y-%m-%d %H:%M}" for slot in slots[max(number + 1, 3) :]]
    # At most one was started, to find that out.
    assert len([run for run in missed if run["run_count"] == 0 and run["state_type"] == "CANCELLED"]) >= 2


def test_a_build_leaves_a_report_of_what_it_published(worked: Scene, sandboxed: dict[str, str]) -> None:
    warehouse = Path(sandboxed["CAMPAIGN_HOME"]) / "warehouse.duckdb"
    reports = [each for each in worked.ask("/artifacts/filter") if each["key"] == "build-report"]
    (report,) = [each for each in reports if each["description"].startswith(f"- {warehouse}")]
    assert "facts.group_days" in str(report["data"])
    told = report["description"].splitlines()
    assert told[0].startswith(f"- {warehouse}: full; ")
    assert told[1] == "- earlier builds kept: none"


def test_the_runs_of_a_worker_leave_how_each_campaign_stands(worked: Scene) -> None:
    for key in ("campaign-uk-2019", "leaderboard-uk-2019", "gaps-uk-2019"):
        newest = worked.newest_artifact(key)
        assert newest["type"] == "markdown"
        assert newest["data"].startswith("# UK 2019")
        assert "known up to 2019-10-30 1" in newest["description"]
        versions = [each for each in worked.ask("/artifacts/filter") if each["key"] == key]
        # What says the same again is not written again, by whichever run.
        assert len({each["data"] for each in versions}) == len(versions)
    report = worked.newest_artifact("report")
    assert (report["type"], "uk-2019 | 2019-10-30" in report["data"]) == ("markdown", True)


def test_the_log_of_a_run_names_each_file_of_answers_that_is_safe(server: Scene) -> None:
    said = server.run(
        CAMPAIGN,
        *("collect", "--platform", "x", "--all", "--as-of", "2026-05-23T12:00Z"),
        PREFECT_LOGGING_LEVEL="INFO",
    )
    assert said.returncode == 0, said.stderr
    (run,) = server.ask("/flow_runs/filter", flow_runs={"name": {"like_": "2026-05-23"}})
    logged = server.ask("/logs/filter", logs={"flow_run_id": {"any_": [run["id"]]}})
    told = [line["message"].split()[1] for line in logged if line["message"].startswith("landed ")]
    landed = (server.folder / "data" / "landing").glob("platform=*/endpoint=*/date=2026-05-23/*.parquet")
    assert sorted(told) == sorted(map(str, landed)) != []


def test_a_backfills_log_names_them_too_though_threads_of_its_own_ask(worked: Scene) -> None:
    (run,) = worked.ask("/flow_runs/filter", flow_runs={"name": {"like_": "backfill"}})
    logged = worked.ask("/logs/filter", logs={"flow_run_id": {"any_": [run["id"]]}})
    told = {line["message"].split()[1] for line in logged if line["message"].startswith("landed ")}
    assert told
    assert all("/landing/platform=" in file for file in told)


def test_a_failed_platform_fails_the_recorded_run_and_keeps_the_other(server: Scene) -> None:
    refusal = {"error": {"message": f"Malformed {FACEBOOK_TOKEN}", "type": "OAuthException", "code": 190}}
    server.vendor.answers["/graph"] = answer(refusal, 400)
    said = server.run(
        CAMPAIGN,
        "collect",
        "--as-of",
        "2026-05-22T12:00Z",
        FACEBOOK_API_URL=f"{server.vendor.url}/graph",
        FACEBOOK_ACCESS_TOKEN=FACEBOOK_TOKEN,
    )
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].startswith("campaign: facebook: the token was refused")
    (run,) = server.ask("/flow_runs/filter", flow_runs={"name": {"like_": "2026-05-22"}})
    assert run["state"]["type"] == "FAILED"
    assert run["state"]["message"].startswith("facebook: the token was refused")
    landed = server.folder / "data" / "landing"
    assert list(landed.glob("platform=x/*/date=2026-05-22/*.parquet"))
    assert list(landed.glob("platform=facebook/*/date=2026-05-22/*.parquet"))


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


def test_prefect_keeps_no_secret(server: Scene, ran: Ran) -> None:
    kept = b"".join(path.read_bytes() for path in server.folder.rglob("*") if path.is_file())
    assert "x: never collected" in ran.sent[0]
    assert X_TOKEN.encode() not in kept
    assert FACEBOOK_TOKEN.encode() not in kept
    assert SECRET_PATH.encode() not in kept


def test_a_server_that_is_not_there_is_one_line(scene: Scene) -> None:
    said = scene.run(CAMPAIGN, "build", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].startswith("campaign: the Prefect server of PREFECT_API_URL")


def test_serve_says_what_runs_when_and_where_the_pages_are(served: Served) -> None:
    rows = [re.split(" {2,}", line.strip()) for line in served.said.splitlines()]
    when = {
        name: (told[0], len(told) > 1)
        for name, *told in rows
        if re.fullmatch(r"[a-z]+/[a-z-]+", name) and told
    }
    assert set(when) == DEPLOYMENTS
    assert when["collect/x"] == ("5 * * * *, UTC", True)
    assert when["build/nightly"] == ("40 4 * * *, Europe/London", True)
    assert when["backfill/manual"] == ("by hand", False)
    assert when["export/after-build"] == ("after each build", False)
    assert "<html" in served.page.lower()
    pages = served.pages_ask.removesuffix("/api")
    assert f"How each campaign stands at {pages}/artifacts\nPages at {pages};" in served.said


def test_a_build_that_published_is_followed_by_an_export_and_a_skipped_one_by_none(
    served: Served, worked: Scene
) -> None:
    assert {run["state_name"] for run in served.builds} == {"Skipped", "Completed"}
    assert {run["created_by"]["display_value"] for run in served.exports} == {"export/after-build"}
    assert {run["state_name"] for run in served.exports} == {"Completed"}
    assert len(served.exports) == len([run for run in served.builds if run["state_name"] == "Completed"])
    said = served.exports[0]["state"]["message"]
    assert "/served/reports/uk-2019/2019-10-29: uk-2019 on 2019-10-29; " in said
    assert " as CSV, Parquet and JSON, " in said


def test_serve_serves_the_reports_and_its_runs_link_to_them(served: Served) -> None:
    assert f"Reports at {served.reports}\n" in served.said
    assert "<h1>Reports</h1>" in served.reports_page
    assert f"[The newest report]({served.reports}/uk-2019/latest/report.html)" in served.state


def test_serve_answers_this_machine_only(served: Served) -> None:
    assert served.is_only_on_loopback


def test_serve_leaves_alone_what_others_have_on_the_server(served: Served) -> None:
    assert "elsewhere" not in served.said
    assert len(served.theirs) >= 3
    assert {run["state_type"] for run in served.theirs} == {"SCHEDULED"}


def test_serve_runs_the_newest_of_the_slots_that_were_missed_and_cancels_the_others(served: Served) -> None:
    assert re.search("collect/tiktok: missed [34], the newest runs now", served.said)
    # The hour's own slot may have come meanwhile, and then it is the newest.
    *missed, newest = served.missed
    assert newest["state_name"] == "Completed"
    assert len(missed) >= 2
    assert {run["state_name"] for run in missed} == {"Skipped"}
    assert [run["run_count"] for run in missed[:2]] == [0, 0]


def test_serve_ends_what_a_killed_one_left_as_if_it_went_on(served: Served) -> None:
    assert served.killed["state_type"] == "CRASHED"
    assert "killed" in served.killed["state"]["message"]
    assert served.killed_code == -signal.SIGTERM


def test_a_home_that_is_served_is_served_by_no_other(served: Served) -> None:
    assert served.second.startswith("campaign: campaign serve already runs on this home (process ")
    assert served.second.count("\n") == 1


def test_nothing_that_serve_starts_has_its_lock(served: Served) -> None:
    assert served.holders == set()


def test_serve_is_silent_about_runs_that_wait(served: Served) -> None:
    assert "Beginning flow run" in served.log
    assert "prefect.flow_runs.worker" not in served.log


def test_a_stop_while_serve_deploys_is_no_mistake_of_the_file(worked: Scene) -> None:
    def deployed() -> list[str]:
        return sorted(entry["updated"] for entry in worked.ask("/deployments/filter"))

    before = deployed()
    log = worked.folder / "stopped.log"
    with worked.running(log.name, CAMPAIGN, "serve") as process:
        wait_until(lambda: deployed() != before or process.poll() is not None)
        process.terminate()
        code = process.wait(400)
    assert code == 0, log.read_text()
    assert "cannot be deployed" not in log.read_text()


def test_serve_runs_what_is_ordered_and_ends_without_leaving_a_process(served: Served) -> None:
    assert served.builds[-1]["state"]["type"] == "COMPLETED", served.builds[-1]["state"]
    assert served.code == 0
    assert served.left_over == []


def test_nothing_calls_another_machine(served: Served, scene: Scene) -> None:
    called = scene.folder / "called-abroad"
    assert not called.exists(), called.read_text()
    tried = scene.run(sys.executable, "-c", "import socket; socket.getaddrinfo('192.0.2.1', 80)")
    assert tried.returncode == 0
    assert "192.0.2.1" in called.read_text()
    called.unlink()


def test_a_port_that_is_taken_is_one_line_that_names_another(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = scene.run(CAMPAIGN, "serve", "--port", port, PREFECT_API_URL="")
    assert said.returncode == 1
    assert said.stderr.startswith(f"campaign: port {port} cannot be had")
    assert f"campaign serve --port {port + 2}" in said.stderr
    assert said.stderr.count("\n") == 1


def test_a_missing_prefect_yaml_is_one_line_that_names_the_fix(scene: Scene) -> None:
    said = scene.run(CAMPAIGN, "serve", "--file", "elsewhere.yaml", PREFECT_API_URL="")
    assert said.returncode == 1
    assert said.stderr.startswith("campaign: there is no elsewhere.yaml here")
    assert said.stderr.count("\n") == 1
