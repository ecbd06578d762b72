"""dlt tuned: no child tables, Parquet to the loader, large buffers, normaliser and loader on several workers.

python -m benchmarks.peers.dlt_tuned TASK
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ.update(
    DATA_WRITER__BUFFER_MAX_ITEMS="100000",
    EXTRACT__DATA_WRITER__FILE_MAX_ITEMS="50000",
    NORMALIZE__WORKERS="2",
    NORMALIZE__START_METHOD="fork",
    LOAD__WORKERS="2",
    RUNTIME__LOG_LEVEL="ERROR",
)

import dlt  # type: ignore[import-not-found]

from benchmarks.pages import Task
from benchmarks.peers.loading import run
from benchmarks.peers.reading import pages

# Without child tables what is nested stays JSON.
COUNTED = {
    "x": "(public_metrics ->> '$.retweet_count')::bigint",
    "graph": "(shares ->> '$.count')::bigint",
}


@dlt.resource(  # type: ignore[untyped-decorator]
    name="posts", write_disposition="append", max_table_nesting=0, file_format="parquet"
)
def posts(task: Task) -> Iterator[list[dict[str, Any]]]:
    """Every post of every page, with the moment of its poll."""
    for moment, page in pages(task):
        yield [{"observed_at": moment, **post} for post in page]


if __name__ == "__main__":
    run(posts, COUNTED)
