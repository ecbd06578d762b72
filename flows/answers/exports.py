"""Exports: the tables of each campaign for other programs, beside its reports or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flows.answers.campaigns import Campaign, Published, of_each_campaign
from flows.answers.elsewhere import remember_place
from flows.answers.first_things import first_things_first
from flows.answers.markdown import link, table, words
from flows.answers.reports import Reports
from flows.answers.tables import Asked, Tables, write_tables
from flows.console import counted
from flows.health.last_runs import written_down
from flows.refused import Refused
from warehouse.progress import Progress, nobody_watches
from warehouse.publish import NoWarehouse

if TYPE_CHECKING:
    from flows.settings import Settings

NOTHING_THERE = "the tables hold no campaign; put one into the registry and run `campaign build`"

_NAMES = {"csv": "CSV", "parquet": "Parquet", "json": "JSON"}


def write_exports(
    warehouse: Path,
    out: Path,
    made_at: datetime,
    asked: Asked,
    campaign: str | None = None,
    *,
    remember: Callable[[str], None] = lambda campaign: None,
    progress: Progress = nobody_watches,
    waiting: Callable[[str], None] = lambda line: None,
) -> list[Tables]:
    """Write the tables of every campaign of the published warehouse, or of one, under `out`; where they lie
    there already, nothing is written. `remember` is told of each campaign before.

    Raises `warehouse.publish.NoWarehouse`, `flows.refused.UnknownName` for a campaign or a mart that the
    tables do not have, `flows.refused.Refused` when they were made by another release or another run goes on
    writing there, and OSError.
    """

    def write(found: Published, each: Campaign) -> Tables:
        return write_tables(
            found, each, out, made_at, asked, remember=remember, progress=progress, waiting=waiting
        )

    return of_each_campaign(warehouse, campaign, write, for_what="the export")


def keep_exports(
    settings: Settings,
    out: Path,
    made_at: datetime,
    asked: Asked,
    campaign: str | None = None,
    *,
    progress: Progress = nobody_watches,
    waiting: Callable[[str], None] = lambda line: None,
) -> list[Tables]:
    """The same of a home, where it is kept how it ended for `campaign status`, unless it was asked for one
    campaign or some tables alone; and where they lie outside of it, for `campaign forget`."""

    def write() -> list[Tables]:
        with first_things_first(settings):
            return write_exports(
                settings.warehouse,
                out,
                made_at,
                asked,
                campaign,
                remember=partial(remember_place, settings, out),
                progress=progress,
                waiting=waiting,
            )

    if campaign is not None or asked.marts:
        return write()
    with written_down(settings.home, "export", NoWarehouse, Refused):
        return write()


def done_line(tables: Tables) -> str:
    """What lies where, for people."""
    rows = tables.rows_by_mart
    first, *others = (_NAMES[form] for form in tables.formats)
    *commas, last = others or [""]
    named = " and ".join(filter(None, [", ".join([first, *commas]), last]))
    manifest = tables.manifest
    size_mb = sum(each.bytes for each in manifest.files) / 1e6
    said = (
        f"{tables.folder}: {manifest.campaign} on {manifest.day.isoformat()}; "
        f"{counted(len(rows), 'table')} with {counted(sum(rows.values()), 'row')} as {named}, "
        f"{size_mb:,.1f} MB"
    )
    if tables.is_new:
        return said
    return f"{said}; unchanged since {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, nothing was written"


def where_they_lie(written: Sequence[Tables], reports: Reports) -> str:
    """The same as Markdown for a scheduler's page, with links where somebody serves the folder of the reports
    in which they lie."""
    lines = table(
        ["campaign", "day", "folder", "formats", "tables", "rows", "MB", "written"],
        [
            [
                words(each.manifest.campaign),
                each.manifest.day.isoformat(),
                link(
                    str(each.folder),
                    reports.manifest(each.manifest.campaign, each.manifest.day.isoformat()),
                ),
                ", ".join(each.formats),
                f"{len(each.rows_by_mart):,}",
                f"{sum(each.rows_by_mart.values()):,}",
                f"{sum(file.bytes for file in each.manifest.files) / 1e6:,.1f}",
                f"{each.manifest.made_at:%Y-%m-%d %H:%M} UTC",
            ]
            for each in written
        ],
        numbers=("tables", "rows", "MB"),
    )
    for each in written:
        if found := reports.tables(each.manifest.campaign, each.manifest.day.isoformat()):
            lines += ["", f"**{words(each.manifest.campaign)}**", ""]
            lines += [
                f"- {words(one.name)}: " + ", ".join(link(file.title, file.address) for file in one.files)
                for one in found
            ]
    return "\n".join(lines)
