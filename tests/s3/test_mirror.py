"""The folders of a lake in a bucket: what is in the bucket is what is here, whoever changed it and whatever
becomes of the folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flows.settings import Settings
from tests.s3.conftest import PREFIX, Bucket
from tests.s3.store import KEY_ID, SECRET
from tests.warehouse.compare import differences, everything_held
from tests.warehouse.lake import Lake, campaign, x_post
from warehouse.batch_jobs import make_batch, split
from warehouse.batches import committed
from warehouse.build import BuildReport, build
from warehouse.compacting import compact
from warehouse.durable import removed, write_whole, written_whole
from warehouse.forgetting import Forgotten, Post, remember, take_out
from warehouse.landing import COLUMNS, LandingWriter
from warehouse.mirrored import LakeOutOfReach, bring_up_to_date, fetch
from warehouse.one_at_a_time import BUILD_LOCK, one_at_a_time
from warehouse.readings import update
from warehouse.sightings import fingerprint
from warehouse.versions import kept_versions

START = datetime(2019, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake in a folder, in which a post was polled for two days, and its tables."""
    lake = Lake(tmp_path_factory.mktemp("landed"))
    lake.register(campaign(assets={"film": ["x:1"]}))
    for hour in range(0, 48, 8):
        post = x_post("1", retweets=hour, created_at=START)
        lake.answer(START + timedelta(hours=hour), {"data": [post]})
    lake.build()
    return lake


@pytest.fixture
def shared(bucket: Bucket, landed: Lake) -> Bucket:
    """A bucket with that landing in it."""
    bucket.take_in(landed.root)
    return bucket


def built(settings: Settings, *, full: bool = False) -> BuildReport:
    return build(settings.landing, settings.readings, settings.warehouse, full=full)


def read(settings: Settings, *, full: bool = False) -> int:
    """Bring the readings up to date as a build does; how many responses were read."""
    bring_up_to_date(settings.landing.parent)
    return update(settings.landing, settings.readings, full=full, progress=lambda line: None).responses


def is_mirrored(settings: Settings, bucket: Bucket) -> bool:
    """Whether the files here are those of the bucket, byte for byte."""
    root = settings.landing.parent
    here = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(root).parts)
    }
    return here == {name: bucket.content(name) for name in bucket.names()}


def test_two_machines_make_the_tables_of_a_lake_in_a_folder_and_share_the_readings(
    shared: Bucket, landed: Lake, tmp_path: Path
) -> None:
    one, other = shared.settings(tmp_path / "one"), shared.settings(tmp_path / "other")
    assert built(one).responses == 6
    readings = shared.names("readings/")
    assert {name.partition("/")[2] for name in readings} == {
        path.relative_to(landed.readings).as_posix() for path in landed.readings.rglob("*") if path.is_file()
    }
    # Read by the first machine already.
    assert built(other).responses == 0
    assert shared.names("readings/") == readings
    for settings in (one, other):
        assert differences(everything_held(landed.warehouse), everything_held(settings.warehouse)) == {}
        assert is_mirrored(settings, shared)
        assert not (settings.home / "landing").exists()


def test_any_reader_of_s3_reads_the_lake(shared: Bucket, tmp_path: Path) -> None:
    import pyarrow.dataset as ds
    from pyarrow.fs import S3FileSystem

    read(shared.settings(tmp_path / "one"))
    theirs = S3FileSystem(
        access_key=KEY_ID,
        secret_key=SECRET,
        scheme="http",
        endpoint_override=shared.store.url.removeprefix("http://"),
        region="eu-west-2",
    )
    for layer in ("landing", "readings"):
        found = ds.dataset(
            f"{shared.name}/{PREFIX}/{layer}/platform=x", filesystem=theirs, partitioning="hive"
        )
        assert found.count_rows() == 6


def test_a_stale_mirror_brings_nothing_back(shared: Bucket, tmp_path: Path) -> None:
    one, stale = shared.settings(tmp_path / "one"), shared.settings(tmp_path / "stale")
    assert read(one) == 6
    assert read(stale) == 0
    before = shared.names("landing/")
    done = compact(one.landing, one.readings, before=date(2019, 11, 10))
    after = shared.names()
    assert done.files_after < done.files_before
    assert len(before - after) == 3
    assert not is_mirrored(stale, shared)
    assert read(stale) == 0
    assert shared.names() == after
    assert is_mirrored(stale, shared)
    # Readings too: made anew on one machine, they are so on the other.
    assert read(one, full=True) == 6
    assert read(stale) == 0
    assert is_mirrored(stale, shared)


