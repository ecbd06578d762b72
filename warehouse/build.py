"""Build: bring the warehouse up to date with the lake and publish it.

landing → readings (new files only) → summaries (merged, new readings only) → facts → marts → checks →
published. The next warehouse is made beside the published one and swapped in whole after its checks; a
failed check keeps yesterday's.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse import checking, layers, sql
from warehouse.batch_jobs import Over, here
from warehouse.batches import drop_damaged
from warehouse.commenting import comment, comment_on_new, descriptions, everything_said
from warehouse.export_names import attach_as_known_at
from warehouse.forgetting import has_forgotten_since
from warehouse.landed_files import landed_files
from warehouse.macros import make_macros
from warehouse.mirrored import LakeOutOfReach, bring_up_to_date
from warehouse.one_at_a_time import BUILD_LOCK, Busy, one_at_a_time
from warehouse.opening import attach_to_make, attach_to_read, connect, detach, is_damaged
from warehouse.progress import Progress, Step, nobody_watches
from warehouse.publish import publish
from warehouse.readable import are_whole, has_landing_columns, whole
from warehouse.readings import update
from warehouse.refusals import BuildRefused as BuildRefused
from warehouse.sightings import SIGHTING, fingerprint
from warehouse.versions import drop_set_aside, tidy

DICTIONARY = Path(__file__).parent / "dictionary"

# Bytes of new readings from which on it may be quicker to make the warehouse anew.
MUCH = 4 * 1024 * 1024

# What the database may hold in memory while it makes the tables: so many bytes, or so many for each byte of
# the readings where that is more, and half of what it would take of itself at most. The rest lies beside the
# warehouse that is being made.
MEMORY_AT_LEAST = 256 * 1024 * 1024
MEMORY_A_BYTE = 16

# Bytes of readings up to which handing work to other threads costs more than the work.
LITTLE = 1024 * 1024


class AnotherBuild(BuildRefused):
    """Another build is running on the same lake or warehouse; it takes in what has landed."""


class BuildElsewhere(AnotherBuild):
    """Another machine is building on the same lake; the tables here are not made by that."""


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    `mode` is full, incremental or unchanged. `responses` and `sightings` were newly read by this build, and
    `not_json` of those responses came with status 200 and are no JSON; `readings` is how many single numbers
    the warehouse now rests on; `tables` has the rows of each stored mart and table of days; `failed` the
    landed files that cannot be read; `warnings` what somebody should look at, as `marts.warnings` has it.
    """

    mode: str
    responses: int
    sightings: int
    readings: int
    tables: dict[str, int]
    seconds: float
    failed: tuple[Path, ...] = field(default=())
    not_json: int = 0
    warnings: tuple[checking.Warned, ...] = ()


def build(
    landing: Path,
    readings: Path,
    warehouse: Path,
    *,
    full: bool = False,
    as_known_at: datetime | None = None,
    keep: int = 3,
    wait_s: float = 0.0,
    progress: Progress = nobody_watches,
    waiting: Callable[[str], None] = lambda line: None,
    over: Over = here,
) -> BuildReport:
    """Bring the warehouse up to date and publish it.

    `full` makes readings and summaries again from landing. `as_known_at` leaves out every reading observed
    after that moment and the registry landed after it. The newest `keep` of the warehouses that were
    published before are kept. Another build is waited for up to `wait_s` seconds; `waiting` is told once for
    whom. `over` does the jobs that can be done anywhere (`warehouse.batch_jobs`).

    Raises AnotherBuild when one is still running, BuildRefused when nothing has landed, a check finds
    offenders, the disk is full or the database cannot do what is asked of it.
    """
    started = time.monotonic()
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    # Two builds must tidy up neither each other's unfinished readings nor each other's unfinished warehouse.
    readings.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as locks:
        for folder in sorted({readings.parent.resolve(), warehouse.parent.resolve()}):
            locks.enter_context(_one_at_a_time(folder / BUILD_LOCK, wait_s, waiting))
        locks.enter_context(_the_database_refuses(warehouse))
        bring_up_to_date(readings.parent, progress=progress)
        if has_forgotten_since(landing, warehouse):
            progress("a post was forgotten since the last build: no earlier build is kept")
            keep = 0
        tidy(warehouse, keep)
        digest = update(landing, readings, full=full, progress=progress, over=over)
        made = warehouse.with_name(f".{warehouse.name}.{os.getpid()}.part")
        try:
            with _asked(landing, warehouse, as_known_at) as asked:
                work = _Work(
                    readings=readings,
                    files=digest.files,
                    warehouse=warehouse,
                    made=made,
                    registries=asked.registries,
                    before=None if full else asked.published,
                    as_known_at=as_known_at,
                    progress=progress,
                )
                try:
                    done = _make(asked.con, work)
                except duckdb.InterruptException:
                    raise
                except duckdb.Error:
                    is_lost = is_damaged(warehouse)
                    if not drop_damaged(readings) and not is_lost:
                        raise
                    # Somebody damaged what is made from landing: it is made from landing again.
                    _drop_made(made)
                    again = update(landing, readings, full=False, progress=progress, over=over)
                    digest = digest.then(again)
                    done = _make(connect(), replace(work, files=digest.files, before=None))
            if done.mode != "unchanged":
                progress("publishing")
                publish(made, warehouse, keep, was_read=asked.published is not None)
            else:
                drop_set_aside(warehouse)
        finally:
            try:
                _drop_made(made)
            finally:
                # Python tells of Ctrl-C, once, where a query was broken off for it: often within the first.
                _drop_made(made)
    return BuildReport(
        mode=done.mode,
        responses=digest.responses,
        sightings=digest.sightings,
        readings=done.readings,
        tables=done.tables,
        seconds=time.monotonic() - started,
        failed=(*digest.unreadable, *asked.damaged),
        not_json=digest.not_json,
        warnings=done.warnings,
    )


