"""What edits of the registry do to the past: posts that move, and posts that nobody lists any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.warehouse.lake import Lake, campaign, x_media, x_post
from warehouse.build import build

START = datetime(2019, 11, 1, 12, tzinfo=UTC)
DAYS = 4
# Post → (account, retweets gained a day): 9 is ours and watched, 8 a rival's, 7 ours and not watched; nobody
# names 5.
POSTS = {"1": ("9", 10), "2": ("9", 20), "3": ("5", 40), "4": ("8", 80), "5": ("7", 160), "6": ("5", 320)}
ACCOUNTS = (("ours", "9", True), ("theirs", "8", True), ("ours", "7", False))

Assets = Mapping[str, Sequence[str]]


def contest(
    assets: Assets,
    *,
    sides: Mapping[str, str] | None = None,
    accounts: Sequence[tuple[str, str, bool]] = ACCOUNTS,
    named_sides: Sequence[tuple[str, bool]] = (("ours", True), ("theirs", False)),
    rules: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    campaign_id: str = "water",
    timezone: str = "Europe/London",
    starts: date = date(2019, 10, 1),
    ends: date = date(2019, 12, 31),
) -> dict[str, object]:
    """A campaign of two sides as the registry lands it. `sides` has the assets that are not ours,
    `rules` the words that an asset's rule catches."""
    made = campaign(
        campaign_id,
        timezone=timezone,
        starts=starts,
        ends=ends,
        assets={asset: [f"x:{post}" for post in posts] for asset, posts in assets.items()},
    )
    listed = [
        asset
        | {"side": (sides or {}).get(str(asset["id"]), "ours")}
        | (
            {"match": {"text": [rules[str(asset["id"])]], "hashtags": [], "links": [], "same_video": False}}
            if asset["id"] in (rules or {}) and rules
            else {}
        )
        for asset in made["assets"]  # type: ignore[attr-defined]
    ]
    return made | {
        "sides": [{"id": side, "name": side.title(), "ours": ours} for side, ours in named_sides],
        "accounts": [
            {"side": side, "platform": "x", "handle": None, "id": account, "name": None, "watch": watch}
            for side, account, watch in accounts
        ],
        "assets": listed,
        "ignore": [{"platform": "x", "alias": post} for post in ignore],
    }


def poll(lake: Lake, days: int = DAYS, first: int = 0) -> None:
    """Read every post each morning, from the day it was posted."""
    for day in range(first, first + days):
        shown = [
            x_post(post, retweets=gained * day, created_at=START, author=author, text=f"The film {post}")
            for post, (author, gained) in POSTS.items()
        ]
        lake.answer(START + timedelta(days=day), {"data": shown})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    poll(lake)
    return lake


def edit(lake: Lake, *campaigns: Mapping[str, object]) -> None:
    """Put a registry in force and build."""
    lake.register(*campaigns)
    lake.build()


def assigned(lake: Lake, campaign_id: str = "water") -> dict[object, object]:
    """Asset by post, with how it came there where it is not listed."""
    rows = lake.query(
        f"select post_id, asset_id, assigned_by from marts.posts where campaign_id = '{campaign_id}'"
    )
    return {
        post: asset if by in ("listed", "unassigned", "itself") else (asset, by) for post, asset, by in rows
    }


def by_day(lake: Lake, *assets: str) -> dict[object, object]:
    """Retweets gained on each day, of some assets or of all."""
    chosen = f"where asset_id in ({', '.join(repr(asset) for asset in assets)})" if assets else ""
    rows = lake.query(
        f"select day, sum(retweets)::bigint from marts.asset_daily {chosen} group by day order by day"
    )
    return dict(rows)  # type: ignore[arg-type]


def totals(lake: Lake) -> dict[object, object]:
    return dict(lake.query("select asset_id, retweets from marts.asset_totals"))  # type: ignore[arg-type]


def gained(*posts: str) -> int:
    return sum(POSTS[post][1] for post in posts) * (DAYS - 1)


def test_moving_a_post_moves_all_its_days_and_the_sum_over_assets_stays(lake: Lake) -> None:
    edit(lake, contest({"film": ["1", "3"], "clip": ["2"]}))
    before, film = by_day(lake), by_day(lake, "film")
    edit(lake, contest({"film": ["1"], "clip": ["2", "3"]}))
    assert by_day(lake) == before
    assert totals(lake) == {"film": gained("1"), "clip": gained("2", "3"), "x:4": gained("4")}
    edit(lake, contest({"film": ["1", "3"], "clip": ["2"]}))
    assert by_day(lake, "film") == film
    assert len(film) == DAYS
    assert assigned(lake) == {"1": "film", "3": "film", "2": "clip", "4": "x:4"}