def test_a_file_that_another_machine_changed_is_fetched_though_it_is_as_long(
    bucket: Bucket, tmp_path: Path
) -> None:
    settings = bucket.settings(tmp_path / "one")
    file = settings.landing / "platform=x" / "endpoint=posts" / "date=2019-11-01" / "a.parquet"
    name = file.relative_to(settings.landing.parent).as_posix()
    bucket.put(name, b"first")
    bring_up_to_date(settings.landing.parent)
    bucket.put(name, b"other")
    bring_up_to_date(settings.landing.parent, "landing/platform=facebook/")
    assert file.read_bytes() == b"first"
    bring_up_to_date(settings.landing.parent)
    assert file.read_bytes() == b"other"
    # What is here and as it was is not fetched, one by one neither.
    bucket.store.asked.clear()
    bring_up_to_date(settings.landing.parent, "landing/")
    assert len(bucket.store.asked) == 1
    bucket.put(name, b"third")
    fetch(settings.landing.parent, [name, "landing/platform=x/endpoint=posts/date=2019-11-01/none.parquet"])
    assert file.read_bytes() == b"third"
    assert [path.name for path in file.parent.iterdir()] == ["a.parquet"]


def test_a_file_that_somebody_changed_in_the_mirror_is_as_in_the_bucket_again(
    shared: Bucket, tmp_path: Path
) -> None:
    settings = shared.settings(tmp_path / "one")
    bring_up_to_date(settings.landing.parent)
    file = next(settings.landing.glob("platform=x/*/*/*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    (file.parent / "mine.parquet").write_bytes(b"mine")
    bring_up_to_date(settings.landing.parent)
    assert is_mirrored(settings, shared)


def test_a_mirror_may_be_deleted_at_any_time(shared: Bucket, landed: Lake, tmp_path: Path) -> None:
    settings = shared.settings(tmp_path / "one")
    built(settings)
    shutil.rmtree(settings.landing.parent / ".state")
    assert read(settings, full=True) == 6
    shutil.rmtree(settings.home / ".mirror")
    assert built(settings).mode == "unchanged"
    assert differences(everything_held(landed.warehouse), everything_held(settings.warehouse)) == {}
    assert is_mirrored(settings, shared)


def test_an_object_is_there_before_its_file_is_here_and_none_is_there_in_part(
    bucket: Bucket, tmp_path: Path
) -> None:
    settings = bucket.settings(tmp_path / "one")
    row = dict.fromkeys(COLUMNS.names) | {
        "platform": "x",
        "endpoint": "posts",
        "observed_at": START,
        "run_id": "r",
        "body": "{}",
    }
    seen: list[tuple[list[Path], set[str]]] = []
    bucket.store.before_put = lambda path: seen.append(
        (list(settings.landing.rglob("[!.]*.parquet")), bucket.names())
    )
    with LandingWriter(settings.landing) as writer:
        writer.add(row)
    assert seen == [([], set())]
    assert is_mirrored(settings, bucket)
    # A store that refuses: no file, here or there, and the writer says that nothing landed.
    bucket.store.before_put = lambda path: setattr(bucket.store, "refusal", None)
    bucket.store.refusal = (403, "AccessDenied", "")
    with (
        pytest.raises(LakeOutOfReach, match="access is denied to write"),
        LandingWriter(settings.landing) as writer,
    ):
        writer.add(row | {"run_id": "s"})
    bucket.store.refusal = None
    assert writer.files == []
    assert is_mirrored(settings, bucket)
    assert len(bucket.names()) == 1


def test_names_that_are_none_of_a_lake_stay_in_the_bucket(bucket: Bucket, tmp_path: Path) -> None:
    settings = bucket.settings(tmp_path / "home" / "one")
    for name in (
        "landing/../../../evil",
        "landing//evil",
        "landing/.evil",
        "landing/folder/",
        "landing/e\\vil",
    ):
        bucket.put(name, b"x")
    bucket.put("landing/platform=x/good.parquet", b"x")
    bring_up_to_date(settings.landing.parent)
    found = [path for path in tmp_path.rglob("*") if path.is_file() and ".state" not in path.parts]
    assert [path.name for path in found] == ["good.parquet"]
    assert len(bucket.names("landing/")) == 6


def test_what_is_damaged_on_the_way_does_not_come_into_the_mirror(shared: Bucket, tmp_path: Path) -> None:
    settings = shared.settings(tmp_path / "one")
    shared.store.on_the_way = lambda content: content[:-1] + b"?"
    with pytest.raises(LakeOutOfReach, match="came otherwise than it lies there"):
        bring_up_to_date(settings.landing.parent)
    assert list(settings.landing.rglob("*.parquet")) == []
    assert list(settings.landing.rglob("*.part")) == []


def test_what_one_machine_forgets_no_other_lands(bucket: Bucket, tmp_path: Path) -> None:
    one, other = bucket.settings(tmp_path / "one"), bucket.settings(tmp_path / "other")
    remember(one.landing, Post("x", "1", frozenset({"1"})))
    bring_up_to_date(other.landing.parent, "forgotten/")
    body = '{"data": [{"id": "1", "text": "the words"}]}'
    row = {"platform": "x", "endpoint": "posts", "body": body}
    assert "the words" not in str(Forgotten.read(other.landing).redacted(row)["body"])


def test_a_worker_with_a_folder_of_its_own_fetches_what_a_job_names_and_no_more(
    shared: Bucket, tmp_path: Path
) -> None:
    builder, worker = shared.settings(tmp_path / "builder"), shared.settings(tmp_path / "worker")
    bring_up_to_date(builder.landing.parent)
    write_whole(builder.readings / "fingerprint", fingerprint())
    files = sorted(builder.landing.glob("platform=x/*/*/*.parquet"))
    [job] = split(builder.landing, builder.readings, "x", files[:2])
    fetch(worker.landing.parent, [f"landing/{name}" for name in job.landed])
    assert len(list(worker.landing.rglob("*.parquet"))) == 2
    made = make_batch(replace(job, landing=worker.landing, readings=worker.readings))
    assert made.batch is not None
    names = {f"readings/{name}" for name in (*made.batch.files, f"batches/{made.batch.name}.json")}
    assert shared.names("readings/") == {"readings/fingerprint", *names}
    fetch(builder.landing.parent, names)
    assert committed(builder.readings) == [made.batch]
    assert read(builder) == len(files) - 2


def test_a_large_file_goes_whole_and_by_one_request(bucket: Bucket, tmp_path: Path) -> None:
    settings = bucket.settings(tmp_path / "one")
    file = settings.readings / "platform=x" / "large.parquet"
    file.parent.mkdir(parents=True)
    bucket.store.asked.clear()
    with written_whole(file) as part:
        for _ in range(12):
            part.write(bytes(1024 * 1024))
    assert [method for method, _ in bucket.store.asked] == ["PUT"]
    assert is_mirrored(settings, bucket)
    removed([file, file.with_name("was-never-there.parquet")])
    assert bucket.names() == set()
    assert not file.exists()


def test_a_lake_in_a_folder_needs_no_boto3_and_one_in_a_bucket_says_what_to_install(
    bucket: Bucket, tmp_path: Path
) -> None:
    without = (
        "import sys; sys.modules['boto3'] = sys.modules['botocore'] = None\n"
        "from flows.cli import main\nmain(sys.argv[1:])"
    )
    (tmp_path / "campaigns").mkdir()
    environment = {
        "PATH": "/usr/bin:/bin",
        "CAMPAIGN_HOME": str(tmp_path / "home"),
        "CAMPAIGN_REGISTRY": "campaigns",
    }

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", without, "maintain"]
        return subprocess.run(command, env=environment | more, capture_output=True, text=True, check=False)

    assert run().returncode == 0
    told = run(**bucket.environment)
    assert told.returncode == 1
    assert told.stderr == (
        "campaign: CAMPAIGN_LAKE is on S3, and boto3 is not installed; run pip install "
        "'campaign-pipeline[s3]'\n"
    )


def test_a_post_that_another_machine_forgot_leaves_the_tables_here_and_every_build_before(
    bucket: Bucket, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "landed")
    lake.register(campaign(assets={"film": ["x:1"]}))
    lake.answer(START, {"data": [x_post("1", created_at=START, text="the secret words")]})
    bucket.take_in(lake.root)
    one, other = bucket.settings(tmp_path / "one"), bucket.settings(tmp_path / "other")
    built(one)
    # Of a moment at which clocks cannot be confused.
    os.utime(one.warehouse, (START.timestamp(),) * 2)
    assert "secret" in str(everything_held(one.warehouse))
    bring_up_to_date(other.landing.parent)
    post = Post("x", "1", frozenset({"1"}))
    with one_at_a_time(other.landing.parent / BUILD_LOCK):
        remember(other.landing, post)
        assert take_out(other.landing, other.readings, [post]).responses == 1
    told: list[str] = []
    build(one.landing, one.readings, one.warehouse, keep=3, progress=told.append)
    assert "a post was forgotten since the last build: no earlier build is kept" in told
    assert kept_versions(one.warehouse) == []
    assert list(one.home.glob("versions/*")) == []
    assert "secret" not in str(everything_held(one.warehouse))
