"""Landing in a thread of its own: while answers are written down, the next ones are asked for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import copy_context
from types import TracebackType
from typing import Self

from warehouse.landing import SECONDS_PER_FILE, LandingWriter

# So many answers wait at the most while a file is written; then nothing more is asked for.
ANSWERS_AHEAD = 4


class LandingAside:
    """Has answers landed by a thread, one after the other, `in_shape` each. Everything has reached the writer
    when the block ends, however it ends.

    What the landing raises is raised by the next call, or at the end of the block.
    """

    def __init__(
        self, writer: LandingWriter, in_shape: Callable[[Mapping[str, object]], Mapping[str, object]]
    ) -> None:
        self._writer = writer
        self._in_shape = in_shape
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(ANSWERS_AHEAD)
        self._is_ending = False
        self._has_ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=copy_context().run,
            args=(self._land,),
            name=f"{threading.current_thread().name} landing",
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_ending = True
        # Where as many wait as may, the thread sees by itself that these were the last.
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
        try:
            self._has_ended.wait()
        finally:
            # An interrupt waits for the landing too. A join that was interrupted cannot be repeated (3.11).
            self._has_ended.wait()
            self._thread.join()
        if error is not self._error:
            self._raise()

    def add(self, row: Mapping[str, object]) -> None:
        """Takes one response; waits while as many as may wait do so."""
        self._raise()
        self._waiting.put(lambda: self._writer.add(self._in_shape(row)))

    def flush(self) -> None:
        """Has everything written, as before a pause."""
        self._waiting.put(self._writer.flush)
        self._waiting.join()
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _land(self) -> None:
        while not (self._is_ending and self._waiting.empty()):
            try:
                work = self._waiting.get(timeout=SECONDS_PER_FILE)
            except queue.Empty:
                # Whoever asks waits for an answer, and may hang.
                self._do(self._writer.flush_what_is_old)
                continue
            if work is None:
                break
            self._do(work)
            self._waiting.task_done()
        self._has_ended.set()

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (whoever asks raises it)
            self._error = self._error or error
