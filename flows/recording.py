"""What the recorded flows share: their clock, and the server that records them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
from prefect.runtime import flow_run

from flows.round import Refused


class NoServer(Refused):
    """The Prefect server that is to record the run does not answer."""


def scheduled_at() -> datetime:
    """The moment for which the running flow run was scheduled, in UTC; for a run by hand, when it was
    made."""
    return datetime.fromtimestamp(flow_run.scheduled_start_time.timestamp(), UTC)


@contextmanager
def server_expected() -> Iterator[None]:
    """Say in one line that the server cannot be reached. Prefect says so by a RuntimeError of its own."""
    cure = "start it (prefect server start), or unset PREFECT_API_URL to run without a record"
    try:
        yield
    except httpx.TransportError as error:
        raise NoServer(f"the Prefect server of PREFECT_API_URL does not answer; {cure}") from error
    except RuntimeError as error:
        if "Failed to reach API" not in str(error):
            raise
        raise NoServer(f"the Prefect server of PREFECT_API_URL does not answer; {cure}") from error
