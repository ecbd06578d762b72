"""What mends an error of a file or a folder, in the words of whoever meets it."""

from __future__ import annotations

import errno

_FULL = "make room there"
_UNWRITABLE = "mend its permissions, or set CAMPAIGN_HOME and CAMPAIGN_LAKE to other folders"
_CURES = {
    errno.EROFS: _UNWRITABLE,
    errno.EACCES: _UNWRITABLE,
    errno.EPERM: _UNWRITABLE,
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    # A limit on the size of one file, as `ulimit -f` sets it.
    errno.EFBIG: _FULL,
    errno.ENOENT: "see that it is there and its name is right",
}


def cure_of(error: OSError) -> str:
    """What to do about it; empty where nobody knows."""
    return _CURES.get(error.errno or 0, "")


def in_one_line(error: OSError) -> str:
    """The file or folder, what is wrong with it, and what to do, as far as each is known."""
    place = f"{error.filename}: " if error.filename else ""
    cure = cure_of(error)
    return f"{place}{error.strerror or error}{cure and f'; {cure}'}"
