"""What goes wrong on request on Instagram, beside what goes wrong anywhere (`faults.py`).

| fault | answer |
|---|---|
| token_expired | 190/463 |
| instagram_throttled | 80002; `headers` = false leaves the usage out; `minutes` (5) |
| reduce_data | code 1, status 500: less data, please |
| transient | code 2, status 500, `is_transient` |
| permission_lost | code 10 |
| metric_unsupported | code 100 of a metric that the product type does not have; `metric` ("follows") |
| field_unknown | code 100 of a field that is not there; `field` ("view_count"), while it is asked for |
| too_few_viewers | code 10 of a story that fewer than five have seen |
| before_business | 100/2108006 |
| gone | 100/33 |
| proof_required | 100 where no appsecret_proof is sent, else the right answer |
| empty_page | the right answer without its rows, and still with a next page |
| repeated_page | the right answer, whose next page is always the same |
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.faults import Fault, Maker
from connectors.sandbox.graph_errors import Refused, error_answer, refusal, unseen
from connectors.sandbox.graph_faults import GRAPH_FAULTS, refusing


def _throttled(fault: Fault, asked: Asked) -> Refused:
    refused = refusal(80002, "(#80002) There have been too many calls to this Instagram account.")
    if not fault.options.get("headers", True):
        return refused
    case = {
        "type": "instagram",
        "call_count": 101,
        "total_cputime": 55,
        "total_time": 60,
        "estimated_time_to_regain_access": int(fault.options.get("minutes", 5)),
    }
    headers = {"x-business-use-case-usage": orjson.dumps({"17841401118273904": [case]}).decode()}
    return Refused(refused.status, refused.error, headers)


def _field_unknown(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    name = str(fault.options.get("field", "view_count"))
    if name not in asked.query.get("fields", "").replace("{", ",").replace("}", ",").split(","):
        return true_answer()
    message = f"(#100) Tried accessing nonexisting field ({name}) on node type (IGMedia)"
    return error_answer(refusal(100, message), {"facebook-api-version": "v26.0"})


def _proof_required(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    if "appsecret_proof" in asked.query or "appsecret_proof" in asked.form():
        return true_answer()
    message = "API calls from the server require an appsecret_proof argument"
    refused = refusal(100, message, kind="GraphMethodException")
    return error_answer(refused, {"facebook-api-version": "v26.0"})


def _unsupported(fault: Fault, asked: Asked) -> Refused:
    name = fault.options.get("metric", "follows")
    return refusal(
        100, f"(#100) The Media Insights API does not support the {name} metric for this media product type."
    )


def _empty_page(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    holder = body.get("business_discovery", {}).get("media", body)
    holder["data"] = []
    return Answer(right.status, orjson.dumps(body), right.headers)


def _repeated_page(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    holder = body.get("business_discovery", {}).get("media", body)
    holder["paging"] = {"cursors": {"after": "QVFI"}, "next": "https://graph.facebook.com/?after=QVFI"}
    return Answer(right.status, orjson.dumps(body), right.headers)


FAULTS: dict[str, Maker] = {
    **GRAPH_FAULTS,
    "instagram_throttled": refusing(_throttled),
    "metric_unsupported": refusing(_unsupported),
    "field_unknown": _field_unknown,
    "too_few_viewers": refusing(
        lambda fault, asked: refusal(10, "(#10) Not enough viewers for the media to show insights")
    ),
    "before_business": refusing(
        lambda fault, asked: refusal(
            100, "(#100) Media posted before business account conversion", subcode=2108006
        )
    ),
    "gone": refusing(
        lambda fault, asked: unseen(
            asked.query.get("ids", asked.path.strip("/").rpartition("/")[2]).split(",")[0]
        )
    ),
    "proof_required": _proof_required,
    "empty_page": _empty_page,
    "repeated_page": _repeated_page,
}
