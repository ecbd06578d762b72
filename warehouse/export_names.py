"""What a post is called in an export, and what the platform's API calls it.

An export names a post by what it has: an address, a video's number. Where an answer of the API has shown one
of these names, the post gets the API's name; the first of an export's names that was shown decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse import sql

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


def shown(files: Collection[Path]) -> str:
    """The names that some readings files of answers give to posts, as SQL."""
    return _SHOWN.format(relation=sql.parquet(files) if files else "(select * from sightings limit 0)")


def are_renamed(con: duckdb.DuckDBPyConnection, exports: Collection[Path], names: str) -> bool:
    """Whether a table of shown names gives posts of some exports' readings files another name than theirs."""
    con.execute(
        f"""
        create or replace table said as
        select distinct object_id, aliases as names
        from {sql.parquet(exports)}
        where object_type = 'post'
        """
    )
    return sql.count(con, f"(from {standing_for(names)} where post_id <> object_id)") > 0


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
            from {standing_for(shown, said)}
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


def standing_for(shown: str, said: str = "said") -> str:
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