@contextmanager
def _the_database_refuses(warehouse: Path) -> Iterator[None]:
    """What cannot be written or worked out costs the build, in one line, and nothing that was there."""
    try:
        yield
    except LakeOutOfReach as error:
        raise BuildRefused(f"{error}; what was published stays as it was") from error
    except duckdb.InterruptException:
        # Whoever broke the query off wants the build to end.
        raise KeyboardInterrupt from None
    except duckdb.OutOfMemoryException as error:
        raise BuildRefused(
            f"the build stopped ({str(error).splitlines()[0]}); what was published stays as it was; "
            f"build where there is more memory, see that {warehouse.parent} has room for what does not fit "
            "into it, and build again"
        ) from error
    except (
        duckdb.IOException,
        duckdb.TransactionException,
        duckdb.FatalException,
        OSError,
    ) as error:
        raise BuildRefused(
            f"the build stopped ({str(error).splitlines()[0]}); what was published stays as it was; "
            f"make room in {warehouse.parent} and in the lake, see that both may be written, and build again"
        ) from error
    except duckdb.Error as error:
        raise BuildRefused(
            f"the build stopped ({str(error).splitlines()[0]}); what was published stays as it was; "
            "run `campaign build --full`, and report it if that stops too"
        ) from error


@contextmanager
def _one_at_a_time(lock: Path, wait_s: float, waiting: Callable[[str], None]) -> Iterator[None]:
    def tell(holder: str) -> None:
        waiting(f"another build is running ({holder}); waiting for it, {wait_s:g} s at most")

    try:
        with one_at_a_time(lock, wait_s=wait_s, waiting=tell):
            yield
    except Busy as busy:
        still = f" still after {wait_s:g} s" if wait_s else ""
        if busy.is_elsewhere:
            raise BuildElsewhere(
                f"another machine is building on this lake{still} ({busy.holder}); let it finish, then build "
                "again"
            ) from None
        raise AnotherBuild(
            f"another build is running on this lake{still} ({busy.holder}); let it finish, its result holds "
            "what has landed"
        ) from None


def _drop_made(made: Path) -> None:
    """Remove an unfinished warehouse, and what its database put beside it."""
    made.unlink(missing_ok=True)
    Path(f"{made}.wal").unlink(missing_ok=True)
    shutil.rmtree(f"{made}.tmp", ignore_errors=True)


@dataclass(frozen=True)
class _Work:
    """What a warehouse is to be made from, and where.

    `files` are those of the readings, relative to their folder; `before` is what the published `warehouse`
    was made from, None where nothing of it is to be continued; the next one is made at `made`.
    """

    readings: Path
    files: frozenset[str]
    warehouse: Path
    made: Path
    registries: _Registries
    before: _Basis | None
    as_known_at: datetime | None
    progress: Progress

    def size(self, files: frozenset[str]) -> int:
        """How many bytes some files of the readings have."""
        return sum((self.readings / name).stat().st_size for name in files)


@dataclass(frozen=True)
class _Made:
    """What came of it: full, incremental or unchanged, how many readings the tables rest on, how many rows
    each of them has, and what people should look at."""

    mode: str
    readings: int
    tables: dict[str, int]
    warnings: tuple[checking.Warned, ...]


