"""Weeks of a few campaigns as chance would have them: answers that come in order, late and twice, posts that
vanish, videos that turn out to be older, and a registry that the team keeps changing.

Every act lands what a run would land, so that a full build sees all that an incremental one has seen.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.warehouse.histories import START, ZONES
from tests.warehouse.lake import (
    Lake,
    campaign,
    fb_batch,
    fb_insights,
    fb_post,
    fb_video,
    x_media,
    x_post,
)

SITE = "https://vote.example/"
TEXTS = ["Our film of #nhs", "Nothing to see", f"Find your place at {SITE}", "our FILM again", ""]
ACCOUNTS = {"x": ["9", "8", "7"], "facebook": ["111", "222"]}
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Post:
    """A post as its platform knows it."""

    platform: str
    post_id: str
    account: str
    created_at: datetime
    text: str
    media: list[str]
    counters: dict[str, int]
    # Whether answers say when it was made.
    is_dated: bool
    is_gone: bool = False
    # Ids of later edits.
    edits: list[str] = field(default_factory=list)


@dataclass
class Campaign:
    """What the registry says of one campaign."""

    zone: str
    starts: date
    ends: date
    # Titles, listed posts and rules of the assets, in the registry's order.
    titles: dict[str, str]
    posts: dict[str, list[str]]
    rules: dict[str, dict[str, object]] = field(default_factory=dict)
    accounts: list[tuple[str, str]] = field(default_factory=list)

    def as_registered(self, campaign_id: str) -> dict[str, object]:
        """The campaign as the registry lands it."""
        made: Any = campaign(
            campaign_id,
            timezone=self.zone,
            starts=self.starts,
            ends=self.ends,
            assets=self.posts,
            accounts=self.accounts,
        )
        for asset in made["assets"]:
            asset["title"] = self.titles[asset["id"]]
            asset["match"] = self.rules.get(asset["id"])
            if asset["id"] == "tag":
                asset |= {"kind": "hashtag", "hashtag": "#nhs"}
            if asset["id"] == "site":
                asset |= {"kind": "site", "url": SITE}
        return dict(made)


class World:
    """A lake with invented posts and campaigns, and the acts that chance chooses from."""

    def __init__(self, lake: Lake, seed: int, *, posts: int) -> None:
        self.lake = lake
        self.chance = random.Random(seed)
        self.clock = START
        self.posts: list[Post] = []
        self.views: dict[str, int] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.registries: list[dict[str, Campaign]] = []
        # Everything that landed, to land again.
        self.landed: list[tuple[list[tuple[datetime, object]], dict[str, Any]]] = []
        for _ in range(posts):
            self._new_post()
        self._new_campaign("water", "Europe/London")
        self._register()

    # What there is ---------------------------------------------------------------------------------------

    def _new_post(self, **fixed: Any) -> Post:
        chance, number = self.chance, len(self.posts) + 1
        platform = fixed.pop("platform", chance.choice(["x", "x", "facebook"]))
        account = chance.choice(ACCOUNTS[platform])
        names = {
            "x": ["retweet_count", "like_count", "reply_count", "quote_count"],
            "facebook": ["shares", "reactions", "comments"],
        }[platform]
        known = [medium for medium in self.views if medium.startswith(platform)]
        media = [f"{platform}-video-{number}"] if chance.random() < 0.5 else []
        if known and chance.random() < 0.3:
            media = [chance.choice(known)]
        fixed = {
            "created_at": self.clock + timedelta(minutes=chance.randint(-9000, 2000)),
            "media": media,
            "is_dated": chance.random() < 0.7,
            **fixed,
        }
        post = Post(
            platform=platform,
            post_id=str(number) if platform == "x" else f"{account}_{number}",
            account=account,
            text=chance.choice(TEXTS),
            counters={name: chance.choice([0, 5, 1000]) for name in chance.sample(names, len(names) - 1)},
            **fixed,
        )
        for medium in post.media:
            self.views.setdefault(medium, chance.choice([0, 100, 10**6]))
        self.posts.append(post)
        return post

    def _new_campaign(self, campaign_id: str, zone: str) -> None:
        chance = self.chance
        posts: dict[str, list[str]] = {"film": [], "clip": [], "image": [], "tag": [], "site": []}
        for post in chance.sample(self.posts, len(self.posts) // 2):
            posts[chance.choice(["film", "clip", "image"])].append(f"{post.platform}:{post.post_id}")
        starts = (START + chance.randint(-3, 5) * DAY).date()
        self.campaigns[campaign_id] = Campaign(
            zone=zone,
            starts=starts,
            ends=starts + chance.randint(3, 12) * DAY,
            titles={asset: asset.title() for asset in posts},
            posts=posts,
            accounts=[("x", "9"), ("x", "8"), ("facebook", "111")],
        )

    def _register(self) -> None:
        self.registries.append(copy.deepcopy(self.campaigns))
        self.lake.register(
            *(each.as_registered(campaign_id) for campaign_id, each in sorted(self.campaigns.items()))
        )

    def _land(self, bodies: list[tuple[datetime, object]], **how: Any) -> None:
        if bodies:
            self.landed.append((bodies, how))
            self.lake.answers(bodies, **how)

    def _moment(self) -> datetime:
        """Some moment so far: a poll's hour, a local midnight or any minute."""
        chance = self.chance
        if chance.random() < 0.2:
            zone = ZoneInfo(chance.choice([each.zone for each in self.campaigns.values()]))
            day = (START + chance.randrange(12) * DAY).date()
            return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        return START + timedelta(
            minutes=chance.randint(0, int((self.clock - START + HOUR).total_seconds() // 60))
        )

    def _grow(self, post: Post) -> None:
        chance = self.chance
        for counted in (post.counters, {medium: self.views[medium] for medium in post.media}):
            for name in counted:
                counted[name] += chance.choice([0, 1, 50, 3000])
                if chance.random() < 0.1:
                    counted[name] = counted[name] * chance.randint(0, 100) // 100
            if counted is not post.counters:
                self.views.update(counted)

    def _shown(self, value: int) -> int:
        """A counter as one answer tells it: mostly as it is, sometimes 0 or a stale tenth."""
        return self.chance.choices([value, 0, value // 12], [12, 1, 1])[0]

    def _counters(self, post: Post, is_counted: bool) -> dict[str, int]:
        return {
            name: self._shown(value)
            for name, value in post.counters.items()
            if is_counted and self.chance.random() < 0.9
        }

    def _show(self, posts: list[Post], moment: datetime, *, is_counted: bool = True) -> None:
        """Land the answers that tell these posts at a moment, with or without their numbers."""
        on_x = [post for post in posts if post.platform == "x"]
        on_facebook = [post for post in posts if post.platform == "facebook"]
        if on_x:
            self._show_on_x(on_x, moment, is_counted)
        if on_facebook:
            self._show_on_facebook(on_facebook, moment, is_counted)

    def _show_on_x(self, posts: list[Post], moment: datetime, is_counted: bool) -> None:
        present = [post for post in posts if not post.is_gone]
        shown = [
            x_post(
                post.post_id,
                created_at=post.created_at if post.is_dated else None,
                author=post.account,
                media=post.media,
                text=post.text,
                **self._counters(post, is_counted),
            )
            | {
                "id": [post.post_id, *post.edits][-1],
                "edit_history_tweet_ids": [post.post_id, *post.edits],
            }
            for post in present
        ]
        media = [
            x_media(medium, self._shown(self.views[medium]))
            for post in present
            for medium in post.media
            if is_counted and self.chance.random() < 0.8
        ]
        refusal = "https://api.x.com/2/problems/resource-not-found"
        errors = [
            {"resource_type": "tweet", "resource_id": post.post_id, "type": refusal}
            for post in posts
            if post.is_gone
        ]
        self._land([(moment, {"data": shown, "includes": {"media": media}, "errors": errors})])

    def _show_on_facebook(self, posts: list[Post], moment: datetime, is_counted: bool) -> None:
        chance = self.chance
        present = [post for post in posts if not post.is_gone]
        # A video may be told before its post is.
        shown: dict[str, object] = {
            post.post_id: fb_post(
                post.post_id,
                created_at=post.created_at if post.is_dated else None,
                page=post.account,
                videos=post.media,
                text=post.text,
                **self._counters(post, is_counted),  # type: ignore[arg-type]
            )
            for post in present
            if not post.media or chance.random() < 0.7
        }
        if shown:
            self._land([(moment, shown)], platform="facebook")
        carried = {medium: post for post in present for medium in post.media}
        told: dict[str, object] = {
            medium: fb_video(
                medium,
                views=self._shown(self.views[medium]) if is_counted else None,
                page=post.account,
                post_id=post.post_id.split("_")[1] if chance.random() < 0.3 else None,
            )
            for medium, post in carried.items()
        }
        if told:
            self._land([(moment, told)], platform="facebook", endpoint="videos")
        insights = [
            fb_insights(post.post_id, post_video_views=self._shown(self.views[medium] * 2))
            for medium, post in carried.items()
            if is_counted and chance.random() < 0.2
        ]
        if insights:
            self._land([(moment, fb_batch(*insights))], platform="facebook", endpoint="insights")
        for post in posts:
            if post.is_gone:
                error = {"error": {"code": 100, "error_subcode": 33, "message": "Unsupported get request."}}
                asked = {"ids": post.post_id}
                self._land([(moment, error)], platform="facebook", status=400, params=asked)

    def _some(self) -> list[Post]:
        return self.chance.sample(self.posts, self.chance.randint(1, len(self.posts)))

    def _asset(self) -> tuple[Campaign, str]:
        chosen = self.chance.choice(list(self.campaigns.values()))
        return chosen, self.chance.choice([asset for asset in chosen.posts if asset not in ("tag", "site")])

    # What may happen -------------------------------------------------------------------------------------

    def posts_are_read_in_order(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            self.clock += self.chance.choice([1, 2, 3, 6, 12, 24, 30]) * HOUR
            some = self._some()
            for post in some:
                self._grow(post)
            self._show(some, self.clock)

    def an_answer_comes_late(self) -> None:
        self._show(self._some(), self._moment())

    def a_run_is_replayed(self) -> None:
        if self.landed:
            bodies, how = self.chance.choice(self.landed)
            self.lake.answers(bodies, **how)

    def answers_of_one_moment_differ(self) -> None:
        some = self._some()
        moment = self._moment()
        self._show(some, moment)
        self._show(some, moment)

    def an_asset_gets_a_post(self) -> None:
        chosen, asset = self._asset()
        post = self.chance.choice(self.posts)
        self._unlist(chosen, post)
        chosen.posts[asset].append(f"{post.platform}:{post.post_id}")
        self._register()

    def an_asset_loses_its_posts(self) -> None:
        chosen, asset = self._asset()
        chosen.posts[asset] = chosen.posts[asset][1:]
        self._register()

    def an_asset_goes(self) -> None:
        chosen, asset = self._asset()
        if len(chosen.posts) > 3:
            del chosen.posts[asset]
            chosen.rules.pop(asset, None)
        self._register()

    def an_asset_comes_first_in_the_registry(self) -> None:
        """The first asset has what several list or catch."""
        chosen, _ = self._asset()
        chosen.titles["newest"] = "Newest"
        chosen.posts = {"newest": [], **chosen.posts}
        chosen.rules["newest"] = {"text": ["film"]}
        self._register()

    def an_earlier_registry_is_in_force_again(self) -> None:
        self.campaigns = copy.deepcopy(self.chance.choice(self.registries))
        self._register()

    def an_asset_is_renamed(self) -> None:
        chosen, asset = self._asset()
        chosen.titles[asset] = f"{asset} as called on {self.clock:%d %H}"
        self._register()

    def an_asset_gets_a_rule(self) -> None:
        chosen, asset = self._asset()
        chosen.rules[asset] = self.chance.choice(
            [
                {"text": ["film"]},
                {"hashtags": ["nhs"]},
                {"links": [SITE]},
                {"text": ["film"], "same_video": True},
            ]
        )
        self._register()

    def a_campaign_in_another_zone_comes(self) -> None:
        self._new_campaign(
            f"campaign-{len(self.landed)}", self.chance.choice([*ZONES, "America/Los_Angeles"])
        )
        self._register()

    def a_campaign_goes(self) -> None:
        if len(self.campaigns) > 1:
            del self.campaigns[self.chance.choice(sorted(self.campaigns))]
            self._register()

    def two_campaigns_swap_their_zones(self) -> None:
        if len(self.campaigns) == 1:
            self._new_campaign("twin", "America/Los_Angeles")
        one, other = self.chance.sample(sorted(self.campaigns), 2)
        here, there = self.campaigns[one], self.campaigns[other]
        here.zone, there.zone = there.zone, here.zone
        self._register()

    def a_window_moves(self) -> None:
        chosen, _ = self._asset()
        chosen.starts += self.chance.randint(-2, 2) * DAY
        chosen.ends = max(chosen.starts, chosen.ends + self.chance.randint(-2, 2) * DAY)
        self._register()

    def an_account_is_watched_or_left(self) -> None:
        chosen, _ = self._asset()
        everybody = [(platform, account) for platform, known in ACCOUNTS.items() for account in known]
        chosen.accounts = self.chance.sample(everybody, self.chance.randint(1, len(everybody)))
        self._register()

    def a_post_appears(self) -> None:
        post = self._new_post()
        self.clock += HOUR
        self._show([post], self.clock)

    def a_post_goes(self) -> None:
        post = self.chance.choice(self.posts)
        post.is_gone = not post.is_gone
        self.clock += HOUR
        self._show([post], self.clock)

    def a_creation_becomes_known(self) -> None:
        """By an answer that tells no number of the post."""
        undated = [post for post in self.posts if not post.is_dated and not post.is_gone]
        for post in self.chance.sample(undated, min(2, len(undated))):
            post.is_dated = True
            self._show([post], self._moment(), is_counted=False)

    def an_earlier_post_turns_out_to_share_a_video(self) -> None:
        """By an answer that tells no number of either."""
        if not self.views:
            return
        shared = self.chance.choice(sorted(self.views))
        post = self._new_post(
            platform=shared.split("-")[0],
            media=[shared],
            created_at=START - timedelta(minutes=self.chance.randint(0, 9000)),
            is_dated=True,
        )
        self._show([post], self._moment(), is_counted=False)

    def a_post_gets_a_video(self) -> None:
        """An edit: the video's views speak from now on, for all days."""
        post = self.chance.choice(self.posts)
        medium = f"{post.platform}-late-{len(self.views)}"
        post.media = [medium]
        self.views[medium] = self.chance.choice([0, 10**6])
        self._show([post], self._moment(), is_counted=self.chance.random() < 0.5)

    def a_text_changes(self) -> None:
        post = self.chance.choice(self.posts)
        post.text = self.chance.choice(TEXTS)
        self._show([post], self.clock, is_counted=False)

    def a_post_is_edited_and_listed_by_its_new_name(self) -> None:
        on_x = [post for post in self.posts if post.platform == "x"]
        post = self.chance.choice(on_x)
        post.edits.append(f"{900 + len(self.landed)}{post.post_id}")
        chosen, asset = self._asset()
        self._unlist(chosen, post)
        chosen.posts[asset].append(f"x:{post.edits[-1]}")
        self._register()
        self._show([post], self.clock)

    def a_counter_falls_silent(self) -> None:
        """Comments are switched off while the rest is read on."""
        some = [post for post in self.posts if post.counters]
        for post in self.chance.sample(some, min(4, len(some))):
            post.counters.pop(self.chance.choice(sorted(post.counters)))
            for _ in range(3):
                self.clock += 18 * HOUR
                self._grow(post)
                self._show([post], self.clock)

    def an_account_is_named(self) -> None:
        account = self.chance.choice(ACCOUNTS["x"])
        name = self.chance.choice(["ours", "ours_hq"])
        users = [
            {"id": account, "username": name, "name": name.title(), "public_metrics": {"followers_count": 5}}
        ]
        self._land([(self._moment(), {"data": [], "includes": {"users": users}})])
        page = {
            "id": "111",
            "name": "Our page",
            "username": name,
            "followers_count": self.chance.randint(0, 900),
        }
        self._land([(self._moment(), page)], platform="facebook", endpoint="pages")

    def platform_days_arrive(self) -> None:
        """New days and restated ones: of a page, of a post, of a hashtag, and a site's counter."""
        chance, moment = self.chance, self.clock + HOUR
        days = [START + back * DAY for back in range(chance.randint(1, 8))]
        values = [
            {"value": chance.randint(0, 900), "end_time": f"{day:%Y-%m-%d}T07:00:00+0000"} for day in days
        ]

        def row(object_id: str, name: str) -> Mapping[str, object]:
            return {"id": f"{object_id}/insights/{name}/day", "name": name, "period": "day", "values": values}

        page = {"data": [row("111", "page_video_views"), row("111", "page_follows")]}
        self._land([(moment, page)], platform="facebook", endpoint="page_insights")
        posts = [post.post_id for post in self.posts if post.platform == "facebook"]
        if posts:
            told = {"data": [row(chance.choice(posts), "post_video_views")]}
            self._land([(moment, told)], platform="facebook", endpoint="insights")
        buckets = [
            {
                "start": f"{day:%Y-%m-%d}T00:00:00.000Z",
                "end": f"{day + DAY:%Y-%m-%d}T00:00:00.000Z",
                "tweet_count": chance.randint(0, 99),
            }
            for day in days
        ]
        asked = {"query": "#nhs", "granularity": "day"}
        self._land([(moment, {"data": buckets})], endpoint="counts", params=asked)
        engagement = {"share_count": chance.randint(0, 99), "reaction_count": chance.randint(0, 99)}
        self._land(
            [(moment, {"id": SITE, "engagement": engagement})],
            platform="facebook",
            endpoint="sites",
            params={"id": SITE, "fields": "engagement"},
        )

    def an_answer_is_no_json(self) -> None:
        self._land([(self.clock, "<html>")])
        self._land([(self.clock, "{}")], status=429)

    def nothing_happens(self) -> None:
        pass

    def deck(self) -> list[Callable[[], None]]:
        """Every act once, and those that land answers of posts more often, shuffled."""
        often = [self.posts_are_read_in_order, self.an_answer_comes_late]
        acts = [
            *often * 3,
            self.a_run_is_replayed,
            self.answers_of_one_moment_differ,
            self.an_asset_gets_a_post,
            self.an_asset_loses_its_posts,
            self.an_asset_goes,
            self.an_asset_comes_first_in_the_registry,
            self.an_earlier_registry_is_in_force_again,
            self.an_asset_is_renamed,
            self.an_asset_gets_a_rule,
            self.a_campaign_in_another_zone_comes,
            self.a_campaign_goes,
            self.two_campaigns_swap_their_zones,
            self.a_window_moves,
            self.an_account_is_watched_or_left,
            self.a_post_appears,
            self.a_post_goes,
            self.a_creation_becomes_known,
            self.an_earlier_post_turns_out_to_share_a_video,
            self.a_post_gets_a_video,
            self.a_text_changes,
            self.a_post_is_edited_and_listed_by_its_new_name,
            self.a_counter_falls_silent,
            self.an_account_is_named,
            self.platform_days_arrive,
            self.an_answer_is_no_json,
            self.nothing_happens,
        ]
        return self.chance.sample(acts, len(acts))

    def _unlist(self, chosen: Campaign, post: Post) -> None:
        names = {f"{post.platform}:{name}" for name in (post.post_id, *post.edits)}
        for asset, listed in chosen.posts.items():
            chosen.posts[asset] = [reference for reference in listed if reference not in names]
