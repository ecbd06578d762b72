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
import shlex
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape as as_itself
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from markupsafe import escape

from connectors.errors import UnusableReference
from flows.answers.elsewhere import Place, Warehouse, remembered
from flows.answers.tables import FORMATS, drop_manifest
from flows.answers.tables import LOCK as TABLES_LOCK
from flows.collecting.turns import forgets_turn
from flows.console import plain
from flows.home import ELSEWHERE, LEDGER
from flows.keeping.maintaining import WAIT_S, no_build
from flows.refresh import refresh
from flows.refused import Refused
from warehouse.forgetting import FOLDER as FORGOTTEN
from warehouse.forgetting import (
    Post,
    Taken,
    find,
    has_text_of,
    is_remembered,
    moment_of,
    others_that_say,
    remember,
    said_by,
    surely_has_text_of,
    take_out,
)
from warehouse.landed import NotTheSame
from warehouse.mirrored import bring_up_to_date
from warehouse.one_at_a_time import BUILD_LOCK, IMPORT_LOCK, Busy, one_at_a_time
from warehouse.opening import holds_warehouse
from warehouse.progress import Progress, nobody_watches
from warehouse.publish import NothingPublished
from warehouse.sealed import DAMAGED
from warehouse.vacuum import drop_left_behind
from warehouse.versions import FOLDER as VERSIONS
from warehouse.versions import drop_every_version, tidy

if TYPE_CHECKING:
    from flows.registry import Registry
    from flows.settings import Settings
    from warehouse.build import BuildReport

_PLATFORM_AND_ID = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?!//)(.*)", re.DOTALL)

# A report takes seconds, and minutes where there is much; one that takes longer than this may hang.
WAITS_FOR_REPORTS_S = 120.0
# Shorter words stand in too many files by chance.
_SHORTEST_LOOKED_FOR = 6
# Titles may be cut shorter than the tables have them.
_TITLE = 40


@dataclass(frozen=True)
class Made:
    """A warehouse that is not the published one, which holds the words or (`is_certain` False) may, and the
    moment as known at which it was made, or where it does not tell (`is_told` False) when it was written."""

    file: Path
    moment: datetime
    is_told: bool
    is_certain: bool

    @property
    def command(self) -> str:
        """What makes it again: of landing alone, because nothing else need be without the words; and as known
        then, since its numbers are that moment's."""
        moment = self.moment.astimezone(UTC).isoformat()
        return f"campaign build --full --as-known-at {moment} --out {shlex.quote(str(self.file))}"

    def complaint(self, is_dry: bool) -> str:
        holds = "still holds" if self.is_certain else "may hold"
        then = "when the words are forgotten, run" if is_dry else "run"
        of_when = "" if self.is_told else ", as known when it was written"
        return (
            f"{self.file} {holds} the words; {then} `{self.command}`, which makes it again without "
            f"them{of_when}, or delete it"
        )


@dataclass(frozen=True)
class Forgetting:
    """What a forgetting did: the posts, the responses that held their words and the files of those, reports
    that were removed; files that still hold the words (`left`, or `made` where they are warehouses), or name
    a post whose words are not all known any more (`naming`): those that are not ours to remove, and reports
    outside of the home that could not be removed; who still writes reports (`writing`); landed files that
    cannot be read; folders outside of the home into which reports were written and nobody could look
    (`unseen`), the same of warehouses (`unopened`), what builds elsewhere left half made and nobody could
    remove (`unfinished`), and the lines of what is remembered of both that nobody can read (`unread`); other
    posts with the very same words, which keep them; and the build that followed
    (None for a dry run, and where neither answers nor tables had any words)."""

    posts: tuple[Post, ...]
    responses: int
    files: int
    reports: tuple[Path, ...]
    left: tuple[Path, ...]
    made: tuple[Made, ...]
    naming: tuple[Path, ...]
    writing: tuple[str, ...]
    damaged: tuple[Path, ...]
    unseen: tuple[Place, ...]
    unopened: tuple[Warehouse, ...]
    unfinished: tuple[Path, ...]
    unread: tuple[int, ...]
    others: tuple[str, ...]
    is_dry: bool
    built: BuildReport | None

    @property
    def complaints(self) -> tuple[str, ...]:
        """What somebody must see to, a plain line each."""
        return (
            *(f"{path} still holds the words; delete it, or make it again" for path in self.left),
            *(each.complaint(self.is_dry) for each in self.made),
            *(
                f"{path} names a post whose words are not all known any more, and may hold them; look into "
                "it, and delete it or move it away"
                for path in self.naming
            ),
            *(f"{who}, and may put the words back; end it, then forget again" for who in self.writing),
            *(
                f"{path} is damaged and may still hold the words; restore it and forget again, or delete it"
                for path in self.damaged
            ),
            *(
                f"nobody looked into {place.folder}, where {place.machine} wrote reports or tables: it "
                f"cannot be read here; see that the words leave it, then take its line out of {ELSEWHERE} "
                "in CAMPAIGN_HOME"
                for place in self.unseen
            ),
            *(
                f"nobody looked into {each.target}, where {each.machine} wrote a warehouse: {_cure_of(each)}"
                for each in self.unopened
            ),
            *(
                f"{path} is what a build was making, and may hold the words; let that build end and forget "
                "again, or delete it"
                for path in self.unfinished
            ),
            *(
                f"line {number} of {ELSEWHERE} in CAMPAIGN_HOME cannot be read, so nobody looked where it "
                "points to; put it right, or take it out once the words have left that place"
                for number in self.unread
            ),
        )


