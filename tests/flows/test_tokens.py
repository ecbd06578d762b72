"""How long credentials live, what they lack, and who hears of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import connectors
from connectors import facebook, instagram, tiktok, x, youtube
from connectors.credentials import CredentialHealth
from connectors.graph_credentials import health_in
from connectors.sandbox.server import Sandbox
from flows.health.examine import examine
from flows.health.token_check import ask_platform
from flows.health.tokens import TOKENS, is_due, missing_line, record_token, tokens_of, warning_of
from flows.settings import Settings
from tests.flows.conftest import FACEBOOK_TOKEN, Said, Vendor, answer, everything_written

Campaign = Callable[..., Said]

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PERSON = "10158000000000777"
GRANTED = ["pages_read_engagement", "pages_read_user_content", "read_insights"]


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def told_of(token_lives: timedelta, *scopes: str, **more: object) -> dict[str, object]:
    """An answer of `/debug_token` as the vendor's page shows it."""
    data = {
        "app_id": "140000000000001",
        "type": "USER",
        "application": "Clean Water",
        "data_access_expires_at": seconds(NOW + 90 * DAY),
        "expires_at": seconds(NOW + token_lives),
        "is_valid": True,
        "scopes": list(scopes or GRANTED),
        "user_id": PERSON,
    }
    return {"data": data | more}


@pytest.fixture
def page(home: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """A Facebook that shows one listed post and tells of its token."""
    monkeypatch.setenv("FACEBOOK_API_URL", f"{vendor.url}/graph")
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", FACEBOOK_TOKEN)
    version = "/graph/v26.0"
    post = {"id": "111_222", "created_time": "2026-05-01T10:00:00+0000", "shares": {"count": 3}}
    vendor.answers |= {
        f"{version}/me/accounts": answer({"data": []}),
        f"{version}/debug_token": answer(told_of(60 * DAY)),
        version: answer({"111_222": post}),
    }
    return vendor


def collect(campaign: Campaign, moment: datetime) -> Said:
    return campaign("collect", "--platform", "facebook", "--all", "--as-of", moment.isoformat())


def asked_of_token(vendor: Vendor) -> int:
    return sum("/debug_token" in path for path in vendor.asked)


def test_a_collect_asks_of_the_token_once_a_day(page: Vendor, campaign: Campaign) -> None:
    for hours in (0, 1, 23):
        assert collect(campaign, NOW + timedelta(hours=hours)).code == 0
    assert asked_of_token(page) == 1
    collect(campaign, NOW + DAY)
    assert asked_of_token(page) == 2


def test_a_new_token_is_asked_of_at_once_and_not_taken_for_the_old_one(
    page: Vendor, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.answers["/graph/v26.0/debug_token"] = answer(told_of(2 * DAY))
    collect(campaign, NOW)
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", "EAAanotherOne")
    assert list(tokens_of(Settings(), facebook)) == []
    page.answers["/graph/v26.0/debug_token"] = answer(told_of(60 * DAY))
    said = collect(campaign, NOW + timedelta(hours=1))
    assert asked_of_token(page) == 2
    assert "expires" not in said.out


def test_a_token_of_its_last_week_warns_in_every_run(page: Vendor, campaign: Campaign) -> None:
    page.answers["/graph/v26.0/debug_token"] = answer(told_of(5 * DAY))
    for hours in (0, 1):
        said = collect(campaign, NOW + timedelta(hours=hours))
        assert said.code == 0
        (line,) = [line for line in said.out.splitlines() if line.startswith("note: facebook: ")]
        assert line == (
            f"note: facebook: FACEBOOK_ACCESS_TOKEN expires in {5 if hours == 0 else 4} days "
            "(2026-05-25 12:00 UTC); make a new one and set FACEBOOK_ACCESS_TOKEN; "
            "the steps are in docs/operations.md#facebook"
        )


def test_what_was_told_of_a_token_holds_neither_the_token_nor_the_person(
    page: Vendor, campaign: Campaign, home: Path
) -> None:
    collect(campaign, NOW)
    kept = json.loads((home / "data" / TOKENS / "facebook.json").read_text())
    assert list(kept) == ["FACEBOOK_ACCESS_TOKEN"]
    assert kept["FACEBOOK_ACCESS_TOKEN"]["expires_at"] == (NOW + 60 * DAY).isoformat()
    written = everything_written(home / "data")
    assert b"debug_token" in written
    assert FACEBOOK_TOKEN.encode() not in written
    assert PERSON.encode() not in written


@pytest.mark.parametrize(
    "refusal",
    [
        answer({"error": {"message": "You must provide an app access token", "code": 100}}, 400),
        answer({}, 404),
        (500, "<html>"),
        (200, "[]"),
        answer({"data": {"is_valid": "maybe"}}),
        answer({"error": {"message": "Too many calls", "code": 4}}, 403),
    ],
)
def test_a_platform_that_tells_nothing_of_the_token_costs_the_collect_nothing(
    page: Vendor, campaign: Campaign, refusal: tuple[int, str]
) -> None:
    page.answers["/graph/v26.0/debug_token"] = refusal
    said = collect(campaign, NOW)
    assert (said.code, said.err) == (0, "")
    assert "posts 1" in said.out
    assert "FACEBOOK_ACCESS_TOKEN" not in said.out
    assert asked_of_token(page) == 1
    (token,) = tokens_of(Settings(), facebook)
    assert (token.is_valid, token.expires_at) == (None, None)


def test_what_was_known_stays_known_while_the_platform_is_silent(page: Vendor, campaign: Campaign) -> None:
    collect(campaign, NOW)
    page.answers["/graph/v26.0/debug_token"] = (500, "{}")
    collect(campaign, NOW + DAY)
    (token,) = tokens_of(Settings(), facebook)
    assert token.expires_at == NOW + 60 * DAY
    assert token.asked_at == NOW + DAY


def test_a_refused_token_is_said_once_and_asked_of_again(page: Vendor, campaign: Campaign) -> None:
    refusal = {
        "error": {"message": f"Session has expired {FACEBOOK_TOKEN}", "code": 190, "error_subcode": 463}
    }
    working = dict(page.answers)
    page.answers["/graph"] = answer(refusal, 400)
    for path in list(page.answers):
        page.answers[path] = answer(refusal, 400)
    said = collect(campaign, NOW)
    assert said.code == 1
    assert said.err.count("the token was refused") == 1
    assert said.err.endswith("; the steps are in docs/operations.md#facebook\n")
    assert "refused" not in said.out
    (token,) = tokens_of(Settings(), facebook)
    assert token.is_valid is False
    assert FACEBOOK_TOKEN not in token.told
    page.answers |= working
    assert collect(campaign, NOW + timedelta(hours=1)).code == 0
    (token,) = tokens_of(Settings(), facebook)
    assert token.is_valid is True


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"expires_at": 0, "data_access_expires_at": 0}, CredentialHealth(True, never_expires=True)),
        ({"expires_at": 0}, CredentialHealth(True, NOW + 90 * DAY)),
        ({"expires_at": None, "data_access_expires_at": None}, CredentialHealth(True)),
        ({"expires_at": 10**30, "data_access_expires_at": True}, CredentialHealth(True)),
        (
            {"scopes": ["read_insights"]},
            CredentialHealth(True, NOW + DAY, missing=("pages_read_engagement",)),
        ),
        ({"scopes": "all"}, CredentialHealth(True, NOW + DAY)),
        (
            {"is_valid": False, "error": {"code": 190, "message": "Session has expired"}},
            CredentialHealth(False, told="Session has expired"),
        ),
        ({"is_valid": False, "error": None}, CredentialHealth(False, told="no reason given")),
    ],
)
def test_what_the_graph_tells_of_a_token(data: dict[str, object], found: CredentialHealth) -> None:
    needs = ("pages_read_engagement", "read_insights")
    assert health_in(told_of(DAY, *needs, **data), needs, "facebook") == found


