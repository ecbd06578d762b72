"""What a new team answers: each answer is judged by the rules of the registry, at once and alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import TypeVar

from connectors.errors import UnusableReference
from flows.registry import Account, Side
from flows.registry.mistakes import did_you_mean, shown
from flows.registry.references import http_host, platform_meant
from flows.registry.table import Door, Table
from flows.registry.zones import time_zones, zone_meant

_PLATFORM_AND_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?!//)(.+)", re.DOTALL)

# As the registry takes them.
_LONGEST_ID = 100

_Read = TypeVar("_Read")


class Unusable(ValueError):
    """An answer that cannot be taken: one plain line with the cure."""


@dataclass(frozen=True)
class Answers:
    """All that the registry file of a new campaign tells. The first side is ours."""

    id: str
    name: str
    starts: date
    ends: date
    timezone: str
    sides: tuple[Side, ...]
    accounts: tuple[Account, ...]


def suggested_id(name: str) -> str:
    """The name as an id: letters without their marks, digits and hyphens; empty where nothing is left."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return "-".join(re.findall(r"[a-z0-9]+", letters))[:_LONGEST_ID].strip("-")


def name_of(text: str) -> str:
    """A name for people. Raises Unusable."""
    if not text.strip():
        raise Unusable("is empty; write a name")
    if any("\udc80" <= letter <= "\udcff" for letter in text):
        raise Unusable("holds a letter that the terminal's locale has not; set PYTHONUTF8=1, or leave it out")
    return _as_the_registry_reads(text, lambda table: table.text("id"))


def id_of(text: str) -> str:
    """A name for tables and paths. Raises Unusable."""
    if not text.strip():
        raise Unusable("is empty; write lower-case letters, digits and hyphens")
    return _as_the_registry_reads(text.strip(), Table.id)


def day_of(text: str) -> date:
    """A day. Raises Unusable: of 1/4/2026 nobody knows whether it is in January or in April."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()):
        raise Unusable(f"{shown(text.strip())} is no day; write year-month-day, as in 2026-04-01")
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise Unusable(f"{shown(text.strip())} is not in the calendar; correct it") from None
    return _as_the_registry_reads(day, lambda table: table.day("id"))


def last_day_of(text: str, starts: date) -> date:
    """The last day of a campaign. Raises Unusable."""
    ends = day_of(text)
    if ends < starts:
        raise Unusable(f"{ends} is before the first day, {starts}; correct one of them")
    return ends


def zone_of(text: str) -> str:
    """A time zone, in any case of letters. Raises Unusable."""
    name = text.strip()
    zones = {zone.casefold(): zone for zone in time_zones()}
    if name.casefold() in zones:
        return zones[name.casefold()]
    raise Unusable(f"{shown(name)} is no time zone; {zone_meant(name, 'write one such as Europe/London')}")


def sides_of(ours: str, rivals: tuple[str, ...]) -> tuple[Side, ...]:
    """The sides, ours first, each with an id made from its name. Raises Unusable."""
    sides: list[Side] = []
    for position, name in enumerate((ours, *rivals)):
        side_id = suggested_id(name) or (f"rival-{position}" if position else "ours")
        same = next((side for side in sides if side.id == side_id), None)
        if same is not None:
            raise Unusable(f"{shown(name)} and {shown(same.name)} would be one side; name them differently")
        sides.append(Side(side_id, name, ours=position == 0))
    return tuple(sides)


def account_of(text: str, side: Side, connectors: Mapping[str, ModuleType]) -> Account:
    """The account that a pasted profile's address or `platform:name` means. Raises Unusable."""
    pasted = _as_the_registry_reads(text, lambda table: table.text("id")) if text.strip() else ""
    if named := _PLATFORM_AND_NAME.fullmatch(pasted):
        platform = named[1].casefold()
        if platform not in connectors:
            known = f"write one of {', '.join(connectors)} before the colon"
            meant = platform_meant(Door(connectors), platform, known)
            raise Unusable(f"{shown(named[1])} is no platform; {meant}")
        return _account(named[2].strip(), side, connectors[platform])
    for connector in connectors.values() if "/" in pasted or "." in pasted else ():
        try:
            return _account(_with_path(pasted), side, connector)
        except Unusable:
            if _is_at_home_at(pasted, connector):
                raise
    host = http_host(pasted if "://" in pasted else f"https://{_with_path(pasted)}")
    if host is not None and "." in host:
        raise Unusable(f"{shown(pasted)}: {host} is not collected; give accounts of {', '.join(connectors)}")
    raise Unusable(
        f"{shown(pasted)} is no profile's address; paste it from the browser, or write PLATFORM:NAME "
        f"({', '.join(connectors)})"
    )


def add_account(accounts: tuple[Account, ...], new: Account) -> tuple[Account, ...]:
    """Those and the new one. Raises Unusable where it is there already."""
    for known in accounts:
        if known.platform == new.platform and _name(known) == _name(new):
            raise Unusable(f"{new.platform}:{new.handle or new.id} is there already; give each account once")
    return (*accounts, new)


def side_of_account(text: str, rivals: tuple[Side, ...]) -> tuple[Side, str]:
    """Whose account RIVAL=ACCOUNT is, and the account; with one rival ACCOUNT is enough. Raises Unusable."""
    name, equals, account = text.partition("=")
    for rival in rivals:
        if equals and name.strip().casefold() in (rival.id, rival.name.casefold()):
            return rival, account
    if len(rivals) == 1 and (not equals or "/" in name):
        return rivals[0], text
    names = [rival.name for rival in rivals]
    if not names:
        raise Unusable(f"{shown(text)}: no rival is named; name it by --rival too")
    cure = f"write RIVAL=ACCOUNT with one of {', '.join(names)}"
    if equals:
        cure = did_you_mean(name, names, cure)
    raise Unusable(f"{shown(text)} does not say whose it is; {cure}")


def _account(text: str, side: Side, connector: ModuleType) -> Account:
    by_id = getattr(connector, "parse_account_id", None)
    account_id = by_id(text) if by_id is not None else None
    if account_id is not None:
        return Account(side.id, connector.PLATFORM, None, account_id, None, watch=True)
    try:
        handle = connector.parse_handle(text)
    except UnusableReference as unusable:
        raise Unusable(f"{unusable.reason}; {unusable.cure}") from None
    return Account(side.id, connector.PLATFORM, handle, None, None, watch=True)


def _with_path(address: str) -> str:
    """An address of a host alone would be taken for a name."""
    return address if "/" in address else f"{address}/"


def _is_at_home_at(address: str, connector: ModuleType) -> bool:
    """Whether the address is one of the platform's, whatever it names."""
    try:
        return connector.parse_post_url(address) is not None
    except UnusableReference:
        return True


def _name(account: Account) -> str:
    return (account.handle or account.id or "").casefold()


def _as_the_registry_reads(value: object, read: Callable[[Table], _Read]) -> _Read:
    door = Door({})
    found = read(Table(door, "", {"id": value}))
    for mistake in door.mistakes:
        raise Unusable(f"{mistake.problem}; {mistake.cure}")
    return found
