"""How far a long piece of work is: what it tells, to whoever may be watching.

The work knows of no screen. It calls the function that it was given, often and from any of its threads, with
a text that says what it does; a `Step` says besides how much of it is done.
"""

from __future__ import annotations

from collections.abc import Callable


class Step(str):
    """What is being done, `done` of `of`, and by `whom` where several work side by side; 0 where that is not
    known.

    >>> Step("reading files", 12, 40, whom="x")
    'x: reading files, 12 of 40'
    """

    what: str
    done: int
    of: int
    whom: str

    __slots__ = ("done", "of", "what", "whom")

    def __new__(cls, what: str, done: int = 0, of: int = 0, *, whom: str = "") -> Step:
        how_far = f", {done:,} of {of:,}" if of else f", {done:,}" if done else ""
        step = super().__new__(cls, f"{whom}: {what}{how_far}" if whom else f"{what}{how_far}")
        step.what, step.done, step.of, step.whom = what, done, of, whom
        return step


Progress = Callable[[str], None]


def nobody_watches(step: str) -> None:
    """Told to nobody."""
