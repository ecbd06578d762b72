"""A lake made by hand: X-shaped answers with chosen counters at chosen moments, landed as a run would land
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests.warehouse.compare import everything_held
from warehouse.batches import committed
from warehouse.build import BuildReport, build
from warehouse.landing import LandingWriter, land_registry
from warehouse.publish import open_published
from warehouse.readings import update
from warehouse.sightings import SIGHTING, fingerprint

WALL_CLOCK = datetime(2026, 11, 1, tzinfo=UTC)
X_TWEETS = "https://api.x.com/2/tweets"


def campaign(
    campaign_id: str = "water",
    *,
    timezone: str = "Europe/London",
    starts: date = date(2019, 10, 1),
    ends: date = date(2019, 12, 31),
    assets: Mapping[str, Sequence[str]] | None = None,
    accounts: Sequence[tuple[str, str]] = (("x", "9"), ("facebook", "111")),
) -> dict[str, object]:
    """A campaign of one side as the registry lands it; `assets` maps asset ids to `platform:alias`
    references.
    """
    return {
        "id": campaign_id,
        "name": campaign_id.title(),
        "starts": starts.isoformat(),
        "ends": ends.isoformat(),
        "timezone": timezone,
        "sides": [{"id": "ours", "name": "Ours", "ours": True}],
        "accounts": [
            {"side": "ours", "platform": platform, "handle": None, "id": account, "name": None, "watch": True}
            for platform, account in accounts
        ],
        "assets": [
            {
                "id": asset,
                "title": asset.title(),
                "side": "ours",
                "kind": "video",
                "tags": [],
                "tone": None,
                "posts": [
                    dict(zip(("platform", "alias"), post.split(":", 1), strict=True)) for post in posts
                ],
            }
            for asset, posts in (assets or {}).items()
        ],
        "audiences": [],
    }


@dataclass(frozen=True)
class Sighting:
    """What one answer showed of one object, as the readings hold it.

    `counters` by native name; `periods` maps (native name, breakdown, first day, last day) to the value and
    whether it covers the whole of those days.
    """

    response_id: str
    observed_at: datetime
    state: str
    account_id: str | None
    created_at: datetime | None
    text: str | None
    permalink: str | None
    aliases: set[str]
    media_ids: list[str]
    post_ids: list[str]
    handle: str | None
    name: str | None
    counters: dict[str, int]
    links: list[str] = field(default_factory=list)
    content_keys: list[str] = field(default_factory=list)
    periods: dict[tuple[str, str, date, date], tuple[int, bool]] = field(default_factory=dict)


@dataclass
class Lake:
    """A lake and its warehouse under one folder."""

    root: Path
    runs: int = field(default=0)
    # The warehouse that was asked last: which file it was, and the connection to it.
    _open: tuple[tuple[int, int, int], duckdb.DuckDBPyConnection] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def readings(self) -> Path:
        return self.root / "readings"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    def register(self, *campaigns: Mapping[str, object], moment: datetime = WALL_CLOCK) -> None:
        """Put a registry in force, as known at a moment."""
        self.runs += 1
        land_registry(
            self.landing,
            [(str(each["id"]), json.dumps(each, sort_keys=True)) for each in campaigns],
            moment,
            WALL_CLOCK + timedelta(seconds=self.runs),
        )

    def answer(
        self,
        observed_at: datetime,
        body: object,
        *,
        platform: str = "x",
        endpoint: str = "posts",
        status: int = 200,
        params: Mapping[str, str] | None = None,
        url: str = X_TWEETS,
        run_id: str | None = None,
    ) -> None:
        """Land one answer as a run of its own; a body that is no string is written as JSON."""
        self.answers(
            [(observed_at, body)],
            platform=platform,
            endpoint=endpoint,
            status=status,
            params=params,
            url=url,
            run_id=run_id,
        )

    def answers(
        self,
        bodies: Iterable[tuple[datetime, object]],
        *,
        platform: str = "x",
        endpoint: str = "posts",
        status: int = 200,
        params: Mapping[str, str] | None = None,
        url: str = X_TWEETS,
        run_id: str | None = None,
    ) -> None:
        """Land several answers as one run."""
        self.runs += 1
        run_id = run_id or f"run-{self.runs:05d}"
        with LandingWriter(self.landing) as writer:
            for number, (observed_at, body) in enumerate(bodies):
                writer.add(
                    {
                        "response_id": f"{run_id}-{number:05d}",
                        "run_id": run_id,
                        "platform": platform,
                        "endpoint": endpoint,
                        "campaign_id": "water",
                        "observed_at": observed_at,
                        "requested_at": WALL_CLOCK,
                        "method": "GET",
                        "url": url,
                        "params": json.dumps(dict(params or {})),
                        "status": status,
                        "headers": "{}",
                        "body": body if isinstance(body, str) else json.dumps(body),
                        "page": 1,
                        "elapsed_ms": 1,
                        "schema_version": 1,
                    }
                )

    def see(self, platform: str, *sightings: Mapping[str, object]) -> None:
        """Put sightings straight into the readings, as a batch that was read from answers.

        A sighting needs `object_type`, `object_id` and `observed_at`; a build with `full` forgets it.
        """
        self.runs += 1
        name = f"made-by-hand-{self.runs:05d}"
        schema = _sighting_schema()
        rows = []
        for number, sighting in enumerate(sightings):
            row: dict[str, object] = {
                column.name: [] if pa.types.is_list(column.type) else None for column in schema
            }
            row |= {"platform": platform, "response_id": f"{name}-{number:05d}", "state": "present"}
            row |= {"source": "api", "known_at": sighting["observed_at"]}
            rows.append({**row, **sighting})
        final = self.readings / f"platform={platform}" / "month=2026-11" / f"{name}-0.parquet"
        final.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), final)
        batches = self.readings / "batches"
        batches.mkdir(exist_ok=True)
        sizes = {str(final.relative_to(self.readings)): final.stat().st_size}
        (batches / f"{name}.json").write_text(json.dumps({"landed": [], "sizes": sizes}))
        (self.readings / "fingerprint").write_text(fingerprint())

    def build(self, **options: object) -> BuildReport:
        """Build and publish."""
        return build(self.landing, self.readings, self.warehouse, **options)  # type: ignore[arg-type]

    def read(self) -> dict[tuple[str, str], Sighting]:
        """Bring only the readings up to date; every object's latest sighting by (type, id)."""
        update(self.landing, self.readings, full=False, progress=lambda step: None)
        rows: list[dict[str, Any]] = [
            row
            for batch in committed(self.readings)
            for file in batch.files
            for row in pq.ParquetFile(self.readings / file).read().to_pylist()
        ]
        found = {}
        for row in sorted(rows, key=lambda row: (row["observed_at"], row["response_id"])):
            shown = {field.name: row[field.name] for field in fields(Sighting)}
            shown["aliases"] = set(row["aliases"])
            shown["counters"] = {one["metric"]: one["value"] for one in row["counters"]}
            shown["periods"] = {
                (one["metric"], one["breakdown"], one["first_day"], one["last_day"]): (
                    one["value"],
                    one["is_whole"],
                )
                for one in row["periods"]
            }
            found[row["object_type"], row["object_id"]] = Sighting(**shown)
        return found

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of the published warehouse, which stays open until another is published: opening takes longer
        than most questions."""
        found = self.warehouse.stat()
        file = (found.st_ino, found.st_size, found.st_mtime_ns)
        if self._open is None or self._open[0] != file:
            if self._open is not None:
                self._open[1].close()
            self._open = (file, open_published(self.warehouse))
        return self._open[1].execute(statement).fetchall()

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every summary, fact and mart, in one order, for comparing two warehouses."""
        return everything_held(self.warehouse)


