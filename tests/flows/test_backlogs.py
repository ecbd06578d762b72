"""A budget smaller than what there is to read: the old posts, the listed one and the hashtag all get on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors import x
from connectors.asking import Ask
from connectors.spending import Ledger, Limit, Purse
from connectors.wire import WireSession
from flows.collecting.plan import Offer, plan
from flows.collecting.walked import read_walked, record_walked
from flows.registry import Account, Asset, Campaign, PostReference, Side
from tests.connectors.loopback import Answer, Asked, Loopback, serving
from warehouse.known import KnownPost

FIRST_DAY = date(2026, 4, 1)
LISTED = "7"
AUTHOR = "900"


def post(number: int, created_at: datetime, author: str = AUTHOR) -> dict[str, Any]:
    return {
        "id": str(number),
        "text": "t",
        "edit_history_tweet_ids": [str(number)],
        "author_id": author,
        "created_at": f"{created_at:%Y-%m-%dT%H:%M:%S.000Z}",
        "public_metrics": {"retweet_count": 1},
    }


def seconds(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Days:
    """X with one account's posts, read day by day as a round does."""

    server: Loopback
    folder: Path
    posts: list[dict[str, Any]]
    rows: list[dict[str, Any]] = field(default_factory=list)
    known: dict[str, KnownPost] = field(default_factory=dict)
    breaks_at: Sequence[int] = ()

    def __post_init__(self) -> None:
        self.server.on("/2/users/by", Answer({"data": [{"id": AUTHOR, "username": "us"}]}))
        self.server.on(f"/2/users/{AUTHOR}/tweets", self.timeline)
        self.server.on("/2/tweets", self.look_up)
        self.server.on("/2/tweets/counts/recent", Answer({"data": [], "meta": {"total_tweet_count": 0}}))
        self.server.on("/2/tweets/counts/all", Answer({"data": [], "meta": {"total_tweet_count": 0}}))
        self.clock = datetime(2026, 4, 2, 6, tzinfo=UTC)

    def shown(self) -> list[dict[str, Any]]:
        return [one for one in self.posts if seconds(one["created_at"]) <= self.clock]

    def timeline(self, asked: Asked) -> Answer:
        if len(self.server.of(asked.path)) in self.breaks_at:
            return Answer({"title": "Forbidden"}, status=403)
        told = asked.parameters
        end = seconds(told["end_time"]) if "end_time" in told else self.clock + timedelta(seconds=1)
        found = [
            one
            for one in sorted(self.shown(), key=lambda one: int(one["id"]), reverse=True)
            if seconds(told["start_time"]) <= seconds(one["created_at"]) < end and one["author_id"] == AUTHOR
        ]
        begin = int(told.get("pagination_token", "0"))
        after = begin + int(told["max_results"])
        meta = {"next_token": str(after)} if after < len(found) else {}
        return self.answer(found[begin:after], meta)

    def look_up(self, asked: Asked) -> Answer:
        ids = asked.parameters["ids"].split(",")
        return self.answer([one for one in self.shown() if one["id"] in ids], {})

    def answer(self, found: list[dict[str, Any]], meta: dict[str, Any]) -> Answer:
        users = [{"id": author, "username": f"u{author}"} for author in {one["author_id"] for one in found}]
        return Answer({"data": found, "includes": {"users": users}, "meta": meta})

    def campaign(self) -> Campaign:
        hashtag = Asset("tag", "Tag", "ours", "hashtag", (), None, (), hashtag="VoteWater")
        film = Asset("film", "Film", "ours", "video", (), None, (PostReference("x", LISTED),))
        return Campaign(
            id="water",
            name="Water",
            starts=FIRST_DAY,
            ends=date(2026, 6, 30),
            timezone="UTC",
            sides=(Side("ours", "Us", True),),
            accounts=(Account("ours", "x", "us", None, None, True),),
            assets=(film, hashtag),
            audiences=(),
            source=Path("a.toml"),
        )

    def day(self, usd: str | None) -> Ask:
        """One round, and the record of what X showed in it."""
        record = self.folder / "x.json"
        ask = plan(
            [self.campaign()],
            self.known.values(),
            self.clock,
            "x",
            everything=False,
            walked=read_walked(record),
            offer=Offer.of(x),
        )
        before = len(self.rows)
        limits = [Limit("water", Decimal(usd), None)] if usd else []
        with (
            Ledger(self.folder / "spending.sqlite") as ledger,
            WireSession(
                "x",
                run_id="run",
                sdk_url=x.SDK_URL,
                base_url=self.server.url,
                secrets=["token-1234567890"],
                judge=x.judge,
                land=self.rows.append,
                as_of=self.clock,
                sleep=lambda seconds: None,
            ) as session,
        ):
            purse = Purse(ledger, "x", limits, lambda: self.clock)
            x.collect(ask, session, "token-1234567890", purse=purse)
            record_walked(record, session.report.walked, self.clock, session.report.walked_back)
            today = self.clock.date()
            spent = ledger.spent("x", "water", today, today).usd
        assert spent == self.bill(self.rows[before:])
        assert usd is None or spent <= Decimal(usd)
        self.clock += timedelta(days=1)
        return ask

    def bill(self, rows: list[dict[str, Any]]) -> Decimal:
        """What X charges for a day, each post and account once; the posts are known from then on."""
        users, posts, usd = set(), set(), Decimal(0)
        for row in rows:
            body = json.loads(row["body"])
            if row["status"] != 200:
                continue
            if row["endpoint"] == "counts":
                usd += x.PRICES["counts/all" if "/counts/all" in row["url"] else "counts/recent"]
                continue
            shown = body.get("data", [])
            users |= {one["id"] for one in body.get("includes", {}).get("users", ())}
            if row["endpoint"] == "users":
                users |= {one["id"] for one in shown}
                continue
            posts |= {one["id"] for one in shown}
            for one in shown:
                self.learn(one)
        return usd + len(users) * x.PRICES["user"] + len(posts) * x.PRICES["post"]

    def learn(self, one: dict[str, Any]) -> None:
        self.known[one["id"]] = KnownPost(
            platform="x",
            post_id=one["id"],
            account_id=one["author_id"],
            created_at=seconds(one["created_at"]),
            last_seen_at=self.clock,
            is_gone=False,
            aliases=(),
            handle="us" if one["author_id"] == AUTHOR else "them",
        )

    def listed(self) -> set[str]:
        return {
            one["id"]
            for row in self.rows
            if row["endpoint"] == "timeline" and row["status"] == 200
            for one in json.loads(row["body"])["data"]
        }


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


