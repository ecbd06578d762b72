"""What campaigns of three sizes need, and which limit binds first: a model of what is measured and declared.

    python -m benchmarks.scale                 # prints the tables of docs/scale.md
    python -m benchmarks.scale --write         # writes them there
    python -m benchmarks.scale --measure       # measures anew what measured.toml holds, then writes them

How often a post is read, in which batches, by which calls and at which prices comes from the plan and the
connectors themselves; what an item takes (a post that a round shows) from `measured.toml`; what a campaign is
like from `CASES`. Everything is arithmetic: the same inputs give the same tables.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from connectors import discover
from connectors.facebook import listing
from connectors.history import CallsFor, history_of
from flows.collecting import plan
from flows.collecting.plan import Offer
from flows.collecting.schedule import reading_of
from flows.registry.model import Account, Campaign, Side
from warehouse.build import MEMORY_A_BYTE, MEMORY_AT_LEAST

MEASURED = Path(__file__).with_name("measured.toml")
DOCUMENT = Path(__file__).parents[1] / "docs" / "scale.md"
DEPLOYMENTS = Path(__file__).parents[1] / "prefect.yaml"
BEGINS, ENDS = "<!-- tables: python -m benchmarks.scale -->", "<!-- end of the tables -->"

ROUNDS_A_DAY = 24
HOUR_S = 3600.0
LIST_KEYS = 1000
# Of the limits of a case those are shown that are used most.
MOST_LIMITS = 8

# Of the limits below the connectors declare what they keep themselves; these are kept by what answers say.
# X, by app and quarter of an hour (docs.x.com, "Rate limits").
X_LOOK_UPS_A_QUARTER = 3_500
# A Page's own calls in 24 hours for each engaged user (developers.facebook.com, "Rate Limits"); the same for
# each impression of an Instagram account.
GRAPH_CALLS_EACH = 4_800
# An app's or a person's token, by hour and daily user.
GRAPH_CALLS_A_USER_HOUR = 200
# YouTube Data API, one unit a list call, until somebody asks for more.
YOUTUBE_UNITS_A_DAY = 10_000
# What a walk asks by ids, of all accounts together.
ASKED_BY_IDS = ("videos",)
# A TikTok token is one account's; the others' tokens see all accounts of a person or a business.
ACCOUNTS_OF_A_CREDENTIAL = {"tiktok": 1}
# What fits into a night between the maintenance and the report.
NIGHT_S = 3600.0


@dataclass(frozen=True)
class Presence:
    """A campaign on one platform: own accounts, watched ones of others, posts a day of each, and how many
    posts of still others its assets list, all made on the campaign's first day."""

    own: int
    others: int
    posts_a_day: float
    listed: int = 0

    @property
    def accounts(self) -> int:
        return self.own + self.others


@dataclass(frozen=True)
class Case:
    """So many like campaigns in one home, at once, of so many days each."""

    title: str
    campaigns: int
    days: int
    presences: Mapping[str, Presence]
    hashtags: int = 1
    sites: int = 1


CASES = (
    Case(
        "a national campaign",
        1,
        42,
        {
            "facebook": Presence(3, 3, 8, 30),
            "instagram": Presence(2, 3, 3),
            "tiktok": Presence(1, 0, 1),
            "x": Presence(4, 4, 15, 60),
            "youtube": Presence(1, 3, 1, 10),
        },
        hashtags=3,
        sites=2,
    ),
    Case(
        "an agency of 100 campaigns",
        100,
        60,
        {
            "facebook": Presence(1, 2, 2, 5),
            "instagram": Presence(1, 2, 1),
            "tiktok": Presence(1, 0, 0.5),
            "x": Presence(1, 2, 4, 5),
            "youtube": Presence(1, 1, 0.3),
        },
    ),
    Case(
        "a platform of 1 M posts",
        1000,
        365,
        {
            "facebook": Presence(1, 0, 0.8),
            "instagram": Presence(1, 0, 0.6),
            "tiktok": Presence(1, 0, 0.3),
            "x": Presence(1, 0, 0.9),
            "youtube": Presence(1, 0, 0.14),
        },
        hashtags=0,
        sites=0,
    ),
)


