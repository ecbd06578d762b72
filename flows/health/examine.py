"""Check: what a person should know before collect and build run, from files and settings, and from the
platforms only what they think of the credentials."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from connectors import discover
from connectors.spending import LedgerError
from flows.collecting.plan import begins_at, idle_reason
from flows.collecting.platforms import platforms_of
from flows.console import complain, plain, say, show
from flows.health.alerts import EMAIL, SMTP_URL, WEBHOOK, NotSent, channels_of
from flows.health.lake_check import examine_lake
from flows.health.spent import spendings
from flows.health.status import tell_spending, tell_tokens
from flows.health.tokens import missing_line, tokens_of, warning_of
from flows.registry import Registry, RegistryError, load
from warehouse.known import known_posts
from warehouse.landed_files import landed_counts
from warehouse.publish import NoWarehouse, Published, ask, opened
from warehouse.suggestions import Unassigned, unassigned

if TYPE_CHECKING:
    from flows.registry import Campaign
    from flows.settings import Settings

# How many posts that no asset has are shown for each campaign.
MOST_UNASSIGNED = 10

UNKNOWN = "·"


def examine(settings: Settings, clock: datetime, *, asks_platforms: bool = False) -> bool:
    """Write what was found to standard output and what must be mended to standard error; whether nothing
    must. Platforms are asked of their credentials only when `asks_platforms`."""
    connectors = discover()
    registry = _examine_registry(settings, connectors, clock)
    _examine_platforms(settings, connectors)
    if asks_platforms:
        _ask_of_credentials(settings, connectors, clock)
    are_tokens_fine = _examine_tokens(settings, connectors, clock)
    are_channels_fine = _examine_channels(settings)
    if registry is not None:
        _examine_budgets(settings, registry, connectors, clock)
    are_folders_fine = _examine_folders(settings) and examine_lake(settings)
    is_warehouse_fine = _examine_warehouse(settings, registry, clock)
    return registry is not None and all(
        (are_tokens_fine, are_channels_fine, are_folders_fine, is_warehouse_fine)
    )


def _examine_registry(
    settings: Settings, connectors: Mapping[str, ModuleType], clock: datetime
) -> Registry | None:
    try:
        registry = load(settings.registry, connectors)
    except RegistryError as error:
        for mistake in error.mistakes:
            complain(str(mistake))
        return None
    show(
        f"Registry {settings.registry}",
        ["campaign", "name", "days", "time zone", "sides", "accounts", "assets", "posts", "now"],
        [_campaign_row(campaign, clock) for campaign in registry.campaigns],
        numbers=["sides", "accounts", "assets", "posts"],
    )
    for notice in registry.notices:
        say(f"note: {notice}")
    return registry


def _campaign_row(campaign: Campaign, clock: datetime) -> list[str]:
    return [
        campaign.id,
        campaign.name,
        f"{campaign.starts} to {campaign.ends}",
        campaign.timezone,
        f"{len(campaign.sides):,}",
        f"{len(campaign.accounts):,}",
        f"{len(campaign.assets):,}",
        f"{sum(len(asset.posts) for asset in campaign.assets):,}",
        "idle" if idle_reason(campaign, clock) else "active",
    ]


def _examine_platforms(settings: Settings, connectors: Mapping[str, ModuleType]) -> None:
    show(
        "Platforms",
        ["platform", "credential", "further credentials", "asked at", "version"],
        [_platform_row(settings, platform, connector) for platform, connector in connectors.items()],
    )


def _platform_row(settings: Settings, platform: str, connector: ModuleType) -> list[str]:
    is_there = settings.credential(platform, connector.CREDENTIAL) is not None
    url = settings.api_url(platform)
    return [
        platform,
        f"{connector.CREDENTIAL} is set" if is_there else f"none: set {connector.CREDENTIAL}",
        _further(settings, connector),
        f"{url} ({platform.upper()}_API_URL)" if url else connector.API_URL,
        getattr(settings, f"{platform}_api_version", None) or "in the SDK",
    ]


def _ask_of_credentials(settings: Settings, connectors: Mapping[str, ModuleType], clock: datetime) -> None:
    """Ask the platforms, side by side: one that hangs keeps no other waiting."""
    asked = [
        connector
        for platform, connector in connectors.items()
        if hasattr(connector, "credential_health")
        and settings.credential(platform, connector.CREDENTIAL) is not None
    ]
    if asked:
        from concurrent.futures import ThreadPoolExecutor

        from flows.health.token_check import ask_platform

        with ThreadPoolExecutor(len(asked), thread_name_prefix="check") as threads:
            for line in threads.map(lambda connector: ask_platform(settings, connector, clock), asked):
                if line is not None:
                    say(f"note: {plain(line)}")


def _examine_tokens(settings: Settings, connectors: Mapping[str, ModuleType], clock: datetime) -> bool:
    tokens = [token for connector in connectors.values() for token in tokens_of(settings, connector)]
    tell_tokens(tokens, clock)
    are_fine = True
    for token in tokens:
        if (lacks := missing_line(token)) is not None:
            say(f"note: {plain(lacks)}")
        line = warning_of(token, clock)
        if line is not None:
            complain(line)
            is_dead = token.is_valid is False or (token.expires_at is not None and token.expires_at <= clock)
            are_fine = are_fine and not is_dead
    return are_fine


def _examine_channels(settings: Settings) -> bool:
    try:
        channels = channels_of(settings)
    except NotSent as mistake:
        complain(str(mistake))
        return False
    told = ", ".join(channel.setting for channel in channels)
    say(f"Alerts go to {told}" if told else f"Alerts go nowhere: set {WEBHOOK}, or {EMAIL} and {SMTP_URL}")
    return True


def _further(settings: Settings, connector: ModuleType) -> str:
    """Which of the credentials that a connector can do more with are there."""
    names = list(getattr(connector, "FURTHER_CREDENTIALS", {}).values())
    there = [name for name in names if settings.credential(connector.PLATFORM, name) is not None]
    missing = [name for name in names if name not in there]
    parts = ([f"{', '.join(there)} is set"] if there else []) + (
        [f"none of {', '.join(missing)}"] if missing else []
    )
    return "; ".join(parts)


def _examine_budgets(
    settings: Settings, registry: Registry, connectors: Mapping[str, ModuleType], clock: datetime
) -> None:
    try:
        tell_spending(spendings(settings, registry, connectors, clock), clock)
    except LedgerError as trouble:
        say(f"note: {trouble}")
    for campaign in _active(registry, clock):
        bounded = {budget.platform for budget in campaign.budgets}
        for platform in platforms_of([campaign], connectors):
            if hasattr(connectors.get(platform), "PRICES") and platform not in bounded:
                say(
                    f"note: {platform} charges for what is read and no budget of {campaign.id} bounds it; "
                    f'write [[budgets]] with platform = "{platform}" and usd_per_day, usd_per_month or both'
                )


def _active(registry: Registry | None, clock: datetime) -> list[Campaign]:
    campaigns = registry.campaigns if registry else ()
    return [campaign for campaign in campaigns if idle_reason(campaign, clock) is None]


def _examine_folders(settings: Settings) -> bool:
    are_fine = True
    for setting, folder in (
        ("CAMPAIGN_HOME", settings.home),
        # Of a lake in a bucket the copy lies in the home.
        ("CAMPAIGN_HOME" if settings.is_lake_on_s3 else "CAMPAIGN_LAKE", settings.landing.parent),
    ):
        existing = folder
        while not existing.exists() and existing != existing.parent:
            existing = existing.parent
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            complain(f"{existing} cannot be written; mend its permissions or set {setting} to another folder")
            are_fine = False
    return are_fine


def _examine_warehouse(settings: Settings, registry: Registry | None, clock: datetime) -> bool:
    counts = landed_counts(settings.landing)
    landed = ", ".join(f"{platform} {count:,}" for platform, count in counts.items() if count)
    say(f"Landing {settings.landing}: {landed or 'nothing yet; run campaign collect'} (files)")
    if not settings.warehouse.exists():
        say(f"Warehouse {settings.warehouse}: nothing yet; run campaign build")
        return True
    try:
        with opened(settings.warehouse) as published:
            _examine_tables(settings.warehouse, published, registry, clock)
    except NoWarehouse as trouble:
        complain(str(trouble))
        return False
    return True


def _examine_tables(file: Path, published: Published, registry: Registry | None, clock: datetime) -> None:
    # Those that were only ever refused were never seen.
    known = [post for post in known_posts(published) if post.last_seen_at is not None]
    published_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    say(f"Warehouse {file}: {len(known):,} posts, published {published_at:%Y-%m-%d %H:%M} UTC")
    seen = {(post.platform, name) for post in known for name in (post.post_id, *post.aliases)}
    for campaign in registry.campaigns if registry else ():
        if begins_at(campaign) > clock:
            continue
        for asset in campaign.assets:
            for post in asset.posts:
                if (post.platform, post.alias) not in seen:
                    say(f"never seen: {post} ({campaign.id}, {asset.id}); open it to see whether it is there")
    answered = {post.platform for post in known}
    _examine_handles(published, _active(registry, clock), answered)
    _examine_assignments(published, _active(registry, clock))


def _examine_handles(warehouse: Published, campaigns: Iterable[Campaign], answered: Collection[str]) -> None:
    """The registry's handles that no account has, of platforms that have shown posts."""
    names = _names(warehouse)
    for campaign in campaigns:
        for account in campaign.accounts:
            if not account.watch or account.handle is None or account.id is not None:
                continue
            if account.platform not in answered:
                continue
            of, now = f"{account.handle} of {account.platform}", names.get(account.platform, {})
            called = now.get(account.handle.lower(), set())
            if not called:
                told = f"no account has been seen under the handle {of} ({campaign.id})"
                say(f"note: {told}; check its spelling")
            elif account.handle.lower() not in {name.lower() for name in called}:
                renamed = ", ".join(sorted(called))
                told = f"the account {of} ({campaign.id}) is called {renamed} now"
                say(plain(f"note: {told}; write that handle in the registry, or its id"))


