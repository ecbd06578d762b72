"""Settings come from the environment, then from `.env`, and never show a secret."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from flows.settings import CREDENTIALS, Settings, SettingsError

SECRET = "EAAB-a-token-that-nobody-may-see"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside: an empty working directory and none of the names in the environment."""
    for name in list(os.environ):
        if name.startswith("CAMPAIGN_") or name.endswith(("_API_URL", "_API_VERSION", "_TOKEN", "_API_KEY")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_there_are_the_documented_defaults() -> None:
    settings = Settings()

    assert (settings.home, settings.lake, settings.registry) == (Path("data"), None, Path("campaigns"))
    assert settings.facebook_api_version == "v26.0"
    assert settings.keep_builds == 3
    assert settings.landing == Path("data/landing")
    assert settings.readings == Path("data/readings")
    assert settings.warehouse == Path("data/warehouse.duckdb")
    for platform in CREDENTIALS:
        assert settings.credential(platform) is None
        assert settings.api_url(platform) is None


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("CAMPAIGN_HOME=from-file\nX_API_URL=http://127.0.0.1:8000\n")
    monkeypatch.setenv("CAMPAIGN_HOME", "from-environment")

    settings = Settings()

    assert settings.home == Path("from-environment")
    assert settings.api_url("x") == "http://127.0.0.1:8000"


def test_an_empty_setting_is_an_absent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("X_BEARER_TOKEN=\nCAMPAIGN_LAKE=\nCAMPAIGN_REGISTRY=\n")
    monkeypatch.setenv("FACEBOOK_ACCESS_TOKEN", "  ")
    monkeypatch.setenv("FACEBOOK_API_VERSION", "")

    settings = Settings()

    assert settings.credential("x") is None
    assert settings.credential("facebook") is None
    assert (settings.lake, settings.registry) == (None, Path("campaigns"))
    assert settings.facebook_api_version == "v26.0"


def test_the_number_of_kept_builds_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGN_KEEP_BUILDS", " 0 ")
    assert Settings().keep_builds == 0


def test_the_lake_may_lie_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CAMPAIGN_LAKE", "~/lake")

    settings = Settings()

    assert settings.landing == tmp_path / "lake" / "landing"
    assert settings.readings == tmp_path / "lake" / "readings"
    assert settings.warehouse == Path("data/warehouse.duckdb")


@pytest.mark.parametrize("platform", CREDENTIALS)
def test_each_platform_has_its_credential_and_its_base_url(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setenv(CREDENTIALS[platform], f" {SECRET}\n")
    monkeypatch.setenv(f"{platform.upper()}_API_URL", "http://localhost:8000/prefix/")

    settings = Settings()
    credential = settings.credential(platform)

    assert credential is not None
    assert credential.get_secret_value() == SECRET
    assert settings.api_url(platform) == "http://localhost:8000/prefix"


def test_a_platform_beyond_the_five_is_set_by_the_names_that_its_connector_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MASTODON_API_URL", "https://mastodon.example/")
    Path(".env").write_text(
        f"MASTODON_ACCESS_TOKEN={SECRET}\nMASTODON_API_KEY={SECRET}2\nBLUESKY_API_URL=nonsense\n"
    )

    settings = Settings()
    by_rule, by_name = settings.credential("mastodon"), settings.credential("mastodon", "MASTODON_API_KEY")

    assert settings.api_url("mastodon") == "https://mastodon.example"
    assert by_rule is not None
    assert by_rule.get_secret_value() == SECRET
    assert by_name is not None
    assert by_name.get_secret_value() == f"{SECRET}2"
    assert settings.api_url("nowhere") is None
    with pytest.raises(SettingsError, match="BLUESKY_API_URL must be http"):
        settings.api_url("bluesky")


@pytest.mark.parametrize(
    "name",
    [
        *("FACEBOOK_APP_SECRET", "YOUTUBE_CLIENT_ID", "YOUTUBE_CLIENT_SECRET", "YOUTUBE_REFRESH_TOKEN"),
        *("X_CONSUMER_KEY", "X_CONSUMER_SECRET", "X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET"),
        "TIKTOK_CLIENT_KEY",
    ],
)
def test_a_further_credential_is_kept_and_a_bad_one_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    platform = name.split("_")[0].lower()
    monkeypatch.setenv(name, f" {SECRET} ")
    kept = Settings().credential(platform, name)
    monkeypatch.setenv(name, f"{SECRET} {SECRET}")
    with pytest.raises(SettingsError) as caught:
        Settings().credential(platform, name)

    assert kept is not None
    assert kept.get_secret_value() == SECRET
    assert str(caught.value).startswith(f"{name} holds a blank")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


BAD_URL = "must be http(s)://host[:port][/prefix] without a query; give the base URL only"
MISTAKES = [
    ("X_API_URL", "api.x.com", BAD_URL),
    ("X_API_URL", "ftp://api.x.com", BAD_URL),
    ("X_API_URL", "https://", BAD_URL),
    ("X_API_URL", "https://api.x.com?a=b", BAD_URL),
    ("X_API_URL", "https://api.x.com#a", BAD_URL),
    ("X_API_URL", "https://api.x.com:port", BAD_URL),
    ("X_API_URL", "https://[api.x.com", BAD_URL),
    ("X_API_URL", "https://api.x.com/a b", BAD_URL),
    (
        "FACEBOOK_API_URL",
        f"https://me:{SECRET}@graph.facebook.com",
        "must not hold a user name or password; give http(s)://host[:port][/prefix]",
    ),
    (
        "FACEBOOK_API_URL",
        "https://graph.facebook.com/v26.0/",
        "ends in an API version; leave that segment out, the pipeline adds it",
    ),
    (
        "X_API_URL",
        "https://api.x.com/2",
        "ends in an API version; leave that segment out, the pipeline adds it",
    ),
    ("FACEBOOK_API_VERSION", "26.0", "must look like v26.0; give the Graph API version so"),
    ("FACEBOOK_API_VERSION", "v26", "must look like v26.0; give the Graph API version so"),
    (
        "CAMPAIGN_LAKE",
        "gs://bucket/prefix",
        "is a URL of another kind; give CAMPAIGN_LAKE a path, or s3://bucket/prefix of letters, digits, "
        "- _ and .",
    ),
    (
        "X_BEARER_TOKEN",
        f"Bearer {SECRET}",
        "holds a blank or a character that no credential has; paste it again, on one line",
    ),
    (
        "CAMPAIGN_HOME",
        "~nobody-of-that-name/data",
        "begins with ~ but there is no such home folder; write the path in full",
    ),
    ("CAMPAIGN_HOME", __file__, "is a file; give it the path of a folder"),
    *(
        (
            "CAMPAIGN_KEEP_BUILDS",
            number,
            "must be a whole number from 0 to 999: how many earlier builds are kept; 3 is usual",
        )
        for number in ("three", "-1", "2.5", "1000")
    ),
]


@pytest.mark.parametrize(("name", "value", "message"), MISTAKES)
def test_a_setting_that_cannot_be_used_is_named_with_its_cure_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings()

    assert str(caught.value) == f"{name} {message}"
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_several_unusable_settings_are_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_API_URL", "x")
    monkeypatch.setenv("FACEBOOK_API_VERSION", "x")
    with pytest.raises(SettingsError, match=r"^X_API_URL .*; FACEBOOK_API_VERSION [^\n]*$"):
        Settings()


def test_a_file_that_is_not_text_is_named() -> None:
    Path(".env").write_bytes(b"X_BEARER_TOKEN=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"^\.env is not UTF-8 text; save it as UTF-8$"):
        Settings()


def test_no_text_form_of_the_settings_has_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CREDENTIALS.values(), "MASTODON_ACCESS_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    settings = Settings()
    forms = [repr(settings), str(settings), settings.model_dump_json(), repr(settings.__pydantic_private__)]
    forms += [
        str(settings.model_dump()),
        f"{settings.credential('x')}",
        f"{settings.credential('mastodon')!r}",
    ]

    assert not any(SECRET in form for form in forms)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().home = Path("elsewhere")


def test_importing_the_settings_reads_nothing_and_starts_no_scheduler(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FACEBOOK_API_VERSION=nonsense\n")
    code = (
        "import sys, flows.settings, flows.registry\n"
        "sys.exit(not {'prefect', 'duckdb'}.isdisjoint(sys.modules))"
    )
    root = Path(__file__).parents[2]

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(root)}, check=False
    )

    assert done.returncode == 0
