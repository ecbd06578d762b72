"""What the recorded flows share: their clock, and the server that records them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from prefect.client.schemas.objects import State
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.refused import Refused
from warehouse.landing import LOG

_Given = TypeVar("_Given")


class _ToTheRun(logging.Handler):
    """Gives lines to the log of the flow or task run in which they are said; from a thread that knows of no
    run, to that of the flow."""

    flow: logging.LoggerAdapter[logging.Logger] | logging.Logger

    def emit(self, record: logging.LogRecord) -> None:
        try:
            logger = get_run_logger()
        except MissingContextError:
            logger = self.flow
        logger.log(record.levelno, record.getMessage())


_TO_THE_RUN = _ToTheRun()


def tell_the_run_what_landed() -> None:
    """From here on each landed file is a line in the log of the run that landed it. A flow that lands begins
    with this; once more changes nothing but whose log it is. Raises prefect's MissingContextError outside of
    a flow."""
    _TO_THE_RUN.flow = get_run_logger()
    LOG.addHandler(_TO_THE_RUN)
    LOG.setLevel(logging.INFO)
    # The run's log goes where everybody's goes; once is enough.
    LOG.propagate = False


class NoServer(Refused):
    """The Prefect server that is to record the run does not answer."""


def scheduled_at() -> datetime:
    """The moment for which the running flow run was scheduled, in UTC; for a run by hand, when it was
    made."""
    return datetime.fromtimestamp(flow_run.scheduled_start_time.timestamp(), UTC)


@contextmanager
def _server_expected() -> Iterator[None]:
    """Say in one line that the server cannot be reached. Prefect says so by a RuntimeError of its own."""
    try:
        yield
    except httpx.TransportError as error:
        raise NoServer(_silent()) from error
    except RuntimeError as error:
        if "Failed to reach API" not in str(error):
            raise
        raise NoServer(_silent()) from error


def _silent() -> str:
    """The line that the server does not answer, with where it was looked for."""
    address = urlsplit(os.environ.get("PREFECT_API_URL", ""))
    otherwise = "or unset PREFECT_API_URL to run without a record"
    if address.scheme not in ("http", "https"):
        return (
            "PREFECT_API_URL is no address of a Prefect server; write it like http://127.0.0.1:4200/api, "
            f"{otherwise}"
        )
    place = address.netloc.rpartition("@")[2]
    return (
        f"the Prefect server of PREFECT_API_URL does not answer at {place}; start it (prefect server start), "
        f"{otherwise}"
    )


def recorded(run: Callable[[], State[Any]], kind: type[_Given]) -> _Given:
    """What a flow that is run here and now gives, recorded by the server of PREFECT_API_URL. Raises what
    refused it, and NoServer."""
    with _server_expected():
        state = run()
    return given_by(state, kind)


def given_by(state: State[Any], kind: type[_Given]) -> _Given:
    """What a run gave, also where it failed over it. Raises what refused it."""
    given = state.result(raise_on_failure=False)
    if isinstance(given, kind):
        return given
    raise given
