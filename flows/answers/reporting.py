"""The report of each campaign: one page that needs nothing beside it, and every mart as CSV and Parquet.

    reports/CAMPAIGN/2019-12-12/report.html      the page; opens anywhere, prints, holds no script
                                csv/  parquet/   the tables, this campaign's rows
    reports/CAMPAIGN/latest                      points to the newest day

A report's day is the local day of the newest reading, so the same tables give the same names, and a second
run on one day replaces the first. Nothing but the published warehouse is read.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb

from flows.answers.page import Cell, Column, Page, Section, Table, render
from flows.answers.query import NOTHING, as_cell
from flows.health.last_runs import written_down
from flows.refused import Refused, UnknownName
from warehouse import sql
from warehouse.durable import drop_unfinished, hidden_sibling, write_whole
from warehouse.publish import NoWarehouse, open_published

if TYPE_CHECKING:
    from flows.settings import Settings

QUERIES = sql.FOLDER / "report"
PAGE = "report.html"
LATEST = "latest"
FORMATS = ("csv", "parquet")

# The tables of so many days are kept, the pages of all: a year's CSV would fill a disk, and any day's tables
# can be had again by a build as known at its evening.
TABLES_KEPT = 7

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARAMETER = re.compile(r"\$(campaign|closed_day)\b")
_NUMERIC = ("INT", "DECIMAL", "FLOAT", "DOUBLE")
_ORDER = ["complete", "estimated", "open"]
_NUMBERS = {2: "views", 3: "shares", 4: "retweets"}
_MARKS = {"estimated": "~", "open": "…"}


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


@dataclass(frozen=True)
class _Campaign:
    campaign_id: str
    name: str
    starts: date
    ends: date
    timezone: str
    newest_reading_at: datetime | None
    last_day: date | None
    closed_day: date | None


def write_reports(
    warehouse: Path, out: Path, made_at: datetime, campaign: str | None = None
) -> list[Written]:
    """Write the report of every campaign of the published warehouse, or of one, under `out`.

    Raises `warehouse.publish.NoWarehouse`, `flows.refused.UnknownName` for a campaign that the
    tables do not have, `flows.refused.Refused` when they were made by another release, and OSError.
    """
    with open_published(warehouse) as connection:
        try:
            built_at = datetime.fromtimestamp(warehouse.stat().st_mtime, UTC)
            campaigns = [_Campaign(*row) for row in connection.execute(_query("campaigns")).fetchall()]
            chosen = [each for each in campaigns if campaign in (None, each.campaign_id)]
            if campaign is not None and not chosen:
                known = ", ".join(each.campaign_id for each in campaigns) or "none"
                raise UnknownName(f"the tables have no campaign {campaign!r}; they have: {known}")
            return [_write(connection, each, out, made_at, built_at) for each in chosen]
        except duckdb.Error as error:
            raise Refused(
                f"{warehouse} does not answer as this release expects ({str(error).splitlines()[0]}); "
                "run `campaign build --full`, then the report again"
            ) from error


def keep_reports(
    settings: Settings, out: Path, made_at: datetime, campaign: str | None = None
) -> list[Written]:
    """The same of a home, where it is kept how it ended for `campaign status`, unless it was asked for one
    campaign alone."""
    if campaign is not None:
        return write_reports(settings.warehouse, out, made_at, campaign)
    with written_down(settings.home, "report", NoWarehouse, Refused):
        return write_reports(settings.warehouse, out, made_at)


def done_line(written: Written) -> str:
    """What was written and where, for people."""
    return (
        f"{written.page}: {written.campaign_id} on {written.day.isoformat()}; "
        f"{written.tables} tables with {written.rows:,} rows beside it, as CSV and Parquet"
    )


def _write(
    connection: duckdb.DuckDBPyConnection,
    campaign: _Campaign,
    out: Path,
    made_at: datetime,
    built_at: datetime,
) -> Written:
    from flows.answers.exporting import export_table

    day = campaign.last_day or campaign.starts
    folder = out / campaign.campaign_id / day.isoformat()
    for form in FORMATS:
        (folder / form).mkdir(parents=True, exist_ok=True)
    rows = 0
    marts = _marts(connection)
    for mart, query, parameters in marts:
        rows += export_table(
            connection,
            query,
            [campaign.campaign_id] * parameters,
            folder / "csv" / f"{mart}.csv",
            folder / "parquet" / f"{mart}.parquet",
        )
    _drop_what_no_mart_is(folder, {mart for mart, _, _ in marts})
    # The page comes last: where it stands, its tables do.
    write_whole(folder / PAGE, render(_page(connection, campaign, day, made_at, built_at)))
    days = _days(folder.parent)
    _point(folder.parent / LATEST, days[-1])
    for old in days[:-TABLES_KEPT]:
        for form in FORMATS:
            shutil.rmtree(folder.parent / old / form, ignore_errors=True)
    return Written(campaign.campaign_id, folder, day, len(marts), rows)


def _marts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Every published mart, the query for its rows in the order of their grain, and how many parameters that
    takes: a mart that belongs to no campaign is given whole."""
    grains = {model.name: model.grain for model in sql.models("marts")}
    found = connection.execute(
        "select table_name, list(column_name) from information_schema.columns "
        "where table_catalog = 'warehouse' and table_schema = 'marts' group by table_name order by table_name"
    ).fetchall()
    marts = []
    for mart, columns in found:
        is_campaigns = "campaign_id" in columns
        where = " where campaign_id = ?" if is_campaigns else ""
        order = ", ".join(f'"{name}"' for name in grains.get(mart, ())) or "all"
        marts.append((mart, f'from marts."{mart}"{where} order by {order}', int(is_campaigns)))
    return marts


