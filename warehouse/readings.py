"""Readings: what landed answers say, typed, one row for each object in each answer.

`readings/platform=P/month=YYYY-MM/BATCH-N.parquet` holds *sightings*: an object (post, medium, account,
hashtag, site, audience or advertising), the moment, what the answer showed of it, its counters as a list of
(metric, value), and as a list of periods what the platform itself gives for days of its own calendar.
`readings/batches/BATCH.json` names the landed files that a batch was made from and the files it wrote; it
is written last, so files that no batch names do not count. A compacted file is read when those that it stands
for are.

`warehouse/readings/<platform>.sql` is the only place that knows a platform's words: it selects sightings
from `landed`. Exports that people handed in are read by `warehouse/exports.sql`, for every platform, in
batches of their own: a post that they name otherwise than the platform's API gets the API's name once an
answer has shown both, and then their batch is made again. As known at a moment, it has the name that the
answers until then gave it (`attach_as_known_at`). Deleting the folder loses nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse import sql
from warehouse.durable import publish_file, sync_folder, written_whole
from warehouse.landed import StandsFor, is_compacted, stands_for
from warehouse.landing import COLUMNS as LANDING_COLUMNS
from warehouse.landing import landed_files
from warehouse.sealed import DAMAGED, is_as_sealed
from warehouse.texts import EXPORT as EXPORT

SQL = Path(__file__).parent / "readings"
EXPORTS_SQL = Path(__file__).with_name("exports.sql")

SIGHTING = """
    platform varchar, object_type varchar, object_id varchar, observed_at timestamptz, response_id varchar,
    state varchar, account_id varchar, created_at timestamptz, ends_at timestamptz,
    text varchar, permalink varchar,
    aliases varchar[] default [], media_ids varchar[] default [], post_ids varchar[] default [],
    links varchar[] default [], content_keys varchar[] default [], handle varchar, name varchar,
    counters struct(metric varchar, value bigint)[] default [],
    periods struct(
        metric varchar, breakdown varchar, first_day date, last_day date, is_whole boolean, value bigint
    )[] default [],
    source varchar default 'api', known_at timestamptz
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
        list_filter(
            coalesce(counters, []),
            lambda counter: counter.metric is not null and counter.value {_LEAST_AND_MOST}
        ) as counters,
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
    """A committed batch: the landed files it was made from (answers of an API, or exports) and the readings
    files it wrote, with their sizes in bytes."""

    name: str
    landed: tuple[str, ...]
    sizes: Mapping[str, int]

    @property
    def is_of_exports(self) -> bool:
        """Whether it was made from exports."""
        return any(_is_export(name) for name in self.landed)

    @property
    def platform(self) -> str:
        """The platform whose answers it was made from; empty where there were none."""
        return next((Path(name).parts[0].removeprefix("platform=") for name in self.landed), "")

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
    JSON, sightings written, landed files that cannot be read (they are left alone and named); and every batch
    that is there now.
    """

    responses: int
    not_json: int
    sightings: int
    unreadable: tuple[Path, ...]
    batches: tuple[Batch, ...] = field(default=())

    @property
    def files(self) -> frozenset[str]:
        """The readings files of every batch, relative to their folder."""
        return frozenset(name for batch in self.batches for name in batch.files)

    def then(self, later: Digest) -> Digest:
        """This and what was read after it: what is there now is what is there then."""
        return replace(
            later,
            responses=self.responses + later.responses,
            not_json=self.not_json + later.not_json,
            sightings=self.sightings + later.sightings,
        )


def fingerprint() -> str:
    """Changes when the readings' SQL or shape changes, so that readings of an older release are made
    again.
    """
    digest = hashlib.sha256(SIGHTING.encode())
    for path in (*sorted(SQL.glob("*.sql")), EXPORTS_SQL):
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
    try:
        return _update(landing, root, progress, full=full)
    except duckdb.Error:
        # What exports are held against are the readings made before.
        if not drop_damaged(root):
            raise
        return _update(landing, root, progress, full=False)


def _update(landing: Path, root: Path, progress: Callable[[str], None], *, full: bool) -> Digest:
    stamp = root / "fingerprint"
    if full or not stamp.exists() or stamp.read_bytes() != fingerprint().encode():
        # First, so that whatever of the rest is left, when this is killed or refused, does not count.
        stamp.unlink(missing_ok=True)
        if root.exists():
            shutil.rmtree(root)
        root.mkdir(parents=True)
        stamp.write_text(fingerprint(), encoding="utf-8")
    batches = _drop_uncommitted(root)
    digest = Digest(0, 0, 0, ())
    for platform in platforms():
        landed = landed_files(landing, platform)
        fresh, batches = _not_read_yet(landing, root, landed, batches)
        answers = [path for path in fresh if not _is_export(str(path.relative_to(landing)))]
        made = _read(platform, landing, root, answers, (), progress)
        digest = _together(digest, made)
        renamed = _renamed(root, platform, batches, made.batches)
        for batch in renamed:
            _drop(root, batch)
        batches = [batch for batch in (*batches, *made.batches) if batch not in renamed]
        again = {landing / name for batch in renamed for name in batch.landed}
        waiting = again.union(fresh).difference(answers)
        exports = [path for path in landed if path in waiting]
        shown_by = [batch for batch in batches if batch.platform == platform and not batch.is_of_exports]
        made = _read(platform, landing, root, exports, shown_by, progress)
        digest = _together(digest, made)
        batches += made.batches
    return replace(digest, batches=tuple(sorted(batches, key=lambda batch: batch.name)))


def _together(one: Digest, other: Digest) -> Digest:
    return Digest(
        one.responses + other.responses,
        one.not_json + other.not_json,
        one.sightings + other.sightings,
        (*one.unreadable, *other.unreadable),
    )


def _not_read_yet(
    landing: Path, root: Path, landed: Sequence[Path], batches: list[Batch]
) -> tuple[list[Path], list[Batch]]:
    """The landed files of a platform that no batch was made from, under their own names or under those that
    they stand for; and the batches that stay. A batch that has read a part of such a file is taken back: the
    file is read whole."""
    while True:
        done = {name for batch in batches for name in batch.landed}
        unread = [path for path in landed if str(path.relative_to(landing)) not in done]
        # Footers are read only where something is new beside them.
        beside = {path.parent for path in unread}
        standing = {path: _standing(landing, path) for path in landed if path.parent in beside}
        # What a killed compaction left beside the file that stands for it.
        left_over = {
            name
            for path, found in standing.items()
            for name in found.names()
            if name != str(path.relative_to(landing))
        }
        fresh = [
            path
            for path in unread
            if not standing[path].is_within(done) and str(path.relative_to(landing)) not in left_over
        ]
        in_part = {name for path in fresh for name in standing[path].names()} & done
        if not in_part:
            return fresh, batches
        for batch in batches:
            if in_part.intersection(batch.landed):
                _drop(root, batch)
        batches = [batch for batch in batches if not in_part.intersection(batch.landed)]


def _standing(landing: Path, path: Path) -> StandsFor:
    """What a landed file stands for, by places in the landing."""
    folder = path.parent.relative_to(landing)

    def placed(found: StandsFor) -> StandsFor:
        return StandsFor(str(folder / found.name), tuple(map(placed, found.parts)))

    return placed(stands_for(path)) if is_compacted(path) else StandsFor(str(folder / path.name))


def is_read(landing: Path, path: Path, done: Container[str]) -> bool:
    """Whether every row of a landed file stands in a batch, of which `done` are all the landed files."""
    return _standing(landing, path).is_within(done)


def take_back(landing: Path, root: Path, files: Iterable[Path]) -> None:
    """Make the next build read some landed files again: the batches made from them, or from what they stand
    for, are dropped.

    Must not run beside a build; the caller holds its lock.
    """
    names = {name for path in files for name in _standing(landing, path).names()}
    for batch in committed(root):
        if names.intersection(batch.landed):
            _drop(root, batch)


def _is_export(name: str) -> bool:
    """Whether a landed file, by its place in the landing, holds exports."""
    return f"endpoint={EXPORT}" in Path(name).parts


def _read(
    platform: str,
    landing: Path,
    root: Path,
    fresh: list[Path],
    shown_by: Sequence[Batch],
    progress: Callable[[str], None],
) -> Digest:
    """Read landed files of one platform in batches: answers of its API or, where `shown_by` are the batches
    of those, exports."""
    digest = Digest(0, 0, 0, ())
    batches: list[Batch] = []
    for chunk in _chunks(fresh):
        progress(f"reading {len(chunk)} files of {platform}")
        readable = [path for path in chunk if has_landing_columns(path)]
        try:
            made = _make_batch(platform, landing, root, readable, shown_by)
        except duckdb.Error:
            # A footer can be whole and the pages behind it not: find the culprits, read the rest.
            readable = whole(readable)
            made = _make_batch(platform, landing, root, readable, shown_by)
        batches += made.batches
        digest = _together(digest, replace(made, unreadable=tuple(sorted(set(chunk) - set(readable)))))
    return replace(digest, batches=tuple(batches))


def _drop_uncommitted(root: Path) -> list[Batch]:
    """Remove what a killed build left behind, and batches that somebody has damaged: they are made again. The
    batches that stay."""
    batches = []
    for batch in committed(root):
        if batch.is_whole(root):
            batches.append(batch)
        else:
            (root / "batches" / f"{batch.name}.json").unlink()
    known = {root / name for batch in batches for name in batch.files}
    for path in root.glob("platform=*/month=*/*"):
        if path not in known:
            path.unlink()
    for path in (root / "batches").glob(".*.part"):
        path.unlink()
    shutil.rmtree(root / ".making", ignore_errors=True)
    return batches


def drop_damaged(root: Path) -> bool:
    """Take back the batches with a file that cannot be read to its end; whether there were any."""
    damaged = []
    for batch in committed(root):
        files = [root / name for name in batch.files]
        if whole(files) != files:
            damaged.append(batch)
    for batch in damaged:
        _drop(root, batch)
    return bool(damaged)


def _drop(root: Path, batch: Batch) -> None:
    """Take a batch back; its landed files count as not read."""
    (root / "batches" / f"{batch.name}.json").unlink()
    for name in batch.files:
        (root / name).unlink(missing_ok=True)


# Every name under which the API has shown a post, and the post.
_SHOWN = """
    select name, min(post_id) as post_id
    from (
        select unnest(aliases) as name, object_id as post_id from {relation} where object_type = 'post'
        union all
        select object_id, unnest(post_ids) from {relation} where object_type = 'media'
    )
    group by name
