"""A build as known at a moment is the build that could have been made then."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.warehouse.lake import Lake, campaign, fb_post, x_post
from warehouse.build import BuildRefused, build

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
    that a platform counts itself and restates, and a registry that is changed twice, its time zone too."""
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
    return sorted(events, key=lambda event: event[0])


def answering(
    moment: datetime, body: object, platform: str, endpoint: str, params: dict[str, str] | None = None
) -> Callable[[Lake], None]:
    return lambda lake: lake.answer(moment, body, platform=platform, endpoint=endpoint, params=params)


def landed(root: Path, events: list[Event]) -> Lake:
    lake = Lake(root)
    for _, land in events:
        land(lake)
    return lake


@pytest.mark.parametrize("seed", [1, 2])
def test_it_equals_a_build_of_what_had_landed_by_then(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    events = history(chance)
    whole = landed(tmp_path / "whole", events)
    whole.build()
    now = whole.tables()
    moments = [chance.choice(events[1:])[0], START + chance.randrange(9, 118) * HOUR]
    for moment in moments:
        then = Lake(tmp_path / f"then {moment:%d %H %M}")
        report = build(whole.landing, whole.readings, then.warehouse, as_known_at=moment)
        assert report.mode == "full"
        landed_by_then = landed(
            tmp_path / f"by then {moment:%d %H %M}", [event for event in events if event[0] <= moment]
        )
        landed_by_then.build()
        assert then.tables() == landed_by_then.tables()
    assert whole.tables() == now
    assert whole.build().mode == "unchanged"


def test_a_file_as_known_at_a_moment_is_made_again_for_another_and_when_more_was_read(tmp_path: Path) -> None:
    events = history(random.Random(3))
    lake = landed(tmp_path / "lake", events)
    out = Lake(tmp_path / "out")
    early, late = START + 30 * HOUR, START + 60 * HOUR

    def out_as_known_at(moment: datetime) -> str:
        return build(lake.landing, lake.readings, out.warehouse, as_known_at=moment).mode

    assert out_as_known_at(late) == "full"
    of_late = out.tables()
    assert out_as_known_at(late) == "unchanged"
    assert out_as_known_at(early) == "full"
    assert out.tables() != of_late
    assert out_as_known_at(late) == "full"
    assert out.tables() == of_late
    # Read before that moment, and landed only now.
    lake.answer(early, {"data": [x_post("1", retweets=7_000)]})
    assert out_as_known_at(late) == "full"
    assert out.tables() != of_late
    assert build(lake.landing, lake.readings, out.warehouse).mode == "full"
    lake.build()
    assert out.tables() == lake.tables()


def test_a_moment_before_anything_was_read_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    lake = landed(tmp_path / "lake", history(random.Random(4)))
    out = tmp_path / "out" / "then.duckdb"
    with pytest.raises(BuildRefused, match="nothing had been read by 2019-10-31T") as refusal:
        build(lake.landing, lake.readings, out, as_known_at=START - HOUR)
    assert "give a later moment" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert [path.name for path in out.parent.iterdir()] == [".build.lock"]
