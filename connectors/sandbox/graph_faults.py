"""What goes wrong on request on every face that speaks Graph; beside it, each has faults of its own."""

from __future__ import annotations

from collections.abc import Callable

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.faults import Fault, Maker
from connectors.sandbox.graph_errors import Refused, error_answer, refusal


def refusing(make: Callable[[Fault, Asked], Refused]) -> Maker:
    """A fault that is answered with an error of Graph."""

    def made(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
        return error_answer(make(fault, asked), {"facebook-api-version": "v26.0"})

    return made


def _token_expired(fault: Fault, asked: Asked) -> Refused:
    message = "Error validating access token: Session has expired on Thursday, 01-Jan-26 00:00:00 PST."
    return refusal(190, message, subcode=463, is_transient=False)


def _reduce_data(fault: Fault, asked: Asked) -> Refused:
    message = "Please reduce the amount of data you're asking for, then retry your request"
    return refusal(1, message, status=500)


def _transient(fault: Fault, asked: Asked) -> Refused:
    message = "An unexpected error has occurred. Please retry your request later."
    return refusal(2, message, status=500, is_transient=True)


def _permission_lost(fault: Fault, asked: Asked) -> Refused:
    return refusal(10, "(#10) Application does not have permission for this action", status=403)


GRAPH_FAULTS: dict[str, Maker] = {
    "token_expired": refusing(_token_expired),
    "reduce_data": refusing(_reduce_data),
    "transient": refusing(_transient),
    "permission_lost": refusing(_permission_lost),
}
