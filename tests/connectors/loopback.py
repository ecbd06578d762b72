"""Servers on loopback: a programmable one of HTTP, which keeps what it was asked, and one that does with each
connection what a test wants."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Meet = Callable[[socket.socket], object]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived. `parameters` are those of the query and of a form."""

    method: str
    path: str
    query: str
    parameters: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What to answer. Bodies other than text are sent as JSON; `is_cut` breaks off inside the body."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = "application/json; charset=UTF-8"
    is_gzipped: bool = False
    is_cut: bool = False
    is_silent: bool = False


Reply = Answer | Callable[[Asked], Answer]


class Loopback:
    """`on(path, a, b)` answers the first request of a path with a, every later one with b."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._replies: dict[str, deque[Reply]] = {}
        self.url = ""

    def on(self, path: str, *replies: Reply) -> None:
        self._replies[path] = deque(replies)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def of(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        replies = self._replies.get(asked.path)
        if not replies:
            return Answer({"unexpected": asked.path}, status=418)
        reply = replies.popleft() if len(replies) > 1 else replies[0]
        return reply if isinstance(reply, Answer) else reply(asked)


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave in one segment; apart they would wait for each other's acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self._reply()

        def _reply(self) -> None:
            parts = urlsplit(self.path)
            form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            parameters = {
                name: values[0]
                for text in (parts.query, form)
                for name, values in parse_qs(text, keep_blank_values=True).items()
            }
            asked = Asked(self.command, parts.path, parts.query, parameters, dict(self.headers.items()))
            answer = loopback.answer(asked)
            if answer.is_silent:
                self.close_connection = True
                return
            body = answer.body
            if isinstance(body, dict | list | bool):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
            if answer.is_gzipped:
                body = gzip.compress(body)
            self.send_response(answer.status)
            if answer.content_type is not None:
                self.send_header("Content-Type", answer.content_type)
            if answer.is_gzipped:
                self.send_header("Content-Encoding", "gzip")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if answer.is_cut:
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_WR)
                self.close_connection = True
                return
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read `asked` instead."""

    return Handler


@contextmanager
def serving(loopback: Loopback | None = None) -> Iterator[Loopback]:
    loopback = loopback or Loopback()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(loopback))
    server.daemon_threads = True
    loopback.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def meeting(meet: Meet) -> Iterator[str]:
    """Host and port of a server that meets each connection so, then closes it."""

    def serve() -> None:
        while True:
            taken = listening.accept()[0]
            with taken:
                if is_over.is_set():
                    return
                # What is cut off is cut off on purpose.
                with suppress(OSError):
                    meet(taken)

    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        server = threading.Thread(target=serve)
        server.start()
        try:
            yield f"127.0.0.1:{address[1]}"
        finally:
            is_over.set()
            socket.create_connection(address).close()
            server.join()


@contextmanager
def dripping(head: bytes) -> Iterator[str]:
    """The address of a server that sends `head` and then a space every now and then, for ever."""
    left = threading.Event()

    def drip(taken: socket.socket) -> None:
        taken.recv(65536)
        taken.sendall(head)
        while not left.wait(0.02):
            taken.sendall(b" ")

    with meeting(drip) as address:
        try:
            yield f"http://{address}"
        finally:
            left.set()