def _make(con: duckdb.DuckDBPyConnection, work: _Work) -> _Made:
    """Make the next warehouse, checked and closed, in the memory meant for so much or, where that does not
    do, in all that a build may have; in the database in memory of a connection, which is closed then."""
    meant = max(MEMORY_AT_LEAST, MEMORY_A_BYTE * work.size(work.files))
    try:
        with con:
            return _make_in(meant, con, work)
    except duckdb.OutOfMemoryException:
        _drop_made(work.made)
        work.progress("beginning again with more memory")
        with connect() as another:
            return _make_in(None, another, work)


def _make_in(memory: int | None, con: duckdb.DuckDBPyConnection, work: _Work) -> _Made:
    """Make it in so many bytes of memory; None for as many as a build may have. It continues the published
    one where that was made from `work.before` and goes on from there."""
    before, registries, progress = work.before, work.registries, work.progress
    basis = _Basis(
        summaries=_text_of("summaries"),
        derived=_text_of("registry", "facts", "scope", "marts", "macros", "checks", and_also=_said()),
        zones=_zones(registries.in_force),
        as_known_at=work.as_known_at,
        registry_body=registries.in_force,
        registry_history=registries.fingerprint,
        files=work.files,
        newest_at=registries.newest_at,
    )
    if before == basis:
        return _Made("unchanged", _count_readings(con), _count_rows(con), checking.warned(con))
    detach(con)
    continues = (
        before is not None
        and basis.continues(before)
        and not _is_mostly_new(work, basis.files - before.files)
    )
    fresh = sorted(basis.files)
    if before is not None and continues:
        fresh = sorted(basis.files - before.files)
        shutil.copyfile(work.warehouse, work.made)
    attach_to_make(con, work.made)
    con.execute("set TimeZone = 'UTC'")
    con.execute("set preserve_insertion_order = false")
    _limit_memory(con, memory)
    if work.size(work.files) < LITTLE:
        con.execute("set threads = 1")
    _attach_readings(con, work, fresh)
    if work.as_known_at is not None and sql.count(con, "readings.sightings") == 0:
        raise BuildRefused(
            f"nothing had been read by {work.as_known_at.isoformat()}; give a later moment to --as-known-at"
        )
    con.execute("create temp table registry_in_force as select ?::varchar as body", [registries.in_force])
    con.execute(f"create temp table registry_history as {registries.history}")
    keeps = before is not None and continues and basis.derived == before.derived
    keeps_registry = keeps and before is not None and basis.has_registries_of(before)
    layers.begin(con, keeps=keeps, keeps_registry=keeps_registry)
    checking.prepare(con)
    if not keeps_registry:
        layers.make(con, "registry", progress)
    if not keeps:
        _load_dictionary(con)
    con.execute("create schema if not exists summaries")
    if fresh or not continues:
        models = sql.models("summaries")
        for number, model in enumerate(models):
            progress(Step(f"merging {model.table}", number, len(models)))
            sql.run(con, model.text)
    else:
        layers.nothing_merged(con)
    layers.make(con, "facts", progress, keeps=keeps)
    layers.make(con, "marts", progress, keeps=keeps)
    if not keeps:
        make_macros(con, are_some_there=continues)
    progress("checking")
    warnings = checking.check(con)
    row = con.execute("select max(known_at) from readings.fresh").fetchone()
    assert row is not None
    moments = (basis.newest_at, before.newest_at if before is not None and continues else None, row[0])
    _write_basis(con, replace(basis, newest_at=max(moment for moment in moments if moment is not None)))
    if keeps:
        new = layers.made_anew(keeps_registry=keeps_registry)
        comment_on_new(con, {*new, *(model.table for model in sql.models("ops"))}, macros_too=False)
    elif continues:
        comment(con)
    else:
        comment_on_new(con, descriptions(), macros_too=True)
    counted, tables = _count_readings(con), _count_rows(con)
    for database in ("readings", "scope", "before"):
        con.execute(f"detach {database}")
    con.execute("checkpoint")
    return _Made("incremental" if continues else "full", counted, tables, warnings)


def _limit_memory(con: duckdb.DuckDBPyConnection, memory: int | None) -> None:
    """Let the database hold so many bytes, and half of what it would take of itself at most."""
    row = con.execute("select parse_formatted_bytes(current_setting('memory_limit')) // 2").fetchone()
    assert row is not None
    most = int(row[0])
    con.execute(f"set memory_limit = '{most if memory is None else min(memory, most)}B'")


