"""What HTTP itself says when a platform does not answer: why not, and when to come again."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
import urllib3


def network_cause(error: BaseException) -> str:
    """Why no answer came, in plain words and without the error's own text, which holds the URL."""
    chain: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in chain:
            chain.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]

    def was(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in chain)

    for kinds, cause in (
        ((socket.gaierror, urllib3.exceptions.NameResolutionError), "the host name is not known"),
        ((requests.exceptions.ProxyError, urllib3.exceptions.ProxyError), "the proxy did not connect"),
        ((requests.exceptions.SSLError, ssl.SSLError), "its certificate is not accepted"),
        ((ConnectionRefusedError,), "connection refused"),
        (
            (requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError),
            "no connection in time",
        ),
        ((requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError), "no answer in time"),
        ((urllib3.exceptions.DecodeError,), "its compressed answer is damaged"),
        ((urllib3.exceptions.ProtocolError, ConnectionError), "the connection broke before the whole answer"),
    ):
        if was(*kinds):
            return cause
    return "the connection failed"


def seconds_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number of seconds or an HTTP date. None when absent or
    broken.
    """
    if not value:
        return None
    try:
        return max(0.0, float(int(value)))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
