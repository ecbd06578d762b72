"""The files of the invented platform are tests of a copy of the repository, not of this one."""

from __future__ import annotations

collect_ignore = ["pigeon"]