def _is_mostly_new(work: _Work, fresh: frozenset[str]) -> bool:
    """Whether so much is new that making everything is quicker than merging it in."""
    new = work.size(fresh)
    return new > MUCH and 2 * new > work.size(work.files)


@dataclass(frozen=True)
class _Basis:
    """What a warehouse is made from. Two builds on the same basis give the same tables."""

    # Fingerprints of the SQL that makes the summaries, and of the SQL that makes what lies after them.
    summaries: str
    derived: str
    zones: tuple[str, ...]
    as_known_at: datetime | None
    registry_body: str
    # Fingerprint of every registry that was known, in the order of landing.
    registry_history: str
    # Readings files, relative to their folder.
    files: frozenset[str]
    # Newest moment of all that, which follows from it.
    newest_at: datetime | None = field(default=None, compare=False)

    def continues(self, before: _Basis) -> bool:
        """Whether the summaries of `before` can be merged into, instead of being made again."""
        return (
            self.summaries == before.summaries
            and self.zones == before.zones
            and self.as_known_at is None
            and before.as_known_at is None
            and before.files <= self.files
        )

    def has_registries_of(self, before: _Basis) -> bool:
        """Whether no registry has landed since `before`."""
        return (self.registry_body, self.registry_history) == (before.registry_body, before.registry_history)


def _basis_of(con: duckdb.DuckDBPyConnection, warehouse: Path) -> _Basis | None:
    """What the published warehouse was made from, which stays attached; None when it is damaged or not of
    this release, and the connection may be of no use afterwards."""
    try:
        attach_to_read(con, warehouse)
        row = con.execute(
            "select summaries, derived, zones, as_known_at, registry_body, registry_history, files, "
            "newest_at from ops.basis"
        ).fetchone()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return None
    if row is None:
        return None
    return _Basis(row[0], row[1], tuple(row[2]), row[3], row[4], row[5], frozenset(row[6]), row[7])


def _write_basis(con: duckdb.DuckDBPyConnection, basis: _Basis) -> None:
    con.execute("create schema if not exists ops")
    con.execute("drop table if exists ops.basis")
    for model in sql.models("ops"):
        con.execute(model.text)
    con.execute(
        "insert into ops.basis values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            basis.summaries,
            basis.derived,
            list(basis.zones),
            basis.as_known_at,
            basis.newest_at,
            basis.registry_body,
            basis.registry_history,
            sorted(basis.files),
        ],
    )


def _text_of(*names: str, and_also: str = "") -> str:
    """A fingerprint of the files of some layers, as this process has them, of the readings that they rest on
    and of another text."""
    digest = hashlib.sha256((fingerprint() + sql.text_of(layers.INSTANTS)).encode())
    for layer in names:
        for path in sql.files_of(sql.FOLDER / layer):
            digest.update((path.name + sql.text_of(path)).encode())
    digest.update(and_also.encode())
    return digest.hexdigest()[:16]


def _said() -> str:
    """What is said by the dictionary and by the comments, which are kept with the tables that they are on."""
    dictionary = [path.name + sql.text_of(path) for path in sql.files_of(DICTIONARY, ".csv")]
    return "".join([*dictionary, everything_said()])


@dataclass(frozen=True)
class _Registries:
    """The registries that were known: the body of the one in force, an SQL query of all of them
    (`registry_history`: body, requested_at, response_id; each body once, as it was landed last), a
    fingerprint of those, and when the newest of them was observed.
    """

    in_force: str
    history: str
    fingerprint: str
    newest_at: datetime


@dataclass(frozen=True)
class _Asked:
    """What a build asks first: the registries that were known, the registry files that cannot be read, and
    what the published warehouse was made from, None when there is none or it cannot be continued. It is
    attached to `con`, whose database in memory is as good as new for the rest."""

    con: duckdb.DuckDBPyConnection
    registries: _Registries
    damaged: tuple[Path, ...]
    published: _Basis | None


@contextmanager
def _asked(landing: Path, warehouse: Path, as_known_at: datetime | None) -> Iterator[_Asked]:
    """Ask it of one database, for opening one takes as long as twenty of its small queries; of another where
    something is damaged."""
    landed = landed_files(landing, "registry")
    paths = [path for path in landed if has_landing_columns(path)]
    with ExitStack() as databases:
        con = databases.enter_context(connect())
        if paths and not are_whole(con, paths):
            paths = whole(paths)
            con = databases.enter_context(connect())
        if not paths:
            raise BuildRefused(f"no registry has landed in {landing} yet; run `campaign collect` first")
        registries = _known_registries(con, paths, as_known_at)
        published = None
        if warehouse.exists():
            published = _basis_of(con, warehouse)
            if published is None:
                con = databases.enter_context(connect())
        yield _Asked(con, registries, tuple(sorted(set(landed) - set(paths))), published)


