"""How to ask: one `requests.Session` under every SDK.

Below the SDK, in the adapter that carries its one host, each request is sent to the configured base URL,
recorded, judged, retried and paced, and every secret is kept out of what is recorded, logged or raised. The
SDK sees one call and one good answer; whatever else happened leaves as a `connectors.errors.Trouble`.
"""

from __future__ import annotations

import html
import json
import logging
import os
import random
import re
import socket
import ssl
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.utils import get_environ_proxies

from connectors.errors import ENDS_THE_RUN, BadRequest, RateLimited, Transient, Trouble, Unreadable

SCHEMA_VERSION = 1
SECRET = "[secret]"  # noqa: S105  (what stands in a secret's place)
LARGEST_BODY = 64 * 1024 * 1024
LONGEST_BACKOFF_S = 60.0
NEARLY_USED_UP_PERCENT = 95.0
# What is read already should outlive a process that is ended while it waits for so long.
LONG_PAUSE_S = 5.0
# A body that is not the promised JSON is more often a lasting mistake (a wrong address) than a passing one.
UNREADABLE_RETRIES = 2
# After so many calls in a row that all retries could not save, the network is down: later calls try once.
CALLS_BEFORE_HOPE_IS_LOST = 2

# urllib3 logs request paths with their query; tweepy logs its Authorization header and the bodies.
_TALKATIVE_LOGGERS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "tweepy.client",
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# The value of any access_token that has not been replaced: in a query, in JSON, or in JSON inside JSON.
_TOKEN_AHEAD = re.compile(r'access_token(?:=|%3[dD]|\\*"\s*:\s*\\*")(?!\[secret\])')
_TOKEN_IN_QUERY = re.compile(r"access_token(?:=|%3[dD])([^&#\s\"'\\<>]+)")
_TOKEN_IN_BROKEN_JSON = re.compile(r'access_token\\*"\s*:\s*\\*"([^"\\]+)')
_SHORTEST_LEARNED = 6


def utc_now() -> datetime:
    """The wall clock: when a request left and when its answer arrived."""
    return datetime.now(UTC)


def _spellings(secret: str) -> list[str]:
    """The ways in which a secret may be written in an URL, a JSON text, a page or any nesting of up to three
    of them.

    Longest first, so that replacing one never leaves the tail of another.
    """

    def lower_hex(text: str) -> str:
        return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)

    def written(text: str) -> set[str]:
        quoted = {quote(text, safe=""), quote(text, safe="/"), quote(text, safe="!'()*"), quote_plus(text)}
        escaped = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        escaped |= {form.replace("/", "\\/") for form in escaped}
        escaped |= {re.sub("[&<>']", lambda found: f"\\u{ord(found[0]):04x}", form) for form in escaped}
        shown = {html.escape(text), html.escape(text, quote=False), repr(text)[1:-1]}
        return quoted | {lower_hex(form) for form in quoted} | escaped | shown

    forms = newest = {secret}
    for _ in range(3):
        newest = {form for text in newest for form in written(text)} - forms
        forms = forms | newest
    return sorted(forms, key=lambda form: (-len(form), form))


class Redactor:
    """Replaces every secret it was given or has learned by `[secret]`."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known: set[str] = set()
        self._spellings: list[str] = []
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        if not secret.strip():
            return
        for form in {secret, secret.strip()} - self._known:
            self._known.add(form)
            merged = {*self._spellings, *_spellings(form)}
            self._spellings = sorted(merged, key=lambda spelling: (-len(spelling), spelling))

    def redact(self, text: str) -> str:
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, SECRET)
        return text

    def learn_from(self, text: str) -> None:
        """Learns the access tokens that an answer carries: as `access_token` in JSON, and in the query of
        a URL.
        """
        text = self.redact(text)
        if not _TOKEN_AHEAD.search(text):
            return
        try:
            found = set(_tokens(json.loads(text)))
        except (ValueError, RecursionError):
            found = {*_TOKEN_IN_QUERY.findall(text), *_TOKEN_IN_BROKEN_JSON.findall(text)}
        for token in found:
            if len(token) >= _SHORTEST_LEARNED and SECRET not in token:
                self.learn(token)
                self.learn(unquote(token))


def _tokens(document: object) -> Iterator[str]:
    """The access tokens in a JSON document, also in JSON texts and URLs inside its strings."""
    match document:
        case dict():
            for key, value in document.items():
                if key == "access_token" and isinstance(value, str):
                    yield value
                else:
                    yield from _tokens(value)
        case list():
            for value in document:
                yield from _tokens(value)
        case str() if "access_token" in document:
            yield from _TOKEN_IN_QUERY.findall(document)
            if document.startswith(("{", "[")):
                try:
                    yield from _tokens(json.loads(document))
                except (ValueError, RecursionError):
                    yield from _TOKEN_IN_BROKEN_JSON.findall(document)


class _RedactingFilter(logging.Filter):
    """Rewrites log records of the libraries below, whatever level and handler the process has set."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text} ({record.exc_info[1]!r})"
        record.msg, record.args = self._redactor.redact(text), None
        record.exc_info = record.exc_text = None
        return True


