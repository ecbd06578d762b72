"""What asking costs: a ledger of the paid calls, and budgets that are never exceeded.

Some platforms charge by what they show: a resource (a post, an account) once per UTC day however often it is
read, or each request. A connector with prices reserves what a call may cost at worst before it is made, and
settles what it did cost when the answer is there. A reservation counts as spent until it is settled or
released, so a process that is killed in between never lets a budget be exceeded: what it had reserved stays
counted on its day, because the platform may have answered. So it is with a call that may have been answered
though nothing readable arrived.

The ledger is one SQLite file, shared by processes of one machine. It keeps a write-ahead log and leaves the
moment of writing it out to the operating system: a killed process loses nothing by that, a call costs a
fraction of a millisecond instead of six waits for the disk, and a power cut can lose the last calls but never
damage the file. Money is whole millionths of a dollar inside.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from connectors.errors import NotSent, OverBudget, Trouble

# Longer than any transaction here could take; a process that holds the file for so long hangs.
BUSY_TIMEOUT_MS = 30_000
_MILLION = Decimal(1_000_000)

# paid: which resources a platform has charged on a UTC day, for as long as that day may still be asked about.
_SCHEMA = """
create table if not exists reserved (
    id integer primary key autoincrement,
    platform text not null, campaign_id text not null, day text not null, micros integer not null
);
create table if not exists spent (
    day text not null, platform text not null, campaign_id text not null, kind text not null,
    counted integer not null, micros integer not null,
    primary key (day, platform, campaign_id, kind)
) without rowid;
create table if not exists requests (
    day text not null, platform text not null, campaign_id text not null, counted integer not null,
    primary key (day, platform, campaign_id)
) without rowid;
create table if not exists paid (
    day text not null, platform text not null, kind text not null, resource text not null,
    primary key (day, platform, kind, resource)
) without rowid;
"""


class LedgerError(OSError):
    """The ledger cannot be read or written; one plain line that names the cure."""


@dataclass(frozen=True)
class Line:
    """What is bought at one price: resources by id, charged once per UTC day each, and `count` that have no
    id: requests, or resources that are not known yet.

    `aliases` are other names under which the same resources are asked for; they cost nothing by themselves.
    """

    kind: str
    usd: Decimal
    ids: tuple[str, ...] = ()
    count: int = 0
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limit:
    """A campaign's budget on one platform; a day is a UTC day, a month a calendar month of UTC days."""

    campaign_id: str
    usd_per_day: Decimal | None
    usd_per_month: Decimal | None


@dataclass(frozen=True)
class Spent:
    """What was spent. `usd` includes `unsettled_usd`: what is reserved by calls under way, by processes that
    died, and by calls of which nobody knows whether they were charged. `resources` counts by kind what was
    charged, `requests` the calls that were paid for or would have been, had their resources not been read
    earlier on the same day.
    """

    usd: Decimal
    resources: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    unsettled_usd: Decimal = Decimal(0)


