"""What every test shares: Hypothesis without stored examples or deadlines, and one run of the demo."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "pipeline",
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("pipeline")

ROOT = Path(__file__).parents[1]

# Where the tests write, and that nothing of it stays.
pytest_plugins = ("tests.folders",)

# A job in the background of a shell ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How wide the terminal is in which the tests happen to run.
for _name in ("COLUMNS", "LINES"):
    os.environ.pop(_name, None)

# Files go to workers whole, and so do these folders, each of whose files would start the same servers again.
TOGETHER = ("distributed", "s3")

# The long ones first, in this order, so that none is waited for at the end.
LONGEST_FIRST = (
    "demo/test_demo.py",
    "flows/test_prefect_runs.py",
    "s3",
    "distributed",
    "warehouse/test_registry_history.py",
    "flows/test_init.py",
    "warehouse/test_build.py",
    "crashes/test_killed_collects.py",
    "warehouse/test_marts.py",
    "crashes/test_killed_imports.py",
    "flows/test_forget.py",
    "browser/test_prefect_pages.py",
    "crashes/test_killed_backfills.py",
    "warehouse/test_laws_order.py",
    "crashes/test_damaged_files.py",
    "crashes/test_full_disks.py",
    "crashes/test_killed_upkeep.py",
    "exports/test_importing.py",
    "browser/test_report.py",
    "warehouse/test_laws_incremental_cases.py",
    "crashes/test_killed_builds.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest before the rest."""

    def place(item: pytest.Item) -> int:
        whole = _goes_whole(item.path.relative_to(Path(__file__).parent).as_posix())
        return LONGEST_FIRST.index(whole) if whole in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=place)


def _goes_whole(file: str) -> str:
    """What goes to a worker with a file: its folder, or nothing else."""
    folder = file.partition("/")[0]
    return folder if folder in TOGETHER else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give files to workers, and some folders whole."""
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    class TogetherScheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return f"tests/{_goes_whole(file.removeprefix('tests/'))}"

    return TogetherScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The home folder and the printed text of a whole `campaign demo`, run once as a user runs it; once for
    all workers, so nobody writes to it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    home, printed = shared / "demo", shared / "demo.txt"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.exists():
            kept = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "TMPDIR")
            environment = {name: os.environ[name] for name in kept if name in os.environ}
            run = subprocess.run(
                [sys.executable, "-c", "from flows.cli import main; main()", "demo"],
                env={**environment, "CAMPAIGN_HOME": str(home)},
                cwd=tmp_path_factory.mktemp("elsewhere"),
                capture_output=True,
                text=True,
                check=False,
            )
            assert run.returncode == 0, run.stderr
            printed.write_text(run.stdout, encoding="utf-8")
    return home, printed.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def demo_home(demo_run: tuple[Path, str]) -> Path:
    """The home folder of a whole demo."""
    return demo_run[0]
