"""Marks tell a worker that was lost from one that ended its work."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from flows.workers.marks import begun, marked
from tests.distributed.conftest import kill


def _begin_and_be_killed(folder: Path, mark: str) -> None:
    with begun(folder, mark, "x"):
        process_id = multiprocessing.current_process().pid
        assert process_id is not None
        kill(process_id)


def test_work_that_ended_is_not_told_as_lost_when_it_is_done_again_and_work_of_a_killed_worker_is(
    tmp_path: Path,
) -> None:
    with marked(tmp_path) as mark:
        # As a retry of Prefect's: the same worker, and nobody was lost.
        for _ in range(2):
            with begun(tmp_path, mark, "x") as is_again:
                assert not is_again
        with pytest.raises(OSError, match="no space"), begun(tmp_path, mark, "x"):
            raise OSError("no space")
        with begun(tmp_path, mark, "x") as is_again:
            assert not is_again
        lost = multiprocessing.get_context("spawn").Process(
            target=_begin_and_be_killed, args=(tmp_path, mark)
        )
        lost.start()
        lost.join(60)
        assert lost.exitcode == -9
        with begun(tmp_path, mark, "x") as is_again:
            assert is_again
    assert list((tmp_path / ".workers").iterdir()) == []
