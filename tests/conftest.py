"""What every test shares: Hypothesis without stored examples or deadlines, and one run of the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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

# Files go to workers whole, in this order: the long ones first, so that none is waited for at the end.
LONGEST_FIRST = (
    "demo/test_demo.py",
    "flows/test_prefect_runs.py",
    "crashes/test_killed_builds.py",
    "crashes/test_killed_backfills.py",
    "warehouse/test_laws_incremental.py",
    "warehouse/test_registry_history.py",
    "warehouse/test_as_known_at.py",
    "warehouse/test_laws_incremental_cases.py",
    "warehouse/test_laws_order.py",
    "warehouse/test_readers.py",
    "warehouse/test_marts.py",
    "warehouse/test_build.py",
    "exports/test_importing.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest before the others."""

    def place(item: pytest.Item) -> int:
        file = item.path.relative_to(Path(__file__).parent).as_posix()
        return LONGEST_FIRST.index(file) if file in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=place)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The home folder and the printed text of a whole `campaign demo`, run once as a user runs it."""
    home = tmp_path_factory.mktemp("demo")
    kept = ("PATH", "HOME", "LANG", "SSL_CERT_FILE")
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
    return home, run.stdout


@pytest.fixture(scope="session")
def demo_home(demo_run: tuple[Path, str]) -> Path:
    """The home folder of a whole demo."""
    return demo_run[0]
