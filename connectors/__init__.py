"""What to ask of each platform. A platform is a module or a package here that has a `PLATFORM` constant.

Connectors are imported to know what they declare, by commands that ask nobody too. So what only asking needs,
the SDKs and `requests`, is imported where it is used.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import re
from importlib.abc import InspectLoader
from types import ModuleType

_MENTION = re.compile(r"\bPLATFORM\b|\bimport\s*\(?\s*\*")


def discover() -> dict[str, ModuleType]:
    """Every connector by the name of its platform, sorted. A new platform is a new file; nothing lists
    them.
    """
    found: dict[str, ModuleType] = {}
    for entry in pkgutil.iter_modules(__path__):
        name = f"{__name__}.{entry.name}"
        if not _may_be_a_connector(name):
            continue
        module = importlib.import_module(name)
        platform = getattr(module, "PLATFORM", None)
        if platform is not None:
            found[platform] = module
    return dict(sorted(found.items()))


def _may_be_a_connector(name: str) -> bool:
    """Whether a module's source mentions the constant, or imports all that another has, which may be the
    constant too. The wire, for one, is no platform, and takes longer to import than all of them.
    """
    found = importlib.util.find_spec(name)
    loader = None if found is None else found.loader
    source = loader.get_source(name) if isinstance(loader, InspectLoader) else None
    return source is None or _MENTION.search(source) is not None
