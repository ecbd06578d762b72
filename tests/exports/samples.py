"""Exports as the platforms write them, with headers as they stand in real files, and cells of a test's
choice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence


def _columns(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in " ".join(text.splitlines()).split("|"))


BUSINESS_SUITE_FACEBOOK = _columns(
    """
    Post ID | Page ID | Page name | Title | Description | Duration (sec) | Publish time | Caption type |
    Permalink | Is crosspost | Is share | Post type | Languages | Custom labels | Funded content status
    | Data comment | Date | Views | Reach | Reactions, Comments and Shares | Reactions | Comments |
    Shares | Total clicks | Other Clicks | Matched Audience Targeting Consumption (Photo Click)
    """
)
BUSINESS_SUITE_INSTAGRAM = _columns(
    """
    Post ID | Account ID | Account username | Account name | Description | Duration (sec) | Publish time
    | Permalink | Post type | Data comment | Date | Views | Reach | Likes | Shares | Follows | Comments
    | Saves
    """
)
X_TWEETS = _columns(
    """
    Tweet id | Tweet permalink | Tweet text | time | impressions | engagements | engagement rate |
    retweets | replies | likes | user profile clicks | url clicks | hashtag clicks | detail expands |
    permalink clicks | app opens | app installs | follows | email tweet | dial phone | media views |
    media engagements | promoted impressions | promoted engagements | promoted engagement rate |
    promoted retweets | promoted replies | promoted likes | promoted user profile clicks |
    promoted url clicks
    """
)
X_TWEET_DAYS = ("Date", "Tweets published", *X_TWEETS[4:])
X_CONTENT = _columns(
    """
    Post id | Date | Post text | Post Link | Impressions | Likes | Engagements | Bookmarks | Shares |
    New follows | Replies | Reposts | Profile visits | Detail Expands | URL Clicks | Hashtag Clicks |
    Permalink Clicks
    """
)
X_OVERVIEW = _columns(
    """
    Date | Impressions | Likes | Engagements | Bookmarks | Shares | New follows | Unfollows | Replies |
    Reposts | Profile visits | Create Post | Video views | Media views
    """
)
CROWDTANGLE_FACEBOOK = _columns(
    """
    Page Name | User Name | Facebook Id | Page Category | Page Admin Top Country | Page Description |
    Page Created | Likes at Posting | Followers at Posting | Post Created | Post Created Date |
    Post Created Time | Type | Total Interactions | Likes | Comments | Shares | Love | Wow | Haha | Sad
    | Angry | Care | Video Share Status | Is Video Owner? | Post Views | Total Views |
    Total Views For All Crossposts | Video Length | URL | Message | Link | Final Link | Image Text |
    Link Text | Description | Sponsor Id | Sponsor Name | Sponsor Category |
    Overperforming Score (weighted  —  Likes 1x Shares 3x Comments 2x )
    """
)
CROWDTANGLE_FACEBOOK_2019 = _columns(
    """
    Page Name | User Name | Facebook Id | Likes at Posting | Followers at Posting | Created | Type |
    Likes | Comments | Shares | Love | Wow | Haha | Sad | Angry | Video Share Status | Post Views |
    Total Views | Total Views For All Crossposts | Video Length | URL | Message | Link | Final Link |
    Image Text | Link Text | Description | Sponsor Id | Sponsor Name | Total Interactions |
    Overperforming Score
    """
)
CROWDTANGLE_INSTAGRAM = _columns(
    """
    Account | User Name | Followers at Posting | Post Created | Post Created Date | Post Created Time |
    Type | Total Interactions | Likes | Comments | Views | URL | Link | Photo | Title | Description |
    Image Text | Sponsor Id | Sponsor Name | Overperforming Score (weighted  —  Likes 1x Comments 1x )
    """
)


def table(header: Sequence[str], *rows: Mapping[str, object], delimiter: str = ",") -> str:
    """A CSV with these rows; cells that a row does not name are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def facebook_row(**cells: object) -> dict[str, object]:
    """A row of the Business Suite; keywords with underscores for spaces add or replace cells."""
    row = {
        "Post ID": "222",
        "Page ID": "111",
        "Page name": "Our page",
        "Publish time": "11/20/2019 09:00",
        "Permalink": "https://www.facebook.com/ourpage/posts/222",
        "Date": "Lifetime",
        "Views": 500,
        "Reactions": 40,
        "Comments": 5,
        "Shares": 6,
    }
    return row | {name.replace("_", " "): value for name, value in cells.items()}


def crowdtangle_row(**cells: object) -> dict[str, object]:
    """A row of CrowdTangle's Facebook Pages."""
    row = {
        "Page Name": "Our page",
        "User Name": "ourpage",
        "Facebook Id": "111",
        "Followers at Posting": "1,050,000",
        "Post Created": "2019-11-20 04:00:00 EST",
        "Total Interactions": "1,345",
        "Likes": "1,000",
        "Comments": 20,
        "Shares": 300,
        "Love": 10,
        "Wow": 5,
        "Haha": 4,
        "Sad": 3,
        "Angry": 2,
        "Care": 1,
        "Post Views": "12,000",
        "Total Views": "13,000",
        "URL": "https://www.facebook.com/111/posts/222",
        "Message": "A film",
    }
    return row | {name.replace("_", " "): value for name, value in cells.items()}


def content_row(post: int | str, **cells: object) -> dict[str, object]:
    """A row of X Analytics, content."""
    row = {
        "Post id": post,
        "Date": "Wed, Nov 20, 2019",
        "Post text": "Water",
        "Post Link": f"https://x.com/CleanWaterNow/status/{post}",
        "Impressions": 900,
        "Likes": 10,
        "Replies": 1,
        "Reposts": 7,
    }
    return row | {name.replace("_", " "): value for name, value in cells.items()}
