"""The tables of each campaign as files: every mart, this campaign's rows, in a folder a day.

    CAMPAIGN/2019-12-12/csv/asset_daily.csv, parquet/…, json/…
                        manifest.json            what lies there, and the build that it is all from
    CAMPAIGN/latest-tables                       points to the newest day that has tables

All tables of a folder are of one build, the one that is published when they get their names: who writes some
of them writes again what else is there. New files wait beside the old ones until all are made, then they take
their places at once, and the manifest comes last: where one stands, what it names belongs together. Killed
before that, everything stays as it was; killed within the few renames, each file is whole and no manifest
stands.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import duckdb

from flows.answers.campaigns import Build, Campaign, Published
from flows.refused import Refused, UnknownName
from warehouse import sql
from warehouse.durable import UNFINISHED, drop_unfinished, hidden_sibling, write_whole, written_whole
from warehouse.one_at_a_time import Busy, one_at_a_time
from warehouse.progress import Progress, Step, nobody_watches

FORMATS = ("csv", "parquet", "json")
MANIFEST = "manifest.json"
LATEST = "latest-tables"
LOCK = ".tables.lock"

# The tables of so many days are kept: a year's CSV would fill a disk, and any day's tables can be had again
# by a build as known at its evening.
TABLES_KEPT = 7

# Another run writes there, maybe of an older build or a newer one; after it, what is published then is.
WAIT_S = 600.0

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class TableFile:
    """A file of a table; `path` is that from the manifest."""

    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What lies in the folder of a day: all of it from one build, by one release."""

    campaign: str
    day: date
    made_at: datetime
    release: str
    build: Build
    has_byte_order_mark: bool
    files: tuple[TableFile, ...]


@dataclass(frozen=True)
class Tables:
    """A campaign's tables as they lie on disk; `is_new` unless they were there already."""

    folder: Path
    manifest: Manifest
    is_new: bool

    @property
    def formats(self) -> list[str]:
        lying = {Path(each.path).parent.name for each in self.manifest.files}
        return [form for form in FORMATS if form in lying]

    @property
    def rows_by_mart(self) -> dict[str, int]:
        return {Path(each.path).stem: each.rows for each in self.manifest.files}


@dataclass(frozen=True)
class Asked:
    """Which tables are wanted: all marts where none is named; with a byte order mark in the CSV, without, or
    (None) as those that lie there have it."""

    formats: Sequence[str] = ("csv", "parquet")
    marts: Sequence[str] = ()
    has_mark: bool | None = None


def write_tables(
    found: Published,
    campaign: Campaign,
    out: Path,
    made_at: datetime,
    asked: Asked,
    *,
    remember: Callable[[str], None] = lambda campaign: None,
    beside: Callable[[Path], None] = lambda folder: None,
    progress: Progress = nobody_watches,
    waiting: Callable[[str], None] = lambda line: None,
) -> Tables:
    """Write tables of a campaign below `out`, in the folder of its day, unless they lie there already as the
    same build gives them; `remember` is told of whose they are before anything is written, and `beside` then
    puts there what goes with them, while nobody else writes.

    Raises Replaced, and changes nothing more, when another build was published meanwhile; UnknownName for a
    mart that the tables do not have, Refused when another run is still writing there after ten minutes,
    duckdb.Error and OSError.
    """
    marts = _marts(found.connection)
    for mart in asked.marts:
        if mart not in marts:
            raise UnknownName(f"the tables have no mart {mart!r}; they have: {', '.join(marts)}")
    folder = out / campaign.campaign_id / campaign.day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    remember(campaign.campaign_id)
    with _alone_in(folder.parent, waiting):
        # It may have been waited for.
        found.look_again()
        # Also in folders of other days, into which nobody may write again.
        for pattern in ("*/*", "*/*/*"):
            drop_unfinished(folder.parent, pattern)
        tables = _brought_up_to_date(found, campaign, folder, made_at, asked, marts, progress)
        beside(folder)
    return tables


