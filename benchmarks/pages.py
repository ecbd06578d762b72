"""The pages that both sides are served: posts as X and the Graph API show them, with counters that move.

Written from the platforms' documentation, not from our parsers. A page of X holds 100 posts (look-ups and
timelines), a page of Graph 50 posts (look-ups by `ids`) or 100 (a Page's list); every post has the fields
that the connectors ask for, in usual sizes. The standard library is enough to import this: the peers read it
in an environment of their own.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

Shape = Literal["x", "graph"]
Kind = Literal["polls", "walk"]

# Posts are read hourly while they are young: those that are polled were made on the day before the first
# poll, those that are walked in the week before it.
FIRST_POLL = datetime(2026, 5, 2, tzinfo=UTC)
EVERY = timedelta(hours=1)
_MADE_WITHIN_S = {"polls": 86_400, "walk": 7 * 86_400}

# A timeline of X ends after 3,200 posts.
POSTS_PER_ACCOUNT = 2_500
TOKEN = "token-of-the-benchmark-0123456789"  # noqa: S105
VERSION = "v26.0"

IDS_PER_LOOK_UP = {"x": 100, "graph": 50}
POSTS_PER_LIST = 100
# The counter whose sum is compared at the end: the name under which it is read, and that of its days.
COUNTER = {"x": ("retweet_count", "retweets"), "graph": ("shares", "shares")}

X_FIELDS = {
    "tweet.fields": "created_at,public_metrics,author_id,attachments,edit_history_tweet_ids,"
    "referenced_tweets,entities",
    "expansions": "attachments.media_keys,author_id",
    "media.fields": "public_metrics,duration_ms,type",
    "user.fields": "username,name,public_metrics",
}
_REACTIONS = ("like", "love", "wow", "haha", "sad", "angry")
GRAPH_FIELDS = ",".join(
    [
        "id,from,created_time,updated_time,message,permalink_url,status_type,is_published",
        "attachments{media_type,type,url,title,target},shares",
        "reactions.summary(total_count).limit(0)",
        *(
            f"reactions.type({kind.upper()}).limit(0).summary(total_count).as(r_{kind})"
            for kind in _REACTIONS
        ),
        "comments.summary(true).filter(stream).limit(0)",
    ]
)

_WORDS = tuple(
    "".join(random.Random(number).choices("abcdefghijklmnoprstuvw", k=2 + number % 9))  # noqa: S311
    for number in range(4_000)
)


@dataclass(frozen=True)
class Task:
    """What one run reads: `posts` posts `polls` times, from the server at `base`, with `home` to keep it.

    `polls` looks all posts up by their ids, as often as there are polls, `hours` apart; `walk` lists all
    posts of all accounts by cursor, once.
    """

    base: str
    shape: Shape
    kind: Kind
    posts: int
    polls: int
    home: str
    hours: int = 1

    @property
    def items(self) -> int:
        """How many posts are shown, each as often as it is."""
        return self.posts * self.polls

    @property
    def accounts(self) -> int:
        return -(-self.posts // POSTS_PER_ACCOUNT)

    def text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Page:
    """One answer: its body, the posts in it, and the sum of their `COUNTER`."""

    body: bytes
    items: int
    counted: int


def poll_at(poll: int, hours: int = 1) -> datetime:
    """The clock of a poll, from 0, of those that are so many hours apart."""
    return FIRST_POLL + poll * hours * EVERY


def account_id(shape: Shape, account: int) -> str:
    return str((2_244_000_000 if shape == "x" else 100_064_000_000_000) + account)


def post_id(shape: Shape, number: int) -> str:
    if shape == "x":
        # A snowflake counts milliseconds in its upper bits.
        return str(1_912_000_000_000_000_000 + number * 4_194_304)
    return f"{account_id(shape, number // POSTS_PER_ACCOUNT)}_{122_100_000_000_000 + number}"


def look_ups(shape: Shape, posts: int) -> Iterator[list[str]]:
    """The ids of each look-up of a poll."""
    size = IDS_PER_LOOK_UP[shape]
    for start in range(0, posts, size):
        yield [post_id(shape, number) for number in range(start, min(start + size, posts))]


def questions(task: Task) -> Iterator[tuple[str, dict[str, str]]]:
    """The path and parameters of each request that a task takes, in order."""
    fields = X_FIELDS if task.shape == "x" else {"fields": GRAPH_FIELDS, "access_token": TOKEN}
    if task.kind == "polls":
        path = "/2/tweets" if task.shape == "x" else f"/{VERSION}/"
        for _ in range(task.polls):
            for ids in look_ups(task.shape, task.posts):
                yield path, {"ids": ",".join(ids), **fields}
        return
    for account in range(task.accounts):
        listed = min(POSTS_PER_ACCOUNT, task.posts - account * POSTS_PER_ACCOUNT)
        named = account_id(task.shape, account)
        for place in range(-(-listed // POSTS_PER_LIST)):
            if task.shape == "x":
                path, size, cursor = f"/2/users/{named}/tweets", "max_results", "pagination_token"
            else:
                path, size, cursor = f"/{VERSION}/{named}/posts", "limit", "after"
            after = {cursor: f"cursor{place:06d}"} if place else {}
            yield path, {size: str(POSTS_PER_LIST), **fields, **after}


def counter(number: int, poll: int) -> int:
    """What a post's counters are made from at a poll: it only grows."""
    return number * 7_919 % 100_003 + poll * (1 + number % 97)


