"""What a lake in a bucket says to people: one plain line that names the cure, and never a secret."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.spending import Ledger
from flows.settings import Settings, SettingsError
from tests.flows.conftest import REGISTRY, Said, commands
from tests.s3.conftest import Bucket
from tests.s3.store import KEY_ID, SECRET
from warehouse.bucket import Access, _services
from warehouse.bucket import Bucket as Connected
from warehouse.durable import write_whole
from warehouse.mirrored import LakeOutOfReach, bring_up_to_date, fetch
from warehouse.one_at_a_time import BUILD_LOCK, last_taking

Campaign = Callable[..., Said]

ANSWERS = [
    (403, "AccessDenied", "access is denied to list; let the policy of the credentials allow s3:ListBucket"),
    (403, "InvalidAccessKeyId", "the store does not know the credentials; mend AWS_ACCESS_KEY_ID"),
    (403, "SignatureDoesNotMatch", "the secret key is not that of the access key; mend AWS_ACCESS_KEY_ID"),
    (400, "ExpiredToken", "the credentials have expired; renew AWS_ACCESS_KEY_ID"),
    (403, "RequestTimeTooSkewed", "the clock of this machine is wrong by more than the store allows"),
    (404, "NoSuchBucket", "there is no such bucket; make it, or mend CAMPAIGN_LAKE"),
    (400, "AuthorizationHeaderMalformed", "the bucket lies in another region; set AWS_REGION to that"),
    (418, "<b>Odd", "the store refused to list (bOdd); see that AWS_ENDPOINT_URL leads to an S3 store"),
]


@pytest.fixture
def campaign(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Campaign:
    """Runs a command in this process on the lake of the bucket."""
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "water.toml").write_text(REGISTRY)
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CAMPAIGN_HOME", str(tmp_path / "home"))
    return commands(capfd)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and every one that goes along with it."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


@pytest.mark.parametrize(("status", "code", "says"), ANSWERS)
def test_what_a_store_refuses_is_one_line_that_names_the_cure_and_no_secret(
    bucket: Bucket, tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, code: str, says: str
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = bucket.settings(tmp_path / "home", AWS_SESSION_TOKEN="secret-of-a-session")
    bucket.store.refusal = (status, code.replace("<", "&lt;"), f"{KEY_ID} {SECRET}")
    with pytest.raises(LakeOutOfReach) as refused:
        bring_up_to_date(settings.landing.parent)
    line = str(refused.value)
    assert line.startswith(f"s3://{bucket.name}: {says}")
    assert "\n" not in line
    everything = [line, caplog.text, repr(settings)]
    everything += [f"{error!r} {vars(error)} {error.args}" for error in chain(refused.value)]
    for secret in (KEY_ID, SECRET, "secret-of-a-session", "Signature="):
        assert not any(secret in text for text in everything)


@pytest.mark.parametrize(
    ("stranger", "says"),
    [
        ((301, {"Location": "https://example.org/"}, b""), "does not speak as an S3 store"),
        ((308, {}, b"<html>moved</html>"), "the store refused to list (308)"),
        ((200, {"Content-Type": "text/html"}, b"<html><body>hello</body></html>"), "does not speak as an S3"),
        ((200, {}, b""), "does not speak as an S3 store"),
        ((204, {}, b""), "does not speak as an S3 store"),
        ((404, {}, b"<html>no</html>"), "the store refused to list (404)"),
    ],
)
def test_what_is_no_store_is_one_line_and_clears_nothing(
    bucket: Bucket, tmp_path: Path, stranger: tuple[int, dict[str, str], bytes], says: str
) -> None:
    settings = bucket.settings(tmp_path / "home")
    bucket.put("forgotten/platform=x/1.json", b'{"names": ["1"]}')
    lake = settings.landing.parent
    bring_up_to_date(lake)
    bucket.store.stranger = stranger
    with pytest.raises(LakeOutOfReach) as refused:
        bring_up_to_date(lake)
    assert says in str(refused.value)
    assert "AWS_ENDPOINT_URL" in str(refused.value)
    assert (lake / "forgotten" / "platform=x" / "1.json").exists()
    for ask in (
        lambda: write_whole(lake / "readings" / "fingerprint", "1"),
        lambda: fetch(lake, ["forgotten/platform=x/1.json"]),
        lambda: last_taking(lake / BUILD_LOCK),
    ):
        with pytest.raises(LakeOutOfReach, match="AWS_ENDPOINT_URL"):
            ask()


def test_check_tries_the_lake_and_status_says_of_when_its_copy_is(
    campaign: Campaign, bucket: Bucket, tmp_path: Path
) -> None:
    told = campaign("check")
    assert told.code == 0, told.err
    assert (
        f"Lake {bucket.url}: it can be listed, read, written and deleted from, and locks hold; its copy "
        "here is empty yet"
    ) in told.out.replace("\n", " ")
    assert bucket.store.keys(bucket.name) == []
    note = f"note: what landed is told by the copy of {bucket.url} here, "
    assert f"{note}empty yet" in campaign("status").out
    bring_up_to_date(Settings().landing.parent)
    # Offline too, and at once: nothing is asked.
    bucket.store.asked.clear()
    bucket.store.refusal = (503, "SlowDown", "")
    assert f"{note}of 20" in campaign("status").out
    assert bucket.store.asked == []
    told = campaign("check")
    assert told.code == 1
    assert f"campaign: s3://{bucket.name}: the store has trouble of its own (503 SlowDown)" in told.err


def test_check_refuses_a_store_in_which_locks_do_not_hold(campaign: Campaign, bucket: Bucket) -> None:
    bucket.store.heeds_conditions = False
    told = campaign("check")
    assert told.code == 1
    assert "the store does not heed If-None-Match and If-Match of a PUT" in told.err
    told = campaign("build")
    assert told.code == 1
    assert "the store does not heed If-None-Match and If-Match of a PUT" in told.err
    assert bucket.names("readings/") == set()


@pytest.mark.parametrize(
    "command",
    [["collect"], ["build"], ["maintain"], ["backfill", "--start", "2026-05-01", "--end", "2026-05-02"]],
)
def test_a_store_that_nobody_reaches_costs_a_command_one_line(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    told = campaign(*command)
    assert told.code == 1
    (line,) = told.err.splitlines()
    assert (
        "http://127.0.0.1:9 cannot be reached; see that the network is up and AWS_ENDPOINT_URL is right"
        in line
    )


def test_without_credentials_a_command_says_what_to_set(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert (
        "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in campaign("check").err
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    told = campaign("check")
    assert "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in told.err
    assert KEY_ID not in told.err + told.out


def test_credentials_may_stand_in_the_env_file(bucket: Bucket, tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in bucket.environment.items()]
    (tmp_path / ".env").write_text("\n".join(lines) + f"\nCAMPAIGN_HOME={tmp_path / 'home'}\n")
    bucket.put("forgotten/platform=x/1.json", b"{}")
    assert "AWS_ACCESS_KEY_ID" not in os.environ
    settings = Settings()
    bring_up_to_date(settings.landing.parent)
    assert (settings.landing.parent / "forgotten" / "platform=x" / "1.json").read_bytes() == b"{}"
    assert SECRET not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    "lake",
    [
        "s3://",
        "s3://B",
        "s3://bucket//prefix",
        "s3://bucket/../other",
        "s3://bucket/a=b",
        "s3://bucket/.x",
        "gs://bucket",
    ],
)
def test_an_address_that_is_no_bucket_is_refused_by_its_setting(lake: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^CAMPAIGN_LAKE is a URL of another kind; give CAMPAIGN_LAKE a path, or s3://"
    ):
        Settings(CAMPAIGN_LAKE=lake)


def test_the_copy_of_a_lake_lies_in_the_home_by_the_name_of_its_bucket(tmp_path: Path) -> None:
    for lake, folder in (("s3://bucket", "bucket"), ("s3://bucket/teams/water/", "bucket/teams/water")):
        settings = Settings(CAMPAIGN_LAKE=lake, CAMPAIGN_HOME=tmp_path)
        assert settings.landing == tmp_path / ".mirror" / folder / "landing"
        assert settings.readings == tmp_path / ".mirror" / folder / "readings"


def test_to_connect_again_leaves_no_more_folders_to_look_through(bucket: Bucket) -> None:
    access = Access(bucket.name, bucket.store.url, "eu-west-2", KEY_ID, SECRET)
    for _ in range(2):
        assert Connected(access).small("none") is None
    folders = _services(None).search_paths
    assert len(folders) == len(set(folders))


def test_a_backup_holds_what_is_in_no_bucket(bucket: Bucket, tmp_path: Path) -> None:
    home, registry = tmp_path / "home", tmp_path / "registry"
    registry.mkdir()
    (registry / "water.toml").write_text(REGISTRY)
    with Ledger(home / "spending.sqlite"):
        pass
    bucket.put("landing/platform=x/a.parquet", b"x")
    bring_up_to_date(bucket.settings(home).landing.parent)
    script = Path(__file__).parents[2] / "docs" / "operations" / "back-up.sh"
    archive = tmp_path / "archive.tar"
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, **bucket.environment}
    subprocess.run(["sh", script, home, registry, archive], env=environment, check=True)
    with tarfile.open(archive) as found:
        names = {one.name for one in found.getmembers() if one.isfile()}
    assert names == {"registry/water.toml", "spending.sqlite"}
