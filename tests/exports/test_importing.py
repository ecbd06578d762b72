"""Exports land as responses of their platforms and take part in the numbers, once and in any order."""

from __future__ import annotations

import json
import os
import random
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.exports.judging import Options
from flows.collecting.importing import ImportRefused, import_exports
from flows.settings import Settings
from tests.exports.conftest import CROWDTANGLE_NAME, Home
from tests.exports.samples import (
    BUSINESS_SUITE_FACEBOOK,
    CROWDTANGLE_FACEBOOK,
    CROWDTANGLE_INSTAGRAM,
    X_CONTENT,
    X_OVERVIEW,
    content_row,
    crowdtangle_row,
    facebook_row,
    table,
)
from tests.warehouse.lake import campaign, fb_post, fb_video
from warehouse.batches import committed
from warehouse.forgetting import Post, remember
from warehouse.landing import COLUMNS
from warehouse.one_at_a_time import IMPORT_LOCK, one_at_a_time
from warehouse.readings import update

CREATED = datetime(2019, 11, 20, 9, tzinfo=UTC)
EXPORTED = datetime(2019, 11, 22, 12, tzinfo=UTC)
# Of two media: what stands in the address, and the API's name.
MEDIA = {"B5abcDEfgh1": "17900000000000001", "B5abcDEfgh2": "17900000000000002"}
INSTAGRAM_NAME = CROWDTANGLE_NAME.replace("Pages", "Accounts")


def reads_facebook(home: Home, at: datetime, reactions: int, shares: int) -> None:
    """One answer of the API that shows the post."""
    body = {"data": [fb_post("111_222", created_at=CREATED, reactions=reactions, shares=shares)]}
    url = "https://graph.facebook.com/v26.0/111/posts"
    home.lake.answer(at, body, platform="facebook", endpoint="page_posts", url=url)


def reads_instagram(home: Home, at: datetime, code: str, likes: int) -> None:
    body = {
        "data": [
            {
                "id": MEDIA[code],
                "permalink": f"https://www.instagram.com/p/{code}/",
                "timestamp": "2019-11-20T09:00:00+0000",
                "like_count": likes,
            }
        ]
    }
    url = "https://graph.facebook.com/v26.0/17841400000000000/media"
    home.lake.answer(at, body, platform="instagram", endpoint="account_media", url=url)


def instagram_export(code: str, likes: int = 60) -> str:
    return table(
        CROWDTANGLE_INSTAGRAM,
        {
            "Account": "Ours",
            "User Name": "ours",
            "Followers at Posting": 9,
            "Post Created": "2019-11-20 04:00:00 EST",
            "Likes": likes,
            "Comments": 3,
            "URL": f"https://www.instagram.com/p/{code}/",
        },
    )


def gains(home: Home, metric: str, asset: str = "film") -> dict[date, tuple[int, str]]:
    """The asset's gain of each day, and how well it is known."""
    rows = home.lake.query(
        f"select day, gain, completeness from marts.post_daily where metric = '{metric}' "
        f"and asset_id = '{asset}' order by day"
    )
    return {row[0]: (row[1], row[2]) for row in rows}  # type: ignore[misc]


def test_an_import_extends_a_posts_history_before_the_apis_first_reading(home: Home) -> None:
    home.lake.register(campaign(assets={"film": ["facebook:111_222"]}, timezone="UTC"))
    for hours, (reactions, shares) in {96: (3000, 800), 120: (3300, 850)}.items():
        reads_facebook(home, CREATED + timedelta(hours=hours), reactions, shares)
    home.lake.build()
    without = gains(home, "shares")
    # Until somebody hands in what was known on the 22nd, four days are a straight line.
    assert {completeness for _, completeness in without.values()} <= {"estimated", "open"}
    assert sum(gain for gain, _ in without.values()) == 850

    export = home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))
    assert home.imports(export) == 0, home.complained
    home.lake.build()
    found = gains(home, "shares")
    assert sum(gain for gain, _ in found.values()) == 850
    # 300 shares at noon of the 22nd, by the export.
    until_noon = found[date(2019, 11, 20)][0] + found[date(2019, 11, 21)][0]
    assert until_noon < 300 <= until_noon + found[date(2019, 11, 22)][0]
    assert found != without
    assert sum(gain for gain, _ in gains(home, "reactions").values()) == 3300
    full = home.lake.tables()
    home.lake.build(full=True)
    assert home.lake.tables() == full


