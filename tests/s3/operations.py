"""What runs in processes that may be killed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# What a killed holder leaves behind expires so soon; on a busy machine a living one must renew it in time.
LEASE_S = 6.0


def main(arguments: Sequence[str]) -> None:
    """ARGUMENTS of a command of the command line, whose leases are short."""
    from flows.cli import main

    _with_short_leases()
    main(arguments)


def _with_short_leases() -> Path:
    """The folder of the lake."""
    from flows.settings import Settings
    from warehouse.mirror import BucketMirror
    from warehouse.mirrored import attach, attached

    root = Settings().landing.parent
    mirror = attached(root)
    assert isinstance(mirror, BucketMirror)
    attach(root, BucketMirror(root, mirror.bucket, mirror.prefix, lease_s=LEASE_S))
    root.mkdir(parents=True, exist_ok=True)
    return root


def die_holding(arguments: Sequence[str]) -> None:
    """LOCK of the lake: be killed while it is held."""
    import os
    import signal

    from warehouse.one_at_a_time import one_at_a_time

    with one_at_a_time(_with_short_leases() / arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)
