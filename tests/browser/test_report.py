"""The report as people meet it: on a phone, on a screen, on paper, by keyboard, by screen reader."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flows.answers.page import MOST_CARDS
from tests.browser.campaign import ENDLESS
from tests.browser.conftest import SIZES, Open

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCHEMES = ("light", "dark")
GROUNDS = ("ground", "band")
TEXTS = ("ink", "quiet", "link")
SERIES = tuple(f"series-{number}" for number in range(1, 9))

# The part of it that is in sight, and whether something lies on its middle.
FOCUSED = """() => {
  const found = document.activeElement, place = found.getBoundingClientRect();
  const left = Math.max(place.left, 0), right = Math.min(place.right, innerWidth);
  const top = Math.max(place.top, 0), bottom = Math.min(place.bottom, innerHeight);
  return {tag: found.tagName, text: found.innerText, group: found.getAttribute('role'),
    href: found.getAttribute('href'), ring: getComputedStyle(found).outlineStyle,
    isInSight: left < right && top < bottom &&
      found.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2))};
}"""


def findings(page: Page, *, of_colours: bool = True) -> list[str]:
    """What axe-core has against a page, as it is shown now."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    options = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": of_colours}}}
    found: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return [f"{each['impact']}: {each['id']}: {node['html']}" for each in found for node in each["nodes"]]


def drawings(page: Page) -> list[dict[str, Any]]:
    """Of each figure its caption, and the accessible names of the drawings in sight."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => [...document.querySelectorAll('figure')].map(figure => ({
          caption: figure.querySelector('figcaption').innerText,
          names: [...figure.querySelectorAll('svg')].filter(svg => svg.checkVisibility()).map(
            svg => svg.closest('[role=img]')?.getAttribute('aria-label') ?? ''),
          across: [...figure.querySelectorAll('svg')].map(svg => svg.getBoundingClientRect().width),
          room: figure.getBoundingClientRect().width}))"""
    )
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of WCAG, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_a_page_says_nothing_to_the_console_and_asks_for_nothing_but_itself(seen: Open, report: Path) -> None:
    for size in SIZES:
        found = seen(size)
        assert found.asked == [report.as_uri()]
        assert found.said == []


def test_a_browser_without_scripts_shows_the_same(seen: Open, opened: Open) -> None:
    usual, without = seen("wide").page, opened("wide", java_script_enabled=False).page
    assert usual.locator("script").count() == 0
    assert usual.locator("html").inner_html() == without.locator("html").inner_html()
    places = """[...document.querySelectorAll('section, figure, table')].map(
        each => each.getBoundingClientRect().top)"""
    assert usual.evaluate(places) == without.evaluate(places)


# Colours are most of the work, and the same at every width.
@pytest.mark.parametrize(
    ("size", "scheme", "of_colours"),
    [("phone", "light", True), ("phone", "dark", False), ("wide", "light", False), ("wide", "dark", True)],
)
def test_axe_finds_nothing_wrong(unfolded: Open, size: str, scheme: str, of_colours: bool) -> None:
    page = unfolded(size, scheme).page
    assert findings(page, of_colours=of_colours) == []


