"""Many small worlds in one lake: tests that are written as if each had a lake of its own, and share builds.

    together = Together()

    @together.test
    def test_a_retweet_counts_for_its_asset(world: World) -> Steps:
        world.register(campaign(assets={"film": ["x:1"]}))
        world.answer(MOMENT, {"data": [x_post("1", retweets=7)]})
        yield
        assert world.query("select retweets from marts.asset_totals") == [(7,)]

Such a test is a generator, and `yield` is its build; there is nothing to ask before the first. The tests of
a file go on side by side: what they see and register before their first `yield` is built at once, then each
of them asks, and so on. A test whose claim fails goes no further, and the others go on; a build that fails
ends all that wait for it.

A world has campaigns of its own, and ids that no other can have: its `sign` is put before every id and handle
and behind addresses of posts, and taken off again in what it is told. It is told of its own rows alone.

Some things are everybody's: the newest reading of a platform, by which coverage, gaps, freshness and several
warnings go; hashtags and sites; the dictionary; the time zones, all of which are there from the first build.
Another world may change them, so a test that rests on one of them has a lake of its own, or a hashtag or site
that no other world has.

All tests of a file take part whichever of them were chosen, in the file's order, so that each says the same
alone and among the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.compare import Rows, unlike_a_full_build
from tests.warehouse.lake import Lake

# What of a sighting names an object, and what names several.
NAMES = ("object_id", "account_id", "handle")
LISTS_OF_NAMES = ("media_ids", "post_ids", "content_keys", "aliases")
# The same in answers of the platforms whose posts the lake makes.
NAMES_IN_ANSWERS = (
    *("id", "author_id", "edit_history_tweet_ids", "media_keys", "media_key", "resource_id"),
    "username",
)
# What of the warehouse's columns holds an id; the first that a table has tells whose a row is.
IDS = ("campaign_id", "object_id", "post_id", "account_id", "asset_id", "handle")
TABLE = re.compile(r"\b((?:registry|summaries|facts|marts)\.(\w+))\b(?:\s+as\s+(\w+))?")

Steps = Iterator[None]


@dataclass
class World:
    """One test's corner of a lake."""

    lake: Lake
    # In every id of its own, and in no other text.
    sign: str
    campaigns: list[dict[str, Any]] = field(default_factory=list)
    # What the last build left unlike a full one; None where they were not compared.
    unlike_a_full_build: dict[str, tuple[Rows, Rows]] | None = None

    def register(self, *campaigns: Mapping[str, Any]) -> None:
        """Put campaigns in force in place of this world's campaigns before."""
        self.campaigns = [self._campaign(each) for each in campaigns]

    def see(self, platform: str, *sightings: Mapping[str, Any]) -> None:
        """Put sightings into the readings, as `Lake.see` does."""
        self.lake.see(platform, *(self._sighting(each) for each in sightings))

    def answer(self, observed_at: datetime, body: object, **how: Any) -> None:
        """Land one answer, as `Lake.answer` does; a post's own words and addresses are left as they are."""
        self.lake.answer(observed_at, self._answer(body), **how)

    def answers(self, bodies: Iterable[tuple[datetime, object]], **how: Any) -> None:
        """Land several answers as one run."""
        self.lake.answers([(moment, self._answer(body)) for moment, body in bodies], **how)

    def query(self, statement: str) -> Rows:
        """Rows of the published warehouse, of this world's campaigns and objects; LookupError where a table
        does not tell whose its rows are."""
        rows = self.lake.query(TABLE.sub(self._own, statement))
        return [tuple(self._bare(value) for value in row) for row in rows]

    def _campaign(self, made: Mapping[str, Any]) -> dict[str, Any]:
        def own(each: Mapping[str, Any], *names: str) -> dict[str, Any]:
            return {**each} | {name: self.sign + each[name] for name in names if each.get(name)}

        return own(made, "id") | {
            "accounts": [own(account, "id", "handle") for account in made["accounts"]],
            "assets": [
                {**asset, "posts": [own(post, "alias") for post in asset["posts"]]}
                for asset in made["assets"]
            ],
            "audiences": [own(audience, "ad_account") for audience in made["audiences"]],
            "ignore": [own(post, "alias") for post in made.get("ignore", ())],
        }

    def _answer(self, body: Any, name: str = "") -> Any:
        if isinstance(body, Mapping):
            return {key: self._answer(value, key) for key, value in body.items()}
        if isinstance(body, list):
            return [self._answer(each, name) for each in body]
        return self.sign + body if name in NAMES_IN_ANSWERS else body

    def _sighting(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        # Tags and sites have no ids: the registry names them as everybody does.
        if shown["object_type"] in ("hashtag", "site"):
            return dict(shown)
        return {
            **shown,
            **({"permalink": shown["permalink"] + self.sign} if shown.get("permalink") else {}),
            **{name: self.sign + shown[name] for name in NAMES if shown.get(name)},
            **{
                name: [self.sign + each for each in shown[name]] for name in LISTS_OF_NAMES if shown.get(name)
            },
        }

    def _own(self, found: re.Match[str]) -> str:
        """A table of the warehouse as this world sees it: its rows, with ids as it knows them."""
        relation, name, alias = found.groups()
        columns = {column for column, *_ in self.lake.query(f"describe {relation}")}
        ids = [each for each in IDS if each in columns]
        if not ids:
            raise LookupError(f"{relation} does not tell whose its rows are: ask it in a lake of your own")
        bare = ", ".join(f"replace({each}, '{self.sign}', '') as {each}" for each in ids)
        own = f"starts_with({ids[0]}, '{self.sign}')"
        return f"(select * replace ({bare}) from {relation} where {own}) as {alias or name}"

    def _bare(self, value: object) -> object:
        if isinstance(value, str):
            return value.replace(self.sign, "")
        return [self._bare(each) for each in value] if isinstance(value, list) else value


def error_of(step: Callable[[], object]) -> BaseException | None:
    """What ended a step, for its test to raise; None where nothing did."""
    ended = pytest.CallInfo.from_call(step, "call", reraise=KeyboardInterrupt).excinfo
    return ended and ended.value


@dataclass
class Together:
    """The tests of a file that share their builds; `around` is what a build needs, given a folder to be made,
    and `compared` holds every build but the first against a full one.
    """

    around: Callable[[Path], AbstractContextManager[None]] = field(default=lambda folder: nullcontext())
    compared: bool = False
    _tests: dict[str, Callable[[World], Steps]] = field(default_factory=dict)
    # What went wrong, by test, once they were run.
    _failures: dict[str, BaseException] | None = None

    def test(self, steps: Callable[[World], Steps]) -> Callable[[Path], None]:
        """Make a test of its steps."""
        name = steps.__name__
        assert name not in self._tests
        self._tests[name] = steps

        def test(tmp_path: Path) -> None:
            if self._failures is None:
                self._failures = self._run(tmp_path)
            if name in self._failures:
                raise self._failures[name]

        test.__name__ = test.__qualname__ = name
        test.__module__, test.__doc__ = steps.__module__, steps.__doc__
        return test

    def _run(self, root: Path) -> dict[str, BaseException]:
        lake = Lake(root / "lake")
        worlds = {name: World(lake, f"{number}~") for number, name in enumerate(self._tests, start=100)}
        going = {name: steps(worlds[name]) for name, steps in self._tests.items()}
        failures: dict[str, BaseException] = {}
        with self.around(root / "around"):
            while going:
                for name, steps in list(going.items()):
                    error = error_of(partial(next, steps))
                    if error is not None:
                        del going[name]
                        if not isinstance(error, StopIteration):
                            failures[name] = error
                error = error_of(partial(self._build, lake, worlds.values())) if going else None
                if error is not None:
                    signs = ", ".join(f"{world.sign} is {name}" for name, world in worlds.items())
                    error.add_note(f"This build was that of several tests: {signs}")
                    return failures | dict.fromkeys(going, error)
        return failures

    def _build(self, lake: Lake, worlds: Collection[World]) -> None:
        lake.register(*(campaign for world in worlds for campaign in world.campaigns))
        is_first = not lake.warehouse.exists()
        is_full = lake.build().mode == "full"
        assert is_full == is_first, "a world brought a time zone that the first build had not"
        if self.compared and not is_first:
            unlike = unlike_a_full_build(lake)
            for world in worlds:
                world.unlike_a_full_build = unlike
