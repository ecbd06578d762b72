"""The automations for those who have a server."""

from __future__ import annotations

from pathlib import Path

import yaml


def test_the_automations_are_ones_that_prefect_takes_and_name_what_there_is() -> None:
    # Prefect takes long to import, and every worker collects these tests.
    from prefect.events.schemas.automations import AutomationCore

    from flows.watch import UNHEALTHY

    checkout = Path(__file__).parents[2]
    given = yaml.safe_load((checkout / "docs" / "operations" / "automations.yaml").read_text())["automations"]
    automations = [AutomationCore.model_validate(each) for each in given]
    assert len(automations) == 3
    deployed = yaml.safe_load((checkout / "prefect.yaml").read_text())["deployments"]
    flows = {entry["entrypoint"].partition(":")[2] for entry in deployed}
    for each in given:
        named = each["trigger"]["match_related"]["prefect.resource.name"]
        assert {named} <= flows if isinstance(named, str) else set(named) <= flows
    expected = {event for each in given for event in each["trigger"]["expect"]}
    assert f"prefect.flow-run.{UNHEALTHY}" in expected
