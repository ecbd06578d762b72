"""How to ask: one `requests.Session` under every SDK.

Below the SDK, in the adapter that carries its one host, each request is sent to the configured base URL,
recorded, judged, retried and paced, and every secret is kept out of what is recorded, logged or raised. The
SDK sees one call and one good answer; whatever else happened leaves as a `connectors.errors.Trouble`.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.cookiejar import DefaultCookiePolicy
from itertools import repeat
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.utils import get_environ_proxies

from connectors.answer import Answer
from connectors.asking import Walk
from connectors.clock import utc_now
from connectors.credentials import CredentialHealth
from connectors.departure import has_left, note_departures, nothing_has_left
from connectors.errors import (
    ENDS_THE_RUN,
    BadRequest,
    NotOffered,
    NotSent,
    RateLimited,
    Transient,
    Trouble,
    Unreadable,
)
from connectors.garbage import look_seldom
from connectors.network import (
    LONGEST_WAIT,
    host_of,
    network_cause,
    network_cure,
    seconds_after,
    sensible,
)
from connectors.pace import Calls, Pace, everything, seconds_to_regain
from connectors.redaction import SECRET, Redactor, filter_logs, names_a_secret
from connectors.side_by_side import Here, SideBySide

__all__ = ["Report", "WireSession"]

SCHEMA_VERSION = 1
LARGEST_BODY = 64 * 1024 * 1024
# The time-outs count from one byte to the next; an answer that drips would never meet them.
LONGEST_ANSWER_S = 300.0
READ_AT_ONCE = 256 * 1024
LONGEST_BACKOFF_S = 60.0
# Ten years.
LONGEST_LIFE_S = 10 * 366 * 86_400
# What is read already should outlive a process that is ended while it waits for so long.
LONG_PAUSE_S = 5.0
# A body that is not the promised JSON is more often a lasting mistake (a wrong address) than a passing one.
UNREADABLE_RETRIES = 2
# How soon a pause is left when another request met what ends the run.
LOOKS_UP_EVERY_S = 1.0
# After so many calls in a row that all retries could not save, the network is down: later calls try once.
CALLS_BEFORE_HOPE_IS_LOST = 2

_Thing = TypeVar("_Thing")

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass
class Report:
    """What a session did: `responses` landed, `retries`, seconds waited, the troubles that were noted, and
    the walks that came to their ends. `walked_back` has those that broke off, each with the moment down to
    which everything was listed; `unsure` counts the exchanges that the platform may have charged for though
    no usable answer came of them; `credentials` has what answers told of them in passing, by setting.
    """

    responses: int = 0
    retries: int = 0
    waits_s: float = 0.0
    noted: Counter[tuple[str, str]] = field(default_factory=Counter)
    walked: list[Walk] = field(default_factory=list)
    walked_back: list[tuple[Walk, datetime]] = field(default_factory=list)
    unsure: int = 0
    credentials: dict[str, CredentialHealth] = field(default_factory=dict)

    @property
    def troubles(self) -> list[tuple[str, str, int]]:
        """(kind, message, how often), in the order of first appearance."""
        return [(kind, message, count) for (kind, message), count in self.noted.items()]


@dataclass
class _Pages:
    """How many answers were landed inside one `asking`, by all threads that ask there."""

    landed: int = 0


@dataclass
class _Walked:
    """What became of the walk that is under way, by all threads that work on it."""

    is_broken_off: bool = False
    reached: datetime | None = None


class _Asking(Here):
    """What holds for the requests of one thread. `unsure` and `answered` count its own exchanges, as those of
    `Report` do all.
    """

    label: tuple[str, str] | None = None
    hidden: tuple[str, ...] = ()
    pages: _Pages = _Pages()
    page: int = 0
    part: str = ""
    # None: the session's own.
    attempts: int | None = None
    walk: _Walked | None = None
    unsure: int = 0
    answered: int = 0


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
        self._pools: dict[object, urllib3.connectionpool.ConnectionPool] = {}
        note_departures(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if is_new:
            note_departures(manager)
        return manager

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> urllib3.connectionpool.ConnectionPool:
        """As requests finds it, but once for a host and a way of asking it: to find a pool takes a tenth of
        what a request does.
        """
        way = "/".join((request.url or "").split("/", 3)[:3]), verify, cert, *(proxies or {}).items()
        pool = self._pools.get(way)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            self._pools[way] = pool
        return pool

    def close(self) -> None:
        self._pools.clear()
        super().close()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        return self._session.carry(request, self._exchange)

    def _exchange(self, request: requests.PreparedRequest) -> requests.Response:
        """One HTTP exchange, the whole body read. Raises what requests and urllib3 raise."""
        session = self._session
        response = super().send(
            request, stream=True, timeout=session.timeout, verify=session.verified_by, proxies=session.proxies
        )
        try:
            return Answer.of(response, self._whole_body(response.raw))
        finally:
            response.close()

    def _whole_body(self, raw: urllib3.HTTPResponse) -> bytearray:
        """The body, or as much of it as shows that it is too large. Raises TimeoutError when it takes too
        long.
        """
        ends = time.perf_counter() + self._session.longest_answer_s
        body = bytearray()
        while len(body) <= LARGEST_BODY:
            some = raw.read1(READ_AT_ONCE, decode_content=True)
            if not some:
                break
            body += some
            if time.perf_counter() > ends:
                raise TimeoutError
        return body


class WireSession(requests.Session):
    """A `requests.Session` that serves one platform's SDK.

    `sdk_url` is the host that the SDK has built in, `base_url` (scheme, host, port, optional path prefix)
    where its requests really go. `more_hosts` are further hosts of the platform (scheme and host): their
    requests go to `base_url` too when it is not the SDK's own, else where they say. `judge` says what an
    answer means; `land` takes each response as one row of the landing columns, redacted. `as_of` is the
    run's clock: it is stamped as `observed_at` and sent along as the `Date` header, by which a platform's
    double answers for that moment. `now` and `sleep` are the wall clock; `patience` is the most seconds
    that one rate limit is waited for. `timeout` is the most seconds for a connection and from one byte to the
    next, `longest_answer_s` for a whole body. `pace` is the record of what the credential may ask, kept in
    memory unless it is a `SharedPace`; `calls` (most, per seconds) is a budget that is kept to even when no
    answer speaks of one. `before_pause` is called before each retry and each pause of more than 5 seconds,
    `before_request` before each request, so that what has landed can be written down first: either may take
    minutes in which the process is ended. `in_flight` is how many requests are on their way at once at the
    most; what `side_by_side` is given is asked one after the other where that is one.

    Raises only `connectors.errors.Trouble` for what goes wrong with a platform. Not for use by several
    threads but those that `side_by_side` begins.
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
        longest_answer_s: float = LONGEST_ANSWER_S,
        attempts: int = 4,
        patience: float = 900.0,
        pace: Pace | None = None,
        calls: Calls | None = None,
        before_pause: Callable[[], None] = lambda: None,
        before_request: Callable[[], None] = lambda: None,
        in_flight: int = 1,
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
        self.longest_answer_s = longest_answer_s
        self.report = Report()
        self._judge = judge
        self._land = land
        self._as_of = None if as_of is None else as_of.astimezone(UTC)
        self._now = now
        self._sleep = sleep
        self._most_attempts = attempts
        self._patience = patience
        self._before_pause = before_pause
        self._before_request = before_request
        self._host = base.netloc
        self._setting = setting
        self._redactor = Redactor(secrets)
        self._here = _Asking()
        self._flights = SideBySide(in_flight, self._here)
        self._pace = pace or Pace()
        self._calls = calls
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

        self._ends = [
            weakref.finalize(self, filter_logs(self._redactor)),
            weakref.finalize(self, look_seldom()),
        ]

    def close(self) -> None:
        super().close()
        for end in self._ends:
            end()

    def redact(self, text: str) -> str:
        """The text with every known secret replaced, in any of the ways it may be spelled."""
        return self._redactor.redact(text)

    def keep_secret(self, text: str) -> None:
        """From now on `text` stands in nothing that is landed, logged or raised. For what a run derives: an
        `appsecret_proof`, a signed value. Tokens that answers carry are learned without being told.
        """
        self._redactor.learn(text)

    def note(self, trouble: Trouble) -> None:
        """Counts a trouble that cost only a part of the run."""
        self.report.noted[trouble.kind, self._redactor.redact_message(trouble.message)] += 1

    @contextmanager
    def walking(self, walk: Walk) -> Iterator[None]:
        """Lists what `walk` asks for inside the block; reports it as walked to its end unless a call inside
        failed, and else as far as it `reached`.
        """
        before, self._here.walk = self._here.walk, _Walked()
        walked = self._here.walk
        is_whole = False
        try:
            yield
            is_whole = not walked.is_broken_off
        finally:
            if is_whole:
                self.report.walked.append(walk)
            elif walked.reached is not None:
                self.report.walked_back.append((walk, walked.reached))
            self._here.walk = before

    def reached(self, moment: datetime) -> None:
        """Tells, inside `walking`, that every post of the walk from `moment` (aware) on has been listed."""
        walked = self._here.walk
        if walked is not None and (walked.reached is None or moment < walked.reached):
            walked.reached = moment

    @property
    def as_of(self) -> datetime | None:
        """The run's clock, where it is given; None where that is the wall clock."""
        return self._as_of

    @property
    def attempts(self) -> int:
        """How often at most a request is sent."""
        here = self._here.attempts
        return self._most_attempts if here is None else min(here, self._most_attempts)

    @contextmanager
    def trying(self, attempts: int) -> Iterator[None]:
        """Sends each request inside the block at most so often; for those that are paid for each time."""
        before, self._here.attempts = self._here.attempts, min(attempts, self.attempts)
        try:
            yield
        finally:
            self._here.attempts = before

    @property
    def unsure(self) -> int:
        """How many exchanges of the thread that asks the platform may have charged for without an answer."""
        return self._here.unsure

    @property
    def answered(self) -> int:
        """How many answers the thread that asks has had."""
        return self._here.answered

    def side_by_side(self, work: Callable[[_Thing], None], things: Iterable[_Thing]) -> None:
        """Does the work on each thing, several at once as far as the platform allows, begun with in their
        order. Only while its requests are on their way, the work on other things goes on: what the work keeps
        needs no lock, and each inherits what holds around this call (`asking`, `walking`, `pacing_as`).

        Raises what the work raised first; then nothing more is sent, and what was sent is landed.
        """
        self._flights.each(work, things)

    @property
    def in_flight(self) -> int:
        """How many requests are on their way at once at the most."""
        return self._flights.most

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Waits for what another of the threads side by side will have done; not at all where there is
        none.
        """
        self._flights.wait_until(is_so)

    @contextmanager
    def costing_only_this(self) -> Iterator[None]:
        """Notes what goes wrong inside and goes on, unless every other call would meet it too."""
        try:
            yield
        except ENDS_THE_RUN:
            raise
        except Trouble as trouble:
            # What is not offered is no part of what a walk could show.
            if not isinstance(trouble, NotOffered):
                self.breaks_off()
            self.note(trouble)

    def breaks_off(self) -> None:
        """The walk that is under way, if one is, does not come to its end: what it did not see is still to be
        listed.
        """
        if self._here.walk is not None:
            self._here.walk.is_broken_off = True

    @contextmanager
    def pacing_as(self, part: str) -> Iterator[None]:
        """Asks for a part of what the credential serves ("Page 111") that the platform counts apart. A limit
        of the part's own raises a RateLimited with that `part`, and holds back no other calls.
        """
        before, self._here.part = self._here.part, part
        try:
            yield
        finally:
            self._here.part = before

    @contextmanager
    def asking(self, endpoint: str, campaign_id: str, *, hides: tuple[str, ...] = ()) -> Iterator[None]:
        """Labels what is landed inside the block; its answers are numbered as pages from 1. What stands under
        the names `hides` in their JSON is of no concern to anybody and not landed.
        """
        here = self._here
        before = here.label, here.pages, here.hidden
        here.label, here.pages, here.hidden = (endpoint, campaign_id), _Pages(), hides
        try:
            yield
        finally:
            here.label, here.pages, here.hidden = before

    def lives_for(self, setting: str, seconds: object) -> None:
        """Tells that the credential of a setting expires so many seconds from now, as its platform just
        said; anything but a sensible number says nothing.
        """
        if isinstance(seconds, int) and 0 < seconds < LONGEST_LIFE_S:
            now = self._as_of or self._now()
            self.report.credentials[setting] = CredentialHealth(
                is_valid=True, expires_at=now + timedelta(seconds=seconds)
            )

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        problem: str
        try:
            return super().request(*args, **kwargs)
        except (requests.RequestException, UnicodeError) as error:
            # A request that could not even be put together, perhaps of what an answer told: half a character
            # in a cursor. Its text holds the URL.
            problem = type(error).__name__
        raise BadRequest(
            self.platform, f"{self.platform}: a malformed request ({problem}); this is a bug, report it"
        )

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """As requests does it, but that a query is spelled once, with its commas as they are: a hundred ids
        take requests and urllib3 as long as reading the answer does, since they go over what is escaped
        letter by letter, three times.
        """
        asked = request.params
        if (
            # Who signs a request has to see the whole of it.
            request.auth is not None
            or self.auth is not None
            or self.params
            or not isinstance(asked, dict)
            or not asked
            or not all(isinstance(value, str | int) for value in asked.values())
            or not isinstance(request.url, str)
            or "?" in request.url
            or "#" in request.url
        ):
            return super().prepare_request(request)
        request.params = {}
        prepared = super().prepare_request(request)
        prepared.url = f"{prepared.url}?{urlencode(asked, safe=',')}"
        return prepared

    def carry(
        self,
        request: requests.PreparedRequest,
        exchange: Callable[[requests.PreparedRequest], requests.Response],
    ) -> requests.Response:
        """Sends one request of the SDK, as often as it takes; returns the good answer or raises the
        trouble.
        """
        if self._here.label is None:
            raise RuntimeError("requests are made inside `with session.asking(endpoint, campaign_id)`")
        self._here.pages.landed += 1
        self._here.page = self._here.pages.landed
        sent = request.copy()
        sent.url = self._address(request.url or "")
        if self._as_of is not None:
            sent.headers["Date"] = format_datetime(self._as_of, usegmt=True)
        attempts = 1 if self._calls_lost >= CALLS_BEFORE_HOPE_IS_LOST else self.attempts
        allowance = self._allowance(sent)
        attempt = 0
        trouble: Trouble | None = None
        while True:
            if self._flights.is_over:
                raise NotSent
            attempt += 1
            self._before_request()
            try:
                place = self._keep_pace(allowance)
            except NotSent:
                if trouble is None:
                    raise
                # An earlier attempt was sent, and may have to be paid for.
                break
            response, trouble = self._attempt(sent, exchange, place, allowance)
            if response is not None and trouble is None:
                self._calls_lost = 0
                response.request, response.url = request, request.url or ""
                # facebook-sdk refuses to read JSON under any other name, or under none.
                response.headers["Content-Type"] = "application/json"
                return response
            assert trouble is not None
            wait_s = self._wait_s(trouble, response, attempt, allowance)
            if wait_s is None or attempt >= attempts or wait_s > self._patience:
                break
            self.report.retries += 1
            self._before_pause()
            self._sleep_for(wait_s)
            if self._flights.is_over:
                # It was sent, and what came of it is known.
                break
            if isinstance(trouble, RateLimited) and trouble.until is not None:
                self._pace.waited(trouble.until)
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
        place: str,
        allowance: str,
    ) -> tuple[requests.Response | None, Trouble | None]:
        """One exchange in its `place` in the pace, landed and judged. No response means that the network
        failed.
        """
        response: requests.Response | None = None
        trouble: Trouble | None = None
        try:
            response, trouble = self._judged(request, exchange)
        finally:
            # After a refusal the reset speaks of when to return, not of calls that are left.
            is_told = response is not None and not isinstance(trouble, RateLimited)
            headers = response.headers if response is not None and is_told else None
            self._pace.settle(allowance, place, self._now(), headers, self._part_key())
        return response, trouble

    def _judged(
        self,
        request: requests.PreparedRequest,
        exchange: Callable[[requests.PreparedRequest], requests.Response],
    ) -> tuple[requests.Response | None, Trouble | None]:
        requested_at = self._now()
        started = time.perf_counter()
        nothing_has_left()
        try:
            with self._flights.others_go_on():
                response = exchange(request)
                elapsed_ms = round((time.perf_counter() - started) * 1000)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            cause = network_cause(error)
            self._count_unsure(has_left())
            text = f"{self._host} cannot be read ({cause}); {network_cure(cause, self._setting)}"
            # Raised later, outside this block: the error and its context hold the URL with the token.
            return None, Transient(self.platform, f"{self.platform}: {text}")
        body = self._record(request, response, requested_at, elapsed_ms)
        trouble = self._meaning(response, body)
        self._count_unsure(trouble is not None and response.status_code < 400)
        return response, trouble

    def _count_unsure(self, is_unsure: bool) -> None:
        self.report.unsure += is_unsure
        self._here.unsure += is_unsure

    def _meaning(self, response: requests.Response, body: str) -> Trouble | None:
        if len(response.content) > LARGEST_BODY:
            return Unreadable(
                self.platform,
                f"{self.platform}: {self._host} sent more than {LARGEST_BODY:,} bytes, which no answer of it "
                f"has; check {self._setting}",
            )
        if 300 <= response.status_code < 400:
            target = host_of(response.headers.get("Location", "")) or "another address"
            return Unreadable(
                self.platform,
                f"{self.platform}: {self._host} redirects to {target}; set {self._setting} to the API itself",
            )
        trouble = self._judge(response)
        if trouble is None:
            return None
        # It quotes the redacted body: of a text that is cut short, a part of a secret could be left.
        return self._judge(Answer.of(response, body.encode())) or trouble

    def _record(
        self,
        request: requests.PreparedRequest,
        response: requests.Response,
        requested_at: datetime,
        elapsed_ms: int,
    ) -> str:
        """Lands an answer; gives its body as landed."""
        assert self._here.label is not None
        endpoint, campaign_id = self._here.label
        self.report.responses += 1
        self._here.answered += 1
        body = response.content[:LARGEST_BODY].decode("utf-8", "replace")
        # A cookie is a secret of the session; none is ever sent back.
        headers = {
            name: SECRET if name.lower() == "set-cookie" else value
            for name, value in response.headers.items()
        }
        told = json.dumps(headers, ensure_ascii=False)
        if names_a_secret(told):
            for value in headers.values():
                self._redactor.learn_from(value)
        # Half a character cannot be written down.
        parameters = json.dumps(_parameters(request), ensure_ascii=False).encode("utf-8", "replace").decode()
        landed, parameters, url = self._redactor.clean([body, parameters, request.url or ""])
        for name in self._here.hidden:
            landed = re.sub(rf'("{name}"\s*:\s*)("[^"]*"|[0-9]+)', rf'\1"{SECRET}"', landed)
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
                "url": url,
                "params": parameters,
                "status": response.status_code,
                "headers": self.redact(told),
                "body": landed,
                "page": self._here.page,
                "elapsed_ms": elapsed_ms,
                "schema_version": SCHEMA_VERSION,
            }
        )
        return landed

    def _wait_s(
        self, trouble: Trouble, response: requests.Response | None, attempt: int, allowance: str
    ) -> float | None:
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
        told = None if response is None else seconds_after(response.headers.get("Retry-After"), now)
        backoff = min(LONGEST_BACKOFF_S, 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311  (jitter)
        if not isinstance(trouble, RateLimited):
            return max(backoff, told or 0.0)
        headers = {} if response is None else response.headers
        trouble.part = self._here.part if trouble.is_of_part else ""
        until = trouble.until
        if until is None or not now < until <= now + LONGEST_WAIT:
            wait_s = sensible(trouble.wait_s) or told or sensible(seconds_to_regain(headers))
            until = trouble.until = now + timedelta(seconds=wait_s) if wait_s else None
        if until is None:
            return backoff
        trouble.say_when(until)
        # X counts by endpoint, Meta the calls to one ad account apart, everybody else all calls together.
        is_apart = "x-rate-limit-reset" in headers or "X-Ad-Account-Usage" in headers
        key = allowance if is_apart else everything(allowance)
        self._pace.hold(self._part_key() if trouble.part else key, until, now)
        # The platform's clock counts in whole seconds.
        return (until - now).total_seconds() + 1.0

    def _allowance(self, request: requests.PreparedRequest) -> str:
        """Which of the credential's allowances a request uses: its endpoint's. X counts what is asked in a
        user's name, signed by OAuth 1, apart from what is asked in the app's.
        """
        assert self._here.label is not None
        signed = str(request.headers.get("Authorization", "")).startswith("OAuth ")
        return f"{self.platform}/{self._here.label[0]}{' as user' if signed else ''}"

    def _part_key(self) -> str:
        """What the pace knows the part by for which is asked; empty when it is for none."""
        return f"{self.platform}/{self._here.part}" if self._here.part else ""

    def _keep_pace(self, allowance: str) -> str:
        """Waits for the next request's turn; gives its place in the pace."""
        now = self._now()
        until, place = self._pace.begin(allowance, now, self._calls, self._part_key())
        if until is None:
            return place
        wait_s = (until - now).total_seconds()
        if wait_s > self._patience:
            self._pace.settle(allowance, place, now)
            limited = RateLimited(
                self.platform, f"{self.platform}: this window's calls are used up; start again later"
            )
            limited.part = self._here.part if self._pace.is_held(self._part_key(), until) else ""
            limited.say_when(until)
            raise limited
        self._pause(wait_s)
        if self._flights.is_over:
            self._pace.settle(allowance, place, self._now())
            raise NotSent
        self._pace.waited(until)
        return place

    def _pause(self, seconds: float) -> None:
        if seconds > LONG_PAUSE_S:
            self._before_pause()
        self._sleep_for(seconds)

    def _sleep_for(self, seconds: float) -> None:
        self.report.waits_s += seconds
        if self._flights.is_alone:
            self._sleep(seconds)
            return
        # In short naps, for what another meets may end it all.
        naps, rest_s = divmod(seconds, LOOKS_UP_EVERY_S)
        with self._flights.others_go_on():
            for nap_s in (*repeat(LOOKS_UP_EVERY_S, int(naps)), rest_s):
                if not self._flights.is_over:
                    self._sleep(nap_s)

    def _without_secrets(self, trouble: Trouble) -> Trouble:
        """The trouble with nothing in its text that a platform's message or an URL could have carried into
        it.
        """
        trouble.message = " ".join(self._redactor.redact_message(trouble.message).split())
        more = (trouble.until, trouble.wait_s) if isinstance(trouble, RateLimited) else trouble.args[2:]
        trouble.args = (trouble.platform, trouble.message, *more)
        return trouble
