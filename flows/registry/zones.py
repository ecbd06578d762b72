"""Time zones by their names in the IANA list."""

from __future__ import annotations

import difflib
import functools
import zoneinfo


@functools.cache
def time_zones() -> frozenset[str]:
    # `localtime` is this machine's zone under another name, and means another one elsewhere.
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def zone_meant(name: str, otherwise: str) -> str:
    """A cure that names the zone most like `name`, which may be a city."""
    zones = {zone.rsplit("/", 1)[-1].replace("_", " ").casefold(): zone for zone in sorted(time_zones())}
    zones |= {zone.casefold(): zone for zone in time_zones()}
    folded = name.casefold()
    city = folded.rsplit("/", 1)[-1].replace("_", " ")
    if city in zones:
        return f'did you mean "{zones[city]}"?'
    # Abbreviations such as BST are near to many and mean none of them.
    close = difflib.get_close_matches(folded[:60], zones, n=1, cutoff=0.75) if len(folded) > 4 else []
    return f'did you mean "{zones[close[0]]}"?' if close else otherwise
