"""A bucket in a store on loopback, and machines: data folders that share its lake."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.sandbox.server import Sandbox
from flows.settings import CREDENTIALS, Settings
from tests.crashes.conftest import Home, Place, environment_of
from tests.crashes.conftest import chance as chance
from tests.crashes.conftest import sandbox as sandbox
from tests.killing import Forge, Run
from tests.s3.store import KEY_ID, SECRET, Store
from warehouse.sealed import is_as_sealed

PREFIX = "teams/water"

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def running() -> Iterator[Store]:
    from tests.s3.server import serving

    with serving() as store:
        yield store


@pytest.fixture
def store(running: Store) -> Iterator[Store]:
    """The store, which does what a store does again after each test."""
    running.asked.clear()
    yield running
    running.heeds_conditions, running.refusal, running.stranger = True, None, None
    running.before_put, running.on_the_way = lambda path: None, lambda content: content


@dataclass
class Bucket:
    """A bucket of the store with a lake in it."""

    store: Store
    name: str
    folder: Path
    # Landed objects that were read to their ends, by key and ETag, and the responses in them.
    _read: dict[tuple[str, str], list[tuple[Place, str]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"s3://{self.name}/{PREFIX}"

    @property
    def environment(self) -> dict[str, str]:
        """What every machine that works on the lake is told."""
        return {
            "CAMPAIGN_LAKE": self.url,
            "AWS_ENDPOINT_URL": self.store.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "eu-west-2",
        }

    def settings(self, home: Path, **more: object) -> Settings:
        """Those of a machine in this process."""
        return Settings(**self.environment, CAMPAIGN_HOME=home, **more)

    def names(self, below: str = "") -> set[str]:
        """The files of the lake, as they are called in a folder."""
        keys = {key.removeprefix(f"{PREFIX}/") for key in self.store.keys(self.name)}
        return {name for name in keys if name.startswith(below) and not name.startswith(".")}

    def content(self, name: str) -> bytes:
        return self.store.content(self.name, f"{PREFIX}/{name}")

    def put(self, name: str, content: bytes) -> None:
        """Write a file of the lake as another program would."""
        self.store.client.put_object(Bucket=self.name, Key=f"{PREFIX}/{name}", Body=content)

    def take_in(self, lake: Path) -> None:
        """Put the landing of a lake in a folder there."""
        for path in sorted((lake / "landing").rglob("*.parquet")):
            self.put(path.relative_to(lake).as_posix(), path.read_bytes())

    def check(self, acknowledged: Counter[Place]) -> set[str]:
        """Every landed object is as it was sealed and can be read to its end, and each response that a log
        called landed is there; the names of all that are."""
        there: set[tuple[Place, str]] = set()
        client = self.store.client
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=f"{PREFIX}/landing/"
        )
        for one in (one for page in pages for one in page.get("Contents", ())):
            known = (one["Key"], one["ETag"])
            if known not in self._read:
                self._read[known] = self._responses(one["Key"])
            there.update(self._read[known])
        found = Counter(place for place, _ in there)
        lost = {place: count for place, count in acknowledged.items() if found[place] < count}
        assert not lost, f"the log called landed what is not there: {lost}"
        return {response for _, response in there}

    def _responses(self, key: str) -> list[tuple[Place, str]]:
        content = self.store.content(self.name, key)
        copy = self.folder / "copy.parquet"
        copy.write_bytes(content)
        assert is_as_sealed(copy), key
        # All of it is read, and little is needed.
        rows = pq.ParquetFile(io.BytesIO(content)).read().select(["run_id", "response_id"]).to_pylist()
        place = "/".join(key.split("/")[-4:-1])
        return [((row["run_id"], place), row["response_id"]) for row in rows]


@pytest.fixture
def bucket(store: Store, tmp_path: Path) -> Bucket:
    name = f"lake-{next(_numbers)}"
    store.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    return Bucket(store, name, tmp_path)


class Machine(Home):
    """A data folder whose lake is in a bucket."""

    bucket: Bucket

    def run(
        self,
        call: str,
        *arguments: object,
        after_s: float | None = None,
        before_naming: int | None = None,
        most_bytes: int | None = None,
    ) -> Run:
        """Run a function, and kill it."""
        run = self.forge.run(
            *arguments,
            call="tests.s3.operations:main" if call == "flows.cli:main" else call,
            after_s=after_s,
            before_naming=before_naming,
            most_bytes=most_bytes,
            environment={**self.bucket.environment, "CAMPAIGN_HOME": str(self.folder)},
        )
        self.runs += 1
        self.kills += run.is_killed
        self.acknowledge(run)
        return run

    @property
    def landing(self) -> Path:
        return self.bucket.settings(self.folder).landing

    def check_landing(self) -> set[str]:
        """As of the bucket, which is the lake."""
        return self.bucket.check(self.acknowledged)

    def mirrored(self) -> dict[str, bytes]:
        """The files of the mirror, by name."""
        root = self.landing.parent
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and not any(part[0] == "." for part in path.relative_to(root).parts)
        }


@pytest.fixture(scope="package")
def forge(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """Forks the runs of `campaign`, against the sandbox over loopback."""
    folder = tmp_path_factory.mktemp("forge")
    environment = environment_of(sandbox, folder)
    nothing = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": str(folder / "none")}
    with Forge({**environment, **nothing}) as running:
        yield running


@pytest.fixture
def machine(forge: Forge, bucket: Bucket, tmp_path: Path) -> Iterator[Callable[[str], Machine]]:
    """machine("a") is a data folder of its own; all share the lake."""
    made: list[Machine] = []

    def make(name: str) -> Machine:
        one = Machine(tmp_path / name, forge)
        one.bucket = bucket
        made.append(one)
        return one

    yield make
    sys.stdout.write(
        f"{sum(one.runs for one in made)} runs, {sum(one.kills for one in made)} of them killed\n"
    )


@pytest.fixture
def unharmed(forge: Forge, tmp_path: Path) -> Home:
    """A data folder with the lake in it, for runs that nobody kills."""
    return Home(tmp_path / "unharmed", forge)


@pytest.fixture(autouse=True)
def nothing_of_the_tester(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting and no profile of the tester's own reaches a test."""
    for name in list(os.environ):
        if name.startswith(("CAMPAIGN_", "AWS_")) or name.partition("_")[0].lower() in CREDENTIALS:
            monkeypatch.delenv(name)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
