"""What edits of the registry do to the past: posts that move, and posts that nobody lists any more.

Most tests have their registries above them and share one lake, where each has campaigns of its own: those of
others leave them as they are, as one of the tests shows.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import duckdb
import pytest

from tests.warehouse.compare import Rows, differences, unlike_a_full_build
from tests.warehouse.lake import Lake, campaign, x_media, x_post
from warehouse.publish import open_published

START = datetime(2019, 11, 1, 12, tzinfo=UTC)
DAYS = 4
# Post → (account, retweets gained a day): 9 is ours and watched, 8 a rival's, 7 ours and not watched; nobody
# names 5.
POSTS = {"1": ("9", 10), "2": ("9", 20), "3": ("5", 40), "4": ("8", 80), "5": ("7", 160), "6": ("5", 320)}
ACCOUNTS = (("ours", "9", True), ("theirs", "8", True), ("ours", "7", False))
WITHOUT_OURS = tuple(account for account in ACCOUNTS if account[1] != "9")

Assets = Mapping[str, Sequence[str]]
Campaign = Mapping[str, object]
Test = TypeVar("Test", bound=Callable[..., None])


def contest(
    assets: Assets,
    *,
    sides: Mapping[str, str] | None = None,
    accounts: Sequence[tuple[str, str, bool]] = ACCOUNTS,
    named_sides: Sequence[tuple[str, bool]] = (("ours", True), ("theirs", False)),
    rules: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
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
        | {"title": (titles or {}).get(str(asset["id"]), asset["title"])}
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


def poll_under_two_names(lake: Lake) -> None:
    """Read an edited post and one with a video, of an account that nobody names."""
    for hour in range(2):
        shown = [
            {**x_post("50", retweets=hour, author="5"), "edit_history_tweet_ids": ["49", "50"]},
            x_post("60", author="5", media=["13_6"]),
        ]
        body = {"data": shown, "includes": {"media": [x_media("13_6", hour)]}}
        lake.answer(START + timedelta(hours=hour), body)


# By test: the registries in the order in which they come into force, in lists of those before one build.
HISTORIES: dict[str, list[list[list[Campaign]]]] = {}
# Before the last build every post is read some more, and no registry changes.
EDITS, MORE_DAYS = 5, 2
HELD_AGAINST_A_FULL_BUILD = (1, 2, 3, EDITS)


def then(*registries: Campaign) -> list[Campaign]:
    """Registries of one campaign that come into force one after the other, without a build in between."""
    return list(registries)


def registered(*builds: Campaign | list[Campaign] | tuple[Campaign, ...]) -> Callable[[Test], Test]:
    """What is registered before each build: a campaign, several in one registry (a tuple), or registries one
    after the other (`then`)."""

    def of(test: Test) -> Test:
        assert len(builds) <= EDITS
        history = []
        for each in builds:
            registries = each if isinstance(each, list) else [each]
            history.append(
                [
                    [made | {"id": named(test.__name__, str(made["id"]))} for made in map(dict, several)]
                    for several in (
                        registry if isinstance(registry, tuple) else (registry,) for registry in registries
                    )
                ]
            )
        HISTORIES[test.__name__] = history  # type: ignore[assignment]
        return test

    return of


def named(test: str, campaign_id: str) -> str:
    """The name of a test's campaign in the lake of all."""
    return f"{campaign_id} of {test}"


@dataclass(frozen=True)
class Built:
    """What the warehouse said after one build of the campaigns of one test."""

    con: duckdb.DuckDBPyConnection
    test: str

    def query(self, statement: str, campaign_id: str = "water") -> Rows:
        """Rows of a campaign, `$campaign`."""
        return self.con.execute(statement, {"campaign": named(self.test, campaign_id)}).fetchall()

    def assigned(self, campaign_id: str = "water") -> dict[object, object]:
        """Asset by post, with how it came there where it is not listed."""
        return assigned(
            self.query(
                "select post_id, asset_id, assigned_by from marts.posts where campaign_id = $campaign",
                campaign_id,
            )
        )

    def by_day(self, *assets: str) -> dict[object, object]:
        """Retweets gained on each day, of some assets or of all."""
        chosen = f"and asset_id in ({', '.join(repr(asset) for asset in assets)})" if assets else ""
        return dict(
            self.query(
                "select day, sum(retweets)::bigint from marts.asset_daily "
                f"where campaign_id = $campaign {chosen} group by day order by day"
            )  # type: ignore[arg-type]
        )

    def totals(self) -> dict[object, object]:
        """Retweets by asset."""
        return dict(
            self.query("select asset_id, retweets from marts.asset_totals where campaign_id = $campaign")  # type: ignore[arg-type]
        )


