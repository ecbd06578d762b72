"""`campaign status` and what `campaign check` says of money and of posts that no asset has."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import connectors
from flows.health.examine import examine
from flows.health.last_runs import build_of
from flows.health.standing import gather
from flows.health.status import ago_of, tell
from flows.home import LEDGER
from flows.registry import load
from flows.settings import Settings
from tests.flows.conftest import X_TOKEN, Said, Vendor, answer
from tests.unprivileged import unwritable
from warehouse.checking import published_warnings
from warehouse.landing import LandingWriter

Campaign = Callable[..., Said]
CLOCK = datetime(2026, 5, 20, 12, tzinfo=UTC)
BUDGET = '\n[[budgets]]\nplatform = "x"\nusd_per_day = 2.5\n'


def test_status_tells_each_platform_and_what_was_spent(
    built: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    toml = home / "campaigns" / "water.toml"
    toml.write_text(toml.read_text() + BUDGET)
    settings = Settings()
    registry = load(settings.registry, connectors.discover())
    os.utime(built, (CLOCK.timestamp(), CLOCK.timestamp()))
    build_of(home / "data").unlink()
    for file in (home / "data" / "landing").rglob("*.parquet"):
        os.utime(file, (CLOCK.timestamp() - 60, CLOCK.timestamp() - 60))

    tell(gather(settings, registry, CLOCK + timedelta(minutes=90)))

    lines = capfd.readouterr().out.splitlines()
    facebook, x, spending = (
        next([cell.strip() for cell in line.split("│")[1:-1]] for line in lines if f"│ {name} " in line)
        for name in ("facebook", "x", "water-2026")
    )
    assert facebook == [
        "facebook",
        "never",
        "never",
        "0",
        "0",
        "never",
        "0",
        "0",
        "·",
        "no credential; set FACEBOOK_ACCESS_TOKEN",
    ]
    noon = "2026-05-20 12:00 UTC (1 h ago)"
    assert x == ["x", "1 h ago", "1 h ago", "4", "0", "1 h ago", "2", "0", "0", "fresh"]
    assert spending[:2] == ["water-2026", "x"]
    assert spending[3] == "$2.500"
    assert spending[5] == "no budget"
    assert float(spending[2].strip("$")) == float(spending[4].strip("$")) > 0
    assert "post 2" in spending[6]
    assert f"Tables data/warehouse.duckdb: published {noon}" in lines
    warnings = published_warnings(settings.warehouse)
    # Nothing of Facebook has been read.
    assert "facebook" in [warned.subject for warned in warnings]
    assert (
        f'Warnings of the last build: {len(warnings)}; read them with campaign sql "FROM marts.warnings"'
        in lines
    )


@pytest.mark.parametrize(
    ("clock", "landed", "state"),
    [
        (timedelta(hours=2), timedelta(minutes=-1), "fresh"),
        (timedelta(hours=2), timedelta(minutes=1), "answers wait for campaign build"),
        (timedelta(hours=2, minutes=31), timedelta(minutes=1), "late; is campaign collect still running?"),
        (timedelta(days=100), timedelta(minutes=1), "idle: no campaign asks now"),
    ],
)
def test_status_says_what_a_platform_waits_for(
    built: Path,
    home: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    clock: timedelta,
    landed: timedelta,
    state: str,
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", X_TOKEN)
    os.utime(built, (CLOCK.timestamp(), CLOCK.timestamp()))
    build_of(home / "data").unlink()
    for file in (home / "data" / "landing").rglob("*.parquet"):
        os.utime(file, ((CLOCK + landed).timestamp(), (CLOCK + landed).timestamp()))
    settings = Settings()

    tell(gather(settings, load(settings.registry, connectors.discover()), CLOCK + clock))

    (line,) = [line for line in capfd.readouterr().out.splitlines() if line.startswith("│ x ")]
    assert line.split("│")[-2].strip() == state


def test_status_tells_the_gaps_of_the_last_week(
    campaign: Campaign, home: Path, x_only: Vendor, capfd: pytest.CaptureFixture[str]
) -> None:
    for day in (3, 10, 16, 20):
        campaign("collect", "--as-of", f"2026-05-{day:02d}T12:00Z")
    campaign("build")
    settings = Settings()
    registry = load(settings.registry, connectors.discover())

    tell(gather(settings, registry, CLOCK + timedelta(hours=1)))
    said = capfd.readouterr().out
    assert "Gaps of the last 7 days" in said
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in said.splitlines()
        if line.startswith("│ water-2026 │ x ") and "UTC" in line
    ]
    # Two posts, read once a local day: those of 17, 18 and 19 May, and of 11 to 15 May, were missed.
    assert rows == [
        ["water-2026", "x", "2026-05-16 12:00 UTC", "2026-05-20 12:00 UTC", "96.0", "6", "2"],
        ["water-2026", "x", "2026-05-10 12:00 UTC", "2026-05-16 12:00 UTC", "144.0", "10", "2"],
    ]

    tell(gather(settings, registry, CLOCK + timedelta(days=8)))
    assert "Gaps of" not in capfd.readouterr().out


@pytest.mark.parametrize("is_published", [True, False])
def test_an_import_is_no_collect_and_has_a_line_of_its_own(
    built: Path, home: Path, campaign: Campaign, capfd: pytest.CaptureFixture[str], is_published: bool
) -> None:
    settings = Settings()
    registry = load(settings.registry, connectors.discover())
    os.utime(built, (CLOCK.timestamp(), CLOCK.timestamp()))
    build_of(home / "data").unlink()
    tell(gather(settings, registry, CLOCK + timedelta(minutes=90)))
    before = capfd.readouterr().out
    assert "Last import" not in before

    row = "1197072400000000001,https://x.com/i/status/1197072400000000001,5,1\r\n"
    (home / "posts.csv").write_text("Tweet id,Tweet permalink,impressions,likes\r\n" + row)
    said = campaign("import", "posts.csv", "--observed-at", "2026-05-21T09:00Z")
    assert said.code == 0, said.err
    at = CLOCK - timedelta(hours=-1 if is_published else 1)
    for file in (home / "data" / "landing").rglob("*.parquet"):
        os.utime(file, ((CLOCK - timedelta(minutes=1)).timestamp(),) * 2)
    os.utime(built, (at.timestamp(), at.timestamp()))
    tell(gather(settings, registry, datetime.now(UTC)))
    after = capfd.readouterr().out

    def of_x(said: str) -> list[str]:
        (line,) = [line for line in said.splitlines() if line.startswith("│ x ")]
        return [cell.strip() for cell in line.split("│")[2:6]]

    assert of_x(before)[0] == "1 h ago"
    assert of_x(after)[0] == ago_of(datetime.now(UTC) - datetime(2026, 5, 20, 12, tzinfo=UTC))
    assert of_x(after)[2:] == of_x(before)[2:] == ["4", "0"]
    (line,) = [line for line in after.splitlines() if line.startswith("Last import: ")]
    assert "(0 min ago), x 1 (responses)" in line
    assert line.endswith("campaign build takes them in") is not is_published


@pytest.mark.parametrize("command", ["status", "check"])
def test_what_was_spent_is_told_from_a_folder_that_cannot_be_written(
    built: Path, home: Path, campaign: Campaign, command: str
) -> None:
    toml = home / "campaigns" / "water.toml"
    toml.write_text(toml.read_text() + BUDGET)
    data = home / "data"
    before = sorted(path.name for path in data.iterdir())
    with unwritable(data):
        said = campaign(command)
    assert "Spending by" in said.out
    assert "ledger" not in said.out + said.err
    assert sorted(path.name for path in data.iterdir()) == before

    (data / LEDGER).write_bytes(b"no ledger" * 1000)
    said = campaign(command)
    assert (said.code, said.err) == (0, "")
    (line,) = [line for line in said.out.splitlines() if "ledger" in line]
    assert line.removeprefix("note: ").removeprefix("- ").startswith("the spending ledger data/")


def test_status_before_anything_is_there(campaign: Campaign, home: Path) -> None:
    said = campaign("status")
    assert (said.code, said.err) == (0, "")
    assert "nothing yet; run campaign collect, then campaign build" in said.out
    assert not (home / "data").exists()


def test_status_counts_refusals_and_passes_over_what_it_cannot_read(
    campaign: Campaign, home: Path, x_only: Vendor
) -> None:
    x_only.answers["/2/tweets"] = answer({"title": "Forbidden", "status": 403}, 403)
    campaign("collect", "--as-of", "2026-05-19T12:00Z")
    campaign("collect", "--as-of", "2026-05-20T12:00Z")
    newest = max((home / "data" / "landing" / "platform=x" / "endpoint=users").rglob("*.parquet"))
    newest.write_bytes(b"torn")
    said = campaign("status")
    (line,) = [line for line in said.out.splitlines() if line.startswith("│ x ")]
    assert (said.code, said.err) == (0, "")
    assert [cell.strip() for cell in line.split("│")[4:6]] == ["3", "1"]
    assert [cell.strip() for cell in line.split("│")[2:4]] == [
        ago_of(datetime.now(UTC) - datetime(2026, 5, 20, 12, tzinfo=UTC)),
        "never",
    ]


def test_status_says_that_a_warehouse_is_broken_and_tells_the_rest(
    built: Path, campaign: Campaign, home: Path
) -> None:
    built.write_bytes(b"this is no database" * 1000)
    said = campaign("status")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "campaign build" in said.err
    assert f"│ x        │ {ago_of(datetime.now(UTC) - datetime(2026, 5, 20, 12, tzinfo=UTC))} " in said.out


def test_check_tells_the_budgets_and_what_has_none(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    toml = home / "campaigns" / "water.toml"
    without = toml.read_text()
    examine(Settings(), CLOCK)
    assert "- x charges for what is read and no budget of water-2026 bounds it" in capfd.readouterr().out
    toml.write_text(without + BUDGET)
    examine(Settings(), CLOCK)
    said = capfd.readouterr().out
    assert "no budget of" not in said
    assert re.search(r"water-2026 │ x\s+│ \$0\.000 │\s+\$2\.500 │\s+\$0\.000 │\s+no budget", said)


def test_check_says_which_further_credentials_are_there(
    home: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "none of FACEBOOK_APP_SECRET" in campaign("check").out
    monkeypatch.setenv("FACEBOOK_APP_SECRET", "hush-hush")
    said = campaign("check")
    assert "FACEBOOK_APP_SECRET is set" in said.out
    assert "hush" not in said.out
    monkeypatch.setenv("FACEBOOK_APP_SECRET", "hush hush")
    said = campaign("check")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("campaign: FACEBOOK_APP_SECRET holds a blank")
    assert "hush" not in said.out + said.err


def test_check_lists_what_no_asset_has_and_rules_that_catch_nothing(
    built: Path, home: Path, campaign: Campaign, capfd: pytest.CaptureFixture[str]
) -> None:
    toml = home / "campaigns" / "water.toml"
    toml.write_text(toml.read_text() + 'match = { text = ["no such words"] }\n')
    campaign("build")
    assert examine(Settings(), CLOCK)
    said = capfd.readouterr().out
    assert "catches nothing yet: the rule of launch-film (water-2026)" in said
    assert "Posts of water-2026 that no asset has" in said
    (line,) = [line for line in said.splitlines() if '"x:100",' in line]
    assert [cell.strip() for cell in line.split("│")[2:5]] == ["ours", "Water", "900"]

    toml.write_text(toml.read_text().replace("no such words", "water"))
    campaign("build")
    assert examine(Settings(), CLOCK)
    said = capfd.readouterr().out
    assert "catches nothing yet" not in said
    assert '"x:100"' not in said

    examine(Settings(), CLOCK + timedelta(days=300))
    assert "no asset has" not in capfd.readouterr().out


def test_check_offers_no_line_for_a_rivals_post_that_resembles_no_asset(
    built: Path, home: Path, campaign: Campaign, capfd: pytest.CaptureFixture[str]
) -> None:
    toml = home / "campaigns" / "water.toml"
    rival = '[[sides]]\nid = "theirs"\n\n[[accounts]]\nside = "theirs"'
    toml.write_text(toml.read_text().replace('[[accounts]]\nside = "ours"', rival))
    campaign("build")
    assert examine(Settings(), CLOCK)
    assert "no asset has" not in capfd.readouterr().out

    theirs = '\n[[assets]]\nid = "theirs"\ntitle = "Their film"\nside = "theirs"\nkind = "video"\n'
    toml.write_text(toml.read_text() + theirs)
    campaign("build")
    assert examine(Settings(), CLOCK)
    (line,) = [line for line in capfd.readouterr().out.splitlines() if "Water" in line and "│ theirs" in line]
    assert [cell.strip() for cell in line.split("│")[-3:-1]] == ["resembles no asset of its side", ""]


def test_check_notes_a_handle_that_no_account_has_any_more(
    built: Path, home: Path, campaign: Campaign, capfd: pytest.CaptureFixture[str]
) -> None:
    toml = home / "campaigns" / "water.toml"
    bare = '\n[[accounts]]\nside = "ours"\nplatform = "{}"\nhandle = "{}"\n'
    unwatched = bare.format("x", "Elsewhere") + "watch = false\n"
    # Facebook has shown nothing yet.
    toml.write_text(
        toml.read_text() + bare.format("x", "CleanWatr") + bare.format("facebook", "CleanWater") + unwatched
    )
    assert examine(Settings(), CLOCK)
    said = capfd.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("note: ")] == [
        "note: no account has been seen under the handle CleanWatr of x (water-2026); check its spelling"
    ]

    user = {"id": "77", "username": "CleanWaterHQ"}
    with LandingWriter(home / "data" / "landing") as landing:
        landing.add(
            {
                "response_id": "renamed-1",
                "run_id": "renamed",
                "platform": "x",
                "endpoint": "users",
                "campaign_id": "water-2026",
                "observed_at": CLOCK + timedelta(hours=1),
                "requested_at": CLOCK,
                "method": "GET",
                "url": "https://api.x.com/2/users/by",
                "params": "{}",
                "status": 200,
                "headers": "{}",
                "body": json.dumps({"data": [user]}),
                "page": 1,
                "elapsed_ms": 1,
                "schema_version": 1,
            }
        )
    campaign("build")
    assert examine(Settings(), CLOCK)
    assert (
        "note: the account CleanWaterNow of x (water-2026) is called CleanWaterHQ now; "
        "write that handle in the registry, or its id\n"
    ) in capfd.readouterr().out
