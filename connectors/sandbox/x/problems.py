"""Refusals in X's words: whole answers, and the entries of `errors` beside data."""

from __future__ import annotations

import orjson

from connectors.sandbox.exchange import Answer

_PROBLEMS = "https://api.twitter.com/2/problems/"
# What a private field holds; X refuses each of them with an entry of its own. The last two were never in the
# description, but are in X's prose.
PRIVATE_METRICS = {
    "non_public_metrics": ("impression_count", "user_profile_clicks", "url_link_clicks"),
    "organic_metrics": (
        "impression_count",
        "retweet_count",
        "reply_count",
        "like_count",
        "user_profile_clicks",
        "url_link_clicks",
    ),
    "promoted_metrics": ("impression_count", "retweet_count", "reply_count", "like_count"),
}


class Refused(Exception):
    """A request that is answered with an error; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def problem(status: int, title: str, detail: str | None = None, **more: object) -> Answer:
    """An RFC 7807 problem, as X words them; `more` may replace `type`."""
    body = {"title": title, "type": "about:blank", "status": status, "detail": detail or title, **more}
    return Answer(status, orjson.dumps(body), {"content-type": "application/problem+json"})


def invalid(parameter: str, value: str, message: str) -> Answer:
    body = {
        "errors": [{"parameters": {parameter: [value]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": _PROBLEMS + "invalid-request",
    }
    return Answer(400, orjson.dumps(body), {"content-type": "application/problem+json"})


def not_found(kind: str, parameter: str, value: str) -> dict[str, object]:
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": _PROBLEMS + "resource-not-found",
    }


def not_authorized(kind: str, parameter: str, value: str) -> dict[str, object]:
    noun = "Tweet" if kind == "tweet" else "User"
    return {
        "resource_id": value,
        "parameter": parameter,
        "resource_type": kind,
        "section": "data",
        "title": "Authorization Error",
        "value": value,
        "detail": f"Sorry, you are not authorized to see the {noun} with {parameter}: [{value}].",
        "type": _PROBLEMS + "not-authorized-for-resource",
    }


def field_refused(post_id: str, name: str, metric: str) -> dict[str, object]:
    """What only the author's own token sees, and only of young posts."""
    field = f"{name}.{metric}"
    return {
        "resource_type": "tweet",
        "field": field,
        "parameter": "id",
        "resource_id": post_id,
        "title": "Field Authorization Error",
        "section": "data",
        "detail": f"Sorry, you are not authorized to access '{field}' on the Tweet with id : [{post_id}].",
        "value": post_id,
        "type": _PROBLEMS + "not-authorized-for-field",
    }


def unsupported_authentication(kind: str) -> Answer:
    """For a token of the wrong kind. No recording of it is public: the shape is a guess."""
    detail = f"Authenticating with {kind} is forbidden for this endpoint."
    more = {"type": _PROBLEMS + "unsupported-authentication"}
    return problem(403, "Unsupported Authentication", detail, **more)


def together(
    data: list[dict[str, object]],
    errors: list[dict[str, object]],
    includes: dict[str, object],
    meta: dict[str, object] | None,
) -> dict[str, object]:
    """Empty parts are left out, `data` too."""
    body: dict[str, object] = {}
    if data:
        body["data"] = data
    if includes:
        body["includes"] = includes
    if errors:
        body["errors"] = errors
    if meta is not None:
        body["meta"] = meta
    return body