def read_manifest(folder: Path) -> Manifest | None:
    """What lies in the folder of a day; None where nobody says so."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        build = said["build"]
        as_known_at = build["as_known_at"]
        return Manifest(
            str(said["campaign"]),
            date.fromisoformat(said["day"]),
            datetime.fromisoformat(said["made_at"]),
            str(said["release"]),
            Build(
                datetime.fromisoformat(build["published_at"]),
                int(build["size_bytes"]),
                build["readings"],
                None if as_known_at is None else datetime.fromisoformat(as_known_at),
            ),
            bool(said["has_byte_order_mark"]),
            tuple(TableFile(**each) for each in said["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def drop_manifest(folder: Path) -> None:
    """Say no more that what lies in the folder of a day belongs together, before something of it is taken
    away or replaced."""
    (folder / MANIFEST).unlink(missing_ok=True)


def point(link: Path, target: str) -> None:
    """Let a name stand for a folder beside it, at once. Only for whoever is alone in the folder above."""
    # Of killed processes too: a link cannot be locked.
    for left in link.parent.glob(f".{link.name}.*{UNFINISHED}"):
        left.unlink()
    hidden = hidden_sibling(link)
    hidden.symlink_to(target, target_is_directory=True)
    hidden.replace(link)


def _brought_up_to_date(
    found: Published,
    campaign: Campaign,
    folder: Path,
    made_at: datetime,
    asked: Asked,
    marts: Mapping[str, tuple[str, bool]],
    progress: Progress,
) -> Tables:
    """The tables in the folder of a day, where nobody else writes."""
    before = read_manifest(folder)
    has_mark = asked.has_mark
    if has_mark is None:
        has_mark = before is not None and before.has_byte_order_mark
    wanted = {(form, mart) for form in asked.formats for mart in asked.marts or marts}
    wanted |= {(form, mart) for form, mart in _lying(folder) if mart in marts}
    plan = Manifest(
        campaign.campaign_id,
        campaign.day,
        datetime.fromtimestamp(made_at.timestamp(), UTC),
        version("campaign-pipeline"),
        found.build,
        has_mark,
        (),
    )
    kept = [] if before is None else _kept(folder, before, plan, wanted)
    left = wanted - {_place_of(each) for each in kept}
    if before is not None and not left and len(kept) == len(before.files):
        # Whoever wrote them may have been killed before this.
        _keep_the_newest(folder)
        return Tables(folder, before, is_new=False)
    files = [*kept, *_written(found, plan, folder, marts, left, progress)]
    manifest = replace(plan, files=tuple(sorted(files, key=lambda each: each.path)))
    _drop_what_no_mart_is(folder, set(marts))
    write_whole(folder / MANIFEST, _as_json(manifest))
    _keep_the_newest(folder)
    return Tables(folder, manifest, is_new=True)


@contextmanager
def _alone_in(folder: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    def wait_for(holder: str) -> None:
        waiting(f"another run writes tables to {folder} ({holder}); waiting for it")

    with ExitStack() as held:
        try:
            held.enter_context(one_at_a_time(folder / LOCK, wait_s=WAIT_S, waiting=wait_for))
        except Busy as busy:
            raise Refused(
                f"another run still writes tables to {folder} ({busy.holder}) after {WAIT_S:,.0f} s; let it "
                "finish, then do it again"
            ) from None
        yield


def _kept(folder: Path, before: Manifest, plan: Manifest, wanted: set[tuple[str, str]]) -> list[TableFile]:
    """Of the files that lie there, those that would be written again as they are."""
    if (before.build, before.release) != (plan.build, plan.release):
        return []
    is_same_csv = before.has_byte_order_mark == plan.has_byte_order_mark
    return [
        each
        for each in before.files
        if _place_of(each) in wanted
        and (is_same_csv or _place_of(each)[0] != "csv")
        and _size_of(folder / each.path) == each.bytes
    ]


def _written(
    found: Published,
    plan: Manifest,
    folder: Path,
    marts: Mapping[str, tuple[str, bool]],
    places: set[tuple[str, str]],
    progress: Progress,
) -> list[TableFile]:
    """Write files, all of which get their names together at the end."""
    # What writes is large, and a command that finds everything there already does without it.
    from flows.answers.exporting import export_table

    made = []
    with ExitStack() as parts:
        wanted = sorted({mart for _, mart in places})
        for number, mart in enumerate(wanted):
            progress(Step(f"{plan.campaign}: writing {mart}", number, len(wanted)))
            files = {}
            for form in (form for form in FORMATS if (form, mart) in places):
                path = folder / form / f"{mart}.{form}"
                path.parent.mkdir(exist_ok=True)
                files[form] = parts.enter_context(written_whole(path, survives_power_cuts=False))
            query, is_campaigns = marts[mart]
            parameters = [plan.campaign] if is_campaigns else []
            rows = export_table(found.connection, query, parameters, files, has_mark=plan.has_byte_order_mark)
            for form, file in files.items():
                made.append(TableFile(f"{form}/{mart}.{form}", rows, *_size_and_digest(file)))
        # Who forgets words waits for the lock after the new build is published: what has its name before is
        # looked through then, and what is found replaced here never gets one.
        found.look_again()
        drop_manifest(folder)
    return made


def _size_and_digest(file: BinaryIO) -> tuple[int, str]:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(1024 * 1024):
        digest.update(piece)
    return file.tell(), digest.hexdigest()


def _marts(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, bool]]:
    """Every published mart by name, the query for its rows in the order of their grain, and whether that
    takes a campaign: a mart that belongs to none is given whole."""
    grains = {model.name: model.grain for model in sql.models("marts")}
    found = connection.execute(
        "select table_name, list(column_name) from information_schema.columns "
        "where table_catalog = 'warehouse' and table_schema = 'marts' group by table_name order by table_name"
    ).fetchall()
    marts = {}
    for mart, columns in found:
        is_campaigns = "campaign_id" in columns
        where = " where campaign_id = ?" if is_campaigns else ""
        order = ", ".join(f'"{name}"' for name in grains.get(mart, ())) or "all"
        marts[mart] = (f'from marts."{mart}"{where} order by {order}', is_campaigns)
    return marts


def _lying(folder: Path) -> Iterator[tuple[str, str]]:
    for form in FORMATS:
        for path in (folder / form).glob(f"[!.]*.{form}"):
            yield form, path.stem


def _place_of(file: TableFile) -> tuple[str, str]:
    path = Path(file.path)
    return path.parent.name, path.stem


def _size_of(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _as_json(manifest: Manifest) -> str:
    def text_of(value: object) -> str:
        assert isinstance(value, date), "all else JSON knows"
        return value.isoformat()

    return json.dumps(asdict(manifest), ensure_ascii=False, indent=1, default=text_of) + "\n"


def _drop_what_no_mart_is(folder: Path, marts: set[str]) -> None:
    """Take away what an earlier release left: marts that are no more."""
    for form, mart in list(_lying(folder)):
        if mart not in marts:
            (folder / form / f"{mart}.{form}").unlink(missing_ok=True)


def _keep_the_newest(written: Path) -> None:
    """Let go of the tables of old days; what was just written stays. The newest have a name."""
    days = sorted(
        path for path in written.parent.iterdir() if _DAY.fullmatch(path.name) and any(_lying(path))
    )
    point(written.with_name(LATEST), days[-1].name)
    for old in days[:-TABLES_KEPT]:
        if old != written:
            drop_manifest(old)
            for form in FORMATS:
                shutil.rmtree(old / form, ignore_errors=True)
            if not any(old.iterdir()):
                old.rmdir()
