"""The charts of a report: each mark stands for a number, and looks as well known as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
import vl_convert

from flows.answers.page import Cell, Column, Figure, Headline, Section, Table
from flows.answers.page.charts import coverage, days, drawing, key, lines, rows, stacks
from flows.answers.page.charts.days import Daily, Known, Window
from flows.answers.page.charts.key import key_of
from flows.answers.page.charts.sparkline import HEIGHT, sparkline
from flows.answers.page.charts.wording import cut, room_of, short

FIRST = date(2026, 11, 2)
WEEK = Window(FIRST, FIRST + timedelta(6))
HOSTILE = "<script>alert(1)</script> & ]]> \"'\n\u202egnp.exe \uffff{{7*7}} ${x}"
LONG = "A title that goes on and on, as those of posts do that were written in a hurry, in the year 2019"

Box = tuple[float, float, float, float]


def on(number: int) -> date:
    return FIRST + timedelta(number)


def clock(day: int, hour: int = 0) -> datetime:
    """What the campaign's clocks show: they have no zone."""
    return datetime(2026, 11, day, hour, tzinfo=UTC).replace(tzinfo=None)


def of_days(*values: int | None, known: str = "complete") -> list[Known]:
    return [(on(number), value, known) for number, value in enumerate(values)]


def drawn(figure: Figure | None) -> ElementTree.Element:
    """The chart as a phone shows it."""
    assert figure is not None
    return ElementTree.fromstring(str(figure.narrow))


def paths(svg: ElementTree.Element, **look: str) -> list[str]:
    """The outlines of all marks that look so, each from its start."""
    wanted = {name.replace("_", "-"): value for name, value in look.items()}
    found = [
        path.attrib["d"]
        for path in svg.iter("{http://www.w3.org/2000/svg}path")
        if wanted.items() <= path.attrib.items()
    ]
    return [f"M{part}" for path in found for part in path.split("M")[1:]]


def boxes(svg: ElementTree.Element, **look: str) -> list[Box]:
    """Left, top, width and height of all bars that look so, but for the squares of the legend."""
    found = []
    for path in paths(svg, **look):
        if bar := re.fullmatch(r"M([-\d.]+),([-\d.]+)h([-\d.]+)v([-\d.]+)h-?[\d.]+Z", path):
            left, top, width, height = (float(part) for part in bar.groups())
            if (width, height) != (12, 12):
                found.append((left, min(top, top + height), width, abs(height)))
    return found


def base_lines(svg: ElementTree.Element) -> list[str]:
    return paths(svg, stroke="var(--quiet)")


def texts(svg: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in svg.iter("{http://www.w3.org/2000/svg}text")]


def daily(known: list[Known], window: Window = WEEK, **more: Any) -> ElementTree.Element:
    return drawn(days.by_day("views", "Views", "views", [Daily("x", known, **more)], window))


OURS = {"fill": "var(--ours)"}
COMPLETE = OURS | {"fill_opacity": "1"}
ESTIMATED = OURS | {"fill_opacity": "0.3"}
SOME_OPEN = OURS | {"fill_opacity": "0.75"}
PARTLY = OURS | {"fill_opacity": "0.6"}
OPEN = OURS | {"fill_opacity": "0", "stroke_dasharray": "2,2"}


def test_a_bar_is_as_high_as_its_day_brought_much() -> None:
    bars = boxes(daily(of_days(100, 200, 50)), **COMPLETE)
    heights = [height for _, _, _, height in bars]
    assert heights == pytest.approx([heights[1] / 2, heights[1], heights[1] / 4], abs=0.2)
    lefts = [left for left, _, _, _ in bars]
    assert lefts == sorted(lefts)
    assert lefts[2] - lefts[1] == pytest.approx(lefts[1] - lefts[0], abs=0.2)


def test_complete_estimated_and_open_days_look_different_and_the_legend_says_so() -> None:
    known = [*of_days(10, 20, 30)[:2], (on(2), 30, "estimated"), (on(3), 40, "estimated"), (on(4), 5, "open")]
    svg = daily(known)
    assert [len(boxes(svg, **look)) for look in (COMPLETE, ESTIMATED, OPEN)] == [2, 2, 1]
    assert {"complete", "estimated", "open: its end is not seen"} <= set(texts(svg))
    # Where all is complete there is nothing to explain.
    assert "complete" not in texts(daily(of_days(10, 20)))


