"""How often posts should be read lands with the registry and says what the plan does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import connectors
from flows.collecting.plan import EARLY, idle_after, is_due
from flows.collecting.schedule import reading_of
from flows.registry import Account, Campaign, Registry, load
from flows.settings import Settings
from tests.flows.conftest import Said, Vendor
from warehouse.landed_files import landed_files
from warehouse.publish import open_published

Command = Callable[..., Said]
CLOCK = datetime(2026, 5, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def platform(**offers: object) -> ModuleType:
    """A connector that declares no more than this."""
    connector = ModuleType("connector")
    vars(connector).update(offers)
    return connector


FREE, CHARGED = platform(), platform(PRICES={})


@pytest.fixture
def registered(home: Path) -> Campaign:
    return load(Settings().registry, connectors.discover()).campaigns[0]


def rows(campaign: Campaign, known: dict[str, ModuleType], name: str) -> list[dict[str, Any]]:
    reading: Any = reading_of(campaign, known)["reading"]
    return [row for row in reading if row["platform"] == name]


@given(
    age=st.timedeltas(timedelta(0), timedelta(days=90)), last=st.timedeltas(timedelta(0), timedelta(days=9))
)
def test_the_schedule_of_an_age_is_the_plans(registered: Campaign, age: timedelta, last: timedelta) -> None:
    every = next(
        row["every_hours"] * HOUR
        for row in rows(registered, {"facebook": FREE}, "facebook")
        if row["younger_than_hours"] is None or age < row["younger_than_hours"] * HOUR
    )
    assert is_due(CLOCK - age, CLOCK - last, CLOCK) is (last >= every - EARLY)


def test_what_is_charged_or_chosen_is_read_once_a_local_day(registered: Campaign) -> None:
    known = {"facebook": FREE, "x": CHARGED}
    once = {"platform": "x", "cadence": "daily", "younger_than_hours": None, "every_hours": 24}
    assert rows(registered, known, "x") == [once]
    assert {row["cadence"] for row in rows(registered, known, "facebook")} == {"by age"}

    chosen = replace(registered, cadence={"x": "by age", "facebook": "daily"})
    assert rows(chosen, known, "facebook") == [{**once, "platform": "facebook"}]
    assert {row["cadence"] for row in rows(chosen, known, "x")} == {"by age"}


def test_only_platforms_of_its_posts_that_have_a_connector_are_read(registered: Campaign) -> None:
    reading: Any = reading_of(registered, {"x": FREE, "youtube": FREE})["reading"]
    assert {row["platform"] for row in reading} == {"x"}
    watched = replace(registered, accounts=(Account("ours", "youtube", None, "77", None, True),))
    reading = reading_of(watched, {"x": FREE, "youtube": FREE})["reading"]
    assert {row["platform"] for row in reading} == {"x", "youtube"}


def test_posts_are_read_until_the_plan_calls_their_campaign_idle(registered: Campaign) -> None:
    # London: the midnight that ends 30 July is 23:00 UTC.
    assert reading_of(registered, {})["read_until"] == "2026-07-30"
    assert idle_after(registered) == datetime(2026, 7, 30, 23, tzinfo=UTC)


def test_the_schedule_lands_with_the_registry_and_is_a_table(
    campaign: Command, home: Path, x_only: Vendor
) -> None:
    campaign("collect", "--as-of", "2026-05-20T12:00Z")
    campaign("build")
    campaign("build")
    # Building knows the same connectors: nothing has changed, and nothing lands again.
    (landed,) = landed_files(home / "data" / "landing", "registry")
    (body,) = pq.ParquetFile(landed).read(columns=["body"])["body"].to_pylist()
    assert json.loads(body)["campaigns"][0]["read_until"] == "2026-07-30"

    with open_published(home / "data" / "warehouse.duckdb") as con:
        read = "select * exclude (campaign_id, read_until) from registry.schedules order by all"
        assert con.execute(read).fetchall() == [
            ("facebook", 0, 48, 1, "by age"),
            ("facebook", 48, 336, 6, "by age"),
            ("facebook", 336, 720, 24, "by age"),
            ("facebook", 720, None, 168, "by age"),
            ("x", 0, None, 24, "daily"),
        ]


def test_equal_campaigns_of_other_schedules_are_landed_apart(registered: Campaign) -> None:
    free, charged = (reading_of(registered, {"x": each}) for each in (FREE, CHARGED))
    assert Registry.as_json(registered, free) != Registry.as_json(registered, charged)
    assert Registry.as_json(registered, free) == Registry.as_json(registered, dict(reversed(free.items())))