def test_splitting_an_asset_in_two_splits_its_days_and_they_add_up(lake: Lake) -> None:
    edit(lake, contest({"film": ["1", "2", "3"]}))
    whole = by_day(lake, "film")
    edit(lake, contest({"film": ["1"], "film-2": ["2", "3"]}))
    assert by_day(lake, "film", "film-2") == whole
    assert 0 < totals(lake)["film"] < totals(lake)["film-2"]  # type: ignore[operator]


def test_another_title_or_id_is_the_same_posts_under_another_name(lake: Lake) -> None:
    edit(lake, contest({"film": ["1", "3"]}))
    film = by_day(lake, "film")
    made = contest({"film": ["1", "3"]})
    made["assets"][0]["title"] = "The great film"  # type: ignore[index]
    edit(lake, made)
    assert lake.query("select distinct asset_title from marts.asset_daily where asset_id = 'film'") == [
        ("The great film",)
    ]
    edit(lake, contest({"great-film": ["1", "3"]}))
    assert by_day(lake, "great-film") == film
    assert "unassigned" not in assigned(lake).values()


def test_a_rule_that_is_added_takes_its_posts_with_all_their_days(lake: Lake) -> None:
    edit(lake, contest({"film": []}))
    before, alone = by_day(lake), by_day(lake, "x:1", "x:2")
    edit(lake, contest({"film": []}, rules={"film": "the film"}))
    assert assigned(lake) == {"1": ("film", "text"), "2": ("film", "text"), "4": "x:4"}
    assert (by_day(lake), by_day(lake, "film")) == (before, alone)


def test_the_posts_of_a_removed_asset_keep_their_days_under_unassigned(lake: Lake) -> None:
    sides = {"theirs": "theirs"}
    edit(lake, contest({"film": ["1", "3", "5"], "theirs": ["4", "6"], "clip": ["2"]}, sides=sides))
    before, film, theirs = by_day(lake), by_day(lake, "film"), by_day(lake, "theirs")
    side_totals = lake.query("from marts.side_totals order by all")
    edit(lake, contest({"clip": ["2"]}))
    assert assigned(lake) == {
        **dict.fromkeys(("1", "3", "5"), "unassigned"),
        **dict.fromkeys(("4", "6"), "unassigned:theirs"),
        "2": "clip",
    }
    assert by_day(lake) == before
    assert by_day(lake, "unassigned") == film
    assert by_day(lake, "unassigned:theirs") == theirs
    assert lake.query("from marts.side_totals order by all") == side_totals
    assert lake.query(
        "select asset_id, asset_title, side_id, is_listed, retweets from marts.asset_totals "
        "where asset_id <> 'clip' order by all"
    ) == [
        ("unassigned", "Unassigned", "ours", False, gained("1", "3", "5")),
        ("unassigned:theirs", "Unassigned (Theirs)", "theirs", False, gained("4", "6")),
    ]
    assert lake.query("select distinct assigned_by from marts.posts where asset_id like 'un%'") == [
        ("unassigned",)
    ]


def test_a_post_taken_off_an_asset_that_stays_is_its_own_or_unassigned_where_nobody_watches_it(
    lake: Lake,
) -> None:
    edit(lake, contest({"film": ["1", "2", "3", "4", "5"]}))
    before = by_day(lake)
    edit(lake, contest({"film": ["2"]}))
    assert assigned(lake) == {
        "1": "x:1",
        "2": "film",
        "3": "unassigned",
        # Its account speaks for the other side, and is watched.
        "4": "x:4",
        "5": "unassigned",
    }
    assert by_day(lake) == before


def test_a_post_outside_the_campaign_that_is_listed_no_more_goes_on_counting(lake: Lake) -> None:
    december = date(2019, 12, 1)
    edit(lake, contest({"film": ["1", "2"]}, starts=december))
    assert assigned(lake) == {"1": "film", "2": "film"}
    edit(lake, contest({"film": ["2"]}, starts=december))
    assert assigned(lake) == {"1": "unassigned", "2": "film"}