def assigned(rows: Rows) -> dict[object, object]:
    """Asset by post, with how it came there where it is not listed."""
    return {
        post: asset if by in ("listed", "unassigned", "itself") else (asset, by) for post, asset, by in rows
    }


@dataclass(frozen=True)
class Edited:
    """The lake after all edits, the warehouse after each of them, and in what it was unlike a full build."""

    lake: Lake
    warehouses: list[duckdb.DuckDBPyConnection]
    unlike_a_full_build: list[dict[str, tuple[Rows, Rows]]]
    modes: list[tuple[str, str]]


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    """One lake for the histories of all tests."""
    root = tmp_path_factory.mktemp("edited")
    lake = Lake(root / "lake")
    poll(lake)
    poll_under_two_names(lake)
    land_odd_registries(lake)
    # A zone that comes would have all days made again.
    standing = contest({}, campaign_id="standing", timezone="Pacific/Auckland")
    warehouses, unlike, modes = [], [], []
    for number in range(EDITS + 1):
        if number == EDITS:
            poll(lake, days=MORE_DAYS, first=DAYS)
        for version in range(2):
            here = [in_force(history, number, version) for history in HISTORIES.values()]
            lake.register(standing, *(made for campaigns in here for made in campaigns))
        modes.append((lake.build().mode, lake.build().mode))
        if number in HELD_AGAINST_A_FULL_BUILD:
            unlike.append(unlike_a_full_build(lake))
        kept = root / f"build-{number}.duckdb"
        shutil.copyfile(lake.warehouse, kept)
        warehouses.append(open_published(kept))
    yield Edited(lake, warehouses, unlike, modes)
    for con in warehouses:
        con.close()


def in_force(history: list[list[list[Campaign]]], build: int, version: int) -> list[Campaign]:
    """The campaigns of a history that are in force at a build, with a registry that it replaces before it."""
    if build >= len(history):
        return history[-1][-1]
    registries = history[build]
    return registries[min(version, len(registries) - 1)]


@pytest.fixture
def builds(request: pytest.FixtureRequest, edited: Edited) -> list[Built]:
    """What the warehouse says of the campaigns of this test, build by build."""
    return [Built(con, request.function.__name__) for con in edited.warehouses]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake of one's own."""
    lake = Lake(tmp_path)
    poll(lake)
    return lake


def gained(*posts: str, days: int = DAYS - 1) -> int:
    return sum(POSTS[post][1] for post in posts) * days


@registered(
    contest({"film": ["1", "3"], "clip": ["2"]}),
    contest({"film": ["1"], "clip": ["2", "3"]}),
    contest({"film": ["1", "3"], "clip": ["2"]}),
)
def test_moving_a_post_moves_all_its_days_and_the_sum_over_assets_stays(builds: list[Built]) -> None:
    before, moved, back = builds[:3]
    assert moved.by_day() == before.by_day()
    assert moved.totals() == {"film": gained("1"), "clip": gained("2", "3"), "x:4": gained("4")}
    assert back.by_day("film") == before.by_day("film")
    assert len(back.by_day("film")) == DAYS
    assert back.assigned() == {"1": "film", "3": "film", "2": "clip", "4": "x:4"}


@registered(contest({"film": ["1", "2", "3"]}), contest({"film": ["1"], "film-2": ["2", "3"]}))
def test_splitting_an_asset_in_two_splits_its_days_and_they_add_up(builds: list[Built]) -> None:
    whole, split = builds[:2]
    assert split.by_day("film", "film-2") == whole.by_day("film")
    assert 0 < split.totals()["film"] < split.totals()["film-2"]  # type: ignore[operator]


