"""How each campaign stands, as pages of Markdown for a scheduler: its state, leaderboard and gaps.

A page is made of the published tables and of the names of the files that reports have, and of no clock: while
nothing new is published it stays the same, letter for letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.answers.campaigns import QUERIES, Campaign, Published, published
from flows.answers.dates import in_words
from flows.answers.markdown import link, table, words
from flows.answers.query import NOTHING
from flows.answers.reports import Reports
from warehouse import sql

STATE, LEADERBOARD, GAPS = "campaign", "leaderboard", "gaps"

GAPS_IN_STATE = 8
GAPS_SHOWN = 100

_COUNTED = ("views", "shares", "retweets")
_WHAT_A_GAP_MEANS = (
    "Nothing of the platform was read then, though posts were due. What its counters moved meanwhile is "
    "known exactly once they are read again. Inside one day that is all; over midnights it is split between "
    "the days by a straight line, and a day without a reading near its ends is `estimated`."
)
_WHERE_GAPS_COME_FROM = (
    "Gaps of all platforms at once: nothing ran. Of one: its runs failed, its budget was spent, or it asked "
    "to be let be; the artifact `collect-report` of its runs says which."
)


@dataclass(frozen=True)
class StatePage:
    """A page under the stable key that a scheduler shows its newest version by. Both texts are Markdown."""

    key: str
    markdown: str
    description: str


class _Asked:
    """The answers of the published tables to the questions about one campaign, each asked once."""

    def __init__(self, tables: Published, campaign: Campaign) -> None:
        self.campaign = campaign
        self.zone = ZoneInfo(campaign.timezone)
        self.published_at = tables.build.published_at
        self._connection = tables.connection
        self.assets = self._rows("state_leaderboard")
        self.sides = self._rows("state_sides")
        self.coverage = self._rows("coverage")
        self.warnings = self._rows("state_warnings")
        self.gaps = self._rows("state_gaps", newest=campaign.newest_reading_at)

    def _rows(self, name: str, **more: object) -> list[dict[str, Any]]:
        """A query's rows by the names of its columns."""
        query = sql.text_of(QUERIES / f"{name}.sql")
        asked = self._connection.execute(query, {"campaign": self.campaign.campaign_id, **more})
        names = [str(name) for name, *_ in asked.description or []]
        return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]

    @property
    def window(self) -> str:
        starts, ends = self.campaign.starts, self.campaign.ends
        return f"{in_words(starts)} to {in_words(ends)}, days of {words(self.campaign.timezone)}"

    def local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"


def state_pages(warehouse: Path, reports: Reports) -> list[StatePage]:
    """Three pages for each campaign of the published tables: its state, its leaderboard, its gaps.

    Raises `warehouse.publish.NoWarehouse`, and `flows.refused.Refused` when the tables were made by another
    release.
    """
    with published(warehouse, for_what="the build") as tables:
        return [
            page for campaign in tables.campaigns for page in _pages_of(_Asked(tables, campaign), reports)
        ]


def _pages_of(asked: _Asked, reports: Reports) -> Iterator[StatePage]:
    campaign = asked.campaign
    known = _known_up_to(campaign)
    yield StatePage(
        f"{STATE}-{campaign.campaign_id}",
        _page(_state(asked, reports)),
        f"How {words(campaign.name)} stands; {known}.",
    )
    yield StatePage(
        f"{LEADERBOARD}-{campaign.campaign_id}",
        _page(
            [f"# {words(campaign.name)}: leaderboard", *_report_line(campaign, reports), *_leaderboard(asked)]
        ),
        f"The most viewed assets of {words(campaign.name)}; {known}.",
    )
    yield StatePage(
        f"{GAPS}-{campaign.campaign_id}",
        _page(
            [f"# {words(campaign.name)}: gaps", *_report_line(campaign, reports), *_gaps(asked, GAPS_SHOWN)]
        ),
        f"When nothing was read of {words(campaign.name)} in the last seven days; {known}.",
    )


def _page(blocks: Iterable[str | Sequence[str]]) -> str:
    """The blocks with an empty line between each two; a block is its lines."""
    return "\n\n".join(block if isinstance(block, str) else "\n".join(block) for block in blocks) + "\n"


def _state(asked: _Asked, reports: Reports) -> Iterator[str | Sequence[str]]:
    campaign = asked.campaign
    yield f"# {words(campaign.name)}"
    yield [
        f"- **Where it stands:** {_day_of(asked)}",
        f"- **Known up to:** {_last_reading(asked)}",
        f"- **Tables of:** {_utc(asked.published_at)}",
    ]
    yield from _report_line(campaign, reports)
    yield "## Leaderboard"
    yield from _leaderboard(asked)
    yield "## Sides"
    yield from _sides(asked)
    yield "## Known gaps"
    yield from _gaps(asked, GAPS_IN_STATE)
    yield "## Coverage"
    yield from _coverage(asked)
    yield "## Warnings"
    yield from _warnings(asked)
    if tables := reports.tables(campaign.campaign_id):
        yield "## Tables"
        yield "The newest tables, to load elsewhere."
        yield [
            f"- {words(each.name)}: " + ", ".join(link(file.title, file.address) for file in each.files)
            for each in tables
        ]