def test_axe_does_find_what_is_wrong(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<main><img src='data:,'><p style='color: #bbb; background: #fff'>Pale words</p></main>")
    assert {each.split(": ")[1] for each in findings(page)} >= {
        "image-alt",
        "color-contrast",
        "html-has-lang",
    }
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colours_stand_out_from_every_ground(unfolded: Open, scheme: str) -> None:
    page = unfolded("phone", scheme).page
    colours = page.evaluate(
        "names => Object.fromEntries(names.map(name => "
        "[name, getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()]))",
        [*GROUNDS, *TEXTS, *SERIES],
    )
    pale = {
        (name, ground): contrast(colours[name], colours[ground])
        for least, names in ((4.5, TEXTS), (3, SERIES))
        for name, ground in itertools.product(names, GROUNDS)
        if contrast(colours[name], colours[ground]) < least
    }
    assert pale == {}
    assert len({colours[name] for name in SERIES}) == len(SERIES)


@pytest.mark.parametrize("size", SIZES)
def test_nothing_makes_the_page_wider_than_the_screen(unfolded: Open, size: str) -> None:
    page = unfolded(size).page
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    # Nor does anything stick out of what scrolls or clips it.
    assert (
        page.evaluate("""() => [...document.querySelectorAll('body *')].filter(each =>
        !each.closest('.scroll, nav, svg, .skip') && each.getBoundingClientRect().right > innerWidth + 1
      ).map(each => each.outerHTML.slice(0, 80))""")
        == []
    )


@pytest.mark.parametrize("size", SIZES)
def test_each_figure_shows_one_drawing_that_fits_and_has_a_name(unfolded: Open, size: str) -> None:
    figures = drawings(unfolded(size).page)
    assert len(figures) >= 5
    for figure in figures:
        assert figure["caption"]
        assert len(figure["names"]) == 1, figure
        assert len(figure["names"][0]) > 20, figure
        assert max(figure["across"]) <= figure["room"] + 1, figure
    assert len({figure["names"][0] for figure in figures}) == len(figures)


def test_hostile_names_are_words_and_nothing_else(seen: Open) -> None:
    page = seen("phone").page
    assert page.evaluate("window.broken") is None
    assert page.locator("script, img, iframe, form, [onerror], [onclick]").count() == 0
    assert page.locator("h1").count() == 1
    assert "<script>window.broken = true</script>" in page.locator("h1").inner_text()
    assert "\u202e" not in page.content()
    # The longest of them is broken into lines.
    row = page.locator("#leaderboard tbody tr", has_text=ENDLESS).first
    box = row.locator("th").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] < SIZES["phone"]["width"]


def test_a_keyboard_reaches_everything_and_shows_where_it_is(opened: Open) -> None:
    page = opened("phone").page
    stops: list[dict[str, Any]] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["tag"] == "BODY" or (stops and stop == stops[0]):
            break
        stops.append(stop)
    assert (stops[0]["tag"], stops[0]["href"]) == ("A", "#report")
    assert [stop for stop in stops if stop["ring"] == "none" or not stop["isInSight"]] == []
    reached = [stop["href"] for stop in stops if stop["tag"] == "A"]
    assert reached == page.evaluate(
        """[...document.querySelectorAll('a')].filter(a => a.checkVisibility({contentVisibilityAuto: true}))
          .map(a => a.getAttribute('href'))"""
    )
    assert len([stop for stop in stops if stop["tag"] == "SUMMARY"]) == page.locator("summary").count()
    groups = page.locator("[role=group]:visible").count()
    assert len([stop for stop in stops if stop["group"] == "group"]) == groups > 3


def test_the_skip_link_leads_past_the_list_of_sections(opened: Open) -> None:
    page = opened("phone").page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "report"
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_wide_table_is_moved_by_the_arrows_and_its_names_stay_in_sight(opened: Open) -> None:
    page = opened("phone").page
    page.locator("#days details", has=page.get_by_text("The sides", exact=True)).locator("summary").click()
    scroll = page.locator("#days .scroll").first
    scroll.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    # The page's own policy lets nothing be waited for by a text of script.
    moved = page.evaluate("""async () => {
      const found = document.activeElement;
      for (let frame = 0; frame < 600 && found.scrollLeft <= 60; frame++)
        await new Promise(requestAnimationFrame);
      return found.scrollLeft;
    }""")
    assert moved > 60
    left = scroll.bounding_box()["x"]  # type: ignore[index]
    assert scroll.locator("tbody th").first.bounding_box()["x"] == pytest.approx(left, abs=1)  # type: ignore[index]


def test_what_does_not_fit_has_a_shade_at_its_edge(unfolded: Open) -> None:
    page = unfolded("phone").page
    wide = page.locator("#days .scroll").first
    assert wide.evaluate("each => each.scrollWidth > each.clientWidth")
    style = wide.evaluate("each => getComputedStyle(each)['background-image']")
    assert style.count("linear-gradient") == 2
    # No cell but the fixed one covers it.
    grounds = wide.evaluate("""each => [...each.querySelectorAll('td')].map(
        cell => getComputedStyle(cell).backgroundColor)""")
    assert {"rgba(0, 0, 0, 0)"} < set(grounds)
    assert all(ground.startswith("rgba(") for ground in grounds)