def _names(warehouse: Published) -> dict[str, dict[str, set[str]]]:
    """By platform and handle in lower case, what the accounts that have or had it are called now."""
    query = """
        select platform, handle, latest.handle
        from summaries.handles
        join summaries.accounts using (platform, account_id)
    """
    names: dict[str, dict[str, set[str]]] = {}
    for platform, handle, now in ask(warehouse, query):
        names.setdefault(platform, {}).setdefault(handle, set()).add(now)
    return names


def _examine_assignments(warehouse: Published, campaigns: Iterable[Campaign]) -> None:
    """What the assets of active campaigns leave out, and which of their rules catch nothing."""
    for campaign in campaigns:
        catching = _catching(warehouse, campaign.id)
        for asset in campaign.assets:
            if asset.match is not None and asset.id not in catching:
                say(f"catches nothing yet: the rule of {asset.id} ({campaign.id}); loosen it, or let it wait")
        _tell_left_over(warehouse, campaign.id)
        posts = unassigned(warehouse, campaign.id, MOST_UNASSIGNED)
        if posts:
            show(
                f"Posts of {campaign.id} that no asset has, ours and the most viewed first",
                ["post", "side", "begins", "views", "resembles", "because", "line for its posts"],
                [_unassigned_row(post) for post in posts],
                numbers=["views"],
            )


