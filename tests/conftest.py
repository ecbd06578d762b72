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