def _drop_what_no_mart_is(folder: Path, marts: set[str]) -> None:
    """Take away what an earlier run left: parts of files, and marts that are no more."""
    for form in FORMATS:
        drop_unfinished(folder / form, f"*.{form}")
        for path in (folder / form).glob(f"[!.]*.{form}"):
            if path.stem not in marts:
                path.unlink(missing_ok=True)


def _days(folder: Path) -> list[str]:
    """The days that have a page, the newest last."""
    return sorted(
        path.name for path in folder.iterdir() if _DAY.fullmatch(path.name) and (path / PAGE).is_file()
    )


def _point(link: Path, target: str) -> None:
    """Let a name stand for a folder beside it, at once."""
    hidden = hidden_sibling(link)
    hidden.unlink(missing_ok=True)
    hidden.symlink_to(target, target_is_directory=True)
    hidden.replace(link)


def _query(name: str) -> str:
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")


def _page(
    connection: duckdb.DuckDBPyConnection,
    campaign: _Campaign,
    day: date,
    made_at: datetime,
    built_at: datetime,
) -> Page:
    zone = ZoneInfo(campaign.timezone)
    given: dict[str, Any] = {
        "campaign": campaign.campaign_id,
        "closed_day": campaign.closed_day or campaign.starts,
    }

    def ask(name: str) -> tuple[list[Column], list[tuple[Any, ...]]]:
        query = _query(name)
        connection.execute(query, {name: given[name] for name in set(_PARAMETER.findall(query))})
        columns = [
            Column(
                str(name),
                is_number=not str(kind).endswith("]")
                and any(part in str(kind).split("(")[0] for part in _NUMERIC),
                is_whole=str(kind).startswith(("DATE", "TIME")),
            )
            for name, kind, *_ in connection.description or []
        ]
        return columns, connection.fetchall()

    def table(name: str, caption: str) -> Table:
        columns, rows = ask(name)
        return Table(caption, columns, [[_cell(value, zone) for value in row] for row in rows])

    readings, as_known_at = connection.execute(_query("build")).fetchall()[0]
    closed = given["closed_day"]
    newest = campaign.newest_reading_at
    facts = [
        (
            "Campaign",
            f"{_in_words(campaign.starts)} to {_in_words(campaign.ends)}, days of {campaign.timezone}",
        ),
        ("Known up to", "nothing read yet" if newest is None else _moment(newest, zone)),
        ("Report made", f"{_moment(made_at, zone)}, release {version('campaign-pipeline')}"),
        ("From the build of", f"{_moment(built_at, zone)}, on {readings or 0:,} readings"),
    ]
    if as_known_at is not None:
        facts.append(("As known at", _moment(as_known_at, zone)))
    return Page(
        title=campaign.name,
        day=_in_words(day),
        facts=facts,
        sections=[
            Section(
                "sides",
                "How the sides stand",
                "Gained inside the campaign's window by every post of each side, listed as an asset or not. "
                "Platforms count views in several ways (see below): their sum is of unlike things. "
                "A day: over the days of the window that have figures.",
                _sides(table("sides", "Sides")),
            ),
            Section(
                "leaderboard",
                "Leaderboard",
                "Lifetime totals of the listed assets at their last readings, over all platforms.",
                [table("leaderboard", "Assets"), table("unlisted", "Most viewed posts that no asset lists")],
            ),
            Section(
                "day",
                f"What {closed:%A}, {_in_words(closed)} brought",
                "Gains of the listed assets on the last day that is over, by platform.",
                [table("day", "Gains of the day")],
            ),
            Section(
                "week",
                "The last seven days",
                "Views that each listed asset gained on each day that is over.",
                _week(ask("week")[1]),
            ),
            Section(
                "days",
                "Day by day",
                "What the sides gained, and our side by platform. Local days of the campaign. The sums "
                "are those of the first table.",
                [
                    *_by_side(ask("days_by_side")[1]),
                    *_by_day(ask("days_by_platform")[1]),
                ],
            ),
            Section(
                "retweets",
                "Retweets",
                "By account, inside each campaign's window, so that campaigns compare by the day.",
                [table("retweets", "Accounts")],
            ),
            Section(
                "beyond",
                "Hashtags, sites and audiences",
                "Mentions by anybody; shares of web addresses; paid reach over the size of an audience as an "
                "interval, because audiences are estimated as ranges. Reach is never added up.",
                [table("mentions", "Hashtags and sites"), table("reach", "Share of each audience reached")],
            ),
            Section(
                "coverage",
                "How well it is known",
                "Polls that were due under the schedule against polls got. A post's day is complete when "
                "readings lie near both midnights, estimated where its gain was split by a straight line, "
                f"and open until its end is seen. Times are of {campaign.timezone}.",
                [
                    table("coverage", "Platforms"),
                    _gaps(table("gaps", "Known gaps")),
                    table("incidents", "Revisions, glitches, posts gone"),
                ],
            ),
            Section(
                "warnings",
                "Warnings",
                "What the last build found that somebody should look at; ten of each kind.",
                [table("warnings", "Warnings of the last build")],
            ),
            Section(
                "meaning",
                "What a view means",
                "Each counter that spoke in this campaign, in its platform's own sense. A post's views come "
                "from one counter for all its days. A share is not a retweet, and neither is a quote.",
                [table("meanings", "Counters")],
            ),
        ],
    )


