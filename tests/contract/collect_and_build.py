"""Run by the test, in the copy: collects of the invented platform from its sandbox, builds, and prints rows.

python collect_and_build.py HOME REGISTRY
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import connectors
from connectors.sandbox.server import Sandbox
from flows.collecting.round import prepare
from flows.history.backfilling import prepare_backfill
from flows.registry import load
from flows.settings import Settings
from warehouse.build import build
from warehouse.publish import open_published


def main(home: Path, registered: Path) -> None:
    first = datetime(2026, 5, 1, 12, tzinfo=UTC)
    outcomes = []
    with Sandbox(now=first) as sandbox:
        os.environ.update(sandbox.settings)
        settings = Settings(CAMPAIGN_HOME=str(home), CAMPAIGN_REGISTRY=str(registered))
        registry = load(settings.registry, connectors.discover())
        for hours in range(0, 73, 6):
            moment = first + timedelta(hours=hours)
            round_ = prepare(None, settings=settings, registry=registry, clock=moment, as_of=moment)
            outcomes += [(one.platform, one.outcome, one.message) for one in round_.take_all().platforms]
        filled = []
        for _ in range(2):
            backfill = prepare_backfill(
                date(2026, 5, 1),
                date(2026, 5, 3),
                settings=settings,
                registry=registry,
                clock=moment,
                as_of=moment,
            )
            (forecast,) = backfill.forecasts()
            (fill,) = backfill.take_all().platforms
            filled.append((dict(forecast.calls), fill.outcome, fill.windows, dict(fill.responses)))
        build(settings.landing, settings.readings, settings.warehouse)
    with open_published(settings.warehouse) as con:
        days = con.execute(
            "select asset_title, day::varchar, views::bigint from marts.asset_daily order by all"
        ).fetchall()
        metrics = con.execute(
            "select native_name, canonical_name, definition from marts.metrics where platform = 'pigeon'"
        ).fetchall()
    found = {
        "from": connectors.__file__,
        "outcomes": outcomes,
        "asset_daily": days,
        "metrics": metrics,
        "filled": filled,
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
