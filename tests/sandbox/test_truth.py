"""What the answers add up to, asked over HTTP: the figures of the world files, to the unit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.plain import END_2019, Plain, at, truth

WORLD = truth("uk-general-election-2019")


def total_of(metric: str, *accounts: str) -> dict[str, Any]:
    return next(
        total
        for total in WORLD["totals"]
        if total["metric"] == metric and total["accounts"] == list(accounts)
    )


@pytest.fixture(scope="module")
def films(shared_sandbox: Any) -> dict[str, dict[str, int]]:
    """Views at the end of the window by title, then by counter: videos by id, X media by key (a key once)."""
    plain = Plain(shared_sandbox)
    found: dict[str, dict[str, int]] = {}
    with plain.session:
        for page in ("uklabour", "jeremycorbynmp", "conservatives", "borisjohnson"):
            for video in plain.videos(page, END_2019):
                found.setdefault(f"{page}: {video['title']}", {})[video["id"]] = video["views"]
                found.setdefault(video["title"], {})[video["id"]] = video["views"]
        for handle in ("UKLabour", "jeremycorbyn", "robdelaney", "jessi", "Conservatives", "BorisJohnson"):
            for page_ in plain.timeline(handle, END_2019, start_time="2019-10-29T00:00:00Z"):
                media = {medium["media_key"]: medium for medium in page_.get("includes", {}).get("media", ())}
                for post in page_["data"]:
                    for key in post.get("attachments", {}).get("media_keys", ()):
                        if media[key]["type"] == "video":
                            views = media[key]["public_metrics"]["view_count"]
                            title = post["text"].removeprefix("Film: ")
                            found.setdefault(title, {})[key] = views
    return found


@pytest.mark.parametrize("asset", WORLD["assets"], ids=lambda asset: asset["id"])
def test_views_of_an_asset_add_up_to_its_total(
    films: dict[str, dict[str, int]], asset: dict[str, Any]
) -> None:
    assert sum(films[asset["title"]].values()) == asset["views"]


def test_unlisted_films_stay_below_the_ten_most_viewed(films: dict[str, dict[str, int]]) -> None:
    listed = {asset["title"] for asset in WORLD["assets"]}
    ranked = sorted((asset["views"] for asset in WORLD["assets"]), reverse=True)
    others = [
        views
        for title, counters in films.items()
        if title not in listed and ": " not in title
        for views in counters.values()
    ]
    assert len(others) > 200
    assert max(others) < ranked[9]


@pytest.mark.parametrize("pages", [("uklabour", "jeremycorbynmp"), ("conservatives", "borisjohnson")])
def test_facebook_views_of_a_side_add_up_to_its_total(plain: Plain, pages: tuple[str, ...]) -> None:
    views = [video["views"] for page in pages for video in plain.videos(page, END_2019)]
    assert sum(views) == total_of("views", *pages)["total"]


def retweets(plain: Plain, moment: Any, since: Any, until: Any) -> int:
    pages = plain.timeline(
        "jeremycorbyn",
        moment,
        start_time=since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        end_time=until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return sum(post["public_metrics"]["retweet_count"] for page in pages for post in page.get("data", ()))


def test_retweets_of_42_days_add_up_to_their_total(plain: Plain) -> None:
    total = total_of("retweets", "jeremycorbyn")
    assert (total["at"] - WORLD["starts"]).days == 42
    assert retweets(plain, total["at"], WORLD["starts"], total["at"]) == total["total"]


def test_retweets_go_on_after_the_42_days(plain: Plain) -> None:
    total = total_of("retweets", "jeremycorbyn")
    assert retweets(plain, END_2019, WORLD["starts"], END_2019) > total["total"]


@pytest.mark.parametrize("moment", [at(8, 6, 23, year=2017), END_2019], ids=["at once", "years later"])
def test_retweets_of_2017_add_up_to_their_total(plain: Plain, moment: Any) -> None:
    world = truth("uk-general-election-2017")
    assert (world["ends"] - world["starts"]).days == 52
    assert retweets(plain, moment, world["starts"], world["ends"]) == world["totals"][0]["total"]


def test_counters_stand_still_after_the_window(plain: Plain) -> None:
    later = END_2019 + timedelta(days=90)
    since = {"start_time": "2019-10-29T00:00:00Z"}
    assert list(plain.timeline("jeremycorbyn", END_2019, **since)) == list(
        plain.timeline("jeremycorbyn", later, **since)
    )
    assert plain.videos("uklabour", END_2019) == plain.videos("uklabour", later)


def test_counters_never_fall_but_for_planted_revisions_and_glitches(plain: Plain) -> None:
    ids = [
        post["id"]
        for page in plain.timeline("jeremycorbyn", END_2019, start_time="2019-10-29T00:00:00Z")
        for post in page["data"]
    ][:100]
    disturbed = {"1194306645128129448", "1192093579346274066"}
    before: dict[str, dict[str, int]] = {}
    for step in range(0, 45 * 4 + 1, 4):
        moment = WORLD["starts"] + timedelta(hours=6 * step)
        for post in (
            plain.x("/tweets", moment, ids=",".join(ids), tweet__fields="public_metrics")
            .json()
            .get("data", ())
        ):
            counters = post["public_metrics"]
            if post["id"] not in disturbed:
                assert all(counters[name] >= value for name, value in before.get(post["id"], {}).items())
            before[post["id"]] = counters
    assert len(before) == len(ids)


def asset_post(plain: Plain, handle: str, title: str, moment: Any) -> str:
    return next(
        post["id"]
        for page in plain.timeline(handle, moment, start_time="2019-10-29T00:00:00Z")
        for post in page["data"]
        if post["text"] == f"Film: {title}"
    )


@pytest.mark.parametrize(
    "revision", WORLD["revisions"], ids=lambda revision: f"{revision['account']}-{revision['metric']}"
)
def test_a_revised_counter_falls_by_a_few_percent_and_goes_on(plain: Plain, revision: dict[str, Any]) -> None:
    def value(moment: Any) -> int:
        if revision["platform"] == "x":
            wanted = f"Post {revision['post']}" if "post" in revision else None
            wanted = wanted or "Film: " + next(
                a["title"] for a in WORLD["assets"] if a["id"] == revision["asset"]
            )
            for page in plain.timeline(revision["account"], moment, start_time="2019-10-29T00:00:00Z"):
                for post in page["data"]:
                    if post["text"] == wanted:
                        return int(post["public_metrics"]["retweet_count"])
        wanted = f"Video {revision['post']}" if "post" in revision else None
        wanted = wanted or next(a["title"] for a in WORLD["assets"] if a["id"] == revision["asset"])
        return next(
            int(v["views"]) for v in plain.videos(revision["account"], moment) if v["title"] == wanted
        )

    minute = timedelta(minutes=1)
    peak, after = value(revision["until"] - minute), value(revision["until"])
    assert 0.02 < (peak - after) / after < 0.08
    assert value(revision["from"]) < after <= value(END_2019)


@pytest.mark.parametrize("glitch", WORLD["glitches"], ids=lambda glitch: glitch["platform"])
def test_a_glitch_shows_zero_and_passes(plain: Plain, glitch: dict[str, Any]) -> None:
    title = next(asset["title"] for asset in WORLD["assets"] if asset["id"] == glitch["asset"])
    instant = at(15, 11, 18)
    assert glitch["from"] < instant < glitch["until"]

    def value(moment: Any) -> int:
        if glitch["platform"] == "x":
            post_id = asset_post(plain, glitch["account"], title, END_2019)
            (post,) = plain.x("/tweets", moment, ids=post_id, tweet__fields="public_metrics").json()["data"]
            return int(post["public_metrics"]["retweet_count"])
        return next(int(v["views"]) for v in plain.videos(glitch["account"], moment) if v["title"] == title)

    assert value(instant) == 0
    assert value(glitch["from"] - timedelta(minutes=5)) > 0
    assert value(glitch["until"]) > 0


def test_media_shared_by_two_accounts_shows_one_counter_twice(plain: Plain) -> None:
    keys = []
    for handle in ("jeremycorbyn", "UKLabour"):
        post_id = asset_post(plain, handle, "Mean tweets with Jeremy Corbyn", END_2019)
        body = plain.x(
            "/tweets",
            at(9, 12),
            ids=post_id,
            expansions="attachments.media_keys",
            media__fields="public_metrics",
        ).json()
        keys.append(
            (
                body["includes"]["media"][0]["media_key"],
                body["includes"]["media"][0]["public_metrics"]["view_count"],
            )
        )
    assert keys[0] == keys[1]
    assert keys[0][1] > 0
