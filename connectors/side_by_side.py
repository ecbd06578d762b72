"""Several requests of one session on their way at once: only the waiting is side by side.

Whatever a connector and its session do, one thread does at a time: the one that has the turn. It gives the
turn up while its request is on its way, while a pause lasts, and where it has to wait for another. So nothing
that a run keeps (what was seen, what is left of a budget, what was landed) needs a lock of its own, and
between two requests nothing changes under anybody's hands.

There are at most `most` threads, and each has one request on its way at the most: that is how many are on
their way at once, however deep the work is nested.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any

from connectors.errors import NotSent, Trouble


class _Group:
    """What one call of `each` does. `waiting` are the things that nobody has begun with."""

    def __init__(self, work: Callable[[Any], None], things: Iterable[Any], outer: _Group | None) -> None:
        self.work = work
        self.waiting = deque(things)
        # Inside which this was begun.
        self.outer = outer
        self.lanes = 0
        self.error: BaseException | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is sent for it."""
        return self.error is not None or (self.outer is not None and self.outer.is_over)

    def end_by(self, error: BaseException) -> None:
        """The first error is everybody's, but none of the lake's, and no interrupt, is hidden by a platform's
        trouble.
        """
        if self.error is None or (isinstance(self.error, Trouble) and not isinstance(error, Trouble)):
            self.error = error
        self.waiting.clear()


class Here(threading.local):
    """What belongs to one thread, and to those that it begins, which start with a copy."""

    group: _Group | None = None


class SideBySide:
    """Does things side by side, in at most `most` threads. `here` is what each thread inherits."""

    def __init__(self, most: int, here: Here) -> None:
        if most < 1:
            raise ValueError("at least one request is on its way at once")
        self.most = most
        self._here = here
        self._turn = threading.Condition(threading.Lock())
        self._free = 0
        self._threads: list[threading.Thread] = []

    def each(self, work: Callable[[Any], None], things: Iterable[Any]) -> None:
        """Does the work on each thing, begun with in their order; returns when all are done.

        Raises what the work raised first. From then on nothing that is not on its way yet is sent, neither by
        the others nor by what they began; what is on its way arrives and is landed.
        """
        waiting = list(things)
        if self.most == 1 or len(waiting) < 2:
            for thing in waiting:
                work(thing)
            return
        group = _Group(work, waiting, self._here.group)
        if group.outer is None:
            self._from_outside(group)
        else:
            self._from_inside(group)
        if group.error is not None:
            raise group.error
        if group.is_over:
            raise NotSent

    def _from_outside(self, group: _Group) -> None:
        """The thread that asks for it only waits, so that it can be interrupted at any moment."""
        self._free, self._threads = self.most, []
        try:
            with self._turn:
                self._open_lanes(group)
                self._turn.wait_for(lambda: group.lanes == 0)
        except BaseException as interrupt:
            with self._turn:
                group.end_by(interrupt)
            raise
        finally:
            for thread in self._threads:
                thread.join()

    def _from_inside(self, group: _Group) -> None:
        """The thread that asks for it, which has the turn, takes part, and others as they come free."""
        self._here.group = group
        try:
            self._work_through(group)
            self._turn.wait_for(lambda: group.lanes == 0)
        finally:
            self._here.group = group.outer

    def _open_lanes(self, group: _Group) -> None:
        while self._free and group.waiting:
            inherited, context = vars(self._here).copy(), copy_context()
            thing = group.waiting.popleft()
            thread = threading.Thread(
                target=context.run,
                args=(self._lane, group, thing, inherited),
                name=f"{threading.current_thread().name}+",
            )
            self._threads.append(thread)
            self._free -= 1
            group.lanes += 1
            try:
                thread.start()
            except RuntimeError:
                # The machine bears no more threads.
                self._threads.remove(thread)
                self._free += 1
                group.lanes -= 1
                raise

    def _lane(self, group: _Group, thing: Any, inherited: dict[str, Any]) -> None:
        vars(self._here).update(inherited)
        self._here.group = group
        with self._turn:
            try:
                group.waiting.appendleft(thing)
                self._work_through(group)
            finally:
                group.lanes -= 1
                self._free += 1
                self._turn.notify_all()

    def _work_through(self, group: _Group) -> None:
        while group.waiting and not group.is_over:
            thing = group.waiting.popleft()
            try:
                self._open_lanes(group)
                # Whoever ended the group, or the one around it, says why.
                with suppress(NotSent):
                    group.work(thing)
            except BaseException as error:  # noqa: BLE001  (whoever began the group raises it)
                group.end_by(error)

    # -- for the session

    @contextmanager
    def others_go_on(self) -> Iterator[None]:
        """Gives the turn up for the time of the block, which waits for what is no thread of this."""
        if self._here.group is None:
            yield
            return
        self._turn.notify_all()
        self._turn.release()
        try:
            yield
        finally:
            self._turn.acquire()

    @property
    def is_alone(self) -> bool:
        """Whether this thread works by itself, with nobody beside it."""
        return self._here.group is None

    @property
    def is_over(self) -> bool:
        """Whether what this thread is doing was ended by another."""
        return self._here.group is not None and self._here.group.is_over

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Lets the others go on until they have made it so. Raises NotSent when one of them ended it all."""
        if self._here.group is not None:
            self._turn.wait_for(lambda: is_so() or self.is_over)
        if self.is_over:
            raise NotSent