def _cure_of(unopened: Warehouse) -> str:
    if unopened.is_here:
        return (
            "it is damaged, or something has it open for writing; delete it, or close it there and forget "
            "again"
        )
    takes_out = f"take its line out of {ELSEWHERE} in CAMPAIGN_HOME"
    if unopened.is_of_here:
        return f"it cannot be read here; see that the words leave it, then {takes_out}"
    return f"it cannot be read here; run `campaign forget` there, or delete it and {takes_out}"


def forget(
    settings: Settings,
    registry: Registry,
    connectors: Mapping[str, ModuleType],
    references: Sequence[str],
    *,
    dry_run: bool = False,
    wait_s: float = WAIT_S,
    progress: Progress = nobody_watches,
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

    def tell(line: str) -> None:
        # Both where it is said and where it is drawn how far this is.
        progress(line)
        waiting(line)

    if dry_run:
        bring_up_to_date(settings.landing.parent, progress=progress)
        taken = take_out(settings.landing, settings.readings, posts, dry_run=True, progress=progress)
        return _told(settings, _sought(settings, posts), taken, None, None)
    with ExitStack() as held:
        _hold_imports(held, settings.landing, wait_s, tell)
        for platform in sorted({post.platform for post in posts}):
            _hold_collects(held, settings, platform, wait_s, tell)
        held.enter_context(no_build(settings, wait_s, tell, progress))
        # It may be all that a killed one has left to do.
        drop_left_behind(settings.home, settings.landing)
        tidy(settings.warehouse)
        unfinished = _tidy_elsewhere(settings)
        # Before anything is done, since one that hangs is not ours to end.
        with ExitStack() as reports:
            if hanging := list(_hold_reports(reports, settings, wait_s, tell)):
                ends = "let it finish or end it" if len(hanging) == 1 else "let them finish or end them"
                raise Refused(f"{'; '.join(hanging)}; {ends}, then forget again: nothing is forgotten yet")
            # While something still has the words.
            progress("looking for the words")
            sought = _sought(settings, posts)
            for post in posts:
                remember(settings.landing, post)
            removed = _remove_reports(settings, sought)
        try:
            taken = take_out(settings.landing, settings.readings, posts, progress=progress)
        except NotTheSame as trouble:
            raise Refused(str(trouble)) from trouble
        if not taken.files and not sought.texts:
            # As with a mistyped id: the tables and the builds before them have no words of it.
            return _told(settings, sought, taken, removed, None, unfinished=unfinished)
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
    # A report may have been made of the old tables meanwhile; who writes one from now on finds the new ones.
    with ExitStack() as reports:
        busy = _hold_reports(reports, settings, wait_s, tell)
        removed += _remove_reports(settings, sought, but_not_below=tuple(busy.values()))
    return _told(settings, sought, taken, removed, built, tuple(busy), unfinished)


def _told(
    settings: Settings,
    sought: _Sought,
    taken: Taken,
    removed: Sequence[Path] | None,
    built: BuildReport | None,
    writing: tuple[str, ...] = (),
    unfinished: Sequence[Path] = (),
) -> Forgetting:
    """What was done, or with `removed` None what would be."""
    found = list(_other_files(settings, sought))
    reports = [path for path, _ in found if path.is_relative_to(settings.reports)]
    # What was removed is not found any more.
    others = [each for each in found if removed is not None or each[0] not in reports]
    elsewhere, unseen = _files_elsewhere(settings, sought)
    warehouses, unopened = _warehouses_elsewhere(settings, sought)
    if removed is None:
        # A folder may have two names.
        known_by = {path.resolve() for path in reports}
        reports += [file.path for file in elsewhere if file.path.resolve() not in known_by]
    else:
        # It could not be removed.
        others += [(file.path, file.holds_words) for file in elsewhere]
    holding = [path for path, holds_words in others if holds_words]
    warehouses += [path for path in holding if holds_warehouse(path)]
    return Forgetting(
        sought.posts,
        taken.responses,
        taken.files,
        tuple(reports if removed is None else removed),
        tuple(path for path in holding if path not in warehouses),
        tuple(_made(path, sought.posts) for path in dict.fromkeys(warehouses)),
        tuple(path for path, holds_words in others if not holds_words),
        writing,
        taken.damaged,
        tuple(unseen),
        tuple(unopened),
        tuple(path for path in unfinished if path.exists()),
        remembered(settings.home).unread,
        tuple(others_that_say(settings.warehouse, sought.texts, sought.posts)),
        removed is None,
        built,
    )


def _made(file: Path, posts: Sequence[Post]) -> Made:
    is_certain = any(surely_has_text_of(file, post) for post in posts)
    moment = moment_of(file)
    written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Made(file, moment or written_at, moment is not None, is_certain)


def _posts(
    warehouse: Path, connectors: Mapping[str, ModuleType], references: Sequence[str]
) -> tuple[Post, ...]:
    if not warehouse.exists():
        raise NothingPublished(warehouse, then=", then forget")
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
    held: ExitStack, settings: Settings, platform: str, wait_s: float, waiting: Callable[[str], None]
) -> None:
    """Keep collects and backfills of a platform away: what they land was redacted by an older list."""
    try:
        held.enter_context(
            forgets_turn(
                settings.home,
                platform,
                lake=settings.landing.parent,
                wait_s=wait_s,
                waiting=lambda who: waiting(_waits(who, wait_s)),
            )
        )
    except Busy as busy:
        raise _still_running(busy.holder, wait_s) from None