def test_a_day_before_one_that_is_better_known_is_not_hollow_and_says_what_is_not_seen_of_it() -> None:
    known: list[Known] = [
        (on(0), 10, "complete"),
        (on(1), 20, "open"),
        (on(2), 30, "estimated"),
        (on(3), 40, "open"),
        (on(4), 50, "open"),
    ]
    svg = daily(known)
    assert [len(boxes(svg, **look)) for look in (COMPLETE, SOME_OPEN, ESTIMATED, OPEN)] == [1, 1, 1, 2]
    assert {"open in part", "open: its end is not seen"} <= set(texts(svg))
    assert "2 open and 1 open in part." in svg.attrib["aria-label"]
    # Nor is a week, a line is not dotted there, and a small bar not pale.
    year = Window(FIRST, FIRST + timedelta(364))
    assert (
        len(boxes(daily([*known[:3], *[(on(n), 1, "complete") for n in range(3, 7)]], year), **SOME_OPEN))
        == 0
    )
    assert (
        len(boxes(daily([*known[:2], *[(on(n), 1, "complete") for n in range(2, 7)]], year), **SOME_OPEN))
        == 1
    )
    line = lines.Line("we", [(n, 1, how) for n, (_, _, how) in enumerate(days.settled(known))])
    drawn_line = drawn(lines.together("a", "Views", [("x", [line])], [(0.5, "day 1")], 7))
    assert len(paths(drawn_line, stroke="var(--ours)", stroke_dasharray="2,2")) == 3
    sure, pale = ElementTree.fromstring(str(sparkline(known, WEEK, "Views")))
    assert (sure.attrib["d"].count("M"), pale.attrib["d"].count("M")) == (2, 3)


def test_posts_that_will_be_read_again_are_not_said_to_be_read_for_the_last_time() -> None:
    # Old posts are read weekly, their last day being open; young ones are read on beside them.
    week: list[Known] = [
        (on(0), 9, "complete"),
        (on(1), 5, "open"),
        (on(2), 1, "complete"),
        (on(3), 1, "open"),
    ]
    svg = daily(week)
    assert [len(boxes(svg, **look)) for look in (COMPLETE, SOME_OPEN, OPEN)] == [2, 1, 1]
    assert "last time" not in ElementTree.tostring(svg, "unicode")


def test_a_day_that_nobody_knows_has_no_bar_and_no_base_line_and_a_zero_has_its_line() -> None:
    unknown = daily(of_days(10, None, 30))
    zero = daily(of_days(10, 0, 30))
    assert len(boxes(unknown, **COMPLETE)) == 2
    assert len(base_lines(unknown)) == 2
    assert len(base_lines(zero)) == 1


def test_what_was_taken_back_stands_below_zero() -> None:
    svg = daily(of_days(100, -40, 60))
    (line,) = base_lines(svg)
    zero = float(re.findall(r"M[-\d.]+,([-\d.]+)", line)[0])
    above, below, other = boxes(svg, **COMPLETE)
    assert above[1] + above[3] == pytest.approx(other[1] + other[3]) == pytest.approx(zero, abs=0.6)
    assert below[1] == pytest.approx(zero, abs=0.6)
    assert below[3] == pytest.approx(above[3] * 0.4, abs=0.2)


def test_a_gap_is_a_band_from_its_beginning_to_its_end() -> None:
    gap = (clock(3, 12), clock(5))
    svg = daily(of_days(*[10] * 7), gaps=[gap, (clock(1) - timedelta(30), clock(1))])
    bars = boxes(svg, **COMPLETE)
    ((left, _, width, height),) = boxes(svg, fill="var(--quiet)", fill_opacity="0.2")
    a_day = bars[1][0] - bars[0][0]
    assert width == pytest.approx(1.5 * a_day, abs=0.3)
    assert left - bars[0][0] == pytest.approx(1.5 * a_day - (a_day - bars[0][2]) / 2, abs=0.3)
    assert height == days.HEIGHT
    assert "nothing was read" in texts(svg)


