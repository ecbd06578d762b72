"""The command line: `campaign …`, from its start to its exit code.

Nothing else is imported with it, so that Ctrl-C is minded while the rest is.
"""

from __future__ import annotations

import os
import sys

from flows.cli import stopping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

FAILED = 1
USED_WRONGLY = 2


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code: 0 success, 1 it failed, 2 it was called wrongly, 130 and
    143 it was stopped (Ctrl-C, SIGTERM), 141 nobody reads what it writes any more."""
    is_program = arguments is None
    if is_program:
        # Of numpy, which Arrow brings along, nobody asks what it would begin a thread for on each core.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with stopping.Minded(is_program=is_program):
            code = _ended(given, is_program)
    except stopping.Stopped:
        code = _stopped(given)
    sys.exit(code)


def _ended(given: Sequence[str], is_program: bool) -> int:
    """The exit code of a command that was run to whatever end."""
    from flows import output

    code = 0
    try:
        if is_program:
            output.name_standard_output()
        output.take_any_letter()
        code = _run(given)
        sys.stdout.flush()
    except BaseException as error:
        if stopping.has_come():
            return _stopped(given)
        if _is_of_a_closed_pipe(error):
            output.give_up()
            return output.PIPE_CLOSED
        if isinstance(error, OSError) and error.filename == output.STANDARD_OUTPUT:
            output.give_up()
            return code or _unwritten(error)
        raise
    # A server that was stopped has done what it was told.
    return _stopped(given) if code and stopping.has_come() else code


def _run(given: Sequence[str]) -> int:
    # Prefect, where a command uses it, would tell its makers of every use.
    for name, value in {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}.items():
        os.environ.setdefault(name, value)

    import typer
    from typer._click.exceptions import ClickException

    from flows.cli.commands import app

    command = typer.main.get_command(app)
    try:
        return command.main(args=given, prog_name="campaign", standalone_mode=False) or 0
    except ClickException as mistake:
        from flows.cli.misused import line_of
        from flows.console import complain

        said = line_of(mistake)
        # Called without a command, the help was already shown.
        if said:
            complain(said)
        return USED_WRONGLY
    except typer.Abort:
        return stopping.exit_code()


def _stopped(given: Sequence[str]) -> int:
    from contextlib import suppress

    # Also where nobody reads it any more.
    with suppress(OSError):
        sys.stderr.write(f"campaign: {stopping.line(given)}\n")
    return stopping.exit_code()


def _is_of_a_closed_pipe(error: BaseException) -> bool:
    """Whether a command ended because nobody reads it; Typer makes a bare exit of that."""
    from flows import output

    causes = [cause for cause in (error, error.__context__) if isinstance(cause, BrokenPipeError)]
    return any(cause.filename == output.STANDARD_OUTPUT or output.is_closed(2) for cause in causes)


def _unwritten(error: OSError) -> int:
    from flows.console import complain
    from flows.cures import in_one_line

    complain(in_one_line(error))
    return FAILED
