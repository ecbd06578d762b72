"""The worker of `campaign serve`: Prefect's process worker, with one process to a run.

Without a command Prefect (3.8.8) prepares each run in a process that imports all of Prefect and then becomes
the engine, which imports it again. That is for code that is fetched or installed first; ours lies where the
worker runs.
"""

from __future__ import annotations

import os
import sys
from abc import ABC
from typing import Any

from prefect.utilities.processutils import command_to_string
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker


class OneProcess(ProcessJobConfiguration):
    """What a run is started with; a command of the deployment or of the pool goes before ours."""

    def prepare_for_flow_run(self, *given: Any, **named: Any) -> None:
        if self.command is None:
            self.command = command_to_string([sys.executable, "-m", "flows.scheduled.engine"])
            # Where `campaign serve` was started, and prefect.yaml has its flows. As Prefect's own preparation
            # has it: they import their neighbours.
            path = self.env.get("PYTHONPATH") or os.environ.get("PYTHONPATH")
            self.env["PYTHONPATH"] = os.pathsep.join(filter(None, (os.getcwd(), path)))
        super().prepare_for_flow_run(*given, **named)


# Of pools of the type process, as Prefect's own, which stays the one that Prefect finds by that type: an
# abstract class is not entered there.
class RunWorker(ProcessWorker, ABC):
    job_configuration = OneProcess
