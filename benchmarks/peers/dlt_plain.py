"""dlt as its documentation shows it: a resource that yields pages, the default normaliser and loader.

python -m benchmarks.peers.dlt_plain TASK
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dlt  # type: ignore[import-not-found]

from benchmarks.pages import Task
from benchmarks.peers.loading import run
from benchmarks.peers.reading import pages

COUNTED = {"x": "public_metrics__retweet_count", "graph": "shares__count"}


@dlt.resource(name="posts", write_disposition="append")  # type: ignore[untyped-decorator]
def posts(task: Task) -> Iterator[list[dict[str, Any]]]:
    """Every post of every page, with the moment of its poll."""
    for moment, page in pages(task):
        yield [{"observed_at": moment, **post} for post in page]


if __name__ == "__main__":
    run(posts, COUNTED)
