"""`[[budgets]]` and `[cadence]`: what reading a platform may cost, and how often its posts are read."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from flows.registry.mistakes import shown, shown_number
from flows.registry.model import Budget, Cadence
from flows.registry.references import platform_meant, read_platform
from flows.registry.table import Table

BUDGET_KEYS = ("platform", "usd_per_day", "usd_per_month")

# More is a slip of the comma.
HIGHEST_USD = Decimal(1_000_000)


def read_budgets(campaign: Table) -> tuple[Budget, ...]:
    budgets: list[Budget] = []
    seen: dict[str, str] = {}
    for table in campaign.tables("budgets"):
        table.only(BUDGET_KEYS, "[[budgets]]")
        platform = read_platform(table)
        a_day, a_month = _usd(table, "usd_per_day", "2.5"), _usd(table, "usd_per_month", "60")
        if not {"usd_per_day", "usd_per_month"} & table.content.keys():
            table.refuse("usd_per_day", "is missing", "write usd_per_day = 2.5, usd_per_month = 60, or both")
        if a_day is not None and a_month is not None and a_day > a_month:
            problem = f"{shown_number(a_day)} is more than the whole month's {shown_number(a_month)}"
            table.refuse("usd_per_day", problem, "swap them or correct one")
        if not platform:
            continue
        first = seen.setdefault(platform, table.where)
        if first != table.where:
            cure = "keep one for each platform; both bounds fit into it"
            table.refuse("platform", f"{shown(platform)} has its budget in {first}", cure)
        elif platform not in table.door.connectors:
            table.door.keep_out(table.file, table.where, platform)
        else:
            if not hasattr(table.door.connectors[platform], "PRICES"):
                told = f"asking {platform} costs no money, so there is nothing to bound"
                table.door.tell(table.file, table.where, told)
            budgets.append(Budget(platform, a_day, a_month))
    return tuple(budgets)


def _usd(table: Table, name: str, example: str) -> Decimal | None:
    cure = f"write US dollars, as in {name} = {example}"
    usd = table.number(name, cure)
    if usd is not None and usd > HIGHEST_USD:
        table.refuse(name, f"{shown_number(usd)} is more than {HIGHEST_USD:,}", cure)
        return None
    return usd


def read_cadence(campaign: Table) -> dict[str, Cadence]:
    cadences: dict[str, Cadence] = {each: each for each in get_args(Cadence)}
    table = campaign.table("cadence", 'write [cadence] and below it x = "daily"')
    if table is None:
        return {}
    cadence: dict[str, Cadence] = {}
    for platform in table.content:
        if platform not in table.door.platforms:
            cure = platform_meant(table.door, platform, f"write one of {', '.join(table.door.platforms)}")
            table.refuse(platform, f"{shown(platform)} is not a known platform", cure)
            continue
        chosen = table.choice(platform, tuple(cadences))
        if platform not in table.door.connectors:
            table.door.keep_out(table.file, table.key(platform), platform)
        elif chosen:
            cadence[platform] = cadences[chosen]
    return cadence
