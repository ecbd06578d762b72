"""Import: hand-made exports into the landing, as responses of the platforms whose numbers they are.

All files are read and judged before anything of one lands. An export lands in chunks with its lines as
received; handed in once more it lands only what is not there yet, so an import that was killed is finished by
the next. A plain function; no scheduler is needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow.parquet as pq

from connectors.exports.files import DELIMITER_NAMES, ENCODING_NAMES, FALLBACK, ReceivedFile
from connectors.exports.judging import Chunk, Judgement, Options, judge
from connectors.exports.mistakes import Mistake, NotAnExport, on_one_line, shown
from connectors.facebook.addresses import DIGITS
from connectors.x.addresses import HANDLE
from flows.home import DEMO_MARKER
from warehouse.forgetting import Forgotten
from warehouse.landing import SCHEMA_VERSION, LandingWriter, drop_unfinished_files
from warehouse.mirrored import bring_up_to_date
from warehouse.one_at_a_time import IMPORT_LOCK, Busy, one_at_a_time
from warehouse.progress import Progress, Step, nobody_watches
from warehouse.sealed import DAMAGED
from warehouse.sightings import platforms
from warehouse.texts import EXPORT

if TYPE_CHECKING:
    from flows.settings import Settings

METHOD = "IMPORT"
WAIT_S = 600.0


class ImportRefused(Exception):
    """Nothing was landed; `mistakes` are one plain line each."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


@dataclass(frozen=True)
class Imported:
    """What became of one file. `responses` were landed now; `notes` is what else should be known of it, a
    plain line each."""

    file: str
    title: str
    platform: str
    records: int
    posts: int
    days: int
    observed_at: datetime
    responses: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Landed:
    """An export that was landed before, as far as it was."""

    at: datetime
    pages: frozenset[int]
    options: tuple[object, ...]


def import_exports(
    settings: Settings,
    files: Sequence[Path],
    options: Options,
    *,
    now: Callable[[], datetime],
    dry_run: bool = False,
    wait_s: float = WAIT_S,
    progress: Progress = nobody_watches,
    waiting: Callable[[str], None] = lambda line: None,
) -> list[Imported]:
    """Judge every file, then land them; with `dry_run` only judge.

    Raises ImportRefused when one cannot be opened, cannot be read for certain, or was imported with other
    options before, and when another import or a forgetting is still running after `wait_s` seconds; nothing
    is landed then. OSError when nothing can be landed.
    """
    requested_at = now()
    if (settings.home / DEMO_MARKER).exists():
        raise ImportRefused(
            [f"{settings.home} holds the demo's simulated numbers; set CAMPAIGN_HOME to a folder of your own"]
        )
    mistakes: list[str] = []
    judged: list[Judgement] = []
    with ExitStack() as opened:
        for number, path in enumerate(files):
            progress(Step("files judged", number, len(files)))
            told = partial(_tell_lines, progress, path.name)
            try:
                judged.append(judge(opened.enter_context(ReceivedFile(path, told)), options, requested_at))
            except NotAnExport as refused:
                mistakes += map(str, refused.mistakes)
            except FileNotFoundError:
                what, cure = "there is no such file", "look at its name and its folder"
                mistakes.append(str(Mistake(str(path), what, cure)))
            except OSError as error:
                what = f"the file cannot be opened ({error.strerror or error})"
                mistakes.append(str(Mistake(str(path), what, "see that you may read it")))
        if not dry_run and not mistakes:
            opened.enter_context(_alone(settings.landing, wait_s, waiting))
        if not mistakes:
            bring_up_to_date(
                settings.landing.parent, *_exports_of_the_lake(), "forgotten/", progress=progress
            )
        landed = {} if mistakes else _landed_exports(settings.landing)
        mistakes += _imported_otherwise(judged, landed, requested_at)
        if mistakes:
            raise ImportRefused(mistakes)
        if not dry_run:
            drop_unfinished_files(settings.landing)
        imported = []
        for judgement in judged:
            digest = judgement.file.sha256
            before = landed.get(digest)
            done = _land(settings.landing, judgement, before, requested_at, dry_run=dry_run)
            imported.append(done)
            # The same file twice in one call.
            landed[digest] = before or _Landed(
                requested_at, frozenset(range(1, done.responses + 1)), _said(judgement)
            )
    return imported


