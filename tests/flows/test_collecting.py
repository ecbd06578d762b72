"""`campaign collect`: what is asked, what is landed, what is said and with which exit code."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

import connectors
from connectors.sandbox.server import Sandbox
from flows.collecting.round import Collection, PlatformReport, Stopping, prepare
from flows.registry import load
from flows.settings import Settings
from tests.flows.conftest import FACEBOOK_TOKEN, X_TOKEN, Said, Vendor, answer, everything_written, post

Campaign = Callable[..., Said]
MAY = "2026-05-20T12:00Z"


class Hurried(Stopping):
    """Does not wait between attempts."""

    def sleep(self, seconds: float) -> None:
        self.check()


def prepared(*platforms: str, **options: object) -> Collection:
    settings = Settings()
    registry = load(settings.registry, connectors.discover())
    clock = datetime(2026, 5, 20, 12, tzinfo=UTC)
    given = {"clock": clock, "as_of": clock, **options}
    return prepare(platforms, settings=settings, registry=registry, **given)  # type: ignore[arg-type]


def take_x_round(**options: object) -> PlatformReport:
    return prepared("x", **options).take("x", Hurried())


def landed(home: Path) -> list[dict[str, object]]:
    files = sorted((home / "data" / "landing").glob("platform=*/endpoint=*/date=*/*.parquet"))
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def test_every_answer_and_the_registry_are_landed(campaign: Campaign, home: Path, x_only: Vendor) -> None:
    said = campaign("collect", "--as-of", MAY)
    assert (said.code, said.err) == (0, "")
    rows = landed(home)
    assert Counter((row["platform"], row["endpoint"]) for row in rows) == {
        ("registry", "campaigns"): 1,
        ("x", "users"): 1,
        ("x", "timeline"): 1,
        ("x", "posts"): 1,
        ("x", "counts"): 1,
    }
    assert {row["observed_at"] for row in rows} == {datetime(2026, 5, 20, 12, tzinfo=UTC)}
    run_ids = {str(row["run_id"]) for row in rows if row["platform"] == "x"}
    assert len(run_ids) == 1
    assert run_ids.pop().startswith("20260520T120000Z-x-")
    assert "users 1" in said.out
    # two posts, an account and a count over more than a week, by the prices of X
    assert "x: 0.030 USD spent today (UTC); see campaign status" in said.out


def test_the_registry_is_landed_again_only_when_it_changed(
    campaign: Campaign, home: Path, x_only: Vendor
) -> None:
    def versions() -> int:
        return sum(row["platform"] == "registry" for row in landed(home))

    campaign("collect", "--as-of", MAY)
    campaign("collect", "--as-of", MAY)
    assert versions() == 1
    toml = home / "campaigns" / "water.toml"
    toml.write_text(toml.read_text().replace("Launch film", "The launch film"))
    campaign("collect", "--as-of", MAY)
    assert versions() == 2


def test_a_platform_without_a_credential_is_named_and_the_others_are_read(
    campaign: Campaign, x_only: Vendor
) -> None:
    said = campaign("collect", "--as-of", MAY)
    assert said.code == 0
    assert "facebook: no credential; set FACEBOOK_ACCESS_TOKEN" in said.out


def test_no_credential_at_all_is_a_failure(campaign: Campaign, home: Path) -> None:
    said = campaign("collect", "--as-of", MAY)
    assert said.code == 1
    assert "campaign: x: no credential; set X_BEARER_TOKEN\n" in said.err
    assert "no credential" not in said.out


def test_a_promised_platform_without_a_connector_is_no_unknown_one(home: Path, x_only: Vendor) -> None:
    only_x = {"x": connectors.discover()["x"]}
    alone = prepared("instagram", connectors=only_x).take_all()
    assert alone.complaints == ("instagram: this release does not collect it yet",)
    beside_x = prepared("instagram", "x", connectors=only_x).take_all()
    assert [each.outcome for each in beside_x.platforms] == ["skipped", "ok"]
    assert beside_x.is_success


def test_what_the_registry_gives_notice_of_is_said(campaign: Campaign, home: Path, x_only: Vendor) -> None:
    toml = home / "campaigns" / "water.toml"
    toml.write_text(toml.read_text().replace('kind = "video"', 'kind = "site"'))
    said = campaign("collect", "--as-of", MAY)
    assert (said.code, said.err) == (0, "")
    assert "note: campaigns/water.toml: assets[0]: is a site without url" in said.out


def test_a_refused_token_fails_that_platform_and_leaves_the_other_landed(
    campaign: Campaign, home: Path, x_only: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"error": {"message": f"Malformed {FACEBOOK_TOKEN}", "type": "OAuthException", "code": 190}}
    x_only.answers["/graph"] = answer(refusal, 400)
    monkeypatch.setenv("FACEBOOK_API_URL", f"{x_only.url}/graph")
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", FACEBOOK_TOKEN)
    said = campaign("collect", "--as-of", MAY)
    assert said.code == 1
    assert said.err.startswith("campaign: facebook: the token was refused")
    assert said.err.count("\n") == 1
    assert "the token was refused" not in said.out
    assert {row["platform"] for row in landed(home)} == {"registry", "x", "facebook"}


def test_no_secret_is_written_or_said(
    campaign: Campaign, home: Path, x_only: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = {"title": "Unauthorized", "detail": f"token {X_TOKEN}", "status": 401}
    x_only.answers["/2/tweets"] = answer(echo, 401)
    refusal = {"error": {"message": f"Malformed {FACEBOOK_TOKEN}", "type": "OAuthException", "code": 190}}
    x_only.answers["/graph"] = answer(refusal, 400)
    monkeypatch.setenv("FACEBOOK_API_URL", f"{x_only.url}/graph")
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", FACEBOOK_TOKEN)
    said = [campaign("collect", "--as-of", MAY), campaign("check")]
    written = everything_written(home) + "".join(each.out + each.err for each in said).encode()
    assert FACEBOOK_TOKEN.encode() not in written
    assert X_TOKEN.encode() not in written
    assert b"secret-of-x" not in written


def test_an_answer_that_is_not_json_is_landed_and_counted(home: Path, x_only: Vendor) -> None:
    x_only.answers["/2/users/77/tweets"] = (200, "<html>A proxy says hello</html>")
    report = take_x_round()
    assert report.outcome == "partial"
    assert [kind for kind, _, _ in report.troubles] == ["Unreadable"]
    # asked again twice; the listed post was read all the same
    assert report.responses == {"users": 1, "timeline": 3, "posts": 1, "counts": 1}
    assert report.retries == 2


def test_a_deleted_post_is_no_failure(home: Path, x_only: Vendor) -> None:
    problem = "https://api.twitter.com/2/problems/resource-not-found"
    x_only.answers["/2/tweets"] = answer({"errors": [{"detail": "Could not find [101].", "type": problem}]})
    assert take_x_round().outcome == "ok"


def test_what_the_platform_does_not_offer_is_told_and_is_no_failure(
    home: Path, x_only: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A token of no person: it has no list of pages, and reads public posts all the same.
    refusal = {
        "error": {"message": "(#100) nonexisting field (accounts)", "type": "OAuthException", "code": 100}
    }
    post = {
        "id": "111_222",
        "from": {"id": "111", "name": "Water"},
        "created_time": "2026-05-01T10:00:00+0000",
    }
    x_only.answers["/v26.0/me/accounts"] = answer(refusal, 400)
    x_only.answers["/v26.0/?ids="] = answer({"111_222": post})
    monkeypatch.setenv("FACEBOOK_API_URL", x_only.url)
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", FACEBOOK_TOKEN)
    report = prepared("facebook").take("facebook", Hurried())
    assert (report.outcome, report.message) == ("ok", "")
    assert "NotOffered" in report.troubles_in_short


def test_an_account_that_is_not_there_is_a_failure(home: Path, x_only: Vendor) -> None:
    x_only.answers["/2/users/by"] = answer({"errors": []})
    report = take_x_round()
    assert report.outcome == "partial"
    assert "@CleanWaterNow" in report.message


def test_a_platform_that_is_down_fails_in_one_line_and_may_be_tried_again(
    home: Path, x_only: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    x_only.answers.clear()
    x_only.answers["/"] = (503, "{}")
    report = take_x_round()
    assert (report.outcome, report.is_transient) == ("partial", True)
    assert "\n" not in report.message


@pytest.mark.parametrize("retry_after", ["1", "90"])
def test_what_has_arrived_is_landed_before_a_retry(home: Path, x_only: Vendor, retry_after: str) -> None:
    landed_by_then: list[set[object]] = []

    class Watching(Hurried):
        def sleep(self, seconds: float) -> None:
            landed_by_then.append({row["endpoint"] for row in landed(home)})

    x_only.answers["/2/tweets"] = (503, "{}")
    x_only.headers["Retry-After"] = retry_after
    prepared("x").take("x", Watching())
    assert landed_by_then[0] >= {"users", "timeline"}


@pytest.mark.parametrize("as_of_another_release", [False, True])
def test_a_broken_warehouse_stops_no_collecting(
    campaign: Campaign, home: Path, sandbox: Sandbox, as_of_another_release: bool
) -> None:
    warehouse = home / "data" / "warehouse.duckdb"
    warehouse.parent.mkdir()
    if as_of_another_release:
        duckdb.connect(warehouse).close()
    else:
        warehouse.write_bytes(b"this is no database" * 1000)
    said = campaign("collect", "--as-of", "2019-11-20T12:00Z")
    assert (said.code, said.err) == (0, "")
    (told,) = [line for line in said.out.splitlines() if "the warehouse cannot be read (" in line]
    assert told.endswith("); everything is taken as due; run `campaign build --full`")
    assert {row["platform"] for row in landed(home)} == {"registry", *connectors.discover()}


def test_one_collect_of_a_platform_runs_at_a_time(campaign: Campaign, home: Path, x_only: Vendor) -> None:
    (home / "data").mkdir()
    with (home / "data" / ".collect-x.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = campaign("collect", "--platform", "x", "--as-of", MAY)
        beside = campaign("collect", "--as-of", MAY)
    assert (said.code, said.err) == (0, "")
    assert "x: another collect of it is running; let it finish" in said.out
    assert (beside.code, beside.err) == (0, "")
    assert x_only.asked == []
    assert campaign("collect", "--platform", "x", "--as-of", MAY).code == 0


def test_an_idle_campaign_says_why_and_asks_nothing(campaign: Campaign, x_only: Vendor) -> None:
    said = campaign("collect", "--as-of", "2026-09-01")
    assert (said.code, x_only.asked) == (0, [])
    assert "idle: water-2026 ended on 2026-06-30" in said.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--platform", "myspace"], "no platform is called 'myspace'; write one of facebook, instagram, "),
        (["--campaign", "fire"], "no campaign is called 'fire'; write one of water-2026"),
        (["--as-of", "yesterday"], "--as-of: 'yesterday' is not a moment; write 2019-11-20T12:00Z"),
        (["--as-of", "2026-05-20T12:00"], "names no time zone; add Z or an offset"),
        (["--as-of", "9999-12-31T23:59-10:00"], "--as-of"),
        (["--as-of"], "requires an argument"),
        (["--frobnicate"], "no such option"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    campaign: Campaign, x_only: Vendor, arguments: list[str], says: str
) -> None:
    said = campaign("collect", *arguments)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert said.err.startswith("campaign: ")
    assert says.lower() in said.err.lower()
    assert x_only.asked == []


def test_an_unreadable_registry_is_one_line(campaign: Campaign, home: Path, x_only: Vendor) -> None:
    (home / "campaigns" / "water.toml").write_text("id = [\n")
    said = campaign("collect")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("campaign: campaigns/water.toml")


@pytest.mark.parametrize("setting", [None, "https://api.x.com", "https://API.twitter.com"])
def test_the_vendors_own_host_is_not_asked_for_another_moment(
    campaign: Campaign, home: Path, monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", X_TOKEN)
    if setting:
        monkeypatch.setenv("X_API_URL", setting)
    said = campaign("collect", "--as-of", MAY)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "point X_API_URL at a sandbox" in said.err
    assert landed(home) == []


@pytest.mark.parametrize(
    "setting", [None, "http://proxy.test", "http://10.0.0.1:8080/x", "http://[2001:db8::1]"]
)
def test_demo_data_and_answers_from_elsewhere_are_not_mixed(
    campaign: Campaign, home: Path, monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", X_TOKEN)
    if setting:
        monkeypatch.setenv("X_API_URL", setting)
    (home / "data").mkdir()
    (home / "data" / ".demo").touch()
    said = campaign("collect")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "set CAMPAIGN_HOME to another folder" in said.err
    assert landed(home) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "[::1]", "LOCALHOST"])
def test_a_sandbox_on_this_machine_may_add_to_demo_data(
    home: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", X_TOKEN)
    monkeypatch.setenv("X_API_URL", f"http://{host}:8800")
    (home / "data").mkdir()
    (home / "data" / ".demo").touch()
    assert prepared("x").platforms == ("x",)


def test_without_as_of_an_answer_is_stamped_when_it_arrives(home: Path, x_only: Vendor) -> None:
    clock = datetime(2026, 5, 20, 12, tzinfo=UTC)
    arrived = clock + timedelta(hours=9)
    report = take_x_round(clock=clock, as_of=None, now=lambda: arrived)
    assert report.outcome == "ok"
    assert {row["observed_at"] for row in landed(home)} == {arrived}


def test_an_interrupted_collect_keeps_what_has_arrived(home: Path, x_only: Vendor) -> None:
    stopping = Stopping()
    x_only.before = lambda path: stopping.ask() if path.startswith("/2/users/77") else None
    with pytest.raises(KeyboardInterrupt):
        prepared("x", as_of=None).take_all(stopping)
    endpoints = {row["endpoint"] for row in landed(home)}
    assert endpoints == {"campaigns", "users", "timeline"}


def test_a_politely_killed_collect_keeps_what_has_arrived(home: Path, x_only: Vendor) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def hold(path: str) -> None:
        if path.startswith("/2/users/77"):
            is_asked.set()
            may_answer.wait()

    x_only.before = hold
    command = [Path(sys.executable).with_name("campaign"), "collect", "--platform", "x", "--as-of", MAY]
    with subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, text=True) as process:
        assert is_asked.wait(timeout=30)
        process.terminate()
        may_answer.set()
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (143, "campaign: stopped; what had arrived is kept\n")
    assert "users" in {row["endpoint"] for row in landed(home)}


def test_an_account_posts_more_than_a_page_holds(home: Path, x_only: Vendor) -> None:
    first = {"data": [post("100")], "meta": {"next_token": "older"}}
    second = {"data": [post("99")], "meta": {}}
    x_only.answers["/2/users/77/tweets"] = answer(first)
    x_only.before = lambda path: (
        x_only.answers.update({"/2/users/77/tweets": answer(second)}) if "older" in path else None
    )
    report = take_x_round()
    assert (report.outcome, report.responses["timeline"]) == ("ok", 2)


@pytest.fixture
def sandbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The platforms' double with the two campaigns that come with the project."""
    with Sandbox() as running:
        for name, value in running.settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CAMPAIGN_REGISTRY", str(Path(__file__).parents[2] / "campaigns"))
        yield running


