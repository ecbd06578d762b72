"""`docs/errors.md` against the code: each row of its first table is sent over HTTP and judged as in a run."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import connectors
from connectors import errors, sandbox
from connectors.asking import Ask
from connectors.sandbox import faults
from connectors.sandbox.server import Sandbox
from connectors.wire import WireSession
from flows.collecting.round import TOLD_ONLY, prepare
from flows.registry import load
from flows.settings import Settings
from tests.connectors.conftest import NOW, Wire
from tests.connectors.loopback import Answer, Loopback, dripping

Connect = Callable[..., Wire]

CONNECTORS = connectors.discover()
DOCUMENT = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
COLUMNS = [
    *("platform", "status", "the answer", "header", "it means", "we call it", "tries", "ends the run"),
    *("exit", "sandbox"),
]
_CELL = re.compile(r"`([^`]+)`|[^|`]+")


@dataclass(frozen=True)
class Row:
    platform: str
    status: str
    answer: str
    header: str
    names: tuple[str, ...]
    tries: int
    ends_the_run: str
    exit: str
    sandbox: str

    def __str__(self) -> str:
        return " ".join(
            part for part in (self.platform, self.status, self.answer[:40], self.header[:24]) if part
        )

    @property
    def told_apart_by(self) -> str:
        """What stands in code marks; empty for what no HTTP answer can express."""
        found = re.match(r"`([^`]*)`", self.answer)
        return found[1] if found else ""

    @property
    def words(self) -> str:
        return self.answer.rpartition("`")[2].strip()


def cells(line: str) -> list[str]:
    """The cells of a table's line; a bar inside code marks is none of the table's."""
    return [cell.strip() for cell in re.split(r"\|(?=(?:[^`]*`[^`]*`)*[^`]*$)", line.strip().strip("|"))]


def table() -> list[Row]:
    """The first table, one row for each platform that has a connector."""
    lines = [line for line in DOCUMENT.splitlines() if line.startswith("|")]
    assert cells(lines[0]) == COLUMNS
    rows = []
    for line in lines[2:]:
        if len(found := cells(line)) != len(COLUMNS):
            break
        named, status, answer, header, _, names, tries, ends, exits, fault = found
        platforms = list(CONNECTORS) if named == "any" else named.split(", ")
        for platform in platforms:
            if platform in CONNECTORS:
                row = Row(
                    *(platform, status, answer, header.strip("`"), tuple(names.split(" or "))),
                    *(int(tries), ends, exits, fault),
                )
                rows.append(row)
    return rows


ROWS = table()
every_row = pytest.mark.parametrize("row", ROWS, ids=str)


def body_of(row: Row) -> Any:
    """The body that a platform sends with that code and those words."""
    told, words = row.told_apart_by, row.words
    if not words:
        return told.strip()
    match row.platform:
        case "x" if told.isdecimal():
            return {"errors": [{"code": int(told), "message": words}]}
        case "x":
            kind = told if told == "about:blank" else f"https://api.twitter.com/2/problems/{told}"
            return {"title": words, "detail": words, "type": kind, "status": int(row.status)}
        case "facebook" | "instagram":
            code, _, subcode = told.partition("/")
            error: dict[str, Any] = {"message": words, "type": "OAuthException", "code": int(code)}
            return {"error": error | ({"error_subcode": int(subcode)} if subcode else {})}
        case "youtube" if told == "invalid_grant":
            return {"error": told, "error_description": words}
        case "youtube":
            entry = {"message": words, "domain": "youtube", "reason": told}
            return {"error": {"code": int(row.status), "message": words, "errors": [entry]}}
        case "tiktok":
            return {"data": {}, "error": {"code": told, "message": words, "log_id": "20261102"}}
    raise AssertionError(f"no body is known for {row.platform}")


def headers_of(row: Row) -> dict[str, str]:
    name, _, value = row.header.partition(": ")
    if re.fullmatch(r"[+-]\d+", value):
        value = str(int((NOW + timedelta(seconds=int(value))).timestamp()))
    return {name: value} if name else {}


def ask(wire: Wire, row: Row) -> errors.Trouble:
    """What one request of the platform is answered with."""
    url = f"{CONNECTORS[row.platform].SDK_URL}/anything"
    with wire.session.asking("anything", "c1"), pytest.raises(errors.Trouble) as met:
        wire.session.get(url)
    return met.value


def agrees(trouble: errors.Trouble, row: Row) -> None:
    assert trouble.kind in row.names, str(trouble)
    assert isinstance(trouble, errors.ENDS_THE_RUN) == (row.ends_the_run == "yes")
    expected = "0" if trouble.kind in TOLD_ONLY else "0/1" if trouble.kind == "Gone" else "1"
    assert row.exit == expected
    assert str(trouble).startswith(f"{row.platform}: ")
    assert "\n" not in str(trouble)


@pytest.mark.parametrize("row", [row for row in ROWS if row.told_apart_by], ids=str)
def test_an_answer_is_called_what_the_table_says(row: Row, server: Loopback, connect: Connect) -> None:
    server.on("/anything", Answer(body_of(row), status=int(row.status), headers=headers_of(row)))
    wire = connect(CONNECTORS[row.platform])
    agrees(ask(wire, row), row)
    assert len(server.asked) == len(wire.rows) == row.tries
    assert wire.session.report.retries == len(wire.slept) == row.tries - 1
    assert all(0 < seconds <= 901 for seconds in wire.slept)


# Where names are looked up slowly, each look-up takes its time: one platform's speak for all.
UNANSWERED = [
    row
    for row in ROWS
    if not row.told_apart_by and (row.answer != "no such host" or row.platform == "facebook")
]


@pytest.mark.parametrize("row", UNANSWERED, ids=str)
def test_no_answer_is_called_what_the_table_says(row: Row, server: Loopback, connect: Connect) -> None:
    def connected(url: str) -> Wire:
        return connect(CONNECTORS[row.platform], base_url=url, timeout=(2, 0.05), longest_answer_s=0.05)

    match row.answer:
        case "no such host":
            wire = connected("http://platform.invalid")
            wire.session.proxies = {}
            trouble = ask(wire, row)
        case "connection refused":
            with socket.create_server(("127.0.0.1", 0)) as gone:
                port = gone.getsockname()[1]
            trouble = ask(wire := connected(f"http://127.0.0.1:{port}"), row)
        case "stalled":
            with socket.create_server(("127.0.0.1", 0)) as listening:
                trouble = ask(wire := connected(f"http://127.0.0.1:{listening.getsockname()[1]}"), row)
        case "dripping":
            with dripping(b"HTTP/1.1 200 OK\r\n\r\n{") as url:
                trouble = ask(wire := connected(url), row)
        case "cut off":
            server.on("/anything", Answer({"data": []}, is_cut=True))
            trouble = ask(wire := connected(server.url), row)
        case other:
            raise AssertionError(f"nobody knows how {other!r} goes")
    agrees(trouble, row)
    assert wire.rows == []
    assert len(wire.slept) == row.tries - 1


FAULTY = [
    row
    for row in ROWS
    if row.platform in sandbox.faces()
    if row.sandbox and row.sandbox.split()[0] in faults.known_on(row.platform)
]


@pytest.fixture(scope="module")
def double() -> Any:
    with Sandbox(now=NOW) as running:
        yield running


@pytest.mark.parametrize("row", FAULTY, ids=str)
def test_the_sandbox_answers_so_too(row: Row, double: Sandbox, connect: Connect) -> None:
    name, *options = row.sandbox.split()
    told = {key: json.loads(value) for key, value in (option.split("=") for option in options)}
    double.program({"match": "/anything", "fault": name, "times": 9, **told})
    before = len(double.requests)
    wire = connect(
        CONNECTORS[row.platform],
        base_url=f"{double.url}/{row.platform}",
        timeout=(2, 0.05 if name == "stalled" else 5),
    )
    agrees(ask(wire, row), row)
    assert len(double.requests) - before == row.tries


POST = "1194256123456789012"
REGISTRY = f"""
id = "c1"
name = "One"
starts = 2026-10-01
ends = 2026-12-01
timezone = "UTC"
sides = [{{ id = "ours", ours = true }}]
accounts = [{{ side = "ours", platform = "x", handle = "Ours" }}]
assets = [{{ id = "film", title = "Film", side = "ours", kind = "video", posts = ["x:{POST}"] }}]
"""
TROUBLES = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, errors.Trouble) and found is not errors.Trouble
}


@pytest.mark.parametrize(
    ("kind", "about"), [*((kind, "account Ours") for kind in TROUBLES), ("Gone", f"post {POST}")]
)
def test_a_round_that_meets_a_trouble_fails_where_the_table_says_so(
    kind: str, about: str, server: Loopback, tmp_path: Path
) -> None:
    trouble = TROUBLES[kind]("x", f"x: the {about} made trouble; see to it")
    x = CONNECTORS["x"]
    stub = ModuleType("x")

    def collect(ask: Ask, session: WireSession, credential: str, **options: object) -> None:
        with session.asking("timeline", "c1"):
            session.get(f"{x.SDK_URL}/2/users/1/tweets")
        with session.costing_only_this():
            raise trouble

    stub.__dict__.update({**vars(x), "collect": collect})
    (tmp_path / "one.toml").write_text(REGISTRY)
    server.on("/2/users/1/tweets", Answer({"meta": {"result_count": 0}}))
    prepared = prepare(
        ["x"],
        settings=Settings(CAMPAIGN_HOME=tmp_path / "data", X_API_URL=server.url, X_BEARER_TOKEN="token-of-x"),
        registry=load(tmp_path / "one.toml", {"x": stub}),
        clock=NOW,
        as_of=NOW,
        connectors={"x": stub},
    )
    report = prepared.take("x")
    expected = "ok" if is_told_only(kind, about) else "partial"
    assert report.outcome == ("failed" if isinstance(trouble, errors.ENDS_THE_RUN) else expected)
    exits = {row.exit for row in ROWS if row.names == (kind,)} or {"0" if kind in TOLD_ONLY else "1"}
    code = "0" if prepared.report([report]).is_success else "1"
    assert exits in ({code}, {"0/1"})


def is_told_only(kind: str, about: str) -> bool:
    """A post that is gone is everyday; an account is not."""
    return kind in TOLD_ONLY or (kind == "Gone" and about.startswith("post"))


def test_every_fault_that_the_table_names_is_the_sandboxs() -> None:
    known = {name for platform in sandbox.faces() for name in faults.known_on(platform)}
    assert {row.sandbox.split()[0] for row in ROWS if row.sandbox} <= known


@pytest.mark.parametrize("platform", CONNECTORS)
def test_every_platform_has_its_rows(platform: str) -> None:
    assert re.search(rf"^\| (?:\w+, )*{platform}(?:, \w+)* \|", DOCUMENT, re.MULTILINE)


def test_every_trouble_has_its_row() -> None:
    named = set(re.findall(r"[A-Z]\w+", " ".join(line for line in DOCUMENT.splitlines() if line[:1] == "|")))
    assert set(TROUBLES) <= named
