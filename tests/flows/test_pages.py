"""The reports on loopback: what is served, what is not, and to whom."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from flows.answers.reporting import write_reports
from flows.answers.reports import DAYS_IN_SIGHT, Reports, index_page
from flows.scheduled.pages import reports_served
from flows.scheduled.serving import _reports
from flows.settings import Settings
from tests.flows.conftest import Said
from tests.unprivileged import unreadable

HOSTILE = "<b>&\"'"
DAYS = [f"2026-05-{day:02d}" for day in range(1, DAYS_IN_SIGHT + 3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of two campaigns, and what lies in and beside the folder and is nobody's business."""
    home = tmp_path_factory.mktemp("pages")
    (home / "warehouse.duckdb").write_text("secret")
    reports = home / "reports"
    for name in ("water-2026", HOSTILE):
        for day in DAYS:
            (reports / name / day).mkdir(parents=True)
            (reports / name / day / "report.html").write_text(f"<!doctype html><title>{day}</title>")
        for latest in ("latest", "latest-tables"):
            (reports / name / latest).symlink_to(DAYS[-1])
    newest = reports / "water-2026" / DAYS[-1]
    for form in ("csv", "json", "parquet"):
        (newest / form).mkdir()
        (newest / form / f"posts.{form}").write_text(form)
    (newest / ".report.html.half").write_text("secret")
    (newest / "run.js").write_text("alert(1)")
    (reports / ".hidden").mkdir()
    (reports / ".hidden" / "report.html").write_text("secret")
    (reports / "unhidden").symlink_to(".hidden")
    (reports / "outside").symlink_to(home)
    (reports / "water-2026" / "outside.html").symlink_to(home / "warehouse.duckdb")
    (reports / "round").symlink_to("round")
    os.mkfifo(reports / "pipe.html")
    (reports / "empty").mkdir()
    return reports


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with reports_served(folder, 0) as address:
        yield address


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Message
    body: bytes


def asked(address: str, path: str, method: str = "GET", **headers: str) -> Answered:
    """An answer to a path as it is; a client for people would put it right first."""
    parts = urlsplit(address)
    with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=60)) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return Answered(response.status, response.headers, response.read())


def test_the_newest_report_and_its_tables_are_served_in_their_types(address: str) -> None:
    for path, kind, content in (
        ("report.html", "text/html; charset=utf-8", f"<!doctype html><title>{DAYS[-1]}</title>"),
        ("csv/posts.csv", "text/csv; charset=utf-8", "csv"),
        ("json/posts.json", "application/json", "json"),
        ("parquet/posts.parquet", "application/vnd.apache.parquet", "parquet"),
        ("run.js", "application/octet-stream", "alert(1)"),
    ):
        answer = requests.get(f"{address}/water-2026/latest/{path}", timeout=60)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
        assert answer.text == content
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")


def test_what_did_not_change_is_not_sent_again_and_what_did_is(address: str, folder: Path) -> None:
    page = folder / "water-2026" / DAYS[0] / "report.html"
    at = f"{address}/water-2026/{DAYS[0]}/report.html"
    first = requests.get(at, timeout=60)
    known = {"If-None-Match": first.headers["ETag"]}
    assert requests.get(at, headers=known, timeout=60).status_code == 304
    page.write_text("<!doctype html><title>again</title>")
    assert requests.get(at, headers=known, timeout=60).text.endswith("again</title>")


@pytest.mark.parametrize(
    "path",
    [
        "/water-2026",
        "/water-2026/",
        "/water-2026/latest/csv/",
        "/water-2026/latest/.report.html.half",
        "/.hidden/report.html",
        "/unhidden/report.html",
        "/outside/warehouse.duckdb",
        "/water-2026/outside.html",
        "/../warehouse.duckdb",
        "/%2e%2e/warehouse.duckdb",
        "/..%2fwarehouse.duckdb",
        "/water-2026/..%2f..%2f..%2fwarehouse.duckdb",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/%00",
        "/water-2026/latest/report.html%00.csv",
        "/round/report.html",
        "/pipe.html",
        "/" + "a" * 5000,
        "/\\warehouse.duckdb",
    ],
)
def test_what_is_no_file_of_the_reports_is_not_there(address: str, path: str) -> None:
    answer = asked(address, path)
    assert answer.status == 404
    assert b"secret" not in answer.body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/water-2026/latest/report.html"])
def test_nothing_can_be_done_but_read(address: str, folder: Path, method: str, path: str) -> None:
    assert asked(address, path, method).status == 405
    assert (folder / "water-2026" / "latest" / "report.html").is_file()


def test_the_head_of_an_answer_can_be_had_alone(address: str) -> None:
    for path in ("/", "/water-2026/latest/report.html"):
        answer = asked(address, path, "HEAD")
        assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4201", "127.0.0.1.evil.example", "[::1]", ""])
def test_a_page_elsewhere_whose_name_leads_here_is_refused(address: str, host: str) -> None:
    answer = asked(address, "/water-2026/latest/report.html", Host=host)
    assert answer.status == 400
    assert b"2026" not in answer.body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:4201", "127.0.0.1:4201"])
def test_this_machine_is_answered_under_its_names(address: str, host: str) -> None:
    assert asked(address, "/water-2026/latest/report.html", Host=host).status == 200


