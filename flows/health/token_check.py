"""Asking a platform what it thinks of its credential, outside any collect.

Nothing lands and nothing is renewed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

from connectors.credentials import CredentialHealth, OwnAccount
from connectors.errors import Trouble
from connectors.wire import WireSession
from flows.collecting.platforms import base_url, further_credentials
from flows.health.tokens import HIDDEN, ask_of_credential, record_token

if TYPE_CHECKING:
    from flows.settings import Settings

# Somebody waits at a terminal.
TIMEOUT_S = (5.0, 15.0)

# A reading is worth as much as the moment that stands beside it; tokens are refused for less than this.
CLOCKS_DIFFER = timedelta(minutes=2)


@dataclass(frozen=True)
class Told:
    """What asking a platform gave: plain lines of what it does not tell, and how far this machine's clock is
    ahead of the platform's (negative: behind), None where that is not known."""

    lines: tuple[str, ...] = ()
    clock_ahead: timedelta | None = None


def ask_platform(settings: Settings, connector: ModuleType, clock: datetime) -> Told:
    """Ask a platform of its credential and of the accounts that it may see from within, and keep what it
    told. Its credential is set and it has `credential_health`."""
    platform = connector.PLATFORM
    secret = settings.credential(platform, connector.CREDENTIAL)
    assert secret is not None
    credential, more = secret.get_secret_value(), further_credentials(settings, connector)
    version = getattr(settings, f"{platform}_api_version", None)
    differences: list[timedelta] = []

    def look_at_clock(row: Mapping[str, Any]) -> None:
        ahead = clock_ahead(row["headers"], datetime.now(UTC))
        if ahead is not None:
            differences.append(ahead)

    with WireSession(
        platform,
        run_id="check",
        sdk_url=connector.SDK_URL,
        base_url=base_url(settings, connector),
        more_hosts=getattr(connector, "MORE_HOSTS", ()),
        secrets=[credential, *more.values()],
        judge=connector.judge,
        land=look_at_clock,
        timeout=TIMEOUT_S,
        patience=0.0,
    ) as session:
        options = more if version is None else {"version": version, **more}
        health = ask_of_credential(connector, session, credential, options, campaign_id="")
        accounts, untold = _accounts_of(connector, session, credential, options, health)
        in_passing = session.report.credentials
    lines = () if untold is None else (untold,)
    # A sandbox has a time of its own.
    ahead = differences[0] if differences and settings.api_url(platform) is None else None
    try:
        for setting, told in {connector.CREDENTIAL: health, **in_passing}.items():
            record_token(settings, connector, setting, told, clock, accounts)
    except OSError as error:
        kept_not = f"{platform}: what was told of the credential cannot be kept ({error.strerror})"
        return Told((f"{kept_not}; mend the permissions of {settings.home}",), ahead)
    if health.told and health.is_valid is not False:
        lines = (f"{platform}: {health.told.removeprefix(f'{platform}: ')}", *lines)
    return Told(lines, ahead)


def clock_ahead(headers: str, clock: datetime) -> timedelta | None:
    """How far `clock` (aware) is ahead of the `Date` among an answer's headers, a JSON object; None where
    there is none that can be read."""
    named = {name.lower(): value for name, value in json.loads(headers).items()}
    try:
        answered_at = parsedate_to_datetime(str(named["date"]))
    except (KeyError, ValueError):
        return None
    return clock - (answered_at if answered_at.tzinfo else answered_at.replace(tzinfo=UTC))


def _accounts_of(
    connector: ModuleType,
    session: WireSession,
    credential: str,
    options: Mapping[str, Any],
    health: CredentialHealth,
) -> tuple[tuple[OwnAccount, ...] | None, str | None]:
    """The accounts that a good credential may see from within, and a plain line where that is not told."""
    if health.is_valid is not True or not hasattr(connector, "own_accounts"):
        return None, None
    try:
        with session.asking("roles", "", hides=HIDDEN), session.trying(1):
            found: tuple[OwnAccount, ...] = connector.own_accounts(session, credential, **options)
    except Trouble as trouble:
        told = trouble.message.removeprefix(f"{connector.PLATFORM}: ")
        why = told.rpartition("; ")[0] or told
        what = "it is not told which accounts the credential may see from within"
        return None, session.redact(f"{connector.PLATFORM}: {what} ({why})")
    return found, None