def _day_of(asked: _Asked) -> str:
    """Which of its days the campaign has come to, as far as the readings tell."""
    starts, ends, closed = asked.campaign.starts, asked.campaign.ends, asked.campaign.closed_day
    days = (ends - starts).days + 1
    if closed is None or closed < starts:
        return f"none of its {days} days is over by the last reading; {asked.window}"
    if closed > ends:
        return f"all its {days} days are over; {asked.window}"
    nth = (closed - starts).days + 1
    return f"day {nth} of {days}, {closed:%A} {in_words(closed)}, is the last that is over; {asked.window}"


def _last_reading(asked: _Asked) -> str:
    newest = asked.campaign.newest_reading_at
    if newest is None:
        return "nothing was read yet"
    is_utc = not newest.astimezone(asked.zone).utcoffset()
    return _utc(newest) if is_utc else f"{asked.local(newest)}, {_utc(newest)}"


def _known_up_to(campaign: Campaign) -> str:
    newest = campaign.newest_reading_at
    return "nothing was read yet" if newest is None else f"known up to {_utc(newest)}"


def _report_line(campaign: Campaign, reports: Reports) -> Iterator[str]:
    address = reports.page(campaign.campaign_id)
    if address is not None:
        yield link("The newest report", address)


def _leaderboard(asked: _Asked) -> Iterator[str | Sequence[str]]:
    if not asked.assets:
        yield "No listed asset has been read yet."
        return
    yield (
        "Lifetime totals of the most viewed assets at their last readings, over all platforms. A title leads "
        f"to the asset's first post, a platform to the first one there. {NOTHING} is not known, and never 0."
    )
    yield table(
        ["rank", "asset", *_COUNTED, "posts", "side"],
        [
            [
                _cell(row["rank"]),
                link(row["asset"], row["posts"][0]["address"] if row["posts"] else None),
                *(_cell(row[name]) for name in _COUNTED),
                ", ".join(link(post["platform"], post["address"]) for post in row["posts"]),
                words(row["side"]),
            ]
            for row in asked.assets
        ],
        numbers=("rank", *_COUNTED),
    )


def _sides(asked: _Asked) -> Iterator[str | Sequence[str]]:
    if not asked.sides:
        yield "Nothing was gained inside the campaign's window yet."
        return
    yield (
        "Gained inside the campaign's window by every post of each side, listed or not. Platforms count "
        "views in several ways: their sum is of unlike things."
    )
    gained = [name for name in asked.sides[0] if name != "side"]
    yield table(
        ["side", *gained],
        [[words(row["side"]), *(_cell(row[name]) for name in gained)] for row in asked.sides],
        numbers=gained,
    )


def _gaps(asked: _Asked, most: int) -> Iterator[str | Sequence[str]]:
    if not asked.gaps:
        yield "None in the seven days before the last reading: whatever was due was read."
        return
    missed = sum(row["polls_missed"] for row in asked.gaps)
    yield (
        f"{len(asked.gaps):,} in the seven days before the last reading, {missed:,} polls missed. "
        f"{_WHAT_A_GAP_MEANS} Times are of {words(asked.campaign.timezone)}."
    )
    yield _WHERE_GAPS_COME_FROM
    yield table(
        ["platform", "from", "to", "hours", "days", "polls missed", "posts"],
        [
            [
                words(row["platform"]),
                asked.local(row["starts_at"]),
                asked.local(row["ends_at"]) if row["is_over"] else "not over",
                _cell(row["hours"]),
                _days_of(row),
                _cell(row["polls_missed"]),
                _cell(row["posts"]),
            ]
            for row in asked.gaps[:most]
        ],
        numbers=("hours", "polls missed", "posts"),
    )
    if len(asked.gaps) > most:
        yield f"and {len(asked.gaps) - most:,} earlier ones; `marts.gaps` has them all."


def _days_of(gap: Mapping[str, Any]) -> str:
    """The local days that it touches, and what is known of their gains."""
    if not gap["is_over"]:
        return "it goes on: run `campaign collect`, and see why its schedule does not"
    first, last = gap["first_day"], gap["last_day"]
    told = f"{first:%m-%d}, not split" if first == last else f"{first:%m-%d} to {last:%m-%d}, split"
    got = gap["polls_got"]
    return f"{told}; {got:,} of its hours came back by an import" if got else told


def _coverage(asked: _Asked) -> Iterator[str | Sequence[str]]:
    if not asked.coverage:
        yield "No post has been read yet."
        return
    yield (
        "Polls that were due under the schedule against polls got, and how well the posts' days are known: "
        "`complete` by readings near both midnights, `estimated` by a straight line between readings far "
        "apart, `open` until the end of the day is seen, `unobserved` when nothing tells of it."
    )
    columns = list(asked.coverage[0])
    yield table(
        columns,
        [[_cell(row[name]) for name in columns] for row in asked.coverage],
        numbers=[name for name in columns if not isinstance(asked.coverage[0][name], str)],
    )


def _warnings(asked: _Asked) -> Iterator[str | Sequence[str]]:
    if not asked.warnings:
        yield "None by the last build."
        return
    yield (
        "What the last build found that somebody should look at, the weightiest of each check; "
        '`campaign sql "FROM marts.warnings"` has the others.'
    )
    yield table(
        ["should hold", "found", "in all"],
        [
            [words(row["should_hold"]), words(f"{row['subject']}: {row['detail']}"), _cell(row["found"])]
            for row in asked.warnings
        ],
        numbers=("in all",),
    )


def _cell(value: int | float | Decimal | str | None) -> str:
    if value is None:
        return NOTHING
    return words(value) if isinstance(value, str) else f"{value:,}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
