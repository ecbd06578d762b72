"""`campaign forget` and `campaign maintain`: words leave everything, numbers stay."""

from __future__ import annotations

import fcntl
import html
import io
import json
import math
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import connectors
from flows import progress
from flows.answers.exports import write_exports
from flows.answers.reporting import write_reports
from flows.answers.tables import LOCK, Asked, read_manifest
from flows.cli import main
from flows.keeping.forgetting import forget
from flows.keeping.maintaining import maintain
from flows.refresh import refresh
from flows.refused import Refused
from flows.registry import load
from flows.settings import Settings
from tests.flows.conftest import REGISTRY, Said, Vendor, answer, everything_written, post
from tests.warehouse.lake import Lake, fb_batch, fb_insights, fb_post, x_post
from warehouse.forgetting import Forgotten, find, known_by_more, remember
from warehouse.one_at_a_time import BUILD_LOCK, one_at_a_time
from warehouse.opening import open_to_read
from warehouse.publish import open_published

Campaign = Callable[..., Said]

WORDS = 'Launch "film" of the clean & wild water 🌊\nwatch it: https://film.example/launch-of-the-water'
TITLE = 'Launch "film" of the clean & wild water 🌊'
LINK = "film.example/launch-of-the-water"
OTHER = "Nothing but the river"
NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
RULE = """
[[assets]]
id = "song"
title = "Song"
side = "ours"
kind = "video"
posts = []
match = { text = ["river"] }
"""
CSV = "id,words,shares"
POSTS = ("x:101", "facebook:111_222")