@dataclass(frozen=True)
class Measured:
    """What an item and a post's day cost, as `measured.toml` has it."""

    landing_bytes: Mapping[str, float]
    compacted: float
    readings_bytes: float
    warehouse_bytes: float
    fetch_cpu_s: float
    build_fixed_cpu_s: float
    rebuild_fixed_cpu_s: float
    # By platform; "others" for those that are not named.
    build_cpu_s: Mapping[str, float]
    rebuild_cpu_s: Mapping[str, float]
    # Of two sizes.
    rebuild_mb: Sequence[float]
    rebuild_items: Sequence[int]
    files_a_round: float
    seconds_a_call: float
    text_factor: float

    @staticmethod
    def read(file: Path = MEASURED) -> Measured:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        return Measured(
            landing_bytes=told["landing"]["bytes_an_item"],
            compacted=told["landing"]["compacted"],
            files_a_round=told["landing"]["files_a_platform_and_round"],
            readings_bytes=told["readings"]["bytes_an_item"],
            warehouse_bytes=told["warehouse"]["bytes_a_post_day"],
            fetch_cpu_s=told["cpu"]["fetch_s_an_item"],
            build_fixed_cpu_s=told["cpu"]["build_s_at_least"],
            rebuild_fixed_cpu_s=told["cpu"]["rebuild_s_at_least"],
            build_cpu_s=told["cpu"]["build_s_an_item"],
            rebuild_cpu_s=told["cpu"]["rebuild_s_an_item"],
            rebuild_mb=told["memory"]["rebuild_mb"],
            rebuild_items=told["memory"]["of_items"],
            seconds_a_call=told["assumed"]["seconds_a_call"],
            text_factor=told["assumed"]["real_texts"],
        )

    def build_s(self, needs: Mapping[str, Need]) -> float:
        """CPU seconds of the build after the heaviest round."""
        items = {name: each.items_in_peak_round for name, each in needs.items()}
        return self.build_fixed_cpu_s + _added(items, self.build_cpu_s)

    def rebuild_s(self, needs: Mapping[str, Need]) -> float:
        """CPU seconds of a full build of all items."""
        items = {name: each.items for name, each in needs.items()}
        return self.rebuild_fixed_cpu_s + _added(items, self.rebuild_cpu_s)


def _added(items: Mapping[str, float], each_s: Mapping[str, float]) -> float:
    return sum(count * each_s.get(name, each_s["others"]) for name, count in items.items())


@dataclass
class Need:
    """What one platform takes: calls of a whole run of the case and of its heaviest day and round, items
    (posts shown by rounds) and posts' days, and US dollars."""

    calls: float = 0
    calls_on_peak_day: float = 0
    calls_in_peak_round: float = 0
    look_ups_at_once: float = 0
    own_calls_on_peak_day: float = 0
    items: float = 0
    items_on_peak_day: float = 0
    items_in_peak_round: float = 0
    post_days: float = 0
    posts: float = 0
    posts_read_on_peak_day: float = 0
    usd: float = 0
    usd_on_peak_day: float = 0


@dataclass(frozen=True)
class Round:
    """The calls of one round by endpoint; `own` are those that count against own accounts."""

    calls: Mapping[str, float]
    own: float = 0

    @property
    def total(self) -> float:
        return sum(self.calls.values())


