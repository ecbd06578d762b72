"""The server of the pages: one process, pages ready in memory as gzip, as light as can be.

    python -m benchmarks.server TASK

TASK is a `Task` as JSON. Pages are made first, then a line `READY PORT` is printed. What it answers, it
counts; `GET /bench/reset` forgets the counts and all polls, `GET /bench/counts` tells them. The nth time
that a look-up is asked for, its counters are those of the nth poll; a poll too many is an error, as is a
question whose fields are not those of the pages. Limits are told, and never bind.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from benchmarks.pages import GRAPH_FIELDS, VERSION, X_FIELDS, Page, Task, looked_up, walked

# What the vendors' servers use is not told; 6 is what theirs and everybody's libraries come with.
LEVEL = 6

_IDS = re.compile(r"[?&]ids=([^& ]+)")
_CURSOR = re.compile(r"[?&](?:pagination_token|after)=([^& ]+)")
_X_LIST = re.compile(r"/2/users/([0-9]+)/tweets\?")
_GRAPH_LIST = re.compile(rf"/{re.escape(VERSION)}/([0-9]+)/posts\?")
_NOT_FIELDS = re.compile(r"(?:ids|pagination_token|after|since|until)=[^&]*&?")

Answer = Callable[[str], bytes]


class Pages:
    """Every page by what asks for it, as the bytes of a whole answer; and what was served of them."""

    def __init__(self, task: Task) -> None:
        self.served: Counter[str] = Counter()
        self._task = task
        self._polls: Counter[str] = Counter()
        self._pages: dict[str, list[tuple[bytes, Page]]] = {}
        if task.kind == "polls":
            for ids, pages in looked_up(task.shape, task.posts, task.polls):
                self._pages[ids] = [self._ready(page) for page in pages]
        else:
            for account, cursor, page in walked(task.shape, task.posts, task.base):
                self._pages[f"{account} {cursor}"] = [self._ready(page)] * task.polls

    def _ready(self, page: Page) -> tuple[bytes, Page]:
        body = gzip.compress(page.body, LEVEL, mtime=0)
        # The text is held no longer: what counts of it are its numbers.
        return _head(self._task.shape, len(body)) + body, Page(b"", page.items, page.counted)

    def answer(self, target: str) -> bytes:
        """The answer to a request for a path with its query."""
        if target == "/bench/reset":
            self.served.clear()
            self._polls.clear()
            return _plain({})
        if target == "/bench/counts":
            return _plain(dict(self.served))
        key = self._key(target)
        if key is None:
            return _plain(_besides(self._task.shape, target))
        pages = self._pages.get(key)
        poll = self._polls[key]
        if pages is None or poll >= len(pages) or not _asks_for_all(_NOT_FIELDS.sub("", target)):
            self.served["refused"] += 1
            return _plain({"error": {"message": f"not among the pages: {target[:200]}", "code": 100}}, 400)
        self._polls[key] += 1
        ready, page = pages[poll]
        served = self.served
        served["requests"] += 1
        served["items"] += page.items
        served["counted"] += page.counted
        served["bytes"] += len(ready)
        return ready

    def _key(self, target: str) -> str | None:
        """Which page is asked for; None when it is none of posts."""
        found = _IDS.search(target)
        if found:
            return found[1].replace("%2C", ",")
        listed = (_X_LIST if self._task.shape == "x" else _GRAPH_LIST).match(target)
        if not listed:
            return None
        cursor = _CURSOR.search(target)
        return f"{listed[1]} {cursor[1] if cursor else ''}"


@lru_cache(maxsize=4096)
def _asks_for_all(target: str) -> bool:
    """Whether the fields of the pages are asked for, no more and no less."""
    asked = parse_qs(urlsplit(target).query)
    wanted = X_FIELDS if target.startswith("/2/") else {"fields": GRAPH_FIELDS}
    return all(
        sorted(",".join(asked.get(name, [])).split(",")) == sorted(fields.split(","))
        for name, fields in wanted.items()
    )


def _besides(shape: str, target: str) -> object:
    """What else a connector asks: the token's health, its person, and whose Pages they are."""
    path = urlsplit(target).path
    if shape == "x":
        return {"data": [], "meta": {"result_count": 0}}
    if path.endswith("/debug_token"):
        scopes = ["pages_read_engagement", "pages_read_user_content", "read_insights"]
        return {"data": {"is_valid": True, "expires_at": 0, "data_access_expires_at": 0, "scopes": scopes}}
    if path.endswith("/me/accounts"):
        return {"data": []}
    if path.endswith("/me"):
        return {"id": "1000", "name": "A person without a role on the Pages"}
    page = path.rpartition("/")[2]
    return {
        "id": page,
        "name": f"Page {page}",
        "username": f"page{page}",
        "fan_count": 5,
        "followers_count": 6,
    }


def _head(shape: str, size: int) -> bytes:
    told = (
        f"x-rate-limit-limit: 1000000000\r\nx-rate-limit-remaining: 999999999\r\n"
        f"x-rate-limit-reset: {int(time.time()) + 900}\r\nx-transaction-id: 5f1d2c3b4a596877\r\n"
        "x-response-time: 42\r\n"
        if shape == "x"
        else f"facebook-api-version: {VERSION}\r\n"
        'x-app-usage: {"call_count":1,"total_cputime":1,"total_time":1}\r\nx-fb-rev: 1029384756\r\n'
    )
    return (
        "HTTP/1.1 200 OK\r\n"
        "content-type: application/json; charset=utf-8\r\n"
        "content-encoding: gzip\r\n"
        "cache-control: no-cache, no-store, max-age=0\r\n"
        "strict-transport-security: max-age=15552000; preload\r\n"
        f"{told}"
        f"content-length: {size}\r\n\r\n"
    ).encode()


def _plain(document: object, status: int = 200) -> bytes:
    body = json.dumps(document).encode()
    reason = "OK" if status == 200 else "Bad Request"
    told = (
        f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return told.encode() + body


class _Connection(asyncio.Protocol):
    """One kept-alive connection. Requests without a body are answered in their order."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._left = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self._left = (self._left + data).split(b"\r\n\r\n")
        assert self._transport is not None
        for head in heads:
            self._transport.write(self._answer(head[: head.index(b"\r\n")].split(b" ")[1].decode("ascii")))


async def _serve(answer: Answer, listening: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(answer), sock=listening)
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Bind, tell the port, make the pages, tell that they are ready, serve until killed."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    sys.stdout.write(f"{base}\n")
    sys.stdout.flush()
    asked = json.loads(sys.argv[1])
    pages = Pages(Task(**{**asked, "base": base}))
    asyncio.run(_serve(pages.answer, listening))


if __name__ == "__main__":
    main()