@registered(
    contest({"film": ["1", "3"]}),
    contest({"film": ["1", "3"]}, titles={"film": "The great film"}),
    contest({"great-film": ["1", "3"]}),
)
def test_another_title_or_id_is_the_same_posts_under_another_name(builds: list[Built]) -> None:
    film, titled, renamed = builds[:3]
    assert titled.query(
        "select distinct asset_title from marts.asset_daily "
        "where asset_id = 'film' and campaign_id = $campaign"
    ) == [("The great film",)]
    assert renamed.by_day("great-film") == film.by_day("film")
    assert "unassigned" not in renamed.assigned().values()


@registered(contest({"film": []}), contest({"film": []}, rules={"film": "the film"}))
def test_a_rule_that_is_added_takes_its_posts_with_all_their_days(builds: list[Built]) -> None:
    alone, caught = builds[:2]
    assert caught.assigned() == {"1": ("film", "text"), "2": ("film", "text"), "4": "x:4"}
    assert (caught.by_day(), caught.by_day("film")) == (alone.by_day(), alone.by_day("x:1", "x:2"))


@registered(
    contest(
        {"film": ["1", "3", "5"], "theirs": ["4", "6"], "clip": ["2"]},
        sides={"theirs": "theirs"},
    ),
    contest({"clip": ["2"]}),
)
def test_the_posts_of_a_removed_asset_keep_their_days_under_unassigned(builds: list[Built]) -> None:
    before, after = builds[:2]
    assert after.assigned() == {
        **dict.fromkeys(("1", "3", "5"), "unassigned"),
        **dict.fromkeys(("4", "6"), "unassigned:theirs"),
        "2": "clip",
    }
    assert after.by_day() == before.by_day()
    assert after.by_day("unassigned") == before.by_day("film")
    assert after.by_day("unassigned:theirs") == before.by_day("theirs")
    side_totals = "from marts.side_totals where campaign_id = $campaign order by all"
    assert after.query(side_totals) == before.query(side_totals) != []
    assert after.query(
        "select asset_id, asset_title, side_id, is_listed, retweets from marts.asset_totals "
        "where asset_id <> 'clip' and campaign_id = $campaign order by all"
    ) == [
        ("unassigned", "Unassigned", "ours", False, gained("1", "3", "5")),
        ("unassigned:theirs", "Unassigned (Theirs)", "theirs", False, gained("4", "6")),
    ]
    assert after.query(
        "select distinct assigned_by from marts.posts where asset_id like 'un%' and campaign_id = $campaign"
    ) == [("unassigned",)]


@registered(contest({"film": ["1", "2", "3", "4", "5"]}), contest({"film": ["2"]}))
def test_a_post_taken_off_an_asset_that_stays_is_its_own_or_unassigned_where_nobody_watches_it(
    builds: list[Built],
) -> None:
    before, after = builds[:2]
    assert after.assigned() == {
        "1": "x:1",
        "2": "film",
        "3": "unassigned",
        # Its account speaks for the other side, and is watched.
        "4": "x:4",
        "5": "unassigned",
    }
    assert after.by_day() == before.by_day()


@registered(
    contest({"film": ["1", "2"]}, starts=date(2019, 12, 1)),
    contest({"film": ["2"]}, starts=date(2019, 12, 1)),
)
def test_a_post_outside_the_campaign_that_is_listed_no_more_goes_on_counting(builds: list[Built]) -> None:
    assert builds[0].assigned() == {"1": "film", "2": "film"}
    assert builds[1].assigned() == {"1": "unassigned", "2": "film"}


@registered(
    contest({"film": ["1", "2", "3"], "clip": []}),
    contest({"clip": []}),
    contest({"clip": []}, rules={"clip": "film 2"}),
    contest({"clip": ["3"], "film": ["1", "2"]}),
    contest({"film": ["1", "2", "3"], "clip": []}),
)
def test_a_post_listed_again_leaves_unassigned_and_so_does_one_that_a_rule_catches(
    builds: list[Built],
) -> None:
    listed, removed, caught, elsewhere, again = builds[:5]
    assert removed.assigned() == {**dict.fromkeys(("1", "2", "3"), "unassigned"), "4": "x:4"}
    assert caught.assigned() == {"1": "unassigned", "2": ("clip", "text"), "3": "unassigned", "4": "x:4"}
    assert elsewhere.assigned() == {"1": "film", "2": "film", "3": "clip", "4": "x:4"}
    assert again.by_day("film") == listed.by_day("film")


