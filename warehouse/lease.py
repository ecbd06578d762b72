"""A lock that one machine holds at a time, as an object of a bucket.

The object says who holds it and for how many seconds. It is written only by conditional PUTs: by
If-None-Match where there was none, by If-Match where there was one, so that of two who write only one does.
While it is held it is written again three times within its seconds. Whether it has expired is told by the
store's own clock, which dates the object and the answer: the clocks of the machines do not matter. Who lets
it go writes that down; nothing is deleted.

A holder that could not renew its lease in time has lost it, and writes nothing more that needs it.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from secrets import token_hex

from warehouse.bucket import Bucket, Small
from warehouse.mirrored import LakeOutOfReach, LeaseHeld

LEASE_S = 60.0

# Two that take a free lease at once may both be refused by the store, and then one comes again.
_TRIES = 5


def awake_or_not_s() -> float:
    """Seconds since some moment, with those in which the machine slept: the lease expired meanwhile."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True)
class _Written:
    """What the object says. `home` is the data folder of the holder, `token` one taking of the lease."""

    holder: str
    home: str
    token: str
    seconds: float
    is_held: bool = True
    # How often it was written, so that no two writings have one ETag.
    count: int = 0

    def as_bytes(self) -> bytes:
        return json.dumps(vars(self)).encode()


def _read(small: Small) -> _Written | None:
    try:
        said = json.loads(small.content)
        return _Written(
            str(said["holder"]),
            str(said["home"]),
            str(said["token"]),
            float(said["seconds"]),
            said["is_held"] is not False,
            int(said["count"]),
        )
    except (ValueError, TypeError, KeyError):
        # Not ours: it frees itself as one of ours would.
        return None


def last_taking(bucket: Bucket, key: str) -> str:
    """The token of who took a lock last; empty where nobody did."""
    there = bucket.small(key)
    written = None if there is None else _read(there)
    return "" if written is None else written.token


class Lease:
    """One taking of a lock, held from `take` to `release`."""

    def __init__(
        self,
        bucket: Bucket,
        key: str,
        *,
        home: str,
        seconds: float = LEASE_S,
        elapsed_s: Callable[[], float] = awake_or_not_s,
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._elapsed_s = elapsed_s
        self._ours = _Written(f"process {os.getpid()} on {socket.gethostname()}", home, token_hex(8), seconds)
        self._etag = ""
        self._renewed_s = 0.0
        self._is_lost = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __str__(self) -> str:
        return f"{self._bucket}/{self._key}"

    def take(self) -> None:
        """Take the lock and keep it. Raises LeaseHeld when another machine has it, LakeOutOfReach."""
        for _ in range(_TRIES):
            began_s = self._elapsed_s()
            there = self._bucket.small(self._key)
            if there is not None and (holder := self._holder(there)) is not None:
                raise LeaseHeld(holder)
            etag = self._write(self._ours, None if there is None else there.etag)
            if etag is not None:
                self._etag, self._renewed_s = etag, began_s
                self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
                self._thread.start()
                return
        raise LeaseHeld("another machine")

    def _holder(self, there: Small) -> str | None:
        """Who holds the lock that must be waited for; None where it is free to take.

        What a process of this home held is free: whoever asks holds the lock's file here.
        """
        written = _read(there)
        if written is not None and (not written.is_held or written.home == self._ours.home):
            return None
        seconds = self._ours.seconds if written is None else written.seconds
        if (there.read_at - there.written_at).total_seconds() > seconds:
            return None
        return "another program" if written is None else written.holder

    def _write(self, written: _Written, replaces: str | None) -> str | None:
        etag = self._bucket.put_if(self._key, written.as_bytes(), replaces=replaces)
        if etag is not None:
            return etag
        # The answer to our own PUT may have been lost, and its repetition refused.
        there = self._bucket.small(self._key)
        if there is not None and there.etag != replaces and _read(there) == written:
            return there.etag
        return None

    def _keep(self) -> None:
        """Write the lease again and again, until it is released or lost."""
        while not self._ended.wait(self._ours.seconds / 3):
            began_s = self._elapsed_s()
            with suppress(LakeOutOfReach):
                self._ours = replace(self._ours, count=self._ours.count + 1)
                etag = self._write(self._ours, self._etag)
                if etag is None:
                    self._is_lost = True
                    return
                self._etag, self._renewed_s = etag, began_s

    def check(self) -> None:
        """Raises LakeOutOfReach when another machine may hold the lock by now."""
        if self._is_lost or self._elapsed_s() - self._renewed_s > self._ours.seconds:
            raise LakeOutOfReach(
                f"{self} was not renewed for {self._ours.seconds:.0f} s, and another machine may work on the "
                "lake; see that the network is up and run again"
            )

    def release(self) -> None:
        """Let the lock go. Where that cannot be written it expires."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if not self._is_lost:
            with suppress(LakeOutOfReach):
                freed = replace(self._ours, is_held=False)
                self._bucket.put_if(self._key, freed.as_bytes(), replaces=self._etag)


def refuse_without_conditions(bucket: Bucket, key: str) -> None:
    """Raise LakeOutOfReach when a store does not heed the conditions of a PUT, for then two machines would
    hold one lock. `key` is an object for trying."""
    first = bucket.put_if(key, b"1", replaces=None)
    is_new_refused = bucket.put_if(key, b"2", replaces=None) is None
    is_other_refused = bucket.put_if(key, b"3", replaces=f'"{"0" * 32}"') is None
    is_same_taken = first is not None and bucket.put_if(key, b"4", replaces=first) is not None
    bucket.delete([key])
    if not (is_new_refused and is_other_refused and is_same_taken):
        raise LakeOutOfReach(
            f"{bucket}: the store does not heed If-None-Match and If-Match of a PUT, by which machines lock "
            "the lake; keep the lake in a store that does, or in a folder"
        )