def counted(shape: Shape, number: int, poll: int) -> int:
    """A post's `COUNTER` at a poll."""
    return counter(number, poll) // 50 if shape == "x" else counter(number, poll)


def looked_up(shape: Shape, posts: int, polls: int) -> Iterator[tuple[str, list[Page]]]:
    """The ids of each look-up, joined by commas, and its answer at each poll."""
    size = IDS_PER_LOOK_UP[shape]
    for start, ids in zip(range(0, posts, size), look_ups(shape, posts), strict=True):
        numbers = range(start, start + len(ids))
        shown = [_post(shape, "polls", number) for number in numbers]
        pages = []
        for poll in range(polls):
            for number, post in zip(numbers, shown, strict=True):
                _stamp(shape, post, number, poll)
            document = _answer_of_x(shown, numbers, poll) if shape == "x" else {p["id"]: p for p in shown}
            pages.append(_page(shape, document, numbers, poll))
        yield ",".join(ids), pages


def walked(shape: Shape, posts: int, base: str) -> Iterator[tuple[str, str, Page]]:
    """The account, the cursor (empty for the first) and the answer of each page of every account's list,
    newest first."""
    for account in range(-(-posts // POSTS_PER_ACCOUNT)):
        named = account_id(shape, account)
        last = min((account + 1) * POSTS_PER_ACCOUNT, posts)
        first = account * POSTS_PER_ACCOUNT
        for place, end in enumerate(range(last, first, -POSTS_PER_LIST)):
            numbers = range(end - 1, max(first, end - POSTS_PER_LIST) - 1, -1)
            shown = [_post(shape, "walk", number) for number in numbers]
            for number, post in zip(numbers, shown, strict=True):
                _stamp(shape, post, number, 0)
            following = "" if numbers[-1] == first else f"cursor{place + 1:06d}"
            if shape == "x":
                document = _answer_of_x(shown, numbers, 0)
                document["meta"] = {
                    "result_count": len(shown),
                    "newest_id": shown[0]["id"],
                    "oldest_id": shown[-1]["id"],
                    **({"next_token": following} if following else {}),
                }
            else:
                document = {"data": shown, "paging": _paging(base, named, place, following)}
            yield named, f"cursor{place:06d}" if place else "", _page(shape, document, numbers, 0)


def _paging(base: str, account: str, place: int, following: str) -> dict[str, object]:
    found: dict[str, object] = {
        "cursors": {"before": f"before{place:06d}", "after": f"cursor{place + 1:06d}"}
    }
    if following:
        found["next"] = (
            f"{base}/{VERSION}/{account}/posts?access_token={TOKEN}&limit={POSTS_PER_LIST}"
            f"&fields={GRAPH_FIELDS}&after={following}"
        )
    return found


def _page(shape: Shape, document: object, numbers: range, poll: int) -> Page:
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    return Page(body, len(numbers), sum(counted(shape, number, poll) for number in numbers))


def _post(shape: Shape, kind: Kind, number: int) -> dict[str, Any]:
    """What of a post does not move."""
    dice = random.Random(number)  # noqa: S311
    text = " ".join(dice.choices(_WORDS, k=32)).capitalize()
    made_at = FIRST_POLL - timedelta(seconds=60 + number * 7 % _MADE_WITHIN_S[kind])
    return _x_post(number, text, made_at, dice) if shape == "x" else _graph_post(number, text, made_at, dice)


def _x_post(number: int, text: str, made_at: datetime, dice: random.Random) -> dict[str, Any]:
    this = post_id("x", number)
    post: dict[str, Any] = {
        "author_id": account_id("x", number // POSTS_PER_ACCOUNT),
        "created_at": f"{made_at:%Y-%m-%dT%H:%M:%S.000Z}",
        "edit_history_tweet_ids": [this],
        "id": this,
        "public_metrics": {},
        "text": text,
    }
    short = f"https://t.co/{dice.getrandbits(48):012x}"
    page = "-".join(dice.choices(_WORDS, k=6))
    post["entities"] = {
        "hashtags": [{"start": 0, "end": 11, "tag": _WORDS[number % len(_WORDS)]}],
        "urls": [
            {
                "start": 200,
                "end": 225,
                "url": short,
                "expanded_url": f"https://news.example.org/{page}",
                "display_url": f"news.example.org/{page[:15]}…",
                "unwound_url": f"https://news.example.org/{page}",
            }
        ],
    }
    if number % 3 == 0:
        post["attachments"] = {"media_keys": [f"13_{this}"]}
    if number % 5 == 0:
        post["referenced_tweets"] = [{"type": "quoted", "id": post_id("x", number + 7)}]
    return post


def _answer_of_x(shown: list[dict[str, Any]], numbers: range, poll: int) -> dict[str, Any]:
    return {
        "data": shown,
        "includes": {
            "media": [
                {
                    "duration_ms": 46_947,
                    "media_key": f"13_{post_id('x', number)}",
                    "public_metrics": {"view_count": counter(number, poll) // 2},
                    "type": "video",
                }
                for number in numbers
                if number % 3 == 0
            ],
            "users": [
                {
                    "id": account_id("x", account),
                    "name": f"Account {account}",
                    "public_metrics": {
                        "followers_count": 1_000 + account + poll,
                        "following_count": 100,
                        "listed_count": 10,
                        "tweet_count": POSTS_PER_ACCOUNT,
                    },
                    "username": f"account{account}",
                }
                for account in sorted({number // POSTS_PER_ACCOUNT for number in numbers})
            ],
        },
    }


def _graph_post(number: int, text: str, made_at: datetime, dice: random.Random) -> dict[str, Any]:
    this = post_id("graph", number)
    page, _, own = this.partition("_")
    video = f"https://www.facebook.com/{page}/videos/{own}/"
    is_video = number % 3 == 0
    return {
        "id": this,
        "from": {"name": f"Page {page}", "id": page},
        "created_time": f"{made_at:%Y-%m-%dT%H:%M:%S+0000}",
        "updated_time": f"{made_at:%Y-%m-%dT%H:%M:%S+0000}",
        "message": text,
        "permalink_url": video if is_video else f"https://www.facebook.com/{page}/posts/{own}",
        "status_type": "added_video" if is_video else "added_photos",
        "is_published": True,
        "attachments": {
            "data": [
                {
                    "media_type": "video" if is_video else "photo",
                    "type": "video_inline" if is_video else "photo",
                    "url": video if is_video else f"https://www.facebook.com/photo/?fbid={own}",
                    "title": " ".join(dice.choices(_WORDS, k=5)),
                    "target": {"id": own, "url": video},
                }
            ]
        },
    }


def _stamp(shape: Shape, post: dict[str, Any], number: int, poll: int) -> None:
    """Put the counters of a poll into a post."""
    value = counter(number, poll)
    if shape == "x":
        post["public_metrics"] = {
            "retweet_count": counted("x", number, poll),
            "reply_count": value // 90,
            "like_count": value // 10,
            "quote_count": value // 300,
            "bookmark_count": value // 200,
            "impression_count": value,
        }
        return
    # Of 0 shares the platform shows none.
    if value:
        post["shares"] = {"count": counted("graph", number, poll)}
    post["reactions"] = _summary(value // 3, viewer_reaction="NONE")
    for place, kind in enumerate(_REACTIONS):
        post[f"r_{kind}"] = _summary(value // (6 + place))
    post["comments"] = _summary(value // 20, order="ranked", can_comment=True)


def _summary(count: int, **more: object) -> dict[str, object]:
    return {"data": [], "summary": {"total_count": count, **more}}
