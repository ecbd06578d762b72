"""Which platforms campaigns name, and where and with what each is asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from flows.collecting.plan import Offer, subjects_of
from flows.refused import UnknownName

if TYPE_CHECKING:
    from flows.registry import Campaign, Registry
    from flows.settings import Settings


def campaigns_of(registry: Registry, campaign: str | None) -> tuple[Campaign, ...]:
    """The campaign of that name, or all of them. Raises UnknownName."""
    if campaign is None:
        return registry.campaigns
    chosen = tuple(each for each in registry.campaigns if each.id == campaign)
    if not chosen:
        known = ", ".join(each.id for each in registry.campaigns)
        cure = f"write one of {known}" if known else "the registry has none yet, write one: campaign init"
        raise UnknownName(f"no campaign is called {campaign!r}; {cure}")
    return chosen


def platforms_of(campaigns: Iterable[Campaign], connectors: Mapping[str, ModuleType]) -> tuple[str, ...]:
    """The platforms that campaigns name: by an account, a post or an audience, or by a hashtag or a site of
    which a platform tells the mentions."""
    offers = {platform: Offer.of(connector) for platform, connector in connectors.items()}
    named: set[str] = set()
    for campaign in campaigns:
        named |= {account.platform for account in campaign.accounts}
        named |= {post.platform for asset in campaign.assets for post in asset.posts}
        named |= {audience.platform for audience in campaign.audiences}
        kinds = {kind for asset in campaign.assets for kind, _, _ in subjects_of(asset)}
        named |= {platform for platform, offer in offers.items() if kinds & set(offer.mentions)}
    return tuple(sorted(named))


def no_credential(connector: ModuleType) -> str:
    """One plain line: the platform is skipped."""
    return f"{connector.PLATFORM}: no credential; set {connector.CREDENTIAL}"


def further_credentials(settings: Settings, connector: ModuleType) -> dict[str, str]:
    """What a connector can do more with, by the name of its `collect`'s parameter; only what is set."""
    found = {
        parameter: settings.credential(connector.PLATFORM, name)
        for parameter, name in getattr(connector, "FURTHER_CREDENTIALS", {}).items()
    }
    return {parameter: secret.get_secret_value() for parameter, secret in found.items() if secret}


def base_url(settings: Settings, connector: ModuleType) -> str:
    """Where a platform is asked: its own host, unless a setting says otherwise."""
    return settings.api_url(connector.PLATFORM) or str(connector.API_URL)


def is_on_this_machine(host: str) -> bool:
    """Whether a host's name or number is this machine's own; only there can a sandbox be."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
