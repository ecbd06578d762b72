"""Locks of a lake in a bucket: one machine at a time changes it, whatever becomes of the others."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from flows.collecting.turns import NotOurTurn, backfills_turn, collects_turn, forgets_turn
from tests.s3.conftest import Bucket, Machine
from tests.s3.operations import LEASE_S
from warehouse.bucket import Bucket as Client
from warehouse.build import BuildElsewhere, BuildRefused, build
from warehouse.durable import removed, write_whole
from warehouse.landing import COLUMNS, LandingWriter
from warehouse.lease import Lease
from warehouse.mirror import BucketMirror
from warehouse.mirrored import LakeOutOfReach, LeaseHeld, Mirror, attach, place_of
from warehouse.one_at_a_time import BUILD_LOCK, Busy, one_at_a_time

HOLDER = r"process \d+ on \S+"
LONGEST_S = 60.0


def client(bucket: Bucket, tmp_path: Path) -> Client:
    place = place_of(bucket.settings(tmp_path / "client").landing)
    assert place is not None
    assert isinstance(place.mirror, BucketMirror)
    return place.mirror.bucket


def lake(bucket: Bucket, home: Path, lease_s: float | None = None) -> Path:
    """The folder of the lake of a machine, and that its leases last so long."""
    settings = bucket.settings(home)
    root = settings.landing.parent
    root.mkdir(parents=True, exist_ok=True)
    if lease_s is not None:
        mirror = BucketMirror(root, client(bucket, home), "teams/water", lease_s=lease_s)
        attach(root, mirror)
    return root


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something, with a bound."""
    ends_s = time.monotonic() + LONGEST_S
    turn = threading.Event()
    while not is_so():
        assert time.monotonic() < ends_s, "it never came"
        turn.wait(0.02)


def test_a_build_is_skipped_or_waits_while_another_machine_builds_and_says_who_does(
    bucket: Bucket, tmp_path: Path
) -> None:
    one, other = lake(bucket, tmp_path / "one"), lake(bucket, tmp_path / "other")
    warehouse = tmp_path / "other" / "warehouse.duckdb"
    said: list[str] = []
    with ExitStack() as held:
        held.enter_context(one_at_a_time(one / BUILD_LOCK))
        with pytest.raises(BuildElsewhere, match=rf"another machine is building on this lake \({HOLDER}\)"):
            build(other / "landing", other / "readings", warehouse)

        def waiting(holder: str) -> None:
            said.append(holder)
            held.close()

        # It waited, and then finds that nothing has landed.
        with pytest.raises(BuildRefused, match="no registry has landed"):
            build(other / "landing", other / "readings", warehouse, wait_s=LONGEST_S, waiting=waiting)
    assert len(said) == 1
    assert "another build is running (process " in said[0]


def test_of_many_machines_that_take_a_lock_at_once_one_has_it(bucket: Bucket, tmp_path: Path) -> None:
    asking = client(bucket, tmp_path)
    ready = threading.Barrier(8)
    for _ in range(3):
        leases = [Lease(asking, "lock", home=f"home {number}") for number in range(8)]

        def takes(lease: Lease) -> bool:
            ready.wait(LONGEST_S)
            try:
                lease.take()
            except LeaseHeld:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            taken = [
                lease for lease, is_ours in zip(leases, threads.map(takes, leases), strict=True) if is_ours
            ]
        assert len(taken) == 1
        taken[0].release()


def test_a_held_lease_outlives_its_seconds_and_a_free_one_is_taken_at_once(
    bucket: Bucket, tmp_path: Path
) -> None:
    asking = client(bucket, tmp_path)
    writings: list[str] = []
    bucket.store.before_put = writings.append
    held = Lease(asking, "lock", home="one", seconds=4.0)
    held.take()
    # Longer than a lease that is not renewed.
    until(lambda: len(writings) > 4)
    with pytest.raises(LeaseHeld, match=HOLDER):
        Lease(asking, "lock", home="other").take()
    held.check()
    held.release()
    other = Lease(asking, "lock", home="other")
    other.take()
    other.release()


