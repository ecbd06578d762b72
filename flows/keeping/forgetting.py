"""Forget: the words of posts leave the lake, the tables and their earlier builds, and the reports; their
numbers stay. A plain function; no scheduler is needed.

In this order, so that a kill at any instant leaves something that running it again finishes: the posts are
written down in the lake, from when on nothing lands with their words; reports that hold them go, while it is
still known what to look for; then the landed answers are rewritten; then every earlier build goes, and the
tables are made anew from what is left.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from markupsafe import escape

from connectors.errors import UnusableReference
from flows.collecting.round import Refused
from flows.console import plain
from flows.keeping.maintaining import WAIT_S, no_build
from flows.refresh import refresh
from warehouse.forgetting import Post, find, has_text_of, others_that_say, remember, take_out, texts_of
from warehouse.landed import NotTheSame
from warehouse.one_at_a_time import Busy, one_at_a_time
from warehouse.opening import holds_warehouse
from warehouse.publish import NoWarehouse
from warehouse.versions import FOLDER as VERSIONS
from warehouse.versions import drop_every_version

if TYPE_CHECKING:
    from flows.registry import Registry
    from flows.settings import Settings
    from warehouse.build import BuildReport

_PLATFORM_AND_ID = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?!//)(.*)", re.DOTALL)

# Shorter words stand in too many files by chance.
_SHORTEST_LOOKED_FOR = 6
# Titles may be cut shorter than the tables have them.
_TITLE = 40


@dataclass(frozen=True)
class Forgetting:
    """What a forgetting did: the posts, the responses that held their words and the files of those, reports
    that were removed; files elsewhere in the home that still hold the words and are not ours to remove,
    landed files that cannot be read; other posts with the very same words, which keep them; and the build
    that followed (None for a dry run)."""

    posts: tuple[Post, ...]
    responses: int
    files: int
    reports: tuple[Path, ...]
    left: tuple[Path, ...]
    damaged: tuple[Path, ...]
    others: tuple[str, ...]
    built: BuildReport | None

    @property
    def complaints(self) -> tuple[str, ...]:
        """What somebody must see to, a plain line each."""
        return (
            *(f"{path} still holds the words; delete it, or make it again" for path in self.left),
            *(
                f"{path} is damaged and may still hold the words; restore it and forget again, or delete it"
                for path in self.damaged
            ),
        )


def forget(
    settings: Settings,
    registry: Registry,
    connectors: Mapping[str, ModuleType],
    references: Sequence[str],
    *,
    dry_run: bool = False,
    wait_s: float = WAIT_S,
    progress: Callable[[str], None] = lambda line: None,
    waiting: Callable[[str], None] = lambda line: None,
) -> Forgetting:
    """Take the words of some posts (addresses, or `platform:id`) out of everything, and build anew. With
    `dry_run` only say in how many responses they stand.

    Raises Refused for what names no post, for a post that only a rule on its words holds in an asset, when a
    collect or a build is still running after `wait_s` seconds, and where numbers would change; NoWarehouse
    when the tables cannot be read; BuildRefused when the last step fails: the old tables stay published then,
    and running it again finishes.
    """
    posts = _posts(settings.warehouse, connectors, references)
    words = texts_of(settings.readings, posts)
    if dry_run:
        taken = take_out(settings.landing, settings.readings, posts, dry_run=True)
        found = list(_other_files(settings, posts, words))
        return Forgetting(
            posts,
            taken.responses,
            taken.files,
            tuple(path for path in found if path.is_relative_to(settings.reports)),
            tuple(path for path in found if not path.is_relative_to(settings.reports)),
            taken.damaged,
            tuple(others_that_say(settings.warehouse, words, posts)),
            None,
        )
    with ExitStack() as held:
        for platform in sorted({post.platform for post in posts}):
            _hold_collects(held, settings.home, platform, wait_s, waiting)
        held.enter_context(no_build(settings, wait_s, waiting))
        for post in posts:
            remember(settings.landing, post)
        removed = _remove_reports(settings, posts, words)
        try:
            taken = take_out(settings.landing, settings.readings, posts, progress=progress)
        except NotTheSame as trouble:
            raise Refused(str(trouble)) from trouble
        drop_every_version(settings.warehouse)
    progress("making the tables anew")
    built = refresh(
        settings.model_copy(update={"keep_builds": 0}),
        registry,
        full=True,
        wait_s=wait_s,
        progress=progress,
        waiting=waiting,
    )
    # A report may have been made of the old tables meanwhile.
    removed += _remove_reports(settings, posts, words)
    left = tuple(_other_files(settings, posts, words))
    others = tuple(others_that_say(settings.warehouse, words, posts))
    return Forgetting(posts, taken.responses, taken.files, tuple(removed), left, taken.damaged, others, built)


def _posts(
    warehouse: Path, connectors: Mapping[str, ModuleType], references: Sequence[str]
) -> tuple[Post, ...]:
    if not warehouse.exists():
        raise NoWarehouse(f"there is no warehouse at {warehouse} yet; run `campaign build`, then forget")
    posts = {}
    for reference in references:
        post = find(warehouse, *_read_reference(reference, connectors))
        posts[post.platform, post.post_id] = post
    for post in posts.values():
        if post.held_by:
            campaign, asset = post.held_by[0]
            raise Refused(
                f"{post} belongs to the asset {asset} of {campaign} only by a rule on its words, and would "
                f'leave it with them; add "{post}" to the posts of that asset in the registry '
                f'(posts = ["{post}"]), run `campaign build`, then forget it'
            )
    return tuple(posts.values())


def _read_reference(text: str, connectors: Mapping[str, ModuleType]) -> tuple[str, str]:
    """(platform, name) of a post. Raises Refused."""
    known = ", ".join(sorted(connectors))
    try:
        if named := _PLATFORM_AND_ID.fullmatch(text.strip()):
            if named[1] not in connectors:
                raise Refused(f"no platform is called {named[1]!r}; write one of {known} before the colon")
            return named[1], str(connectors[named[1]].parse_post_id(named[2].strip()))
        address = text.strip() if "://" in text else f"https://{text.strip()}"
        for platform, connector in connectors.items():
            alias = connector.parse_post_url(address)
            if alias is not None:
                return platform, str(alias)
    except UnusableReference as unusable:
        raise Refused(f"{text}: {unusable}") from unusable
    raise Refused(
        f"{text!r} names no post; paste its address on {known}, or write platform:id as in "
        "x:1786512345678901234"
    )


def _hold_collects(
    held: ExitStack, home: Path, platform: str, wait_s: float, waiting: Callable[[str], None]
) -> None:
    """Keep collects and backfills of a platform away: what they land was redacted by an older list."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        held.enter_context(
            one_at_a_time(
                home / f".collect-{platform}.lock",
                wait_s=wait_s,
                waiting=lambda holder: waiting(
                    f"a collect of {platform} is running ({holder}); waiting for it, {wait_s:,.0f} s at most"
                ),
            )
        )
    except Busy as busy:
        raise Refused(
            f"a collect of {platform} is still running after {wait_s:,.0f} s ({busy.holder}); let it finish "
            "and forget again"
        ) from None