def _known_registries(
    con: duckdb.DuckDBPyConnection, paths: list[Path], as_known_at: datetime | None
) -> _Registries:
    """The registries of some landed files.

    `as_known_at` leaves out those observed later; where none had been observed by then, the one landed last
    stands alone.
    """
    relation = sql.parquet(paths)
    moment = "infinity" if as_known_at is None else as_known_at.isoformat()
    is_known = f"(observed_at <= {sql.literal(moment)}::timestamptz)"
    con.execute("set TimeZone = 'UTC'")
    row = con.execute(
        f"""
        select body, response_id
        from {relation}
        order by {is_known} desc, requested_at desc, response_id desc
        limit 1
        """
    ).fetchone()
    assert row is not None
    known = f"""
        from {relation}
        where {is_known} or response_id = {sql.literal(row[1])}
    """
    fingerprint = con.execute(
        f"""
        select md5(string_agg(response_id, ' ' order by requested_at, response_id)), max(observed_at) {known}
        """
    ).fetchone()
    assert fingerprint is not None
    history = f"""
        select body, last.requested_at as requested_at, last.response_id as response_id
        from (
            select body, max({{'requested_at': requested_at, 'response_id': response_id}}) as last
            {known}
            group by body
        )
    """
    return _Registries(str(row[0]), history, str(fingerprint[0]), newest_at=fingerprint[1])


def _zones(registry_body: str) -> tuple[str, ...]:
    return tuple(sorted({str(campaign["timezone"]) for campaign in json.loads(registry_body)["campaigns"]}))


def _attach_readings(con: duckdb.DuckDBPyConnection, work: _Work, fresh: list[str]) -> None:
    """Attach `readings.fresh`, the sightings not merged yet, and `readings.sightings`, all of them."""
    root, files = work.readings, sorted(work.files)
    con.execute("attach ':memory:' as readings")
    if work.as_known_at is not None and files:
        # Such a build never continues another: all of it is fresh.
        attach_as_known_at(con, [root / file for file in files], work.as_known_at)
        return
    for name, chosen in (("fresh", fresh), ("sightings", files)):
        if chosen:
            relation = sql.parquet((root / file for file in chosen), hive=True)
            con.execute(f"create view readings.{name} as select * exclude (month) from {relation}")
        else:
            con.execute(f"create table readings.{name} ({SIGHTING})")


def _load_dictionary(con: duckdb.DuckDBPyConnection) -> None:
    """Load the dictionary of every platform, as this process has it; the files' headers name the columns.

    Raises BuildRefused when a line has more or fewer values than its header.
    """
    lines: list[dict[str, str | None]] = []
    for path in sql.files_of(DICTIONARY, ".csv"):
        header, *rows = csv.reader(io.StringIO(sql.text_of(path)), strict=True)
        for row in filter(None, rows):
            if len(row) != len(header):
                raise BuildRefused(
                    f"{path} has a line of {len(row)} values and not {len(header)}: {','.join(row)[:80]}; "
                    "put a value that has a comma in quotation marks, and build again"
                )
            lines.append({name: value or None for name, value in zip(header, row, strict=True)})
    names = {name: "varchar" for line in lines for name in line}
    con.execute("drop schema if exists dictionary cascade")
    con.execute("create schema dictionary")
    con.execute(
        """
        create table dictionary.metrics as
        select * replace (priority::integer as priority, is_comparable::boolean as is_comparable,
                          since::date as since, until::date as until)
        from (select unnest(from_json(?, ?), recursive := true))
        """,
        [json.dumps(lines), json.dumps([names])],
    )


def _count_readings(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select coalesce(sum(polls), 0)::bigint from summaries.counter_days").fetchone()
    assert row is not None
    return int(row[0])


def _count_rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows by stored mart and by table of days; views have as many as somebody asks for."""
    stored = [model.table for model in sql.models("marts") if model.made == "anew"]
    kept = [model.table for model in sql.models("facts") if model.made in ("counters", "days")]
    tables = [*kept, *stored]
    # A row for each: subqueries of one row are joined, and planning so many joins takes longer than counting.
    counts = " union all ".join(f"select {sql.literal(table)}, count(*) from {table}" for table in tables)
    counted = dict(sql.run(con, counts).fetchall())
    return {table: int(counted[table]) for table in tables}
