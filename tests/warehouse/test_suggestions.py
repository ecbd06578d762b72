"""Posts that belong to no asset, and the assets they resemble."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.warehouse.lake import Lake, campaign
from warehouse.publish import NoWarehouse
from warehouse.suggestions import Unassigned, unassigned

NOON = datetime(2019, 11, 2, 12, 0, tzinfo=UTC)


def post(
    post_id: str, text: str | None, views: int | None = None, *, account: str = "9", **shown: object
) -> dict[str, object]:
    """A sighting of a post on X; before 2023 its impressions are its views."""
    counters = [] if views is None else [{"metric": "impression_count", "value": views}]
    return {
        "object_type": "post",
        "object_id": post_id,
        "observed_at": NOON,
        "account_id": account,
        "text": text,
        "permalink": f"https://x.com/i/status/{post_id}",
        "counters": counters,
        **shown,
    }


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three sides, one without assets; a film, a clip of our own and a rival's asset; posts that nobody
    listed."""
    lake = Lake(tmp_path_factory.mktemp("suggestions"))
    made = campaign(assets={"film": ["x:1"], "clip": ["x:2"], "late": ["x:2b"], "theirs": ["x:3"]})
    titles = {
        "film": "Our wonderful NHS",
        "clip": "Sixty seconds",
        "late": "Sixty seconds",
        "theirs": "Rival",
    }
    assets = [asset | {"title": titles[asset["id"]]} for asset in made["assets"]]  # type: ignore[attr-defined]
    assets[3]["side"] = "theirs"
    accounts = [
        {"side": side, "platform": "x", "handle": None, "id": account, "name": None, "watch": True}
        for side, account in (("ours", "9"), ("theirs", "8"), ("others", "7"))
    ]
    sides = [{"id": side, "name": side, "ours": side == "ours"} for side in ("ours", "theirs", "others")]
    lake.register(made | {"assets": assets, "accounts": accounts, "sides": sides})
    lake.see(
        "x",
        post("1", "Nurses and doctors tell why they vote", 9000, media_ids=["13_1"]),
        post("2", "The leader answers questions", 10),
        post("2b", "The leader answers questions", 10),
        post("3", "They said it", 20, account="8"),
        # The same video goes before any likeness of words.
        post("10", "Sixty seconds with the leader", 500, media_ids=["13_1"]),
        post("11", "WATCH: our WONDERFUL nhs!! https://sixty.example/seconds", 800),
        # Two assets are just as like: the first of the registry.
        post("12", "the leader answers questions", 700),
        # Two words of four and a few more.
        post("13", "Questions for the leader, of which there are many and few are answered", 600),
        post("14", "Rival: they said it", 1000, account="9"),
        post("15", "an of to", None),
        post("16", None, 400),
        post("17", "Nurses, doctors: they tell you why they vote!", 300),
        post("18", "They SAID it", 5000, account="8"),
        post("20", "Our wonderful NHS, say others for whom nobody lists assets", 9999, account="7"),
    )
    lake.build()
    return lake


def test_ours_and_the_most_viewed_come_first_with_the_asset_of_their_side_they_resemble(lake: Lake) -> None:
    found = unassigned(lake.warehouse, "water", 20)
    assert [(one.post_id, one.views, one.suggested_asset, one.why) for one in found] == [
        ("14", 1000, None, "resembles no asset of its side"),
        ("11", 800, "film", "holds 100 % of the words of the title"),
        ("12", 700, "clip", "shares 100 % of its words with x:2"),
        ("13", 600, None, "resembles no asset of its side"),
        ("10", 500, "film", "shows a video or image of x:1"),
        ("16", 400, None, "resembles no asset of its side"),
        ("17", 300, "film", "shares 75 % of its words with x:1"),
        ("15", None, None, "resembles no asset of its side"),
        ("18", 5000, "theirs", "shares 100 % of its words with x:3"),
    ]
    assert [one.side_id for one in found] == [*["ours"] * 8, "theirs"]
    assert found[1] == Unassigned(
        "water",
        "ours",
        True,
        "x",
        "11",
        "https://x.com/i/status/11",
        "WATCH: our WONDERFUL nhs!! https://sixty.example/seconds",
        800,
        "film",
        "holds 100 % of the words of the title",
    )


def test_no_more_are_told_than_were_asked_for_and_only_of_the_campaign(lake: Lake) -> None:
    assert [one.post_id for one in unassigned(lake.warehouse, "water", 2)] == ["14", "11"]
    assert [one.post_id for one in unassigned(lake.warehouse, None, 1)] == ["14"]
    assert unassigned(lake.warehouse, "'; drop table marts.posts; --", 5) == []


def test_one_word_of_a_title_suggests_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(assets={"vote": [], "wonderful": [], "nurse": ["x:2"]}))
    lake.see(
        "x",
        post("1", "The wonderful story of a nurse who goes to vote", 30),
        post("2", "The wonderful story of a nurse", 20),
    )
    lake.build()
    assert [one.suggested_asset for one in unassigned(lake.warehouse, "water")] == ["nurse"]


def test_nothing_is_suggested_before_the_first_build_nor_from_what_is_no_warehouse(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    assert unassigned(path) == []
    path.write_text("no database at all " * 1000)
    with pytest.raises(NoWarehouse, match=r"run `campaign build --full`"):
        unassigned(path)
