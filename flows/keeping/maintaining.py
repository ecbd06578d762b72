"""Maintain: what keeps a home small and its promises kept, nightly. A plain function; no scheduler is needed.

Landed files of days that are over are put together, texts leave what is older than the settings keep them,
and what nobody needs is removed. Numbers stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flows.health.last_runs import written_down
from flows.refused import Refused
from warehouse.compacting import Compaction, compact
from warehouse.forgetting import assets_held_by_words, held_by_words, is_behind, known_by_more
from warehouse.mirrored import bring_up_to_date
from warehouse.one_at_a_time import BUILD_LOCK, Busy, one_at_a_time
from warehouse.progress import Progress, nobody_watches
from warehouse.publish import NoWarehouse
from warehouse.retention import Retention, take_out_texts
from warehouse.vacuum import Vacuum, vacuum

if TYPE_CHECKING:
    from pathlib import Path

    from flows.settings import Settings

# A day is over for compaction when it ended so many UTC days ago: late answers and imports of yesterday come.
DAYS_LEFT_ALONE = 2
WAIT_S = 600.0


@dataclass(frozen=True)
class Maintenance:
    """What a maintain did. `retention` is None where texts are kept for ever, or where they could not be
    looked at; `notes` says what else should be known, `complaints` what somebody must see to, a plain line
    each."""

    compaction: Compaction
    retention: Retention | None
    vacuum: Vacuum
    notes: tuple[str, ...]
    complaints: tuple[str, ...]
    is_dry_run: bool = False

    @property
    def line(self) -> str:
        """What it did, for people."""
        packed, removed = self.compaction, f"{self.vacuum.files:,} files, {megabytes(self.vacuum.bytes)}"
        parts = []
        if self.is_dry_run:
            parts.append(f"{packed.files_before:,} landed files would become {packed.files_after:,}")
            if self.retention is not None:
                parts.append(f"{self.retention.files:,} files would lose their texts")
            return "; ".join([*parts, f"{removed} would be removed"])
        parts.append(
            f"{packed.files_before:,} landed files ({megabytes(packed.bytes_before)}) are now "
            f"{packed.files_after:,} ({megabytes(packed.bytes_after)})"
        )
        if self.retention is not None:
            parts.append(f"{self.retention.responses:,} responses lost their texts")
        return "; ".join([*parts, f"{removed} removed"])

    def rows(self) -> list[tuple[str, str]]:
        """The same as a table of what and how many."""
        packed = self.compaction
        rows = [
            ("landed files of days that are over, before", f"{packed.files_before:,}"),
            ("landed files of days that are over, after", f"{packed.files_after:,}"),
            ("their bytes, before", megabytes(packed.bytes_before)),
            ("their bytes, after", "·" if self.is_dry_run else megabytes(packed.bytes_after)),
            ("responses put together", f"{packed.responses:,}"),
            ("seconds of it", f"{packed.seconds:,.1f}"),
        ]
        if self.retention is not None:
            rows.append(("files whose texts were taken out", f"{self.retention.files:,}"))
            rows.append(
                ("responses that lost texts", "·" if self.is_dry_run else f"{self.retention.responses:,}")
            )
        rows.append(("old builds and left-over files removed", f"{self.vacuum.files:,}"))
        rows.append(("bytes of those", megabytes(self.vacuum.bytes)))
        return rows


def maintain(
    settings: Settings,
    *,
    clock: datetime,
    dry_run: bool = False,
    wait_s: float = WAIT_S,
    progress: Progress = nobody_watches,
    waiting: Callable[[str], None] = lambda line: None,
) -> Maintenance:
    """Put landed files together, take out old texts, remove what nobody needs. With `dry_run` only say what
    would be done.

    How it ended is kept in the home for `campaign status`, unless it was only to say. Killed at any instant,
    running it again finishes. Raises Refused when a build is still running after `wait_s` seconds, OSError
    for instance on a full disk.
    """
    if dry_run:
        return _maintain(settings, clock, True, wait_s, progress, waiting)
    with written_down(settings.home, "maintain", Refused) as complaints:
        done = _maintain(settings, clock, False, wait_s, progress, waiting)
        complaints += done.complaints
    return done


def _maintain(
    settings: Settings,
    clock: datetime,
    dry_run: bool,
    wait_s: float,
    progress: Progress,
    waiting: Callable[[str], None],
) -> Maintenance:
    today = clock.astimezone(UTC).date()
    landing, readings = settings.landing, settings.readings
    with ExitStack() as held:
        if dry_run:
            bring_up_to_date(landing.parent, progress=progress)
        else:
            held.enter_context(no_build(settings, wait_s, waiting, progress))
        packed = compact(
            landing,
            readings,
            before=today - timedelta(days=DAYS_LEFT_ALONE),
            dry_run=dry_run,
            progress=progress,
        )
        retention, notes = _retain(settings, clock, dry_run, progress)
        complaints = [*packed.refused, *(retention.refused if retention else ())]
        complaints += _forgotten(settings, dry_run)
        freed = vacuum(
            settings.home,
            landing,
            settings.warehouse,
            keep=settings.keep_builds,
            clock=clock,
            dry_run=dry_run,
        )
    damaged = {*packed.damaged, *(retention.damaged if retention else ())}
    notes += [f"{path} is damaged and was left alone; restore it from a copy" for path in sorted(damaged)]
    return Maintenance(packed, retention, freed, tuple(notes), tuple(complaints), dry_run)


def _forgotten(settings: Settings, dry_run: bool) -> list[str]:
    """A line for each forgotten post whose words may have landed since."""
    try:
        found = known_by_more(settings.landing, settings.warehouse, dry_run=dry_run)
    except NoWarehouse as trouble:
        return [f"whether forgotten posts are known by further names cannot be seen: {trouble}"]
    return [
        f"{post} is known by further names since it was forgotten, under which its words may have landed; "
        f"run `campaign forget {post}`"
        for post in found
    ]


def _retain(
    settings: Settings, clock: datetime, dry_run: bool, progress: Progress
) -> tuple[Retention | None, list[str]]:
    """Take out the texts that the settings keep no longer; what should be known of it."""
    if settings.keep_texts_days is None:
        return None, []
    try:
        kept = held_by_words(settings.warehouse)
        behind = is_behind(settings.warehouse, settings.readings)
    except NoWarehouse as trouble:
        return None, [f"texts were kept: {trouble}"]
    if behind or not settings.warehouse.exists():
        # Nobody knows yet which posts the rules hold.
        return None, [
            "texts were kept: the tables are behind the readings; run campaign build, then maintain"
        ]
    found = take_out_texts(
        settings.landing,
        settings.readings,
        before=clock.astimezone(UTC).date() - timedelta(days=settings.keep_texts_days),
        kept=kept,
        dry_run=dry_run,
        progress=progress,
    )
    notes = []
    if found.waiting:
        notes.append(f"{found.waiting:,} old files keep their texts until a build has read them")
    if held := held_lines(settings.warehouse):
        notes.append(
            f"{len(held):,} posts keep their texts, for only a rule on these holds them in their asset; "
            f"listed there, they lose them: {'; '.join(held[:3])}{' …' if len(held) > 3 else ''}"
        )
    if found.responses:
        notes.append("the next build makes the readings again from what is left; its numbers are the same")
    return found, notes


def held_lines(warehouse: Path) -> list[str]:
    """Of each post that only a rule on its words holds in an asset: the line that would list it."""
    held = assets_held_by_words(warehouse)
    return [f'[[assets]] {asset}: posts = ["{platform}:{post_id}"]' for asset, platform, post_id in held]


@contextmanager
def no_build(
    settings: Settings,
    wait_s: float,
    waiting: Callable[[str], None],
    progress: Progress = nobody_watches,
) -> Iterator[None]:
    """Keep builds away while the block runs. Raises Refused when one is still running after `wait_s`
    seconds."""

    def tell(holder: str) -> None:
        waiting(f"a build is running ({holder}); waiting for it, {wait_s:,.0f} s at most")

    folders = {settings.readings.parent, settings.warehouse.parent}
    with ExitStack() as held:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        for folder in sorted({folder.resolve() for folder in folders}):
            try:
                held.enter_context(one_at_a_time(folder / BUILD_LOCK, wait_s=wait_s, waiting=tell))
            except Busy as busy:
                raise Refused(
                    f"a build is still running after {wait_s:,.0f} s ({busy.holder}); let it finish and run "
                    "this again"
                ) from None
        bring_up_to_date(settings.landing.parent, progress=progress)
        yield


def megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"