def _hold_imports(held: ExitStack, landing: Path, wait_s: float, waiting: Callable[[str], None]) -> None:
    """Keep imports away, and whoever else forgets."""
    landing.parent.mkdir(parents=True, exist_ok=True)

    def who(holder: str) -> str:
        return f"an import or another `campaign forget` ({holder})"

    try:
        held.enter_context(
            one_at_a_time(
                landing.with_name(IMPORT_LOCK),
                wait_s=wait_s,
                waiting=lambda holder: waiting(_waits(who(holder), wait_s)),
            )
        )
    except Busy as busy:
        raise _still_running(who(busy.holder), wait_s) from None


def _hold_reports(
    held: ExitStack,
    settings: Settings,
    wait_s: float,
    waiting: Callable[[str], None],
    elapsed_s: Callable[[], float] = time.monotonic,
) -> dict[str, Path]:
    """Keep reports and exports away from where they have been written before, in the home and elsewhere.
    Gives who still writes after `wait_s` seconds, or the time in which a report is done, and where."""
    locks = list(settings.reports.glob(f"*/{TABLES_LOCK}"))
    for place in remembered(settings.home).places:
        for campaign in place.campaigns if place.is_here else ():
            # Who cannot look into it is told so.
            with suppress(OSError):
                lock = place.folder_of(campaign) / TABLES_LOCK
                lock.lstat()
                # Where nobody may write nobody does; writers open it for both.
                locks += [lock] if os.access(lock, os.R_OK | os.W_OK, effective_ids=True) else []
    # A folder may have two names, and who holds a lock waits for it by the other one too.
    by_file: dict[tuple[int, int], Path] = {}
    for lock in sorted(lock.parent.resolve() / lock.name for lock in locks):
        # One whose folder is removed meanwhile has no writer.
        with suppress(FileNotFoundError):
            status = lock.lstat()
            # What is anything else is not ours, and nobody of ours writes there.
            if stat.S_ISREG(status.st_mode):
                by_file.setdefault((status.st_dev, status.st_ino), lock)

    wait_s = min(wait_s, WAITS_FOR_REPORTS_S)
    until_s = elapsed_s() + wait_s
    still: dict[str, Path] = {}

    def tell(folder: Path, left_s: float) -> Callable[[str], None]:
        return lambda holder: waiting(_waits(f"a report or an export to {folder} ({holder})", left_s))

    # In one order, for whoever else forgets.
    for lock in by_file.values():
        folder, left_s = lock.parent, max(0.0, until_s - elapsed_s())
        try:
            with suppress(FileNotFoundError):
                held.enter_context(one_at_a_time(lock, wait_s=left_s, waiting=tell(folder, left_s)))
        except Busy as busy:
            who = f"a report or an export ({busy.holder})"
            still[f"{who} is still running after {wait_s:,.0f} s in {folder}"] = folder
    return still


