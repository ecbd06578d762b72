"""Standard output that cannot be written: a pipe that nobody reads, a full disk, letters that it lacks."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from typing import Any

# What a shell says of a tool that wrote into a closed pipe: 128 and SIGPIPE.
PIPE_CLOSED = 141

STANDARD_OUTPUT = "standard output"

# What is shown where standard output has no such letter, as with PYTHONIOENCODING=ascii.
_PLAINER = {
    "·": ".",
    "…": "...",
    "–": "-",
    "—": "-",
    "→": "->",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "×": "x",
}
LACKING = "campaign.plainer"


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    shown = "".join(
        _PLAINER.get(letter) or letter.encode("ascii", "backslashreplace").decode("ascii")
        for letter in lacking
    )
    return shown, error.end


codecs.register_error(LACKING, _plainer)


class _Named(io.FileIO):
    """Standard output, which says so when it cannot be written."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, STANDARD_OUTPUT) from None


def name_standard_output() -> None:
    """Have errors of writing to standard output name it, as those of files do. For a program at its start."""
    given = sys.__stdout__
    if given is not None and given is sys.stdout:
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Named(given.fileno(), "w", closefd=False)),
            encoding=given.encoding,
            errors=given.errors,
            line_buffering=given.line_buffering,
        )


def take_any_letter() -> None:
    """Have standard output and standard error show what they have no letter for, instead of failing over it;
    where a process was started without them, what is said goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (to the end)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=LACKING)


def as_shown(text: str) -> str:
    """The text as standard output will show it, for whoever has to know how wide it is."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text if encoding.lower().startswith("utf") else text.encode(encoding, LACKING).decode(encoding)


def is_closed(number: int) -> bool:
    """Whether nobody reads any more what goes to standard output (1) or standard error (2)."""
    poll = select.poll()
    poll.register(number, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def give_up() -> None:
    """Let what is still to be written go nowhere, so that nothing complains of it while the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2) if is_closed(2) else (1,):
        os.dup2(nowhere, number)
    os.close(nowhere)