@pytest.mark.parametrize("section", ["sides", "leaderboard", "day"])
def test_on_a_phone_views_shares_and_retweets_are_wholly_in_sight(unfolded: Open, section: str) -> None:
    page = unfolded("phone").page
    found = page.evaluate(
        """section => [...document.querySelectorAll(`#${section} td`)].filter(
          cell => ['views', 'shares', 'retweets'].includes(cell.dataset.label)).map(cell => {
            const words = document.createRange();
            words.selectNodeContents(cell);
            const place = words.getBoundingClientRect(), room = cell.getBoundingClientRect();
            return {label: cell.dataset.label, text: cell.innerText,
              shown: getComputedStyle(cell, '::before').content,
              isInSight: cell.checkVisibility() && place.width > 0 && place.left >= 0 &&
                place.right <= Math.min(innerWidth, room.right + 1)};
          })""",
        section,
    )
    assert {each["label"] for each in found} == {"views", "shares", "retweets"}
    assert [each for each in found if not each["isInSight"] or each["label"] not in each["shown"]] == []


def test_on_a_screen_no_list_and_no_leaderboard_hides_its_end(opened: Open) -> None:
    page = opened("wide").page
    assert page.locator("nav ul").evaluate("each => each.scrollWidth <= each.clientWidth")
    # With words of usual length in place of the hostile ones.
    board = page.locator("#leaderboard .scroll").first
    usual = {
        "rank": "18",
        "views": "12,345,678",
        "shares": "85,638",
        "retweets": "356,843",
        "views, last 7 days": "2,338,987",
        "side": "Conservatives",
        "kind": "video",
        "platforms": "facebook, instagram, x",
        "tags": "favourite, music",
        "tone": "humorous",
    }
    board.evaluate(
        """(each, usual) => {
          for (const head of each.querySelectorAll('tbody th'))
            head.textContent = 'If you are not sure who to vote for';
          for (const cell of each.querySelectorAll('td'))
            if (cell.dataset.label in usual) cell.textContent = usual[cell.dataset.label];
        }""",
        usual,
    )
    assert board.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_posts_open_at_their_platform_and_tell_it_nothing(seen: Open) -> None:
    page = seen("wide").page
    links = page.locator("main a")
    told = {(link.get_attribute("rel"), (link.get_attribute("href") or "")[:8]) for link in links.all()}
    assert told == {("noopener noreferrer", "https://")}
    for section in ("leaderboard", "better"):
        assert page.locator(f"#{section} tbody a").count() > 0
    assert page.locator("#leaderboard tbody th a").first.get_attribute("href") == "https://x.com/i/status/104"


def test_long_tables_are_folded_under_their_names_and_open_by_keyboard(opened: Open) -> None:
    page = opened("phone").page
    folded = page.locator("main .tables > details")
    assert folded.count() >= 2
    assert folded.first.locator("table").is_hidden()
    summary = folded.first.locator("summary")
    assert re.search(r"\(\d+ rows\)", summary.inner_text())
    summary.focus()
    page.keyboard.press("Enter")
    assert folded.first.locator("table").is_visible()


def test_a_phone_shows_the_first_cards_and_the_others_when_it_is_asked(opened: Open) -> None:
    page = opened("phone").page
    board = page.locator("#leaderboard .short").first
    rows, more = board.locator("tbody tr"), board.locator("summary")
    assert rows.count() == 8
    assert [row.is_visible() for row in rows.all()] == [True] * MOST_CARDS + [False] * (8 - MOST_CARDS)
    assert more.inner_text() == f"{8 - MOST_CARDS} more of 8: Assets"
    more.focus()
    page.keyboard.press("Enter")
    assert all(row.is_visible() for row in rows.all())
    assert board.locator("details p").is_visible()
    more.press("Enter")
    assert not rows.last.is_visible()
    # A screen has room, and paper no one who could ask.
    page.set_viewport_size(SIZES["wide"])
    assert all(row.is_visible() for row in rows.all())
    assert more.is_hidden()
    page.set_viewport_size(SIZES["phone"])
    page.emulate_media(media="print")
    assert all(row.is_visible() for row in rows.all())
    assert page.get_by_text("They are the last rows").filter(visible=True).count() == 0


