"""How a campaign stands, as the pages that a scheduler shows: what they say, and that words stay words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from flows.answers.campaign_state import StatePage, state_pages
from flows.answers.markdown import UNSEEN_SPACE, link, table, words
from flows.answers.reports import Reports
from flows.console import plain
from flows.settings import Settings, SettingsError
from tests.warehouse.coverage_reference import HOUR
from tests.warehouse.lake import Lake, campaign
from tests.warehouse.test_coverage import BY_AGE, hourly, post_read, scheduled
from warehouse.publish import NoWarehouse

# What Prefect's newer pages read beside: tables, struck text, raw HTML.
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

# The rules by which both of Prefect's pages find addresses that nobody marked as such.
BARE_ADDRESS = re.compile(r"(?:https?|ftp)://|www\.|[-.\w+]@[-\w]", re.IGNORECASE)

HOSTILE = 'A | <b>film</b> [here](https://evil.example) `rm` *&amp;* www.evil.example a@evil.example "x"\n# b'
ELSEWHERE = "https://campaigns.example/reports"
NOON = datetime(2019, 11, 4, 12, tzinfo=UTC)

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\\`*_[]()<>#|~&;@-+=.!:/\n\t 1wx")
) | st.sampled_from(["1. a", "- a", "+ a", "# a", "===", "---", "> a", "<!-- a", "&#42;", "[a]: b", "~~~"])


def tokens_of(markdown: str) -> Iterator[Token]:
    for token in MARKDOWN.parse(markdown):
        yield token
        yield from token.children or ()


def read(markdown: str) -> str:
    """The words that a reader sees, without the spaces that have no width."""
    return "".join(token.content for token in tokens_of(markdown) if token.type == "text").replace(
        UNSEEN_SPACE, ""
    )


def kinds_in(markdown: str) -> set[str]:
    return {token.type for token in tokens_of(markdown)}


def one_line(text: str) -> str:
    return " ".join(plain(text).split()).replace(UNSEEN_SPACE, "")


@pytest.mark.parametrize(
    ("before", "kinds"),
    [
        ("", {"paragraph_open", "inline", "text", "paragraph_close"}),
        ("# ", {"heading_open", "inline", "text", "heading_close"}),
        (
            "- ",
            {"bullet_list_open", "list_item_open", "paragraph_open", "inline", "text", "paragraph_close"}
            | {"list_item_close", "bullet_list_close"},
        ),
    ],
)
@given(text=TEXTS.filter(one_line))
@example(text=HOSTILE)
@example(text="__a_b__ c_ _d _")
@example(text="a\\_b\\<i>\\")
def test_words_stay_words_wherever_they_stand(before: str, kinds: set[str], text: str) -> None:
    markdown = f"{before}{words(text)}"
    assert read(markdown) == one_line(text)
    assert kinds_in(markdown) <= kinds
    assert not BARE_ADDRESS.search("".join(t.content for t in tokens_of(markdown) if t.type == "text"))


@given(texts=st.lists(TEXTS, min_size=2, max_size=2))
@example(texts=[HOSTILE, HOSTILE])
def test_a_cell_of_words_is_one_cell(texts: list[str]) -> None:
    markdown = "\n".join(table(["a", "b"], [[words(text) for text in texts]]))
    found = [*tokens_of(markdown)]
    assert [token.type for token in found].count("td_open") == 2
    assert not {"html_inline", "link_open", "code_inline", "em_open", "s_open"} & kinds_in(markdown)
    assert read(markdown) == "ab" + "".join(map(one_line, texts))


@given(
    label=TEXTS.filter(one_line),
    address=st.builds(
        "{}{}".format, st.sampled_from(["https://ok.example/", "http://ok.example", ""]), TEXTS
    ),
)
@example(label=HOSTILE, address="https://ok.example/a(b)?c=1&copy;=2|#<x>")
@example(label="a", address="javascript:alert(1)")
@example(label="a", address="https://ok.example@evil.example/")
@example(label="a", address="https://ok.example/\u202e)")
def test_a_link_is_one_of_the_web_or_none(label: str, address: str) -> None:
    markdown = "\n".join(table(["a"], [[link(label, address)]]))
    opened = [token for token in tokens_of(markdown) if token.type == "link_open"]
    assert [token.type for token in tokens_of(markdown)].count("td_open") == 1
    assert read(markdown) == "a" + one_line(label)
    assert len(opened) <= 1
    for each in opened:
        assert re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?([/?#][!-~]*)?", str(each.attrs["href"])), (
            each.attrs
        )


@pytest.mark.parametrize(
    "label",
    ["asset_daily", "/srv/our_data/a__b-1.2/report.html", "5 < 6 > 4 <3", "C:\\data", "R&D (new), 50 %"],
)
def test_a_label_has_no_backslash_that_need_not_be_there(label: str) -> None:
    """The older pages show each of them."""
    markdown = link(label, "https://ok.example/")
    assert markdown == f"[{label}](https://ok.example/)"
    assert read(markdown) == label


@pytest.mark.parametrize(
    "address",
    [
        "https://x.com/i/status/1196484474569322466",
        "https://www.youtube.com/watch?v=-HPMgzCWs1Y&t=3",
        "https://www.facebook.com/story.php?story_fbid=1&id=2",
        "https://www.tiktok.com/@uklabour/video/6753774812801115244",
        "http://127.0.0.1:4201/water-2026/latest/report.html",
    ],
)
def test_an_address_of_a_post_is_linked_as_it_is(address: str) -> None:
    assert link("a", address) == f"[a]({address})"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return hostile_lake(tmp_path_factory.mktemp("state"))


def hostile_lake(folder: Path) -> Lake:
    """A campaign under a hostile name, read hourly but for the night, and one of which nothing was read."""
    lake = Lake(folder)
    film = campaign(starts=date(2019, 11, 1), ends=date(2019, 11, 30), assets={"film": ["x:1"]})
    assets: list[dict[str, object]] = film["assets"]  # type: ignore[assignment]
    film |= {"name": HOSTILE, "assets": [assets[0] | {"title": HOSTILE}]}
    lake.register(scheduled(film, {"x": BY_AGE}), campaign("later", accounts=()))
    # 13 hours from 18:00 to 07:00, and three by day.
    lake.answers(post_read(hourly(NOON, 36, range(7, 19), range(24, 26)), NOON - timedelta(minutes=30)))
    lake.see(
        "facebook",
        {
            "object_type": "post",
            "object_id": "111_1",
            "account_id": "111",
            "observed_at": NOON,
            "created_at": NOON - HOUR,
            "permalink": "javascript:alert(1)",
            "text": HOSTILE,
            "counters": [{"metric": "shares", "value": 5}],
        },
    )
    lake.build()
    return lake


@pytest.fixture
def pages(lake: Lake) -> dict[str, StatePage]:
    found = state_pages(lake.warehouse, Reports(lake.root / "reports", ELSEWHERE))
    return {page.key: page for page in found}


def test_every_campaign_has_three_pages_under_keys_that_stay(pages: dict[str, StatePage]) -> None:
    assert set(pages) == {
        f"{kind}-{name}" for kind in ("campaign", "leaderboard", "gaps") for name in ("water", "later")
    }
    # What Prefect takes for a key.
    assert all(re.fullmatch("[a-z0-9-]+", key) for key in pages)
    assert all(page.description for page in pages.values())


def test_a_page_says_how_far_the_campaign_is_known(pages: dict[str, StatePage]) -> None:
    told = pages["campaign-water"].markdown
    assert "day 4 of 30, Monday 4 November 2019, is the last that is over" in told
    assert "**Known up to:** 2019-11-05 23:00 UTC\n" in told
    assert "**Tables of:** 2" in told
    assert "nothing was read yet" in pages["campaign-later"].markdown
    assert "none of its 92 days is over" in pages["campaign-later"].markdown


def test_a_title_leads_to_the_first_post_and_a_platform_to_its_own(pages: dict[str, StatePage]) -> None:
    for key in ("campaign-water", "leaderboard-water"):
        found = [*tokens_of(pages[key].markdown)]
        titles = [
            after.content.replace(UNSEEN_SPACE, "")
            for before, after in pairwise(found)
            if before.type == "link_open" and before.attrs["href"] == "https://x.com/i/status/1"
        ]
        assert titles == [one_line(HOSTILE), "x"]


def test_gaps_stand_with_their_times_and_what_they_mean(pages: dict[str, StatePage]) -> None:
    for key in ("campaign-water", "gaps-water"):
        told = pages[key].markdown
        assert "| x | 2019-11-04 18:00 | 2019-11-05 07:00 | 13.0 | 11-04 to 11-05, split | 12 | 1 |" in told
        assert "| x | 2019-11-05 11:00 | 2019-11-05 14:00 | 3.0 | 11-05, not split | 2 | 1 |" in told
        assert "2 in the seven days before the last reading, 14 polls missed." in told
        assert "Of one: its runs failed, its budget was spent" in told
    assert "None in the seven days before the last reading" in pages["gaps-later"].markdown
    assert "Of one: its runs failed" not in pages["gaps-later"].markdown


def test_nothing_that_comes_from_outside_is_more_than_words(pages: dict[str, StatePage]) -> None:
    for page in pages.values():
        for markdown in (page.markdown, page.description):
            assert not {"html_block", "html_inline", "code_block", "fence", "image"} & kinds_in(markdown)
        targets = {str(t.attrs["href"]) for t in tokens_of(page.markdown) if t.type == "link_open"}
        assert {target.split("/")[2] for target in targets} <= {"x.com", "campaigns.example"}
        assert [t.tag for t in tokens_of(page.markdown) if t.type == "heading_open"].count("h1") == 1
    assert read(pages["campaign-water"].markdown).startswith(one_line(HOSTILE))


def test_a_page_leads_to_the_report_and_to_the_tables_that_are_there(lake: Lake, tmp_path: Path) -> None:
    day = tmp_path / "water" / "2019-11-05"
    for form in ("csv", "parquet"):
        (day / form).mkdir(parents=True)
        (day / form / f"asset_daily.{form}").touch()
        (day / form / f".unfinished.{form}").touch()
    (tmp_path / "water" / "latest-tables").symlink_to("2019-11-05")
    page, *_ = (
        each
        for each in state_pages(lake.warehouse, Reports(tmp_path, ELSEWHERE))
        if each.key == "campaign-water"
    )
    assert f"[The newest report]({ELSEWHERE}/water/latest/report.html)" in page.markdown
    at = f"{ELSEWHERE}/water/latest-tables"
    assert (
        f"- asset_daily: [CSV]({at}/csv/asset_daily.csv), [Parquet]({at}/parquet/asset_daily.parquet)\n"
        in page.markdown
    )
    assert "unfinished" not in page.markdown


def test_without_an_address_of_the_reports_nothing_leads_there(lake: Lake) -> None:
    for page in state_pages(lake.warehouse, Reports(lake.root / "reports")):
        assert "report.html" not in page.markdown
        assert "## Tables" not in page.markdown


def test_the_same_tables_say_the_same_again(lake: Lake, pages: dict[str, StatePage]) -> None:
    again = state_pages(lake.warehouse, Reports(lake.root / "reports", ELSEWHERE))
    assert again == [*pages.values()]


def test_without_tables_there_is_nothing_to_say(tmp_path: Path) -> None:
    with pytest.raises(NoWarehouse):
        state_pages(tmp_path / "warehouse.duckdb", Reports(tmp_path))


@pytest.mark.parametrize(
    "given_url", ["ftp://host/reports", "https://u:secret-word@host/", "https://host/?a=b", "host/reports"]
)
def test_an_address_that_cannot_be_linked_is_one_line(home: Path, given_url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings(CAMPAIGN_REPORTS_URL=given_url)
    assert str(refused.value).startswith("CAMPAIGN_REPORTS_URL must be the http(s):// address")
    assert "secret-word" not in str(refused.value)
    assert Settings(CAMPAIGN_REPORTS_URL=f"{ELSEWHERE}/").reports_url == ELSEWHERE