@dataclass(frozen=True)
class Platform:
    """What a connector declares, and how the plan reads its posts."""

    name: str
    connector: ModuleType
    rows: tuple[Mapping[str, Any], ...] = field(repr=False)

    @staticmethod
    def of(name: str, connector: ModuleType, days: int) -> Platform:
        rows = _schedule(name, days)
        return Platform(name, connector, tuple(rows))

    @property
    def is_daily(self) -> bool:
        return bool(self.rows[0]["cadence"] == "daily")

    @property
    def ids_per_request(self) -> int:
        found = getattr(self.connector, "IDS_PER_REQUEST", None) or listing.IDS_PER_REQUEST
        return int(found)

    @property
    def in_flight(self) -> int:
        return int(getattr(self.connector, "IN_FLIGHT", 1))

    @property
    def prices(self) -> Mapping[str, float]:
        return {name: float(price) for name, price in getattr(self.connector, "PRICES", {}).items()}

    def calls(self, part: str) -> tuple[CallsFor, ...]:
        found = history_of(self.connector).get(part)  # type: ignore[call-overload]
        return () if found is None else tuple(found.calls)

    def polls(self, day: int) -> float:
        """How often a post is read on its day of that number, the day on which it was made being 0."""
        return sum(1 / self._every_hours(hour) for hour in range(24 * day, 24 * day + 24))

    def _every_hours(self, age_h: int) -> float:
        for row in self.rows:
            if row["younger_than_hours"] is None or age_h < row["younger_than_hours"]:
                return float(row["every_hours"])
        raise AssertionError("the last row is without end")

    def walk(self, accounts: int, own: int, listed_each: float) -> Round:
        """The calls of a round that walks accounts of which a listing shows so many posts each."""
        calls: dict[str, float] = {}
        for each in self.calls("walks"):
            if each.each == "window":
                calls[each.endpoint] = 1
            elif each.each == "subject":
                calls[each.endpoint] = ceil(self._walked_by(each.endpoint, accounts, own) / each.size)
            elif each.endpoint in ASKED_BY_IDS:
                calls[each.endpoint] = ceil(accounts * listed_each / each.size)
            else:
                pages = max(1, ceil(listed_each / each.size))
                calls[each.endpoint] = pages * self._walked_by(each.endpoint, accounts, own)
        calls |= self._beside(accounts, own, listed_each)
        return Round(
            {name: count for name, count in calls.items() if count}, self._owned(calls, accounts, own)
        )

    def _walked_by(self, endpoint: str, accounts: int, own: int) -> int:
        """Whose accounts an endpoint answers for: insights, and on Instagram everything that is not
        discovered, only for own ones."""
        is_of_owners = endpoint == "insights" or self.name == "instagram"
        return own if is_of_owners else accounts

    def _beside(self, accounts: int, own: int, listed_each: float) -> dict[str, float]:
        """What a round asks that no backfill does, and so no `HISTORY` has."""
        if self.name == "facebook":
            return {"pages": accounts}
        if self.name == "instagram":
            discovered = self.connector.DISCOVERED_PER_PAGE
            return {
                "discovery": (accounts - own) * max(1, ceil(listed_each / discovered)),
                "insights": own * ceil(listed_each / self.connector.QUESTIONS_PER_BATCH),
            }
        return {}

    def _owned(self, calls: Mapping[str, float], accounts: int, own: int) -> float:
        share = own / accounts if accounts else 0
        return sum(
            count if endpoint in ("insights", "stories", "account_media", "accounts") else count * share
            for endpoint, count in calls.items()
            if endpoint not in ("roles", "discovery")
        )

    def look_up(self, posts: float) -> float:
        return float(ceil(posts / self.ids_per_request)) if posts else 0.0


