"""Check: what a person should know before collect and build run, from files and settings, and from the
platforms only what they think of the credentials."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectors import discover
from connectors.spending import LedgerError
from flows.collecting.plan import begins_at, idle_after, idle_reason
from flows.collecting.platforms import base_url, is_on_this_machine, platforms_of
from flows.console import complain, plain, say, show
from flows.health.access import (
    COLUMNS,
    CREDENTIAL_COLUMNS,
    Access,
    accesses,
    credential_rows,
    findings_of,
    is_dead_at,
    rows_of,
)
from flows.health.alerts import EMAIL, SMTP_URL, WEBHOOK, NotSent, channels_of
from flows.health.day_cost import day_cost
from flows.health.env_file import env_findings, env_line
from flows.health.findings import Finding, Rank, next_of, tell
from flows.health.lake_check import examine_lake
from flows.health.last_runs import read_run, round_of
from flows.health.spent import spendings
from flows.health.status import tell_spending
from flows.health.tokens import Token, tokens_of, warning_of
from flows.health.workers_check import examine_workers
from flows.history.holes import POSTS_A_DAY
from flows.home import DEMO_MARKER
from flows.registry import Registry, RegistryError, load
from warehouse.known import KnownPost, known_posts
from warehouse.landed_files import answers_have_landed, landed_counts
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
    must. Platforms, and a Dask scheduler, are asked only when `asks_platforms`.

    First how everything stands, then what blocks, what limits and what can be had besides, each with what to
    do about it, and at last what to do next.
    """
    connectors = discover()
    say(env_line())
    registry = _examine_registry(settings, connectors, clock)
    found = [] if registry is not None else [_registry_refused(settings)]
    _examine_platforms(settings, connectors)
    if asks_platforms:
        found += _ask_of_credentials(settings, connectors, clock)
    tokens = {name: list(tokens_of(settings, connector)) for name, connector in connectors.items()}
    rows = [
        row
        for name, connector in connectors.items()
        for row in credential_rows(settings, connector, tokens[name], clock)
    ]
    if rows:
        show("Credentials", CREDENTIAL_COLUMNS, rows)
    found += env_findings(settings, connectors)
    found += _examine_access(settings, registry, connectors, tokens, clock)
    found += _examine_channels(settings)
    found += examine_workers(settings, asks=asks_platforms)
    if registry is not None:
        found += _examine_budgets(settings, registry, connectors, clock)
    are_folders_fine = _examine_folders(settings)
    found += are_folders_fine
    if not are_folders_fine and not examine_lake(settings):
        found.append(_already_told("mend the lake as the line above says"))
    is_built = _examine_warehouse(settings, registry, clock)
    if is_built is None:
        found.append(_already_told("run campaign build --full"))
    tell(found)
    step = next_of(found) or _next_step(settings, registry, connectors, clock, next_of(found, may_wait=True))
    say(f"next: {plain(step)}")
    return not any(finding.is_error for finding in found)


def _already_told(step: str) -> Finding:
    """What is wrong was told where it was met."""
    return Finding(Rank.blocks, "", is_error=True, next_step=f"{step}, then run campaign check again")


def _registry_refused(settings: Settings) -> Finding:
    return _already_told(f"mend {settings.registry} as the lines above say")


def _next_step(
    settings: Settings,
    registry: Registry | None,
    connectors: Mapping[str, ModuleType],
    clock: datetime,
    lacking: str,
) -> str:
    """What to do where nothing is in the way but what may wait: `lacking` says what to do about that, empty
    where there is nothing of the kind."""
    campaigns = registry.campaigns if registry else ()
    going_on = [campaign for campaign in campaigns if clock < idle_after(campaign)]
    found = accesses(settings, going_on, connectors, ())
    can_go_on = any(access.is_set for access in found)
    has_landed = answers_have_landed(settings.landing)
    if has_landed and not settings.warehouse.exists():
        return "campaign build, which makes tables of what has landed"
    if lacking:
        if not can_go_on:
            return lacking
        goes_on = "serve" if has_landed else "collect"
        return f"{lacking}; or go on without it: campaign {goes_on}"
    if campaigns and all(clock >= idle_after(each) for each in campaigns):
        shown = "campaign report shows it" if has_landed else "campaign init begins yours"
        return f"every campaign is over; {shown}, or write the next into {settings.registry}"
    begins = [f"{each.id} begins on {each.starts}" for each in campaigns if begins_at(each) > clock]
    if campaigns and len(begins) == len(campaigns):
        return f"campaign serve, which waits until there is something to ask ({begins[0]})"
    if not has_landed:
        return "campaign collect, which asks the platforms for the first time"
    unread = [
        one for one in platforms_of(_active(registry, clock), connectors) if not _was_asked(settings, one)
    ]
    if unread:
        return f"campaign collect, which asks {', '.join(unread)} for the first time"
    return "everything is ready: campaign serve, which collects, builds and reports by itself"


