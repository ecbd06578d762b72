"""Readings: what landed answers say, typed, one row for each object in each answer.

`readings/platform=P/month=YYYY-MM/BATCH-N.parquet` holds *sightings*: an object (post, medium, account,
hashtag, site, audience or advertising), the moment, what the answer showed of it, its counters as a list of
(metric, value), and as a list of periods what the platform itself gives for days of its own calendar.
`readings/batches/BATCH.json` names the landed files that a batch was made from and the files it wrote; it
is written last, so files that no batch names do not count.

`warehouse/readings/<platform>.sql` is the only place that knows a platform's words: it selects sightings
from `landed`. Deleting the folder loses nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse import sql
from warehouse.durable import hidden_sibling, publish_file, sync_folder
from warehouse.landing import COLUMNS as LANDING_COLUMNS
from warehouse.landing import landed_files

SQL = Path(__file__).parent / "readings"

SIGHTING = """
    platform varchar, object_type varchar, object_id varchar, observed_at timestamptz, response_id varchar,
    state varchar, account_id varchar, created_at timestamptz, text varchar, permalink varchar,
    aliases varchar[] default [], media_ids varchar[] default [], post_ids varchar[] default [],
    links varchar[] default [], content_keys varchar[] default [], handle varchar, name varchar,
    counters struct(metric varchar, value bigint)[] default [],
    periods struct(
        metric varchar, breakdown varchar, first_day date, last_day date, is_whole boolean, value bigint
    )[] default []
"""

# What an answer leaves out is no reading: a counter or period without value, a period without days. Nor is
# what cannot be: no platform of today is older than 2004 or counts as far as 10^15, and one such number would
# drown every sum, one such date make rows for each day of centuries. A clock may be a zone ahead of ours; the
# window of a report ends with the campaign that asked for it, which may be years ahead.
_LEAST_AND_MOST = "between 0 and 1_000_000_000_000_000"
_ITS_TIME = "between timestamptz '2004-01-01 00:00:00+00' and observed_at + interval 2 days"
_ITS_FIRST_DAY = "between date '2004-01-01' and (observed_at + interval 2 days)::date"
_ITS_LAST_DAY = "between period.first_day and (observed_at + interval 10 years)::date"
_WITHOUT_WHAT_IS_NOT_SAID = f"""
    * replace (
        case when created_at {_ITS_TIME} then created_at end as created_at,
        coalesce(aliases, []) as aliases,
        coalesce(media_ids, []) as media_ids,
        coalesce(post_ids, []) as post_ids,
        list_distinct(coalesce(links, [])) as links,
        list_distinct(coalesce(content_keys, [])) as content_keys,
        list_filter(coalesce(counters, []), lambda counter: counter.value {_LEAST_AND_MOST}) as counters,
        list_transform(
            list_filter(
                coalesce(periods, []),
                lambda period: period.value {_LEAST_AND_MOST}
                    and period.first_day {_ITS_FIRST_DAY}
                    and period.last_day {_ITS_LAST_DAY}
            ),
            lambda period: {{
                'metric': period.metric,
                'breakdown': coalesce(period.breakdown, ''),
                'first_day': period.first_day,
                'last_day': period.last_day,
                'is_whole': coalesce(period.is_whole, false),
                'value': period.value
            }}
        ) as periods
    )
"""

# A text cut in the middle of an emoji ends in one half of a surrogate pair, and a body with such a half is no
# JSON: the halves are left out. Pairs, and backslashes that are text, are stepped over.
_WITHOUT_HALF_CHARACTERS = r"""
    * replace (
        case
            when contains(body, '\ud') or contains(body, '\uD') then regexp_replace(
                body,
                '(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}',
                '\1',
                'g'
            )
            else body
        end as body
    )