def need(case: Case, name: str, presence: Presence, connector: ModuleType) -> Need:
    """What a case takes of one platform, day by day to the end of the last day that is read."""
    platform = Platform.of(name, connector, case.days)
    total = Need()
    after = plan.AFTERMATH.days
    made_a_day = presence.accounts * presence.posts_a_day
    total.posts = case.campaigns * (made_a_day * case.days + presence.listed)
    overlap = plan.OVERLAP.days
    polls = [platform.polls(age) for age in range(case.days + after)]
    read_days = [min(1.0, each) for each in polls]
    polls_until, days_until = _summed(polls), _summed(read_days)
    own_share = presence.own / presence.accounts if presence.accounts else 0
    for day in range(case.days + after):
        # Posts are as old as the campaign's days lie back.
        youngest, oldest = max(0, day - case.days + 1), day + 1
        alive = made_a_day * (oldest - youngest) + presence.listed
        listed = presence.listed * polls[day]
        items = made_a_day * (polls_until[oldest] - polls_until[youngest]) + listed
        # Listings show what is younger; the rest is asked by its ids.
        first = min(oldest, max(youngest, overlap))
        asked_own = made_a_day * (polls_until[oldest] - polls_until[first])
        calls = _calls_of_a_day(
            platform,
            case,
            presence,
            presence.posts_a_day * (first - youngest),
            asked_own + listed,
            asked_own * own_share,
            _own_media(platform, presence, youngest, oldest),
        )
        read = made_a_day * (days_until[oldest] - days_until[youngest]) + presence.listed * read_days[day]
        usd = _usd_of_a_day(platform, case, presence, read)
        total.calls += calls.day
        total.items += items * case.campaigns
        total.post_days += alive * case.campaigns
        total.usd += usd
        if calls.day >= total.calls_on_peak_day:
            total.calls_on_peak_day = calls.day
            total.own_calls_on_peak_day = calls.own / max(1, presence.own * case.campaigns)
        total.calls_in_peak_round = max(total.calls_in_peak_round, calls.heaviest_round)
        total.look_ups_at_once = max(total.look_ups_at_once, calls.look_ups_at_once)
        total.items_on_peak_day = max(total.items_on_peak_day, items * case.campaigns)
        # What is read daily is read by one round.
        in_a_round = items if platform.is_daily else items / ROUNDS_A_DAY
        total.items_in_peak_round = max(total.items_in_peak_round, in_a_round * case.campaigns)
        total.posts_read_on_peak_day = max(total.posts_read_on_peak_day, alive * case.campaigns)
        total.usd_on_peak_day = max(total.usd_on_peak_day, usd)
    return total


@dataclass(frozen=True)
class _Day:
    """Calls of all campaigns on one day."""

    day: float
    own: float
    heaviest_round: float
    look_ups_at_once: float


def _summed(numbers: Sequence[float]) -> list[float]:
    """The sums of none, one, two … of the numbers."""
    return [0.0, *accumulate(numbers)]


def _own_media(platform: Platform, presence: Presence, youngest: int, oldest: int) -> float:
    """Own posts of which the platform itself tells days."""
    if not Offer.of(platform.connector).post_days:
        return 0.0
    kept = plan.POST_DAYS_KEPT_UP.days + plan.ACCOUNT_DAYS_RESTATED
    return presence.own * presence.posts_a_day * max(0, min(oldest, kept + 1) - youngest)


def _calls_of_a_day(
    platform: Platform,
    case: Case,
    presence: Presence,
    young: float,
    asked: float,
    asked_own: float,
    own_media: float,
) -> _Day:
    """`young` posts an account are listed anew at each walk, `asked` posts are asked by ids on the day."""
    accounts, own = presence.accounts * case.campaigns, presence.own * case.campaigns
    if platform.is_daily:
        whole, short = platform.walk(accounts, own, young), platform.walk(accounts, own, 0)
        walked = whole.total + (ROUNDS_A_DAY - 1) * short.total
        walked_own = whole.own + (ROUNDS_A_DAY - 1) * short.own
        at_once = platform.look_up(asked) * case.campaigns
        looked = at_once
        heaviest = whole.total + at_once
        insights = 0.0
    else:
        whole = platform.walk(accounts, own, young)
        walked, walked_own = whole.total * ROUNDS_A_DAY, whole.own * ROUNDS_A_DAY
        rounds = min(ROUNDS_A_DAY, asked)
        at_once = platform.look_up(asked / ROUNDS_A_DAY) * case.campaigns
        looked = rounds * platform.look_up(asked / rounds) * case.campaigns if rounds else 0.0
        insights = _insights(platform, asked_own) * case.campaigns
        heaviest = whole.total + at_once + insights / ROUNDS_A_DAY
    days, days_own = _days(platform, accounts, own)
    post_days = 0.0
    if own_media:
        often = timedelta(days=1) / plan.POST_DAYS_EVERY
        size = next(each.size for each in platform.calls("post_days") if each.each == "subject")
        post_days = often * ceil(own_media / size) * case.campaigns
    mentions = _mentions(platform, case)
    return _Day(
        walked + looked + insights + days + post_days + mentions,
        walked_own + insights + days_own + post_days,
        heaviest + mentions / ROUNDS_A_DAY,
        at_once,
    )