def spoken(said: dict[str, object], text: str) -> dict[str, object]:
    urls = [
        {"url": "https://t.co/1", "expanded_url": f"https://{LINK}", "display_url": LINK[:20], "title": TITLE}
    ]
    return said | {"text": text, "entities": {"urls": urls, "hashtags": [{"tag": "wild"}]}}


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data in which one post's words stand in every way: listed and looked up, as an edit, retweeted, on
    Facebook inside a batch, shared by others, and in an export."""
    lake = Lake(tmp_path_factory.mktemp("told") / "data")
    for day in (18, 19, 20):
        moment = NOON.replace(day=day)
        first = spoken(x_post("101", retweets=day, created_at=NOON.replace(day=17), author="77"), WORDS)
        edit = spoken(x_post("102", retweets=day, author="77"), WORDS + "!") | {
            "edit_history_tweet_ids": ["101", "102"]
        }
        other = x_post("103", retweets=2 * day, created_at=NOON.replace(day=17), author="77", text=OTHER)
        retweet = x_post("104", author="5", text=f"RT @CleanWaterNow: {WORDS[:60]}")
        retweet["referenced_tweets"] = [{"type": "retweeted", "id": "101"}]
        user = {"id": "77", "username": "CleanWaterNow", "name": "Clean Water"}
        lake.answer(moment, {"data": [first, other], "includes": {"users": [user]}}, endpoint="timeline")
        lake.answer(moment, {"data": [edit, retweet]})
        on_facebook = fb_post(
            "111_222", created_at=NOON.replace(day=17), shares=day, text=WORDS, videos=["55"]
        )
        on_facebook["attachments"]["data"][0] |= {"title": TITLE, "url": f"https://{LINK}"}  # type: ignore[index]
        share = fb_post("111_333", shares=1, text=OTHER, videos=["55"])
        share["attachments"]["data"][0] |= {"title": TITLE}  # type: ignore[index]
        lake.answer(moment, {"data": [on_facebook, share]}, platform="facebook", endpoint="page_posts")
        told = fb_batch(on_facebook, fb_insights("111_222", post_video_views=day * 100))
        lake.answer(moment, told, platform="facebook", endpoint="post_days")
        video = {"id": "55", "post_id": "222", "from": {"id": "111"}, "title": TITLE, "views": day * 1000}
        lake.answer(moment, {"55": video}, platform="facebook", endpoint="videos")
    row = {"object_type": "post", "names": ["111_222"], "text": WORDS, "counters": {"shares": 3}}
    exported = {"rows": [row], "header": CSV, "lines": f'111_222,"{WORDS}",3\n'}
    lake.answer(NOON, exported, platform="facebook", endpoint="export")
    lake.answer(NOON, "<html>111_222 " + TITLE, platform="facebook", endpoint="posts", status=502)
    (lake.root / "water.toml").write_text(REGISTRY + RULE)
    settings = Settings(CAMPAIGN_HOME=lake.root)
    for full in (False, True):
        refresh(settings, load(lake.root / "water.toml", connectors.discover()), full=full)
    (lake.root / "water.toml").unlink()
    return lake.root


def settle(told: Path, home: Path) -> Path:
    """A home that holds that data, a report of it, and a table somebody made; gives its data."""
    shutil.copytree(told, home / "data")
    (home / "campaigns").mkdir(exist_ok=True)
    (home / "campaigns" / "water.toml").write_text(REGISTRY + RULE)
    page = home / "data" / "reports" / "water-2026" / "2026-05-20" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text(f"<td>{html.escape(TITLE)}</td>")
    pq.write_table(pa.table({"title": [TITLE]}), page.with_name("posts.parquet"))
    page.with_name("totals.csv").write_text("views\n5\n")
    return home / "data"


@pytest.fixture
def data(told: Path, home: Path) -> Path:
    return settle(told, home)


def everything(folder: Path) -> bytes:
    """Every byte under a folder, Parquet and tables of DuckDB files also as their plain values."""
    found = [everything_written(folder)]
    for path in folder.rglob("*.duckdb"):
        with open_to_read(path) as con:
            tables = con.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse'"
            ).fetchall()
            found += [
                str(con.execute(f'from "{schema}"."{table}"').fetchall()).encode() for schema, table in tables
            ]
    return b"\n".join(found)


def remains(folder: Path) -> list[str]:
    """The pieces of the words that stand anywhere, as they are or as JSON or a page has them."""
    held = everything(folder)
    pieces = [TITLE, TITLE[:30], LINK, "clean & wild", "wild water", "of the clean"]
    spelled = {s for p in pieces for s in (p, html.escape(p), json.dumps(p)[1:-1], repr(p)[1:-1])}
    return sorted(piece for piece in spelled if piece.encode() in held)


NUMBERS = (
    "select * exclude (asset_title) from marts.asset_daily order by all",
    "select * exclude (asset_title) from marts.asset_totals order by all",
    "select * from marts.post_daily order by all",
    "select platform, post_id, asset_id, assigned_by, permalink, created_at from marts.posts order by all",
    "select * from summaries.counter_days order by all",
)


def numbers(warehouse: Path) -> list[list[tuple[object, ...]]]:
    with open_published(warehouse) as con:
        return [con.execute(query).fetchall() for query in NUMBERS]


@dataclass(frozen=True)
class Aftermath:
    """A home and a folder outside of it into which reports were written, after two posts were forgotten:
    what was there before, and what was said."""

    data: Path
    outside: Path
    numbers_before: list[list[tuple[object, ...]]]
    remembered: list[str]
    dry: Said
    remained_after_dry: tuple[int, int]
    said: Said


@pytest.fixture(scope="module")
def aftermath(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """One forgetting, of which tests see what it left; nobody changes that."""
    outside = tmp_path_factory.mktemp("outside")
    data = settle(told, tmp_path_factory.mktemp("forgotten"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CAMPAIGN_")]:
            patch.delenv(name)
        patch.setenv("COLUMNS", "10000")
        patch.setattr(progress, "LINE_EVERY_S", math.inf)
        patch.chdir(data.parent)
        tables = ("export", "--format", "csv", "--mart", "posts", "--mart", "asset_totals")
        for each in (("report",), (*tables, "--campaign", "water-2026"), tables):
            assert spoken_by(*each, "--out", str(outside / each[0])).code == 0
        # What lies in the home is looked through without.
        assert spoken_by("export", "--format", "json", "--mart", "posts").code == 0
        remembered = (data / ".written-elsewhere").read_text().splitlines()
        what_people_made(data, outside)
        before = numbers(data / "warehouse.duckdb")
        dry = spoken_by("forget", POSTS[0], "https://www.facebook.com/111/posts/222", "--dry-run")
        remained = len(remains(data)), len(remains(outside / "report"))
        said = spoken_by("forget", *POSTS)
    return Aftermath(data, outside, before, remembered, dry, remained, said)


def spoken_by(*arguments: str) -> Said:
    """What a command says, where no test runs that could catch it."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main(arguments)
    return Said(int(left.value.code or 0), out.getvalue(), err.getvalue())


