"""The report of a campaign: what the page says, what lies beside it, and what it never becomes."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.answers.page import Cell
from flows.answers.page.charts.wording import short
from flows.answers.page.colours import legible, style
from flows.answers.reporting import Written, done_line, write_reports
from flows.answers.sections.questions import MOST_ASSETS
from flows.answers.tables import TABLES_KEPT
from flows.cli import main
from tests.flows.conftest import Said, Vendor, answer, everything_written, post
from tests.unprivileged import unwritable
from tests.warehouse.lake import Lake, campaign, fb_post, fb_video, x_post
from warehouse.publish import ask

HOSTILE = "<script>alert(1)</script> & </td></table><img src=https://evil.example/x onerror=alert(1)>"
FORMULA = '=HYPERLINK("https://evil.example","\'")'
TURNED = "gepj.\u202egnp.exe"
MADE_AT = datetime(2026, 11, 9, 6, tzinfo=UTC)
NOT_FOUND = "https://api.x.com/2/problems/resource-not-found"
REFERENCES = {"src", "srcset", "action", "formaction", "data", "poster", "href", "xlink:href", "background"}
FETCHED = re.compile(r"(?i)url\(|@import")


def november(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


class Tables(HTMLParser):
    """The tables of a page by caption, each a list of rows of texts; and every tag and address there is."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.pictures: list[str] = []
        self._inside: list[str] = []
        self._rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = {name: value or "" for name, value in attrs}
        self.ids += [value for name, value in given.items() if name == "id"]
        self.addresses += [value for name, value in given.items() if name in REFERENCES]
        # A sentence of a picture is a word for people, all other attributes are for the browser.
        self.addresses += [
            value
            for name, value in given.items()
            if name not in ("aria-label", "content") and FETCHED.search(value)
        ]
        if tag == "svg" and given.get("aria-hidden") != "true":
            # What is hidden are samples in the key, whose words stand beside them.
            assert given["role"] == "img"
            self.pictures.append(given["aria-label"])
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._rows[-1].append("")
        if tag not in ("meta", "link", "br"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if "caption" in self._inside:
            self.tables[data] = self._rows
        elif self._inside and self._inside[-1] in ("th", "td", "a", "i") and {"th", "td"} & set(self._inside):
            self._rows[-1][-1] += data


def page_of(written: Written) -> Tables:
    tables = Tables()
    tables.feed(written.page.read_text(encoding="utf-8"))
    tables.close()
    return tables


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two campaigns; of one an asset with a hostile title, a formula for a post's text, and a week of
    readings. The other's only post has never been seen."""
    lake = Lake(tmp_path_factory.mktemp("reporting"))
    water = campaign(
        starts=date(2026, 11, 1),
        ends=date(2026, 11, 30),
        assets={"film": ["x:101"]},
        timezone="Europe/London",
    )
    water["name"] = HOSTILE
    (film,) = water["assets"]
    film["title"] = HOSTILE
    film["tags"] = [FORMULA]
    # The other campaign's was landed by a release that knew no colours.
    (ours,) = water["sides"]
    ours["color"] = "#ffee00"
    milk = campaign("milk", starts=date(2026, 10, 1), ends=date(2026, 10, 5), accounts=[("x", "10")])
    lake.register(water, milk)
    for day in range(2, 9):
        lake.answer(
            november(day),
            {
                "data": [
                    x_post(
                        "101", retweets=100 * (day - 1), created_at=november(1), impression_count=2000 * day
                    ),
                    x_post(
                        "102", retweets=day, created_at=november(1), text=FORMULA, impression_count=7 * day
                    ),
                    x_post("103", retweets=day, created_at=november(1), text=TURNED),
                ]
            },
        )
    lake.build()
    return lake


@pytest.fixture(scope="module")
def written(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> list[Written]:
    return write_reports(lake.warehouse, tmp_path_factory.mktemp("reports"), MADE_AT)


@pytest.fixture(scope="module")
def water(written: list[Written]) -> Written:
    (found,) = [each for each in written if each.campaign_id == "water"]
    return found


def test_a_report_lies_under_its_campaign_and_the_day_that_the_newest_reading_ends(water: Written) -> None:
    assert water.day == date(2026, 11, 7)
    assert water.page == water.folder.parent / "2026-11-07" / "report.html"
    assert (water.folder.parent / "latest").resolve() == water.folder.resolve()
    assert os.readlink(water.folder.parent / "latest") == "2026-11-07"


def test_hostile_titles_stay_text(water: Written) -> None:
    html = water.page.read_text(encoding="utf-8")
    page = page_of(water)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "form", "link", "base"}
    assert "\u202e" not in html
    assert page.tables["Assets"][1][1] == HOSTILE
    assert FORMULA in page.tables["Assets"][1]


def test_a_side_has_its_own_colour_and_one_that_chose_none_that_of_the_palette(
    lake: Lake, written: list[Written]
) -> None:
    assert ask(lake.warehouse, "select campaign_id, color from registry.sides order by campaign_id") == [
        ("milk", None),
        ("water", "#ffee00"),
    ]
    pages = {each.campaign_id: each.page.read_text(encoding="utf-8") for each in written}
    light, dark = re.findall(r"--side-1: (#[0-9a-f]{6});", pages["water"])
    assert (light, dark) == (legible("#ffee00", style()[0].grounds), "#ffee00")
    assert 'fill="var(--side-1)"' in pages["water"]
    assert "--side-1" not in pages["milk"]


def test_rows_of_the_last_day_and_week_lead_to_their_posts(water: Written) -> None:
    html = water.page.read_text(encoding="utf-8")
    for section in ("leaderboard", "day", "week"):
        inside = html.partition(f'<section id="{section}"')[2].partition("</section>")[0]
        assert '<a href="https://x.com/i/status/101" rel="noopener noreferrer">&lt;script&gt;' in inside


def test_a_warning_names_what_it_is_about_by_its_title(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    made = campaign(
        starts=date(2026, 11, 1), ends=date(2026, 11, 30), assets={"film": [], "x": []}, timezone="UTC"
    )
    film, other = made["assets"]
    film["title"], other["title"] = "The launch film", "Named as a platform is"
    lake.register(made)
    for day, views in ((2, 900), (3, 2000), (4, 2100), (5, 1000), (6, 1001)):
        posts = [x_post("101", created_at=november(1), text="A fallen post", impression_count=views)]
        lake.answer(november(day), {"data": posts})
    lake.build()
    (written,) = write_reports(lake.warehouse, tmp_path / "reports", MADE_AT)
    _, *warnings = page_of(written).tables["Warnings of the last build"]
    told = {row[1] for row in warnings}
    assert {"The launch film", "Named as a platform is"} <= told
    assert not {"film", "x"} & told
    # A post keeps the name by which it is found.
    assert any(name.startswith("A fallen post (x:101 ") for name in told)


def test_a_page_asks_for_nothing_outside_itself(written: list[Written]) -> None:
    for each in written:
        html = each.page.read_text(encoding="utf-8")
        assert "default-src 'none'" in html
        # A link is followed by whoever clicks on it, and tells the other side nothing.
        links = [address for address in page_of(each).addresses if not address.startswith("#")]
        assert html.count(' rel="noopener noreferrer">') == len(links)
        assert [address for address in links if not address.startswith("https://x.com/i/status/")] == []
        assert FETCHED.search(re.findall(r"<style>.*?</style>", html, re.DOTALL)[0]) is None


def test_no_two_things_of_a_page_have_one_id(written: list[Written]) -> None:
    for each in written:
        ids = page_of(each).ids
        assert each.campaign_id == "milk" or {"sides", "leaderboard", "coverage"} < set(ids)
        assert sorted(set(ids)) == sorted(ids)


def test_the_charts_say_in_words_what_the_tables_say_in_figures(lake: Lake, water: Written) -> None:
    pictures = page_of(water).pictures
    ((views, retweets),) = ask(
        lake.warehouse, "select views, retweets from marts.side_totals where campaign_id = 'water'"
    )
    assert (short(views), short(retweets)) == ("16.1k", "716")
    for said in (
        f"X: {short(views)} views in all, most on 1 November 2026 (4.01k).",
        f"X: {short(retweets)} retweets in all, most on ",
        "X: Ours 16.1k in 7 days.",
        "X: Ours 16.1k.",
        "Retweets on X: Ours 716.",
    ):
        # For a phone, a screen and a large one.
        assert len([each for each in pictures if each.startswith(said)]) == 3, said
    assert "Views a day, most on 1 November 2026: 4k" in pictures


def test_of_many_sides_and_campaigns_ours_and_the_largest_are_drawn_and_captions_say_so(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    many = 10
    water = campaign(starts=date(2026, 11, 1), ends=date(2026, 11, 14), accounts=[("x", "9")], timezone="UTC")
    # Theirs stand before ours, and each has more views than the one before.
    theirs = [{"id": f"side-{n}", "name": f"Side {n}", "ours": False} for n in range(1, many)]
    (our_account,) = water["accounts"]
    water["sides"] = [*theirs, *water["sides"]]
    water["accounts"] = [
        *({**our_account, "side": f"side-{n}", "id": str(20 + n)} for n in range(1, many)),
        our_account,
    ]
    # Each lasts a day longer than the one before, and so has more retweets.
    others = [
        campaign(f"milk-{n}", starts=date(2026, 11, 1), ends=date(2026, 11, 1 + n), accounts=[("x", "9")])
        for n in range(1, many)
    ]
    lake.register(water, *others)
    for day in range(2, 14):
        posts = [
            x_post(
                str(100 + n),
                author="9" if n == 0 else str(20 + n),
                created_at=november(1),
                impression_count=1000 * (n + 1) * day,
                retweets=(many - n) * day**2,
            )
            for n in range(many)
        ]
        lake.answer(november(day), {"data": posts})
    lake.build()
    (written,) = write_reports(lake.warehouse, tmp_path / "reports", MADE_AT, "water")
    page = page_of(written)
    text = written.page.read_text(encoding="utf-8")
    assert text.count("(8 of 10 sides, the most viewed)</figcaption>") == 3
    assert text.count("(8 of 10 campaigns, the most retweeted)</figcaption>") == 2
    (lines, *_) = (said for said in page.pictures if re.match(r"X: .* in \d+ days", said))
    assert [name for name in ("Ours", *(f"Side {n}" for n in range(1, many))) if f"{name} " in lines] == [
        "Ours",
        *(f"Side {n}" for n in range(3, many)),
    ]
    (retweets, *_) = (said for said in page.pictures if said.startswith("9: ") and " a day (" in said)
    assert [n for n in range(1, many) if f"Milk-{n} " in retweets] == list(range(3, many))
    assert "Water " in retweets


def test_the_same_tables_give_the_same_page(lake: Lake, water: Written, tmp_path: Path) -> None:
    (again,) = write_reports(lake.warehouse, tmp_path, MADE_AT, "water")
    assert again.page.read_bytes() == water.page.read_bytes()


def test_a_leaderboard_of_many_assets_has_those_that_are_viewed_most(tmp_path: Path) -> None:
    many = MOST_ASSETS + 3
    lake = Lake(tmp_path)
    films = {f"film-{number}": [f"x:{1000 + number}"] for number in range(many)}
    lake.register(campaign(starts=date(2026, 11, 1), ends=date(2026, 11, 30), assets=films, timezone="UTC"))
    for day in (2, 3, 4):
        posts = [
            x_post(str(1000 + n), created_at=november(1), impression_count=day * (n + 1)) for n in range(many)
        ]
        lake.answer(november(day), {"data": posts})
    lake.build()
    (written,) = write_reports(lake.warehouse, tmp_path / "reports", MADE_AT)
    page = page_of(written)
    head, *assets = page.tables[f"Assets: the most viewed {MOST_ASSETS} of {many}"]
    views = [int(dict(zip(head, row, strict=True))["views"].replace(",", "")) for row in assets]
    assert views == [4 * (many - place) for place in range(MOST_ASSETS)]
    assert len([said for said in page.pictures if said.startswith("Views a day, most")]) == MOST_ASSETS
    assert len(page.tables[f"Gains of the day: the largest {MOST_ASSETS} of {many}"]) == MOST_ASSETS + 1
    assert len(page.tables["Views a day"]) == MOST_ASSETS + 1
    # The files have all of them.
    assert pq.read_table(written.folder / "parquet" / "asset_totals.parquet").num_rows == many


def test_the_numbers_of_the_page_are_those_of_the_marts(lake: Lake, water: Written) -> None:
    page = page_of(water)
    ((views, retweets),) = ask(
        lake.warehouse, "select views, retweets from marts.asset_totals where asset_id = 'film'"
    )
    head, film = page.tables["Assets"]
    assert dict(zip(head, film, strict=True))["views"] == f"{views:,}" == "16,000"
    assert dict(zip(head, film, strict=True))["retweets"] == f"{retweets:,}" == "700"
    ((side_views, side_retweets),) = ask(
        lake.warehouse, "select views, retweets from marts.side_totals where campaign_id = 'water'"
    )
    head, ours = page.tables["Sides"]
    assert dict(zip(head, ours, strict=True))["views"] == f"{side_views:,}"
    # The days add up to the total; a share is known of none.
    *_, total = page.tables["The sides"]
    assert page.tables["The sides"][0] == ["day", "views, Ours", "retweets, Ours"]
    assert total == ["all days", f"{side_views:,}", f"{side_retweets:,}"]
    days = {row[0]: row[1] for row in page.tables["Views of our side"][1:-1]}
    by_day = ask(
        lake.warehouse,
        "select day, sum(views)::bigint from marts.asset_daily where campaign_id = 'water' group by day",
    )
    assert {label: int(text.rstrip("~…").replace(",", "")) for label, text in days.items()} == {
        f"{day:%a} {day}": gained for day, gained in by_day
    }


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The report of a film whose views are read at every midnight, and its shares at noon."""
    lake = Lake(tmp_path_factory.mktemp("apart"))
    lake.register(
        campaign(starts=date(2026, 11, 1), ends=date(2026, 11, 30), assets={"film": ["facebook:111_1"]})
    )
    for day in range(1, 9):
        post = fb_post("111_1", shares=10 * day, created_at=november(1), videos=["901"])
        video = {"901": fb_video("901", views=1000 * day)}
        lake.answer(
            november(day) + timedelta(hours=12), {"data": [post]}, platform="facebook", endpoint="page_posts"
        )
        lake.answer(november(day), video, platform="facebook", endpoint="videos")
    # The last midnight is seen of both.
    post, video = fb_post("111_1", shares=90, videos=["901"]), {"901": fb_video("901", views=9000)}
    lake.answer(november(9), {"data": [post]}, platform="facebook", endpoint="page_posts")
    lake.answer(november(9), video, platform="facebook", endpoint="videos")
    lake.build()
    (written,) = write_reports(lake.warehouse, tmp_path_factory.mktemp("reports-apart"), MADE_AT)
    return written


def test_each_number_bears_the_mark_of_its_own_counters(apart: Written) -> None:
    """Shares that are estimated make no view of the same day less well known."""
    html, page = apart.page.read_text(encoding="utf-8"), page_of(apart)

    def closed(caption: str) -> list[str]:
        return [text for day, text in page.tables[caption][1:-1] if "2026-11-02" <= day[4:] <= "2026-11-08"]

    assert closed("Views of our side") == ["1,000"] * 7
    shares = closed("Shares of our side")
    assert shares == ["10~"] * 6 + ["15~"]
    head, film = page.tables["Gains of the day"]
    of_film = dict(zip(head, film, strict=True))
    assert (of_film["views"], of_film["shares"], of_film["retweets"]) == ("1,000", "15~", "·")
    (week,) = page.tables["Views a day"][1:]
    assert week[1:] == ["1,000"] * 7 + ["7,000"]
    # The first day of a counter begins with its first reading, and so is estimated of both.
    for number, estimated in (("views", 1), ("shares", 8)):
        said = next(said for said in page.pictures if f" {number} in all" in said)
        assert f"Of 8 days drawn {estimated} estimated." in said
    assert re.search(r"<dt>Shares on \w+</dt><dd>[\d,]+<i>~</i>", html)
    assert re.search(r"<dt>Views on \w+</dt><dd>[\d,]+</dd>", html)
    # Beside the page the tables say the same, in words.
    for mart in ("asset_daily", "asset_platform_daily", "account_daily", "side_daily"):
        with (apart.folder / "csv" / f"{mart}.csv").open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        words = {(row["views_completeness"], row["shares_completeness"]) for row in rows}
        assert ("complete", "estimated") in words
        assert {row["retweets_completeness"] for row in rows} == {""}


@pytest.fixture(scope="module")
def retweeted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Tables]:
    """Of ours a post whose retweets are read at every midnight, its views at the first and the last alone. Of
    theirs one without views, one that is lost on the fourth, and from the fifth on one with views."""
    lake = Lake(tmp_path_factory.mktemp("retweeted"))
    water = campaign(
        starts=date(2026, 11, 1),
        ends=date(2026, 11, 8),
        accounts=[("x", "9"), ("x", "20")],
        assets={"film": ["x:101"]},
        timezone="UTC",
    )
    water["sides"].append({"id": "theirs", "name": "Theirs", "ours": False})
    water["accounts"][1]["side"] = "theirs"
    lake.register(water)
    for day in range(2, 10):
        views = {"impression_count": 1000 * day} if day in (2, 9) else {}
        posts = [
            x_post("101", retweets=10 * day, created_at=november(1), **views),
            x_post("201", author="20", retweets=5 * day, created_at=november(1)),
        ]
        if day < 5:
            posts.append(x_post("202", author="20", retweets=day, created_at=november(1)))
        if day > 5:
            views = {"impression_count": 100 * (day - 5)}
            posts.append(x_post("203", author="20", retweets=0, created_at=november(5), **views))
        gone = {"resource_type": "tweet", "resource_id": "202", "type": NOT_FOUND}
        lake.answer(november(day), {"data": posts, "errors": [gone] if day == 5 else []})
    lake.build()
    (written,) = write_reports(lake.warehouse, tmp_path_factory.mktemp("reports-retweeted"), MADE_AT)
    return lake, page_of(written)


def test_everything_that_tells_retweets_goes_by_how_well_retweets_are_known(
    retweeted: tuple[Lake, Tables],
) -> None:
    """Views that are estimated make no retweet of the same day less well known, in no place."""
    lake, page = retweeted
    days = "from marts.account_daily where account_id = '9' and day <= '2026-11-08'"
    assert ("estimated",) in ask(lake.warehouse, f"select completeness {days}")
    assert set(ask(lake.warehouse, f"select retweets_completeness {days}")) == {("complete",)}
    between = "select account_id, completeness from retweets_between('{}', '2026-11-01', '2026-11-08')"
    expected = dict(ask(lake.warehouse, between.format("9")) + ask(lake.warehouse, between.format("20")))
    assert expected == {"9": "complete", "20": "open"}
    head, *accounts = page.tables["Accounts"]
    assert {row[0]: row[head.index("known")] for row in accounts} == expected
    # A line is drawn through where a post of several is lost, whoever draws it.
    (together, *_) = (said for said in page.pictures if said.startswith("9: Water 90 in 8 days."))
    assert together == "9: Water 90 in 8 days. 20: Water 49 in 8 days."


def test_a_mean_of_the_day_is_over_days_that_have_figures_of_its_number(
    retweeted: tuple[Lake, Tables],
) -> None:
    _, page = retweeted
    head, *sides = page.tables["Sides"]
    means = {row[0]: [row[head.index(f"{name} a day")] for name in ("views", "retweets")] for row in sides}
    # 400 views of four days, 49 retweets of eight.
    assert means == {"Ours": ["1,125", "11"], "Theirs": ["100", "6"]}


def test_what_seven_days_brought_together_is_as_well_known_as_the_worst_of_them(
    retweeted: tuple[Lake, Tables],
) -> None:
    _, page = retweeted
    (film,) = page.tables["Views a day"][1:]
    assert film[1:] == ["1,000~"] * 7 + ["7,000~"]


def test_the_key_stands_once_and_only_where_there_is_something_to_explain(
    apart: Written, water: Written
) -> None:
    for written in (apart, water):
        html = written.page.read_text(encoding="utf-8")
        key = re.search(r'<ul class="legend"[^>]*>(.*?)</ul>', html, re.DOTALL)
        signs = set(re.findall(r"[^·~…]([·~…])(?=<)", re.sub(r"<ul class=\"legend\".*?</ul>", "", html)))
        assert html.count('<ul class="legend"') == bool(signs)
        assert key is not None
        assert signs == set(re.findall(r"<b>(.)</b>", key[1]))


def test_what_is_not_known_is_a_dot_and_never_zero(water: Written) -> None:
    head, film = page_of(water).tables["Assets"]
    assert dict(zip(head, film, strict=True))["shares"] == "·"


def test_the_page_says_what_a_view_is_and_from_when_it_is(water: Written) -> None:
    rows = page_of(water).tables["On X"]
    assert "views" in [row[0] for row in rows]
    assert any("X shows to readers as views" in cell for row in rows for cell in row)
    html = water.page.read_text(encoding="utf-8")
    assert "8 November 2026 00:00 GMT" in html
    assert "9 November 2026 06:00 GMT" in html


def test_a_campaign_of_which_nothing_was_read_has_a_page_that_says_so(written: list[Written]) -> None:
    (milk,) = [each for each in written if each.campaign_id == "milk"]
    assert milk.day == date(2026, 10, 1)
    assert page_of(milk).pictures == []
    html = milk.page.read_text(encoding="utf-8")
    assert "No post of this campaign has been read yet: run campaign collect, then campaign build" in html
    # No section of nothing, and no day that brought nothing.
    assert page_of(milk).ids == ["report", "warnings", "warnings-title"]
    assert "nothing." not in html
    assert "Report of" not in html


def test_a_campaign_that_lists_no_asset_has_its_posts_in_their_place(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(campaign(starts=date(2026, 11, 1), ends=date(2026, 11, 30), assets={}, timezone="UTC"))
    for day in (2, 3, 4):
        posts = [x_post(str(n), created_at=november(1), impression_count=day * n) for n in (10, 20)]
        lake.answer(november(day), {"data": posts})
    lake.build()
    (written,) = write_reports(lake.warehouse, tmp_path / "reports", MADE_AT)
    page, html = page_of(written), written.page.read_text(encoding="utf-8")
    assert "No asset is listed yet" in html
    assert "campaign check proposes the lines" in html
    assert "nothing." not in html[html.index('id="leaderboard"') : html.index('id="days"')]
    head, *gains = page.tables["Gains of the day"]
    assert [dict(zip(head, row, strict=True))["views"] for row in gains] == ["20", "10"]
    assert head[0] == "post"
    head, *week = page.tables["Views a day"]
    assert [row[-1] for row in week] == ["80", "40"]


def test_after_its_end_a_page_is_of_the_campaigns_last_day(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    over = campaign(
        starts=date(2026, 11, 1), ends=date(2026, 11, 3), assets={"film": ["x:1"]}, timezone="UTC"
    )
    lake.register(over)
    for day in range(2, 9):
        lake.answer(
            november(day), {"data": [x_post("1", created_at=november(1), impression_count=day * day)]}
        )
    lake.build()
    (written,) = write_reports(lake.warehouse, tmp_path / "reports", MADE_AT)
    page, html = page_of(written), written.page.read_text(encoding="utf-8")
    assert written.day == date(2026, 11, 7)
    assert "What Tuesday, 3 November 2026 brought" in html
    assert "Views on Tuesday" in html
    assert [row[2] for row in page.tables["Gains of the day"]] == ["views", "7"]
    assert page.tables["Views a day"][0][-2:] == ["Tue 3\u00a0Nov", "together"]


def test_before_its_first_day_is_over_a_page_is_of_that_day_so_far(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.register(
        campaign(starts=date(2026, 11, 2), ends=date(2026, 11, 9), assets={"film": ["x:1"]}, timezone="UTC")
    )
    for hour in (6, 12):
        said = [x_post("1", created_at=november(2), impression_count=hour)]
        lake.answer(november(2, hour), {"data": said})
    lake.build()
    (written,) = write_reports(lake.warehouse, tmp_path / "reports", MADE_AT)
    html = written.page.read_text(encoding="utf-8")
    assert "What Monday, 2 November 2026 brought" in html
    assert "on its first day so far" in html


def test_an_address_that_is_none_of_the_web_is_no_link() -> None:
    for address in (
        "javascript:alert(1)",
        "http://x.com/1",
        "https://x.com@evil.example/",
        "https://",
        "/1",
        "",
    ):
        assert Cell("post", address=address).leads_to is None
    for address in ("https://x.com/i/status/1", "https://x.com/?a=1&b='2'", "https://x.com"):
        assert Cell("post", address=address).leads_to == address


def test_one_table_is_no_tables() -> None:
    line = done_line(Written("water", Path("water/2026-11-07"), date(2026, 11, 7), 1, 1))
    assert "; 1 table with 1 row beside it" in line
    assert "; 2 tables with 1,000 rows" in done_line(
        Written("water", Path("water/2026-11-07"), date(2026, 11, 7), 2, 1000)
    )


def test_every_mart_lies_beside_the_page_with_the_campaigns_rows(lake: Lake, water: Written) -> None:
    marts = ask(
        lake.warehouse,
        "select table_name, 'campaign_id' in list(column_name) from information_schema.columns "
        "where table_schema = 'marts' and table_catalog = 'warehouse' group by table_name",
    )
    assert {path.stem for path in (water.folder / "csv").iterdir()} == {mart for mart, _ in marts}
    rows = 0
    for mart, is_campaigns in marts:
        where = " where campaign_id = 'water'" if is_campaigns else ""
        ((expected,),) = ask(lake.warehouse, f"select count(*) from marts.{mart}{where}")
        table = pq.read_table(water.folder / "parquet" / f"{mart}.parquet")
        with (water.folder / "csv" / f"{mart}.csv").open(newline="", encoding="utf-8") as lines:
            assert len(list(csv.reader(lines))) - 1 == table.num_rows == expected, mart
        rows += expected
    assert (water.tables, water.rows) == (len(marts), rows)


def test_the_csv_says_what_campaign_sql_says(
    lake: Lake, water: Written, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAMPAIGN_HOME", str(lake.root))
    for mart in ("assets", "posts", "coverage", "asset_totals", "metrics"):
        where = " where campaign_id = 'water'" if mart != "metrics" else ""
        with pytest.raises(SystemExit):
            main(["sql", f"from marts.{mart}{where}", "--format", "csv"])
        said = list(csv.reader(io.StringIO(capfd.readouterr().out, newline="")))
        with (water.folder / "csv" / f"{mart}.csv").open(newline="", encoding="utf-8") as lines:
            wrote = list(csv.reader(lines))
        assert (wrote[0], sorted(wrote[1:])) == (said[0], sorted(said[1:])), mart
    texts = (water.folder / "csv" / "posts.csv").read_text(encoding="utf-8")
    assert f"'{FORMULA[:10]}" in texts
    assert f'"{FORMULA[:10]}' not in texts


def test_parquet_keeps_texts_as_they_are(water: Written) -> None:
    titles = pq.read_table(water.folder / "parquet" / "posts.parquet")["title"].to_pylist()
    assert FORMULA in titles


def again_in(out: Path, water: Written) -> Written:
    """The report, as if it had been written there."""
    shutil.copytree(water.folder.parent, out / "water", symlinks=True)
    return replace(water, folder=out / "water" / water.folder.name)


def test_a_second_run_on_one_day_takes_the_place_of_the_first(
    lake: Lake, water: Written, tmp_path: Path
) -> None:
    first = again_in(tmp_path, water)
    before = {path: path.read_bytes() for path in tmp_path.rglob("[!.]*") if path.is_file()}
    (second,) = write_reports(lake.warehouse, tmp_path, MADE_AT + timedelta(hours=1), "water")
    after = {path: path.read_bytes() for path in tmp_path.rglob("[!.]*") if path.is_file()}
    assert second == first
    assert after.keys() == before.keys()
    assert [path for path in before if before[path] != after[path]] == [
        path for path in before if path.name == "report.html"
    ]


def test_latest_is_the_newest_day_and_old_days_keep_their_page_alone(
    lake: Lake, water: Written, tmp_path: Path
) -> None:
    written = again_in(tmp_path, water)
    for number in range(TABLES_KEPT):
        shutil.copytree(written.folder, written.folder.with_name(f"2026-10-{number + 1:02d}"))
    shutil.copytree(written.folder, written.folder.with_name("2026-11-20"))
    # Tables that lie there already are not written again, and then nothing is let go of either.
    shutil.rmtree(written.folder)
    (again,) = write_reports(lake.warehouse, tmp_path, MADE_AT, "water")
    assert os.readlink(again.folder.parent / "latest") == "2026-11-20"
    days = sorted(path for path in again.folder.parent.iterdir() if path.name.startswith("2026"))
    assert [day.name for day in days if not (day / "csv").exists()] == ["2026-10-01", "2026-10-02"]
    assert all((day / "report.html").exists() for day in days)


def test_the_command_writes_under_the_home_folder(
    built: Path, home: Path, campaign: Callable[..., Said]
) -> None:
    said = campaign("report")
    assert said.code == 0
    assert said.out.startswith("data/reports/water-2026/2026-05-20/report.html: ")
    assert (home / "data" / "reports" / "water-2026" / "latest" / "report.html").is_file()
    assert campaign("report", "--out", "elsewhere", "--campaign", "water-2026").code == 0
    assert (home / "elsewhere" / "water-2026" / "latest" / "csv" / "asset_daily.csv").is_file()


def test_the_words_of_a_post_that_is_forgotten_leave_the_reports(
    x_only: Vendor, home: Path, campaign: Callable[..., Said]
) -> None:
    words = 'Don\'t drink "it" \u202e<now>, they said'
    x_only.answers["/2/users/77/tweets"] = answer(
        {"data": [post("100") | {"text": words}], "meta": {"result_count": 1}}
    )
    assert campaign("collect", "--platform", "x", "--as-of", "2026-05-20T12:00Z").code == 0
    assert campaign("build").code == 0
    campaign("report")
    reports = home / "data" / "reports"
    assert b"drink" in everything_written(reports)
    campaign("forget", "x:100")
    assert b"drink" not in everything_written(reports)
    campaign("report")
    page = (reports / "water-2026" / "latest" / "report.html").read_text(encoding="utf-8")
    assert "Launch film" in page
    assert b"drink" not in everything_written(reports)


def test_what_cannot_be_reported_is_one_line(built: Path, home: Path, campaign: Callable[..., Said]) -> None:
    unknown = campaign("report", "--campaign", "milk")
    assert (unknown.code, unknown.err.count("\n")) == (2, 1)
    assert "water-2026" in unknown.err
    (home / "locked").mkdir()
    with unwritable(home / "locked"):
        refused = campaign("report", "--out", "locked")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "locked" in refused.err
    # It is told by status too, whoever started it, until it succeeds.
    assert any(
        line.startswith("campaign: report: the run of ") for line in campaign("status").err.splitlines()
    )
    assert campaign("report", "--campaign", "water-2026").code == 0
    assert "campaign: report: " in campaign("status").err
    assert campaign("report").code == 0
    assert "campaign: report: " not in campaign("status").err
    built.unlink()
    nothing = campaign("report")
    assert (nothing.code, nothing.err.count("\n")) == (1, 1)
    assert "run `campaign build`" in nothing.err