def _waits(who: str, wait_s: float) -> str:
    return f"{who} is running; waiting for it, {wait_s:,.0f} s at most"


def _still_running(who: str, wait_s: float) -> Refused:
    return Refused(f"{who} is still running after {wait_s:,.0f} s; let it finish and forget again")


@dataclass(frozen=True)
class _Sought:
    """What files are searched for: `words`, of the `texts` that are known of the posts; and `names`, where a
    post's words may be others than those."""

    posts: tuple[Post, ...]
    texts: tuple[str, ...]
    words: tuple[bytes, ...]
    names: re.Pattern[bytes] | None


def _sought(settings: Settings, posts: Sequence[Post]) -> _Sought:
    versions = settings.warehouse.with_name(VERSIONS).glob(f"[!.]*{settings.warehouse.suffix}")
    warehouses = [path for path in (settings.warehouse, *sorted(versions)) if path.exists()]
    texts: dict[str, None] = {}
    words: set[str] = set()
    names: set[str] = set()
    for post in posts:
        said = said_by(settings.landing, settings.readings, warehouses, post)
        looked_for = _looked_for(said.texts)
        texts |= dict.fromkeys(said.texts)
        words |= looked_for
        if not looked_for or not said.is_all or is_remembered(settings.landing, post):
            names |= {*post.names, *said.addresses}
    spelled = sorted(spelling for name in names for spelling in _spellings(name))
    # As a whole: ids hold letters, digits, - and _.
    named = rb"(?<![\w-])(?:" + b"|".join(map(re.escape, spelled)) + rb")(?![\w-])"
    return _Sought(
        tuple(posts),
        tuple(texts),
        tuple(sorted(spelling for word in words for spelling in _spellings(word))),
        re.compile(named) if spelled else None,
    )


def _tidy_elsewhere(settings: Settings) -> list[Path]:
    """Remove what killed builds were making outside of the home; only a build may, or who keeps them away.
    Gives what stays, as where another home's build goes on or nobody may remove it."""
    left: dict[Path, None] = {}
    for each in remembered(settings.home).warehouses:
        lock = each.file.with_name(BUILD_LOCK)
        with suppress(OSError, Busy):
            if (each.is_here or each.is_deleted) and lock.exists():
                with one_at_a_time(lock):
                    tidy(each.file)
        if each.is_of_here:
            left |= dict.fromkeys(sorted(each.file.parent.glob(f".{as_itself(each.file.name)}.*.part*")))
    return list(left)


def _remove_reports(settings: Settings, sought: _Sought, but_not_below: Sequence[Path] = ()) -> list[Path]:
    """Remove the files of reports that hold the words, or may, but for those of some folders; `campaign
    report` and `campaign export` make them again. Only while nobody else writes any."""

    def may_go(path: Path) -> bool:
        return not any(path.resolve().is_relative_to(folder) for folder in but_not_below)

    removed = []
    for path, _ in _other_files(settings, sought):
        if path.is_relative_to(settings.reports) and may_go(path):
            _remove_report(path, settings.reports)
            removed.append(path)
    for file in filter(lambda each: may_go(each.path), _files_elsewhere(settings, sought)[0]):
        # What stays is told of.
        with suppress(OSError):
            _remove_report(file.path, file.reports)
            removed.append(file.path)
    return removed


def _remove_report(path: Path, reports: Path) -> None:
    # CAMPAIGN/DAY/FORM/: what is left of its day is not whole.
    if path.parent.name in FORMATS and len(path.relative_to(reports).parts) == 4:
        drop_manifest(path.parent.parent)
    path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Elsewhere:
    """A file of the reports outside of the home that holds the words, or (`holds_words` False) may."""

    reports: Path
    path: Path
    holds_words: bool


def _warehouses_elsewhere(settings: Settings, sought: _Sought) -> tuple[list[Path], list[Warehouse]]:
    """The warehouses outside of the home that hold the words, and those that nobody could open."""
    found: list[Path] = []
    unopened: list[Warehouse] = []
    for each in remembered(settings.home).warehouses:
        if each.is_deleted:
            continue
        if not each.is_here or not holds_warehouse(each.file):
            unopened.append(each)
        elif any(has_text_of(each.file, post) for post in sought.posts):
            found.append(each.target)
    return found, unopened


