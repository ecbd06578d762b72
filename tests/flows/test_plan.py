"""The plan of a run: what is asked, of which accounts and posts, at which moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.asking import AccountDays, Ask, AudienceReach, Mentions, PostDays, Walk, Wanted
from flows.collecting.attempts import subjects_in
from flows.collecting.plan import AFTERMATH, CONFIRMED, Offer, idle_reason, is_due, is_due_today, plan
from flows.collecting.walked import Walked
from flows.registry import Account, Asset, Audience, Cadence, Campaign, PostReference, Side
from warehouse.known import KnownPost, KnownSubject

# London is one hour ahead of UTC in May and on UTC in December.
STARTS = date(2026, 5, 4)
ENDS = date(2026, 6, 30)
BEGAN = datetime(2026, 5, 3, 23, tzinfo=UTC)
CLOCK = datetime(2026, 5, 20, 12, tzinfo=UTC)
WALKED = {"@cleanwaternow": Walked(BEGAN, CLOCK)}


def account(handle: str | None = "CleanWaterNow", *, id_: str | None = None, watch: bool = True) -> Account:
    return Account("ours", "x", handle, id_, None, watch)


def campaign(
    *aliases: str,
    id_: str = "water",
    accounts: tuple[Account, ...] = (),
    starts: date = STARTS,
    ends: date = ENDS,
    timezone: str = "Europe/London",
    platform: str = "x",
    assets: tuple[Asset, ...] = (),
    audiences: tuple[Audience, ...] = (),
    cadence: Cadence | None = None,
) -> Campaign:
    posts = tuple(PostReference(platform, alias) for alias in aliases)
    return Campaign(
        id=id_,
        name=id_,
        starts=starts,
        ends=ends,
        timezone=timezone,
        sides=(Side("ours", "Us", True), Side("theirs", "Them", False)),
        accounts=accounts,
        assets=(Asset("film", "The film", "ours", "video", (), None, posts), *assets),
        audiences=audiences,
        source=Path("a.toml"),
        cadence={} if cadence is None else {platform: cadence},
    )


def seen(
    post_id: str = "1",
    *,
    created: timedelta | None = timedelta(days=1),
    read: timedelta | None = timedelta(hours=1),
    account_id: str | None = "77",
    aliases: tuple[str, ...] = (),
    handle: str | None = "cleanwaternow",
    gone: timedelta | None = None,
    refusals: int = 0,
    has_media: bool = False,
) -> KnownPost:
    """A post that was created, last shown and last refused so long before CLOCK; gone if that was refused
    later than shown."""

    def before(ago: timedelta | None) -> datetime | None:
        return None if ago is None else CLOCK - ago

    is_gone = gone is not None and (read is None or gone < read)
    return KnownPost(
        platform="x",
        post_id=post_id,
        account_id=account_id,
        aliases=aliases,
        created_at=before(created),
        last_seen_at=before(read),
        is_gone=is_gone,
        handle=handle,
        gone_at=before(gone),
        refusals=refusals,
        has_media=has_media,
    )


def refused(post_id: str, gone: timedelta, refusals: int = 1) -> KnownPost:
    """A post that was never shown, and refused on so many days, last so long before CLOCK."""
    return seen(
        post_id,
        created=None,
        read=None,
        account_id=None,
        aliases=(post_id,),
        handle=None,
        gone=gone,
        refusals=refusals,
    )


def names(ask_posts: tuple[Wanted, ...]) -> list[str]:
    return [wanted.alias for wanted in ask_posts]


@pytest.mark.parametrize(
    ("age", "last_read", "due"),
    [
        # hourly until two days old
        (timedelta(hours=3), timedelta(minutes=54), False),
        (timedelta(hours=3), timedelta(minutes=55), True),
        (timedelta(hours=47, minutes=59), timedelta(hours=1), True),
        # every six hours until two weeks old
        (timedelta(hours=48), timedelta(hours=1), False),
        (timedelta(hours=48), timedelta(hours=5, minutes=55), True),
        (timedelta(days=13), timedelta(hours=5), False),
        # daily until thirty days old
        (timedelta(days=14), timedelta(hours=6), False),
        (timedelta(days=14), timedelta(hours=23, minutes=55), True),
        # then weekly
        (timedelta(days=30), timedelta(days=1), False),
        (timedelta(days=30), timedelta(days=6, hours=23, minutes=55), True),
        (timedelta(days=400), timedelta(days=6), False),
    ],
)
def test_posts_are_read_less_often_as_they_age(age: timedelta, last_read: timedelta, due: bool) -> None:
    assert is_due(CLOCK - age, CLOCK - last_read, CLOCK) is due


@pytest.mark.parametrize(("created_at", "last_seen_at"), [(None, CLOCK), (CLOCK, None), (None, None)])
def test_what_is_unknown_is_due(created_at: datetime | None, last_seen_at: datetime | None) -> None:
    assert is_due(created_at, last_seen_at, CLOCK)


@pytest.mark.parametrize(
    ("clock", "says"),
    [
        (BEGAN - timedelta(seconds=1), "has not begun"),
        (BEGAN, None),
        # the last day is 30 June; thirty days of aftermath end with 30 July, London time
        (datetime(2026, 7, 30, 22, 59, 59, tzinfo=UTC), None),
        (datetime(2026, 7, 30, 23, tzinfo=UTC), "ended on 2026-06-30"),
    ],
)
def test_a_campaign_is_active_from_its_first_local_midnight_until_thirty_days_after(
    clock: datetime, says: str | None
) -> None:
    reason = idle_reason(campaign(), clock)
    assert reason is None if says is None else says in (reason or "")


def test_an_idle_campaign_asks_nothing() -> None:
    idle = campaign("1", accounts=(account(),))
    ask = plan([idle], [], BEGAN - timedelta(days=1), "x", everything=False)
    assert (ask.walks, ask.posts) == ((), ())


def test_everything_asks_idle_campaigns_too_but_lists_nothing_of_the_future() -> None:
    watched = campaign("1", accounts=(account(),))
    before = plan([watched], [], BEGAN - timedelta(days=1), "x", everything=True)
    after = plan([watched], [], BEGAN + timedelta(days=900), "x", everything=True)
    assert (before.walks, names(before.posts)) == ((), ["1"])
    assert ([walk.since for walk in after.walks], names(after.posts)) == ([BEGAN], ["1"])


def test_an_account_of_which_nothing_is_known_is_walked_from_the_first_midnight() -> None:
    ask = plan([campaign(accounts=(account(),))], [], CLOCK, "x", everything=False)
    assert ask.walks == (Walk("water", BEGAN, handle="CleanWaterNow"),)


@pytest.mark.parametrize(
    ("newest", "since"),
    [
        # a quiet account: two days before its newest post, so that one listed late is found
        (timedelta(days=5), CLOCK - timedelta(days=7)),
        # a busy one: every post that is still read hourly
        (timedelta(hours=3), CLOCK - timedelta(days=2, hours=3)),
        # never before the campaign
        (timedelta(days=16), BEGAN),
        (timedelta(days=300), BEGAN),
    ],
)
def test_a_known_account_is_walked_two_days_back(newest: timedelta, since: datetime) -> None:
    known = [seen("1", created=newest), seen("2", created=newest + timedelta(days=3))]
    ask = plan([campaign(accounts=(account(),))], known, CLOCK, "x", everything=False, walked=WALKED)
    assert [walk.since for walk in ask.walks] == [since]


@pytest.mark.parametrize(
    ("walked", "since"),
    [
        # the first walk broke off, or its record is lost: the newest post says nothing about the older ones
        ({}, BEGAN),
        # an earlier campaign has begun since, over the same account
        ({"@cleanwaternow": Walked(BEGAN + timedelta(days=1), CLOCK)}, BEGAN),
        # the last two runs broke off: back to before the last walk that did not
        ({"@cleanwaternow": Walked(BEGAN, CLOCK - timedelta(days=3))}, CLOCK - timedelta(days=5)),
        # the same, where the record knows the account by its id alone
        ({"77": Walked(BEGAN, CLOCK - timedelta(days=3))}, BEGAN),
    ],
)
def test_a_walk_that_broke_off_is_walked_again(walked: dict[str, Walked], since: datetime) -> None:
    known = [seen(created=timedelta(hours=3))]
    ask = plan([campaign(accounts=(account(),))], known, CLOCK, "x", everything=False, walked=walked)
    assert [walk.since for walk in ask.walks] == [since]


def test_where_reading_is_charged_a_walk_that_broke_off_goes_on_where_it_stopped() -> None:
    part = {"@cleanwaternow": Walked(CLOCK - timedelta(days=4), CLOCK - timedelta(days=1))}
    for known in ([], [seen(created=timedelta(days=2))]):
        ask = plan(
            [campaign(accounts=(account(),))],
            known,
            CLOCK,
            "x",
            everything=False,
            walked=part,
            offer=Offer(is_charged=True),
        )
        bounds = [(walk.since, walk.until) for walk in ask.walks]
        assert bounds == [(CLOCK - timedelta(days=1, hours=1), None), (BEGAN, CLOCK - timedelta(days=4))]


def test_where_reading_is_charged_posts_that_waited_longest_come_first() -> None:
    known = [
        seen(str(n), created=timedelta(days=9 - n), read=timedelta(days=days))
        for n, days in enumerate((2, 4, 3))
    ]
    watched = campaign(accounts=(account(),))
    charged = Offer(is_charged=True)
    ask = plan([watched], known, CLOCK, "x", everything=False, walked=WALKED, offer=charged)
    assert names(ask.posts) == ["1", "2", "0"]


def test_everything_walks_a_known_account_from_the_start() -> None:
    ask = plan([campaign(accounts=(account(),))], [seen()], CLOCK, "x", everything=True)
    assert [walk.since for walk in ask.walks] == [BEGAN]


def test_a_post_from_the_future_does_not_hide_the_present() -> None:
    known = [seen(created=-timedelta(days=9))]
    ask = plan([campaign(accounts=(account(),))], known, CLOCK, "x", everything=False, walked=WALKED)
    assert [walk.since for walk in ask.walks] == [CLOCK - timedelta(days=2)]


def test_a_post_that_every_campaign_of_its_account_ignores_is_not_asked_for() -> None:
    known = [seen(name, read=timedelta(days=9), aliases=(f"edit-{name}",)) for name in ("1", "2", "3")]
    ignored = (PostReference("x", "1"), PostReference("x", "edit-2"), PostReference("facebook", "3"))
    water = replace(campaign(accounts=(account(),)), ignored=ignored)
    assert names(plan([water], known, CLOCK, "x", everything=False).posts) == ["3"]
    river = campaign(id_="river", accounts=(account(),))
    assert names(plan([water, river], known, CLOCK, "x", everything=False).posts) == ["1", "2", "3"]


def test_unwatched_accounts_and_other_platforms_are_not_walked() -> None:
    unwatched = campaign(accounts=(account(watch=False),))
    assert plan([unwatched], [], CLOCK, "x", everything=True).walks == ()
    assert plan([campaign("1", accounts=(account(),))], [], CLOCK, "facebook", everything=True).posts == ()


def test_an_account_of_two_campaigns_is_walked_once_from_the_earlier_start() -> None:
    first = campaign(id_="b", accounts=(account("CLEANwaterNOW"),), starts=date(2026, 5, 10))
    second = campaign(id_="a", accounts=(account("CleanWaterNow"),), starts=STARTS)
    ask = plan([first, second], [], CLOCK, "x", everything=False)
    assert ask.walks == (Walk("a", BEGAN, handle="CleanWaterNow", others=("b",)),)


def test_an_account_named_by_handle_and_by_id_is_walked_once_when_it_is_known() -> None:
    by_handle = campaign(id_="a", accounts=(account(),))
    by_id = campaign(id_="b", accounts=(account(None, id_="77"),))
    ask = plan([by_handle, by_id], [seen()], CLOCK, "x", everything=False)
    assert [(walk.handle, walk.account_id) for walk in ask.walks] == [("CleanWaterNow", "77")]


def test_listed_posts_are_asked_for_once_in_the_order_of_the_registry() -> None:
    ask = plan([campaign("9", "8", "9"), campaign("8", "7", id_="b")], [], CLOCK, "x", everything=False)
    assert ask.posts == (Wanted("water", "9"), Wanted("water", "8", others=("b",)), Wanted("b", "7"))


def test_a_post_known_by_another_name_is_judged_and_asked_under_its_id() -> None:
    listed = campaign("vanity/1", "5", "1")
    fresh = seen("1", aliases=("vanity/1",), read=timedelta(minutes=10))
    stale = seen("1", aliases=("vanity/1",), read=timedelta(hours=1))
    assert names(plan([listed], [fresh], CLOCK, "x", everything=False).posts) == ["5"]
    assert names(plan([listed], [stale], CLOCK, "x", everything=False).posts) == ["1", "5"]


def test_known_posts_of_the_accounts_are_read_when_due() -> None:
    known = [
        seen("due", created=timedelta(days=3), read=timedelta(hours=6)),
        seen("read-lately", created=timedelta(days=3), read=timedelta(hours=5)),
        seen("before-the-campaign", created=timedelta(days=200), read=timedelta(days=90)),
        seen("of-somebody-else", account_id="5", handle="other", read=timedelta(days=9)),
    ]
    ask = plan([campaign(accounts=(account(),))], known, CLOCK, "x", everything=False)
    assert names(ask.posts) == ["due"]


def test_what_is_known_of_a_post_goes_with_it() -> None:
    created_at = CLOCK - timedelta(days=3)
    stale = seen("1", created=timedelta(days=3), read=timedelta(hours=6), aliases=("vanity/1",))
    unnamed = seen("2", created=timedelta(days=3), read=timedelta(hours=6), handle=None)
    listed = campaign("vanity/1", "8", accounts=(account("CleanWaterNow", id_="77"),))
    assert plan([listed], [stale, unnamed], CLOCK, "x", everything=False).posts == (
        Wanted("water", "1", handle="cleanwaternow", account_id="77", created_at=created_at),
        Wanted("water", "8"),
        Wanted("water", "2", handle="CleanWaterNow", account_id="77", created_at=created_at),
    )


CHARGED = Offer(is_charged=True)


@pytest.mark.parametrize(
    ("last_read", "zone", "due"),
    [
        # CLOCK is 13:00 in London, 08:00 in New York and midnight in Auckland.
        (timedelta(hours=12, minutes=59), "Europe/London", False),
        (timedelta(hours=13), "Europe/London", False),
        (timedelta(hours=13, seconds=1), "Europe/London", True),
        (timedelta(hours=8), "America/New_York", False),
        (timedelta(hours=8, seconds=1), "America/New_York", True),
        (timedelta(seconds=1), "Pacific/Auckland", True),
        (timedelta(0), "Pacific/Auckland", False),
        (None, "Europe/London", True),
    ],
)
def test_at_the_daily_cadence_a_post_is_read_at_the_first_run_of_the_local_day(
    last_read: timedelta | None, zone: str, due: bool
) -> None:
    assert is_due_today(None if last_read is None else CLOCK - last_read, CLOCK, zone) is due
    for age in (timedelta(hours=20), timedelta(days=100), None):
        known = [seen("1", created=age, read=last_read)]
        listed = campaign("1", timezone=zone, cadence="daily")
        assert names(plan([listed], known, CLOCK, "x", everything=False).posts) == (["1"] if due else [])


@pytest.mark.parametrize(
    ("offer", "chosen", "is_read_hourly"),
    [
        (Offer(), None, True),
        (Offer(), "daily", False),
        (CHARGED, None, False),
        (CHARGED, "by age", True),
    ],
)
def test_what_is_charged_by_the_day_is_read_daily_unless_the_registry_says_otherwise(
    offer: Offer, chosen: Cadence | None, is_read_hourly: bool
) -> None:
    known = [seen("1", read=timedelta(hours=1))]
    ask = plan([campaign("1", cadence=chosen)], known, CLOCK, "x", everything=False, offer=offer)
    assert bool(ask.posts) is is_read_hourly


def test_a_day_of_hourly_runs_reads_a_post_once_at_the_daily_cadence() -> None:
    last_read, read = BEGAN + timedelta(days=9), []
    for hour in range(24 * 3):
        run = BEGAN + timedelta(days=10, hours=hour, minutes=5)
        post = KnownPost("x", "1", "77", ("1",), BEGAN, last_read, False)
        if plan([campaign("1")], [post], run, "x", everything=False, offer=CHARGED).posts:
            last_read = run
            read.append(run)
    # 23:05 UTC is five past midnight in London's summer
    assert read == [BEGAN + timedelta(days=10 + day, minutes=5) for day in range(3)]


@pytest.mark.parametrize(
    ("read", "back"),
    [
        # the first run of the local day looks for what was listed late; the others for what is new
        (timedelta(hours=14), timedelta(days=2)),
        (timedelta(hours=1), timedelta(hours=1)),
    ],
)
def test_at_the_daily_cadence_a_walk_goes_far_back_once_a_day(read: timedelta, back: timedelta) -> None:
    watched = campaign(accounts=(account(),), cadence="daily")
    known = [seen("1", created=timedelta(hours=20), read=read), seen("2", created=timedelta(days=4))]
    known[1] = seen("2", created=timedelta(days=4), read=timedelta(days=1))
    (walk,) = plan([watched], known, CLOCK, "x", everything=False, walked=WALKED).walks
    assert walk.since == CLOCK - timedelta(hours=20) - back


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("refusals", "last_refused", "asked", "asked_if_listed"),
    [
        # daily until it was refused on three days
        (1, DAY - 6 * MINUTE, False, False),
        (1, DAY - 5 * MINUTE, True, True),
        (2, DAY, True, True),
        # then it is gone, and asked weekly while an asset lists it
        (3, DAY, False, False),
        (3, 7 * DAY - 6 * MINUTE, False, False),
        (3, 7 * DAY - 5 * MINUTE, False, True),
        (7, 29 * DAY, False, True),
        # until that is confirmed too; what is given up is asked monthly
        (8, 30 * DAY - 6 * MINUTE, False, False),
        (3, 30 * DAY - 5 * MINUTE, True, True),
        (8, 30 * DAY - 5 * MINUTE, True, True),
    ],
)
def test_a_gone_post_is_asked_daily_then_weekly_while_it_is_listed_and_then_monthly(
    refusals: int, last_refused: timedelta, asked: bool, asked_if_listed: bool
) -> None:
    gone = seen(
        "1", created=400 * DAY, read=last_refused + refusals * DAY, gone=last_refused, refusals=refusals
    )
    since = CLOCK.date() - 500 * DAY
    of_account = campaign(accounts=(account(),), starts=since)
    listed = campaign("1", accounts=(account(),), starts=since)
    for cadence in ("by age", "daily"):
        offer = Offer(is_charged=cadence == "daily")
        for asking, expected in ((of_account, asked), (listed, asked_if_listed)):
            ask = plan([asking], [gone], CLOCK, "x", everything=False, offer=offer)
            assert names(ask.posts) == (["1"] if expected else [])
            assert names(plan([asking], [gone], CLOCK, "x", everything=True).posts) == ["1"]


@pytest.mark.parametrize(
    ("refusals", "last_refused", "asked", "asked_when_over"),
    [
        (1, HOUR, False, False),
        (1, DAY - 6 * MINUTE, False, False),
        (1, DAY - 5 * MINUTE, True, True),
        (3, 6 * DAY, False, False),
        (3, 7 * DAY, True, True),
        # it may have been listed ahead of its time, as long as there is time
        (8, 7 * DAY, True, False),
        (50, 7 * DAY, True, False),
    ],
)
def test_a_listed_post_that_was_never_seen_is_given_up_once_its_campaign_is_over(
    refusals: int, last_refused: timedelta, asked: bool, asked_when_over: bool
) -> None:
    known = [refused("1", last_refused, refusals)]
    running, over = campaign("1"), campaign("1", ends=CLOCK.date() - DAY)
    assert names(plan([running], known, CLOCK, "x", everything=False).posts) == (["1"] if asked else [])
    assert names(plan([over], known, CLOCK, "x", everything=False).posts) == (
        ["1"] if asked_when_over else []
    )


def test_a_campaign_is_over_when_its_last_local_day_is() -> None:
    known = [refused("1", 28 * DAY, 8)]
    last_day = campaign("1", ends=CLOCK.date(), timezone="America/New_York")
    assert plan([last_day], known, CLOCK + 15 * HOUR, "x", everything=False).posts
    assert not plan([last_day], known, CLOCK + 16 * HOUR, "x", everything=False).posts


def test_a_post_that_was_never_seen_is_not_asked_once_nothing_lists_it() -> None:
    watched = campaign(accounts=(account(),))
    assert plan([watched], [refused("1", 9 * DAY)], CLOCK, "x", everything=False).posts == ()


def test_a_name_that_was_refused_is_forgiven_once_a_post_was_seen_under_it() -> None:
    known = [refused("vanity/1", 9 * DAY), seen("1", aliases=("vanity/1",), read=timedelta(minutes=10))]
    assert plan([campaign("vanity/1")], known, CLOCK, "x", everything=False).posts == ()


def test_a_post_listed_under_its_accounts_handle_is_known_by_the_id_under_which_it_was_refused() -> None:
    known = [seen("100", read=HOUR), refused("77_9", 2 * HOUR)]
    listed = campaign("CleanWaterNow/9", "nobody/9", "9/9", cadence="by age")
    assert names(plan([listed], known, CLOCK, "x", everything=False).posts) == ["nobody/9", "9/9"]
    assert names(plan([listed], known, CLOCK + DAY, "x", everything=False).posts) == [
        *("77_9", "nobody/9", "9/9")
    ]


@pytest.mark.parametrize(
    ("returned", "asked"),
    [
        # another post was refused when this one was, or later, and is there again: the account was away
        ({"gone": 9 * DAY, "read": HOUR}, True),
        ({"gone": 9 * DAY + 22 * HOUR, "read": HOUR}, True),
        ({"gone": 2 * DAY, "read": HOUR}, True),
        # refused again since: it was asked for when the account came back
        ({"gone": 10 * DAY, "read": HOUR}, False),
        # other posts are there and always were: this one was deleted
        ({"read": HOUR}, False),
        # still away
        ({"gone": HOUR, "read": 12 * DAY}, False),
        # of another account
        ({"gone": 9 * DAY, "read": HOUR, "account_id": "5", "handle": "other"}, False),
    ],
)
@pytest.mark.parametrize("is_listed", [False, True])
def test_posts_that_were_given_up_are_asked_again_when_their_account_is_back(
    returned: dict[str, Any], asked: bool, is_listed: bool
) -> None:
    given_up = seen("1", created=15 * DAY, read=12 * DAY, gone=9 * DAY - HOUR, refusals=8)
    other = seen("2", **{"created": 15 * DAY, "read": HOUR, **returned})
    watched = campaign(*(["1"] if is_listed else []), accounts=(account(None, id_="77"),))
    ask = plan([watched], [given_up, other], CLOCK, "x", everything=False)
    assert ("1" in names(ask.posts)) is asked


def test_an_account_that_was_away_gets_its_posts_back_and_a_deleted_one_costs_a_call_or_two() -> None:
    watched = campaign(accounts=(account(None, id_="77"),))
    away_from, away_until, deleted_at = CLOCK, CLOCK + 8 * DAY, CLOCK - DAY
    read = dict.fromkeys(("listed", "old", "deleted"), CLOCK - 2 * DAY)
    last_refused: dict[str, datetime] = {}
    refused_on: dict[str, list[int]] = {name: [] for name in read}
    for hour in range(-24, 24 * 20):
        run = CLOCK + hour * HOUR
        known = [
            KnownPost(
                *("x", name, "77", (name,), CLOCK - 10 * DAY, read[name], name in last_refused),
                gone_at=last_refused.get(name),
                refusals=len(set(refused_on[name])),
            )
            for name in read
        ]
        known = [replace(post, is_gone=(post.gone_at or BEGAN) > read[post.post_id]) for post in known]
        is_away = away_from <= run < away_until
        shown = set(names(plan([watched], known, run, "x", everything=False).posts))
        # The walk finds the newest post again, whatever is asked for.
        for name in shown | ({"listed"} if not is_away else set()):
            if is_away or (name == "deleted" and run >= deleted_at):
                last_refused[name] = run
                refused_on[name].append((run - CLOCK).days)
            else:
                read[name] = run
                refused_on[name].clear()
    assert read["old"] > CLOCK + 18 * DAY
    assert read["deleted"] < deleted_at
    assert CONFIRMED < len(refused_on["deleted"]) <= CONFIRMED + 2


@pytest.mark.parametrize(("is_listed", "days"), [(False, [0, 1, 31]), (True, [0, 1, 8, 15, 22, 29, 36])])
def test_hourly_runs_ask_for_a_gone_post_daily_then_weekly_and_then_monthly(
    is_listed: bool, days: list[int]
) -> None:
    last_alive, last_refused, refusals = CLOCK - DAY, CLOCK - DAY, 1
    asked = []
    for hour in range(24 * 41):
        run = CLOCK + hour * HOUR
        gone = KnownPost(
            *("x", "1", "77", ("1",), CLOCK - 10 * DAY, last_alive, True),
            gone_at=last_refused,
            refusals=refusals,
        )
        watched = campaign(*(["1"] if is_listed else []), accounts=(account(None, id_="77"),))
        if plan([watched], [gone], run, "x", everything=False).posts:
            asked.append((run - CLOCK).days)
            last_refused, refusals = run, refusals + 1
    assert asked == days


ALL = Offer(account_days=True, mentions=("hashtag", "site"), audiences=True)
TODAY = CLOCK.date()
THEIRS = Account("theirs", "x", "BigSewage", None, None, True)


def told(
    object_type: str, object_id: str, ago: timedelta, whole_until: date | None = None, platform: str = "x"
) -> KnownSubject:
    return KnownSubject(platform, object_type, object_id, CLOCK - ago, whole_until)


def asked(*campaigns: Campaign, offer: Offer = ALL, known: list[KnownSubject] | None = None) -> Ask:
    return plan(campaigns, [seen()], CLOCK, "x", everything=False, subjects=known or (), offer=offer)


def test_what_a_connector_does_not_offer_is_not_asked() -> None:
    whole = campaign(accounts=(account(),), assets=(HASHTAG, SITE), audiences=(audience(),))
    nothing = asked(whole, offer=Offer())
    assert (nothing.days, nothing.mentions, nothing.audiences) == ((), (), ())
    everything = asked(whole)
    assert (len(everything.days), len(everything.mentions), len(everything.audiences)) == (1, 2, 1)
    assert [one.kind for one in asked(whole, offer=Offer(mentions=("site",))).mentions] == ["site"]


@pytest.mark.parametrize(
    ("known", "first_day"),
    [
        ([], STARTS),
        ([told("account", "77", 6 * HOUR - 6 * MINUTE, TODAY)], None),
        # the three days before what is known whole may be restated
        ([told("account", "77", 6 * HOUR - 5 * MINUTE, date(2026, 5, 18))], date(2026, 5, 16)),
        ([told("account", "77", 5 * DAY, date(2026, 5, 5))], STARTS),
        ([told("account", "77", 5 * DAY, None)], STARTS),
        # another platform's, or the hashtag of that number
        ([told("hashtag", "77", HOUR), told("account", "77", HOUR, platform="facebook")], STARTS),
        # known by its handle where the answer names no id
        ([told("account", "@cleanwaternow", HOUR, TODAY)], None),
        ([told("account", "@cleanwaternow", 6 * HOUR, date(2026, 5, 18))], date(2026, 5, 16)),
        # what was never told is asked along with the others
        ([told("account", "78", HOUR)], None),
        ([told("account", "78", 6 * HOUR, TODAY)], STARTS),
    ],
)
def test_the_days_of_an_account_are_asked_every_six_hours(
    known: list[KnownSubject], first_day: date | None
) -> None:
    ask = asked(campaign(accounts=(account(),)), known=known)
    assert ask.days == (() if not first_day else (AccountDays("water", first_day, TODAY, "CleanWaterNow"),))


def attempted(*subjects: tuple[str, str], ago: timedelta) -> dict[tuple[str, str], datetime]:
    return dict.fromkeys(subjects, CLOCK - ago)


@pytest.mark.parametrize(
    ("ago", "counts"),
    [
        (HOUR, (0, 0, 0)),
        # of the sites every three hours, of the rest every six, of audiences daily
        (3 * HOUR, (0, 1, 0)),
        (6 * HOUR, (1, 2, 0)),
        (DAY, (1, 2, 1)),
        # planned for the future, by mistake
        (-HOUR, (1, 2, 1)),
    ],
)
@pytest.mark.parametrize(
    "known", [[], [told("account", "77", 9 * DAY), told("site", "https://River.example/find?a=1", 9 * DAY)]]
)
def test_what_a_platform_does_not_tell_is_asked_no_more_often_than_what_it_tells(
    ago: timedelta, counts: tuple[int, int, int], known: list[KnownSubject]
) -> None:
    whole = campaign(accounts=(account(),), assets=(HASHTAG, SITE), audiences=(audience(),))
    asked_all = plan([whole], [], CLOCK, "x", everything=False, subjects=known, offer=ALL)
    attempts = dict.fromkeys(subjects_in(asked_all), CLOCK - ago)
    for posts in ([], [seen()]):
        ask = plan(*([whole], posts, CLOCK, "x", False), subjects=known, attempts=attempts, offer=ALL)
        assert (len(ask.days), len(ask.mentions), len(ask.audiences)) == counts
    everything = plan([whole], [], CLOCK, "x", everything=True, attempts=attempts, offer=ALL)
    assert (len(everything.days), len(everything.mentions), len(everything.audiences)) == (1, 2, 1)


@pytest.mark.parametrize(("ago", "count"), [(23 * HOUR, 0), (24 * HOUR, 1)])
def test_days_that_cost_money_are_asked_once_a_day(ago: timedelta, count: int) -> None:
    charged = Offer(is_charged=True, account_days=True)
    ask = asked(campaign(accounts=(account(),)), known=[told("account", "77", ago, TODAY)], offer=charged)
    assert len(ask.days) == count


def test_the_days_of_an_account_go_at_most_ninety_days_back_and_end_with_the_aftermath() -> None:
    long = campaign(accounts=(account(),), starts=date(2026, 1, 1))
    over = campaign(accounts=(account(),), ends=TODAY - AFTERMATH, starts=date(2026, 4, 1), timezone="UTC")
    clock = CLOCK + timedelta(hours=11, minutes=59)
    assert asked(long).days[0].first_day == TODAY - timedelta(days=89)
    ask = plan([over], [], clock, "x", everything=False, offer=ALL)
    assert (ask.days[0].first_day, ask.days[0].last_day) == (date(2026, 4, 1), TODAY)
    late = plan([over], [], CLOCK + 60 * DAY, "x", everything=True, offer=ALL)
    assert late.days[0].last_day == TODAY


def test_an_account_of_two_campaigns_is_asked_once_for_the_days_of_both() -> None:
    first = campaign(id_="a", accounts=(account(),), starts=date(2026, 5, 10))
    second = campaign(id_="b", accounts=(account(None, id_="77"),), starts=date(2026, 5, 1))
    assert asked(first, second).days == (AccountDays("a", date(2026, 5, 1), TODAY, "CleanWaterNow", "77"),)


def test_the_days_of_rivals_and_of_unwatched_accounts_are_asked_where_they_cost_nothing() -> None:
    accounts = (account(), THEIRS, account("Elsewhere", watch=False))
    days = asked(campaign(accounts=accounts)).days
    assert [(one.handle, one.is_ours) for one in days] == [("CleanWaterNow", True), ("BigSewage", False)]
    charged = asked(campaign(accounts=accounts), offer=Offer(is_charged=True, account_days=True))
    assert [one.handle for one in charged.days] == ["CleanWaterNow"]


def days_asked(
    post: KnownPost,
    *known: KnownSubject,
    of: Campaign | None = None,
    attempts: dict[tuple[str, str], datetime] | None = None,
    everything: bool = False,
) -> list[tuple[date, date]]:
    """The days of a post that a run at CLOCK asks for."""
    ask = plan(
        [of or campaign("1")],
        [post],
        CLOCK,
        "x",
        everything,
        subjects=known,
        attempts=attempts,
        offer=Offer(post_days=True),
    )
    return [(one.first_day, one.last_day) for one in ask.post_days]


def film(**changes: Any) -> KnownPost:
    usual: dict[str, Any] = {"created": 10 * DAY, "has_media": True}
    return seen(**(usual | changes))


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("known", "window"),
    [
        # From a day before its first one, which may be its first one further west.
        ([], (ago(11), TODAY)),
        ([told("post", "1", 6 * HOUR - 6 * MINUTE, ago(2))], None),
        # The three days before what is known whole may be restated.
        ([told("post", "1", 6 * HOUR - 5 * MINUTE, ago(2))], (ago(4), TODAY)),
        ([told("post", "1", 6 * HOUR, ago(11))], (ago(11), TODAY)),
        ([told("post", "1", 6 * HOUR, None)], (ago(11), TODAY)),
        # Another post's, another platform's, the account's of that number.
        ([told("post", "2", HOUR, TODAY)], (ago(11), TODAY)),
        ([told("post", "1", HOUR, TODAY, "facebook"), told("account", "1", HOUR)], (ago(11), TODAY)),
    ],
)
def test_the_days_of_a_young_post_are_asked_every_six_hours_from_its_creation_on(
    known: list[KnownSubject], window: tuple[date, date] | None
) -> None:
    assert days_asked(film(), *known) == ([window] if window else [])


def test_a_posts_days_are_kept_up_until_sixty_of_them_are_final() -> None:
    long_ago = campaign("1", starts=date(2026, 1, 1))

    def window(age: int, whole: int) -> list[tuple[date, date]]:
        return days_asked(film(created=age * DAY), told("post", "1", DAY, ago(whole)), of=long_ago)

    assert window(59, 1) == [(ago(3), TODAY)]
    # Sixty days after the fifth day of March, which may be the fourth further west.
    assert window(61, 2) == [(ago(4), ago(2))]
    assert window(62, 3) == [(ago(5), ago(3))]
    assert window(63, 4) == []
    # What a run missed is made up for, as far as it is final.
    assert (
        window(80, 20)
        == []
        == days_asked(film(created=80 * DAY), told("post", "1", 6 * DAY, ago(40)), of=long_ago)
    )
    late = days_asked(film(created=80 * DAY), told("post", "1", 7 * DAY, ago(40)), of=long_ago)
    assert late == [(ago(42), ago(3))]


def test_an_older_post_is_asked_once_for_all_that_is_final() -> None:
    older = film(created=200 * DAY)
    assert days_asked(older) == [(ago(201), ago(3))]
    assert days_asked(older, told("post", "1", DAY, ago(3))) == []
    assert days_asked(older, told("post", "1", 300 * DAY, ago(100))) == []
    assert days_asked(film(created=2000 * DAY)) == [(ago(733), ago(3))]
    # Nothing is told of it: it is not asked in each run.
    assert days_asked(older, attempts=attempted(("post", "1"), ago=6 * DAY)) == []


def test_days_that_were_asked_in_vain_are_asked_six_hours_later() -> None:
    for hours, count in ((5, 0), (6, 1)):
        attempts = attempted(("post", "1"), ago=hours * HOUR)
        assert len(days_asked(film(), attempts=attempts)) == count


def test_days_are_asked_of_posts_that_are_there_and_carry_something_to_look_at() -> None:
    assert days_asked(film(has_media=False)) == []
    assert days_asked(film(created=None)) == []
    assert days_asked(film(gone=timedelta(minutes=1))) == []
    assert days_asked(film(), of=campaign("2")) == []
    assert days_asked(film(), of=campaign("1", platform="facebook")) == []
    assert len(days_asked(film(), of=campaign(accounts=(account(),)))) == 1
    nothing = plan([campaign("1")], [film()], CLOCK, "x", everything=True, offer=Offer(account_days=True))
    assert nothing.post_days == ()


def test_a_post_of_two_campaigns_is_asked_once_for_the_days_of_both() -> None:
    over = campaign("1", id_="a", ends=ago(40), starts=date(2026, 3, 1))
    watched = campaign(id_="b", accounts=(account(),), starts=date(2026, 3, 1))
    young = film(created=50 * DAY)
    ask = plan([over, watched], [young], CLOCK, "x", everything=True, offer=Offer(post_days=True))
    assert ask.post_days == (PostDays("a", "1", ago(51), TODAY, "77", CLOCK - 50 * DAY),)
    alone = plan([over], [young], CLOCK, "x", everything=True, offer=Offer(post_days=True))
    assert alone.post_days[0].last_day == ago(10)


def test_everything_asks_for_all_days_of_a_post_again() -> None:
    assert days_asked(film(), told("post", "1", HOUR, TODAY), everything=True) == [(ago(11), TODAY)]


def test_hourly_runs_ask_for_a_posts_days_four_times_a_day_and_no_more_when_they_are_final() -> None:
    created = CLOCK - 30 * DAY
    whole: date | None = None
    asked_at: list[datetime] = []
    told_of: list[KnownSubject] = []
    for hours in range(24 * 80):
        clock = created + hours * HOUR
        post = KnownPost("x", "1", "77", ("1",), created, clock, False, has_media=True)
        long = campaign("1", starts=date(2026, 3, 1), ends=date(2026, 9, 1))
        offer = Offer(post_days=True)
        ask = plan([long], [post], clock, "x", everything=False, subjects=told_of, offer=offer)
        for one in ask.post_days:
            assert (one.last_day - one.first_day).days <= 5
            asked_at.append(clock)
            # The platform tells a day when it is over.
            whole = min(one.last_day, clock.date() - timedelta(days=1))
            told_of = [KnownSubject("x", "post", "1", clock, whole)]
    assert whole == created.date() + timedelta(days=59)
    assert 62 * 4 <= len(asked_at) <= 63 * 4


HASHTAG = Asset("vote", "#VoteWater", "ours", "hashtag", (), None, (), hashtag="VoteWater")
SITE = Asset("find", "Find", "theirs", "site", (), None, (), url="https://River.example/find?a=1")


@pytest.mark.parametrize(
    ("kind", "object_id", "every"),
    [("hashtag", "#votewater", 6 * HOUR), ("site", "https://River.example/find?a=1", 3 * HOUR)],
)
def test_mentions_are_asked_every_few_hours_from_the_last_whole_day_on(
    kind: str, object_id: str, every: timedelta
) -> None:
    both = campaign(assets=(HASHTAG, SITE))

    def days(*known: KnownSubject) -> list[tuple[date, date]]:
        return [
            (one.first_day, one.last_day)
            for one in asked(both, known=list(known)).mentions
            if one.kind == kind
        ]

    assert days() == [(STARTS, TODAY)]
    assert days(told(kind, object_id, every - 6 * MINUTE, TODAY)) == []
    yesterday = TODAY - timedelta(days=1)
    assert days(told(kind, object_id, every, yesterday)) == [(TODAY - timedelta(days=2), TODAY)]
    assert days(told(kind, object_id, every, None)) == [(STARTS, TODAY)]


def test_mentions_are_asked_until_a_week_after_the_campaign() -> None:
    def asked_of(ends: date, *, everything: bool = False) -> list[date]:
        over = campaign(assets=(HASHTAG, SITE), ends=ends)
        ask = plan([over], [], CLOCK, "x", everything=everything, offer=ALL)
        return [one.last_day for one in ask.mentions]

    assert asked_of(TODAY - timedelta(days=6)) == [TODAY, TODAY]
    assert asked_of(TODAY - timedelta(days=7)) == []
    assert asked_of(TODAY - timedelta(days=9), everything=True) == [TODAY - timedelta(days=2)] * 2


def test_mentions_are_named_as_the_registry_has_them_and_asked_once() -> None:
    again = Asset("vote-too", "Again", "ours", "hashtag", (), None, (), hashtag="VOTEwater")
    plain = Asset("film-2", "Film", "ours", "video", (), None, (), url="https://a.example", hashtag="Water")
    later = campaign(id_="b", assets=(SITE,), starts=date(2026, 5, 1))
    assert asked(campaign(assets=(HASHTAG, SITE, again, plain)), later).mentions == (
        Mentions("water", "hashtag", "VoteWater", STARTS, TODAY),
        Mentions("water", "site", "https://River.example/find?a=1", date(2026, 5, 1), TODAY),
    )


ESTIMATE = told("audience", 'act_1?{"a":1}', HOUR)


def audience(**changes: str) -> Audience:
    usual = {"id": "gb", "label": "GB", "platform": "x", "ad_account": "act_1", "targeting": '{"a":1}'}
    return Audience(**(usual | changes))


@pytest.mark.parametrize(
    ("clock", "known", "window"),
    [
        (CLOCK, [], (STARTS, date(2026, 5, 19))),
        # once a local day: CLOCK is 13:00 in London
        (CLOCK, [told("audience", 'act_1?{"a":1}', 12 * HOUR)], None),
        (CLOCK, [told("audience", 'act_1?{"a":1}', 14 * HOUR)], (STARTS, date(2026, 5, 19))),
        (CLOCK, [told("advertising", "act_1?", HOUR)], (STARTS, date(2026, 5, 19))),
        # the estimate was told today, and the reach, which had been told before, was not
        (CLOCK, [ESTIMATE, told("advertising", "act_1?", 14 * HOUR)], (STARTS, date(2026, 5, 19))),
        (CLOCK, [ESTIMATE, told("advertising", "act_1?", HOUR)], None),
        (CLOCK, [ESTIMATE, told("advertising", "act_1?[1]", 14 * HOUR)], None),
        # none before the second day; local midnight is 23:00 UTC
        (BEGAN + 24 * HOUR - MINUTE, [], None),
        (BEGAN + 24 * HOUR, [], (STARTS, STARTS)),
        # never beyond the campaign
        (CLOCK + 60 * DAY, [], (STARTS, ENDS)),
    ],
)
def test_the_reach_of_an_audience_is_asked_daily_over_the_whole_campaign(
    clock: datetime, known: list[KnownSubject], window: tuple[date, date] | None
) -> None:
    ask = plan(
        [campaign(audiences=(audience(),))], [], clock, "x", everything=False, subjects=known, offer=ALL
    )
    assert [(one.first_day, one.last_day) for one in ask.audiences] == ([window] if window else [])


def test_a_reach_that_was_told_once_and_refused_today_is_asked_tomorrow() -> None:
    known = [ESTIMATE, told("advertising", "act_1?", 9 * DAY)]
    asks = [
        plan(
            *([campaign(audiences=(audience(),))], [], CLOCK, "x", False),
            subjects=known,
            attempts=attempted(("audience", 'act_1?{"a":1}'), ("advertising", "act_1?"), ago=ago),
            offer=ALL,
        )
        for ago in (HOUR, 14 * HOUR)
    ]
    assert [len(ask.audiences) for ask in asks] == [0, 1]


def test_audiences_that_share_an_answer_are_asked_once() -> None:
    young = {"filtering": "[1]", "breakdown": "age"}
    audiences = (
        audience(id="a", bucket="18-24", **young),
        audience(id="b", bucket="25-34", **young),
        audience(id="c", platform="facebook"),
    )
    assert asked(campaign(audiences=audiences)).audiences == (
        AudienceReach("water", "act_1", '{"a":1}', "[1]", "age", STARTS, date(2026, 5, 19)),
    )


def test_everything_asks_for_whole_windows_again() -> None:
    whole = campaign(accounts=(account(),), assets=(HASHTAG,), audiences=(audience(),))
    known = [
        told("account", "77", HOUR, TODAY),
        told("hashtag", "#votewater", HOUR, TODAY),
        told("audience", 'act_1?{"a":1}', HOUR),
    ]
    nothing = asked(whole, known=known)
    assert (nothing.days, nothing.mentions, nothing.audiences) == ((), (), ())
    ask = plan([whole], [seen()], CLOCK, "x", everything=True, subjects=known, offer=ALL)
    assert [one.first_day for one in (*ask.days, *ask.mentions, *ask.audiences)] == [STARTS] * 3
    before = plan([whole], [], BEGAN - 9 * DAY, "x", everything=True, offer=ALL)
    assert not before


ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60))
known_posts = st.builds(
    seen,
    st.sampled_from([str(n) for n in range(1, 9)]),
    created=st.none() | ages,
    read=st.none() | ages,
    account_id=st.sampled_from(["77", "5", None]),
    aliases=st.lists(st.sampled_from(["a", "b", "c", "9"]), max_size=2, unique=True).map(tuple),
    gone=st.none() | ages,
    refusals=st.integers(0, 10),
    handle=st.sampled_from(["cleanwaternow", "other", None]),
)
histories = st.lists(known_posts, max_size=10)
registries = st.lists(
    st.builds(
        campaign,
        st.sampled_from(["1", "2", "9", "a"]),
        st.sampled_from(["3", "b"]),
        id_=st.sampled_from(["one", "two"]),
        accounts=st.sampled_from([(), (account(),), (account(None, id_="77"), account("other"))]),
        starts=st.dates(date(2026, 4, 1), date(2026, 5, 30)),
        timezone=st.sampled_from(["Europe/London", "Pacific/Auckland", "America/New_York"]),
        cadence=st.sampled_from(["by age", "daily", None]),
    ),
    max_size=3,
)


@given(registries, histories, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_known_does_not_matter(
    campaigns: list[Campaign], known: list[KnownPost], everything: bool, random: Random
) -> None:
    shuffled = list(known)
    random.shuffle(shuffled)
    asked = plan(campaigns, known, CLOCK, "x", everything)
    assert plan(iter(campaigns), iter(shuffled), CLOCK, "x", everything) == asked


@given(registries, histories, st.booleans())
def test_nothing_is_asked_twice(campaigns: list[Campaign], known: list[KnownPost], everything: bool) -> None:
    ask = plan(campaigns, known, CLOCK, "x", everything)
    assert len(set(names(ask.posts))) == len(ask.posts)
    assert len({(walk.handle or "").casefold() or walk.account_id for walk in ask.walks}) == len(ask.walks)
    assert all(walk.since <= CLOCK for walk in ask.walks)


@given(registries, histories)
def test_a_gone_post_that_nothing_lists_is_not_asked_for_a_month_after_three_refusals(
    campaigns: list[Campaign], known: list[KnownPost]
) -> None:
    by_id = {post.post_id: post for post in reversed(known)}
    listed = {post.alias for each in campaigns for asset in each.assets for post in asset.posts}
    back = {
        post.account_id
        for post in by_id.values()
        if post.gone_at and post.last_seen_at and post.gone_at < post.last_seen_at
    }
    gone = {
        post.post_id
        for post in by_id.values()
        if post.is_gone
        and (post.last_seen_at is None or post.refusals >= 3)
        and post.account_id not in back
        and (post.last_seen_at is None or (post.gone_at and CLOCK - post.gone_at < 29 * DAY))
        and listed.isdisjoint((post.post_id, *post.aliases))
    }
    ask = plan(campaigns, by_id.values(), CLOCK, "x", everything=False)
    assert not gone & set(names(ask.posts))


@given(registries, histories)
def test_no_gone_post_is_asked_twice_in_a_day(campaigns: list[Campaign], known: list[KnownPost]) -> None:
    by_id = {post.post_id: post for post in reversed(known)}
    refused_lately = {
        post.post_id
        for post in by_id.values()
        if post.is_gone and post.gone_at and CLOCK - post.gone_at < timedelta(hours=23)
    }
    ask = plan(campaigns, by_id.values(), CLOCK, "x", everything=False)
    assert not refused_lately & set(names(ask.posts))


@given(registries, histories)
def test_whatever_is_due_is_among_everything(campaigns: list[Campaign], known: list[KnownPost]) -> None:
    due = plan(campaigns, known, CLOCK, "x", everything=False)
    everything = plan(campaigns, known, CLOCK, "x", everything=True)
    assert set(names(due.posts)) <= set(names(everything.posts))
    since = {(walk.handle, walk.account_id): walk.since for walk in everything.walks}
    assert all(since.get((walk.handle, walk.account_id), BEGAN) <= walk.since for walk in due.walks)
