"""After every step of weeks that chance invents, the warehouse that was brought up to date says what a full
build from the same landing says, row for row.
"""

from __future__ import annotations

from pathlib import Path

from tests.warehouse.compare import unlike_a_full_build
from tests.warehouse.lake import Lake
from tests.warehouse.random_world import World

SEED = 1
ACTS_A_STEP = 9


def test_an_incremental_build_says_what_a_full_one_says_after_every_step(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    world = World(lake, SEED, posts=30)
    world.posts_are_read_in_order()
    lake.build()
    deck = world.deck()
    for start in range(0, len(deck), ACTS_A_STEP):
        acts = deck[start : start + ACTS_A_STEP]
        for act in acts:
            act()
        is_last = start + ACTS_A_STEP >= len(deck)
        found = unlike_a_full_build(lake, from_landing=is_last)
        assert found == {}, f"after step {start // ACTS_A_STEP} of {[act.__name__ for act in deck]}"
