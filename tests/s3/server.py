"""An S3 store on loopback: moto's, whose conditional PUTs are made atomic, and which can be told to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

KEY_ID = "AKIDOFTHETESTS"
SECRET = "secret-of-s3/AAAA+bbbb"

_Start = Callable[..., Any]


@dataclass
class Store:
    """A running store. `asked` holds (method, path) of each request. With `heeds_conditions` False it is one
    of those that take every PUT. `refusal` is (status, code, message) with which it answers everything."""

    url: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    heeds_conditions: bool = True
    refusal: tuple[int, str, str] | None = None
    # (status, headers, body): something that is no store answers everything.
    stranger: tuple[int, dict[str, str], bytes] | None = None
    # Called with the path of each PUT before it is taken.
    before_put: Callable[[str], None] = lambda path: None
    # What becomes of the content of objects on their way.
    on_the_way: Callable[[bytes], bytes] = lambda content: content

    @cached_property
    def client(self) -> Any:
        """Somebody else's client of the same store."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.url,
            region_name="eu-west-2",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )

    def keys(self, bucket: str) -> list[str]:
        """The names of all objects of a bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def content(self, bucket: str, key: str) -> bytes:
        """The bytes of an object."""
        content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content


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
