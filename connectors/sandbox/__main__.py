"""`python -m connectors.sandbox [--port N] [--now ISO-TIME]`: serves until stopped, after one line of JSON
that says where."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from datetime import datetime

import orjson

from connectors.sandbox import SETTINGS
from connectors.sandbox.server import serve


def _aware(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("the time needs an offset, as in 2019-11-15T18:00:00+00:00")
    return instant


def _announce(port: int) -> None:
    line = {"port": port, "url": f"http://127.0.0.1:{port}", "settings": SETTINGS(port)}
    sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument(
        "--now", type=_aware, help="the server's own clock; default: the end of the newest world"
    )
    chosen = parser.parse_args()
    with suppress(KeyboardInterrupt):
        serve(chosen.port, now=chosen.now, announce=_announce)


if __name__ == "__main__":
    main()
