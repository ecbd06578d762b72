"""What a person should know of a lake in a bucket: whether it can be worked on, and of when its copy here
is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.console import complain, say
from warehouse.mirrored import LakeOutOfReach, place_of

if TYPE_CHECKING:
    from datetime import datetime

    from flows.settings import Settings


def examine_lake(settings: Settings) -> bool:
    """Try what the pipeline does with a lake in a bucket, with an object of its own, and say how it went;
    whether it may be worked on. Nothing for a lake in a folder."""
    place = place_of(settings.landing)
    if place is None:
        return True
    try:
        place.mirror.try_out()
    except LakeOutOfReach as trouble:
        complain(str(trouble))
        return False
    say(
        f"Lake {settings.lake}: it can be listed, read, written and deleted from, and locks hold; its copy "
        f"here is {_of(place.mirror.seen_at())}"
    )
    return True


def lake_note(settings: Settings) -> str | None:
    """The line that what follows was read from a copy of the lake; None for a lake in a folder."""
    place = place_of(settings.landing)
    if place is None:
        return None
    return (
        f"what landed is told by the copy of {settings.lake} here, {_of(place.mirror.seen_at())}; "
        "`campaign build` brings it up to date"
    )


def _of(seen_at: datetime | None) -> str:
    return "empty yet" if seen_at is None else f"of {seen_at:%Y-%m-%d %H:%M} UTC"
