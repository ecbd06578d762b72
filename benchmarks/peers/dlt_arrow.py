"""dlt tuned with Arrow: the columns that are wanted are picked by hand, so nothing is normalised.

python -m benchmarks.peers.dlt_arrow TASK
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ.update(
    DATA_WRITER__BUFFER_MAX_ITEMS="100000",
    NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID="false",
    LOAD__WORKERS="2",
    RUNTIME__LOG_LEVEL="ERROR",
)

import dlt  # type: ignore[import-not-found]
import pyarrow as pa

from benchmarks.pages import Task
from benchmarks.peers.loading import run
from benchmarks.peers.reading import pages

COUNTED = {"x": "retweet_count", "graph": "shares"}
# Pages are put together, since each table that is yielded costs.
PAGES_PER_TABLE = 50


def _x_row(moment: str, post: dict[str, Any]) -> dict[str, Any]:
    return {
        "observed_at": moment,
        "id": post["id"],
        "author_id": post["author_id"],
        "created_at": post["created_at"],
        "text": post["text"],
        "media_keys": ",".join(post.get("attachments", {}).get("media_keys", ())),
        **post["public_metrics"],
    }


def _graph_row(moment: str, post: dict[str, Any]) -> dict[str, Any]:
    row = {
        "observed_at": moment,
        "id": post["id"],
        "page_id": post["from"]["id"],
        "created_time": post["created_time"],
        "message": post["message"],
        "permalink_url": post["permalink_url"],
        "status_type": post["status_type"],
        "shares": post["shares"]["count"] if "shares" in post else None,
    }
    for name in ("reactions", "r_like", "r_love", "r_wow", "r_haha", "r_sad", "r_angry", "comments"):
        row[name] = post[name]["summary"]["total_count"]
    return row


@dlt.resource(name="posts", write_disposition="append")  # type: ignore[untyped-decorator]
def posts(task: Task) -> Iterator[pa.Table]:
    """Every post of every page, with the moment of its poll."""
    row = _x_row if task.shape == "x" else _graph_row
    rows: list[dict[str, Any]] = []
    for number, (moment, page) in enumerate(pages(task), start=1):
        rows += [row(moment, post) for post in page]
        if number % PAGES_PER_TABLE == 0:
            yield pa.Table.from_pylist(rows)
            rows = []
    if rows:
        yield pa.Table.from_pylist(rows)


if __name__ == "__main__":
    run(posts, COUNTED)