@registered(
    then(
        contest({"film": ["1", "3"], "clip": ["2"]}),
        contest({"film": [], "clip": ["1", "2", "3"]}),
    ),
    contest({"clip": ["2"]}),
    contest({"film": ["2"]}),
)
def test_the_asset_that_listed_a_post_last_decides(builds: list[Built]) -> None:
    _, clip, film = builds[:3]
    # Taken off the clip, which is still there; that the film is gone is of no account.
    assert clip.assigned() == {"1": "x:1", "2": "clip", "3": "unassigned", "4": "x:4"}
    assert clip.query(
        "select post_id, asset_id, is_removed from facts.formerly_listed "
        "where campaign_id = $campaign order by all"
    ) == [("1", "clip", False), ("3", "clip", False)]
    assert film.assigned() == {"1": "unassigned", "2": "film", "3": "unassigned", "4": "x:4"}


@registered(
    contest({"film": ["1"], "clip": []}),
    contest({"film": ["1"], "clip": []}, accounts=WITHOUT_OURS),
    contest({"film": [], "clip": []}, accounts=WITHOUT_OURS),
    contest({"film": [], "clip": []}),
)
def test_posts_of_an_account_that_left_count_as_long_as_an_asset_had_listed_them(
    builds: list[Built],
) -> None:
    watched, left, taken_off, back = builds[:4]
    assert watched.assigned() == {"1": "film", "2": "x:2", "4": "x:4"}
    assert left.assigned() == {"1": "film", "4": "x:4"}
    assert taken_off.assigned() == {"1": "unassigned", "4": "x:4"}
    assert back.assigned() == {"1": "x:1", "2": "x:2", "4": "x:4"}


@registered(then(contest({"film": ["1", "404"], "clip": ["405"]}), contest({"film": ["1", "3"]})))
def test_an_address_that_was_mistyped_leaves_nothing_behind(builds: list[Built]) -> None:
    assert builds[0].assigned() == {"1": "film", "2": "x:2", "3": "film", "4": "x:4"}
    assert builds[0].query("from facts.formerly_listed where campaign_id = $campaign") == []
    assert [asset for asset in builds[0].totals() if str(asset).startswith("un")] == []


@registered(
    then(
        contest({"film": ["1", "6"]}, rules={"film": "film 2"}),
        contest({"film": ["1"]}, rules={"film": "film 2"}),
    ),
    contest({"film": ["1"]}, rules={"film": "film 2"}, ignore=["6", "2", "404"]),
    contest({"film": ["1", "6"]}),
)
def test_a_post_to_be_ignored_counts_nowhere_whoever_posted_or_listed_it(builds: list[Built]) -> None:
    counted, ignored, again = builds[:3]
    assert counted.assigned() == {"1": "film", "2": ("film", "text"), "4": "x:4", "6": "unassigned"}
    assert ignored.assigned() == {"1": "film", "4": "x:4"}
    assert ignored.totals() == {"film": gained("1"), "x:4": gained("4")}
    assert ignored.query(
        "select sum(posts) from marts.account_daily where account_id = '9' and campaign_id = $campaign"
    ) == [(1,)]
    assert again.assigned() == {"1": "film", "2": "x:2", "4": "x:4", "6": "film"}


@registered(
    contest({"film": ["49"], "clip": ["60"]}, accounts=()),
    contest({"film": ["50"], "clip": ["60"]}, accounts=()),
    contest({"clip": ["60"]}, accounts=()),
    contest({"clip": ["60"]}, accounts=(), ignore=["49"]),
)
def test_a_post_is_ignored_and_listed_again_under_any_of_its_names(builds: list[Built]) -> None:
    by_one_name, by_the_other, removed, ignored = builds[:4]
    film = "select post_id from marts.posts where asset_id = 'film' and campaign_id = $campaign"
    assert len(by_one_name.query(film)) == 1
    assert by_the_other.query(film) == by_one_name.query(film)
    assert by_the_other.query("from facts.formerly_listed where campaign_id = $campaign") == []
    # Two names, one post: the later listing counts, and it counts once.
    assert removed.query(
        "select asset_id, assigned_by from marts.posts where post_id <> '60' and campaign_id = $campaign"
    ) == [("unassigned", "unassigned")]
    assert ignored.assigned() == {"60": "clip"}