def test_each_panel_has_a_scale_of_its_own_and_says_its_sum() -> None:
    figure = days.by_day(
        "views", "Views", "views", [Daily("x", of_days(5, 10)), Daily("y", of_days(6_000_000))], WEEK
    )
    svg = drawn(figure)
    heights = [height for _, _, _, height in boxes(svg, **COMPLETE)]
    assert heights == pytest.approx([days.HEIGHT / 2, days.HEIGHT, days.HEIGHT], abs=0.2)
    assert {"x: 15", "y: 6M"} <= set(texts(svg))
    assert figure is not None
    assert figure.description == (
        "x: 15 views in all, most on 3 November 2026 (10). y: 6M views in all, most on 2 November 2026 (6M). "
        "11 days not known."
    )


def test_a_year_is_drawn_by_the_week_and_loses_nothing() -> None:
    year = Window(date(2026, 1, 1), date(2026, 12, 31))
    known = [(year.first + timedelta(number), number, "complete") for number in range(365)]
    known[100] = (known[100][0], 100, "estimated")
    figure = days.by_day("views", "Views", "views", [Daily("x", known)], year)
    svg = drawn(figure)
    assert len(boxes(svg, **COMPLETE)) == 52
    assert len(boxes(svg, **ESTIMATED)) == 1
    assert figure is not None
    assert figure.caption == "Views a week"
    assert "x: 66.4k" in texts(svg)
    # The last week has four days, and its bar the width of four.
    (_, _, week, _), (_, _, last, _) = boxes(svg, **COMPLETE)[-2:]
    assert last == pytest.approx(week * 4 / 7, abs=0.2)


def test_a_week_of_which_days_are_not_known_is_not_drawn_as_a_whole_one() -> None:
    year = Window(date(2026, 1, 1), date(2026, 12, 31))
    every = [(year.first + timedelta(number), 10, "complete") for number in range(365)]
    # The first twelve days there was nothing yet; then a day has no row, and one has a row without a number.
    known: list[Known] = [
        (day, None if number == 200 else value, how)
        for number, (day, value, how) in enumerate(every)
        if number >= 12 and number != 100
    ]
    figure = days.by_day("views", "Views", "views", [Daily("x", known)], year)
    svg = drawn(figure)
    assert len(boxes(svg, **PARTLY)) == 2
    assert len(boxes(svg, **COMPLETE)) == 53 - 2 - 2
    assert "some days of the week are not known" in texts(svg)
    assert figure is not None
    assert figure.description.endswith("2 days not known.")
    spark = sparkline(known, year, "Views")
    assert spark is not None
    sure, pale = ElementTree.fromstring(str(spark))
    assert (sure.attrib["d"].count("M"), pale.attrib["d"].count("M")) == (49, 2)
    assert "2 days not known" in spark
    stack = stacks.by_day("a", "Reactions", [("x", {"like": known})], year)
    assert stack is not None
    assert len(boxes(drawn(stack), fill="var(--series-1)", fill_opacity="0.6")) == 2
    assert stack.description.endswith("2 days not known.")


def test_one_of_a_thing_is_said_as_one() -> None:
    alone = days.by_day("a", "Views", "views", [Daily("x", [(FIRST, 7, "estimated")])], Window(FIRST, FIRST))
    assert alone is not None
    assert alone.description.endswith("Of 1 day drawn 1 estimated.")
    line = lines.together(
        "a", "Views", [("x", [lines.Line("we", [(0, 5, "complete")])])], [(0.5, "day 1")], 7
    )
    assert line is not None
    assert line.description == "x: we 5 in 1 day."


def test_one_day_alone_is_a_bar_and_not_a_wall() -> None:
    ((_, _, width, _),) = boxes(daily(of_days(7), Window(FIRST, FIRST)), **COMPLETE)
    assert width < 60


def test_numbers_of_axes_are_whole_and_have_units_of_people() -> None:
    assert {"0", "1"} <= set(texts(daily(of_days(1)))) <= {"0", "1", "x: 1", "2 Nov", *months()}
    assert any(text.endswith("B") for text in texts(daily(of_days(4_000_000_000))))


def months() -> set[str]:
    return {f"{on(number).day} Nov" for number in range(8)}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (940, "940"),
        (999_499, "999k"),
        (999_500, "1M"),
        (13_400_000, "13.4M"),
        (-1_234, "-1.23k"),
        (9_007_199_254_740_993, "9,010T"),
        (0.004, "0.004"),
    ],
)
def test_a_number_is_said_in_three_digits(value: float, said: str) -> None:
    assert short(value) == said