def what_people_made(data: Path, outside: Path) -> None:
    """Copies in the home, and files and manifests beside the reports and the tables."""
    shutil.copy2(data / "warehouse.duckdb", data / "mine.duckdb")
    (data / "notes.txt").write_text(f"remember: {TITLE}")
    (data / "reports" / "mine.txt").write_text(TITLE)
    (data / "reports" / "mine" / "deep" / "est").mkdir(parents=True)
    (data / "reports" / "mine" / "deep" / "est" / "a.txt").write_text(TITLE)
    for foreign in FOREIGN:
        (data / foreign).write_text("{}")
    (outside / "export" / "mine.txt").write_text(TITLE)
    (outside / "export" / "mine").mkdir()
    (outside / "export" / "mine" / "posts.csv").write_text(TITLE)


FOREIGN = ("manifest.json", "reports/mine/manifest.json", "reports/water-2026/manifest.json")


def test_the_words_leave_everything_and_the_numbers_stay(
    campaign: Campaign, aftermath: Aftermath, home: Path
) -> None:
    data = home / "data"
    # Without what nobody may remove.
    shutil.copytree(aftermath.data, data, ignore=shutil.ignore_patterns("mine.duckdb", "notes.txt"))
    (home / "campaigns" / "water.toml").write_text(REGISTRY + RULE)
    assert "words removed from 17 answers" in aftermath.said.out
    assert remains(data) == []
    assert numbers(data / "warehouse.duckdb") == aftermath.numbers_before
    assert OTHER.encode() in everything(data / "landing")
    # Of the report only what held the words is gone, and no earlier build is there to go back to.
    reports = data / "reports" / "water-2026" / "2026-05-20"
    assert [path.name for path in reports.rglob("*") if path.is_file()] == ["totals.csv"]
    assert campaign("build", "--rollback").code == 1
    assert campaign("build").out.count("unchanged") == 1


def test_a_dry_run_says_in_how_many_answers_the_words_stand_and_leaves_them(aftermath: Aftermath) -> None:
    assert aftermath.dry.code == 0
    assert "words stand in 17 answers" in aftermath.dry.out
    at_home, outside = aftermath.remained_after_dry
    assert at_home > 5
    assert outside > 3


def test_a_post_of_which_nothing_has_landed_costs_no_earlier_build(campaign: Campaign, data: Path) -> None:
    published, kept = (data / "warehouse.duckdb").stat(), sorted((data / "versions").iterdir())
    said = campaign("forget", "x:987654321")
    assert (said.code, said.err) == (0, "")
    assert "x:987654321 is not in the tables" in said.out
    assert "no words of it have landed" in said.out
    assert (data / "warehouse.duckdb").stat().st_ino == published.st_ino
    assert sorted((data / "versions").iterdir()) == kept != []
    assert (data / "forgotten" / "platform=x" / "987654321.json").exists()