def _files_elsewhere(settings: Settings, sought: _Sought) -> tuple[list[_Elsewhere], list[Place]]:
    """Those of all places, and the places into which nobody could look everywhere."""
    found: list[_Elsewhere] = []
    unseen: dict[Place, None] = {}
    for place in remembered(settings.home).places:
        for campaign in place.campaigns:
            if not place.is_here:
                unseen[place] = None
                continue
            try:
                for path in _files_below(place.folder_of(campaign)):
                    if (holds_words := _holds(path, sought, may_name=False)) is not None:
                        found.append(_Elsewhere(Path(place.folder), path, holds_words))
            except OSError:
                unseen[place] = None
    return found, list(unseen)


def _files_below(campaign: Path) -> Iterator[Path]:
    """The files of a campaign's reports. Raises OSError where something cannot be looked into."""

    def refuse(trouble: OSError) -> None:
        raise trouble

    for folder, folders, files in os.walk(campaign, onerror=refuse):
        folders.sort()
        for path in (Path(folder) / name for name in sorted(files)):
            if not path.is_symlink() and path.is_file():
                yield path


def _linked_reports(settings: Settings) -> Iterator[Path]:
    """The files of campaigns where the folder of the reports is a link, as to another disk."""
    if settings.reports.is_symlink():
        for lock in sorted(settings.reports.glob(f"*/{TABLES_LOCK}")):
            if not lock.parent.is_symlink():
                yield from _files_below(lock.parent)


def _other_files(settings: Settings, sought: _Sought) -> Iterator[tuple[Path, bool]]:
    """The files of the home that hold a text of the posts or its first words (True), or only name a post
    whose words are not all known any more (False); not those of the lake, the published tables and their
    versions.

    What the pipeline itself writes down of posts, by their names alone, is not such a name. Raises OSError
    where a folder of the reports cannot be looked into.
    """
    ours = {settings.landing.resolve(), settings.landing.with_name(FORGOTTEN).resolve()}
    ours |= {settings.readings.resolve(), settings.warehouse.resolve()}
    ours.add(settings.warehouse.with_name(VERSIONS).resolve())
    if settings.reports.is_symlink():
        # It may lie in the home.
        ours.add(settings.reports.resolve())
    for path in _linked_reports(settings):
        if (holds_words := _holds(path, sought, may_name=False)) is not None:
            yield path, holds_words
    may_name = {settings.registry.resolve(), (settings.home / LEDGER).resolve()}

    def refuse(trouble: OSError) -> None:
        if Path(trouble.filename).is_relative_to(settings.reports):
            raise trouble

    for folder, folders, files in os.walk(settings.home, onerror=refuse):
        folders[:] = sorted(name for name in folders if (Path(folder) / name).resolve() not in ours)
        for name in sorted(files):
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file() or path.resolve() in ours:
                continue
            is_state = path.relative_to(settings.home).parts[0].startswith(".")
            names_it = is_state or bool(may_name & {path.resolve(), *path.resolve().parents})
            if (holds_words := _holds(path, sought, may_name=names_it)) is not None:
                yield path, holds_words


def _holds(path: Path, sought: _Sought, *, may_name: bool) -> bool | None:
    """Whether a file holds the words (True) or only names a post whose words are not all known any more
    (False), unless it may; None where it does neither."""
    if holds_warehouse(path):
        return True if any(has_text_of(path, post) for post in sought.posts) else None
    contents = list(_contents(path))
    if any(word in content for content in contents for word in sought.words):
        return True
    if sought.names is None or may_name:
        return None
    return False if any(sought.names.search(content) for content in contents) else None


def _looked_for(texts: Sequence[str]) -> set[str]:
    """What a file with some texts holds: a text whole, or its beginning, as titles have it."""
    beginnings = {text.strip().split("\n", 1)[0][:_TITLE].strip() for text in texts}
    return {word for word in {*texts, *beginnings} if len(word) >= _SHORTEST_LOOKED_FOR}


def _contents(path: Path) -> Iterator[bytes]:
    """What a file says: its bytes, or of Parquet the values, a column each."""
    if path.suffix == ".parquet":
        with suppress(*DAMAGED):
            for column in pq.read_table(path).columns:
                yield "\n".join(map(str, column.to_pylist())).encode("utf-8", "surrogatepass")
            return
    yield path.read_bytes()


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
