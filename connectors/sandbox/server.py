"""The sandbox's server: all faces over HTTP, on loopback only.

Beside the platforms' (`/x/…`, `/facebook/{version}/…`) it has two doors of its own: `GET` and `PUT /clock`
(an ISO time with an offset) and `GET` and `PUT /faults` (a JSON list, see `faults.py`).
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from types import TracebackType
from typing import Any
from urllib.parse import unquote_plus

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.sandbox import SETTINGS, faces, faults
from connectors.sandbox.exchange import Answer, Asked, parse_query
from connectors.sandbox.faults import Faults, UnknownFault
from connectors.sandbox.growth import Moment
from connectors.sandbox.world import World, shipped_world

_TOKENS_SENT = re.compile(
    r"(?:^|&)(?:access_token|refresh_token|id_token|appsecret_proof|client_secret|key)=([^&]+)"
)
_TOKENS_GIVEN = re.compile(rb'(?:access|refresh|id)_token\\*"\s*:\s*\\*"([^"\\]+)')
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class _CutOff(Response):
    """Promises a whole answer, sends half of it, and lets the server close the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send(
            {"type": "http.response.body", "body": bytes(self.body)[: len(self.body) // 2], "more_body": True}
        )


class Service:
    """The state of a running sandbox: a world, its faces, a clock and a programme of faults."""

    def __init__(self, world: World, now: datetime | None = None) -> None:
        self.world = world
        self.clock = Moment.at(world.ends) if now is None else Moment.of(now)
        self.faults = Faults()
        # The latest requests, as `GET /x/2/tweets?ids=1`; with their tokens.
        self.requests: deque[str] = deque(maxlen=20_000)
        # Every token that was sent here or given out.
        self.tokens: set[str] = set()
        self._faces = {
            platform: module.face(world, partial(self._intercept, platform))
            for platform, module in faces().items()
        }

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/clock", self._clock, methods=["GET", "PUT"]),
                Route("/faults", self._faults, methods=["GET", "PUT"]),
                Route("/{platform}/{path:path}", self._face, methods=_METHODS),
            ]
        )

    async def _clock(self, request: Request) -> Response:
        if request.method == "PUT":
            text = (await request.body()).decode("utf-8", "replace").strip().strip('"')
            try:
                instant = datetime.fromisoformat(text)
            except ValueError:
                return _plain(400, f"not an ISO time: {text[:60]}")
            if instant.tzinfo is None:
                return _plain(400, "the time needs an offset, as in 2019-11-15T18:00:00+00:00")
            self.clock = Moment.of(instant)
        return _json(200, {"now": self.clock.instant.isoformat()})

    async def _faults(self, request: Request) -> Response:
        if request.method == "PUT":
            try:
                self.faults.program(orjson.loads(await request.body()))
            except (orjson.JSONDecodeError, UnknownFault, TypeError, ValueError) as error:
                return _plain(400, str(error))
        return _json(200, self.faults.as_json())

    async def _face(self, request: Request) -> Response:
        scope = request.scope
        face = self._faces.get(request.path_params["platform"])
        if face is None:
            doors = ", ".join(f"/{name}" for name in (*self._faces, "clock", "faults"))
            return _plain(404, f"the sandbox has {doors}")
        query_text = scope["query_string"].decode("latin-1")
        address = f"{scope['path']}?{query_text}" if query_text else scope["path"]
        self.requests.append(f"{scope['method']} {address}")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        now = self.clock
        if "date" in headers:
            try:
                instant = parsedate_to_datetime(headers["date"])
            except ValueError:
                return _plain(400, "the Date header is not an HTTP date")
            now = Moment.of(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
        body = await request.body() if scope["method"] != "GET" else b""
        path = "/" + request.path_params["path"]
        asked = Asked(scope["method"], path, parse_query(query_text), headers, body, now)
        fault = self.faults.take(address)
        if fault is not None and fault.name == "stalled":
            await _stall(request, float(fault.options.get("seconds", 30)))
            return _plain(504, "stalled")
        platform = request.path_params["platform"]
        try:
            if fault is None or fault.name in ("cut_off", "null_item"):
                answer = face.answer(asked)
            else:
                answer = faults.answer(fault, platform, asked, lambda: face.answer(asked))
        except UnknownFault as error:
            return _plain(400, str(error))
        kind = _CutOff if fault is not None and fault.name == "cut_off" else Response
        self._remember_tokens(query_text, body, headers.get("authorization", ""), answer.body)
        response = kind(answer.body, answer.status, answer.headers)
        response.headers["date"] = format_datetime(now.instant, usegmt=True)
        return response

    def _remember_tokens(self, query: str, sent: bytes, authorization: str, given: bytes) -> None:
        for text in (query, sent.decode("utf-8", "replace")):
            self.tokens.update(map(unquote_plus, _TOKENS_SENT.findall(text)))
        if authorization.startswith("Bearer "):
            self.tokens.add(authorization.removeprefix("Bearer "))
        self.tokens |= {token.decode("utf-8", "replace") for token in _TOKENS_GIVEN.findall(given)}

    def _intercept(self, platform: str, relative_url: str) -> Answer | None:
        """Faults for requests inside a batch."""
        fault = self.faults.take(relative_url)
        if fault is None:
            return None
        if fault.name in ("null_item", "stalled", "cut_off"):
            return faults.NULL_ITEM
        path, _, query = relative_url.partition("?")
        asked = Asked("GET", "/" + path.lstrip("/"), parse_query(query), {}, b"", self.clock)
        return faults.answer(fault, platform, asked, lambda: Answer(200, b'{"data":[]}'))


async def _stall(request: Request, seconds: float) -> None:
    async def until_the_client_is_gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(until_the_client_is_gone(), seconds)
    except TimeoutError:
        return


def _plain(status: int, text: str) -> Response:
    return Response(text + "\n", status, media_type="text/plain")


def _json(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def _listen(port: int) -> socket.socket:
    """A socket that takes connections from now on; they wait until the server runs. Loopback only."""
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is; each answer took 40
    # ms otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _server(service: Service) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            service.app(),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
    )


def serve(
    port: int = 0, *, now: datetime | None = None, announce: Callable[[int], None] = lambda port: None
) -> None:
    """Serves the shipped worlds until interrupted. `announce` is called with the port once connections are
    taken; port 0 takes a free one; `now` is the server's own clock, the end of the newest world unless given.

    Raises OSError when the port is taken.
    """
    listener = _listen(port)
    with listener:
        server = _server(Service(shipped_world(), now))
        announce(listener.getsockname()[1])
        server.run(sockets=[listener])


class Sandbox:
    """A sandbox in a thread of this process, for the time of a `with` block.

    >>> with Sandbox(now=datetime(2019, 11, 15, 18, tzinfo=UTC)) as sandbox:
    ...     requests.get(sandbox.x_url + "/2/tweets", ...)
    """

    def __init__(self, *, now: datetime | None = None, port: int = 0, world: World | None = None) -> None:
        self.service = Service(world or shipped_world(), now)
        self._port = port

    def __enter__(self) -> Sandbox:
        self._listener = _listen(self._port)
        self._port = self._listener.getsockname()[1]
        self._server = _server(self.service)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="sandbox", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def x_url(self) -> str:
        return f"{self.url}/x"

    @property
    def facebook_url(self) -> str:
        return f"{self.url}/facebook"

    @property
    def settings(self) -> dict[str, str]:
        return SETTINGS(self._port)

    @property
    def world(self) -> World:
        return self.service.world

    @property
    def requests(self) -> list[str]:
        """What was asked so far, as `GET /x/2/tweets?ids=1`; tokens included."""
        return list(self.service.requests)

    @property
    def tokens(self) -> frozenset[str]:
        """Every token that was sent to the sandbox or given out by it, for who looks where none may be."""
        return frozenset(self.service.tokens)

    def set_clock(self, now: datetime) -> None:
        """For requests without a `Date` header."""
        self.service.clock = Moment.of(now)

    def program(self, *programme: Mapping[str, Any]) -> None:
        """The faults from now on: `program({"match": "/tweets", "fault": "html_502", "times": 2})`."""
        self.service.faults.program(programme)
