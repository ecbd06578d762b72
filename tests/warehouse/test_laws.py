"""The laws of the daily numbers, over invented histories, against the slow reference."""

from __future__ import annotations

import itertools
import random
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.histories import ZONES, History, histories
from tests.warehouse.lake import Lake, campaign, periods, x_post
from tests.warehouse.reference import Day, daily_gains, without_glitches

many_histories = st.lists(histories(), min_size=20, max_size=30)


def new_lake(folder: str) -> Lake:
    return Lake(Path(folder))


def answers_of(each: Sequence[History]) -> list[tuple[datetime, object]]:
    """One answer for each moment, with every post that was read then; posts are numbered from 1."""
    moments: dict[datetime, list[object]] = {}
    for number, history in enumerate(each, start=1):
        for moment, value in history.readings:
            moments.setdefault(moment, []).append(
                x_post(str(number), retweets=value, created_at=history.created_at)
            )
    return [(moment, {"data": posts}) for moment, posts in sorted(moments.items())]


def register(lake: Lake, zone: str, posts: int) -> None:
    """A campaign that lists every post, so that all count whenever they were posted."""
    lake.register(campaign(timezone=zone, assets={f"asset-{n}": [f"x:{n}"] for n in range(1, posts + 1)}))


def retweets_daily(lake: Lake) -> dict[str, dict[date, Day]]:
    days: dict[str, dict[date, Day]] = {}
    for post, day, gain, total, completeness in lake.query(
        "select post_id, day, gain, total, completeness from marts.post_daily where metric = 'retweets'"
    ):
        days.setdefault(str(post), {})[day] = Day(gain, total, completeness)  # type: ignore[index,arg-type]
    return days


