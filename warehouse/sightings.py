"""Sightings: what landed answers say, one row for each object in each answer.

A sighting holds an object (post, medium, account, hashtag, site, audience or advertising), the moment, what
the answer showed of it, its counters as a list of (metric, value), and as a list of periods what the platform
itself gives for days of its own calendar.

`warehouse/readings/<platform>.sql` is the only place that knows a platform's words: it selects sightings
from `landed`. Exports that people handed in are read by `warehouse/exports.sql`, for every platform.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse import sql
from warehouse.export_names import shown, standing_for
from warehouse.opening import connect
from warehouse.texts import EXPORT

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
WITHOUT_WHAT_IS_NOT_SAID = f"""
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


# Bytes: to open a landed file that is smaller on average takes longer than to read it. A batch of such files
# fits into the second; a whole landing may not, and would be held in memory.
SMALL_FILE = 32 * 1024
FEW_BYTES = 9 * 1024 * 1024


def fingerprint() -> str:
    """Changes when the readings' SQL or shape changes, so that readings of an older release are made again.

    It is of the SQL that this process runs, whatever has been installed since.
    """
    digest = hashlib.sha256(SIGHTING.encode())
    for path in (*sql.files_of(SQL), EXPORTS_SQL):
        digest.update((path.name + sql.text_of(path)).encode())
    return digest.hexdigest()[:16]


def platforms() -> list[str]:
    """Platforms whose answers can be read."""
    return sorted(path.stem for path in sql.files_of(SQL))


def is_export(name: str) -> bool:
    """Whether a landed file, by its place in the landing, holds exports."""
    return f"endpoint={EXPORT}" in Path(name).parts


def show_landed(con: duckdb.DuckDBPyConnection, paths: Iterable[Path]) -> None:
    """Make `landed` of some landed files, as the readings' SQL reads it: a view, or of a batch of small
    files a table, since each query of a view opens every file again.

    Raises duckdb.Error when a file cannot be read, or is not there.
    """
    files = list(paths)
    con.execute(
        f"create {'table' if _are_small(files) else 'view'} landed as "
        f"select {_WITHOUT_HALF_CHARACTERS} from {sql.parquet(files)}"
    )


def _are_small(files: Sequence[Path]) -> bool:
    try:
        size = sum(file.stat().st_size for file in files)
    except OSError:
        # DuckDB, which opens them next, says which.
        return False
    return size < min(SMALL_FILE * len(files), FEW_BYTES)


def sight_answers(con: duckdb.DuckDBPyConnection, platform: str, paths: Sequence[Path]) -> None:
    """Make the table `sightings` of what landed answers of a platform's API say."""
    con.execute(f"create table sightings ({SIGHTING})")
    if paths and platform in platforms():
        show_landed(con, paths)
        read_answers(con, platform)
        con.execute(f"create or replace table sightings as select {WITHOUT_WHAT_IS_NOT_SAID} from sightings")


def read_answers(con: duckdb.DuckDBPyConnection, platform: str) -> None:
    """Fill `sightings` with what the answers of a platform's API say."""
    con.execute(f"insert into sightings by name from ({_told(platform)})")


def told_by_answers(con: duckdb.DuckDBPyConnection, platform: str) -> str:
    """What the answers of a platform's API say, as a query of `landed` with the columns of sightings. A table
    `sightings` without rows stands beside it."""
    columns = con.execute("select column_name, column_type from (describe sightings)").fetchall()
    return f"""
        select {", ".join(f"{name}::{kind} as {name}" for name, kind in columns)}
        from (from sightings union all by name from ({_told(platform)}))
    """


def _told(platform: str) -> str:
    query = sql.text_of(SQL / f"{platform}.sql")
    return f"""
        select *, {sql.literal(platform)} as platform, 'api' as source, observed_at as known_at
        from ({query})
        where object_id is not null and observed_at is not null
    """


def read_exports(con: duckdb.DuckDBPyConnection, platform: str, names: str) -> list[str]:
    """Fill `sightings` with what exports say, each post under the API's name where the API has shown one of
    its names, which are all in the query `names`; returns which got another than their own, in order.
    """
    con.execute(f"create table exported as {sql.text_of(EXPORTS_SQL)}")
    con.execute(
        "create view said as select distinct object_id, names from exported where object_type = 'post'"
    )
    con.execute(f"create table shown as {names}")
    con.execute(f"create table standing as from {standing_for('shown')}")
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


def tell_alike(platform: str, one: Sequence[Path], other: Sequence[Path]) -> bool:
    """Whether some landed files of one endpoint of a platform say of numbers, names and moments what others
    say: only texts, links and the names of people may differ.

    Raises duckdb.Error when a file cannot be read, or is not there.
    """
    return bool(_told_but_words(platform, one).equals(_told_but_words(platform, other)))


def _told_but_words(platform: str, paths: Sequence[Path]) -> pa.Table:
    with connect() as con:
        con.execute("set TimeZone = 'UTC'")
        # Where an answer says a thing twice, one order of rows decides, here and there.
        con.execute("set threads = 1")
        show_landed(con, paths)
        con.execute(f"create table sightings ({SIGHTING})")
        if all(is_export(str(path)) for path in paths):
            read_exports(con, platform, shown([]))
        else:
            read_answers(con, platform)
        lists = ", ".join(f"list_sort({name}) as {name}" for name in _LISTS)
        return con.sql(
            f"select * exclude (text, links, name) replace ({lists}) from sightings order by all"
        ).to_arrow_table()


# The columns of sightings whose order means nothing, without the links.
_LISTS = ("aliases", "media_ids", "post_ids", "content_keys", "counters", "periods")
