"""Why a build does not publish."""

from __future__ import annotations


class BuildRefused(Exception):
    """The build did not publish; the message says why in one line. What was published before is untouched."""
