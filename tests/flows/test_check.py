"""`campaign check` as a new team's guide: what blocks, what limits, what can be had besides, and what is
next."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import connectors
from connectors import facebook, instagram, tiktok, x, youtube
from connectors.credentials import CredentialHealth, OwnAccount
from connectors.sandbox.server import Sandbox
from flows.health.day_cost import day_cost
from flows.health.examine import examine
from flows.health.last_runs import read_run, run_of
from flows.health.token_check import ask_platform, clock_ahead
from flows.health.tokens import record_token, tokens_of
from flows.home import DEMO_MARKER
from flows.registry import load
from flows.settings import CREDENTIALS, Settings
from tests.flows.conftest import FACEBOOK_TOKEN, REGISTRY, Said, Vendor, answer
from warehouse.known import KnownPost

Campaign = Callable[..., Said]

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
# The registry's campaign goes on at this moment, whenever the tests run.
TODAY = datetime.now(UTC)
RUNNING = REGISTRY.replace("2026-04-01", f"{TODAY - timedelta(days=10):%Y-%m-%d}").replace(
    "2026-06-30", f"{TODAY + timedelta(days=20):%Y-%m-%d}"
)
ACCOUNT = '\n[[accounts]]\nside = "{}"\nplatform = "{}"\nhandle = "{}"\n'
RIVALS = '\n[[sides]]\nid = "rivals"\nours = false\n'


@pytest.fixture
def running(home: Path) -> Path:
    """A registry whose campaign is going on; gives its file."""
    toml = home / "campaigns" / "water.toml"
    toml.write_text(RUNNING)
    return toml


@pytest.fixture
def page(running: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """A Facebook whose token sees one page from within."""
    monkeypatch.setenv("FACEBOOK_API_URL", f"{vendor.url}/graph")
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", FACEBOOK_TOKEN)
    granted = {"data": {"is_valid": True, "expires_at": 0, "scopes": list(facebook.GUIDE.permissions)}}
    roles = [{"id": "111", "name": "Clean Water", "username": "CleanWater", "tasks": ["ANALYZE"]}]
    vendor.answers |= {
        "/graph/v26.0/debug_token": answer(granted),
        "/graph/v26.0/me/accounts": answer({"data": roles}),
    }
    return vendor


def lines_of(said: Said, heading: str) -> list[str]:
    """The lines under a heading of the check."""
    lines = said.out.splitlines()
    if f"{heading}:" not in lines:
        return []
    found = []
    for line in lines[lines.index(f"{heading}:") + 1 :]:
        if not line.startswith("- "):
            break
        found.append(line.removeprefix("- "))
    return found


def next_of(said: Said) -> str:
    *_, last = said.out.splitlines()
    assert last.startswith("next: ")
    return last.removeprefix("next: ")


def rows_of(said: Said, title: str) -> list[list[str]]:
    """The cells of a table's rows."""
    lines = said.out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(title))
    rows = []
    for line in lines[start + 4 :]:
        if not line.startswith("│"):
            break
        rows.append([cell.strip() for cell in line.split("│")[1:-1]])
    return rows


# -- the first check of a new team


def test_a_new_team_is_led_to_each_credential_that_its_registry_needs(
    running: Path, campaign: Campaign
) -> None:
    said = campaign("check", "--offline")
    assert (said.code, said.err) == (0, "")
    blocks = lines_of(said, "What blocks")
    assert [line.partition(":")[0] for line in blocks] == ["facebook", "x"]
    for platform, line in zip(("facebook", "x"), blocks, strict=True):
        guide = connectors.discover()[platform].GUIDE
        assert str(guide.made_at) in line
        assert line.endswith(f"docs/operations.md#{platform}")
    assert "set X_BEARER_TOKEN in .env" in blocks[1]
    assert next_of(said).startswith(f"make a credential of facebook at {facebook.GUIDE.made_at}")
    assert "go on without it" not in next_of(said)
    assert {tuple(row[3:]) for row in rows_of(said, "What comes")} == {
        ("posts", facebook.GUIDE.others, ""),
        ("not read", "nothing", "everything"),
    }


