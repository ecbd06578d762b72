"""What docs/operations.md promises: units and image run what there is, and a backup that was taken beside
everything else gives the same numbers elsewhere.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.docs.commands import calls_in, refusal_of
from tests.docs.pages import ROOT
from tests.docs.test_documents import SETTINGS
from tests.flows.conftest import built, home, made, post  # noqa: F401
from warehouse.landing import LandingWriter
from warehouse.publish import ask

FOLDER = ROOT / "docs" / "operations"
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
UNITS = sorted((FOLDER / "systemd").glob("*.service"))
TIMERS = sorted((FOLDER / "systemd").glob("*.timer"))
CONTAINERFILE = (FOLDER / "Containerfile").read_text(encoding="utf-8")


def unit(path: Path) -> configparser.ConfigParser:
    # An unset value is written as an empty one, and a name may come several times.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_service_runs_a_command_that_is_there_as_its_own_user(path: Path) -> None:
    service, common = unit(path), unit(path.parent / "campaign-.service.d" / "common.conf")
    (call,) = calls_in([service["Service"]["ExecStart"]])
    assert refusal_of(call) is None
    # What the drop-in gives to every unit whose name begins so.
    assert path.name.startswith("campaign-")
    assert common["Service"]["User"] == "campaign"
    assert common["Service"]["ProtectSystem"] == "strict"
    assert common["Service"]["EnvironmentFile"] == "/etc/campaign/campaign.env"


@pytest.mark.parametrize("path", TIMERS, ids=lambda path: path.name)
def test_a_timer_starts_a_service_at_the_time_that_the_page_says(path: Path) -> None:
    service = path.with_suffix(".service")
    then = [
        value for name, value in unit(service)["Service"].items() if name in ("ExecStart", "ExecStartPost")
    ]
    calls = ", then ".join(f"`campaign {' '.join(call)}`" for call in calls_in(then))
    calendar = unit(path)["Timer"]["OnCalendar"]
    hour, minute = re.search(r"(\d\d|\*):(\d\d)", calendar).groups()  # type: ignore[union-attr]
    when = f"hourly at :{minute}" if hour == "*" else f"{hour}:{minute}"
    assert f"| `{path.stem}` | {when} | {calls} |" in TEXT


def test_timers_and_deployments_keep_the_same_hours() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    crons = {
        (each["entrypoint"].rpartition(":")[2], each["name"]): each["schedules"][0]["cron"]
        for each in deployments
        if each.get("schedules")
    }
    for timer, deployment in {
        "collect": ("collect", "x"),
        "build": ("build", "after-collect"),
        "rebuild": ("build", "nightly"),
        "maintain": ("maintain", "nightly"),
        "report": ("report", "daily"),
        "watch": ("watch", "hourly"),
    }.items():
        calendar = unit(FOLDER / "systemd" / f"campaign-{timer}.timer")["Timer"]["OnCalendar"]
        hour, minute = re.search(r"(\d\d|\*):(\d\d)", calendar).groups()  # type: ignore[union-attr]
        minute_of, hour_of = crons[deployment].split()[:2]
        assert (hour.lstrip("0"), int(minute)) == (hour_of, int(minute_of)), timer


def test_the_image_copies_what_there_is_and_runs_commands_that_are_there() -> None:
    for line in re.findall(r"^COPY (?!--from)(.*)$", CONTAINERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    assert CONTAINERFILE.count("\nFROM ") + CONTAINERFILE.startswith("FROM ") == 2
    assert re.search(r"^USER 10001", CONTAINERFILE, re.MULTILINE)
    entry = json.loads(re.search(r"^ENTRYPOINT (.*)$", CONTAINERFILE, re.MULTILINE)[1])  # type: ignore[index]
    for words in (
        [*entry, *json.loads(re.search(r"^CMD (.*)$", CONTAINERFILE, re.MULTILINE)[1])],  # type: ignore[index]
        json.loads(re.search(r"^HEALTHCHECK .* CMD (.*)$", CONTAINERFILE, re.MULTILINE)[1]),  # type: ignore[index]
    ):
        assert words[0] == "campaign"
        assert refusal_of(words[1:]) is None
    named = set(re.findall(r"\b(CAMPAIGN_[A-Z_]+)=", CONTAINERFILE))
    assert named <= SETTINGS


def rows_of(warehouse: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every mart."""
    marts = ask(
        warehouse,
        "select table_name from information_schema.tables "
        "where table_schema = 'marts' and table_catalog = 'warehouse' order by table_name",
    )
    return {mart: ask(warehouse, f"from marts.{mart} order by all") for (mart,) in marts}