@settings(max_examples=25)
@given(many_histories, st.sampled_from(ZONES))
def test_every_day_is_what_the_slow_reference_says(each: list[History], zone: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = new_lake(folder)
        register(lake, zone, len(each))
        lake.answers(answers_of(each))
        lake.build()
        found = retweets_daily(lake)
    for number, history in enumerate(each, start=1):
        assert found.get(str(number), {}) == daily_gains(
            history.by_moment, history.created_at, ZoneInfo(zone)
        )


@settings(max_examples=7)
@given(many_histories, st.randoms(use_true_random=False), st.integers(2, 5))
def test_files_in_any_order_in_any_portions_and_twice_give_the_tables_of_one_full_build(
    each: list[History], chance: random.Random, portions: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = new_lake(folder)
        register(lake, "Europe/London", len(each))
        waiting = answers_of(each)
        chance.shuffle(waiting)
        size = len(waiting) // portions + 1
        for start in range(0, len(waiting), size):
            portion = waiting[start : start + size]
            lake.answers(portion)
            if chance.random() < 0.3:
                lake.answers(portion[:3])
            lake.build()
        incremental = lake.tables()
        assert lake.build(full=True).mode == "full"
        assert lake.tables() == incremental

        once = new_lake(folder + "/once")
        register(once, "Europe/London", len(each))
        once.answers(sorted(waiting, key=lambda answer: answer[0]))
        once.build()
        for table, rows in once.tables().items():
            if table.startswith("marts."):
                assert rows == incremental[table], table


def anything_seen(chance: random.Random, number: int) -> dict[str, object]:
    """A sighting of one of a few posts, videos, hashtags or accounts, with whatever it may show."""
    kind = chance.choice(["post", "post", "post", "media", "hashtag", "account"])
    moment = datetime.fromisoformat("2019-11-01T00:00:00+00:00") + timedelta(hours=12 * chance.randrange(20))
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


@settings(max_examples=2)
@given(st.integers(0, 2**32))
def test_what_is_known_of_objects_hangs_on_no_order_portion_or_repetition(seed: int) -> None:
    chance = random.Random(seed)
    match = {"text": ["film"], "hashtags": ["nhs"], "links": ["https://vote.example"], "same_video": True}
    made = campaign(assets={"film": ["x:post0"], "clip": []}, accounts=[("x", "9"), ("x", "8")])
    assets = [asset | {"match": match} for asset in made["assets"]]  # type: ignore[attr-defined]
    seen = [anything_seen(chance, number) for number in range(chance.randrange(40, 160))]
    with tempfile.TemporaryDirectory() as folder:
        lake, once = new_lake(folder + "/portions"), new_lake(folder + "/once")
        for each in (lake, once):
            each.register(made | {"assets": assets})
        once.see("x", *seen)
        once.build()
        shuffled = chance.sample(seen, len(seen))
        for portion in (shuffled[:30], shuffled[20:35], shuffled[35:]):
            lake.see("x", *portion)
            lake.build()
        assert lake.build().mode == "unchanged"
        expected, found = once.tables(), lake.tables()
    assert {table for table in expected if found[table] != expected[table]} == set()


def edit(post_id: str, edits: list[str], text: str, likes: int) -> dict[str, object]:
    """One edit of a post, under an id of its own."""
    shown = {"text": text, "author_id": "9", "public_metrics": {"like_count": likes}}
    return {"id": post_id, "edit_history_tweet_ids": edits, **shown}


def test_the_newest_edit_tells_what_a_post_says_in_whatever_order_edits_are_shown(tmp_path: Path) -> None:
    hour = datetime.fromisoformat("2019-11-01T00:00:00+00:00")
    lake = Lake(tmp_path)
    lake.register(campaign())
    oldest, expected = [], []
    for number, order in enumerate(itertools.permutations(range(3))):
        for kind in (6, 7):
            history = [f"{kind}{number}{place}" for place in range(3)]
            # The second kind as if the platform told each edit with the history of its own moment.
            shown = [
                edit(one, history if kind == 6 else history[: place + 1], f"text of {one}", 5)
                for place, one in enumerate(history)
            ]
            lake.answer(hour, {"data": [shown[place] for place in order]})
            oldest.append(edit(history[0], history, f"text of {history[0]}", 5))
            expected.append((f"text of {history[2]}", f"https://x.com/i/status/{history[2]}"))
    lake.build()
    # A link to an old edit is asked for, alone and later.
    lake.answer(hour + timedelta(hours=5), {"data": oldest})
    lake.build()
    assert lake.query("select title, permalink from facts.posts order by all") == sorted(expected)
    incremental = lake.tables()
    lake.build(full=True)
    assert lake.tables() == incremental


def test_two_names_of_an_account_in_one_answer_are_told_apart_by_what_they_say(tmp_path: Path) -> None:
    hour = datetime.fromisoformat("2019-11-01T00:00:00+00:00")
    lake = Lake(tmp_path)
    lake.register(campaign())
    for number, order in enumerate(itertools.permutations(["ours", "ours_hq", "ours2019"])):
        users = [{"id": str(number), "username": name, "name": name} for name in order]
        lake.answer(hour, {"data": [], "includes": {"users": users}}, run_id=f"run-{number}")
    lake.build()
    assert len(lake.query("select distinct latest.handle, latest.name from summaries.accounts")) == 1


@settings(max_examples=10)
@given(many_histories, st.randoms(use_true_random=False))
def test_dropping_readings_moves_gains_between_days_and_never_their_sum(
    each: list[History], chance: random.Random
) -> None:
    # Revisions that look like glitches once their neighbours are gone are another law's matter.
    steady = [
        History(tuple(without_glitches(history.by_moment).items()), history.created_at) for history in each
    ]
    thinned = [
        History(
            tuple(
                reading
                for place, reading in enumerate(history.readings)
                if place in (0, len(history.readings) - 1) or chance.random() < 0.5
            ),
            history.created_at,
        )
        for history in steady
    ]
    comparable = [
        (whole, thin)
        for whole, thin in zip(steady, thinned, strict=True)
        if without_glitches(whole.by_moment) == whole.by_moment
        and without_glitches(thin.by_moment) == thin.by_moment
    ]
    sums = []
    for chosen in zip(*comparable, strict=True):
        with tempfile.TemporaryDirectory() as folder:
            lake = new_lake(folder)
            register(lake, "Europe/London", len(chosen))
            lake.answers(answers_of(chosen))
            lake.build()
            sums.append(
                lake.query(
                    "select post_id, sum(gain) from marts.post_daily where metric = 'retweets' "
                    "group by all order by all"
                )
            )
    assert all(one == sums[0] for one in sums)


def test_days_of_23_and_25_hours_are_whole_days(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(starts=date(2019, 3, 1), assets={"film": ["x:1"]}))
    hour = datetime.fromisoformat("2019-03-29T00:00:00+00:00")
    lake.answers([(hour + timedelta(hours=n), {"data": [x_post("1", retweets=n)]}) for n in range(24 * 5)])
    autumn = datetime.fromisoformat("2019-10-26T00:00:00+00:00")
    lake.answers([(autumn + timedelta(hours=n), {"data": [x_post("2", retweets=n)]}) for n in range(24 * 4)])
    lake.register(campaign(assets={"film": ["x:1"], "clip": ["x:2"]}))
    lake.build()
    gains = {
        (post, day): gain
        for post, day, gain in lake.query(
            "select post_id, day, gain from marts.post_daily where metric = 'retweets'"
        )
    }
    assert gains["1", date(2019, 3, 30)] == 24
    assert gains["1", date(2019, 3, 31)] == 23
    assert gains["1", date(2019, 4, 1)] == 24
    assert gains["2", date(2019, 10, 27)] == 25


def test_the_same_landing_gives_the_same_tables_after_everything_else_is_deleted(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"film": ["x:1"]}))
    hour = datetime.fromisoformat("2019-11-01T00:00:00+00:00")
    for n in range(8):
        lake.answer(hour + timedelta(hours=5 * n), {"data": [x_post("1", retweets=n * n, created_at=hour)]})
        lake.build()
    before = lake.tables()
    shutil.rmtree(lake.readings)
    lake.warehouse.unlink()
    lake.build()
    assert lake.tables() == before
