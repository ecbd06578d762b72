"""What is known of the credentials: how long they live, whether they were taken, what they may not see.

Platforms are asked once a day by a collect, or by `campaign check` (`flows.health.token_check`), and what
they said is kept in `.tokens/PLATFORM.json`: moments, permissions, the public names of its accounts and a
digest of the credential, never the credential. So a new token is not taken for the old one, and whoever looks
at the home needs no network. Losing a file costs one call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from connectors.credentials import CredentialHealth, OwnAccount
from connectors.errors import ENDS_THE_RUN, TokenInvalid, Trouble
from warehouse.durable import write_whole

if TYPE_CHECKING:
    from connectors.wire import WireSession
    from flows.settings import Settings

TOKENS = ".tokens"

ASKED_EVERY = timedelta(days=1)
WARN_BEFORE = timedelta(days=7)

# Where people read how a token is made.
STEPS = "the steps are in docs/operations.md"

# Whose token it is concerns nobody here.
HIDDEN = ("user_id", "id", "open_id")


@dataclass(frozen=True)
class Token:
    """What is known of the credential that a setting holds now.

    `asked_at` is when its platform told; `is_latest` marks an `expires_at` that is counted from the day on
    which the credential was first seen here: it may expire earlier, not later. `accounts` are those that it
    may see from within, None where nobody told. The others as in `connectors.credentials.CredentialHealth`.
    """

    platform: str
    setting: str
    first_seen_at: datetime
    asked_at: datetime
    is_valid: bool | None = None
    expires_at: datetime | None = None
    never_expires: bool = False
    is_latest: bool = False
    missing: tuple[str, ...] = ()
    missing_for_audiences: tuple[str, ...] = ()
    told: str = ""
    accounts: tuple[OwnAccount, ...] | None = None

    def days_left(self, clock: datetime) -> int | None:
        """Whole days until it expires, below 0 once it has; None where that is not known."""
        return None if self.expires_at is None else (self.expires_at - clock).days


def tokens_of(settings: Settings, connector: ModuleType) -> Iterator[Token]:
    """What is known of a platform's credentials, of those that are set now."""
    kept = _read(_file_of(settings.home, connector.PLATFORM))
    for setting in _settings_of(connector):
        secret = settings.credential(connector.PLATFORM, setting)
        content = kept.get(setting)
        if secret is None or content is None or content.get("digest") != _digest(secret.get_secret_value()):
            continue
        token = _token(connector.PLATFORM, setting, content)
        if token is not None:
            yield token


def is_due(settings: Settings, connector: ModuleType, moment: datetime) -> bool:
    """Whether a collect asks the platform of its credential: once a day, and again after a refusal."""
    if not getattr(connector, "TELLS_EXPIRY", False):
        return False
    known = {token.setting: token for token in tokens_of(settings, connector)}
    token = known.get(connector.CREDENTIAL)
    return token is None or token.is_valid is False or abs(moment - token.asked_at) >= ASKED_EVERY


def ask_of_credential(
    connector: ModuleType,
    session: WireSession,
    credential: str,
    options: Mapping[str, Any],
    campaign_id: str,
) -> CredentialHealth:
    """What the platform tells of its credential, asked once; a refusal and a failure are told too."""
    try:
        with session.asking("token", campaign_id, hides=HIDDEN), session.trying(1):
            found = connector.credential_health(session, credential, **options)
    except TokenInvalid as trouble:
        return CredentialHealth(is_valid=False, told=trouble.message)
    except Trouble as trouble:
        why = trouble.message.removeprefix(f"{connector.PLATFORM}: ")
        if not isinstance(trouble, ENDS_THE_RUN):
            # What it says to do is not what is to be done here.
            why = why.rpartition("; ")[0] or why
        return CredentialHealth(told=f"the platform does not tell ({why})")
    assert isinstance(found, CredentialHealth)
    return replace(found, told=session.redact(found.told))