def test_only_this_machine_is_answered(address: str) -> None:
    # Nobody who has the port on every address would leave this one free.
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", int(address.rpartition(":")[2])))


def test_the_first_page_leads_to_every_report_and_to_the_newest_tables(address: str) -> None:
    page = requests.get(address, timeout=60)
    targets = re.findall(r'href="([^"]+)"', page.text)
    assert {f"/water-2026/{day}/report.html" for day in (*DAYS, "latest")} <= set(targets)
    assert {f"/water-2026/latest-tables/{form}/posts.{form}" for form in ("csv", "json", "parquet")} <= set(
        targets
    )
    for target in targets:
        assert requests.get(f"{address}{target}", timeout=60).status_code == 200, target
    assert "Saturday, 16 May 2026" in page.text
    assert "Earlier days <span>(2)</span>" in page.text
    assert not [target for target in targets if "hidden" in target or "empty" in target]


def test_a_name_on_the_first_page_is_no_markup(address: str) -> None:
    page = requests.get(address, timeout=60).text
    assert "<h2" in page
    assert HOSTILE not in page
    assert "&lt;b&gt;&amp;&#34;&#39;</h2>" in page


def test_a_campaign_stands_on_the_first_page_by_its_name(tmp_path: Path) -> None:
    for folder, title in (
        ("water-2026", "Water &amp; &lt;b&gt;rivers&lt;/b&gt;, 2026, 1 May 2026"),
        ("later", "untitled"),
    ):
        (tmp_path / folder / "2026-05-01").mkdir(parents=True)
        page = f"<!doctype html><title>{title}</title>"
        (tmp_path / folder / "2026-05-01" / "report.html").write_text(page)
    with reports_served(tmp_path, 0) as address:
        page = requests.get(address, timeout=60).text
    assert "Water &amp; &lt;b&gt;rivers&lt;/b&gt;, 2026</h2>\n<p><code>water-2026</code></p>" in page
    assert ">later</h2>" in page
    assert "<b>rivers" not in page


def test_a_report_is_listed_by_the_name_that_its_own_page_has(built: Path) -> None:
    reports = built.parent / "reports"
    (report,) = write_reports(built, reports, datetime(2026, 5, 20, 12, tzinfo=UTC))
    (listed,) = Reports(reports, "/").listed().campaigns
    assert (listed.campaign_id, listed.name) == (report.campaign_id, "Clean Water 2026")


def test_a_folder_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    for name in ("water-2026", "locked"):
        (tmp_path / name / "2026-05-01").mkdir(parents=True)
        (tmp_path / name / "2026-05-01" / "report.html").write_text("<p>")
    listed = Reports(tmp_path, "/").listed()
    assert ([each.name for each in listed.campaigns], listed.unreadable) == (["locked", "water-2026"], ())
    with unreadable(tmp_path / "locked"):
        page = index_page(Reports(tmp_path, "/"))
    assert ">water-2026</h2>" in page
    assert ">locked</h2>" not in page
    assert "<code>locked</code> cannot be read" in page
    with unreadable(tmp_path):
        page = index_page(Reports(tmp_path, "/"))
    assert f"<code>{tmp_path.name}</code> cannot be read" in page
    assert "No report has been written" not in page


def test_before_the_first_report_the_page_says_how_to_have_one(tmp_path: Path) -> None:
    with reports_served(tmp_path / "reports", 0) as address:
        assert "No report has been written yet" in requests.get(address, timeout=60).text
        missing = requests.get(f"{address}/water-2026/latest/report.html", timeout=60)
        assert missing.status_code == 404
        assert "`campaign report`" in missing.text
        (tmp_path / "reports" / "water-2026" / "2026-05-01").mkdir(parents=True)
        (tmp_path / "reports" / "water-2026" / "2026-05-01" / "report.html").write_text("<p>")
        assert "Friday, 1 May 2026" in requests.get(address, timeout=60).text


def test_when_serving_ends_the_port_is_free(tmp_path: Path) -> None:
    with reports_served(tmp_path, 0) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), reports_served(tmp_path, port):
            pass
    with reports_served(tmp_path, port) as again:
        assert again == address


def test_the_runs_of_serve_link_to_its_pages_unless_the_settings_name_others(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for elsewhere in (None, "https://campaigns.example/reports"):
        monkeypatch.setattr(os, "environ", dict(os.environ))
        if elsewhere is not None:
            monkeypatch.setenv("CAMPAIGN_REPORTS_URL", elsewhere)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with _reports(Settings(), port) as address:
            assert address == f"http://127.0.0.1:{port}"
            assert Settings().reports_url == (elsewhere or address)
        monkeypatch.delenv("CAMPAIGN_REPORTS_URL")


def test_a_taken_port_for_the_reports_is_one_line_that_names_the_fix(
    campaign: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    monkeypatch.setattr(os, "environ", kept)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    prefect_yaml = str(Path(__file__).parents[2] / "prefect.yaml")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = campaign("serve", "--file", prefect_yaml, "--reports-port", str(port))
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith(f"campaign: port {port}, for the reports, cannot be had")
    assert f"campaign serve --reports-port {port + 1}" in said.err
    assert "--reports-port 0" in said.err