@cache
def _sighting_schema() -> pa.Schema:
    """The columns of the readings as Parquet has them."""
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"create table sightings ({SIGHTING})")
        return con.sql("from sightings").to_arrow_table().schema


def periods(
    metric: str, values: Mapping[date, int], *, breakdown: str = "", is_whole: bool = True
) -> list[dict[str, object]]:
    """Values that a platform gives for single days of its own, as a sighting's `periods`."""
    return [period(metric, day, day, value, breakdown, is_whole=is_whole) for day, value in values.items()]


def period(
    metric: str, first_day: date, last_day: date, value: int, breakdown: str = "", *, is_whole: bool = True
) -> dict[str, object]:
    """One value that a platform gives for some days of its own."""
    return {
        "metric": metric,
        "breakdown": breakdown,
        "first_day": first_day,
        "last_day": last_day,
        "is_whole": is_whole,
        "value": value,
    }


def x_post(
    post_id: str,
    *,
    retweets: int | None = None,
    created_at: datetime | None = None,
    author: str = "9",
    media: Sequence[str] = (),
    text: str = "A post",
    **metrics: int,
) -> dict[str, object]:
    """A post as X shows it."""
    counted = dict(metrics) if retweets is None else {"retweet_count": retweets, **metrics}
    post: dict[str, object] = {
        "id": post_id,
        "text": text,
        "author_id": author,
        "edit_history_tweet_ids": [post_id],
        "public_metrics": counted,
    }
    if created_at is not None:
        post["created_at"] = (
            created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
            + f"{created_at.microsecond // 1000:03d}Z"
        )
    if media:
        post["attachments"] = {"media_keys": list(media)}
    return post