def test_what_a_killed_process_held_is_free_for_its_machine_at_once_and_for_others_when_it_expired(
    machine: Callable[[str], Machine], bucket: Bucket, tmp_path: Path
) -> None:
    killed, other = machine("killed"), lake(bucket, tmp_path / "other", LEASE_S)
    assert killed.run("tests.s3.operations:die_holding", BUILD_LOCK, after_s=LONGEST_S).is_killed
    with pytest.raises(Busy, match=HOLDER), one_at_a_time(other / BUILD_LOCK):
        pass
    # The same data folder, by another process.
    with one_at_a_time(lake(bucket, killed.folder) / BUILD_LOCK):
        pass
    assert killed.run("tests.s3.operations:die_holding", BUILD_LOCK, after_s=LONGEST_S).is_killed
    # A clone of the whole machine has the folder too.
    (tmp_path / "boot").write_text("of a clone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warehouse.one_at_a_time._BOOT", tmp_path / "boot")
        with pytest.raises(Busy, match=HOLDER), one_at_a_time(lake(bucket, killed.folder) / BUILD_LOCK):
            pass
    with one_at_a_time(other / BUILD_LOCK, wait_s=LONGEST_S):
        pass


def test_a_copy_of_a_data_folder_is_another_machine(bucket: Bucket, tmp_path: Path) -> None:
    one = lake(bucket, tmp_path / "one")
    with one_at_a_time(one / BUILD_LOCK):
        shutil.copytree(tmp_path / "one", tmp_path / "copy")
        with pytest.raises(Busy, match=HOLDER), one_at_a_time(lake(bucket, tmp_path / "copy") / BUILD_LOCK):
            pass


def test_who_lost_the_lock_changes_nothing_more(bucket: Bucket, tmp_path: Path) -> None:
    one = lake(bucket, tmp_path / "one", 4.0)
    place = place_of(one / "landing")
    assert place is not None
    mirror = place.mirror
    assert isinstance(mirror, BucketMirror)
    readings = one / "readings" / "fingerprint"
    with one_at_a_time(one / BUILD_LOCK):
        write_whole(readings, "as it was")
        bucket.store.refusal = (503, "SlowDown", "")
        until(lambda: is_lost(mirror))
        bucket.store.refusal = None
        for change in (partial(write_whole, readings, "otherwise"), partial(removed, [readings])):
            with pytest.raises(LakeOutOfReach, match="another machine may work on the lake"):
                change()
    assert bucket.content("readings/fingerprint") == b"as it was"
    assert readings.read_text() == "as it was"


def is_lost(mirror: Mirror) -> bool:
    try:
        mirror.remove([])
    except LakeOutOfReach as trouble:
        return "another machine may work" in str(trouble)
    return False


def test_a_collect_that_lost_its_lock_lands_nothing_more_by_its_old_list_of_what_is_forgotten(
    bucket: Bucket, tmp_path: Path
) -> None:
    one = lake(bucket, tmp_path / "one", 4.0)
    place = place_of(one / "landing")
    assert place is not None
    row = dict.fromkeys(COLUMNS.names) | {
        "platform": "x",
        "endpoint": "timeline",
        "observed_at": datetime(2026, 1, 1, tzinfo=UTC),
        "run_id": "r",
        "body": '{"data": [{"id": "1", "text": "the words"}]}',
    }
    with collects_turn(tmp_path / "one", "x", lake=one):
        bucket.store.refusal = (503, "SlowDown", "")
        until(lambda: is_lost(place.mirror))
        with (
            pytest.raises(LakeOutOfReach, match="another machine may work on the lake"),
            LandingWriter(one / "landing") as writer,
        ):
            writer.add(row)
        bucket.store.refusal = None
    assert bucket.names() == set()


def test_a_platform_is_asked_by_one_machine_at_a_time(bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = lake(bucket, tmp_path / "one"), lake(bucket, tmp_path / "other")
    said: list[str] = []
    with ExitStack() as held:
        held.enter_context(collects_turn(tmp_path / "one", "x", lake=one))
        with pytest.raises(NotOurTurn), collects_turn(tmp_path / "other", "x", lake=other):
            pass
        with collects_turn(tmp_path / "other", "facebook", lake=other):
            pass
        with (
            pytest.raises(Busy, match=rf"a collect or backfill of x \({HOLDER}\)"),
            forgets_turn(tmp_path / "other", "x", lake=other, wait_s=0.0),
        ):
            pass

        def waiting() -> None:
            said.append("waits")
            held.close()

        with backfills_turn(tmp_path / "other", "x", lake=other, waiting=waiting):
            pass
    assert said == ["waits"]


def test_a_store_that_does_not_heed_conditions_is_refused_for_locks(bucket: Bucket, tmp_path: Path) -> None:
    bucket.store.heeds_conditions = False
    root = lake(bucket, tmp_path / "one")
    with (
        pytest.raises(LakeOutOfReach, match="does not heed If-None-Match and If-Match of a PUT"),
        one_at_a_time(root / BUILD_LOCK),
    ):
        pass
    assert bucket.store.keys(bucket.name) == []
