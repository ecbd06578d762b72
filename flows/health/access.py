"""What can be collected of a registry's accounts with the credentials that are there, and what to do for the
rest: where a credential is made, which permission lets it see what, whose accounts it sees from within."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from connectors.credentials import OwnAccount
from connectors.guide import Further, Guide
from flows.collecting.platforms import platforms_of
from flows.health.findings import Finding, Rank
from flows.health.status import ago_of, expiry_of
from flows.health.tokens import STEPS, Token, warning_of

if TYPE_CHECKING:
    from datetime import datetime

    from flows.registry import Account, Campaign
    from flows.settings import Settings

ACCOUNTS_NAMED = 5


@dataclass(frozen=True)
class Access:
    """One platform's connector, the campaigns that name it, whether its credential is set, and what is known
    of that (None where nothing is)."""

    connector: ModuleType
    campaigns: Sequence[Campaign]
    is_set: bool
    token: Token | None

    @property
    def platform(self) -> str:
        return str(self.connector.PLATFORM)

    @property
    def guide(self) -> Guide | None:
        """What the platform's connector tells people, where it tells anything."""
        guide: Guide | None = getattr(self.connector, "GUIDE", None)
        return guide

    @property
    def own(self) -> tuple[OwnAccount, ...] | None:
        """The accounts that the credential may see from within; None where that is not known."""
        return None if self.token is None else self.token.accounts

    def accounts_of(self, campaign: Campaign) -> list[Account]:
        return [account for account in campaign.accounts if account.platform == self.platform]


def accesses(
    settings: Settings,
    campaigns: Sequence[Campaign],
    connectors: Mapping[str, ModuleType],
    tokens: Sequence[Token],
) -> list[Access]:
    """Of each platform that a campaign names."""
    known = {token.setting: token for token in tokens}
    found = []
    for platform in platforms_of(campaigns, connectors):
        connector = connectors[platform]
        is_set = settings.credential(platform, connector.CREDENTIAL) is not None
        naming = [campaign for campaign in campaigns if platform in platforms_of([campaign], connectors)]
        found.append(Access(connector, naming, is_set, known.get(connector.CREDENTIAL)))
    return found


# -- the credentials

CREDENTIAL_COLUMNS = ["platform", "setting", "state", "expires", "permissions missing", "acts for", "asked"]
_STATES = {True: "valid", False: "refused", None: "not known"}


def credential_rows(
    settings: Settings, connector: ModuleType, tokens: Sequence[Token], clock: datetime
) -> Iterator[list[str]]:
    """What is known of a platform's credentials that are set, as rows with those `CREDENTIAL_COLUMNS`: of the
    first always, of further ones where anything is."""
    platform, first = connector.PLATFORM, connector.CREDENTIAL
    known = {token.setting: token for token in tokens}
    guide: Guide | None = getattr(connector, "GUIDE", None)
    if first not in known and settings.credential(platform, first) is not None:
        untold = "" if guide is None else guide.untold
        yield [platform, first, untold or "not asked yet", "not told", "not told", "not told", "never"]
    for token in tokens:
        accounts = token.accounts or ()
        acts_for = ", ".join(account.name or account.id for account in accounts[:ACCOUNTS_NAMED])
        more = len(accounts) - ACCOUNTS_NAMED
        yield [
            platform,
            token.setting,
            _STATES[token.is_valid],
            expiry_of(token, clock),
            ", ".join(token.missing) or "none",
            (acts_for or ("not told" if token.accounts is None else "no account"))
            + (f" and {more:,} more" if more > 0 else ""),
            ago_of(clock - token.asked_at),
        ]


# -- what comes

COLUMNS = ["campaign", "platform", "accounts", "read as", "comes", "stays NULL"]


def rows_of(access: Access) -> Iterator[list[str]]:
    """What comes of a platform's accounts, as rows with those `COLUMNS`."""
    guide = access.guide
    if guide is None:
        return
    for campaign in access.campaigns:
        groups: dict[str, list[Account]] = {}
        for account in access.accounts_of(campaign):
            groups.setdefault(_read_as(access, campaign, account), []).append(account)
        for read_as, accounts in groups.items():
            lost = "; ".join(guide.permissions.get(name, name) for name in _missing(access))
            comes, stays = {
                "own": (guide.own, lost or "nothing"),
                "another's": (guide.others or "nothing", guide.withheld or "nothing"),
                "not read": ("nothing", "everything"),
                "own, if the token sees it": (guide.own, guide.withheld or "nothing"),
            }[read_as]
            yield [campaign.id, access.platform, _named(accounts), read_as, comes, stays]
        if not groups:
            comes = guide.others or guide.own
            yield [campaign.id, access.platform, "listed posts alone", "posts", comes, ""]


def _missing(access: Access) -> tuple[str, ...]:
    return () if access.token is None else access.token.missing


def _read_as(access: Access, campaign: Campaign, account: Account) -> str:
    if not access.is_set:
        return "not read"
    is_ours = any(side.id == account.side and side.ours for side in campaign.sides)
    if access.own is not None:
        if is_among(account, access.own):
            return "own"
        # Of one whose handle is not told, nobody can say that it is another.
        may_be = is_ours and account.id is None and any(not own.handle for own in access.own)
        return "own, if the token sees it" if may_be else "another's"
    if not hasattr(access.connector, "own_accounts"):
        return "own" if is_ours else "another's"
    return "own, if the token sees it" if is_ours else "another's"


