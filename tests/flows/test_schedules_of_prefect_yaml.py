"""When prefect.yaml has what run, as Prefect reckons, around the nights on which London's clocks change."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)

FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)


def crons() -> dict[str, tuple[str, str]]:
    """The cron and time zone of every deployment that has one, as flow/name."""
    deployments = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())["deployments"]
    return {
        f"{each['entrypoint'].rpartition(':')[2]}/{each['name']}": (schedule["cron"], schedule["timezone"])
        for each in deployments
        for schedule in each.get("schedules", [])
    }


def slots(name: str, around: date) -> list[datetime]:
    """What the server schedules from a day and a half before the change to as long after it, in UTC: it asks
    every so often for the next few, so each is told many times, and what is told once is run."""
    from prefect.server.schemas.schedules import CronSchedule

    cron, timezone = crons()[name]
    schedule = CronSchedule(cron=cron, timezone=timezone)
    noon = datetime(around.year, around.month, around.day, 12, tzinfo=UTC)
    first, last = noon - 48 * HOUR, noon + 36 * HOUR

    async def told() -> set[datetime]:
        found: set[datetime] = set()
        for half_hours in range(84 * 2):
            now = first + half_hours * HOUR / 2
            found.update(
                datetime.fromtimestamp(each.timestamp(), UTC)
                for each in await schedule.get_dates(n=3, start=now)
            )
        return {each for each in found if first <= each < last}

    return sorted(asyncio.run(told()))


HOURLY = [name for name, (cron, _) in crons().items() if cron.endswith(" * * * *")]
DAILY = [name for name in crons() if name not in HOURLY]


def test_every_schedule_is_hourly_or_daily() -> None:
    assert {"collect/x", "build/after-collect", "watch/hourly"} <= set(HOURLY)
    assert set(DAILY) == {"build/nightly", "maintain/nightly", "report/daily"}
    assert all(cron.endswith(" * * *") for cron, _ in crons().values())


@pytest.mark.parametrize("change", [FORWARD, BACK])
@pytest.mark.parametrize("name", ["collect/x", "build/after-collect", "watch/hourly"])
def test_what_is_hourly_runs_once_in_every_hour_when_the_clocks_change(name: str, change: date) -> None:
    found = slots(name, change)
    assert len(found) == 84
    assert {later - earlier for earlier, later in pairwise(found)} == {HOUR}


def test_all_that_is_hourly_has_one_of_those_three_times() -> None:
    tried = {crons()[name] for name in ("collect/x", "build/after-collect", "watch/hourly")}
    assert {crons()[name] for name in HOURLY} == tried


@pytest.mark.parametrize("change", [FORWARD, BACK])
@pytest.mark.parametrize("name", DAILY)
def test_what_is_daily_runs_once_on_every_local_day_when_the_clocks_change(name: str, change: date) -> None:
    found = [each.astimezone(LONDON) for each in slots(name, change)]
    days = [each.date() for each in found]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert change in days
    assert len({each.time() for each in found}) == 1


@pytest.mark.parametrize("name", DAILY)
def test_what_is_daily_has_a_time_that_every_day_has_once(name: str) -> None:
    for change in (FORWARD, BACK):
        for slot in slots(name, change):
            local = slot.astimezone(LONDON)
            assert local.replace(fold=0).astimezone(UTC) == local.replace(fold=1).astimezone(UTC) == slot


def test_the_nightly_work_is_done_in_its_order() -> None:
    minutes = {
        name: int(cron.split()[1]) * 60 + int(cron.split()[0])
        for name, (cron, _) in crons().items()
        if name in DAILY
    }
    assert sorted(minutes, key=minutes.__getitem__) == ["maintain/nightly", "build/nightly", "report/daily"]