@registered(
    contest({"zebra": ["49"], "ant": ["50"], "film": []}, sides={"ant": "theirs"}, accounts=()),
    contest({"film": []}, accounts=()),
)
def test_a_post_that_two_assets_listed_by_two_names_was_the_first_ones(builds: list[Built]) -> None:
    both, neither = builds[:2]
    assert list(both.assigned().values()) == ["zebra"]
    assert list(neither.assigned().values()) == ["unassigned"]
    assert neither.query("select asset_id from facts.formerly_listed where campaign_id = $campaign") == [
        ("zebra",)
    ]


THREE_SIDES = (("ours", True), ("allies", True), ("theirs", False))


@registered(
    then(
        contest(
            {"film": ["3"], "theirs": ["4"], "allied": ["6"]},
            sides={"theirs": "theirs", "allied": "allies"},
            named_sides=THREE_SIDES,
        ),
        contest({"clip": ["1"]}, named_sides=THREE_SIDES),
    ),
    contest(
        {"clip": ["1"]},
        sides={"clip": "us"},
        accounts=[("us", "9", True)],
        named_sides=(("us", True), ("rest", False)),
    ),
)
def test_sides_that_were_renamed_or_are_several_each_keep_their_own(builds: list[Built]) -> None:
    several, renamed = builds[:2]
    # An asset is of one side, so the second of ours has a name of its own.
    assert several.assigned() == {
        "1": "clip",
        "2": "x:2",
        "3": "unassigned",
        "4": "unassigned:theirs",
        "6": "unassigned:allies",
    }
    assert renamed.query(
        "select post_id, asset_id, side_id from marts.posts where campaign_id = $campaign order by all"
    ) == [
        ("1", "clip", "us"),
        ("2", "x:2", "us"),
        ("3", "unassigned", "us"),
        ("4", "unassigned:theirs", "theirs"),
        ("6", "unassigned", "us"),
    ]


RIVER = contest(
    {"song": ["1", "3"]}, campaign_id="river", timezone="Pacific/Auckland", ends=date(2019, 11, 3)
)


@registered(
    (contest({"film": ["1", "3"], "clip": ["2"]}), RIVER),
    (contest({"clip": ["2"]}), RIVER),
    contest({"clip": ["2"]}),
    (contest({"clip": ["2"]}), contest({}, campaign_id="river", timezone="Pacific/Auckland")),
)
def test_an_edit_of_one_campaign_leaves_another_over_the_same_posts_as_it_was(builds: list[Built]) -> None:
    def summed(built: Built, campaign_id: str) -> Rows:
        return built.query(
            "select asset_id, day, retweets, completeness from marts.asset_daily "
            "where campaign_id = $campaign order by all",
            campaign_id,
        )

    both, edit_of_ours, without_theirs, with_theirs = builds[:4]
    ours, theirs = summed(both, "water"), summed(both, "river")
    assert {day for _, day, *_ in ours} != {day for _, day, *_ in theirs}
    assert edit_of_ours.assigned() == {"1": "unassigned", "2": "clip", "3": "unassigned", "4": "x:4"}
    assert summed(edit_of_ours, "river") == theirs
    assert [row[1:] for row in summed(edit_of_ours, "water") if row[0] == "unassigned"] == [
        row[1:] for row in ours if row[0] == "film"
    ]
    # Gone with its file, whatever it had listed; back with its file and its past.
    assert summed(without_theirs, "river") == []
    assert with_theirs.assigned("river") == {"1": "unassigned", "2": "x:2", "3": "unassigned", "4": "x:4"}
    assert with_theirs.assigned() == {"1": "unassigned", "2": "clip", "3": "unassigned", "4": "x:4"}


