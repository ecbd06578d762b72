"""The worked examples of docs/meaning.md: readings in one table, and what follows from them in another.

Each readings table is landed as a platform would have answered, everything is built once, and the tables
that follow are asked of the marts by their heads.

    python -m tests.docs.examples

writes them into the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from tests.docs.pages import ROOT, pages
from tests.warehouse.lake import Lake, campaign, period, x_media, x_post

PAGE = "docs/meaning.md"
LONDON = ZoneInfo("Europe/London")

Row = dict[str, str]

_TABLE = re.compile(r"<!-- example (?P<name>[\w-]+): (?P<what>[\w.]+) -->\n\n(?P<table>(?:\|.*\|\n)+)")


@dataclass(frozen=True)
class Table:
    """A table of the page: whose example it belongs to, what it is, its rows by its heads."""

    name: str
    what: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


def tables(text: str) -> Iterator[Table]:
    """The tables of the examples, in their order."""
    for found in _TABLE.finditer(text):
        head, _, *lines = found["table"].splitlines()
        heads = tuple(_cells(head))
        rows = tuple(dict(zip(heads, _cells(line), strict=True)) for line in lines)
        yield Table(found["name"], found["what"], heads, rows)


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("*`") for cell in line.strip().strip("|").split("|")]


def land(lake: Lake, examples: list[Table]) -> None:
    """Land the readings of every example, each of an asset of its own."""
    readings = {each.name: each for each in examples if each.what == "readings"}
    posts = {name: f"{number}00" for number, name in enumerate(readings, start=1)}
    assets = {name: [f"x:{post}"] for name, post in posts.items() if name not in OWN_WAYS}
    assets["one-film"] = ["x:9001", "x:9002"]
    assets["platform-days"] = ["facebook:111_9003"]
    assets["never-told"] = ["x:9004", "facebook:111_9005"]
    starts, ends = date(2026, 10, 1), date(2026, 10, 31)
    lake.register(campaign(starts=starts, ends=ends, assets=assets))
    for name, table in readings.items():
        OWN_WAYS.get(name, _of_one_post)(lake, posts[name], table)


def _of_one_post(lake: Lake, post: str, table: Table) -> None:
    """Readings of one post of X; the row that says `posted` gives the moment of its creation."""
    created = next((_moment(row) for row in table.rows if row["views"] == "posted"), None)
    shown = [(_moment(row), _number(row["views"])) for row in table.rows if row["views"] != "posted"]
    lake.answers(
        (moment, {"data": [x_post(post, created_at=created, impression_count=views)]})
        for moment, views in shown
    )


def _of_one_film(lake: Lake, _post: str, table: Table) -> None:
    """Two posts of X that carry one video."""
    for row in table.rows:
        moment, created = _moment(row), datetime(2026, 10, 5, 8, tzinfo=UTC)
        lake.answer(
            moment,
            {
                "data": [
                    x_post(one, created_at=created, media=["7_1"], retweets=_number(row[head]))
                    for one, head in (("9001", "retweets of the first"), ("9002", "retweets of the second"))
                ],
                "includes": {"media": [x_media("7_1", _number(row["views of the film"]))]},
            },
        )


def _of_a_platforms_days(lake: Lake, _post: str, table: Table) -> None:
    """A video's counter and the days that its platform counts itself."""
    for row in table.rows:
        told = {"object_type": "post", "object_id": "111_9003", "account_id": "111"}
        if row["counter"]:
            counters = [{"metric": "post_video_views", "value": _number(row["counter"])}]
            lake.see("facebook", {**told, "observed_at": _moment(row), "counters": counters})
        if row["own days"]:
            periods = [
                period("post_video_views/day", day, day, _number(value))
                for written, value in re.findall(r"(\d+ \w+): ([\d,]+)", row["own days"])
                for day in [_moment({"London": f"{written} 12:00"}).date()]
            ]
            lake.see("facebook", {**told, "observed_at": _moment(row), "periods": periods})


def _of_what_is_never_told(lake: Lake, _post: str, table: Table) -> None:
    """A post of X with all its counters, and one of a page that we do not run, whose views nobody tells."""
    created = datetime(2026, 10, 5, 8, tzinfo=UTC)
    for row in table.rows:
        post = x_post("9004", created_at=created, impression_count=_number(row["views on X"]))
        lake.answer(_moment(row), {"data": [post]})
        seen = {"object_type": "post", "object_id": "111_9005", "account_id": "111", "created_at": created}
        counters = [{"metric": "shares", "value": _number(row["shares on Facebook"])}]
        lake.see("facebook", {**seen, "observed_at": _moment(row), "counters": counters})


OWN_WAYS = {
    "one-film": _of_one_film,
    "platform-days": _of_a_platforms_days,
    "never-told": _of_what_is_never_told,
}


def _moment(row: Row) -> datetime:
    """The moment that a row names by London's clock."""
    return datetime.strptime(f"{row['London']} 2026", "%d %b %H:%M %Y").replace(tzinfo=LONDON).astimezone(UTC)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def answered(lake: Lake, table: Table) -> tuple[Row, ...]:
    """What the mart that a table names answers under the table's heads."""
    heads = [head for head in table.heads if head != "hours"]
    order = [head for head in ("day", "platform", "post_id", "metric") if head in heads] or heads
    only = "metric = 'views' and " if table.what == "marts.post_daily" and "metric" not in heads else ""
    rows = lake.query(
        f"select {', '.join(heads)} from {table.what} where {only}asset_id = '{table.name}' "
        f"order by {', '.join(order)}"
    )
    return tuple(
        {head: _shown(value) for head, value in zip(heads, row, strict=True)}
        | ({"hours": str(_hours(row[heads.index("day")]))} if "hours" in table.heads else {})
        for row in rows
    )


def _hours(day: object) -> int:
    """How many hours a day of London has."""
    assert isinstance(day, date)
    midnights = [datetime(day.year, day.month, number, tzinfo=LONDON) for number in (day.day, day.day + 1)]
    return round((midnights[1].timestamp() - midnights[0].timestamp()) / 3600)


def _shown(value: object) -> str:
    if value is None:
        return "·"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, date):
        return f"{value.day} {value:%b}"
    return str(value)


def filled(text: str, root: Path) -> str:
    """The page with every table that follows from readings as the marts answer it."""
    lake = Lake(root)
    land(lake, list(tables(text)))
    lake.build()

    def fill(found: re.Match[str]) -> str:
        (table,) = tables(found[0])
        if table.what == "readings":
            return found[0]
        head, rule = found["table"].splitlines()[:2]
        rows = [f"| {' | '.join(row[head] for head in table.heads)} |" for row in answered(lake, table)]
        marker = f"<!-- example {table.name}: {table.what} -->"
        return "\n".join([marker, "", head, rule, *rows, ""])

    return _TABLE.sub(fill, text)


def page() -> str:
    return pages()[PAGE].text


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        (ROOT / PAGE).write_text(filled(page(), Path(folder)), encoding="utf-8")
