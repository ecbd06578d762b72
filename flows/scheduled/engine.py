"""The process of one run under `campaign serve`: Prefect's engine, in a session of its own.

Ctrl-C on a terminal reaches every process of its session at once; a run is to hear of a stop from
`campaign serve` alone, which lets it land what has arrived.
"""

from __future__ import annotations

import os
import runpy

if __name__ == "__main__":
    os.setsid()
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
