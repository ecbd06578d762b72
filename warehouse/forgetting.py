"""Forgetting: the words of a post leave everything, its numbers stay.

Which posts are forgotten is written down in the lake, `forgotten/platform=P/ID.json` beside the landing, a
file each, with the names of the post and nothing else: whoever lands an answer takes their words out first.
So a post stays forgotten when everything but the lake is lost, and a damaged file still tells its post by its
own name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from urllib.parse import quote, unquote

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.batches import committed, texts_of
from warehouse.durable import written_whole
from warehouse.landed import WithoutTexts, without_texts
from warehouse.landed_files import landed_files
from warehouse.mirrored import place_of
from warehouse.opening import open_to_read
from warehouse.progress import Progress, Step, nobody_watches
from warehouse.publish import ask
from warehouse.readable import has_landing_columns
from warehouse.rewriting import Change, in_portions, rewrite
from warehouse.sealed import DAMAGED
from warehouse.texts import Declaration, declaration, without_texts_of

FOLDER = "forgotten"

# So far a machine's clock may be from the store's: beyond it the store refuses requests
# (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, RequestTimeTooSkewed).
STORES_CLOCK_S = 900.0


@dataclass(frozen=True)
class Post:
    """A post as the warehouse knows it: the platform's id and every name under which answers may speak of it
    or of its videos. `held_by` is (campaign, asset) where only a rule on its words holds it there."""

    platform: str
    post_id: str
    names: frozenset[str]
    is_known: bool = True
    held_by: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.platform}:{self.post_id}"


class Forgotten:
    """The posts whose words are not to be kept."""

    def __init__(self, names: Mapping[str, frozenset[str]]) -> None:
        self._names = names

    @classmethod
    def read(cls, landing: Path) -> Forgotten:
        """Those that the lake of a landing names."""
        names: dict[str, frozenset[str]] = {}
        for path in sorted(landing.with_name(FOLDER).glob("platform=*/[!.]*.json")):
            platform = path.parent.name.removeprefix("platform=")
            names[platform] = names.get(platform, frozenset()) | _names_in(path)
        return cls(names)

    def redacted(self, row: Mapping[str, object]) -> dict[str, object]:
        """A response as it may land: a mapping of the landing columns."""
        names = self._names.get(str(row["platform"]))
        if not names:
            return dict(row)
        declared = declaration(str(row["platform"]), str(row["endpoint"]))
        return {**row, "body": without_texts_of(str(row["body"]), declared, names)}


def has_forgotten_since(landing: Path, warehouse: Path) -> bool:
    """Whether a post may have been forgotten on another machine since the published warehouse was made: then
    that one, and what was published before it, may hold the words. Of a lake that lies in a folder nothing is
    known of other machines."""
    if place_of(landing) is None or not warehouse.exists():
        return False
    made_s = warehouse.stat().st_mtime - STORES_CLOCK_S
    return any(path.stat().st_mtime >= made_s for path in landing.with_name(FOLDER).glob("platform=*/*.json"))


def _names_in(path: Path) -> frozenset[str]:
    names, later = _listed_in(path)
    return names | later


def _listed_in(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The names under which a post was forgotten, and those that became known later."""
    own = unquote(path.stem)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return frozenset({own, *map(str, found["names"])}), frozenset(map(str, found.get("later", ())))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return frozenset({own}), frozenset()


def _file_of(landing: Path, post: Post) -> Path:
    return landing.with_name(FOLDER) / f"platform={post.platform}" / f"{quote(post.post_id, safe='')}.json"


def is_remembered(landing: Path, post: Post) -> bool:
    """Whether forgetting a post has been begun, and perhaps ended, before."""
    return _file_of(landing, post).exists()


def remember(landing: Path, post: Post) -> None:
    """Write down that a post is forgotten; what lands from now on lands without its words. Raises OSError."""
    final = _file_of(landing, post)
    final.parent.mkdir(parents=True, exist_ok=True)
    names = sorted({*post.names, *(_names_in(final) if final.exists() else ())})
    with written_whole(final) as file:
        file.write(json.dumps({"names": names}).encode())


