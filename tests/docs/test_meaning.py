"""The worked examples of docs/meaning.md are what the pipeline makes of their readings."""

from __future__ import annotations

import re

import pytest

from tests.docs.examples import Table, answered, land, page, tables
from tests.warehouse.lake import Lake

EXAMPLES = list(tables(page()))
FOLLOWS = [each for each in EXAMPLES if each.what != "readings"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The readings of every example, built."""
    lake = Lake(tmp_path_factory.mktemp("examples"))
    land(lake, EXAMPLES)
    lake.build()
    return lake


def test_every_example_has_readings_and_what_follows_from_them() -> None:
    assert len(FOLLOWS) >= 8
    assert {each.name for each in FOLLOWS} == {each.name for each in EXAMPLES if each.what == "readings"}
    assert len(re.findall("<!-- example ", page())) == len(EXAMPLES)


@pytest.mark.parametrize("table", FOLLOWS, ids=lambda table: f"{table.name}-{table.what}")
def test_the_days_of_an_example_are_those_of_its_readings(lake: Lake, table: Table) -> None:
    assert table.rows
    assert answered(lake, table) == table.rows


def test_an_example_with_another_number_is_found_out(lake: Lake) -> None:
    (first, *_) = FOLLOWS
    wrong = first.rows[0] | {"gain": "1"}
    assert answered(lake, first)[0] != wrong
