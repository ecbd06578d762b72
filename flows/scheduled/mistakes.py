"""What Prefect will not take of prefect.yaml. Its deploy command, given such a value, names no deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError


def mistakes_in(deployments: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each value of a cron schedule, a concurrency limit or a trigger that Prefect refuses. What
    holds one of Prefect's templates is left to its command, which fills them in."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.events import DeploymentEventTrigger

    for deployment in deployments:
        place = f"deployment {deployment['name']} of {deployment['entrypoint']}"
        schedules = deployment.get("schedules")
        for schedule in schedules if isinstance(schedules, list) else []:
            if isinstance(schedule, dict) and "cron" in schedule:
                keys = CronSchedule.model_fields.keys() & schedule.keys()
                yield from _refused(place, CronSchedule, {key: schedule[key] for key in keys})
        triggers = deployment.get("triggers")
        for trigger in triggers if isinstance(triggers, list) else []:
            if isinstance(trigger, dict) and trigger.get("type", "event") == "event":
                yield from _refused(place, DeploymentEventTrigger, trigger)
        limit = deployment.get("concurrency_limit")
        if isinstance(limit, dict):
            yield from _refused(place, ConcurrencyLimitConfig, limit)


def _refused(place: str, kind: type[BaseModel], given: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in given.items() if value is not None and "{{" not in str(value)}
    try:
        kind.model_validate(plain)
    except ValidationError as error:
        for each in error.errors():
            key = str(each["loc"][0]) if each["loc"] else ""
            # What is missing from `plain` was a template, or is for Prefect to fill in.
            if key in plain:
                yield f"{place}: {key} {plain[key]!r}: {each['msg'].removeprefix('Value error, ')}"