"""

# A batch holds at most so many landed files: memory stays flat however much is rebuilt.
FILES_PER_BATCH = 4000
BYTES_PER_BATCH = 256 * 1024 * 1024


@dataclass(frozen=True)
class Batch:
    """A committed batch: the landed files it was made from and the readings files it wrote, with their sizes
    in bytes."""

    name: str
    landed: tuple[str, ...]
    sizes: Mapping[str, int]

    @property
    def files(self) -> tuple[str, ...]:
        """The readings files, relative to their folder."""
        return tuple(self.sizes)

    def is_whole(self, root: Path) -> bool:
        """Whether every file is there, as long as it was written."""
        return all(
            (root / name).exists() and (root / name).stat().st_size == size
            for name, size in self.sizes.items()
        )


@dataclass(frozen=True)
class Digest:
    """What bringing the readings up to date did: responses read, those of them with status 200 that are no
    JSON, sightings written, landed files that cannot be read (they are left alone and named).
    """

    responses: int
    not_json: int
    sightings: int
    unreadable: tuple[Path, ...]


def fingerprint() -> str:
    """Changes when the readings' SQL or shape changes, so that readings of an older release are made
    again.
    """
    digest = hashlib.sha256(SIGHTING.encode())
    for path in sorted(SQL.glob("*.sql")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def platforms() -> list[str]:
    """Platforms whose answers can be read."""
    return sorted(path.stem for path in SQL.glob("*.sql"))


def committed(root: Path) -> list[Batch]:
    """The batches of a readings folder, by name."""
    batches = []
    for path in sorted((root / "batches").glob("*.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            batches.append(Batch(path.stem, tuple(found["landed"]), dict(found["sizes"])))
        except (ValueError, TypeError, KeyError):
            # Damaged by somebody else: what it named counts as not read yet, and is read again.
            continue
    return batches


def update(landing: Path, root: Path, *, full: bool, progress: Callable[[str], None]) -> Digest:
    """Read what landed and has not been read yet; with `full`, or after a change of the SQL, everything.

    Must not run twice at a time on one folder: `warehouse.build` holds the lock.
    """
    stamp = root / "fingerprint"
    if full or not stamp.exists() or stamp.read_text(encoding="utf-8") != fingerprint():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        stamp.write_text(fingerprint(), encoding="utf-8")
    _drop_uncommitted(root)
    done = {name for batch in committed(root) for name in batch.landed}
    responses = not_json = sightings = 0
    unreadable: list[Path] = []
    for platform in platforms():
        fresh = [
            path for path in landed_files(landing, platform) if str(path.relative_to(landing)) not in done
        ]
        for chunk in _chunks(fresh):
            progress(f"reading {len(chunk)} files of {platform}")
            readable = [path for path in chunk if has_landing_columns(path)]
            try:
                made = _make_batch(platform, landing, root, readable)
            except duckdb.Error:
                # A footer can be whole and the pages behind it not: find the culprits, read the rest.
                readable = whole(readable)
                made = _make_batch(platform, landing, root, readable)
            unreadable += sorted(set(chunk) - set(readable))
            responses += made.responses
            not_json += made.not_json
            sightings += made.sightings
    return Digest(responses, not_json, sightings, tuple(unreadable))


def _drop_uncommitted(root: Path) -> None:
    """Remove what a killed build left behind, and batches that somebody has damaged: they are made again."""
    for batch in committed(root):
        if not batch.is_whole(root):
            (root / "batches" / f"{batch.name}.json").unlink()
    known = {root / name for batch in committed(root) for name in batch.files}
    for path in root.glob("platform=*/month=*/*"):
        if path not in known:
            path.unlink()
    shutil.rmtree(root / ".making", ignore_errors=True)


def has_landing_columns(path: Path) -> bool:
    """Whether a file's footer is whole and says that it is a landed file."""
    try:
        return bool(pq.read_schema(path).equals(LANDING_COLUMNS))
    except (OSError, ValueError):
        # A damaged footer is an ArrowInvalid or, where a name in it is no text, a UnicodeDecodeError.
        return False


def whole(paths: Iterable[Path]) -> list[Path]:
    """The files that can be read to their ends, by the reader that will read them."""
    found = []
    with duckdb.connect() as con:
        for path in paths:
            try:
                con.execute(f"create or replace temp table whole as from {sql.parquet([path])}")
            except duckdb.Error:
                continue
            found.append(path)
    return found


def _chunks(paths: Iterable[Path]) -> Iterable[list[Path]]:
    chunk: list[Path] = []
    size = 0
    for path in paths:
        if chunk and (len(chunk) >= FILES_PER_BATCH or size >= BYTES_PER_BATCH):
            yield chunk
            chunk, size = [], 0
        chunk.append(path)
        size += path.stat().st_size
    if chunk:
        yield chunk


def _make_batch(platform: str, landing: Path, root: Path, paths: list[Path]) -> Digest:
    """Read one batch and commit it."""
    if not paths:
        return Digest(0, 0, 0, ())
    landed = sorted(str(path.relative_to(landing)) for path in paths)
    name = hashlib.sha256("\n".join(landed).encode()).hexdigest()[:16]
    making = root / ".making"
    query = (SQL / f"{platform}.sql").read_text(encoding="utf-8")
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"create view landed as select {_WITHOUT_HALF_CHARACTERS} from {sql.parquet(paths)}")
        con.execute(f"create table sightings ({SIGHTING})")
        con.execute(
            f"""
            insert into sightings by name
            select *, ? as platform
            from ({query})
            where object_id is not null and observed_at is not null
            """,
            [platform],
        )
        con.execute(
            f"""
            copy (
                select {_WITHOUT_WHAT_IS_NOT_SAID}, strftime(observed_at, '%Y-%m') as month
                from sightings
                order by observed_at, object_id
            )
            to {sql.literal(str(making))} (format parquet, compression zstd, partition_by (month))
            """
        )
        made = Digest(
            responses=sql.count(con, "landed"),
            not_json=sql.count(con, "(from landed where status = 200 and not json_valid(body))"),
            sightings=sql.count(con, "sightings"),
            unreadable=(),
        )
    sizes = {}
    for number, part in enumerate(sorted(making.glob("month=*/*.parquet"))):
        final = root / f"platform={platform}" / part.parent.name / f"{name}-{number}.parquet"
        final.parent.mkdir(parents=True, exist_ok=True)
        publish_file(part, final)
        sizes[str(final.relative_to(root))] = final.stat().st_size
    shutil.rmtree(making, ignore_errors=True)
    commit = root / "batches" / f"{name}.json"
    commit.parent.mkdir(exist_ok=True)
    hidden = hidden_sibling(commit)
    hidden.write_text(json.dumps({"landed": landed, "sizes": sizes}), encoding="utf-8")
    publish_file(hidden, commit)
    sync_folder(root)
    return made
