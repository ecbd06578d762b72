"""What goes wrong on request on the Graph API, beside what goes wrong anywhere (`faults.py`).

| fault | answer |
|---|---|
| token_expired | 190/463 |
| graph_throttled | `code` (4), `minutes` (5); `headers` = false leaves them out, `form` is that of `usage` |
| refused | any error: `code`, `subcode`, `message`, `status` |
| usage | the right answer with usage in a `form`: app, page, business, ads, none; `percent` (97), `minutes` |
| other_version | the right answer, served in `version` (v21.0) |
| proof_required | 100 where no appsecret_proof is sent, else the right answer |
| null_object | of a look-up by ids: the first id's object is null |
| estimate_not_ready | the right estimate, without figures that hold |
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
from connectors.sandbox.graph_faults import GRAPH_FAULTS, refusing

_FORMS = {4: "app", 17: "app", 32: "app", 341: "app", 368: "app", 613: "app", 80001: "business"}
_THROTTLES = {
    4: "(#4) Application request limit reached",
    17: "(#17) User request limit reached",
    32: "(#32) Page request limit reached",
    341: "Application limit reached",
    368: "The action attempted has been deemed abusive or is otherwise disallowed",
    613: "(#613) Calls to this api have exceeded the rate limit.",
    80001: "There have been too many calls to this Page account. Wait a bit and try again.",
}
_SUBCODES = {613: 1996, 80000: 2446079, 80003: 2446079, 80004: 2446079}


def _throttled(fault: Fault, asked: Asked) -> Refused:
    code = int(fault.options.get("code", 4))
    message = _THROTTLES.get(
        code, f"(#{code}) There have been too many calls to this ad-account. Wait a bit and try again."
    )
    refused = refusal(code, message, subcode=_SUBCODES.get(code), status=403 if code == 4 else 400)
    if not fault.options.get("headers", True):
        return refused
    form = str(fault.options.get("form", _FORMS.get(code, "ads")))
    return Refused(refused.status, refused.error, _usage(form, 101, int(fault.options.get("minutes", 5))))


def _usage(form: str, percent: int, minutes: int) -> dict[str, str]:
    """The header of usage in one of its forms; `minutes` until calls are taken again, where a form tells."""
    usage: dict[str, object] = {
        "call_count": percent,
        "total_time": percent * 3 // 5,
        "total_cputime": percent // 2,
    }
    shown: dict[str, object]
    match form:
        case "app" | "page":
            shown = usage
        case "business":
            shown = {"118273904551": [{"type": "pages", **usage, "estimated_time_to_regain_access": minutes}]}
        case "ads":
            shown = {
                "acc_id_util_pct": float(percent),
                "reset_time_duration": minutes * 60,
                "ads_api_access_tier": "development_access",
            }
        case _:
            return {}
    names = {"app": "x-app-usage", "page": "x-page-usage", "business": "x-business-use-case-usage"}
    return {names.get(form, "x-ad-account-usage"): orjson.dumps(shown).decode()}


def _with_usage(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    kept = {name: value for name, value in right.headers.items() if not name.endswith("-usage")}
    options = fault.options
    told = _usage(
        str(options.get("form", "app")), int(options.get("percent", 97)), int(options.get("minutes", 0))
    )
    return Answer(right.status, right.body, {**kept, **told})


def _other_version(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    served = str(fault.options.get("version", "v21.0"))
    return Answer(right.status, right.body, {**right.headers, "facebook-api-version": served})


def _proof_required(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    if "appsecret_proof" in asked.query or "appsecret_proof" in asked.form():
        return true_answer()
    message = "API calls from the server require an appsecret_proof argument"
    return error_answer(refusal(100, message, kind="GraphMethodException"), {"facebook-api-version": "v26.0"})


def _null_object(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    first = asked.query.get("ids", "").split(",")[0]
    return Answer(right.status, orjson.dumps({**body, first: None}), right.headers)


def _estimate_not_ready(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = right.body.replace(b'"estimate_ready":true', b'"estimate_ready":false')
    return Answer(right.status, body, right.headers)


def _refused(fault: Fault, asked: Asked) -> Refused:
    options = fault.options
    subcode = int(options["subcode"]) if "subcode" in options else None
    message, status = str(options.get("message", "An error")), int(options.get("status", 400))
    return refusal(int(options.get("code", 1)), message, subcode=subcode, status=status)


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
    **GRAPH_FAULTS,
    "graph_throttled": refusing(_throttled),
    "metric_refused": refusing(
        lambda fault, asked: refusal(100, "(#100) The value must be a valid insights metric")
    ),
    "reactions_withheld": _reactions_withheld,
    "gone": refusing(_gone),
    "empty_page": _empty_page,
    "refused": refusing(_refused),
    "usage": _with_usage,
    "other_version": _other_version,
    "proof_required": _proof_required,
    "null_object": _null_object,
    "estimate_not_ready": _estimate_not_ready,
}
