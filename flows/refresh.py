"""Build: land the registry in force, then bring the warehouse up to date. A plain function; no scheduler is
needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.wire import utc_now
from flows.round import land_registry_in_force
from warehouse.build import BuildReport, build

if TYPE_CHECKING:
    from flows.registry import Registry
    from flows.settings import Settings


def refresh(
    settings: Settings,
    registry: Registry,
    *,
    full: bool = False,
    as_known_at: datetime | None = None,
    out: Path | None = None,
    now: Callable[[], datetime] = utc_now,
    progress: Callable[[str], None] = lambda line: None,
) -> BuildReport:
    """Make the landed answers into tables and publish them at `out` (default: the published warehouse).

    The registry is landed first, so that a post moved to another asset counts there from this build on.
    Raises `warehouse.build.BuildRefused` when a check fails or another build is running.
    """
    land_registry_in_force(settings, registry, as_of=None, now=now)
    return build(
        settings.landing,
        settings.readings,
        out or settings.warehouse,
        full=full,
        as_known_at=as_known_at,
        progress=progress,
    )
