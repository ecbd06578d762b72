"""Asking a platform what it thinks of its credential, outside any collect.

Nothing lands and nothing is renewed.
"""

from __future__ import annotations

from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING

from connectors.wire import WireSession
from flows.collecting.platforms import base_url, further_credentials
from flows.health.tokens import ask_of_credential, record_token

if TYPE_CHECKING:
    from flows.settings import Settings

# Somebody waits at a terminal.
TIMEOUT_S = (5.0, 15.0)


def ask_platform(settings: Settings, connector: ModuleType, clock: datetime) -> str | None:
    """Ask a platform of its credential and keep what it told; one plain line where it tells nothing or
    something beside it, None otherwise. Its credential is set and it has `credential_health`."""
    platform = connector.PLATFORM
    secret = settings.credential(platform, connector.CREDENTIAL)
    assert secret is not None
    credential, more = secret.get_secret_value(), further_credentials(settings, connector)
    version = getattr(settings, f"{platform}_api_version", None)
    with WireSession(
        platform,
        run_id="check",
        sdk_url=connector.SDK_URL,
        base_url=base_url(settings, connector),
        more_hosts=getattr(connector, "MORE_HOSTS", ()),
        secrets=[credential, *more.values()],
        judge=connector.judge,
        land=lambda row: None,
        timeout=TIMEOUT_S,
        patience=0.0,
    ) as session:
        options = more if version is None else {"version": version, **more}
        health = ask_of_credential(connector, session, credential, options, campaign_id="")
        in_passing = session.report.credentials
    try:
        for setting, told in {connector.CREDENTIAL: health, **in_passing}.items():
            record_token(settings, connector, setting, told, clock)
    except OSError as error:
        return f"{platform}: what was told of the credential cannot be kept ({error.strerror})"
    if not health.told or health.is_valid is False:
        return None
    return f"{platform}: {health.told.removeprefix(f'{platform}: ')}"