def test_two_rounds_and_a_build_against_the_sandbox(campaign: Campaign, home: Path, sandbox: Sandbox) -> None:
    first = campaign("collect", "--as-of", "2019-11-20T12:00Z")
    assert (first.code, first.err) == (0, "")
    assert "uk-general-election-2017 ended on 2017-06-08" in first.out
    assert campaign("build").code == 0
    before = len(sandbox.requests)
    second = campaign("collect", "--as-of", "2019-11-20T13:00Z")
    assert (second.code, second.err) == (0, "")
    # what is known and not due is not asked again
    assert len(sandbox.requests) - before < before
    assert campaign("build").code == 0
    said = campaign("sql", "select distinct platform from marts.asset_platform_daily", "--format", "csv")
    assert set(said.out.split()) == {"platform", *connectors.discover()}
    said = campaign("sql", "select max(last_seen_at) as at from marts.asset_totals", "--format", "csv")
    assert said.out.split() == ["at", "2019-11-20T13:00:00Z"]


def test_only_one_campaign_is_asked_when_told_so(campaign: Campaign, home: Path, sandbox: Sandbox) -> None:
    said = campaign("collect", "--campaign", "uk-general-election-2017", "--as-of", "2017-05-20")
    assert said.code == 0
    asked = {row["campaign_id"] for row in landed(home) if row["platform"] != "registry"}
    assert asked == {"uk-general-election-2017"}


def test_many_troubles_are_summed_up(campaign: Campaign, sandbox: Sandbox) -> None:
    # before most of the listed posts were published
    said = campaign("collect", "--as-of", "2019-10-30")
    assert said.code == 0
    assert "more of the kind" in said.out
