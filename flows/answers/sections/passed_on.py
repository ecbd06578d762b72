"""Retweets of accounts in the windows of several campaigns, so that these compare by the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.answers.page import Figure, Section
from flows.answers.page.charts import drawing, lines, rows
from flows.answers.page.charts.days import settled
from flows.answers.page.charts.wording import short
from flows.answers.sections.questions import Questions, Row
from flows.console import counted

# More than there are colours are in the table alone.
MOST_CAMPAIGNS = len(drawing.SERIES)

# Sides have the first colours, and campaigns are none of them.
_FIRST_COLOUR = 5


def section(questions: Questions) -> Section:
    every = questions.rows("retweet_days")
    shown = _shown(every, questions.campaign.campaign_id)
    found = [row for row in every if row[3] in shown]
    campaigns = len({row[3] for row in every})
    suffix = (
        "" if len(shown) == campaigns else f" ({len(shown)} of {campaigns} campaigns, the most retweeted)"
    )
    together = _together(found, suffix)
    figures = [_by_the_day(found, suffix), together and replace(together, is_further=True)]
    return Section(
        "retweets",
        "Retweets",
        "By account, inside each campaign's window. Windows are of different length, so they compare by the "
        "day.",
        [replace(questions.table("retweets", "Accounts"), is_aside=any(figures))],
        [figure for figure in figures if figure],
    )


def _by_the_day(found: Sequence[Row], suffix: str) -> Figure | None:
    """A panel each account, a bar each campaign."""
    return rows.bars(
        "retweets-a-day",
        f"Retweets a day by account and campaign{suffix}",
        [
            (
                account,
                [
                    rows.Bar(line.name, _a_day(line), _said(line), line.colour)
                    for line in _campaigns(found, key)
                ],
            )
            for key, account in _accounts(found)
        ],
        on_one_scale=True,
    )


def _together(found: Sequence[Row], suffix: str) -> Figure | None:
    """A panel each account, a line each campaign, both from the first day of their campaign."""
    if not found:
        return None
    days = max(row[5] for row in found) + 1
    return lines.together(
        "retweets-together",
        f"Retweets since the campaign began, by account and campaign{suffix}",
        [(account, _campaigns(found, key)) for key, account in _accounts(found)],
        [(day - 0.5, f"day {day}") for day in range(1, days + 1)],
        days,
    )


def _shown(found: Sequence[Row], campaign_id: str) -> set[str]:
    """This campaign and the most retweeted others."""
    sums: dict[str, int] = {}
    for row in found:
        sums[row[3]] = sums.get(row[3], 0) + row[6]
    return set(sorted(sums, key=lambda name: (name != campaign_id, -sums[name], name))[:MOST_CAMPAIGNS])


def _accounts(found: Sequence[Row]) -> list[tuple[tuple[str, str], str]]:
    return list(dict.fromkeys(((row[1], row[2]), row[0]) for row in found))


def _campaigns(found: Sequence[Row], account: tuple[str, str]) -> list[lines.Line]:
    """The days of one account in each campaign; a campaign has one colour everywhere."""
    campaigns = dict.fromkeys((row[3], row[4]) for row in found)
    of_it = [row for row in found if (row[1], row[2]) == account]
    every = [
        lines.Line(
            name,
            settled((row[5], row[6], row[7]) for row in of_it if row[3] == campaign_id),
            drawing.SERIES[(place + _FIRST_COLOUR) % len(drawing.SERIES)],
        )
        for place, (campaign_id, name) in enumerate(campaigns)
    ]
    return [line for line in every if line.days]


def _days(line: lines.Line) -> int:
    """How long its window was, up to the last day that is known."""
    return max(day for day, _, _ in line.days) + 1


def _a_day(line: lines.Line) -> int:
    return round(line.total / _days(line))


def _said(line: lines.Line) -> str:
    return f"{short(_a_day(line))} a day ({short(line.total)} in {counted(_days(line), 'day')})"
