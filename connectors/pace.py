"""How fast a credential may ask: what answers say of the allowance, and a record of it that processes share.

The record holds, for one credential, the moments before which not to ask, the calls that are left of each
endpoint's window, and how many calls were made lately. Every moment in it is epoch seconds of the wall clock.

An endpoint is named `platform/endpoint`; `platform/` stands for all of the platform's. One credential may
serve two platforms of Meta's, whose allowances are apart, and a `part` of one (a Page with a token of its
own), which is named in the same way.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

Calls = tuple[int, float]
"""(most, per seconds): the calls that a platform takes in any window of so many seconds."""

NEARLY_USED_UP_PERCENT = 95.0
# Longer than any platform's window: a reset further ahead is a mistake, and must not lock a credential out.
LONGEST_HOLD = timedelta(hours=24)
# A call that is not settled by then belonged to a process that was killed.
LONGEST_CALL_S = 900.0
# The calls of a window are counted in so many parts of it.
_PARTS = 20
_PERCENTAGES = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")
_TIMES = ("estimated_time_to_regain_access", "reset_time_duration")
_APP_USAGE = "X-App-Usage"
_PAGE_USAGE = ("X-Business-Use-Case-Usage", "X-Page-Usage")
_CALL_USAGE = (_APP_USAGE, *_PAGE_USAGE)
_AD_ACCOUNT_USAGE = "X-Ad-Account-Usage"


def moment_of(epoch: str | float | None) -> datetime | None:
    """Epoch seconds, as a header or the record has them, as an aware moment; None when not a moment."""
    try:
        seconds = epoch if isinstance(epoch, float) else int(epoch or "")
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def everything(endpoint: str) -> str:
    """The key under which all endpoints of the same platform are held together."""
    platform, slash, _ = endpoint.partition("/")
    return platform + slash if slash else ""


# What the answers say


def _usage(headers: Mapping[str, str], name: str) -> list[dict[str, object]]:
    """The objects of a Graph usage header: it is one, or a map from business or page ids to lists of them (up
    to 32). Empty when it is absent or broken.
    """

    def objects(value: object) -> Iterator[dict[str, object]]:
        if isinstance(value, dict):
            if any(isinstance(value.get(key), int | float) for key in (*_PERCENTAGES, *_TIMES)):
                yield value
            for inner in value.values():
                yield from objects(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from objects(inner)

    told = headers.get(name)
    if not told:
        return []
    try:
        return list(objects(json.loads(told)))
    except (ValueError, RecursionError):
        return []


def _number(usage: Mapping[str, object], name: str) -> float:
    told = usage.get(name)
    # JSON as Python reads it knows infinity and things that are no number, and a mistake may be negative.
    return float(told) if isinstance(told, int | float) and 0 <= told < 1e9 else 0.0


def _percent(usage: Mapping[str, object]) -> float:
    return max(_number(usage, name) for name in _PERCENTAGES)


def seconds_to_regain(headers: Mapping[str, str]) -> float | None:
    """How long to stay away after a refusal, by the usage headers that came with it: the longest
    `estimated_time_to_regain_access` (minutes) or `reset_time_duration` (seconds). None when none tells.
    """
    told = [
        60 * _number(usage, "estimated_time_to_regain_access")
        for name in _CALL_USAGE
        for usage in _usage(headers, name)
    ]
    # An ad account's header tells it always, used up or not.
    told += [
        _number(usage, "reset_time_duration")
        for usage in _usage(headers, _AD_ACCOUNT_USAGE)
        if _percent(usage) >= 100
    ]
    return max(told, default=0.0) or None


def _spread_s(percent: float) -> float:
    """Seconds to pause when nearly all of an allowance is used up.

    The allowance is a rolling window, so a few seconds between the calls let it recover.
    """
    if percent < NEARLY_USED_UP_PERCENT:
        return 0.0
    return 3.0 * min(percent - NEARLY_USED_UP_PERCENT + 1, 6.0)


def _pause_s(called: Sequence[Mapping[str, object]]) -> float:
    """Seconds to pause by the usage of calls that an answer tells."""
    pause_s = _spread_s(max(map(_percent, called), default=0.0))
    # One page of many that is used up does not keep the others from being read.
    if called and all(_percent(usage) >= 100 for usage in called):
        pause_s = max(
            pause_s, 60 * min(_number(usage, "estimated_time_to_regain_access") for usage in called)
        )
    return pause_s


def _pauses(endpoint: str, headers: Mapping[str, str], part: str) -> Iterator[tuple[str, float]]:
    """(key, seconds) for which a good answer asks to stay away. Graph counts the calls of all endpoints
    together, but those to an ad account apart, and those in a Page's name.
    """
    of_all = (_APP_USAGE,) if part else _CALL_USAGE
    yield everything(endpoint), _pause_s([usage for name in of_all for usage in _usage(headers, name)])
    if part:
        yield part, _pause_s([usage for name in _PAGE_USAGE for usage in _usage(headers, name)])
    for usage in _usage(headers, _AD_ACCOUNT_USAGE):
        used_up_s = _number(usage, "reset_time_duration") if _percent(usage) >= 100 else 0.0
        yield endpoint, max(_spread_s(_percent(usage)), used_up_s)


# The record


@dataclass
class Window:
    """Calls `left` of an endpoint's window until it starts anew at `reset`."""

    reset: float
    left: int


