"""What a report's page holds, from its head to its foot."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from flows.answers.campaigns import Campaign, Published
from flows.answers.dates import in_words
from flows.answers.headlines import headlines
from flows.answers.page import Page
from flows.answers.page.charts.key import key_of
from flows.answers.sections import assets, beyond, days, knowing, passed_on, responses, sides
from flows.answers.sections.questions import Questions

_UNREAD = (
    "No post of this campaign has been read yet: run campaign collect, then campaign build, and ask for the "
    "report again."
)


def page_of(found: Published, campaign: Campaign, made_at: datetime) -> Page:
    """The page of a campaign. Raises duckdb.Error when the tables are of another release."""
    questions = Questions(found.connection, campaign)
    gained = days.gained(questions)
    colours = sides.colours(questions, gained)
    sections = [
        sides.section(questions, gained, colours),
        assets.leaderboard(questions, colours),
        assets.last_day(questions),
        assets.last_week(questions),
        days.section(questions, gained),
        responses.better_than_usual(questions),
        passed_on.section(questions),
        responses.reactions(questions),
        beyond.section(questions),
        knowing.coverage(questions),
        knowing.warnings(questions),
        knowing.meaning(questions),
    ]
    is_unread = campaign.newest_reading_at is None
    shown = [section for section in sections if section.says_something or not is_unread]
    at_the_head = headlines(days.of_our_side(gained), questions.closed_day)
    return Page(
        title=campaign.name,
        day=in_words(campaign.day),
        facts=_facts(found, campaign, made_at, questions.zone),
        sections=shown,
        headlines=at_the_head,
        unread=_UNREAD if is_unread else "",
        colours=colours.variables,
        key=key_of(shown, at_the_head),
    )


def _facts(found: Published, campaign: Campaign, made_at: datetime, zone: ZoneInfo) -> list[tuple[str, str]]:
    newest, build = campaign.newest_reading_at, found.build
    facts = [
        (
            "Campaign",
            f"{in_words(campaign.starts)} to {in_words(campaign.ends)}, days of {campaign.timezone}",
        ),
        ("Known up to", "nothing read yet" if newest is None else _moment(newest, zone)),
        ("Report made", f"{_moment(made_at, zone)}, release {version('campaign-pipeline')}"),
        ("From the build of", f"{_moment(build.published_at, zone)}, on {build.readings or 0:,} readings"),
    ]
    if build.as_known_at is not None:
        facts.append(("As known at", _moment(build.as_known_at, zone)))
    return facts


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{in_words(local)} {local:%H:%M %Z}"
