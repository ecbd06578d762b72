"""What to ask of each platform. A platform is a module or a package here that has a `PLATFORM` constant."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def discover() -> dict[str, ModuleType]:
    """Every connector by the name of its platform, sorted. A new platform is a new file; nothing lists
    them.
    """
    found: dict[str, ModuleType] = {}
    for entry in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{entry.name}")
        platform = getattr(module, "PLATFORM", None)
        if platform is not None:
            found[platform] = module
    return dict(sorted(found.items()))
