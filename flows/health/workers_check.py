"""What a person should know of the workers that CAMPAIGN_DASK names."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from flows.console import say
from flows.health.findings import Finding, Rank

if TYPE_CHECKING:
    from flows.settings import Settings

_STEP = "mend CAMPAIGN_DASK or leave it out, then run campaign check again"


def examine_workers(settings: Settings, *, asks: bool) -> list[Finding]:
    """Say in a line what CAMPAIGN_DASK means, and whether a scheduler answers there when `asks`; what is
    wrong with it. Nothing where it is not set."""
    workers = settings.workers
    if workers is None:
        return []
    if importlib.util.find_spec("distributed") is None:
        line = (
            "CAMPAIGN_DASK is set, and Dask is not installed; run pip install 'campaign-pipeline[dask]', or "
            "leave CAMPAIGN_DASK out"
        )
        return [Finding(Rank.blocks, line, is_error=True, next_step=_STEP)]
    if isinstance(workers, int):
        say(f"Workers: each run starts {workers} worker {'process' if workers == 1 else 'processes'} here")
        return []
    if not asks:
        say(f"Workers: those of the Dask scheduler at {workers}; not asked (--offline)")
        return []
    from flows.workers.cluster import NoCluster, count_workers

    try:
        there = count_workers(workers)
    except NoCluster as trouble:
        return [Finding(Rank.blocks, str(trouble), is_error=True, next_step=_STEP)]
    say(f"Workers: the Dask scheduler at {workers} answers and has {there:,}")
    if not there:
        line = f"the Dask scheduler at {workers} has no worker; start one there: dask worker {workers}"
        return [Finding(Rank.blocks, line, is_error=True, next_step=_STEP)]
    return []
