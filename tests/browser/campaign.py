"""A small campaign that has everything a report can show, told by people who wish its readers no good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.warehouse.lake import Lake, campaign, fb_post, fb_video, period, x_post

SCRIPT = "<script>window.broken = true</script>"
IMAGE = "<img src=x onerror='window.broken = true'>"
CLOSING = "</td></tr></table></figure></svg></title></style><h1 onclick=alert(1)>Not ours</h1>"
TURNED = "\u202egnp.exe"
ENDLESS = "Endless" * 60
HOSTILE = (f"{SCRIPT} & {CLOSING}", f'{IMAGE} "quoted"', f"{ENDLESS} {TURNED}", "=1+1", "🌊" * 40)

FIRST = date(2026, 10, 1)
LAST = date(2026, 12, 15)
DAYS = 24
POSTS = 8
MADE_AT = datetime(2026, 10, 25, 6, tzinfo=UTC)
# Nothing is read on these days, so that a gap is drawn and days are estimated.
NOT_READ = (12, 13, 14)
TYPES = ("like", "love", "haha", "wow", "sad", "angry")


def midnight(number: int) -> datetime:
    return datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=number)


def registered() -> dict[str, object]:
    """Two sides, assets under hostile titles, a hashtag's name, and an audience."""
    made = campaign(
        starts=FIRST,
        ends=LAST,
        timezone="UTC",
        assets={
            f"asset-{number}": [f"x:{100 + number}", f"facebook:111_{number}"] for number in range(POSTS)
        },
        accounts=[("x", "9"), ("facebook", "111")],
    )
    titles = [*HOSTILE, *(f"Asset number {number}" for number in range(len(HOSTILE), POSTS))]
    assets = [asset | {"title": title} for asset, title in zip(made["assets"], titles, strict=True)]  # type: ignore[call-overload]
    theirs = {"id": "theirs", "name": f"Theirs {CLOSING}", "ours": False}
    rival = {"side": "theirs", "platform": "x", "handle": None, "id": "8", "name": None, "watch": True}
    audience = {
        "id": "young",
        "label": f"Young {IMAGE}",
        "platform": "facebook",
        "ad_account": "act_1",
        "targeting": "{}",
        "filtering": "",
        "breakdown": "",
        "bucket": "",
    }
    (ours,) = made["sides"]  # type: ignore[misc]
    return made | {
        "name": f"Clean Water {SCRIPT}{CLOSING}",
        "sides": [ours | {"color": "#ffee00"}, theirs],
        "accounts": [*made["accounts"], rival],  # type: ignore[misc]
        "assets": assets,
        "audiences": [audience],
    }


def build(folder: Path) -> Path:
    """The published warehouse of that campaign, read once a midnight."""
    lake = Lake(folder)
    lake.register(registered(), moment=midnight(0))
    read = [number for number in range(1, DAYS) if number not in NOT_READ]
    for endpoint, platform, said in (
        ("posts", "x", _tweets),
        ("page_posts", "facebook", _page_posts),
        ("page_videos", "facebook", _films),
    ):
        bodies = [(midnight(number), {"data": said(number)}) for number in read]
        lake.answers(bodies, platform=platform, endpoint=endpoint)
    lake.see(
        "facebook",
        {
            "observed_at": midnight(1),
            "object_type": "audience",
            "object_id": "act_1?{}",
            "periods": [
                period("users_lower_bound", FIRST, FIRST, 80_000),
                period("users_upper_bound", FIRST, FIRST, 120_000),
            ],
        },
        {
            "observed_at": midnight(DAYS),
            "object_type": "advertising",
            "object_id": "act_1?",
            "periods": [period("reach/window", FIRST, midnight(DAYS - 1).date(), 33_000)],
        },
    )
    lake.build()
    return lake.warehouse


def _posts(number: int) -> Iterator[tuple[int, datetime, int, str]]:
    """Number, moment, growth and text of the posts that are there on a day: one more each day."""
    for post in range(min(number, POSTS)):
        yield post, midnight(post) + timedelta(hours=6), (number - post) * (1 + post % 5), HOSTILE[post % 5]


def _tweets(number: int) -> list[dict[str, object]]:
    """Our posts and theirs."""
    return [
        x_post(
            str(first + post),
            author=author,
            created_at=created,
            text=text,
            retweets=40 * grown,
            reply_count=3 * grown,
            like_count=90 * grown,
            quote_count=grown,
            impression_count=first * 100 * grown,
        )
        for post, created, grown, text in _posts(number)
        for first, author in ((100, "9"), (200, "8"))
    ]


def _page_posts(number: int) -> list[dict[str, object]]:
    return [
        fb_post(
            f"111_{post}",
            created_at=created,
            text=text,
            shares=12 * grown,
            reactions=70 * grown,
            comments=8 * grown,
            by_type={kind: (7 - place) * grown for place, kind in enumerate(TYPES)},
            videos=[f"50{post}"],
        )
        for post, created, grown, text in _posts(number)
    ]


def _films(number: int) -> list[dict[str, object]]:
    return [
        fb_video(f"50{post}", views=30_000 * grown, post_id=str(post)) for post, _, grown, _ in _posts(number)
    ]
