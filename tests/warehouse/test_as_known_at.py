"""A build as known at a moment is the build that could have been made then."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.warehouse.lake import Lake, campaign, fb_post, x_post
from warehouse.build import BuildRefused, build
from warehouse.forgetting import moment_of
from warehouse.landing import LandingWriter

START = datetime(2019, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

GONE = {
    "resource_type": "tweet",
    "resource_id": "2",
    "type": "https://api.x.com/2/problems/resource-not-found",
}

Event = tuple[datetime, Callable[[Lake], None]]


def history(chance: random.Random) -> list[Event]:
    """What lands over five days, in the order of its moments: two platforms' counters, a post that goes, days
    that a platform counts itself and restates, a registry that is changed twice, its time zone too, and
    exports of posts whose names the platform's API shows before or after."""
    registries = [
        campaign(assets={"film": ["x:1"], "clip": ["facebook:111_7"]}),
        campaign(assets={"film": ["x:1", "facebook:111_7"]}),
        campaign(assets={"film": ["x:1", "x:2"]}, timezone="Asia/Tokyo"),
    ]
    moments = [START, *sorted(START + chance.randrange(2, 120) * HOUR for _ in range(2))]
    events: list[Event] = [
        (moment, lambda lake, moment=moment, one=one: lake.register(one, moment=moment))  # type: ignore[misc]
        for moment, one in zip(moments, registries, strict=True)
    ]
    for number in range(12):
        moment = START + timedelta(hours=number * 10, minutes=chance.randrange(1, 500))
        if number == 7:
            body: object = {"data": [x_post("1", retweets=number)], "errors": [GONE]}
            events.append((moment, answering(moment, body, "x", "posts")))
        elif number in (5, 9):
            day = {
                "start": "2019-11-01T00:00:00.000Z",
                "end": "2019-11-02T00:00:00.000Z",
                "tweet_count": number,
            }
            question = {"query": "retweets_of:CleanWaterNow", "granularity": "day"}
            events.append((moment, answering(moment, {"data": [day]}, "x", "counts", question)))
        elif number % 3 == 1:
            seen = {"111_7": fb_post("111_7", shares=number)}
            events.append((moment, answering(moment, seen, "facebook", "posts")))
        else:
            posts = [x_post(post, retweets=number * 10, created_at=START) for post in ("1", "2")]
            events.append((moment, answering(moment, {"data": posts[: 1 + number % 2]}, "x", "posts")))
    for number, names in enumerate([["pfbid7"], ["pfbid9", "pfbid8"], ["pfbid9"], ["pfbid7", "111_7"]]):
        moment = START + chance.randrange(5, 60) * HOUR
        events.append((moment, exporting(moment, names, shares=number + 1)))
    for post in ("111_7", "111_8", "111_9"):
        moment = START + chance.randrange(50, 120) * HOUR
        events.append((moment, answering(moment, {post: shown_with_its_address(post)}, "facebook", "posts")))
    return sorted(events, key=lambda event: event[0])


def answering(
    moment: datetime, body: object, platform: str, endpoint: str, params: dict[str, str] | None = None
) -> Callable[[Lake], None]:
    return lambda lake: lake.answer(moment, body, platform=platform, endpoint=endpoint, params=params)


def shown_with_its_address(post: str) -> dict[str, object]:
    """A Page's post as the API shows it, whose address ends in `pfbid` and the post's last digit."""
    permalink = f"https://www.facebook.com/ours/posts/pfbid{post[-1]}"
    return fb_post(post, shares=70, created_at=START, permalink=permalink)


def exporting(moment: datetime, names: Sequence[str], *, shares: int) -> Callable[[Lake], None]:
    """An export of a watched Page's post, made two hours before the moment at which it was handed in."""
    row = {
        "object_type": "post",
        "names": names,
        "account_id": "111",
        "created_at": START.isoformat(),
        "permalink": f"https://www.facebook.com/ours/posts/{names[0]}",
        "text": "A post",
        "counters": {"shares": shares},
    }

    def land(lake: Lake) -> None:
        lake.runs += 1
        with LandingWriter(lake.landing) as writer:
            writer.add(
                {
                    "response_id": f"export-{lake.runs:05d}",
                    "run_id": f"export-{lake.runs:05d}",
                    "platform": "facebook",
                    "endpoint": "export",
                    "campaign_id": "",
                    "observed_at": moment - 2 * HOUR,
                    "requested_at": moment,
                    "method": "IMPORT",
                    "url": "file:posts.csv",
                    "params": "{}",
                    "status": 200,
                    "headers": "{}",
                    "body": json.dumps({"rows": [row]}),
                    "page": 1,
                    "elapsed_ms": 0,
                    "schema_version": 1,
                }
            )

    return land