def test_a_post_listed_again_leaves_unassigned_and_so_does_one_that_a_rule_catches(lake: Lake) -> None:
    edit(lake, contest({"film": ["1", "2", "3"], "clip": []}))
    film = by_day(lake, "film")
    edit(lake, contest({"clip": []}))
    assert assigned(lake) == {**dict.fromkeys(("1", "2", "3"), "unassigned"), "4": "x:4"}
    edit(lake, contest({"clip": []}, rules={"clip": "film 2"}))
    assert assigned(lake) == {"1": "unassigned", "2": ("clip", "text"), "3": "unassigned", "4": "x:4"}
    edit(lake, contest({"clip": ["3"], "film": ["1", "2"]}))
    assert assigned(lake) == {"1": "film", "2": "film", "3": "clip", "4": "x:4"}
    edit(lake, contest({"film": ["1", "2", "3"], "clip": []}))
    assert by_day(lake, "film") == film


def test_the_asset_that_listed_a_post_last_decides(lake: Lake) -> None:
    lake.register(contest({"film": ["1", "3"], "clip": ["2"]}))
    lake.register(contest({"film": [], "clip": ["1", "2", "3"]}))
    edit(lake, contest({"clip": ["2"]}))
    # Taken off the clip, which is still there; that the film is gone is of no account.
    assert assigned(lake) == {"1": "x:1", "2": "clip", "3": "unassigned", "4": "x:4"}
    assert lake.query("select post_id, asset_id, is_removed from facts.formerly_listed order by all") == [
        ("1", "clip", False),
        ("3", "clip", False),
    ]
    edit(lake, contest({"film": ["2"]}))
    assert assigned(lake) == {"1": "unassigned", "2": "film", "3": "unassigned", "4": "x:4"}


def test_posts_of_an_account_that_left_count_as_long_as_an_asset_had_listed_them(lake: Lake) -> None:
    rest = [account for account in ACCOUNTS if account[1] != "9"]
    edit(lake, contest({"film": ["1"], "clip": []}))
    assert assigned(lake) == {"1": "film", "2": "x:2", "4": "x:4"}
    edit(lake, contest({"film": ["1"], "clip": []}, accounts=rest))
    assert assigned(lake) == {"1": "film", "4": "x:4"}
    edit(lake, contest({"film": [], "clip": []}, accounts=rest))
    assert assigned(lake) == {"1": "unassigned", "4": "x:4"}
    edit(lake, contest({"film": [], "clip": []}))
    assert assigned(lake) == {"1": "x:1", "2": "x:2", "4": "x:4"}


def test_an_address_that_was_mistyped_leaves_nothing_behind(lake: Lake) -> None:
    lake.register(contest({"film": ["1", "404"], "clip": ["405"]}))
    edit(lake, contest({"film": ["1", "3"]}))
    assert assigned(lake) == {"1": "film", "2": "x:2", "3": "film", "4": "x:4"}
    assert lake.query("from facts.formerly_listed") == []
    assert lake.query("select asset_id from marts.asset_totals where starts_with(asset_id, 'un')") == []


def test_a_post_to_be_ignored_counts_nowhere_whoever_posted_or_listed_it(lake: Lake) -> None:
    lake.register(contest({"film": ["1", "6"]}, rules={"film": "film 2"}))
    edit(lake, contest({"film": ["1"]}, rules={"film": "film 2"}))
    assert assigned(lake) == {"1": "film", "2": ("film", "text"), "4": "x:4", "6": "unassigned"}
    edit(lake, contest({"film": ["1"]}, rules={"film": "film 2"}, ignore=["6", "2", "404"]))
    assert assigned(lake) == {"1": "film", "4": "x:4"}
    assert totals(lake) == {"film": gained("1"), "x:4": gained("4")}
    assert lake.query("select sum(posts) from marts.account_daily where account_id = '9'") == [(1,)]
    edit(lake, contest({"film": ["1", "6"]}))
    assert assigned(lake) == {"1": "film", "2": "x:2", "4": "x:4", "6": "film"}