def _tell_lines(progress: Progress, name: str, lines: int, of: int) -> None:
    progress(Step(f"reading lines of {name}", lines, of))


@contextmanager
def _alone(landing: Path, wait_s: float, waiting: Callable[[str], None]) -> Iterator[None]:
    """Keep other imports away while the block runs, and `campaign forget`: what lands is redacted by the list
    as it was when the block began."""
    landing.parent.mkdir(parents=True, exist_ok=True)

    def tell(holder: str) -> None:
        waiting(
            f"an import or `campaign forget` is running ({holder}); waiting for it, {wait_s:,.0f} s at most"
        )

    try:
        with one_at_a_time(landing.with_name(IMPORT_LOCK), wait_s=wait_s, waiting=tell):
            yield
    except Busy as busy:
        raise ImportRefused(
            [
                f"an import or `campaign forget` is still running after {wait_s:,.0f} s ({busy.holder}); let "
                "it finish and import again"
            ]
        ) from None


def parse_zone(text: str) -> ZoneInfo:
    """A time zone by its name in the zone database. Raises ValueError with one plain line."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{shown(text)} is no time zone; write one such as Europe/London or America/Los_Angeles"
        ) from None


def parse_account(text: str) -> tuple[str, str]:
    """(platform, id or @name) of an account as x:@NAME, facebook:ID or instagram:ID. Raises ValueError with
    one plain line."""
    platform, _, name = text.strip().partition(":")
    if platform == "x" and HANDLE.fullmatch(name.removeprefix("@")):
        return platform, f"@{name.removeprefix('@')}"
    if platform in ("facebook", "instagram") and DIGITS.fullmatch(name):
        return platform, name
    raise ValueError(
        f"{shown(text)} is no account; write x:@NAME, facebook:ID or instagram:ID (the API's number)"
    )


def _said(judgement: Judgement) -> tuple[object, ...]:
    """What decides how the bytes of a file are read."""
    calendar = judgement.reader.calendar
    zone = calendar.zone.key if calendar.zone and calendar.has_used_zone else None
    return (judgement.observed_at.isoformat(), zone, judgement.reader.account)


def _imported_otherwise(
    judged: Sequence[Judgement], landed: Mapping[str, _Landed], requested_at: datetime
) -> Iterator[str]:
    """A line for each file whose bytes were imported, or come earlier in this call, with other options:
    landing is never changed after, so the numbers stay those of the first import."""
    first = dict(landed)
    for judgement in judged:
        said, digest = _said(judgement), judgement.file.sha256
        before = first.setdefault(digest, _Landed(requested_at, frozenset(), said))
        if before.options == said:
            continue
        count = len(before.pages)
        what = (
            f"the same bytes were imported on {before.at:%Y-%m-%d %H:%M} UTC "
            f"({count:,} {'response' if count == 1 else 'responses'}) with other options, and the numbers "
            "stay as imported first"
            if count
            else "the same bytes come earlier in this call with other options"
        )
        yield str(
            Mistake(judgement.file.name, what, f"leave it out, or give those of then ({_in_words(before)})")
        )


def _in_words(landed: _Landed) -> str:
    """The options of an import, as a user gives them."""
    names = ("--observed-at", "--timezone", "the account")
    given = [f"{name} {value}" for name, value in zip(names, landed.options, strict=True) if value]
    return ", ".join(given)


def _exports_of_the_lake() -> list[str]:
    return [f"landing/platform={platform}/endpoint={EXPORT}/" for platform in platforms()]


def _landed_exports(landing: Path) -> dict[str, _Landed]:
    """What was imported before, by the SHA-256 of the file; unreadable files of the landing are passed by."""
    found: dict[str, _Landed] = {}
    for path in sorted(landing.glob(f"platform=*/endpoint={EXPORT}/date=*/*.parquet")):
        if path.name.startswith("."):
            continue
        try:
            rows = pq.ParquetFile(path).read(columns=["params", "page", "requested_at"]).to_pylist()
            params = [json.loads(row["params"]) for row in rows]
        except DAMAGED:
            # Damaged by somebody else: the build names it, and what it held is landed again.
            continue
        for row, said in zip(rows, params, strict=True):
            digest = str(said.get("sha256"))
            before = found.get(digest)
            found[digest] = _Landed(
                at=min(row["requested_at"], before.at) if before else row["requested_at"],
                pages=(before.pages if before else frozenset()) | {int(row["page"])},
                options=(said.get("observed_at"), said.get("timezone"), said.get("account")),
            )
    return found


def _land(
    landing: Path,
    judgement: Judgement,
    before: _Landed | None,
    requested_at: datetime,
    *,
    dry_run: bool,
) -> Imported:
    file = judgement.file
    notes = _notes(judgement)
    responses = 0
    if not dry_run:
        responses = _land_chunks(landing, judgement, before, requested_at)
    if before is not None and not responses:
        notes = (f"was imported on {before.at:%Y-%m-%d %H:%M} UTC already; nothing new",)
    if dry_run and before is None:
        notes = (*notes, "can be imported; nothing was landed (--dry-run)")
    return Imported(
        file=on_one_line(file.name),
        title=judgement.title,
        platform=judgement.platform,
        records=judgement.records,
        posts=judgement.posts,
        days=judgement.days,
        observed_at=judgement.observed_at,
        responses=responses,
        notes=notes,
    )


def _notes(judgement: Judgement) -> tuple[str, ...]:
    """What a user should know of a file that can be imported."""
    notes = []
    if judgement.file.encoding == FALLBACK:
        notes.append("is no UTF-8 and was read as Windows-1252; look at its letters with accents")
    if judgement.unknown:
        names = ", ".join(map(shown, judgement.unknown))
        notes.append(f"columns that nobody knows are kept and not read: {names}")
    if judgement.left:
        named = "row names" if judgement.left == 1 else "rows name"
        kept = "is" if judgement.left == 1 else "are"
        notes.append(
            f"{judgement.left:,} {named} no post as the platform's API does, and {kept} kept and not read"
        )
    return tuple(notes)


def _land_chunks(
    landing: Path,
    judgement: Judgement,
    before: _Landed | None,
    requested_at: datetime,
) -> int:
    """Land what is not there yet; how many responses that were."""
    file = judgement.file
    if file.has_changed():
        raise ImportRefused([f"{file.name}: the file was written to while it was read; import it again"])
    observed_at, zone, account = _said(judgement)
    params = {
        "export": judgement.export_id,
        "encoding": ENCODING_NAMES[file.encoding],
        "delimiter": DELIMITER_NAMES[file.delimiter],
        "timezone": zone,
        "account": account,
        "observed_at": observed_at,
        "sha256": file.sha256,
    }
    run_id = f"{requested_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-import-{file.sha256[:12]}"
    there = before.pages if before else frozenset()
    landed = 0
    forgotten = Forgotten.read(landing)
    with LandingWriter(landing) as writer:
        for page, chunk in enumerate(judgement.chunks(), start=1):
            if page in there:
                continue
            writer.add(forgotten.redacted(_response(judgement, run_id, requested_at, params, page, chunk)))
            landed += 1
    return landed


def _response(
    judgement: Judgement,
    run_id: str,
    requested_at: datetime,
    params: dict[str, Any],
    page: int,
    chunk: Chunk,
) -> dict[str, object]:
    """A chunk as the response of an API would land: what it says, and the lines that said it."""
    body = {"rows": chunk.rows, "header": judgement.header_lines, "lines": chunk.lines}
    return {
        "response_id": f"{run_id}-{page:05d}",
        "run_id": run_id,
        "platform": judgement.platform,
        "endpoint": EXPORT,
        "campaign_id": "",
        "observed_at": judgement.observed_at,
        "requested_at": requested_at,
        "method": METHOD,
        "url": f"file:{judgement.file.name}",
        "params": json.dumps(params),
        "status": 200,
        "headers": json.dumps({}),
        "body": json.dumps(body, ensure_ascii=False),
        "page": page,
        "elapsed_ms": 0,
        "schema_version": SCHEMA_VERSION,
    }