def test_what_one_platform_lacks_keeps_nobody_from_going_on(
    running: Path, x_only: Vendor, campaign: Campaign
) -> None:
    assert next_of(campaign("check", "--offline")).endswith("; or go on without it: campaign collect")
    campaign("collect", "--platform", "x")
    assert next_of(campaign("check", "--offline")).startswith("campaign build")
    campaign("build")
    said = campaign("check", "--offline")
    # It is still told what would be there with it.
    assert lines_of(said, "What blocks")[0].startswith("facebook: no credential")
    assert next_of(said).startswith("make a credential of facebook")
    assert next_of(said).endswith("; or go on without it: campaign serve")


def test_everything_is_ready_once_each_platform_was_asked(
    running: Path, page: Vendor, x_only: Vendor, campaign: Campaign
) -> None:
    running.write_text(RUNNING + ACCOUNT.format("ours", "facebook", "CleanWater"))
    # A build lands the registry, which is no answer.
    said = campaign("build")
    assert said.out.endswith("nothing has been read yet; run campaign collect, then campaign build again\n")
    said = campaign("check", "--offline")
    assert "nothing yet; run campaign collect\n" in said.out
    assert next_of(said).startswith("campaign collect, which asks the platforms for the first time")
    campaign("collect", "--platform", "x")
    said = campaign("build")
    assert "nothing has been read yet" not in said.out
    assert (
        next_of(campaign("check", "--offline")) == "campaign collect, which asks facebook for the first time"
    )
    campaign("collect", "--platform", "facebook")
    assert next_of(campaign("check", "--offline")).startswith("everything is ready: campaign serve")


def test_after_a_build_of_nothing_the_next_step_is_still_a_credential(
    running: Path, campaign: Campaign
) -> None:
    assert campaign("build").code == 0
    assert next_of(campaign("check", "--offline")).startswith("make a credential of facebook")


def test_before_anything_landed_the_tables_are_told_to_need_a_collect(
    home: Path, running: Path, x_only: Vendor, campaign: Campaign
) -> None:
    missing = "campaign: there is no warehouse at data/warehouse.duckdb yet; run `campaign collect`, then "
    for command in (("sql", "SELECT 1"), ("export",), ("report", "--campaign", "water-2026"), ("report",)):
        said = campaign(*command)
        assert (said.code, said.err) == (1, f"{missing}`campaign build`\n")
    # What runs of the scheduler are told to have failed by is the same line.
    for flow in ("export", "report"):
        kept = read_run(run_of(home / "data", flow))
        assert kept is not None
        assert f"campaign: {kept.message}\n" == said.err
    campaign("collect", "--platform", "x")
    assert campaign("sql", "SELECT 1").err.endswith(" yet; run `campaign build`\n")


