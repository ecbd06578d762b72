"""docs/scale.md says what its program prints, and the program agrees with the plan and with the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scale import (
    BEGINS,
    CASES,
    DOCUMENT,
    ENDS,
    Measured,
    Need,
    Platform,
    Presence,
    in_document,
    need,
    tables,
)
from benchmarks.scale_measured import Built, Slope, built
from connectors import discover
from connectors.sandbox import SETTINGS
from connectors.sandbox.server import Sandbox
from flows.collecting.plan import is_due
from flows.collecting.round import prepare
from flows.refresh import refresh
from flows.registry import load
from flows.settings import Settings
from warehouse.landed_files import landed_files
from warehouse.publish import ask

NOON = datetime(2019, 11, 20, 12, tzinfo=UTC)
CAMPAIGN = Path(__file__).parents[2] / "campaigns" / "uk-general-election-2019.toml"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

# What the model may be off by: calls of an hourly round's listings on a platform, bytes of a whole round.
CALLS_WITHIN, CALLS_AT_LEAST = 0.3, 2
BYTES_WITHIN = 0.4


def test_the_tables_of_the_document_are_what_the_program_prints() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert BEGINS in text
    assert ENDS in text
    assert in_document(text, tables(Measured.read())) == text


@pytest.mark.parametrize(
    "other",
    [
        {"landing_bytes": dict.fromkeys(("facebook", "instagram", "tiktok", "x", "youtube"), 9_999.0)},
        {"compacted": 0.9},
        {"readings_bytes": 999.0},
        {"warehouse_bytes": 99_999.0},
        {"fetch_cpu_s": 0.5},
        {"build_cpu_s": {"x": 0.5, "others": 0.0}},
        {"build_cpu_s": {"x": 0.0, "others": 0.5}},
        {"build_fixed_cpu_s": 500.0},
        {"rebuild_fixed_cpu_s": 5_000.0},
        {"rebuild_cpu_s": {"x": 0.5, "others": 0.0}},
        {"rebuild_cpu_s": {"x": 0.0, "others": 0.5}},
        {"files_a_round": 50.0},
        {"seconds_a_call": 30.0},
        {"text_factor": 30.0},
        {"rebuild_mb": (9.0, 99_999.0)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_each_measured_cost_is_in_the_tables(other: dict[str, Any]) -> None:
    measured = Measured.read()
    assert tables(replace(measured, **other), CASES[:1]) != tables(measured, CASES[:1])


def test_what_a_build_takes_whatever_its_size_is_not_taken_for_what_an_item_adds() -> None:
    small, large = Built(20_000, 200, 5.0, 250.0, 1.5), Built(200_000, 2_000, 11.66, 400.0, 1.86)
    slope = Slope.between(small, large)

    assert slope.full_s == pytest.approx(3.7e-5)
    assert slope.more_s == pytest.approx(2e-4)
    measured = replace(
        Measured.read(), rebuild_fixed_cpu_s=5.0, rebuild_cpu_s={"x": slope.full_s, "others": slope.full_s}
    )
    assert measured.rebuild_s({"x": Need(items=50e6), "tiktok": Need(items=50e6)}) == pytest.approx(3705)


def test_of_what_is_ours_the_tables_say_what_binds_first() -> None:
    measured = Measured.read()
    slow = replace(measured, rebuild_fixed_cpu_s=9e6)
    late = replace(measured, build_fixed_cpu_s=9e6)

    assert "binds first: the nightly full build, on one core." in tables(slow, CASES[:1])
    assert "binds first: the hourly build, on one core." in tables(late, CASES[:1])
    assert "and does not fit" in tables(late, CASES[:1])


def test_a_full_build_is_measured_by_its_items(tmp_path: Path) -> None:
    found = built("x", 3, polls=2)

    assert (found.items, found.posts) == (6, 3)
    assert min(found.full_s, found.more_s, found.full_mb) > 0


def test_posts_are_items_as_often_as_the_words_say() -> None:
    text = " ".join((DOCUMENT.read_text(encoding="utf-8") + OPERATIONS.read_text(encoding="utf-8")).split())
    month = {name: Platform.of(name, discover()[name], 60) for name in ("facebook", "x")}
    often = {name: sum(map(platform.polls, range(30))) for name, platform in month.items()}
    after = {name: 7 * platform.polls(40) for name, platform in month.items()}

    assert often == {"facebook": pytest.approx(112, abs=1), "x": pytest.approx(30)}
    assert after == {"facebook": pytest.approx(1), "x": pytest.approx(7)}
    assert "112 items in its first month and one a week after it, and on X one a day all the time" in text
    assert "some 110 times in its first month and then weekly, on X daily all the time" in text


def test_what_connectors_and_plan_declare_is_in_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured.read()
    before = tables(measured, CASES[:1])
    connectors = discover()
    for change in (
        lambda patch: patch.setitem(connectors["x"].PRICES, "post", connectors["x"].PRICES["post"] * 2),
        lambda patch: patch.setattr(connectors["x"], "IDS_PER_REQUEST", 10),
        lambda patch: patch.setattr(connectors["youtube"], "HISTORY", {}),
        lambda patch: patch.setattr("flows.collecting.plan.ACCOUNT_DAYS_EVERY", timedelta(hours=1)),
        lambda patch: patch.setattr("flows.collecting.plan.AFTERMATH", timedelta(days=300)),
        lambda patch: patch.setattr("flows.collecting.schedule.READ_OLDER_EVERY", timedelta(hours=6)),
    ):
        with monkeypatch.context() as patch:
            change(patch)
            assert tables(measured, CASES[:1]) != before
    assert tables(measured, CASES[:1]) == before


def test_a_larger_campaign_needs_more() -> None:
    case, connectors = CASES[0], discover()
    for name, presence in case.presences.items():
        small = need(case, name, presence, connectors[name])
        large = need(replace(case, days=2 * case.days), name, presence, connectors[name])
        busy = need(case, name, replace(presence, posts_a_day=20 * presence.posts_a_day), connectors[name])
        assert large.calls > small.calls
        assert large.items > small.items
        assert busy.items > 10 * small.items > 0
        assert busy.usd >= small.usd


def test_a_post_is_an_item_as_often_as_the_plan_reads_it() -> None:
    """Of hourly rounds over two months, the plan's own word on each."""
    made = datetime(2026, 5, 1, tzinfo=UTC)
    read, last = [0] * 60, None
    for hour in range(24 * 60):
        moment = made + timedelta(hours=hour)
        if is_due(made, last, moment):
            read[hour // 24] += 1
            last = moment
    platform = Platform.of("facebook", discover()["facebook"], 60)
    modelled = [platform.polls(day) for day in range(60)]
    assert modelled[:30] == pytest.approx(read[:30])
    assert sum(modelled) == pytest.approx(sum(read), abs=1)


@dataclass(frozen=True)
class Polled:
    """Calls of an hourly round by platform and endpoint, and what one that read everything had landed: bytes,
    and posts by platform, of them those of the last two days."""

    calls: dict[str, Mapping[str, int]]
    landed_bytes: int
    posts: dict[str, int]
    young: dict[str, int]
    presences: dict[str, Presence]


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Polled:
    """The sandbox's campaign of 2019 in its third week: read whole once, built, and read again as scheduled
    an hour later."""
    registry = load(CAMPAIGN, discover())
    with Sandbox(now=NOON) as sandbox:
        settings = Settings(CAMPAIGN_HOME=tmp_path_factory.mktemp("scale"), **SETTINGS(sandbox.port))

        def take(moment: datetime, *, everything: bool) -> dict[str, Mapping[str, int]]:
            prepared = prepare(
                None,
                settings=settings,
                registry=registry,
                clock=moment,
                as_of=moment,
                everything=everything,
            )
            return {each.platform: each.responses for each in prepared.take_all().platforms}

        take(NOON, everything=True)
        landed = sum(file.stat().st_size for file in landed_files(settings.landing))
        refresh(settings, registry)
        hourly = take(NOON + timedelta(hours=1), everything=False)
        found = ask(
            settings.warehouse,
            "select platform, count(*), count(*) filter (created_at > ?) from marts.posts group by platform",
            [NOON - timedelta(days=2)],
        )
    (campaign,) = registry.campaigns
    ours = {side.id for side in campaign.sides if side.ours}
    presences = {
        platform: Presence(
            sum(one.watch and one.platform == platform and one.side in ours for one in campaign.accounts),
            sum(one.watch and one.platform == platform and one.side not in ours for one in campaign.accounts),
            0.0,
        )
        for platform in hourly
    }
    return Polled(
        hourly,
        landed,
        {platform: posts for platform, posts, _ in found},
        {platform: young for platform, _, young in found},
        presences,
    )


def test_an_hourly_round_of_the_sandbox_takes_the_calls_of_the_model(polled: Polled) -> None:
    for name, connector in discover().items():
        presence = polled.presences[name]
        walked = Platform.of(name, connector, 42).walk(
            presence.accounts, presence.own, polled.young[name] / presence.accounts
        )
        # Beside them it asks for a few listed posts that are gone.
        asked = sum(polled.calls[name].get(endpoint, 0) for endpoint in walked.calls)
        off = max(CALLS_AT_LEAST, CALLS_WITHIN * asked)
        assert walked.total == pytest.approx(asked, abs=off), (name, walked, polled.calls[name])


def test_a_round_of_the_sandbox_lands_the_bytes_of_the_model(polled: Polled) -> None:
    modelled = sum(Measured.read().landing_bytes[name] * posts for name, posts in polled.posts.items())
    assert modelled == pytest.approx(polled.landed_bytes, rel=BYTES_WITHIN)
