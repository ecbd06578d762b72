"""Files are read in whatever encoding and with whatever delimiter they come, and refused where they are
broken.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.exports.files import ReceivedFile
from connectors.exports.judging import Judgement, Options, judge
from connectors.exports.mistakes import NotAnExport
from tests.exports.samples import (
    BUSINESS_SUITE_FACEBOOK,
    CROWDTANGLE_FACEBOOK,
    X_CONTENT,
    content_row,
    crowdtangle_row,
    table,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OPTIONS = Options(observed_at=datetime(2019, 11, 22, tzinfo=UTC))
TEXT = 'Für „unser“ Wasser\nsagt er "Ja", und\r\nmehr; noch mehr'
POST = 1197072400000000001

Judged = Callable[[bytes], tuple[Judgement, list[dict[str, object]]]]


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Judges the bytes of a file."""

    def judged_(content: bytes) -> tuple[Judgement, list[dict[str, object]]]:
        path = tmp_path / "content.csv"
        path.write_bytes(content)
        with ReceivedFile(path) as file:
            judgement = judge(file, OPTIONS, NOW)
            chunks = list(judgement.chunks())
        return judgement, [dict(row) for chunk in chunks for row in chunk.rows]

    return judged_


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("cp1252", b""),
    ],
)
def test_every_encoding_and_delimiter_says_the_same(
    judged: Judged, delimiter: str, encoding: str, mark: bytes
) -> None:
    text = table(X_CONTENT, content_row(POST, Post_text=TEXT), delimiter=delimiter)
    judgement, (row,) = judged(mark + text.encode(encoding))
    assert row["text"] == TEXT
    assert row["names"] == [str(POST)]
    assert row["counters"] == {
        "impression_count": 900,
        "like_count": 10,
        "reply_count": 1,
        "retweet_count": 7,
    }
    assert judgement.file.delimiter == delimiter
    assert judgement.file.encoding in (encoding, "utf-8-sig")


def test_a_first_line_may_name_the_delimiter(judged: Judged) -> None:
    text = "sep=;\r\n" + table(X_CONTENT, content_row(POST), delimiter=";")
    assert judged(text.encode())[0].records == 1


def test_the_lines_are_kept_as_they_came(judged: Judged, tmp_path: Path) -> None:
    text = table(X_CONTENT, content_row(POST, Post_text=TEXT), content_row(POST + 1))
    judged(text.encode())
    with ReceivedFile(tmp_path / "content.csv") as file:
        judgement = judge(file, OPTIONS, NOW)
        (chunk,) = judgement.chunks()
    assert judgement.header_lines + chunk.lines == text


def test_a_mark_of_thousands_is_refused_where_semicolons_part_the_cells(judged: Judged) -> None:
    text = table(X_CONTENT, content_row(POST, Impressions="1,234"), delimiter=";")
    with pytest.raises(NotAnExport, match=r'line 2, column "Impressions": "1,234" may mean'):
        judged(text.encode())


def test_mistakes_name_the_line_on_which_the_record_begins(judged: Judged) -> None:
    rows = [content_row(POST, Post_text="one\ntwo\nthree"), content_row(POST + 1, Likes="1.2K")]
    with pytest.raises(NotAnExport, match=r'content\.csv, line 5, column "Likes": "1.2K" is rounded'):
        judged(table(X_CONTENT, *rows).encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file has no header"),
        (b"PK\x03\x04....", "workbook or an archive"),
        (b"\xff\xfea", "no text in UTF-8, UTF-16 or Windows-1252"),
        (b"Post id\x81\x8d\n", "no text in UTF-8, UTF-16 or Windows-1252"),
        (b'Post id,"Date\n', "quotation mark that is not closed"),
        (b"a,b\n1,2\n", "no known export has this header"),
        (b"x," * 99_999 + b"x\n", "the header has 100,000 columns"),
        (b"x" * 5_000_000, "more than 4,194,304 characters"),
        (b"sep=|\na|b\n", "the cells are parted by"),
        ((",".join(X_CONTENT) + "\n").encode(), "a header and no rows"),
        ((",".join(X_CONTENT) + "\n1,2,3\n").encode(), "line 2: 3 cells under 17 columns"),
    ],
)
def test_a_broken_file_is_refused_in_one_line_with_its_cure(
    judged: Judged, content: bytes, says: str
) -> None:
    with pytest.raises(NotAnExport, match=says) as refused:
        judged(content)
    for mistake in refused.value.mistakes:
        assert str(mistake).startswith("content.csv")
        assert "; " in str(mistake)
        assert "\n" not in str(mistake)
        assert len(str(mistake)) < 1000


def test_text_over_several_lines_that_never_ends_is_told_where_it_begins(judged: Judged) -> None:
    broken = table(X_CONTENT, content_row(POST)) + '9,"Wed, Nov 20, 2019","never\nends\n' + "more\n" * 10
    with pytest.raises(NotAnExport, match="line 3: the record that begins here cannot be read"):
        judged(broken.encode())


def test_an_unknown_header_names_the_nearest_export_and_what_differs(judged: Judged) -> None:
    header = [("Followers gained" if name == "Reposts" else name) for name in X_CONTENT]
    header[header.index("Post Link")] = "Address"
    with pytest.raises(NotAnExport) as refused:
        judged(table(header, {"Post id": POST}).encode())
    said = str(refused.value)
    assert "the nearest is X Analytics, content" in said
    assert '"Post Link" missing' in said
    assert '"Address", "Followers gained" not known' in said


def test_a_column_under_two_names_is_refused(judged: Judged) -> None:
    header = [*BUSINESS_SUITE_FACEBOOK, "Visningar"]
    with pytest.raises(NotAnExport, match='"Views" there twice'):
        judged(table(header, {"Post ID": "1"}).encode())


def test_every_mistake_of_a_file_is_told_up_to_a_number(judged: Judged) -> None:
    rows = [content_row(POST + number, Likes="x", Replies="y") for number in range(30)]
    with pytest.raises(NotAnExport) as refused:
        judged(table(X_CONTENT, *rows).encode())
    assert len(refused.value.mistakes) == 20


def test_a_large_file_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "2019-11-22-07-00-00-EST-Historical-Report-a.csv"
    rows = [
        crowdtangle_row(URL=f"https://www.facebook.com/111/posts/{number}", Message="water " * 1000)
        for number in range(1000)
    ]
    path.write_text(table(CROWDTANGLE_FACEBOOK, *rows), encoding="utf-8")
    size = path.stat().st_size
    assert size > 5_000_000
    del rows
    tracemalloc.start()
    with ReceivedFile(path) as file:
        assert judge(file, Options(), NOW).posts == 1000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size / 5
