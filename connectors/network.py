"""What HTTP itself says when a platform does not answer: why not, and when to come again."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
import urllib3

# X counts its caps by the month; nobody who means what he says asks for a longer wait.
LONGEST_WAIT = timedelta(days=31)
_NO_PROXY = "the proxy did not connect"
_NO_TRUST = "its certificate is not accepted"


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
        ((requests.exceptions.ProxyError, urllib3.exceptions.ProxyError), _NO_PROXY),
        ((requests.exceptions.SSLError, ssl.SSLError), _NO_TRUST),
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


def network_cure(cause: str, setting: str) -> str:
    """What to do about a cause of `network_cause`, where `setting` says which address is asked."""
    match cause:
        case "the host name is not known":
            return f"see that this machine has a network and can look names up, and check {setting}"
        case _ if cause == _NO_PROXY:
            return "check HTTPS_PROXY and HTTP_PROXY, or unset them where there is no proxy"
        case _ if cause == _NO_TRUST:
            return (
                "set REQUESTS_CA_BUNDLE (in the environment, not in .env) to the certificates of this "
                f"network, see that the machine's date is right, and check {setting}"
            )
        case "connection refused":
            return f"see that something listens there, and check {setting}"
    return f"check the network and {setting}"


def seconds_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number of seconds or an HTTP date. None when absent, broken
    or longer than `LONGEST_WAIT`.
    """
    if not value:
        return None
    try:
        return sensible(int(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return sensible((moment - now).total_seconds())


def sensible(seconds: float | None) -> float | None:
    """The seconds of a wait, 0 for one that is over; None for what is no number, or longer than
    `LONGEST_WAIT`.
    """
    # A comparison takes whole numbers of any length, and is false of what is no number.
    if seconds is None or not seconds <= LONGEST_WAIT.total_seconds():
        return None
    return float(max(0.0, seconds))


def host_of(address: str) -> str:
    """Host and port that an address of somebody else's making leads to; empty when it names none."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        return ""
