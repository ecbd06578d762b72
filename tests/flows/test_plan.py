"""The plan of a run: what is asked, of which accounts and posts, at which moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.asking import Walk, Wanted
from flows.plan import idle_reason, is_due, plan
from flows.registry import Account, Asset, Campaign, PostReference, Side
from warehouse.known import KnownPost

# London is one hour ahead of UTC in May and on UTC in December.
STARTS = date(2026, 5, 4)
ENDS = date(2026, 6, 30)
BEGAN = datetime(2026, 5, 3, 23, tzinfo=UTC)
CLOCK = datetime(2026, 5, 20, 12, tzinfo=UTC)


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
) -> Campaign:
    posts = tuple(PostReference(platform, alias) for alias in aliases)
    asset = Asset("film", "The film", "ours", "video", (), None, posts)
    return Campaign(
        id_, id_, starts, ends, timezone, (Side("ours", "Us", True),), accounts, (asset,), (), Path("a.toml")
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
    )


def refused(post_id: str, gone: timedelta) -> KnownPost:
    """A post that was never shown and last refused so long before CLOCK."""
    return seen(post_id, created=None, read=None, account_id=None, aliases=(post_id,), handle=None, gone=gone)


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
    ask = plan([campaign(accounts=(account(),))], known, CLOCK, "x", everything=False)
    assert [walk.since for walk in ask.walks] == [since]


def test_everything_walks_a_known_account_from_the_start() -> None:
    ask = plan([campaign(accounts=(account(),))], [seen()], CLOCK, "x", everything=True)
    assert [walk.since for walk in ask.walks] == [BEGAN]


def test_a_post_from_the_future_does_not_hide_the_present() -> None:
    known = [seen(created=-timedelta(days=9))]
    ask = plan([campaign(accounts=(account(),))], known, CLOCK, "x", everything=False)
    assert [walk.since for walk in ask.walks] == [CLOCK - timedelta(days=2)]


def test_unwatched_accounts_and_other_platforms_are_not_walked() -> None:
    unwatched = campaign(accounts=(account(watch=False),))
    assert plan([unwatched], [], CLOCK, "x", everything=True).walks == ()
    assert plan([campaign("1", accounts=(account(),))], [], CLOCK, "facebook", everything=True).posts == ()


def test_an_account_of_two_campaigns_is_walked_once_from_the_earlier_start() -> None:
    first = campaign(id_="b", accounts=(account("CLEANwaterNOW"),), starts=date(2026, 5, 10))
    second = campaign(id_="a", accounts=(account("CleanWaterNow"),), starts=STARTS)
    ask = plan([first, second], [], CLOCK, "x", everything=False)
    assert ask.walks == (Walk("a", BEGAN, handle="CleanWaterNow"),)


def test_an_account_named_by_handle_and_by_id_is_walked_once_when_it_is_known() -> None:
    by_handle = campaign(id_="a", accounts=(account(),))
    by_id = campaign(id_="b", accounts=(account(None, id_="77"),))
    ask = plan([by_handle, by_id], [seen()], CLOCK, "x", everything=False)
    assert [(walk.handle, walk.account_id) for walk in ask.walks] == [("CleanWaterNow", "77")]


def test_listed_posts_are_asked_for_once_in_the_order_of_the_registry() -> None:
    ask = plan([campaign("9", "8", "9"), campaign("8", "7", id_="b")], [], CLOCK, "x", everything=False)
    assert ask.posts == (Wanted("water", "9"), Wanted("water", "8"), Wanted("b", "7"))


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
    assert ask.posts == (Wanted("water", "due"),)


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("last_alive", "last_refused", "asked", "asked_if_listed"),
    [
        # daily for three days
        (5 * HOUR, 4 * HOUR, False, False),
        (2 * DAY, DAY - 6 * MINUTE, False, False),
        (2 * DAY, DAY - 5 * MINUTE, True, True),
        (3 * DAY - MINUTE, 2 * DAY, True, True),
        # then weekly while an asset lists it
        (3 * DAY, 2 * DAY, False, False),
        (20 * DAY, 7 * DAY - 6 * MINUTE, False, False),
        (20 * DAY, 7 * DAY - 5 * MINUTE, False, True),
        (400 * DAY, 399 * DAY, False, True),
    ],
)
def test_a_gone_post_is_asked_daily_for_three_days_and_then_weekly_while_it_is_listed(
    last_alive: timedelta, last_refused: timedelta, asked: bool, asked_if_listed: bool
) -> None:
    gone = seen("1", created=timedelta(days=10), read=last_alive, gone=last_refused)
    of_account = plan([campaign(accounts=(account(),))], [gone], CLOCK, "x", everything=False)
    listed = plan([campaign("1", accounts=(account(),))], [gone], CLOCK, "x", everything=False)
    assert names(of_account.posts) == (["1"] if asked else [])
    assert names(listed.posts) == (["1"] if asked_if_listed else [])


@pytest.mark.parametrize(
    ("last_refused", "asked"),
    [(HOUR, False), (DAY - 6 * MINUTE, False), (DAY - 5 * MINUTE, True), (300 * DAY, True)],
)
def test_a_listed_post_that_was_never_seen_is_asked_daily(last_refused: timedelta, asked: bool) -> None:
    ask = plan([campaign("1")], [refused("1", last_refused)], CLOCK, "x", everything=False)
    assert names(ask.posts) == (["1"] if asked else [])


def test_a_post_that_was_never_seen_is_not_asked_once_nothing_lists_it() -> None:
    watched = campaign(accounts=(account(),))
    assert plan([watched], [refused("1", 9 * DAY)], CLOCK, "x", everything=False).posts == ()


def test_a_name_that_was_refused_is_forgiven_once_a_post_was_seen_under_it() -> None:
    known = [refused("vanity/1", 9 * DAY), seen("1", aliases=("vanity/1",), read=timedelta(minutes=10))]
    assert plan([campaign("vanity/1")], known, CLOCK, "x", everything=False).posts == ()


@pytest.mark.parametrize(("is_listed", "times"), [(False, 2), (True, 8)])
def test_hourly_runs_ask_for_a_gone_post_daily_and_then_weekly(is_listed: bool, times: int) -> None:
    last_alive, last_refused = CLOCK - HOUR, CLOCK
    asked = 0
    for hour in range(1, 24 * 45):
        run = CLOCK + hour * HOUR
        gone = KnownPost("x", "1", "77", ("1",), CLOCK - 10 * DAY, last_alive, True, gone_at=last_refused)
        watched = campaign(*(["1"] if is_listed else []), accounts=(account(None, id_="77"),))
        if plan([watched], [gone], run, "x", everything=False).posts:
            asked, last_refused = asked + 1, run
    assert asked == times


ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60))
known_posts = st.builds(
    seen,
    st.sampled_from([str(n) for n in range(1, 9)]),
    created=st.none() | ages,
    read=st.none() | ages,
    account_id=st.sampled_from(["77", "5", None]),
    aliases=st.lists(st.sampled_from(["a", "b", "c", "9"]), max_size=2, unique=True).map(tuple),
    gone=st.none() | ages,
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
def test_a_gone_post_that_nothing_lists_is_not_asked_after_three_days(
    campaigns: list[Campaign], known: list[KnownPost]
) -> None:
    by_id = {post.post_id: post for post in reversed(known)}
    listed = {post.alias for each in campaigns for asset in each.assets for post in asset.posts}
    gone = {
        post.post_id
        for post in by_id.values()
        if post.is_gone
        and (post.last_seen_at is None or CLOCK - post.last_seen_at >= timedelta(days=3))
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
