"""What is killed and has no command of its own, as functions of a command's arguments."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path


def publish(arguments: Sequence[str]) -> None:
    """MADE WAREHOUSE: put a finished file in the place of the published one, two of which are kept."""
    from warehouse.publish import publish

    made, warehouse = map(Path, arguments)
    publish(made, warehouse, 2)


def roll_back(arguments: Sequence[str]) -> None:
    """MADE WAREHOUSE: publish the file before the published one again; what is made waits."""
    from warehouse.versions import roll_back

    roll_back(Path(arguments[1]))


def build(arguments: Sequence[str]) -> None:
    """HOME MODE: bring the tables up to date, or with the mode `full` make all of them again."""
    from warehouse.build import build

    home, mode = Path(arguments[0]), arguments[1]
    build(home / "landing", home / "readings", home / "warehouse.duckdb", full=mode == "full")


def campaign_without_power(arguments: Sequence[str]) -> None:
    """FOLDER COMMAND…: run a command of the command line while nothing can be made in the folder or below."""
    from flows.cli import main
    from tests.unprivileged import unwritable

    folder, *command = arguments
    with ExitStack() as shut:
        for one in (Path(folder), *(path for path in Path(folder).rglob("*") if path.is_dir())):
            shut.enter_context(unwritable(one))
        main(command)