def _insights(platform: Platform, asked_own: float) -> float:
    """Batches of questions about own posts that were asked by their ids on a day."""
    sizes = [each.size for each in platform.calls("walks") if each.endpoint == "insights"]
    if platform.name == "instagram":
        sizes = [platform.connector.QUESTIONS_PER_BATCH]
    rounds = min(ROUNDS_A_DAY, asked_own)
    return rounds * ceil(asked_own / rounds / sizes[0]) if sizes and rounds else 0.0


def _days(platform: Platform, accounts: int, own: int) -> tuple[float, float]:
    """Calls for the accounts' own days: all, and those that count against own accounts."""
    offer = Offer.of(platform.connector)
    if not offer.account_days:
        return 0.0, 0.0
    every = plan.CHARGED_ACCOUNT_DAYS_EVERY if offer.is_charged else plan.ACCOUNT_DAYS_EVERY
    often = timedelta(days=1) / every
    calls = 0.0
    for each in platform.calls("days"):
        if each.from_days_back:
            continue
        if each.each == "subject":
            calls += own
        elif each.each == "day":
            calls += own * ceil(plan.ACCOUNT_DAYS_RESTATED / each.size)
        else:
            calls += 1
    return often * calls, often * calls


def _mentions(platform: Platform, case: Case) -> float:
    offered = Offer.of(platform.connector).mentions
    day = timedelta(days=1)
    hashtags = case.hashtags * (day / plan.MENTIONS_EVERY["hashtag"]) * ("hashtag" in offered)
    sites = case.sites * (day / plan.MENTIONS_EVERY["site"]) * ("site" in offered)
    return case.campaigns * (hashtags + sites)


def _usd_of_a_day(platform: Platform, case: Case, presence: Presence, posts: float) -> float:
    """What a UTC day costs: each post and each account that an answer shows once, each count every time."""
    prices = platform.prices
    if not prices:
        return 0.0
    accounts = presence.accounts * case.campaigns
    counts = _mentions(platform, case) + _days(platform, accounts, presence.own * case.campaigns)[0]
    return (
        prices["post"] * posts * case.campaigns + prices["user"] * accounts + prices["counts/recent"] * counts
    )


def _schedule(name: str, days: int) -> list[Mapping[str, Any]]:
    """How often the plan reads a platform's posts, as it lands beside the registry."""
    starts = date(2026, 4, 1)
    campaign = Campaign(
        id="scale",
        name="Scale",
        starts=starts,
        ends=starts + timedelta(days=days - 1),
        timezone="Europe/London",
        sides=(Side("ours", "Ours", True),),
        accounts=(Account("ours", name, "scale", None, None, True),),
        assets=(),
        audiences=(),
        source=Path("scale.toml"),
    )
    rows = reading_of(campaign, discover())["reading"]
    assert isinstance(rows, list)
    return rows


# -- the tables


@dataclass(frozen=True)
class Line:
    """One limit of a case: what is needed at the peak, and what is given; `share` is the one over the
    other."""

    what: str
    needed: str
    given: str
    share: float | None
    # What we do ourselves, not what others allow.
    is_ours: bool = False