class Ledger:
    """The paid calls of every platform and campaign, in one SQLite file; used by several processes at once.

    With `only_to_read` nothing is written, not even where it is missing: what was spent can be told from a
    folder that cannot be written.

    Raises LedgerError, also from every method. Threads may share one.
    """

    def __init__(self, path: Path, *, only_to_read: bool = False) -> None:
        self._path = path
        self._lock = threading.Lock()
        if only_to_read:
            with self._plainly():
                self._con = _open_to_read(path)
            return
        with self._plainly():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._con = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
            )
        with self._plainly():
            # Another process that opens it for the first time at this instant makes the change for both.
            with suppress(sqlite3.OperationalError):
                self._con.execute("pragma journal_mode = wal")
            self._con.execute("pragma synchronous = normal")
            self._con.executescript(_SCHEMA)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._con.close()

    def spent(self, platform: str, campaign_id: str | None, first_day: date, last_day: date) -> Spent:
        """What a campaign (None: all of them) spent on a platform in UTC days, both inclusive."""
        where = "platform = ? and day between ? and ? and (? is null or campaign_id = ?)"
        window = (platform, first_day.isoformat(), last_day.isoformat(), campaign_id, campaign_id)
        with self._transaction("begin") as con:
            kinds = con.execute(
                f"select kind, sum(counted), sum(micros) from spent where {where} group by kind order by 1",
                window,
            ).fetchall()
            unsettled = _number(con, f"select sum(micros) from reserved where {where}", window)
            requests = _number(con, f"select sum(counted) from requests where {where}", window)
        settled = sum(micros for _, _, micros in kinds)
        return Spent(
            usd=(settled + unsettled) / _MILLION,
            resources={kind: counted for kind, counted, _ in kinds if counted},
            requests=requests,
            unsettled_usd=unsettled / _MILLION,
        )

    def unpaid(self, platform: str, day: date, kind: str, ids: Sequence[str]) -> list[str]:
        """Those of the resources that would be charged if they were read on that day."""
        with self._lock, self._plainly():
            return _unpaid(self._con, platform, day, kind, ids)

    def room(self, platform: str, day: date, limit: Limit) -> int | None:
        """How many millionths of a dollar a campaign may still spend on a day; None without a limit."""
        if limit.usd_per_day is None and limit.usd_per_month is None:
            return None
        with self._transaction("begin") as con:
            rooms = [most - used for most, used, _ in _uses(con, platform, day, limit)]
        return None if not rooms else max(0, min(rooms))

    def cost(self, platform: str, day: date, lines: Sequence[Line]) -> int:
        """What the lines would cost on a day, in millionths of a dollar."""
        with self._transaction("begin") as con:
            return _cost(con, platform, day, lines)

    def reserve(self, platform: str, day: date, limit: Limit, lines: Sequence[Line]) -> int:
        """Sets aside what the lines cost at worst, and returns the number to settle or release it by.

        Raises OverBudget when they do not fit into the limit; nothing is set aside then.
        """
        with self._transaction("begin immediate") as con:
            # Two days back, nobody asks any more whether a resource was charged.
            con.execute("delete from paid where day < date(?, '-1 day')", (day.isoformat(),))
            worst = _cost(con, platform, day, lines)
            for most, used, span in _uses(con, platform, day, limit):
                if used + worst > most:
                    raise OverBudget(platform, _over(platform, limit.campaign_id, span, most, used, worst))
            placed = con.execute(
                "insert into reserved (platform, campaign_id, day, micros) values (?, ?, ?, ?)",
                (platform, limit.campaign_id, day.isoformat(), worst),
            )
            return int(placed.lastrowid or 0)

    def settle(self, reservation: int, lines: Sequence[Line]) -> None:
        """Replaces a reservation by what was bought, on the reservation's day. Without lines it is released.

        A reservation that is not there (any more) changes nothing.
        """
        with self._transaction("begin immediate") as con:
            found = con.execute(
                "delete from reserved where id = ? returning platform, campaign_id, day", (reservation,)
            ).fetchone()
            if found is None or not lines:
                return
            platform, campaign_id, day = found
            for line in lines:
                counted = line.count + _pay(con, platform, day, line.kind, line.ids)
                _pay(con, platform, day, line.kind, line.aliases)
                con.execute(
                    "insert into spent values (?, ?, ?, ?, ?, ?) on conflict do update set "
                    "counted = counted + excluded.counted, micros = micros + excluded.micros",
                    (day, platform, campaign_id, line.kind, counted, counted * _micros(line.usd)),
                )
            con.execute(
                "insert into requests values (?, ?, ?, 1) on conflict do update set counted = counted + 1",
                (day, platform, campaign_id),
            )

    @contextmanager
    def _transaction(self, beginning: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._plainly():
            self._con.execute(beginning)
            try:
                yield self._con
                self._con.execute("commit")
            finally:
                if self._con.in_transaction:
                    self._con.execute("rollback")

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, FileExistsError, NotADirectoryError, PermissionError) as error:
            cure = "mend it or its permissions; a damaged one may be moved away, which forgets what was spent"
            if _is_of_the_disk(error):
                cure = f"make room in {self._path.parent}, and see that its disk can be written"
            raise LedgerError(f"the spending ledger {self._path} cannot be used ({error}); {cure}") from error


