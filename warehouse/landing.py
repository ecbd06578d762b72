"""Landing: every HTTP answer as it came, one row a response, in append-only Parquet.

Layout: `landing/platform=P/endpoint=E/date=YYYY-MM-DD/RUN-NNNN.parquet`, where date is the UTC day of
`observed_at`. Landing is the only truth of the system: readings and the warehouse can be deleted and
rebuilt from it. A file is written to a hidden sibling, synced and renamed, and its numbers never change after
(`warehouse.compacting` joins files, `warehouse.rewriting` takes words out, both compare first);
only then the log says that its responses are landed.

The registry in force is landed too, as platform `registry`: which post belonged to which asset is history,
not memory.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.durable import drop_unfinished, written_whole
from warehouse.landed_files import landed_files
from warehouse.sealed import DAMAGED, write_sealed

SCHEMA_VERSION = 1

# Each landed file is a line of this log, at INFO: what the line names is on disk and stays.
LOG = logging.getLogger(__name__)

COLUMNS = pa.schema(
    [
        # Unique name of the response: run and sequence number.
        ("response_id", pa.string()),
        # The run of `collect` that asked.
        ("run_id", pa.string()),
        ("platform", pa.string()),
        ("endpoint", pa.string()),
        # The campaign for which it was asked first; the answer serves every campaign.
        ("campaign_id", pa.string()),
        # The moment for which the answer counts: the run's clock, or the arrival when the run had none.
        ("observed_at", pa.timestamp("us", tz="UTC")),
        # Wall clock when the request was sent.
        ("requested_at", pa.timestamp("us", tz="UTC")),
        ("method", pa.string()),
        # As contacted, secrets replaced.
        ("url", pa.string()),
        # Query or form parameters as JSON text, secrets replaced.
        ("params", pa.string()),
        ("status", pa.int32()),
        # Response headers as JSON text.
        ("headers", pa.string()),
        # As received, secrets replaced.
        ("body", pa.string()),
        # 1 for the first page of a walk.
        ("page", pa.int32()),
        ("elapsed_ms", pa.int32()),
        ("schema_version", pa.int32()),
    ]
)

# Asked for at every response, and made anew by whoever asks the schema.
_NAMES = tuple(COLUMNS.names)

# A file is written when it has so many rows or bytes, or when its first row has waited so long: a killed run
# loses seconds of answers, never the hour.
ROWS_PER_FILE = 200
SECONDS_PER_FILE = 10.0
BYTES_PER_FILE = 8 * 1024 * 1024


class LandingWriter:
    """Collects the rows of one run and writes them by endpoint and day; everything is on disk when the
    block ends, however it ends.
    """

    def __init__(self, root: Path, elapsed_s: Callable[[], float] = time.monotonic) -> None:
        self.root = root
        self.files: list[Path] = []
        self._elapsed_s = elapsed_s
        self._oldest_s = 0.0
        self.rows: Counter[str] = Counter()
        self._waiting: dict[tuple[str, str, str], list[Mapping[str, object]]] = {}
        self._bytes: Counter[tuple[str, str, str]] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def flush(self) -> None:
        """Write everything that waits, as before a pause."""
        # A file that cannot be written costs no other file of the run: the stack closes all, then raises.
        with ExitStack() as files:
            for group in reversed(list(self._waiting)):
                files.callback(self._write, group)

    def flush_what_is_old(self) -> None:
        """Write everything that waits when the first of it has waited long, as before a request, which may
        hang.
        """
        if self._waiting and self._elapsed_s() - self._oldest_s >= SECONDS_PER_FILE:
            self.flush()

    def add(self, row: Mapping[str, object]) -> None:
        """Take one response (a mapping of the landing columns). Raises KeyError when a column is missing."""
        observed_at = row["observed_at"]
        if not isinstance(observed_at, datetime) or observed_at.tzinfo is None:
            raise ValueError("observed_at must be a datetime with a time zone")
        landed = {name: row[name] for name in _NAMES}
        day = observed_at.astimezone(UTC).date().isoformat()
        group = (str(row["platform"]), str(row["endpoint"]), day)
        now_s = self._elapsed_s()
        if not self._waiting:
            self._oldest_s = now_s
        waiting = self._waiting.setdefault(group, [])
        waiting.append(landed)
        self._bytes[group] += len(str(row["body"]))
        if len(waiting) >= ROWS_PER_FILE or self._bytes[group] >= BYTES_PER_FILE:
            self._write(group)
        elif now_s - self._oldest_s >= SECONDS_PER_FILE:
            self.flush()

    def _write(self, group: tuple[str, str, str]) -> None:
        rows = self._waiting.pop(group)
        del self._bytes[group]
        platform, endpoint, day = group
        folder = self.root / f"platform={platform}" / f"endpoint={endpoint}" / f"date={day}"
        folder.mkdir(parents=True, exist_ok=True)
        final = folder / f"{rows[0]['run_id']}-{len(self.files):04d}.parquet"
        if final.exists():
            raise FileExistsError(f"{final} is already landed; a run id was used twice")
        with written_whole(final) as file:
            write_sealed(pa.Table.from_pylist(rows, schema=COLUMNS), file)
        self.files.append(final)
        self.rows[endpoint] += len(rows)
        LOG.info("landed %s responses=%d", final, len(rows))


def drop_unfinished_files(root: Path) -> None:
    """Remove what killed processes were writing into the landing; what others are writing now stays."""
    drop_unfinished(root, "platform=*/endpoint=*/date=*/*.parquet")


def land_registry(
    root: Path, campaigns: Iterable[tuple[str, str]], moment: datetime, requested_at: datetime
) -> int:
    """Land the registry in force unless the one landed last is the same; returns how many rows were landed
    (0 or 1).

    `requested_at` is the clock; a registry that lands after another is stamped later than it, also when a
    clock that was ahead has been set back, for of two the later is in force.

    `campaigns` are (campaign id, canonical JSON); the body is `{"campaigns": [...]}` ordered by id, so that
    a campaign that left the registry leaves the tables too.
    """
    ordered = sorted(campaigns)
    body = '{"campaigns":[' + ",".join(text for _, text in ordered) + "]}"
    landed: list[dict[str, Any]] = []
    for path in landed_files(root, "registry"):
        try:
            table = pq.ParquetFile(path).read(columns=["requested_at", "response_id", "body"])
        except DAMAGED:
            # Damaged by somebody else: the build names it, and the registry in force is landed again.
            continue
        landed += table.to_pylist()
    if landed:
        last = max(landed, key=lambda row: (row["requested_at"], row["response_id"]))
        if last["body"] == body:
            return 0
        requested_at = max(requested_at, last["requested_at"] + timedelta(microseconds=1))
    run_id = (
        f"{requested_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-registry-{len(landed_files(root, 'registry')):04d}"
    )
    with LandingWriter(root) as writer:
        writer.add(
            {
                "response_id": f"{run_id}-00001",
                "run_id": run_id,
                "platform": "registry",
                "endpoint": "campaigns",
                "campaign_id": ",".join(campaign_id for campaign_id, _ in ordered),
                "observed_at": moment,
                "requested_at": requested_at,
                "method": "READ",
                "url": "registry:",
                "params": json.dumps({}),
                "status": 200,
                "headers": json.dumps({}),
                "body": body,
                "page": 1,
                "elapsed_ms": 0,
                "schema_version": SCHEMA_VERSION,
            }
        )
    return 1
