"""What a Prefect server of ours says on the terminal: as Prefect says it, but that its records were busy.

SQLite takes one writer at a time, and refuses at once whoever read before another wrote
(SQLITE_BUSY_SNAPSHOT), however long it may wait. Prefect's server logs that with a traceback of a hundred
lines, for each heartbeat of a worker that meets another write; the worker and the clients ask again, and
nothing is lost.
"""

from __future__ import annotations

import copy
import logging
import sqlite3
from collections.abc import Iterator

from prefect.logging.handlers import PrefectConsoleHandler

_BUSY = "database is locked"


class ServerWords(PrefectConsoleHandler):
    """Prefect's own handler; of records that were busy it has one line without the traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        super().emit(record if error is None or not _is_busy(error) else _in_a_line(record))


def _is_busy(error: BaseException) -> bool:
    """Whether an error comes of records that another writer had."""
    return any(isinstance(each, sqlite3.OperationalError) and _BUSY in str(each) for each in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it was raised from. One that came up while another was handled is one of its own."""
    while error is not None:
        yield error
        error = error.__cause__


def _in_a_line(record: logging.LogRecord) -> logging.LogRecord:
    said = copy.copy(record)
    first = record.getMessage().partition("\n")[0].rstrip(": ")
    said.msg, said.args = f"{first}: Prefect's records were busy; it is tried again", ()
    said.levelno, said.levelname = logging.WARNING, "WARNING"
    said.exc_info = said.exc_text = None
    return said