def test_a_post_is_ignored_and_listed_again_under_any_of_its_names(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for hour in range(2):
        shown = [
            {**x_post("50", retweets=hour, author="5"), "edit_history_tweet_ids": ["49", "50"]},
            x_post("60", author="5", media=["13_6"]),
        ]
        body = {"data": shown, "includes": {"media": [x_media("13_6", hour)]}}
        lake.answer(START + timedelta(hours=hour), body)
    edit(lake, contest({"film": ["49"], "clip": ["60"]}))
    (first,) = lake.query("select post_id from marts.posts where asset_id = 'film'")
    edit(lake, contest({"film": ["50"], "clip": ["60"]}))
    assert lake.query("select post_id from marts.posts where asset_id = 'film'") == [first]
    assert lake.query("from facts.formerly_listed") == []
    edit(lake, contest({"clip": ["60"]}))
    # Two names, one post: the later listing counts, and it counts once.
    assert lake.query("select asset_id, assigned_by from marts.posts where post_id <> '60'") == [
        ("unassigned", "unassigned")
    ]
    edit(lake, contest({"clip": ["60"]}, ignore=["49"]))
    assert assigned(lake) == {"60": "clip"}


def test_a_post_that_two_assets_listed_by_two_names_was_the_first_ones(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    shown = {**x_post("50", retweets=1, author="5"), "edit_history_tweet_ids": ["49", "50"]}
    lake.answer(START, {"data": [shown]})
    both = {"zebra": ["49"], "ant": ["50"]}
    edit(lake, contest({**both, "film": []}, sides={"ant": "theirs"}))
    assert list(assigned(lake).values()) == ["zebra"]
    edit(lake, contest({"film": []}))
    assert list(assigned(lake).values()) == ["unassigned"]
    assert lake.query("select asset_id from facts.formerly_listed") == [("zebra",)]


def test_sides_that_were_renamed_or_are_several_each_keep_their_own(lake: Lake) -> None:
    sides = {"theirs": "theirs", "allied": "allies"}
    assets = {"film": ["3"], "theirs": ["4"], "allied": ["6"]}
    three = (("ours", True), ("allies", True), ("theirs", False))
    lake.register(contest(assets, sides=sides, named_sides=three))
    edit(lake, contest({"clip": ["1"]}, named_sides=three))
    # An asset is of one side, so the second of ours has a name of its own.
    assert assigned(lake) == {
        "1": "clip",
        "2": "x:2",
        "3": "unassigned",
        "4": "unassigned:theirs",
        "6": "unassigned:allies",
    }
    renamed = [("us" if side == "ours" else side, account, watch) for side, account, watch in ACCOUNTS]
    made = contest(
        {"clip": ["1"]},
        sides={"clip": "us"},
        accounts=renamed[:1],
        named_sides=(("us", True), ("rest", False)),
    )
    edit(lake, made)
    assert lake.query("select post_id, asset_id, side_id from marts.posts order by all") == [
        ("1", "clip", "us"),
        ("2", "x:2", "us"),
        ("3", "unassigned", "us"),
        ("4", "unassigned:theirs", "theirs"),
        ("6", "unassigned", "us"),
    ]


def test_an_edit_of_one_campaign_leaves_another_over_the_same_posts_as_it_was(lake: Lake) -> None:
    def summed(campaign_id: str) -> list[tuple[object, ...]]:
        return lake.query(
            "select asset_id, day, retweets, completeness from marts.asset_daily "
            f"where campaign_id = '{campaign_id}' order by all"
        )

    there = contest(
        {"song": ["1", "3"]}, campaign_id="river", timezone="Pacific/Auckland", ends=date(2019, 11, 3)
    )
    edit(lake, contest({"film": ["1", "3"], "clip": ["2"]}), there)
    ours, theirs = summed("water"), summed("river")
    assert {day for _, day, *_ in ours} != {day for _, day, *_ in theirs}
    edit(lake, contest({"clip": ["2"]}), there)
    assert assigned(lake) == {"1": "unassigned", "2": "clip", "3": "unassigned", "4": "x:4"}
    assert summed("river") == theirs
    assert [row[1:] for row in summed("water") if row[0] == "unassigned"] == [
        row[1:] for row in ours if row[0] == "film"
    ]
    # Gone with its file, whatever it had listed; back with its file and its past.
    edit(lake, contest({"clip": ["2"]}))
    assert summed("river") == []
    edit(lake, contest({"clip": ["2"]}), contest({}, campaign_id="river", timezone="Pacific/Auckland"))
    assert assigned(lake, "river") == {"1": "unassigned", "2": "x:2", "3": "unassigned", "4": "x:4"}
    assert assigned(lake) == {"1": "unassigned", "2": "clip", "3": "unassigned", "4": "x:4"}


def test_as_known_at_takes_the_registry_of_then_and_only_what_had_been_listed_by_then(lake: Lake) -> None:
    def hours(number: int) -> datetime:
        return START + timedelta(hours=number)

    versions: list[Assets] = [{"film": ["3"], "clip": []}, {"clip": ["6"]}, {"song": ["2"]}]
    for number, assets in enumerate(versions):
        lake.register(contest(assets), moment=hours(24 * (number + 1)))
    expected = [
        {"1": "x:1", "2": "x:2", "3": "film", "4": "x:4"},
        {"1": "x:1", "2": "x:2", "3": "unassigned", "4": "x:4", "6": "clip"},
        {"1": "x:1", "2": "song", "3": "unassigned", "4": "x:4", "6": "unassigned"},
    ]
    for number in (2, 0, 1):
        lake.build(as_known_at=hours(24 * (number + 1) + 1))
        assert assigned(lake) == expected[number]
    lake.build()
    assert assigned(lake) == expected[2]
    # Before the first of them there was none; the newest stands in, without a past.
    lake.build(as_known_at=hours(1))
    assert assigned(lake) == {"1": "x:1", "2": "song", "4": "x:4"}


def test_the_order_in_which_registries_are_found_or_found_again_changes_nothing(lake: Lake) -> None:
    for assets in ({"film": ["1", "3"]}, {"clip": ["3", "6"]}, {"song": ["2"]}):
        lake.register(contest(assets))
    edit(lake, contest({"song": ["2"]}))
    tables = lake.tables()
    files = sorted(lake.landing.glob("platform=registry/**/*.parquet"))
    assert len(files) == 3
    for number, file in enumerate(files):
        file.rename(file.with_name(f"{9 - number}.parquet"))
        # Replayed, as from a backup.
        file.with_name(f"{number}-again.parquet").write_bytes(
            file.with_name(f"{9 - number}.parquet").read_bytes()
        )
    lake.build(full=True)
    assert lake.tables() == tables


def test_a_registry_that_was_in_force_between_two_builds_is_remembered(lake: Lake) -> None:
    edit(lake, contest({"film": ["1"], "clip": ["2"]}))
    assert lake.build().mode == "unchanged"
    lake.register(contest({"film": ["1"], "clip": ["2", "3"]}))
    # The same registry as in the build before, but it has another past.
    edit(lake, contest({"film": ["1"], "clip": ["2"]}))
    assert assigned(lake) == {"1": "film", "2": "clip", "3": "unassigned", "4": "x:4"}
    assert lake.build().mode == "unchanged"


def test_new_readings_of_unassigned_posts_count_there(lake: Lake) -> None:
    lake.register(contest({"film": ["1", "3"], "clip": []}))
    lake.register(contest({"clip": []}))
    poll(lake, days=2, first=DAYS)
    edit(lake, contest({"clip": []}))
    assert totals(lake)["unassigned"] == (POSTS["1"][1] + POSTS["3"][1]) * (DAYS + 1)


def test_a_registry_of_the_past_that_cannot_be_read_says_nothing(lake: Lake) -> None:
    odd = '{"campaigns": [{"id": "water", "assets": [{"posts": ["x:3", null]}]}]}'
    bodies = ["", "not JSON", "[]", '{"campaigns": 5}', odd]
    lake.answers([(START, body) for body in bodies], platform="registry", endpoint="campaigns", run_id="0")
    lake.register(contest({"film": ["3"]}))
    edit(lake, contest({"clip": ["2"]}))
    assert assigned(lake) == {"1": "x:1", "2": "clip", "3": "unassigned", "4": "x:4"}


def test_after_every_edit_the_tables_are_those_of_a_build_from_the_beginning(lake: Lake) -> None:
    anew = Lake(lake.root / "anew")
    anew.root.mkdir()
    two = contest({"song": ["1", "6"]}, campaign_id="river", timezone="Pacific/Auckland")
    registries: list[list[Mapping[str, object]]] = [
        [contest({"film": ["1", "3"], "clip": ["2"]}), two],
        [contest({"clip": ["2", "5"]}, rules={"clip": "film 1"}), two],
        [contest({}, accounts=ACCOUNTS[1:]), contest({}, campaign_id="river", ignore=["6"])],
        [contest({"film": ["1"], "clip": ["2"]}, sides={"clip": "theirs"})],
    ]
    for number, registry in enumerate(registries):
        # Also where nothing is new but the registry.
        if number % 2:
            poll(lake, days=1, first=DAYS + number)
        edit(lake, *registry)
        build(lake.landing, anew.readings, anew.warehouse, full=True)
        assert lake.tables() == anew.tables()
