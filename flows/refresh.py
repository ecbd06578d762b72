"""Build: land the registry in force, then bring the warehouse up to date. A plain function; no scheduler is
needed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.clock import utc_now
from flows.answers.elsewhere import remember_warehouse
from flows.collecting.round import land_registry_in_force
from flows.cures import cure_of
from flows.health.last_runs import FAILED, SUCCEEDED, build_of, record_run
from flows.refused import Refused
from flows.workers.batches import over_workers
from warehouse.batch_jobs import here
from warehouse.build import AnotherBuild, BuildRefused, BuildReport, build
from warehouse.forgetting import FOLDER as FORGOTTEN
from warehouse.mirrored import LakeOutOfReach
from warehouse.one_at_a_time import BUILD_LOCK
from warehouse.opening import holds_warehouse
from warehouse.progress import Progress, nobody_watches
from warehouse.versions import is_among_versions

if TYPE_CHECKING:
    from flows.registry import Registry
    from flows.settings import Settings
    from flows.workers.cluster import Hiring
    from warehouse.checking import Warned

# A full build is asked for once a night or by hand: whoever asks wants it after the hourly one, not instead.
FULL_WAITS_S = 600.0


def refresh(
    settings: Settings,
    registry: Registry,
    *,
    full: bool = False,
    as_known_at: datetime | None = None,
    out: Path | None = None,
    wait_s: float | None = None,
    hiring: Hiring | None = None,
    now: Callable[[], datetime] = utc_now,
    progress: Progress = nobody_watches,
    waiting: Callable[[str], None] = lambda line: None,
) -> BuildReport:
    """Make the landed answers into tables and publish them, or write them to `out` and leave alone what is
    published.

    The registry is landed first, so that a post moved to another asset counts there from this build on. What
    was published before is kept for as many builds as the settings say. A build that meets another waits for
    it up to `wait_s` seconds, a full one for ten minutes where that is not said, and tells `waiting` so; how
    it ended is kept in the home for `campaign status`, unless it was for `out`. With `hiring`, landed answers
    are read on the workers that the settings name, if any.

    Raises `warehouse.build.BuildRefused` when a check fails, another build is still running, `out` is a file
    that no build made or lies in no folder, or a folder cannot be written.
    """
    if out is not None:
        _refuse_what_is_not_ours(out, settings)
    wait_s = wait_s if wait_s is not None else FULL_WAITS_S if full else 0.0
    began = now()

    def record(outcome: str, message: str = "") -> None:
        if out is None:
            place = build_of(settings.home)
            record_run(place, planned_for=began, ended_at=now(), outcome=outcome, message=message)

    try:
        report = _land_and_build(
            settings, registry, full, as_known_at, out, wait_s, hiring, now, progress, waiting
        )
    except AnotherBuild:
        raise
    except BuildRefused as refusal:
        # Where not even that can be written, the refusal says so.
        with suppress(OSError):
            record(FAILED, " ".join(str(refusal).split()))
        raise
    record(SUCCEEDED[0])
    return report


def _land_and_build(
    settings: Settings,
    registry: Registry,
    full: bool,
    as_known_at: datetime | None,
    out: Path | None,
    wait_s: float,
    hiring: Hiring | None,
    now: Callable[[], datetime],
    progress: Progress,
    waiting: Callable[[str], None],
) -> BuildReport:
    try:
        over = here if hiring is None else over_workers(settings, hiring)
        land_registry_in_force(settings, registry, as_of=None, now=now)
        if out is not None:
            remember_warehouse(settings, out)
        return build(
            settings.landing,
            settings.readings,
            out or settings.warehouse,
            full=full,
            as_known_at=as_known_at,
            keep=settings.keep_builds if out is None else 0,
            wait_s=wait_s,
            over=over,
            progress=progress,
            waiting=waiting,
        )
    except LakeOutOfReach as error:
        raise BuildRefused(f"{error}; what was published stays as it was") from error
    except OSError as error:
        raise BuildRefused(
            f"{error.filename or settings.home} cannot be written ({error.strerror or error}), and a build "
            f"writes there; {cure_of(error) or 'see that it may be written'}"
        ) from error
    except Refused as refusal:
        raise BuildRefused(str(refusal)) from refusal


def done_line(report: BuildReport, warehouse: Path) -> str:
    """What a build did and how long it took, for people."""
    told = f"{report.responses:,} new answers"
    if report.mode == "unchanged" and report.responses:
        # Answers that tell nothing, or readings made again of which the tables were made already.
        told = f"{report.responses:,} answers were read and change nothing"
    return f"{warehouse}: {report.mode}; {told}, {report.readings:,} readings in all, {report.seconds:.1f} s"


def warning_line(warned: Warned) -> str:
    """One thing that a check found and how many more there are, for people."""
    more = f" (and {warned.found - 1:,} more; marts.warnings)" if warned.found > 1 else ""
    return f"{warned.subject} {warned.detail}{more}"


def _refuse_what_is_not_ours(out: Path, settings: Settings) -> None:
    warehouse = settings.warehouse
    if out.is_dir():
        raise BuildRefused(f"--out {out} is a folder; give the name of a file in it")
    if out.resolve() == warehouse.resolve():
        raise BuildRefused(f"--out {out} is the published warehouse; name another file, or leave --out away")
    if is_among_versions(out, warehouse):
        raise BuildRefused(f"--out {out} lies where earlier builds are kept; name a file elsewhere")
    kept_here = (settings.landing, settings.readings, settings.landing.with_name(FORGOTTEN))
    if any(out.resolve().is_relative_to(kept.resolve()) for kept in kept_here):
        raise BuildRefused(f"--out {out} lies among the answers that are kept; name a file elsewhere")
    if not out.parent.is_dir():
        raise BuildRefused(f"--out {out}: there is no folder {out.parent}; make it, or name another file")
    if out.exists() and not holds_warehouse(out):
        raise BuildRefused(
            f"--out {out} is there already, and no build made it; name another file, or delete it"
        )
    try:
        # A build holds this lock in the folder of its file.
        (out.parent / BUILD_LOCK).open("a").close()
    except OSError as error:
        raise BuildRefused(
            f"--out {out}: nothing can be written in {out.parent} ({error.strerror}); name a file elsewhere"
        ) from error
