"""What goes wrong on request: answers that the platforms are known to give instead of the right one.

A programme is a list of faults; each waits for requests whose path and query contain `match`
(`/x/2/tweets?ids=`; for requests inside a batch, the `relative_url`) and answers the next `times` of them.
Options go beside the names:

| fault | platform | answer |
|---|---|---|
| rate_limited_future | X | 429; reset `seconds` (30) ahead of the moment, or at `reset` (epoch s) |
| rate_limited_past | X | 429; reset `seconds` (30) behind the moment, or at `reset` |
| rate_limited_without_reset | X | 429 in the older shape (code 88), without rate limit headers |
| usage_capped | X | 429 of the monthly cap: requests remain, and the reset means nothing |
| credits_depleted | X | 402 |
| token_expired | both | Graph: 190/463; X: 401 |
| graph_throttled | Facebook | `code` 4, 17, 32, 80001; `headers` = false leaves them out; `minutes` (5) |
| reduce_data | Facebook | code 1, status 500: less data, please |
| transient | Facebook | code 2, status 500, `is_transient` |
| permission_lost | Facebook | code 10 |
| metric_refused | Facebook | code 100 of an invalid metric |
| reactions_withheld | Facebook | the right answer without its reactions and comments |
| empty_page | both | the right answer without its rows, and still with a next page |
| null_item | Facebook | inside a batch: null, as for a request that ran out of time |
| gone | both | Graph: 100/33; X: every id not found |
| html_502, html_503, html_200 | both | a web page |
| false_200 | both | `false` |
| empty_200 | both | nothing at all |
| no_content_type | both | the right answer, unlabelled |
| truncated_json | both | the first half of the right answer, as if it were whole |
| cut_off | both | the connection closes in mid-answer |
| stalled | both | nothing, until the client gives up or `seconds` (30) have passed |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.graph_errors import Refused, error_answer, refusal, unseen
from connectors.sandbox.x import not_found, problem, together

# Faults that no answer can express: the server carries them out.
_OUTSIDE_HTTP = ("stalled", "cut_off", "null_item")

NULL_ITEM = Answer(0, b"null")
_HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>%s</h1></body></html>"


class UnknownFault(ValueError):
    """A programme that names no fault of the table above, or is no programme."""


@dataclass
class Fault:
    """`times` left to happen; `options` as in the table."""

    match: str
    name: str
    times: int = 1
    options: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"match": self.match, "fault": self.name, "times": self.times, **self.options}


class Faults:
    """The programme in force."""

    def __init__(self) -> None:
        self._programme: list[Fault] = []

    def program(self, programme: Iterable[Mapping[str, Any]]) -> None:
        """Replaces the programme by `[{"match": …, "fault": …, "times": …}]`. Raises UnknownFault."""
        known = sorted({*_ANSWERS, *_OUTSIDE_HTTP})
        faults = []
        for item in programme:
            name = item.get("fault") if isinstance(item, Mapping) else None
            if name not in known:
                raise UnknownFault(f"no such fault: {item!r}; known: {', '.join(known)}")
            options = {name: value for name, value in item.items() if name not in ("match", "fault", "times")}
            faults.append(Fault(str(item.get("match", "")), str(name), int(item.get("times", 1)), options))
        self._programme = faults

    def take(self, address: str) -> Fault | None:
        """The first fault that waits for `address`; one less of it remains."""
        for fault in self._programme:
            if fault.times > 0 and fault.match in address:
                fault.times -= 1
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        return [fault.as_json() for fault in self._programme]


def answer(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    """What is answered in place of `true_answer()`; not for faults that no answer can express."""
    return _ANSWERS[fault.name](fault, platform, asked, true_answer)


_Maker = Callable[[Fault, str, Asked, Callable[[], Answer]], Answer]


def _rate_limited(direction: int) -> _Maker:
    def make(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
        seconds = float(fault.options.get("seconds", 30))
        made = problem(429, "Too Many Requests")
        made.headers |= {
            "x-rate-limit-limit": "900",
            "x-rate-limit-remaining": "0",
            "x-rate-limit-reset": str(int(fault.options.get("reset", asked.now.epoch + direction * seconds))),
        }
        return made

    return make


def _rate_limited_without_reset(
    fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]
) -> Answer:
    return Answer(429, orjson.dumps({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}))


def _usage_capped(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    body = {
        "account_id": 1,
        "product_name": "sandbox",
        "title": "UsageCapExceeded",
        "period": "Monthly",
        "scope": "Product",
        "detail": "Usage cap exceeded: Monthly product cap",
        "type": "https://api.twitter.com/2/problems/usage-capped",
    }
    headers = {
        "content-type": "application/problem+json",
        "x-rate-limit-limit": "900",
        "x-rate-limit-remaining": "871",
        "x-rate-limit-reset": str(int(asked.now.epoch) + 2),
    }
    return Answer(429, orjson.dumps(body), headers)


def _credits_depleted(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    body = {
        "account_id": 1,
        "title": "CreditsDepleted",
        "detail": "Your enrolled account [1] does not have any credits to fulfill this request.",
        "type": "https://api.x.com/2/problems/credits",
    }
    return Answer(402, orjson.dumps(body), {"content-type": "application/problem+json"})


def _graph(make: Callable[[Fault, Asked], Refused]) -> _Maker:
    def made(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
        refused = make(fault, asked)
        return error_answer(refused, {"facebook-api-version": "v26.0"})

    return made


def _token_expired(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    if platform == "x":
        return problem(401, "Unauthorized")
    message = "Error validating access token: Session has expired on Thursday, 01-Jan-26 00:00:00 PST."
    return error_answer(
        refusal(190, message, subcode=463, is_transient=False), {"facebook-api-version": "v26.0"}
    )


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


def _gone(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    if platform == "x":
        ids = asked.query.get("ids", asked.path.rstrip("/").rpartition("/")[2]).split(",")
        return Answer(
            200, orjson.dumps(together([], [not_found("tweet", "ids", each) for each in ids], {}, None))
        )
    name = asked.query.get("ids", asked.path.strip("/").rpartition("/")[2]).split(",")[0]
    return error_answer(unseen(name), {"facebook-api-version": "v26.0"})


def _html(status: int, words: bytes) -> _Maker:
    return lambda fault, platform, asked, true_answer: Answer(
        status, _HTML % words, {"content-type": "text/html; charset=utf-8"}
    )


def _instead(body: bytes) -> _Maker:
    return lambda fault, platform, asked, true_answer: Answer(200, body)


def _truncated(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    return Answer(right.status, right.body[: len(right.body) // 2], right.headers)


def _unlabelled(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    return Answer(
        right.status, right.body, {name: v for name, v in right.headers.items() if name != "content-type"}
    )


def _empty_page(fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    if platform == "x":
        body.pop("data", None)
        body.pop("includes", None)
        meta = body.get("meta", {})
        body["meta"] = {"result_count": 0, **{name: meta[name] for name in ("next_token",) if name in meta}}
    else:
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


def _reactions_withheld(
    fault: Fault, platform: str, asked: Asked, true_answer: Callable[[], Answer]
) -> Answer:
    right = true_answer()
    body = orjson.dumps(_without_reactions(orjson.loads(right.body)))
    return Answer(right.status, body.replace(b"/", b"\\/"), right.headers)


_ANSWERS: dict[str, _Maker] = {
    "rate_limited_future": _rate_limited(1),
    "rate_limited_past": _rate_limited(-1),
    "rate_limited_without_reset": _rate_limited_without_reset,
    "usage_capped": _usage_capped,
    "credits_depleted": _credits_depleted,
    "token_expired": _token_expired,
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
    "empty_page": _empty_page,
    "gone": _gone,
    "html_502": _html(502, b"Bad Gateway"),
    "html_503": _html(503, b"Over capacity"),
    "html_200": _html(200, b"Please log in"),
    "false_200": _instead(b"false"),
    "empty_200": _instead(b""),
    "no_content_type": _unlabelled,
    "truncated_json": _truncated,
}
