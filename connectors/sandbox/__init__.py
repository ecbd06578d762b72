"""The platforms' double: one deterministic world, served over real HTTP on loopback in the shapes of X API v2
and of Meta's Graph.

Start it in the foreground (`python -m connectors.sandbox`), or around a test
(`connectors.sandbox.server.Sandbox`). A request is answered for the moment in its `Date` header, or for the
server's own clock when it has none. Nothing in here is used by the connectors: the double is an independent
reading of the platforms' documents.

`world.py` is the truth, `growth.py` how it grows, `x.py` and `facebook.py` are its two faces, `faults.py`
what goes wrong on request, `worlds/` the data.
"""

from __future__ import annotations

__all__ = ["SETTINGS"]


def SETTINGS(port: int) -> dict[str, str]:
    """The environment that points a pipeline at the sandbox listening on `port`."""
    from connectors.sandbox.facebook import USER_TOKEN
    from connectors.sandbox.x import BEARER_TOKEN

    return {
        "FACEBOOK_ACCESS_TOKEN": USER_TOKEN,
        "FACEBOOK_API_URL": f"http://127.0.0.1:{port}/facebook",
        "X_API_URL": f"http://127.0.0.1:{port}/x",
        "X_BEARER_TOKEN": BEARER_TOKEN,
    }