def needs_of(case: Case) -> dict[str, Need]:
    connectors = discover()
    return {
        name: need(case, name, presence, connectors[name])
        for name, presence in case.presences.items()
        if name in connectors
    }


def tables(measured: Measured, cases: Sequence[Case] = CASES) -> str:
    """The tables of the document, as Markdown."""
    told = [(case, needs_of(case)) for case in cases]
    return "\n".join(
        [
            *_table_of_cases(cases),
            "",
            *_table_of_calls(told),
            "",
            *_table_of_means(told, measured),
            *(line for case, needs in told for line in ("", *_table_of_limits(case, needs, measured))),
        ]
    )


def _table_of_cases(cases: Sequence[Case]) -> Iterable[str]:
    yield (
        "**What is assumed** (accounts: own + watched ones of others; posts a day of each; posts of still "
        "others that assets list)"
    )
    yield ""
    platforms = sorted({name for case in cases for name in case.presences})
    yield _row(["case", "campaigns", "days", *platforms, "hashtags, sites", "posts in all"])
    yield _rule(3 + len(platforms) + 2, {1, 2, 3 + len(platforms) + 1})
    for case in cases:
        posts = sum(
            case.campaigns * (each.accounts * each.posts_a_day * case.days + each.listed)
            for each in case.presences.values()
        )
        yield _row(
            [
                case.title,
                f"{case.campaigns:,}",
                f"{case.days:,}",
                *(_presence(case.presences.get(name)) for name in platforms),
                f"{case.hashtags}, {case.sites}",
                _count(posts),
            ]
        )


def _presence(presence: Presence | None) -> str:
    if presence is None:
        return ""
    listed = f", {presence.listed} listed" if presence.listed else ""
    return f"{presence.own} + {presence.others}, {presence.posts_a_day:g} a day{listed}"


def _table_of_calls(told: Sequence[tuple[Case, Mapping[str, Need]]]) -> Iterable[str]:
    yield "**Calls and money**"
    yield ""
    yield _row(
        [
            "case",
            "platform",
            "calls in all",
            "on the heaviest day",
            "items in all",
            "USD in all",
            "USD on the heaviest day",
        ]
    )
    yield _rule(7, {2, 3, 4, 5, 6})
    for case, needs in told:
        for name, each in sorted(needs.items()):
            yield _row(
                [
                    case.title,
                    name,
                    _count(each.calls),
                    _count(each.calls_on_peak_day),
                    _count(each.items),
                    _usd(each.usd),
                    _usd(each.usd_on_peak_day),
                ]
            )


def _table_of_means(told: Sequence[tuple[Case, Mapping[str, Need]]], measured: Measured) -> Iterable[str]:
    yield "**Storage and time** (from the first day to thirty days after the last)"
    yield ""
    yield _row(["", *(case.title for case, _ in told)])
    yield _rule(1 + len(told), set(range(1, 1 + len(told))))
    means = [means_of(case, needs, measured) for case, needs in told]
    for name in means[0]:
        yield _row([name, *(each[name] for each in means)])
    peaks = (f"{_bytes(size * 1e6)} of {_count(items)} items" for size, items in _peaks(measured))
    yield ""
    yield f"Measured, the whole process of a full build took {' and '.join(peaks)} at its peak."


def _peaks(measured: Measured) -> Iterable[tuple[float, int]]:
    return zip(measured.rebuild_mb, measured.rebuild_items, strict=True)