def test_a_long_name_is_cut_in_its_middle_to_the_room_there_is() -> None:
    for room in (20, 80, 200):
        assert room_of(cut(LONG, room)) <= room
    assert cut(LONG, 200).endswith("year 2019")
    assert cut("漢" * 40, 100).count("漢") < 8
    assert cut(LONG, 0) == "…"


def a_figure_of(kind: str, name: str) -> Figure | None:
    """One chart of each kind, whose every name is this."""
    surely = of_days(3, 4)
    return {
        "days": lambda: days.by_day("a", "Views", "views", [Daily(name, surely)], WEEK),
        "lines": lambda: lines.together(
            "a", "Views", [(name, [lines.Line(name, [(0, 3, "complete")])])], [(0.5, "day 1")], 7
        ),
        "bars": lambda: rows.bars("a", "Views", [(name, [rows.Bar(name, 3, "3")])]),
        "intervals": lambda: rows.intervals("a", "Reach", [rows.Interval(name, 0.2, 0.3, "20 to 30 %")]),
        "surprises": lambda: rows.surprises(
            "a", "Posts", [rows.Surprise(name, name, 30, 2.5, "12 times as many")]
        ),
        "stacks": lambda: stacks.by_day("a", "Reactions", [(name, {name: surely})], WEEK),
        "coverage": lambda: coverage.by_day("a", "Polls", [coverage.Read(name, [(FIRST, 4, 3)])], WEEK),
    }[kind]()


KINDS = ("days", "lines", "bars", "intervals", "surprises", "stacks", "coverage")


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_name_stays_text(kind: str) -> None:
    figure = a_figure_of(kind, HOSTILE)
    assert figure is not None
    for each in (figure.wide, figure.narrow):
        svg = ElementTree.fromstring(str(each))
        assert {element.tag.rpartition("}")[2] for element in svg.iter()} <= {"svg", "g", "path", "text"}
        assert not re.search(r"[\u202e\uffff\n]", str(each))
        assert "<script>alert" in svg.attrib["aria-label"]
        assert any(text.startswith(("<script>", "<scri", "<")) for text in texts(svg))
    assert "\u202e" not in figure.description


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_one_picture_with_one_sentence_and_no_ids_fonts_or_addresses(kind: str) -> None:
    figure = a_figure_of(kind, LONG)
    assert figure is not None
    for each, width in ((figure.wide, "760"), (figure.narrow, "350")):
        svg = ElementTree.fromstring(str(each))
        assert (svg.attrib["role"], svg.attrib["aria-label"]) == ("img", figure.description)
        assert svg.attrib["width"] == width
        names = {name for element in list(svg.iter())[1:] for name in element.attrib}
        assert not {
            name for name in names if name.startswith(("aria", "role", "id", "class", "href", "font-family"))
        }
        assert all(
            "#" not in value and "url(" not in value for e in svg.iter() for value in e.attrib.values()
        )