"""


def _shown(root: Path, batches: Iterable[Batch]) -> str:
    """The names that some batches of answers give to posts, as SQL."""
    files = [root / name for batch in batches for name in batch.files]
    relation = sql.parquet(files) if files else "(select * from sightings limit 0)"
    return _SHOWN.format(relation=relation)


def _renamed(root: Path, platform: str, before: Sequence[Batch], fresh: Sequence[Batch]) -> list[Batch]:
    """The batches of exports that fresh answers give other names to: what an export calls by its address has
    been shown with the API's name."""
    ours = [batch for batch in before if batch.platform == platform]
    exports = [batch for batch in ours if batch.is_of_exports and batch.files]
    answers = [batch for batch in ours if not batch.is_of_exports]
    if not exports or not any(batch.files for batch in fresh):
        return []
    renamed = []
    with duckdb.connect() as con:
        con.execute(f"create table sightings ({SIGHTING})")
        con.execute(f"create table fresh as {_shown(root, fresh)}")
        for batch in exports:
            con.execute(
                f"""
                create or replace table said as
                select distinct object_id, aliases as names
                from {sql.parquet(root / name for name in batch.files)}
                where object_type = 'post'
                """
            )
            differs = f"(from {_standing_for('fresh')} where post_id <> object_id)"
            if not sql.count(con, differs):
                continue
            # An older answer may have shown one of the names already, and the first name decides.
            con.execute(f"create or replace table shown as {_shown(root, (*answers, *fresh))}")
            if sql.count(con, f"(from {_standing_for('shown')} where post_id <> object_id)"):
                renamed.append(batch)
    return renamed