def record_token(
    settings: Settings,
    connector: ModuleType,
    setting: str,
    health: CredentialHealth,
    moment: datetime,
    accounts: Sequence[OwnAccount] | None = None,
) -> None:
    """Keep what was told at `moment` of the credential that a setting holds; without `accounts`, those that
    were told before stay."""
    secret = settings.credential(connector.PLATFORM, setting)
    if secret is None:
        return
    before = next((each for each in tokens_of(settings, connector) if each.setting == setting), None)
    first_seen_at = before.first_seen_at if before else moment
    expires_at, never_expires, is_latest = health.expires_at, health.never_expires, False
    if expires_at is None and health.lives is not None:
        expires_at, is_latest = first_seen_at + health.lives, True
    elif health.is_valid is None and before:
        # Nothing new was learned.
        expires_at, never_expires, is_latest = before.expires_at, before.never_expires, before.is_latest
    if accounts is None and before:
        accounts = before.accounts
    path = _file_of(settings.home, connector.PLATFORM)
    content = _read(path) | {
        setting: {
            "digest": _digest(secret.get_secret_value()),
            "first_seen_at": first_seen_at.isoformat(),
            "asked_at": moment.isoformat(),
            "is_valid": health.is_valid,
            "expires_at": None if expires_at is None else expires_at.isoformat(),
            "never_expires": never_expires,
            "is_latest": is_latest,
            "missing": list(health.missing),
            "missing_for_audiences": list(health.missing_for_audiences),
            "told": health.told,
            "accounts": None if accounts is None else [asdict(account) for account in accounts],
        }
    }
    write_whole(path, json.dumps(content))


def warning_of(token: Token, clock: datetime, cure: str = "") -> str | None:
    """One plain line about a credential that has expired, was refused or has less than seven days left, with
    what to do (`cure`, or where that is written); None where nothing is."""
    cure = cure or f"make a new one and set {token.setting}; {STEPS}#{token.platform}"
    if token.is_valid is False:
        return f"{token.platform}: {token.setting} is refused ({_reason(token)}); {cure}"
    if token.expires_at is None or token.expires_at - clock >= WARN_BEFORE:
        return None
    at = f"{token.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if token.expires_at <= clock:
        return f"{token.platform}: {token.setting} has expired ({at}); {cure}"
    days = (token.expires_at - clock).days
    left = "in less than a day" if days == 0 else f"in {days} {'day' if days == 1 else 'days'}"
    latest = ", or earlier" if token.is_latest else ""
    return f"{token.platform}: {token.setting} expires {left} ({at}{latest}); {cure}"


def missing_line(token: Token) -> str | None:
    """One plain line about the permissions that a credential lacks; None where it lacks none."""
    if not token.missing:
        return None
    return (
        f"{token.platform}: {token.setting} lacks the permission{'' if len(token.missing) == 1 else 's'} "
        f"{', '.join(token.missing)}; make one that has them and set it; {STEPS}#{token.platform}"
    )


def _reason(token: Token) -> str:
    text = token.told.removeprefix(f"{token.platform}: ")
    return (text.rpartition("; ")[0] or text or "no reason given").strip()


def _settings_of(connector: ModuleType) -> tuple[str, ...]:
    return (connector.CREDENTIAL, *getattr(connector, "FURTHER_CREDENTIALS", {}).values())


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:16]


def _file_of(home: Path, platform: str) -> Path:
    return home / TOKENS / f"{platform}.json"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The record by setting; empty when it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {setting: each for setting, each in content.items() if isinstance(each, dict)}


def _accounts(kept: object) -> tuple[OwnAccount, ...] | None:
    """Raises TypeError where they are none."""
    return tuple(OwnAccount(**each) for each in kept) if isinstance(kept, list) else None


def _token(platform: str, setting: str, content: Mapping[str, Any]) -> Token | None:
    try:
        expires_at = content["expires_at"]
        token = Token(
            platform=platform,
            setting=setting,
            first_seen_at=datetime.fromisoformat(content["first_seen_at"]),
            asked_at=datetime.fromisoformat(content["asked_at"]),
            is_valid=content["is_valid"],
            expires_at=None if expires_at is None else datetime.fromisoformat(expires_at),
            never_expires=bool(content["never_expires"]),
            is_latest=bool(content["is_latest"]),
            missing=tuple(str(name) for name in content["missing"]),
            missing_for_audiences=tuple(str(name) for name in content.get("missing_for_audiences", ())),
            told=str(content["told"]),
            accounts=_accounts(content.get("accounts")),
        )
    except (KeyError, TypeError, ValueError):
        return None
    moments = (token.first_seen_at, token.asked_at, token.expires_at)
    return token if all(moment is None or moment.tzinfo is not None for moment in moments) else None
