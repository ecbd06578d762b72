"""What the platforms visibly took back is what the definition says, day by day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.warehouse.compare import by_name
from tests.warehouse.histories import answers_of, listing, many
from tests.warehouse.lake import Lake, campaign
from tests.warehouse.reference import taken_back
from warehouse.publish import open_published

ZONES = ["Europe/London", "America/Havana"]


def test_what_was_taken_back_of_a_thousand_counters_is_what_the_definition_says(tmp_path: Path) -> None:
    each = many(41, 1000)
    lake = Lake(tmp_path)
    lake.register(*(campaign(zone, timezone=zone, assets=listing(range(1, 1001))) for zone in ZONES))
    lake.answers(answers_of(each))
    lake.build()
    found: dict[tuple[str, int], dict[date, int]] = {}
    with open_published(lake.warehouse) as con:
        # A day between two observed ones took nothing back that anybody saw.
        rows = con.execute(f"""
            select timezone, object_id::integer, day, taken_back
            from {by_name(con, "facts.gains")}
            where metric = 'retweet_count' and coalesce(taken_back, 0) <> 0
        """).fetchall()
    for zone, post, day, fallen in rows:
        found.setdefault((zone, post), {})[day] = fallen
    for number, history in enumerate(each, start=1):
        for zone in ZONES:
            falls = taken_back(history.by_moment, ZoneInfo(zone))
            expected = {day: fallen for day, fallen in falls.items() if fallen}
            assert found.get((zone, number), {}) == expected, history
    assert len(found) > 500