def _was_asked(settings: Settings, platform: str) -> bool:
    # A round that had nothing to ask lands nothing.
    return bool(landed_counts(settings.landing).get(platform) or read_run(round_of(settings.home, platform)))


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


def _ask_of_credentials(
    settings: Settings, connectors: Mapping[str, ModuleType], clock: datetime
) -> list[Finding]:
    """Ask the platforms, side by side: one that hangs keeps no other waiting. Gives what they do not tell."""
    asked = [
        connector
        for platform, connector in connectors.items()
        if hasattr(connector, "credential_health")
        and settings.credential(platform, connector.CREDENTIAL) is not None
    ]
    if not asked:
        return []
    from concurrent.futures import ThreadPoolExecutor

    from flows.health.token_check import CLOCKS_DIFFER, ask_platform
    from flows.progress import shown

    with (
        shown("check: asking the platforms"),
        ThreadPoolExecutor(len(asked), thread_name_prefix="check") as threads,
    ):
        told = list(threads.map(lambda connector: ask_platform(settings, connector, clock), asked))
    found = [Finding(Rank.limits, line) for each in told for line in each.lines]
    ahead = next((each.clock_ahead for each in told if each.clock_ahead is not None), None)
    if ahead is not None and abs(ahead) > CLOCKS_DIFFER:
        minutes = abs(ahead) // timedelta(minutes=1)
        way = "ahead of" if ahead > timedelta(0) else "behind"
        found.append(
            Finding(
                Rank.limits,
                f"this machine's clock is {minutes:,} minutes {way} the platforms', and every reading is "
                "dated by it; set it right: timedatectl set-ntp true",
            )
        )
    return found


def _examine_access(
    settings: Settings,
    registry: Registry | None,
    connectors: Mapping[str, ModuleType],
    tokens: Mapping[str, Sequence[Token]],
    clock: datetime,
) -> Iterator[Finding]:
    """Show what comes of the registry's accounts; what stands in its way."""
    every = [token for some in tokens.values() for token in some]
    if registry is None:
        yield from _warnings(every, clock)
        return
    going_on = [campaign for campaign in registry.campaigns if clock < idle_after(campaign)]
    found = accesses(settings, going_on, connectors, every)
    rows = [row for access in found for row in rows_of(access)]
    if rows:
        show("What comes of the accounts", COLUMNS, rows)
    for campaign in going_on:
        if not platforms_of([campaign], connectors):
            yield Finding(
                Rank.blocks,
                f"{campaign.id} names no account and no post, so nothing is asked for it; write [[accounts]] "
                f"into {campaign.source}",
                next_step=f"write the accounts of {campaign.id} into {campaign.source}",
            )
    for access in found:
        yield from findings_of(access, settings, clock)
    named = {access.platform for access in found}
    yield from _warnings([token for token in every if token.platform not in named], clock)
    yield from _demo_home(settings, [access for access in found if access.is_set])


def _warnings(tokens: Iterable[Token], clock: datetime) -> Iterator[Finding]:
    """Of credentials that no campaign needs now."""
    for token in tokens:
        warning = warning_of(token, clock)
        if warning is not None:
            is_dead = is_dead_at(token, clock)
            rank = Rank.blocks if is_dead else Rank.limits
            step = f"make a new credential of {token.platform} and set {token.setting}" if is_dead else ""
            yield Finding(rank, warning, is_error=is_dead, is_urgent=True, next_step=step)


def _demo_home(settings: Settings, found: Sequence[Access]) -> Iterator[Finding]:
    """A demo's folder takes no real data."""
    if not (settings.home / DEMO_MARKER).exists():
        return
    for access in found:
        if not is_on_this_machine(urlsplit(base_url(settings, access.connector)).hostname or ""):
            yield Finding(
                Rank.blocks,
                f"{settings.home} holds the demo's data and takes no other; set CAMPAIGN_HOME to another "
                "folder",
                is_error=True,
                next_step="set CAMPAIGN_HOME to a folder of your own, then run campaign check again",
            )
            return


def _examine_channels(settings: Settings) -> list[Finding]:
    try:
        channels = channels_of(settings)
    except NotSent as mistake:
        step = "mend the alerts' settings as the line above says, then run campaign check again"
        return [Finding(Rank.blocks, str(mistake), is_error=True, next_step=step)]
    told = ", ".join(channel.setting for channel in channels)
    say(f"Alerts go to {told}" if told else f"Alerts go nowhere: set {WEBHOOK}, or {EMAIL} and {SMTP_URL}")
    return []


