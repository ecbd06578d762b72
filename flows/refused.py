"""Runs that must not start."""

from __future__ import annotations


class Refused(Exception):
    """A run that must not start; the text is one plain line that names the cure."""


class CalledWrongly(Refused):
    """What was asked for cannot be, whatever the state of things."""

    is_misuse = True


class UnknownName(CalledWrongly):
    """A platform or campaign that nobody knows; the text lists the known ones."""