def test_a_link_into_what_is_folded_shows_it(opened: Open) -> None:
    page = opened("phone").page
    # A figure that waits to be asked for, a row of a folded table, and a card that is kept back.
    page.evaluate("""() => {
      document.querySelector('#days .tables details tr:nth-child(9)').id = 'a-day';
      document.querySelector('#leaderboard .short tbody tr:last-child a').id = 'an-asset';
    }""")
    for name in ("views-together", "a-day", "an-asset"):
        aim = page.locator(f"#{name}")
        assert aim.is_hidden(), name
        page.evaluate("name => { location.hash = name; }", name)
        aim.wait_for(state="visible")
        assert aim.bounding_box()["y"] < SIZES["phone"]["height"], name  # type: ignore[index]


def test_a_phones_page_is_less_than_half_as_long_as_with_every_fold_open(seen: Open, unfolded: Open) -> None:
    high = "document.documentElement.scrollHeight"
    assert seen("phone").page.evaluate(high) < unfolded("phone").page.evaluate(high) / 2


def test_a_sides_own_colour_is_that_of_its_marks_and_seen_in_both_schemes(seen: Open) -> None:
    drawn = """() => {
      const bar = document.querySelector('#totals-views .narrow path[fill^="var(--side"]');
      const spark = document.querySelector('#leaderboard .spark path');
      const head = document.querySelector('.headlines div');
      return [...[bar, spark].map(each => getComputedStyle(each).fill),
        getComputedStyle(head).borderLeftColor];
    }"""
    found = {scheme: seen("phone", scheme).page.evaluate(drawn) for scheme in SCHEMES}
    # Yellow is seen on dark as it is, and only as a brown on white.
    assert found["dark"] == [f"rgb({0xFF}, {0xEE}, 0)"] * 3
    (brown,) = set(found["light"])
    shown = "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", brown))
    assert contrast(shown, "#ffffff") > 3
    assert contrast(shown, "#f5f7f9") >= 3


def test_a_screen_reader_finds_landmarks_headings_in_order_and_heads_of_tables(seen: Open) -> None:
    page = seen("wide").page
    assert [page.locator(name).count() for name in ("main", "body > header", "nav", "body > footer")] == [
        1
    ] * 4
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map(each => Number(each.tagName[1]))"
    )
    assert levels[0] == 1
    assert [b for a, b in itertools.pairwise(levels) if b > a + 1] == []
    assert page.locator("html").get_attribute("lang") == "en"
    assert "Report" in page.locator("body > header").inner_text()
    assert page.title()
    assert page.locator("meta[name=description]").get_attribute("content")
    assert page.locator("table").count() == page.locator("table > caption").count()
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("tbody tr:not(:has(th[scope=row]))").count() == 0


def test_paper_has_every_table_open_and_nothing_to_click(opened: Open) -> None:
    page = opened("wide", "dark").page
    page.emulate_media(media="print")
    tables = page.locator("table").count()
    assert (
        page.evaluate("[...document.querySelectorAll('table')].filter(each => each.offsetHeight > 30).length")
        == tables
    )
    assert page.locator("nav:visible, summary:visible, .skip:visible").count() == 0
    assert page.locator("main .headlines, header dl").first.is_visible()
    assert [len(figure["names"]) for figure in drawings(page)] == [1] * page.locator("figure").count()
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    # Figures, and tables of days, stand two abreast: one under the other they leave sheets half empty.
    abreast = """names => names.map(name => getComputedStyle(document.querySelector(name)).columnCount)"""
    assert page.evaluate(abreast, [".figures", "#days .tables"]) == ["2", "2"]
    pdf = page.pdf(tagged=True, prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 1
    assert len(re.findall(rb"/S /Table\b", pdf)) == tables
