"""Build: bring the warehouse up to date with the lake and publish it.

landing → readings (new files only) → summaries (merged, new readings only) → facts → marts → checks →
published. The next warehouse is made beside the published one and swapped in whole after its checks; a
failed check keeps yesterday's.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse import readings as readings_layer
from warehouse import sql
from warehouse.durable import hidden_sibling
from warehouse.landing import landed_files
from warehouse.publish import publish

DICTIONARY = Path(__file__).parent / "dictionary"


class BuildRefused(Exception):
    """The build did not publish; the message says why in one line. What was published before is untouched."""


class AnotherBuild(BuildRefused):
    """Another build is running on the same lake or warehouse; it takes in what has landed."""


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    `mode` is full, incremental or unchanged. `responses` and `sightings` were newly read by this build, and
    `not_json` of those responses came with status 200 and are no JSON; `readings` is how many single numbers
    the warehouse now rests on; `tables` has the rows of each published mart; `failed` the landed files that
    cannot be read.
    """

    mode: str
    responses: int
    sightings: int
    readings: int
    tables: dict[str, int]
    seconds: float
    failed: tuple[Path, ...] = field(default=())
    not_json: int = 0


def build(
    landing: Path,
    readings: Path,
    warehouse: Path,
    *,
    full: bool = False,
    as_known_at: datetime | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> BuildReport:
    """Bring the warehouse up to date and publish it.

    `full` makes readings and summaries again from landing. `as_known_at` leaves out every reading observed
    after that moment and the registry landed after it.

    Raises AnotherBuild when one is running, BuildRefused when nothing has landed, a check finds offenders,
    the disk is full or the database cannot do what is asked of it.
    """
    started = time.monotonic()
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    # Two builds must tidy up neither each other's unfinished readings nor each other's unfinished warehouse.
    readings.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as locks:
        for folder in sorted({readings.parent.resolve(), warehouse.parent.resolve()}):
            locks.enter_context(_one_at_a_time(folder / ".build.lock"))
        locks.enter_context(_the_database_refuses(warehouse))
        _drop_unfinished(warehouse)
        digest = readings_layer.update(landing, readings, full=full, progress=progress)
        made = warehouse.with_name(f".{warehouse.name}.{os.getpid()}.part")
        try:
            body, damaged = _registry_in_force(landing, as_known_at)
            mode, counted, tables = _make(readings, warehouse, made, body, full, as_known_at, progress)
            if mode != "unchanged":
                progress("publishing")
                publish(made, warehouse)
        finally:
            made.unlink(missing_ok=True)
            Path(f"{made}.wal").unlink(missing_ok=True)
    return BuildReport(
        mode=mode,
        responses=digest.responses,
        sightings=digest.sightings,
        readings=counted,
        tables=tables,
        seconds=time.monotonic() - started,
        failed=(*digest.unreadable, *damaged),
        not_json=digest.not_json,
    )


@contextmanager
def _the_database_refuses(warehouse: Path) -> Iterator[None]:
    """What cannot be written or worked out costs the build, in one line, and nothing that was there."""
    try:
        yield
    except (
        duckdb.IOException,
        duckdb.TransactionException,
        duckdb.OutOfMemoryException,
        duckdb.FatalException,
    ) as error:
        raise BuildRefused(
            f"the build stopped ({str(error).splitlines()[0]}); what was published stays as it was; "
            f"make room in {warehouse.parent} and in the lake, and build again"
        ) from error
    except duckdb.Error as error:
        raise BuildRefused(
            f"the build stopped ({str(error).splitlines()[0]}); what was published stays as it was; "
            "run `campaign build --full`, and report it if that stops too"
        ) from error


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherBuild(
                "another build is running on this lake; let it finish, its result holds what has landed"
            ) from None
        yield


def _drop_unfinished(warehouse: Path) -> None:
    """Remove what a killed build left behind; the lock is held, so nobody is making it."""
    for path in warehouse.parent.glob(f".{warehouse.name}.*.part*"):
        path.unlink()


def _make(
    readings: Path,
    warehouse: Path,
    made: Path,
    body: str,
    full: bool,
    as_known_at: datetime | None,
    progress: Callable[[str], None],
) -> tuple[str, int, dict[str, int]]:
    """Make the next warehouse at `made`, checked and closed; returns (mode, readings, rows by mart)."""
    files = sorted(name for batch in readings_layer.committed(readings) for name in batch.files)
    basis = _Basis(
        summaries=_text_of("summaries"),
        derived=_text_of("registry", "facts", "marts", "checks", "dictionary"),
        zones=_zones(body),
        as_known_at=as_known_at,
        registry_body=body,
        files=frozenset(files),
    )
    before = None if full else _basis_of(warehouse)
    if before == basis:
        with _opened_as_it_is_now(warehouse) as con:
            return "unchanged", _count_readings(con), _count_marts(con)
    continues = before is not None and basis.continues(before)
    fresh = files
    if before is not None and continues:
        fresh = sorted(basis.files - before.files)
        shutil.copyfile(warehouse, made)
    with duckdb.connect(made) as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("set preserve_insertion_order = false")
        _attach_readings(con, readings, fresh, files, as_known_at)
        con.execute("create temp table registry_in_force as select ?::varchar as body", [body])
        _make_layer(con, "registry", progress)
        _load_dictionary(con)
        con.execute("create schema if not exists summaries")
        try:
            for model in sql.models("summaries"):
                progress(f"merging {model.table}")
                con.execute(model.text)
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise BuildRefused(
                f"{readings} or the published warehouse is damaged ({str(error).splitlines()[0]}); "
                "run `campaign build --full`, which makes both again"
            ) from error
        _make_layer(con, "facts", progress)
        _make_layer(con, "marts", progress)
        progress("checking")
        refuse_offenders(con)
        _write_basis(con, basis)
        counted, tables = _count_readings(con), _count_marts(con)
        con.execute("detach readings")
        con.execute("checkpoint")
    return ("incremental" if continues else "full"), counted, tables


@dataclass(frozen=True)
class _Basis:
    """What a warehouse is made from. Two builds on the same basis give the same tables."""

    # Fingerprints of the SQL that makes the summaries, and of the SQL that makes what lies after them.
    summaries: str
    derived: str
    zones: tuple[str, ...]
    as_known_at: datetime | None
    registry_body: str
    # Readings files, relative to their folder.
    files: frozenset[str]

    def continues(self, before: _Basis) -> bool:
        """Whether the summaries of `before` can be merged into, instead of being made again."""
        return (
            self.summaries == before.summaries
            and self.zones == before.zones
            and self.as_known_at is None
            and before.as_known_at is None
            and before.files <= self.files
        )


@contextmanager
def _opened_as_it_is_now(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, read-only, under a name of its own.

    DuckDB knows a file by its name: where this process still reads an older one of the same name, a second
    connection would answer with that.
    """
    link = hidden_sibling(warehouse).with_suffix(".link.part")
    try:
        link.hardlink_to(warehouse)
    except OSError:
        shutil.copyfile(warehouse, link)
    try:
        with duckdb.connect(link, read_only=True) as con:
            con.execute("set TimeZone = 'UTC'")
            yield con
    finally:
        link.unlink()


def _basis_of(warehouse: Path) -> _Basis | None:
    """What the published warehouse was made from; None when it is missing or not of this release."""
    if not warehouse.exists():
        return None
    try:
        with _opened_as_it_is_now(warehouse) as con:
            row = con.execute(
                "select summaries, derived, zones, as_known_at, registry_body, files from ops.basis"
            ).fetchone()
    except duckdb.Error:
        return None
    return None if row is None else _Basis(row[0], row[1], tuple(row[2]), row[3], row[4], frozenset(row[5]))


def _write_basis(con: duckdb.DuckDBPyConnection, basis: _Basis) -> None:
    con.execute("create schema if not exists ops")
    con.execute(
        "create or replace table ops.basis (summaries varchar, derived varchar, zones varchar[], "
        "as_known_at timestamptz, registry_body varchar, files varchar[])"
    )
    con.execute(
        "insert into ops.basis values (?, ?, ?, ?, ?, ?)",
        [
            basis.summaries,
            basis.derived,
            list(basis.zones),
            basis.as_known_at,
            basis.registry_body,
            sorted(basis.files),
        ],
    )


def _text_of(*layers: str) -> str:
    """A fingerprint of the files of some layers, and of the readings that they rest on."""
    digest = hashlib.sha256(readings_layer.fingerprint().encode())
    for layer in layers:
        for path in sorted((sql.FOLDER / layer).iterdir()):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _registry_in_force(landing: Path, as_known_at: datetime | None) -> tuple[str, list[Path]]:
    """The body of the registry landed last (and observed by `as_known_at`, if any was by then), and the
    registry files that cannot be read.
    """
    landed = landed_files(landing, "registry")
    paths = readings_layer.whole(path for path in landed if readings_layer.has_landing_columns(path))
    if not paths:
        raise BuildRefused(f"no registry has landed in {landing} yet; run `campaign collect` first")
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        row = con.execute(
            f"""
            select body
            from {sql.parquet(paths)}
            order by coalesce(observed_at <= $moment, true) desc, requested_at desc, response_id desc
            limit 1
            """,
            {"moment": as_known_at},
        ).fetchone()
    assert row is not None
    return str(row[0]), sorted(set(landed) - set(paths))


def _zones(registry_body: str) -> tuple[str, ...]:
    return tuple(sorted({str(campaign["timezone"]) for campaign in json.loads(registry_body)["campaigns"]}))


def _attach_readings(
    con: duckdb.DuckDBPyConnection,
    root: Path,
    fresh: list[str],
    files: list[str],
    as_known_at: datetime | None,
) -> None:
    """Attach `readings.fresh`, the sightings not merged yet, and `readings.sightings`, all of them."""
    con.execute("attach ':memory:' as readings")
    known = (
        ""
        if as_known_at is None
        else f"where observed_at <= {sql.literal(as_known_at.isoformat())}::timestamptz"
    )
    for name, chosen in (("fresh", fresh), ("sightings", files)):
        if chosen:
            relation = sql.parquet((root / file for file in chosen), hive=True)
            con.execute(f"create view readings.{name} as select * exclude (month) from {relation} {known}")
        else:
            con.execute(f"create table readings.{name} ({readings_layer.SIGHTING})")


def _make_layer(con: duckdb.DuckDBPyConnection, layer: str, progress: Callable[[str], None]) -> None:
    """Make every table of a layer anew, rows in the order of their grain."""
    con.execute(f"drop schema if exists {layer} cascade")
    con.execute(f"create schema {layer}")
    for model in sql.models(layer):
        progress(f"making {model.table}")
        grain = ", ".join(model.grain)
        con.execute(f"create table {model.table} as select * from ({model.query}) order by {grain}")


def _load_dictionary(con: duckdb.DuckDBPyConnection) -> None:
    """Load the dictionary of every platform; the files' headers name the columns."""
    con.execute("drop schema if exists dictionary cascade")
    con.execute("create schema dictionary")
    con.execute(
        """
        create table dictionary.metrics as
        select * replace (priority::integer as priority, is_comparable::boolean as is_comparable,
                          since::date as since, until::date as until)
        from read_csv(?, header = true, all_varchar = true)
        """,
        [[str(path) for path in sorted(DICTIONARY.glob("*.csv"))]],
    )


def refuse_offenders(con: duckdb.DuckDBPyConnection) -> None:
    """Run every check, and the grain of every fact and mart.

    Raises BuildRefused naming the first that finds offenders.
    """
    for name, query in sql.checks().items():
        offenders = con.execute(query).fetchmany(3)
        if offenders:
            raise BuildRefused(
                f"check {name} found offenders, the warehouse stays as it was; for example {offenders[0]}"
            )
    for model in [*sql.models("facts"), *sql.models("marts")]:
        grain = ", ".join(model.grain)
        offenders = con.execute(
            f"select {grain} from {model.table} group by all having count(*) > 1 limit 1"
        ).fetchmany(1)
        if offenders:
            raise BuildRefused(
                f"{model.table} has more than one row for {grain} = {offenders[0]}; "
                "the warehouse stays as it was"
            )


def _count_readings(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select coalesce(sum(polls), 0)::bigint from summaries.counter_days").fetchone()
    assert row is not None
    return int(row[0])


def _count_marts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return {model.table: sql.count(con, model.table) for model in sql.models("marts")}
