"""A walk that was cut short is walked again in full."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import connectors
from connectors.asking import Ask, Walk
from connectors.errors import Trouble
from connectors.sandbox.server import Sandbox
from connectors.wire import WireSession
from flows.collecting.walked import Walked, read_walked, record_walked, walked_of
from flows.registry import Account

CONNECTORS = connectors.discover()
# Of each platform: an account of the sandbox, and the listing of its posts.
LISTINGS = {
    "x": ("jeremycorbyn", "/tweets?"),
    "facebook": ("uklabour", "/posts?"),
    "instagram": ("uklabour", "/media?"),
    "youtube": ("uklabour", "/playlistItems"),
    "tiktok": ("uklabour", "/video/list/"),
}
T0 = datetime(2019, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_what_was_walked_is_found_by_the_accounts_id_or_handle(tmp_path: Path) -> None:
    record_walked(tmp_path / "x.json", [Walk("a", T0, handle="CleanWaterNow", account_id="77")], T0 + DAY)
    walked = read_walked(tmp_path / "x.json")
    for handle, account_id in (("cleanwaternow", None), (None, "77")):
        account = Account("ours", "x", handle, account_id, None, True)
        assert walked_of(walked, account) == Walked(T0, T0 + DAY)
    assert walked_of(walked, Account("ours", "x", "another", None, None, True)) is None


def test_walks_that_overlap_are_one_and_a_gap_is_not_covered(tmp_path: Path) -> None:
    def after(*walks: tuple[int, int]) -> Walked:
        path = tmp_path / f"{walks}.json"
        for since, until in walks:
            record_walked(path, [Walk("a", T0 + since * DAY, handle="us")], T0 + until * DAY)
        return read_walked(path)["@us"]

    assert after((0, 5), (3, 8)) == Walked(T0, T0 + 8 * DAY)
    assert after((3, 8), (0, 5)) == Walked(T0, T0 + 8 * DAY)
    assert after((0, 5), (6, 8)) == Walked(T0 + 6 * DAY, T0 + 8 * DAY)
    assert after((6, 8), (0, 5)) == Walked(T0 + 6 * DAY, T0 + 8 * DAY)


def test_a_walk_that_broke_off_counts_as_far_as_it_came_and_is_joined_by_what_is_older(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.json"
    record_walked(path, [], T0 + 9 * DAY, [(Walk("a", T0, handle="us"), T0 + 7 * DAY)])
    assert read_walked(path)["@us"] == Walked(T0 + 7 * DAY, T0 + 9 * DAY)
    new = Walk("a", T0 + 9 * DAY, handle="us")
    older = Walk("a", T0, handle="us", until=T0 + 7 * DAY)
    record_walked(path, [new], T0 + 10 * DAY, [(older, T0 + 3 * DAY)])
    assert read_walked(path)["@us"] == Walked(T0 + 3 * DAY, T0 + 10 * DAY)
    record_walked(path, [Walk("a", T0, handle="us", until=T0 + 3 * DAY)], T0 + 11 * DAY)
    assert read_walked(path)["@us"] == Walked(T0, T0 + 10 * DAY)


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{", '{"@us": 3}', '{"@us": ["then", "now"]}'),
        # moments without a zone
        '{"@us": ["2026-04-01T00:00:00", "2026-05-01T00:00:00"]}',
        '{"@us": ["2026-04-01T00:00:00+00:00", "2026-05-01T00:00:00"]}',
    ],
)
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    assert read_walked(tmp_path / "x.json") == {}
    assert read_walked(tmp_path / "missing.json") == {}


def walks_of(sandbox: Sandbox, platform: str) -> list[Walk]:
    """The walks that one run of a connector reports as walked to their ends."""
    connector, clock = CONNECTORS[platform], datetime(2019, 12, 1, tzinfo=UTC)
    credential = sandbox.settings[connector.CREDENTIAL]
    with WireSession(
        platform,
        run_id="run",
        sdk_url=connector.SDK_URL,
        base_url=f"{sandbox.url}/{platform}",
        more_hosts=getattr(connector, "MORE_HOSTS", ()),
        secrets=[credential],
        judge=connector.judge,
        land=lambda row: None,
        as_of=clock,
        sleep=lambda seconds: None,
    ) as session:
        walk = Walk("water", datetime(2019, 10, 29, tzinfo=UTC), handle=LISTINGS[platform][0])
        with suppress(Trouble):
            connector.collect(Ask(platform, walks=(walk,)), session, credential)
        return session.report.walked


def test_every_platform_has_a_listing_here():
    assert LISTINGS.keys() == CONNECTORS.keys()


@pytest.mark.parametrize("platform", LISTINGS)
def test_a_listing_that_comes_to_its_end_is_reported_and_one_that_breaks_off_is_not(platform: str):
    with Sandbox() as sandbox:
        assert [walk.handle for walk in walks_of(sandbox, platform)] == [LISTINGS[platform][0]]
        for fault in ("html_502", "truncated_json", "token_expired", "permission_lost"):
            if fault == "permission_lost" and platform in ("x", "youtube", "tiktok"):
                continue
            sandbox.program({"match": LISTINGS[platform][1], "fault": fault, "times": 99})
            assert walks_of(sandbox, platform) == [], fault