def _further(settings: Settings, connector: ModuleType) -> str:
    """Which of the credentials that a connector can do more with are there."""
    names = list(getattr(connector, "FURTHER_CREDENTIALS", {}).values())
    there = [name for name in names if settings.credential(connector.PLATFORM, name) is not None]
    missing = [name for name in names if name not in there]
    parts = ([f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} set"] if there else []) + (
        [f"none of {', '.join(missing)}"] if missing else []
    )
    return "; ".join(parts)


def _examine_budgets(
    settings: Settings, registry: Registry, connectors: Mapping[str, ModuleType], clock: datetime
) -> Iterator[Finding]:
    try:
        tell_spending(spendings(settings, registry, connectors, clock), clock)
    except LedgerError as trouble:
        yield Finding(Rank.limits, str(trouble))
    known = _known(settings)
    for campaign in registry.campaigns:
        if clock >= idle_after(campaign):
            continue
        bounds = {budget.platform: budget for budget in campaign.budgets}
        for platform in platforms_of([campaign], connectors):
            if not hasattr(connectors.get(platform), "PRICES"):
                continue
            cost = day_cost(campaign, connectors[platform], known, clock)
            guessed = f" ({POSTS_A_DAY:g} posts a day of each account are assumed)" if cost.is_guessed else ""
            forecast = (
                f"about ${cost.usd_now:,.2f} a day with {cost.posts_now:,} posts, and "
                f"${cost.usd_at_end:,.2f} with {cost.posts_at_end:,} on its last day{guessed}"
            )
            budget = bounds.get(platform)
            if budget is None:
                yield Finding(
                    Rank.limits,
                    f"{platform} charges for what is read and no budget of {campaign.id} bounds it: "
                    f'{forecast}; write [[budgets]] with platform = "{platform}" and usd_per_day = '
                    f"{cost.suggested_usd_per_day} (or usd_per_month) into {campaign.source}",
                )
            else:
                say(f"Reading {campaign.id} on {platform} costs {forecast}")
                if budget.usd_per_day is not None and budget.usd_per_day < cost.usd_now:
                    yield Finding(
                        Rank.limits,
                        f"{platform}: the budget of {campaign.id} (${budget.usd_per_day} a day) does not "
                        f"reach for what is due ({forecast}); raise usd_per_day in {campaign.source}, or "
                        "expect posts that are not read",
                    )


def _known(settings: Settings) -> list[KnownPost]:
    """What the published tables know of posts; nothing where there are none that can be read."""
    try:
        with opened(settings.warehouse) as published:
            return known_posts(published)
    except NoWarehouse:
        return []


def _active(registry: Registry | None, clock: datetime) -> list[Campaign]:
    campaigns = registry.campaigns if registry else ()
    return [campaign for campaign in campaigns if idle_reason(campaign, clock) is None]


def _examine_folders(settings: Settings) -> list[Finding]:
    found: dict[Path, Finding] = {}
    for setting, folder in (
        ("CAMPAIGN_HOME", settings.home),
        # Of a lake in a bucket the copy lies in the home.
        ("CAMPAIGN_HOME" if settings.is_lake_on_s3 else "CAMPAIGN_LAKE", settings.landing.parent),
    ):
        existing = folder
        while not existing.exists() and existing != existing.parent:
            existing = existing.parent
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            cure = f"mend its permissions or set {setting} to another folder"
            line = f"{existing} cannot be written; {cure}"
            step = f"{cure}, then run campaign check again"
            found.setdefault(existing, Finding(Rank.blocks, line, is_error=True, next_step=step))
    return list(found.values())


def _examine_warehouse(settings: Settings, registry: Registry | None, clock: datetime) -> bool | None:
    """Whether there are tables; None where they cannot be read, which is told."""
    counts = landed_counts(settings.landing)
    landed = ", ".join(f"{platform} {count:,}" for platform, count in counts.items() if count)
    has_landed = answers_have_landed(settings.landing)
    say(
        f"Landing {settings.landing}: "
        f"{f'files of {landed}' if has_landed else 'nothing yet; run campaign collect'}"
    )
    if not settings.warehouse.exists():
        made_by = "campaign build" if has_landed else "campaign collect, then campaign build"
        say(f"Warehouse {settings.warehouse}: nothing yet; run {made_by}")
        return False
    try:
        with opened(settings.warehouse) as published:
            _examine_tables(settings.warehouse, published, registry, clock)
    except NoWarehouse as trouble:
        complain(str(trouble))
        return None
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