def backlog(count: int, apart: timedelta) -> list[dict[str, Any]]:
    begin = datetime(2026, 4, 1, 0, 0, 30, tzinfo=UTC)
    posts = [post(1000 + n, begin + n * apart) for n in range(count)]
    return [*posts, post(int(LISTED), begin, author="5")]


def test_the_listed_post_and_the_hashtag_are_read_before_a_backlog(server: Loopback, tmp_path: Path) -> None:
    days = Days(server, tmp_path, backlog(60, timedelta(minutes=4)))
    days.day("0.20")
    paths = [asked.path for asked in server.asked]
    assert paths[:2] == ["/2/tweets/counts/recent", "/2/tweets"]
    assert server.of("/2/tweets")[0].parameters["ids"] == LISTED


def test_a_walk_goes_on_where_the_budget_ended_and_looks_for_what_is_new(
    server: Loopback, tmp_path: Path
) -> None:
    days = Days(server, tmp_path, backlog(60, timedelta(minutes=4)))
    days.day("0.20")
    oldest = min(days.listed(), key=int)
    made_at = next(seconds(one["created_at"]) for one in days.posts if one["id"] == oldest)
    ask = days.day("0.20")
    new, older = ask.walks
    assert (new.since, new.until) == (datetime(2026, 4, 2, 5, tzinfo=UTC), None)
    assert older.since == datetime(2026, 4, 1, tzinfo=UTC)
    assert older.until == made_at + timedelta(seconds=1)
    assert older.until is not None
    asked = [one.parameters.get("end_time") for one in server.of(f"/2/users/{AUTHOR}/tweets")]
    assert f"{older.until:%Y-%m-%dT%H:%M:%SZ}" in asked
    assert min(days.listed(), key=int) < oldest


@pytest.mark.parametrize("usd", ["0.06", "0.10", "0.20", "0.35", "1"])
@pytest.mark.parametrize("minutes", [1, 10, 240])
def test_every_post_is_listed_in_the_end_and_none_bought_twice_a_day(
    server: Loopback, tmp_path: Path, usd: str, minutes: int
) -> None:
    days = Days(server, tmp_path, backlog(60, timedelta(minutes=minutes)))
    everything = {one["id"] for one in days.posts if one["author_id"] == AUTHOR}
    for _ in range(40):
        days.day(usd)
        if days.listed() == everything and LISTED in days.known:
            break
    assert days.listed() == everything
    assert LISTED in days.known


def test_whatever_breaks_off_every_post_is_listed_in_the_end(server: Loopback, tmp_path: Path) -> None:
    days = Days(server, tmp_path, backlog(250, timedelta(minutes=5)), breaks_at=(2, 5, 7))
    for _ in range(6):
        days.day(None)
    assert len(days.listed()) == 250


def test_without_a_budget_the_backlog_is_listed_at_once(server: Loopback, tmp_path: Path) -> None:
    days = Days(server, tmp_path, backlog(60, timedelta(minutes=4)))
    days.day(None)
    assert len(days.listed()) == 60
    assert len(days.day(None).walks) == 1
