"""What listens on loopback: a webhook and a mail server for who sends messages, and a port for others."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import random
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

SECRET_PATH = "T00000000/B00000000/very-secret-part"


# Below those that a system gives to whoever asks for any, of which one is soon somebody else's.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port that a server may take a while later: nobody is given it by chance meanwhile."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@dataclass
class Hook:
    """A webhook on loopback; answers with `status`."""

    url: str = ""
    status: int = 200
    received: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def webhook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hook.status == 200:
                assert self.headers["Content-Type"] == "application/json"
                hook.received.append(json.loads(body))
            self.send_response(hook.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/services/{SECRET_PATH}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    """A mail server on loopback: who signed in, and what it took."""

    port: int = 0
    refuses: str = ""
    signed_in: list[str] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box = cast(Any, self.server).box
        self._say("220 loopback")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if box.refuses and line.upper().startswith(box.refuses):
                self._say("535 no" if verb == "AUTH" else "550 no")
            elif verb == "EHLO":
                self._say("250-loopback", "250 AUTH PLAIN")
            elif verb == "AUTH":
                box.signed_in.append(base64.b64decode(line.split()[2]).decode().replace("\0", "|"))
                self._say("235 welcome")
            elif verb == "RCPT":
                box.to.append(line)
                self._say("250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                text = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    text += part
                parsed = email.message_from_bytes(text, policy=email.policy.default)
                box.mails.append(parsed)
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        cast(Any, server).box = box
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
