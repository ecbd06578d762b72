"""What a command imports: the start of a command is mostly imports, so each has only what it uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import Vendor

# Each takes a tenth of a second or more to import.
SCHEDULER = {"prefect", "prefect_dask", "dask", "distributed"}
ASKING = {"requests", "tweepy", "facebook"}
FILES = {"pyarrow"}
OFFERED = {"boto3", "botocore", "jinja2", "httpx", "smtplib"}
TABLES = {"duckdb"}

NOT_FOR = {
    ("--help",): SCHEDULER | ASKING | FILES | OFFERED | TABLES | {"pydantic"},
    ("sql", "--help"): SCHEDULER | ASKING | FILES | OFFERED | TABLES,
    ("sql", "FROM marts.asset_totals"): SCHEDULER | ASKING | FILES | OFFERED,
    ("sql", "FROM marts.asset_totals", "--format", "json"): SCHEDULER | ASKING | FILES | OFFERED,
    ("status",): SCHEDULER | ASKING | FILES | OFFERED,
    ("check", "--offline"): SCHEDULER | ASKING | FILES | OFFERED,
    ("check",): SCHEDULER | ASKING | FILES | OFFERED,
    ("collect",): SCHEDULER | {"tweepy", "facebook"} | OFFERED,
    ("build",): SCHEDULER | {"tweepy", "facebook"} | OFFERED,
}

RUN = """
import json, sys
from flows.cli import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    code = left.code
sys.stderr.write("\\n" + json.dumps({"code": code, "modules": sorted(sys.modules)}))
"""


def imported_by(home: Path, *command: str, **settings: str) -> tuple[int, set[str]]:
    """The exit code of a command in a process of its own, and the packages that it has imported."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ran = subprocess.run(
        [sys.executable, "-c", RUN, *command],
        env={**environment, "CAMPAIGN_HOME": str(home / "data"), **settings},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(ran.stderr.splitlines()[-1])
    return told["code"], {name.partition(".")[0] for name in told["modules"]}


@pytest.mark.parametrize(
    "command", NOT_FOR, ids=lambda command: "-".join(word for word in command if word.isalpha()) or "help"
)
def test_a_command_imports_what_it_uses(built: Path, home: Path, command: tuple[str, ...]) -> None:
    code, imported = imported_by(home, *command)
    # Nobody collects for this home: within the campaign some say so, which is 1.
    assert code in (0, 1)
    assert "flows" in imported
    assert sorted(NOT_FOR[command] & imported) == []


@pytest.mark.parametrize(
    "command", [("sql", "SELECT 1"), ("status",), ("check", "--offline")], ids=lambda c: c[0]
)
def test_with_a_prefect_server_set_what_only_looks_still_knows_nothing_of_it(
    built: Path, home: Path, command: tuple[str, ...]
) -> None:
    _, imported = imported_by(home, *command, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert sorted((SCHEDULER | ASKING | FILES) & imported) == []


def test_what_asking_needs_is_imported_to_ask(x_only: Vendor, home: Path) -> None:
    """So the names above are those of packages that there are."""
    keys = {name: os.environ[name] for name in ("X_API_URL", "X_BEARER_TOKEN")}
    _, imported = imported_by(home, "collect", "--all", **keys)
    assert {"requests", "tweepy", "pyarrow", "duckdb"} <= imported