def test_what_lands_later_lands_without_the_words(
    campaign: Campaign, data: Path, x_only: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert campaign("forget", "https://x.com/CleanWaterNow/status/101").code == 0
    # Everything but the lake is lost.
    for path in (data / "warehouse.duckdb", data / "reports", data / "readings"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    x_only.answers["/2/tweets"] = answer(
        {"data": [spoken(post("101", retweet_count=4321), WORDS), post("103")]}
    )
    x_only.answers["/2/users/77/tweets"] = answer({"data": [spoken(post("105"), OTHER)]})
    assert campaign("collect", "--platform", "x", "--all", "--as-of", "2026-05-21T12:00Z").code == 0
    landed = everything(data / "landing" / "platform=x")
    assert b"4321" in landed
    assert TITLE.encode() not in landed
    assert OTHER.encode() in landed


def test_an_export_of_a_forgotten_post_lands_without_its_words(data: Path) -> None:
    (data / "forgotten" / "platform=facebook").mkdir(parents=True)
    # Cut in half by somebody: its own name tells the post.
    (data / "forgotten" / "platform=facebook" / "111_222.json").write_text('{"names": ["111_2')
    row = {"object_type": "post", "names": ["111_222"], "text": WORDS, "counters": {"shares": 3}}
    body = json.dumps({"rows": [row], "lines": WORDS, "header": CSV})
    landing = {"platform": "facebook", "endpoint": "export", "body": body}
    found = Forgotten.read(data / "landing").redacted(landing)
    assert json.loads(str(found["body"])) == {
        "rows": [{"object_type": "post", "names": ["111_222"], "counters": {"shares": 3}}],
        "header": CSV,
    }


def test_a_post_that_only_a_rule_on_its_words_holds_is_refused_with_the_line_to_add(
    campaign: Campaign, data: Path, home: Path
) -> None:
    refused = campaign("forget", "x:103")
    assert refused.code == 1
    assert 'posts = ["x:103"]' in refused.err
    assert len(refused.err.splitlines()) == 1
    assert not (data / "forgotten").exists()
    toml = home / "campaigns" / "water.toml"
    toml.write_text(toml.read_text().replace("posts = []", 'posts = ["x:103"]'))
    assert campaign("build").code == 0
    before = numbers(data / "warehouse.duckdb")
    assert campaign("forget", "x:103").code == 0
    assert numbers(data / "warehouse.duckdb") == before


def test_killed_after_any_step_it_is_finished_by_running_it_again(data: Path, home: Path) -> None:
    settings = Settings(CAMPAIGN_HOME=data)
    registry = load(home / "campaigns", connectors.discover())
    before = numbers(data / "warehouse.duckdb")

    class Killed(Exception):
        pass

    def run(steps: int) -> None:
        left = iter(range(steps))

        def progress(step: str) -> None:
            if next(left, None) is None:
                raise Killed

        forget(settings, registry, connectors.discover(), POSTS, progress=progress)

    for steps in (0, 4, 8):
        with pytest.raises(Killed):
            run(steps)
        assert numbers(data / "warehouse.duckdb") == before
    run(1000)
    assert remains(data) == []
    assert numbers(data / "warehouse.duckdb") == before


@pytest.fixture(scope="module")
def reports(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of that data, as the pipeline makes them; nobody changes them."""
    out = tmp_path_factory.mktemp("reports")
    write_reports(told / "warehouse.duckdb", out, NOON)
    assert any(TITLE[:8] in path.read_text() for path in out.rglob("posts.csv"))
    return out


def lay_reports(reports: Path, data: Path) -> None:
    """Let those reports lie in the home, and none else."""
    shutil.rmtree(data / "reports")
    shutil.copytree(reports, data / "reports", symlinks=True)


def test_words_that_nothing_but_a_report_has_any_more_leave_it_too(
    campaign: Campaign, data: Path, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_reports(reports, data)
    # As retention leaves it once every build of before is gone.
    shutil.rmtree(data / "versions")
    monkeypatch.setenv("CAMPAIGN_KEEP_BUILDS", "0")
    monkeypatch.setenv("CAMPAIGN_KEEP_TEXTS_DAYS", "30")
    assert campaign("maintain", "--as-of", "2026-07-01").code == 0
    assert campaign("build").code == 0
    assert remains(data) != []
    said = campaign("forget", *POSTS)
    assert said.code == 0, said.err
    assert remains(data) == []
    assert [path.name for path in (data / "reports").rglob("asset_totals.csv")] == ["asset_totals.csv"]
    # Nobody knows what else names it.
    (data / "notes.txt").write_text("see https://x.com/i/status/101, and 1011")
    (data / "others.txt").write_text("see 1011")
    (data / ".state.json").write_text('["101"]')
    dry = campaign("forget", "x:101", "--dry-run")
    assert [line.split()[1] for line in dry.err.splitlines()] == ["data/notes.txt"]
    assert "whose words are not all known any more" in dry.err


def test_words_in_reports_of_tables_that_a_forgetting_could_not_make_anew_go_with_the_next(
    campaign: Campaign, data: Path, reports: Path, home: Path
) -> None:
    def progress(step: str) -> None:
        if step == "making the tables anew":
            raise KeyboardInterrupt

    arguments = Settings(CAMPAIGN_HOME=data), load(home / "campaigns", connectors.discover())
    with pytest.raises(KeyboardInterrupt):
        forget(*arguments, connectors.discover(), POSTS, progress=progress)
    lay_reports(reports, data)
    dry = forget(*arguments, connectors.discover(), POSTS, dry_run=True)
    assert {path.name for path in dry.reports} >= {"posts.csv", "posts.parquet"}
    # The words themselves are known by the published tables.
    (data / "notes.txt").write_text(TITLE)
    assert forget(*arguments, connectors.discover(), POSTS, dry_run=True).left == (data / "notes.txt",)
    (data / "notes.txt").unlink()
    said = campaign("forget", *POSTS)
    assert said.code == 0, said.err
    assert remains(data) == []


@pytest.mark.parametrize("moment", ["waiting", "writing", "drawing the page"])
def test_a_report_that_is_being_made_meanwhile_does_not_put_the_words_back(
    data: Path, home: Path, moment: str
) -> None:
    """It began when the words were still in the tables, and goes on when forgetting has all but ended."""
    settings = Settings(CAMPAIGN_HOME=data)
    folder = data / "reports" / "water-2026"
    is_there, may_go_on = threading.Event(), threading.Event()

    def pause(step: object) -> None:
        if moment in str(step) and not is_there.is_set():
            is_there.set()
            may_go_on.wait()

    def make_one() -> Path:
        tables, out = settings.warehouse, settings.reports
        if moment == "drawing the page":
            (report,) = write_reports(tables, out, NOON, progress=pause)
            return report.folder
        (written,) = write_exports(
            tables,
            out,
            NOON,
            Asked(("csv", "json"), ("posts", "asset_totals")),
            progress=pause,
            waiting=pause,
        )
        return written.folder

    # What lets the report go on is let go of before it is waited for.
    with ThreadPoolExecutor(1) as beside, ExitStack() as other_run:
        other_run.callback(may_go_on.set)
        made: list[Future[Path]] = []

        def progress(step: object) -> None:
            if step != "making the tables anew":
                return
            if moment == "waiting":
                other_run.enter_context(one_at_a_time(folder / LOCK))
            made.append(beside.submit(make_one))
            assert is_there.wait(60)

        def let_go(line: str) -> None:
            assert "a report or an export" in line
            other_run.close()

        forget(
            settings,
            load(home / "campaigns", connectors.discover()),
            connectors.discover(),
            POSTS,
            progress=progress,
            waiting=let_go,
        )
        assert may_go_on.is_set()
        written = made[0].result()
    assert remains(data) == []
    manifest = read_manifest(written)
    assert manifest is not None
    assert manifest.build.size_bytes == settings.warehouse.stat().st_size
    assert (written / "csv" / "posts.csv").is_file()


def test_words_leave_reports_and_tables_that_lie_outside_of_the_home(aftermath: Aftermath) -> None:
    """They are found where they were written to, by whatever command, and nothing beside them is touched."""
    outside = aftermath.outside
    assert [json.loads(line)["folder"] for line in aftermath.remembered] == [
        str(outside / "report"),
        str(outside / "export"),
    ]
    assert str(outside) not in aftermath.said.err
    assert remains(outside / "report") == []
    assert remains(outside / "export" / "water-2026") == []
    day = outside / "export" / "water-2026" / "2026-05-20"
    assert [path.name for path in day.rglob("*.*")] == ["asset_totals.csv"]
    assert (outside / "export" / "mine.txt").read_text() == TITLE
    assert (outside / "export" / "mine" / "posts.csv").read_text() == TITLE


def test_it_waits_for_a_report_that_is_being_made(data: Path, home: Path) -> None:
    folder = data / "reports" / "water-2026"
    arguments = Settings(CAMPAIGN_HOME=data), load(home / "campaigns", connectors.discover())
    with (
        one_at_a_time(folder / LOCK),
        pytest.raises(Refused, match=r"a report or an export \(process \d+\) is still running after 0 s"),
    ):
        forget(*arguments, connectors.discover(), ["x:101"], wait_s=0)


def test_only_a_manifest_of_tables_goes_with_them(aftermath: Aftermath) -> None:
    reports = aftermath.data / "reports"
    assert not (reports / "water-2026" / "2026-05-20" / "manifest.json").exists()
    assert all((aftermath.data / foreign).exists() for foreign in FOREIGN)
    assert remains(reports) == []


def test_a_name_that_became_known_later_joins_the_list_and_asks_to_forget_again(
    campaign: Campaign, data: Path
) -> None:
    listed = data / "forgotten" / "platform=facebook" / "111_222.json"
    listed.parent.mkdir(parents=True)
    listed.write_text('{"names": ["111_222"]}')
    body = json.dumps({"55": {"id": "55", "title": TITLE}})
    video = {"platform": "facebook", "endpoint": "videos", "body": body}
    assert Forgotten.read(data / "landing").redacted(video) == video
    assert campaign("maintain", "--dry-run").code == 1
    assert Forgotten.read(data / "landing").redacted(video) == video
    for _ in range(2):
        said = campaign("maintain")
        assert said.code == 1
        assert "run `campaign forget facebook:111_222`" in said.err
    assert known_by_more(data / "landing", data / "no.duckdb") != []
    assert TITLE not in str(Forgotten.read(data / "landing").redacted(video)["body"])
    remember(data / "landing", find(data / "warehouse.duckdb", "facebook", "111_222"))
    assert campaign("maintain").code == 0


def test_it_waits_for_a_running_import(data: Path, home: Path) -> None:
    from flows.refused import Refused

    with one_at_a_time(data / ".import.lock"), pytest.raises(Refused, match=r"an import .* is still running"):
        forget(
            Settings(CAMPAIGN_HOME=data),
            load(home / "campaigns", connectors.discover()),
            connectors.discover(),
            ["x:101"],
            wait_s=0.1,
        )
    assert not (data / "forgotten").exists()


def test_it_waits_for_a_running_collect_and_says_for_whom(data: Path, home: Path) -> None:
    from flows.refused import Refused

    lock = (data / ".collect-x.lock").open("a")
    fcntl.flock(lock, fcntl.LOCK_EX)
    said: list[str] = []
    with lock, pytest.raises(Refused, match=r"a collect of x .* is still running"):
        forget(
            Settings(CAMPAIGN_HOME=data),
            load(home / "campaigns", connectors.discover()),
            connectors.discover(),
            ["x:101"],
            wait_s=0.1,
            waiting=said.append,
        )
    assert len(said) == 1
    assert not (data / "forgotten").exists()


def test_a_copy_that_somebody_made_is_named_and_the_command_fails(aftermath: Aftermath) -> None:
    assert aftermath.said.code == 1
    named = sorted(line.split()[1].rpartition("/")[2] for line in aftermath.said.err.splitlines())
    assert named == ["mine.duckdb", "notes.txt"]


@pytest.mark.parametrize("reference", ["nothing", "https://example.org/1", "y:1", "x:no"])
def test_what_names_no_post_is_refused_in_one_line(campaign: Campaign, data: Path, reference: str) -> None:
    said = campaign("forget", reference)
    assert said.code == 1
    assert len(said.err.splitlines()) == 1


def test_maintain_packs_old_days_lets_old_words_go_and_says_so(
    campaign: Campaign, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = numbers(data / "warehouse.duckdb")
    clock = datetime(2026, 7, 1, tzinfo=UTC)
    with one_at_a_time(data / BUILD_LOCK), pytest.raises(Refused, match="a build is still running"):
        maintain(Settings(), clock=clock, wait_s=0.0)
    failed = "campaign: maintain: the run of "
    assert failed in campaign("status").err
    dry = campaign("maintain", "--dry-run", "--as-of", "2026-07-01")
    assert (dry.code, "nothing was done" in dry.out) == (0, True)
    assert failed in campaign("status").err
    said = campaign("maintain", "--as-of", "2026-07-01")
    assert said.code == 0, said.err
    assert failed not in campaign("status").err
    assert "landed files of days that are over, before" in said.out
    monkeypatch.setenv("CAMPAIGN_KEEP_TEXTS_DAYS", "30")
    said = campaign("maintain", "--as-of", "2026-07-01")
    assert said.code == 0, said.err
    assert '[[assets]] song: posts = ["x:103"]' in said.out
    assert campaign("build").code == 0
    assert numbers(data / "warehouse.duckdb") == before
    landed = everything(data / "landing")
    assert TITLE.encode() not in landed
    assert OTHER.encode() in landed


@pytest.mark.parametrize("days", ["0", "ten", "-3", "1.5"])
def test_a_retention_that_is_no_number_of_days_is_refused(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("CAMPAIGN_KEEP_TEXTS_DAYS", days)
    said = campaign("maintain")
    assert said.code == 1
    assert said.err.startswith("campaign: CAMPAIGN_KEEP_TEXTS_DAYS must be a whole number of days")