# -- check


def test_check_tells_validity_expiry_and_permissions(page: Vendor, campaign: Campaign) -> None:
    soon = datetime.now(UTC) + timedelta(days=3, hours=1) - NOW
    page.answers["/graph/v26.0/debug_token"] = answer(
        told_of(soon, "read_insights", data_access_expires_at=0)
    )
    said = campaign("check")
    # It may still be collected with.
    assert said.code == 0
    (row,) = [line for line in said.out.splitlines() if "│ valid " in line]
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    assert cells[:3] == ["facebook", "FACEBOOK_ACCESS_TOKEN", "valid"]
    assert cells[3].startswith("in 3 days (")
    assert cells[4] == "pages_read_engagement, pages_read_user_content"
    (line,) = said.err.splitlines()
    assert line.startswith("campaign: facebook: FACEBOOK_ACCESS_TOKEN expires in 3 days (")


def test_check_fails_on_a_token_that_is_refused_or_has_expired(page: Vendor, campaign: Campaign) -> None:
    page.answers["/graph/v26.0/debug_token"] = answer(
        {"data": {"is_valid": False, "error": {"message": "The user changed the password"}}}
    )
    said = campaign("check")
    assert said.code == 1
    assert said.err == (
        "campaign: facebook: FACEBOOK_ACCESS_TOKEN is refused (The user changed the password); make a new "
        "one and set FACEBOOK_ACCESS_TOKEN; the steps are in docs/operations.md#facebook\n"
    )
    page.answers["/graph/v26.0/debug_token"] = answer(told_of(-DAY))
    said = campaign("check")
    assert said.code == 1
    assert "FACEBOOK_ACCESS_TOKEN has expired (2026-05-19 12:00 UTC)" in said.err


def test_check_offline_asks_nothing_and_says_what_is_known(page: Vendor, campaign: Campaign) -> None:
    assert campaign("check", "--offline").code == 0
    assert page.asked == []
    settings = Settings()
    record_token(settings, facebook, "FACEBOOK_ACCESS_TOKEN", CredentialHealth(True, never_expires=True), NOW)
    said = campaign("check", "--offline")
    assert page.asked == []
    assert "│ valid │ never " in said.out


