"""How the peers ask: dlt's RESTClient with its paginators, as its documentation shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlt.sources.helpers.rest_client import RESTClient  # type: ignore[import-not-found]
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth  # type: ignore[import-not-found]
from dlt.sources.helpers.rest_client.paginators import (  # type: ignore[import-not-found]
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
)

from benchmarks.pages import (
    GRAPH_FIELDS,
    POSTS_PER_LIST,
    TOKEN,
    VERSION,
    X_FIELDS,
    Task,
    account_id,
    look_ups,
    poll_at,
)


def pages(task: Task) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The moment and the posts of every page of a task."""
    if task.shape == "x":
        client = RESTClient(base_url=task.base, auth=BearerTokenAuth(token=TOKEN))
        fields, path = X_FIELDS, "/2/tweets"
    else:
        client = RESTClient(base_url=task.base)
        fields, path = {"fields": GRAPH_FIELDS, "access_token": TOKEN}, f"/{VERSION}/"
    if task.kind == "walk":
        yield from _walk(client, task, fields)
        return
    for poll in range(task.polls):
        moment = poll_at(poll).isoformat()
        for ids in look_ups(task.shape, task.posts):
            document = client.get(path, params={"ids": ",".join(ids), **fields}).json()
            yield moment, document["data"] if task.shape == "x" else list(document.values())


def _walk(
    client: RESTClient, task: Task, fields: dict[str, str]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    moment = poll_at(0).isoformat()
    for account in range(task.accounts):
        named = account_id(task.shape, account)
        if task.shape == "x":
            listed = client.paginate(
                f"/2/users/{named}/tweets",
                params={"max_results": POSTS_PER_LIST, "exclude": "retweets", **fields},
                paginator=JSONResponseCursorPaginator(
                    cursor_path="meta.next_token", cursor_param="pagination_token"
                ),
                data_selector="data",
            )
        else:
            listed = client.paginate(
                f"/{VERSION}/{named}/posts",
                params={"limit": POSTS_PER_LIST, **fields},
                paginator=JSONLinkPaginator(next_url_path="paging.next"),
                data_selector="data",
            )
        for page in listed:
            yield moment, list(page)
