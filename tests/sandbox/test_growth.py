from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.growth import Count, Growth, Moment, apportion, curves


def test_curves_rise_from_nothing_to_everything() -> None:
    assert len(curves()) >= 20
    for curve in curves():
        assert curve[0] == 0.0
        assert curve[-1] == 1.0
        assert all(later >= earlier for earlier, later in pairwise(curve))


@given(st.integers(0, 10**9), st.lists(st.floats(0.001, 1000), min_size=1, max_size=60))
def test_parts_add_up_to_the_total(total: int, weights: list[float]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    assert min(parts) >= 0


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=60), st.floats(0, 1))
def test_parts_keep_below_the_ceiling(weights: list[float], fill: float) -> None:
    total = int(1_000 * len(weights) * fill)
    parts = apportion(total, weights, 1_000)
    assert sum(parts) == total
    assert max(parts) <= 1_000


def test_a_total_that_cannot_be_split_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        apportion(100, [1.0, 1.0], 49)


@given(
    st.sampled_from(range(20)),
    st.floats(3_600, 3e6),
    st.lists(st.floats(-1e5, 4e6), min_size=2, max_size=30),
    st.floats(0, 1),
)
def test_a_counter_never_falls_and_meets_its_pin(
    which: int, life_s: float, ages_s: list[float], pin_age: float
) -> None:
    born = 1.5743e9
    growth = Growth(born, born + life_s, curves()[which])
    pinned_at = Moment.at(born + pin_age * life_s)
    share = growth.share(pinned_at)
    count = Count(90_001, (share, 54_321) if 0 < share < 1 else None)
    moments = [Moment.at(born + age) for age in sorted(ages_s)]
    values = [count.at(growth.share(moment), moment) for moment in moments]
    assert values == sorted(values)
    assert count.at(growth.share(Moment.at(born)), Moment.at(born)) == 0
    end = Moment.at(born + life_s)
    assert count.at(growth.share(end), end) == 90_001
    if 0 < share < 1:
        assert count.at(share, pinned_at) == 54_321