def test_in_the_wrong_folder_the_folder_is_named(
    home: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = home / "elsewhere"
    stray.mkdir()
    monkeypatch.chdir(stray)
    for command in (("status",), ("collect",), ("sql", "SELECT 1")):
        said = campaign(*command)
        assert said.code == 1
        assert f"{stray} (are you in the right folder?)" in said.err, command
    (stray / ".env").touch()
    assert "right folder" not in campaign("collect").err + campaign("sql", "SELECT 1").err


def test_a_refused_and_an_expired_credential_stand_under_what_blocks(
    page: Vendor, running: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.write_text(RUNNING + ACCOUNT.format("ours", "youtube", "CleanWater"))
    monkeypatch.setenv("YOUTUBE_API_KEY", "zzz")
    settings = Settings()
    refused = CredentialHealth(is_valid=False, told="youtube: the key was refused (400); make another")
    expired = CredentialHealth(is_valid=True, expires_at=TODAY - timedelta(days=1))
    record_token(settings, youtube, "YOUTUBE_API_KEY", refused, TODAY)
    record_token(settings, facebook, "FACEBOOK_ACCESS_TOKEN", expired, TODAY)
    said = campaign("check", "--offline")
    assert said.code == 1
    first, second, *_ = lines_of(said, "What blocks")
    assert first.startswith("facebook: FACEBOOK_ACCESS_TOKEN has expired")
    assert second.startswith("youtube: YOUTUBE_API_KEY is refused")
    assert said.err == f"campaign: {first}\ncampaign: {second}\n"
    assert next_of(said).startswith("make a new credential of facebook")


def test_before_the_campaign_and_after_it_there_is_another_next_step(
    running: Path, page: Vendor, x_only: Vendor, made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    examine(Settings(), TODAY - timedelta(days=60))
    assert "next: campaign serve, which waits until there is something to ask" in capfd.readouterr().out
    examine(Settings(), TODAY + timedelta(days=300))
    # As where the examples are all that there is.
    assert "next: every campaign is over; campaign init begins yours, or " in capfd.readouterr().out
    shutil.copytree(made, running.parents[1] / "data", dirs_exist_ok=True)
    examine(Settings(), TODAY + timedelta(days=300))
    assert "next: every campaign is over; campaign report shows it, or " in capfd.readouterr().out


def test_what_must_be_mended_comes_next_before_anything_else(running: Path, campaign: Campaign) -> None:
    running.write_text(RUNNING.replace('kind = "video"', 'kind = "vidio"'))
    said = campaign("check", "--offline")
    assert said.code == 1
    assert next_of(said) == "mend campaigns as the lines above say, then run campaign check again"


def test_a_platform_that_nobody_can_ask_for_free_stands_among_the_credentials(
    running: Path, x_only: Vendor, campaign: Campaign
) -> None:
    (row,) = rows_of(campaign("check"), "Credentials")
    assert row[:3] == ["x", "X_BEARER_TOKEN", x.GUIDE.untold]
    assert x_only.asked == []


def test_an_account_that_no_campaign_names_asks_for_a_registry(running: Path, campaign: Campaign) -> None:
    running.write_text(RUNNING.partition("[[accounts]]")[0])
    said = campaign("check", "--offline")
    assert lines_of(said, "What blocks") == [
        "water-2026 names no account and no post, so nothing is asked for it; write [[accounts]] into "
        "campaigns/water.toml"
    ]
    assert next_of(said) == "write the accounts of water-2026 into campaigns/water.toml"


# -- as whom, and what comes


def test_check_tells_as_whom_a_credential_is_taken_and_what_comes_of_whose_accounts(
    page: Vendor, running: Path, campaign: Campaign
) -> None:
    running.write_text(
        RUNNING
        + RIVALS
        + ACCOUNT.format("ours", "facebook", "cleanwater")
        + ACCOUNT.format("ours", "facebook", "WaterYouth")
        + ACCOUNT.format("rivals", "facebook", "DirtyWater")
    )
    said = campaign("check")
    (row,) = rows_of(said, "Credentials")
    assert row[:6] == ["facebook", "FACEBOOK_ACCESS_TOKEN", "valid", "never", "none", "Clean Water"]
    comes = {row[2]: row[3:] for row in rows_of(said, "What comes") if row[1] == "facebook"}
    guide = facebook.GUIDE
    assert comes == {
        "cleanwater": ["own", guide.own, "nothing"],
        "WaterYouth, DirtyWater": ["another's", guide.others, guide.withheld],
    }
    (line,) = [line for line in lines_of(said, "What limits") if line.startswith("facebook")]
    assert line.startswith(
        "facebook: WaterYouth (water-2026) is on our side, and the credential sees it only"
    )
    assert "(from within it sees: Clean Water), so its views stay NULL" in line
    # What was told stays known.
    asked = len(page.asked)
    assert rows_of(campaign("check", "--offline"), "What comes") == rows_of(said, "What comes")
    assert len(page.asked) == asked


@pytest.mark.parametrize("permission", facebook.NEEDED_PERMISSIONS)
def test_a_missing_permission_is_told_with_what_is_lost_and_the_page_that_grants_it(
    page: Vendor, running: Path, campaign: Campaign, permission: str
) -> None:
    scopes = [name for name in facebook.GUIDE.permissions if name != permission]
    granted = {"data": {"is_valid": True, "expires_at": 0, "scopes": scopes}}
    page.answers["/graph/v26.0/debug_token"] = answer(granted)
    running.write_text(RUNNING + ACCOUNT.format("ours", "facebook", "CleanWater"))
    said = campaign("check")
    (line,) = [line for line in lines_of(said, "What limits") if "FACEBOOK_ACCESS_TOKEN" in line]
    lost = facebook.GUIDE.permissions[permission]
    assert line.startswith(f"facebook: FACEBOOK_ACCESS_TOKEN lacks {permission}: {lost}; ")
    assert str(facebook.GUIDE.grants) in line
    (row,) = [row for row in rows_of(said, "What comes") if row[1] == "facebook"]
    assert (row[3], row[5]) == ("own", lost)


def test_a_permission_for_audiences_is_missed_where_there_are_audiences(
    page: Vendor, running: Path, campaign: Campaign
) -> None:
    granted = {"data": {"is_valid": True, "expires_at": 0, "scopes": list(facebook.NEEDED_PERMISSIONS)}}
    page.answers["/graph/v26.0/debug_token"] = answer(granted)
    assert "ads_read" not in campaign("check").out
    running.write_text(
        RUNNING
        + '\n[[audiences]]\nid = "hallam"\nlabel = "Hallam"\nad_account = "act_123"\n'
        + 'targeting = { geo_locations = { countries = ["GB"] } }\n'
    )
    assert "lacks ads_read: no reach" in campaign("check").out


def test_a_role_without_its_task_is_told(page: Vendor, campaign: Campaign) -> None:
    roles = [{"id": "111", "name": "Clean Water", "username": "CleanWater", "tasks": ["MESSAGING"]}]
    page.answers["/graph/v26.0/me/accounts"] = answer({"data": roles})
    (line,) = [line for line in lines_of(campaign("check"), "What limits") if "ANALYZE" in line]
    assert line.startswith("facebook: on Clean Water the credential lacks the task ANALYZE")


def test_a_token_of_a_page_acts_for_that_page(page: Vendor, campaign: Campaign) -> None:
    no_edge = {"error": {"message": "(#100) Tried accessing nonexisting field (accounts)", "code": 100}}
    page.answers["/graph/v26.0/me/accounts"] = answer(no_edge, 400)
    page.answers["/graph/v26.0/me"] = answer({"id": "111", "name": "Clean Water"})
    (row,) = rows_of(campaign("check"), "Credentials")
    assert row[5] == "Clean Water"


def test_a_list_of_accounts_that_fails_costs_nothing_but_the_names(page: Vendor, campaign: Campaign) -> None:
    page.answers["/graph/v26.0/me/accounts"] = (500, "<html>")
    said = campaign("check")
    assert said.code == 0
    (line,) = [line for line in lines_of(said, "What limits") if "from within" in line]
    assert line.startswith("facebook: it is not told which accounts the credential may see")
    (row,) = rows_of(said, "Credentials")
    assert (row[2], row[5]) == ("valid", "not told")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as served:
        yield served


def test_the_accounts_of_every_platform_that_tells_them_are_public_names(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sandbox.settings.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    for connector in (facebook, instagram, tiktok):
        assert ask_platform(settings, connector, NOW).lines == ()
        (token,) = [one for one in tokens_of(settings, connector) if one.setting == connector.CREDENTIAL]
        assert token.accounts
        assert all(own.id and own.name and own.handle for own in token.accounts)
    kept = json.loads((settings.home / ".tokens" / "facebook.json").read_text())["FACEBOOK_ACCESS_TOKEN"]
    assert {name for own in kept["accounts"] for name in own} == {"id", "name", "handle", "lacks"}


def test_further_credentials_are_a_limit_when_there_in_part_and_else_an_offer(
    running: Path, x_only: Vendor, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = lines_of(campaign("check", "--offline"), "What can be had besides")
    assert line.startswith("x: X_CONSUMER_KEY, X_CONSUMER_SECRET, X_ACCESS_TOKEN, X_ACCESS_TOKEN_SECRET are")
    monkeypatch.setenv("X_CONSUMER_KEY", "key")
    monkeypatch.setenv("X_CONSUMER_SECRET", "secret")
    said = campaign("check", "--offline")
    assert lines_of(said, "What can be had besides") == []
    assert "X_CONSUMER_KEY, X_CONSUMER_SECRET are set; none of X_ACCESS_TOKEN" in said.out
    assert any("they work only together" in line for line in lines_of(said, "What limits"))


# -- money


def test_a_day_costs_each_post_once_and_each_account_once(home: Path) -> None:
    """Of 600 posts in 50 days: 600 at $0.005, an account at $0.010, its retweets counted at $0.005."""
    campaign = load(Path("campaigns"), connectors.discover()).campaigns[0]
    made, seen = NOW - timedelta(days=3), NOW - timedelta(days=1)
    posts = [KnownPost("x", str(number), "77", (), made, seen, is_gone=False) for number in range(600)]
    cost = day_cost(campaign, x, posts, NOW)
    assert (cost.usd_now, cost.posts_now) == (Decimal("3.015"), 600)
    assert cost.posts_at_end > 1000
    assert cost.suggested_usd_per_day > cost.usd_at_end
    # Of nothing that is known, the listed post and ten a day.
    assert day_cost(campaign, x, [], NOW).posts_now == pytest.approx(1 + 10 * 49.5, abs=6)


def test_check_forecasts_a_day_and_proposes_a_budget(running: Path, campaign: Campaign) -> None:
    (line,) = [line for line in lines_of(campaign("check", "--offline"), "What limits") if "charges" in line]
    assert "about $0." in line
    assert "on its last day (10 posts a day of each account are assumed); write" in line
    assert 'write [[budgets]] with platform = "x" and usd_per_day = 3' in line
    running.write_text(f'{RUNNING}\n[[budgets]]\nplatform = "x"\nusd_per_day = 0.10\n')
    said = campaign("check", "--offline")
    assert "Reading water-2026 on x costs about $0." in said.out
    (line,) = [line for line in lines_of(said, "What limits") if "budget" in line]
    assert "($0.1 a day) does not reach for what is due" in line


# -- .env


def test_check_says_where_the_settings_came_from(running: Path, campaign: Campaign, home: Path) -> None:
    assert f"Settings: no .env in {home}" in campaign("check", "--offline").out
    (home / ".env").write_text("X_BEARER_TOKEN=abc\nCAMPAIGN_HOME=\n")
    (home / ".env").chmod(0o600)
    said = campaign("check", "--offline")
    assert f"Settings: {home}/.env (1 name)" in said.out
    assert "chmod" not in said.out


def test_an_env_file_that_others_can_read_is_told_with_the_cure(
    running: Path, campaign: Campaign, home: Path
) -> None:
    (home / ".env").write_text("X_BEARER_TOKEN=abc\n")
    for mode, whose in ((0o644, "everybody on this machine"), (0o640, "the file's group")):
        (home / ".env").chmod(mode)
        (line,) = [one for one in lines_of(campaign("check", "--offline"), "What limits") if "chmod" in one]
        assert line == f"{whose} can read or change the credentials in .env; run chmod 600 .env"


@pytest.mark.parametrize("place", ["..", "campaigns", "data"])
def test_an_env_file_in_another_folder_is_told(
    running: Path, campaign: Campaign, home: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "..":
        (home / "work").mkdir()
        (home / ".env").write_text("X_BEARER_TOKEN=abc\n")
        monkeypatch.setenv("CAMPAIGN_REGISTRY", str(home / "campaigns"))
        monkeypatch.chdir(home / "work")
        folder = home
    else:
        folder = home / place
        folder.mkdir(exist_ok=True)
        (folder / ".env").write_text("X_BEARER_TOKEN=abc\n")
    said = campaign("check", "--offline")
    (line,) = [line for line in lines_of(said, "What limits") if ".env" in line]
    assert line == (
        f"{folder / '.env'} is not read: .env counts in the folder where campaign is run; run it in "
        f"{folder}, or copy the file here"
    )


def test_a_mistyped_name_in_the_env_file_is_told_with_the_right_one(
    running: Path, campaign: Campaign, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".env").write_text("FACEBOOK_TOKEN=abc\nEDITOR=vi\nPREFECT_API_KEY=abc\nX_BEARER_TOKEN=old\n")
    monkeypatch.setenv("X_BEARER_TOKEN", "new")
    said = campaign("check", "--offline")
    assert [line for line in lines_of(said, "What limits") if "is no setting" in line] == [
        "FACEBOOK_TOKEN in .env is no setting and counts nowhere; write FACEBOOK_ACCESS_TOKEN"
    ]
    assert "the environment wins for X_BEARER_TOKEN" in said.out
    assert "abc" not in said.out


# -- what else stands in the way


def test_the_demos_folder_takes_no_real_data_and_check_says_so(
    running: Path, campaign: Campaign, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "data").mkdir()
    (home / "data" / DEMO_MARKER).touch()
    monkeypatch.setenv("X_BEARER_TOKEN", "abc")
    said = campaign("check", "--offline")
    assert said.code == 1
    assert said.err == (
        "campaign: data holds the demo's data and takes no other; set CAMPAIGN_HOME to another folder\n"
    )
    assert next_of(said).startswith("set CAMPAIGN_HOME to a folder of your own")
    monkeypatch.setenv("X_API_URL", "http://127.0.0.1:9/x")
    assert campaign("check", "--offline").code == 0


def test_workers_that_are_started_here_need_nothing(
    running: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_DASK", "2")
    assert "Workers: each run starts 2 worker processes here" in campaign("check", "--offline").out


def test_a_scheduler_that_does_not_answer_is_told_and_offline_it_is_not_asked(
    running: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("CAMPAIGN_DASK", address)
        assert f"the Dask scheduler at {address}; not asked" in campaign("check", "--offline").out
        said = campaign("check")
    assert said.code == 1
    assert said.err.startswith(f"campaign: no Dask scheduler answers at {address} (CAMPAIGN_DASK); start one")
    assert next_of(said).startswith("mend CAMPAIGN_DASK or leave it out")


def test_a_scheduler_that_answers_says_how_many_workers_it_has(
    running: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:  # fmt: skip
        monkeypatch.setenv("CAMPAIGN_DASK", cluster.scheduler_address)
        said = campaign("check")
    assert said.code == 0
    assert f"Workers: the Dask scheduler at {cluster.scheduler_address} answers and has 1" in said.out


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        ("Wed, 20 May 2026 12:00:00 GMT", timedelta(0)),
        ("Wed, 20 May 2026 11:50:00 GMT", timedelta(minutes=10)),
        ("Wed, 20 May 2026 15:00:00 +0200", timedelta(hours=-1)),
        ("yesterday", None),
    ],
)
def test_a_clock_is_compared_with_the_platforms(date: str, ahead: timedelta | None) -> None:
    assert clock_ahead(json.dumps({"date": date}), NOW) == ahead
    assert clock_ahead("{}", NOW) is None


def test_a_dead_credential_is_told_with_the_page_that_makes_one(
    page: Vendor, campaign: Campaign, home: Path
) -> None:
    dead = CredentialHealth(is_valid=False, told="facebook: the token was refused (190: gone); make another")
    record_token(Settings(), facebook, "FACEBOOK_ACCESS_TOKEN", dead, TODAY, [OwnAccount("1", "Water")])
    said = campaign("check", "--offline")
    assert said.code == 1
    assert said.err == (
        "campaign: facebook: FACEBOOK_ACCESS_TOKEN is refused (the token was refused (190: gone)); make a "
        f"new one at {facebook.GUIDE.made_at} and set FACEBOOK_ACCESS_TOKEN; the steps are in "
        "docs/operations.md#facebook\n"
    )
    assert next_of(said).startswith("make a new credential of facebook at https://")


def test_what_check_says_is_plain_where_nobody_looks_at_a_screen(
    running: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert not set("\x1b│┃━") & set(campaign("check", "--offline").out)


def test_the_steps_that_check_points_to_are_written_down() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    headings = {line.removeprefix("### ").lower() for line in text.splitlines() if line.startswith("### ")}
    assert set(CREDENTIALS) <= headings
