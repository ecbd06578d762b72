"""Numbers, ids, days and moments are read for certain, or refused with a cure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.exports.cells import (
    Calendar,
    Mark,
    are_rounded,
    day,
    identifier,
    moment,
    order_of,
    whole_number,
)
from connectors.exports.mistakes import CellError
from connectors.exports.rows import made_at

NEW_YORK = Calendar(zone=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("cell", "thousands", "number"),
    [
        ("0", None, 0),
        (" 1234 ", None, 1234),
        ("1,234", ",", 1234),
        ("1.234", ".", 1234),
        ("1,234,567", ".", 1234567),
        ("1.234.567", ",", 1234567),
        ("1 234", None, 1234),
        ("1\u202f234\u202f567", None, 1234567),
        ("12\u00a0345", ".", 12345),
        ("1’234", None, 1234),
        ("1203.0", ",", 1203),
        ("424.00", ",", 424),
        ("424,0", ".", 424),
        ("1,234.0", ",", 1234),
        ("1.234,00", ".", 1234),
    ],
)
def test_whole_numbers_are_read_as_platforms_and_spreadsheets_write_them(
    cell: str, thousands: Mark | None, number: int
) -> None:
    assert whole_number(cell, thousands) == number


@pytest.mark.parametrize("cell", ["", "  ", "-", "–", "N/A", "nan", "NULL"])
def test_a_cell_that_tells_nothing_is_no_zero(cell: str) -> None:
    assert whole_number(cell, ",") is None


@pytest.mark.parametrize(
    ("cell", "thousands", "says"),
    [
        ("1,234", ".", "may mean"),
        ("1,234", None, "may mean"),
        ("1.234", ",", "may mean"),
        ("1,000", ".", "may mean"),
        ("1.5", ",", "may mean"),
        ("12,34,567", ",", "may mean"),
        ("1.2K", ",", "rounded"),
        ("3M", ",", "rounded"),
        ("1.23E+17", ",", "lost its last digits"),
        ("-5", ",", "below 0"),
        ("12%", ",", "no number"),
        ("=1+1", ",", "no number"),
        ("9" * 20, ",", "more than any platform counts"),
        ("٣", ",", "no number"),
    ],
)
def test_a_number_of_two_meanings_or_none_is_refused(cell: str, thousands: Mark | None, says: str) -> None:
    with pytest.raises(CellError, match=says) as refused:
        whole_number(cell, thousands)
    assert refused.value.cure


@pytest.mark.parametrize("cell", ["1.23E+17", "1,78651E+18", "1786512345678901234.0", "", "abc", "12 34"])
def test_an_id_that_a_spreadsheet_has_been_at_is_refused(cell: str) -> None:
    with pytest.raises(CellError):
        identifier(cell)


def test_ids_that_all_end_in_zeros_were_rounded() -> None:
    assert are_rounded(["1786512345678900000", "1786512345678950000"])
    assert not are_rounded(["1786512345678900000", "1786512345678901234"])
    assert not are_rounded(["222", "333"])


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        # The hour that New York's clocks show twice on 3 November 2019.
        ("2019-11-03 01:30:00 EDT", datetime(2019, 11, 3, 5, 30, tzinfo=UTC)),
        ("2019-11-03 01:30:00 EST", datetime(2019, 11, 3, 6, 30, tzinfo=UTC)),
        ("2021-07-06 16:45:20 EDT", datetime(2021, 7, 6, 20, 45, 20, tzinfo=UTC)),
        ("2015-09-30 18:42 +0000", datetime(2015, 9, 30, 18, 42, tzinfo=UTC)),
        ("2024-01-14 09:15:26 NZDT", datetime(2024, 1, 13, 20, 15, 26, tzinfo=UTC)),
        ("2019-11-20T12:00:00Z", datetime(2019, 11, 20, 12, tzinfo=UTC)),
        ("2019-11-20T12:00:00.123-05:00", datetime(2019, 11, 20, 17, tzinfo=UTC)),
        ("11/20/2019 09:00", datetime(2019, 11, 20, 14, tzinfo=UTC)),
        ("11/20/2019 9:00 PM", datetime(2019, 11, 21, 2, tzinfo=UTC)),
        ("20.11.2019 09:00", datetime(2019, 11, 20, 14, tzinfo=UTC)),
        ("07/20/2019 09:00", datetime(2019, 7, 20, 13, tzinfo=UTC)),
    ],
)
def test_moments_are_read_with_their_stamp_or_in_the_zone_given(cell: str, at: datetime) -> None:
    assert moment(cell, NEW_YORK) == at


@pytest.mark.parametrize(
    ("cell", "calendar", "says"),
    [
        ("11/20/2019 09:00", Calendar(), "names no time zone"),
        ("11/03/2019 01:30", NEW_YORK, "comes twice in America/New_York"),
        ("03/10/2019 02:30", NEW_YORK, "comes never in America/New_York"),
        ("2019-07-01 12:00 BST", Calendar(), "means several zones"),
        ("2019-13-01 12:00", NEW_YORK, "no day of the calendar"),
        ("43789.5", NEW_YORK, "is no moment"),
        ("2019-11-20 25:00", NEW_YORK, "is no moment"),
        ("2019-11-20", NEW_YORK, "is no moment"),
        ("20/11/2019 09:00", NEW_YORK, "no day of the calendar"),
    ],
)
def test_a_moment_that_is_not_certain_is_refused(cell: str, calendar: Calendar, says: str) -> None:
    with pytest.raises(CellError, match=says):
        moment(cell, calendar)


def test_a_stamp_of_several_meanings_is_that_of_the_zone_given() -> None:
    london = Calendar(zone=ZoneInfo("Europe/London"))
    assert moment("2019-07-01 12:00 BST", london) == datetime(2019, 7, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    ["Tue, Mar 10, 2026", "Mar 10, 2026", "2026-03-10", "2026-03-10T00:00:00", "03/10/2026", "10.03.2026"],
)
def test_days_are_read_as_the_platforms_write_them(cell: str) -> None:
    assert day(cell, Calendar()) == date(2026, 3, 10)


@pytest.mark.parametrize("cell", ["Di, 10. März 2026", "2026-03-10T05:00:00", "2026-02-30", ""])
def test_what_is_no_day_is_refused(cell: str) -> None:
    with pytest.raises(CellError):
        day(cell, Calendar())


def test_the_month_is_first_unless_the_file_shows_otherwise() -> None:
    assert order_of(["03/04/2026 10:00", "11/20/2026 10:00"]) == "month first"
    assert order_of(["03/04/2026 10:00", "20/11/2026 10:00"]) == "day first"
    with pytest.raises(CellError, match="month first and the day first"):
        order_of(["20/11/2026 10:00", "11/20/2026 10:00"])


@pytest.mark.parametrize(
    ("post", "minute"),
    [
        # As X Analytics showed these two posts.
        ("649293177409679360", "2015-09-30 18:42"),
        ("1226928883355791360", "2020-02-10 18:00"),
    ],
)
def test_an_x_post_tells_by_its_number_when_it_was_made(post: str, minute: str) -> None:
    at = made_at(post)
    assert at is not None
    assert f"{at:%Y-%m-%d %H:%M}" == minute


def test_an_early_x_post_does_not() -> None:
    assert made_at("20") is None