def attach_as_known_at(con: duckdb.DuckDBPyConnection, files: Sequence[Path], moment: datetime) -> None:
    """Make `readings.sightings`, and `readings.fresh` as the same, of what was known at a moment.

    The files hold an export's post under the name that every answer of today gives it; here it has the one
    that the answers observed until the moment gave it, and the export's own where they gave it none.
    """
    known = (
        f"(select * exclude (month) from {sql.parquet(files, hive=True)} "
        f"where known_at <= {sql.literal(moment.isoformat())}::timestamptz)"
    )
    is_exported_post = "source = 'export' and object_type = 'post'"
    con.execute("create table readings.standing (platform varchar, names varchar[], post_id varchar)")
    exporting = con.execute(f"select distinct platform from {known} where {is_exported_post}").fetchall()
    for (platform,) in exporting:
        ours = f"platform = {sql.literal(platform)}"
        said = (
            f"(select distinct object_id, aliases as names from {known} where {is_exported_post} and {ours})"
        )
        answered = f"(from {known} where source = 'api' and {ours})"
        shown = f"({_SHOWN.format(relation=answered)})"
        con.execute(
            f"""
            insert into readings.standing
            select distinct ?, names, post_id
            from {_standing_for(shown, said)}
            """,
            [platform],
        )
    con.execute(
        f"""
        create view readings.sightings as
        from {known}
        where not ({is_exported_post})
        union all by name
        select sighting.* replace (coalesce(standing.post_id, aliases[1], object_id) as object_id)
        from (from {known} where {is_exported_post}) as sighting
        left join readings.standing as standing
            on standing.platform = sighting.platform and standing.names = sighting.aliases
        """
    )
    con.execute("create view readings.fresh as from readings.sightings")