@registered(then(contest({"film": ["1", "3"], "clip": []}), contest({"clip": []})))
def test_new_readings_of_unassigned_posts_count_there(builds: list[Built]) -> None:
    assert builds[0].totals()["unassigned"] == gained("1", "3")
    assert builds[-1].totals()["unassigned"] == gained("1", "3", days=DAYS - 1 + MORE_DAYS)


def land_odd_registries(lake: Lake) -> None:
    """What is no registry of the campaign of the test below, and what hardly is."""
    here = named(test_a_registry_of_the_past_that_cannot_be_read_says_nothing.__name__, "water")
    odd = {"campaigns": [{"id": here, "assets": [{"posts": ["x:3", None]}]}]}
    bodies = ["", "not JSON", "[]", '{"campaigns": 5}', odd]
    lake.answers([(START, body) for body in bodies], platform="registry", endpoint="campaigns", run_id="0")


@registered(then(contest({"film": ["3"]}), contest({"clip": ["2"]})))
def test_a_registry_of_the_past_that_cannot_be_read_says_nothing(builds: list[Built]) -> None:
    assert builds[0].assigned() == {"1": "x:1", "2": "clip", "3": "unassigned", "4": "x:4"}


TWO = contest({"song": ["1", "6"]}, campaign_id="river", timezone="Pacific/Auckland")


@registered(
    (contest({"film": ["1", "3"], "clip": ["2"]}), TWO),
    (contest({"clip": ["2", "5"]}, rules={"clip": "film 1"}), TWO),
    (contest({}, accounts=ACCOUNTS[1:]), contest({}, campaign_id="river", ignore=["6"])),
    contest({"film": ["1"], "clip": ["2"]}, sides={"clip": "theirs"}),
)
def test_after_every_edit_the_tables_are_those_of_a_build_from_the_beginning(
    edited: Edited, builds: list[Built]
) -> None:
    assert edited.unlike_a_full_build == [{}] * len(HELD_AGAINST_A_FULL_BUILD)
    assert len({repr(sorted(built.assigned().items())) for built in builds}) == 4


def test_a_changed_registry_alone_makes_a_build_and_no_second_one(edited: Edited) -> None:
    assert edited.modes == [("full", "unchanged"), *[("incremental", "unchanged")] * EDITS]


def test_the_order_in_which_registries_are_found_or_found_again_changes_nothing(
    edited: Edited, tmp_path: Path
) -> None:
    lake = Lake(tmp_path)
    shutil.copytree(edited.lake.landing, lake.landing)
    files = sorted(lake.landing.glob("platform=registry/endpoint=campaigns/**/*.parquet"))
    assert len(files) > EDITS
    for number, file in enumerate(files):
        renamed = file.with_name(f"{99 - number}.parquet")
        file.rename(renamed)
        # Replayed, as from a backup.
        shutil.copyfile(renamed, file.with_name(f"{number:02d}-again.parquet"))
    lake.build()
    assert differences(lake.tables(), edited.lake.tables()) == {}


def of_water(lake: Lake) -> dict[object, object]:
    return assigned(lake.query("select post_id, asset_id, assigned_by from marts.posts"))


def test_a_registry_that_was_in_force_between_two_builds_is_remembered(lake: Lake) -> None:
    lake.register(contest({"film": ["1"], "clip": ["2"]}))
    lake.build()
    assert of_water(lake) == {"1": "film", "2": "clip", "4": "x:4"}
    assert lake.build().mode == "unchanged"
    lake.register(contest({"film": ["1"], "clip": ["2", "3"]}))
    # The same registry as in the build before, but it has another past.
    lake.register(contest({"film": ["1"], "clip": ["2"]}))
    assert lake.build().mode == "incremental"
    assert of_water(lake) == {"1": "film", "2": "clip", "3": "unassigned", "4": "x:4"}
    assert lake.build().mode == "unchanged"


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
    for number in (1, 0):
        lake.build(as_known_at=hours(24 * (number + 1) + 1))
        assert of_water(lake) == expected[number]
    lake.build()
    assert of_water(lake) == expected[2]
    # Before the first of them there was none; the newest stands in, without a past.
    lake.build(as_known_at=hours(1))
    assert of_water(lake) == {"1": "x:1", "2": "song", "4": "x:4"}