def _tell_left_over(warehouse: Published, campaign_id: str) -> None:
    """How many posts count under "unassigned", and which assets listed them last."""
    query = """
        select formerly_listed.asset_id, count(*)
        from marts.posts
        join facts.formerly_listed using (campaign_id, platform, post_id)
        where campaign_id = ? and assigned_by = 'unassigned'
        group by formerly_listed.asset_id
        order by count(*) desc, formerly_listed.asset_id
    """
    found = ask(warehouse, query, [campaign_id])
    if found:
        posts = sum(count for _, count in found)
        counted = f"{posts:,} {'post' if posts == 1 else 'posts'}"
        named = [f"{asset_id} ({count:,})" for asset_id, count in found[:MOST_UNASSIGNED]]
        if len(found) > len(named):
            named.append(f"{len(found) - len(named):,} more")
        say(
            plain(
                f"under unassigned: {counted} that no asset lists any more ({campaign_id}), last listed by "
                f"{', '.join(named)}; list them again, or name in ignore what must not count"
            )
        )


def _catching(warehouse: Published, campaign_id: str) -> set[str]:
    """The assets whose rule has caught a post."""
    query = "select distinct asset_id from facts.rule_catches where campaign_id = ?"
    return {asset_id for (asset_id,) in ask(warehouse, query, [campaign_id])}


def _unassigned_row(post: Unassigned) -> list[str]:
    # Without an asset that it resembles, a rival's post would be pasted into one of ours.
    has_line = post.is_ours or post.suggested_asset is not None
    return [
        post.permalink or "",
        post.side_id,
        post.title or "",
        UNKNOWN if post.views is None else f"{post.views:,}",
        post.suggested_asset or "",
        post.why,
        f'"{post.platform}:{post.post_id}",' if has_line else "",
    ]