class Receipt:
    """Collects what a call bought while `Purse.buying` is open."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.is_unsure = False

    def got(self, *lines: Line) -> None:
        self.lines += lines

    def may_be_charged(self) -> None:
        """The call failed in a way that leaves open whether the platform charges for it."""
        self.is_unsure = True


class Purse:
    """What one platform's run may spend. `limits` name campaigns; one that is not among them has no limit,
    and is recorded all the same. `now` is the clock by which the platform charges.
    """

    def __init__(
        self, ledger: Ledger, platform: str, limits: Sequence[Limit], now: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._platform = platform
        self._limits = {limit.campaign_id: limit for limit in limits}
        self._now = now

    def unpaid(self, kind: str, ids: Sequence[str]) -> list[str]:
        """Those of the resources that would be charged if they were read now."""
        return self._ledger.unpaid(self._platform, self._today(), kind, ids)

    def room(self, campaign_id: str) -> Decimal | None:
        """How many dollars the campaign can still spend; None without a limit."""
        micros = self._ledger.room(self._platform, self._today(), self._limit(campaign_id))
        return None if micros is None else micros / _MILLION

    def cost(self, *lines: Line) -> Decimal:
        """How many dollars the lines would cost now."""
        return self._ledger.cost(self._platform, self._today(), lines) / _MILLION

    @contextmanager
    def buying(self, campaign_id: str, *worst: Line) -> Iterator[Receipt]:
        """A paid call inside the block: `worst` is reserved before it and what the receipt got is settled
        after it. A call that failed (a Trouble) was free, unless the receipt was told that it may be charged.
        Then, and when anything else ends the block, the reservation stays counted on its day, and nothing is
        taken for paid: the platform may have answered or not.

        Raises OverBudget before the block is entered. A call that was not sent is free.
        """
        limit = self._limit(campaign_id)
        reservation = self._ledger.reserve(self._platform, self._today(), limit, worst)
        receipt = Receipt()
        try:
            yield receipt
        except NotSent:
            self._ledger.settle(reservation, ())
            raise
        except Trouble:
            if not receipt.is_unsure:
                self._ledger.settle(reservation, receipt.lines)
            raise
        # An answer without anything in it was a call too.
        self._ledger.settle(reservation, receipt.lines or [Line(line.kind, line.usd) for line in worst])

    def _limit(self, campaign_id: str) -> Limit:
        return self._limits.get(campaign_id, Limit(campaign_id, None, None))

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()


def _is_of_the_disk(error: Exception) -> bool:
    """Whether the disk is full or fails, and the ledger is not to blame."""
    code = getattr(error, "sqlite_errorcode", None)
    # The lowest byte is the kind of the error, those above tell more of it.
    return code is not None and code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing. Raises sqlite3.Error."""
    # With mode=ro SQLite would leave an empty log behind.
    try:
        return _readable(path, "mode=rw")
    except sqlite3.OperationalError:
        # SQLite cannot read a file that has a write-ahead log without making one beside it. In a folder that
        # cannot be written nobody writes, and the file has everything, unless a log was left behind.
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise
        return _readable(path, "immutable=1")


def _readable(path: Path, how: str) -> sqlite3.Connection:
    con = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        con.execute("pragma query_only = on")
        con.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.Error:
        con.close()
        raise
    return con


def _micros(usd: Decimal) -> int:
    micros = usd * _MILLION
    if micros != micros.to_integral_value():
        raise ValueError(f"{usd} USD is no whole number of millionths")
    return int(micros)


def _number(con: sqlite3.Connection, query: str, values: tuple[Any, ...]) -> int:
    return int(con.execute(query, values).fetchone()[0] or 0)


def _unpaid(con: sqlite3.Connection, platform: str, day: date, kind: str, ids: Sequence[str]) -> list[str]:
    # One question of SQLite for all, as each costs more than its answer; a cross join, which looks up what is
    # asked instead of going through the day.
    paid = con.execute(
        "select resource from json_each(?) cross join paid "
        "on resource = value and day = ? and platform = ? and kind = ?",
        (json.dumps(ids), day.isoformat(), platform, kind),
    ).fetchall()
    known = {resource for (resource,) in paid}
    return [one for one in ids if one not in known]


def _pay(con: sqlite3.Connection, platform: str, day: str, kind: str, ids: Sequence[str]) -> int:
    """Takes the resources for charged on a day; gives how many were not before."""
    if not ids:
        return 0
    return con.execute(
        "insert or ignore into paid select ?, ?, ?, value from json_each(?)",
        (day, platform, kind, json.dumps(ids)),
    ).rowcount


def _cost(con: sqlite3.Connection, platform: str, day: date, lines: Sequence[Line]) -> int:
    """What the lines cost, in millionths; resources that were charged on that day are free."""
    return sum(
        _micros(line.usd)
        * (line.count + len(_unpaid(con, platform, day, line.kind, tuple(dict.fromkeys(line.ids)))))
        for line in lines
    )


def _uses(con: sqlite3.Connection, platform: str, day: date, limit: Limit) -> Iterator[tuple[int, int, str]]:
    """(most, used, the span's name), in millionths, for each limit that there is."""
    for usd, first, last, span in (
        (limit.usd_per_day, day.isoformat(), day.isoformat(), "day"),
        (limit.usd_per_month, f"{day:%Y-%m}-01", f"{day:%Y-%m}-31", "month"),
    ):
        if usd is None:
            continue
        window = (platform, limit.campaign_id, first, last)
        where = "platform = ? and campaign_id = ? and day between ? and ?"
        used = sum(
            _number(con, f"select sum(micros) from {table} where {where}", window)
            for table in ("spent", "reserved")
        )
        yield int(usd * _MILLION), used, span


def _over(platform: str, campaign_id: str, span: str, most: int, used: int, worst: int) -> str:
    budget, spent, costs = (f"{micros / _MILLION:.3f}" for micros in (most, used, worst))
    return (
        f"{platform}: {campaign_id} may spend {budget} USD a {span} and has spent {spent}: too much for a "
        f"call of {costs}; raise usd_per_{span} under [[budgets]] or wait for the next {span} (UTC)"
    )
