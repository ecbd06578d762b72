"""What fetching costs at the least: the same pages read and thrown away, in a process of its own.

    python -m benchmarks.floors requests|socket TASK

`requests` is a plain loop over one `requests.Session` with its defaults, `socket` one that writes requests
and reads answers without unpacking them: what the loopback and the server give.
"""

from __future__ import annotations

import json
import resource
import socket
import sys
import time
from urllib.parse import urlencode, urlsplit

import requests

from benchmarks.pages import TOKEN, Task, questions


def with_requests(task: Task) -> int:
    """Reads every page; the bytes of the bodies."""
    read = 0
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        for path, parameters in questions(task):
            answer = session.get(task.base + path, params=parameters, timeout=60)
            answer.raise_for_status()
            read += len(answer.content)
    return read


def with_a_socket(task: Task) -> int:
    """Reads every page; the bytes of the bodies as they came, packed."""
    read = 0
    host = urlsplit(task.base)
    headers = f"Host: {host.netloc}\r\nAccept-Encoding: gzip\r\n"
    with socket.create_connection((host.hostname or "", host.port or 0)) as connection:
        for path, parameters in questions(task):
            connection.sendall(f"GET {path}?{urlencode(parameters)} HTTP/1.1\r\n{headers}\r\n".encode())
            answer = connection.recv(1 << 18)
            head, _, body = answer.partition(b"\r\n\r\n")
            left = int(head.rpartition(b"content-length: ")[2]) - len(body)
            read += len(body) + left
            while left > 0:
                left -= len(connection.recv(1 << 18))
    return read


def main() -> None:
    what, task = sys.argv[1], Task.of(sys.argv[2])
    began = time.perf_counter()
    read = {"requests": with_requests, "socket": with_a_socket}[what](task)
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"seconds": seconds, "cpu_s": used.ru_utime + used.ru_stime, "bytes": read}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
