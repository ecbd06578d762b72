"""What landed counts, and nothing else: not the order of files, their portions, their repetition or when they
came.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.warehouse.compare import Rows, by_name, differences, everything_held, everything_said
from tests.warehouse.histories import START, ZONES, History, answers_of, listing, many
from tests.warehouse.lake import Lake, campaign, fb_insights, fb_post, periods
from warehouse.publish import open_published

HISTORIES = many(11, 300)
ANSWERS = answers_of(HISTORIES)
DAY = timedelta(days=1)

Answers = Sequence[tuple[datetime, object]]


def registered(root: Path, each: Sequence[History] = HISTORIES) -> Lake:
    """A lake with two campaigns of different zones over every post."""
    lake = Lake(root)
    listed = listing(range(1, len(each) + 1))
    lake.register(*(campaign(zone, timezone=zone, assets=listed) for zone in ZONES[:2]))
    return lake


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """All answers, landed in order and built once; nobody writes to it."""
    lake = registered(tmp_path_factory.mktemp("in-order"))
    lake.answers(ANSWERS)
    lake.build()
    return lake


@pytest.fixture(scope="module")
def at_once(in_order: Lake) -> dict[str, Rows]:
    """What its warehouse says."""
    return everything_said(in_order.warehouse)


@pytest.fixture
def copy(in_order: Lake, tmp_path: Path) -> Lake:
    """A copy of it."""
    return Lake(Path(shutil.copytree(in_order.root, tmp_path / "copy")), in_order.runs)


def of_day(answers: Answers, day: date) -> Answers:
    return [answer for answer in answers if answer[0].date() == day]


def test_files_in_any_order_and_portions_give_the_tables_of_one_build(
    tmp_path: Path, at_once: dict[str, Rows]
) -> None:
    chance = random.Random(12)
    lake = registered(tmp_path)
    waiting = chance.sample(ANSWERS, len(ANSWERS))
    for portion in (waiting[:200], waiting[200:900], waiting[900:]):
        lake.answers(portion)
        lake.build()
    assert differences(everything_said(lake.warehouse), at_once) == {}


def test_answers_that_landed_twice_count_once(tmp_path: Path, at_once: dict[str, Rows]) -> None:
    chance = random.Random(13)
    lake = registered(tmp_path)
    lake.answers([*ANSWERS, *chance.sample(ANSWERS, 500)])
    lake.build()
    assert differences(everything_said(lake.warehouse), at_once) == {}


def test_a_day_that_is_replayed_changes_nothing(copy: Lake, at_once: dict[str, Rows]) -> None:
    for back in (4, 9):
        copy.answers(of_day(ANSWERS, (START + back * DAY).date()))
    assert copy.build().mode == "incremental"
    assert differences(everything_said(copy.warehouse), at_once) == {}


def test_days_that_come_after_later_ones_were_built_take_their_place(
    tmp_path: Path, at_once: dict[str, Rows]
) -> None:
    late = [(START + back * DAY).date() for back in (0, 3, 4, 8)]
    lake = registered(tmp_path)
    lake.answers([answer for answer in ANSWERS if answer[0].date() not in late])
    lake.build()
    for days in (late[2:3], late[:2] + late[3:]):
        for day in days:
            lake.answers(of_day(ANSWERS, day))
        assert lake.build().mode == "incremental"
    assert differences(everything_said(lake.warehouse), at_once) == {}


def test_the_same_landing_gives_the_same_tables_after_everything_else_is_deleted(
    copy: Lake, at_once: dict[str, Rows]
) -> None:
    for path in copy.root.iterdir():
        if path.is_dir() and path != copy.landing:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
    assert [path.name for path in copy.root.iterdir()] == ["landing"]
    copy.build()
    assert differences(everything_said(copy.warehouse), at_once) == {}


def test_a_number_that_one_answer_tells_twice_is_one_reading(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"film": ["facebook:111_1"]}))
    post = fb_post("111_1", reactions=1)
    lake.answer(START, {"111_1": post}, platform="facebook")
    told = [fb_insights("111_1", post_video_views=value)["data"] for value in (10, 12)]
    body = {"data": [row for rows in told for row in rows]}  # type: ignore[attr-defined]
    for _ in range(2):
        lake.answer(START + timedelta(hours=1), body, platform="facebook", endpoint="insights")
        lake.build()
        with open_published(lake.warehouse) as con:
            days = by_name(con, "summaries.counter_days")
            held = con.execute(
                f"select polls, first_value, last_value from {days} where metric = 'post_video_views'"
            ).fetchall()
        assert held == [(1, 12, 12)]


def anything_seen(chance: random.Random, number: int) -> dict[str, object]:
    """A sighting of one of a few posts, videos, hashtags or accounts, with whatever it may show."""
    kind = chance.choice(["post", "post", "post", "media", "hashtag", "account"])
    moment = datetime(2019, 11, 1, tzinfo=UTC) + timedelta(hours=12 * chance.randrange(20))
    state = chance.choices(["present", "gone", "withheld"], [8, 1, 1])[0]
    seen: dict[str, object] = {
        "object_type": kind,
        "object_id": f"{'#' if kind == 'hashtag' else ''}{kind}{chance.randrange(5)}",
        "observed_at": moment,
        # Several sightings of an answer: nothing but what they say tells them apart.
        "response_id": f"answer-{number // 5:05d}",
        "state": state,
    }
    if state != "present":
        return seen
    days = {moment.date() - timedelta(days=back): chance.randrange(1000) for back in range(2)}
    shown: dict[str, object] = {
        "account_id": chance.choice(["9", "8", None]),
        "text": chance.choice(["Our film", "our clip #nhs", "Nothing", None]),
        "permalink": chance.choice(["https://x.com/i/status/600", "https://x.com/i/status/601", None]),
        "handle": chance.choice(["Ours", "ours_hq", None]),
        "name": chance.choice(["Ours", "Our HQ", None]),
        "links": chance.choice([[], ["https://vote.example/"], ["https://a.example/", "https://b.example/"]]),
        "media_ids": chance.choice([[], ["media1"], ["media2", "media3"]]),
        "content_keys": chance.choice([[], ["same"], ["other"]]),
        "aliases": chance.choice([[], ["alias"]]),
        "counters": [
            {"metric": chance.choice(["retweet_count", "view_count"]), "value": chance.randrange(99)}
        ],
        "periods": periods("tweet_count/day", days, is_whole=chance.random() < 0.5),
    }
    return seen | {name: value for name, value in shown.items() if chance.random() < 0.8}


def test_what_is_known_of_objects_hangs_on_no_order_portion_or_repetition(tmp_path: Path) -> None:
    chance = random.Random(14)
    match = {"text": ["film"], "hashtags": ["nhs"], "links": ["https://vote.example"], "same_video": True}
    made = campaign(assets={"film": ["x:post0"], "clip": []}, accounts=[("x", "9"), ("x", "8")])
    assets = [asset | {"match": match} for asset in made["assets"]]  # type: ignore[attr-defined]
    seen = [anything_seen(chance, number) for number in range(150)]
    lake, once = Lake(tmp_path / "portions"), Lake(tmp_path / "once")
    for each in (lake, once):
        each.register(made | {"assets": assets})
    once.see("x", *seen)
    once.build()
    # An answer lies in one file; what it says of different things may come in any order.
    answers = [seen[start : start + 5] for start in range(0, len(seen), 5)]
    shuffled = [
        each for answer in chance.sample(answers, len(answers)) for each in chance.sample(answer, len(answer))
    ]
    for portion in (shuffled[:30], shuffled[20:35], shuffled[35:]):
        lake.see("x", *portion)
        lake.build()
    assert lake.build().mode == "unchanged"
    assert differences(everything_held(lake.warehouse), everything_held(once.warehouse)) == {}
