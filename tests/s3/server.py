"""An S3 store on loopback: moto's, whose conditional PUTs are made atomic, and which can be told to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from tests.s3.store import Store

_Start = Callable[..., Any]


class _Application:
    """What answers: moto, and what the store is told to do otherwise."""

    def __init__(self, store: Store) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._store = store
        # moto looks whether an object is there, and then writes it.
        self._putting = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        store = self._store
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        store.asked.append((method, path))
        if store.refusal is not None:
            return _refused(environ, start_response, *store.refusal)
        if store.stranger is not None:
            status, headers, body = store.stranger
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(f"{status} X", [*headers.items(), ("Content-Length", str(len(body)))])
            return [body]
        if method != "PUT":
            # A listing has a query.
            is_object = method == "GET" and not environ["QUERY_STRING"]
            answer = list(self._moto(environ, start_response))
            return [store.on_the_way(piece) for piece in answer] if is_object else answer
        store.before_put(path)
        if not store.heeds_conditions:
            environ.pop("HTTP_IF_NONE_MATCH", None)
            environ.pop("HTTP_IF_MATCH", None)
        with self._putting:
            return list(self._moto(environ, start_response))


def _refused(
    environ: dict[str, Any], start_response: _Start, status: int, code: str, message: str
) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    start_response(f"{status} X", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


class _Quiet(MotoRequestHandler):
    def log_request(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadedMotoServer):
    """moto's server with our application in front."""

    def __init__(self) -> None:
        super().__init__(ip_address="127.0.0.1", port=0, verbose=False)
        self.store = Store("")

    def _server_entry(self) -> None:
        self._server = make_server(
            self._ip_address, 0, _Application(self.store), threaded=True, request_handler=_Quiet
        )
        self._server_ready_event.set()
        self._server.serve_forever()


@contextmanager
def serving() -> Iterator[Store]:
    """A store that runs while the block does."""
    server = _Server()
    server.start()
    host, port = server.get_host_and_port()
    server.store.url = f"http://{host}:{port}"
    try:
        yield server.store
    finally:
        server.stop()