def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{_in_words(local)} {local:%H:%M %Z}"


def _sides(table: Table) -> list[Table]:
    """The sides over all platforms, and the sides by platform."""
    together = [row for row in table.rows if row[1].text == NOTHING]
    apart = [row for row in table.rows if row[1].text != NOTHING]
    return [
        Table(
            table.caption, [table.columns[0], *table.columns[2:]], [[row[0], *row[2:]] for row in together]
        ),
        Table("Sides by platform", table.columns, apart),
    ]


def _gaps(table: Table) -> Table:
    """The longest gaps; how many there are in all stands in the last column of each, and belongs above
    them."""
    if not table.rows:
        return table
    caption = f"{table.caption}: the longest {len(table.rows):,} of {table.rows[0][-1].text}"
    return Table(caption, table.columns[:-1], [row[:-1] for row in table.rows])


def _cell(value: object, zone: ZoneInfo) -> Cell:
    if isinstance(value, datetime):
        return Cell(f"{value.astimezone(zone):%Y-%m-%d %H:%M}")
    return Cell(as_cell(value))


def _marked(value: int | None, completeness: str) -> Cell:
    return Cell(as_cell(value), "" if value is None else _MARKS.get(completeness, ""))


def _by_day(rows: Sequence[tuple[Any, ...]]) -> Iterator[Table]:
    """Of (day, platform, views, shares, retweets, completeness) a table a number with the platforms as
    columns, and, where there are several, their sum."""
    for place, number in _NUMBERS.items():
        told = {row[1] for row in rows if row[place] is not None}
        names = [name for name in dict.fromkeys(row[1] for row in rows) if name in told]
        groups: dict[str, list[str]] = {name: [name] for name in names}
        if len(names) > 1:
            groups["all platforms"] = names
        if names:
            yield _grid(
                f"{number.capitalize()} of our side",
                list(groups),
                [(groups[label], place) for label in groups],
                rows,
            )


