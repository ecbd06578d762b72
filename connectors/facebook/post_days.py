"""What Facebook tells of a video post per day, of the token's own Pages only.

Views of three seconds and the time watched are the only figures of a post that are given by day; days are as
those of Pages (see `days`). Fifty posts are asked in a call. Of a post that is older than one question may
reach back, later days are asked only when the earlier were told, so that what was told has no gaps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from connectors.asking import PostDays
from connectors.facebook.addresses import POST_ID
from connectors.facebook.days import PACIFIC, windows
from connectors.facebook.insights import Insights, Question
from connectors.facebook.pages import Pages

POST_DAY_METRICS = (
    "post_video_views",
    "post_video_views_organic",
    "post_video_views_paid",
    "post_video_view_time",
)
_KIND = "days of posts with videos"


def ask_post_days(pages: Pages, insights: Insights, wanted: Iterable[PostDays]) -> None:
    """Asks the days of those of the wanted posts that are of own Pages."""
    waiting = [questions for one in wanted if (questions := _questions(pages, one))]
    while waiting:
        answered = insights.carry_out("post_days", [questions[0] for questions in waiting])
        waiting = [rest for first, *rest in waiting if rest and first.object_id in answered]


def _questions(pages: Pages, wanted: PostDays) -> list[Question]:
    """What to ask of one post, the earliest days first."""
    page_id = wanted.alias.partition("_")[0]
    if page_id not in pages.own or not POST_ID.fullmatch(wanted.alias):
        return []
    question = Question(f"{wanted.alias}/insights", POST_DAY_METRICS, wanted.campaign_id, page_id, _KIND)
    return [replace(question, days=days) for days in windows(_first_day(wanted), wanted.last_day)]


def _first_day(wanted: PostDays) -> date:
    if wanted.created_at is None:
        return wanted.first_day
    return max(wanted.first_day, wanted.created_at.astimezone(PACIFIC).date())