def landed(root: Path, events: list[Event]) -> Lake:
    lake = Lake(root)
    for _, land in events:
        land(lake)
    return lake


def as_known_then(whole: Lake, moment: datetime) -> Lake:
    """A warehouse as known at a moment."""
    then = Lake(whole.root / f"then {moment:%d %H %M}")
    assert build(whole.landing, whole.readings, then.warehouse, as_known_at=moment).mode == "full"
    return then


def test_it_equals_a_build_of_what_had_landed_by_then(tmp_path: Path) -> None:
    chance = random.Random(1)
    events = history(chance)
    moment = START + chance.randrange(40, 60) * HOUR
    by_then = [event for event in events if event[0] <= moment]
    assert 0 < len(by_then) < len(events)
    lake = landed(tmp_path / "lake", by_then)
    lake.build()
    said_then = lake.tables()
    for _, land in events[len(by_then) :]:
        land(lake)
    lake.build()
    now = lake.tables()
    assert as_known_then(lake, moment).tables() == said_then
    assert lake.tables() == now != said_then
    assert lake.build().mode == "unchanged"


def test_an_exports_post_has_the_name_that_was_known_by_then(tmp_path: Path) -> None:
    """One post is listed by its address, another stands for its Page alone; the API shows both later, and one
    that the first name of the second stands for after that."""
    registry = campaign(assets={"film": ["facebook:pfbid7"]})
    moments = [START + day * 24 * HOUR for day in range(4)]
    lake = Lake(tmp_path / "lake")
    lake.register(registry, moment=START)
    steps: list[list[Callable[[Lake], None]]] = [
        [
            exporting(moments[1], ["pfbid7"], shares=50),
            exporting(moments[1], ["pfbid9", "pfbid8"], shares=60),
        ],
        [
            answering(moments[2], {post: shown_with_its_address(post)}, "facebook", "posts")
            for post in ("111_7", "111_8")
        ],
        [answering(moments[3], {"111_9": shown_with_its_address("111_9")}, "facebook", "posts")],
    ]
    said_then = []
    for step in steps:
        for land in step:
            land(lake)
        lake.build()
        said_then.append(lake.tables())
    exported = "select distinct post_id from marts.post_daily where source like '%export%' order by 1"
    posts = "select post_id, account_id from marts.posts order by 1"
    names = []
    for moment, said in zip(moments[1:], said_then, strict=True):
        then = as_known_then(lake, moment + HOUR)
        assert then.tables() == said
        assert all(account == "111" for _, account in then.query(posts))
        names.append([name for (name,) in then.query(exported)])
    assert names == [["pfbid7", "pfbid9"], ["111_7", "111_8"], ["111_7", "111_9"]]
    assert lake.build().mode == "unchanged"


def test_a_file_as_known_at_a_moment_is_made_again_for_another_and_when_more_was_read(tmp_path: Path) -> None:
    events = history(random.Random(3))
    lake = landed(tmp_path / "lake", events)
    out = Lake(tmp_path / "out")
    early, late = START + 30 * HOUR, START + 60 * HOUR

    def out_as_known_at(moment: datetime) -> str:
        return build(lake.landing, lake.readings, out.warehouse, as_known_at=moment).mode

    assert out_as_known_at(early) == "full"
    of_early = out.tables()
    assert out_as_known_at(late) == "full"
    of_late = out.tables()
    assert of_late != of_early
    assert out_as_known_at(late) == "unchanged"
    # Read before that moment, and landed only now.
    lake.answer(early, {"data": [x_post("1", retweets=7_000)]})
    assert out_as_known_at(late) == "full"
    assert out.tables() != of_late
    assert build(lake.landing, lake.readings, out.warehouse).mode == "full"
    lake.build()
    assert out.tables() == lake.tables()
    # And what leaves nothing out knows of when it is, also where what lands later was observed before.
    newest = START + 500 * HOUR
    for moment in (newest, early):
        lake.answer(moment, {"data": [x_post("1", retweets=8_000)]})
        assert lake.build().mode == "incremental"
        assert moment_of(lake.warehouse) == newest


def test_a_moment_before_anything_was_read_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    lake = landed(tmp_path / "lake", history(random.Random(4)))
    out = tmp_path / "out" / "then.duckdb"
    with pytest.raises(BuildRefused, match="nothing had been read by 2019-10-31T") as refusal:
        build(lake.landing, lake.readings, out, as_known_at=START - HOUR)
    assert "give a later moment" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert [path.name for path in out.parent.iterdir()] == [".build.lock"]
