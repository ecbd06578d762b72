"""What goes wrong on request on X, beside what goes wrong anywhere (`faults.py`).

| fault | answer |
|---|---|
| rate_limited_future | 429; reset `seconds` (30) ahead of the moment, or at `reset` (epoch s) |
| rate_limited_past | 429; reset `seconds` (30) behind the moment, or at `reset` |
| rate_limited_without_reset | 429 in the older shape (code 88), without rate limit headers |
| usage_capped | 429 (or `status`) of the monthly cap: requests remain, and the reset means nothing |
| credits_depleted | 402 |
| token_expired | 401 |
| gone | every id not found |
| empty_page | the right answer without its rows, and still with a next page |
| repeated_cursor | the right page, whose next page is itself |
| new_vocabulary | the right answer in the newer words, whatever was asked in |
| not_in_plan | 403: the app's plan does not have the endpoint |
| field_refused | the right answer without its private fields, each refused |
| no_counts | the right buckets, all 0 |
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from connectors.sandbox.exchange import Answer, Asked
from connectors.sandbox.faults import Fault, Maker
from connectors.sandbox.x.problems import PRIVATE_METRICS, field_refused, not_found, problem, together


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
    return Answer(int(fault.options.get("status", 429)), orjson.dumps(body), headers)


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


def _repeated_cursor(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    asked_for = asked.query.get("pagination_token") or asked.query.get("next_token")
    if asked_for and isinstance(body.get("meta"), dict):
        body["meta"]["next_token"] = asked_for
    return Answer(right.status, orjson.dumps(body), right.headers)


# As description 2.167 renames what 2.166 calls tweets; whether X's servers do so unasked is not known.
_NEWER_WORDS = {
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
    "total_tweet_count": "total_post_count",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "tweets": "posts",
}


def _renamed(document: object) -> object:
    match document:
        case dict():
            renamed = {_NEWER_WORDS.get(name, name): _renamed(value) for name, value in document.items()}
            if renamed.get("resource_type") == "tweet":
                renamed["resource_type"] = "post"
            return renamed
        case list():
            return [_renamed(value) for value in document]
    return document


def _new_vocabulary(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    return Answer(right.status, orjson.dumps(_renamed(orjson.loads(right.body))), right.headers)


def _not_in_plan(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    detail = "This endpoint is not included in the access level of your app."
    return problem(
        403, "Client Forbidden", detail, type="https://api.twitter.com/2/problems/client-forbidden"
    )


def _field_refused(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    refused = body.setdefault("errors", [])
    for post in body.get("data", ()):
        for name in [name for name in PRIVATE_METRICS if name in post]:
            del post[name]
            refused += [field_refused(post["id"], name, metric) for metric in PRIVATE_METRICS[name]]
    return Answer(right.status, orjson.dumps(body), right.headers)


def _no_counts(fault: Fault, asked: Asked, true_answer: Callable[[], Answer]) -> Answer:
    right = true_answer()
    body = orjson.loads(right.body)
    for bucket in body.get("data", ()):
        bucket["tweet_count"] = 0
    if "total_tweet_count" in body.get("meta", {}):
        body["meta"]["total_tweet_count"] = 0
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
    "repeated_cursor": _repeated_cursor,
    "new_vocabulary": _new_vocabulary,
    "not_in_plan": _not_in_plan,
    "field_refused": _field_refused,
    "no_counts": _no_counts,
}