def test_readings_say_whence_they_came_and_since_when_they_were_known(home: Home) -> None:
    home.lake.register(campaign())
    reads_facebook(home, CREATED + timedelta(days=4), 3000, 800)
    assert home.imports(home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))) == 0
    update(home.lake.landing, home.lake.readings, full=False, progress=lambda step: None)
    rows = [
        row
        for batch in committed(home.lake.readings)
        for file in batch.files
        for row in pq.ParquetFile(home.lake.readings / file).read().to_pylist()
        if row["object_type"] == "post"
    ]
    by_source = {row["source"]: row for row in rows}
    assert by_source["api"]["known_at"] == by_source["api"]["observed_at"]
    assert by_source["export"]["observed_at"] == EXPORTED
    assert by_source["export"]["known_at"] == home.landed()[0]["requested_at"]
    assert by_source["export"]["known_at"] > datetime(2026, 1, 1, tzinfo=UTC)


def test_an_export_lands_as_a_response_of_its_platform_with_its_lines(home: Home) -> None:
    text = table(CROWDTANGLE_FACEBOOK, crowdtangle_row(Message="one\ntwo"))
    assert home.imports(home.file(CROWDTANGLE_NAME, text)) == 0
    (row,) = home.landed()
    assert (row["platform"], row["endpoint"], row["method"]) == ("facebook", "export", "IMPORT")
    assert (row["status"], row["url"], row["observed_at"]) == (200, f"file:{CROWDTANGLE_NAME}", EXPORTED)
    assert row["params"]["export"] == "crowdtangle-facebook"
    assert row["params"]["encoding"] == "UTF-8"
    assert row["params"]["delimiter"] == "comma"
    assert len(row["params"]["sha256"]) == 64
    assert row["body"]["header"] + row["body"]["lines"] == text
    assert "CrowdTangle, Facebook Pages" in home.said
    assert "2019-11-22 12:00:00 UTC" in home.said


def test_the_same_file_again_lands_nothing_new_and_says_so(home: Home) -> None:
    export = home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))
    assert home.imports(export, export) == 0
    assert "1 response landed;" in home.said
    copy = home.file(CROWDTANGLE_NAME.replace("Pages", "Copy"), export.read_bytes())
    assert home.imports(copy) == 0
    assert "already; nothing new" in home.said
    assert len(home.landed()) == 1


def test_a_file_with_other_options_is_not_taken_twice(home: Home) -> None:
    export = home.file("content.csv", table(X_CONTENT, content_row(1197072400000000001)))
    assert home.imports(export, "--observed-at", "2019-11-22") == 0
    for more in ([], ["--dry-run"]):
        assert home.imports(export, "--observed-at", "2019-11-23", *more) == 1
        assert len(home.complained.splitlines()) == 1
        assert "(1 response) with other options, and the numbers stay as imported first" in home.complained
        assert "--observed-at 2019-11-22T00:00:00+00:00" in home.complained
        assert "delete" not in home.complained
    assert len(home.landed()) == 1


def test_a_file_with_other_options_keeps_every_file_out(home: Home) -> None:
    export = home.file("content.csv", table(X_CONTENT, content_row(1197072400000000001)))
    other = home.file("other.csv", table(X_CONTENT, content_row(1197072400000000002)))
    assert home.imports(export, "--observed-at", "2019-11-22") == 0
    assert home.imports(other, export, "--observed-at", "2019-11-23") == 1
    assert [row["url"] for row in home.landed()] == ["file:content.csv"]


def test_one_file_under_the_names_of_two_moments_is_not_taken_as_both(home: Home) -> None:
    text = table(CROWDTANGLE_FACEBOOK, crowdtangle_row())
    first = home.file(CROWDTANGLE_NAME, text)
    assert home.imports(first, home.file(CROWDTANGLE_NAME.replace("07-00-00", "08-00-00"), text)) == 1
    assert "the same bytes come earlier in this call with other options; leave it out" in home.complained
    assert home.landed() == []


