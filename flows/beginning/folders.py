"""Where a new team's data and registry go, and what its `.env` already says of that."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

from dotenv import dotenv_values

from flows.beginning.answers import Unusable, name_of
from flows.home import DEMO_MARKER
from flows.settings import Settings, SettingsError

ENV_FILE = Path(".env")

# The folder of examples that comes with the program: its campaigns are the sandbox's.
_EXAMPLES = Path(__file__).parents[2] / "campaigns"


def home_of(text: str) -> Path:
    """The data folder, for real data. Raises Unusable."""
    home = _checked("CAMPAIGN_HOME", text).home
    if (home / DEMO_MARKER).exists():
        raise Unusable(f"{home} holds the demo's data and takes no real ones; choose another folder")
    # Those who prepare it may not be those who write there.
    _there_of(home)
    return home


def registry_of(text: str) -> Path:
    """The folder of campaign files. Raises Unusable."""
    folder = _checked("CAMPAIGN_REGISTRY", text).registry
    if folder.exists() and not folder.is_dir():
        raise Unusable(f"{folder} is a file; choose the folder that is to hold the campaign's file")
    see_that_it_may_be_written(folder)
    return folder


def see_that_it_may_be_written(folder: Path) -> None:
    """Judge a folder, or where it would be made, when it is named and not after the last answer. Raises
    Unusable."""
    if (above := unwritable_for(folder)) is not None:
        raise Unusable(f"{above} may not be written by you; choose another folder, or mend its permissions")


def unwritable_for(folder: Path) -> Path | None:
    """What keeps somebody from writing to a folder, or from making it; None where nothing does. Raises
    Unusable where it cannot be made at all."""
    above = _there_of(folder)
    return None if os.access(above, os.W_OK | os.X_OK, effective_ids=True) else above


def _there_of(folder: Path) -> Path:
    """What is there of the way to a folder. Raises Unusable where that is no folder."""
    above = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    if above.is_symlink() and not above.exists():
        raise Unusable(f"{above} is a link that leads nowhere; choose another folder, or make what it names")
    if not above.is_dir():
        raise Unusable(f"{above} is a file; choose another folder")
    return above


def suggested_home(settings: Settings) -> Path:
    return Path("campaign-data") if (settings.home / DEMO_MARKER).exists() else settings.home


def suggested_registry(settings: Settings) -> Path:
    """The folder that is set; not that of the examples, whose campaigns no platform knows."""
    is_examples = settings.registry.resolve() == _EXAMPLES
    if is_examples or settings.registry.is_file():
        return Path("our-campaigns")
    return settings.registry


def credential_of(name: str, text: str) -> str:
    """A credential as it was typed, without blanks around it; empty where none was. Raises Unusable."""
    try:
        Settings(**{name: text.strip()})
    except SettingsError as error:
        raise Unusable(str(error)) from None
    return text.strip()


def set_for(
    platforms: Iterable[str], settings: Settings, connectors: Mapping[str, ModuleType]
) -> dict[str, str]:
    """What is set to ask these platforms: credentials, and where they are asked in the vendors' place."""
    found: dict[str, str] = {}
    for platform in platforms:
        connector = connectors[platform]
        for name in (connector.CREDENTIAL, *getattr(connector, "FURTHER_CREDENTIALS", {}).values()):
            if (secret := settings.credential(platform, name)) is not None:
                found[name] = secret.get_secret_value()
        if (url := settings.api_url(platform)) is not None:
            found[f"{platform.upper()}_API_URL"] = url
    return found


def elsewhere(name: str, chosen: Path, in_force: Path) -> str:
    """One line where commands are going to look into another folder than the one that was chosen; else
    empty."""
    if chosen.absolute() == in_force.absolute():
        return ""
    if os.environ.get(name, "").strip():
        return f"{name} is set to {in_force} in the environment, which wins; set it to {chosen}"
    if ENV_FILE.exists() and (dotenv_values(ENV_FILE).get(name) or "").strip():
        return f"{name} is {in_force} in {ENV_FILE}, which was not changed; set it to {chosen} there"
    return f"{name} is not set in {ENV_FILE}, which was not changed; write {name}={chosen} into it"


def _checked(name: str, text: str) -> Settings:
    try:
        return Settings(**{name: name_of(text)})
    except SettingsError as error:
        raise Unusable(str(error)) from None
