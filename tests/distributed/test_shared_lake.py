"""A lake on S3: workers with data folders of their own read its landed answers for a build elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.distributed.conftest import FIRST, SECOND, Cluster, take_over
from tests.flows.conftest import Said
from tests.s3.store import KEY_ID, SECRET
from tests.warehouse.compare import differences, everything_said


def test_each_worker_reads_and_writes_the_bucket_by_a_mirror_of_its_own(
    home: Path, alone: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, campaign: Callable[..., Said]
) -> None:
    from tests.s3.server import serving

    with serving() as store:
        store.client.create_bucket(
            Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )
        shared = {
            "CAMPAIGN_LAKE": "s3://lake/uk",
            "AWS_ENDPOINT_URL": store.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "eu-west-2",
        }
        for name, value in shared.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("CAMPAIGN_DASK")
        for moment in (FIRST, SECOND):
            assert campaign("collect", "--as-of", moment).code == 0
        monkeypatch.setenv("CAMPAIGN_DASK", cluster.address)
        homes = {worker: home.with_name(f"worker-{n}") for n, worker in enumerate(cluster.processes())}
        for worker, own in homes.items():
            cluster.client.run(take_over, {**shared, "CAMPAIGN_HOME": str(own)}, workers=[worker])
        try:
            # A bucket of the same name in another store, which has none of the objects.
            with serving() as other:
                other.refusal = (404, "NoSuchKey", "")
                cluster.client.run(take_over, {"AWS_ENDPOINT_URL": other.url})
                said = campaign("build")
            assert said.code == 1
            assert "has another lake" in said.err
            assert "(of S3 also AWS_ENDPOINT_URL)" in said.err
            assert said.err.count("\n") == 1, said.err
            assert not (home / "warehouse.duckdb").exists()
            cluster.client.run(take_over, {"AWS_ENDPOINT_URL": store.url})
            said = campaign("build")
            assert said.code == 0, said.err
            refused = campaign("collect", "--as-of", SECOND)
        finally:
            cluster.client.run(take_over, dict.fromkeys(shared, ""))
        assert "has another CAMPAIGN_HOME" in refused.err
        ours, theirs = (everything_said(one / "warehouse.duckdb") for one in (home, alone))
        assert differences(ours, theirs) == {}
        # What a worker made reached the bucket, and by it whoever builds.
        assert [own for own in homes.values() if list(own.glob(".mirror/lake/uk/readings/batches/*.json"))]
        batches = [key for key in store.keys("lake") if key.startswith("uk/readings/batches/")]
        assert len(batches) == 3
