"""The mirror of a lake that lies in a bucket: a folder that holds the same files under the same names.

The bucket is the truth. A file gets its name here only after its object is there, and loses its object there
before it goes here. So bringing the mirror up to date is: look what is here, then list what is there; what
was here and is not there has been deleted; what is there and not here, or otherwise, is fetched. A stale
mirror brings nothing back, and one that is deleted costs only the fetching.

`.state/` in the mirror holds the manifest: of each file the ETag of its object, and size and time of the file
here, by which is seen that the file is still that. Names with a leading dot are of this machine alone.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from warehouse.bucket import AT_ONCE, AsItWas, Bucket, Found
from warehouse.durable import UNFINISHED, drop_unfinished, written_here
from warehouse.lease import LEASE_S, Lease, last_taking, refuse_without_conditions
from warehouse.mirrored import LakeOutOfReach
from warehouse.one_at_a_time import this_machine
from warehouse.progress import Progress, Step, nobody_watches

STATE = ".state"
WHOLE = ("landing/", "readings/", "forgotten/")

_MANIFEST = """
    create table if not exists files (name text primary key, etag text, size integer, mtime_ns integer);
    create table if not exists facts (name text primary key, value text);
"""

# (ETag, size in bytes, time of the last change in nanoseconds)
_Known = tuple[str, int, int]


class BucketMirror:
    """A folder as the mirror of what a bucket holds below a prefix."""

    def __init__(self, root: Path, bucket: Bucket, prefix: str = "", *, lease_s: float = LEASE_S) -> None:
        self.root = root
        self.bucket = bucket
        self.prefix = prefix
        self._prefix = f"{prefix}/" if prefix else ""
        self._lease_s = lease_s
        self._leases: set[Lease] = set()
        self._pulling = threading.Lock()

    # -- one file

    def push(self, name: str, made: BinaryIO) -> None:
        """See `warehouse.mirrored.Mirror`."""
        # New answers too: without its lock a collect does not know what another machine forgets meanwhile.
        self._check_leases()
        etag = self.bucket.put(self._prefix + name, made)
        with self._manifest() as manifest:
            _remember(manifest, name, etag, os.fstat(made.fileno()))

    def remove(self, names: Sequence[str]) -> None:
        """See `warehouse.mirrored.Mirror`."""
        self._check_leases()
        self.bucket.delete([self._prefix + name for name in names])

    def remove_below(self, folder: str) -> None:
        """See `warehouse.mirrored.Mirror`."""
        self._check_leases()
        self.bucket.delete([one.key for one in self.bucket.found(f"{self._prefix}{folder}/")])

    def _check_leases(self) -> None:
        for lease in tuple(self._leases):
            lease.check()

    # -- many files

    def pull(self, folders: Sequence[str] = (), progress: Progress = nobody_watches) -> None:
        """See `warehouse.mirrored.Mirror`. One request for each thousand objects of a folder, and one for
        each file that is fetched."""
        with self._alone():
            for folder in folders or WHOLE:
                self._pull(folder, progress)
            if not folders:
                (self.root / STATE / "seen").touch()

    def _pull(self, folder: str, progress: Progress) -> None:
        # Before the listing: what is here then and is not in the listing was deleted there.
        here = set(self._here(folder))
        there = {one.key.removeprefix(self._prefix): one for one in self.bucket.found(self._prefix + folder)}
        there = {name: one for name, one in there.items() if _is_of_the_lake(name)}
        with self._manifest() as manifest:
            known = _known(manifest, folder)
        wanted = [name for name, one in there.items() if not self._is_here(name, one, known.get(name))]
        self._fetch(wanted, known, progress)
        for name in here - there.keys():
            (self.root / name).unlink(missing_ok=True)
        if gone := known.keys() - there.keys():
            with self._manifest() as manifest:
                manifest.executemany("delete from files where name = ?", [(name,) for name in gone])

    def _is_here(self, name: str, there: Found, known: _Known | None) -> bool:
        """Whether a file here is what lies there."""
        if known is None or known[:2] != (there.etag, there.size):
            return False
        try:
            return _same(known, (self.root / name).stat())
        except FileNotFoundError:
            return False

    def fetch(self, names: Sequence[str]) -> None:
        """See `warehouse.mirrored.Mirror`. One request for each file."""
        with self._alone():
            with self._manifest() as manifest:
                known = _known(manifest)
            self._fetch(names, known)

    def _fetch(
        self, names: Sequence[str], known: Mapping[str, _Known], progress: Progress = nobody_watches
    ) -> None:
        if not names:
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(names)), thread_name_prefix="lake") as threads:
            fetched = [threads.submit(self._fetch_one, name, known.get(name)) for name in names]
            try:
                for number, each in enumerate(fetched, start=1):
                    each.result()
                    progress(Step("fetching files of the lake", number, len(names)))
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise

    def _fetch_one(self, name: str, known: _Known | None) -> None:
        final = self.root / name
        unless = None
        if known is not None and final.exists():
            unless = known[0] if _same(known, final.stat()) else None
        final.parent.mkdir(parents=True, exist_ok=True)
        with suppress(AsItWas), written_here(final) as part:
            got = self.bucket.get(self._prefix + name, part, unless=unless)
            if got is None:
                final.unlink(missing_ok=True)
                raise AsItWas
            part.flush()
            os.utime(part.fileno(), (got.written_at.timestamp(),) * 2)
            with self._manifest() as manifest:
                _remember(manifest, name, got.etag, os.fstat(part.fileno()))

    def _here(self, folder: str) -> Iterator[str]:
        """The finished files below a folder of the mirror."""
        for above, folders, files in os.walk(self.root / folder):
            folders[:] = [name for name in folders if name[0] != "."]
            place = Path(above).relative_to(self.root)
            yield from ((place / name).as_posix() for name in files if name[0] != ".")
            if any(name.endswith(UNFINISHED) for name in files):
                # What a killed process was fetching or writing.
                drop_unfinished(Path(above), "*")

    # -- locks

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """See `warehouse.mirrored.Mirror`."""
        self._refuse_without_conditions()
        lease = Lease(self.bucket, self._prefix + name, home=self._home(), seconds=self._lease_s)
        lease.take()
        self._leases.add(lease)
        try:
            yield
        finally:
            self._leases.discard(lease)
            lease.release()

    def last_taking(self, name: str) -> str:
        """See `warehouse.mirrored.Mirror`."""
        return last_taking(self.bucket, self._prefix + name)

    def _refuse_without_conditions(self) -> None:
        """Try once whether the store heeds the conditions of a PUT."""
        store = self.bucket.access.endpoint_url or "AWS"
        with self._manifest() as manifest:
            tried = manifest.execute("select value from facts where name = 'heeds conditions'").fetchone()
        if tried != (store,):
            refuse_without_conditions(self.bucket, f"{self._prefix}.try-{token_hex(8)}")
            with self._manifest() as manifest:
                manifest.execute("insert or replace into facts values ('heeds conditions', ?)", [store])

    def _home(self) -> str:
        """The name of this mirror among all: a copy of its folder, here or elsewhere, has another."""
        with self._manifest() as manifest:
            manifest.execute("insert or ignore into facts values ('home', ?)", [token_hex(8)])
            written = manifest.execute("select value from facts where name = 'home'").fetchone()[0]
        place = (self.root / STATE / "manifest.sqlite").stat()
        return f"{written} {this_machine()} {socket.gethostname()} {place.st_dev} {place.st_ino}"

    # -- for people

    def try_out(self) -> None:
        """See `warehouse.mirrored.Mirror`. Waits less long than work does."""
        bucket = Bucket(self.bucket.access, tries=2)
        next(bucket.found(f"{self._prefix}landing/"), None)
        bucket.small(f"{self._prefix}.build.lock")
        refuse_without_conditions(bucket, f"{self._prefix}.try-{token_hex(8)}")

    def seen_at(self) -> datetime | None:
        """See `warehouse.mirrored.Mirror`."""
        try:
            return datetime.fromtimestamp((self.root / STATE / "seen").stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    # -- what only this machine needs

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One pull at a time: what one fetches, the other need not."""
        state = self.root / STATE
        state.mkdir(parents=True, exist_ok=True)
        with self._pulling, (state / "pull.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _manifest(self) -> Iterator[sqlite3.Connection]:
        state = self.root / STATE
        state.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(state / "manifest.sqlite", timeout=60.0)) as manifest:
                # What a power cut takes away is fetched again.
                manifest.execute("pragma synchronous = off")
                manifest.executescript(_MANIFEST)
                with manifest:
                    yield manifest
        except sqlite3.Error as error:
            raise LakeOutOfReach(
                f"{state} cannot be used ({error}); delete {self.root}: it is a copy, and is fetched again"
            ) from error


def _is_of_the_lake(name: str) -> bool:
    """Whether an object is a file of the lake. Others' marks of folders and whatever would lie elsewhere here
    are not."""
    return all(part and part[0] != "." for part in name.split("/")) and "\\" not in name and "\0" not in name


def _known(manifest: sqlite3.Connection, folder: str = "") -> dict[str, _Known]:
    """What is known of the files below a folder, or of all."""
    # What comes after every name of the folder: the slash is followed by the nought.
    beyond = f"{folder.removesuffix('/')}0" if folder else "\U0010ffff"
    rows = manifest.execute(
        "select name, etag, size, mtime_ns from files where name >= ? and name < ?", (folder, beyond)
    )
    return {name: (etag, size, mtime_ns) for name, etag, size, mtime_ns in rows}


def _remember(manifest: sqlite3.Connection, name: str, etag: str, found: os.stat_result) -> None:
    manifest.execute(
        "insert or replace into files values (?, ?, ?, ?)", (name, etag, found.st_size, found.st_mtime_ns)
    )


def _same(known: _Known, found: os.stat_result) -> bool:
    return known[1:] == (found.st_size, found.st_mtime_ns)
