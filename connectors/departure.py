"""Whether anything of a request has left: what was never sent costs nothing.

The errors do not always tell. `ssl.SSLError` comes of a handshake and of an answer that broke off, a time-out
of either; so the connection itself notes when the first byte of a request goes out. What only opens the way
there, a proxy's CONNECT and a handshake, is none of the request.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool, PoolManager


class _Departed(threading.local):
    has_left = False


_departed = _Departed()


def nothing_has_left() -> None:
    """The request that this thread sends next is not under way."""
    _departed.has_left = False


def has_left() -> bool:
    """Whether a byte of a request went out in this thread since `nothing_has_left`."""
    return _departed.has_left


def note_departures(manager: PoolManager) -> None:
    """Have every new connection of the manager note what it sends."""
    manager.pool_classes_by_scheme = {
        scheme: _noting_pool(kind) for scheme, kind in manager.pool_classes_by_scheme.items()
    }


@cache
def _noting_pool(kind: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    # Some proxies have connections of their own.
    connection: Any = kind.ConnectionCls

    class Connection(connection):  # type: ignore[misc]
        _is_on_its_way_there = False

        def connect(self) -> None:
            self._is_on_its_way_there = True
            try:
                super().connect()
            finally:
                self._is_on_its_way_there = False

        def send(self, data: Any) -> None:
            # As http.client does inside of it.
            if self.sock is None and self.auto_open:
                self.connect()
            _departed.has_left = _departed.has_left or not self._is_on_its_way_there
            super().send(data)

    return type(kind.__name__, (kind,), {"ConnectionCls": Connection})