def test_a_zone_that_decides_a_time_is_one_of_the_options_and_is_landed(home: Home) -> None:
    # British summer time, or Bangladesh's, or Bougainville's.
    export = home.file(
        CROWDTANGLE_NAME,
        table(CROWDTANGLE_FACEBOOK, crowdtangle_row(**{"Post Created": "2019-07-20 04:00:00 BST"})),
    )
    assert home.imports(export, "--timezone", "Europe/London") == 0, home.complained
    assert home.landed()[0]["params"]["timezone"] == "Europe/London"
    assert home.imports(export, "--timezone", "Europe/London") == 0
    assert home.imports(export, "--timezone", "Europe/Belfast") == 1
    assert "--timezone Europe/London" in home.complained
    assert len(home.landed()) == 1


def test_a_zone_that_decides_nothing_is_no_option(home: Home) -> None:
    export = home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))
    assert home.imports(export, "--timezone", "America/New_York") == 0
    assert home.landed()[0]["params"]["timezone"] is None
    assert home.imports(export) == 0
    assert "already; nothing new" in home.said


def test_a_dry_run_judges_and_lands_nothing(home: Home) -> None:
    export = home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))
    assert home.imports(export, "--dry-run") == 0
    assert "nothing was landed" in home.said
    assert home.landed() == []


def test_one_bad_file_keeps_every_file_out(home: Home) -> None:
    good = home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))
    bad = home.file("posts.csv", "Post ID,Page ID,Publish time,Reactions\n1,2,x,3\n")
    worse = home.file("more.csv", table(X_CONTENT, content_row("1.78E+18")))
    assert home.imports(good, bad, worse, "--observed-at", "2019-11-22") == 1
    assert home.landed() == []
    lines = home.complained.splitlines()
    assert len(lines) == 2
    assert "posts.csv, line 1: no known export has this header" in lines[0]
    assert 'the nearest is Meta Business Suite, Facebook posts, with "Permalink" missing' in lines[0]
    assert 'more.csv, line 2, column "Post id": the id "1.78E+18" has lost its last digits' in lines[1]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--timezone", "Europe/Atlantis"], 2, "is no time zone"),
        (["--timezone", "../../etc/passwd"], 2, "is no time zone"),
        (["--observed-at", "yesterday"], 2, "is not a moment"),
        (["--account", "myspace:tom"], 2, "is no account"),
        ([], 1, "names no time zone"),
    ],
)
def test_every_wrong_call_is_one_plain_line(home: Home, arguments: list[str], code: int, says: str) -> None:
    export = home.file("posts.csv", table(BUSINESS_SUITE_FACEBOOK, facebook_row()))
    given = arguments or ["--observed-at", "2019-11-22"]
    assert home.imports(export, *given) == code
    assert says in home.complained
    assert len(home.complained.splitlines()) == 1


def test_a_missing_file_and_a_folder_are_told(home: Home, tmp_path: Path) -> None:
    assert home.imports(tmp_path / "none.csv", "--observed-at", "2019-11-22") == 1
    assert f"{tmp_path}/none.csv: there is no such file; look at its name" in home.complained
    assert len(home.complained.splitlines()) == 1
    assert home.imports(tmp_path, "--observed-at", "2019-11-22") == 1
    assert "this is a folder" in home.complained


def test_what_has_no_end_or_can_be_read_once_is_not_read(home: Home, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert home.imports("/dev/zero", tmp_path / "pipe.csv", "--observed-at", "2019-11-22") == 1
    lines = home.complained.splitlines()
    assert len(lines) == 2
    assert "/dev/zero: this is no file, but a device or a pipe; name a file, as it was downloaded" in lines[0]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a workbook of old Excel"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
        (b"\n<!DOCTYPE html><html><body>Log in</body></html>", "a web page"),
        (b"\xef\xbb\xbf<table><tr><td>Post ID</td></tr></table>", "a web page"),
    ],
)
def test_what_is_no_csv_is_told_to_be_downloaded_as_csv(home: Home, content: bytes, kind: str) -> None:
    assert home.imports(home.file("report.csv", content), "--observed-at", "2019-11-22") == 1
    assert home.complained == (
        f"campaign: report.csv: this is {kind}, no CSV; download the export again, as CSV\n"
    )