@dataclass
class Report:
    """What a session did: `responses` landed, `retries`, seconds waited, and the troubles that were noted."""

    responses: int = 0
    retries: int = 0
    waits_s: float = 0.0
    noted: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def troubles(self) -> list[tuple[str, str, int]]:
        """(kind, message, how often), in the order of first appearance."""
        return [(kind, message, count) for (kind, message), count in self.noted.items()]


def _network_cause(error: BaseException) -> str:
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


def _seconds_after(value: str | None, now: datetime) -> float | None:
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


def moment_of(epoch: str | None) -> datetime | None:
    """A header's epoch seconds as an aware moment; None when absent or not a moment."""
    try:
        return datetime.fromtimestamp(int(epoch or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _greatest_percent(usage: object) -> float:
    """The highest percentage in a Graph usage header: `{"call_count": 28, …}`, or lists of those by page."""
    match usage:
        case dict():
            named = [usage.get(name) for name in ("call_count", "total_time", "total_cputime")]
            numbers = [float(number) for number in named if isinstance(number, int | float)]
            return max([*numbers, *(_greatest_percent(value) for value in usage.values())], default=0.0)
        case list():
            return max((_greatest_percent(value) for value in usage), default=0.0)
    return 0.0


def _usage_pause_s(headers: Mapping[str, str]) -> float:
    """Seconds to pause when an answer says that nearly all of the hour's or day's calls are used up.

    The allowance is a rolling window, so a few seconds between the calls let it recover.
    """
    greatest = 0.0
    for name in ("X-App-Usage", "X-Business-Use-Case-Usage", "X-Page-Usage"):
        try:
            greatest = max(greatest, _greatest_percent(json.loads(headers.get(name, "null"))))
        except (ValueError, RecursionError):
            continue
    if greatest < NEARLY_USED_UP_PERCENT:
        return 0.0
    return 3.0 * min(greatest - NEARLY_USED_UP_PERCENT + 1, 6.0)


def _parameters(request: requests.PreparedRequest) -> dict[str, object]:
    """The parameters of a request by name, from its query and from its form or JSON body."""
    found: dict[str, object] = {}
    body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body
    texts = [urlsplit(request.url or "").query]
    if isinstance(body, str) and "json" in request.headers.get("Content-Type", ""):
        found["body"] = json.loads(body)
    elif isinstance(body, str):
        texts.append(body)
    for text in texts:
        for name, values in parse_qs(text, keep_blank_values=True).items():
            found[name] = values[0] if len(values) == 1 else values
    return found


class _Refusing(BaseAdapter):
    """Carries nothing: an SDK, a redirect or a mistake wants to leave the platform's host."""

    def __init__(self, session: WireSession) -> None:
        super().__init__()
        self._session = session

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        host = urlsplit(request.url or "").hostname or "another host"
        platform, served = self._session.platform, ", ".join(self._session.served)
        raise BadRequest(
            platform, f"{platform}: only {served} is asked, not {host}; this is a bug, report it"
        )

    def close(self) -> None:
        """Nothing is held open."""


class _Recording(HTTPAdapter):
    """Carries the SDK's host: rewrites, sends, reads, records, judges, waits and sends again."""

    def __init__(self, session: WireSession) -> None:
        super().__init__(max_retries=0)
        self._session = session

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        return self._session.carry(request, self._exchange)

    def _exchange(self, request: requests.PreparedRequest) -> requests.Response:
        """One HTTP exchange, the whole body read. Raises what requests and urllib3 raise."""
        session = self._session
        response = super().send(
            request, stream=True, timeout=session.timeout, verify=session.verified_by, proxies=session.proxies
        )
        try:
            body = response.raw.read(LARGEST_BODY + 1, decode_content=True)
            response._content = body
            # Tells requests that nothing is left in the socket, which is then used again.
            response._content_consumed = True  # type: ignore[attr-defined]
        finally:
            response.close()
        # The platforms answer in UTF-8; without this, requests guesses from the bytes.
        response.encoding = "utf-8"
        return response


class WireSession(requests.Session):
    """A `requests.Session` that serves one platform's SDK.

    `sdk_url` is the host that the SDK has built in, `base_url` (scheme, host, port, optional path prefix)
    where its requests really go. `more_hosts` are further hosts of the platform (scheme and host): their
    requests go to `base_url` too when it is not the SDK's own, else where they say. `judge` says what an
    answer means; `land` takes each response as one row of the landing columns, redacted. `as_of` is the
    run's clock: it is stamped as `observed_at` and sent along as the `Date` header, by which a platform's
    double answers for that moment. `now` and `sleep` are the wall clock; `patience` is the most seconds
    that one rate limit is waited for. `before_pause` is called before each pause of more than 5 seconds,
    so that what has landed can be written down first.

    Raises only `connectors.errors.Trouble` for what goes wrong with a platform. Not for use by several
    threads.
    """

    def __init__(
        self,
        platform: str,
        *,
        run_id: str,
        sdk_url: str,
        base_url: str,
        secrets: Iterable[str],
        judge: Callable[[requests.Response], Trouble | None],
        land: Callable[[dict[str, object]], None],
        more_hosts: Iterable[str] = (),
        as_of: datetime | None = None,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        timeout: tuple[float, float] = (10, 60),
        attempts: int = 4,
        patience: float = 900.0,
        before_pause: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        base = urlsplit(base_url)
        setting = f"{platform.upper()}_API_URL"
        if base.scheme not in ("http", "https") or not base.hostname or base.query or base.fragment:
            raise ValueError(f"{setting} must be like https://host:port/prefix")
        if base.username or base.password:
            raise ValueError(f"{setting} must not hold a user name or password")
        if as_of is not None and as_of.tzinfo is None:
            raise ValueError("as_of must have a time zone")
        self.platform = platform
        self.run_id = run_id
        self.sdk_url = sdk_url.rstrip("/")
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self.report = Report()
        self._judge = judge
        self._land = land
        self._as_of = None if as_of is None else as_of.astimezone(UTC)
        self._now = now
        self._sleep = sleep
        self._attempts = attempts
        self._patience = patience
        self._before_pause = before_pause
        self._host = base.netloc
        self._setting = setting
        self._redactor = Redactor(secrets)
        self._label: tuple[str, str] | None = None
        self._page = 0
        self._not_before: dict[str, datetime] = {}
        self._calls_lost = 0

        # The environment is read once and only for what belongs to the way there: no netrc, no look-up per
        # request.
        self.trust_env = False
        self.verified_by: str | bool = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        )
        if base.hostname not in _LOOPBACK:
            self.proxies = dict(get_environ_proxies(self.base_url))
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for prefix in ("https://", "http://"):
            self.mount(prefix, _Refusing(self))
        self.served = (self.sdk_url, *(host.rstrip("/") for host in more_hosts))
        for served in self.served:
            self.mount(f"{served}/", _Recording(self))

        redacting = _RedactingFilter(self._redactor)
        for name in _TALKATIVE_LOGGERS:
            logging.getLogger(name).addFilter(redacting)
        self._quieted = weakref.finalize(self, _stop_filtering, redacting)

    def close(self) -> None:
        super().close()
        self._quieted()

    def redact(self, text: str) -> str:
        """The text with every known secret replaced, in any of the ways it may be spelled."""
        return self._redactor.redact(text)

    def note(self, trouble: Trouble) -> None:
        """Counts a trouble that cost only a part of the run."""
        self.report.noted[trouble.kind, self.redact(trouble.message)] += 1

    @contextmanager
    def costing_only_this(self) -> Iterator[None]:
        """Notes what goes wrong inside and goes on, unless every other call would meet it too."""
        try:
            yield
        except ENDS_THE_RUN:
            raise
        except Trouble as trouble:
            self.note(trouble)

    @contextmanager
    def asking(self, endpoint: str, campaign_id: str) -> Iterator[None]:
        """Labels what is landed inside the block; its answers are numbered as pages from 1."""
        before = self._label, self._page
        self._label, self._page = (endpoint, campaign_id), 0
        try:
            yield
        finally:
            self._label, self._page = before

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        problem: str
        try:
            return super().request(*args, **kwargs)
        except requests.RequestException as error:
            # A request that could not even be put together; its text holds the URL.
            problem = type(error).__name__
        raise BadRequest(
            self.platform, f"{self.platform}: a malformed request ({problem}); this is a bug, report it"
        )

    def carry(
        self,
        request: requests.PreparedRequest,
        exchange: Callable[[requests.PreparedRequest], requests.Response],
    ) -> requests.Response:
        """Sends one request of the SDK, as often as it takes; returns the good answer or raises the
        trouble.
        """
        if self._label is None:
            raise RuntimeError("requests are made inside `with session.asking(endpoint, campaign_id)`")
        self._page += 1
        sent = request.copy()
        sent.url = self._address(request.url or "")
        if self._as_of is not None:
            sent.headers["Date"] = format_datetime(self._as_of, usegmt=True)
        attempts = 1 if self._calls_lost >= CALLS_BEFORE_HOPE_IS_LOST else self._attempts
        self._keep_pace()
        attempt = 0
        while True:
            attempt += 1
            response, trouble = self._attempt(sent, exchange)
            if response is not None and trouble is None:
                self._calls_lost = 0
                response.request, response.url = request, request.url or ""
                # facebook-sdk refuses to read JSON under any other name, or under none.
                response.headers["Content-Type"] = "application/json"
                return response
            assert trouble is not None
            wait_s = self._wait_s(trouble, response, attempt)
            if wait_s is None or attempt >= attempts or wait_s > self._patience:
                break
            self.report.retries += 1
            self._pause(wait_s)
        self._calls_lost = self._calls_lost + 1 if isinstance(trouble, Transient) else 0
        raise self._without_secrets(trouble)

    def _address(self, url: str) -> str:
        """Where a request to one of the served hosts really goes."""
        asked = next(host for host in self.served if url.startswith(f"{host}/"))
        if asked != self.sdk_url and self.base_url == self.sdk_url:
            return url
        return self.base_url + url[len(asked) :]

    def _attempt(
        self,
        request: requests.PreparedRequest,
        exchange: Callable[[requests.PreparedRequest], requests.Response],
    ) -> tuple[requests.Response | None, Trouble | None]:
        """One exchange, landed and judged. No response means that the network failed."""
        requested_at = self._now()
        started = time.perf_counter()
        try:
            response = exchange(request)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            cause = _network_cause(error)
            text = f"{self._host} cannot be read ({cause}); check the network and {self._setting}"
            # Raised later, outside this block: the error and its context hold the URL with the token.
            return None, Transient(self.platform, f"{self.platform}: {text}")
        elapsed_ms = round((time.perf_counter() - started) * 1000)
        self._record(request, response, requested_at, elapsed_ms)
        trouble = self._meaning(response)
        if trouble is None:
            self._learn_pace(response)
        return response, trouble

    def _meaning(self, response: requests.Response) -> Trouble | None:
        if len(response.content) > LARGEST_BODY:
            return Unreadable(
                self.platform, f"{self.platform}: {self._host} sent more than {LARGEST_BODY} bytes"
            )
        if 300 <= response.status_code < 400:
            target = urlsplit(response.headers.get("Location", "")).netloc or "another address"
            return Unreadable(
                self.platform,
                f"{self.platform}: {self._host} redirects to {target}; set {self._setting} to the API itself",
            )
        return self._judge(response)

    def _record(
        self,
        request: requests.PreparedRequest,
        response: requests.Response,
        requested_at: datetime,
        elapsed_ms: int,
    ) -> None:
        assert self._label is not None
        endpoint, campaign_id = self._label
        self.report.responses += 1
        body = response.content[:LARGEST_BODY].decode("utf-8", "replace")
        # A cookie is a secret of the session; none is ever sent back.
        headers = {
            name: SECRET if name.lower() == "set-cookie" else value
            for name, value in response.headers.items()
        }
        self._redactor.learn_from(body)
        for value in headers.values():
            self._redactor.learn_from(value)
        redact = self.redact
        self._land(
            {
                "response_id": f"{self.run_id}-{self.report.responses:05d}",
                "run_id": self.run_id,
                "platform": self.platform,
                "endpoint": endpoint,
                "campaign_id": campaign_id,
                "observed_at": self._as_of or self._now(),
                "requested_at": requested_at,
                "method": request.method or "",
                "url": redact(request.url or ""),
                "params": redact(json.dumps(_parameters(request), ensure_ascii=False)),
                "status": response.status_code,
                "headers": redact(json.dumps(headers, ensure_ascii=False)),
                "body": redact(body),
                "page": self._page,
                "elapsed_ms": elapsed_ms,
                "schema_version": SCHEMA_VERSION,
            }
        )

    def _wait_s(self, trouble: Trouble, response: requests.Response | None, attempt: int) -> float | None:
        """Seconds until the request may be sent again; None when that would not help. Completes a
        RateLimited.
        """
        if not isinstance(trouble, Transient | RateLimited | Unreadable):
            return None
        if isinstance(trouble, Unreadable) and (
            # A redirect or a refusal says the same the next time.
            attempt > UNREADABLE_RETRIES or response is None or response.status_code >= 300
        ):
            return None
        now = self._now()
        told = None if response is None else _seconds_after(response.headers.get("Retry-After"), now)
        backoff = min(LONGEST_BACKOFF_S, 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311  (jitter)
        if not isinstance(trouble, RateLimited):
            return max(backoff, told or 0.0)
        until = trouble.until
        if until is None or until <= now:
            wait_s = trouble.wait_s or told
            until = trouble.until = now + timedelta(seconds=min(wait_s, 31e7)) if wait_s else None
        if until is None:
            return backoff
        trouble.say_when(until)
        # The platform's clock counts in whole seconds.
        return (until - now).total_seconds() + 1.0

    def _learn_pace(self, response: requests.Response) -> None:
        """Keeps the moment before which the next request would be refused, by what the answer says."""
        assert self._label is not None
        now = self._now()
        if response.headers.get("x-rate-limit-remaining", "").strip() == "0":
            reset = moment_of(response.headers.get("x-rate-limit-reset"))
            if reset is not None and reset > now:
                self._not_before[self._label[0]] = reset
        pause_s = _usage_pause_s(response.headers)
        if pause_s:
            # Graph counts the calls of all endpoints together.
            self._not_before[""] = now + timedelta(seconds=pause_s)

    def _keep_pace(self) -> None:
        assert self._label is not None
        for key in ("", self._label[0]):
            until = self._not_before.pop(key, None)
            wait_s = 0.0 if until is None else (until - self._now()).total_seconds()
            if until is None or wait_s <= 0:
                continue
            if wait_s > self._patience:
                text = f"{self.platform}: this window's calls are used up until {until:%Y-%m-%d %H:%M:%S} UTC"
                raise RateLimited(self.platform, f"{text}; start again after that", until)
            self._pause(wait_s)

    def _pause(self, seconds: float) -> None:
        if seconds > LONG_PAUSE_S:
            self._before_pause()
        self.report.waits_s += seconds
        self._sleep(seconds)

    def _without_secrets(self, trouble: Trouble) -> Trouble:
        """The trouble with nothing in its text that a platform's message or an URL could have carried into
        it.
        """
        trouble.message = " ".join(self.redact(trouble.message).split())
        more = (trouble.until, trouble.wait_s) if isinstance(trouble, RateLimited) else trouble.args[2:]
        trouble.args = (trouble.platform, trouble.message, *more)
        return trouble


def _stop_filtering(redacting: logging.Filter) -> None:
    for name in _TALKATIVE_LOGGERS:
        logging.getLogger(name).removeFilter(redacting)