def means_of(case: Case, needs: Mapping[str, Need], measured: Measured) -> dict[str, str]:
    """Storage and time of a case, in words."""
    items = sum(each.items for each in needs.values())
    peak = sum(each.items_on_peak_day for each in needs.values())
    in_an_hour = sum(each.items_in_peak_round for each in needs.values())
    post_days = sum(each.post_days for each in needs.values())
    days = case.days + plan.AFTERMATH.days
    landed = landing_bytes(needs, measured)
    files = len(needs) * ROUNDS_A_DAY * measured.files_a_round
    readings = items * measured.readings_bytes
    return {
        "items landed": _count(items),
        "items on the heaviest day": _count(peak),
        "landing, compacted": _bytes(landed * measured.compacted),
        "landing, texts as long as real ones": _bytes(landed * measured.compacted * measured.text_factor),
        "readings": _bytes(readings),
        "warehouse": _bytes(post_days * measured.warehouse_bytes),
        "files landed a day, before compaction": _count(files),
        "files after compaction, at the end": _count(len(needs) * measured.files_a_round * days),
        "LIST calls for all files, on S3": _count(
            ceil(len(needs) * measured.files_a_round * days / LIST_KEYS)
        ),
        "CPU of fetching in the heaviest hour": _seconds(in_an_hour * measured.fetch_cpu_s),
        "CPU of the build after it": _seconds(measured.build_s(needs)),
        "CPU of a full build, last day": _seconds(measured.rebuild_s(needs)),
        "memory that it gives its database, where there is as much": _bytes(
            max(MEMORY_AT_LEAST, MEMORY_A_BYTE * readings)
        ),
        "runs that Prefect records a day": _count(runs_a_day()),
    }


def runs_a_day(file: Path = DEPLOYMENTS) -> int:
    """The runs that the schedules begin: hourly ones and those of an hour."""
    deployments = yaml.safe_load(file.read_text(encoding="utf-8"))["deployments"]
    crons = [each["cron"] for one in deployments for each in one.get("schedules", [])]
    return sum(ROUNDS_A_DAY if cron.split()[1] == "*" else 1 for cron in crons)


def landing_bytes(needs: Mapping[str, Need], measured: Measured) -> float:
    """Bytes of landing as they come, before anything is compacted."""
    return sum(each.items * measured.landing_bytes[name] for name, each in needs.items())


def _table_of_limits(case: Case, needs: Mapping[str, Need], measured: Measured) -> Iterable[str]:
    yield f"**Limits of {case.title}**, the one that binds first above"
    yield ""
    yield _row(["limit", "needed at the peak", "given", "used"])
    yield _rule(4, {1, 2, 3})
    lines = sorted(limits_of(case, needs, measured), key=lambda line: -(line.share or 0))
    for line in [line for line in lines if line.share is None] + lines[:MOST_LIMITS]:
        yield _row([line.what, line.needed, line.given, "" if line.share is None else _share(line.share)])
    yield ""
    yield _of_ours(lines)


def _of_ours(lines: Sequence[Line]) -> str:
    """The limit of ours that is used most, in a sentence."""
    first = max((line for line in lines if line.is_ours), key=lambda line: line.share or 0)
    share = first.share or 0
    end = ", and does not fit" if share > 1 else ""
    return f"Of what is ours, this binds first: {first.what}. It takes {_share(share)} of what is given{end}."


def limits_of(case: Case, needs: Mapping[str, Need], measured: Measured) -> list[Line]:
    """Every limit that is known, with how much of it a case uses at its peak."""
    connectors = discover()
    lines = []
    for name, each in needs.items():
        in_flight = getattr(connectors[name], "IN_FLIGHT", 1)
        seconds = each.calls_in_peak_round * measured.seconds_a_call / in_flight
        lines.append(
            Line(
                f"{name}: the heaviest round within its hour ({in_flight} calls on their way)",
                _seconds(seconds),
                _seconds(HOUR_S),
                seconds / HOUR_S,
            )
        )
        lines += _limits_of_a_platform(name, each, connectors[name])
        own, most = case.presences[name].own * case.campaigns, ACCOUNTS_OF_A_CREDENTIAL.get(name)
        if most is not None and own > most:
            lines.append(
                Line(
                    f"{name}: own accounts of one credential (one home)",
                    _count(own),
                    _count(most),
                    own / most,
                )
            )
    # As though one core did all of it: what more cores take off depends on the machine.
    for what, seconds, given in (
        ("the hourly build, on one core", measured.build_s(needs), HOUR_S),
        ("the nightly full build, on one core", measured.rebuild_s(needs), NIGHT_S),
    ):
        lines.append(Line(what, _seconds(seconds), _seconds(given), seconds / given, is_ours=True))
    return lines