def test_a_line_end_in_a_files_name_begins_no_line(home: Home) -> None:
    text = table(CROWDTANGLE_FACEBOOK, crowdtangle_row(), crowdtangle_row(URL="https://www.facebook.com/x"))
    name = CROWDTANGLE_NAME.replace("Pages", "Pages\nand more")
    assert home.imports(home.file(name, text)) == 0
    shown = name.replace("\n", " ")
    assert [line for line in home.said.splitlines() if line.startswith(f"{shown}: 1 row names no post")]
    assert f"\n{shown}  " in home.said
    assert home.imports(home.file(name, "nothing\n")) == 1
    assert len(home.complained.splitlines()) == 1


def test_nothing_is_imported_into_the_demos_folder(home: Home) -> None:
    home.lake.root.mkdir()
    (home.lake.root / ".demo").touch()
    export = home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))
    assert home.imports(export) == 1
    assert "simulated" in home.complained


def test_shuffled_and_doubled_rows_and_files_change_no_number(home: Home, tmp_path: Path) -> None:
    rows = [
        crowdtangle_row(URL=f"https://www.facebook.com/111/posts/{number}", Shares=number * 7)
        for number in range(200, 240)
    ]
    home.lake.register(campaign(assets={"film": ["facebook:111_222"]}))
    reads_facebook(home, CREATED + timedelta(days=4), 3000, 800)
    assert home.imports(home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, *rows))) == 0
    home.lake.build()
    marts = without_ids(home)
    random.Random(4).shuffle(rows)
    halves = [
        home.file(CROWDTANGLE_NAME.replace("Pages", name), table(CROWDTANGLE_FACEBOOK, *part))
        for name, part in {"one": rows[:25] * 2, "two": rows[15:]}.items()
    ]
    for half in halves:
        assert home.imports(half) == 0
    home.lake.build()
    assert without_ids(home) == marts


