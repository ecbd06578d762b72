"""What reading has cost, against the budgets of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING

from connectors.spending import Ledger, Spent
from flows.home import LEDGER
from flows.registry import Budget, Campaign, Registry

if TYPE_CHECKING:
    from flows.settings import Settings


@dataclass(frozen=True)
class Spending:
    """What one campaign spent on one platform, in US dollars, by UTC days; a budget of None bounds nothing.

    `cheapest` is the least that a call there costs: with less left of a budget, nothing more is asked.
    """

    campaign_id: str
    platform: str
    day_usd: Decimal
    day_budget: Decimal | None
    month_usd: Decimal
    month_budget: Decimal | None
    resources: tuple[tuple[str, int], ...]
    cheapest: Decimal = Decimal(0)

    @property
    def is_day_spent(self) -> bool:
        return self.day_budget is not None and self.day_usd + self.cheapest > self.day_budget

    @property
    def is_month_spent(self) -> bool:
        return self.month_budget is not None and self.month_usd + self.cheapest > self.month_budget


def spendings(
    settings: Settings, registry: Registry, connectors: Mapping[str, ModuleType], clock: datetime
) -> list[Spending]:
    """What reading has cost, by campaign and platform that charges, of those that have spent or have a
    budget.

    Raises LedgerError.
    """
    charging = {name: connector for name, connector in connectors.items() if hasattr(connector, "PRICES")}
    path = settings.home / LEDGER
    nothing = Spent(Decimal(0))
    if not charging or not path.exists():
        return [
            _spending(campaign, connector, nothing, nothing)
            for platform, connector in charging.items()
            for campaign in registry.campaigns
            if any(budget.platform == platform for budget in campaign.budgets)
        ]
    today = clock.astimezone(UTC).date()
    found = []
    with Ledger(path, only_to_read=True) as ledger:
        for platform, connector in charging.items():
            for campaign in registry.campaigns:
                day, month = _spent(ledger, platform, campaign.id, today)
                if month.usd or any(budget.platform == platform for budget in campaign.budgets):
                    found.append(_spending(campaign, connector, day, month))
    return found


def _spent(ledger: Ledger, platform: str, campaign_id: str, today: date) -> tuple[Spent, Spent]:
    return (
        ledger.spent(platform, campaign_id, today, today),
        ledger.spent(platform, campaign_id, today.replace(day=1), today),
    )


def _spending(campaign: Campaign, connector: ModuleType, day: Spent, month: Spent) -> Spending:
    platform = connector.PLATFORM
    budget = next(
        (budget for budget in campaign.budgets if budget.platform == platform), Budget(platform, None, None)
    )
    return Spending(
        campaign_id=campaign.id,
        platform=platform,
        day_usd=day.usd,
        day_budget=budget.usd_per_day,
        month_usd=month.usd,
        month_budget=budget.usd_per_month,
        resources=tuple(day.resources.items()),
        cheapest=min(connector.PRICES.values()),
    )
