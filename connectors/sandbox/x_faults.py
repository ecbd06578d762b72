"""What goes wrong on request on X, beside what goes wrong anywhere (`faults.py`).

| fault | answer |
|---|---|
| rate_limited_future | 429; reset `seconds` (30) ahead of the moment, or at `reset` (epoch s) |
| rate_limited_past | 429; reset `seconds` (30) behind the moment, or at `reset` |
| rate_limited_without_reset | 429 in the older shape (code 88), without rate limit headers |
| usage_capped | 429 of the monthly cap: requests remain, and the reset means nothing |
| credits_depleted | 402 |
| token_expired | 401 |
| gone | every id not found |
| empty_page | the right answer without its rows, and still with a next page |
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.faults import Fault, Maker
from connectors.sandbox.x import not_found, problem, together


def _rate_limited(direction: int) -> Maker:
    def make(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
        seconds = float(fault.options.get("seconds", 30))
        made = problem(429, "Too Many Requests")
        made.headers |= {
            "x-rate-limit-limit": "900",
            "x-rate-limit-remaining": "0",
            "x-rate-limit-reset": str(int(fault.options.get("reset", asked.now.epoch + direction * seconds))),
        }
        return made

    return make


def _rate_limited_without_reset(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    return Answer(429, orjson.dumps({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}))


def _usage_capped(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
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


def _credits_depleted(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    body = {
        "account_id": 1,
        "title": "CreditsDepleted",
        "detail": "Your enrolled account [1] does not have any credits to fulfill this request.",
        "type": "https://api.x.com/2/problems/credits",
    }
    return Answer(402, orjson.dumps(body), {"content-type": "application/problem+json"})


def _token_expired(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    return problem(401, "Unauthorized")


def _gone(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    ids = asked.query.get("ids", asked.path.rstrip("/").rpartition("/")[2]).split(",")
    return Answer(
        200, orjson.dumps(together([], [not_found("tweet", "ids", each) for each in ids], {}, None))
    )


def _empty_page(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    body.pop("data", None)
    body.pop("includes", None)
    meta = body.get("meta", {})
    body["meta"] = {"result_count": 0, **{name: meta[name] for name in ("next_token",) if name in meta}}
    return Answer(right.status, orjson.dumps(body), right.headers)


FAULTS: dict[str, Maker] = {
    "rate_limited_future": _rate_limited(1),
    "rate_limited_past": _rate_limited(-1),
    "rate_limited_without_reset": _rate_limited_without_reset,
    "usage_capped": _usage_capped,
    "credits_depleted": _credits_depleted,
    "token_expired": _token_expired,
    "gone": _gone,
    "empty_page": _empty_page,
}