def back_up(data: Path, registry: Path, archive: Path) -> None:
    subprocess.run(
        [FOLDER / "back-up.sh", data, registry, archive],
        check=True,
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
        timeout=60,
    )


def restored(archive: Path, folder: Path) -> Path:
    """What the page's lines make of an archive: the warehouse of the restored folder."""
    (block,) = re.findall(r"<!-- restore -->\n```\n(.*?)```", TEXT, re.DOTALL)
    lines = block.replace("/var/backups/campaign/2026-11-22.tar", shlex.quote(str(archive)))
    assert lines != block
    folder.mkdir()
    (folder / "bin").mkdir()
    # The command as it is installed, whatever the path of the tester.
    (folder / "bin" / "campaign").write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "from flows.cli import main; main()" "$@"\n'
    )
    (folder / "bin" / "campaign").chmod(0o755)
    told = subprocess.run(
        ["bash", "-c", lines],
        cwd=folder,
        env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (folder / "restored" / "warehouse.duckdb").is_file(), told.stderr
    return folder / "restored" / "warehouse.duckdb"


def land(landing: Path, number: int) -> None:
    """One answer more, as an hourly collect lands it."""
    moment = datetime(2026, 5, 20, 13, tzinfo=UTC) + timedelta(minutes=number)
    with LandingWriter(landing) as writer:
        writer.add(
            {
                "response_id": f"later-{number:05d}",
                "run_id": f"later-{number:05d}",
                "platform": "x",
                "endpoint": "posts",
                "campaign_id": "water-2026",
                "observed_at": moment,
                "requested_at": moment,
                "method": "GET",
                "url": "https://api.x.com/2/tweets",
                "params": "{}",
                "status": 200,
                "headers": "{}",
                "body": json.dumps({"data": [post("101", impression_count=900 + number)]}),
                "page": 1,
                "elapsed_ms": 1,
                "schema_version": 1,
            }
        )


def test_a_backup_gives_the_same_numbers_elsewhere(built: Path, home: Path, tmp_path: Path) -> None:  # noqa: F811
    data = built.parent
    stopped = threading.Event()

    def go_on_landing() -> None:
        number = 0
        while not stopped.is_set():
            number += 1
            land(data / "landing", number)

    collecting = threading.Thread(target=go_on_landing)
    collecting.start()
    try:
        back_up(data, home / "campaigns", tmp_path / "beside.tar")
    finally:
        stopped.set()
        collecting.join()
    # Beside a collect: whole, and nothing of before is missing.
    beside = rows_of(restored(tmp_path / "beside.tar", tmp_path / "first"))
    assert {row[:7] for row in rows_of(built)["post_daily"]} <= {row[:7] for row in beside["post_daily"]}

    subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", "build"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    back_up(data, home / "campaigns", tmp_path / "after.tar")
    elsewhere = restored(tmp_path / "after.tar", tmp_path / "second")
    assert rows_of(elsewhere) == rows_of(built)
    assert rows_of(elsewhere)["post_daily"]
    shutil.rmtree(data)
    assert (elsewhere.parent / "registry" / "water.toml").is_file()


def test_a_backup_leaves_secrets_and_half_written_files_out(built: Path, home: Path, tmp_path: Path) -> None:  # noqa: F811
    data = built.parent
    (home / ".env").write_text("X_BEARER_TOKEN=secret\n")
    half = next((data / "landing").rglob("*.parquet"))
    half.with_name(f".{half.name}.1.part").write_bytes(b"half")
    back_up(data, home / "campaigns", tmp_path / "archive.tar")
    names = subprocess.run(
        ["tar", "-tf", tmp_path / "archive.tar"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert any(name.endswith(".parquet") for name in names)
    assert [name for name in names if name.endswith((".part", ".env", ".duckdb", ".lock"))] == []