def x_media(media_key: str, views: int) -> dict[str, object]:
    """A video as X shows it beside its posts."""
    return {"media_key": media_key, "type": "video", "public_metrics": {"view_count": views}}


def fb_post(
    post_id: str,
    *,
    created_at: datetime | None = None,
    page: str = "111",
    shares: int | None = None,
    reactions: int | None = None,
    comments: int | None = None,
    by_type: Mapping[str, int] | None = None,
    videos: Sequence[str] = (),
    text: str | None = "A post",
    permalink: str | None = None,
) -> dict[str, object]:
    """A Page's post as the Graph API shows it; what is None is left out, as the platform does."""

    def counted(total: int) -> dict[str, object]:
        return {"data": [], "summary": {"total_count": total, "viewer_reaction": "NONE"}}

    post: dict[str, object] = {"id": post_id, "from": {"id": page, "name": "Our page"}, "is_published": True}
    if created_at is not None:
        post["created_time"] = created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    if text is not None:
        post["message"] = text
    if permalink is not None:
        post["permalink_url"] = permalink
    if shares is not None:
        post["shares"] = {"count": shares}
    if reactions is not None:
        post["reactions"] = counted(reactions)
    if comments is not None:
        post["comments"] = counted(comments)
    for kind, total in (by_type or {}).items():
        post[f"r_{kind}"] = counted(total)
    if videos:
        post["status_type"] = "added_video"
        post["attachments"] = {
            "data": [
                {"media_type": "video", "type": "video_inline", "title": "A film", "target": {"id": video}}
                for video in videos
            ]
        }
    return post


def fb_video(
    video_id: str, *, views: int | None = None, post_id: str | None = None, page: str | None = "111"
) -> dict[str, object]:
    """A video or reel as the Graph API shows it; `post_id` as there, without the Page."""
    video: dict[str, object] = {"id": video_id, "length": 30.5}
    if page is not None:
        video["from"] = {"id": page}
    if post_id is not None:
        video["post_id"] = post_id
    if views is not None:
        video["views"] = views
    return video


def fb_insights(object_id: str, *, period: str = "lifetime", **metrics: object) -> dict[str, object]:
    """An insights answer of a post or video."""
    return {
        "data": [
            {
                "name": name,
                "period": period,
                "values": [{"value": value}],
                "id": f"{object_id}/insights/{name}/{period}",
            }
            for name, value in metrics.items()
        ]
    }


def fb_batch(*answers: object) -> list[object]:
    """What a batch call answers: each answer as JSON text inside an item; None where a part timed out."""
    return [
        None if one is None else {"code": 200, "body": one if isinstance(one, str) else json.dumps(one)}
        for one in answers
    ]


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """A writable connection, for planting faults."""
    return duckdb.connect(path)
