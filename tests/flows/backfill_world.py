"""A campaign's folder, a sandbox, and a gate before it that counts what is asked and can hold it back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import requests

import connectors
from flows.collecting.round import PlatformReport, prepare
from flows.history.backfilling import Backfill, BackfillReport, Follower, prepare_backfill
from flows.registry import load
from flows.settings import Settings

REGISTRY = """\
id = "uk-2019"
name = "UK 2019"
starts = 2019-10-29
ends = 2019-12-12
timezone = "Europe/London"

[[sides]]
id = "ours"
ours = true

[[sides]]
id = "theirs"
ours = false

[[accounts]]
side = "ours"
platform = "facebook"
handle = "uklabour"

[[accounts]]
side = "theirs"
platform = "facebook"
handle = "conservatives"

[[accounts]]
side = "ours"
platform = "x"
handle = "UKLabour"

[[accounts]]
side = "ours"
platform = "youtube"
handle = "@UKLabour"

[[assets]]
id = "vote"
title = "Vote"
side = "ours"
kind = "hashtag"
hashtag = "VoteLabour"
"""

NOON = datetime(2019, 11, 20, 12, tzinfo=UTC)


class Gate:
    """A server that hands every request on to the sandbox. `before` is called with the number of each, from
    1, and may hold it back.
    """

    def __init__(self, behind: str) -> None:
        self.behind = behind
        self.url = ""
        self.asked: list[str] = []
        # The port of whoever asked, by the number of the request.
        self.ports: dict[int, int] = {}
        self.before: Callable[[int], None] = lambda number: None
        self.lock = threading.Lock()

    def take(self, path: str, port: int) -> int:
        with self.lock:
            self.asked.append(path)
            self.ports[len(self.asked)] = port
            return len(self.asked)

    def of(self, part: str) -> list[dict[str, str]]:
        """The parameters of the requests whose path holds the part."""
        return [
            {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
            for path in self.asked
            if part in urlsplit(path).path
        ]


@contextmanager
def gate(behind: str) -> Iterator[Gate]:
    """A gate before the sandbox for the time of the block."""
    found = Gate(behind)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found.before(found.take(self.path, self.client_address[1]))
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host",)}
            answer = requests.request(
                self.command,
                found.behind + self.path,
                data=body or None,
                headers={**kept, "Accept-Encoding": "identity"},
                timeout=30,
            )
            try:
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name.lower() not in (
                        "transfer-encoding",
                        "content-length",
                        "connection",
                        "server",
                        "date",
                    ):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)
            except OSError:
                # Whoever asked was killed.
                self.close_connection = True

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Home:
    """A folder with a registry, and the settings that the environment has."""

    def __init__(self, folder: Path, door: Gate, registry: str = REGISTRY) -> None:
        self.folder = folder
        self.door = door
        (folder / "campaign.toml").write_text(registry, encoding="utf-8")
        self.registry = load(folder / "campaign.toml", connectors.discover())
        self.settings = Settings(CAMPAIGN_HOME=folder / "data")

    def backfill(
        self,
        start: str,
        end: str,
        *platforms: str,
        clock: datetime = NOON,
        is_dry: bool = False,
        again: bool = False,
    ) -> Backfill:
        return prepare_backfill(
            date.fromisoformat(start),
            date.fromisoformat(end),
            platforms or None,
            settings=self.settings,
            registry=self.registry,
            clock=clock,
            as_of=clock,
            is_dry=is_dry,
            is_again=again,
        )

    def fill(
        self, start: str, end: str, *platforms: str, clock: datetime = NOON, progress: Follower | None = None
    ) -> BackfillReport:
        return self.backfill(start, end, *platforms, clock=clock).take_all(progress)

    def collect(self, platform: str, clock: datetime) -> PlatformReport:
        prepared = prepare(
            [platform], settings=self.settings, registry=self.registry, clock=clock, as_of=clock
        )
        (report,) = prepared.take_all().platforms
        return report

    def landed(self, endpoint: str) -> list[dict[str, object]]:
        """The landed responses of an endpoint."""
        return [
            row
            for file in sorted(self.settings.landing.glob(f"platform=*/endpoint={endpoint}/*/*.parquet"))
            for row in pq.ParquetFile(file).read().to_pylist()
        ]
