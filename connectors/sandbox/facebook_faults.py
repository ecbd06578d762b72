"""What goes wrong on request on the Graph API, beside what goes wrong anywhere (`faults.py`).

| fault | answer |
|---|---|
| token_expired | 190/463 |
| graph_throttled | `code` 4, 17, 32, 80001; `headers` = false leaves them out; `minutes` (5) |
| reduce_data | code 1, status 500: less data, please |
| transient | code 2, status 500, `is_transient` |
| permission_lost | code 10 |
| metric_refused | code 100 of an invalid metric |
| reactions_withheld | the right answer without its reactions and comments |
| gone | 100/33 |
| empty_page | the right answer without its rows, and still with a next page |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.faults import Fault, Maker
from connectors.sandbox.graph_errors import Refused, error_answer, refusal, unseen


def _graph(make: Callable[[Fault, Asked], Refused]) -> Maker:
    def made(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
        refused = make(fault, asked)
        return error_answer(refused, {"facebook-api-version": "v26.0"})

    return made


def _token_expired(fault: Fault, asked: Asked) -> Refused:
    message = "Error validating access token: Session has expired on Thursday, 01-Jan-26 00:00:00 PST."
    return refusal(190, message, subcode=463, is_transient=False)


_THROTTLES = {
    4: "(#4) Application request limit reached",
    17: "(#17) User request limit reached",
    32: "(#32) Page request limit reached",
    80001: "There have been too many calls to this Page account. Wait a bit and try again.",
}


def _throttled(fault: Fault, asked: Asked) -> Refused:
    code = int(fault.options.get("code", 4))
    refused = refusal(code, _THROTTLES[code], status=403 if code == 4 else 400)
    if not fault.options.get("headers", True):
        return refused
    usage: dict[str, object] = {"call_count": 101, "total_time": 60, "total_cputime": 55}
    if code == 80001:
        case = {
            "type": "pages",
            **usage,
            "estimated_time_to_regain_access": int(fault.options.get("minutes", 5)),
        }
        headers = {"x-business-use-case-usage": orjson.dumps({"118273904551": [case]}).decode()}
    else:
        headers = {"x-app-usage": orjson.dumps(usage).decode()}
    return Refused(refused.status, refused.error, headers)


def _gone(fault: Fault, asked: Asked) -> Refused:
    return unseen(asked.query.get("ids", asked.path.strip("/").rpartition("/")[2]).split(",")[0])


def _empty_page(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    body["data"] = []
    return Answer(right.status, orjson.dumps(body), right.headers)


def _without_reactions(body: Any) -> Any:
    if isinstance(body, dict):
        return {
            name: _without_reactions(value)
            for name, value in body.items()
            if not (isinstance(value, dict) and "summary" in value)
        }
    return [_without_reactions(value) for value in body] if isinstance(body, list) else body


def _reactions_withheld(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.dumps(_without_reactions(orjson.loads(right.body)))
    return Answer(right.status, body.replace(b"/", b"\\/"), right.headers)


FAULTS: dict[str, Maker] = {
    "token_expired": _graph(_token_expired),
    "graph_throttled": _graph(_throttled),
    "reduce_data": _graph(
        lambda fault, asked: refusal(
            1, "Please reduce the amount of data you're asking for, then retry your request", status=500
        )
    ),
    "transient": _graph(
        lambda fault, asked: refusal(
            2,
            "An unexpected error has occurred. Please retry your request later.",
            status=500,
            is_transient=True,
        )
    ),
    "permission_lost": _graph(
        lambda fault, asked: refusal(
            10, "(#10) Application does not have permission for this action", status=403
        )
    ),
    "metric_refused": _graph(
        lambda fault, asked: refusal(100, "(#100) The value must be a valid insights metric")
    ),
    "reactions_withheld": _reactions_withheld,
    "gone": _graph(_gone),
    "empty_page": _empty_page,
}