def is_among(account: Account, own: Iterable[OwnAccount]) -> bool:
    """Whether an account of the registry is one of those."""
    handle = (account.handle or "").casefold()
    return any(
        account.id == one.id or (bool(handle) and handle in (one.handle.casefold(), one.id)) for one in own
    )


def _named(accounts: Sequence[Account]) -> str:
    names = [_name(account) for account in accounts[:ACCOUNTS_NAMED]]
    more = len(accounts) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def _name(account: Account) -> str:
    return account.handle or account.name or account.id or ""


# -- what to do


def findings_of(access: Access, settings: Settings, clock: datetime) -> Iterator[Finding]:
    """What stands in the way of reading a platform, and what more could be had of it."""
    if not access.is_set:
        yield _without_credential(access)
        return
    if access.token is not None:
        warning = warning_of(access.token, clock, cure=_cure(access))
        if warning is not None:
            is_dead = is_dead_at(access.token, clock)
            step = f"make a new credential of {access.platform}{_at(access)} and set {access.token.setting}"
            rank = Rank.blocks if is_dead else Rank.limits
            yield Finding(rank, warning, is_dead, is_urgent=True, next_step=step if is_dead else "")
        yield from _lacking(access, access.token)
    yield from _not_own(access)
    yield from _further(access, settings)


def is_dead_at(token: Token, clock: datetime) -> bool:
    """Whether the platform takes it no more."""
    return token.is_valid is False or (token.expires_at is not None and token.expires_at <= clock)


def _at(access: Access) -> str:
    return "" if access.guide is None else f" at {access.guide.made_at}"


def _cure(access: Access) -> str:
    setting = access.connector.CREDENTIAL
    return f"make a new one{_at(access)} and set {setting}; {STEPS}#{access.platform}"


def _without_credential(access: Access) -> Finding:
    setting = access.connector.CREDENTIAL
    what = f"{sum(len(access.accounts_of(campaign)) for campaign in access.campaigns):,} accounts"
    named = ", ".join(campaign.id for campaign in access.campaigns)
    make = f"make one{_at(access)} and set {setting} in .env"
    return Finding(
        Rank.blocks,
        f"{access.platform}: no credential: nothing of it is read ({what.replace('1 accounts', '1 account')} "
        f"of {named}); {make}; {STEPS}#{access.platform}",
        next_step=f"{make.replace('make one', f'make a credential of {access.platform}', 1)}, then run "
        "campaign check again",
        may_wait=True,
    )


def _lacking(access: Access, token: Token) -> Iterator[Finding]:
    """A line for each permission that a credential lacks, with what is missing for want of it."""
    audiences = [audience for campaign in access.campaigns for audience in campaign.audiences]
    has_audiences = any(audience.platform == access.platform for audience in audiences)
    guide = access.guide
    for name in (*token.missing, *(token.missing_for_audiences if has_audiences else ())):
        lost = "" if guide is None else guide.permissions.get(name, "")
        where = "" if guide is None else f" at {guide.grants}"
        yield Finding(
            Rank.limits,
            f"{access.platform}: {token.setting} lacks {name}{lost and f': {lost}'}; add it where the token "
            f"was made, make the token again{where} and set it; {STEPS}#{access.platform}",
        )


def _not_own(access: Access) -> Iterator[Finding]:
    """Accounts of our own side that the credential does not see from within, or not as it must."""
    if access.own is None or access.guide is None:
        return
    known = ", ".join(own.name or own.id for own in access.own[:ACCOUNTS_NAMED]) or "none"
    for campaign in access.campaigns:
        for account in access.accounts_of(campaign):
            if _read_as(access, campaign, account) != "another's":
                continue
            if any(side.id == account.side and side.ours for side in campaign.sides):
                yield Finding(
                    Rank.limits,
                    f"{access.platform}: {_name(account)} ({campaign.id}) is on our side, and the credential "
                    f"sees it only as anybody does (from within it sees: {known}), so its "
                    f"{access.guide.withheld.partition(':')[0] or 'own figures'} stay NULL; give the "
                    f"credential's owner a role there; {STEPS}#{access.platform}",
                )
    for own in access.own:
        if own.lacks:
            yield Finding(
                Rank.limits,
                f"{access.platform}: on {own.name or own.id} the credential lacks {own.lacks}; assign it at "
                f"{access.guide.grants}; {STEPS}#{access.platform}",
            )


def _further(access: Access, settings: Settings) -> Iterator[Finding]:
    """The further credentials that are not there, or there only in part."""
    for further in () if access.guide is None else access.guide.further:
        there = [name for name in further.settings if settings.credential(access.platform, name) is not None]
        if len(there) == len(further.settings):
            continue
        missing = [name for name in further.settings if name not in there]
        rank = Rank.limits if there or further.is_needed else Rank.optional
        yield Finding(rank, _further_line(access, further, missing))


def _further_line(access: Access, further: Further, missing: Sequence[str]) -> str:
    is_one = len(missing) == 1
    them = "it" if is_one else "them"
    only = ", and the others work only together with it" if is_one else ", and they work only together"
    partly = only if len(missing) < len(further.settings) else ""
    return (
        f"{access.platform}: {', '.join(missing)} {'is' if is_one else 'are'} not set{partly}; "
        f"{'it brings' if is_one else 'they bring'} {further.brings}: find {them} at {further.made_at} and "
        f"set {them}"
    )