def _standing_for(shown: str, said: str = "said") -> str:
    """The post that each row of `said` is of, by the first of its names that the API has shown, as SQL."""
    return f"""
        (
            select object_id, names, arg_min(post_id, place) as post_id
            from (
                select object_id, names, unnest(names) as name, generate_subscripts(names, 1) as place
                from {said}
            )
            join {shown} using (name)
            group by object_id, names
        )
    """


def texts_of(root: Path, platform: str, names: Sequence[str]) -> set[str]:
    """Every text that the readings have of the objects of some names."""
    files = [
        root / file
        for batch in committed(root)
        if batch.platform == platform and batch.is_whole(root)
        for file in batch.files
    ]
    if not files:
        return set()
    with duckdb.connect() as con:
        rows = con.execute(
            f"select distinct text from {sql.parquet(files)} "
            "where text <> '' and list_contains(?, object_id)",
            [list(names)],
        ).fetchall()
    return {str(row[0]) for row in rows}


def tell_alike(platform: str, one: Sequence[Path], other: Sequence[Path]) -> bool:
    """Whether some landed files of one endpoint of a platform say of numbers, names and moments what others
    say: only texts, links and the names of people may differ.

    Raises duckdb.Error when a file cannot be read.
    """
    return bool(_told_but_words(platform, one).equals(_told_but_words(platform, other)))


def _told_but_words(platform: str, paths: Sequence[Path]) -> pa.Table:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        # Where an answer says a thing twice, one order of rows decides, here and there.
        con.execute("set threads = 1")
        con.execute(f"create view landed as select {_WITHOUT_HALF_CHARACTERS} from {sql.parquet(paths)}")
        con.execute(f"create table sightings ({SIGHTING})")
        if all(_is_export(str(path)) for path in paths):
            _sight_exports(con, platform, f"({_SHOWN.format(relation='(from sightings limit 0)')})")
        else:
            _sight_answers(con, platform)
        lists = ", ".join(f"list_sort({name}) as {name}" for name in _LISTS)
        return con.sql(
            f"select * exclude (text, links, name) replace ({lists}) from sightings order by all"
        ).to_arrow_table()


# The columns of sightings whose order means nothing, without the links.
_LISTS = ("aliases", "media_ids", "post_ids", "content_keys", "counters", "periods")


def has_landing_columns(path: Path) -> bool:
    """Whether a file is what was written, and its footer says that it is a landed file."""
    try:
        return is_as_sealed(path) and bool(pq.read_schema(path).equals(LANDING_COLUMNS))
    except DAMAGED:
        return False


def whole(paths: Iterable[Path]) -> list[Path]:
    """The files that can be read to their ends, by the reader that will read them."""
    found = []
    for path in paths:
        # One damaged file may leave a database that refuses whatever comes after it.
        with duckdb.connect() as con:
            try:
                con.execute(f"create temp table whole as from {sql.parquet([path])}")
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