@dataclass
class Record:
    """What is known of one credential's allowance."""

    # By endpoint or part, and by `everything` for all of them.
    not_before: dict[str, float] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)
    # By endpoint: when the calls were sent that nobody has settled, by an id.
    under_way: dict[str, dict[str, float]] = field(default_factory=dict)
    # How many calls were sent, by the part of the budget's window.
    parts: dict[int, int] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Record:
        """The record as written by `text()`. Empty when it is broken: that costs a refusal at the most."""
        try:
            found = json.loads(text)
            return cls(
                {str(key): float(moment) for key, moment in found["not_before"].items()},
                {str(k): Window(float(w["reset"]), int(w["left"])) for k, w in found["windows"].items()},
                {str(k): {str(i): float(m) for i, m in of.items()} for k, of in found["under_way"].items()},
                {int(part): int(count) for part, count in found["parts"].items()},
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return cls()

    def text(self) -> str:
        # `asdict` would copy everything first.
        windows = {key: vars(window) for key, window in self.windows.items()}
        return json.dumps({**vars(self), "windows": windows}, separators=(",", ":"))

    def forget_the_past(self, now: float) -> None:
        """Drops what no longer matters, and what no clock that is right could have written."""
        latest = now + LONGEST_HOLD.total_seconds()
        self.not_before = {key: at for key, at in self.not_before.items() if now < at <= latest}
        self.windows = {key: window for key, window in self.windows.items() if now < window.reset <= latest}
        self.under_way = {
            key: left
            for key, calls in self.under_way.items()
            if (left := {one: at for one, at in calls.items() if abs(now - at) < LONGEST_CALL_S})
        }


class Pace:
    """What one process knows of the pace; nothing is shared.

    `begin` before each request, `settle` after it, `hold` when a refusal says until when.
    """

    def __init__(self) -> None:
        self._kept = Record()
        # What was waited for here is over, whatever the clock says.
        self._waited_until = 0.0
        self._begun = 0

    @contextmanager
    def _record(self) -> Iterator[Record]:
        """The record, to be read and changed by nobody else inside the block."""
        yield self._kept

    def begin(
        self, endpoint: str, now: datetime, calls: Calls | None = None, part: str = ""
    ) -> tuple[datetime | None, str]:
        """Until when to wait before the next request of `endpoint`, for a `part` if that is named, is sent
        (None: no wait), and what to settle it by. One call of what is left is reserved for it.
        """
        with self._record() as record:
            record.forget_the_past(now.timestamp())
            earliest = max(now.timestamp(), self._waited_until)
            keys = (everything(endpoint), endpoint, part)
            until = max(earliest, *(record.not_before.get(key, 0.0) for key in keys))
            window = record.windows.get(endpoint)
            if window is not None and window.reset > until:
                if window.left > 0:
                    window.left -= 1
                else:
                    until = window.reset
            if calls is not None:
                until = _slot(record, now.timestamp(), until, calls)
            self._begun += 1
            token = f"{os.getpid()}-{id(self)}-{self._begun}"
            record.under_way.setdefault(endpoint, {})[token] = until
        return (datetime.fromtimestamp(until, UTC) if until > earliest else None), token

    def is_held(self, key: str, until: datetime) -> bool:
        """Whether nobody asks for `key` before `until`."""
        with self._record() as record:
            return record.not_before.get(key, 0.0) >= until.timestamp()

    def waited(self, until: datetime) -> None:
        """This process has waited until then."""
        self._waited_until = max(self._waited_until, until.timestamp())

    def settle(
        self,
        endpoint: str,
        token: str,
        now: datetime,
        headers: Mapping[str, str] | None = None,
        part: str = "",
    ) -> None:
        """The request that `token` stands for is over; `headers` are those of a good answer."""
        with self._record() as record:
            record.under_way.get(endpoint, {}).pop(token, None)
            if headers is None:
                return
            reset = moment_of(headers.get("x-rate-limit-reset"))
            told = headers.get("x-rate-limit-remaining", "").strip()
            if reset is not None and now < reset <= now + LONGEST_HOLD and told.isdecimal():
                self._learn_window(record, endpoint, reset.timestamp(), int(told[:9]))
            for key, pause_s in _pauses(endpoint, headers, part):
                if pause_s > 0:
                    until = now.timestamp() + min(pause_s, LONGEST_HOLD.total_seconds())
                    record.not_before[key] = max(record.not_before.get(key, 0.0), until)

    @staticmethod
    def _learn_window(record: Record, endpoint: str, reset: float, remaining: int) -> None:
        known = record.windows.get(endpoint)
        if known is not None and known.reset == reset:
            # What others reserved and have not sent is not counted in the answer.
            known.left = min(known.left, remaining)
        elif known is None or known.reset < reset:
            others = len(record.under_way.get(endpoint, {}))
            record.windows[endpoint] = Window(reset, max(0, remaining - others))

    def hold(self, key: str, until: datetime, now: datetime) -> None:
        """Nobody asks for `key` (an endpoint, a part, or all: `everything`) before `until`."""
        with self._record() as record:
            moment = min(until, now + LONGEST_HOLD).timestamp()
            record.not_before[key] = max(record.not_before.get(key, 0.0), moment)


def _slot(record: Record, now: float, earliest: float, calls: Calls) -> float:
    """The first moment from `earliest` on at which a call keeps to the budget; the call is counted there."""
    most, per_s = calls
    size = per_s / _PARTS
    newest = (now + LONGEST_HOLD.total_seconds()) // size
    kept = {part: n for part, n in record.parts.items() if now // size - _PARTS <= part <= newest}
    part = int(earliest // size)
    # Both ways, because others may already have taken later places.
    while sum(count for one, count in kept.items() if abs(one - part) <= _PARTS) >= most:
        part += 1
    record.parts = {**kept, part: kept.get(part, 0) + 1}
    return max(earliest, part * size)


class SharedPace(Pace):
    """A pace that all processes with the same credential keep together, in a small file in `folder`.

    The file is named by a digest of the credential, and holds no secret. Each process and thread opens one of
    its own. Raises OSError when it cannot be written.
    """

    def __init__(self, folder: Path, credential: str) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{hashlib.sha256(credential.encode()).hexdigest()[:24]}.json"
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # What was written here last, and what it says: where nobody else has written since, as is usual, it
        # need not be read.
        self._written = b""
        self._says = Record()
        self._closed = weakref.finalize(self, os.close, self._file)

    @contextmanager
    def _record(self) -> Iterator[Record]:
        # The lock goes with the process, so a killed one leaves none behind.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            # Each call of the system lets the other threads of the process go first.
            before = os.pread(self._file, len(self._written) + 1, 0)
            is_ours = bool(before) and before == self._written
            if not is_ours:
                before = os.pread(self._file, os.fstat(self._file).st_size, 0)
            record = self._says if is_ours else Record.read(before.decode("utf-8", "replace"))
            # Until it is written: of a block that breaks off nothing is kept.
            self._written = b""
            yield record
            after = record.text().encode().ljust(len(before))
            if after != before:
                # One write, never shorter than what it replaces: a killed process leaves no half record.
                os.pwrite(self._file, after, 0)
            self._written, self._says = after, record
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