def _by_side(rows: Sequence[tuple[Any, ...]]) -> Iterator[Table]:
    """Of (day, side, views, shares, retweets, completeness) one table, a column a number and side."""
    columns = [
        (f"{number}, {side}", ([side], place))
        for place, number in _NUMBERS.items()
        for side in dict.fromkeys(row[1] for row in rows)
        if any(row[1] == side and row[place] is not None for row in rows)
    ]
    if columns:
        yield _grid("The sides", [label for label, _ in columns], [asked for _, asked in columns], rows)


def _grid(
    caption: str,
    labels: Sequence[str],
    asked: Sequence[tuple[Sequence[str], int]],
    rows: Sequence[tuple[Any, ...]],
) -> Table:
    """A row a day and at the end their sum; each column adds up the numbers at one place of the rows of some
    names, and is as well known as the worst of them."""
    known = {(row[0], row[1]): row for row in rows}
    days = sorted({row[0] for row in rows})

    def cell(of: Sequence[date], names: Sequence[str], place: int, *, is_marked: bool) -> Cell:
        found = [
            row
            for day in of
            for name in names
            if (row := known.get((day, name))) is not None and row[place] is not None
        ]
        worst = max((row[5] for row in found), key=_ORDER.index, default="") if is_marked else ""
        return _marked(_sum(row[place] for row in found), worst)

    return Table(
        caption,
        [Column("day", is_whole=True), *(Column(label, True) for label in labels)],
        [
            [Cell(f"{day:%a} {day.isoformat()}"), *(cell([day], *each, is_marked=True) for each in asked)]
            for day in days
        ],
        total=[Cell("all days"), *(cell(days, *each, is_marked=False) for each in asked)],
    )


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _week(rows: Sequence[tuple[Any, ...]]) -> list[Table]:
    """Of (asset id, asset, day, views, completeness) one table with the days as columns; none of nothing."""
    days = sorted({row[2] for row in rows})
    assets = dict.fromkeys((row[0], row[1]) for row in rows)
    values = {(row[0], row[2]): (row[3], row[4]) for row in rows}
    heads = [Column(f"{day:%a} {day.day}\u00a0{day:%b}", True) for day in days]
    table = Table(
        "Views a day",
        [Column("asset"), *heads, Column("together", True)],
        [
            [
                Cell(title),
                *(_marked(*values.get((asset_id, day), (None, ""))) for day in days),
                Cell(as_cell(_sum(values.get((asset_id, day), (None, ""))[0] for day in days))),
            ]
            for asset_id, title in assets
        ],
    )
    return [table] if rows else []
