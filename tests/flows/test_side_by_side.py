"""Requests of one platform side by side, seen from a whole collect: the same tables, and nothing lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pyarrow.parquet as pq
import pytest

import connectors
from connectors.sandbox.server import Sandbox
from flows.collecting.landing_aside import ANSWERS_AHEAD, LandingAside
from flows.collecting.round import prepare
from flows.refresh import refresh
from flows.registry import load
from flows.settings import Settings
from tests.flows.backfill_world import NOON
from tests.flows.conftest import Vendor, answer, post
from tests.warehouse.compare import differences, everything_said
from warehouse.landing import COLUMNS, LandingWriter

ROOT = Path(__file__).parents[2]
WAIT_S = 30.0


def one_by_one() -> dict[str, ModuleType]:
    """The connectors, none of which has more than one request on its way."""
    return {
        name: cast(ModuleType, SimpleNamespace(**{**vars(module), "IN_FLIGHT": 1}))
        for name, module in connectors.discover().items()
    }


def test_the_tables_are_the_same_as_when_one_is_asked_after_the_other(
    sandbox: Sandbox, home: Path, tmp_path: Path
) -> None:
    registry = load(ROOT / "campaigns" / "uk-general-election-2019.toml", connectors.discover())
    said = []
    for name, modules in (("one", one_by_one()), ("several", connectors.discover())):
        settings = Settings(CAMPAIGN_HOME=tmp_path / name, **sandbox.settings)
        for clock in (NOON, NOON + timedelta(days=1)):
            report = prepare(
                None,
                settings=settings,
                registry=registry,
                clock=clock,
                as_of=clock,
                everything=True,
                connectors=modules,
                now=lambda: NOON,
            ).take_all()
            assert report.complaints == ()
            assert {each.outcome for each in report.platforms} == {"ok"}
        refresh(settings, registry, now=lambda: NOON)
        said.append(everything_said(settings.warehouse))
    assert differences(*said) == {}
    assert len(said[0]["marts.post_daily"]) > 100


ACCOUNT = """
[[accounts]]
side = "ours"
platform = "x"
handle = "Water{}"
"""


@pytest.fixture
def four_accounts(home: Path, x_only: Vendor) -> Vendor:
    registry = home / "campaigns" / "water.toml"
    registry.write_text(registry.read_text() + "".join(map(ACCOUNT.format, range(3))))
    users = [{"id": str(780 + n), "username": f"Water{n}"} for n in range(3)]
    users.append({"id": "77", "username": "CleanWaterNow"})
    x_only.answers["/2/users/by"] = answer({"data": users})
    for n in range(3):
        x_only.answers[f"/2/users/{780 + n}/tweets"] = answer({"data": [post(str(200 + n))], "meta": {}})
    return x_only


def landed(home: Path, endpoint: str) -> list[dict[str, Any]]:
    files = (home / "data" / "landing").glob(f"platform=x/endpoint={endpoint}/*/*.parquet")
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def test_what_was_on_its_way_when_a_collect_was_ended_is_landed(home: Path, four_accounts: Vendor) -> None:
    are_asked, may_answer = threading.Barrier(5), threading.Event()

    def hold(path: str) -> None:
        if path.startswith("/2/users/7"):
            are_asked.wait(WAIT_S)
            may_answer.wait(WAIT_S)

    four_accounts.before = hold
    command = [
        str(Path(sys.executable).with_name("campaign")),
        "collect",
        "--platform",
        "x",
        "--as-of",
        "2026-05-20T12:00Z",
    ]
    with subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, text=True) as process:
        are_asked.wait(WAIT_S)
        process.terminate()
        may_answer.set()
        _, said = process.communicate(timeout=WAIT_S)
    assert (process.returncode, said) == (143, "campaign: stopped; what had arrived is kept\n")
    rows = landed(home, "timeline")
    assert {row["url"].partition("/users/")[2].partition("/")[0] for row in rows} == {
        "77",
        "780",
        "781",
        "782",
    }
    assert len({row["response_id"] for row in rows}) == 4


def row(number: int, **changes: object) -> dict[str, object]:
    found: dict[str, object] = dict.fromkeys(COLUMNS.names, "")
    found |= {"response_id": f"r{number}", "run_id": "run1", "platform": "x", "endpoint": "posts"}
    found |= {"observed_at": NOON, "requested_at": NOON, "status": 200, "page": 1, "elapsed_ms": 1}
    return found | {"schema_version": 1, "body": "{}"} | changes


def ids(folder: Path) -> list[str]:
    return [
        one["response_id"]
        for file in sorted(folder.glob("*/*/*/*.parquet"))
        for one in pq.ParquetFile(file).read().to_pylist()
    ]


def land(
    writer: LandingWriter, rows: list[dict[str, object]], in_shape: Callable[[Any], Any] = lambda one: one
) -> None:
    with LandingAside(writer, in_shape) as landing:
        for one in rows:
            landing.add(one)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LandingWriter]:
    with LandingWriter(tmp_path / "landing") as writer:
        yield writer


def test_the_next_answer_is_asked_for_while_this_one_is_landed(writer: LandingWriter) -> None:
    is_next_asked = threading.Event()

    def in_shape(one: Any) -> Any:
        assert is_next_asked.wait(WAIT_S)
        return one

    with LandingAside(writer, in_shape) as landing:
        landing.add(row(1))
        is_next_asked.set()
        landing.add(row(2))
    writer.flush()
    assert ids(writer.root) == ["r1", "r2"]


def test_only_so_many_answers_wait_to_be_landed(writer: LandingWriter) -> None:
    may_land, added = threading.Event(), threading.Semaphore(0)

    def in_shape(one: Any) -> Any:
        assert may_land.wait(WAIT_S)
        return one

    with LandingAside(writer, in_shape) as landing:

        def ask() -> None:
            for number in range(20):
                landing.add(row(number))
                added.release()

        asking = threading.Thread(target=ask)
        asking.start()
        for _ in range(ANSWERS_AHEAD + 1):
            assert added.acquire(timeout=WAIT_S)
        assert not added.acquire(timeout=0.05)
        may_land.set()
        asking.join()
    writer.flush()
    assert len(ids(writer.root)) == 20


def test_an_interrupt_while_much_waits_leaves_no_thread_and_loses_nothing(writer: LandingWriter) -> None:
    may_land, asking = threading.Event(), threading.main_thread()

    def in_shape(one: Any) -> Any:
        assert may_land.wait(WAIT_S)
        return one

    def interrupt() -> None:
        # Only once it waits for the landing.
        while "__exit__" not in calls_of(asking):
            assert not may_land.wait(0.01)
        signal.pthread_kill(asking.ident or 0, signal.SIGINT)
        may_land.set()

    interrupting = threading.Thread(target=interrupt)

    def land_and_leave() -> None:
        with LandingAside(writer, in_shape) as landing:
            for number in range(ANSWERS_AHEAD + 1):
                landing.add(row(number))
            interrupting.start()
        interrupting.join()

    with pytest.raises(KeyboardInterrupt):
        land_and_leave()
    interrupting.join()
    assert not any(thread.name.endswith(" landing") for thread in threading.enumerate())
    writer.flush()
    assert len(ids(writer.root)) == ANSWERS_AHEAD + 1


def calls_of(thread: threading.Thread) -> list[str]:
    """The functions of this project's landing that a thread is in."""
    frame = sys._current_frames().get(thread.ident or 0)
    return [
        one.f_code.co_name
        for one, _ in traceback.walk_stack(frame)
        if one.f_code.co_filename.endswith("landing_aside.py")
    ]


def test_before_a_pause_everything_is_on_disk(writer: LandingWriter) -> None:
    with LandingAside(writer, lambda one: one) as landing:
        for number in range(3):
            landing.add(row(number))
        landing.flush()
        assert ids(writer.root) == ["r0", "r1", "r2"]


def test_what_the_landing_raises_ends_the_run_at_the_next_answer(writer: LandingWriter) -> None:
    def in_shape(one: Any) -> Any:
        if one["response_id"] == "r1":
            raise OSError(28, "No space left on device")
        return one

    with pytest.raises(OSError, match="No space"):
        land(writer, [row(number) for number in range(100)], in_shape)
    writer.flush()
    assert ids(writer.root)[0] == "r0"
    assert len(ids(writer.root)) < 100


def test_what_the_landing_raises_last_is_raised_at_the_end(writer: LandingWriter) -> None:
    broken = row(1)
    del broken["elapsed_ms"]
    with pytest.raises(KeyError, match="elapsed_ms"):
        land(writer, [broken])
    assert not [one for one in threading.enumerate() if one.name.endswith("landing")]