def _remove_reports(settings: Settings, posts: Sequence[Post], words: Sequence[str]) -> list[Path]:
    """Remove the files of reports that hold the words; `campaign report` makes them again."""
    removed = []
    for path in _other_files(settings, posts, words):
        if path.is_relative_to(settings.reports):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def _other_files(settings: Settings, posts: Sequence[Post], words: Sequence[str]) -> Iterator[Path]:
    """The files of the home that hold a text of the posts or its first words; not those of the lake, the
    published tables and their versions."""
    ours = {settings.landing.resolve(), settings.readings.resolve(), settings.warehouse.resolve()}
    ours.add(settings.warehouse.with_name(VERSIONS).resolve())
    looked_for = _looked_for(words)
    for folder, folders, files in os.walk(settings.home):
        folders[:] = sorted(name for name in folders if (Path(folder) / name).resolve() not in ours)
        for name in sorted(files):
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file() or path.resolve() in ours:
                continue
            if _holds(path, posts, looked_for):
                yield path


def _looked_for(words: Sequence[str]) -> tuple[str, ...]:
    """What a file with some texts holds: a text whole, or its beginning, as titles have it."""
    beginnings = {text.strip().split("\n", 1)[0][:_TITLE].strip() for text in words}
    return tuple(sorted(word for word in {*words, *beginnings} if len(word) >= _SHORTEST_LOOKED_FOR))


def _holds(path: Path, posts: Sequence[Post], looked_for: Sequence[str]) -> bool:
    """Whether a file holds one of some texts, or the text of a post where it is a warehouse."""
    if path.suffix == ".parquet":
        try:
            columns = pq.read_table(path).columns
        except (OSError, ValueError):
            return False
        return any(
            word in str(value) for column in columns for value in column.to_pylist() for word in looked_for
        )
    if holds_warehouse(path):
        return any(has_text_of(path, post) for post in posts)
    content = path.read_bytes()
    return any(spelling in content for word in looked_for for spelling in _spellings(word))


def _spellings(word: str) -> set[bytes]:
    """A text as pages, tables and JSON write it."""
    written = {
        word,
        word.replace('"', '""'),
        html.escape(word),
        html.escape(word, quote=False),
        # As the template of a report's page does it.
        str(escape(plain(word))),
        json.dumps(word)[1:-1],
        json.dumps(word, ensure_ascii=False)[1:-1],
    }
    return {text.encode("utf-8", "surrogatepass") for text in written}
