"""What `campaign init` asks, writes and tells, one after the other."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

from connectors import discover
from flows.beginning.answers import (
    Answers,
    Unusable,
    account_of,
    add_account,
    day_of,
    id_of,
    last_day_of,
    name_of,
    side_of_account,
    sides_of,
    suggested_id,
    zone_of,
)
from flows.beginning.folders import (
    ENV_FILE,
    credential_of,
    elsewhere,
    home_of,
    registry_of,
    see_that_it_may_be_written,
    set_for,
    suggested_home,
    suggested_registry,
    unwritable_for,
)
from flows.beginning.machine import local_zone, taken_up_by_git
from flows.beginning.placing import NewFile, Occupied, drop_unplaced, place, see_that_it_loads
from flows.beginning.texts import env_text, registry_text
from flows.cli.talking import Talk
from flows.console import complain, plain, say
from flows.registry import Account, Side, load
from flows.settings import Settings

_TOKENS = "docs/operations.md, Tokens and permissions"


@dataclass(frozen=True)
class Given:
    """What the options gave; None is not given."""

    name: str | None
    id: str | None
    starts: str | None
    ends: str | None
    timezone: str | None
    side: str | None
    rivals: Sequence[str] | None
    accounts: Sequence[str] | None
    rival_accounts: Sequence[str] | None
    home: str | None
    registry: str | None
    saves_credentials: bool


def begin(talk: Talk, settings: Settings, given: Given) -> None:
    """Ask what is not given, write the campaign's file and `.env`, and tell what to do next.

    Raises Unusable, Refused, RegistryError, SettingsError and OSError, and typer.Abort where the input ends;
    nothing is written then.
    """
    connectors = discover()
    if not ENV_FILE.exists():
        see_that_it_may_be_written(Path.cwd())
    taken = _taken(Path(given.registry) if given.registry else suggested_registry(settings), connectors)
    talk.tell("A new campaign. Ctrl-C at any question leaves everything as it was.")
    answers = _answers(talk, given, connectors, taken)
    free = suggested_home(settings)
    why = "" if free == settings.home else f" ({settings.home} holds the demo's)"
    home = talk.answer("--home", given.home, home_of, f"Folder for the data{why}", str(free))
    suggested = str(suggested_registry(settings))
    registry = talk.answer(
        "--registry", given.registry, registry_of, "Folder for the campaign's file", suggested
    )
    file = NewFile(registry / f"{answers.id}.toml", registry_text(answers))
    if file.path.exists():
        raise Occupied(f"{file.path} is there and is not written over; change it, or choose another --id")
    see_that_it_loads(file, connectors)

    files, platforms = [file], sorted({account.platform for account in answers.accounts})
    if not ENV_FILE.exists() and not ENV_FILE.is_symlink():
        values = {"CAMPAIGN_HOME": str(home), "CAMPAIGN_REGISTRY": str(registry)}
        values |= _credentials(talk, platforms, settings, connectors, given.saves_credentials)
        # First, for who has it can start again.
        files.insert(0, NewFile(ENV_FILE, env_text(values), mode=0o600))
    names = " and ".join(str(each.path) for each in reversed(files))
    if not talk.agrees(f"Write {names}?", usual=True, otherwise=True):
        say("Nothing was written.")
        return
    drop_unplaced({ENV_FILE.parent, registry})
    place(files)
    _tell_what_is_there(answers, file.path, is_env_new=len(files) > 1)
    _warn(home, registry)
    _tell_what_is_next(platforms, connectors, answers)


def _taken(registry: Path, connectors: Mapping[str, ModuleType]) -> set[str]:
    """The ids that are there already, so that nobody answers twenty questions for one of them. Raises
    RegistryError where what is there has mistakes of its own."""
    if not any(registry.glob("[!.]*.toml")):
        return set()
    files = {file.stem for file in registry.glob("*.toml")}
    return {campaign.id for campaign in load(registry, connectors).campaigns} | files


def _free_id(text: str, taken: Container[str]) -> str:
    campaign_id = id_of(text)
    if campaign_id in taken:
        raise Unusable(
            f"{campaign_id} is there already, and is not written over; choose another, or change it"
        )
    return campaign_id


def _answers(
    talk: Talk, given: Given, connectors: Mapping[str, ModuleType], taken: Container[str]
) -> Answers:
    name = talk.answer("--name", given.name, name_of, "The campaign's name")
    campaign_id = talk.answer(
        "--id", given.id, partial(_free_id, taken=taken), "Its id, in tables and paths", suggested_id(name)
    )
    starts = talk.answer("--starts", given.starts, day_of, "First day that counts, as 2026-04-01")
    ends = talk.answer(
        "--ends", given.ends, lambda text: last_day_of(text, starts), "Last day that counts, as 2026-06-30"
    )
    zone = talk.answer(
        "--timezone", given.timezone, zone_of, "Time zone whose midnight ends a day", local_zone()
    )
    sides = _sides(talk, given)
    accounts = _accounts(talk, given, sides, connectors)
    return Answers(campaign_id, name, starts, ends, zone, sides, accounts)


def _sides(talk: Talk, given: Given) -> tuple[Side, ...]:
    ours = talk.answer(
        "--side", given.side, lambda text: sides_of(name_of(text), ())[0], "Your own side's name"
    )
    sides: tuple[Side, ...] = (ours,)

    def take(text: str) -> str:
        nonlocal sides
        sides = sides_of(ours.name, (*(side.name for side in sides[1:]), name_of(text)))
        return f"{sides[-1].id} in the tables"

    talk.several("--rival", given.rivals, take, "A rival's name (Enter: no more)")
    return sides


def _accounts(
    talk: Talk, given: Given, sides: tuple[Side, ...], connectors: Mapping[str, ModuleType]
) -> tuple[Account, ...]:
    accounts: tuple[Account, ...] = ()

    def take(text: str, side: Side) -> str:
        nonlocal accounts
        accounts = add_account(accounts, account_of(text, side, connectors))
        return f"{accounts[-1].platform}: {accounts[-1].handle or accounts[-1].id}"

    def take_rivals(text: str) -> str:
        side, account = side_of_account(text, sides[1:])
        return take(account, side)

    talk.tell(
        "Accounts: paste a profile's address from the browser, or write PLATFORM:NAME "
        f"({', '.join(connectors)})."
    )
    talk.several("--account", given.accounts, partial(take, side=sides[0]), _account_of(sides[0]))
    if given.rival_accounts is not None or not talk.is_asking:
        talk.several("--rival-account", given.rival_accounts, take_rivals, "")
        return accounts
    for rival in sides[1:]:
        talk.several("--rival-account", None, partial(take, side=rival), _account_of(rival))
    return accounts


def _account_of(side: Side) -> str:
    return f"An account of {side.name} (Enter: no more)"


def _credentials(
    talk: Talk,
    platforms: Iterable[str],
    settings: Settings,
    connectors: Mapping[str, ModuleType],
    saves: bool,
) -> dict[str, str]:
    """What is to stand in `.env` for these platforms."""
    found: dict[str, str] = {}
    for platform in platforms:
        name = connectors[platform].CREDENTIAL
        held = set_for([platform], settings, connectors)
        if name in held:
            question = f"{name} is set in this terminal; write it into {ENV_FILE} too?"
            if saves or talk.agrees(question, usual=False, otherwise=False):
                found |= held
            continue
        question = f"{name}, unseen (Enter: later)"
        if typed := talk.secret(question, partial(credential_of, name)):
            found[name] = typed
    return found


def _tell_what_is_there(answers: Answers, file: Path, *, is_env_new: bool) -> None:
    count = len(answers.accounts)
    say(f"{file}: {plain(answers.name)}, {count} {'account' if count == 1 else 'accounts'} watched")
    if is_env_new:
        say(f"{ENV_FILE}: the settings, for your eyes only")


def _warn(home: Path, registry: Path) -> None:
    """Of what is going to surprise whoever goes on from here."""
    settings = Settings()
    for name, chosen, in_force in (
        ("CAMPAIGN_HOME", home, settings.home),
        ("CAMPAIGN_REGISTRY", registry, settings.registry),
    ):
        if line := elsewhere(name, chosen, in_force):
            complain(f"warning: {line}")
    if (above := unwritable_for(home)) is not None:
        complain(f"warning: {above} may not be written by you; see that whoever runs `campaign collect` may")
    if taken := taken_up_by_git([ENV_FILE, home]):
        named = " and ".join(map(str, taken))
        complain(f"warning: git would take up {named}; write that into .gitignore before you commit")


def _tell_what_is_next(
    platforms: Iterable[str], connectors: Mapping[str, ModuleType], answers: Answers
) -> None:
    settings = Settings()
    lacking = [platform for platform in platforms if settings.credential(platform) is None]
    if lacking:
        say(f"Still to get, each for {ENV_FILE} ({_TOKENS}):")
    for platform in lacking:
        guide = getattr(connectors[platform], "GUIDE", None)
        say(f"  {connectors[platform].CREDENTIAL}" + (f"  {guide.made_at}" if guide is not None else ""))
    say("Next:")
    for command, does in (
        ("check", "says what is wrong or missing, and how to mend it"),
        ("collect", "asks the platforms what is due; again every hour"),
        ("build", "makes the answers into tables"),
        ("serve", "does all of it by the clock, and reports every morning"),
    ):
        say(f"  campaign {command:<8} {does}")
    if not answers.accounts:
        say("No account is watched yet: the file says how to add one.")