def known_by_more(landing: Path, warehouse: Path, *, dry_run: bool = False) -> list[Post]:
    """The forgotten posts that the published warehouse knows by more names than they were forgotten by, as
    when a video of theirs was first told later. The list takes those in, so that what lands from now on lands
    without their words; what has landed keeps them until the post is forgotten again.

    Only for whoever holds the build lock of the lake's folder. Raises OSError and
    `warehouse.publish.NoWarehouse`.
    """
    found = []
    for folder in sorted(landing.with_name(FOLDER).glob("platform=*")):
        files = sorted(folder.glob("[!.]*.json"))
        forgotten = frozenset[str]().union(*(_listed_in(path)[0] for path in files))
        for path in files:
            post = find(warehouse, folder.name.removeprefix("platform="), unquote(path.stem))
            names, later = _listed_in(path)
            # The tables may have been lost since.
            more = (post.names | later) - forgotten
            if more != later and not dry_run:
                with written_whole(path) as file:
                    file.write(json.dumps({"names": sorted(names), "later": sorted(more)}).encode())
            if more:
                found.append(post)
    return found


# Every name of the post that has one of them, and the videos that it alone carries.
_KNOWN = """
    select post_id
    from (
        select post_id from summaries.aliases where platform = $platform and alias = $name
        union
        select post_id from facts.posts where platform = $platform and post_id = $name
    )
    order by post_id
    limit 1
"""
_NAMES = """
    select alias from summaries.aliases where platform = $platform and post_id = $post_id
    union
    select media_id from summaries.post_media where platform = $platform and post_id = $post_id
"""
# What a rule on words holds in an asset; the same video holds without them.
_CAUGHT_BY_WORDS = "(from facts.rule_catches where caught_by <> 'same video')"
_HELD = f"""
    select distinct campaign_id, asset_id
    from {_CAUGHT_BY_WORDS}
    where platform = $platform and post_id = $post_id
    order by all
"""


def find(warehouse: Path, platform: str, name: str) -> Post:
    """The post that somebody names, as the published warehouse knows it; by that name alone where it does
    not. Raises `warehouse.publish.NoWarehouse`."""
    known = ask(warehouse, _KNOWN, {"platform": platform, "name": name})
    if not known:
        return Post(platform, name, frozenset({name}), is_known=False)
    post_id = str(known[0][0])
    asked = {"platform": platform, "post_id": post_id}
    names = {str(row[0]) for row in ask(warehouse, _NAMES, asked)}
    held = tuple((str(campaign), str(asset)) for campaign, asset in ask(warehouse, _HELD, asked))
    return Post(platform, post_id, frozenset({post_id, name, *names}), held_by=held)


def held_by_words(warehouse: Path) -> dict[str, frozenset[str]]:
    """The names of every post that only a rule on its words (text, hashtag or link) holds in an asset, by
    platform. Raises `warehouse.publish.NoWarehouse`."""
    names: dict[str, set[str]] = {}
    for platform, name in ask(
        warehouse,
        f"""
        with held as (select platform, post_id from {_CAUGHT_BY_WORDS})
        select platform, post_id from held
        union
        select platform, alias from held join summaries.aliases using (platform, post_id)
        union
        select platform, media_id from held join summaries.post_media using (platform, post_id)
        """,
    ):
        names.setdefault(str(platform), set()).add(str(name))
    return {platform: frozenset(found) for platform, found in names.items()}


def assets_held_by_words(warehouse: Path) -> list[tuple[str, str, str]]:
    """(asset, platform, post) where only a rule on its words holds the post there, in order. Raises
    `warehouse.publish.NoWarehouse`."""
    rows = ask(warehouse, f"select distinct asset_id, platform, post_id from {_CAUGHT_BY_WORDS} order by all")
    return [(str(asset), str(platform), str(post_id)) for asset, platform, post_id in rows]


def is_behind(warehouse: Path, readings: Path) -> bool:
    """Whether the published warehouse is made of other readings than there are. Raises NoWarehouse."""
    rows = ask(warehouse, "select files from ops.basis")
    files = {name for batch in committed(readings) for name in batch.files}
    return not rows or set(rows[0][0]) != files


@dataclass(frozen=True)
class Said:
    """The `texts` that are known of a post and its videos, longest first, and their `addresses`. Retention
    may have taken others out (`is_all` is False), which may stand elsewhere still."""

    texts: tuple[str, ...]
    addresses: tuple[str, ...]
    is_all: bool


def said_by(landing: Path, readings: Path, warehouses: Sequence[Path], post: Post) -> Said:
    """What the readings know of a post, and what some warehouses do, published now or before: retention, and
    a forgetting that did not come to its end, leave words there that the readings have no more."""
    names = sorted(post.names)
    texts = texts_of(readings, post.platform, names)
    addresses: set[str] = set()
    for warehouse in warehouses:
        for text, address in _objects(warehouse, post) or ():
            texts |= {text} if text else set()
            addresses |= {address} if address else set()
    return Said(
        tuple(sorted(texts, key=lambda text: (-len(text), text))),
        tuple(sorted(addresses)),
        not any(without_texts(path) for path in landed_files(landing, post.platform)),
    )


