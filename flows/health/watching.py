"""Looking at how everything stands, and telling people what is wrong. A plain function; no scheduler is
needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from connectors import discover
from flows.health.alerts import Alerted, tell_people
from flows.health.problems import Problem, problems_in
from flows.health.standing import Facts, gather
from flows.registry import RegistryError, load

if TYPE_CHECKING:
    from flows.settings import Settings


@dataclass(frozen=True)
class Looked:
    """What a look found; without facts where the registry cannot be read."""

    problems: tuple[Problem, ...]
    facts: Facts | None = None


def look(settings: Settings, clock: datetime) -> Looked:
    """How everything stands at `clock`. A registry that cannot be read is a problem like any other: nothing
    is collected or built until it is mended."""
    connectors = discover()
    try:
        registry = load(settings.registry, connectors)
    except RegistryError as error:
        mistakes = [str(mistake) for mistake in error.mistakes]
        more = f" (and {len(mistakes) - 1:,} more)" if len(mistakes) > 1 else ""
        fix = "mend it: campaign check names every mistake; until then nothing is collected or built"
        line = f"the registry cannot be read: {mistakes[0]}{more}"
        return Looked((Problem("registry", None, line, fix),))
    facts = gather(settings, registry, clock, connectors)
    return Looked(problems_in(facts), facts)


def look_and_tell(settings: Settings, clock: datetime) -> tuple[Looked, Alerted]:
    """Look, and send what the people have not heard yet. Raises OSError when the home cannot be written."""
    found = look(settings, clock)
    return found, tell_people(settings, found.problems, clock)
