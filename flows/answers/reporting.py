"""The report of each campaign: one page that needs nothing beside it, and every mart as CSV and Parquet.

    reports/CAMPAIGN/2019-12-12/report.html      the page; opens anywhere, prints, holds no script
                                csv/  parquet/   the tables, this campaign's rows
    reports/CAMPAIGN/latest                      points to the newest day

A report's day is the local day of the newest reading, so the same tables give the same names, and a second
run on one day replaces the first. Nothing but the published warehouse is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flows.answers.campaigns import Campaign, Published, of_each_campaign
from flows.answers.contents import page_of
from flows.answers.elsewhere import remember_place
from flows.answers.first_things import first_things_first
from flows.answers.page import render
from flows.answers.reports import LATEST, PAGE
from flows.answers.tables import Asked, point, write_tables
from flows.console import counted
from flows.health.last_runs import written_down
from flows.refused import Refused
from warehouse.durable import write_whole
from warehouse.progress import Progress, nobody_watches
from warehouse.publish import NoWarehouse

if TYPE_CHECKING:
    from flows.settings import Settings

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Written:
    """A campaign's report as it lies on disk; `rows` counts those of all its tables."""

    campaign_id: str
    folder: Path
    day: date
    tables: int
    rows: int

    @property
    def page(self) -> Path:
        return self.folder / PAGE


def write_reports(
    warehouse: Path,
    out: Path,
    made_at: datetime,
    campaign: str | None = None,
    progress: Progress = nobody_watches,
    *,
    remember: Callable[[str], None] = lambda campaign: None,
) -> list[Written]:
    """Write the report of every campaign of the published warehouse, or of one, under `out`; `remember` is
    told of each campaign before.

    Raises `warehouse.publish.NoWarehouse`, `flows.refused.UnknownName` for a campaign that the
    tables do not have, `flows.refused.Refused` when they were made by another release, and OSError.
    """

    def write(found: Published, each: Campaign) -> Written:
        return _write(found, each, out, made_at, progress, remember)

    return of_each_campaign(warehouse, campaign, write, for_what="the report")


def keep_reports(
    settings: Settings,
    out: Path,
    made_at: datetime,
    campaign: str | None = None,
    progress: Progress = nobody_watches,
) -> list[Written]:
    """The same of a home, where it is kept how it ended for `campaign status`, unless it was asked for one
    campaign alone; and where they lie outside of it, for `campaign forget`."""
    remember = partial(remember_place, settings, out)
    if campaign is not None:
        with first_things_first(settings):
            return write_reports(settings.warehouse, out, made_at, campaign, progress, remember=remember)
    with written_down(settings.home, "report", NoWarehouse, Refused), first_things_first(settings):
        return write_reports(settings.warehouse, out, made_at, progress=progress, remember=remember)


def done_line(written: Written) -> str:
    """What was written and where, for people."""
    return (
        f"{written.page}: {written.campaign_id} on {written.day.isoformat()}; "
        f"{counted(written.tables, 'table')} with {counted(written.rows, 'row')} beside it, "
        "as CSV and Parquet"
    )


def _write(
    found: Published,
    campaign: Campaign,
    out: Path,
    made_at: datetime,
    progress: Progress,
    remember: Callable[[str], None],
) -> Written:
    def draw(folder: Path) -> None:
        progress(f"{campaign.campaign_id}: drawing the page")
        page = render(page_of(found, campaign, made_at))
        found.look_again()
        # The page comes last: where it stands, its tables do.
        write_whole(folder / PAGE, page)
        point(folder.parent / LATEST, _days(folder.parent)[-1])

    tables = write_tables(
        found, campaign, out, made_at, Asked(), remember=remember, beside=draw, progress=progress
    )
    rows_by_mart = tables.rows_by_mart
    rows = sum(rows_by_mart.values())
    return Written(campaign.campaign_id, tables.folder, campaign.day, len(rows_by_mart), rows)


def _days(folder: Path) -> list[str]:
    """The days that have a page, the newest last."""
    return sorted(
        path.name for path in folder.iterdir() if _DAY.fullmatch(path.name) and (path / PAGE).is_file()
    )