def _objects(warehouse: Path, post: Post) -> list[tuple[str | None, str | None]] | None:
    """(text, address) of a post and its videos in a warehouse; None where one of its release cannot be
    asked."""
    try:
        with open_to_read(warehouse) as con:
            return con.execute(
                "select distinct latest.text, latest.permalink from summaries.objects "
                "where platform = ? and list_contains(?, object_id)",
                [post.platform, sorted(post.names)],
            ).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return None


def others_that_say(warehouse: Path, words: Sequence[str], posts: Sequence[Post]) -> list[str]:
    """The further posts whose text is one of some, as platform:id. Raises NoWarehouse."""
    rows = ask(
        warehouse,
        "select platform, object_id from summaries.objects "
        "where object_type = 'post' and list_contains($words, latest.text) order by all",
        {"words": list(words)},
    )
    forgotten = {(post.platform, name) for post in posts for name in post.names}
    return [f"{platform}:{post_id}" for platform, post_id in rows if (platform, post_id) not in forgotten]


def has_text_of(warehouse: Path, post: Post) -> bool:
    """Whether a warehouse has a text of a post or its videos; one whose release cannot be asked may have."""
    found = _objects(warehouse, post)
    return found is None or any(text for text, _ in found)


def surely_has_text_of(warehouse: Path, post: Post) -> bool:
    """The same of one that can be asked alone."""
    return any(text for text, _ in _objects(warehouse, post) or ())


def moment_of(warehouse: Path) -> datetime | None:
    """The moment as known at which a warehouse's tables are made again: that which it was made for, or the
    newest of what it took in. None where it tells neither, as one of another release may."""
    try:
        with open_to_read(warehouse) as con:
            told = con.execute("from warehouse.ops.basis")
            columns, row = [column[0] for column in told.description or ()], told.fetchone()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return None
    basis = dict(zip(columns, row or (), strict=False))
    moment = basis.get("as_known_at") or basis.get("newest_at")
    return moment if isinstance(moment, datetime) else None


@dataclass(frozen=True)
class Taken:
    """What taking the words out of a landing did: the responses that had some, the files that hold those, and
    the files that could not be read, which may hold some still."""

    responses: int
    files: int
    damaged: tuple[Path, ...] = ()


def take_out(
    landing: Path,
    readings: Path,
    posts: Sequence[Post],
    *,
    dry_run: bool = False,
    progress: Progress = nobody_watches,
) -> Taken:
    """Take the words of some posts out of every landed response of their platforms, whatever it was asked
    for. With `dry_run` only count.

    Only for whoever holds the build lock of the lake's folder. Raises OSError, and
    `warehouse.landed.NotTheSame` when numbers would change; that file stays as it was then.
    """
    responses = files = looked_at = 0
    damaged: list[Path] = []
    theirs = sorted({post.platform for post in posts})
    in_all = sum(len(landed_files(landing, platform)) for platform in theirs)
    for platform in theirs:
        names = frozenset(name for post in posts if post.platform == platform for name in post.names)
        for endpoint, landed in groupby(landed_files(landing, platform), key=lambda path: path.parts[-3]):
            change = _taking_out(declaration(platform, endpoint.removeprefix("endpoint=")), names)
            chosen: list[Path] = []
            for path in landed:
                looked_at += 1
                progress(Step("landed files looked through", looked_at, in_all))
                if not has_landing_columns(path):
                    damaged.append(path)
                    continue
                try:
                    found = _count(path, names, change)
                except DAMAGED:
                    damaged.append(path)
                    continue
                if found:
                    chosen.append(path)
                    responses += found
            files += len(chosen)
            for portion in in_portions(() if dry_run else chosen):
                progress(f"{platform} {endpoint}: {len(portion)} files")
                rewrite(landing, readings, portion, change)
    return Taken(responses, files, tuple(damaged))


def _taking_out(declared: Declaration, names: frozenset[str]) -> Change:
    def change(path: Path, bodies: list[str]) -> tuple[list[str], WithoutTexts | None]:
        return [without_texts_of(body, declared, names) for body in bodies], without_texts(path)

    return change


def _count(path: Path, names: frozenset[str], change: Change) -> int:
    """How many bodies of a file hold words to take out."""
    column = pq.ParquetFile(path).read(columns=["body"])["body"]
    named = pc.match_substring_regex(column, "|".join(map(re.escape, sorted(names))))
    bodies: list[str] = column.filter(named).to_pylist()
    if not bodies:
        return 0
    after, _ = change(path, bodies)
    return sum(one != other for one, other in zip(bodies, after, strict=True))