def _limits_of_a_platform(name: str, each: Need, connector: ModuleType) -> Iterable[Line]:
    if name == "x":
        share = each.look_ups_at_once / X_LOOK_UPS_A_QUARTER
        yield Line(
            "x: look-ups after midnight, in a quarter of an hour",
            _count(each.look_ups_at_once),
            _count(X_LOOK_UPS_A_QUARTER),
            share,
        )
        price = float(connector.PRICES["post"])
        yield Line(
            f"x: its price, {100 * price:g} cents a post and day",
            _usd(each.usd_on_peak_day),
            "a budget",
            None,
        )
    if name in ("facebook", "instagram"):
        who = "engaged users" if name == "facebook" else "impressions"
        calls = each.own_calls_on_peak_day
        yield Line(
            f"{name}: calls a day about one own account, with one of its {who}",
            _count(calls),
            _count(GRAPH_CALLS_EACH),
            calls / GRAPH_CALLS_EACH,
        )
        others = each.calls_in_peak_round
        yield Line(
            f"{name}: calls in an hour, were all of one token with 100 daily users",
            _count(others),
            _count(100 * GRAPH_CALLS_A_USER_HOUR),
            others / (100 * GRAPH_CALLS_A_USER_HOUR),
        )
    if name == "youtube":
        units = each.calls_on_peak_day
        yield Line(
            "youtube: units a day", _count(units), _count(YOUTUBE_UNITS_A_DAY), units / YOUTUBE_UNITS_A_DAY
        )
    limit = getattr(connector, "CALLS", None)
    if limit is not None:
        calls, seconds = limit
        an_hour = calls * HOUR_S / seconds
        yield Line(
            f"{name}: {calls} calls in {seconds:g} s, over the heaviest round",
            _count(each.calls_in_peak_round),
            _count(an_hour),
            each.calls_in_peak_round / an_hour,
        )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int, numbers: set[int]) -> str:
    return f"|{'|'.join('---:' if at in numbers else '---' for at in range(columns))}|"


def _count(number: float) -> str:
    """Two digits that mean something."""
    if number < 100:
        return f"{number:,.0f}" if number == round(number) or number >= 10 else f"{number:,.1f}"
    digits = len(str(int(number))) - 2
    return f"{round(number, -digits):,.0f}"


def _share(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:,.0f} %"


def _usd(amount: float) -> str:
    return "" if not amount else f"{amount:,.2f}" if amount < 100 else _count(amount)


def _bytes(size: float) -> str:
    units = iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 1000:
        size, unit = size / 1000, next(units)
    return f"{size:,.0f} {unit}" if size >= 10 else f"{size:,.1f} {unit}"


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:,.1f} s"
    if seconds < 2 * HOUR_S:
        return f"{seconds / 60:,.0f} min"
    return f"{seconds / HOUR_S:,.0f} h"


def in_document(text: str, made: str) -> str:
    """The document with its tables made anew."""
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n\n{made}\n\n{ENDS}{after}"


def main() -> None:
    """Print the tables, or write them into the document."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="measure anew; takes some minutes")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name}")
    given = parser.parse_args()
    if given.measure:
        from benchmarks.scale_measured import measure

        MEASURED.write_text(measure(), encoding="utf-8")
    made = tables(Measured.read())
    if given.measure or given.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(in_document(text, made), encoding="utf-8")
    sys.stdout.write(made + "\n")


if __name__ == "__main__":
    main()
