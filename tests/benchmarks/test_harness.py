"""The benchmarks measure what they say, at a size that takes no time: the pages, the accounts, our side, the
tables. The peers are left out, for they are installed by `make bench` alone.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import results, stages, workers
from benchmarks.__main__ import ALL, BEGINS, ENDS, QUICK, STOPPED, USUAL, main
from benchmarks.comparing import Unequal, alone, check_held, check_served, compare
from benchmarks.pages import GRAPH_FIELDS, POSTS_PER_LIST, Task, counted, looked_up, questions
from benchmarks.running import ROOT, Failed, Run, held_bytes, run, serving

POSTS, POLLS = 230, 2


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """X, polled, through all that is ours."""
    return compare(
        "x",
        "polls",
        POSTS,
        POLLS,
        ("socket", "requests", "land", "ours"),
        rounds={},
        usual_rounds=1,
        at_most_s=60,
        folder=tmp_path_factory.mktemp("homes"),
        say=lambda line: None,
    )


def test_every_side_is_served_the_same_and_ours_holds_it(compared: dict[str, Any]) -> None:
    pages = [page for _, polls in looked_up("x", POSTS, POLLS) for page in polls]

    assert compared["served"]["requests"] == len(pages) == 6
    assert compared["served"]["items"] == POSTS * POLLS
    assert compared["served"]["counted"] == sum(page.counted for page in pages)
    assert list(compared["sides"]) == ["socket", "requests", "land", "ours", "rebuild"]
    assert all(side["items_per_s"] > 0 and side["peak_mb"] > 0 for side in compared["sides"].values())


def test_stages_add_up_to_the_build(compared: dict[str, Any]) -> None:
    rows = {row["stage"]: row for row in stages.table(compared, alone(compared))}
    steps = compared["sides"]["rebuild"]["runs"][-1]["steps"]
    of_the_build = ("readings", "registry", "summaries", "facts", "marts", "checks", "publish")

    seconds = sum(rows[stage]["seconds"] for stage in (*of_the_build, "rest of the build"))

    assert seconds == pytest.approx(steps["build"])
    assert all(rows[stage]["seconds"] > 0 for stage in of_the_build)
    assert rows["Parquet"]["limit_s"] > 0
    assert rows["readings"]["limit_s"] > 0


def test_the_tables_are_made_from_the_json_alone(
    compared: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Wide enough that no cell is folded.
    monkeypatch.setenv("COLUMNS", "400")
    found = {
        "machine": {"cores": "2"},
        "compared": [compared],
        "stages": stages.table(compared, alone(compared)),
    }
    (tmp_path / "found.json").write_text(json.dumps(found), encoding="utf-8")
    page = tmp_path / "benchmarks.md"
    page.write_text(f"Before.\n{BEGINS}\nold\n{ENDS}\nAfter.\n", encoding="utf-8")

    assert main(["--from", str(tmp_path / "found.json"), "--markdown", str(page)]) == 0

    told = {target.name: target for target in results.targets(found)}
    rebuild = told["full rebuild (X, 460 items)"]
    written = page.read_text(encoding="utf-8")
    assert rebuild.measured == compared["sides"]["rebuild"]["items_per_s"]
    assert rebuild.is_met is False
    assert "**X, polls, 460 items (230 posts)**" in written
    assert "| full rebuild (X, 460 items) | at least 150,000 items/s |" in written
    assert written.startswith("Before.\n")
    assert written.endswith("After.\n")
    assert "**Growth with size**" in written
    assert "old" not in written
    assert "ours, to published daily tables" in capsys.readouterr().out


def test_what_is_walked_lands_as_often_as_it_is_there(tmp_path: Path) -> None:
    with serving("graph", "walk", POSTS, 1) as server:
        task = replace(server.task, home=str(tmp_path))
        landed = run("benchmarks.ours", ["land", task.text()])

        served = server.counts()

    assert served["items"] == POSTS
    assert served["requests"] == -(-POSTS // POSTS_PER_LIST) == len(list(questions(task)))
    assert landed.told["answers"] > served["requests"]


def test_a_question_too_many_or_with_other_fields_is_refused() -> None:
    with serving("graph", "polls", 50, 1) as server:
        path, parameters = next(questions(server.task))
        asked = "&".join(f"{name}={value}" for name, value in parameters.items())
        others = asked.replace(GRAPH_FIELDS, "id,shares")

        refused = [_status(server.task, f"{path}?{others}")]
        taken = [_status(server.task, f"{path}?{asked}")]
        refused += [_status(server.task, f"{path}?{asked}")]
        counts = server.counts()
        server.reset()
        again = _status(server.task, f"{path}?{asked}")

    assert (taken, refused) == ([200], [400, 400])
    assert (counts["requests"], counts["refused"]) == (1, 2)
    assert again == 200


def _status(task: Task, target: str) -> int:
    request = urllib.request.Request(task.base + target)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_a_side_that_holds_something_else_ends_the_benchmark() -> None:
    task = Task("", "x", "polls", 100, 1, "")
    served = {"requests": 1, "items": 100, "counted": 7, "bytes": 9}
    moved = sum(counted("x", number, 0) for number in range(100))

    def holding(**told: int) -> Run:
        return Run({"items": 100, "counted": 7, "gained": moved} | told, 1, 1, 1)

    check_held("ours", task, holding(), served)
    for wrong in ({"items": 99}, {"counted": 8}, {"gained": moved - 1}):
        with pytest.raises(Unequal):
            check_held("ours", task, holding(**wrong), served)
    for wrong in ({"bytes": 8}, {"items": 101}, {"refused": 1}):
        with pytest.raises(Unequal):
            check_served("ours", task, served | wrong, dict(served))


def test_a_side_that_fails_or_takes_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"benchmarks\.floors ended with 1"):
        run("benchmarks.floors", ["requests", Task("http://127.0.0.1:9", "x", "polls", 1, 1, "").text()])
    with serving("x", "polls", 1, 1) as server:
        stopped = run("benchmarks.server", [server.task.text()], at_most_s=1)

    assert stopped.is_stopped
    assert stopped.peak_mb > 0


def test_a_target_that_could_not_be_measured_is_told_with_why() -> None:
    def side(rate: float) -> dict[str, float]:
        return {"items_per_s": rate, "seconds": 1.0, "peak_mb": 100.0, "cpu_s": 1.0}

    stopped = {"stopped_after_s": 150.0, "peak_mb": 900.0}

    def at(items: int, **sides: dict[str, float]) -> dict[str, Any]:
        named = {name.replace("_", " ").replace("dlt ", "dlt, "): found for name, found in sides.items()}
        return {"shape": "x", "kind": "polls", "items": items, "posts": items, "sides": named}

    small = at(10_000, ours=side(900.0), dlt_Parquet=side(100.0), dlt_Arrow=stopped)
    small["sides"][results.DLT_PLAIN] = stopped
    large = at(100_000, ours=side(1_000.0), dlt_Parquet=stopped)

    found = {"compared": [small, large]}
    written = results.markdown(found)
    told = {target.name: target for target in results.targets(found)}

    at_large = "X, 100,000 items"
    assert told[f"times the fastest tuned dlt ({at_large}, dlt's rate at 10,000)"].measured == 10
    plain = told[f"times dlt as documented ({at_large})"]
    assert (plain.measured, plain.is_met) == (None, None)
    stopped_or_not = "dlt was not begun at this size, it would be stopped"
    assert f"| at least 10 × |  | not measured: {stopped_or_not} |" in written
    assert "| at most 1 × |  | not measured: dlt was stopped after 150 s, or not begun |" in written
    assert "(X, 1,000,000 items) | at most 500 MB |  | not measured: only --all collects so many |" in written


def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    size = 64 * 2**20
    held = tmp_path / "held"
    held.write_bytes(b"x" * size)
    reads = (
        "import mmap, sys; file = open(sys.argv[1], 'rb'); "
        "held = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ); "
        "held.read(); print(flush=True); sys.stdin.read()"
    )
    with held.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as shared:
        shared.read(size)
        alone = held_bytes(os.getpid())
        with subprocess.Popen(
            [sys.executable, "-S", "-c", reads, str(held)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            other.stdout.readline()
            together = held_bytes(os.getpid()) + held_bytes(other.pid)
            other.communicate()

    assert alone > size
    assert together - alone < size / 2


def test_ctrl_c_ends_the_benchmarks_with_a_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "walk", "--folder", str(tmp_path)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        # The server is up, and what it serves is asked for.
        assert "items" in process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        _, complaints = process.communicate(timeout=60)

    assert process.returncode == STOPPED == 130
    assert "Traceback" not in complaints
    assert complaints.splitlines()[-1].endswith("stopped; nothing was written")


def test_workers_are_measured_where_the_setting_starts_them() -> None:
    with pytest.raises(Failed, match="no worker is started; take") as refused:
        workers.measure(1_000, 1, None)

    found = re.search(r"take ([\d,]+) items", str(refused.value))
    assert found is not None
    enough = int(found[1].replace(",", ""))
    assert all(size.worker_items > enough for size in (QUICK, USUAL, ALL))


def test_the_peers_read_the_pages_without_our_packages() -> None:
    read = "import sys; sys.modules['duckdb'] = sys.modules['requests'] = None; import benchmarks.pages"

    assert subprocess.run([sys.executable, "-S", "-c", read], cwd=ROOT, check=False).returncode == 0