def without_ids(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Every mart row."""
    return {name: rows for name, rows in home.lake.tables().items() if name.startswith("marts.")}


def test_an_import_that_was_killed_is_finished_by_the_next(home: Home) -> None:
    rows = [content_row(1197072400000000001 + number) for number in range(4100)]
    export = home.file("content.csv", table(X_CONTENT, *rows))
    assert home.imports(export, "--observed-at", "2019-11-22") == 0
    whole = home.landed()
    assert [row["page"] for row in whole] == [1, 2, 3]
    # As a power cut after the first file would leave it.
    (file,) = home.lake.landing.glob("platform=x/endpoint=export/date=*/*.parquet")
    first = pq.ParquetFile(file).read().slice(0, 1)
    file.unlink()
    pq.write_table(first.cast(COLUMNS), file)
    assert home.imports(export, "--observed-at", "2019-11-22") == 0
    assert "2 responses landed" in home.said
    assert [row["body"] for row in home.landed()] == [row["body"] for row in whole]


def test_a_post_that_an_export_names_by_its_address_is_the_apis_post_whichever_comes_first(
    home: Home,
) -> None:
    imported_first, read_first = MEDIA
    assets = {"film": [f"instagram:{imported_first}"], "clip": [f"instagram:{read_first}"]}
    home.lake.register(campaign(assets=assets, timezone="UTC"))
    at = CREATED + timedelta(days=4)

    def imports(code: str, name: str) -> None:
        export = home.file(INSTAGRAM_NAME.replace("Accounts", name), instagram_export(code))
        assert home.imports(export) == 0, home.complained

    imports(imported_first, "one")
    reads_instagram(home, at, read_first, 100)
    home.lake.build()
    # Nobody but the export knows the first post's name yet.
    query = "select post_id, max(total) from marts.post_daily where metric = 'reactions' group by all"
    assert sorted(home.lake.query(query)) == [(MEDIA[read_first], 100), (imported_first, 60)]
    reads_instagram(home, at, imported_first, 100)
    home.lake.build()
    imports(read_first, "two")
    assert home.lake.build().mode == "incremental"
    posts = "select distinct asset_id, post_id from marts.post_daily order by all"
    assert home.lake.query(posts) == [("clip", MEDIA[read_first]), ("film", MEDIA[imported_first])]
    totals = "select asset_id, sum(reactions)::bigint from marts.asset_daily group by all order by all"
    assert home.lake.query(totals) == [("clip", 100), ("film", 100)]
    for asset in assets:
        assert sum(gain for gain, _ in gains(home, "reactions", asset).values()) == 100
    incremental = home.lake.tables()
    home.lake.build(full=True)
    assert home.lake.tables() == incremental


def test_a_post_under_the_apis_name_keeps_the_exports_page_unless_the_api_tells_another(home: Home) -> None:
    home.lake.register(campaign(assets={"film": ["facebook:555"], "clip": ["facebook:pfbid0aB"]}))
    addresses = ["https://www.facebook.com/watch/?v=555", "https://www.facebook.com/ours/posts/pfbid0aB"]
    rows = [
        facebook_row(**{"Post ID": f"7{place}", "Page ID": "111", "Permalink": address})
        for place, address in enumerate(addresses)
    ]
    export = home.file("posts.csv", table(BUSINESS_SUITE_FACEBOOK, *rows))
    assert home.imports(export, "--observed-at", "2019-11-22", "--timezone", "UTC") == 0, home.complained
    posts = "select post_id, account_id from marts.posts order by 1"
    at = CREATED + timedelta(days=4)
    # The API shows a video that names its post, and another post under its own address and Page.
    video = fb_video("555", views=9, post_id="9")
    home.lake.answer(at, {"555": video}, platform="facebook", endpoint="videos")
    post = fb_post("112_8", page="112", created_at=CREATED, permalink=addresses[1])
    home.lake.answer(at, {"112_8": post}, platform="facebook")
    home.lake.build()
    assert home.lake.query(posts) == [("111_9", "111"), ("112_8", "112")]


def test_days_of_an_account_are_daily_values_and_no_counters(home: Home) -> None:
    home.lake.register(campaign())
    text = table(X_OVERVIEW, {"Date": "Wed, Nov 20, 2019", "Impressions": 2871, "Reposts": 3})
    export = home.file("account_overview_analytics.csv", text)
    assert home.imports(export, "--observed-at", "2019-11-22", "--account", "x:@Ours") == 0
    home.lake.build()
    found = home.lake.query(
        "select object_id, handle, native_name, day, value, is_whole, day_boundary from marts.platform_daily "
        "order by native_name"
    )
    assert found == [
        ("@ours", "Ours", "impressions/day", date(2019, 11, 20), 2871, True, "UTC"),
        ("@ours", "Ours", "retweets/day", date(2019, 11, 20), 3, True, "UTC"),
    ]
    assert home.lake.query("select count(*) from marts.post_daily") == [(0,)]


def test_an_exported_counter_of_another_meaning_never_outranks_the_apis(home: Home) -> None:
    home.lake.register(campaign(assets={"film": ["facebook:111_222"]}, timezone="UTC"))
    assert home.imports(home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))) == 0
    home.lake.build()
    named = "select distinct native_name from marts.post_daily where metric = 'views'"
    assert home.lake.query(named) == [("crowdtangle_post_views",)]
    reads_facebook(home, CREATED + timedelta(days=4), 3000, 800)
    body = {
        "data": [
            {
                "name": "post_video_views",
                "period": "lifetime",
                "values": [{"value": 5}],
                "id": "111_222/insights/x",
            }
        ]
    }
    url = "https://graph.facebook.com/v26.0/111_222/insights"
    home.lake.answer(CREATED + timedelta(days=4), body, platform="facebook", endpoint="insights", url=url)
    home.lake.build()
    assert home.lake.query(named) == [("post_video_views",)]


def test_hostile_cells_are_text_and_nothing_else(home: Home) -> None:
    home.lake.register(campaign(assets={"film": ["facebook:111_222"]}))
    texts = [
        '=HYPERLINK("http://evil","x")',
        "'); drop table marts.posts; --",
        "<script>alert(1)</script>",
        "a\x00b\x1b[31m",
    ]
    rows = [
        crowdtangle_row(URL=f"https://www.facebook.com/111/posts/{222 + place}", Message=text)
        for place, text in enumerate(texts)
    ]
    name = CROWDTANGLE_NAME.replace("Pages", "x'; drop table landed; --")
    assert home.imports(home.file(name, table(CROWDTANGLE_FACEBOOK, *rows))) == 0
    assert home.landed()[0]["url"] == f"file:{name}"
    home.lake.build()
    titles = {str(row[0]) for row in home.lake.query("select title from facts.posts")}
    assert set(texts[:3]) <= titles
    assert home.lake.query("select count(*) from facts.posts") == [(4,)]


def test_a_file_cannot_speak_to_the_terminal(home: Home) -> None:
    name = CROWDTANGLE_NAME.replace("Pages", "a\x1b[31mb")
    assert home.imports(home.file(name, table(CROWDTANGLE_FACEBOOK, crowdtangle_row(Likes="\x1b[2J")))) == 1
    assert "\x1b" not in home.complained
    assert home.imports(home.file(name, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))) == 0
    assert "\x1b" not in home.said


def test_landed_exports_pass_the_gate_for_what_cannot_be(home: Home) -> None:
    home.lake.register(campaign())
    rows: list[object] = [
        {
            "object_type": "post",
            "names": ["1"],
            "permalink": "https://x.com/i/status/1",
            "created_at": "1970-01-01T00:00:00+00:00",
            "counters": {"like_count": 10**17, "retweet_count": 5},
            "periods": [{"metric": "likes/day", "day": "1999-01-01", "is_whole": True, "value": 1}],
        },
        {"object_type": "post"},
        {"names": ["2"]},
        None,
    ]
    bodies: list[object] = [{"rows": rows}, {"rows": 7}, {"rows": ["x"]}, [], "no json"]
    for body in bodies:
        home.lake.answer(EXPORTED, body, endpoint="export", url="file:x.csv")
    (sighting,) = home.lake.read().values()
    assert sighting.counters == {"retweet_count": 5}
    assert sighting.periods == {}
    assert sighting.created_at is None


def test_rows_that_name_no_post_are_kept_and_told(home: Home) -> None:
    rows = [crowdtangle_row(), crowdtangle_row(URL="https://www.facebook.com/groups/9/permalink/8")]
    assert home.imports(home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, *rows))) == 0
    assert "1 row names no post as the platform's API does, and is kept" in home.said
    assert "groups/9" in home.landed()[0]["body"]["lines"]


def test_the_landed_shape_is_that_of_every_response(home: Home) -> None:
    assert home.imports(home.file(CROWDTANGLE_NAME, table(CROWDTANGLE_FACEBOOK, crowdtangle_row()))) == 0
    (file,) = home.lake.landing.glob("platform=facebook/endpoint=export/date=2019-11-22/*.parquet")
    schema: pa.Schema = pq.read_schema(file)
    assert schema.equals(COLUMNS)
    assert json.loads(pq.ParquetFile(file).read()["params"][0].as_py())["timezone"] is None


def test_an_import_that_meets_a_forgetting_waits_and_lands_by_its_list(home: Home) -> None:
    post = "1197072400000000001"
    file = home.file("posts.csv", table(X_CONTENT, content_row(post, Post_text="Launch of the water")))
    home.lake.landing.mkdir(parents=True)
    options = Options(observed_at=EXPORTED)
    with ExitStack() as forgetting:
        forgetting.enter_context(one_at_a_time(home.lake.landing.with_name(IMPORT_LOCK)))
        with pytest.raises(ImportRefused, match="`campaign forget` is still running"):
            import_exports(Settings(), [file], options, now=lambda: EXPORTED, wait_s=0)
        assert home.landed() == []

        def ends(line: str) -> None:
            remember(home.lake.landing, Post("x", post, frozenset({post})))
            forgetting.close()

        done = import_exports(Settings(), [file], options, now=lambda: EXPORTED, waiting=ends)
    assert done[0].responses == 1
    assert "Launch of the water" not in str(home.landed())
