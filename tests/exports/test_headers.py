"""Known exports are known by their headers, and what each column becomes is in the dictionary."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.exports.files import ReceivedFile
from connectors.exports.headers import Export, compared, exports, nearest, series
from connectors.exports.judging import Options, judge
from connectors.exports.mistakes import NotAnExport
from tests.exports import samples
from warehouse.build import DICTIONARY

NOW = datetime(2026, 11, 1, tzinfo=UTC)
EXPORTED_AT = datetime(2019, 12, 1, tzinfo=UTC)
PACIFIC = ZoneInfo("America/Los_Angeles")
HEADERS = {
    "business-suite-facebook": samples.BUSINESS_SUITE_FACEBOOK,
    "business-suite-instagram": samples.BUSINESS_SUITE_INSTAGRAM,
    "x-tweets": samples.X_TWEETS,
    "x-tweet-days": samples.X_TWEET_DAYS,
    "x-content": samples.X_CONTENT,
    "x-overview": samples.X_OVERVIEW,
    "crowdtangle-facebook": samples.CROWDTANGLE_FACEBOOK,
    "crowdtangle-instagram": samples.CROWDTANGLE_INSTAGRAM,
}

Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """What a file says, row by row."""

    def rows_(text: str, options: Options, name: str = "export.csv") -> list[dict[str, Any]]:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with ReceivedFile(path) as file:
            return [dict(row) for chunk in judge(file, options, NOW).chunks() for row in chunk.rows]

    return rows_


@pytest.mark.parametrize("export_id", HEADERS)
def test_every_known_export_is_known_by_its_whole_header(export_id: str) -> None:
    header = nearest(HEADERS[export_id])
    assert header.export.id == export_id
    assert header.is_whole
    assert header.unknown == ()


def test_every_known_export_has_a_header_here() -> None:
    assert {export.id for export in exports()} == set(HEADERS)


@pytest.mark.parametrize(
    ("was", "became"),
    [("likes", "favorites"), ("Tweet id", "TWEET  ID"), ("promoted likes", "promoted favorites")],
)
def test_columns_of_other_years_are_the_same_columns(was: str, became: str) -> None:
    header = nearest([became if name == was else name for name in samples.X_TWEETS])
    assert header.export.id == "x-tweets"
    assert header.is_whole
    assert was in header.places


@pytest.mark.parametrize("export", exports(), ids=lambda export: export.id)
def test_other_names_and_required_columns_are_columns_of_the_export(export: Export) -> None:
    columns = {*export.columns, *export.counters, *export.days}
    assert set(export.also.values()) <= columns
    assert {*export.required, *export.one_of} <= {*columns, *export.unread}
    assert not {compared(name) for name in export.unread} & {compared(name) for name in columns}
    assert set(export.organic) <= set(export.counters.values())


def test_everything_that_an_export_tells_is_in_the_dictionary() -> None:
    defined = {
        (row["platform"], row["native_name"])
        for path in DICTIONARY.glob("*.csv")
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    }
    told = {(export.platform, metric) for export in exports() for metric in export.metrics}
    told |= {
        (platform, each.metric)
        for each in series().values()
        for platform in ([each.platform] if each.platform else ["facebook", "instagram"])
    }
    assert told - defined == set()


def test_a_swedish_and_a_german_header_are_known() -> None:
    swedish = ["Publicerings-id", "Sid-id", "Sidnamn", "Titel", "Publiceringstid", "Permalänk", "Visningar"]
    assert nearest(swedish).export.id == "business-suite-facebook"
    german = [
        "Beitrags-ID",
        "Konto-ID",
        "Veröffentlichungszeitpunkt",
        "Permalink",
        "Aufrufe",
        "„Gefällt mir“-Angaben",
    ]
    assert nearest(german).export.id == "business-suite-instagram"
    assert nearest(swedish).is_whole
    assert nearest(german).is_whole


def test_facebook_posts_of_the_business_suite_are_named_as_the_api_names_them(rows: Rows) -> None:
    text = samples.table(samples.BUSINESS_SUITE_FACEBOOK, samples.facebook_row(Reach=""))
    post, page = rows(text, Options(EXPORTED_AT, PACIFIC))
    assert post["names"] == ["111_222", "ourpage/222"]
    assert post["created_at"] == "2019-11-20T17:00:00+00:00"
    assert post["counters"] == {"post_media_view": 500, "reactions": 40, "comments": 5, "shares": 6}
    assert page["object_type"] == "account"
    assert page["names"] == ["111"]


def test_an_address_with_a_token_or_of_a_reel_is_another_name_of_the_post(rows: Rows) -> None:
    links = ("https://www.facebook.com/ourpage/posts/pfbidAbc1", "https://www.facebook.com/reel/987/")
    text = samples.table(
        samples.BUSINESS_SUITE_FACEBOOK, *(samples.facebook_row(Permalink=link) for link in links)
    )
    posts = [
        row["names"] for row in rows(text, Options(EXPORTED_AT, PACIFIC)) if row["object_type"] == "post"
    ]
    assert posts == [["111_222", "pfbidAbc1", "ourpage/222"], ["111_222", "987"]]


def test_rows_of_a_day_are_values_of_the_day_and_no_counters(rows: Rows) -> None:
    header = [*(name for name in samples.BUSINESS_SUITE_FACEBOOK if name != "Views"), "3-Second Video Views"]
    cells = samples.facebook_row(Date="11/21/2019") | {"3-Second Video Views": 77}
    del cells["Views"]
    post = rows(samples.table(header, cells), Options(EXPORTED_AT, PACIFIC))[0]
    assert "counters" not in post
    assert {(each["metric"], each["day"], each["value"]) for each in post["periods"]} == {
        ("business_suite_reactions/day", "2019-11-21", 40),
        ("business_suite_comments/day", "2019-11-21", 5),
        ("business_suite_shares/day", "2019-11-21", 6),
        ("post_video_views/day", "2019-11-21", 77),
    }


def test_instagram_posts_are_named_by_the_apis_number_and_the_short_code(rows: Rows) -> None:
    cells = {
        "Post ID": "18182686576415017",
        "Account ID": "17841403398239763",
        "Account username": "ours",
        "Publish time": "09/24/2019 15:30",
        "Permalink": "https://www.instagram.com/p/Ddr9jGEmLMp/",
        "Date": "Lifetime",
        "Views": 99,
        "Likes": 4,
        "Saves": 0,
    }
    text = samples.table(samples.BUSINESS_SUITE_INSTAGRAM, cells)
    post, account = rows(text, Options(EXPORTED_AT, PACIFIC))
    assert post["names"] == ["18182686576415017", "Ddr9jGEmLMp"]
    assert post["counters"] == {"view_count": 99, "like_count": 4, "saved_count": 0}
    assert account["handle"] == "ours"
    of_a_day = samples.table(samples.BUSINESS_SUITE_INSTAGRAM, cells | {"Date": "09/25/2019"})
    with pytest.raises(NotAnExport, match="days of Instagram posts are no known export"):
        rows(of_a_day, Options(EXPORTED_AT, PACIFIC))


def test_crowdtangle_adds_up_the_reactions_and_names_its_own_views(rows: Rows) -> None:
    text = samples.table(samples.CROWDTANGLE_FACEBOOK, samples.crowdtangle_row())
    post, page = rows(text, Options(EXPORTED_AT))
    assert post["names"] == ["111_222"]
    assert post["created_at"] == "2019-11-20T09:00:00+00:00"
    assert post["counters"]["reactions"] == 1000 + 10 + 5 + 4 + 3 + 2 + 1
    assert post["counters"]["reactions_like"] == 1000
    assert post["counters"]["crowdtangle_post_views"] == 12000
    assert "post_video_views" not in post["counters"]
    # The Page had these followers when the post was made.
    assert page["counters"] == {"followers_count": 1050000}
    assert page["observed_at"] == post["created_at"]


def test_reactions_of_which_one_is_not_told_are_not_added_up(rows: Rows) -> None:
    text = samples.table(samples.CROWDTANGLE_FACEBOOK, samples.crowdtangle_row(Angry=""))
    assert "reactions" not in rows(text, Options(EXPORTED_AT))[0]["counters"]


def test_the_header_of_2019_is_read_alike(rows: Rows) -> None:
    cells = samples.crowdtangle_row()
    cells["Created"] = cells.pop("Post Created")
    for name in ("Care",):
        del cells[name]
    post, _ = rows(samples.table(samples.CROWDTANGLE_FACEBOOK_2019, cells), Options(EXPORTED_AT))
    assert post["counters"]["reactions"] == 1000 + 10 + 5 + 4 + 3 + 2


def test_promoted_tweets_are_read_as_organic(rows: Rows) -> None:
    tweet = {
        "Tweet id": "1226928883355791360",
        "Tweet permalink": "https://twitter.com/ours/status/1226928883355791360",
        "time": "2020-02-10 18:00 +0000",
        "impressions": "1203.0",
        "retweets": "4.0",
        "promoted impressions": "-",
    }
    later = Options(datetime(2020, 3, 1, tzinfo=UTC))
    (plain,) = rows(samples.table(samples.X_TWEETS, tweet), later)
    (promoted,) = rows(samples.table(samples.X_TWEETS, tweet | {"promoted impressions": "50.0"}), later)
    assert plain["counters"] == {"impression_count": 1203, "retweet_count": 4}
    assert promoted["counters"] == {"organic_impression_count": 1203, "organic_retweet_count": 4}


def test_an_id_that_is_not_the_addresss_was_rounded(rows: Rows) -> None:
    row = samples.content_row("1197072400000000000") | {
        "Post Link": "https://x.com/a/status/1197072400000000001"
    }
    with pytest.raises(NotAnExport, match="a spreadsheet has rounded it"):
        rows(samples.table(samples.X_CONTENT, row), Options(EXPORTED_AT))


def test_days_of_an_account_need_the_account(rows: Rows) -> None:
    text = samples.table(
        samples.X_OVERVIEW,
        {"Date": "Sat, Nov 30, 2019", "Impressions": "2,871", "Reposts": 3, "New follows": ""},
        {"Date": "Sun, Dec 1, 2019", "Impressions": 2},
    )
    with pytest.raises(NotAnExport, match="--account x:@NAME"):
        rows(text, Options(EXPORTED_AT))
    at = datetime(2019, 12, 1, 12, tzinfo=UTC)
    first, second = rows(text, Options(at, account=("x", "@Ours")))
    assert first["names"] == ["@ours"]
    assert [(each["metric"], each["value"], each["is_whole"]) for each in first["periods"]] == [
        ("impressions/day", 2871, True),
        ("retweets/day", 3, True),
    ]
    assert [each["is_whole"] for each in second["periods"]] == [False]


def test_the_name_of_a_file_of_days_may_tell_the_account(rows: Rows) -> None:
    text = samples.table(
        samples.X_TWEET_DAYS, {"Date": "2019-11-20", "Tweets published": 2, "impressions": "9.0", "likes": 1}
    )
    name = "daily_tweet_activity_metrics_UKLabour_20191101_20191201_en.csv"
    (row,) = rows(text, Options(EXPORTED_AT), name)
    assert row["names"] == ["@uklabour"]
    assert {each["metric"] for each in row["periods"]} == {"posts/day", "impressions/day", "likes/day"}


def test_an_overview_of_the_business_suite_has_series_under_their_titles(rows: Rows) -> None:
    text = (
        'sep=,\r\n"Facebook follows"\r\n"Date","Primary"\r\n"2019-11-20T00:00:00","20"\r\n\r\n'
        '"Views"\r\n"Date","Primary"\r\n"2019-11-20T00:00:00","1,234"\r\n"2019-11-21T00:00:00",""\r\n'
    )
    options = Options(EXPORTED_AT, account=("facebook", "111"))
    found = rows(text, options)
    assert [(each["metric"], each["value"]) for row in found for each in row.get("periods", [])] == [
        ("business_suite_follows/day", 20),
        ("business_suite_views/day", 1234),
    ]
    with pytest.raises(NotAnExport, match="is facebook's, and --account names instagram"):
        rows(text, Options(EXPORTED_AT, account=("instagram", "17841")))
    with pytest.raises(NotAnExport, match='no known series is called "Sunshine"'):
        rows(text.replace("Views", "Sunshine"), options)
    with pytest.raises(NotAnExport, match="--account facebook:ID"):
        rows(text, Options(EXPORTED_AT))


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("2022-09-16-23-04-01-EDT-Historical-Report-ENTR-2022-06-17--2022-09-17.csv", "2022-09-17 03:04:01"),
        ("2023-07-10-11-06-19-BRT-search-csv-export.csv", "2023-07-10 14:06:19"),
    ],
)
def test_crowdtangle_tells_in_the_files_name_when_it_was_exported(tmp_path: Path, name: str, at: str) -> None:
    path = tmp_path / name
    path.write_text(samples.table(samples.CROWDTANGLE_FACEBOOK, samples.crowdtangle_row()), encoding="utf-8")
    with ReceivedFile(path) as file:
        assert f"{judge(file, Options(EXPORTED_AT), NOW).observed_at:%Y-%m-%d %H:%M:%S}" == at


def test_an_export_without_a_moment_or_of_the_future_is_refused(rows: Rows) -> None:
    text = samples.table(samples.CROWDTANGLE_FACEBOOK, samples.crowdtangle_row())
    with pytest.raises(NotAnExport, match="--observed-at 2019"):
        rows(text, Options())
    with pytest.raises(NotAnExport, match="still to come"):
        rows(text, Options(datetime(2027, 1, 1, tzinfo=UTC)))
    with pytest.raises(NotAnExport, match=r"made at 2019-11-20 09:00 UTC, after the export"):
        rows(text, Options(datetime(2019, 11, 19, tzinfo=UTC)))
