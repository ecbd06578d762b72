"""A batch of readings as a task run, on a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE


@task(name="batch", task_run_name="batch {named}", cache_policy=NO_CACHE, persist_result=False)
def make_batch(named: str, work: Callable[[], Any]) -> Any:
    """Make the batch of that name by `work`."""
    return work()
