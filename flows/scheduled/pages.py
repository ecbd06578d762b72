"""The folder of reports on loopback, for the time of `campaign serve`: read only, and for this machine's own
browsers.

A page elsewhere whose name leads to 127.0.0.1 (DNS rebinding) is refused by the name it asks for; embedding
what lies here is forbidden to browsers by headers. Hidden files, folders, and what a link leads to outside of
this one are not there.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.answers.reports import Reports, index_page

HOST = "127.0.0.1"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # The same day once more takes the place of what was there, and `latest` leads elsewhere tomorrow.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def reports_app(folder: Path) -> Starlette:
    """The folder over HTTP: a page that lists what lies in it, and its files."""

    def index(request: Request) -> Response:
        return HTMLResponse(index_page(Reports(folder, "/")))

    return Starlette(
        routes=[Route("/", index), Mount("/", _Files(directory=folder, check_dir=False))],
        middleware=[
            Middleware(_WithHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False),
        ],
        exception_handlers={404: _nothing_there},
    )


@contextmanager
def reports_served(folder: Path, port: int) -> Iterator[str]:
    """The folder on a port of loopback, for the time of the block; gives its address. Port 0 takes a free
    one. Raises OSError when the port cannot be had."""
    with _listening(port) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                reports_app(folder),
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                limit_concurrency=64,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],), name="reports", daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # asyncio turns Nagle's algorithm off only where the protocol is named.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(64)
        yield listener


class _Files(StaticFiles):
    """What lies in the folder and is no secret of it, in types that no browser guesses at."""

    async def check_config(self) -> None:
        """The folder may come later: the first report makes it."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        nothing = "", None
        try:
            full_path, status = super().lookup_path(path)
            if status is None or not os.access(full_path, os.R_OK):
                return nothing
        except OSError:
            # A name that is too long, a folder that may not be read, links that lead in a circle.
            return nothing
        inside = PurePath(full_path).relative_to(os.path.realpath(str(self.directory)))
        is_hidden = any(part.startswith(".") for part in (*PurePath(path).parts, *inside.parts))
        return nothing if is_hidden else (full_path, status)

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        kind = _TYPES.get(PurePath(full_path).suffix, "application/octet-stream")
        response.headers["Content-Type"] = kind
        return response


class _WithHeaders:
    """Every answer, refusals too, with the headers that keep it to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _nothing_there(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return PlainTextResponse(
        "There is nothing at this address. The reports that there are: /\n"
        "A report is written by the deployment report/daily, and by `campaign report`.\n",
        status,
    )