@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_is_valid_vega_lite(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes long to import, and every worker collects these tests.
    import altair

    asked: list[dict[str, Any]] = []
    draw: Callable[..., str] = vl_convert.vegalite_to_svg

    def listening(spec: dict[str, Any], **more: Any) -> str:
        asked.append(spec)
        return draw(spec, **more)

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", listening)
    a_figure_of(kind, "x")
    # At once for a phone, for a screen and for a large one.
    (spec,) = asked
    assert len(spec["vconcat"]) == 3
    altair.VConcatChart.from_dict(spec, validate=True)


def test_nothing_is_no_chart() -> None:
    assert days.by_day("a", "Views", "views", [], WEEK) is None
    assert days.by_day("a", "Views", "views", [Daily("x", of_days(None, None))], WEEK) is None
    assert lines.together("a", "Views", [("x", [lines.Line("we", [])])], [], 7) is None
    assert rows.bars("a", "Views", [("x", [rows.Bar("we", None, "not known")])]) is None
    assert rows.intervals("a", "Reach", []) is None
    assert rows.surprises("a", "Posts", []) is None
    assert stacks.by_day("a", "Reactions", [("x", {"like": of_days(None, 0)})], WEEK) is None
    assert coverage.by_day("a", "Polls", [coverage.Read("x", [(FIRST, 0, 0)])], WEEK) is None
    assert sparkline([], WEEK, "Views") is None
    assert sparkline(of_days(None), WEEK, "Views") is None


def test_lines_add_up_and_end_where_their_sums_do() -> None:
    ours = lines.Line("ours", [(0, 10, "complete"), (1, 30, "complete"), (2, 60, "estimated")])
    theirs = lines.Line("theirs", [(0, 10, "complete"), (2, 15, "complete")], drawing.SERIES[1])
    svg = drawn(lines.together("a", "Views", [("x", [ours, theirs])], [(0.5, "day 1")], 3))
    surely, dotted = (
        [
            [float(part) for part in re.findall(r"-?[\d.]+", path)]
            for path in paths(svg, stroke="var(--ours)", **look)
        ]
        for look in ({}, {"stroke_dasharray": "2,2"})
    )
    # A step is "from here, so much to the right and so much up": 10, 30 and 60 of 100.
    rises = [-step[3] for step in surely]
    assert rises == pytest.approx([104 * share for share in (0.1, 0.3, 0.6)], abs=0.2)
    assert len(dotted) == 1
    # The day that nobody knows is left out, and the next goes on from where the sum was.
    first, second = (
        [float(part) for part in re.findall(r"-?[\d.]+", path)]
        for path in paths(svg, stroke="var(--series-2)")
    )
    assert second[0] > first[0] + first[2] + 1
    assert second[1] == pytest.approx(first[1] + first[3], abs=0.2)
    assert {"ours", "theirs"} <= set(texts(svg))


def test_a_line_that_is_dotted_says_what_that_means_in_its_legend_and_its_sentence() -> None:
    def two_days(known: str) -> Figure:
        line = lines.Line("Ours", [(0, 10, "complete"), (1, 5, known)])
        figure = lines.together("together", "Together", [("X", [line])], [(0.5, "2 Nov")], 7)
        assert figure is not None
        return figure

    sure, guessed = two_days("complete"), two_days("estimated")
    assert "dotted" not in sure.description.lower()
    assert sure.looks == frozenset()
    assert "Dotted where days are estimated: 1 of 2 days." in guessed.description
    both = [lines.Line(name, [(0, 1, "complete"), (1, 5, "open")]) for name in ("Ours", "Theirs")]
    figure = lines.together("together", "Together", [("X", both)], [(0.5, "2 Nov")], 7)
    assert figure is not None
    assert "Dotted where days are open: 2 of 4 days of all lines." in figure.description
    assert guessed.looks == {"line estimated"}
    for figure, words in ((sure, []), (guessed, ["estimated"])):
        texts = drawn(figure).iter("{http://www.w3.org/2000/svg}text")
        assert [text.text for text in texts if text.text in ("estimated", "open")] == words
    # One of the two is a sample beside the word.
    assert len(paths(drawn(guessed), stroke_dasharray="2,2")) == 2
    # A day that is open of some posts alone is drawn through, and is no reason for words.
    assert two_days("some_open").looks == frozenset()


def a_page(*cells: Cell, figure: Figure | None = None, looks: frozenset[str] = frozenset()) -> Section:
    table = Table("Views", [Column("views", True)], [[cell] for cell in cells])
    return Section("days", "Days", "", [table], [figure] if figure else [], looks=looks)


def test_a_page_has_words_for_every_mark_that_it_has_and_for_no_other() -> None:
    assert key_of([a_page(Cell("1")), a_page()], [Headline("Views", "1", "")]) == []
    figure = days.by_day("daily", "Views", "views", [Daily("X", of_days(3, 4))], WEEK)
    assert key_of([a_page(Cell("1"), figure=figure)], []) == []

    figure = days.by_day("daily", "Views", "views", [Daily("X", of_days(3, 4, known="estimated"))], WEEK)
    (pale,) = key_of([a_page(Cell("1"), figure=figure)], [])
    assert (pale.sign, len(pale.samples)) == ("", 1)
    assert pale.said.startswith("estimated (faint bar): ")
    (sign,) = key_of([a_page(Cell("1"))], [Headline("Views", "1", "", "~")])
    assert (sign.sign, sign.samples) == ("~", [])
    assert sign.said.startswith("estimated: ")

    everything = key.named(key.BAR, [*days.LOOKS, "gap"]) | key.named(key.LINE, ["estimated", "open"])
    found = key_of([a_page(Cell("1", "…"), Cell("·"), looks=everything)], [])
    assert [(each.sign, each.said.split(":")[0]) for each in found] == [
        ("", "estimated (faint bar, dotted line)"),
        ("…", "open (hollow bar, dotted line)"),
        ("…", "open in part (bar a shade fainter)"),
        ("", "part of a week (bar with a broken edge)"),
        ("", "gap (grey band)"),
        ("·", "not known, which is not 0"),
    ]
    # Drawn a shade fainter or not: the tables' sign is that of a day that is open.
    some = key.named(key.BAR, ["some_open"])
    assert [each.sign for each in key_of([a_page(looks=some)], [])] == [""]
    assert [each.sign for each in key_of([a_page(Cell("12", "…"), looks=some)], [])] == ["…", "…"]
    assert [each.sign for each in key_of([a_page(Cell("12", "…"))], [])] == ["…"]


@pytest.mark.parametrize(
    ("bars", "called"),
    [
        ([], ["estimated (faint small bar)", "open (faint small bar)", "part of a week (faint small bar)"]),
        (
            ["estimated", "open", "partly"],
            [
                # Faint is what the large bar is called already.
                "estimated (faint bar)",
                "open (hollow bar, faint small bar)",
                "part of a week (bar with a broken edge, faint small bar)",
            ],
        ),
    ],
)
def test_a_small_bar_that_is_faint_has_words_wherever_the_large_one_looks_otherwise(
    bars: list[str], called: list[str]
) -> None:
    looks = key.named(key.BAR, bars) | key.named(key.SMALL, ["estimated", "open", "partly"])
    assert [each.said.split(":")[0] for each in key_of([a_page(looks=looks)], [])] == called


def test_the_samples_of_the_key_look_as_the_bars_do_and_say_nothing_themselves() -> None:
    looks = key.named(key.BAR, days.LOOKS[1:])
    for each, known in zip(
        key_of([a_page(looks=looks)], []), ("estimated", "open", "some_open", "partly"), strict=True
    ):
        (sample,) = each.samples
        svg = ElementTree.fromstring(str(sample))
        assert svg.attrib["aria-hidden"] == "true"
        (path,) = svg
        look = drawing.LOOKS[known]
        assert path.attrib["fill-opacity"] == str(look["fillOpacity"])
        assert path.attrib["stroke"] == path.attrib["fill"] == drawing.OURS
        assert path.attrib.get("stroke-dasharray", "") == ",".join(map(str, look.get("strokeDash", ())))


def test_the_names_of_eight_lines_do_not_meet() -> None:
    sides = [lines.Line(f"side {number}", [(0, 100 + number, "complete")]) for number in range(8)]
    svg = drawn(lines.together("a", "Views", [("x", sides)], [(0.5, "day 1")], 7))
    names = [
        float(re.findall(r"[-\d.]+", each.attrib["transform"])[1])
        for each in svg.iter("{http://www.w3.org/2000/svg}text")
        if (each.text or "").startswith("side ")
    ]
    assert len(names) == 8
    assert all(below - above >= 12 for above, below in pairwise(names))


def test_a_name_that_has_no_room_at_its_line_stands_whole_above_all_lines_with_the_lines_number() -> None:
    campaigns = [
        lines.Line(f"UK general election {year}", [(0, year, "complete")], "#777777") for year in (2017, 2019)
    ]
    figure = lines.together("a", "Retweets", [("x", campaigns), ("y", campaigns)], [(0.5, "day 1")], 7)
    assert figure is not None
    for each in (figure.wide, figure.narrow):
        found = texts(ElementTree.fromstring(str(each)))
        assert [text for text in found if "…" in text] == []
        named = [text for text in found if "election" in text]
        assert named == ["1 UK general election 2017", "2 UK general election 2019"]
        # The line of more ends higher, in each panel, also where both have one colour.
        assert [text for text in found if text in ("1", "2")] == ["2", "1"] * 2


@pytest.mark.parametrize("total", [3, 61, 86_000_000, 999_999])
def test_a_line_ends_at_or_below_the_highest_of_at_least_three_ticks(total: int) -> None:
    line = lines.Line("we", [(0, total, "complete")])
    svg = drawn(lines.together("a", "Views", [("x", [line])], [(0.5, "day 1")], 7))
    ticks = [
        float(re.findall(r"[-\d.]+", each.attrib["transform"])[1])
        for each in svg.iter("{http://www.w3.org/2000/svg}text")
        if re.fullmatch(r"[\d.]+[kM]?", each.text or "")
    ]
    ((_, top, _, rise),) = (
        [float(part) for part in re.findall(r"-?[\d.]+", path)] for path in paths(svg, stroke="var(--ours)")
    )
    assert len(ticks) >= 3
    # The baseline of a tick's word lies four pixels below its line.
    assert top + rise >= min(ticks) - 4.5


def test_ticks_are_named_on_low_charts_too() -> None:
    assert {"0", "2M", "4M", "6M"} <= set(texts(daily(of_days(4_500_000))))


def test_bars_share_a_scale_where_they_are_asked_to() -> None:
    panels = [
        ("one", [rows.Bar("a", 100, "100")]),
        ("two", [rows.Bar("a", 25, "25"), rows.Bar("b", None, "?")]),
    ]
    apart = boxes(drawn(rows.bars("a", "Views", panels)), **OURS)
    alike = boxes(drawn(rows.bars("a", "Views", panels, on_one_scale=True)), **OURS)
    assert [width for _, _, width, _ in apart] == [350, 350]
    assert [width for _, _, width, _ in alike] == pytest.approx([350, 87.5])


def test_an_interval_reaches_from_its_low_to_its_high_end_also_beyond_a_hundred_per_cent() -> None:
    inside = rows.intervals("a", "Reach", [rows.Interval("all", 0.5, 0.75, "50 to 75 %")])
    ((left, _, width, _),) = boxes(drawn(inside), **OURS)
    assert (left, width) == pytest.approx((338 * 0.5, 338 * 0.25), abs=0.2)
    beyond = rows.intervals("a", "Reach", [rows.Interval("few", 1.5, 2, "150 to 200 %")])
    ((left, _, width, _),) = boxes(drawn(beyond), **OURS)
    assert (left, width) == pytest.approx((338 * 0.75, 338 * 0.25), abs=0.2)
    assert "200%" in texts(drawn(beyond))


def test_what_came_lies_right_of_what_was_expected_by_powers_of_ten_that_are_named() -> None:
    post = rows.Surprise("post", "site", 1_000_000, 10_000.0, "100 times as many")
    low = rows.Surprise("other", "site", 100_000, 1_000.0, "100 times as many")
    svg = drawn(rows.surprises("a", "Posts", [post, low]))
    ways = [
        [float(part) for part in re.findall(r"-?[\d.]+", way)]
        for way in paths(svg, stroke="var(--ours)", stroke_width="3")
    ]
    assert [way[0] for way in ways] == pytest.approx([338 / 3, 0], abs=0.2)
    assert [way[2] for way in ways] == pytest.approx([338 * 2 / 3] * 2, abs=0.2)
    assert {"1k", "10k", "100k", "1M"} <= set(texts(svg))
    ticks = [path for path in paths(svg, stroke="var(--line)") if path.endswith("l0,18")]
    assert len(ticks) == 2 * 4
    # Nothing was expected, and nothing came: still a row.
    assert rows.surprises("a", "Posts", [rows.Surprise("post", "site", 0, 0.0, "0")]) is not None


def test_where_a_post_is_from_is_never_cut_and_names_have_a_line_of_their_own_on_a_phone() -> None:
    title = "If you're not sure who to vote for, watch this"
    said = "60.7k, 20.9 times as many"
    figure = rows.surprises("a", "Posts", [rows.Surprise(title, "@handle, Site", 60_700, 2_900.0, said)])
    assert figure is not None
    assert {title, "@handle, Site", said} <= set(texts(drawn(figure)))
    assert f"{title}, @handle, Site" in texts(ElementTree.fromstring(str(figure.wide)))


def test_a_name_stands_whole_above_its_number_where_there_is_no_room_beside_it() -> None:
    bar = rows.Bar("UK general election 2019", 3, "57.9k a day (2.61M in 45 days)")
    assert {bar.name, bar.said} <= set(texts(drawn(rows.bars("a", "Retweets", [("@we", [bar])]))))


@pytest.mark.parametrize("many", [1, 2, 3])
def test_up_to_three_panels_stand_in_a_row_and_fill_it_where_there_is_room(many: int) -> None:
    panels = [Daily(name, of_days(*[1] * 7)) for name in "abc"[:many]]
    figure = days.by_day("a", "Views", "views", panels, WEEK)
    assert figure is not None
    svg = ElementTree.fromstring(str(figure.widest))
    groups = [group for group in svg if group.tag.endswith("}g")]
    places = [re.findall(r"[-\d.]+", group.attrib["transform"]) for group in groups]
    assert len(places) == many
    assert len({top for _, top in places}) == 1
    last = max(left + width for left, _, width, _ in boxes(svg, **COMPLETE))
    assert float(places[-1][0]) + last == pytest.approx(drawing.WIDEST - days.MARGINS.right, abs=20)


def test_reactions_stack_up_and_those_taken_back_hang_below() -> None:
    parts = {"like": of_days(60, 30), "love": of_days(30, -10), "wow": of_days(10, None)}
    svg = drawn(stacks.by_day("a", "Reactions", [("x", parts)], Window(FIRST, on(6))))
    like, love, wow = (boxes(svg, fill=f"var(--series-{number})", fill_opacity="1") for number in (1, 2, 3))
    unit = like[0][3] / 60
    assert [height for *_, height in (*like, *love, *wow)] == pytest.approx(
        [60 * unit, 30 * unit, 30 * unit, 10 * unit, 10 * unit], abs=0.2
    )
    assert love[0][1] + love[0][3] == pytest.approx(like[0][1], abs=0.2)
    assert wow[0][1] + wow[0][3] == pytest.approx(love[0][1], abs=0.2)
    assert love[1][1] == pytest.approx(like[1][1] + like[1][3], abs=0.2)
    assert [text for text in texts(svg) if text in parts] == ["like", "love", "wow"]


def test_what_has_no_colour_of_its_own_is_put_together() -> None:
    parts = {f"type {number}": of_days(100 - number) for number in range(12)}
    figure = stacks.by_day("a", "Reactions", [("x", parts)], WEEK)
    svg = drawn(figure)
    assert stacks.OTHERS in texts(svg)
    assert "type 6" in texts(svg)
    assert "type 7" not in texts(svg)
    assert "x: 1.13k" in texts(svg)


def test_a_strip_is_as_full_as_polls_were_got() -> None:
    read = coverage.Read("x", [(on(0), 4, 4), (on(1), 4, 1), (on(2), 0, 0), (on(3), 4, 0)])
    figure = coverage.by_day("a", "Polls", [read], WEEK)
    svg = drawn(figure)
    due = boxes(svg, fill="var(--nobodys)", fill_opacity="0.15")
    got = [box for box in boxes(svg, fill="var(--nobodys)") if box not in due]
    assert [height for *_, height in got] == [40, 10, 0]
    assert [height for *_, height in due] == [0, 30, 40]
    assert figure is not None
    assert figure.description == "x: 41.7 % of the polls due were got, least on 5 November 2026 (0.0 %)."
    assert "x: 41.7 %" in texts(svg)


@pytest.mark.parametrize(
    ("due", "got", "said"), [(1000, 517, "51.7 %"), (10_000, 9_999, "99.9 %"), (7, 7, "100.0 %")]
)
def test_a_share_of_polls_is_said_as_its_table_has_it(due: int, got: int, said: str) -> None:
    svg = drawn(coverage.by_day("a", "Polls", [coverage.Read("x", [(FIRST, due, got)])], WEEK))
    assert f"x: {said}" in texts(svg)


def test_a_sparkline_has_a_bar_a_known_day_and_pales_where_it_is_not_sure() -> None:
    known = [*of_days(10, None, 0, -5), (on(4), 7, "estimated"), (on(5), 3, "open")]
    spark = sparkline(known, WEEK, "Views")
    assert spark is not None
    svg = ElementTree.fromstring(str(spark))
    sure, pale = svg
    assert (sure.attrib["d"].count("M"), pale.attrib["d"].count("M")) == (3, 2)
    assert "fill-opacity" in pale.attrib
    heights = [float(part) for part in re.findall(r"v([\d.]+)h", sure.attrib["d"])]
    assert heights[0] + heights[2] == pytest.approx(HEIGHT, abs=0.2)
    assert 0 < heights[1] < 1
    assert svg.attrib["aria-label"] == "Views a day, most on 2 November 2026: 10; 2 days not known"


def test_the_same_numbers_give_the_same_picture_whatever_the_machines_clock() -> None:
    program = (
        "import hashlib\n"
        "from tests.flows.test_charts import KINDS, a_figure_of\n"
        "figures = [a_figure_of(kind, 'x') for kind in KINDS]\n"
        "print(hashlib.sha256(repr(figures).encode()).hexdigest())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "Pacific/Auckland")
    }
    assert len(said) == 1