def test_check_goes_on_where_a_platform_does_not_answer(
    campaign: Campaign, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEBOOK_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", FACEBOOK_TOKEN)
    said = campaign("check")
    assert said.code == 0
    assert "- facebook: the platform does not tell (127.0.0.1:9 cannot be read" in said.out
    assert FACEBOOK_TOKEN not in said.out + said.err


# -- the sandbox, which was written from the vendors' pages


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as served:
        yield served


@pytest.fixture
def settings(sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in sandbox.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CAMPAIGN_HOME", str(home / "data"))
    return Settings()


def test_every_platform_that_tells_is_asked_by_check_and_nothing_lands(
    settings: Settings, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    examine(settings, NOW, asks_platforms=True)
    said = capfd.readouterr()
    rows = [
        [cell.strip() for cell in line.split("│")[1:4]]
        for line in said.out.splitlines()
        if "│ valid " in line or "│ refused " in line or "│ not known " in line
    ]
    assert rows == [
        ["facebook", "FACEBOOK_ACCESS_TOKEN", "valid"],
        ["instagram", "INSTAGRAM_ACCESS_TOKEN", "valid"],
        ["tiktok", "TIKTOK_ACCESS_TOKEN", "valid"],
        ["youtube", "YOUTUBE_API_KEY", "valid"],
    ]
    assert not (home / "data" / "landing").exists()


def test_check_spoils_no_token_that_a_collect_would_renew(settings: Settings) -> None:
    dead = Settings(TIKTOK_ACCESS_TOKEN="act.dead")
    (line,) = ask_platform(dead, tiktok, NOW).lines
    assert line == "tiktok: the access token has died, the next collect renews it"
    (token,) = tokens_of(dead, tiktok)
    assert token.is_valid is None
    assert warning_of(token, NOW) is None


def test_a_dead_token_that_nothing_renews_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIKTOK_REFRESH_TOKEN")
    dead = Settings(TIKTOK_ACCESS_TOKEN="act.dead")
    assert ask_platform(dead, tiktok, NOW).lines == ()
    (token,) = tokens_of(dead, tiktok)
    assert token.is_valid is False


def test_a_sign_in_that_is_refused_is_told_and_the_key_stays_valid(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUTUBE_CLIENT_SECRET", "wrong")
    (line,) = ask_platform(Settings(), youtube, NOW).lines
    assert line.startswith("youtube: ")
    (token,) = tokens_of(settings, youtube)
    assert token.is_valid is True


def test_a_token_of_instagram_login_lives_sixty_days_from_when_it_was_first_seen(settings: Settings) -> None:
    from connectors.sandbox.instagram import LOGIN_TOKEN

    login = Settings(INSTAGRAM_ACCESS_TOKEN=LOGIN_TOKEN)
    assert ask_platform(login, instagram, NOW).lines == ()
    assert ask_platform(login, instagram, NOW + 10 * DAY).lines == ()
    (token,) = tokens_of(login, instagram)
    assert (token.expires_at, token.is_latest) == (NOW + 60 * DAY, True)
    assert token.days_left(NOW + 10 * DAY) == 50
    warning = warning_of(token, NOW + 55 * DAY)
    assert warning is not None
    assert "expires in 5 days (2026-07-19 12:00 UTC, or earlier)" in warning


def test_a_renewed_token_tells_how_long_its_refresh_token_lives(
    sandbox: Sandbox, settings: Settings, campaign: Campaign, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = home / "campaigns" / "water.toml"
    account = '\n[[accounts]]\nside = "ours"\nplatform = "tiktok"\nhandle = "CleanWaterNow"\n'
    toml.write_text(toml.read_text() + account)
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", "act.dead")
    campaign("collect", "--platform", "tiktok", "--as-of", NOW.isoformat())
    (token,) = tokens_of(Settings(), tiktok)
    assert token.setting == "TIKTOK_REFRESH_TOKEN"
    assert token.expires_at == NOW + 365 * DAY


# -- the record


def test_only_platforms_whose_tokens_expire_are_asked_by_a_collect(settings: Settings) -> None:
    due = {name: is_due(settings, connector, NOW) for name, connector in connectors.discover().items()}
    assert due == {"facebook": True, "instagram": True, "tiktok": False, "x": False, "youtube": False}
    assert not hasattr(x, "credential_health")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"FACEBOOK_ACCESS_TOKEN": 1}', '{"FACEBOOK_ACCESS_TOKEN": {}}']
)
def test_a_damaged_record_is_asked_for_anew(settings: Settings, content: str) -> None:
    record = settings.home / TOKENS / "facebook.json"
    record.parent.mkdir(parents=True)
    record.write_text(content)
    assert list(tokens_of(settings, facebook)) == []
    assert is_due(settings, facebook, NOW)
    assert ask_platform(settings, facebook, NOW).lines == ()
    (token,) = tokens_of(settings, facebook)
    assert token.is_valid is True
    assert missing_line(token) is None
