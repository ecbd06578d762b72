"""The platforms' double: one deterministic world, served over real HTTP on loopback in the shapes
of X's API v2, Meta's Graph (Facebook, Instagram), YouTube's Data and Analytics APIs and TikTok's Display API.

Start it in the foreground (`python -m connectors.sandbox`), or around a test
(`connectors.sandbox.server.Sandbox`). A request is answered for the moment in its `Date` header, or for the
server's own clock when it has none. Nothing in here is used by the connectors: the double is an independent
reading of the platforms' documents.

`worlds/` is the truth and `growth.py` how it grows; each platform is a face, a package of its own with what
goes wrong there on request; `world.py` is the world of X and Facebook, which share its totals, and faces that
came later have their own.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

__all__ = ["SETTINGS", "faces"]


def faces() -> dict[str, ModuleType]:
    """The modules of the faces by platform: every module or package here that names a `PLATFORM`.

    Each has `SECRETS` (setting name to the value that it accepts) and `face(world, intercept)`.
    """
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
        if not found.name.startswith("__")
    ]
    found = {str(module.PLATFORM): module for module in modules if hasattr(module, "PLATFORM")}
    return dict(sorted(found.items()))


def SETTINGS(port: int) -> dict[str, str]:
    """The environment that points a pipeline at the sandbox listening on `port`."""
    settings: dict[str, str] = {}
    for platform, module in faces().items():
        settings |= {f"{platform.upper()}_API_URL": f"http://127.0.0.1:{port}/{platform}", **module.SECRETS}
    return dict(sorted(settings.items()))
