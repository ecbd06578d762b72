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
    errno.ENOTDIR: "a part of that path is a file; give the path of a folder",
    errno.EISDIR: "give the name of a file, that is a folder",
    errno.ENAMETOOLONG: "give it a shorter name or place",
    errno.EMFILE: "let the process open more files (ulimit -n 4096)",
    errno.ENFILE: "end something that holds many files open",
    errno.ENOMEM: "run it where there is more memory",
    errno.EIO: "look at the disk; restore what it lost from a copy",
    errno.ESTALE: "see that the network disk is mounted, and run it again",
    errno.EADDRINUSE: "end what has that port, or name another",
    errno.ECONNREFUSED: "see that something listens there",
    errno.EHOSTUNREACH: "look at the network",
    errno.ENETUNREACH: "look at the network",
    errno.ETIMEDOUT: "look at the network, and run it again",
}
# Of what nobody foresaw.
_OTHERWISE = "see that it may be read and written, and run it again"


def cure_of(error: OSError) -> str:
    """What to do about it; empty where nobody knows better than to try again."""
    return _CURES.get(error.errno or 0, "")


def in_one_line(error: OSError) -> str:
    """The file or folder, what is wrong with it, and what to do."""
    place = f"{error.filename}: " if error.filename else ""
    said = " ".join(str(error.strerror or error).split())
    # Some say themselves what to do.
    cure = cure_of(error) or ("" if "; " in said else _OTHERWISE)
    return f"{place}{said}{cure and f'; {cure}'}"
