"""A home to work in, a platform on loopback that answers as told, and the command line as a function."""

from __future__ import annotations

import json
import math
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import connectors
from connectors.sandbox.server import Sandbox
from flows import progress
from flows.cli import main
from flows.collecting.round import prepare
from flows.refresh import refresh
from flows.registry import load
from flows.settings import CREDENTIALS, Settings
from tests.flows.backfill_world import NOON, Gate, gate

X_TOKEN = "secret-of-x-AAAA%2Fbbbb"
FACEBOOK_TOKEN = "EAAsecretOfFacebook"

REGISTRY = """\
id = "water-2026"
name = "Clean Water 2026"
starts = 2026-04-01
ends = 2026-06-30
timezone = "Europe/London"

[[sides]]
id = "ours"
ours = true

[[accounts]]
side = "ours"
platform = "x"
handle = "CleanWaterNow"

[[assets]]
id = "launch-film"
title = "Launch film"
side = "ours"
kind = "video"
posts = ["x:101", "facebook:111_222"]
"""

RETWEETED = {"start": "2026-05-19T00:00:00.000Z", "end": "2026-05-20T00:00:00.000Z", "tweet_count": 3}

Answer = tuple[int, str]


def answer(document: object, status: int = 200) -> Answer:
    return status, json.dumps(document)


def post(post_id: str, **counts: int) -> dict[str, object]:
    return {
        "id": post_id,
        "text": "Water",
        "author_id": "77",
        "created_at": "2026-05-01T10:00:00.000Z",
        "edit_history_tweet_ids": [post_id],
        "public_metrics": {
            "retweet_count": 5,
            "reply_count": 0,
            "like_count": 1,
            "quote_count": 0,
            "bookmark_count": 0,
            "impression_count": 900,
        }
        | counts,
    }


@dataclass
class Vendor:
    """A platform's API on loopback. `answers` are looked up by the longest path that a request begins
    with."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    # Sent with every answer.
    headers: dict[str, str] = field(default_factory=dict)
    # Called with each path before it is answered.
    before: Callable[[str], None] = lambda path: None

    def plays_x(self) -> None:
        """One account with one post and three retweets, and one listed post."""
        user = {"id": "77", "username": "CleanWaterNow", "name": "Clean Water"}
        self.answers |= {
            "/2/users/by": answer({"data": [user]}),
            "/2/users/77/tweets": answer({"data": [post("100")], "meta": {"result_count": 1}}),
            "/2/tweets": answer({"data": [post("101")]}),
            "/2/tweets/counts": answer({"data": [RETWEETED], "meta": {"total_tweet_count": 3}}),
        }


@contextmanager
def serving() -> Iterator[Vendor]:
    """A platform that answers for the time of the block."""
    platform = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            platform.asked.append(self.path)
            platform.before(self.path)
            found = [path for path in platform.answers if self.path.startswith(path)]
            status, body = platform.answers[max(found, key=len)] if found else (404, "{}")
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in platform.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Every platform's double, at a noon of the campaign of 2019."""
    with Sandbox(now=NOON) as running:
        yield running


@pytest.fixture
def door(sandbox: Sandbox) -> Iterator[Gate]:
    """The one way to the sandbox, which counts what is asked."""
    with gate(sandbox.url) as found:
        yield found


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as platform:
        yield platform


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a registry; nothing of the tester's own settings reaches it."""
    for name in list(os.environ):
        if name.partition("_")[0].lower() in CREDENTIALS:
            monkeypatch.delenv(name)
    for name in [name for name in os.environ if name.startswith("CAMPAIGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    # As on a terminal that is wide enough.
    monkeypatch.setenv("COLUMNS", "10000")
    # On a machine that is busy a command may go on for long enough to say how far it is.
    monkeypatch.setattr(progress, "LINE_EVERY_S", math.inf)
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "water.toml").write_text(REGISTRY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of one collect and one build of a campaign with two posts."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "water.toml").write_text(REGISTRY)
    registry = load(folder / "water.toml", connectors.discover())
    with serving() as vendor:
        vendor.plays_x()
        settings = Settings(CAMPAIGN_HOME=folder / "data", X_API_URL=vendor.url, X_BEARER_TOKEN=X_TOKEN)
        moment = datetime(2026, 5, 20, 12, tzinfo=UTC)
        prepared = prepare(["x"], settings=settings, registry=registry, clock=moment, as_of=moment)
        assert prepared.take_all().is_success
    refresh(settings, registry)
    return folder / "data"


@pytest.fixture
def built(made: Path, home: Path) -> Path:
    """A home that holds that data; gives its published warehouse."""
    shutil.copytree(made, home / "data")
    return home / "data" / "warehouse.duckdb"


@pytest.fixture
def x_only(home: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """X on loopback with a token, and no credential for Facebook."""
    vendor.plays_x()
    monkeypatch.setenv("X_API_URL", vendor.url)
    monkeypatch.setenv("X_BEARER_TOKEN", X_TOKEN)
    return vendor


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def campaign(home: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command in this process: campaign("collect", "--all")."""
    return commands(capfd)


def commands(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """What runs a command in this process, and tells what it said."""

    def run(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capfd.readouterr()
        return Said(int(left.value.code or 0), out, err)

    return run


def everything_written(folder: Path) -> bytes:
    """Every byte under a folder, Parquet also as its plain values."""
    import pyarrow.parquet as pq

    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.append(path.read_bytes())
            if path.suffix == ".parquet":
                found.append(str(pq.ParquetFile(path).read().to_pylist()).encode())
    return b"\n".join(found)
