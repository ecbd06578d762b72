"""A day as people write it."""

from __future__ import annotations

from datetime import date


def in_words(day: date) -> str:
    """12 December 2019."""
    return f"{day.day} {day:%B %Y}"
