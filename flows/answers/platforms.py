"""Platforms as people know them, by the guides of their connectors; one without a name shows its id."""

from __future__ import annotations

from functools import cache

import connectors


def platform_name(platform: str) -> str:
    """How a platform writes itself; the id of one that has no connector here."""
    return _names().get(platform, platform)


@cache
def _names() -> dict[str, str]:
    guides = {
        platform: getattr(connector, "GUIDE", None) for platform, connector in connectors.discover().items()
    }
    return {platform: guide.name for platform, guide in guides.items() if guide is not None and guide.name}