def _make_batch(
    platform: str, landing: Path, root: Path, paths: list[Path], shown_by: Sequence[Batch]
) -> Digest:
    """Read one batch and commit it: answers, or exports."""
    if not paths:
        return Digest(0, 0, 0, ())
    landed = sorted(str(path.relative_to(landing)) for path in paths)
    making = root / ".making"
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"create view landed as select {_WITHOUT_HALF_CHARACTERS} from {sql.parquet(paths)}")
        con.execute(f"create table sightings ({SIGHTING})")
        if _is_export(landed[0]):
            names = _sight_exports(con, platform, _shown(root, shown_by))
        else:
            names = []
            _sight_answers(con, platform)
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
        responses, sightings = sql.count(con, "landed"), sql.count(con, "sightings")
        not_json = sql.count(con, "(from landed where status = 200 and not json_valid(body))")
    # Under other names the same exports are another batch, and so are files that lost their texts.
    read = [f"{place} {(landing / place).stat().st_size}" for place in landed]
    name = hashlib.sha256("\n".join([*read, *names]).encode()).hexdigest()[:16]
    sizes = {}
    for number, part in enumerate(sorted(making.glob("month=*/*.parquet"))):
        final = root / f"platform={platform}" / part.parent.name / f"{name}-{number}.parquet"
        final.parent.mkdir(parents=True, exist_ok=True)
        publish_file(part, final)
        sizes[str(final.relative_to(root))] = final.stat().st_size
    shutil.rmtree(making, ignore_errors=True)
    commit = root / "batches" / f"{name}.json"
    commit.parent.mkdir(exist_ok=True)
    with written_whole(commit) as file:
        file.write(json.dumps({"landed": landed, "sizes": sizes}).encode("utf-8"))
    sync_folder(root)
    return Digest(responses, not_json, sightings, (), (Batch(name, tuple(landed), sizes),))


def answers_among(landing: Path, platform: str, done: Container[str]) -> list[Path]:
    """A platform's landed files of answers that are not `done`, which are named as batches name them."""
    found = []
    for path in landed_files(landing, platform):
        name = str(path.relative_to(landing))
        if name in done or _is_export(name) or (is_compacted(path) and is_read(landing, path, done)):
            continue
        found.append(path)
    return found


def sight_answers(con: duckdb.DuckDBPyConnection, platform: str, paths: Sequence[Path]) -> None:
    """Make the table `sightings` of what landed answers of a platform's API say."""
    con.execute(f"create table sightings ({SIGHTING})")
    if paths and platform in platforms():
        con.execute(f"create view landed as select {_WITHOUT_HALF_CHARACTERS} from {sql.parquet(paths)}")
        _sight_answers(con, platform)
        con.execute(f"create or replace table sightings as select {_WITHOUT_WHAT_IS_NOT_SAID} from sightings")


def _sight_answers(con: duckdb.DuckDBPyConnection, platform: str) -> None:
    """Fill `sightings` with what the answers of a platform's API say."""
    query = (SQL / f"{platform}.sql").read_text(encoding="utf-8")
    con.execute(
        f"""
        insert into sightings by name
        select *, ? as platform, 'api' as source, observed_at as known_at
        from ({query})
        where object_id is not null and observed_at is not null
        """,
        [platform],
    )


def _sight_exports(con: duckdb.DuckDBPyConnection, platform: str, shown: str) -> list[str]:
    """Fill `sightings` with what exports say, each post under the API's name where the API has shown one of
    its names; returns which got another than their own, in order.
    """
    con.execute(f"create table exported as {EXPORTS_SQL.read_text(encoding='utf-8')}")
    con.execute(
        "create view said as select distinct object_id, names from exported where object_type = 'post'"
    )
    con.execute(f"create table shown as {shown}")
    con.execute(f"create table standing as from {_standing_for('shown')}")
    con.execute(
        """
        insert into sightings by name
        select
            exported.* exclude (names) replace (coalesce(post_id, exported.object_id) as object_id),
            ? as platform
        from exported
        left join standing on exported.object_type = 'post' and standing.names = exported.names
        where exported.object_id is not null and exported.observed_at is not null
        """,
        [platform],
    )
    rows = con.execute(
        "select object_id || '=' || post_id from standing where post_id <> object_id order by all"
    ).fetchall()
    return [str(row[0]) for row in rows]
